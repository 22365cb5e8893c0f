"""Where CMA areas and reserved-memory regions lie in physical memory, and what CMA needs of a region."""

from __future__ import annotations

from collections.abc import Iterator

from bringup.facts.board import Facts
from bringup.facts.memory.cma_usage import debugfs_areas, read_number
from bringup.facts.memory.memory_map import memory_facts
from bringup.kernel.history.cma_alignment import cma_alignment, counts_transparent_huge_pages
from bringup.results.memory import SET_ASIDE
from bringup.results.pages import RegionFacts
from bringup.text import parse_number

__all__ = ["cma_granule", "largest_order", "largest_order_line", "region_of", "regions"]

_ORDERS = ("ARCH_FORCE_MAX_ORDER", "FORCE_MAX_ZONEORDER")


def regions(facts: Facts) -> dict[str, RegionFacts]:
    """The known regions by name: the areas that CMA lists in debugfs, then what was set aside."""
    memory = memory_facts(facts)
    aside = (region for region in (memory.regions if memory else ()) if region.kind in SET_ASIDE)
    others = (RegionFacts(region.name, region.begin, region.end, region.source) for region in aside)
    by_name: dict[str, RegionFacts] = {}
    for region in (*_from_debugfs(facts), *others):
        by_name.setdefault(region.name, region)
    return by_name


def region_of(facts: Facts, *names: str) -> RegionFacts | None:
    """The region of the first of these names that is known; a unit address may be missing in a name."""
    known = regions(facts)
    short = {name.partition("@")[0]: region for name, region in known.items()}
    for name in filter(None, names):
        if (region := known.get(name) or short.get(name)) is not None:
            return region
    return None


def _from_debugfs(facts: Facts) -> Iterator[RegionFacts]:
    """By ``base_pfn`` and ``count``, with CONFIG_CMA_DEBUGFS."""
    page = facts.page_size
    for name, folder in debugfs_areas(facts, "base_pfn"):
        base, count = read_number(facts, f"{folder}/base_pfn"), read_number(facts, f"{folder}/count")
        if base is not None and count:
            yield RegionFacts(name, base * page, (base + count) * page, f"{folder}/base_pfn")


def cma_granule(facts: Facts) -> int | None:
    """CMA's alignment on this kernel in bytes; a larger, safe value if the configuration is not known."""
    hello, config = facts.record.hello, facts.kernel_config
    if hello is None or hello.page_size < 4096:
        return None
    has_huge_pages = config is not None and (
        config.enabled("HUGETLB_PAGE")
        or (config.enabled("TRANSPARENT_HUGEPAGE") and counts_transparent_huge_pages(facts.version))
    )
    return cma_alignment(
        hello.page_size,
        facts.version,
        largest_order=largest_order(facts),
        largest_block=_configured_order(facts, "PAGE_BLOCK_MAX_ORDER"),
        has_huge_pages=has_huge_pages,
    )


def largest_order(facts: Facts) -> int | None:
    """The largest order of the page allocator, where the configuration sets it.

    Up to 6.3 the option counts orders, after that it is the largest (commit 23baf831a32c, "mm, treewide: redefine
    MAX_ORDER sanely").
    """
    order = _configured_order(facts, *_ORDERS)
    counts_orders = facts.version is not None and facts.version.series <= (6, 3)
    return order - 1 if order is not None and counts_orders else order


def largest_order_line(facts: Facts) -> str | None:
    """The line of the configuration that sets the largest order."""
    config = facts.kernel_config
    symbols = (symbol for symbol in _ORDERS if config is not None and config.get(symbol) is not None)
    return next((config.line(symbol) for symbol in symbols if config is not None), None)


def _configured_order(facts: Facts, *symbols: str) -> int | None:
    config = facts.kernel_config
    for symbol in symbols:
        value = config.get(symbol) if config is not None else None
        order = parse_number(value or "")
        if order is not None and order < 32:
            return order
    return None
