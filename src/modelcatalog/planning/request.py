"""Owns what the arguments of `plan` and `load` may be, in one place: no option is ignored without a word. Knows no hub.

What needs the checkpoint's own facts (its quantization, the most tokens that it reads) is checked beside them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog import vocabulary
from modelcatalog.errors import Unsupported
from modelcatalog.planning import cards, devices, machine
from modelcatalog.planning.choose import matches
from modelcatalog.planning.memory import DTYPE_BYTES
from modelcatalog.records import Quantization

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.planning.choose import Choice
    from modelcatalog.planning.facts import Facts

__all__ = ["check", "check_context", "check_lock", "check_path", "check_quantization"]

_MOST_TOKENS = 1 << 30
_MOST_CONVERSATIONS = 1 << 20
_SWITCHES = ("fit", "offload", "trust_remote_code")
_TEXTS = ("revision", "quantization", "engine", "base_url")


def check(options: dict[str, object], *, subject: str) -> None:
    """Refuse values that mean nothing.

    Args:
        options: The arguments of `plan`, by their names.
        subject: The name, for messages.

    Raises:
        Unsupported: naming the argument, its value and what it may be.
    """
    tokens = options.get("context_length")
    if tokens is not None and (isinstance(tokens, bool) or not isinstance(tokens, int) or not 1 <= tokens <= _MOST_TOKENS):
        message = f"context_length={tokens!r} is no number of tokens"
        raise Unsupported(message, subject=subject, hint=f"pass a whole number from 1 to {_MOST_TOKENS:,}, or leave it out for the usual 8,192")
    dtype = options.get("dtype", "auto")
    if dtype != "auto" and dtype not in DTYPE_BYTES:
        message = f"there is no dtype {dtype!r}"
        raise Unsupported(message, subject=str(dtype), hint=f'pass "auto", {", ".join(map(repr, DTYPE_BYTES))}')
    many, kept, there = options.get("concurrency", 1), options.get("kv_dtype"), options.get("on")
    if isinstance(many, bool) or not isinstance(many, int) or not 1 <= many <= _MOST_CONVERSATIONS:
        message = f"concurrency={many!r} is no number of conversations"
        raise Unsupported(message, subject=subject, hint=f"pass a whole number from 1 to {_MOST_CONVERSATIONS:,}")
    if kept is not None and kept not in vocabulary.architectures().cache_bytes:
        message = f"there is no kv_dtype {kept!r}"
        raise Unsupported(message, subject=subject, hint=f"pass {', '.join(map(repr, vocabulary.architectures().cache_bytes))}")
    if there is not None:
        cards.read(there)
        if options.get("device") is not None:
            message = f"device={options['device']!r} is a device of this machine, and the plan is for {there}"
            raise Unsupported(message, subject=subject, hint="leave device= out, or on=")
    elif options.get("device") is not None:
        devices.checked(options["device"], machine.gpus(), subject=subject)
    for key in _SWITCHES:
        if not isinstance(options.get(key, False), bool):
            message = f"{key}={options[key]!r} is neither True nor False"
            raise Unsupported(message, subject=subject, hint=f"pass {key}=True or {key}=False")
    for key in _TEXTS:
        value = options.get(key)
        if value is not None and (not isinstance(value, str) or not value.strip()):
            message = f"{key}={value!r} is no text that names one"
            raise Unsupported(message, subject=subject, hint=f"pass {key}= as a text, or leave it out")


def check_path(options: dict[str, object], *, subject: str) -> None:
    """Refuse what says where to look, for a path.

    Raises:
        Unsupported: naming the argument.
    """
    reasons = {
        "hub": "the files lie at this path, and no hub is asked",
        "revision": "a path has no revisions",
        "fit": "a path is one variant, so there is none to choose",
    }
    for key, why in reasons.items():
        if options.get(key):
            message = f"{key}={options[key]!r} is not for {subject}: {why}"
            instead = "choose a GGUF file by quantization=" if key == "fit" else "give the name (owner/name) instead of the path"
            raise Unsupported(message, subject=subject, hint=f"leave {key}= out, or {instead}")


def check_lock(options: dict[str, object], locked: Mapping[str, tuple[str | None, ...]], *, subject: str) -> None:
    """Refuse what a lock file says otherwise.

    Args:
        options: The arguments of `plan`.
        locked: What the lock has for each of them.
        subject: The name, for messages.

    Raises:
        Unsupported: naming the argument.
    """
    if options.get("fit"):
        message = "fit=True is not for a lock file, which names the variant"
        raise Unsupported(message, subject=subject, hint="leave fit= out, or lock= to choose anew")
    for key, have in locked.items():
        asked = options.get(key)
        if asked is not None and asked not in have:
            said = next((one for one in have if one), None) or "no hub: files on this disk"
            message = f"{key}={asked!r} is not what the lock file of {subject} says: {said}"
            raise Unsupported(message, subject=subject, hint=f"leave {key}= out, or make a new one with: modelcatalog lock NAME")


def check_quantization(asked: str, facts: Facts, choice: Choice, *, subject: str) -> None:
    """Refuse files that are not in the quantization that was asked for.

    Raises:
        Unsupported: saying what they are.
    """
    have = choice.quantization
    if choice.format == "safetensors" and facts.quantization is not None:
        have = Quantization(method=facts.quantization, bits=facts.bits)
    if matches(have, asked):
        return
    what = (have.scheme or have.method) if have is not None else f"not quantized ({facts.dtype})" if facts.dtype else "not quantized"
    if choice.format == "gguf" and have is None:
        what = "a GGUF file whose name tells no quantization"
    message = f"quantization={asked!r} is not what {subject} is: {what}"
    raise Unsupported(message, subject=subject, hint="leave quantization= out, or give the name (owner/name) to look for that variant")


def check_context(asked: int | None, facts: Facts, *, engine: str, subject: str) -> None:
    """Refuse a context that is longer than the model's.

    Raises:
        Unsupported: saying how many tokens the model reads. llama.cpp may stretch it, by its own options.
    """
    if asked is None or facts.context_length is None or asked <= facts.context_length or engine == "llama.cpp":
        return
    message = f"context_length={asked:,} is more than {subject} reads: {facts.context_length:,} tokens"
    raise Unsupported(message, subject=subject, hint=f"pass at most {facts.context_length}, or stretch it in config.json (rope_scaling) as its model card says")
