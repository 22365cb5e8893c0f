"""Names of pixel formats, and layouts that a stream gives itself."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.streams.layout import Stream, frame_of
from bringup.streams.pixel_format import find_format, format_names
from bringup.streams.stride_rules import PACKED, StrideRules, find_rules, rule_names


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("NV12", "NV12"),
        ("nv12", "NV12"),
        ("DRM_FORMAT_NV12", "NV12"),
        ("V4L2_PIX_FMT_NV12M", "NV12M"),
        ("NM12", "NV12M"),
        ("XR24", "XBGR32"),
        ("DRM_FORMAT_XRGB8888", "XBGR32"),
        ("pRAA", "SRGGB10P"),
        ("pgAA", "SGRBG10P"),
        ("pGAA", "SGBRG10P"),
        ("YU12", "YUV420"),
        ("BG10", "SBGGR10"),
    ],
)
def test_a_format_has_the_names_of_both(name: str, known_as: str) -> None:
    pixels = find_format(name)
    assert pixels is not None
    assert pixels.name == known_as


@pytest.mark.parametrize("name", ["", "NV13", "DRM_FORMAT_", "H264"])
def test_other_names_are_not_known(name: str) -> None:
    assert find_format(name) is None


def stream(name: str, width: int, height: int, rules: StrideRules = PACKED) -> Stream:
    return Stream(name="x", heap="h", buffers=1, pixels=find_format(name), width=width, height=height, rules=rules)


def test_a_given_stride_holds_for_the_other_planes_in_proportion() -> None:
    nv12 = frame_of(replace(stream("NV12", 1920, 1080), stride=2048, lines=1088))
    assert [(plane.stride, plane.lines) for plane in nv12.planes] == [(2048, 1088), (2048, 544)]
    yuv = frame_of(replace(stream("YUV420", 1920, 1080), stride=2048))
    assert [(plane.stride, plane.lines) for plane in yuv.planes] == [(2048, 1080), (1024, 540), (1024, 540)]


def test_planes_of_their_own_are_buffers_of_their_own() -> None:
    assert frame_of(stream("NV12", 640, 480)).buffers == (460_800,)
    assert frame_of(stream("NV12M", 640, 480)).buffers == (307_200, 153_600)


def test_odd_sizes_are_rounded_up() -> None:
    assert frame_of(stream("NV12", 641, 481)).buffers == (641 * 481 + 642 * 241,)
    assert frame_of(stream("SRGGB10P", 10, 1)).buffers == (15,)


@given(st.sampled_from(format_names()), st.integers(1, 5000), st.integers(1, 5000), st.sampled_from(rule_names()))
def test_no_rules_make_a_frame_smaller(name: str, width: int, height: int, rules: str) -> None:
    pixels = find_format(name)
    assert pixels is not None
    found = find_rules(rules, pixels.name)
    if found is not None:
        padded, packed = frame_of(stream(name, width, height, found)), frame_of(stream(name, width, height))
        assert all(more.bytes >= less.bytes for more, less in zip(padded.planes, packed.planes, strict=True))
        assert sum(padded.buffers) >= sum(packed.buffers)


@given(st.sampled_from(format_names()), st.integers(1, 200), st.integers(1, 200))
def test_a_larger_frame_takes_no_less(name: str, width: int, height: int) -> None:
    size = sum(frame_of(stream(name, width, height)).buffers)
    assert 0 < size <= sum(frame_of(stream(name, width + 1, height)).buffers)
    assert size <= sum(frame_of(stream(name, width, height + 1)).buffers)
