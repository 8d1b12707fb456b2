"""Tests of sentences in another language: nothing that the package says stays English in a Chinese locale, and hints suit a shell."""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files
from typing import get_args

import pytest
import spoken

from modelcatalog import errors
from modelcatalog.cli import typed
from modelcatalog.names import refusing
from modelcatalog.planning.layers import Kept
from modelcatalog.planning.request import Request
from modelcatalog.show import sentences
from modelcatalog.show.sentences import Sentences, chinese, shell

ZH, SHELL = sentences.entries("zh"), sentences.entries("shell")
CJK = re.compile(r"[一-鿿]")
VALUE = "⟨{}⟩"
"""What fills a hole here: no sentence has it."""


def _form(text: str) -> str:
    return spoken.HOLE.sub("{}", text)


def _filled(text: str) -> tuple[str, list[str]]:
    """A sentence of the sources with values in its holes."""
    pieces = text.split("{}")
    values = [VALUE.format(number) for number in range(len(pieces) - 1)]
    return "".join(piece + value for piece, value in zip(pieces, [*values, ""], strict=True)), values


def test_every_sentence() -> None:
    """Whatever the sources say has its Chinese, with every value in it: a new sentence needs a line in data/sentences.zh.toml."""
    known = {_form(text) for text in ZH}
    lacking = {text: module for text, module in spoken.every().items() if text not in known}
    assert lacking == {}


def test_every_sentence_of_the_data() -> None:
    """So have the sentences that errors and plans take from data files."""
    assert spoken.of_data() - ZH.keys() == set()


def test_none_left_over() -> None:
    """No Chinese stands for a sentence that nobody says any more."""
    others = {f"{{count}} {kind}" for kind in get_args(Kept)} | {"RAM", "in RAM", "fits", "expected {nouns}", *refusing._WORDS}
    of_shell = set(SHELL.values())
    said = {*spoken.every(), *spoken.of_data()}
    typer = set(tomllib.loads((files("modelcatalog") / "data" / "sentences.zh.toml").read_text(encoding="utf-8"))["typer"])
    assert {text for text in ZH if _form(text) not in said and text not in others | of_shell | typer} == set()
    assert {text for text in SHELL if _form(text) not in said and ";" not in text} == set()


@pytest.mark.parametrize("kind", ["zh", "shell"])
def test_holes(kind: str) -> None:
    """What a sentence becomes has its values, each once; in a shell some step may go with its value."""
    for english, target in sentences.entries(kind).items():
        before, after = sorted(spoken.HOLE.findall(english)), sorted(spoken.HOLE.findall(target))
        assert after == before if kind == "zh" else set(after) <= set(before), english


def test_no_english_is_left() -> None:
    """Made of a sentence with values, the Chinese has each value and no two English words in a row, but for code and titles."""
    code = re.compile(r"`[^`]*`|\"[^\"]*\"|'[^']*'|\{[^{}]*\}|⟨\d+⟩|[\w-]+=\S*|[\w.]*[._/(]\S*|pip install \S+|modelcatalog \w+ \S+")
    titles = re.compile(
        r"Hugging Face|hf auth login|LM Studio|JSON Schema|My Models|CUDA|GPU|Apple|Intel|sentence-transformers|Pillow|llama-gguf-split --merge|git lfs pull"
    )
    for text in spoken.every():
        filled, values = _filled(text)
        made = chinese(filled)
        assert made != filled or not re.search(r"[a-z]{3,} [a-z]{3,}", text), text
        assert all(value in made for value in values), (text, made)
        left = titles.sub(" · ", code.sub(" · ", made))
        assert not re.search(r"[A-Za-z]{2,} [a-z]{2,}", left), (text, made)


def test_put_together() -> None:
    """Texts that were put together are taken apart: by a semicolon, behind who said it, in brackets, a list, a tail."""
    assert chinese("huggingface: huggingface gave no answer within 9 s") == "huggingface：huggingface 在 9 秒内没有应答"
    assert chinese("fetch it again; wait a few minutes") == "请重新下载；请等几分钟"
    assert chinese("modelscope was the first hub to list the files (huggingface: no answer within 3 s)") == (
        "modelscope 最先列出文件（huggingface：3 秒内没有应答）"
    )
    assert chinese("/home/me/data: no company in it") == "/home/me/data：里面没有公司"
    assert chinese("mlx: on Metal, with the weights as they are").startswith("mlx：在 Metal 上，")
    assert chinese("it holds a.txt, b.txt and 3 more") == "其中有 a.txt、b.txt 另有 3 个"
    assert chinese("invalid value for --save: /tmp cannot be written: Is a directory") == "--save 的值有误：无法写入 /tmp：这是一个文件夹"
    assert chinese("the image in --image is not an image: the file is empty") == "--image 里的图片不是图片：文件是空的"
    assert [chinese(f"on {name}") for name in ("RTX 4090", "2 x H100", "a card of 24 GiB")] == ["RTX 4090", "2 x H100", "24 GiB 的显卡"]
    assert chinese('near are RTX 4090, RTX 4080; or say its memory: on="24GB"').startswith("相近的有 RTX 4090、RTX 4080；")
    assert chinese("28 sliding, 2 full") == "28 层滑动窗口、2 层完整注意力"
    assert chinese("the index was left behind by another set: 2 files (a, …) are whole; fetch or make the index of these").startswith("索引是")


def test_no_blank_between_chinese() -> None:
    """The blank that parts Chinese from a Latin word goes where both sides are Chinese; what was given keeps its own blanks."""
    says = Sentences({"{company} has not published {name}": "{company} 没有公开 {name} 的权重"}, ("；", "：{}", "（{}）", "、", " 或 ", " 和 "))
    assert says.of("ByteDance has not published Doubao", {"ByteDance": "字节跳动"}) == "字节跳动没有公开 Doubao 的权重"
    assert says.of("OpenAI has not published 小 模型") == "OpenAI 没有公开小 模型的权重"
    assert chinese("expected a type or a size") == "应为类型或规模"


def test_what_nobody_knows_stays() -> None:
    """What a server or a library said is not touched, and nor is a text without a blank."""
    for text in ("Loss is NaN at step 7", "Qwen/Qwen3-8B", "", "x" * 5000):
        assert chinese(text) == text
    assert chinese("http://h/v1 refused the request: Loss is NaN at step 7") == "http://h/v1 拒绝了请求：Loss is NaN at step 7"


def test_hostile() -> None:
    """A name with the marks of a sentence in it stays whole, and the search ends quickly."""
    assert "{x} ; and" in chinese("{x} ; and has no file b")
    assert chinese("; " * 300 + "a") != ""
    assert Sentences({"a {x} b": "{x}"}).of("a {y} b") == "{y}"


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_is_told(name: str) -> None:
    """Each error passes each of its sentences on, and keeps what it shows of the input."""
    kind = getattr(errors, name)
    more = {"install": "pip install x"} if name == "MissingPackage" else {"hint": "fetch it again"}
    told = kind("wait a few minutes", subject="x", **more).told(chinese)
    assert told.splitlines()[0] == "请等几分钟"
    assert told.splitlines()[-1] == ("  安装命令：pip install x" if name == "MissingPackage" else "  请重新下载")


def test_expected_is_told() -> None:
    """A refused word says in Chinese what was expected in its place."""
    error = errors.NameSyntaxError("unknown word 'fizz'", subject="Qwen-fizz", start=5, end=9, expected=("a type", "a size"))
    assert error.told(chinese) == "不认识的词 'fizz'\n  Qwen-fizz\n       ^^^^\n  应为类型或规模"


@pytest.mark.parametrize(
    ("python", "typed_in"),
    [
        ('pass hub="modelscope"', "pass --hub modelscope"),
        ("leave quantization= out", "leave --quantization out"),
        ("allow offload=True", "allow --offload"),
        ("context_length=0 is not a number of tokens", "--context-length 0 is not a number of tokens"),
        ('leave it out, or pass engine_options={"cpu_offload_gb": 8}', "leave it out, or pass --engine-option cpu_offload_gb=8"),
        ("but for engine_options={'swa_full': False}", "but for --engine-option swa_full=false"),
        ('engine="transformers" or engine="llama.cpp"', "--engine transformers or --engine llama.cpp"),
        ('pass on="RTX 4090"', "pass --on 'RTX 4090'"),
        ("use modelcatalog.load('豆包', engine=\"openai\")", "use modelcatalog chat 豆包 --engine openai"),
        ("use modelcatalog.load('Doubao Pro', engine=\"openai\")", "use modelcatalog chat 'Doubao Pro' --engine openai"),
        ("base_url is not the address of a server", "--base-url is not the address of a server"),
        ("set MODELCATALOG_HUB=modelscope", "set MODELCATALOG_HUB=modelscope"),
        ("HF_HUB_OFFLINE=1 forbids requests", "HF_HUB_OFFLINE=1 forbids requests"),
        ("write it in config.json (rope_scaling)", "write it in config.json (rope_scaling)"),
    ],
)
def test_options(python: str, typed_in: str) -> None:
    """A keyword of Python is an option, a call is a command, and the rest is left as it is."""
    assert typed.options(python) == typed_in


def test_hints_suit_a_shell() -> None:
    """No sentence that a command can print asks for a keyword of `plan`, in either language."""
    keywords = re.compile(rf"(?<![\w-])({'|'.join(Request.__dataclass_fields__)})=")
    for text in spoken.every():
        filled, _ = _filled(text)
        for said in (shell(filled), chinese(shell(filled))):
            assert not keywords.search(typed.options(said)), said
