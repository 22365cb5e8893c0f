"""``bringup kconfig check``: a configuration judged by all requirements, for its kernel or for a later one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from bringup.errors import ConfigError, UsageError
from bringup.kernel.history.architecture import arch_of_machine
from bringup.kernel.history.upstream import newer_than_read
from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig, Override
from bringup.kernel.requirements.evidence import Evidence
from bringup.kernel.requirements.judge import Subject, judge, shipped_requirements
from bringup.kernel.requirements.later_kernel import KernelChange, carry_over, changes_until
from bringup.kernel.requirements.odd_lines import odd_notes, refuse_doubtful, unknown_symbols
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Answer, KconfigVerdict, Severity
from bringup.kernel.sources.source import Source, SourceKind, open_source
from bringup.outcome import Cause, Outcome, worst

# Source trees and fragments are imported where they are used: a plain check starts a fifth sooner.
if TYPE_CHECKING:
    from bringup.kernel.kconfig.source_tree import SourceTree
    from bringup.kernel.requirements.fragment import Fragment

__all__ = ["CheckOptions", "KconfigCheck", "check_source", "fragment_for", "open_with_tree"]

_TREE_LINES = 50


class CheckOptions(Struct, frozen=True):
    """What a check assumes and looks at. ``None`` means: as the source says.

    :param requirements: further requirements, judged after the shipped ones.
    :param shipped: whether the shipped requirements are judged.
    :param later: a later kernel to judge for.
    :param tree: the source tree that the configuration is for.
    """

    version: KernelVersion | None = None
    flavour: Flavour | None = None
    arch: str | None = None
    evidence: Evidence = Evidence()
    requirements: tuple[Requirement, ...] = ()
    shipped: bool = True
    later: KernelVersion | None = None
    tree: SourceTree | None = None

    @property
    def all_requirements(self) -> tuple[Requirement, ...]:
        """The requirements to judge."""
        return (*(shipped_requirements() if self.shipped else ()), *self.requirements)

    def version_of(self, source: Source) -> KernelVersion | None:
        """The kernel version to judge a source against."""
        return self.version or source.version or (self.tree.version if self.tree else None)

    def arch_of(self, source: Source) -> str | None:
        """The architecture that was named, else the tree's, the configuration's, that of ``arch/arm64/configs/``."""
        of_config = source.config.arch if source.config else None
        folder = re.search(r"(?:^|/)arch/(\w{1,32})/configs/", source.name, re.ASCII)
        of_path = arch_of_machine(folder[1]) if folder else None
        return self.arch or (self.tree.arch if self.tree else None) or of_config or of_path

    def evidence_of(self, source: Source) -> Evidence:
        """What is known besides the configuration. What a person says counts more than what the source says."""
        named = self.evidence
        return msgspec.structs.replace(
            named,
            modules_load=named.modules_load if named.modules_load is not None else source.modules_load,
            cmdline=named.cmdline if named.cmdline is not None else source.cmdline,
        )


class KconfigCheck(Struct, frozen=True, omit_defaults=True, tag_field="schema", tag="bringup.kconfig/1"):
    """A kernel configuration, judged.

    :param source: What was read: files, a record's folder, a board.
    :param kind: What kind of source it is.
    :param kernel: The release, or the version of the configuration's head comment; null where it is not known.
    :param flavour: Whose tree the kernel is from; null where it is not known.
    :param arch: As the kernel's arch/ spells it; null where it is not known.
    :param outcome: The worst of the verdicts; error where nothing was judged.
    :param layers: How the configuration was wrapped, from the outside in.
    :param overrides: Values that a later source replaced.
    :param notes: What could not be read beside the configuration, or is not known of a kernel this new.
    :param later: The later kernel that was named; then the verdicts are those that it would get.
    :param changes: What is different in that kernel.
    """

    source: str
    kind: SourceKind
    kernel: str | None
    flavour: Flavour | None
    arch: str | None
    outcome: Outcome
    verdicts: tuple[KconfigVerdict, ...]
    layers: tuple[str, ...] = ()
    overrides: tuple[Override, ...] = ()
    notes: tuple[str, ...] = ()
    later: str | None = msgspec.field(name="for", default=None)
    changes: tuple[KernelChange, ...] | None = None


def open_with_tree(paths: Sequence[Path], arch: str | None) -> tuple[Source, SourceTree | None]:
    """Read sources. The first may be a kernel source tree: then its ``.config`` is read, or else its defconfig.

    :raises UsageError: a tree without an architecture.
    :raises ConfigError: as :func:`~bringup.kernel.sources.source.open_source` and
        :func:`~bringup.kernel.kconfig.source_tree.read_tree`.
    """
    if not paths or not paths[0].is_dir():
        return open_source(paths), None
    root = paths[0]
    if not (root / "Kconfig").is_file():
        hint = "name a file, or the tree's top folder, where Kconfig and arch/ are"
        raise ConfigError(root, "is a folder, but not a kernel source tree", hint=hint)
    if arch is None:
        raise UsageError(f"read the source tree {root}", "no architecture was named", hint="add --arch arm64")
    from bringup.kernel.kconfig.source_tree import read_tree

    tree = read_tree(root, arch)
    folder = root / "arch" / tree.arch / "configs"
    candidates = [root / ".config", folder / "gki_defconfig", folder / "defconfig"]
    first = next((path for path in candidates if path.is_file()), None)
    if first is None:
        raise ConfigError(root, f"has no .config and no defconfig for {tree.arch}", hint="name the defconfig itself")
    return open_source([first, *paths[1:]]), tree


def check_source(source: Source, options: CheckOptions) -> KconfigCheck:
    """Judge a source. Reads nothing.

    :raises UsageError: a later kernel is named that is not later, or later than what is not known.
    :raises ConfigError: a requirement asks for a symbol whose value is in doubt.
    """
    refuse_doubtful(source.config, options.all_requirements)
    evidence, tree, later = options.evidence_of(source), options.tree, options.later
    subject = Subject.of(
        source.config, options.version_of(source), options.flavour, options.arch_of(source), evidence, tree
    )
    kernel, config, version = subject.kernel, source.config, subject.kernel.version
    changes: tuple[KernelChange, ...] | None = None if later is None else ()
    if later is not None and config is not None:
        now = _earlier(kernel.version, later)
        changes = tuple(changes_until(config, now, later, kernel.flavour))
        config, version = carry_over(config, now, later, kernel.flavour), later
    verdicts = judge(
        config,
        version,
        kernel.flavour,
        kernel.arch,
        evidence,
        requirements=options.all_requirements,
        symbols=tree if later is None else None,
    )
    if source.config is not None:
        # With a tree, every symbol that it does not define is found, not only those of heaps.
        extra = unknown_symbols(source.config) if tree is None else _tree_verdict(source.kind, source.config, tree)
        verdicts += [] if extra is None else [extra]
    return KconfigCheck(
        source.name,
        source.kind,
        str(kernel.version) if kernel.version else None,
        kernel.flavour,
        kernel.arch,
        worst(verdict.outcome for verdict in verdicts),
        tuple(verdicts),
        source.layers,
        source.overrides,
        (*source.notes, *odd_notes(source.config), *newer_than_read(version)),
        str(later) if later else None,
        changes,
    )


def _earlier(version: KernelVersion | None, later: KernelVersion) -> KernelVersion:
    """The configuration's own kernel version.

    :raises UsageError: it is not known, or not before the later one.
    """
    action = f"judge for kernel {later}"
    if version is None:
        raise UsageError(action, "the kernel version of the configuration is not known", hint="add --kernel 6.12")
    if later < version:
        seen = f"the configuration is of {version}, which is later"
        raise UsageError(action, seen, hint="name a later kernel with --for")
    return version


def fragment_for(source: Source, options: CheckOptions, *, only_required: bool = False) -> Fragment:
    """The fragment that fixes a source; see :func:`~bringup.kernel.requirements.fragment.make_fragment`.

    :raises BringupError: the source holds no configuration.
    :raises ConfigError: a requirement asks for a symbol whose value is in doubt.
    """
    from bringup.kernel.requirements.fragment import make_fragment

    refuse_doubtful(source.config, options.all_requirements)
    return make_fragment(
        source.require_config("make a fragment"),
        options.version_of(source),
        options.flavour,
        options.arch_of(source),
        options.evidence_of(source),
        requirements=options.all_requirements,
        symbols=options.tree,
        outcomes=frozenset({Outcome.FAIL} if only_required else {Outcome.FAIL, Outcome.WARN}),
    )


def _tree_verdict(kind: SourceKind, config: KernelConfig, tree: SourceTree) -> KconfigVerdict:
    from bringup.kernel.kconfig.tree_check import check_against_tree

    problems = check_against_tree(config, tree)
    title = f"The source tree takes every symbol as it is set ({tree.arch}, {tree.version})"
    if not problems:
        noun = "fragment" if kind is SourceKind.FRAGMENT else "configuration"
        line = f"{len(config)} symbols of the {noun}: all defined, of the right type, dependencies met"
        return KconfigVerdict(
            "tree.symbols", title, Outcome.PASS, Answer.HOLDS, Severity.REQUIRED, (line,), satisfied_by=str(tree.path)
        )
    lines = [f"{problem.text} ({problem.place})" if problem.place else problem.text for problem in problems]
    more = [f"… and {len(lines) - _TREE_LINES} more"] if len(lines) > _TREE_LINES else []
    return KconfigVerdict(
        "tree.symbols",
        title,
        Outcome.FAIL,
        Answer.SET_WRONG,
        Severity.REQUIRED,
        (*lines[:_TREE_LINES], *more),
        Cause("kconfig.tree-drops", f"olddefconfig drops or changes {len(problems)} symbols without a message"),
        ("set what they depend on, or remove them",),
        symbols=tuple(problem.symbol for problem in problems[:_TREE_LINES]),
    )
