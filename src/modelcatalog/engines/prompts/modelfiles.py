"""Owns the templates of a GGUF file, and where a Modelfile's stands among them: in their place where there are none, else beside them. Knows no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.stores.modelfile import Modelfile

__all__ = ["templates", "with_ollamas"]

_NAME = "ollama"
_ADDS = "tokenizer.ggml.add_bos_token"
_KIND = "tokenizer.ggml.model"
_TEMPLATE = "tokenizer.chat_template"


def templates(metadata: Mapping[str, object]) -> dict[str, str]:
    """The chat templates of a file: the usual one, and those that it has by name.

    >>> templates({"tokenizer.chat_template.rag": "{{ messages }}", "tokenizer.chat_templates": ["rag"]})
    {'rag': '{{ messages }}'}
    """
    named = {key.removeprefix(f"{_TEMPLATE}."): text for key, text in metadata.items() if key.startswith(f"{_TEMPLATE}.")}
    return {name: text for name, text in {"default": metadata.get(_TEMPLATE), **named}.items() if isinstance(text, str) and text}


def with_ollamas(own: Mapping[str, str], said: Modelfile | None, metadata: Mapping[str, object], begins: object) -> dict[str, str]:
    """The templates of a checkpoint by name, with Ollama's as ``ollama``, and as the usual one where the file has none.

    Args:
        own: Those of the file.
        said: The Modelfile, where Ollama keeps the file.
        metadata: The file's header.
        begins: The text of the token that begins a text.
    """
    written = said.jinja if said is not None else None
    if said is None or written is None:
        return dict(own)
    # Ollama's templates leave that token to what makes the tokens, others write it themselves.
    adds = metadata.get(_ADDS, metadata.get(_KIND) == "llama")
    if adds and isinstance(begins, str) and begins and begins not in (said.template or ""):
        written = "{{ bos_token }}" + written
    return {"default": written} | dict(own) | {_NAME: written}
