"""What ``bringup compare`` does: compare two runs, and write or show what differs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bringup.cli.console import out, print_json, print_report, say
from bringup.cli.exit_status import exit_status
from bringup.cli.run_output import gc_disabled
from bringup.compare.runs import Comparison, compare
from bringup.errors import ExitCode, UsageError
from bringup.lab.reading import read_run
from bringup.report import comparing_formats, find_format, rendered, write_report
from bringup.report.comparison.terminal import summary

__all__ = ["CompareOptions", "compare_runs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareOptions:
    """What the command line of ``bringup compare`` says, beside the two runs."""

    fail_on_regression: bool
    bisect: bool
    as_json: bool
    format: str | None
    output: Path | None

    @property
    def chosen_format(self) -> str | None:
        """The format that the options ask for; ``None``: the terminal's summary.

        :raises UsageError: they contradict each other, or a comparison cannot be written in this format.
        """
        if self.as_json:
            if self.format not in (None, "json"):
                seen = f"--json and --format {self.format} name two formats"
                raise UsageError("read the command line", seen, hint="give one")
            return "json"
        name = self.format or ("html" if self.output is not None else None)
        if name is not None and find_format(name).compare is None:
            hint = f"a comparison can be written as: {', '.join(comparing_formats())}"
            raise UsageError("write a comparison", f"{name} is for runs only", hint=hint)
        return name


def compare_runs(before: Path, after: Path, options: CompareOptions) -> int:
    """Compare two runs; the exit status.

    :raises RecordError: one of them cannot be read.
    """
    format = options.chosen_format
    with gc_disabled():
        comparison = compare(read_run(before, say), read_run(after, say))
        _show(comparison, format, options)
    judges = options.fail_on_regression or options.bisect
    return exit_status(comparison.outcome) if judges else int(ExitCode.PASSED)


def _show(comparison: Comparison, format: str | None, options: CompareOptions) -> None:
    """Write the comparison into a file or to stdout."""
    if format is None:
        known = "'regressed' of --json counts only what is known" if options.fail_on_regression else ""
        out().print(summary(comparison, known))
    elif options.output is not None:
        say(f"wrote {write_report(comparison, format, options.output)}")
    elif format == "json":
        print_json(comparison)
    else:
        print_report(rendered(comparison, format))
