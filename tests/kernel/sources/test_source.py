"""Files of every kind, and several laid over each other."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import msgspec
import pytest

from bringup.errors import BringupError, ConfigError, ExitCode, UsageError
from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.requirements.check import CheckOptions, check_source, open_with_tree
from bringup.kernel.requirements.explain import explain
from bringup.kernel.sources.source import SourceKind, config_from_bytes, open_source, read_modules_load
from bringup.outcome import Outcome
from tests.support.kernel.images import CONFIG, PACKERS, boot_v3, cpio, plain_kernel, vendor_boot
from tests.support.kernel.source_tree import SOURCE_TREE

FRAGMENT = "CONFIG_DMABUF_HEAPS_CMA=y\nCONFIG_NEW=y\n"


@pytest.mark.parametrize("name", [None, *PACKERS])
def test_a_configuration_plain_or_packed(tmp_path: Path, name: str | None) -> None:
    path = tmp_path / "config"
    path.write_bytes(CONFIG if name is None else PACKERS[name](CONFIG))
    source = open_source(path)
    assert source.kind is SourceKind.CONFIG
    assert source.raw == CONFIG
    assert source.config is not None
    assert source.config.complete


def test_a_fragment_is_distinguished_from_a_whole_configuration(tmp_path: Path) -> None:
    (tmp_path / "vendor.config").write_text(FRAGMENT)
    assert open_source(tmp_path / "vendor.config").kind is SourceKind.FRAGMENT
    headless = "".join(f"# CONFIG_S{number} is not set\n" for number in range(400))
    (tmp_path / "config").write_text(headless)
    assert open_source(tmp_path / "config").kind is SourceKind.CONFIG


def test_fragments_are_laid_over_in_order(tmp_path: Path) -> None:
    for name, content in (("defconfig", CONFIG.decode()), ("a.config", FRAGMENT), ("b.config", "CONFIG_NEW=m\n")):
        (tmp_path / name).write_text(content)
    source = open_source([tmp_path / "defconfig", tmp_path / "a.config", tmp_path / "b.config"])
    assert source.kind is SourceKind.MERGED
    assert source.config is not None
    assert (source.config.get("DMABUF_HEAPS_CMA"), source.config.get("NEW")) == ("y", "m")
    assert [(one.symbol, one.old, one.new) for one in source.overrides] == [
        ("DMABUF_HEAPS_CMA", "n", "y"),
        ("NEW", "y", "m"),
    ]
    document = msgspec.to_builtins(check_source(source, CheckOptions()))
    assert document["overrides"][0]["new_source"] == str(tmp_path / "a.config")


def test_a_kernel_and_a_fragment(tmp_path: Path) -> None:
    (tmp_path / "boot.img").write_bytes(boot_v3(4, plain_kernel()))
    (tmp_path / "a.config").write_text(FRAGMENT)
    source = open_source([tmp_path / "boot.img", tmp_path / "a.config"])
    assert source.config is not None
    assert source.config.get("DMABUF_HEAPS_CMA") == "y"
    assert source.version is not None
    assert source.version.android == 16


def test_what_holds_no_configuration_cannot_be_merged(tmp_path: Path) -> None:
    (tmp_path / "Image").write_bytes(plain_kernel(None))
    (tmp_path / "a.config").write_text(FRAGMENT)
    with pytest.raises(BringupError, match="without CONFIG_IKCONFIG") as refused:
        open_source([tmp_path / "Image", tmp_path / "a.config"])
    assert refused.value.exit_code is ExitCode.INFRASTRUCTURE


def test_vendor_boot_and_init_boot_go_with_a_kernel(tmp_path: Path) -> None:
    """What starts a kernel comes from several partitions; the images that hold none add what they pass to it."""
    modules = cpio({"lib/modules/modules.load": b"kernel/drivers/dma-buf/heaps/system_heap.ko\n"})
    (tmp_path / "vendor_boot.img").write_bytes(
        vendor_boot(4, [modules], cmdline=b"cma=64M", bootconfig=b"kernel.quiet = y\n")
    )
    (tmp_path / "boot.img").write_bytes(boot_v3(4, plain_kernel(), cmdline=b"loglevel=4"))
    (tmp_path / "init_boot.img").write_bytes(boot_v3(4, b""))
    names = [tmp_path / name for name in ("boot.img", "vendor_boot.img", "init_boot.img")]
    for order in (names, names[::-1]):
        source = open_source(order)
        assert (source.kind, source.cmdline) == (SourceKind.BOOT, "cma=64M quiet=y loglevel=4")
        assert source.modules_load == frozenset({"system_heap"})
        assert source.raw == CONFIG
        verdicts = {one.id: one for one in check_source(source, CheckOptions(flavour=Flavour.GKI)).verdicts}
        assert verdicts["heaps.system"].outcome is Outcome.PASS
    (tmp_path / "a.config").write_text(FRAGMENT)
    merged = open_source([tmp_path / "boot.img", tmp_path / "a.config", tmp_path / "vendor_boot.img"])
    assert (merged.kind, merged.modules_load) == (SourceKind.MERGED, frozenset({"system_heap"}))
    alone = check_source(open_source(tmp_path / "vendor_boot.img"), CheckOptions())
    assert alone.outcome is Outcome.ERROR
    with pytest.raises(BringupError, match="no kernel"):
        open_source(names[1:])


def test_what_a_boot_image_passes_counts_as_evidence(tmp_path: Path) -> None:
    config = CONFIG + b"CONFIG_CMA=y\nCONFIG_DMA_CMA=y\n"
    config = config.replace(b"CONFIG_CMA_SIZE_MBYTES=16", b"CONFIG_CMA_SIZE_MBYTES=0")
    (tmp_path / "boot.img").write_bytes(boot_v3(4, plain_kernel(config), cmdline=b"cma=64M"))
    checked = check_source(open_source(tmp_path / "boot.img"), CheckOptions())
    (size,) = [one for one in checked.verdicts if one.id == "cma.size"]
    assert (size.outcome, size.satisfied_by) == (Outcome.PASS, "the kernel command line has cma=64M")
    assert checked.kernel == "6.12.30-android16-5-gabcdef"


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (b"", "is empty"),
        (b"hello world\n", "holds no CONFIG_ line"),
        (gzip.compress(CONFIG, mtime=0)[:-9], "cut short"),
        (gzip.compress(b"hello\n", mtime=0), "holds no CONFIG_ line"),
        (gzip.compress(b"CONFIG_A=y\n" * 2_000_000, mtime=0), "more than 16 MiB of text"),
        (b"CONFIG_A=y\n" * 2_000_000, "of text: no kernel configuration"),
        (os.urandom(4096), "neither text, nor a kernel, nor a boot image"),
    ],
)
def test_bad_files(tmp_path: Path, content: bytes, seen: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as error:
        open_source(path)
    assert seen in str(error.value)
    assert str(path) in str(error.value)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        open_source(tmp_path / "none")
    with pytest.raises(ConfigError):
        open_source(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    os.close(os.open(tmp_path / "pipe", os.O_RDWR | os.O_NONBLOCK))
    with pytest.raises(UsageError):
        open_source([])


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigError, match="no regular file"):
        open_source(tmp_path / "pipe")


def test_a_board_s_own_answer() -> None:
    config = config_from_bytes(gzip.compress(CONFIG, mtime=0), "/proc/config.gz")
    assert (config.source, config.complete, str(config.version)) == ("/proc/config.gz", True, "6.12.30")


def test_a_source_tree_with_its_own_configuration(tmp_path: Path) -> None:
    for name, content in SOURCE_TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    with pytest.raises(ConfigError, match=r"no \.config and no defconfig"):
        open_with_tree([tmp_path], "arm64")
    with pytest.raises(UsageError, match="no architecture was named"):
        open_with_tree([tmp_path], None)
    (tmp_path / "arch/arm64/configs").mkdir()
    (tmp_path / "arch/arm64/configs/defconfig").write_text("CONFIG_DMABUF_HEAPS=y\nCONFIG_GONE=y\n")
    source, tree = open_with_tree([tmp_path], "arm64")
    checked = check_source(source, CheckOptions(tree=tree, shipped=False))
    (verdict,) = checked.verdicts
    assert (verdict.id, verdict.outcome) == ("tree.symbols", Outcome.FAIL)
    assert verdict.evidence == (f"CONFIG_GONE is not defined in {tmp_path} for arm64",)
    (tmp_path / ".config").write_text("CONFIG_DMABUF_HEAPS=y\n")
    source, tree = open_with_tree([tmp_path], "arm64")
    checked = check_source(source, CheckOptions(tree=tree))
    assert next(one for one in checked.verdicts if one.id == "tree.symbols").outcome is Outcome.PASS
    assert (checked.kernel, checked.arch) == ("6.12.7-rc1", "arm64")


def test_a_tree_knows_better_than_the_history(tmp_path: Path) -> None:
    """This tree calls itself 6.12 and has no CMA_SYSFS: the tree is right."""
    for name, content in SOURCE_TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    (tmp_path / ".config").write_text(CONFIG.decode() + "CONFIG_CMA=y\n")
    source, tree = open_with_tree([tmp_path], "arm64")
    with_tree = {one.id: one for one in check_source(source, CheckOptions(tree=tree)).verdicts}
    without = {one.id: one for one in check_source(source, CheckOptions()).verdicts}
    assert with_tree["cma.sysfs"].answer.value == "does not exist in this kernel version"
    assert without["cma.sysfs"].answer.value == "set wrong"


def test_a_later_kernel_needs_an_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "x").write_text(FRAGMENT)
    with pytest.raises(UsageError, match="kernel version of the configuration is not known"):
        check_source(open_source(tmp_path / "x"), CheckOptions(later=KernelVersion.parse("7.2")))
    checked = check_source(
        open_source(tmp_path / "x"), CheckOptions(KernelVersion.parse("6.12"), later=KernelVersion.parse("7.2"))
    )
    assert checked.later == "7.2"
    assert any(change.subject == "CONFIG_DMABUF_HEAPS_CMA" for change in checked.changes or ())


def test_modules_load(tmp_path: Path) -> None:
    (tmp_path / "modules.load").write_text("kernel/a-b.ko\n\n# c\nd.ko.gz\n")
    assert read_modules_load(tmp_path / "modules.load") == ["a_b", "d"]


def test_explaining() -> None:
    about = explain("CONFIG_DMABUF_HEAPS_CMA")
    assert {one.id for one in about.requirements} == {"heaps.cma"}
    assert {entry.heap for entry in about.heaps} == {"default CMA area", "every CMA area"}
    requirement = explain("debug.selftests")
    assert [one.name for one in requirement.symbols] == ["DMABUF_SELFTESTS", "DMABUF_KUNIT_TEST"]
    with pytest.raises(UsageError) as error:
        explain("DMABUF_HEAP")
    assert "DMABUF_HEAPS" in error.value.hint
    with pytest.raises(UsageError) as error:
        explain("qqqqqqq")
    assert "--list" in error.value.hint
