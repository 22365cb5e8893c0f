"""ION's own interface, the one of 4.12 and the one before."""

from __future__ import annotations

from bringup.checks.heaptests.heap_test_notes import ION, HeapTestNotes

_LIBION = "AOSP system/memory/libion: ion.c"
_LEGACY = "ion.c of Linux 3.18 to 4.9, libion's header linux/ion.h; the test has not met hardware of that age"
_SINCE = "4.12 to 5.10 in mainline's staging tree, and vendors' kernels"
_SINCE_LEGACY = "before 4.12: vendors' kernels and Android's 3.18 to 4.9"
_SINCE_ANY = "up to 5.10 in mainline's staging tree, and vendors' kernels"
_MOVING = "ION is what a heap has to replace: where ION itself fails, a difference is not the heap's fault."

TESTS = (
    HeapTestNotes(
        id="ion.query",
        does="Asks how many heaps there are, then for all with room for more, then with room for one: names "
        "that end, ids below 32 and different, nothing written behind the room that was given.",
        why="libion finds a heap by its name with this call, and libdmabufheap of Android 12 ends the program "
        "where it fails. Two heaps of one id are one heap to every program.",
        source=f"{ION}: ion_query_heaps; {_LIBION}",
        since=_SINCE,
        look="Two heaps of one id, or a name without an end: the board's ION heaps, as its driver or device "
        "tree lists them.",
    ),
    HeapTestNotes(
        id="ion.bad_query",
        does="Calls HEAP_QUERY with a buffer for 0 heaps, and with one that cannot be written. Reserved fields "
        "that are not 0 are not tried: some kernels before 5.10 answer with a WARN, which may be set to panic.",
        why="A wrong call has to fail, and the kernel must not write where it may not.",
        source=f"{ION}: ion_query_heaps",
        since=_SINCE,
        look="drivers/staging/android/ion/ion.c of the vendor's kernel against 5.10's.",
    ),
    HeapTestNotes(
        id="ion.old_flag",
        does="Allocates a page with bit 1 added to the flags.",
        why="Programs of the older interface still send the flag; libdmabufheap's tests ask that it is ignored.",
        source=f"{ION}: ion_alloc looks at no flag but ION_FLAG_CACHED; AOSP libdmabufheap: AllocateCachedNeedsSync",
        since=_SINCE,
        look="The vendor's heap gives bit 1 a meaning: see its flags in the vendor's ion.h.",
    ),
    HeapTestNotes(
        id="ion.handle",
        does="Allocates a handle, makes descriptors of it by SHARE and by MAP, imports each (the same handle "
        "has to come), frees the handle, and frees it once more: EINVAL.",
        why="In the older interface a buffer is a handle of one client and crosses processes as a descriptor "
        "only. A handle that outlives FREE is a leak, one that another gets is another's buffer.",
        source=_LEGACY,
        since=_SINCE_LEGACY,
        look="The vendor's ion.c: the reference counts of handles.",
    ),
    HeapTestNotes(
        id="ion.bad_handle",
        does="Calls SHARE, MAP and FREE with handle 0; IMPORT and SYNC with descriptor -1 (EBADF) and with "
        "/dev/null (EINVAL).",
        why="libion frees handle 0 to find out which interface the kernel has: EINVAL is “the older one”. "
        "Another errno makes it speak the wrong one.",
        source=f"{_LEGACY}; {_LIBION}: ion_is_legacy",
        since=_SINCE_LEGACY,
        look="bringup took the interface for the older one, by the same call: see the kernel's version and the "
        "vendor's ion.c.",
    ),
    HeapTestNotes(
        id="ion.sync",
        does="Calls ION_IOC_SYNC on a page's buffer.",
        why="The older interface's only cache maintenance; DMA_BUF_IOCTL_SYNC came with 4.6.",
        source=_LEGACY,
        since=_SINCE_LEGACY,
        look="The vendor's ion.c: what its ION_IOC_SYNC does with a buffer of this heap.",
    ),
    HeapTestNotes(
        id="ion.custom",
        does="Calls ION_IOC_CUSTOM with command 0xffffffff.",
        why="Vendors hung their own calls here. One that answers to anything does something to memory that "
        "nobody asked for.",
        source=_LEGACY,
        since=_SINCE_LEGACY,
        look="The vendor's custom_ioctl: what it does for an unknown command.",
    ),
    HeapTestNotes(
        id="ion.bad_len",
        does="Asks for 0 bytes and for the longest len (not from a program of 32 bits with the older "
        "interface, whose longest is 4 GiB to a kernel of 64).",
        why=f"A buffer that is smaller than its user believes is somebody else's memory overwritten. {_MOVING}",
        source=f"{ION}: ion_alloc",
        since=_SINCE_ANY,
        look="The vendor's heap: PAGE_ALIGN and what comes after it.",
    ),
    HeapTestNotes(
        id="ion.bad_mask",
        does="Asks with mask 0, and with every id that no heap has.",
        why="Programs go through masks until one is there, and take ENODEV for “not this one”.",
        source=f"{ION}: ion_alloc",
        since=_SINCE_ANY,
        look="Programs that go by ENODEV take the wrong heap: the vendor's ion_alloc.",
    ),
    HeapTestNotes(
        id="ion.bad_number",
        does="Calls ioctl number 127, and one whose structure is 1024 bytes.",
        why="libion takes ENOTTY for “the interface of 4.12”, and a kernel that copies 1024 bytes into its own "
        "structure writes over its stack.",
        source=f"{ION}: ion_ioctl",
        since=_SINCE_ANY,
        look="ENOTTY for both, or success: calls that the vendor has added, in its ion_ioctl.",
    ),
    HeapTestNotes(
        id="ion.bad_pointer",
        does="Calls ALLOC with the address of a page that may not be read.",
        why="A wrong pointer from a program has to be an errno, not an oops of the kernel.",
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
        does="Puts ALLOC's structure into a page that may be read and not written, calls, and counts open "
        "descriptors before and after.",
        why="The kernel has made the buffer when it finds that it cannot return its number: nobody has a number "
        "to close.",
        source=f"{ION}: ion_ioctl, copy_to_user",
        since=_SINCE_ANY,
        look="Move the program to DMA-BUF heaps.",
    ),
)
