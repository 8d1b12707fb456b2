"""Owns transformers' tokenizers as engines see them: tokens, templates wherever a checkpoint keeps them, ends. Loads nothing.

The engines transformers and vllm have such a tokenizer; llama.cpp has its own.
"""

from __future__ import annotations

import json
import re
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from modelcatalog import vocabulary
from modelcatalog.engines.prompts.calling import own_way
from modelcatalog.engines.prompts.prompting import Prompter
from modelcatalog.entries import MarkEntry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

__all__ = ["Tokenizer", "gguf_ends", "guided", "own_marks", "prompter", "stated_ends", "templates"]

_ELSEWHERE = ("chat_template.json", "processor_config.json", "preprocessor_config.json")
"""Files of processors that may hold the template of a model whose tokenizer has none."""
_THINKING = ("reasoning_content", "reasoning", "thinking")
_FIRST = re.compile(r"(<[^<>]*>|\[[^\[\]]*\])(.*)", re.DOTALL)
_THOUGHT = re.compile("think|thought|reasoning|思考", re.IGNORECASE)
_PARTS = re.compile(r"[^\W_]+")
_ENDS = frozenset({"end", "stop", "close"})
_SIDES = _ENDS | {"begin", "start", "open", "of", "the"}
"""What words of tokens say beside what stands between them."""
_GGUF_ENDS = ("eos", "eot", "eom")


class Tokenizer:
    """One of transformers' tokenizers, as `text.Tokens`."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def encode(self, text: str, add_special: bool) -> list[int]:  # noqa: FBT001  the shape of Tokens
        """The tokens of a text."""
        return list(self._tokenizer(text, add_special_tokens=add_special)["input_ids"])

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens, without special ones."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def token(self, text: str) -> int | None:
        """The added token that this text is."""
        return self._ids.get(text)

    def added(self, token: int) -> str | None:
        """The text of an added token."""
        return self._texts.get(token)

    @cached_property
    def _ids(self) -> dict[str, int]:
        known: dict[str, int] = self._tokenizer.get_added_vocab()
        return known

    @cached_property
    def _texts(self) -> dict[int, str]:
        # Special tokens may be words of the vocabulary too.
        special = zip(self._tokenizer.all_special_ids, self._tokenizer.all_special_tokens, strict=False)
        return {**{token: text for text, token in self._ids.items()}, **dict(special)}


def prompter(
    tokenizer: Any, subject: str, named: Mapping[str, str], generation: Any, configs: Sequence[Any], *,
    ends: frozenset[int] = frozenset(), limit: int | None = None, rows: int | None = None, longer: bool = False,
) -> Prompter:  # fmt: skip
    """The text side of a checkpoint with such a tokenizer.

    Args:
        tokenizer: The tokenizer.
        subject: The model, for messages.
        named: Its templates by name.
        generation: The generation configuration.
        configs: The model's configuration and parts of it.
        ends: Tokens that end a reply beside those that these state.
        limit: As in `Prompter`, like what follows.
        rows: As in `Prompter`.
        longer: As in `Prompter`.
    """
    stated = stated_ends(tokenizer, generation, *configs)
    return Prompter(
        subject,
        Tokenizer(tokenizer),
        named,
        tokenizer.special_tokens_map,
        stated | ends,
        limit=limit,
        rows=rows,
        longer=longer,
        own=own_marks(tokenizer),
        calls=own_way(_response_template(tokenizer)),
        stops=_stops(generation),
    )


def templates(tokenizer: Any, folder: Path | None = None) -> dict[str, str]:
    """A checkpoint's chat templates by name: the tokenizer's, else those that only the processor's files have."""
    return _named(tokenizer.chat_template) or (processors(folder) if folder is not None else {})


def processors(folder: Path) -> dict[str, str]:
    """The chat templates by name that the files of a checkpoint's processor have."""
    for name in _ELSEWHERE:
        file = folder / name
        if file.is_file():
            try:
                stated = json.loads(file.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError):
                continue
            if isinstance(stated, dict) and (own := _named(stated.get("chat_template"))):
                return own
    return {}


def _named(stated: object) -> dict[str, str]:
    """One template, some by name, or a list of named ones, as files write them; an editor's byte order mark does not belong to one."""
    if isinstance(stated, str):
        stated = {"default": stated}
    if isinstance(stated, list):
        stated = {one.get("name"): one.get("template") for one in stated if isinstance(one, dict)}
    each = stated.items() if isinstance(stated, dict) else ()
    return {str(name): text for name, said in each if isinstance(said, str) and (text := said.removeprefix("\ufeff"))}


def own_marks(tokenizer: Any) -> tuple[MarkEntry, ...]:
    """The marks of thinking that a checkpoint states itself, in the ``response_template`` that newer versions of transformers read.

    Its literals only: patterns would be a stranger's regular expressions, which this process runs without a limit.
    """
    stated = _response_template(tokenizer)
    fields = stated.get("fields") if isinstance(stated, dict) else None
    known = tokenizer.get_added_vocab()
    found = []
    for name in _THINKING:
        field = fields.get(name) if isinstance(fields, dict) else None
        opens, closes = (_literals(field.get(key)) for key in ("open", "close")) if isinstance(field, dict) else ((), ())
        for word in opens if closes else ():
            # A token, and the words behind it.
            first = _FIRST.fullmatch(word)
            token, label = (first[1], first[2]) if first is not None and first[1] in known else (word, "")
            found.append(MarkEntry(open=(token,), label=label, close=closes))
    return (*found, *_paired(known))


def _paired(added: Iterable[str]) -> tuple[MarkEntry, ...]:
    """Tokens beside the vocabulary that stand before and behind a thought by their own words, as new families name theirs.

    >>> [(mark.open, mark.close) for mark in _paired(["<|idea_think_start|>", "<|idea_think_end|>", "<|no_think|>"])]
    [(('<|idea_think_start|>',), ('<|idea_think_end|>',))]
    """
    stated = {word for mark in vocabulary.thinking().mark for word in (*mark.open, *mark.close)}
    sides: tuple[dict[tuple[str, ...], list[str]], ...] = ({}, {})
    for word in added:
        if _THOUGHT.search(word) is not None:
            parts = [part.lower() for part in _PARTS.findall(word)]
            key = tuple(part for part in parts if part not in _SIDES)
            sides["/" in word or not _ENDS.isdisjoint(parts)].setdefault(key, []).append(word)
    return tuple(
        MarkEntry(open=(*opens,), close=(*closes,), tokens=True)
        for key, opens in sides[False].items()
        if len(opens) == 1 == len(closes := sides[True].get(key, [])) and not stated.issuperset((*opens, *closes))
    )


def _response_template(tokenizer: Any) -> Any:
    # Versions that do not know it keep it among the file's other words.
    return getattr(tokenizer, "response_template", None) or getattr(tokenizer, "init_kwargs", {}).get("response_template")


def _literals(stated: object) -> tuple[str, ...]:
    words = [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else []
    return tuple(word for word in words if isinstance(word, str) and word)


def stated_ends(tokenizer: Any, generation: Any, *configs: Any) -> frozenset[int]:
    """The tokens that end a reply as the files say; what fine-tuned checkpoints say in two places does not always agree.

    Args:
        tokenizer: Has an ``eos_token_id``.
        generation: The generation configuration.
        configs: The model's configuration and parts of it: what these say counts if it is a special token, since
            transformers fills in numbers there that a checkpoint never stated.
    """
    if getattr(generation, "_from_model_config", False):
        # There was no file: transformers made it of the model's configuration.
        generation, configs = None, (*configs, generation)
    ends = {*_ids(generation), *_ids(tokenizer)}
    special = {*tokenizer.get_added_vocab().values(), *tokenizer.all_special_ids}
    return frozenset(ends | {end for stated in (*configs, *_beside(tokenizer, generation, *configs)) for end in _ids(stated) if end in special})


def _beside(tokenizer: Any, *configs: Any) -> list[Any]:
    """What other programs write beside ``eos_token_id`` into the same files, under its name: mlx-lm's list, an end of the turn of its own."""
    stated = [getattr(one, "eos_token_ids", None) for one in configs if one is not None]
    settings = getattr(tokenizer, "init_kwargs", {})
    turn = settings.get("eot_token") or tokenizer.special_tokens_map.get("eot_token")
    stated += [settings.get("eos_token_ids"), tokenizer.get_added_vocab().get(turn) if isinstance(turn, str) else None]
    return [SimpleNamespace(eos_token_id=one) for one in stated if one is not None]


def _stops(generation: Any) -> tuple[str, ...]:
    """The strings at which a generation configuration ends a reply."""
    stated = getattr(generation, "stop_strings", None)
    return tuple(text for text in ([stated] if isinstance(stated, str) else stated or ()) if isinstance(text, str) and text)


def guided(tokenizer: Any, ends: frozenset[int]) -> Any:
    """A tokenizer as llguidance reads it.

    Raises:
        ValueError: it is of the old kind, in Python.
    """
    from llguidance.hf import from_tokenizer  # only replies with a constraint need it

    return from_tokenizer(tokenizer, eos_token=sorted(ends) or None)


def gguf_ends(metadata: Mapping[str, object]) -> frozenset[int]:
    """The tokens that a GGUF file names as the end of a text, a turn or a message."""
    stated = (metadata.get(f"tokenizer.ggml.{name}_token_id") for name in _GGUF_ENDS)
    return frozenset(end for end in stated if isinstance(end, int))


def _ids(owner: Any) -> set[int]:
    ends = getattr(owner, "eos_token_id", None)
    return {int(end) for end in (ends if isinstance(ends, list | tuple) else [ends]) if isinstance(end, int)}
