"""Templates are found by being there; a wrong head is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.config.shipped import shipped_dir
from bringup.errors import ConfigError
from bringup.render.fragments import fragments

HEAD = "{#---\nfragment: demo\ntitle: A demo\noutput: demo.txt\nlanguage: ueventd\n---#}\n"


def put(folder: Path, name: str, text: str = HEAD) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


def test_the_shipped_fragments() -> None:
    found = {fragment.id: fragment for fragment in fragments([shipped_dir("templates")])}
    assert {"kconfig", "ueventd", "heap-map"} <= set(found)
    assert [part.output for part in found["heap-map"].templates] == [
        "heap_map.cpp",
        "heap_map.h",
        "heap_table.c",
        "heap_table.h",
    ]
    assert all(fragment.title for fragment in found.values())


def test_a_new_template_is_one_new_file(tmp_path: Path) -> None:
    put(tmp_path, "demo.j2", HEAD + "hello\n")
    ids = [fragment.id for fragment in fragments([tmp_path, shipped_dir("templates")])]
    assert "demo" in ids
    assert "kconfig" in ids


def test_the_first_folder_wins_by_file_name(tmp_path: Path) -> None:
    first, second = put(tmp_path / "a", "x.j2"), put(tmp_path / "b", "x.j2", HEAD.replace("A demo", "Other"))
    assert fragments([first, second])[0].title == "A demo"
    assert fragments([second, first])[0].title == "Other"


def test_files_that_are_no_templates_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path, "_part.j2", "no head")
    put(tmp_path, "notes.txt", "no head")
    assert fragments([tmp_path]) == ()


def test_no_folder_no_fragments(tmp_path: Path) -> None:
    assert fragments([]) == ()
    assert fragments([tmp_path / "none"]) == ()


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("hello", ":1:1", "the template's head is missing"),
        ("{#---\nfragment: demo\n", ":1:1", "the template's head is missing"),
        (HEAD.replace("title: A demo\n", ""), ":1:1", "the template's head lacks 'title'"),
        (HEAD.replace("title:", "titel: x\ntitle:"), ":3:1", "unknown key 'titel'"),
        (HEAD.replace("demo.txt", "3"), ":4:9", "'output' must be text"),
        (HEAD.replace("ueventd", "uevent"), ":5:11", "unknown language 'uevent'"),
        (HEAD.replace("fragment: demo", "fragment: De mo"), ":2:11", "lower-case letters"),
        (HEAD.replace("demo.txt", "../x"), ":4:9", "must be a path below the output folder"),
        (HEAD.replace("demo.txt", "/etc/x"), ":4:9", "must be a path below the output folder"),
        (HEAD.replace("title: A demo", "title: [a"), ":4:", "expected"),
    ],
    ids=lambda value: value[:30].replace("\n", " "),
)
def test_a_wrong_head_is_reported_with_its_place(tmp_path: Path, text: str, place: str, message: str) -> None:
    put(tmp_path, "x.j2", text)
    with pytest.raises(ConfigError) as caught:
        fragments([tmp_path])
    assert f"x.j2{place}" in str(caught.value)
    assert message in str(caught.value)


def test_bytes_that_are_not_text_are_reported(tmp_path: Path) -> None:
    (tmp_path / "x.j2").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        fragments([tmp_path])


def test_a_huge_template_is_refused(tmp_path: Path) -> None:
    put(tmp_path, "x.j2", HEAD + "x" * (300 << 10))
    with pytest.raises(ConfigError, match="256 KiB"):
        fragments([tmp_path])
