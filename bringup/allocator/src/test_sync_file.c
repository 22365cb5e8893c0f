/* Fences of a buffer as descriptors. The kernel has them since some release after 5.10 (6.1 has), with
 * CONFIG_SYNC_FILE. */
#include "errnos.h"
#include "sys.h"
#include "heap_test.h"
#include "uapi.h"

#include <errno.h>
#include <fcntl.h>

static int call(int fd, unsigned long request, uint32_t flags, int *sync_fd)
{
    struct dma_buf_sync_file argument = {.flags = flags, .fd = *sync_fd};
    if (sys_ioctl(fd, request, &argument) != 0)
        return errno;
    *sync_fd = argument.fd;
    return 0;
}

int buffer_with_sync_files(struct test_run *run)
{
    int sync_fd = -1, fd = buffer_need(run, run->heap->page);
    if (fd < 0)
        return -1;
    int error = call(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, DMA_BUF_SYNC_READ, &sync_fd);
    if (error == 0) {
        sys_close(sync_fd);
        return fd;
    }
    if (error == ENOTTY)
        skip(run, "this kernel has no EXPORT_SYNC_FILE (5.10 has none; 6.1 has it with CONFIG_SYNC_FILE)");
    else
        fail(run, error, "EXPORT_SYNC_FILE READ: %s", errno_name(error));
    sys_close(fd);
    return -1;
}

void test_sync_file(struct test_run *run)
{
    int fd = buffer_with_sync_files(run);
    for (uint32_t flags = DMA_BUF_SYNC_READ; fd >= 0 && flags <= DMA_BUF_SYNC_RW; flags++) {
        int sync_fd = -1, error = call(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, flags, &sync_fd);
        if (error || fcntl(sync_fd, F_GETFD) < 0) {
            fail(run, error, "EXPORT_SYNC_FILE with flags %u: %s", flags,
                 error ? errno_name(error) : "its descriptor is not open");
            break;
        }
        int exported = sync_fd;
        error = call(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, flags, &sync_fd);
        if (error)
            fail(run, error, "IMPORT_SYNC_FILE of what EXPORT gave, with flags %u: %s", flags, errno_name(error));
        sys_close(exported);
    }
    if (fd >= 0)
        sys_close(fd);
}

void test_bad_sync_file(struct test_run *run)
{
    static const uint32_t wrong[] = {0, DMA_BUF_SYNC_RW | 4, ~0u};
    int fd = buffer_with_sync_files(run);
    if (fd < 0)
        return;
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        int sync_fd = -1, error = call(fd, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, wrong[i], &sync_fd);
        if (error != EINVAL)
            fail(run, error, "EXPORT_SYNC_FILE with flags 0x%x: expected EINVAL, got %s", wrong[i],
                 errno_name(error));
    }
    int none = -1, error = call(fd, DMA_BUF_IOCTL_IMPORT_SYNC_FILE, DMA_BUF_SYNC_RW, &none);
    if (error != EINVAL)
        fail(run, error, "IMPORT_SYNC_FILE of descriptor -1: expected EINVAL, got %s", errno_name(error));
    sys_close(fd);
}
