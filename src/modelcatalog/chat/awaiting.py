"""Owns replies in an event loop: an iterator that blocks is read by one thread, from its beginning to its end. Knows no engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from inspect import isawaitable
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future
    from types import TracebackType

    from modelcatalog.chat.reply import Reply, Stream
    from modelcatalog.chat.running import Run, Step

__all__ = ["AsyncRun", "AsyncStream", "Awaited"]

_T = TypeVar("_T")


class _End(NamedTuple):
    """What comes after the last item: the error that ended it, or none."""

    error: BaseException | None


class Awaited(AsyncIterator[_T], Generic[_T]):
    """The items of an iterator that blocks, for one event loop. Reading begins when the first item is awaited.

    Leaving an ``async with``, `aclose`, cancelling the task that waits, and dropping it all end it.

    Args:
        source: The iterator.
        stop: Ends it early; may be called from any thread.
    """

    def __init__(self, source: Iterator[_T], stop: Callable[[], object]) -> None:
        self._source, self._stop = source, stop
        self._items: asyncio.Queue[_T | _End] | None = None
        self._left = threading.Event()
        self._done = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> _T:
        if self._done:
            raise StopAsyncIteration
        if self._items is None:
            self._items = asyncio.Queue()
            given = (self._source, asyncio.get_running_loop(), self._items, self._left)
            threading.Thread(target=_read, args=given, name="modelcatalog-reply", daemon=True).start()
        try:
            item = await self._items.get()
        except asyncio.CancelledError:
            self._leave()
            raise
        if not isinstance(item, _End):
            return item
        self._done = True
        if item.error is not None:
            raise item.error
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """End it; what is being computed ends with the current token."""
        self._leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._leave()

    def __del__(self) -> None:
        self._leave()

    def _leave(self) -> None:
        if not self._done:
            self._done = True
            self._left.set()
            self._stop()


class _Replying(Awaited[_T]):
    """Items at whose end a reply stands; ``await`` reads them all and gives it."""

    def __init__(self, source: Iterator[_T], stop: Callable[[], object]) -> None:
        super().__init__(source, stop)
        self._whole: Reply | None = None

    def __await__(self) -> Generator[object, None, Reply]:
        return self._read_all().__await__()

    async def _read_all(self) -> Reply:
        async for _ in self:
            pass
        if self._whole is None:
            raise asyncio.CancelledError
        return self._whole


class AsyncStream(_Replying[str]):
    """A reply as it is made: ``async for`` gives the pieces of the answer, then `reply` is there; ``await`` gives the whole reply."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, stream.cancel)
        self._stream = stream

    @property
    def reply(self) -> Reply | None:
        """The whole reply; None until the last piece has come."""
        return self._whole

    def cancel(self) -> None:
        """End the reply after the current token; its last pieces still come, and `reply` holds what was made."""
        self._stream.cancel()

    async def __anext__(self) -> str:
        try:
            return await super().__anext__()
        except asyncio.CancelledError:
            raise
        except BaseException:
            # The thread has ended, so this waits for nothing; one that was left has no reply.
            if self._whole is None and not self._left.is_set():
                with suppress(Exception):
                    self._whole = self._stream.reply
            raise


class AsyncRun(_Replying["Step"]):
    """A turn in which tools are called: ``async for`` gives the steps, then `reply` is there; ``await`` gives the answer.

    Functions that are ``async`` are awaited in this loop; the others are called in the thread that makes the replies.

    Args:
        make: Makes the turn, given what waits for an awaitable.
    """

    def __init__(self, make: Callable[[Callable[[Any], Any]], Run]) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending: Future[Any] | None = None
        self._run = make(self._wait)
        super().__init__(self._run, self._end)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps so far."""
        return self._run.steps

    @property
    def reply(self) -> Reply | None:
        """The answer; None until it stands."""
        return self._whole

    async def __anext__(self) -> Step:
        self._loop = asyncio.get_running_loop()
        try:
            return await super().__anext__()
        except StopAsyncIteration:
            if self._whole is None and not self._left.is_set():
                self._whole = self._run.reply  # the thread has ended, so this waits for nothing
            raise

    def _wait(self, value: Any) -> Any:
        """What an awaitable gives, for the thread that makes the replies."""
        if not isawaitable(value) or self._loop is None:
            return value

        async def awaited() -> Any:
            return await value

        self._pending = asyncio.run_coroutine_threadsafe(awaited(), self._loop)
        try:
            return self._pending.result()
        finally:
            self._pending = None

    def _end(self) -> None:
        self._run.cancel()
        if (pending := self._pending) is not None:
            pending.cancel()


def _read(source: Iterator[_T], loop: asyncio.AbstractEventLoop, items: asyncio.Queue[_T | _End], left: threading.Event) -> None:
    """Read an iterator to its end, in a thread of its own."""
    error: BaseException | None = None
    try:
        for item in source:
            if left.is_set():
                break
            loop.call_soon_threadsafe(items.put_nowait, item)
    except BaseException as failed:  # noqa: BLE001  raised again where it is awaited
        error = failed
    finally:
        with suppress(Exception):
            source.close()  # type: ignore[attr-defined]  # streams and generators have it
    with suppress(RuntimeError):  # the loop was closed, and nobody waits
        loop.call_soon_threadsafe(items.put_nowait, _End(error))
