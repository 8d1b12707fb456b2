"""Owns what a hub is: the protocol, the listing it answers with, and which hubs there are. Knows no engine and no plan.

A hub is one module with one class that satisfies `HubClient`. Listings and headers come over the
standard library (`wire`), so that planning needs nothing installed; files come through the hub's
own client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pydantic import BaseModel, ConfigDict, Field

from modelcatalog.catalog.listing import known_hub
from modelcatalog.hubs.card import Card
from modelcatalog.records import Hub

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from modelcatalog.hubs.wire import Wire

__all__ = ["Card", "HubClient", "Listing", "RemoteFile", "client", "other"]


class RemoteFile(BaseModel):
    """One file of a repository, as its hub lists it. ``size`` is in bytes.

    >>> RemoteFile(path="model.safetensors", size=269_060_552).size
    269060552
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    size: int = Field(ge=0)
    sha256: str | None = None
    git_oid: str | None = None
    """The git blob id: SHA-1 over ``blob <size>\\0`` and the content, where the hub lists no SHA-256."""


class Listing(BaseModel):
    """The files of one repository at one commit.

    >>> Listing(hub="modelscope", endpoint="https://modelscope.cn", repo_id="a/b", revision="master").commit
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hub: Hub
    endpoint: str
    repo_id: str
    revision: str
    """Branch, tag or commit as asked for."""
    commit: str | None = None
    """The commit that ``revision`` is now; None where the hub does not say."""
    files: tuple[RemoteFile, ...] = ()
    gated: bool = False
    card: Card = Field(default_factory=Card)
    """What the hub says of the model in the same answer."""

    def file(self, path: str) -> RemoteFile | None:
        """The file at ``path``, or None."""
        return next((file for file in self.files if file.path == path), None)


class HubClient(Protocol):
    """What a hub can do. All of it raises only errors of `modelcatalog.errors`."""

    @property
    def hub(self) -> Hub:
        """Its name."""

    def wire(self) -> Wire:
        """A connection for metadata, with the budget of one plan."""

    def listing(self, wire: Wire, repo_id: str, revision: str | None) -> Listing:
        """The files of a repository.

        Raises:
            CheckpointNotFound: if there is no such repository or revision.
            GatedCheckpoint: if the hub wants a token or a licence accepted first.
            HubUnreachable: if it gives no answer, or none of its own, in time.
            UnsafeRepository: if the listing is too long, or names paths outside the repository.
        """

    def read(self, wire: Wire, listing: Listing, path: str, *, start: int = 0, length: int | None = None) -> bytes:
        """``length`` bytes of one file from ``start``, or all of it; raises like `listing`."""

    def prepare(self) -> None:
        """Import the hub's own client.

        Raises:
            MissingPackage: if it is not installed.
        """

    def fetch(self, listing: Listing, files: Sequence[RemoteFile], say: Callable[[str], None]) -> Path:
        """Download ``files`` through the hub's own client into its own cache; the folder they lie in.

        Only `fetcher` calls this, in a process that is watched; the loader calls `fetching.fetch`. ``say`` takes
        what the caller must know of it: that the token was not accepted.

        Raises:
            HubUnreachable: if the download breaks off; what arrived is kept for the next try.
            WontFit: if the disk is too small.
        """


def client(hub: Hub) -> HubClient:
    """The client of a hub that has repositories.

    Raises:
        Unsupported: for ``"ollama"``, whose files are not fetched, and for what is no hub.

    >>> client("modelscope").hub
    'modelscope'
    """
    known_hub(hub)
    if hub == "huggingface":
        from modelcatalog.hubs.huggingface import HuggingFace  # noqa: PLC0415

        return HuggingFace()
    from modelcatalog.hubs.modelscope import ModelScope  # noqa: PLC0415

    return ModelScope()


def other(hub: Hub) -> Hub:
    """The hub to try when ``hub`` does not serve.

    >>> other("huggingface")
    'modelscope'
    """
    return "modelscope" if hub == "huggingface" else "huggingface"
