"""Streams and scenarios: in a board config, and as the command line writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.config.extends import merge
from bringup.config.load import load_text
from bringup.config.stream_text import parse_scenario, parse_stream
from bringup.config.streams import make_stream
from bringup.errors import ConfigError, UsageError
from bringup.streams.layout import frame_of
from bringup.yaml_file import plain, read_text

CONFIG = """name: x
title: X
heaps:
  - {name: system, kind: system}
  - {name: video, kind: cma}
streams:
  - {name: preview, heap: video, buffers: 4, width: 1920, height: 1080, format: NV12}
  - {name: bitstream, heap: system, buffers: 2, size: 2 MiB}
scenarios:
  - {name: preview+record, streams: [preview, bitstream]}
"""


def test_a_board_config_has_streams() -> None:
    config = load_text(CONFIG.encode(), "x.yaml")
    assert [frame_of(make_stream(stream)).buffers for stream in config.streams] == [(3_110_400,), (2 << 20,)]
    assert config.scenarios[0].streams == ("preview", "bitstream")


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        ("format: NV12", "format: NV13", "NV13"),
        ("format: NV12", "format: NV12, rules: venux", "did you mean venus"),
        ("format: NV12", "format: YUYV, rules: venus", "not known for YUYV"),
        ("format: NV12", "format: NV12, stride: 1000", "takes 1920 bytes"),
        ("format: NV12", "format: NV12, lines: 1000", "less than height"),
        ("format: NV12", "format: NV12, size: 4 KiB", "size is all of a buffer"),
        (", format: NV12", "", "format is missing"),
        ("size: 2 MiB", "size: 2 TiB", "more than 1 TiB"),
        ("width: 1920", "width: 0", "0"),
        ("width: 1920", "width: 70000", "70000"),
        ("buffers: 4", "buffers: 5000", "5000"),
        ("heap: video, b", "heap: vidoe, b", "no heap 'vidoe'"),
        ("[preview, bitstream]", "[preview, still]", "no stream 'still'"),
        ("name: bitstream", "name: preview", "already the name"),
        ("format: NV12", "format: NV12, rules: venus, align: {width: 64}", "exclude each other"),
    ],
)
def test_what_does_not_fit_together_is_refused_at_its_place(before: str, after: str, seen: str) -> None:
    assert before in CONFIG
    with pytest.raises(ConfigError) as error:
        load_text(CONFIG.replace(before, after, 1).encode(), "x.yaml")
    assert seen in str(error.value) + error.value.hint
    assert error.value.line


def test_an_alignment_of_ones_own() -> None:
    text = CONFIG.replace("format: NV12", "format: NV12, align: {stride: 256, height: 32, plane: 4 KiB, extra: 12 KiB}")
    (preview, _) = load_text(text.encode(), "x.yaml").streams
    # 2048 * 1088 = 2228224 is 544 pages; 2048 * 544 = 1114112 is 272.
    assert frame_of(make_stream(preview)).buffers == (2_228_224 + 1_114_112 + 12_288,)


def test_a_stream_of_the_command_line() -> None:
    stream = parse_stream("preview=1920x1080:NV12:6:venus@video@50000000", 1)
    assert (stream.name, stream.buffers, stream.rules, stream.heap) == ("preview", 6, "venus", "video@50000000")
    assert frame_of(make_stream(stream)).buffers == (3 << 20,)


def test_what_is_left_out_has_a_usual_value() -> None:
    stream = parse_stream("640x480:yuyv", 3)
    assert (stream.name, stream.buffers, stream.heap) == ("stream3", 1, "system")
    assert frame_of(make_stream(parse_stream("2M:4", 1))).buffers == (2 << 20,)
    assert len(frame_of(make_stream(parse_stream("640x480:NV12:separate", 1))).buffers) == 2
    assert frame_of(make_stream(parse_stream("640x480:GREY:stride=1024:lines=512", 1))).buffers == (1024 * 512,)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", "neither"),
        ("1920:NV12", "not understood"),
        ("1920x1080", "no pixel format"),
        ("1920x1080:NV12:6:venux", "not understood"),
        ("1920x1080:NV99", "no such pixel format"),
        ("0x0:NV12", "width"),
        ("1920x1080:NV12:0", "buffers"),
        ("1920x1080:NV12:stride=1", "takes 1920 bytes"),
        ("9999999999999G:1", "64 bits"),
        ("2000G:1", "more than 1 TiB"),
        ("1920x1080:NV12@a/b", "not a path"),
    ],
)
def test_other_text_is_refused_with_what_is_wrong(text: str, seen: str) -> None:
    with pytest.raises(UsageError) as error:
        parse_stream(text, 1)
    assert seen in f"{error.value} {error.value.hint}"


@given(st.text(max_size=60))
def test_any_text_is_a_stream_or_refused(text: str) -> None:
    try:
        stream = parse_stream(text, 1)
    except UsageError:
        return
    assert sum(frame_of(make_stream(stream)).buffers) > 0


def test_a_scenario_of_the_command_line() -> None:
    assert parse_scenario("preview+record", ["preview", "record"]).name == "preview+record"
    named = parse_scenario("busy=preview,record,preview", ["preview", "record"])
    assert (named.name, named.streams) == ("busy", ("preview", "record", "preview"))
    with pytest.raises(UsageError, match="no stream is called 'still'"):
        parse_scenario("preview+still", ["preview"])


def test_a_config_that_extends_another_changes_a_stream_by_its_name() -> None:

    child = "streams:\n  - {name: preview, buffers: 9}\n  - {name: still, heap: video, buffers: 1, size: 4096}\n"
    merged = plain(merge(read_text(CONFIG.encode(), "x"), read_text(child.encode(), "y"), "x"))
    assert [(stream["name"], stream["buffers"]) for stream in merged["streams"]] == [
        ("preview", 9),
        ("bitstream", 2),
        ("still", 1),
    ]
