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
