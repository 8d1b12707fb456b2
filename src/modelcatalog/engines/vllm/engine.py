"""Owns running a checkpoint with vLLM in this process: one thread drives its engine, replies are streams of tokens from it.

Knows no hub: vLLM is handed a folder. Requests that come at once are batched by vLLM itself.
"""

from __future__ import annotations

import queue
import threading
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog.engines import Finish, Finished, Message, Started, media
from modelcatalog.engines.failing import closed
from modelcatalog.engines.prompts import tokenizing
from modelcatalog.engines.sampling import settings
from modelcatalog.engines.vllm.loading import ended, read
from modelcatalog.engines.vllm.senses import Senses, refused
from modelcatalog.errors import EngineError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelcatalog.engines import Constraint, Event, Options, Prompt
    from modelcatalog.engines.vllm.loading import Loaded
    from modelcatalog.planning import Plan

__all__ = ["Vllm", "open"]

_POLL = 0.05
"""Seconds after which a waiting reply looks whether it was cancelled."""
_LONGEST_STEP = 120.0
"""Seconds that closing waits for the step that is being computed."""


class _Ask(NamedTuple):
    name: str
    prompt: dict[str, Any]
    """In vLLM's words."""
    params: Any
    answers: queue.Queue[_Answer | Exception]


class _Answer(NamedTuple):
    tokens: Sequence[int]
    reason: str | None
    """Why it ended; None while it goes on."""
    prompt: int = 0
    """Tokens of the prompt as the model read it, with those of its images."""


class Vllm:
    """A model of vLLM."""

    name = "vllm"
    parallel = 32
    decoding = "vllm: replies that are asked for at once are batched by vllm itself"
    costs: tuple[str, ...] = ()

    def __init__(self, loaded: Loaded) -> None:
        engine = loaded.engine
        self._subject = loaded.subject
        self._defaults = loaded.defaults
        self._limit = loaded.limit
        # vLLM keeps the checkpoint's own configuration beside its own.
        configs = getattr(getattr(engine, "model_config", None), "hf_config", None), getattr(getattr(engine, "model_config", None), "hf_text_config", None)
        self._prompter = tokenizing.prompter(loaded.tokenizer, loaded.subject, loaded.templates, loaded.defaults, configs, limit=loaded.limit, longer=True)
        self._senses = Senses(engine.model_config, loaded.subject, loaded.sensing)
        self._driver: _Driver | None = _Driver(engine, loaded.subject, loaded.adapter)

    @property
    def chat_template(self) -> bool:
        """Whether the checkpoint brought a chat template."""
        return bool(self._prompter.templates)

    def new_memory(self) -> None:
        """Nothing: vLLM keeps the prefixes of conversations itself."""

    def close(self) -> None:
        """End the engine; its processes give the memory back."""
        driver, self._driver = self._driver, None
        self._prompter.close()
        if driver is not None:
            driver.close()

    def run(self, prompt: Prompt, options: Options, *, cancel: threading.Event, memory: object | None = None) -> Iterator[Event]:
        """Generate. May be called from several threads at once."""
        driver = self._driver
        if driver is None:
            raise closed(self._subject)
        shown = () if isinstance(prompt, str) else media.of(prompt)
        if shown:
            self._senses.check(shown, "\n".join(message.content for message in prompt if isinstance(message, Message)))
            sensed = self._senses.of(shown)
            # vLLM puts the tokens of an image in place of its mark.
            ids, writer, thinking = self._prompter.ask(prompt, self._senses.options(options), self._prompter.encode)
            asked = {"prompt_token_ids": ids, "multi_modal_data": sensed}
        else:
            ids, writer, thinking = self._prompter.ask(prompt, options)
            asked = {"prompt_token_ids": ids}
        if thinking and options.constraint is not None:
            message = "vllm keeps a whole reply within a constraint, and this template opens the model's thinking first"
            raise Unsupported(message, subject=self._subject, hint='pass enable_thinking=False, or use engine="transformers"')
        yield Started(len(ids), thinking)
        made, reason, read = 0, None, len(ids)
        answers = driver.ask(asked, self._params(options, len(ids)), cancel)
        try:
            for answer in answers:
                for token in answer.tokens:
                    made += 1
                    if text := writer.push(token):
                        yield text
                    if writer.done:
                        break
                reason, read = answer.reason, answer.prompt
                if writer.done:
                    break
        finally:
            answers.close()  # type: ignore[attr-defined]  # a generator
        if text := writer.rest():
            yield text
        ended: Finish = "stop" if writer.done or reason == "stop" else "length" if reason == "length" else "cancelled"
        yield Finished(ended, made, read if shown else None)

    def _params(self, options: Options, prompt: int) -> Any:
        from vllm import SamplingParams
        from vllm.sampling_params import RequestOutputKind

        how = settings(options, self._defaults)
        chosen: dict[str, Any] = {"temperature": 0.0}
        if how.sample and how.temperature > 0:
            chosen = {"temperature": how.temperature, "top_p": how.top_p, "top_k": how.top_k or -1, "min_p": how.min_p or 0.0, "seed": options.seed}
        return SamplingParams(
            **chosen,
            repetition_penalty=how.repetition_penalty,
            max_tokens=min(options.max_new_tokens, self._limit - prompt),
            stop_token_ids=sorted(self._prompter.ends),
            detokenize=False,
            structured_outputs=_structured(options.constraint),
            output_kind=RequestOutputKind.DELTA,
        )


def _structured(constraint: Constraint | None) -> Any:
    """A constraint in vLLM's words."""
    if constraint is None:
        return None
    from vllm.sampling_params import StructuredOutputsParams

    if constraint.kind == "json":
        return StructuredOutputsParams(json=constraint.schema)
    return StructuredOutputsParams(choice=constraint.choices) if constraint.kind == "choices" else StructuredOutputsParams(regex=constraint.text)


class _Driver:
    """The thread that alone calls vLLM's engine."""

    def __init__(self, engine: Any, subject: str, adapter: Any = None) -> None:
        self._engine = engine
        self._with = {} if adapter is None else {"lora_request": adapter}
        self._subject = subject
        self._asks: queue.Queue[_Ask | str | None] = queue.Queue()
        self._running: dict[str, _Ask] = {}
        self._names = count()
        self._thread = threading.Thread(target=self._drive, name="modelcatalog-vllm", daemon=True)
        self._thread.start()

    def ask(self, prompt: dict[str, Any], params: Any, cancel: threading.Event) -> Iterator[_Answer]:
        """The answers to a prompt as they come; ends early once ``cancel`` is set. Closing it ends the generation."""
        ask = _Ask(f"reply-{next(self._names)}", prompt, params, queue.Queue())
        self._asks.put(ask)
        ended = False
        try:
            while not cancel.is_set():
                try:
                    answer = ask.answers.get(timeout=_POLL)
                except queue.Empty:
                    if not self._thread.is_alive():
                        raise self._failed(None) from None
                    continue
                if isinstance(answer, Exception):
                    ended = True
                    raise (refused(answer, self._subject) if "multi_modal_data" in prompt else None) or self._failed(answer) from answer
                ended = answer.reason is not None
                yield answer
                if ended:
                    return
        finally:
            if not ended:
                self._asks.put(ask.name)

    def close(self) -> None:
        """End the thread and the engine."""
        self._asks.put(None)
        self._thread.join(_LONGEST_STEP)

    def _drive(self) -> None:
        error: Exception | None = None
        try:
            while self._admit():
                for output in self._engine.step():
                    self._answer(output)
        except Exception as failed:  # noqa: BLE001  raised again in the threads that asked
            error = failed
        for ask in self._running.values():
            ask.answers.put(error or closed(self._subject))
        self._running.clear()
        engine, self._engine = self._engine, None
        ended(engine)

    def _admit(self) -> bool:
        """Take what was asked, waiting for it while there is nothing to do; False to end."""
        while True:
            try:
                ask = self._asks.get(block=not self._running)
            except queue.Empty:
                return True
            if ask is None:
                return False
            if isinstance(ask, str):
                if self._running.pop(ask, None) is not None:
                    self._engine.abort_request([ask])
                continue
            try:
                self._engine.add_request(ask.name, ask.prompt, ask.params, **self._with)
                self._running[ask.name] = ask
            except Exception as error:  # noqa: BLE001  raised again in the thread that asked
                ask.answers.put(error)

    def _answer(self, output: Any) -> None:
        ask = self._running.get(output.request_id)
        if ask is None:
            return
        made = output.outputs[0]
        if output.finished:
            del self._running[output.request_id]
        ask.answers.put(_Answer(tuple(made.token_ids), (made.finish_reason or "stop") if output.finished else None, len(output.prompt_token_ids or ())))

    def _failed(self, error: Exception | None) -> EngineError:
        if isinstance(error, EngineError):
            return error
        return EngineError(f"vllm failed: {error or 'its engine ended'}", subject=self._subject, hint="load it again; vllm's own log says more")


def open(plan: Plan) -> Vllm:  # noqa: A001  engines.vllm.open(plan)
    """Load a checkpoint; errors as `loading.read` raises them."""
    loaded = read(plan)
    try:
        return Vllm(loaded)
    except BaseException:
        ended(loaded.engine)
        raise
