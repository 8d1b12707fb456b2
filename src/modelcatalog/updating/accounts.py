"""Owns which accounts a hub is asked about, and what is kept of its listings of them. Knows no hub by name."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.catalog import listing
from modelcatalog.catalog.index import index
from modelcatalog.errors import HubUnreachable, UnsafeRepository
from modelcatalog.hubs.secrets import public
from modelcatalog.hubs.wire import Known
from modelcatalog.userdata import Account, HubListings, Repository

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from modelcatalog.hubs import Hub
    from modelcatalog.hubs.files import Published

__all__ = ["Asked", "ask", "of_hub", "with_many"]

_AT_ONCE = 4
_SECONDS = 20.0
"""For one page of a thousand repositories."""
_BATCH = 50
"""Accounts after which what came is written."""
_FAILURES = 3
"""After so many in a row a hub is asked no more: it is down, or wants to be left alone."""
_FRESH = timedelta(hours=1)
"""What an update that broke off has fetched within this time is not fetched again by the one that goes on."""
_KNOWN_FOR = 10
"""Repositories that the catalog lists of a company, from which on it is asked about without being named: a hub answers about five hundred
requests in five minutes to who has no token, and a maker of few models seldom has others."""
_DAY = len("2026-11-29")


class Asked(NamedTuple):
    """What a hub answered."""

    listings: HubListings
    """The accounts that it listed, and those that are left."""
    changed: int
    """Accounts whose answer is another one than before."""
    problems: tuple[str, ...]


def with_many() -> set[str]:
    """The companies that are asked about without being named."""
    listed = Counter(entry.series.company for entry in listing.recorded().entries)
    return {company for company, count in listed.items() if count >= _KNOWN_FOR}


def of_hub(hub: Hub, companies: Iterable[str] | None = None) -> tuple[str, ...]:
    """The accounts on a hub of some companies, or of those with many models; not those of who publishes the models of others."""
    wanted = with_many() if companies is None else set(companies)
    chosen = (company for company in index().companies if not company.repackager and company.name in wanted)
    return tuple(dict.fromkeys(one for company in chosen for one in listing.accounts(company, hub.ids)))


def ask(hub: Hub, names: Iterable[str], before: HubListings | None, keep: Callable[[HubListings], None]) -> Asked:
    """Ask a hub for all repositories of some accounts, those first that were not asked about for longest.

    Args:
        hub: The hub.
        names: The accounts.
        before: What it listed before.
        keep: Takes what came so far, each time that there is much of it, and where the program is stopped.

    Raises:
        HubUnreachable: its environment forbids it.
        Unsupported: it lists no accounts.
    """
    address = public(hub.endpoint())
    old = before.accounts if before is not None and before.address == address else {}
    goes_on = before is not None and before.address == address and bool(before.left)
    now = datetime.now(UTC)
    due = [name for name in names if not (goes_on and name in old and now - old[name].at < _FRESH)]
    due.sort(key=lambda name: old[name].at.timestamp() if name in old else 0.0)
    hub.wire()  # what forbids requests forbids all of them
    found: dict[str, Account] = {}
    problems: list[str] = []
    failures = 0

    def so_far() -> HubListings:
        return HubListings(address=address, accounts=dict(found), left=tuple(name for name in due if name not in found and name not in refused))

    refused: set[str] = set()
    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        running = {pool.submit(_account, hub, name, old.get(name)): name for name in due}
        for number, done in enumerate(as_completed(running), 1):
            name = running[done]
            try:
                found[name] = done.result()
                failures = 0
            except UnsafeRepository as error:
                problems.append(error.message)
                refused.add(name)
            except HubUnreachable as error:
                problems.append(error.message)
                failures += 1
                if failures >= _FAILURES:
                    break
            if number % _BATCH == 0:
                keep(so_far())
    except KeyboardInterrupt:
        keep(so_far())
        raise
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    changed = sum(1 for name, account in found.items() if name not in old or old[name].repositories != account.repositories)
    return Asked(so_far(), changed, tuple(dict.fromkeys(problems)))


def _account(hub: Hub, name: str, before: Account | None) -> Account:
    wire = hub.wire()
    wire.seconds = _SECONDS
    answer = hub.published(wire, name, Known() if before is None else Known(before.etag))
    now = datetime.now(UTC)
    if answer is None:
        if before is None:
            message = f"{hub.title} says that nothing has changed where nothing was known"
            raise HubUnreachable(message, subject=name)
        return before.model_copy(update={"at": now})
    known, repositories = answer
    return Account(at=now, etag=known.etag, repositories=tuple(sorted(map(_repository, repositories), key=lambda one: one.id.lower())))


def _repository(one: Published) -> Repository:
    day = None
    with suppress(ValueError):
        day = None if one.created is None else datetime.fromisoformat(one.created[:_DAY]).date()
    return Repository(id=one.repo_id, created=day, gated=one.gated, licence=one.card.licence, base_models=one.card.base_models)
