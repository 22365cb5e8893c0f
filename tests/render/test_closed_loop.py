"""What was rendered, on a real kernel: heaps appear as promised, and what we refuse the kernel refuses, too."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bringup.board import Board, Target, connect_tcp
from bringup.causes.region_rejected import rejections
from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.config.shipped import find_config, shipped_dir
from bringup.deadline import Deadline
from bringup.errors import ConfigError
from bringup.facts.board import Facts
from bringup.record.load import load_record
from bringup.record.observe import Observation, observe
from bringup.render.engine import Rendered, render
from bringup.results.verdict import Outcome, Verdict
from bringup.virtual import VirtualBoard, build_kernel, find_kernel, find_profile
from tests.support.adbd import shell
from tests.support.command import bringup
from tests.support.native_adbd import AdbServer
from tests.support.render.parsers import read_kconfig
from tests.support.suite import find_check
from tests.support.virtual_board import MakeBoard, require_virtual_board

CONFIGS = [shipped_dir("device-configs")]
TEMPLATES = [shipped_dir("templates")]
pytestmark = pytest.mark.board


def rendered(board: BoardConfig, path: str, kernel: str | None = None) -> str:
    done = {one.path: one for one in render("all", board, kernel=kernel, dirs=TEMPLATES)}
    one = done[path.format(board=board.name)]
    assert isinstance(one, Rendered), one
    return one.text


def ask(board: VirtualBoard, command: str) -> str:
    return shell(board.port, command, Deadline.after(300))


def facts(virtual: VirtualBoard, server: AdbServer, folder: Path) -> Facts:
    """What a record of the board tells; its heaps are not tested."""
    deadline = Deadline.after(300)
    connect_tcp(server.transport, virtual.serial, deadline)
    board = Board.open(server.transport, Target(virtual.serial), deadline)
    assert observe(board, folder / "record", Observation(heaps=None, rounds=0)) is None
    return Facts(load_record(folder / "record"))


def drift(seen: Facts, config: BoardConfig) -> Verdict:
    """Whether the board's device tree is what is rendered for this config."""
    verdicts = find_check("drift").ask(Facts(seen.record, config))
    (verdict,) = (one for one in verdicts if one.id == "drift.device-tree")
    return verdict


def with_size(config: BoardConfig, name: str, size: int) -> BoardConfig:
    """The config with another size of one heap's region."""
    heaps = (
        heap.model_copy(update={"region": heap.region.model_copy(update={"size": size})})
        if heap.name == name and heap.region is not None
        else heap
        for heap in config.heaps
    )
    return config.model_copy(update={"heaps": tuple(heaps)})


def test_a_rendered_overlay_reserves_what_it_says(
    fresh_board: MakeBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    """On Debian's own kernel, which has CMA and no heaps; and a board with another tree than rendered is told apart."""
    config = find_config("virtual-arm64-7.x", CONFIGS)
    board = fresh_board("arm64-debian", overlay=rendered(config, "{board}-heaps.dtso").encode())
    said = ask(board, "dmesg")
    for heap in config.heaps:
        region = heap.region
        if region is None or region.size is None:
            continue
        (base,) = re.findall(
            rf"reserved mem: 0x0*([0-9a-f]+)\.\..*\({region.size >> 10} KiB\) map reusable {heap.name}\n", said
        )
        assert int(base, 16) % (region.alignment or 1) == 0
        assert region.base is None or int(base, 16) == region.base
    total = sum(heap.region.size or 0 for heap in config.heaps if heap.region)
    assert ask(board, "grep CmaTotal /proc/meminfo").split()[1] == str(total >> 10)
    seen = facts(board, adb_server, tmp_path)
    assert drift(seen, config).outcome is Outcome.PASS
    assert drift(seen, with_size(config, "video@50000000", 32 << 20)).evidence == (
        "virtual-arm64-7.x: video@50000000: reg 0x50000000 0x2000000; the board has 0x50000000 0x1000000",
    )


# What is wrong, as device tree; the kernel's words for it; the same as a board config; our words for it.
FAULTS = [
    (
        'misaligned@50100000 { compatible = "shared-dma-pool"; reg = <0 0x50100000 0 0x400000>; reusable; };',
        ["incorrect alignment of CMA region", "node misaligned@50100000 compatible matching fail"],
        "{name: misaligned@50100000, kind: cma, region: {declared_in: device-tree, base: 0x50100000, size: 4 MiB, reusable: true}}",
        "base 1281 MiB is not a multiple of 2 MiB",
    ),
    (
        'both@51000000 { compatible = "shared-dma-pool"; reg = <0 0x51000000 0 0x400000>; reusable; no-map; };',
        ["{both}"],
        (
            "{name: both@51000000, kind: cma, region: {declared_in: device-tree, base: 0x51000000, size: 4 MiB, reusable: true, "
            "no_map: true}}"
        ),
        "no_map and reusable exclude each other",
    ),
    (
        (
            'first@52000000 { compatible = "shared-dma-pool"; reg = <0 0x52000000 0 0x800000>; reusable; };'
            'second@52400000 { compatible = "shared-dma-pool"; reg = <0 0x52400000 0 0x800000>; reusable; };'
        ),
        ["OVERLAP DETECTED!", "first@52000000 (0x0000000052000000--0x0000000052800000) overlaps with second@52400000"],
        (
            "{name: first@52000000, kind: cma, region: {declared_in: device-tree, base: 0x52000000, size: 8 MiB, reusable: true}}\n"
            "  - {name: second@52400000, kind: cma, region: {declared_in: device-tree, base: 0x52400000, size: 8 MiB, "
            "reusable: true}}"
        ),
        "'second@52400000' (0x52400000 to 0x52c00000) overlaps 'first@52000000' (0x52000000 to 0x52800000)",
    ),
    (
        'toolarge { compatible = "shared-dma-pool"; size = <0 0x40000000>; reusable; };',
        ["failed to allocate memory for node 'toolarge'"],
        "{name: toolarge, kind: cma, region: {declared_in: device-tree, size: 1 GiB, reusable: true}}",
        "1 GiB is more than the board has (512 MiB)",
    ),
]
# The kernel takes this one, and makes no heap of it.
COHERENT = (
    'coherent@56000000 { compatible = "shared-dma-pool"; reg = <0 0x56000000 0 0x400000>; no-map; };',
    "created DMA memory pool at 0x0000000056000000, size 4",
    "{name: coherent@56000000, kind: cma, region: {declared_in: device-tree, base: 0x56000000, size: 4 MiB, no_map: true}}",
    "a shared-dma-pool that is not reusable becomes a coherent pool, and no heap",
)
OVERLAY = """/dts-v1/;
/plugin/;
&{/} {
	#address-cells = <2>;
	#size-cells = <2>;
	reserved-memory { #address-cells = <2>; #size-cells = <2>; ranges; %s };
};
"""


@pytest.mark.parametrize(("heap", "reason"), [fault[2:] for fault in (*FAULTS, COHERENT)])
def test_what_the_kernel_refuses_we_refuse_before_rendering(heap: str, reason: str) -> None:
    text = f"name: x\ntitle: X\nmemory: {{base: 0x40000000, size: 512 MiB}}\nheaps:\n  - {heap}\n"
    with pytest.raises(ConfigError) as caught:
        load_text(text.encode(), "x.yaml")
    assert reason in caught.value.seen


@pytest.mark.parametrize(
    ("profile", "both"),
    [
        ("arm64-debian", "node both@51000000 compatible matching fail"),
        pytest.param("arm64-5.10", "node both@51000000 compatible matching fail", marks=pytest.mark.kernels),
        pytest.param("arm64-6.12", "node both@51000000 compatible matching fail", marks=pytest.mark.kernels),
        pytest.param("arm64-7.x", "nomap reusable both@51000000", marks=pytest.mark.kernels),
    ],
)
def test_the_kernel_refuses_it_and_we_recognise_its_words(
    profile: str, both: str, fresh_board: MakeBoard, adb_server: AdbServer, tmp_path: Path
) -> None:
    """All faults in one tree. The kernel's lines are the evidence of one verdict, each region in one of them."""
    nodes = " ".join(fault[0] for fault in (*FAULTS, COHERENT))
    seen = facts(fresh_board(profile, overlay=(OVERLAY % nodes).encode()), adb_server, tmp_path)
    found = {one.cause.id: one.lines for one in rejections(seen)}
    rejected = [line for lines in found.values() for line in lines]
    for words in (words.format(both=both) for fault in FAULTS for words in fault[1]):
        assert any(words in line for line in rejected), rejected
    assert not any("coherent" in line for line in rejected)
    assert any(COHERENT[1] in line for line in seen.dmesg or ())
    (verdict,) = find_check("cma.rejected").ask(seen)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.cause is not None
    assert verdict.cause.id in found
    assert set(found) >= {"cma.region-misaligned", "cma.region-does-not-fit", "cma.region-overlap"}
    assert ("cma.region-no-map" in found) == (profile == "arm64-7.x")  # before, it is one of those that match nothing
    there = set(seen.heap_nodes or ())
    assert not {"misaligned@50100000", "both@51000000", "toolarge", "coherent@56000000"} & there


def test_rendered_permissions_are_applied(fresh_board: MakeBoard) -> None:
    """The board's own ueventd applies the rendered file: mode, owner and group come out as promised."""
    config = load_text(
        b"name: x\ntitle: X\nheaps:\n  - {name: system, kind: system, node: {mode: '0640', owner: root, group: audio}}\n",
        "x",
    )
    text = rendered(config, "ueventd.{board}.rc")
    board = fresh_board("amd64", extra_files={"vendor/etc/ueventd.rc": text.encode()})
    assert ask(board, "stat -c '%a %U %G' /dev/dma_heap/system").split() == ["640", "root", "audio"]


@pytest.mark.kernels
@pytest.mark.parametrize("profile", ["arm64-5.10", "arm64-6.12", "arm64-7.x"])
def test_the_loop_is_closed(profile: str, fresh_board: MakeBoard, adb_server: AdbServer, tmp_path: Path) -> None:
    """Rendered options build the kernel, the rendered overlay boots, the heaps are as promised, the full run passes."""
    require_virtual_board(profile)
    config = find_config(f"virtual-{profile}", CONFIGS)
    known = find_kernel(find_profile(profile))
    assert known is not None
    series = ".".join(known.release.split(".")[:2])
    options = rendered(config, "{board}.config", series)
    # The profile has these options already; were one of them different, this would compile until the deadline.
    assert build_kernel(find_profile(profile), options, Deadline.after(60)) == known
    kept = read_kconfig(known.config.read_text())
    assert {name: kept.get(name, "n") for name in read_kconfig(options)} == read_kconfig(options)
    board = fresh_board(
        profile,
        overlay=rendered(config, "{board}-heaps.dtso", series).encode(),
        extra_files={"vendor/etc/ueventd.rc": rendered(config, "ueventd.{board}.rc", series).encode()},
    )
    assert nodes(board) == {
        name: f"{(heap.node.mode or '').lstrip('0')} {heap.node.owner} {heap.node.group}"
        for heap in config.heaps
        if heap.node is not None
        for name in heap.names_on(series)
    }
    assert_pools_are_as_promised(board, config)
    folder = tmp_path / "rendered"
    environ = {"ANDROID_ADB_SERVER_PORT": str(adb_server.address.port)}
    done = bringup("render", "all", "--board", config.name, "--kernel", series, "-o", str(folder))
    assert done.returncode == 0, done.stderr
    serial = connect_tcp(adb_server.transport, board.serial, Deadline.after(300))
    done = bringup(
        "run", "-s", serial, "-o", str(tmp_path / "run"), "--rounds", "1", "--seconds", "600", environ=environ
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = (path for path in (tmp_path / "run").iterdir() if path.is_dir())
    done = bringup("check", str(record), "--rendered", str(folder), "--json")
    (judged,) = json.loads(done.stdout)["boards"]
    assert judged["config"] == config.name
    drift = {one["id"]: one["outcome"] for one in judged["verdicts"] if one["id"].startswith("drift")}
    assert set(drift) == {"drift.device-tree", "drift.cmdline", "drift.ueventd"}
    assert set(drift.values()) == {"pass"}


def nodes(board: VirtualBoard) -> dict[str, str]:
    """Every heap's node: mode, owner, group."""
    return dict(line.split("=") for line in ask(board, "cd /dev/dma_heap && stat -c '%n=%a %U %G' *").splitlines())


def assert_pools_are_as_promised(board: VirtualBoard, config: BoardConfig) -> None:
    """Size and alignment of each pool, in the kernel's own words, and all of them together."""
    said = ask(board, "dmesg")
    for heap in config.heaps:
        if heap.region is None:
            continue
        size = heap.region.size or 0
        found = re.findall(rf"created CMA memory pool at (0x[0-9a-f]+), size {size >> 20} MiB", said)
        bases = [int(base, 16) for base in found]
        assert len(bases) == 1, (heap.name, found)
        assert bases[0] % (heap.region.alignment or (2 << 20)) == 0
        assert heap.region.base in (None, bases[0])
    total = sum(heap.region.size or 0 for heap in config.heaps if heap.region)
    assert ask(board, "grep CmaTotal /proc/meminfo").split()[1] == str(total >> 10)
