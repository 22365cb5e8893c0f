"""Kernels as their users meet them, judged by all requirements: what they say of it, and the fragment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig, parse_config
from bringup.kernel.requirements.evidence import Evidence, Unseen
from bringup.kernel.requirements.fragment import make_fragment
from bringup.kernel.requirements.judge import judge
from bringup.kernel.requirements.verdict import Answer, KconfigVerdict
from bringup.outcome import Outcome
from tests.support.said import assert_text, titles

FILE = "kernel/requirements/situations"
#: What every architecture with heaps has, in a configuration that is whole.
BASE = "MMU=y HAVE_DMA_CONTIGUOUS=y HAS_DMA=y HAS_IOMEM=y PROC_FS=y SYSFS=y DMA_SHARED_BUFFER=y"
HEAPS = "DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=y DMABUF_HEAPS_CMA=y CMA=y DMA_CMA=y SYNC_FILE=y"
GKI = "ANDROID_VENDOR_HOOKS=y DMABUF_HEAPS=y !DMABUF_HEAPS_SYSTEM !DMABUF_HEAPS_CMA CMA=y DMA_CMA=y"
SIZED = "CMA_SIZE_SEL_MBYTES=y CMA_SIZE_MBYTES=64 CMA_ALIGNMENT=8 CMA_AREAS=20"
USER = Evidence.of(is_user_build=True)

KERNELS: dict[str, tuple[str | None, str | None, dict[str, Any]]] = {
    "nothing is set": (BASE, "6.12.30", {"arch": "arm64"}),
    "nothing is set, x86": (BASE, "6.12.30", {"arch": "x86"}),
    "heaps, without a size": (f"{BASE} {HEAPS}", "6.12.30", {"arch": "x86"}),
    "modules of 7.2, not proven": (f"{BASE} {HEAPS} {SIZED}".replace("HEAPS_SYSTEM=y", "HEAPS_SYSTEM=m").replace("HEAPS_CMA=y", "HEAPS_CMA=m"), "7.2", {}),
    "modules of 7.2, not loaded": (f"{BASE} {HEAPS} {SIZED}".replace("HEAPS_SYSTEM=y", "HEAPS_SYSTEM=m"), "7.2", {"evidence": Evidence.of(modules=[], modules_load=["system_heap.ko"], heaps=["linux,cma"])}),
    "built in, and no node": (f"{BASE} {HEAPS} {SIZED}", "6.12", {"evidence": Evidence.of(heaps=[])}),
    "cma=0": (f"{BASE} {HEAPS} {SIZED}", "6.12", {"evidence": Evidence.of(heaps=["system", "reserved"], cmdline="cma=0", cma_total=0)}),
    "no area": (f"{BASE} {HEAPS} CMA_SIZE_MBYTES=0 CMA_AREAS=2 CMA_ALIGNMENT=12", "6.12", {"evidence": Evidence.of(heaps=["system"], cmdline="quiet", cma_total=0)}),
    "a renamed heap": (f"{BASE} {HEAPS} {SIZED}", "6.17.3", {"evidence": Evidence.of(heaps=["system", "default_cma_region"])}),
    "GKI, nothing known": (GKI, "6.1.75-android14-11-g0123456789ab", {}),
    "GKI, lists of modules": (GKI, "6.1.75-android14-11-g0123456789ab", {"evidence": Evidence.of(modules_load=["a/system_heap.ko", "qcom_dma_heaps.ko"])}),
    "GKI, none loaded": (GKI, "6.1.75-android14-11-g0123456789ab", {"evidence": Evidence.of(modules=["x"], heaps=[], is_user_build=True)}),
    "GKI, without what modules need": ("ANDROID_VENDOR_HOOKS=y !DMABUF_HEAPS !CMA !DMA_CMA", "6.1.75-android14-11-g0123456789ab", {"evidence": USER}),
    "a vendor's kernel": (f"{BASE} {HEAPS} DMABUF_DEBUG=y DMABUF_SELFTESTS=y ION=y QCOM_DMABUF_HEAPS=m MTK_DMABUF_HEAPS=y", "5.15.78", {"flavour": Flavour.VENDOR, "evidence": USER}),
    "a vendor's 4.14": (f"{BASE} ION=y ION_SYSTEM_HEAP=y SYNC_FILE=y", "4.14.190", {"flavour": Flavour.VENDOR}),
    "an Android tree of 5.4 without heaps": (f"{BASE} ANDROID_VENDOR_HOOKS=y", "5.4.289", {}),
    "edited by hand": ("DMABUF_HEAPS=y DMABUF_HEAPS_CMA=y !CMA !DMA_CMA DMABUF_HEAPS_SYSTEM=y", "6.12", {"arch": "arm64"}),
    "no version": (f"{BASE} DMABUF_HEAPS=y DMABUF_HEAPS_CMA=y CMA=y", None, {}),
    "not readable": (None, "6.12.30", {"evidence": Evidence.of(heaps=["system"])}),
    "not readable, GKI": (None, "6.1.75-android14-11-g0123456789ab", {}),
    "lost before its heaps": (f"{BASE} DMABUF_HEAPS=y", "6.12", {"evidence": Evidence.of(lost_before=list(Unseen))}),
    "lost, and all is set": (f"{BASE} {HEAPS} {SIZED}", "6.12", {"evidence": Evidence.of(lost_before=list(Unseen))}),
    "a fragment without an architecture": ("~ CMA=y DMA_CMA=y EXPERT=y", "6.12", {}),
    "a fragment of CMA for any kernel": ("~ CMA=y DMA_CMA=y DMABUF_HEAPS=y DMABUF_HEAPS_CMA=y DMABUF_HEAPS_SYSTEM=m", None, {"arch": "arm64"}),
    "a fragment for GKI": ("~ DMABUF_HEAPS_SYSTEM=y CMA_SIZE_MBYTES=0 DMABUF_SYSFS_STATS=y", "6.1.75-android14-11-g0123456789ab", {"arch": "arm64"}),
    "a fragment": ("~ DMABUF_HEAPS_CMA=y DMABUF_HEAPS_SYSTEM=m CMA_SIZE_MBYTES=0", "6.12", {"arch": "arm64"}),
    "a fragment for any kernel": ("~ DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=y DMABUF_HEAPS_DEFERRED_FREE=y", None, {}),
    "a fragment of 7.3": ("~ DMABUF_HEAPS=y DMABUF_HEAPS_SYSTEM=m DMABUF_HEAPS_CMA_LEGACY=y DMABUF_DEBUG=y", "7.3.0", {"evidence": USER}),
}  # fmt: skip


def config_of(words: str) -> KernelConfig:
    """``A=y !B`` as a configuration; with ``~`` first it is a fragment."""
    lines = (
        f"# CONFIG_{word[1:]} is not set" if word[0] == "!" else f"CONFIG_{word}"
        for word in words.split()
        if word != "~"
    )
    return parse_config("\n".join(lines) + "\n", ".config", complete="~" not in words)  # fmt: skip


def shown(verdict: KconfigVerdict) -> Iterator[str]:
    if verdict.answer is Answer.NOT_ASKED:
        return
    yield f"{verdict.outcome}: {verdict.id}: {verdict.answer}" + (f" [{verdict.heap}]" if verdict.heap else "")
    if verdict.outcome is not Outcome.PASS:
        yield from (f"    seen: {line}" for line in verdict.evidence)
    if verdict.cause is not None:
        yield f"    cause: {verdict.cause.id}: {verdict.cause.text}"
    yield from (f"    fix: {line}" for line in verdict.remedy)
    yield from [f"    reason: {verdict.reason}"] if verdict.reason is not None else []
    yield from [f"    by: {verdict.satisfied_by}"] if verdict.satisfied_by is not None else []


@pytest.mark.parametrize("name", KERNELS)
def test_what_is_said_of_a_kernel_and_what_fixes_it(name: str) -> None:
    words, release, more = KERNELS[name]
    config = None if words is None else config_of(words)
    version = None if release is None else KernelVersion.parse(release)
    lines = [line for verdict in judge(config, version, **more) for line in shown(verdict)]
    if config is not None:
        fragment = make_fragment(config, version, **more)
        lines += ["fragment:", *(f"    {line}" for line in fragment.text().splitlines())]
        lines += [f"    because of {line.because}: {line}" for line in fragment.lines if line.because]
        lines += [f"    impossible: {id_}: {why}" for id_, why in fragment.impossible]
        lines += ["    for GKI"] if fragment.for_gki else []
    assert_text(FILE, name, "".join(f"{line}\n" for line in lines))


def test_there_is_no_text_of_another_kernel() -> None:
    assert titles(FILE) == set(KERNELS)
