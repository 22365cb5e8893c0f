"""Small readers of the target languages, written from their own definitions and sharing nothing with the writers."""

from __future__ import annotations

import re


def read_kconfig(text: str) -> dict[str, str]:
    """Symbol → value, by the rules of scripts/kconfig/confdata.c: conf_read_simple."""
    values: dict[str, str] = {}
    for line in text.split("\n"):
        if match := re.fullmatch(r"# CONFIG_(\w+) is not set", line):
            values[match[1]] = "n"
        elif match := re.fullmatch(r"CONFIG_(\w+)=(.*)", line):
            assert match[1] not in values, f"{match[1]} is given twice"
            values[match[1]] = _kconfig_value(match[2])
        else:
            assert not line or line.startswith("#"), f"not a line of a .config: {line!r}"
    return values


def _kconfig_value(text: str) -> str:
    if not text.startswith('"'):
        return text
    out, at = [], 1
    while text[at] != '"':
        if text[at] == "\\":
            at += 1
        out.append(text[at])
        at += 1
    assert at == len(text) - 1, "text after the closing quote"
    return "".join(out)


def read_ueventd(text: str) -> list[list[str]]:
    """Lines of words, by the rules of init's tokenizer: white space splits, quotes and backslashes quote, # comments."""
    lines: list[list[str]] = []
    words: list[str] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in " \t\r":
            at += 1
        elif char == "\n":
            if words:
                lines.append(words)
            words = []
            at += 1
        elif char == "#":
            while at < len(text) and text[at] != "\n":
                at += 1
        else:
            word, at = _ueventd_word(text, at)
            words.append(word)
    if words:
        lines.append(words)
    return lines


def _ueventd_word(text: str, at: int) -> tuple[str, int]:
    out: list[str] = []
    while at < len(text) and text[at] not in " \t\r\n":
        if text[at] == '"':
            end = text.index('"', at + 1)
            out.append(text[at + 1 : end])
            at = end + 1
        elif text[at] == "\\":
            out.append({"n": "\n", "t": "\t", "r": "\r"}.get(text[at + 1], text[at + 1]))
            at += 2
        else:
            out.append(text[at])
            at += 1
    return "".join(out), at


_C_ESCAPE = re.compile(rb"\\([0-7]{1,3}|[abfnrtv\\'\"?])")
_C_NAMED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"a": b"\a", b"b": b"\b", b"f": b"\f", b"v": b"\v"}


def read_c_string(literal: str) -> str:
    """A C string literal, by C17 6.4.5."""
    raw = literal.encode("ascii")
    assert raw[:1] == raw[-1:] == b'"'
    body = raw[1:-1]
    assert not re.search(rb'(?<!\\)(\\\\)*"', body), "the literal ends early"
    assert b"\n" not in body

    def one(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8)]) if code[:1].isdigit() else _C_NAMED.get(code, code)

    return _C_ESCAPE.sub(one, body).decode()
