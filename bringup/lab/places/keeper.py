"""The process that holds places of labgrid: started with a request, it ends, and releases, when its input does.

A process of its own, because the kernel closes its input however bringup ends, SIGKILL included; and because gRPC's
threads must not be where bringup forks. At the usual end one more byte comes: another process may have the pipe open.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any

import msgspec
from labgrid.util.proxy import proxymanager
from labgrid.util.ssh import sshmanager

from bringup.lab.places.adb_resources import BOARDS, AdbBoard
from bringup.lab.places.coordinator import Coordinator, PlaceBusy, PlaceRefused, Unreachable
from bringup.lab.places.messages import (
    Busy,
    Held,
    HeldBoard,
    KeeperMessage,
    Lost,
    Note,
    PlaceRequest,
    Released,
    Trouble,
)

__all__: list[str] = []

_DEFAULT_PORT = 20408


class _CannotHold(Exception):
    """Nothing is held, and why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.seen)
        self.trouble = trouble


class _Keeper:
    def __init__(self, request: PlaceRequest, answers: Any) -> None:
        self._request = request
        self._answers = answers
        self._noted: set[str] = set()
        self._began = time.monotonic()

    def say(self, message: KeeperMessage) -> None:
        """One line; nobody may read any more, and the places are released all the same."""
        with contextlib.suppress(OSError):
            self._answers.write(msgspec.json.encode(message) + b"\n")
            self._answers.flush()

    async def keep(self, over: asyncio.Event) -> None:
        """Hold the places until it is over."""
        address = self._request.coordinator or os.environ.get("LG_COORDINATOR", "127.0.0.1")
        left: dict[str, str] = {}
        try:
            address = proxymanager.get_grpc_address(address, default_port=_DEFAULT_PORT)
            async with Coordinator(address) as coordinator:
                left = coordinator.left
                held = await _unless(over, self._hold(coordinator))
                if held is not None:
                    self.say(held)
                    await self._watch(coordinator, over)
        except _CannotHold as error:
            self.say(error.trouble)
        except Unreachable as error:
            hint = "start labgrid-coordinator there, or name another: --coordinator HOST:PORT, or $LG_COORDINATOR"
            self.say(Trouble(f"the coordinator at {address} does not answer: {error}", hint))
        except Exception as error:  # noqa: BLE001 - of labgrid or ssh; without words here nobody would know
            self.say(Trouble(f"labgrid: {type(error).__name__}: {error}"))
        self.say(Released(left))

    async def _watch(self, coordinator: Coordinator, over: asyncio.Event) -> None:
        """Wait for the end, and say when the coordinator is gone before it."""
        await _unless(over, coordinator.lost())
        if not over.is_set():
            text = "the coordinator went away during the run: until it was back, somebody else could take the places"
            self.say(Note(text))
            await over.wait()

    async def _hold(self, coordinator: Coordinator) -> Held:
        self._began = time.monotonic()
        boards: list[HeldBoard] = []
        busy: list[Busy] = []
        lost: list[Lost] = []
        async for name in self._names(coordinator):
            try:
                boards += await self._have(coordinator, name)
            except PlaceBusy as error:
                busy.append(error.busy)
            except _NoBoard as error:
                lost.append(Lost(name, error.seen, error.hint))
            except PlaceRefused as error:
                lost.append(Lost(name, f"labgrid does not give it: {error}", f"labgrid-client -p {name} show"))
        return Held(tuple(boards), tuple(busy), tuple(lost))

    async def _names(self, coordinator: Coordinator) -> AsyncIterator[str]:
        """The places that are meant; one that was reserved before the next is: a reservation alone lapses soon.

        Everybody asks in one order, so that two who wait for the same two places do not block each other.
        """
        request = self._request
        if request.names:
            for name in sorted({_named(coordinator, name) for name in request.names}):
                yield name if request.reserve is None else await self._reserved(coordinator, {"name": name})
            return
        if request.reserve is not None:
            yield await self._reserved(coordinator, request.tags)
            return
        found = [name for name, place in coordinator.places.items() if request.tags.items() <= place.tags.items()]
        if not found:
            wanted = " ".join(f"{key}={value}" for key, value in request.tags.items())
            seen = f"no place has the tags {wanted}; there are {_some(coordinator.places)}"
            raise _CannotHold(Trouble(seen, "labgrid-client places; labgrid-client -p PLACE set-tags KEY=VALUE", True))
        for name in sorted(found):
            yield name

    async def _reserved(self, coordinator: Coordinator, filters: Any) -> str:
        seconds = self._request.reserve or 0.0
        wanted = ", ".join(f"{key}={value}" for key, value in filters.items())

        def waiting() -> None:
            if wanted not in self._noted:
                self._noted.add(wanted)
                self.say(Note(f"waiting for a place ({wanted}), at most {seconds:g} s"))

        try:
            return await coordinator.reserve(filters, self._began + seconds, waiting)
        except TimeoutError:
            seen = f"reserve a place ({wanted}): no such place became free within {seconds:g} s"
            raise _CannotHold(Trouble(seen, "labgrid-client who")) from None
        except PlaceRefused as error:
            raise _CannotHold(Trouble(f"reserve a place ({wanted}): {error}", "labgrid-client who")) from error

    async def _have(self, coordinator: Coordinator, name: str) -> list[HeldBoard]:
        """Acquire a place and find its boards; released again where there are none."""
        place = coordinator.places[name]
        if not place.acquired and (match := coordinator.unmatched(place)):
            hint = "see whether labgrid-exporter runs on that host: labgrid-client resources"
            raise _NoBoard(f"nobody exports {match} at present", hint)
        place = await coordinator.acquire(name)
        try:
            return _boards(coordinator, name, place.acquired_resources)
        except _NoBoard:
            await coordinator.release(name)
            raise


class _NoBoard(Exception):
    """The place has no board at present."""

    def __init__(self, seen: str, hint: str) -> None:
        super().__init__(seen)
        self.seen = seen
        self.hint = hint


def _boards(coordinator: Coordinator, place: str, paths: Iterable[tuple[str, str, str, str]]) -> list[HeldBoard]:
    boards = [_board(coordinator, place, path) for path in paths if path[2] in BOARDS]
    if not boards:
        seen = f"it has no board behind adb, but: {_some(path[2] for path in paths)}"
        raise _NoBoard(seen, "export a RemoteUSBADBDevice (host, port, serialno) and add a match for it to the place")
    return boards


def _board(coordinator: Coordinator, place: str, path: tuple[str, str, str, str]) -> HeldBoard:
    entry = coordinator.resource(path)
    if entry is None:
        raise _NoBoard(f"its exporter {path[0]} went away", "see whether labgrid-exporter runs on that host")
    try:
        resource: Any = AdbBoard(target=None, name=path[3], **entry.args)  # type: ignore[call-arg]
        resource.extra = entry.extra
        host, port = proxymanager.get_host_and_port(resource)
    except Exception as error:
        said = " ".join(str(error).split())[:300]
        raise _NoBoard(f"{'/'.join(path)} cannot be reached: {said}", f"labgrid-client -p {place} show") from error
    return HeldBoard(place, host, port, resource.serialno)


def _named(coordinator: Coordinator, name: str) -> str:
    """The place of that name or alias."""
    if name in coordinator.places:
        return name
    found = [place.name for place in coordinator.places.values() if name in place.aliases]
    if len(found) == 1:
        return str(found[0])
    seen = f"'{name}' is an alias of {_some(found)}" if found else f"there is no place '{name}'"
    raise _CannotHold(Trouble(f"{seen}; there are {_some(coordinator.places)}", "labgrid-client places", True))


def _some(names: Iterable[str]) -> str:
    listed = sorted(names)
    rest = f" and {len(listed) - 10} more" if len(listed) > 10 else ""
    return ", ".join(listed[:10]) + rest or "none"


async def _unless(over: asyncio.Event, work: Any) -> Any:
    """What the work returns; ``None`` if it is over first, and the work was cancelled."""
    tasks: list[Any] = [asyncio.ensure_future(work), asyncio.ensure_future(over.wait())]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].result() if tasks[0].done() else None
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _main(request: PlaceRequest, questions: int, answers: Any) -> None:
    over, loop = asyncio.Event(), asyncio.get_running_loop()

    def wait_for_the_end() -> None:
        os.read(questions, 1)
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(over.set)

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    await _Keeper(request, answers).keep(over)
    sshmanager.close_all()


def main() -> None:
    """Read a request, hold its places, end with the input."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they are for bringup, which closes the input when its work has ended
    # What labgrid prints, and the programs that it starts, must not come between.
    questions, answers = os.dup(0), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    line = b""
    while not line.endswith(b"\n") and (byte := os.read(questions, 1)):
        line += byte
    if not line:
        sys.exit(0)
    asyncio.run(_main(msgspec.json.decode(line, type=PlaceRequest), questions, answers))


if __name__ == "__main__":
    main()
