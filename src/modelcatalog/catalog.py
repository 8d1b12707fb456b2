"""Owns what is known beyond the text: companies, families, checkpoints, sizes, and which repository has the weights.

Knows nothing of networks and files: everything here comes from the data files. Built when first asked for.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from modelcatalog import lexicon as _lexicon
from modelcatalog import parser, vocabulary
from modelcatalog.errors import CatalogDataError, ClosedWeights
from modelcatalog.patterns import expand
from modelcatalog.records import Checkpoint, Company, Family, Match, ModelName, Series, Size

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modelcatalog.records import Confidence, Hub, Weights

__all__ = [
    "checkpoints",
    "companies",
    "complete",
    "extend",
    "families",
    "find",
    "parse",
    "parse_many",
    "resolve",
    "search",
    "series",
    "siblings",
]

companies: tuple[Company, ...]
families: tuple[Family, ...]
series: tuple[Series, ...]

_HUBS: tuple[Literal["huggingface", "modelscope"], ...] = ("huggingface", "modelscope")
_STAGES = frozenset(
    ("instruct", "chat", "base", "thinking", "non-thinking", "reasoning", "moe", "preference", "dpo", "rl", "sft", "fine-tuned", "instruction-following", "aligned")
)
"""Types that tell how a model was trained and not how large it is."""
_TUNED = 50 * 10**9
"""Below this, a name with further words is taken for a fine-tune of the same size; larger models are rarely tuned whole."""


class SizeRules(NamedTuple):
    """A family's rules, those with the most words first."""

    all: tuple[SizeRule, ...]
    active: tuple[SizeRule, ...]
    """Those that know the active parameters: all that a name with a size can still learn."""


class Entry(NamedTuple):
    """One checkpoint: its ids, and the series that it belongs to."""

    huggingface: str | None
    modelscope: str | Literal[False] | None
    series: Series
    model: str
    """The canonical name of the model."""
    packaging: tuple[Any, ...]
    """Quantization and format: what tells the checkpoints of one model apart."""


class SizeRule(NamedTuple):
    """The size of the names that have all these words."""

    words: frozenset[str]
    version: str | None
    total: int | None
    active: int | None
    default: bool
    """Whether it is for every name of the series that no other rule takes."""


class Index(NamedTuple):
    """Everything that is looked up."""

    companies: tuple[Company, ...]
    families: dict[str, Family]
    series: tuple[Series, ...]
    by_version: dict[tuple[str, str | None], list[Series]]


def __getattr__(name: str) -> Any:  # noqa: ANN401  a module attribute
    if name in ("companies", "series"):
        return getattr(_index(), name)
    if name == "families":
        return tuple(_index().families.values())
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


# --- the records of the data files ------------------------------------------------------------


@cache
def _index() -> Index:
    every, by_name, all_series = [], {}, []
    by_version: dict[tuple[str, str | None], list[Series]] = {}
    for file in vocabulary.companies():
        every.append(_company(file))
        for entry in file.family:
            by_name[entry.name] = Family(
                name=entry.name, company=file.name, aliases=entry.aliases, zh=entry.zh, weights=entry.weights, about=entry.about,
                source=entry.source, checked=entry.checked,
            )  # fmt: skip
            for line in entry.series:
                made = _series(file, entry, line)
                all_series.append(made)
                by_version.setdefault((entry.name, _fold(made.version)), []).append(made)
    every += [_repackager(entry) for entry in vocabulary.hubs().repackager]
    return Index(tuple(every), by_name, tuple(all_series), by_version)


def _company(file: vocabulary.CompanyFile) -> Company:
    return Company(
        name=file.name, aliases=file.aliases, zh=file.zh, country=file.country, site=file.site, api=file.api, api_key=file.api_key, api_docs=file.api_docs,
        huggingface=file.accounts.huggingface, modelscope=file.accounts.modelscope, source=file.source, checked=file.checked,
    )  # fmt: skip


def _repackager(entry: vocabulary.Repackager) -> Company:
    return Company(name=entry.name, repackager=True, huggingface=entry.huggingface, modelscope=entry.modelscope, source="unverified")


def _series(file: vocabulary.CompanyFile, family: vocabulary.FamilyEntry, entry: vocabulary.SeriesEntry) -> Series:
    return Series(
        name=entry.name, family=family.name, company=file.name, version=parser.read(entry.name).version, weights=_weights(family, entry),
        released=entry.released, licence=entry.licence, context_length=entry.context_length, types=entry.types,
        source=family.source if entry.source == "unverified" else entry.source, checked=entry.checked or family.checked,
    )  # fmt: skip


def _weights(family: vocabulary.FamilyEntry, entry: vocabulary.SeriesEntry) -> Weights:
    if entry.weights is not None:
        return entry.weights
    if family.weights == "mixed" and entry.api and not entry.models:
        return "closed"
    return family.weights


def _fold(version: str | None) -> str | None:
    return None if version is None else version.lower()


# --- sizes ------------------------------------------------------------------------------------


def parse(text: str, *, strict: bool = False) -> ModelName:
    """A model's name as a record: what the text says, and what the catalog adds to it.

    No network, no files but the package's own data; a few dozen microseconds.

    Args:
        text: Any spelling: a hub id, URL, file, cache path, Ollama tag, API id or product name; at most 1,024 characters.
        strict: Refuse words that no rule takes.

    Raises:
        NameSyntaxError: empty, too long, control characters or, under ``strict``, an unknown word.

    >>> name = parse("Qwen2.5-Coder-3B-Instruct-AWQ")
    >>> name.family, name.version, name.size.total, name.types, name.quantization.method
    ('Qwen', '2.5', 3000000000, ('coder', 'instruct'), 'awq')
    """
    return complete(parser.read(text, strict=strict))


def parse_many(texts: Iterable[str], *, strict: bool = False) -> Iterator[ModelName]:
    """`parse` for each of many texts, one at a time and in order, in constant memory.

    Raises:
        NameSyntaxError: at the first text that is no name.

    >>> [name.family for name in parse_many(["Qwen3-8B", "phi-4"])]
    ['Qwen', 'Phi']
    """
    read = parser.read
    for text in texts:
        yield complete(read(text, strict=strict))


def complete(name: ModelName) -> ModelName:
    """The same record with the sizes that the catalog knows and the name does not state.

    >>> complete(parser.read("Phi-3-mini-4k-instruct")).size.total
    3800000000
    """
    rules = _sizes().get(name.family)  # type: ignore[arg-type]  # None has no rules
    if rules is None:
        return name
    size = name.size
    if size is None or size.total is None or ("size.total", "estimate") in name.origins:
        rule = _size_rule(rules.all, name) or _listed_size(rules.all, name)
    elif size.active is None and rules.active:
        rule = _size_rule(rules.active, name)
    else:
        return name
    return name if rule is None else _with_size(name, rule)


def _listed_size(rules: tuple[SizeRule, ...], name: ModelName) -> SizeRule | None:
    """The size of the series that lists the model under this very name: mistral-large-2411 does not say that it is Large 2."""
    if (name.size is not None and name.size.total is not None) or name.released is None or _index().families[name.family or ""].weights == "closed":
        return None
    entries = _same_model(name, _map())
    if not entries:
        return None
    version = _fold(entries[0].series.version)
    return next((rule for rule in rules if rule.version == version and rule.words <= _words(name) | _words(parser.read(entries[0].series.name))), None)


def _with_size(name: ModelName, rule: SizeRule) -> ModelName:
    size = name.size or Size()
    origins = dict(name.origins)
    total, active = size.total, size.active
    if rule.total is not None and (total is None or origins.get("size.total") == "estimate"):
        total = rule.total
        origins["size.total"] = "catalog"
    if rule.active is not None and active is None:
        active = rule.active
        origins["size.active"] = "catalog"
    if (total, active) == (size.total, size.active):
        return name
    filled = parser.size_of(size.label, total, active, size.experts)
    return parser.changed(name, size=filled, origins=tuple(origins.items()))


def _words(name: ModelName) -> frozenset[str]:
    return frozenset(name.canonical.partition("@")[0].split("-"))


def _size_rule(rules: tuple[SizeRule, ...], name: ModelName) -> SizeRule | None:
    """The rule with the most words that all are in the name; the default only where the other words change no size."""
    words, version = _words(name), _fold(name.version)
    size = name.size
    unstated = size is None or (size.total is None and size.active is None) or ("size.total", "estimate") in name.origins
    for rule in rules:
        if rule.version != version and rule.version is not None or not rule.words <= words:
            continue
        if not rule.default:
            return rule
        if unstated and name.base is None and _same_size(rule, words, name):
            return rule
        return None
    return None


def _same_size(rule: SizeRule, words: frozenset[str], name: ModelName) -> bool:
    """Whether the words beyond the rule's leave the size as it is."""
    rest = words - rule.words - {(name.version or "").lower()}
    if any(word in _tiers() or word[:1].isdigit() for word in rest):
        return False
    unknown = rest - _STAGES - _variants() - set(name.types)
    return not (set(name.types) - _STAGES - rule.words) and (not unknown or (rule.total or _TUNED) < _TUNED)


@cache
def _variants() -> frozenset[str]:
    return frozenset(vocabulary.variants())


@cache
def _tiers() -> frozenset[str]:
    return frozenset(vocabulary.tiers())


@cache
def _sizes() -> dict[str, SizeRules]:
    """Family -> its rules."""
    rules: dict[str, list[SizeRule]] = {}
    for file in vocabulary.companies():
        for family in file.family:
            for entry in family.series:
                for key, text in entry.sizes.items():
                    example = parser.read(f"{entry.name}-{key}" if key else entry.name)
                    total, active = vocabulary.split_size(text)
                    rules.setdefault(family.name, []).append(SizeRule(_words(example), _fold(example.version), total, active, not key))
    ordered = {name: tuple(sorted(some, key=lambda rule: (rule.default, -len(rule.words)))) for name, some in rules.items()}
    return {name: SizeRules(some, tuple(rule for rule in some if rule.active is not None)) for name, some in ordered.items()}


# --- checkpoints ------------------------------------------------------------------------------


class Map(NamedTuple):
    """Checkpoints by id on either hub, and by model."""

    entries: tuple[Entry, ...]
    by_id: dict[str, dict[str, Entry]]
    by_model: dict[str, list[Entry]]
    served: dict[str, tuple[Series, str]]
    """Canonical name of a model that is only served -> its series and API id."""
    account: dict[str, dict[str, str]]
    """Hub -> lower-case account there -> the same company's account on the other hub."""


@cache
def _map() -> Map:
    entries: list[Entry] = []
    served: dict[str, tuple[Series, str]] = {}
    accounts: dict[str, dict[str, str]] = {"huggingface": {}, "modelscope": {}}
    mirrors = vocabulary.hubs().mirrors
    lines = iter(_index().series)
    for file in vocabulary.companies():
        hf, ms = file.accounts.huggingface, file.accounts.modelscope
        for account in hf:
            target = _there(account, ms, mirrors)
            if target:
                accounts["huggingface"].setdefault(account.lower(), target)
        for account in ms:
            if hf and not _is_repackager(account):
                same = next((a for a in hf if a.lower() == account.lower()), hf[0])
                accounts["modelscope"].setdefault(account.lower(), same)
        for family in file.family:
            for entry in family.series:
                line = next(lines)
                entries += _entries(file, family, entry, line)
                for name in entry.api:
                    served.setdefault(parser.read(name).canonical, (line, name))
    by_id: dict[str, dict[str, Entry]] = {"huggingface": {}, "modelscope": {}}
    by_model: dict[str, list[Entry]] = {}
    for found in entries:
        if found.huggingface:
            by_id["huggingface"].setdefault(found.huggingface.lower(), found)
        if found.modelscope:
            # Several ids there can mean one here; the one of the same name is meant first.
            key = found.modelscope.lower()
            same = found.huggingface is not None and found.huggingface.lower().endswith(key.partition("/")[2])
            if same or key not in by_id["modelscope"]:
                by_id["modelscope"][key] = found
        by_model.setdefault(found.model, []).append(found)
    return Map(tuple(entries), by_id, by_model, served, accounts)


def _there(account: str, modelscope: tuple[str, ...], mirrors: dict[str, str]) -> str | None:
    """The ModelScope account for a Hugging Face one: of the same name, else the mirror, else the company's main one."""
    same = next((name for name in modelscope if name.lower() == account.lower()), None)
    return same or mirrors.get(account) or next(iter(modelscope), None)


def _is_repackager(account: str) -> bool:
    known = _lexicon.lexicon().accounts.get(account.lower())
    return known is not None and known.repackager


def _entries(file: vocabulary.CompanyFile, family: vocabulary.FamilyEntry, entry: vocabulary.SeriesEntry, line: Series) -> Iterator[Entry]:
    mirrors = vocabulary.hubs().mirrors
    for pattern in entry.models:
        try:
            names = expand(pattern)
        except ValueError as error:
            message = f"{file.name} › {family.name} › {entry.name}: models: {error}"
            raise CatalogDataError(message, subject=pattern) from error
        for name in names:
            owner, slash, bare = name.rpartition("/")
            if not slash:
                account = entry.huggingface if entry.huggingface is not None else next(iter(file.accounts.huggingface), None)
            else:
                account = owner
            theirs: str | Literal[False] | None = entry.modelscope
            if theirs is None and account:
                theirs = _there(account, file.accounts.modelscope, mirrors)
            there: str | Literal[False] | None = theirs and f"{theirs}/{bare}"
            renamed = entry.renamed.get(name, entry.renamed.get(bare))
            if renamed is not None:
                there = renamed if renamed is False or "/" in renamed else theirs and f"{theirs}/{renamed}"
            read = parser.read(f"{account}/{bare}" if account else bare)
            yield Entry(f"{account}/{bare}" if account else None, there, line, read.canonical, _packaging(read))


def _packaging(name: ModelName) -> tuple[Any, ...]:
    quantization = name.quantization
    return (quantization and quantization.method, quantization and quantization.bits, name.format, name.dtype)


def checkpoints(name: str | ModelName | None = None) -> tuple[Checkpoint, ...]:
    """Every checkpoint that the catalog lists, or those of one model, on both hubs."""
    listed = _map()
    entries: Iterable[Entry] = listed.entries
    if name is not None:
        entries = listed.by_model.get(_named(name).canonical, ())
    return tuple(found for entry in entries for hub in _HUBS if (found := _listed(entry, hub)) is not None)


def _listed(entry: Entry, hub: Hub) -> Checkpoint | None:
    repo_id = entry.huggingface if hub == "huggingface" else entry.modelscope
    if not repo_id:
        return None
    sourced = entry.series.source != "unverified"
    return _checkpoint(hub, repo_id, entry, "sourced" if sourced and hub == "huggingface" else "recorded", exists=True)


def _checkpoint(hub: Hub, repo_id: str, entry: Entry | None, confidence: Confidence, *, exists: bool | None) -> Checkpoint:
    size = None if entry is None else complete(parser.read(repo_id)).size
    line = None if entry is None else entry.series
    return Checkpoint(
        hub=hub, repo_id=repo_id, exists=exists, confidence=confidence, series=line and line.name, size=size,
        source=line.source if line else "unverified", checked=line and line.checked,
    )  # fmt: skip


def siblings(name: str | ModelName) -> tuple[Checkpoint, ...]:
    """The same model's official checkpoints in every quantization and format, on both hubs.

    >>> [c.repo_id for c in siblings("Qwen2.5-7B-Instruct") if c.hub == "huggingface"][:2]
    ['Qwen/Qwen2.5-7B-Instruct', 'Qwen/Qwen2.5-7B-Instruct-AWQ']
    """
    return checkpoints(_named(name))


def _named(name: str | ModelName) -> ModelName:
    return parse(name) if isinstance(name, str) else name


# --- resolve ----------------------------------------------------------------------------------


def resolve(name: str | ModelName, hub: Hub | None = None) -> Checkpoint:
    """The repository that should have the weights, from the catalog alone: no network.

    Args:
        name: A text or a record.
        hub: ``"huggingface"`` or ``"modelscope"``; None: the reference's own hub, else Hugging Face.

    Raises:
        NameSyntaxError: the text is no name.
        ClosedWeights: the weights were never published.

    >>> resolve("z-ai/glm-4.7-flash").repo_id
    'zai-org/GLM-4.7-Flash'
    """
    name = _named(name)
    target: Hub = hub or (name.hub if name.hub in _HUBS else "huggingface") or "huggingface"
    listed = _map()
    found = _by_id(name, listed, target) or _by_model(name, listed, target)
    if found is None:
        _refuse_closed(name, listed)
        found = _derived(name, listed, target)
    return found.model_copy(update={"revision": name.revision, "file": name.file if name.owner else None})


def _by_id(name: ModelName, listed: Map, target: Hub) -> Checkpoint | None:
    """The id itself is in the catalog, on this hub or on the other."""
    if name.owner is None or name.name is None:
        return None
    text = f"{name.owner}/{name.name}".lower()
    other = "modelscope" if target == "huggingface" else "huggingface"
    entry = listed.by_id[target].get(text) or listed.by_id[other].get(text)
    return None if entry is None else _on(entry, target)


def _on(entry: Entry, target: Hub, others: Iterable[Entry] = ()) -> Checkpoint:
    found = _listed(entry, target)
    if found is not None:
        alternatives = tuple(dict.fromkeys(c.repo_id for e in others if (c := _listed(e, target)) is not None and c.repo_id != found.repo_id))
        return found.model_copy(update={"alternatives": alternatives})
    here = entry.huggingface or entry.modelscope or ""
    missing = entry.modelscope is False or (target == "huggingface" and entry.huggingface is None)
    return _checkpoint(target, here, entry, "recorded" if missing else "derived", exists=False if missing else None)


def _by_model(name: ModelName, listed: Map, target: Hub) -> Checkpoint | None:
    """A bare or API spelling of a model that the catalog lists."""
    account = None if name.owner is None else _lexicon.lexicon().accounts.get(name.owner.lower())
    if name.owner is not None and (account is None or account.repackager or not (name.name or "").islower()):
        return None  # an API id is lower case; what is not names a repository, and is that repository
    entries = _same_model(name, listed)
    if not entries:
        return None
    wanted = _packaging(name)
    ranked = sorted(entries, key=lambda entry: _distance(wanted, entry.packaging))
    return _on(ranked[0], target, ranked[1:])


def _same_model(name: ModelName, listed: Map) -> list[Entry]:
    for key in (name.canonical, *_kindred(name)):
        if entries := listed.by_model.get(key):
            return entries
    return []


def _kindred(name: ModelName) -> Iterator[str]:
    """Spellings that leave out what a vendor's repository says: ``-instruct``, ``-it``, ``-hf``; or say more than it."""
    stem, at, date = name.canonical.partition("@")
    head = stem.split("-")
    fixed = 1 + (name.version is not None)
    for word in ("instruct", "chat"):
        if word not in head:
            yield "-".join([*head[:fixed], *sorted({*head[fixed:], word})]) + at + date
    for word in ("instruct", "chat", "preview", "base"):
        if word in head[fixed:]:
            yield "-".join([*head[:fixed], *(w for w in head[fixed:] if w != word)]) + at + date
    if at:
        yield stem


def _distance(wanted: tuple[Any, ...], has: tuple[Any, ...]) -> int:
    """How far one packaging is from another; what was asked for counts most."""
    return sum(8 >> i for i, (a, b) in enumerate(zip(wanted, has, strict=True)) if a != b)


def _refuse_closed(name: ModelName, listed: Map) -> None:
    """Raise for models that are only served."""
    account = None if name.owner is None else _lexicon.lexicon().accounts.get(name.owner.lower())
    if name.owner is not None and account is None:
        return
    if account is not None and account.repackager:
        return
    family = _index().families.get(name.family or "")
    if family is None:
        return
    match = listed.served.get(name.canonical)
    closed = match is not None or family.weights == "closed"
    if not closed and family.weights == "mixed":
        lines = _index().by_version.get((family.name, _fold(name.version)), [])
        closed = bool(lines) and all(line.weights == "closed" for line in lines)
    if closed:
        raise _closed(name, family, match)


def _closed(name: ModelName, family: Family, match: tuple[Series, str] | None) -> ClosedWeights:
    company = next(c for c in _index().companies if c.name == family.company)
    message = f"{name.source!r}: {company.name} has not published the weights of {match[0].name if match else family.name}"
    if company.api is None:
        docs = f" {company.api_docs} tells how it is served" if company.api_docs else f" no API of {company.name} is known to serve it"
        return ClosedWeights(message, subject=name.source, hint=docs.strip())
    model = match[1] if match else name.name
    hint = f"{company.name}'s API serves it: set {company.api_key or 'the API key'} and use modelcatalog.load({model!r}, engine=\"openai\")"
    return ClosedWeights(message, subject=name.source, hint=hint)


def _derived(name: ModelName, listed: Map, target: Hub) -> Checkpoint:
    """Not listed: the account's renaming rule, or the id as it stands."""
    bare = name.name or name.source
    if name.owner is None:
        family = _index().families.get(name.family or "")
        company = family and next(c for c in _index().companies if c.name == family.company)
        account = company and next(iter(company.huggingface if target == "huggingface" else company.modelscope), None)
        return _checkpoint(target, f"{account}/{bare}" if account else bare, None, "guessed", exists=None)
    other: Hub = "modelscope" if target == "huggingface" else "huggingface"
    owner = name.owner.lower()
    here = {a.lower() for c in _index().companies for a in (c.huggingface if target == "huggingface" else c.modelscope)}
    if name.hub != other and owner in here:
        return _checkpoint(target, f"{name.owner}/{bare}", None, "derived", exists=None)
    account = listed.account[other].get(owner)
    if account is None and target == "huggingface" and _is_repackager(owner):
        family = _index().families.get(name.family or "")
        company = family and next(c for c in _index().companies if c.name == family.company)
        if owner in {a.lower() for entry in vocabulary.hubs().repackager for a in entry.modelscope if a not in entry.huggingface}:
            listed_here = next((e for e in listed.entries if e.huggingface and e.huggingface.lower().endswith(f"/{bare.lower()}")), None)
            if listed_here is not None:
                return _checkpoint(target, listed_here.huggingface or "", listed_here, "derived", exists=True)
            account = company and next(iter(company.huggingface), None)
    if account is None:
        return _checkpoint(target, f"{name.owner}/{bare}", None, "guessed", exists=None)
    return _checkpoint(target, f"{account}/{bare}", None, "derived", exists=None)


# --- search -----------------------------------------------------------------------------------


def find(text: str) -> Match | None:
    """What a word or a name stands for: company, family, series and checkpoint, as far as it reaches.

    >>> find("通义千问").family.name, find("gpt-4o").company.name, find("xyzzy")
    ('Qwen', 'OpenAI', None)
    """
    if not text.strip():
        return None
    index = _index()
    squeezed = "".join(char for char in text.lower() if char.isalnum())
    named = _lexicon.lexicon().company_of.get(squeezed)
    name = parse(text)
    family = index.families.get(name.family or "")
    if named is not None and (family is None or name.version is None):
        company = next(c for c in index.companies if c.name == named)
        own = family if family is not None and family.company == named else None
        return Match(company=company, family=own)
    if family is None:
        return None
    company = next(c for c in index.companies if c.name == family.company)
    lines = index.by_version.get((family.name, _fold(name.version)), [])
    entries = _same_model(name, _map())
    line = entries[0].series if entries else lines[0] if lines and name.version else None
    return Match(company=company, family=family, series=line, checkpoint=_on(entries[0], "huggingface", entries[1:]) if entries else None)


def search(
    text: str | None = None,
    *,
    company: str | None = None,
    family: str | None = None,
    weights: Weights | None = None,
    type: str | None = None,  # noqa: A002  the field's name
    licence: str | None = None,
    since: str | None = None,
    smallest: int | None = None,
    largest: int | None = None,
    hub: Hub | None = None,
) -> Iterator[Checkpoint]:
    """Checkpoints that meet every condition, in the catalog's order.

    Args:
        text: A part of the repository's id.
        company: A company's name or alias.
        family: A family's name.
        weights: Series with open, closed or mixed weights.
        type: A canonical type word, in the name or of the whole series.
        licence: As in the data: ``apache-2.0``.
        since: ISO date or the beginning of one: series released then or later.
        smallest: Least total parameters.
        largest: Most total parameters.
        hub: One hub only.

    >>> next(search(family="Qwen", type="coder", largest=2_000_000_000)).hub
    'huggingface'
    """
    wanted = None if company is None else _lexicon.lexicon().company_of.get("".join(c for c in company.lower() if c.isalnum()), company)
    for entry in _map().entries:
        line = entry.series
        if wanted is not None and line.company != wanted or family is not None and line.family != family:
            continue
        if weights is not None and line.weights != weights or licence is not None and line.licence != licence:
            continue
        if since is not None and (line.released is None or line.released < since):
            continue
        for place in _HUBS if hub is None else (hub,):
            found = _listed(entry, place)
            if found is None or text is not None and text.lower() not in found.repo_id.lower():
                continue
            if type is not None and type not in line.types and type not in parser.read(found.repo_id).types:
                continue
            total = found.size and found.size.total
            if (smallest is not None or largest is not None) and total is None:
                continue
            if total is not None and (smallest is not None and total < smallest or largest is not None and total > largest):
                continue
            yield found


def extend(path: str | Path) -> None:
    """Add companies, families and checkpoints from a TOML file, or a folder of them, of the package's own form.

    Raises:
        CatalogDataError: what is wrong in which entry; the catalog is then as it was before.
    """
    vocabulary.add(Path(path))
    _forget()


def _forget() -> None:
    _lexicon.reset()
    for cached in (_index, _sizes, _map):
        cached.cache_clear()
