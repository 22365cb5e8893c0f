"""Which board config fits an observed board, and why."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bringup.config.schema import BoardConfig, Identity
from bringup.config.units import series_key

__all__ = ["Candidate", "Match", "MatchOutcome", "Observed", "match_board"]


class MatchOutcome(enum.StrEnum):
    """What came out of the comparison."""

    MATCHED = "matched"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Observed:
    """What a board says of itself; ``None`` and absent keys mean "not known"."""

    compatible: Sequence[str] | None = None
    properties: Mapping[str, str] | None = None
    kernel: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """One config held against the board: what agrees, what contradicts, what the board did not show."""

    config: BoardConfig
    agrees: tuple[str, ...]
    contradicts: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Something agrees and nothing contradicts. The kernel series alone identifies no board."""
        return bool(self.agrees) and not self.contradicts


@dataclass(frozen=True, slots=True)
class Match:
    """The outcome; ``fitting`` are the best candidates (one when matched, several when ambiguous)."""

    outcome: MatchOutcome
    fitting: tuple[Candidate, ...]
    explanation: str

    @property
    def config(self) -> BoardConfig | None:
        """The matching config, where there is exactly one."""
        return self.fitting[0].config if self.outcome is MatchOutcome.MATCHED else None


def match_board(observed: Observed, configs: Iterable[BoardConfig]) -> Match:
    """Find the config that fits.

    Of several that fit, the one with most agreements is taken; a config wins over the one that it extends.
    """
    candidates = [_compare(observed, config, config.identity) for config in configs if config.identity is not None]
    fitting = [candidate for candidate in candidates if candidate.fits]
    extended = {candidate.config.extends for candidate in fitting}
    fitting = [candidate for candidate in fitting if candidate.config.name not in extended]
    most = max((len(candidate.agrees) for candidate in fitting), default=0)
    best = tuple(candidate for candidate in fitting if len(candidate.agrees) == most)
    if len(best) == 1:
        text = f"{best[0].config.name}: {'; '.join(best[0].agrees)}"
        return Match(MatchOutcome.MATCHED, best, text)
    if best:
        return Match(MatchOutcome.AMBIGUOUS, best, _ambiguous(best))
    return Match(MatchOutcome.NONE, (), _none(observed, candidates))


def _compare(observed: Observed, config: BoardConfig, identity: Identity) -> Candidate:
    agrees: list[str] = []
    contradicts: list[str] = []
    unknown: list[str] = []
    if identity.compatible:
        shown = [name for name in identity.compatible if name in (observed.compatible or ())]
        if not observed.compatible:
            unknown.append("device tree compatible")
        elif shown:
            agrees.append(f"compatible {shown[0]}")
        else:
            contradicts.append(
                f"compatible is {', '.join(observed.compatible)}, not {' or '.join(identity.compatible)}"
            )
    for name, value in identity.properties.items():
        seen = (observed.properties or {}).get(name)
        if seen is None or seen == "":
            unknown.append(f"property {name}")
        elif seen == value:
            agrees.append(f"{name}={value}")
        else:
            contradicts.append(f"{name}={seen}, not {value}")
    if identity.kernel is not None:
        _compare_kernel(observed, identity.kernel, agrees, contradicts, unknown)
    return Candidate(config, tuple(agrees), tuple(contradicts), tuple(unknown))


def _compare_kernel(
    observed: Observed, wanted: str, agrees: list[str], contradicts: list[str], unknown: list[str]
) -> None:
    try:
        series = series_key(observed.kernel or "")
    except ValueError:
        unknown.append("kernel series")
        return
    if series != series_key(wanted):
        contradicts.append(f"kernel {series[0]}.{series[1]}, not {wanted}")
    elif agrees:
        agrees.append(f"kernel {wanted}")


def _ambiguous(best: Sequence[Candidate]) -> str:
    agrees = "; ".join(best[0].agrees)
    names = " and ".join(candidate.config.name for candidate in best)
    unknown = dict.fromkeys(item for candidate in best for item in candidate.unknown)
    missing = f"; the board did not show: {', '.join(unknown)}" if unknown else ""
    return f"{names} fit equally ({agrees}{missing})"


def _none(observed: Observed, candidates: Sequence[Candidate]) -> str:
    near = max(candidates, key=lambda candidate: len(candidate.agrees), default=None)
    if near is not None and near.agrees:
        against = "; ".join(near.contradicts)
        return f"nearest is {near.config.name} ({'; '.join(near.agrees)}), but {against}"
    if not observed.compatible and not observed.properties:
        return "nothing to match a board config by: the board shows no device tree compatible and no Android properties"
    seen = ", ".join(observed.compatible or ()) or "no device tree"
    return f"no config names this board ({seen})"
