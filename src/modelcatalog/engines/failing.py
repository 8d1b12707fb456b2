"""Owns what every engine says when it cannot go on: it was closed, memory ran out, a recording cannot be decoded. Knows no engine."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelcatalog.errors import EngineError, MissingPackage, Unsupported, WontFit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.engines.sounds import Audio

__all__ = ["closed", "decoding", "first_line", "out_of_memory", "ran_out"]

_OUT = frozenset({"OutOfMemoryError", "MemoryError"})


def closed(subject: str) -> EngineError:
    """The error of a model that is used after `close`."""
    return EngineError("this model was closed", subject=subject)


def first_line(error: BaseException) -> str:
    r"""What an error says, in one line: where the first ends in a colon, what it announces stands on the next.

    >>> first_line(ValueError("too large\nsee the log")), first_line(KeyError())
    ('too large', 'KeyError')
    >>> first_line(RuntimeError("in loading the weights:\n\n\tsize mismatch for x\n\tsize mismatch for y"))
    'in loading the weights: size mismatch for x'
    """
    lines = [line for one in str(error).splitlines() if (line := one.strip())]
    if lines and lines[0].endswith(":"):
        return " ".join(lines[:2])
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


@contextmanager
def decoding(sound: Audio, subject: str, what: str = "") -> Iterator[None]:
    """What a library's failure to decode a recording comes to.

    Args:
        sound: The recording.
        subject: The model's name.
        what: What is read, for the message; empty: files of its format.

    Raises:
        MissingPackage: what decodes such files is not installed.
        Unsupported: the file is damaged, or of no kind that is known.
    """
    try:
        yield
    except ImportError as error:
        message = f"reading {what} needs librosa: {first_line(error)}" if what else f"reading {sound.format} files needs librosa: {first_line(error)}"
        raise MissingPackage(message, subject=subject, install="pip install librosa") from error
    except Exception as error:
        message = f"a recording of {len(sound.data):,} bytes cannot be read: {first_line(error)}"
        raise Unsupported(message, subject=sound.format, hint="save it anew as WAV") from error
