"""What of places needs no lab: options, and labgrid's classes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

from bringup.errors import HostError
from bringup.lab.places.holding import held_places, place_in_use
from bringup.lab.places.messages import Busy, PlaceRequest
from tests.support.command import bringup


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--place", "a", "-s", "b"], "-s chooses others"),
        (["--place", "a", "--all"], "--all chooses others"),
        (["--place", "a", "--virtual", "amd64"], "--virtual chooses others"),
        (["--place", "a", "--tag", "b=c"], "both given"),
        (["--tag", "b"], "not KEY=VALUE"),
        (["--coordinator", "a:1"], "no place"),
        (["--reserve", "3"], "no place"),
    ],
    ids=str,
)
def test_options_that_contradict_each_other(arguments: list[str], said: str) -> None:
    done = bringup("run", *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_without_the_extra_the_next_step_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(HostError, match="not installed") as caught, held_places(PlaceRequest(names=("a",)), print):
        pass
    assert caught.value.hint == "pip install 'bringup[lab]'"


#: As labgrid will have them: its pull request 1564.
LABGRID_S_OWN = """
import attr
from labgrid.factory import target_factory
from labgrid.resource.common import NetworkResource

@target_factory.reg_resource
@attr.s(eq=False)
class NetworkADBDevice(NetworkResource):
    port = attr.ib(converter=int)

from bringup.lab.places import adb_resources, keeper
assert adb_resources.NetworkADBDevice is NetworkADBDevice
assert adb_resources.RemoteUSBADBDevice.__module__ == "bringup.lab.places.adb_resources"
"""


def test_resources_that_labgrid_has_are_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", LABGRID_S_OWN], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_how_long_a_place_is_held_already() -> None:
    assert "desk/bob, for 3 min" in str(place_in_use(Busy("a", "desk/bob", False, 185.0)))
    assert "for 2 h 1 min" in str(place_in_use(Busy("a", "desk/bob", False, 7300.0)))
