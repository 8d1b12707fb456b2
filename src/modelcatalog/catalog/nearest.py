"""Owns the choice among listed checkpoints: which packaging serves a name, and which model an unlisted name comes nearest to.

Knows nothing of accounts, and of hubs only whether a checkpoint is listed on the one that is wanted.
"""

from __future__ import annotations

import re
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from math import inf, log
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from modelcatalog import names, vocabulary
from modelcatalog.catalog.filling import complete
from modelcatalog.catalog.index import index
from modelcatalog.catalog.listing import Entry, Listing, Packaging, bare_name, listed_checkpoint, listing, means_newest, of_library, packaging, spelled
from modelcatalog.catalog.sizes import fold, near

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelcatalog.records import ModelName, RepositoryHub

__all__ = ["Fit", "fit", "kin", "misspelt", "nearest", "newest", "ranked", "released_on", "said_words", "slips"]

_DAY = len("2025-07-11")
_STAGES: tuple[Literal["pretrained", "finished", "tuned"], ...] = ("pretrained", "finished", "tuned")
_ALIKE = 0.85
"""How much of two names is the same where one is a slip of the pen for the other."""
_SLIP = 0.7
"""The same of two words."""
_GIVEN_UP = 9
"""Further than any packaging that is a preference."""

Fit = Literal["same", "other bits", "unpacked", "packed"]
"""How a checkpoint serves what was asked for: as asked, in the same format with other bits, before any quantization; or
nothing was asked for, and there is but a quantized one."""

_FITS: tuple[Fit, ...] = ("same", "other bits", "unpacked", "packed")
_PLAIN = (None, "safetensors", "pytorch")
_PREFERRED = ("fp8", "mxfp8", "compressed-tensors", "awq", "gptq", "bitsandbytes")
"""What transformers loads, likeliest first, where nothing is asked for and nothing unquantized is listed."""


def _kind(packed: Packaging) -> str | None:
    """One word for what runs it: the format, or the method inside safetensors; None: nothing special."""
    return packed.method if packed.format in _PLAIN else packed.format


def fit(wanted: Packaging, has: Packaging) -> Fit | None:
    """How the one serves the other; None: it runs elsewhere, and is never an answer.

    The format comes before the bits: four bits of AWQ are nothing to a program that asks for four bits of GGUF.

    >>> gguf, awq = Packaging("gguf", "Q4_K_M", 4, "gguf", None), Packaging("awq", None, 4, "safetensors", None)
    >>> fit(gguf, awq), fit(gguf, Packaging("gguf", None, None, "gguf", None)), fit(gguf, Packaging(None, None, None, None, None))
    (None, 'same', 'unpacked')
    """
    asked, kind = _kind(wanted), _kind(has)
    plain = kind is None and has.bits is None
    if asked is None and wanted.bits is None:
        return "same" if plain else "packed"
    if plain:
        return "unpacked"
    if asked is not None and kind != asked:
        return None
    return "same" if None in (wanted.bits, has.bits) or wanted.bits == has.bits else "other bits" if asked is not None else None


def ranked(name: ModelName, entries: Iterable[Entry], hub: RepositoryHub) -> list[tuple[Fit, Entry]]:
    """The checkpoints of one model that can serve the name, the best one first.

    What decides, in this order: the company that the name states; the packaging; whether the hub has it; whether an
    engine can load it as it lies there; the fewest words beyond the name's.
    """
    wanted = packaging(name)
    fitting = [(how, entry) for entry in entries if (how := fit(wanted, entry.packaging)) is not None]
    return sorted(fitting, key=lambda pair: _rank(name, wanted, pair[0], pair[1], hub))


def _said(name: ModelName) -> frozenset[str]:
    return frozenset(re.split(r"[-_.:]", f"{name.name or ''}:{name.tag or ''}".lower()))


def _rank(name: ModelName, wanted: Packaging, how: Fit, entry: Entry, hub: RepositoryHub) -> tuple[Any, ...]:
    has, bare = entry.packaging, bare_name(entry)
    kind = _kind(has)
    words = frozenset(re.split(r"[-_.]", bare.lower()))
    return (
        not (_said(name) & vocabulary.aware()) <= words,
        name.company is not None and entry.series.company != name.company,
        _FITS.index(how),
        _PREFERRED.index(kind) if how == "packed" and kind in _PREFERRED else _GIVEN_UP,
        wanted.scheme != has.scheme,
        wanted.bits != has.bits,
        listed_checkpoint(entry, hub) is None,
        wanted.dtype != has.dtype,
        -len(words & vocabulary.loadable()) + len(words & vocabulary.foreign()),
        len(words),
    )  # fmt: skip


# A model that is not listed under this name ---------------------------------------------------


class _Asked(NamedTuple):
    """What a name wants of an entry, taken apart once."""

    words: frozenset[str]
    """Those that the entry must have."""
    every: frozenset[str]
    """These, and those of speed."""
    spelled: frozenset[str]
    """Its words as they stand, for families whose words the rules read in another way than the repository's."""
    version: str | None
    date: str
    own: frozenset[str]
    total: int | None
    unit: int
    """How exact the size is: 7B stands for anything between 7 and 8 billion."""
    stated: frozenset[str]
    usual: int | None
    """The size that the catalog knows of the bare name: Command R has 35 billion, and Command R7B is another model."""
    served: bool
    """Whether an Ollama tag asks, which without a word of its own means the edition for instructions."""
    library: bool
    """Whether it is a name of Ollama's library, which calls another generation by another name."""
    plain: bool
    """Whether a bare name leaves the size to whoever reads it."""


def nearest(name: ModelName, listed: Listing) -> list[Entry]:
    """The model whose repository says more than a short name does: ``mistral-large-2512``, ``kimi-k2-turbo``, ``hermes3:8b``.

    Every word of the name must be in the repository's, but for those of speed. What the repository's name has beyond
    them may be a size, an edition for instructions, or the version of an id that has a date instead; else what a short
    name leaves out of the one line that has the rest: ``Preview``, ``beta``, ``4k``, a base; and last a type.
    """
    asked = _asked(name, listed)
    kept = listed.served.get(name.canonical)
    served = kept is not None and kept[0].weights == "closed" and not means_newest(name, kept[1])
    if asked is None or (not asked.library and (served or name.canonical in listed.closed)):
        return []  # qwen-turbo is a model of its own that is only served
    found: dict[str, list[Entry]] = {}
    ranks: dict[str, tuple[Any, ...]] = {}
    for place, entry in enumerate(listed.by_family.get(name.family or "", ())):
        rank = _nearness(name, asked, entry)
        if rank is None:
            continue
        found.setdefault(entry.model, []).append(entry)
        best = (*rank, -place)  # of two that are equally near the data lists the newer one later
        if entry.model not in ranks or best < ranks[entry.model]:
            ranks[entry.model] = best
    return found[min(found, key=lambda model: ranks[model])] if found else []


def _asked(name: ModelName, listed: Listing) -> _Asked | None:
    """None where a name says nothing beyond a family: alone, GPT-NeoX means its model, and Falcon none of its many."""
    family = name.identity.family.split("-")
    words, date = _own_words(name.identity.words, name.version), name.identity.date
    tier = (name.tag or "").lower()
    if tier in _tiers() and any(tier in entry.words for entry in listed.by_family.get(name.family or "", ())):
        words |= {tier}  # phi3:medium, where an API's tag is how much it thinks
    library = of_library(name)
    if name.family is None or not (words or date or name.version or len(family) > 1 or library):
        return None
    wanted = words - vocabulary.speeds()
    size = name.size
    total = None if size is None or size.experts is not None else size.total
    stated = _sizes_in(wanted) if total is not None else frozenset()
    return _Asked(
        wanted, words, said_words(name), _whole(name.version), date, frozenset(family), total, _unit(stated), stated,
        None if stated else total, (name.tag is not None or library) and not _says_stage(wanted),
        library, total is None and (library or (name.owner is None and name.provider is None)),
    )  # fmt: skip


def _nearness(name: ModelName, asked: _Asked, entry: Entry) -> tuple[Any, ...] | None:
    """How far the entry is from what is asked, the least first; None: it is another model."""
    version = _whole(entry.version)
    if asked.version is not None and asked.version not in (version, _whole(entry.series.version) if version is None else version):
        return None
    if asked.version is None and version is not None and not (asked.words or asked.date or len(asked.own) > 1 or asked.library):
        return None
    if asked.date and entry.date != asked.date and (entry.date or not released_on(entry, asked.date)):
        return None
    has = _own_words(entry.words, entry.version)
    more, missing = has - asked.every - asked.own, asked.words - has
    implied = missing & frozenset(entry.series.types)
    if not has & _finished() and (asked.version is not None or asked.stated or asked.library):
        missing -= frozenset(vocabulary.stages("pretrained"))  # llama3-base: what is not tuned does not say so
    missing -= implied | {"moe" if any(word[0] == "a" and word[1:2].isdigit() for word in has) else "dense"}
    tiers, unsized = frozenset[str](), False
    if missing and missing <= asked.stated and not _sizes_in(has):
        total = _total(entry)  # deepseek-r1:671b: the catalog may know the size that the repository does not state
        unsized = total is None
        if unsized or _is_size(total, asked):
            missing, tiers = frozenset(), more & _tiers()
            more -= tiers
    if missing or not entry.model.startswith(name.identity.family):
        if len(asked.spelled) == 1:
            return None
        spelt = _spelled_words(bare_name(entry))
        missing = asked.spelled - spelt
        if missing and missing <= asked.stated and _is_size(_total(entry), asked):
            missing = frozenset()
        more = frozenset(word for word in spelt - asked.spelled - asked.every if not word[0].isdigit())
    if asked.library and asked.usual is None and not asked.stated:
        tiers, more = tiers | (more & _tiers()), more - _tiers()  # ollama/phi3: one of its sizes
    if missing or more & _tiers() or (unsized and more - asked.own - _finished()):
        return None
    if asked.stated and "distill" in more:
        more = frozenset(word for word in more - {"distill"} if not _names_base(word))  # deepseek-r1:7b
    stages = more & _finished()
    served = asked.served and not implied
    rest = frozenset(word for word in more if not _is_detail(word))
    types = (rest & _types()) - frozenset(vocabulary.stages("tuned"))
    if types and not asked.stated:
        return None
    newest = [-ord(char) for char in entry.series.released or ""]
    unversioned = asked.version is None
    total = -(_total(entry) or 0)
    window, far = _least_window(more), _off_usual(-total) if asked.plain else 0.0
    unusual = asked.usual is not None and not near(-total, asked.usual)
    first = ("base" in more or "sft" in more, bool(implied and stages), bool(types), len(tiers), unusual)
    if asked.library and unversioned:
        bases = frozenset(word for word in more if _names_base(word))
        added = [word for word in more - stages - bases - frozenset(vocabulary.early()) if not _is_detail(word) and not _WINDOW(word)]
        halfway = not vocabulary.training_before().isdisjoint(added)
        other = not bare_name(entry).lower().startswith(name.identity.family)
        unasked = served and not has & _finished()
        return (
            unsized, unusual, len(added), _generation(entry), len(tiers), version is not None, *first, halfway, bool(entry.date),
            0.0 if asked.stated else far, unasked, other, newest, len(bases), window, total,
        )  # fmt: skip
    return (
        *first, bool(rest), served and bool(entry.date), served and not has & _finished(),
        unversioned and newest, len(more - stages), bool(entry.date) and not asked.date, window, far,
        *((newest, not stages, total) if unversioned else (total, newest, not stages)),
    )  # fmt: skip


_OWN_NAMES = 2
"""From this version on, Ollama's library calls a line by another name: starcoder2, and qwen2 beside qwen, which is 1.5."""
_EDITION = re.compile(r"(?<![a-z0-9])v\d").search
_WINDOW = re.compile(r"\d+k").fullmatch
_USUAL_SIZE = 6.5e9
"""Of a line with several sizes, people mean the one that a usual card holds."""


def _generation(entry: Entry) -> int:
    """The line among those that one name of Ollama's library may stand for; an edition with a v is the same line.

    >>> from types import SimpleNamespace as Row
    >>> [_generation(Row(version=version, huggingface=repo_id)) for version, repo_id in (("1.5", "a/b-1.5"), ("2", "a/b2-7b"), ("3.3", "a/b-7b-v3-3"))]
    [0, 2, 0]
    """
    whole = re.match(r"\d+", entry.version or "")
    number = 0 if whole is None or _EDITION(bare_name(entry).lower()) else int(whole[0])
    return number if number >= _OWN_NAMES else 0


def _off_usual(total: int) -> float:
    """How far a size is from the usual one, as a factor; one that nobody knows is further than any."""
    return abs(log(total / _USUAL_SIZE)) if total else inf


def _least_window(words: frozenset[str]) -> int:
    """The length of context that a repository's name adds: of two, the plain name means the shorter one."""
    return min((int(word[:-1]) for word in words if _WINDOW(word)), default=0)


def _names_base(word: str) -> bool:
    """Whether a word names the model that it was tuned from: vicuna, llama2."""
    return word.rstrip("0123456789.") in _family_words() and word not in vocabulary.training_before()


@vocabulary.derived
def _family_words() -> frozenset[str]:
    return frozenset(family.lower() for family in index().families)


@vocabulary.derived
def _totals() -> dict[str, int | None]:
    """Repository -> its parameters, of those that somebody has asked about."""
    return {}


def _total(entry: Entry) -> int | None:
    known, repo_id = _totals(), entry.huggingface or entry.modelscope or entry.model
    if repo_id not in known:
        size = complete(names.read(repo_id)).size
        known[repo_id] = None if size is None else size.total
    return known[repo_id]


def _is_size(total: int | None, asked: _Asked) -> bool:
    """Whether a count may be what the name rounds."""
    return near(total, asked.total) or (total is not None and asked.total is not None and abs(total - asked.total) < asked.unit)


def _unit(stated: frozenset[str]) -> int:
    """What the last digit of a size counts: a tenth of a billion for 1.5b."""
    for word in stated:
        scale = {"m": 10**6, "b": 10**9, "t": 10**12}[word[-1]]
        return int(scale // 10 ** len(word[:-1].partition(".")[2]))
    return 0


def _whole(version: str | None) -> str | None:
    """A version without zeros at its end: granite4 is 4.0."""
    return None if version is None else (fold(version) or "").removesuffix(".0")


@lru_cache(maxsize=1 << 14)
def _spelled_words(text: str) -> frozenset[str]:
    return frozenset(re.sub(r"^v(?=\d)", "", word) for word in re.split(r"[-\s:/@]+", text.lower()) if word)


def said_words(name: ModelName) -> frozenset[str]:
    """The words of a name and its tag as they stand there, but for those of packaging and of speed."""
    text = "-".join(part for part in (name.name, name.tag) if part)
    return _spelled_words(text) - vocabulary.speeds() - _packing(name)


def _packing(name: ModelName) -> frozenset[str]:
    quantization = name.quantization
    words = () if quantization is None else (quantization.scheme, quantization.method)
    return frozenset(word.lower() for word in (*words, name.format) if word)


def _says_stage(words: frozenset[str]) -> bool:
    stages = (word for stage in _STAGES for word in vocabulary.stages(stage))
    return not words.isdisjoint((*vocabulary.flagged("edition"), *stages))


@vocabulary.derived
def _finished() -> frozenset[str]:
    return frozenset(vocabulary.stages("finished"))


@vocabulary.derived
def _tiers() -> frozenset[str]:
    return frozenset(vocabulary.tiers())


@vocabulary.derived
def _types() -> frozenset[str]:
    return vocabulary.type_words()


def _sizes_in(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word[0].isdigit() and word[-1] in "bmt")


def released_on(entry: Entry, date: str) -> bool:
    """Whether the date of an id is the day, or the month, on which the series came out: ``codestral-2405``."""
    day, known = entry.series.released or "", date.lstrip("-")
    return bool(known) and (day.startswith(known) or (date[0] == "-" and day.endswith(f"-{known}") and len(day) == _DAY))


def _own_words(words: tuple[str, ...], version: str | None) -> frozenset[str]:
    """The words beside family and version; some names write the version twice."""
    return frozenset(words) - {(version or "").lower()}


def _is_detail(word: str) -> bool:
    known = word in vocabulary.stages("finished") or word in vocabulary.stages("pretrained")
    return known or (word[0].isdigit() and word[-1] in "bmte") or (word[0] == "a" and word[-1] == "b")


# What else could be meant ---------------------------------------------------------------------


def misspelt(name: ModelName, listed: Listing, few: int = 3) -> list[Entry]:
    """Listed checkpoints whose names differ from this one by a letter or two, the likeliest first.

    Numbers are not slips of the pen: what has others is another model.
    """
    text = spelled(name.name or name.source)
    alike = [key for key in _by_digits().get(_digits(text), ()) if abs(len(key) - len(text)) < few]
    return [entry for key in get_close_matches(text, alike, few, _ALIKE) for entry in listed.by_name[key]]


def slips(name: ModelName, listed: Listing) -> list[Entry]:
    """Listed checkpoints of which the name is a slip of the pen: the same words, but for one or two that nobody knows and that are nearly theirs."""
    unknown = {word.lower() for word in name.unknown}
    if name.family is not None and name.family not in index().families:
        unknown |= set(spelled(name.family).split("-"))
    if not unknown:
        return []
    words = spelled(name.name or name.source).split("-")
    found: list[Entry] = []
    for entry in misspelt(name, listed):
        others = spelled(bare_name(entry)).split("-")
        differ = [(one, other) for one, other in zip(words, others, strict=False) if one != other]
        if len(words) == len(others) and all(one in unknown and SequenceMatcher(None, one, other).ratio() >= _SLIP for one, other in differ):
            found.append(entry)
    return found


def newest(name: ModelName, listed: Listing, few: int = 4) -> list[Entry]:
    """The newest checkpoints of a family whose name alone was given, those first that one talks to, then the smaller ones.

    What says more than a size or a tier is left out: a guard, a draft, a model that paints.
    """
    company = index().families[name.family or ""].company
    known = _tiers() | frozenset(vocabulary.early()) | {"moe"}
    plain = [
        entry for entry in listed.by_family.get(name.family or "", ())
        if fit(packaging(name), entry.packaging) == "same" and entry.series.released and entry.series.company == company
        and all(_is_detail(word) or word in known for word in _own_words(entry.words, entry.version)) and vocabulary.parts().isdisjoint(entry.words)
    ]  # fmt: skip
    talking = {entry.series.name for entry in plain if _finished() & frozenset(entry.words)}
    order = sorted(plain, key=lambda entry: (not _finished() & frozenset(entry.words), _total(entry) or 0))
    order = [entry for entry in order if entry.series.name not in talking or _finished() & frozenset(entry.words)]
    return sorted(order, key=lambda entry: entry.series.released or "", reverse=True)[:few]


def kin(name: ModelName, listed: Listing, few: int = 3) -> list[Entry]:
    """The plainest and newest checkpoints of the family and the version, for a name that says little more."""
    if name.family is None:
        return []
    same = [
        entry for entry in listed.by_family.get(name.family, ())
        if (name.version is None or _whole(name.version) == _whole(entry.version)) and fit(packaging(name), entry.packaging) == "same"
    ]  # fmt: skip
    newest = sorted(same, key=lambda entry: entry.series.released or "", reverse=True)
    return sorted(newest, key=lambda entry: len([word for word in entry.words if not _is_detail(word)]))[:few]


@vocabulary.derived
def _by_digits() -> dict[tuple[str, ...], list[str]]:
    """The numbers in a name -> the names that have these."""
    found: dict[tuple[str, ...], list[str]] = {}
    for key in listing().by_name:
        found.setdefault(_digits(key), []).append(key)
    return found


def _digits(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\d+", text))
