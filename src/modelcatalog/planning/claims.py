"""Owns the comparison of what a name claims with what the files say. Knows no hub."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelcatalog.planning.choose import Choice
    from modelcatalog.planning.facts import Facts
    from modelcatalog.records import ModelName

__all__ = ["mismatches"]

# Names round, and count or leave out embeddings: SmolLM2-135M has 134.5M, gemma-7b 8.5B, Qwen1.5-0.5B 620M.
_ROUNDING = 1.35
_CHATTING = frozenset({"instruct", "chat", "thinking", "reasoning"})
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
            found.append(f"the name says {_count(claimed)} parameters, the weights have {_count(facts.parameters)}")
    method = name.quantization.method if name.quantization else None
    if choice.format == "safetensors" and method in _SAFETENSORS_METHODS and method != facts.quantization:
        says = f"says {facts.quantization}" if facts.quantization else "names no quantization"
        found.append(f"the name says {method}, config.json {says}")
    if facts.chat_template is False and _CHATTING & set(name.types):
        said = next(word for word in name.types if word in _CHATTING)
        found.append(f"the name says {said}, but there is no chat template")
    return tuple(found)


def _count(parameters: int) -> str:
    return f"{parameters / 1e9:.3g}B" if parameters >= 1e9 else f"{parameters / 1e6:.3g}M"  # noqa: PLR2004
