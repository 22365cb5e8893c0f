"""A report format of the user's own: a template, by its path or by its name in the user's folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.errors import ConfigError, UsageError
from bringup.outcome import Outcome
from bringup.report import rendered, write_report
from bringup.results.run import BoardRun, Run
from bringup.results.verdict import Verdict
from tests.support.command import bringup

TEXT = "{% for board in boards %}\n{{ board.serial }} {{ board.outcome }}\n{% for v in board.verdicts %}\n{{ v.title }}\n{% endfor %}\n{% endfor %}\n"


def run(title: str = "It <works>") -> Run:
    verdict = Verdict("heap.folder", title, Outcome.PASS)
    return Run(boards=(BoardRun(serial="b1", verdicts=(verdict,)),), tool="0", started="2026-01-01T00:00:00Z")


def test_a_template_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "short.txt.j2").write_text(TEXT)
    assert rendered(run(), str(tmp_path / "short.txt.j2")) == "b1 pass\nIt <works>\n"
    (tmp_path / "page.html.j2").write_text("{{ boards[0].verdicts[0].title }}")
    assert rendered(run(), str(tmp_path / "page.html.j2")) == "It &lt;works&gt;", "what a board says is no markup"
    assert rendered(run("\x1b[31m"), str(tmp_path / "page.html.j2")) == "\\x1b[31m", "and no control character"


def test_a_template_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bringup" / "formats"
    folder.mkdir(parents=True)
    (folder / "short.txt.j2").write_text(TEXT)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert rendered(run(), "short").startswith("b1 pass")
    (folder / "json.txt.j2").write_text("no")
    assert rendered(run(), "json").startswith("{"), "bringup's own names stay what they are"
    with pytest.raises(UsageError, match="no format 'shrt'"):
        rendered(run(), "shrt")
    write_report(run(), "json", tmp_path / "run.json")
    done = bringup(
        "report", str(tmp_path / "run.json"), "--format", "short", environ={"XDG_CONFIG_HOME": str(tmp_path)}
    )
    assert done.stdout == "b1 pass\nIt <works>\n", done.stderr


@pytest.mark.parametrize(
    ("text", "line", "seen"),
    [
        ("a\n{% if %}\n", 2, "Expected an expression"),
        ("a\nb\n{{ bords }}\n", 3, "'bords' is undefined"),
        ("{{ run.__class__ }}", 1, "unsafe"),
        ("{% include '/etc/passwd' %}", 1, "/etc/passwd"),
        ("\n{{ 1 // 0 }}", 2, "division"),
    ],
)
def test_a_wrong_template_is_shown_with_its_line(tmp_path: Path, text: str, line: int, seen: str) -> None:
    (tmp_path / "wrong.j2").write_text(text)
    with pytest.raises(ConfigError) as caught:
        rendered(run(), str(tmp_path / "wrong.j2"))
    assert caught.value.line == line
    assert seen in str(caught.value)


def test_a_template_that_is_not_there() -> None:
    with pytest.raises(UsageError, match="no template"):
        rendered(run(), "/no/such.j2")
