"""Owns what a hub is: one object that answers everything that is asked of it by its name. Knows no single hub and no plan.

Listings and headers come over the standard library (`wire`), so that planning needs nothing installed; files come
through the hub's own client.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

from modelcatalog.errors import HubUnreachable, MissingPackage, UnsafeRepository, Unsupported
from modelcatalog.hubs import paths, proxies
from modelcatalog.hubs.secrets import public
from modelcatalog.hubs.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from modelcatalog.errors import ModelCatalogError
    from modelcatalog.hubs.files import Copy, Listing, Published, RemoteFile
    from modelcatalog.hubs.guard import Guard
    from modelcatalog.hubs.refusals import House
    from modelcatalog.hubs.secrets import Token
    from modelcatalog.hubs.wire import Known
    from modelcatalog.records import RepositoryHub

__all__ = ["Hub"]

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/[A-Za-z0-9_.+-]{1,127}")
"""A repository's id: no blank, no further slash, nothing that a path or a terminal would take otherwise."""


class Hub(ABC):
    """A hub that has repositories. All of it raises only errors of `modelcatalog.errors`."""

    name: ClassVar[str]
    """What callers name it by."""
    title: ClassVar[str]
    """The hub as people write it."""
    ids: ClassVar[RepositoryHub]
    """The hub whose repository ids it goes by: its own, where the catalog lists them."""
    branch: ClassVar[str]
    """The branch that is meant where none is named."""
    client: ClassVar[str]
    """The module of its own client, with which files are fetched."""
    package: ClassVar[str]
    """The distribution that has it."""
    needs: ClassVar[str]
    """The same, with the versions that are good."""
    extra: ClassVar[str]
    """The extra of this package that installs it."""
    proxy: ClassVar[proxies.Needs]
    """What its client wants of a SOCKS proxy."""
    endpoint_variable: ClassVar[str]
    """The environment variable that names another address of it."""
    cache_variable: ClassVar[str]
    """The environment variable that moves its cache."""

    def __repr__(self) -> str:
        return f"<hub {self.name}>"

    @property
    def install(self) -> str:
        """The line that installs its client, and nothing else that its extra may bring."""
        return f"pip install '{self.needs}'"

    # What its environment says -----------------------------------------------------------------

    @abstractmethod
    def endpoint(self) -> str:
        """Its address; a ``user:password@`` in it is kept."""

    @abstractmethod
    def house(self) -> House:
        """What messages say of it."""

    @abstractmethod
    def credential(self) -> Token | None:
        """Its token.

        Raises:
            HubUnreachable: if what is there cannot be sent; the place is named, its content is not.
        """

    def moved_by(self) -> str:
        """The environment variable that says where its cache is, or would."""
        return self.cache_variable

    def offline(self) -> str:
        """The environment variable that forbids requests to it; empty where none does."""
        return ""

    def address(self, listing: Listing) -> str:
        """The endpoint of a listing, with the ``user:password@`` that the environment has for it."""
        return self.endpoint() if public(self.endpoint()) == listing.endpoint else listing.endpoint

    # What lies on this disk --------------------------------------------------------------------

    @abstractmethod
    def cache_folder(self) -> Path:
        """Where its client keeps repositories."""

    @abstractmethod
    def repositories(self) -> Iterator[str]:
        """The ids of the repositories that have a folder in its cache."""

    @abstractmethod
    def cached(self, repo_id: str, revision: str | None = None) -> Iterator[Copy]:
        """The copies of one repository in its cache, likeliest first; they may be incomplete."""

    @abstractmethod
    def snapshot_folder(self, listing: Listing) -> Path:
        """Where the files of a listing lie once they are fetched."""

    @abstractmethod
    def repository_root(self, repo_id: str) -> Path:
        """Where all that is downloaded of a repository lies, the unfinished files too."""

    def snapshots(self, repo_id: str) -> tuple[Path, ...]:
        """Every folder of one repository in its cache that may hold a copy, of whatever revision."""
        return tuple(paths.folders(self.repository_root(repo_id) / "snapshots"))

    def removal(self, repo_id: str) -> str:
        """Its client's own command that removes a repository from its cache; empty where it has none."""
        del repo_id
        return ""

    def written_folders(self) -> tuple[Path, ...]:
        """What its client may write to."""
        return (self.cache_folder(),)

    def written_listing(self, folder: Path) -> tuple[RemoteFile, ...]:
        """The listing that its client wrote down beside a snapshot; empty where it writes none."""
        return ()

    def remember(self, listing: Listing) -> None:
        """Write down, as its client does, which commit the branch of a listing is."""

    # What it answers ---------------------------------------------------------------------------

    def wire(self) -> Wire:
        """A connection for metadata, with the budget of one plan.

        Raises:
            HubUnreachable: if the environment forbids requests.
        """
        if variable := self.offline():
            message = f"{variable} forbids requests to {self.title}"
            raise HubUnreachable(message, subject=public(self.endpoint()), hint=f"unset {variable}, or use a local copy")
        proxies.check(self.endpoint(), self.proxy, title=self.title)
        return Wire(self.title, self.endpoint(), self.credential(), variable=self.endpoint_variable)

    @abstractmethod
    def listing(self, wire: Wire, repo_id: str, revision: str | None) -> Listing:
        """The files of a repository.

        Raises:
            CheckpointNotFound: if there is no such repository or revision.
            GatedCheckpoint: if the hub wants a token or a licence accepted first.
            HubUnreachable: if it gives no answer, or none of its own, in time.
            UnsafeRepository: if the listing is too long, or names paths outside the repository.
        """

    def files(self, wire: Wire, repo_id: str) -> tuple[RemoteFile, ...]:
        """What the usual branch of a repository holds, to look at and not to fetch: 1 request where the hub can; raises like `listing`."""
        return self.listing(wire, repo_id, None).files

    def published(self, wire: Wire, account: str, known: Known) -> tuple[Known, list[Published]] | None:
        """All repositories of an account, and by what this answer is known again; None where it is ``known`` still.

        Raises:
            Unsupported: if this hub lists no accounts.
            HubUnreachable: if it gives no answer, or none of its own, in time.
            UnsafeRepository: if there are too many of them, or one that is not the account's.
        """
        message = f"{self.title} does not list the repositories of an account"
        raise Unsupported(message, subject=account)

    def owned(self, repo_ids: Iterable[str], account: str) -> None:
        """Refuse a listing with ids that are not the account's, or are none.

        Raises:
            UnsafeRepository: naming the first.
        """
        for number, repo_id in enumerate(repo_ids):
            if not isinstance(repo_id, str) or not _ID.fullmatch(repo_id) or repo_id.partition("/")[0].lower() != account.lower():
                message = f"{self.title} lists among the repositories of {account}: {str(repo_id)[:80]!r}"
                raise UnsafeRepository(message, subject=account, hint="what it lists of this account is not used")
            if number >= paths.MOST_FILES:
                message = f"{self.title} lists more than {paths.MOST_FILES:,} repositories of {account}"
                raise UnsafeRepository(message, subject=account, hint="what it lists of this account is not used")

    @abstractmethod
    def read(self, wire: Wire, listing: Listing, path: str, *, start: int = 0, length: int | None = None) -> bytes:
        """``length`` bytes of one file from ``start``, or all of it; raises like `listing`."""

    # The download, in a process of its own -------------------------------------------------------

    def prepare(self) -> None:
        """Import its own client.

        Raises:
            MissingPackage: if it is not installed.
        """
        try:
            import_module(self.client)
        except ImportError as error:
            message = f"fetching from {self.title} needs {self.package.replace('-', '_')}"
            raise MissingPackage(message, subject=self.name, install=self.install) from error
        proxies.check(self.endpoint(), self.proxy, title=self.title)
        proxies.forget_unusable(self.proxy)

    @abstractmethod
    def fetch(self, listing: Listing, files: Sequence[RemoteFile], say: Callable[[str], None]) -> Path:
        """Download ``files`` through the hub's own client into its own cache; the folder they lie in.

        Only `fetcher` calls this, in a process that is watched; the loader calls `fetching.fetch`. ``say`` takes
        what the caller must know of it: that the token was not accepted.

        Raises:
            HubUnreachable: if the download breaks off; what arrived is kept for the next try.
            WontFit: if the disk is too small.
        """

    def watch(self, guard: Guard, listing: Listing, fail: Callable[[ModelCatalogError], None]) -> None:
        """Hook what its client sends and gets into the guard, where Python's own events do not tell of it."""
