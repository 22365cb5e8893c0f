"""What is asked of labgrid's coordinator: which places there are, to have one, to let it go."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import grpc
from labgrid.remote.client import ClientSession
from labgrid.remote.common import Place, Reservation, ReservationState
from labgrid.remote.generated import labgrid_coordinator_pb2 as messages

from bringup.lab.places.messages import Busy

__all__ = ["Coordinator", "PlaceBusy", "PlaceRefused", "Unreachable"]

#: A call waits for the coordinator's lock, which waits up to 10 s for each exporter that does not answer.
CALL_SECONDS = 60.0
START_SECONDS = 20.0
#: How long releasing is tried, of all places together, while the coordinator does not answer.
RELEASE_SECONDS = 60.0
_POLL_SECONDS = 1.0
_AGAIN = frozenset({grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED})


class Unreachable(Exception):
    """The coordinator does not answer."""


class PlaceRefused(Exception):
    """The coordinator does not give the place, in its own words."""


class PlaceBusy(Exception):
    """Somebody holds the place."""

    def __init__(self, busy: Busy) -> None:
        super().__init__(busy.owner)
        self.busy = busy


@dataclass(slots=True)
class _Ours:
    """A place that we hold, or may hold: a call whose answer is not known counts.

    :param changed: the coordinator's time stamp of it, from when we had it.
    """

    changed: float | None = None


class Coordinator:
    """A session with the coordinator. Use as ``async with``: at its end what was acquired is released."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session: Any = ClientSession(address, asyncio.get_running_loop())
        self._ours: dict[str, _Ours] = {}
        self._tokens: list[str] = []
        #: Place → why it could not be released.
        self.left: dict[str, str] = {}

    @property
    def name(self) -> str:
        """``HOST/USER``, as labgrid writes an owner."""
        return f"{self._session.gethostname()}/{self._session.getuser()}"

    @property
    def places(self) -> Mapping[str, Place]:
        """All places, as last heard."""
        places: Mapping[str, Place] = self._session.places
        return places

    async def __aenter__(self) -> Self:
        """:raises Unreachable: it does not answer."""
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._session.start()
        except TimeoutError:
            raise Unreachable(f"it did not answer within {START_SECONDS:g} s") from None
        except Exception as error:
            raise Unreachable(_logged.last or str(error)) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        end = time.monotonic() + RELEASE_SECONDS
        await asyncio.gather(*(self._cancel(token, end) for token in self._tokens))
        await asyncio.gather(*(self.release(place, end) for place in list(self._ours)))
        with contextlib.suppress(Exception):
            await self._session.stop()
        await self._session.close()

    async def lost(self) -> None:
        """Return when the coordinator is gone."""
        await self._session.stopping.wait()

    def resource(self, path: tuple[str, str, str, str]) -> Any:
        """The resource at (exporter, group, class, name); ``None``: nobody exports it at present."""
        exporter, group, _, name = path
        entry = self._session.resources.get(exporter, {}).get(group, {}).get(name)
        return entry if entry is not None and entry.data.get("avail") else None

    def unmatched(self, place: Place) -> str:
        """A match of the place for which nobody exports a resource; empty: there is none."""
        paths = [
            (exporter, group, entry.data["cls"], name)
            for exporter, groups in self._session.resources.items()
            for group, entries in groups.items()
            for name, entry in entries.items()
            if entry.data.get("avail")
        ]
        match = place.unmatched(paths)
        return str(match) if match is not None else ""

    async def acquire(self, name: str) -> Place:
        """Have a place.

        :raises PlaceBusy: somebody holds it.
        :raises PlaceRefused: the coordinator says no.
        """
        self._require_free(name)
        self._ours[name] = _Ours()
        try:
            await self._session.stub.AcquirePlace(messages.AcquirePlaceRequest(placename=name), timeout=CALL_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() not in _AGAIN:
                del self._ours[name]
            await self._session.sync_with_coordinator()
            self._require_free(name)
            raise PlaceRefused(error.details() or str(error.code())) from error
        await self._session.sync_with_coordinator()
        place = self.places[name]
        self._ours[name].changed = place.changed
        return place

    def _require_free(self, name: str) -> None:
        place = self.places[name]
        if place.acquired:
            since = max(0.0, time.time() - place.changed)
            raise PlaceBusy(Busy(name, place.acquired, place.acquired == self.name, since))

    async def reserve(self, filters: Mapping[str, str], end: float, waiting: Callable[[], None]) -> str:
        """Wait in the coordinator's queue for a place, and return its name. It is ours to acquire, and nobody else's.

        :param filters: tags; ``name`` is the place's name.
        :param end: ``time.monotonic()`` seconds.
        :param waiting: called once, if it is not free at once.
        :raises PlaceRefused: the coordinator cannot.
        :raises TimeoutError: none is free at the end.
        """
        request = messages.CreateReservationRequest(
            filters={"main": messages.Reservation.Filter(filter=dict(filters))}, prio=0.0
        )
        try:
            answer = await self._session.stub.CreateReservation(request, timeout=CALL_SECONDS)
            token = answer.reservation.token
            self._tokens.append(token)
            while True:
                answer = await self._session.stub.PollReservation(
                    messages.PollReservationRequest(token=token), timeout=CALL_SECONDS
                )
                reservation = Reservation.from_pb2(answer.reservation)
                if reservation.state is not ReservationState.waiting:
                    break
                if time.monotonic() >= end:
                    raise TimeoutError
                waiting()
                await asyncio.sleep(_POLL_SECONDS)
        except grpc.aio.AioRpcError as error:
            raise PlaceRefused(error.details() or str(error.code())) from error
        if reservation.state is not ReservationState.allocated:
            raise PlaceRefused(f"the reservation is {reservation.state.name}")
        name: str = reservation.allocations["main"][0]
        return name

    async def _cancel(self, token: str, end: float) -> None:
        """Cancel a reservation; one that cannot be cancelled lapses within a minute."""
        request = messages.CancelReservationRequest(token=token)
        with contextlib.suppress(grpc.aio.AioRpcError):
            await self._session.stub.CancelReservation(request, timeout=_left(end))

    async def release(self, name: str, end: float | None = None) -> None:
        """Let a place go, however often that has to be tried until the end; only while it is ours."""
        ours = self._ours.pop(name)
        end = time.monotonic() + RELEASE_SECONDS if end is None else end
        while True:
            try:
                if await self._is_ours(name, ours, end):
                    request = messages.ReleasePlaceRequest(placename=name, fromuser=self.name)
                    await self._session.stub.ReleasePlace(request, timeout=_left(end))
            except grpc.aio.AioRpcError as error:
                if error.code() in _AGAIN and time.monotonic() < end:
                    await asyncio.sleep(_POLL_SECONDS)
                    continue
                self.left[name] = error.details() or str(error.code())
            return

    async def _is_ours(self, name: str, ours: _Ours, end: float) -> bool:
        """Whether it is still the place that we acquired.

        A coordinator that was started again knows of no owner; since then another process of ours may have it.
        """
        if not self._session.stopping.is_set():
            return True
        answer = await self._session.stub.GetPlaces(messages.GetPlacesRequest(), timeout=_left(end))
        place = next((place for place in answer.places if place.name == name), None)
        if place is None or place.acquired != self.name:
            return False
        return ours.changed is None or place.changed == ours.changed


def _left(end: float) -> float:
    """Seconds until then, at least one."""
    return max(1.0, min(CALL_SECONDS, end - time.monotonic()))


class _Logged(logging.Handler):
    """The last thing that labgrid logged: why it does not reach the coordinator is nowhere else."""

    last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage()


_logged = _Logged(logging.WARNING)
logging.getLogger().addHandler(_logged)
