"""Owns what a hub lists and what lies on this disk: files, a listing of them, a copy of them. Knows no hub."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from modelcatalog import later
from modelcatalog.errors import IntegrityError
from modelcatalog.hubs.card import Card

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["REPOSITORY", "Copy", "Listing", "Published", "RemoteFile"]

COMPANIONS = (".json", ".jinja", ".txt", ".model", ".tiktoken")
"""How the small files end that a checkpoint has beside its weights: configurations, templates, vocabularies."""
REPOSITORY = later.pattern(r"[\w.-]+/[\w.-]+")
"""A repository's id: owner and name."""


class RemoteFile(BaseModel):
    """One file of a repository, as its hub lists it. ``size`` is in bytes.

    >>> RemoteFile(path="model.safetensors", size=269_060_552).size
    269060552
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    path: str
    size: int = Field(ge=0)
    sha256: str | None = None
    git_oid: str | None = None
    """The git blob id: SHA-1 over ``blob <size>\\0`` and the content, where the hub lists no SHA-256."""


class Listing(BaseModel):
    """The files of one repository at one commit.

    >>> Listing(hub="modelscope", endpoint="https://modelscope.cn", repo_id="a/b", revision="master").commit
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    hub: str
    """The name of the hub that gave it."""
    endpoint: str
    repo_id: str
    revision: str
    """Branch, tag or commit as asked for."""
    commit: str | None = None
    """The commit that ``revision`` is now; None where the hub does not say."""
    files: tuple[RemoteFile, ...] = ()
    gated: bool = False
    renamed: str | None = None
    """What the hub calls the repository by now, where that is another name: it sends the old one on."""
    card: Card = Card()
    """What the hub says of the model in the same answer."""

    def file(self, path: str) -> RemoteFile | None:
        """The file at ``path``, or None."""
        return next((file for file in self.files if file.path == path), None)


class Published(NamedTuple):
    """A repository as a hub lists it among those of its account; what a hub does not say is None."""

    repo_id: str
    created: str | None = None
    """An ISO time."""
    gated: bool | None = None
    card: Card = Card()


class Copy(NamedTuple):
    """A folder that may hold a checkpoint, and the files in it; sizes in bytes, hashes where the cache names them."""

    where: str
    """``local path``, ``MODELCATALOG_PATH``, or a hub's name and ``cache``."""
    root: Path
    files: tuple[RemoteFile, ...]
    title: str
    """The text that names it: a repository id, a folder's or a file's name."""
    hub: str | None = None
    """The hub in whose cache it lies."""
    repo_id: str | None = None
    commit: str | None = None
    revision: str | None = None
    """What its hub is to be asked for, to complete it; None is the hub's usual branch."""

    def read(self, path: str, start: int, length: int | None) -> bytes:
        """``length`` bytes of one of the files from ``start``, or all the rest of it.

        Raises:
            IntegrityError: if it cannot be read.
        """
        try:
            with (self.root / path).open("rb") as file:
                file.seek(start)
                return file.read() if length is None else file.read(length)
        except OSError as error:
            message = f"{path} cannot be read: {error.strerror or error}"
            raise IntegrityError(message, subject=str(self.root / path), hint="fetch it again, or check its rights") from error
