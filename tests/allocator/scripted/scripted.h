/* What the scripted heaps and the scripted ION share. */
#ifndef BRINGUP_SCRIPTED_H
#define BRINGUP_SCRIPTED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* ion_scripted.c: whether there is /dev/ion; its ioctls. */
bool scripted_has_ion(void);
int scripted_ion_ioctl(int fd, unsigned long request, void *argument);

#endif
