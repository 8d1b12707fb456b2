"""Owns the making of a `Plan` for a checkpoint that was found: facts, place, memory, packages. Looks for none."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.errors import CheckpointNotFound, IntegrityError, NeedsRemoteCode, Unsupported
from modelcatalog.hubs import gguf, huggingface, modelscope, receipts, refusals, safetensors
from modelcatalog.planning import attention, engine, machine, packages, unpacking
from modelcatalog.planning import facts as facts_of
from modelcatalog.planning.claims import mismatches
from modelcatalog.planning.facts import Facts
from modelcatalog.planning.memory import DTYPE_BYTES, kv_bytes, weight_bytes
from modelcatalog.planning.record import Memory, Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import JsonValue

    from modelcatalog.hubs import Listing, RemoteFile
    from modelcatalog.planning.locate import Located
    from modelcatalog.planning.machine import Gpu
    from modelcatalog.records import Dtype, ModelName

__all__ = ["Asked", "build"]

_USUAL_CONTEXT = 8192
_GGUF_PIECE = 1 << 16
_LARGEST_JSON = 300_000
_STORED_BITS = {"fp8": 8.0, "mxfp8": 8.25, "mxfp4": 4.25}
"""Bits of a number with its share of the scales, where the method has but one width."""

class _Place(NamedTuple):
    device: str
    dtype: Dtype | None
    free: int | None
    name: str
    reason: str
    cards: tuple[Gpu, ...]


class Asked(NamedTuple):
    """What the caller of `plan` asked for, as far as it does not decide where to look."""

    engine: str | None = None
    revision: str | None = None
    dtype: str = "auto"
    device: str | None = None
    context_length: int | None = None
    offload: bool = False
    locked: bool = False
    trust_remote_code: bool = False
    engine_options: Mapping[str, JsonValue] = MappingProxyType({})


def build(record: ModelName, found: Located, asked: Asked) -> Plan:
    """The plan for a checkpoint that was found.

    Raises:
        CheckpointNotFound, IntegrityError: its small files are missing or broken.
        NeedsRemoteCode: loading it would run code from the repository.
        Unsupported: an engine or a dtype that there is not.
    """
    facts = _facts(found)
    if facts.remote_code and not asked.trust_remote_code and not _native(facts):
        message = f"{record.source} runs only with Python code from its repository"
        hint = "read that code, then pass trust_remote_code=True"
        raise NeedsRemoteCode(message, subject=record.source, hint=hint)
    place = _place(facts, found, asked.dtype, asked.device)
    runs = engine.choose(
        asked.engine, form=found.choice.format, dtype=asked.dtype, cards=place.cards, subject=record.source, options=asked.engine_options
    )
    place = _of_engine(place, runs, asked.engine_options)
    ours = runs.name == "transformers"
    form = (
        unpacking.decide(facts, place.cards, device=place.device, asked=asked.dtype, subject=record.source)
        if ours
        else unpacking.Unpacking(None, unpacks=False, needs=())
    )
    if form.unpacks and place.dtype is None:
        place = place._replace(dtype="bfloat16", reason="bfloat16: what transformers unpacks weights to")
    attends = attention.choose(facts, place.cards, dtype=place.dtype, unquantized=form.method is None or form.unpacks) if ours else None
    tokens = asked.context_length or min(facts.context_length or _USUAL_CONTEXT, _USUAL_CONTEXT)
    stored = sum(f.size for f in found.choice.weights)
    copy, listing = found.copy, found.listing
    files = (*found.choice.weights, *found.choice.companions)
    cache = modelscope.cache_folder() if listing and listing.hub == "modelscope" else huggingface.cache_folder()
    counted = facts.model_copy(update={"parameters": facts.parameters or _likely_parameters(facts, record, found, stored)})
    told = counted.parameters is not None or facts.quantization is None
    plain = weight_bytes(counted, stored=stored, dtype=place.dtype or "bfloat16", unpacked=True) if told else None
    memory = Memory(
        weights=plain if form.unpacks else weight_bytes(facts, stored=stored, dtype=place.dtype, unpacked=False),
        kv=kv_bytes(facts, tokens=tokens, dtype=place.dtype),
        free=place.free,
        place=place.name,
        disk=0 if listing is None else sum(f.size for f in _to_fetch(listing, files)),
        disk_free=None if copy else machine.free_disk(cache),
    )
    return Plan(
        name=record,
        source=copy.where if copy else listing.hub if listing else "",
        hub=copy.hub if copy else listing.hub if listing else None,
        endpoint=listing.endpoint if listing else None,
        repo_id=copy.repo_id if copy else listing.repo_id if listing else None,
        revision=listing.revision if listing else asked.revision or record.revision,
        commit=copy.commit if copy else listing.commit if listing else None,
        path=str(copy.root) if copy else None,
        format=found.choice.format,
        files=files,
        weights=tuple(f.path for f in found.choice.weights),
        quantization=found.choice.quantization or record.quantization,
        parameters=facts.parameters,
        engine=runs.name,
        engine_options=dict(asked.engine_options),
        dtype=place.dtype,
        device=place.device,
        attention=attends.name if attends else None,
        unpacks=form.unpacks,
        context_length=tokens,
        chat_template=facts.chat_template,
        trust_remote_code=asked.trust_remote_code,
        offload=asked.offload,
        locked=asked.locked,
        memory=memory,
        missing=packages.missing(gguf=found.choice.format == "gguf", hub=None if listing is None else listing.hub, more=form.needs, engine=runs),
        mismatches=mismatches(record, facts, found.choice),
        warnings=(*_not_accepted(found), *unpacking.warnings(form, stored=stored, unpacked=plain, dtype=place.dtype)),
        reasons=tuple(text for text in (*found.reasons, runs.reason, place.reason, attends.reason if attends else "") if text),
    )


def _to_fetch(listing: Listing, files: tuple[RemoteFile, ...]) -> tuple[RemoteFile, ...]:
    """The files that are not in the hub's cache already."""
    here = modelscope if listing.hub == "modelscope" else huggingface
    return receipts.absent(here.snapshot_folder(listing), files)


def _not_accepted(found: Located) -> tuple[str, ...]:
    """That the hub did not accept the token, if it did not; known once everything was asked."""
    rejected = found.wire.rejected if found.wire else None
    if rejected is None or found.listing is None:
        return ()
    house = modelscope.house() if found.listing.hub == "modelscope" else huggingface.house()
    return (refusals.note(house, found.listing.repo_id, rejected.token, rejected.said),)


def _of_engine(place: _Place, runs: engine.Runs, options: Mapping[str, object]) -> _Place:
    """The place as this engine uses it."""
    cards = engine.cards_of(runs.name, place.cards, options)
    if cards != place.cards:
        label = f"on {len(cards)} x {cards[0].name}" if len(cards) > 1 else f"on {cards[0].name}"
        place = place._replace(cards=cards, free=sum(card.free for card in cards), name=label)
    return place._replace(dtype=None, reason="") if runs.name == "llama.cpp" else place


# What the checkpoint says of itself ----------------------------------------------------------


def _facts(found: Located) -> Facts:
    """Facts from the headers: of local files, or of a hub's, by range."""
    first = found.choice.weights[0]
    if found.copy is not None:
        root = found.copy.root
        if found.choice.format == "gguf":
            return facts_of.from_gguf(gguf.read_file(root / first.path))
        header = safetensors.read_file(root / first.path)
        return _with_config(found, header, lambda path: (root / path).read_bytes())
    client, wire, listing = found.client, found.wire, found.listing
    if client is None or wire is None or listing is None:
        return Facts()
    if found.choice.format == "gguf":
        piece = client.read(wire, listing, first.path, start=0, length=min(_GGUF_PIECE, first.size))
        return facts_of.from_gguf(gguf.read(piece, subject=first.path))
    start = safetensors.LENGTH_BYTES
    announced = client.read(wire, listing, first.path, start=0, length=start)
    length = safetensors.header_length(announced, subject=first.path)
    text = client.read(wire, listing, first.path, start=start, length=length) if length <= _LARGEST_JSON else b""
    remote = safetensors.read(text, subject=first.path) if text else None
    return _with_config(found, remote, lambda path: client.read(wire, listing, path))


def _with_config(found: Located, header: safetensors.SafetensorsHeader | None, read: Callable[[str], bytes]) -> Facts:
    companions = {f.path: f for f in found.choice.companions}
    weights = found.choice.weights
    config = companions.get("config.json")
    if config is None:
        message = "there is no config.json beside the weights"
        hint = "give the folder of the whole checkpoint"
        raise CheckpointNotFound(message, subject=weights[0].path, hint=hint)
    facts = facts_of.from_config(_json(read, config))
    if header is not None:
        bytes_all = sum(f.size for f in weights)
        facts = facts_of.with_header(facts, header, bytes_here=weights[0].size, bytes_all=bytes_all)
    template = any(path.startswith(("chat_template", "additional_chat_templates/")) for path in companions)
    tokenizer = companions.get("tokenizer_config.json")
    if not template and tokenizer is not None and tokenizer.size <= _LARGEST_JSON:
        template = bool(_json(read, tokenizer).get("chat_template"))
    elif not template and tokenizer is not None:
        return facts
    return facts.model_copy(update={"chat_template": template})


def _json(read: Callable[[str], bytes], file: RemoteFile) -> dict[str, object]:
    try:
        value = json.loads(read(file.path))
    except (ValueError, RecursionError) as error:
        message = f"{file.path} is no JSON"
        raise IntegrityError(message, subject=file.path, hint="fetch it again") from error
    if not isinstance(value, dict):
        message = f"{file.path} holds no JSON object"
        raise IntegrityError(message, subject=file.path, hint="fetch it again")
    return value


def _likely_parameters(facts: Facts, record: ModelName, found: Located, stored: int) -> int | None:
    """The parameters of quantized weights whose header was not read whole: what the name says if it can be, else by bits."""
    quantization = found.choice.quantization
    bits = facts.bits or _STORED_BITS.get(facts.quantization or "") or (quantization.bits if quantization else None)
    said = record.size.total if record.size else None
    if not bits or facts.quantization is None:
        return said if facts.quantization else None
    counted = round(stored * 8 / bits)
    return said if said and 1 / 2 < said / counted < 3 / 2 else counted


def _native(facts: Facts) -> bool:
    """Whether the installed transformers knows the architecture itself, so that ``auto_map`` can be ignored."""
    spec = find_spec("transformers")
    if spec is None or spec.origin is None or facts.architecture is None:
        return False
    # The table of the package is text; importing it would import torch.
    table = Path(spec.origin).parent / "models" / "auto" / "modeling_auto.py"
    try:
        return f'"{facts.architecture}"' in table.read_text(encoding="utf-8")
    except OSError:
        return False


# Where the weights go -------------------------------------------------------------------------


def _place(facts: Facts, found: Located, dtype: str, device: str | None) -> _Place:
    cards = machine.gpus() if device in {None, "auto"} or str(device).startswith("cuda") else ()
    if str(device).startswith("cuda:") and str(device)[5:].isdigit():
        cards = cards[int(str(device)[5:]) :][:1]
    where = device if device not in {None, "auto"} else "cuda" if cards else "cpu"
    free = sum(card.free for card in cards) if cards else machine.free_ram()
    label = f"on {len(cards)} x {cards[0].name}" if len(cards) > 1 else f"on {cards[0].name}" if cards else "RAM"
    if dtype != "auto":
        if dtype not in DTYPE_BYTES:
            message = f"there is no dtype {dtype!r}"
            raise Unsupported(message, subject=dtype, hint=f'pass "auto", {", ".join(map(repr, DTYPE_BYTES))}')
        return _Place(str(where), _as_dtype(dtype), free, label, f"{dtype} as asked", cards)
    if found.choice.format == "gguf":
        # Unpacked GGUF weights have no type of their own: half the memory counts on a GPU, speed on a CPU.
        chosen, why = ("bfloat16", "half the memory of float32") if cards else ("float32", "the fastest on a CPU")
        reason = f"{chosen}: GGUF weights are unpacked, and it is {why}"
        return _Place(str(where), _as_dtype(chosen), free, label, reason, cards)
    owner = "weights" if facts.quantization is None else "numbers that config.json names for computing"
    reason = f"{facts.dtype} is the type of the {owner}" if facts.dtype else "the files choose their type"
    return _Place(str(where), _as_dtype(facts.dtype), free, label, reason, cards)


def _as_dtype(text: str | None) -> Dtype | None:
    return text if text in DTYPE_BYTES else None  # type: ignore[return-value]
