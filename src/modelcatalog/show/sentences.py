"""Owns how a sentence that the package said becomes another one: Chinese, or what is typed in a shell. Knows no error, no plan and no terminal.

Errors, plans and JSON hold English alone, because programs read it. Who shows a text looks up what it was made from: a data file has
the sentences with holes (``{subject} has no file {file}``), and what fills a hole is looked up in its turn.
"""

from __future__ import annotations

import re
from functools import cache, cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING

from modelcatalog import later

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Sentences", "chinese", "entries", "shell"]

_HOLE = later.pattern(r"\{([A-Za-z_]\w*)\}")
_TAIL = (" ", ",", ";")
"""What begins so stands behind another text."""
_TAIL_HOLE = "((?:[ ,;:(].*?)?)"
_WHO = later.pattern(r"(?P<head>\S+): (?P<rest>.+)", re.DOTALL)
_ASIDE = later.pattern(r"(?P<head>.+?) \((?P<rest>.+)\)", re.DOTALL)
_QUOTED = later.pattern(r"\"[^\"]*\"|'[^']*'")
"""However many words, it is a value."""
_PROSE = later.pattern(r"(?<!\S)[a-z]{2,}")
"""A word that begins small: names of cards and chips have none."""
_LIST = later.pattern(r"(, | or | and )")
_HAN = later.pattern(r"[\u4e00-\u9fff]")
_HAN_BEHIND = later.pattern(r" [\u4e00-\u9fff]")
_LONGEST = 4000
_FEW = 10
"""Letters around the holes below which a sentence could be a part of any text."""
_NONE: Mapping[str, str] = MappingProxyType({})


class _Sentence:
    """A sentence with holes, and what it becomes."""

    def __init__(self, english: str, target: str) -> None:
        split = _HOLE.split(english)
        self.pieces = tuple(split[::2])
        """What stands around the holes."""
        self.target = target
        self.tail = english.startswith(_TAIL)
        """It stands behind another text, which fills a hole without a name."""
        self.names = ("", *split[1::2]) if self.tail else tuple(split[1::2])
        self.longest = max(self.pieces, key=len)
        """What a text must have in it."""
        self.letters = sum(len(piece.replace(" ", "")) for piece in self.pieces)

    @cached_property
    def form(self) -> re.Pattern[str]:
        """What texts it is, its holes as groups."""
        parts = [re.escape(self.pieces[0])]
        for piece, before in zip(self.pieces[1:], self.pieces, strict=False):
            # Of two holes side by side the second is a tail, or empty.
            parts += [_TAIL_HOLE if not before and len(parts) > 1 else "(.*?)", re.escape(piece)]
        return re.compile("".join(["(.*?)", *parts] if self.tail else parts), re.DOTALL)

    def match(self, text: str) -> dict[str, str] | None:
        """What fills the holes of a text that is this sentence."""
        found = self.form.fullmatch(text)
        return None if found is None else dict(zip(self.names, found.groups(), strict=True))


class Sentences:
    """Pairs of sentences with holes.

    Args:
        pairs: English -> what it becomes, with the same holes.
        joints: What stands between the parts of a text that was put together: ``; ``, ``: ``, around an aside, ``, `` in a list, or, and.

    >>> found = Sentences({"{subject} has no file {file}": "{subject} 没有文件 {file}", " and {count} more": "等 {count} 个"})
    >>> found.of("Qwen/Qwen3-8B has no file a, b and 7 more"), found.of("something else")
    ('Qwen/Qwen3-8B 没有文件 a, b等 7 个', None)
    """

    def __init__(self, pairs: Mapping[str, str], joints: tuple[str, str, str, str, str, str] = ("; ", ": {}", " ({})", ", ", " or ", " and ")) -> None:
        made = sorted((_Sentence(english, target) for english, target in pairs.items()), key=lambda one: -one.letters)
        self.exact = {one.pieces[0]: one.target for one in made if not one.names}
        self.formed = [one for one in made if one.names]
        self.parted = [one for one in self.formed if any("; " in piece for piece in one.pieces)]
        # What begins with words of its own is around what begins with a hole: "invalid value for --save: /tmp cannot be written: …".
        self.led = sorted((one for one in self.formed if any(": " in piece for piece in one.pieces)), key=lambda one: not one.pieces[0])
        self.joints = joints

    def of(self, text: str, values: Mapping[str, str] = _NONE) -> str | None:
        """What a text becomes; None where no sentence is it, and none is a part of it.

        Args:
            text: A sentence of the package.
            values: What fills a hole -> what stands there instead: a company's name, say.
        """
        return None if len(text) > _LONGEST else _Reading(self, values).of(text)


class _Reading:
    """One text that is looked up, and what is known of its parts already."""

    def __init__(self, pairs: Sentences, values: Mapping[str, str]) -> None:
        self._pairs = pairs
        self._values = values
        self._known: dict[str, str | None] = dict(pairs.exact)

    def of(self, text: str) -> str | None:
        if text not in self._known:
            self._known[text] = self._of(text) if " " in text else None
        return self._known[text]

    def _of(self, text: str) -> str | None:
        # A tail is no part of a longer one; a semicolon or a colon that is a sentence's own comes before what was put together with one, then a sentence alone.
        found = self._tail(text) if text.startswith(_TAIL) else None
        found = found or self._first(self._pairs.parted, text) or self._parts(text)
        found = found or (self._first(self._pairs.led, text) if ": " in text else None) or self._behind(_WHO, 1, text)
        return found or self._first(self._pairs.formed, text) or self._behind(_ASIDE, 2, text) or self._list(text)

    def _tail(self, text: str) -> str | None:
        tails = (one for one in self._pairs.formed if one.tail and text.startswith(one.pieces[0]))
        for sentence in tails:
            holes = sentence.match(text)
            if holes is not None and not holes[""]:
                return self._made(sentence, holes)
        return None

    def _first(self, sentences: Iterable[_Sentence], text: str) -> str | None:
        for sentence in sentences:
            if sentence.longest not in text or (holes := sentence.match(text)) is None:
                continue
            known = {name: self.of(value) for name, value in holes.items()}
            # Of few letters there is a sentence in every text: then what is around them must be known too, or be one word or a name.
            if sentence.letters < _FEW and any(known[name] is None and _is_told(value) for name, value in holes.items()):
                continue
            return self._made(sentence, holes)
        return None

    def _made(self, sentence: _Sentence, holes: Mapping[str, str]) -> str:
        filled = {name: self.of(value) or self._value(value) for name, value in holes.items()}
        split = _HOLE.split(sentence.target)
        inside = (filled[piece] if place % 2 else piece for place, piece in enumerate(split))
        return _closed_up((filled.get("", ""), *inside))

    def _value(self, value: str) -> str:
        """What fills a hole and is not a sentence: a name, or what somebody else said behind a colon."""
        if value.startswith(": "):
            return self._pairs.joints[1].format(value[2:])
        return self._values.get(value, value)

    def _parts(self, text: str) -> str | None:
        each = [self.of(part) for part in text.split("; ")] if "; " in text else [None]
        return None if None in each else self._pairs.joints[0].join(one for one in each if one)

    def _behind(self, form: re.Pattern[str], joint: int, text: str) -> str | None:
        """A sentence behind who said it, or with another one in brackets."""
        found = form.fullmatch(text)
        if found is None:
            return None
        head, rest = self.of(found["head"]), self.of(found["rest"])
        if rest is None and (form is _WHO or head is None):
            return None
        return (head or found["head"]) + self._pairs.joints[joint].format(rest or found["rest"])

    def _list(self, text: str) -> str | None:
        pieces = _LIST.split(text)
        each = [self.of(one) or (None if _is_told(one) else one) for one in pieces[::2]] if len(pieces) > 1 else [None]
        if None in each:
            return None
        between = [self._pairs.joints[{", ": 3, " or ": 4, " and ": 5}[one]] for one in pieces[1::2]]
        return _closed_up(part for pair in zip(each, [*between, ""], strict=True) for part in pair if part)


def _is_told(value: str) -> bool:
    """Whether it is words that say something.

    >>> _is_told("has no weights"), _is_told("RTX 4090"), _is_told("'has no weights'")
    (True, False, False)
    """
    bare = _QUOTED.sub("", value)
    return " " in bare and _PROSE.search(bare) is not None


def _closed_up(pieces: Iterable[str]) -> str:
    """Pieces in a row; the blank that parts Chinese from a Latin word goes where Chinese stands on either side of it.

    >>> _closed_up(["", "字节跳动", " 没有公开 ", "Doubao", " 的权重"])
    '字节跳动没有公开 Doubao 的权重'
    """
    said = ""
    for piece in pieces:
        added = piece
        if _HAN.match(said[-1:]) and _HAN_BEHIND.match(added):
            added = added[1:]
        elif _HAN.match(said[-2:-1]) and said.endswith(" ") and _HAN.match(added):
            said = said[:-1]
        said += added
    return said


def entries(kind: str) -> dict[str, str]:
    """What a data file has: English -> what it becomes.

    Args:
        kind: ``"zh"`` or ``"shell"``.
    """
    import tomllib  # few processes say a sentence in another way
    from importlib.resources import files

    tables = tomllib.loads((files("modelcatalog") / "data" / f"sentences.{kind}.toml").read_text(encoding="utf-8"))
    return {english: target for table in tables.values() for english, target in table.items()}


@cache
def _chinese() -> Sentences:
    return Sentences(entries("zh"), ("；", "：{}", "（{}）", "、", " 或 ", " 和 "))


@cache
def _shell() -> Sentences:
    return Sentences(entries("shell"))


def chinese(text: str, values: Mapping[str, str] = _NONE) -> str:
    """A text of the package in Chinese; what none of its sentences is stays as it is. The arguments are those of `Sentences.of`.

    >>> chinese("Qwen/Qwen3-8B has no weights: no safetensors and no GGUF file")
    'Qwen/Qwen3-8B 没有权重：没有 safetensors，也没有 GGUF 文件'
    """
    return _chinese().of(text, values) or text


def shell(text: str) -> str:
    """A next step as one takes it in a shell, where that is another one than in Python; else the text."""
    return _shell().of(text) or text
