"""Becoming root. That adbd restarts as root is scripted: Debian's adbd refuses to. The rest runs on real adbd."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from bringup.board import Board, Root, RootPolicy, RootState, Target
from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, RootRequired
from tests.support.scripted_board import CLOSED, OKAY, SILENCE, ScriptedTransport, Step, fail, shell_answer

if TYPE_CHECKING:
    from tests.support.native_adbd import MakeNativeBoard, NativeBoard

NO_SU = shell_answer(b"", 127, b"sh: su: not found\n")
SHELL_UID = shell_answer(b"2000\n")


def become(policy: RootPolicy, *connections: Sequence[bytes | Step]) -> Root:
    transport = ScriptedTransport(*connections)
    board = Board(transport, Target("s1"), frozenset({"shell_v2"}), boot_id="b")
    root = board.become_root(policy, Deadline.after(60))
    assert transport.all_used
    return root


def test_adbd_that_is_root_needs_no_more() -> None:
    assert become(RootPolicy.AUTO, shell_answer(b"0\n")).state is RootState.ADBD


def test_never_asks_for_nothing() -> None:
    root = become(RootPolicy.NEVER, SHELL_UID)
    assert root.state is RootState.NONE
    assert "uid 2000" in root.reason


@pytest.mark.parametrize("said", [[b"restarting adbd as root\n"], []])
def test_adb_root_restarts_adbd_and_is_waited_for(said: Sequence[bytes | Step]) -> None:
    root = become(
        RootPolicy.AUTO,
        SHELL_UID,
        [OKAY, OKAY, *said, CLOSED],
        [OKAY, OKAY],  # wait-for-any-device
        shell_answer(b"b\n"),
        SHELL_UID,  # the old adbd, about to end
        [OKAY, OKAY],
        shell_answer(b"b\n"),
        shell_answer(b"0\n"),
    )
    assert root == Root(RootState.ADBD, "adbd was restarted as root")


@pytest.mark.parametrize(
    ("connection", "reason"),
    [
        ([OKAY, OKAY, b"adbd cannot run as root in production builds\n", CLOSED], "production builds"),
        ([OKAY, fail("closed")], "adbd refuses it"),
    ],
)
def test_adb_root_that_is_refused_says_why(connection: Sequence[bytes | Step], reason: str) -> None:
    root = become(RootPolicy.AUTO, SHELL_UID, connection, NO_SU, NO_SU)
    assert root.state is RootState.NONE
    assert reason in root.reason
    assert "su: not found" in root.reason


def test_require_names_all_that_stood_in_the_way() -> None:
    refused: list[bytes | Step] = [OKAY, OKAY, b"adbd cannot run as root in production builds\n", CLOSED]
    with pytest.raises(RootRequired) as caught:
        become(RootPolicy.REQUIRE, SHELL_UID, refused, NO_SU, NO_SU)
    for reason in ("uid 2000", "production builds", "su: not found"):
        assert reason in str(caught.value)


def test_a_silent_adb_root_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bringup.board.root.ANSWER_SECONDS", 0.05)
    silent: list[bytes | Step] = [OKAY, OKAY, SILENCE]
    transport = ScriptedTransport(SHELL_UID, silent, NO_SU, NO_SU)
    board = Board(transport, Target("s1"), frozenset({"shell_v2"}), boot_id="b")
    root = board.become_root(RootPolicy.AUTO, Deadline.after(60))
    assert "no answer within" in root.reason


# On real adbd


def test_native_adbd_as_root(native_board: NativeBoard) -> None:
    board = native_board.connect()
    assert board.become_root(RootPolicy.REQUIRE, Deadline.after(60)).state is RootState.ADBD


def test_adbd_that_is_not_root_on_a_board_without_su(make_native_board: MakeNativeBoard) -> None:
    board = make_native_board(uid=2000).connect()
    root = board.become_root(RootPolicy.AUTO, Deadline.after(60))
    assert root.state is RootState.NONE
    assert "uid 2000" in root.reason
    with pytest.raises(RootRequired):
        board.become_root(RootPolicy.REQUIRE, Deadline.after(60))


# Stand-ins for su with the two command lines there are, around really(8), which does become root.
REALLY = "exec /vendor/bin/really -I 0 -z -G 0 --"
AOSP_SU = f"""#!/bin/sh
[ "$1" = 0 ] || {{ echo "su: unknown user $1" >&2; exit 1; }}
shift
{REALLY} "$@"
"""
DASH_C_SU = f"""#!/bin/sh
[ "$1" = -c ] || {{ echo "su: bad usage" >&2; exit 2; }}
{REALLY} sh -c "$2"
"""


@pytest.mark.parametrize(("su", "style"), [(AOSP_SU, ("su", "0", "sh", "-c")), (DASH_C_SU, ("su", "-c"))])
def test_commands_run_through_su(make_native_board: MakeNativeBoard, su: str, style: tuple[str, ...]) -> None:
    _, board = board_with_su(make_native_board, su)
    root = board.become_root(RootPolicy.REQUIRE, Deadline.after(60))
    assert (root.state, root.su) == (RootState.SU, style)
    done = board.shell(["sh", "-c", "id -u; cat; echo 'it''s' >&2; exit 3"], Deadline.after(60), stdin=b"in")
    assert (done.stdout, done.stderr, done.exit_code) == (b"0\nin", b"its\n", 3)


def test_what_runs_through_su_is_killed_with_its_children(
    make_native_board: MakeNativeBoard, request: pytest.FixtureRequest
) -> None:
    native, board = board_with_su(make_native_board, AOSP_SU)
    board.become_root(RootPolicy.REQUIRE, Deadline.after(60))
    time_to_kill: Deadline = request.getfixturevalue("time_to_kill")  # not for the question of who su makes one
    with pytest.raises(DeadlineExceeded, match="s and was killed"):
        board.shell("sleep 99999 & sleep 88888", time_to_kill)
    assert not [command for command in native.processes().values() if command.startswith("sleep")]


def board_with_su(make: MakeNativeBoard, su: str) -> tuple[NativeBoard, Board]:
    native = make(uid=2000)
    (native.files / "etc/inittab").touch()  # who may write to it may use really(8)
    os.chown(native.files / "etc/inittab", 2000, 2000)
    binaries = native.files / "vendor/bin"
    (binaries / "really").write_bytes((native.files / "system/sbin/really").read_bytes())
    (binaries / "really").chmod(0o4755)
    (binaries / "su").write_text(su)
    (binaries / "su").chmod(0o755)
    return native, native.connect()
