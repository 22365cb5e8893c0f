"""What stands in public vendor trees, in small: each of these was missed, or told wrongly, in one of them (docs/scan.md)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from bringup.config.shipped import find_config
from bringup.scan.document import Hit
from bringup.scan.tree import scan_tree


def scanned(folder: Path, files: Mapping[str, str], board: str | None = None) -> list[Hit]:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return list(scan_tree(folder, board=find_config(board) if board else None).hits)


def lines(hits: list[Hit]) -> list[tuple[int, str]]:
    return [(hit.line, hit.word) for hit in hits]


PROTECTED = ("ION_FLAG_SECURE", "ION_FLAG_PROTECTED", "ION_FLAG_CP_PIXEL", "ION_SECURE_HEAP_ID", "EXYNOS_ION_HEAP_VIDEO_FRAME_MASK", "ION_HEAP_MULTIMEDIA_SEC_MASK")  # fmt: skip


@pytest.mark.parametrize("word", PROTECTED)
@pytest.mark.parametrize("board", [None, "pixel6pro", "vim3"])
def test_protected_memory_is_never_sent_to_an_unprotected_heap(word: str, board: str | None, tmp_path: Path) -> None:
    call = f"ion_alloc_fd(fd, n, 0, ION_HEAP_SYSTEM_MASK, ION_FLAG_CACHED | {word}, &out);\n"
    hits = scanned(tmp_path, {"a.cpp": call}, board)
    assert {hit.word for hit in hits} == {"ion_alloc_fd", "ION_HEAP_SYSTEM_MASK", "ION_FLAG_CACHED", word}
    for hit in hits:
        assert hit.heap not in ("system", "system-uncached")
        assert not any(
            line.startswith(("system:", "system,", "system-uncached")) for line in hit.replacement.splitlines()
        )


def test_the_protected_heaps_of_a_board_are_named(tmp_path: Path) -> None:
    (hit,) = scanned(tmp_path, {"a.cpp": "flags |= ION_FLAG_PROTECTED;\n"}, "pixel6pro")
    assert {"vframe-secure", "vstream-secure"} <= set((hit.heap or "").split(", "))
    assert all("secure" in name for name in (hit.heap or "").split(", "))
    assert "vim3 names no heap" in scanned(tmp_path, {}, "vim3")[0].replacement


@pytest.mark.parametrize("board", [None, "vim3", "virtual-arm64-5.10", "pixel6pro"])
@pytest.mark.parametrize("flags", ["0", "0u", "ION_FLAG_NOZEROED"])
def test_uncached_memory_is_never_sent_to_the_cached_heap(board: str | None, flags: str, tmp_path: Path) -> None:
    hits = scanned(tmp_path, {"a.c": f"ion_alloc_fd(fd, n, 0, ION_HEAP_SYSTEM_MASK, {flags}, &out);\n"}, board)
    assert hits
    for hit in hits:
        assert hit.heap != "system"
        assert "(cached)" not in hit.replacement
        assert not any(line.startswith("system:") for line in hit.replacement.splitlines())


def test_a_board_without_an_uncached_heap_says_so(tmp_path: Path) -> None:
    call = "ion_alloc_fd(fd, n, 0, ION_HEAP_SYSTEM_MASK, 0, &out);\n"
    hit = next(one for one in scanned(tmp_path, {"a.c": call}, "virtual-arm64-5.10") if one.rule == "ion.heap")
    assert "virtual-arm64-5.10 names no heap that replaces ION_HEAP_SYSTEM_MASK" in hit.replacement
    (uncached,) = (one for one in scanned(tmp_path, {}, "pixel6pro") if one.rule == "ion.heap")
    assert uncached.heap == "system-uncached"


@pytest.mark.parametrize("board", [None, "vim3", "pixel6pro"])
@pytest.mark.parametrize(("flags", "words"), [("0", "is uncached"), ("ION_FLAG_CACHED", "is cached")])
def test_a_call_whose_mask_is_not_written_names_no_heap(
    flags: str, words: str, board: str | None, tmp_path: Path
) -> None:
    call = f"ret = ion_alloc_fd(client, size, 0, 1 << m->cma_heap_id, {flags}, &fd);\n"
    (hit,) = (hit for hit in scanned(tmp_path, {"a.cpp": call}, board) if hit.word == "ion_alloc_fd")
    assert (hit.heap, hit.replacement.splitlines()[-1].startswith("this call: the heap that replaces its mask")) == (
        None,
        True,
    )
    assert words in hit.replacement.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("a.c", "unsigned heap_id_mask = 0;\nheap_id_mask |= 1;\nreturn heap_id_mask;\n", []),
        ("a.c", "d.heap_id_mask = 1;\np->heap_id_mask = 1;\n", ["heap_id_mask", "heap_id_mask"]),
        ("a.c", "int f(void)\n{\n\tunsigned int heap_id_mask;\n\treturn 0;\n}\n", []),
        ("a.h", "#ifndef EXYNOS_ION_UTILS_H\n#define EXYNOS_ION_UTILS_H\nEXYNOS_ION_X;\n#endif\n", ["EXYNOS_ION_X"]),
        ("a.h", "struct d {\n\t__u32 heap_id_mask;\n};\n", ["heap_id_mask"]),
        ("a.h", "struct e {\n\tunion {\n\t\tint a;\n\t} u;\n\tu32 heap_id_mask;\n};\n", ["heap_id_mask"]),
        ("a.c", "unsigned int ion_heap_id;\nion_heap_type = 1;\n", []),
        ("a.c", "enum ion_heap_id id;\nenum ion_heap_type type;\n", ["ion_heap_id", "ion_heap_type"]),
        ("a.c", "static int ion_mmap(int fd) { return fd; }\nion_mmap(1);\n", []),
        ("a.cc", '#include "third_party/libion_mtk/ion.h"\n#include "x/ion.h"\n', ["third_party/libion_mtk/ion.h"]),
        ("a.mk", "LOCAL_SHARED_LIBRARIES := libion.vndk-sp\nSRC := $(X)/ion.h\n", ["libion.vndk-sp"]),
        ("BUILD", 'hdrs = ["linux/ion_drv.h", "x/ion.h"]\n', ["linux/ion_drv.h"]),
    ],
)
def test_names_that_are_also_variables_or_ends_of_paths(name: str, text: str, words: list[str], tmp_path: Path) -> None:
    assert [hit.word for hit in scanned(tmp_path, {name: text})] == words


def test_each_id_of_a_vendor_is_told_by_itself(tmp_path: Path) -> None:
    text = (
        "#define A ION_CP_MM_HEAP_ID\n"
        "unsigned b = ION_HEAP(ION_ADSP_HEAP_ID) | ION_HEAP(ION_SYSTEM_HEAP_ID);\n"
        "unsigned c = 1 << ION_IOMMU_HEAP_ID, d = ION_HEAP(A);\n"
    )
    hits = scanned(tmp_path, {"a.h": text, "Android.mk": "LOCAL_CFLAGS += -DHEAP=ION_IOMMU_HEAP_ID\n"})
    assert {hit.word: hit.heap for hit in hits} == {
        "ION_CP_MM_HEAP_ID": "protected",
        "ION_ADSP_HEAP_ID": "qcom,adsp",
        "ION_SYSTEM_HEAP_ID": "qcom,system",
        "ION_IOMMU_HEAP_ID": None,
        "ION_HEAP(A)": None,
    }
    assert all(hit.replacement.startswith(f"for {hit.word}:") for hit in hits)
    assert [hit.path for hit in hits if hit.word == "ION_IOMMU_HEAP_ID"] == ["Android.mk", "a.h"]


def test_modules_of_ion(tmp_path: Path) -> None:
    hits = scanned(
        tmp_path,
        {
            "BoardConfig.mk": "MODULES += \\\n    $(OUT)/ion/ion-alloc.ko \\\n    $(OUT)/heaps/ion_sys_heap.ko \\\n    $(OUT)/mmc_core.ko\n",
            "modules.load": "kernel/drivers/staging/android/ion/heaps/ion_cma_heap.ko\nregion.ko\n",
            "modules.blocklist": "blocklist ion_cma_heap\n",
        },
    )
    assert [(hit.path, hit.line, hit.rule) for hit in hits] == [
        ("BoardConfig.mk", 2, "ion.module"),
        ("BoardConfig.mk", 3, "ion.module"),
        ("modules.blocklist", 1, "ion.module"),
        ("modules.load", 1, "ion.module"),
    ]
    assert "CONFIG_DMABUF_HEAPS=y" in hits[0].replacement
    assert "system_heap.ko" in hits[1].replacement
    assert "cma_heap.ko" in hits[2].replacement


def test_libion_by_dlopen(tmp_path: Path) -> None:
    text = (
        'h = dlopen("/vendor/lib/libion.so", RTLD_NOW);\nopen = dlsym(h, "ion_open");\nmt = dlsym(h, "mt_ion_open");\n'
        'puts("ion_open failed");\n'
    )
    hits = scanned(tmp_path, {"a.cc": text})
    assert lines(hits) == [(1, "/vendor/lib/libion.so"), (2, "ion_open"), (3, "mt_ion_open")]
    assert all("libdmabufheap" in hit.replacement for hit in hits)
    assert scanned(tmp_path, {"a.cc": 'tag = "ion_open";\n'}) == []


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        (
            "BoardConfig.mk",
            "TARGET_USES_ION := true\nUSE_ION_ALLOCATOR := true\n",
            ["TARGET_USES_ION", "USE_ION_ALLOCATOR"],
        ),
        ("Android.mk", "LOCAL_CFLAGS += -DUSE_ION -DTARGET_ION_ABI_VERSION=2\n", ["USE_ION", "TARGET_ION_ABI_VERSION"]),
        ("Android.bp", 'd { cflags: ["-DGRALLOC_USE_ION_DMA_HEAP=1"], }\n', ["GRALLOC_USE_ION_DMA_HEAP"]),
        ("a.c", "#if defined(USE_ION)\nint USE_ION_IN_CODE;\n#endif\n", ["USE_ION"]),
    ],
)
def test_switches_of_the_build(name: str, text: str, words: list[str], tmp_path: Path) -> None:
    hits = scanned(tmp_path, {name: text})
    assert [hit.word for hit in hits] == words
    assert {hit.rule for hit in hits} == {"ion.switch"}


def test_a_word_that_only_has_the_form_of_a_switch_counts_where_the_tree_uses_ion(tmp_path: Path) -> None:
    files = {"configure.ac": "AC_ARG_ENABLE([target-uses-ion])\n"}
    assert scanned(tmp_path, files) == []
    assert "target-uses-ion" in [hit.word for hit in scanned(tmp_path, {"a.mk": "LIBS := libion\n"})]


COMPATIBLES = ("rockchip,ion", "mediatek,ion", "amlogic, ion_dev", "hisilicon,hi6220-ion", "samsung,exynos5430-ion", "sprd,ion", "fsl,mxc-ion", "allwinner,sunxi-ion", "qcom,msm-ion", "renesas,ion-rcar-heap")  # fmt: skip


@pytest.mark.parametrize("compatible", COMPATIBLES)
def test_device_trees_of_vendors(compatible: str, tmp_path: Path) -> None:
    text = (
        f'/ {{ a {{ compatible = "{compatible}"; }}; b {{ compatible = "pensando,ionic"; c = "lithium-ion"; }}; }};\n'
    )
    hits = scanned(tmp_path, {"a.dts": text})
    assert [(hit.word, hit.rule, hit.side) for hit in hits] == [(compatible, "ion.devicetree", "kernel")]


HEAP_CODE = 'int fd = open("/dev/dma_heap/system", O_RDONLY);\n'
ION_CODE = 'int fd = open("/dev/ion", O_RDONLY);\n'


def test_what_has_moved_is_told_apart(tmp_path: Path) -> None:
    hits = scanned(
        tmp_path,
        {
            "both.c": f"#if NEW\n{HEAP_CODE}#else\n{ION_CODE}#endif\n",
            "kernel.c": '#if HEAPS\nheap = dma_heap_find("qcom,system");\n#else\nion_alloc(n, 1, 0);\n#endif\n',
            "map.cpp": 'a.MapNameToIonHeap("system", "ion_system_heap");\n',
            "alone.c": ION_CODE,
            "comment.c": f"// {HEAP_CODE}{ION_CODE}",
            "disabled.c": f"#if 0\n{HEAP_CODE}#endif\n{ION_CODE}",
        },
    )
    left = {hit.path for hit in hits if hit.status == "to do"}
    assert left == {"alone.c", "comment.c", "disabled.c"}
    assert {hit.status for hit in hits if hit.path not in left} == {"way back"}


def test_stores_of_codec2(tmp_path: Path) -> None:
    hits = scanned(
        tmp_path,
        {
            "store.cpp": "C2StoreIonUsageInfo a;\nC2HandleIon* b;\n",
            "both.cpp": "C2StoreIonUsageInfo a;\nC2StoreDmaBufUsageInfo b;\n",
        },
    )
    assert [(hit.path, hit.line, hit.status) for hit in hits] == [
        ("both.cpp", 1, "way back"),
        ("store.cpp", 1, "to do"),
        ("store.cpp", 2, "to do"),
    ]
    assert "C2StoreDmaBufUsageInfo" in hits[1].replacement


def test_sepolicy_that_is_frozen_moved_or_to_do(tmp_path: Path) -> None:
    allow = "allow hal_a ion_device:chr_file rw_file_perms;\n"
    hits = scanned(
        tmp_path,
        {
            "prebuilts/api/30.0/public/a.te": allow,
            "public/a.te": f"{allow}allow hal_a dmabuf_system_heap_device:chr_file r_file_perms;\n",
            "public/b.te": f"{allow}allow hal_b dmabuf_system_heap_device:chr_file r_file_perms;\n",
            "public/ioctl_defines": "define(`ION_IOC_ALLOC', `0xc0204900')\n",
            "private/compat/30.0.cil": "(typeattributeset ion_device_30_0 (ion_device)) ; ion_device\n",
            "vendor/file_contexts": "/dev/dmabuf_vendor u:object_r:ion_device:s0\n",
        },
    )
    assert {hit.path: hit.status for hit in hits} == {
        "prebuilts/api/30.0/public/a.te": "frozen",
        "public/a.te": "moved",
        "public/b.te": "to do",
        "public/ioctl_defines": "to do",
        "private/compat/30.0.cil": "to do",
        "vendor/file_contexts": "to do",
    }
    (node,) = (hit for hit in hits if hit.path == "vendor/file_contexts")
    assert "allow DOMAIN" not in node.replacement
    assert "/dev/dmabuf_vendor" in node.replacement


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("dump.cpp", 'Dump("/d/ion/buffers");'),
        ("dump.cpp", 'Run("sh -c cat /sys/kernel/debug/ion/heaps/system");'),
        ("dump.cpp", 'ReadFile("/sys/kernel/ion/total_heaps_kb");'),
        ("init.rc", "    chown system system /sys/kernel/debug/ion"),
        ("init.rc", "    write /sys/kernel/tracing/events/ion/ion_stat/enable 1"),
        ("genfs_contexts", "genfscon tracefs /events/ion/ion_stat/ u:object_r:debugfs_tracing:s0"),
        ("M.java", "long kb = android.os.Debug.getIonHeapsSizeKb();"),
    ],
)
def test_where_ion_shows_its_state(name: str, text: str, tmp_path: Path) -> None:
    (hit,) = scanned(tmp_path, {name: f"{text}\n"})
    assert hit.rule == "ion.sysfs"
    assert "/sys/kernel/dmabuf/buffers" in hit.replacement


@pytest.mark.parametrize(
    ("name", "text", "words", "near"),
    [
        ("BUILD.bazel", 'cc_library(linkopts = ["-lion"])\n', ["libion"], '# ["-lion"]\nx = "million"\n'),
        ("m.rs", 'let f = File::open("/dev/ion")?;\n', ["/dev/ion"], '// "/dev/ion"\nlet ionic = "/dev/ionic";\n'),
        (
            "v.py",
            'X = iowr(ion_fd_data)\nos.open("/dev/ion")\n',
            ["ion_fd_data", "/dev/ion"],
            '# "/dev/ion"\nx = ion_fd\n',
        ),
        ("init.sh", "chmod 0666 /dev/ion\n", ["/dev/ion"], "# chmod /dev/ion\nchmod 0666 /dev/ionic\n"),
        ("meson.build", "ion = cc.find_library('ion')\n", ["ion"], "# find_library('ion')\nfind_library('ionice')\n"),
        (
            "m.xml",
            '<project path="system/memory/libion"/>\n',
            ["system/memory/libion"],
            '<!-- "system/memory/libion" -->\n',
        ),
        ("wscript", 'check(fragment="#include <linux/ion.h>")\n', ["linux/ion.h"], "# <linux/ion.h>\n"),
        ("x.bb", 'DEPENDS += "libion"\n', ["libion"], '# "libion"\nDEPENDS += "libionic"\n'),
        ("A.kt", 'System.loadLibrary("x"); open("/dev/ion")\n', ["/dev/ion"], "// /dev/ion\n"),
        ("configure.ac", "AC_CHECK_LIB([ion], [ion_open])\n", ["ion", "ion_open"], "dnl ion_open\n"),
    ],
)
def test_other_languages(name: str, text: str, words: list[str], near: str, tmp_path: Path) -> None:
    assert [hit.word for hit in scanned(tmp_path / "a", {name: text})] == words
    assert scanned(tmp_path / "b", {name: near}) == []


def test_ions_own_code(tmp_path: Path) -> None:
    hits = scanned(
        tmp_path,
        {
            "drivers/staging/android/Kconfig": 'source "drivers/staging/android/ion/Kconfig"\n',
            "drivers/staging/android/Makefile": "obj-y += ion/\n",
            "drivers/staging/android/ion/ion.c": "int ion_free(void) { return 0; }\nEXPORT_SYMBOL(ion_device_create);\n",
            "headers/linux/ion.h": "struct ion_allocation_data { int x; };\n#define ION_IOC_ALLOC 1\n",
            "memory/libion/Android.bp": 'cc_library { name: "libion", }\n',
            "memory/libion/ion.c": "int ion_alloc_fd(int fd) { return ioctl(fd, ION_IOC_ALLOC); }\n",
        },
    )
    itself = {hit.path for hit in hits if hit.status == "ION itself"}
    assert itself == {
        "drivers/staging/android/ion/ion.c",
        "headers/linux/ion.h",
        "memory/libion/Android.bp",
        "memory/libion/ion.c",
    }
    assert {hit.path for hit in hits if hit.status == "to do"} == {
        "drivers/staging/android/Kconfig",
        "drivers/staging/android/Makefile",
    }


def test_an_ion_heap_that_is_called_as_a_cma_heap(tmp_path: Path) -> None:
    text = '#define CMA "linux,cma"\nvoid f(struct ion_heap_data* d) { strcmp(d->name, CMA); }\n'
    hit = scanned(tmp_path, {"a.cpp": text})[0]
    assert (hit.word, hit.rule, hit.ion, hit.heap) == ("linux,cma", "ion.heap-name", True, "cma")
    (other,) = scanned(tmp_path / "b", {"a.cpp": '#define CMA "linux,cma"\n'})
    assert (other.rule, other.ion) == ("heap.cma-name", False)


def test_a_byte_order_mark(tmp_path: Path) -> None:
    (hit,) = scanned(tmp_path, {"a.cpp": "\ufeff#include <ion/ion.h>\n"})
    assert (hit.line, hit.word) == (1, "ion/ion.h")


def test_a_message_is_not_a_use(tmp_path: Path) -> None:
    text = 'int fd = open("/dev/ion", O_RDONLY);\nputs("failed to open /dev/ion");\nputs("no /sys/kernel/debug/ion here");\n'
    assert lines(scanned(tmp_path, {"a.c": text})) == [(1, "/dev/ion")]


@pytest.mark.parametrize(
    ("flag", "heap", "words"),
    [
        ("ION_FLAG_CACHED_NEEDS_SYNC", None, "CpuSyncStart"),
        ("ION_FLAG_NOZEROED", None, "zeroed"),
        ("ION_FLAG_SYNC_FORCE", None, "drop it"),
        ("ION_FLAG_FORCE_CONTIGUOUS", "cma", "CMA heap"),
        ("ION_FLAG_ALLOW_NON_CONTIG", None, "drop it"),
        ("ION_HEAP_FLAG_DEFER_FREE", None, "nothing"),
    ],
)
def test_flags_that_are_not_about_caching(flag: str, heap: str | None, words: str, tmp_path: Path) -> None:
    (hit,) = scanned(tmp_path, {"a.c": f"unsigned f = {flag};\n"})
    assert hit.heap == heap
    assert words in hit.replacement
    assert "system" not in hit.replacement


def test_protected_heaps_by_older_names(tmp_path: Path) -> None:
    text = '#define A "/dev/dma_heap/sdp"\n#define B "/dev/dma_heap/restricted,secure-video"\n#define C "/dev/dma_heap/sdpx"\n'
    hits = scanned(tmp_path, {"a.h": text})
    assert [(hit.line, hit.rule, hit.ion) for hit in hits] == [
        (1, "heap.protected-name", False),
        (2, "heap.protected-name", False),
    ]
    assert all("protected,secure-video" in hit.replacement for hit in hits)


def test_kernel_code_gets_the_functions_of_the_kernel(tmp_path: Path) -> None:
    text = "#include <linux/slab.h>\nh = ion_alloc(client, n, 0, ION_HEAP(ION_SYSTEM_HEAP_ID), 0);\nion_map_kernel(client, h);\nion_sync_fd(a, b);\n"
    hits = scanned(tmp_path, {"a.c": text, "b.c": text.partition("\n")[2]})
    kernel = [hit for hit in hits if hit.path == "a.c"]
    assert {hit.side for hit in kernel} == {"kernel"}
    assert all("BufferAllocator" not in hit.replacement and "mmap" not in hit.replacement for hit in kernel)
    assert any("dma_heap_buffer_alloc" in hit.replacement for hit in kernel)
    assert any("dma_buf_begin_cpu_access" in hit.replacement for hit in kernel)
    assert any("BufferAllocator" in hit.replacement for hit in hits if hit.path == "b.c")


def test_a_header_of_a_driver_is_known_by_the_client_that_it_names(tmp_path: Path) -> None:
    text = "#include <linux/msm_ion.h>\nint a({} *client, struct ion_handle **handle);\n"
    files = {"a.h": text.format("struct ion_client"), "b.h": text.format("int")}
    assert {hit.path: hit.side for hit in scanned(tmp_path, files)} == {"a.h": "kernel", "b.h": "user"}


def test_names_that_the_tree_has_of_its_own(tmp_path: Path) -> None:
    assert scanned(tmp_path, {"lib/ion.h": "int x;\n", "lib/ion.c": '#include "ion.h"\nint ion_free(int a) { return a; }\n', "use.c": "#include <lib/ion.h>\nion_free(1);\n"}) == []  # fmt: skip
    assert lines(scanned(tmp_path / "b", {"use.c": '#include "ion.h"\nion_free(1);\n'})) == [
        (1, "ion.h"),
        (2, "ion_free"),
    ]


def test_a_wrapper_of_a_function_of_ion_is_not_ions(tmp_path: Path) -> None:
    text = "void *Codec::ion_map(int fd, int len) { return 0; }\nvoid f() { ion_map(1, 2); a->ion_free(b); }\nION_IOC_FREE;\n"
    assert lines(scanned(tmp_path, {"a.cpp": text})) == [(3, "ION_IOC_FREE")]
