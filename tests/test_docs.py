"""Tests of docs/: what the pages show is what happens, what they promise is there, and the site builds without a warning."""

from __future__ import annotations

import doctest
import html
import importlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
from modelcatalog import errors, vocabulary
from modelcatalog.planning.runs import ENGINES
from pages import DATA, DOCS, PAGES, ROOT, Console, blocks, run_data, run_python

if TYPE_CHECKING:
    from types import ModuleType

GENERATED = {"grammar.md"}
"""Pages whose blocks come from the running code; a test of their own holds them fresh."""
KNOWN = {"python", "console", *DATA}
SHOWN = {"text", "ebnf"}
"""Languages of blocks that show no program."""
SITE = DOCS / "site"


def _id(page: Path) -> str:
    return page.name


def script(name: str) -> ModuleType:
    """One of the scripts that make the site."""
    sys.path.insert(0, str(SITE))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(SITE))


@pytest.mark.parametrize("page", PAGES, ids=_id)
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    """No block of a page is of a kind that nobody looks at."""
    for block in blocks(page):
        assert block.language in KNOWN | SHOWN, f"{block.place}: a block of {block.language or 'no language'!r} is not run"


def _programs(page: Path) -> tuple[str, ...]:
    return tuple(block.text for block in blocks(page, "python") if not block.not_run)


@pytest.mark.parametrize("page", {_programs(page): page for page in reversed(PAGES) if page.name not in GENERATED and _programs(page)}.values(), ids=_id)
def test_python(page: Path, model: mc.ChatModel, gguf_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python block does what the page says, once where two languages have the same; the model is the one of the other tests."""
    monkeypatch.setenv("MODELCATALOG_PATH", str(gguf_file.parent))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(mc, "load", lambda _plan: nullcontext(model))
    given = {"mc": mc, "plan_folder": gguf_file.parent, "lock_file": tmp_path / "model.lock"}
    skipped = [block for block in blocks(page, "python") if block.not_run]
    assert run_python(page, given) + len(skipped) == len(blocks(page, "python"))


@pytest.fixture(scope="module")
def console() -> Console:
    """What runs the pages' commands; a command that several pages show runs once."""
    return Console()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, "console")], ids=_id)
def test_console(page: Path, console: Console, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command that a page shows with its output prints that output."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for block in blocks(page, "console"):
        if not block.not_run:
            console.run(block, capfd)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page, *DATA)], ids=_id)
def test_data(page: Path) -> None:
    """Every block of data is data."""
    for block in blocks(page, *DATA):
        run_data(block)


def test_a_family_of_one_s_own(tmp_path: Path) -> None:
    """The catalog takes the family that the pages show, and finds the repository that they name."""
    shown = [blocks(DOCS / page, "toml")[0].text for page in ("recipes.md", "recipes.zh.md", "extending.md", "extending.zh.md")]
    for number, text in enumerate({repr(tomllib.loads(text)): text for text in shown}.values()):
        file = tmp_path / f"mine{number}.toml"
        file.write_text(text, encoding="utf-8")
        try:
            mc.catalog.extend(file)
            assert mc.resolve("sparrow2-7b-instruct").repo_id == "example-labs/Sparrow2-7B-Instruct"
        finally:
            vocabulary.renew()


@pytest.mark.parametrize("page", ["errors.md", "errors.zh.md"])
def test_every_error_has_its_section(page: str) -> None:
    """Each error has a section, with its cause and its way out, and no section is of an error that is gone."""
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL))
    assert sorted(sections) == sorted(errors.__all__)
    cause, way_out = ("**原因。**", "**办法。**") if page.endswith(".zh.md") else ("**Cause.**", "**Way out.**")
    for name, text in sections.items():
        assert name == "ModelCatalogError" or (cause in text and way_out in text), name


@pytest.mark.parametrize("page", ["api.md", "api.zh.md"])
def test_every_public_name_has_its_entry(page: str) -> None:
    """What the package hands out is described: on this page, or, where it is an error, on its own."""
    described = set(re.findall(r"\w+", (DOCS / page).read_text(encoding="utf-8")))
    assert set(mc.__all__) - {"__version__"} - set(errors.__all__) - described == set()


@pytest.mark.parametrize("page", ["engines.md", "engines.zh.md"])
def test_every_engine_option_is_in_the_table(page: str) -> None:
    """The row of `engine_options=` has what each engine takes, as its entry says."""
    (row,) = re.findall(r"^\| `engine_options=` \|(.*)\|$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    cells = dict(zip(("transformers", "llama.cpp", "vllm", "mlx", "openai"), row.split(" | "), strict=True))
    for name, engine in ENGINES.items():
        assert name == "vllm" or {*re.findall(r"`(\w+)`", cells[name])} == {*engine.options}, name


@pytest.mark.parametrize("page", [page for page in DOCS.glob("*.md") if ".zh" not in page.name], ids=_id)
def test_every_page_is_in_both_languages(page: Path) -> None:
    """No page is missing in Chinese, and both have the same chapters and as many lines of tables, whose lines name options, errors and variables."""
    if page.name in GENERATED:  # its Chinese page is made with each build
        chinese = dict(script("grammar_page").pages(script("words").CHINESE))["grammar.zh.md"]
        assert chinese.count("\n## ") == page.read_text(encoding="utf-8").count("\n## ")
        return
    other = page.with_suffix(".zh.md")
    assert other.exists()
    mine, theirs = (re.sub(r"^```.*?^```", "", one.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL).splitlines() for one in (page, other))
    for begins in (r"#+ ", r"\|"):
        assert [found[0] for line in mine if (found := re.match(begins, line))] == [found[0] for line in theirs if (found := re.match(begins, line))]


def test_forty_names() -> None:
    """The page has forty different names, and each sentence's claims are what the parser reads."""
    shown = [name for chapter in script("names_page").chapters() for name in chapter.names]
    assert len({name.text for name in shown}) == 40
    for name in shown:
        record = mc.parse(name.text)
        for path, expected in name.says.items():
            value: Any = record
            for part in path.split("."):
                value = getattr(value, part)
            found = " ".join(value) if isinstance(value, tuple) else str(value)
            assert found == expected, (name.text, path)


def test_a_name_stays_text_on_its_page() -> None:
    """The fragments of a page have no line break, which would end them, and hold each name's text."""
    words = script("words")
    for say in words.LANGUAGES:
        ((place, text),) = script("names_page").pages(say)
        assert place == f"names{say.suffix}.md"
        lines = [line for line in text.splitlines() if line.startswith('<div class="modelcatalog"')]
        assert len(lines) == 40
        assert all(line.endswith("</div>") for line in lines)
        found = [line for line in text.splitlines() if line.startswith('<p class="words"')]
        assert len(found) == 40  # what the search has instead of cells that are glued to each other
        assert "Qwen2.5-Coder-3B-Instruct-AWQ; " in found[0]


@pytest.fixture(scope="module")
def catalog_pages() -> dict[str, str]:
    """The catalog's pages, in English."""
    return dict(script("catalog_pages").pages(script("words").ENGLISH))


def test_company_pages(catalog_pages: dict[str, str]) -> None:
    """The newest series come first, and of a long table a few rows stand open."""
    text = catalog_pages["catalog/alibaba.md"]
    days = re.findall(r"released (\d{4}-\d\d-\d\d)", text.partition("\n## ")[2].partition("\n## ")[0])
    assert len(days) > 5
    assert days == sorted(days, reverse=True)
    assert re.search(r'<details class="rest" markdown="1"><summary>\d+ more</summary>\n\n\| Hugging Face', text)


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="the extra docs is not installed")
def test_copied_code() -> None:
    """The button of a block copies what was typed, without prompts and output; a program is copied as it stands."""
    hook = script("hook")
    assert doctest.testmod(hook).failed == 0
    block = '<div class="highlight"><pre><code><span class="gp">$ </span>jq . &lt; "a"\n<span class="go">{}</span>\n</code></pre></div>'
    page = SimpleNamespace(file=SimpleNamespace(src_uri="cli.md"))
    assert '<div class="highlight" data-copy="jq . &lt; &quot;a&quot;"><pre>' in hook.on_page_content(block, page, None, None)
    program = '<div class="language-python highlight"><pre><code>print(1)\n</code></pre></div>'
    assert hook.on_page_content(program, page, None, None) == program
    assert hook.on_page_content("<td>2026-08-07</td><td>2026</td>", page, None, None) == '<td class="day">2026-08-07</td><td>2026</td>'


def test_bars() -> None:
    """What several did is bars beside each other: every figure of the result file, ours marked."""
    page = script("benchmarks_page")
    for say in script("words").LANGUAGES:
        drawn = page.peers(say)
        assert drawn.count("<rect") == 4
        assert drawn.count('class="ours"') == 1
        assert ">0.902<" in drawn


BROWSER = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="it runs in a browser, and there is none")
def test_the_filter_of_a_company_s_page(tmp_path: Path) -> None:
    """Typed words hide the rows that lack one, and the headings and texts that have no row left; folded rows come up; without words all is back."""
    rows = "".join(f"<tr><td>Heron2-{size}B</td></tr>" for size in range(1, 12))
    body = (
        "<h1>Heron Labs</h1><p>about</p><h2>Heron</h2><p>said of Heron</p><h3>Heron2</h3>"
        f"<table><tbody>{rows}</tbody></table>"
        "<details class='rest'><summary>1 more</summary><table><tbody><tr><td>Heron2-7B-AWQ</td></tr></tbody></table></details>"
        "<h2>Egret</h2><h3>Egret-Coder</h3><table><tbody><tr><td>a-7b</td></tr></tbody></table>"
    )
    script_of_page = (DOCS / "styles" / "filter.js").read_text(encoding="utf-8")
    driver = """
      const field = document.querySelector("input.filter");
      const said = {first: [...document.querySelectorAll("tbody tr")].find((row) => !row.closest("[hidden]")).textContent};
      for (const words of ["7b", "coder", "HERON 7b", "nothing", ""]) {
        field.value = words;
        field.dispatchEvent(new Event("input"));
        const shown = (query) => [...document.querySelectorAll(query)].filter((one) => !one.closest("[hidden]")).map((one) => one.textContent);
        said[words] = [shown("h2, h3"), shown("tbody tr"), document.querySelector("details").open, shown("article > p").length];
      }
      document.querySelector("#out").textContent = JSON.stringify([field.placeholder, said]);
    """
    (tmp_path / "catalog").mkdir()
    page = tmp_path / "catalog" / "heron.html"
    page.write_text(
        f"<html lang='zh'><meta charset='utf-8'><article class='md-content__inner'>{body}</article><pre id='out'></pre>"
        f"<script>{script_of_page}</script><script>{driver}</script></html>",
        encoding="utf-8",
    )

    def read(address: str) -> Any:
        command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'browser'}", "--dump-dom", address]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
        found = re.search(r'<pre id="out">(.*?)</pre>', done.stdout, re.DOTALL)
        assert found is not None
        return json.loads(html.unescape(found[1]))

    placeholder, said = read(page.as_uri())
    assert placeholder.startswith("筛选")
    assert said["7b"] == [["Heron", "Heron2", "Egret", "Egret-Coder"], ["Heron2-7B", "Heron2-7B-AWQ", "a-7b"], True, 0]
    assert said["coder"] == [["Egret", "Egret-Coder"], ["a-7b"], True, 0]
    assert said["HERON 7b"] == [["Heron", "Heron2"], ["Heron2-7B", "Heron2-7B-AWQ"], True, 0]
    assert said["nothing"] == [[], [], True, 0]
    assert [len(one) for one in said[""][:2]] == [4, 13]
    assert said[""][2:] == [False, 2]
    placeholder, said = read(f"{page.as_uri()}?h=heron2+7b+awq")
    assert said["first"] == "Heron2-7B-AWQ"  # from the search, its words are in the field already
    assert read(f"{page.as_uri()}?h=quantization")[1]["first"] == "Heron2-1B"  # unless no row has them


def test_the_catalog_s_pages_have_everything(catalog_pages: dict[str, str]) -> None:
    """Every company with a family has a page; every repository of both hubs has a link on its company's page."""
    slug = script("catalog_pages").slug
    text = "".join(catalog_pages.values())
    assert len({slug(family.company) for family in mc.catalog.families}) == len(catalog_pages) - 1
    addresses = {"huggingface": "https://huggingface.co/{}", "modelscope": "https://modelscope.cn/models/{}"}
    linked = set(re.findall(r"\]\((https://[^)]+)\)", text))
    missing = [c for c in mc.catalog.checkpoints() if addresses[c.hub].format(c.repo_id) not in linked]
    assert missing == []


def test_a_company_s_page_shows_facts_with_who_says_them() -> None:
    """Of what an API alone serves there is a row with its facts, the page that says them with the day, and which are from memory."""
    made = dict(script("catalog_pages").pages(script("words").CHINESE))
    (row,) = (line for line in made["catalog/xai.zh.md"].splitlines() if line.startswith("| `grok-3` |"))
    assert "| 131,072 | 文本 | 是 |" in row
    assert "[2026-11-29](https://docs.x.ai/docs/migration/may-15-retirement), *未核实: 发布日期*" in row


@pytest.mark.parametrize("name", ["benchmarks_page", "pictures"])
def test_examples_of_the_scripts(name: str) -> None:
    """The examples in the scripts' docstrings do what they say."""
    assert doctest.testmod(script(name)).failed == 0


def test_no_picture_is_stale() -> None:
    """The pictures show what the parser reads now."""
    assert script("pictures").main("--check") == 0


def test_results_become_tables_and_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result file becomes a table with its machine; one quantity at four places becomes a curve as well."""
    page = script("benchmarks_page")
    monkeypatch.setattr(page, "RESULTS", tmp_path)
    ((_, empty),) = page.pages(script("words").ENGLISH)
    assert "No result file" in empty
    turns = ",".join(f'{{"what": "turn {n}", "value": {n / 10}, "unit": "s", "owed": null}}' for n in range(1, 5))
    (tmp_path / "chat.json").write_text(f'{{"machine": "two cores", "versions": {{"torch": "2.13"}}, "results": [{turns}]}}', encoding="utf-8")
    ((place, text),) = page.pages(script("words").CHINESE)
    assert place == "benchmarks.zh.md"
    assert "two cores" in text
    assert "torch 2.13" in text
    assert "| turn 4 | 0.4\u00a0秒 |" in text
    assert text.count("<circle") == 4


def test_results_are_chinese_on_the_chinese_page() -> None:
    """Whatever a result file says of what was measured, its unit and its bound has its Chinese, and none is left over."""
    page = script("benchmarks_page")
    files = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(page.RESULTS.glob("*.json"))]
    said = [each[key] for found in files for each in found["results"] for key in ("what", "unit", "owed") if isinstance(each.get(key), str)]
    said += [found["benchmark"] for found in files if "benchmark" in found]
    assert [text for text in said if re.search("[A-Za-z]", text) and page.translated(text) is None] == []
    numberless = {re.sub(r"\d[\d,.]*\d|\d", "{}", text.strip()) for text in said}
    labels = {re.sub("^the same (?:of|in) |^.*: ", "", text) for text in numberless}
    assert page._chinese().keys() - numberless - labels == set()
    ((_, text),) = page.pages(script("words").CHINESE)
    assert [line for line in text.splitlines() if line.startswith(("|", "#")) and re.search(r"[a-z]{3,} [a-z]{3,}", line)] == []


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="the extra docs is not installed")
def test_examples_of_docstrings_become_blocks() -> None:
    """An example in a docstring reaches the API page as code, and the text around it stays."""
    fenced = script("doctests").fenced
    assert fenced("Adds.\n\n>>> 1 + 1\n2\n\nMore.") == "Adds.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nMore."


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("mkdocs_static_i18n") is None, reason="the extra docs is not installed")
def test_the_site(tmp_path: Path) -> None:
    """The site builds without a warning, loads nothing from elsewhere, and each language searches its own pages.

    ``MODELCATALOG_TEST_SITE`` names one that `make docs` has just built.
    """
    site = Path(os.environ.get("MODELCATALOG_TEST_SITE") or tmp_path)
    if site == tmp_path:
        command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
    loaded = re.compile(r'<(?:script|img|iframe|source)[^>]*(?:src|srcset)="?https?:|<link[^>]*rel="?(?:stylesheet|preconnect)[^>]*href="?https?:')
    for place in ("index.html", "zh/index.html", "names/index.html", "catalog/alibaba/index.html", "api/index.html"):
        text = (site / place).read_text(encoding="utf-8")
        assert not loaded.search(text), place
    chinese = (site / "zh" / "search" / "search_index.json").read_text(encoding="utf-8")
    english = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    assert '"location": "zh/' not in chinese + english
    assert "LLM-Research/Meta-Llama-3.1-8B-Instruct" in english
    commands = (site / "zh" / "cli" / "index.html").read_text(encoding="utf-8")
    assert '<code class="whole">--offload</code>' in commands  # no line ends within an option
    assert ' data-copy="modelcatalog parse Qwen3-30B-A3B-Instruct-2507-FP8"' in commands
    assert '<span class="go json">{"a": "DeepSeek-V3"' in commands  # JSON goes on in the next line, tables do not
    assert '"base": "."' in (site / "zh" / "index.html").read_text(encoding="utf-8")
