"""The kernel's log in each of its forms, and Android's."""

from __future__ import annotations

from bringup.facts.log.android_line import heap_complaint, read_android_log
from bringup.facts.log.kernel_line import read_lines
from bringup.facts.log.readings import joined
from bringup.facts.log.splats import find_splats
from bringup.text import from_board


def one(data: bytes) -> None:
    text = from_board(data)
    lines = list(read_lines(text))
    half = len(lines) // 2
    log = joined([lines[: half + 3], lines[half:]])
    find_splats(log.lines)
    for line in read_android_log(text):
        heap_complaint(line.text)
