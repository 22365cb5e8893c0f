"""What is known of causes: every one that can be named is known, and the field's failures are linked to."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import bringup
from bringup.causes.known import Cost, cost_of, known_causes
from bringup.checks.explain import explain, explained
from bringup.errors import UsageError

#: Threads in which one of the ten common failures, or one of the common mistakes with reserved memory, was reported.
FAILURES = {
    "the option is off": ("raspberrypi/rpicam-apps/issues/218", "waydroid/waydroid/issues/1813", "openwrt/openwrt/issues/13887"),
    "the module is not loaded": ("docs/core/architecture/kernel/dma-buf-heaps",),
    "the name has changed": ("Freescale/libimxvpuapi/issues/54",),
    "the vendor's heap is gone": ("rockchip-linux/mpp/issues/556", "JeffyCN/mirrors/issues/18", "Joshua-Riek/ubuntu-rockchip/issues/759"),
    "permission denied": ("devDucks/astroarch/issues/104", "rockchip-linux/mpp/issues/626", "UnityPlugin-AVProMovieCapture/issues/419"),
    "the region is rejected": ("ikwzm/udmabuf/issues/126", "ikwzm/udmabuf/issues/29", "raspberrypi/linux/issues/6053", "android-rpi/device_arpi_rpi4/issues/82"),
    "CMA is used up": ("raspberrypi/linux/issues/4600", "raspberrypi/rpicam-apps/issues/912", "NVIDIA/NV-Kernels/issues/403"),
    "above 4 GiB": ("airockchip/librga/issues/133", "Joshua-Riek/ubuntu-rockchip/issues/1133", "radxa/kernel/issues/588"),
    "no uncached heap": ("rockchip-linux/mpp/issues/943",),
    "ION": ("radxa/manifests/issues/51", "rockchip-linux/mpp/issues/915"),
    "reusable and no-map": ("ikwzm/udmabuf/issues/47", "ikwzm/udmabuf/issues/60"),
    "huge CMA": ("ikwzm/udmabuf/issues/98", "ikwzm/udmabuf/issues/96"),
    "max order": ("linux4sam/linux-at91/issues/50",),
}  # fmt: skip


def made_causes() -> Iterator[tuple[str | None, str]]:
    """Every call that makes a verdict's cause by hand, with the id where it is spelled, and its place."""
    root = Path(bringup.__file__).parent
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Cause":
                first = node.args[0] if node.args else None
                id_ = first.value if isinstance(first, ast.Constant) else None
                yield id_ if isinstance(id_, str) else None, path.relative_to(root).as_posix()


#: Causes of ``bringup kconfig check --tree``, which judges no board.
NOT_OF_A_BOARD = {"kconfig.tree-drops", "kconfig.unknown-symbol"}
#: Where causes are made: from the known object, from a requirement's file, and from a document.
MAKERS = {
    "causes/known/known_cause.py",
    "kernel/requirements/requirement.py",
    "kernel/requirements/judge.py",
    "results/verdict.py",
}


def test_who_detects_a_cause_names_the_known_object() -> None:
    """Only the kernel's requirements, in a room below, spell ids; and those are known."""
    made = [(id_, place) for id_, place in made_causes() if id_ not in NOT_OF_A_BOARD]
    assert {place for _, place in made} <= MAKERS
    spelled = {id_ for id_, _ in made if id_ is not None}
    assert spelled
    assert spelled <= set(known_causes())


def test_no_cause_of_0_1_0_is_lost() -> None:
    lines = (Path(__file__).parent / "ids_of_0_1_0.txt").read_text(encoding="utf-8").split()
    assert len(lines) == 80
    assert set(lines) <= set(known_causes())


@pytest.mark.parametrize("failure", FAILURES)
def test_each_failure_of_the_field_is_linked_to(failure: str) -> None:
    links = {link.url for one in known_causes().values() for link in one.seen_before}
    assert [want for want in FAILURES[failure] if not any(url.endswith(want) for url in links)] == []


def test_links_are_safe_and_shown() -> None:
    for one in known_causes().values():
        for link in one.seen_before:
            assert link.url.startswith("https://")
            assert link.title
            assert link.url.isascii()


def test_every_check_and_cause_is_explained_in_full() -> None:
    for one in explained():
        assert all((one.title, one.why, one.since, one.source)), one.id
        assert one in explain(one.id)
        assert one.kind in ("check", "test", "cause", "use")
        assert one.kind != "cause" or (one.shows and one.cost)
        assert one.kind == "cause" or one.does
        assert one.kind != "test" or one.asked


#: What somebody can look up: a release of Linux, an address, a commit, a project of AOSP's, a page of docs/, or the
#: reader's own files.
_FINDABLE = re.compile(
    r"(?:Linux|of|to|and|,) \d+\.\d+|https://|docs\.ebpf\.io|commit|AOSP|libdmabufheap|kernel/configs|android\d|docs/|tree|\.ioctl"
    r"|bringup (?:render)|bringup/kernel/data|board config|requirement's own|requirements|Documentation/admin-guide|include/uapi"
)


def test_every_source_can_be_looked_up() -> None:
    vague = {one.id: one.source for one in explained() if not _FINDABLE.search(one.source)}
    assert vague == {}


#: Words that tell a reader nothing.
_EMPTY = re.compile(r"\b(?:TODO|TBD|various|see above|as the test says)\b")


def test_no_explanation_is_a_way_out() -> None:
    for one in explained():
        told = " ".join((one.title, one.why, one.shows, one.does, one.source, one.look, *one.skipped, *one.defects))
        assert not _EMPTY.search(told), one.id
        assert one.why.rstrip(".") != one.title.rstrip(".")


def test_a_verdicts_id_finds_its_requirement() -> None:
    assert "CMA" in explain("kconfig.cma.dma")[0].title
    assert [one.id for one in explain("drift.of-tomorrow")] == ["drift"]
    assert [one.kind for one in explain("cma.exhausted")] == ["check", "cause"]
    with pytest.raises(UsageError) as caught:
        explain("heap.renmaed")
    assert "heap.renamed" in caught.value.hint


@pytest.mark.parametrize(
    ("cause", "cost"),
    [
        ("kconfig.heaps-off", Cost.NO_HEAP),
        ("kconfig.debug-option-on-user-build", Cost.LATER),
        ("kconfig.no-tee-heaps", Cost.UNSEEN),
        ("kconfig.cma-areas", Cost.UNSEEN),
    ],
)
def test_what_a_missing_option_costs(cause: str, cost: Cost) -> None:
    assert cost_of(cause) is cost


def test_an_unknown_cause_counts_as_a_failure() -> None:
    assert cost_of("made.up") is cost_of(None) is Cost.FAILS
