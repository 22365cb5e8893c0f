"""What of places needs no lab: options, and labgrid's classes."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
from types import SimpleNamespace

import pytest

from bringup.errors import BoardLost, HostError
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


def test_a_board_that_a_driver_did_not_get_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """labgrid does not deactivate what was not activated. A scripted connection: adb has it, and nothing answers."""
    adb_driver = importlib.import_module("bringup.lab.places.adb_driver")
    let_go: list[str] = []
    monkeypatch.setattr(adb_driver.proxymanager, "get_host_and_port", lambda _device: ("192.0.2.80", 5555))
    monkeypatch.setattr(adb_driver, "connect_held", lambda *_: BoardLost("use the place main", "no answer"))
    monkeypatch.setattr(adb_driver, "disconnect_held", lambda held, _server: let_go.append(held.host))
    driver = SimpleNamespace(device=SimpleNamespace(), target=SimpleNamespace(name="main"))
    with pytest.raises(adb_driver.ExecutionError, match="no answer"):
        adb_driver._AdbDriver.on_activate(driver)
    assert let_go == ["192.0.2.80"]
