"""Owns the catalog browser: one page a company, and the page that lists them. Knows the catalog's records alone."""

from __future__ import annotations

import re
import unicodedata
from itertools import groupby
from typing import TYPE_CHECKING

import newer

import modelcatalog as mc
from modelcatalog import catalog
from modelcatalog.catalog.listing import listed_checkpoint, listing
from modelcatalog.show.explained import KNOWN, counted, known
from modelcatalog.show.labels import labels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from newer import Newer

    from modelcatalog.catalog.listing import Entry
    from modelcatalog.known import Company, Facts, Family, Series
    from modelcatalog.records import Size
    from words import Words

__all__ = ["HUBS", "newest", "pages", "slug"]

HUBS = {"huggingface": "https://huggingface.co/{}", "modelscope": "https://modelscope.cn/models/{}"}


_LONG, _FEW = 8, 3
"""Rows of a table that stand open where it is long; as many more are not worth a fold."""


def pages(say: Words) -> Iterator[tuple[str, str]]:
    """Every page: its place in docs/, and its text."""
    entries: dict[str, list[Entry]] = {}
    for entry in listing().entries:
        entries.setdefault(entry.series.company, []).append(entry)
    families: dict[str, list[Family]] = {}
    for family in catalog.families:
        families.setdefault(family.company, []).append(family)
    # Those that only repackage have no family, and nothing to show.
    shown = [company for company in catalog.companies if company.name in families]
    yield f"catalog/index{say.suffix}.md", _index(shown, families, entries, say)
    told = newer.found()
    for company in shown:
        text = _company(company, families[company.name], entries.get(company.name, []), say)
        more = newest(told[company.name], say) if company.name in told else ""
        yield f"catalog/{slug(company.name)}{say.suffix}.md", text + more


def slug(name: str) -> str:
    """A company's name as a file name."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _index(companies: list[Company], families: dict[str, list[Family]], entries: dict[str, list[Entry]], say: Words) -> str:
    about = say.catalog_about.format(
        companies=len(companies), families=sum(len(families[c.name]) for c in companies), checkpoints=sum(map(len, entries.values()))
    )
    parts = [f"# {say.catalog}\n\n{about}\n"]
    ordered = sorted(companies, key=lambda company: (_letter(company.name), company.name.lower()))
    for letter, group in groupby(ordered, lambda company: _letter(company.name)):
        rows = [f"| {say.company} | {say.families} | {say.checkpoints} |", "|---|---|---:|"]
        for company in group:
            own = ", ".join(family.name for family in families[company.name])
            rows.append(f"| [{_cell(_title(company))}]({slug(company.name)}.md) | {_cell(own)} | {len(entries.get(company.name, ()))} |")
        parts.append(f"## {letter}\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _letter(name: str) -> str:
    first = slug(name)[:1].upper()
    return first if first.isalpha() else "0–9"


def _title(company: Company) -> str:
    return f"{company.name} {company.zh}" if company.zh and company.zh != company.name else company.name


def _company(company: Company, families: list[Family], entries: list[Entry], say: Words) -> str:
    parts = [f"# {_title(company)}\n", " · ".join(_company_facts(company, say)), ""]
    by_series: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        by_series.setdefault((entry.series.family, entry.series.name), []).append(entry)
    served = _served()
    own = {family.name: [one for one in catalog.series if one.family == family.name and one.company == company.name] for family in families}
    for family in sorted(families, key=lambda family: max((_day(one) for one in own[family.name]), default=""), reverse=True):
        weights = {"open": say.open, "closed": say.closed, "mixed": say.mixed}[family.weights]
        about = family.about if family.about and say.language == "en" else None
        other = f" {family.zh}" if family.zh and family.zh != family.name else ""
        parts += [f"## {_text(family.name)}{other}\n", " ".join(filter(None, (about, f"*{weights}*"))), ""]
        for series in sorted(own[family.name], key=_day, reverse=True):
            parts += _series(series, by_series.get((family.name, series.name), []), served.get((family.name, series.name), []), say)
    return "\n".join(parts)


def newest(rows: list[Newer], say: Words) -> str:
    """What an update has found: nobody has looked at it."""
    lines = [f"| {say.model} | {say.licence.format(value='').strip()} | {say.said_by} |", "|---|---|---|"]
    for row in rows:
        shown = f"`{row.name}`" if row.hub is None else f"[{_cell(row.name)}]({HUBS[row.hub].format(row.name)})"
        lines.append(f"| {shown} | {_cell(row.licence)} | {_cell(row.source)} ({row.day}) |")
    return f"\n## {say.newer}\n\n{say.newer_about}\n\n" + "\n".join(lines) + "\n"


def _day(series: Series) -> str:
    """By which the newest comes first; those of which no day is known come last."""
    return str(series.released or "")


def _company_facts(company: Company, say: Words) -> Iterator[str]:
    if company.country:
        yield f"{say.country} {company.country}"
    if company.site:
        yield f"[{say.site}]({company.site})"
    if company.api:
        yield f"{say.api} `{company.api}`" + (f" (`{company.api_key}`)" if company.api_key else "")
    for hub, label in (("huggingface", "Hugging Face"), ("modelscope", "ModelScope")):
        accounts = getattr(company, hub)
        if accounts:
            address = "https://huggingface.co/{}" if hub == "huggingface" else "https://modelscope.cn/organization/{}"
            yield f"{label} " + ", ".join(f"[{account}]({address.format(account)})" for account in accounts)


def _served() -> dict[tuple[str, str], list[str]]:
    """Family and series -> the API ids of models that are served and not published."""
    found: dict[tuple[str, str], list[str]] = {}
    for series, name in listing().served.values():
        names = found.setdefault((series.family, series.name), [])
        if name not in names:
            names.append(name)
    return found


def _series(series: Series, entries: list[Entry], served: list[str], say: Words) -> Iterator[str]:
    yield f"### {_text(series.name)}\n"
    facts = [
        say.released.format(value=series.released) if series.released else None,
        say.licence.format(value=series.licence) if series.licence else None,
        say.context.format(value=f"{series.context_length:,}") if series.context_length else None,
        say.kinds.format(value=", ".join(series.types)) if series.types else None,
        say.unverified if series.source == "unverified" else f"[{say.source}]({series.source})",
        say.checked.format(value=series.checked) if series.checked else None,
    ]
    yield " · ".join(fact for fact in facts if fact) + "\n"
    if served:
        yield f"{say.served}\n"
        yield from _known({name: mc.facts(name) for name in served}, say)
    if entries:
        rows = list(_rows(entries, say))
        head = [f"| {say.model} | {say.size} | {_label('context_length', say)} | ModelScope |", "|---|---|---:|---|"]
        shown = len(rows) if len(rows) <= _LONG + _FEW else _LONG
        yield "\n".join([*head, *rows[:shown]]) + "\n"
        if rest := rows[shown:]:
            table = "\n".join([*head, *rest])
            yield f'<details class="rest" markdown="1"><summary>{say.more.format(count=len(rest))}</summary>\n\n{table}\n\n</details>\n'
    elif not served:
        yield f"{say.none_listed}\n"


_SHOWN = tuple(field for field in KNOWN if field not in ("open_weights", "licence", "output_modalities"))
"""What the tables of served models have: the rest stands above them, or is the same for nearly all."""


def _label(field: str, say: Words) -> str:
    return labels(say.language).field(field)


def _known(found: dict[str, Facts], say: Words) -> Iterator[str]:
    """A row for each id with what is known of it and who says so; ids of which nobody says anything stand below, in one line."""
    told = {name: {fact.field: fact for fact in known(one, labels(say.language)) if fact.field in _SHOWN} for name, one in found.items()}
    rows = {name: said for name, said in told.items() if said}
    shown = [field for field in _SHOWN if any(field in said for said in rows.values())]
    if rows:
        yield "| | " + " | ".join(_label(field, say) for field in shown) + f" | {say.said_by} |"
        yield "|---|" + "---|" * (len(shown) + 1)
        for name, said in rows.items():
            cells = " | ".join(_cell(said[field].value) if field in said else "" for field in shown)
            yield f"| `{name}` | {cells} | {_sources(found[name], list(said), say)} |"
        yield ""
    if bare := [name for name in found if name not in rows]:
        yield f"{say.nothing_known}: " + ", ".join(f"`{name}`" for name in bare) + "\n"


def _sources(one: Facts, fields: list[str], say: Words) -> str:
    """The pages with their days, and which facts were written down from memory."""
    pages: dict[str, str] = {}
    memory = []
    for field in fields:
        source = one.origin(field)
        if source is not None and source.source == "unverified":
            memory.append(_label(field, say))
        elif source is not None and source.source.startswith("https://"):
            pages[source.source] = str(source.checked or "")
    texts = [f"[{day or say.source}]({page})" for page, day in pages.items()]
    return ", ".join(texts + ([f"*{say.unverified}: {', '.join(memory)}*"] if memory else []))


def _rows(entries: Iterable[Entry], say: Words) -> Iterator[str]:
    for entry in entries:
        here, there = listed_checkpoint(entry, "huggingface"), listed_checkpoint(entry, "modelscope")
        size = next((found.size for found in (here, there) if found is not None and found.size is not None), None)
        left = "–" if here is None else f"[{_cell(here.repo_id)}]({HUBS['huggingface'].format(here.repo_id)})"
        same = here is not None and there is not None and here.repo_id == there.repo_id
        context = mc.facts((here or there).repo_id).context_length if here or there else None  # type: ignore[union-attr]  # one of them is there
        right = "–" if there is None else f"[{say.same if same else _cell(there.repo_id)}]({HUBS['modelscope'].format(there.repo_id)})"
        yield f"| {left} | {_size(size, say)} | {'' if context is None else f'{context:,}'} | {right} |"


def _size(size: Size | None, say: Words) -> str:
    if size is None:
        return ""
    total = counted(size.total) if size.total else size.label or ""
    return total + (f" ({say.active.format(count=counted(size.active))})" if size.active else "")


def _text(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>|])", r"\\\1", text)


_cell = _text
