"""Configurations that kernels were really built with, and a verdict each that was checked by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import parse_config
from bringup.kernel.requirements.evidence import Evidence
from bringup.kernel.requirements.judge import judge
from bringup.kernel.sources.source import open_source
from tests.support.kernel import fetch, golden

SLICES = golden.load_slices()

# gki_defconfig on arm64, the lines that matter, by branch; set is y, "unset" is not in it.
GKI = {
    "android12-5.4": ("5.4.289", "DMABUF_HEAPS DMABUF_SYSFS_STATS DMABUF_HEAPS_DEFERRED_FREE DMABUF_HEAPS_PAGE_POOL ION ION_SYSTEM_HEAP CMA DMA_CMA"),
    "android12-5.10": ("5.10.209-android12-9", "DMABUF_HEAPS DMABUF_SYSFS_STATS DMABUF_HEAPS_DEFERRED_FREE DMABUF_HEAPS_PAGE_POOL CMA DMA_CMA"),
    "android13-5.15": ("5.15.148-android13-8", "DMABUF_HEAPS DMABUF_SYSFS_STATS DMABUF_HEAPS_DEFERRED_FREE DMABUF_HEAPS_PAGE_POOL CMA DMA_CMA DMA_RESTRICTED_POOL"),
    "android14-6.1": ("6.1.75-android14-11", "DMABUF_HEAPS DMABUF_SYSFS_STATS DMABUF_HEAPS_DEFERRED_FREE DMABUF_HEAPS_PAGE_POOL CMA DMA_CMA DMA_RESTRICTED_POOL"),
    "android15-6.6": ("6.6.30-android15-8", "DMABUF_HEAPS DMABUF_SYSFS_STATS DMABUF_HEAPS_DEFERRED_FREE DMABUF_HEAPS_PAGE_POOL CMA DMA_CMA DMA_RESTRICTED_POOL"),
    "android16-6.12": ("6.12.23-android16-5", "DMABUF_HEAPS DMABUF_SYSFS_STATS UDMABUF CMA DMA_CMA DMA_RESTRICTED_POOL"),
    "android17-6.18": ("6.18.9-android17-3", "DMABUF_HEAPS UDMABUF SW_SYNC CMA DMA_CMA DMA_RESTRICTED_POOL"),
}  # fmt: skip
COMMON = "ANDROID_VENDOR_HOOKS IKCONFIG IKCONFIG_PROC SYNC_FILE BPF_SYSCALL DMA_SHARED_BUFFER"


def test_there_are_enough_of_them() -> None:
    assert len(SLICES) >= 40
    series = {name.split()[1].rsplit(".", 1)[0] for name in SLICES if name.startswith("Debian")}
    assert series >= {"5.10", "6.1", "6.12", "7.2", "7.3"}


def test_the_verdicts_are_those_that_were_checked_by_hand() -> None:
    assert golden.render(SLICES) == golden.GOLDEN.read_text("utf-8"), (
        "read the difference, then python -m tests.support.kernel.golden"
    )


@pytest.mark.parametrize("branch", GKI)
def test_a_gki_configuration_is_right_as_it_is(branch: str) -> None:
    """No gki_defconfig may fail for leaving the system heap to a module; with that module all of it is well."""
    release, symbols = GKI[branch]
    config = parse_config("".join(f"CONFIG_{name}=y\n" for name in f"{COMMON} {symbols}".split()), branch)
    version = KernelVersion.parse(release)
    verdicts = {one.id: one for one in judge(config, version, arch="arm64")}
    assert [one.id for one in verdicts.values() if one.outcome.value == "fail"] == []
    assert verdicts["heaps.system"].answer.value == "present but unproven"
    proven = judge(
        config, version, arch="arm64", evidence=Evidence.of(modules_load=["system_heap.ko"], heaps=["system"])
    )
    system = next(one for one in proven if one.id == "heaps.system")
    assert (system.outcome.value, system.satisfied_by) == ("pass", "/dev/dma_heap/system is there")


def test_gki_is_recognised_without_its_release() -> None:
    config = parse_config("CONFIG_ANDROID_VENDOR_HOOKS=y\nCONFIG_DMABUF_HEAPS=y\n", "x")
    assert config.flavour is Flavour.GKI


_HERE = fetch.configs()


@pytest.mark.kernels
@pytest.mark.skipif(not _HERE, reason="python -m tests.support.kernel.fetch configs brings Debian's configurations")
@pytest.mark.parametrize("path", _HERE, ids=lambda path: f"{path.parent.name}-{path.name[7:-3]}")
def test_a_whole_configuration_is_judged_as_its_slice(path: Path) -> None:
    """Also a configuration newer than the slice gets the verdicts that its flavour had, or someone has to look."""
    config = open_source(path).config
    assert config is not None
    flavour = path.name.removeprefix("config.").removesuffix(".xz")
    series = ".".join(path.parent.name.split(".")[:2])
    known = {
        name: entry
        for name, entry in SLICES.items()
        if name.endswith(f" {flavour}") and name.split()[1].startswith(f"{series}.")
    }
    assert known, f"{series} {flavour} is new: python -m tests.support.kernel.golden"
    name, entry = next(iter(known.items()))
    assert golden.verdicts_of(config) == golden.judged(name, entry)
