/* What heap tests are written with. */
#ifndef BRINGUP_HEAP_TEST_H
#define BRINGUP_HEAP_TEST_H

#include "heap.h"

#include <stdbool.h>
#include <stdint.h>

#define KIB 1024u
#define MIB (1024u * 1024u)

/* These set the verdict; a test returns after them. */
__attribute__((format(printf, 3, 4))) void fail(struct test_run *run, int error, const char *format, ...);
__attribute__((format(printf, 3, 4))) void warn(struct test_run *run, int error, const char *format, ...);
__attribute__((format(printf, 2, 3))) void skip(struct test_run *run, const char *format, ...);
__attribute__((format(printf, 3, 4))) void cannot_tell(struct test_run *run, int error, const char *format, ...);

/* Bytes that a size in the table means on this board. */
uint64_t bytes_of(const struct test_run *run, uint64_t size);

/* A buffer of at least `len` bytes, or -1 with errno. */
int buffer_alloc(const struct test_run *run, uint64_t len);

/* The same, or -1 after setting the verdict. */
int buffer_need(struct test_run *run, uint64_t len);

/* A page allocated with these fd_flags, or -1 after setting the verdict; `what` names the call there. */
int buffer_with(struct test_run *run, uint32_t fd_flags, const char *what);

/* A page's buffer of a kernel that has sync files, or -1 after setting the verdict. */
int buffer_with_sync_files(struct test_run *run);

/* Sets the verdict after an ALLOC that failed with errno: a process without a free descriptor is no fault of the heap. */
void not_allocated(struct test_run *run, const char *what);

/* The same for a test that tries several sizes or several buffers and is not about how much there is: where it has
 * had `before` buffers, a shortage (of memory or of descriptors) ends it without a verdict. alloc.* report that. */
int buffer_more(struct test_run *run, uint64_t len, unsigned before);

/* The buffer's memory, or NULL after setting the verdict. */
void *buffer_map(struct test_run *run, int fd, uint64_t size);

/* Whether a buffer can be had and mapped, so that what a child or a thread meets is no shortage; else sets the verdict. */
bool buffer_maps(struct test_run *run);

/* Which of these inodes' buffers is still in the kernel's statistics after two seconds; 0: none is, or none can be seen. */
uint64_t still_counted(const uint64_t *inodes, size_t count);

/* A buffer of each size that the heap can hold, one at a time, until one cannot be had or `each` returns false. */
void each_size(struct test_run *run, bool (*each)(struct test_run *run, int fd, uint64_t size));

/* Descriptors open in this process. */
unsigned open_descriptors(void);

/* The sizes that allocations are tested and timed with, smallest first; 0 ends the list. */
extern const uint64_t buffer_sizes[];

/* The tests' functions. */
#define TEST(function, ...) void function(struct test_run *run);
#include "heap_tests.h"
#undef TEST

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
