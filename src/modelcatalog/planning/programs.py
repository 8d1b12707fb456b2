"""Owns the copies that other programs keep on this disk (Ollama, LM Studio, llama.cpp): which of them a name means, and which can be loaded.

Their stores are read as `stores` reads them. What a name means and cannot be loaded is a sentence, never an exception.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import catalog, stores
from modelcatalog.catalog.completing import titled
from modelcatalog.errors import ClosedWeights, ModelCatalogError
from modelcatalog.hubs import Copy, RemoteFile, local, paths
from modelcatalog.planning.choose import bits_of, choose, matches, quantization_of
from modelcatalog.planning.found import Kept, Located
from modelcatalog.planning.runs import ENGINES
from modelcatalog.stores.modelfile import modelfile
from modelcatalog.stores.ollama import own_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from modelcatalog.planning.request import Request
    from modelcatalog.records import ModelName, Quantization
    from modelcatalog.stores import Found, Store

__all__ = ["asks_ollama", "first", "holding", "meant", "same"]

_SHOWN = 3
_OLLAMA = "ollama"


class _Candidate(NamedTuple):
    store: Store
    found: Found
    own: bool
    """It is called what was asked for, letter by letter."""
    quantization: Quantization | None


def asks_ollama(name: ModelName) -> bool:
    """Whether a name is written in Ollama's notation, so that its own copy is meant first: by its address, or by a tag.

    >>> asks_ollama(catalog.parse("qwen3:8b")), asks_ollama(catalog.parse("Qwen3-8B"))
    (True, False)
    """
    return own_name(name) is not None and (_OLLAMA in {name.hub, name.provider} or name.tag is not None)


def meant(name: ModelName) -> ModelName:
    """The model that a name means: what Ollama calls ``llama3.2:3b`` is the instruct model, not its base.

    >>> meant(catalog.parse("llama3.2:3b")).canonical
    'llama-3.2-3b-instruct'
    """
    if not asks_ollama(name) or name.hub in catalog.HUBS:
        return name
    try:
        known = catalog.resolve(name)
    except ClosedWeights:
        return name
    return catalog.parse(known.repo_id).model_copy(update={"quantization": name.quantization}) if known.exists else name


def first(name: ModelName, request: Request, passed: list[str], *, own: bool = False, over: Collection[tuple[str, str]] = ()) -> Located | None:
    """The first copy in another program's store that can be loaded.

    Args:
        name: What is looked for.
        request: What the caller asked for.
        passed: Takes what was found and cannot be loaded, a sentence each.
        own: Only what is called so, letter by letter.
        over: Stores and titles that were tried already.
    """
    asked = request.quantization
    candidates = [one for one in _candidates(name, passed) if (one.own or not own) and (one.store.name, one.found.title) not in over]
    for one in sorted(candidates, key=lambda one: (not one.own, -bits_of(one.quantization, unknown=0))):
        if asked is not None and not matches(one.quantization, asked):
            continue
        if one.found.format == "gguf" and request.engine is not None and "gguf" not in ENGINES[request.engine].formats:
            continue
        if one.found.format != "gguf" and not one.own and not _wants(request, name, one):
            continue
        located = _located(one, name, passed)
        if located is not None:
            return located
    return None


def _wants(request: Request, name: ModelName, one: _Candidate) -> bool:
    """Whether a folder of another format is asked for: by the name's own quantization or format, or by an engine that reads no GGUF files."""
    called = titled(one.found.title)
    if called is None or one.found.format != "safetensors" or not one.found.path.is_dir():
        return False
    asked = name.format or (name.quantization and name.quantization.method)
    have = {called.format, called.quantization.method if called.quantization else None, None} - {None}
    return (
        asked in have
        if asked
        else request.engine is not None and "gguf" not in ENGINES[request.engine].formats and bool(have & {*ENGINES[request.engine].formats})
    )


def holding(name: ModelName, files: Sequence[RemoteFile]) -> Iterator[tuple[Copy, Kept]]:
    """The copies in other programs' stores that have exactly these files, by name and size; the one of this name comes first."""
    sizes = {one.path: one.size for one in files}
    title = (own_name(name) or "").lower()
    found = [(store, one) for store in stores.programs() for one in store.look([]) if not one.lacks and one.weights]
    for store, one in sorted(found, key=lambda pair: pair[1].title.lower() != title):
        copy = _copy(store, one)
        if {file.path: file.size for file in copy.files} == sizes:
            yield copy, _kept(store, one, own=one.title.lower() == title)[0]


def _candidates(name: ModelName, passed: list[str]) -> Iterator[_Candidate]:
    title = own_name(name)
    model = meant(name)
    for store in stores.programs():
        notes: list[str] = []
        for found in store.look(notes):
            own = store.name == _OLLAMA and title is not None and found.title.lower() == title.lower()
            if own or _is(model, found):
                called = titled(found.title)
                quantization = quantization_of(f"m-{found.scheme}.gguf") if found.scheme else called.quantization if called else None
                yield _Candidate(store, found, own, quantization)
        if store.name == _OLLAMA and asks_ollama(name):
            manifest = f"/{(title or '').replace(':', '/')} "
            passed += [note for note in notes if "cannot be read" in note or manifest.lower() in note.lower()][:_SHOWN]


def _is(model: ModelName, found: Found) -> bool:
    """One model, in the quantization that its name asks for, if it asks for one."""
    called = same(model, found.title)
    if called is None:
        return False
    asked, have = model.quantization, quantization_of(f"m-{found.scheme}.gguf") if found.scheme else called.quantization
    if asked is None:
        return True
    if have is None or asked.method not in {None, "gguf"}:
        return False
    return asked.scheme.lower() == (have.scheme or "").lower() if asked.scheme else asked.bits in {None, have.bits}


def same(model: ModelName, text: str) -> ModelName | None:
    """The name that a program or a server has for a model, read, if it is one for this model.

    Args:
        model: What `meant` gave.
        text: The program's name.
    """
    called = titled(text)
    if called is None:
        return None
    if called.tag and called.size is None and model.size is not None:
        return None  # ``latest`` is one size today and another tomorrow
    return called if model.same_model(meant(called)) else None


def _copy(store: Store, found: Found) -> Copy:
    if found.path.is_dir():
        return Copy(f"{store.name} store", found.path, paths.listed(found.path), found.title)
    files = tuple(paths.seen(path=Path(one.path).name, size=one.size, sha256=one.sha256) for one in found.weights)
    return Copy(f"{store.name} store", found.path.parent, files, found.title)


def _located(one: _Candidate, name: ModelName, passed: list[str]) -> Located | None:
    store, found = one.store, one.found
    where = f"{found.title} in the {store.name} store"
    kinds = [kind for kind, _ in found.layers]
    lacks = found.lacks
    folder = found.format == "safetensors" and found.path.is_dir()
    if not lacks and ((found.format != "gguf" and not folder) or "tensor" in kinds):
        lacks = f"its weights are {found.format or 'of no known format'}, kept in a way of {store.title}'s own" if one.own else ""
        if not lacks:
            return None
    if not lacks and "adapter" in kinds:
        files = {kind: one.path for kind, one in found.layers}
        lacks = "it lays an adapter over its weights"
        if "model" in files:
            lacks += f": load({files['model']!r}, adapter={files['adapter']!r}) does that, without its Modelfile"
    if not lacks and kinds.count("model") > 1:
        lacks = "its weights are several files, which no engine here reads together"
    if lacks:
        passed.append(f"{where} cannot be loaded: {lacks}")
        return None
    copy = _copy(store, found)
    try:
        file = None if folder else copy.files[0].path
        choice = choose(copy.files, subject=found.title, file=file, read=copy.read)._replace(quantization=one.quantization)
        headers = local.check_weights(copy.root, [f.path for f in choice.weights])
    except (ModelCatalogError, OSError) as error:
        passed.append(f"{where} cannot be loaded: {error.message if isinstance(error, ModelCatalogError) else error.strerror or error}")
        return None
    kept, aside = _kept(store, found, own=one.own)
    reasons = [f"{where} is {'what was asked for' if one.own else 'the same model'}, so nothing is asked of a hub"]
    if name.quantization is None and one.quantization is not None:
        reasons.append(f"the name asks for no quantization; this copy is {one.quantization.scheme or one.quantization}")
    if aside:
        reasons.append(f"what its Modelfile says of how to run it applies to its own name, {found.title}, alone")
    return Located(choice._replace(reason=""), tuple(reasons), copy=copy, headers=headers, kept=kept)


def _kept(store: Store, found: Found, *, own: bool) -> tuple[Kept, bool]:
    """What a store keeps beside the weights, and whether some of it is left aside, because another name was asked for."""
    notes: list[str] = []
    said = modelfile(found, notes)
    if own or said is None:
        return Kept(store.name, found.title, modelfile=said, notes=tuple(f"{found.title}: {note}" for note in notes)), False
    return Kept(store.name, found.title, modelfile=said.alone()), said.alone() != said
