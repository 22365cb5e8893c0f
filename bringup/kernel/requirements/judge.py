"""Requirements × (configuration, version, evidence) → verdicts. Pure: reads no file, talks to no board."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from msgspec import Struct

from bringup.kernel.data.shipped import shipped_data
from bringup.kernel.history.symbols import History, Kernel, Symbols
from bringup.kernel.history.version import ANY_VERSION, Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.requirements.evidence import Evidence, Proof, ProofKind, Proven
from bringup.kernel.requirements.finding import Finding, State, find
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Answer, Cause, KconfigVerdict, Outcome, Severity

__all__ = ["Subject", "judge", "shipped_requirements"]

_NO_EVIDENCE = Evidence()
_HISTORY = History()
_UNMET = {
    Severity.REQUIRED: Outcome.FAIL,
    Severity.FORBIDDEN: Outcome.FAIL,
    Severity.RECOMMENDED: Outcome.WARN,
    Severity.INFORMATIVE: Outcome.SKIP,
}


class Subject(Struct, frozen=True):
    """What is judged: a configuration (``None``: could not be read), the kernel it is of, and what else was seen."""

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
        """Fill in what the configuration itself tells: its head comment, and the symbols of an Android kernel."""
        version = version or (config.version if config else None)
        told = version.flavour if version else None
        kernel = Kernel(
            version,
            flavour or told or (config.flavour if config else None),
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
    :param flavour: defaults to what the version and the configuration's symbols tell.
    :param arch: as the kernel spells it (``arm64``); defaults to the head comment.
    :param requirements: defaults to :func:`shipped_requirements`.
    :param symbols: who knows which symbols the kernel has; defaults to their shipped history.
    """
    subject = Subject.of(config, version, flavour, arch, evidence, symbols)
    wanted = shipped_requirements() if requirements is None else requirements
    return [_judge(requirement, subject) for requirement in wanted]


def _judge(requirement: Requirement, subject: Subject) -> KconfigVerdict:
    not_asked = _why_not_asked(requirement, subject)
    if not_asked is not None:
        return _verdict(requirement, Outcome.SKIP, Answer.NOT_ASKED, reason=not_asked)
    if requirement.kernel != ANY_VERSION and subject.kernel.version is None:
        return _verdict(
            requirement,
            Outcome.ERROR,
            Answer.VERSION_UNKNOWN,
            reason=f"asked of kernels {requirement.kernel} only, and this kernel's version is not known",
        )
    proof = _weigh(requirement.proofs, subject.evidence)
    if subject.config is None:
        return _without_config(requirement, proof)
    finding = find(requirement.need, subject.config, subject.kernel)
    if finding.state in {State.HOLDS, State.MODULE}:
        return _set_right(requirement, subject, finding, proof)
    return _set_otherwise(requirement, subject, finding, proof)


def _why_not_asked(requirement: Requirement, subject: Subject) -> str | None:
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
        return "asked of user builds only; this is none"
    if requirement.when is not None and subject.config is not None:
        condition = find(requirement.when, subject.config, subject.kernel)
        if condition.state not in {State.HOLDS, State.MODULE}:
            return f"asked only where {' and '.join(condition.wanted)}; here {'; '.join(condition.lines)}"
    return None


class _Weighed(Struct, frozen=True):
    proven: Proven
    by: str = ""
    lines: tuple[str, ...] = ()
    decisive: bool = False


def _weigh(proofs: Sequence[Proof], evidence: Evidence) -> _Weighed:
    """All proofs together. Where the heap nodes are known they decide; modules then only explain."""
    weighed = [(proof, *proof.weigh(evidence)) for proof in proofs]
    known = [entry for entry in weighed if entry[1] is not Proven.UNKNOWN]
    if not known:
        return _Weighed(Proven.UNKNOWN)
    lines = tuple(line for _, _, line in known)
    direct = [entry for entry in known if entry[0].kind is not ProofKind.MODULE]
    for wanted in (Proven.YES, Proven.AT_BOOT):
        for _, proven, line in direct or known:
            if proven is wanted:
                return _Weighed(proven, line, lines, decisive=bool(direct))
    return _Weighed(Proven.NO, "", lines, decisive=bool(direct))


def _without_config(requirement: Requirement, proof: _Weighed) -> KconfigVerdict:
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


def _set_right(requirement: Requirement, subject: Subject, finding: Finding, proof: _Weighed) -> KconfigVerdict:
    evidence = (*finding.lines, *proof.lines)
    spoiled = _weigh(requirement.spoiled_by, subject.evidence)
    if spoiled.proven is Proven.YES:
        reason = f"the configuration is right, but {spoiled.by}"
        return _verdict(requirement, Outcome.WARN, Answer.UNPROVEN, evidence=(*evidence, spoiled.by), reason=reason)
    if not requirement.proof_needed:
        return _verdict(requirement, Outcome.PASS, Answer.HOLDS, evidence=evidence, satisfied_by=finding.lines[0])
    if proof.proven in {Proven.YES, Proven.AT_BOOT}:
        by = finding.lines[0] if finding.state is State.HOLDS else proof.by
        return _verdict(requirement, Outcome.PASS, Answer.HOLDS, evidence=evidence, satisfied_by=by)
    return _not_proven(requirement, finding, proof, evidence)


def _not_proven(
    requirement: Requirement, finding: Finding, proof: _Weighed, evidence: tuple[str, ...]
) -> KconfigVerdict:
    """The configuration is right, and no fact of the board confirms it."""
    if finding.state is State.HOLDS and not proof.decisive:
        return _verdict(requirement, Outcome.PASS, Answer.HOLDS, evidence=evidence, satisfied_by=finding.lines[0])
    if finding.state is State.HOLDS:
        reason = f"{finding.lines[0]}, yet {proof.lines[0]}: is this the configuration of the kernel that runs?"
        return _verdict(requirement, Outcome.WARN, Answer.UNPROVEN, evidence=evidence, reason=reason)
    return _no_module(requirement, proof, evidence, f"{finding.lines[0]} builds a module")


def _no_module(requirement: Requirement, proof: _Weighed, evidence: tuple[str, ...], said: str) -> KconfigVerdict:
    """What the symbol gives comes from a module, and that module is not known to be loaded."""
    modules = [entry.pattern for entry in requirement.proofs if entry.kind is ProofKind.MODULE]
    remedy = (f"list {modules[0]}.ko in modules.load of vendor_boot or vendor_dlkm",) if modules else requirement.remedy
    if proof.proven is Proven.NO and proof.decisive:
        cause = Cause("kconfig.module-not-loaded", f"{said}, and {'; '.join(proof.lines)}")
        outcome = _UNMET[requirement.severity]
        return _verdict(
            requirement,
            outcome,
            Answer.SET_WRONG,
            evidence=evidence,
            cause=cause,
            remedy=remedy,
            reason=_told_only(outcome),
        )
    seen = "; ".join(proof.lines) or "whether it is loaded is not known"
    return _verdict(
        requirement, Outcome.WARN, Answer.UNPROVEN, evidence=evidence, reason=f"{said}; {seen}", remedy=remedy
    )


def _set_otherwise(requirement: Requirement, subject: Subject, finding: Finding, proof: _Weighed) -> KconfigVerdict:
    evidence = (*finding.lines, *proof.lines)
    if proof.proven in {Proven.YES, Proven.AT_BOOT}:
        return _verdict(requirement, Outcome.PASS, Answer.HOLDS, evidence=evidence, satisfied_by=proof.by)
    if finding.state is State.WRONG and subject.kernel.flavour in requirement.unset_is_right:
        return _no_module(
            requirement,
            proof,
            evidence,
            f"{finding.lines[0]}, as a {subject.kernel.flavour.value} kernel has it: a module provides it",
        )
    if finding.state is State.NO_SUCH_SYMBOL:
        reason = "; ".join(finding.reasons)
        return _verdict(requirement, Outcome.SKIP, Answer.NO_SUCH_SYMBOL, evidence=evidence, reason=reason)
    if finding.state is State.UNKNOWN:
        reason = "; ".join(finding.reasons)
        return _verdict(requirement, Outcome.WARN, Answer.UNPROVEN, evidence=evidence, reason=reason)
    if requirement.user_build_only and subject.evidence.is_user_build is None:
        reason = "asked of user builds only, and whether this is one is not known"
        return _verdict(requirement, Outcome.WARN, Answer.UNPROVEN, evidence=evidence, reason=reason)
    from bringup.kernel.requirements.setting import lines_to_set

    outcome = _UNMET[requirement.severity]
    cause = requirement.cause or Cause("kconfig.set-wrong", _why(requirement, finding))
    return _verdict(
        requirement,
        outcome,
        Answer.SET_WRONG,
        evidence=(*evidence, *finding.reasons),
        cause=cause,
        remedy=requirement.remedy or lines_to_set(requirement.need, subject.kernel, requirement.settings),
        reason=_told_only(outcome),
    )


def _why(requirement: Requirement, finding: Finding) -> str:
    wanted = f"wanted {' and '.join(finding.wanted)}"
    return f"{wanted}: {requirement.why}" if requirement.why else wanted


def _told_only(outcome: Outcome) -> str | None:
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
