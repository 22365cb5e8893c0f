"""Against the real archive that this host uses; skipped where there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bringup.deadline import Deadline
from bringup.errors import BringupError, VirtualBoardError
from bringup.virtual.debian.apt import Package, PrivateApt
from bringup.virtual.debian.debs import unpack
from bringup.virtual.debian.sources import Archive, host_archive
from bringup.virtual.progress import Silent
from tests.support.virtual_board import board_is_required

pytestmark = pytest.mark.board


@pytest.fixture(scope="module")
def apt(tmp_path_factory: pytest.TempPathFactory) -> PrivateApt:
    try:
        apt = PrivateApt(tmp_path_factory.mktemp("apt"), host_archive(), "trixie", "amd64")
        apt.prepare(Deadline.after(300))
    except BringupError as error:
        if board_is_required():
            raise
        pytest.skip(f"no Debian archive: {error}")
    return apt


def test_a_package_is_resolved_downloaded_and_unpacked(apt: PrivateApt) -> None:
    deadline = Deadline.after(300)
    resolved = apt.resolve(["mksh"], deadline)
    assert {"mksh", "libc6"} <= {package.name for package in resolved}
    (package,) = apt.alone(["mksh"], deadline)
    assert package in resolved
    (path,) = apt.download([package], deadline, Silent())
    files = unpack([path], lambda name: name.startswith("usr/bin/"), deadline)
    assert files.read("usr/bin/mksh").startswith(b"\x7fELF")


def test_a_damaged_download_is_fetched_again(apt: PrivateApt) -> None:
    (package,) = apt.alone(["mksh"], Deadline.after(300))
    path = apt.archives / package.file
    path.write_bytes(os.urandom(package.size))
    (again,) = apt.download([package], Deadline.after(300), Silent())
    assert unpack([again], lambda name: name.endswith("mksh"), Deadline.after(300)).contents


def test_a_file_that_is_not_what_was_announced_is_not_used(apt: PrivateApt) -> None:
    (package,) = apt.alone(["mksh"], Deadline.after(300))
    with pytest.raises(VirtualBoardError, match="not the file that the archive announced"):
        apt.download([Package(package.file, package.size, "0" * 64)], Deadline.after(300), Silent())


def test_the_newest_kernel_of_several_is_chosen(apt: PrivateApt) -> None:
    assert apt.newest(r"linux-image-6\.12\.\d+\+deb13-cloud-amd64", Deadline.after(300)).startswith("linux-image-6.12.")
    with pytest.raises(VirtualBoardError, match="no package that matches"):
        apt.newest("linux-image-0", Deadline.after(300))


def test_packages_that_are_not_there_are_named(apt: PrivateApt) -> None:
    with pytest.raises(VirtualBoardError, match="no-such-package"):
        apt.resolve(["no-such-package"], Deadline.after(300))


def test_an_archive_signed_with_another_key_is_refused(apt: PrivateApt, tmp_path: Path) -> None:
    keyring = tmp_path / "keyring.gpg"
    keyring.touch()
    other = PrivateApt(tmp_path / "apt", Archive(host_archive().uri, str(keyring)), "trixie", "amd64")
    with pytest.raises(VirtualBoardError) as caught:
        other.prepare(Deadline.after(300))
    assert "debian-archive-keyring" in caught.value.hint


def test_an_archive_that_nobody_serves_is_an_error(tmp_path: Path) -> None:
    nobody = PrivateApt(tmp_path, Archive(f"file:{tmp_path}/none"), "trixie", "amd64")
    with pytest.raises(VirtualBoardError):
        nobody.prepare(Deadline.after(300))


def test_without_apt_the_error_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(VirtualBoardError, match="apt-get is not on PATH"):
        PrivateApt(tmp_path, Archive("http://mirror.example/debian"), "trixie", "amd64")
