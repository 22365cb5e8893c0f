/* What the scripted heaps and the scripted ION share. */
#ifndef BRINGUP_SCRIPTED_H
#define BRINGUP_SCRIPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uapi.h"

#define MAX_FDS 1024

enum kind { OTHER, HEAP, BUFFER, SYNC_FILE, CARD, UDMABUFS, UDMABUF, TIMELINE, FENCE, ION };

/* What each descriptor is. */
extern struct scripted_fd {
    enum kind kind;
    bool cma, unmappable, fenced;
    uint32_t fence; /* DMA_BUF_SYNC_READ or _WRITE: who works on it */
    uint64_t size;
    unsigned heap, mappings;
    char name[64];
} fds[MAX_FDS];
extern const char *const heap_names[];
extern uint64_t *ghost; /* the inode of a buffer that is gone and still counted; every process sees it */

/* Whether BRINGUP_FAULT names this defect. */
bool fault(const char *name);

/* Returns -1 with errno. */
int refuse(int error);

/* Copies as the kernel does: false where the memory cannot be read or written. */
bool copy_in(void *to, const void *from, size_t size);

/* A buffer allocated from an open /dev/ion, or -1 with errno. */
int scripted_buffer(int device, uint64_t len, bool cma);

/* Another descriptor of a buffer. `moved`: the old one no longer counts for the memory it holds. */
int scripted_share(int buffer, bool moved);
bool scripted_is_buffer(int fd);

/* devices_scripted.c: ioctls of a buffer, and of what takes one. */
int buffer_ioctl(int fd, unsigned long request, void *argument);
int card_ioctl(unsigned long request, void *argument);
int make_udmabuf(const struct udmabuf_create *create);
int timeline_ioctl(unsigned long request, struct sw_sync_create_fence_data *create);

/* ion_scripted.c: whether there is /dev/ion; its ioctls. */
bool scripted_has_ion(void);
int scripted_ion_ioctl(int fd, unsigned long request, void *argument);

#endif
