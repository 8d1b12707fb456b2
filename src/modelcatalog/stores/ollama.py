"""Owns Ollama's store: manifests by the model's name, blobs by their hash, and what a Modelfile said. Asks no server.

https://github.com/ollama/ollama/blob/main/manifest/paths.go has the layout: ``manifests/HOST/NAMESPACE/MODEL/TAG`` is a JSON
object whose ``layers`` name files in ``blobs`` by digest.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog import vocabulary
from modelcatalog.catalog import HUBS
from modelcatalog.stores.disk import entries, file, json_of, look
from modelcatalog.stores.store import Found, Store
from modelcatalog.userfolder import at_home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.records import ModelName
    from modelcatalog.stores.disk import File

__all__ = ["Ollama", "own_name"]

_DIGEST = re.compile(r"sha256[:-](?P<hash>[0-9a-fA-F]{64})")
_LAYER = "application/vnd.ollama.image."
_WEIGHTS = ("model", "adapter", "tensor")
_HOST, _NAMESPACE = "registry.ollama.ai", "library"
_LARGEST_MANIFEST = 4_000_000
_LARGEST_CONFIG = 1_000_000
_SERVICE = "/usr/share/ollama/.ollama/models"
"""Where the service that Ollama's installer for Linux sets up keeps them."""
_PARTS = 4


class _Layer(NamedTuple):
    kind: str
    """The last word of its media type: ``model``, ``template``, ``system``, ``params``, …."""
    file: File | None
    lacks: str


class Ollama(Store):
    """Ollama's models."""

    name = "ollama"
    title = "Ollama"

    def folders(self) -> tuple[Path, ...]:
        """``OLLAMA_MODELS``, else the user's own and, on Linux, that of the service."""
        given = os.environ.get("OLLAMA_MODELS", "").strip("\"' ")
        if given:
            return (at_home(given),)
        return (at_home("~/.ollama/models"), *([Path(_SERVICE)] if os.name == "posix" else []))

    def look(self, notes: list[str]) -> Iterator[Found]:
        """Every manifest whose layers can be told."""
        for root in self.folders():
            named: set[str] = set()
            if root.is_file():
                notes.append(f"{root} cannot be read: it is not a folder")
            for manifest in look(root / "manifests", notes, deep=_PARTS).files:
                found = self._found(root, manifest, named, notes)
                if found is not None:
                    yield found
            self._left(root, named, notes)

    def _found(self, root: Path, manifest: File, named: set[str], notes: list[str]) -> Found | None:
        title = _title(manifest.name)
        held = json_of(manifest.path, notes, largest=_LARGEST_MANIFEST)
        if title is None or held is None:
            return None
        every = held.get("layers")
        layers = [self._layer(root, one) for one in every if isinstance(one, dict)] if isinstance(every, list) else []
        config = self._layer(root, held["config"]) if isinstance(held.get("config"), dict) else None
        named |= {Path(one.file.path).name for one in (*layers, *([config] if config else [])) if one.file is not None}
        every_layer = (*layers, *([config._replace(kind="config")] if config else []))
        weights = tuple(one.file for one in layers if one.kind in _WEIGHTS and one.file is not None)
        beside = tuple(one.file for one in layers if one.kind not in _WEIGHTS and one.file is not None)
        lacks = next((one.lacks for one in layers if one.lacks), "")
        said = json_of(config.file.path, notes, largest=_LARGEST_CONFIG) if config and config.file else None
        if not weights and not lacks:
            if said and said.get("remote_host"):
                return None  # a model of Ollama's cloud: nothing of it is here
            lacks = "its manifest names no weights"
        scheme = said.get("file_type") if said else None
        first = next((Path(one.path) for one in weights), root / "manifests" / manifest.name)
        form = str((said or {}).get("model_format") or "gguf") if weights else None
        scheme = scheme if isinstance(scheme, str) and scheme.isprintable() and scheme.lower() != "unknown" else None
        kept = tuple((one.kind, one.file) for one in every_layer if one.file is not None)
        return Found(title, first, weights, beside, form, lacks, f"ollama rm {title}", scheme, kept)

    def _layer(self, root: Path, layer: dict[str, Any]) -> _Layer:
        """One layer; its digest is all that says where it lies, and may be anything."""
        kind = str(layer.get("mediaType", "")).removeprefix(_LAYER).partition(";")[0]
        digest = _DIGEST.fullmatch(str(layer.get("digest", "")))
        if digest is None:
            return _Layer(kind, None, f"its manifest names a file by {str(layer.get('digest'))[:40]!r}, which is not a SHA-256")
        name = f"sha256-{digest['hash'].lower()}"
        path = root / "blobs" / name
        try:
            # Older versions wrote a colon.
            one = file(str(path), name, link=path.is_symlink()) or file(str(path.with_name(name.replace("-", ":", 1))), name, link=False)
        except OSError as error:
            return _Layer(kind, None, f"blobs/{name} cannot be read: {error.strerror or error}")
        if one is None:
            return _Layer(kind, None, f"blobs/{name[:19]}… is missing")
        due = layer.get("size")
        short = f"blobs/{name[:19]}… has {one.size:,} bytes of {due:,}" if isinstance(due, int) and due not in {0, one.size} else ""
        return _Layer(kind, one._replace(sha256=digest["hash"].lower()), short)

    def _left(self, root: Path, named: set[str], notes: list[str]) -> None:
        """Say what lies among the blobs that no manifest names."""
        left = [entry for entry in entries(root / "blobs", notes) if entry.name not in named and not entry.is_dir()]
        if left:
            size = sum(_size(entry) for entry in left)
            many = "1 file" if len(left) == 1 else f"{len(left)} files"
            notes.append(f"{root / 'blobs'} holds {many} ({size:,} bytes) that no model names: Ollama removes those when it starts")


def _size(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_size
    except OSError:
        return 0  # it was there a moment ago


def own_name(name: ModelName) -> str | None:
    """The name by which Ollama keeps what a text means in its notation; None where the text is in another's.

    A tag makes it Ollama's notation, as does its address; a name alone may be one that it keeps with the tag ``latest``.
    """
    tag = name.tag or "latest"
    if not name.name or name.file or name.revision:
        return None
    if name.hub in HUBS and name.owner and name.tag:
        shortest = min((host for host, hub in vocabulary.hubs().hosts.items() if hub == name.hub), key=len)
        return f"{shortest}/{name.owner}/{name.name}:{tag}"
    if name.hub not in {None, "ollama"} or name.provider not in {None, "ollama"} or (name.owner and not name.tag and name.hub is None):
        return None
    return f"{name.owner}/{name.name}:{tag}" if name.owner else f"{name.name}:{tag}"


def _title(path: str) -> str | None:
    """The name that Ollama shows for a manifest; None for a file that is none."""
    parts = path.split("/")
    if len(parts) < _PARTS:
        return None
    host, *owner, model, tag = parts
    before = [] if (host, owner) == (_HOST, [_NAMESPACE]) else owner if host == _HOST else [host, *owner]
    return "/".join([*before, f"{model}:{tag}"])
