"""Owns a reply that appears in a notebook as it is made. Knows IPython's display, and of a stream only its pieces and its end."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any, Protocol

from modelcatalog.show import html as fragments

__all__ = ["Stream", "show"]

_EVERY = 0.1
"""Seconds between two updates: each sends the whole text, so one a token would grow with the square of the reply."""


class Stream(Protocol):
    """What is shown of a reply in the making."""

    def __iter__(self) -> Stream: ...

    def __next__(self) -> str: ...

    def close(self) -> None:
        """End it."""

    @property
    def reply(self) -> fragments.Reply:
        """What was made."""


def show(stream: Stream) -> None:
    """Display a stream: its text grows where it stands, and at the end is the reply, with the model's thinking folded.

    The stream is used up by that; its ``reply`` holds what was made. Interrupting the kernel ends the reply.
    """
    from IPython.core.getipython import get_ipython  # only IPython calls this
    from IPython.display import display

    if getattr(get_ipython(), "kernel", None) is None:  # a terminal prints, and cannot print again
        for piece in stream:
            print(piece, end="", flush=True)  # noqa: T201
        print()  # noqa: T201
        return
    handle: Any = display(_bundle(fragments.growing(""), ""), raw=True, display_id=True)
    text, last = "", time.monotonic()
    try:
        for piece in stream:
            text += piece
            if time.monotonic() - last >= _EVERY:
                handle.update(_bundle(fragments.growing(text), text), raw=True)
                last = time.monotonic()
    finally:
        stream.close()
        with suppress(Exception):  # the stream's own error is the one to show
            handle.update(_bundle(fragments.reply(stream.reply), stream.reply.text), raw=True)


def _bundle(html: str, text: str) -> dict[str, str]:
    return {"text/html": html, "text/plain": text}
