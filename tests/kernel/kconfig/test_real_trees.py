"""Kernel sources as Debian ships them: our reader against the kernel's own tools, our fragments through them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from bringup.kernel.kconfig.dotconfig import parse_config
from bringup.kernel.kconfig.source_tree import SourceTree, read_tree
from bringup.kernel.kconfig.tree_check import check_against_tree
from bringup.kernel.requirements.fragment import Fragment, make_fragment
from bringup.kernel.requirements.judge import judge
from bringup.kernel.requirements.verdict import Answer
from bringup.kernel.sources.source import open_source
from bringup.outcome import Outcome
from tests.support.kernel import fetch, golden

TREES = fetch.trees()
NEEDED = [tool for tool in ("make", "gcc", "flex", "bison") if shutil.which(tool) is None]
pytestmark = [
    pytest.mark.kernels,
    pytest.mark.skipif(not TREES, reason="python -m tests.support.kernel.fetch trees brings kernel sources"),
]
with_make = pytest.mark.skipif(bool(NEEDED), reason=f"not installed: {', '.join(NEEDED)}")
trees = pytest.mark.parametrize("path", TREES, ids=lambda path: path.name)


@cache
def tree_of(path: Path, arch: str = "arm64") -> SourceTree:
    return read_tree(path, arch)


@trees
def test_everything_is_understood(path: Path) -> None:
    for arch in ("arm64", "x86", "arm", "riscv"):
        tree = tree_of(path, arch)
        assert tree.notes == ()
        assert len(tree.symbols) > 15_000


@dataclass(frozen=True, slots=True)
class Kconfig:
    """The kernel's own tools, in one build folder a tree: they are compiled once, and not for each configuration."""

    folder: Path

    def make(self, tree: Path, target: str, *, arch: str = "arm64") -> Path:
        """The ``.config`` that comes of a target; the next one of this tree takes its place."""
        out = self._out(tree)
        argv = ["make", "-s", f"ARCH={arch}", f"O={out}", target]
        subprocess.run(argv, cwd=tree, check=True, capture_output=True, timeout=300)
        return out / ".config"

    def merge(self, tree: Path, base: Path, fragment: Fragment) -> Path:
        """The ``.config`` that comes of a base and a fragment, by ``merge_config.sh`` and ``olddefconfig``."""
        out = self._out(tree)
        (out / "bringup.config").write_text(fragment.text())
        argv = ["scripts/kconfig/merge_config.sh", "-O", str(out), "-m", str(base), str(out / "bringup.config")]
        subprocess.run(argv, cwd=tree, check=True, capture_output=True, env=os.environ | {"ARCH": "arm64"})
        return self.make(tree, "olddefconfig")

    def _out(self, tree: Path) -> Path:
        out = self.folder / tree.name
        out.mkdir(exist_ok=True)
        return out


@pytest.fixture(scope="module")
def kconfig(tmp_path_factory: pytest.TempPathFactory) -> Kconfig:
    return Kconfig(tmp_path_factory.mktemp("kconfig"))


@with_make
@pytest.mark.parametrize(("arch", "name"), golden.DEFCONFIGS.items())
@trees
def test_what_is_said_of_a_defconfig_holds_for_what_comes_of_it(
    path: Path, arch: str, name: str, kconfig: Kconfig
) -> None:
    """A defconfig leaves most to defaults and selects. What is said by history alone, the kernel's own tool confirms."""
    tree = tree_of(path, arch)
    defconfig = open_source(path / "arch" / arch / "configs" / name).config
    outcome = open_source(kconfig.make(path, name, arch=arch)).config
    assert defconfig is not None
    assert outcome is not None
    said = judge(defconfig, tree.version, arch=arch)
    real = {one.id: one for one in judge(outcome)}
    for verdict in said:
        if verdict.answer in {Answer.HOLDS, Answer.SET_WRONG}:
            assert verdict.answer is real[verdict.id].answer, (verdict, real[verdict.id])


@with_make
@trees
def test_what_olddefconfig_drops_is_predicted(path: Path, kconfig: Kconfig) -> None:
    """No false alarm over the whole defconfig; what it sets in vain and our reader can see is named."""
    defconfig = open_source(path / "arch/arm64/configs/defconfig").config
    real = open_source(kconfig.make(path, "defconfig")).config
    assert defconfig is not None
    assert real is not None
    said = {problem.symbol for problem in check_against_tree(defconfig, tree_of(path))}
    dropped = {name for name, value in defconfig.values.items() if value != "n" and real.values.get(name, "n") != value}
    assert said <= dropped
    assert len(said) >= len(dropped) / 3
    assert check_against_tree(real, tree_of(path)) == [], "what the kernel's own tool wrote has nothing to drop"


@with_make
@pytest.mark.parametrize("start", ["defconfig", "whole", "defconfig and tree"])
@trees
def test_a_fragment_works_and_no_line_is_dropped(path: Path, start: str, kconfig: Kconfig, tmp_path: Path) -> None:
    """arm64 defconfig and our fragment through merge_config.sh and olddefconfig: everything holds, every line is there."""
    tree = tree_of(path)
    base = path / "arch/arm64/configs/defconfig"
    if start == "whole":
        base = Path(shutil.copy(kconfig.make(path, "defconfig"), tmp_path / "whole"))
    before = open_source(base).config
    assert before is not None
    fragment = make_fragment(before, tree.version, arch="arm64", symbols=tree if "tree" in start else None)
    assert fragment.lines
    assert fragment.impossible == ()
    merged = kconfig.merge(path, base, fragment)
    lines = set(merged.read_text().splitlines())
    assert [str(line) for line in fragment.lines if str(line) not in lines] == []
    after = open_source(merged).config
    assert after is not None
    wrong = [one for one in judge(after) if one.answer is Answer.SET_WRONG and one.outcome is not Outcome.SKIP]
    assert wrong == []
    modules = [one.id for one in judge(after) if one.outcome not in {Outcome.PASS, Outcome.SKIP}]
    assert set(modules) <= {"heaps.system", "heaps.cma"}, "only a module whose loading a file cannot prove is left"


@with_make
@trees
def test_no_line_of_the_fragment_is_idle(path: Path, kconfig: Kconfig, tmp_path: Path) -> None:
    """Without any one of its lines something does not hold: the fragment for a whole configuration is minimal."""
    tree = tree_of(path)
    base = Path(shutil.copy(kconfig.make(path, "defconfig"), tmp_path / "whole"))
    config = open_source(base).config
    assert config is not None
    fragment = make_fragment(config, tree.version, arch="arm64")
    for index, line in enumerate(fragment.lines):
        lines = (*fragment.lines[:index], *fragment.lines[index + 1 :])
        merged = open_source(kconfig.merge(path, base, Fragment(lines, ()))).config
        assert merged is not None
        wrong = [one for one in judge(merged) if one.answer is Answer.SET_WRONG and one.outcome is not Outcome.SKIP]
        assert wrong, f"{line} changes nothing"


@trees
def test_a_tree_does_not_know_what_it_does_not_define(path: Path) -> None:
    config = parse_config("CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_HEAPS_CHUNK=y\n", "x", complete=False)
    (problem,) = check_against_tree(config, tree_of(path))
    assert problem.symbol == "DMABUF_HEAPS_CHUNK"
