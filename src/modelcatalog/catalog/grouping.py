"""Owns grouping: a key that is looser than `canonical`, for counting and charts, and names put together by it. Knows nothing of networks."""

from __future__ import annotations

from collections.abc import Iterable  # noqa: TC003  typing.get_type_hints reads it

from modelcatalog import vocabulary
from modelcatalog.catalog import wanted
from modelcatalog.catalog.completing import many, named
from modelcatalog.catalog.listing import listing
from modelcatalog.catalog.meaning import SIZE, tuned
from modelcatalog.known import Group
from modelcatalog.records import ModelName  # noqa: TC001  typing.get_type_hints reads it

__all__ = ["group", "model_key"]

_Line = tuple[str, str, frozenset[str]]
"""Family, version, and the words beside its size."""


def model_key(name: str | ModelName) -> str:
    """One word for a model where its editions are to be counted together: looser than ``canonical``.

    It leaves out the date, words for how a model is served or that it is not final (``latest``, ``preview``, ``highspeed``), and a size that is
    the only one that the catalog knows of the line. Where the text says that somebody serves the model, and nothing of its training, it is
    the edition for instructions. Tiers, types and all other words stay: ``gpt-4o-mini`` is not ``gpt-4o``. A key is for grouping by; it names
    no checkpoint, and changes when the catalog learns of a second size.

    Raises:
        NameSyntaxError: the text is not a name.

    >>> model_key("gpt-4o-2024-08-06"), model_key("deepseek-r1:671b"), model_key("DeepSeek-R1-0528")
    ('gpt-4o', 'deepseek-r1', 'deepseek-r1')
    >>> model_key("groq/llama-3.1-8b-instant") == model_key("meta-llama/Llama-3.1-8B-Instruct")
    True
    """
    name = named(name)
    identity = name.identity
    if name.family is not None and (name.provider is not None or any(segment.kind == "serving" for segment in name.segments)):
        served = tuned(name, listing().by_model)
        if served and not served[0].date and not _is_repository(name):
            identity = identity.too(next(word for word in vocabulary.stages("finished") if word in served[0].words))
    identity = identity.undated().but(*(word for word in identity.words if word in _folded()))
    size = frozenset(word for word in identity.words if SIZE.fullmatch(word))
    if size and name.family is not None and _sizes().get(_line(name.family, identity.version, identity.words)) == {size}:
        identity = identity.but(*size)
    return str(identity)


def _is_repository(name: ModelName) -> bool:
    """Whether the text is a listed repository's id, which is that one whoever serves it."""
    return name.owner is not None and any(f"{name.owner}/{name.name}".lower() in ids for ids in listing().by_id.values())


@vocabulary.derived
def _folded() -> frozenset[str]:
    """Words for how a model is served, or that it is not final."""
    return frozenset(vocabulary.early()) | vocabulary.counted_together()


def _line(family: str, version: str, words: Iterable[str]) -> _Line:
    folded = _folded()
    return family, version, frozenset(word for word in words if word not in folded and not SIZE.fullmatch(word))


@vocabulary.derived
def _sizes() -> dict[_Line, set[frozenset[str]]]:
    """A line -> the sizes that its models' names state."""
    found: dict[_Line, set[frozenset[str]]] = {}
    for entry in listing().entries:
        size = frozenset(word for word in entry.words if SIZE.fullmatch(word))
        if size:
            found.setdefault(_line(entry.series.family, (entry.version or "").lower(), entry.words), set()).add(size)
    return found


def group(names: Iterable[str | ModelName], *, exact: bool = False) -> tuple[Group, ...]:
    """Names by the model that they mean, in the order in which each model first comes.

    Args:
        names: Texts or records, any number.
        exact: Put together only what has one ``canonical``; otherwise one `model_key`.

    Raises:
        NameSyntaxError: a text is not a name.
        TypeError: it is one name, or something among them is neither a text nor a record.
        Unsupported: ``exact`` is neither True nor False.

    >>> for one in group(["gpt-4o-2024-08-06", "azure/gpt-4o", "groq/llama-3.3-70b-versatile", "meta-llama/Llama-3.3-70B-Instruct"]):
    ...     print(one.key, one.names, one.providers)
    gpt-4o ('gpt-4o-2024-08-06', 'azure/gpt-4o') ('azure',)
    llama-3.3-instruct ('groq/llama-3.3-70b-versatile', 'meta-llama/Llama-3.3-70B-Instruct') ('groq',)
    """
    wanted.switch(exact, "exact")
    found: dict[str, list[ModelName]] = {}
    for each in many(names):
        name = named(each)
        key = (name.canonical if exact else model_key(name)) or name.source
        found.setdefault(key, []).append(name)
    return tuple(_group(key, members) for key, members in found.items())


def _group(key: str, members: list[ModelName]) -> Group:
    return Group(
        key=key,
        company=next((name.company for name in members if name.company), None),
        series=next((name.series for name in members if name.series), None),
        canonical=tuple(dict.fromkeys(name.canonical for name in members)),
        providers=tuple(dict.fromkeys(name.provider for name in members if name.provider)),
        names=tuple(name.source for name in members),
    )
