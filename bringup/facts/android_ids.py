"""A node's owner and type: Android's fixed user and group ids that own heap nodes, and SELinux types.

Source of the ids: AOSP system/core/libcutils/include/private/android_filesystem_config.h (AID_*).
"""

from __future__ import annotations

from bringup.text import parse_number

__all__ = ["owner_text", "selinux_type", "uid_of"]

_IDS = {
    "root": 0,
    "system": 1000,
    "radio": 1001,
    "graphics": 1003,
    "input": 1004,
    "audio": 1005,
    "camera": 1006,
    "media": 1013,
    "drm": 1019,
    "drmrpc": 1026,
    "mediadrm": 1031,
    "audioserver": 1041,
    "mediacodec": 1046,
    "cameraserver": 1047,
    "shell": 2000,
}
_NAMES = {number: name for name, number in _IDS.items()}


def uid_of(name: str) -> int | None:
    """The id behind a name or a number; ``None`` if it is not known here."""
    return _IDS.get(name, parse_number(name))


def owner_text(uid: int, gid: int) -> str:
    """``system system`` where the names are known, else the numbers."""
    return f"{_NAMES.get(uid, uid)} {_NAMES.get(gid, gid)}"


def selinux_type(context: str) -> str:
    """The type in a context such as ``u:object_r:dmabuf_heap_device:s0``."""
    parts = context.split(":")
    return parts[2] if len(parts) >= 3 else context
