"""A format of the user's: a Jinja template that prints the run's document, with the names that run.json has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from bringup.config.shipped import user_dirs
from bringup.document import write_document
from bringup.errors import BringupError, ConfigError, UsageError
from bringup.report import Format
from bringup.text import visible

if TYPE_CHECKING:
    from bringup.results.run import Run

__all__ = ["template_format", "template_formats"]

_SUFFIX = ".j2"
_MARKUP = (".html", ".htm", ".xml")


def template_formats() -> dict[str, Path]:
    """The templates in the folders ``formats`` of the user, by name: the file's without its suffixes."""
    found: dict[str, Path] = {}
    for folder in user_dirs("formats"):
        for path in sorted(folder.glob(f"*{_SUFFIX}")):
            found.setdefault(path.name.partition(".")[0], path)
    return found


def template_format(name: str) -> Format | None:
    """The format of a template: of its path, or of its name in the user's folders; ``None``: there is none.

    :raises UsageError: the file is not there.
    """
    path = Path(name) if name.endswith(_SUFFIX) else template_formats().get(name)
    if path is None:
        return None
    if not path.is_file():
        raise UsageError("write a report", f"there is no template {visible(name)}", hint="give the file's path")
    suffix = Path(path.name.removesuffix(_SUFFIX)).suffix or ".txt"
    return Format(path.name.partition(".")[0], suffix, lambda run: _render(path, suffix, run), f"{path}")


def _render(path: Path, suffix: str, run: Run) -> str:
    """The template's text.

    :raises ConfigError: the template is wrong; with its line.
    """
    from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from markupsafe import Markup

    from bringup.render.bounds import TooLong, bounded_time

    def finalize(value: Any) -> Any:
        return value if isinstance(value, Markup) else visible(str(value))

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(path.parent),
        undefined=StrictUndefined,
        autoescape=suffix in _MARKUP,
        finalize=finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    document = msgspec.json.decode(write_document(run))
    try:
        with bounded_time():
            return environment.get_template(path.name).render(run=document, boards=document["boards"])
    except TemplateSyntaxError as error:
        raise ConfigError(path, error.message or "syntax error", line=error.lineno) from error
    except (TemplateError, TooLong, ArithmeticError, LookupError, TypeError, ValueError, BringupError) as error:
        raise ConfigError(path, visible(f"{error}"), line=_line(error, path)) from error


def _line(error: BaseException, path: Path) -> int | None:
    """The innermost line of the template that the error passed through."""
    line, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == str(path):
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
