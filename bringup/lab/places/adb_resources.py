"""labgrid's resources for boards behind adb: labgrid's own where it has them, else these, with the same names.

Name this module under ``imports`` in a labgrid environment, and its targets may have them, too. Names and fields as in
labgrid's repository, labgrid/driver/adb.py of 416cf0e7 (read 2026-11-30); labgrid 26.0.1 has none of them.
"""

from __future__ import annotations

import attr
from labgrid.factory import target_factory
from labgrid.resource.common import NetworkResource

__all__ = ["NetworkADBDevice", "RemoteADBDevice"]

try:
    from labgrid.resource.adb import NetworkADBDevice, RemoteADBDevice
except ImportError:

    @target_factory.reg_resource
    @attr.s(eq=False)
    class NetworkADBDevice(NetworkResource):  # type: ignore[misc, no-redef]
        """A board that the adb server at ``host:port`` lists as ``serialno``."""

        port: int = attr.ib(validator=attr.validators.instance_of(int))
        serialno: str = attr.ib(validator=attr.validators.instance_of(str))

    @target_factory.reg_resource
    @attr.s(eq=False)
    class RemoteADBDevice(NetworkResource):  # type: ignore[misc, no-redef]
        """A board whose own adbd listens at ``host:port``."""

        port: int = attr.ib(default=5555, validator=attr.validators.instance_of(int))
