/* ION: which of its two interfaces the kernel has, which heaps it lists, and buffers from them. */
#ifndef BRINGUP_ION_H
#define BRINGUP_ION_H

#include "heap.h"
#include "uapi_ion.h"

#include <stdbool.h>
#include <stdint.h>

/* What a heap of ION is called here begins so: `ion/NAME`, with the flags of its buffers behind it: `ion/NAME/cached`, or
 * `ion/NAME/0x80000001`. No name in /dev/dma_heap has a slash. Before 4.12 NAME is a heap id mask: `ion/0x1`. */
#define ION_PREFIX "ion/"
bool is_ion(const char *name);

/* Whether the kernel behind an open /dev/ion has the interface of before 4.12. Asked as libion does, by freeing handle 0,
 * which no kernel ever gives out: ENOTTY from 4.12 on, EINVAL before. */
bool ion_is_legacy(int fd);

/* The heaps that HEAP_QUERY lists, at most ION_HEAPS: how many, or -1 with errno. */
int ion_query(int fd, struct ion_heap_data heaps[ION_HEAPS]);

/* Calls `each` with the name of every system, system-contig and CMA heap, without flags and cached; any other is tested
 * when it is named alone. Returns 0, or -1 with errno. */
int ion_list(void (*each)(const char *name));

/* Sets what the heap's name means on this kernel; its mask stays 0 where ION has no such heap. */
void ion_resolve(struct heap *heap);

/* A buffer's descriptor, or -1 with errno. Before 4.12 it is a handle's, which is freed: the descriptor holds the buffer. */
int ion_alloc(int fd, const struct heap *heap, uint64_t len);

/* The plan's item. */
void item_ion(void);

#endif
