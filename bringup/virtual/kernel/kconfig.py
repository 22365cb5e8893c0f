"""Options that a kernel is built with: merged, written, and compared with what the kernel's own tools made of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bringup.errors import VirtualBoardError

__all__ = ["fragment", "not_kept", "parse_options"]

_SET = re.compile(r"CONFIG_(\w+)=(.*)")
_UNSET = re.compile(r"# CONFIG_(\w+) is not set")


def parse_options(text: str) -> dict[str, str]:
    """Values by name without ``CONFIG_``; an option that is not set has the value ``n``. The last line wins.

    :raises VirtualBoardError: a line is neither an option nor a comment.
    """
    options: dict[str, str] = {}
    for number, line in enumerate(map(str.strip, text.splitlines()), start=1):
        if match := _SET.fullmatch(line):
            options[match[1]] = match[2]
        elif match := _UNSET.fullmatch(line):
            options[match[1]] = "n"
        elif line and not line.startswith("#"):
            raise VirtualBoardError("read kernel options", f"line {number} is not a kernel option: {line!r}")
    return options


def fragment(options: Mapping[str, str]) -> str:
    """The options as a config fragment, sorted."""
    return "".join(
        f"# CONFIG_{name} is not set\n" if value == "n" else f"CONFIG_{name}={value}\n"
        for name, value in sorted(options.items())
    )


def not_kept(wanted: Mapping[str, str], config: str) -> list[str]:
    """What of the wanted options a finished ``.config`` does not have, each with what it has instead."""
    found = parse_options(config)
    return [
        f"CONFIG_{name}={value} became {'not set' if found.get(name, 'n') == 'n' else found[name]}"
        for name, value in wanted.items()
        if found.get(name, "n") != value
    ]
