"""Owns the sizes that names do not state: rules of the data files, by the words that a name has."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from modelcatalog import parser, vocabulary
from modelcatalog.catalog.index import fold
from modelcatalog.records import ModelName, Size

__all__ = ["SizeRule", "SizeRules", "by_rules", "name_words", "size_rules", "with_size"]

_STAGES = frozenset(
    (
        "instruct", "chat", "base", "thinking", "non-thinking", "reasoning", "moe", "preference", "dpo", "rl", "sft", "fine-tuned",
        "instruction-following", "aligned",
    )
)
"""Types that tell how a model was trained and not how large it is."""
_TUNED = 50 * 10**9
"""Below this, a name with further words is taken for a fine-tune of the same size; larger models are rarely tuned whole."""


class SizeRule(NamedTuple):
    """The size of the names that have all these words."""

    words: frozenset[str]
    version: str | None
    total: int | None
    active: int | None
    default: bool
    """Whether it is for every name of the series that no other rule takes."""


class SizeRules(NamedTuple):
    """A family's rules, those with the most words first."""

    all: tuple[SizeRule, ...]
    active: tuple[SizeRule, ...]
    """Those that know the active parameters: all that a name with a size can still learn."""



def by_rules(name: ModelName) -> ModelName:
    """The same record with the sizes that the rules know and the name does not state."""
    rules = size_rules().get(name.family or "")
    if rules is None:
        return name
    size = name.size
    if size is None or size.total is None or ("size.total", "estimate") in name.origins:
        rule = _size_rule(rules.all, name)
    elif size.active is None and rules.active:
        rule = _size_rule(rules.active, name)
    else:
        return name
    return name if rule is None else with_size(name, rule)



def with_size(name: ModelName, rule: SizeRule) -> ModelName:
    """The record with what a rule knows and the name does not state."""
    size = name.size or Size()
    origins = dict(name.origins)
    total, active = size.total, size.active
    if rule.total is not None and (total is None or origins.get("size.total") == "estimate"):
        total = rule.total
        origins["size.total"] = "catalog"
    if rule.active is not None and active is None:
        active = rule.active
        origins["size.active"] = "catalog"
    if (total, active) == (size.total, size.active):
        return name
    filled = parser.size_of(size.label, total, active, size.experts)
    return parser.changed(name, size=filled, origins=tuple(origins.items()))


def name_words(name: ModelName) -> frozenset[str]:
    """The words of the canonical name, without its date."""
    return frozenset(name.canonical.partition("@")[0].split("-"))


def _size_rule(rules: tuple[SizeRule, ...], name: ModelName) -> SizeRule | None:
    """The rule with the most words that all are in the name; the default only where the other words change no size."""
    words, version = name_words(name), fold(name.version)
    size = name.size
    unstated = size is None or (size.total is None and size.active is None) or ("size.total", "estimate") in name.origins
    for rule in rules:
        if rule.version != version and rule.version is not None or not rule.words <= words:
            continue
        if not rule.default:
            return rule
        if unstated and name.base is None and _same_size(rule, words, name):
            return rule
        return None
    return None


def _same_size(rule: SizeRule, words: frozenset[str], name: ModelName) -> bool:
    """Whether the words beyond the rule's leave the size as it is."""
    rest = words - rule.words - {(name.version or "").lower()}
    if any(word in _tiers() or word[:1].isdigit() for word in rest):
        return False
    unknown = rest - _STAGES - _variants() - set(name.types)
    return not (set(name.types) - _STAGES - rule.words) and (not unknown or (rule.total or _TUNED) < _TUNED)


@cache
def _variants() -> frozenset[str]:
    return frozenset(vocabulary.variants())


@cache
def _tiers() -> frozenset[str]:
    return frozenset(vocabulary.tiers())


@cache
def size_rules() -> dict[str, SizeRules]:
    """Family -> its rules."""
    rules: dict[str, list[SizeRule]] = {}
    for file in vocabulary.companies():
        for family in file.family:
            for entry in family.series:
                for key, text in entry.sizes.items():
                    example = parser.read(f"{entry.name}-{key}" if key else entry.name)
                    total, active = vocabulary.split_size(text)
                    rules.setdefault(family.name, []).append(SizeRule(name_words(example), fold(example.version), total, active, not key))
    ordered = {name: tuple(sorted(some, key=lambda rule: (rule.default, -len(rule.words)))) for name, some in rules.items()}
    return {name: SizeRules(some, tuple(rule for rule in some if rule.active is not None)) for name, some in ordered.items()}
