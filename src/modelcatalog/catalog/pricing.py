"""Owns `prices`: which entries of the installed genai-prices are about a model. Holds no price: each is read there when it is asked for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog import installing, vocabulary
from modelcatalog.catalog import wanted
from modelcatalog.catalog.completing import named, parse
from modelcatalog.catalog.listing import spelled, undated
from modelcatalog.errors import MissingPackage, Unsupported
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.records import ModelName  # noqa: TC001  typing.get_type_hints reads it

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal

    from modelcatalog.entries import ProviderEntry

__all__ = ["Price", "prices"]


class Price(NamedTuple):
    """What one provider takes for one model, in US dollars for a million tokens, as the installed genai-prices has it."""

    provider: str
    """Its id here, where it has one, else that of genai-prices."""
    model: str
    """The model's id there."""
    input: Decimal | None
    output: Decimal | None
    cached_input: Decimal | None
    """Tokens of the prompt that are read from a cache."""
    tiered: bool
    """Whether longer prompts cost more for each token; the prices here are those of the shortest."""
    source: str
    """genai-prices and its version."""
    info: Any
    """Its own record, a ``genai_prices.types.ModelInfo``: `genai_prices.calc_price` has the rest."""


def prices(name: str | ModelName, *, provider: str | None = None, when: datetime | None = None) -> tuple[Price, ...]:
    """What providers take for a model, from the genai-prices that is installed; empty where it knows none of them.

    Models are matched by what they are, whatever each side calls them; a dated snapshot is another model than the id without a date, unless
    genai-prices says that both cost the same.

    Args:
        name: A text or a record.
        provider: One provider, by any word that names it; None: the one that the name says, else all.
        when: The time of the request, with its zone; None: now. Some prices change within a day.

    Raises:
        MissingPackage: genai-prices is not installed.
        NameSyntaxError: the text is not a name.
        Unsupported: genai-prices has no such provider, or a condition is none.
    """
    name = named(name)
    provider = None if provider is None else wanted.word(provider, "provider")
    if when is not None and (not isinstance(when, datetime) or when.tzinfo is None):
        message = f"when={when!r} has no zone" if isinstance(when, datetime) else f"when={when!r} is not a time"
        raise Unsupported(message, subject=str(when), hint="pass a datetime with its zone, or leave it out")
    there = _providers()
    asked = name.provider if provider is None else provider
    every = there if asked is None else _of(asked, there, strict=provider is not None)
    return tuple(_price(one, info, when or datetime.now(UTC)) for one in every for info in _models(name, one))


def _providers() -> list[Any]:
    try:
        from genai_prices.data_snapshot import get_snapshot
    except ImportError as error:
        message = "prices come from genai-prices, which is not installed"
        raise MissingPackage(message, subject="genai-prices", install=installing.line("prices")) from error
    return list(get_snapshot().providers)


def _of(asked: str, there: list[Any], *, strict: bool) -> list[Any]:
    """Those that a word means: by its own id there, by the id that it has here, or as genai-prices would read it."""
    entry = _entry(asked)
    words = {asked.lower(), *(() if entry is None else (entry.id, *entry.words))}
    found = [one for one in there if one.id in words] or [
        one for one in there if one.provider_match is not None and any(one.provider_match.is_match(word) for word in words)
    ]
    if not found and strict:
        message = f"genai-prices has no provider {asked!r}"
        raise Unsupported(message, subject=asked, hint=f"it has {', '.join(one.id for one in there)}")
    return found


def _entry(word: str) -> ProviderEntry | None:
    return next((one for one in vocabulary.providers().provider if word.lower() in (one.id, *one.words, *one.steps)), None)


@vocabulary.derived
def _tables() -> dict[str, tuple[Any, dict[str, list[Any]]]]:
    """Provider there -> its record, and canonical name -> its models; a newer snapshot has other records."""
    return {}


def _table(provider: Any) -> dict[str, list[Any]]:
    known = _tables().get(provider.id)
    if known is None or known[0] is not provider:
        table: dict[str, list[Any]] = {}
        for info in provider.models:
            for text in dict.fromkeys((info.id, *_said(info.match, ("equals",)))):
                canonical = _read(provider.id, text)
                if canonical is not None and info not in table.get(canonical, ()):
                    table.setdefault(canonical, []).append(info)
        known = _tables()[provider.id] = (provider, table)
    return known[1]


def _read(provider: str, text: str) -> str | None:
    own = current_dictionary().accounts.get(provider)
    try:
        return parse(text if "/" in text or own is None else f"{provider}/{text}").canonical
    except ValueError:
        return None


def _said(match: Any, kinds: tuple[str, ...]) -> Iterator[str]:
    """The ids, whole or in part, that a rule there names."""
    yield from (text for kind in kinds if (text := getattr(match, kind, None)))
    for one in (*getattr(match, "or_", ()), *getattr(match, "and_", ())):
        yield from _said(one, kinds)


def _models(name: ModelName, provider: Any) -> list[Any]:
    """The entries about a model: the one of the very id, else the one that genai-prices itself takes for it, else all that are of this model."""
    found = _table(provider).get(name.canonical, [])
    texts = [text for text in dict.fromkeys((name.source, f"{name.owner}/{name.name}", name.name)) if text]
    for text in texts:
        if same := [info for info in provider.models if info.id == text]:
            return same  # the very id
        if exact := [info for info in found if spelled(info.id) == spelled(text)]:
            return exact
    whole = undated(name)
    for info in filter(None, map(provider.find_model, texts)):
        # Its rules go by beginnings of ids: what they find must be the same model, but for the date.
        every = (_read(provider.id, one) for one in (info.id, *_said(info.match, ("equals", "starts_with", "contains"))))
        if info in found or any(read is not None and undated(parse(read)) == whole for read in every):
            return [info]
    return [info for info in found if ":" not in info.id] or found  # behind a colon stands another offer of it


def _price(provider: Any, info: Any, when: datetime) -> Price:
    from importlib.metadata import version

    entry, found = _entry(provider.id), info.get_prices(when)
    one = {key: getattr(found, f"{key}_mtok", None) for key in ("input", "output", "cache_read")}
    base = {key: getattr(value, "base", value) for key, value in one.items()}
    tiered = any(hasattr(value, "tiers") for value in one.values())
    return Price(
        provider.id if entry is None else entry.id, info.id, base["input"], base["output"], base["cache_read"], tiered,
        f"genai-prices {version('genai-prices')}", info,
    )  # fmt: skip
