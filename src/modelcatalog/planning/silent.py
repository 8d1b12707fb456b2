"""Owns which checkpoints do not talk, what they are for, and which model near them does. Knows no hub.

The class that ``config.json`` names decides: transformers would load a reward model as a language model too, make up
the head that it lacks, and answer noise. The classes that talk are those of the installed transformers.
"""

from __future__ import annotations

from math import log
from typing import TYPE_CHECKING

from modelcatalog import catalog, vocabulary
from modelcatalog.errors import Unsupported
from modelcatalog.planning import installed

if TYPE_CHECKING:
    from collections.abc import Collection

    from modelcatalog.entries import TaskEntry
    from modelcatalog.planning.facts import Facts
    from modelcatalog.planning.installed import Tables
    from modelcatalog.records import ModelName

__all__ = ["check", "doubt", "near"]

_SENTENCE = ("modules.json", "config_sentence_transformers.json", "sentence_bert_config.json")
_ENCODERS = ("MODEL_FOR_SPEECH_SEQ_2_SEQ", "MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM", "MODEL_FOR_MASKED_LM")
"""Tables of types that talk only where ``config.json`` names the class that does."""
_PROCESSORS = ("preprocessor_config.json", "processor_config.json")
"""How a model turns recordings or pictures into numbers."""
_HEADS = ("lm_head", "embed_out", "output_layer")


def check(facts: Facts, name: ModelName, *, companions: Collection[str] = (), tensors: frozenset[str] = frozenset()) -> None:
    """Refuse a checkpoint that does not talk.

    Args:
        facts: What it says of itself.
        name: Its name, for the message and for what is near.
        companions: The files beside its weights.
        tensors: The names of its weights, as far as they are known.

    Raises:
        Unsupported: it says what the checkpoint is, what runs it, and which model near it talks.
    """
    if facts.quantization == "gguf":
        kind = vocabulary.silent_gguf().get(facts.architecture or "")
        if kind is not None:
            message = f"{name.source} is {kind}: its GGUF file holds the architecture {facts.architecture}, which does not talk"
            raise Unsupported(message, subject=name.source, hint=near(name, facts.made_from))
        if facts.pools:
            key = f"{facts.architecture}.pooling_type"
            message = f"{name.source} is an embedder or a re-ranker: its GGUF file says how the vectors of a text become one ({key})"
            raise Unsupported(message, subject=name.source, hint=near(name, facts.made_from))
        return
    if facts.ahead and not facts.remote_code:
        message = f"{name.source} is an embedder: its tokens see those behind them (is_causal is false in config.json), and it continues no text"
        raise Unsupported(message, subject=name.source, hint=f"use sentence_transformers.SentenceTransformer; {near(name, facts.made_from)}")
    if any(file in companions for file in _SENTENCE):
        message = f"{name.source} is an embedder or a re-ranker, made for sentence-transformers: it turns texts into vectors or scores"
        hint = f"use sentence_transformers.SentenceTransformer (or CrossEncoder for a re-ranker); {near(name, facts.made_from)}"
        raise Unsupported(message, subject=name.source, hint=hint)
    named = facts.architectures or ((facts.architecture,) if facts.architecture else ())
    tables = installed.tables()
    if not named:
        _by_type(facts, name, tables)
        return
    if tables is not None and all(_hears_alone(one, tables) for one in named) and not any(file.endswith(_PROCESSORS) for file in companions):
        message = f"{name.source} is made for recordings: {named[0]} needs its processor, and no file here says how it hears"
        hint = f"fetch preprocessor_config.json or processor_config.json from whoever made it; {near(name, facts.made_from)}"
        raise Unsupported(message, subject=name.source, hint=hint)
    silent = [_task(one, facts, tables, tensors) for one in named]
    if all(silent) and (entry := silent[0]) is not None:
        message = f"{name.source} is {entry.kind}: {named[0]} {entry.does}"
        raise Unsupported(message, subject=name.source, hint=f"use {entry.use}; {near(name, facts.made_from)}")


def doubt(name: ModelName) -> str | None:
    """What is to be said of a name that stands for numbers, where the files are those of a model that writes: a re-ranker made of a language model."""
    word = next((one for one in name.types if one in vocabulary.flagged("numbers")), None)
    if word is None:
        return None
    return f"the name says {word}: such a model was made to give numbers for a text, and what it writes means little; {near(name)}"


def _hears_alone(architecture: str, tables: Tables) -> bool:
    """Whether a class is listed among those that talk for the sake of recordings alone: neither for text nor for pictures."""
    stands = tables.tasks.get(architecture, ())
    return architecture in tables.chat_classes and installed.CHATTING[-1] in stands and set(stands).isdisjoint(installed.CHATTING[:-1])


def _task(architecture: str, facts: Facts, tables: Tables | None, tensors: frozenset[str]) -> TaskEntry | None:
    """What a class is for that does not talk; None where it does, or where nothing says that it does not."""
    if "AutoModelForCausalLM" in facts.auto_classes or (tables is not None and architecture in tables.chat_classes):
        return None
    stands = tables.tasks.get(architecture, ()) if tables is not None else ()
    if not stands and tables is not None and facts.model_type in tables.types and facts.model_type not in tables.chatting:
        # A class that nobody knows, of a type that does other things: those.
        stands = tuple(table for table, kinds in tables.kinds.items() if facts.model_type in kinds)
    entries = vocabulary.tasks()
    entry = next((one for one in entries if one.fits(architecture, stands)), None)
    if entry is entries[-1]:
        # A class without a head, or a name that says little: what else there is decides.
        unclear = not stands and (facts.auto_classes or "Chat" in architecture)
        headed = any(part in _HEADS for tensor in tensors for part in tensor.split(".")[:3])
        return None if unclear or headed else entry
    return entry or (entries[-1] if stands else None)


def _by_type(facts: Facts, name: ModelName, tables: Tables | None) -> None:
    """A configuration without a class: its type's causal form counts, if it has one of its own."""
    kind = facts.model_type
    if tables is None or kind is None or kind not in tables.types or facts.auto_classes or facts.decoder:
        return
    table = next((one for one in _ENCODERS if kind in tables.kinds.get(one, ())), None)
    if kind in tables.chatting and table is None:
        return
    if kind in tables.kinds.get("MODEL_FOR_IMAGE_TEXT_TO_TEXT", ()):
        return
    entry = next((task for task in vocabulary.tasks() if table in task.tables), None)
    what = entry.kind if entry is not None else "not a model that writes text"
    use = entry.use if entry is not None else "what its model card says"
    message = f"{name.source} is {what}: config.json names no class, and the type {kind} has none that holds conversations"
    raise Unsupported(message, subject=name.source, hint=f"use {use}; {near(name, facts.made_from)}")


def _finished() -> set[str]:
    return set(vocabulary.stages("finished"))


def near(name: ModelName, made_from: str | None = None) -> str:
    """A sentence that names a model near this one that talks, or how to find one.

    Args:
        name: The name of the one that does not.
        made_from: What its configuration says that it was trained from.
    """
    origin = catalog.parse(made_from) if made_from and made_from.isprintable() else None
    if origin is not None and origin.owner and origin.family and _finished() & set(origin.types) and origin.source != name.source:
        return f"for chatting, take {origin.source}, which it was made from"
    lineage = name.base or (name if name.family or origin is None else origin)
    size = (name.size or lineage.size).total if (name.size or lineage.size) else None  # type: ignore[union-attr]  # one of them is there
    found: list[tuple[float, tuple[int, ...], bool, str]] = []
    known = lineage.family in {one.name for one in catalog.families}
    for entry in catalog.search(family=lineage.family, hub=catalog.HUBS[0]) if known else ():
        one = catalog.parse(entry.repo_id)
        if one.quantization or one.format or not _finished() & set(one.types) or (lineage.version and one.version != lineage.version):
            continue
        special = len(set(one.types) - _finished() - set(lineage.types))
        other = one.size.total if one.size else None
        away = abs(log(other / size)) if other and size else 9.0
        newest = tuple(-int(part) for part in (one.version or "").split(".") if part.isdecimal())
        # -hf is transformers' format, where a bare name may be its authors' own.
        found.append((special * 2 + away, newest, not entry.repo_id.endswith("-hf"), entry.repo_id))
    if found:
        return f"for chatting, take {min(found)[-1]}"
    if name.base is not None:
        return f"for chatting, take an instruct version of {name.base.source}"
    return "for chatting, take an instruct or chat model: `modelcatalog catalog --type instruct` lists them"
