"""Tests of replies as Markdown: on a real pseudo-terminal, read by a small screen, and that nothing of a reply is lost."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from modelcatalog.cli import page
from modelcatalog.cli.page import Page, Plain, renders

if TYPE_CHECKING:
    from collections.abc import Iterator

REPLY = """# 标题 One

Some *text* with `code`, <b>html</b> and a [link](https://example.com/x).
第二行，没有空格。
![a cat](cat.png)

<div>a block</div>

- one
- two
  - nested

```python
def f(x):
    return "你好" + x
```

| a | 乙 |
|---|---|
| 1 | 二 |

> said

last ~~words~~
"""
SHOWN = """标题 One

Some text with code, <b>html</b> and a link
(https://example.com/x).
第二行，没有空格。
![a cat](cat.png)

<div>a block</div>

 • one
 • two
    • nested

```python
def f(x):
    return "你好" + x
```

 a  乙
 ─────
 1  二

▌ said

last words"""
_CODE = re.compile(r"\x1b\[([?\d;]*)([A-Za-z])")


class Screen:
    """What a terminal shows of the bytes that it gets, as far as rich writes them: cursor up, erase line, end of line, wide letters."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.lines: list[list[str]] = [[]]
        self.at = (0, 0)
        self.cursor = True
        self.highest = 0
        """The most lines that the cursor went up at once, and so had to be on the screen."""

    def feed(self, text: str) -> None:
        """Take what was written."""
        place = 0
        while place < len(text):
            if code := _CODE.match(text, place):
                self._obey(code[1], code[2])
                place = code.end()
                continue
            self._put(text[place])
            place += 1

    def _obey(self, numbers: str, word: str) -> None:
        row, column = self.at
        if word == "A":
            up = int(numbers or 1)
            self.highest = max(self.highest, up)
            self.at = (row - up, column)
        elif word == "K":
            self.lines[row] = []
        elif numbers == "?25":
            self.cursor = word == "h"

    def _put(self, letter: str) -> None:
        row, column = self.at
        if letter == "\n":
            self.at = (row + 1, 0)
            self.lines += [[]] * (row + 2 - len(self.lines))
            self.lines[row + 1] = list(self.lines[row + 1])
        elif letter == "\r":
            self.at = (row, 0)
        else:
            wide = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
            assert column + wide <= self.columns, "a line was longer than the screen"
            line = self.lines[row]
            line += [" "] * (column - len(line))
            line[column : column + wide] = [letter, *[""] * (wide - 1)]
            self.at = (row, column + wide)

    @property
    def text(self) -> str:
        """All lines, those that rolled out above too."""
        return "\n".join("".join(line).rstrip() for line in self.lines).strip("\n")


@pytest.fixture
def terminal() -> Iterator[tuple[Console, Screen, int]]:
    """A console on a real pseudo-terminal, the screen behind it, and the other end."""
    pty = pytest.importorskip("pty")
    far, near = pty.openpty()
    with os.fdopen(near, "w", encoding="utf-8") as file:
        # Wide enough for its text, and lower than it.
        yield Console(file=file, width=60, height=10, highlight=False, markup=False, emoji=False, color_system="standard"), Screen(60, 10), far
    os.close(far)


def shown(screen: Screen, far: int) -> None:
    """Show what has been written so far."""
    import select

    data = b""
    while select.select([far], [], [], 0.05)[0]:
        data += os.read(far, 65536)
    screen.feed(data.decode())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
class TestTerminal:
    """What a person sees."""

    def test_while_it_comes(self, terminal: tuple[Console, Screen, int], monkeypatch: pytest.MonkeyPatch) -> None:
        """Each finished block stands once, the last is drawn anew, and at the end it is all there, with the cursor."""
        out, screen, far = terminal
        assert out.is_terminal
        monkeypatch.setattr(page, "_OFTEN", 0.0)
        monkeypatch.setattr(page, "_SHARE", 0)
        with Page(out) as reply:
            for number in range(0, len(REPLY), 3):
                reply.add(REPLY[number : number + 3])
                shown(screen, far) if number % 30 == 0 else None
                if number > 120:
                    assert screen.text.startswith("标题 One\n\nSome text")
            shown(screen, far)
            assert not screen.cursor
        shown(screen, far)
        assert screen.text == SHOWN
        assert screen.cursor
        assert screen.highest < screen.rows

    def test_a_block_longer_than_the_screen(self, terminal: tuple[Console, Screen, int], monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a block that does not fit, the end is shown while it comes, and all of it afterwards."""
        out, screen, far = terminal
        monkeypatch.setattr(page, "_OFTEN", 0.0)
        monkeypatch.setattr(page, "_SHARE", 0)
        lines = [f"    print({number})" for number in range(40)]
        with Page(out) as reply:
            reply.add("```python\n")
            for line in lines:
                reply.add(f"{line}\n")
            shown(screen, far)
            assert screen.text.endswith("print(39)\n```")
        shown(screen, far)
        assert screen.text.splitlines() == ["```python", *lines, "```"]
        assert screen.highest < screen.rows

    def test_an_end_in_the_middle(self, terminal: tuple[Console, Screen, int]) -> None:
        """A reply that breaks off, or an error, leaves what came and the cursor."""
        out, screen, far = terminal

        def broken() -> None:
            with Page(out) as reply:
                reply.add("one\n\ntwo **thr")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            broken()
        shown(screen, far)
        assert (screen.text, screen.cursor) == ("one\n\ntwo **thr", True)


def test_in_a_file() -> None:
    """Without a terminal there are no escapes, and each block is written when it is finished."""
    file = StringIO()
    with Page(Console(file=file, width=60, highlight=False, markup=False, emoji=False)) as reply:
        reply.add(REPLY[:160])
        assert file.getvalue().startswith("标题 One\n")
        reply.add(REPLY[160:])
    assert file.getvalue() == f"{SHOWN}\n"


def test_plain(capsys: pytest.CaptureFixture[str]) -> None:
    """Plain is what the model wrote, with one end of line."""
    for text in ("# no *title*", "# no *title*\n"):
        with Plain() as reply:
            for letter in text:
                reply.add(letter)
    assert capsys.readouterr().out == "# no *title*\n# no *title*\n"


@pytest.mark.parametrize(("terminal", "shown"), [(True, "a\\x1b]52;c;cm0=\\x07b\n"), (False, "a\x1b]52;c;cm0=\x07b\r\n")])
def test_control_characters_of_a_model(*, terminal: bool, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal they are seen and do nothing; what another program reads is what the model wrote."""

    class Out(StringIO):
        def isatty(self) -> bool:
            return terminal

    monkeypatch.setattr(sys, "stdout", out := Out(newline=""))
    with Plain() as reply:
        for letter in "a\x1b]52;c;cm0=\x07b\r\n":
            reply.add(letter)
    assert out.getvalue() == shown


@pytest.mark.parametrize(
    ("environment", "terminal", "asked", "expected"),
    [
        ({"TERM": "xterm-256color"}, True, None, True),
        ({"TERM": "xterm-256color"}, False, None, False),
        ({"TERM": "dumb"}, True, None, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, None, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, True, True),
        ({"TERM": "xterm-256color"}, True, False, False),
    ],
)
def test_where(environment: dict[str, str], terminal: bool, asked: bool | None, expected: bool) -> None:  # noqa: FBT001  parameters of a test
    """Markdown is for terminals that can, and for who asks; pipes, dumb terminals and NO_COLOR get the text as it is."""
    out = Console(file=StringIO(), force_terminal=terminal, _environ=environment)
    assert renders(out, asked=asked) is expected
