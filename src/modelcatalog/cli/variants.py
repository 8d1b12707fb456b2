"""Owns how the table of a model's variants looks in a terminal. Knows no command and works nothing out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from modelcatalog.cli import show as tables
from modelcatalog.cli import typed
from modelcatalog.planning import human

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

    from modelcatalog.cli.words import Words
    from modelcatalog.planning import Variant

__all__ = ["show"]

_COLUMNS = ("repo_id", "quantization", "files", "memory", "fits", "card", "longest_context", "tokens_per_second", "engine")


_PLAIN = 16.0


def show(out: Console, rows: Iterable[Variant], say: Words) -> None:
    """Print the variants, a row each; what is no more than an estimate is marked, and what is not known says why below."""
    every = tuple(rows)
    tables.sheet(out, tables.layout((f"variant.{column}" for column in _COLUMNS), say, wraps=0), (_row(one, say) for one in every), say)
    out.print()
    for note in _notes(every, say):
        out.print(Text(note, style="dim"), soft_wrap=True)


def _row(one: Variant, say: Words) -> tuple[Text | str, ...]:
    about = "~" if one.origin == "estimate" else ""
    where = f"{one.repo_id}: {one.file}" if one.file else one.repo_id
    return (
        f"{'* ' if one.planned else ''}{where}",
        _kind(one, say),
        "" if one.bytes is None else about + human(one.bytes),
        "" if one.needed is None else about + human(one.needed),
        "" if one.fits is None else Text(say.labels.yes if one.fits else say.labels.no, style="green" if one.fits else "red"),
        "" if one.card is None else f"{one.card} GB",
        "" if one.longest_context is None else f"{one.longest_context:,}",
        "" if one.tokens_per_second is None else f"≤ {one.tokens_per_second:,.0f}",
        one.engine or "",
    )


def _kind(one: Variant, say: Words) -> str:
    if one.quantization is not None:
        return one.quantization.scheme or str(one.quantization)
    if one.bits is None:
        return one.format.upper()  # whatever there is in it
    return say.variants.plain if one.bits == _PLAIN else say.labels.bits.format(count=f"{one.bits:g}")


def _notes(rows: tuple[Variant, ...], say: Words) -> Iterator[str]:
    told = typed.sayer()
    if rows:
        yield say.variants.fits.format(place=told(rows[0].place).removeprefix("on "))
    if any(one.tokens_per_second is not None for one in rows):
        yield say.variants.speed
    if any(one.origin == "estimate" for one in rows):
        yield say.variants.estimate
    for note in dict.fromkeys(one.note for one in rows if one.note):
        yield f"{', '.join(one.repo_id.rpartition('/')[2] for one in rows if one.note == note)}{say.colon}{told(note)}"
