"""The kernel's own lists of buffers, read back as they were written; what contradicts itself is noticed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bringup.facts.holders.buffer_lists import Buffer, parse_bufinfo, parse_iterator
from tests.support.walks import bufinfo

CHARACTERS = st.characters(exclude_characters="\t\n", exclude_categories=["Cs"])  # no surrogates
TEXT = st.text(CHARACTERS, min_size=1, max_size=31)
BUFFERS = st.lists(
    st.tuples(st.integers(1, 10**8), st.integers(0, 2**40), TEXT, TEXT | st.just("")),
    unique_by=lambda one: one[0],
    max_size=20,
)


@given(BUFFERS, st.lists(TEXT, max_size=3).map(tuple))
def test_bufinfo_is_read_back(buffers: list[tuple[int, int, str, str]], devices: tuple[str, ...]) -> None:
    found = parse_bufinfo(bufinfo(*buffers, devices=devices))
    assert found.why_not == ""
    assert (found.count, found.size) == (len(buffers), sum(one[1] for one in buffers))
    assert found.buffers == {
        inode: Buffer(inode, size, exporter, None if name in ("", "<none>") else name, 1, devices)
        for inode, size, exporter, name in buffers
    }


@given(BUFFERS)
def test_an_iterator_is_read_back(buffers: list[tuple[int, int, str, str]]) -> None:
    text = "".join(f"{inode}\n{size}\n{name}\n{exporter}\n" for inode, size, exporter, name in buffers)
    found = parse_iterator(text)
    assert (found.why_not, found.count) == ("", len(buffers))
    assert all(found.buffers[inode].size == size for inode, size, _, _ in buffers)


@given(st.text(max_size=300))
def test_no_text_breaks_the_readers(text: str) -> None:
    for found in (parse_bufinfo(text), parse_iterator(text)):
        assert found.count >= 0


def test_a_name_that_forges_a_line_is_noticed() -> None:
    forged = "x\n00004096\t00000002\t00080007\t00000001\tsystem\t00000077\tmade up"
    assert parse_bufinfo(bufinfo((1, 4096, "system", forged))).why_not == "its lines add up to 2 buffers, 8192 bytes"


def test_a_list_that_is_cut_is_noticed() -> None:
    assert parse_bufinfo(bufinfo((1, 4096, "system", ""))[:120]).why_not == "it ends before its total"
    assert parse_iterator("1\n4096\nname\n").why_not == "it is not four lines per buffer"
    assert parse_iterator("x\n4096\nname\nsystem\n").why_not == "line 1 is not a buffer's inode and size"


def test_bufinfo_before_5_3_has_no_inodes_but_a_total() -> None:
    text = "\nDma-buf Objects:\nsize\tflags\tmode\tcount\texp_name\n00004096\t00000002\t00000007\t00000001\tion\n"
    found = parse_bufinfo(f"{text}\tAttached Devices:\nTotal 0 devices attached\n\n\nTotal 1 objects, 4096 bytes\n")
    assert (found.count, found.size, found.buffers, found.why_not) == (1, 4096, {}, "")
