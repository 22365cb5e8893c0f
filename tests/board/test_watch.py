"""What a silent, broken or rebooted board is called, over scripted connections."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest

from bringup.board import CONNECT_SECONDS, Board, Claim, Heartbeat, Owner, Target
from bringup.board.shell import Packet, packed
from bringup.board.wire import Silent
from bringup.deadline import Deadline
from bringup.errors import (
    AdbServerError,
    Blame,
    BoardError,
    BoardLost,
    BoardNotFound,
    BoardNotReady,
    BoardRebooted,
    BringupError,
    DeadlineExceeded,
)
from bringup.record.observe import RELEASE_SECONDS
from tests.support.scripted_board import (
    BROKEN,
    CLOSED,
    OKAY,
    SILENCE,
    Paused,
    ScriptedTransport,
    Step,
    answer,
    fail,
    shell_answer,
)

HERE = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
# A board is soon asked for a sign of life; a scripted silence then is not waited out, and a busy machine is none.
HEARTBEAT = Heartbeat(quiet=0.02, answer=30)
NO_SERVER = AdbServerError("connect to the adb server", "nothing answers at tcp:127.0.0.1:5037")


#: adbd answers to what needs no process on the board.
ADBD = [OKAY, OKAY]


def board_of(transport: ScriptedTransport, boot_id: str | None = HERE) -> Board:
    return Board(transport, Target("s1"), frozenset({"shell_v2"}), boot_id=boot_id, heartbeat=HEARTBEAT)


def board_on(*connections: Sequence[bytes | Step] | AdbServerError, boot_id: str | None = HERE) -> Board:
    return board_of(ScriptedTransport(*connections), boot_id)


def pulse(boot_id: str = HERE) -> list[bytes]:
    return shell_answer(boot_id.encode() + b"\n")


def failing(*connections: Sequence[bytes | Step] | AdbServerError, boot_id: str | None = HERE) -> BringupError:
    board = board_on(*connections, boot_id=boot_id)
    with pytest.raises(BringupError) as caught:
        board.shell("true", Deadline.after(60))
    assert caught.value.board == "s1"
    return caught.value


def test_a_dead_board_is_noticed_within_five_seconds_whatever_its_answers_took() -> None:
    beat = Heartbeat()
    assert 2 * beat.quiet + beat.answer <= 4.5


def test_a_board_whose_adbd_answers_is_slow_and_not_lost() -> None:
    slow_pulse: list[bytes | Step] = [OKAY, SILENCE, SILENCE, *pulse()[1:]]
    board = board_on([OKAY, OKAY, SILENCE, *shell_answer(b"done")[2:]], slow_pulse, ADBD, [OKAY, fail("closed")])
    assert board.shell("x", Deadline.after(60)).stdout == b"done"


def test_a_board_whose_adbd_answers_and_no_command_does_is_lost_in_the_end() -> None:
    beat = Heartbeat(quiet=0.02, answer=30, most=0.5)
    silent: list[bytes | Step] = [OKAY, OKAY, *[SILENCE] * 40]
    transport = ScriptedTransport(silent, silent, *[ADBD] * 40)
    board = Board(transport, Target("s1"), frozenset({"shell_v2"}), boot_id=HERE, heartbeat=beat)
    with pytest.raises(BoardLost, match=r"adbd answers, but no command ends within 0\.5 s"):
        board.shell("x", Deadline.after(60))


def test_connecting_lasts_long_enough_for_that_to_be_seen() -> None:
    beat = Heartbeat()
    assert beat.most + beat.quiet + beat.answer < CONNECT_SECONDS


def test_a_slow_board_has_the_time_to_give_its_lock_back() -> None:
    """The first answer of a shell on an emulated board takes 2 s on a busy host, and a dead one is not waited for."""
    beat = Heartbeat()
    assert 3 * (beat.quiet + beat.answer) < RELEASE_SECONDS
    claim = Claim(Owner("0123456789abcdef"), ("/tmp",), Deadline.after(60))
    slow: list[bytes | Step] = [OKAY, SILENCE, SILENCE, *shell_answer()[1:]]
    transport = ScriptedTransport(slow, ADBD, ADBD)
    board_of(transport).release(claim, Deadline.after(RELEASE_SECONDS))
    assert transport.all_used
    dead = ScriptedTransport([OKAY, SILENCE], [OKAY, SILENCE])
    board_of(dead).release(claim, Deadline.after(RELEASE_SECONDS))
    assert dead.all_used


def test_a_board_that_was_never_met_is_asked_in_the_same_way() -> None:
    late: list[bytes | Step] = [OKAY, OKAY, SILENCE, SILENCE, *pulse()[2:]]
    assert opened([answer("shell_v2")], late, ADBD, ADBD, heartbeat=HEARTBEAT).known_boot_id == HERE
    silent: list[bytes | Step] = [OKAY, SILENCE]
    with pytest.raises(BoardNotReady, match=r"answers nothing for 30\.02 s"):
        opened([answer("shell_v2")], silent, [OKAY, SILENCE], [answer("device")], heartbeat=HEARTBEAT)


def test_what_adb_says_when_adbd_is_asked_counts() -> None:
    error = failing([OKAY, OKAY, SILENCE], [OKAY, OKAY, SILENCE], [fail("device offline")])
    assert type(error) is BoardLost
    assert "device offline" in str(error)


def test_a_lost_board_is_asked_for_its_lock_unless_it_answers_nothing() -> None:
    claim = Claim(Owner("0123456789abcdef"), ("/tmp",), Deadline.after(60))
    silent: list[bytes | Step] = [OKAY, OKAY, SILENCE]
    restarted = ([OKAY, OKAY, CLOSED], [answer("device")], pulse(), shell_answer())
    for connections in ((silent, silent, [OKAY, SILENCE], [answer("device")]), restarted):
        transport = ScriptedTransport(*connections)
        board = board_of(transport)
        with pytest.raises(BoardLost):
            board.shell("x", Deadline.after(60))
        board.release(claim, Deadline.after(60))
        assert transport.all_used


def test_ctrl_c_does_not_wait_for_a_slow_board(monkeypatch: pytest.MonkeyPatch) -> None:
    board = board_on([OKAY, OKAY, SILENCE, CLOSED], [OKAY, OKAY, SILENCE], ADBD)
    original = board._link._check_adbd

    def interrupted(deadline: Deadline) -> None:
        original(deadline)
        board.interrupt()

    monkeypatch.setattr(board._link, "_check_adbd", interrupted)
    with pytest.raises(KeyboardInterrupt):
        board.shell("x", Deadline.after(60))


class Clock:
    """The host's, with what this process did not see of it."""

    def __init__(self) -> None:
        self._monotonic, self.missed = time.monotonic, 0.0

    def now(self) -> float:
        return self._monotonic() + self.missed

    def paused(self, seconds: float) -> Paused:
        def act() -> None:
            self.missed += seconds

        return Paused(act)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("time.monotonic", clock.now)
    return clock


def test_a_board_is_not_lost_because_this_process_did_not_run(clock: Clock) -> None:
    """Ctrl-Z, a busy host: whichever answer is waited for then, it is asked for anew."""
    command: list[bytes | Step] = [OKAY, OKAY, SILENCE, *shell_answer(b"done")[2:]]
    no_pulse: list[bytes | Step] = [OKAY, OKAY, SILENCE, *pulse()[2:]]
    for connections in (
        (command, [OKAY, clock.paused(3600)], pulse()),
        (command, no_pulse, [OKAY, clock.paused(32)], pulse()),
        (command, no_pulse, [OKAY, clock.paused(3600)], pulse()),
    ):
        beat = Heartbeat(quiet=0.02, answer=1, most=30)
        board = Board(
            ScriptedTransport(*connections),
            Target("s1"),
            frozenset({"shell_v2"}),
            boot_id=HERE,
            heartbeat=beat,
        )
        assert board.shell("x", Deadline.after(86_400)).stdout == b"done"


def test_a_silent_command_on_a_live_board_is_waited_for() -> None:
    board = board_on([OKAY, OKAY, SILENCE, SILENCE, *shell_answer(b"done")[2:]], pulse(), pulse())
    assert board.shell("sleep 5; echo done", Deadline.after(60)).stdout == b"done"


def test_a_board_that_answers_nothing_is_lost_whatever_adb_calls_it() -> None:
    error = failing([OKAY, OKAY, SILENCE], [OKAY, OKAY, SILENCE], [OKAY, SILENCE], [answer("device")])
    assert type(error) is BoardLost
    assert "answers nothing for 30.04 s, while adb lists it as 'device'" in str(error)
    assert error.blame is Blame.BOARD


def test_it_is_noticed_while_the_command_is_being_started_as_well() -> None:
    assert type(failing([OKAY, SILENCE], [OKAY, SILENCE], [OKAY, SILENCE], [answer("device")])) is BoardLost


@pytest.mark.parametrize("state", ["device offline", "device 's1' not found"])
def test_a_board_that_adb_lost_meanwhile_is_lost_in_adbs_words(state: str) -> None:
    error = failing([OKAY, OKAY, SILENCE], [fail(state)])
    assert type(error) is BoardLost
    assert state in str(error)


@pytest.mark.parametrize("boot_id", [HERE, None])
def test_an_adb_server_that_hangs_is_not_a_lost_board(boot_id: str | None) -> None:
    error = failing([OKAY, OKAY, SILENCE], [SILENCE], [SILENCE], [SILENCE], boot_id=boot_id)
    assert type(error) is AdbServerError
    assert "the adb server does not answer" in error.seen
    assert error.blame is Blame.HOST


def test_an_adb_server_that_had_no_time_to_answer_is_not_accused() -> None:
    error = board_on([SILENCE])._link._silent("x", Silent(), 3, Deadline.after(0.05))
    assert type(error) is BoardLost
    assert "answers nothing" in error.seen


def test_an_adb_server_that_hangs_when_a_connection_ends_is_not_a_lost_board() -> None:
    error = failing([OKAY, OKAY, CLOSED], [SILENCE])
    assert type(error) is AdbServerError
    assert "the connection was closed, and the adb server does not answer" in error.seen
    assert error.blame is Blame.HOST
    late = board_on([SILENCE])._link._why_broken("x", Deadline.after(0.05))
    assert type(late) is BoardLost, "it had no time to answer"


def test_the_host_of_an_adb_server_that_is_cut_off_is_not_waited_for_longer_than_a_board() -> None:
    transport = ScriptedTransport([OKAY, OKAY, SILENCE], NO_SERVER)
    board = Board(transport, Target("s1"), frozenset({"shell_v2"}), boot_id=HERE, heartbeat=HEARTBEAT)
    with pytest.raises(AdbServerError):
        board.shell("x", Deadline.after(60))
    assert transport.deadlines[1].budget <= HEARTBEAT.quiet + HEARTBEAT.answer


def test_another_boot_id_is_a_reboot() -> None:
    error = failing([OKAY, OKAY, SILENCE], pulse(OTHER))
    assert type(error) is BoardRebooted
    assert HERE in str(error)
    assert OTHER in str(error)


def test_a_boot_id_seen_first_by_the_heartbeat_is_kept() -> None:
    error = failing([OKAY, OKAY, SILENCE, SILENCE], pulse(HERE), pulse(OTHER), boot_id=None)
    assert type(error) is BoardRebooted


def test_a_boot_id_that_may_not_be_read_is_a_sign_of_life() -> None:
    board = board_on([OKAY, OKAY, SILENCE, *shell_answer(b"done")[2:]], shell_answer(b"", 1))
    assert board.shell("x", Deadline.after(60)).stdout == b"done"


@pytest.mark.parametrize("end", [CLOSED, BROKEN])
def test_a_broken_connection_to_a_board_that_is_gone(end: bytes | Step) -> None:
    error = failing([OKAY, OKAY, end], [fail("device 's1' not found")])
    assert type(error) is BoardLost
    assert "not found" in str(error)


def test_a_broken_connection_to_a_board_that_is_up() -> None:
    error = failing([OKAY, OKAY, CLOSED], [answer("device")], pulse())
    assert type(error) is BoardLost
    assert "its adbd was restarted" in str(error)


def test_a_broken_connection_to_a_board_that_started_anew() -> None:
    assert type(failing([OKAY, OKAY, CLOSED], [answer("device")], pulse(OTHER))) is BoardRebooted


def test_a_broken_connection_to_a_board_that_answers_no_more() -> None:
    error = failing([OKAY, OKAY, CLOSED], [answer("device")], [OKAY, SILENCE], [OKAY, SILENCE])
    assert type(error) is BoardLost
    assert "does not answer" in str(error)


def test_a_broken_connection_because_the_server_is_gone_is_the_hosts_fault() -> None:
    error = failing([OKAY, OKAY, CLOSED], NO_SERVER)
    assert type(error) is AdbServerError
    assert "nothing answers at tcp:127.0.0.1:5037" in str(error)
    assert error.blame is Blame.HOST


@pytest.mark.parametrize(
    ("text", "first", "later"),
    [
        ("device 's1' not found", BoardNotFound, BoardLost),
        ("no devices/emulators found", BoardNotFound, BoardLost),
        ("device offline", BoardNotReady, BoardLost),
        ("device still authorizing", BoardNotReady, BoardLost),
        ("device still connecting", BoardNotReady, BoardLost),
        ("device unauthorized.\nThis adb server's $ADB_VENDOR_KEYS is not set", BoardNotReady, BoardLost),
        ("insufficient permissions for device: missing udev rules?", BoardNotReady, BoardLost),
        ("something else", BoardError, BoardError),
    ],
)
def test_a_refusal_means_another_thing_once_the_board_has_answered(
    text: str, first: type[BoardError], later: type[BoardError]
) -> None:
    assert type(failing([fail(text)], boot_id=None)) is first
    error = failing([fail(text)])
    assert type(error) is later
    assert text.splitlines()[0] in str(error)


def test_a_service_that_a_live_board_refuses_is_not_a_lost_board() -> None:
    error = failing([OKAY, fail("closed")], pulse())
    assert type(error) is BoardError
    assert "closed" in str(error)


def test_a_board_that_breaks_the_protocol_is_said_to() -> None:
    assert "protocol" in str(failing([OKAY, OKAY, b"\x4d\x01\x00\x00\x00x", CLOSED]))


def test_the_callers_own_deadline_is_not_the_boards_death() -> None:
    transport = ScriptedTransport([OKAY, OKAY, *[SILENCE] * 20])
    calm = Heartbeat(quiet=60, answer=60)  # does not ask within the deadline
    board = Board(transport, Target("s1"), frozenset({"shell_v2"}), boot_id=HERE, heartbeat=calm)
    with pytest.raises(DeadlineExceeded, match="never said that it had started"):
        board.shell("true", Deadline.after(0.5))


def test_a_command_is_killed_within_the_callers_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time for that is kept back, and a board that does not answer then is waited for no longer."""
    monkeypatch.setattr("secrets.token_hex", lambda _: "token")
    started: list[bytes | Step] = [OKAY, OKAY, packed(Packet.STDERR, b"token7\n"), *[SILENCE] * 20]
    transport = ScriptedTransport(started, [OKAY, OKAY, *[SILENCE] * 20])
    board = Board(transport, Target("s1"), frozenset({"shell_v2"}), boot_id=HERE)
    deadline = Deadline.after(1.2)
    with pytest.raises(
        DeadlineExceeded, match=r"did not end within 1\.2 s, and may still run on the board as process 7"
    ):
        board.shell("true", deadline)
    command, *kill = transport.deadlines
    assert command.at <= deadline.at - 0.2
    assert all(one.at <= deadline.at for one in kill)


# Opening a board


def opened(*connections: Sequence[bytes | Step], heartbeat: Heartbeat | None = None) -> Board:
    return Board.open(ScriptedTransport(*connections), Target("s1"), Deadline.after(60), heartbeat=heartbeat)


def test_an_opened_board_has_features_and_boot_id() -> None:
    board = opened([answer("shell_v2,stat_v2")], pulse())
    assert board.features == {"shell_v2", "stat_v2"}
    assert board.known_boot_id == HERE


def test_a_board_without_shell_v2_is_not_ready() -> None:
    with pytest.raises(BoardNotReady, match="no shell protocol v2"):
        opened([answer("cmd")])


def test_a_board_that_is_not_there_is_not_found() -> None:
    with pytest.raises(BoardNotFound):
        opened([fail("device 's1' not found")])


def test_one_command_is_one_connection_and_three_messages() -> None:
    """The speed of a command is its round trips: none may creep in."""
    transport = ScriptedTransport(shell_answer(b"out", 3, b"err"))
    board = Board(transport, Target("s1"), frozenset({"shell_v2"}), boot_id=HERE)
    done = board.shell("true", Deadline.after(60))
    assert (done.exit_code, done.stdout, done.stderr, done.truncated) == (3, b"out", b"err", False)
    assert transport.all_used
    assert transport.streams[0].closed
    assert transport.streams[0].sent.startswith(b"0011host:transport:s1")


@pytest.mark.parametrize(("limit", "kept"), [(0, b""), (2, b"ou"), (3, b"out"), (100, b"out")])
def test_output_is_kept_up_to_the_limit_and_the_exit_code_still_read(limit: int, kept: bytes) -> None:
    done = board_on(shell_answer(b"out", 4)).shell("x", Deadline.after(60), limit=limit)
    assert (done.stdout, done.truncated, done.exit_code) == (kept, limit < 3, 4)


def test_a_script_longer_than_adb_takes_is_refused_with_a_way_out() -> None:
    with pytest.raises(BringupError) as caught:
        board_on().shell("x" * 70_000, Deadline.after(60))
    assert "stdin" in caught.value.hint
