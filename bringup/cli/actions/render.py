"""What ``bringup render`` does: render fragments of board configs, and write, compare or print them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bringup.cli.console import out, say, table
from bringup.config.schema import BoardConfig
from bringup.config.shipped import config_dirs, find_config, list_configs
from bringup.errors import ExitCode, UsageError
from bringup.render.bounds import bounded_memory
from bringup.render.context import CONTEXT_HELP
from bringup.render.engine import Rendered, Skipped, render
from bringup.render.fragments import fragments
from bringup.render.output import diff, write

__all__ = ["RenderOptions", "list_fragments", "render_boards"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderOptions:
    """What the command line of ``bringup render`` says.

    :param what: a fragment, or ``all``.
    :param every: all board configs.
    :param diff_tree: compare with the files in this folder, and write nothing.
    """

    what: str | None
    boards: Sequence[str]
    every: bool
    output: Path | None
    kernel: str | None
    diff_tree: Path | None
    force: bool
    config_dir: Sequence[Path]


def render_boards(options: RenderOptions) -> int:
    """Render the fragments of each board config; 1 where they differ from the files of ``diff_tree``.

    :raises UsageError: what to render is not said, or a file that bringup did not write is in the way.
    """
    configs = _configs(options)
    differ = False
    for config in configs:
        below = config.name if len(configs) > 1 else ""
        files = _render(options, config, quiet=len(configs) > 1)
        if options.diff_tree is not None:
            lines = list(diff(files, options.diff_tree / below))
            sys.stdout.writelines(f"{line}\n" for line in lines)
            differ = differ or bool(lines)
        elif options.output is not None:
            for written in write(files, options.output / below, force=options.force):
                say(f"{written.path}: {written.change.value}")
        else:
            sys.stdout.writelines(file.text for file in files)
    return int(ExitCode.FAILED if differ else ExitCode.PASSED)


def _configs(options: RenderOptions) -> list[BoardConfig]:
    dirs = config_dirs(options.config_dir)
    names = list(list_configs(dirs)) if options.every else list(dict.fromkeys(options.boards))
    if options.what is None or not names:
        hint = "bringup render all --board NAME -o DIR; bringup config list names the boards"
        raise UsageError("render", "a fragment and a board are needed", hint=hint)
    if len(names) > 1 and options.output is None and options.diff_tree is None:
        raise UsageError(f"render {len(names)} boards", "stdout holds one board", hint="give a folder: -o DIR")
    return [find_config(name, dirs) for name in names]


def _render(options: RenderOptions, config: BoardConfig, *, quiet: bool) -> list[Rendered]:
    """The files. For a fragment that is not needed, says why."""
    files: list[Rendered] = []
    with bounded_memory():
        rendered = render(options.what or "", config, kernel=options.kernel)
    for file in rendered:
        if not isinstance(file, Skipped):
            files.append(file)
        elif not quiet:
            say(f"{file.path}: not needed: {file.reason}")
    return files


def list_fragments() -> None:
    """Print the fragments, and what a template can use."""
    console = out()
    console.print(table(["fragment", "what"], [(fragment.id, fragment.title) for fragment in fragments()]))
    console.print(table(["in a template", "what it is"], CONTEXT_HELP.items()))
