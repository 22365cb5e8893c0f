"""The users and groups that own a heap's node on a Linux with udev."""

from __future__ import annotations

from bringup.config.schema import DeviceNode

__all__ = ["ANDROID_ONLY", "LINUX_NODE", "is_of_linux"]

#: Users and groups that Android has and a Linux distribution has not.
ANDROID_ONLY = frozenset(
    {
        *("system", "radio", "graphics", "camera", "media", "drm", "drmrpc", "mediadrm"),
        *("audioserver", "mediacodec", "cameraserver", "shell"),
    }
)
#: Mode, owner and group where nothing else is known: as Armbian (armbian/build pull request 10085) and Torizon
#: (torizon/meta-toradex-torizon 168) set them. Qualcomm Linux has a group of its own (qualcomm-linux/meta-qcom 1711).
LINUX_NODE = ("0660", "root", "video")


def is_of_linux(node: DeviceNode | None) -> bool:
    """Whether the board config gives mode, owner and group that a Linux distribution can have."""
    if node is None or node.mode is None or node.owner is None or node.group is None:
        return False
    return not {node.owner, node.group} & ANDROID_ONLY
