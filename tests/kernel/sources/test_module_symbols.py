"""Modules that allocate from heaps inside the kernel, told by real relocatable ELF files."""

from __future__ import annotations

import gzip
import lzma
import shutil
from pathlib import Path

import pytest

from bringup.errors import ConfigError
from bringup.kernel.history.gap import Used, upstream_gap
from bringup.kernel.history.upstream import Origin
from bringup.kernel.sources import module_symbols
from bringup.kernel.sources.module_symbols import heap_users
from tests.support.kernel.modules import CALLS, module

ONLY_ADDS = 'void *dma_heap_add(void *);\nconst char *s = "no dma_heap_find here";\nvoid f(void) { dma_heap_add(0); }\n'


@pytest.mark.skipif(shutil.which("cc") is None, reason="cc is not installed (Debian: gcc)")
def test_what_modules_import(tmp_path: Path) -> None:
    camera = module(tmp_path / "vendor/camera-isp.ko", CALLS)
    module(tmp_path / "system_heap.ko", ONLY_ADDS)
    (tmp_path / "vendor/video.ko.gz").write_bytes(gzip.compress(camera.read_bytes()))
    (tmp_path / "vendor/audio.ko.xz").write_bytes(lzma.compress(camera.read_bytes()))
    users = heap_users(tmp_path)
    three = ("audio", "camera_isp", "video")
    assert users == {"dma_heap_find": three, "dma_heap_buffer_alloc": three}
    gap = upstream_gap(Used(None, interfaces={name: ", ".join(who) for name, who in users.items()}))
    assert {one.standing for one in gap.dependencies} == {Origin.ANDROID}
    assert "audio, camera_isp, video" in gap.dependencies[0].seen


def test_what_is_no_module(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no kernel module"):
        heap_users(tmp_path)
    (tmp_path / "a.ko").write_text("#!/bin/sh\n")
    with pytest.raises(ConfigError, match="is no kernel module"):
        heap_users(tmp_path)
    (tmp_path / "a.ko").unlink()
    (tmp_path / "b.ko.gz").write_bytes(gzip.compress(b"\x7fELF" * 9)[:-9])
    with pytest.raises(ConfigError, match="cut short"):
        heap_users(tmp_path)


def test_what_is_too_much_or_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "folder.ko").mkdir()
    with pytest.raises(ConfigError, match="holds no kernel module"):
        heap_users(tmp_path)
    for name in ("a.ko", "b.ko"):
        (tmp_path / name).write_bytes(b"\x7fELF\0dma_heap_find\0")
    assert heap_users(tmp_path) == {"dma_heap_find": ("a", "b")}
    monkeypatch.setattr(module_symbols, "_LARGEST", 5)
    with pytest.raises(ConfigError, match="no kernel module"):
        heap_users(tmp_path)
    monkeypatch.setattr(module_symbols, "_MOST", 2)
    with pytest.raises(ConfigError, match="holds more than 2 modules"):
        heap_users(tmp_path)
