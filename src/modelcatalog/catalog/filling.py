"""Owns `complete`: the sizes that the catalog knows and a name does not state, by the words of the name or by its date."""

from __future__ import annotations

from modelcatalog import names
from modelcatalog.catalog.sizes import by_month, by_rules, fold, name_words, size_rules, with_size
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.records import ModelName

__all__ = ["complete", "dated"]


def complete(name: ModelName) -> ModelName:
    """The same record with the sizes that the catalog knows and the name does not state.

    Raises:
        TypeError: it is not a record.

    >>> complete(names.read("Phi-3-mini-4k-instruct")).size.total
    3800000000
    """
    if not isinstance(name, ModelName):
        message = f"expected a ModelName, got {name!r}: parse it first"
        raise TypeError(message)
    return dated(by_rules(name))


def dated(name: ModelName) -> ModelName:
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
    from modelcatalog.catalog.listing import recorded, same_model  # hardly any name comes here

    entries = same_model(name, recorded())
    if not entries:
        return name
    version = fold(entries[0].series.version)
    words = name_words(name) | name_words(names.read(entries[0].series.name))
    rule = next((rule for rule in rules.all.get(version, ()) if rule.version == version and rule.words <= words), None)
    return name if rule is None else with_size(name, rule)
