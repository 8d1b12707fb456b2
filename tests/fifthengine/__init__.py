"""Owns an engine that the package does not know: the plainest loop over a model of transformers, one reply at a time.

With the entry in `engine.toml` beside it, it is all that a fifth engine takes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from modelcatalog.engines import Finish, Finished, Started, files_of
from modelcatalog.engines.failing import closed
from modelcatalog.engines.guide import Guides
from modelcatalog.engines.prompts import tokenizing
from modelcatalog.engines.sampling import Sampler, Trace, settings

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator
    from pathlib import Path

    from modelcatalog.engines import Event, Options, Prompt
    from modelcatalog.planning import Plan

__all__ = ["Plain", "open"]


class Plain:
    """A model; the cache of a reply ends with it."""

    name = "fifth"
    parallel = 1
    decoding = "fifth: the plainest loop"
    costs = ("each turn of a session reads the whole conversation again",)

    def __init__(self, model: Any, tokenizer: Any, subject: str, folder: Path) -> None:
        self._model, self._subject = model, subject
        self._limit = int(model.config.max_position_embeddings)
        self._guides = Guides(lambda: tokenizing.guided(tokenizer, self._prompter.ends), subject)
        named = tokenizing.templates(tokenizer, folder)
        self._prompter = tokenizing.prompter(tokenizer, subject, named, model.generation_config, (model.config,), limit=self._limit)

    @property
    def chat_template(self) -> bool:
        """Whether the checkpoint brought a chat template."""
        return bool(self._prompter.templates)

    def new_memory(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Let go of the model."""
        self._model = None
        self._prompter.close()

    def run(self, prompt: Prompt, options: Options, *, cancel: threading.Event, memory: object | None = None) -> Iterator[Event]:
        """Generate."""
        if self._model is None:
            raise closed(self._subject)
        ids, writer, thinking = self._prompter.ask(prompt, options)
        yield Started(len(ids), thinking)
        how = settings(options, self._model.generation_config)
        sampler, trace = Sampler(how), Trace(ids, options.seed)
        trace.guide = self._guides.guide(options.constraint, writer)
        made, cache, fed = 0, None, ids
        while not writer.done and made < min(options.max_new_tokens, self._limit - len(ids)) and not cancel.is_set():
            with torch.inference_mode():
                done = self._model(input_ids=torch.tensor([fed]), past_key_values=cache, use_cache=True)
            cache, fed = done.past_key_values, sampler.pick(done.logits[:, -1], [trace])
            made += 1
            if text := writer.push(fed[0]):
                yield text
        if text := writer.rest():
            yield text
        reason: Finish = "stop" if writer.done else "cancelled" if cancel.is_set() else "length"
        yield Finished(reason, made)


def open(plan: Plan) -> Plain:  # noqa: A001  as every engine has it
    """Load a checkpoint."""
    folder = files_of(plan)
    model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=plan.dtype or "auto").eval()
    return Plain(model, AutoTokenizer.from_pretrained(folder, local_files_only=True), plan.name.source, folder)
