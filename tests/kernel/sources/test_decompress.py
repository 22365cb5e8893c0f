"""Packed bytes: each format whole, cut short, damaged, followed by other bytes, and larger than allowed."""

from __future__ import annotations

import contextlib
import gzip
import importlib
import os
import shutil
import subprocess
import tracemalloc
from collections.abc import Callable
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.errors import ConfigError, HostError
from bringup.kernel.sources.decompress import Compression, Limit, compression_of, decompress, unpack
from bringup.zstd import zstd
from tests.support.kernel.images import PACKERS

DATA = bytes(range(256)) * 4096 + os.urandom(100_000)
BIG = 1 << 30


@pytest.mark.parametrize("name", PACKERS)
def test_each_format_is_recognised_and_unpacked(name: str) -> None:
    packed = PACKERS[name](DATA)
    assert compression_of(packed) is Compression(name)
    assert decompress(packed, "x", limit=BIG) == DATA


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("kept", [0.5, 0.9, 1])
def test_what_is_cut_short_says_so(name: str, kept: float) -> None:
    packed = PACKERS[name](DATA)
    cut = packed[: int(len(packed) * kept) - 1]
    with pytest.raises(ConfigError, match=r"cut short|damaged"):
        decompress(cut, "boot.img", limit=BIG)


@pytest.mark.parametrize("name", PACKERS)
def test_what_follows_is_left_alone(name: str) -> None:
    assert decompress(PACKERS[name](DATA) + b"\0" * 5000 + b"appended", "x", limit=BIG) == DATA


@pytest.mark.parametrize("name", PACKERS)
def test_a_damaged_middle_is_noticed_or_unpacks_to_something_else(name: str) -> None:
    packed = bytearray(PACKERS[name](DATA))
    packed[len(packed) // 2] ^= 0xFF
    with contextlib.suppress(ConfigError):
        assert decompress(bytes(packed), "x", limit=BIG) != DATA


@pytest.mark.parametrize("name", PACKERS)
def test_a_bomb_is_refused_without_being_swallowed(name: str) -> None:
    bomb = PACKERS[name](bytes(256 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(Limit, match="unpacks to more than 16 MiB"):
            decompress(bomb, "x", limit=16 << 20)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 80 << 20, f"{peak >> 20} MiB"


def test_pieces_are_small_whatever_the_whole() -> None:
    packed = gzip.compress(bytes(64 << 20), 1)
    assert max(len(piece) for piece in unpack(packed, "x", limit=BIG)) <= 1 << 20


def test_several_lz4_files_behind_each_other_are_one() -> None:
    packed = PACKERS["lz4"](b"first") + PACKERS["lz4"](b"second")
    assert decompress(packed, "x", limit=BIG) == b"firstsecond"


@pytest.mark.parametrize("checksum", [True, False])
@pytest.mark.parametrize("size", [True, False])
def test_zstd_with_and_without_size_and_checksum(checksum: bool, size: bool) -> None:
    options: dict[int, int] = {
        zstd.CompressionParameter.checksum_flag: checksum,
        zstd.CompressionParameter.content_size_flag: size,
    }
    packed = zstd.compress(DATA, options=options)
    assert decompress(packed + b"more", "x", limit=BIG) == DATA
    with pytest.raises(ConfigError, match="cut short"):
        decompress(packed[:-1], "x", limit=BIG)


def test_a_zstd_window_larger_than_any_kernels_is_refused() -> None:
    stream = zstd.ZstdCompressor(options={zstd.CompressionParameter.window_log: 28})
    packed = stream.compress(bytes(1 << 20)) + stream.flush()
    with pytest.raises(ConfigError, match="damaged"):
        decompress(packed, "x", limit=BIG)


@pytest.mark.skipif(shutil.which("lzop") is None, reason="lzop is not installed")
def test_lzop_files() -> None:
    pytest.importorskip("lzo", reason="python-lzo is not installed")
    packed = subprocess.run(["lzop", "-c"], input=DATA, stdout=subprocess.PIPE, check=True).stdout
    assert compression_of(packed) is Compression.LZO
    assert decompress(packed + b"more", "x", limit=BIG) == DATA
    for cut in (packed[:20], packed[:-1], packed[: len(packed) // 2]):
        with pytest.raises(ConfigError, match=r"cut short|damaged"):
            decompress(cut, "x", limit=BIG)


@pytest.mark.parametrize(("module", "data"), [("lz4.block", PACKERS["lz4"](b"x"))])
def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch, module: str, data: bytes) -> None:
    real = importlib.import_module

    def refuse(name: str, package: str | None = None) -> ModuleType:
        if name.split(".", maxsplit=1)[0] == module.split(".", maxsplit=1)[0]:
            raise ImportError(name)
        return real(name, package)

    monkeypatch.setattr("importlib.import_module", refuse)
    with pytest.raises(HostError) as error:
        decompress(data, "boot.img", limit=BIG)
    assert "pip install 'bringup[images]'" in error.value.hint


def test_what_is_not_packed_is_refused() -> None:
    with pytest.raises(ConfigError, match="not compressed in a known way"):
        decompress(b"CONFIG_A=y\n", "x", limit=BIG)


_small = st.binary(max_size=2000)


@given(_small, st.sampled_from(list(PACKERS)))
def test_any_bytes_survive(data: bytes, name: str) -> None:
    pack: Callable[[bytes], bytes] = PACKERS[name]
    assert decompress(pack(data), "x", limit=BIG) == data


@given(st.sampled_from(list(Compression)), _small)
def test_any_bytes_behind_a_magic_are_unpacked_or_refused(kind: Compression, data: bytes) -> None:
    if kind is Compression.LZO:
        pytest.importorskip("lzo", reason="python-lzo is not installed")
    with contextlib.suppress(ConfigError):
        assert len(decompress(data, "x", limit=1 << 20, kind=kind)) <= 1 << 20
