"""The layout of a frame in memory: strides, lines and bytes of its planes, and the buffers that it takes."""

from __future__ import annotations

from dataclasses import dataclass

from bringup.streams.pixel_format import PixelFormat
from bringup.streams.stride_rules import PACKED, StrideRules

__all__ = ["Frame", "FramePlane", "Stream", "frame_of", "round_up"]

_MACROBLOCK = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """A queue of buffers of one kind.

    :param heap: the name of the heap that gives them.
    :param buffers: how many frames there are at a time.
    :param pixels: their format; ``None``: each buffer has ``size`` bytes, such as a codec's compressed data.
    :param width: in pixels; ``height``: in lines.
    :param stride: bytes of the first plane's row, where the driver says so itself (V4L2's bytesperline).
    :param lines: of the first plane, likewise.
    :param is_separate: each plane is a buffer of its own.
    """

    name: str
    heap: str
    buffers: int
    pixels: PixelFormat | None = None
    width: int = 0
    height: int = 0
    rules: StrideRules = PACKED
    stride: int | None = None
    lines: int | None = None
    is_separate: bool = False
    size: int = 0


@dataclass(frozen=True, slots=True)
class FramePlane:
    """A plane in memory: bytes of a row, rows, and bytes of all of it."""

    stride: int
    lines: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame in memory.

    :param buffers: bytes of each buffer that it takes: one, or one per plane.
    """

    planes: tuple[FramePlane, ...]
    buffers: tuple[int, ...]


def frame_of(stream: Stream) -> Frame:
    """Lay out one frame of a stream."""
    if stream.pixels is None:
        return Frame((), (stream.size,))
    rules = stream.rules
    planes = tuple(_plane(stream, stream.pixels, index) for index in range(len(stream.pixels.planes)))
    macroblocks = -(-stream.width // _MACROBLOCK) * -(-stream.height // _MACROBLOCK)
    extra = rules.extra + rules.per_macroblock * macroblocks
    sizes = [plane.bytes for plane in planes]
    if stream.is_separate or stream.pixels.is_separate:
        sizes[0] += extra
    else:
        sizes = [sum(sizes) + extra]
    return Frame(planes, tuple(round_up(size, rules.size) for size in sizes))


def _plane(stream: Stream, pixels: PixelFormat, index: int) -> FramePlane:
    """The first plane's stride is the given one or rounded up; the others keep their proportion to it."""
    rules, plane = stream.rules, pixels.planes[index]
    width, height = round_up(stream.width, rules.width), round_up(stream.height, rules.height)
    packed = pixels.planes[0].stride(width)
    first = stream.stride or round_up(packed, rules.stride)
    own = plane.stride(width)
    stride = first if index == 0 else max(own, -(-first * own // packed))
    lines = plane.lines(stream.lines or height)
    step = rules.planes[min(index, len(rules.planes) - 1)] if rules.planes else 1
    return FramePlane(stride, lines, round_up(stride * lines, step))


def round_up(number: int, step: int) -> int:
    """The next multiple of ``step``."""
    return -(-number // step) * step
