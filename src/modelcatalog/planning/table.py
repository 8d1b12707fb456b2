"""Owns the table of a model's variants: bytes, whether and where each fits, how long a context, how fast at most. Makes no plan.

What a hub lists is exact; what it was not asked for is worked out of parameters and bits, and says so. Speed is an
estimate everywhere: the bandwidth of the memory divided by the bytes that one token takes out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from modelcatalog import catalog, hubs, vocabulary
from modelcatalog.errors import HubUnreachable, ModelCatalogError
from modelcatalog.planning import cards as cards_of
from modelcatalog.planning import machine, unpacking
from modelcatalog.planning.choose import PLAIN, bits_of, choose, ggufs_of, holds_several, quantization_of
from modelcatalog.planning.facts import Facts
from modelcatalog.planning.figures import Record
from modelcatalog.planning.runs import ENGINES, reading
from modelcatalog.records import ModelName, Quantization

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from modelcatalog.hubs import Hub, RemoteFile
    from modelcatalog.planning.growth import Growth
    from modelcatalog.planning.machine import Gpu
    from modelcatalog.planning.runs import Engine

__all__ = ["Subject", "Variant", "variants"]

_PACKED = 12.0
"""Bits of a weight below which it is quantized."""


class Variant(Record):
    """One quantization of a model, as one repository has it; sizes in bytes, None is unknown."""

    hub: str | None
    """None for files on this disk that no hub was asked about."""
    repo_id: str
    file: str | None = None
    """The GGUF file, or its first part, in a repository of several."""
    format: str
    quantization: Quantization | None = None
    bits: float | None = None
    """Nominal bits of a weight; 16 for one that is not quantized, None where it is not known which files there are."""
    bytes: int | None = None
    """The weight files."""
    origin: Literal["files", "estimate"] = "files"
    """Whether ``bytes`` are those of files, or parameters times bits: then no hub was asked, or none answered."""
    engine: str | None = None
    """What would run it; None: no engine here reads it."""
    weights: int | None = None
    """The weights in memory: more than ``bytes`` where they are unpacked."""
    needed: int | None = None
    """Weights, KV cache at the plan's context and conversations, activations and the engine."""
    fits: bool | None = None
    place: str
    """Where: the machine of the plan."""
    card: int | None = None
    """GiB of the smallest single card that would hold ``needed``; None: none would."""
    longest_context: int | None = None
    """The most tokens of each conversation that fit, up to the model's own limit; 0: none."""
    tokens_per_second: float | None = None
    """An estimate of the most that one conversation gets: bandwidth by bytes read for a token. None where it does not fit, or
    the bandwidth is not known. Several cards of a model that is spread over them take turns, so that they are not faster than one."""
    planned: bool = False
    """It is the one that the plan is for."""
    note: str | None = None
    """Why something is not known, or why no engine runs it."""


class _Files(NamedTuple):
    """What a row is about."""

    hub: str | None
    repo: str
    file: str | None
    form: str
    quantization: Quantization | None
    size: int | None
    """Bytes of the weights; None is unknown."""


class Subject(NamedTuple):
    """What of a plan its table is made of."""

    name: ModelName
    hub: str | None
    repo_id: str | None
    title: str
    """The repository or the path."""
    format: str
    files: tuple[RemoteFile, ...]
    """The weight files of the plan."""
    quantization: Quantization | None
    parameters: int | None
    engine: str
    weights: int | None
    kv: int | None
    """What conversations take in the plan."""
    beside: int
    """Activations and framework."""
    free: int | None
    place: str
    tokens: int
    concurrency: int
    growth: tuple[Growth, ...]
    on: str | None
    device: str


def variants(subject: Subject) -> tuple[Variant, ...]:
    """The variants of a model that the catalog lists on the plan's hub, the most precise first; the plan's own is among them.

    At most six requests, one a repository; what is left after them, or without a network, is worked out.
    """
    hub = hubs.get(hubs.named(subject.hub) or hubs.named(subject.name.hub) or hubs.default().name)
    found = [_own(subject), *_others(subject, hub)]
    rows = {(one.repo_id.lower(), one.file): one for one in reversed(found)}
    # A repository that was renamed is listed by both of its names.
    once = {(one.hub, one.format, str(one.quantization), one.bytes) if one.origin == "files" else key: one for key, one in reversed(rows.items())}
    return tuple(sorted(once.values(), key=lambda one: (-(one.bits or 0), -(one.bytes or 0), one.repo_id, one.file or "")))


def _own(subject: Subject) -> Variant:
    """The plan's own row: its figures are those of the plan."""
    files = subject.files
    file = files[0].path if subject.format == "gguf" and files else None
    row = _row(subject, _Files(subject.hub, subject.title, file, subject.format, subject.quantization, sum(one.size for one in files)))
    return row.model_copy(update={"planned": True})


def _others(subject: Subject, hub: Hub) -> Iterator[Variant]:
    """What other repositories of the model hold, and the plan's own beside its files."""
    listed = [catalog.parse(one.repo_id) for one in catalog.siblings(subject.name) if one.hub == hub.ids]
    asked = list(dict.fromkeys([*([subject.repo_id] if subject.repo_id and subject.format == "gguf" else []), *(one.source for one in listed)]))
    # A repository of several files is asked about first: without its listing nobody knows which there are.
    asked.sort(key=lambda repo: not holds_several(catalog.parse(repo)))
    why = ""
    try:
        wire = hub.wire()
    except ModelCatalogError as error:
        wire, why = None, error.message
    for repo in asked:
        if repo == subject.repo_id and subject.format != "gguf":
            continue
        files: tuple[RemoteFile, ...] = ()
        note = why or f"no more than {_MOST} repositories are asked about"
        if wire is not None and wire.requests > 0 and not why:
            try:
                files = hub.files(wire, repo)
            except HubUnreachable as error:
                why = note = error.message  # the others would wait as long, for the same
            except ModelCatalogError as error:
                note = error.message
        yield from _inside(subject, hub, repo, files) if files else _estimated(subject, hub, repo, note)


_MOST = 6
"""Requests of a connection, for a table as for a plan."""


def _inside(subject: Subject, hub: Hub, repo: str, files: Sequence[RemoteFile]) -> Iterator[Variant]:
    """The variants in one repository, by its files."""
    name = catalog.parse(repo)
    groups = ggufs_of(files)
    for group in groups.values():
        yield _row(subject, _Files(hub.name, repo, group[0].path, "gguf", quantization_of(group[0].path), sum(one.size for one in group)))
    if groups:
        return
    try:
        weights = choose(files, subject=repo).weights
    except ModelCatalogError as error:
        yield from _estimated(subject, hub, repo, error.message)
        return
    yield _row(subject, _Files(hub.name, repo, None, name.format or "safetensors", name.quantization, sum(one.size for one in weights)))


def _estimated(subject: Subject, hub: Hub, repo: str, note: str) -> Iterator[Variant]:
    """A repository that was not listed: bytes by parameters and bits, where the name tells the bits."""
    name = catalog.parse(repo)
    parameters = _parameters(subject)
    bits = bits_of(name.quantization)
    size = None if parameters is None or holds_several(name) else round(parameters * bits / 8)
    row = _row(subject, _Files(hub.name, repo, None, name.format or "safetensors", name.quantization, size))
    unknown = {"bits": None, "engine": None} if holds_several(name) else {}
    yield row.model_copy(update={"origin": "estimate", "note": note, **unknown})


def _stored_bits(subject: Subject, quantization: Quantization | None, size: int | None) -> float:
    """The same of files, which tell that they are packed where their name does not: DeepSeek-R1 is FP8, gpt-oss MXFP4."""
    nominal, parameters = bits_of(quantization), _parameters(subject)
    each = size * 8 / parameters if size and parameters else nominal
    return round(each, 1) if nominal == PLAIN and each < _PACKED else nominal


def _parameters(subject: Subject) -> int | None:
    size = subject.name.size
    return subject.parameters or (size.total if size else None)


# The figures of a row -------------------------------------------------------------------------


def _row(subject: Subject, of: _Files) -> Variant:
    own = of.file in {None, subject.files[0].path if subject.files else None} and of.repo == subject.title
    engine, weights, note = (ENGINES.get(subject.engine), subject.weights, None) if own else _run(subject, of)
    growth = next((one for one in subject.growth if engine and one.engine == engine.name), next(iter(subject.growth), None))
    kv = subject.kv if own or growth is None else growth.at(subject.tokens)
    rest = (kv or 0) + subject.beside
    needed = None if weights is None else weights + rest
    fits = None if needed is None or subject.free is None else needed <= subject.free
    room = None if weights is None or subject.free is None else subject.free - weights - subject.beside
    return Variant(
        hub=of.hub,
        repo_id=of.repo,
        file=of.file,
        format=of.form,
        quantization=of.quantization,
        bits=_stored_bits(subject, of.quantization, of.size),
        bytes=of.size,
        engine=engine.name if engine else None,
        weights=weights,
        needed=needed,
        fits=fits,
        place=subject.place,
        card=None if needed is None else next((one for one in cards_of.sizes() if needed <= cards_of.usable(one)), None),
        longest_context=None if growth is None or room is None else growth.longest(max(room, 0)),
        tokens_per_second=_speed(subject, weights, kv) if fits else None,
        note=note,
    )


def _run(subject: Subject, of: _Files) -> tuple[Engine | None, int | None, str | None]:
    """The engine for such files, what their weights take in it, and why there is none."""
    planned, readers = ENGINES.get(subject.engine), reading(of.form)
    engine = planned if planned in readers and of.form != "gguf" else next((one for one in readers if one.packed), next(iter(readers), None))
    method = of.quantization.method if of.quantization else None
    if engine is None or (engine.knows is not None and method in engine.knows.unread):
        return None, of.size, f"no engine here reads {method or of.form}"
    if of.form == "gguf" or method is None or not engine.library:
        return engine, of.size, None
    if method not in vocabulary.running():
        return None, of.size, f"its name does not tell whether {engine.name} runs its weights, which are in {method}"
    try:
        made = unpacking.decide(Facts(quantization=method), _cards(subject), device=subject.device, asked="auto", subject=subject.title)
    except ModelCatalogError as error:
        return None, of.size, error.message
    if made.unpacks:
        parameters = _parameters(subject)
        return engine, None if parameters is None else parameters * 2, "unpacked to bfloat16 while loading"
    return engine, of.size, None


def _cards(subject: Subject) -> tuple[Gpu, ...]:
    if subject.on:
        return cards_of.read(subject.on).cards
    return () if subject.device == "cpu" else machine.gpus()


def _speed(subject: Subject, weights: int | None, kv: int | None) -> float | None:
    """Tokens a second of one conversation, at most; None where the bandwidth is not known."""
    cards = _cards(subject)
    bandwidth = cards_of.bandwidth(cards[0]) if cards else None
    if bandwidth is None or not weights:
        return None
    size = subject.name.size
    share = size.active / size.total if size and size.active and size.total and size.active < size.total else 1.0
    read = weights * share + (kv or 0) / subject.concurrency
    return round(bandwidth * 1e9 / read, 1)
