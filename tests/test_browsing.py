"""`catalog.browse` and the commands catalog and facts: closed models beside open ones, conditions in people's words, what nobody states."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from modelcatalog import Facts, Unsupported, catalog, vocabulary
from modelcatalog.catalog import wanted
from modelcatalog.cli import main
from modelcatalog.cli.words import ENGLISH

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

LABS = """
name = "Heron Labs"
zh = "苍鹭"
aliases = ["老鹭"]
[accounts]
huggingface = ["heron-labs"]
modelscope = ["heron-labs"]
api = ["heron"]

[[family]]
name = "Heron"
weights = "mixed"

[[family.series]]
name = "Heron 2"
released = "2026-05-02"
licence = "apache-2.0"
weights = "open"
context_length = 131072
models = ["Heron2-{1B,7B}[-Instruct]", "Heron2-Coder-7B-Instruct"]

[[family.series]]
name = "Heron 3"
released = "2026-09-01"
weights = "closed"
api = ["heron-3", "heron-3-mini", "heron-1-old"]

[[family.series]]
name = "Heron 0"
released = "2021-03"
weights = "closed"

[[family.facts]]
of = ["heron-3"]
context_length = 400000
input = ["text", "image"]
released = "2026-09-01"

[[family.facts]]
of = ["heron-1-old"]
retired = "2025-01-01"
"""


@pytest.fixture(scope="module", autouse=True)
def _labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    place = tmp_path_factory.mktemp("data") / "heron.toml"
    place.write_text(LABS, encoding="utf-8")
    catalog.extend(place)
    yield
    vocabulary.renew()


def _names(**asked: object) -> list[str]:
    return [one.name.rpartition("/")[2] for one in catalog.browse(company="Heron Labs", **asked)]  # type: ignore[arg-type]


class TestBrowse:
    """Conditions, on a company of which everything is known."""

    def test_what_is_only_served_is_listed_too(self) -> None:
        """Repositories, ids of an API, and a series of which there is nothing but its name; the last three without a hub."""
        every = list(catalog.browse(company="苍鹭"))
        assert [(one.name, one.hub, one.open_weights) for one in every if "Coder" not in one.name] == [
            ("heron-labs/Heron2-1B", "huggingface", True),
            ("heron-labs/Heron2-1B-Instruct", "huggingface", True),
            ("heron-labs/Heron2-7B", "huggingface", True),
            ("heron-labs/Heron2-7B-Instruct", "huggingface", True),
            ("heron-3", None, False),
            ("heron-3-mini", None, False),
            ("heron-1-old", None, False),
            ("Heron 0", None, False),
        ]

    @pytest.mark.parametrize(
        ("asked", "names"),
        [
            ({"weights": "open", "smallest": "2B"}, ["Heron2-7B", "Heron2-7B-Instruct", "Heron2-Coder-7B-Instruct"]),
            ({"weights": "open", "largest": 2_000_000_000}, ["Heron2-1B", "Heron2-1B-Instruct"]),
            ({"type": "代码"}, ["Heron2-Coder-7B-Instruct"]),
            ({"type": "Code", "context": "100k", "since": "2026", "largest": "10B", "weights": "open"}, ["Heron2-Coder-7B-Instruct"]),
            ({"weights": "closed", "context": "200k"}, ["heron-3"]),
            ({"input": "image"}, ["heron-3"]),
            ({"since": "2026-06"}, ["heron-3"]),
            ({"licence": "apache 2.0", "type": "base"}, []),
            ({"licence": "Apache-2.0", "type": "coder"}, ["Heron2-Coder-7B-Instruct"]),
            ({"retired": True}, ["heron-1-old"]),
            ({"retired": False, "weights": "closed"}, ["heron-3", "heron-3-mini", "Heron 0"]),
            ({"hub": "modelscope", "type": "coder"}, ["Heron2-Coder-7B-Instruct"]),
            ({"family": "heron", "text": "-3"}, ["heron-3", "heron-3-mini"]),
        ],
    )
    def test_conditions(self, asked: dict[str, object], names: list[str]) -> None:
        """Each condition, alone and with others."""
        assert _names(**asked) == names

    def test_what_nobody_states(self) -> None:
        """A model of which nobody states what is asked meets no condition, and is counted; what was gone by then is not."""
        found = catalog.browse(company="Heron Labs", weights="closed", since="2026-01")
        assert [one.name for one in found] == ["heron-3"]
        assert found.unstated == 1  # heron-3-mini; heron-1-old had been retired, and Heron 0 is older
        assert [one.name for one in found] == ["heron-3"]
        assert found.unstated == 1

    def test_rows_have_the_facts(self) -> None:
        """A row has what `facts` says."""
        one = next(iter(catalog.browse("heron-3", company="heron")))
        assert (one.context_length, one.input_modalities, one.released, one.series) == (400000, ("text", "image"), "2026-09-01", "Heron 3")

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ({"company": "Herron Labs"}, "did you mean Heron Labs"),
            ({"company": "豆包"}, "豆包 is a family of ByteDance"),
            ({"family": "Herron"}, "did you mean Heron or "),
            ({"type": "codr"}, "did you mean coder?"),
            ({"licence": "apache-3"}, "did you mean Apache-2.0?"),
            ({"company": "⁂⁂"}, "`modelcatalog catalog` lists them"),
            ({"context": "much"}, "write it like 500M, 7B or 128k"),
            ({"since": "spring"}, "write it like 2025-08-07"),
            ({"input": "smell"}, "there are text, image"),
            ({"weights": "mixed"}, "open' or 'closed'"),
            ({"hub": "github"}, "pass hub="),
        ],
    )
    def test_unknown_words(self, asked: dict[str, str], words: str) -> None:
        """What the catalog does not know is refused before anything is listed, with the nearest that it knows."""
        with pytest.raises(Unsupported) as caught:
            catalog.browse(**asked)  # type: ignore[arg-type]
        assert words in str(caught.value)

    def test_search_reads_the_same_words(self) -> None:
        """`search` takes people's words too, and refuses what is none."""
        assert [one.repo_id for one in catalog.search(company="老鹭", type="Code", hub="modelscope")] == ["heron-labs/Heron2-Coder-7B-Instruct"]
        with pytest.raises(Unsupported, match="did you mean Heron"):
            next(catalog.search(family="Herron"))


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Base Pretrained 基础模型 基座", "base"), ("Instruct it 指令", "instruct"), ("Chat 对话 对话模型", "chat"), ("Fine-tuned finetune 微调", "fine-tuned"),
        ("RAG 检索增强生成", "rag"), ("Sparse 稀疏", "sparse"), ("Dense 稠密", "dense"), ("Enhanced 增强版", "enhanced"), ("Extended 扩展版", "extended"),
        ("Lite 轻量版", "lite"), ("Compact 紧凑版", "compact"), ("IF 指令遵循", "instruction-following"), ("Code Coder 代码", "coder"), ("Math 数学", "math"),
        ("Knowledge 知识增强", "knowledge"), ("Custom 定制", "custom"), ("Domain-Specific 领域", "domain-specific"), ("Aligned 对齐", "aligned"),
        ("Multimodal 多模态", "multimodal"), ("VL 视觉语言", "vl"), ("Vision 视觉", "vision"), ("MoE 混合专家", "moe"), ("Thinking 思考", "thinking"),
        ("预训练 底座", "base"), ("聊天 聊天模型", "chat"), ("编程 代码大模型", "coder"), ("嵌入 向量 词嵌入", "embedding"), ("重排 重排序", "reranker"),
        ("增强", "enhanced"), ("扩展", "extended"), ("轻量 轻量级", "lite"), ("紧凑 精简", "compact"), ("知识", "knowledge"), ("护栏 安全", "guard"),
        ("监督微调", "sft"), ("强化学习", "rl"), ("语音", "audio"), ("语音识别", "asr"), ("工具调用 函数调用", "function-calling"), ("智能体", "agent"),
    ],
)  # fmt: skip
def test_type_words(words: str, kind: str) -> None:
    """A type goes by any of its spellings, and by its Chinese name with or without the word for model."""
    assert {wanted.type_word(word) for word in words.split()} == {kind}


@pytest.mark.parametrize(
    ("words", "company"),
    [
        ("脸书 Facebook meta", "Meta"), ("马斯克 xAI", "xAI"), ("阿里 阿里巴巴 alibaba", "Alibaba"), ("字节 字节跳动 抖音", "ByteDance"),
        ("鹅厂 腾讯", "Tencent"),
        ("谷歌 DeepMind", "Google"), ("微软", "Microsoft"), ("月之暗面", "Moonshot AI"), ("智谱", "Z.ai"), ("英伟达", "NVIDIA"), ("深度求索", "DeepSeek"),
    ],
)  # fmt: skip
def test_company_words(words: str, company: str) -> None:
    """A company goes by what people call it."""
    assert {wanted.company(word) for word in words.split()} == {company}


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str, str]]:
    """The command line in this process: exit code, standard output, standard error."""

    def call(*arguments: str, language: str = "en") -> tuple[object, str, str]:
        monkeypatch.setenv("LC_ALL", language)
        monkeypatch.setattr(sys, "argv", ["modelcatalog", *arguments])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(), encoding="utf-8"))
        with pytest.raises(SystemExit) as stop:
            main()
        return stop.value.code or 0, *capfd.readouterr()

    return call


class TestCommands:
    """The same from a shell."""

    def test_one_line_for_one_question(self, run: Callable[..., tuple[object, str, str]]) -> None:
        """Open coder models under 10B with a context over 100k since 2026."""
        code, out, _ = run("catalog", "--company", "heron", "--weights", "open", "--type", "Code", "--largest", "10B", "--context", "100k", "--since", "2026")
        assert code == 0
        head, _, row = out.splitlines()
        assert head.split() == ["name", "hub", "size", "context", "input", "licence", "released", "retired"]
        assert row.split() == ["heron-labs/Heron2-Coder-7B-Instruct", "huggingface", "7B", "131,072", "Apache-2.0", "2026-05-02"]

    def test_closed_models_are_marked(self, run: Callable[..., tuple[object, str, str]]) -> None:
        """What is not published says so, in the reader's language; what nobody states is said at the end."""
        code, out, err = run("catalog", "--company", "苍鹭", "--weights", "closed", "--context", "1k", language="zh_CN.UTF-8")
        assert (code, "权重未公开" in out, "文本、图像" in out) == (0, True, True)
        assert err == "另有 3 个可能符合：目录里没有它们的这项信息\n"

    def test_json(self, run: Callable[..., tuple[object, str, str]]) -> None:
        """Each line is a record with the facts."""
        _, out, _ = run("catalog", "--company", "heron", "--json", "heron-3")
        rows = [catalog.Listed.model_validate_json(line) for line in out.splitlines()]
        assert [(row.name, row.context_length, row.open_weights) for row in rows] == [("heron-3", 400000, False), ("heron-3-mini", None, False)]

    @pytest.mark.parametrize(("option", "word", "near"), [("--company", "Antropic", "Anthropic"), ("--family", "Heroon", "Heron"), ("--type", "codr", "coder")])
    def test_unknown_words(self, run: Callable[..., tuple[object, str, str]], option: str, word: str, near: str) -> None:
        """A word that the catalog does not know is wrong input, shown with a caret; an empty result is another sentence."""
        code, out, err = run("catalog", option, word)
        assert (code, out) == (2, "")
        assert f"did you mean {near}" in err
        assert err.splitlines()[2].strip() == "^" * len(word)
        assert run("catalog", "no-such-model-at-all") == (1, "", f"{ENGLISH.nothing_found}\n")

    def test_facts_of_one(self, run: Callable[..., tuple[object, str, str]]) -> None:
        """One name: a line for each fact, with who says it."""
        code, out, err = run("facts", "grok-3")
        assert (code, err) == (0, "")
        rows = [line.split("   ") for line in out.splitlines()]
        assert ["retired", "2026-05-15", "https://docs.x.ai/docs/migration/may-15-retirement (2026-11-29)"] in [
            [cell.strip() for cell in row if cell.strip()] for row in rows
        ]

    def test_facts_of_several(self, run: Callable[..., tuple[object, str, str]]) -> None:
        """Several names: a row for each, as records with `--json`; a bad name does not end the others."""
        _, out, _ = run("facts", "heron-3", "Heron2-7B")
        assert [line.split()[0] for line in out.splitlines()[2:]] == ["heron-3", "Heron2-7B"]
        code, out, err = run("facts", "--json", "heron-3", "\x07", "Heron2-7B")
        assert [Facts.model_validate_json(line).context_length for line in out.splitlines()] == [400000, 131072]
        assert (code, "error" in err) == (2, True)

    def test_no_facts(self, run: Callable[..., tuple[object, str, str]]) -> None:
        """Where nobody says anything, the command says that."""
        assert run("facts", "nobody-has-heard-of-this-2b") == (0, "", "the catalog has no facts of nobody-has-heard-of-this-2b\n")

    def test_explain_tells_what_is_known(self, run: Callable[..., tuple[object, str, str]], tmp_path: Path) -> None:
        """`explain` shows the model's facts below the name's, and has them in its JSON with their sources."""
        assert "400,000" in run("explain", "heron-3")[1]
        told = json.loads(run("explain", "--json", "heron-3")[1])
        assert {"field": "context_length", "label": "context", "value": "400,000", "source": "unverified", "checked": ""} in told["known"]
