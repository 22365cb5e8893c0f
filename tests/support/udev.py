"""Debian 13's udev (systemd 257), unpacked into the user's cache: its programs run with its own loader and libraries."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.support.debian_tree import debian_tree


def udev_tree() -> Path:
    """Where it is unpacked; skips where it cannot be had."""
    return debian_tree("udev-1", "udev")


def host_command(program: str, *arguments: str) -> list[str]:
    """The command that runs one of its programs here, whatever libraries the host has."""
    libraries = udev_tree() / "usr/lib/x86_64-linux-gnu"
    loader = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", f"{libraries}:{libraries}/systemd"]
    return [*loader, str(udev_tree() / "usr/bin" / program), *arguments]


def run_here(program: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run one of its programs."""
    return subprocess.run(
        host_command(program, *arguments), cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def libraries_of_udevd() -> list[Path]:
    """The loader, udevadm (which is udevd, too) and the libraries that it needs."""
    loader, *rest = host_command("udevadm")
    listed = subprocess.run([loader, "--list", *rest], capture_output=True, text=True, timeout=120, check=True).stdout
    own = {word for line in listed.splitlines() for word in line.split() if word.startswith(str(udev_tree()))}
    return [Path(path) for path in sorted(own | {loader, rest[-1]})]
