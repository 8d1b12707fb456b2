"""Owns what the user holds: `load`, `ChatModel`, `Session`, `Stream`, `Reply`. Knows no hub and no tensor."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict

from modelcatalog import engines, hubs, planning
from modelcatalog.engines import Engine, Finish, Finished, Message, Options, Prompt, Started
from modelcatalog.engines.text import Piece, Splitter
from modelcatalog.errors import EngineError, MissingPackage, ModelCatalogError, Unsupported, WontFit
from modelcatalog.hubs import local
from modelcatalog.planning import Plan

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from modelcatalog.records import Hub, ModelName

__all__ = ["ChatModel", "Reply", "Session", "Stream", "Usage", "load"]

Asked = str | Sequence[Message | Mapping[str, str]]
"""A prompt: the user's text, or a conversation as messages (or dicts with ``role`` and ``content``)."""


class Usage(BaseModel):
    """Tokens of one reply."""

    model_config = ConfigDict(frozen=True)

    prompt_tokens: int = 0
    completion_tokens: int = 0


class Reply(BaseModel):
    """What the model said. ``str(reply)`` is the text.

    >>> str(Reply(text="Paris."))
    'Paris.'
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    text: str = ""
    thinking: str | None = None
    """What a reasoning model wrote before its answer; None if it wrote none."""
    finish_reason: Finish = "stop"
    usage: Usage = Usage()
    seconds_to_first_token: float | None = None
    tokens_per_second: float | None = None
    """Completion tokens for each second after the first token; None for a reply of one."""
    error: ModelCatalogError | None = None
    """Why ``finish_reason`` is ``"error"``."""

    def __str__(self) -> str:
        return self.text


class Stream(Iterator[str]):
    """A reply as it is made: iterate for the pieces of the answer, then read ``reply``.

    Leaving the loop, an exception in it, Ctrl-C and `cancel` all end the generation after the current token.
    """

    def __init__(self, events: Iterator[engines.Event], cancel: threading.Event, *, split: bool) -> None:
        self._pieces: Generator[str] = self._run(events, split=split)
        self._cancel = cancel
        self._text: list[Piece] = []
        self._reply: Reply | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    def cancel(self) -> None:
        """End the reply after the current token; may be called from any thread."""
        self._cancel.set()

    def close(self) -> None:
        """End the reply now; `reply` holds what was made."""
        self._cancel.set()
        self._pieces.close()

    @property
    def reply(self) -> Reply:
        """The whole reply; waits for the end if it has not come."""
        for _ in self:
            pass
        return self._reply or Reply(finish_reason="cancelled")

    def _run(self, events: Iterator[engines.Event], *, split: bool) -> Generator[str]:
        start = time.perf_counter()
        first: float | None = None
        last = start
        splitter: Splitter | None = Splitter() if split else None
        usage, reason = Usage(), "cancelled"
        made = 0
        try:
            for event in events:
                if isinstance(event, Started):
                    usage = Usage(prompt_tokens=event.prompt_tokens)
                    if split:
                        splitter = Splitter(thinking=event.thinking)
                elif isinstance(event, Finished):
                    reason, made = event.reason, event.completion_tokens
                else:
                    last = time.perf_counter()
                    first = first or last
                    yield from self._take(splitter.push(event) if splitter else [Piece(event, thinking=False)])
            yield from self._take(splitter.rest() if splitter else [])
        except ModelCatalogError as error:
            reason = "error"
            self._finish(reason, usage, made, (start, first, last), error)
            raise
        finally:
            if hasattr(events, "close"):
                events.close()
            if self._reply is None:
                self._finish(reason, usage, made, (start, first, last), None)

    def _take(self, pieces: Iterable[Piece]) -> Iterator[str]:
        for piece in pieces:
            self._text.append(piece)
            if not piece.thinking:
                yield piece.text

    def _finish(
        self,
        reason: Any,
        usage: Usage,
        made: int,
        times: tuple[float, float | None, float],
        error: ModelCatalogError | None,
    ) -> None:
        start, first, last = times
        thinking = "".join(piece.text for piece in self._text if piece.thinking).strip()
        self._reply = Reply(
            text="".join(piece.text for piece in self._text if not piece.thinking),
            thinking=thinking or None,
            finish_reason=reason,
            usage=Usage(prompt_tokens=usage.prompt_tokens, completion_tokens=made),
            seconds_to_first_token=None if first is None else first - start,
            tokens_per_second=(made - 1) / (last - first) if first is not None and made > 1 and last > first else None,
            error=error,
        )


class ChatModel:
    """A loaded checkpoint. Use it in a ``with`` statement, or `close` it, to free its memory.

    It may be used from several threads: one reply is made at a time, the others wait.
    """

    def __init__(self, engine: Engine, plan: Plan) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self.plan = plan
        self.name = plan.name

    def __repr__(self) -> str:
        return f"<ChatModel {self.name.source!r} on {self._engine.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory; the model cannot be used afterwards."""
        with self._lock:
            self._engine.close()

    @property
    def has_chat_template(self) -> bool:
        """Whether `chat` works without ``chat_template=``."""
        return self._engine.chat_template

    def chat(
        self, prompt: Asked, *, system: str | None = None, max_new_tokens: int = 512, **generation: Any
    ) -> Reply:
        """Answer a prompt.

        Args:
            prompt: A text, or messages with ``role`` and ``content``.
            system: The system prompt, before the messages.
            max_new_tokens: Most tokens that the reply may have.
            generation: ``temperature``, ``top_p``, ``top_k``, ``min_p``, ``repetition_penalty``, ``seed``, ``stop``,
                ``chat_template``, ``enable_thinking``, ….

        Raises:
            NoChatTemplate: it is a base model.
            Unsupported: the prompt or an option cannot be used.
            EngineError, WontFit: generation failed.
        """
        return self.stream(prompt, system=system, max_new_tokens=max_new_tokens, **generation).reply

    def stream(
        self, prompt: Asked, *, system: str | None = None, max_new_tokens: int = 512, **generation: Any
    ) -> Stream:
        """Answer a prompt piece by piece; arguments and errors as in `chat`, raised with the first piece."""
        return self._stream(_messages(prompt, system), engines.options(max_new_tokens, generation))

    def complete(self, text: str, *, max_new_tokens: int = 512, **generation: Any) -> Reply:
        """Continue a text, without any template; what base models are for."""
        return self._stream(text, engines.options(max_new_tokens, generation)).reply

    def batch(
        self, prompts: Iterable[Asked], *, system: str | None = None, max_new_tokens: int = 512, **generation: Any
    ) -> Iterator[Reply]:
        """Answer many prompts; yields the replies in their order. A failed one has ``finish_reason="error"``."""
        for prompt in prompts:
            try:
                yield self.chat(prompt, system=system, max_new_tokens=max_new_tokens, **generation)
            except ModelCatalogError as error:
                yield Reply(finish_reason="error", error=error)

    def session(self, system: str | None = None) -> Session:
        """A conversation that remembers."""
        return Session(self, system)

    def _stream(self, prompt: Prompt, options: Options, memory: object | None = None) -> Stream:
        cancel = threading.Event()
        events = self._events(prompt, options, cancel, memory)
        return Stream(events, cancel, split=not isinstance(prompt, str))

    def _events(
        self, prompt: Prompt, options: Options, cancel: threading.Event, memory: object | None
    ) -> Iterator[engines.Event]:
        with self._lock:
            yield from self._engine.run(prompt, options, cancel=cancel, memory=memory)

    def _memory(self) -> object | None:
        return self._engine.new_memory()


class Session:
    """A conversation: it keeps the messages, and what the engine computed for them.

    A reply that was cancelled stays as far as it came; one that failed leaves the history as it was.
    """

    def __init__(self, model: ChatModel, system: str | None = None) -> None:
        self._model = model
        self._memory = model._memory()  # noqa: SLF001  one class in two halves
        self._messages: list[Message] = [Message(role="system", content=system)] if system else []

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation so far."""
        return tuple(self._messages)

    def chat(self, prompt: str, *, max_new_tokens: int = 512, **generation: Any) -> Reply:
        """Answer the next turn; as `ChatModel.chat`."""
        return self.stream(prompt, max_new_tokens=max_new_tokens, **generation).reply

    def stream(self, prompt: str, *, max_new_tokens: int = 512, **generation: Any) -> Stream:
        """Answer the next turn piece by piece; as `ChatModel.stream`."""
        turn = Message(role="user", content=prompt)
        options = engines.options(max_new_tokens, generation)
        stream = self._model._stream((*self._messages, turn), options, self._memory)  # noqa: SLF001
        return _Remembered(stream, self._messages, turn)


class _Remembered(Stream):
    """A stream that writes its turn into the history when it ends."""

    def __init__(self, stream: Stream, messages: list[Message], turn: Message) -> None:
        self._stream = stream
        self._history = messages
        self._turn: Message | None = turn

    def __next__(self) -> str:
        try:
            return next(self._stream)
        except BaseException:
            self._remember()
            raise

    def cancel(self) -> None:
        self._stream.cancel()

    def close(self) -> None:
        self._stream.close()
        self._remember()

    @property
    def reply(self) -> Reply:
        for _ in self:
            pass
        return self._stream.reply

    def _remember(self) -> None:
        if self._turn is None:
            return
        self._stream.close()
        reply, turn, self._turn = self._stream.reply, self._turn, None
        if reply.finish_reason != "error" and (reply.text or reply.finish_reason != "cancelled"):
            self._history += [turn, Message(role="assistant", content=reply.text)]


def _messages(prompt: Asked, system: str | None) -> tuple[Message, ...]:
    first = [Message(role="system", content=system)] if system else []
    if isinstance(prompt, str):
        return (*first, Message(role="user", content=prompt))
    try:
        rest = [m if isinstance(m, Message) else Message.model_validate(dict(m)) for m in prompt]
    except (ValueError, TypeError) as error:
        message = "a message is a role (system, user, assistant) and a content"
        raise Unsupported(message, subject=repr(prompt)[:200]) from error
    if not rest:
        message = "there is no message to answer"
        raise Unsupported(message, subject="[]")
    return (*first, *rest)


def load(
    name: str | Path | ModelName | Plan,
    *,
    hub: Hub | None = None,
    engine: str | None = None,
    revision: str | None = None,
    dtype: str = "auto",
    device: str | None = None,
    context_length: int | None = None,
    quantization: str | None = None,
    fit: bool = False,
    offload: bool = False,
    lock: str | Path | None = None,
    trust_remote_code: bool = False,
) -> ChatModel:
    """Load the checkpoint that a name means: from this disk if it is there, else from the right hub.

    Args:
        name: A name, a path to a folder or GGUF file, a parsed name, or a plan (whose choices then stand).
        hub: As in `plan`, like all the others.
        engine: The engine.
        revision: Branch, tag or commit.
        dtype: ``"auto"``, ``"float32"``, ``"bfloat16"`` or ``"float16"``.
        device: By default all visible GPUs, else the CPU.
        context_length: Tokens to keep room for.
        quantization: The variant to take.
        fit: Take the most precise variant that fits.
        offload: Allow weights to stay in RAM when the GPU is too small.
        lock: A lock file that the checkpoint must agree with.
        trust_remote_code: Allow Python code from the repository to run.

    Raises:
        ModelCatalogError: one of its kinds, as in `plan`, and:
        MissingPackage: a package that loading needs is not installed.
        WontFit: memory or disk is too small; raised before any download.
        EngineError, Unsupported: the engine cannot load the files.
    """
    if isinstance(name, Plan):
        plan = name
    else:
        plan = planning.plan(
            name,
            hub=hub,
            engine=engine,
            revision=revision,
            dtype=dtype,
            device=device,
            context_length=context_length,
            quantization=quantization,
            fit=fit,
            offload=offload,
            lock=lock,
            trust_remote_code=trust_remote_code,
        )
    _refuse(plan)
    return ChatModel(engines.open_engine(_here(plan)), plan)


def _refuse(plan: Plan) -> None:
    """What is known to fail fails before the download."""
    if plan.missing:
        first = plan.missing[0]
        message = f"loading {plan.name.source} needs {', '.join(first.packages)}"
        raise MissingPackage(message, subject=plan.name.source, install=first.install)
    memory = plan.memory
    if memory.disk_free is not None and memory.disk > memory.disk_free:
        needed, free = planning.human(memory.disk), planning.human(memory.disk_free)
        message = f"{plan.name.source} needs {needed} of disk, {free} are free"
        hint = "free space, or move the cache with HF_HOME or MODELSCOPE_CACHE"
        raise WontFit(message, subject=plan.name.source, hint=hint)
    if memory.fits is False and not plan.offload:
        message = (
            f"{plan.name.source} needs {planning.human(memory.needed)} of memory, "
            f"{planning.human(memory.free)} are free {memory.place}"
        )
        hint = "take a smaller variant, a shorter context_length=, or allow offload=True"
        raise WontFit(message, subject=plan.name.source, hint=hint)


def _here(plan: Plan) -> Plan:
    """The plan with its files on this disk: fetched if they are not."""
    if plan.path is not None:
        return plan
    if plan.hub is None:
        message = "this plan names neither a folder nor a hub"
        raise EngineError(message, subject=plan.name.source)
    folder = hubs.client(plan.hub).fetch(plan.listing(), plan.files)
    local.check_weights(folder, plan.weights)
    return plan.model_copy(update={"path": str(folder)})
