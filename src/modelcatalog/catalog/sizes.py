"""Owns the sizes that names do not state: rules of the data files, by the words that a name has."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from modelcatalog import parser, vocabulary
from modelcatalog.catalog.index import fold
from modelcatalog.records import ModelName, Size

__all__ = ["SizeRule", "SizeRules", "by_month", "by_rules", "name_words", "near", "size_rules", "with_size"]

_STAGES = frozenset(
    (
        "instruct", "chat", "base", "thinking", "non-thinking", "reasoning", "moe", "preference", "dpo", "rl", "sft", "fine-tuned",
        "instruction-following", "aligned",
    )
)
"""Types that tell how a model was trained and not how large it is."""
_PARTS = frozenset(
    (
        "lora", "qlora", "adapter", "peft", "eagle", "eagle3", "medusa", "draft", "speculator", "nextn", "tokenizer", "mmproj", "pruned", "random",
        "dummy", "image", "latest",
    )
)
"""Words for what is not the whole model: its size is not the model's."""
_TUNED = 50 * 10**9
"""Below this, a name with further words is taken for a fine-tune of the same size; larger models are rarely tuned whole."""


_MONTH = len("2025-06")
_ROUNDED = 0.03
"""How far a name rounds the count: 236B for 235.7B."""


class SizeRule(NamedTuple):
    """The size of the names that have all these words."""

    words: frozenset[str]
    version: str | None
    total: int | None
    active: int | None
    default: bool
    """Whether it is for every name of the series that no other rule takes."""
    date: str
    """The date in the series' name, which goes before a rule without one: Command R-08-2024 is smaller than Command R."""
    month: str = ""
    """When the series came out: 2025-06."""


class SizeRules(NamedTuple):
    """A family's rules, those with the most words first."""

    all: tuple[SizeRule, ...]
    active: tuple[SizeRule, ...]
    """Those that know the active parameters: all that a name with a size can still learn."""



_NONE = SizeRules((), ())


def by_rules(name: ModelName) -> ModelName:
    """The same record with the sizes that the rules know and the name does not state."""
    rules = size_rules().get(name.family or "", _NONE)
    size = name.size
    if size is None or size.total is None or ("size.total", "estimate") in name.origins:
        rule = _size_rule(rules.all, name)
    elif size.active is None and rules.active:
        rule = _size_rule(rules.active, name)
    else:
        return name
    if rule is None and name.base is not None and ("size.total", "estimate") in name.origins:
        rule = _size_rule(size_rules().get(name.base.family or "", _NONE).all, name)  # internlm2-math-plus-mixtral8x22b
    return name if rule is None else with_size(name, rule)



def with_size(name: ModelName, rule: SizeRule) -> ModelName:
    """The record with what a rule knows and the name does not state."""
    size = name.size or Size()
    origins = dict(name.origins)
    total, active = size.total, size.active
    if active is None and rule.active is not None and rule.active == total and not rule.default:
        origins["size.active"] = "name"  # llama4-maverick-17b: of a mixture, the name states the active size
        total, active = rule.total, total
        origins["size.total"] = "catalog"
    if rule.total is not None and (total is None or origins.get("size.total") == "estimate"):
        total = rule.total
        origins["size.total"] = "catalog"
    if rule.active is not None and active is None and (total is None or rule.active < total):
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
    if unstated and words & _PARTS:
        return None
    date = _date(name)
    if date:
        rules = (*(rule for rule in rules if rule.date == date), *rules)
    for rule in rules:
        if (rule.version != version and rule.version is not None) or not rule.words <= words or (rule.date and date and rule.date != date):
            continue
        if not rule.default:
            return rule
        stated = None if size is None else size.total
        if (unstated or near(stated, rule.total)) and name.base is None and _same_size(rule, words, name):
            return rule
        return None
    return None


def by_month(name: ModelName) -> SizeRule | None:
    """The rule of the series that came out in the month that stands for the version: mistral-small-2506 is Small 3.2."""
    date, words = _date(name), name_words(name)
    if name.version is not None or len(date) != _MONTH:
        return None
    for rule in size_rules().get(name.family or "", _NONE).all:
        if rule.month == date and rule.version is not None and rule.words - {rule.version} <= words:
            return rule if not rule.default or _same_size(rule, words, name) else None
    return None


def near(total: int | None, other: int | None) -> bool:
    """Whether two counts are one model's: names round."""
    return total is not None and other is not None and abs(total - other) <= _ROUNDED * other


def _date(name: ModelName) -> str:
    """The date in a canonical name; empty: none."""
    return name.canonical.partition("@")[2]


def _same_size(rule: SizeRule, words: frozenset[str], name: ModelName) -> bool:
    """Whether the words beyond the rule's leave the size as it is."""
    stated = name.size is not None and name.size.total is not None and name.size.experts is None
    rest = words - rule.words - {(name.version or "").lower()}
    if stated:
        rest = frozenset(word for word in rest if not word[:1].isdigit())
    if any(word in _tiers() or word[:1].isdigit() for word in rest):
        return False
    unknown = rest - _STAGES - _variants() - set(name.types)
    changing = words.intersection(name.types) - _STAGES - rule.words  # a type that the version tells, as in GLM-4.5V, is no word
    return not changing and (not unknown or (rule.total or _TUNED) < _TUNED)


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
                    month = (entry.released or "")[:_MONTH]
                    rule = SizeRule(name_words(example), fold(example.version), total, active, not key, _date(example), month)
                    rules.setdefault(family.name, []).append(rule)
    ordered = {name: tuple(sorted(some, key=lambda rule: (rule.default, -len(rule.words)))) for name, some in rules.items()}
    return {name: SizeRules(some, tuple(rule for rule in some if rule.active is not None)) for name, some in ordered.items()}
