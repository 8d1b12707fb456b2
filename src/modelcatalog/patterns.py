"""Owns the pattern language of the data files: one line that stands for many repository names.

``{a,b}`` is one of, ``[-a|-b]`` an optional one of; both nest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["expand", "fold"]

_PAIRS = {"{": "}", "[": "]"}
_MOST = 5000
"""Names that one pattern may stand for; more is a slip of the pen."""


def expand(pattern: str) -> tuple[str, ...]:
    """All names that a pattern stands for, in the order written.

    Raises:
        ValueError: brackets that do not close, or more than 5,000 names.

    >>> expand("Qwen2.5-{7B,72B}[-Instruct[-AWQ]]")[:3]
    ('Qwen2.5-7B', 'Qwen2.5-7B-Instruct', 'Qwen2.5-7B-Instruct-AWQ')
    """
    names = [""]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char in _PAIRS:
            end = _closing(pattern, at)
            separator = "," if char == "{" else "|"
            options = [option for part in _split(pattern[at + 1 : end], separator) for option in expand(part)]
            if char == "[":
                options.insert(0, "")
            names = [name + option for name in names for option in options]
            at = end + 1
        elif char in "}]":
            message = f"{pattern!r}: {char!r} at {at} closes nothing; every bracket needs its partner"
            raise ValueError(message)
        else:
            names = [name + char for name in names]
            at += 1
        if len(names) > _MOST:
            message = f"{pattern!r} stands for more than {_MOST} names; split the line"
            raise ValueError(message)
    return tuple(names)


class _Tree(dict[str, "_Tree"]):
    """Word -> what may follow it."""


def fold(names: Iterable[str]) -> tuple[str, ...]:
    """Patterns that stand for these names and for no other: the inverse of `expand`.

    >>> fold(["Qwen2.5-7B", "Qwen2.5-72B", "Qwen2.5-7B-Instruct", "Qwen2.5-72B-Instruct"])
    ('Qwen2.5-{7B,72B}[-Instruct]',)
    """
    every, root = tuple(dict.fromkeys(names)), _Tree()
    for name in every:
        at = root
        for word in name.split("-"):
            at = at.setdefault(word, _Tree())
        at[_END] = _Tree()
    patterns = _alternatives(root, "")
    try:
        for pattern in patterns:
            expand(pattern)
    except ValueError:  # more than one line may stand for
        return every
    return tuple(patterns)


_END = "\n"
"""Where a word stands that no name has: nothing need follow."""


def _alternatives(tree: _Tree, mark: str) -> list[str]:
    """What may stand here, words with the same rest together."""
    together: dict[str, list[str]] = {}
    for word, rest in tree.items():
        if word != _END:
            together.setdefault(_rest(rest), []).append(word)
    return [f"{mark}{words[0] if len(words) == 1 else '{' + ','.join(words) + '}'}{rest}" for rest, words in together.items()]


def _rest(tree: _Tree) -> str:
    found = _alternatives(tree, "-")
    if _END in tree:
        return f"[{'|'.join(found)}]" if found else ""
    return found[0] if len(found) == 1 else "{" + ",".join(found) + "}"


def _closing(pattern: str, start: int) -> int:
    wanted: list[str] = []
    for at in range(start, len(pattern)):
        char = pattern[at]
        if char in _PAIRS:
            wanted.append(_PAIRS[char])
        elif char in "}]":
            if wanted.pop() != char:
                break
            if not wanted:
                return at
    message = f"{pattern!r}: {pattern[start]!r} at {start} is not closed; every bracket needs its partner"
    raise ValueError(message)


def _split(text: str, separator: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for at, char in enumerate(text):
        if char in "{[":
            depth += 1
        elif char in "}]":
            depth -= 1
        elif char == separator and not depth:
            parts.append(text[start:at])
            start = at + 1
    return [*parts, text[start:]]
