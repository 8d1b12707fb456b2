"""Tests of show/html: what the fragments say, that a hostile name stays text, and that a real notebook shows them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import modelcatalog as mc
from modelcatalog.chat.reply import Usage
from modelcatalog.planning import telling
from modelcatalog.records import SegmentKind
from modelcatalog.show import html
from modelcatalog.show.explained import facts, parts
from modelcatalog.show.labels import CHINESE, COLOURS, ENGLISH

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ALLOWED = {"details", "div", "span", "summary", "table", "tbody", "td", "th", "thead", "tr"}
PICTURE = {"desc", "line", "rect", "svg", "text", "title", "tspan"}
ATTRIBUTES = {"class", "data-kind", "lang", "style"}
HOSTILE = "<img src=x onerror=alert(1)>"
NAMES = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=60).filter(str.strip)


class Page(HTMLParser):
    """A fragment as a browser reads it: its tags, its attributes, its texts, and the texts of the segments."""

    def __init__(self, fragment: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.texts: list[str] = []
        self.segments: list[tuple[str, str]] = []
        self._open: list[str | None] = []
        self.feed(fragment)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        kind = dict(attrs).get("data-kind")
        self._open.append(kind)
        if kind is not None:
            self.segments.append((kind, ""))

    def handle_endtag(self, tag: str) -> None:
        """Note its end."""
        self._open.pop()

    def handle_data(self, data: str) -> None:
        """Note a text."""
        self.texts.append(data)
        if self._open and self._open[-1] is not None:
            kind, text = self.segments[-1]
            self.segments[-1] = kind, text + data

    def handle_comment(self, data: str) -> None:
        """There are none."""
        pytest.fail(data)

    @property
    def source(self) -> str:
        """The name as it stands there."""
        return "".join(text for _, text in self.segments)


def _only_ours(page: Page, *, drawn: bool = False) -> None:
    assert page.tags <= (ALLOWED | PICTURE if drawn else ALLOWED)
    assert drawn or page.attributes <= ATTRIBUTES
    assert not any(name.startswith("on") or name in {"href", "src"} for name in page.attributes)


class TestNames:
    """`html.explain` and `html.name`."""

    def test_segments_labels_and_facts(self) -> None:
        """The segments are the source; under each stands what it is; each fact has its origin."""
        page = Page(html.explain(mc.parse("Qwen/Qwen3-8B-FP8")))
        assert page.source == "Qwen/Qwen3-8B-FP8"
        assert [kind for kind, _ in page.segments if kind != "separator"] == ["owner", "family", "version", "size", "quantization"]
        shown = page.texts
        assert shown[: shown.index("fact")] == [
            "Qwen", "owner", "/", "Qwen", "family", "3", "version", "-", "8B", "size", "-", "FP8", "quantization", "8-bit",
        ]  # fmt: skip
        assert [shown[i : i + 3] for i, text in enumerate(shown) if text == "company"] == [["company", "Alibaba", "the catalog"]]

    def test_chinese(self) -> None:
        """In Chinese the labels are Chinese, and the page says so."""
        fragment = html.explain(mc.parse("通义千问-7B"), language="zh")
        assert 'lang="zh"' in fragment
        assert Page(fragment).texts[:6] == ["通义千问", "系列", "Qwen", "-", "7B", "规模"]

    def test_another_language(self) -> None:
        """A language that there is not is refused, and is not English under its name."""
        with pytest.raises(mc.Unsupported, match=r"^there is no language 'fr'\n  pass \"en\" or \"zh\"$"):
            html.explain(mc.parse("phi-4"), language="fr")  # type: ignore[arg-type]
        with pytest.raises(mc.Unsupported, match="there is no language None"):
            telling.telling(None)  # type: ignore[arg-type]

    def test_reply(self) -> None:
        """So is the line below a reply."""
        reply = mc.Reply(text="Paris.", usage=Usage(completion_tokens=3), seconds_to_first_token=0.25, tokens_per_second=8.0)
        assert "3 tokens · 8.0 tokens/s · the first after 0.25 s · stop" in html.reply(reply)
        assert "3 个词元 · 每秒 8.0 个 · 首个用时 0.25 秒 · stop" in html.reply(reply, language="zh")

    def test_the_name_alone(self) -> None:
        """`html.name` is the line without the table."""
        page = Page(html.name(mc.parse("phi-4")))
        assert page.source == "phi-4"
        assert "table" not in page.tags

    @pytest.mark.parametrize("name", [HOSTILE, "</span><script>alert(1)</script>", '"onmouseover="alert(1)', "&lt;b&gt;", "a<!--b", "<![CDATA[x]]>"])
    def test_hostile(self, name: str) -> None:
        """Markup in a name is shown, not obeyed; in a table's cells too."""
        page = Page(mc.parse(name)._repr_html_())
        assert page.source == name
        _only_ours(page)

    @settings(deadline=None)
    @given(NAMES)
    def test_any_name(self, name: str) -> None:
        """Of any printable text, what the segments show is the text, and no tag or attribute is there that is not ours."""
        page = Page(html.explain(mc.parse(name)))
        assert page.source == name
        _only_ours(page)

    @settings(deadline=None)
    @given(NAMES)
    def test_parts_are_the_source(self, name: str) -> None:
        """The parts joined are the source, and each but a separator has a label."""
        made = parts(mc.parse(name), ENGLISH)
        assert "".join(part.text for part in made) == name
        assert all(bool(part.label) == (part.kind != "separator") for part in made)


class TestFacts:
    """The facts that tables show, here and on the command line."""

    def test_parts_of_different_origins_are_facts_of_their_own(self) -> None:
        """A size whose label the name tells and whose number the catalog knows is two facts; else one."""
        told = {fact.field: (fact.value, fact.origin) for fact in facts(mc.parse("mlx-community/Mixtral-8x7B-Instruct-v0.1-4bit"), ENGLISH)}
        assert told["size.label"] == ("8x7B", "name")
        assert told["size.total"] == ("46.7B", "catalog")
        assert told["quantization.method"] == ("mlx", "owner")
        assert told["canonical"] == ("mixtral-0.1-8x7b-instruct", None)
        told = {fact.field: (fact.value, fact.origin) for fact in facts(mc.parse("DeepSeek-R1"), ENGLISH)}
        assert told["size"] == ("671B parameters · 37B active", "catalog")

    def test_a_borrowed_method_is_not_said_of_the_segment(self) -> None:
        """What only the owner tells does not stand under the segment."""
        made = {part.text: part.meaning for part in parts(mc.parse("mlx-community/gemma-2-9b-it-8bit"), ENGLISH)}
        assert made["8bit"] == ""

    def test_every_kind_is_labelled(self) -> None:
        """Every kind of segment has a label in both languages, and a colour."""
        kinds = {*get_args(SegmentKind), "nothing"} - {"separator"}
        assert set(ENGLISH.kinds) == set(CHINESE.kinds) == set(COLOURS) == kinds


class TestRecords:
    """Other records in a notebook."""

    def test_checkpoint(self) -> None:
        """A table of what is known, without what is not."""
        page = Page(mc.resolve("meta-llama/Llama-3.1-8B-Instruct", hub="modelscope")._repr_html_())
        assert page.texts[2:6] == ["hub", "modelscope", "repository", "LLM-Research/Meta-Llama-3.1-8B-Instruct"]
        assert "revision" not in page.texts

    def test_match(self) -> None:
        """A match tells its company, family, series and checkpoint by their names."""
        found = mc.catalog.find("Qwen2.5-7B-Instruct")
        assert found is not None
        page = Page(found._repr_html_())
        assert page.texts == ["company", "Alibaba", "family", "Qwen", "series", "Qwen2.5", "checkpoint", "Qwen/Qwen2.5-7B-Instruct"]

    def test_sizes_and_quantizations(self) -> None:
        """The small records, too."""
        name = mc.parse("Qwen3-30B-A3B-AWQ-4bit-128g")
        assert name.size is not None
        assert name.quantization is not None
        assert Page(name.size._repr_html_()).texts == ["label", "30B-A3B", "parameters", "30,000,000,000", "active", "3,000,000,000"]
        assert Page(name.quantization._repr_html_()).texts[:2] == ["method", "awq"]

    def test_plan(self, gguf_file: Any) -> None:
        """A plan is its name, the rows of its text, and its picture."""
        made = mc.plan(gguf_file)
        page = Page(made._repr_html_())
        assert page.source == str(gguf_file)
        _only_ours(page, drawn=True)
        assert f"local path: {gguf_file}" in page.texts
        assert all(reason in page.texts for reason in made.reasons)

    @settings(deadline=None)
    @given(NAMES)
    def test_hostile_records(self, text: str) -> None:
        """A record that holds any text shows it as text."""
        page = Page(mc.Checkpoint(hub="huggingface", repo_id=text, alternatives=(HOSTILE,))._repr_html_())
        assert text in page.texts
        assert HOSTILE in page.texts
        _only_ours(page)


class Kernel:
    """A real Jupyter kernel, in which cells run as in a notebook."""

    def __init__(self, folder: Path) -> None:
        import nbformat
        from nbclient import NotebookClient

        self._cell = nbformat.v4.new_code_cell
        self.messages: list[str] = []
        self._client = NotebookClient(nbformat.v4.new_notebook(), timeout=180, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
        handle = self._client.process_message

        def noted(message: Any, cell: Any, index: int) -> Any:
            self.messages.append(message["msg_type"])
            return handle(message, cell, index)

        self._client.process_message = noted

    def run(self, source: str) -> list[Any]:
        """A cell's outputs."""
        cell = self._cell(source)
        self._client.nb.cells.append(cell)
        self.messages.clear()
        with contextlib.suppress(Exception):  # an error is one of the outputs
            self._client.execute_cell(cell, len(self._client.nb.cells) - 1)
        return list(cell.outputs)

    def shown(self, source: str) -> str:
        """The HTML of a cell's only output."""
        (output,) = self.run(source)
        assert output.output_type in {"display_data", "execute_result"}, output
        return str(output.data["text/html"])


@pytest.fixture(scope="class")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for the class."""
    pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    made = Kernel(tmp_path_factory.mktemp("notebook"))
    with made._client.setup_kernel():
        made.run("import modelcatalog as mc")
        yield made


class TestNotebook:
    """A real kernel: what stands under a cell."""

    def test_records(self, kernel: Kernel) -> None:
        """A name, a checkpoint and a match show their fragments; their text form stays beside it."""
        assert kernel.shown("mc.parse('Qwen3-8B')") == html.explain(mc.parse("Qwen3-8B"))
        assert kernel.shown("mc.resolve('Qwen3-8B')") == html.record(mc.resolve("Qwen3-8B"))
        assert 'class="modelcatalog"' in kernel.shown("mc.catalog.find('通义千问')")

    def test_hostile(self, kernel: Kernel) -> None:
        """A hostile name is text in the notebook too."""
        _only_ours(Page(kernel.shown(f"mc.parse({HOSTILE!r})")))

    def test_a_reply_streams(self, kernel: Kernel, tiny_folder: Path) -> None:
        """A stream's text grows in one output while it is made; then the output is the reply, and so is ``_.reply``."""
        kernel.run(f"model = mc.load({str(tiny_folder)!r}, device='cpu')")
        shown = kernel.shown("stream = model.stream('w5 w6 w7', max_new_tokens=200, seed=1)\nstream")
        assert kernel.messages.count("display_data") == 1
        assert kernel.messages.count("update_display_data") >= 1
        (said,) = kernel.run("print(stream.reply.text, end='')")
        page = Page(shown)
        assert said.text in page.texts
        assert page.texts[-1].startswith("200 tokens · ")
        assert kernel.shown("stream.reply") == shown
        _only_ours(page)

    def test_it_grows(self, kernel: Kernel) -> None:
        """Between the first piece and the last the output is updated, and what is shown is a beginning of the text."""
        shown = kernel.run(
            "import time, threading\n"
            "from modelcatalog.chat import Stream\n"
            "from modelcatalog.engines import Finished, Started\n"
            "def slow():\n"
            "    yield Started(prompt_tokens=1)\n"
            "    for n in range(5):\n"
            "        time.sleep(0.15)\n"
            "        yield f'piece{n} '\n"
            "    yield Finished(reason='stop', completion_tokens=5)\n"
            "Stream(slow(), threading.Event())"
        )
        assert kernel.messages.count("update_display_data") >= 4
        assert [each.data["text/plain"] for each in shown] == ["piece0 piece1 piece2 piece3 piece4 "]

    def test_an_error_in_a_stream(self, kernel: Kernel) -> None:
        """What was made stays to be seen, with what went wrong."""
        outputs = kernel.run(
            "def broken():\n"
            "    yield Started(prompt_tokens=1)\n"
            "    yield 'so far '\n"
            "    raise mc.EngineError('the server left')\n"
            "Stream(broken(), threading.Event())"
        )
        assert outputs[0].data["text/plain"] == "so far "
        assert "the server left" in outputs[0].data["text/html"]

    def test_a_terminal(self) -> None:
        """IPython in a terminal prints the pieces, once."""
        pytest.importorskip("IPython")
        script = (
            "import threading; from modelcatalog.chat import Stream; from modelcatalog.engines import Finished, Started\n"
            "stream = Stream(iter([Started(prompt_tokens=1), 'some ', 'words', Finished(reason='stop', completion_tokens=2)]), threading.Event())\n"
            "stream\n"
            "print('reply:', stream.reply.text)\n"
        )
        command = [sys.executable, "-m", "IPython", "--no-banner", "--simple-prompt", "--colors=NoColor", "--quick"]
        with tempfile.TemporaryDirectory() as home:
            settings = {**os.environ, "IPYTHONDIR": home, "TERM": "dumb"}
            done = subprocess.run(command, input=script, capture_output=True, text=True, check=True, env=settings)
        said = done.stdout.partition("reply: ")[2].partition("\n")[0]
        assert said == "some words"
        assert done.stdout.count(said) == 2
