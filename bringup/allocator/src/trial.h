/* What the tests are written with. */
#ifndef BRINGUP_TRIAL_H
#define BRINGUP_TRIAL_H

#include "heap.h"

#include <stdbool.h>
#include <stdint.h>

#define KIB 1024u
#define MIB (1024u * 1024u)

/* These set the verdict; a test returns after them. */
__attribute__((format(printf, 3, 4))) void fail(struct trial *trial, int error, const char *format, ...);
__attribute__((format(printf, 3, 4))) void warn(struct trial *trial, int error, const char *format, ...);
__attribute__((format(printf, 2, 3))) void skip(struct trial *trial, const char *format, ...);
__attribute__((format(printf, 3, 4))) void cannot_tell(struct trial *trial, int error, const char *format, ...);

/* Bytes that a size in the table means on this board. */
uint64_t bytes_of(const struct trial *trial, uint64_t size);

/* A buffer of at least `len` bytes, or -1 with errno. */
int buffer_alloc(const struct trial *trial, uint64_t len);

/* The same, or -1 after setting the verdict. */
int buffer_need(struct trial *trial, uint64_t len);

/* A page allocated with these fd_flags, or -1 after setting the verdict; `what` names the call there. */
int buffer_with(struct trial *trial, uint32_t fd_flags, const char *what);

/* A page's buffer of a kernel that has sync files, or -1 after setting the verdict. */
int buffer_with_sync_files(struct trial *trial);

/* Sets the verdict after an ALLOC that failed with errno: a process without a free descriptor is no fault of the heap. */
void not_allocated(struct trial *trial, const char *what);

/* The same for a test that tries several sizes or several buffers and is not about how much there is: where it has
 * had `before` buffers, a shortage (of memory or of descriptors) ends it without a verdict. alloc.* tell of that. */
int buffer_more(struct trial *trial, uint64_t len, unsigned before);

/* The buffer's memory, or NULL after setting the verdict. */
void *buffer_map(struct trial *trial, int fd, uint64_t size);

/* Whether a buffer can be had and mapped, so that what a child or a thread meets is no shortage; else sets the verdict. */
bool buffer_maps(struct trial *trial);

/* Which of these inodes' buffers is still in the kernel's statistics after half a second; 0: none is, or none can be seen. */
uint64_t still_counted(const uint64_t *inodes, size_t count);

/* A buffer of each size that the heap can hold, one at a time, until one cannot be had or `each` returns false. */
void each_size(struct trial *trial, bool (*each)(struct trial *trial, int fd, uint64_t size));

/* Descriptors open in this process. */
unsigned open_descriptors(void);

/* The sizes that allocations are tested and timed with, smallest first; 0 ends the list. */
extern const uint64_t buffer_sizes[];

/* The tests, by family. */
void test_open(struct trial *trial, uint64_t unused);
void test_alloc(struct trial *trial, uint64_t size);
void test_size_lseek(struct trial *trial, uint64_t unused);
void test_size_fstat(struct trial *trial, uint64_t unused);
void test_size_rounding(struct trial *trial, uint64_t unused);
void test_bad_lseek(struct trial *trial, uint64_t unused);
void test_struct(struct trial *trial, uint64_t request);
void test_access(struct trial *trial, uint64_t mode);
void test_cloexec(struct trial *trial, uint64_t unused);
void test_map_beyond(struct trial *trial, uint64_t unused);
void test_map_private(struct trial *trial, uint64_t unused);
void test_two_mappings(struct trial *trial, uint64_t unused);
void test_partial_unmap(struct trial *trial, uint64_t unused);
void test_zero_fresh(struct trial *trial, uint64_t unused);
void test_zero_reuse(struct trial *trial, uint64_t unused);
void test_mmap_rw(struct trial *trial, uint64_t unused);
void test_sync(struct trial *trial, uint64_t unused);
void test_bad_input(struct trial *trial, uint64_t group);
void test_bad_sync(struct trial *trial, uint64_t unused);
void test_bad_sync_pointer(struct trial *trial, uint64_t unused);
void test_bad_buffer_ioctl(struct trial *trial, uint64_t unused);
void test_name(struct trial *trial, uint64_t unused);
void test_long_name(struct trial *trial, uint64_t unused);
void test_sync_file(struct trial *trial, uint64_t unused);
void test_bad_sync_file(struct trial *trial, uint64_t unused);
void test_poll(struct trial *trial, uint64_t unused);
void test_fd_after_failures(struct trial *trial, uint64_t unused);
void test_fd_after_efault(struct trial *trial, uint64_t unused);
void test_fdinfo(struct trial *trial, uint64_t unused);
void test_bufinfo(struct trial *trial, uint64_t unused);
void test_sysfs(struct trial *trial, uint64_t unused);
void test_socket(struct trial *trial, uint64_t unused);
void test_workers(struct trial *trial, uint64_t threads);
void test_fd_after_refusals(struct trial *trial, uint64_t unused);
void test_protected_mmap(struct trial *trial, uint64_t unused);
void test_drm_import(struct trial *trial, uint64_t unused);
void test_udmabuf(struct trial *trial, uint64_t unused);
void test_poll_fence(struct trial *trial, uint64_t unused);
void test_free_memory(struct trial *trial, uint64_t unused);

void test_ion_query(struct trial *trial, uint64_t unused);
void test_ion_bad_query(struct trial *trial, uint64_t unused);
void test_ion_old_flag(struct trial *trial, uint64_t unused);
void test_ion_handle(struct trial *trial, uint64_t unused);
void test_ion_bad_handle(struct trial *trial, uint64_t unused);
void test_ion_sync(struct trial *trial, uint64_t unused);
void test_ion_custom(struct trial *trial, uint64_t unused);
void test_ion_bad_call(struct trial *trial, uint64_t group);
void test_ion_after_failures(struct trial *trial, uint64_t unused);
void test_ion_after_efault(struct trial *trial, uint64_t unused);

/* Groups of calls that ION must refuse, for test_ion_bad_call. */
enum ion_bad_group { ION_BAD_LEN, ION_BAD_MASK, ION_BAD_NUMBER, ION_BAD_POINTER };

/* Groups of calls that must fail, for test_bad_input. */
enum bad_group {
    BAD_LEN_ZERO,
    BAD_LEN_MAX,
    BAD_FD,
    BAD_FD_FLAGS,
    BAD_HEAP_FLAGS,
    BAD_IOCTL_NUMBER,
    BAD_POINTER,
    BAD_NOT_A_HEAP,
};

#endif
