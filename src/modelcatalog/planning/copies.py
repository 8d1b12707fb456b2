"""Owns the search on this disk: the copy that a name means, whether it is whole, and what its hub adds to one that is not.

A copy in a hub's cache that lacks something is completed from its hub, at its own commit.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import hubs
from modelcatalog.catalog.completing import titled
from modelcatalog.catalog.listing import hub_revision
from modelcatalog.errors import CheckpointNotFound, ClosedWeights, HubUnreachable, IntegrityError, ModelCatalogError, UnsafeRepository, Unsupported
from modelcatalog.hubs import HUBS, local, receipts
from modelcatalog.planning import completeness, programs
from modelcatalog.planning.choose import Choice, bits_of, choose
from modelcatalog.planning.found import Located
from modelcatalog.planning.remote import Part, again, chosen, repository, scheme

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from modelcatalog.hubs import Copy
    from modelcatalog.planning.completeness import Gaps
    from modelcatalog.planning.request import Request
    from modelcatalog.records import ModelName
    from modelcatalog.weights.gguf import GgufHeader
    from modelcatalog.weights.safetensors import SafetensorsHeader

__all__ = ["Seen", "whole"]


class Seen(NamedTuple):
    """What was seen of copies that are not taken."""

    parts: list[Part]
    """Copies in a hub's cache of which something is missing."""
    lost: list[str]
    """What other programs have that cannot be loaded, a sentence each."""
    over: Collection[tuple[str, str]] = ()
    """What other programs have that was tried already, by store and title."""


def whole(name: ModelName, request: Request, hub: str | None, seen: Seen) -> Located | None:
    """The first complete local copy; with a hub given, only what that hub's client fetched, unless it is Ollama's own name that says it."""
    anywhere = request.hub is None and request.revision is None
    if anywhere and programs.asks_ollama(name) and (own := programs.first(name, request, seen.lost, own=True, over=seen.over)) is not None:
        return own
    passed: list[ModelCatalogError] = []
    found = _hubs_or_own(name, request, hub, seen.parts, passed)
    if found is not None:
        return found
    if hub is None and anywhere and hub_revision(name) is None and (kept := programs.first(name, request, seen.lost, over=seen.over)) is not None:
        return kept
    if passed:
        raise passed[0]
    return None


def _hubs_or_own(name: ModelName, request: Request, hub: str | None, parts: list[Part], passed: list[ModelCatalogError]) -> Located | None:
    """The first complete copy in a hub's cache or in the user's own folders; why others are none, where nothing else is found."""
    doubtful: tuple[Located, Copy, Gaps] | None = None
    for copy in _copies(name, request, hub):
        try:
            choice, headers, lacks = _judged(name, request, copy)
        except IntegrityError as error:
            # A file that a user put there is reported; a half-filled cache is completed.
            if copy.hub is None:
                passed.append(error)
            else:
                parts.append(Part(copy, f"{copy.title} in the {copy.where} is not whole: {error.message}"))
        except (CheckpointNotFound, UnsafeRepository):
            parts += _torn(copy)
        except Unsupported as error:
            # A pipeline, say, of a name like this one's; the hub may have the model itself.
            passed += [error] if hubs.offline() else []
        else:
            if choice.format == "lora" and not _itself(name, copy):
                continue  # of a model by this name, and not the model itself
            here = Located(choice, (*_why(name, copy, choice), choice.reason), copy=copy, headers=headers)
            if lacks.usual and copy.hub:
                doubtful = doubtful or (here, copy, lacks)
            elif doubtful is None or (copy.hub, copy.repo_id) != (doubtful[1].hub, doubtful[1].repo_id):
                # Else it is an older commit of the same repository.
                return here
    return None if doubtful is None else _completed(name, request, *doubtful)


def _torn(copy: Copy) -> list[Part]:
    """A copy in a hub's cache that holds nothing to load, where its links lead to nothing."""
    lost = completeness.torn(copy.root) if copy.hub is not None else None
    return [Part(copy, f"{copy.title} in the {copy.where} is not whole: {lost} is a link to a file that is gone")] if lost is not None else []


def _judged(name: ModelName, request: Request, copy: Copy) -> tuple[Choice, Mapping[str, GgufHeader | SafetensorsHeader], Gaps]:
    """What of a copy would be loaded, and what it may lack.

    Raises:
        IntegrityError: if a file that loading takes is cut off or, in a hub's cache, missing.
        CheckpointNotFound, UnsafeRepository, Unsupported: if it holds nothing that could be loaded.
    """
    choice = _complete(copy, file=name.file if copy.hub else None, scheme=scheme(name, request), code=request.trust_remote_code)
    headers = local.check_weights(copy.root, [f.path for f in choice.weights])
    lacks = completeness.gaps(copy, choice)
    if lacks.needed is not None:
        message = f"it has no {lacks.needed}"
        raise (IntegrityError if copy.hub else CheckpointNotFound)(message, subject=str(copy.root))
    return choice, headers, lacks


def _completed(name: ModelName, request: Request, here: Located, copy: Copy, lacks: Gaps) -> Located:
    """A copy that can be loaded and may be part of a repository: with what its hub has beside it, if that can be asked now."""
    choice = here.choice
    said = f"{copy.title} in the {copy.where} has no {', '.join(lacks.usual)}"
    try:
        if variable := hubs.HUBS[request.hub].offline() if request.hub else hubs.offline():
            message = f"{variable} forbids it"
            raise HubUnreachable(message, subject=name.source)
        answer = again(copy)
        there = chosen(answer, file=name.file or choice.weights[0].path, scheme=scheme(name, request), code=request.trust_remote_code)
    except ModelCatalogError as error:
        sure = "the repository has more files" if lacks.known else "it may be part of a repository"
        return here._replace(reasons=(*here.reasons, f"{said}, so {sure}, and its hub could not be asked: {error.message}"))
    more = completeness.absent(copy, there.companions)
    if not more or receipts.absent(copy.root, there.weights):
        # Nothing more is to be had, or the repository went on to other weights; then what is here stands.
        if not more:
            receipts.confirm(copy.root, [*choice.weights, *choice.companions])
        asked = f"{said}; nor has its hub, which was asked once" if not more else f"{said}, and its hub has other weights by now"
        why = f"{copy.title} in the {copy.where} is complete"
        return here._replace(reasons=(why if not more else here.reasons[0], asked, *here.reasons[1:]))
    why = f"{copy.hub} because {copy.title} in the {copy.where} has no {', '.join(more)}; what is there already stays"
    return Located(there, (why, choice.reason), listing=answer.listing, hub=answer.hub, wire=answer.wire)


def _complete(copy: Copy, *, file: str | None, scheme: str | None, code: bool) -> Choice:
    """The files to load of a copy; where it is known what a download was to bring, all of that must be there."""
    listed = receipts.expected(copy.root) if copy.hub else ()
    try:
        choice = choose(listed, subject=copy.title, file=file, scheme=scheme, code=code, read=copy.read)
    except (CheckpointNotFound, UnsafeRepository):
        return choose(copy.files, subject=copy.title, file=file, scheme=scheme, code=code, read=copy.read)
    lost = receipts.missing(copy.root, (*choice.weights, *choice.companions))
    if lost is not None:
        message = f"{lost.path} of {copy.title} is not whole"
        raise IntegrityError(message, subject=str(copy.root), hint="fetch it again; a download may have broken off")
    return choice


def _copies(name: ModelName, request: Request, hub: str | None) -> Iterator[Copy]:
    """Every local copy of the model that a name means, likeliest first."""
    model = programs.meant(name)
    if hub is None and request.revision is None and hub_revision(name) is None:
        named = ((copy, titled(copy.title)) for copy in local.searched())
        matches = [(copy, bits_of(said.quantization, unknown=0)) for copy, said in named if said is not None and _same(model, said)]
        # A folder of safetensors first, then files by falling precision.
        yield from (copy for copy, _ in sorted(matches, key=lambda pair: (pair[0].title.endswith(".gguf"), -pair[1])))
    revision = request.revision or hub_revision(name)
    exact: list[tuple[str, str]] = []
    for one in HUBS.values() if hub is None else (HUBS[hub],):
        with suppress(ClosedWeights):
            exact.append((one.name, repository(name, one)))
        if name.owner and name.name and (one.name, f"{name.owner}/{name.name}") not in exact:
            exact.append((one.name, f"{name.owner}/{name.name}"))
    for which, repo_id in exact:
        yield from HUBS[which].cached(repo_id, revision)
    if revision is None and hub is None and name.file is None:
        for which, repo_id in local.caches():
            if (which, repo_id) not in exact and (said := titled(repo_id)) is not None and _same(model, said):
                yield from HUBS[which].cached(repo_id)


def _itself(name: ModelName, copy: Copy) -> bool:
    """Whether a copy is what a name names, and not only a thing of the same model."""
    return copy.title == name.source or (copy.repo_id is not None and copy.repo_id == f"{name.owner}/{name.name}")


def _same(name: ModelName, other: ModelName) -> bool:
    """One model, and the quantization that the name asks for, if it asks."""
    if not name.same_model(other):
        return False
    asked, have = name.quantization, other.quantization
    if asked is None:
        return True
    if have is None:
        return other.format == "gguf" and asked.method == "gguf"  # a repository of many
    if asked.scheme and have.scheme:
        return asked.scheme.lower() == have.scheme.lower()
    return asked.method in {None, have.method} and asked.bits in {None, have.bits}


def _why(name: ModelName, copy: Copy, choice: Choice) -> tuple[str, ...]:
    what = choice.weights[0].path if copy.hub is None and choice.format == "gguf" else copy.title
    reason = f"{what} in the {copy.where} is complete, so nothing is asked of a hub"
    if copy.hub is None:
        reason = f"{what} under MODELCATALOG_PATH is the same model by its name"
    if name.quantization is None and choice.quantization is not None:
        label = choice.quantization.scheme or str(choice.quantization)
        return reason, f"the name asks for no quantization; this copy is {label}"
    return (reason,)
