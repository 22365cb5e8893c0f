"""The smallest set of configuration lines that makes every failed requirement pass, for ``merge_config.sh``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from bringup.kernel.history.symbols import Kernel, Symbols
from bringup.kernel.history.version import Flavour, KernelVersion
from bringup.kernel.kconfig.dotconfig import KernelConfig
from bringup.kernel.kconfig.effective import Effective
from bringup.kernel.requirements.evidence import Evidence
from bringup.kernel.requirements.judge import Subject, judge, shipped_requirements
from bringup.kernel.requirements.planning import Impossible, Plan, Planner
from bringup.kernel.requirements.requirement import Requirement
from bringup.kernel.requirements.verdict import Answer, KconfigVerdict
from bringup.outcome import Outcome

__all__ = ["Fragment", "FragmentLine", "make_fragment"]

# The shipped requirements need three rounds at most.
_ROUNDS = 8
_NOT_BY_CONFIG = frozenset({"kconfig.module-not-loaded"})


class FragmentLine(Struct, frozen=True):
    """One line.

    :param requirement: id of the requirement that asks for it.
    :param because: the symbol whose dependency it is, empty where the requirement names the symbol itself.
    """

    symbol: str
    value: str
    requirement: str
    because: str = ""

    def __str__(self) -> str:
        return f"# CONFIG_{self.symbol} is not set" if self.value == "n" else f"CONFIG_{self.symbol}={self.value}"


class Fragment(Struct, frozen=True):
    """Lines to merge, and requirements that no line can fix.

    :param impossible: requirement id and why.
    :param for_gki: the kernel is a GKI one, which only Google builds as it is shipped.
    """

    lines: tuple[FragmentLine, ...]
    impossible: tuple[tuple[str, str], ...]
    for_gki: bool = False

    def text(self) -> str:
        """As a file: each group of lines below the id of the requirement that asks for it."""
        out: list[str] = []
        last = ""
        for line in self.lines:
            if line.requirement != last:
                out.append(f"# {line.requirement}")
                last = line.requirement
            out.append(str(line))
        return "".join(f"{line}\n" for line in out)


def make_fragment(
    config: KernelConfig,
    version: KernelVersion | None = None,
    flavour: Flavour | None = None,
    arch: str | None = None,
    evidence: Evidence | None = None,
    *,
    requirements: Sequence[Requirement] | None = None,
    symbols: Symbols | None = None,
    outcomes: frozenset[Outcome] = frozenset({Outcome.FAIL, Outcome.WARN}),
) -> Fragment:
    """Find the lines that make requirements hold which do not.

    :param outcomes: which verdicts to fix: failed ones, and by default warnings, too.
    """
    chosen = shipped_requirements() if requirements is None else tuple(requirements)
    subject = Subject.of(config, version, flavour, arch, evidence, symbols)
    planner = Planner(config, subject.kernel)
    by_id = {requirement.id: requirement for requirement in chosen}
    plan = Plan()
    impossible: dict[str, str] = {}
    # A line that fixes one requirement can make another apply, so judge again with the lines merged.
    for _ in range(_ROUNDS):
        merged = _settled(config, subject.kernel, plan, chosen)
        verdicts = _judged_again(merged, subject, chosen)
        impossible.update(_not_in_the_tree(verdicts, outcomes))
        failed = _to_fix(verdicts, outcomes, impossible)
        if not failed:
            break
        for verdict in failed:
            try:
                plan = planner.meet(by_id[verdict.id], plan)
            except Impossible as error:
                impossible[verdict.id] = str(error)
        if _settled(config, subject.kernel, plan, chosen).values == merged.values:
            break
    for_gki = subject.kernel.flavour is Flavour.GKI
    return Fragment(tuple(_lines(plan, config)), tuple(impossible.items()), for_gki)


def _judged_again(config: KernelConfig, subject: Subject, requirements: Sequence[Requirement]) -> list[KconfigVerdict]:
    kernel = subject.kernel
    return judge(
        config,
        kernel.version,
        kernel.flavour,
        kernel.arch,
        subject.evidence,
        requirements=requirements,
        symbols=kernel.symbols,
    )


def _not_in_the_tree(verdicts: Iterable[KconfigVerdict], outcomes: frozenset[Outcome]) -> Iterable[tuple[str, str]]:
    return (
        (verdict.id, verdict.cause.text)
        for verdict in verdicts
        if verdict.answer is Answer.NO_SUCH_SYMBOL and verdict.outcome in outcomes and verdict.cause is not None
    )


def _to_fix(
    verdicts: Iterable[KconfigVerdict], outcomes: frozenset[Outcome], impossible: dict[str, str]
) -> list[KconfigVerdict]:
    return [
        verdict
        for verdict in verdicts
        if verdict.outcome in outcomes
        and verdict.id not in impossible
        and (verdict.answer is Answer.SET_WRONG or _lacks_a_line(verdict))
        and not (verdict.cause and verdict.cause.id in _NOT_BY_CONFIG)
    ]


def _lacks_a_line(verdict: KconfigVerdict) -> bool:
    """What a fragment sets may not stand without a further line."""
    return verdict.answer is Answer.UNPROVEN and any(line.startswith("CONFIG_") for line in verdict.remedy)


def _settled(config: KernelConfig, kernel: Kernel, plan: Plan, requirements: Sequence[Requirement]) -> KernelConfig:
    """The configuration as ``olddefconfig`` would leave it, as far as the requirements look at it."""
    if not plan.values:
        return config
    # Symbols that the plan makes visible: the configuration says nothing about them, so they get their defaults.
    before = Effective(config, kernel)
    names = {name for requirement in requirements for name in requirement.symbols}
    fresh = frozenset(
        name
        for name in names
        if name not in config.values and (era := kernel.era(name)) and era.depends and before.level(era.depends) == 0
    )
    # What then has another value: those defaults, and whatever the plan selects.
    after = Effective(config, kernel, plan.values, fresh)
    values = {**config.values, **plan.values}
    for name in names:
        value = after.value(name)
        if value and value != values.get(name) and (name in fresh or value == "y"):
            values[name] = value
    return replace(config, values=values, lines={})


def _lines(plan: Plan, config: KernelConfig) -> Iterable[FragmentLine]:
    for symbol, value in plan.values.items():
        if config.values.get(symbol) == value:
            continue
        reason = plan.reasons[symbol]
        yield FragmentLine(symbol, value, reason.requirement, reason.symbol)
