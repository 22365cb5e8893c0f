"""What starting a board does about QEMU's own ways; QEMU is scripted here, a real one does none of it when asked to."""

from __future__ import annotations

from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import DeadlineExceeded, VirtualBoardError
from bringup.virtual import find_profile
from bringup.virtual.progress import Silent
from bringup.virtual.running.machine import _booted
from bringup.virtual.running.qemu import spawn_detached
from bringup.virtual.running.state import VirtualBoard, folder_of

AMD64 = find_profile("amd64")
EMULATORS = "Kernel panic - not syncing: Fatal exception in interrupt"


class Boots:
    """Ends as is written down, one boot after the other; an empty text is a board."""

    def __init__(self, *panics: str) -> None:
        self._panics = list(panics)
        self.board = VirtualBoard("one", "amd64", "127.0.0.1:9", 9, 1, Path("qmp"), Path("console"), "x")

    def __call__(self) -> VirtualBoard:
        panic = self._panics.pop(0)
        if panic:
            raise VirtualBoardError("boot", panic)
        return self.board

    @property
    def all_used(self) -> bool:
        return not self._panics


class Watcher(Silent):
    said: tuple[str, ...] = ()

    def step(self, text: str) -> None:
        self.said += (text,)


def test_a_guest_that_panics_by_the_emulators_fault_is_booted_once_more_and_that_is_reported() -> None:
    boots, watcher = Boots(EMULATORS, ""), Watcher()
    assert _booted(boots, AMD64, watcher) == boots.board
    assert watcher.said == ("boot amd64", f"boot amd64 once more: {EMULATORS}")


@pytest.mark.parametrize(
    "panics", [[EMULATORS, EMULATORS], ["Kernel panic - not syncing: VFS: Unable to mount root fs"], ["QEMU has ended"]]
)
def test_a_kernels_own_panic_is_reported(panics: list[str]) -> None:
    boots = Boots(*panics)
    with pytest.raises(VirtualBoardError, match=panics[-1]):
        _booted(boots, AMD64, Silent())
    assert boots.all_used


def test_a_qemu_that_is_late_has_ended_when_the_error_is_raised(own_runtime: Path) -> None:
    """On its way to the background it is two processes, and the second one notices a while after the first."""
    late = f"(exec >/dev/null 2>&1; sleep 2; touch {own_runtime}/ended) & exec sleep 60"
    with pytest.raises(DeadlineExceeded, match="QEMU has not come up within 1 s"):
        spawn_detached(folder_of("late"), ["sh", "-c", late], Deadline.after(1))
    assert (own_runtime / "ended").exists()
