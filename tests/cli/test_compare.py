"""``bringup compare`` and ``bringup report``: a comparison in each format, and what contradicts itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bringup.report import write_report
from bringup.report.load import load_document
from tests.support.command import bringup
from tests.support.report import compared, parsers


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    folder = tmp_path_factory.mktemp("pair")
    runs = (compared.recorded("arm64-6.12"), compared.recorded("arm64-debian"))
    before, after = (str(write_report(run, "json", folder / f"{n}.json")) for n, run in enumerate(runs))
    return before, after


def test_each_format_goes_to_stdout(pair: tuple[str, str]) -> None:
    done = bringup("compare", *pair, "--format", "md", "--fail-on-regression")
    assert done.returncode == 1
    assert done.stdout.startswith("## REGRESSED: `127.0.0.1:45661`\n")
    (suite,) = parsers.junit(bringup("compare", *pair, "-f", "junit").stdout)
    assert sum(case.outcome == "fail" for case in suite.cases) == 8
    as_json = bringup("compare", *pair, "--format", "json").stdout
    assert as_json == bringup("compare", *pair, "--json").stdout
    assert json.loads(as_json)["counts"]["regressed"] == 8


def test_a_page_is_written_and_read_back(pair: tuple[str, str], tmp_path: Path) -> None:
    page = tmp_path / "c.html"
    done = bringup("compare", *pair, "-o", str(page))
    assert (done.returncode, done.stdout) == (0, "")
    assert f"wrote {page}" in done.stderr
    assert load_document(page) == compared.regressed()
    again = bringup("report", str(page), "--format", "md")
    assert again.stdout.startswith("## REGRESSED")
    refused = bringup("compare", str(page), pair[1])
    assert refused.returncode == 2
    assert "a comparison of two runs, not a run" in refused.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--format", "csv"], "csv is for runs only"),
        (["--format", "nothing"], "there is no format 'nothing'"),
        (["--format", "html", "--json"], "--json and --format html"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(options: list[str], words: str) -> None:
    done = bringup("compare", "absent", "absent", *options)
    assert done.returncode == 2
    assert words in done.stderr
    assert "absent" not in done.stderr
