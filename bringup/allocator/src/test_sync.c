/* DMA_BUF_IOCTL_SYNC, poll of an idle buffer, and an ioctl that a buffer does not have. */
#include "errnos.h"
#include "sys.h"
#include "heap_test.h"
#include "uapi.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

static int sync_with(int fd, uint64_t flags)
{
    struct dma_buf_sync sync = {.flags = flags};
    return sys_ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) == 0 ? 0 : errno;
}

void test_sync(struct test_run *run)
{
    static const struct {
        uint64_t direction;
        const char *name;
    } directions[] = {{DMA_BUF_SYNC_READ, "READ"}, {DMA_BUF_SYNC_WRITE, "WRITE"}, {DMA_BUF_SYNC_RW, "RW"}};
    int fd = buffer_need(run, run->heap->page);
    for (unsigned i = 0; fd >= 0 && i < 3; i++) {
        int start = sync_with(fd, DMA_BUF_SYNC_START | directions[i].direction);
        int end = sync_with(fd, DMA_BUF_SYNC_END | directions[i].direction);
        if (start || end)
            fail(run, start ? start : end, "SYNC %s %s: %s", start ? "START" : "END", directions[i].name,
                 errno_name(start ? start : end));
    }
    if (fd >= 0)
        sys_close(fd);
}

void test_bad_sync(struct test_run *run)
{
    static const uint64_t wrong[] = {
        0, DMA_BUF_SYNC_END, DMA_BUF_SYNC_RW | 8, DMA_BUF_SYNC_RW | 1ull << 32, ~0ull,
    };
    int fd = buffer_need(run, run->heap->page);
    for (unsigned i = 0; fd >= 0 && i < sizeof wrong / sizeof wrong[0]; i++) {
        int error = sync_with(fd, wrong[i]);
        if (error != EINVAL)
            fail(run, error, "SYNC with flags 0x%llx: expected EINVAL, got %s", (unsigned long long)wrong[i],
                 errno_name(error));
    }
    if (fd >= 0)
        sys_close(fd);
}

static void *unreadable_page(const struct test_run *run)
{
    return mmap(NULL, (size_t)run->heap->page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

void test_bad_sync_pointer(struct test_run *run)
{
    int fd = buffer_need(run, run->heap->page);
    if (fd < 0)
        return;
    void *argument = unreadable_page(run);
    int error = sys_ioctl(fd, DMA_BUF_IOCTL_SYNC, argument) == 0 ? 0 : errno;
    if (error != EFAULT)
        fail(run, error, "SYNC with an unreadable argument: expected EFAULT, got %s", errno_name(error));
    munmap(argument, (size_t)run->heap->page);
    sys_close(fd);
}

void test_bad_buffer_ioctl(struct test_run *run)
{
    uint64_t argument = 0;
    int fd = buffer_need(run, run->heap->page);
    if (fd < 0)
        return;
    int error = sys_ioctl(fd, DMA_BUF_IOCTL_UNKNOWN, &argument) == 0 ? 0 : errno;
    if (error != ENOTTY)
        fail(run, error, "an unknown ioctl on a buffer: expected ENOTTY, got %s", errno_name(error));
    sys_close(fd);
}

/* A buffer that nobody works on is ready for reading and writing. */
void test_poll(struct test_run *run)
{
    int fd = buffer_need(run, run->heap->page);
    if (fd < 0)
        return;
    struct pollfd ready = {.fd = fd, .events = POLLIN | POLLOUT};
    int count = sys_poll(&ready);
    if (count < 0)
        fail(run, errno, "poll: %s", errno_name(errno));
    else if (ready.revents != (POLLIN | POLLOUT))
        fail(run, 0, "poll of an idle buffer gives 0x%x, not POLLIN|POLLOUT", (unsigned)ready.revents);
    sys_close(fd);
}
