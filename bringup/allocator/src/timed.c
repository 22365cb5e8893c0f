/* The operations that the benchmark times, and how often each is repeated per sample. */
#include "timed.h"

#include "clock.h"
#include "fill.h"
#include "sys.h"
#include "heap_test.h"
#include "uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Reading the clock is to be about 0.5 % of a sample: what the loop takes round by round comes on top, and 2 % is the most. */
#define CLOCK_SHARE 192u

const char *op_name(bool own, enum op op)
{
    static const char *const names[] = {"alloc",    "touch", "fill",   "read",  "copy", "sync_start",
                                        "sync_end", "free",  "memset", "empty", "empty"};
    if (own && op == OP_ALLOC)
        return "memfd";
    if (own && (op == OP_SYNC_START || op == OP_SYNC_END))
        return op == OP_SYNC_START ? "ioctl" : "ioctl_again";
    return own && op == OP_FREE ? "close" : names[op];
}

static int file_of(uint64_t size)
{
    int fd = (int)syscall(SYS_memfd_create, "bringup", 1u /* MFD_CLOEXEC */);
    if (fd >= 0 && ftruncate(fd, (off_t)size) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool worker_open(struct worker *worker, uint64_t size)
{
    worker->size = size;
    worker->file = file_of(size);
    worker->from = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    worker->to = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, worker->file, 0);
    if (worker->from == MAP_FAILED || worker->to == MAP_FAILED)
        return false;
    fill_words(worker->from, 0x5a5a5a5a5a5a5a5aull, size);
    fill_words(worker->to, 0x5a5a5a5a5a5a5a5aull, size);
    return true;
}

/* A buffer, or -1 with errno. */
static int have_buffer(const struct origin *origin, uint64_t size)
{
    const struct test_run run = {.heap = &origin->heap, .fd = origin->fd};
    return origin->own ? file_of(size) : buffer_alloc(&run, size);
}

static bool allocate(const struct origin *origin, struct worker *worker, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        worker->fds[i] = have_buffer(origin, worker->size);
        if (worker->fds[i] < 0) {
            int error = errno;
            while (i > 0)
                sys_close(worker->fds[--i]);
            errno = error;
            return false;
        }
    }
    return true;
}

/* Maps each buffer and writes a word to each of its pages. The limit does so with a file whose pages are there. */
static bool touch(const struct origin *origin, struct worker *worker, uint32_t count)
{
    uint64_t page = (uint64_t)getpagesize();
    for (uint32_t i = 0; i < count; i++) {
        int fd = origin->own ? worker->file : worker->fds[i];
        char *at = sys_map(fd, worker->size, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
        if (at == MAP_FAILED)
            return false;
        worker->maps[i] = at;
        for (uint64_t offset = 0; offset < worker->size; offset += page)
            *(volatile uint64_t *)(at + offset) = offset;
    }
    return true;
}

static bool synchronise(const struct origin *origin, const struct worker *worker, uint64_t flags, uint32_t count)
{
    struct dma_buf_sync sync = {.flags = flags | DMA_BUF_SYNC_RW};
    bool good = true;
    if (origin->own) /* what an ioctl costs that does next to nothing: it sets what is set */
        for (uint32_t i = 0; i < count; i++)
            good &= ioctl(worker->file, FIOCLEX) == 0;
    else
        for (uint32_t i = 0; i < count; i++)
            good &= sys_ioctl(worker->fds[0], DMA_BUF_IOCTL_SYNC, &sync) == 0;
    return good;
}

/* `count` calls of one operation in a row. */
static bool call(enum op op, const struct origin *origin, struct worker *worker, uint32_t count)
{
    char *at = origin->own ? worker->from : worker->maps[0];
    uint64_t size = worker->size;
    switch (op) {
    case OP_ALLOC:
        return allocate(origin, worker, count);
    case OP_TOUCH:
        return touch(origin, worker, count);
    case OP_FILL:
        for (uint32_t i = 0; i < count; i++)
            fill_words(at, 0xa5a5a5a5a5a5a5a5ull, size);
        return true;
    case OP_READ:
        for (uint32_t i = 0; i < count; i++)
            read_words(at, size);
        return true;
    case OP_COPY:
        for (uint32_t i = 0; i < count; i++)
            copy_words(worker->to, at, size);
        return true;
    case OP_SYNC_START:
    case OP_SYNC_END:
        return synchronise(origin, worker, op == OP_SYNC_END ? DMA_BUF_SYNC_END : DMA_BUF_SYNC_START, count);
    case OP_FREE:
        for (uint32_t i = 0; i < count; i++)
            sys_close(worker->fds[i]);
        return true;
    case OP_ZERO:
        for (uint32_t i = 0; i < count; i++)
            fill_zero(at, size);
        return true;
    default:
        for (uint32_t i = 0; i < count; i++)
            __asm__ volatile("" : : : "memory");
        return true;
    }
}

static void unmap(struct worker *worker)
{
    for (uint32_t i = 0; i < BATCH_BUFFERS; i++) {
        if (worker->maps[i])
            sys_unmap(worker->maps[i], worker->size);
        worker->maps[i] = NULL;
    }
}

bool take_turn(struct origin *origin, struct worker *worker, uint64_t *took)
{
    for (enum op op = 0; op < OPS; op++) {
        if (op == OP_FREE)
            unmap(worker);
        if (!origin->batch[op])
            continue;
        uint64_t begun = now_ns();
        bool good = call(op, origin, worker, origin->batch[op]);
        took[op] = now_ns() - begun;
        if (!good && op == OP_ALLOC) {
            origin->error = errno;
            return false;
        }
        if (!good) {
            /* No CPU mapping, or no SYNC: what is left is measured. */
            origin->batch[op] = 0;
            for (enum op other = OP_FILL; op == OP_TOUCH && other <= OP_COPY; other++)
                origin->batch[other] = 0;
        }
    }
    return true;
}

void choose_batches(struct origin *origin, const uint64_t *took, uint64_t *quickest, uint64_t empty)
{
    uint64_t most = origin->buffers < BATCH_BUFFERS ? origin->buffers : BATCH_BUFFERS, buffers = 1;
    for (enum op op = 0; op < OP_EMPTY; op++) {
        bool whole = op == OP_ALLOC || op == OP_TOUCH || op == OP_FREE;
        if (!origin->batch[op])
            continue;
        uint64_t each = took[op] * 16 / origin->batch[op] + 1, limit = whole ? most : MAX_BATCH;
        if (!quickest[op] || each < quickest[op])
            quickest[op] = each;
        uint64_t batch = empty * CLOCK_SHARE * 16 / quickest[op] + 1;
        if (batch > limit)
            batch = limit;
        if (whole && batch > buffers)
            buffers = batch;
        else if (!whole)
            origin->batch[op] = (uint32_t)batch;
    }
    origin->batch[OP_ALLOC] = origin->batch[OP_FREE] = (uint32_t)buffers;
    if (origin->batch[OP_TOUCH])
        origin->batch[OP_TOUCH] = (uint32_t)buffers;
}
