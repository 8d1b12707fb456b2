"""Owns every exception the package raises on purpose; knows nothing of names, hubs or engines.

::

    ModelCatalogError
    ├── NameSyntaxError (ValueError)      the text is not a model name
    ├── UnknownFamily (LookupError)       no family of that name, so no repository to try
    ├── ClosedWeights                     the weights were never published
    ├── CheckpointNotFound (LookupError)  repository, revision or file does not exist
    ├── GatedCheckpoint                   the hub wants a licence accepted or a token
    ├── HubUnreachable (ConnectionError)  no answer, or none that could be read
    ├── IntegrityError                    truncated, wrong hash, other than locked
    ├── UnsafeRepository                  the repository asks for something unsafe
    ├── WontFit (MemoryError)             GPU, RAM or disk is too small
    ├── MissingPackage (ImportError)      an optional package is not installed
    ├── NeedsRemoteCode                   the model runs only with code from its repository
    ├── NoChatTemplate                    a base model was asked to chat
    ├── EngineError (RuntimeError)        an engine or a server failed
    ├── Unsupported                       this engine cannot do that
    └── CatalogDataError (ValueError)     a data file of the catalog is wrong

Each carries ``subject`` (the input it is about) and ``hint`` (the next step); the client's own
exception, where there was one, is its ``__cause__``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "CatalogDataError",
    "CheckpointNotFound",
    "ClosedWeights",
    "EngineError",
    "GatedCheckpoint",
    "HubUnreachable",
    "IntegrityError",
    "MissingPackage",
    "ModelCatalogError",
    "NameSyntaxError",
    "NeedsRemoteCode",
    "NoChatTemplate",
    "UnknownFamily",
    "UnsafeRepository",
    "Unsupported",
    "WontFit",
]

_LONGEST = 200
"""Letters of a wrong value that an error shows."""

_SHOWN = 72
"""Columns of the input that a caret message shows; longer inputs are cut around the caret."""


class ModelCatalogError(Exception):
    """Base of every error raised on purpose.

    Args:
        message: What happened, one sentence without a full stop; or several, each on a line.
        subject: The input it is about, as the caller gave it.
        hint: What the caller can do next; None where nothing helps.

    >>> error = ModelCatalogError("no such thing", subject="foo", hint="try bar")
    >>> print(error)
    no such thing
      try bar
    """

    def __init__(self, message: str, *, subject: str = "", hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject
        self.hint = hint
        self.partial = ""
        """What a reply had come to when it failed."""

    def __str__(self) -> str:
        return self.told(str)

    def told(self, say: Callable[[str], str]) -> str:
        """The error's text, each of its sentences as another reader needs it.

        Args:
            say: Makes a sentence of this package one of another language, or one with a command's options.

        >>> print(ModelCatalogError("no such thing", hint="try bar").told(str.upper))
        NO SUCH THING
          TRY BAR
        """
        return "\n  ".join(say(one) for one in (*self.message.split("\n"), *([] if self.hint is None else [self.hint])))

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle by state, so that subclasses with other signatures survive a process border."""
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: type[ModelCatalogError], args: tuple[object, ...], state: dict[str, object]) -> ModelCatalogError:
    # The class that gives it its form: the first in line with a `__new__` may be another, as for `WontFit`, and refuses.
    form: Any = cls.__base__
    error: ModelCatalogError = form.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class NameSyntaxError(ModelCatalogError, ValueError):
    """The text is not a model name: empty, too long, with control characters, or, under ``strict``, with unknown words.

    Args:
        message: What is wrong.
        subject: The whole text.
        start: Index of the first offending character.
        end: Index after the last one.
        expected: What would have been accepted there.

    >>> print(NameSyntaxError("unexpected word", subject="Qwen-fizz", start=5, end=9, expected=("a type",)))
    unexpected word
      Qwen-fizz
           ^^^^
      expected a type
    """

    def __init__(
        self,
        message: str,
        *,
        subject: str,
        start: int = 0,
        end: int | None = None,
        expected: tuple[str, ...] = (),
        hint: str | None = None,
    ) -> None:
        super().__init__(message, subject=subject, hint=hint)
        self.start = start
        self.end = start + 1 if end is None else end
        self.expected = expected

    def told(self, say: Callable[[str], str]) -> str:
        """See `ModelCatalogError.told`."""
        lines = [say(self.message), *self._caret()]
        if self.expected:
            lines.append(f"  {say(f'expected {_either(self.expected)}')}")
        if self.hint:
            lines.append(f"  {say(self.hint)}")
        return "\n".join(lines)

    def _caret(self) -> tuple[str, str]:
        # repr() of each character keeps control characters visible and the caret in its column.
        shown = [c if c.isprintable() else repr(c)[1:-1] for c in self.subject]
        first = max(0, self.start - _SHOWN // 2)
        last = min(len(shown), first + _SHOWN)
        before = "".join(shown[first : self.start])
        under = "".join(shown[self.start : min(self.end, last)])
        head, tail = ("…" if first else "", "…" if last < len(shown) else "")
        line = head + "".join(shown[first:last]) + tail
        caret = " " * (_columns(before) + len(head)) + "^" * max(1, _columns(under))
        return f"  {line}", f"  {caret}"


def _columns(text: str) -> int:
    """Terminal columns of ``text``: East Asian wide characters take two."""
    import unicodedata  # only an error message needs it

    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _either(options: tuple[str, ...]) -> str:
    return options[0] if len(options) == 1 else f"{', '.join(options[:-1])} or {options[-1]}"


class UnknownFamily(ModelCatalogError, LookupError):
    """A bare name whose family the catalog does not know, so that no repository can be named."""


class ClosedWeights(ModelCatalogError):
    """The family's weights were never published; ``hint`` names the vendor's API, where there is one."""


class CheckpointNotFound(ModelCatalogError, LookupError):
    """The repository, revision or file does not exist where it was looked for."""


class GatedCheckpoint(ModelCatalogError):
    """The hub serves these files only to accounts that accepted a licence or sent a token."""


class HubUnreachable(ModelCatalogError, ConnectionError):
    """The hub refused, timed out, failed, or answered something that is not its protocol."""


class IntegrityError(ModelCatalogError):
    """A file is truncated, has another hash than its listing, or differs from the lock file."""


class UnsafeRepository(ModelCatalogError):
    """The repository holds only pickles, names paths outside itself, or asks for something else unsafe."""


class WontFit(ModelCatalogError, MemoryError):
    """The checkpoint needs more GPU memory, RAM or disk than is free."""


class MissingPackage(ModelCatalogError, ImportError):
    """An optional package is not installed; ``install`` is the exact line that installs it."""

    def __init__(self, message: str, *, subject: str = "", install: str) -> None:
        super().__init__(message, subject=subject, hint=f"install it with: {install}")
        self.install = install


class NeedsRemoteCode(ModelCatalogError):
    """The model's architecture lives as Python code in its repository, which is not run unasked."""


class NoChatTemplate(ModelCatalogError):
    """The checkpoint has no chat template: a base model, which continues a text."""


class EngineError(ModelCatalogError, RuntimeError):
    """An engine or an inference server failed: it died, refused the key, or answered nonsense."""


class Unsupported(ModelCatalogError):
    """The chosen engine or file cannot do what was asked."""

    meaningless = False
    """Whether it could not be done whatever the name: there is no such engine, no such machine. A command line calls that bad input."""


class CatalogDataError(ModelCatalogError, ValueError):
    """A catalog data file is wrong; the message names the file, the entry, the clash and the cure."""


def shown(value: object) -> str:
    """A wrong value as an error shows it: as Python writes it, cut where it is long.

    >>> shown(["a"]), len(shown("x" * 999))
    ("['a']", 200)
    """
    return repr(value)[:_LONGEST]
