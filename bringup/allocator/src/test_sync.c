#include "errnos.h"
#include "sys.h"
#include "trial.h"
#include "uapi.h"

#include <errno.h>

static int sync_with(int fd, uint64_t flags)
{
    struct dma_buf_sync sync = {.flags = flags};
    return sys_ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync) == 0 ? 0 : errno;
}

void test_sync(struct trial *trial, uint64_t unused)
{
    static const struct {
        uint64_t direction;
        const char *name;
    } directions[] = {{DMA_BUF_SYNC_READ, "READ"}, {DMA_BUF_SYNC_WRITE, "WRITE"}, {DMA_BUF_SYNC_RW, "RW"}};
    (void)unused;
    int fd = buffer_need(trial, trial->heap->page);
    for (unsigned i = 0; fd >= 0 && i < 3; i++) {
        int start = sync_with(fd, DMA_BUF_SYNC_START | directions[i].direction);
        int end = sync_with(fd, DMA_BUF_SYNC_END | directions[i].direction);
        if (start || end)
            fail(trial, start ? start : end, "SYNC %s %s: %s", start ? "START" : "END", directions[i].name,
                 errno_name(start ? start : end));
    }
    if (fd >= 0)
        sys_close(fd);
}

void test_bad_sync(struct trial *trial, uint64_t unused)
{
    static const uint64_t wrong[] = {
        0, DMA_BUF_SYNC_END, DMA_BUF_SYNC_RW | 8, DMA_BUF_SYNC_RW | 1ull << 32, ~0ull,
    };
    (void)unused;
    int fd = buffer_need(trial, trial->heap->page);
    for (unsigned i = 0; fd >= 0 && i < sizeof wrong / sizeof wrong[0]; i++) {
        int error = sync_with(fd, wrong[i]);
        if (error != EINVAL)
            fail(trial, error, "SYNC with flags 0x%llx: EINVAL was expected, %s came", (unsigned long long)wrong[i],
                 errno_name(error));
    }
    if (fd >= 0)
        sys_close(fd);
}
