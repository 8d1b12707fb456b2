"""Owns where a text is parted into lines, in Chinese too, whose words have no spaces between them. Knows no terminal."""

from __future__ import annotations

import re

from rich.cells import cell_len, chop_cells
from rich.text import Text

from modelcatalog import later

__all__ = ["folded", "wrapped"]

_CLOSES = "，。：；、）！？"
_PIECE = later.pattern(rf"(?:[^\s⺀-￯]+|[⺀-￯])[{_CLOSES}]*\s*")
"""What is not parted at a line's end: a word, or a Chinese character, and the mark after it, which begins no line."""


def wrapped(text: str, room: int) -> list[str]:
    """A text in lines of at most so many columns; Chinese may be parted anywhere but before a comma or a full stop.

    >>> wrapped("显示 shell 的补全，供复制。", 12)
    ['显示 shell', '的补全，供复', '制。']
    """
    lines = [""]
    whole = _PIECE.findall(re.sub(r"\s*\n\s*", " ", text.strip()))
    for piece in (part for each in whole for part in (chop_cells(each, room) if cell_len(each.rstrip()) > room else [each])):
        if lines[-1] and cell_len(lines[-1]) + cell_len(piece.rstrip()) > room:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines if line.strip()]


def folded(text: Text, room: int, indent: int = 4) -> list[Text]:
    """A text of one line, with its styles, in lines of at most so many columns, all but the first indented.

    >>> [line.plain for line in folded(Text("  families: Yi, Smaug"), 18)]
    ['  families: Yi,', '    Smaug']
    """
    plain, at = text.plain, 0
    lines: list[Text] = []
    first = len(plain) - len(plain.lstrip())
    for line in wrapped(plain, max(room - indent, 8)):
        at = plain.index(line, at)
        lines.append(Text.assemble(" " * (indent if lines else first), text[at : at + len(line)]))
        at += len(line)
    return lines
