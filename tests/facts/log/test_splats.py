"""What the kernel complains about: real splats are recognised with what they name, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.facts.log.kernel_line import read_lines
from bringup.facts.log.splats import Splat, find_splats
from tests.support.log_forms import KERNEL_LINE_FORMS
from tests.support.splats import SPLATS, RebuiltSplat


def found(text: str) -> tuple[Splat, ...]:
    return find_splats(read_lines(text))


@pytest.mark.parametrize("real", SPLATS, ids=lambda real: real.name)
def test_a_real_splat_is_one_complaint_and_says_what_it_says(real: RebuiltSplat) -> None:
    (splat,) = found(real.text)
    assert (splat.kind, splat.where, splat.process) == (real.kind, real.where, real.process)
    assert (splat.heap_frame, splat.is_about_heaps) == (real.heap_frame, bool(real.heap_frame))


def test_all_together_are_as_many() -> None:
    log = "".join(f"{real.text}ordinary line\n" for real in SPLATS)
    assert [splat.kind for splat in found(log)] == [real.kind for real in SPLATS]


@pytest.mark.parametrize("form", KERNEL_LINE_FORMS)
def test_a_splat_is_found_in_every_form_of_the_log(form: str) -> None:
    lines = [line.text for line in read_lines(SPLATS[1].text)]
    (splat,) = found("".join(form.format(text=text) + "\n" for text in lines))
    assert (splat.kind, splat.where, splat.process) == (SPLATS[1].kind, SPLATS[1].where, SPLATS[1].process)


ORDINARY = """\
[    0.000000] Linux version 6.12.57 (builder@host) #1 SMP PREEMPT
[    0.000000] cma: Reserved 64 MiB at 0x00000000b8000000
[    0.000000] rcu: Preemptible hierarchical RCU implementation.
[    0.000000] rcu: \tRCU restricting CPUs from NR_CPUS=512 to nr_cpu_ids=4.
[    0.000000] kfence: initialized - using 2097152 bytes for 255 objects at 0x(____ptrval____)
[    0.000000] kasan: KernelAddressSanitizer initialized (hw-tags)
[    0.100000] RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks possible!
[    0.100000] CPU: WARNING: CPU(s) started in wrong/inconsistent modes (primary CPU mode 0x13)
[    0.200000] DMA-API: preallocated 65536 debug entries
[    0.200000] DMA-API: debugging enabled by kernel config
[    0.300000] lockdep: MAX_LOCKDEP_SUBCLASSES:    8
[    0.300000] WARNING: bootmem: this is a message of a driver
[    0.400000] OF: reserved mem: node drm-logo@00000000 compatible matching fail
[    0.500000] systemd[1]: WARNING: at least one unit is masked
[    0.600000] lowmemorykiller: Kill 'com.example' (17933), uid 10446, oom_score_adj 0 to free 140528kB rss
[    0.700000] cma: cma_alloc: reserved: alloc failed, req-size: 6075 pages, ret: -12
[    0.800000] kmemleak: Kernel memory leak detector initialized (mem pool available: 15730)
[    0.900000] watchdog: Delayed init of the lockup detector failed: -19
[    1.000000] BUG_ON is a word, and so is a BUG: report
[    1.100000] ubsan: UBSAN is enabled
"""


def test_ordinary_lines_are_no_complaint() -> None:
    assert found(ORDINARY) == ()


@given(st.lists(st.sampled_from([line for real in SPLATS for line in real.text.splitlines()] + ORDINARY.splitlines())))
def test_any_mixture_is_read(lines: list[str]) -> None:
    splats = found("\n".join(lines))
    assert all(splat.number <= splat.last < len(lines) + 1 for splat in splats)
    assert [splat.number for splat in splats] == sorted(splat.number for splat in splats)


def test_a_trace_below_the_end_is_of_the_splat_above_it() -> None:
    """As arm64 prints it up to 4.9: only the trace names the heap."""
    log = (
        "WARNING: CPU: 1 PID: 9 at lib/kobject.c:1\nPC is at kobject_put+0x1/0x2\n---[ end trace 1 ]---\nCall trace:\n"
        "[<ffffff822cc9a478>] kobject_put+0x1/0x2\n[<ffffff822cc9a488>] ion_heap_free+0x1/0x2\nordinary line\n"
    )
    (splat,) = found(log)
    assert (splat.kind, splat.heap_frame) == ("WARNING", "ion_heap_free")
    first, second = found(log.replace("Call trace", "another line\nCall trace"))
    assert (first.heap_frame, second.kind) == ("", "stack trace")


def test_a_splat_ends() -> None:
    """Whatever comes after it: 500 lines later a new trace is a new complaint."""
    log = SPLATS[0].text + "quiet\n" * 500 + "Call trace:\n foo_bar+0x1/0x2\n"
    assert [splat.kind for splat in found(log)] == ["WARNING", "stack trace"]
