"""The chain behind a heap that cannot be used: each link broken in turn, what is said of it, and the lines that mend it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bringup.causes.access_denied import why_denied
from bringup.causes.heap_absent import why_absent
from bringup.causes.known import known_causes
from bringup.checks.judge import judge
from bringup.config.schema import BoardConfig, HeapKind
from bringup.results.verdict import Diagnosis, Outcome
from tests.support.said import Said
from tests.support.scripted_facts import ENFORCING, facts, kconfig, lines_of
from tests.support.scripted_record import BOARD_CONFIG, DENIED, HELLO, RESERVED, ScriptedBoard, broken, files, node
from tests.support.scripted_record import CONFIG as KCONFIG
from tests.support.suite import find_check

POOL = f"{RESERVED}/linux,cma"


def absent(board: ScriptedBoard, folder: Path, heap: str = "linux,cma") -> Diagnosis:
    """Why a heap is not there, on a board that has only the system heap."""
    wanted = BOARD_CONFIG.heap(heap)
    assert wanted is not None
    return why_absent(facts(board, folder), wanted.kind, wanted)


def no_cma_heap(**changed: Any) -> dict[str, Any]:
    return {"heaps": {"system": {}}, "files": files(**changed)}


def without(*paths: str) -> dict[str, Any]:
    return {path: text for path, text in ScriptedBoard().files.items() if not path.startswith(paths)}


# -- the links, one by one -------------------------------------------------------------------------------------------

OFF = KCONFIG.replace("CONFIG_DMABUF_HEAPS_CMA=y", "# CONFIG_DMABUF_HEAPS_CMA is not set")
ALL_OFF = "\n".join(line for line in KCONFIG.splitlines() if "DMABUF_HEAPS" not in line)
LINKS: list[tuple[str, ScriptedBoard, str, str, str]] = [
    # link, board, cause, file that is changed, a line of it
    ("too old", broken(heaps={}, heap_folder="missing", config=ALL_OFF, hello=HELLO | {"release": "5.4.210"}), "kernel.too-old", "", ""),
    ("framework off", broken(heaps={}, config=ALL_OFF), "kconfig.heaps-off", "kconfig.fragment", "CONFIG_DMABUF_HEAPS_CMA=y"),
    ("driver off", broken(**no_cma_heap(), config=OFF), "kconfig.cma-heap-off", "kconfig.fragment", "CONFIG_DMABUF_HEAPS_CMA=y"),
    ("module", broken(**no_cma_heap(), config=kconfig(DMABUF_HEAPS_CMA="m")), "module.not-loaded", "modules.load", "cma_heap.ko"),
    ("renamed", broken(heaps={"system": {}, "reserved": {}}), "heap.renamed", "", ""),
    ("no node in the tree", broken(heaps={"system": {}}, files=without(POOL)), "cma.no-region", "device-tree/heaps.dtsi", "\t\t\tsize = <0x0 0x4000000>;"),
    ("node disabled", broken(**no_cma_heap(**{f"{POOL}/status": "disabled\0"})), "cma.no-region", "device-tree/heaps.dtsi", "\t\tlinux,cma-default;"),
    ("node not reusable", broken(heaps={"system": {}}, files=without(f"{POOL}/reusable")), "cma.region-not-reusable", "device-tree/heaps.dtsi", "\t\t\treusable;"),
    ("no-map", broken(**no_cma_heap(**{f"{POOL}/no-map": ""})), "cma.region-no-map", "device-tree/heaps.dtsi", "\t\t\treusable;"),
    ("rejected", broken(**no_cma_heap(dmesg="[ 0.0] Linux version 6\n[ 0.0] OF: reserved mem: failed to allocate memory for node 'linux,cma': size 64 MiB\n")), "cma.region-does-not-fit", "", ""),
    ("size 0", broken(**no_cma_heap(__proc__meminfo="CmaTotal:              0 kB\n")), "cma.size-zero", "device-tree/heaps.dtsi", "\t\t\tlinux,cma-default;"),
    ("cma=0", broken(**no_cma_heap(__proc__meminfo="CmaTotal: 0 kB\n", __proc__cmdline="quiet cma=0\n")), "cma.size-zero", "", ""),
]  # fmt: skip


@pytest.mark.parametrize(("board", "cause", "file", "line"), [row[1:] for row in LINKS], ids=[row[0] for row in LINKS])
def test_each_link_is_found_broken(
    tmp_path: Path, said: Said, board: ScriptedBoard, cause: str, file: str, line: str
) -> None:
    why = absent(board, tmp_path)
    said(why)
    assert why.cause is not None
    assert why.cause.id == cause
    assert cause in known_causes()
    assert why.evidence
    assert why.changes or why.remedy
    if file:
        assert line.strip() in [one.strip() for one in lines_of(why, file)]


def test_the_steps_that_hold_come_before_the_broken_one(tmp_path: Path) -> None:
    dmesg = (
        "[    0.0] Linux version 6.12.107\n[    0.0] OF: reserved mem: failed to allocate memory for node 'linux,cma'\n"
    )
    why = absent(broken(**no_cma_heap(dmesg=dmesg), config=kconfig(DMABUF_HEAPS_CMA="m")), tmp_path)
    assert why.cause is not None
    assert why.cause.id == "module.not-loaded"  # it stops at the first broken link
    modules = {"__proc__modules": "cma_heap 16384 0 - Live 0x0\n"}
    why = absent(broken(**no_cma_heap(dmesg=dmesg, **modules), config=kconfig(DMABUF_HEAPS_CMA="m")), tmp_path / "b")
    assert [step.split(":")[0] for step in why.evidence] == [
        "Linux 6.12.107 has DMA-BUF heaps (since 5.6)",
        "CONFIG_DMABUF_HEAPS=y",
        "CONFIG_DMA_CMA=y",
        "CONFIG_DMABUF_HEAPS_CMA=m, and cma_heap is loaded",
        "reserved-memory/linux,cma",
        "OF",
        "reserved-memory/linux,cma",
    ]


@pytest.mark.parametrize(
    ("options", "listed", "module"),
    [
        ({}, "", "system_heap"),
        ({"QCOM_DMABUF_HEAPS": "m"}, "", "qcom_dma_heaps"),
        ({}, "samsung_dma_heap.ko\n", "samsung_dma_heap"),
    ],
)
def test_the_module_to_load_is_that_of_this_board(
    tmp_path: Path, said: Said, options: dict[str, str], listed: str, module: str
) -> None:
    config = kconfig(DMABUF_HEAPS_SYSTEM="n", ANDROID_VENDOR_HOOKS="y", **options)
    changed = files(**{"__proc__modules": "other 1 0 - Live 0x0\n", "__vendor__lib__modules__modules.load": listed})
    why = absent(broken(heaps={}, files=changed, config=config), tmp_path, "system")
    said(why)
    assert why.cause is not None
    assert (why.cause.id, module in why.cause.text) == ("module.not-loaded", True)
    changed = files(__proc__modules=f"{module} 1 0 - Live 0x0\n")
    why = absent(broken(heaps={}, files=changed, config=config), tmp_path / "loaded", "system")
    assert any(step.endswith(f"{module} is loaded") for step in why.evidence)


def test_rockchips_cma_heap_is_loaded_under_its_own_name(tmp_path: Path) -> None:
    changed = no_cma_heap(__proc__modules="rk_cma_heap 1 0 - Live 0x0\n")
    why = absent(broken(**changed, config=kconfig(DMABUF_HEAPS_CMA="m")), tmp_path)
    assert "CONFIG_DMABUF_HEAPS_CMA=m, and rk_cma_heap is loaded" in why.evidence


def test_where_all_is_well_no_cause_is_made_up(tmp_path: Path, said: Said) -> None:
    why = absent(broken(**no_cma_heap()), tmp_path)
    said(why)
    assert why.cause is None
    assert len(why.evidence) >= 5


def test_only_the_default_area_is_a_heap_up_to_6_18(tmp_path: Path, said: Said) -> None:
    video = {"name": "video@50000000", "kind": "cma", "region": {"declared_in": "firmware"}}
    wanted = BoardConfig.model_validate({"name": "x", "title": "X", "heaps": [video]})
    why = why_absent(facts(broken(**no_cma_heap()), tmp_path, wanted), HeapKind.CMA, wanted.heaps[0])
    said(why)
    assert why.cause is not None
    assert why.cause.id == "cma.default-only"


# -- two causes that look the same -----------------------------------------------------------------------------------


def sysfs_class(state: str) -> dict[str, Any]:
    line = {"t": "glob", "pattern": "/sys/class/dma_heap/*", "errno": 0, "count": 0, "truncated": False}
    return line | {"state": state}


@pytest.mark.parametrize(
    ("release", "first", "second"),
    [
        ("6.12.107", "kconfig.system-heap-off", "module.not-loaded"),
        ("6.6.30-android15-8-g0123456789ab", "module.not-loaded", "kconfig.system-heap-off"),
    ],
)
def test_without_a_configuration_both_are_named_and_what_would_decide(
    tmp_path: Path, said: Said, release: str, first: str, second: str
) -> None:
    board = broken(heaps={}, config=None, hello=HELLO | {"release": release}, latencies=[sysfs_class("ok")])
    why = absent(board, tmp_path, "system")
    said(why)
    assert why.cause is not None
    assert why.cause.id == first
    assert [one.cause.id for one in why.alternatives] == [second]
    assert "bringup kconfig check" in why.alternatives[0].told_apart_by


def test_without_the_class_the_framework_is_off(tmp_path: Path) -> None:
    why = absent(broken(heaps={}, config=None, latencies=[sysfs_class("missing")]), tmp_path, "system")
    assert why.cause is not None
    assert why.cause.id == "kconfig.heaps-off"
    assert why.alternatives == ()


@pytest.mark.parametrize(
    ("config", "cause"), [(KCONFIG, "kconfig.not-built"), (None, "kconfig.heaps-off")], ids=["configured", "unknown"]
)
def test_where_sysfs_is_not_mounted_no_class_is_missing(tmp_path: Path, config: str | None, cause: str) -> None:
    """As in a container."""
    board = broken(heaps={}, config=config, latencies=[sysfs_class("missing")], files=without("/sys/"))
    why = absent(board, tmp_path / "1", "system")
    assert why.cause is None or why.cause.id not in ("kconfig.not-built", "kconfig.heaps-off")
    board.files["/proc/mounts"] = "sysfs /sys sysfs ro,nosuid 0 0\n"
    why = absent(board, tmp_path / "2", "system")
    assert why.cause is not None
    assert why.cause.id == cause


# -- what the kernel lists --------------------------------------------------------------------------------------------


def test_a_folder_that_may_not_be_listed_does_not_lack_a_node(tmp_path: Path) -> None:
    listed = node("/sys/class/dma_heap/system", 0o777, 0, 0, type="link")
    denied = files(__proc__modules=DENIED)
    board = broken(heap_folder="denied", nodes=[listed], files=denied, config=kconfig(DMABUF_HEAPS_SYSTEM="m"))
    verdicts = judge(facts(board, tmp_path / "1")).verdicts
    assert "node.not-made" not in {verdict.cause.id for verdict in verdicts if verdict.cause}
    why = absent(replace(board, heap_folder="ok", heaps={}), tmp_path / "2", "system")
    assert why.cause is not None
    assert why.cause.id == "node.not-made"


CODEC = {"declared_in": "device-tree", "size": 16 << 20, "reusable": True}
MADE = (
    "[ 0.0] Reserved memory: created CMA memory pool at 0x000000007b000000, size 16 MiB\n"
    "[ 0.0] OF: reserved mem: initialized node codec, compatible id shared-dma-pool\n"
)
LISTED = {"__sys__kernel__mm__cma__linux,cma__alloc_pages_success": "0\n"}


def why_no_codec(folder: Path, log: str, region: dict[str, Any], **more: Any) -> Diagnosis:
    """Why a heap of its own area is not there, on a kernel that makes a heap of each area."""
    config = BoardConfig.model_validate(
        {"name": "x", "title": "X", "heaps": [{"name": "codec", "kind": "cma", "region": region}]}
    )
    board = broken(heaps={"system": {}, "linux,cma": {}}, files=files(dmesg=log, **more), reserved="denied")
    board.files = {path: data for path, data in board.files.items() if not path.startswith(RESERVED)}
    board.hello = HELLO | {"release": "7.2.1"}
    return why_absent(facts(board, folder, config), HeapKind.CMA, config.heaps[0])


WHOLE = "[ 0.0] Linux version 7.2.1\n"


@pytest.mark.parametrize("region", [CODEC, {"declared_in": "cmdline", "size": 16 << 20}], ids=["tree", "cmdline"])
@pytest.mark.parametrize("log", [WHOLE, WHOLE + MADE.replace("CMA", "DMA"), MADE.replace("codec", "other")])
def test_an_area_that_nothing_shows_is_not_there_without_a_heap(
    tmp_path: Path, log: str, region: dict[str, Any]
) -> None:
    assert why_no_codec(tmp_path, log, region).cause is None


@pytest.mark.parametrize("log", [WHOLE + MADE, MADE], ids=["whole", "cut"])
def test_an_area_that_the_log_shows_has_no_heap(tmp_path: Path, said: Said, log: str) -> None:
    why = why_no_codec(tmp_path, log, CODEC)
    said(why)
    assert why.cause is not None
    assert why.cause.id == "cma.heap-not-added"
    assert any("initialized node codec" in line for line in why.evidence)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (WHOLE, "its log does not say why"),
        ("[ 9.0] quiet\n", "no line that is left of its log says why"),
        ("", "no line that is left of its log says why"),
        (DENIED, "its log could not be read"),
    ],
    ids=["whole", "lost its beginning", "empty", "denied"],
)
def test_a_log_that_lost_its_beginning_is_not_silent(tmp_path: Path, said: Said, log: Any, words: str) -> None:
    why = why_no_codec(tmp_path, log, CODEC, **LISTED)
    said(why)
    assert why.cause is not None
    assert why.cause.text.endswith(words)


def test_an_open_that_is_refused_without_a_reason(tmp_path: Path, said: Said) -> None:
    board = broken(files=files(**ENFORCING), hello=HELLO | {"uid": 1013, "label": "u:r:mediacodec:s0"})
    why = why_denied(facts(board, tmp_path), "system")
    said(why)
    assert why.cause is not None
    assert why.cause.id == "selinux.denied"
    assert [one.cause.id for one in why.alternatives] == ["node.denied"]
    assert "setenforce 0" in why.alternatives[0].told_apart_by


# -- nodes that refuse -----------------------------------------------------------------------------------------------


def test_a_hostile_heap_name_makes_no_line(tmp_path: Path) -> None:
    board = broken(heaps={"x 0777 root root": {}})
    (verdict,) = find_check("heap.ueventd").ask(facts(board, tmp_path, None))
    assert verdict.outcome is Outcome.WARN
    assert verdict.changes == ()
