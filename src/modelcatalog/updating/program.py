"""Owns the run of an update: which sources are asked, what is written when, and what of it is new."""

from __future__ import annotations

import os
from collections.abc import (
    Callable,  # noqa: TC003  typing.get_type_hints reads it
    Iterable,  # noqa: TC003  typing.get_type_hints reads it
)
from typing import TYPE_CHECKING

from modelcatalog import userdata, userfolder, vocabulary
from modelcatalog.catalog import wanted
from modelcatalog.catalog.completing import many
from modelcatalog.catalog.fetched import MODELS_DEV
from modelcatalog.catalog.listing import fetched
from modelcatalog.errors import CatalogDataError, ModelCatalogError, Unsupported
from modelcatalog.hubs import HUBS
from modelcatalog.updating import accounts, models_dev
from modelcatalog.updating.news import news
from modelcatalog.updating.record import Outcome, Update
from modelcatalog.userdata import UserData

if TYPE_CHECKING:
    from datetime import date

    from modelcatalog.hubs import Hub
    from modelcatalog.userdata import HubListings

__all__ = ["SOURCES", "gathered", "update"]

SOURCES = (MODELS_DEV, *HUBS)
"""What can be asked."""


def update(
    *,
    check: bool = False,
    sources: Iterable[str] | None = None,
    companies: Iterable[str] | None = None,
    say: Callable[[str], None] | None = None,
) -> Update:
    """Fetch what others keep well into the user's data folder: it is used below the package's own data, with its name and its day as origin.

    What models.dev says of models, and which repositories the hubs list for the accounts of the catalog's companies. A source that fails
    leaves what came from it before; an update that breaks off is gone on with by the next.

    Args:
        check: Only say what is new, and write nothing.
        sources: Some of ``SOURCES``: ``"models.dev"``, and the hubs by their names; None: all.
        companies: Ask the hubs about the accounts of these companies only, by any of their names.
        say: Takes a line before each source is asked.

    Raises:
        Unsupported: a text in ``check``, a source or company that there is not, companies without a hub that is asked about them, or updates are switched off.
        TypeError: one text where several are expected.
        CatalogDataError: the folder cannot be written, or there is none.
    """
    wanted.switch(check, "check")
    chosen, asked = _sources(sources), None if companies is None else [wanted.company(one) for one in many(companies)]
    if asked is not None and not set(chosen) & set(HUBS):
        message = "companies are asked about at the hubs, and no hub is among the sources"
        raise Unsupported(message, subject=MODELS_DEV, hint="leave the companies out, or ask a hub too")
    home = userfolder.folder()
    if home is None:
        if not os.environ.get(userfolder.VARIABLE, "").strip():
            message = "this user has no home folder to keep it in"
            raise CatalogDataError(message, subject=userfolder.VARIABLE, hint=f"name a folder in {userfolder.VARIABLE}")
        message = f"{userfolder.VARIABLE} switches off what is fetched"
        raise Unsupported(message, subject=userfolder.VARIABLE, hint=f"unset {userfolder.VARIABLE}, or name a folder in it")
    if not check:
        userdata.check_writable(home)
    before = _before()

    def keep(now: UserData) -> None:
        if not check:
            userdata.add(now, home)

    now, outcomes = gathered(chosen, before, asked, keep, say or (lambda _: None))
    if not check and (now.models is not None or any(found.accounts for found in now.hubs.values())):
        keep(now)
        vocabulary.again()
        fetched()  # and its table, so that the next program finds that too
    return Update(folder=str(home), check=check, sources=tuple(outcomes), news=tuple(news(before, userdata.join(before, now))))


def gathered(
    chosen: Iterable[str], before: UserData | None, companies: list[str] | None, keep: Callable[[UserData], None], say: Callable[[str], None]
) -> tuple[UserData, list[Outcome]]:
    """What some sources say now, and how each fared."""
    now, outcomes = UserData(), []
    for source in chosen:
        say(HUBS[source].title if source in HUBS else source)
        try:
            if source in HUBS:
                listings, outcome = _hub(HUBS[source], before, companies, lambda found, name=source: keep(UserData(hubs={name: found})))  # type: ignore[misc]
                now = now.model_copy(update={"hubs": {**now.hubs, source: listings}})
            else:
                told, skipped = models_dev.fetch(None if before is None else before.models)
                same = before is not None and before.models is not None and before.models.models == told.models
                outcome = Outcome(source=source, state="unchanged" if same else "new", day=told.day, count=len(told.models), skipped=skipped)
                now = now.model_copy(update={"models": told})
        except ModelCatalogError as error:
            outcome = Outcome(
                source=source, state="failed", day=_last(before, source), problems=(f"{error.message}; {error.hint}" if error.hint else error.message,)
            )
        outcomes.append(outcome)
    return now, outcomes


def _hub(hub: Hub, before: UserData | None, companies: list[str] | None, keep: Callable[[HubListings], None]) -> tuple[HubListings, Outcome]:
    names = accounts.of_hub(hub, companies)
    asked = accounts.ask(hub, names, None if before is None else before.hubs.get(hub.name), keep)
    found = asked.listings
    left = len(found.left)
    if asked.problems and not found.accounts:
        state = "failed"
    elif asked.problems or left:
        state = "partial"
    else:
        state = "new" if asked.changed else "unchanged"
    days = [account.at.date() for account in found.accounts.values()]
    count = sum(len(account.repositories) for account in found.accounts.values())
    outcome = Outcome(
        source=hub.name, state=state, day=max(days) if days else _last(before, hub.name), count=count, left=left, problems=asked.problems,  # type: ignore[arg-type]
    )  # fmt: skip
    return found, outcome


def _before() -> UserData | None:
    """What was fetched before; a file that is not good is as none."""
    found = userfolder.find()
    try:
        return None if found is None else userdata.read(found.place)
    except CatalogDataError:
        return None


def _last(before: UserData | None, source: str) -> date | None:
    if before is None:
        return None
    if source not in before.hubs:
        return before.models.day if source == MODELS_DEV and before.models is not None else None
    return max((account.at.date() for account in before.hubs[source].accounts.values()), default=None)


def _sources(given: Iterable[str] | None) -> tuple[str, ...]:
    chosen = SOURCES if given is None else tuple(dict.fromkeys(many(given)))
    for one in chosen:
        if one not in SOURCES:
            message = f"there is no source {one!r} to update from"
            raise Unsupported(message, subject=one, hint=f"pass some of {', '.join(SOURCES)}")
    return chosen
