"""Owns the combinators that rules are built from: one object gives the regular expression and the EBNF.

Knows nothing of model names. A rule matches lower-case text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Ahead", "Alt", "Behind", "Cap", "Chars", "Fold", "Lit", "Node", "Not", "Opt", "Rep", "Rule", "Seq", "Words", "node"]


class Node:
    """A piece of grammar."""

    __slots__ = ()

    def regex(self) -> str:
        """The regular expression, safe to put into a sequence."""
        raise NotImplementedError

    def ebnf(self) -> str:
        """The same in EBNF (ISO 14977 with `-` for exclusions and `? ?` for prose)."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Lit(Node):
    """Exactly this text."""

    text: str

    def regex(self) -> str:
        return re.escape(self.text)

    def ebnf(self) -> str:
        return f'"{self.text}"'


@dataclass(frozen=True, slots=True)
class Chars(Node):
    """One character of a class; ``called`` is its name for people."""

    klass: str
    called: str

    def regex(self) -> str:
        return f"[{self.klass}]"

    def ebnf(self) -> str:
        return self.called


@dataclass(frozen=True, slots=True)
class Words(Node):
    """One of many literal words, longest first; ``called`` names the set, whose members are data."""

    words: tuple[str, ...]
    called: str

    def regex(self) -> str:
        return "(?:" + "|".join(re.escape(w) for w in sorted(self.words, key=lambda w: (-len(w), w))) + ")"

    def ebnf(self) -> str:
        return f"? {self.called} ?"


@dataclass(frozen=True, slots=True)
class Seq(Node):
    """One after the other."""

    parts: tuple[Node, ...]

    def regex(self) -> str:
        return "".join(part.regex() for part in self.parts)

    def ebnf(self) -> str:
        shown = [f"( {p.ebnf()} )" if isinstance(p, Alt) else p.ebnf() for p in self.parts]
        return ", ".join(text for text in shown if text)


@dataclass(frozen=True, slots=True)
class Alt(Node):
    """The first that fits."""

    options: tuple[Node, ...]

    def regex(self) -> str:
        return "(?:" + "|".join(option.regex() for option in self.options) + ")"

    def ebnf(self) -> str:
        return " | ".join(option.ebnf() for option in self.options)


@dataclass(frozen=True, slots=True)
class Opt(Node):
    """There or not."""

    part: Node

    def regex(self) -> str:
        return f"(?:{self.part.regex()})?"

    def ebnf(self) -> str:
        return f"[ {self.part.ebnf()} ]"


@dataclass(frozen=True, slots=True)
class Rep(Node):
    """``least`` to ``most`` times; ``most`` None: any number."""

    part: Node
    least: int = 1
    most: int | None = None
    lazy: bool = False

    def regex(self) -> str:
        inner = self.part.regex()
        if not isinstance(self.part, Chars):
            inner = f"(?:{inner})"
        if self.least == self.most:
            return f"{inner}{{{self.least}}}"
        return f"{inner}{{{self.least},{'' if self.most is None else self.most}}}" + ("?" if self.lazy else "")

    def ebnf(self) -> str:
        inner = self.part.ebnf()
        if self.most is not None:
            return f"{self.least} * {inner}" if self.least == self.most else f"{self.least}..{self.most} * {inner}"
        return f"{{ {inner} }}" if self.least == 0 else f"{inner}, {{ {inner} }}"


@dataclass(frozen=True, slots=True)
class Cap(Node):
    """A part whose text is kept, under a name."""

    name: str
    part: Node

    def regex(self) -> str:
        return f"(?P<{self.name}>{self.part.regex()})"

    def ebnf(self) -> str:
        inner = self.part.ebnf()
        return f"( {inner} )" if isinstance(self.part, Alt) else inner


@dataclass(frozen=True, slots=True)
class Not(Node):
    """What follows must not begin like this; takes no text."""

    part: Node

    def regex(self) -> str:
        return f"(?!{self.part.regex()})"

    def ebnf(self) -> str:
        return f"? not before {self.part.ebnf()} ?"


@dataclass(frozen=True, slots=True)
class Ahead(Node):
    """What follows begins like this; takes no text and is only there for speed."""

    part: Node

    def regex(self) -> str:
        return f"(?={self.part.regex()})"

    def ebnf(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Fold(Node):
    """A part in whose letters the case does not matter."""

    part: Node

    def regex(self) -> str:
        return f"(?i:{self.part.regex()})"

    def ebnf(self) -> str:
        return self.part.ebnf()


@dataclass(frozen=True, slots=True)
class Behind(Node):
    """What stands before must (or must not) end like this; takes no text."""

    part: Node
    there: bool = True

    def regex(self) -> str:
        return f"(?<{'=' if self.there else '!'}{self.part.regex()})"

    def ebnf(self) -> str:
        return f"? {'' if self.there else 'not '}after {self.part.ebnf()} ?"


def node(part: Node | str | Sequence[Node | str]) -> Node:
    """Text means itself, a list one after the other."""
    if isinstance(part, Node):
        return part
    if isinstance(part, str):
        return Lit(part)
    return Seq(tuple(node(p) for p in part))


@dataclass(frozen=True)
class Rule:
    """One line of the grammar: a name, what it matches, and a real name as its example."""

    name: str
    what: Node
    example: str
    about: str

    def regex(self) -> str:
        """The rule's regular expression."""
        return self.what.regex()

    def ebnf(self) -> str:
        """The rule as a line of EBNF."""
        return f"{self.name} = {self.what.ebnf()} ;"
