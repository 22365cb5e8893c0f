"""labgrid's resources for boards behind adb: labgrid's own where it has them, else these, with the same names.

Name this module under ``imports`` in a labgrid environment, and its targets may have them. labgrid 26.0.1 has none.
The names are those of its pull request 1564 (labgrid/resource/adb.py of 29fe2a5c, read 2026-12-01). Until May 2026 that
called the first NetworkADBDevice and the second RemoteADBDevice (416cf0e7); what is exported under these names is
understood, too, for whether it has a serial says which of the two it is.
"""

from __future__ import annotations

from typing import Any

import attr
import labgrid.resource  # noqa: F401 - registers those that labgrid has
from labgrid.factory import target_factory
from labgrid.resource.common import NetworkResource

__all__ = ["BOARDS", "AdbBoard", "NetworkADBDevice", "RemoteUSBADBDevice"]

#: What boards behind adb are called, by whichever version exports them. A USBADBDevice of 29fe2a5c's exporter is a
#: NetworkUSBADBDevice.
BOARDS = frozenset({"RemoteUSBADBDevice", "NetworkUSBADBDevice", "NetworkADBDevice", "RemoteADBDevice"})


@attr.s(eq=False)
class AdbBoard(NetworkResource):  # type: ignore[misc]
    """Either of them, by whatever name.

    :param serialno: as the adb server at ``host:port`` lists the board; empty: the board's own adbd is there.
    """

    port: int = attr.ib(default=5555, converter=int)
    serialno: str = attr.ib(default="", validator=attr.validators.instance_of(str))


def _register(name: str, what: str) -> Any:
    """labgrid's class of that name, or one of ours."""
    if name in target_factory.resources:
        return target_factory.resources[name]
    return target_factory.reg_resource(
        attr.s(eq=False)(type(name, (AdbBoard,), {"__doc__": what, "__module__": __name__}))
    )


RemoteUSBADBDevice = _register(
    "RemoteUSBADBDevice", "A board that the adb server at ``host:port`` lists as ``serialno``."
)
NetworkADBDevice = _register("NetworkADBDevice", "A board whose own adbd listens at ``host:port``.")
