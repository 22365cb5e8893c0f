"""What is said of a board that is waited for, and of the adb server meanwhile. The server and the clock are scripted."""

from __future__ import annotations

import pytest

from bringup.board import (
    Board,
    Heartbeat,
    Selection,
    ServerTransport,
    Target,
    TcpAddress,
    await_boot,
    connect_all,
    reach,
)
from bringup.board.link import Link
from bringup.board.listing import ListedBoard
from bringup.board.network import wait_until_it_answers
from bringup.board.shell import Packet, packed
from bringup.board.wire import Stream, TimedOut
from bringup.deadline import Deadline
from bringup.errors import AdbServerError, Blame, BoardError, BringupError, DeadlineExceeded
from tests.support.scripted_board import OKAY, SILENCE, Paused, ScriptedTransport, Step, answer, fail, shell_answer

HERE = "11111111-1111-1111-1111-111111111111"
HANGS = "the adb server does not answer within 3 s in which state the board is"
LATE = AdbServerError("ask for the board's state", HANGS)


class ScriptedServer:
    """An adb server that answers some questions, and a clock that is moved by whoever waits for the others.

    :param answers: by the last word of the question; the last one is given again. ``b""``: none for this time.
    """

    def __init__(self, **answers: list[bytes]) -> None:
        self._answers = answers
        self.asked: list[str] = []
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def connect(self, deadline: Deadline) -> Stream:
        if deadline.expired:
            raise TimedOut
        return _Connection(self)

    def answer(self, question: str) -> bytes:
        self.asked.append(question)
        answers = self._answers.get(question.rpartition(":")[2].replace("-", "_"), [b""])
        return answers.pop(0) if len(answers) > 1 else answers[0]


class _Connection:
    def __init__(self, server: ScriptedServer) -> None:
        self._server = server
        self._answer: bytes | None = None
        self._sent = b""

    def exchange(self, out: bytes | memoryview, limit: int, deadline: Deadline) -> tuple[int, bytes | None]:
        self._sent += bytes(out)
        if not limit:
            return len(out), None
        if self._answer is None:
            self._answer = self._server.answer(self._sent.decode())
        if not self._answer:
            self._server.now = max(self._server.now, deadline.at)
            raise TimedOut
        piece, self._answer = self._answer[:limit], self._answer[limit:]
        return len(out), piece

    def close(self) -> None:
        pass


def waited(monkeypatch: pytest.MonkeyPatch, server: ScriptedServer, seconds: float = 60) -> BringupError:
    monkeypatch.setattr("bringup.deadline.time", server)
    with pytest.raises(BringupError) as caught:
        wait_until_it_answers(Link(server, Target("s1")), Deadline.after(seconds), "wait for the board")
    assert (caught.value.action, caught.value.board) == ("wait for the board", "s1")
    return caught.value


def test_an_adb_server_that_hangs_to_the_end_is_not_a_board_that_answers_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = waited(monkeypatch, ScriptedServer())
    assert (type(error), error.seen, error.blame) == (AdbServerError, HANGS, Blame.HOST)


def test_an_adb_server_that_answers_the_next_time_did_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    error = waited(monkeypatch, ScriptedServer(get_state=[b"", fail("device offline")]))
    assert (type(error), error.seen) == (DeadlineExceeded, "adb says: offline, for 60 s")


def test_one_that_had_no_time_to_answer_is_not_accused_and_listed_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    error = waited(monkeypatch, ScriptedServer(), seconds=2)
    assert (type(error), error.seen) == (DeadlineExceeded, "adb did not get through to it, for 2 s")


def test_a_listed_board_that_answers_nothing_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    error = waited(monkeypatch, ScriptedServer(wait_for_any_device=[OKAY * 2]))
    assert (type(error), error.seen) == (DeadlineExceeded, "adb lists it as 'device', and it answers nothing, for 60 s")


def test_a_board_that_a_slow_adb_server_lists_is_asked_and_not_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does not say within the first look that the board is there."""
    answers = {"get_state": [answer("device")], "5555": [b"".join(shell_answer(f"{HERE} 7.0\n".encode()))]}
    server = ScriptedServer(**answers)
    monkeypatch.setattr("bringup.deadline.time", server)
    link = Link(server, Target("board:5555"))
    assert wait_until_it_answers(link, Deadline.after(60), "wait for the board") == HERE
    assert not [question for question in server.asked if "connect:" in question]


def test_an_adb_server_that_hangs_is_why_a_board_has_not_booted_and_ends_no_wait_for_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = ScriptedServer()
    monkeypatch.setattr("bringup.deadline.time", server)
    monkeypatch.setattr("bringup.board.boot.reach", lambda *_: server)
    (error,) = await_boot(Selection(serials=("s1",)), Deadline.after(60))
    assert (error.seen, error.board, error.blame) == (HANGS, "s1", Blame.HOST)


# One of many


def opening(monkeypatch: pytest.MonkeyPatch, **boards: Board | BringupError) -> None:
    """Have adb list boards, and each be opened with this result."""

    def opened(_transport: object, board: ListedBoard, *_: object) -> Board:
        result = boards[board.serial]
        if isinstance(result, BringupError):
            raise result
        return result

    monkeypatch.setattr("bringup.board.connecting.reach", lambda *_, **__: None)
    monkeypatch.setattr(
        "bringup.board.connecting.list_boards", lambda *_: [ListedBoard(serial, "device") for serial in boards]
    )
    monkeypatch.setattr("bringup.board.connecting._open", opened)


def test_a_late_answer_for_one_board_leaves_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    board = Board(ScriptedTransport(), Target("one"), frozenset({"shell_v2"}), boot_id=HERE)
    opening(monkeypatch, one=board, two=LATE)
    chosen = connect_all(Selection(), Deadline.after(60))
    assert chosen.boards == (board,)
    (error,) = chosen.unusable
    assert isinstance(error, BoardError)
    assert (error.seen, error.board, error.state, error.blame) == (HANGS, "two", "device", Blame.HOST)


def test_where_no_board_could_be_opened_it_is_the_adb_server(monkeypatch: pytest.MonkeyPatch) -> None:
    opening(monkeypatch, one=BoardError("use the board", "it is offline"), two=LATE)
    with pytest.raises(AdbServerError) as caught:
        connect_all(Selection(), Deadline.after(60))
    assert caught.value is LATE


# A command that is interrupted


@pytest.mark.parametrize("before", [[], [SILENCE] * 5])
def test_ctrl_c_before_the_shell_said_its_id_leaves_nothing_running(
    before: list[bytes | Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor a connection open. A board that is asked for a sign of life meanwhile would be interrupted again."""
    monkeypatch.setattr("bringup.board.command.secrets.token_hex", lambda _: "token")
    late = packed(Packet.STDERR, b"token77\n")
    interrupt = Paused(lambda: board.interrupt())  # noqa: PLW0108 - there is no board yet
    transport = ScriptedTransport([OKAY, OKAY, interrupt, *before, late], shell_answer())
    beat = Heartbeat(quiet=0.02, answer=30)
    board = Board(transport, Target("one"), frozenset({"shell_v2"}), boot_id=HERE, heartbeat=beat)
    with pytest.raises(KeyboardInterrupt):
        board.shell("sleep 99999", Deadline.after(60))
    assert all(stream.closed for stream in transport.streams)
    assert b"for p in 77; do kill -9" in transport.streams[1].sent


# A host that is cut off


@pytest.mark.parametrize(("host", "most"), [("203.0.113.1", 3), ("127.0.0.1", 600)])
def test_no_connection_to_another_host_is_waited_for_longer_than_3_seconds(
    host: str, most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This host's own adb server may be busy for longer. Nothing is connected here."""
    budgets = []

    def cut_off(_address: tuple[str, int], timeout: float) -> None:
        budgets.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("socket.create_connection", cut_off)
    transport = ServerTransport(TcpAddress(host))
    board = Board(transport, Target("s1"), frozenset({"shell_v2"}), boot_id=HERE)
    for ask in (
        lambda: board.shell("true", Deadline.after(600)),
        lambda: board.push(b"x", "/data/local/tmp/x", 0o644, Deadline.after(600)),
        lambda: reach(transport.address, Deadline.after(600), environ={}),
    ):
        with pytest.raises(AdbServerError, match="nothing answers"):
            ask()
    assert len(budgets) == 3
    assert all(most / 2 < budget <= most for budget in budgets)


def test_an_adb_server_that_is_far_away_is_given_time_to_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look at a board is shorter than the way there. Nothing is connected here."""
    budgets = []

    def far(_address: tuple[str, int], timeout: float) -> None:
        budgets.append(timeout)
        raise TimeoutError

    monkeypatch.setattr("socket.create_connection", far)
    link = Link(ServerTransport(TcpAddress("203.0.113.1")), Target("board:5555"))
    with pytest.raises(AdbServerError, match="nothing answers"):
        wait_until_it_answers(link, Deadline.after(600), "wait for the board")
    assert 2 < budgets[0] <= 3
