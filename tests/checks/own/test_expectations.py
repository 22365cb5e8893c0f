"""Expectations in a file of the user's or a board config: what holds, what does not, what is unknown; and where a file is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bringup.checks.own.expectations import EXPECTATIONS
from bringup.config.expectation import load_expectations
from bringup.config.load import load_config
from bringup.errors import ConfigError
from bringup.facts.board import Facts
from bringup.record.load import Record, load_record
from tests.support.command import bringup
from tests.support.scripted_record import DENIED, MISSING, ScriptedBoard


def outcome(folder: Path, lines: str) -> tuple[str, str]:
    """Outcome and words of one expectation about the scripted board."""
    return outcome_of(ScriptedBoard().record(folder / "record"), folder, lines)


def outcome_of(record: Record, folder: Path, lines: str) -> tuple[str, str]:
    """Outcome and words of one expectation about a board."""
    file = folder / "expect.yaml"
    file.write_text(f"expect:\n  - {{id: one, title: One, {lines}}}\n")
    facts = Facts(record)
    facts.expectations = load_expectations(file)
    (verdict,) = EXPECTATIONS.ask(facts)
    assert verdict.id == "expect.one"
    return verdict.outcome.value, " ".join([*verdict.evidence, verdict.reason or ""])


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("meminfo: CmaTotal, at_least: 1 MiB", "pass"),
        ("meminfo: CmaTotal, at_least: 64 GiB", "fail"),
        ("meminfo: CmaTotal, at_most: 64 GiB", "pass"),
        ("meminfo: CmaTotal, at_most: 4096", "fail"),
        ("meminfo: NoSuchLine, exists: false", "pass"),
        ("meminfo: NoSuchLine, at_most: 4096", "fail"),
        ("kconfig: DMABUF_HEAPS, equals: 'y'", "pass"),
        ("kconfig: DMABUF_HEAPS, equals: m, otherwise: warn", "warn"),
        ("kconfig: NO_SUCH_OPTION, equals: n", "pass"),
        ("heap: system, exists: true", "pass"),
        ("heap: system, equals: '0000'", "fail"),
        ("heap: nothing, exists: true", "fail"),
        ("heap: nothing, exists: false", "pass"),
        ("file: /proc/cmdline, contains: ''", "error"),
        ("file: /no/such/file, exists: false", "error"),
        ("cmdline: no.such_parameter, exists: false", "pass"),
        ("cmdline: no.such_parameter, equals: '1'", "fail"),
        ("file: /proc/version, at_least: 1", "error"),
    ],
)
def test_one_expectation(tmp_path: Path, lines: str, expected: str) -> None:
    if "contains: ''" in lines:
        with pytest.raises(ConfigError):
            outcome(tmp_path, lines)
        return
    found, words = outcome(tmp_path, lines)
    assert found == expected, words
    assert words.strip()


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ("meminfo: CmaTotal, at_least: 1 MiB", "/proc/meminfo"),
        ("kconfig: DMABUF_HEAPS, equals: 'y'", "/proc/config.gz is not there"),
        ("cmdline: console, equals: ttyAMA0", "/proc/cmdline"),
        ("heap: system, exists: true", "/dev/dma_heap"),
        ("property: ro.build.type, equals: user", "the board's properties were not observed"),
    ],
)
def test_what_was_not_observed_is_unknown(tmp_path: Path, lines: str, seen: str) -> None:
    board = ScriptedBoard(config=None, heap_folder="denied", heaps={}, results=[])
    board.files = {"/proc/meminfo": DENIED, "/proc/cmdline": DENIED}
    found, words = outcome_of(board.record(tmp_path / "record"), tmp_path, lines)
    assert (found, seen in words) == ("error", True), words


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("cmdline: console, at_least: 1", "error"),  # no number: neither right nor wrong
        ("cmdline: console, equals: tty0", "fail"),  # the kernel takes the last one
        ("cmdline: console, equals: ttyS1", "pass"),
        ("cmdline: bad, at_most: 3", "fail"),
        ("file: /proc/swaps, exists: false", "pass"),
        ("file: /proc/cmdline, contains: ttyS1", "pass"),
    ],
)
def test_the_last_of_a_parameter_counts(tmp_path: Path, lines: str, expected: str) -> None:
    board = ScriptedBoard()
    board.files |= {"/proc/cmdline": "console=tty0 bad=4 console=ttyS1\n", "/proc/swaps": MISSING}
    found, words = outcome_of(board.record(tmp_path / "record"), tmp_path, lines)
    assert found == expected, words


@pytest.mark.parametrize(
    ("cut", "lines", "expected"),
    [
        ("/proc/modules", "file: /proc/modules, contains: loaded_first", "pass"),
        ("/proc/modules", "file: /proc/modules, contains: loaded_last", "error"),
        ("/proc/modules", "file: /proc/modules, equals: loaded_first", "error"),
        ("/proc/modules", "file: /proc/modules, exists: true", "pass"),
        ("/proc/modules", "file: /proc/modules, exists: false", "error"),
        ("/proc/meminfo", "meminfo: CmaTotal, at_least: 1 MiB", "pass"),
        ("/proc/meminfo", "meminfo: NoSuchLine, exists: false", "error"),
        ("/proc/cmdline", "cmdline: no.such_parameter, exists: false", "error"),
        ("/system/bin/getprop", "property: ro.build.type, exists: true", "pass"),
        ("/system/bin/getprop", "property: ro.nothing, exists: false", "error"),
        ("", "property: ro.nothing, exists: false", "pass"),
        ("", "file: /proc/modules, contains: loaded_last", "fail"),
    ],
)
def test_what_was_cut_off_is_unknown(tmp_path: Path, cut: str, lines: str, expected: str) -> None:
    board = ScriptedBoard()
    board.files["/proc/modules"] = "loaded_first\n"
    board.properties |= {"ro.build.type": "userdebug"}
    board.record(tmp_path / "record")
    journal = tmp_path / "record" / "record.jsonl"
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    for entry in entries:
        if cut in (entry.get("path"), *entry.get("argv", [])):
            entry["truncated"] = True
    journal.write_text("".join(f"{json.dumps(entry)}\n" for entry in entries))
    found, words = outcome_of(load_record(tmp_path / "record"), tmp_path, lines)
    assert found == expected, words
    assert expected != "error" or "is longer than the part that was read" in words


@pytest.mark.parametrize(
    ("text", "place", "seen"),
    [
        ("expect:\n  - {id: a, title: A, heap: system}\n", ":2:5", "expected one condition"),
        ("expect:\n  - {id: a, title: A, exists: true}\n", ":2:5", "expected one fact (property, file"),
        ("expect:\n  - id: a\n    title: A\n    heap: b\n    exist: true\n", ":5:5", "did you mean 'exists'"),
        ("expect:\n  - id: a\n    title: A\n    heap: b\n    equals: 3\n", ":5:13", "found the number 3"),
        ("expect:\n  - id: a\n    title: A\n    meminfo: b\n    at_least: many\n", ":5:15", "expected a size"),
        (
            "expect:\n  - {id: a, title: A, kconfig: NO_SUCH, exists: true}\n",
            ":2:5",
            "expected equals: 'y', 'm' or 'n'",
        ),
        ("expects: []\n", ":1:1", "did you mean 'expect'"),
    ],
)
def test_a_wrong_file_is_shown_with_line_and_column(tmp_path: Path, text: str, place: str, seen: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_expectations(file)
    assert place in str(caught.value)
    assert seen in f"{caught.value} {caught.value.hint}"


def test_an_id_is_there_once(tmp_path: Path) -> None:
    line = "  - {id: a, title: A, heap: system, exists: true}\n"
    (tmp_path / "twice.yaml").write_text(f"expect:\n{line}{line}")
    with pytest.raises(ConfigError, match=r":3:\d+: 'a' is there twice"):
        load_expectations(tmp_path / "twice.yaml")


CONFIG = """\
name: mine
title: Mine
identity: {compatible: ["acme,mine"]}
expect:
  - {id: cma, title: CMA for the camera, meminfo: CmaTotal, at_least: 64 GiB, why: Four streams, fix: [cma=64G]}
  - {id: cmdline, title: No such parameter, cmdline: no.such_parameter, exists: false}
"""


@pytest.fixture
def user_configs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "device-configs"
    folder.mkdir()
    (folder / "mine.yaml").write_text(CONFIG)
    (folder / "wrong.yaml").write_text("name: wrong\n")
    monkeypatch.setenv("BRINGUP_CONFIG_PATH", str(tmp_path))
    return folder


def test_a_board_config_expects_the_same_way(tmp_path: Path, user_configs: Path) -> None:
    record = ScriptedBoard().record(tmp_path / "record")
    facts = Facts(record, load_config(user_configs / "mine.yaml"))
    assert {verdict.id: verdict.outcome for verdict in EXPECTATIONS.ask(facts)} == {
        "expect.cma": "fail",
        "expect.cmdline": "pass",
    }
    file = tmp_path / "expect.yaml"
    file.write_text("expect:\n  - {id: cma, title: CMA, meminfo: CmaTotal, at_least: 1 MiB}\n")
    facts.expectations = load_expectations(file)
    assert [(verdict.id, verdict.outcome) for verdict in EXPECTATIONS.ask(facts)] == [
        ("expect.cma", "pass"),
        ("expect.cmdline", "pass"),
    ], "the file's own replaces the config's"
    assert list(EXPECTATIONS.ask(Facts(record))) == []


def test_a_board_config_on_the_command_line(tmp_path: Path, user_configs: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    done = bringup("check", str(tmp_path / "record"), "--board", "mine", "--json")
    found = {verdict["id"]: verdict for verdict in json.loads(done.stdout)["boards"][0]["verdicts"]}
    assert found["expect.cma"]["outcome"] == "fail"
    assert "expect.cma" not in bringup("check", str(tmp_path / "record"), "--board", "vim3", "--json").stdout
    told = bringup("explain", "expect.cma").stdout
    assert "CMA for the camera" in told
    assert "Why: Four streams" in told
    assert "From: board config mine" in told
    assert f"Source: {user_configs}/mine.yaml" in told
    assert "at least 68719476736 (64 GiB)" in told
    assert "Fix: cma=64G" in told
    assert "that --expect names" in bringup("explain", "expect.other").stdout, "it is nobody's but a file's"
    assert json.loads(bringup("config", "show", "mine").stdout)["expect"][1]["cmdline"] == "no.such_parameter"


def test_a_wrong_expectation_of_a_board_config(user_configs: Path) -> None:
    file = user_configs / "mine.yaml"
    file.write_text(CONFIG.replace("id: cmdline", "id: cma"))
    with pytest.raises(ConfigError, match=r"mine.yaml:6:\d+: 'cma' is there twice"):
        load_config(file)
    file.write_text(CONFIG.replace(", exists: false", ""))
    with pytest.raises(ConfigError, match=r"mine.yaml:6:\d+: .*expected one condition"):
        load_config(file)


def test_expectations_of_a_config_that_extends(user_configs: Path) -> None:
    (user_configs / "child.yaml").write_text(
        "name: child\ntitle: Child\nextends: mine\nexpect:\n"
        "  - {id: cma, title: Less, heap: system, exists: true}\n  - {id: more, title: More, heap: a, exists: false}\n"
    )
    child = load_config(user_configs / "child.yaml")
    assert [(expectation.id, expectation.title) for expectation in child.expect] == [
        ("cmdline", "No such parameter"),
        ("cma", "Less"),
        ("more", "More"),
    ]


def test_the_command_line(tmp_path: Path) -> None:
    ScriptedBoard().record(tmp_path / "record")
    file = tmp_path / "expect.yaml"
    file.write_text(
        "expect:\n  - id: camera.cma\n    title: CMA is enough for the camera\n    meminfo: CmaTotal\n"
        "    at_least: 64 GiB\n    why: Four streams\n    fix: [cma=64G]\n"
    )
    done = bringup("check", str(tmp_path / "record"), "--expect", str(file), "--json")
    assert done.returncode == 1
    found = {verdict["id"]: verdict for verdict in json.loads(done.stdout)["boards"][0]["verdicts"]}
    assert found["expect.camera.cma"]["outcome"] == "fail"
    assert found["expect.camera.cma"]["remedy"] == ["cma=64G"]
    file.write_text("expect: 3\n")
    done = bringup("check", str(tmp_path / "record"), "--expect", str(file))
    assert done.returncode == 2
    assert f"{file}:1:9" in done.stderr
