"""Virtual boards: a Debian kernel and Debian's adbd in QEMU, driven over QMP."""

from bringup.virtual.image import Image, cache_folder, find_image, setup
from bringup.virtual.kernel.building import BuiltKernel, KernelBuild, build_kernel, find_kernel
from bringup.virtual.profile import Profile, find_profile, profiles
from bringup.virtual.progress import Progress
from bringup.virtual.running.machine import Options, running, running_board, start, stop
from bringup.virtual.running.qmp import Qmp
from bringup.virtual.running.snapshot import save_snapshot
from bringup.virtual.running.state import VirtualBoard

__all__ = [
    "BuiltKernel",
    "Image",
    "KernelBuild",
    "Options",
    "Profile",
    "Progress",
    "Qmp",
    "VirtualBoard",
    "build_kernel",
    "cache_folder",
    "find_image",
    "find_kernel",
    "find_profile",
    "profiles",
    "running",
    "running_board",
    "save_snapshot",
    "setup",
    "start",
    "stop",
]
