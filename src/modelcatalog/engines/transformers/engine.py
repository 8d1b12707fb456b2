"""Owns running a checkpoint with transformers: load, render, make tokens, and the KV cache of a conversation.

Knows no hub: it is handed a folder, and every call says ``local_files_only``.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcatalog.engines import Finish, Finished, Options, Started, fewest, media
from modelcatalog.engines.failing import closed, out_of_memory, ran_out
from modelcatalog.engines.guide import Guides
from modelcatalog.engines.prompts import modelfiles, tokenizing
from modelcatalog.engines.prompts.rendering import NoPlace
from modelcatalog.engines.sampling import NoChoiceError, of_gguf, settings
from modelcatalog.engines.text import begun
from modelcatalog.engines.transformers import fallback, kvcache, seam
from modelcatalog.engines.transformers.adapting import folder_of
from modelcatalog.engines.transformers.batch import Asked, Batch
from modelcatalog.engines.transformers.graphs import StaticDecoder
from modelcatalog.engines.transformers.load import read
from modelcatalog.engines.transformers.loop import Row, Rows, reason_against
from modelcatalog.engines.transformers.senses import open_senses, without
from modelcatalog.errors import EngineError, ModelCatalogError
from modelcatalog.planning.adapter import MERGES
from modelcatalog.planning.facts import context_limit
from modelcatalog.planning.machine import free_ram

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from modelcatalog.engines import Event, Prompt
    from modelcatalog.engines.prompts.prompting import Prompted
    from modelcatalog.engines.sampling import Settings
    from modelcatalog.engines.transformers.senses import Senses
    from modelcatalog.planning import Plan

__all__ = ["Transformers", "open"]


class _Memory:
    """What was computed for a conversation: the cache, and the tokens that it holds keys and values of."""

    def __init__(self, turns: seam.Turning | None = None) -> None:
        self.cache: Any = None
        self.ids: list[int] = []
        self._begun = 0
        self._turns = turns

    def recall(self, ids: list[int]) -> tuple[Any, int]:
        """The cache, cut back to the tokens that it shares with this prompt, and how long the prompt was that it was begun with.

        None for the cache if that is not possible. It is taken out: a second reply in the same conversation at the same time begins anew.
        """
        cache, self.cache = self.cache, None
        if cache is not None and (self._turns is None or self._turns.alike(self._begun, len(ids))):
            common = begun(self.ids, ids)
            if common and kvcache.cut(cache, common):
                return cache, self._begun
        return None, len(ids)

    def keep(self, cache: Any, ids: list[int], first: int) -> None:
        """Remember what a cache holds: no more than these tokens, whose last was never computed; ``first`` is what `recall` said."""
        length = min(len(ids) - 1, *(layer.get_seq_length() for layer in cache.layers))
        if length > 0 and kvcache.cut(cache, length):
            self.cache, self.ids, self._begun = cache, ids[:length], first


def _rows(model: Any) -> int | None:
    """How many tokens a model has embeddings of; None where it does not say."""
    try:
        rows = getattr(model.get_input_embeddings(), "num_embeddings", None)
    except NotImplementedError:
        return None
    return rows if isinstance(rows, int) else None


class Transformers:
    """A model and its tokenizer in this process."""

    name = "transformers"

    def __init__(
        self, model: Any, tokenizer: Any, subject: str, templates: Mapping[str, str] | None = None, ends: frozenset[int] = frozenset(), *,
        senses: Senses | None = None, folder: Path | None = None, beside: str | None = None, most: int | None = None,
    ) -> None:  # fmt: skip
        self._model = model
        self._tokenizer = tokenizer
        self._subject = subject
        self._senses, self._folder = senses, folder
        self._beside = () if beside is None else (beside,)
        # A stretched context (YaRN) is longer than max_position_embeddings, and not every configuration calls it that.
        reads = context_limit(model.config.get_text_config().to_dict())
        self._limit = fewest(most, reads)
        known = tokenizing.templates(tokenizer) if templates is None else templates
        configs = (model.config, model.config.get_text_config())
        self._prompter = tokenizing.prompter(
            tokenizer, subject, known, model.generation_config, configs, ends=ends, limit=self._limit, longer=self._limit != reads, rows=_rows(model)
        )
        self._guides = Guides(lambda: tokenizing.guided(tokenizer, self._prompter.ends), subject)
        self._lock = threading.Lock()
        self._forgets = kvcache.reason_against(model)
        self._against = reason_against(model, self._forgets)
        # A state beside the cache is that of one reply.
        self._forward: seam.Forward | None = seam.Forward(model)
        self._turns = self._forward.turning
        # A state beside the cache is that of one reply, and so are angles that grow with the text.
        self.parallel = 1 if seam.own_state(model) or (self._turns is not None and self._turns.grows) else 8
        # For one reply at a time: it works on buffers of its own.
        self._fast, self._fast_turn = StaticDecoder(model), threading.Lock()

    @property
    def chat_template(self) -> bool:
        """Whether the checkpoint brought a chat template."""
        return bool(self._prompter.templates)

    @property
    def attention(self) -> str:
        """The attention implementation that transformers took: ``sdpa``, ``flash_attention_2``, ``eager``, …."""
        return seam.attention_of(self._open())

    @property
    def decoding(self) -> str:
        """How tokens are made, and why: ``cuda graph``, ``loop: …`` or ``generate: …``."""
        if self._against is not None:
            return f"generate: {self._against}"
        path = self._fast.path
        return path if path == "cuda graph" else f"loop: {path.removeprefix('ordinary: ')}"

    @property
    def costs(self) -> tuple[str, ...]:
        """What of this way costs speed, one sentence each."""
        unknown = () if self._model is None else seam.unknown_to_generate(self._model)
        undone = [f"generation_config.json asks for {name}, which transformers does not have: tokens are chosen without it" for name in unknown]
        if self._model is not None and seam.timed(self._model):
            undone.append("generation_config.json asks for max_time, which is not heeded: a reply ends where its turn does, or at max_new_tokens")
        return (*self._beside, *undone, *self._costs())

    def _costs(self) -> tuple[str, ...]:
        if self._against is None:
            slow = self._fast.path != "cuda graph" and self._model is not None and self._model.device.type == "cuda"
            return (f"each token is launched kernel by kernel, not as one CUDA graph: {self._fast.path.removeprefix('ordinary: ')}",) if slow else ()
        found = [f"transformers' generate makes the tokens, and a batch is answered one by one: {self._against}"]
        if self._forgets is not None:
            found.append(f"each turn of a session reads the whole conversation again: {self._forgets}")
        elif self._senses is not None:
            found.append("each turn of a session with an image or a recording in it reads the whole conversation again")
        found += [
            f"generation_config.json asks for {name}, which transformers does with code from its hub alone: tokens are chosen without it"
            for name in seam.kept_on_a_hub(self._open())
        ]
        if (lacking := seam.hooks(self._open())) is not None:
            found.append(f"a stream comes in one piece at its end: {lacking}")
        return tuple(found)

    def new_memory(self) -> _Memory:
        """A KV cache for one conversation."""
        return _Memory(self._turns)

    def close(self) -> None:
        """Drop the model, and give the GPU's memory back."""
        import gc

        import torch

        with self._lock:
            self._model = self._tokenizer = self._forward = self._senses = None
            self._fast.close()
        self._prompter.close()
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def run(self, prompt: Prompt, options: Options, *, cancel: threading.Event, memory: object | None = None) -> Iterator[Event]:
        """Generate, in the caller's thread: a token for each event that is asked for."""
        try:
            asked = self._ask(prompt, options)  # which also says that the model was closed
        except ModelCatalogError:
            raise
        except Exception as error:  # some tokenizers have no token for a character, and none that stands for it
            raise self._translated(error) from error
        kept = memory if isinstance(memory, _Memory) else None
        if asked.row.inputs:
            kept = None  # tokens alone do not tell which image or recording a cache was made of
        how = settings(options, self._model.generation_config)
        yield Started(asked.row.prompt, asked.thinking)
        made = self._made(asked.row, how, kept) if self._against is None and not asked.row.inputs else self._generated(asked.row, how, kept, cancel)
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
        if self._against is not None or self._senses is not None:
            return None
        how = settings(options, model.generation_config)
        batch = Batch(
            lambda: Rows(self._pass(), how, self._lock),
            lambda prompt: self._ask(prompt, options),
            self._translated,
            cancel,
            width=64 if model.device.type == "cuda" else 16,
            memory=_free(model.device) // 2,
            token_bytes=kvcache.token_bytes(model.config, model.dtype),
            together=None if self._turns is None else self._turns.limit,
        )
        return batch.run(prompts)

    def _open(self) -> Any:
        if self._model is None:
            raise closed(self._subject)
        return self._model

    def _pass(self) -> seam.Forward:
        self._open()
        return self._forward  # type: ignore[return-value]  # there is one while there is a model

    def _ask(self, prompt: Prompt, options: Options) -> Asked:
        """What a prompt asks of the loop."""
        self._open()
        inputs: dict[str, Any] = {}
        shown = isinstance(prompt, tuple) and bool(media.of(prompt))
        ids, writer, thinking = self._sensed(prompt, options, inputs) if shown else self._prompter.ask(prompt, options)
        most = options.max_new_tokens if self._limit is None else min(options.max_new_tokens, self._limit - len(ids))
        row = Row(ids, most, options.seed)
        row.inputs = inputs
        row.trace.guide = self._guides.guide(options.constraint, writer)
        return Asked(row, writer, thinking)

    def _sensed(self, prompt: Any, options: Options, inputs: dict[str, Any]) -> Prompted:
        """A prompt with images or recordings, in the template that knows them; what goes beside its tokens is added to ``inputs``."""
        senses, shown = self._senses, media.of(prompt)
        if senses is None:
            raise without(shown, self._model, self._subject, self._folder)
        senses.check(shown)
        said = "\n".join(message.content for message in prompt)

        def see(text: str) -> list[int]:
            ids, more = senses.read(text, shown, said)
            inputs.update(more)
            return ids

        template = senses.template if options.chat_template is None else None
        options = options if template is None else options.model_copy(update={"chat_template": template})
        try:
            return self._prompter.ask(prompt, options, see)
        except NoPlace:
            # Some models were made to be asked with their mark in the text.
            written = senses.written(prompt)
            if written is None:
                raise
            return self._prompter.ask(written, options, see)

    # The tokens ------------------------------------------------------------------------------

    def _made(self, row: Row, how: Settings, memory: _Memory | None) -> Generator[int | None]:
        """The tokens of a reply by our own loop; None while a long prompt is read."""
        cache, first = memory.recall(row.ids) if memory else (None, row.prompt)
        rows = Rows(self._pass(), how, self._lock, cache)
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
                memory.keep(rows.cache, row.ids, first)

    def _generated(self, row: Row, how: Settings, memory: _Memory | None, cancel: threading.Event) -> Generator[int | None]:
        """The tokens of a reply by `generate`, for models that our loop does not drive."""
        cache, first = memory.recall(row.ids) if memory else (None, row.prompt)
        steps = fallback.Steps(
            self._open(),
            row,
            how,
            tuple(self._prompter.ends),
            lock=self._lock,
            cancel=cancel,
            cache=cache,
            grows=self._turns is not None and self._turns.grows,
        )
        made = steps.tokens()
        try:
            for token in made:
                row.ids.append(token)
                yield token
                self._open()
        finally:
            made.close()
            if memory is not None and self._forgets is None and steps.cache is not None and kvcache.usable(steps.cache):
                memory.keep(steps.cache, row.ids, first)

    def _translated(self, error: Exception) -> ModelCatalogError:
        if isinstance(error, ModelCatalogError):
            return error
        if ran_out(error):
            return out_of_memory("generating", self._subject, hint="shorten the prompt, or take a smaller variant")
        if isinstance(error, NoChoiceError):
            message = f"{self._subject} cannot choose a token: {error}"
            hint = 'fetch the checkpoint again; one that was made for bfloat16 may be too wide for float16: pass dtype="bfloat16" or dtype="float32"'
            return EngineError(message, subject=self._subject, hint=hint)
        return EngineError(f"transformers failed: {error}", subject=self._subject)


def _free(device: Any) -> int:
    """Bytes that are free for KV caches."""
    import torch

    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0] + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device))
    return free_ram() or 1 << 30


def open(plan: Plan) -> Transformers:  # noqa: A001  engines.transformers.open(plan)
    """Load a checkpoint; errors as `load.read` raises them."""
    model, tokenizer, metadata = read(plan)
    folder = Path(plan.path or ".")
    ends = tokenizing.gguf_ends(metadata) if metadata else frozenset()
    if not (folder / "generation_config.json").is_file():
        for name, value in vars(of_gguf(metadata, plan.name.source)).items():
            setattr(model.generation_config, name, value)
    senses = open_senses(plan, folder, model, tokenizer)
    # What lies beside a file in a program's store is of other models.
    own = tokenizing.templates(tokenizer, None if plan.modelfile is not None else folder)
    templates = modelfiles.with_ollamas({**modelfiles.templates(metadata), **own}, plan.modelfile, metadata, tokenizer.bos_token)
    most = plan.context_length if plan.bounded else None
    if plan.adapter is not None and plan.adapter.chat_template and not plan.adapter.tokenizer:
        trained = folder_of(plan.adapter) / "chat_template.jinja"
        templates = {"default": trained.read_text(encoding="utf-8-sig")} if trained.is_file() else templates
    return Transformers(model, tokenizer, plan.name.source, templates, ends, senses=senses, folder=folder, beside=_beside(plan), most=most)


def _beside(plan: Plan) -> str | None:
    """What an adapter that is not merged costs."""
    if plan.adapter is None or plan.engine_options.get(MERGES) is True:
        return None
    many = plan.adapter.lora.modules
    return f"the adapter is computed beside the weights in {many} matrices, for each token: engine_options={{{MERGES!r}: True}} merges it into them"
