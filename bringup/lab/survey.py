"""A quick look at what adb sees: one short command a board, no push."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from msgspec import Struct

from bringup.board import Board, Selection, connect_all, list_boards, reach
from bringup.config.match import Observed, match_board
from bringup.config.schema import BoardConfig
from bringup.deadline import Deadline
from bringup.errors import BoardError
from bringup.text import from_board, parse_number

__all__ = ["BoardList", "BoardSummary", "survey"]

_SECONDS = 10.0
_MODEL = "ro.product.model"
# One line an answer, empty where there is none; the device tree's strings end in NUL and come last.
_SCRIPT = """uname -r
while read -r k v u; do case $k in KernelPageSize:) echo "$v"; break;; esac; done </proc/self/smaps || echo
id -u
{properties}
cat /sys/firmware/devicetree/base/compatible 2>/dev/null
"""


class BoardSummary(Struct, frozen=True):
    """One board at a glance; what is null is not known.

    :param serial: As adb lists the board.
    :param state: adb's word for its state.
    :param kernel: The kernel's release, as uname -r says it.
    :param page_size: Bytes.
    :param root: Whether adbd runs as root.
    :param config: The board config that matches.
    :param problem: Why it could not be asked, or why no board config matches.
    """

    serial: str
    state: str
    model: str | None = None
    kernel: str | None = None
    page_size: int | None = None
    root: bool | None = None
    config: str | None = None
    problem: str | None = None


class BoardList(Struct, frozen=True, tag_field="schema", tag="bringup.boards/1"):
    """The boards that adb lists."""

    boards: tuple[BoardSummary, ...]


def survey(selection: Selection, configs: Sequence[BoardConfig]) -> list[BoardSummary]:
    """Ask every board that adb lists, all at once; those that cannot be asked are listed with what to do.

    :raises AdbServerError: there is no adb server to talk to.
    """
    deadline = Deadline.after(_SECONDS)
    listed = list_boards(reach(selection.server, deadline), deadline)
    if not listed:
        return []
    chosen = connect_all(selection, deadline)
    unusable = {error.board: "; ".join(filter(None, (error.seen, error.hint))) for error in chosen.unusable}
    with ThreadPoolExecutor(max_workers=max(1, min(32, len(chosen.boards)))) as pool:
        summaries = {one.serial: one for one in pool.map(lambda board: _ask(board, configs), chosen.boards)}
    twins = {serial: kept for kept, serials in chosen.also.items() for serial in serials}
    return [
        summaries.get(one.serial)
        or BoardSummary(one.serial, one.state, one.model or None, problem=_why(one.serial, twins, unusable))
        for one in listed
    ]


def _why(serial: str, twins: Mapping[str, str], unusable: Mapping[str | None, str]) -> str | None:
    return f"the same board as {twins[serial]}" if serial in twins else unusable.get(serial)


def _ask(board: Board, configs: Sequence[BoardConfig]) -> BoardSummary:
    """A board that does not answer says so in its summary."""
    identities = (config.identity for config in configs if config.identity)
    names = tuple(dict.fromkeys([_MODEL, *(name for identity in identities for name in identity.properties)]))
    asked = "\n".join(f"getprop {shlex.quote(name)} 2>/dev/null || echo" for name in names)
    try:
        answer = board.shell(_SCRIPT.format(properties=asked), Deadline.after(_SECONDS))
    except BoardError as error:
        return BoardSummary(board.serial, "device", problem=f"{error.action}: {error.seen}")
    lines = [line.strip() for line in from_board(answer.stdout).split("\n", 3 + len(names))]
    lines += [""] * (4 + len(names) - len(lines))
    kernel, page_kib, uid = lines[:3]
    properties = {name: value for name, value in zip(names, lines[3:-1], strict=True) if value}
    compatible = [word for word in lines[-1].split("\0") if word]
    match = match_board(Observed(compatible or None, properties or None, kernel or None), configs)
    return BoardSummary(
        serial=board.serial,
        state="device",
        model=properties.get(_MODEL),
        kernel=kernel or None,
        page_size=1024 * kib if (kib := parse_number(page_kib)) is not None else None,
        root=uid == "0" if uid.isdecimal() else None,
        config=match.config.name if match.config else None,
        problem=None if match.config else match.explanation,
    )
