"""Owns machines that one does not have: ``"2x H100"``, ``"M3 Max 64GB"``, ``"24GB"`` become cards of data/cards.toml. Looks at no hardware."""

from __future__ import annotations

import difflib
import re
from datetime import date  # noqa: TC003  read when the file is held against its form
from functools import cache
from typing import Literal, NamedTuple

from modelcatalog import later
from modelcatalog.errors import Unsupported
from modelcatalog.planning import metal
from modelcatalog.planning.accelerators import Gpu
from modelcatalog.shipped import DataFile

__all__ = ["Card", "Machine", "bandwidth", "read", "sizes", "usable"]

_FORM = later.pattern(r"(?:(?P<many>\d{1,3})\s*[x×*]\s*)?(?P<name>.*?)(?:\s*(?<![a-z])[x×*]\s*(?P<times>\d{1,3}))?", re.IGNORECASE)
_MEMORY = later.pattern(r"\(?\b(?P<size>\d+(?:\.\d+)?)\s*(?:(?P<unit>[GT])(?:i?B)?|(?P<small>M)i?B)\b\)?", re.IGNORECASE)
"""The T of Ti is not a unit: an RTX 3080 Ti does not have 3,080 tebibytes."""
_UNITS = {"m": 1 / 1024, "g": 1, "t": 1024}
"""Of memory, in GiB."""
_NOISE = later.pattern(
    r"\b(nvidia|geforce|amd|radeon|instinct|intel|apple|tesla|huawei|gpus?|vram|macbook|mac|studio|notebook|pro (?=m\d)|with|of"
    r"|corporation|design|generation|graphics)\b|华为|英伟达|显卡",
    re.IGNORECASE,
)
_RAM = later.pattern(r"\b(cpu|ram)\b", re.IGNORECASE)
_CHIP = later.pattern(r"[^\[\]]*\[(?P<name>[^\[\]]+)\][^\[\]]*")
"""How the system's list of devices names a card: its chip, then what it is sold as."""
_MOBILE = later.pattern(r"(mobile|maxq)+(laptop)?|laptop(mobile|maxq)+")
"""Other words for a laptop's GPU, which is another one than the desktop's of that number."""
_BUILD = later.pattern(r"(sxm\d?|pcie|hbm\d?e?)+$")
"""How a card is built, which drivers say in its name."""
_GIB = 1 << 30
_DEVICES = {"apple": "mps", "intel": "xpu", "habana": "hpu", "ascend": "npu", "musa": "musa"}
"""What torch calls the devices of a vendor."""
_USABLE = 0.985
"""The share of a card's memory that its driver leaves."""
_MOST_CARDS = 256
_MOST_GIB = 1 << 16


class Card(NamedTuple):
    """A card, or a chip whose memory is its GPU's too."""

    names: tuple[str, ...]
    memory: tuple[int, ...]
    """GiB, the smallest first."""
    source: str | tuple[str, ...] = "unverified"
    checked: date | None = None
    says: tuple[Literal["memory", "bandwidth"], ...] = ("memory",)
    """What the pages say of it; the rest is as it is commonly quoted."""
    bandwidth: int | tuple[int, ...] | None = None
    """GB/s; of several sizes one for each."""
    capability: tuple[int, int] | None = None
    vendor: Literal["nvidia", "amd", "intel", "apple", "habana", "ascend", "musa"] = "nvidia"
    share: float | None = None
    """The share of the machine's memory that its GPU may have; None where the card has memory of its own."""


class _CardsFile(NamedTuple):
    """data/cards.toml."""

    source: str
    card: tuple[Card, ...]


cards = DataFile("cards.toml", _CardsFile, Card)


class Machine(NamedTuple):
    """A machine of a plan: its cards, or RAM where it has none."""

    cards: tuple[Gpu, ...]
    ram: int | None
    reason: str
    """What the text was taken for, in one sentence."""


def read(text: object) -> Machine:
    """A machine from what a person says.

    Raises:
        Unsupported: the text names no card, and no memory; the hint has the nearest names.

    >>> [card.name for card in read("2x RTX 4090").cards]
    ['RTX 4090', 'RTX 4090']
    >>> read("24GB").cards[0].total == 24 << 30
    True
    """
    if not isinstance(text, str) or not text.strip():
        message = f"on={text!r} names no machine"
        raise Unsupported(message, subject=str(text), hint=_EXAMPLES)
    sold = _sold(text)
    found = _MEMORY.search(sold)
    size = float(found["size"]) * _UNITS[(found["unit"] or found["small"]).lower()] if found else None
    rest = sold if found is None else f"{sold[: found.start()]} {sold[found.end() :]}"
    form = _FORM.fullmatch(" ".join(rest.split()))
    count = int((form["many"] or form["times"] or 1) if form else 1)
    words = _NOISE.sub(" ", form["name"] if form else rest)
    if not 1 <= count <= _MOST_CARDS or _NEGATIVE.search(text) or (size is not None and not 0 < size <= _MOST_GIB):
        message = f"on={text!r} is not a machine that could exist"
        raise Unsupported(message, subject=text, hint=_EXAMPLES)
    if _RAM.search(words):
        return _ram(text, size)
    name = _key(words)
    if not name:
        if size is None:
            message = f"on={text!r} names no machine"
            raise Unsupported(message, subject=text, hint=_EXAMPLES)
        card = Gpu(f"a card of {size:g} GiB", round(size * _GIB), round(size * _GIB))
        return Machine((card,) * count, None, f"planned for {_many(count, card.name)}, as asked")
    entry, title = _known(name, text)
    return _machine(entry, title, size, count, text)


_NEGATIVE = later.pattern(r"(?:^|\s)-\d")
_EXAMPLES = 'pass on="RTX 4090", "2x H100", "M3 Max 64GB", "24GB" or "64GB RAM"'


def bandwidth(card: Gpu) -> int | None:
    """GB/s of a card's memory, by the name that a text or its driver has for it; None where it is not known.

    >>> bandwidth(Gpu("NVIDIA H100 80GB HBM3", 0, 80 << 30)), bandwidth(Gpu("a card of 24 GiB", 0, 24 << 30))
    (3350, None)
    >>> bandwidth(Gpu("NVIDIA A100-SXM4-80GB", 0, 80 << 30)), bandwidth(Gpu("M4 Max", 0, 128 << 30))
    (2039, 546)
    """
    key = _key(_NOISE.sub(" ", _MEMORY.sub(" ", _sold(card.name))))
    known = _named(key) or _named(_BUILD.sub("", key))
    if known is None:
        return None
    found, sizes_of = known[0].bandwidth, known[0].memory
    return found[min(range(len(found)), key=lambda at: abs(sizes_of[at] * _GIB - card.total))] if isinstance(found, tuple) else found


def sizes() -> tuple[int, ...]:
    """GiB that single cards have, the smallest first; chips that share the machine's memory are left out."""
    return tuple(sorted({size for card in cards().card if card.share is None for size in card.memory}))


def usable(size: int) -> int:
    """Bytes of a card of so many GiB that its driver leaves."""
    return round(size * _GIB * _USABLE)


def _ram(text: str, size: float | None) -> Machine:
    if size is None:
        message = f"on={text!r} does not say how much RAM"
        raise Unsupported(message, subject=text, hint=_EXAMPLES)
    return Machine((), round(size * _GIB), f"planned for {size:g} GB of RAM, as asked")


def _machine(entry: Card, title: str, size: float | None, count: int, text: str) -> Machine:
    if entry.share is not None and size is None and len(entry.memory) > 1:
        message = f"on={text!r} does not say how much memory: there are {', '.join(map(str, entry.memory))} GB"
        raise Unsupported(message, subject=text, hint=f'pass on="{title} {entry.memory[len(entry.memory) // 2]}GB"')
    memory = size or entry.memory[0]
    total = round(memory * _GIB)
    free = metal.left(total) if entry.vendor == "apple" else round(total * (entry.share or _USABLE))
    card = Gpu(title, free, total, entry.capability, _DEVICES.get(entry.vendor, "cuda"), shared=entry.share is not None)
    guessed = size is None and len(entry.memory) > 1
    rest = f" of {memory:g} GB, the smallest of that name" if guessed else f" of {memory:g} GB"
    return Machine((card,) * count, None, f"planned for {_many(count, title)}{rest}, as asked")


def _many(count: int, name: str) -> str:
    return name if count == 1 else f"{count} x {name}"


def _key(text: str) -> str:
    return re.sub(r"[^a-z0-9+一-鿿]", "", text.lower())


@cache
def _by_key() -> dict[str, tuple[Card, str]]:
    return {_key(_NOISE.sub(" ", name)): (entry, name) for entry in cards().card for name in entry.names}


def _sold(text: str) -> str:
    """What a card is sold as, where the text has its chip before it."""
    found = _CHIP.fullmatch(text)
    return text if found is None else found["name"]


def _named(key: str) -> tuple[Card, str] | None:
    return _by_key().get(key) or _by_key().get(_MOBILE.sub("laptop", key))


def _known(key: str, text: str) -> tuple[Card, str]:
    """The card of a name, also where its series is left out: 4090, 7900 XTX."""
    for one in (key, f"rtx{key}", f"rx{key}", f"gtx{key}", f"arc{key}"):
        if (found := _named(one)) is not None:
            return found
    known = _by_key()
    near = difflib.get_close_matches(f"rtx{key}" if key[:1].isdecimal() else key, known, n=3, cutoff=0.5)
    names = ", ".join(known[one][1] for one in near)
    message = f"no card or chip {text!r} is known"
    raise Unsupported(message, subject=text, hint=f'near are {names}; or say its memory: on="24GB"' if names else 'say its memory: on="24GB"')
