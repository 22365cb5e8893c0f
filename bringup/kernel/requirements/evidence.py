"""What was seen on a board besides its configuration."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from msgspec import Struct

from bringup.kernel.sources.modules_load import module_name

__all__ = ["Evidence", "Unseen"]


class Unseen(enum.StrEnum):
    """What a board may be lost before."""

    HEAPS = "its heaps were listed"
    PROPERTIES = "its properties were read"


class Evidence(Struct, frozen=True):
    """Facts from a record or a build. ``None`` always means: not known.

    :param modules: names in ``/proc/modules`` (``system_heap``), loaded now.
    :param modules_load: entries of ``modules.load`` files (``system_heap.ko``, with or without folder), loaded at boot.
    :param heaps: names below ``/dev/dma_heap``.
    :param cma_heaps: those of them that the device tree or the kernel's list of areas shows to be of a CMA area.
    :param cmdline: the kernel command line as booted, or as a boot image would pass it.
    :param cma_total: bytes, ``CmaTotal`` of ``/proc/meminfo``.
    :param is_user_build: ``ro.build.type`` is ``user``.
    :param lost_before: the board was lost before that: before its heaps were listed, what the configuration lacks may
        be there; before its properties were read, it may be a user build.
    """

    modules: frozenset[str] | None = None
    modules_load: frozenset[str] | None = None
    heaps: frozenset[str] | None = None
    cmdline: str | None = None
    cma_total: int | None = None
    is_user_build: bool | None = None
    cma_heaps: frozenset[str] = frozenset()
    lost_before: frozenset[Unseen] = frozenset()

    @classmethod
    def of(
        cls,
        *,
        modules: Iterable[str] | None = None,
        modules_load: Iterable[str] | None = None,
        heaps: Iterable[str] | None = None,
        cmdline: str | None = None,
        cma_total: int | None = None,
        is_user_build: bool | None = None,
        cma_heaps: Iterable[str] = (),
        lost_before: Iterable[Unseen] = (),
    ) -> Evidence:
        """Build from any iterables; module names get one spelling."""
        return cls(
            None if modules is None else frozenset(map(module_name, modules)),
            None if modules_load is None else frozenset(map(module_name, modules_load)),
            None if heaps is None else frozenset(heaps),
            cmdline,
            cma_total,
            is_user_build,
            frozenset(cma_heaps),
            frozenset(lost_before),
        )

    def parameter(self, name: str) -> str | None:
        """Value of a kernel parameter (the last one counts); ``None`` when absent or the command line is not known."""
        last = None
        for word in (self.cmdline or "").split():
            key, equals, value = word.partition("=")
            if key == name and equals:
                last = value
        return last
