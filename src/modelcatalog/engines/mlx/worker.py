"""Owns the one thread in which an engine computes: work is brought there, and what it makes is taken elsewhere. Knows no model.

MLX's streams belong to the thread that made them: an array that one thread has asked for, and another takes up, is an error.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

__all__ = ["Worker"]

_AHEAD = 8
"""What may be made before it is taken: enough that the maker never waits, and little that is made in vain."""
_LONGEST_STEP = 120.0
"""Seconds that closing waits for the step that is being computed."""

_T = TypeVar("_T")


class _Job:
    """An iterator that is stepped in the thread, and what it made that nobody has taken yet."""

    def __init__(self, make: Callable[[], Iterator[Any]]) -> None:
        self.make = make
        self.steps: Iterator[Any] | None = None
        self.made: deque[Any] = deque()
        self.error: BaseException | None = None
        self.over = False
        """Nothing more comes."""
        self.left = False
        """Nobody takes any more."""

    def step(self) -> Any:
        """The next thing; `StopIteration` at the end."""
        if self.steps is None:
            self.steps = iter(self.make())
        return next(self.steps)

    def end(self) -> None:
        """Have the iterator tidy up, in the thread that it ran in."""
        steps, self.steps = self.steps, None
        if steps is not None and hasattr(steps, "close"):
            steps.close()


class Worker:
    """A thread that steps iterators in turn.

    Args:
        name: The thread's.
        closed: Makes the error of what is asked for, or still running, after `close`.
        leave: What the thread does last.
    """

    def __init__(self, name: str, closed: Callable[[], Exception], leave: Callable[[], None]) -> None:
        self._closed, self._leave = closed, leave
        self._jobs: list[_Job] = []
        self._ending = False
        self._last: Callable[[], None] | None = None
        self._turn = threading.Condition()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def call(self, function: Callable[[], _T]) -> _T:
        """What a function gives when it runs in the thread."""
        for value in self.each(lambda: iter((function(),))):
            return value
        raise self._closed()

    def each(self, make: Callable[[], Iterator[_T]]) -> Generator[_T]:
        """What an iterator gives that is made and stepped in the thread, a little ahead. Closing this closes it."""
        job = _Job(make)
        with self._turn:
            if self._ending:
                raise self._closed()
            self._jobs.append(job)
            self._turn.notify_all()
        try:
            while True:
                with self._turn:
                    self._turn.wait_for(lambda: job.made or job.over)
                    if not job.made:
                        if job.error is not None:
                            raise job.error
                        return
                    value = job.made.popleft()
                    self._turn.notify_all()
                yield value
        finally:
            with self._turn:
                job.left = True
                self._turn.notify_all()

    def close(self, last: Callable[[], None] | None = None) -> None:
        """End what is running, and the thread.

        Args:
            last: What the thread does before it leaves.
        """
        with self._turn:
            self._ending, self._last = True, last or self._last
            self._turn.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(_LONGEST_STEP)

    def _work(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._ending or any(self._ready(job) for job in self._jobs))
                ready = list(self._jobs) if self._ending else [job for job in self._jobs if self._ready(job)]
                ending = self._ending
            for job in ready:
                if ending or job.left:
                    self._finish(job, self._closed() if ending and not job.left else None)
                else:
                    self._step(job)
            if ending:
                if self._last is not None:
                    self._last()
                self._leave()
                return

    def _ready(self, job: _Job) -> bool:
        return job.left or len(job.made) < _AHEAD

    def _step(self, job: _Job) -> None:
        try:
            value = job.step()
        except StopIteration:
            self._finish(job, None)
        except BaseException as error:  # noqa: BLE001  raised again in the thread that asked
            self._finish(job, error)
        else:
            with self._turn:
                job.made.append(value)
                self._turn.notify_all()

    def _finish(self, job: _Job, error: BaseException | None) -> None:
        try:
            job.end()
        except BaseException as failed:  # noqa: BLE001  as above
            error = error or failed
        with self._turn:
            job.error, job.over = error, True
            self._jobs.remove(job)
            self._turn.notify_all()
