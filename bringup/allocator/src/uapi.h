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

#define DMA_HEAP_DIRECTORY "/dev/dma_heap"

#endif
