"""Target languages: how a value is written in each, and which values cannot be written there.

A template never prints a raw value. What it prints without a filter goes through its language's ``bare`` rule, which
refuses everything that would not stay one plain word; filters such as ``literal`` and ``comment`` write the rest.
So a hostile name is either written in a way that reads back equal, or refused with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

__all__ = ["LANGUAGES", "Escaped", "Language", "Refused"]


class Escaped(str):
    """Text that is already in the target language."""

    __slots__ = ()


class Refused(ValueError):
    """A value that a target language cannot hold.

    :param value: the value, for the message.
    :param why: what is wrong with it, and how the language would read it.
    """

    def __init__(self, value: object, why: str) -> None:
        super().__init__(value, why)
        self.value = value
        self.why = why


Filter = Callable[..., str]
_XML_TEXT = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]*")


@dataclass(frozen=True, slots=True)
class Language:
    """One target language.

    :param what: what it is called in messages.
    :param bare: writes a value as a plain word, or refuses it.
    :param comment_block: writes lines as a comment.
    :param filters: further ways to write a value, by the name templates use.
    """

    name: str
    what: str
    bare: Filter
    comment_block: Callable[[list[str]], str]
    filters: Mapping[str, Filter] = field(default_factory=dict)


#: Macros that m4 expands without parentheses. The SELinux build passes .te files and file_contexts through m4.
_M4_MACRO = (
    "(?:__file__|__line__|__program__|__gnu__|__unix__|changecom|changequote|debugmode|divert|divnum|dnl|dumpdef|"
    "errprint|m4exit|m4wrap|shift|sysval|traceoff|traceon|undivert)"
)
_SELINUX_WORD = rf"(?!{_M4_MACRO}\Z)[A-Za-z_][A-Za-z0-9_]*"


def one_line(value: object) -> str:
    """Prose for a comment: white space becomes single spaces, control characters are left out."""
    return " ".join("".join(char for char in str(value) if char.isprintable() or char.isspace()).split())


def _word(what: str, pattern: str, why: str) -> Filter:
    regex = re.compile(pattern)

    def bare(value: object) -> str:
        text = str(value)
        if not regex.fullmatch(text):
            raise Refused(value, f"{why} in {what}")
        return text

    return bare


def _hashes(lines: list[str]) -> str:
    return "\n".join(f"# {one_line(line)}".rstrip() for line in lines)


def _hash_comment(value: object) -> str:
    return f"# {one_line(value)}".rstrip()


def _make_comment(value: object) -> str:
    # A backslash at the end would continue the comment on the next line.
    return _hash_comment(value).rstrip("\\ ")


def _stars(lines: list[str]) -> str:
    return "\n".join(["/*", *(f" * {_no_star(line)}".rstrip() for line in lines), " */"])


def _no_star(value: object) -> str:
    return one_line(value).replace("*/", "* /").replace("/*", "/ *")


def _star_comment(value: object) -> str:
    return f"/* {_no_star(value)} */"


def _no_control(value: object, what: str) -> str:
    text = str(value)
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
        raise Refused(value, f"{what} cannot hold control characters and line ends")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise Refused(value, f"{what} cannot hold a lone surrogate") from error
    return text


def _kconfig_string(value: object) -> str:
    text = _no_control(value, "a Kconfig string")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _kconfig_setting(value: object) -> str:
    """The right-hand side of CONFIG_X=: a plain value as it is, everything else as a string."""
    text = str(value)
    return text if re.fullmatch(r"[ymn]|-?[0-9]+|0x[0-9a-fA-F]+", text) else _kconfig_string(value)


def _kconfig_comment(value: object) -> str:
    text = one_line(value)
    # "# CONFIG_X is not set" is not a comment but a setting.
    return f"# {text.replace('CONFIG_', 'config ')}".rstrip()


def _kconfig_block(lines: list[str]) -> str:
    return "\n".join(map(_kconfig_comment, lines))


_C_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "?": "\\?"}


def c_string(value: object) -> str:
    """A C or C++ string literal; bytes outside ASCII as three octal digits, which the next character cannot extend."""
    text = str(value)
    if "\0" in text:
        raise Refused(value, "NUL ends a C string")
    out = []
    for char in text:
        if char in _C_ESCAPES:
            out.append(_C_ESCAPES[char])
        elif " " <= char <= "~":
            out.append(char)
        else:
            out += [f"\\{byte:03o}" for byte in _encoded(char, value)]
    return '"' + "".join(out) + '"'


def _encoded(text: str, value: object) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Refused(value, "a lone surrogate has no bytes") from error


def _hex(value: object) -> str:
    return f"0x{int(str(value)):x}"


_NO_QUOTES = "only identifiers and numbers are allowed without quotes"
_C_WORD = r"[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+|0x[0-9a-f]+"
_C = {"literal": c_string, "comment": _star_comment, "hex": _hex}
# init's tokenizer: white space ends a field, '"' and '\' quote, '#' begins a comment; a '*' in a path is a wildcard.
_UEVENTD = _word(
    "ueventd.rc",
    r"""[!$-)+-Z\]^-~][!#-)+-Z\]^-~]*""",
    "white space, quotes, backslashes, wildcards and characters outside ASCII would change the line's meaning",
)


def _udev_string(value: object) -> str:
    """What a udev rule assigns: a quote or a backslash ends the string, '$' and '%' begin a substitution."""
    text = str(value)
    if not re.fullmatch(r"[!#&-\[\]-~]+", text):
        raise Refused(value, "quotes, backslashes, $, %, white space and characters outside ASCII change a udev rule")
    return f'"{text}"'


def _udev_pattern(value: object) -> str:
    """What a udev rule compares with: a shell pattern of which '|' separates alternatives."""
    text = str(value)
    if not re.fullmatch(r"[!#-\[\]-{}~]+", text):
        raise Refused(value, "quotes, backslashes, |, white space and characters outside ASCII change a udev rule")
    return '"' + re.sub(r"[*?\[]", r"[\g<0>]", text) + '"'


def _node_name(value: object) -> str:
    """A device tree node name with an optional unit address (Devicetree Specification 0.4, 2.2.1)."""
    text = str(value)
    if not re.fullmatch(r"[A-Za-z0-9,._+-]{1,31}(@[0-9a-f]+)?", text):
        raise Refused(value, "a device tree node name is 1 to 31 of: letters, digits, , . _ + -")
    return text


def _cells(value: object, count: int = 2) -> str:
    """A number as device tree cells, most significant first."""
    number = int(str(value))
    if not 0 <= number < 1 << 32 * count:
        raise Refused(hex(number), f"it does not fit in {count} device tree cell{'s' if count > 1 else ''}")
    return " ".join(f"0x{number >> 32 * place & 0xFFFFFFFF:x}" for place in reversed(range(count)))


def _path_regex(value: object) -> str:
    """A file name as a regular expression of file_contexts that matches nothing else; other bytes as \\xNN.

    m4 must not see its quotes and comments, nor one of its macros.
    """
    text = str(value)
    if text in {"", ".", ".."} or "/" in text or "\0" in text:
        raise Refused(value, "it is not a file name")
    out = []
    for char in text:
        if char.isascii() and (char.isalnum() or char in "_,-@:=%"):
            out.append(char)
        elif "!" <= char <= "~" and char not in "`'#":
            out.append("\\" + char)
        else:
            out += [f"\\x{byte:02x}" for byte in _encoded(char, value)]
    return re.sub("[A-Za-z_][A-Za-z0-9_]*", lambda match: _hidden_from_m4(match[0]), "".join(out))


def _hidden_from_m4(word: str) -> str:
    return f"\\x{ord(word[0]):02x}{word[1:]}" if re.fullmatch(_M4_MACRO, word) else word


def _property_value(value: object, name: str) -> str:
    """A property's value: init trims its ends, a line feed ends it, and only ro.* may be longer than 91 bytes."""
    text = _no_control(value, "a property's value")
    if text != text.strip():
        raise Refused(value, "init removes white space at the ends of a property's value")
    if len(text.encode()) > 91 and not name.startswith("ro."):
        raise Refused(value, f"the value of {name} has more than 91 bytes (PROP_VALUE_MAX)")
    return text


def _go_string(value: object) -> str:
    """A string of a Blueprint file, quoted as in Go."""
    text = _no_control(value, "a Blueprint string")
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _slash_lines(lines: list[str]) -> str:
    return "\n".join(f"// {one_line(line)}".rstrip() for line in lines)


def _xml(value: object) -> str:
    text = str(value)
    if not _XML_TEXT.fullmatch(text):
        raise Refused(value, "XML 1.0 cannot hold some of its characters")
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&apos;")):
        text = text.replace(char, entity)
    return text


def _xml_comment(value: object) -> str:
    text = "".join(char for char in one_line(value) if _XML_TEXT.fullmatch(char))
    return f"<!-- {text.replace('--', '- -').replace('--', '- -').rstrip('-')} -->"


def _xml_block(lines: list[str]) -> str:
    return "\n".join(map(_xml_comment, lines))


def _markdown(value: object) -> str:
    """Text in CommonMark; every character that would be markup is escaped."""
    text = re.sub(r"([\\`*\[\]<>&|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))", r"\\\1", one_line(value))
    return re.sub(r"^([#+=-]|[0-9]+(?=[.)](?: |$)))", lambda match: _before_last(match[1]), text)


def _before_last(text: str) -> str:
    """A backslash before a mark; a number that would begin a list gets it before the dot that follows."""
    return f"{text}\\" if text.isdigit() else f"\\{text}"


def _markdown_code(value: object) -> str:
    """A code span: its fence is longer than any run of backticks in it."""
    text = str(value)
    if not text or text != one_line(text):
        raise Refused(value, "a code span does not show control characters and runs of white space")
    fence = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


LANGUAGES: Mapping[str, Language] = {
    language.name: language
    for language in (
        Language(
            "kconfig",
            "a kernel configuration fragment",
            _word(
                "a kernel configuration fragment", r"[A-Za-z0-9_]+|-?[0-9]+", "only letters, digits and '_' are allowed"
            ),
            _kconfig_block,
            {"literal": _kconfig_string, "setting": _kconfig_setting, "comment": _kconfig_comment},
        ),
        Language(
            "dts",
            "a device tree source",
            _word(
                "a device tree source",
                r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|0x[0-9a-f]+",
                _NO_QUOTES,
            ),
            _stars,
            {"literal": c_string, "comment": _star_comment, "node_name": _node_name, "cells": _cells},
        ),
        Language(
            "te",
            "SELinux policy",
            _word("SELinux policy", _SELINUX_WORD, "only identifiers that m4 leaves alone are allowed"),
            _hashes,
            {"comment": _hash_comment},
        ),
        Language(
            "file_contexts",
            "file_contexts",
            _word("file_contexts", _SELINUX_WORD, "only identifiers that m4 leaves alone are allowed without quotes"),
            _hashes,
            {"comment": _hash_comment, "path_regex": _path_regex},
        ),
        Language("ueventd", "ueventd.rc", _UEVENTD, _hashes, {"comment": _hash_comment}),
        Language(
            "udev",
            "a udev rule",
            _word("a udev rule", r"[A-Za-z0-9_][A-Za-z0-9_.-]*", "only letters, digits, _ . and - need no quotes"),
            _hashes,
            {"comment": _make_comment, "literal": _udev_string, "pattern": _udev_pattern},
        ),
        Language(
            "sysusers",
            "sysusers.d",
            _word("sysusers.d", r"[A-Za-z_][A-Za-z0-9_-]*", "only the name of a user or group is allowed"),
            _hashes,
            {"comment": _hash_comment},
        ),
        Language(
            "make",
            "a makefile",
            _word(
                "a makefile", r"[A-Za-z0-9_./:=,@+-]+", "white space, $, # and quotes would change the line's meaning"
            ),
            _hashes,
            {"comment": _make_comment},
        ),
        Language(
            "properties",
            "a property file",
            _word("a property file", r"[A-Za-z0-9_.:@-]+", "only letters, digits and _ . : @ - are allowed in a name"),
            _hashes,
            {"comment": _hash_comment, "value": _property_value},
        ),
        Language(
            "modules",
            "modules.load",
            _word("modules.load", r"[A-Za-z0-9_][A-Za-z0-9_./-]*", "only the file name of a module is allowed"),
            _hashes,
            {"comment": _hash_comment},
        ),
        Language(
            "blueprint",
            "Android.bp",
            _word(
                "Android.bp",
                r"[A-Za-z_][A-Za-z0-9_]*|-?[0-9]+",
                _NO_QUOTES,
            ),
            _slash_lines,
            {"literal": _go_string},
        ),
        Language("xml", "XML", _xml, _xml_block, {"comment": _xml_comment}),
        Language("markdown", "Markdown", _markdown, _xml_block, {"code": _markdown_code}),
        Language("c", "C", _word("C", _C_WORD, _NO_QUOTES), _stars, _C),
        Language("c++", "C++", _word("C++", _C_WORD, _NO_QUOTES), _stars, _C),
    )
}
"""Every target language by name."""
