"""Owns many replies in one batch: which prompt is read when, which row leaves, what fits. Knows no tensor.

Continuous batching in small: prompts of a bounded window are taken longest first, rows that are done leave, others take
their place. The scheduler of transformers reserves a share of the machine's memory, and on a CPU it is slower than one
prompt after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.engines import Finished, Started
from modelcatalog.engines.transformers import kvcache
from modelcatalog.errors import ModelCatalogError, WontFit

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Generator, Iterator, Sequence

    from modelcatalog.engines import Event, Finish, Prompt
    from modelcatalog.engines.text import Writer
    from modelcatalog.engines.transformers.loop import Row, Rows

__all__ = ["Asked", "Batch"]

_READ = 8192
"""Tokens of prompts, padding included, that are read in one pass; bounds its memory."""
_AHEAD = 4
"""Prompts that are taken ahead, in widths of the batch: the more, the better their lengths match."""


class Asked(NamedTuple):
    """A prompt as the loop sees it."""

    row: Row
    writer: Writer
    thinking: bool
    place: int = 0


_Out = tuple[int, "Event | ModelCatalogError"]


class Batch:
    """One call's prompts and rows.

    Args:
        begin: Makes an empty batch.
        ask: Makes a row of a prompt.
        translate: Makes this package's error of any.
        cancel: Ends all replies.
        width: Most rows.
        memory: Bytes that the rows' caches may take; one row is always made.
        token_bytes: What a token takes of them, as far as the config tells.
        together: Most tokens of a reply, with its prompt, that is made beside others: their length would be its own; None for any.
    """

    def __init__(
        self,
        begin: Callable[[], Rows],
        ask: Callable[[Prompt], Asked],
        translate: Callable[[Exception], ModelCatalogError],
        cancel: threading.Event,
        *,
        width: int,
        memory: int,
        token_bytes: float,
        together: int | None = None,
    ) -> None:
        self._begin = begin
        self._ask = ask
        self._translate = translate
        self._cancel = cancel
        self._width = self._widest = width
        self._ahead = _AHEAD * width
        self._memory = memory
        self._rows = begin()
        self._waiting: list[Asked] = []
        self._active: dict[Row, Asked] = {}
        self._next = 0
        self._token_bytes = token_bytes
        self._together = together

    def run(self, prompts: Iterator[Prompt | ModelCatalogError]) -> Iterator[_Out]:
        """The events of all replies; each is taken before the next is made."""
        more = True
        while True:
            if more:
                more = yield from self._take(prompts)
            if not self._active and not self._waiting:
                return
            if self._cancel.is_set():
                yield from self._end_all()
                return
            group = self._admitted()
            try:
                if group:
                    self._active |= {asked.row: asked for asked in group}
                    self._rows.add([asked.row for asked in group])
                    self._token_bytes = kvcache.row_bytes(self._rows.cache)
                else:
                    self._rows.step()
            except Exception as error:  # noqa: BLE001  one prompt's failure is not that of the others
                yield from self._failed(error)
                continue
            yield from self._written([asked.row for asked in group] or list(self._active), first=bool(group))

    def _take(self, prompts: Iterator[Prompt | ModelCatalogError]) -> Generator[_Out, None, bool]:
        """Fill the window; True while there may be more. The oldest reply that is not done holds it back."""
        oldest = min((asked.place for asked in (*self._active.values(), *self._waiting)), default=self._next)
        more = True
        while len(self._waiting) < self._ahead and self._next < oldest + 2 * self._ahead:
            prompt = next(prompts, None)
            if prompt is None:
                more = False
                break
            index, self._next = self._next, self._next + 1
            if isinstance(prompt, ModelCatalogError):
                yield index, prompt
                continue
            try:
                self._waiting.append(self._ask(prompt)._replace(place=index))
            except ModelCatalogError as error:
                yield index, error
        self._waiting.sort(key=lambda asked: -len(asked.row.ids))
        return more

    def _admitted(self) -> list[Asked]:
        """Who begins now: nobody until a quarter of the places are free, for each reading holds the others up."""
        free = self._width - len(self._active)
        if not self._waiting or free < max(1, self._width // 4) or (self._active and not self._joins()):
            return []
        group: list[Asked] = []
        read = room = 0
        for asked in self._waiting[:free]:
            rows = len(self._active) + len(group) + 1
            if rows > 1 and (self._alone(asked.row) or (group and self._alone(group[0].row))):
                break
            read = max(read, len(asked.row.ids))
            room = max([room, asked.row.room, *(row.room for row in self._active)])
            fits = rows * room * self._token_bytes <= self._memory and (len(group) + 1) * read <= _READ
            if rows > 1 and not fits:
                break
            group.append(asked)
        del self._waiting[: len(group)]
        return group

    def _joins(self) -> bool:
        return kvcache.joinable(self._rows.cache) and not any(map(self._alone, self._active))

    def _alone(self, row: Row) -> bool:
        return self._together is not None and row.room > self._together

    def _written(self, rows: Sequence[Row], *, first: bool) -> Iterator[_Out]:
        """What the newest token of each row gives."""
        gone: list[Row] = []
        for row in rows:
            index, writer = self._active[row].place, self._active[row].writer
            if first and row.made == 1:
                yield index, Started(row.prompt, self._active[row].thinking)
            if text := writer.push(row.ids[-1]):
                yield index, text
            if writer.done or row.made >= row.limit:
                gone.append(row)
                yield from self._end(row, "stop" if writer.done else "length")
        if gone:
            self._rows.drop(gone)

    def _end(self, row: Row, reason: Finish) -> Iterator[_Out]:
        asked = self._active.pop(row)
        if text := asked.writer.rest():
            yield asked.place, text
        yield asked.place, Finished(reason, row.made)

    def _end_all(self) -> Iterator[_Out]:
        for row in list(self._active):
            yield from self._end(row, "cancelled")
        for asked in self._waiting:
            yield asked.place, Finished("cancelled", 0)

    def _failed(self, error: Exception) -> Iterator[_Out]:
        """The rows go on in a smaller batch, and the one that fails alone has failed."""
        left = list(self._active.values())
        self._active, self._rows = {}, self._begin()
        if len(left) == 1:
            known = self._translate(error)
            yield left[0].place, known
            if not isinstance(known, WontFit):
                self._width = self._widest
            return
        self._width = max(1, len(left) // 2)
        self._waiting = left + self._waiting
