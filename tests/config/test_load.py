"""Loading one board config: what is right is read right, what is wrong is told with its place and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bringup.config.load import load_config, load_text
from bringup.config.schema import Arch, DeclaredIn, HeapKind
from bringup.errors import ConfigError, ExitCode
from bringup.kernel.history.version import Flavour

GOOD = """\
name: demo
title: Demo board
sources:
  dts: some.dts
  rc: ueventd.rc
identity:
  compatible: ["vendor,demo"]
  source: dts
memory:
  base: 0x80000000
  size: 2 GiB
  source: dts
kernel:
  arch: arm64
  flavour: gki
  versions: [5.10, "6.12"]
  page_sizes: [4 KiB, 16384]
  source: dts
heaps:
  - name: linux,cma
    kind: cma
    region:
      declared_in: device-tree
      size: 64 MiB
      alignment: 4 MiB
      reusable: true
    node: {mode: 0444, owner: system, group: graphics}
    source:
      "*": dts
      node: rc
"""


def load(text: str) -> object:
    return load_text(text.encode(), "demo.yaml")


def fails(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load(text)
    assert caught.value.exit_code is ExitCode.USAGE
    return caught.value


def test_every_field_is_read() -> None:
    config = load_text(GOOD.encode(), "demo.yaml")
    assert (config.name, config.title) == ("demo", "Demo board")
    assert config.identity is not None
    assert config.identity.compatible == ("vendor,demo",)
    assert config.memory is not None
    assert (config.memory.base, config.memory.size) == (0x80000000, 2 << 30)
    assert config.kernel is not None
    assert (config.kernel.arch, config.kernel.flavour) == (Arch.ARM64, Flavour.GKI)
    assert config.kernel.page_sizes == (4096, 16384)
    heap = config.heaps[0]
    assert (heap.name, heap.kind, heap.required) == ("linux,cma", HeapKind.CMA, True)
    assert heap.region is not None
    assert (heap.region.declared_in, heap.region.size) == (DeclaredIn.DEVICE_TREE, 64 << 20)
    assert heap.source == {"*": ("dts",), "node": ("rc",)}


def test_a_version_and_a_mode_without_quotes_keep_their_digits() -> None:
    config = load_text(GOOD.encode(), "demo.yaml")
    assert config.kernel is not None
    assert config.kernel.versions == ("5.10", "6.12")
    assert config.heaps[0].node is not None
    assert config.heaps[0].node.mode == "0444"


def test_a_config_is_frozen() -> None:
    config = load_text(GOOD.encode(), "demo.yaml")
    with pytest.raises(ValueError, match="frozen"):
        config.name = "other"


# what is replaced in GOOD, by what, "line:column: message", hint
WRONG = [
    ("    kind: cma\n", "", "20:5: 'kind' is missing in this entry of 'heaps'", ""),
    ("    kind: cma\n", "    kid: cma\n", "21:5: unknown key 'kid'", "did you mean 'kind'?"),
    ("title: Demo board\n", "", "1:1: 'title' is missing in the file", ""),
    ("title:", "titel:", "2:1: unknown key 'titel'", "did you mean 'title'?"),
    ("heaps:", "haeps:", "19:1: unknown key 'haeps'", "did you mean 'heaps'?"),
    (
        "    kind: cma\n",
        "    kind: cma\n    requierd: true\n",
        "22:5: unknown key 'requierd'",
        "did you mean 'required'?",
    ),
    ("reusable:", "resuable:", "26:7: unknown key 'resuable'", "did you mean 'reusable'?"),
    ("mode: 0444", "mod: 0444", "27:12: unknown key 'mod'", "did you mean 'mode'?"),
    ("kind: cma", "kind: cam", "21:11: 'cam' is not one of system, system-uncached, cma,", "did you mean 'cma'?"),
    ("flavour: gki", "flavour: android", "15:12: 'android' is not one of mainline, gki, vendor", ""),
    ("reusable: true", "reusable: yes", "26:17: expected true or false, found 'yes'", ""),
    ("reusable: true", 'reusable: "true"', "26:17: expected true or false, found 'true'", ""),
    ("64 MiB", "64 MB", "24:13: '64 MB': expected a size such as 256 MiB", ""),
    ("64 MiB", "0", "24:13: the number 0: expected a size above 0", ""),
    ("0x80000000", "-1", "10:9: the number -1: expected a number that fits in 64 bits", ""),
    ("mode: 0444", "mode: 444", "27:18: expected text, found the number 444", "write text in quotes"),
    ("mode: 0444", "mode: rw-r--r--", "27:18: 'rw-r--r--': expected four octal digits", ""),
    ("owner: system", "owner: 1000", "27:31: expected text, found the number 1000", "write text in quotes"),
    ('"6.12"]', '"6.12.107"]', "16:20: '6.12.107': expected a kernel series", ""),
    ('["vendor,demo"]', "vendor-demo", "7:15: expected a list, found 'vendor-demo'", ""),
    ('["vendor,demo"]', "[vendor,demo]", "7:16: 'vendor': expected vendor,device as in a device tree", ""),
    (
        "  - name: linux,cma",
        "  - {name: linux,cma}\n  - name: x",
        "demo.yaml:20:18: unknown key 'cma' without a value",
        "inside { }",
    ),
    (
        "  - name: linux,cma",
        "  - name: /dev/dma_heap/system",
        "20:11: '/dev/dma_heap/system': expected a name, not",
        "",
    ),
    ("name: demo\n", "name: Demo Board\n", "1:7: 'Demo Board': expected a name of lower-case letters", ""),
    ("name: demo\n", "name: demo\nname: other\n", "2:1: key 'name' is given twice", "it is first given in line 1"),
    (
        "      size: 64 MiB\n",
        "      size: 64 MiB\n      size: 32 MiB\n",
        "25:7: key 'size' is given twice",
        "in line 24",
    ),
    ("  base: 0x", "\tbase: 0x", "10:1: a tab where only spaces may stand", "indent with spaces"),
    ("title: Demo board", "title: Demo: board", "2:12: mapping values are not allowed", "must be quoted"),
    ("title: Demo board", "title: @home", "2:8: found character '@' that cannot start any token", "must be quoted"),
    ("title: Demo board", 'title: "Demo', "7:17: expected <block end>", "is a quote or a bracket left open"),
    ("title: Demo board", "title: !!binary abc", "2:8: tag 'tag:yaml.org,2002:binary' is not allowed", "remove it"),
    ("title: Demo board", 'title: ""', "2:8: expected text, found nothing", ""),
    ("title: Demo board", 'title: "a\\x07"', "2:8: 'a\\x07': expected text without control characters", ""),
    ("title: Demo board", "title:", "2:1: expected text, found nothing", ""),
    ("  base: 0x80000000\n", "  base:\n", "10:3: 'base' has no value", "leave out what is not known"),
    ("title: Demo board", 'title: "a\\ud800b"', "2:8: an escape that is half a character", ""),
    ("memory:\n", "memory: none\nmemory2:\n", "9:9: expected 'key: value' lines, found 'none'", ""),
    ("  source: dts\nmemory", "  source: dtb\nmemory", "8:11: 'dtb' is not a key of 'sources'", "known keys: dts, rc"),
    ("  rc: ueventd.rc\n", "  rc: ueventd.rc\n  old: x\n", "6:8: source 'old' is used nowhere", "remove it"),
    ("      node: rc", "      nodes: rc", "30:14: a source is given for 'nodes', which this block does not hold", ""),
]


@pytest.mark.parametrize(("old", "new", "message", "hint"), WRONG, ids=[row[1].strip()[:40] for row in WRONG])
def test_what_is_wrong_is_reported_with_its_place(old: str, new: str, message: str, hint: str) -> None:
    assert old in GOOD
    error = fails(GOOD.replace(old, new, 1))
    told = f"{error.line}:{error.column}: {error.seen}"
    assert message in told or any(message in line for line in error.seen.splitlines()), told
    assert str(error).startswith(f"demo.yaml:{error.line}:{error.column}: ")
    assert hint in error.hint or hint in error.seen


def test_all_errors_are_reported_at_once_the_first_by_place_first() -> None:
    text = GOOD.replace("reusable", "resuable").replace("title:", "titel:").replace("64 MiB", "64 Mb")
    error = fails(text)
    assert (error.line, error.column) == (2, 1)
    lines = error.seen.splitlines()
    assert lines[0] == "unknown key 'titel' (did you mean 'title'?)"
    assert lines[1].startswith("also demo.yaml:24:13: '64 Mb': expected a size")
    assert lines[2] == "also demo.yaml:26:7: unknown key 'resuable' (did you mean 'reusable'?)"
    assert len(lines) == 3


def test_a_hundred_errors_are_cut_to_twenty() -> None:
    error = fails(GOOD + "".join(f"wrong{number}: 1\n" for number in range(100)))
    assert len(error.seen.splitlines()) == 22
    assert error.seen.endswith("and 79 more")


@pytest.mark.parametrize(
    ("raw", "place", "message"),
    [
        (b"", (1, 1), "the file is empty"),
        (b"# only a comment\n", (1, 1), "the file is empty"),
        (b"- a\n- b\n", (1, 1), "expected 'key: value' lines"),
        (b"just text\n", (1, 1), "expected 'key: value' lines"),
        (b"name: a\ntitle: caf\xe9\n", (2, 11), "byte 0xe9 is not UTF-8"),
        (b"name: a\ntitle: a\x07b\n", (2, 9), "is not allowed in YAML"),
        (b"name: a\n---\nname: b\n", (2, 1), "a second YAML document"),
        (b"name: a\nheaps: [\n", (3, 1), "expected"),
        (b"a: *b\n", (1, 4), "alias '*b' has no anchor above it"),
        (b"a: &b\n  c: *b\n", (2, 6), "alias '*b' stands inside what it names"),
        (b"? [a]\n: b\n", (1, 3), "a key must be text"),
        (b"[" * 40 + b"]" * 40, (1, 33), "nested more than 32 deep"),
        (b"a: 0b12\nb: 0x\n", None, "unknown key"),
        (b"a: " + b"9" * 5000 + b"\n", (1, 4), "is not a whole number"),
        (b"x" * ((1 << 20) + 1), None, "larger than 1 MiB"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_files_that_hold_no_config(raw: bytes, place: tuple[int, int] | None, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_text(raw, "x.yaml")
    assert message in caught.value.seen
    if place is not None:
        assert (caught.value.line, caught.value.column) == place


def test_an_alias_bomb_is_refused_in_bounded_time() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(ConfigError, match="more than 20000 values"):
        load_text("\n".join(lines).encode(), "bomb.yaml")


def test_aliases_do_not_nest_deeper_than_what_is_written_out() -> None:
    lines = [f"a0: &a0 {'[' * 20}{']' * 20}"]
    lines += [f"a{n}: &a{n} {'[' * 20}*a{n - 1}{']' * 20}" for n in range(1, 60)]
    with pytest.raises(ConfigError) as caught:
        load_text("\n".join(lines).encode(), "deep.yaml")
    assert str(caught.value) == "deep.yaml:2:29: nested more than 32 deep"


def test_a_mapping_is_merged_below_its_own_keys() -> None:
    text = GOOD.replace("memory:\n  base: 0x80000000\n", "memory:\n  <<: {base: 1, size: 5 GiB}\n  base: 0x40000000\n")
    config = load_text(text.encode(), "demo.yaml")
    assert config.memory is not None
    assert (config.memory.base, config.memory.size) == (0x40000000, 2 << 30)
    assert fails(text.replace("{base: 1, size: 5 GiB}", "none")).seen == "'<<' takes a mapping, or a list of mappings"


def test_many_values_are_refused() -> None:
    with pytest.raises(ConfigError, match="more than 20000 values"):
        load_text(b"a: [" + b"1, " * 20_001 + b"]\n", "x.yaml")


def test_an_alias_is_a_copy_with_its_own_place() -> None:
    error = fails("name: demo\ntitle: &t 5\nextends: *t\n")
    assert error.seen.splitlines() == [
        "expected text, found the number 5 (write text in quotes)",
        "also demo.yaml:3:10: expected text, found the number 5 (write text in quotes)",
    ]


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_config(tmp_path / "none.yaml")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="directory"):
        load_config(tmp_path)


def test_the_name_must_be_the_files_name(tmp_path: Path) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(GOOD)
    with pytest.raises(ConfigError) as caught:
        load_config(path)
    assert caught.value.seen == "name is 'demo', the file is other.yaml"
    assert (caught.value.line, caught.value.column) == (1, 7)


def refusal(raw: bytes) -> ConfigError | None:
    """What loading ``raw`` is refused with; any other exception escapes and fails the test."""
    try:
        load_text(raw, "fuzz.yaml")
    except ConfigError as error:
        return error
    return None


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from(list("ab:-{}[]&*!|>%@`'\"#,? \n\t0x.~<=\\é\u2028\ufeff")), max_size=60))
def test_no_text_escapes_the_error_tree(text: str) -> None:
    error = refusal(text.encode())
    assert error is not None
    assert error.seen


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_configs_load_or_are_refused(data: st.DataObject) -> None:
    raw = bytearray(GOOD.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=4))
    error = refusal(bytes(raw))
    assert error is None or error.seen
