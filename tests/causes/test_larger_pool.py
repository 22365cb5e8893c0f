"""An area without room: what sets its size, and the drives that may have taken it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bringup.causes.allocation_failed import cma_failures, why_area_failed, why_cma_failed
from bringup.facts.board import Facts
from tests.support.field_boards import MIB, cma, field_board
from tests.support.scripted_facts import facts

#: The board's only drive: it was bound, and then bound anew.
BUFFER = "nvme nvme0: allocated 32 MiB host memory buffer."
FAILED = "cma: cma_alloc: {}: alloc failed, req-size: 512 pages, ret: -12"
UNNAMED = "cma: cma_alloc: alloc failed, req-size: 512 pages, ret: -12"
DEFAULT = {"linux,cma": cma(None, 64 * MIB, "linux,cma-default")}
CAMERA = {"camera@50000000": cma(0x5000_0000, 16 * MIB)}
CONFIG = "CONFIG_CMA_SIZE_MBYTES=16 sets the size of this area"
LINE = {"/proc/cmdline": "cma=32M cma=8M\n"}


def board(folder: Path, line: str, nodes: dict[str, Any], files: dict[str, str], total: int = 16) -> Facts:
    given = field_board(
        "6.12.30",
        [BUFFER.replace("32", "64"), BUFFER, line],
        nodes,
        ("system", "reserved"),
        cma_kib=(total * 1024, 0),
        more_files=files,
    )
    return facts(given, folder)


@pytest.mark.parametrize(
    ("line", "nodes", "files", "total", "sized_by"),
    [
        (FAILED.format("reserved"), {}, {}, 16, CONFIG),
        (UNNAMED, {}, {}, 16, CONFIG),
        # an architecture or firmware made it larger than the option says
        (FAILED.format("reserved"), {}, {}, 32, ""),
        (FAILED.format("linux,cma"), DEFAULT, {}, 64, "the device tree's linux,cma sets the size of this area: 64 MiB"),
        (UNNAMED, DEFAULT, {}, 64, "the device tree's linux,cma sets the size of this area: 64 MiB"),
        (FAILED.format("reserved"), {}, LINE, 8, "cma=8M sets the size of this area: raise it"),
        (FAILED.format("reserved"), DEFAULT, LINE, 8, "cma=8M sets the size of this area: raise it, or drop it: the device tree's linux,cma has 64 MiB"),
        # another area than the default one: no drive takes it, and cma= does not size it
        (FAILED.format("camera@50000000"), DEFAULT | CAMERA, LINE, 80, "the device tree's camera@50000000 sets the size of this area: 16 MiB"),
        # it may be either
        (UNNAMED, DEFAULT | CAMERA, {}, 80, ""),
    ],
)  # fmt: skip
def test_what_sets_the_size(
    tmp_path: Path, line: str, nodes: dict[str, Any], files: dict[str, str], total: int, sized_by: str
) -> None:
    known = board(tmp_path, line, nodes, files, total)
    why = why_cma_failed(known, cma_failures(known))
    own = [fix for fix in why.remedy if "sets the size" in fix]
    assert own == ([] if not sized_by else [next(fix for fix in own if fix.startswith(sized_by))])
    is_default = "camera@50000000" not in line and not (line == UNNAMED and CAMERA.items() <= nodes.items())
    assert why.cause is not None
    assert ("NVMe drives have host memory buffers of 32 MiB" in why.cause.text) is is_default
    assert (BUFFER in why.evidence) is is_default
    assert why.remedy[0].startswith("try nvme.max_host_mem_size_mb=0") is is_default


def test_pages_that_cannot_move_are_not_for_want_of_size(tmp_path: Path) -> None:
    known = board(tmp_path, FAILED.format("reserved").replace("-12", "-16"), {}, {})
    why = why_area_failed(known, "reserved")
    assert why is not None
    assert why.cause is not None
    assert why.cause.id == "cma.busy"
    assert "NVMe" not in why.cause.text
