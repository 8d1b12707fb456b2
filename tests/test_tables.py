"""Tests of what is derived from the data: one object, replaced whole; kept between processes, and never wrong for that."""

from __future__ import annotations

import ast
import gc
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from pydantic_core import from_json

from fewcompanies import COMPANIES
from modelcatalog import Unsupported, catalog, columns, datafiles, keeping, parse, pausing, resolve, rows, vocabulary
from modelcatalog.catalog import additions, index, listing, meaning, sizes, tables
from modelcatalog.cli import completing
from modelcatalog.known import Company, Family, Series
from modelcatalog.names import context, grammar
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.pausing import lasting
from modelcatalog.records import Size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(keeping.__file__).parent
ACME = """
name = "Acme"
zh = "极致"
[accounts]
huggingface = ["acme-ai"]
modelscope = ["AcmeOnModelScope"]
[[family]]
name = "Zork"
weights = "open"
[[family.series]]
name = "Zork2"
models = ["Zork2-{7B,70B}[-Chat]", "Zork2-mini"]
sizes = { mini = "3.8B" }
[[family]]
name = "Grue"
weights = "closed"
[[family.series]]
name = "Grue1"
api = ["grue-1-large"]
"""
WITHOUT_DATA = {
    "catalog/nearest.py": {"_spelled_words"},
    "installing.py": {"folder"},
    "names/calendar.py": {"calendar"},
    "names/grammar.py": {"_heads", "_known_pieces", "_pieces", "_word_pattern", "_word_rule"},
    "names/reading.py": {"release"},
}
"""Functions that remember what follows from their arguments or from the rules alone."""


@pytest.fixture(autouse=True)
def own_catalog() -> Iterator[None]:
    """What a test adds to the catalog is gone after it."""
    yield
    vocabulary.renew()


class Made(NamedTuple):
    """All tables: in a wheel, in a checkout, and as they were made."""

    shipped: Path
    kept: Path
    said: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """All tables, made from the data once."""
    shipped, kept = tmp_path_factory.mktemp("shipped"), tmp_path_factory.mktemp("kept")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeping, "FOLDER", str(kept))
        patch.setattr(keeping, "_SETTLED", 0)
        vocabulary.renew(fresh=True)
        tables.write(str(shipped))
        said = {name: packed() for name, packed in vocabulary.KEPT.items()}
        for name, packed in said.items():
            keeping.write(name, packed, keeping.Sources.here())
    return Made(shipped, kept, said)


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where tables are kept in this test alone, as if the sources had not been touched for a while."""
    place = tmp_path / "tables"
    monkeypatch.setattr(keeping, "FOLDER", str(place))
    monkeypatch.setattr(keeping, "_SETTLED", 0)
    vocabulary.renew()
    return place


@pytest.fixture
def folder(empty: Path, made: Made) -> Path:
    """The same with all tables in it."""
    vocabulary.renew()
    return Path(shutil.copytree(made.kept, empty))


def remade(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that will be written from now on."""
    written: list[str] = []
    write = keeping.write

    def noted(name: str, *rest: Any) -> None:
        written.append(name)
        write(name, *rest)

    monkeypatch.setattr(keeping, "write", noted)
    return written


# --- one object -----------------------------------------------------------------------------------


def seen() -> dict[str, object]:
    """What every way into the data says of the made-up company."""
    return {
        "company": parse("acme-ai/Zork2-7B-Chat").company,
        "version": parse("acme-zork2").version,
        "size": None if parse("zork2-mini").size is None else parse("zork2-mini").size.total,  # type: ignore[union-attr]
        "base": None if parse("Hermes-Zork2-7B").base is None else parse("Hermes-Zork2-7B").base.company,  # type: ignore[union-attr]
        "resolve": resolve("zork2-7b-chat").repo_id,
        "renamed": resolve("acme-ai/Zork2-9B", hub="modelscope").repo_id,
        "find": catalog.find("极致") is not None,
        "companies": any(company.name == "Acme" for company in catalog.companies),
        "families": any(family.name == "Zork" for family in catalog.families),
        "series": any(series.name == "Zork2" for series in catalog.series),
        "checkpoints": len(catalog.checkpoints("zork2-70b")),
        "search": len([*catalog.search("zork2")]),
        "browse": len([*catalog.browse("grue")]),
        "known company": _known("极致"),
        "completed companies": completing.companies("Acm"),
        "completed families": completing.families("Gru"),
    }


def _known(company: str) -> bool:
    try:
        return bool([*catalog.browse(company=company)])
    except Unsupported:
        return False


@pytest.mark.usefixtures("few")
def test_extend_replaces_everything_that_was_derived(tmp_path: Path) -> None:
    """All that was asked for before is asked of the new data afterwards, and of the old data again when it is taken back."""
    place = tmp_path / "acme.toml"
    place.write_text(ACME, encoding="utf-8")
    before = seen()
    catalog.extend(place)
    after = seen()
    assert {key for key, value in after.items() if value == before[key]} == set()
    assert after["company"] == after["base"] == "Acme"
    assert after["size"] == 3_800_000_000
    assert (after["resolve"], after["renamed"]) == ("acme-ai/Zork2-7B-Chat", "AcmeOnModelScope/Zork2-9B")
    assert after["search"] == 10
    vocabulary.renew()
    assert seen() == before


def test_no_cache_outlives_the_vocabulary() -> None:
    """Who remembers anything in these rooms marks it `derived` or `kept`, or remembers nothing of the data."""
    found: dict[str, set[str]] = {}
    for path in [*ROOT.glob("*.py"), *ROOT.glob("names/**/*.py"), *ROOT.glob("catalog/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and any("cache" in ast.unparse(decorator) for decorator in node.decorator_list):
                found.setdefault(path.relative_to(ROOT).as_posix(), set()).add(node.name)
    assert {path: names - WITHOUT_DATA.get(path, set()) for path, names in found.items()} == {path: set() for path in found}


@pytest.mark.usefixtures("few")
def test_a_table_that_is_made_while_the_data_changes_stays_with_the_old_data(tmp_path: Path) -> None:
    """It is not found afterwards."""
    place = tmp_path / "acme.toml"
    place.write_text(ACME, encoding="utf-8")

    @vocabulary.derived
    def slow() -> tuple[bool, ...]:
        known = any(company.name == "Acme" for company in vocabulary.companies())
        if not known:
            catalog.extend(place)
        return (known,)

    assert slow() == (False,)
    assert slow() == (True,)


def test_the_first_use_by_many_threads_makes_one_table() -> None:
    """All wait for the first, and all have the same."""
    vocabulary.renew()
    start, makes = Barrier(8), []

    @vocabulary.derived
    def table() -> object:
        makes.append(1)
        return parse("Qwen3-8B"), object()

    def first(_: int) -> object:
        start.wait()
        return table()

    with ThreadPoolExecutor(8) as pool:
        assert len({*map(id, pool.map(first, range(8)))}) == len(makes) == 1


# --- kept between processes -----------------------------------------------------------------------


def files_of(tables: dict[str, dict[str, Any]]) -> set[str]:
    """What the files of some tables are called: those of rows have another for their columns."""
    return {*tables, *(f"{name}_at_once" for name, packed in tables.items() if "at_once" in packed)}


def test_what_is_kept_is_what_would_be_made(folder: Path, made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table, read back, is the one that the data gave, and none was made again."""
    written = remade(monkeypatch)
    assert {name: packed() for name, packed in vocabulary.KEPT.items()} == made.said
    assert {file.stem for file in folder.iterdir()} == files_of(made.said)
    assert written == []


DAMAGES = {
    "empty": lambda _: b"",
    "begun": lambda _: b"{",
    "blank": lambda _: b"\n\n\n",
    "a head alone": lambda _: b'{"check": 1}\n{}',
    "lists": lambda _: b"[1, 2]\n[3]",
    "bytes": lambda _: b"\xff\xfe\x00",
    "texts": lambda _: b'"text"\n""',
    "a byte short": lambda content: content[:-1],
    "short": lambda content: content[:-1000],
    "half": lambda content: content[:-100_000],
    "changed": lambda content: content.replace(b'"Alibaba"', b'"Nobodys"'),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_table_is_not_read(folder: Path, damage: Callable[[bytes], bytes]) -> None:
    """Whatever stands in the file, and wherever it ends: it carries a hash of itself."""
    file = folder / "dictionary.json"
    assert keeping.read("dictionary", keeping.Sources.here()) is not None
    file.write_bytes(damage(file.read_bytes()))
    assert keeping.read("dictionary", keeping.Sources.here()) is None


def test_a_damaged_table_is_made_anew(folder: Path) -> None:
    """Names are read as before, and the file is whole again."""
    whole = parse("Qwen2.5-7B-Instruct-AWQ")
    file = folder / "dictionary.json"
    content = file.read_bytes()
    file.write_bytes(content[:-1000])
    vocabulary.renew()
    assert parse("Qwen2.5-7B-Instruct-AWQ") == whole
    assert file.read_bytes() == content


@pytest.mark.usefixtures("few")
def test_a_folder_that_cannot_be_written_costs_only_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is kept, nothing is said, and names are read."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setattr(keeping, "FOLDER", str(tmp_path / "file" / "tables"))
    vocabulary.renew()
    assert parse("Qwen2.5-7B").family == "Qwen"


def asides(place: Path) -> dict[str, set[str]]:
    """Folder of tables aside -> the tables in it."""
    return {folder.name: {file.stem for file in folder.iterdir()} for folder in place.iterdir()} if place.exists() else {}


@pytest.fixture
def aside(empty: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where tables lie that cannot lie in the package, and there are none in the package."""
    assert not empty.exists()
    place = tmp_path / "cache" / "modelcatalog"
    monkeypatch.delenv("MODELCATALOG_TABLES")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place.parent))
    return place


def company() -> str | None:
    """Whose account that of the made-up company is: one of the tables that are made quickly."""
    account = current_dictionary().accounts.get("acme-ai")
    return None if account is None else account.company


@pytest.mark.parametrize("how", ["variable", "extend"])
@pytest.mark.usefixtures("few")
def test_tables_of_a_users_data_lie_aside(empty: Path, aside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    """Never in the package; they are taken as they are. A change of the data is seen, and so is the one back."""
    data = tmp_path / "data"
    data.mkdir()
    written = remade(monkeypatch)
    seen = []
    if how == "variable":
        monkeypatch.setenv("MODELCATALOG_DATA", str(data))
    for name in ("Acme", "Acme", "ACME", "Acme"):
        (data / "acme.toml").write_text(ACME.replace('"Acme"', f'"{name}"'), encoding="utf-8")
        vocabulary.renew()
        if how == "extend":
            catalog.extend(data)
        written.clear()
        seen.append((company(), "dictionary" in written, len(asides(aside))))
    assert seen == [("Acme", True, 1), ("Acme", False, 1), ("ACME", True, 2), ("Acme", False, 2)]
    assert not empty.exists()


NAMES = (
    "Qwen2.5-7B-Instruct-AWQ", "llama-3.3-70b", "llama3.1:8b", "mistral-small-2506", "deepseek-r1-671b", "us.anthropic.claude-opus-4-6-v1:0",
    "google/gemma-3-27b-it:free", "Zork2-7B-Chat", "zork2-70b", "acme-ai/zork2-mini", "grue-1-large", "hermes3:8b", "gpt-4o-2024-08-06", "Zork2-Llama-3-8B",
)  # fmt: skip


@pytest.mark.usefixtures("few")
def test_tables_aside_say_what_would_be_made(aside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every table of a user's data, and what is read and found by them."""
    (tmp_path / "acme.toml").write_text(ACME, encoding="utf-8")
    monkeypatch.setenv("MODELCATALOG_DATA", str(tmp_path / "acme.toml"))
    vocabulary.renew()
    made = {name: packed() for name, packed in vocabulary.KEPT.items()}
    said = [parse(name) for name in NAMES], resolve("zork2-7b-chat"), resolve("qwen3:8b", hub="modelscope")
    assert [*asides(aside).values()] == [files_of(made)]
    written = remade(monkeypatch)
    vocabulary.renew()
    assert ([parse(name) for name in NAMES], resolve("zork2-7b-chat"), resolve("qwen3:8b", hub="modelscope")) == said
    assert {name: packed() for name, packed in vocabulary.KEPT.items()} == made
    assert written == []


APART = """
name = "Brontosaur Labs"
[accounts]
huggingface = ["brontosaur-labs"]
[[family]]
name = "Plesiosaur"
zh = "蛇颈巨龙"
weights = "mixed"
[[family.series]]
name = "Plesiosaur2"
context_length = 131072
models = ["Plesiosaur2-{7B,70B}[-Chat]-0925", "Plesiosaur2-mini-Instruct", "Plesiosaur1.5-{8,32}B-Instruct"]
sizes = { mini = "3.8B" }
[[family.series]]
name = "Plesiosaur3"
weights = "closed"
api = ["plesiosaur-3-large-preview", "plesiosaur-3-2512"]
"""
TOUCHING = (
    APART.replace("Plesiosaur", "Qwen").replace("Brontosaur Labs", "Alibaba").replace('zh = "蛇颈巨龙"', ""),
    APART.replace("brontosaur-labs", "unsloth"),
    APART.replace("Plesiosaur", "Instruct").replace('zh = "蛇颈巨龙"', "bare = false"),
    APART.replace("Plesiosaur2-mini-Instruct", "Qwen3-8B-Plesiosaur"),
    APART.replace('zh = "蛇颈巨龙"', 'tiers = ["mini"]'),
)
"""Words, accounts, families and models that the package has."""


@pytest.mark.usefixtures("few", "empty")
def test_data_that_stands_apart_leaves_the_tables_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For a company of one's own no name of the package is read anew, and all is as if it had been."""
    vocabulary.renew()
    for packed in vocabulary.KEPT.values():
        packed()  # the package has its tables
    (tmp_path / "own.toml").write_text(APART, encoding="utf-8")
    monkeypatch.setenv("MODELCATALOG_DATA", str(tmp_path / "own.toml"))
    vocabulary.renew()
    assert additions.apart()
    read: list[str] = []
    with monkeypatch.context() as patch:
        patch.setattr(listing, "recorded", lambda: read.append("all"))
        quick = meaning.meanings(), sizes._rows()
    assert read == []
    monkeypatch.setattr(additions, "apart", tuple)
    vocabulary.renew(fresh=True)
    assert (meaning.meanings(), sizes._rows()) == quick
    assert sum(key.startswith("plesiosaur") for key in quick[0]) > 10
    assert quick[0]["plesiosaur-3-large"].startswith("plesiosaur\t3\t")


@pytest.mark.parametrize("text", TOUCHING, ids=["family", "account", "word", "model", "tier"])
def test_data_that_touches_what_is_there_does_not_stand_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Then everything is made anew."""
    (tmp_path / "own.toml").write_text(text, encoding="utf-8")
    monkeypatch.setenv("MODELCATALOG_DATA", str(tmp_path / "own.toml"))
    vocabulary.renew()
    files = additions.apart()
    assert not files or not meaning._are_own(files, [*meaning._entries(files)])


@pytest.mark.usefixtures("few")
def test_a_file_that_changes_while_tables_are_made_keeps_none(aside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before the change would else lie under the name of what is there now."""
    place = tmp_path / "acme.toml"
    place.write_text(ACME, encoding="utf-8")
    monkeypatch.setenv("MODELCATALOG_DATA", str(place))
    asked = vocabulary.companies

    def changed() -> Any:
        place.write_text(ACME.replace('"Acme"', '"ACME"'), encoding="utf-8")
        return asked()

    vocabulary.renew()
    monkeypatch.setattr(vocabulary, "companies", changed)
    assert company() == "ACME"
    assert asides(aside) == {}


@pytest.mark.usefixtures("few")
def test_tables_of_a_package_that_cannot_be_written_lie_aside(aside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next process takes them; where nothing may lie aside, each makes its own."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setattr(keeping, "FOLDER", str(tmp_path / "file" / "tables"))
    written = remade(monkeypatch)
    seen = []
    for variable in ("", "", "off", str(aside)):
        monkeypatch.setenv("MODELCATALOG_TABLES", variable)
        written.clear()
        vocabulary.renew()
        assert current_dictionary().accounts["qwen"].company == "Alibaba"
        seen.append("dictionary" in written)
    assert seen == [True, False, True, False]


@pytest.mark.skipif(os.name != "posix", reason="rights of files are others on Windows")
@pytest.mark.usefixtures("few")
def test_tables_that_others_may_write_are_not_read(aside: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They could name other repositories. The folder that is made lets nobody else in."""
    (tmp_path / "acme.toml").write_text(ACME, encoding="utf-8")
    monkeypatch.setenv("MODELCATALOG_DATA", str(tmp_path / "acme.toml"))
    vocabulary.renew()
    assert company() == "Acme"
    (place,) = aside.iterdir()
    assert place.stat().st_mode & 0o777 == 0o700
    place.chmod(0o777)
    before = {file: file.stat().st_mtime_ns for file in place.iterdir()}
    written = remade(monkeypatch)
    vocabulary.renew()
    assert company() == "Acme"
    assert written != []
    assert {file: file.stat().st_mtime_ns for file in place.iterdir()} == before


def test_tables_of_data_that_is_gone_do_not_pile_up(tmp_path: Path) -> None:
    """Those that were written last stay; what else lies there is nobody's to remove."""
    (tmp_path / "notes").mkdir()
    for number in range(2 * keeping._MOST):
        one = keeping.Aside(str(tmp_path), f"{number}")
        one.make()
        (Path(one.place) / "words.json").write_text("", encoding="utf-8")
        os.utime(one.place, (number, number))
    assert len([*tmp_path.iterdir()]) == keeping._MOST + 1
    assert Path(one.place, "words.json").exists()
    assert (tmp_path / "notes").exists()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, without what was compiled or kept, and with few companies, whose files are an hour old; Python has its own compiled files."""
    package = tmp_path_factory.mktemp("package") / "modelcatalog"
    shutil.copytree(ROOT, package, ignore=shutil.ignore_patterns("tables", "__pycache__", "*.so", "*.pyd"))
    for file in (*(package / "data" / "companies").iterdir(), *(package / "data" / "others").iterdir()):
        if file.stem not in COMPANIES:
            file.unlink()
    for file in package.rglob("*"):
        os.utime(file, (file.stat().st_mtime - 3600,) * 2)
    run(package, "import modelcatalog as m; m.resolve('qwen2.5-7b')")
    shutil.rmtree(package / "tables")
    return package


@pytest.fixture
def package(whole: Path, tmp_path: Path) -> Path:
    """One of a test's own."""
    return Path(shutil.copytree(whole, tmp_path / "modelcatalog"))


def run(package: Path, program: str) -> str:
    """What a program prints that imports a copy of the package."""
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    return subprocess.run([sys.executable, "-P", "-c", program], cwd=package.parent, env=environment, capture_output=True, text=True, check=True).stdout.strip()


NAME = "import modelcatalog as m, sys; print(m.parse('Qwen2.5-7B').company, 'modelcatalog.datafiles' in sys.modules)"


def test_data_that_changed_is_seen_by_the_next_process(package: Path) -> None:
    """Also where it has the same size, or is older than before; where only its time changed, nothing is made anew."""
    assert run(package, NAME) == "Alibaba True"
    assert run(package, NAME) == "Alibaba False"
    file = package / "data" / "companies" / "alibaba.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('name = "Alibaba"', 'name = "AliBABA"'), encoding="utf-8")
    os.utime(file, (1_600_000_000, 1_600_000_000))
    assert run(package, NAME) == "AliBABA True"
    assert run(package, NAME) == "AliBABA False"
    os.utime(file, (1_500_000_000, 1_500_000_000))
    assert run(package, NAME) == "AliBABA False"
    (package / "data" / "companies" / "acme.toml").write_text(ACME, encoding="utf-8")
    assert run(package, NAME.replace("Qwen2.5-7B", "Zork2-7B")) == "Acme True"


def test_tables_of_a_wheel(package: Path) -> None:
    """They are taken without a look into the data, whatever times an installation gives; a file that was edited since is seen."""
    run(package, f"from modelcatalog.catalog import tables; tables.write({str(package / 'tables')!r})")
    head = json.loads((package / "tables" / "dictionary.json").read_bytes().partition(b"\n")[0])
    assert head["times"] is None
    for number, file in enumerate(sorted(package.rglob("*.toml"))):
        os.utime(file, (file.stat().st_mtime + number,) * 2)
    before = {file: file.stat().st_mtime_ns for file in package.rglob("*.json")}
    assert run(package, NAME) == "Alibaba False"
    assert {file: file.stat().st_mtime_ns for file in package.rglob("*.json")} == before
    file = package / "data" / "companies" / "alibaba.toml"
    file.write_text(file.read_text(encoding="utf-8").replace('name = "Alibaba"', 'name = "AliBABA"'), encoding="utf-8")
    os.utime(file, (file.stat().st_mtime + 86400,) * 2)
    assert run(package, NAME).startswith("AliBABA")


def test_a_cold_start_reads_no_data_files(package: Path) -> None:
    """With its tables, the first name and the first checkpoint need no TOML, no entries, and no validator of pydantic's."""
    examples = {*(rule.worked or rule.example for rule in grammar.WORDS), *(case.example for cases in context.CASES.values() for case in cases)}
    names = "https://huggingface.co/Qwen/Qwen2.5-Coder-3B-Instruct-AWQ/tree/main", "us.anthropic.claude-opus-4-6-v1:0", *sorted(examples), "Qwen-q0f16"
    first = f"import modelcatalog as m, sys; [*m.parse_many({names})]"
    run(package, first)
    loaded = set(run(package, f"{first}; print(*sys.modules)").split())
    assert {"modelcatalog.datafiles", "modelcatalog.entries", "tomllib", "importlib.metadata", "importlib.resources", "typer", "rich"} & loaded == set()
    asked = "import modelcatalog as m, sys; m.resolve('qwen2.5-7b'); m.resolve('meta-llama/Llama-3.1-8B-Instruct', hub='modelscope')"
    first = f"{asked}; m.catalog.find('通义千问')"
    run(package, first)
    loaded = set(run(package, f"{first}; print(*sys.modules)").split())
    assert {
        "modelcatalog.datafiles",
        "modelcatalog.entries",
        "modelcatalog.userdata",
        "modelcatalog.catalog.fetched",
        "tomllib",
        "typer",
        "rich",
    } & loaded == set()


def test_a_process_that_is_older_than_the_code_keeps_no_tables(empty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would leave tables of the code that it runs, under the times of code that was written since."""
    sources = keeping.Sources.here()
    monkeypatch.setattr(keeping, "_BEGUN", sources.newest - 1)
    keeping.write("rows", {"a": 1}, sources)
    assert not empty.exists()
    monkeypatch.setattr(keeping, "_BEGUN", sources.newest)
    keeping.write("rows", {"a": 1}, sources)
    assert keeping.read("rows", sources) == {"a": 1}


def test_many_processes_may_start_at_once(package: Path, tmp_path: Path) -> None:
    """Each writes a file of its own and puts it in place whole."""
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    started = [subprocess.Popen([sys.executable, "-P", "-c", NAME], cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert {process.communicate()[0].split()[0] for process in started} == {"Alibaba"}
    assert {file.suffix for file in (package / "tables").iterdir()} == {".json"}
    assert run(package, NAME) == "Alibaba False"


def test_every_table_is_written_for_a_wheel(made: Made) -> None:
    """`write` knows all of them."""
    assert {file.stem.removesuffix("_at_once") for file in made.shipped.iterdir()} == set(vocabulary.KEPT)
    assert current_dictionary().accounts["qwen"].company == "Alibaba"


def test_what_lasts_counts_as_old_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stays frozen that was not, the collector runs again, and what a program has frozen stays so."""
    gc.unfreeze()  # what the tests keep from the collector
    monkeypatch.setattr(pausing, "_frozen", False)
    try:
        with lasting():
            assert not gc.isenabled()
            table: list[object] = [[]]
        assert (gc.isenabled(), gc.get_freeze_count()) == (True, 0)
        assert any(one is table for one in gc.get_objects(generation=2))
    finally:
        gc.freeze()
    with lasting():
        pass
    assert gc.get_freeze_count() > 0


# --- columns --------------------------------------------------------------------------------------


class Shared(NamedTuple):
    """What several others hold."""

    one: object
    other: object


class Pair(NamedTuple):
    """A named tuple."""

    one: Any
    other: Any


class Slotted:
    """A class with slots whose constructor takes nothing."""

    __slots__ = ("sizes", "text")

    def __init__(self) -> None:
        self.text = ""
        self.sizes: list[Size] = []


@pytest.mark.parametrize(
    "table",
    [
        None, 0, "", "text", 1.5, True, (), [], {}, frozenset(), (1, True, 1.0, "1", None), [[], [[]]], {"a": {"b": [1]}}, {None: 1, "a": (2,)},
        {1: 2, 3: 4},
        ((1,), (2, 3)), frozenset({"a", "b"}), [frozenset({1, 2})] * 3, date(2026, 11, 29), [date(2026, 11, 29), None], (Pair(1, (2,)),),
        [Pair("a", Size(label="b"))],
        [Size(label="7B", total=7), None], {"a": [Pair(Size(), {"b": frozenset({"c"})})]}, [1, True, 1.0] * 5, [{"a": (1,)}] * 4,
    ],
)  # fmt: skip
def test_columns_give_back_what_they_were_made_of(table: object) -> None:
    """Through JSON, types and order included."""
    classes = (Pair, Size)
    text = json.dumps(columns.pack(table, classes))
    back = columns.unpack(json.loads(text), classes)
    assert (back, repr(back)) == (table, repr(table))
    assert type(back) is type(table)


def test_shared_objects_are_shared_again() -> None:
    """An object that two others hold is one; what the reader has already is not made again."""
    inner, size = Slotted(), Size(label="7B")
    inner.text, inner.sizes = "inner", [size, size]
    table = [Pair(inner, inner), Pair(inner, size)]
    back = columns.unpack(json.loads(json.dumps(columns.pack(table, (Slotted, Pair, Size)))), (Slotted, Pair, Size))
    assert back[0].one is back[0].other is back[1].one
    assert back[0].one.sizes[0] is back[0].one.sizes[1] is back[1].other
    assert (back[0].one.text, back[1].other) == ("inner", size)
    known = {"Slotted": [Slotted(), inner]}
    packed = columns.pack([inner], (Slotted,), known)
    assert packed["objects"] == {}
    assert columns.unpack(packed, (Slotted,), known)[0] is inner


@pytest.mark.parametrize(
    "table",
    [
        {}, {"a": Pair(1, (2,)), "b": Pair("ä", {"c": frozenset({"d"})})}, {"a": [Pair(1, 2), Pair(3, Size(label="7B"))], "b": []},
        {"a": {"maker": Pair(1, [None, True, 1.5])}}, [{"a": Pair(1, 2)}, {"b": Pair(3, 4)}],
    ],
)  # fmt: skip
@pytest.mark.usefixtures("empty")
def test_rows_are_made_when_they_are_asked_for(table: object, tmp_path: Path) -> None:
    """They are lines of a file until then, and equal what they were made of."""
    sources = keeping.Sources.here(keeping.Aside(str(tmp_path), "rows"))
    keeping.write("rows", columns.pack(table, (Pair, Size), seldom=(Pair,)), sources)
    back = columns.unpack(keeping.read("rows", sources), (Pair, Size))
    assert ([*map(dict, back)] if isinstance(table, list) else dict(back)) == table


def lines_read(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The rows that will be decoded one by one from now on."""
    read: list[object] = []

    def noted(line: Any) -> Any:
        read.append(line)
        return from_json(line)

    monkeypatch.setattr(rows, "from_json", noted)
    return read


def test_a_row_is_made_once() -> None:
    """Whichever way one comes to it; the others stay what they are, and what is not there has no row."""
    shared, made = Pair(1, 2), list[object]()
    packed = columns.pack({"a": Shared(shared, "x"), "b": Shared(shared, "y"), "c": Shared(3, 4)}, (Shared, Pair), seldom=(Shared, Pair))
    shelf = columns.unpack(json.loads(json.dumps(packed)), (Shared, Pair))
    assert shelf["a"] is shelf.get("a")
    assert shelf["a"].one is shelf["b"].one
    assert "c" in shelf
    assert [*shelf] == ["a", "b", "c"]
    assert (shelf.get("d"), shelf.get("d", made), len(shelf)) == (None, made, 3)
    with pytest.raises(KeyError):
        shelf["d"]
    assert ({**shelf}, dict(shelf)) == ({"a": Shared(Pair(1, 2), "x"), "b": Shared(Pair(1, 2), "y"), "c": Shared(3, 4)},) * 2


def test_many_rows_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """From columns, without a line being read; those that were there already stay the same."""
    shared, classes = Shared("a", Size(label="7B")), (Pair, Shared, Size)
    table = [{str(number): Pair(number, shared) for number in range(9)}, {"a": [shared, Pair("b", 1)], "c": [Pair("d", shared)]}]
    packed = json.loads(json.dumps(columns.pack(table, classes, seldom=(Pair, Shared))))
    words, phrases = columns.unpack({**packed, "few": 4}, classes)
    first = words["3"]
    read = lines_read(monkeypatch)
    assert [dict(words), dict(phrases)] == table
    assert len(read) < len(words)
    assert words["3"] is first
    assert {id(first.other)} == {id(one.other) for one in words.values()} == {id(phrases["a"][0]), id(phrases["c"][0].other)}


def test_dictionaries_take_the_place_of_shelves_once_many_were_asked_for() -> None:
    """A look into a dictionary takes no call of a function; who holds the shelf itself finds the same objects."""
    holder: Any = Slotted()
    holder.text, holder.sizes = "holder", {str(number): Pair(number, "x") for number in range(9)}
    packed = json.loads(json.dumps(columns.pack(holder, (Slotted, Pair), seldom=(Pair,))))
    back: Any = columns.unpack({**packed, "few": 4}, (Slotted, Pair))
    shelf = back.sizes
    firsts = [shelf[str(number)] for number in range(3)]
    assert {type(shelf), type(back.sizes)} == {rows.Shelf}
    assert shelf["3"] == Pair(3, "x")
    assert type(back.sizes) is dict
    assert back.sizes == holder.sizes
    assert [back.sizes[key] is shelf[key] for key in shelf] == [True] * 9
    assert [back.sizes[str(number)] is firsts[number] for number in range(3)] == [True] * 3


@pytest.mark.usefixtures("empty")
def test_a_process_reads_on_without_the_columns(tmp_path: Path) -> None:
    """Where their file is gone or damaged, the rows are made one by one."""
    table = {str(number): Pair(number, 1) for number in range(9)}
    sources = keeping.Sources.here(keeping.Aside(str(tmp_path / "cache"), "rows"))
    keeping.write("rows", columns.pack(table, (Pair,), seldom=(Pair,)), sources)
    (whole,) = (tmp_path / "cache").rglob("rows_at_once.json")
    whole.write_bytes(whole.read_bytes()[:-5])
    assert dict(columns.unpack(keeping.read("rows", sources), (Pair,))) == table


def test_a_name_makes_the_words_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that reads one name decodes a few rows of ten thousand."""
    read = lines_read(monkeypatch)
    vocabulary.renew()
    assert parse("Qwen2.5-Coder-3B-Instruct-AWQ").types == ("coder", "instruct")
    assert 0 < len(read) < 40


def test_a_class_that_was_not_named_is_refused() -> None:
    """When it is packed; and what is read makes nothing but what its reader named."""
    with pytest.raises(TypeError, match="a table holds a Pair, which is none of the classes that it is said to have"):
        columns.pack([Pair(1, 2)], ())
    with pytest.raises(TypeError, match="a table holds a date"):
        columns.pack({"a": Pair(1, date(2026, 11, 29))}, (Pair,), seldom=(Pair,))
    packed = columns.pack([Pair(1, 2)], (Pair,))
    with pytest.raises(KeyError):
        columns.unpack(packed, ())


def test_a_class_within_itself_is_refused() -> None:
    """Columns of its fields would need each other first."""
    with pytest.raises(TypeError, match="a Pair holds, perhaps by way of others, another Pair"):
        columns.unpack(columns.pack([Pair(1, Pair(2, 3))], (Pair,)), (Pair,))


def test_no_test_leaves_tables_of_other_data() -> None:
    """What the package keeps for the next process is of its own companies, after all the tests above as well."""
    packed = keeping.read("index", keeping.Sources.here())
    own = {company.name for company in datafiles.companies(())}
    assert packed is None or own <= {company.name for company in columns.unpack(packed, (index.Index, Company, Family, Series)).companies}
