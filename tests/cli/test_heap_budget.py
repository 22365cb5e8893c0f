"""``bringup heap budget``."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from tests.support.command import bringup
from tests.support.schemas import closed, published
from tests.support.suite import traced_board
from tests.support.traced import exhaustion

PREVIEW, RECORD = "preview=1920x1080:NV12:6@linux,cma", "record=3840x2160:NV12:8:venus@linux,cma"
SCHEMA = jsonschema.Draft202012Validator(closed(published("report/schemas/budget-1.json")))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A board whose area of 64 MiB gave all that it has."""
    folder = tmp_path_factory.mktemp("budget") / "record"
    traced_board(exhaustion(), area=0x10000).record(folder)
    return folder


def test_without_a_board_it_shows_the_need_and_the_lines() -> None:
    ended = bringup("heap", "budget", "--stream", PREVIEW, "--stream", RECORD, "--scenario", "preview+record")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "a region of 126 MiB is enough" in ended.stdout
    assert "BOARD_KERNEL_CMDLINE += cma=126M" in ended.stdout
    assert "assumed: pages of 4 KiB" in ended.stdout


def test_a_record_has_enough_or_not(record: Path) -> None:
    enough = bringup("heap", "budget", str(record), "--stream", PREVIEW, "--json")
    assert enough.returncode == 0
    short = bringup("heap", "budget", str(record), "--stream", PREVIEW, "--stream", RECORD, "--json")
    assert short.returncode == 1
    unknown = bringup("heap", "budget", str(record), "--stream", "1M:4@other-cma", "--json")
    assert unknown.returncode == 3
    for ended, outcome in ((enough, "pass"), (short, "fail"), (unknown, "error")):
        document = json.loads(ended.stdout)
        SCHEMA.validate(document)
        assert document["budget"]["outcome"] == outcome


@pytest.mark.parametrize(
    ("arguments", "seen"),
    [
        ((), "no streams are given"),
        (("--board", "db845c"), "db845c names no streams"),
        (("--stream", "1920x1080:NV99"), "no such pixel format"),
        (
            ("--stream", "1920x1080:V4L2_PIX_FMT_QC08C"),
            "is compressed, and its driver says how large a frame is: give a size",
        ),
        (("--stream", "1920x1080:AFBC"), "is compressed"),
        (("--stream", "1920x1080:DRM_FORMAT_MOD_ARM_AFBC"), "is compressed"),
        (("--stream", PREVIEW, "--scenario", "still"), "no stream is called 'still'"),
        (("--stream", PREVIEW, "--stream", PREVIEW), "the same name"),
        (("--stream", PREVIEW, "--margin", "-3"), "not a percentage"),
        (("--stream", PREVIEW, "--margin", "nan"), "not a percentage"),
        (("--stream", PREVIEW, "--page-size", "5"), "pages of 5 KiB"),
        (("RECORD", "-s", "x", "--stream", PREVIEW), "both -s and a record"),
    ],
)
def test_what_cannot_be_asked(arguments: tuple[str, ...], seen: str) -> None:
    ended = bringup("heap", "budget", *arguments)
    assert ended.returncode == 2
    assert seen in ended.stderr
