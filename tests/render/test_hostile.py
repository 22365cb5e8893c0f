"""Whatever a heap is called: every fragment is refused with the reason, or says the name exactly as it is."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.config.shipped import shipped_dir
from bringup.errors import ConfigError, UsageError
from bringup.render.engine import Rendered, render
from bringup.render.fragments import fragments
from bringup.render.language import one_line
from tests.render.parsers import read_c_string, read_kconfig, read_ueventd

TEMPLATES = [shipped_dir("templates")]
FRAGMENTS = [fragment.id for fragment in fragments(TEMPLATES)]
NASTY = ["a b", 'a"b', "a'b", "a\\b", "a#b", "*", "a" * 200, "linux,cma@72000000", "käse", "漢字", "$(id)", "`id`", "%s",
         "{{ 1 }}", "{% x %}", "-->", "--", "]]>", "CONFIG_X=y", "a;b", "a|b", "(a)", "a,b", "-n", "~", "a:b", "a=b", "ß@1"]  # fmt: skip
names = st.one_of(st.sampled_from(NASTY), st.text(min_size=1, max_size=40))
titles = st.one_of(
    st.sampled_from([*NASTY, "a\nCONFIG_EVIL=y\n", "*/ int x;", "--> <x/>"]), st.text(min_size=1, max_size=40)
)


def board(name: str, title: str) -> BoardConfig | None:
    """A board with a heap of this name, or nothing where the schema refuses it, which must say why."""
    heap = {
        "name": name,
        "kind": "vendor",
        "node": {"mode": "0440", "owner": "system", "group": "audio", "label": "own_heap_device"},
        "used_by": ["mediacodec"],
        "usage": [{"all": ["PROTECTED"]}],
        "replaces": {"name": name},
    }
    text = json.dumps({"name": "x", "title": title, "heaps": [heap]})
    try:
        return load_text(text.encode(), "x")
    except ConfigError as error:
        assert error.seen  # noqa: PT017 - both outcomes are right, each has its conditions
        return None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(names, titles)
def test_every_fragment_says_the_name_or_refuses_it(name: str, title: str) -> None:
    config = board(name, title)
    assume(config is not None)
    assert config is not None
    said = 0
    for fragment in FRAGMENTS:
        try:
            done = render(fragment, config, kernel="5.10", dirs=TEMPLATES)
        except UsageError as error:
            assert "cannot be written: " in error.seen  # noqa: PT017
            assert error.hint  # noqa: PT017
            assert error.action == f"render {fragment} for x"  # noqa: PT017
            continue
        for one in done:
            if isinstance(one, Rendered):
                said += _check(one, name)
    assert said >= 2, "the heap map and sepolicy can say any name"


def _check(one: Rendered, name: str) -> bool:
    """Read a rendered file back; whether it names the heap."""
    match one.path:
        case "heap_map.cpp":
            strings = [
                read_c_string(text) for text in re.findall(r'"(?:[^"\\\n]|\\.)*"', one.text.partition("kHeaps")[2])
            ]
            assert strings == [name, name]
        case "heap_table.c":
            strings = [
                read_c_string(text) for text in re.findall(r'"(?:[^"\\\n]|\\.)*"', one.text.partition("kHeaps")[0])
            ]
            assert strings == ["heap_table.h", name, name]
        case "ueventd.x.rc":
            assert read_ueventd(one.text) == [[f"/dev/dma_heap/{name}", "0440", "system", "audio"]]
        case "sepolicy/file_contexts":
            (line,) = [line for line in one.text.splitlines() if not line.startswith("#")]
            pattern, context = line.split()
            assert re.fullmatch(pattern.encode(), f"/dev/dma_heap/{name}".encode())
            assert context == "u:object_r:own_heap_device:s0"
        case "x.md":
            tokens = [token for token in MarkdownIt().parse(one.text) if token.type == "inline"]
            assert one_line(name) in ["".join(part.content for part in token.children or []) for token in tokens]
        case _:
            return _check_without_names(one)
    return True


def _check_without_names(one: Rendered) -> bool:
    if one.path == "x.config":
        values = read_kconfig(one.text)
        assert set(values) <= {"DMABUF_HEAPS", "SYNC_FILE", "IKCONFIG", "IKCONFIG_PROC"}
    elif one.path.endswith(".xml"):
        assert [child.tag for child in ET.fromstring(one.text)] == ["kernel"]
    elif one.path.endswith((".mk", ".te", ".load")):
        assert all(line.startswith("#") for line in one.text.splitlines()[:3])
    return False
