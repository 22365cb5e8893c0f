"""Text that a board, an adb server or a file of a stranger sends is read in linear time, and its numbers are bounded."""

from __future__ import annotations

import ast
import importlib
import itertools
import math
import pkgutil
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import bringup

ROOT = Path(bringup.__file__).parent
#: Where foreign text is read.
ROOMS = ("facts", "record", "allocator", "board", "causes", "checks", "lab", "compare", "kernel", "report")
#: Seconds of CPU; less is noise.
MEASURABLE = 0.004
#: Bare calls of int and float whose argument is not text, or was bounded by the pattern that matched it.
KNOWN = {
    "board/select.py": 1,
    "board/sync.py": 1,
    "board/transfer.py": 1,
    "board/wire.py": 1,
    "causes/no_room.py": 1,
    "compare/watching.py": 1,
    "facts/benchmark.py": 1,
    "facts/board.py": 1,
    "facts/ktap.py": 1,
    "facts/log/android_line.py": 1,
    "facts/log/kernel_line.py": 3,
    "facts/log/kept_logs.py": 2,
    "facts/log/running_test.py": 1,
    "facts/log/splat_kinds.py": 1,
    "facts/log/splats.py": 1,
    "kernel/history/version.py": 5,
    "facts/holders/buffer_lists.py": 6,
    "lab/apart.py": 1,
    "lab/places/holding.py": 1,
    "record/benchmark.py": 1,
    "record/observe.py": 1,
    "report/html/holders.py": 2,
    "report/html/timing.py": 2,
    "report/html/watch.py": 1,
}


def test_numbers_and_json_are_read_by_the_readers_that_bound_them() -> None:
    """bringup.text.parse_number, and msgspec, which knows no NaN."""
    bare: Counter[str] = Counter()
    for path in (path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and _is_unbounded(node):
                bare[path.relative_to(ROOT).as_posix()] += 1
    assert bare == KNOWN


def _is_unbounded(call: ast.Call) -> bool:
    """A call of int with base 10, which raises from 4,300 digits on, of float or of json.loads."""
    name = ast.unparse(call.func)
    status = any(ast.unparse(argument).endswith("exit_code") for argument in call.args)
    return name in ("float", "json.loads") or (name == "int" and len(call.args) == 1 and not status)


def patterns() -> Iterator[tuple[str, re.Pattern[Any]]]:
    """Every compiled pattern of the modules that read foreign text."""
    for room in ROOMS:
        package = importlib.import_module(f"bringup.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith(("allocator.build", "kernel.compile")):
                continue
            for name, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, re.Pattern):
                    yield f"{module.name}.{name}", value


def atoms(pattern: re.Pattern[Any]) -> list[str]:
    """Pieces of text that a pattern is made of: its words, and what stands for its sets."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    source = re.sub(r"\(\?P<\w+>|\\[a-zA-Z]", "(", source).replace("\\", "")
    words = re.findall(r"[A-Za-z0-9_:/=<. -]{2,}", source)[:6]
    return list(dict.fromkeys([*words, "a", "0", " ", "\n", '"', ":", "]"]))


def texts(pattern: re.Pattern[Any]) -> Iterator[tuple[str, str]]:
    """(head, repeated): what makes a pattern that backtracks slow is a beginning that fits, and then the same again."""
    yield from itertools.product(("", *atoms(pattern)[:4]), atoms(pattern))


def growth(pattern: re.Pattern[Any], head: str, again: str, most: int) -> float:
    """The largest exponent by which time grows from half a size to it, where that can be measured at all."""
    worst, taken = 0.0, {}
    for size in itertools.takewhile(
        lambda size: size <= most, (2 * order + 8 if order < 20 else 64 << order - 20 for order in itertools.count())
    ):
        text: Any = head + again * max(1, size // len(again)) + "\x01"
        text = text.encode("latin-1", "replace") if isinstance(pattern.pattern, bytes) else text
        taken[size] = min(_seconds(pattern, text) for _ in range(2))
        if taken[size] > MEASURABLE:
            half = max(taken.get(size // 2, 0.0), MEASURABLE / 16)
            worst = max(worst, math.log2(taken[size] / half))
        if taken[size] > 25 * MEASURABLE:
            return worst
    return worst


def _seconds(pattern: re.Pattern[Any], text: Any) -> float:
    begun = time.process_time()
    for _ in pattern.finditer(text):
        pass
    pattern.fullmatch(text)
    return time.process_time() - begun


def is_of_whole_texts(pattern: re.Pattern[Any]) -> bool:
    """Other patterns see one line, which is cut, or a name."""
    return bool(pattern.flags & re.MULTILINE) or isinstance(pattern.pattern, bytes)


@pytest.mark.parametrize(
    ("name", "pattern"), list(patterns()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_no_pattern_takes_more_than_its_share(name: str, pattern: re.Pattern[Any]) -> None:
    """Of a whole text: about linear time. Of a line of at most 2 KiB: about quadratic time, which is little there."""
    most, limit = (32768, 1.7) if is_of_whole_texts(pattern) else (1024, 2.9)
    slow = [  # a busy machine makes a measurement longer, but not each of five
        (head, again)
        for head, again in texts(pattern)
        if all(growth(pattern, head, again, most) > limit for _ in range(5))
    ]
    assert not slow, name


def test_the_measurement_sees_what_it_is_for() -> None:
    """A busy machine may flatten a measurement, but not each of five."""
    cubic, quadratic = (re.compile(r"(a+)+b"), "", "a", 2048), (re.compile(r"^\s*x", re.MULTILINE), "", "\n", 32768)
    assert any(growth(*cubic) > 2.9 for _ in range(5))
    assert any(growth(*quadratic) > 1.7 for _ in range(5))
