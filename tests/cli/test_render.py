"""``bringup render`` as a user starts it: one board, several, all; onto stdout, into folders, against a tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.config.shipped import list_configs, shipped_dir
from tests.support.command import bringup

BOARDS = list(list_configs([shipped_dir("device-configs")]))


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_one_fragment_goes_to_stdout(tmp_path: Path) -> None:
    done = bringup("render", "ueventd", "--board", "vim3", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == "/dev/dma_heap/linux,cma 0666 system graphics"


def test_all_boards_go_into_a_folder_each_in_one_process(tmp_path: Path) -> None:
    done = bringup("render", "all", "--all", "-o", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(BOARDS)
    assert {"vim3/vim3.config", "vim3/ueventd.vim3.rc", "rb5/Android.bp"} <= files(tmp_path / "out")
    done = bringup("render", "all", "--all", "--diff", str(tmp_path / "out"))
    assert (done.returncode, done.stdout) == (0, "")
    changed = tmp_path / "out/vim3/ueventd.vim3.rc"
    changed.write_text(changed.read_text().replace("0666", "0660"))
    done = bringup("render", "all", "--board", "vim3", "--board", "rb5", "--diff", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "-/dev/dma_heap/linux,cma 0660 system graphics" in done.stdout.splitlines()
    assert "+/dev/dma_heap/linux,cma 0666 system graphics" in done.stdout.splitlines()


def test_one_board_goes_into_the_folder_itself(tmp_path: Path) -> None:
    assert bringup("render", "all", "--board", "vim3", "--kernel", "5.10", "-o", str(tmp_path)).returncode == 0
    assert "vim3.config" in files(tmp_path)
    assert "for kernel 5.10" in (tmp_path / "vim3.config").read_text()


def test_several_boards_do_not_fit_on_stdout() -> None:
    done = bringup("render", "ueventd", "--board", "vim3", "--board", "rb5")
    assert done.returncode == 2
    assert "-o DIR" in done.stderr


def test_a_template_of_the_users_own_takes_the_shipped_ones_place(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    head = "{#---\nfragment: ueventd\ntitle: Mine\noutput: mine.{board}.rc\nlanguage: ueventd\n---#}\n"
    (tmp_path / "templates/ueventd.j2").write_text(
        head + "{% for node in nodes %}\n/dev/dma_heap/{{ node.name }} 0400 root root\n{% endfor %}\n"
    )
    done = bringup("render", "ueventd", "--board", "virtual-amd64", cwd=tmp_path)
    assert done.stdout == "/dev/dma_heap/system 0400 root root\n"
    (tmp_path / "templates/ueventd.j2").write_text(head + "{{ nodez }}\n")
    done = bringup("render", "ueventd", "--board", "virtual-amd64", cwd=tmp_path)
    assert done.returncode == 2
    assert "ueventd.j2:7: 'nodez' is undefined" in done.stderr


def test_the_list_shows_fragments_and_what_a_template_gets() -> None:
    done = bringup("render", "--list")
    assert done.returncode == 0
    for word in ("kconfig", "device-tree", "heap-map", "sheet", "nodes", "pools", "usage_rules", "policy"):
        assert any(line.split()[:1] == [word] for line in done.stdout.splitlines()), word


def test_a_file_that_a_person_wrote_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "ueventd.vim3.rc").write_text("mine\n")
    done = bringup("render", "all", "--board", "vim3", "-o", str(tmp_path))
    assert done.returncode == 2
    assert files(tmp_path) == {"ueventd.vim3.rc"}
    assert (tmp_path / "ueventd.vim3.rc").read_text() == "mine\n"


@pytest.mark.parametrize(
    "body",
    [
        "{% set x = namespace(text='a') %}{% for _ in range(40) %}{% set x.text = x.text ~ x.text %}{% endfor %}",
        "{{ ('a' | center(1000000000)) | comment }}",
        "{{ '%01000000000d' % 1 }}",
    ],
    ids=["doubled", "centred", "padded"],
)
def test_a_template_takes_no_more_than_its_share_of_memory(tmp_path: Path, body: str) -> None:
    head = '{#---\nfragment: greedy\ntitle: Greedy\noutput: "greedy.prop"\nlanguage: properties\n---'
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "greedy.j2").write_text(f"{head}#}}\n{body}\n")
    done = bringup("render", "greedy", "--board", "db845c", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "it takes more than 256 MiB of memory" in done.stderr
