"""Streams and scenarios as the command line writes them: ``preview=1920x1080:NV12:6@linux,cma``, ``preview+record``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from bringup.config.streams import Scenario, StreamConfig
from bringup.config.units import parse_size
from bringup.errors import UsageError
from bringup.streams.stride_rules import rule_names
from bringup.text import did_you_mean, parse_number, visible

__all__ = ["EXAMPLE", "parse_scenario", "parse_stream"]

EXAMPLE = "preview=1920x1080:NV12:6@linux,cma"
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})=(.*)", re.DOTALL)
_FRAME = re.compile(r"([0-9]{1,6})[xX]([0-9]{1,6})")
_MOST_TEXT = 1000
_USUAL_HEAP = "system"


def parse_stream(text: str, number: int) -> StreamConfig:
    """``[NAME=]WIDTHxHEIGHT:FORMAT[:BUFFERS][:RULES][:stride=BYTES][:lines=N][:separate][@HEAP]``, or
    ``[NAME=]SIZE[:BUFFERS][@HEAP]``.

    :param number: the stream is called so where it has no name, from 1. Without a heap it takes from ``system``.
    :raises UsageError: it is not understood, with what is wrong.
    """
    doing = f"read --stream {visible(text[:80])}"
    match = _NAMED.fullmatch(text[:_MOST_TEXT])
    name, rest = (match[1], match[2]) if match else (f"stream{number}", text[:_MOST_TEXT])
    head, _, heap = rest.partition("@")
    first, *fields = head.split(":")
    given: dict[str, Any] = {"name": name, "heap": heap or _USUAL_HEAP, "buffers": 1}
    if frame := _FRAME.fullmatch(first):
        given |= {"width": int(frame[1]), "height": int(frame[2])}
        if not fields:
            raise UsageError(doing, "it names no pixel format", hint=f"for example {EXAMPLE}")
        given["format"] = fields.pop(0)
    elif (size := parse_size(first)) is not None:
        given["size"] = size
    else:
        seen = f"{visible(first[:80])!r} is neither WIDTHxHEIGHT nor a size"
        raise UsageError(doing, seen, hint=f"for example {EXAMPLE}, or bitstream=2M:4@system")
    for field in fields:
        given |= _field(field, doing)
    try:
        return StreamConfig.model_validate(given)
    except ValidationError as error:
        raise UsageError(doing, _what_is_wrong(error), hint=f"for example {EXAMPLE}") from error


def _field(field: str, doing: str) -> dict[str, Any]:
    """What follows the format or the size: a count of buffers, rules, ``stride=``, ``lines=``, ``separate``."""
    key, equals, value = field.partition("=")
    number = parse_number(value if equals else field, most_digits=13)
    if equals and key in ("stride", "lines") and number is not None:
        return {key: number}
    if not equals and number is not None:
        return {"buffers": number}
    if field in rule_names():
        return {"rules": field}
    if field == "separate":
        return {"separate_planes": True}
    known = [*rule_names(), "separate", "stride=BYTES", "lines=N"]
    hint = did_you_mean(field, known, f"a number of buffers, or one of {', '.join(known)}")
    raise UsageError(doing, f"{visible(field[:80])!r} is not understood", hint=hint)


def _what_is_wrong(error: ValidationError) -> str:
    """The first of what the model refuses."""
    details = error.errors(include_url=False)[0]
    message = str(details.get("ctx", {}).get("error") or details["msg"])
    place = ".".join(map(str, details["loc"]))
    return visible(f"{place}: {message}" if place else message)


def parse_scenario(text: str, streams: Iterable[str]) -> Scenario:
    """``[NAME=]STREAM+STREAM…``; commas separate, too. Without a name it is called as it is written.

    :raises UsageError: it names a stream that there is not.
    """
    known: Sequence[str] = tuple(streams)
    match = _NAMED.fullmatch(text[:_MOST_TEXT])
    names = [name.strip() for name in re.split("[+,]", match[2] if match else text[:_MOST_TEXT])]
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known, f"the streams are {', '.join(known) or 'none'}")
            raise UsageError(
                f"read --scenario {visible(text[:80])}", f"no stream is called {visible(name)!r}", hint=hint
            )
    return Scenario(name=match[1] if match else "+".join(names)[:256], streams=tuple(names))
