"""Owns the comparison of what a name claims, and what the caller asks for, with what the files say. Knows no hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog import vocabulary
from modelcatalog.errors import Unsupported
from modelcatalog.planning.choose import matches
from modelcatalog.records import Quantization, counted

if TYPE_CHECKING:
    from modelcatalog.planning.choose import Choice
    from modelcatalog.planning.facts import Facts
    from modelcatalog.records import ModelName

__all__ = ["check_context", "check_quantization", "mismatches"]

# Names round, and count or leave out embeddings: SmolLM2-135M has 134.5M, gemma-7b 8.5B, Qwen1.5-0.5B 620M.
_ROUNDING = 1.35
_SAFETENSORS_METHODS = frozenset({"awq", "gptq", "fp8", "bitsandbytes", "compressed-tensors", "mxfp4", "hqq"})


def mismatches(name: ModelName, facts: Facts, choice: Choice) -> tuple[str, ...]:
    """One sentence for each claim of the name that the files contradict; none where they are silent.

    >>> from modelcatalog.planning.choose import Choice
    >>> from modelcatalog.planning.facts import Facts
    >>> from modelcatalog import parse
    >>> mismatches(parse("Qwen2.5-7B-Instruct"), Facts(parameters=494_000_000), Choice("safetensors", (), (), ""))
    ('the name says 7B parameters, the weights have 494M',)
    """
    found = []
    claimed = name.size.total if name.size and name.origin("size.total") == "name" else None
    if claimed and facts.parameters:
        ratio = facts.parameters / claimed
        if not 1 / _ROUNDING < ratio < _ROUNDING:
            found.append(f"the name says {counted(claimed)} parameters, the weights have {counted(facts.parameters)}")
    method = name.quantization.method if name.quantization else None
    if choice.format == "safetensors" and method in _SAFETENSORS_METHODS and method != facts.quantization:
        says = f"says {facts.quantization}" if facts.quantization else "names no quantization"
        found.append(f"the name says {method}, config.json {says}")
    said = next((word for word in name.types if word in vocabulary.talking(yes=True)), None)
    if facts.chat_template is False and said is not None:
        found.append(f"the name says {said}, but there is no chat template")
    return tuple(found)


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
        what = "a GGUF file whose name does not tell its quantization"
    message = f"quantization={asked!r} is not what {subject} is: {what}"
    raise Unsupported(message, subject=subject, hint="leave quantization= out, or give the name (owner/name) to look for that variant")


def check_context(asked: int | None, facts: Facts, *, subject: str) -> None:
    """Refuse a context that is longer than the model's.

    Raises:
        Unsupported: saying how many tokens the model reads.
    """
    if asked is None or facts.context_length is None or asked <= facts.context_length:
        return
    message = f"context_length={asked:,} is more than {subject} reads: {facts.context_length:,} tokens"
    raise Unsupported(message, subject=subject, hint=f"pass at most {facts.context_length}, or stretch it in config.json (rope_scaling) as its model card says")
