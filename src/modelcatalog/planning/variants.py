"""Owns the choice among a model's variants: the one in the quantization asked for, and the most precise that fits.

The variants are the quantizations in the name's own repository and the catalog's siblings of it. Nothing is
chosen here unless the caller asked for it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import catalog, hubs
from modelcatalog.errors import (
    CheckpointNotFound,
    GatedCheckpoint,
    ModelCatalogError,
    NeedsRemoteCode,
    Unsupported,
    WontFit,
)
from modelcatalog.planning.choose import bits_of, holds_several, matches, schemes
from modelcatalog.planning.locate import locate
from modelcatalog.planning.settling import settled
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.planning.record import Plan
    from modelcatalog.planning.request import Request
    from modelcatalog.records import ModelName

__all__ = ["most_precise", "quantized"]

_MOST = 12
"""Variants that are looked at; each costs a few requests."""

_PASSED_OVER = (CheckpointNotFound, GatedCheckpoint, NeedsRemoteCode, Unsupported)


class _Variant(NamedTuple):
    name: ModelName
    scheme: str | None
    """The GGUF quantization in a repository of several."""
    bits: float


def quantized(name: ModelName, request: Request) -> Plan:
    """The plan for the variant in the quantization that ``request`` names; never for another.

    Raises:
        CheckpointNotFound: if there is none; it says which there are.
    """
    scheme = request.quantization or ""
    first: ModelCatalogError | None = None
    plain = replace(request, quantization=None)
    try:
        made = settled(name, request, plain)
        if matches(made.quantization, scheme):
            return made
    except CheckpointNotFound as error:
        first = error
    siblings = _siblings(name, request)
    good = [variant for variant in siblings if matches(variant.quantization, scheme)]
    # One that runs with what is installed comes before one that does not.
    plans = []
    for variant in good[:_MOST]:
        try:
            made = settled(variant, plain)
        except _PASSED_OVER as error:
            first = first or error
            continue
        reason = f"{variant.source} is the variant of {name.source} in {scheme}, as asked"
        made = made.model_copy(update={"reasons": (*made.reasons, reason)})
        if not made.missing:
            return made
        plans.append(made)
    if plans:
        return plans[0]
    have = sorted({str(v.quantization.scheme or v.quantization.method) for v in siblings if v.quantization})
    message = f"{name.source} has no variant in {scheme} that can be had"
    hint = f"the catalog knows {', '.join(have)}" if have else "the catalog knows no quantized variant of it"
    raise CheckpointNotFound(message, subject=name.source, hint=hint) from first


def most_precise(name: ModelName, request: Request) -> Plan:
    """The plan for the most precise variant that fits this machine and runs with what is installed.

    Raises:
        WontFit: if none does; it says what each would take.
    """
    passed: list[str] = []
    last: ModelCatalogError | None = None
    plans = 0
    for variant in _variants(name, request):
        label = variant.name.source if variant.scheme is None else f"{variant.name.source} in {variant.scheme}"
        try:
            made = settled(variant.name, replace(request, quantization=variant.scheme), request)
        except _PASSED_OVER as error:
            last = error
            continue
        plans += 1
        if made.missing:
            passed.append(f"{label} needs {', '.join(made.missing[0].packages)}")
        elif made.memory.fits is False:
            passed.append(f"{label} takes {human(made.memory.needed)}")
        else:
            free = f"{human(made.memory.needed)} of {human(made.memory.free)} {made.memory.place}"
            why = f"fit: {label} is the most precise variant that fits, {free}"
            rest = f"; {'; '.join(passed)}" if passed else ""
            return made.model_copy(update={"reasons": (*made.reasons, why + rest)})
    if plans == 0 and last is not None:
        raise last
    message = f"no variant of {name.source} fits: {'; '.join(passed)}"
    raise WontFit(message, subject=name.source, hint="shorten context_length=, or allow offload=True")


def _variants(name: ModelName, request: Request) -> Iterator[_Variant]:
    """Variants by falling precision; looking into the repositories of GGUF files costs a request each."""
    found = {_key(name): name} | {_key(sibling): sibling for sibling in _siblings(name, request)}
    whole = [_Variant(one, None, bits_of(one.quantization)) for one in found.values() if not holds_several(one)]
    for one in found.values():
        if holds_several(one):
            whole += [_Variant(one, scheme, bits) for scheme, bits in _inside(one, request)]
    ordered = sorted(whole, key=lambda variant: -variant.bits)
    yield from ordered[:_MOST]


def _inside(name: ModelName, request: Request) -> list[tuple[str, float]]:
    try:
        found = locate(name, request)
    except _PASSED_OVER:
        return []
    files = found.listing.files if found.listing else found.copy.files if found.copy else ()
    return schemes(files)


def _siblings(name: ModelName, request: Request) -> list[ModelName]:
    hub = hubs.get(request.hub or hubs.named(name.hub) or hubs.default().name)
    return [catalog.parse(c.repo_id) for c in catalog.siblings(name) if c.hub == hub.ids]


def _key(name: ModelName) -> str:
    return catalog.resolve(name).repo_id
