"""Owns who may use the engine, and that nobody does after it was closed. Knows no engine and no message."""

from __future__ import annotations

import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from modelcatalog.errors import EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Turns"]


class Turns:
    """A queue in front of an engine: so many at a time, the others wait.

    Args:
        count: How many replies the engine makes at a time.
        subject: The model, for messages.
    """

    def __init__(self, count: int, subject: str) -> None:
        self._count = count
        self._subject = subject
        self._changed = threading.Condition()
        self._holders: list[int] = []
        self._closed = False
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()

    @contextmanager
    def take(self) -> Iterator[None]:
        """Wait for a turn, and hold it.

        Raises:
            EngineError: the model was closed, or this thread itself holds all the turns that it would wait for.
        """
        me = threading.get_ident()
        with self._changed:
            while not self._closed and len(self._holders) >= self._count:
                if set(self._holders) == {me}:
                    message = "an earlier reply of this thread is still being made, and this model makes one at a time"
                    raise EngineError(message, subject=self._subject, hint="read the stream to its end, or close it, first")
                self._changed.wait()
            if self._closed:
                message = "this model was closed"
                raise EngineError(message, subject=self._subject, hint="load it again")
            self._holders.append(me)
        try:
            yield
        finally:
            with self._changed:
                self._holders.remove(me)
                self._changed.notify_all()

    def watch(self, stream: Any) -> None:
        """End this, which has a ``close``, when the model is closed."""
        self._open.add(stream)

    def close(self, free: Callable[[], None]) -> None:
        """Turn away who waits, end what is being made, then free the memory; a second time, do nothing."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        while self._holders:
            for stream in tuple(self._open):
                try:
                    stream.close()
                except ValueError:
                    time.sleep(0.005)  # another thread is inside it: it ends with the token that is being made
            with self._changed:
                self._changed.wait_for(lambda: not self._holders, timeout=0.01)
        free()
