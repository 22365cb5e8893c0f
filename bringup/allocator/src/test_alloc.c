/* Opening a heap, allocating, and the size of what it gives. */
#include "errnos.h"
#include "sys.h"
#include "heap_test.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void test_open(struct test_run *run)
{
    int fd = heap_open(run->heap);
    if (fd < 0)
        fail(run, errno, "open: %s", errno_name(errno));
    else
        sys_close(fd);
}

void test_alloc(struct test_run *run)
{
    uint64_t size = run->argument;
    int fd = buffer_need(run, bytes_of(run, size));
    if (fd < 0)
        return;
    if (fcntl(fd, F_GETFD) < 0)
        fail(run, errno, "ALLOC gave descriptor %d, which is not open", fd);
    else if (sys_close(fd) != 0)
        fail(run, errno, "close: %s", errno_name(errno));
}

static bool check_size(struct test_run *run, int fd, uint64_t bytes)
{
    off_t end = sys_lseek(fd, 0, SEEK_END);
    if (end < 0)
        fail(run, errno, "lseek: %s", errno_name(errno));
    else if ((uint64_t)end != bytes)
        fail(run, 0, "asked for %llu bytes, lseek says %lld", (unsigned long long)bytes, (long long)end);
    return true;
}

void test_size_lseek(struct test_run *run)
{
    each_size(run, check_size);
}

void test_size_fstat(struct test_run *run)
{
    uint64_t page = run->heap->page, size = 0, inode;
    int fd = buffer_need(run, page);
    if (fd < 0)
        return;
    if (sys_stat(fd, &size, &inode) != 0)
        fail(run, errno, "fstat: %s", errno_name(errno));
    else if (size != page)
        fail(run, 0, "asked for %llu bytes, st_size is %llu", (unsigned long long)page, (unsigned long long)size);
    sys_close(fd);
}

void test_size_rounding(struct test_run *run)
{
    uint64_t page = run->heap->page;
    const struct {
        uint64_t asked, given;
    } cases[] = {{1, page}, {page - 1, page}, {page + 1, 2 * page}};
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int fd = buffer_more(run, cases[i].asked, i);
        if (fd < 0)
            return;
        off_t end = sys_lseek(fd, 0, SEEK_END);
        if (end != (off_t)cases[i].given)
            fail(run, end < 0 ? errno : 0, "asked for %llu bytes: expected %llu, lseek says %lld",
                 (unsigned long long)cases[i].asked, (unsigned long long)cases[i].given, (long long)end);
        sys_close(fd);
    }
}

/* A buffer has no position: lseek gives its size and nothing else (dma_buf_llseek). */
void test_bad_lseek(struct test_run *run)
{
    static const struct {
        off_t offset;
        int whence;
        const char *name;
        bool good;
    } cases[] = {
        {0, SEEK_SET, "SEEK_SET 0", true},     {1, SEEK_SET, "SEEK_SET 1", false},
        {1, SEEK_END, "SEEK_END 1", false},    {-1, SEEK_END, "SEEK_END -1", false},
        {0, SEEK_CUR, "SEEK_CUR 0", false},    {0, SEEK_DATA, "SEEK_DATA 0", false},
    };
    int fd = buffer_need(run, run->heap->page);
    for (unsigned i = 0; fd >= 0 && i < sizeof cases / sizeof cases[0]; i++) {
        off_t at = sys_lseek(fd, cases[i].offset, cases[i].whence);
        int error = at < 0 ? errno : 0, expected = cases[i].good ? 0 : EINVAL;
        if (error != expected)
            fail(run, error, "lseek %s: expected %s, got %s", cases[i].name, errno_name(expected),
                 errno_name(error));
        else if (at > 0)
            fail(run, 0, "lseek %s gives %lld", cases[i].name, (long long)at);
    }
    if (fd >= 0)
        sys_close(fd);
}
