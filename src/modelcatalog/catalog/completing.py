"""Owns `parse` and `complete`: what the text says, joined by what the catalog adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog import names
from modelcatalog.catalog.index import fold
from modelcatalog.catalog.sizes import by_month, by_rules, known_size, name_words, size_rules, with_size
from modelcatalog.names.dictionary import current_dictionary

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelcatalog.records import ModelName

__all__ = ["complete", "named", "parse", "parse_many"]


def parse(text: str, *, strict: bool = False) -> ModelName:
    """A model's name as a record: what the text says, and what the catalog adds to it.

    No network, no files but the package's own data; a few dozen microseconds.

    Args:
        text: Any spelling: a hub id, URL, file, cache path, Ollama tag, API id or product name; at most 1,024 characters.
        strict: Refuse words that no rule recognises.

    Raises:
        NameSyntaxError: empty, too long, control characters or, under ``strict``, an unknown word.

    >>> name = parse("Qwen2.5-Coder-3B-Instruct-AWQ")
    >>> name.family, name.version, name.size.total, name.types, name.quantization.method
    ('Qwen', '2.5', 3000000000, ('coder', 'instruct'), 'awq')
    """
    name = names.recorded(text, strict, known_size)
    return name if name.released is None else _dated(name)


def parse_many(texts: Iterable[str], *, strict: bool = False) -> Iterator[ModelName]:
    """`parse` for each of many texts, one at a time and in order, in constant memory.

    Raises:
        NameSyntaxError: at the first text that is not a name.

    >>> [name.family for name in parse_many(["Qwen3-8B", "phi-4"])]
    ['Qwen', 'Phi']
    """
    for text in texts:
        yield parse(text, strict=strict)


def complete(name: ModelName) -> ModelName:
    """The same record with the sizes that the catalog knows and the name does not state.

    >>> complete(names.read("Phi-3-mini-4k-instruct")).size.total
    3800000000
    """
    return _dated(by_rules(name))


def _dated(name: ModelName) -> ModelName:
    """A record that has been through the rules; where these knew nothing, its date may tell which series it is of."""
    if name.released is None or name.family is None or (name.size is not None and name.size.total is not None):
        return name
    return name if any(path.startswith("size.") for path, _ in name.origins) else _by_listing(name)


def _by_listing(name: ModelName) -> ModelName:
    """The size of the series that lists the model under this very name: mistral-large-2411 does not say that it is Large 2."""
    family = name.family or ""
    rules = size_rules().get(family)
    if rules is None or family in current_dictionary().closed:
        return name
    rule = by_month(name)
    if rule is not None:
        return with_size(name, rule)
    from modelcatalog.catalog.listing import listing, same_model  # hardly any name comes here

    entries = same_model(name, listing())
    if not entries:
        return name
    version = fold(entries[0].series.version)
    words = name_words(name) | name_words(names.read(entries[0].series.name))
    rule = next((rule for rule in rules.all.get(version, ()) if rule.version == version and rule.words <= words), None)
    return name if rule is None else with_size(name, rule)


def named(name: str | ModelName) -> ModelName:
    """A text or a record as a record."""
    return parse(name) if isinstance(name, str) else name
