"""Owns running a checkpoint with transformers: load, render, make tokens, and the KV cache of a conversation.

Knows no hub: it is handed a folder, and every call says ``local_files_only``.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from modelcatalog.engines import Finish, Finished, Message, Options, Started
from modelcatalog.engines.sampling import settings
from modelcatalog.engines.templates import Renderer
from modelcatalog.engines.text import THINKING, Writer, opens_thinking
from modelcatalog.engines.transformers import fallback, kvcache
from modelcatalog.engines.transformers.batch import Asked, Batch
from modelcatalog.engines.transformers.graphs import StaticDecoder
from modelcatalog.engines.transformers.load import read
from modelcatalog.engines.transformers.loop import Row, Rows, drives
from modelcatalog.errors import (
    EngineError,
    ModelCatalogError,
    NoChatTemplate,
    Unsupported,
    WontFit,
)
from modelcatalog.planning.facts import context_limit
from modelcatalog.planning.machine import free_ram

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from modelcatalog.engines import Event, Prompt
    from modelcatalog.engines.sampling import Settings
    from modelcatalog.planning import Plan

__all__ = ["Transformers", "open"]


class _Memory:
    """What was computed for a conversation: the cache, and the tokens that it holds keys and values of."""

    def __init__(self) -> None:
        self.cache: Any = None
        self.ids: list[int] = []

    def recall(self, ids: list[int]) -> Any:
        """The cache, cut back to the tokens that it shares with this prompt; None if that is not possible.

        It is taken out: a second reply in the same conversation at the same time begins anew.
        """
        cache, self.cache = self.cache, None
        if cache is None:
            return None
        common = 0
        # At least one token must be computed, else there is nothing to choose from.
        for have, want in zip(self.ids, ids[:-1], strict=False):
            if have != want:
                break
            common += 1
        return cache if common and kvcache.cut(cache, common) else None

    def keep(self, cache: Any, ids: list[int]) -> None:
        """Remember what a cache holds: no more than these tokens, whose last was never computed."""
        length = min(len(ids) - 1, *(layer.get_seq_length() for layer in cache.layers))
        if length > 0 and kvcache.cut(cache, length):
            self.cache, self.ids = cache, ids[:length]


class Transformers:
    """A model and its tokenizer in this process."""

    name = "transformers"
    parallel = 8

    def __init__(self, model: Any, tokenizer: Any, subject: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._subject = subject
        self._renderer = Renderer(subject)
        self._lock = threading.Lock()
        self._driven = drives(model)
        # For one reply at a time: it works on buffers of its own.
        self._fast, self._fast_turn = StaticDecoder(model), threading.Lock()
        # A stretched context (YaRN) is longer than max_position_embeddings, and not every configuration calls it that.
        self._limit = context_limit(model.config.get_text_config().to_dict())
        self._ends = _ends(model, tokenizer)
        self._marks = _marks(tokenizer)

    @property
    def chat_template(self) -> bool:
        """Whether the checkpoint brought a chat template."""
        return bool(self._tokenizer.chat_template)

    @property
    def attention(self) -> str:
        """The attention implementation that transformers took: ``sdpa``, ``flash_attention_2``, ``eager``, …."""
        return str(self._open().config._attn_implementation)  # noqa: SLF001  there is no other name for it

    @property
    def decoding(self) -> str:
        """How a reply alone is decoded: ``cuda graph``, or ``ordinary`` with the reason."""
        return self._fast.path

    def new_memory(self) -> _Memory:
        """A KV cache for one conversation."""
        return _Memory()

    def close(self) -> None:
        """Drop the model, and give the GPU's memory back."""
        import gc  # noqa: PLC0415

        import torch  # noqa: PLC0415

        with self._lock:
            self._model = self._tokenizer = None
            self._fast.close()
        self._renderer.close()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def run(
        self, prompt: Prompt, options: Options, *, cancel: threading.Event, memory: object | None = None
    ) -> Iterator[Event]:
        """Generate, in the caller's thread: a token for each event that is asked for."""
        asked = self._ask(prompt, options)  # which also says that the model was closed
        kept = memory if isinstance(memory, _Memory) else None
        how = settings(options, self._model.generation_config)
        yield Started(asked.row.prompt, asked.thinking)
        made = self._made(asked.row, how, kept) if self._driven else self._generated(asked.row, how, kept)
        writer, row, stopped = asked.writer, asked.row, False
        try:
            for token in made:
                if token is not None and (text := writer.push(token)):
                    yield text
                stopped = cancel.is_set()
                if writer.done or stopped:
                    break
        except Exception as error:
            raise self._translated(error) from error
        finally:
            made.close()
        if text := writer.rest():
            yield text
        reason: Finish = "stop" if writer.done else "cancelled" if stopped else "length"
        yield Finished(reason, row.made)

    def run_many(
        self, prompts: Iterator[Prompt | ModelCatalogError], options: Options, *, cancel: threading.Event
    ) -> Iterator[tuple[int, Event | ModelCatalogError]] | None:
        """Generate for many prompts in one batch that finished rows leave and new ones join."""
        model = self._open()
        if not self._driven:
            return None
        how = settings(options, model.generation_config)
        batch = Batch(
            lambda: Rows(self._open(), how, self._lock),
            lambda prompt: self._ask(prompt, options),
            self._translated,
            cancel,
            width=64 if model.device.type == "cuda" else 16,
            memory=_free(model.device) // 2,
            token_bytes=kvcache.token_bytes(model.config, model.dtype),
        )
        return batch.run(prompts)

    def _open(self) -> Any:
        if self._model is None:
            message = "this model was closed"
            raise EngineError(message, subject=self._subject)
        return self._model

    def _ask(self, prompt: Prompt, options: Options) -> Asked:
        """What a prompt asks of the loop."""
        self._open()
        ids, thinking = self._encode(prompt, options)
        limit = self._limit
        if limit is not None and len(ids) >= limit:
            message = f"the prompt has {len(ids):,} tokens, the model reads {limit:,}"
            raise Unsupported(message, subject=self._subject, hint="shorten the prompt, or begin a new session")
        most = options.max_new_tokens if limit is None else min(options.max_new_tokens, limit - len(ids))
        writer = Writer(self._decode, options.stop, self._ends, self._marks)
        return Asked(Row(ids, most, options.seed), writer, thinking)

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False))

    # The prompt ------------------------------------------------------------------------------

    def _encode(self, prompt: Prompt, options: Options) -> tuple[list[int], bool]:
        """The prompt's tokens, and whether the template opened the thinking."""
        if isinstance(prompt, str):
            ids = list(self._tokenizer(prompt)["input_ids"])
            thinking = False
        else:
            text = self._render(prompt, options)
            # The template writes the special tokens itself; a second <s> spoils the reply.
            ids = list(self._tokenizer(text, add_special_tokens=False)["input_ids"])
            thinking = opens_thinking(text)
        if not ids:
            message = "the prompt is empty: there is no token to continue"
            raise Unsupported(message, subject=self._subject)
        return ids, thinking

    def _render(self, messages: tuple[Message, ...], options: Options) -> str:
        if not self.chat_template and options.chat_template is None:
            message = f"{self._subject} has no chat template: it is a base model, which continues a text"
            hint = "use .complete(text), pass chat_template=, or load the instruct version of it"
            raise NoChatTemplate(message, subject=self._subject, hint=hint)
        switches = {} if options.enable_thinking is None else {"enable_thinking": options.enable_thinking}
        try:
            template = self._tokenizer.get_chat_template(options.chat_template)
        except ValueError as error:
            # Several templates, and none of them is the default one.
            message = f"{self._subject} has several chat templates: {str(error).splitlines()[0]}"
            raise Unsupported(message, subject=self._subject, hint="pass chat_template=") from error
        values = {**self._tokenizer.special_tokens_map, **switches}
        return self._renderer.render(template, [message.model_dump() for message in messages], **values)

    # The tokens ------------------------------------------------------------------------------

    def _made(self, row: Row, how: Settings, memory: _Memory | None) -> Generator[int | None]:
        """The tokens of a reply by our own loop; None while a long prompt is read."""
        rows = Rows(self._open(), how, self._lock, memory.recall(row.ids) if memory else None)
        fast = self._fast if self._fast_turn.acquire(blocking=False) else None
        try:
            for _ in rows.read(row):
                yield None
            yield row.ids[-1]
            while row.made < row.limit:
                self._open()
                rows.step(fast)
                yield row.ids[-1]
        finally:
            if fast is not None:
                with self._lock:
                    fast.settle()
                self._fast_turn.release()
            # Also after Ctrl-C in the middle of a pass, when some layers hold a token more than others.
            if memory is not None and rows.cache is not None:
                memory.keep(rows.cache, row.ids)

    def _generated(self, row: Row, how: Settings, memory: _Memory | None) -> Generator[int | None]:
        """The tokens of a reply by `generate`, for models that our loop does not drive."""
        model, cache = self._open(), None
        if memory is not None:
            empty = kvcache.new(model.config)
            cache = memory.recall(row.ids) or (empty if kvcache.usable(empty) else None)
        made = fallback.tokens(model, row, how, tuple(self._ends), cache)
        try:
            for token in made:
                row.ids.append(token)
                yield token
        finally:
            made.close()
            if memory is not None and cache is not None:
                memory.keep(cache, row.ids)

    def _translated(self, error: Exception) -> ModelCatalogError:
        if isinstance(error, ModelCatalogError):
            return error
        if type(error).__name__ in {"OutOfMemoryError", "MemoryError"}:
            message = "memory ran out while generating"
            return WontFit(message, subject=self._subject, hint="shorten the prompt, or take a smaller variant")
        return EngineError(f"transformers failed: {error}", subject=self._subject)


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """The tokens that end a reply; what fine-tuned checkpoints say in two places does not always agree."""
    ends = model.generation_config.eos_token_id
    ends = ends if isinstance(ends, list) else [ends]
    return frozenset(int(end) for end in (*ends, tokenizer.eos_token_id) if end is not None)


def _marks(tokenizer: Any) -> dict[int, str]:
    """The thinking marks that are single tokens of this tokenizer."""
    known = tokenizer.get_added_vocab()
    return {known[mark]: mark for marks in THINKING for mark in marks if mark in known}


def _free(device: Any) -> int:
    """Bytes that are free for KV caches."""
    import torch  # noqa: PLC0415

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    return free_ram() or 1 << 30


def open(plan: Plan) -> Transformers:  # noqa: A001  engines.transformers.open(plan)
    """Load a checkpoint; errors as `load.read` raises them."""
    model, tokenizer = read(plan)
    return Transformers(model, tokenizer, plan.name.source)
