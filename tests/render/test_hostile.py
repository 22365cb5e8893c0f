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
from bringup.errors import ConfigError, UsageError
from bringup.render.engine import Rendered, render
from bringup.render.expected_lines import read_back
from bringup.render.fragments import fragments
from bringup.render.language import one_line
from tests.support.render.parsers import read_c_string, read_kconfig, read_ueventd
from tests.support.render.shipped import TEMPLATES

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


def valued(value: str) -> BoardConfig | None:
    """A board with this text wherever a config holds text that a fragment prints, or nothing where it is refused."""
    text = {
        "name": "x",
        "title": value,
        "sources": {"s": value},
        "memory": {"size": "1 GiB", "source": "s"},
        "kernel": {"branch": value, "cmdline": [value], "options": {"X": value}},
        "android": {"properties": {"ro.x": value}},
        "heaps": [{"name": "system", "kind": "system"}],
        "notes": [{"text": value}],
    }
    try:
        return load_text(json.dumps(text).encode(), "x")
    except ConfigError as error:
        assert error.seen  # noqa: PT017
        return None


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(titles)
def test_every_fragment_says_a_value_or_refuses_it(value: str) -> None:
    config = valued(value)
    assume(config is not None)
    assert config is not None
    for fragment in FRAGMENTS:
        try:
            done = render(fragment, config, kernel="6.12", dirs=TEMPLATES)
        except UsageError as error:
            assert "cannot be written: " in error.seen  # noqa: PT017
            continue
        for one in done:
            if isinstance(one, Rendered):
                _check_value(one, value)


def _check_value(one: Rendered, value: str) -> None:
    match one.path:
        case "x.config":
            assert read_kconfig(one.text)["X"] == value
        case "cmdline.x.mk":
            assert [line.text for line in read_back({one.path: one.text}, "x").parameters or ()] == [value]
        case "x.prop":
            assert [line for line in one.text.split("\n") if line and not line.startswith("#")] == [f"ro.x={value}"]
        case "kernel_config.x.xml":
            (kernel,) = ET.fromstring(one.text)
            wanted = {"DMABUF_HEAPS", "DMABUF_HEAPS_SYSTEM", "SYNC_FILE", "IKCONFIG", "IKCONFIG_PROC"}
            asked = {str(node.findtext("key")).removeprefix("CONFIG_"): node.findtext("value") for node in kernel}
            assert set(asked) - {"X"} == wanted
            assert asked.get("X", value) == value
        case "x.md":
            tokens = [token for token in MarkdownIt("commonmark").parse(one.text) if token.type == "inline"]
            said = ["".join(part.content for part in token.children or []) for token in tokens]
            assert one_line(value) in said
            assert not [part for token in tokens for part in token.children or () if part.type == "html_inline"]


pool_names = st.one_of(
    st.sampled_from([*NASTY, "linux,cma", "video@50000000", "a@50000000", "a@0x50000000"]),
    st.text(alphabet=st.sampled_from('abcXYZ019,._+-@#/ "\\<>;{}&=\n'), min_size=1, max_size=40),
)


@settings(max_examples=150, deadline=None)
@given(pool_names, st.booleans())
def test_a_region_in_the_device_tree_is_called_as_the_heap_or_refused(name: str, fixed: bool) -> None:
    region: dict[str, object] = {"declared_in": "device-tree", "size": "8 MiB", "reusable": True}
    if fixed:
        region["base"] = 0x50000000
    heap = {"name": name, "kind": "cma", "region": region}
    text = {"name": "x", "title": "X", "memory": {"address_cells": 2, "size_cells": 2}, "heaps": [heap]}
    try:
        config = load_text(json.dumps(text).encode(), "x")
    except ConfigError as error:
        assert error.seen  # noqa: PT017
        return
    done = [one for one in render("device-tree", config, dirs=TEMPLATES) if isinstance(one, Rendered)]
    assert len(done) == 2
    for one in done:
        lines = read_back({one.path: one.text}, "x").pools or ()
        assert {line.node for line in lines} == {name}
        assert {line.property for line in lines} == {"", "compatible", "reg" if fixed else "size", "reusable"}
