"""The rules for a reader, with the kinds of files in which each can find something: by the names and the readers."""

from __future__ import annotations

from bringup.scan.document import RuleDescription
from bringup.scan.knowledge.entry import Kind
from bringup.scan.knowledge.shipped import knowledge
from bringup.scan.language import Language
from bringup.scan.readers.c import C_KINDS
from bringup.scan.readers.elf import ELF_KINDS
from bringup.scan.readers.heap_names import HEAP_LANGUAGES, HEAP_RULES
from bringup.scan.readers.plain import kinds_of, rule_of
from bringup.scan.rule import Rule

__all__ = ["describe", "languages_of"]


def languages_of(rule_id: str) -> tuple[Language, ...]:
    """The languages in which a rule can find something."""
    if rule_id in HEAP_RULES:
        return tuple(language for language in Language if language in HEAP_LANGUAGES)
    return tuple(language for language in Language if rule_id in _rules_in(language))


def _rules_in(language: Language) -> set[str | None]:
    entries = knowledge().entries
    if language is Language.C:
        return {entry.rule for entry in entries if entry.kind in C_KINDS}
    if language is Language.ELF:
        return {entry.rule for entry in entries if entry.kind in ELF_KINDS}
    kinds: frozenset[Kind] = kinds_of(language)
    return {rule_of(entry, language) for entry in entries if entry.kind in kinds}


def describe(rule: Rule) -> RuleDescription:
    """The rule for a reader."""
    return RuleDescription(
        id=rule.id,
        title=rule.title,
        files=tuple(language.value for language in languages_of(rule.id)),
        ion=rule.ion,
        why=rule.why,
        replacement="\n".join(rule.replacement),
        since=rule.since,
        source=rule.source,
        kernel="\n".join(rule.kernel or rule.replacement),
    )
