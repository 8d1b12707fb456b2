"""Owns tokens and passwords: where they come from, whether they can be sent, and that no message shows one. Knows no hub."""

from __future__ import annotations

import os
import re
import traceback
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from modelcatalog.errors import HubUnreachable

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Token", "clean", "clean_cause", "login", "public", "sendable", "token_from"]

_SHORTEST = 4
"""A shorter secret is not looked for in messages: it would be found in every other word."""

_TOKENS = "_TOKEN"
"""The end of the names of variables that hold a token, whichever hub's."""
_SWITCHES = frozenset({"true", "false"})
"""What stands in a variable that is about tokens and holds none: ``HF_HUB_DISABLE_IMPLICIT_TOKEN``."""
_ADDRESSES = ("_ENDPOINT", "_DOMAIN", "_PROXY")
"""The same of variables that hold an address, which may have a password in it."""
_HIDDEN = "***"
# What RFC 6750 lets stand behind "Bearer": no blank, no control character, nothing beyond ASCII.
_SENDABLE = re.compile(r"[!-~]+")


class Token:
    """A token and the name of the place that it came from; printed, it is that name.

    >>> Token("hf_abc", "HF_TOKEN")
    <the token in HF_TOKEN>
    """

    __slots__ = ("source", "value")

    def __init__(self, value: str, source: str) -> None:
        self.value = value
        self.source = source

    def __repr__(self) -> str:
        return f"<the token in {self.source}>"


def token_from(*variables: str, file: Path | None = None) -> Token | None:
    """The token in the first of these variables that holds one, else in the file; blanks and line breaks around it are not part of it.

    Raises:
        HubUnreachable: if what is there cannot be sent; it names the place and shows no character of it.
    """
    for name in variables:
        given = os.environ.get(name, "").strip()
        if given:
            return _checked(given, name)
    if file is None:
        return None
    source = f"the file {file}"
    try:
        given = file.read_bytes().decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _unsendable(source) from None
    except (OSError, ValueError):
        return None
    return _checked(given, source) if given else None


def sendable(text: str) -> bool:
    r"""Whether a text can be sent as a token or a key.

    >>> sendable("sk-123"), sendable("“sk-123”"), sendable("sk-123\nX: y")
    (True, False, False)
    """
    return _SENDABLE.fullmatch(text) is not None


def _checked(given: str, source: str) -> Token:
    if not sendable(given):
        raise _unsendable(source)
    return Token(given, source)


def _unsendable(source: str) -> HubUnreachable:
    message = f"the value in {source} is not a token: it has blanks, line breaks or other characters that cannot be sent"
    return HubUnreachable(message, subject=source, hint=f"set {source} to the token alone, or remove it")


def login(address: str) -> str:
    """The ``user:password`` in an address; empty where there is none.

    >>> login("http://me:pw@proxy:3128"), login("https://huggingface.co")
    ('me:pw', '')
    """
    try:
        return urlsplit(address if "://" in address else f"//{address}").netloc.rpartition("@")[0]
    except ValueError:
        return address.partition("://")[2].rpartition("@")[0]


def public(address: str) -> str:
    """An address without the ``user:password`` in it, fit to be shown.

    >>> public("https://me:pw@mirror.example/hf")
    'https://mirror.example/hf'
    """
    inside = login(address)
    return address.replace(f"{inside}@", "", 1) if inside else address


def _secrets() -> set[str]:
    found = set()
    for name, given in os.environ.items():
        if name.upper().endswith(_TOKENS) and given.lower() not in _SWITCHES:
            found |= {given.strip(), *given.split()}
        elif name.upper().endswith(_ADDRESSES):
            inside = login(given)
            found |= {inside, inside.partition(":")[2]}
    found |= {unquote(one) for one in found} | {quote(one, safe="") for one in found} | {repr(one)[1:-1] for one in found}
    return {one for one in found if len(one) >= _SHORTEST}


def clean(text: str, *more: str | None) -> str:
    """A text without any token or password that the environment holds, nor these."""
    for secret in sorted(_secrets() | {one for one in more if one}, key=len, reverse=True):
        text = text.replace(f"{secret}@", "").replace(secret, _HIDDEN)
    return text


def clean_cause(error: BaseException, *more: str | None) -> BaseException | None:
    """The exception, if its traceback shows no secret, to be another's cause; else one that says the same without it."""
    said = "".join(traceback.format_exception(error))
    return error if clean(said, *more) == said else OSError(clean(f"{type(error).__name__}: {error}", *more))
