"""``bringup status``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from bringup.cli.entry import main
from tests.support.kernel.modules import CALLS, module
from tests.support.scripted_record import ScriptedBoard


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["bringup", "status", *arguments])
    with pytest.raises(SystemExit) as stop:
        main()
    assert isinstance(stop.value.code, int)
    return stop.value.code


def test_life_spans(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch) == 0
    assert "since 5.6" in capsys.readouterr().out


def test_one_kernel(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--kernel", "6.12", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["schema"], told["kernel"]) == ("bringup.status/1", "6.12")
    states = {one["id"]: one["mainline"]["state"] for one in told["features"]}
    assert (states["framework"], states["modules"], states["ion"]) == ("yes", "not yet", "removed")


def test_a_board_config(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "--board", "pixel6pro") == 0
    assert "system-uncached" in capsys.readouterr().out


def test_a_record(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    board = ScriptedBoard(config=None)
    board.heaps["mtk_mm"] = {}
    folder = board.record(tmp_path).folder
    assert run(monkeypatch, "--record", str(folder)) == 0
    out = capsys.readouterr().out
    assert "MediaTek" in out
    assert "not known: which options" in out
    assert run(monkeypatch, "--record", str(folder), "--json") == 0
    assert json.loads(capsys.readouterr().out)["upstream_gap"]["dependencies"][0]["name"] == "mtk_mm"


@pytest.mark.skipif(shutil.which("cc") is None, reason="cc is not installed (Debian: gcc)")
def test_modules_of_a_build(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    module(tmp_path / "isp.ko", CALLS)
    assert run(monkeypatch, "--modules", str(tmp_path), "--json") == 0
    names = [one["name"] for one in json.loads(capsys.readouterr().out)["upstream_gap"]["dependencies"]]
    assert names == ["dma_heap_find", "dma_heap_buffer_alloc"]
    assert run(monkeypatch, "--modules", str(tmp_path), "--board", "db845c") == 0
    assert "called by isp" in capsys.readouterr().out


def test_a_kernel_newer_than_what_was_read(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "200")  # each feature has one line
    assert run(monkeypatch, "--kernel", "9.1", "--board", "pixel6pro") == 0
    printed = capsys.readouterr().out
    assert "no source newer than 7.3 was read" in printed
    features = printed.partition("no source")[0].splitlines()[2:]
    assert all("not known" in line and "yes" not in line and "removed" not in line for line in features)


@pytest.mark.parametrize(
    "wrong",
    [["--kernel", "six"], ["--board", "none-such"], ["--record", "/nonexistent"], ["--record", ".", "--kernel", "6.1"]],
)
def test_wrong_usage(wrong: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, *wrong) == 2
    assert "bringup:" in capsys.readouterr().err
