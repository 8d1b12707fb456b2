"""Owns what every engine says when it cannot go on: it was closed, memory ran out. Knows no engine."""

from __future__ import annotations

from modelcatalog.errors import EngineError, WontFit

__all__ = ["closed", "first_line", "out_of_memory", "ran_out"]

_OUT = frozenset({"OutOfMemoryError", "MemoryError"})


def closed(subject: str) -> EngineError:
    """The error of a model that is used after `close`."""
    return EngineError("this model was closed", subject=subject)


def first_line(error: BaseException) -> str:
    r"""What an error says, in one line.

    >>> first_line(ValueError("too large\nsee the log")), first_line(KeyError())
    ('too large', 'KeyError')
    """
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def ran_out(error: BaseException) -> bool:
    """Whether memory ran out, of a GPU or of this machine."""
    return type(error).__name__ in _OUT


def out_of_memory(doing: str, subject: str, *, hint: str) -> WontFit:
    """The error where memory ran out.

    >>> print(out_of_memory("generating", "Qwen3-8B", hint="shorten the prompt"))
    memory ran out while generating
      shorten the prompt
    """
    return WontFit(f"memory ran out while {doing}", subject=subject, hint=hint)
