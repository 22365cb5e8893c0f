"""Was the board observed completely and as root, and is there a board config for it?"""

from __future__ import annotations

from collections.abc import Iterator

from bringup.causes.known.surroundings import BOARD_NO_CONFIG, BOARD_NO_ROOT
from bringup.causes.no_root import ways_to_root
from bringup.checks.registry import Question, Role, check
from bringup.errors import Blame
from bringup.facts.board import Facts
from bringup.facts.heap_tests import unanswered
from bringup.results.verdict import Verdict
from bringup.text import shell_word

#: What --root require ends with (bringup.board.root).
_NO_ROOT = ": become root: "


@check(
    "board.observed",
    "The board was observed completely, in one boot",
    asks="Whether the record is complete, and whether the board's boot_id was the same before and after.",
    why="What was not observed is not known, and a record from before and after a reboot does not show one state.",
    source="Documentation/admin-guide/sysctl/kernel.rst of Linux 7.3: boot_id",
    since="any",
    role=Role.OBSERVATION,
)
def observed(question: Question, facts: Facts) -> Iterator[Verdict]:
    record = facts.record
    if record.incomplete is not None:
        left_out = [f"{test.id} on {heap}" for heap, test in unanswered(facts)] if record.out_of_time else []
        evidence = [f"left out: {len(left_out)} heap tests, {left_out[0]} first"] if left_out else []
        yield question.unknown(record.incomplete, *evidence, remedy=_how_to_finish(facts))
    elif unread := [when for when, boot_id in _boot_ids(facts) if not boot_id]:
        yield question.unknown(f"boot_id was not read {' and '.join(unread)}: the board may have rebooted")
    else:
        trips = "" if record.round_trips is None else f"{record.round_trips} adb round trips"
        yield question.passed(*filter(None, (f"boot_id {record.board.boot_id} before and after", trips)))


def _how_to_finish(facts: Facts) -> Iterator[str]:
    """What to do next, the last step a command that observes the board to the end."""
    record = facts.record
    serial, place = shell_word(record.board.serial), record.board.place
    chosen = f"--place {shell_word(place)}" if place else f"-s {serial}"
    if _NO_ROOT in (record.incomplete or ""):
        yield from ways_to_root(facts)
        yield f"or observe what can be seen without root: bringup run {chosen} --root auto"
        return
    if record.blame is Blame.BOARD and not record.out_of_time:
        command = "" if place else f": adb -s {serial} wait-for-device"
        yield f"wait until adb reaches the board; look at its console or power{command}"
    more_time = " --seconds 300" if record.out_of_time else ""
    yield f"observe the board again, to the end: bringup run {chosen}{more_time}"


def _boot_ids(facts: Facts) -> tuple[tuple[str, str | None], ...]:
    hello, bye = facts.record.hello, facts.record.bye
    return (
        ("at the first contact", facts.record.board.boot_id),
        ("before the tests", hello.boot_id if hello else None),
        ("after them", bye.boot_id if bye else None),
    )


@check(
    "board.root",
    "The test allocator ran as root",
    asks="The uid under which the test allocator ran, and which questions are open because of it.",
    why="Without root, SELinux and file modes hide the kernel's log, debugfs, physical addresses and most heaps.",
    source="AOSP system/sepolicy private/shell.te: the shell domain has no rule for DMA-BUF heaps",
    since="any",
)
def root(question: Question, facts: Facts) -> Iterator[Verdict]:
    hello = facts.record.hello
    if hello is None:
        yield question.unknown("the test allocator did not run")
    elif facts.as_root:
        yield question.passed(f"uid 0 through {facts.record.board.root}")
    else:
        yield question.warned(
            f"uid {hello.uid}",
            *filter(None, [facts.record.board.root_reason]),
            cause=BOARD_NO_ROOT.here(
                f"the test allocator ran as uid {hello.uid}: what only root may see is not judged"
            ),
            remedy=ways_to_root(facts),
        )


@check(
    "board.config",
    "A board config describes this board",
    asks="Whether the compatible strings of the device tree or the properties of Android match a board config, "
    "or one was named.",
    why="Only a board config says which heaps a board should have; without one, less can be judged.",
    source="docs/board-configs.md",
    since="any",
)
def config(question: Question, facts: Facts) -> Iterator[Verdict]:
    config = facts.matched_config
    if config is not None:
        yield question.passed(f"{config.name}: {config.title}", *filter(None, [facts.why_config]))
    elif facts.record.hello is None or facts.lost_unidentified:
        yield question.unknown(facts.record.incomplete or "the board reported nothing about itself")
    else:
        yield question.warned(
            *filter(None, [facts.why_config]),
            cause=BOARD_NO_CONFIG.here(),
            remedy=BOARD_NO_CONFIG.fix,
        )
