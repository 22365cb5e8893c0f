"""udev's rules: what they say for each board, and that udev itself reads them."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.board import Board, Target, connect_tcp
from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.deadline import Deadline
from bringup.render.engine import Rendered, render
from bringup.render.expected_lines import read_back
from bringup.render.language import LANGUAGES, Refused
from bringup.render.udev import ANDROID_ONLY
from tests.support.native_adbd import AdbServer
from tests.support.render.shipped import BOARDS, TEMPLATES, config, every_board
from tests.support.udev import libraries_of_udevd, run_here
from tests.support.virtual_board import MakeBoard

OWN = """\
name: x
title: X
heaps:
  - {name: system, kind: system, node: {mode: '0440', owner: root, group: dmaheap}}
  - {name: 'linux,cma', kind: cma, node: {mode: '0666', owner: system, group: graphics}}
  - {name: 'a*[1]', kind: vendor}
"""


def rendered(board: BoardConfig) -> dict[str, str]:
    done = render("udev", board, kernel="6.12", dirs=TEMPLATES)
    return {one.path: one.text for one in done if isinstance(one, Rendered)}


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith("#")]


@every_board
def test_each_node_has_a_rule_with_a_group_that_linux_has(name: str) -> None:
    board = config(name)
    files = rendered(board)
    nodes = [node for heap in board.heaps for node in heap.names_on("6.12")]
    assert bool(files) == bool(nodes)
    rules = read_back(files, name).udev or ()
    assert [rule.path for rule in rules] == [f"/dev/dma_heap/{node}" for node in nodes]
    assert not {name for rule in rules for name in (rule.owner, rule.group)} & ANDROID_ONLY


def test_what_the_config_says_holds_unless_it_is_androids() -> None:
    files = rendered(load_text(OWN.encode(), "x"))
    assert lines(files["70-x-heaps.rules"]) == [
        'SUBSYSTEM=="dma_heap", KERNEL=="system", OWNER="root", GROUP="dmaheap", MODE="0440"',
        'SUBSYSTEM=="dma_heap", KERNEL=="linux,cma", OWNER="root", GROUP="video", MODE="0660"',
        'SUBSYSTEM=="dma_heap", KERNEL=="a[*][[]1]", OWNER="root", GROUP="video", MODE="0660"',
    ]
    assert lines(files["sysusers.x-heaps.conf"]) == ["g dmaheap -", "g video -"]


@given(
    st.one_of(st.text(max_size=30), st.sampled_from(["*", "[a]", "a|b", 'a"', "a\\", "a?", "{}", "~", "linux,cma@1"]))
)
def test_a_pattern_matches_the_name_and_no_other_or_is_refused(name: str) -> None:
    try:
        written = LANGUAGES["udev"].filters["pattern"](name)
    except Refused:
        assert not name or re.search(r'["\\|\s]|[^!-~]', name)
        return
    assert fnmatchcase(name, written[1:-1])
    assert not fnmatchcase(f"{name}x", written[1:-1])


@pytest.mark.parametrize("text", ["$x", "%k", 'a"b', "a\\", "a b", "", "ä"])
def test_an_owner_is_never_a_substitution(text: str) -> None:
    with pytest.raises(Refused):
        LANGUAGES["udev"].filters["literal"](text)


def test_udev_reads_the_rules_of_every_board(tmp_path: Path) -> None:
    names = []
    for name in BOARDS:
        for path, text in rendered(config(name)).items():
            (tmp_path / path).write_text(text)
            names += [path] if path.endswith(".rules") else []
    assert len(names) > 20
    done = run_here("udevadm", "verify", "--resolve-names=never", *names, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    (tmp_path / "70-bad.rules").write_text('SUBSYSTEM=="dma_heap", KERNEL="system", MODE="0660"\n')
    assert run_here("udevadm", "verify", "--resolve-names=never", "70-bad.rules", cwd=tmp_path).returncode == 1


def test_sysusers_makes_the_groups(tmp_path: Path) -> None:
    (tmp_path / "x.conf").write_text(rendered(load_text(OWN.encode(), "x"))["sysusers.x-heaps.conf"])
    (tmp_path / "root/etc").mkdir(parents=True)
    done = run_here("systemd-sysusers", f"--root={tmp_path}/root", str(tmp_path / "x.conf"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    groups = (tmp_path / "root/etc/group").read_text().splitlines()
    assert {line.partition(":")[0] for line in groups} == {"dmaheap", "video"}


@pytest.mark.board
def test_a_board_with_udev_applies_the_rules(fresh_board: MakeBoard, adb_server: AdbServer) -> None:
    """Debian's udevd, on a board that had Android's modes: the rules give the node its group."""
    deadline = Deadline.after(600)
    virtual = fresh_board("amd64")
    connect_tcp(adb_server.transport, virtual.serial, deadline)
    board = Board.open(adb_server.transport, Target(virtual.serial), deadline)
    place = "/data/local/tmp/udev"

    def sh(script: str) -> str:
        done = board.shell(script, deadline)
        assert done.exit_code == 0, done
        return done.stdout.decode().strip()

    for path in libraries_of_udevd():
        board.push(path, f"{place}/{path.name}", 0o755, deadline)
    rules = rendered(config("virtual-amd64"))["70-virtual-amd64-heaps.rules"]
    sh("mkdir -p /run/udev /etc/udev/rules.d && echo video:x:44: >>/etc/group")
    board.push(rules.encode(), "/etc/udev/rules.d/70-heaps.rules", 0o644, deadline)
    run = f"{place}/ld-linux-x86-64.so.2 --library-path {place}"
    assert sh("stat -c %a:%u:%g /dev/dma_heap/system") == "444:1000:1000"
    sh(f"{run} --argv0 systemd-udevd {place}/udevadm --daemon")
    sh(f"{run} {place}/udevadm trigger --settle --action=add --subsystem-match=dma_heap")
    assert sh("stat -c %a:%u:%g /dev/dma_heap/system") == "660:0:44"
