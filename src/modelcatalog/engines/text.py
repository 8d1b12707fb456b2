"""Owns turning a growing list of tokens into a reply: whole characters, stop strings, ends. Knows no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from modelcatalog.engines import Called, Pieces, Thought
from modelcatalog.engines.prompts.overlapping import overlap
from modelcatalog.engines.prompts.thinking import Parter, Piece

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from modelcatalog.engines import Written
    from modelcatalog.engines.prompts.calling import Calls

__all__ = ["Decoder", "StopStrings", "Tokens", "Writer", "begun", "finished", "written"]


def begun(have: Sequence[int], prompt: Sequence[int]) -> int:
    """How many tokens of a prompt a cache holds that has these; the last one is always computed anew, else there is nothing to choose from.

    >>> begun([1, 2, 3, 4], [1, 2, 3, 9]), begun([1, 2, 3], [1, 2, 3])
    (3, 2)
    """
    common = 0
    for one, want in zip(have, prompt[:-1], strict=False):
        if one != want:
            break
        common += 1
    return common


class Tokens(Protocol):
    """A checkpoint's tokenizer, as far as an engine needs it."""

    def encode(self, text: str, add_special: bool) -> list[int]:  # noqa: FBT001  it is always given
        """The tokens of a text; special ones that are written out in it are read as such."""

    def decode(self, ids: Sequence[int]) -> str:
        """The text of tokens, special ones left out."""

    def token(self, text: str) -> int | None:
        """The one token that this text is."""

    def added(self, token: int) -> str | None:
        """The text of a token that stands beside the vocabulary of words: a special one, or one like it."""


class Decoder:
    """Token ids in, text out, as soon as it is certain: a character of several tokens comes whole.

    Args:
        decode: Ids to text.
        before: The last tokens of the text that is continued: some tokenizers write no space before a first word.
    """

    def __init__(self, decode: Callable[[list[int]], str], before: Sequence[int] = ()) -> None:
        self._decode = decode
        self._ids: list[int] = list(before)
        self._start = 0
        self._read = len(self._ids)

    def push(self, token: int) -> str:
        """The text that ``token`` completes; often a word, sometimes nothing."""
        self._ids.append(token)
        # Decoding from a few tokens back keeps the space that the first token of a piece may hide.
        before = self._decode(self._ids[self._start : self._read])
        after = self._decode(self._ids[self._start :])
        if len(after) <= len(before) or after.endswith("\ufffd"):
            return ""
        self._start, self._read = self._read, len(self._ids)
        return after[len(before) :]

    def rest(self) -> str:
        """What is left at the end, an incomplete character included."""
        before = self._decode(self._ids[self._start : self._read])
        after = self._decode(self._ids[self._start :])
        self._start = self._read = len(self._ids)
        return after[len(before) :]


class StopStrings:
    """Holds text back while it may be the beginning of a stop string.

    >>> stops = StopStrings(("END",))
    >>> stops.push("one E"), stops.push("NDless"), stops.hit
    ('one ', '', True)
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._held = ""
        self._hidden: set[int] = set()
        """Places of what is held that nobody is shown."""
        self.hit = False

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self._stops)

    def push(self, text: str, *, shown: bool = True) -> str:
        """The text that is certainly no part of a stop string; after one, nothing.

        Args:
            text: What comes next.
            shown: False for a special token, which a stop string may name and the reply does not show.
        """
        if self.hit:
            return ""
        if not self._stops:
            return text if shown else ""
        if not shown:
            # Named whole, or not at all: a full stop is not part of a special token.
            if not any(text in stop for stop in self._stops):
                return ""
            self._hidden.update(range(len(self._held), len(self._held) + len(text)))
        self._held += text
        places = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if places:
            self.hit = True
            return self._take(min(places))
        return self._take(len(self._held) - overlap(self._held, self._stops))

    def rest(self) -> str:
        """What was held back, once it is certain that no more comes."""
        return "" if self.hit else self._take(len(self._held))

    def _take(self, count: int) -> str:
        out, self._held = self._held[:count], self._held[count:]
        if self._hidden:
            out = "".join(c for at, c in enumerate(out) if at not in self._hidden)
            self._hidden = {at - count for at in self._hidden if at >= count}
        return out


def written(pieces: Iterable[Piece | Called], stops: StopStrings) -> Written:
    """Pieces as an event: stop strings count in the answer, and end all that comes after them."""
    out: list[str | Thought | Called] = []
    for piece in pieces:
        if stops.hit:
            break
        if isinstance(piece, Called):
            out.append(piece)
            continue
        text, thinking, shown = piece
        if thinking:
            out.append(Thought(text))
        elif answer := stops.push(text, shown=shown):
            out.append(answer)
    if len(out) == 1:
        return out[0]
    return Pieces(tuple(out)) if out else ""


def finished(pieces: Iterable[Piece | Called], stops: StopStrings) -> Written:
    """The last pieces as an event, with what stop strings held back."""
    last = written(pieces, stops)
    held = stops.rest()
    if not held:
        return last
    if isinstance(last, str):
        return last + held
    return Pieces((*(last.pieces if isinstance(last, Pieces) else (last,)), held))


class Writer:
    r"""Writes a reply from its tokens: characters whole, thinking apart from the answer, nothing after a stop string.

    Args:
        tokens: The tokenizer.
        stops: Strings that end the answer; a special token's text is one too.
        ends: Tokens that end the reply, and are not text.
        marks: Tokens that are thinking marks: some tokenizers call them special, and decoding would lose them.
        spelled: Tokens that are a part of marks, and read as their letters.
        parter: Parts thinking from answer; None where a text is continued.
        calls: Parts calls of tools from the answer; None where none were offered.
        before: The end of the text that is continued.
    """

    def __init__(
        self,
        tokens: Tokens,
        stops: Sequence[str] = (),
        ends: Container[int] = (),
        *,
        marks: Mapping[int, str] | None = None,
        spelled: Mapping[int, str] | None = None,
        parter: Parter | None = None,
        calls: Calls | None = None,
        before: Sequence[int] = (),
    ) -> None:
        self._tokens = tokens
        self._decoder = Decoder(tokens.decode, before)
        self._stops = StopStrings(stops)
        self._ends = ends
        self._marks = marks or {}
        self._spelled = spelled or {}
        self._parter = parter
        self._calls = calls
        self._ended = False
        self.complete: Callable[[], bool] | None = None
        """Whether nothing can follow what was written, where something else knows that."""

    @property
    def done(self) -> bool:
        """Whether the reply has come to its own end."""
        over = self._parter is not None and self._parter.over
        return self._ended or self._stops.hit or over or (self.complete is not None and self.complete())

    @property
    def answering(self) -> bool:
        """Whether what comes next belongs to the answer, and not to thinking or marks before it."""
        return self._parter is None or self._parter.answering

    def push(self, token: int) -> Written:
        """What is certain with this token."""
        if token in self._ends:
            self._ended = True
            if self._calls is not None and token in self._spelled:  # a reply may end with the mark that closes a call
                return self._written(self._parted(self._decoder.rest() + self._spelled[token]))
            return self._written([*self._parted(self._decoder.rest()), *self._hidden(token)]) if self._stops else ""
        if token in self._marks and self._parter is not None:
            before = self._parter.push(self._decoder.rest())
            return self._written([*before, *self._parter.mark(self._marks[token])])
        if token in self._spelled:
            return self._written(self._parted(self._decoder.rest() + self._spelled[token]))
        pieces = self._parted(self._decoder.push(token))
        return self._written([*pieces, *self._hidden(token)] if self._stops else pieces)

    def rest(self) -> Written:
        """What was held back, once no more comes."""
        pieces = self._parted(self._decoder.rest())
        if self._parter is not None:
            pieces += self._parter.rest(done=self.done)
        if self._calls is None:
            return finished(pieces, self._stops)
        parted = [*self._called(pieces), *self._calls.rest(done=self.done)]
        return finished(parted, self._stops)

    def _written(self, pieces: list[Piece]) -> Written:
        return written(pieces if self._calls is None else self._called(pieces), self._stops)

    def _called(self, pieces: Iterable[Piece]) -> Iterator[Piece | Called]:
        """Pieces with the calls among the answer."""
        for piece in pieces:
            if piece.thinking or not piece.shown or self._calls is None:
                yield piece
            else:
                yield from self._calls.push(piece.text)

    def _hidden(self, token: int) -> list[Piece]:
        """A special token, for stop strings that name it."""
        text = self._tokens.added(token)
        if text is None or self._tokens.decode([token]):
            return []
        return [Piece(text, thinking=False, shown=False)] if self._parter is None else self._parter.hidden(text)

    def _parted(self, text: str) -> list[Piece]:
        if not text:
            return []
        return [Piece(text, thinking=False)] if self._parter is None else self._parter.push(text)
