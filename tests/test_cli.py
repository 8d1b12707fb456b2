"""Tests of cli/: what each command prints where, in two languages, and how it ends."""

from __future__ import annotations

import codecs
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from rich.cells import cell_len

import modelcatalog as mc
from modelcatalog import vocabulary
from modelcatalog.cli import command, main, show, translated
from modelcatalog.cli.words import CHINESE, ENGLISH, words
from modelcatalog.show import explained, html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FRANCE = "What is the capital of France?"
PARIS = "The capital of France is Paris."
ERRORS = sorted(name for name in mc.__all__ if isinstance(getattr(mc, name), type) and issubclass(getattr(mc, name), mc.ModelCatalogError))


class Ran(NamedTuple):
    """What a command left."""

    code: int
    out: str
    err: str


class Cli:
    """Runs the command line in this process."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        self._patch = monkeypatch
        self._captured = capfd

    def __call__(self, *arguments: str, typed: str | bytes = "", **environment: str) -> Ran:
        """Run a command with its arguments, its standard input and more environment variables."""
        given = typed.encode() if isinstance(typed, str) else typed
        with self._patch.context() as patch:
            for name in ("LC_ALL", "LC_MESSAGES", "LANG", "FORCE_COLOR", "COLUMNS"):
                patch.delenv(name, raising=False)
            for name, value in environment.items():
                patch.setenv(name, value)
            # A terminal's width, without a terminal; TestTerminal has a real one.
            patch.setattr(show, "_UNBOUNDED", int(environment.pop("COLUMNS", show._UNBOUNDED)))
            patch.setattr(sys, "argv", ["modelcatalog", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
            code: object = 0
            try:
                main()
            except SystemExit as stop:
                code = stop.code or 0
        out, err = self._captured.readouterr()
        assert isinstance(code, int)
        assert "Traceback" not in out + err
        return Ran(code, out, err)


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(monkeypatch, capfd)


def _rows(table: str) -> list[list[str]]:
    """The cells of a printed table, without its headings."""
    return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in table.splitlines()[2:] if line.strip()]


class TestParse:
    """`modelcatalog parse`."""

    def test_one_name(self, cli: Cli) -> None:
        """One name is a table of its facts, each with where it came from."""
        ran = cli("parse", "DeepSeek-R1-0528")
        assert (ran.code, ran.err) == (0, "")
        rows = _rows(ran.out)
        assert ["company", "DeepSeek", "the catalog"] in rows
        assert ["version", "R1", "the name"] in rows
        assert ["size", "671B parameters · 37B active", "the catalog"] in rows
        assert ran.out.splitlines()[0].split() == ["fact", "value", "from"]

    def test_several_names(self, cli: Cli) -> None:
        """Several names are a table with a row for each, in their order."""
        ran = cli("parse", "Qwen3-30B-A3B", "gemma-3-27b-it")
        assert [row[0] for row in _rows(ran.out)] == ["Qwen3-30B-A3B", "gemma-3-27b-it"]
        assert "Alibaba" in ran.out
        assert "Google" in ran.out

    def test_chinese(self, cli: Cli) -> None:
        """A Chinese locale turns the headings Chinese, and companies have the names that people know."""
        ran = cli("parse", "Qwen2.5-7B-Instruct", LANG="zh_CN.UTF-8")
        assert ran.out.splitlines()[0].split() == ["字段", "值", "来自"]
        assert ["公司", "阿里巴巴", "目录"] in _rows(ran.out)

    def test_json_is_one_record_a_line(self, cli: Cli) -> None:
        """Each line of --json is a whole record, which becomes the same record again."""
        ran = cli("parse", "--json", "Qwen3-8B", "通义千问-7B")
        lines = ran.out.splitlines()
        assert [json.loads(line)["source"] for line in lines] == ["Qwen3-8B", "通义千问-7B"]
        assert [mc.ModelName.model_validate_json(line) for line in lines] == list(mc.parse_many(["Qwen3-8B", "通义千问-7B"]))

    def test_standard_input(self, cli: Cli) -> None:
        """A dash reads names from standard input, one per line; blank lines and line ends of any kind do not matter."""
        ran = cli("parse", "--json", "phi-4", "-", typed="Qwen3-8B\r\n\n  \ngemma-3-1b-it")
        assert [json.loads(line)["source"] for line in ran.out.splitlines()] == ["phi-4", "Qwen3-8B", "gemma-3-1b-it"]

    def test_json_streams(self, gguf_file: Path) -> None:
        """The first record comes while standard input is still open: nothing is gathered first."""
        del gguf_file
        command = [sys.executable, "-u", "-m", "modelcatalog", "parse", "--json", "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("Qwen3-8B\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["family"] == "Qwen"
            process.stdin.close()
            assert process.wait() == 0

    def test_a_bad_name_does_not_stop_the_others(self, cli: Cli) -> None:
        """The bad one is shown with a caret on standard error, the exit code is 2, the rest is there."""
        ran = cli("parse", "--json", "-", typed="Qwen3-8B\nbad\x07name\nphi-4\n")
        assert [json.loads(line)["source"] for line in ran.out.splitlines()] == ["Qwen3-8B", "phi-4"]
        assert ran.code == 2
        assert ran.err.splitlines()[:3] == [r"error: standard input, line 2: control character '\x07'", r"  bad\x07name", "     ^^^^"]

    def test_bytes_that_are_no_text(self, cli: Cli) -> None:
        """A line that is not UTF-8 is a bad name like any other, and shows its place, its bytes and the way out."""
        ran = cli("parse", "--json", "-", typed=b"phi-4\nQwen\xff3-8B\n")
        assert ran.code == 2
        lines = ["error: standard input, line 2: not UTF-8", r"  Qwen\xff3-8B", "      ^^^^", "  convert it first: iconv -f GBK -t UTF-8 FILE"]
        assert ran.err.splitlines() == lines
        assert [json.loads(line)["source"] for line in ran.out.splitlines()] == ["phi-4"]

    def test_a_file(self, cli: Cli, tmp_path: Path) -> None:
        """--file reads names from a file, after the others; what it takes on standard input it takes there."""
        file = tmp_path / "names.txt"
        file.write_bytes(b"\xef\xbb\xbfQwen3-8B\r\n\nbad\xff\n@cf/meta/llama-3.1-8b-instruct\n")
        ran = cli("parse", "--json", "phi-4", "--file", str(file))
        assert [json.loads(line)["source"] for line in ran.out.splitlines()] == ["phi-4", "Qwen3-8B", "@cf/meta/llama-3.1-8b-instruct"]
        assert ran.code == 2
        assert ran.err.startswith(f"error: {file}, line 3: not UTF-8\n")

    @pytest.mark.parametrize("way", ["--file", "-"])
    def test_comments(self, cli: Cli, tmp_path: Path, way: str) -> None:
        """Lines behind a # are skipped, in a file and in a pipe, and how many there were is said; a # within a word is the name's."""
        text = "# ours\nQwen3-8B # the small one\n\n  # theirs\nhttps://huggingface.co/microsoft/phi-4#usage\nbad\x07\n"
        file = tmp_path / "names.txt"
        file.write_text(text, encoding="utf-8")
        ran = cli("parse", "--json", *([way, str(file)] if way == "--file" else [way]), typed=text)
        assert [json.loads(line)["source"] for line in ran.out.splitlines()] == ["Qwen3-8B", "https://huggingface.co/microsoft/phi-4#usage"]
        source = file if way == "--file" else "standard input"
        assert ran.err.startswith(f"error: {source}, line 6: control character")
        assert ran.err.endswith(f"\n{source}: comments skipped: 3\n")
        assert "标准输入 第 2 行：" in cli("parse", "-", typed="# x\nbad\x07\n", LANG="zh_CN.UTF-8").err

    def test_no_names(self, cli: Cli, tmp_path: Path) -> None:
        """Where a pipe or a file has no name, that is said."""
        file = tmp_path / "names.txt"
        file.write_text("\n# all gone\n", encoding="utf-8")
        assert cli("parse", "--json", "-") == (0, "", "standard input: there is no name in it\n")
        assert cli("group", "--file", str(file)).err == f"{file}: comments skipped: 1\n{file}: there is no name in it\n"
        assert cli("facts", "-", LANG="zh_CN.UTF-8").err == "标准输入：其中没有名称\n"

    def test_utf16(self, cli: Cli, tmp_path: Path) -> None:
        """What Windows' PowerShell writes into a file is read."""
        file = tmp_path / "names.txt"
        file.write_text("Qwen3-8B\r\n通义千问-7B\r\n", encoding="utf-16")
        ran = cli("parse", "--json", "--file", str(file))
        assert [json.loads(line)["source"] for line in ran.out.splitlines()] == ["Qwen3-8B", "通义千问-7B"]

    def test_a_file_that_is_missing(self, cli: Cli, tmp_path: Path) -> None:
        """A file that cannot be read is bad input; so is a folder."""
        for place in (tmp_path / "nowhere.txt", tmp_path):
            ran = cli("parse", "--file", str(place))
            assert (ran.code, ran.out) == (2, "")
            assert ran.err.startswith(f"error: cannot read {place}\n  ")

    def test_a_table_of_many(self, cli: Cli) -> None:
        """A table longer than what is laid out at once has its heading once, every row, and its columns in line."""
        lines = cli("parse", "-", typed="".join(f"Qwen3-{n % 9 + 1}B\n" for n in range(1203))).out.splitlines()
        assert len(lines) == 1205
        assert len({line.index("Alibaba") for line in lines[2:]}) == 1
        assert {line.rstrip() for line in lines[2:502]} == {line.rstrip() for line in lines[502:]}

    def test_blocks(self, cli: Cli) -> None:
        """A terminal without room for a table shows blocks, one for each name, of what is known of it."""
        ran = cli("parse", "Qwen3-8B", "phi-4", COLUMNS="60")
        assert ran.out.splitlines()[:6] == ["Qwen3-8B", "  company: Alibaba", "  series: Qwen3", "  size: 8B", "  canonical: qwen-3-8b", ""]
        assert ran.out.splitlines()[6] == "phi-4"
        one = cli("parse", "Qwen3-30B-A3B-Instruct-2507-FP8", COLUMNS="50").out.splitlines()
        assert "company: Alibaba (the catalog)" in one

    def test_strict(self, cli: Cli) -> None:
        """--strict refuses the first word that no rule takes."""
        assert cli("parse", "Qwen3-8B-fizzbuzz").code == 0
        ran = cli("parse", "--strict", "Qwen3-8B-fizzbuzz")
        assert ran.code == 2
        assert "  Qwen3-8B-fizzbuzz\n           ^^^^^^^^\n" in ran.err

    def test_brackets_are_no_markup(self, cli: Cli) -> None:
        """A name cannot colour the terminal."""
        assert "x[red]y" in cli("parse", "x[red]y").out

    def test_colours(self, cli: Cli) -> None:
        """Colours are for terminals, and NO_COLOR turns them off there too."""
        assert "\x1b[" not in cli("parse", "Qwen3-8B").out
        assert "\x1b[1m" in cli("parse", "Qwen3-8B", FORCE_COLOR="1", TERM="xterm-256color").out
        shown = cli("parse", "", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color").err
        assert "\x1b[31m" not in shown
        assert "31m" not in shown


class TestExplain:
    """`modelcatalog explain`."""

    def test_labels_stand_under_their_parts(self, cli: Cli) -> None:
        """Each part, its rule, its label and what it means begin in one column; the facts follow with their origins."""
        ran = cli("explain", "claude-3-5-sonnet-20241022")
        assert (ran.code, ran.err) == (0, "")
        parts, rules, labels, meanings, *rest = ran.out.splitlines()
        assert parts.split() == ["claude", "-", "3-5", "-", "sonnet", "-", "20241022"]
        assert labels.split() == ["family", "version", "tier", "released"]
        for part, label, meaning in (("claude", "family", ""), ("3-5", "version", "3.5"), ("sonnet", "tier", ""), ("20241022", "released", "2024-10-22")):
            at = parts.index(part)
            assert rules[at : at + len(part) + 1].rstrip() == "─" * len(part)
            assert labels[at:].startswith(label)
            assert meanings[at:].startswith(meaning)
        assert ["company", "Anthropic", "the catalog"] in _rows("\n".join(rest[1:]))

    def test_wide_characters(self, cli: Cli) -> None:
        """Chinese characters take two columns, in a name and in its labels."""
        ran = cli("explain", "通义千问-7B", LANG="zh_CN.UTF-8")
        assert ran.out.splitlines()[:4] == ["通义千问 - 7B", "────────   ──", "系列       规模", "Qwen"]

    @pytest.mark.parametrize("columns", [12, 30, 50])
    def test_narrow(self, cli: Cli, columns: int) -> None:
        """On a narrow terminal the parts take several lines, none is longer than it, and nothing is lost."""
        name = "hf.co/bartowski/Qwen2.5-Coder-7B-Instruct-GGUF:Q4_K_M"
        drawn = cli("explain", name, COLUMNS=str(columns)).out.partition("\ncoder:")[0].partition("\nword ")[0]
        groups = [group.splitlines() for group in drawn.strip().split("\n\n")]
        assert "".join("".join(group[0].split()) for group in groups) == name
        assert max(len(line) for group in groups for line in group[:2]) <= columns
        assert len(groups) > 1

    def test_colours(self, cli: Cli) -> None:
        """On a terminal each part has its kind's colour, and NO_COLOR takes it away."""
        assert "\x1b[1;94mQwen" in cli("explain", "Qwen3-8B", FORCE_COLOR="1", TERM="xterm-256color").out
        assert "94m" not in cli("explain", "Qwen3-8B", FORCE_COLOR="1", NO_COLOR="1", TERM="xterm-256color").out

    def test_html(self, cli: Cli) -> None:
        """--html writes the fragment that notebooks show, in the language of the locale."""
        name = mc.parse("Qwen3-8B")
        assert cli("explain", "--html", "Qwen3-8B").out == f"{html.explain(name)}\n"
        assert cli("explain", "--html", "Qwen3-8B", LANG="zh_CN.UTF-8").out == f"{html.explain(name, language='zh')}\n"
        assert "<script>" not in cli("explain", "--html", "x<script>y").out

    def test_json(self, cli: Cli) -> None:
        """--json: a line for each name, its parts joined are the name, its facts have origins, in English everywhere."""
        lines = cli("explain", "--json", "Qwen3-8B", "-", typed="claude-3-5-sonnet\n", LANG="zh_CN.UTF-8").out.splitlines()
        for line, name in zip(lines, ("Qwen3-8B", "claude-3-5-sonnet"), strict=True):
            shown = json.loads(line)
            assert "".join(part["text"] for part in shown["parts"]) == shown["source"] == name
            facts = explained.facts(mc.parse(name), ENGLISH.labels)
            assert [(fact["field"], fact["origin"]) for fact in shown["facts"]] == [(fact.field, fact.origin) for fact in facts]
            assert "family" in [part["label"] for part in shown["parts"]]

    def test_one_form(self, cli: Cli) -> None:
        """HTML or JSON, not both."""
        ran = cli("explain", "--json", "--html", "phi-4")
        assert (ran.code, ran.out, ran.err) == (2, "", f"error: {ENGLISH.one_form}\n")

    def test_why(self, cli: Cli) -> None:
        """--why names the case that decided each word, with its reason, in the language of the locale; JSON has it too, HTML has no place for it."""
        rows = _rows(cli("explain", "--why", "llama-161M-100B").out)
        assert ["100B", "training", "second_size", "Of two sizes, the second is one more number of the training."] in rows
        assert "两个规模里，第二个是训练的又一个数字。" in cli("explain", "--why", "llama-161M-100B", LANG="zh_CN.UTF-8").out
        told = json.loads(cli("explain", "--why", "--json", "llama-161M-100B").out)["why"]
        assert [reason["case"] for reason in told] == ["first_family", "first_size", "second_size"]
        assert "why" not in json.loads(cli("explain", "--json", "phi-4").out)
        ran = cli("explain", "--why", "--html", "phi-4")
        assert (ran.code, ran.out, ran.err) == (2, "", f"error: {ENGLISH.why_no_html}\n")


class TestCompare:
    """`modelcatalog compare`."""

    def test_what_differs_is_marked(self, cli: Cli) -> None:
        """Facts side by side under the two names; a mark where they differ, none where they do not."""
        ran = cli("compare", "Qwen2-7B-Instruct", "Qwen2.5-7B-Instruct-AWQ")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.splitlines()[0].split() == ["fact", "Qwen2-7B-Instruct", "Qwen2.5-7B-Instruct-AWQ"]
        rows = _rows(ran.out)
        assert ["≠ version", "2", "2.5"] in rows
        assert ["≠ quantization", "none", "awq 4-bit"] in rows
        assert ["family", "Qwen", "Qwen"] in rows
        assert ran.out.endswith("\nDifferent models.\nQwen2.5-7B-Instruct-AWQ is newer, by its version.\n")

    @pytest.mark.parametrize(
        ("one", "other", "newer", "because"),
        [
            ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct-q4_k_m.gguf", None, "one_model"),
            ("Qwen-7B", "Qwen2-7B", "b", "version"),
            ("gpt-4.1", "gpt-4o", None, "two_lines"),
            ("claude-3-5-sonnet-20241022", "claude-3-5-sonnet-20240620", "a", "date"),
            ("Qwen3-8B", "Qwen3-14B", None, "one_version"),
            ("QwQ-32B", "Qwen3-32B", None, "two_families"),
            ("DeepSeek-V3", "DeepSeek-R1", None, "two_lines"),
            ("Qwen3-8B", "frobnicator-9000", None, "no_family"),
        ],
    )
    def test_order(self, cli: Cli, one: str, other: str, newer: str | None, because: str) -> None:
        """Which is the newer, or why neither is, the same whichever is named first, and in words; the exit code is 0 either way."""
        shown = json.loads(cli("compare", "--json", one, other).out)
        assert (shown["newer"], shown["because"], shown["same_model"]) == (newer, because, mc.parse(one).same_model(mc.parse(other)))
        turned = json.loads(cli("compare", "--json", other, one).out)
        assert (turned["newer"], turned["because"]) == ({"a": "b", "b": "a"}.get(newer or ""), because)
        told = cli("compare", one, other)
        assert told.code == 0
        last = ENGLISH.one_model if because == "one_model" else ENGLISH.orders[because]
        assert told.out.splitlines()[-1] == last.format(name=one if newer == "a" else other, a=mc.parse(one).version, b=mc.parse(other).version)

    def test_json(self, cli: Cli) -> None:
        """--json has the values as the records have them."""
        shown = json.loads(cli("compare", "--json", "Qwen3-8B", "Qwen3-14B").out)
        sizes = next(fact for fact in shown["facts"] if fact["field"] == "size")
        assert (sizes["a"]["total"], sizes["b"]["total"], sizes["same"]) == (8_000_000_000, 14_000_000_000, False)
        assert {"field": "family", "a": "Qwen", "b": "Qwen", "same": True} in shown["facts"]

    def test_spelling_is_no_difference(self, cli: Cli) -> None:
        """A size in small letters is the same size."""
        assert "  size " in cli("compare", "Qwen/Qwen3-8B", "qwen3-8b-q4_k_m.gguf").out

    def test_narrow(self, cli: Cli) -> None:
        """Without room for both columns each fact is a line: one value where both say it, else both."""
        out = cli("compare", "Qwen2-7B-Instruct", "Qwen2.5-7B-Instruct-AWQ", COLUMNS="40").out
        assert "  family: Qwen\n≠ version: 2 | 2.5\n" in out

    def test_bad_input(self, cli: Cli) -> None:
        """A bad name is bad input here as everywhere."""
        ran = cli("compare", "Qwen3-8B", "bad\x07name")
        assert (ran.code, ran.out) == (2, "")
        assert "^^^^" in ran.err


class TestErrors:
    """Bad input: the typed error, the next step, the exit code."""

    def test_empty(self, cli: Cli) -> None:
        """An empty name is bad input."""
        ran = cli("parse", "")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == "error: empty name\n  \n  ^\n  expected a model name such as 'Qwen2.5-7B-Instruct'\n"

    def test_too_long(self, cli: Cli) -> None:
        """A name of more than 1,024 characters is bad input, and is not printed whole."""
        ran = cli("parse", "a" * 2000)
        assert ran.code == 2
        assert len(ran.err) < 500
        assert "1,024" in ran.err or "1024" in ran.err

    @pytest.mark.parametrize(
        ("arguments", "english", "chinese"),
        [
            (("--hub", "hf"), "'--hub': 'hf' is not one of 'huggingface', 'modelscope'", "'--hub' 的值有误：'hf' 不是 'huggingface'、'modelscope' 之一"),
            (("--concurrency", "0"), "'--concurrency': ", "'--concurrency' 的值有误："),
            (("--context-length", "many"), "'--context-length': ", "'--context-length' 的值有误："),
        ],
        ids=["choice", "range", "number"],
    )
    def test_value_of_an_option(self, cli: Cli, arguments: tuple[str, str], english: str, chinese: str) -> None:
        """What typer says of a value is plain, whichever of its versions says it, and Chinese where the locale is."""
        said, told = cli("plan", "Qwen3-8B", *arguments), cli("plan", "Qwen3-8B", *arguments, LANG="zh_CN.UTF-8")
        assert (said.code, told.code) == (2, 2)
        assert f"error: invalid value for {english}" in said.err
        assert f"错误：{chinese}" in told.err
        assert not re.search(r"Value error|Input should", said.err + told.err)
        assert not re.search(r"[a-z]{3,} [a-z]{3,}", told.err.splitlines()[0])

    @pytest.mark.parametrize(
        "arguments",
        [
            *(
                ("plan", "Qwen3-8B", *one.split())
                for one in ("--on banana", "--engine vlm", "--device banana", "--kv-dtype x", "--context-length 0", "--server x")
            ),
            ("update", "--check", "--source", "models.dev", "--source", "nowhere"),
            ("update", "--check", "--company", "nobody"),
            ("update", "--check", "--company", "Qwen", "--source", "models.dev"),
            ("catalog", "--since", "2025-02-30"),
            ("plan", "Qwen3-8B", "--engine-option", "=1"),
            ("chat", "phi-4", ""),
            ("chat", "phi-4", " ", "--json"),
            ("compare", "-", "phi-4"),
            ("compare", "phi-4", "-"),
            ("catalog", "--smallest", "3"),
            ("catalog", "--context", "8"),
            *(("chat", "phi-4", option, "tests", "hi") for option in ("--image", "--audio", "--schema", "--tools", "--resume")),
        ],
        ids=" ".join,
    )
    def test_values_that_mean_nothing(self, cli: Cli, arguments: tuple[str, ...]) -> None:
        """What means nothing whatever the name is bad input, whoever finds it: typer, the package or the catalog."""
        assert cli(*arguments, HF_HUB_OFFLINE="1").code == 2

    @pytest.mark.parametrize(
        "arguments",
        [
            ("parse", "phi-4", "--file", ""),
            ("plan", "phi-4", "--lock="),
            ("plan", "phi-4", "--plot", ""),
            ("lock", "phi-4", "-o", ""),
            *(("chat", "phi-4", option, "", "hi") for option in ("--image", "--audio", "--schema", "--tools", "--resume", "--save")),
        ],
        ids=" ".join,
    )
    def test_an_empty_path(self, cli: Cli, arguments: tuple[str, ...]) -> None:
        """A variable of the shell's that is not set is not the folder one is in."""
        ran = cli(*arguments)
        assert ran.code == 2
        assert ran.out == ""
        assert re.match(r"error: invalid value for --\w+: the path is empty\n", ran.err)
        assert "的值有误：路径为空" in cli(*arguments, LANG="zh_CN.UTF-8").err

    def test_usage_in_chinese(self, cli: Cli) -> None:
        """So are what is too much, a word that the catalog does not know, and a path that cannot be written."""
        said = [
            cli(*one, LANG="zh_CN.UTF-8").err.splitlines()[0]
            for one in (("compare", "a", "b", "c"), ("catalog", "--type", "grue"), ("catalog", "--licence", "grue"), ("lock", "phi-4", "-o", "/"))
        ]
        assert said == [
            "错误：多出的参数：c",
            "错误：--type 的值有误：目录里没有类型 'grue'",
            "错误：--licence 的值有误：目录里没有许可 'grue'",
            "错误：--output 的值有误：无法写入 /：这是一个文件夹",
        ]

    def test_an_option_that_stands_twice(self, cli: Cli, tmp_path: Path) -> None:
        """The last of several counts, as everywhere; that the others do not is said, but for options that take several and for plain switches."""
        names = tmp_path / "names.txt"
        names.write_text("phi-4\n", encoding="utf-8")
        twice = "--{} stands here more than once; the last one counts"
        assert twice.format("file") in cli("parse", "--file", "none.txt", "-f", str(names)).err
        assert twice.format("hub") in cli("resolve", "Qwen3-8B", "--hub", "huggingface", "--hub", "modelscope").err
        assert twice.format("retired/--current") in cli("catalog", "--retired", "--current", "phi-4").err
        assert cli("parse", "--json", "--json", "phi-4").err == ""
        assert "more than once" not in cli("update", "--check", "--source", "models.dev", "--source", "huggingface", "--company", "nobody").err

    def test_files_that_cannot_be_written(self, cli: Cli, tmp_path: Path) -> None:
        """What is to hold the end of some work is looked at before the work: a conversation is not lost, a model not hashed for nothing."""
        for arguments in (
            ("chat", "SmolLM2-135M-Instruct", FRANCE, "--save"),
            ("lock", "SmolLM2-135M-Instruct", "-o"),
            ("plan", "SmolLM2-135M-Instruct", "--plot"),
        ):
            for place, why in ((tmp_path / "none" / "file", "No such file or directory"), (tmp_path, "Is a directory")):
                ran = cli(*arguments, str(place))
                assert ran.code == 2
                assert f"{place} cannot be written: {why}" in ran.err
                assert "Looking" not in ran.err
            ran = cli(*arguments, "-")
            assert (ran.code, "it is written into a file, not to standard output: name one" in ran.err) == (2, True)

    def test_what_is_not_here_is_no_bad_input(self, cli: Cli, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A device that this machine has not, and what this model cannot do, are failures."""
        monkeypatch.setattr("modelcatalog.planning.machine.gpus", tuple)
        assert cli("plan", str(tiny_folder), "--device", "cuda:7").code == 1
        assert cli("plan", str(tiny_folder), "--fit").code == 1

    def test_files_that_cannot_be_read(self, cli: Cli, tmp_path: Path) -> None:
        """The reason is Chinese where the locale is, and the next step is a shell's."""
        lacking = str(tmp_path / "none")
        assert cli("parse", "--file", lacking, LANG="zh_CN.UTF-8").err == f"错误：无法读取 {lacking}\n  没有这个文件或文件夹\n"
        assert cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--image", lacking).err.splitlines()[-1] == "  give the path of an image that can be read"
        assert cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--audio", lacking).err.splitlines()[-1] == "  give the path of a recording that can be read"
        assert cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--tools", lacking).err.splitlines()[0] == f"error: there is no file or folder {lacking}"
        for option in ("--image", "--audio", "--tools", "--schema", "--resume", "--lock", "--adapter"):
            assert cli("chat", "SmolLM2-135M-Instruct", FRANCE, option, lacking).code == 2  # a file that does not exist is bad input

    def test_a_data_file_that_is_wrong(self, cli: Cli, tmp_path: Path) -> None:
        """It is said in Chinese too, where the names of companies cannot be had for the same reason."""
        lacking = str(tmp_path / "none.toml")
        try:
            for arguments in (("parse", "Qwen3-8B"), ("resolve", "Qwen3-8B"), ("catalog",)):
                vocabulary.renew()
                ran = cli(*arguments, LANG="zh_CN.UTF-8", MODELCATALOG_DATA=lacking)
                assert ran.code == 1
                assert ran.err.startswith(f"错误：{lacking}：没有这个文件或文件夹\n  请给出 TOML 文件")
            (tmp_path / "odd.toml").write_text("name = 'X'\n[[family]]\nname = 'Y'\nweights = 'open'\n[[family.facts]]\nof = ['y']\ncontext_length = 'big'\n")
            vocabulary.renew()
            assert "Y: context_length: " in cli("parse", "Qwen3-8B", MODELCATALOG_DATA=str(tmp_path / "odd.toml")).err  # a field, and no option
        finally:
            vocabulary.renew()

    def test_chinese_in_a_locale_without_it(self, cli: Cli) -> None:
        """Bytes of UTF-8 that the locale's encoding has no letters for are read as what they are."""
        assert "qwen-7b" in cli("parse", os.fsencode("通义千问-7B").decode("ascii", "surrogateescape")).out

    def test_unknown_family(self, cli: Cli) -> None:
        """A bare name that the catalog does not know has no repository to try."""
        ran = cli("chat", "frobnicator-9000")
        assert ran.code == 2
        assert ran.err == (
            "Looking for frobnicator-9000 …\n"
            "error: no family is known for 'frobnicator-9000', so there is no repository to try\n"
            "  write it as owner/name to try that repository, or give a path\n"
        )

    def test_closed_weights(self, cli: Cli) -> None:
        """A model that is only served: who serves it, and the line that uses it."""
        ran = cli("chat", "gpt-6-sol")
        assert ran.code == 1
        assert "error: 'gpt-6-sol': OpenAI has not published the weights of GPT-6\n" in ran.err
        assert "OPENAI_API_KEY" in ran.err
        assert "modelcatalog chat gpt-6-sol --engine openai" in ran.err

    def test_missing_file(self, cli: Cli) -> None:
        """A path to nothing."""
        ran = cli("chat", "./nowhere/model.gguf", FRANCE)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == "Looking for ./nowhere/model.gguf …\nerror: there is no file or folder ./nowhere/model.gguf\n  nowhere does not exist\n"

    def test_truncated_file(self, cli: Cli, gguf_file: Path, tmp_path: Path) -> None:
        """A GGUF file that was cut off is refused before anything is loaded."""
        cut = tmp_path / gguf_file.name
        with gguf_file.open("rb") as whole:
            cut.write_bytes(whole.read(1_000_000))
        ran = cli("chat", str(cut), FRANCE)
        assert (ran.code, ran.out) == (1, "")
        assert "error: " in ran.err
        assert cut.name in ran.err

    def test_base_model(self, cli: Cli, tiny_base_folder: Path) -> None:
        """A model without a chat template cannot chat, in a conversation as with a prompt."""
        for arguments, typed in (((FRANCE,), ""), ((), f"{FRANCE}\n")):
            ran = cli("chat", str(tiny_base_folder), *arguments, typed=typed)
            assert (ran.code, ran.out) == (1, "")
            assert "chat template" in ran.err.splitlines()[-2]

    def test_missing_package(self, cli: Cli, gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A package that is not installed: the line that installs it."""
        missing = mc.plan(gguf_file).model_copy(update={"missing": (_missing("torch", "pip install 'modelcatalog[chat]'"),)})
        monkeypatch.setattr(mc, "plan", lambda *_, **__: missing)
        ran = cli("chat", str(gguf_file), FRANCE)
        assert ran.code == 1
        assert ran.err.endswith(" needs torch\n  install it with: pip install 'modelcatalog[chat]'\n")
        assert "GB" not in ran.err
        assert "MB" not in ran.err  # the plan of what cannot be loaded yet does not come first

    def test_usage(self, cli: Cli) -> None:
        """A wrong option, a wrong hub and a missing name are bad input."""
        for arguments in (["parse"], ["parse", "--nope", "x"], ["resolve", "--hub", "github", "Qwen3-8B"], ["nope"], ["chat", "x", "--max-new-tokens", "0"]):
            assert cli(*arguments).code == 2

    def test_usage_has_carets(self, cli: Cli) -> None:
        """What is wrong with the arguments has a caret under the one that it is about, in every language."""
        assert cli("parse", "--nope", "x").err.splitlines()[:3] == ["error: no such option: --nope", "  modelcatalog parse --nope x", " " * 21 + "^" * 6]
        assert cli("resolve", "--hub", "github", "Qwen3-8B").err.splitlines()[1:3] == [
            "  modelcatalog resolve --hub github Qwen3-8B",
            " " * 29 + "^" * 6,
        ]
        assert cli("nope").err.splitlines()[1:3] == ["  modelcatalog nope", " " * 15 + "^" * 4]
        assert cli("compare", "a").err.startswith("error: missing argument 'B'\n")
        assert cli("parse", "--file").err.splitlines()[-1] == "  modelcatalog parse --help lists the options"
        assert cli("parse", "--nope", "x", LANG="zh_CN.UTF-8").err.startswith("错误：没有选项 --nope\n")

    def test_no_names(self, cli: Cli) -> None:
        """A command over names needs one, and says where it would take them from."""
        for one in ("parse", "explain", "resolve"):
            assert cli(one).err == f"error: {ENGLISH.no_names}\n"

    def test_chinese(self, cli: Cli) -> None:
        """In a Chinese locale an error is Chinese: what happened, what was expected, and the next step, as a command."""
        assert cli("parse", "", LC_ALL="zh_CN.UTF-8").err.startswith("错误：名称是空的\n")
        assert cli("parse", "--strict", "Qwen-fizz", LC_ALL="zh_CN.UTF-8").err.splitlines()[-1].startswith("  应为")
        closed = cli("chat", "豆包", LC_ALL="zh_TW.UTF-8").err.splitlines()
        assert closed[1] == "错误：'豆包'：字节跳动没有公开 Doubao 的权重"
        assert re.fullmatch("  字节跳动的 API 提供它：设置 ARK_API_KEY，再用 modelcatalog chat doubao-[a-z0-9-]+ --engine openai", closed[2])
        shown = cli("plan", "x/y", "--on", "M9", LANG="zh_CN.UTF-8").err.splitlines()
        assert shown[1] == "错误：不认识显卡或芯片 'M9'"
        assert shown[2].endswith("；或写出显存：--on 24GB")

    def test_a_next_step_is_a_command(self, cli: Cli) -> None:
        """What an error tells to do next is what one types, and no keyword of Python."""
        assert cli("chat", "gpt-4o").err.splitlines()[-1].endswith("use modelcatalog chat gpt-4o --engine openai")
        assert cli("plan", "x/y", "--context-length", "0").err.splitlines()[1] == "error: --context-length 0 is not a number of tokens"
        assert cli("plan", "./", "--hub", "huggingface").err.splitlines()[-1].strip().startswith("leave --hub out")

    def test_values_in_chinese(self, cli: Cli) -> None:
        """Companies have the names that people know, and how sure a repository is has a word."""
        assert "谷歌" in cli("compare", "Qwen3-8B", "gemma-3-4b-it", LANG="zh_CN.UTF-8").out
        shown = cli("resolve", "Qwen3-8B", "Qwen/Nothing-1B", LANG="zh_CN.UTF-8").out
        assert "有出处" in shown
        assert "推得" in shown

    def test_ctrl_c(self) -> None:
        """Ctrl-C while names are read ends the command with 130, and nothing else is said."""
        command = [sys.executable, "-u", "-m", "modelcatalog", "parse", "--json", "-"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdin.write("Qwen3-8B\n")
            process.stdin.flush()
            process.stdout.readline()
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 130
            assert process.stderr.read() == ""

    @pytest.mark.skipif(not os.path.exists("/dev/full"), reason="the system has no full device")  # noqa: PTH110  a device
    def test_a_full_disk(self) -> None:
        """Output that cannot be written is an error like any other."""
        with open("/dev/full", "w") as full:  # noqa: PTH123  a device
            done = subprocess.run([sys.executable, "-m", "modelcatalog", "catalog"], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr == "error: No space left on device\n"

    def test_a_closed_pipe(self) -> None:
        """Output into a pipe that nobody reads ends quietly."""
        script = f"{sys.executable} -m modelcatalog catalog --json --hub huggingface | head -n 1"
        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)
        assert len(done.stdout.splitlines()) == 1
        assert done.stderr == ""


def _missing(package: str, install: str) -> object:
    from modelcatalog.planning import Missing

    return Missing(packages=(package,), install=install)


class TestOthers:
    """resolve, plan, catalog, and no command at all."""

    def test_resolve(self, cli: Cli) -> None:
        """The repository on the hub that was asked for."""
        ran = cli("resolve", "meta-llama/Llama-3.1-8B-Instruct", "--hub", "modelscope")
        assert _rows(ran.out)[0][:3] == ["meta-llama/Llama-3.1-8B-Instruct", "modelscope", "LLM-Research/Meta-Llama-3.1-8B-Instruct"]
        line = cli("resolve", "--json", "Qwen3-8B").out
        assert mc.Checkpoint.model_validate_json(line) == mc.resolve("Qwen3-8B")

    def test_resolve_goes_on(self, cli: Cli) -> None:
        """Closed weights are reported, the other names resolved."""
        ran = cli("resolve", "--json", "gpt-4o", "Qwen3-8B")
        assert ran.code == 1
        failed, found = map(json.loads, ran.out.splitlines())
        assert found["repo_id"] == "Qwen/Qwen3-8B"
        assert "OpenAI has not published" in ran.err
        assert (failed["asked"], failed["repo_id"], failed["error"]["type"]) == ("gpt-4o", None, "ClosedWeights")
        assert "OpenAI has not published" in failed["error"]["message"]
        assert failed.keys() == {*found, "error"}

    def test_group(self, cli: Cli) -> None:
        """A row for each model, with those who serve it; a bad name is reported, and the others go on."""
        names = ["openai/gpt-4o-2024-08-06", "azure/gpt-4o", "qwen3:8b", " "]
        ran = cli("group", *names)
        assert ran.code == 2
        assert [row[:3] for row in _rows(ran.out)] == [["gpt-4o", "OpenAI", "azure"], ["qwen-3-8b", "Alibaba", "qwen3:8b"]]
        assert len(cli("group", "--exact", "--json", *names[:3]).out.splitlines()) == 3

    def test_resolve_joins(self, cli: Cli) -> None:
        """A record for each name, in order, whatever became of it; `source` is no key of theirs: in JSON it is a text that was given."""
        names = ["qwen2.5:7b", "Qwen2.5-3B-Instuct", "gpt-4o", "文心大模型", " ", "mistral-large-latest"]
        records = [json.loads(line) for line in cli("resolve", "--json", *names).out.splitlines()]
        assert [record["asked"] for record in records] == names
        assert not any("source" in record for record in records)
        assert [record["moving"] is None for record in records] == [True] * 5 + [False]
        assert "moves; as of " in cli("resolve", "mistral-large-latest").out

    def test_control_characters_are_seen(self, cli: Cli, tmp_path: Path) -> None:
        """What a file is called, or a text says, does nothing to the terminal."""
        (tmp_path / "a\x1b[31mb.gguf").touch()
        for ran in (cli("local", MODELCATALOG_PATH=str(tmp_path)), cli("plan", "a\x1b[31mb/c")):
            assert "a\\x1b[31mb" in ran.err
            assert "\x1b" not in ran.out + ran.err

    def test_plan(self, cli: Cli, gguf_file: Path) -> None:
        """The plan, as it prints itself and as JSON; the name is found in MODELCATALOG_PATH."""
        ran = cli("plan", "SmolLM2-135M-Instruct", MODELCATALOG_PATH=str(gguf_file.parent))
        assert ran.code == 0
        assert ran.err == "Looking for SmolLM2-135M-Instruct …\n"
        assert f"  from      MODELCATALOG_PATH: {gguf_file}\n" in ran.out
        for language in ("C.UTF-8", "zh_CN.UTF-8"):
            plans = [cli(*command, str(gguf_file), LANG=language).out for command in (("pull", "--dry-run"), ("plan",))]
            first, second = (re.sub(r"\d+(?:\.\d+)? GB", "GB", text) for text in plans)  # the memory that is free changes from one look to the next
            assert first == second
        shown = cli("plan", "--json", str(gguf_file)).out
        assert mc.Plan.model_validate_json(shown).weights == (gguf_file.name,)

    @pytest.mark.parametrize(
        ("options", "said", "code"),
        [
            (("--device", "frob"), "'frob' is not a device", 2),
            (("--revision", "v9"), "a path has no revisions", 1),
            (("--context-length", "0"), "--context-length 0 is not a number of tokens", 2),
            (("--quantization", "Q8_0"), "--quantization Q8_0 is not what", 1),
            (("--fit",), "a path is one variant", 1),
            (("--base-url", "nowhere"), "--base-url is not the address of a server", 2),
        ],
    )
    @pytest.mark.parametrize("command", ["plan", "chat"])
    def test_plan_options(  # noqa: PLR0917  what is typed, and what comes
        self, options: tuple[str, ...], said: str, code: int, command: str, cli: Cli, gguf_file: Path,
    ) -> None:  # fmt: skip
        """What the hints of a plan's errors name can be given here, and is refused as in Python, by the names of the options."""
        ran = cli(command, str(gguf_file), *options)
        assert ran.code == code
        assert said in ran.err

    def test_plan_choices(self, cli: Cli, gguf_file: Path) -> None:
        """So can what is honoured."""
        shown = cli("plan", "--json", str(gguf_file), "--dtype", "float16", "--device", "cpu", "--context-length", "100", "--quantization", "Q4_1").out
        made = mc.Plan.model_validate_json(shown)
        assert (made.dtype, made.device, made.context_length) == ("float16", "cpu", 100)

    def test_lock(self, cli: Cli, gguf_file: Path, tmp_path: Path) -> None:
        """The lock file names the files by hash, and the model loads from it as it was."""
        file = tmp_path / "model.lock.json"
        ran = cli("lock", str(gguf_file), "--output", str(file))
        assert (ran.code, ran.out) == (0, f"{file}\n")
        locked = mc.Lock.model_validate_json(file.read_text(encoding="utf-8"))
        assert [len(each.sha256 or "") for each in locked.files] == [64]
        assert mc.plan(str(gguf_file), lock=file).weights == (gguf_file.name,)

    def test_lock_as_json(self, cli: Cli, gguf_file: Path, tmp_path: Path) -> None:
        """What is printed is what was written, in either format."""
        pytest.importorskip("cyclonedx")
        file = tmp_path / "written.json"
        for kind, field in (("lock", "files"), ("cyclonedx", "components")):
            shown = json.loads(cli("lock", str(gguf_file), "-o", str(file), "--format", kind, "--json").out)
            there = json.loads(file.read_text(encoding="utf-8"))
            assert {key: value for key, value in shown.items() if value is not None}.keys() == there.keys()
            assert len(shown[field]) == len(there[field]) == 1

    def test_catalog(self, cli: Cli) -> None:
        """Without conditions: companies, their Chinese names, their families."""
        rows = {row[0]: row[1:] for row in _rows(cli("catalog").out)}
        assert rows["Tencent"][0] == "腾讯"
        assert "Hunyuan" in rows["Tencent"][1]
        assert len(cli("catalog", "--json").out.splitlines()) == len(mc.catalog.companies)

    def test_narrow_catalog(self, cli: Cli) -> None:
        """In a block a long list goes on under itself, never beyond the terminal; a Chinese label has a Chinese colon."""
        lines = cli("catalog", COLUMNS="50", LANG="zh_CN.UTF-8").out.splitlines()
        at = lines.index("阿里巴巴")
        assert lines[at + 1].strip() == "Alibaba"
        assert lines[at + 2].startswith("  系列：Qwen, QwQ, ")
        assert lines[at + 3].startswith("    ")
        assert max(map(cell_len, lines)) <= 50

    def test_catalog_with_conditions(self, cli: Cli) -> None:
        """With conditions: the models that meet all of them, of a company by any of its names; a family that there is not is wrong input."""
        lines = cli("catalog", "--company", "阿里巴巴", "--type", "coder", "--hub", "modelscope", "--json", "32B").out.splitlines()
        found = [mc.catalog.Listed.model_validate_json(line) for line in lines]
        assert "Qwen/Qwen2.5-Coder-32B-Instruct" in [each.repo_id for each in found]
        assert {each.hub for each in found} == {"modelscope"}
        assert "Only repositories on this hub" in cli("catalog", "--help").out
        ran = cli("catalog", "--family", "Nobody")
        assert (ran.code, ran.out, "the catalog has no family 'Nobody'" in ran.err) == (2, "", True)
        ran = cli("catalog", "no-such-repository")
        assert (ran.code, ran.out, ran.err) == (1, "", "nothing in the catalog meets all of these conditions\n")

    def test_version_and_help(self, cli: Cli) -> None:
        """The version, and help that names every command."""
        assert cli("--version").out.splitlines()[0] == mc.__version__
        shown = cli("--help")
        assert shown.code == 0
        assert all(command in shown.out for command in ("parse", "explain", "compare", "resolve", "plan", "lock", "chat", "catalog"))

    def test_python_m(self) -> None:
        """`python -m modelcatalog` is the same command."""
        done = subprocess.run([sys.executable, "-m", "modelcatalog", "--version"], capture_output=True, text=True, check=True)
        version, data = done.stdout.splitlines()
        assert version == mc.__version__
        assert re.fullmatch(r"catalog: \d{4}-\d{2}-\d{2}", data)


class TestHelp:
    """`--help`, on any width, in both languages."""

    def test_everything_is_there(self, cli: Cli) -> None:
        """Help says how a command is written, what each argument and option is, and how it ends."""
        shown = cli("parse", "--help").out
        assert shown.startswith("Usage: ")
        assert " parse [OPTIONS] NAME...\n" in shown
        for option in ("-f, --file FILE", "--json", "--strict", "-h, --help"):
            assert f"  {option}  " in shown
        assert "130 after Ctrl-C" in cli("--help").out
        assert cli().code == 2

    @pytest.mark.parametrize("language", ["C", "zh_CN.UTF-8"])
    @pytest.mark.parametrize("command", ["", *translated.COMMANDS])
    def test_narrow(self, cli: Cli, command: str, language: str) -> None:
        """No line is longer than the terminal, and no word is lost, in Chinese neither."""
        arguments = [command, "--help"] if command else ["--help"]
        wide, narrow = (cli(*arguments, COLUMNS=str(columns), LC_ALL=language).out for columns in (100, 44))
        assert "".join(narrow.split()) == "".join(wide.split())
        assert max(map(cell_len, narrow.splitlines())) <= 44

    def test_one_command(self) -> None:
        """The command that is to run is put together alone, as it is among all; any other word means all."""
        every, alone = command(), command("plan")
        assert list(alone.commands) == ["plan"]
        assert [one.name for one in alone.commands["plan"].params] == [one.name for one in every.commands["plan"].params]
        assert [one.name for one in alone.params] == [one.name for one in every.params]
        assert list(command("plann").commands) == list(every.commands)

    def test_chinese(self, cli: Cli) -> None:
        """Every help text has its Chinese, and none is left over."""
        made = command()
        assert translated.texts(made) == set(translated.CHINESE)
        assert set(made.commands) == set(translated.COMMANDS)
        shown = cli("chat", "--help", LANG="zh_CN.UTF-8").out
        assert shown.startswith("用法：")
        assert "系统提示词。" in shown
        assert "system prompt" not in shown


class TestWords:
    """The user's language."""

    @pytest.mark.parametrize(
        ("environment", "chinese"),
        [
            ({}, False),
            ({"LANG": "zh_CN.UTF-8"}, True),
            ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.GBK"}, True),
            ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_GB.UTF-8"}, False),
            ({"LC_ALL": "", "LANG": "zh_HK"}, True),
            ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, False),
        ],
    )
    def test_locale(self, environment: dict[str, str], chinese: bool) -> None:  # noqa: FBT001  a parameter of the test
        """The first variable that is set decides, as in every other program."""
        assert words(environment) is (CHINESE if chinese else ENGLISH)

    def test_both_languages_say_the_same(self) -> None:
        """Every sentence takes the same values in both languages."""
        for field in ENGLISH._fields:
            one, other = getattr(ENGLISH, field), getattr(CHINESE, field)
            if isinstance(one, Mapping) and one:
                assert one.keys() == other.keys()
            if isinstance(one, str):
                assert sorted(part.split("}")[0].split(":")[0] for part in one.split("{")[1:]) == sorted(
                    part.split("}")[0].split(":")[0] for part in other.split("{")[1:]
                )


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch, model: mc.ChatModel, gguf_file: Path) -> None:
    """The chat command with the model that is loaded already: a real plan, a real conversation, no second load."""
    monkeypatch.setenv("MODELCATALOG_PATH", str(gguf_file.parent))
    monkeypatch.setattr(mc, "load", lambda _plan: nullcontext(model))


@pytest.mark.usefixtures("loaded")
class TestChat:
    """`modelcatalog chat` on the real model, its input from a pipe."""

    def test_a_prompt(self, cli: Cli) -> None:
        """One reply: it alone on standard output; the plan, as one line, and the speed on standard error."""
        ran = cli("chat", "SmolLM2-135M-Instruct", FRANCE)
        assert (ran.code, ran.out) == (0, f"{PARIS}\n")
        line = r"SmolLM2-135M-Instruct: Q4_1, 98.4 MB, MODELCATALOG_PATH; transformers on \w+; needs .* free \(--verbose shows the whole plan\)"
        assert re.fullmatch(line, ran.err.splitlines()[1])
        assert "because" not in ran.err
        assert "Loading SmolLM2-135M-Instruct on " in ran.err
        assert "8 tokens, " in ran.err.splitlines()[-1]
        assert " tokens/s, the first after " in ran.err.splitlines()[-1]

    def test_verbose(self, cli: Cli) -> None:
        """All of the name and of the plan, where it is asked for; a hyphen is standard input here too, as one prompt."""
        ran = cli("chat", "SmolLM2-135M-Instruct", "-", "--verbose", typed=f"{FRANCE}\n")
        assert (ran.code, ran.out) == (0, f"{PARIS}\n")
        assert ["company", "Hugging Face", "the catalog"] in _rows(ran.err)
        assert "because   SmolLM2-135M-Instruct.Q4_1.gguf under MODELCATALOG_PATH is the same model by its name" in ran.err
        ran = cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--verbose", "--json")
        assert (json.loads(ran.out)["text"], "because   SmolLM2" in ran.err) == (PARIS, True)

    @pytest.mark.parametrize(("prompt", "code"), [("/help", 0), ("/halp", 2), ("/usr/bin is what?", 2)])
    def test_a_slash_as_the_prompt(self, cli: Cli, prompt: str, code: int) -> None:
        """What begins with a slash is for the program here too, and nothing is loaded for it; two slashes are one."""
        ran = cli("chat", "SmolLM2-135M-Instruct", prompt)
        assert (ran.code, ran.out) == (code, "")
        assert ("was not sent to the model" in ran.err) == bool(code)
        assert "//...            a message that begins with a slash" in ran.err
        assert "Looking" not in ran.err

    def test_no_prompt_in_standard_input(self, cli: Cli) -> None:
        """An empty pipe is bad input, and nothing is loaded for it."""
        ran = cli("chat", "SmolLM2-135M-Instruct", "-", typed=" \n")
        assert (ran.code, ran.err.splitlines()[0]) == (2, "error: invalid value for PROMPT: standard input has no prompt in it")

    def test_markdown(self, cli: Cli) -> None:
        """Replies are plain in a pipe, and Markdown where it is asked for; JSON has no such form."""
        assert cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--markdown").out == f"{PARIS}\n"
        ran = cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--markdown", "--json")
        assert (ran.code, ran.out) == (1, "")
        assert "--markdown is for people, and --json prints JSON" in ran.err

    def test_a_conversation(self, cli: Cli) -> None:
        """Turns have history; blank lines are skipped; the end of input ends it."""
        ran = cli("chat", "SmolLM2-135M-Instruct", typed=f"{FRANCE}\n\nRepeat your last answer.\n")
        assert ran.code == 0
        assert ran.out.count("Paris") >= 2
        assert ran.err.count("you> ") == 4
        assert ENGLISH.greeting in ran.err

    @pytest.mark.parametrize("end", ["exit", "quit", "退出", " Exit "])
    def test_ends(self, cli: Cli, end: str) -> None:
        """Three words end it, and are not sent to the model."""
        ran = cli("chat", "SmolLM2-135M-Instruct", typed=f"{end}\n{FRANCE}\n")
        assert (ran.code, ran.out) == (0, "")

    def test_chinese(self, cli: Cli) -> None:
        """A Chinese locale is prompted in Chinese."""
        ran = cli("chat", "SmolLM2-135M-Instruct", typed="退出\n", LANG="zh_CN.UTF-8")
        assert ran.err.endswith(f"{CHINESE.greeting}\n你：")

    def test_a_limit(self, cli: Cli) -> None:
        """A reply that hits --max-new-tokens says so."""
        ran = cli("chat", "SmolLM2-135M-Instruct", "Count to one hundred.", "--max-new-tokens", "3")
        assert ran.code == 0
        assert "(cut at 3 tokens; --max-new-tokens allows more)" in ran.err

    def test_system(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        """--system opens the conversation."""
        seen: list[str | None] = []
        made = mc.ChatModel.session

        def session(self: mc.ChatModel, system: str | None = None, **settings: Any) -> mc.Session:
            seen.append(system)
            return made(self, system, **settings)

        monkeypatch.setattr(mc.ChatModel, "session", session)
        cli("chat", "SmolLM2-135M-Instruct", "Hello", "--system", "Answer in one word.", "--max-new-tokens", "2")
        assert seen == ["Answer in one word."]

    def test_json(self, cli: Cli) -> None:
        """--json: a line for each line of standard input, with the tokens and the speed; they are one conversation."""
        ran = cli("chat", "SmolLM2-135M-Instruct", "--json", typed=f"{FRANCE}\n\nRepeat your last answer.\n")
        assert ran.code == 0
        first, second = map(json.loads, ran.out.splitlines())
        assert set(first) == {"text", "thinking", "finish_reason", "usage", "seconds_to_first_token", "tokens_per_second", "error"}
        assert (first["text"], first["finish_reason"], first["thinking"], first["error"]) == (PARIS, "stop", None, None)
        assert first["usage"]["completion_tokens"] == 8
        assert first["tokens_per_second"] > 0 < first["seconds_to_first_token"]
        assert "Paris" in second["text"]
        assert second["usage"]["prompt_tokens"] > first["usage"]["prompt_tokens"]
        assert "company" not in ran.err

    def test_json_of_a_prompt(self, cli: Cli) -> None:
        """--json with a prompt is one line, and nothing is read."""
        ran = cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--json", "--max-new-tokens", "3", typed="Hello\n")
        assert [json.loads(line)["finish_reason"] for line in ran.out.splitlines()] == ["length"]

    def test_slash(self, cli: Cli, tmp_path: Path) -> None:
        """What begins with a slash is for the program: nothing of it reaches the model, known or not."""
        file = tmp_path / "talk.json"
        lines = ["/help", "/halp me", "/regenerate", FRANCE, "/regenerate", "/stats", "/system Be terse.", "/system", f"/save {file}", "/reset"]
        ran = cli("chat", "SmolLM2-135M-Instruct", "--max-new-tokens", "12", typed="\n".join(lines) + "\n")
        assert ran.out == f"{PARIS}\n{PARIS}\n"
        assert "/halp is not a command, and was not sent to the model" in ran.err
        assert ran.err.count("/regenerate      answer the last message again") == 2
        assert "nothing has been asked yet" in ran.err
        assert "2 replies, 16 tokens" in ran.err
        assert json.loads(file.read_text(encoding="utf-8"))["messages"] == [{"role": "system", "content": "Be terse."}]

    def test_lines_and_a_slash(self, cli: Cli, tmp_path: Path) -> None:
        """Several lines are one message, and two slashes are one that the model sees."""
        file = tmp_path / "talk.json"
        typed = '"""\none\n  two\n"""\n//three\n'
        cli("chat", "SmolLM2-135M-Instruct", "--max-new-tokens", "2", "--save", str(file), typed=typed)
        said = [one["content"] for one in json.loads(file.read_text(encoding="utf-8"))["messages"] if one["role"] == "user"]
        assert said == ["one\n  two", "/three"]

    def test_save_and_resume(self, cli: Cli, tmp_path: Path) -> None:
        """A conversation goes on in another process, with its settings; a wrong file is said before anything is loaded."""
        file = tmp_path / "talk.json"
        assert cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--system", "Be terse.", "--save", str(file)).code == 0
        ran = cli("chat", "SmolLM2-135M-Instruct", "--resume", str(file), "--save", str(file), "--max-new-tokens", "3", typed="And of Japan?\n")
        assert ran.code == 0
        held = json.loads(file.read_text(encoding="utf-8"))
        assert [one["role"] for one in held["messages"]] == ["system", "user", "assistant", "user", "assistant"]
        file.write_text("{}", encoding="utf-8")
        ran = cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--resume", str(file))
        assert ran.code == 1
        assert "is not a saved session" in ran.err

    def test_schema(self, cli: Cli, tmp_path: Path) -> None:
        """The reply is JSON of the schema; what is not one is refused."""
        file = tmp_path / "schema.json"
        file.write_text('{"type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}}, "required": ["city"]}', encoding="utf-8")
        ran = cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--schema", str(file), "--json")
        assert json.loads(ran.out)["parsed"]["city"] in {"Paris", "Rome"}
        for text in ("no", "[]", '{"type": "objekt"}'):
            file.write_text(text, encoding="utf-8")
            assert cli("chat", "SmolLM2-135M-Instruct", FRANCE, "--schema", str(file)).code == 1

    def test_json_of_an_error(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        """A prompt that fails has its line too, the next is answered, and the exit code is 1."""
        made = mc.Session.stream

        def stream(self: mc.Session, prompt: str, **options: object) -> object:
            # The real engine's refusal: a prompt that is longer than the model's context.
            return made(self, "fox " * 9000 if prompt == "long" else prompt, **options)

        monkeypatch.setattr(mc.Session, "stream", stream)
        ran = cli("chat", "SmolLM2-135M-Instruct", "--json", "--max-new-tokens", "2", typed="long\nHello\n")
        first, second = map(json.loads, ran.out.splitlines())
        assert (ran.code, first["finish_reason"], second["finish_reason"]) == (1, "error", "length")
        assert first["error"] in ran.err

    def test_warnings(self, cli: Cli) -> None:
        """What the plan warns of is shown once, in the plan, or alone where there is only JSON."""
        text = "GGUF weights are unpacked to "
        assert cli("chat", "SmolLM2-135M-Instruct", "Hi", "--max-new-tokens", "2").err.count(text) == 1
        shown = cli("chat", "SmolLM2-135M-Instruct", "Hi", "--json", "--max-new-tokens", "2").err
        assert shown.count(f"warning: {text}") == shown.count(text) == 1

    def test_bytes_that_are_no_text(self, cli: Cli) -> None:
        """A prompt that is not UTF-8 is answered all the same."""
        ran = cli("chat", "SmolLM2-135M-Instruct", "--max-new-tokens", "2", typed=b"caf\xe9?\n")
        assert ran.code == 0
        assert ran.out.strip()


class Terminal:
    """A process on a terminal of its own."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        import pty

        self._master, other = pty.openpty()
        settings = {**os.environ, "TERM": "dumb", "COLUMNS": "200", **environment}
        # Only a process whose controlling terminal this is gets a signal for Ctrl-C.
        start = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); from modelcatalog.cli import main; main()"
        self.process = subprocess.Popen(
            [sys.executable, "-c", start, *arguments], stdin=other, stdout=other, stderr=other, env=settings, start_new_session=True
        )
        os.close(other)
        self.shown = ""
        self._text = codecs.getincrementaldecoder("utf-8")("replace")

    def until(self, text: str, seconds: float = 180) -> str:
        """What it shows up to and with ``text``; fails when that does not come."""
        end = time.monotonic() + seconds
        while text not in self.shown:
            piece = self._read(end)
            assert piece is not None, f"{text!r} did not come after: {self.shown[-2000:]}"
            self.shown += piece
        before, found, self.shown = self.shown.partition(text)
        return before + found

    def until_more(self) -> None:
        """Wait until it shows anything more."""
        end = time.monotonic() + 180
        while not self.shown:
            piece = self._read(end)
            assert piece is not None, "nothing more came"
            self.shown += piece

    def _read(self, end: float) -> str | None:
        """What it shows next; None: it has ended, or the time is over."""
        import select

        ready, _, _ = select.select([self._master], [], [], max(0.0, end - time.monotonic()))
        try:
            return self._text.decode(os.read(self._master, 65536)) if ready else None
        except OSError:  # the process has closed its side
            return None

    def type(self, text: str) -> None:
        """Type, as a person does."""
        os.write(self._master, text.encode())

    def ended(self) -> int:
        """Wait for its end; the exit code."""
        return self.process.wait(60)

    def close(self) -> None:
        """End it, if it has not ended."""
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
class TestTerminal:
    """`modelcatalog chat` as a person meets it: a process of its own, on a terminal, with Ctrl-C."""

    @pytest.fixture
    def terminal(self, tiny: mc.ChatModel) -> Iterator[Terminal]:
        """A conversation in Chinese, in which a model is loaded for real, whose replies have no end."""
        terminal = Terminal("chat", str(tiny.plan.path), "--max-new-tokens", "8000", LC_ALL="zh_CN.UTF-8")
        yield terminal
        terminal.close()

    @pytest.mark.parametrize(("columns", "expected"), [(0, "  company: Alibaba"), (50, "  company: Alibaba"), (140, "Alibaba     Qwen3")])
    def test_width(self, columns: int, expected: str) -> None:
        """A narrow terminal gets blocks, a wide one a table; COLUMNS=0, as containers have it, says nothing of the width."""
        narrow = Terminal("parse", "Qwen3-8B", "phi-4", COLUMNS=str(columns), TERM="xterm", LC_ALL="C.UTF-8")
        try:
            assert expected in re.sub(r"\x1b\[[0-9;]*m", "", narrow.until("phi-4"))
            assert narrow.ended() == 0
        finally:
            narrow.close()

    def test_ctrl_c_stops_the_reply_and_not_the_program(self, terminal: Terminal) -> None:
        """A long reply is stopped, the next prompt is answered, Ctrl-C at the prompt does nothing, 退出 ends."""
        assert CHINESE.greeting in terminal.until("你：")
        terminal.type("Tell me a very long story about a fox.\n")
        terminal.until("模型：")
        terminal.until_more()
        terminal.type("\x03")
        terminal.until("（已中断）")
        terminal.until("你：")
        time.sleep(1)  # readline shows its prompt a moment before it listens for signals
        terminal.type("\x03")
        terminal.until(CHINESE.how_to_end)
        terminal.until("你：")
        terminal.type(f"{FRANCE}\n")
        terminal.until("模型：")
        terminal.until_more()
        terminal.type("\x03")
        terminal.until("（已中断）")
        terminal.until("你：")
        terminal.type("退出\n")
        assert terminal.ended() == 0


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("modelcatalog comp", ["compare"]),
        ("modelcatalog chat x --engine l", ["llama.cpp"]),
        ("modelcatalog catalog --family Gem", ["Gemini", "Gemma"]),
        ("modelcatalog catalog --company 阿里巴", ["阿里巴巴"]),
        ("modelcatalog catalog --type instruct", ["instruct"]),
        ("modelcatalog resolve --hub m", ["modelscope"]),
        ("modelcatalog plan x --server o", ["ollama"]),
        ("modelcatalog plan x --kv-dtype q", ["q8_0", "q4_0"]),
        ("modelcatalog local --store l", ["lmstudio", "llama.cpp"]),
        ("modelcatalog catalog --output em", ["embedding"]),
    ],
)
def test_completion(line: str, expected: list[str]) -> None:
    """What bash asks for at Tab, as bash asks for it, is answered from the catalog, without importing an engine."""
    program = "import sys; sys.argv = ['modelcatalog']; import atexit; from modelcatalog.cli import main; "
    check = "atexit.register(lambda: print(sorted({'torch', 'transformers'} & sys.modules.keys()), file=sys.stderr)); main()"
    asked = {**os.environ, "_MODELCATALOG_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
    done = subprocess.run([sys.executable, "-c", program + check], env=asked, capture_output=True, text=True, check=True)
    assert set(expected) <= set(done.stdout.split())
    assert done.stdout.split()[0].startswith(line.rsplit(maxsplit=1)[-1])
    assert done.stderr == "[]\n"


def test_completion_is_for_the_command(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Completion is that of the command `modelcatalog`, also where a program of another name shows or installs it: `python -m modelcatalog`."""
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")  # the shell that is named, whatever started the tests
    ran = cli("--show-completion", "bash")
    assert ran.code == 0
    assert ran.out.splitlines()[-1] == "complete -o default -F _modelcatalog_completion modelcatalog"


@pytest.mark.parametrize("closed", [("stdin",), ("stdout",), ("stdin", "stdout", "stderr")], ids="-".join)
def test_streams_that_are_closed(closed: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A service or a scheduled job may have closed what a terminal has open: what is written goes nowhere, and nothing is read."""
    monkeypatch.setattr(sys, "argv", ["modelcatalog", "parse", "Qwen3-8B", "-"])
    for name in ("stdin", *closed):
        monkeypatch.setattr(sys, name, None)
    with pytest.raises(SystemExit) as ended:
        main()
    out, err = capfd.readouterr()
    assert (ended.value.code, err) == (0, "" if "stderr" in closed else "standard input: there is no name in it\n")
    assert ("qwen-3-8b" in out) is ("stdout" not in closed)


def test_ctrl_c_while_it_starts(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """Whoever presses it before the first module is there sees no traceback either."""
    from modelcatalog import __main__ as door

    class Slow(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "modelcatalog.cli", Slow("modelcatalog.cli"))
    with pytest.raises(SystemExit) as ended:
        door.main()
    assert (ended.value.code, *capfd.readouterr()) == (130, "", "")


def test_a_command_imports_little(tiny_folder: Path) -> None:
    """Reading a name, and planning a folder, wait for no heavy package, no network and nothing that shows replies."""
    heavy = {"torch", "transformers", "huggingface_hub", "numpy", "http.client", "urllib.request", "ssl", "concurrent.futures", "rich.markdown"}
    for arguments in (["parse", "Qwen3-8B"], ["plan", str(tiny_folder)]):
        program = f"import sys; sys.argv = ['modelcatalog', *{arguments!r}]; from modelcatalog.cli import main\ntry: main()\nexcept SystemExit: pass\n"
        done = subprocess.run([sys.executable, "-c", f"{program}print(sorted({heavy!r} & sys.modules.keys()))"], capture_output=True, text=True, check=True)
        assert done.stdout.endswith("\n[]\n")


def test_ctrl_c_while_looking(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C before there is a reply ends the program, with the code that shells expect."""

    def interrupted(*_: object, **__: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(mc, "plan", interrupted)
    assert cli("chat", "Qwen3-8B").code == 130
