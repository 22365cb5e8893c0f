"""What the kernel's log says of SELinux, line by line: which lines are about a heap, and what each asks for.

The wording is Linux 6.12's, as ``tests/test_selinux.py`` brings it about on a board, and that of Android's logd.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.facts.board import Facts
from bringup.facts.selinux_log import Denial, denials, lost_lines
from bringup.results.verdict import Verdict
from tests.support.scripted_record import BOARD_CONFIG, broken, files
from tests.support.suite import find_check

HEAPS: dict[str, dict[str, str | None]] = {
    "system": {"label": "u:object_r:dmabuf_system_heap_device:s0"},
    "linux,cma": {"label": "u:object_r:vendor_cma_heap_device:s0"},
}


def avc(
    label: str,
    name: str = 'name="linux,cma"',
    domain: str = "hal_camera_default",
    comm: str = 'comm="camera"',
    cls: str = "chr_file",
    rights: str = "read",
    end: str = "permissive=0",
) -> str:
    return (
        f"[   16.7] audit: type=1400 audit(1795370945.672:7): avc:  denied  {{ {rights} }} for  pid=224 {comm} {name} "
        f'dev="devtmpfs" ino=93 scontext=u:r:{domain}:s0 tcontext=u:object_r:{label}:s0 tclass={cls} {end}\n'
    )


class Judged:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    def facts(self, *said: str, enforce: str = "1", heaps: dict[str, dict[str, str | None]] | None = None) -> Facts:
        self._count += 1
        more = files(dmesg="".join(said), __sys__fs__selinux__enforce=enforce)
        board = broken(files=more, heaps=HEAPS if heaps is None else heaps)
        return Facts(board.record(self._folder / str(self._count)), BOARD_CONFIG, "")

    def verdicts(
        self, *said: str, enforce: str = "1", heaps: dict[str, dict[str, str | None]] | None = None
    ) -> list[Verdict]:
        return list(find_check("selinux.denials").ask(self.facts(*said, enforce=enforce, heaps=heaps)))


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    return Judged(tmp_path)


def labelled(name: str, label: str) -> dict[str, dict[str, str | None]]:
    return HEAPS | {name: {"label": f"u:object_r:{label}:s0"}}


def told(verdicts: list[Verdict]) -> list[tuple[str, str | None]]:
    return [(one.outcome.value, one.cause.id if one.cause else None) for one in verdicts]


def lines_of(verdict: Verdict, file: str) -> list[str]:
    return [line for one in verdict.changes if one.file == f"sepolicy/{file}" for line in one.lines]


@pytest.mark.parametrize(
    ("there", "refused"),
    [
        ("device", "device"),  # no file_contexts names it
        ("vendor_cma_heap_device", "device"),  # it was opened before it got its label
        ("vendor_cma_heap_device", "vendor_cma_heap_device"),
        ("dmabuf_heap_device", "vendor_cma_heap_device"),  # as the config promises, and lost since
        ("own", "own"),
        (None, "own"),  # the label could not be read
    ],
)
def test_a_heap_is_known_by_its_nodes_name_where_its_type_says_nothing(
    judged: Judged, there: str | None, refused: str
) -> None:
    label = None if there is None else f"u:object_r:{there}:s0"
    facts = judged.facts(avc(refused), heaps=HEAPS | {"linux,cma": {"label": label}})
    (one,) = denials(facts)
    assert one.type == refused
    assert (one.name, one.domain, one.rights) == ("linux,cma", "hal_camera_default", ("read",))


@pytest.mark.parametrize(
    "line",
    [
        avc("video_device", 'name="video0"'),  # another name
        avc("log_device", 'name="system"'),  # /dev/log/system of old: the heap's node has another label
        avc("vendor_cma_heap_device", 'path="/dev/other/linux,cma"'),  # another folder's file of that name
        avc("proc", 'name="kallsyms"', comm='comm="dmabuf_dump"', cls="file"),  # the tool is called so, not the file
        avc("tmpfs", 'name="x"', domain="dmabuf_dump", cls="file"),
        avc("vendor_cma_heap_device", 'name="linux,cma"', cls="lnk_file"),
    ],
)
def test_what_is_no_heap_is_none(judged: Judged, line: str) -> None:
    assert denials(judged.facts(line)) == ()
    assert told(judged.verdicts(line)) == [("pass", None)]


@pytest.mark.parametrize(
    "name",
    [
        'path="/dev/dma_heap/linux,cma" ioctlcmd=0x4800',
        "name=6C696E75782C636D61",  # a name that is not plain text comes in hexadecimal
        "name=linux,cma",
    ],
)
def test_the_name_is_found_however_it_is_written(judged: Judged, name: str) -> None:
    (one,) = denials(judged.facts(avc("vendor_cma_heap_device", name)))
    assert one.name == "linux,cma"


def test_logd_says_the_same(judged: Judged) -> None:
    line = (
        '[    5.0] type=1400 audit(0.0:24): avc: denied { open } for comm="camera" path="/dev/dma_heap/system" '
        'dev="tmpfs" ino=5 scontext=u:r:gpuservice:s0 tcontext=u:object_r:dmabuf_system_heap_device:s0 '
        "tclass=chr_file permissive=0 app=com.example\n"
    )
    (one,) = denials(judged.facts(line))
    assert (one.name, one.let_pass) == ("system", False)


def test_a_wrong_label_is_fixed_and_gets_no_rule(judged: Judged) -> None:
    (verdict,) = judged.verdicts(avc("dmabuf_heap_device"), heaps=labelled("linux,cma", "dmabuf_heap_device"))
    assert told([verdict]) == [("fail", "node.label")]
    assert "avc:  denied" in verdict.evidence[0]
    assert lines_of(verdict, "file_contexts") == ["/dev/dma_heap/linux,cma u:object_r:vendor_cma_heap_device:s0"]
    assert lines_of(verdict, "heaps.te") == [
        "type vendor_cma_heap_device, dmabuf_heap_device_type, dev_type;",
        "allow hal_camera_default vendor_cma_heap_device:chr_file r_file_perms;",
    ]


def test_a_label_is_one_finding_whichever_line_shows_it(judged: Judged) -> None:
    """heap.label looks at the node, selinux.denials at the log: one cause, and the same words to mend it."""
    facts = judged.facts(avc("device"), heaps=labelled("linux,cma", "device"))
    told = [one for id_ in ("heap.label", "selinux.denials") for one in find_check(id_).ask(facts) if one.cause]
    assert len(told) == 2
    assert told[0].cause == told[1].cause
    assert told[0].remedy == told[1].remedy


def test_a_label_that_is_right_by_now_is_not_blamed(judged: Judged) -> None:
    (verdict,) = judged.verdicts(avc("dmabuf_heap_device"))
    assert told([verdict]) == [("fail", "selinux.denied")]
    assert any("was dmabuf_heap_device when it was refused" in line for line in verdict.remedy)
    assert lines_of(verdict, "heaps.te") == ["allow hal_camera_default vendor_cma_heap_device:chr_file r_file_perms;"]


def test_a_node_of_the_platforms_needs_the_platforms_type(judged: Judged) -> None:
    """No config says which type system has, and the platform's file_contexts do: no line is needed, but restorecon."""
    line = avc("device", 'name="system"', domain="surfaceflinger")
    (verdict,) = judged.verdicts(line, heaps=labelled("system", "device"))
    assert told([verdict]) == [("fail", "node.label")]
    assert any(
        "has to be dmabuf_system_heap_device, not device; once file_contexts says so: restorecon" in one
        for one in verdict.remedy
    )
    assert lines_of(verdict, "heaps.te") == ["allow surfaceflinger dmabuf_system_heap_device:chr_file r_file_perms;"]


def test_no_label_helps_a_core_domain(judged: Judged) -> None:
    line = avc("device", domain="cameraserver")
    (verdict,) = judged.verdicts(line, heaps=labelled("linux,cma", "device"))
    assert told([verdict]) == [("fail", "selinux.core-domain")]
    assert verdict.changes == ()


def test_labels_and_rules_are_distinguished(judged: Judged) -> None:
    heaps = labelled("linux,cma", "device")
    system = avc("dmabuf_system_heap_device", 'name="system"', domain="gpuservice")
    assert told(judged.verdicts(avc("device"), system, heaps=heaps)) == [
        ("fail", "node.label"),
        ("fail", "selinux.denied"),
    ]


@pytest.mark.parametrize(
    ("end", "enforce", "found"),
    [
        ("permissive=0", "1", [("fail", "selinux.denied")]),
        ("permissive=1", "0", [("warn", "selinux.would-refuse")]),
        ("permissive=1", "1", [("warn", "selinux.would-refuse")]),  # the domain is permissive
        ("permissive=0", "0", [("fail", "selinux.denied")]),  # it was enforcing then
        ("", "1", [("fail", "selinux.denied")]),  # before Linux 3.18 no line tells
        ("", "0", [("warn", "selinux.would-refuse")]),
    ],
)
def test_who_was_let_pass_was_not_refused(judged: Judged, end: str, enforce: str, found: list[tuple[str, str]]) -> None:
    verdicts = judged.verdicts(avc("vendor_cma_heap_device", end=end), enforce=enforce)
    assert told(verdicts) == found
    rule = "allow hal_camera_default vendor_cma_heap_device:chr_file r_file_perms;"
    assert [lines_of(one, "heaps.te") for one in verdicts] == [[rule]]


@pytest.mark.parametrize(
    "line",
    [
        "[   20.1] kauditd_printk_skb: 46 callbacks suppressed\n",
        "[   20.1] audit: audit_lost=3 audit_rate_limit=5 audit_backlog_limit=64\n[   20.1] audit: rate limit exceeded\n",
        "[   20.1] audit: backlog limit exceeded\n",
    ],
)
def test_a_log_with_holes_proves_nothing(judged: Judged, line: str) -> None:
    (verdict,) = judged.verdicts(line)
    assert told([verdict]) == [("warn", "selinux.lines-lost")]
    assert verdict.evidence
    assert told(judged.verdicts(line, avc("vendor_cma_heap_device"))) == [("fail", "selinux.denied")]
    assert lost_lines(judged.facts("[   20.1] net_ratelimit: 3 callbacks suppressed\n")) == ()


@given(st.text(max_size=60), st.text(max_size=20))
def test_no_line_can_break_it(tail: str, name: str) -> None:
    from bringup.facts.selinux_log import _fields, _parse

    for line in (
        f"avc:  denied  {{ read }} for {tail}",
        avc("device", f'name="{name}"'),
        avc("device", f"name={name}"),
    ):
        found = _parse(line)
        if found is not None:
            assert all(isinstance(value, str) for _, value in _fields(found.others))


def test_a_file_cannot_hide_its_line_by_its_name(judged: Judged) -> None:
    named = avc("dmabuf_heap_device", 'name="scontext=u:r:x:s0" path="/dev/dma_heap/avc:"')
    assert told(judged.verdicts(named)) == [("fail", "selinux.denied")]


@pytest.mark.parametrize(
    ("cls", "rights", "on_android", "only_looks"),
    [
        ("chr_file", ("getattr",), True, True),
        ("lnk_file", ("getattr",), True, True),
        ("chr_file", ("getattr", "open"), True, False),
        ("chr_file", ("read",), True, False),
        ("file", ("getattr",), True, False),
        # On Android who searches the folder wants to open a heap.
        ("dir", ("search",), True, False),
        ("dir", ("search",), False, True),
        ("dir", ("read", "open"), True, True),
    ],
)
def test_who_only_looks(cls: str, rights: tuple[str, ...], on_android: bool, only_looks: bool) -> None:
    denial = Denial("line", "a", "b", cls, rights, None, on_android=on_android)
    assert denial.only_looks == only_looks


@pytest.mark.parametrize(
    ("cls", "rights", "is_harmless"),
    [("filesystem", ("getattr",), True), ("filesystem", ("mount",), False), ("dir", ("getattr",), False)],
)
def test_who_asks_for_the_size_of_the_file_system(cls: str, rights: tuple[str, ...], is_harmless: bool) -> None:
    assert Denial("line", "a", "b", cls, rights, None).is_harmless == is_harmless
