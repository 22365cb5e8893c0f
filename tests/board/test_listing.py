"""The answer to host:devices-l, as real servers give it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.board import ListedBoard, list_boards
from bringup.board.listing import parse_listing
from bringup.board.states import READY, next_step
from bringup.deadline import Deadline
from bringup.errors import AdbServerError
from tests.support.scripted_board import ScriptedTransport, answer, fail

# as adb 36 prints it, with serials and names made up
LISTING = """\
0123456789ABCDEF       device usb:1-1.4 product:rb5 model:RB5 device:rb5 transport_id:1
10.0.0.7:5555          device product:vim3 model:VIM3_Pro device:vim3 transport_id:2
emulator-5554          offline transport_id:3
cafe                   unauthorized usb:2-1 transport_id:4
(no serial number)     no permissions (missing udev rules? user is in the plugdev group); see [http://developer.android.com/tools/device.html] usb:3-2 transport_id:5
f00d                   no permissions (user in plugdev group; are your udev rules wrong?); see [http://developer.android.com/tools/device.html] usb:3-1 transport_id:6
beef                   recovery usb:1-2 product:sailfish model:Pixel device:sailfish transport_id:7
adb-1234._adb-tls-connect._tcp. device product:p model:m device:d transport_id:8
"""


def test_every_line_is_a_board_with_its_state() -> None:
    boards = parse_listing(LISTING)
    assert [(board.serial, board.state.split(" (")[0]) for board in boards] == [
        ("0123456789ABCDEF", "device"),
        ("10.0.0.7:5555", "device"),
        ("emulator-5554", "offline"),
        ("cafe", "unauthorized"),
        ("(no serial number)", "no permissions"),
        ("f00d", "no permissions"),
        ("beef", "recovery"),
        ("adb-1234._adb-tls-connect._tcp.", "device"),
    ]
    assert [board.transport_id for board in boards] == list(range(1, 9))
    assert [board.state == READY for board in boards] == [True, True, False, False, False, False, False, True]


def test_the_attributes_are_reported() -> None:
    first, second = parse_listing(LISTING)[:2]
    assert first == ListedBoard("0123456789ABCDEF", "device", "rb5", "RB5", "rb5", "1-1.4", 1)
    assert (second.usb, second.model) == (None, "VIM3_Pro")


def test_the_whole_text_of_no_permissions_is_the_state() -> None:
    state = parse_listing(LISTING)[5].state
    assert state.startswith("no permissions (user in plugdev group")
    assert state.endswith("device.html]")


def test_nothing_listed_is_no_board() -> None:
    assert parse_listing("") == []
    assert parse_listing("\n") == []


@given(st.text(max_size=200))
def test_no_text_breaks_the_parser(text: str) -> None:
    for board in parse_listing(text):
        assert board.serial


def test_boards_are_listed_through_the_server() -> None:
    transport = ScriptedTransport([answer(LISTING)])
    assert len(list_boards(transport, Deadline.after(5))) == 8
    assert transport.streams[0].sent == b"000ehost:devices-l"


@pytest.mark.parametrize("reply", [fail("no"), b"HTTP/1.1 400 Bad Request"])
def test_what_does_not_list_is_an_error_of_the_server(reply: bytes) -> None:
    with pytest.raises(AdbServerError, match="list boards"):
        list_boards(ScriptedTransport([reply]), Deadline.after(5))


@pytest.mark.parametrize(
    ("state", "step"),
    [
        ("unauthorized", "confirm the RSA key"),
        ("authorizing", "wait a moment"),
        ("offline", "adb reconnect offline"),
        ("connecting", "wait a moment"),
        ("recovery", "adb reboot"),
        ("rescue", "adb reboot"),
        ("sideload", "adb reboot"),
        ("bootloader", "fastboot reboot"),
        ("no permissions (missing udev rules?)", "udev rule"),
        ("something new", "adb devices -l"),
    ],
)
def test_each_state_has_its_next_step(state: str, step: str) -> None:
    assert step in next_step(state)
