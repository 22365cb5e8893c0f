"""The SELinux fragments: compiled against a base policy with the platform's neverallow rules, looked up by libselinux."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.errors import UsageError
from bringup.render.engine import Rendered, Skipped, render
from bringup.render.language import LANGUAGES, Refused
from bringup.render.sepolicy import PLATFORM_TYPES, platform_type
from tests.support.render.policy import PLATFORM, compiled, looked_up
from tests.support.render.shipped import BOARDS, TEMPLATES, config, every_board


def rendered(board: BoardConfig, kernel: str | None = None) -> tuple[str, str]:
    """The .te and file_contexts, empty where they are not needed."""
    done = render("sepolicy", board, kernel=kernel, dirs=TEMPLATES)
    texts = ["" if isinstance(one, Skipped) else one.text for one in done]
    assert [Path(one.path).name.endswith("_heaps.te") for one in done] == [True, False]
    return texts[0], texts[1]


def heap(label: str, *domains: str) -> BoardConfig:
    text = f"""\
name: x
title: It's X
heaps:
  - name: pool
    kind: vendor
    node: {{label: {label}}}
    used_by: [{", ".join(domains)}]
"""
    return load_text(text.encode(), "x")


needs_compiler = pytest.mark.skipif(
    not (shutil.which("checkpolicy") and shutil.which("secilc") and shutil.which("m4")),
    reason="checkpolicy, secilc or m4 is not installed (Debian packages of these names)",
)


@needs_compiler
@pytest.mark.parametrize("kernel", ["5.10", "7.3"])
@every_board
def test_every_boards_policy_compiles_under_the_platforms_neverallows(name: str, kernel: str, tmp_path: Path) -> None:
    te, _ = rendered(config(name), kernel)
    done = compiled(te, tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert "warning" not in done.stderr.lower()


@needs_compiler
@pytest.mark.parametrize("name", ["vim3", "pixel6pro"])
def test_the_policy_goes_through_cil_as_android_builds_it(name: str, tmp_path: Path) -> None:
    te, _ = rendered(config(name), "6.12")
    compiled(te, tmp_path)
    cil = ["checkpolicy", "-M", "-C", "-c", "30", "-o", "policy.cil", "policy.conf"]
    subprocess.run(cil, cwd=tmp_path, capture_output=True, timeout=300, check=True)
    argv = ["secilc", "-M", "true", "-c", "30", "-o", "again.bin", "-f", "contexts", "policy.cil"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout + done.stderr == ""


@needs_compiler
@pytest.mark.parametrize("domain", ["surfaceflinger", "cameraserver", "mediaserver", "system_server", "hal_camera"])
def test_what_is_refused_here_the_compiler_refuses_too(domain: str, tmp_path: Path) -> None:
    for label in ("dmabuf_heap_device", "own_heap_device"):
        with pytest.raises(UsageError) as caught:
            rendered(heap(label, domain))
        assert caught.value.action == f"let {domain} use heap 'pool' of x"
        assert "neverallow" in caught.value.seen or "is an attribute" in caught.value.seen
        assert caught.value.hint
        own = "type own_heap_device, dmabuf_heap_device_type, dev_type;\n"
        done = compiled(f"{own}allow {domain} {label}:chr_file r_file_perms;\n", tmp_path)
        assert done.returncode != 0
        assert "neverallow" in done.stderr + done.stdout


@pytest.mark.parametrize("domain", ["adbd_tradeinmode", "mmd", "wifi_mainline_supplicant"])
def test_domains_of_the_platform_after_android_15_are_known(domain: str) -> None:
    with pytest.raises(UsageError, match="is a core domain"):
        rendered(heap("own_heap_device", domain))


@needs_compiler
def test_no_heap_is_left_with_the_label_of_all_devices(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        rendered(heap("device", "hal_camera_default"))
    assert "neverallow" in caught.value.seen
    assert "a type of its own" in caught.value.hint
    done = compiled("allow hal_camera_default device:chr_file r_file_perms;\n", tmp_path)
    assert "neverallow" in done.stderr + done.stdout


@needs_compiler
@pytest.mark.parametrize(
    ("label", "domain"),
    [
        ("own_heap_device", "hal_camera_default"),
        ("own_heap_device", "mediacodec"),
        ("own_heap_device", "ueventd"),
        ("dmabuf_heap_device", "hal_graphics_allocator_default"),
        ("dmabuf_system_heap_device", "surfaceflinger"),
        ("dmabuf_system_secure_heap_device", "mediaserver"),
        ("dmabuf_system_heap_device", "hal_camera"),
    ],
)
def test_what_is_written_here_the_compiler_takes(label: str, domain: str, tmp_path: Path) -> None:
    te, _ = rendered(heap(label, domain))
    assert f"allow {domain} {label}:chr_file r_file_perms;\n" in te
    assert ("type own_heap_device, dmabuf_heap_device_type, dev_type;" in te) == (label == "own_heap_device")
    done = compiled(te, tmp_path)
    assert done.returncode == 0, done.stderr + done.stdout


def test_a_heap_without_a_label_is_ruled_by_the_platforms_type() -> None:
    heaps = [
        "{name: system, kind: system, used_by: [surfaceflinger]}",
        "{name: pool, kind: cma, used_by: [mediacodec]}",
    ]
    text = "name: x\ntitle: X\nheaps:\n" + "".join(f"  - {one}\n" for one in heaps)
    te, contexts = rendered(load_text(text.encode(), "x"))
    assert "allow surfaceflinger dmabuf_system_heap_device:chr_file" in te
    assert "allow mediacodec dmabuf_heap_device:chr_file" in te
    assert contexts == ""
    with pytest.raises(UsageError, match="neverallow"):
        rendered(load_text(text.replace("[mediacodec]", "[surfaceflinger]").encode(), "x"))


def test_names_that_the_policy_language_cannot_hold_never_get_there() -> None:
    with pytest.raises(UsageError, match="letters, digits and '_' only"):
        heap("bad;type", "hal_camera_default")


lookup = pytest.mark.skipif(
    not shutil.which("selabel_lookup"), reason="selabel_lookup is not installed (selinux-utils)"
)


@lookup
@every_board
def test_every_node_gets_the_promised_label(name: str, tmp_path: Path) -> None:
    """The platform's file_contexts and ours after it, looked up by libselinux as the board does."""
    board = config(name)
    _, contexts = rendered(board, "7.3")
    (tmp_path / "file_contexts").write_text(PLATFORM + contexts)
    for one in board.heaps:
        for node in one.names_on("7.3"):
            wanted = (one.node.label if one.node else None) or platform_type(node)
            assert looked_up(tmp_path / "file_contexts", f"/dev/dma_heap/{node}") == f"u:object_r:{wanted}:s0"


names = st.text(min_size=1, max_size=30).filter(lambda name: name not in {".", ".."})
MEAN = [
    "a b",
    "a.b",
    "a*",
    "a|b",
    "[a]",
    "(x)",
    "a+",
    "a?",
    "^a$",
    "a\\b",
    "a#b",
    "käse",
    "linux,cma@72000000",
    "{2}",
    "a\tb",
]


@given(st.one_of(st.sampled_from(MEAN), names))
def test_a_path_matches_itself_and_nothing_else_or_is_refused(name: str) -> None:
    import re

    try:
        pattern = LANGUAGES["file_contexts"].filters["path_regex"](name)
    except Refused:
        refused = True
    else:
        refused = False
        assert pattern.isascii()
        assert not any(char.isspace() for char in pattern)
        regex = re.compile(pattern.encode())
        assert regex.fullmatch(name.encode())
        assert not regex.fullmatch((name + "x").encode())
        assert not regex.fullmatch(name.replace(name[0], "~" if name[0] != "~" else "!", 1).encode())
    assert refused == ("/" in name or "\0" in name or any("\ud800" <= char <= "\udfff" for char in name))


@lookup
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.sampled_from(MEAN))
def test_libselinux_reads_escaped_paths_as_we_mean_them(tmp_path: Path, name: str) -> None:
    pattern = LANGUAGES["file_contexts"].filters["path_regex"](name)
    (tmp_path / "fc").write_text(f"/dev/dma_heap/{pattern} u:object_r:own:s0\n")
    assert looked_up(tmp_path / "fc", f"/dev/dma_heap/{name}") == "u:object_r:own:s0"
    assert looked_up(tmp_path / "fc", f"/dev/dma_heap/{name}x") == ""


def test_the_platforms_types_are_never_declared_again() -> None:
    for name in BOARDS:
        te, _ = rendered(config(name))
        assert not any(f"type {one}," in te for one in PLATFORM_TYPES)


def test_rendered_is_what_the_yukawa_tree_itself_has() -> None:
    """device/amlogic/yukawa, sepolicy/hal_graphics_allocator_default.te and file_contexts, written by hand there."""
    te, contexts = rendered(config("vim3"))
    assert "type dmabuf_cma_heap_device, dmabuf_heap_device_type, dev_type;\n" in te
    assert "allow hal_graphics_allocator_default dmabuf_system_heap_device:chr_file r_file_perms;\n" in te
    assert "allow hal_graphics_allocator_default dmabuf_cma_heap_device:chr_file r_file_perms;\n" in te
    assert "/dev/dma_heap/linux,cma u:object_r:dmabuf_cma_heap_device:s0\n" in contexts


def test_all_is_rendered_at_all() -> None:
    assert all(isinstance(one, Rendered) for one in render("sepolicy", config("vim3"), dirs=TEMPLATES))
