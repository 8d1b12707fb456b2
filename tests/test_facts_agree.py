"""Facts of one model agree with each other, with its name and with what `resolve` says, for every id that facts are said of or that an API serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from modelcatalog import ClosedWeights, Facts, ModelCatalogError, ModelName, facts, parse, resolve, vocabulary
from modelcatalog.patterns import expand

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Known(NamedTuple):
    """A name as it is read, and what is known of it."""

    name: ModelName
    facts: Facts


@pytest.fixture(scope="module")
def every() -> tuple[Known, ...]:
    """All of them: two thousand names."""
    return tuple(Known(parse(text), facts(text)) for text in dict.fromkeys(_ids()))


def _ids() -> Iterator[str]:
    for file in vocabulary.companies():
        owner = next(iter(file.accounts.api or file.accounts.huggingface), None)
        for family in file.family:
            patterns = [*(one for entry in family.facts for one in entry.of), *(one for series in family.series for one in (*series.api, *series.known_as))]
            yield from (one if "/" in one or owner is None else f"{owner}/{one}" for pattern in patterns for one in expand(pattern))


MOVED = frozenset({"openai/gpt-4-turbo"})
"""Ids that were there in preview first, and mean a later model by now: its knowledge may be younger than the id."""


def _before(one: str | None, other: str | None) -> bool:
    """Whether a day is before another one, as far as both are known."""
    return one is not None and other is not None and one[: len(other)] < other[: len(one)]


RULES: dict[str, Callable[[Known], bool]] = {
    "nobody knows what comes after the first day": lambda one: (
        _before((one.facts.released or "")[:7] or None, one.facts.knowledge_cutoff) and one.name.source not in MOVED
    ),
    "no answer is longer than the context": lambda one: (one.facts.max_output_tokens or 0) > (one.facts.context_length or float("inf")),
    "nothing is retired before it is there": lambda one: _before(one.facts.retired, one.facts.released),
    "nothing is announced to go before it is there": lambda one: _before(one.facts.deprecated, one.facts.released),
    "nothing is announced to go after it went": lambda one: _before(one.facts.retired, one.facts.deprecated),
    "the year of the name is the year": lambda one: (
        one.name.released is not None
        and one.name.origin("released") == "name"
        and one.name.released.year is not None
        and one.facts.released is not None
        and not one.facts.released.startswith(str(one.name.released.year))
    ),
    "what embeds or ranks calls no functions": lambda one: bool({"embedding", "reranker"}.intersection(one.name.types)) and bool(one.facts.tools),
    "what embeds gives vectors": lambda one: (
        "embedding" in one.name.types and bool(one.facts.output_modalities) and "embedding" not in one.facts.output_modalities
    ),
    "what writes no text calls no functions and fills no schema": lambda one: (
        bool(one.facts.output_modalities) and "text" not in one.facts.output_modalities and bool(one.facts.tools or one.facts.structured_output)
    ),
    "what is named for thinking thinks": lambda one: (
        bool({"thinking", "reasoning"}.intersection(one.name.types)) and "embedding" not in one.name.types and one.facts.reasoning is False
    ),
    "what is named for pictures reads or makes them": lambda one: (
        bool({"vl", "vision"}.intersection(one.name.types))
        and bool(one.facts.input_modalities)
        and "image" not in (*one.facts.input_modalities, *one.facts.output_modalities)
    ),
    "weights that are kept have no licence": lambda one: one.facts.open_weights is False and one.facts.licence is not None,
    "weights that are published are found": lambda one: bool(one.facts.open_weights) and _refused(one.name),
}


def _refused(name: ModelName) -> bool:
    try:
        resolve(name)
    except ClosedWeights:
        return True
    except ModelCatalogError:
        pass
    return False


@pytest.mark.parametrize("rule", RULES)
def test_no_fact_contradicts_another(rule: str, every: tuple[Known, ...]) -> None:
    """What can be true of no model is said of none."""
    assert [one.name.source for one in every if RULES[rule](one)] == []


@pytest.mark.parametrize(
    ("rule", "name", "said"),
    [
        ("nobody knows what comes after the first day", "labs/wrong-1", {"released": "2026-01-15", "knowledge_cutoff": "2026-02"}),
        ("no answer is longer than the context", "labs/wrong-1", {"context_length": 4096, "max_output_tokens": 8192}),
        ("nothing is retired before it is there", "labs/wrong-1", {"released": "2026-01-15", "retired": "2026-01-14"}),
        ("nothing is announced to go before it is there", "labs/wrong-1", {"released": "2026-01-15", "deprecated": "2025"}),
        ("nothing is announced to go after it went", "labs/wrong-1", {"deprecated": "2026-03-02", "retired": "2026-03-01"}),
        ("the year of the name is the year", "labs/wrong-2025-11-20", {"released": "2026-01"}),
        ("what embeds or ranks calls no functions", "labs/wrong-embedding-1", {"tools": True}),
        ("what embeds gives vectors", "labs/wrong-embedding-1", {"output_modalities": ("text",)}),
        ("what writes no text calls no functions and fills no schema", "labs/wrong-1", {"output_modalities": ("audio",), "structured_output": True}),
        ("what is named for thinking thinks", "labs/wrong-1-thinking", {"reasoning": False}),
        ("what is named for pictures reads or makes them", "labs/wrong-1-vl", {"input_modalities": ("text",)}),
        ("weights that are kept have no licence", "labs/wrong-1", {"open_weights": False, "licence": "MIT"}),
        ("weights that are published are found", "openai/gpt-4o", {"open_weights": True}),
    ],
)
def test_each_rule_finds_what_it_is_for(rule: str, name: str, said: dict[str, Any]) -> None:
    """Such facts would not pass."""
    assert [found for found, holds in RULES.items() if holds(Known(parse(name), Facts(name=name, **said)))] == [rule]


def test_said_once() -> None:
    """What is said of an id stands in one place, so that no entry silently counts before another."""
    twice = []
    for file in vocabulary.companies():
        for family in file.family:
            known: dict[tuple[str, str], Any] = {}
            for entry in family.facts:
                said = {
                    field: value
                    for field, value in entry.model_dump(exclude={"of", "series", "source", "checked", "snapshots"}).items()
                    if value not in (None, ())
                }
                for one in (one.lower() for pattern in entry.of for one in expand(pattern)):
                    twice += [f"{one}: {field}" for field, value in said.items() if known.setdefault((one, field), value) != value]
    assert not twice
