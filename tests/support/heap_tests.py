"""The heap tests by name: what each kind of heap is asked, and the defects that the scripted heap can have."""

from __future__ import annotations

from bringup.allocator.answer import Result
from bringup.allocator.plan import Plan
from bringup.outcome import Outcome
from tests.support.allocator_programs import Program

HEAPS = ("linux,cma", "protected,secure-video", "system", "vendor-secure")
MAPPING = {
    "zero.fresh", "zero.reuse", "mmap.rw", "mmap.two", "mmap.partial_unmap", "mmap.beyond", "mmap.private",
    "access.rdonly", "access.wronly", "access.rdwr", "share.socket", "share.processes",
    "share.threads", "share.udmabuf",
}  # fmt: skip
STATISTICS = {"account.fdinfo", "account.bufinfo", "account.sysfs", "name.set"}
SYNC_FILES = {"sync_file.rw", "sync_file.bad", "poll.fence"}
DEVICES = {"share.drm", "share.udmabuf", "poll.fence"}
ALLOCATING = {
    "alloc.page", "alloc.64k", "alloc.1m", "alloc.4m", "size.lseek", "sync.rw", "sync.bad_flags", "free.memory",
    "size.fstat", "size.rounding", "size.bad_lseek", "abi.older_struct", "abi.newer_struct", "abi.other_magic",
    "fd.cloexec", "fd.after_efault", "poll.idle", "sync.bad_pointer", "bad.buffer_ioctl", "name.long",
    "fd.after_refusals", "protected.mmap", "share.drm",
    *MAPPING, *STATISTICS, *SYNC_FILES,
}  # fmt: skip
REFUSING = {
    "bad.len_zero", "bad.len_max", "bad.fd", "bad.fd_flags", "bad.heap_flags", "bad.ioctl_number", "bad.pointer",
    "bad.not_a_heap", "fd.after_failures",
}  # fmt: skip
EVERY = {"open", *ALLOCATING, *REFUSING}
#: What ION alone is asked (test_ion.py).
OF_ION = {
    "ion.query", "ion.bad_query", "ion.old_flag", "ion.handle", "ion.bad_handle", "ion.sync", "ion.custom",
    "ion.bad_len", "ion.bad_mask", "ion.bad_number", "ion.bad_pointer", "ion.after_failures", "ion.after_efault",
}  # fmt: skip
CMA_ALONE = {"mmap.private"}
PROTECTED_ALONE = {"protected.mmap"}
#: What a system heap and a CMA heap are asked; the rest is skipped.
ON_SYSTEM = EVERY - CMA_ALONE - PROTECTED_ALONE
ON_CMA = EVERY - PROTECTED_ALONE


def results(program: Program, plan: Plan, fault: str = "", **options: str) -> dict[str, Result]:
    answer = program.run(plan, env={"BRINGUP_FAULT": fault, **options})
    return {one.test: one for one in answer.of(Result)}


def with_outcome(found: dict[str, Result], outcome: Outcome) -> set[str]:
    return {one for one, result in found.items() if result.outcome is outcome}


#: Defects that any heap can have: the scripted heap's name of it, the test that catches it, what that reports.
PLANTED_DEFECTS = [
    ("dirty_fresh", "zero.fresh", "a new buffer: byte 4095 of 4096 is 0x5a"),
    ("dirty_reuse", "zero.reuse", "after a dirty buffer was freed: byte 4095 of 4096 is 0x5a"),
    (
        "lost_write",
        "mmap.rw",
        "a second mapping: offset 0 holds 0x0000000000000000, 0x9e3779b97f4a7c15 was written",
    ),
    ("short_size", "size.lseek", "asked for 1048576 bytes, lseek says 1044480"),
    ("enomem", "alloc.64k", "ALLOC of 65536 bytes: ENOMEM"),
    ("closed_fd", "alloc.64k", "ALLOC gave descriptor 1000, which is not open"),
    ("sync_error", "sync.rw", "SYNC END WRITE: EIO"),
    ("sync_bad_flags", "sync.bad_flags", "SYNC with flags 0x0: expected EINVAL, got success"),
    ("len_zero", "bad.len_zero", "len 0: expected EINVAL, got ENOMEM"),
    ("len_max", "bad.len_max", "len 2^64-1: expected EINVAL, got ENOMEM"),
    ("fd", "bad.fd", "fd 1: expected EINVAL, got success"),
    ("fd_flags", "bad.fd_flags", "fd_flags with O_NONBLOCK: expected EINVAL, got success"),
    ("heap_flags", "bad.heap_flags", "heap_flags 1: expected EINVAL, got success"),
    ("ioctl_number", "bad.ioctl_number", "ioctl number 1: expected EINVAL, got ENOTTY"),
    ("pointer", "bad.pointer", "an unreadable argument: expected EFAULT, got EINVAL"),
    ("not_a_heap", "bad.not_a_heap", "ALLOC on /dev/null: expected ENOTTY, got EINVAL"),
    ("leak_fd", "fd.after_failures", "len 0: "),
    (
        "leak_memory",
        "free.memory",
        "64 times 1048576 bytes were allocated and closed: 134217728 bytes free before, ",
    ),
    ("fstat_size", "size.fstat", "asked for 4096 bytes, st_size is 4097"),
    ("not_rounded", "size.rounding", "asked for 4097 bytes: expected 8192, lseek says 4097"),
    ("bad_lseek", "size.bad_lseek", "lseek SEEK_SET 1: expected EINVAL, got success"),
    ("older_struct", "abi.older_struct", "ALLOC as 0xc0104800: EINVAL"),
    ("newer_struct", "abi.newer_struct", "ALLOC as 0xc0304800: EINVAL"),
    ("other_magic", "abi.other_magic", "ALLOC as 0xc0184900: ENOTTY"),
    ("access_rdonly", "access.rdonly", "fd_flags O_RDONLY, mmap PROT_WRITE: expected EACCES, got success"),
    ("access_wronly", "access.wronly", "fd_flags O_WRONLY, mmap PROT_READ: expected EACCES, got success"),
    ("access_rdwr", "access.rdwr", "fd_flags O_RDWR, mmap PROT_WRITE: expected success, got EACCES"),
    ("cloexec", "fd.cloexec", "without O_CLOEXEC: the descriptor has FD_CLOEXEC set"),
    ("open_after_exec", "fd.cloexec", "with O_CLOEXEC: after exec the descriptor is still open"),
    ("leak_on_refusal", "fd.after_refusals", "EXPORT_SYNC_FILE that cannot write its answer: "),
    (
        "incoherent",
        "mmap.two",
        "offset 0: 0x2222222222222222 was written through one mapping, the other reads 0x1111111111111111",
    ),
    (
        "partial_unmap",
        "mmap.partial_unmap",
        "after munmap of the second page of four: offset 8192 holds 0x0000000000000000, not 0x0303030303030303",
    ),
    (
        "map_beyond",
        "mmap.beyond",
        "mmap of 8192 bytes at offset 0 of a buffer of one page: expected EINVAL, got success",
    ),
    (
        "share_lost",
        "share.socket",
        "the other process wrote 0x6272696e67757021, offset 0 holds 0x0000000000000000",
    ),
    ("cross_talk", "share.processes", "seed 1, worker "),
    ("cross_talk_of_threads", "share.threads", "seed 1, worker "),
    ("stays_counted", "share.processes", "seed 1, "),
    ("stays_counted_of_threads", "share.threads", "seed 1, "),
    ("threads_leak", "share.threads", "seed 1, "),
    ("vgem_refuses", "share.drm", "vgem does not import the buffer: EINVAL"),
    ("other_comes_back", "share.drm", "vgem: PRIME_HANDLE_TO_FD gives inode "),
    ("udmabuf_private", "share.udmabuf", "offset 0: the udmabuf's memory holds 0x0000000000000000, "),
    ("fence_forgotten", "poll.fence", "poll of a buffer that is read from gives 0x5, not 0x1"),
    ("poll", "poll.idle", "poll of an idle buffer gives 0x4, not POLLIN|POLLOUT"),
    (
        "sync_pointer",
        "sync.bad_pointer",
        "SYNC with an unreadable argument: expected EFAULT, got EINVAL",
    ),
    ("buffer_ioctl", "bad.buffer_ioctl", "an unknown ioctl on a buffer: expected ENOTTY, got EINVAL"),
    ("sync_file_import", "sync_file.rw", "IMPORT_SYNC_FILE of what EXPORT gave, with flags 1: EIO"),
    ("sync_file_flags", "sync_file.bad", "EXPORT_SYNC_FILE with flags 0x0: expected EINVAL, got success"),
    ("name_lost", "name.set", "the buffer was named bringup; fdinfo does not say so"),
    ("long_name", "name.long", "SET_NAME of 32 bytes: expected EINVAL, got success"),
    ("fdinfo_size", "account.fdinfo", "fdinfo: size 8192, the buffer has 4096"),
    (
        "bufinfo_stays",
        "account.bufinfo",
        "/sys/kernel/debug/dma_buf/bufinfo: the buffer is still there 2000 ms after close",
    ),
    (
        "sysfs_exporter",
        "account.sysfs",
        "/sys/kernel/dmabuf/buffers: the exporter is other, not system",
    ),
]


#: What is about /dev/dma_heap's own ALLOC.
NODE_ALONE = {
    "abi.older_struct", "abi.newer_struct", "abi.other_magic", "access.rdonly", "access.wronly", "mmap.private",
    "bad.len_zero", "bad.len_max", "bad.fd", "bad.fd_flags", "bad.heap_flags", "bad.ioctl_number", "bad.pointer",
    "bad.not_a_heap", "fd.after_failures", "fd.after_efault", "protected.mmap",
}  # fmt: skip
BOTH = {
    "ion.bad_len", "ion.bad_mask", "ion.bad_number", "ion.bad_pointer", "ion.after_failures", "ion.after_efault",
}  # fmt: skip
SINCE_4_12 = {"ion.query", "ion.bad_query", "ion.old_flag"}
BEFORE_4_12 = {"ion.handle", "ion.bad_handle", "ion.sync", "ion.custom"}
ION_TESTS = BOTH | SINCE_4_12 | BEFORE_4_12
ON_ION = EVERY - NODE_ALONE | BOTH | SINCE_4_12
ON_LEGACY = EVERY - NODE_ALONE | BOTH | BEFORE_4_12
#: What buffers have had since 5.3 and since 4.6.
SINCE_5_3 = {"size.fstat", "name.set", "name.long", "account.fdinfo", "account.bufinfo"}
SINCE_4_6 = {"sync.rw", "sync.bad_flags", "sync.bad_pointer"}
