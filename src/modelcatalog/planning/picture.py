"""Owns what the picture of a plan shows: memory at several lengths of conversation against what is free. Draws nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.show.bars import Bar, Picture
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from modelcatalog.planning.growth import Growth
    from modelcatalog.planning.telling import Telling

__all__ = ["Shown", "picture", "written"]

_FIRST, _TIMES, _MOST = 4096, 4, 7


class Shown(NamedTuple):
    """What of a plan is drawn; bytes, None is unknown."""

    name: str
    engine: str
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


def picture(shown: Shown, say: Telling) -> Picture:
    """The bars: the plan's own context, others up to the model's limit, and the longest that fits; in one language."""
    bars = []
    for tokens in _contexts(shown):
        kv = shown.kv if tokens == shown.tokens or shown.growth is None else shown.growth.at(tokens)
        total = shown.weights + (kv or 0) + shown.beside
        fits = None if shown.free is None else total <= shown.free
        said = human(total) + ("" if fits is None else say.fits[not fits])
        bars.append(Bar(f"{tokens:,}", (shown.weights, kv or 0, shown.beside), said))
    each = say.each.format(count=shown.concurrency) if shown.concurrency > 1 else ""
    limit = "" if shown.free is None else say.limit.format(size=human(shown.free), place=say.sentence(shown.place))
    told = say.semicolon.join(say.bar.format(tokens=bar.label, said=bar.said) for bar in bars)
    weights, keys, unknown, rest = say.parts
    return Picture(
        title=say.title.format(name=shown.name, engine=shown.engine),
        axis=say.axis + each,
        parts=(weights, keys if shown.kv is not None else unknown, rest),
        bars=tuple(bars),
        limit=shown.free,
        limit_label=limit,
        said=say.said.format(
            weights=human(shown.weights), beside=human(shown.beside), each=each, bars=told, limit=say.ended.format(text=limit) if limit else ""
        ),
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
