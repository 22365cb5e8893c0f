"""``bringup kconfig check FILE… --json`` without Typer: scripts judge whole folders of configurations this way.

Importing Typer and what it converts values with takes three times as long as judging. Whatever is not exactly files
and ``--json`` is left to :mod:`bringup.cli.commands.kconfig`; what is, is judged by the same judge and printed by the
same writer, so that it gives the same bytes and the same exit status. Nothing on this way imports ``typing``,
``dataclasses``, ``pathlib`` or ``json``: each takes as long as the judging (``tests/cli/test_imports.py``).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

__all__ = ["quick_check"]


def quick_check(arguments: Sequence[str]) -> int | None:
    """Judge files as ``bringup kconfig check`` does.

    :param arguments: what stands behind ``bringup``.
    :returns: the exit status, or ``None`` when this is not for here and nothing was done.
    :raises BringupError: as ``bringup kconfig check``.
    """
    if list(arguments[:2]) != ["kconfig", "check"] or arguments.count("--json") != 1:
        return None
    names = [argument for argument in arguments[2:] if argument != "--json"]
    if not names or not all(map(_is_plain, names)) or os.path.isdir(names[0]):  # noqa: PTH112
        return None
    from bringup.cli.jsontext import json_text
    from bringup.kernel.requirements.checked import Asked, check_source
    from bringup.kernel.sources.configuration import open_source

    checked = check_source(open_source(names), Asked())
    sys.stdout.write(json_text(checked.to_json()) + "\n")
    return checked.exit_code


def _is_plain(name: str) -> bool:
    """Whether it is a file's name, and one that ``Path`` would not write in another way (``./x``, ``a//b``)."""
    parts = name.removeprefix("/").split("/")
    return not name.startswith("-") and "" not in parts and "." not in parts
