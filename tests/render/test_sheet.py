"""The Markdown sheet, read by a CommonMark parser."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bringup.config.load import load_text
from bringup.render.engine import Rendered, render
from bringup.render.language import LANGUAGES, Refused, one_line
from tests.support.render.shipped import TEMPLATES, config, every_board


def parse(text: str) -> list[Token]:
    return MarkdownIt("gfm-like", {"linkify": False}).parse(text)


def plain(tokens: list[Token]) -> list[str]:
    """The text of each inline block, mark-up gone."""
    return ["".join(child.content for child in token.children or []) for token in tokens if token.type == "inline"]


def sheet(text: str) -> str:
    (done,) = render("sheet", load_text(text.encode(), "x"), kernel="6.12", dirs=TEMPLATES)
    assert isinstance(done, Rendered)
    return done.text


@every_board
def test_every_boards_sheet_names_all_heaps_and_sources(name: str) -> None:
    board = config(name)
    (done,) = render("sheet", board, kernel="7.3", dirs=TEMPLATES)
    assert isinstance(done, Rendered)
    tokens = parse(done.text)
    lines = plain(tokens)
    assert board.title in lines
    for heap in board.heaps:
        if heap.names_on("7.3"):
            assert heap.names_on("7.3")[0] in lines
    used = {ref for _, block in board.blocks() for refs in block.source.values() for ref in refs}
    for key in used:
        assert one_line(board.sources[key]) in lines
    kinds = {token.type for token in tokens}
    assert kinds <= {
        "html_block", "heading_open", "heading_close", "inline", "paragraph_open", "paragraph_close", "list_item_open",
        "bullet_list_open", "bullet_list_close", "list_item_close", "ordered_list_open", "ordered_list_close",
    }  # fmt: skip


def test_numbers_lead_to_the_right_source() -> None:
    text = sheet(
        "name: x\ntitle: X\nsources: {b: book, a: atlas}\nsoc: {name: N, vendor: V, source: {name: a, vendor: [a, b]}}\n"
    )
    assert "- SoC: N [2]\n- SoC vendor: V [1, 2]\n" in text
    assert text.endswith("## Sources\n\n1. book\n2. atlas\n")


def test_a_fact_without_a_source_has_no_number() -> None:
    assert "- SoC: N\n" in sheet("name: x\ntitle: X\nsoc: {name: N}\n")
    assert "The config names none.\n" in sheet("name: x\ntitle: X\n")


NASTY = ["*a*", "_a_", "a_b", "__a__", "`a`", "``", "`", "[a](b)", "![a](b)", "<b>", "&amp;", "&", "\\*", "\\", "# a", "a # b",
         "- a", "+ a", "1. a", "1) a", "12.", "6.12", "> a", "~~a~~", "|a|b|", "=", "---", "***", "a*b*c", "a  b", "http://x.y"]  # fmt: skip
words = st.one_of(
    st.sampled_from(NASTY), st.text(alphabet="*_`[]()<>&\\#-+.!|~=1a \t", max_size=20), st.text(max_size=20)
)


@given(words)
def test_text_is_read_back_equal(value: str) -> None:
    wanted = one_line(value)
    for before in ("- ", "", "- x: "):
        lines = plain(parse(before + LANGUAGES["markdown"].bare(value) + "\n"))
        assert "".join(lines) == before[2:] + wanted if wanted else True


@given(words)
def test_code_is_read_back_equal_or_refused(value: str) -> None:
    try:
        code = LANGUAGES["markdown"].filters["code"](value)
    except Refused:
        refused = True
    else:
        refused = False
        assert plain(parse(f"a {code} b\n")) == [f"a {value} b"]
    assert refused == (not value or value != one_line(value))
