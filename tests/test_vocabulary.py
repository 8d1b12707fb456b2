"""Tests of vocabulary.py: data files become records, and a wrong file is answered as a reviewer would."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from modelcatalog import catalog, cli, datafiles, entries, parse, resolve, userfolder, vocabulary
from modelcatalog.errors import CatalogDataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.entries import CompanyFile

ACME = """
name = "Acme"
zh = "极致"
aliases = ["Acme AI"]

[accounts]
huggingface = ["acme-ai"]
api = ["acme"]

[[family]]
name = "Zork"
zh = "佐克"
weights = "open"
lines = ["Z"]

[[family.series]]
name = "Zork2"
models = ["Zork2-{7B,70B}[-Chat]", "Zork-mini"]
sizes = { mini = "3.8B" }
"""
FAMILY = "[[family]]\nname = 'Zork'\nweights = 'open'\n"
SERIES = f"{FAMILY}[[family.series]]\nname = 'Zork1'\n"


@pytest.fixture(autouse=True)
def own_catalog() -> Iterator[None]:
    """What a test adds to the catalog is gone after it."""
    yield
    vocabulary.renew()


def written(folder: Path, text: str, name: str = "acme.toml") -> Path:
    """A data file with this text."""
    place = folder / name
    place.write_text(text, encoding="utf-8")
    return place


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("671B-A37B", (671 * 10**9, 37 * 10**9)),
        ("3.8B", (3_800_000_000, None)),
        ("A13B", (None, 13 * 10**9)),
        ("1T-A32B", (10**12, 32 * 10**9)),
        ("135M", (135 * 10**6, None)),
        ("large", (None, None)),
    ],
)
def test_split_size(text: str, sizes: tuple[int | None, int | None]) -> None:
    """A size in a data file is total and active parameters; another text is neither."""
    assert entries.split_size(text) == sizes


def test_every_own_file_is_read() -> None:
    """The package's own data validates, and each company stands in one file."""
    companies = vocabulary.companies()
    assert len(companies) > 200
    assert len({company.name for company in companies}) == len(companies)
    families = [family.name for company in companies for family in company.family]
    assert len(families) == len(set(families))


def test_word_tables() -> None:
    """Types have both languages, methods are explained, repackagers and hosts are there."""
    assert vocabulary.types()["instruct"].zh
    assert all(entry.en and entry.zh for entry in vocabulary.types().values())
    assert vocabulary.methods()["awq"].zh
    assert vocabulary.dtypes()["bf16"] == "bfloat16"
    assert "gguf" in vocabulary.formats()
    assert vocabulary.hubs().hosts["modelscope.cn"] == "modelscope"
    assert "mini" in vocabulary.tiers()
    assert "preview" in vocabulary.variants()
    assert "highspeed" in vocabulary.speeds()
    assert vocabulary.schemes()
    assert vocabulary.ignored()
    assert vocabulary.tag_words()["text"] == "base"


def test_words_of_training() -> None:
    """The words that make a number no size are data."""
    assert "tokens" in vocabulary.training_after()
    assert "tokens" in vocabulary.training_after_size()
    assert "step" in vocabulary.training_before()


def one_company(place: Path) -> CompanyFile:
    """The company of a file that has one."""
    (company,) = datafiles.read_companies(place)
    return company


@pytest.mark.parametrize("value", ["[" * 100_000, "{b=" * 50_000, "9" * 10_000])
def test_toml_that_cannot_be_read(tmp_path: Path, value: str) -> None:
    """What the reader of TOML gives up on without an error of its own is answered as broken TOML is."""
    with pytest.raises(CatalogDataError, match=r"^acme\.toml: .*\n  fix the TOML syntax"):
        datafiles.read_companies(written(tmp_path, f"name = {value}"))


def test_broken_toml(tmp_path: Path) -> None:
    """A file that is not TOML is answered with its place and where the syntax is."""
    place = written(tmp_path, 'name = "Acme"\nzh = = "极致"')
    with pytest.raises(CatalogDataError) as caught:
        datafiles.read_companies(place)
    first, hint = str(caught.value).splitlines()
    assert first.startswith("acme.toml: ")
    assert "line 2" in first
    assert hint == "  fix the TOML syntax; see https://toml.io"
    assert caught.value.subject == str(place)
    assert caught.value.__cause__ is not None


def test_not_utf8(tmp_path: Path) -> None:
    """A file in another encoding is the same kind of error."""
    place = tmp_path / "acme.toml"
    place.write_bytes('name = "阿里"'.encode("gbk"))
    with pytest.raises(CatalogDataError, match=r"^acme\.toml: not UTF-8\n  save it as UTF-8, as TOML is$"):
        datafiles.read_companies(place)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            'nane = "Acme"',
            (
                "acme.toml: nane: unknown field; did you mean name? (the fields are "
                "source, checked, name, zh, aliases, common, country, site, api, api_key, api_docs, accounts, family)"
            ),
        ),
        ("country = 'CN'", "acme.toml: name: is missing"),
        ('name = "Acme"\ncountry = 7', "acme.toml: country: Input should be a valid string (got 7)"),
        (
            'name = "Acme"\n[[family]]\nname = "Zork"\nweights = "ajar"',
            "acme.toml › Zork: weights: Input should be 'open', 'closed' or 'mixed' (got 'ajar')",
        ),
        (
            'name = "Acme"\n[[family]]\nname = "Zork"\nweights = "open"\n[[family.series]]\nname = "Zork1"\nmodles = ["Zork-7B"]',
            (
                "acme.toml › Zork › Zork1: modles: unknown field; did you mean models? (the fields are "
                "source, checked, name, released, licence, weights, context_length, types, models, huggingface, "
                "modelscope, renamed, sizes, api, known_as, known_as_of)"
            ),
        ),
        (
            'name = "Acme"\n[[family]]\nname = "Zork"\nweights = "open"\n[[family.series]]\nname = "Zork1"\nsizes = { mini = "small" }',
            "acme.toml › Zork › Zork1: mini: 'small' is not a size; write the total and the active parameters as '671B-A37B', '3.8B' or 'A13B' (got 'small')",
        ),
        (
            'name = "Acme"\n[[family]]\nname = "Zork"\nweights = "open"\n[[family.series]]\nname = "Zork1"\nsizes = { mini = "" }',
            "acme.toml › Zork › Zork1: mini: '' is not a size; write the total and the active parameters as '671B-A37B', '3.8B' or 'A13B' (got '')",
        ),
    ],
)
def test_review(tmp_path: Path, text: str, line: str) -> None:
    """A wrong entry is answered with file, family and series, the field, what is wrong and what to write."""
    with pytest.raises(CatalogDataError) as caught:
        one_company(written(tmp_path, text))
    assert line in str(caught.value).splitlines()


def test_two_companies_with_one_family(tmp_path: Path) -> None:
    """A family has one company; who says otherwise is told whose it is."""
    place = written(tmp_path, 'name = "Acme"\n[[family]]\nname = "Qwen"\nweights = "open"')
    with pytest.raises(CatalogDataError) as caught:
        catalog.extend(place)
    assert str(caught.value) == "Acme › Qwen: Alibaba has a family of that name; give it another one, or put the series there"
    assert caught.value.subject == "Qwen"


def test_missing_file(tmp_path: Path) -> None:
    """A path that is not there is named."""
    place = tmp_path / "nothing.toml"
    with pytest.raises(CatalogDataError) as caught:
        catalog.extend(place)
    assert str(caught.value) == f"{place}: no such file or folder\n  name a TOML file, or a folder of them"


@pytest.mark.usefixtures("few")
def test_extend_with_a_file(tmp_path: Path) -> None:
    """A user's company is known from then on, its Chinese names and sizes included."""
    before = parse("Zork2-7B-Chat")
    assert (before.family, before.company) == ("Zork2", None)
    catalog.extend(written(tmp_path, ACME))
    name = parse("acme-ai/Zork2-7B-Chat")
    assert (name.family, name.version, name.company) == ("Zork", "2", "Acme")
    assert parse("佐克2-7B").same_model(parse("zork-2-7b"))
    assert parse("zork2-mini").size.total == 3_800_000_000  # type: ignore[union-attr]
    assert catalog.find("极致").company.name == "Acme"  # type: ignore[union-attr]


@pytest.mark.usefixtures("few")
def test_extend_twice(tmp_path: Path) -> None:
    """Whoever runs a cell of a notebook again has the catalog that there was; a family of the catalog's own may have a word that new ones may not."""
    place = written(tmp_path, ACME)
    catalog.extend(place)
    once = list(catalog.search(family="Zork"))
    catalog.extend(place)
    assert list(catalog.search(family="Zork")) == once
    assert [one.name for one in catalog.series if one.family == "Zork"] == ["Zork2"]
    own = "name = 'Acme'\n[[family]]\nname = 'Instruct'\nweights = 'open'\nbare = false\n"
    catalog.extend(written(tmp_path, own, "own.toml"))
    catalog.extend(written(tmp_path, own.replace("bare = false\n", "[[family.series]]\nname = 'Instruct1'\nmodels = ['Instruct-1-7B']\n"), "more.toml"))
    assert parse("Zork2-7B-Instruct").types == ("instruct",)
    assert resolve("acme-ai/Instruct-1-7B").exists


@pytest.mark.usefixtures("few")
def test_a_company_without_an_account(tmp_path: Path) -> None:
    """Models of a company that has an account on one hub are there; of one that has none, no repository is listed, and names are read all the same."""
    catalog.extend(written(tmp_path, ACME.replace("huggingface =", "modelscope =")))
    assert (resolve("zork2-7b", hub="modelscope").repo_id, resolve("zork2-7b", hub="modelscope").exists) == ("acme-ai/Zork2-7B", True)
    assert resolve("zork2-7b").exists is False
    vocabulary.renew()
    catalog.extend(written(tmp_path, ACME.replace('huggingface = ["acme-ai"]', "")))
    assert (resolve("zork2-7b").repo_id, resolve("zork2-7b").exists) == ("zork2-7b", None)
    assert parse("zork2-mini").company == "Acme"


def test_nothing_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without data, in a call or in the variable, and a name that is too long for a file, are said."""
    nothing = r": no company in it\n  name a TOML file, or a folder of them$"
    with pytest.raises(CatalogDataError, match=nothing):
        catalog.extend(tmp_path)
    monkeypatch.setenv("MODELCATALOG_DATA", str(tmp_path))
    vocabulary.renew()
    with pytest.raises(CatalogDataError, match=nothing):
        parse("Qwen3-8B")
    monkeypatch.delenv("MODELCATALOG_DATA")
    vocabulary.renew()
    with pytest.raises(CatalogDataError, match=r"^n{3000}: no such file or folder"):
        catalog.extend("n" * 3000)


def test_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``~`` is the user's home, in a call and in the variable, which no shell may have read."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    written(tmp_path, ACME)
    monkeypatch.setenv("MODELCATALOG_DATA", "~/acme.toml")
    assert userfolder.places() == [tmp_path / "acme.toml"]
    monkeypatch.delenv("MODELCATALOG_DATA")
    with pytest.raises(CatalogDataError, match=r"none\.toml: no such file or folder") as caught:
        catalog.extend("~/none.toml")
    assert str(caught.value).startswith(str(tmp_path))


@pytest.mark.usefixtures("few")
@pytest.mark.parametrize("weights", ["open", "closed", "mixed"])
@pytest.mark.parametrize(
    "more", ["", "facts = []\n", "series = []\n", '[[family.facts]]\nof = ["Zork2-7B"]\ntools = true\n'], ids=["none", "facts", "series", "fact"]
)
def test_a_known_family_without_series(tmp_path: Path, weights: str, more: str) -> None:
    """What adds to a family need not add a series to it, whatever it says of the weights: tables of what is there are left as they are."""
    catalog.extend(written(tmp_path, ACME.replace('sizes = { mini = "3.8B" }', '[[family.facts]]\nof = ["Zork2-70B"]\nreasoning = true\n')))
    catalog.extend(written(tmp_path, f"name = 'Acme'\n[[family]]\nname = 'Zork'\nweights = '{weights}'\n{more}", "more.toml"))
    assert resolve("zork2-7b").repo_id == "acme-ai/Zork2-7B"
    assert catalog.facts("Zork2-70B").reasoning is True
    assert catalog.facts("Zork2-7B").tools is (True if "tools" in more else None)


@pytest.mark.usefixtures("few")
def test_a_letter_that_is_a_family(tmp_path: Path) -> None:
    """A line's letter can stand for the family, as in o3: with one digit, and the letter is of the version."""
    catalog.extend(written(tmp_path, ACME.replace('lines = ["Z"]', 'lines = ["Z"]\naliases = ["z"]')))
    assert (parse("z3-mini").family, parse("z3-mini").version) == ("Zork", "z3")
    assert parse("z12-mini").family is None
    assert parse("z").family is None


@pytest.mark.usefixtures("few")
def test_a_family_that_ends_with_a_kind_has_its_accounts(tmp_path: Path) -> None:
    """All models of an account are of its family, also where the family's second word says what kind of model it is."""
    catalog.extend(written(tmp_path, 'name = "Acme"\n[[family]]\nname = "Zork-Agent"\nweights = "open"\naccounts = ["zork-team"]\n'))
    assert (parse("zork-team/a1-swesmith").company, parse("zork-team/a1-swesmith").family) == ("Acme", "Zork-Agent")
    assert parse("elsewhere/Zork-Agent-7B").family == "Zork-Agent"


@pytest.mark.usefixtures("few")
def test_a_word_of_two_makers_is_alone_his_whose_may_stand_alone(tmp_path: Path) -> None:
    """Whoever comes first in the files: a family that means nothing without its maker leaves the word to the other's, and has it beside its maker."""
    first = 'name = "Acme"\n[accounts]\nhuggingface = ["acme"]\n[[family]]\nname = "Zork"\nweights = "open"\nbare = false\n'
    second = 'name = "Bolt"\n[accounts]\nhuggingface = ["bolt"]\n[[family]]\nname = "Zork Bolt"\naliases = ["zork"]\nweights = "open"\n'
    written(tmp_path, first, "a.toml")
    written(tmp_path, second, "b.toml")
    catalog.extend(tmp_path)
    assert [parse(name).company for name in ("Zork-7B", "elsewhere/Zork-7B", "acme/Zork-7B", "bolt/Zork-7B")] == ["Bolt", "Bolt", "Acme", "Bolt"]


@pytest.mark.usefixtures("few")
def test_extend_is_all_or_nothing(tmp_path: Path) -> None:
    """One wrong file of a folder, and nothing of the folder is taken."""
    written(tmp_path, ACME)
    written(tmp_path, "country = 'CN'", "broken.toml")
    with pytest.raises(CatalogDataError, match=r"^broken\.toml: name: is missing$"):
        catalog.extend(tmp_path)
    assert parse("Zork2-7B").company is None


@pytest.mark.usefixtures("few")
def test_extend_a_known_company(tmp_path: Path) -> None:
    """A later file of a company adds series, aliases, families and accounts; a new family stands beside the old."""
    catalog.extend(written(tmp_path, ACME))
    more = (
        'name = "Acme"\naliases = ["Acme Labs"]\n[accounts]\nhuggingface = ["acme-labs"]\n'
        '[[family]]\nname = "Zork"\naliases = ["zorkette"]\nweights = "open"\n[[family.series]]\nname = "Zork3"\nmodels = ["Zork3-9B"]\n'
        '[[family]]\nname = "Frotz"\nweights = "closed"\n'
    )
    catalog.extend(written(tmp_path, more, "more.toml"))
    acme = next(company for company in vocabulary.companies() if company.name == "Acme")
    assert acme.accounts.huggingface == ("acme-ai", "acme-labs")
    assert acme.aliases == ("Acme AI", "Acme Labs")
    assert [family.name for family in acme.family] == ["Zork", "Frotz"]
    assert [series.name for series in acme.family[0].series] == ["Zork2", "Zork3"]
    assert parse("zorkette-3-9b").family == "Zork"
    assert parse("frotz-1").company == "Acme"


@pytest.mark.usefixtures("few")
def test_data_folder_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`MODELCATALOG_DATA` names folders whose files belong to the catalog."""
    written(tmp_path, ACME)
    monkeypatch.setenv("MODELCATALOG_DATA", str(tmp_path))
    vocabulary.renew()
    assert parse("Zork2-7B").company == "Acme"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[acounts]\nhuggingface = ['a']", "acme.toml: acounts: unknown table; did you mean [accounts]? (the fields are source, "),
        ("[[families]]\nname = 'Zork'", "acme.toml: families: unknown table; did you mean [[family]]? (the fields are source, "),
        (f"{FAMILY}[[family.serie]]\nname = 'Zork1'", "acme.toml › Zork: serie: unknown table; did you mean [[family.series]]? (the fields are source, "),
        ("[family]\nname = 'Zork'\nweights = 'open'", "acme.toml › Zork: family: write [[family]]"),
        ("[accounts]\nhuggingface = ['a']\ncountry = 'CH'", "acme.toml: country: unknown field; write it at the top of the file, above every table"),
        (f"{SERIES}zh = '佐克'", "acme.toml › Zork › Zork1: zh: unknown field; write it below [[family]]"),
        (f"{SERIES}released = 'soon'", "acme.toml › Zork › Zork1: released: 'soon' is not a day, a month or a year; write it as '2025-08-07', "),
        (f"{SERIES}released = '2026-02-30'", "acme.toml › Zork › Zork1: released: '2026-02-30' is not a day, a month or a year; "),
        (f"{SERIES}checked = 'soon'", "acme.toml › Zork › Zork1: checked: "),
        (f"{SERIES}context_length = '32k'", "acme.toml › Zork › Zork1: context_length: Input should be a valid integer (got '32k')"),
        (f"{SERIES}context_length = true", "acme.toml › Zork › Zork1: context_length: "),
        (f"{SERIES}context_length = 0", "acme.toml › Zork › Zork1: context_length: Input should be greater than 0 (got 0)"),
        (f"{SERIES}models = ['Zork-{{7B']", "acme.toml › Zork › Zork1: models: 'Zork-{7B': '{' at 5 is not closed; every bracket needs its partner"),
        (f"{SERIES}models = ['../../zork']", "acme.toml › Zork › Zork1: models: '../../zork' is not a repository's name; write it as name or owner/name, of "),
        (f"{SERIES}models = ['Zork[ 7B]']", "acme.toml › Zork › Zork1: models: 'Zork 7B' is not a repository's name; "),
        ("[[family]]\nname = ' '\nweights = 'open'", "acme.toml ›  : name: ' ' is not a name; write one of printable characters"),
        (
            "[[family]]\nname = 'Instruct'\nweights = 'open'",
            "Acme › Instruct: 'Instruct' says something else in other names\n  choose another word, or write bare",
        ),
        (f"{FAMILY}aliases = ['7b']", "Acme › Zork: '7b' says something else in other names"),
        (f"{SERIES}models = ['[Zork]']", "acme.toml › Zork › Zork1: models: '[Zork]' stands for an empty name"),
        (f"{SERIES}models = ['Zork-7B']\nweights = 'closed'", "acme.toml › Zork › Zork1: models: weights that are closed have no repositories"),
        (f"{SERIES}types = ['codr']", "acme.toml › Zork › Zork1: types: 'codr' is not a type; did you mean coder?"),
        (f"{SERIES}models = ['Zork-7B']\nrenamed = {{ 'Zork-8B' = 'x/y' }}", "acme.toml › Zork › Zork1: renamed: 'Zork-8B' is not one of its models; "),
        (f"{SERIES}known_as = {{ zork = 'Zork-7B' }}", "acme.toml › Zork › Zork1: known_as: 'Zork-7B' is not one of its models"),
    ],
)
def test_a_users_file_is_reviewed(tmp_path: Path, text: str, line: str) -> None:
    """A wrong file of a user's own says what was meant, before anything else: tables, dates, patterns, what contradicts itself."""
    with pytest.raises(CatalogDataError) as caught:
        catalog.extend(written(tmp_path, f'name = "Acme"\n{text}\n'))
    assert str(caught.value).startswith(line)


def test_a_slip_is_said_before_what_is_missing_for_it(tmp_path: Path) -> None:
    """The field that a slip of the pen stands for is not said to be missing as well."""
    with pytest.raises(CatalogDataError) as caught:
        catalog.extend(written(tmp_path, 'nane = "Acme"\n[[family]]\nname = "Zork"\n'))
    assert [line.strip().partition(" (")[0] for line in str(caught.value).splitlines()] == [
        "acme.toml: nane: unknown field; did you mean name?",
        "acme.toml › Zork: weights: is missing",
    ]


@pytest.mark.parametrize("command", [("parse", "qwen3-8b"), ("catalog",), ("resolve", "qwen3-8b"), ("explain", "qwen3-8b")], ids=lambda command: command[0])
def test_every_command_says_it_alike(tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A broken pattern is said when the file is read, whatever was asked for."""
    monkeypatch.setenv("MODELCATALOG_DATA", str(written(tmp_path, f"name = 'Acme'\n{SERIES}models = ['Zork-{{7B']\n")))
    monkeypatch.setattr("sys.argv", ["modelcatalog", *command])
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    vocabulary.renew()
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "acme.toml › Zork › Zork1: models: 'Zork-{7B': '{' at 5 is not closed" in capfd.readouterr().err


def test_own_files_agree() -> None:
    """The package's own files are held to the same, here and not by each process that reads them."""
    words = frozenset(vocabulary.types())
    own = [company for place in datafiles.own_places() for company in datafiles.read_companies(place, words)]
    assert len({company.name for company in own}) == len(own) > 800


def test_several_companies_in_a_file(tmp_path: Path) -> None:
    """Each below a header of its own; what is wrong with one is said with its place."""
    text = "[[company]]\nname = 'Acme'\n[[company.family]]\nname = 'Zork'\nweights = 'open'\n[[company]]\nname = 'Frotz'\n"
    assert [company.name for company in datafiles.read_companies(written(tmp_path, text))] == ["Acme", "Frotz"]
    with pytest.raises(CatalogDataError, match=r"acme\.toml › Frotz: contry") as caught:
        datafiles.read_companies(written(tmp_path, f"{text}contry = 'FR'\n"))
    assert "country" in str(caught.value)


def test_a_day_of_toml(tmp_path: Path) -> None:
    """TOML's own days are days."""
    file = one_company(written(tmp_path, f"name = 'Acme'\n{SERIES}released = 2026-05-01\n"))
    assert file.family[0].series[0].released == "2026-05-01"


def test_adding_to_a_known_entry(tmp_path: Path) -> None:
    """A later file fills what is empty and adds to lists; what the catalog says otherwise stays, and that is said."""
    first = one_company(written(tmp_path, ACME))
    more = "name = 'Acme'\napi = 'https://api.acme.example/v1'\napi_key = 'ACME_KEY'\n[[family]]\nname = 'Zork'\nweights = 'closed'\n"
    more += "[[family.series]]\nname = 'Zork5'\napi = ['zork-5']\n[family.words]\nbig = 'moe'\n"
    (acme,) = datafiles.merged([first, one_company(written(tmp_path, more))])
    assert (acme.zh, acme.api, acme.api_key) == ("极致", "https://api.acme.example/v1", "ACME_KEY")
    (zork,) = acme.family
    assert (zork.weights, zork.words, {line.name: line.weights for line in zork.series}) == ("open", {"big": "moe"}, {"Zork2": None, "Zork5": "closed"})
    for text, where in (("zh = '别名'", "Acme: zh: '别名'"), (f"{FAMILY}zh = '别名'", "Acme › Zork: zh: '别名'")):
        other = one_company(written(tmp_path, f"name = 'Acme'\n{text}\n"))
        with pytest.raises(CatalogDataError, match=f"{where}, where the catalog says '"):
            datafiles.merged([first, other])


@pytest.mark.parametrize("page", ["extending.md", "extending.zh.md"])
def test_every_field_is_documented(page: str) -> None:
    """Each field of a company's file stands on the page about it, in both languages."""
    text = (Path(__file__).parents[1] / "docs" / page).read_text(encoding="utf-8")
    forms = (entries.CompanyFile, entries.Accounts, entries.FamilyEntry, entries.SeriesEntry, entries.FactsEntry)
    assert {name for form in forms for name in form.model_fields if f"`{name}`" not in text and f"[{name}]" not in text} == set()
