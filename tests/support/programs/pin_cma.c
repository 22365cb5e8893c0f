/* Puts a page that cannot be moved into every 1 MiB of a CMA area, and keeps it there until SIGTERM.
 *
 * pin_cma BASE_PFN PAGES FILE: says its process id once all are held. FILE is there for as long as any is.
 * A page of a process goes to a CMA area before it goes where unmovable memory was (mm/page_alloc.c: __rmqueue). So the
 * system heap takes what is free, and gives some of it back. A page that vmsplice put into a pipe has a user that the
 * kernel cannot ask to let go of it (fs/splice.c: no FOLL_LONGTERM, so it is not moved out before). */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/dma-heap.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#define MIB (1024ul * 1024)
#define MOST 4096ul /* blocks */
#define LEFT (64 * MIB)     /* besides the area: the system heap takes all but this */
#define GIVEN_BACK 64ul     /* MiB of it, which processes get last */
#define RESERVE (32 * MIB)  /* never touched */

static bool pinned[MOST];
static char *kept[MOST];
static size_t page, memory_size;
static char *memory;
static int buffers[MOST];
static unsigned taken;

static uint64_t frame_of(int pagemap, const char *at)
{
    uint64_t entry = 0;
    if (pread(pagemap, &entry, sizeof entry, (off_t)((uintptr_t)at / page * sizeof entry)) != sizeof entry)
        return 0;
    return entry & ((1ull << 55) - 1);
}

static bool take(unsigned most)
{
    int heap = open("/dev/dma_heap/system", O_RDONLY);
    for (unsigned i = 0; i < most; i++) {
        struct dma_heap_allocation_data one = {.len = MIB, .fd_flags = O_RDWR};
        if (heap < 0 || ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &one) != 0)
            return false;
        buffers[taken++] = (int)one.fd;
    }
    return true;
}

static void give_back(unsigned how_many)
{
    while (taken && how_many--)
        close(buffers[--taken]);
}

/* Whether each block has its page. What is of no use is given back at the end: the area stays as free as it was. */
static bool pin(int into, uint64_t base, size_t blocks)
{
    size_t count = 0, free = (size_t)sysconf(_SC_AVPHYS_PAGES) * page, stays = blocks * MIB + LEFT;
    if (free < stays || !take((unsigned)((free - stays) / MIB)))
        return false;
    give_back(GIVEN_BACK);
    int pagemap = open("/proc/self/pagemap", O_RDONLY);
    memory_size = (size_t)sysconf(_SC_AVPHYS_PAGES) * page - RESERVE;
    memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pagemap < 0 || memory == MAP_FAILED)
        return false;
    for (char *at = memory; count < blocks && at < memory + memory_size; at += page) {
        *at = 1;
        uint64_t frame = frame_of(pagemap, at);
        size_t block = (frame - base) * page / MIB;
        struct iovec one = {at, page};
        if (frame < base || block >= blocks || pinned[block])
            continue;
        if (vmsplice(into, &one, 1, SPLICE_F_NONBLOCK) != (ssize_t)page)
            return false;
        pinned[block] = true;
        kept[count++] = at;
    }
    char *from = memory;
    for (size_t i = 0; i < count; from = kept[i++] + page)
        madvise(from, (size_t)(kept[i] - from), MADV_DONTNEED);
    madvise(from, (size_t)(memory + memory_size - from), MADV_DONTNEED);
    give_back(taken);
    return count == blocks;
}

int main(int argc, char **argv)
{
    int ends[2], said[2];
    sigset_t end;
    page = (size_t)sysconf(_SC_PAGESIZE);
    if (argc != 4 || pipe(said) != 0)
        return 2;
    size_t blocks = strtoul(argv[2], NULL, 10) * page / MIB;
    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    pid_t child = fork();
    if (child == 0) {
        int signal, file = open(argv[3], O_WRONLY | O_CREAT | O_EXCL, 0600);
        setsid();
        if (blocks > MOST || file < 0 || pipe(ends) != 0 || fcntl(ends[1], F_SETPIPE_SZ, (int)(blocks * page)) < 0 ||
            !pin(ends[1], strtoull(argv[1], NULL, 10), blocks))
            _exit(1);
        if (write(said[1], "", 1) != 1)
            _exit(1);
        for (int fd = 0; fd < 3; fd++)
            close(fd);
        close(said[1]);
        sigwait(&end, &signal);
        close(ends[0]); /* the pages go with the pipe and the mapping */
        close(ends[1]);
        munmap(memory, memory_size);
        unlink(argv[3]);
        _exit(0);
    }
    char byte;
    close(said[1]);
    if (child < 0 || read(said[0], &byte, 1) != 1)
        return 1;
    printf("%d\n", (int)child);
    return 0;
}
