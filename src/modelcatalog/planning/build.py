"""Owns the making of a `Plan` for a checkpoint that was found: facts, place, memory, packages. Looks for none."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import catalog, vocabulary
from modelcatalog.catalog.index import fold, index
from modelcatalog.catalog.listing import hub_revision
from modelcatalog.errors import Unsupported
from modelcatalog.hubs import receipts, refusals
from modelcatalog.planning import adapter as adapters
from modelcatalog.planning import (
    adapting,
    attention,
    claims,
    devices,
    engine,
    fitting,
    machine,
    modelfiles,
    packages,
    projectors,
    reading,
    refusing,
    resident,
    silent,
    tensors,
    tokenizer,
    unpacking,
)
from modelcatalog.planning import cards as cards_of
from modelcatalog.planning import memory as sizes
from modelcatalog.planning.adapter import MERGES, Adapter
from modelcatalog.planning.growth import measured
from modelcatalog.planning.memory import DTYPE_BYTES, weight_bytes
from modelcatalog.planning.record import Memory, Plan
from modelcatalog.planning.runs import ENGINES, default
from modelcatalog.planning.runs import reading as reading_form
from modelcatalog.records import Quantization
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.hubs import RemoteFile
    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.found import Located
    from modelcatalog.planning.growth import Growth
    from modelcatalog.planning.machine import Gpu
    from modelcatalog.planning.reading import Said
    from modelcatalog.planning.request import Request
    from modelcatalog.planning.runs import Engine
    from modelcatalog.records import Dtype, ModelName
    from modelcatalog.stores.modelfile import Modelfile

__all__ = ["build"]

_USUAL_CONTEXT = 8192
_STORED_BITS = {"fp8": 8.0, "mxfp8": 8.25, "mxfp4": 4.25}
"""Bits of a number with its share of the scales, where the method has but one width."""


class _Place(NamedTuple):
    device: str
    dtype: Dtype | None
    free: int | None
    name: str
    reason: str
    cards: tuple[Gpu, ...]


def build(record: ModelName, found: Located, asked: Request) -> Plan:
    """The plan for a checkpoint that was found.

    Raises:
        CheckpointNotFound, IntegrityError: its small files are missing or broken, or weights are missing.
        NeedsRemoteCode: loading it would run code from the repository.
        Unsupported: it does not talk, or the engine, a device, a dtype or what is installed cannot run it.
    """
    if found.choice.format == "lora":
        raise adapting.Alone(found)
    said = reading.read(found)
    facts = said.facts
    if said.ggufs and adapters.is_adapter(said.ggufs[0]):
        raise adapting.Alone(found._replace(headers={found.choice.weights[0].path: said.ggufs[0]}))
    added = asked.adapter if isinstance(asked.adapter, Adapter) else None
    _check_files(record, found, said, asked)
    place = _place(facts, found, asked, record.source)
    runs, why = _engine(record, found, facts, place, asked)
    found = projectors.beside(found, runs, asked=asked.engine_options or {}, subject=record.source)
    ours = bool(runs.library)
    if ours:
        _check_library(record, found, said, asked)
    if not runs.stretches:
        claims.check_context(asked.context_length, facts, subject=record.source)
    if added is not None:
        fitting.check(added, facts, said.tensors, subject=record.source)
    if place.cards and not asked.on and asked.device in {None, "auto"} and not packages.absent(runs.needs) and not engine.uses_gpus(runs):
        here = _place(facts, found, replace(asked, device="cpu"), record.source)
        place = here._replace(reason=f"{here.reason}; on the CPU: the installed {runs.name} was compiled without support for GPUs")
    place = _of_engine(place, runs, asked.engine_options or {})
    if ours:
        place = _drivable(place, facts, found, asked, record.source)
    form = (
        unpacking.decide(facts, place.cards, device=place.device, asked=asked.dtype, subject=record.source)
        if ours
        else unpacking.Unpacking(None, unpacks=False, needs=())
    )
    if form.unpacks and place.dtype is None:
        place = place._replace(dtype="bfloat16", reason=f"bfloat16: what {runs.library} unpacks weights to")
    attends = attention.choose(facts, place.cards, dtype=place.dtype, unquantized=form.method is None or form.unpacks) if ours else None
    said_by = found.kept.modelfile if found.kept is not None else None
    usual = min(facts.context_length or facts.tokenizer_length or _USUAL_CONTEXT, _USUAL_CONTEXT)
    tokens = asked.context_length or modelfiles.tokens(said_by, facts.context_length) or usual
    left = resident.left_out(said, found, runs, asked.engine_options or {})
    stored = sum(f.size for f in found.choice.weights) - left.bytes
    copy, listing = found.copy, found.listing
    files = (*found.choice.weights, *found.choice.companions)
    resides = facts.model_copy(update={"parameters": facts.parameters - left.numbers if facts.parameters else None})
    counted = facts.model_copy(update={"parameters": resides.parameters or _likely_parameters(facts, record, found, stored)})
    told = counted.parameters is not None or facts.quantization is None
    plain = weight_bytes(counted, stored=stored, dtype=place.dtype or "bfloat16", unpacked=True) if told else None
    said = said._replace(layers=resident.with_guessing(said, runs, asked.engine_options or {}))
    kept = sizes.cache(said.layers, engine=runs, dtype=place.dtype, kv_dtype=asked.kv_dtype, concurrency=asked.concurrency, options=asked.engine_options or {})
    weights = plain if form.unpacks else weight_bytes(resides, stored=stored, dtype=place.dtype, unpacked=False)
    if weights is not None:
        weights += projectors.size(found) + (sizes.adapter_bytes(added, dtype=place.dtype) if added is not None else 0)
    activations = sizes.activation_bytes(facts, engine=runs, tokens=tokens, dtype=place.dtype, concurrency=asked.concurrency)
    framework = sizes.framework_bytes(runs, cards=len(place.cards))
    room = None if weights is None or place.free is None else place.free - weights - (activations or 0) - (framework or 0)
    memory = Memory(
        weights=weights,
        active=resident.active(said, weights, share=_active_share(record)),
        kv=kept.bytes(tokens),
        activations=activations,
        framework=framework,
        concurrency=asked.concurrency,
        layers=str(said.layers) or None,
        growth=_growth(said, runs, place, asked),
        longest_context=None if room is None else kept.longest(room, facts.context_length),
        free=place.free,
        place=place.name,
        disk=sum(f.size for f in _to_fetch(found, files)) + (added.disk if added else 0),
        disk_free=machine.free_disk(found.hub.cache_folder()) if found.hub and asked.on is None else None,
    )
    return Plan(
        name=record,
        source=copy.where if copy else listing.hub if listing else "",
        hub=copy.hub if copy else listing.hub if listing else None,
        endpoint=listing.endpoint if listing else None,
        repo_id=copy.repo_id if copy else listing.repo_id if listing else None,
        revision=listing.revision if listing else asked.revision or hub_revision(record),
        commit=copy.commit if copy else listing.commit if listing else None,
        path=str(copy.root) if copy else None,
        format=found.choice.format,
        files=files,
        weights=tuple(f.path for f in found.choice.weights),
        quantization=found.choice.quantization or record.quantization or _stated(facts),
        parameters=facts.parameters,
        engine=runs.name,
        engine_options={**runs.keeps.get(asked.kv_dtype or "", {}), **(asked.engine_options or {})},
        dtype=place.dtype,
        device=place.device,
        attention=attends.name if attends else None,
        unpacks=form.unpacks,
        context_length=tokens,
        chat_template=_templated(stated=facts.chat_template, added=added, kept=said_by),
        modelfile=said_by,
        adapter=added,
        licence=said.card.licence or (said_by.licence if said_by else None) or _listed_licence(record),
        base_model=said.card.base_model,
        base_relation=said.card.relation,
        trust_remote_code=asked.trust_remote_code,
        offload=asked.offload,
        locked=asked.lock is not None,
        on=asked.on,
        memory=memory,
        missing=packages.missing(
            runs, found.choice.format, hub=found.hub, more=(*form.needs, *_reading_packages(said, found), *(runs.adapters_need if added else ()))
        ),
        mismatches=(*claims.mismatches(record, facts, found.choice), *(fitting.doubts(added, record) if added else ())),
        warnings=(
            *_not_accepted(found),
            *modelfiles.warnings(found.kept, template=facts.chat_template),
            *unpacking.warnings(form, stored=stored, unpacked=plain, dtype=place.dtype),
            *_idle(asked, place),
        ),
        reasons=tuple(
            text
            for text in (
                *found.reasons,
                why,
                place.reason,
                attends.reason if attends else "",
                *_counted(asked, kept, runs, left.bytes),
                *modelfiles.reasons(said_by, asked, template=facts.chat_template),
                *(_put_on(added, runs, asked) if added else ()),
            )
            if text
        ),
    )


def _templated(*, stated: bool | None, added: Adapter | None, kept: Modelfile | None) -> bool | None:
    """Whether there is a chat template: the checkpoint's, its adapter's, or the one that Ollama keeps beside it; None where nobody can tell."""
    if added is not None and added.chat_template:
        return True
    return True if stated is False and kept is not None and kept.jinja is not None else stated


def _put_on(added: Adapter, runs: Engine, asked: Request) -> tuple[str, ...]:
    """How an adapter is put onto its base."""
    one = added.lora
    what = f"{one.kind} of rank {one.rank} in {one.modules} matrices"
    if (asked.engine_options or {}).get(MERGES) is True:
        how = f"merged into the weights while loading ({MERGES})"
    else:
        how = "not merged: it is computed beside the weights"
        how += f"; engine_options={{{MERGES!r}: True}} merges it" if MERGES in runs.options else ""
    own = " and the tokenizer beside it" if added.tokenizer and not runs.adapters_plain else ""
    return (f"the adapter {added.name}{own}: {what}, {how}",)


def _engine(record: ModelName, found: Located, facts: Facts, place: _Place, asked: Request) -> engine.Chosen:
    """The engine, which knows the model; one that only comes first here gives way to the usual one where it does not."""
    form = engine.form_of(found.choice.format, facts)
    chosen = engine.choose(asked, form=form, cards=place.cards, subject=record.source, named=record.format)
    check = partial(engine.check_model, facts=facts, folder=found.choice.folder, trusted=asked.trust_remote_code, subject=record.source)
    usual, free = default(), asked.engine is None and form in default().formats and chosen.engine is not default()
    if free and facts.composite and usual.sees and not chosen.engine.sees:
        chosen = engine.Chosen(usual, f"{usual.name}: the model may see, and {chosen.engine.name} takes no images and no sound here")
    try:
        check(chosen.engine)
    except Unsupported as error:
        if not free:
            raise
        chosen = engine.Chosen(usual, f"{usual.name}: {error.message}")
        check(usual)
    return chosen


def _growth(said: Said, runs: Engine, place: _Place, asked: Request) -> tuple[Growth, ...]:
    """What each engine would keep as conversations grow: the one of the plan, then those that its variants may need."""
    others = [one for one in ENGINES.values() if one.formats and one.name != runs.name]
    found = []
    for one in (runs, *others):
        dtype = place.dtype if one is runs else _as_dtype(asked.dtype)
        options = (asked.engine_options or {}) if one is runs else {}
        kept = sizes.cache(said.layers, engine=one, dtype=dtype, kv_dtype=asked.kv_dtype, concurrency=asked.concurrency, options=options)
        found.append(measured(one.name, kept.bytes, limit=said.facts.context_length))
    return tuple(one for one in found if one is not None)


def _active_share(record: ModelName) -> float | None:
    """The share of a model's parameters that a token goes through, as its name or the catalog has it."""
    size = record.size
    return size.active / size.total if size and size.active and size.total else None


def _stated(facts: Facts) -> Quantization | None:
    """The quantization that ``config.json`` names, where the name has none."""
    if facts.quantization in {None, "gguf"}:
        return None
    return Quantization(method=facts.quantization, bits=facts.bits or None)


def _check_files(record: ModelName, found: Located, said: Said, asked: Request) -> None:
    """Refuse what no engine can make a conversation of."""
    if asked.quantization is not None:
        claims.check_quantization(asked.quantization, said.facts, found.choice, subject=record.source)
    silent.check(said.facts, record, companions=said.companions, tensors=said.tensors.names)
    if found.choice.format == "gguf":
        if len(said.ggufs) == len(found.choice.weights):
            tensors.check_gguf(said.ggufs, subject=found.choice.weights[0].path)
        return
    form = engine.form_of(found.choice.format, said.facts)
    # Where one engine alone would run it, its own module makes the repository's code needless.
    running = ENGINES[asked.engine] if asked.engine is not None else None if form in default().formats else reading_form(form)[0]
    if running is None or not engine.has_module(running, said.facts):
        refusing.check_code(said.facts, trusted=asked.trust_remote_code, subject=record.source)
    tensors.check_method(said.facts, said.tensors, said.others, subject=record.source)
    tensors.check_missing(said.facts, said.tensors, subject=record.source)


def _check_library(record: ModelName, found: Located, said: Said, asked: Request) -> None:
    """Refuse what the installed transformers cannot load."""
    if found.choice.format == "gguf":
        refusing.check_gguf(said.facts, found.choice, subject=record.source)
        return
    refusing.check_type(said.facts, trusted=asked.trust_remote_code, subject=record.source)
    refusing.check_shards(found.choice, subject=record.source)
    tokenizer.check(said.facts, said.tokenizer, said.companions, trusted=asked.trust_remote_code, subject=record.source)


def _reading_packages(said: Said, found: Located) -> tuple[str, ...]:
    """What transformers wants beside itself for this tokenizer and this type of model."""
    if found.choice.format == "gguf":
        return ()
    return (*tokenizer.packages(said.companions, first=said.first), *vocabulary.type_packages().get(said.facts.model_type or "", ()))


def _listed_licence(record: ModelName) -> str | None:
    """The licence that the catalog has for a model's series."""
    if record.family is None:
        return None
    # To find the series among several takes longer than the rest of a plan, and mostly all of a version have one licence.
    lines = index().by_version.get((record.family, fold(record.version)), ())
    licences = {line.licence for line in lines}
    if len(licences) == 1:
        return licences.pop()
    match = catalog.find(record.source)
    return match.series.licence if match and match.series else None


def _counted(asked: Request, kept: sizes.Cache, runs: Engine, left: int) -> tuple[str, ...]:
    """How memory was counted, where that is not the usual way."""
    found = [cards_of.read(asked.on).reason] if asked.on else []
    if asked.kv_dtype:
        found.append(f"keys and values in {asked.kv_dtype}, as asked")
    if left:
        found.append(f"{runs.name} leaves {human(left)} of the weights in their files: what it does not run, such as layers that guess further tokens")
    windowed = sum(layer.window is not None for layer in kept.layers.every)
    if kept.keeping.whole and windowed and runs.takes:
        otherwise = f"but for engine_options={{{runs.takes.whole_unless!r}: False}}"
        found.append(f"{runs.name} keeps all tokens in {windowed} layers that look back a window only, {otherwise}")
    return tuple(found)


def _idle(asked: Request, place: _Place) -> tuple[str, ...]:
    return ("offload=True changes nothing on a CPU, where all weights are in RAM already",) if asked.offload and place.device.startswith("cpu") else ()


def _to_fetch(found: Located, files: tuple[RemoteFile, ...]) -> tuple[RemoteFile, ...]:
    """The files that are not in the hub's cache already; none where they lie elsewhere on this disk."""
    if found.hub is None or found.listing is None:
        return ()
    return receipts.absent(found.hub.snapshot_folder(found.listing), files)


def _not_accepted(found: Located) -> tuple[str, ...]:
    """That the hub did not accept the token, if it did not; known once everything was asked."""
    rejected = found.wire.rejected if found.wire else None
    if rejected is None or found.listing is None or found.hub is None:
        return ()
    return (refusals.note(found.hub.house(), found.listing.repo_id, rejected.token, rejected.said),)


def _of_engine(place: _Place, runs: Engine, options: Mapping[str, object]) -> _Place:
    """The place as this engine uses it."""
    cards = engine.cards_of(runs, place.cards, options)
    if cards != place.cards:
        label = f"on {len(cards)} x {cards[0].name}" if len(cards) > 1 else f"on {cards[0].name}"
        place = place._replace(cards=cards, free=sum(card.free for card in cards), name=label)
    return place._replace(dtype=None, reason="") if runs.packed else place


def _likely_parameters(facts: Facts, record: ModelName, found: Located, stored: int) -> int | None:
    """The parameters of quantized weights whose header was not read whole: what the name says if it can be, else by bits."""
    quantization = found.choice.quantization
    bits = facts.bits or _STORED_BITS.get(facts.quantization or "") or (quantization.bits if quantization else None)
    said = record.size.total if record.size else None
    if not bits or facts.quantization is None:
        return said if facts.quantization else None
    counted = round(stored * 8 / bits)
    return said if said and 1 / 2 < said / counted < 3 / 2 else counted


# Where the weights go -------------------------------------------------------------------------


def _drivable(place: _Place, facts: Facts, found: Located, asked: Request, subject: str) -> _Place:
    """The place, or the CPU where the installed torch cannot use the GPUs that there are."""
    if asked.on or asked.device not in {None, "auto"} or all(card.torch for card in place.cards):
        return place
    made = _place(facts, found, replace(asked, device="cpu"), subject)
    why = f"on the CPU: the installed torch cannot use {place.cards[0].name}"
    return made._replace(reason=f"{made.reason}; {why}" if made.reason else why)


def _place(facts: Facts, found: Located, asked: Request, subject: str) -> _Place:
    dtype = asked.dtype
    there = cards_of.read(asked.on) if asked.on else None
    every = there.cards if there is not None else machine.gpus() if str(asked.device or "auto") != "cpu" else ()
    device = devices.checked(asked.device, every, subject=subject) if there is None else None
    cards = every if device is None or device.partition(":")[0] in {card.device for card in every} else ()
    if device is not None and ":" in device:
        cards = cards[int(device.partition(":")[2]) :][:1]
    where = device if device is not None else cards[0].device if cards else "cpu"
    free = sum(card.free for card in cards) if cards else there.ram if there is not None else machine.free_ram()
    label = f"on {len(cards)} x {cards[0].name}" if len(cards) > 1 else f"on {cards[0].name}" if cards else "RAM"
    if dtype != "auto":
        return _Place(where, _as_dtype(dtype), free, label, f"{dtype} as asked", cards)
    if found.choice.format == "gguf":
        # Unpacked GGUF weights have no type of their own: half the memory counts on a GPU, speed on a CPU.
        chosen, why = ("bfloat16", "half the memory of float32") if cards else ("float32", "the fastest on a CPU")
        reason = f"{chosen}: GGUF weights are unpacked, and it is {why}"
        return _Place(where, _as_dtype(chosen), free, label, reason, cards)
    owner = "weights" if facts.quantization is None else "numbers that config.json names for computing"
    reason = f"{facts.dtype} is the type of the {owner}" if facts.dtype else "the files choose their type"
    return _Place(where, _as_dtype(facts.dtype), free, label, reason, cards)


def _as_dtype(text: str | None) -> Dtype | None:
    return text if text in DTYPE_BYTES else None  # type: ignore[return-value]
