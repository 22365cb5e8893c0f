/* ION's interface since Linux 4.12, as far as it is used here: layouts and numbers of
 * drivers/staging/android/uapi/ion.h, 4.12 to 5.10. */
#ifndef BRINGUP_UAPI_ION_H
#define BRINGUP_UAPI_ION_H

#include <stdint.h>

struct ion_new_allocation_data {
    uint64_t len;
    uint32_t heap_id_mask;
    uint32_t flags;
    uint32_t fd; /* on return */
    uint32_t unused;
};
_Static_assert(sizeof(struct ion_new_allocation_data) == 24, "the ioctl number carries this size");
#define ION_IOC_NEW_ALLOC 0xc0184900u /* read+write, 24 bytes, 'I', 0 */
#define ION_FLAG_CACHED 1u

struct ion_heap_data {
    char name[32];
    uint32_t type;
    uint32_t heap_id;
    uint32_t reserved[3];
};
_Static_assert(sizeof(struct ion_heap_data) == 52, "the kernel writes this much for each heap");
#define ION_HEAP_TYPE_SYSTEM 0u
#define ION_HEAP_TYPE_DMA 4u

struct ion_heap_query {
    uint32_t cnt; /* how many there is room for; how many there are on return */
    uint32_t reserved0;
    uint64_t heaps;
    uint32_t reserved1, reserved2;
};
_Static_assert(sizeof(struct ion_heap_query) == 24, "the ioctl number carries this size");
#define ION_IOC_HEAP_QUERY 0xc0184908u /* read+write, 24 bytes, 'I', 8 */

#endif
