"""Owns what comes back: `Reply`, and the `Stream` that makes one. Knows no engine but its events."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self

from pydantic import BaseModel, ConfigDict

from modelcatalog.engines import Finish, Finished, Started, Thought
from modelcatalog.engines.text import Piece, Splitter
from modelcatalog.errors import ModelCatalogError

if TYPE_CHECKING:
    import threading

    from modelcatalog.engines import Event

__all__ = ["Reply", "Stream", "Usage"]


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

    def _repr_html_(self) -> str:
        from modelcatalog import html  # noqa: PLC0415  only a notebook asks

        return html.reply(self)


class Stream(Iterator[str]):
    """A reply as it is made: iterate for the pieces of the answer, then read ``reply``.

    Leaving the loop, an exception in it, Ctrl-C and `cancel` all end the generation after the current token.
    """

    def __init__(self, events: Iterator[Event], cancel: threading.Event, *, split: bool) -> None:
        self._pieces: Generator[str] = self._run(events, split=split)
        self._cancel = cancel
        self._text: list[Piece] = []
        self._reply: Reply | None = None

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    def _ipython_display_(self) -> None:
        from modelcatalog.html import notebook  # noqa: PLC0415  only IPython asks

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

    def _run(self, events: Iterator[Event], *, split: bool) -> Generator[str]:
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
                    usage = usage if event.prompt_tokens is None else Usage(prompt_tokens=event.prompt_tokens)
                else:
                    last = time.perf_counter()
                    first = first or last
                    if isinstance(event, Thought):
                        pieces = [Piece(event.text, thinking=True)]
                    else:
                        pieces = splitter.push(event) if splitter else [Piece(event, thinking=False)]
                    yield from self._take(pieces)
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
