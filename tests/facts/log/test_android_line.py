"""Lines of Android's log, in the formats of logcat; and what libdmabufheap writes there."""

from __future__ import annotations

import errno

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.facts.log.android_line import HeapComplaint, heap_complaint, read_android_log

FORMS = (
    "11-29 22:12:59.123  1042  1250 E DMABUFHEAPS: {text}",
    "2026-11-29 22:12:59.123456  1042  1250 E DMABUFHEAPS: {text}",
    "11-29 22:12:59.123 +0100  1042  1250 E DMABUFHEAPS: {text}",
    "11-29 22:12:59.123  media  1042  1250 E DMABUFHEAPS: {text}",
    "         1764454379.123  1042  1250 E DMABUFHEAPS: {text}".lstrip(),
    "11-29 22:12:59.123 E/DMABUFHEAPS( 1042): {text}",
    "E/DMABUFHEAPS( 1042): {text}",
    "E/DMABUFHEAPS: {text}",
    "E DMABUFHEAPS: {text}",
)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_before_the_text_is_read(form: str) -> None:
    log = "--------- beginning of main\n" + form.format(text="No ion heap: (none)") + "\n"
    (line,) = read_android_log(log)
    assert (line.tag, line.text) == ("DMABUFHEAPS", "No ion heap: (none)")
    assert line.pid == (1042 if "1042" in form else None)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Unable to allocate from DMA-BUF heap: cma: Out of memory", HeapComplaint("cma", errno.ENOMEM)),
        ("Unable to allocate from DMA-BUF heap: cma: Cannot allocate memory", HeapComplaint("cma", errno.ENOMEM)),
        ("Could not open DMA-BUF heap named: system: Permission denied", HeapComplaint("system", errno.EACCES)),
        ("Could not open DMA-BUF heap named: linux,cma@5000", HeapComplaint("linux,cma@5000")),
        ("No ion heap of name qcom,display exists", HeapComplaint("qcom,display")),
        ("No ion heap of name system-uncached exists", None),
        ("Using DMA-BUF heap named: system", None),
    ],
)
def test_the_heap_and_the_errno_of_a_complaint(text: str, complaint: HeapComplaint | None) -> None:
    assert heap_complaint(text) == complaint


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    assert len(list(read_android_log(text))) <= len(text)
    heap_complaint(text)
