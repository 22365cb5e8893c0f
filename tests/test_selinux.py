"""SELinux for real: a kernel that enforces, clients in confined domains, the avc lines that it writes, and the fixes."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.config.shipped import find_config, shipped_dir
from bringup.deadline import Deadline
from bringup.render.engine import Rendered, render
from bringup.report.fix_folder import fix_files
from bringup.report.story import findings
from bringup.results.run import BoardRun
from bringup.results.verdict import Outcome, Verdict
from tests.support.native_adbd import AdbServer
from tests.support.render.policy import TOOLS, compiled
from tests.support.selinux_board import SelinuxBoard
from tests.support.virtual_board import board_is_required, booted

pytestmark = pytest.mark.board

HAL = "hal_graphics_allocator_default"
#: A heap with a type of its own, and the HAL that uses it.
TEXT = f"""\
name: labelled
title: A board that labels its heap
heaps:
  - name: system
    kind: system
    node: {{label: board_heap_device}}
    used_by: [{HAL}]
"""
CONFIG = load_text(TEXT.encode(), "labelled.yaml")
RULE = f"allow {HAL} board_heap_device:chr_file r_file_perms;"
TYPE = "type board_heap_device, dmabuf_heap_device_type, dev_type;"


@pytest.fixture(scope="module")
def board(adb_server: AdbServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SelinuxBoard]:
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        (pytest.fail if board_is_required() else pytest.skip)(f"{', '.join(missing)} not installed (make test does)")
    with ExitStack() as boards:
        virtual = booted(boards, "amd64", append="security=selinux")
        yield SelinuxBoard(virtual, adb_server, tmp_path_factory.mktemp("selinux"))


def sepolicy(config: BoardConfig) -> tuple[str, str]:
    """What is rendered for a config: the .te and what it adds to file_contexts."""
    done = render("sepolicy", config, dirs=[shipped_dir("templates")])
    te, contexts = (one.text if isinstance(one, Rendered) else "" for one in done)
    return te, contexts


def about_denials(run: BoardRun) -> Verdict:
    (verdict,) = (one for one in run.verdicts if one.id == "selinux.denials")
    return verdict


def first_cause(run: BoardRun) -> str | None:
    first = findings(run.verdicts)[0]
    return first.cause.id if first.cause else None


def assert_it_works(board: SelinuxBoard, domain: str = HAL) -> None:
    """The client allocates, and nothing is refused."""
    assert {one.outcome for one in board.allocate(domain).values()} == {Outcome.PASS}
    assert board.log() == []


def assert_it_is_refused(board: SelinuxBoard, domain: str = HAL) -> list[str]:
    """The client may not open the heap; returns what the kernel says of it."""
    opened = board.allocate(domain)["open"]
    assert (opened.outcome, opened.errno) == (Outcome.FAIL, 13)
    said = board.log()
    assert said
    assert all("avc:  denied  { read } for " in line and "permissive=0" in line for line in said)
    return said


def assert_quoted(run: BoardRun, said: list[str]) -> None:
    """The verdict shows the last lines of what the kernel said, word for word."""
    quoted = about_denials(run).evidence
    assert quoted == tuple(said[-8:])


def assert_no_failure(run: BoardRun) -> None:
    assert [one for one in run.verdicts if one.outcome is Outcome.FAIL] == []
    assert about_denials(run).outcome is Outcome.PASS


def test_a_missing_rule_is_reported_with_the_kernels_own_line_and_fixes_the_board(board: SelinuxBoard) -> None:
    _, contexts = sepolicy(CONFIG)
    board.install(f"{TYPE}\n", contexts)
    said = assert_it_is_refused(board)
    run = board.look(CONFIG)
    assert first_cause(run) == "selinux.denied"
    assert_quoted(run, said)
    te = fix_files(run)["sepolicy/heaps.te"]
    assert RULE in te.splitlines()
    board.install(f"{TYPE}\n{te}", contexts)
    assert_it_works(board)
    assert_no_failure(board.look(CONFIG))


def test_a_node_without_its_label_is_reported_and_the_written_fix_fixes_the_board(
    board: SelinuxBoard, tmp_path: Path
) -> None:
    """A user's whole way: bringup run, the folder of fixes into the policy, and the board is right."""
    (tmp_path / "labelled.yaml").write_text(TEXT)
    board.install(sepolicy(CONFIG)[0], None)
    said = assert_it_is_refused(board)
    assert all("tcontext=u:object_r:device:s0" in line and "dma_heap" not in line for line in said)
    run = board.run(tmp_path / "labelled.yaml", "--fix-dir", str(tmp_path / "fix"))
    assert first_cause(run) == "node.label"
    assert_quoted(run, said)
    fix = tmp_path / "fix" / "sepolicy"
    assert f"allow {HAL} device:" not in (fix / "heaps.te").read_text()
    board.install((fix / "heaps.te").read_text(), (fix / "file_contexts").read_text())
    assert_it_works(board)
    assert_no_failure(board.look(CONFIG))


@pytest.mark.parametrize("name", ["labelled", "vim3"])
def test_what_is_rendered_lets_the_client_in(board: SelinuxBoard, name: str) -> None:
    config = CONFIG if name == "labelled" else find_config(name, [shipped_dir("device-configs")])
    te, contexts = sepolicy(config)
    assert f"allow {HAL} " in te
    board.install(te, contexts)
    assert_it_works(board)


def test_permissive_is_distinguished_from_enforcing(board: SelinuxBoard) -> None:
    te, contexts = f"{TYPE}\n", sepolicy(CONFIG)[1]
    board.install(te, contexts, enforcing=False)
    assert {one.outcome for one in board.allocate(HAL).values()} == {Outcome.PASS}
    assert all("permissive=1" in line for line in board.log())
    run = board.look(CONFIG)
    verdict = about_denials(run)
    assert (verdict.outcome, verdict.cause and verdict.cause.id) == (Outcome.WARN, "selinux.would-refuse")
    assert RULE in [line for change in verdict.changes for line in change.lines]
    assert [one for one in run.verdicts if one.outcome is Outcome.FAIL] == []
    assert run.identity["SELinux"] == "permissive"


def test_who_is_refused_something_else_is_no_business_of_heaps(board: SelinuxBoard) -> None:
    board.install(*sepolicy(CONFIG))
    assert not board.reads(HAL, "/dev/hpet")
    assert all('comm="dmabuf_dump"' in line and ":video_device:" in line for line in board.log())
    run = board.look(CONFIG)
    assert_no_failure(run)
    assert not {one.cause.id for one in run.verdicts if one.cause} & {"selinux.denied", "node.label"}


def test_a_core_domain_gets_no_rule(board: SelinuxBoard, tmp_path: Path) -> None:
    te, contexts = sepolicy(CONFIG)
    board.install(te, contexts)
    said = assert_it_is_refused(board, "surfaceflinger")
    run = board.look(CONFIG)
    assert_quoted(run, said)
    verdict = about_denials(run)
    assert (verdict.cause and verdict.cause.id, verdict.changes) == ("selinux.core-domain", ())
    wrong = compiled(te + RULE.replace(HAL, "surfaceflinger"), tmp_path)
    assert "neverallow" in wrong.stderr


def test_a_log_that_lost_lines_is_not_taken_for_whole(board: SelinuxBoard) -> None:
    board.install(*sepolicy(CONFIG))
    limit = "cd /proc/sys/kernel && print {} >printk_ratelimit && print {} >printk_ratelimit_burst"
    board.sh(limit.format(1, 1))
    try:
        deadline = Deadline.after(300)
        while not any("callbacks suppressed" in line for line in board.log()):  # said with the next line after a second
            assert not deadline.expired
            assert not board.reads(HAL, "/dev/hpet", times=50)
    finally:
        board.sh(limit.format(0, 10))
    verdict = about_denials(board.look(CONFIG))
    assert (verdict.outcome, verdict.cause and verdict.cause.id) == (Outcome.WARN, "selinux.lines-lost")
    assert any("callbacks suppressed" in line for line in verdict.evidence)
