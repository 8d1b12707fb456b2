"""Owns `resolve`: from a name to the repository that should have its weights, without the network."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

from modelcatalog import names, vocabulary
from modelcatalog.catalog.completing import worded
from modelcatalog.catalog.index import company_named, index
from modelcatalog.catalog.knowing import facts, retirement
from modelcatalog.catalog.listing import (
    HUBS,
    LIBRARY,
    Entry,
    Listing,
    accounts,
    bare_name,
    checkpoint,
    has_open_line,
    hub_revision,
    is_repackager,
    listing,
    means_newest,
    moves,
    of_library,
    on_hub,
    other,
    same_model,
    spelled,
    tagged,
    undated,
)  # fmt: skip
from modelcatalog.catalog.meaning import SIZE, meant, tuned
from modelcatalog.catalog.nearest import kin, misspelt, nearest, newest, ranked, released_on, slips
from modelcatalog.catalog.sizes import fold
from modelcatalog.errors import ClosedWeights, NameSyntaxError
from modelcatalog.known import Checkpoint  # noqa: TC001  typing.get_type_hints reads it
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.records import ModelName, RepositoryHub  # noqa: TC001  typing.get_type_hints reads them

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelcatalog.known import Company, Family, Series
    from modelcatalog.names.dictionary import Account

_ASIDE = {"separator", "hub", "path", "route", "owner", "company"}
"""Segments that say nothing of the model."""

__all__ = ["names_family_alone", "reached", "resolve", "served_now"]

_PARAMETERS = 10**7
"""From here on a size is a number of parameters, which no API states of a model whose weights it keeps."""


def resolve(name: str | ModelName, hub: RepositoryHub | None = None) -> Checkpoint:
    """The repository that should have the weights, from the catalog alone: no network.

    Args:
        name: A text or a record.
        hub: ``"huggingface"`` or ``"modelscope"``; None: the reference's own hub, else Hugging Face.

    Raises:
        NameSyntaxError: the text is not a name, or ``hub`` names none that has repositories.
        ClosedWeights: the weights were never published.

    >>> resolve("z-ai/glm-4.7-flash").repo_id
    'zai-org/GLM-4.7-Flash'
    """
    if hub is not None and hub not in HUBS:
        message = f"there is no hub {hub!r} to take files from"
        raise NameSyntaxError(message, subject=str(hub), end=len(str(hub)), hint="pass " + " or ".join(f'hub="{one}"' for one in HUBS))
    name = worded(name)
    if name.name is None and name.file is None:
        message = f"{name.source!r} names no model"
        raise NameSyntaxError(message, subject=name.source, end=len(name.source), hint="pass a repository, such as Qwen/Qwen3-8B")
    target = next((one for one in HUBS if one == (hub or name.hub)), HUBS[0])
    listed = listing()
    found = reached(name, target)
    if found is None:
        _refuse_closed(name, listed)
        found = _meant(name, listed, target) or _derived(name, listed, target)
    file = name.file if name.owner and found.repo_id.rpartition("/")[2].lower() != (name.file or "").lower() else None
    said = {"asked": name.source, "revision": hub_revision(name), "file": file, "moving": _day(name, found, listed)}
    return found.model_copy(update=said)


def _day(name: ModelName, found: Checkpoint, listed: Listing) -> date | None:
    """The day on which a name that moves meant what was found; that of the catalog's look at it, else when it came out."""
    known = listed.moving.get(spelled(name.name or ""))
    if known is not None or not moves(name):
        return known
    entry = listed.by_id[found.hub].get(found.repo_id.lower())
    if entry is None:
        return None
    released = entry.series.released or ""
    return entry.series.checked or (date.fromisoformat(released) if len(released) == len("2025-12-02") else None)


def _meant(name: ModelName, listed: Listing, target: RepositoryHub) -> Checkpoint | None:
    """What a bare name could mean that the catalog does not list: by a slip of the pen, or as the name of a whole family."""
    if name.owner is not None or name.file is not None:
        return None
    others = slips(name, listed) or (newest(name, listed) if name.family is not None and not any(name.identity[1:4]) and not name.unknown else [])
    found = [checkpoint for entry in others if (checkpoint := on_hub(entry, target)).exists]
    if not found:
        return None
    return found[0].model_copy(update={"confidence": "guessed", "alternatives": tuple(one.repo_id for one in found[1:])})


def reached(name: ModelName, target: RepositoryHub) -> Checkpoint | None:
    """The repository that the catalog lists for a name; None where only a rule would name one."""
    listed = listing()
    return _by_id(name, listed, target) or _by_name(name, listed, target) or _by_model(name, listed, target)


def _by_id(name: ModelName, listed: Listing, target: RepositoryHub) -> Checkpoint | None:
    """The id itself is in the catalog, on this hub or on the other."""
    if name.owner is None or name.name is None:
        return None
    for last in (name.file, name.name) if _ends_like_a_file(name) else (name.name,):
        text = f"{name.owner}/{last}".lower()
        entry = listed.by_id[target].get(text) or listed.by_id[other(target)].get(text)
        if entry is not None:
            return on_hub(entry, target)
    return None


def _ends_like_a_file(name: ModelName) -> bool:
    """Whether the whole reference may be a repository's: some end in .gguf."""
    return name.file is not None and name.source.endswith(f"{name.owner}/{name.file}")


def _account(name: ModelName) -> Account | None:
    return None if name.owner is None else current_dictionary().accounts.get(name.owner.lower())


def _is_bare(name: ModelName, listed: Listing) -> bool:
    """Whether the text names a model, as an API's id does, and no repository of an account.

    An API id is lower case, or follows the API's own route; what is not names a repository, and is that repository.
    """
    if name.owner is None or (name.tag is not None and name.owner in LIBRARY):
        return True
    account = _account(name)
    if account is None or account.repackager:
        return False
    return _is_routed(name) or (name.name or "").islower() or not any(name.owner.lower() in listed.accounts[hub] for hub in HUBS)


def _is_routed(name: ModelName) -> bool:
    """Whether the text says by which way an API is reached."""
    return any(segment.kind == "route" for segment in name.segments)


def _by_name(name: ModelName, listed: Listing, target: RepositoryHub) -> Checkpoint | None:
    """The bare name of a repository, in any capitalisation: what `canonical` drops of it still tells two apart."""
    if (name.file is not None and name.owner is None) or not _is_bare(name, listed):
        return None  # a file's name tells its format besides
    if _tuned(name, listed):
        return None
    account = _account(name)
    text = "-".join(part for part in (name.name, name.tag) if part) or name.source
    entries = [
        entry for entry in listed.by_name.get(spelled(text), ())
        if account is None or entry.series.company == account.company
    ]  # fmt: skip
    for same in (text, text.lower()):
        entries = [entry for entry in entries if same in (bare_name(entry), bare_name(entry).lower())] or entries
    if entries and all(entry.series.company != name.company and bare_name(entry) != text for entry in entries):
        own = [entry for how, entry in ranked(name, listed.by_model.get(name.canonical, ()), target) if how == "same" and entry.series.company == name.company]
        entries = own or entries  # Llama-3-8B-Instruct is Meta's, though somebody else has a repository of nearly that name
    if entries and _is_packed(name) and not any(how == "same" for how, _ in ranked(name, entries, target)):
        # qwen3-8b@q4_k_m: the format is asked for, and the repository of that name has another
        entries = [entry for entry in listed.by_model.get(name.canonical, ()) if entry.series.company == entries[0].series.company] or entries
    return _best(name, entries, target)


def _is_packed(name: ModelName) -> bool:
    """Whether the name says how the weights are packed."""
    return name.quantization is not None or name.format is not None


def _best(name: ModelName, entries: Iterable[Entry], target: RepositoryHub, *, exact: bool = True) -> Checkpoint | None:
    """The one that serves the name best; where it is not just what the name says, the record says so."""
    order = ranked(name, entries, target)
    if not order:
        return None
    how, best = order[0]
    found = on_hub(best, target, [entry for _, entry in order[1:]])
    return found if exact and how == "same" else found.model_copy(update={"confidence": "derived"})


def _by_model(name: ModelName, listed: Listing, target: RepositoryHub) -> Checkpoint | None:
    """A bare or API spelling of a model that the catalog lists."""
    if not _is_bare(name, listed):
        return None
    account = _account(name)
    moved = _moved(name, listed)
    served = moved if name.tag is None else []  # llama-3.1-8b-instant is no base, though nothing but its speed tells it from one
    entries = [] if served else _tuned(name, listed) or listed.by_model.get(name.canonical) or []
    exact = bool(entries) and any(name.identity[1:])  # a bare family is the name of no model
    entries = (
        served
        or entries
        or moved
        or (tagged(name, listed) if of_library(name) else [])
        or _of_meaning(name, listed)
        or same_model(name, listed)
        or nearest(name, listed)
    )
    if account is not None:
        entries = [entry for entry in entries if entry.series.company == account.company] or entries
    if not exact and _are_bases(name, entries, listed):
        finished = frozenset(vocabulary.stages("finished"))
        entries = [entry for entry in nearest(name, listed) if not finished.isdisjoint(entry.words)]
    found = _best(name, entries, target, exact=exact)
    if found is not None and not exact and _is_finished(name, found, listed):
        return None
    if found is None or exact:
        return found
    return _dated(name, found, listed) or (_with_sizes(found, listed) if _leaves_size(name) else found)


def _leaves_size(name: ModelName) -> bool:
    """Whether a name says nothing of how large the model is: ``llama3``."""
    return (name.size is None or name.size.total is None) and not any(segment.kind in ("size", "tier") for segment in name.segments)


def _with_sizes(found: Checkpoint, listed: Listing) -> Checkpoint:
    """The record with the other sizes of its line as what else could be meant."""
    entry = listed.by_id[found.hub].get(found.repo_id.lower())
    if entry is None:
        return found
    line = [one for one in listed.by_family.get(entry.series.family, ()) if _unsized(one) == _unsized(entry)]
    return _beside(found, line, found.alternatives)


def _unsized(entry: Entry) -> tuple[object, ...]:
    """What tells a checkpoint from others of its line but for its size."""
    return (entry.series.name, entry.version, entry.packaging, entry.date, frozenset(word for word in entry.words if not SIZE.fullmatch(word)))


def _of_meaning(name: ModelName, listed: Listing) -> list[Entry]:
    """The model that a name means which says less, or more of its day; what a tag means, the nearest decides."""
    return [] if name.tag is not None else listed.by_model.get(meant(name).canonical, [])


def _is_finished(name: ModelName, found: Checkpoint, listed: Listing) -> bool:
    """Whether a name that ends with base found a repository without the word that is not such a model: ``gpt-oss-20b-base``, ``sam3-base``.

    Beside a finished edition, the repository without a word is the base, as Qwen2.5-7B is. Else it is none where it calls functions or thinks, and
    the word is a size in a family that has the same name with large.
    """
    pretrained = frozenset(vocabulary.stages("pretrained"))
    said = pretrained.intersection(name.identity.words)
    entry = listed.by_id[found.hub].get(found.repo_id.lower())
    if not said or entry is None or not pretrained.isdisjoint(entry.words):
        return False
    plain = name.identity.but(*said)
    if any(str(plain.too(word)) in listed.by_model for word in vocabulary.stages("finished")):
        return False
    known = facts(found.repo_id)
    return bool(known.tools or known.reasoning) or entry.series.family in _laddered()


_OWN_VERSION = re.compile(r"v\d").match
"""A word for the version of a tuning: starcoder2-15b-instruct-v0.1."""


def _are_bases(name: ModelName, entries: list[Entry], listed: Listing) -> bool:
    """Whether a name that ends with instruct or chat found models that were not tuned: ``starcoder2-7b-instruct``.

    They are where their line has a finished edition of a repository without a word, as starcoder2-15b-instruct-v0.1 is of starcoder2-15b,
    and none that says base.
    """
    finished, pretrained = frozenset(vocabulary.stages("finished")), frozenset(vocabulary.stages("pretrained"))
    if not entries or finished.isdisjoint(name.identity.words) or not all(finished.isdisjoint(entry.words) for entry in entries):
        return False
    line = [entry for entry in listed.by_family.get(entries[0].series.family, ()) if entry.series.name == entries[0].series.name]
    every = [frozenset(word for word in entry.words if not _OWN_VERSION(word)) for entry in line]
    plain = {words for words in every if words.isdisjoint(finished | pretrained)}
    without = [{words - stage for words in every if words & stage} for stage in (finished, pretrained)]
    return bool(plain & without[0]) and not plain & without[1]


@vocabulary.derived
def _laddered() -> frozenset[str]:
    """Families in which base is a size: sam-vit-base and sam-vit-large."""
    listed = listing()
    sized = (entry for entry in listed.entries if "base" in (text := spelled(bare_name(entry))).split("-") and text.replace("base", "large") in listed.by_name)
    return frozenset(entry.series.family for entry in sized)


def _dated(name: ModelName, found: Checkpoint, listed: Listing) -> Checkpoint | None:
    """The edition of a day that is not listed, where the line's repositories end in such dates: DeepSeek-V4-Flash-0731.

    What is listed without the date is another checkpoint.
    """
    day = name.released.text if name.released is not None else None
    entry = listed.by_id[found.hub].get(found.repo_id.lower())
    if not day or entry is None or entry.date or released_on(entry, name.identity.date) or not (name.name or "").endswith(f"-{day}"):
        return None
    line = [one for one in listed.by_family.get(entry.series.family, ()) if one.series.company == entry.series.company]
    if not any(one.date and (last := bare_name(one).rpartition("-")[2]).isdigit() and len(last) == len(day) for one in line):
        return None
    made = checkpoint(found.hub, f"{found.repo_id}-{day}", None, "derived", exists=None)
    return made.model_copy(update={"alternatives": (found.repo_id, *found.alternatives)})


def _moved(name: ModelName, listed: Listing) -> list[Entry]:
    """The checkpoint that an API's id stands for by its vendor's word."""
    repo_id = listed.known_as.get(spelled(name.name or "")) or (listed.known_as.get(name.canonical) if of_library(name) else None)
    entry = None if repo_id is None else listed.by_id[HUBS[0]].get(repo_id.lower())
    return [] if entry is None else [entry]


def _tuned(name: ModelName, listed: Listing) -> list[Entry]:
    """What a tag of Ollama, or an API, serves without a word about training is the edition for instructions: ``llama3.2:3b``."""
    said = (name.tag is None and not _is_routed(name)) or name.provider in _of_every_edition()
    return [] if said or name.hub in HUBS else tuned(name, listed.by_model)


@vocabulary.derived
def _of_every_edition() -> frozenset[str]:
    """Providers that serve base models too."""
    return frozenset(one.id for one in vocabulary.providers().provider if one.editions)


# Weights that were not published --------------------------------------------------------------


def _refuse_closed(name: ModelName, listed: Listing) -> None:
    """Raise for models that are only served."""
    account = _account(name)
    if name.owner is not None and (account is None or account.repackager):
        return
    family = index().families.get(name.family or "")
    if family is None:
        return
    match = listed.served.get(name.canonical) or listed.served.get(undated(name))
    if (match is None and _has_weights(name)) or _is_published(name, family, match):
        return
    closed = match is not None or family.weights == "closed" or name.canonical in listed.closed or undated(name) in listed.closed
    if not closed and family.weights == "mixed" and (not name.unknown or _is_of_a_customer(name)):
        lines = _lines(family.name, name.version)
        closed = any(_speaks_of(line, name) for line in lines) and all(line.weights == "closed" for line in lines)
    if closed:
        raise _closed(name, family, match)


def _speaks_of(line: Series, name: ModelName) -> bool:
    """Whether a series tells of the name's weights: that of Qwen4-Max does of qwen4 and of qwen4-plus, and says nothing of Qwen4-Exp."""
    said = frozenset(name.identity.words)
    return not said or not said.isdisjoint(vocabulary.tiers()) or said.issuperset(names.read(line.name).identity.words)


def _is_of_a_customer(name: ModelName) -> bool:
    """Whether words that nobody knows are a customer's own for what a company keeps: a deployment, or a tuning by its API."""
    return "fine-tuned" in name.types or name.provider in _of_deployments()


@vocabulary.derived
def _of_deployments() -> frozenset[str]:
    """Providers whose customers call models as they like."""
    return frozenset(one.id for one in vocabulary.providers().provider if one.deploys)


def _is_published(name: ModelName, family: Family, match: tuple[Series, str] | None) -> bool:
    """Whether the weights of its line are open: Ollama serves no others, and an API's id may mean the newest of a line without being its name."""
    if of_library(name):
        return has_open_line(name) and name.tag != "cloud" and family.weights != "closed"
    return match is not None and means_newest(name, match[1])


def _lines(family: str, version: str | None) -> list[Series]:
    """The series of that version; for one that nobody has listed, those of the same generation: 5.7 among 5, 5.2 and 5.5."""
    exact = index().by_version.get((family, fold(version)), [])
    if exact or version is None or "." not in version:
        return exact
    generation = version.partition(".")[0].lower()
    every = (lines for (of, one), lines in index().by_version.items() if of == family and one is not None and one.partition(".")[0] == generation)
    return [line for lines in every for line in lines]


def _has_weights(name: ModelName) -> bool:
    """Whether the name states what only published weights have: parameters, a quantization, a file, a base that is open."""
    size, base = name.size, name.base
    counted = size is not None and (size.total or 0) >= _PARAMETERS and name.origin("size.total") == "name"
    family = None if base is None else index().families.get(base.family or "")
    return counted or name.quantization is not None or name.format is not None or (family is not None and family.weights == "open")


def _closed(name: ModelName, family: Family, match: tuple[Series, str] | None) -> ClosedWeights:
    company = company_named(family.company)
    message = f"{name.source!r}: {company.name} has not published the weights of {match[0].name if match else _line_of(name, family)}"
    served = any(line.family == family.name for line, _ in listing().served.values())
    if not served:
        return ClosedWeights(message, subject=name.source, hint=f"no API of {company.name} is known to serve it either")
    if company.api is None:
        hint = f"{company.api_docs or company.site or company.name} tells how it is served; its API is not OpenAI-compatible"
        return ClosedWeights(message, subject=name.source, hint=hint)
    if name.unknown and name.provider in _of_deployments():
        return ClosedWeights(message, subject=name.source, hint='it is served where it was deployed: pass engine="openai" and base_url= with that address')
    model = match[1] if match else name.name
    if names_family_alone(name) and (now := served_now(family.name)):
        # Its first model may bear its name alone, and be gone.
        message = f"{name.source!r}: {company.name} has not published the weights of {family.name}"
        return _served(message, name, company, model if model in now else now[0])
    gone = retirement(name)
    if gone is not None and facts(name).gone():
        return ClosedWeights(f"{message}, and {gone}", subject=name.source, hint=f"choose a model that is served: {company.api_docs or company.site}")
    return _served(message, name, company, model)


def _line_of(name: ModelName, family: Family) -> str:
    """What a company keeps: the series, where others of the family are open."""
    return (name.series if family.weights == "mixed" else None) or family.name


def _served(message: str, name: ModelName, company: Company, model: str | None) -> ClosedWeights:
    hint = f'{company.name}\'s API serves it: set {company.api_key or "the API key"} and use modelcatalog.load({model!r}, engine="openai")'
    return ClosedWeights(message, subject=name.source, hint=hint)


def names_family_alone(name: ModelName) -> bool:
    """Whether it says no more than which family is meant: ``豆包``."""
    return {segment.kind for segment in name.segments} - _ASIDE == {"family"}


def served_now(family: str) -> list[str]:
    """The ids by which an API serves models of a family, those of its newest series first, without what its vendor has retired.

    >>> len(served_now("Claude")) > 3
    True
    """
    lines = [line for file in vocabulary.companies() for one in file.family if one.name == family for line in one.series]
    newest = dict.fromkeys(model for line in sorted(lines, key=lambda line: line.released or "", reverse=True) for model in line.api)
    return [model for model in newest if not facts(model).gone()]


# What the catalog does not list ---------------------------------------------------------------


def _derived(name: ModelName, listed: Listing, target: RepositoryHub) -> Checkpoint:
    """Not listed: the account's renaming rule, or the id as it stands; and what is listed that could have been meant."""
    bare = name.name or name.source
    if name.owner is None:
        account = _main_account(name, target)
        return _guessed(name, f"{account}/{bare}" if account else bare, listed, target)
    owner, elsewhere = name.owner.lower(), other(target)
    account = _account_of_kin(name, owner, listed, target)
    if account is not None:
        return _beside(checkpoint(target, f"{account}/{bare}", None, "derived", exists=None), misspelt(name, listed))
    here = listed.accounts[target].get(owner)
    if name.hub != elsewhere and here is not None:
        if (name.name or "").islower() and owner in listed.owners:
            return _guessed(name, f"{here}/{bare}", listed, target)
        return _beside(checkpoint(target, f"{here}/{bare}", None, "derived", exists=None), misspelt(name, listed))
    account = listed.account[elsewhere].get(owner)
    if account is None and target == HUBS[0] and is_repackager(owner) and owner in listed.accounts[elsewhere]:
        same = next((entry for entry in listed.by_name.get(spelled(bare), ()) if entry.huggingface), None)
        if same is not None:
            return checkpoint(target, same.huggingface or "", same, "derived", exists=True)
        account = _main_account(name, target)
    if account is not None:
        return checkpoint(target, f"{account}/{bare}", None, "derived", exists=None)
    known = _account(name)
    if known is not None and known.company is not None and owner not in listed.accounts[elsewhere]:
        # A word of API ids is no account of a hub.
        company = company_named(known.company)
        account = next(iter(accounts(company, target)), None)
    return _guessed(name, f"{account or name.owner}/{bare}", listed, target)


def _account_of_kin(name: ModelName, owner: str, listed: Listing, target: RepositoryHub) -> str | None:
    """The account on this hub of what the owner has published of the family on the other one, the same version first.

    Whoever mirrors a company's models does so line by line: Gemma 2 lies elsewhere than Gemma.
    """
    found: dict[tuple[bool, str], int] = {}
    for entry in listed.by_family.get(name.family or "", ()):
        here, there = (entry.huggingface, entry.modelscope) if target == HUBS[0] else (entry.modelscope, entry.huggingface)
        if here and there and there.partition("/")[0].lower() == owner:
            key = (fold(entry.version) == fold(name.version), here.partition("/")[0])
            found[key] = found.get(key, 0) + 1
    return max(found, key=lambda key: (key[0], found[key]))[1] if found else None


def _guessed(name: ModelName, repo_id: str, listed: Listing, target: RepositoryHub) -> Checkpoint:
    """A repository that nobody has listed; the listed ones beside it are what a slip of the pen could have meant."""
    made = checkpoint(target, repo_id, None, "guessed", exists=None)
    return _beside(made, misspelt(name, listed) or (kin(name, listed) if _is_bare(name, listed) else ()))


def _beside(made: Checkpoint, others: Iterable[Entry], known: tuple[str, ...] = ()) -> Checkpoint:
    """The record with those that are listed on its hub as what else could be meant."""
    more = (found.repo_id for entry in others if (found := on_hub(entry, made.hub)).exists and found.repo_id != made.repo_id)
    return made.model_copy(update={"alternatives": tuple(dict.fromkeys((*known, *more)))})


def _main_account(name: ModelName, target: RepositoryHub) -> str | None:
    family = index().families.get(name.family or "")
    company = None if family is None or family.weights == "closed" else company_named(family.company)
    return None if company is None else next(iter(accounts(company, target)), None)
