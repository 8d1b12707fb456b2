"""Owns `facts`: what is known of a model beyond its name, and who says it. Knows nothing of networks or files."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog import names, vocabulary
from modelcatalog.catalog.completing import named, worded
from modelcatalog.catalog.index import index
from modelcatalog.catalog.listing import HUBS, Entry, fetched, listing, moves, of_library, same_model, spelled, tagged, undated
from modelcatalog.catalog.meaning import tuned
from modelcatalog.catalog.nearest import nearest
from modelcatalog.catalog.sizes import fold
from modelcatalog.known import Facts, Source
from modelcatalog.patterns import expand
from modelcatalog.records import ModelName  # noqa: TC001  typing.get_type_hints reads it

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from modelcatalog.catalog.listing import Listing
    from modelcatalog.entries import CompanyFile, FactsEntry
    from modelcatalog.known import Series
    from modelcatalog.records import Release

__all__ = ["facts", "retirement"]

_FIELDS = {"input": "input_modalities", "output": "output_modalities"}
"""Field of an entry -> what the record calls it, where that differs."""


_LONGER = "extended"
"""The tag of a router for a variant with longer limits than the model has elsewhere; how long they are, its vendor does not say."""

_LIMITS = frozenset({"context_length", "max_output_tokens"})

_WRITTEN = ("tools", "structured_output")
"""What a model does in writing: what gives only vectors, pictures or speech calls no functions and fills no schema."""

_FIRST = "1"
_MONTH = len("2026-11")

_LAST_DAYS = frozenset({"deprecated", "retired"})
"""What becomes of an id: a snapshot of it may be served longer, or for a shorter time."""

_LEARNT = ("tools", "structured_output", "reasoning")
"""What a model learns behind its pretraining."""


class _Said(NamedTuple):
    """What one entry says, and who."""

    facts: dict[str, Any]
    source: Source
    snapshots: bool | None = None
    """What of it is said of the dated snapshots of its ids: see the entry."""


class _Table(NamedTuple):
    """What is said of models, and of whole series."""

    by_model: dict[str, tuple[_Said, ...]]
    """Canonical name -> the entries that name it, the one that wins first."""
    by_series: dict[tuple[str, str], tuple[_Said, ...]]
    """Family and series -> the same."""


@vocabulary.kept("facts", _Table, _Said, Source)
def _table() -> _Table:
    by_model: dict[str, tuple[_Said, ...]] = {}
    by_series: dict[tuple[str, str], tuple[_Said, ...]] = {}
    for file in vocabulary.companies():
        for family in file.family:
            for entry in family.facts:
                said = _values(entry)
                for one in _models(file, entry):
                    by_model[one] = (_Said(said, Source(entry.source, entry.checked, "model"), entry.snapshots), *by_model.get(one, ()))
                for line in entry.series:
                    by_series[family.name, line] = (_Said(said, Source(entry.source, entry.checked, "series")), *by_series.get((family.name, line), ()))
    return _Table(by_model, by_series)


def _values(entry: FactsEntry) -> dict[str, Any]:
    given = entry.model_dump(exclude={"of", "series", "source", "checked", "snapshots"})
    said = {_FIELDS.get(name, name): value for name, value in given.items() if value not in (None, ())}
    return said | {"licence": vocabulary.spdx(said["licence"])} if "licence" in said else said


def _models(file: CompanyFile, entry: FactsEntry) -> Iterator[str]:
    """The canonical names of the models that an entry names; its company decides what words mean that others have too."""
    owner = next(iter(file.accounts.api or file.accounts.huggingface), None)
    for one in chain.from_iterable(map(expand, entry.of)):
        yield names.read(one if "/" in one or owner is None else f"{owner}/{one}").canonical


def facts(name: str | ModelName) -> Facts:
    """What is known of a model beyond its name: limits, modalities, what it can do, its licence and its dates. No network.

    A fact is said of the model, the tier or the checkpoint that its source speaks of, and of no other: what is said of ``gpt-4`` is
    not said of ``gpt-4-turbo``. Of a dated snapshot holds what is said of the model without the date, where nobody says otherwise.

    Raises:
        NameSyntaxError: the text is not a name.

    >>> facts("gpt-5.4").context_length, facts("gpt-5.4-mini").context_length, facts("gpt-5.4-mini-of-mine").context_length
    (1050000, 400000, None)
    >>> print(facts("grok-3").origin("retired"))
    https://docs.x.ai/docs/migration/may-15-retirement (2026-11-29)
    """
    text, name = name, worded(name)
    found: dict[str, tuple[Any, Source]] = {}
    for said in _said(name, text):
        for field, value in said.facts.items():
            found.setdefault(field, (value, said.source))
    if "text" not in found.get("output_modalities", (("text",), None))[0]:
        given = found["output_modalities"][1]
        found = {**dict.fromkeys(_WRITTEN, (False, given)), **found}
    if name.tag == _LONGER:
        found = {field: one for field, one in found.items() if field not in _LIMITS}
    values = {field: value for field, (value, _) in found.items()}
    return Facts(name=name.source, **values, origins=tuple((field, source) for field, (_, source) in found.items()))


def retirement(name: str | ModelName) -> str | None:
    """What its vendor's API does with the model, where its last day there is known.

    >>> retirement("claude-3-opus-20240229")
    "Anthropic's API no longer serves it, since 2026-01-05 (says https://docs.anthropic.com/zh-CN/docs/about-claude/model-deprecations)"
    >>> retirement("claude-opus-4-6") is None
    True
    """
    known = facts(name)
    source = known.origin("retired")
    if known.retired is None or source is None:
        return None
    company = named(name).company or "its vendor"
    said = f"{company}'s API no longer serves it, since {known.retired}" if known.gone() else f"{company}'s API serves it until {known.retired}"
    return f"{said} (says {source.source})" if source.source != "unverified" else f"{said} (unverified)"


def _said(name: ModelName, text: str | ModelName) -> Iterator[_Said]:
    """Everything that is said, what speaks of the model most exactly first."""
    table, listed = _table(), listing()
    edition = _edition(name, listed)
    entry = edition or _entry(name, listed) or _short(name, text, listed) or _of_library(name, listed)
    meant, besides = (name.canonical, _keys(name)) if edition is None else (edition.model, ())
    listed_as = () if entry is None else (entry.model,)
    same_day = entry is not None and entry.date != "" and entry.date == name.identity.date
    keys = dict.fromkeys((*listed_as, *besides) if same_day else (*besides, *listed_as))  # of a snapshot, what is said of no other comes first
    spoken = [(key, said) for key in keys for said in table.by_model.get(key, ())]
    others = [said if key == meant else _of_snapshot(name, said) for key, said in spoken]
    line, itself = (None, False) if moves(name) else _series(name, entry, listed)
    if line is not None:
        itself = itself and not any(key != meant and _says_nothing(name, said) for key, said in spoken)
        others += table.by_series.get((line.family, line.name), ())
        others.append(_of_series(line, everywhere=entry is not None or itself, first=_is_first(name, entry, line, listed)))
    if _is_base(name.types):
        listed_as_one = entry is not None and _is_base(entry.words)
        others = [said if listed_as_one and at < len(spoken) else _untuned(said) for at, said in enumerate(others)]
    dated = entry is not None and entry.date[:1].isdecimal()
    own = (
        *table.by_model.get(meant, ()),
        *_by_name(name, next((said.facts["released"] for said in others if "released" in said.facts), "")),
        *others,
        *([_Said({"released": entry.date}, Source("name", None, "name"))] if entry is not None and dated else ()),  # a short name has no date
        *_weights(name, entry, line),
    )
    yield from own
    known = {field: value for said in reversed(own) for field, value in said.facts.items()}
    for told in _fetched(name, keys, entry):
        odd = _impossible({**told.facts, **known})
        left = {field: value for field, value in told.facts.items() if field not in odd}
        yield _Said(left, told.source)
        known = {**left, **known}


def _impossible(known: Mapping[str, Any]) -> frozenset[str]:
    """What cannot be true beside the rest: an answer longer than the context, knowledge of what came after the first day, an end before that day."""
    released = known.get("released", "")
    odd = set()
    if known.get("max_output_tokens", 0) > known.get("context_length", float("inf")):
        odd.add("max_output_tokens")
    if released and known.get("knowledge_cutoff", "")[: len(released[:_MONTH])] > released[:_MONTH]:
        odd.add("knowledge_cutoff")
    odd.update(field for field in _LAST_DAYS if released and field in known and known[field] < released[: len(known[field])])
    return frozenset(odd)


def _fetched(name: ModelName, keys: Iterable[str], entry: Entry | None) -> Iterator[_Said]:
    """What `modelcatalog update` fetched: below everything that the package says itself."""
    table = fetched()
    if table is None:
        return
    for key in dict.fromkeys((name.canonical, *keys)):
        yield from (_Said(told.facts, Source(told.source, told.day, "model")) for told in table.models.get(key, ()))
    for hub, repo_id in zip(HUBS, ("", "") if entry is None else (entry.huggingface, entry.modelscope), strict=True):
        one = table.listed(hub, repo_id or "")
        if one is not None:
            said = {"open_weights": True, "licence": None if one.licence is None else vocabulary.spdx(one.licence)}
            yield _Said({field: value for field, value in said.items() if value is not None}, Source(one.source, one.day, "model"))


def _is_base(words: Collection[str]) -> bool:
    """Whether words of a name say that the model was only pretrained."""
    return any(word in words for word in vocabulary.stages("pretrained")) and not any(word in words for word in vocabulary.stages("finished"))


def _untuned(said: _Said) -> _Said:
    """What is said of a series, or of the tuned model, for one that was only pretrained: what tuning teaches it has not learnt."""
    return _Said({field: value for field, value in said.facts.items() if field not in _LEARNT or not value}, said.source)


def _keys(name: ModelName) -> Iterator[str]:
    """The names under which something may be said of a snapshot: that without its date."""
    yield undated(name) if not moves(name) else str(name.identity.undated())


def _of_snapshot(name: ModelName, said: _Said) -> _Said:
    """What is said of a dated snapshot where its id without the date is spoken of: its limits, and its day only where the date agrees."""
    day = name.released
    if day is None or name.origin("released") != "name":
        return said
    if _says_nothing(name, said):
        return _Said({}, said.source)
    dropped = set() if said.snapshots else set(_LAST_DAYS)
    if not _same_month(day, said.facts.get("released", "")):
        dropped.add("released")
    return _Said({field: value for field, value in said.facts.items() if field not in dropped}, said.source)


def _says_nothing(name: ModelName, said: _Said) -> bool:
    """Whether the id moves from model to model, so that nothing of it holds for this snapshot."""
    return said.snapshots is False and name.origin("released") == "name"


def _same_month(day: Release, released: str) -> bool:
    """Whether a date that may lack its year is of the month of an ISO day."""
    year, month = f"{released}--".split("-")[:2]
    return day.month in (None, int(month or 0)) and day.year in (None, int(year or 0))


def _by_name(name: ModelName, released: str) -> Iterator[_Said]:
    """What the name itself says; a snapshot that was taken in the month of its model's release was released with it."""
    said = _by_types(name.types)
    day = name.released
    dated = day is not None and day.year is not None and day.month is not None and name.origin("released") == "name"
    if dated and not released.startswith(str(day)[:7]):
        said["released"] = str(day)
    if name.origin("context_length") == "name":
        said["context_length"] = name.context_length
    if said:
        yield _Said(said, Source("name", None, "name"))


def _by_types(types: Iterable[str]) -> dict[str, Any]:
    """What the words for kinds of models tell."""
    said: dict[str, Any] = {}
    known = vocabulary.types()
    for word in types:
        entry = known.get(word)
        if entry is None:
            continue
        if entry.input:
            said["input_modalities"] = entry.input
        if entry.reasons is not None:
            said["reasoning"] = entry.reasons
        if entry.calls is not None:
            said["tools"] = entry.calls
    return said


def _edition(name: ModelName, listed: Listing) -> Entry | None:
    """The edition for instructions, where a tag of Ollama or an API is asked, and the name says nothing of training: llama3.1:8b."""
    if name.hub in HUBS or (name.tag is None and not any(segment.kind == "route" for segment in name.segments)):
        return None
    return _own(name, tuned(name, listed.by_model))


def _short(name: ModelName, text: str | ModelName, listed: Listing) -> Entry | None:
    """What a short name of an API or of Ollama means that says less than the repository does: llama-4-scout, llama3.3."""
    if moves(name) or spelled(name.name or "") in listed.known_as or _series(name, None, listed)[0] is not None:
        return None
    meant = named(text).canonical
    return None if meant == name.canonical else _own(name, listed.by_model.get(meant, []))


def _of_library(name: ModelName, listed: Listing) -> Entry | None:
    """What Ollama's library has under a name that says no size, where `resolve` knows it: ollama/gemma3."""
    return _own(name, tagged(name, listed) or nearest(name, listed)) if of_library(name) else None


def _own(name: ModelName, entries: list[Entry]) -> Entry | None:
    """Of checkpoints of one name that of its own company: somebody's tune may bear the very name that it was made from."""
    return next((entry for entry in entries if entry.series.company == name.company), next(iter(entries), None))


def _entry(name: ModelName, listed: Listing) -> Entry | None:
    """The listed checkpoint that the name means, or that its vendor says its id to be."""
    if name.owner is not None and name.name is not None:
        text = f"{name.owner}/{name.name}".lower()
        for ids in listed.by_id.values():
            if text in ids:
                return ids[text]
    bare = spelled(name.name or "")
    served_as = listed.known_as.get(bare)
    if served_as is not None:
        # Of an id that moves from model to model, only what is said of the id itself holds.
        return None if bare in listed.moving else listed.by_id[HUBS[0]].get(served_as.lower())
    kept = listed.served.get(name.canonical)
    if kept is not None and kept[0].weights == "closed" and name.canonical not in listed.by_model:
        return None  # it is only served, though a repository is called nearly so: yi-34b-chat-200k
    return _own(name, same_model(name, listed))


def _series(name: ModelName, entry: Entry | None, listed: Listing) -> tuple[Series | None, bool]:
    """The series that the model belongs to, and whether the name means just the series: ``gpt-5.4`` and no tier of it."""
    if entry is not None:
        return entry.series, True
    served = listed.served.get(name.canonical) or listed.served.get(undated(name))
    line = served[0] if served is not None else listed.closed.get(name.canonical) or listed.closed.get(undated(name))
    if line is None or (name.family is None and name.company not in (None, line.company)):  # amazon.rerank-v1 is not Cohere's Rerank
        return None, False
    return line, listed.closed.get(undated(name)) == line


def _is_first(name: ModelName, entry: Entry | None, line: Series, listed: Listing) -> bool:
    """Whether the day of the series is the model's: that of a later edition, or of a version that the series does not name, is another one.

    What a series calls its first version had no number when it came: gemma-7b. Where all its checkpoints are of one version, the day is that one's.
    """
    if entry is not None and fold(entry.version) != fold(line.version) and (entry.version is not None or line.version != _FIRST):
        others = (one.version for one in listed.by_family.get(line.family, ()) if one.series.name == line.name)
        if any(fold(version) != fold(entry.version) for version in others):
            return False
    return name.released is None or _same_month(name.released, line.released or "")


def _of_series(line: Series, *, everywhere: bool, first: bool) -> _Said:
    """What the series' own entry says: of every checkpoint that it lists; of what is only served, where the name is the series' own."""
    source = Source(line.source, line.checked, "series")
    said = _by_types(line.types)
    if line.licence is not None and everywhere:
        said["licence"] = vocabulary.spdx(line.licence)
    if everywhere and line.context_length is not None:
        said["context_length"] = line.context_length
    if everywhere and first and line.released is not None:
        said["released"] = line.released
    return _Said(said, source)


def _weights(name: ModelName, entry: Entry | None, line: Series | None) -> Iterator[_Said]:
    """Whether the weights were published: they are where the catalog lists a repository, else as the series says, else the whole family."""
    if entry is not None:
        yield _Said({"open_weights": True}, Source(entry.series.source, entry.series.checked, "model"))
        return
    if line is not None and line.weights != "mixed":
        yield _Said({"open_weights": line.weights == "open"}, Source(line.source, line.checked, "series"))
        return
    family = index().families.get(name.family or "")
    if family is not None and family.weights != "mixed":
        yield _Said({"open_weights": family.weights == "open"}, Source(family.source, family.checked, "family"))
