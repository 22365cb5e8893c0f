"""A template that does not end is an error at its line; what shipped templates do is far from the limit."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.config.shipped import load_all
from bringup.errors import ConfigError
from bringup.render import bounds
from bringup.render.engine import render
from tests.support.render.demo import SHIPPED, one

TURN = "{% for a in range(1000) %}"
ENDLESS = {
    "loops in loops": f"x\n{TURN}{TURN}{TURN}{TURN}{{% endfor %}}{{% endfor %}}{{% endfor %}}{{% endfor %}}\n",
    "loops over a list": "x\n" + "{% for a in [1,2,3,4,5,6,7,8,9] %}" * 12 + "{% endfor %}" * 12 + "\n",
    "a loop that keeps nothing": f"x\n{TURN}{TURN}{{% for b in range(99999) if false %}}{'{% endfor %}' * 3}\n",
    "a recursive loop": "x\n{% for a in [1, 2] recursive %}{% if loop.depth < 99 %}{% set _ = loop([1, 2]) %}"
    "{% endif %}{% endfor %}\n",
    "a macro of itself": "x\n{% macro m(n) %}{% if n %}{% set _ = m(n - 1) %}{% set _ = m(n - 1) %}{% endif %}"
    "{% endmacro %}{% set _ = m(90) %}\n",
    "an include of itself": "x\n{% set n = (n | default(0)) + 1 %}{% if n < 40 %}"
    "{% include 'demo.j2' %}{% include 'demo.j2' %}{% endif %}\n",
    "a text": f"x\n{TURN}{TURN}{'word ' * 200}{{% endfor %}}{{% endfor %}}\n",
    "a text that is doubled": "x\n{% set ns = namespace(s='ab') %}{% for a in range(60) %}{% set ns.s = ns.s + ns.s %}"
    "{% endfor %}\n",
    "a text that is multiplied": "x\n{% set s = 'ab' * 1000000000000 %}\n",
    "a list that is multiplied": "x\n{% set s = [0] * 1000000000000 %}\n",
    "a number of numbers": "x\n{% set s = 9 ** (9 ** 9) %}\n",
    "a block that is doubled": "x\n{% set ns = namespace(s='ab') %}{% for a in range(60) %}"
    "{% set s %}{{ ns.s | trusted }}{{ ns.s | trusted }}{% endset %}{% set ns.s = s %}{% endfor %}\n",
}


@pytest.mark.parametrize("body", ENDLESS.values(), ids=ENDLESS)
def test_what_does_not_end_is_an_error_with_its_line(tmp_path: Path, body: str) -> None:
    with pytest.raises(ConfigError, match="takes more than 1,000,000 steps") as caught:
        one(tmp_path, body)
    assert caught.value.path == tmp_path / "demo.j2"
    assert caught.value.line in (1, 7, 8), "1: the file as a whole, of one that includes itself"
    assert "no end" in caught.value.hint


def test_what_ends_is_rendered(tmp_path: Path) -> None:
    body = "{% for a in range(3) %}{% for b in range(2) %}\n{{ a * 2 + b }}{{ 'x' * 2 }}{% endfor %}{% endfor %}\n"
    assert one(tmp_path, body).split() == ["0xx1xx2xx3xx4xx5xx"]
    assert one(tmp_path, "{% for a in 'ab' %}{{ loop.index }}/{{ loop.length }} {% endfor %}\n").split() == [
        "1/2",
        "2/2",
    ]


def test_a_file_has_its_own_steps(tmp_path: Path) -> None:
    body = "{% for a in range(90000) %}{% for b in [1,2,3] %}{% endfor %}{% endfor %}done\n"
    for _ in range(4):
        assert one(tmp_path, body) == "done\n"


def test_shipped_templates_are_far_from_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "STEPS", bounds.STEPS // 10)
    for config in load_all():
        assert render("all", config, dirs=[SHIPPED])


@pytest.mark.parametrize("name", ["../secret.j2", "/etc/passwd", "none.j2"])
def test_an_include_that_is_not_there_is_told_with_place_and_remedy(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="there is no template") as caught:
        one(tmp_path, f"fine\n{{% include '{name}' %}}\n")
    assert name in str(caught.value)
    assert (caught.value.path, caught.value.line) == (tmp_path / "demo.j2", 8)
    assert str(tmp_path) in caught.value.hint
    assert "without '..'" in caught.value.hint
