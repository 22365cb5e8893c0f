"""One reader for the lines of the kernel's log, in every form in which boards and people keep it.

======================================  =================================================================
``[   31.063001] text``                 klogctl and dmesg (kernel/printk/printk.c: print_time)
``[   31.063001][ T4001] text``         the same with CONFIG_PRINTK_CALLER (print_caller); also ``[   31.0] [ T4001]``
``6,339,5140900,-;text``                a record of /dev/kmsg, with ``,caller=T4001`` before the semicolon where the
                                        kernel has that option; lines ``' KEY=value'`` below belong to it
                                        (Documentation/ABI/testing/dev-kmsg of Linux 6.12)
``<6>[   31.0] text``                   raw: klogctl, ``dmesg -r``, /proc/last_kmsg, pstore
``kern  :info  : [   31.0] text``       ``dmesg -x``
``[   31.0] (0)[412:sh]text``           MediaTek's kernels; also ``-(0)[…]`` and ``<0>.(0)[…]``
``[   31.0]  [0:     sh:  412] text``   Samsung's kernels; also ``I[0:…]``
``[   31.0@1] text``                    Amlogic's kernels
``[   31.0] [   31.1]@1 text``          Qualcomm's kernels
``[   31.0s][pid:412,cpu1,sh]text``     HiSilicon's kernels
``[   31.0] c1    412 text``            Spreadtrum's kernels; ``[   31.0] c1 412 (sh) text``: Marvell's
``[Thu Jan  1 00:00:31 1970] text``     ``dmesg -T``: no time of the kernel's clock
``1970-01-01T00:00:31,06+00:00 text``   ``dmesg --time-format iso``: likewise
``Jan  1 00:00:31 host kernel: text``   syslog, perhaps without host, perhaps with a stamp; ``kern.warn kernel: text``
======================================  =================================================================
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

__all__ = ["LINE_LIMIT", "LogLine", "read_lines"]

#: A line is cut here before any pattern sees it. The kernel's own limit is about 1 KiB (LOG_LINE_MAX).
LINE_LIMIT = 2048

_RECORD = re.compile(r"(\d{1,6}),(\d{1,20}),(\d{1,20}),[^;,]{0,4}((?:,[^;,]{0,64}){0,8});")
_CALLER_OF_RECORD = re.compile(r"caller=([TC]\d{1,9})")
_ESCAPED = re.compile(r"\\x([0-9a-f]{2})")
_PRIORITY = re.compile(r"<(\d{1,3})>|(?:kern|user|daemon|auth|syslog) {0,4}:(?:[a-z]{4,6}) {0,3}: ")
_STAMP = re.compile(r" ?\[ {0,12}(\d{1,10})\.(\d{1,9})(?:s|@\d{1,3}[a-z]?| <[ +.\d]{1,24}>)?\]")
#: Times of day; the kernel's clock cannot be had from them.
_DATE = re.compile(
    r"\[\S{1,8} {1,2}\S{1,8} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4}\]"
    r"|\[[ +]{1,8}\d{1,6}\.\d{1,9}\]"
    r"|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,]\d{1,9}(?:[+-]\d\d:?\d\d|Z)?(?= )"
)
_SYSLOG = re.compile(
    r"(?:[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4} )?kern\.\w{3,6} kernel: "
    r"|(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d(?:\.\d{1,9})?|\d{4}-\d\d-\d\dT\S{8,32}) (?:\S{1,64} )?"
    r"kernel(?:\[\d{1,8}\])?: "
)
#: Who wrote the line, between the stamp and the text.
_WRITER = re.compile(
    r" {0,2}(?:"
    r"\[ {0,8}(?P<caller>[TC]\d{1,9})\] ?"
    r"|(?:<\d>)?[-.]?(?:\(\d{1,3}\)|<\d>-?\(\d{1,3}\))\[(?P<mtk>\d{1,9}):[^\]]{0,32}\]"
    r"|[A-Z]?\[\d{1,3}: {0,16}[^:\]]{1,32}: {0,9}(?P<samsung>\d{1,9})\] ?"
    r"|\[pid:(?P<hisi>\d{1,9}),cpu\d{1,3},[^\]]{0,48}\]"
    r"|\[ {0,8}\d{1,10}\.\d{1,9}\]@\d{1,3} ?"
    r"|c\d{1,2} {1,7}(?P<sprd>\d{1,9}) (?:\([^()]{1,32}\) ?)?"
    r")"
)


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the kernel's log.

    :param text: what was written, without anything before it.
    :param time: seconds of the kernel's clock; ``None`` where the form does not have it.
    :param sequence: the number of the record in /dev/kmsg; several lines of one record have the same.
    :param caller: the thread (``T412``) or CPU (``C0``) that wrote it, where the form names it.
    """

    text: str
    time: float | None = None
    sequence: int | None = None
    caller: str = ""


def read_lines(text: str) -> Iterator[LogLine]:
    """The lines of a log, in order; what /dev/kmsg lists below a record about its device is left out."""
    in_record = False
    for raw in text.removesuffix("\n").split("\n") if text else ():
        line = raw[:LINE_LIMIT].removesuffix("\r")
        record = _RECORD.match(line)
        if record is not None:
            in_record = True
            yield from _of_record(record, line[record.end() :])
        elif not (in_record and line.startswith(" ")):
            in_record = False
            yield _of_text(line)


def _of_record(record: re.Match[str], text: str) -> Iterable[LogLine]:
    """The lines of one record of /dev/kmsg: what is not printable, and a newline, is written as ``\\x0a``."""
    time, sequence = int(record[3]) / 1e6, int(record[2])
    caller = _CALLER_OF_RECORD.search(record[4])
    plain = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    for line in plain.split("\n"):
        inner, writer = _after_writer(line)
        yield LogLine(inner, time, sequence, caller[1] if caller else writer)


def _of_text(line: str) -> LogLine:
    rest = line
    for pattern in (_SYSLOG, _PRIORITY):
        if match := pattern.match(rest):
            rest = rest[match.end() :]
    stamp = _STAMP.match(rest)
    time = float(f"{stamp[1]}.{stamp[2]}") if stamp else None
    if stamp is None:
        stamp = _DATE.match(rest)
    if stamp is None:
        return LogLine(rest)
    after = rest[stamp.end() :]
    text, caller = _after_writer(after)
    return LogLine(text.removeprefix(" ") if text is after else text, time, None, caller)


def _after_writer(text: str) -> tuple[str, str]:
    """The text of a line after its stamp, and the thread or CPU that wrote it."""
    caller = ""
    while writer := _WRITER.match(text):
        text = text[writer.end() :]
        thread = next((group for group in writer.groups()[1:] if group), "")
        caller = caller or writer["caller"] or (f"T{thread}" if thread else "")
    return text, caller
