"""The ``bringup`` command. Starts fast: a command's module is imported only when that command runs."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from typing import Any

from bringup import __version__

__all__ = ["COMMANDS", "main"]

#: command → (module under bringup.cli, one line for ``--help``)
COMMANDS: dict[str, tuple[str, str]] = {
    "boards": ("boards", "What adb sees: state, model, kernel, page size, root, matching config."),
    "run": ("run", "Observe, judge and report: the main job."),
    "collect": ("collect", "Observe a board into a record, and judge nothing."),
    "check": ("check", "Judge records, or a board as it is now."),
    "report": ("report", "Write a run as HTML, JUnit, JSON, …"),
    "compare": ("compare", "What regressed, improved, appeared or vanished between two runs."),
    "history": ("history", "What runs found over time: last good, first bad, what is flaky."),
    "explain": ("explain", "What a check asks, why, and by which source."),
    "heap": ("heap", "List, test and measure the heaps of a board."),
    "kconfig": ("kconfig", "Check a kernel configuration, from a file, an image or a record."),
    "render": ("render", "Render kconfig, ueventd and other fragments from a board config."),
    "config": ("config", "Begin, check, list and show board configs."),
    "scan": ("scan", "Who still uses ION in a source tree, and what replaces each use."),
    "status": ("status", "What of DMA-BUF heaps is in mainline, and what a board needs that is not."),
    "virtual": ("virtual", "Boards in QEMU: set up, start, stop, list."),
    "doctor": ("doctor", "Is this host ready?"),
}

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def main() -> None:
    """Run the command line and exit with a documented status."""
    arguments = sys.argv[1:]
    _never_fail_to_tell()
    if arguments == ["--version"]:  # before Typer is imported: scripts and editors ask often
        sys.stdout.write(f"bringup {__version__}\n")
        sys.exit(0)
    try:
        code = _run_with_error_reporting(arguments)
        if "--bisect" in arguments and code > 1:  # whatever went wrong: it is no verdict on the commit
            code = 125
    except KeyboardInterrupt:
        sys.stderr.write("bringup: interrupted\n")
        code = 130
        # An interrupt within exec(), as of a dataclass that is being made, is remembered, and 'python -m' then ends by
        # SIGINT; the next exec() forgets it. Source: Python/pythonrun.c (run_eval_code_obj) of CPython 3.11
        exec("")  # noqa: S102
    if "_BRINGUP_COMPLETE" in os.environ:  # all is written; to take down what was imported takes a sixth of the time
        os._exit(code)
    sys.exit(code)


class _Unfailing:
    """Standard error that takes what can be written and lets the rest go: the exit status is about the board.

    Else a full disk behind a log would change it, and a closed one would end the work.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _never_fail_to_tell() -> None:
    """Prepare for a standard error that is full or closed, and for a standard output that is closed."""
    if sys.stdout is None:  # closed by whoever started us: what is written there has no reader
        sys.stdout = open("/dev/full", "w", encoding="utf-8")  # noqa: SIM115, PTH123
    sys.stderr = _Unfailing(sys.stderr or open("/dev/null", "w", encoding="utf-8"))  # noqa: SIM115, PTH123


def _install_signal_handlers() -> None:
    """SIGTERM and SIGHUP end a command as Ctrl-C does: a time limit of CI must leave nothing on a board either."""
    import signal

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # not under nohup
            signal.signal(number, _interrupt)


def _escape_unencodable() -> None:
    """A terminal that cannot show a character shows its number instead."""
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _run_with_error_reporting(arguments: list[str]) -> int:
    """Run a command line, and turn every error into a message and an exit status."""
    from bringup.cli.console import debugging, print_error, say
    from bringup.errors import BringupError, ExitCode

    try:
        _install_signal_handlers()
        _escape_unencodable()
        code = _run(arguments)
        sys.stdout.flush()  # only now is it certain that all of it could be written
    except BrokenPipeError:
        _silence_stdout()  # the reader of our output is gone (| head): print nothing more
        return int(ExitCode.INFRASTRUCTURE)
    except BringupError as error:
        if debugging():
            raise
        print_error(error)
        return int(error.exit_code)
    except Exception as error:  # the last boundary: no traceback reaches a user
        if debugging():
            raise
        if isinstance(error, OSError) and error.errno in _FULL:
            _silence_stdout()
            say(f"bringup: write: {error.strerror}{f': {error.filename}' if error.filename else ''}")
            return int(ExitCode.INFRASTRUCTURE)
        say(f"bringup: internal error: {type(error).__name__}: {error}")
        say("  → this is a fault of bringup, not of your board. --debug shows where: please report it")
        return int(ExitCode.INFRASTRUCTURE)
    return code


def _run(arguments: list[str]) -> int:
    if files := _files_to_check(arguments):
        from bringup.cli.actions.kconfig.check import check_files

        return check_files(files)
    if arguments[:1] == ["scan"] and (trees := _plain_words(arguments[1:])):
        from bringup.scan.begin import begin

        begun = begin(trees)  # ripgrep searches while the rest is imported
        try:
            from bringup.cli.actions.scan import scan_plainly

            return scan_plainly(trees, begun, as_json="--json" in arguments)
        finally:
            if begun is not None:
                begun.close()
    try:
        result: Any = _group()(args=arguments, prog_name="bringup", standalone_mode=True)
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # Typer turns it into 1, as if a check had failed
            raise stop.__context__ from None
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    return int(result or 0)


def _files_to_check(arguments: list[str]) -> list[str]:
    """The files of ``bringup kconfig check FILE… --json``; empty: it is another command line.

    Build systems judge configurations this way. Importing Typer, and pydantic with which it converts values, takes
    five times as long as judging.
    """
    if arguments[:2] != ["kconfig", "check"] or arguments.count("--json") != 1:
        return []
    files = _plain_words(arguments[2:])
    return [] if files and os.path.isdir(files[0]) else files  # noqa: PTH112


def _plain_words(arguments: list[str]) -> list[str]:
    """The arguments without ``--json``, once; empty: there is another option, or none that is left.

    ``bringup scan TREE`` is asked this way: two thirds of its start are Typer's and pydantic's.
    """
    words = [argument for argument in arguments if argument != "--json"]
    is_plain = len(arguments) - len(words) <= 1 and not any(word.startswith("-") for word in words)
    return words if is_plain else []


def _silence_stdout() -> None:
    sys.stdout = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115, PTH123


def _group() -> Any:
    """The command group, in which every command is loaded when it is used."""
    import typer
    from typer.main import get_command

    from bringup.cli.lazy import App, LazyCommand

    app = App(
        "Board bring-up over adb: prove DMA-BUF heaps, check the kernel's configuration, render what is missing.",
        name="bringup",
        add_completion=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        epilog="Exit status: 0 all passed, 1 a check failed, 2 usage or config error, "
        "3 board or infrastructure error, 125 with --bisect: not known, 130 interrupted.",
    )

    @app.callback()
    def root(
        debug: bool = typer.Option(False, "--debug", help="Show the traceback of an error.", is_eager=True),
        version: bool = typer.Option(False, "--version", help="Print the version and exit.", is_eager=True),
    ) -> None:
        if version:
            typer.echo(f"bringup {__version__}")
            raise typer.Exit
        if debug:
            from bringup.cli.console import set_debugging

            set_debugging()

    group: Any = get_command(app)
    for name, (module, summary) in COMMANDS.items():
        group.commands[name] = LazyCommand(name, f"bringup.cli.commands.{module}", summary)
    return group
