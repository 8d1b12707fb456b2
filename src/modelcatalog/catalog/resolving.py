"""Owns `resolve`: from a name to the repository that should have its weights, without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelcatalog import names, vocabulary
from modelcatalog.catalog.completing import named
from modelcatalog.catalog.index import company_named, fold, index
from modelcatalog.catalog.listing import (
    HUBS,
    Entry,
    Listing,
    accounts,
    checkpoint,
    is_repackager,
    known_hub,
    listing,
    on_hub,
    other,
    packaging,
    same_model,
    undated,
)  # fmt: skip
from modelcatalog.catalog.sizes import by_rules, near
from modelcatalog.errors import ClosedWeights
from modelcatalog.names.dictionary import current_dictionary

if TYPE_CHECKING:
    from modelcatalog.records import Checkpoint, Family, Hub, ModelName, RepositoryHub, Series

__all__ = ["resolve"]

_DAY = len("2025-07-11")


def resolve(name: str | ModelName, hub: Hub | None = None) -> Checkpoint:
    """The repository that should have the weights, from the catalog alone: no network.

    Args:
        name: A text or a record.
        hub: ``"huggingface"`` or ``"modelscope"``; None: the reference's own hub, else Hugging Face.

    Raises:
        NameSyntaxError: the text is not a name.
        ClosedWeights: the weights were never published.
        Unsupported: ``hub`` is none that has repositories.

    >>> resolve("z-ai/glm-4.7-flash").repo_id
    'zai-org/GLM-4.7-Flash'
    """
    known_hub(hub)
    name = named(name)
    target = next((one for one in HUBS if one == (hub or name.hub)), HUBS[0])
    listed = listing()
    found = _by_id(name, listed, target) or _by_model(name, listed, target)
    if found is None:
        _refuse_closed(name, listed)
        found = _derived(name, listed, target)
    return found.model_copy(update={"revision": name.revision, "file": name.file if name.owner else None})


def _by_id(name: ModelName, listed: Listing, target: RepositoryHub) -> Checkpoint | None:
    """The id itself is in the catalog, on this hub or on the other."""
    if name.owner is None or name.name is None:
        return None
    text = f"{name.owner}/{name.name}".lower()
    entry = listed.by_id[target].get(text) or listed.by_id[other(target)].get(text)
    return None if entry is None else on_hub(entry, target)


def _by_model(name: ModelName, listed: Listing, target: RepositoryHub) -> Checkpoint | None:
    """A bare or API spelling of a model that the catalog lists."""
    account = None if name.owner is None else current_dictionary().accounts.get(name.owner.lower())
    if name.owner is not None and (account is None or account.repackager or (not (name.name or "").islower() and _is_account(name.owner))):
        return None  # an API id is lower case; what is not names a repository, and is that repository
    exact = (_tuned(name, listed) if name.tag is not None else []) or same_model(name, listed)
    entries = exact or _nearest(name, listed)
    if not entries:
        return None
    wanted = packaging(name)
    company = None if account is None else account.company
    ranked = sorted(entries, key=lambda entry: (company is not None and entry.series.company != company, _distance(wanted, entry.packaging)))
    found = on_hub(ranked[0], target, ranked[1:])
    return found if exact else found.model_copy(update={"confidence": "derived"})


def _tuned(name: ModelName, listed: Listing) -> list[Entry]:
    """A tag of Ollama that names no stage of training serves the edition for instructions: ``llama3.2:3b``."""
    if name.hub in HUBS or not set(name.types).isdisjoint(vocabulary.flagged("edition")):
        return []
    for word in vocabulary.stages("finished"):
        if entries := listed.by_model.get(str(name.identity.too(word))):
            return entries
    return []


def _is_account(owner: str) -> bool:
    """Whether the owner publishes on a hub, or is but a word of API ids."""
    return any(owner.lower() in (a.lower() for a in (*company.huggingface, *company.modelscope)) for company in index().companies)


def _nearest(name: ModelName, listed: Listing) -> list[Entry]:
    """The model whose repository says more than an API id does, or less: ``mistral-large-2512``, ``kimi-k2-turbo``.

    Every word of the id must be in the repository's name, but for those of speed; what the repository's name has
    beyond them may be a size, an edition for instructions, or the version of an id that has a date instead.
    """
    words, date = _own_words(name.identity.words, name.version), name.identity.date
    own = name.identity.family.split("-")
    several = len(own) > 1  # alone, GPT-NeoX means its model, and Falcon none of its many
    if name.family is None or not (words or date or name.version or several):
        return []
    wanted = words - vocabulary.speeds()
    if wanted != words and name.canonical in listed.served:
        return []  # qwen-turbo is a model of its own that is only served
    total = None if name.size is None or name.size.experts is not None else name.size.total
    stated = _sizes_in(wanted) if total is not None else frozenset()
    found: dict[str, list[Entry]] = {}
    ranks: dict[str, tuple[Any, ...]] = {}
    for entry in listed.by_family.get(name.family, ()):
        if fold(entry.version) != fold(name.version) and (name.version is not None or not (wanted or date or several)):
            continue
        its_date, has = entry.date, _own_words(entry.words, entry.version)
        more = has - words
        missing = wanted - has
        if missing and missing <= stated and not _sizes_in(has) and near(_total(entry), total):
            missing = frozenset()  # deepseek-r1:671b: the catalog knows the size that the repository does not state
            more -= _tiers()
        if stated and "distill" in more:
            more = frozenset(word for word in more - {"distill"} if word.rstrip("0123456789.") not in _families())  # deepseek-r1:7b
        if missing or not all(_is_detail(word) or word in own for word in more) or (date and its_date != date and (its_date or not _released(entry, date))):
            continue
        found.setdefault(entry.model, []).append(entry)
        newest = [-ord(char) for char in entry.series.released or ""]
        stages = more.intersection(vocabulary.stages("finished"))
        ranks[entry.model] = (
            "base" in more, name.version is None and newest, len(more - stages), bool(its_date) and not date,
            *((-(_total(entry) or 0), newest, not stages) if name.version else (newest, not stages, -(_total(entry) or 0))),
        )  # fmt: skip
    if not found:
        return []
    best = min(found, key=lambda model: ranks[model])
    return found[best]


def _total(entry: Entry) -> int | None:
    size = by_rules(names.read(entry.huggingface or entry.modelscope or entry.model)).size
    return None if size is None else size.total


@vocabulary.derived
def _families() -> frozenset[str]:
    return frozenset(name.lower() for name in index().families)


@vocabulary.derived
def _tiers() -> frozenset[str]:
    return frozenset(vocabulary.tiers())


def _sizes_in(words: frozenset[str]) -> frozenset[str]:
    return frozenset(word for word in words if word[0].isdigit() and word[-1] in "bmt")


def _released(entry: Entry, date: str) -> bool:
    """Whether the date of an id is the day, or the month, on which the series came out: ``codestral-2405``."""
    day, known = entry.series.released or "", date.lstrip("-")
    return bool(known) and (day.startswith(known) or (date[0] == "-" and day.endswith(f"-{known}") and len(day) == _DAY))


def _own_words(words: tuple[str, ...], version: str | None) -> frozenset[str]:
    """The words beside family and version; some names write the version twice."""
    return frozenset(words) - {(version or "").lower()}


def _is_detail(word: str) -> bool:
    known = word in vocabulary.stages("finished") or word in vocabulary.stages("pretrained")
    return known or (word[0].isdigit() and word[-1] in "bmte") or (word[0] == "a" and word[-1] == "b")


def _distance(wanted: tuple[Any, ...], has: tuple[Any, ...]) -> int:
    """How far one packaging is from another; what was asked for counts most."""
    return sum(8 >> i for i, (a, b) in enumerate(zip(wanted, has, strict=True)) if a != b)


def _refuse_closed(name: ModelName, listed: Listing) -> None:
    """Raise for models that are only served."""
    account = None if name.owner is None else current_dictionary().accounts.get(name.owner.lower())
    if name.owner is not None and account is None:
        return
    if account is not None and account.repackager:
        return
    family = index().families.get(name.family or "")
    if family is None:
        return
    match = listed.served.get(name.canonical) or listed.served.get(undated(name))
    closed = match is not None or family.weights == "closed"
    if not closed and family.weights == "mixed":
        lines = index().by_version.get((family.name, fold(name.version)), [])
        closed = bool(lines) and all(line.weights == "closed" for line in lines)
    if closed:
        raise _closed(name, family, match)


def _closed(name: ModelName, family: Family, match: tuple[Series, str] | None) -> ClosedWeights:
    company = company_named(family.company)
    message = f"{name.source!r}: {company.name} has not published the weights of {match[0].name if match else family.name}"
    served = any(line.family == family.name for line, _ in listing().served.values())
    if not served:
        return ClosedWeights(message, subject=name.source, hint=f"no API of {company.name} is known to serve it either")
    if company.api is None:
        hint = f"{company.api_docs or company.site or company.name} tells how it is served; its API is not OpenAI-compatible"
        return ClosedWeights(message, subject=name.source, hint=hint)
    model = match[1] if match else name.name
    hint = f"{company.name}'s API serves it: set {company.api_key or 'the API key'} and use modelcatalog.load({model!r}, engine=\"openai\")"
    return ClosedWeights(message, subject=name.source, hint=hint)


def _derived(name: ModelName, listed: Listing, target: RepositoryHub) -> Checkpoint:
    """Not listed: the account's renaming rule, or the id as it stands."""
    bare = name.name or name.source
    if name.owner is None:
        family = index().families.get(name.family or "")
        company = family and company_named(family.company)
        account = company and next(iter(accounts(company, target)), None)
        return checkpoint(target, f"{account}/{bare}" if account else bare, None, "guessed", exists=None)
    elsewhere = other(target)
    owner = name.owner.lower()
    here = {a.lower() for c in index().companies for a in accounts(c, target)}
    if name.hub != elsewhere and owner in here:
        return checkpoint(target, f"{name.owner}/{bare}", None, "derived", exists=None)
    account = listed.account[elsewhere].get(owner)
    if account is None and target == HUBS[0] and is_repackager(owner):
        family = index().families.get(name.family or "")
        company = family and company_named(family.company)
        if owner in {a.lower() for entry in vocabulary.hubs().repackager for a in entry.modelscope if a not in entry.huggingface}:
            listed_here = next((e for e in listed.entries if e.huggingface and e.huggingface.lower().endswith(f"/{bare.lower()}")), None)
            if listed_here is not None:
                return checkpoint(target, listed_here.huggingface or "", listed_here, "derived", exists=True)
            account = company and next(iter(company.huggingface), None)
    if account is None:
        return checkpoint(target, f"{name.owner}/{bare}", None, "guessed", exists=None)
    return checkpoint(target, f"{account}/{bare}", None, "derived", exists=None)
