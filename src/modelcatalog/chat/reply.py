"""Owns what comes back: `Reply`, and the `Stream` that makes one. Knows no engine but its events."""

from __future__ import annotations

import time
import warnings
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, WithJsonSchema

from modelcatalog.chat.calls import Offer
from modelcatalog.engines import Called, Finish, Finished, Pieces, Started, Thought, ToolCall
from modelcatalog.errors import EngineError, ModelCatalogError

if TYPE_CHECKING:
    import threading

    from modelcatalog.engines import Event

__all__ = ["Draft", "Reply", "Stream", "Usage"]

_SHOWN = 200


class Usage(BaseModel):
    """Tokens of one reply."""

    model_config = ConfigDict(frozen=True)

    prompt_tokens: int = 0
    completion_tokens: int = 0


def _of_text(given: object) -> object:
    """An error that was written down as its text, so that a reply comes back from JSON."""
    if not isinstance(given, str):
        return given
    message, _, hint = given.partition("\n  ")
    return ModelCatalogError(message, hint=hint or None)


_Error = Annotated[ModelCatalogError, BeforeValidator(_of_text), PlainSerializer(str, return_type=str, when_used="json"), WithJsonSchema({"type": "string"})]


class Reply(BaseModel):
    """What the model said. ``str(reply)`` is the text.

    >>> str(Reply(text="Paris."))
    'Paris.'
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    text: str = ""
    thinking: str | None = None
    """What a reasoning model wrote before its answer; None if it wrote none."""
    tool_calls: tuple[ToolCall, ...] = ()
    """The tools of ``tools=`` that the model wants called, with arguments that fit their JSON Schemas."""
    finish_reason: Finish = "stop"
    context_full: bool = False
    """Whether ``finish_reason`` is ``"length"`` because the context had no room for ``max_new_tokens``."""
    usage: Usage = Usage()
    seconds_to_first_token: float | None = None
    tokens_per_second: float | None = None
    """Completion tokens for each second after the first token; None for a reply of one."""
    parsed: Any = None
    """What the text says, where ``response_format=``, ``choices=`` or ``regex=`` was asked for: an instance, a value of JSON, a text."""
    error: _Error | None = None
    """Why ``finish_reason`` is ``"error"``; in JSON, its text."""

    def __str__(self) -> str:
        return self.text

    def __format__(self, spec: str) -> str:
        return format(self.text, spec)

    def _repr_html_(self) -> str:
        from modelcatalog.show import html  # only a notebook asks

        return html.reply(self)


class Stream(Iterator[str]):
    """A reply as it is made: iterate for the pieces of the answer, then read ``reply``.

    Leaving the loop, an exception in it, Ctrl-C and `cancel` all end the generation after the current token.
    """

    def __init__(self, events: Iterator[Event], cancel: threading.Event, asked: Offer = Offer()) -> None:  # noqa: B008  frozen
        self._pieces: Generator[str] = self._run(events, asked)
        self._cancel = cancel
        self._reply: Reply | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    def _ipython_display_(self) -> None:
        from modelcatalog.show import notebook  # only IPython asks

        notebook.show(self)

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

    def _run(self, events: Iterator[Event], asked: Offer) -> Generator[str]:
        draft = Draft(asked)
        try:
            for event in events:
                yield from draft.push(event)
            draft.check()
        except ModelCatalogError as error:
            self._reply = draft.reply(error)
            raise
        finally:
            if hasattr(events, "close"):
                events.close()
            if self._reply is None:
                self._reply = draft.reply()


class Draft:
    """A reply that is being put together from the events of an engine.

    Args:
        asked: What the reply must be.

    >>> draft = Draft()
    >>> [*draft.push(Started(3)), *draft.push(Thought("hm")), *draft.push("Paris"), *draft.push(Finished("stop", 5))]
    ['Paris']
    >>> draft.reply().thinking
    'hm'
    """

    def __init__(self, asked: Offer = Offer()) -> None:  # noqa: B008  frozen
        self._asked = asked
        self._called: list[Called] = []
        self._calls: tuple[ToolCall, ...] = ()
        self._parsed: Any = None
        self._text: list[str] = []
        self._thinking: list[str] = []
        self._prompt_tokens = self._made = 0
        self._reason: Finish = "cancelled"
        self._start = self._last = time.perf_counter()
        self._first: float | None = None

    def push(self, event: Event) -> list[str]:
        """Take an event; the pieces of the answer that it gives."""
        if isinstance(event, Started):
            self._prompt_tokens = event.prompt_tokens
            return []
        if isinstance(event, Finished):
            self._reason, self._made = event.reason, event.completion_tokens
            self._prompt_tokens = self._prompt_tokens if event.prompt_tokens is None else event.prompt_tokens
            return []
        self._last = time.perf_counter()
        self._first = self._first or self._last
        answer = []
        for piece in event.pieces if isinstance(event, Pieces) else (event,):
            if isinstance(piece, Thought):
                self._thinking.append(piece.text)
            elif isinstance(piece, Called):
                self._called.append(piece)
            else:
                answer.append(piece)
        self._text += answer
        return answer

    def check(self) -> None:
        """Read what a reply calls, and what it says that must match something; one that was cancelled says nothing yet.

        Raises:
            EngineError: it does not match, or was cut before it did, or a call cannot be used.
        """
        if self._reason == "cancelled":
            return
        text = "".join(self._text)
        self._calls = self._asked.calls(self._called, text, cut=self._reason == "length")
        constraint = self._asked.constraint
        if self._calls and self._reason == "stop":
            self._reason = "tool_calls"
        if self._short:
            room = f"the context is full with the {self._prompt_tokens:,} tokens of the prompt"
            room = f"the server allows no more, or {room}" if self._asked.served else room
            warnings.warn(f"the reply was cut after {self._made:,} tokens, though max_new_tokens={self._asked.most} allows more: {room}", stacklevel=2)
        if constraint is None or self._calls:
            return
        try:
            self._parsed = constraint.read(text)
        except ValueError as error:
            if self._reason == "length":
                message = f"the reply was cut after {self._made} tokens, before it matched what was asked for"
                longer = "allow more max_new_tokens=; error.partial has what came"
                hint = "shorten the prompt, or begin a new session" if self._short else longer
                raise EngineError(message, subject=_shown(text), hint=hint) from error
            message = f"the reply does not match what was asked for: {error}"
            hint = "ask again, or loosen what is asked for; error.partial has what came"
            raise EngineError(message, subject=_shown(text), hint=hint) from error

    @property
    def _short(self) -> bool:
        """Whether it was cut though more tokens were allowed."""
        return self._reason == "length" and self._asked.short(self._made, self._prompt_tokens)

    def reply(self, error: ModelCatalogError | None = None) -> Reply:
        """The reply as far as it came."""
        first, last, made = self._first, self._last, self._made
        text = "".join(self._text)
        if error is not None:
            error.partial = text
        return Reply(
            text=text,
            thinking="".join(self._thinking).strip() or None,
            tool_calls=self._calls,
            finish_reason=self._reason if error is None else "error",
            parsed=self._parsed,
            context_full=self._short and not self._asked.served,
            usage=Usage(prompt_tokens=self._prompt_tokens, completion_tokens=made),
            seconds_to_first_token=None if first is None else first - self._start,
            tokens_per_second=(made - 1) / (last - first) if first is not None and made > 1 and last > first else None,
            error=error,
        )


def _shown(text: str) -> str:
    return repr(text[:_SHOWN])
