/* A scripted /dev/ion: BRINGUP_ION=4.12 or legacy says which interface it has, none is not there. It answers as the ion.c
 * of Linux 5.10 and, before 4.12, of 3.18 to 4.9 do, but for the defect that BRINGUP_FAULT names. */
#include "scripted.h"

#include "ion.h"
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HANDLES 16

static const struct ion_heap_data heaps[] = {
    {.name = "secure_heap", .type = 9, .heap_id = 9}, /* a vendor's */
    {.name = "linux,cma", .type = ION_HEAP_TYPE_DMA, .heap_id = 2},
    {.name = "ion_system_contig_heap", .type = ION_HEAP_TYPE_SYSTEM_CONTIG, .heap_id = 1},
    {.name = "ion_system_heap", .type = ION_HEAP_TYPE_SYSTEM, .heap_id = 0},
};
#define HEAPS (sizeof heaps / sizeof heaps[0])

/* Of the interface with handles: handle 0 is none. */
static struct {
    int buffer;
    unsigned references;
    bool shared;
} handles[HANDLES];

static bool is_legacy(void)
{
    const char *abi = getenv("BRINGUP_ION");
    return abi && strcmp(abi, "legacy") == 0;
}

bool scripted_has_ion(void)
{
    return getenv("BRINGUP_ION") != NULL;
}

static int refuse_alloc(int error)
{
    if (fault("ion_leak_fd"))
        fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0);
    return refuse(error);
}

/* Heaps by type where there are handles, by id where there are none; higher numbers first. */
static int from_mask(int fd, uint32_t mask, uint32_t flags, uint64_t len)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
    if (len + page - 1 < page)
        return refuse_alloc(fault("ion_bad_len") ? ENOMEM : EINVAL);
    if (flags & ION_FLAG_CACHED_NEEDS_SYNC && fault("ion_old_flag"))
        return refuse_alloc(EINVAL);
    for (size_t i = 0; i < HEAPS; i++)
        if (mask & 1u << (is_legacy() ? heaps[i].type : heaps[i].heap_id))
            return scripted_buffer(fd, len, heaps[i].type == ION_HEAP_TYPE_DMA);
    return refuse_alloc(fault("ion_bad_mask") ? EINVAL : ENODEV);
}

static int alloc_descriptor(int fd, void *argument)
{
    struct ion_allocation_data data;
    if (!copy_in(&data, argument, sizeof data))
        return refuse_alloc(fault("ion_bad_pointer") ? EINVAL : EFAULT);
    int buffer = from_mask(fd, data.heap_id_mask, data.flags, data.len);
    if (buffer < 0)
        return -1;
    if (fault("ion_cloexec"))
        fcntl(buffer, F_SETFD, 0);
    data.fd = (uint32_t)buffer;
    if (copy_in(argument, &data, sizeof data))
        return 0;
    if (!fault("ion_leak_on_efault"))
        sys_close(buffer);
    return refuse(EFAULT);
}

static int query(void *argument)
{
    struct ion_heap_query query;
    if (!copy_in(&query, argument, sizeof query))
        return refuse(EFAULT);
    if (query.reserved0 || query.reserved1 || query.reserved2)
        return refuse(EINVAL);
    if (!query.heaps)
        query.cnt = HEAPS + fault("ion_query");
    else if (query.cnt == 0 && !fault("ion_bad_query"))
        return refuse(EINVAL);
    else
        query.cnt = query.cnt < HEAPS && !fault("ion_query_room") ? query.cnt : HEAPS;
    for (unsigned i = 0; query.heaps && i < query.cnt; i++) {
        struct ion_heap_data heap = heaps[i];
        if (fault("ion_query_id"))
            heap.heap_id &= 1; /* two heaps have id 0 */
        if (!copy_in((void *)(uintptr_t)(query.heaps + i * sizeof heap), &heap, sizeof heap))
            return refuse(EFAULT);
    }
    memcpy(argument, &query, sizeof query);
    return 0;
}

static int alloc_handle(int fd, struct ion_legacy_allocation_data *argument)
{
    struct ion_legacy_allocation_data data;
    if (!copy_in(&data, argument, sizeof data))
        return refuse_alloc(fault("ion_bad_pointer") ? EINVAL : EFAULT);
    int handle = 1, buffer = from_mask(fd, data.heap_id_mask, data.flags, data.len);
    if (buffer < 0)
        return -1;
    while (handle < HANDLES && handles[handle].references)
        handle++;
    if (handle == HANDLES)
        abort(); /* the test allocator keeps handles */
    data.handle = handle;
    if (!copy_in(argument, &data, sizeof data)) {
        if (!fault("ion_leak_on_efault"))
            sys_close(buffer);
        return refuse(EFAULT);
    }
    handles[handle].buffer = buffer;
    handles[handle].references = 1;
    handles[handle].shared = false;
    return 0;
}

static bool is_handle(int32_t handle)
{
    return handle > 0 && handle < HANDLES && handles[handle].references;
}

static int free_handle(int32_t handle)
{
    if (!is_handle(handle))
        return handle && fault("ion_double_free") ? 0 : refuse(EINVAL);
    if (--handles[handle].references == 0)
        sys_close(handles[handle].buffer);
    return 0;
}

static int share(struct ion_fd_data *data)
{
    if (!is_handle(data->handle))
        return refuse(fault("ion_bad_handle") ? ENOENT : EINVAL);
    data->fd = scripted_share(handles[data->handle].buffer, !handles[data->handle].shared);
    handles[data->handle].shared = true;
    if (fault("ion_cloexec"))
        fcntl(data->fd, F_SETFD, 0);
    return 0;
}

static int import(struct ion_fd_data *data)
{
    uint64_t size, inode, other;
    if (fcntl(data->fd, F_GETFD) < 0)
        return refuse(EBADF);
    if (!scripted_is_buffer(data->fd) || sys_stat(data->fd, &size, &inode) != 0)
        return refuse(EINVAL);
    for (int32_t handle = 1; handle < HANDLES; handle++)
        if (is_handle(handle) && sys_stat(handles[handle].buffer, &size, &other) == 0 && other == inode) {
            handles[handle].references++;
            data->handle = handle + fault("ion_import");
            return 0;
        }
    return refuse(EINVAL);
}

static int legacy_ioctl(int fd, unsigned long request, void *argument)
{
    struct ion_fd_data *data = argument;
    switch (request) {
    case ION_LEGACY_ALLOC:
        return alloc_handle(fd, argument);
    case ION_LEGACY_FREE:
        return free_handle(*(int32_t *)argument);
    case ION_LEGACY_SHARE:
    case ION_LEGACY_MAP:
        return share(data);
    case ION_LEGACY_IMPORT:
        return import(data);
    case ION_LEGACY_SYNC:
        if (fcntl(data->fd, F_GETFD) < 0)
            return refuse(EBADF);
        return scripted_is_buffer(data->fd) ? (fault("ion_sync") ? refuse(EIO) : 0) : refuse(EINVAL);
    case ION_LEGACY_CUSTOM:
        return fault("ion_custom") ? 0 : refuse(ENOTTY);
    }
    return refuse(fault("ion_bad_number") ? EINVAL : ENOTTY);
}

int scripted_ion_ioctl(int fd, unsigned long request, void *argument)
{
    if ((request >> 16 & 0x3fff) > 32)
        return refuse(EINVAL);
    if (is_legacy())
        return legacy_ioctl(fd, request, argument);
    if (request == ION_IOC_ALLOC)
        return alloc_descriptor(fd, argument);
    if (request == ION_IOC_HEAP_QUERY)
        return query(argument);
    return refuse(request == ION_IOC_UNKNOWN && fault("ion_bad_number") ? EINVAL : ENOTTY);
}
