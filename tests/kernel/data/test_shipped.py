"""The requirement files: valid, in step with their compiled form, wrong ones refused with their place."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from bringup.errors import ConfigError, UsageError
from bringup.kernel import compile as compiler
from bringup.kernel.data.shipped import COMPILED, shipped_data
from bringup.kernel.history.heap_names import heap_names
from bringup.kernel.history.symbols import symbol_table
from bringup.kernel.kconfig.expression import parse_expression, symbols_in
from bringup.kernel.requirements.judge import shipped_requirements
from bringup.kernel.requirements.reading.from_yaml import load_requirements
from bringup.kernel.requirements.requirement import AllOf, AnyOf, SymbolNeed, need_from_data, symbols_of
from bringup.kernel.requirements.verdict import Severity

MINE = """\
schema: bringup.kconfig-requirements/1
requirements:
  - id: mine.one
    title: Mine
    need: {DMABUF_HEAPS: y}
    why: because
"""


def test_the_compiled_form_is_what_the_yaml_files_say() -> None:
    assert COMPILED.read_text("utf-8") == compiler.compiled(), "run python -m bringup.kernel.compile"


def test_a_stale_compiled_form_is_noticed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert compiler.main(["--check"]) == 0
    monkeypatch.setattr(compiler, "compiled", lambda: "{}\n")
    assert compiler.main(["--check"]) == 1
    assert "run python -m bringup.kernel.compile" in capsys.readouterr().err


def test_ids_are_unique_and_everything_has_a_reason_and_a_source() -> None:
    shipped = shipped_requirements()
    assert len({one.id for one in shipped}) == len(shipped) >= 35
    for one in shipped:
        assert one.why, one.id
        assert one.sources, one.id
        assert one.id.split(".")[0] == Path(one.origin).stem, one.id


def test_what_may_fail_says_why_it_matters() -> None:
    for one in shipped_requirements():
        if one.severity != Severity.INFORMATIVE:
            assert one.cause is not None, one.id
            assert len(one.cause.text) > 30, one.id
        for symbol in one.symbols:
            assert symbol in symbol_table(), f"{one.id}: CONFIG_{symbol} has no history"


def test_the_requirements_cover_the_subject() -> None:
    wanted = {symbol for one in shipped_requirements() for symbol in one.symbols}
    assert wanted >= {
        "DMABUF_HEAPS",
        "DMABUF_HEAPS_SYSTEM",
        "DMABUF_HEAPS_CMA",
        "DMABUF_HEAPS_CMA_LEGACY",
        "DMABUF_HEAPS_SYSTEM_CC_SHARED",
        "DMABUF_HEAPS_PAGE_POOL",
        "DMABUF_HEAPS_DEFERRED_FREE",
        "DMABUF_SYSFS_STATS",
        "DMABUF_DEBUG",
        "DMABUF_SELFTESTS",
        "DMABUF_KUNIT_TEST",
        "TEE_DMABUF_HEAPS",
        "CMA",
        "DMA_CMA",
        "CMA_SIZE_MBYTES",
        "CMA_SIZE_PERCENTAGE",
        "CMA_AREAS",
        "CMA_ALIGNMENT",
        "CMA_SYSFS",
        "UDMABUF",
        "SYNC_FILE",
        "SW_SYNC",
        "BPF_SYSCALL",
        "IKCONFIG",
        "IKCONFIG_PROC",
        "ION",
        "QCOM_DMABUF_HEAPS_SYSTEM",
        "DEVICE_MODULES_DMABUF_HEAPS_SYSTEM",
    }


def test_histories_do_not_contradict_themselves() -> None:
    for history in symbol_table().values():
        assert history.eras or history.name == "DEBUG", history.name
        for era in history.eras:
            assert era.sources, f"{history.name} {era.kernel}"
            list(symbols_in(parse_expression(era.depends)))
        plain = sorted((era.kernel for era in history.eras if not era.flavours), key=lambda span: span.first or (0, 0))
        for before, after in itertools.pairwise(plain):
            assert before.last is not None, history.name
            assert after.first is not None, history.name
            assert before.last < after.first, f"{history.name}: {before} and {after} overlap"


def test_heap_names_belong_to_symbols_that_exist_then() -> None:
    for entry in heap_names():
        history = symbol_table()[entry.symbol]
        first = entry.kernel.first
        assert first is not None
        assert any(era.kernel.first is None or era.kernel.first <= first for era in history.eras), entry


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE)
    (one,) = load_requirements(path)
    assert (one.id, one.symbols, one.origin) == ("mine.one", ("DMABUF_HEAPS",), str(path))


@pytest.mark.parametrize(
    ("old", "new", "line", "seen"),
    [
        (
            "schema: bringup.kconfig-requirements/1",
            "schema: other/1",
            1,
            "'other/1' is not bringup.kconfig-requirements/1",
        ),
        ("    why: because\n", "", 3, "'why' is missing in this entry of 'requirements'"),
        ("need: {DMABUF_HEAPS: y}", "need: {CONFIG_DMABUF_HEAPS: y}", 5, "without CONFIG_"),
        ("need: {DMABUF_HEAPS: y}", "need: {}", 5, "no mapping"),
        ("need: {DMABUF_HEAPS: y}", "need: {DMABUF_HEAPS: [true]}", 5, "no accepted value"),
        ("need: {DMABUF_HEAPS: y}", "need: {any: y}", 5, "wants a list"),
        ("    why: because\n", "    why: because\n    kernel: 6\n", 7, "expected text, found the number 6"),
        ("    why: because\n", '    why: because\n    kernel: "6.10..6.1"\n', 7, "ends before it begins"),
        (
            "    why: because\n",
            "    why: because\n    severity: dire\n",
            7,
            "'dire' is not one of required, recommended, ",
        ),
        (
            "    why: because\n",
            "    why: because\n    flavour: ubuntu\n",
            7,
            "'ubuntu' is not one of mainline, gki, vendor",
        ),
        (
            "    why: because\n",
            "    why: because\n    proof: [{node: a, module: b}]\n",
            7,
            "a proof is one of node, cma_heap, module, parameter, cma_total",
        ),
        ("    why: because\n", "    why: because\n    prof: []\n", 7, "unknown key 'prof'"),
        ("id: mine.one", "id: Mine One", 3, "'Mine One': expected words of lower-case letters"),
        ("title: Mine", "title: Mine\n    title: Again", 5, "key 'title' is given twice"),
        ("requirements:\n", "requirements: [\n", 3, "expected the node content, but found '-'"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(tmp_path: Path, old: str, new: str, line: int, seen: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.replace(old, new, 1))
    with pytest.raises(ConfigError) as error:
        load_requirements(path)
    assert seen in str(error.value)
    assert str(path) in str(error.value)
    assert error.value.line == line


def test_a_version_without_quotes_keeps_its_digits(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE + "    kernel: 6.10\n")
    (requirement,) = load_requirements(path)
    assert str(requirement.kernel) == "6.10"


def test_a_requirement_may_take_over_the_keys_of_another(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.replace("  - id", "  - &first\n    id") + "  - <<: *first\n    id: mine.two\n")
    assert [(entry.id, entry.why) for entry in load_requirements(path)] == [
        ("mine.one", "because"),
        ("mine.two", "because"),
    ]


def test_an_id_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE + MINE.split("requirements:\n")[1])
    with pytest.raises(ConfigError, match="appears twice") as error:
        load_requirements(path)
    assert error.value.line == 7


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\x00" * 10])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        load_requirements(path)


def test_aliases_without_end_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 9)]
    path = tmp_path / "mine.yaml"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(ConfigError, match="aliases counted each time"):
        load_requirements(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_requirements(tmp_path / "none.yaml")


def test_needs_are_read_as_written() -> None:
    need = need_from_data({"any": [{"A": "y"}, {"all": [{"B": ["y", "m"]}, {"C": "1..16"}]}]})
    assert isinstance(need, AnyOf)
    assert list(symbols_of(need)) == ["A", "B", "C"]
    assert str(need) == "CONFIG_A=y or (CONFIG_B=y|m and CONFIG_C=1..16)"
    both = need_from_data({"A": "y", "B": "n"})
    assert isinstance(both, AllOf)
    assert isinstance(both.parts[0], SymbolNeed)


def test_a_need_without_end_is_refused() -> None:
    need: object = {"A": "y"}
    for _ in range(40):
        need = {"all": [need]}
    with pytest.raises(UsageError, match="nested too deeply"):
        need_from_data(need)


def test_the_compiled_form_is_plain_data_of_a_sensible_size() -> None:
    assert len(COMPILED.read_bytes()) < 256 << 10
    assert {"requirements", "symbols", "heaps", "upstream"} <= set(shipped_data())
