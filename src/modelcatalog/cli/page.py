"""Owns a reply as Markdown on a terminal, while it comes: finished blocks are printed once, the last one is drawn anew. Knows no session.

What a terminal cannot show, or should not, stays text: HTML is printed and not dropped, an address stands beside its words, and lines
end where the model ended them.
"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, ClassVar, Self

from markdown_it import MarkdownIt
from rich.live import Live
from rich.markdown import CodeBlock, Heading, Markdown, MarkdownElement
from rich.segment import Segment, Segments
from rich.syntax import Syntax
from rich.text import Text

from modelcatalog.cli.show import visible

if TYPE_CHECKING:
    from types import TracebackType

    from markdown_it.token import Token
    from rich.console import Console, ConsoleOptions, RenderResult

__all__ = ["Page", "Plain", "renders"]

_OFTEN = 0.1
"""Seconds between two drawings of the last block."""
_SHARE = 4
"""How many times as long as drawing took is waited: a block of many lines does not slow the reply."""
_WIDEST, _USUAL = 120, 80
"""Columns of a text on a terminal at most, and where there is no terminal."""
_BELOW = 3
"""Lines of the screen that the last block leaves free."""


def renders(out: Console, *, asked: bool | None) -> bool:
    """Whether replies are shown as Markdown: as asked, else where the terminal has colours and nobody turned them off.

    Args:
        out: Where replies go.
        asked: What the user said; None leaves it to the terminal.
    """
    return asked if asked is not None else out.is_terminal and not out.is_dumb_terminal and not out.no_color and not out.legacy_windows


def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("strikethrough").enable("table")


class _Title(Heading):
    """A heading where the text begins."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        self.text.justify = "left"
        yield self.text


class _Code(CodeBlock):
    """Code between its fences, with nothing before its lines: what is copied is the code."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        fence = "```"
        yield Text(f"{fence}{'' if self.lexer_name == 'text' else self.lexer_name}", style="dim")
        yield Syntax(str(self.text).rstrip(), self.lexer_name, theme=self.theme, word_wrap=True, background_color="default")
        yield Text(fence, style="dim")


class _Markdown(Markdown):
    """Markdown whose HTML is text, whose images are their addresses, and whose lines stay lines."""

    elements: ClassVar[dict[str, type[MarkdownElement]]] = {**Markdown.elements, "heading_open": _Title, "fence": _Code, "code_block": _Code}

    def __init__(self, text: str) -> None:
        super().__init__("", code_theme="ansi_dark", hyperlinks=False)
        self.markup = text
        self.parsed = [_kept(token) for token in _parser().parse(text)]


def _kept(token: Token) -> Token:
    """A token of which nothing is dropped, and whose soft breaks are breaks: on one line, verses are prose, and Chinese gets spaces."""
    for child in token.children or ():
        if child.type == "softbreak":
            child.type, child.tag = "hardbreak", "br"
        elif child.type == "image":
            child.type, child.tag, child.content, child.children = "text", "", f"![{child.content}]({child.attrs.get('src', '')})", None
    return token


def _blocks(text: str) -> list[str]:
    """A text as its blocks: paragraphs, lists, fences; at least one."""
    begins = [token.map[0] for token in _parser().parse(text) if token.level == 0 and token.map is not None and token.nesting >= 0]
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)  # the parser's own lines; Python's end at other characters too
    ends = [*begins[1:], len(lines)]
    return ["".join(lines[first:end]) for first, end in zip([0, *begins[1:]], ends, strict=True)] if begins else [text]


def _lines(console: Console, text: str) -> list[list[Segment]]:
    """A text as the lines of a screen, without blank ones around them and blanks at their ends."""
    options = console.options.update(width=min(console.width, _WIDEST if console.is_terminal else _USUAL))
    lines = [_bare(line) for line in console.render_lines(_Markdown(text), options, pad=False)]
    full = [number for number, line in enumerate(lines) if line]
    return lines[full[0] : full[-1] + 1] if full else []


def _bare(line: list[Segment]) -> list[Segment]:
    while line and not line[-1].text.strip():
        line = line[:-1]
    return [*line[:-1], Segment(line[-1].text.rstrip(), line[-1].style)] if line else []


def _shown(lines: list[list[Segment]]) -> Segments:
    return Segments([segment for line in lines for segment in (*line, Segment.line())])


class _Tail:
    """The last lines of a text, as many as the screen has room for."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield _shown(_lines(console, self._text)[-max(1, console.height - _BELOW) :])


class Plain:
    """A reply as the model wrote it, piece by piece."""

    def __init__(self) -> None:
        self._last = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._last.endswith("\n") and (self._last or error is None):  # an error before the first piece leaves nothing behind
            print(flush=True)  # noqa: T201  the reply goes to standard output

    def add(self, text: str) -> None:
        """Take a piece of the reply."""
        self._last = text
        print(visible(text) if sys.stdout.isatty() else text, end="", flush=True)  # noqa: T201


class Page:
    """A reply as Markdown. Use it in a ``with`` statement, so that the cursor comes back.

    Args:
        out: The terminal, or the file in its place, to which each block is written when it is finished.
    """

    def __init__(self, out: Console) -> None:
        self._out = out
        self._live = Live(console=out, auto_refresh=False, transient=True, vertical_overflow="visible") if out.is_terminal else None
        self._rest = ""
        """The last block, and what comes behind it."""
        self._printed = False
        self._next = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._draw("")
        if self._live is not None:
            self._live.stop()
        rest, self._rest = self._rest, ""
        for block in _blocks(rest):
            self._print(block)

    def add(self, text: str) -> None:
        """Take a piece of the reply."""
        self._rest += text
        if "\n" in text:
            self._settle()
        if self._live is not None and time.monotonic() >= self._next:
            began = time.monotonic()
            self._draw(self._rest)
            now = time.monotonic()
            self._next = now + max(_OFTEN, _SHARE * (now - began))

    def _settle(self) -> None:
        """Print the blocks that nothing can change any more: all but the last."""
        *done, last = _blocks(self._rest)
        if done:
            self._rest = last
            self._draw("")
            for block in done:
                self._print(block)

    def _print(self, text: str) -> None:
        if text.strip():
            if self._printed:
                self._out.print()
            self._out.print(_shown(_lines(self._out, text)), end="")
            self._printed = True

    def _draw(self, text: str) -> None:
        if self._live is not None:
            if not self._live.is_started:
                self._live.start()
            self._live.update(_Tail(text) if text.strip() else "", refresh=True)
