"""The chain behind a heap that cannot be used: each link broken in turn, what is said of it, and the lines that mend it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from bringup.causes.access_denied import why_denied
from bringup.causes.allocation_failed import cma_failures, why_cma_failed, why_test_failed
from bringup.causes.heap_absent import why_absent
from bringup.causes.known import known_cause
from bringup.causes.region_rejected import region_rejected
from bringup.checks.registry import find_check
from bringup.config.schema import BoardConfig, HeapKind
from bringup.facts.board import Facts
from bringup.facts.region_rejections import cma_alignment, rejections
from bringup.results.verdict import Change, Diagnosis, Outcome
from tests.support.scripted_record import BOARD_CONFIG, HELLO, RESERVED, ScriptedBoard, broken, files, result
from tests.support.scripted_record import CONFIG as KCONFIG

POOL = f"{RESERVED}/linux,cma"
VIDEO = f"{RESERVED}/video@50100000"
ENFORCING = {"__sys__fs__selinux__enforce": "1"}


def facts(board: ScriptedBoard, folder: Path, config: BoardConfig | None = BOARD_CONFIG) -> Facts:
    return Facts(board.record(folder / "record"), config, "")


def absent(board: ScriptedBoard, folder: Path, heap: str = "linux,cma") -> Diagnosis:
    """Why a heap is not there, on a board that has only the system heap."""
    wanted = BOARD_CONFIG.heap(heap)
    assert wanted is not None
    return why_absent(facts(board, folder), wanted.kind, wanted)


def no_cma_heap(**changed: Any) -> dict[str, Any]:
    return {"heaps": {"system": {}}, "files": files(**changed)}


def without(*paths: str) -> dict[str, Any]:
    return {path: text for path, text in ScriptedBoard().files.items() if not path.startswith(paths)}


def kconfig(**options: str) -> str:
    lines = [line for line in KCONFIG.splitlines() if not any(f"CONFIG_{name}=" in line for name in options)]
    return "\n".join([*lines, *(f"CONFIG_{name}={value}" for name, value in options.items() if value), ""])


def lines_of(why: Diagnosis, file: str) -> list[str]:
    return [line for one in why.changes if one.file == file for line in one.lines]


# -- the links, one by one -------------------------------------------------------------------------------------------

OFF = KCONFIG.replace("CONFIG_DMABUF_HEAPS_CMA=y", "# CONFIG_DMABUF_HEAPS_CMA is not set")
ALL_OFF = "\n".join(line for line in KCONFIG.splitlines() if "DMABUF_HEAPS" not in line)
LINKS: list[tuple[str, ScriptedBoard, str, str, str]] = [
    # link, board, cause, file that is changed, a line of it
    ("too old", broken(**no_cma_heap(), hello=HELLO | {"release": "5.4.210"}), "kernel.too-old", "", ""),
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
def test_each_link_is_found_broken(tmp_path: Path, board: ScriptedBoard, cause: str, file: str, line: str) -> None:
    why = absent(board, tmp_path)
    assert why.cause is not None
    assert why.cause.id == cause
    assert known_cause(cause) is not None
    assert why.evidence
    assert why.changes or why.remedy
    if file:
        assert line.strip() in [one.strip() for one in lines_of(why, file)]


def test_the_steps_that_hold_are_told_before_the_broken_one(tmp_path: Path) -> None:
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
        "CONFIG_DMABUF_HEAPS_CMA=m, and cma_heap is loaded",
        "reserved-memory/linux,cma",
        "OF",
        "reserved-memory/linux,cma",
        "CMA on this kernel",
    ]


def test_where_all_is_well_no_cause_is_made_up(tmp_path: Path) -> None:
    why = absent(broken(**no_cma_heap()), tmp_path)
    assert why.cause is None
    assert len(why.evidence) >= 5


def test_only_the_default_area_is_a_heap_up_to_6_18(tmp_path: Path) -> None:
    video = {"name": "video@50000000", "kind": "cma", "region": {"declared_in": "firmware"}}
    wanted = BoardConfig.model_validate({"name": "x", "title": "X", "heaps": [video]})
    why = why_absent(facts(broken(**no_cma_heap()), tmp_path, wanted), HeapKind.CMA, wanted.heaps[0])
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
def test_without_a_configuration_both_are_told_and_what_would_tell(
    tmp_path: Path, release: str, first: str, second: str
) -> None:
    board = broken(heaps={}, config=None, hello=HELLO | {"release": release}, latencies=[sysfs_class("ok")])
    why = absent(board, tmp_path, "system")
    assert why.cause is not None
    assert why.cause.id == first
    assert [one.cause.id for one in why.alternatives] == [second]
    assert "bringup kconfig check" in why.alternatives[0].told_apart_by


def test_without_the_class_the_framework_is_off(tmp_path: Path) -> None:
    why = absent(broken(heaps={}, config=None, latencies=[sysfs_class("missing")]), tmp_path, "system")
    assert why.cause is not None
    assert why.cause.id == "kconfig.heaps-off"
    assert why.alternatives == ()


def test_an_open_that_is_refused_without_a_reason(tmp_path: Path) -> None:
    board = broken(files=files(**ENFORCING), hello=HELLO | {"uid": 1013, "label": "u:r:mediacodec:s0"})
    why = why_denied(facts(board, tmp_path), "system")
    assert why.cause is not None
    assert why.cause.id == "selinux.denied"
    assert [one.cause.id for one in why.alternatives] == ["node.denied"]
    assert "setenforce 0" in why.alternatives[0].told_apart_by


# -- CMA that gives nothing ------------------------------------------------------------------------------------------

FAILED = "cma: cma_alloc: {}alloc failed, req-size: {} pages, ret: -{}\n"
FREE = "cma: number of available pages: {}\n"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (FAILED.format("", 6075, 12) + FREE.format("5957@1+445@9000=> 6402 free of 32768 total pages"), "cma.fragmented"),
        (FAILED.format("reserved: ", 256, 12) + FREE.format("3@125+20@172=> 23 free of 4096 total pages"), "cma.exhausted"),
        (FAILED.format("linux,cma: ", 256, 12) + FREE.format("=> 0 free of 4096 total pages"), "cma.exhausted"),
        # 7.x tells the ranges of an area on lines of their own
        (FAILED.format("a: ", 64, 12) + FREE.format("") + "cma: range 0: 16@0+16@32\ncma: \n=> 32 free of 64 total pages\n", "cma.exhausted"),
        (FAILED.format("a: ", 24, 12) + FREE.format("") + "cma: range 0: 16@0+16@32\n=> 32 free of 64 total pages\n", "cma.fragmented"),
        (FAILED.format("", 524288, 16) + FREE.format("524288@0=> 524288 free of 524288 total pages"), "cma.busy"),
    ],
)  # fmt: skip
def test_used_up_in_pieces_or_busy(tmp_path: Path, said: str, cause: str) -> None:
    known = facts(broken(files=files(dmesg=said)), tmp_path)
    why = why_cma_failed(known, cma_failures(known))
    assert why.cause is not None
    assert why.cause.id == cause
    assert why.alternatives == ()


AREA = "__sys__kernel__debug__cma__linux,cma__"


def pool(count: int, used: int, longest: int) -> dict[str, str]:
    return {f"{AREA}count": f"{count}\n", f"{AREA}used": f"{used}\n", f"{AREA}maxchunk": f"{longest}\n"}


@pytest.mark.parametrize(
    ("area", "cause"),
    [
        (pool(8192, 8192, 0), "cma.exhausted"),
        (pool(8192, 7937, 255), "cma.exhausted"),
        (pool(8192, 63, 255), "cma.fragmented"),
        (pool(8192, 32, 8160), "cma.busy"),
        # 256 pages may lie where they are not aligned to 256: it does not tell
        (pool(8192, 63, 300), None),
        ({}, None),
        # 7.x tells in sysfs how much is free, and not in how many pieces
        ({"__sys__kernel__mm__cma__linux,cma__total_pages": "8192\n", "__sys__kernel__mm__cma__linux,cma__available_pages": "9\n"}, "cma.exhausted"),
        ({"__sys__kernel__mm__cma__linux,cma__total_pages": "8192\n", "__sys__kernel__mm__cma__linux,cma__available_pages": "900\n"}, None),
    ],
)  # fmt: skip
def test_what_was_free_before_the_tests_tells_why_one_failed(
    tmp_path: Path, area: dict[str, str], cause: str | None
) -> None:
    failed = result("linux,cma", "alloc.1m", "fail", errno=12, seen="ALLOC of 1048576 bytes: ENOMEM")
    known = facts(broken(files=files(**area), results=[failed]), tmp_path)
    why = why_test_failed(known, known.record.results[0])
    assert why.cause is not None
    if cause is None:
        assert why.alternatives, "not told, so both are"
    else:
        assert why.cause.id == cause
        assert why.alternatives == ()
        assert "before the tests" in why.evidence[0]


@pytest.mark.parametrize("code", [12, 16])
def test_the_log_is_evidence_where_it_says_the_same(tmp_path: Path, code: int) -> None:
    failed = result("linux,cma", "alloc.1m", "fail", errno=12, seen="ALLOC of 1048576 bytes: ENOMEM")
    said = FAILED.format("linux,cma: ", 256, code) + FREE.format("255@32=> 8129 free of 8192 total pages")
    known = facts(broken(files=files(dmesg=said, **pool(8192, 63, 255)), results=[failed]), tmp_path)
    why = why_test_failed(known, known.record.results[0])
    assert why.cause is not None
    assert why.cause.id == "cma.fragmented"
    assert any("alloc failed" in line for line in why.evidence) == (code == 12)


@pytest.mark.parametrize(("free", "first"), [(64, "cma.exhausted"), (32768, "cma.fragmented")])
def test_both_where_the_log_does_not_tell(tmp_path: Path, free: int, first: str) -> None:
    meminfo = f"CmaTotal: 65536 kB\nCmaFree: {free} kB\n"
    known = facts(broken(files=files(dmesg=FAILED.format("", 2048, 12), __proc__meminfo=meminfo)), tmp_path)
    why = why_cma_failed(known, cma_failures(known))
    assert why.cause is not None
    assert [why.cause.id, why.alternatives[0].cause.id] == sorted(
        ["cma.exhausted", "cma.fragmented"], key=lambda x: x != first
    )
    assert "maxchunk" in why.alternatives[0].told_apart_by


# -- regions that the kernel refuses: the mistakes that people make ------------------------------------------------------

MISALIGNED = "Reserved memory: incorrect alignment of CMA region\n"
NO_MATCH = "OF: reserved mem: node {} compatible matching fail\n"


def region(base: int, size: int, *flags: str) -> dict[str, Any]:
    reg = base.to_bytes(8) + size.to_bytes(8)
    named = {f"{VIDEO}/compatible": "shared-dma-pool\0", f"{VIDEO}/reg": reg}
    return {**named, **{f"{VIDEO}/{flag}": "" for flag in flags}}


def refused(folder: Path, said: str, tree: dict[str, Any], **board: Any) -> Diagnosis:
    known = facts(broken(files=files(dmesg=said) | tree, **board), folder)
    return region_rejected(known, rejections(known))


@pytest.mark.parametrize(
    ("said", "tree", "board", "cause", "thread"),
    [
        (MISALIGNED, region(0x40000000, 0x4C0000, "reusable"), {}, "cma.region-misaligned", "ikwzm/udmabuf/issues/126"),
        (MISALIGNED, region(0x6FC00000, 0x100000, "reusable"), {}, "cma.region-misaligned", "ikwzm/udmabuf/issues/29"),
        (MISALIGNED, region(0x2AE00000, 0x4000000, "reusable"), {"hello": HELLO | {"page_size": 65536}}, "cma.region-page-size", "raspberrypi/linux/issues/6053"),
        ("OF: reserved mem: failed to allocate memory for node 'linux,cma'\n", {}, {}, "cma.region-does-not-fit", "android-rpi/device_arpi_rpi4/issues/82"),
        (NO_MATCH.format("video@50100000"), region(0xD8000000, 0x800000, "reusable", "no-map"), {}, "cma.region-no-map", "ikwzm/udmabuf/issues/47"),
        ("cma: Failed to reserve 64 MiB\n", {}, {"config": kconfig(ARCH_FORCE_MAX_ORDER="14")}, "cma.region-max-order", "linux4sam/linux-at91/issues/50"),
        (NO_MATCH.format("video@50100000"), region(0x50000000, 0x800000, "reusable"), {}, "cma.region-rejected", "ikwzm/udmabuf/issues/60"),
    ],
)  # fmt: skip
def test_the_mistakes_that_people_make(
    tmp_path: Path, said: str, tree: dict[str, Any], board: dict[str, Any], cause: str, thread: str
) -> None:
    why = refused(tmp_path, said, tree, **board)
    assert why.cause is not None
    assert why.cause.id == cause
    assert said.strip() in why.evidence
    known = known_cause(cause)
    assert known is not None
    assert any(link.url.endswith(thread) for link in known.seen_before)


def test_what_the_kernel_says_twice_is_one_cause(tmp_path: Path) -> None:
    why = refused(tmp_path, MISALIGNED + NO_MATCH.format("video@50100000"), region(0x50100000, 0x1000000, "reusable"))
    assert why.cause is not None
    assert why.cause.id == "cma.region-misaligned"
    assert why.alternatives == ()


def test_two_refusals_stand_beside_each_other(tmp_path: Path) -> None:
    said = MISALIGNED + "OF: reserved mem: OVERLAP DETECTED!\na (0x0--0x1) overlaps with b (0x1--0x2)\n"
    why = refused(tmp_path, said, region(0x50100000, 0x1000000, "reusable"))
    assert why.cause is not None
    assert why.cause.id == "cma.region-misaligned"
    assert [one.cause.id for one in why.alternatives] == ["cma.region-overlap"]


@pytest.mark.parametrize("page", [4096, 16384, 65536])
@pytest.mark.parametrize(("base", "size"), [(0x50100000, 0x1000000), (0x4C0000, 0x4C0000), (0x40000000, 1)])
def test_the_mended_region_holds_the_old_one_and_is_aligned(tmp_path: Path, page: int, base: int, size: int) -> None:
    board = {"hello": HELLO | {"page_size": page}}
    why = refused(tmp_path, MISALIGNED, region(base, size, "reusable"), **board)
    step = cma_alignment(facts(broken(**board), tmp_path / "b"))
    assert step is not None
    (line,) = [one for one in lines_of(why, "device-tree/heaps.dtsi") if "reg =" in one]
    cells = [int(cell, 0) for cell in line.partition("<")[2].partition(">")[0].split()]
    begin, length = cells[0] << 32 | cells[1], cells[2] << 32 | cells[3]
    assert begin % step == length % step == 0
    assert begin <= base
    assert base + size <= begin + length


@pytest.mark.skipif(not shutil.which("dtc"), reason="dtc is not installed (Debian: device-tree-compiler)")
def test_the_mended_node_compiles(tmp_path: Path) -> None:
    why = refused(tmp_path, MISALIGNED, region(0x50100000, 0x1000000, "reusable"))
    root = "/dts-v1/;\n/ { #address-cells = <2>; #size-cells = <2>; };\n"
    (tmp_path / "a.dts").write_text(root + "\n".join(lines_of(why, "device-tree/heaps.dtsi")))
    subprocess.run(["dtc", "-O", "dtb", "-o", "a.dtb", "a.dts"], cwd=tmp_path, check=True)


# -- nodes that refuse -----------------------------------------------------------------------------------------------


def avc(
    domain: str, label: str, rights: str = "read open", name: str = "linux,cma", more: str = 'comm="camera"'
) -> str:
    return (
        f'type=1400 audit(9.1:7): avc:  denied  {{ {rights} }} for  pid=400 {more} name="{name}" dev="tmpfs" '
        f"scontext=u:r:{domain}:s0 tcontext=u:object_r:{label}:s0 tclass=chr_file permissive=0 path=/dev/dma_heap/x\n"
    )


def denials(folder: Path, said: str) -> Any:
    known = facts(broken(files=files(dmesg=said, **ENFORCING)), folder)
    (verdict,) = find_check("selinux.denials").ask(known)
    return verdict


def test_a_core_domain_is_not_given_a_rule_that_does_not_build(tmp_path: Path) -> None:
    verdict = denials(tmp_path, avc("cameraserver", "dmabuf_heap_device"))
    assert verdict.cause.id == "selinux.core-domain"
    assert verdict.changes == ()
    assert any("neverallow" in line for line in verdict.remedy)


def test_a_core_domain_may_open_the_system_heap(tmp_path: Path) -> None:
    verdict = denials(tmp_path, avc("gpuservice", "dmabuf_system_heap_device", name="system"))
    rule = "allow gpuservice dmabuf_system_heap_device:chr_file r_file_perms;"
    assert verdict.changes == (Change("sepolicy/heaps.te", (rule,)),)


def test_who_writes_is_told_that_reading_is_enough(tmp_path: Path) -> None:
    verdict = denials(tmp_path, avc("hal_camera_default", "dmabuf_heap_device", "read write open"))
    assert any("O_RDONLY is enough" in line for line in verdict.remedy)


def test_what_the_test_allocator_brings_about_is_not_held_against_the_board(tmp_path: Path) -> None:
    own = avc("shell", "dmabuf_heap_device", more='comm="bringup-0123456"')
    assert denials(tmp_path, own).outcome is Outcome.PASS


def test_noise_about_the_file_system_is_no_failure(tmp_path: Path) -> None:
    said = (
        'type=1400 audit(0.0:24606): avc: denied { getattr } for name="/" dev="dmabuf" ino=1 '
        "scontext=u:r:untrusted_app:s0:c59,c281 tcontext=u:object_r:unlabeled:s0 tclass=filesystem permissive=0\n"
    )
    verdict = denials(tmp_path, said)
    assert verdict.outcome is Outcome.WARN
    assert verdict.cause.id == "selinux.statfs"


@pytest.mark.parametrize(
    ("node", "uid", "label", "more", "outcome"),
    [
        ({"mode": 0o600, "uid": 0, "gid": 0}, 2000, None, {}, "fail"),  # ueventd.rc says 0444
        ({"mode": 0o444}, 2000, "u:r:shell:s0", ENFORCING, "error"),  # no policy lets the shell in
        ({"mode": 0o444}, 1013, "u:r:mediacodec:s0", ENFORCING, "fail"),
        (
            {"mode": 0o440},
            2000,
            None,
            {"__vendor__etc__ueventd.rc": "/dev/dma_heap/system 0440 system system\n"},
            "error",
        ),
    ],
)
def test_a_heap_that_is_meant_to_be_closed_is_not_wrong(
    tmp_path: Path, node: dict[str, Any], uid: int, label: str | None, more: dict[str, str], outcome: str
) -> None:
    board = broken(
        heaps={"system": node},
        hello=HELLO | {"uid": uid, "label": label},
        results=[result("system", "open", "fail", errno=13)],
        files=files(**more),
    )
    config = BoardConfig(name="bare", title="Bare")
    (verdict,) = find_check("allocator").ask(facts(board, tmp_path, config))
    assert verdict.outcome.value == outcome
    assert (verdict.reason is not None) == (outcome == "error")


def test_a_node_without_a_line_gets_androids(tmp_path: Path) -> None:
    board = broken(heaps={"video": {"mode": 0o600, "uid": 0, "gid": 0}})
    (verdict,) = find_check("heap.ueventd").ask(facts(board, tmp_path, None))
    assert verdict.changes == (Change("ueventd.rc", ("/dev/dma_heap/video 0444 system system",)),)


def test_a_hostile_heap_name_makes_no_line(tmp_path: Path) -> None:
    board = broken(heaps={"x 0777 root root": {}})
    (verdict,) = find_check("heap.ueventd").ask(facts(board, tmp_path, None))
    assert verdict.outcome is Outcome.WARN
    assert verdict.changes == ()
