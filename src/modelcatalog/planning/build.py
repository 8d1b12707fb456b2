"""Owns the making of a `Plan` for a checkpoint that was found: facts, place, memory, packages. Looks for none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog import catalog, vocabulary
from modelcatalog.catalog.index import index
from modelcatalog.catalog.listing import hub_revision
from modelcatalog.catalog.sizes import fold
from modelcatalog.hubs.secrets import public
from modelcatalog.planning import adapter as adapters
from modelcatalog.planning import (
    attention,
    checking,
    claims,
    counting,
    modelfiles,
    packages,
    placing,
    projectors,
    reading,
    silent,
    tensors,
    tokenizer,
    unpacking,
)
from modelcatalog.planning.adapter import MERGES, Adapter
from modelcatalog.planning.found import Alone
from modelcatalog.planning.record import Plan
from modelcatalog.records import Quantization, trusted

if TYPE_CHECKING:
    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.found import Located
    from modelcatalog.planning.placing import Place
    from modelcatalog.planning.reading import Said
    from modelcatalog.planning.request import Request
    from modelcatalog.planning.runs import Engine
    from modelcatalog.records import ModelName
    from modelcatalog.stores.modelfile import Modelfile

__all__ = ["build"]

_USUAL_CONTEXT = 8192


def build(record: ModelName, found: Located, asked: Request) -> Plan:
    """The plan for a checkpoint that was found.

    Raises:
        CheckpointNotFound, IntegrityError: its small files are missing or broken, or weights are missing.
        NeedsRemoteCode: loading it would run code from the repository.
        Unsupported: it does not talk, or the engine, a device, a dtype or what is installed cannot run it.
    """
    if found.choice.format == "lora":
        raise Alone(found)
    said = reading.read(found)
    facts = said.facts
    if said.ggufs and adapters.is_adapter(said.ggufs[0]):
        raise Alone(found._replace(headers={found.choice.weights[0].path: said.ggufs[0]}))
    added = asked.adapter if isinstance(asked.adapter, Adapter) else None
    checking.check_files(record, found, said, asked)
    place = placing.choose(facts, found, asked, record.source)
    runs, why = checking.choose_engine(record, found, facts, place, asked)
    found = projectors.beside(found, runs, asked=asked.engine_options or {}, subject=record.source)
    ours = bool(runs.library)
    if ours:
        checking.check_library(record, found, said, asked)
    if not runs.stretches:
        claims.check_context(asked.context_length, facts, subject=record.source)
    doubts: tuple[str, ...] = ()
    if added is not None:
        from modelcatalog.planning import fitting  # most plans have no adapter

        fitting.check(added, facts, said.tensors, subject=record.source)
        doubts = fitting.doubts(added, record)
    place = placing.supported(place, runs, facts, found, asked, subject=record.source)
    place = placing.of_engine(place, runs, asked.engine_options or {})
    if ours:
        place = placing.drivable(place, facts, found, asked, subject=record.source)
    form = (
        unpacking.decide(facts, place.cards, device=place.device, asked=asked.dtype, subject=record.source, plain=tensors.is_plain(said.tensors))
        if ours
        else unpacking.Unpacking(None, unpacks=False, needs=())
    )
    if form.unpacks and place.dtype is None:
        place = place._replace(dtype="bfloat16", reason=f"bfloat16: what {runs.library} unpacks weights to")
    attends = attention.choose(facts, place.cards, dtype=place.dtype, unquantized=form.method is None or form.unpacks) if ours else None
    said_by = found.kept.modelfile if found.kept is not None else None
    usual = min(facts.context_length or facts.tokenizer_length or _USUAL_CONTEXT, _USUAL_CONTEXT)
    tokens = asked.context_length or modelfiles.tokens(said_by, facts.context_length) or usual
    counted = counting.count(record, found, said, runs, place, asked, added=added, unpacks=form.unpacks, tokens=tokens)
    copy, listing = found.copy, found.listing
    return trusted(Plan)(
        name=record,
        source=copy.where if copy else listing.hub if listing else "",
        hub=copy.hub if copy else listing.hub if listing else None,
        endpoint=listing.endpoint if listing else None,
        repo_id=copy.repo_id if copy else listing.repo_id if listing else None,
        revision=listing.revision if listing else asked.revision or hub_revision(record),
        commit=copy.commit if copy else listing.commit if listing else None,
        path=str(copy.root) if copy else None,
        format=found.choice.format,
        files=(*found.choice.weights, *found.choice.companions),
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
        bounded=asked.context_length is not None,
        kv_dtype=asked.kv_dtype,
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
        memory=counted.memory,
        missing=packages.missing(
            runs, found.choice.format, hub=found.hub, more=(*form.needs, *_reading_packages(said, found), *(runs.adapters_need if added else ()))
        ),
        mismatches=(*claims.mismatches(record, facts, found.choice, said.ggufs), *tensors.doubts(facts, said.tensors, said.layers.every), *doubts),
        warnings=(
            *_not_accepted(found),
            *_sent_on(found),
            *((said_of,) if (said_of := silent.doubt(record)) is not None else ()),
            *_left_beside(found, added),
            *modelfiles.warnings(found.kept, template=facts.chat_template),
            *unpacking.warnings(form, stored=counted.stored, unpacked=counted.unpacked, dtype=place.dtype),
            *_idle(asked, place),
        ),
        reasons=tuple(
            text
            for text in (
                *found.reasons,
                why,
                place.reason,
                attends.reason if attends else "",
                *counted.reasons,
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


def _stated(facts: Facts) -> Quantization | None:
    """The quantization that ``config.json`` names, where the name has none."""
    if facts.quantization in {None, "gguf"}:
        return None
    return Quantization(method=facts.quantization, bits=facts.bits or None)


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


def _idle(asked: Request, place: Place) -> tuple[str, ...]:
    return ("offload=True changes nothing on a CPU, where all weights are in RAM already",) if asked.offload and place.device.startswith("cpu") else ()


def _left_beside(found: Located, added: Adapter | None) -> tuple[str, ...]:
    """That an adapter lies beside the weights of a whole model, whose own it may be or not."""
    config = next((f.path for f in found.choice.companions if f.path.endswith(adapters.words().config)), None)
    if config is None or added is not None:
        return ()
    files = found.copy.files if found.copy else found.listing.files if found.listing else ()
    beside = next((f.path for f in files if adapters.weighs(f.path) and f.path.rpartition("/")[0] == config.rpartition("/")[0]), None)
    if beside is None:
        return ()
    return (f"an adapter lies beside the model and is left out, since the model may have it in its weights: if not, adapter= takes the path of {beside}",)


def _sent_on(found: Located) -> tuple[str, ...]:
    """That a mirror sends everything on to another address, where the hub's client may not follow."""
    if found.wire is None or not found.wire.landed or found.hub is None:
        return ()
    here, variable = public(found.hub.endpoint()), found.hub.endpoint_variable
    return (f"{here} sends what is asked of it on to {found.wire.landed}, where the download may not follow: set {variable} to the latter",)


def _not_accepted(found: Located) -> tuple[str, ...]:
    """That the hub did not accept the token, if it did not; known once everything was asked."""
    rejected = found.wire.rejected if found.wire else None
    if rejected is None or found.listing is None or found.hub is None:
        return ()
    from modelcatalog.hubs import refusals  # seldom

    return (refusals.note(found.hub.house(), found.listing.repo_id, rejected.token, rejected.said),)
