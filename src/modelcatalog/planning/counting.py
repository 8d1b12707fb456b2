"""Owns the memory of a plan: what weights, conversations and the engine itself take where they go, and how that was counted. Looks for no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.planning import machine, projectors, resident
from modelcatalog.planning import memory as sizes
from modelcatalog.planning.growth import measured
from modelcatalog.planning.memory import weight_bytes
from modelcatalog.planning.placing import as_dtype
from modelcatalog.planning.record import Memory
from modelcatalog.planning.runs import ENGINES
from modelcatalog.records import trusted
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from modelcatalog.hubs import RemoteFile
    from modelcatalog.planning.adapter import Adapter
    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.found import Located
    from modelcatalog.planning.growth import Growth
    from modelcatalog.planning.placing import Place
    from modelcatalog.planning.reading import Said
    from modelcatalog.planning.request import Request
    from modelcatalog.planning.runs import Engine
    from modelcatalog.records import ModelName

__all__ = ["Counted", "count"]

_STORED_BITS = {"fp8": 8.0, "mxfp8": 8.25, "mxfp4": 4.25}
"""Bits of a number with its share of the scales, where the method has but one width."""


class Counted(NamedTuple):
    """The memory of a plan, and what of it needs words."""

    memory: Memory
    stored: int
    """Bytes of the weights in their files, without those that stay there."""
    unpacked: int | None
    """Bytes of the weights where they are unpacked; None where nobody can tell."""
    reasons: tuple[str, ...]
    """How it was counted, where that is not the usual way."""


def count(  # noqa: PLR0917  what a plan has put together so far
    record: ModelName, found: Located, said: Said, runs: Engine, place: Place, asked: Request, *, added: Adapter | None, unpacks: bool, tokens: int,
) -> Counted:  # fmt: skip
    """The memory that a checkpoint takes.

    Args:
        record: The name.
        found: Its files.
        said: What they say.
        runs: The engine.
        place: Where its weights go.
        asked: What the caller wants.
        added: The adapter that is put onto it.
        unpacks: Whether its weights are unpacked while loading.
        tokens: The length of a conversation.
    """
    facts, options = said.facts, asked.engine_options or {}
    left = resident.left_out(said, found, runs, options)
    stored = sum(f.size for f in found.choice.weights) - left.bytes
    resides = facts._replace(parameters=facts.parameters - left.numbers if facts.parameters else None)
    likely = facts._replace(parameters=resides.parameters or _likely_parameters(facts, record, found, stored))
    told = likely.parameters is not None or facts.quantization is None
    plain = weight_bytes(likely, stored=stored, dtype=place.dtype or "bfloat16", unpacked=True) if told else None
    said = said._replace(layers=resident.with_guessing(said, runs, options))
    keeps = sizes.kept_as(runs, asked=asked.kv_dtype, options=options)
    kept = sizes.cache(said.layers, engine=runs, dtype=place.dtype, kv_dtype=keeps.dtype, concurrency=asked.concurrency, options=options)
    weights = plain if unpacks else weight_bytes(resides, stored=stored, dtype=place.dtype, unpacked=False)
    if weights is not None:
        weights += projectors.size(found) + (sizes.adapter_bytes(added, dtype=place.dtype) if added is not None else 0)
    activations = sizes.activation_bytes(facts, engine=runs, tokens=tokens, dtype=place.dtype, concurrency=asked.concurrency)
    framework = sizes.framework_bytes(runs, cards=len(place.cards))
    room = None if weights is None or place.free is None else place.free - weights - (activations or 0) - (framework or 0)
    memory = trusted(Memory)(
        weights=weights,
        active=resident.active(said, weights, share=_active_share(record)),
        kv=kept.bytes(tokens),
        activations=activations,
        framework=framework,
        concurrency=asked.concurrency,
        layers=str(said.layers) or None,
        growth=_growth(said, runs, place, asked, keeps.dtype),
        longest_context=None if room is None else kept.longest(room, facts.context_length),
        free=place.free,
        place=place.name,
        disk=sum(f.size for f in _to_fetch(found)) + (added.disk if added else 0),
        disk_free=machine.free_disk(found.hub.cache_folder()) if found.hub and asked.on is None else None,
    )
    return Counted(memory, stored, plain, _reasons(asked, kept, keeps, runs, left.bytes))


def _growth(said: Said, runs: Engine, place: Place, asked: Request, keeps: str | None) -> tuple[Growth, ...]:
    """What each engine would keep as conversations grow: the one of the plan, then those that its variants may need."""
    others = [one for one in ENGINES.values() if one.formats and one.name != runs.name]
    found = []
    for one in (runs, *others):
        dtype = place.dtype if one is runs else as_dtype(asked.dtype)
        options = (asked.engine_options or {}) if one is runs else {}
        kv_dtype = keeps if one is runs else asked.kv_dtype
        kept = sizes.cache(said.layers, engine=one, dtype=dtype, kv_dtype=kv_dtype, concurrency=asked.concurrency, options=options)
        found.append(measured(one.name, kept.bytes, limit=said.facts.context_length))
    return tuple(one for one in found if one is not None)


def _active_share(record: ModelName) -> float | None:
    """The share of a model's parameters that a token goes through, as its name or the catalog has it."""
    size = record.size
    return size.active / size.total if size and size.active and size.total else None


def _likely_parameters(facts: Facts, record: ModelName, found: Located, stored: int) -> int | None:
    """The parameters of quantized weights whose header was not read whole: what the name says if it can be, else by bits."""
    quantization = found.choice.quantization
    bits = facts.bits or _STORED_BITS.get(facts.quantization or "") or (quantization.bits if quantization else None)
    said = record.size.total if record.size else None
    if not bits or facts.quantization is None:
        return said if facts.quantization else None
    counted = round(stored * 8 / bits)
    return said if said and 1 / 2 < said / counted < 3 / 2 else counted


def _to_fetch(found: Located) -> tuple[RemoteFile, ...]:
    """The files that are not in the hub's cache already; none where they lie elsewhere on this disk."""
    if found.hub is None or found.listing is None:
        return ()
    from modelcatalog.hubs import receipts  # what lies here has none

    return receipts.absent(found.hub.snapshot_folder(found.listing), (*found.choice.weights, *found.choice.companions))


def _reasons(asked: Request, kept: sizes.Cache, keeps: sizes.Kept, runs: Engine, left: int) -> tuple[str, ...]:
    """How memory was counted, where that is not the usual way."""
    found = []
    if asked.on:
        from modelcatalog.planning import cards  # as in `placing`

        found.append(cards.read(asked.on).reason)
    if keeps.dtype:
        found.append(f"keys and values in {keeps.dtype}, as asked")
    if keeps.unknown:
        found.append(f"keys and values in {keeps.unknown}, of which no size is known here: they are counted in the type of computing")
    if left:
        found.append(f"{runs.name} leaves {human(left)} of the weights in their files: what it does not run, such as layers that guess further tokens")
    windowed = sum(layer.window is not None for layer in kept.layers.every)
    if kept.keeping.whole and windowed and runs.takes:
        otherwise = f"but for engine_options={{{runs.takes.whole_unless!r}: False}}"
        found.append(f"{runs.name} keeps all tokens in {windowed} layers that look back a window only, {otherwise}")
    return tuple(found)
