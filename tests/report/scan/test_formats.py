"""A scan in every format, each read by a reader that is not ours."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import html5lib
import jsonschema
import msgspec
import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from bringup.document import read_document
from bringup.report.annotations import annotation
from bringup.report.sarif import sarif_log
from bringup.report.scan import find_scan_format, scan_formats
from bringup.report.scan.text import planned, summary
from bringup.scan.accepted.baseline import compared
from bringup.scan.document import Hit, Scan
from bringup.scan.tree import scan_tree
from tests.support.report.sarif import results_of
from tests.support.scan.sample import vendor_tree

HOSTILE = "<script>alert(1)</script> `x` | @all \x1b[31m ::error:: =1+1"


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Scan:
    return scan_tree(vendor_tree(tmp_path_factory.mktemp("scan")))


@pytest.fixture(scope="module")
def hostile(scan: Scan) -> Scan:
    from bringup.text import visible

    text = visible(HOSTILE)
    hits = tuple(msgspec.structs.replace(hit, path=f"{text}/a b.c", text=text, word=text) for hit in scan.hits)
    return msgspec.structs.replace(scan, tree=text, hits=hits)


def rendered(scan: Scan, name: str) -> str:
    return find_scan_format(name).render(scan)


@pytest.mark.parametrize("name", scan_formats())
def test_no_format_writes_a_control_character(name: str, scan: Scan, hostile: Scan) -> None:
    for one in (scan, hostile):
        text = rendered(one, name)
        assert not [char for char in text if ord(char) < 32 and char not in "\n\t"]


def test_json_is_read_back(scan: Scan) -> None:
    assert read_document(rendered(scan, "json"), Scan) == scan


def test_sarif_fits_its_schema(scan: Scan, hostile: Scan) -> None:
    results = results_of(rendered(scan, "sarif"))
    assert [result["ruleId"] for result in results] == [hit.rule for hit in scan.hits]
    first = results[0]
    assert first["level"] == "error"
    region = first["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"]) == (scan.hits[0].line, scan.hits[0].column)
    assert len({result["partialFingerprints"]["bringup/v1"] for result in results}) == len(results)
    assert len(results_of(rendered(hostile, "sarif"))) == len(results)


def test_sarif_of_a_comparison(scan: Scan) -> None:
    suppressed = msgspec.structs.replace(scan.hits[1], suppressed="a reason")
    now = msgspec.structs.replace(scan, hits=(msgspec.structs.replace(scan.hits[0], fingerprint="0"), suppressed))
    results = results_of(rendered(compared(now, scan), "sarif"))
    assert [result["baselineState"] for result in results[:2]] == ["new", "unchanged"]
    assert results[1]["suppressions"] == [{"kind": "external", "justification": "a reason"}]
    assert {result["baselineState"] for result in results[2:]} == {"absent"}


def test_the_schema_can_fail() -> None:
    with pytest.raises(jsonschema.ValidationError):
        results_of(sarif_log([], []).replace('"2.1.0"', '"2.0.0"'))


def test_every_rule_of_sarif_has_help(scan: Scan) -> None:
    import json

    rules = json.loads(rendered(scan, "sarif"))["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == sorted(scan.rules)
    assert all("Source: " in rule["help"]["text"] for rule in rules)


def test_csv_has_a_line_per_use(scan: Scan, hostile: Scan) -> None:
    rows = list(csv.DictReader(io.StringIO(rendered(scan, "csv"))))
    assert [(row["path"], row["line"], row["word"]) for row in rows] == [
        (hit.path, str(hit.line), hit.word) for hit in scan.hits
    ]
    assert len(list(csv.DictReader(io.StringIO(rendered(hostile, "csv"))))) == len(rows)


def test_markdown_is_a_checklist(scan: Scan, hostile: Scan) -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(rendered(scan, "md"))
    boxes = [token for token in tokens if token.type == "inline" and token.content.startswith("[ ] ")]
    assert len(boxes) == sum(hit.is_left for hit in scan.hits)
    inner = [child.type for token in MarkdownIt().parse(rendered(hostile, "md")) for child in token.children or ()]
    assert "html_inline" not in inner
    assert "link_open" not in inner


def test_a_long_checklist_fits_an_issue(scan: Scan) -> None:
    hits = tuple(
        msgspec.structs.replace(scan.hits[0], component=f"part{number}", path=f"part{number}/x.c")
        for number in range(2000)
    )
    components = tuple(msgspec.structs.replace(scan.components[0], name=f"part{number}") for number in range(2000))
    text = rendered(msgspec.structs.replace(scan, hits=hits, components=components), "md")
    assert len(text) < 65_536
    assert "does not fit here" in text


@pytest.mark.parametrize("kind", ["scan", "hostile"])
def test_the_page_is_html(kind: str, request: pytest.FixtureRequest) -> None:
    document = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(
        rendered(request.getfixturevalue(kind), "html")
    )
    assert len(document.findall(".//script")) == 2
    assert document.find(".//h1") is not None


def test_annotations(scan: Scan) -> None:
    lines = rendered(scan, "github").splitlines()
    assert len(lines) == sum(hit.is_left or not hit.ion for hit in scan.hits) + 1
    assert all(line.startswith(("::error file=", "::warning file=")) for line in lines)
    text = annotation("error", "a: b, c", "one\ntwo 100%", path="x,y.c", line=3)
    assert text == "::error file=x%2Cy.c,line=3,title=a%3A b%2C c::one%0Atwo 100%25"


def test_the_plan_has_the_heap_of_each_combination_and_the_domains(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(
        "int f(void) { return ion_alloc_fd(a, b, 0, ION_HEAP_SYSTEM_MASK, ION_FLAG_CACHED, &c); }\n"
    )
    (tmp_path / "hal_y.te").write_text("allow hal_y ion_device:chr_file rw_file_perms;\n")
    (tmp_path / "hal_x.te").write_text(
        "allow hal_x ion_device:chr_file rw_file_perms;\nallow hal_x dmabuf_system_heap_device:chr_file r_file_perms;\n"
    )
    (tmp_path / "OWNERS").write_text("# who\nsomebody@localhost\n")
    lines = list(planned(scan_tree(tmp_path)))
    assert "   ION_HEAP_SYSTEM_MASK ION_FLAG_CACHED → system (1 line)" in " \n".join(lines)
    assert "5. SELinux: a rule for the heap, per domain: 1 left, 1 done" in lines
    assert "   hal_y has ion_device and no rule for a heap (1 line)" in lines
    assert "   who: somebody@localhost (1)" in lines


def test_the_summary_says_what_of_it_is_in_tests_and_what_comes_next(tmp_path: Path) -> None:
    for name in ("a.c", "test/b.c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("int fd = ion_open();\n")
    first, *_, last = summary(scan_tree(tmp_path))
    assert first == "2 uses of ION to do in 2 files, 1 of them in tests; 2 files searched"
    assert "--plan" in last
    assert "--patch DIR" in last
    for name in ("a.c", "test/b.c"):
        (tmp_path / name).write_text("int fd = ion_open(); // bringup: ok factory image\n")
    *_, last = summary(scan_tree(tmp_path))
    assert last == "--all prints every line"


def test_a_line_is_one_use_however_many_words_it_has(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text(
        "int f(void) { return ion_alloc(ION_HEAP_SYSTEM_MASK, ION_FLAG_CACHED, ion_open()); }\n"
    )
    scan = scan_tree(tmp_path)
    assert len(scan.hits) == 4
    assert next(summary(scan)) == "1 use of ION to do in 1 file; 1 file searched"
    assert [(part.to_do, part.test) for part in scan.components] == [(1, 0)]
    half = replace(scan, hits=(scan.hits[0], *(replace(hit, status="moved") for hit in scan.hits[1:])))
    assert next(summary(half)) == "1 use of ION to do in 1 file; 1 file searched"


HIT = Hit(path="a.c", line=1, rule="ion.open", text="x", replacement="y", ion=True)


@pytest.mark.parametrize(("status", "is_left"), [("to do", True), ("test", True), ("moved", False), ("frozen", False)])
def test_what_is_left(status: str, is_left: bool) -> None:
    assert replace(HIT, status=status).is_left == is_left
    assert not replace(HIT, status=status, suppressed="why").is_left
    assert not replace(HIT, status=status, ion=False).is_left
