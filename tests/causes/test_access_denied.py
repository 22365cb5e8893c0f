"""Access that SELinux or the node's mode denies, and the lines that allow it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import bringup
from bringup.causes.access_denied import why_denied
from bringup.config.schema import BoardConfig
from bringup.report.story import findings
from bringup.results.verdict import Change, Outcome
from tests.support.said import Said
from tests.support.scripted_facts import ENFORCING, facts
from tests.support.scripted_record import HELLO, broken, files, result
from tests.support.suite import find_check


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


@pytest.mark.parametrize(
    "line",
    [
        avc("syscmd(`id>PWNED')", "dmabuf_heap_device"),
        avc("hal_x{};allow", "dmabuf_heap_device"),
        avc("hal_camera_default", "dmabuf_heap`'_device"),
        avc("hal_camera_default", "dmabuf_heap_device", "read esyscmd(`id')"),
        avc("dnl", "dmabuf_heap_device"),
        avc("syscmd(`id')", "dmabuf_heap_device").replace("tclass=chr_file", "tclass=fd"),
    ],
)
def test_what_is_no_identifier_is_written_into_no_policy(tmp_path: Path, line: str) -> None:
    verdict = denials(tmp_path, line)
    assert verdict.outcome is Outcome.FAIL
    assert verdict.cause.id != "selinux.core-domain"
    assert not any(re.search("allow|[`(]|dnl|hal_x", text) for change in verdict.changes for text in change.lines)
    assert any("no rule is written" in step for step in verdict.remedy)


def test_lines_for_other_programs_are_made_where_they_are_rendered() -> None:
    """There each value passes through the language of its file."""
    root = Path(bringup.__file__).parent
    imports = re.compile(r"from bringup.results.verdict import .*\bChange\b")
    texts = {path.relative_to(root).as_posix(): path.read_text() for path in root.rglob("*.py")}
    made = {path for path, text in texts.items() if imports.search(text) and re.search(r"\bChange\(", text)}
    assert made == {"causes/fix_lines.py", "causes/rendered_lines.py"}


def test_who_writes_is_advised_that_reading_is_enough(tmp_path: Path) -> None:
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


CLOSED, OPENED = {"mode": 0o600, "uid": 0, "gid": 0}, "/dev/dma_heap/{0} 0444 system system\n"
RULES = OPENED.format("system") + "/dev/dma_heap/secure 0600 root root\n" + OPENED.format("cma")


@pytest.mark.parametrize(
    ("opened", "refused", "text"),
    [
        (("system", "secure"), {"system"}, "/dev/dma_heap/system is 0600: uid 2000 may not open it"),
        (("system",), {"system"}, "/dev/dma_heap/system is 0600: uid 2000 may not open it"),
        (("system", "secure", "cma"), {"system", "cma"}, "2 nodes in /dev/dma_heap are 0600: uid 2000 may not open"),
    ],
    ids=["closed on purpose", "not asked for", "two"],
)
def test_a_heap_that_is_closed_on_purpose_is_not_opened(
    tmp_path: Path, opened: tuple[str, ...], refused: set[str], text: str
) -> None:
    board = broken(
        heaps=dict.fromkeys(("system", "secure", "cma"), CLOSED),
        hello=HELLO | {"uid": 2000},
        results=[result(name, "open", "fail", errno=13) for name in opened],
        files=files(**{"/vendor/etc/ueventd.rc": RULES}),
    )
    verdicts = find_check("allocator").ask(facts(board, tmp_path, BoardConfig(name="bare", title="Bare")))
    failed = [verdict for verdict in verdicts if verdict.outcome is Outcome.FAIL]
    assert {verdict.heap for verdict in failed} == refused
    for verdict in failed:
        assert verdict.cause is not None
        assert text in verdict.cause.text
    (finding,) = findings(failed)
    opened_by = [line for line in finding.steps if line.startswith("/dev/dma_heap/")]
    assert {line.split()[0].rpartition("/")[2] for line in opened_by} == refused
    assert len(opened_by) == len(refused), "a line per heap, for all of them in one finding"


@pytest.mark.parametrize("count", [50, 100])
def test_what_is_written_of_closed_heaps_grows_with_their_number(tmp_path: Path, count: int) -> None:
    names = [f"heap{number}" for number in range(count)]
    board = broken(
        heaps=dict.fromkeys(names, CLOSED),
        hello=HELLO | {"uid": 2000},
        results=[result(name, "open", "fail", errno=13) for name in names],
    )
    verdicts = tuple(find_check("allocator").ask(facts(board, tmp_path, BoardConfig(name="bare", title="Bare"))))
    assert sum(len(change.lines) for verdict in verdicts for change in verdict.changes) == count
    (finding,) = findings(verdicts)
    assert all(f"/dev/dma_heap/{name} " in " ".join(finding.steps) for name in names)


SHELL, NAMED = HELLO | {"uid": 2000}, HELLO | {"uid": 1013, "label": "u:r:mediacodec:s0"}
AVC = {"dmesg": avc("mediacodec", "dmabuf_heap_device", name="system")}


@pytest.mark.parametrize(
    ("node", "hello", "more", "cause"),
    [
        (CLOSED, SHELL, {}, "node.mode"),
        (CLOSED, SHELL, ENFORCING, "node.mode"),
        ({"mode": 0o400, "uid": 2000}, SHELL, {}, "node.denied"),  # its owner
        ({"mode": 0o440, "uid": 1000}, SHELL, {}, "node.mode"),
        ({"mode": 0o444}, SHELL, {}, "node.denied"),
        (CLOSED, HELLO, {}, "node.denied"),  # root
        ({"mode": 0o444}, NAMED, ENFORCING, "selinux.denied"),
        ({"mode": 0o444}, NAMED, ENFORCING | AVC, "node.label"),
        ({"mode": 0o444}, NAMED, ENFORCING | {"dmesg": AVC["dmesg"].replace('name="system"', 'name="other"')}, "selinux.denied"),
    ],
    ids=["mode", "mode and SELinux", "owner", "others", "no reason", "root", "SELinux", "avc", "avc of another heap"],
)  # fmt: skip
def test_why_an_open_is_refused(
    tmp_path: Path, said: Said, node: dict[str, Any], hello: dict[str, Any], more: dict[str, str], cause: str
) -> None:
    board = broken(heaps={"system": node}, hello=hello, files=files(**more), results=[result("system", "open", "fail", errno=13)])  # fmt: skip
    why = why_denied(facts(board, tmp_path), "system")
    said(why)
    assert why.cause is not None
    assert why.cause.id == cause
