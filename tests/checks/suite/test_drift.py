"""Drift: the board against what was rendered for it, line by line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bringup.board import connect_tcp
from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.config.shipped import shipped_dir
from bringup.deadline import Deadline
from bringup.facts.board import Facts
from bringup.facts.memory.reserved_memory import ReservedNode, reserved_memory
from bringup.render.engine import Rendered, render
from bringup.results.verdict import Outcome, Verdict
from bringup.virtual import VirtualBoard
from tests.support.command import bringup
from tests.support.judged import Healthy
from tests.support.native_adbd import AdbServer
from tests.support.scripted_record import DENIED, RESERVED, ScriptedBoard, broken, files, linux_board
from tests.support.suite import Broken, find_check, suite_tests
from tests.support.virtual_board import MakeBoard

TEMPLATES = [shipped_dir("templates")]
TEXT = """\
name: x
title: X
memory: {address_cells: 2, size_cells: 2}
kernel: {cmdline: [%s]}
heaps:
  - {name: system, kind: system, node: {mode: '0444', owner: system, group: system}}
  - name: 'linux,cma'
    kind: cma
    region: {declared_in: device-tree, size: 64 MiB, alignment: 4 MiB, reusable: true, default: true%s}
    node: {mode: '0666', owner: system, group: graphics, label: x_device}
"""
AS_ON_THE_BOARD = {f"{RESERVED}/linux,cma/alignment": "\0\0\0\0\0\x40\0\0"}


def config(cmdline: str = "", region: str = "") -> BoardConfig:
    return load_text((TEXT % (cmdline, region)).encode(), "x")


def rendered(board: BoardConfig) -> dict[str, str]:
    return {
        one.path: one.text for one in render("all", board, kernel="6.12", dirs=TEMPLATES) if isinstance(one, Rendered)
    }


@pytest.fixture
def drift(tmp_path: Path) -> Callable[..., dict[str, Verdict]]:
    """The verdicts by fragment, on the scripted board with some files changed."""

    def ask(
        board: BoardConfig,
        files: Mapping[str, Any] | None = None,
        given: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> dict[str, Verdict]:
        scripted = ScriptedBoard()
        scripted.files |= AS_ON_THE_BOARD | dict(files or {})
        for name, value in fields.items():
            setattr(scripted, name, value)
        facts = Facts(scripted.record(tmp_path / "record"), board, rendered=given)
        return {one.id.partition(".")[2]: one for one in find_check("drift").ask(facts)}

    return ask


Drift = Callable[..., dict[str, Verdict]]


def test_what_agrees_passes(drift: Drift) -> None:
    found = drift(config())
    assert {key: one.outcome for key, one in found.items()} == {"device-tree": Outcome.PASS, "cmdline": Outcome.PASS}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"size": "\0\0\0\0\2\0\0\0"}, "x: linux,cma: size 0x4000000; the board has 0x2000000"),
        ({"alignment": "\0\0\0\0\0\x20\0\0"}, "x: linux,cma: alignment 0x400000; the board has 0x200000"),
        ({"compatible": "vendor,pool\0"}, "x: linux,cma: compatible shared-dma-pool; the board has vendor,pool"),
        ({"no-map": ""}, "x: linux,cma: the board also has no-map"),
    ],
)
def test_a_property_that_differs_is_reported_with_both_sides(drift: Drift, changed: dict[str, str], told: str) -> None:
    verdict = drift(config(), {f"{RESERVED}/linux,cma/{name}": value for name, value in changed.items()})["device-tree"]
    assert (verdict.outcome, verdict.evidence) == (Outcome.FAIL, (told,))
    assert verdict.cause is not None
    assert verdict.cause.text == "the board drifted from its rendered device-tree in 1 place"


@pytest.mark.parametrize(
    ("region", "changed", "kept"),
    [
        ("", {"size": "\0\0\0\0\x08\0\0\0"}, True),
        ("", {"alignment": "\0\0\0\0\x01\0\0\0"}, True),
        ("", {"reg": "\0\0\0\0\x50\0\0\0\0\0\0\0\4\0\0\0"}, True),
        ("", {"reg": "\0\0\0\0\x50\x20\0\0\0\0\0\0\4\0\0\0"}, False),  # not on a multiple of 4 MiB
        ("", {"alloc-ranges": "\0\0\0\0\0\0\0\0\0\0\0\0\x30\0\0\0"}, True),
        (", alloc_ranges: [{base: 0, size: 1 GiB}]", {"alloc-ranges": "\0\0\0\0\0\0\0\0\0\0\0\0\x30\0\0\0"}, True),
        (", alloc_ranges: [{base: 0, size: 512 MiB}]", {"alloc-ranges": "\0\0\0\0\0\0\0\0\0\0\0\0\x30\0\0\0"}, False),
        (", alloc_ranges: [{base: 0, size: 512 MiB}]", {}, False),
    ],
)  # fmt: skip
def test_more_than_a_config_says_only_warns(drift: Drift, region: str, changed: dict[str, str], kept: bool) -> None:
    """A config says the least that there has to be."""
    on_board = {f"{RESERVED}/linux,cma/{name}": value for name, value in changed.items()}
    verdict = drift(config(region=region), on_board)["device-tree"]
    assert verdict.outcome is (Outcome.WARN if kept else Outcome.FAIL)
    assert verdict.cause is not None
    assert verdict.cause.id == "drift.device-tree"


def test_a_larger_pool_is_not_as_rendered(drift: Drift) -> None:
    larger = {f"{RESERVED}/linux,cma/size": "\0\0\0\0\x08\0\0\0"}
    assert drift(config(), larger, rendered(config()))["device-tree"].outcome is Outcome.FAIL


def test_a_pool_that_is_not_there_is_reported_once(drift: Drift) -> None:
    text = "  - {name: other, kind: cma, region: {declared_in: device-tree, size: 8 MiB, reusable: true}}\n"
    board = load_text((TEXT % ("", "") + text).encode(), "x")
    assert drift(board)["device-tree"].evidence == ("x: other is not in the board's /reserved-memory",)


def test_what_may_be_missing_may_be_missing(drift: Drift) -> None:
    text = "  - {name: 'other', kind: cma, required: false, region: {declared_in: device-tree, size: 8 MiB, reusable: true}}\n"
    board = load_text((TEXT % ("", "") + text).encode(), "x")
    assert drift(board)["device-tree"].outcome is Outcome.PASS


def test_what_could_not_be_read_is_no_pass(drift: Drift) -> None:
    verdict = drift(config(), {f"{RESERVED}/linux,cma/size": DENIED})["device-tree"]
    assert verdict.outcome is Outcome.ERROR
    assert verdict.evidence == ("x: linux,cma: size 0x4000000; the board's could not be read",)


def test_what_could_not_be_understood_is_no_pass(drift: Drift) -> None:
    assert drift(config(), {f"{RESERVED}/linux,cma/size": "\0\0\1"})["device-tree"].outcome is Outcome.ERROR


def test_reserved_memory_that_was_not_observed_is_no_pass(drift: Drift) -> None:
    assert drift(config(), reserved="denied")["device-tree"].outcome is Outcome.ERROR


@pytest.mark.parametrize(
    ("wanted", "there", "told"),
    [
        ("cma=64M", "quiet cma=64M\n", None),
        ("cma=64M", "cma=16M cma=64M\n", None),
        ("cma=64M", "cma=64M cma=16M\n", "x: cma=64M; the board has cma=16M"),
        ("cma=64M", "quiet\n", "x: cma=64M; the board has none"),
        ("nokaslr", "quiet\n", "x: nokaslr; the board has none"),
        ("nokaslr", "quiet nokaslr\n", None),
        ("console=a", "console=a console=b\n", None),
        (
            "",
            "quiet cma=16M\n",
            "x: linux,cma is the default area; the board's command line has cma=16M, which takes its place",
        ),
    ],
)
def test_the_command_line(drift: Drift, wanted: str, there: str, told: str | None) -> None:
    found = drift(config(wanted), {"/proc/cmdline": there})["cmdline"]
    assert found.outcome is (Outcome.FAIL if told else Outcome.PASS)
    assert found.evidence[0] == told or told is None


def test_earlier_files_are_compared_with_their_lines(drift: Drift) -> None:
    given = rendered(config("cma=64M"))
    there = {
        "/proc/cmdline": "cma=16M\n",
        "/sys/fs/selinux/enforce": "1",
        f"{RESERVED}/linux,cma/size": "\0\0\0\0\2\0\0\0",
    }
    heaps = {
        "system": {"mode": 0o600, "label": "u:object_r:dmabuf_system_heap_device:s0"},
        "linux,cma": {"mode": 0o666, "gid": 1003, "label": "u:object_r:dmabuf_heap_device:s0"},
    }
    found = drift(config(), there, given, heaps=heaps)
    for fragment, path, text, told in [
        ("ueventd", "ueventd.x.rc", "/dev/dma_heap/system 0444 system system", "the board has 0600 system system"),
        (
            "file_contexts",
            "sepolicy/file_contexts",
            "/dev/dma_heap/linux,cma x_device",
            "the board has dmabuf_heap_device",
        ),
        ("device-tree", "x-heaps.dtso", "linux,cma: size 0x4000000", "the board has 0x2000000"),
        ("cmdline", "cmdline.x.mk", "cma=64M", "the board has cma=16M"),
    ]:
        (line,) = found[fragment].evidence
        place, _, rest = line.partition(": ")
        assert rest == f"{text}; {told}"
        name, _, number = place.partition(":")
        assert name == path
        word = "size" if fragment == "device-tree" else text.split()[0]
        assert word in given[path].splitlines()[int(number) - 1]


def test_nodes_that_agree_with_earlier_files_pass(drift: Drift) -> None:
    found = drift(config(), given=rendered(config()))
    assert {key: one.outcome for key, one in found.items()} == {
        "device-tree": Outcome.PASS,
        "cmdline": Outcome.PASS,
        "ueventd": Outcome.PASS,
        "file_contexts": Outcome.SKIP,  # the scripted board has no SELinux
    }


@pytest.mark.parametrize(
    ("gid", "seen"),
    [(44, ""), (0, "/dev/dma_heap/system 0660 root video; the board has 0660 root root")],
)
def test_a_linux_is_compared_with_the_udev_rules(tmp_path: Path, gid: int, seen: str) -> None:
    nodes = {name: {"mode": 0o660, "uid": 0, "gid": gid} for name in ("system", "linux,cma")}
    board = linux_board(heaps=nodes)
    facts = Facts(board.record(tmp_path), config(), rendered=rendered(config()))
    found = {one.id: one for one in find_check("drift").ask(facts)}
    assert "drift.ueventd" not in found
    assert found["drift.udev"].outcome is (Outcome.FAIL if seen else Outcome.PASS)
    assert not seen or found["drift.udev"].evidence[0].partition(": ")[2] == seen


def test_a_node_that_is_gone_is_reported(drift: Drift) -> None:
    found = drift(config(), given=rendered(config()), heaps={"system": {}})["ueventd"]
    (line,) = found.evidence
    assert line.endswith(": /dev/dma_heap/linux,cma is not there")


SELINUX = {"/sys/fs/selinux/enforce": "1"}
NODE: dict[str, Any] = {"mode": 0o666, "gid": 1003, "label": "u:object_r:x_device:s0"}


@pytest.mark.parametrize(
    ("heap", "ueventd", "file_contexts"),
    [
        (NODE, "", ""),
        (NODE | {"mode": None}, "the node could not be looked at", ""),
        (NODE | {"label": None}, "", "the board's label could not be read"),
        (None, "", "/dev/dma_heap/linux,cma is not there"),
        ({}, "/dev/dma_heap", "/dev/dma_heap"),
    ],
    ids=["as rendered", "no mode", "no label", "gone", "not listed"],
)
def test_a_node_that_could_not_be_looked_at_is_no_pass(
    drift: Drift, heap: dict[str, Any] | None, ueventd: str, file_contexts: str
) -> None:
    label = {"label": "u:object_r:dmabuf_system_heap_device:s0"}
    heaps = {"system": label} if heap is None else {"system": label, "linux,cma": heap}
    found = drift(config(), SELINUX, rendered(config()), heaps=heaps, heap_folder="ok" if heap != {} else "denied")
    for fragment, seen in (("ueventd", ueventd), ("file_contexts", file_contexts)):
        verdict = found[fragment]
        gone = heap is None
        assert verdict.outcome is (Outcome.FAIL if gone else Outcome.ERROR if seen else Outcome.PASS), verdict
        assert seen in " ".join([*verdict.evidence, verdict.reason or ""])


def test_reserved_memory_is_read_by_the_boards_own_cells(tmp_path: Path) -> None:
    board = ScriptedBoard()
    board.files |= {
        f"{RESERVED}/#address-cells": "\0\0\0\1",
        f"{RESERVED}/#size-cells": "\0\0\0\1",
        f"{RESERVED}/linux,cma/size": "\4\0\0\0",
        f"{RESERVED}/linux,cma/alloc-ranges": "\x10\0\0\0\x20\0\0\0\x30\0\0\0\x40\0\0\0",
        f"{RESERVED}/fw@100/reg": "\0\0\1\0\0\0\x10\0",
        f"{RESERVED}/fw@100/no-map": "",
    }
    found = reserved_memory(Facts(board.record(tmp_path / "record")))
    assert found is not None
    assert found.cells == (1, 1)
    assert found.nodes["fw@100"] == ReservedNode("fw@100", regions=((0x100, 0x1000),), flags=("no-map",))
    assert found.nodes["linux,cma"].ranges == ((0x10000000, 0x20000000), (0x30000000, 0x40000000))


def judged(server: AdbServer, board: VirtualBoard, *options: str) -> tuple[int, dict[str, Verdict]]:
    """``bringup check -s`` on a running board: exit status, drift verdicts by fragment."""
    serial = connect_tcp(server.transport, board.serial, Deadline.after(300))
    environ = {"ANDROID_ADB_SERVER_PORT": str(server.address.port)}
    done = bringup("check", "-s", serial, "--json", *options, environ=environ)
    assert done.stdout, done.stderr
    (one,) = json.loads(done.stdout)["boards"]
    return done.returncode, about_drift(msgspec.convert(one["verdicts"], list[Verdict]))


def about_drift(verdicts: Iterable[Verdict]) -> dict[str, Verdict]:
    return {v.id: v for v in verdicts if v.id.startswith(("drift", "heap.mode"))}


def render_into(folder: Path, board: str, *options: str) -> str:
    assert bringup("render", "all", "--board", board, "-o", str(folder), *options).returncode == 0
    return str(folder)


@pytest.mark.board
def test_a_real_board_that_has_another_mode_than_rendered(healthy_run: Healthy, tmp_path: Path) -> None:
    folder = render_into(tmp_path / "rendered", "virtual-amd64")
    code, board = healthy_run("amd64").judged_again(tmp_path / "same", "--rendered", folder)
    found = about_drift(board.verdicts)
    assert (code, found["drift.ueventd"].outcome) == (0, Outcome.PASS)
    path = tmp_path / "rendered/ueventd.virtual-amd64.rc"
    path.write_text(path.read_text().replace("0444", "0440"))
    code, board = healthy_run("amd64").judged_again(tmp_path / "another", "--rendered", folder)
    found = about_drift(board.verdicts)
    assert code == 1
    (line,) = found["drift.ueventd"].evidence
    assert line.endswith(": /dev/dma_heap/system 0440 system system; the board has 0444 system system")
    assert found["heap.mode"].outcome is Outcome.PASS  # the config has not changed, the file has


@pytest.mark.board
@pytest.mark.kernels
def test_a_real_board_whose_device_tree_and_command_line_drifted(fresh_board: MakeBoard, adb_server: AdbServer) -> None:
    board = fresh_board("arm64-6.12")
    code, found = judged(adb_server, board)
    assert code == 0
    assert {found["drift.device-tree"].outcome, found["drift.cmdline"].outcome} == {Outcome.PASS}
    board = fresh_board("arm64-6.12", append="cma=16M")
    code, found = judged(adb_server, board)
    assert code == 1
    assert found["drift.device-tree"].outcome is Outcome.PASS
    (line,) = found["drift.cmdline"].evidence
    assert "cma=16M, which takes its place" in line
    code, found = judged(adb_server, board, "--board", "virtual-arm64-7.x")
    assert found["drift.device-tree"].outcome is Outcome.PASS  # its tree has all three regions


BROKEN = (
    Broken(
        "another pool",
        "drift",
        "fail",
        broken(files=files(**{f"{RESERVED}/linux,cma/size": "\0\0\0\0\2\0\0\0"})),
        "drift.device-tree",
    ),
    Broken(
        "another command line", "drift", "fail", broken(files=files(__proc__cmdline="quiet cma=16M\n")), "drift.cmdline"
    ),
    Broken("no command line", "drift", "error", broken(files=files(__proc__cmdline=DENIED))),
)

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests("drift", BROKEN)
