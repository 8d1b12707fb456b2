"""Owns the sizes that names do not state: rules of the data files, by the words that a name has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from modelcatalog import names, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modelcatalog.entries import CompanyFile
    from modelcatalog.names.record import Origins
    from modelcatalog.records import Identity, ModelName, Size

__all__ = ["SizeRule", "Sizes", "by_month", "by_rules", "fold", "known_size", "name_words", "near", "size_rules", "with_size"]

_TUNED = 50 * 10**9
"""Below this, a name with further words is taken for a fine-tune of the same size; larger models are rarely tuned whole."""


_TAUGHT = 2
"""A name that states less than half of what a rule knows states the size of a student."""
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
    month: str
    """When the series came out: 2025-06; empty: nobody has written it down."""


_Row = list[Any]
"""The fields of a rule."""
_ByVersion = dict[str | None, tuple[SizeRule, ...]]
"""Version -> the rules for its names, its own and those of series without one; None: only the latter, for every other version."""


class Sizes(NamedTuple):
    """What the catalog knows of the sizes in a family; the rules with the most words come first."""

    all: _ByVersion
    active: _ByVersion
    """The rules that know the active parameters: all that a name with a size can still learn."""
    by_month: dict[str, tuple[SizeRule, ...]]
    """The rules of series with a version, by the month in which these came out."""


_ESTIMATE = ("size.total", "estimate")
_NONE: Final = Sizes({None: ()}, {None: ()}, {})


def by_rules(name: ModelName) -> ModelName:
    """The same record with the sizes that its family's rules know and the name does not state."""
    if name.family is None:
        return name
    sized = known_size(name.family, name.version, name.size, name.origins, name.identity, name.types, name.base)
    return name if sized is None else names.changed(name, size=sized[0], origins=sized[1])


def known_size(  # noqa: PLR0917  what a record states, before there is one: most names pass here
    family: str, stated: str | None, size: Size | None, origins: Origins, identity: Identity, types: tuple[str, ...], base: ModelName | None,
) -> tuple[Size, Origins] | None:  # fmt: skip
    """The size and the origins of a name whose family's rules know of its size what it does not state; None: they know nothing more."""
    known = _SIZE_RULES()
    sizes = known.made.get(family) or known.get(family)
    if sizes is None:
        if base is None:
            return None
        sizes = _NONE
    if size is None:
        estimated, unstated, table = False, True, sizes.all
    else:
        total, active = size.total, size.active
        estimated = size.experts is not None and _ESTIMATE in origins
        if total is None or estimated:
            table = sizes.all
        elif active is None:
            table = sizes.active
        else:
            return None
        unstated = estimated or (total is None and active is None)
    version = None if stated is None else stated.lower()
    rules = table[version if version in table else None]
    rule = _size_rule(rules, identity, version, size, types, based=base is not None, unstated=unstated) if rules else None
    if rule is None and estimated and base is not None:
        table = (size_rules().get(base.family or "") or _NONE).all
        rules = table[version if version in table else None]
        rule = _size_rule(rules, identity, version, size, types, based=True, unstated=True)  # internlm2-math-plus-mixtral8x22b
    return None if rule is None else _filled(size, origins, rule)


def with_size(name: ModelName, rule: SizeRule) -> ModelName:
    """The record with what a rule knows and the name does not state."""
    sized = _filled(name.size, name.origins, rule)
    return name if sized is None else names.changed(name, size=sized[0], origins=sized[1])


def _filled(size: Size | None, before: Origins, rule: SizeRule) -> tuple[Size, Origins] | None:
    label = total = active = experts = None
    if size is not None:
        label, total, active, experts = size.label, size.total, size.active, size.experts
    stated = (total, active)
    origins = dict(before)
    if active is None and rule.active is not None and rule.active == total and not rule.default:
        origins["size.active"] = "name"  # llama4-maverick-17b: of a mixture, the name states the active size
        total, active = rule.total, total
        origins["size.total"] = "catalog"
    if rule.total is not None and (total is None or origins.get("size.total") == "estimate"):
        total = rule.total
        origins["size.total"] = "catalog"
    taught = total is not None and rule.total is not None and _TAUGHT * total < rule.total  # gpt-oss-120b-distill-qwen3-4b
    if rule.active is not None and active is None and (total is None or rule.active < total) and not taught:
        active = rule.active
        origins["size.active"] = "catalog"
    return None if (total, active) == stated else (names.size_of(label, total, active, experts), tuple(origins.items()))


def name_words(name: ModelName) -> frozenset[str]:
    """The words of the canonical name, without its date."""
    return frozenset(_words(name.identity))


def _words(identity: Identity) -> set[str]:
    family, version, each, _, _ = identity
    words = set(each)
    if family:
        words.add(family)
    if version:
        words.add(version)
    words.discard("")
    return words


def _size_rule(
    rules: tuple[SizeRule, ...], identity: Identity, version: str | None, size: Size | None, types: tuple[str, ...], *, based: bool, unstated: bool,
) -> SizeRule | None:  # fmt: skip
    """The rule with the most words that all are in the name; the default only where the other words change no size."""
    words, date = _words(identity), identity.date
    if date:
        rules = (*(rule for rule in rules if rule.date == date), *rules)
    for rule in rules:
        if rule.words <= words and not (date and rule.date and rule.date != date):
            if unstated and (size is None or size.experts is None) and not words.isdisjoint(_parts()):
                return None
            return rule if not rule.default or (not based and _same_size(rule, words, version, size, types, unstated=unstated)) else None
    return None


def by_month(name: ModelName) -> SizeRule | None:
    """The rule of the series that came out in the month that stands for the version: mistral-small-2506 is Small 3.2."""
    if name.version is not None:
        return None
    words = _words(name.identity)
    for rule in (size_rules().get(name.family or "") or _NONE).by_month.get(name.identity.date, ()):
        if rule.words - {rule.version} <= words:
            return rule if not rule.default or _same_size(rule, words, None, name.size, name.types, unstated=True) else None
    return None


def near(total: int | None, other: int | None) -> bool:
    """Whether two counts are one model's: names round."""
    return total is not None and other is not None and abs(total - other) <= _ROUNDED * other


def _same_size(rule: SizeRule, words: set[str], version: str | None, size: Size | None, types: tuple[str, ...], *, unstated: bool) -> bool:
    """Whether the words beyond the rule's leave the size as it is."""
    total = None if size is None else size.total
    if not (unstated or near(total, rule.total)):
        return False
    stated = size is not None and total is not None and size.experts is None
    tiers, rest = _tiers(), []
    for word in words:
        if word in rule.words or word == version:
            continue
        counts = word[:1].isdigit()
        if counts and stated:
            continue
        if counts or word in tiers:
            return False
        rest.append(word)
    for kind in types:
        if kind in words and kind not in _same_size_types() and kind not in rule.words:
            return False  # a type that the version tells, as in GLM-4.5V, is not a word
    if (rule.total or _TUNED) < _TUNED:
        return True
    same, anyone = _words_of_stages(), _by_anyone()
    return all((word in same or word in types) and word not in anyone for word in rest)


@vocabulary.derived
def _words_of_stages() -> frozenset[str]:
    """Words that tell how a model was trained or which edition it is, and not how large it is."""
    return _same_size_types() | frozenset(vocabulary.variants())


@vocabulary.derived
def _same_size_types() -> frozenset[str]:
    return frozenset(vocabulary.flagged("same_size"))


@vocabulary.derived
def _by_anyone() -> frozenset[str]:
    return frozenset(vocabulary.flagged("by_anyone"))


@vocabulary.derived
def _parts() -> frozenset[str]:
    return vocabulary.parts()


@vocabulary.derived
def _tiers() -> frozenset[str]:
    return frozenset(vocabulary.tiers())


class SizeTable:
    """Family -> its rules, which become what they are when the family is first asked for."""

    __slots__ = ("_rows", "made")

    def __init__(self, rows: Mapping[str, list[_Row]]) -> None:
        self._rows = rows
        self.made: dict[str, Sizes | None] = dict.fromkeys(rows)
        """Those that are there, None for the others. Who asks often may look here first: a look takes no Python frame then."""

    def get(self, family: str) -> Sizes | None:
        """A family's rules, where it has any."""
        found = self.made.get(family)
        if found is None and family in self.made:
            rows = self._rows[family]
            found = self.made[family] = _sizes([SizeRule(frozenset(row[0]), *row[1:]) for row in rows[1:]], frozenset(rows[0]))
        return found


@vocabulary.derived
def size_rules() -> SizeTable:
    """The rules of every family."""
    return SizeTable(_rows())


_SIZE_RULES: Final = size_rules
"""Compiled, it is found faster so: most names pass `known_size`."""


@vocabulary.kept("sizes", seldom=(list,))
def _rows() -> Mapping[str, list[_Row]]:
    """Family -> its versions, then the fields of its rules, the rule with the most words first."""
    from modelcatalog.catalog import additions  # where the rules are kept, nobody needs it

    shipped = additions.shipped("sizes") if (files := additions.apart()) else None
    return _rows_of(vocabulary.companies()) if shipped is None else {**shipped, **_rows_of(files)}


def _rows_of(files: Iterable[CompanyFile]) -> dict[str, list[_Row]]:
    from modelcatalog.entries import split_size  # as in `_rows`

    rules: dict[str, list[SizeRule]] = {}
    versions: dict[str, set[str]] = {}
    for file in files:
        for family in file.family:
            for entry in family.series:
                version = fold(names.read(entry.name).version)
                if version is not None:
                    versions.setdefault(family.name, set()).add(version)
                for key, text in entry.sizes.items():
                    example = names.read(f"{entry.name}-{key}" if key else entry.name)
                    total, active = split_size(text)
                    month = (entry.released or "")[:_MONTH]
                    rule = SizeRule(name_words(example), fold(example.version), total, active, not key, example.identity.date, month)
                    rules.setdefault(family.name, []).append(rule)
    ordered = {name: sorted(some, key=lambda rule: (rule.default, -len(rule.words))) for name, some in rules.items()}
    return {name: [sorted(versions.get(name, ())), *([sorted(rule.words), *rule[1:]] for rule in some)] for name, some in ordered.items()}


def _sizes(rules: list[SizeRule], versions: frozenset[str]) -> Sizes:
    months: dict[str, tuple[SizeRule, ...]] = {}
    for rule in rules:
        if rule.version is not None:
            months[rule.month] = (*months.get(rule.month, ()), rule)
    return Sizes(_by_version(rules, versions), _by_version([rule for rule in rules if rule.active is not None], versions), months)


def fold(version: str | None) -> str | None:
    """A version for comparing."""
    return None if version is None else version.lower()


def _by_version(rules: Sequence[SizeRule], versions: frozenset[str]) -> _ByVersion:
    """The default of a series without a version does not answer for a version that other series have: Qwen-VL's for Qwen3-VL."""
    found: _ByVersion = {None: tuple(rule for rule in rules if rule.version is None)}
    for version in {*versions, *(rule.version for rule in rules if rule.version is not None)}:
        found[version] = tuple(rule for rule in rules if rule.version == version or (rule.version is None and not rule.default))
    return found
