/* ION's own contract. Every errno is that of drivers/staging/android/ion/ion.c of Linux 5.10.223, and for the interface of
 * before 4.12 that of the ion.c of kernels 3.18 to 4.9, which has not been met on hardware. */
#include "errnos.h"
#include "ion.h"
#include "sys.h"
#include "trial.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool legacy(const struct trial *trial)
{
    return trial->heap->source == SOURCE_LEGACY_ION;
}

static int error_of(int fd, unsigned long request, void *argument)
{
    return sys_ioctl(fd, request, argument) == 0 ? 0 : errno;
}

static void expect(struct trial *trial, const char *what, int expected, int error)
{
    if (error != expected)
        fail(trial, error, "%s: %s was expected, %s came", what, errno_name(expected), errno_name(error));
}

static void *page_of(const struct trial *trial, int protection)
{
    return mmap(NULL, (size_t)trial->heap->page, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

/* Heaps that HEAP_QUERY wrote: each has a name that ends, and an id that no other has. */
static void check_heaps(struct trial *trial, const struct ion_heap_data *heaps, unsigned count)
{
    uint32_t ids = 0;
    for (unsigned i = 0; i < count; i++) {
        if (!heaps[i].name[0] || !memchr(heaps[i].name, 0, sizeof heaps[i].name))
            fail(trial, 0, "HEAP_QUERY: heap %u of %u has no name, or one that does not end", i + 1, count);
        else if (heaps[i].heap_id >= 32 || ids & 1u << heaps[i].heap_id)
            fail(trial, 0, "HEAP_QUERY: %s has id %u, which does not fit or which another has", heaps[i].name,
                 heaps[i].heap_id);
        else
            ids |= 1u << heaps[i].heap_id;
    }
}

/* How many there are; room for more than that; room for one. */
void test_ion_query(struct trial *trial, uint64_t unused)
{
    struct ion_heap_data heaps[ION_HEAPS + 1] = {0};
    struct ion_heap_query count = {0}, all = {.cnt = ION_HEAPS + 1, .heaps = (uintptr_t)heaps};
    (void)unused;
    int error = error_of(trial->fd, ION_IOC_HEAP_QUERY, &count);
    if (!error)
        error = error_of(trial->fd, ION_IOC_HEAP_QUERY, &all);
    if (error)
        fail(trial, error, "HEAP_QUERY: %s", errno_name(error));
    else if (count.cnt == 0 || count.cnt > ION_HEAPS || all.cnt != count.cnt)
        fail(trial, 0, "HEAP_QUERY tells of %u heaps, and gives %u", count.cnt, all.cnt);
    else
        check_heaps(trial, heaps, all.cnt);
    struct ion_heap_query one = {.cnt = 1, .heaps = (uintptr_t)heaps};
    memset(heaps, 0xab, sizeof heaps);
    error = error_of(trial->fd, ION_IOC_HEAP_QUERY, &one);
    if (error || one.cnt != 1)
        fail(trial, error, "HEAP_QUERY with room for one heap: %s, %u heaps", errno_name(error), one.cnt);
    else if (heaps[1].heap_id != 0xabababab)
        fail(trial, 0, "HEAP_QUERY with room for one heap wrote more");
}

void test_ion_bad_query(struct trial *trial, uint64_t unused)
{
    struct ion_heap_data heap;
    void *unreadable = page_of(trial, PROT_NONE);
    struct ion_heap_query none = {.cnt = 0, .heaps = (uintptr_t)&heap};
    struct ion_heap_query nowhere = {.cnt = 1, .heaps = (uintptr_t)unreadable};
    (void)unused;
    expect(trial, "HEAP_QUERY for 0 heaps", EINVAL, error_of(trial->fd, ION_IOC_HEAP_QUERY, &none));
    expect(trial, "HEAP_QUERY into unreadable memory", EFAULT, error_of(trial->fd, ION_IOC_HEAP_QUERY, &nowhere));
    munmap(unreadable, (size_t)trial->heap->page);
    /* Reserved fields that are not 0 give EINVAL, too; some kernels before 5.10 answer with a WARN, which may be set to
     * panic, so that is not tried. */
}

void test_ion_old_flag(struct trial *trial, uint64_t unused)
{
    struct heap heap = *trial->heap;
    (void)unused;
    int fd = buffer_need(trial, heap.page);
    if (fd < 0)
        return;
    sys_close(fd);
    heap.ion_flags |= ION_FLAG_CACHED_NEEDS_SYNC;
    fd = ion_alloc(trial->fd, &heap, heap.page);
    if (fd < 0)
        fail(trial, errno, "ALLOC with flags 0x%x: %s", heap.ion_flags, errno_name(errno));
    else
        sys_close(fd);
}

/* A handle of one page, or -1 after setting the verdict. */
static int32_t handle_need(struct trial *trial)
{
    struct ion_legacy_allocation_data data = {
        .len = (size_t)trial->heap->page, .heap_id_mask = trial->heap->ion_mask, .flags = trial->heap->ion_flags};
    if (sys_ioctl(trial->fd, ION_LEGACY_ALLOC, &data) == 0)
        return data.handle;
    not_allocated(trial, "ALLOC of a page");
    return -1;
}

void test_ion_handle(struct trial *trial, uint64_t unused)
{
    static const struct {
        unsigned long request;
        const char *name;
    } ways[] = {{ION_LEGACY_SHARE, "SHARE"}, {ION_LEGACY_MAP, "MAP"}};
    int32_t handle = handle_need(trial);
    (void)unused;
    if (handle < 0)
        return;
    for (int i = 0; i < 2; i++) {
        struct ion_fd_data data = {.handle = handle, .fd = -1}, back = {0};
        int error = error_of(trial->fd, ways[i].request, &data);
        if (error || fcntl(data.fd, F_GETFD) < 0) {
            fail(trial, error, "%s: %s", ways[i].name, error ? errno_name(error) : "its descriptor is not open");
            break;
        }
        back.fd = data.fd;
        error = error_of(trial->fd, ION_LEGACY_IMPORT, &back);
        if (error || back.handle != handle)
            fail(trial, error, "IMPORT of what %s gave for handle %d: %s, handle %d", ways[i].name, handle,
                 errno_name(error), back.handle);
        if (!error)
            error_of(trial->fd, ION_LEGACY_FREE, &back.handle); /* IMPORT took the handle once more */
        sys_close(data.fd);
    }
    expect(trial, "FREE", 0, error_of(trial->fd, ION_LEGACY_FREE, &handle));
    expect(trial, "FREE of a handle that was freed", EINVAL, error_of(trial->fd, ION_LEGACY_FREE, &handle));
}

void test_ion_bad_handle(struct trial *trial, uint64_t unused)
{
    struct ion_fd_data data = {0}, no_fd = {.fd = -1}, no_buffer = {.fd = open("/dev/null", O_RDWR | O_CLOEXEC)};
    int32_t handle = 0;
    (void)unused;
    expect(trial, "SHARE of handle 0", EINVAL, error_of(trial->fd, ION_LEGACY_SHARE, &data));
    expect(trial, "MAP of handle 0", EINVAL, error_of(trial->fd, ION_LEGACY_MAP, &data));
    expect(trial, "FREE of handle 0", EINVAL, error_of(trial->fd, ION_LEGACY_FREE, &handle));
    expect(trial, "IMPORT of descriptor -1", EBADF, error_of(trial->fd, ION_LEGACY_IMPORT, &no_fd));
    expect(trial, "SYNC of descriptor -1", EBADF, error_of(trial->fd, ION_LEGACY_SYNC, &no_fd));
    expect(trial, "IMPORT of /dev/null", EINVAL, error_of(trial->fd, ION_LEGACY_IMPORT, &no_buffer));
    expect(trial, "SYNC of /dev/null", EINVAL, error_of(trial->fd, ION_LEGACY_SYNC, &no_buffer));
    close(no_buffer.fd);
}

void test_ion_sync(struct trial *trial, uint64_t unused)
{
    (void)unused;
    int fd = buffer_need(trial, trial->heap->page);
    if (fd < 0)
        return;
    struct ion_fd_data data = {.fd = fd};
    expect(trial, "ION_IOC_SYNC", 0, error_of(trial->fd, ION_LEGACY_SYNC, &data));
    sys_close(fd);
}

/* A driver may have commands of its own; none is -1. */
void test_ion_custom(struct trial *trial, uint64_t unused)
{
    struct ion_custom_data data = {.cmd = ~0u};
    (void)unused;
    int error = error_of(trial->fd, ION_LEGACY_CUSTOM, &data);
    if (error != ENOTTY && error != EINVAL)
        fail(trial, error, "CUSTOM 0xffffffff: ENOTTY or EINVAL was expected, %s came", errno_name(error));
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
    {.group = ION_BAD_MASK, .what = "ALLOC from heaps that are not there", .expected = ENODEV, .len = 1, .free_mask = true},
    {.group = ION_BAD_NUMBER, .what = "ioctl number 127", .expected = ENOTTY, .len = 1, .request = ION_IOC_UNKNOWN},
    {.group = ION_BAD_NUMBER, .what = "a structure of 1024 bytes", .expected = EINVAL, .len = 1, .request = ION_IOC_OVERSIZE},
    {.group = ION_BAD_POINTER, .what = "ALLOC with an unreadable argument", .expected = EFAULT},
};
#define BAD_CALLS (sizeof bad_calls / sizeof bad_calls[0])

/* Ids that no heap has; 0 where that cannot be known. */
static uint32_t unused_mask(struct trial *trial)
{
    struct ion_heap_data heaps[ION_HEAPS] = {0};
    uint32_t mask = 0;
    int count = legacy(trial) ? -1 : ion_query(trial->fd, heaps);
    for (int i = 0; i < count; i++)
        mask |= 1u << (heaps[i].heap_id & 31);
    return count < 0 ? 0 : ~mask;
}

/* The call's errno, or 0. A buffer or handle that should not be is given back. */
static int call(struct trial *trial, const struct bad_call *bad)
{
    union {
        struct ion_allocation_data now;
        struct ion_legacy_allocation_data legacy;
        uint8_t bytes[1024];
    } argument = {0};
    uint32_t mask = bad->no_mask ? 0 : bad->free_mask ? unused_mask(trial) : trial->heap->ion_mask;
    unsigned long request = legacy(trial) ? ION_LEGACY_ALLOC : ION_IOC_ALLOC;
    if (legacy(trial))
        argument.legacy = (struct ion_legacy_allocation_data){.len = (size_t)bad->len, .heap_id_mask = mask};
    else
        argument.now = (struct ion_allocation_data){.len = bad->len, .heap_id_mask = mask};
    if (bad->group == ION_BAD_POINTER) {
        void *unreadable = page_of(trial, PROT_NONE);
        int error = error_of(trial->fd, request, unreadable);
        munmap(unreadable, (size_t)trial->heap->page);
        return error;
    }
    /* To a kernel of 64 bits the longest len of a program of 32 is 4 GiB, which it would try to give. */
    if (bad->len == UINT64_MAX && legacy(trial) && sizeof(size_t) == 4)
        return bad->expected;
    int error = error_of(trial->fd, bad->request ? bad->request : request, &argument);
    if (!error && !bad->request && legacy(trial))
        error_of(trial->fd, ION_LEGACY_FREE, &argument.legacy.handle);
    else if (!error && !bad->request)
        sys_close((int)argument.now.fd);
    return error;
}

void test_ion_bad_call(struct trial *trial, uint64_t group)
{
    for (unsigned i = 0; i < BAD_CALLS; i++)
        if (bad_calls[i].group == (enum ion_bad_group)group)
            expect(trial, bad_calls[i].what, bad_calls[i].expected, call(trial, &bad_calls[i]));
}

void test_ion_after_failures(struct trial *trial, uint64_t unused)
{
    (void)unused;
    for (unsigned i = 0; i < BAD_CALLS; i++) {
        unsigned before = open_descriptors();
        call(trial, &bad_calls[i]);
        unsigned after = open_descriptors();
        if (after != before)
            fail(trial, 0, "%s: %u descriptors were open before, %u after", bad_calls[i].what, before, after);
    }
}

/* From 4.12 on ION makes the descriptor before it finds that it cannot hand it out (bringup/kernel/data/defects.yaml), so
 * that is a warning, which is judged on the host. Before, it was a handle, which is freed. */
void test_ion_after_efault(struct trial *trial, uint64_t unused)
{
    (void)unused;
    int fd = buffer_need(trial, trial->heap->page);
    void *argument = fd < 0 ? MAP_FAILED : page_of(trial, PROT_READ | PROT_WRITE);
    if (fd >= 0)
        sys_close(fd);
    if (argument == MAP_FAILED) {
        cannot_tell(trial, ENOMEM, "no page for the argument");
        return;
    }
    uint32_t mask = trial->heap->ion_mask, flags = trial->heap->ion_flags;
    if (legacy(trial))
        *(struct ion_legacy_allocation_data *)argument = (struct ion_legacy_allocation_data){
            .len = (size_t)trial->heap->page, .heap_id_mask = mask, .flags = flags};
    else
        *(struct ion_allocation_data *)argument =
            (struct ion_allocation_data){.len = trial->heap->page, .heap_id_mask = mask, .flags = flags};
    mprotect(argument, (size_t)trial->heap->page, PROT_READ);
    unsigned before = open_descriptors();
    int error = error_of(trial->fd, legacy(trial) ? ION_LEGACY_ALLOC : ION_IOC_ALLOC, argument);
    unsigned after = open_descriptors();
    munmap(argument, (size_t)trial->heap->page);
    expect(trial, "ALLOC with an argument that cannot be written", EFAULT, error);
    if (after != before && !legacy(trial))
        warn(trial, EFAULT, "ALLOC gave EFAULT and left a descriptor open: %u were open before, %u after", before, after);
    else if (after != before)
        fail(trial, EFAULT, "ALLOC gave EFAULT: %u descriptors were open before, %u after", before, after);
}
