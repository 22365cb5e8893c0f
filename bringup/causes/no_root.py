"""What a board without root leaves open, and how to get root on it: nothing that it refused is advised again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from bringup.facts.board import Facts
from bringup.outcome import Outcome
from bringup.results.verdict import Verdict

__all__ = ["open_questions", "ways_to_root"]

#: Words of a reason by which a question is open because the test allocator was refused something.
_REFUSED = re.compile(r"\b(?:EACCES|EPERM|root)\b|may not be (?:read|used)|may not open it|in the domain shell")
_MOST_NAMES = 12

_ADB_ROOT = "adb root   (userdebug or eng build), then run again"
#: AOSP system/core/init/first_stage_init.cpp (force_debuggable); build/make/core/Makefile (vendor_boot-debug.img).
_USER_BUILD = (
    "a user build refuses adb root for good: flash a userdebug build of the same release, then run again",
    "or, with an unlocked boot loader, flash the build's vendor_boot-debug.img or boot-debug.img: adb root works then",
    "without either: 'adb bugreport' has the kernel's log, and 'bringup kconfig check boot.img' judges the kernel",
)
_NOT_ANDROID = (
    "adbd cannot become root here: let the service that starts it run it as root (User= of its unit), then run again",
)
_NOT_KNOWN = "adbd refuses root, and it is not known whether the board runs Android: run again"
_SU_ASKS = "su did not answer: allow it on the board's screen, then run again"
_DEBUGGABLE = (
    "the build is debuggable and still refuses adb root: look for 'Rooted debugging' in the developer options, "
    "or install su, then run again"
)
_ALLOWED = "run again without --root never"


def ways_to_root(facts: Facts) -> tuple[str, ...]:
    """How to become root on this kind of build, without what it refused; empty where the test allocator was root."""
    if facts.as_root:
        return ()
    tried = facts.record.board.root_reason
    if "root is not to be used" in tried:
        return (_ALLOWED,)
    if "su: no answer" in tried:
        return (_SU_ASKS,)
    if "adb root:" not in tried and not facts.is_other_linux:
        return (_ADB_ROOT,)
    if facts.is_user_build:
        return _USER_BUILD
    if facts.is_other_linux:
        return _NOT_ANDROID
    if not facts.properties:
        return (_NOT_KNOWN,)
    return (_DEBUGGABLE,)


def open_questions(verdicts: Iterable[Verdict]) -> tuple[str, ...]:
    """What is not known for want of root: how many questions, then which; empty where there is none."""
    ids = Counter(
        verdict.id
        for verdict in verdicts
        if verdict.outcome in (Outcome.SKIP, Outcome.ERROR) and _REFUSED.search(verdict.reason or "")
    )
    if not ids:
        return ()
    names = [f"{name} ({count} times)" if count > 1 else name for name, count in ids.items()]
    rest = len(names) - _MOST_NAMES
    named = ", ".join(names[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")
    number = f"{ids.total()} questions are" if ids.total() > 1 else "1 question is"
    return (f"{number} open that root may answer", named)
