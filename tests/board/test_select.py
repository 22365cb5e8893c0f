"""Which server and which board: options, environment, and adb's rules."""

from __future__ import annotations

from typing import TypedDict

import pytest

from bringup.board import ListedBoard, Selection, TcpAddress, UnixAddress
from bringup.board.select import choose, parse_server, without_twins
from bringup.errors import BoardNotFound, ExitCode, UsageError

USB = ListedBoard("usbserial", "device", "p1", "Model_1", "d1", "1-1", 1)
NET = ListedBoard("10.0.0.7:5555", "device", "p2", "Model_2", "d2", None, 2)
OFF = ListedBoard("cafe", "offline", usb="1-2", transport_id=3)


class Options(TypedDict, total=False):
    """Those of the command line."""

    serials: list[str]
    transport_id: int
    usb_only: bool
    network_only: bool
    host: str
    port: int
    socket: str


# The server


@pytest.mark.parametrize(
    ("spec", "address"),
    [
        ("tcp:5038", TcpAddress(None, 5038)),
        ("tcp:lab:5037", TcpAddress("lab", 5037)),
        ("tcp:[::1]:5037", TcpAddress("::1", 5037)),
        ("localfilesystem:/run/adb", UnixAddress("/run/adb")),
    ],
)
def test_a_socket_spec_is_an_address(spec: str, address: object) -> None:
    assert parse_server(spec) == address


@pytest.mark.parametrize(
    "spec", ["", "5037", "tcp:", "tcp:x", "tcp:lab:0", "tcp:lab:65536", "udp:1", "localfilesystem:x"]
)
def test_what_is_no_socket_spec_says_what_one_is(spec: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_server(spec)
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("options", "environ", "address"),
    [
        (Options(), {}, TcpAddress()),
        (Options(), {"ANDROID_ADB_SERVER_PORT": "5038"}, TcpAddress(None, 5038)),
        (Options(), {"ANDROID_ADB_SERVER_ADDRESS": "lab"}, TcpAddress("lab", 5037)),
        (Options(), {"ADB_SERVER_SOCKET": "tcp:lab:1", "ANDROID_ADB_SERVER_PORT": "2"}, TcpAddress("lab", 1)),
        (Options(port=3), {"ADB_SERVER_SOCKET": "tcp:lab:1"}, TcpAddress(None, 3)),
        (Options(host="other"), {"ANDROID_ADB_SERVER_ADDRESS": "lab"}, TcpAddress("other", 5037)),
        (Options(port=3), {"ANDROID_ADB_SERVER_ADDRESS": "lab"}, TcpAddress("lab", 3)),
        (Options(socket="tcp:4"), {"ADB_SERVER_SOCKET": "tcp:lab:1"}, TcpAddress(None, 4)),
    ],
)
def test_options_beat_the_environment(options: Options, environ: dict[str, str], address: TcpAddress) -> None:
    assert Selection.from_options(**options, environ=environ).server == address


@pytest.mark.parametrize("port", ["0", "65536", "x", "²", "-1"])
def test_a_port_in_the_environment_that_is_none_is_a_usage_error(port: str) -> None:
    with pytest.raises(UsageError, match="is not a port"):
        Selection.from_options(environ={"ANDROID_ADB_SERVER_PORT": port})


@pytest.mark.parametrize("options", [Options(socket="tcp:1", port=2), Options(socket="tcp:1", host="lab")])
def test_two_addresses_contradict_each_other(options: Options) -> None:
    with pytest.raises(UsageError, match="-L"):
        Selection.from_options(**options, environ={})


# The boards


def test_android_serial_counts_where_no_option_names_a_board() -> None:
    environ = {"ANDROID_SERIAL": "env"}
    assert Selection.from_options(environ=environ).serials == ("env",)
    assert Selection.from_options(serials=["opt"], environ=environ).serials == ("opt",)
    assert Selection.from_options(usb_only=True, environ=environ).serials == ()
    assert Selection.from_options(transport_id=3, environ=environ).serials == ()


def test_a_serial_named_twice_is_one_board() -> None:
    assert Selection.from_options(serials=["a", "b", "a"], environ={}).serials == ("a", "b")


@pytest.mark.parametrize(
    "options",
    [
        Options(usb_only=True, network_only=True),
        Options(serials=["a"], usb_only=True),
        Options(serials=["a"], transport_id=1),
    ],
)
def test_two_ways_of_choosing_contradict_each_other(options: Options) -> None:
    with pytest.raises(UsageError):
        Selection.from_options(**options, environ={})


@pytest.mark.parametrize(
    ("selection", "wanted"),
    [
        (Selection(), [USB, NET, OFF]),
        (Selection(serials=("10.0.0.7:5555",)), [NET]),
        (Selection(serials=("cafe", "usbserial")), [OFF, USB]),
        (Selection(serials=("usb:1-1",)), [USB]),
        (Selection(serials=("model:Model_2",)), [NET]),
        (Selection(transport_id=2), [NET]),
        (Selection(usb_only=True), [USB, OFF]),
        (Selection(network_only=True), [NET]),
    ],
)
def test_the_named_boards_are_chosen(selection: Selection, wanted: list[ListedBoard]) -> None:
    assert choose(selection, [USB, NET, OFF]) == wanted


@pytest.mark.parametrize(
    ("selection", "text"),
    [
        (Selection(serials=("nope",)), "-s names 'nope'"),
        (Selection(serials=("nope",), named_by="ANDROID_SERIAL"), "ANDROID_SERIAL names 'nope'"),
        (Selection(serials=("usbserial", "nope")), "nope"),
        (Selection(transport_id=9), "transport id 9"),
    ],
)
def test_an_unknown_board_is_answered_with_those_there_are(selection: Selection, text: str) -> None:
    with pytest.raises(BoardNotFound) as caught:
        choose(selection, [USB, NET, OFF])
    assert text in str(caught.value)
    for board in (USB, NET, OFF):
        assert f"{board.serial} ({board.state}" in str(caught.value)
    assert caught.value.exit_code is ExitCode.INFRASTRUCTURE


@pytest.mark.parametrize("selection", [Selection(), Selection(serials=("x",)), Selection(usb_only=True)])
def test_no_board_at_all_comes_with_the_next_step(selection: Selection) -> None:
    with pytest.raises(BoardNotFound, match="lists no board") as caught:
        choose(selection, [])
    assert "adb connect" in caught.value.hint


def test_a_serial_that_two_boards_share_is_chosen_by_transport_id() -> None:
    twice = [ListedBoard("0123", "device", transport_id=4), ListedBoard("0123", "device", transport_id=5)]
    with pytest.raises(UsageError, match="transport ids 4, 5") as caught:
        choose(Selection(serials=("0123",)), twice)
    assert caught.value.hint == "choose with -t 4"


def test_hostile_names_are_made_visible() -> None:
    with pytest.raises(BoardNotFound) as caught:
        choose(Selection(serials=("\x1b[31m",)), [ListedBoard("a\x1b]0;x", "device")])
    assert "\x1b" not in str(caught.value)


def test_the_emulator_that_adb_makes_of_a_board_on_this_machine_is_left_out() -> None:
    board, twin = ListedBoard("127.0.0.1:5555", "device"), ListedBoard("emulator-5554", "device")
    other = ListedBoard("emulator-5556", "device")
    assert without_twins([twin, board, other]) == [board, other]
    assert without_twins([twin, other]) == [twin, other]
