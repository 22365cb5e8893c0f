"""The guest's file system: an Android-like layout made of Debian's programs.

The same names, the same places as on an Android board where a bring-up engineer would look for them; what Debian's
adbd wants elsewhere is a symbolic link.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources

from bringup.errors import HostError, VirtualBoardError
from bringup.virtual.boot import cpio
from bringup.virtual.debian.debs import Files
from bringup.virtual.kernel.kernels import Kernel, load_order
from bringup.virtual.profile import Profile

__all__ = ["TOYBOX_APPLETS", "layout", "property_file"]

# What toybox 0.8.9 answers to, without what has no use here (httpd, i2c*, gpio*, nbd-client, …).
_APPLETS = """
    [ base64 basename blkid blockdev bzcat cal cat chattr chgrp chmod chown chroot chrt cksum clear cmp comm cp cpio
    cut date df dirname dmesg dos2unix du echo egrep env expand factor fallocate false fgrep file find flock fmt
    free fsync getconf grep groups gunzip halt head hostname hwclock iconv id ifconfig insmod install ionice iotop
    kill killall link ln logger logname losetup ls lsattr lsmod lspci lsusb md5sum microcom mkdir mkfifo mknod mktemp
    modinfo mount mountpoint mv nc netcat netstat nice nl nohup nproc nsenter od partprobe paste patch pgrep pidof
    ping ping6 pivot_root pkill pmap poweroff printenv printf prlimit ps pwd pwdx readelf readlink realpath reboot
    renice reset rev rm rmdir rmmod sed seq setsid sha1sum sha224sum sha256sum sha384sum sha512sum shred sleep sort
    split stat strings swapoff swapon sync sysctl tac tail tar taskset tee test time timeout top touch true
    truncate tty uclampset ulimit umount uname uniq unlink unshare uptime usleep uudecode uuencode uuidgen vmstat
    watch wc which who whoami xargs xxd yes zcat
"""
TOYBOX_APPLETS = tuple(_APPLETS.split())

_LINKS = {
    "bin": "system/bin",
    "sbin": "system/bin",
    "etc": "system/etc",
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "usr/bin": "../system/bin",
    "usr/sbin": "../system/bin",
    "d": "sys/kernel/debug",
    "system/vendor": "../vendor",
}
_FOLDERS = ("data", "dev", "odm/etc", "proc", "sys", "system/xbin", "tmp", "vendor/bin", "vendor/etc", "boot")

# Android's user and group numbers: system/core/libcutils/include/private/android_filesystem_config.h.
_IDS = {
    "root": 0,
    "system": 1000,
    "graphics": 1003,
    "input": 1004,
    "audio": 1005,
    "camera": 1006,
    "log": 1007,
    "adb": 1011,
    "media": 1013,
    "drm": 1019,
    "mediadrm": 1031,
    "mediacodec": 1046,
    "cameraserver": 1047,
    "shell": 2000,
    "inet": 3003,
    "readproc": 3009,
    "readtracefs": 3012,
    "nobody": 9999,
}
_SHELL_GROUPS = frozenset(("input", "log", "adb", "inet", "readproc", "readtracefs"))


def layout(profile: Profile, files: Files, kernel: Kernel) -> dict[str, cpio.Entry]:
    """Everything in the guest's initramfs.

    :param files: of the programs' packages.
    """
    entries = {path: cpio.symlink(target) for path, target in _LINKS.items()}
    entries["."] = cpio.directory()
    entries.update((path, cpio.directory()) for path in _FOLDERS)
    entries["dev/console"] = cpio.device(5, 1)
    _programs(profile, files, entries)
    for applet in TOYBOX_APPLETS:
        entries.setdefault(f"system/bin/{applet}", cpio.symlink("toybox"))
    guest = resources.files("bringup.virtual") / "guest"
    entries["init"] = cpio.file((guest / "init").read_bytes(), 0o755)
    for name in ("getprop", "setprop"):
        entries[f"system/bin/{name}"] = cpio.file((guest / name).read_bytes(), 0o755)
    users = "".join(f"{name}:x:{number}:{number}::/:/system/bin/sh\n" for name, number in _IDS.items())
    groups = "".join(f"{name}:x:{number}:{'shell' if name in _SHELL_GROUPS else ''}\n" for name, number in _IDS.items())
    entries["system/etc/passwd"] = cpio.file(users.encode())
    entries["system/etc/group"] = cpio.file(groups.encode())
    entries["system/etc/inittab"] = cpio.file(b"", 0o600)
    for name, permissions in (("fstab", 0o644), ("ueventd.rc", 0o644), ("su.sh", 0o755)):
        entries[f"system/etc/{name}"] = cpio.file((guest / name).read_bytes(), permissions)
    entries["vendor/etc/ueventd.rc"] = cpio.file(profile.ueventd.encode())
    entries["system/build.prop"] = cpio.file(property_file(dict(profile.properties)))
    _kernel_files(profile, kernel, entries)
    return cpio.with_parents(entries)


def property_file(properties: Mapping[str, str]) -> bytes:
    """Properties as a ``build.prop``."""
    return "".join(f"{name}={value}\n" for name, value in properties.items()).encode()


def _programs(profile: Profile, files: Files, entries: dict[str, cpio.Entry]) -> None:
    for source, target in (
        ("usr/lib/android-sdk/platform-tools/adbd", "system/bin/adbd"),
        ("usr/bin/mksh", "system/bin/sh"),
        ("usr/bin/toybox", "system/bin/toybox"),
        ("usr/sbin/really", "system/bin/really"),
    ):
        content = files.read(source)
        entries[target] = cpio.file(content, 0o755)
        _libraries(profile, files, content, entries)


def _libraries(profile: Profile, files: Files, content: bytes, entries: dict[str, cpio.Entry]) -> None:
    try:
        from bringup.virtual.debian.elf import read_dynamic
    except ImportError as error:
        hint = "pip install 'bringup[virtual]'"
        raise HostError("put the guest together", "pyelftools is not installed", hint=hint) from error
    dynamic = read_dynamic(content)
    if dynamic.interpreter:
        path = f"usr{dynamic.interpreter}"
        entries.setdefault(path, cpio.file(files.read(path), 0o755))
    for name in dynamic.needed:
        folders = [*(folder.strip("/") for folder in dynamic.runpath), f"usr/lib/{profile.triplet}", "usr/lib64"]
        path = next((p for p in (f"{folder}/{name}" for folder in folders) if files.resolve(p)), "")
        if not path:
            raise VirtualBoardError("put the guest together", f"no package of {profile.suite} has {name}")
        if path not in entries:
            library = files.read(path)
            entries[path] = cpio.file(library, 0o755)
            _libraries(profile, files, library, entries)


def _kernel_files(profile: Profile, kernel: Kernel, entries: dict[str, cpio.Entry]) -> None:
    if b"\nCONFIG_IKCONFIG_PROC=y\n" not in kernel.config:  # else the running kernel itself has it: /proc/config.gz
        entries[f"boot/config-{kernel.release}"] = cpio.file(kernel.config)
    order = load_order(kernel.modules, profile.modules)
    for name in order:
        entries[f"vendor/lib/modules/{name}.ko"] = cpio.file(kernel.modules[name])
    entries["vendor/lib/modules/modules.load"] = cpio.file("".join(f"{name}.ko\n" for name in order).encode())
