"""The catalog: companies, families, checkpoints, sizes, and the way from a name to a repository."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tracemalloc
from itertools import islice, permutations
from typing import TYPE_CHECKING

import pytest

from modelcatalog import CatalogDataError, ClosedWeights, NameSyntaxError, catalog, facts, parse, resolve
from modelcatalog.catalog.completing import worded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelcatalog import Company, Family, Series

COURSE = {
    "GPT": "OpenAI", "Llama": "Meta", "Claude": "Anthropic", "Grok": "xAI", "Gemini": "Google", "Phi": "Microsoft", "ERNIE": "Baidu",
    "Qwen": "Alibaba", "M6": "Alibaba", "Hunyuan": "Tencent", "Doubao": "ByteDance", "Pangu": "Huawei",
}  # fmt: skip


@pytest.fixture
def _restored() -> Iterator[None]:
    """Take back what a test added to the catalog."""
    from modelcatalog import vocabulary

    yield
    vocabulary.renew()


def test_it_is_as_large_as_promised() -> None:
    """Sixty companies, two hundred families or series, fifteen hundred checkpoints are owed."""
    assert len([company for company in catalog.companies if not company.repackager]) >= 60
    assert len(catalog.families) >= 200
    assert len({found.repo_id for found in catalog.checkpoints() if found.hub == "huggingface"}) >= 1500


@pytest.mark.parametrize(("family", "company"), COURSE.items())
def test_course_page(family: str, company: str) -> None:
    """Every family of the course page is known, with its company."""
    found = catalog.find(family)
    assert found is not None
    assert found.family is not None
    assert (found.family.name, found.company and found.company.name) == (family, company)


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("谷歌", "Google"), ("微软", "Microsoft"), ("百度", "Baidu"), ("阿里巴巴", "Alibaba"), ("腾讯", "Tencent"), ("字节跳动", "ByteDance"),
        ("华为", "Huawei"), ("X", "xAI"), ("智谱", "Z.ai"), ("深度求索", "DeepSeek"), ("Zhipu AI", "Z.ai"),
    ],
)  # fmt: skip
def test_other_names_of_companies(text: str, company: str) -> None:
    """Chinese names and other names find the company."""
    found = catalog.find(text)
    assert found is not None
    assert found.company is not None
    assert found.company.name == company


@pytest.mark.parametrize(("text", "family"), [("文心", "ERNIE"), ("通义千问", "Qwen"), ("混元", "Hunyuan"), ("豆包", "Doubao"), ("盘古", "Pangu")])
def test_chinese_families(text: str, family: str) -> None:
    """The Chinese product names of the course page find their family."""
    found = catalog.find(text)
    assert found is not None
    assert found.family is not None
    assert found.family.name == family


@pytest.mark.parametrize("text", ["", "   ", "xyzzy"])
def test_find_nothing(text: str) -> None:
    """What stands for nothing finds nothing, and nothing is guessed."""
    assert catalog.find(text) is None


def test_find_reaches_the_checkpoint() -> None:
    """A whole name finds company, family, series and repository."""
    found = catalog.find("qwen2.5-7b-instruct")
    assert found is not None
    assert found.series is not None
    assert found.checkpoint is not None
    assert (found.series.name, found.checkpoint.repo_id) == ("Qwen2.5", "Qwen/Qwen2.5-7B-Instruct")


def test_find_and_resolve_agree() -> None:
    """The checkpoint of a match is the one that resolve gives: the company's own, in the form that loads."""
    for text, repo_id in (("llama3:8b", "meta-llama/Meta-Llama-3-8B-Instruct"), ("AmberChat", "LLM360/AmberChat"), ("Qwen3-8B.gguf", "Qwen/Qwen3-8B-GGUF")):
        found = catalog.find(text)
        assert found is not None
        assert found.checkpoint is not None
        assert found.checkpoint.repo_id == repo_id == resolve(text).repo_id


def test_every_type_has_its_meaning_in_two_languages() -> None:
    """Each type word says what it means, in English and in Chinese."""
    from modelcatalog import vocabulary

    for word, entry in vocabulary.types().items():
        assert entry.en, word
        assert any("一" <= char <= "鿿" for char in entry.zh), word


def test_every_source_is_a_page_or_a_doubt() -> None:
    """A source is the address of a page, with the day it was opened, or the word unverified."""
    entries: list[Company | Family | Series] = [*catalog.companies, *catalog.families, *catalog.series]
    for entry in entries:
        assert entry.source == "unverified" or (entry.source.startswith("https://") and entry.checked is not None), entry


@pytest.mark.parametrize(
    ("text", "hub", "repo_id"),
    [
        ("meta-llama/Llama-3.1-8B-Instruct", "modelscope", "LLM-Research/Meta-Llama-3.1-8B-Instruct"),
        ("LLM-Research/Meta-Llama-3-8B", "huggingface", "meta-llama/Meta-Llama-3-8B"),
        ("Qwen/Qwen2.5-7B-Instruct", "modelscope", "Qwen/Qwen2.5-7B-Instruct"),
        ("zai-org/GLM-4.5", "modelscope", "ZhipuAI/GLM-4.5"),
        ("ZhipuAI/GLM-4.5", "huggingface", "zai-org/GLM-4.5"),
        ("z-ai/glm-4.7-flash", "huggingface", "zai-org/GLM-4.7-Flash"),
        ("qwen3-coder-30b-a3b-instruct", "huggingface", "Qwen/Qwen3-Coder-30B-A3B-Instruct"),
        ("mistral-large-2512", "huggingface", "mistralai/Mistral-Large-3-675B-Instruct-2512"),
        ("Qwen2.5-7B-Instruct-AWQ", "huggingface", "Qwen/Qwen2.5-7B-Instruct-AWQ"),
        ("someone/Qwen2.5-7B-Instruct-tuned", "modelscope", "someone/Qwen2.5-7B-Instruct-tuned"),
        ("unsloth/Qwen3-8B-GGUF", "huggingface", "unsloth/Qwen3-8B-GGUF"),
    ],
)
def test_resolve(text: str, hub: str, repo_id: str) -> None:
    """A name in any spelling gives the id of the repository on the hub that was asked for."""
    assert resolve(text, hub=hub).repo_id == repo_id  # type: ignore[arg-type]  # the parameters are hubs


def test_resolve_says_how_sure_it_is() -> None:
    """What the catalog lists exists; what it derives or guesses it calls so."""
    assert resolve("Qwen/Qwen2.5-7B-Instruct").exists is True
    assert resolve("someone/new-model-7B").exists is None
    assert resolve("someone/new-model-7B").confidence == "guessed"
    assert resolve("Qwen/Qwen9-7B", hub="modelscope").confidence == "derived"


def test_resolve_keeps_revision_and_hub_of_the_reference() -> None:
    """The reference's own hub and revision hold unless the caller says otherwise."""
    found = resolve("https://modelscope.cn/models/Qwen/Qwen2.5-7B-Instruct")
    assert (found.hub, found.repo_id) == ("modelscope", "Qwen/Qwen2.5-7B-Instruct")
    assert resolve("Qwen/Qwen2.5-7B-Instruct@abc123").revision == "abc123"


@pytest.mark.parametrize(
    "text", ["gpt-6-sol", "claude-opus-4-8", "grok-4.7", "gemini-3.8-flash", "doubao-1.5-pro", "qwen-max", "ernie-4.0", "hunyuan-turbos", "M6"]
)
def test_closed_weights(text: str) -> None:
    """Models that are only served say so, and where they are served, or that they are not."""
    with pytest.raises(ClosedWeights) as caught:
        resolve(text)
    hint = caught.value.hint or ""
    assert caught.value.subject == text
    assert "no API" in hint if text == "M6" else "engine=" in hint


@pytest.mark.parametrize("text", ["gpt-oss-20b", "grok-1", "gemma-3-4b-it", "ERNIE-4.5-21B-A3B-PT", "Hunyuan-A13B-Instruct", "Qwen3-8B"])
def test_open_models_of_closed_companies(text: str) -> None:
    """The open models of companies that mostly serve are not closed ones."""
    assert resolve(text).exists is True


def test_resolve_refuses_what_is_no_name() -> None:
    """Only a text that is not a name, or closed weights, raise."""
    with pytest.raises(NameSyntaxError):
        resolve("")


@pytest.mark.parametrize(
    ("text", "total", "active"),
    [
        ("deepseek-ai/DeepSeek-R1", 671e9, 37e9), ("Mixtral-8x7B-v0.1", 46.7e9, 12.9e9), ("Phi-3-mini-4k-instruct", 3.8e9, None),
        ("gpt-oss-120b", 120e9, 5.1e9), ("Llama-4-Scout-17B-16E", 109e9, 17e9), ("MiniMax-M2", 230e9, 10e9), ("mistral-large-2411", 123e9, None),
    ],
)  # fmt: skip
def test_completion(text: str, total: float, active: float | None) -> None:
    """The sizes that a name does not state come from the catalog, which is marked."""
    size = parse(text).size
    assert size is not None
    assert size.total == pytest.approx(total, rel=0.05)
    assert size.active == (None if active is None else pytest.approx(active, rel=0.05))


def test_completion_never_overwrites() -> None:
    """What the name states stays, and what the catalog adds says so."""
    name = parse("Qwen3-30B-A3B")
    assert name.size is not None
    assert (name.size.total, name.origin("size.total")) == (30_000_000_000, "name")
    assert parse("DeepSeek-R1").origin("size.total") == "catalog"
    assert parse("Foo-4x7B").origin("size.total") == "estimate"


@pytest.mark.parametrize("text", ["gpt-4o", "DeepSeek-R1-Distill-Mini", "someone/DeepSeek-R1-finetune"])
def test_no_size_is_guessed(text: str) -> None:
    """A wrong size is worse than none: a tuned giant is seldom the giant itself."""
    size = parse(text).size
    assert size is None or size.total is None


def test_siblings_are_one_model() -> None:
    """The official checkpoints of one model differ in packaging alone."""
    found = catalog.siblings("Qwen2.5-7B-Instruct")
    assert {"Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B-Instruct-AWQ", "Qwen/Qwen2.5-7B-Instruct-GGUF"} <= {c.repo_id for c in found}
    assert len({parse(c.repo_id).canonical for c in found}) == 1


def test_search_filters() -> None:
    """Every filter narrows, and all of them together hold."""
    found = list(catalog.search(company="阿里巴巴", family="Qwen", type="coder", licence="apache-2.0", since="2024", largest=8_000_000_000, hub="huggingface"))
    assert found
    assert all(c.size is not None and c.size.total is not None and c.size.total <= 8_000_000_000 for c in found)
    assert any(c.repo_id == "Qwen/Qwen2.5-Coder-7B-Instruct" for c in found)
    assert not list(catalog.search("no such repository"))
    assert all(c.hub == "modelscope" for c in catalog.search(text="glm-4.5", hub="modelscope"))
    assert all(c.size is not None and (c.size.total or 0) >= 100_000_000_000 for c in catalog.search(family="GLM", smallest=100_000_000_000))
    assert {parse(c.repo_id).family for c in catalog.search(family="Phi", weights="open")} >= {"Phi"}


def test_no_such_attribute() -> None:
    """The module's lazy attributes do not swallow slips of the pen."""
    with pytest.raises(AttributeError, match="compnies"):
        catalog.compnies  # type: ignore[attr-defined]  # noqa: B018


OWN = """
name = "Acme"
[accounts]
huggingface = ["acme-ai"]
modelscope = ["acme"]
[[family]]
name = "Roadrunner"
weights = "open"
[[family.series]]
name = "Roadrunner2"
models = ["Roadrunner2-{7B,70B}[-Chat]"]
sizes = { mini = "1.5B" }
"""


@pytest.mark.usefixtures("_restored")
def test_extend(tmp_path: Path) -> None:
    """A user's own file adds companies, families, checkpoints and sizes without touching the package."""
    before = parse("Roadrunner2-mini")
    assert before.company is None
    file = tmp_path / "acme.toml"
    file.write_text(OWN, encoding="utf-8")
    catalog.extend(file)
    name = parse("roadrunner2-mini")
    assert (name.company, name.family, name.version) == ("Acme", "Roadrunner", "2")
    assert name.size is not None
    assert name.size.total == 1_500_000_000
    assert resolve("roadrunner2-7b-chat", hub="modelscope").repo_id == "acme/Roadrunner2-7B-Chat"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (OWN.replace("weights", "wieghts"), "bad.toml › Roadrunner: wieghts: unknown field; did you mean weights? (the fields are "),
        (OWN.replace("1.5B", "huge"), "'huge' is not a size; write the total and the active parameters as '671B-A37B'"),
        (OWN.replace("Roadrunner", "Qwen"), "Acme › Qwen: Alibaba has a family of that name; give it another one, or put the series there"),
        ("name = ", "bad.toml: Invalid value"),
    ],
)
@pytest.mark.usefixtures("_restored")
def test_wrong_data_reads_like_a_review(tmp_path: Path, text: str, message: str) -> None:
    """A wrong file is refused whole, naming the file, the entry, the clash and the cure."""
    count = len(catalog.families)
    file = tmp_path / "bad.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(CatalogDataError) as caught:
        catalog.extend(file)
    assert message in str(caught.value)
    assert len(catalog.families) == count


def test_extend_with_nothing(tmp_path: Path) -> None:
    """A path that is not there says so."""
    with pytest.raises(CatalogDataError, match="no such file or folder"):
        catalog.extend(tmp_path / "none.toml")


def test_environment_adds_data(tmp_path: Path) -> None:
    """MODELCATALOG_DATA names files or folders that are read with the package's own."""
    (tmp_path / "acme.toml").write_text(OWN, encoding="utf-8")
    code = "import modelcatalog as mc; print(mc.parse('roadrunner2-7b').company)"
    environment = {"MODELCATALOG_DATA": str(tmp_path), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Acme"


@pytest.mark.parametrize(
    ("text", "repo"),
    [
        ("gemma3", "google/gemma-3-4b-it"), ("llama3", "meta-llama/Meta-Llama-3-8B-Instruct"),
        ("qwen3:30b", "Qwen/Qwen3-30B-A3B"), ("glm-4-5v", "zai-org/GLM-4.5V"),
        ("mistral-large-2512", "mistralai/Mistral-Large-3-675B-Instruct-2512"),
        ("AI-ModelScope/CodeLlama-7b-Instruct-hf", "codellama/CodeLlama-7b-Instruct-hf"),
    ],
)  # fmt: skip
def test_bare_series(text: str, repo: str) -> None:
    """A series alone is its general model of the size that a usual card holds, and an id on one hub is the vendor's own on the other."""
    assert catalog.resolve(text, hub="huggingface").repo_id == repo


def test_other_sizes_of_a_series() -> None:
    """What a name leaves open is said: the other sizes; where it says the size, none is."""
    found = catalog.resolve("llama3")
    assert (found.confidence, found.alternatives) == ("derived", ("meta-llama/Meta-Llama-3-70B-Instruct",))
    assert "google/gemma-2-27b-it" in catalog.resolve("gemma2").alternatives
    assert not catalog.resolve("llama3:70b").alternatives


@pytest.mark.parametrize("text", ["internlm2", "internvl2.5", "codegeex4:latest", "ollama/glm4", "internlm2:1m"])
def test_open_lines_are_not_refused(text: str) -> None:
    """An API's word for the newest of a line is not the name of its open models, and Ollama serves no others."""
    assert catalog.resolve(text).exists


@pytest.mark.parametrize("text", ["glm-4", "gemini-3-flash-preview:cloud", "internlm2-latest", "gpt-4o:latest"])
def test_closed_lines_are(text: str) -> None:
    """A model that only an API serves stays closed, whatever stands behind its name."""
    with pytest.raises(ClosedWeights):
        catalog.resolve(text)


def test_no_mixture_unasked() -> None:
    """A series is not its mixture of experts, where the name does not ask for that."""
    assert catalog.resolve("phi3.5").repo_id != "microsoft/Phi-3.5-MoE-instruct"


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("IQuest-Coder-V1-40B", "IQuestLab/IQuest-Coder-V1-40B-Instruct"),
        ("GPT-NeoX-20B", "EleutherAI/gpt-neox-20b"),
        ("Giga-Embeddings", "ai-sage/Giga-Embeddings-instruct"),
    ],
)
def test_a_hyphen_in_a_family_is_its_own(text: str, repo_id: str) -> None:
    """A family of several words is one: what the repository says more stands behind all of them."""
    match = catalog.find(text)
    assert match is not None
    assert match.checkpoint is not None
    assert match.checkpoint.repo_id == repo_id


def test_long_lists() -> None:
    """Thousands of spellings through `facts` and `find` take a fraction of a millisecond each, and leave nothing behind."""
    listed = [found.repo_id for found in catalog.checkpoints("Qwen2.5-7B-Instruct")] + ["gpt-4o", "claude-opus-4-5", "deepseek-r1"]
    words = ("AWQ", "GGUF", "FT", "Base", "Chat", "8bit", "v2", "latest", "fp8", "it", "128k", "lora")
    tails = ["-".join(pair) for pair in permutations(words, 2)]

    def look_up(number: int) -> None:
        for name in islice((f"{one}-{tail}" for tail in tails for one in listed), number * 500, (number + 1) * 500):
            facts(name)
            catalog.find(name)

    look_up(0)
    tracemalloc.start()
    try:
        look_up(1)  # what is remembered is bounded, and filled once
        before = tracemalloc.get_traced_memory()[0]
        look_up(2)
        assert tracemalloc.get_traced_memory()[0] - before < 300_000
    finally:
        tracemalloc.stop()
    start = time.process_time()
    look_up(3)
    assert time.process_time() - start < 1.5  # a hundred thousand of each in 20 s are 0.2 s


@pytest.mark.parametrize("name", ["qwen2.5:7b", "ollama/gemma3:27b", "gpt-4o-2024-08-06", "Qwen3-30B-A3B-GGUF", "mixtral", "mistral-large-2411", "通义千问-7B"])
def test_a_text_is_read_once(name: str) -> None:
    """What is looked up for a text is what is looked up for its record."""
    one, other = worded(name), worded(parse(name))
    assert (one, one.identity, one.canonical) == (other, other.identity, other.canonical)
