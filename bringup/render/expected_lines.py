"""What rendered fragments expect of a board, line by line: from a board config, or read back from rendered files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bringup.config.schema import BoardConfig, Region
from bringup.errors import ConfigError
from bringup.kernel.history.version import KernelVersion
from bringup.render.context import Pool, make_context
from bringup.render.dts import read_nodes
from bringup.text import visible

__all__ = [
    "ExpectedLines",
    "LabelLine",
    "NodeLine",
    "ParameterLine",
    "PoolLine",
    "expected_by",
    "read_back",
    "rendered_names",
]

_NODE = re.compile(r"/dev/dma_heap/\S+")
_UDEV_RULE = re.compile(
    r'SUBSYSTEM=="dma_heap", KERNEL=="(?P<name>[^"|]+)", OWNER="(?P<owner>[^"]+)", GROUP="(?P<group>[^"]+)", '
    r'MODE="(?P<mode>0?[0-7]{3})"'
)


@dataclass(frozen=True, slots=True)
class NodeLine:
    """A line of ueventd.rc or a udev rule: ``path`` may hold wildcards."""

    place: str
    path: str
    mode: int
    owner: str
    group: str


@dataclass(frozen=True, slots=True)
class LabelLine:
    """A line of file_contexts: a regular expression on paths, and the SELinux type."""

    place: str
    pattern: str
    type: str


@dataclass(frozen=True, slots=True)
class PoolLine:
    """A property of a reserved-memory node, or (property empty) the node itself.

    :param value: as :func:`bringup.render.dts.read_nodes` writes it; empty for a property without a value.
    """

    place: str
    node: str
    property: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class ParameterLine:
    """A parameter of the kernel's command line."""

    place: str
    text: str


@dataclass(frozen=True, slots=True)
class ExpectedLines:
    """What each fragment expects; ``None``: there is no such fragment to compare with.

    :param nodes: by ueventd.rc.
    :param udev: the same nodes by udev's rules, on a Linux that is not Android.
    """

    nodes: tuple[NodeLine, ...] | None = None
    udev: tuple[NodeLine, ...] | None = None
    labels: tuple[LabelLine, ...] | None = None
    pools: tuple[PoolLine, ...] | None = None
    parameters: tuple[ParameterLine, ...] | None = None


def expected_by(config: BoardConfig, kernel: KernelVersion) -> ExpectedLines:
    """Device tree and command line as they would be rendered now. Nodes and labels have checks of their own.

    :raises UsageError: the config asks for something that cannot be rendered.
    """
    context = make_context(config, kernel)
    place = config.name
    return ExpectedLines(
        pools=tuple(line for pool in context.pools for line in _pool_lines(pool, place)),
        parameters=tuple(ParameterLine(place, parameter.text) for parameter in context.cmdline()),
    )


def _pool_lines(pool: Pool, place: str) -> Iterator[PoolLine]:
    yield PoolLine(place, pool.node)
    if pool.compatible:
        yield PoolLine(place, pool.node, "compatible", pool.compatible)
    for name, value in _region(pool.region):
        yield PoolLine(place, pool.node, name, value)


def _region(region: Region) -> Iterator[tuple[str, str]]:
    """As templates/_reserved_memory.j2 writes it."""
    if region.base is not None:
        yield "reg", f"0x{region.base:x} 0x{region.size or 0:x}"
    else:
        yield "size", f"0x{region.size or 0:x}"
        if region.alignment:
            yield "alignment", f"0x{region.alignment:x}"
        if region.alloc_ranges:
            yield "alloc-ranges", ", ".join(f"0x{span.base:x} 0x{span.size:x}" for span in region.alloc_ranges)
    flags = (("reusable", region.reusable), ("no-map", region.no_map), ("linux,cma-default", region.default))
    yield from ((name, "") for name, given in flags if given)


def rendered_names(board: str) -> tuple[str, ...]:
    """The files that :func:`read_back` reads. Of the two device tree files, it reads the first that exists."""
    tree = (f"{board}-heaps.dtso", f"{board}-heaps.dtsi")
    udev = f"70-{board}-heaps.rules"
    return (f"ueventd.{board}.rc", udev, "sepolicy/file_contexts", *tree, f"cmdline.{board}.mk")


def read_back(files: Mapping[str, str], board: str) -> ExpectedLines:
    """What files that were rendered for ``board`` expect.

    :param files: path below the output folder → text.
    :raises ConfigError: bringup does not render such a line.
    """
    ueventd, udev, contexts, overlay, include, cmdline = rendered_names(board)
    tree = overlay if overlay in files else include
    return ExpectedLines(
        nodes=tuple(_nodes(files[ueventd], ueventd)) if ueventd in files else None,
        udev=tuple(_udev(files[udev], udev)) if udev in files else None,
        labels=tuple(_labels(files[contexts], contexts)) if contexts in files else None,
        pools=tuple(_pools(files[tree], tree)) if tree in files else None,
        parameters=tuple(_parameters(files[cmdline], cmdline)) if cmdline in files else None,
    )


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if words and not words[0].startswith("#"):
            yield number, words


def _not_understood(path: str, number: int, words: list[str]) -> ConfigError:
    text = visible(" ".join(words))[:120]
    return ConfigError(path, f"bringup does not render a line like '{text}'", line=number, hint="render it again")


def _nodes(text: str, path: str) -> Iterator[NodeLine]:
    for number, words in _lines(text):
        if len(words) != 4 or not _NODE.fullmatch(words[0]) or not re.fullmatch("0?[0-7]{3}", words[1]):
            raise _not_understood(path, number, words)
        yield NodeLine(f"{path}:{number}", words[0], int(words[1], 8), words[2], words[3])


def _udev(text: str, path: str) -> Iterator[NodeLine]:
    for number, words in _lines(text):
        rule = _UDEV_RULE.fullmatch(" ".join(words))
        if rule is None:
            raise _not_understood(path, number, words)
        node = f"/dev/dma_heap/{rule['name']}"
        yield NodeLine(f"{path}:{number}", node, int(rule["mode"], 8), rule["owner"], rule["group"])


def _labels(text: str, path: str) -> Iterator[LabelLine]:
    for number, words in _lines(text):
        context = words[-1].split(":")
        try:
            re.compile(words[0])
        except re.error as error:
            raise _not_understood(path, number, words) from error
        if len(words) != 2 or len(context) < 4:
            raise _not_understood(path, number, words)
        yield LabelLine(f"{path}:{number}", words[0], context[2])


def _parameters(text: str, path: str) -> Iterator[ParameterLine]:
    for number, words in _lines(text):
        if words[:2] != ["BOARD_KERNEL_CMDLINE", "+="] or len(words) != 3:
            raise _not_understood(path, number, words)
        yield ParameterLine(f"{path}:{number}", words[2])


def _pools(text: str, path: str) -> Iterator[PoolLine]:
    for node in read_nodes(text, path):
        yield PoolLine(f"{path}:{node.line}", node.name)
        for name, (value, line) in node.properties.items():
            yield PoolLine(f"{path}:{line}", node.name, name, value)
