"""Strict readers of what the formats write, made for these tests; none shares code with the writers."""

from __future__ import annotations

import base64
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import html5lib
from markdown_it import MarkdownIt
from markdown_it.token import Token

from bringup.compare.runs import Comparison
from bringup.document import read_document
from bringup.results.run import Run
from bringup.results.verdict import Outcome

_X = "{http://www.w3.org/1999/xhtml}"
_S = "{http://www.w3.org/2000/svg}"

#: Every element that the page's templates write.
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "article", "footer", "div",
    "p", "span", "a", "b", "br", "time", "h1", "h2", "h3", "h4", "ul", "li", "dl", "dt", "dd", "table", "caption",
    "thead", "tbody", "tr", "th", "td", "code", "pre", "figure", "figcaption", "details", "summary", "script", "svg",
    "symbol", "use", "path", "circle", "rect", "g", "text", "polyline", "desc",
}  # fmt: skip


@dataclass
class Page:
    """What a browser's parser makes of the page."""

    tree: ET.Element
    elements: set[str] = field(default_factory=set)
    attributes: set[str] = field(default_factory=set)
    ids: list[str] = field(default_factory=list)
    hrefs: list[str] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    scripts: int = 0
    comments: int = 0
    text: str = ""
    run: Run | None = None
    comparison: Comparison | None = None


def page(text: str) -> Page:
    """Parse as HTML5 does; a parse error is an error here.

    But for noncharacters such as U+FDD0: browsers and XML take them, only a validator minds.
    """
    parser = html5lib.HTMLParser()
    tree = parser.parse(text)
    assert not [error for error in parser.errors if error[1] != "invalid-codepoint"]
    out = Page(tree=tree)
    for node in tree.iter():
        if not isinstance(node.tag, str):
            out.comments += 1
            continue
        name = re.sub(r"^{.*}", "", node.tag)
        out.elements.add(name)
        out.attributes |= set(node.attrib)
        if "id" in node.attrib:
            out.ids.append(node.attrib["id"])
        if name == "a":
            out.hrefs.append(node.attrib["href"])
        if re.fullmatch("h[1-6]", name):
            out.headings.append((int(name[1]), "".join(node.itertext())))
        if name == "script":
            out.scripts += 1
            body = node.text or ""
            packed = node.attrib.get("type") == "application/gzip"
            if node.attrib.get("id") == "bringup-run":
                out.run = read_document(gzip.decompress(base64.b64decode(body)) if packed else body, Run)
            elif node.attrib.get("id") == "bringup-comparison":
                document = gzip.decompress(base64.b64decode(body)) if packed else body
                out.comparison = read_document(document, Comparison)
    body_node = tree.find(f"{_X}body")
    out.text = "".join(_prose(body_node))
    return out


def _prose(node: ET.Element) -> Iterator[str]:
    if node.tag not in (f"{_X}script", f"{_X}style"):
        yield node.text or ""
        for child in node:
            yield from _prose(child)
            yield child.tail or ""


@dataclass
class Case:
    """A test case and what became of it."""

    name: str
    classname: str
    outcome: str
    message: str
    text: str


@dataclass
class Suite:
    """A test suite, its numbers checked against its cases."""

    name: str
    cases: list[Case]


def junit(text: str) -> list[Suite]:
    """Parse JUnit XML; the totals it states have to be true."""
    root = ET.fromstring(text)
    suites = [_suite(node) for node in root]
    for key, outcome in (("failures", "fail"), ("errors", "error")):
        assert int(root.attrib[key]) == sum(case.outcome == outcome for suite in suites for case in suite.cases)
    assert int(root.attrib["tests"]) == sum(len(suite.cases) for suite in suites)
    return suites


def _suite(node: ET.Element) -> Suite:
    cases = []
    for case in node.iter("testcase"):
        child = case[0] if len(case) else None
        words = {"failure": "fail", "error": "error", "skipped": "skip", "system-out": "pass"}
        outcome = words[child.tag] if child is not None else "pass"
        message, body = ("", "") if child is None else (child.get("message", ""), child.text or "")
        cases.append(Case(case.attrib["name"], case.attrib["classname"], outcome, message, body))
    for key, outcome in (("failures", "fail"), ("errors", "error"), ("skipped", "skip")):
        assert int(node.attrib[key]) == sum(case.outcome == outcome for case in cases)
    assert int(node.attrib["tests"]) == len(cases)
    return Suite(node.attrib["name"], cases)


#: How an outcome reads in KTAP: (ok, directive). A warning is ok.
KTAP_WORD = {
    Outcome.PASS: ("ok", ""),
    Outcome.WARN: ("ok", ""),
    Outcome.FAIL: ("not ok", ""),
    Outcome.ERROR: ("not ok", "ERROR"),
    Outcome.SKIP: ("ok", "SKIP"),
}
_RESULT = re.compile(r"(ok|not ok) ([1-9][0-9]*) ([^#\n]+?)(?: # ([A-Z]+)(?: ([^#\n]*))?)?")

Result = tuple[str, str]


def ktap(text: str) -> list[tuple[Result, list[Result]]]:
    """Parse KTAP version 1 of two levels; a line that is neither known nor a diagnostic is an error."""
    lines = text.removesuffix("\n").split("\n")
    boards = []
    for number in _planned(lines, ""):
        _diagnostics(lines, "")
        verdicts = [_result(lines, "  ", inner) for inner in _planned(lines, "  ")]
        boards.append((_result(lines, "", number), verdicts))
    _diagnostics(lines, "")
    assert not lines, f"more than the plan says: {lines[0]!r}"
    return boards


def _planned(lines: list[str], indent: str) -> range:
    """The numbers of the results that follow."""
    assert lines.pop(0) == f"{indent}KTAP version 1"
    while lines[0].startswith(f"{indent}# "):
        lines.pop(0)
    plan = re.fullmatch(rf"{indent}1\.\.([0-9]+)", lines.pop(0))
    assert plan, "no plan"
    return range(1, int(plan[1]) + 1)


def _result(lines: list[str], indent: str, number: int) -> Result:
    _diagnostics(lines, indent)
    line = lines.pop(0)
    assert line.startswith(indent)
    result = _RESULT.fullmatch(line.removeprefix(indent))
    assert result, f"not a result: {line!r}"
    assert int(result[2]) == number
    return result[1], result[4] or ""


def _diagnostics(lines: list[str], indent: str) -> None:
    while lines and lines[0].startswith(f"{indent}# "):
        assert not lines[0].startswith(f"{indent}# Subtest:"), "a fact was taken for a subtest's name"
        lines.pop(0)


@dataclass
class Marks:
    """What a Markdown parser finds."""

    links: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    html: set[str] = field(default_factory=set)
    emphasis: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    fences: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    tables: list[int] = field(default_factory=list)
    prose: str = ""


def markdown(text: str) -> Marks:
    """Parse CommonMark with tables, strike-through and autolinks, as GitHub does."""
    out = Marks()
    cells = 0
    for token in MarkdownIt("gfm-like", {"linkify": False}).parse(text):
        if token.type == "html_block":
            out.html.add(token.content.strip())
        elif token.type == "fence":
            out.fences.append(token.content)
        elif token.type == "tr_open":
            cells = 0
        elif token.type in ("td_open", "th_open"):
            cells += 1
        elif token.type == "tr_close":
            out.tables.append(cells)
        elif token.type == "heading_open":
            out.headings.append(token.tag)
        for child in token.children or ():
            _inline(child, out)
    return out


def _inline(child: Token, out: Marks) -> None:
    if child.type == "link_open":
        out.links.append(str(child.attrs["href"]))
    elif child.type == "image":
        out.images.append(str(child.attrs["src"]))
    elif child.type == "html_inline":
        out.html.add(child.content)
        out.prose += "\0"
    elif child.type == "code_inline":
        out.codes.append(child.content)
    elif child.type in ("em_open", "s_open"):
        out.emphasis.append(child.type)
    elif child.type == "text":
        out.prose += child.content
