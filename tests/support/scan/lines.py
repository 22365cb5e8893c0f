"""For each rule a line that is a hit and lines that are none, each in a file of that name."""

from __future__ import annotations

#: rule → file, a line that hits, lines in the same file that do not
LINES: dict[str, tuple[tuple[str, str, tuple[str, ...]], ...]] = {
    "ion.device": (
        ("a.c", 'fd = open("/dev/ion", O_RDONLY);', ('open("/dev/ionic")', 'open("/dev/ion_test")', "// /dev/ion", "a/dev/ion")),
        ("a.mk", "DEVICE := /dev/ion", ("DEVICE := /dev/ion0", "# /dev/ion")),
    ),
    "ion.header": (
        ("a.h", "#include <ion/ion.h>", ("#include <linux/region.h>", '#include "fusion.h"', "// #include <ion/ion.h>", '#include "gr_ion_alloc.h"', '#include "ion_wrapper.h"')),
        ("a.cpp", "  # include <linux/msm_ion.h>", ("#include <ion/region.h>", "#include <linux/ionosphere.h>")),
        ("a.c", "#include <linux/ion_drv.h>", ("#include <linux/ion_driver.h>", '#include "my_ion_wrapper.h"')),
        ("a.c", '#include "../uapi/linux/ion_4.12.h"', ("/* #include <linux/ion.h> */", '"#include <linux/ion.h>"')),
    ),
    "ion.open": (("a.c", "int fd = ion_open();", ("fusion_open();", "ion_opened();", 'puts("ion_open failed");')),),
    "ion.alloc": (
        ("a.cc", "ion_alloc_fd(fd, len, 0, mask, 0, &buf);", ("region_alloc(fd);", "ion_allocator();", "session_free(x);")),
        ("a.c", "ion_share(fd, handle, &shared);", ("version_map(x);", "ion_sharer", "/* ion_map() */")),
    ),
    "ion.sync": (("a.c", "ion_sync_fd(fd, buf);", ("session_sync_fd(fd);", "ion_sync_fds")),),
    "ion.query": (("a.c", "ion_query_heap_cnt(fd, &n);", ("version_query_get_heaps()", "ion_query_get")),),
    "ion.version": (("a.c", "if (ion_is_legacy(fd))", ("region_is_legacy(fd)", "ion_is_legacyish")),),
    "ion.ioctl": (
        ("a.c", "ioctl(fd, ION_IOC_NEW_ALLOC, &d);", ("REGION_IOC_ALLOC", "// ION_IOC_FREE", '"ION_IOC_FREE"')),
        ("a.h", "struct ion_fd_data data;", ("struct region_fd_data data;", "struct ion_fd_database d;")),
    ),
    "ion.heap": (
        ("a.c", "mask = ION_HEAP_SYSTEM_MASK;", ("FUSION_HEAP_SYSTEM", "REGION_HEAP(x)")),
        ("a.c", "mask = ION_HEAP(ION_CP_MM_HEAP_ID);", ("ION_HEAPS(x)",)),
        ("a.c", "d.heap_id_mask = 1;", ("d.heap_id_masks = 1;", "the_heap_id_mask")),
    ),
    "ion.flag": (("a.c", "flags = ION_FLAG_CACHED;", ("REGION_FLAG_CACHED", "ION_FLAGS")),),
    "ion.heap-name": (("a.c", 'find("ion_system_heap");', ('"region_system_heap"', '"no ion_system_heap"', "ion_system_heap")),),
    "ion.fallback": (("a.cpp", 'a.MapNameToIonHeap("system", "");', ("MapNameToIonHeaps()", '"MapNameToIonHeap"')),),
    "ion.library": (
        ("Android.bp", 'shared_libs: ["libion", "liblog"],', ('"libionic"', '"libfusion"', '// "libion"', '"libion-test"')),
        ("Android.mk", "LOCAL_SHARED_LIBRARIES := libion liblog", ("LOCAL_MODULE := libregion", "# libion", "libionosphere")),
        ("CMakeLists.txt", "target_link_libraries(x -lion)", ("x -lions", "x-lion", "million")),
    ),
    "ion.client": (("a.c", 'c = msm_ion_client_create("x");', ("session_client_create()", "ion_client_created")),),
    "ion.provider": (("a.c", "ion_device_add_heap(heap);", ("version_heap_create(x)", "ion_heap_creator")),),
    "ion.kconfig": (
        ("a_defconfig", "CONFIG_ION_SYSTEM_HEAP=y", ("# CONFIG_ION is not set", "CONFIG_ION=n", "CONFIG_REGION=y", "CONFIG_IONIC=m")),
        ("Kconfig", "  depends on FOO && ION", ("  depends on REGION", "  ION is a thing", "  select IONIC")),
        ("Makefile", "obj-$(CONFIG_ION) += ion/", ("obj-$(CONFIG_FUSION) += fusion/", "obj-$(CONFIG_IONIC) += x/")),
    ),
    "ion.source": (("manifest.xml", '<project path="system/memory/libion"/>', ("<!-- system/memory/libion -->", '<project path="system/memory/libionic"/>')),),
    "ion.module": (
        ("modules.load", "kernel/drivers/staging/android/ion/ion-alloc.ko", ("ionic.ko", "# ion-alloc.ko", "region-alloc.ko")),
        ("BoardConfig.mk", "MODULES += $(OUT)/ion_sys_heap.ko", ("MODULES += ion_sys_heap.kov", "# ion_sys_heap.ko")),
    ),
    "ion.switch": (("BoardConfig.mk", "TARGET_USES_ION := true", ("# TARGET_USES_ION", "TARGET_USES_IONIC := true")),),
    "ion.sysfs": (("a.cpp", 'Read("/sys/kernel/debug/ion/heaps/system");', ('Read("/sys/kernel/debug/ionic");', "// /sys/kernel/debug/ion")),),
    "ion.devicetree": (("a.dtsi", 'compatible = "qcom,msm-ion";', ('"qcom,msm-ionic"', '/* "qcom,msm-ion" */', "qcom,region")),),
    "ion.sepolicy": (
        ("a.te", "allow hal_foo ion_device:chr_file r_file_perms;", ("allow x region_device:chr_file r;", "# ion_device", "ion_devices")),
        ("file_contexts", "/dev/ion   u:object_r:gpu_device:s0", ("/dev/ionic u:object_r:x:s0",)),
    ),
    "ion.ueventd": (
        ("ueventd.rc", "/dev/ion 0664 system system", ("/dev/ionic 0664 system system", "# /dev/ion 0664 system system")),
    ),
    "ion.codec2": (("a.cpp", "return C2PlatformAllocatorStore::ION;", ("C2PlatformAllocatorStore::IONIC", "C2AllocatorIonic")),),
    "ion.codec2-property": (
        ("a.mk", "debug.c2.use_dmabufheaps=0", ("debug.c2.use_dmabufheaps=1", "# debug.c2.use_dmabufheaps=0")),
        ("init.rc", "setprop debug.c2.use_dmabufheaps false", ("setprop debug.c2.use_dmabufheaps 1",)),
    ),
    "heap.cma-name": (
        ("a.c", 'open("/dev/dma_heap/linux,cma");', ('"linux,cma-default"', '"reserved"', '"/dev/dma_heap/linux,cma@1"')),
        ("a.cpp", 'a.Alloc("reserved", len);', ('Allocate("reserved")', 'Alloc("system"); puts("reserved");')),
        ("ueventd.rc", "/dev/dma_heap/reserved 0444 system system", ("/dev/dma_heap/system 0444 system system",)),
    ),
    "heap.protected-name": (
        ("a.c", 'open("/dev/dma_heap/restricted,secure-video");', ('"protected,secure-video"', '"restricted"', '"x restricted,y"')),
        ("a.cpp", 'a.Alloc("restricted,secure-video", len);', ("restricted,x", '"unrestricted,x"')),
        ("ueventd.rc", "/dev/dma_heap/restricted,trusted-ui 0440 system drmrpc", ("/dev/dma_heap/protected,x 0440 a b",)),
    ),
}  # fmt: skip
