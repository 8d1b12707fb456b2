"""Owns the conversation: `ChatModel` and `Session`. Knows no hub, no file and no tensor."""

from __future__ import annotations

import threading
import warnings
from typing import TYPE_CHECKING, Any, Self

from modelcatalog import catalog, engines
from modelcatalog.chat import asking, batching, defaults, saving, showing
from modelcatalog.chat.asking import Asked, Content
from modelcatalog.chat.awaiting import AsyncRun, AsyncStream, Awaited
from modelcatalog.chat.calls import Offer
from modelcatalog.chat.reply import Reply, Stream
from modelcatalog.chat.running import Run, said
from modelcatalog.chat.turns import Turns
from modelcatalog.engines.constraints import GIVEN
from modelcatalog.errors import ModelCatalogError, Unsupported, shown
from modelcatalog.planning.runs import ENGINES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from modelcatalog.engines import Engine, Message, Options, Prompt, ToolCall
    from modelcatalog.planning import Plan

__all__ = ["Asked", "ChatModel", "Session"]


class ChatModel:
    """A loaded checkpoint. Use it in a ``with`` statement, or `close` it, to free its memory.

    It may be used from several threads: as many replies are made at a time as the engine can, the others wait. On
    transformers eight are made at a time, a token of each in turn, and each has a KV cache of its own; to have many
    prompts answered fast, give them to one `batch`.
    """

    def __init__(self, engine: Engine, plan: Plan) -> None:
        self._engine = engine
        self._turns = Turns(engine.parallel, plan.name.source)
        self.plan = plan
        self.name = plan.name

    def __repr__(self) -> str:
        return f"<ChatModel {self.name.source!r} on {self._engine.name}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Free the memory. Replies that are being made end as cancelled; afterwards every use is an `EngineError`."""
        self._turns.close(self._engine.close)

    @property
    def has_chat_template(self) -> bool:
        """Whether `chat` works without ``chat_template=``."""
        return self._engine.chat_template

    @property
    def decoding(self) -> str:
        """How tokens are made, and why in this way: it begins with ``loop``, ``cuda graph``, ``generate``, ``llama.cpp``, ``vllm``, ``mlx`` or ``server``.

        What this costs against the fastest way stands in ``plan.warnings``.
        """
        return self._engine.decoding

    def chat(self, prompt: Asked, *, system: str | None = None, max_new_tokens: int = 512, **generation: Any) -> Reply:
        """Answer a prompt.

        Args:
            prompt: A text, or messages with ``role`` (system, user, assistant, tool) and ``content``: a text, or parts, of which some may be
                images or recordings, as ``{"type": "image", "path": "cat.png"}`` (or ``image``, ``url``; ``audio``), or as OpenAI writes them; an
                assistant's may have ``tool_calls``, a tool's ``tool_call_id`` and ``name``.
            system: The system prompt, before the messages. An empty text is none, and a template may have one of its own; a message of the
                role ``system`` without a text stands in its place.
            max_new_tokens: Most tokens that the reply may have.
            generation: ``temperature``, ``top_p``, ``top_k``, ``min_p``, ``repetition_penalty``, ``seed``, ``stop``,
                ``chat_template``, ``enable_thinking``, ``image_urls`` and ``audio_urls`` (whether such may be fetched from an address), …;
                what the answer must match, for `Reply.parsed`: ``response_format`` (a pydantic model or a JSON Schema), ``choices`` (texts) or
                ``regex``; and ``tools`` (functions or JSON Schemas) that the model may call, for `Reply.tool_calls`, with ``tool_choice``.

        Raises:
            NoChatTemplate: it is a base model.
            Unsupported: the prompt or an option cannot be used.
            EngineError, WontFit: generation failed.
        """
        return self.stream(prompt, system=system, max_new_tokens=max_new_tokens, **generation).reply

    def stream(self, prompt: Asked, *, system: str | None = None, max_new_tokens: int = 512, **generation: Any) -> Stream:
        """Answer a prompt piece by piece; arguments and errors as in `chat`, raised with the first piece."""
        options = self._options(max_new_tokens, generation)
        return self._stream(self._shown(self._opened(prompt, system), options), options)

    def complete(self, text: str, *, max_new_tokens: int = 512, **generation: Any) -> Reply:
        """Continue a text, without any template; what base models are for."""
        return self._stream(asking.text(text), self._options(max_new_tokens, generation)).reply

    def batch(self, prompts: Iterable[Asked], *, system: str | None = None, max_new_tokens: int = 512, **generation: Any) -> Iterator[Reply]:
        """Answer many prompts; yields the replies in their order. A failed one has ``finish_reason="error"``.

        On transformers they are made together, in a batch that finished replies leave and new ones join; a server is
        asked for several at a time. Prompts are taken as they are needed, some ahead, so that both they and the replies
        may be more than fit in memory. Ending or closing the iterator ends the generation.
        """
        return self._batch(prompts, system, self._options(max_new_tokens, generation), threading.Event())

    def _batch(self, prompts: Iterable[Asked], system: str | None, options: Options, cancel: threading.Event) -> Iterator[Reply]:
        if isinstance(prompts, str | bytes) or not hasattr(prompts, "__iter__"):
            message = "batch takes many prompts, and this is one"
            raise Unsupported(message, subject=shown(prompts), hint="use .chat(prompt), or put it into a list")

        def ask(prompt: Asked) -> Stream:
            return self._stream(self._shown(self._opened(prompt, system), options), options, cancel=cancel)

        offers: dict[int, Offer] = {}

        def asked() -> Iterator[Prompt | ModelCatalogError]:
            for place, prompt in enumerate(prompts):
                try:
                    read = self._shown(self._opened(prompt, system), options)
                except ModelCatalogError as error:
                    yield error
                    continue
                if options.constraint is not None or options.tools:
                    offers[place] = Offer.of(read, options)
                yield read

        def made() -> Iterator[Reply]:
            if isinstance(self._engine, engines.Together):
                with self._turns.take():
                    together = self._engine.run_many(asked(), options, cancel=cancel)
                    if together is not None:
                        yield from batching.in_order(together, offers, Offer(most=options.max_new_tokens))
                        return
            yield from batching.replies(ask, prompts, self._engine.parallel, cancel)

        replies = made()
        self._turns.watch(replies)
        return replies

    async def achat(self, prompt: Asked, *, system: str | None = None, max_new_tokens: int = 512, **generation: Any) -> Reply:
        """As `chat`, in an event loop: cancelling the task ends the generation."""
        return await self.astream(prompt, system=system, max_new_tokens=max_new_tokens, **generation)

    def astream(self, prompt: Asked, *, system: str | None = None, max_new_tokens: int = 512, **generation: Any) -> AsyncStream:
        """As `stream`, for ``async for``; or ``await`` it for the whole reply. One thread makes one reply."""
        return AsyncStream(self.stream(prompt, system=system, max_new_tokens=max_new_tokens, **generation))

    def abatch(self, prompts: Iterable[Asked], *, system: str | None = None, max_new_tokens: int = 512, **generation: Any) -> Awaited[Reply]:
        """As `batch`, for ``async for``. The prompts are taken in another thread."""
        cancel = threading.Event()
        return Awaited(self._batch(prompts, system, self._options(max_new_tokens, generation), cancel), cancel.set)

    def session(self, system: str | None = None, **generation: Any) -> Session:
        """A conversation that remembers.

        Args:
            system: The system prompt.
            generation: Options of every turn, as in `chat` (``max_new_tokens`` among them); a turn's own come before them.

        Raises:
            Unsupported: an option cannot be used.
        """
        return Session(self, system, **generation)

    def _options(self, max_new_tokens: int, generation: Mapping[str, Any]) -> Options:
        return engines.options(max_new_tokens, defaults.generation(self.plan.modelfile, generation))

    def _opened(self, prompt: Asked, system: str | None) -> tuple[Message, ...]:
        return defaults.opened(self.plan.modelfile, asking.messages(prompt, system))

    def _shown(self, messages: tuple[Message, ...], options: Options) -> tuple[Message, ...]:
        """Messages with their images and recordings, those at an address fetched where the caller allows it; images a server fetches by itself."""
        allowed = {"image_urls": options.image_urls is True, "audio_urls": options.audio_urls is True}
        return showing.fetched(messages, **allowed, whole=ENGINES[self.plan.engine].server is None)

    def _stream(self, prompt: Prompt, options: Options, memory: object | None = None, cancel: threading.Event | None = None) -> Stream:
        cancel = cancel or threading.Event()
        events = self._events(prompt, options, cancel, memory)
        stream = Stream(events, cancel, Offer.of(prompt, options, served=ENGINES[self.plan.engine].server is not None))
        self._turns.watch(stream)
        return stream

    def _events(self, prompt: Prompt, options: Options, cancel: threading.Event, memory: object | None) -> Iterator[engines.Event]:
        with self._turns.take():
            yield from self._engine.run(prompt, options, cancel=cancel, memory=memory)

    def _memory(self) -> object | None:
        return self._engine.new_memory()


class Session:
    """A conversation: it keeps the messages, and what the engine computed for them.

    A reply that was cancelled stays as far as it came; one that failed leaves the history as it was.
    """

    def __init__(self, model: ChatModel, system: str | None = None, **generation: Any) -> None:
        self._model = model
        self._settings = generation
        self._options({})
        self._memory = model._memory()  # noqa: SLF001  one class in two halves
        self._messages: list[Message] = [*defaults.opened(model.plan.modelfile, asking.instructions(system))]
        self._first = len(self._messages)

    def __repr__(self) -> str:
        return f"<Session of {len(self._messages)} messages with {self._model!r}>"

    @property
    def messages(self) -> tuple[Message, ...]:
        """The conversation so far."""
        return tuple(self._messages)

    @property
    def settings(self) -> Mapping[str, Any]:
        """The options of every turn."""
        return dict(self._settings)

    def chat(self, prompt: Content, **generation: Any) -> Reply:
        """Answer the next turn, a text or its parts; as `ChatModel.chat`."""
        return self.stream(prompt, **generation).reply

    def stream(self, prompt: Content, **generation: Any) -> Stream:
        """Answer the next turn piece by piece; as `ChatModel.stream`."""
        options = self._options(generation)
        turn = self._model._shown(asking.turn(prompt, self._messages), options)  # noqa: SLF001  one class in two halves
        stream = self._model._stream((*self._messages, *turn), options, self._memory)  # noqa: SLF001
        return _Remembered(stream, self._messages, turn)

    def arun(
        self,
        prompt: Content,
        *,
        tools: Iterable[Any],
        limit: int = 8,
        allow: Callable[[ToolCall], Any] | None = None,
        **generation: Any,
    ) -> AsyncRun:
        """As `run`, in an event loop: ``async for`` gives the steps, ``await`` the answer. Functions may be ``async``, ``allow`` too."""
        return AsyncRun(lambda wait: self._run(prompt, tools, limit, allow, generation, wait))

    def run(
        self,
        prompt: Content,
        *,
        tools: Iterable[Any],
        limit: int = 8,
        allow: Callable[[ToolCall], bool] | None = None,
        **generation: Any,
    ) -> Run:
        """Answer the next turn, calling the functions that the model wants called until it answers.

        Iterate over it for the steps as they are made, then read its ``reply``; or read that at once. A function that raises, a call that
        cannot be made and one that is not allowed are told to the model. The history has the turn once the answer stands.

        Args:
            prompt: A text, or its parts.
            tools: Functions, as ``tools=`` takes them; a JSON Schema alone cannot be called.
            limit: Most replies that may call tools; one more is an `EngineError`.
            allow: Asked before each call; False leaves it out.
            generation: As in `ChatModel.chat`.

        Raises:
            Unsupported: a tool has no function, or as in `ChatModel.chat`.
        """
        return self._run(prompt, tools, limit, allow, generation)

    def _run(  # noqa: PLR0917  what both ways of calling take
        self,
        prompt: Content,
        tools: Iterable[Any],
        limit: int,
        allow: Callable[[ToolCall], Any] | None,
        generation: Mapping[str, Any],
        wait: Callable[[Any], Any] | None = None,
    ) -> Run:
        options = self._options({**generation, "tools": tools})
        turn = self._model._shown(asking.turn(prompt, self._messages), options)  # noqa: SLF001

        def ask(messages: Sequence[Message], options: Options) -> Stream:
            return self._model._stream((*self._messages, *messages), options, self._memory)  # noqa: SLF001

        return Run(ask, turn, options, self._messages.extend, limit=limit, allow=allow, wait=wait)

    def undo(self) -> str | None:
        """Forget the last turn; what the user said in it, None where there is none."""
        place = next((at for at in range(len(self._messages) - 1, self._first - 1, -1) if self._messages[at].role == "user"), None)
        if place is None:
            return None
        said = self._messages[place].content
        del self._messages[place:]
        return said

    def reset(self, system: str | None = None) -> None:
        """Forget every turn. The system prompt stays, unless another is given; an empty one removes it.

        Raises:
            Unsupported: it is not a text.
        """
        first = [one for one in self._messages[:1] if one.role == "system"] if system is None else [*asking.instructions(system)]
        turns = [one for one in defaults.opening(self._model.plan.modelfile) if one.role != "system"]
        self._messages[:] = [*first, *turns]
        self._first = len(self._messages)

    def _options(self, generation: Mapping[str, Any]) -> Options:
        given = {"max_new_tokens": 512, **self._settings, **generation}
        if any(generation.get(name) is not None for name in GIVEN):
            given |= {name: generation.get(name) for name in GIVEN}  # a turn's own constraint replaces the session's
        return self._model._options(given.pop("max_new_tokens"), given)  # noqa: SLF001  one class in two halves

    async def achat(self, prompt: Content, **generation: Any) -> Reply:
        """As `chat`, in an event loop."""
        return await self.astream(prompt, **generation)

    def astream(self, prompt: Content, **generation: Any) -> AsyncStream:
        """As `stream`, in an event loop."""
        return AsyncStream(self.stream(prompt, **generation))

    def save(self, path: str | Path) -> None:
        """Write the messages and the settings to a file, as JSON. What the engine computed is made anew after loading.

        Raises:
            Unsupported: a setting is not JSON, or the file cannot be written.
        """
        saving.write(path, self._model.name.source, self._settings, self._messages)

    @classmethod
    def load(cls, path: str | Path, model: ChatModel, *, system: str | None = None, **generation: Any) -> Self:
        """Go on with a conversation that `save` wrote; with another model than its own, a warning says so.

        Args:
            path: The file.
            model: Who answers from here on.
            system: A system prompt in place of the one that was saved.
            generation: Options in place of those that were saved.

        Raises:
            Unsupported: the file is not there, or holds something else.
        """
        saved = saving.read(path)
        session = cls(model, **{**saved.settings, **generation})
        turns = [one for one in saved.messages if one.role != "system"] if system is not None else saved.messages
        session._messages = [*asking.instructions(system), *turns]
        session._first = 0
        if saved.model != model.name.source and not model.name.same_model(catalog.parse(saved.model)):
            warnings.warn(f"{path} is a conversation with {saved.model}, and goes on with {model.name.source}", stacklevel=2)
        return session


class _Remembered(Stream):
    """A stream that writes its turn into the history when it ends."""

    def __init__(self, stream: Stream, messages: list[Message], turn: Sequence[Message]) -> None:
        self._stream = stream
        self._history = messages
        self._turn: Sequence[Message] = turn

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
        if not self._turn:
            return
        self._stream.close()
        reply, turn, self._turn = self._stream.reply, self._turn, ()
        if reply.finish_reason != "error" and (reply.text or reply.finish_reason != "cancelled"):
            self._history += [*turn, said(reply)]
