"""``bringup status --json``: which kernels have which feature of DMA-BUF heaps, and a board's upstream gap."""

from __future__ import annotations

from msgspec import Struct

from bringup.kernel.history.gap import UpstreamGap
from bringup.kernel.history.upstream import Feature, Span, State, features, looked_at
from bringup.kernel.history.version import KernelVersion

__all__ = ["Status", "status_document"]


class StatusSpan(Struct, frozen=True, omit_defaults=True):
    """The kernel series that have a feature.

    :param known: Whether anything is known.
    :param present: Series that have it, both ends included; null: none.
    :param absent: Series that are known not to have it; null: all others.
    :param state: Whether the kernel that was named has it.
    """

    known: bool
    present: str | None
    absent: str | None
    note: str
    state: State | None = None

    @classmethod
    def of(cls, span: Span, version: KernelVersion | None) -> StatusSpan:
        """As a document has it."""
        return cls(
            span.known,
            None if span.present is None else str(span.present),
            None if span.absent is None else str(span.absent),
            span.note,
            None if version is None else span.state(version),
        )


class StatusFeature(Struct, frozen=True):
    """A feature of DMA-BUF heaps.

    :param id: Stable.
    :param android: The same for Android Common Kernels.
    :param sources: Where the facts were read.
    """

    id: str
    title: str
    mainline: StatusSpan
    android: StatusSpan
    note: str
    sources: tuple[str, ...]

    @classmethod
    def of(cls, feature: Feature, version: KernelVersion | None) -> StatusFeature:
        """As a document has it."""
        mainline, android = StatusSpan.of(feature.mainline, version), StatusSpan.of(feature.android, version)
        return cls(feature.id, feature.title, mainline, android, feature.note, feature.sources)


class Status(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="bringup.status/1"):
    """Which kernels have which feature of DMA-BUF heaps.

    :param kernel: The kernel that was named; null: none was.
    :param looked_at: The newest series of mainline whose source was read.
    :param upstream_gap: What a board has or needs that mainline of its series does not have.
    """

    kernel: str | None
    looked_at: str
    features: tuple[StatusFeature, ...]
    upstream_gap: UpstreamGap | None = None


def status_document(version: KernelVersion | None = None, gap: UpstreamGap | None = None) -> Status:
    """All features, and which of them a kernel has."""
    kernel = None if version is None else str(version)
    return Status(kernel, str(looked_at()), tuple(StatusFeature.of(feature, version) for feature in features()), gap)
