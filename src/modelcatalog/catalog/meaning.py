"""Owns which listed model a name means that says less than the model's own: its one edition, its one preview, its one date; Ollama's tags.

A name that is a model's own is left as it is, and so is one that could mean several. What the name says is not changed, but for its identity.
"""

from __future__ import annotations

from itertools import chain, combinations
from typing import TYPE_CHECKING

from modelcatalog import names, vocabulary
from modelcatalog.catalog.sizes import by_rules, fold
from modelcatalog.later import pattern
from modelcatalog.records import Identity
from modelcatalog.rows import Keys, Shelf

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Mapping

    from modelcatalog.catalog.listing import Entry
    from modelcatalog.entries import CompanyFile
    from modelcatalog.records import ModelName

__all__ = ["SIZE", "as_said", "meanings", "meant", "short_names", "sizes_in", "tuned"]

SIZE = pattern(r"\d+(?:\.\d+)?[bmt]|e\d+(?:\.\d+)?b|\d+e|\d+x\d+(?:\.\d+)?b|a\d+(?:\.\d+)?[bm]")
"""Words that state parameters or experts."""
_WINDOW = pattern(r"\d+k")
"""Words that state a length of context."""
_MONTH_AND_DAY = pattern(r"^\d+-(?=\d+-\d+$)")
"""The year before a day."""
_BILLION = 10**9
_Row = str
"""The fields of an identity in one text, which is quicker to keep: nearly all are never asked for."""


def meant(name: ModelName) -> ModelName:
    """The record with the identity of the model that the name means.

    >>> meant(names.read("llama-3.3-70b")).canonical, meant(names.read("llama-3.1-8b")).canonical
    ('llama-3.3-70b-instruct', 'llama-3.1-8b')
    >>> meant(names.read("llama3.1:8b")).canonical, meant(names.read("mistral-small-2506")).canonical
    ('llama-3.1-8b-instruct', 'mistral-3.2-instruct-small@2025-06')
    """
    row = meanings().get(name.canonical) or (_of_day(name) if name.released is not None else None)
    if row is not None:
        family, version, words, date, order = row.split("\t")
        return names.meaning(name, Identity(family, version, tuple(words.splitlines()), date, tuple(order.splitlines())))
    return _of_tag(name) if name.tag is not None and name.family is not None and _sized(name, name.tag) else name


def _of_day(name: ModelName) -> _Row | None:
    """The model of that day: beside its date, a word for its not being final says nothing more, and nor does the year.

    The day on which a series of published weights came out tells no edition: ``deepseek-v3-1-250821`` is DeepSeek-V3.1.
    """
    known, identity = meanings(), name.identity
    early = [word for word in vocabulary.early() if word in identity.words]
    final = identity.but(*early)
    yearless = final._replace(date=_MONTH_AND_DAY.sub("-", identity.date))
    if (row := known.get(str(final)) or known.get(str(yearless))) is not None:
        return row
    from modelcatalog.catalog.index import index  # hardly any name comes here

    lines = index().by_version.get((name.family or "", fold(name.version)), ())
    if not any(line.weights == "open" and _is_day(identity.date, line.released or "") for line in lines):
        return None
    return known.get(str(final.undated())) or _row(final.undated())


def _row(identity: Identity) -> _Row:
    family, version, words, date, order = identity
    return "\t".join((family, version, "\n".join(words), date, "\n".join(order)))


def _is_day(date: str, released: str) -> bool:
    """Whether a date, perhaps without its year, is that day."""
    return len(released) == len("2025-08-21") and (released == date or (date[:1] == "-" and released.endswith(date)))


def as_said(name: ModelName) -> ModelName:
    """The record with the identity of its text alone, as the list of checkpoints has it."""
    said = names.read(name.source) if name.source else name
    return name if said.canonical == name.canonical else names.meaning(name, said.identity)


def sizes_in(identity: Identity) -> tuple[str, ...]:
    """Words of an identity that state parameters or experts.

    >>> sizes_in(names.read("Qwen3-30B-A3B-Instruct").identity)
    ('30b',)
    """
    return tuple(word for word in identity.words if SIZE.fullmatch(word))


# Ollama's tags ----------------------------------------------------------------------------------


def _sized(name: ModelName, tag: str) -> bool:
    """Whether the tag says how large the model is; one that only says how it is served says nothing of it."""
    first = len(name.source) - len(tag)
    return any(segment.kind in ("size", "tier") and segment.start >= first for segment in name.segments)


def _of_tag(name: ModelName) -> ModelName:
    """Ollama serves the edition for instructions, where the tag says of no other; its short names mean what `resolve` finds."""
    from modelcatalog.catalog import listing  # hardly any name comes here

    if name.owner not in listing.LIBRARY:
        return name
    by_model = listing.recorded().by_model
    entries = tuned(name, by_model) or ([] if name.canonical in by_model else _tagged(name))
    return name if not entries else names.meaning(name, _identity(entries[0]))


def tuned(name: ModelName, by_model: Mapping[str, list[Entry]]) -> list[Entry]:
    """The listed edition for instructions of a name that says nothing about training."""
    if not set(name.types).isdisjoint(vocabulary.flagged("edition")):
        return []
    keys = (str(name.identity.too(word)) for word in vocabulary.stages("finished"))
    return next((entries for key in keys if (entries := by_model.get(key))), [])


def _tagged(name: ModelName) -> list[Entry]:
    """The one line whose checkpoint says more than Ollama's name of it: hermes3:8b."""
    from modelcatalog.catalog import listing, nearest  # as in `_of_tag`

    known, key = _remembered(), (name.canonical, nearest.said_words(name))
    if key not in known:
        listed = listing.recorded()
        if len(known) >= _MOST_REMEMBERED:
            known.clear()
        known[key] = listing.tagged(name, listed) or listing.same_model(name, listed) or nearest.nearest(name, listed)
    return known[key]


_MOST_REMEMBERED = 4096


@vocabulary.derived
def _remembered() -> dict[tuple[str, frozenset[str]], list[Entry]]:
    """Ollama's names that somebody has asked about -> the checkpoints of what they mean."""
    return {}


def _identity(entry: Entry) -> Identity:
    return names.read(entry.huggingface or entry.modelscope or "").identity


# Names that say less than the one model of that name --------------------------------------------

_LEFT_OUT, _UNDATED, _SERIES = 10, 100, 1000
"""How far a name is from a model's: for each part of a dated one that it leaves out, without the date, and where only the series has that name."""


class _Published:
    """What is known of a model with published weights."""

    __slots__ = ("base", "context", "identity", "total")

    def __init__(self, identity: Identity, total: int | None, base: str, context: int | None) -> None:
        self.identity = identity
        self.total = total
        """Parameters."""
        self.base = base
        """The word of its identity for the model that it was tuned from; empty: the name tells none."""
        self.context = context
        """Tokens, where its series has one length."""


@vocabulary.derived
def short_names() -> Keys:
    """Canonical names that `meanings` has: every name is looked for here."""
    known = meanings()
    return Keys(known.keys_as_text if isinstance(known, Shelf) else Keys.JOINT.join(known))


@vocabulary.kept("meant", seldom=(str,))
def meanings() -> Mapping[str, _Row]:
    """Canonical name that no model has -> the identity of the one that it means; a dated model's own -> its own, for `_of_day`."""
    from modelcatalog.catalog import additions, listing  # where the table is kept, nobody needs them

    files = additions.apart()
    if files:
        entries = [*_entries(files)]
        shipped = additions.shipped("meant")
        if shipped is not None and _are_own(files, entries):
            return {**shipped, **_rows(entries, files)}
    return _rows(listing.recorded().entries, vocabulary.companies())


def _entries(files: Iterable[CompanyFile]) -> Iterator[Entry]:
    """The checkpoints of some files alone."""
    from modelcatalog.catalog import listing  # as in `meanings`
    from modelcatalog.catalog.index import series_of

    for file in files:
        for family in file.family:
            for series in family.series:
                yield from listing.entries_of(file, series, series_of(file, family, series))


def _are_own(files: Iterable[CompanyFile], entries: Iterable[Entry]) -> bool:
    """Whether all names in the files are of the files' own families: then they are beside no model of another."""
    own, said = set(), [entry.huggingface or entry.modelscope or "" for entry in entries]
    for family in (family for file in files for family in file.family):
        own.add(family.name.lower())
        said += [text for series in family.series for text in (series.name, *series.api)]
    return all(names.read(text).identity.family in own for text in said if text)


def _rows(entries: Iterable[Entry], files: Iterable[CompanyFile]) -> dict[str, _Row]:
    published, lines = _published(entries)
    models = {str(identity): identity for identity in _served(files)} | {text: one.identity for text, one in published.items()}
    plain = {_line(identity) for identity in models.values() if _senses().isdisjoint(identity.words)}
    windowed = _windowed(models.values())
    alone = _alone_of_size(published)
    unversioned: dict[str, list[_Published]] = {}
    for one in published.values():
        if not one.identity.version:
            unversioned.setdefault(one.identity.family, []).append(one)
    found: dict[Identity, dict[str, int]] = {}

    def mark(text: str, far: int, short: Identity) -> None:
        if str(short) not in models and short.family and (short.version or short.words or short.date[:1].isdigit()):
            found.setdefault(short, {}).setdefault(text, far)

    for text, identity in models.items():
        for far, short in _shorter(identity):
            mark(text, far, short)
        senses = _senses() & set(identity.words)
        if senses and _parts(identity)[0] and sizes_in(identity) and _line(identity) not in plain:
            mark(text, _LEFT_OUT, identity.but(*senses))  # all of Llama 3.2's that have 90 billion see
    for text, one in published.items():
        for far, short in (*_undated(one.identity, models), *_told_by_size(one, alone=text in alone)):
            mark(text, far, short)
        if one.identity.family in windowed and not any(map(_WINDOW.fullmatch, one.identity.words)):
            for word in _window_words(one.context):
                mark(text, _LEFT_OUT, one.identity.too(word))  # phi-3.5-mini-128k-instruct
    for line, own in lines.items():
        main, short = _main(own), names.read(line.partition(": ")[2]).identity
        if main is not None and own[main].version == short.version and set(short.words) <= set(own[main].words):
            mark(main, _SERIES, short)
    early = vocabulary.early()
    ours: dict[str, _Row] = {}
    for text, identity in models.items():
        if identity.date:  # grok-4.20-beta-0309 is grok-4.20-0309, which is listed too
            ours[text] = _row(models.get(str(identity.but(*early)), identity))
    for short, steps_to in found.items():
        least = min(steps_to.values())
        loose = _UNDATED <= least < _SERIES
        nearest = [text for text, steps in steps_to.items() if steps == least or (loose and steps < _SERIES)]
        if len(nearest) != 1 or (models[nearest[0]].version and _is_of_first(short, unversioned.get(short.family, ()))):
            continue  # starcoder-15b is none of StarCoder 2
        if not loose or _is_told(short, models[nearest[0]]):
            ours[str(short)] = _row(models[nearest[0]])
    return ours


def _is_of_first(short: Identity, unversioned: Iterable[_Published]) -> bool:
    """Whether a name of a family and a size means one of those that came before there were versions."""
    sizes = sizes_in(short)
    if short.version or short.date or short.words != sizes:
        return False
    said = [size[:-1] for size in sizes if size[-1] == "b" and size[:-1].replace(".", "").isdecimal()]
    rounded = [(float(number) * _BILLION, _BILLION / 10 ** len(number.partition(".")[2])) for number in said]
    return any(
        sizes_in(one.identity) == sizes != () or any(one.total is not None and abs(one.total - total) < unit for total, unit in rounded) for one in unversioned
    )


def _published(entries: Iterable[Entry]) -> tuple[dict[str, _Published], dict[str, dict[str, Identity]]]:
    """Canonical name -> the model; and those of each series."""
    found: dict[str, _Published] = {}
    lines: dict[str, dict[str, Identity]] = {}
    for entry in entries:
        repo_id = entry.huggingface or entry.modelscope
        if not repo_id:
            continue
        if entry.model not in found:
            read = names.read(repo_id)
            size, base = by_rules(read).size, read.base
            word = "" if base is None else f"{base.family or ''}{base.version or ''}".lower()
            found[entry.model] = _Published(read.identity, None if size is None else size.total, word, entry.series.context_length)
        lines.setdefault(f"{entry.series.family}: {entry.series.name}", {})[entry.model] = found[entry.model].identity
    return found, lines


def _alone_of_size(published: dict[str, _Published]) -> frozenset[str]:
    """Models beside which no other has their family, version and size, but for stages of training."""
    stages = {*vocabulary.stages("finished"), *vocabulary.stages("pretrained"), *vocabulary.early()}
    alike: dict[tuple[str, str, int | None], dict[frozenset[str], list[str]]] = {}
    for text, one in published.items():
        key = (one.identity.family, one.identity.version, one.total)
        alike.setdefault(key, {}).setdefault(frozenset(one.identity.words) - stages, []).append(text)
    return frozenset(text for every in alike.values() if len(every) == 1 for texts in every.values() for text in texts)


def _served(files: Iterable[CompanyFile]) -> Iterator[Identity]:
    """Every model that its maker serves and has not published."""
    for file in files:
        yield from (names.read(one).identity for family in file.family for series in family.series for one in series.api)


@vocabulary.derived
def _tiers() -> frozenset[str]:
    return frozenset(vocabulary.tiers())


@vocabulary.derived
def _senses() -> frozenset[str]:
    """Types of models that read or make more than text."""
    return frozenset(vocabulary.flagged("media"))


def _line(identity: Identity) -> tuple[str, ...]:
    """Family, version and size."""
    return (identity.family, identity.version, *sizes_in(identity))


def _parts(identity: Identity) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """The words for its being finished, those for its not being final, and those for its size."""
    finished, early = (tuple(word for word in words if word in identity.words) for words in (vocabulary.stages("finished"), vocabulary.early()))
    return finished, early, sizes_in(identity)


def _left_out(parts: tuple[tuple[str, ...], ...]) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Every choice of one part or more."""
    some = [part for part in parts if any(part)]
    return chain.from_iterable(combinations(some, count) for count in range(1, len(some) + 1))


def _shorter(identity: Identity) -> Iterator[tuple[int, Identity]]:
    """What people leave out of a model's name, and how far that is from it.

    The word for its being finished; that for its not being final; the 0 of its version; beside a tier, its size; and of a dated one,
    since it is told by its date, version, size and year.
    """
    finished, early, sizes = _parts(identity)
    for place, word in enumerate(finished):
        yield 1 + place, identity.but(word)
    if early:
        yield len(finished) + 1, identity.but(*early)
        yield len(finished) + 2, identity.but(*early, *finished)
    if identity.version.endswith(".0"):
        yield _LEFT_OUT, identity._replace(version=identity.version.removesuffix(".0"))
    if sizes and identity.version and not identity.date and not _tiers().isdisjoint(identity.words):
        yield _LEFT_OUT, identity.but(*sizes)
        if finished:
            yield _LEFT_OUT - 1, identity.but(*sizes, *finished)
    if identity.date:
        yearless = identity._replace(date=_MONTH_AND_DAY.sub("-", identity.date))
        yield _LEFT_OUT, yearless
        for left_out in _left_out((finished, sizes, (identity.version,))):
            for more, dated in enumerate((identity, yearless)):
                short = dated.but(*chain.from_iterable(left_out))
                yield _LEFT_OUT * (len(left_out) + more), short._replace(version="") if (identity.version,) in left_out else short


def _told_by_size(one: _Published, *, alone: bool) -> Iterator[tuple[int, Identity]]:
    """The name with its size: without a tier, where no other has that size, or without the base that it was tuned from.

    deepseek-r1-671b, nemotron-3-120b, hermes-3-405b.
    """
    whole = one.identity
    if not whole.version or not (sizes_in(whole) or one.total):
        return
    if not sizes_in(whole):
        whole = whole.too(f"{(one.total or 0) / _BILLION:g}b")
        yield _LEFT_OUT, whole
    finished, _, _ = _parts(whole)
    for words in (tuple(_tiers().intersection(whole.words)) if alone else (), (one.base,) if one.base in whole.words and not whole.date else ()):
        for more in ((), finished):
            if words:
                yield (_UNDATED if whole.date else _LEFT_OUT) + 1, whole.but(*words, *more).undated()


def _windowed(identities: Iterable[Identity]) -> frozenset[str]:
    """Families with models that only their length of context tells apart: Phi-3-mini-4k and -128k."""
    told: dict[Identity, set[str]] = {}
    for identity in identities:
        for word in identity.words:
            if _WINDOW.fullmatch(word):
                told.setdefault(identity.but(word), set()).add(word)
    return frozenset(identity.family for identity, words in told.items() if len(words) > 1)


def _window_words(tokens: int | None) -> Iterator[str]:
    """How names write a context of so many tokens."""
    for unit in (1024, 1000):
        if tokens is not None and tokens % unit == 0:
            yield f"{tokens // unit}k"


def _undated(identity: Identity, models: Container[str]) -> Iterator[tuple[int, Identity]]:
    """The name of published weights without their date, which means the only ones that there are; an API's moves to the next day's."""
    finished, _, sizes = _parts(identity)
    whole = identity.undated()
    if identity.date and str(whole.but(*finished)) not in models:
        yield _UNDATED, whole
    for left_out in _left_out((finished, sizes, (identity.version,))):
        short = whole.but(*chain.from_iterable(left_out))
        yield _UNDATED + len(left_out), short._replace(version="") if (identity.version,) in left_out else short


def _is_told(short: Identity, meant: Identity) -> bool:
    """Whether so much is enough: there is but one of that day, or of that size and finished."""
    return bool(meant.date) or (meant.version != short.version and sizes_in(short) == sizes_in(meant) != () and _parts(short)[0] == _parts(meant)[0])


def _main(line: dict[str, Identity]) -> str | None:
    """The one model of a series, or its one finished model; None: there are several."""
    if len(line) == 1:
        return next(iter(line))
    finished = [text for text, identity in line.items() if _parts(identity)[0]]
    return min(finished, key=len) if finished and all(set(line[min(finished, key=len)].words) <= set(line[text].words) for text in finished) else None
