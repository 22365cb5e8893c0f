"""Lines of the kernel's log, in every form; and the log that several readings make together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.facts.log.kernel_line import LINE_LIMIT, read_lines
from bringup.facts.log.readings import joined
from tests.support.log_forms import KERNEL_LINE_FORMS

#: Texts that begin like something before a text, or with a blank, as the frames of a trace do.
TEXTS = (
    "bringup: tests heaps",
    " dma_heap_ioctl+0x1c/0x30",
    "[drm] Initialized",
    "<<< no priority",
    "c1 is a word",
    "",
)


@pytest.mark.parametrize("form", KERNEL_LINE_FORMS)
@pytest.mark.parametrize("text", TEXTS)
def test_what_is_before_the_text_is_cut_off(form: str, text: str) -> None:
    (line,) = read_lines(form.format(text=text) + "\n")
    assert line.text == text
    has_time = "31063001" in form or "[   31.063001" in form
    assert line.time == (31.063001 if has_time else None)
    assert line.caller == ("T4001" if "4001" in form else "C1" if "C1" in form else "")
    assert line.sequence == (1339 if ",1339," in form else None)


def test_what_kmsg_lists_below_a_record_belongs_to_it() -> None:
    log = "6,339,5140900,-;usb 1-1: new device\n SUBSYSTEM=usb\n DEVICE=c189:1\n4,340,5140950,-;a\\x0ab\n"
    assert [(line.sequence, line.text) for line in read_lines(log)] == [
        (339, "usb 1-1: new device"),
        (340, "a"),
        (340, "b"),
    ]


@given(st.text(max_size=200), st.sampled_from(KERNEL_LINE_FORMS))
def test_any_text_is_read_in_any_form(text: str, form: str) -> None:
    lines = list(read_lines(form.format(text=text)))
    assert len(lines) <= len(text) + 1
    assert all(len(line.text) <= LINE_LIMIT for line in lines)


def log_of(*seconds: int) -> str:
    return "".join(f"[    {second}.000000] line {second}\n" for second in seconds)


KMSG = "6,7,2000000,-;line 2\n6,8,3000000,-;line 3\n6,9,4000000,-;line 4\n"


@pytest.mark.parametrize(
    ("readings", "texts", "fresh", "is_unbroken"),
    [
        ([], [], None, True),
        ([log_of(1, 2)], ["line 1", "line 2"], None, True),
        ([log_of(1, 2, 3), KMSG], ["line 1", "line 2", "line 3", "line 4"], 3, True),
        ([log_of(1, 2, 3), "", KMSG], ["line 1", "line 2", "line 3", "line 4"], 3, True),
        ([log_of(1, 2), log_of(1, 2)], ["line 1", "line 2"], 2, True),
        ([log_of(1), log_of(4)], ["line 1", "line 4"], 1, False),
        (["a\nb\n", "b\nc\n"], ["a", "b", "c"], 2, True),
        (["", log_of(1)], ["line 1"], 0, True),
        (["line 2\nline 3\n", "line 2\nline 3\nline 4\n", KMSG], ["line 2", "line 3", "line 4"], 2, True),
    ],
)
def test_readings_make_one_log(readings: list[str], texts: list[str], fresh: int | None, is_unbroken: bool) -> None:
    log = joined(map(read_lines, readings))
    assert [line.text for line in log.lines] == texts
    assert (log.fresh, log.is_unbroken) == (fresh, is_unbroken)


def test_lines_of_a_serial_console_end_in_two_characters() -> None:
    lines = list(read_lines("[    1.000000] one\r\n6,2,3000000,-;two\r\nthree\r\n"))
    assert [(line.text, line.time) for line in lines] == [("one", 1.0), ("two", 3.0), ("three", None)]
