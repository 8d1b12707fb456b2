"""Owns many replies that are made together: which prompt is taken when, which row leaves, what each has written. Knows no tensor.

The text is written in the caller's thread and the tokens are made in the worker's, by mlx-lm's own batching.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.engines import Finished, Started
from modelcatalog.errors import ModelCatalogError

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterator, Sequence

    from modelcatalog.engines import Event, Finish, Prompt
    from modelcatalog.engines.mlx.native import Row, Rows
    from modelcatalog.engines.mlx.worker import Worker

__all__ = ["Asked", "Together", "reason"]

_AHEAD = 2
"""Prompts that are taken ahead, in widths of the batch."""
_Out = tuple[int, "Event | ModelCatalogError"]


class Asked(NamedTuple):
    """A prompt as the model sees it."""

    row: Row
    thinking: bool
    """Whether the template opened the model's thinking."""
    place: int = 0


def reason(row: Row, *, stopped: bool) -> Finish:
    """Why a reply ended."""
    return "stop" if row.writer.done else "cancelled" if stopped else "length"


class Together:
    """One call's prompts and rows.

    Args:
        worker: The thread that computes.
        begin: Makes an empty batch of so many rows at most, in that thread.
        ask: Makes a row of a prompt.
        translate: Makes this package's error of any.
        cancel: Ends all replies.
        width: Most rows.
    """

    def __init__(
        self,
        worker: Worker,
        begin: Callable[[int], Rows],
        ask: Callable[[Prompt], Asked],
        translate: Callable[[Exception], ModelCatalogError],
        cancel: threading.Event,
        *,
        width: int,
    ) -> None:
        self._worker, self._begin, self._ask, self._translate, self._cancel = worker, begin, ask, translate, cancel
        self._width = width
        self._rows = worker.call(lambda: begin(width))
        self._active: dict[Row, Asked] = {}
        self._next = 0

    def run(self, prompts: Iterator[Prompt | ModelCatalogError]) -> Iterator[_Out]:
        """The events of all replies; each is taken before the next is made."""
        try:
            while True:
                yield from self._take(prompts)
                if not self._active:
                    return
                if self._cancel.is_set():
                    for asked in self._active.values():
                        yield from self._ended(asked, stopped=True)
                    return
                try:
                    made = self._worker.call(self._rows.step)
                except Exception as error:  # noqa: BLE001  the replies in this batch have failed, and not those that come after
                    yield from self._failed(error)
                    continue
                yield from self._written(made)
        finally:
            self._worker.call(self._rows.close)

    def _take(self, prompts: Iterator[Prompt | ModelCatalogError]) -> Iterator[_Out]:
        while len(self._active) < _AHEAD * self._width and (prompt := next(prompts, None)) is not None:
            place, self._next = self._next, self._next + 1
            try:
                if isinstance(prompt, ModelCatalogError):
                    raise prompt
                asked = self._ask(prompt)._replace(place=place)
            except ModelCatalogError as error:
                yield place, error
                continue
            self._active[asked.row] = asked
            self._add(asked.row)
            yield place, Started(asked.row.prompt, asked.thinking)

    def _add(self, row: Row) -> None:
        self._worker.call(lambda: self._rows.add(row))

    def _written(self, made: Sequence[Row]) -> Iterator[_Out]:
        """What the newest tokens give."""
        gone = []
        for row in made:
            asked = self._active[row]
            if row in self._rows.failed:
                gone.append(row)
                yield asked.place, self._rows.failed.pop(row)
                continue
            for text in self._rows.written.pop(row, ()) if row.guide is not None else (row.writer.push(row.ids[-1]),):
                if text:
                    yield asked.place, text
            if row.writer.done or row.made >= row.limit:
                gone.append(row)
                yield from self._ended(asked, stopped=False)
        if gone:
            self._worker.call(lambda: self._rows.drop(gone))
        for row in gone:
            del self._active[row]

    def _ended(self, asked: Asked, *, stopped: bool) -> Iterator[_Out]:
        if text := asked.row.writer.rest():
            yield asked.place, text
        yield asked.place, Finished(reason(asked.row, stopped=stopped), asked.row.made)

    def _failed(self, error: Exception) -> Iterator[_Out]:
        """All that were in the batch have failed, and the next one is half as wide: memory is what fails."""
        known, width = self._translate(error), max(1, self._width // 2)
        for asked in self._active.values():
            yield asked.place, known
        self._active, self._width = {}, width
        self._rows = self._worker.call(lambda: self._begin(width))
