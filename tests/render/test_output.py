"""Writing: whole files, never outside the folder, never over a person's file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bringup.errors import HostError, UsageError
from bringup.render.engine import MARK, Rendered
from bringup.render.output import Change, diff, write

TEXT = f"# {MARK} 1 from the board config x\nline\n"


def file(path: str = "a.rc", text: str = TEXT) -> Rendered:
    return Rendered(path, text, "demo")


def test_a_new_file_is_created_with_its_folders(tmp_path: Path) -> None:
    (done,) = write([file("deep/er/a.rc")], tmp_path / "out")
    assert done.change is Change.CREATED
    assert done.path.read_text() == TEXT
    assert [path.name for path in done.path.parent.iterdir()] == ["a.rc"]


def test_modes_follow_the_umask(tmp_path: Path) -> None:
    (done,) = write([file()], tmp_path)
    plain = tmp_path / "plain"
    plain.touch()
    assert done.path.stat().st_mode == plain.stat().st_mode


def test_the_same_text_is_left_alone(tmp_path: Path) -> None:
    (first,) = write([file()], tmp_path)
    os.utime(first.path, (1, 1))
    (second,) = write([file()], tmp_path)
    assert second.change is Change.SAME
    assert first.path.stat().st_mtime == 1


def test_an_own_file_is_updated(tmp_path: Path) -> None:
    write([file()], tmp_path)
    (done,) = write([file(text=TEXT + "more\n")], tmp_path)
    assert done.change is Change.UPDATED
    assert done.path.read_text().endswith("more\n")


def test_a_persons_file_is_kept_and_nothing_else_is_written(tmp_path: Path) -> None:
    (tmp_path / "b.rc").write_text("mine\n")
    with pytest.raises(UsageError, match="and bringup did not write it") as caught:
        write([file("a.rc"), file("b.rc")], tmp_path)
    assert "--force" in caught.value.hint
    assert not (tmp_path / "a.rc").exists()
    assert (tmp_path / "b.rc").read_text() == "mine\n"


def test_a_mark_far_down_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.rc").write_text("x" * 2000 + MARK)
    with pytest.raises(UsageError):
        write([file()], tmp_path)


def test_force_overwrites(tmp_path: Path) -> None:
    (tmp_path / "a.rc").write_text("mine\n")
    (done,) = write([file()], tmp_path, force=True)
    assert done.change is Change.UPDATED


@pytest.mark.parametrize("path", ["../a.rc", "x/../../a.rc", "/etc/a.rc", "..", "."])
def test_a_path_never_leads_out(tmp_path: Path, path: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UsageError, match="outside"):
        write([file(path)], tmp_path / "out", force=True)
    assert [one.name for one in tmp_path.iterdir()] == ["out"]


def test_a_linked_folder_never_leads_out(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/sub").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="outside"):
        write([file("sub/a.rc")], tmp_path / "out")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_or_folder_of_that_name_is_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "target").write_text(TEXT)
    (tmp_path / "a.rc").symlink_to("target")
    (tmp_path / "b.rc").mkdir()
    for name in ("a.rc", "b.rc"):
        with pytest.raises(UsageError, match="link or folder"):
            write([file(name, TEXT + "x")], tmp_path, force=True)
    assert (tmp_path / "target").read_text() == TEXT


def test_a_file_where_the_folder_has_to_be(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="out is not a folder"):
        write([file()], tmp_path / "out")


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write([file()], tmp_path)

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(HostError, match="No space left"):
        write([file(text=TEXT + "more")], tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["a.rc"]
    assert (tmp_path / "a.rc").read_text() == TEXT


def test_diff_is_empty_when_the_tree_agrees(tmp_path: Path) -> None:
    write([file()], tmp_path)
    assert list(diff([file()], tmp_path)) == []


def test_diff_compares_line_by_line(tmp_path: Path) -> None:
    write([file()], tmp_path)
    lines = list(diff([file(text=TEXT.replace("line", "other"))], tmp_path))
    assert "-line" in lines
    assert "+other" in lines
    assert lines[0] == f"--- {tmp_path / 'a.rc'}"


def test_diff_of_a_file_that_is_not_there(tmp_path: Path) -> None:
    lines = list(diff([file()], tmp_path))
    assert lines[0] == "--- /dev/null"
    assert "+line" in lines


def test_diff_shows_no_raw_control_characters(tmp_path: Path) -> None:
    (tmp_path / "a.rc").write_bytes(b"\x1b[31m\xff\n")
    assert not any("\x1b" in line for line in diff([file()], tmp_path))
