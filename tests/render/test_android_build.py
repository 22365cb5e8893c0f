"""What Android's build reads, read by the real readers: make, Blueprint's bpfmt, xmllint with a schema."""

from __future__ import annotations

import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bringup.config.load import load_text
from bringup.config.schema import BoardConfig
from bringup.errors import UsageError
from bringup.render.engine import Rendered, Skipped, render
from bringup.render.language import LANGUAGES, Refused
from tests.support.render.parsers import read_kconfig, read_ueventd
from tests.support.render.shipped import BOARDS, TEMPLATES, config, every_board

both_eras = pytest.mark.parametrize("kernel", ["5.10", "7.3"])
needs_make = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")


def write(board: BoardConfig, folder: Path, kernel: str | None = None, what: str = "all") -> dict[str, str]:
    done = {
        one.path: one.text for one in render(what, board, kernel=kernel, dirs=TEMPLATES) if isinstance(one, Rendered)
    }
    for path, text in done.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return done


def board(text: str) -> BoardConfig:
    return load_text(f"name: x\ntitle: X\n{text}".encode(), "x")


def variables(folder: Path, *files: str, given: str = "HEAPS_MODULES_DIR := ko\n") -> dict[str, list[str]]:
    """What make makes of the files, included after the lines that are given: variable → words."""
    names = ["PRODUCT_PACKAGES", "PRODUCT_COPY_FILES", "PRODUCT_VENDOR_PROPERTIES", "BOARD_VENDOR_SEPOLICY_DIRS",
             "BOARD_VENDOR_RAMDISK_KERNEL_MODULES_LOAD",
             "BOARD_VENDOR_RAMDISK_KERNEL_MODULES", "BOARD_KERNEL_CMDLINE"]  # fmt: skip
    show = "".join(f"$(info {name}=$({name}))\n" for name in names)
    includes = "".join(f"include {folder}/{file}\n" for file in files)
    (folder / "Makefile").write_text(f"TARGET_COPY_OUT_VENDOR := vendor\n{given}{includes}{show}all: ;\n")
    argv = ["make", "-s", "--warn-undefined-variables", "-f", str(folder / "Makefile")]
    done = subprocess.run(argv, cwd=folder.parent, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    unset = [line for line in done.stderr.splitlines() if not any(f"'{name}'" in line for name in names)]
    assert unset == []
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name: value.split() for name, _, value in pairs}


_MODULES, _LOAD = "BOARD_VENDOR_RAMDISK_KERNEL_MODULES", "BOARD_VENDOR_RAMDISK_KERNEL_MODULES_LOAD"
LISTS = [
    ("HEAPS_MODULES_DIR := k", "k/system_heap.ko k/cma_heap.ko", ""),
    (f"{_MODULES} := k/ufs.ko k/cma_heap.ko k/system_heap.ko", "k/ufs.ko k/cma_heap.ko k/system_heap.ko", ""),
    (
        f"HEAPS_MODULES_DIR := k\n{_MODULES} := d/ufs.ko d/system_heap.ko\n{_LOAD} := ufs.ko system_heap.ko",
        "d/ufs.ko d/system_heap.ko k/cma_heap.ko",
        "ufs.ko system_heap.ko cma_heap.ko",
    ),
]


@needs_make
@pytest.mark.parametrize(("given", "modules", "load"), LISTS)
def test_heap_modules_are_added_to_the_boards_own_and_never_replace_them(
    given: str, modules: str, load: str, tmp_path: Path
) -> None:
    """Where nothing names what is loaded, the build loads all: a list with heaps alone would lose the others."""
    write(config("vim3"), tmp_path)
    found = variables(tmp_path, "BoardConfig-heaps.mk", given=f"{given}\n")
    assert (found[_MODULES], found[_LOAD]) == (modules.split(), load.split())


@needs_make
def test_a_build_without_the_heap_modules_stops(tmp_path: Path) -> None:
    write(config("vim3"), tmp_path)
    given = f"{_MODULES} := k/ufs.ko k/cma_heap.ko\n"
    with pytest.raises(AssertionError, match=r"system_heap\.ko not in .*, or set HEAPS_MODULES_DIR"):
        variables(tmp_path, "BoardConfig-heaps.mk", given=given)


@needs_make
@both_eras
@every_board
def test_make_reads_what_the_config_says(name: str, kernel: str, tmp_path: Path) -> None:
    files = write(config(name), tmp_path, kernel)
    makefiles = [path for path in ("device-heaps.mk", "BoardConfig-heaps.mk") if path in files]
    found = variables(tmp_path, *makefiles)
    given = config(name)
    ident = name.replace("-", "_").replace(".", "_")
    assert found["PRODUCT_PACKAGES"] == ([f"libbringup_heaps_{ident}"] if given.heaps else [])
    ueventd = f"ueventd.{name}.rc"
    copied = [f"{tmp_path}/{ueventd}:vendor/etc/ueventd.rc"] if ueventd in files else []
    assert found["PRODUCT_COPY_FILES"] == copied
    properties = given.android.properties if given.android else {}
    assert found["PRODUCT_VENDOR_PROPERTIES"] == [f"{key}={properties[key]}" for key in sorted(properties)]
    policy = [f"{tmp_path}/sepolicy"] if any(path.startswith("sepolicy/") for path in files) else []
    assert found["BOARD_VENDOR_SEPOLICY_DIRS"] == policy
    modules = [f"ko/{module}.ko" for module in given.kernel.modules] if given.kernel else []
    assert found["BOARD_VENDOR_RAMDISK_KERNEL_MODULES"] == modules
    assert found["BOARD_VENDOR_RAMDISK_KERNEL_MODULES_LOAD"] == []
    assert found["BOARD_KERNEL_CMDLINE"] == (list(given.kernel.cmdline) if given.kernel else [])


@both_eras
@every_board
def test_no_file_is_named_that_is_not_rendered(name: str, kernel: str, tmp_path: Path) -> None:
    files = write(config(name), tmp_path, kernel)
    text = files.get("BoardConfig-heaps.mk", "") + files.get("device-heaps.mk", "") + files.get("Android.bp", "")
    for path in (f"cmdline.{name}.mk", f"ueventd.{name}.rc", "heap_map.cpp", "heap_table.c"):
        assert (path in text) == (path in files)


@pytest.mark.skipif(not shutil.which("bpfmt"), reason="bpfmt is not installed (Debian: blueprint-tools)")
def test_blueprint_reads_and_would_not_reformat_any_boards_file(tmp_path: Path) -> None:
    paths = []
    for name in BOARDS:
        path = tmp_path / f"{name}.bp"
        text = write(config(name), tmp_path, "7.3", "android-build").get("Android.bp")
        if text is not None:
            path.write_text(text)
            paths.append(str(path))
    assert len(paths) == len([name for name in BOARDS if config(name).heaps])
    done = subprocess.run(["bpfmt", "-l", *paths], capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (tmp_path / "bad.bp").write_text('cc_library { name: "x')
    bad = subprocess.run(["bpfmt", "-l", str(tmp_path / "bad.bp")], capture_output=True, timeout=300, check=False)
    assert bad.returncode != 0


def vintf(board: BoardConfig, kernel: str) -> str:
    (done,) = render("vintf", board, kernel=kernel, dirs=TEMPLATES)
    assert isinstance(done, Rendered)
    return done.text


@pytest.mark.skipif(not shutil.which("xmllint"), reason="xmllint is not installed (Debian: libxml2-utils)")
@both_eras
def test_the_matrix_is_valid_for_every_board(kernel: str, tmp_path: Path) -> None:
    paths = []
    for name in BOARDS:
        paths.append(str(tmp_path / f"{name}.xml"))
        Path(paths[-1]).write_text(vintf(config(name), kernel))
    argv = ["xmllint", "--noout", "--nonet", "--schema", str(Path(__file__).parent / "vintf.xsd"), *paths]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    Path(paths[0]).write_text(vintf(config(BOARDS[0]), kernel).replace("tristate", "tri-state", 1))
    done = subprocess.run(argv, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode != 0


@both_eras
@every_board
def test_the_matrix_asks_for_what_the_fragment_sets(name: str, kernel: str) -> None:
    root = ET.fromstring(vintf(config(name), kernel))
    (kernel_node,) = root
    assert str(kernel_node.get("version")).startswith(f"{kernel}.")
    asked = {str(node.findtext("key")).removeprefix("CONFIG_"): str(node.findtext("value")) for node in kernel_node}
    (done,) = render("kconfig", config(name), kernel=kernel, dirs=TEMPLATES)
    assert isinstance(done, Rendered)
    assert asked == {symbol: value for symbol, value in read_kconfig(done.text).items() if value != "m"}


@pytest.mark.parametrize(
    ("branch", "kernel", "version", "remark"),
    [
        (None, "5.10", "5.10.107", "have 5.10.43 (Android 12), 5.10.107 (Android 13)"),
        ("android12-5.10", "5.10", "5.10.43", "have 5.10.43"),
        ("android11-5.4", "5.4", "5.4.61", "5.4.86 (Android 12)"),
        ("android14-6.1", "6.1", "6.1.0", "Android 14"),
        ("android9-5.10", "5.10", "5.10.0", "no matrix for Android 9 on 5.10 that is known here"),
        ("ti-linux", "5.15", "5.15.0", "5.15.41 (Android 13), 5.15.0 (Android 14)"),
        (None, "7.3", "7.3.0", "no matrix for 7.3 that is known here"),
    ],
)
def test_the_matrix_names_the_kernel_that_aosps_matrix_names(
    branch: str | None, kernel: str, version: str, remark: str
) -> None:
    text = vintf(board(f"kernel: {{branch: {branch}}}\n" if branch else ""), kernel)
    assert ET.fromstring(text)[0].get("version") == version
    assert remark in text


def test_a_title_cannot_break_out_of_an_xml_comment() -> None:
    text = vintf(load_text(b"name: x\ntitle: 'a --> <b> -- & ---'\n", "x"), "6.12")
    assert ET.fromstring(text).tag == "compatibility-matrix"


# The command line.

CMDLINE = [
    ("size: 64 MiB", "cma=64M"),
    ("size: 64 MiB, base: 0x50000000", "cma=64M@0x50000000"),
    ("size: 64 MiB, alloc_ranges: [{base: 1 GiB, size: 1 GiB}]", "cma=64M@0x40000000-0x80000000"),
    ("size: 0x200000", "cma=2M"),
]


@pytest.mark.parametrize(("region", "wanted"), CMDLINE)
def test_a_pool_in_the_command_line_becomes_cma(region: str, wanted: str, tmp_path: Path) -> None:
    given = board(f"heaps:\n  - {{name: reserved, kind: cma, region: {{declared_in: cmdline, {region}}}}}\n")
    text = write(given, tmp_path, "6.12", "cmdline")["cmdline.x.mk"]
    assert text.endswith(f"\nBOARD_KERNEL_CMDLINE += {wanted}\n")
    assert "# The area's heap is called reserved, not after a device tree node." in text


@pytest.mark.parametrize(
    ("kernel", "names"), [("6.16", "reserved, not"), ("6.17", "default_cma_region, and as reserved, not")]
)
def test_the_name_of_the_areas_heap_follows_the_kernel(kernel: str, names: str, tmp_path: Path) -> None:
    text = write(config("am62x-sk"), tmp_path, kernel, "cmdline")["cmdline.am62x-sk.mk"]
    assert f"# The area's heap is called {names} after a device tree node.\n" in text


def test_what_one_parameter_cannot_say_is_refused() -> None:
    ranges = "alloc_ranges: [{base: 0, size: 1 GiB}, {base: 2 GiB, size: 1 GiB}]"
    given = board(
        f"heaps:\n  - {{name: reserved, kind: cma, region: {{declared_in: cmdline, size: 64 MiB, {ranges}}}}}\n"
    )
    with pytest.raises(UsageError, match="cma= takes one"):
        render("cmdline", given, dirs=TEMPLATES)
    heap = "  - {name: %s, kind: cma, region: {declared_in: cmdline, size: 64 MiB}}\n"
    with pytest.raises(UsageError, match="cma= makes one"):
        render("cmdline", board("heaps:\n" + heap % "a" + heap % "b"), dirs=TEMPLATES)


def test_cma_beside_a_device_tree_pool_says_that_the_pool_is_left_out(tmp_path: Path) -> None:
    given = board(
        "kernel: {cmdline: ['cma=512M']}\nheaps:\n"
        "  - {name: 'linux,cma', kind: cma, region: {declared_in: device-tree, size: 64 MiB, reusable: true, default: true}}\n"
    )
    text = write(given, tmp_path, "6.12", "cmdline")["cmdline.x.mk"]
    assert "# The kernel leaves out the device tree's default pool linux,cma of 64 MiB: cma= takes its place." in text


def test_cma_0_says_that_there_is_no_default_area(tmp_path: Path) -> None:
    text = write(config("cuttlefish"), tmp_path, what="cmdline")["cmdline.cuttlefish.mk"]
    assert "# There is no default CMA area, and no heap on it.\nBOARD_KERNEL_CMDLINE += cma=0\n" in text


# Properties and modules.


def read_properties(text: str) -> dict[str, str]:
    """By init's property_service.cpp: a line's ends are trimmed, '#' begins a comment, the first '=' splits."""
    pairs = {}
    for line in (part.strip(" \t") for part in text.split("\n")):
        if line and not line.startswith("#"):
            name, equals, value = line.partition("=")
            assert equals
            pairs[name.strip()] = value.strip()
    return pairs


@every_board
def test_properties_are_those_of_the_config(name: str, tmp_path: Path) -> None:
    given = config(name).android
    files = write(config(name), tmp_path, what="properties")
    assert {path: read_properties(text) for path, text in files.items()} == (
        {f"{name}.prop": given.properties} if given and given.properties else {}
    )


@given(st.text(max_size=100))
def test_a_property_value_is_read_back_equal_or_refused(value: str) -> None:
    write = LANGUAGES["properties"].filters["value"]
    try:
        text = write(value, "debug.x")
    except Refused:
        return
    assert read_properties(f"debug.x={text}\n") == {"debug.x": value}
    assert len(value.encode()) <= 91


@pytest.mark.parametrize(
    ("name", "length", "fine"), [("debug.x", 91, True), ("debug.x", 92, False), ("ro.x", 500, True)]
)
def test_only_ro_properties_may_be_long(name: str, length: int, fine: bool) -> None:
    write = LANGUAGES["properties"].filters["value"]
    if fine:
        assert write("a" * length, name) == "a" * length
    else:
        with pytest.raises(Refused, match="91 bytes"):
            write("a" * length, name)


def test_modules_are_named_in_load_order(tmp_path: Path) -> None:
    files = write(config("vim3"), tmp_path, what="modules")
    lines = [line for line in files["modules.load"].splitlines() if line and not line.startswith("#")]
    assert lines == ["system_heap.ko", "cma_heap.ko"]
    commands = read_ueventd(files["init.vim3.heaps.rc"])
    assert commands == [
        ["on", "early-init"],
        ["exec", "u:r:vendor_modprobe:s0", "--", "/vendor/bin/modprobe", "-a", "-d", "/vendor/lib/modules", "system_heap", "cma_heap"],
    ]  # fmt: skip


def test_boards_without_modules_say_so() -> None:
    for one in render("modules", config("virtual-amd64"), dirs=TEMPLATES):
        assert isinstance(one, Skipped)
        assert one.reason == "no module of this board provides a heap, or it is unknown which"
