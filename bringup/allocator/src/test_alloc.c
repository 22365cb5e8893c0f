#include "errnos.h"
#include "sys.h"
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void test_open(struct trial *trial, uint64_t unused)
{
    (void)unused;
    int fd = sys_open_heap(trial->heap->name);
    if (fd < 0)
        fail(trial, errno, "open: %s", errno_name(errno));
    else
        sys_close(fd);
}

void test_alloc(struct trial *trial, uint64_t size)
{
    int fd = buffer_need(trial, bytes_of(trial, size));
    if (fd < 0)
        return;
    if (fcntl(fd, F_GETFD) < 0)
        fail(trial, errno, "ALLOC gave descriptor %d, which is not open", fd);
    else if (sys_close(fd) != 0)
        fail(trial, errno, "close: %s", errno_name(errno));
}

void test_size_lseek(struct trial *trial, uint64_t unused)
{
    (void)unused;
    for (unsigned i = 0; buffer_sizes[i]; i++) {
        uint64_t bytes = bytes_of(trial, buffer_sizes[i]);
        if (bytes > trial->heap->limit)
            break;
        int fd = buffer_more(trial, bytes, i);
        if (fd < 0)
            return;
        off_t end = sys_lseek(fd, 0, SEEK_END);
        if (end < 0)
            fail(trial, errno, "lseek: %s", errno_name(errno));
        else if ((uint64_t)end != bytes)
            fail(trial, 0, "asked for %llu bytes, lseek says %lld", (unsigned long long)bytes, (long long)end);
        sys_close(fd);
    }
}
