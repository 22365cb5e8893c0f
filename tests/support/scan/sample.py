"""A small vendor tree that uses ION in most of the ways there are; docs/scan.md shows what is said of it."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "BoardConfig.mk": "TARGET_USES_ION := true\nPRODUCT_PACKAGES += libion\n",
    "gralloc/Android.bp": (
        'cc_library_shared {\n    name: "gralloc.board",\n    srcs: ["alloc.cpp"],\n    shared_libs: [\n'
        '        "liblog",\n        "libion",\n    ],\n}\n'
    ),
    "gralloc/alloc.cpp": (
        "#include <ion/ion.h>\n\n"
        "// ion_open() was called at start-up once.\n"
        "int allocate(int ion, size_t length, bool contiguous) {\n"
        "    int fd = -1;\n"
        "    unsigned mask = contiguous ? ION_HEAP_TYPE_DMA_MASK : ION_HEAP_SYSTEM_MASK;\n"
        '    if (ion_alloc_fd(ion, length, 0, mask, ION_FLAG_CACHED, &fd)) log("ion_alloc_fd failed");\n'
        "    return fd;\n}\n"
    ),
    "sepolicy/hal_graphics.te": "allow hal_graphics_allocator_default ion_device:chr_file r_file_perms;\n",
    "ueventd.rc": "/dev/ion                  0664   system   system\n/dev/dma_heap/linux,cma   0444   system   system\n",
    "camera/tables.h": "\0 ion_alloc_fd",
}


def vendor_tree(folder: Path) -> Path:
    """Write the tree."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder
