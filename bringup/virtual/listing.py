"""The profiles of virtual boards and the boards that run, as a document.

``python -m bringup.virtual.listing`` prints the profiles whose kernel is compiled.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping

from msgspec import Struct

from bringup.virtual import BuiltKernel, find_image, profiles, running

__all__ = ["ListedProfile", "VirtualList", "listed_profiles"]


class ListedProfile(Struct, frozen=True):
    """A virtual board that there can be.

    :param set_up: Whether its image is in the cache.
    :param running: Boards of it that run: name and serial.
    :param builds_kernel: Whether setting it up compiles a kernel, which takes minutes.
    """

    profile: str
    summary: str
    set_up: bool
    running: Mapping[str, str]
    builds_kernel: bool


class VirtualList(Struct, frozen=True, tag_field="schema", tag="bringup.virtual/1"):
    """The virtual boards that there can be, and those that run."""

    profiles: tuple[ListedProfile, ...]


def listed_profiles() -> VirtualList:
    """Every profile."""
    serials: dict[str, dict[str, str]] = {}
    for board in running():
        serials.setdefault(board.profile, {})[board.name] = board.serial
    return VirtualList(
        tuple(
            ListedProfile(
                profile.name,
                profile.summary,
                find_image(profile) is not None,
                serials.get(profile.name, {}),
                isinstance(profile.kernel, BuiltKernel),
            )
            for profile in profiles()
        )
    )


if __name__ == "__main__":
    built = (profile.profile for profile in listed_profiles().profiles if profile.builds_kernel)
    sys.stdout.write(" ".join(built) + "\n")
