/* ION's own contract. Every errno is that of drivers/staging/android/ion/ion.c of Linux 5.10.223, and for the interface of
 * before 4.12 that of the ion.c of kernels 3.18 to 4.9, which has not been met on hardware. */
#include "errnos.h"
#include "ion.h"
#include "sys.h"
#include "heap_test.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool legacy(const struct test_run *run)
{
    return run->heap->source == SOURCE_LEGACY_ION;
}

static int error_of(int fd, unsigned long request, void *argument)
{
    return sys_ioctl(fd, request, argument) == 0 ? 0 : errno;
}

static void expect(struct test_run *run, const char *what, int expected, int error)
{
    if (error != expected)
        fail(run, error, "%s: expected %s, got %s", what, errno_name(expected), errno_name(error));
}

static void *page_of(const struct test_run *run, int protection)
{
    return mmap(NULL, (size_t)run->heap->page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Heaps that HEAP_QUERY wrote: each has a name that ends, and an id that no other has. */
static void check_heaps(struct test_run *run, const struct ion_heap_data *heaps, unsigned count)
{
    uint32_t ids = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!heaps[i].name[0] || !memchr(heaps[i].name, 0, sizeof heaps[i].name))
            fail(run, 0, "HEAP_QUERY: heap %u of %u has no name, or a name without an end", i + 1, count);
        else if (heaps[i].heap_id >= 32 || ids & 1u << heaps[i].heap_id)
            fail(run, 0, "HEAP_QUERY: %s has id %u, which does not fit or which another has", heaps[i].name,
                 heaps[i].heap_id);
        else
            ids |= 1u << heaps[i].heap_id;
    }
}

/* How many there are; room for more than that; room for one. */
void test_ion_query(struct test_run *run)
{
    struct ion_heap_data heaps[ION_HEAPS + 1] = {0};
    struct ion_heap_query count = {0}, all = {.cnt = ION_HEAPS + 1, .heaps = (uintptr_t)heaps};
    int error = error_of(run->fd, ION_IOC_HEAP_QUERY, &count);
    if (!error)
        error = error_of(run->fd, ION_IOC_HEAP_QUERY, &all);
    if (error)
        fail(run, error, "HEAP_QUERY: %s", errno_name(error));
    else if (count.cnt == 0 || count.cnt > ION_HEAPS || all.cnt != count.cnt)
        fail(run, 0, "HEAP_QUERY counts %u heaps, and gives %u", count.cnt, all.cnt);
    else
        check_heaps(run, heaps, all.cnt);
    struct ion_heap_query one = {.cnt = 1, .heaps = (uintptr_t)heaps};
    memset(heaps, 0xab, sizeof heaps);
    error = error_of(run->fd, ION_IOC_HEAP_QUERY, &one);
    if (error || one.cnt != 1)
        fail(run, error, "HEAP_QUERY with room for one heap: %s, %u heaps", errno_name(error), one.cnt);
    else if (heaps[1].heap_id != 0xabababab)
        fail(run, 0, "HEAP_QUERY with room for one heap wrote more");
}

void test_ion_bad_query(struct test_run *run)
{
    struct ion_heap_data heap;
    void *unreadable = page_of(run, PROT_NONE);
    struct ion_heap_query none = {.cnt = 0, .heaps = (uintptr_t)&heap};
    struct ion_heap_query nowhere = {.cnt = 1, .heaps = (uintptr_t)unreadable};
    expect(run, "HEAP_QUERY for 0 heaps", EINVAL, error_of(run->fd, ION_IOC_HEAP_QUERY, &none));
    expect(run, "HEAP_QUERY into unreadable memory", EFAULT, error_of(run->fd, ION_IOC_HEAP_QUERY, &nowhere));
    munmap(unreadable, (size_t)run->heap->page);
    /* Reserved fields that are not 0 give EINVAL, too; some kernels before 5.10 answer with a WARN, which may be set to
     * panic, so that is not tried. */
}

void test_ion_old_flag(struct test_run *run)
{
    struct heap heap = *run->heap;
    int fd = buffer_need(run, heap.page);
    if (fd < 0)
        return;
    sys_close(fd);
    heap.ion_flags |= ION_FLAG_CACHED_NEEDS_SYNC;
    fd = ion_alloc(run->fd, &heap, heap.page);
    if (fd < 0)
        fail(run, errno, "ALLOC with flags 0x%x: %s", heap.ion_flags, errno_name(errno));
    else
        sys_close(fd);
}

/* A handle of one page, or -1 after setting the verdict. */
static int32_t handle_need(struct test_run *run)
{
    struct ion_legacy_allocation_data data = {
        .len = (size_t)run->heap->page, .heap_id_mask = run->heap->ion_mask, .flags = run->heap->ion_flags};
    if (sys_ioctl(run->fd, ION_LEGACY_ALLOC, &data) == 0)
        return data.handle;
    not_allocated(run, "ALLOC of a page");
    return -1;
}

void test_ion_handle(struct test_run *run)
{
    static const struct {
        unsigned long request;
        const char *name;
    } ways[] = {{ION_LEGACY_SHARE, "SHARE"}, {ION_LEGACY_MAP, "MAP"}};
    int32_t handle = handle_need(run);
    if (handle < 0)
        return;
    for (int i = 0; i < 2; i++) {
        struct ion_fd_data data = {.handle = handle, .fd = -1}, back = {0};
        int error = error_of(run->fd, ways[i].request, &data);
        if (error || fcntl(data.fd, F_GETFD) < 0) {
            fail(run, error, "%s: %s", ways[i].name, error ? errno_name(error) : "its descriptor is not open");
            break;
        }
        back.fd = data.fd;
        error = error_of(run->fd, ION_LEGACY_IMPORT, &back);
        if (error || back.handle != handle)
            fail(run, error, "IMPORT of what %s gave for handle %d: %s, handle %d", ways[i].name, handle,
                 errno_name(error), back.handle);
        if (!error)
            error_of(run->fd, ION_LEGACY_FREE, &back.handle); /* IMPORT took the handle once more */
        sys_close(data.fd);
    }
    expect(run, "FREE", 0, error_of(run->fd, ION_LEGACY_FREE, &handle));
    expect(run, "FREE of a handle that was freed", EINVAL, error_of(run->fd, ION_LEGACY_FREE, &handle));
}

void test_ion_bad_handle(struct test_run *run)
{
    struct ion_fd_data data = {0}, no_fd = {.fd = -1}, no_buffer = {.fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
    int32_t handle = 0;
    expect(run, "SHARE of handle 0", EINVAL, error_of(run->fd, ION_LEGACY_SHARE, &data));
    expect(run, "MAP of handle 0", EINVAL, error_of(run->fd, ION_LEGACY_MAP, &data));
    expect(run, "FREE of handle 0", EINVAL, error_of(run->fd, ION_LEGACY_FREE, &handle));
    expect(run, "IMPORT of descriptor -1", EBADF, error_of(run->fd, ION_LEGACY_IMPORT, &no_fd));
    expect(run, "SYNC of descriptor -1", EBADF, error_of(run->fd, ION_LEGACY_SYNC, &no_fd));
    expect(run, "IMPORT of /dev/null", EINVAL, error_of(run->fd, ION_LEGACY_IMPORT, &no_buffer));
    expect(run, "SYNC of /dev/null", EINVAL, error_of(run->fd, ION_LEGACY_SYNC, &no_buffer));
    close(no_buffer.fd);
}

void test_ion_sync(struct test_run *run)
{
    int fd = buffer_need(run, run->heap->page);
    if (fd < 0)
        return;
    struct ion_fd_data data = {.fd = fd};
    expect(run, "ION_IOC_SYNC", 0, error_of(run->fd, ION_LEGACY_SYNC, &data));
    sys_close(fd);
}

/* A driver may have commands of its own; none is -1. */
void test_ion_custom(struct test_run *run)
{
    struct ion_custom_data data = {.cmd = ~0u};
    int error = error_of(run->fd, ION_LEGACY_CUSTOM, &data);
    if (error != ENOTTY && error != EINVAL)
        fail(run, error, "CUSTOM 0xffffffff: expected ENOTTY or EINVAL, got %s", errno_name(error));
}

static const struct bad_call {
    enum ion_bad_group group;
    const char *what;
    int expected;
    uint64_t len;
    bool no_mask, free_mask;
    uint32_t request; /* 0: ALLOC */
} bad_calls[] = {
    {.group = ION_BAD_LEN, .what = "ALLOC of 0 bytes", .expected = EINVAL},
    {.group = ION_BAD_LEN, .what = "ALLOC of the longest len", .expected = EINVAL, .len = UINT64_MAX},
    {.group = ION_BAD_MASK, .what = "ALLOC with mask 0", .expected = ENODEV, .len = 1, .no_mask = true},
    {.group = ION_BAD_MASK, .what = "ALLOC from heaps that do not exist", .expected = ENODEV, .len = 1, .free_mask = true},
    {.group = ION_BAD_NUMBER, .what = "ioctl number 127", .expected = ENOTTY, .len = 1, .request = ION_IOC_UNKNOWN},
    {.group = ION_BAD_NUMBER, .what = "a structure of 1024 bytes", .expected = EINVAL, .len = 1, .request = ION_IOC_OVERSIZE},
    {.group = ION_BAD_POINTER, .what = "ALLOC with an unreadable argument", .expected = EFAULT},
};
#define BAD_CALLS (sizeof bad_calls / sizeof bad_calls[0])

/* Ids that no heap has; 0 where that cannot be known. */
static uint32_t unused_mask(struct test_run *run)
{
    struct ion_heap_data heaps[ION_HEAPS] = {0};
    uint32_t mask = 0;
    int count = legacy(run) ? -1 : ion_query(run->fd, heaps);
    for (int i = 0; i < count; i++)
        mask |= 1u << (heaps[i].heap_id & 31);
    return count < 0 ? 0 : ~mask;
}

/* The call's errno, or 0. A buffer or handle that should not be is given back. */
static int call(struct test_run *run, const struct bad_call *bad)
{
    union {
        struct ion_allocation_data now;
        struct ion_legacy_allocation_data legacy;
        uint8_t bytes[1024];
    } argument = {0};
    uint32_t mask = bad->no_mask ? 0 : bad->free_mask ? unused_mask(run) : run->heap->ion_mask;
    unsigned long request = legacy(run) ? ION_LEGACY_ALLOC : ION_IOC_ALLOC;
    if (legacy(run))
        argument.legacy = (struct ion_legacy_allocation_data){.len = (size_t)bad->len, .heap_id_mask = mask};
    else
        argument.now = (struct ion_allocation_data){.len = bad->len, .heap_id_mask = mask};
    if (bad->group == ION_BAD_POINTER) {
        void *unreadable = page_of(run, PROT_NONE);
        int error = error_of(run->fd, request, unreadable);
        munmap(unreadable, (size_t)run->heap->page);
        return error;
    }
    /* To a kernel of 64 bits the longest len of a program of 32 is 4 GiB, which it would try to give. */
    if (bad->len == UINT64_MAX && legacy(run) && sizeof(size_t) == 4)
        return bad->expected;
    int error = error_of(run->fd, bad->request ? bad->request : request, &argument);
    if (!error && !bad->request && legacy(run))
        error_of(run->fd, ION_LEGACY_FREE, &argument.legacy.handle);
    else if (!error && !bad->request)
        sys_close((int)argument.now.fd);
    return error;
}

void test_ion_bad_call(struct test_run *run)
{
    uint64_t group = run->argument;
    for (unsigned i = 0; i < BAD_CALLS; i++)
        if (bad_calls[i].group == (enum ion_bad_group)group)
            expect(run, bad_calls[i].what, bad_calls[i].expected, call(run, &bad_calls[i]));
}

void test_ion_after_failures(struct test_run *run)
{
    for (unsigned i = 0; i < BAD_CALLS; i++) {
        unsigned before = open_descriptors();
        call(run, &bad_calls[i]);
        unsigned after = open_descriptors();
        if (after != before)
            fail(run, 0, "%s: %u descriptors were open before, %u after", bad_calls[i].what, before, after);
    }
}

/* From 4.12 on ION makes the descriptor before it finds that it cannot hand it out (bringup/kernel/data/defects.yaml), so
 * that is a warning, which is judged on the host. Before, it was a handle, which is freed. */
void test_ion_after_efault(struct test_run *run)
{
    int fd = buffer_need(run, run->heap->page);
    void *argument = fd < 0 ? MAP_FAILED : page_of(run, PROT_READ | PROT_WRITE);
    if (fd >= 0)
        sys_close(fd);
    if (argument == MAP_FAILED) {
        cannot_tell(run, ENOMEM, "no page for the argument");
        return;
    }
    uint32_t mask = run->heap->ion_mask, flags = run->heap->ion_flags;
    if (legacy(run))
        *(struct ion_legacy_allocation_data *)argument = (struct ion_legacy_allocation_data){
            .len = (size_t)run->heap->page, .heap_id_mask = mask, .flags = flags};
    else
        *(struct ion_allocation_data *)argument =
            (struct ion_allocation_data){.len = run->heap->page, .heap_id_mask = mask, .flags = flags};
    mprotect(argument, (size_t)run->heap->page, PROT_READ);
    unsigned before = open_descriptors();
    int error = error_of(run->fd, legacy(run) ? ION_LEGACY_ALLOC : ION_IOC_ALLOC, argument);
    unsigned after = open_descriptors();
    munmap(argument, (size_t)run->heap->page);
    expect(run, "ALLOC with an argument that cannot be written", EFAULT, error);
    if (after != before && !legacy(run))
        warn(run, EFAULT, "ALLOC gave EFAULT and left a descriptor open: %u were open before, %u after", before, after);
    else if (after != before)
        fail(run, EFAULT, "ALLOC gave EFAULT: %u descriptors were open before, %u after", before, after);
}
