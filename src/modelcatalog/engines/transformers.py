"""Owns running a checkpoint with transformers: load, render, generate, and the KV cache of a conversation.

Knows no hub: it is handed a folder, and every call says ``local_files_only``.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, Any

from modelcatalog.engines import Finish, Finished, Message, Options, Started
from modelcatalog.engines.quiet import quiet
from modelcatalog.engines.templates import Renderer
from modelcatalog.engines.text import Decoder, StopStrings, opens_thinking
from modelcatalog.engines.transformers_loading import read
from modelcatalog.errors import (
    EngineError,
    ModelCatalogError,
    NoChatTemplate,
    Unsupported,
    WontFit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.engines import Event, Prompt
    from modelcatalog.planning import Plan

__all__ = ["Transformers", "open"]


class _Memory:
    """What was computed for a conversation: the cache, and the tokens that it holds keys and values of."""

    def __init__(self) -> None:
        self.cache: Any = None
        self.ids: list[int] = []


class Transformers:
    """A model and its tokenizer in this process."""

    name = "transformers"
    parallel = 1

    def __init__(self, model: Any, tokenizer: Any, subject: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._subject = subject
        self._renderer = Renderer(subject)

    @property
    def chat_template(self) -> bool:
        """Whether the checkpoint brought a chat template."""
        return bool(self._tokenizer.chat_template)

    def new_memory(self) -> _Memory:
        """A KV cache for one conversation."""
        return _Memory()

    def close(self) -> None:
        """Drop the model, and give the GPU's memory back."""
        import gc  # noqa: PLC0415

        import torch  # noqa: PLC0415

        self._model = self._tokenizer = None
        self._renderer.close()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def run(
        self, prompt: Prompt, options: Options, *, cancel: threading.Event, memory: object | None = None
    ) -> Iterator[Event]:
        """Generate in a thread of its own, so that the caller can always be interrupted."""
        if self._model is None:
            message = "this model was closed"
            raise EngineError(message, subject=self._subject)
        ids, thinking = self._encode(prompt, options)
        limit = getattr(self._model.config.get_text_config(), "max_position_embeddings", None)
        if limit is not None and len(ids) >= limit:
            message = f"the prompt has {len(ids):,} tokens, the model reads {limit:,}"
            raise Unsupported(message, subject=self._subject, hint="shorten the prompt, or begin a new session")
        stop = threading.Event()
        pieces: queue.Queue[int | BaseException | None] = queue.Queue()
        kept = memory if isinstance(memory, _Memory) else None
        worker = threading.Thread(
            target=self._generate, args=(ids, options, kept, pieces, (stop, cancel)), name="modelcatalog-generate"
        )
        worker.daemon = True
        worker.start()
        try:
            yield from self._events(ids, options, pieces, stop, cancel, thinking=thinking)
        finally:
            # Also when the consumer leaves early or Ctrl-C comes: one token later the thread is done.
            stop.set()
            worker.join()

    def _events(
        self,
        ids: list[int],
        options: Options,
        pieces: queue.Queue[int | BaseException | None],
        stop: threading.Event,
        cancel: threading.Event,
        *,
        thinking: bool,
    ) -> Iterator[Event]:
        tokenizer = self._tokenizer
        decoder = Decoder(
            lambda some: tokenizer.decode(some, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        )
        stops = StopStrings(options.stop)
        ends = self._ends()
        count, last = 0, None
        yield Started(len(ids), thinking)
        while (item := pieces.get()) is not None:
            if isinstance(item, BaseException):
                raise self._translated(item) from item
            count, last = count + 1, item
            if text := stops.push(decoder.push(item)):
                yield text
            if stops.hit:
                stop.set()
                break
        if text := stops.push(decoder.rest()) + stops.rest():
            yield text
        reason: Finish = "stop"
        if not stops.hit and last not in ends:
            reason = "cancelled" if cancel.is_set() else "length"
        yield Finished(reason, count)

    def _ends(self) -> set[int]:
        ends = self._model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        return {int(end) for end in (*ends, self._tokenizer.eos_token_id) if end is not None}

    # The prompt ------------------------------------------------------------------------------

    def _encode(self, prompt: Prompt, options: Options) -> tuple[list[int], bool]:
        """The prompt's tokens, and whether the template opened the thinking."""
        if isinstance(prompt, str):
            return list(self._tokenizer(prompt)["input_ids"]), False
        text = self._render(prompt, options)
        # The template writes the special tokens itself; a second <s> spoils the reply.
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"]), opens_thinking(text)

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

    # The generation --------------------------------------------------------------------------

    def _generate(
        self,
        ids: list[int],
        options: Options,
        memory: _Memory | None,
        pieces: queue.Queue[int | BaseException | None],
        stops: tuple[threading.Event, ...],
    ) -> None:
        import torch  # noqa: PLC0415

        try:
            cache = self._recall(ids, memory)
            prompt = torch.tensor([ids], device=self._model.device)
            extra: dict[str, Any] = {} if cache is None else {"past_key_values": cache}
            with quiet(), torch.inference_mode(), _seeded(options.seed):
                output = self._model.generate(
                    input_ids=prompt,
                    attention_mask=torch.ones_like(prompt),
                    streamer=_Streamer(pieces),
                    stopping_criteria=[_stopper(stops)],
                    **_settings(options, self._model, self._tokenizer),
                    **extra,
                )
            if memory is not None:
                # The last token was sampled and never fed back, so the cache does not hold it.
                memory.ids = output[0].tolist()[: cache.get_seq_length()]
        except BaseException as error:  # noqa: BLE001  raised again in the thread that asked
            if memory is not None:
                memory.cache, memory.ids = None, []
            pieces.put(error)
        else:
            pieces.put(None)

    def _recall(self, ids: list[int], memory: _Memory | None) -> Any:
        """The cache of a conversation, cut back to the tokens that this prompt shares with the last one."""
        from transformers import DynamicCache  # noqa: PLC0415

        if memory is None:
            return None
        common = 0
        # At least one token must be computed, else there is nothing to sample from.
        for have, want in zip(memory.ids, ids[:-1], strict=False):
            if have != want:
                break
            common += 1
        cache = memory.cache
        try:
            length = cache.get_seq_length() if cache is not None else 0
            if length > common > 0:
                cache.crop(common - length)
        except (RuntimeError, ValueError, NotImplementedError, AttributeError):
            common = 0  # recurrent and sliding layers cannot always go back
        if cache is None or common == 0:
            cache = DynamicCache(config=self._model.config)
        memory.cache = cache
        return cache

    def _translated(self, error: BaseException) -> BaseException:
        if isinstance(error, ModelCatalogError) or not isinstance(error, Exception):
            return error
        if type(error).__name__ in {"OutOfMemoryError", "MemoryError"}:
            message = "memory ran out while generating"
            return WontFit(message, subject=self._subject, hint="shorten the prompt, or take a smaller variant")
        return EngineError(f"transformers failed: {error}", subject=self._subject)


class _Streamer:
    """Hands tokens on as `generate` makes them; the first call brings the prompt."""

    def __init__(self, pieces: queue.Queue[int | BaseException | None]) -> None:
        self._pieces = pieces
        self._prompt = True

    def put(self, value: Any) -> None:
        if self._prompt:
            self._prompt = False
            return
        for token in value.reshape(-1).tolist():
            self._pieces.put(int(token))

    def end(self) -> None:
        """Nothing: the thread reports its own end."""


def _stopper(stops: tuple[threading.Event, ...]) -> Any:
    import torch  # noqa: PLC0415

    def stop(input_ids: Any, _scores: Any, **_: object) -> Any:
        done = any(event.is_set() for event in stops)
        return torch.full((input_ids.shape[0],), done, dtype=torch.bool, device=input_ids.device)

    return stop


class _seeded:  # noqa: N801  reads as a word in a with statement
    """Seeds torch for one reply, and puts the random state back."""

    def __init__(self, seed: int | None) -> None:
        self._seed = seed
        self._fork: Any = None

    def __enter__(self) -> None:
        if self._seed is not None:
            import torch  # noqa: PLC0415

            self._fork = torch.random.fork_rng()
            self._fork.__enter__()
            torch.manual_seed(self._seed)

    def __exit__(self, *error: object) -> None:
        if self._fork is not None:
            self._fork.__exit__(*error)


def _settings(options: Options, model: Any, tokenizer: Any) -> dict[str, Any]:
    """Our options in the words of `generate`, with nothing left for it to warn about."""
    names = {"temperature", "top_p", "top_k", "min_p", "repetition_penalty"}
    given = options.model_dump(include=names, exclude_none=True)
    sample = options.do_sample
    if sample is None and options.temperature is not None:
        sample = options.temperature > 0
    if sample is None and given.keys() & {"top_p", "top_k", "min_p"}:
        sample = True
    if sample is None:
        sample = bool(model.generation_config.do_sample)
    if not sample:
        # Greedy decoding ignores them, and says so each time.
        given = {key: value for key, value in given.items() if key == "repetition_penalty"}
        given |= {"temperature": 1.0, "top_p": 1.0, "top_k": 50}
    pad = tokenizer.pad_token_id
    ends = model.generation_config.eos_token_id
    first = ends[0] if isinstance(ends, list) and ends else ends
    return {
        **given,
        "do_sample": sample,
        "max_new_tokens": options.max_new_tokens,
        "pad_token_id": pad if pad is not None else first if first is not None else tokenizer.eos_token_id,
    }


def open(plan: Plan) -> Transformers:  # noqa: A001  engines.transformers.open(plan)
    """Load a checkpoint; errors as `transformers_loading.read` raises them."""
    model, tokenizer = read(plan)
    return Transformers(model, tokenizer, plan.name.source)
