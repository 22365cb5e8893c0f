"""Mutation tests of the rooms that judge: ``make mutants``. One thing in a function is changed, and a test has to fail.

The changes are mutmut's, drawn by a seed from all that a room or file has. Unlike mutmut's own runs, functions with a
decorator have their share, as each check is one. A change is tried in a copy of the process that has collected the room's
tests, by the tests that run its line, the quickest first. Tests that need a virtual board or a built kernel are left out,
and processes that tests start do not have the change: what only those notice counts as not noticed.
"""

from __future__ import annotations

import argparse
import difflib
import functools
import gc
import importlib
import os
import pickle
import random
import resource
import signal
import sys
import time
import traceback
import types
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import libcst
import pytest
from _pytest.runner import runtestprotocol
from libcst.metadata import MetadataWrapper, PositionProvider
from mutmut.mutation.file_mutation import (
    NEVER_MUTATE_FUNCTION_NAMES,
    Mutation,
    MutationVisitor,
    OuterFunctionProvider,
)
from mutmut.mutation.mutators import mutation_operators
from mutmut.mutation.pragma_handling import IgnoredCode

_JUDGING = ("tests/checks", "tests/causes", "tests/facts", "tests/config/test_draft.py", "tests/compare/test_facts.py")
#: The rooms and their tests. Checks show what facts say and which causes are found.
ROOMS = {
    "bringup/checks": _JUDGING,
    "bringup/causes": _JUDGING,
    "bringup/facts": _JUDGING,
    "bringup/kernel/requirements": ("tests/kernel/requirements", "tests/kernel/data"),
    "bringup/record": ("tests/record", "tests/test_special_files.py", "tests/lab/test_reading.py"),
}
PYTEST = (
    "-q", "-x", "--tb=line", "-p", "no:randomly", "-p", "no:cacheprovider", "--hypothesis-seed=0",
    "-m", "not board and not kernels",
)  # fmt: skip
#: A change after which a loop does not end, or fills the memory, is noticed, too.
SECONDS, BYTES = 300, 6 << 30
#: pytest has the standard output for itself.
RESULTS = os.dup(1)
_BROKEN = 99
OUT = Path("out/mutants").absolute()


class Change(NamedTuple):
    """One change that can be made: in which file and line."""

    path: str
    line: int
    module: libcst.Module
    mutation: Mutation

    def text(self) -> str:
        text: str = self.module.deep_replace(self.mutation.original_node, self.mutation.mutated_node).code
        return text

    def __str__(self) -> str:
        before, after = self.module.code.splitlines(), self.text().splitlines()
        changed = list(difflib.unified_diff(before, after, n=0, lineterm=""))[3:]
        return "\n".join([f"not noticed: {self.path}:{self.line}", *changed])


class _Changes(MutationVisitor):
    """Every change within a function; none in decorators, annotations and defaults."""

    def __init__(self) -> None:
        super().__init__(mutation_operators, IgnoredCode(set(), set(), set()))
        self.lines: list[int] = []

    def _skip_node_and_children(self, node: libcst.CSTNode) -> bool:
        if isinstance(node, libcst.Param):
            return True
        if isinstance(node, libcst.FunctionDef) and node.decorators:
            return node.name.value in NEVER_MUTATE_FUNCTION_NAMES
        skipped: bool = super()._skip_node_and_children(node)
        return skipped

    def _create_mutations(self, node: libcst.CSTNode) -> None:
        if isinstance(self.get_metadata(OuterFunctionProvider, node, None), libcst.FunctionDef):
            super()._create_mutations(node)
            line = self.get_metadata(PositionProvider, node).start.line
            self.lines += [line] * (len(self.mutations) - len(self.lines))


def changes(path: Path) -> Iterator[Change]:
    """All changes to the files under a path, in the order of their text."""
    for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
        visitor = _Changes()
        module = MetadataWrapper(libcst.parse_module(file.read_text())).visit(visitor)
        for line, mutation in zip(visitor.lines, visitor.mutations, strict=True):
            yield Change(str(file), line, module, mutation)


def _in_a_copy(act: Callable[[], int], seconds: float = SECONDS) -> int:
    """What ``act`` returns in a copy of this process, or another number than 0 if that takes too long."""
    pid = os.fork()
    if not pid:
        status = _BROKEN
        try:
            os.setsid()
            resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
            status = act()
        except BaseException:  # noqa: BLE001 - whatever it is, this process ends here
            os.write(RESULTS, traceback.format_exc().encode())
        finally:
            os._exit(status)
    end = time.monotonic() + seconds
    while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
        if time.monotonic() > end:
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.01)
    if ended[1] == _BROKEN << 8:
        sys.exit("this tool failed")
    return ended[1]


class Trials:
    """Collects tests and tries changes with them, instead of running them. A pytest plug-in."""

    def __init__(self, paths: list[str], sample: int, seed: int) -> None:
        self._paths, self._sample, self._seed = paths, sample, seed
        self._coverage = coverage.Coverage(data_file=None, source=["bringup"], config_file=False)
        self._seconds: dict[str, float] = defaultdict(float)
        self._lines: dict[str, dict[int, set[str]]] = {}
        self._items: dict[str, pytest.Item] = {}
        self._functions: dict[str, list[types.FunctionType]] = defaultdict(list)
        self._caches: list[Any] = []

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        self._look_for_functions()
        watched = OUT / f"watched-{os.getpid()}.pickle"
        if _in_a_copy(lambda: self._watch(session, watched), seconds=10**6):
            sys.exit(f"a test fails with nothing changed: {OUT}/pytest-{os.getppid()}.log")
        self._lines, self._seconds = pickle.loads(watched.read_bytes())
        for path in self._paths:
            every = list(changes(Path(path)))
            drawn = random.Random(self._seed).sample(every, min(self._sample or len(every), len(every)))
            noticed = 0
            for number, change in enumerate(drawn, 1):
                is_noticed = self._is_noticed(session, change)
                noticed += is_noticed
                os.write(RESULTS, f"{path} {number}: {'noticed' if is_noticed else change}\n".encode())
            share = f"{noticed} of {len(drawn)} noticed, {noticed / max(len(drawn), 1):.1%}"
            os.write(RESULTS, f"{path}: {share}; drawn of {len(every)} with seed {self._seed}\n".encode())
        return True

    def _look_for_functions(self) -> None:
        """Those of every file that may be changed, and what remembers results."""
        for path in self._paths:
            for file in sorted(Path(path).rglob("*.py")) or [Path(path)]:
                importlib.import_module(".".join(file.with_suffix("").parts).removesuffix(".__init__"))
        for found in gc.get_objects():
            if isinstance(found, types.FunctionType):
                self._functions[found.__code__.co_filename].append(found)
            elif isinstance(found, functools._lru_cache_wrapper) and found.__module__.startswith("bringup."):
                self._caches.append(found)
        gc.freeze()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._seconds[report.nodeid] += report.duration

    def _watch(self, session: pytest.Session, watched: Path) -> int:
        """Which tests run which lines, and how long they take."""
        self._coverage.start()
        failed = self._run(session, list(self._items), self._watch_as)
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            str(Path(file).relative_to(Path.cwd())): {
                n: set(tests) for n, tests in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        watched.write_bytes(pickle.dumps((lines, dict(self._seconds))))
        return failed

    def _watch_as(self, test: str) -> None:
        """Without what earlier tests left in caches, or a cached function's lines would be the first test's alone."""
        self._forget()
        self._coverage.switch_context(test)

    def _forget(self) -> None:
        for cache in self._caches:
            cache.cache_clear()

    def _is_noticed(self, session: pytest.Session, change: Change) -> bool:
        lines = self._lines.get(change.path, {})
        tests = lines.get(change.line, set()) - {""} or set().union(*lines.values()) - {""} or set(self._items)
        ordered = sorted(tests, key=lambda test: (self._seconds.get(test, 0.0), test))
        return _in_a_copy(lambda: self._try(session, change, ordered)) != 0

    def _try(self, session: pytest.Session, change: Change, tests: list[str]) -> int:
        path = str(Path(change.path).absolute())
        _exchange(self._functions[path], change.text(), path)
        self._forget()
        return self._run(session, tests, lambda _: None)

    def _run(self, session: pytest.Session, tests: list[str], before: Callable[[str], object]) -> int:
        """How many tests failed, one at most."""
        for test, following in zip_longest(tests, tests[1:]):
            before(test)
            runtestprotocol(self._items[test], nextitem=self._items.get(following))
            if session.testsfailed:
                session._setupstate.teardown_exact(None)
                break
        return session.testsfailed


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def _exchange(functions: Iterable[types.FunctionType], text: str, path: str) -> None:
    """Give loaded functions of a file the code that they have in another text of it."""
    after = {(code.co_qualname, code.co_firstlineno): code for code in _codes(compile(text, path, "exec"))}
    for function in functions:
        code = after.get((function.__code__.co_qualname, function.__code__.co_firstlineno))
        if code is not None and code.co_freevars == function.__code__.co_freevars:
            function.__code__ = code


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", default=list(ROOMS), help="rooms or files of them")
    parser.add_argument("--sample", type=int, default=150, help="how many changes of each path, 0: all")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    os.dup2(os.open(OUT / f"pytest-{os.getpid()}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
    by_tests: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for path in options.paths:
        by_tests[next(tests for room, tests in ROOMS.items() if path.startswith(room))].append(path)
    for tests, paths in by_tests.items():
        act = functools.partial(pytest.main, [*PYTEST, *tests], [Trials(paths, options.sample, options.seed)])
        _in_a_copy(act, seconds=10**6)
    return 0


if __name__ == "__main__":
    sys.exit(main())
