"""Says what the catalog's data files lack, as a report and a patch for a person to decide about. Changes nothing.

It asks what `modelcatalog update` asks, by the same code: models.dev, and the hubs about the accounts of the catalog's companies; of those that
are asked about only when they are named, about another part each night.

    python tools/refresh.py FOLDER          # writes FOLDER/refresh.md and FOLDER/refresh.patch
    git apply FOLDER/refresh.patch          # what is left of it after reading
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog import catalog, datafiles, keeping, names
from modelcatalog.catalog.fetched import made_of
from modelcatalog.catalog.listing import known_ids
from modelcatalog.catalog.sizes import fold as version_key
from modelcatalog.errors import CatalogDataError
from modelcatalog.hubs import HUBS
from modelcatalog.patterns import expand, fold
from modelcatalog.updating import accounts
from modelcatalog.updating.news import disagreements, news
from modelcatalog.updating.program import SOURCES, gathered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from modelcatalog.catalog.fetched import New
    from modelcatalog.entries import CompanyFile, FamilyEntry, SeriesEntry
    from modelcatalog.updating import News, Outcome
    from modelcatalog.userdata import UserData

ROOT = Path(__file__).parents[1]
DATA = ROOT / "src" / "modelcatalog" / "data"
_TABLE = re.compile(r"^\s*\[\[?\s*(?:company\.)?([\w.]+)\s*\]\]?")
"""The header of a table; in a file of several companies, all but a company's own begin with its word."""
_NAME = re.compile(r"""^name\s*=\s*["'](.*)["']""")


_NIGHTS = 28
"""In which every company is asked about once; more in a night would be more requests than a hub answers at once to who has no token."""


class Proposal(NamedTuple):
    """Repositories that a data file should name."""

    file: str
    family: str
    series: str
    known: bool
    """Whether the file has the series."""
    names: tuple[str, ...]
    patterns: tuple[str, ...]
    source: str
    licence: str | None
    """Of all of them, where they have one."""


class Place(NamedTuple):
    """A company, and its file, which may have others too."""

    path: Path
    entry: CompanyFile


def tonight(day: date) -> list[str]:
    """The companies that are asked about on a day: those with many models, and a part of the others."""
    many, every = accounts.with_many(), sorted({company.name for company in catalog.companies})
    others = [name for name in every if name not in many]
    return [*(name for name in every if name in many), *others[day.toordinal() % _NIGHTS :: _NIGHTS]]


def places(folder: Path) -> list[Place]:
    """Every company in the files of a folder, and of those inside."""
    files = sorted(path for room in keeping.COMPANIES for path in (folder / room).glob("*.toml"))
    return [Place(path, company) for path in files for company in datafiles.read_companies(path)]


def proposals(data: UserData, every: Sequence[Place]) -> Iterator[Proposal]:
    """Repositories of a company's own accounts, with a model of a family that its file has, that no pattern names."""
    hub = next(iter(HUBS))
    found: dict[tuple[str, str, str], list[New]] = defaultdict(list)
    lines: dict[tuple[str, str, str], tuple[bool, str]] = {}
    homes = {family.name: (place, family) for place in every for family in place.entry.family}
    for one in made_of(data, known_ids()).new.get(hub, ()):
        if one.family not in homes:
            continue
        place, family = homes[one.family]
        line = _series(family, one, place.entry)
        series = line.name if line is not None else one.series
        at = (place.path.name, family.name, series)
        main = line.huggingface if line is not None and line.huggingface else next(iter(place.entry.accounts.huggingface), "")
        lines[at] = (line is not None, main)
        found[at].append(one)
    for at, listed in sorted(found.items()):
        is_known, main = lines[at]
        bare = tuple(one.id.removeprefix(f"{main}/") for one in listed)
        licences = {one.licence for one in listed}
        yield Proposal(*at, is_known, bare, fold(bare), listed[0].source, next(iter(licences)) if len(licences) == 1 else None)


def _series(family: FamilyEntry, one: New, company: CompanyFile) -> SeriesEntry | None:
    """The series that such a repository belongs to: of its version, with weights, under its account."""
    same = [line for line in family.series if version_key(names.read(line.name).version) == version_key(one.version)]
    same = [line for line in same if (line.weights or family.weights) != "closed" and line.huggingface is not False]
    owner = one.id.partition("/")[0]
    main = next(iter(company.accounts.huggingface), "")
    return next((line for line in same if (line.huggingface or main) == owner), next(iter(same), None))


# --- the patch ----------------------------------------------------------------------------------------


def patched(text: str, proposal: Proposal, day: str) -> str | None:
    """A data file with a proposal in it; None where its form is not one that this program knows."""
    lines = text.splitlines(keepends=True)
    start, end = _block(lines, proposal.family, proposal.series if proposal.known else None)
    if start is None:
        return None
    quoted = [f'"{pattern}"' for pattern in proposal.patterns]
    if not proposal.known:
        within = "company." if any(line.startswith("[[company]]") for line in lines) else ""
        block = ["\n", f"[[{within}family.series]]\n", f'name = "{proposal.series}"\n', "models = [\n", *(f"    {one},\n" for one in quoted), "]\n"]
        block += [f'licence = "{proposal.licence}"\n'] if proposal.licence else []
        return "".join([*lines[:end], *block, f'source = "{proposal.source}"\n', f"checked = {day}\n", *lines[end:]])
    first = next((number for number in range(start, end) if re.match(r"models\s*=\s*\[", lines[number])), None)
    if first is None:
        return "".join([*lines[: start + 2], f"models = [{', '.join(quoted)}]\n", *lines[start + 2 :]])
    if lines[first].rstrip().endswith("]") and lines[first].count("[") == lines[first].count("]"):
        body = lines[first].rstrip()[:-1].rstrip().rstrip(",")
        lines[first] = f"{body}{', ' if not body.endswith('[') else ''}{', '.join(quoted)}]\n"
        return "".join(lines)
    last = next((number for number in range(first + 1, end) if lines[number].strip() in {"]", "],"}), None)
    if last is None or not lines[last - 1].rstrip().endswith((",", "[")):
        return None
    return "".join([*lines[:last], *(f"    {one},\n" for one in quoted), *lines[last:]])


def _block(lines: Sequence[str], family: str, series: str | None) -> tuple[int | None, int]:
    """The lines of a series, or of a whole family: from its header to the blank lines before the next one's."""
    start: int | None = None
    header, at, of_family = "", 0, ""
    for number, line in enumerate([*lines, "[[family]]\n"]):
        table = _TABLE.match(line)
        if table is not None:
            ends = table[1] in {"company", "family"} or (series is not None and table[1].startswith("family."))
            if start is not None and ends and not (series is not None and table[1].startswith("family.series.")):
                while number > start and not lines[number - 1].strip():
                    number -= 1  # noqa: PLW2901  the blank lines belong to the next header
                return start, number
            header, at = table[1], number
            of_family = "" if header == "family" else of_family
        elif name := _NAME.match(line):
            of_family = name[1] if header == "family" else of_family
            if start is None and of_family == family and ((series is None and header == "family") or (header == "family.series" and name[1] == series)):
                start = at
    return None, 0


def patch(every: Sequence[Place], proposed: Sequence[Proposal], day: str) -> tuple[str, list[Proposal]]:
    """All proposals as one difference, and those that a person must write down by hand."""
    made: list[str] = []
    left: list[Proposal] = []
    for path in dict.fromkeys(place.path for place in every):
        text = before = path.read_text(encoding="utf-8")
        for proposal in proposed:
            if proposal.file != path.name:
                continue
            after = patched(text, proposal, day)
            if after is None or not _says(after, proposal):
                left.append(proposal)
            else:
                text = after
        name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.relative_to(path.parents[1])
        made += difflib.unified_diff(before.splitlines(keepends=True), text.splitlines(keepends=True), f"a/{name.as_posix()}", f"b/{name.as_posix()}")
    return "".join(made), left


def _says(text: str, proposal: Proposal) -> bool:
    """Whether a changed file is a good one that names what it should."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / proposal.file
        place.write_text(text, encoding="utf-8")
        try:
            companies = datafiles.read_companies(place)
        except CatalogDataError:
            return False
    lines = (line for entry in companies for family in entry.family if family.name == proposal.family for line in family.series if line.name == proposal.series)
    return set(proposal.names) <= {name for line in lines for pattern in line.models for name in expand(pattern)}


# --- the report ---------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """What one run found out."""

    outcomes: Sequence[Outcome]
    proposed: Sequence[Proposal]
    by_hand: Sequence[Proposal]
    told: Sequence[News]
    every: Sequence[Place]
    day: str


def report(asked: Asked) -> str:
    """What a person reads before the patch is applied."""
    lines = [f"# What others say, {asked.day}", "", "| source | state | day | entries |", "|---|---|---|---|"]
    lines += [f"| {one.source} | {one.state} | {one.day or ''} | {one.count} |" for one in asked.outcomes]
    lines += [f"\n{problem}" for one in asked.outcomes for problem in one.problems]
    lines += ["", f"## New repositories: {sum(len(one.names) for one in asked.proposed)}", ""]
    for one in asked.proposed:
        where = f"{one.file} › {one.family} › {one.series}{'' if one.known else ' (a new series)'}"
        lines += [f"- {where}{', by hand' if one in asked.by_hand else ''}: " + ", ".join(f"`{pattern}`" for pattern in one.patterns) + f" ({one.source})"]
    for kind, heading in (("model", "Models that the catalog does not know"), ("disagrees", "Disagreements"), ("gone", "No longer listed")):
        found = [one for one in asked.told if one.kind == kind]
        lines += ["", f"## {heading}: {len(found)}", "", *(f"- {_told(one, asked.every)}" for one in found)]
    return "\n".join(lines) + "\n"


def _told(one: News, every: Sequence[Place]) -> str:
    if one.kind == "disagrees":
        return f"`{one.subject}` {one.field}: the catalog says {one.before}, {one.source} says {one.after}"
    about = _where(one.subject, every) if one.kind == "gone" else one.company
    return f"`{one.subject}` ({about}; {one.source})"


def _where(repo_id: str, every: Sequence[Place]) -> str:
    """The pattern that stands for a repository."""
    bare = repo_id.rpartition("/")[2]
    for place in every:
        for family in place.entry.family:
            for line in family.series:
                pattern = next((one for one in line.models if bare in {name.rpartition("/")[2] for name in expand(one)}), None)
                if pattern is not None:
                    return f"{place.path.name} › {family.name} › {line.name}: `{pattern}`"
    return "no pattern"


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the report and the patch; 1 where a source did not give all that it was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where to write refresh.md and refresh.patch")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the folders of the companies' files")
    parser.add_argument("--source", action="append", choices=SOURCES, help="ask this one only; may be repeated")
    given = parser.parse_args(arguments)
    today = datetime.now(UTC).date()
    day = today.isoformat()
    data, outcomes = gathered(given.source or SOURCES, None, tonight(today), lambda _: None, lambda source: print(f"asking {source} …", file=sys.stderr))
    every = places(given.data)
    proposed = list(proposals(data, every))
    difference, left = patch(every, proposed, day)
    told = [*news(None, data), *disagreements(data)]
    given.folder.mkdir(parents=True, exist_ok=True)
    (given.folder / "refresh.md").write_text(report(Asked(outcomes, proposed, left, told, every, day)), encoding="utf-8")
    (given.folder / "refresh.patch").write_text(difference, encoding="utf-8")
    print(f"{given.folder / 'refresh.md'}: {len(proposed)} proposals, {len(told)} notes")
    return 0 if all(one.state in {"new", "unchanged"} for one in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
