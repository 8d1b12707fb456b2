"""Owns what is new in fetched data: beside the package's own, and beside what was fetched before. Knows no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from modelcatalog import vocabulary
from modelcatalog.catalog.completing import parse
from modelcatalog.catalog.fetched import MODELS_DEV, made_of, said_by, vendors_own
from modelcatalog.catalog.knowing import facts
from modelcatalog.catalog.listing import known_ids, recorded, undated
from modelcatalog.updating.record import News

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.catalog.fetched import Fetched
    from modelcatalog.records import ModelName
    from modelcatalog.userdata import ModelTold, UserData

__all__ = ["disagreements", "news"]

_KINDS = get_args(News.model_fields["kind"].annotation)


def news(before: UserData | None, now: UserData) -> Iterator[News]:
    """Repositories that are new, and those that are gone; models that are new, and facts that have changed."""
    new, old = made_of(now, known_ids()), None if before is None else made_of(before, known_ids())
    found = dict.fromkeys((*_repositories(old, new), *_models(before, now)))
    yield from sorted(found, key=lambda one: (_KINDS.index(one.kind), one.company or "", one.subject.lower(), one.field or ""))


def _repositories(old: Fetched | None, new: Fetched) -> Iterator[News]:
    own = recorded()
    for hub, found in new.repositories.items():
        known = own.by_id.get(hub, {})
        earlier = {} if old is None else old.repositories.get(hub, {})
        for one in new.new[hub]:
            if one.id.lower() not in earlier:
                yield News(kind="checkpoint", subject=one.id, source=one.source, company=one.company)
        for key in {**known, **earlier}:
            whole = new.whole(hub, key)
            if whole is None or key in found:
                continue
            if key in earlier or old is None or old.whole(hub, key) is None:  # else it was gone before
                entry, row = known.get(key), earlier.get(key)
                written = row[0] if row else ((entry.huggingface if hub == next(iter(own.by_id)) else entry.modelscope) if entry else None)
                yield News(kind="gone", subject=written or key, source=whole.source, company=entry.series.company if entry else None)


def _models(before: UserData | None, now: UserData) -> Iterator[News]:
    old = _own_words(before)
    for canonical, (row, said) in _own_words(now).items():
        earlier = old.get(canonical)
        if earlier is not None:
            yield from _differ("changed", row, earlier[1], said)
        elif not _known(canonical, row):
            yield News(kind="model", subject=row.id, source=MODELS_DEV, company=_read(row).company)


def _known(canonical: str, row: ModelTold) -> bool:
    """Whether the package speaks of the model itself: what the two disagree about is not news."""
    own, name = recorded(), _read(row)
    if any(key in known for known in (own.by_model, own.served, own.closed) for key in (canonical, undated(name))):
        return True
    return any(source.of == "model" and source.source != MODELS_DEV for _, source in facts(name).origins)


def _read(row: ModelTold) -> ModelName:
    return parse(row.id if "/" in row.id else f"{row.provider}/{row.id}")


def _own_words(data: UserData | None) -> dict[str, tuple[ModelTold, dict[str, Any]]]:
    """Canonical name -> what its vendor's own API is said to serve, and its facts."""
    found: dict[str, tuple[ModelTold, dict[str, Any]]] = {}
    for row in () if data is None or data.models is None else data.models.models:
        canonical, own = vendors_own(row)
        if own and canonical is not None:
            found.setdefault(canonical, (row, said_by(row)))
    return found


def disagreements(now: UserData) -> Iterator[News]:
    """What others say otherwise than the package's own data does, of the same model: somebody is wrong, or the world has moved."""
    table = made_of(now, known_ids())
    rows = {canonical: row for canonical, (row, _) in _own_words(now).items()}
    for canonical, row in rows.items():
        said = {field: value for told in reversed(table.models.get(canonical, ())) for field, value in told.facts.items()}
        known = facts(_read(row))
        own = {field: getattr(known, field) for field in said if (origin := known.origin(field)) is not None and origin.source not in {MODELS_DEV, "name"}}
        yield from _differ("disagrees", row, own, said)
    for hub, found in table.repositories.items():
        for key in found:
            entry, one = recorded().by_id.get(hub, {}).get(key), table.listed(hub, key)
            if entry is None or entry.series.licence is None or one is None or one.licence is None:
                continue
            before, after = vocabulary.spdx(entry.series.licence), vocabulary.spdx(one.licence)
            if before.lower() != after.lower():
                yield News(kind="disagrees", subject=one.id, source=one.source, company=entry.series.company, field="licence", before=before, after=after)


def _differ(kind: Any, row: ModelTold, old: dict[str, Any], new: dict[str, Any]) -> Iterator[News]:
    for field, value in new.items():
        if field in old and not _same(old[field], value):
            company = _read(row).company
            yield News(kind=kind, subject=row.id, source=MODELS_DEV, company=company, field=field, before=_shown(old[field]), after=_shown(value))


def _same(one: Any, other: Any) -> bool:
    """Whether two say the same: a month and a day in it do, and modalities in another order."""
    if isinstance(one, str) and isinstance(other, str):
        return one.startswith(other) or other.startswith(one)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return set(one) == set(other)
    return bool(one == other)


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
