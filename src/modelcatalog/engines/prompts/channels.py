"""Owns replies whose messages have channels, as gpt-oss writes them: which is the answer, which is thinking. Knows no token's number.

The grammar is that of the library openai-harmony, which cannot be used here: it fetches its vocabulary from a network. A message
is a header with the name of its channel, a mark, and the text up to another mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from modelcatalog.engines.prompts.overlapping import first, overlap

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from modelcatalog.entries import ChannelsEntry

__all__ = ["Channels", "words"]

_LONGEST_HEADER = 80


def words(entry: ChannelsEntry) -> tuple[str, ...]:
    """All marks of a kind of channels."""
    return (entry.begin, entry.name, entry.format, entry.message, *entry.closes, *entry.ends)


class Channels:
    """Where in its messages a reply is.

    Args:
        entry: The marks.
        tokens: The marks that come as tokens; the others are letters.
        write: Takes text, and whether it is thinking.
        calls: Whether tools were offered: a message to one is written as it stands, for those who read calls.
    """

    def __init__(self, entry: ChannelsEntry, tokens: Collection[str], write: Callable[[str, bool], None], *, calls: bool = False) -> None:
        self._entry = entry
        self._letters = [mark for mark in words(entry) if mark not in tokens]
        self._out = write
        self._place: Literal["header", "body", "between"] = "between"
        self._header = ""
        self._answering = True
        self._given = {True: False, False: False}
        self._calls = calls
        self._calling = False
        self.over = False
        """Whether the reply has ended."""

    @property
    def thinking(self) -> bool:
        """Whether what comes next is thinking."""
        return self._place == "body" and not self._answering

    @property
    def answering(self) -> bool:
        """Whether what comes next is the text of the answer."""
        return self._place == "body" and self._answering

    @classmethod
    def begun(cls, entry: ChannelsEntry, tokens: Collection[str], write: Callable[[str, bool], None], tail: str, *, calls: bool = False) -> Channels | None:
        """The state in which the end of a prompt leaves a reply; None where it began no message."""
        at, last = max((tail.rfind(mark), mark) for mark in words(entry))
        if at < 0 or last in (*entry.closes, *entry.ends):
            return None
        before = cls(entry, (), lambda _text, _thinking: None)  # in a prompt the marks are letters
        before.take(tail[max(tail.rfind(entry.begin), 0) :], final=True)
        made = cls(entry, tokens, write, calls=calls)
        made._place, made._answering = before._place, before._answering
        made._header = before._header if entry.name in before._header or "to=" in before._header else ""
        return made

    def take(self, text: str, *, final: bool) -> str:
        """Take text; what may be the beginning of a mark comes back, to be given again with what follows."""
        while (found := first(text, self._letters)) is not None:
            at, mark = found
            self._content(text[:at])
            self.mark(mark)
            text = text[at + len(mark) :]
        sure = len(text) - (0 if final else overlap(text, self._letters))
        self._content(text[:sure])
        return text[sure:]

    def mark(self, mark: str) -> None:
        """Take a mark; one of another kind is text."""
        entry = self._entry
        if mark == entry.begin:
            self._place, self._header = "header", ""
        elif mark in (entry.name, entry.format):
            self._header = (self._header if self._place == "header" else "") + mark
            self._place = "header"
        elif mark == entry.message:
            self._open()
        elif mark in (*entry.closes, *entry.ends):
            if self._calling and self._place == "body":
                self._write(mark, thinking=False)
            self.over = mark in entry.ends or (self._place == "body" and self._answering and not self._calling)
            self._place, self._calling = "between", False
        else:
            self._content(mark)

    def rest(self) -> None:
        """Nothing more comes: a header without a channel was not a header."""
        if self._place == "header" and self._entry.name not in self._header:
            self._write(self._header, thinking=False)

    def _content(self, text: str) -> None:
        if self._place == "header":
            self._header += text
            if self._entry.name not in self._header and len(self._header) > _LONGEST_HEADER:
                # No header at all: a model that was tuned to answer without channels.
                self._place, self._answering = "body", True
                self._write(self._header, thinking=False)
        elif self._place == "body":
            self._write(text, thinking=not self._answering)
        elif text.strip():
            self._write(text, thinking=False)

    def _open(self) -> None:
        """A message begins: what its header says."""
        before, _, after = self._header.partition(self._entry.name)
        said = after.replace(self._entry.format, " ").split()
        self._place, self._answering = "body", not said or said[0] in self._entry.answer
        to = next((word for word in (*before.split(), *said) if word.startswith("to=")), None)
        if to is not None and self._calls:
            self._answering = self._calling = True
            self._write(f"{self._entry.begin}{self._header}{self._entry.message}", thinking=False)
            return
        if self._given[not self._answering]:
            self._write("\n", thinking=not self._answering)
        if to is not None:
            # A tool that nobody offered: it is said in the thinking.
            self._answering = False
            self._write(f"{to}: ", thinking=True)

    def _write(self, text: str, *, thinking: bool) -> None:
        if text:
            self._given[thinking] = True
            self._out(text, thinking)
