"""A source checked: which kernel it is judged as, a later kernel, a source tree. As a user starts it: tests/cli/test_kconfig.py."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from bringup.errors import BringupError, ConfigError, UsageError
from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import Override, parse_config
from bringup.kernel.kconfig.source_tree import SourceTree, read_tree
from bringup.kernel.requirements.check import CheckOptions, KconfigCheck, check_source, fragment_for, open_with_tree
from bringup.kernel.requirements.evidence import Evidence
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Answer
from bringup.kernel.sources.source import Source, SourceKind
from bringup.outcome import Outcome
from tests.support.kernel.source_tree import SOURCE_TREE

HEAD = "# Linux/arm64 6.12.30 Kernel Configuration\n"
MINE = Requirement.from_data({"id": "mine", "title": "Mine", "need": {"DMABUF_HEAPS": "y"}, "why": "x"})
ALONE = CheckOptions(requirements=(MINE,), shipped=False)


def source(text: str, *, head: str = HEAD, name: str = "config", kind: SourceKind = SourceKind.CONFIG) -> Source:
    return Source(name, kind, parse_config(head + text, name, complete=bool(head)))


def checked(of: Source, **options: object) -> KconfigCheck:
    return check_source(of, replace(ALONE, **options))


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    for name, content in SOURCE_TREE.items():
        (tmp_path / "linux" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "linux" / name).write_text(content)
    return read_tree(tmp_path / "linux", "arm64")


def test_a_document_says_what_was_read_and_judged() -> None:
    override = Override("A", "y", "n", "config", "later.config")
    read = source("CONFIG_DMABUF_HEAPS=y\n")
    check = checked(replace(read, layers=("boot v4", "gzip"), overrides=(override,), notes=("cut off",)))
    assert (check.source, check.kind, check.kernel) == ("config", SourceKind.CONFIG, "6.12.30")
    assert (check.flavour, check.arch, check.outcome) == (Flavour.MAINLINE, "arm64", Outcome.PASS)
    assert [(verdict.id, verdict.outcome) for verdict in check.verdicts] == [("mine", Outcome.PASS)]
    assert (check.layers, check.overrides, check.notes) == (("boot v4", "gzip"), (override,), ("cut off",))
    assert (check.later, check.changes) == (None, None)
    nothing = checked(Source("Image", SourceKind.KERNEL, None, reason="none"))
    assert (nothing.kernel, nothing.arch, nothing.outcome) == (None, None, Outcome.ERROR)


@pytest.mark.parametrize(
    ("head", "name", "named", "arch"),
    [
        (HEAD, "arch/x86/configs/a", "riscv", "riscv"),
        (HEAD, "arch/x86/configs/a", None, "arm64"),
        ("", "linux/arch/x86/configs/a", None, "x86"),
        ("", "arch/arm64/configs/a", None, "arm64"),
        ("", "march/x86/configs/a", None, None),
        ("", "a", None, None),
    ],
)
def test_the_architecture_is_the_named_one_or_what_the_source_says(
    head: str, name: str, named: str | None, arch: str | None
) -> None:
    assert checked(source("CONFIG_A=y\n", head=head, name=name), arch=named).arch == arch


def test_the_version_is_the_named_one_or_what_the_source_says(tree: SourceTree) -> None:
    fragment = source("CONFIG_CMA=y\n", head="")
    assert checked(fragment).kernel is None
    assert checked(fragment, tree=tree).kernel == "6.12.7-rc1"
    assert checked(fragment, tree=tree).arch == "arm64"
    assert checked(source("CONFIG_CMA=y\n"), tree=tree).kernel == "6.12.30"
    assert checked(source("CONFIG_CMA=y\n"), version=KernelVersion.parse("5.10.1")).kernel == "5.10.1"


def test_what_a_person_names_counts_more_than_what_the_source_says() -> None:
    read = replace(source("CONFIG_A=y\n"), modules_load=frozenset({"image.ko"}), cmdline="cma=1M")
    assert CheckOptions().evidence_of(read) == Evidence(modules_load=frozenset({"image.ko"}), cmdline="cma=1M")
    named = Evidence(modules_load=frozenset(), cmdline="", heaps=frozenset({"system"}))
    assert CheckOptions(evidence=named).evidence_of(read) == named


def test_shipped_requirements_come_before_ones_own() -> None:
    ids = [verdict.id for verdict in checked(source("CONFIG_DMABUF_HEAPS=y\n"), shipped=True).verdicts]
    assert ids.index("heaps.framework") < ids.index("mine")


def test_for_a_later_kernel_the_configuration_is_carried_over() -> None:
    needs_trace = Requirement.from_data({"id": "t", "title": "T", "need": {"DMABUF_SYSFS_STATS": "y"}, "why": "x"})
    read = source("CONFIG_DMABUF_HEAPS=y\nCONFIG_DMABUF_SYSFS_STATS=y\n")
    assert checked(read, requirements=(needs_trace,)).outcome is Outcome.PASS
    check = checked(read, requirements=(needs_trace,), later=KernelVersion.parse("7.2"))
    assert (check.kernel, check.later) == ("6.12.30", "7.2")
    assert check.verdicts[0].answer is Answer.NO_SUCH_SYMBOL
    assert check.changes is not None
    assert "CONFIG_DMABUF_SYSFS_STATS" in {change.subject for change in check.changes}
    unread = checked(Source("Image", SourceKind.KERNEL, None), later=KernelVersion.parse("7.2"))
    assert unread.changes == ()


@pytest.mark.parametrize(
    ("head", "seen", "hint"),
    [
        ("", "the kernel version of the configuration is not known", "add --kernel 6.12"),
        (HEAD.replace("6.12.30", "7.3.0"), "the configuration is of 7.3.0, which is later", "name a later kernel with --for"),
    ],
)  # fmt: skip
def test_a_later_kernel_has_to_be_later(head: str, seen: str, hint: str) -> None:
    with pytest.raises(UsageError, match="judge for kernel") as error:
        checked(source("CONFIG_A=y\n", head=head), later=KernelVersion.parse("7.2"))
    assert seen in str(error.value)
    assert error.value.hint == hint


def test_a_tree_is_asked_for_every_symbol(tree: SourceTree) -> None:
    right = checked(source("CONFIG_MMU=y\nCONFIG_CMA=y\n", head="", kind=SourceKind.FRAGMENT), tree=tree).verdicts[-1]
    assert (right.id, right.outcome, right.answer) == ("tree.symbols", Outcome.PASS, Answer.HOLDS)
    assert right.evidence == ("2 symbols of the fragment: all defined, of the right type, dependencies met",)
    assert right.satisfied_by == str(tree.path)
    assert right.title == "The source tree takes every symbol as it is set (arm64, 6.12.7-rc1)"
    whole = checked(source("CONFIG_MMU=y\n"), tree=tree).verdicts[-1]
    assert whole.evidence[0].startswith("1 symbols of the configuration:")
    wrong = checked(source("CONFIG_MMU=y\nCONFIG_UNHEARD=y\nCONFIG_CMA=m\n", head=""), tree=tree).verdicts[-1]
    assert (wrong.id, wrong.outcome, wrong.answer) == ("tree.symbols", Outcome.FAIL, Answer.SET_WRONG)
    assert wrong.symbols == ("UNHEARD", "CMA")
    assert wrong.cause is not None
    assert wrong.cause.text == "olddefconfig drops or changes 2 symbols without a message"
    assert wrong.evidence[1].endswith("(drivers/Kconfig:32)")
    assert len(wrong.remedy) == 1


def test_what_a_tree_drops_is_listed_up_to_fifty(tree: SourceTree) -> None:
    def lines(count: int) -> tuple[str, ...]:
        text = "".join(f"CONFIG_UNHEARD_{number}=y\n" for number in range(count))
        return checked(source(text, head=""), tree=tree).verdicts[-1].evidence

    assert len(lines(50)) == 50
    assert (len(lines(53)), lines(53)[-1]) == (51, "… and 3 more")


@pytest.mark.parametrize(
    ("there", "read"),
    [
        ({".config": HEAD + "CONFIG_A=y\n", "arch/arm64/configs/defconfig": "CONFIG_A=n\n"}, ".config"),
        ({"arch/arm64/configs/gki_defconfig": "CONFIG_A=y\n", "arch/arm64/configs/defconfig": "\n"}, "arch/arm64/configs/gki_defconfig"),
        ({"arch/arm64/configs/defconfig": "CONFIG_A=y\n"}, "arch/arm64/configs/defconfig"),
    ],
)  # fmt: skip
def test_of_a_tree_its_configuration_is_read_or_its_defconfig(
    tree: SourceTree, there: dict[str, str], read: str
) -> None:
    for name, text in there.items():
        (tree.path / name).parent.mkdir(parents=True, exist_ok=True)
        (tree.path / name).write_text(text)
    opened, found = open_with_tree([tree.path], "arm64")
    assert found is not None
    assert opened.name == str(tree.path / read)
    assert opened.config is not None
    assert opened.config.enabled("A")


def test_a_folder_that_cannot_be_read_as_a_tree(tree: SourceTree, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no architecture was named") as usage:
        open_with_tree([tree.path], None)
    assert usage.value.hint == "add --arch arm64"
    with pytest.raises(ConfigError, match="config and no defconfig for arm64") as missing:
        open_with_tree([tree.path], "arm64")
    assert missing.value.hint == "name the defconfig itself"
    with pytest.raises(ConfigError, match="not a kernel source tree") as other:
        open_with_tree([tmp_path], "arm64")
    assert other.value.hint == "name a file, or the tree's top folder, where Kconfig and arch/ are"


def test_a_fragment_fixes_what_fails_and_on_request_nothing_else() -> None:
    advised = Requirement.from_data(
        {"id": "advised", "title": "A", "need": {"SYNC_FILE": "y"}, "why": "x", "severity": "recommended"}
    )
    options = CheckOptions(requirements=(MINE, advised), shipped=False)
    read = source("# CONFIG_DMABUF_HEAPS is not set\n# CONFIG_SYNC_FILE is not set\n")
    assert {line.symbol for line in fragment_for(read, options).lines} >= {"DMABUF_HEAPS", "SYNC_FILE"}
    required = {line.symbol for line in fragment_for(read, options, only_required=True).lines}
    assert "DMABUF_HEAPS" in required
    assert "SYNC_FILE" not in required
    with pytest.raises(BringupError, match="make a fragment"):
        fragment_for(Source("Image", SourceKind.KERNEL, None, reason="none inside"), options)
