from __future__ import annotations

from pathlib import Path

import pytest

from bringup.lab.host import HostFact, examine_host


def facts() -> dict[str, HostFact]:
    return {fact.name: fact for fact in examine_host()}


def test_each_emulator_names_its_own_package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    found = facts()
    assert not found["qemu-system-x86_64"].ok
    assert found["qemu-system-x86_64"].hint.endswith(" qemu-system-x86")
    assert found["qemu-system-aarch64"].hint.endswith(" qemu-system-arm")
    assert "amd64" in found["qemu-system-x86_64"].needed_for
    assert "gcc-aarch64-linux-gnu" in found["kernel build"].hint


def test_without_an_adb_on_path_adbutils_own_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    adb = facts()["adb"]
    assert adb.ok
    assert "adbutils" in adb.seen


def test_the_adb_on_path_is_the_one_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    own = tmp_path / "adb"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert facts()["adb"].seen == str(own)


def test_what_every_board_needs_is_required_and_nothing_else() -> None:
    assert {name for name, fact in facts().items() if fact.required} == {"python", "test allocator", "adb"}


def test_a_cache_that_cannot_be_written_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRINGUP_CACHE", "/proc/nowhere")
    cache = facts()["cache folder"]
    assert not cache.ok
    assert "BRINGUP_CACHE" in cache.hint
