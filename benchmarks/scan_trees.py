"""What ``bringup scan`` misses in public trees: ``python -m benchmarks.scan_trees [NAME…]``, by default all of them.

``--sample N --seed S`` also prints N of the uses, drawn at random, for a person to read.

Lines that name ION's own interface or a vendor's are counted by a list of tokens that is not bringup's, without
comments, without what stands in ``#if 0``, and without messages (strings with a blank in them, and make's). Of those
lines the ones without a use are missed. Names that a reader found to be a tree's own are left out: they are in the
table.

Each tree is a commit of a repository. ``BRINGUP_TREES`` says where repositories are, else ``https://github.com/{}``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from bringup.scan.document import Scan
from bringup.scan.tree import scan_tree


class Tree(NamedTuple):
    """A commit of a repository; names in it that look like ION's and are its own."""

    repository: str
    commit: str
    own: tuple[str, ...] = ()


#: ARM's gralloc: flags of its own handles.
_GRALLOC = ("PRIV_FLAGS_USES_ION", "PRIV_FLAGS_USES_ION_COMPOUND_HEAP", "PRIV_FLAGS_USES_ION_DMA_HEAP")
TREES = {
    "qcom display, before heaps": Tree(
        "LineageOS/android_hardware_qcom_display", "800af6311", ("ION_CP_FLAGS", "PRIV_FLAGS_USES_ION")
    ),
    "qcom display, with heaps": Tree(
        "LineageOS/android_hardware_qcom_display", "a1451e7e5", ("ION_CP_FLAGS", "PRIV_FLAGS_USES_ION")
    ),
    "qcom media": Tree("LineageOS/android_hardware_qcom_media", "20ac75533", ("ion_map", "ion_unmap", "ion_buf_info")),
    "Samsung exynos": Tree(
        "LineageOS/android_hardware_samsung_slsi-linaro_exynos",
        "dd9187bb91",
        ("ion_device", "ion_device_fd", "BUFFER_MANAGER_ONLY_HAL_USE_ION_TYPE", *_GRALLOC),
    ),
    "Samsung graphics": Tree(
        "LineageOS/android_hardware_samsung_slsi-linaro_graphics", "5b69c7a", ("ION_NUM_HEAP_NAMES", "ion_device_test")
    ),
    "Samsung Codec2": Tree("Linux4/android_hardware_samsung_slsi-linaro_codec2", "47f2d63"),
    "Google gchips": Tree("LineageOS/android_hardware_google_gchips", "46d2ef64c4"),
    "Qualcomm audio drivers (4.9)": Tree(
        "MiCode/vendor_qcom_opensource_audio-kernel", "03504217b1", ('"qcom,msm-audio-ion"',)
    ),
    "ARM gralloc (Akebi96)": Tree("96boards-akebi96/mali-gralloc", "9215ab9", _GRALLOC),
    "Rockchip gralloc": Tree(
        "TinkerBoard2-Android/hardware-rockchip-libgralloc-bifrost", "b7a3ba9", ("ion_device", *_GRALLOC)
    ),
    "Rockchip Codec2": Tree("rockchip-toybrick/rk_platform_vendor_rockchip_codec2", "627d763"),
    "Rockchip MPP": Tree("rockchip-linux/mpp", "8e15a4a4", ("ion_alloc", "ion_device", "ion_mmap")),
    "HiKey": Tree("msft-mirror-aosp/device.linaro.hikey", "223d5f03", _GRALLOC),
    "db845c": Tree("msft-mirror-aosp/device.linaro.dragonboard", "dd5bd1b"),
    "gst-plugins-base (NXP)": Tree("nxp-imx/gst-plugins-base", "a155989e3"),
    "libimxdmabuffer": Tree("Freescale/libimxdmabuffer", "46404cf"),
    "OP-TEE xtest": Tree("OP-TEE/optee_test", "00b3f2c"),
    "OP-TEE xtest, without ION": Tree("OP-TEE/optee_test", "8943f62"),
    "MACE": Tree(
        "XiaoMi/mace",
        "ad550f4f",
        (
            *("ion_close", "ion_share", "ion_import", "ion_free", "ion_mmap", "ion_munmap", "mt_ion_open_"),
            *("mt_ion_open", "ion_alloc_mm", "ion_share_close", "ion_custom_ioctl"),
        ),
    ),
    "msgq": Tree("commaai/msgq", "a7edc66"),
    "libcamera": Tree("raspberrypi/libcamera", "26bfadc66e"),
    "libion": Tree("msft-mirror-aosp/platform.system.memory.libion", "6bdc68b"),
    "qcom camera": Tree("LineageOS/android_hardware_qcom_camera", "dd2cb1b4"),
    "fastrpc": Tree("quic/fastrpc", "bd8980c"),
    "Amlogic gralloc": Tree("khadas/android_hardware_amlogic_gralloc", "83ee3db", ("ion_device", *_GRALLOC)),
    "Amlogic Codec2": Tree("khadas/android_vendor_amlogic_common_codec2", "ecfb875"),
    "imx-test (NXP)": Tree("nxp-imx/imx-test", "8a1fa37"),
    "imx-vpuwrap (NXP)": Tree("NXP/imx-vpuwrap", "1c881f3"),
    "LiteRT": Tree("google-ai-edge/LiteRT", "f67457790"),
    "frameworks/av (Android 14)": Tree("LineageOS/android_frameworks_av", "34fa5d146a"),
    "device/fsl (NXP)": Tree("nxp-imx-android/android-imx_device_fsl", "3c60a45e"),
    "Samsung exynos (CyanogenMod)": Tree("CyanogenMod/android_hardware_samsung_slsi-cm_exynos", "4589445c0a"),
    "Samsung exynos7420": Tree(
        "samsungexynos7420/android_hardware_samsung_slsi_exynos7420", "5f84f48346", ("PRIV_FLAGS_USES_ION",)
    ),
    "Samsung exynos5420": Tree(
        "exynos5420/android_hardware_samsung_slsi-cm_exynos5420", "8fad6034af", ("PRIV_FLAGS_USES_ION",)
    ),
    "Samsung OMX": Tree("Linux4/android_hardware_samsung_slsi-linaro_openmax", "3ef353088b"),
    "Samsung camera": Tree(
        "linux4-bringup-priv/android_hardware_samsung_slsi-linaro_camera",
        "f18e38f54f",
        ("BUFFER_MANAGER_ONLY_HAL_USE_ION_TYPE", "BUFFER_MANAGER_REMOSAIC_ONLY_HAL_USE_ION_TYPE"),
    ),
    "exynos9820 device": Tree("LineageOS/android_device_samsung_exynos9820-common", "5f3f3ee8e7"),
    "Nexell slsiap": Tree("nanopi3-dev/android_hardware_samsung_slsi_slsiap", "abf2f758a3", ("PRIV_FLAGS_USES_ION",)),
    "Unisoc hwcomposer": Tree("jingpad-bsp/vendor_sprd_modules_hwcomposer", "1c123049cf", ("ion_device_fd",)),
    "MediaTek hwcomposer": Tree("loboi500/vendor_mediatek_proprietary_hardware_libhwcomposer", "7005d4a3d1"),
    "Renesas hwcomposer": Tree("morimoto/renesas-android-hardware-renesas-hal-hwcomposer", "2d241599ec"),
    "Rockchip gralloc (rock64)": Tree(
        "rock64-android/hardware-rockchip-libgralloc", "5b4e06dec5", ("PRIV_FLAGS_USES_ION",)
    ),
    "Rockchip camera": Tree("khadas/android_hardware_rockchip_camera", "a0e508dc1b"),
    "HiSilicon libion": Tree("XePeleato/Hisi_libion", "86e24adb66"),
    "Actions gs702a": Tree("bmourit/android_device_actions_gs702a", "a2ff49817a", ("PRIV_FLAGS_USES_ION",)),
    "Moore Threads GPU": Tree("cl91/mtgpu-drv", "b63029ae75", ("debugfs_ion",)),
    "NXP i.MX hardware (Boundary)": Tree("boundarydevices/android_hardware_imx", "5b9e30cd"),
    "Marvell hardware": Tree(
        "xcover3/android_hardware_marvell-old", "2461b7a", ("ion_free", "ion_flush", "ion_mmap", "ion_unmap")
    ),
    "TI OMAP4": Tree("tpruvot/android_hardware_ti_omap4", "bdfbb73"),
    "Realtek": Tree("Realtek-OpenSource/android_hardware_realtek", "e58b611"),
    "Sophgo CVITEK MPI": Tree("sophgo/cvi_mpi", "e1bfa7c"),
    "Samsung slsi (one tree)": Tree(
        "sundrams-playground/android_hardware_samsung_slsi-linaro",
        "dc31acb",
        ("ION_NUM_HEAP_NAMES", "ion_device_test"),
    ),
    "Unisoc vdsp": Tree("jingpad-bsp/vendor_sprd_modules_vdsp", "f3765c1"),
    "Unisoc device roc1": Tree("jingpad-bsp/device_sprd_roc1", "b0af00b"),
    "Allwinner CedarC": Tree("Allwinner-Homlet/H6-CedarC", "d92ffcb"),
    "AOSP sepolicy": Tree("msft-mirror-aosp/platform.system.sepolicy", "4b37385b93"),
}
#: Trees in which ION is something else: nothing is found in them.
WITHOUT = {
    "ion-c (Amazon)": Tree("amazon-ion/ion-c", "030abb4d4e"),
    "NEURON": Tree("neuronsimulator/nrn", "67fb8c6e8"),
    "ION-DTN (NASA)": Tree("nasa-jpl/ION-DTN", "61b6bb3b26"),
}
#: Whole kernels: minutes to check out and to count, so only where they are named.
KERNELS = {"Exynos 9825 kernel (4.14)": Tree("Elchanz3/android_kernel_Samsung_Exynos9825_d2s", "dc4df27a33")}

_FUNCTIONS = (
    "open|close|alloc|alloc_fd|alloc_mm|alloc_syscall|free|map|mmap|munmap|unmap|share|share_close|import|sync_fd"
    "|sync_fd_partial|sync_start|sync_end|query_heap_cnt|query_get_heaps|is_legacy|is_using_modular_heaps|custom_ioctl"
    "|incRef|decRef|flush|client_create|client_destroy|share_dma_buf(?:_fd)?|import_dma_buf(?:_fd)?|map_kernel"
    "|unmap_kernel|phys|sg_table|handle_get_[a-z]+|heap_create|heap_destroy|device_create|device_add_heap"
)
_DATA = "allocation|new_allocation|fd|handle|custom|fd_partial|flush|prefetch|heap|sys|mm|buf_sync|phys|test_rw"
_TOKEN = re.compile(
    rf"(?<![A-Za-z0-9_])(?:(?:mt_|exynos_|msm_|hisi_|omap_|sunxi_)?ion_(?:{_FUNCTIONS})|(?:exynos|mt|msm)_ion_\w+"
    rf"|ion_(?:{_DATA})_data(?:_t)?|ion_(?:user_handle_t|heap_query|heap_types|heap_type_ext|sys_\w+|mm_\w+)"
    r"|(?:EXYNOS_)?ION_(?:IOC|HEAP|FLAG|EXYNOS|CMD|SYS|MM|HEAPDATA|SYNC)_\w+|ION_\w+_HEAP_(?:ID|MASK)"
    r"|ION_(?:SECURE|FORCE_CONTIGUOUS|CP_\w+|NUM_HEAP\w*)|(?:\w{1,60}_)?(?:USES?|HAVE|HAS|WITH|ENABLE)_(?:\w{1,60}_)?ION(?:_\w+)?"
    r"|CONFIG_(?:\w{1,60}_)?ION(?:_\w+)?|C2AllocatorIon|C2HandleIon\w*|C2AllocationIon|C2StoreIonUsage\w*"
    r"|(?:ion_device|debugfs_ion|sysfs_ion)(?:_\w+)?|Map(?:DmabufHeap)?NameToIonHeap|CheckIonSupport)(?![A-Za-z0-9_])"
    r"|\benum\s+ion_heap_(?:id|type)\b|(?:\.|->)heap_id_mask\b|\"ion_(?:system|system_contig|cma|carveout|chunk)_heap\""
    r"|/dev/ion(?![\w.-])|/(?:d|debug|kernel|debugfs)/ion(?![\w.-])|(?<![\w-])(?:-l|lib)ion(?:\.[a-z][\w-]*|_\w+)?(?![\w-])"
    r"|[<\"](?:[\w./]*/)?(?:msm_|exynos_|omap_|sunxi_)?ion(?:_4\.1[29]|_drv|_old|_uapi|_priv|_kernel|_test)?\.h[>\"]"
    r"|(?<!\w)ion[-_]\w+\.ko|\"[a-z]+,\s*(?:[\w-]+-)?ion(?:-[\w-]+)?\"",
    re.ASCII,
)
#: Without any of these a line is not searched for tokens: in tables of numbers that takes minutes.
_ANY = re.compile(r"ion|ION|Ion|heap_id_mask")
_LIKE_C = (".c", ".h", ".cc", ".cpp", ".hpp", ".inl", ".bp", ".java", ".kt", ".rs", ".dts", ".dtsi")
_HASH = re.compile(r"(?m)(?:^|(?<=\s))#[^\n]*|\$\((?:error|warning|info)[ \t][^\n]*")
#: The name of a test, in which ION's function is only a word.
_TITLE = re.compile(r"\bTEST(?:_F|_P)?\(\w+, *\w+\)")
#: Functions of a file alone.
_STATIC = re.compile(r"(?m)^static\b[^;{}=(#]*?\b(\w+)\s*\(")
_BLANKED = re.compile(r"//(?:[^\n\\]|\\.|\\\n)*|/\*.*?(?:\*/|\Z)|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])+'", re.DOTALL)
_PROSE = (".md", ".rst", ".html", ".patch", ".diff", ".tex", ".disabled", ".disable", ".bak", ".even-only")


def main(arguments: list[str]) -> int:
    """Print a row per tree, the lines that are missed, and a sample of the uses."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scan_trees")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--sample", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    print("| tree @ commit | named | with a use | missed |\n|---|---|---|---|")
    total: Counter[str] = Counter()
    uses: list[str] = []
    every = TREES | WITHOUT | KERNELS
    for name in asked.names or TREES | WITHOUT:
        with tempfile.TemporaryDirectory() as folder:
            _check_out(every[name], Path(folder))
            scan = scan_tree(Path(folder))
            found = {(hit.path, hit.line) for hit in scan.hits if hit.ion}
            named = dict(_named(Path(folder), every[name].own)) if name not in WITHOUT else {}
        missed = sorted(named.keys() - found)
        print(f"| {name} {every[name].commit} | {len(named)} | {len(found)} | {len(missed)} |", flush=True)
        total.update(named=len(named), found=len(found), missed=len(missed), wrong=_wrong_advice(scan))
        total["false"] += len(found) * (name in WITHOUT)
        uses += [
            f"{name}: {hit.path}:{hit.line}: {hit.word} ({hit.status}): {hit.text}" for hit in scan.hits if hit.ion
        ]
        for place in missed:
            print(f"    missed: {place[0]}:{place[1]}: {named[place]}", file=sys.stderr)
    print(json.dumps(total))
    for use in random.Random(asked.seed).sample(uses, min(asked.sample, len(uses))):
        print(use)
    return int(total["missed"] > 0.03 * total["named"] or total["wrong"] + total["false"] > 0)


def _wrong_advice(scan: Scan) -> int:
    """Uses with an unprotected heap for protected memory, or with functions of the other side."""
    others = {
        "kernel": re.compile(r"BufferAllocator|mmap\(\)|DmabufHeap|CpuSync"),
        "user": re.compile(r"dma_heap_find\("),
    }
    protected = re.compile(r"SECURE|PROTECT|_CP_|_SEC_|VIDEO_FRAME|VIDEO_STREAM")
    return sum(
        (bool(protected.search(hit.word)) and hit.heap in ("system", "system-uncached", "cma"))
        or (others[hit.side].search(hit.replacement) is not None)
        for hit in scan.hits
    )


def _check_out(tree: Tree, folder: Path) -> None:
    """The files of a commit. Links, and files that a mirror does not have, are left out."""
    where = os.environ.get("BRINGUP_TREES", "https://github.com/{}").format(tree.repository)
    if where.startswith("http"):
        git = folder / ".git"
        subprocess.run(["git", "clone", "-q", "--bare", where, git], check=True)
    else:
        git = Path(where.replace(tree.repository, tree.repository.replace("/", "+"))) / "repo"
    listed = subprocess.run(["git", "-C", git, "ls-tree", "-rz", tree.commit], capture_output=True, check=True).stdout
    entries = [entry.partition(b"\t") for entry in listed.split(b"\0") if entry]
    files = [(head.split()[2], path) for head, _, path in entries if head.split()[0] in (b"100644", b"100755")]
    batch = subprocess.Popen(["git", "-C", git, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert batch.stdin is not None
    assert batch.stdout is not None
    for blob, path in files:
        batch.stdin.write(blob + b"\n")
        batch.stdin.flush()
        answer = batch.stdout.readline().split()
        if answer[1] != b"missing":
            file = folder / os.fsdecode(path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(batch.stdout.read(int(answer[2]) + 1)[:-1])
    batch.communicate()


def _named(tree: Path, own: tuple[str, ...]) -> Iterator[tuple[tuple[str, int], str]]:
    for file in sorted(tree.rglob("*")):
        name = file.name
        if (
            ".git" in file.parts
            or not file.is_file()
            or name.endswith(_PROSE)
            or name.lower().startswith(("readme", "todo"))
        ):
            continue
        data = file.read_bytes()
        if (name.endswith(".txt") and name != "CMakeLists.txt") or b"\0" in data[:8192]:
            continue
        text = _TITLE.sub("", data.decode("latin-1"))
        if any(_tokens(line) for line in text.split("\n")):
            text = _without_disabled(_BLANKED.sub(_blank, text)) if name.endswith(_LIKE_C) else _HASH.sub("", text)
            static = {match[1] for match in _STATIC.finditer(text)} if name.endswith(".c") else set()
            for number, line in enumerate(text.split("\n"), start=1):
                words = [word for word in _tokens(line) if word not in {*own, *static}]
                if words:
                    yield (str(file.relative_to(tree)), number), f"{words[0]}: {line.strip()[:100]}"


def _tokens(line: str) -> list[str]:
    return [match[0] for match in _TOKEN.finditer(line)] if _ANY.search(line) else []


def _blank(match: re.Match[str]) -> str:
    text = match[0]
    is_message = " " in text.replace(", ", ",") or re.fullmatch(r'"[A-Z0-9_]+"', text) is not None
    is_kept = not text.startswith("/") and not is_message
    return text if is_kept else re.sub(r"[^\n]", " ", text)


def _without_disabled(text: str) -> str:
    """Lines between ``#if 0`` and its end, and in the ``#else`` of ``#if 1``, are empty."""
    out: list[str] = []
    is_on: list[bool | None] = [True]
    for line in text.split("\n"):
        word = re.match(r"\s*#\s*(if|ifdef|ifndef|else|elif|endif)\b\s*(.*)", line)
        if word and word[1].startswith("if"):
            is_on.append({"0": False, "1": True}.get(word[2].strip()) if word[1] == "if" else None)
        elif word and word[1] == "endif" and len(is_on) > 1:
            is_on.pop()
        elif word and is_on[-1] is not None and len(is_on) > 1:
            is_on[-1] = not is_on[-1]
        out.append("" if False in is_on else line)
    return "\n".join(out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
