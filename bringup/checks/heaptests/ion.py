"""ION's own interface: that of 4.12 and later, and the older one."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import ION, HeapTestNotes

_LIBION = "AOSP system/memory/libion: ion.c"
_LEGACY = "ion.c of Linux 3.18 to 4.9, libion's header linux/ion.h; the test has not met hardware of that age"
_SINCE = "4.12 to 5.10 in mainline's staging tree, and vendors' kernels"
_SINCE_LEGACY = "before 4.12: vendors' kernels and Android's 3.18 to 4.9"
_SINCE_ANY = "up to 5.10 in mainline's staging tree, and vendors' kernels"
_MOVING = "A heap has to replace ION: where ION itself fails, a difference is not the heap's fault."

TESTS = (
    HeapTestNotes(
        id="ion.query",
        does="Asks how many heaps there are, then for all heaps with space for more, then with space for one. "
        "Names have to end, ids have to be different and below 32, and nothing may be written after the space.",
        why="libion uses this call to find a heap by its name, and libdmabufheap of Android 12 ends the program "
        "if it fails. Programs cannot distinguish two heaps with the same id.",
        source=f"{ION}: ion_query_heaps; {_LIBION}",
        since=_SINCE,
        look="Two heaps with the same id, or a name without an end: the board's ION heaps, as its driver or device "
        "tree lists them.",
    ),
    HeapTestNotes(
        id="ion.bad_query",
        does="Calls HEAP_QUERY with a buffer for 0 heaps, and with one that cannot be written. Reserved fields "
        "that are not 0 are not tried: some kernels before 5.10 answer with a WARN, which may be set to panic.",
        why="A wrong call has to fail, and the kernel must not write outside the buffer.",
        source=f"{ION}: ion_query_heaps",
        since=_SINCE,
        look="Compare drivers/staging/android/ion/ion.c of the vendor's kernel with that of 5.10.",
    ),
    HeapTestNotes(
        id="ion.old_flag",
        does="Allocates a page with bit 1 added to the flags.",
        why="Programs of the older interface still send the flag; libdmabufheap's tests expect it to be ignored.",
        source=f"{ION}: ion_alloc looks at no flag but ION_FLAG_CACHED; AOSP libdmabufheap: AllocateCachedNeedsSync",
        since=_SINCE,
        look="The vendor's heap gives bit 1 a meaning: see its flags in the vendor's ion.h.",
    ),
    HeapTestNotes(
        id="ion.handle",
        does="Allocates a handle, makes descriptors from it with SHARE and with MAP, and imports each (which "
        "has to return the same handle). Then frees the handle, and frees it once more: EINVAL.",
        why="In the older interface a buffer is a handle of one client, and is shared with other processes only "
        "as a descriptor. A handle that stays valid after FREE is a leak; a client that gets it gets another's buffer.",
        source=_LEGACY,
        since=_SINCE_LEGACY,
        look="The vendor's ion.c: the reference counts of handles.",
    ),
    HeapTestNotes(
        id="ion.bad_handle",
        does="Calls SHARE, MAP and FREE with handle 0; IMPORT and SYNC with descriptor -1 (EBADF) and with "
        "/dev/null (EINVAL).",
        why="libion frees handle 0 to find out which interface the kernel has: EINVAL means “the older one”. "
        "After another errno it uses the wrong interface.",
        source=f"{_LEGACY}; {_LIBION}: ion_is_legacy",
        since=_SINCE_LEGACY,
        look="bringup uses the same call and found the older interface: see the kernel's version and the "
        "vendor's ion.c.",
    ),
    HeapTestNotes(
        id="ion.sync",
        does="Calls ION_IOC_SYNC on a buffer of one page.",
        why="The older interface's only cache maintenance; DMA_BUF_IOCTL_SYNC came with 4.6.",
        source=_LEGACY,
        since=_SINCE_LEGACY,
        look="The vendor's ion.c: what its ION_IOC_SYNC does with a buffer of this heap.",
    ),
    HeapTestNotes(
        id="ion.custom",
        does="Calls ION_IOC_CUSTOM with command 0xffffffff.",
        why="Vendors added their own calls here. A driver that accepts any command may change memory that nobody "
        "asked it to change.",
        source=_LEGACY,
        since=_SINCE_LEGACY,
        look="The vendor's custom_ioctl: what it does for an unknown command.",
    ),
    HeapTestNotes(
        id="ion.bad_len",
        does="Asks for 0 bytes and for the largest len. A 32-bit program with the older interface leaves out the "
        "largest: to a 64-bit kernel it is only 4 GiB.",
        why=f"The user of a buffer that is too small overwrites other memory. {_MOVING}",
        source=f"{ION}: ion_alloc",
        since=_SINCE_ANY,
        look="The vendor's heap: PAGE_ALIGN and the checks after it.",
    ),
    HeapTestNotes(
        id="ion.bad_mask",
        does="Asks with mask 0, and with a mask of all ids that no heap has.",
        why="Programs try masks until a heap is there, and read ENODEV as “not this one”.",
        source=f"{ION}: ion_alloc",
        since=_SINCE_ANY,
        look="The vendor's ion_alloc. Programs that rely on ENODEV use the wrong heap.",
    ),
    HeapTestNotes(
        id="ion.bad_number",
        does="Calls ioctl number 127, and one whose structure is 1024 bytes.",
        why="libion reads ENOTTY as “the interface of 4.12”. A kernel that copies 1024 bytes into its own "
        "structure overwrites its stack.",
        source=f"{ION}: ion_ioctl",
        since=_SINCE_ANY,
        look="ENOTTY for both, or success: the vendor's ion_ioctl, and the calls that it adds.",
    ),
    HeapTestNotes(
        id="ion.bad_pointer",
        does="Calls ALLOC with the address of a page that cannot be read.",
        why="A wrong pointer from a program has to give an errno, not a kernel oops.",
        source=f"{ION}: ion_ioctl, copy_from_user",
        since=_SINCE_ANY,
        look="An oops in the kernel's log: the driver reads the argument without copy_from_user.",
    ),
    HeapTestNotes(
        id="ion.after_failures",
        does="Makes every call of ion.bad_len, _mask, _number and _pointer, and counts open descriptors before "
        "and after each.",
        why=f"Every descriptor that leaks keeps its buffer until the process ends. {_MOVING}",
        source=f"{ION}: the descriptor is taken last",
        since=_SINCE_ANY,
        look="The evidence names the call.",
    ),
    HeapTestNotes(
        id="ion.after_efault",
        does="Puts ALLOC's structure into a page that can be read but not written, calls ALLOC, and counts open "
        "descriptors before and after.",
        why="The kernel finds out only after it made the buffer that it cannot return the descriptor: so nobody "
        "can close it.",
        source=f"{ION}: ion_ioctl, copy_to_user",
        since=_SINCE_ANY,
        look="Move the program to DMA-BUF heaps.",
    ),
)
