"""Owns replies in an event loop: an iterator that blocks is read by one thread, from its beginning to its end. Knows no engine."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Generic, NamedTuple, Self, TypeVar

if TYPE_CHECKING:
    from types import TracebackType

    from modelcatalog.chat.reply import Reply, Stream

__all__ = ["AsyncStream", "Awaited"]

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


class AsyncStream(Awaited[str]):
    """A reply as it is made: ``async for`` gives the pieces of the answer, then `reply` is there; ``await`` gives the whole reply."""

    def __init__(self, stream: Stream) -> None:
        super().__init__(stream, stream.cancel)
        self._stream = stream
        self._whole: Reply | None = None

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

    def __await__(self) -> Generator[object, None, Reply]:
        return self._read_all().__await__()

    async def _read_all(self) -> Reply:
        async for _ in self:
            pass
        if self._whole is None:
            raise asyncio.CancelledError
        return self._whole


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
