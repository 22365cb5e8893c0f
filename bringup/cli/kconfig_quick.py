"""``bringup kconfig check FILE… --json`` without Typer: scripts judge whole folders of configurations this way.

Importing Typer and what it converts values with takes three times as long as judging. Whatever is not exactly files
and ``--json`` is left to :mod:`bringup.cli.kconfig`; what is, gives the same bytes and the same exit status.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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
    if not names or any(name.startswith("-") for name in names) or Path(names[0]).is_dir():
        return None
    from bringup.cli.console import print_json
    from bringup.kernel.checked import Asked, check_source
    from bringup.kernel.source import open_source

    checked = check_source(open_source([Path(name) for name in names]), Asked())
    print_json(checked.to_json())
    return checked.exit_code
