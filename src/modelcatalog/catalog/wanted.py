"""Owns how the conditions of a search are read: people's words for companies, families, types and licences, and amounts. Knows no checkpoint."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, cast, get_args

from modelcatalog import vocabulary
from modelcatalog.catalog.index import index
from modelcatalog.errors import Unsupported, shown
from modelcatalog.known import is_day
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.records import Modality, Weights

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["amount", "between", "company", "day", "family", "licence", "modality", "part", "published", "switch", "type_word", "weights", "word"]

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kmbt]?)", re.IGNORECASE)
_UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "t": 10**12}
_AMOUNTS = "write it like 500M, 7B or 128k"
_MODALITIES: tuple[Modality, ...] = get_args(Modality)
_LACKING = {
    "company": "the catalog has no company {}",
    "family": "the catalog has no family {}",
    "type": "the catalog has no type {}",
    "licence": "the catalog has no licence {}",
}
_SHOWN = 3
"""How many near words an error names."""


def _squeezed(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum() or char == "+")


def company(text: str) -> str:
    """The company that is meant, by any of its names.

    Raises:
        Unsupported: there is none; the nearest are named.

    >>> company("阿里巴巴"), company("脸书")
    ('Alibaba', 'Meta')
    """
    known = _companies()
    product = _families().get(_squeezed(str(text)))
    if product is not None and _squeezed(str(text)) not in known:
        message = f"the catalog has no company {text!r}"
        raise Unsupported(message, subject=text, hint=f"{text} is a family of {index().families[product].company}")
    return _read(text, known, "company")


def family(text: str) -> str:
    """The family that is meant.

    Raises:
        Unsupported: there is none; the nearest are named.

    >>> family("qwen"), family("通义千问")
    ('Qwen', 'Qwen')
    """
    return _read(text, _families(), "family")


def type_word(text: str) -> str:
    """The canonical word of a type, however a name, a page or a person writes it.

    Raises:
        Unsupported: there is none; the nearest are named.

    >>> type_word("Code"), type_word("IF"), type_word("对话"), type_word("Fine-Tuned"), type_word("编程大模型"), type_word("轻量")
    ('coder', 'instruction-following', 'chat', 'fine-tuned', 'coder', 'lite')
    """
    return _read(text, _types(), "type")


def licence(text: str) -> str:
    """The licence as facts have it.

    Raises:
        Unsupported: no model of the catalog has it; the nearest are named.

    >>> licence("apache-2.0"), licence("apache 2.0")
    ('Apache-2.0', 'Apache-2.0')
    """
    return _read(text, _licences(), "licence")


def amount(text: str | int) -> int:
    """A number of parameters or tokens as people write it; a thousand is a thousand.

    Raises:
        Unsupported: it is not a number, or so small a one that its unit was forgotten.

    >>> amount("7B"), amount("100k"), amount("1m"), amount(4096)
    (7000000000, 100000, 1000000, 4096)
    """
    match = _AMOUNT.fullmatch(str(text).strip().replace(",", "").replace("_", ""))
    if match is None:
        message = f"{text!r} is not a number"
        raise Unsupported(message, subject=str(text), hint=_AMOUNTS)
    number = float(match[1])
    if not match[2] and 0 < number < _UNITS["k"]:
        message = f"{text!r} has no unit"
        raise Unsupported(message, subject=str(text), hint=_AMOUNTS)
    return round(number * _UNITS[match[2].lower()])


def between(smallest: str | int | None, largest: str | int | None) -> tuple[int | None, int | None]:
    """The least and the most of a number, where they are asked for.

    Raises:
        Unsupported: one of them is not a number, or nothing can lie between them.

    >>> between("3B", None)
    (3000000000, None)
    """
    least, most = (None if one is None else amount(one) for one in (smallest, largest))
    if least is not None and most is not None and least > most:
        message = f"nothing is at least {smallest} and at most {largest}"
        raise Unsupported(message, subject=str(smallest), hint="exchange them, or leave one of them out")
    return least, most


def day(text: str) -> str:
    """An ISO day, month or year.

    Raises:
        Unsupported: it is not one.

    >>> day("2025-04")
    '2025-04'
    """
    if not is_day(str(text)):
        message = f"{text!r} is not a day, a month or a year"
        raise Unsupported(message, subject=str(text), hint="write it like 2025-08-07, 2025-08 or 2025")
    return str(text)


def modality(text: str) -> Modality:
    """What a model reads or writes.

    Raises:
        Unsupported: there is no such word.

    >>> modality("Image")
    'image'
    """
    found = next((one for one in _MODALITIES if one == str(text).strip().lower()), None)
    if found is None:
        message = f"the catalog has no modality {text!r}"
        raise Unsupported(message, subject=str(text), hint=f"there are {', '.join(_MODALITIES)}")
    return found


def published(text: str) -> bool:
    """Whether weights are to be open.

    Raises:
        Unsupported: neither ``open`` nor ``closed``.

    >>> published("open")
    True
    """
    return _published(text, ("open", "closed")) == "open"


def weights(text: str) -> Weights:
    """What the weights of a series are to be.

    Raises:
        Unsupported: neither ``open``, ``closed`` nor ``mixed``.

    >>> weights("Open")
    'open'
    """
    return cast("Weights", _published(text, get_args(Weights)))


def part(text: str | None) -> str | None:
    """A part of an id, as ids are compared.

    Raises:
        Unsupported: it is not a text.

    >>> part("Coder")
    'coder'
    """
    return None if text is None else word(text, "text").lower()


def switch(given: bool | None, key: str) -> bool | None:  # noqa: FBT001  it is what is checked
    """A condition that is met or not, or none.

    Raises:
        Unsupported: it is none of these.
    """
    if given is not None and not isinstance(given, bool):
        message = f"{key}={given!r} is neither True nor False"
        raise Unsupported(message, subject=str(given), hint=f"pass {key}=True or {key}=False")
    return given


def _published(text: str, known: tuple[str, ...]) -> str:
    said = str(text).strip().lower()
    if said not in known:
        message = f"weights are 'open' or 'closed', and {text!r} is neither"
        raise Unsupported(message, subject=str(text))
    return said


def word(given: str, key: str) -> str:
    """What was given for a condition, as it stands.

    Raises:
        Unsupported: it is not a text.
    """
    if not isinstance(given, str):
        message = f"{key}={shown(given)} is not a name"
        raise Unsupported(message, subject=shown(given), hint=f"pass {key}= as a text, or leave it out")
    return given


def _read(text: str, known: Mapping[str, str], kind: str) -> str:
    wanted = _squeezed(word(text, kind))
    if wanted in known:
        return known[wanted]
    near = [word for word in known if len(wanted) > 1 and (wanted in word or (len(word) > 1 and word in wanted))]
    near.sort(key=lambda word: abs(len(word) - len(wanted)))
    alike = sorted(get_close_matches(wanted, known, n=_SHOWN, cutoff=0.7), key=lambda word: word[:1] != wanted[:1])
    close = dict.fromkeys(known[word] for word in (*alike, *near))
    message = _LACKING[kind].format(repr(text))
    listed = "the command `modelcatalog catalog` lists them" if kind in ("company", "family") else None
    raise Unsupported(message, subject=text, hint=f"did you mean {' or '.join([*close][:_SHOWN])}?" if close else listed)


@vocabulary.derived
def _companies() -> dict[str, str]:
    own = {_squeezed(one.name): one.name for one in index().companies}
    return {_squeezed(word): name for word, name in current_dictionary().company_of.items()} | own


@vocabulary.derived
def _families() -> dict[str, str]:
    found: dict[str, str] = {}
    for one in index().families.values():
        for word in (one.name, *one.aliases, *([one.zh] if one.zh else [])):
            found.setdefault(_squeezed(word), one.name)
    return found | {_squeezed(name): name for name in index().families}


@vocabulary.derived
def _types() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, entry in vocabulary.types().items():
        head = re.split("[：。（]", entry.zh)[0]
        said = [word.removesuffix("模型").removesuffix("版") for word in (head, *entry.people, *(alias for alias in entry.aliases if not alias.isascii()))]
        for word in (name, *entry.aliases, head, *(one + end for one in said for end in ("", "模型", "大模型", "版"))):
            found.setdefault(_squeezed(word), name)
    return found


@vocabulary.derived
def _licences() -> dict[str, str]:
    return {_squeezed(line.licence): vocabulary.spdx(line.licence) for line in index().series if line.licence}
