"""Sums of who holds buffers: each buffer once, shares that add up, and what is not known is said."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.facts.board import Facts
from bringup.facts.holders.buffer_lists import BUFFERS_FOLDER, BUFINFO, parse_bufinfo, parse_iterator, sysfs_list
from bringup.facts.holders.snapshots import Snapshot, snapshots
from bringup.facts.holders.sums import buffer_facts, holders_facts
from bringup.facts.memory.cma_usage import CMA_SYSFS
from bringup.results.holders import HoldersFacts
from tests.support.scripted_record import ScriptedBoard
from tests.support.walks import bufinfo, process, scripted_walks, walk

ONE, TWO, THREE = (1, 4096, "system", ""), (2, 8193, "system", "preview"), (3, 65536, "linux,cma", "")


def found(facts: Facts) -> HoldersFacts:
    holders = holders_facts(facts)
    assert holders is not None
    return holders


def test_a_buffer_of_two_counts_half_in_each_and_once_in_all(tmp_path: Path) -> None:
    seen = walk([ONE, TWO], process(7, (1, 1, 0, 0), (2, 1, 1, 4096)), process(8, (2, 3, 0, 0)))
    holders = found(scripted_walks(tmp_path, seen, bufinfo(ONE, TWO)))
    assert (holders.buffers, holders.bytes, holders.held, holders.unheld) == (2, 12289, 12289, ())
    assert (holders.looked_at, holders.denied, holders.milliseconds) == (10, 0, 1.5)
    first, second = holders.processes
    assert (first.pid, first.buffers, first.rss, first.pss, first.mapped) == (7, 2, 12289, 4096 + 4097, 8193)
    assert (second.pid, second.buffers, second.rss, second.pss, second.mapped) == (8, 1, 8193, 4096, 0)
    assert [(share.exporter, share.name, share.pss) for share in first.shares] == [
        ("system", "preview", 4097),
        ("system", None, 4096),
    ]


@given(st.lists(st.tuples(st.integers(0, 10**6), st.sets(st.integers(1, 9), min_size=1)), max_size=12))
def test_shares_add_up_to_what_is_held(buffers: list[tuple[int, set[int]]]) -> None:
    listed = [(number, size, "system", "") for number, (size, _) in enumerate(buffers, start=1)]
    processes = [
        process(pid, *((number, 1, 0, 0) for number, (_, pids) in enumerate(buffers, start=1) if pid in pids))
        for pid in range(1, 10)
    ]
    with tempfile.TemporaryDirectory() as folder:
        holders = found(scripted_walks(Path(folder) / "record", walk(listed, *processes), bufinfo(*listed)))
    total = sum(size for size, _ in buffers)
    assert holders.held == holders.bytes == sum(one.pss for one in holders.processes) == total
    assert sum(one.rss for one in holders.processes) == sum(size * len(pids) for size, pids in buffers)


def test_what_no_process_holds_is_the_kernels_list_less_the_walk(tmp_path: Path) -> None:
    facts = scripted_walks(tmp_path, walk([ONE], process(7, (1, 1, 0, 0))), bufinfo(ONE, THREE, devices=("vgem",)))
    holders = found(facts)
    assert holders.unheld is not None
    assert [(one.inode, one.size, one.exporter, one.devices) for one in holders.unheld] == [
        (3, 65536, "linux,cma", ("vgem",))
    ]
    assert (holders.held, holders.bytes) == (4096, 69632)
    assert [(one.inode, one.holders) for one in buffer_facts(facts)] == [(3, ()), (1, ((7, 1, 0, 0),))]


@pytest.mark.parametrize("first", ["freed", "found", "new"])
def test_a_buffer_on_its_way_is_not_taken_for_one_that_nobody_holds(tmp_path: Path, first: str) -> None:
    """Found held by the first walk, or not there yet when the first list was read."""
    before = walk([THREE], process(7, (3, 1, 0, 0))) if first == "found" else walk([])
    lists = (bufinfo() if first == "new" else bufinfo(THREE), bufinfo() if first == "freed" else bufinfo(THREE))
    facts = scripted_walks(tmp_path, before, lists[0], walk([]), lists[1])
    assert found(facts).unheld == ()
    assert buffer_facts(facts) == ()


def test_without_a_list_what_no_process_holds_is_unknown(tmp_path: Path) -> None:
    holders = found(scripted_walks(tmp_path, walk([ONE], process(7, (1, 1, 0, 0)), denied=4)))
    assert holders.unheld is None
    assert any("those that no process holds are not seen" in note for note in holders.notes)
    assert any("the descriptors of 4 of 10 processes" in note for note in holders.notes)


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ({"denied": 4}, "the descriptors of 4 of 10 processes may not be seen: that takes root"),
        ({"processes": 2, "kernel": 0}, "/proc shows no processes of others"),
        ({"state": "missing", "processes": 0, "kernel": 0}, "could not be looked at: /proc is missing"),
        ({"truncated": True}, "the walk ended early"),
    ],
    ids=["no root", "hidden", "no /proc", "cut off"],
)
def test_where_not_every_process_was_looked_at_no_buffer_is_said_to_be_held_by_none(
    tmp_path: Path, end: dict[str, Any], why: str
) -> None:
    facts = scripted_walks(tmp_path, walk([ONE], process(7, (1, 1, 0, 0)), **end), bufinfo(ONE, THREE))
    holders = found(facts)
    assert (holders.unheld, [one.inode for one in holders.not_seen]) == (None, [3])
    assert (holders.buffers, holders.bytes, holders.held) == (2, 69632, 4096)
    assert any(why in note for note in holders.notes)
    assert not any("processes of others" in note for note in holders.notes if "processes of others" not in why)


def test_sums_by_exporter_and_by_attached_device(tmp_path: Path) -> None:
    listed = bufinfo(ONE, TWO, THREE, devices=("vgem", "soc:isp", "vgem"))
    facts = scripted_walks(
        tmp_path, walk([ONE, TWO], process(7, (1, 1, 0, 0)), process(8, (1, 1, 0, 0), (2, 1, 0, 0))), listed
    )
    holders = found(facts)
    assert [(one.name, one.buffers, one.bytes) for one in holders.exporters] == [
        ("linux,cma", 1, 65536), ("system", 2, 12289),
    ]  # fmt: skip
    assert [(one.name, one.buffers, one.bytes) for one in holders.devices] == [
        ("soc:isp", 3, 77825), ("vgem", 3, 77825),
    ]  # fmt: skip
    assert [(one.inode, one.devices) for one in buffer_facts(facts)] == [
        (inode, ("vgem", "soc:isp", "vgem")) for inode in (3, 2, 1)
    ]


def test_a_list_that_contradicts_itself_is_not_used_beside_one_that_is_whole(tmp_path: Path) -> None:
    """A name with a line's end in it makes the iterator's list five lines for that buffer. Devices are in bufinfo alone."""
    iterator = parse_iterator("1\n4096\n\nsystem\n2\n8193\na\nb\nsystem\n3\n65536\n\nlinux,cma\n")
    listed = parse_bufinfo(bufinfo(ONE, TWO, THREE, devices=("vgem",)))
    (taken,) = snapshots(scripted_walks(tmp_path, walk([ONE, TWO], process(7, (1, 1, 0, 0), (2, 1, 0, 0)))))
    for lists, used in (((iterator, listed), listed), ((iterator,), iterator), ((listed,), listed)):
        assert Snapshot(taken.walk, lists).used is used
    whole = parse_iterator("3\n65536\n\nlinux,cma\n")
    unheld = Snapshot(taken.walk, (whole, listed)).unheld()
    assert unheld is not None
    assert [(one.inode, one.devices) for one in unheld] == [(3, ("vgem",))]


def test_a_buffer_that_is_only_mapped_has_its_exporter_from_the_list(tmp_path: Path) -> None:
    seen = walk([(3, 0, "", "")], process(7, (3, 0, 1, 65536)))
    (buffer,) = buffer_facts(scripted_walks(tmp_path, seen, bufinfo(THREE)))
    assert (buffer.size, buffer.exporter) == (65536, "linux,cma")


def test_a_mapped_file_that_is_called_like_a_buffer_is_none(tmp_path: Path) -> None:
    """Where the kernel has a whole list; what a descriptor holds was a buffer, freed meanwhile."""
    seen = walk([ONE, (9, 0, "", "")], process(7, (9, 0, 1, 4096)), process(8, (1, 1, 0, 0)))
    facts = scripted_walks(tmp_path, seen, bufinfo())
    holders = found(facts)
    assert (holders.buffers, holders.bytes, [one.buffers for one in holders.processes]) == (1, 4096, [1, 0])
    assert [one.inode for one in buffer_facts(facts)] == [1]
    assert holders.notes == ("freed between the walk and the kernel's list: 1 buffer",)


def test_who_still_has_ion_and_what_android_says_of_a_process(tmp_path: Path) -> None:
    library = "/vendor/lib64/libion_vendor.so"
    paths = {"paths": ["/dev/ion", library], "paths_opened": [2, 0], "paths_mapped": [0, 4]}
    app = process(9, (1, 1, 0, 0), uid=1010123, command="com.example.camera:remote")
    service = {"init.svc_debug_pid.media": "7"}
    facts = scripted_walks(tmp_path, walk([ONE], process(7, **paths), app), bufinfo(ONE), **service)
    second, first = found(facts).processes
    assert (first.service, first.ion, first.libraries, first.buffers) == ("media", 2, (library,), 0)
    assert (second.package, second.service) == ("com.example.camera", None)


def test_sums_are_beside_the_memory_they_come_from(tmp_path: Path) -> None:
    meminfo = "MemTotal:  1000 kB\nMemFree:  400 kB\nCmaTotal: 100 kB\nCmaFree: 20 kB\n"
    holders = found(scripted_walks(tmp_path, walk([]), bufinfo(ONE, THREE), meminfo=meminfo))
    use = {one.name: one for one in holders.memory}
    assert (use["MemTotal"].used, use["MemTotal"].buffers) == (600 * 1024, 69632)
    assert (use["CmaTotal"].used, use["CmaTotal"].buffers) == (80 * 1024, None), "no area is known by name"


@pytest.mark.parametrize(
    ("exporters", "areas", "total", "each"),
    [
        (("linux,cma", "video", "system"), ("linux,cma", "video"), 12288, (4096, 8192)),
        (("default_cma_region", "video", "system"), ("linux,cma", "video"), 12288, (4096, 8192)),
        (("reserved-uncached", "system", "drm"), ("reserved",), 4096, (4096,)),
        (("system", "drm", "drm"), ("reserved",), 0, (0,)),
        (("default_cma_region", "system", "system"), ("reserved", "linux,cma"), None, (None, None)),
        (("heap_helpers", "system", "system"), ("linux,cma",), None, (None,)),
        (("ion", "system", "system"), ("linux,cma",), None, (None,)),
    ],
)
def test_the_buffers_in_each_area(
    tmp_path: Path, exporters: tuple[str, ...], areas: tuple[str, ...], total: int | None, each: tuple[int | None, ...]
) -> None:
    listed = [(number, 4096 * number, exporter, "") for number, exporter in enumerate(exporters, start=1)]
    files: dict[str, Any] = {"/proc/meminfo": "MemTotal: 1000 kB\nCmaTotal: 512 kB\nCmaFree: 256 kB\n"}
    for area in areas:
        files |= {f"{CMA_SYSFS}{area}/total_pages": "64\n", f"{CMA_SYSFS}{area}/available_pages": "32\n"}
    board = ScriptedBoard(files=files, config=None, heaps={}, results=[], walks=[walk([]), bufinfo(*listed)])
    use = {one.name: one for one in found(Facts(board.record(tmp_path))).memory}
    assert use["CmaTotal"].buffers == total
    assert tuple(use[area].buffers for area in areas) == each


def test_what_contradicts_itself_is_said(tmp_path: Path) -> None:
    holders = found(scripted_walks(tmp_path, walk([]), bufinfo(ONE, total=(2, 8192))))
    (source,) = (one for one in holders.sources if one.path == BUFINFO)
    assert (source.wrong, source.used) == ("its lines add up to 1 buffers, 4096 bytes", True)
    assert holders.notes == (f"{BUFINFO}: {source.wrong}: not all that no process holds may be seen",)


def test_a_record_of_before_has_no_walk(tmp_path: Path) -> None:
    assert holders_facts(scripted_walks(tmp_path)) is None


def test_where_nobody_was_looked_at_again_the_walk_before_counts_less_what_was_freed(tmp_path: Path) -> None:
    holding = process(7, (1, 1, 0, 0), (2, 1, 0, 0))
    again = walk([], unchanged=True, processes=99)
    facts = scripted_walks(tmp_path, walk([ONE, TWO], holding), bufinfo(ONE, TWO), again, bufinfo(ONE))
    holders = found(facts)
    assert (holders.buffers, holders.bytes, holders.unheld) == (1, 4096, ())
    assert [(one.pid, one.buffers, one.pss) for one in holders.processes] == [(7, 1, 4096)]
    assert holders.looked_at == 10


def test_that_nothing_changed_since_no_walk_is_not_a_walk(tmp_path: Path) -> None:
    assert holders_facts(scripted_walks(tmp_path, walk([], unchanged=True), bufinfo())) is None


def in_sysfs(*inodes: int, status: int = 0, more: str = "") -> list[tuple[str, int]]:
    """What grep prints of the folders of these buffers, of 4 KiB each."""
    lines = (f"{inode}/{key}\n" for inode in inodes for key in ("size:4096", "exporter_name:system"))
    return [("".join(lines) + more, status)]


@pytest.mark.parametrize(
    ("before", "after", "unheld"), [((1, 3), (2, 3), [3]), ((1,), (2,), []), ((), (2,), []), ((1,), (1,), [1])]
)
def test_of_sysfs_only_what_both_lists_have_is_held_by_no_process(
    tmp_path: Path, before: tuple[int, ...], after: tuple[int, ...], unheld: list[int]
) -> None:
    holders = found(scripted_walks(tmp_path, walk([]), in_sysfs(*before), walk([]), in_sysfs(*after)))
    assert holders.unheld is not None
    assert [(buffer.inode, buffer.size, buffer.exporter) for buffer in holders.unheld] == [
        (inode, 4096, "system") for inode in unheld
    ]
    assert [(source.path, source.buffers, source.wrong) for source in holders.sources] == [
        (BUFFERS_FOLDER, len(after), "")
    ]


def test_a_buffer_that_is_freed_while_its_folder_is_read_is_left_out(tmp_path: Path) -> None:
    holders = found(scripted_walks(tmp_path, walk([]), in_sysfs(3, more="9/size:4096\n/dev/null:8/size:1\n")))
    assert [(source.buffers, source.bytes) for source in holders.sources] == [(1, 4096)]


def test_no_folder_in_sysfs_is_not_an_empty_one(tmp_path: Path) -> None:
    for number, status in enumerate((1, 3, 126)):
        assert found(scripted_walks(tmp_path / str(number), walk([]), in_sysfs(3, status=status))).unheld is None
    assert found(scripted_walks(tmp_path / "empty", walk([]), in_sysfs())).unheld == ()


def test_sizes_alone_are_a_list_too(tmp_path: Path) -> None:
    holders = found(scripted_walks(tmp_path, walk([]), [("3/size:4096\n4/size:8192\n", 0)]))
    assert holders.unheld is not None
    assert [(one.inode, one.size, one.exporter) for one in holders.unheld] == [(4, 8192, None), (3, 4096, None)]


def test_a_list_that_was_read_after_the_next_walk_is_not_of_the_one_before(tmp_path: Path) -> None:
    lists: list[Any] = [in_sysfs(3), bufinfo(THREE)]
    for number, later in enumerate(lists):
        before, after = snapshots(scripted_walks(tmp_path / str(number), walk([]), walk([]), later))
        assert (before.used, after.used is None) == (None, False)


def test_a_number_at_which_the_list_was_cut_is_no_size(tmp_path: Path) -> None:
    (run,) = scripted_walks(tmp_path, walk([]), [("3/size:4096\n4/size:40", 0)]).record.runs("/bin/sh")
    cut = sysfs_list(replace(run, stdout=replace(run.stdout, truncated=True)))
    assert cut is not None
    assert (list(cut.buffers), bool(cut.why_not)) == ([3], True)
