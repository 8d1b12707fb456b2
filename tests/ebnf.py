"""Owns reading EBNF as the grammar page prints it: a recogniser and a sampler that know nothing of the rules' own code."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator, Mapping

__all__ = ["Grammar", "printed"]

_TOKEN = re.compile(r'\s*(?:"([^"]*)"|\?\s*(not before|not after|after)\s|([A-Za-z_][\w ]*\w|[A-Za-z])|(\d+)(?=\s*\*)|([][{}()|,*?]))')
_MOST = 3
"""Repetitions that a sample has beyond those it must have."""
Node = tuple[Any, ...]
"""A kind (``lit``, ``ref``, ``seq``, ``alt``, ``opt``, ``rep``, ``times``, ``look``) and its parts."""


def printed(page: str) -> tuple[dict[str, dict[str, str]], dict[str, str], dict[str, str]]:
    """The page's rules by chapter, its named parts, and its kinds of characters."""
    rules: dict[str, dict[str, str]] = {}
    for chapter in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        title, _, text = chapter.partition("\n")
        blocks = re.findall(r"```ebnf\n(.*?) ;\n```", text, re.DOTALL)
        rules[title] = dict(" ".join(block.split()).split(" = ", 1) for block in blocks)
    characters = dict(re.findall(r"^\| ([^|]+) \| `\[(.*)\]` \|$", page, re.MULTILINE))
    return rules, rules.pop("Names in the rules"), characters


@dataclass
class Grammar:
    """Rules that may use ``named`` parts and ``characters``, all as text."""

    named: Mapping[str, str]
    characters: Mapping[str, str]
    _read: dict[str, Node] = field(default_factory=dict)

    def node(self, text: str) -> Node:
        """A rule's right side, as a tree."""
        if text not in self._read:
            tokens = []
            at = 0
            while at < len(text.rstrip()):
                found = _TOKEN.match(text, at)
                assert found is not None, text[at:]
                tokens.append(found)
                at = found.end()
            self._read[text] = _Reader(tokens).whole()
        return self._read[text]

    def accepts(self, rule: str, text: str, before: str = "", behind: str = "") -> bool:
        """Whether the rule gives this text, where ``before`` and ``behind`` stand around it."""
        return len(before) + len(text) in self._ends(self.node(rule), before + text + behind, len(before), {})

    def _ends(self, node: Node, text: str, at: int, seen: dict[tuple[int, int], set[int]]) -> set[int]:
        """Where a node may end that begins at ``at``."""
        if node[0] == "lit":
            return {at + len(node[1])} if text[at : at + len(node[1])].lower() == node[1].lower() else _NOWHERE
        if node[0] == "ref" and node[1] in self.characters:
            return {at + 1} if at < len(text) and _one_of(self.characters[node[1]], text[at]) else _NOWHERE
        key = (id(node), at)
        if key not in seen:
            seen[key] = self._ends_anew(node, text, at, seen)
        return seen[key]

    def _ends_anew(self, node: Node, text: str, at: int, seen: dict[tuple[int, int], set[int]]) -> set[int]:  # noqa: C901, PLR0911  a case a kind of node
        kind, *parts = node
        match kind, parts:
            case "ref", [str(name)]:
                return self._ends(self.node(self.named[name]), text, at, seen)
            case "seq", _:
                ends = {at}
                for part in parts:
                    ends = set().union(*(self._ends(part, text, end, seen) for end in ends))
                    if not ends:
                        break
                return ends
            case "alt", _:
                return set().union(*(self._ends(part, text, at, seen) for part in parts))
            case "opt", [part]:
                return {at} | self._ends(part, text, at, seen)
            case "times", [int(times), part]:
                return self._ends(("seq", *[part] * times), text, at, seen)
            case "rep", [part]:
                ends, new = {at}, {at}
                while new := set().union(*(self._ends(part, text, end, seen) for end in new)) - ends:
                    ends |= new
                return ends
            case "look", ["not before", part]:
                return set() if self._ends(part, text, at, seen) else {at}
            case "look", [way, part]:
                behind = any(at in self._ends(part, text, start, seen) for start in range(at + 1))
                return {at} if behind == (way == "after") else set()
        raise AssertionError(node)

    def samples(self, rule: str, chance: random.Random, count: int) -> Iterator[str]:
        """So many texts that the rule gives; what looks around in a rule is settled by trying again."""
        made = 0
        while made < count:
            text = self._sample(self.node(rule), chance)
            if self.accepts(rule, text):
                made += 1
                yield text

    def _sample(self, node: Node, chance: random.Random) -> str:  # noqa: PLR0911  as above
        kind, *parts = node
        match kind, parts:
            case "lit", [str(literal)]:
                return chance.choice((literal, literal, literal.upper()))
            case "ref", [str(name)] if name in self.characters:
                members = [char for char in _ALPHABET if _one_of(self.characters[name], char)]
                return chance.choice(members)
            case "ref", [str(name)]:
                return self._sample(self.node(self.named[name]), chance)
            case "seq", _:
                return "".join(self._sample(part, chance) for part in parts)
            case "alt", _:
                return self._sample(chance.choice(parts), chance)
            case "opt", [part]:
                return self._sample(part, chance) if chance.random() < 1 / 2 else ""
            case "times", [int(times), part]:
                return "".join(self._sample(part, chance) for _ in range(times))
            case "rep", [part]:
                return "".join(self._sample(part, chance) for _ in range(chance.randint(0, _MOST)))
        return ""  # what looks around takes no text


_NOWHERE: set[int] = set()


@cache
def _one_of(characters: str, char: str) -> bool:
    return re.fullmatch(f"[{characters}]", char) is not None


_ALPHABET = [chr(code) for code in range(32, 127)] + ["é", "问", "٣"]
"""Of which samples consist: everything that a keyboard has, and a letter and a digit of other scripts."""


class _Reader:
    """Reads a rule's tokens: a choice of sequences of factors."""

    def __init__(self, tokens: list[re.Match[str]]) -> None:
        self.tokens = tokens
        self.at = 0

    def whole(self) -> Node:
        node = self.choice()
        assert self.at == len(self.tokens), self.tokens[self.at]
        return node

    def sign(self) -> str | None:
        return self.tokens[self.at][5] if self.at < len(self.tokens) else None

    def take(self, sign: str) -> None:
        assert self.sign() == sign, (sign, self.tokens[self.at :])
        self.at += 1

    def choice(self) -> Node:
        options = [self.sequence()]
        while self.sign() == "|":
            self.at += 1
            options.append(self.sequence())
        return options[0] if len(options) == 1 else ("alt", *options)

    def sequence(self) -> Node:
        parts = [self.factor()]
        while self.sign() == ",":
            self.at += 1
            parts.append(self.factor())
        return parts[0] if len(parts) == 1 else ("seq", *parts)

    def factor(self) -> Node:
        literal, look, name, times, sign = self.tokens[self.at].groups()
        self.at += 1
        if times is not None:
            self.take("*")
            return "times", int(times), self.factor()
        if literal is not None:
            return "lit", literal
        if name is not None:
            return "ref", name
        node = self.choice()
        if look is not None:
            self.take("?")
            return "look", look, node
        self.take({"(": ")", "[": "]", "{": "}"}[sign])
        return {"(": node, "[": ("opt", node), "{": ("rep", node)}[sign]
