"""What was seen on a board besides its configuration."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from bringup.kernel.sources.modules_load import module_name

__all__ = ["Evidence"]


class Evidence(Struct, frozen=True):
    """Facts from a record or a build. ``None`` always means: not known.

    :param modules: names in ``/proc/modules`` (``system_heap``), loaded now.
    :param modules_load: entries of ``modules.load`` files (``system_heap.ko``, with or without folder), loaded at boot.
    :param heaps: names below ``/dev/dma_heap``.
    :param cma_heaps: those of them that the device tree or the kernel's list of areas shows to be of a CMA area.
    :param cmdline: the kernel command line as booted, or as a boot image would pass it.
    :param cma_total: bytes, ``CmaTotal`` of ``/proc/meminfo``.
    :param is_user_build: ``ro.build.type`` is ``user``.
    :param is_cut_off: the board was lost before its heaps were listed: what the configuration lacks may be there.
    """

    modules: frozenset[str] | None = None
    modules_load: frozenset[str] | None = None
    heaps: frozenset[str] | None = None
    cmdline: str | None = None
    cma_total: int | None = None
    is_user_build: bool | None = None
    cma_heaps: frozenset[str] = frozenset()
    is_cut_off: bool = False

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
        is_cut_off: bool = False,
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
            is_cut_off,
        )

    def parameter(self, name: str) -> str | None:
        """Value of a kernel parameter (the last one counts); ``None`` when absent or the command line is not known."""
        last = None
        for word in (self.cmdline or "").split():
            key, equals, value = word.partition("=")
            if key == name and equals:
                last = value
        return last
