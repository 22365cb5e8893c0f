/* The kernel's interface to ION, /dev/ion. From 4.12 on, as drivers/staging/android/uapi/ion.h of Linux 5.10 has it (ION
 * went with 5.11); before 4.12, as libion's linux/ion.h. Written out so that the program builds without such headers. */
#ifndef BRINGUP_UAPI_ION_H
#define BRINGUP_UAPI_ION_H

#include <stddef.h>
#include <stdint.h>

#define ION_NODE "/dev/ion"
#define ION_FLAG_CACHED 1u
#define ION_FLAG_CACHED_NEEDS_SYNC 2u /* before 4.12; passed over since */

enum ion_heap_type {
    ION_HEAP_TYPE_SYSTEM,
    ION_HEAP_TYPE_SYSTEM_CONTIG,
    ION_HEAP_TYPE_CARVEOUT,
    ION_HEAP_TYPE_CHUNK,
    ION_HEAP_TYPE_DMA, /* CMA */
};

/* From 4.12 on: the same layouts for programs of 32 and 64 bits. */
struct ion_allocation_data {
    uint64_t len;
    uint32_t heap_id_mask;
    uint32_t flags;
    uint32_t fd;
    uint32_t unused;
};
_Static_assert(sizeof(struct ion_allocation_data) == 24, "the ioctl number carries this size");

#define ION_HEAPS 32u /* as many as a mask has bits */
struct ion_heap_data {
    char name[32];
    uint32_t type;
    uint32_t heap_id;
    uint32_t reserved[3];
};
_Static_assert(sizeof(struct ion_heap_data) == 52, "the kernel writes an array of these");

struct ion_heap_query {
    uint32_t cnt;
    uint32_t reserved0;
    uint64_t heaps;
    uint32_t reserved1;
    uint32_t reserved2;
};
_Static_assert(sizeof(struct ion_heap_query) == 24, "the ioctl number carries this size");

#define ION_IOC_ALLOC 0xc0184900u
#define ION_IOC_HEAP_QUERY 0xc0184908u
#define ION_IOC_UNKNOWN 0xc018497fu  /* 24 bytes, number 127: no kernel has it */
#define ION_IOC_OVERSIZE 0xc4004900u /* 1024 bytes: more than any of ION's structures */

/* Before 4.12. A kernel of 64 bits translates for programs of 32 (compat_ion.c): each writes what it has. */
struct ion_legacy_allocation_data {
    size_t len;
    size_t align;
    uint32_t heap_id_mask;
    uint32_t flags;
    int32_t handle;
};

struct ion_fd_data {
    int32_t handle;
    int32_t fd;
};
_Static_assert(sizeof(struct ion_fd_data) == 8, "the ioctl number carries this size");

struct ion_custom_data {
    uint32_t cmd;
    unsigned long arg;
};

#if __SIZEOF_POINTER__ == 8
_Static_assert(sizeof(struct ion_legacy_allocation_data) == 32, "the ioctl number carries this size");
_Static_assert(sizeof(struct ion_custom_data) == 16, "the ioctl number carries this size");
#define ION_LEGACY_ALLOC 0xc0204900u
#define ION_LEGACY_CUSTOM 0xc0104906u
#else
_Static_assert(sizeof(struct ion_legacy_allocation_data) == 20, "the ioctl number carries this size");
_Static_assert(sizeof(struct ion_custom_data) == 8, "the ioctl number carries this size");
#define ION_LEGACY_ALLOC 0xc0144900u
#define ION_LEGACY_CUSTOM 0xc0084906u
#endif
#define ION_LEGACY_FREE 0xc0044901u /* the argument is the handle, an int32_t */
#define ION_LEGACY_MAP 0xc0084902u
#define ION_LEGACY_SHARE 0xc0084904u
#define ION_LEGACY_IMPORT 0xc0084905u
#define ION_LEGACY_SYNC 0xc0084907u

#endif
