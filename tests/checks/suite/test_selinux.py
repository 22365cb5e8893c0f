"""Accesses to heaps that SELinux refused."""

from __future__ import annotations

from pathlib import Path

from bringup.results.verdict import Change
from tests.support.scripted_record import broken, files
from tests.support.suite import (
    SELINUX,
    Broken,
    ask,
    suite_tests,
)

AVC = (
    '[    9.1] type=1400 audit(9.1:7): avc:  denied  { read open } for  pid=400 comm="camera" '
    'name="linux,cma" dev="tmpfs" scontext=u:r:hal_camera_default:s0 tcontext=u:object_r:vendor_cma_heap_device:s0 '
    "tclass=chr_file permissive=0\n"
)

BROKEN = (
    Broken("denied", "selinux.denials", "fail", broken(files=files(dmesg=AVC, **SELINUX)), "selinux.denied"),
    Broken("nothing denied", "selinux.denials", "pass", broken(files=files(**SELINUX))),
)  # fmt: skip

test_a_healthy_board, test_broken_boards, test_each_check_is_broken = suite_tests(
    "selinux", BROKEN, skips={"selinux.denials"}
)


def test_an_avc_line_becomes_the_rule_it_needs(tmp_path: Path) -> None:
    (verdict,) = ask("selinux.denials", tmp_path / "1", broken(files=files(dmesg=AVC, **SELINUX)))
    assert verdict.changes == (
        Change("sepolicy/heaps.te", ("allow hal_camera_default vendor_cma_heap_device:chr_file r_file_perms;",)),
    )
