"""Owns the list of checkpoints: every repository that the data files name, by id on either hub and by model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from modelcatalog import names, userfolder, vocabulary
from modelcatalog.catalog.index import index
from modelcatalog.catalog.packaging import Packaging, packaging
from modelcatalog.catalog.sizes import by_rules, fold
from modelcatalog.errors import Unsupported
from modelcatalog.known import Checkpoint, Company, Series
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.pausing import lasting
from modelcatalog.records import ModelName, RepositoryHub, valid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from modelcatalog.catalog.fetched import Fetched, New
    from modelcatalog.entries import CompanyFile, SeriesEntry
    from modelcatalog.known import Confidence
    from modelcatalog.records import Hub, Size

__all__ = [
    "HUBS",
    "LIBRARY",
    "Entry",
    "Listing",
    "Packaging",
    "accounts",
    "bare_name",
    "checkpoint",
    "entries_of",
    "fetched",
    "has_open_line",
    "hub_revision",
    "is_repackager",
    "known_hub",
    "known_ids",
    "listed_checkpoint",
    "listed_checkpoints",
    "listing",
    "means_newest",
    "moves",
    "of_library",
    "on_hub",
    "other",
    "packaging",
    "recorded",
    "same_model",
    "spelled",
    "tagged",
    "undated",
]

HUBS: tuple[RepositoryHub, ...] = get_args(RepositoryHub)
"""Hubs whose repositories the catalog lists; the first is the one that is meant where nothing tells which."""
LIBRARY = (None, "library", "ai")
"""Owners of Ollama's own names, and of Docker's."""


_STATED = set(Checkpoint.model_fields)


def known_hub(hub: object) -> None:
    """Refuse what a caller gave as a hub and is none that has repositories.

    Raises:
        Unsupported: naming those that there are.

    >>> known_hub("modelscope")
    """
    if hub is not None and hub not in HUBS:
        message = f"there is no hub {hub!r} to take files from"
        raise Unsupported(message, subject=str(hub), hint="pass " + " or ".join(f'hub="{one}"' for one in HUBS))


def other(hub: RepositoryHub) -> RepositoryHub:
    """The hub that may have what this one has not.

    >>> other("modelscope")
    'huggingface'
    """
    return next(one for one in HUBS if one != hub)


def accounts(company: Company, hub: RepositoryHub) -> tuple[str, ...]:
    """A company's accounts on a hub, the main one first."""
    return company.huggingface if hub == HUBS[0] else company.modelscope


class Entry(NamedTuple):
    """One checkpoint: its ids, and the series that it belongs to."""

    huggingface: str | None
    modelscope: str | Literal[False] | None
    series: Series
    model: str
    """The canonical name of the model."""
    words: tuple[str, ...]
    """Those of its identity, and the date: thousands of whole identities would be so many more objects to collect."""
    date: str
    version: str | None
    packaging: Packaging


class Listing(NamedTuple):
    """Checkpoints by id on either hub, and by model."""

    by_id: dict[str, Mapping[str, Entry]]
    by_model: Mapping[str, list[Entry]]
    by_family: Mapping[str, list[Entry]]
    by_name: Mapping[str, list[Entry]]
    """The bare name as `spelled` writes it -> the checkpoints of that name."""
    served: dict[str, tuple[Series, str]]
    """Canonical name of a model that is only served -> its series and API id."""
    known_as: dict[str, str]
    """An API's id, as `spelled` writes it -> the repository on Hugging Face that the vendor says it is."""
    moving: dict[str, date]
    """Those of them that move from model to model -> the day on which it was so."""
    closed: dict[str, Series]
    """Canonical name of a series without published weights -> the series."""
    account: dict[str, dict[str, str]]
    """Hub -> lower-case account there -> the same company's account on the other hub."""
    accounts: dict[str, dict[str, str]]
    """Hub -> lower-case account there -> the account as it is written."""
    owners: frozenset[str]
    """Owners of API ids, in lower case."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, by family."""
        return tuple(entry for some in self.by_family.values() for entry in some)


def _shared() -> dict[str, Sequence[object]]:
    return {"Series": index().series}


@vocabulary.kept("listing", Listing, Entry, Packaging, Series, known=_shared, seldom=(Entry, Packaging))
def recorded() -> Listing:
    """The checkpoints of the data files, by what they are looked up by; a few thousand names are read when this is first asked for."""
    entries: list[Entry] = []
    served: dict[str, tuple[Series, str]] = {}
    without_date: dict[str, tuple[Series, str]] = {}
    closed: dict[str, Series] = {}
    lines = iter(index().series)
    for file in vocabulary.companies():
        for family in file.family:
            for entry in family.series:
                line = next(lines)
                entries += entries_of(file, entry, line)
                if line.weights == "closed":
                    closed.setdefault(names.read(entry.name).canonical, line)
                for name in entry.api:
                    read = names.read(name)
                    served.setdefault(read.canonical, (line, name))
                    without_date.setdefault(undated(read), (line, name))
    served = {**without_date, **served}  # what an id says for itself comes before what a dated one tells of it
    by_model: dict[str, list[Entry]] = {}
    by_family: dict[str, list[Entry]] = {}
    by_name: dict[str, list[Entry]] = {}
    for found in entries:
        by_model.setdefault(found.model, []).append(found)
        by_family.setdefault(found.series.family, []).append(found)
        by_name.setdefault(spelled(bare_name(found)), []).append(found)
    return Listing(
        _by_id(entries), by_model, by_family, by_name, served, _known_as(), _moving(), closed, _renamed_accounts(), _accounts(), _owners(),
    )  # fmt: skip


@vocabulary.derived
def fetched() -> Fetched | None:
    """What `modelcatalog update` fetched; None where it never did, and where that is switched off: who has none pays one look for it."""
    found = userfolder.find()
    if found is None:
        return None
    from modelcatalog.catalog.fetched import read  # nobody else needs it

    return read(found, known_ids)


def known_ids() -> dict[str, Mapping[str, Entry]]:
    """Hub -> lower-case id -> the checkpoint, of those that the data files name."""
    return recorded().by_id


@vocabulary.derived
def listing() -> Listing:
    """The checkpoints of the data files, then those that are new in what `modelcatalog update` fetched."""
    own, table = recorded(), fetched()
    if table is None or not any(table.new.values()):
        return own
    with lasting():
        return _with_new(own, [*_new_entries(table)])


def _with_new(own: Listing, new: list[Entry]) -> Listing:
    by_model, by_family, by_name = dict(own.by_model), dict(own.by_family), dict(own.by_name)
    for found in new:
        for of, key in ((by_model, found.model), (by_family, found.series.family), (by_name, spelled(bare_name(found)))):
            of[key] = [*of.get(key, ()), found]
    by_id: dict[str, Mapping[str, Entry]] = {hub: {**ids, **own.by_id[hub]} for hub, ids in _by_id(new).items()}
    return own._replace(by_id=by_id, by_model=by_model, by_family=by_family, by_name=by_name)


def _new_entries(table: Fetched) -> Iterator[Entry]:
    """New repositories as checkpoints; those of one name on both hubs as one."""
    here, there = ({_key(one): one for one in table.new.get(hub, ())} for hub in HUBS)
    lines: dict[tuple[str, str | None], Series] = {}
    for key, one in here.items():
        twin = there.pop(key, None)
        yield _new_entry(one, one.id, None if twin is None else twin.id, lines)
    for one in there.values():
        yield _new_entry(one, None, one.id, lines)


def _key(one: New) -> tuple[str, str]:
    return one.company, spelled(one.id.rpartition("/")[2])


def _new_entry(one: New, here: str | None, there: str | None, lines: dict[tuple[str, str | None], Series]) -> Entry:
    key = (one.family, fold(one.version))
    if key not in lines:
        known = index().by_version.get(key, [])
        lines[key] = next((line for line in known if line.weights != "closed"), None) or Series(
            name=one.series, family=one.family, company=one.company, version=one.version, weights="open", source=one.source, checked=one.day,
        )  # fmt: skip
    return Entry(here, there, lines[key], one.model, one.words, one.date, one.version, one.packaging)


_SEPARATORS = str.maketrans("_. ", "---")


def hub_revision(name: ModelName) -> str | None:
    """The revision that a hub may be asked for: the version that Kaggle, MLflow or Azure counts is none of its."""
    if name.revision is None or name.hub in HUBS:
        return name.revision
    at = next((k for k, segment in enumerate(name.segments) if segment.kind == "revision"), 0)
    before = name.segments[at - 1].text if at else ""
    foreign = name.provider not in (None, "huggingface") or name.segments[0].kind in ("path", "route") or not before.strip(":/")
    return None if foreign else name.revision


def spelled(bare: str) -> str:
    """A repository's name as people retype it: whatever the case and the separators.

    >>> spelled("Llama_3.1-8B")
    'llama-3-1-8b'
    """
    return bare.lower().translate(_SEPARATORS)


def _known_as() -> dict[str, str]:
    """An API's id -> the repository."""
    found: dict[str, str] = {}
    for file in vocabulary.companies():
        for family in file.family:
            for entry in family.series:
                main = entry.huggingface or next(iter(file.accounts.huggingface), "")
                for name, bare in entry.known_as.items():
                    found[spelled(name)] = bare if "/" in bare else f"{main}/{bare}"
    return found


def _moving() -> dict[str, date]:
    """An API's id that moves -> the day on which it stood for the repository."""
    lines = (entry for file in vocabulary.companies() for family in file.family for entry in family.series if entry.known_as_of is not None)
    return {spelled(name): entry.known_as_of for entry in lines if entry.known_as_of is not None for name in entry.known_as}


def tagged(name: ModelName, listed: Listing) -> list[Entry]:
    """The checkpoint that a tag of Ollama's library is known to be, where later editions are called otherwise: ``cogito:70b``."""
    repo_id = listed.known_as.get(spelled(f"{name.name}-{name.tag}")) if name.tag else None
    entry = None if repo_id is None else listed.by_id[HUBS[0]].get(repo_id.lower())
    return [] if entry is None else [entry]


def of_library(name: ModelName) -> bool:
    """Whether it is a name of Ollama's library.

    >>> [of_library(names.read(text)) for text in ("starcoder:7b", "ollama/llama3", "Qwen/Qwen3-8B", "amazon.nova-pro-v1:0")]
    [True, True, False, False]
    """
    if name.owner not in LIBRARY:
        return False
    return "ollama" in (name.hub, name.provider) or (name.tag is not None and name.provider is None and name.hub is None)


def has_open_line(name: ModelName) -> bool:
    """Whether a series of the name's family and version has published weights."""
    return any(line.weights != "closed" for line in index().by_version.get((name.family or "", fold(name.version)), ()))


def means_newest(name: ModelName, served: str) -> bool:
    """Whether an API's id stands for the newest of an open line that the name speaks of: internlm2-latest, of internlm2.

    >>> means_newest(names.read("internlm2"), "internlm2-latest"), means_newest(names.read("glm-4"), "glm-4")
    (True, False)
    """
    moving = served.lower().endswith("latest") and "latest" not in (name.name or "").lower()
    return name.version is not None and not name.identity.words and moving and has_open_line(name)


def moves(name: ModelName) -> bool:
    """Whether the name means another model each time that there is a newer one.

    >>> moves(names.read("mistral-small-latest")), moves(names.read("gpt-5.2-chat-latest"))
    (True, False)
    """
    return name.version is None and "latest" in name.identity.words


def bare_name(entry: Entry) -> str:
    """The repository's name without its account."""
    return (entry.huggingface or entry.modelscope or "").rpartition("/")[2]


def _owners() -> frozenset[str]:
    return frozenset(owner.lower() for file in vocabulary.companies() for owner in file.accounts.api)


def _accounts() -> dict[str, dict[str, str]]:
    """Hub -> lower-case account there -> the account as it is written, of companies and of those who repackage."""
    return {hub: {one.lower(): one for company in reversed(index().companies) for one in accounts(company, hub)} for hub in HUBS}


def _by_id(entries: list[Entry]) -> dict[str, Mapping[str, Entry]]:
    """Hub -> lower-case id there -> the checkpoint."""
    found: dict[str, dict[str, Entry]] = {"huggingface": {}, "modelscope": {}}
    named: set[str] = set()
    for entry in entries:
        if entry.huggingface:
            found["huggingface"].setdefault(entry.huggingface.lower(), entry)
        if entry.modelscope:
            # Several ids there can mean one here; the one of the same name is meant first.
            key = entry.modelscope.lower()
            alike = entry.huggingface is not None and entry.huggingface.lower().endswith(key.partition("/")[2])
            if key not in found["modelscope"] or (alike and key not in named):
                found["modelscope"][key] = entry
            if alike:
                named.add(key)
    return dict(found)


def _renamed_accounts() -> dict[str, dict[str, str]]:
    """Hub -> lower-case account there -> the same company's account on the other hub."""
    accounts: dict[str, dict[str, str]] = {"huggingface": {}, "modelscope": {}}
    mirrors = vocabulary.hubs().mirrors
    for file in vocabulary.companies():
        hf, ms = file.accounts.huggingface, file.accounts.modelscope
        for account in hf:
            target = _there(account, ms, mirrors)
            if target:
                accounts["huggingface"].setdefault(account.lower(), target)
        for account in ms:
            if hf and not is_repackager(account):
                same = next((a for a in hf if a.lower() == account.lower()), hf[0])
                accounts["modelscope"].setdefault(account.lower(), same)
    return accounts


def undated(name: ModelName) -> str:
    """The canonical name without its date, or the word that stands for the newest one."""
    return str(name.identity.but("latest").undated())


def _there(account: str, modelscope: tuple[str, ...], mirrors: dict[str, str]) -> str | None:
    """The ModelScope account for a Hugging Face one: of the same name, else the mirror, else the company's main one."""
    same = next((name for name in modelscope if name.lower() == account.lower()), None)
    return same or mirrors.get(account) or next(iter(modelscope), None)


def is_repackager(account: str) -> bool:
    """Whether the account publishes the models of others."""
    known = current_dictionary().accounts.get(account.lower())
    return known is not None and known.repackager


def entries_of(file: CompanyFile, entry: SeriesEntry, line: Series) -> Iterator[Entry]:
    """The checkpoints of a series."""
    mirrors = vocabulary.hubs().mirrors
    for name in vocabulary.model_names(file.name, line.family, entry):
        owner, slash, bare = name.rpartition("/")
        main = entry.huggingface if entry.huggingface is not None else next(iter(file.accounts.huggingface), None)
        account = owner if slash else main
        theirs: str | Literal[False] | None = entry.modelscope
        if theirs is None:
            theirs = _there(account, file.accounts.modelscope, mirrors) if account else next(iter(file.accounts.modelscope), None)
        there: str | Literal[False] | None = theirs and f"{theirs}/{bare}"
        renamed = entry.renamed.get(name, entry.renamed.get(bare))
        if renamed is not None:
            there = renamed if renamed is False or "/" in renamed else theirs and f"{theirs}/{renamed}"
        if not account and not there:
            continue  # its company publishes nowhere, so no repository is known
        read = names.read(f"{account}/{bare}" if account else bare)
        here, identity = f"{account}/{bare}" if account else None, read.identity
        yield Entry(here, there, line, read.canonical, identity.words, identity.date, read.version, packaging(read))


def listed_checkpoints(model: str | None = None) -> tuple[Checkpoint, ...]:
    """Every checkpoint, or those of the model of that canonical name."""
    listed = listing()
    entries = listed.entries if model is None else listed.by_model.get(model, ())
    return tuple(found for entry in entries for hub in HUBS if (found := listed_checkpoint(entry, hub)) is not None)


def listed_checkpoint(entry: Entry, hub: Hub) -> Checkpoint | None:
    """The checkpoint on one hub, where the catalog lists it there."""
    repo_id = entry.huggingface if hub == "huggingface" else entry.modelscope
    if not repo_id:
        return None
    sourced = entry.series.source != "unverified"
    return checkpoint(hub, repo_id, entry, "sourced" if sourced and hub == "huggingface" else "recorded", exists=True)


def checkpoint(hub: Hub, repo_id: str, entry: Entry | None, confidence: Confidence, *, exists: bool | None) -> Checkpoint:
    """The record of a repository, with the size that its name or the catalog tells."""
    size = None if entry is None else _size(repo_id)
    line = None if entry is None else entry.series
    source, checked = line.source if line else "unverified", None if line is None else line.checked
    gated: bool | None = None
    base: tuple[str, ...] = ()
    table = fetched()
    if table is not None and (one := table.listed(hub, repo_id)) is not None:
        confidence, exists = "sourced" if confidence == "recorded" else confidence, True
        source, checked, gated, base = one.source, one.day, one.gated, one.base_models
    elif exists and table is not None and (whole := table.whole(hub, repo_id)) is not None:
        # It may be renamed, private by now, or gone: a hub that no longer lists it may still send it on.
        exists, source, checked = None, whole.source, whole.day
    fields = {
        "asked": None, "hub": hub, "repo_id": repo_id, "revision": None, "file": None, "exists": exists, "confidence": confidence, "alternatives": (),
        "moving": None, "series": None if line is None else line.name, "size": size, "page": source,
        "checked": checked, "gated": gated, "base_models": base,
    }  # fmt: skip
    return valid(Checkpoint, fields, _STATED)


@vocabulary.derived
def _known_sizes() -> dict[str, Size | None]:
    """Repository -> its size, of those that were asked for; there are no more of them than the catalog lists."""
    return {}


def _size(repo_id: str) -> Size | None:
    """The size of a listed repository: reading its name again is half of what finding it would cost."""
    known = _known_sizes()
    if repo_id not in known:
        known[repo_id] = by_rules(names.read(repo_id)).size
    return known[repo_id]


def on_hub(entry: Entry, target: Hub, others: Iterable[Entry] = ()) -> Checkpoint:
    """The checkpoint on one hub, or the word that it is not there, and what else could be meant."""
    found = listed_checkpoint(entry, target)
    if found is not None:
        alternatives = tuple(dict.fromkeys(c.repo_id for e in others if (c := listed_checkpoint(e, target)) is not None and c.repo_id != found.repo_id))
        return found.model_copy(update={"alternatives": alternatives})
    here = entry.huggingface or entry.modelscope or ""
    missing = entry.modelscope is False or (target == "huggingface" and entry.huggingface is None)
    return checkpoint(target, here, entry, "recorded" if missing else "derived", exists=False if missing else None)


def same_model(name: ModelName, listed: Listing) -> list[Entry]:
    """The listed checkpoints of the model that the name means."""
    return next((entries for key in (name.canonical, *_kindred(name)) if (entries := listed.by_model.get(key))), [])


def _kindred(name: ModelName) -> Iterator[str]:
    """Spellings that leave out what a vendor's repository says: ``-instruct``, ``-it``, ``-hf``; or say more than it."""
    identity = name.identity
    for word in vocabulary.stages("finished"):
        if word not in identity.words:
            yield str(identity.too(word))
    for word in vocabulary.stages("finished"):
        if word in identity.words:  # qwen2.5-7b-chat: the vendor calls it instruct
            yield from (str(identity.but(word).too(other)) for other in vocabulary.stages("finished") if other != word)
    for word in (*vocabulary.stages("finished"), "preview", *vocabulary.stages("pretrained")):
        if word in identity.words:
            yield str(identity.but(word))
    if identity.date:
        yield str(identity.undated())
