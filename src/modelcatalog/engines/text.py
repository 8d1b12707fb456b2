"""Owns turning a growing list of tokens into text: whole characters, stop strings, thinking. Knows no model."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

__all__ = ["THINKING", "Decoder", "Piece", "Splitter", "StopStrings", "Writer", "opens_thinking"]

THINKING = (
    ("<think>", "</think>"),  # Qwen, DeepSeek, GLM, MiniMax, Hunyuan, SmolLM, …
    ("[THINK]", "[/THINK]"),  # Magistral
    ("◁think▷", "◁/think▷"),  # Kimi-VL-Thinking
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
)
"""How models mark where their thinking begins and ends."""


class Decoder:
    """Token ids in, text out, as soon as it is certain: a character of several tokens comes whole.

    Args:
        decode: Ids to text.
    """

    def __init__(self, decode: Callable[[list[int]], str]) -> None:
        self._decode = decode
        self._ids: list[int] = []
        self._start = 0
        self._read = 0

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
        self.hit = False

    def push(self, text: str) -> str:
        """The text that is certainly no part of a stop string; after one, nothing."""
        if self.hit:
            return ""
        if not self._stops:
            return text
        self._held += text
        places = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        if places:
            self.hit = True
            out, self._held = self._held[: min(places)], ""
            return out
        keep = _overlap(self._held, self._stops)
        out = self._held[: len(self._held) - keep]
        self._held = self._held[len(self._held) - keep :]
        return out

    def rest(self) -> str:
        """What was held back, once it is certain that no more comes."""
        out, self._held = self._held, ""
        return out


class Writer:
    r"""Writes a reply from its tokens: characters whole, thinking marks as text, nothing after a stop string.

    Args:
        decode: Ids to text, special tokens left out.
        stops: Strings that end the reply.
        ends: Tokens that end it, and are no text.
        marks: Tokens that are thinking marks: some tokenizers call them special, and `decode` would lose them.

    >>> writer = Writer(lambda ids: bytes(ids).decode(), ("\n",), ends={0}, marks={1: "<think>"})
    >>> [writer.push(token) for token in (1, *b"a\n")], writer.done
    (['<think>', 'a', ''], True)
    """

    def __init__(
        self, decode: Callable[[list[int]], str], stops: Sequence[str], ends: Container[int], marks: Mapping[int, str]
    ) -> None:
        self._decoder = Decoder(decode)
        self._stops = StopStrings(stops)
        self._ends = ends
        self._marks = marks
        self._ended = False

    @property
    def done(self) -> bool:
        """Whether the reply has come to its own end."""
        return self._ended or self._stops.hit

    def push(self, token: int) -> str:
        """The text that is certain with this token."""
        if token in self._ends:
            self._ended = True
            return ""
        if token in self._marks:
            return self._stops.push(self._decoder.rest() + self._marks[token])
        return self._stops.push(self._decoder.push(token))

    def rest(self) -> str:
        """What was held back, once no more comes."""
        return self._stops.push(self._decoder.rest()) + self._stops.rest()


def _overlap(text: str, words: Sequence[str]) -> int:
    """The length of the longest end of ``text`` that begins one of ``words``."""
    longest = max((len(word) for word in words), default=1) - 1
    for length in range(min(longest, len(text)), 0, -1):
        if any(word.startswith(text[-length:]) for word in words):
            return length
    return 0


class Piece(NamedTuple):
    """A piece of a reply: of the answer, or of the thinking before it."""

    text: str
    thinking: bool


class Splitter:
    r"""Parts thinking from answer in a stream.

    Args:
        thinking: Whether the template opened the thinking already.

    >>> splitter = Splitter()
    >>> [*splitter.push("<thi"), *splitter.push("nk>so</think>\n\nParis")]
    [Piece(text='so', thinking=True), Piece(text='Paris', thinking=False)]
    """

    def __init__(self, *, thinking: bool = False) -> None:
        self.thinking = thinking
        self._began = thinking
        self._held = ""
        self._trim = True

    def push(self, text: str) -> list[Piece]:
        """The pieces that are certain."""
        self._held += text
        pieces: list[Piece] = []
        # A model thinks before it answers; a tag later in an answer is text about tags.
        if not self._began:
            lead = self._held.lstrip()
            mark = next((begin for begin, _ in THINKING if lead.startswith(begin)), None)
            if mark is not None:
                self._held, self.thinking = lead[len(mark) :], True
            elif any(begin.startswith(lead) for begin, _ in THINKING):
                return pieces
            self._began = True
        if self.thinking:
            ends = [end for _, end in THINKING]
            found = min(((at, end) for end in ends if (at := self._held.find(end)) >= 0), default=None)
            if found is None:
                self._give(pieces, len(self._held) - _overlap(self._held, ends))
                return pieces
            self._give(pieces, found[0])
            self._held, self.thinking, self._trim = self._held[len(found[1]) :], False, True
        self._give(pieces, len(self._held))
        return pieces

    def rest(self) -> list[Piece]:
        """What was held back, once no more comes."""
        pieces: list[Piece] = []
        self._give(pieces, len(self._held))
        return pieces

    def _give(self, pieces: list[Piece], count: int) -> None:
        """Hand out the first ``count`` characters; line breaks around a tag belong to nobody."""
        text, self._held = self._held[:count], self._held[count:]
        if self._trim:
            text = text.lstrip("\n")
            self._trim = not text
        if text:
            pieces.append(Piece(text, self.thinking))


def opens_thinking(prompt: str) -> bool:
    r"""Whether a rendered prompt ends inside a thinking block that the template opened.

    >>> opens_thinking("<|im_start|>assistant\n<think>\n")
    True
    >>> opens_thinking("<|im_start|>assistant\n<think>\n\n</think>\n\n")
    False
    """
    end = prompt.rstrip()
    return any(end.endswith(begin) for begin, _ in THINKING)
