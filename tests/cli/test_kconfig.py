"""``bringup kconfig`` as a user starts it: output, exit status, errors."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bringup.zstd import zstd
from tests.support.command import bringup
from tests.support.kernel.images import CONFIG, boot_v3, plain_kernel
from tests.support.report.sarif import results_of
from tests.support.scripted_record import CONFIG as RECORD_CONFIG
from tests.support.scripted_record import ScriptedBoard

GOOD = (
    b"# Linux/arm64 6.12.30 Kernel Configuration\n"
    + b"".join(
        b"CONFIG_%s=y\n" % name
        for name in (
            b"MMU DMABUF_HEAPS DMABUF_HEAPS_SYSTEM DMABUF_HEAPS_CMA DMA_SHARED_BUFFER CMA DMA_CMA CMA_SYSFS SYNC_FILE IKCONFIG "
            b"IKCONFIG_PROC DMABUF_SYSFS_STATS"
        ).split()
    )
    + b"CONFIG_CMA_SIZE_MBYTES=16\nCONFIG_CMA_AREAS=8\n"
)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    (tmp_path / "config").write_bytes(GOOD)
    return tmp_path / "config"


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    (tmp_path / "bad.gz").write_bytes(gzip.compress(GOOD.replace(b"CONFIG_DMABUF_HEAPS=y\n", b"")))
    return tmp_path / "bad.gz"


def test_all_right(good: Path) -> None:
    ran = bringup("kconfig", "check", str(good))
    assert ran.returncode == 0, ran.stderr
    assert "heaps.framework" in ran.stdout
    assert "kernel 6.12.30 mainline arm64" in ran.stdout
    assert ran.stderr == ""


def test_a_failed_requirement_is_exit_status_1(bad: Path) -> None:
    ran = bringup("kconfig", "check", str(bad))
    assert ran.returncode == 1
    assert re.search(r"^fail +heaps\.framework", ran.stdout, re.MULTILINE)
    assert "→ CONFIG_DMABUF_HEAPS=y" in ran.stdout


def test_json_is_one_document(bad: Path) -> None:
    ran = bringup("kconfig", "check", str(bad), "--kernel", "6.12.31-custom", "--json")
    document = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert document["schema"] == "bringup.kconfig/1"
    assert (document["source"], document["kernel"], document["outcome"]) == (str(bad), "6.12.31-custom", "fail")
    verdicts = {one["id"]: one for one in document["verdicts"]}
    assert set(verdicts["heaps.framework"]) >= {"id", "title", "outcome", "evidence", "cause", "remedy"}
    assert {one["outcome"] for one in verdicts.values()} <= {"pass", "fail", "warn", "skip", "error"}


def test_files_are_judged_the_same_with_and_without_typer(good: Path, bad: Path) -> None:
    """``check FILE… --json`` alone skips Typer; any other option goes through it."""
    for files in ([str(good)], [str(bad)], [str(good), str(bad)]):
        plain = bringup("kconfig", "check", *files, "--json")
        parsed = bringup("kconfig", "check", *files, "--json", "--root", "auto")
        assert (plain.returncode, plain.stdout, plain.stderr) == (parsed.returncode, parsed.stdout, parsed.stderr)
        assert json.loads(plain.stdout)["schema"] == "bringup.kconfig/1"


def test_a_boot_image_and_a_forecast(tmp_path: Path) -> None:
    (tmp_path / "boot.img").write_bytes(boot_v3(4, plain_kernel(GOOD)))
    ran = bringup("kconfig", "check", str(tmp_path / "boot.img"), "--for", "7.2", "--flavour", "mainline")
    assert "boot v4, arm64 Image" in ran.stdout
    assert "as kernel 7.2 would take it" in ran.stdout
    assert "changes from bool to tristate" in ran.stdout
    assert "becomes default_cma_region" in ran.stdout


NEWER = "no source newer than 7.3 was read: what is new, renamed or gone in 9.9 is not known"


@pytest.mark.parametrize(
    "options", [["check", "--kernel", "9.9"], ["check", "--for", "9.9"], ["fragment", "--kernel", "9.9"]]
)
def test_a_kernel_newer_than_what_was_read(options: list[str], good: Path) -> None:
    assert NEWER in bringup("kconfig", *options, str(good)).stderr
    assert NEWER not in bringup("kconfig", *options[:-1], "7.3", str(good)).stderr


def test_a_document_about_a_kernel_newer_than_what_was_read(good: Path) -> None:
    ran = bringup("kconfig", "check", "--kernel", "9.9", "--json", str(good))
    assert json.loads(ran.stdout)["notes"] == [NEWER]


def test_a_kernel_without_its_configuration_is_exit_status_3(tmp_path: Path) -> None:
    (tmp_path / "Image").write_bytes(plain_kernel(None))
    ran = bringup("kconfig", "check", str(tmp_path / "Image"))
    assert ran.returncode == 3
    assert "the kernel carries no configuration" in ran.stderr
    assert len(re.findall(r"^error", ran.stdout, re.MULTILINE)) == 1, "one answer for all"


def test_a_record_is_judged_with_all_that_was_observed(tmp_path: Path) -> None:
    """A record made by hand: the node is there although the configuration names no system heap."""
    board = ScriptedBoard(config=RECORD_CONFIG.replace("CONFIG_DMABUF_HEAPS_SYSTEM=y\n", ""))
    board.record(tmp_path / "record")
    ran = bringup("kconfig", "check", "--record", str(tmp_path / "record"), "--json")
    document = json.loads(ran.stdout)
    verdicts = {one["id"]: one for one in document["verdicts"]}
    assert document["kernel"] == "6.12.107"
    assert verdicts["heaps.system"]["satisfied_by"] == "/dev/dma_heap/system is there"
    silent = ScriptedBoard(config=None)
    silent.record(tmp_path / "silent")
    ran = bringup("kconfig", "check", "--record", str(tmp_path / "silent"), "--json")
    verdicts = {one["id"]: one for one in json.loads(ran.stdout)["verdicts"]}
    assert ran.returncode == 3
    assert verdicts["heaps.system"]["outcome"] == "pass"
    assert verdicts["sharing.core"]["outcome"] == "pass"
    assert verdicts["ion.removed"]["answer"] == "config not readable"


def test_what_was_skipped_is_shown_on_request(good: Path) -> None:
    assert "asked of kernels 6.17..6.18 only" not in bringup("kconfig", "check", str(good)).stdout
    assert "asked of kernels 6.17..6.18 only" in bringup("kconfig", "check", str(good), "--all").stdout


def test_modules_load_decides_on_gki(tmp_path: Path) -> None:
    unset = GOOD.replace(
        b"CONFIG_DMABUF_HEAPS_SYSTEM=y", b"# CONFIG_DMABUF_HEAPS_SYSTEM is not set\nCONFIG_ANDROID_VENDOR_HOOKS=y"
    )
    (tmp_path / "config").write_bytes(unset)
    (tmp_path / "modules.load").write_text("kernel/drivers/dma-buf/heaps/system_heap.ko\n")
    plain = bringup("kconfig", "check", str(tmp_path / "config"))
    assert re.search(r"^warn +heaps\.system", plain.stdout, re.MULTILINE)
    told = bringup("kconfig", "check", str(tmp_path / "config"), "--modules-load", str(tmp_path / "modules.load"))
    assert re.search(r"^pass +heaps\.system +modules\.load lists system_heap", told.stdout, re.MULTILINE)


def test_requirements_of_ones_own_and_vintf(tmp_path: Path, good: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "schema: bringup.kconfig-requirements/1\n"
        "requirements: [{id: mine.one, title: Mine, need: {MY_DRIVER: y}, why: because}]\n"
    )
    (tmp_path / "android-base.config").write_text("CONFIG_SYNC_FILE=y\n# CONFIG_DEVMEM is not set\n")
    ran = bringup(
        "kconfig", "check", str(good), "--no-shipped", "--requirements", str(tmp_path / "mine.yaml"),
        "--vintf", str(tmp_path / "android-base.config"), "--json",
    )  # fmt: skip
    outcomes = {one["id"]: one["outcome"] for one in json.loads(ran.stdout)["verdicts"]}
    assert outcomes == {"mine.one": "fail", "vintf.sync-file": "pass", "vintf.devmem": "pass"}
    assert ran.returncode == 1


def test_a_fragment_fixes_what_failed(tmp_path: Path, bad: Path) -> None:
    out = tmp_path / "fragment.config"
    ran = bringup("kconfig", "fragment", str(bad), "-o", str(out))
    assert ran.returncode == 0, ran.stderr
    assert out.read_text() == f"# For {bad}\n# heaps.framework\nCONFIG_DMABUF_HEAPS=y\n"
    assert bringup("kconfig", "check", str(bad), str(out)).returncode == 0


def test_a_fragment_for_what_is_right_is_empty(good: Path) -> None:
    ran = bringup("kconfig", "fragment", str(good))
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "every requirement holds" in ran.stderr


def test_a_fragment_that_cannot_fix_all_says_so(tmp_path: Path, good: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "schema: bringup.kconfig-requirements/1\n"
        "requirements: [{id: mine.one, title: Mine, need: {DMABUF_HEAPS_CMA_LEGACY: y, MMU: n}, why: because}]\n"
    )
    ran = bringup(
        "kconfig",
        "fragment",
        str(good),
        "--kernel",
        "6.17",
        "--no-shipped",
        "--requirements",
        str(tmp_path / "mine.yaml"),
    )
    assert ran.returncode == 1
    assert "mine.one: no line can fix it" in ran.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_what_cannot_be_written_is_reported(good: Path, options: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "bringup", "kconfig", "check", str(good), *options],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ran.returncode, ran.stderr) == (3, "bringup: write: No space left on device\n")


def test_a_file_s_name_of_any_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.config")
    Path(name).write_bytes(GOOD)
    visible_name = name.encode("ascii", "backslashreplace").decode()
    assert json.loads(bringup("kconfig", "check", name, "--json").stdout)["source"] == visible_name


def test_explain(good: Path) -> None:
    ran = bringup("kconfig", "explain", "DMABUF_HEAPS_CMA_LEGACY")
    assert bringup("kconfig", "explain", "config_dmabuf_heaps").returncode == 0
    assert "kernel 6.17..6.18: bool" in ran.stdout
    assert "commit 854acbe75ff4" in ran.stdout
    ran = bringup("kconfig", "explain", "statistics.sysfs", "--json")
    assert json.loads(ran.stdout)["symbols"][0]["symbol"] == "DMABUF_SYSFS_STATS"
    ran = bringup("kconfig", "explain", "--list")
    assert "heaps.system" in ran.stdout
    assert "CONFIG_QCOM_DMABUF_HEAPS" in ran.stdout
    assert bringup("kconfig", "explain", "nothing-of-that-name").returncode == 2


def test_diff(tmp_path: Path, good: Path, bad: Path) -> None:
    ran = bringup("kconfig", "diff", str(good), str(bad))
    assert ran.returncode == 0
    assert re.search(r"^CONFIG_DMABUF_HEAPS +y +n", ran.stdout, re.MULTILINE)
    ran = bringup("kconfig", "diff", "--same", str(good), str(bad), "--json")
    assert ran.returncode == 1
    assert json.loads(ran.stdout)["differences"] == [{"symbol": "DMABUF_HEAPS", "values": ["y", "n"], "relevant": True}]
    (tmp_path / "boot.img").write_bytes(boot_v3(4, plain_kernel(GOOD)))
    ran = bringup("kconfig", "diff", "--same", str(good), str(tmp_path / "boot.img"))
    assert (ran.returncode, ran.stdout) == (0, "2 sources agree\n")


BAD = {
    "no config": (b"root:x:0:0\n", "holds no CONFIG_ line"),
    "truncated gzip": (gzip.compress(CONFIG)[:-20], "cut short"),
    "two values": (b"CONFIG_DMABUF_HEAPS=y\n# CONFIG_DMABUF_HEAPS is not set\n", "has two values"),
    "a bomb": (zstd.compress(bytes(600 << 20)), "unpacks to more than 512 MiB"),
    "sizes that lie": (boot_v3(4, plain_kernel())[: 1 << 20], "ends behind the file's"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_a_clear_error(tmp_path: Path, name: str) -> None:
    content, seen = BAD[name]
    (tmp_path / "x").write_bytes(content)
    ran = bringup("kconfig", "check", str(tmp_path / "x"), "--json")
    assert ran.returncode == 2
    assert ran.stdout == ""
    assert seen in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        ("neither", "neither CONFIG_NAME=value"),
        ("<a>", "not XML"),
        ("<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "DOCTYPE or entities"),
    ],
)
def test_a_vintf_file_that_is_none(tmp_path: Path, good: Path, content: str, seen: str) -> None:
    (tmp_path / "matrix.xml").write_text(content)
    ran = bringup("kconfig", "check", str(good), "--vintf", str(tmp_path / "matrix.xml"))
    assert (ran.returncode, ran.stdout) == (2, "")
    assert seen in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "x", "--flavour", "ubuntu"],
        ["check", "x", "--kernel", "six"],
        ["check", "x", "--tree", "."],
        ["check", "x", "--record", "y"],
        ["check", "."],
        ["explain"],
        ["diff", "x"],
        ["check", "missing"],
    ],
)
def test_wrong_usage_is_exit_status_2(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "x").write_bytes(GOOD)
    ran = bringup("kconfig", *arguments, cwd=tmp_path)
    assert ran.returncode == 2, ran.stdout
    assert ran.stderr
    assert "Traceback" not in ran.stderr


def test_hostile_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    path = tmp_path / "x\x1b]0;title\x07"
    path.write_bytes(GOOD)
    ran = bringup("kconfig", "check", str(path))
    assert "\x1b" not in ran.stdout
    path.write_bytes(b"\x1b[31mred\n")
    assert "\x1b" not in bringup("kconfig", "check", str(path)).stderr


def test_for_other_programs(bad: Path) -> None:
    ran = bringup("kconfig", "check", str(bad), "--format", "sarif")
    assert ran.returncode == 1, ran.stderr
    results = {one["ruleId"]: one for one in results_of(ran.stdout)}
    framework = results["kconfig.heaps.framework"]
    assert (framework["kind"], framework["level"]) == ("fail", "error")
    assert framework["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == str(bad)
    ran = bringup("kconfig", "check", str(bad), "--format", "github")
    assert f"::error file={bad},title=kconfig.heaps.framework::" in ran.stdout
    ran = bringup("kconfig", "check", "--each", str(bad), "--format", "github")
    assert (ran.returncode, ran.stdout) == (2, "")
