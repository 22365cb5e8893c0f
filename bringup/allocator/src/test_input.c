/* Calls that the kernel must refuse, each with the errno that drivers/dma-buf/dma-heap.c gives (5.6 to 7.3). */
#include "errnos.h"
#include "sys.h"
#include "heap_test.h"
#include "uapi.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define GOOD_FLAGS (O_RDWR | O_CLOEXEC)

static const struct bad_call {
    enum bad_group group;
    const char *what;
    unsigned long request;
    struct dma_heap_allocation_data data;
    int expected;
    bool bad_pointer;
    bool not_a_heap;
} bad_calls[] = {
    {.group = BAD_LEN_ZERO, .what = "len 0", .data = {.len = 0, .fd_flags = GOOD_FLAGS}, .expected = EINVAL},
    /* Rounded up to whole pages this is 2^64, which is 0. Nothing smaller is tried: no kernel has a guard, it would
     * allocate until memory is gone. */
    {.group = BAD_LEN_MAX,
     .what = "len 2^64-1",
     .data = {.len = UINT64_MAX, .fd_flags = GOOD_FLAGS},
     .expected = EINVAL},
    {.group = BAD_FD, .what = "fd 1", .data = {.len = 1, .fd = 1, .fd_flags = GOOD_FLAGS}, .expected = EINVAL},
    {.group = BAD_FD,
     .what = "fd 2^32-1",
     .data = {.len = 1, .fd = UINT32_MAX, .fd_flags = GOOD_FLAGS},
     .expected = EINVAL},
    {.group = BAD_FD_FLAGS,
     .what = "fd_flags with O_NONBLOCK",
     .data = {.len = 1, .fd_flags = GOOD_FLAGS | O_NONBLOCK},
     .expected = EINVAL},
    {.group = BAD_FD_FLAGS,
     .what = "fd_flags all but O_RDWR and O_CLOEXEC",
     .data = {.len = 1, .fd_flags = ~(uint32_t)GOOD_FLAGS},
     .expected = EINVAL},
    {.group = BAD_HEAP_FLAGS,
     .what = "heap_flags 1",
     .data = {.len = 1, .fd_flags = GOOD_FLAGS, .heap_flags = 1},
     .expected = EINVAL},
    {.group = BAD_HEAP_FLAGS,
     .what = "heap_flags 2^63",
     .data = {.len = 1, .fd_flags = GOOD_FLAGS, .heap_flags = 1ull << 63},
     .expected = EINVAL},
    /* Not ENOTTY: the kernel looks the number up in a table of its own first. */
    {.group = BAD_IOCTL_NUMBER,
     .what = "ioctl number 1",
     .request = DMA_HEAP_IOCTL_UNKNOWN,
     .data = {.len = 1, .fd_flags = GOOD_FLAGS},
     .expected = EINVAL},
    {.group = BAD_POINTER, .what = "an unreadable argument", .bad_pointer = true, .expected = EFAULT},
    {.group = BAD_NOT_A_HEAP,
     .what = "ALLOC on /dev/null",
     .data = {.len = 1, .fd_flags = GOOD_FLAGS},
     .not_a_heap = true,
     .expected = ENOTTY},
};
#define BAD_CALLS (sizeof bad_calls / sizeof bad_calls[0])

/* 0 when the call succeeded, else its errno. A buffer that should not be is given back. */
static int call(const struct bad_call *bad, int fd)
{
    struct dma_heap_allocation_data data = bad->data;
    long page = getpagesize();
    void *unreadable = MAP_FAILED;
    if (bad->bad_pointer)
        unreadable = mmap(NULL, (size_t)page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void *argument = bad->bad_pointer ? unreadable : &data;
    int result = sys_ioctl(fd, bad->request ? bad->request : DMA_HEAP_IOCTL_ALLOC, argument);
    int error = result == 0 ? 0 : errno;
    if (result == 0 && !bad->bad_pointer && data.fd != bad->data.fd)
        sys_close((int)data.fd);
    if (unreadable != MAP_FAILED)
        munmap(unreadable, (size_t)page);
    return error;
}

static int call_on(struct test_run *run, const struct bad_call *bad)
{
    if (!bad->not_a_heap)
        return call(bad, run->fd);
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0) {
        cannot_tell(run, errno, "/dev/null does not open: %s", errno_name(errno));
        return bad->expected;
    }
    int error = call(bad, null);
    close(null);
    return error;
}

void test_bad_input(struct test_run *run)
{
    uint64_t group = run->argument;
    for (unsigned i = 0; i < BAD_CALLS; i++) {
        if (bad_calls[i].group != (enum bad_group)group)
            continue;
        int error = call_on(run, &bad_calls[i]);
        if (error != bad_calls[i].expected)
            fail(run, error, "%s: expected %s, got %s", bad_calls[i].what, errno_name(bad_calls[i].expected),
                 errno_name(error));
    }
}

void test_fd_after_failures(struct test_run *run)
{
    for (unsigned i = 0; i < BAD_CALLS; i++) {
        unsigned before = open_descriptors();
        call_on(run, &bad_calls[i]);
        unsigned after = open_descriptors();
        if (after != before)
            fail(run, 0, "%s: %u descriptors were open before, %u after", bad_calls[i].what, before, after);
    }
}

/* The argument can be read and not written: the kernel allocates, and finds that it cannot hand out the descriptor.
 * Many kernels leave it open (bringup/kernel/data/defects.yaml), so that is a warning. Whether this kernel should have the
 * fix is judged on the host. */
void test_fd_after_efault(struct test_run *run)
{
    size_t page = (size_t)run->heap->page;
    int fd = buffer_need(run, page);
    if (fd < 0)
        return;
    sys_close(fd);
    struct dma_heap_allocation_data *data = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED) {
        cannot_tell(run, errno, "no page for the argument: %s", errno_name(errno));
        return;
    }
    *data = (struct dma_heap_allocation_data){.len = page, .fd_flags = GOOD_FLAGS};
    mprotect(data, page, PROT_READ);
    unsigned before = open_descriptors();
    int error = sys_ioctl(run->fd, DMA_HEAP_IOCTL_ALLOC, data) == 0 ? 0 : errno;
    unsigned after = open_descriptors();
    munmap(data, page);
    if (error != EFAULT)
        fail(run, error, "ALLOC with an argument that cannot be written: expected EFAULT, got %s",
             errno_name(error));
    else if (after != before)
        warn(run, EFAULT, "ALLOC gave EFAULT and left a descriptor open: %u were open before, %u after", before, after);
}
