"""A source tree's Kconfig: a small tree of our own. The real ones are in test_real_trees.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.errors import ConfigError
from bringup.kernel.history.symbols import SymbolType
from bringup.kernel.kconfig.dotconfig import parse_config
from bringup.kernel.kconfig.kconfig_file import read_statements
from bringup.kernel.kconfig.source_tree import SourceTree, read_tree
from bringup.kernel.kconfig.tree_check import TreeProblemKind, check_against_tree
from tests.support.kernel.source_tree import SOURCE_TREE


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> SourceTree:
    root = tmp_path_factory.mktemp("linux")
    for name, content in SOURCE_TREE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)
    return read_tree(root, "arm64")


def test_types_prompts_dependencies(tree: SourceTree) -> None:
    heap = tree.symbols["DMABUF_HEAPS_CMA"]
    assert (heap.type, heap.prompt) == (SymbolType.TRISTATE, True)
    assert heap.depends == "MMU && DMABUF_HEAPS && DMA_CMA && CMA"
    assert heap.places == ("drivers/Kconfig:20",)
    assert tree.symbols["DMA_SHARED_BUFFER"].prompt is False
    assert tree.symbols["DMA_SHARED_BUFFER"].selected_by == (("DMABUF_HEAPS", ""),)
    assert tree.symbols["DMA_CMA"].depends == "MMU && HAVE_DMA_CONTIGUOUS && CMA && ((EXPERT) || !(PARANOID))"


def test_defaults_choices_and_implies(tree: SourceTree) -> None:
    assert tree.symbols["CMA_SIZE"].defaults == (("0", "X86"), ("16", ""))
    assert tree.symbols["UNIT_M"].choice == ("UNIT_K", "UNIT_M")
    assert tree.symbols["UNIT_M"].defaults == (("y", ""),)
    assert tree.symbols["HELPER"].defaults == (("USER", ""),)


def test_a_symbol_defined_twice_depends_on_either(tree: SourceTree) -> None:
    twice = tree.symbols["TWICE"]
    assert twice.depends == "(MMU && CMA) || (MMU && USER)"
    assert len(twice.places) == 2


def test_help_texts_are_no_kconfig(tree: SourceTree) -> None:
    assert "NOT_A_SYMBOL" not in tree.symbols
    assert "NOTHING" not in [name for name, _ in tree.symbols["DMABUF_HEAPS"].selects]


def test_what_was_not_understood_is_noted_with_its_place(tree: SourceTree) -> None:
    assert "drivers/Kconfig:45: not understood: unheard_of attribute" in tree.notes
    assert any("KCONFIG_EXT_PREFIX" in note for note in tree.notes)
    assert any(note.startswith("missing/Kconfig: No such file") for note in tree.notes)
    assert any("outside of the tree" in note for note in tree.notes)
    assert tree.symbols["CMA_SIZE"].type is SymbolType.INT


def test_the_trees_version(tree: SourceTree) -> None:
    assert str(tree.version) == "6.12.7-rc1"


def test_another_architecture_has_other_symbols(tree: SourceTree) -> None:
    x86 = read_tree(tree.path, "x86_64")
    assert x86.arch == "x86"
    assert "ARM64" not in x86.symbols
    with pytest.raises(ConfigError, match="has no architecture 'sparc'") as error:
        read_tree(tree.path, "sparc")
    assert error.value.hint == "it has: arm64, x86"


@pytest.mark.parametrize("arch", ["../arm64", "", "."])
def test_an_architecture_is_no_path(tree: SourceTree, arch: str) -> None:
    with pytest.raises(ConfigError):
        read_tree(tree.path, arch)


def test_what_is_no_source_tree_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no kernel source tree"):
        read_tree(tmp_path, "arm64")


def test_a_file_that_sources_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "arch/arm64").mkdir(parents=True)
    (tmp_path / "arch/arm64/Kconfig").write_text("")
    (tmp_path / "Kconfig").write_text('source "Kconfig"\n')
    with pytest.raises(ConfigError, match="64 files deep"):
        read_tree(tmp_path, "arm64")


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("CONFIG_NEVER_HEARD_OF=y", TreeProblemKind.UNDEFINED),
        ("CONFIG_DMABUF_HEAPS=m", TreeProblemKind.WRONG_TYPE),
        ('CONFIG_CMA_SIZE="16"', TreeProblemKind.WRONG_TYPE),
        ("CONFIG_DMA_CMA=y", TreeProblemKind.UNMET),
        ("CONFIG_DMABUF_HEAPS=y", None),
        ("CONFIG_CMA_SIZE=16", None),
        ("# CONFIG_NEVER_HEARD_OF is not set", None),
    ],
)
@pytest.mark.parametrize("complete", [True, False])
def test_a_configuration_against_its_tree(
    tree: SourceTree, line: str, kind: TreeProblemKind | None, complete: bool
) -> None:
    config = parse_config(f"CONFIG_MMU=y\n{line}\n", "x", complete=complete)
    problems = check_against_tree(config, tree)
    assert [problem.kind for problem in problems] == ([] if kind is None else [kind])


@pytest.mark.parametrize(
    ("line", "says", "place"),
    [
        ("CMA=5", "CONFIG_CMA=5: bool takes y, m or n only", "drivers/Kconfig:32"),
        ("CMA=m", "CONFIG_CMA=m: bool takes no m", "drivers/Kconfig:32"),
        ("DMABUF_HEAPS_SYSTEM=5", "CONFIG_DMABUF_HEAPS_SYSTEM=5: tristate takes y, m or n only", "drivers/Kconfig:17"),
        ("CMA_SIZE=y", "CONFIG_CMA_SIZE=y: int wants a number", "drivers/Kconfig:40"),
        ("DMA_CMA=y", "CONFIG_DMA_CMA=y depends on CMA, which does not hold", "drivers/Kconfig:35"),
    ],
)  # fmt: skip
def test_what_the_tree_would_drop_is_named_with_its_place(tree: SourceTree, line: str, says: str, place: str) -> None:
    (problem,) = check_against_tree(parse_config(f"CONFIG_MMU=y\nCONFIG_{line}\n", "x", complete=False), tree)
    assert (problem.symbol, problem.text, problem.place) == (line.partition("=")[0], says, place)


def test_what_is_selected_needs_no_dependency(tree: SourceTree) -> None:
    whole = "CONFIG_MMU=y\nCONFIG_DMABUF_HEAPS=y\nCONFIG_DMA_SHARED_BUFFER=y\n"
    assert check_against_tree(parse_config(whole, "x"), tree) == []


@given(st.text(max_size=400))
def test_any_text_has_statements(text: str) -> None:
    for statement in read_statements(text):
        assert statement.line >= 1


_words = st.sampled_from(["config A", "bool", "menu \"x\"", "endmenu", "if A", "endif", "choice", "endchoice", "help", "  text", "depends on A", "select B", "default y if", "\\", "source \"Kconfig\"", "\tprompt", "comment \"c\"", "endif"])  # fmt: skip


@given(st.lists(_words, max_size=30))
def test_statements_in_any_order_are_read(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    root = tmp_path_factory.mktemp("odd")
    (root / "arch/arm64").mkdir(parents=True)
    (root / "arch/arm64/Kconfig").write_text("\n".join(line for line in lines if not line.startswith("source")))
    (root / "Kconfig").write_text('source "arch/$(SRCARCH)/Kconfig"\n')
    read_tree(root, "arm64")
