"""One configuration, checked: verdicts, what a later kernel changes, what a source tree would drop. Ready to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from bringup.errors import ConfigError, ExitCode, UsageError
from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import Override
from bringup.kernel.requirements.evidence import Evidence
from bringup.kernel.requirements.judge import Subject, judge, shipped_requirements
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Answer, Cause, KconfigVerdict, Outcome, Severity
from bringup.kernel.sources.configuration import Source, SourceKind, open_source

if TYPE_CHECKING:
    from pathlib import Path

    from bringup.kernel.kconfig.source_tree import SourceTree
    from bringup.kernel.requirements.forecast import Change
    from bringup.kernel.requirements.fragment import Fragment

__all__ = ["SCHEMA", "Asked", "Checked", "check_source", "mend", "open_with_tree"]

SCHEMA = "bringup.kconfig/1"
_TREE_LINES = 50
_BY_WEIGHT = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.PASS)


class Asked(Struct, frozen=True):
    """What a check is to assume and to look at. ``None`` means: as the source tells.

    :param requirements: further requirements, judged after the shipped ones.
    :param shipped: whether the shipped requirements are judged.
    :param later: a later kernel to forecast for.
    :param tree: the source tree that the configuration is meant for.
    """

    version: KernelVersion | None = None
    flavour: Flavour | None = None
    arch: str | None = None
    evidence: Evidence = field(default_factory=Evidence)
    requirements: tuple[Requirement, ...] = ()
    shipped: bool = True
    later: KernelVersion | None = None
    tree: SourceTree | None = None

    @property
    def wanted(self) -> tuple[Requirement, ...]:
        """All requirements to judge."""
        return (*(shipped_requirements() if self.shipped else ()), *self.requirements)


class Checked(Struct, frozen=True):
    """The result.

    :param kernel: the release, or the version, that was judged against; ``None`` when not known.
    :param changes: what is different in the later kernel that was asked for.
    """

    source: Source
    kernel: str | None
    flavour: Flavour | None
    arch: str | None
    verdicts: tuple[KconfigVerdict, ...]
    changes: tuple[Change, ...] = ()
    later: str | None = None

    @property
    def outcome(self) -> Outcome:
        """The one that speaks for all: fail, then error, then warn, then pass. Where nothing was judged, error."""
        outcomes = {verdict.outcome for verdict in self.verdicts}
        return next((one for one in _BY_WEIGHT if one in outcomes), Outcome.ERROR)

    @property
    def exit_code(self) -> int:
        """0 all passed (a warning is a pass), 1 a requirement failed, 3 something could not be found out."""
        codes = {Outcome.FAIL: ExitCode.FAILED, Outcome.ERROR: ExitCode.INFRASTRUCTURE}
        return int(codes.get(self.outcome, ExitCode.PASSED))

    def to_json(self) -> dict[str, object]:
        """The published shape, ``bringup.kconfig/1``."""
        document: dict[str, object] = {
            "schema": SCHEMA,
            "source": self.source.name,
            "kind": self.source.kind.value,
            "kernel": self.kernel,
            "flavour": self.flavour.value if self.flavour else None,
            "arch": self.arch,
            "outcome": self.outcome.value,
            "verdicts": [verdict.to_json() for verdict in self.verdicts],
        }
        if self.source.layers:
            document["layers"] = list(self.source.layers)
        if self.source.overrides:
            document["overrides"] = [_override(override) for override in self.source.overrides]
        if self.source.notes:
            document["notes"] = list(self.source.notes)
        if self.later is not None:
            document["for"] = self.later
            document["changes"] = [change.to_json() for change in self.changes]
        return document


def _override(override: Override) -> dict[str, str]:
    return {
        "symbol": override.symbol,
        "old": override.old,
        "new": override.new,
        "old_source": override.old_source,
        "new_source": override.new_source,
    }


def open_with_tree(paths: Sequence[Path], arch: str | None) -> tuple[Source, SourceTree | None]:
    """Read sources of which the first may be a kernel source tree: then its ``.config``, else its defconfig, is read.

    :raises UsageError: a tree without an architecture.
    :raises ConfigError: as :func:`~bringup.kernel.sources.configuration.open_source` and
        :func:`~bringup.kernel.kconfig.source_tree.read_tree`.
    """
    if not paths or not paths[0].is_dir():
        return open_source(paths), None
    root = paths[0]
    if not (root / "Kconfig").is_file():
        hint = "name a file, or the tree's top folder, where Kconfig and arch/ are"
        raise ConfigError(root, "is a folder, and no kernel source tree", hint=hint)
    if arch is None:
        raise UsageError(f"read the source tree {root}", "which architecture?", hint="add --arch arm64")
    from bringup.kernel.kconfig.source_tree import read_tree

    tree = read_tree(root, arch)
    folder = root / "arch" / tree.arch / "configs"
    candidates = [root / ".config", folder / "gki_defconfig", folder / "defconfig"]
    found = next((path for path in candidates if path.is_file()), None)
    if found is None:
        raise ConfigError(root, f"has no .config and no defconfig for {tree.arch}", hint="name the defconfig itself")
    return open_source([found, *paths[1:]]), tree


def check_source(source: Source, asked: Asked) -> Checked:
    """Judge a source. Pure but for what ``asked`` already holds."""
    tree = asked.tree
    version = asked.version or source.version or (tree.version if tree else None)
    evidence = _joined(asked.evidence, source.evidence)
    arch = asked.arch or (tree.arch if tree else None)
    subject = Subject.of(source.config, version, asked.flavour, arch, evidence, tree)
    kernel = subject.kernel
    config, target = source.config, kernel.version
    changes: tuple[Change, ...] = ()
    if asked.later is not None and config is not None:
        if kernel.version is None:
            raise UsageError("forecast", "which kernel the configuration is of is not known", hint="add --kernel 6.12")
        if asked.later < kernel.version:
            seen = f"{asked.later} is before {kernel.version}, which the configuration is of"
            raise UsageError("forecast", seen, hint="name a later kernel with --for")
        from bringup.kernel.requirements.forecast import carried_over, forecast

        changes = tuple(forecast(config, kernel.version, asked.later, kernel.flavour))
        config, target = carried_over(config, kernel.version, asked.later, kernel.flavour), asked.later
    verdicts = judge(
        config,
        target,
        kernel.flavour,
        kernel.arch,
        evidence,
        requirements=asked.wanted,
        symbols=tree if asked.later is None else None,
    )
    if tree is not None and source.config is not None:
        verdicts.append(_tree_verdict(source, tree))
    return Checked(
        source,
        str(kernel.version) if kernel.version else None,
        kernel.flavour,
        kernel.arch,
        tuple(verdicts),
        changes,
        str(asked.later) if asked.later else None,
    )


def mend(source: Source, asked: Asked, *, only_required: bool = False) -> Fragment:
    """The fragment for a source; see :func:`~bringup.kernel.requirements.fragment.make_fragment`.

    :raises BringupError: the source holds no configuration.
    """
    config = source.require_config("make a fragment")
    from bringup.kernel.requirements.fragment import make_fragment

    tree = asked.tree
    return make_fragment(
        config,
        asked.version or source.version or (tree.version if tree else None),
        asked.flavour,
        asked.arch or (tree.arch if tree else None),
        _joined(asked.evidence, source.evidence),
        requirements=asked.wanted,
        symbols=tree,
        outcomes=frozenset({Outcome.FAIL} if only_required else {Outcome.FAIL, Outcome.WARN}),
    )


def _joined(told: Evidence, found: Evidence) -> Evidence:
    """What a person told goes before what the source proves."""
    return Evidence(
        told.modules,
        told.modules_load if told.modules_load is not None else found.modules_load,
        told.heaps,
        told.cmdline if told.cmdline is not None else found.cmdline,
        told.cma_total,
        told.is_user_build,
    )


def _tree_verdict(source: Source, tree: SourceTree) -> KconfigVerdict:
    from bringup.kernel.kconfig.tree_check import check_against_tree

    config = source.config
    assert config is not None
    problems = check_against_tree(config, tree)
    title = f"The source tree takes every symbol as it is set ({tree.arch}, {tree.version})"
    if not problems:
        kind = "configuration" if source.kind is not SourceKind.FRAGMENT else "fragment"
        line = f"{len(config)} symbols of the {kind}: all defined, of the right type, dependencies met"
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
        Cause("kconfig.tree-drops", f"olddefconfig drops or changes {len(problems)} symbols without a word"),
        ("set what they depend on, or take them out",),
        symbols=tuple(problem.symbol for problem in problems[:_TREE_LINES]),
    )
