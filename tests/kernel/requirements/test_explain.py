"""What is known about a symbol or a requirement. As a user asks for it: tests/cli/test_kconfig.py."""

from __future__ import annotations

import pytest

from bringup.errors import UsageError
from bringup.kernel.history.version import Flavour
from bringup.kernel.requirements.explain import all_names, every_name, explain
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.requirements.requirement import Requirement

OWN = Requirement.from_data(
    {
        "id": "own", "title": "Own", "why": "because", "severity": "informative", "sources": ["a file"],
        "need": {"ION": "n", "UNHEARD_OF": "y"}, "when": {"CMA": "y"},
    }
)  # fmt: skip


@pytest.mark.parametrize("name", ["DMABUF_HEAPS_CMA_LEGACY", "CONFIG_DMABUF_HEAPS_CMA_LEGACY", "config_dmabuf_heaps_cma_legacy"])  # fmt: skip
def test_a_symbol_has_its_history_and_who_looks_at_it(name: str) -> None:
    document = explain(name).document()
    assert document.name == "DMABUF_HEAPS_CMA_LEGACY"
    (symbol,) = document.symbols
    assert (symbol.symbol, symbol.vendor, symbol.module, symbol.renamed_to) == (document.name, None, None, None)
    (era,) = symbol.eras
    assert (era.kernel, era.flavours, era.type, era.prompt) == ("6.17..6.18", (), "bool", True)
    assert era.depends == "DMABUF_HEAPS_CMA"
    assert era.sources[1].startswith("commit 854acbe75ff4")
    (requirement,) = document.requirements
    assert (requirement.id, requirement.severity) == ("heaps.cma-legacy-name", "recommended")
    assert requirement.title == "The default CMA heap keeps its old name beside the new one"
    assert (requirement.kernel, requirement.flavours) == ("6.17..6.18", ())
    assert requirement.need == "CONFIG_DMABUF_HEAPS_CMA_LEGACY=y"
    assert requirement.when == "CONFIG_DMABUF_HEAPS_CMA=y|m"
    assert requirement.why.startswith("6.17 renamed the default CMA heap")
    assert requirement.sources == ("commit 854acbe75ff4",)
    (heap,) = document.heaps
    assert (heap.heap, heap.symbol, heap.kernel) == ("default CMA area, old name", document.name, "6.17..6.18")
    assert heap.names == ("reserved", "linux,cma*", "default-pool*")
    assert document.unknown == ()


def test_a_requirement_has_the_symbols_that_it_looks_at() -> None:
    document = explain("own", (OWN,)).document()
    assert [requirement.id for requirement in document.requirements] == ["own"]
    assert (document.requirements[0].when, document.requirements[0].kernel) == ("CONFIG_CMA=y", "..")
    assert [symbol.symbol for symbol in document.symbols] == ["ION"]
    assert document.unknown == ("UNHEARD_OF",)


def test_a_symbol_of_android_trees_says_so() -> None:
    (symbol,) = explain("DMABUF_SYSFS_STATS").document().symbols
    assert [era.flavours for era in symbol.eras] == [(), (Flavour.GKI, Flavour.VENDOR)]
    assert symbol.eras[1].note.startswith("gki_defconfig sets it from 5.4")
    assert symbol.notes == ("the BPF iterator dmabuf (6.16, with BPF_SYSCALL) takes its place",)
    (renamed,) = explain("DMA_PERNUMA_CMA").document().symbols
    assert renamed.renamed_to == ("DMA_NUMA_CMA", "6.6")
    (system,) = explain("DMABUF_HEAPS_SYSTEM").document().symbols
    assert (system.module, system.heaps) == ("system_heap", ("system",))


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("heaps.framewrok", "heaps.framework"),
        ("CONFIG_DMABUF_HEAP", "DMABUF_HEAPS"),
        ("nothing at all", "bringup kconfig explain --list lists all names"),
    ],
)
def test_of_an_unknown_name_the_nearest_is_named(name: str, hint: str) -> None:
    with pytest.raises(UsageError, match="no symbol and no requirement of that name is known") as error:
        explain(name)
    assert f"explain {name}" in str(error.value)
    assert error.value.hint is not None
    assert hint in error.value.hint


def test_every_name_is_listed_and_can_be_looked_up() -> None:
    names = all_names((*shipped_requirements(), OWN))
    assert names.requirements["own"] == "Own"
    assert names.symbols["DMABUF_HEAPS_CMA_LEGACY"].startswith("A second node")
    assert every_name() == [*list(names.requirements)[:-1], *names.symbols]
    assert all(explain(name).name == name for name in every_name())
