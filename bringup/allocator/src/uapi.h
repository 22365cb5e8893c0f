/* The kernel's interface to DMA-BUF heaps and DMA-BUF buffers, as far as it is used here: layouts and numbers
 * of include/uapi/linux/dma-heap.h and dma-buf.h, unchanged from Linux 5.6 to 7.3. Written out so that the
 * program builds without kernel headers. */
#ifndef BRINGUP_UAPI_H
#define BRINGUP_UAPI_H

#include <stdint.h>

struct dma_heap_allocation_data {
    uint64_t len;
    uint32_t fd; /* must be 0 on entry; the buffer on return */
    uint32_t fd_flags;
    uint64_t heap_flags;
};
_Static_assert(sizeof(struct dma_heap_allocation_data) == 24, "the ioctl number carries this size");

struct dma_buf_sync {
    uint64_t flags;
};
_Static_assert(sizeof(struct dma_buf_sync) == 8, "the ioctl number carries this size");

#define DMA_HEAP_IOCTL_ALLOC 0xc0184800u /* read+write, 24 bytes, 'H', 0 */
#define DMA_HEAP_IOCTL_UNKNOWN 0xc0184801u /* read+write, 24 bytes, 'H', 1: no kernel has it */

/* The same call with the shorter and the longer structure that a program from another time may bring; the kernel reads
 * what is missing as 0 and passes over what it does not know. The magic is not looked at. */
#define DMA_HEAP_IOCTL_ALLOC_16 0xc0104800u
#define DMA_HEAP_IOCTL_ALLOC_48 0xc0304800u
#define DMA_HEAP_IOCTL_ALLOC_OTHER 0xc0184900u /* 'I' */

/* Since Linux 5.3; the kernel takes both sizes, from programs of 32 and 64 bits. The argument is the string. */
#define DMA_BUF_SET_NAME_A 0x40046201u
#define DMA_BUF_SET_NAME_B 0x40086201u
#define DMA_BUF_NAME_LEN 32 /* with the NUL */

/* Not in 5.10, in 6.1; with CONFIG_SYNC_FILE. */
struct dma_buf_sync_file {
    uint32_t flags;
    int32_t fd;
};
_Static_assert(sizeof(struct dma_buf_sync_file) == 8, "the ioctl number carries this size");
#define DMA_BUF_IOCTL_EXPORT_SYNC_FILE 0xc0086202u
#define DMA_BUF_IOCTL_IMPORT_SYNC_FILE 0x40086203u

#define DMA_BUF_IOCTL_UNKNOWN 0x4008627fu /* write, 8 bytes, 'b', 127: no kernel has it */

#define DMA_BUF_IOCTL_SYNC 0x40086200u /* write, 8 bytes, 'b', 0 */
#define DMA_BUF_SYNC_READ 1u
#define DMA_BUF_SYNC_WRITE 2u
#define DMA_BUF_SYNC_RW 3u
#define DMA_BUF_SYNC_START 0u
#define DMA_BUF_SYNC_END 4u

/* Other users of DMA-BUF. A udmabuf is pages of a memfd (include/uapi/linux/udmabuf.h); a DRM driver imports a buffer as
 * a handle (include/uapi/drm/drm.h); sw_sync makes fences (drivers/dma-buf/sync_debug.h, sw_sync.c). */
struct udmabuf_create {
    uint32_t memfd, flags;
    uint64_t offset, size;
};
#define UDMABUF_CREATE 0x40187542u
_Static_assert(sizeof(struct udmabuf_create) == 24, "the ioctl number carries this size");

struct drm_version {
    int major, minor, patch;
    unsigned long name_len;
    char *name;
    unsigned long date_len;
    char *date;
    unsigned long desc_len;
    char *desc;
};
struct drm_gem_close {
    uint32_t handle, pad;
};
struct drm_prime_handle {
    uint32_t handle, flags;
    int32_t fd;
};
#define DRM_IOCTL_VERSION (0xc0006400u | (unsigned)sizeof(struct drm_version) << 16)
#define DRM_IOCTL_GEM_CLOSE 0x40086409u
#define DRM_IOCTL_PRIME_HANDLE_TO_FD 0xc00c642du
#define DRM_IOCTL_PRIME_FD_TO_HANDLE 0xc00c642eu

struct sw_sync_create_fence_data {
    uint32_t value;
    char name[32];
    int32_t fence;
};
#define SW_SYNC_IOC_CREATE_FENCE 0xc0285700u
#define SW_SYNC_IOC_INC 0x40045701u

#define DMA_HEAP_DIRECTORY "/dev/dma_heap"

#endif
