"""What is wrong with a node that is there, or with its name."""

from __future__ import annotations

from bringup.causes.known.known_cause import Cost, KnownCause, link

_ONLY_ROOT = (
    link("devDucks/astroarch#104", "Raspberry Pi camera works as root only: /dev/dma_heap may not be opened"),
    link("rockchip-linux/mpp#626", "mpp: every heap is crw------- root root"),
)
_AVC = link(
    "RenderHeads/UnityPlugin-AVProMovieCapture#419", "An avc line about dmabuf in an app's log (often harmless)"
)

HEAP_RENAMED = KnownCause(
    id="heap.renamed",
    text="The heap is there under another of its names.",
    why=(
        "Up to 6.16 it has the name of its CMA area: reserved where the size comes from Kconfig or cma=, "
        "else the name of the device tree node. From 6.17 on it is default_cma_region. cma= replaces the device "
        "tree node. A TEE heap is called protected,NAME in mainline, and restricted,NAME in trees with the series from "
        "before it was renamed."
    ),
    shows="the expected name is missing, and one of reserved, linux,cma, default-pool, default_cma_region is there, "
    "or restricted,NAME for protected,NAME",
    since="5.6 and later; default_cma_region since 6.17",
    source="drivers/dma-buf/heaps/cma_heap.c and kernel/dma/contiguous.c of Linux 5.10, 6.12 and 7.2; "
    "commit 854acbe75ff4",
    cost=Cost.NO_HEAP,
    seen_before=(
        link("Freescale/libimxvpuapi#54", "i.MX8M VPU wants linux,cma-uncached, the board has reserved-uncached"),
    ),
)
HEAP_LINK = KnownCause(
    id="heap.link",
    text="A heap's name is a symbolic link to a heap of another kind.",
    why=(
        "A link gives a heap a second name. A link from system to a CMA heap works until CMA is used up, which is "
        "soon, and the camera or the codec then gets nothing. A link from a CMA heap to system gives memory that is "
        "not contiguous."
    ),
    shows="a symbolic link in /dev/dma_heap, and the heap that it leads to",
    since="5.6",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 5.10, 6.12 and 7.3: one cma_alloc per buffer",
    cost=Cost.LATER,
)
HEAP_UNPLANNED = KnownCause(
    id="heap.unplanned",
    text="There is a heap that the board config does not name.",
    why="Nobody manages memory that nobody planned. From 6.19 on each reusable pool becomes a heap.",
    shows="a node under /dev/dma_heap that is in no board config",
    since="5.6",
    source="drivers/dma-buf/heaps/cma_heap.c of Linux 7.2: add_cma_heaps",
    cost=Cost.UNSEEN,
)
NODE_MODE = KnownCause(
    id="node.mode",
    text="The node's mode does not let its users open it.",
    why=(
        "devtmpfs makes a node 0600 root root; ueventd sets the mode that a line of ueventd.rc gives, and on a Linux "
        "that is not Android udev sets that of its rules."
    ),
    shows="the node's permission bits against the board config, ueventd.rc or udev's rules, or EACCES from open",
    since="5.6",
    source="drivers/base/devtmpfs.c of Linux 5.10, 6.12 and 7.3; AOSP system/core/init/README.ueventd.md; udev(7)",
    cost=Cost.NO_HEAP,
    seen_before=_ONLY_ROOT,
)
NODE_OWNER = KnownCause(
    id="node.owner",
    text="The node's owner and group are not those of its users.",
    why="A mode such as 0440 lets in the owner and the group only.",
    shows="the node's owner and group against the board config or ueventd.rc",
    since="5.6",
    source="AOSP system/core/init/README.ueventd.md",
    seen_before=_ONLY_ROOT,
)
NODE_LABEL = KnownCause(
    id="node.label",
    text="The node's SELinux type is not the one that the rules for its users name.",
    why="A vendor heap without a line in file_contexts has the type dmabuf_heap_device, which no core domain may open.",
    shows="the node's label, or that of an avc line, against the board config or the platform's file_contexts",
    since="any, with Android 12 or later",
    source="AOSP system/sepolicy: file_contexts, neverallow on dmabuf_heap_device_type",
)
NODE_DENIED = KnownCause(
    id="node.denied",
    text="Opening the node is refused, and neither its mode nor SELinux explains why.",
    why="A capability, a device cgroup or a mount option (nodev) can refuse as well.",
    shows="EACCES or EPERM from open, with a mode that allows it and SELinux not enforcing",
    since="any",
    source="Documentation/admin-guide/cgroup-v2.rst: device controller; fs/namei.c: may_open_dev (nodev)",
    cost=Cost.NO_HEAP,
)
NODE_NOT_MADE = KnownCause(
    id="node.not-made",
    text="The kernel has the heap, and nothing made its node in /dev.",
    why=(
        "The kernel announces a heap, and devtmpfs or, on Android, ueventd makes the node. A container has only the "
        "nodes that its configuration names."
    ),
    shows="the heap is in /sys/class/dma_heap and not in /dev/dma_heap",
    fix=(
        "in a container: give it the node in its configuration (lxc.mount.entry; docker run --device)",
        "elsewhere: look whether ueventd runs, or whether devtmpfs is mounted on /dev",
    ),
    since="5.6",
    source="drivers/dma-buf/dma-heap.c and drivers/base/devtmpfs.c of Linux 5.10, 6.12 and 7.3; AOSP "
    "system/core/init/README.ueventd.md",
    cost=Cost.NO_HEAP,
    seen_before=(link("waydroid/waydroid#1813", "Waydroid: Codec2 cannot allocate without /dev/dma_heap/system"),),
)
UEVENTD_NO_LINE = KnownCause(
    id="ueventd.no-line",
    text="No ueventd.rc has a line for the node.",
    why="ueventd makes a node without a line 0600 root root. The node may look right until the next boot.",
    shows="the ueventd.rc files of the board",
    since="any",
    source="AOSP system/core/init/README.ueventd.md",
    cost=Cost.LATER,
    seen_before=_ONLY_ROOT,
)
UDEV_NO_RULE = KnownCause(
    id="udev.no-rule",
    text="udev has no rule for the node.",
    why=(
        "devtmpfs makes it 0600 root root. systemd has no rule for heaps on purpose: no cgroup limits the memory that "
        "is taken from one. A program that can do with its own memory makes DMA-BUFs with /dev/udmabuf, which systemd "
        "opens to whoever is logged in."
    ),
    shows="the rules in /etc/udev/rules.d and /lib/udev/rules.d of a board without ueventd",
    fix=(
        "add the rule, then: udevadm control --reload; udevadm trigger --subsystem-match=dma_heap",
        "add the users of heaps to the group: usermod -aG video USER; it holds from their next login on",
    ),
    since="5.6",
    source="udev(7); systemd pull request 33738 (rules.d/70-uaccess.rules.in: udmabuf); drivers/dma-buf/dma-heap.c of "
    "Linux 6.12 and 7.3: mem_accounting",
    cost=Cost.NO_HEAP,
    seen_before=(
        *_ONLY_ROOT,
        link(
            "armbian/build#10085",
            "The group video gets the DMA-BUF heaps, or the codec works as root only",
        ),
        link(
            "qualcomm-linux/meta-qcom#1711",
            "Services cannot open /dev/dma_heap/system: a group and a rule",
        ),
    ),
)
NODE_OPEN_TO_ALL = KnownCause(
    id="node.open-to-all",
    text="Every user may take memory from a heap, and no cgroup counts it.",
    why=(
        "A user without any other right can use up the board's memory. The kernel charges the system heap's pages to "
        "their cgroup from 7.2 on, with dma_heap.mem_accounting=1; CMA heaps are not charged."
    ),
    shows="the node's permission bits, and /sys/module/dma_heap/parameters/mem_accounting",
    since="5.6",
    source="systemd pull request 33738; drivers/dma-buf/dma-heap.c of Linux 6.12 and 7.3: mem_accounting",
    cost=Cost.LATER,
)
SELINUX_DENIED = KnownCause(
    id="selinux.denied",
    text="SELinux refuses access to a heap.",
    why="Each domain that opens a heap needs a rule for the heap's type; a HAL that is refused falls back or crashes.",
    shows="avc: denied lines about a heap in the kernel's log; EACCES from open with a mode that allows it",
    since="any, with Android 12 or later",
    source="AOSP system/sepolicy: dmabuf_heap_device_type; https://source.android.com/docs/security/features/selinux",
    seen_before=(_AVC,),
)
SELINUX_WOULD_REFUSE = KnownCause(
    id="selinux.would-refuse",
    text="SELinux allows access to a heap only because it is permissive.",
    why=(
        "A permissive system, or domain, logs what it would refuse and allows it. A production build enforces: "
        "then the same access fails."
    ),
    shows="avc: denied lines about a heap that end in permissive=1",
    since="any, with Android 12 or later",
    source="security/selinux/avc.c of Linux 5.10, 6.12 and 7.3: avc_denied, avc_audit_post_callback",
    cost=Cost.LATER,
    seen_before=(_AVC,),
)
SELINUX_LINES_LOST = KnownCause(
    id="selinux.lines-lost",
    text="The kernel's log does not have every line that SELinux wrote.",
    why=(
        "Without an audit daemon the kernel prints 10 lines in 5 s and drops the rest; Android limits it to 5 per "
        "second. A line that was dropped may be a denial of a heap."
    ),
    shows="kauditd_printk_skb: N callbacks suppressed; audit: rate limit exceeded; audit: audit_lost=N",
    since="any",
    source="kernel/audit.c of Linux 5.10, 6.12 and 7.3: kauditd_printk_skb; AOSP system/logging/logd/logd.rc",
    cost=Cost.UNSEEN,
)
SELINUX_CORE_DOMAIN = KnownCause(
    id="selinux.core-domain",
    text="SELinux refuses a core domain a heap that the platform's policy forbids to all core domains.",
    why=(
        "A neverallow rule forbids all heaps but system, system-uncached and system-secure* to every coredomain "
        "but init and ueventd: a policy with an allow rule for it does not build."
    ),
    shows="an avc: denied line whose source is a core domain and whose target is another heap's type",
    since="any, with Android 12 or later",
    source="AOSP system/sepolicy private/coredomain.te",
    seen_before=(_AVC,),
)
SELINUX_STATFS = KnownCause(
    id="selinux.statfs",
    text="SELinux refused a program the size of the DMA-BUF file system.",
    why="No program depends on the answer: libraries ask every file system for its size. The line is harmless.",
    shows='avc: denied { getattr } … tclass=filesystem, dev="dmabuf"',
    since="any, with Android 12 or later",
    source="security/selinux/hooks.c of Linux 5.10, 6.12 and 7.3: selinux_sb_statfs",
    cost=Cost.UNSEEN,
    seen_before=(_AVC,),
)
SELINUX_LOOKED = KnownCause(
    id="selinux.looked",
    text="SELinux refused a program a look at the heaps; no line says that it asked for one.",
    why=(
        "A program that walks through /dev (restorecon, find, setroubleshootd) searches the folder and asks for modes. "
        "A program that uses a heap opens its node."
    ),
    shows="avc: denied lines about the folder /dev/dma_heap, or with getattr alone about a node",
    fix=("nothing; a program that has to list the heaps needs the rule, and the folder a type of its own",),
    since="any",
    source="security/selinux/hooks.c of Linux 5.10, 6.12 and 7.3: selinux_inode_permission, selinux_inode_getattr",
    cost=Cost.UNSEEN,
    seen_before=(link("fedora-selinux/selinux-policy#763", "setroubleshootd may not search /dev/dma_heap"),),
)
HEAP_NOT_A_HEAP = KnownCause(
    id="heap.not-a-heap",
    text="A node under /dev/dma_heap is there, but it is not a heap.",
    why="Another driver's device number, or a file that was made by hand, has the heap's name.",
    shows="ENOTTY from DMA_HEAP_IOCTL_ALLOC",
    fix=("remove what makes this node: a stale file, or another driver's device number",),
    since="5.6",
    source="drivers/dma-buf/dma-heap.c of Linux 5.10, 6.12 and 7.3: dma_heap_ioctl",
    cost=Cost.NO_HEAP,
)
HEAP_DRIVER_GONE = KnownCause(
    id="heap.driver-gone",
    text="The node is there, but its driver is not.",
    why="A node that was made by hand stays when its module is unloaded.",
    shows="ENODEV or ENXIO from open",
    fix=("look in dmesg for the driver that was unloaded; a node made by hand has no driver",),
    since="5.6",
    source="drivers/dma-buf/dma-heap.c of Linux 5.10, 6.12 and 7.3: dma_heap_open",
    cost=Cost.NO_HEAP,
)
