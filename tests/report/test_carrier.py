"""The document inside an HTML report: found among whatever else a page has, and bounded."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from bringup.errors import RecordError
from bringup.report import find_format, load
from bringup.report.load import load_report
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Outcome, Verdict

RUN = Run(tool="0", started="", boards=(BoardRun(serial="a", verdicts=(Verdict("x", "t", Outcome.PASS),)),))


def test_a_page_gives_its_run_back(tmp_path: Path) -> None:
    page = find_format("html").render(RUN)
    (tmp_path / "x.html").write_text("<script>/* <script */</script>" + page.replace("<!DOCTYPE html>", ""))
    assert load_report(tmp_path / "x.html") == RUN


@pytest.mark.parametrize(
    "page",
    [
        b"<script " * 100_000,
        b"<script>" * 100_000,
        b"<script id=bringup-run " * 50_000,
        b'<script id="bringup-run">' * 50_000,
        b'<script id="bringup-run"',
        b"<p>",
    ],
    ids=["no end", "many", "many that are named", "many without an end", "cut", "none"],
)
def test_a_page_without_a_run_is_refused(tmp_path: Path, page: bytes) -> None:
    (tmp_path / "x.html").write_bytes(page)
    with pytest.raises(RecordError, match="the page holds no run"):
        load_report(tmp_path / "x.html")


def test_what_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "_MOST", 1 << 20)
    packed = base64.b64encode(gzip.compress(b"x" * ((1 << 20) + 1)))
    (tmp_path / "x.html").write_bytes(b'<script type="application/gzip" id="bringup-run">' + packed + b"</script>")
    with pytest.raises(RecordError, match="unpacks to more than 1 MiB"):
        load_report(tmp_path / "x.html")


@pytest.mark.parametrize("name", ["html", "lava"])
def test_equal_names_are_distinguished(name: str) -> None:
    """In as many steps as there are names: a board may send one a thousand times."""
    verdicts = tuple(Verdict("x", "t", Outcome.PASS) for _ in range(5000))
    text = find_format(name).render(Run(tool="0", started="", boards=(BoardRun(serial="a", verdicts=verdicts),)))
    assert ("x~5000" if name == "html" else "TEST_CASE_ID=x_5000 ") in text
