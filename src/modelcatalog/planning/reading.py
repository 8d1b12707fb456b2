"""Owns reading what a found checkpoint says of itself: configuration, headers, small files; of local files, or of a hub's by range.

Decides nothing: `Said` is what was read, as far as the budget of a plan goes.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog.errors import CheckpointNotFound
from modelcatalog.hubs import card as cards
from modelcatalog.hubs.card import Card
from modelcatalog.hubs.files import COMPANIONS
from modelcatalog.planning import facts as facts_of
from modelcatalog.planning.facts import Facts
from modelcatalog.planning.layers import Layers
from modelcatalog.planning.layers import config as config_layers
from modelcatalog.planning.layers import gguf as gguf_layers
from modelcatalog.planning.tensors import OTHERS, Tensors
from modelcatalog.weights import gguf, safetensors
from modelcatalog.weights.content import check_pointer, json_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelcatalog.hubs import RemoteFile
    from modelcatalog.planning.found import Located

__all__ = ["Reader", "Said", "read", "reader"]

_GGUF_PIECE = 1 << 16
_LARGEST_JSON = 300_000
_LONGEST_CARD = 100_000
_FIRST = 256
_LARGEST_READ = 64_000_000
"""The largest small file on this disk that is read to see whether it is whole."""
_NO_LIMIT = 1e9
"""``model_max_length`` is a huge number where a tokenizer knows none."""


class Said(NamedTuple):
    """What a checkpoint says of itself."""

    facts: Facts
    tensors: Tensors = Tensors()
    tokenizer: Mapping[str, object] = {}
    """``tokenizer_config.json``; empty where it is not there, or was not read."""
    companions: frozenset[str] = frozenset()
    """The names of the files beside the weights, without the folder."""
    others: Mapping[str, Mapping[str, object]] = {}
    """What other libraries' files say of how the weights are packed."""
    ggufs: tuple[gguf.GgufHeader, ...] = ()
    headers: Mapping[str, safetensors.SafetensorsHeader] = {}
    """Of the safetensors files, as far as they were read, by their paths."""
    whole: bool = False
    """Whether those are all there are, each as a whole."""
    layers: Layers = Layers(why="its files were not read")
    """What each layer keeps while the model talks."""
    card: Card = Card()
    """What is said of the model beside: by its hub, else by the card or the header that lies here."""
    first: Mapping[str, bytes] = {}
    """The first bytes of the tokenizer's files that are not JSON."""


class Reader(NamedTuple):
    """How files are read: ``left()`` is how many more reads there may be."""

    read: Callable[[str, int, int | None], bytes]
    left: Callable[[], int]
    here: bool


def read(found: Located) -> Said:
    """Read what tells of a checkpoint.

    Raises:
        CheckpointNotFound: there is no ``config.json``.
        IntegrityError: a file is cut off, or a git-lfs pointer.
    """
    opened = reader(found)
    if opened is None:
        return Said(Facts())
    first = found.choice.weights[0]
    if found.choice.format == "gguf":
        headers = tuple(header for header in found.headers.values() if isinstance(header, gguf.GgufHeader))
        if not headers:
            piece = opened.read(first.path, 0, min(_GGUF_PIECE, first.size))
            headers = (gguf.read(piece, subject=first.path),)
        facts = facts_of.from_gguf(headers)
        if facts.parameters is None and found.listing is not None and found.listing.card.gguf_parameters:
            facts = facts._replace(parameters=found.listing.card.gguf_parameters)
        card = found.listing.card if found.listing is not None else cards.of_header(headers[0].metadata)
        return Said(facts, ggufs=headers, layers=gguf_layers.layers(headers[0].metadata), card=card)
    companions = {f.path.removeprefix(found.choice.folder): f for f in found.choice.companions}
    config = companions.get("config.json")
    if config is None:
        message = "there is no config.json beside the weights"
        raise CheckpointNotFound(message, subject=first.path, hint="give the folder of the whole checkpoint")
    stated = _json(opened, config)
    facts = facts_of.from_config(stated)
    headers_of = _headers(found, opened)
    tensors = _tensors(found, headers_of)
    whole = False
    if headers_of:
        # Of a header that was read in part, the bytes of the tensors that were seen.
        sizes = {f.path: f.size for f in found.choice.weights}
        here = sum(min(sizes.get(path, header.end), header.end) for path, header in headers_of.items())
        whole = headers_of.keys() == sizes.keys() and all(header.end >= sizes[path] for path, header in headers_of.items())
        bytes_all = here if whole else sum(sizes.values())
        facts = facts_of.with_headers(facts, tuple(headers_of.values()), bytes_here=here, bytes_all=bytes_all)
        if not whole and found.listing is not None and not found.choice.folder and (counts := found.listing.card.parameters):
            facts = facts_of.with_counts(facts, counts)
    tokenizer, facts = _with_tokenizer(facts, companions, opened)
    others = {name: _json(opened, companions[name]) if opened.left() > 0 else {} for name in OTHERS if name in companions and facts.quantization is None}
    layers = config_layers.layers(stated)
    starts = _whole(companions, opened) if opened.here else {}
    return Said(facts, tensors, tokenizer, frozenset(companions), others, headers=headers_of, whole=whole, layers=layers, card=_card(found), first=starts)


def _card(found: Located) -> Card:
    """What the hub says of the model, or the card that lies beside its files."""
    if found.copy is None:
        return found.listing.card if found.listing is not None else Card()
    file = found.copy.root / found.choice.folder / "README.md"
    try:
        with file.open(encoding="utf-8", errors="replace") as opened:
            return cards.of_text(opened.read(_LONGEST_CARD))
    except OSError:
        return Card()


def reader(found: Located) -> Reader | None:
    """How the files of a found checkpoint are read."""
    if found.copy is not None:
        return Reader(found.copy.read, lambda: 1_000, here=True)
    hub, wire, listing = found.hub, found.wire, found.listing
    if hub is None or wire is None or listing is None:
        return None
    return Reader(lambda path, start, length: hub.read(wire, listing, path, start=start, length=length), lambda: wire.requests, here=False)


def _json(reader: Reader, file: RemoteFile) -> dict[str, object]:
    return json_object(reader.read(file.path, 0, None), name=file.path, subject=file.path)


def _headers(found: Located, reader: Reader) -> dict[str, safetensors.SafetensorsHeader]:
    """The headers of all weight files that lie here, or of the first on a hub."""
    if found.headers:
        return {path: header for path, header in found.headers.items() if isinstance(header, safetensors.SafetensorsHeader)}
    first = found.choice.weights[0]
    if reader.here:
        return {}
    if found.choice.tensors is not None:
        # The index tells how long the header is at least: one request, and no weight byte in it.
        names = [name for name, file in found.choice.tensors.items() if found.choice.folder + file == first.path]
        if reader.left() < 2 or not names:  # noqa: PLR2004  one is kept for the tokenizer's configuration
            return {}
        piece = reader.read(first.path, 0, min(safetensors.least_length(names), _LARGEST_JSON, first.size))
        part = safetensors.read_part(piece, subject=first.path)
        return {} if part is None else {first.path: part}
    if reader.left() < 3:  # noqa: PLR2004
        return {}
    start = safetensors.LENGTH_BYTES
    length = safetensors.header_length(reader.read(first.path, 0, start), subject=first.path)
    text = reader.read(first.path, start, length) if length <= _LARGEST_JSON else b""
    return {first.path: safetensors.read(text, subject=first.path)} if text else {}


def _tensors(found: Located, headers: Mapping[str, safetensors.SafetensorsHeader]) -> Tensors:
    types = {name: kind for header in headers.values() for name, kind in header.dtypes.items()}
    whole = found.choice.tensors is not None or len(headers) == len(found.choice.weights)
    shapes = {name: shape for header in headers.values() for name, shape in header.shapes.items()}
    return Tensors(frozenset(types) | frozenset(found.choice.tensors or ()), types, whole, shapes)


def _with_tokenizer(facts: Facts, companions: Mapping[str, RemoteFile], reader: Reader) -> tuple[dict[str, object], Facts]:
    """``tokenizer_config.json``, and the facts with what it adds: the template, and the length where ``config.json`` has none."""
    template = _has_template(companions, reader)
    file = companions.get("tokenizer_config.json")
    if file is None:
        return {}, facts._replace(chat_template=template)
    if file.size > _LARGEST_JSON and not reader.here or reader.left() < 1:
        return {}, facts._replace(chat_template=True) if template else facts
    config = _json(reader, file)
    length = config.get("model_max_length")
    added: dict[str, Any] = {"chat_template": template or is_template(config.get("chat_template"))}
    if isinstance(length, int) and 0 < length < _NO_LIMIT:
        added["tokenizer_length"] = length
    return config, facts._replace(**added)


def _has_template(companions: Mapping[str, RemoteFile], reader: Reader) -> bool:
    """Whether a file beside ``tokenizer_config.json`` has a chat template; an empty one is none. Remote ones are asked for no more than their size."""
    if any(path.startswith(("chat_template", "additional_chat_templates/")) and file.size for path, file in companions.items()):
        return True
    beside = [file for name in _PROCESSORS if (file := companions.get(name)) is not None and reader.here and file.size <= _LARGEST_JSON]
    return any(is_template(_json(reader, file).get("chat_template")) for file in beside)


def is_template(stated: object) -> bool:
    """Whether this is a chat template as files write them: a text, or several by name."""
    return bool(stated) and isinstance(stated, str | list | dict)


def _whole(companions: Mapping[str, RemoteFile], reader: Reader) -> dict[str, bytes]:
    """Look whether the small files that lie here are whole; the first bytes of those that are not text."""
    first = {}
    for name, file in companions.items():
        kind = PurePosixPath(name).suffix
        if kind == ".json" and name.startswith(_LOADED) and file.size <= _LARGEST_READ:
            data = reader.read(file.path, 0, None)
            _check_json(data, name=name, path=file.path)
        elif kind in COMPANIONS:
            first[name] = reader.read(file.path, 0, _FIRST)
            check_pointer(first[name], name=name, subject=file.path)
    return {name: data for name, data in first.items() if PurePosixPath(name).suffix in {".model", ".tiktoken"}}


_PROCESSORS = ("processor_config.json", "preprocessor_config.json")
"""Where a checkpoint that sees or hears may keep its template."""
_LOADED = ("tokenizer", "special_tokens_map", "generation_config", "added_tokens", "vocab", "chat_template")
"""The JSON files that transformers reads while loading, beside config.json and the index."""


def _check_json(data: bytes, *, name: str, path: str) -> None:
    # A tokenizer.json has megabytes, whose parsing takes longer than the rest of a plan: where its last
    # character closes it, loading finds the rest.
    if len(data) > _LARGEST_JSON and data[:1] == b"{" and data.rstrip()[-1:] == b"}":
        return
    json_object(data, name=name, subject=path)
