/* ION through both of its interfaces: listing its heaps, resolving their names, allocating from them. */
#include "ion.h"

#include "errnos.h"
#include "out.h"
#include "sys.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where nothing lists the heaps: libion's masks of system, system-contig, carve-out and CMA heaps. */
static const uint32_t legacy_masks[] = {
    1u << ION_HEAP_TYPE_SYSTEM, 1u << ION_HEAP_TYPE_SYSTEM_CONTIG, 1u << ION_HEAP_TYPE_CARVEOUT, 1u << ION_HEAP_TYPE_DMA,
};
#define LEGACY_MASKS (sizeof legacy_masks / sizeof legacy_masks[0])

bool is_ion(const char *name)
{
    return strncmp(name, ION_PREFIX, sizeof ION_PREFIX - 1) == 0;
}

bool ion_is_legacy(int fd)
{
    int32_t handle = 0;
    return sys_ioctl(fd, ION_LEGACY_FREE, &handle) == 0 || errno == EINVAL;
}

int ion_query(int fd, struct ion_heap_data heaps[ION_HEAPS])
{
    struct ion_heap_query query = {.cnt = ION_HEAPS, .heaps = (uintptr_t)heaps};
    if (sys_ioctl(fd, ION_IOC_HEAP_QUERY, &query) != 0)
        return -1;
    for (unsigned i = 0; i < ION_HEAPS; i++)
        heaps[i].name[sizeof heaps[i].name - 1] = 0;
    return query.cnt < ION_HEAPS ? (int)query.cnt : (int)ION_HEAPS;
}

static int legacy_alloc(int fd, uint32_t mask, uint32_t flags, uint64_t len)
{
    struct ion_legacy_allocation_data data = {.len = (size_t)len, .heap_id_mask = mask, .flags = flags};
    if (len != data.len) {
        errno = EINVAL;
        return -1;
    }
    if (sys_ioctl(fd, ION_LEGACY_ALLOC, &data) != 0)
        return -1;
    struct ion_fd_data share = {.handle = data.handle, .fd = -1};
    int failed = sys_ioctl(fd, ION_LEGACY_SHARE, &share), error = errno;
    sys_ioctl(fd, ION_LEGACY_FREE, &data.handle);
    errno = error;
    return failed ? -1 : share.fd;
}

int ion_alloc(int fd, const struct heap *heap, uint64_t len)
{
    if (heap->source == SOURCE_LEGACY_ION)
        return legacy_alloc(fd, heap->ion_mask, heap->ion_flags, len);
    struct ion_allocation_data data = {.len = len, .heap_id_mask = heap->ion_mask, .flags = heap->ion_flags};
    return sys_ioctl(fd, ION_IOC_ALLOC, &data) == 0 ? (int)data.fd : -1;
}

/* Whether there is a heap behind the mask: one page is had and given back. */
static bool answers(int fd, uint32_t mask)
{
    int buffer = legacy_alloc(fd, mask, 0, (uint64_t)getpagesize());
    if (buffer < 0)
        return errno != ENODEV;
    sys_close(buffer);
    return true;
}

/* The heaps of either interface; before 4.12 their names are masks. Returns how many, or -1 with errno. */
static int look(bool *legacy, struct ion_heap_data heaps[ION_HEAPS])
{
    int fd = sys_open_heap(ION_PREFIX), count = 0;
    memset(heaps, 0, ION_HEAPS * sizeof heaps[0]);
    if (fd < 0)
        return -1;
    *legacy = ion_is_legacy(fd);
    if (!*legacy)
        count = ion_query(fd, heaps);
    for (unsigned i = 0; *legacy && i < LEGACY_MASKS; i++)
        if (answers(fd, legacy_masks[i])) {
            format_text(heaps[count].name, sizeof heaps[count].name, "0x%x", legacy_masks[i]);
            heaps[count].type = heaps[count].heap_id = (uint32_t)__builtin_ctz(legacy_masks[i]);
            count++;
        }
    int error = errno;
    sys_close(fd);
    errno = error;
    return count;
}

/* CMA's by its type, which is another in Android's 5.4 (2, here that of a carve-out), or by its area's name. */
static bool is_cma(const struct ion_heap_data *heap)
{
    return heap->type == ION_HEAP_TYPE_DMA || (heap->type == ION_HEAP_TYPE_CARVEOUT && sys_heap_is_cma(heap->name));
}

/* Nothing reports how much a carve-out has left, and a vendor's heap may belong to a TEE and need its own flags. */
static bool tested_unasked(const struct ion_heap_data *heap)
{
    return heap->type == ION_HEAP_TYPE_SYSTEM || heap->type == ION_HEAP_TYPE_SYSTEM_CONTIG || is_cma(heap);
}

int ion_list(void (*each)(const char *name))
{
    struct ion_heap_data heaps[ION_HEAPS];
    char name[64];
    bool legacy;
    int count = look(&legacy, heaps);
    for (int i = 0; i < count; i++) {
        if (!tested_unasked(&heaps[i]))
            continue;
        format_text(name, sizeof name, ION_PREFIX "%s", heaps[i].name);
        each(name);
        format_text(name, sizeof name, ION_PREFIX "%s/cached", heaps[i].name);
        each(name);
    }
    return count < 0 ? -1 : 0;
}

static uint32_t flags_of(const char *text)
{
    return strcmp(text, "cached") == 0 ? ION_FLAG_CACHED : (uint32_t)strtoul(text, NULL, 16);
}

void ion_resolve(struct heap *heap)
{
    const char *name = heap->name + sizeof ION_PREFIX - 1, *flags = strchr(name, '/');
    size_t size = flags ? (size_t)(flags - name) : strlen(name);
    struct ion_heap_data heaps[ION_HEAPS] = {0};
    int fd = sys_open_heap(heap->name);
    heap->source = fd >= 0 && ion_is_legacy(fd) ? SOURCE_LEGACY_ION : SOURCE_ION;
    heap->ion_flags = flags ? flags_of(flags + 1) : 0;
    if (heap->source == SOURCE_LEGACY_ION) {
        heap->ion_mask = (uint32_t)strtoul(name, NULL, 16);
        heap->ion_type = heap->ion_mask ? (uint32_t)__builtin_ctz(heap->ion_mask) : 0;
    }
    int count = heap->source == SOURCE_ION && fd >= 0 ? ion_query(fd, heaps) : 0;
    for (int i = 0; i < count; i++)
        if (strlen(heaps[i].name) == size && memcmp(heaps[i].name, name, size) == 0 && heaps[i].heap_id < 32) {
            heap->ion_mask = 1u << heaps[i].heap_id;
            heap->ion_type = heaps[i].type;
            heap->cma = is_cma(&heaps[i]);
        }
    heap->cma = heap->cma || heap->ion_type == ION_HEAP_TYPE_DMA;
    if (fd >= 0)
        sys_close(fd);
}

void item_ion(void)
{
    struct ion_heap_data heaps[ION_HEAPS];
    bool legacy = false;
    int count = look(&legacy, heaps), error = count < 0 ? errno : 0;
    out_begin("ion");
    out_state(error);
    out_string("abi", count < 0 ? NULL : legacy ? "legacy" : "4.12");
    out_list_begin("names");
    for (int i = 0; i < count; i++)
        out_string(NULL, heaps[i].name);
    out_list_end();
    out_list_begin("types");
    for (int i = 0; i < count; i++)
        out_unsigned(NULL, heaps[i].type);
    out_list_end();
    out_list_begin("ids");
    for (int i = 0; i < count; i++)
        out_unsigned(NULL, heaps[i].heap_id);
    out_list_end();
    out_end();
}
