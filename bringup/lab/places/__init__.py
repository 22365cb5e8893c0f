"""Places of labgrid: boards on other hosts, held for as long as a run takes."""

from __future__ import annotations

from bringup.lab.places.connecting import Connected, connected_places
from bringup.lab.places.messages import PlaceRequest

__all__ = ["Connected", "PlaceRequest", "connected_places"]
