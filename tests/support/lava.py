"""LAVA's own schema of jobs and test definitions: Debian's package, unpacked once into the user's cache."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import BringupError
from tests.support.native_userland import run

PACKAGES = ("lava-common", "python3-voluptuous")
SUITE = "bookworm"
_DEFINITION = """
import sys, yaml, voluptuous
from lava_common.schemas.test.testdef import testdef
voluptuous.Schema(testdef())(yaml.safe_load(open(sys.argv[1])))
"""


def schema_of_lava() -> Path:
    """Where the packages are; skips the test where they cannot be had."""
    from bringup.virtual.debian.apt import PrivateApt
    from bringup.virtual.debian.sources import host_archive
    from bringup.virtual.image import cache_folder
    from bringup.virtual.locks import locked
    from bringup.virtual.progress import Silent

    tree = cache_folder() / "lava" / SUITE
    deadline = Deadline.after(120)
    try:
        with locked(cache_folder() / "lava.lock", deadline, "fetch LAVA's schema"):
            if tree.is_dir():
                return tree
            arch = run("dpkg", "--print-architecture")
            apt = PrivateApt(cache_folder() / "apt" / f"lava-{SUITE}-{arch}", host_archive(), SUITE, arch)
            apt.prepare(deadline)
            paths = apt.download(apt.resolve(PACKAGES, deadline), deadline, Silent())
            tree.parent.mkdir(parents=True, exist_ok=True)
            scratch = Path(tempfile.mkdtemp(dir=tree.parent))
            for path in paths:
                if path.name.startswith(PACKAGES):
                    run("dpkg-deb", "-x", str(path), str(scratch))
            scratch.rename(tree)
    except BringupError as error:
        pytest.skip(f"LAVA's schema cannot be fetched: {error}")
    return tree


def complaints(file: Path, *, is_job: bool) -> str:
    """What LAVA says against a job or a test definition; empty: nothing."""
    tree = schema_of_lava()
    program = [str(tree / "usr/share/lava-common/lava-schema.py"), "job", "--strict"] if is_job else ["-c", _DEFINITION]
    done = subprocess.run(
        [sys.executable, *program, str(file)],
        env={"PYTHONPATH": str(tree / "usr/lib/python3/dist-packages")},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr
