"""Templates that take too much: an error at their line, whatever they do."""

from __future__ import annotations

import gc
import sys
import threading
import time
from pathlib import Path

import pytest

from bringup.config.shipped import find_config
from bringup.errors import ConfigError
from bringup.render import bounds
from bringup.render.engine import render

# The limit's error may meet a callback of the collector (Hypothesis has one): it is dropped there, Python warns, and it comes again.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

HEAD = '{#---\nfragment: greedy\ntitle: Greedy\noutput: "greedy.prop"\nlanguage: properties\n---#}\n'
LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}"


def rendered(body: str, folder: Path) -> None:
    (folder / "greedy.j2").write_text(HEAD + body + "\n")
    render("greedy", find_config("db845c"), dirs=[folder])


@pytest.mark.parametrize(
    "body",
    [
        LOOP,
        "{% macro again(n) %}a{% for _ in range(2) %}{{ again(n + 1) if n < 30 }}{% endfor %}{% endmacro %}{{ again(0) }}",
        "{% for a in range(99999) %}{% set x = range(99999) | sort | list %}{% endfor %}",
    ],
    ids=["loops", "recursion", "sorts"],
)
def test_an_endless_template_is_an_error_at_its_line(
    body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "SECONDS", 0.2)
    with pytest.raises(ConfigError, match=r"greedy\.j2:7: it does not end within 0\.2 s of CPU time"):
        rendered(body, tmp_path)


def test_an_error_that_the_collector_drops_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is raised in a callback of the collector is dropped, as by tools that watch it."""
    monkeypatch.setattr(bounds, "SECONDS", 0.2)
    dropped: list[object] = []
    begun = time.process_time()

    def slow(_phase: str, _info: object) -> None:
        while not dropped and time.process_time() < begun + 30:
            pass

    def collect_and_go_on() -> None:
        gc.callbacks.append(slow)
        try:
            gc.collect()
        finally:
            gc.callbacks.remove(slow)
        while time.process_time() < begun + 30:
            pass

    monkeypatch.setattr(sys, "unraisablehook", dropped.append)
    with pytest.raises(bounds.TooLong, match="it does not end within"), bounds.bounded_time():
        collect_and_go_on()
    assert dropped


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{ 10 ** (10 ** 8) }}", "a number of more than 65536 bits"),
        ("{{ 7 ** -(10 ** 9) }}", "a number of more than 65536 bits"),
        (
            "{% set x = namespace(n=9) %}{% for _ in range(60) %}{% set x.n = x.n * x.n %}{% endfor %}",
            "a number of more than 65536 bits",
        ),
        ("{{ 'x' * 10 ** 9 }}", "it would have more than 16777216 items"),
        ("{{ (10 ** 9 * [0]) | length }}", "it would have more than 16777216 items"),
        ("{{ range(10 ** 12) | sum }}", "Range too big"),
    ],
)
def test_one_step_that_would_take_hours_is_refused(body: str, why: str, tmp_path: Path) -> None:
    """Nothing interrupts what runs in C."""
    with pytest.raises(ConfigError, match=rf"greedy\.j2:7: OverflowError: {why}"):
        rendered(body, tmp_path)


def test_what_templates_compute_stays_allowed(tmp_path: Path) -> None:
    rendered("a={{ 2 ** 40 * 3 }}{{ 'ab' * 3 }}{{ ([1, 2] * 2) | length }}", tmp_path)


def test_the_timer_is_over_with_the_template_and_only_where_a_signal_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "SECONDS", 0.01)
    with bounds.bounded_time():
        pass
    sum(range(10**6))
    done = threading.Thread(target=lambda: rendered("a={{ 'x' }}", tmp_path))
    done.start()
    done.join()
    assert (tmp_path / "greedy.j2").exists()
