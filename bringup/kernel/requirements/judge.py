"""Requirements × (configuration, version, evidence) → verdicts. Pure: reads no file, talks to no board."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from msgspec import Struct

from bringup.kernel.data.shipped import shipped_data
from bringup.kernel.history.symbols import History, Kernel, Symbols
from bringup.kernel.history.version import ANY_VERSION, Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.requirements.config_lines import lines_to_set
from bringup.kernel.requirements.evidence import Evidence, Unseen
from bringup.kernel.requirements.need_check import NeedCheck, NeedState, check_need
from bringup.kernel.requirements.proof import (
    ProofKind,
    Proven,
    WeighedProofs,
    is_built,
    proofs_of_this_board,
    weigh_proofs,
)
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Answer, KconfigVerdict, Severity
from bringup.outcome import Cause, Outcome

__all__ = ["Subject", "judge", "shipped_requirements"]

_NO_EVIDENCE = Evidence()
_BOARD_COUNTS = "what is there counts before the configuration"
_HISTORY = History()
_UNMET = {
    Severity.REQUIRED: Outcome.FAIL,
    Severity.FORBIDDEN: Outcome.FAIL,
    Severity.RECOMMENDED: Outcome.WARN,
    Severity.INFORMATIVE: Outcome.SKIP,
}


class Subject(Struct, frozen=True):
    """What is judged: a configuration (``None``: could not be read), its kernel, and what else was seen."""

    config: KernelConfig | None
    kernel: Kernel
    evidence: Evidence

    @classmethod
    def of(
        cls,
        config: KernelConfig | None,
        version: KernelVersion | None = None,
        flavour: Flavour | None = None,
        arch: str | None = None,
        evidence: Evidence | None = None,
        symbols: Symbols | None = None,
    ) -> Subject:
        """Fill in what the configuration itself says: its head comment, and symbols that only an Android kernel has."""
        version = version or (config.version if config else None)
        kernel = Kernel(
            version,
            flavour or (version.flavour if version else None) or (config.flavour if config else None),
            arch or (config.arch if config else None),
            symbols or _HISTORY,
        )
        return cls(config, kernel, evidence or _NO_EVIDENCE)


@cache
def shipped_requirements() -> tuple[Requirement, ...]:
    """The requirements that come with bringup, in the order of their files."""
    files = shipped_data()["requirements"]
    return tuple(Requirement.from_data(entry, name) for name, entries in files.items() for entry in entries)


def judge(
    config: KernelConfig | None,
    version: KernelVersion | None = None,
    flavour: Flavour | None = None,
    arch: str | None = None,
    evidence: Evidence | None = None,
    *,
    requirements: Iterable[Requirement] | None = None,
    symbols: Symbols | None = None,
) -> list[KconfigVerdict]:
    """Judge a kernel against requirements, one verdict each, in their order.

    :param config: ``None`` when it could not be read; then only evidence can satisfy a requirement.
    :param version: defaults to the configuration's head comment.
    :param flavour: defaults to what the version and the configuration's symbols say.
    :param arch: as the kernel spells it (``arm64``); defaults to the head comment.
    :param requirements: defaults to :func:`shipped_requirements`.
    :param symbols: which symbols the kernel has; defaults to their shipped history.
    """
    subject = Subject.of(config, version, flavour, arch, evidence, symbols)
    chosen = shipped_requirements() if requirements is None else requirements
    return [_judge(requirement, subject) for requirement in chosen]


def _judge(requirement: Requirement, subject: Subject) -> KconfigVerdict:
    reason = _why_not_applicable(requirement, subject)
    if reason is not None:
        return _verdict(requirement, Outcome.SKIP, Answer.NOT_ASKED, reason=reason)
    if requirement.kernel != ANY_VERSION and subject.kernel.version is None:
        return _verdict(
            requirement,
            Outcome.ERROR,
            Answer.VERSION_UNKNOWN,
            reason=f"asked of kernels {requirement.kernel} only, and this kernel's version is not known",
            remedy=("pass the release: --kernel 6.12, or as uname -r says it",),
        )
    if requirement.user_build_only and Unseen.PROPERTIES in subject.evidence.lost_before:
        return _lost(requirement, Unseen.PROPERTIES, (), "whether this is a user build is not known")
    proof = weigh_proofs(proofs_of_this_board(requirement.proofs, subject.config, subject.evidence), subject.evidence)
    if subject.config is None:
        return _without_config(requirement, proof)
    check = check_need(requirement.need, subject.config, subject.kernel)
    if check.state in {NeedState.HOLDS, NeedState.MODULE}:
        return _set_right(requirement, subject, check, proof)
    return _set_otherwise(requirement, subject, check, proof)


def _why_not_applicable(requirement: Requirement, subject: Subject) -> str | None:
    version, evidence = subject.kernel.version, subject.evidence
    if version is not None and version not in requirement.kernel:
        return f"asked of kernels {requirement.kernel} only; this is {version}"
    if (
        requirement.flavours
        and subject.kernel.flavour is not None
        and subject.kernel.flavour not in requirement.flavours
    ):
        return f"asked of {_words(requirement.flavours)} kernels only; this is {subject.kernel.flavour.value}"
    if requirement.archs and subject.kernel.arch is not None and subject.kernel.arch not in requirement.archs:
        return f"asked on {_words(requirement.archs)} only; this is {subject.kernel.arch}"
    if requirement.user_build_only and evidence.is_user_build is False:
        return "asked of user builds only; this is not a user build"
    if requirement.when is not None and subject.config is not None:
        condition = check_need(requirement.when, subject.config, subject.kernel)
        if condition.state not in {NeedState.HOLDS, NeedState.MODULE}:
            return f"asked only where {' and '.join(condition.accepted)}; here {'; '.join(condition.lines)}"
    return None


def _without_config(requirement: Requirement, proof: WeighedProofs) -> KconfigVerdict:
    if proof.proven in {Proven.YES, Proven.AT_BOOT}:
        return _verdict(requirement, Outcome.PASS, Answer.HOLDS, evidence=proof.lines, satisfied_by=proof.by)
    return _verdict(
        requirement,
        Outcome.SKIP if requirement.severity is Severity.INFORMATIVE else Outcome.ERROR,
        Answer.UNREADABLE,
        evidence=proof.lines,
        reason="the kernel's configuration could not be read",
        remedy=("set CONFIG_IKCONFIG=y and CONFIG_IKCONFIG_PROC=y, or name the kernel's .config or boot image",),
    )


def _set_right(requirement: Requirement, subject: Subject, check: NeedCheck, proof: WeighedProofs) -> KconfigVerdict:
    evidence = (*check.lines, *proof.lines)
    spoiled = weigh_proofs(requirement.spoiled_by, subject.evidence)
    if spoiled.proven is Proven.YES:
        reason = f"the configuration is right, but {spoiled.by}"
        return _verdict(requirement, Outcome.WARN, Answer.UNPROVEN, evidence=(*evidence, spoiled.by), reason=reason)
    if not requirement.proof_needed:
        return _verdict(requirement, Outcome.PASS, Answer.HOLDS, evidence=evidence, satisfied_by=check.lines[0])
    if proof.proven in {Proven.YES, Proven.AT_BOOT}:
        by = check.lines[0] if check.state is NeedState.HOLDS else proof.by
        return _verdict(requirement, Outcome.PASS, Answer.HOLDS, evidence=evidence, satisfied_by=by)
    return _not_proven(requirement, subject, check, proof, evidence)


def _not_proven(
    requirement: Requirement, subject: Subject, check: NeedCheck, proof: WeighedProofs, evidence: tuple[str, ...]
) -> KconfigVerdict:
    """The configuration is right, and no fact of the board confirms it."""
    if Unseen.HEAPS in subject.evidence.lost_before:
        return _lost(requirement, Unseen.HEAPS, evidence, _BOARD_COUNTS)
    if check.state is NeedState.HOLDS and not proof.decisive:
        return _verdict(requirement, Outcome.PASS, Answer.HOLDS, evidence=evidence, satisfied_by=check.lines[0])
    if check.state is NeedState.HOLDS:
        reason = f"{check.lines[0]}, yet {proof.lines[0]}: is this the configuration of the kernel that runs?"
        return _verdict(requirement, Outcome.WARN, Answer.UNPROVEN, evidence=evidence, reason=reason)
    return _no_module(requirement, subject, proof, evidence, f"{check.lines[0]} builds a module")


def _no_module(
    requirement: Requirement, subject: Subject, proof: WeighedProofs, evidence: tuple[str, ...], config_line: str
) -> KconfigVerdict:
    """A module has to provide it, and that module is not known to be loaded."""
    fix = _modules_to_load(requirement, subject) or requirement.remedy
    if proof.proven is Proven.NO and proof.decisive:
        cause = Cause("kconfig.module-not-loaded", f"{config_line}, and {'; '.join(proof.lines)}")
        outcome = _UNMET[requirement.severity]
        return _verdict(
            requirement,
            outcome,
            Answer.SET_WRONG,
            evidence=evidence,
            cause=cause,
            remedy=fix,
            reason=_for_information(outcome),
        )
    seen = "; ".join(proof.lines) or "whether it is loaded is not known"
    return _verdict(
        requirement, Outcome.WARN, Answer.UNPROVEN, evidence=evidence, reason=f"{config_line}; {seen}", remedy=fix
    )


def _lost(requirement: Requirement, before: Unseen, evidence: tuple[str, ...], why: str) -> KconfigVerdict:
    """The board was lost before it showed what decides. Information is not asked for, so that its want is no error."""
    outcome = Outcome.SKIP if requirement.severity is Severity.INFORMATIVE else Outcome.ERROR
    reason = f"the board was lost before {before.value}, and {why}"
    return _verdict(requirement, outcome, Answer.UNPROVEN, evidence=evidence, reason=reason)


def _takes_modules(requirement: Requirement, subject: Subject) -> bool:
    """Whether the kernel has what the module that provides it needs, as far as is known."""
    if requirement.module_needs is None or subject.config is None:
        return True
    state = check_need(requirement.module_needs, subject.config, subject.kernel).state
    return state not in {NeedState.WRONG, NeedState.NO_SUCH_SYMBOL}


def _modules_to_load(requirement: Requirement, subject: Subject) -> tuple[str, ...]:
    """Which module to load: the one that this configuration builds. Where it names none, all that are known."""
    modules = [proof for proof in requirement.proofs if proof.kind is ProofKind.MODULE]
    built = [proof for proof in modules if is_built(proof, subject.config)]
    if built or len(modules) == 1:
        return (f"list {(built or modules)[0].pattern}.ko in modules.load of vendor_boot or vendor_dlkm",)
    if not modules:
        return ()
    others = ", ".join(f"{proof.pattern}.ko" for proof in modules[1:])
    name = f"{modules[0].pattern}.ko, or the vendor's own ({others})"
    return (f"list the module that provides it in modules.load of vendor_boot or vendor_dlkm: {name}",)


def _set_otherwise(
    requirement: Requirement, subject: Subject, check: NeedCheck, proof: WeighedProofs
) -> KconfigVerdict:
    evidence = (*check.lines, *proof.lines)
    if proof.proven in {Proven.YES, Proven.AT_BOOT}:
        return _verdict(requirement, Outcome.PASS, Answer.HOLDS, evidence=evidence, satisfied_by=proof.by)
    if Unseen.HEAPS in subject.evidence.lost_before and requirement.proofs:
        return _lost(requirement, Unseen.HEAPS, evidence, _BOARD_COUNTS)
    lacks = check.state in {NeedState.WRONG, NeedState.NO_SUCH_SYMBOL}
    if lacks and subject.kernel.flavour in requirement.unset_is_right and _takes_modules(requirement, subject):
        return _no_module(
            requirement,
            subject,
            proof,
            evidence,
            f"{check.lines[0]}, as a {subject.kernel.flavour.value} kernel has it: a module provides it",
        )
    if check.state is NeedState.NO_SUCH_SYMBOL:
        return _no_such_symbol(requirement, check, evidence)
    if check.state is NeedState.UNKNOWN:
        return _not_known(requirement, subject, check, evidence)
    if requirement.user_build_only and subject.evidence.is_user_build is None:
        reason = "asked of user builds only, and whether this is one is not known"
        # Only Android has user builds.
        outcome = Outcome.SKIP if subject.kernel.flavour is Flavour.MAINLINE else Outcome.WARN
        return _verdict(requirement, outcome, Answer.UNPROVEN, evidence=evidence, reason=reason)
    outcome = _UNMET[requirement.severity]
    cause = requirement.cause or Cause("kconfig.set-wrong", _why(requirement, check))
    return _verdict(
        requirement,
        outcome,
        Answer.SET_WRONG,
        evidence=(*evidence, *check.reasons),
        cause=cause,
        remedy=_remedy(requirement, subject),
        reason=_for_information(outcome),
    )


def _not_known(
    requirement: Requirement, subject: Subject, check: NeedCheck, evidence: tuple[str, ...]
) -> KconfigVerdict:
    """The configuration does not say it, or what it says may not stand."""
    config, reason = subject.config, "; ".join(check.reasons)
    is_set = config is not None and any(symbol in config for symbol in requirement.symbols)
    lines = _lines_with_dependencies(requirement, subject, ()) if is_set else ()
    nobody_asks = requirement.user_build_only and subject.evidence.is_user_build is None and not is_set
    outcome = Outcome.SKIP if nobody_asks or requirement.severity is Severity.INFORMATIVE else Outcome.WARN
    return _verdict(requirement, outcome, Answer.UNPROVEN, evidence=evidence, reason=reason, remedy=lines)


def _no_such_symbol(requirement: Requirement, check: NeedCheck, evidence: tuple[str, ...]) -> KconfigVerdict:
    """The kernel's tree does not have it, so no line helps."""
    if requirement.absent is None:
        reason = "; ".join(check.reasons)
        return _verdict(requirement, Outcome.SKIP, Answer.NO_SUCH_SYMBOL, evidence=evidence, reason=reason)
    return _verdict(
        requirement,
        _UNMET[requirement.severity],
        Answer.NO_SUCH_SYMBOL,
        evidence=(*evidence, *check.reasons),
        cause=requirement.absent.cause,
        remedy=requirement.absent.remedy,
    )


def _remedy(requirement: Requirement, subject: Subject) -> tuple[str, ...]:
    """The lines to set, those of dropped lines' dependencies included. On GKI, what to do instead comes first."""
    plain = lines_to_set(requirement.need, subject.kernel, requirement.settings)
    lines = requirement.remedy or _lines_with_dependencies(requirement, subject, plain)
    if subject.kernel.flavour is not Flavour.GKI or not requirement.on_gki:
        return lines
    return (*requirement.on_gki, f"only in a kernel that you build yourself: {', '.join(lines)}")


def _lines_with_dependencies(requirement: Requirement, subject: Subject, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """What a fragment, or a vendor's whole configuration, lacks so that the requirement holds, dependencies included.

    :param otherwise: the lines where nothing can be set. Those of mainline's whole configurations have no dependency
        that another requirement does not name.
    """
    config = subject.config
    if config is None or (config.complete and subject.kernel.flavour is Flavour.MAINLINE):
        return otherwise
    from bringup.kernel.requirements.planning import Impossible, Plan, Planner

    try:
        plan = Planner(config, subject.kernel).meet(requirement, Plan())
    except Impossible:
        return otherwise
    missing = {name: value for name, value in plan.values.items() if config.values.get(name) != value}
    return tuple(f"CONFIG_{name}={value}" for name, value in missing.items() if value != "n") or otherwise


def _why(requirement: Requirement, check: NeedCheck) -> str:
    needed = f"wanted {' and '.join(check.accepted)}"
    return f"{needed}: {requirement.why}" if requirement.why else needed


def _for_information(outcome: Outcome) -> str | None:
    return "for information: nothing is asked" if outcome is Outcome.SKIP else None


def _words(words: Iterable[str]) -> str:
    return " or ".join(sorted(words))


def _verdict(
    requirement: Requirement,
    outcome: Outcome,
    answer: Answer,
    *,
    evidence: tuple[str, ...] = (),
    cause: Cause | None = None,
    remedy: tuple[str, ...] = (),
    reason: str | None = None,
    satisfied_by: str | None = None,
) -> KconfigVerdict:
    return KconfigVerdict(
        requirement.id,
        requirement.title,
        outcome,
        answer,
        requirement.severity,
        evidence,
        cause,
        remedy,
        reason,
        satisfied_by,
        requirement.symbols,
        requirement.heap,
    )
