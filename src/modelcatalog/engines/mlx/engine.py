"""Owns running a checkpoint with MLX in this process: the plan's settings, replies, and the cache of each conversation.

Knows no hub. Weights are loaded by mlx-lm from the local folder; the text side is that of every engine with transformers' tokenizers.
"""

from __future__ import annotations

import json
import weakref
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from modelcatalog.engines import Finished, Started, fewest, files_of
from modelcatalog.engines.failing import closed, first_line, out_of_memory, ran_out
from modelcatalog.engines.guide import Guides
from modelcatalog.engines.mlx.native import Chooser, Held, Native, Row, leave
from modelcatalog.engines.mlx.together import Asked, Together, reason
from modelcatalog.engines.mlx.worker import Worker
from modelcatalog.engines.prompts import cutting, tokenizing
from modelcatalog.engines.sampling import check, settings
from modelcatalog.engines.text import begun
from modelcatalog.errors import EngineError, ModelCatalogError, NeedsRemoteCode, Unsupported
from modelcatalog.planning.facts import context_limit
from modelcatalog.planning.runs import default, server, use

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from modelcatalog.engines import Event, Options, Prompt
    from modelcatalog.planning import Plan

__all__ = ["Mlx", "open"]

_HELD = {"bits": "kv_bits", "group": "kv_group_size"}
"""How keys and values are held, and the engine options that say it."""
_WIDTH = 32
"""Most replies of a batch that are made together."""


class _Memory:
    """What was computed for a conversation: the cache, and the tokens that it holds."""

    def __init__(self) -> None:
        self.cache: list[Any] | None = None
        self.ids: list[int] = []

    def recall(self, native: Native, row: Row) -> list[Any]:
        """The cache, cut back to what it shares with a prompt, or a new one; the row says how much that is.

        It is taken out: a second reply in the same conversation at the same time begins anew.
        """
        cache, self.cache = self.cache, None
        common = begun(self.ids, row.ids)
        if cache is None or not common or not native.cut(cache, len(self.ids) - common):
            return native.new_cache()
        row.fed = common
        return cache

    def keep(self, cache: list[Any], row: Row) -> None:
        """Remember what a cache holds."""
        if 0 < row.fed <= len(row.ids):
            self.cache, self.ids = cache, row.ids[: row.fed]


class Mlx:
    """A model of mlx-lm and the thread in which it computes."""

    name = "mlx"
    parallel = 8

    def __init__(self, native: Native, worker: Worker, tokenizer: Any, folder: Path, plan: Plan) -> None:
        self._native: Native | None = native
        self._worker = worker
        # Also where nobody closes it, and before the interpreter ends.
        self._end = weakref.finalize(self, worker.close, native.close)
        self._subject = subject = plan.name.source
        self._width = _width(plan)
        self._defaults = _stated(folder / "generation_config.json")
        check(self._defaults, subject)
        config = native.config
        inner = config.get("text_config") if isinstance(config.get("text_config"), dict) else {}
        reads = context_limit(inner) or context_limit(config)
        self._limit = fewest(plan.context_length if plan.bounded else None, reads)
        named, configs = tokenizing.templates(tokenizer, folder), (SimpleNamespace(**_ends(config)), SimpleNamespace(**_ends(inner)))
        self._prompter = tokenizing.prompter(tokenizer, subject, named, self._defaults, configs, limit=self._limit, longer=self._limit != reads)
        self._guides = Guides(lambda: tokenizing.guided(tokenizer, self._prompter.ends), subject)
        device = "the GPU" if native.gpu else "the CPU"
        self.decoding = f"mlx: on {device}, {'with the weights packed as they are in the file' if native.packed else 'with the weights as they are'}"
        costs, kinds = [], " and ".join(native.kinds)
        if not native.trims:
            costs.append(f"a turn of a session reads the whole conversation again where its history was rewritten: mlx-lm cannot cut back {kinds}")
        if not native.joins:
            costs.append(f"a batch is answered one by one: mlx-lm cannot join rows of {kinds}")
        self.costs = tuple(costs)

    @property
    def chat_template(self) -> bool:
        """Whether the checkpoint brought a chat template."""
        return bool(self._prompter.templates)

    def new_memory(self) -> _Memory:
        """A cache for one conversation."""
        return _Memory()

    def close(self) -> None:
        """Drop the model, and give its memory back."""
        self._native = None
        self._prompter.close()
        self._end()

    def run(self, prompt: Prompt, options: Options, *, cancel: threading.Event, memory: object | None = None) -> Iterator[Event]:
        """Generate. May be called from several threads at once: their replies are computed in turn."""
        native = self._open()
        asked = self._ask(native, prompt, options)
        yield Started(asked.row.prompt, asked.thinking)
        kept = memory if isinstance(memory, _Memory) else None
        yield from self._worker.each(lambda: self._reply(native, asked.row, kept, cancel))

    def run_many(
        self, prompts: Iterator[Prompt | ModelCatalogError], options: Options, *, cancel: threading.Event
    ) -> Iterator[tuple[int, Event | ModelCatalogError]] | None:
        """Generate for many prompts together, by mlx-lm's own batching."""
        native = self._open()
        if not native.joins:
            return None
        how = settings(options, self._defaults)
        # One that is shared chooses for all rows at once.
        shared = self._worker.call(lambda: Chooser(native.mx, how, None)) if options.seed is None else None
        batch = Together(self._worker, native.rows, lambda prompt: self._ask(native, prompt, options, shared), self._translated, cancel, width=self._width)
        return batch.run(prompts)

    def _open(self) -> Native:
        if self._native is None:
            raise closed(self._subject)
        return self._native

    def _ask(self, native: Native, prompt: Prompt, options: Options, shared: Chooser | None = None) -> Asked:
        """What a prompt asks of the model."""
        ids, writer, thinking = self._prompter.ask(prompt, options)
        how = settings(options, self._defaults)
        chooser = shared or self._worker.call(lambda: Chooser(native.mx, how, options.seed))
        most = options.max_new_tokens if self._limit is None else min(options.max_new_tokens, self._limit - len(ids))
        guide = self._guides.guide(options.constraint, writer)
        return Asked(Row(ids, most, writer, chooser, penalty=how.repetition_penalty, guide=guide), thinking)

    # In the thread -------------------------------------------------------------------------------

    def _reply(self, native: Native, row: Row, memory: _Memory | None, cancel: threading.Event) -> Iterator[Event]:
        """The events of a reply."""
        cache = memory.recall(native, row) if memory is not None else native.new_cache()
        stopped = cancel.is_set()
        made = native.tokens(row, cache)
        try:
            for token in made if not stopped else ():
                if token is not None and (text := row.writer.push(token)):
                    yield text
                stopped = cancel.is_set() and not row.writer.done
                if row.writer.done or stopped:
                    break
        except Exception as error:
            raise self._translated(error) from error
        finally:
            made.close()  # type: ignore[attr-defined]  # a generator
            if memory is not None:
                memory.keep(cache, row)
        if text := row.writer.rest():
            yield text
        yield Finished(reason(row, stopped=stopped), row.made)

    def _translated(self, error: Exception) -> ModelCatalogError:
        if isinstance(error, ModelCatalogError):
            return error
        if ran_out(error) or "memory" in str(error).lower():
            return out_of_memory("generating", self._subject, hint="shorten the prompt, or take a smaller variant")
        return EngineError(f"mlx failed: {first_line(error)}", subject=self._subject)


def open(plan: Plan) -> Mlx:  # noqa: A001  engines.mlx.open(plan)
    """Load a checkpoint.

    Raises:
        MissingPackage: mlx-lm is not installed.
        NeedsRemoteCode: the checkpoint names a Python file that would make the model.
        Unsupported: mlx-lm does not know the model, or its keys and values cannot be held as asked.
        WontFit: memory ran out.
        EngineError: it cannot be loaded.
    """
    subject, folder = plan.name.source, files_of(plan)
    held = Held(**{field: int(str(plan.engine_options[key])) for field, key in _HELD.items() if key in plan.engine_options})
    worker = Worker("modelcatalog-mlx", lambda: closed(subject), leave)
    try:
        native = worker.call(lambda: Native(folder, plan.weights, dtype=plan.dtype, cpu=plan.device == "cpu", held=held))
        return Mlx(native, worker, cutting.read(folder, trust_remote_code=False), folder, plan)
    except BaseException as error:
        worker.close()
        if isinstance(error, ModelCatalogError) or not isinstance(error, Exception):
            raise
        raise _unloaded(error, subject) from error


def _unloaded(error: Exception, subject: str) -> ModelCatalogError:
    said = first_line(error)
    if ran_out(error) or "memory" in said.lower():
        return out_of_memory("loading", subject, hint="take a smaller variant")
    if "trust_remote_code" in str(error):
        message = f"the tokenizer of {subject} is Python code from its repository, and mlx runs none"
        return NeedsRemoteCode(message, subject=subject, hint=f"take another checkpoint of it, or read that code and use {use(default())}")
    if isinstance(error, ValueError | NotImplementedError):
        return Unsupported(f"mlx-lm cannot load {subject}: {said}", subject=subject, hint=f"a newer mlx-lm may; or {use(default(), server())}")
    return EngineError(f"mlx-lm does not load {subject}: {said}", subject=subject)


def _width(plan: Plan) -> int:
    """How many conversations as long as the plan's fit beside the weights; one is always made."""
    memory = plan.memory
    one = (memory.kv or 0) // max(memory.concurrency, 1)
    if not one or memory.free is None or memory.weights is None:
        return _WIDTH
    return int(min(max((memory.free - memory.weights) // one, 1), _WIDTH))


def _stated(file: Path) -> SimpleNamespace:
    """What a ``generation_config.json`` says; nothing where there is none that can be read."""
    try:
        stated = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        stated = None
    return SimpleNamespace(**stated) if isinstance(stated, dict) else SimpleNamespace()


def _ends(config: dict[str, Any]) -> dict[str, Any]:
    return {"eos_token_id": config.get("eos_token_id")}
