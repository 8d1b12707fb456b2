"""Owns what the picture of a plan shows: memory at several lengths of conversation against what is free. Draws nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.show.bars import Bar, Picture
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from modelcatalog.planning.growth import Growth

__all__ = ["Shown", "picture", "written"]

_FIRST, _TIMES, _MOST = 4096, 4, 7


class Shown(NamedTuple):
    """What of a plan is drawn; bytes, None is unknown."""

    title: str
    weights: int
    kv: int | None
    beside: int
    free: int | None
    place: str
    tokens: int
    longest: int | None
    concurrency: int
    growth: Growth | None


def written(size: float) -> str:
    """Bytes, as the rest of a plan has them."""
    return human(round(size))


def picture(shown: Shown) -> Picture:
    """The bars: the plan's own context, others up to the model's limit, and the longest that fits."""
    bars = []
    for tokens in _contexts(shown):
        kv = shown.kv if tokens == shown.tokens or shown.growth is None else shown.growth.at(tokens)
        total = shown.weights + (kv or 0) + shown.beside
        fits = None if shown.free is None else total <= shown.free
        said = f"{human(total)}{'' if fits is None else ', fits' if fits else ', too much'}"
        bars.append(Bar(f"{tokens:,}", (shown.weights, kv or 0, shown.beside), said))
    where = f"free {shown.place}"
    words = "; ".join(f"{bar.label} tokens: {bar.said}" for bar in bars)
    kv_part = "KV cache" if shown.kv is not None else "KV cache (unknown)"
    each = f" in each of {shown.concurrency} conversations" if shown.concurrency > 1 else ""
    said = f"Weights take {human(shown.weights)}, activations and the engine {human(shown.beside)}. With the KV cache, by tokens{each}: {words}."
    limit = "" if shown.free is None else f" {human(shown.free)} are {where}."
    return Picture(
        title=shown.title,
        axis=f"tokens{each}",
        parts=("weights", kv_part, "activations and engine"),
        bars=tuple(bars),
        limit=shown.free,
        limit_label="" if shown.free is None else f"{human(shown.free)} {where}",
        said=said + limit,
    )


def _contexts(shown: Shown) -> list[int]:
    if shown.growth is None:
        return [shown.tokens]
    end = shown.growth.tokens[-1]
    steps, one = [], _FIRST
    while one < end:
        steps.append(one)
        one *= _TIMES
    own = {shown.tokens, end}
    if shown.longest and shown.longest < end:
        own.add(shown.longest)
    # What the plan says comes first where there are too many.
    others = [step for step in steps if step not in own and all(abs(step - one) > one / 4 for one in own)]
    return sorted([*own, *others[: _MOST - len(own)]])
