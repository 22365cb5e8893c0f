"""GitHub's workflow commands: lines on stdout of a job that become annotations of a pull request."""

from __future__ import annotations

from bringup.text import visible

__all__ = ["annotation"]


def annotation(level: str, title: str, message: str, *, path: str = "", line: int = 0, column: int = 0) -> str:
    """One line: ``::error file=a.c,line=3,title=T::M``.

    :param level: error, warning or notice.
    :param line: 0: the whole file.
    :param column: 0: the whole line.
    """
    places = [("file", path), ("line", str(line) if line else ""), ("col", str(column) if line and column else "")]
    properties = ",".join(f"{name}={_property(value)}" for name, value in (*places, ("title", title)) if value)
    return f"::{level} {properties}::{_data(visible(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
