"""Owns parting a model's thinking from its answer, by the marks in data/thinking.toml. Knows no model and no token's number."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import vocabulary
from modelcatalog.engines.prompts.channels import Channels, words
from modelcatalog.engines.prompts.overlapping import first, overlap

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from modelcatalog.entries import ChannelsEntry, MarkEntry, WrapperEntry

__all__ = ["Parter", "Piece", "half_open", "marks", "opens", "unanswered"]


class Piece(NamedTuple):
    """A piece of a reply: of the answer, or of the thinking before it."""

    text: str
    thinking: bool
    shown: bool = True
    """False for a special token in the answer and for the mark before it: nobody reads them, but a stop string may name them."""


def marks(token: Callable[[str], int | None], own: Sequence[MarkEntry] = ()) -> dict[int, str]:
    """The marks that are tokens of a tokenizer.

    Args:
        token: The one token that a text is; None if it is none.
        own: Marks that the checkpoint states itself.
    """
    known = vocabulary.thinking()
    names = {word for mark in (*own, *known.mark) if not mark.prose for word in (*mark.open, *mark.close)}
    names |= {word for wrapper in known.wrapper for word in (wrapper.open, wrapper.close)}
    for one in known.channels:
        # Phi closes its turns with <|end|> too, and has no channels.
        if token(one.name) is not None and token(one.message) is not None:
            names |= set(words(one))
    return {found: name for name in names - {""} if (found := token(name)) is not None}


class Parter:
    r"""Parts thinking from answer in a stream of text, and of marks that came as tokens.

    Args:
        tail: What the template wrote behind the last message: it may have opened the thinking.
        tokens: The marks that are tokens here; within thinking that a token opened, their letters are text about them.
        asked: What was said in the conversation; a wrapper that it speaks of belongs to the answer.
        own: Marks that the checkpoint states itself.
        calls: Whether tools were offered, as in `Channels`.

    >>> parter = Parter()
    >>> [*parter.push("<thi"), *parter.push("nk>so</think>\n\nParis")]
    [Piece(text='so', thinking=True, shown=True), Piece(text='</think>', thinking=False, shown=False), Piece(text='Paris', thinking=False, shown=True)]
    >>> parter = Parter(tokens={"<|channel|>", "<|message|>"})
    >>> [*parter.mark("<|channel|>"), *parter.push("final"), *parter.mark("<|message|>"), *parter.push("Paris")]
    [Piece(text='Paris', thinking=False, shown=True)]
    """

    def __init__(self, tail: str = "", *, tokens: Collection[str] = (), asked: str = "", own: Sequence[MarkEntry] = (), calls: bool = False) -> None:
        self._known = vocabulary.thinking()
        self._marks = (*own, *self._known.mark)
        self._tokens = tokens
        self._calls = calls
        self._wrappers = [one for one in self._known.wrapper if one.open in tokens or not one.open or one.open not in asked]
        self._out: list[Piece] = []
        self._held = self._spelled = ""
        self._state: Callable[[bool], bool] = self._start
        self._mark: MarkEntry | None = None
        self._closed: MarkEntry | None = None
        self._closes: list[str] = []
        self._label = ""
        self._sure = False
        self._again = False
        """Whether the template opened the thinking, and the model may do so once more."""
        self._wrapper: WrapperEntry | None = None
        self._trim = ""
        self._channels: Channels | None = None
        self._begin(tail)

    @property
    def thinking(self) -> bool:
        """Whether what comes next is thinking."""
        return self._mark is not None or (self._channels is not None and self._channels.thinking)

    @property
    def answering(self) -> bool:
        """Whether what comes next is the answer: neither thinking nor the header of a message."""
        return self._mark is None if self._channels is None else self._channels.answering

    @property
    def over(self) -> bool:
        """Whether the reply has ended, by its marks."""
        return self._channels is not None and self._channels.over

    def push(self, text: str) -> list[Piece]:
        """Take text; the pieces that are certain."""
        self._held += text
        self._work(final=False)
        return self._taken()

    def mark(self, mark: str) -> list[Piece]:
        """Take a mark that came as a token."""
        if self._state == self._wrapped and self._wrapper is not None and mark == self._wrapper.close:
            self._give(len(self._held.rstrip("\n")), thinking=False)
            self._held, self._state = "", self._ended
        elif self._again and self._mark is not None and mark in self._mark.open and not self._held.strip():
            self._held, self._again = "", False
        elif self._state in (self._start, self._after) and not self._held.strip() and self._opens(mark):
            self._held = ""
            self._take_mark(mark)
        else:
            self._work(final=True)
            self._take_mark(mark)
        return self._taken()

    def hidden(self, text: str) -> list[Piece]:
        """Take a special token, which is not text."""
        if not self.thinking and self._channels is None:
            self._work(final=bool(self._held))
            self._out.append(Piece(text, thinking=False, shown=False))
        return self._taken()

    def thought(self, text: str) -> list[Piece]:
        """Take thinking that was parted before it came here."""
        if self._state == self._start and not self._held.strip():
            self._held, self._state, self._trim = "", self._after, "\n"
        return [*self._taken(), Piece(text, thinking=True)]

    def rest(self, *, done: bool = False) -> list[Piece]:
        """What was held back, once no more comes.

        Args:
            done: The reply came to its own end, and was not cut.
        """
        if self._mark is not None and self._mark.prose and done and not self._sure:
            # The second sentence never came: it was an answer that began so.
            self._held, self._mark, self._state, self._trim = self._spelled + self._held, None, self._answer, ""
        self._work(final=True)
        if self._channels is not None:
            self._channels.rest()
        if done and self._mark is not None:
            unanswered()
        return self._taken()

    # Where the prompt left it --------------------------------------------------------------------

    def _begin(self, tail: str) -> None:
        for one in self._known.channels:
            known = one.message in self._tokens or one.message in tail
            if known and (begun := Channels.begun(one, self._tokens, self._say, tail, calls=self._calls)) is not None:
                self._enter(begun)
                return
        for mark in self._marks:
            for word in mark.open if not mark.tokens or set(mark.open) & set(self._tokens) else ():
                after = tail.rpartition(word)[2].strip()
                bare = after in ("", mark.label.strip())
                if word in tail and (bare or (after.startswith(mark.inside or ("\0",)) and not first(after, mark.close))):
                    self._think(mark, "", by_token=word in self._tokens)
                    self._label = "" if after else mark.label
                    self._sure, self._again = True, not after
                    return
        wrapper = next((one for one in self._known.wrapper if one.open and tail.rstrip().endswith(one.open)), None)
        if wrapper is not None:
            self._wrap(wrapper)

    # Text ----------------------------------------------------------------------------------------

    def _work(self, *, final: bool) -> None:
        while self._held and self._state(final):
            pass

    def _start(self, final: bool) -> bool:  # noqa: FBT001  the shape of a state
        """Nothing was said yet: a model thinks before it answers."""
        lead = self._held.lstrip()
        for word, begin in self._beginnings():
            if lead.startswith(word):
                self._spelled, self._held = self._held[: len(self._held) - len(lead)] + word, lead[len(word) :]
                begin()
                return True
        if not final and (not lead or any(word.startswith(lead) for word, _ in self._beginnings())):
            return False
        self._state = self._answer
        return True

    def _beginnings(self) -> list[tuple[str, Callable[[], None]]]:
        """What text opens thinking, and what then is to do."""
        found: list[tuple[str, Callable[[], None]]] = []
        for mark in self._marks:
            if not mark.tokens and mark is not self._mark:
                found += [(word, lambda mark=mark, word=word: self._think(mark, word, by_token=False)) for word in mark.open]  # type: ignore[misc]
        for one in self._known.channels:
            for word in (one.begin, one.name):
                if word not in self._tokens:
                    found.append((word, lambda one=one, word=word: self._enter(self._made(one), word)))  # type: ignore[misc]
        return found

    def _thinking(self, final: bool) -> bool:  # noqa: FBT001
        if self._again and self._mark is not None:
            lead = self._held.lstrip()
            word = next((word for word in self._mark.open if lead.startswith(word)), "")
            if not word and not final and any(word.startswith(lead) for word in self._mark.open):
                return False
            self._held, self._again = lead[len(word) :] if word else self._held, False
        if self._label:
            if self._label.startswith(self._held) and not final:
                return False
            self._held, self._label = self._held.removeprefix(self._label), ""
        found = first(self._held, self._closes)
        if found is None:
            hold = self._mark is not None and self._mark.prose and not final and not self._sure
            self._give(0 if hold else len(self._held) - (0 if final else overlap(self._held, self._closes)), thinking=True)
            return False
        at, word = found
        self._give(at, thinking=True)
        self._held = self._held[len(word) :]
        self._close(word)
        return True

    def _after(self, final: bool) -> bool:  # noqa: FBT001
        """The thinking was closed: its answer, perhaps wrapped, or thinking of another kind."""
        lead = self._held.lstrip()
        words = [one.open for one in self._wrappers if one.open and one.open not in self._tokens]
        for one in self._wrappers:
            if one.open in words and lead.startswith(one.open):
                self._held = lead[len(one.open) :]
                self._wrap(one)
                return True
        begins = [pair for pair in self._beginnings() if self._closed is None or pair[0] not in self._closed.open]
        for word, begin in begins:
            if lead.startswith(word) and not word[0].isalpha():
                self._held = lead[len(word) :]
                begin()
                return True
        if not final and (not lead or any(word.startswith(lead) for word in (*words, *(word for word, _ in begins if not word[0].isalpha())))):
            return False
        self._state = self._answer
        return True

    def _answer(self, _final: bool) -> bool:  # noqa: FBT001
        self._give(len(self._held), thinking=False)
        return False

    def _wrapped(self, final: bool) -> bool:  # noqa: FBT001
        close = self._wrapper.close if self._wrapper is not None else ""
        at = -1 if close in self._tokens else self._held.find(close)
        if at >= 0:
            rest = self._held[at + len(close) :]
            self._give(len(self._held[:at].rstrip("\n")), thinking=False)
            self._held, self._state = rest, self._ended
            return True
        keep = 0 if final else overlap(self._held, [close])
        sure = self._held[: len(self._held) - keep]
        self._give(len(sure) if final else len(sure.rstrip("\n")), thinking=False)
        return False

    def _ended(self, final: bool) -> bool:  # noqa: FBT001
        """Behind the wrapper: line breaks are nobody's."""
        behind = self._wrapper.behind if self._wrapper is not None else ""
        lead = self._held.strip()
        if behind and lead.startswith(behind):
            self._held, self._wrapper = lead[len(behind) :], None
            return True
        if lead and not (behind.startswith(lead) and not final):
            self._state = self._answer
            return True
        self._held = "" if final else self._held
        return False

    # Marks that are tokens -----------------------------------------------------------------------

    def _opens(self, mark: str) -> bool:
        return any(mark in one.open for one in self._marks) or any(mark == one.open for one in self._known.wrapper) or self._channels_of(mark) is not None

    def _channels_of(self, mark: str) -> ChannelsEntry | None:
        return next((one for one in self._known.channels if mark in (one.begin, one.name, one.message)), None)

    def _take_mark(self, mark: str) -> None:
        if self._channels is not None:
            self._channels.mark(mark)
            return
        opened = next((one for one in self._marks if mark in one.open), None)
        wrapper = next((one for one in self._wrappers if mark == one.open), None)
        fresh = self._state in (self._start, self._after)
        if self._mark is not None and mark in self._mark.close:
            self._close(mark)
        elif wrapper is not None and (fresh or self._mark is not None):
            self._wrap(wrapper)
        elif self._mark is None and opened is not None and (fresh or opened.again):
            self._held = ""
            self._think(opened, mark, by_token=True)
        elif (entry := self._channels_of(mark)) is not None and self._mark is None:
            self._held = ""
            self._enter(self._made(entry), mark)
        else:
            # A mark in another place is text about marks.
            self._state = self._answer if self._mark is None and self._state != self._wrapped else self._state
            self._write(mark, thinking=self._mark is not None)

    def _think(self, mark: MarkEntry, word: str, *, by_token: bool) -> None:
        self._mark, self._state, self._label, self._trim = mark, self._thinking, mark.label, "\n"
        self._closes = [close for close in mark.close if not (by_token and close in self._tokens)]
        self._spelled = self._spelled or word

    def _close(self, word: str) -> None:
        self._out.append(Piece(word, thinking=False, shown=False))
        closed, self._mark = self._mark, None
        self._closed, self._trim = closed, " \n" if closed is not None and closed.prose else "\n"
        bare = next((one for one in self._wrappers if not one.open), None)
        if closed is not None and closed.prose and bare is not None and closed.families == bare.families:
            self._wrap(bare)
        else:
            self._state = self._after

    def _wrap(self, wrapper: WrapperEntry) -> None:
        self._mark, self._wrapper, self._state, self._trim = None, wrapper, self._wrapped, "\n"

    # Channels ------------------------------------------------------------------------------------

    def _enter(self, channels: Channels, word: str = "") -> None:
        self._channels, self._state = channels, self._channel
        if word:
            channels.mark(word)

    def _channel(self, final: bool) -> bool:  # noqa: FBT001
        if self._channels is not None:
            self._held = self._channels.take(self._held, final=final)
        return False

    def _made(self, entry: ChannelsEntry) -> Channels:
        return Channels(entry, self._tokens, self._say, calls=self._calls)

    # Out -----------------------------------------------------------------------------------------

    def _give(self, count: int, *, thinking: bool) -> None:
        """Hand out the first characters that are held; line breaks around a mark belong to nobody."""
        text, self._held = self._held[:count], self._held[count:]
        self._write(text, thinking=thinking)

    def _write(self, text: str, *, thinking: bool) -> None:
        if self._trim:
            text = text.lstrip(self._trim)
            self._trim = "" if text else self._trim
        if text:
            self._say(text, thinking)

    def _say(self, text: str, thinking: bool) -> None:  # noqa: FBT001  the shape of `Channels`' write
        self._out.append(Piece(text, thinking))

    def _taken(self) -> list[Piece]:
        out, self._out = self._out, []
        return out


def opens(tail: str, tokens: Collection[str] = ()) -> bool:
    r"""Whether the end of a prompt stands inside thinking that the template opened.

    >>> opens("<|im_start|>assistant\n<think>\n")
    True
    >>> opens("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    False
    """
    return Parter(tail, tokens=tokens).thinking


def unanswered() -> None:
    """Warn of a reply that ended within its thinking: models skip the thinking that a template opened, and servers take for it what they find."""
    message = "the model ended its reply within its thinking: there is no answer, and reply.thinking has all that it said"
    warnings.warn(f"{message}; it may be the answer, of a model that did not think", stacklevel=2)


def half_open(text: str) -> str | None:
    """The mark that closes thinking in an answer in which nothing opened it, None if there is none: a server's template did.

    >>> half_open("so it is Paris</think>Paris"), half_open("write <think> and </think>")
    ('</think>', None)
    """
    found = ((mark, close) for mark in vocabulary.thinking().mark if not mark.prose for close in mark.close if close in text)
    return next((close for mark, close in found if not any(word in text for word in mark.open)), None)
