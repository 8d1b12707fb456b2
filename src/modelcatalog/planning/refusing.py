"""Owns what the installed transformers cannot run, said before a weight byte moves. Knows no hub and imports no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.errors import IntegrityError, NeedsRemoteCode, Unsupported
from modelcatalog.planning import installed
from modelcatalog.planning.layers.architectures import architectures
from modelcatalog.planning.runs import default, reading, server, use

if TYPE_CHECKING:
    from modelcatalog.planning.choose import Choice
    from modelcatalog.planning.facts import Facts

__all__ = ["check_code", "check_gguf", "check_shards", "check_type"]

_CODE = "read that code, then pass trust_remote_code=True"
_CAUSAL = "AutoModelForCausalLM"
_TALKING = frozenset({_CAUSAL, "AutoModelForImageTextToText", "AutoModelForMultimodalLM"})
"""What `auto_map` may point at a repository's code for, of which a conversation is made."""
_ROPES = frozenset({"default", "linear", "dynamic", "yarn", "longrope", "llama3"})
"""Ways of stretching positions that every transformers since 5.3 knows."""


def check_code(facts: Facts, *, trusted: bool, subject: str) -> None:
    """Refuse a model that only code from its repository runs, where that may not run.

    Raises:
        NeedsRemoteCode: if transformers has nothing of its own for it.
        Unsupported: if its code is not beside it, or has no class for conversations.
    """
    if trusted and facts.code_of is not None:
        message = f"the code of {subject} lies in another repository, {facts.code_of}, and code is taken from its own alone"
        tables = installed.tables()
        known = tables is not None and facts.model_type in tables.chatting
        mine = "leave trust_remote_code out: transformers has a class of its own for it" if known else "load a version of it that brings its code"
        raise Unsupported(message, subject=subject, hint=mine)
    if not facts.remote_code or trusted:
        return
    tables = installed.tables()
    known = tables is not None and facts.model_type in tables.types and (facts.architecture is None or facts.architecture in tables.tasks)
    if known and tables is not None and (facts.model_type in tables.chatting or _CAUSAL not in facts.auto_classes):
        return  # transformers' own class comes before the repository's
    _check_talking(facts, subject=subject)
    message = f"{subject} runs only with Python code from its repository"
    raise NeedsRemoteCode(message, subject=subject, hint=_CODE)


def _check_talking(facts: Facts, *, subject: str) -> None:
    """Refuse code that has a class for other things alone: trusting it would not help."""
    if facts.auto_classes and _TALKING.isdisjoint(facts.auto_classes):
        message = f"the code of {subject} has no class that can be asked as others are: {', '.join(facts.auto_classes)} alone"
        raise Unsupported(message, subject=subject, hint="call it as its model card says, or take a version of it that transformers itself knows")


def check_type(facts: Facts, *, trusted: bool, subject: str) -> None:
    """Refuse a type that transformers does not know, or has no class of that holds conversations.

    Raises:
        Unsupported: if loading is certain to fail.
        IntegrityError: if ``config.json`` has a word in it that means nothing.
    """
    tables = installed.tables()
    if tables is None or (trusted and not _TALKING.isdisjoint(facts.auto_classes)):
        return
    kind, have = facts.model_type, f"transformers {installed.version() or ''}".strip()
    if kind is None:
        if facts.auto_classes:
            return
        message = f"config.json of {subject} names no model_type, so transformers cannot tell what it is"
        raise Unsupported(message, subject=subject, hint='add "model_type" to it as in its base model, or fetch the checkpoint again')
    if kind not in tables.types:
        _check_talking(facts, subject=subject)
        message = f"{have} does not know the model type {kind} of {subject}"
        hint = f"a newer transformers may know it (pip install -U transformers); or take a GGUF version, or a server that runs it ({use(server())})"
        raise Unsupported(message, subject=subject, hint=hint)
    if kind not in tables.chatting:
        message = f"{have} has no class of the type {kind} that holds conversations ({facts.architecture or 'config.json names none'})"
        raise Unsupported(message, subject=subject, hint=f"take the chat version of this model, or a server that runs it ({use(server())})")
    if facts.strange_dtype is not None:
        message = f"config.json of {subject} gives the dtype {facts.strange_dtype!r}, which torch does not have"
        name = facts.strange_dtype.removeprefix("torch.")
        hint = f'write "{name}" there' if facts.dtype == name else "write that of its base model there, such as bfloat16, or take it out"
        raise IntegrityError(message, subject=subject, hint=hint)
    if facts.impossible is not None:
        message = f"config.json of {subject} cannot be right: it says {facts.impossible}"
        raise IntegrityError(message, subject=subject, hint="correct it, or fetch it again")
    _check_pair(facts, tables, subject=subject)
    if facts.rope is not None and facts.rope not in _ROPES and installed.stretches(facts.rope) is False:
        message = f"{have} does not know the rope_type {facts.rope} of {subject}"
        hint = f"a newer transformers may know it (pip install -U transformers); or take a GGUF version, or a server that runs it ({use(server())})"
        raise Unsupported(message, subject=subject, hint=hint)


def _check_pair(facts: Facts, tables: installed.Tables, *, subject: str) -> None:
    """Refuse an encoder that ``config.json`` announces and the class does not have: transformers would ask it for the prompt."""
    one = facts.architecture
    if not facts.pair or facts.composite or one is None or "MODEL_FOR_CAUSAL_LM" not in tables.tasks.get(one, ()):
        return
    if "is_encoder_decoder" in installed.defaults(facts.model_type or ""):
        return  # the class of a decoder alone says so itself
    message = f"config.json of {subject} says is_encoder_decoder, and {one} has no encoder"
    raise IntegrityError(message, subject=subject, hint='say "is_encoder_decoder": false there, or take it out')


def check_gguf(facts: Facts, choice: Choice, *, subject: str) -> None:
    """Refuse a GGUF file that transformers' loader cannot read.

    Raises:
        Unsupported: it is in several parts, or of an architecture that the loader lacks.
    """
    if len(choice.weights) > 1:
        message = f"transformers does not read GGUF files in several parts, and {choice.weights[0].path} is one of {len(choice.weights)}"
        hint = f"join them with llama-gguf-split --merge, take {_others()}, or the safetensors repository"
        raise Unsupported(message, subject=choice.weights[0].path, hint=hint)
    known, kind = installed.gguf_architectures(), facts.architecture
    if known is None or kind is None:
        return
    spelled = next((to for word, to in architectures().gguf_spellings.items() if word in kind), kind)
    if kind not in known and spelled not in known and not ("t5" in kind and "t5" in known):
        message = f"transformers {installed.version() or ''} does not read GGUF files of the architecture {kind}, which {subject} has"
        hint = f"take {_others()}, or the safetensors repository of this model"
        raise Unsupported(message, subject=subject, hint=hint)


def _others() -> str:
    """The engines that read a GGUF file too."""
    return use(*(one for one in reading("gguf") if one is not default()))


def check_shards(choice: Choice, *, subject: str) -> None:
    """Refuse shards without the index that says which tensor is where.

    Raises:
        IntegrityError: if transformers would not find the weights.
    """
    if len(choice.weights) > 1 and not any(".safetensors.index." in f.path for f in choice.companions):
        message = f"{subject} has {len(choice.weights)} weight files and no model.safetensors.index.json, which says what is in which"
        raise IntegrityError(message, subject=subject, hint="fetch it beside them; it is a small file of the same repository")
