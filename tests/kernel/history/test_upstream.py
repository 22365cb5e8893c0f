"""What mainline has: the table's spans, and the gap of what it does not have."""

from __future__ import annotations

import pytest

from bringup.kernel.history.gap import Dependency, Used, upstream_gap
from bringup.kernel.history.upstream import ArtifactKind, Origin, Span, State, features, out_of_tree
from bringup.kernel.history.version import KernelVersion, VersionRange
from tests.support.documents import read_back


def of(text: str) -> KernelVersion:
    return KernelVersion.parse(text)


def span(present: str | None = None, absent: str | None = None, known: bool = True) -> Span:
    there, gone = (None if text is None else VersionRange.parse(text) for text in (present, absent))
    return Span(there, gone, known)


@pytest.mark.parametrize(
    ("told", "kernel", "state", "text"),
    [
        (span("5.6.."), "5.6", State.YES, "since 5.6"),
        (span("5.6.."), "5.5.19", State.NOT_YET, "since 5.6"),
        (span("5.15..6.19"), "7.0", State.REMOVED, "5.15 to 6.19"),
        (span("..5.10"), "5.11", State.REMOVED, "up to 5.10"),
        (span("7.1..7.1"), "7.1", State.YES, "7.1 only"),
        (span(), "6.12", State.NO, "never"),
        (span(known=False), "6.12", State.UNKNOWN, "not known"),
        (span("7.2..", "..6.12"), "6.12", State.NOT_YET, "after 6.12, by 7.2"),
        (span("7.2..", "..6.12"), "6.18", State.UNKNOWN, "after 6.12, by 7.2"),
        (span("7.2..", "..6.12"), "7.2", State.YES, "after 6.12, by 7.2"),
    ],
    ids=str,
)
def test_spans(told: Span, kernel: str, state: State, text: str) -> None:
    assert told.state(of(kernel)) is state
    assert str(told) == text


def test_every_feature_has_a_source_and_ids_are_unique() -> None:
    assert len({one.id for one in features()}) == len(features()) >= 15
    assert all(feature.sources for feature in features())
    assert all(artifact.sources for artifact in out_of_tree())


def test_no_span_says_both_yes_and_no() -> None:
    for one in features():
        for told in (one.mainline, one.android):
            if told.present and told.absent:
                assert not any(of(f"{major}.{minor}") in told.present and of(f"{major}.{minor}") in told.absent
                               for major in (5, 6, 7) for minor in range(20)), one.id  # fmt: skip


def gap(used: Used) -> tuple[Dependency, ...]:
    return upstream_gap(used).dependencies


def of_kernel(kernel: str | None) -> KernelVersion | None:
    return KernelVersion.parse(kernel) if kernel else None


@pytest.mark.parametrize(
    ("heap", "kernel", "standing"),
    [
        ("system", "6.12", None),
        ("system", None, None),
        ("system", "5.4", Origin.BACKPORT),
        ("linux,cma", "6.12", None),
        ("system-uncached", "7.2", Origin.ANDROID),
        ("default_cma_region", "6.12", Origin.BACKPORT),
        ("default_cma_region", "6.18", None),
        ("protected,secure-video", "6.12", Origin.BACKPORT),
        ("protected,secure-video", "6.18", None),
        ("restricted,secure-video", "6.12", Origin.VENDOR),
        ("qcom,display", "6.12", Origin.VENDOR),
        ("system-dma32", "6.1", Origin.VENDOR),
        ("linux,cma-uncached", "6.12", Origin.VENDOR),
        ("nobody-knows", None, Origin.UNKNOWN),
    ],
)
def test_heaps(heap: str, kernel: str | None, standing: Origin | None) -> None:
    found = gap(Used(of_kernel(kernel), heaps={heap: "seen"}))
    assert [one.standing for one in found] == ([standing] if standing else [])
    assert all((one.kind, one.name, one.seen.split(";")[0]) == (ArtifactKind.HEAP, heap, "seen") for one in found)


@pytest.mark.parametrize(
    ("kernel", "is_default", "standing"),
    [("6.12", False, Origin.BACKPORT), ("6.19", False, None), ("6.12", True, None), (None, False, None)],
)
def test_a_heap_on_a_cma_area(kernel: str | None, is_default: bool, standing: Origin | None) -> None:
    found = gap(Used(of_kernel(kernel), heaps={"camera": ""}, cma_areas={"camera": is_default}))
    assert [one.standing for one in found] == ([standing] if standing else [])


@pytest.mark.parametrize(
    ("symbol", "kernel", "standing"),
    [
        ("DMABUF_HEAPS", "6.12", None),
        ("DMABUF_HEAPS_PAGE_POOL", "6.6", Origin.ANDROID),
        ("QCOM_DMABUF_HEAPS", "6.6", Origin.VENDOR),
        ("ION", "5.10", Origin.REMOVED),
        ("ION", "6.1", Origin.REMOVED),
        ("TEE_DMABUF_HEAPS", "6.12", Origin.BACKPORT),
        ("EXT4_FS", "6.12", None),
    ],
)
def test_options(symbol: str, kernel: str, standing: Origin | None) -> None:
    found = gap(Used(of_kernel(kernel), options={symbol: ""}))
    assert [(one.name, one.standing) for one in found] == ([(f"CONFIG_{symbol}", standing)] if standing else [])


@pytest.mark.parametrize(
    ("module", "kernel", "standing"),
    [
        ("system_heap", "6.6", Origin.ANDROID),
        ("system_heap", "7.2", None),
        ("page_pool", "7.2", Origin.ANDROID),
        ("qcom_dma_heaps", "6.1", Origin.VENDOR),
        ("ext4", "6.1", None),
    ],
)
def test_modules(module: str, kernel: str, standing: Origin | None) -> None:
    found = gap(Used(of_kernel(kernel), modules={module: ""}))
    assert [dependency.standing for dependency in found] == ([standing] if standing else [])


def test_what_was_not_looked_at_is_reported() -> None:
    told = upstream_gap(Used(of("6.12"), interfaces={"/dev/ion": "there"}, not_known=("which modules are loaded",)))
    assert [one.standing for one in told.dependencies] == [Origin.REMOVED]
    assert told.not_known == ("which modules are loaded",)
    assert told.kernel == "6.12"
    assert read_back(told) == told
