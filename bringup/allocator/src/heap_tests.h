/* The heap tests: one entry per test. An id never changes its meaning.
 *
 * A new test is a function in a test_*.c file and an entry here. heap_test.h makes the function's prototype from the entry,
 * tests.c the table, and --list prints the table for the host (bringup/allocator/build.py).
 * No include guard: what TEST means is up to the file that includes this one. */
TEST(test_open,
     .id = "open",
     .asserts = "the heap's node opens read-only",
     .opens = true)
TEST(test_alloc,
     .id = "alloc.page",
     .asserts = "ALLOC of one page gives a buffer",
     .argument = ONE_PAGE, .needs = ONE_PAGE)
TEST(test_alloc,
     .id = "alloc.64k",
     .asserts = "ALLOC of 64 KiB gives a buffer",
     .argument = 64 * KIB, .needs = 64 * KIB)
TEST(test_alloc,
     .id = "alloc.1m",
     .asserts = "ALLOC of 1 MiB gives a buffer",
     .argument = MIB, .needs = MIB)
TEST(test_alloc,
     .id = "alloc.4m",
     .asserts = "ALLOC of 4 MiB gives a buffer",
     .argument = 4 * MIB, .needs = 4 * MIB)
TEST(test_size_lseek,
     .id = "size.lseek",
     .asserts = "lseek to the end gives the size asked for, for every size the heap can hold",
     .needs = ONE_PAGE)
TEST(test_size_fstat,
     .id = "size.fstat",
     .asserts = "fstat gives the size asked for",
     .needs = ONE_PAGE, .since = SINCE(5, 3))
TEST(test_size_rounding,
     .id = "size.rounding",
     .asserts = "ALLOC of 1 byte, of a page less 1 byte and of a page and 1 byte gives whole pages",
     .needs = PAGES(2))
TEST(test_bad_lseek,
     .id = "size.bad_lseek",
     .asserts = "lseek SEEK_SET 0 gives 0; any other offset or whence gives EINVAL",
     .needs = ONE_PAGE)
TEST(test_struct,
     .id = "abi.older_struct",
     .asserts = "ALLOC with a structure of 16 bytes gives a buffer",
     .argument = DMA_HEAP_IOCTL_ALLOC_16, .needs = ONE_PAGE, .only = SOURCE_NODE)
TEST(test_struct,
     .id = "abi.newer_struct",
     .asserts = "ALLOC with a structure of 48 bytes gives a buffer, whatever follows the 24 known bytes",
     .argument = DMA_HEAP_IOCTL_ALLOC_48, .needs = ONE_PAGE, .only = SOURCE_NODE)
TEST(test_struct,
     .id = "abi.other_magic",
     .asserts = "ioctl number 0 is ALLOC whatever its magic",
     .argument = DMA_HEAP_IOCTL_ALLOC_OTHER, .needs = ONE_PAGE, .only = SOURCE_NODE)
TEST(test_access,
     .id = "access.rdonly",
     .asserts = "a buffer allocated O_RDONLY maps for reading; PROT_WRITE gives EACCES",
     .argument = O_RDONLY, .needs = ONE_PAGE, .maps = true, .only = SOURCE_NODE)
TEST(test_access,
     .id = "access.wronly",
     .asserts = "a buffer allocated O_WRONLY does not map: EACCES",
     .argument = O_WRONLY, .needs = ONE_PAGE, .maps = true, .only = SOURCE_NODE)
TEST(test_access,
     .id = "access.rdwr",
     .asserts = "a buffer allocated O_RDWR maps for reading, for writing and for both",
     .argument = O_RDWR, .needs = ONE_PAGE, .maps = true)
TEST(test_cloexec,
     .id = "fd.cloexec",
     .asserts = "the buffer's descriptor is closed by exec when O_CLOEXEC was asked for, and not otherwise",
     .needs = ONE_PAGE)
TEST(test_zero_fresh,
     .id = "zero.fresh",
     .asserts = "a new buffer reads zero, for every size the heap can hold",
     .needs = ONE_PAGE, .maps = true)
TEST(test_zero_reuse,
     .id = "zero.reuse",
     .asserts = "a buffer reads zero after dirty buffers were freed",
     .needs = ONE_PAGE, .maps = true)
TEST(test_mmap_rw,
     .id = "mmap.rw",
     .asserts = "what is written through a mapping is read back, also through a second mapping",
     .needs = ONE_PAGE, .maps = true)
TEST(test_two_mappings,
     .id = "mmap.two",
     .asserts = "what is written through one of two mappings is read at once through the other",
     .needs = ONE_PAGE, .maps = true)
TEST(test_partial_unmap,
     .id = "mmap.partial_unmap",
     .asserts = "munmap of one page of a mapping leaves the others as they were",
     .needs = PAGES(4), .maps = true)
TEST(test_map_beyond,
     .id = "mmap.beyond",
     .asserts = "mmap beyond the buffer's size gives EINVAL",
     .needs = ONE_PAGE, .maps = true)
TEST(test_map_private,
     .id = "mmap.private",
     .asserts = "mmap of a CMA heap's buffer with MAP_PRIVATE gives EINVAL",
     .needs = ONE_PAGE, .maps = true, .only = SOURCE_NODE)
TEST(test_protected_mmap,
     .id = "protected.mmap",
     .asserts = "mmap of a protected heap's buffer gives EINVAL",
     .needs = ONE_PAGE, .only = SOURCE_NODE)
TEST(test_socket,
     .id = "share.socket",
     .asserts = "a buffer sent over a socket is mapped after the process that made it has ended, with what it wrote",
     .needs = ONE_PAGE, .maps = true)
TEST(test_workers,
     .id = "share.processes",
     .asserts = "processes that allocate, write, check and free at the same time see only what they wrote",
     .needs = PAGES(12), .maps = true)
TEST(test_workers,
     .id = "share.threads",
     .asserts = "threads that allocate, write, check and free at the same time see only what they wrote",
     .argument = true, .needs = PAGES(12), .maps = true)
TEST(test_drm_import,
     .id = "share.drm",
     .asserts = "a DRM driver imports the buffer, SYNC still works, and exporting it again gives the same buffer",
     .needs = ONE_PAGE)
TEST(test_udmabuf,
     .id = "share.udmabuf",
     .asserts = "the buffer and a udmabuf keep their own contents while both are mapped",
     .needs = ONE_PAGE, .maps = true)
TEST(test_poll_fence,
     .id = "poll.fence",
     .asserts = "poll of a buffer with a fence waits for it: POLLIN for a writer, POLLOUT for readers and writers",
     .needs = ONE_PAGE)
TEST(test_poll,
     .id = "poll.idle",
     .asserts = "poll of a buffer without a fence gives POLLIN and POLLOUT",
     .needs = ONE_PAGE)
TEST(test_sync,
     .id = "sync.rw",
     .asserts = "DMA_BUF_IOCTL_SYNC START and END succeed for READ, WRITE and RW",
     .needs = ONE_PAGE, .since = SINCE(4, 6))
TEST(test_bad_sync,
     .id = "sync.bad_flags",
     .asserts = "DMA_BUF_IOCTL_SYNC without a direction or with an unknown flag gives EINVAL",
     .needs = ONE_PAGE, .since = SINCE(4, 6))
TEST(test_bad_sync_pointer,
     .id = "sync.bad_pointer",
     .asserts = "DMA_BUF_IOCTL_SYNC with an unreadable argument gives EFAULT",
     .needs = ONE_PAGE, .since = SINCE(4, 6))
TEST(test_sync_file,
     .id = "sync_file.rw",
     .asserts = "DMA_BUF_IOCTL_EXPORT_SYNC_FILE gives a descriptor, which IMPORT_SYNC_FILE takes",
     .needs = ONE_PAGE)
TEST(test_bad_sync_file,
     .id = "sync_file.bad",
     .asserts = "EXPORT_SYNC_FILE with wrong flags and IMPORT_SYNC_FILE of what is not a sync file give EINVAL",
     .needs = ONE_PAGE)
TEST(test_name,
     .id = "name.set",
     .asserts = "DMA_BUF_SET_NAME takes 31 bytes, and fdinfo shows the name",
     .needs = ONE_PAGE, .since = SINCE(5, 3))
TEST(test_long_name,
     .id = "name.long",
     .asserts = "DMA_BUF_SET_NAME of 32 bytes or more gives EINVAL",
     .needs = ONE_PAGE, .since = SINCE(5, 3))
TEST(test_fdinfo,
     .id = "account.fdinfo",
     .asserts = "fdinfo shows the buffer's size and exporter",
     .needs = ONE_PAGE, .since = SINCE(5, 3))
TEST(test_bufinfo,
     .id = "account.bufinfo",
     .asserts = "debugfs bufinfo has the buffer with its size and exporter, and not after close",
     .needs = ONE_PAGE, .since = SINCE(5, 3))
TEST(test_sysfs,
     .id = "account.sysfs",
     .asserts = "/sys/kernel/dmabuf/buffers has the buffer with its size and exporter, and not after close",
     .needs = ONE_PAGE)
TEST(test_bad_input,
     .id = "bad.len_zero",
     .asserts = "ALLOC with len 0 gives EINVAL",
     .argument = BAD_LEN_ZERO, .only = SOURCE_NODE)
TEST(test_bad_input,
     .id = "bad.len_max",
     .asserts = "ALLOC with a len that rounds up to 2^64 gives EINVAL",
     .argument = BAD_LEN_MAX, .only = SOURCE_NODE)
TEST(test_bad_input,
     .id = "bad.fd",
     .asserts = "ALLOC with fd not 0 on entry gives EINVAL",
     .argument = BAD_FD, .only = SOURCE_NODE)
TEST(test_bad_input,
     .id = "bad.fd_flags",
     .asserts = "ALLOC with an unknown bit in fd_flags gives EINVAL",
     .argument = BAD_FD_FLAGS, .only = SOURCE_NODE)
TEST(test_bad_input,
     .id = "bad.heap_flags",
     .asserts = "ALLOC with heap_flags not 0 gives EINVAL",
     .argument = BAD_HEAP_FLAGS, .only = SOURCE_NODE)
TEST(test_bad_input,
     .id = "bad.ioctl_number",
     .asserts = "an unknown ioctl number gives EINVAL",
     .argument = BAD_IOCTL_NUMBER, .only = SOURCE_NODE)
TEST(test_bad_input,
     .id = "bad.pointer",
     .asserts = "ALLOC with an unreadable argument gives EFAULT",
     .argument = BAD_POINTER, .only = SOURCE_NODE)
TEST(test_bad_input,
     .id = "bad.not_a_heap",
     .asserts = "ALLOC on /dev/null gives ENOTTY",
     .argument = BAD_NOT_A_HEAP, .only = SOURCE_NODE)
TEST(test_bad_buffer_ioctl,
     .id = "bad.buffer_ioctl",
     .asserts = "an unknown ioctl on a buffer gives ENOTTY",
     .needs = ONE_PAGE)
TEST(test_fd_after_failures,
     .id = "fd.after_failures",
     .asserts = "no refused call leaves a descriptor open",
     .only = SOURCE_NODE)
TEST(test_fd_after_refusals,
     .id = "fd.after_refusals",
     .asserts = "no call that a buffer refuses leaves a descriptor open",
     .needs = ONE_PAGE)
TEST(test_fd_after_efault,
     .id = "fd.after_efault",
     .asserts = "ALLOC that cannot write its answer gives EFAULT and leaves no descriptor open",
     .needs = ONE_PAGE, .only = SOURCE_NODE)
TEST(test_free_memory,
     .id = "free.memory",
     .asserts = "closing a buffer gives its memory back",
     .needs = ONE_PAGE)
TEST(test_ion_query,
     .id = "ion.query",
     .asserts = "ION's HEAP_QUERY gives the number of heaps, and a name and a unique id for each",
     .only = SOURCE_ION)
TEST(test_ion_bad_query,
     .id = "ion.bad_query",
     .asserts = "HEAP_QUERY for no heaps gives EINVAL, into unreadable memory EFAULT",
     .only = SOURCE_ION)
TEST(test_ion_old_flag,
     .id = "ion.old_flag",
     .asserts = "ION's ALLOC ignores ION_FLAG_CACHED_NEEDS_SYNC, a flag of kernels before 4.12",
     .needs = ONE_PAGE, .only = SOURCE_ION)
TEST(test_ion_handle,
     .id = "ion.handle",
     .asserts = "a handle gives descriptors by SHARE and MAP and comes back by IMPORT; freed, it is gone",
     .needs = ONE_PAGE, .only = SOURCE_LEGACY_ION)
TEST(test_ion_bad_handle,
     .id = "ion.bad_handle",
     .asserts = "SHARE, MAP and FREE of handle 0 give EINVAL, IMPORT and SYNC of what is not a buffer give EBADF or EINVAL",
     .only = SOURCE_LEGACY_ION)
TEST(test_ion_sync,
     .id = "ion.sync",
     .asserts = "ION_IOC_SYNC of a buffer succeeds",
     .needs = ONE_PAGE, .only = SOURCE_LEGACY_ION)
TEST(test_ion_custom,
     .id = "ion.custom",
     .asserts = "ION_IOC_CUSTOM with an unknown command gives ENOTTY or EINVAL",
     .only = SOURCE_LEGACY_ION)
TEST(test_ion_bad_call,
     .id = "ion.bad_len",
     .asserts = "ION's ALLOC with len 0, or one that rounds up to 0, gives EINVAL",
     .argument = ION_BAD_LEN, .only = SOURCE_ANY_ION)
TEST(test_ion_bad_call,
     .id = "ion.bad_mask",
     .asserts = "ION's ALLOC with a heap id mask that is 0, or of heaps that do not exist, gives ENODEV",
     .argument = ION_BAD_MASK, .only = SOURCE_ANY_ION)
TEST(test_ion_bad_call,
     .id = "ion.bad_number",
     .asserts = "an unknown ioctl number gives ENOTTY, one of more than ION's longest structure EINVAL",
     .argument = ION_BAD_NUMBER, .only = SOURCE_ANY_ION)
TEST(test_ion_bad_call,
     .id = "ion.bad_pointer",
     .asserts = "ION's ALLOC with an unreadable argument gives EFAULT",
     .argument = ION_BAD_POINTER, .only = SOURCE_ANY_ION)
TEST(test_ion_after_failures,
     .id = "ion.after_failures",
     .asserts = "no call that ION refuses leaves a descriptor open",
     .only = SOURCE_ANY_ION)
TEST(test_ion_after_efault,
     .id = "ion.after_efault",
     .asserts = "ION's ALLOC that cannot write its answer gives EFAULT and leaves no descriptor open",
     .needs = ONE_PAGE, .only = SOURCE_ANY_ION)
