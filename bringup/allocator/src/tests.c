/* The table of tests: one entry each. An id never changes its meaning. */
#include "trial.h"

const struct test heap_tests[] = {
    {.id = "open", .asserts = "the heap's node opens read-only", .run = test_open, .opens = true},
    {.id = "alloc.page", .asserts = "ALLOC of one page gives a buffer", .run = test_alloc, .argument = ONE_PAGE, .needs = ONE_PAGE},
    {.id = "alloc.64k", .asserts = "ALLOC of 64 KiB gives a buffer", .run = test_alloc, .argument = 64 * KIB, .needs = 64 * KIB},
    {.id = "alloc.1m", .asserts = "ALLOC of 1 MiB gives a buffer", .run = test_alloc, .argument = MIB, .needs = MIB},
    {.id = "alloc.4m", .asserts = "ALLOC of 4 MiB gives a buffer", .run = test_alloc, .argument = 4 * MIB, .needs = 4 * MIB},
    {.id = "size.lseek", .asserts = "lseek to the end gives the size asked for, for every size the heap can hold", .run = test_size_lseek, .needs = ONE_PAGE},
    {.id = "zero.fresh", .asserts = "a new buffer reads zero, for every size the heap can hold", .run = test_zero_fresh, .needs = ONE_PAGE, .maps = true},
    {.id = "zero.reuse", .asserts = "a buffer reads zero after dirty buffers were freed", .run = test_zero_reuse, .needs = ONE_PAGE, .maps = true},
    {.id = "mmap.rw", .asserts = "what is written through a mapping is read back, also through a second mapping", .run = test_mmap_rw, .needs = ONE_PAGE, .maps = true},
    {.id = "sync.rw", .asserts = "DMA_BUF_IOCTL_SYNC START and END succeed for READ, WRITE and RW", .run = test_sync, .needs = ONE_PAGE},
    {.id = "sync.bad_flags", .asserts = "DMA_BUF_IOCTL_SYNC without a direction or with an unknown flag gives EINVAL", .run = test_bad_sync, .needs = ONE_PAGE},
    {.id = "bad.len_zero", .asserts = "ALLOC with len 0 gives EINVAL", .run = test_bad_input, .argument = BAD_LEN_ZERO},
    {.id = "bad.len_max", .asserts = "ALLOC with a len that rounds up to 2^64 gives EINVAL", .run = test_bad_input, .argument = BAD_LEN_MAX},
    {.id = "bad.fd", .asserts = "ALLOC with fd not 0 on entry gives EINVAL", .run = test_bad_input, .argument = BAD_FD},
    {.id = "bad.fd_flags", .asserts = "ALLOC with an unknown bit in fd_flags gives EINVAL", .run = test_bad_input, .argument = BAD_FD_FLAGS},
    {.id = "bad.heap_flags", .asserts = "ALLOC with heap_flags not 0 gives EINVAL", .run = test_bad_input, .argument = BAD_HEAP_FLAGS},
    {.id = "bad.ioctl_number", .asserts = "an unknown ioctl number gives EINVAL", .run = test_bad_input, .argument = BAD_IOCTL_NUMBER},
    {.id = "bad.pointer", .asserts = "ALLOC with an unreadable argument gives EFAULT", .run = test_bad_input, .argument = BAD_POINTER},
    {.id = "bad.not_a_heap", .asserts = "ALLOC on /dev/null gives ENOTTY", .run = test_bad_input, .argument = BAD_NOT_A_HEAP},
    {.id = "fd.after_failures", .asserts = "no refused call leaves a descriptor open", .run = test_fd_after_failures},
    {.id = "free.memory", .asserts = "closing a buffer gives its memory back", .run = test_free_memory, .needs = ONE_PAGE},
};
const size_t heap_test_count = sizeof heap_tests / sizeof heap_tests[0];
