from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded
from bringup.virtual import find_image, find_profile
from bringup.virtual.cleaning import clean
from bringup.virtual.image import _recipe
from bringup.virtual.locks import locked

AMD64 = find_profile("amd64")


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the image that amd64 uses, two that nothing uses, a kernel that nothing uses, and sources."""
    monkeypatch.setenv("BRINGUP_CACHE", str(tmp_path))
    root = tmp_path / "virtual"
    for folder in (f"images/amd64-{_recipe(AMD64)}", "images/amd64-0123456789abcdef", "images/gone-0123456789abcdef"):
        (root / folder).mkdir(parents=True)
        (root / folder / "manifest.json").write_text('{"release": "6.12"}')
    (root / "kernels/linux-source-6.12_6.12.1-1_gcc-1_0123456789abcdef").mkdir(parents=True)
    (root / "sources/linux").mkdir(parents=True)
    (root / "sources/linux/Kconfig").write_bytes(bytes(100))
    return root


def test_what_a_profile_uses_stays(own_cache: Path) -> None:
    removed = clean(Deadline.after(60))
    assert [one.path.name for one in removed] == [
        "amd64-0123456789abcdef",
        "gone-0123456789abcdef",
        "linux-source-6.12_6.12.1-1_gcc-1_0123456789abcdef",
    ]
    assert not any(one.path.exists() for one in removed)
    assert find_image(AMD64) is not None
    assert (own_cache / "sources/linux/Kconfig").exists()
    assert clean(Deadline.after(60)) == []


def test_everything_is_everything(own_cache: Path) -> None:
    removed = {one.path.name: one.size for one in clean(Deadline.after(60), everything=True)}
    assert set(removed) == {"images", "kernels", "sources"}
    assert removed["sources"] == 100
    assert find_image(AMD64) is None


def test_a_link_out_of_the_cache_is_not_followed(own_cache: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("precious")
    (own_cache / "images/gone-0123456789abcdef/link").symlink_to(kept)
    clean(Deadline.after(60), everything=True)
    assert (kept / "file").read_text() == "precious"


def test_a_profile_being_set_up_is_waited_for(own_cache: Path) -> None:
    with (
        locked(own_cache / "amd64.lock", Deadline.after(60), "set up"),
        pytest.raises(DeadlineExceeded, match="clean the cache"),
    ):
        clean(Deadline.after(0.2))
    assert (own_cache / "images/gone-0123456789abcdef").is_dir()


def test_the_command_says_what_it_freed(own_cache: Path) -> None:
    shutil.rmtree(own_cache / "kernels")
    command = [sys.executable, "-m", "bringup", "virtual", "clean"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, check=True)
    assert done.stderr == "removed 2 folders, 38 B\n"
