"""udev's rules on a Linux that is not Android: what they give a node, and what a board without a rule is advised."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.config.load import load_text
from bringup.facts.expected_node import ids_of
from bringup.facts.udev import udev_node, udev_rules, unread_rules
from bringup.results.verdict import Change
from tests.support.scripted_facts import facts
from tests.support.scripted_record import (
    DENIED,
    HELLO,
    LINUX_WITHOUT_UDEV,
    ScriptedBoard,
    broken,
    linux_board,
    node,
    result,
)
from tests.support.suite import find_check

RULE = 'SUBSYSTEM=="dma_heap", KERNEL=="{}", GROUP="video", MODE="0660"\n'
LATER = "/lib/udev/rules.d/90-later.rules"


@pytest.mark.parametrize(
    ("rules", "given"),
    [
        (RULE.format("system"), (0o660, "root", "video", 1)),
        ('SUBSYSTEM=="dma_heap", GROUP="video"\n', (0o660, "root", "video", 1)),
        ('# c\n\nSUBSYSTEM=="dma_heap", MODE="0666"\n', (0o666, "root", "root", 3)),
        ('SUBSYSTEM=="dma_heap", KERNEL=="sys*|x", \\\n  OWNER="root", MODE:="0440"\n', (0o440, "root", "root", 1)),
        ('SUBSYSTEM=="video4linux|dma_heap", MODE="0640", GROUP="44"\n', (0o640, "root", "44", 1)),
        ('ACTION!="remove", SUBSYSTEM=="dma_heap", MODE="0640"\n', (0o640, "root", "root", 1)),
        (RULE.format("*") + 'SUBSYSTEM=="dma_heap", KERNEL=="system", MODE="0600"\n', (0o600, "root", "video", 2)),
        ('SUBSYSTEM=="dma_heap", MODE="rw"\n', None),
        ('SUBSYSTEM!="dma_heap", MODE="0666"\n', None),
        ('SUBSYSTEM=="dma_heap", TAG+="uaccess"\n', None),
        ('SUBSYSTEM=="dma_heap", ENV{X}=="1", MODE="0666"\n', None),
        ('SUBSYSTEM=="dma_heap", KERNEL!="system", MODE="0666"\n', None),
        ('KERNEL=="dma_heap/*", MODE="0666"\n', None),
        (RULE.format("linux,cma"), None),
        ("# " + RULE.format("system"), None),
        ("", None),
    ],
)
def test_what_the_rules_give_a_node(rules: str, given: tuple[int, str, str, int] | None, tmp_path: Path) -> None:
    rule = udev_node(facts(linux_board(rules), tmp_path), "system")
    found = (rule.mode, rule.user, rule.group, int(rule.place.rpartition(":")[2])) if rule else None
    assert found == given


ACL = 'SUBSYSTEM=="dma_heap", KERNEL=="system", RUN+="/usr/bin/setfacl -m g:fastrpc:rw $devnode"\n'
UACCESS = 'KERNEL=="system", SUBSYSTEM=="dma_heap", TAG+="uaccess"\n'


@pytest.mark.parametrize(
    ("rules", "outcome", "words"),
    [
        (ACL, "pass", "opens the node by an access control list (setfacl)"),
        (UACCESS, "pass", "opens the node to users who are logged in at the board (uaccess)"),
        (UACCESS + RULE.format("system"), "pass", "sets 0660 root video"),
        ('SUBSYSTEM=="dma_heap", ENV{X}=="1", TAG+="uaccess"\n', "error", "depends on more than the node"),
        (UACCESS.replace("system", "linux,cma"), "warn", "udev has no rule"),
        ('SUBSYSTEM=="dma_heap", TAG+="systemd"\n', "warn", "udev has no rule"),
        ('SUBSYSTEM=="dma_heap", RUN+="/bin/touch /run/x"\n', "warn", "udev has no rule"),
    ],
)
def test_a_rule_may_give_access_without_a_mode(tmp_path: Path, rules: str, outcome: str, words: str) -> None:
    board = linux_board(rules, heaps={"system": {"mode": 0o660, "uid": 0, "gid": 0}})
    (verdict,) = find_check("heap.udev").ask(facts(board, tmp_path))
    assert verdict.outcome.value == outcome
    assert words in "\n".join((*verdict.evidence, verdict.reason or "", verdict.cause.text if verdict.cause else ""))


@pytest.mark.parametrize(("also", "outcome"), [("", "error"), (', MODE="0666"', "pass")])
def test_a_tag_behind_the_rules_that_use_it_opens_nothing(tmp_path: Path, also: str, outcome: str) -> None:
    board = linux_board("", heaps={"system": {"mode": 0o660, "uid": 0, "gid": 0}})
    board.files[LATER] = UACCESS.replace("\n", f"{also}\n")
    (verdict,) = find_check("heap.udev").ask(facts(board, tmp_path))
    assert verdict.outcome.value == outcome
    assert ("73-seat-late.rules has used by then" in " ".join(verdict.evidence)) is (outcome == "error")


@pytest.mark.parametrize(
    ("user", "group", "ids"),
    [("root", "root", (0, 0)), ("1000", "44", (1000, 44)), ("gdm", "video", (None, 44)), ("root", "gdm", (0, None))],
)
def test_the_ids_behind_names_of_this_board(
    tmp_path: Path, user: str, group: str, ids: tuple[int | None, int | None]
) -> None:
    assert ids_of(facts(linux_board(""), tmp_path), user, group) == ids


def test_files_apply_in_the_order_of_their_names_and_etc_hides_lib(tmp_path: Path) -> None:
    board = linux_board(RULE.format("system"))
    board.files |= {
        LATER: RULE.format("system").replace("0660", "0666"),
        "/lib/udev/rules.d/70-heaps.rules": RULE.format("system").replace("0660", "0600"),
    }
    rule = udev_node(facts(board, tmp_path), "system")
    assert rule is not None
    assert (rule.mode, rule.place) == (0o666, f"{LATER}:1")


def test_the_rules_are_parsed_once_per_board(tmp_path: Path) -> None:
    known = facts(linux_board(RULE.format("*")), tmp_path)
    assert udev_rules(known)
    assert udev_rules(known) is udev_rules(known)


@given(st.text(alphabet=st.sampled_from('SUBYTEM=!:"\\{},|dma_heap\n #'), max_size=200))
def test_any_text_is_read(rules: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        udev_rules(facts(linux_board(f'SUBSYSTEM=="dma_heap"{rules}'), Path(folder)))


def verdicts(
    check: str, folder: Path, rules: str, **fields: object
) -> dict[str | None, tuple[str, tuple[Change, ...]]]:
    board = linux_board(rules, **fields)
    return {one.heap: (one.outcome.value, one.changes) for one in find_check(check).ask(facts(board, folder))}


def test_a_node_without_a_rule_gets_a_rule_and_no_ueventd_line(tmp_path: Path) -> None:
    found = verdicts("heap.udev", tmp_path, RULE.format("linux,cma"))
    line = 'SUBSYSTEM=="dma_heap", KERNEL=="system", OWNER="root", GROUP="video", MODE="0660"'
    assert found == {"linux,cma": ("pass", ()), "system": ("warn", (Change("udev/70-heaps.rules", (line,)),))}
    assert verdicts("heap.ueventd", tmp_path / "2", "") == {None: ("skip", ())}


def test_a_group_that_the_board_lacks_is_added(tmp_path: Path) -> None:
    board = linux_board()
    board.files["/etc/group"] = "root:x:0:\n"
    (verdict, *_) = find_check("heap.udev").ask(facts(board, tmp_path))
    assert Change("udev/sysusers-heaps.conf", ("g video -",)) in verdict.changes
    assert any("usermod" in step for step in verdict.remedy)


@pytest.mark.parametrize("rules", ['SUBSYSTEM=="dma_heap", ENV{X}=="1", MODE="0666"\n', DENIED])
def test_what_cannot_be_said_of_the_rules_is_unknown(tmp_path: Path, rules: str | dict[str, Any]) -> None:
    board = linux_board()
    board.files["/etc/udev/rules.d/70-heaps.rules"] = rules
    known = facts(board, tmp_path)
    assert {one.outcome.value for one in find_check("heap.udev").ask(known)} == {"error"}
    assert bool(unread_rules(known)) == (rules is DENIED)


@pytest.mark.parametrize(
    ("node", "mode", "owner"),
    [
        ({"mode": 0o660, "uid": 0, "gid": 44}, "pass", "pass"),
        ({"mode": 0o600, "uid": 0, "gid": 44}, "fail", "pass"),
        ({"mode": 0o660, "uid": 0, "gid": 0}, "pass", "fail"),
    ],
)
def test_nodes_are_compared_with_the_rules(tmp_path: Path, node: dict[str, int], mode: str, owner: str) -> None:
    """The board config names Android's users for the heap: a Linux is not held to them."""
    for check, outcome in (("heap.mode", mode), ("heap.owner", owner)):
        found = verdicts(check, tmp_path / check, RULE.format("system"), heaps={"system": node})
        assert found["system"][0] == outcome
        assert {change.file for change in found["system"][1]} <= {"udev/70-heaps.rules"}


def test_what_a_board_config_says_in_users_of_linux_is_expected(tmp_path: Path) -> None:
    text = (
        "name: x\ntitle: X\nheaps:\n  - {name: system, kind: system, node: {mode: '0440', owner: root, group: video}}\n"
    )
    board = linux_board("", heaps={"system": {"mode": 0o444, "uid": 0, "gid": 44}})
    (verdict,) = find_check("heap.mode").ask(facts(board, tmp_path, load_text(text.encode(), "x")))
    assert verdict.outcome.value == "fail"
    assert verdict.changes[0].lines[0].endswith('GROUP="video", MODE="0440"')


@pytest.mark.parametrize(
    ("name", "mode", "accounting", "outcome"),
    [
        ("system", 0o666, "N", "warn"),
        ("system", 0o444, None, "warn"),
        ("system", 0o666, "Y", "pass"),
        ("linux,cma", 0o666, "Y", "warn"),
        ("system", 0o660, None, "pass"),
    ],
)
def test_a_heap_that_anyone_may_open(
    tmp_path: Path, name: str, mode: int, accounting: str | None, outcome: str
) -> None:
    board = linux_board("", heaps={name: {"mode": mode, "uid": 0, "gid": 44}})
    board.files |= {"/sys/module/dma_heap/parameters/mem_accounting": f"{accounting}\n"} if accounting else {}
    (verdict,) = find_check("heap.open-to-all").ask(facts(board, tmp_path))
    assert verdict.outcome.value == outcome
    assert all(change.lines[0].endswith('MODE="0660"') for change in verdict.changes)
    assert bool(verdict.changes) == (outcome == "warn")


@pytest.mark.parametrize("there", [True, False])
def test_udmabuf_is_named_where_the_board_has_it(tmp_path: Path, there: bool) -> None:
    board = linux_board("", nodes=[node("/dev/udmabuf", 0o600, 0, 0)] if there else [])
    (verdict, *_) = find_check("heap.udev").ask(facts(board, tmp_path))
    assert any("/dev/udmabuf" in step for step in verdict.remedy) == there


def board_without_ueventd(getprop: str | None) -> ScriptedBoard:
    """A board without udev and without a ueventd.rc that may be read; ``None``: it was lost before getprop was run."""
    asked, ran = LINUX_WITHOUT_UDEV
    board = broken(latencies=[asked] if getprop is None else [asked, ran | {"state": getprop}], logcat=None)
    board.files.pop("/vendor/etc/ueventd.rc")
    board.heaps = {"system": {"mode": 0o600, "uid": 0, "gid": 0}}
    return board


@pytest.mark.parametrize(
    ("getprop", "outcome"), [(None, "fail"), ("timeout", "fail"), ("denied", "fail"), ("missing", "skip")]
)
def test_no_answer_of_getprop_makes_no_other_linux(getprop: str | None, outcome: str, tmp_path: Path) -> None:
    known = facts(board_without_ueventd(getprop), tmp_path)
    for check in ("heap.mode", "heap.owner"):
        (verdict,) = find_check(check).ask(known)
        assert verdict.outcome.value == outcome
    assert known.is_other_linux == (getprop == "missing")


def test_a_ueventd_file_that_may_not_be_read_is_androids(tmp_path: Path) -> None:
    board = board_without_ueventd("missing")
    board.files["/vendor/etc/ueventd.rc"] = DENIED
    assert not facts(board, tmp_path).is_other_linux


def test_a_linux_without_udev_gets_no_line_of_ueventd(tmp_path: Path) -> None:
    board = board_without_ueventd("missing")
    board.hello, board.results = HELLO | {"uid": 1000}, [result("system", "open", "fail", errno=13)]
    (verdict,) = find_check("allocator").ask(facts(board, tmp_path))
    assert (verdict.outcome.value, verdict.changes) == ("fail", ())
    assert any("mdev.conf" in step for step in verdict.remedy)
