/* Everything the heap tests ask of the kernel. sys_linux.c asks it; the test suite links a scripted heap with
 * planted defects in its place, so that each test is seen to fail. */
#ifndef BRINGUP_SYS_H
#define BRINGUP_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A heap's node, /dev/ion for a heap of ION. Returns a file descriptor, or -1 with errno. */
int sys_open_heap(const char *name);
int sys_open_device(const char *path);
int sys_ioctl(int fd, unsigned long request, void *argument);
int sys_close(int fd);
off_t sys_lseek(int fd, off_t offset, int whence);

/* Whether the descriptor is open. */
bool sys_is_open(int fd);

/* Bytes by fstat, and the inode's number; -1 with errno. */
int sys_stat(int fd, uint64_t *size, uint64_t *inode);

/* A mapping of the buffer, PROT_* and MAP_*; MAP_FAILED with errno. */
void *sys_map(int fd, size_t size, int protection, int flags, off_t offset);
int sys_unmap(void *at, size_t size);

struct pollfd;
/* Which events are there now, in `revents`; -1 with errno. */
int sys_poll(struct pollfd *fd);

/* A text file of /proc or /sys: bytes read, a NUL after them; -1 with errno. */
ssize_t sys_read_text(const char *path, char *text, size_t capacity);

/* The kernel's version: 6, 12, 107. */
bool sys_kernel(unsigned version[3]);

/* Calls `each` with every name under /dev/dma_heap. Returns 0, or -1 with errno. */
int sys_list_heaps(void (*each)(const char *name));

/* Whether the heap takes its memory from a CMA area. */
bool sys_heap_is_cma(const char *name);

/* The board's memory, in bytes. */
struct memory {
    uint64_t total;
    uint64_t free;
    uint64_t available; /* free above the kernel's own reserve, and what it can take back; before Linux 3.14: free */
};
bool sys_memory(struct memory *memory);

/* Memory free for this heap, in bytes: CmaFree or its own area's for a CMA heap, MemFree otherwise. */
bool sys_free_memory(const char *name, bool cma, uint64_t *bytes);

/* Writes a line to the kernel's log. 0, or errno. */
int sys_log(const char *line);

#endif
