"""Owns the combinators that rules are built from: one object gives the regular expression and the EBNF.

Knows nothing of model names. A rule matches lower-case text. The classes are written out, since dataclasses take longer to make than the
first name takes to read.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = [
    "Ahead",
    "Alt",
    "Behind",
    "Cap",
    "Chars",
    "Fold",
    "Lit",
    "Named",
    "Node",
    "Not",
    "Opt",
    "Rep",
    "Rule",
    "Seq",
    "Words",
    "heads",
    "inside",
    "node",
    "required",
]


class Node:
    """A piece of grammar."""

    __slots__: tuple[str, ...] = ()

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((type(self), *(getattr(self, name) for name in self.__slots__)))

    def regex(self) -> str:
        """The regular expression, safe to put into a sequence."""
        raise NotImplementedError

    def printed(self) -> tuple[str, int]:
        """The same in EBNF (ISO 14977, with `? ?` for what takes no text), and how tightly it binds: `CHOICE` to `PRIMARY`; nothing where it takes no text."""
        raise NotImplementedError

    def ebnf(self, binding: int = 0) -> str:
        """The same in EBNF, in brackets where its place binds more tightly than the node does."""
        text, own = self.printed()
        return f"( {text} )" if own < binding else text


CHOICE, SEQUENCE, TIMES, PRIMARY = 1, 2, 3, 4
"""How tightly EBNF binds: ``|``, then ``,``, then ``5 *``, then everything that needs no brackets."""


class Lit(Node):
    """Exactly this text."""

    __match_args__ = ("text",)
    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def regex(self) -> str:
        return re.escape(self.text)

    def printed(self) -> tuple[str, int]:
        return f'"{self.text}"', PRIMARY


class Chars(Node):
    """One character of a class; ``called`` is its name for people."""

    __match_args__ = ("klass", "called")
    __slots__ = ("called", "klass")

    def __init__(self, klass: str, called: str) -> None:
        self.klass = klass
        self.called = called

    def regex(self) -> str:
        return f"[{self.klass}]"

    def printed(self) -> tuple[str, int]:
        return self.called, PRIMARY


class Words(Node):
    """One of many literal words, longest first."""

    __match_args__ = ("words",)
    __slots__ = ("words",)

    def __init__(self, words: tuple[str, ...]) -> None:
        self.words = words

    def regex(self) -> str:
        return "(?:" + "|".join(re.escape(w) for w in sorted(self.words, key=lambda w: (-len(w), w))) + ")"

    def printed(self) -> tuple[str, int]:
        return " | ".join(f'"{word}"' for word in self.words), CHOICE


class Seq(Node):
    """One after the other."""

    __match_args__ = ("parts",)
    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Node, ...]) -> None:
        self.parts = parts

    def regex(self) -> str:
        return "".join(part.regex() for part in self.parts)

    def printed(self) -> tuple[str, int]:
        shown = [part for part in self.parts if part.ebnf()]
        return shown[0].printed() if len(shown) == 1 else (", ".join(part.ebnf(SEQUENCE) for part in shown), SEQUENCE)


class Alt(Node):
    """The first that fits."""

    __match_args__ = ("options",)
    __slots__ = ("options",)

    def __init__(self, options: tuple[Node, ...]) -> None:
        self.options = options

    def regex(self) -> str:
        return "(?:" + "|".join(option.regex() for option in self.options) + ")"

    def printed(self) -> tuple[str, int]:
        return " | ".join(option.ebnf(CHOICE) for option in self.options), CHOICE


class Opt(Node):
    """There or not."""

    __match_args__ = ("part",)
    __slots__ = ("part",)

    def __init__(self, part: Node) -> None:
        self.part = part

    def regex(self) -> str:
        return f"(?:{self.part.regex()})?"

    def printed(self) -> tuple[str, int]:
        return f"[ {self.part.ebnf()} ]", PRIMARY


class Rep(Node):
    """``least`` to ``most`` times; ``most`` None: any number."""

    __match_args__ = ("part", "least", "most", "lazy")
    __slots__ = ("lazy", "least", "most", "part")

    def __init__(self, part: Node, least: int = 1, most: int | None = None, *, lazy: bool = False) -> None:
        self.part = part
        self.least = least
        self.most = most
        self.lazy = lazy

    def regex(self) -> str:
        inner = self.part.regex()
        if not isinstance(self.part, Chars):
            inner = f"(?:{inner})"
        if self.least == self.most:
            return f"{inner}{{{self.least}}}"
        return f"{inner}{{{self.least},{'' if self.most is None else self.most}}}" + ("?" if self.lazy else "")

    def printed(self) -> tuple[str, int]:
        inner = self.part.ebnf(PRIMARY)
        shown = [] if self.least == 0 else [inner if self.least == 1 else f"{self.least} * {inner}"]
        if self.most is None:
            shown.append(f"{{ {self.part.ebnf()} }}")
        elif self.most > self.least:  # each time beyond the least may be there or not, the next one only behind it
            more = ""
            for _ in range(self.most - self.least):
                more = f"[ {inner}, {more} ]" if more else f"[ {self.part.ebnf()} ]"
            shown.append(more)
        return ", ".join(shown), SEQUENCE if len(shown) > 1 else TIMES if self.most == self.least > 1 else PRIMARY


class Cap(Node):
    """A part whose text is kept, under a name."""

    __match_args__ = ("name", "part")
    __slots__ = ("name", "part")

    def __init__(self, name: str, part: Node) -> None:
        self.name = name
        self.part = part

    def regex(self) -> str:
        return f"(?P<{self.name}>{self.part.regex()})"

    def printed(self) -> tuple[str, int]:
        return self.part.printed()


class Named(Node):
    """A part that has a name of its own: other rules print the name, and the page defines it once."""

    __match_args__ = ("name", "part")
    __slots__ = ("name", "part")

    def __init__(self, name: str, part: Node) -> None:
        self.name = name
        self.part = part

    def regex(self) -> str:
        return self.part.regex()

    def printed(self) -> tuple[str, int]:
        return self.name, PRIMARY


class Not(Node):
    """What follows must not begin like this; takes no text."""

    __match_args__ = ("part",)
    __slots__ = ("part",)

    def __init__(self, part: Node) -> None:
        self.part = part

    def regex(self) -> str:
        return f"(?!{self.part.regex()})"

    def printed(self) -> tuple[str, int]:
        return f"? not before {self.part.ebnf()} ?", PRIMARY


class Ahead(Node):
    """What follows begins like this; takes no text and is only there for speed, so that the EBNF does without."""

    __match_args__ = ("part",)
    __slots__ = ("part",)

    def __init__(self, part: Node) -> None:
        self.part = part

    def regex(self) -> str:
        return f"(?={self.part.regex()})"

    def printed(self) -> tuple[str, int]:
        return "", PRIMARY


class Fold(Node):
    """A part in whose letters the case does not matter, as in all quoted letters of the EBNF."""

    __match_args__ = ("part",)
    __slots__ = ("part",)

    def __init__(self, part: Node) -> None:
        self.part = part

    def regex(self) -> str:
        return f"(?i:{self.part.regex()})"

    def printed(self) -> tuple[str, int]:
        return self.part.printed()


class Behind(Node):
    """What stands before must (or must not) end like this; takes no text."""

    __match_args__ = ("part", "there")
    __slots__ = ("part", "there")

    def __init__(self, part: Node, *, there: bool = True) -> None:
        self.part = part
        self.there = there

    def regex(self) -> str:
        return f"(?<{'=' if self.there else '!'}{self.part.regex()})"

    def printed(self) -> tuple[str, int]:
        return f"? {'' if self.there else 'not '}after {self.part.ebnf()} ?", PRIMARY


def inside(node: Node) -> Iterator[Node]:
    """A node and all nodes in it, each before its parts."""
    yield node
    parts: Sequence[Node] = ()
    if isinstance(node, Seq):
        parts = node.parts
    elif isinstance(node, Alt):
        parts = node.options
    elif isinstance(node, Opt | Rep | Cap | Named | Not | Ahead | Fold | Behind):
        parts = (node.part,)
    for part in parts:
        yield from inside(part)


_NOTHING = frozenset({("", True)})


def heads(node: Node) -> frozenset[tuple[str, bool]]:
    """The letters that texts of a node begin with, in lower case, ``?`` for any letter; and whether a text may be these letters alone.

    >>> sorted(heads(Seq((Opt(Lit("i")), Lit("q"), Chars("1-8", "digit"), Lit("k")))))
    [('iq', False), ('q', False)]
    """
    if isinstance(node, Lit | Words):
        texts = [text.lower() for text in ((node.text,) if isinstance(node, Lit) else node.words)]
        begin = ["".join(takewhile(str.isalpha, text)) for text in texts]
        return frozenset((head, head == text) for head, text in zip(begin, texts, strict=True))
    if isinstance(node, Chars):
        others = not node.klass.isalpha() and node.klass != "A-Za-z"
        letters = frozenset(("?", True) for _ in (1,) if node.klass[0] == "^" or any(char.isalpha() for char in node.klass))
        return letters | (frozenset({("", False)}) if others else frozenset())
    if isinstance(node, Seq):
        found = _NOTHING
        for part in node.parts:
            if not any(more for _, more in found):
                break
            after = heads(part)
            found = frozenset(one for one in found if not one[1]) | {(head + tail, more) for head, last in found if last for tail, more in after}
        return found
    if isinstance(node, Alt):
        return frozenset(one for option in node.options for one in heads(option))
    if isinstance(node, Not | Ahead | Behind):
        return _NOTHING
    inner = heads(node.part) if isinstance(node, Opt | Rep | Cap | Named | Fold) else _NOTHING
    return inner | _NOTHING if isinstance(node, Opt) or (isinstance(node, Rep) and not node.least) else inner


def required(node: Node) -> frozenset[str]:
    """Texts of which each text of a node has one; the longest that can be told, and none where no such can.

    >>> sorted(required(Seq((Opt(Lit("https://")), Words(("hf.co", "modelscope.cn")), Lit("/")))))
    ['hf.co', 'modelscope.cn']
    """
    if isinstance(node, Lit):
        return frozenset({node.text})
    if isinstance(node, Words):
        return frozenset(node.words)
    if isinstance(node, Alt):
        each = [required(option) for option in node.options]
        return frozenset().union(*each) if all(each) else frozenset()
    if isinstance(node, Seq):
        found = [texts for part in node.parts if (texts := required(part))]
        return max(found, key=lambda texts: min(map(len, texts)), default=frozenset())
    return required(node.part) if isinstance(node, Cap | Named | Fold) or (isinstance(node, Rep) and node.least) else frozenset()


def node(part: Node | str | Sequence[Node | str]) -> Node:
    """Text means itself, a list one after the other."""
    if isinstance(part, Node):
        return part
    if isinstance(part, str):
        return Lit(part)
    return Seq(tuple(node(p) for p in part))


class Rule:
    """One line of the grammar: a name, what it matches, a text that it matches, and what it is about."""

    __slots__ = ("about", "example", "name", "what", "worked")

    def __init__(self, name: str, what: Node, example: str, about: str, worked: str = "") -> None:
        self.name = name
        self.what = what
        self.example = example
        self.about = about
        self.worked = worked
        """A whole name in which the rule is at work, where the example is but a part of one."""

    def regex(self) -> str:
        """The rule's regular expression."""
        return self.what.regex()

    def ebnf(self) -> str:
        """The rule as a line of EBNF."""
        return f"{self.name} = {self.what.ebnf()} ;"
