"""Nothing of the command line of 0.1.0 is lost: every command, option, argument, choice and default is still there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_tree import command_tree

GOLDEN: dict[str, dict[str, dict[str, Any]]] = json.loads(
    (Path(__file__).parent / "golden" / "commands-0.1.0.json").read_text("utf-8")
)


@pytest.fixture(scope="module")
def today() -> dict[str, Any]:
    return command_tree()


@pytest.mark.parametrize("command", GOLDEN)
def test_a_command_keeps_its_parameters(command: str, today: dict[str, Any]) -> None:
    assert command in today
    names = {name: parameter for parameter in today[command].values() for name in parameter["names"]}
    for key, before in GOLDEN[command].items():
        for name in before["names"]:
            if before["kind"] == "argument":
                continue
            assert name in names, f"{command} lost {name}"
            now = names[name]
            assert {**now, "names": None, "choices": None} == {**before, "names": None, "choices": None}, (
                command,
                name,
            )
            assert set(before.get("choices", ())) <= set(now.get("choices", ())), (command, name)
        if before["kind"] == "argument":
            assert any(
                one["kind"] == "argument" and one.get("many", False) >= before.get("many", False)
                for one in today[command].values()
            ), f"{command} lost its argument {key}"


def test_a_lost_option_is_seen(today: dict[str, Any]) -> None:
    """The comparison above can fail."""
    assert "--never-there" not in {name for one in today["bringup run"].values() for name in one["names"]}
