"""Owns how an adapter and its base find each other: reading an adapter that was found, looking for one that was named, naming its base.

Makes no plan: what the two are together, `build` says.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PureWindowsPath
from typing import TYPE_CHECKING

from modelcatalog import catalog, hubs
from modelcatalog.catalog.listing import hub_revision
from modelcatalog.errors import CheckpointNotFound, ModelCatalogError, Unsupported, shown
from modelcatalog.hubs import HUBS, local, receipts
from modelcatalog.planning import adapter as adapter_of
from modelcatalog.planning import reading, remote
from modelcatalog.planning.adapter import Adapter, words
from modelcatalog.planning.choose import choose
from modelcatalog.planning.found import Alone, Located
from modelcatalog.planning.locate import check_revision, locate_path
from modelcatalog.planning.request import Request
from modelcatalog.records import ModelName
from modelcatalog.userfolder import at_home
from modelcatalog.weights import gguf, safetensors
from modelcatalog.weights.content import json_object

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.hubs import Copy, RemoteFile

__all__ = ["alone", "base_of", "found", "read"]

_GGUF_PIECE = 1 << 20
_LARGEST_HEADER = 900_000
"""Of a header on a hub: a plan's requests bring less than a megabyte."""
_FIRST = 8


def alone(located: Located) -> None:
    """Raise `Alone` where what was found is an adapter."""
    if _is_adapter(located):
        raise Alone(located)


def _is_adapter(located: Located) -> bool:
    if located.choice.format == "lora":
        return True
    headers = [header for header in located.headers.values() if isinstance(header, gguf.GgufHeader)]
    return bool(headers) and adapter_of.is_adapter(headers[0])


# Looking -------------------------------------------------------------------------------------


def found(given: str | Path | ModelName | Adapter, request: Request) -> Adapter:
    """The adapter that the caller named.

    Raises:
        CheckpointNotFound, GatedCheckpoint, HubUnreachable: it cannot be had.
        Unsupported: what lies there is a model, or an adapter of another kind.
        UnsafeRepository, IntegrityError: its files cannot be read safely, or contradict each other.
    """
    if isinstance(given, Adapter):
        return given
    text = given.source if isinstance(given, ModelName) else str(given)
    located = _located(given, text, Request(hub=request.hub))
    if located.choice.format == "gguf" and not located.headers:
        located = located._replace(headers=_header(located))
    if not _is_adapter(located):
        message = f"adapter={text!r} is a whole model, and not an adapter that changes one"
        hint = f"name a repository or folder with an {words().config}, or a GGUF file of an adapter; to load the model, give it as the name"
        raise Unsupported(message, subject=text, hint=hint)
    return read(text, located)


def _located(given: str | Path | ModelName, text: str, request: Request) -> Located:
    path = at_home(given) if isinstance(given, Path) else local.as_path(text)
    if path is not None:
        if not path.exists():
            message = f"there is no file or folder {path}"
            raise CheckpointNotFound(message, subject=str(path))
        return locate_path(path, request)
    name = given if isinstance(given, ModelName) else catalog.parse(text)
    hub = request.hub or hubs.named(name.hub)
    check_revision(hub_revision(name))
    for copy in _copies(name, text, hub):
        try:
            choice = choose(copy.files, subject=copy.title, file=name.file, read=copy.read)
            return Located(choice, (f"{copy.title} in the {copy.where}",), copy=copy, headers=local.check_weights(copy.root, [f.path for f in choice.weights]))
        except ModelCatalogError:
            continue  # its hub has it whole, or says what it is
    if name.owner is None:
        message = f"adapter={text!r} is neither a folder here nor a repository: a repository has an owner"
        raise CheckpointNotFound(message, subject=text, hint="write it as owner/name, or give the path of its folder")
    return remote.search(name, request, hub, [])


def _copies(name: ModelName, text: str, hub: str | None) -> Iterator[Copy]:
    if hub is None:
        yield from (copy for copy in local.searched() if copy.title == text)
    for one in HUBS.values() if hub is None else (HUBS[hub],):
        if name.owner and name.name:
            yield from one.cached(f"{name.owner}/{name.name}", hub_revision(name))


# Reading -------------------------------------------------------------------------------------


def read(name: str, located: Located) -> Adapter:
    """What an adapter that was found says of itself.

    Args:
        name: The text that named it.
        located: Where it was found.

    Raises:
        Unsupported, IntegrityError: as `adapter.from_config` raises them.
    """
    copy, listing, choice = located.copy, located.listing, located.choice
    headers = located.headers or _header(located)
    header = next(iter(headers.values()))
    files = (*choice.weights, *choice.companions)
    base_revision, template = None, False
    if isinstance(header, gguf.GgufHeader):
        lora, base = adapter_of.from_gguf(header, subject=name)
    else:
        opened = reading.reader(located)
        config = next(f for f in choice.companions if f.path == f"{choice.folder}{words().config}")
        text = b"" if opened is None else opened.read(config.path, 0, None)
        lora, base, base_revision = adapter_of.from_config(text, header, subject=name)
        template = _template(located, opened)
    where = located.hub.snapshot_folder(listing) if located.hub is not None and listing is not None else None
    return Adapter(
        name=name,
        source=copy.where if copy else listing.hub if listing else "",
        hub=copy.hub if copy else listing.hub if listing else None,
        endpoint=listing.endpoint if listing else None,
        repo_id=copy.repo_id if copy else listing.repo_id if listing else None,
        revision=listing.revision if listing else None,
        commit=copy.commit if copy else listing.commit if listing else None,
        path=str(copy.root) if copy else None,
        folder=choice.folder,
        format="gguf" if isinstance(header, gguf.GgufHeader) else "safetensors",
        files=files,
        base=base,
        base_revision=base_revision,
        lora=lora,
        tokenizer=adapter_of.own_tokenizer(choice.companions, choice.folder),
        chat_template=template,
        disk=sum(f.size for f in receipts.absent(where, files)) if where is not None else 0,
    )


def _template(located: Located, opened: reading.Reader | None) -> bool:
    """Whether a chat template was trained with it: in a file of its own, or in its tokenizer's."""
    beside = {f.path.removeprefix(located.choice.folder): f for f in located.choice.companions}
    if "chat_template.jinja" in beside:
        return True
    file = beside.get("tokenizer_config.json")
    if file is None or opened is None or file.size > _LARGEST_HEADER or opened.left() < 1:
        return False
    return bool(json_object(opened.read(file.path, 0, None), name=file.path, subject=file.path).get("chat_template"))


def _header(located: Located) -> dict[str, gguf.GgufHeader | safetensors.SafetensorsHeader]:
    """The header of weights on a hub, whole."""
    first: RemoteFile = located.choice.weights[0]
    opened = reading.reader(located)
    if opened is None:
        return {}
    if located.choice.format == "gguf":
        return {first.path: gguf.read(opened.read(first.path, 0, min(_GGUF_PIECE, first.size)), subject=first.path)}
    length = safetensors.header_length(opened.read(first.path, 0, _FIRST), subject=first.path)
    if length > _LARGEST_HEADER:
        message = f"{first.path} has a header of {length:,} bytes, which is more than an adapter's"
        raise Unsupported(message, subject=first.path, hint="fetch it, and give the path of its folder")
    return {first.path: safetensors.read(opened.read(first.path, _FIRST, length), subject=first.path)}


# Its base ------------------------------------------------------------------------------------


def base_of(adapter: Adapter, request: Request) -> tuple[str, Request]:
    """The model that an adapter was trained on, and the request for it.

    Raises:
        CheckpointNotFound: its files name none, or a folder of the machine that it was trained on.
        Unsupported: it is a GGUF file, whose base is named for no file; or a lock file was named.
    """
    ask = f"load(BASE, adapter={adapter.name!r})"
    if request.lock is not None:
        message = f"{adapter.name} is an adapter, and a lock file holds the files of one checkpoint"
        raise Unsupported(message, subject=adapter.name, hint="lock its base, and name the adapter at a commit: owner/name@COMMIT")
    if adapter.format == "gguf":
        of = f" of {adapter.base}" if adapter.base else ""
        message = f"{adapter.name} is an adapter{of} for llama.cpp, which goes onto a GGUF file that it does not name"
        raise CheckpointNotFound(message, subject=adapter.name, hint=f"name that file too: {ask}")
    if adapter.base is None:
        message = f"the {words().config} of {adapter.name} does not name the model that it was trained on"
        raise CheckpointNotFound(message, subject=adapter.name, hint=f"name it: {ask}")
    text = adapter.base
    name = catalog.parse(text[-1024:])
    if _is_path(text) and not at_home(text).exists():
        if name.hub is None or name.owner is None:
            message = f"{adapter.name} was trained on a folder of another machine: {shown(text)}"
            raise CheckpointNotFound(message, subject=adapter.name, hint=f"name the model that lay there: {ask}{_guess(text)}")
        text = f"{name.owner}/{name.name}"  # a hub's cache, which says the repository
    revision = adapter.base_revision or hub_revision(name)
    return text, replace(request, revision=None if Path(text).exists() else revision, adapter=adapter)


def _is_path(text: str) -> bool:
    return text.startswith(("/", ".", "~")) or "\\" in text or text[1:2] == ":" or text.count("/") > 1


def _guess(text: str) -> str:
    """What the last part of a path may mean, where the catalog has it; a hint, and never taken by itself."""
    last = PureWindowsPath(text).name
    try:
        found = catalog.resolve(last)
    except ModelCatalogError:
        return ""
    return f"; {last} may be {found.repo_id}" if found.exists else ""
