"""Made by ``python -m bringup.kernel.compile`` from the YAML files in ``data/``. Change those."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

DATA: dict[str, Any] = {
 'requirements': {
  'cma.yaml': [
   {
    'id': 'cma.dma',
    'title': 'DMA allocations can come from CMA',
    'need': {
     'CMA': 'y',
     'DMA_CMA': 'y',
    },
    'severity': 'recommended',
    'proof': [
     {
      'cma_total': 1,
     },
    ],
    'cause': {
     'id': 'kconfig.cma-off',
     'text': 'without CMA and DMA_CMA there is no CMA heap, and large coherent buffers fail once memory is fragmented',
    },
    'why': 'The CMA heap hands out areas that DMA_CMA registered. gki_defconfig sets both on every branch.',
    'source': [
     'mm/Kconfig of Linux 5.10, 6.12 and 7.3',
     'kernel/dma/Kconfig of the same',
    ],
   },
   {
    'id': 'cma.size',
    'title': 'The default CMA area has a size',
    'need': {
     'any': [
      {
       'CMA_SIZE_MBYTES': '1..',
      },
      {
       'CMA_SIZE_PERCENTAGE': '1..',
      },
     ],
    },
    'severity': 'recommended',
    'when': {
     'DMA_CMA': 'y',
    },
    'proof': [
     {
      'cma_total': 1,
     },
     {
      'parameter': 'cma=[1-9]*',
     },
    ],
    'spoiled_by': [
     {
      'parameter': 'cma=0*',
     },
    ],
    'cause': {
     'id': 'kconfig.cma-size-zero',
     'text': 'the default CMA area has no size, so there is none unless the device tree or cma= on the command line makes one',
    },
    'why': 'A size of 0 makes no default area. A device tree node with linux,cma-default or cma= on the command line replaces the size from here; CmaTotal in /proc/meminfo shows what came out.',
    'set': {
     'CMA_SIZE_MBYTES': 16,
     'CMA_SIZE_PERCENTAGE': 10,
    },
    'source': [
     'kernel/dma/Kconfig of Linux 5.10, 6.12 and 7.3',
    ],
   },
   {
    'id': 'cma.areas',
    'title': 'There can be as many CMA areas as a board declares',
    'need': {
     'CMA_AREAS': '7..',
    },
    'severity': 'recommended',
    'when': {
     'CMA': 'y',
    },
    'cause': {
     'id': 'kconfig.cma-areas',
     'text': 'regions beyond CMA_AREAS are not created, and their heaps are missing',
    },
    'why': "Each reusable shared-dma-pool region takes one area, the default area another. Mainline's default is 7, since 6.12 it is 8.",
    'set': {
     'CMA_AREAS': 8,
    },
    'source': [
     'mm/Kconfig of Linux 6.1, 6.12 and 7.2',
    ],
   },
   {
    'id': 'cma.sysfs',
    'title': 'CMA areas show their counters in sysfs',
    'need': {
     'CMA_SYSFS': 'y',
    },
    'severity': 'recommended',
    'kernel': '5.13..',
    'when': {
     'CMA': 'y',
    },
    'cause': {
     'id': 'kconfig.cma-sysfs-off',
     'text': '/sys/kernel/mm/cma is missing, so failed CMA allocations cannot be counted on a running board',
    },
    'why': 'alloc_pages_fail tells fragmentation from exhaustion without debugfs.',
    'source': [
     'Documentation/ABI/testing/sysfs-kernel-mm-cma of Linux 6.12 and 7.3',
    ],
   },
   {
    'id': 'cma.alignment',
    'title': 'CMA buffers are aligned to at least 1 MiB with 4 KiB pages',
    'need': {
     'CMA_ALIGNMENT': '8..12',
    },
    'severity': 'informative',
    'when': {
     'DMA_CMA': 'y',
    },
    'why': 'Devices that map buffers in 1 MiB sections count on it; each step up costs more memory to alignment.',
    'source': [
     'kernel/dma/Kconfig of Linux 5.10, 6.12 and 7.3',
    ],
   },
  ],
  'debug.yaml': [
   {
    'id': 'debug.dmabuf-debug',
    'title': "User builds run without the dma-buf core's debug checks",
    'need': {
     'DMABUF_DEBUG': 'n',
    },
    'severity': 'forbidden',
    'user_build': True,
    'cause': {
     'id': 'kconfig.debug-option-on-user-build',
     'text': 'DMABUF_DEBUG hides page pointers from importers and costs time at every map',
    },
    'why': 'Importers that look at pages, which they must not do, break with it; others get slower.',
    'source': [
     'drivers/dma-buf/Kconfig of Linux 5.10 to 7.3',
    ],
   },
   {
    'id': 'debug.dma-api-debug',
    'title': 'User builds run without checks of every DMA mapping',
    'need': {
     'DMA_API_DEBUG': 'n',
    },
    'severity': 'forbidden',
    'user_build': True,
    'cause': {
     'id': 'kconfig.debug-option-on-user-build',
     'text': 'DMA_API_DEBUG tracks every DMA mapping and slows all drivers down',
    },
    'why': 'Every mapping is written down and compared, which makes drivers slower. It also switches DMABUF_DEBUG on by default in 6.1 and 6.12.',
    'source': [
     'kernel/dma/Kconfig',
     'drivers/dma-buf/Kconfig of Linux 6.1 and 6.12',
    ],
   },
   {
    'id': 'debug.selftests',
    'title': 'User builds carry no dma-buf tests',
    'need': {
     'DMABUF_SELFTESTS': 'n',
     'DMABUF_KUNIT_TEST': 'n',
    },
    'severity': 'forbidden',
    'user_build': True,
    'cause': {
     'id': 'kconfig.debug-option-on-user-build',
     'text': "the dma-buf core's tests run inside the kernel, at boot when built in",
    },
    'why': 'They allocate, block and spin on purpose. DMABUF_SELFTESTS became DMABUF_KUNIT_TEST in 7.2.',
    'source': [
     'drivers/dma-buf/Kconfig of Linux 5.10 to 7.3',
    ],
   },
   {
    'id': 'debug.cma-debugfs',
    'title': 'User builds do not let CMA be filled by hand',
    'need': {
     'CMA_DEBUGFS': 'n',
    },
    'severity': 'forbidden',
    'user_build': True,
    'cause': {
     'id': 'kconfig.debug-option-on-user-build',
     'text': 'CMA_DEBUGFS has files that allocate and free pages of an area',
    },
    'why': 'Who writes to these files takes CMA away from camera and display. CMA_SYSFS gives the counters without them.',
    'source': [
     'Documentation/admin-guide/mm/cma_debugfs.rst',
    ],
   },
   {
    'id': 'debug.sw-sync',
    'title': 'User builds have no hand-made fences',
    'need': {
     'SW_SYNC': 'n',
    },
    'severity': 'forbidden',
    'kernel': '..6.12',
    'user_build': True,
    'cause': {
     'id': 'kconfig.debug-option-on-user-build',
     'text': 'SW_SYNC lets a program hold fences that drivers wait for',
    },
    'why': 'Its help text says that misuse deadlocks drivers. Not asked from 6.18 on, where gki_defconfig sets it.',
    'source': [
     'drivers/dma-buf/Kconfig of Linux 5.10 to 7.3',
    ],
   },
   {
    'id': 'debug.debugfs',
    'title': 'User builds have no debugfs',
    'need': {
     'DEBUG_FS': 'n',
    },
    'severity': 'forbidden',
    'kernel': '4.14..5.4',
    'flavour': [
     'gki',
     'vendor',
    ],
    'user_build': True,
    'cause': {
     'id': 'kconfig.debug-option-on-user-build',
     'text': 'non_debuggable.config forbids DEBUG_FS on user builds of these kernels',
    },
    'why': 'Its files show and change the inside of the kernel, and Android keeps them from user builds; /sys/kernel/debug/dma_buf/bufinfo is among them. Later kernel/configs no longer have that file.',
    'source': [
     'kernel/configs, non_debuggable.config of r/android-4.14, r/android-4.19, r/android-5.4, s/android-4.19',
    ],
   },
  ],
  'heaps.yaml': [
   {
    'id': 'heaps.framework',
    'title': 'The kernel has DMA-BUF heaps',
    'need': {
     'DMABUF_HEAPS': 'y',
    },
    'proof': [
     {
      'node': '*',
     },
    ],
    'cause': {
     'id': 'kconfig.heaps-off',
     'text': 'DMABUF_HEAPS is off, so there is no /dev/dma_heap at all',
    },
    'why': 'Everything below /dev/dma_heap needs the framework. gki_defconfig has set it since Android 5.4.',
    'source': [
     'drivers/dma-buf/Kconfig of Linux 5.10 to 7.3, commit c02a81fba74f',
    ],
   },
   {
    'id': 'heaps.system',
    'title': 'The heap "system" is provided',
    'need': {
     'DMABUF_HEAPS_SYSTEM': [
      'y',
      'm',
     ],
    },
    'proof': [
     {
      'node': 'system',
     },
     {
      'module': 'system_heap',
     },
    ],
    'proof_needed': True,
    'unset_is_right': [
     'gki',
    ],
    'cause': {
     'id': 'kconfig.system-heap-off',
     'text': 'DMABUF_HEAPS_SYSTEM is off, and nothing else is known to provide /dev/dma_heap/system',
    },
    'why': 'Android allocates from "system" by contract. A GKI kernel leaves the symbol unset on purpose, so that a vendor module supplies the node; there the module in modules.load and the node decide, not the symbol.',
    'source': [
     'drivers/dma-buf/heaps/Kconfig of Linux 5.10 to 7.3',
     'https://source.android.com/docs/core/architecture/kernel/dma-buf-heaps',
    ],
    'heap': 'system',
   },
   {
    'id': 'heaps.cma',
    'title': 'The default CMA area is provided as a heap',
    'need': {
     'DMABUF_HEAPS_CMA': [
      'y',
      'm',
     ],
    },
    'severity': 'recommended',
    'proof': [
     {
      'node': 'default_cma_region',
     },
     {
      'node': 'linux,cma*',
     },
     {
      'node': 'reserved',
     },
     {
      'node': 'default-pool*',
     },
     {
      'module': 'cma_heap',
     },
    ],
    'proof_needed': True,
    'unset_is_right': [
     'gki',
    ],
    'cause': {
     'id': 'kconfig.cma-heap-off',
     'text': 'DMABUF_HEAPS_CMA is off, so no CMA area has a node',
    },
    'why': 'Devices behind no IOMMU (camera, display, codec on many boards) need physically contiguous buffers.',
    'source': [
     'drivers/dma-buf/heaps/Kconfig of Linux 5.10 to 7.3',
    ],
   },
   {
    'id': 'heaps.cma-legacy-name',
    'title': 'The default CMA heap keeps its old name beside the new one',
    'need': {
     'DMABUF_HEAPS_CMA_LEGACY': 'y',
    },
    'severity': 'recommended',
    'kernel': '6.17..6.18',
    'when': {
     'DMABUF_HEAPS_CMA': [
      'y',
      'm',
     ],
    },
    'proof': [
     {
      'node': 'linux,cma*',
     },
     {
      'node': 'reserved',
     },
     {
      'node': 'default-pool*',
     },
    ],
    'cause': {
     'id': 'kconfig.cma-heap-renamed',
     'text': 'on this kernel the default CMA heap is called default_cma_region only',
    },
    'why': '6.17 renamed the default CMA heap to default_cma_region. User space that opens linux,cma or reserved fails without it.',
    'source': [
     'commit 854acbe75ff4',
    ],
   },
   {
    'id': 'heaps.page-pool',
    'title': 'Heaps keep freed pages in pools',
    'need': {
     'DMABUF_HEAPS_PAGE_POOL': [
      'y',
      'm',
     ],
    },
    'severity': 'informative',
    'kernel': '5.4..6.6',
    'flavour': [
     'gki',
    ],
    'why': "gki_defconfig sets it up to android15-6.6; the vendor's system heap module may count on it.",
    'source': [
     'gki_defconfig of android12-5.10 to android15-6.6',
    ],
   },
   {
    'id': 'heaps.deferred-free',
    'title': 'Heaps free pages in a thread of their own',
    'need': {
     'DMABUF_HEAPS_DEFERRED_FREE': [
      'y',
      'm',
     ],
    },
    'severity': 'informative',
    'kernel': '5.4..6.6',
    'flavour': [
     'gki',
    ],
    'why': "gki_defconfig sets it up to android15-6.6; the vendor's system heap module may count on it.",
    'source': [
     'gki_defconfig of android12-5.10 to android15-6.6',
    ],
   },
   {
    'id': 'heaps.cc-shared',
    'title': 'Confidential virtual machines can share memory with their host',
    'need': {
     'DMABUF_HEAPS_SYSTEM_CC_SHARED': 'y',
    },
    'severity': 'informative',
    'kernel': '7.2..',
    'when': {
     'ARCH_HAS_MEM_ENCRYPT': 'y',
     'DMABUF_HEAPS_SYSTEM': 'y',
    },
    'proof': [
     {
      'node': 'system_cc_shared',
     },
    ],
    'why': 'Only a guest with encrypted memory needs the node; it exists there and nowhere else.',
    'source': [
     'drivers/dma-buf/heaps/Kconfig of Linux 7.2 and 7.3',
    ],
    'heap': 'system_cc_shared',
   },
  ],
  'ikconfig.yaml': [
   {
    'id': 'ikconfig.android',
    'title': 'The running kernel tells its configuration, as Android requires',
    'need': {
     'IKCONFIG': 'y',
     'IKCONFIG_PROC': 'y',
    },
    'flavour': [
     'gki',
     'vendor',
    ],
    'cause': {
     'id': 'kconfig.no-proc-config',
     'text': "without /proc/config.gz neither VINTF nor this program can read the running kernel's configuration",
    },
    'why': 'android-base.config requires both on every kernel from 4.4 to 6.12. shell may read /proc/config.gz.',
    'source': [
     'kernel/configs p/android-4.4 to b/android-6.12, android-base.config',
    ],
   },
   {
    'id': 'ikconfig.proc',
    'title': 'The running kernel tells its configuration',
    'need': {
     'IKCONFIG': [
      'y',
      'm',
     ],
     'IKCONFIG_PROC': 'y',
    },
    'severity': 'recommended',
    'flavour': [
     'mainline',
    ],
    'cause': {
     'id': 'kconfig.no-proc-config',
     'text': 'without /proc/config.gz only a file that may belong to another kernel tells the configuration',
    },
    'why': "/proc/config.gz is the one copy that is certainly the running kernel's. As a module, configs has to be loaded first.",
    'source': [
     'init/Kconfig of Linux 5.10 to 7.3 (IKCONFIG, IKCONFIG_PROC)',
    ],
   },
  ],
  'ion.yaml': [
   {
    'id': 'ion.era',
    'title': 'Kernels from before DMA-BUF heaps have ION',
    'need': {
     'ION': 'y',
    },
    'severity': 'recommended',
    'kernel': '4.9..5.4',
    'flavour': [
     'gki',
     'vendor',
    ],
    'cause': {
     'id': 'kconfig.no-allocator',
     'text': 'neither ION nor, on most kernels this old, DMA-BUF heaps hand out shared memory',
    },
    'why': 'android-recommended.config of Android 9 to 12 names ION. Android 5.4 kernels have DMA-BUF heaps beside it.',
    'source': [
     'kernel/configs p to s',
     'android-recommended.config',
    ],
   },
   {
    'id': 'ion.retired',
    'title': 'ION is off where DMA-BUF heaps are on',
    'need': {
     'ION': 'n',
    },
    'severity': 'recommended',
    'kernel': '5.6..5.10',
    'when': {
     'DMABUF_HEAPS': 'y',
    },
    'cause': {
     'id': 'kconfig.ion-still-on',
     'text': 'ION is still built; programs that open /dev/ion work here and fail on the next kernel',
    },
    'why': '5.11 has no ION. While /dev/ion exists, half-migrated programs go on using it and nobody notices. android12-5.10 switched it off.',
    'source': [
     'drivers/staging/android/ion/Kconfig of 5.10',
    ],
   },
   {
    'id': 'ion.removed',
    'title': 'ION is off on kernels that mainline has taken it out of',
    'need': {
     'ION': 'n',
    },
    'severity': 'recommended',
    'kernel': '5.11..',
    'cause': {
     'id': 'kconfig.ion-from-elsewhere',
     'text': 'the configuration sets ION, which mainline removed for 5.11, so a vendor tree carries it on',
    },
    'remedy': [
     "migrate the callers to DMA-BUF heaps, then drop CONFIG_ION from the vendor's fragment",
    ],
    'why': "A vendor's own ION has no future beyond that vendor's tree.",
    'source': [
     'commit of 26 October 2020 that removes drivers/staging/android/ion',
    ],
   },
  ],
  'sharing.yaml': [
   {
    'id': 'sharing.core',
    'title': 'The dma-buf core is built',
    'need': {
     'DMA_SHARED_BUFFER': 'y',
    },
    'severity': 'informative',
    'proof': [
     {
      'node': '*',
     },
    ],
    'remedy': [
     'CONFIG_DMABUF_HEAPS=y',
    ],
    'why': 'Without it no buffer can be shared at all. Nothing sets it directly; heaps, DRM and sync files select it.',
    'source': [
     'drivers/base/Kconfig of Linux 7.2: DMA_SHARED_BUFFER',
    ],
   },
   {
    'id': 'sharing.sync-file-android',
    'title': 'Fences are file descriptors, as Android requires',
    'need': {
     'SYNC_FILE': 'y',
    },
    'flavour': [
     'gki',
     'vendor',
    ],
    'cause': {
     'id': 'kconfig.no-sync-file',
     'text': 'without SYNC_FILE no fence has a file descriptor, so neither hwcomposer nor a codec can wait for a buffer, and VINTF fails',
    },
    'why': 'android-base.config requires it since kernel 4.9 (Android 10), through b/android-6.12.',
    'source': [
     'kernel/configs q/android-4.9 to b/android-6.12, android-base.config',
    ],
   },
   {
    'id': 'sharing.sync-file',
    'title': 'Fences are file descriptors',
    'need': {
     'SYNC_FILE': 'y',
    },
    'severity': 'recommended',
    'flavour': [
     'mainline',
    ],
    'cause': {
     'id': 'kconfig.no-sync-file',
     'text': 'without SYNC_FILE no fence has a file descriptor, so user space cannot wait for a buffer or hand a fence on',
    },
    'why': 'DMA_BUF_IOCTL_EXPORT_SYNC_FILE and explicit synchronisation in graphics and camera need it.',
    'source': [
     'drivers/dma-buf/Kconfig of Linux 5.10 to 7.3',
    ],
   },
   {
    'id': 'sharing.sw-sync',
    'title': 'Tests can make fences by hand',
    'need': {
     'SW_SYNC': 'y',
    },
    'severity': 'informative',
    'why': 'Only tests use it, through debugfs; misuse can deadlock drivers. android17-6.18 is the first gki_defconfig with it.',
    'source': [
     'drivers/dma-buf/Kconfig of Linux 5.10 to 7.3',
    ],
   },
   {
    'id': 'sharing.udmabuf',
    'title': 'Unprivileged programs can make dma-bufs of their own memory',
    'need': {
     'UDMABUF': 'y',
    },
    'severity': 'informative',
    'why': 'libcamera, systemd and others fall back to /dev/udmabuf where no heap may be opened. gki_defconfig sets it since android16-6.12.',
    'source': [
     'drivers/dma-buf/Kconfig of Linux 5.10 to 7.3',
    ],
   },
   {
    'id': 'sharing.restricted-pool',
    'title': 'Devices without IOMMU can be confined to one region',
    'need': {
     'DMA_RESTRICTED_POOL': 'y',
    },
    'severity': 'informative',
    'kernel': '5.15..',
    'flavour': [
     'gki',
    ],
    'why': 'A device that can reach all memory can read every frame; with this, its transfers go through one region. gki_defconfig sets it since android13-5.15.',
    'source': [
     'kernel/dma/Kconfig of Linux 6.12: DMA_RESTRICTED_POOL',
     'gki_defconfig of android13-5.15 and later',
    ],
   },
  ],
  'statistics.yaml': [
   {
    'id': 'statistics.sysfs',
    'title': 'Each dma-buf shows its size and exporter in sysfs',
    'need': {
     'DMABUF_SYSFS_STATS': 'y',
    },
    'severity': 'recommended',
    'kernel': '..6.17',
    'cause': {
     'id': 'kconfig.no-buffer-statistics',
     'text': '/sys/kernel/dmabuf/buffers is missing, so leaks can be seen only with debugfs or by walking /proc/*/fdinfo',
    },
    'why': 'dumpsys meminfo and libdmabufinfo read it without debugfs. Deprecated since 6.1 and gone in 7.0, where the BPF iterator takes its place.',
    'source': [
     'commit bdb8d06dfefd',
     'commit ab4c3dcf9a71',
    ],
   },
   {
    'id': 'statistics.bpf-iterator',
    'title': 'The BPF iterator over dma-bufs can be built',
    'need': {
     'BPF_SYSCALL': 'y',
    },
    'severity': 'recommended',
    'kernel': '6.18..',
    'cause': {
     'id': 'kconfig.no-buffer-statistics',
     'text': 'the iterator dmabuf is not built, and sysfs statistics are gone or about to be',
    },
    'why': "The iterator came with 6.16; sysfs statistics went with 7.0. Android's vendor test suite asks for it from kernel 6.18 on.",
    'source': [
     'kernel/bpf/Makefile of Linux 7.3: dmabuf_iter.o with BPF_SYSCALL',
     'commit 76ea95534995',
     'docs.ebpf.io: bpf_iter_dmabuf',
    ],
   },
  ],
  'tee.yaml': [
   {
    'id': 'tee.heaps',
    'title': 'TEE drivers can offer protected memory as heaps',
    'need': {
     'TEE_DMABUF_HEAPS': 'y',
    },
    'severity': 'recommended',
    'kernel': '6.18..',
    'when': {
     'TEE': [
      'y',
      'm',
     ],
    },
    'proof': [
     {
      'node': 'protected,*',
     },
    ],
    'cause': {
     'id': 'kconfig.no-tee-heaps',
     'text': 'TEE_DMABUF_HEAPS is off, so a TEE driver cannot offer protected memory below /dev/dma_heap',
    },
    'remedy': [
     'CONFIG_DMABUF_HEAPS=y',
    ],
    'why': 'Protected playback needs memory that no CPU can map, and this is how mainline hands it out. It has no prompt and follows TEE, HAS_DMA and DMABUF_HEAPS.',
    'source': [
     'drivers/tee/Kconfig of Linux 7.2',
    ],
   },
   {
    'id': 'tee.optee-pool',
    'title': 'OP-TEE can use a static pool for protected memory',
    'need': {
     'OPTEE_STATIC_PROTMEM_POOL': 'y',
    },
    'severity': 'informative',
    'kernel': '6.18..',
    'when': {
     'OPTEE': [
      'y',
      'm',
     ],
    },
    'why': 'The node protected,secure-video appears when OP-TEE reports such a pool at probe.',
    'source': [
     'drivers/tee/optee/Kconfig of Linux 7.3',
    ],
   },
  ],
  'vendor.yaml': [
   {
    'id': 'vendor.qcom',
    'title': "Qualcomm's heaps provide the system heap",
    'need': {
     'QCOM_DMABUF_HEAPS_SYSTEM': 'y',
    },
    'severity': 'informative',
    'when': {
     'QCOM_DMABUF_HEAPS': [
      'y',
      'm',
     ],
    },
    'proof': [
     {
      'node': 'qcom,system',
     },
    ],
    'why': 'The module qcom_dma_heaps registers qcom,system and, as an alias, system.',
    'source': [
     "drivers/dma-buf/heaps/qcom_dma_heap.c of Qualcomm's tree",
    ],
   },
   {
    'id': 'vendor.mediatek',
    'title': "MediaTek's module provides the system heap",
    'need': {
     'DEVICE_MODULES_DMABUF_HEAPS_SYSTEM': [
      'y',
      'm',
     ],
    },
    'severity': 'informative',
    'when': {
     'DEVICE_MODULES_DMABUF_HEAPS_SYSTEM': [
      'y',
      'm',
     ],
    },
    'proof': [
     {
      'node': 'mtk_mm*',
     },
     {
      'module': 'system_heap',
     },
    ],
    'proof_needed': True,
    'why': "Its module is called system_heap as mainline's is, and registers mtk_mm beside system.",
    'source': [
     "drivers/dma-buf/heaps/Makefile of MediaTek's tree of device modules",
    ],
   },
   {
    'id': 'vendor.rockchip',
    'title': "Rockchip's heaps provide uncached and below-4-GiB variants",
    'need': {
     'DMABUF_HEAPS_ROCKCHIP_SYSTEM': [
      'y',
      'm',
     ],
    },
    'severity': 'informative',
    'when': {
     'DMABUF_HEAPS_ROCKCHIP_SYSTEM': [
      'y',
      'm',
     ],
    },
    'proof': [
     {
      'node': 'system-dma32',
     },
     {
      'node': 'system-uncached',
     },
    ],
    'proof_needed': True,
    'why': 'Blocks that reach only 4 GiB (RGA) need system-dma32 on boards with more memory.',
    'source': [
     'https://github.com/rockchip-linux/mpp/issues/626 (the nodes)',
     'https://github.com/airockchip/librga/issues/133 (RGA and 4 GiB)',
    ],
   },
   {
    'id': 'vendor.amlogic',
    'title': "Amlogic's heaps stand on named CMA areas",
    'need': {
     'AMLOGIC_HEAP_CMA': [
      'y',
      'm',
     ],
    },
    'severity': 'informative',
    'when': {
     'AMLOGIC_HEAP_CMA': [
      'y',
      'm',
     ],
    },
    'proof': [
     {
      'node': 'heap-*',
     },
    ],
    'proof_needed': True,
    'why': 'A heap appears for each CMA area whose name contains heap-gfx, heap-fb or heap-secure.',
    'source': [
     "Amlogic's kernel tree, and the table custom_heap of its gralloc",
    ],
   },
   {
    'id': 'vendor.ti-carveout',
    'title': "TI's carveout heaps stand on reserved memory",
    'need': {
     'DMABUF_HEAPS_CARVEOUT': 'y',
    },
    'severity': 'informative',
    'when': {
     'DMABUF_HEAPS_CARVEOUT': 'y',
    },
    'proof': [
     {
      'node': 'carveout_*',
     },
    ],
    'proof_needed': True,
    'why': 'A heap appears for each reserved region marked for it.',
    'source': [
     "drivers/dma-buf/heaps/Kconfig of TI's tree",
    ],
   },
  ],
 },
 'symbols': {
  'DMA_SHARED_BUFFER': {
   'what': 'The dma-buf core',
   'eras': [
    {
     'type': 'bool',
     'prompt': False,
     'selected_by': [
      {
       'symbol': 'DMABUF_HEAPS',
      },
      {
       'symbol': 'SYNC_FILE',
      },
      {
       'symbol': 'TEE',
      },
      {
       'symbol': 'DRM',
      },
      {
       'symbol': 'DMABUF_KUNIT_TEST',
      },
      {
       'symbol': 'VIDEOBUF2_CORE',
      },
      {
       'symbol': 'VIDEOBUF2_DMA_CONTIG',
      },
      {
       'symbol': 'VIDEOBUF2_VMALLOC',
      },
      {
       'symbol': 'TEGRA_HOST1X',
      },
      {
       'symbol': 'VIDEO_TEGRA_VDE',
      },
      {
       'symbol': 'QCOM_FASTRPC',
      },
      {
       'symbol': 'USB_F_FS',
      },
      {
       'symbol': 'IIO_BUFFER',
      },
      {
       'symbol': 'INFINIBAND',
      },
      {
       'symbol': 'INFINIBAND_USER_MEM',
      },
      {
       'symbol': 'XEN_GNTDEV_DMABUF',
      },
      {
       'symbol': 'DRM_ACCEL_HABANALABS',
      },
      {
       'symbol': 'SND_SOC_FSL_ASRC',
      },
      {
       'symbol': 'IOMMUFD_TEST',
      },
      {
       'symbol': 'SAMPLE_VFIO_MDEV_MBOCHS',
      },
     ],
     'whole': True,
     'source': [
      'drivers/base/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'DMABUF_HEAPS': {
   'what': 'DMA-BUF heaps, the framework behind /dev/dma_heap',
   'eras': [
    {
     'kernel': '5.6..',
     'type': 'bool',
     'selects': [
      'DMA_SHARED_BUFFER',
     ],
     'source': [
      'drivers/dma-buf/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3',
      'commit c02a81fba74f, merged for 5.6-rc1 (talk of its author, Open Source Summit 2020)',
     ],
    },
    {
     'kernel': '4.19..5.4',
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'selects': [
      'DMA_SHARED_BUFFER',
     ],
     'note': 'a backport; Android Common Kernels 5.4 set it in gki_defconfig, some vendors carry it back to 4.19',
     'source': [
      'drivers/dma-buf/Kconfig and gki_defconfig of an Android 5.4 tree',
     ],
    },
   ],
  },
  'DMABUF_HEAPS_SYSTEM': {
   'what': 'The heap "system", pages from the buddy allocator',
   'eras': [
    {
     'kernel': '5.6..7.1',
     'type': 'bool',
     'depends': 'DMABUF_HEAPS',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of 5.10, 6.1, 6.12',
      'binaries of 7.1.13 do not export mem_accounting, without which the heap cannot be a module; 7.2.12 does',
     ],
    },
    {
     'kernel': '7.2..',
     'type': 'tristate',
     'depends': 'DMABUF_HEAPS',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of 7.2, 7.3 (series "Turn heaps into modules", v4 of March 2026)',
     ],
    },
    {
     'kernel': '4.19..5.4',
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of an Android 5.4 tree; a 4.19 vendor tree has it tristate',
     ],
    },
    {
     'kernel': '5.10..7.1',
     'type': 'tristate',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS',
     'note': "Android Common Kernels have had it tristate since 5.10 and leave it unset in gki_defconfig: the vendor's module system_heap.ko gives the node",
     'source': [
      'drivers/dma-buf/heaps/Kconfig and gki_defconfig of Android 5.10, 5.15, 6.1, 6.6, 6.12, 6.18 trees',
     ],
    },
   ],
   'module': 'system_heap',
   'heaps': [
    'system',
   ],
   'notes': [
    'a module that was loaded cannot be unloaded again',
    'before 5.11 it hands out single pages only; since then up to 1 MiB at a time (orders 8, 4, 0)',
   ],
  },
  'DMABUF_HEAPS_SYSTEM_CC_SHARED': {
   'what': 'The heap "system_cc_shared", decrypted memory of confidential virtual machines',
   'eras': [
    {
     'kernel': '7.2..',
     'type': 'bool',
     'depends': 'DMABUF_HEAPS && ARCH_HAS_MEM_ENCRYPT && DMABUF_HEAPS_SYSTEM=y',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of 7.2, 7.3; configurations of 7.1-rc1 have no such symbol',
     ],
    },
   ],
   'heaps': [
    'system_cc_shared',
   ],
   'notes': [
    'in 7.1 the system heap registers the node without a symbol of its own (binaries of 7.1.3, 7.1.13)',
    'impossible with a modular system heap',
   ],
  },
  'DMABUF_HEAPS_CMA': {
   'what': 'Heaps on CMA areas',
   'eras': [
    {
     'kernel': '5.6..7.1',
     'type': 'bool',
     'depends': 'DMABUF_HEAPS && DMA_CMA',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of 5.10, 6.1, 6.12',
     ],
    },
    {
     'kernel': '7.2..',
     'type': 'tristate',
     'depends': 'DMABUF_HEAPS && DMA_CMA',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of 7.2, 7.3',
     ],
    },
    {
     'kernel': '4.19..7.1',
     'type': 'tristate',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS && DMA_CMA',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of Android 5.4, 6.1 trees',
     ],
    },
   ],
   'module': 'cma_heap',
   'heaps': [
    'default_cma_region',
    'reserved',
    'linux,cma',
    'default-pool',
   ],
   'notes': [
    'up to 6.16 one heap on the default area: named reserved when its size comes from Kconfig or from cma= on the command line, else after its device tree node, e.g. linux,cma or linux,cma@72000000',
    '6.17 and 6.18 name it default_cma_region, and DMABUF_HEAPS_CMA_LEGACY adds the old name',
    'since 6.19 one heap for each CMA area besides default_cma_region, under the name of its device tree node',
   ],
  },
  'DMABUF_HEAPS_CMA_LEGACY': {
   'what': 'A second node for the default CMA heap under its name from before 6.17',
   'eras': [
    {
     'kernel': '6.17..6.18',
     'type': 'bool',
     'depends': 'DMABUF_HEAPS_CMA',
     'default': [
      {
       'value': 'y',
      },
     ],
     'source': [
      'configurations of 6.17-rc1 and 6.18-rc1 have it, those of 6.16 and of 6.19-rc1 do not',
      'commit 854acbe75ff4; removed by "Create CMA heap for each CMA reserved region", v8 of October 2025',
     ],
    },
   ],
   'notes': [
    'since 6.19 every CMA area has a node under its own name, so the old name is there again without it',
   ],
  },
  'TEE_DMABUF_HEAPS': {
   'what': 'Heaps of protected memory that a TEE driver registers',
   'eras': [
    {
     'kernel': '6.18..',
     'type': 'bool',
     'depends': 'TEE && HAS_DMA && DMABUF_HEAPS',
     'prompt': False,
     'default': [
      {
       'value': 'y',
      },
     ],
     'source': [
      'drivers/tee/Kconfig of 7.2, 7.3; configurations of 6.18.15 have it, those of 6.17.13 do not',
     ],
    },
   ],
   'heaps': [
    'protected,secure-video',
    'protected,trusted-ui',
    'protected,secure-video-record',
   ],
   'notes': [
    'a node appears only when the TEE driver registers that use; OP-TEE registers secure-video at probe',
   ],
  },
  'OPTEE_STATIC_PROTMEM_POOL': {
   'what': 'A static pool of protected memory that OP-TEE hands to its heap',
   'eras': [
    {
     'kernel': '6.18..',
     'type': 'bool',
     'depends': 'TEE && HAS_IOMEM && TEE_DMABUF_HEAPS',
     'prompt': False,
     'default': [
      {
       'value': 'y',
      },
     ],
     'source': [
      'drivers/tee/optee/Kconfig of 7.2, 7.3; configurations of 6.18-rc1, some of them without OPTEE',
     ],
    },
   ],
  },
  'TEE': {
   'what': 'Drivers for a trusted execution environment',
   'eras': [
    {
     'type': 'tristate',
     'depends': 'HAVE_ARM_SMCCC || COMPILE_TEST || CPU_SUP_AMD',
     'selects': [
      'DMA_SHARED_BUFFER',
     ],
     'source': [
      'drivers/tee/Kconfig of 6.12, 7.2, 7.3',
     ],
    },
   ],
   'module': 'tee',
  },
  'OPTEE': {
   'what': 'Driver for OP-TEE',
   'eras': [
    {
     'type': 'tristate',
     'depends': 'TEE && HAVE_ARM_SMCCC && MMU && (RPMB || !RPMB)',
     'source': [
      'drivers/tee/optee/Kconfig of 6.12, 7.2, 7.3',
     ],
    },
   ],
   'module': 'optee',
  },
  'CMA': {
   'what': 'The contiguous memory allocator',
   'eras': [
    {
     'type': 'bool',
     'depends': 'MMU',
     'selects': [
      'MIGRATION',
      'MEMORY_ISOLATION',
     ],
     'selected_by': [
      {
       'symbol': 'DRM_ETNAVIV',
       'if': 'HAVE_DMA_CONTIGUOUS',
      },
      {
       'symbol': 'DRM_ASPEED_GFX',
       'if': 'HAVE_DMA_CONTIGUOUS',
      },
      {
       'symbol': 'VMCP',
      },
      {
       'symbol': 'KEXEC_HANDOVER',
      },
      {
       'symbol': 'KVM_BOOK3S_64_HV',
      },
      {
       'symbol': 'ARCH_INTEGRATOR',
      },
     ],
     'source': [
      'mm/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'DMA_CMA': {
   'what': 'DMA allocations, and with them the CMA heap, may come from CMA',
   'eras': [
    {
     'type': 'bool',
     'depends': 'HAVE_DMA_CONTIGUOUS && CMA',
     'selected_by': [
      {
       'symbol': 'DRM_ETNAVIV',
       'if': 'HAVE_DMA_CONTIGUOUS',
      },
      {
       'symbol': 'DRM_ASPEED_GFX',
       'if': 'HAVE_DMA_CONTIGUOUS',
      },
      {
       'symbol': 'FB_HYPERV',
       'if': 'HAVE_DMA_CONTIGUOUS && CMA',
      },
      {
       'symbol': 'ARCH_INTEGRATOR',
      },
     ],
     'source': [
      'kernel/dma/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'CMA_SIZE_MBYTES': {
   'what': 'Size of the default CMA area in MiB; 0 makes none',
   'eras': [
    {
     'type': 'int',
     'depends': 'DMA_CMA && !CMA_SIZE_SEL_PERCENTAGE',
     'default': [
      {
       'value': '0',
       'if': 'X86',
      },
      {
       'value': '16',
      },
     ],
     'source': [
      'kernel/dma/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3',
     ],
    },
   ],
   'notes': [
    'a device tree node with linux,cma-default, and cma= on the command line, go before it',
   ],
  },
  'CMA_SIZE_PERCENTAGE': {
   'what': 'Size of the default CMA area as a share of memory',
   'eras': [
    {
     'type': 'int',
     'depends': 'DMA_CMA && !CMA_SIZE_SEL_MBYTES',
     'default': [
      {
       'value': '0',
       'if': 'X86',
      },
      {
       'value': '10',
      },
     ],
     'source': [
      'kernel/dma/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'CMA_SIZE_SEL_MBYTES': {
   'what': "The default CMA area's size is given in MiB",
   'eras': [
    {
     'type': 'bool',
     'depends': 'DMA_CMA',
     'default': [
      {
       'value': 'y',
      },
     ],
     'choice': [
      'CMA_SIZE_SEL_MBYTES',
      'CMA_SIZE_SEL_PERCENTAGE',
      'CMA_SIZE_SEL_MIN',
      'CMA_SIZE_SEL_MAX',
     ],
     'source': [
      'kernel/dma/Kconfig',
     ],
    },
   ],
  },
  'CMA_SIZE_SEL_PERCENTAGE': {
   'what': "The default CMA area's size is given as a share of memory",
   'eras': [
    {
     'type': 'bool',
     'depends': 'DMA_CMA',
     'choice': [
      'CMA_SIZE_SEL_MBYTES',
      'CMA_SIZE_SEL_PERCENTAGE',
      'CMA_SIZE_SEL_MIN',
      'CMA_SIZE_SEL_MAX',
     ],
     'source': [
      'kernel/dma/Kconfig',
     ],
    },
   ],
  },
  'CMA_SIZE_SEL_MIN': {
   'what': 'The default CMA area takes the smaller of both sizes',
   'eras': [
    {
     'type': 'bool',
     'depends': 'DMA_CMA',
     'choice': [
      'CMA_SIZE_SEL_MBYTES',
      'CMA_SIZE_SEL_PERCENTAGE',
      'CMA_SIZE_SEL_MIN',
      'CMA_SIZE_SEL_MAX',
     ],
     'source': [
      'kernel/dma/Kconfig',
     ],
    },
   ],
  },
  'CMA_SIZE_SEL_MAX': {
   'what': 'The default CMA area takes the larger of both sizes',
   'eras': [
    {
     'type': 'bool',
     'depends': 'DMA_CMA',
     'choice': [
      'CMA_SIZE_SEL_MBYTES',
      'CMA_SIZE_SEL_PERCENTAGE',
      'CMA_SIZE_SEL_MIN',
      'CMA_SIZE_SEL_MAX',
     ],
     'source': [
      'kernel/dma/Kconfig',
     ],
    },
   ],
  },
  'CMA_AREAS': {
   'what': 'How many CMA areas there can be, and with it how many CMA heaps',
   'eras': [
    {
     'kernel': '..6.11',
     'type': 'int',
     'depends': 'CMA',
     'default': [
      {
       'value': '7',
      },
     ],
     'note': '6.1 has 19 with NUMA, 5.10 has not',
     'source': [
      'mm/Kconfig of 5.10, 6.1',
     ],
    },
    {
     'kernel': '6.12..',
     'type': 'int',
     'depends': 'CMA',
     'default': [
      {
       'value': '20',
       'if': 'NUMA',
      },
      {
       'value': '8',
      },
     ],
     'source': [
      'mm/Kconfig of 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'CMA_ALIGNMENT': {
   'what': 'The largest page order to which CMA buffers are aligned',
   'eras': [
    {
     'type': 'int',
     'depends': 'DMA_CMA',
     'default': [
      {
       'value': '8',
      },
     ],
     'source': [
      'kernel/dma/Kconfig, range 2 to 12',
     ],
    },
   ],
  },
  'CMA_SYSFS': {
   'what': 'Counters of each CMA area below /sys/kernel/mm/cma',
   'eras': [
    {
     'kernel': '5.13..',
     'type': 'bool',
     'depends': 'CMA && SYSFS',
     'note': '5.11 to 5.13 were not looked at; the ABI document is dated February 2021',
     'source': [
      'mm/Kconfig of 6.1, 6.12, 7.2, 7.3; not in 5.10; configurations of 5.14.10 have it',
     ],
    },
   ],
   'notes': [
    'release_pages_success, total_pages and available_pages are newer than the other files (ABI dates 2024)',
   ],
  },
  'CMA_DEBUGFS': {
   'what': 'CMA bitmaps, and allocating by hand, in debugfs',
   'eras': [
    {
     'type': 'bool',
     'depends': 'CMA && DEBUG_FS',
     'source': [
      'mm/Kconfig of 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'DMA_PERNUMA_CMA': {
   'what': 'A CMA area for each NUMA node',
   'eras': [
    {
     'kernel': '5.10..6.5',
     'type': 'bool',
     'depends': 'DMA_CMA && NUMA',
     'note': 'releases between 6.1 and 6.6 were not looked at',
     'source': [
      'kernel/dma/Kconfig of 5.10, 6.1; configurations of 6.6-rc1 have DMA_NUMA_CMA',
     ],
    },
   ],
   'renamed_to': {
    'symbol': 'DMA_NUMA_CMA',
    'kernel': '6.6',
   },
  },
  'DMA_NUMA_CMA': {
   'what': 'A CMA area for each NUMA node',
   'eras': [
    {
     'kernel': '6.6..',
     'type': 'bool',
     'depends': 'DMA_CMA && NUMA',
     'source': [
      'kernel/dma/Kconfig of 6.12, 7.2, 7.3; configurations of 6.6-rc1',
     ],
    },
   ],
  },
  'CMA_SIZE_PERNUMA': {
   'what': 'The default CMA area is split over the NUMA nodes',
   'eras': [
    {
     'kernel': '7.2..',
     'type': 'bool',
     'depends': 'DMA_CMA && DMA_NUMA_CMA',
     'default': [
      {
       'value': 'y',
      },
     ],
     'note': 'releases between 6.12 and 7.2 were not looked at',
     'source': [
      'kernel/dma/Kconfig of 7.2, 7.3; not in 6.12',
     ],
    },
   ],
  },
  'DMA_RESTRICTED_POOL': {
   'what': 'Bounce buffers for devices that may reach one memory region only',
   'eras': [
    {
     'kernel': '5.15..',
     'type': 'bool',
     'depends': 'OF && OF_RESERVED_MEM && SWIOTLB',
     'source': [
      'kernel/dma/Kconfig of 6.1, 6.12, 7.2; gki_defconfig sets it since android13-5.15',
     ],
    },
   ],
  },
  'SYNC_FILE': {
   'what': 'Fences as file descriptors',
   'eras': [
    {
     'type': 'bool',
     'selects': [
      'DMA_SHARED_BUFFER',
     ],
     'selected_by': [
      {
       'symbol': 'DRM',
      },
      {
       'symbol': 'DRM_I915',
      },
      {
       'symbol': 'DRM_XE',
      },
      {
       'symbol': 'DRM_MSM',
      },
      {
       'symbol': 'DRM_ETNAVIV',
      },
     ],
     'source': [
      'drivers/dma-buf/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3; who selects it of 6.12 and 7.3',
     ],
    },
   ],
  },
  'SW_SYNC': {
   'what': 'Fences made by hand in debugfs, for tests',
   'eras': [
    {
     'type': 'bool',
     'depends': 'SYNC_FILE && DEBUG_FS',
     'selected_by': [
      {
       'symbol': 'DRM_I915_DEBUG',
      },
     ],
     'source': [
      'drivers/dma-buf/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'UDMABUF': {
   'what': '/dev/udmabuf, dma-bufs made of memfd pages',
   'eras': [
    {
     'type': 'bool',
     'depends': 'DMA_SHARED_BUFFER && (MEMFD_CREATE || COMPILE_TEST) && MMU',
     'source': [
      'drivers/dma-buf/Kconfig of 6.12, 7.2, 7.3; 5.10 and 6.1 do not ask for MMU',
     ],
    },
   ],
   'notes': [
    'one buffer may have 64 MiB at most up to 7.2; 7.3 takes the limit away',
   ],
  },
  'DMABUF_SYSFS_STATS': {
   'what': 'A directory for each dma-buf below /sys/kernel/dmabuf/buffers',
   'eras': [
    {
     'kernel': '5.15..6.19',
     'type': 'bool',
     'depends': 'DMA_SHARED_BUFFER',
     'source': [
      'drivers/dma-buf/Kconfig of 6.1, 6.12 (deprecated there already)',
      'configurations of 5.14.10 lack it, 5.15.0 have it; 6.19-rc1 have it, 7.0-rc1 lack it',
      'commits bdb8d06dfefd and ab4c3dcf9a71; its ABI document says 5.13',
     ],
    },
    {
     'kernel': '5.4..6.19',
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'DMA_SHARED_BUFFER',
     'note': 'gki_defconfig sets it from 5.4 to android16-6.12, and no more in android17-6.18',
     'source': [
      'gki_defconfig of Android 5.4, 5.10, 5.15, 6.1, 6.6, 6.12, 6.18 trees',
     ],
    },
   ],
   'notes': [
    'the BPF iterator dmabuf (6.16, with BPF_SYSCALL) takes its place',
   ],
  },
  'BPF_SYSCALL': {
   'what': 'The bpf() system call; since 6.16 also the iterator over all dma-bufs',
   'eras': [
    {
     'type': 'bool',
     'selected_by': [
      {
       'symbol': 'AF_KCM',
      },
     ],
     'source': [
      'kernel/bpf/Kconfig; kernel/bpf/Makefile of 7.2 builds dmabuf_iter.o with it',
     ],
    },
   ],
  },
  'DMABUF_DEBUG': {
   'what': 'Checks in the dma-buf core that cost time at every map',
   'eras': [
    {
     'kernel': '5.11..7.1',
     'type': 'bool',
     'depends': 'DMA_SHARED_BUFFER',
     'default': [
      {
       'value': 'y',
       'if': 'DMA_API_DEBUG',
      },
     ],
     'note': '5.11 to 5.13 were not looked at, nor from when to when between 6.12 and 7.2 the default changed',
     'source': [
      'drivers/dma-buf/Kconfig of 6.1, 6.12; not in 5.10; configurations of 5.14.10 have it',
     ],
    },
    {
     'kernel': '7.2..',
     'type': 'bool',
     'depends': 'DMA_SHARED_BUFFER',
     'default': [
      {
       'value': 'y',
       'if': 'DEBUG',
      },
     ],
     'source': [
      'drivers/dma-buf/Kconfig of 7.2, 7.3',
     ],
    },
   ],
  },
  'DEBUG': {
   'what': 'Named as a condition in drivers/dma-buf/Kconfig of 7.2 and 7.3, and defined nowhere, so always off',
   'eras': [],
  },
  'DMABUF_MOVE_NOTIFY': {
   'what': 'Buffers that move while a device has them mapped',
   'eras': [
    {
     'kernel': '5.6..7.0',
     'type': 'bool',
     'depends': 'DMA_SHARED_BUFFER',
     'note': 'releases before 5.10 were not looked at',
     'source': [
      'drivers/dma-buf/Kconfig of 5.10, 6.1, 6.12; configurations of 7.0-rc1 have it, 7.1-rc1 lack it',
     ],
    },
   ],
  },
  'DMABUF_SELFTESTS': {
   'what': "The dma-buf core's own tests, run at load",
   'eras': [
    {
     'kernel': '..7.1',
     'type': 'tristate',
     'depends': 'DMA_SHARED_BUFFER',
     'selected_by': [
      {
       'symbol': 'DRM_I915_DEBUG',
      },
     ],
     'source': [
      'drivers/dma-buf/Kconfig of 5.10, 6.1, 6.12; configurations of 7.1-rc1 have it, 7.2-rc1 lack it',
     ],
    },
   ],
   'module': 'dmabuf_selftests',
   'renamed_to': {
    'symbol': 'DMABUF_KUNIT_TEST',
    'kernel': '7.2',
   },
  },
  'DMABUF_KUNIT_TEST': {
   'what': "The dma-buf core's own tests under KUnit",
   'eras': [
    {
     'kernel': '7.2..',
     'type': 'tristate',
     'depends': 'KUNIT',
     'default': [
      {
       'value': 'KUNIT_ALL_TESTS',
      },
     ],
     'selects': [
      'DMA_SHARED_BUFFER',
     ],
     'selected_by': [
      {
       'symbol': 'DRM_I915_DEBUG',
       'if': 'KUNIT',
      },
     ],
     'source': [
      'drivers/dma-buf/Kconfig of 7.2, 7.3',
     ],
    },
   ],
  },
  'DMA_API_DEBUG': {
   'what': 'Checks of every DMA mapping',
   'eras': [
    {
     'type': 'bool',
     'source': [
      'kernel/dma/Kconfig of 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'DEBUG_FS': {
   'what': 'debugfs, with dma_buf/bufinfo in it',
   'eras': [
    {
     'type': 'bool',
     'selected_by': [
      {
       'symbol': 'ZSMALLOC_STAT',
      },
      {
       'symbol': 'VCAP_KUNIT_TEST',
      },
      {
       'symbol': 'GPIO_VIRTUSER',
      },
      {
       'symbol': 'DRM_I915_DEBUG',
      },
      {
       'symbol': 'EDAC_DEBUG',
      },
      {
       'symbol': 'XFS_ONLINE_SCRUB_STATS',
      },
      {
       'symbol': 'SUNRPC_DEBUG',
      },
      {
       'symbol': 'PAGE_OWNER',
      },
      {
       'symbol': 'DEBUG_KMEMLEAK',
      },
      {
       'symbol': 'DEBUG_CLOSURES',
      },
      {
       'symbol': 'BLK_DEV_IO_TRACE',
      },
      {
       'symbol': 'NOTIFIER_ERROR_INJECTION',
      },
      {
       'symbol': 'FAIL_FUTEX',
      },
      {
       'symbol': 'KCOV',
      },
      {
       'symbol': 'PUNIT_ATOM_DEBUG',
      },
      {
       'symbol': 'ARM_PTDUMP_DEBUGFS',
      },
      {
       'symbol': 'KEXEC_HANDOVER_DEBUGFS',
      },
     ],
     'source': [
      'lib/Kconfig.debug; who selects it of 6.12 and 7.3',
     ],
    },
   ],
  },
  'IKCONFIG': {
   'what': 'The kernel carries its own configuration',
   'eras': [
    {
     'type': 'tristate',
     'source': [
      'init/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3',
     ],
    },
   ],
   'module': 'configs',
  },
  'IKCONFIG_PROC': {
   'what': '/proc/config.gz',
   'eras': [
    {
     'type': 'bool',
     'depends': 'IKCONFIG && PROC_FS',
     'source': [
      'init/Kconfig of 5.10, 6.1, 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'MMU': {
   'what': 'A memory management unit; the architecture sets it',
   'eras': [
    {
     'type': 'bool',
     'prompt': False,
     'source': [
      'arch/*/Kconfig',
     ],
    },
   ],
  },
  'HAVE_DMA_CONTIGUOUS': {
   'what': 'The architecture supports DMA_CMA',
   'eras': [
    {
     'type': 'bool',
     'prompt': False,
     'selected_by': [
      {
       'symbol': 'ARM',
       'if': 'MMU',
      },
      {
       'symbol': 'RISCV',
       'if': 'MMU',
      },
      {
       'symbol': 'ARM64',
      },
      {
       'symbol': 'CSKY',
      },
      {
       'symbol': 'LOONGARCH',
      },
      {
       'symbol': 'MICROBLAZE',
      },
      {
       'symbol': 'MIPS',
      },
      {
       'symbol': 'S390',
      },
      {
       'symbol': 'X86',
      },
      {
       'symbol': 'XTENSA',
      },
     ],
     'whole': True,
     'source': [
      'arch/*/Kconfig of 6.12, 7.2, 7.3',
     ],
    },
   ],
  },
  'PROC_FS': {
   'what': 'The proc file system',
   'eras': [
    {
     'type': 'bool',
     'default': [
      {
       'value': 'y',
      },
     ],
     'source': [
      'fs/proc/Kconfig',
     ],
    },
   ],
  },
  'SYSFS': {
   'what': 'The sys file system',
   'eras': [
    {
     'type': 'bool',
     'default': [
      {
       'value': 'y',
      },
     ],
     'selected_by': [
      {
       'symbol': 'CONFIGFS_FS',
      },
     ],
     'source': [
      'fs/sysfs/Kconfig',
     ],
    },
   ],
  },
  'MEMFD_CREATE': {
   'what': 'The memfd_create() system call',
   'eras': [
    {
     'type': 'bool',
     'selected_by': [
      {
       'symbol': 'TMPFS',
      },
      {
       'symbol': 'HUGETLBFS',
      },
     ],
     'note': 'only asked with EXPERT',
     'source': [
      'fs/Kconfig of 6.12, 7.3',
     ],
    },
   ],
  },
  'HAS_DMA': {
   'what': 'The architecture can do DMA',
   'eras': [
    {
     'type': 'bool',
     'depends': '!NO_DMA',
     'prompt': False,
     'default': [
      {
       'value': 'y',
      },
     ],
     'source': [
      'kernel/dma/Kconfig',
     ],
    },
   ],
  },
  'HAS_IOMEM': {
   'what': 'The architecture has memory-mapped registers',
   'eras': [
    {
     'type': 'bool',
     'depends': '!NO_IOMEM',
     'prompt': False,
     'default': [
      {
       'value': 'y',
      },
     ],
     'source': [
      'lib/Kconfig',
     ],
    },
   ],
  },
  'STAGING': {
   'what': 'The staging drivers',
   'eras': [
    {
     'type': 'bool',
     'source': [
      'drivers/staging/Kconfig',
     ],
    },
   ],
  },
  'KUNIT': {
   'what': 'KUnit, unit tests inside the kernel',
   'eras': [
    {
     'type': 'tristate',
     'source': [
      'lib/kunit/Kconfig',
     ],
    },
   ],
   'module': 'kunit',
  },
  'ION': {
   'what': 'ION, the Android allocator before DMA-BUF heaps, behind /dev/ion',
   'eras': [
    {
     'kernel': '..5.10',
     'type': 'bool',
     'depends': 'STAGING && ANDROID && HAS_DMA && MMU',
     'selects': [
      'GENERIC_ALLOCATOR',
      'DMA_SHARED_BUFFER',
     ],
     'source': [
      'drivers/staging/android/ion/Kconfig of 5.10; removed from the tree in October 2020, for 5.11',
     ],
    },
   ],
   'notes': [
    'gki_defconfig of Android 5.4 sets it; android12-5.10 switched it off on 1 March 2021',
   ],
  },
  'ION_SYSTEM_HEAP': {
   'what': "ION's system heap",
   'eras': [
    {
     'kernel': '..5.10',
     'type': 'bool',
     'depends': 'ION',
     'source': [
      'drivers/staging/android/ion/Kconfig of 5.10; gki_defconfig of Android 5.4 sets it',
     ],
    },
   ],
  },
  'ION_CMA_HEAP': {
   'what': "ION's heap on CMA",
   'eras': [
    {
     'kernel': '..5.10',
     'type': 'bool',
     'depends': 'ION && DMA_CMA',
     'source': [
      'drivers/staging/android/ion/Kconfig of 5.10',
     ],
    },
   ],
  },
  'ANDROID': {
   'what': 'The menu of Android drivers',
   'eras': [
    {
     'kernel': '..5.10',
     'type': 'bool',
     'note': 'later releases were not looked at',
     'source': [
      'drivers/android/Kconfig of 5.10',
     ],
    },
   ],
  },
  'DMABUF_HEAPS_DEFERRED_FREE': {
   'what': 'Heaps free and zero pages in a thread of their own',
   'eras': [
    {
     'kernel': '5.4..6.6',
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'note': 'tristate without a prompt in some trees, bool with one in others',
     'source': [
      'gki_defconfig sets it from 5.4 to android15-6.6; gone in android16-6.12',
     ],
    },
   ],
   'module': 'deferred_free_helper',
   'vendor': 'Android Common',
  },
  'DMABUF_HEAPS_PAGE_POOL': {
   'what': 'Heaps keep freed pages in pools',
   'eras': [
    {
     'kernel': '5.4..6.6',
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'note': 'tristate without a prompt in some trees, bool with one in others',
     'source': [
      'gki_defconfig sets it from 5.4 to android15-6.6; gone in android16-6.12',
     ],
    },
   ],
   'module': 'page_pool',
   'vendor': 'Android Common',
  },
  'ANDROID_VENDOR_HOOKS': {
   'what': 'Tracepoints that vendor modules hook into; no mainline kernel has them',
   'eras': [
    {
     'kernel': '5.4..',
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'source': [
      'gki_defconfig of Android 5.4',
     ],
    },
   ],
   'vendor': 'Android Common',
  },
  'GKI_HACKS_TO_FIX': {
   'what': 'Symbols that GKI selects so that vendor modules can be built without them',
   'eras': [
    {
     'kernel': '5.4..',
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'source': [
      'gki_defconfig of Android 5.4',
     ],
    },
   ],
   'vendor': 'Android Common',
  },
  'QCOM_DMABUF_HEAPS': {
   'what': "Qualcomm's heaps, one module for all of them",
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of Qualcomm's tree",
     ],
    },
   ],
   'module': 'qcom_dma_heaps',
   'vendor': 'Qualcomm',
  },
  'QCOM_DMABUF_HEAPS_SYSTEM': {
   'what': 'The heap qcom,system; the driver also registers it as system',
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'QCOM_DMABUF_HEAPS',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of Qualcomm's tree",
     ],
    },
   ],
   'heaps': [
    'qcom,system',
    'system',
   ],
   'vendor': 'Qualcomm',
  },
  'QCOM_DMABUF_HEAPS_SYSTEM_UNCACHED': {
   'what': 'The heap qcom,system-uncached',
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'QCOM_DMABUF_HEAPS && QCOM_DMABUF_HEAPS_SYSTEM',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of Qualcomm's tree",
     ],
    },
   ],
   'heaps': [
    'qcom,system-uncached',
   ],
   'vendor': 'Qualcomm',
  },
  'QCOM_DMABUF_HEAPS_SYSTEM_SECURE': {
   'what': 'Protected memory taken from the system heap',
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'QCOM_DMABUF_HEAPS && QCOM_SECURE_BUFFER && QCOM_DMABUF_HEAPS_SYSTEM',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of Qualcomm's tree",
     ],
    },
   ],
   'heaps': [
    'qcom,secure-pixel',
    'qcom,secure-non-pixel',
   ],
   'vendor': 'Qualcomm',
  },
  'QCOM_DMABUF_HEAPS_SYSTEM_MOVABLE': {
   'what': 'System memory that can be lent from the movable zone',
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'QCOM_DMABUF_HEAPS_SYSTEM',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of Qualcomm's tree",
     ],
    },
   ],
   'vendor': 'Qualcomm',
  },
  'QCOM_DMABUF_HEAPS_PAGE_POOL_REFILL': {
   'what': 'A thread that keeps the page pools filled',
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'QCOM_DMABUF_HEAPS_SYSTEM',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of Qualcomm's tree",
     ],
    },
   ],
   'vendor': 'Qualcomm',
  },
  'QCOM_DMABUF_HEAPS_CMA': {
   'what': 'Heaps on CMA areas, named in the device tree below qcom,dma-heaps, e.g. qcom,display, qcom,adsp',
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'QCOM_DMABUF_HEAPS && DMA_CMA',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of Qualcomm's tree",
     ],
    },
   ],
   'heaps': [
    'qcom,display',
    'qcom,qseecom',
    'qcom,adsp',
    'qcom,camera',
   ],
   'vendor': 'Qualcomm',
  },
  'QCOM_DMABUF_HEAPS_CARVEOUT': {
   'what': 'Heaps on memory that the kernel never sees',
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'QCOM_DMABUF_HEAPS && ARCH_SPARSEMEM_ENABLE',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of Qualcomm's tree",
     ],
    },
   ],
   'vendor': 'Qualcomm',
  },
  'QCOM_DMABUF_HEAPS_TUI_CARVEOUT': {
   'what': 'Memory of the trusted user interface',
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'QCOM_DMABUF_HEAPS',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of a Qualcomm 6.1 tree',
     ],
    },
   ],
   'vendor': 'Qualcomm',
  },
  'QCOM_DMABUF_HEAPS_UBWCP': {
   'what': 'The heap qcom,ubwcp, compressed frames',
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'QCOM_DMABUF_HEAPS_SYSTEM',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of Qualcomm's tree",
     ],
    },
   ],
   'heaps': [
    'qcom,ubwcp',
   ],
   'vendor': 'Qualcomm',
  },
  'DEVICE_MODULES_DMABUF_HEAPS_SYSTEM': {
   'what': "MediaTek's system heap, built outside of the kernel tree as system_heap.ko",
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS',
     'source': [
      "drivers/dma-buf/heaps/Kconfig and Makefile of MediaTek's device modules",
     ],
    },
   ],
   'module': 'system_heap',
   'heaps': [
    'system',
    'system-uncached',
    'mtk_mm',
    'mtk_mm-uncached',
   ],
   'vendor': 'MediaTek',
  },
  'DEVICE_MODULES_DMABUF_HEAPS_PAGE_POOL': {
   'what': "Page pools of MediaTek's heaps",
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'gki',
      'vendor',
     ],
     'source': [
      "drivers/dma-buf/heaps/Kconfig and Makefile of MediaTek's device modules",
     ],
    },
   ],
   'module': 'page_pool',
   'vendor': 'MediaTek',
  },
  'DEVICE_MODULES_DMABUF_HEAPS_DEFERRED_FREE': {
   'what': "Deferred freeing of MediaTek's heaps",
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'gki',
      'vendor',
     ],
     'source': [
      "drivers/dma-buf/heaps/Kconfig and Makefile of MediaTek's device modules",
     ],
    },
   ],
   'module': 'deferred_free_helper',
   'vendor': 'MediaTek',
  },
  'DEVICE_MODULES_DMABUF_HEAPS_REFILL': {
   'what': "A thread that keeps MediaTek's page pools filled",
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'DEVICE_MODULES_DMABUF_HEAPS_SYSTEM',
     'source': [
      "drivers/dma-buf/heaps/Kconfig and Makefile of MediaTek's device modules",
     ],
    },
   ],
   'module': 'mtk_heap_refill',
   'vendor': 'MediaTek',
  },
  'DMABUF_HEAPS_ROCKCHIP_SYSTEM': {
   'what': "Rockchip's system heaps, with uncached and below-4-GiB variants",
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS',
     'source': [
      'heaps/Kconfig of a Rockchip tree; type not verified',
     ],
    },
   ],
   'heaps': [
    'system',
    'system-uncached',
    'system-dma32',
    'system-uncached-dma32',
   ],
   'vendor': 'Rockchip',
  },
  'DMABUF_HEAPS_SRAM': {
   'what': 'On-chip SRAM as a heap',
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS && SRAM',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of a Rockchip tree',
     ],
    },
   ],
   'vendor': 'Rockchip',
  },
  'DMABUF_HEAPS_SECURE': {
   'what': 'Protected memory, before mainline had a heap for it',
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of a Rockchip tree',
     ],
    },
   ],
   'vendor': 'Rockchip',
  },
  'DMABUF_HEAPS_CARVEOUT': {
   'what': "Heaps on reserved memory, named carveout_ and the region's name",
   'eras': [
    {
     'type': 'bool',
     'flavour': [
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS && HAS_IOMEM',
     'selects': [
      'GENERIC_ALLOCATOR',
     ],
     'source': [
      "drivers/dma-buf/heaps/Kconfig of TI's tree",
     ],
    },
   ],
   'vendor': 'Texas Instruments',
  },
  'DMABUF_HEAPS_DSP': {
   'what': 'Memory of the DSP as a heap',
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS',
     'source': [
      "drivers/dma-buf/heaps/Kconfig of NXP's tree",
     ],
    },
   ],
   'vendor': 'NXP',
  },
  'DMABUF_HEAPS_CHUNK': {
   'what': 'Contiguous chunks of one fixed size',
   'eras': [
    {
     'kernel': '..5.10',
     'type': 'bool',
     'flavour': [
      'gki',
      'vendor',
     ],
     'depends': 'DMABUF_HEAPS && DMA_CMA',
     'source': [
      'drivers/dma-buf/heaps/Kconfig of an early Android Common tree',
     ],
    },
   ],
   'vendor': 'Android Common (early trees)',
  },
  'AMLOGIC_HEAP_CMA': {
   'what': 'Heaps on CMA areas whose names contain heap-gfx, heap-fb or heap-secure',
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'gki',
      'vendor',
     ],
     'source': [
      "drivers of Amlogic's tree; type not verified",
     ],
    },
   ],
   'heaps': [
    'heap-gfx',
    'heap-fb',
    'heap-secure',
   ],
   'vendor': 'Amlogic',
  },
  'AMLOGIC_HEAP_CODEC_MM': {
   'what': 'Heaps on the memory of the video codecs',
   'eras': [
    {
     'type': 'tristate',
     'flavour': [
      'gki',
      'vendor',
     ],
     'source': [
      "drivers of Amlogic's tree; type not verified",
     ],
    },
   ],
   'heaps': [
    'heap-codecmm',
    'heap-cached-codecmm',
   ],
   'vendor': 'Amlogic',
  },
 },
 'heaps': [
  {
   'heap': 'system',
   'symbol': 'DMABUF_HEAPS_SYSTEM',
   'kernel': '5.6..',
   'names': [
    'system',
   ],
   'source': [
    'drivers/dma-buf/heaps/system_heap.c of 5.10, 6.1, 6.12, 7.2, 7.3',
   ],
  },
  {
   'heap': 'default CMA area',
   'symbol': 'DMABUF_HEAPS_CMA',
   'kernel': '5.6..6.16',
   'names': [
    'reserved',
    'linux,cma*',
    'default-pool*',
   ],
   'note': "reserved when the size comes from Kconfig or cma=; otherwise the device tree node's name with its address",
   'source': [
    'drivers/dma-buf/heaps/cma_heap.c and kernel/dma/contiguous.c of 5.10, 6.1, 6.12',
   ],
  },
  {
   'heap': 'default CMA area',
   'symbol': 'DMABUF_HEAPS_CMA',
   'kernel': '6.17..',
   'names': [
    'default_cma_region',
   ],
   'source': [
    'commit 854acbe75ff4 (6.17); drivers/dma-buf/heaps/cma_heap.c of 7.2, 7.3',
   ],
  },
  {
   'heap': 'default CMA area, old name',
   'symbol': 'DMABUF_HEAPS_CMA_LEGACY',
   'kernel': '6.17..6.18',
   'names': [
    'reserved',
    'linux,cma*',
    'default-pool*',
   ],
   'source': [
    'drivers/dma-buf/heaps/Kconfig, symbol DMABUF_HEAPS_CMA_LEGACY',
   ],
  },
  {
   'heap': 'every CMA area',
   'symbol': 'DMABUF_HEAPS_CMA',
   'kernel': '6.19..',
   'names': [
    'reserved',
    'linux,cma*',
    '*@*',
   ],
   'note': "one for each reusable shared-dma-pool node, under the node's name, and reserved for a default area without one",
   'source': [
    'series "Create CMA heap for each CMA reserved region" (6.19); cma_heap.c of 7.2, 7.3',
   ],
  },
  {
   'heap': 'protected memory',
   'symbol': 'TEE_DMABUF_HEAPS',
   'kernel': '6.18..',
   'names': [
    'protected,secure-video',
    'protected,trusted-ui',
    'protected,secure-video-record',
   ],
   'note': 'only those that the TEE driver registers',
   'source': [
    'drivers/tee/tee_heap.c of 7.2',
   ],
  },
  {
   'heap': 'decrypted memory of confidential virtual machines',
   'symbol': 'DMABUF_HEAPS_SYSTEM',
   'kernel': '7.1..7.1',
   'names': [
    'system_cc_shared',
   ],
   'note': 'only in a guest with encrypted memory',
   'source': [
    'binaries of 7.1.3 and 7.1.13',
   ],
  },
  {
   'heap': 'decrypted memory of confidential virtual machines',
   'symbol': 'DMABUF_HEAPS_SYSTEM_CC_SHARED',
   'kernel': '7.2..',
   'names': [
    'system_cc_shared',
   ],
   'note': 'only in a guest with encrypted memory',
   'source': [
    'drivers/dma-buf/heaps/system_heap.c of 7.2',
   ],
  },
 ],
 'defects': [
  {
   'id': 'dma-heap.descriptor-leak',
   'title': 'ALLOC of a DMA-BUF heap that cannot write its answer leaves the descriptor open',
   'test': 'fd.after_efault',
   'errno': 'EFAULT',
   'since': '5.6',
   'commit': '30d0aff2c65a',
   'subject': "dma-buf: dma-heap: don't publish fd before copy_to_user() succeeds",
   'present': [
    {
     'release': '5.10.223',
     'source': 'drivers/dma-buf/dma-heap.c',
    },
    {
     'release': '6.12.107',
     'source': 'drivers/dma-buf/dma-heap.c',
    },
   ],
   'fixed': [
    {
     'release': '7.3',
     'source': 'drivers/dma-buf/dma-heap.c of 7.3.4',
    },
    {
     'release': '7.2.6',
     'source': 'commit 0d4a5d218055; 7.2.6 or earlier',
    },
    {
     'release': '6.12.112',
     'source': "the release's changelog",
    },
    {
     'release': '6.1.191',
     'source': "the release's changelog",
    },
   ],
  },
  {
   'id': 'ion.descriptor-leak',
   'title': 'ALLOC of ION that cannot write its answer leaves the descriptor open',
   'test': 'ion.after_efault',
   'errno': 'EFAULT',
   'since': '4.12',
   'present': [
    {
     'release': '5.10.223',
     'source': 'drivers/staging/android/ion/ion.c',
    },
   ],
   'never_fixed': 'ION was removed in 5.11 with the defect; only moving to DMA-BUF heaps helps',
  },
 ],
}
