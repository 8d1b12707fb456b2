"""Owns what a shell completes after an option, from the catalog and without a network. Knows no command."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from modelcatalog.errors import ModelCatalogError
from modelcatalog.records import Modality

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["companies", "engines", "families", "kv_types", "modalities", "servers", "sources", "stores", "types"]


def engines(incomplete: str) -> list[str]:
    """The engines that `plan` and `chat` take.

    >>> engines("l")
    ['llama.cpp']
    """
    from modelcatalog.planning.runs import ENGINES  # a shell asks seldom

    return _matching(lambda: ENGINES, incomplete)


def servers(incomplete: str) -> list[str]:
    """The servers that `plan` and `chat` look for on this machine.

    >>> servers("olla")
    ['ollama']
    """
    from modelcatalog.planning import servers as known

    return _matching(known.names, incomplete)


def kv_types(incomplete: str) -> list[str]:
    """The types of keys and values.

    >>> kv_types("q8")
    ['q8_0']
    """
    from modelcatalog.planning.layers.architectures import architectures

    return _matching(lambda: architectures().cache_bytes, incomplete)


def stores(incomplete: str) -> list[str]:
    """The programs whose models `local` finds.

    >>> stores("lm")
    ['lmstudio']
    """
    from modelcatalog import stores as known

    return _matching(lambda: [one.name for one in known.stores()], incomplete)


def modalities(incomplete: str) -> list[str]:
    """What models read and write.

    >>> modalities("im")
    ['image']
    """
    return _matching(lambda: get_args(Modality), incomplete)


def types(incomplete: str) -> list[str]:
    """The words for types.

    >>> types("cod")
    ['coder']
    """
    from modelcatalog import vocabulary

    return _matching(lambda: sorted(vocabulary.types()), incomplete)


def companies(incomplete: str) -> list[str]:
    """The companies, by any of their names.

    >>> companies("DeepSe"), companies("阿里巴")
    (['DeepSeek'], ['阿里巴巴'])
    """
    from modelcatalog import catalog

    return _matching(lambda: sorted({name for each in catalog.companies for name in (each.name, each.zh, *each.aliases) if name}), incomplete)


def families(incomplete: str) -> list[str]:
    """The families.

    >>> families("Gemi")
    ['Gemini']
    """
    from modelcatalog import catalog

    return _matching(lambda: sorted(each.name for each in catalog.families), incomplete)


def sources(incomplete: str) -> list[str]:
    """What can be updated from.

    >>> sources("models.")
    ['models.dev']
    """
    from modelcatalog.updating import SOURCES

    return _matching(lambda: SOURCES, incomplete)


def _matching(every: Callable[[], Iterable[str]], incomplete: str) -> list[str]:
    try:
        # A shell would take a name with a space for two words; those who have one have others too.
        return [name for name in every() if name.startswith(incomplete) and not any(map(str.isspace, name))]
    except ModelCatalogError:
        return []  # a data file of the user's is wrong: the command itself says so, a shell cannot
