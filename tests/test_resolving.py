"""`resolve`: every listed repository by its bare name, packaging, short names, what is closed, and how sure an answer is."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from modelcatalog import CheckpointNotFound, ClosedWeights, NameSyntaxError, Unsupported, parse, plan, resolve
from modelcatalog.catalog.listing import bare_name, listing

ROWS = tomllib.loads((Path(__file__).parent / "repositories.toml").read_text(encoding="utf-8"))
DOCS = Path(__file__).parents[1] / "docs"


def answer(text: str) -> tuple[str, str]:
    """The repository and the word for how sure it is; of closed weights both are ``closed``."""
    try:
        found = resolve(text)
    except ClosedWeights:
        return "closed", "closed"
    return found.repo_id, found.confidence


def judged() -> tuple[Counter[tuple[str, bool]], list[str]]:
    """How often each word of `confidence` stood on a right and on a wrong answer, and the wrong ones."""
    count: Counter[tuple[str, bool]] = Counter()
    wrong = []
    for rows in ROWS.values():
        for text, expected in rows.items():
            repo_id, word = answer(text)
            right = repo_id in ([expected] if isinstance(expected, str) else expected)
            count[word, right] += 1
            if not right:
                wrong.append(f"{text} -> {repo_id} ({word}), expected {expected}")
    return count, wrong


def unique() -> dict[str, str]:
    """Bare name -> repository, of all that only one repository has."""
    found: dict[str, set[str]] = {}
    for entry in listing().entries:
        if entry.huggingface:
            found.setdefault(bare_name(entry).lower(), set()).add(entry.huggingface)
    return {repo_id.rpartition("/")[2]: repo_id for ids in found.values() if len(ids) == 1 for repo_id in ids}


META = {"Llama-3-8B": "meta-llama/Meta-Llama-3-8B", "Llama-3-8B-instruct": "meta-llama/Meta-Llama-3-8B-Instruct"}
"""Names of AI Sweden's repositories, and what everybody else means by them; only letter for letter they are AI Sweden's."""


@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_every_listed_repository_finds_itself(spell: Any) -> None:
    """A bare name that one repository has means it, whatever the case: words that `canonical` drops still tell two apart."""
    names = unique()
    assert len(names) >= 9_500  # as docs/parse.md says, ten thousand
    lost = {}
    for name, repo_id in names.items():
        found = answer(spell(name))
        meant = repo_id if spell is str else META.get(name, repo_id)
        if found[0] != meant or found[1] not in {"sourced", "recorded"}:
            lost[name] = found
    assert not lost


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("Qwen2.5-14B-Instruct-Q4_K_M.gguf", "Qwen/Qwen2.5-14B-Instruct-GGUF"),
        ("Qwen3-32B-Q4_K_M.gguf", "Qwen/Qwen3-32B-GGUF"),
        ("Qwen3-32B-Q8_0", "Qwen/Qwen3-32B-GGUF"),
        ("Qwen3-8B.gguf", "Qwen/Qwen3-8B-GGUF"),
        ("qwen3-32b-mlx-4bit", "Qwen/Qwen3-32B-MLX-4bit"),
        ("Qwen3-32B-4bit", "Qwen/Qwen3-32B-AWQ"),
        ("Mellum2-12B-A2.5B-Instruct-Q8_0.gguf", "JetBrains/Mellum2-12B-A2.5B-Instruct-GGUF-Q8_0"),
        # What is not packed so is not there: the weights before it, never those that run elsewhere.
        ("Qwen3-32B-bnb-4bit", "Qwen/Qwen3-32B"),
        ("Qwen3-32B-NVFP4", "Qwen/Qwen3-32B"),
        ("Qwen2.5-7B-Instruct-MLX-4bit", "Qwen/Qwen2.5-7B-Instruct"),
        ("Meta-Llama-3.1-8B-Instruct-Q4_K_M.gguf", "meta-llama/Llama-3.1-8B-Instruct"),
    ],
)
def test_format_before_bits(text: str, repo_id: str) -> None:
    """The format comes before the bits, and what runs elsewhere is never an answer."""
    assert resolve(text).repo_id == repo_id


def test_other_packaging_is_no_certainty() -> None:
    """Weights before any quantization serve a quantized name, but the catalog does not list what was asked for."""
    assert resolve("Qwen3-32B-GGUF").confidence == "sourced"
    assert resolve("Qwen3-32B-NVFP4").confidence == "derived"


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("Llama-2-70b-hf", "meta-llama/Llama-2-70b-hf"), ("Llama-2-70b", "meta-llama/Llama-2-70b"), ("llama2:70b", "meta-llama/Llama-2-70b-chat-hf"),
        ("llama-2-13b.Q4_K_M.gguf", "meta-llama/Llama-2-13b-hf"), ("OLMo 7B Instruct hf", "allenai/OLMo-7B-Instruct-hf"),
        ("ERNIE-4.5-21B-A3B-Paddle", "baidu/ERNIE-4.5-21B-A3B-Paddle"), ("ernie-4.5-21b-a3b", "baidu/ERNIE-4.5-21B-A3B-PT"),
        ("gemma-3-4b-it-qat-q4_0-unquantized", "google/gemma-3-4b-it-qat-q4_0-unquantized"), ("gemma-3-4b-it", "google/gemma-3-4b-it"),
    ],
)  # fmt: skip
def test_the_one_that_loads(text: str, repo_id: str) -> None:
    """The repository whose name is the text; else the one in transformers' form."""
    assert resolve(text).repo_id == repo_id


@pytest.mark.parametrize("text", ["Meta-Llama-3-8B-Instruct", "llama3:8b", "meta/llama-3-8b-instruct", "Llama-3-8B-Instruct"])
def test_the_company_that_the_name_states(text: str) -> None:
    """Not the company whose file comes first."""
    assert resolve(text).repo_id == "meta-llama/Meta-Llama-3-8B-Instruct"


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("hermes3:8b", "NousResearch/Hermes-3-Llama-3.1-8B"), ("deepscaler:1.5b", "agentica-org/DeepScaleR-1.5B-Preview"),
        ("zephyr:7b", "HuggingFaceH4/zephyr-7b-beta"), ("phi3:medium", "microsoft/Phi-3-medium-4k-instruct"),
        ("mistral-small:24b", "mistralai/Mistral-Small-24B-Instruct-2501"), ("tinyllama:1.1b", "TinyLlama/TinyLlama-1.1B-Chat-v1.0"),
        ("granite3.1-moe:3b", "ibm-granite/granite-3.1-3b-a800m-instruct"), ("granite3.1-dense:8b", "ibm-granite/granite-3.1-8b-instruct"),
        ("phi4-reasoning:14b", "microsoft/Phi-4-reasoning"), ("bge-m3:567m", "BAAI/bge-m3"), ("codellama:7b-code", "codellama/CodeLlama-7b-hf"),
        ("llama3-base", "meta-llama/Meta-Llama-3-8B"), ("starcoder:7b", "bigcode/starcoderbase-7b"), ("starcoder:15b", "bigcode/starcoder"),
        ("starcoder2:7b", "bigcode/starcoder2-7b"), ("qwen:32b", "Qwen/Qwen1.5-32B-Chat"), ("wizardlm:7b", "WizardLMTeam/WizardLM-7B-V1.0"),
        ("llava:7b", "llava-hf/llava-v1.6-mistral-7b-hf"), ("aya:8b", "CohereLabs/aya-23-8B"), ("openchat:7b", "openchat/openchat-3.5-0106"),
        ("llama3-chatqa:8b", "nvidia/Llama3-ChatQA-1.5-8B"), ("minicpm-v:8b", "openbmb/MiniCPM-V-2_6"),
        ("phind-codellama:34b", "Phind/Phind-CodeLlama-34B-v2"),
        ("gemma:instruct", "google/gemma-7b-it"), ("mistral:text", "mistralai/Mistral-7B-v0.3"),
        ("ollama/mistral", "mistralai/Mistral-7B-Instruct-v0.3"),
        ("ollama/command-r", "CohereLabs/c4ai-command-r-v01"),
        ("ollama/llama3", "meta-llama/Meta-Llama-3-8B-Instruct"), ("ollama/phi3", "microsoft/Phi-3-mini-4k-instruct"),
        ("phi3:14b", "microsoft/Phi-3-medium-4k-instruct"),
        ("yarn-mistral:7b", "NousResearch/Yarn-Mistral-7b-64k"), ("glm4:latest", "zai-org/glm-4-9b-chat-hf"),
        ("mistral-small:latest", "mistralai/Mistral-Small-Instruct-2409"),
        ("granite4:micro", "ibm-granite/granite-4.0-micro"), ("tulu3:8b", "allenai/Llama-3.1-Tulu-3-8B"), ("marco-o1:7b", "AIDC-AI/Marco-o1"),
        ("deepseek-r1:70b-llama-distill-q4_K_M", "deepseek-ai/DeepSeek-R1-Distill-Llama-70B"), ("llava:34b", "llava-hf/llava-v1.6-34b-hf"),
    ],
)  # fmt: skip
def test_ollama(text: str, repo_id: str) -> None:
    """A tag finds the checkpoint whose name says more: where family, version and size agree, what it adds is no other model."""
    found = resolve(text)
    assert (found.repo_id, found.exists) == (repo_id, True)


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("together_ai/Qwen/Qwen2.5-7B-Instruct-Turbo", "Qwen/Qwen2.5-7B-Instruct"),
        ("sao10k/l3.3-euryale-70b", "Sao10K/L3.3-70B-Euryale-v2.3"), ("thedrummer/rocinante-12b", "TheDrummer/Rocinante-12B-v1.1"),
        ("deepseek/deepseek-chat", "deepseek-ai/DeepSeek-V3"), ("deepseek-reasoner", "deepseek-ai/DeepSeek-R1"),
        ("cohere.command-r-v1:0", "CohereLabs/c4ai-command-r-v01"), ("mistral/mistral-large-latest", "mistralai/Mistral-Large-4-1T-A52B"),
        ("huggingface-llm-gemma-7b", "google/gemma-7b"), ("meta-textgeneration-llama-3-1-8b-instruct", "meta-llama/Llama-3.1-8B-Instruct"),
        ("metaresearch/llama-3.1/transformers/8b-instruct/2", "meta-llama/Llama-3.1-8B-Instruct"),
        ("qwen-lm/qwen2.5/transformers/7b-instruct/1", "Qwen/Qwen2.5-7B-Instruct"),
        ("ai21-labs/ai21-jamba-1.5-large", "ai21labs/AI21-Jamba-1.5-Large"), ("通义千问2.5-72B-指令", "Qwen/Qwen2.5-72B-Instruct"),
        ("DeepSeek R1 满血版", "deepseek-ai/DeepSeek-R1"), ("通义千问720亿", "Qwen/Qwen-72B"),
        ("deepseek-v3-250324", "deepseek-ai/DeepSeek-V3-0324"), ("kimi-k2-250905", "moonshotai/Kimi-K2-Instruct-0905"),
        ("nvidia/nemotron-70b", "nvidia/Llama-3.1-Nemotron-70B-Instruct-HF"),
        ("us.meta.llama3-2-11b-instruct-v1:0", "meta-llama/Llama-3.2-11B-Vision-Instruct"), ("groq/gemma2-9b-it", "google/gemma-2-9b-it"),
    ],
)  # fmt: skip
def test_api_ids(text: str, repo_id: str) -> None:
    """An API's spelling, its owner and its moving names find the repository."""
    assert resolve(text).repo_id == repo_id


def test_an_edition_of_another_day_is_another_checkpoint() -> None:
    """Where a line's repositories end in dates, one that is not listed is not the one without."""
    found = resolve("deepseek/deepseek-v4-flash-0901")
    assert (found.repo_id, found.exists, found.alternatives) == ("deepseek-ai/DeepSeek-V4-Flash-0901", None, ("deepseek-ai/DeepSeek-V4-Flash",))
    assert resolve("gemma-3-27b-it-20250312").repo_id == "google/gemma-3-27b-it"


@pytest.mark.parametrize(
    ("text", "repo_id"), [("x-ai/grok-9", "xai-org/grok-9"), ("cohere/command-z", "CohereLabs/command-z"), ("meta/llama-9-70b", "meta-llama/llama-9-70b")]
)
def test_the_owner_of_an_api_is_no_account(text: str, repo_id: str) -> None:
    """A guess stands on the company's own account, and says that it is one."""
    found = resolve(text)
    assert (found.repo_id, found.exists, found.confidence) == (repo_id, None, "guessed")


@pytest.mark.parametrize("text", ["openai/gpt-5.97-mini", "meta/muse-spark", "muse-spark", "yi-lightning", "mistral-medium-3", "gemini-9", "qwen/qwen-plus"])
def test_no_guess_stands_in_for_closed_weights(text: str) -> None:
    """Models of a generation that was only ever served, and series without weights."""
    with pytest.raises(ClosedWeights):
        resolve(text)


@pytest.mark.parametrize(
    "text",
    [
        "ft:gpt-4o-mini-2024-07-18:org::id", "openai/ft:gpt-3.5-turbo:acme:7b-eval:Xy12", "gpt-35-turbo-0613.ft-9a8b7c6d5e4f40b1", "azure/my-gpt-4o-deployment",
        "azure/prod-gpt-41-mini", "azure/wrapper-api-gpt-4o", "azure/o4-mini-dev",
    ],
)  # fmt: skip
def test_a_customers_words_open_no_weights(text: str) -> None:
    """A tuning by an API and a deployment are called as their owner likes; what they are made of stays closed."""
    with pytest.raises(ClosedWeights):
        resolve(text)


def test_a_deployment_is_served_where_it_lies() -> None:
    """OpenAI's own API knows no deployment of Azure's."""
    with pytest.raises(ClosedWeights, match="has not published the weights of GPT-4o\n") as caught:
        resolve("azure/my-gpt-4o")
    assert caught.value.hint == 'it is served where it was deployed: pass engine="openai" and base_url= with that address'


@pytest.mark.parametrize("text", ["azure/prod-llama-3.3-70b", "ft:open-mistral-7b:acme:2024:abc", "azure/my-gpt-oss-120b", "facebook/SONAR"])
def test_a_customers_words_close_none(text: str) -> None:
    """The same of a model whose weights are open, and of a word that another company has too."""
    assert resolve(text).repo_id


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("cogito:70b", "deepcogito/cogito-v1-preview-llama-70B"), ("orca-mini:70b", "pankajmathur/orca_mini_v3_70b"),
        ("cogito:8b", "deepcogito/cogito-v1-preview-llama-8B"), ("ollama run cogito:70b", "deepcogito/cogito-v1-preview-llama-70B"),
    ],
)  # fmt: skip
def test_a_tag_of_the_library_is_one_edition(text: str, repo_id: str) -> None:
    """Ollama calls later editions by other names."""
    assert resolve(text).repo_id == repo_id


@pytest.mark.parametrize(
    "text",
    [
        "gpt4-x-alpaca-7b",
        "claude-opus-4-reasoning-qwen3-4b",
        "gpt-oss-20b-Q4_K_M.gguf",
        "grok-1-Q2_K.gguf",
        "inf-o1-pi0",
        "meta/muse-spark-open",
        "Qwen/Qwen4-Exp",
    ],
)
def test_open_weights_are_not_refused(text: str) -> None:
    """A name that states parameters, a quantization or a file has weights, whoever taught it."""
    assert resolve(text).repo_id


def test_the_line_tells_the_account() -> None:
    """What is not listed lies where the same line lies: Gemma 2 and Gemma are mirrored by two accounts."""
    assert resolve("google/gemma-2-9b-new", hub="modelscope").repo_id == "LLM-Research/gemma-2-9b-new"
    assert resolve("google/gemma-7b-new", hub="modelscope").repo_id == "AI-ModelScope/gemma-7b-new"
    assert resolve("LLM-Research/gemma-2-9b-new").repo_id == "google/gemma-2-9b-new"


@pytest.mark.parametrize("hub", ["github", "ollama", "", 3])
def test_no_such_hub(hub: Any) -> None:
    """`resolve` raises two errors only; `plan`, which would take files from there, cannot."""
    with pytest.raises(NameSyntaxError, match="no hub") as caught:
        resolve("Qwen/Qwen3-8B", hub=hub)
    assert 'hub="huggingface"' in (caught.value.hint or "")
    with pytest.raises(Unsupported):
        plan("Qwen/Qwen3-8B", hub=hub)


def test_confidence_means_something() -> None:
    """Of the answers that the catalog lists, .98 are right; of all, .95; and the page that explains the words has these shares."""
    count, wrong = judged()
    listed = Counter({right: count["sourced", right] + count["recorded", right] for right in (True, False)})
    assert listed[True] >= 0.98 * listed.total(), wrong
    assert sum(n for (_, right), n in count.items() if right) >= 0.95 * count.total(), wrong
    for page in ("parse.md", "parse.zh.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        printed = dict(re.findall(r"^\| `(\w+)` \|.*\| ([\d.]+) \|$", text, re.MULTILINE))
        assert set(printed) == {"sourced", "recorded", "derived", "guessed"}
        for word, share in printed.items():
            right, false = count[word, True], count[word, False]
            assert float(share) == pytest.approx(right / (right + false), abs=0.05), (page, word, right, false)


def test_a_repository_that_is_called_like_a_file() -> None:
    """Its whole id is its own; a file that nobody lists as a repository is one of the repository before it."""
    found = resolve("katanemo/Arch-Function-1.5B.gguf")
    assert (found.repo_id, found.file) == ("katanemo/Arch-Function-1.5B.gguf", None)
    found = resolve("katanemo/Arch-Function-1.5B")
    assert found.repo_id == "katanemo/Arch-Function-1.5B"
    found = resolve("Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf")
    assert (found.repo_id, found.file) == ("Qwen/Qwen3-8B-GGUF", "Qwen3-8B-Q4_K_M.gguf")


def test_what_was_asked() -> None:
    """The record carries the name that was asked for."""
    assert resolve("qwen3:8b").asked == "qwen3:8b"


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("Qwen2.5-3B-Instuct", "Qwen/Qwen2.5-3B-Instruct"), ("Llama-3.1-8B-Instrcut", "meta-llama/Llama-3.1-8B-Instruct"),
        ("Llma-3.1-8B-Instruct", "meta-llama/Llama-3.1-8B-Instruct"),
        ("mixtral-8x7b-instuct-v0.1", "mistralai/Mixtral-8x7B-Instruct-v0.1"), ("DeepSeek-V3-Bse", "deepseek-ai/DeepSeek-V3-Base"),
    ],
)  # fmt: skip
def test_a_slip_of_the_pen(text: str, repo_id: str) -> None:
    """A bare name with a word that nobody knows, and that is nearly another's, is a guess at that one; no repository is made up for it."""
    found = resolve(text)
    assert (found.repo_id, found.exists, found.confidence) == (repo_id, True, "guessed")
    with pytest.raises(CheckpointNotFound, match=f"did you mean {repo_id}"):
        plan(text)


@pytest.mark.parametrize("text", ["gemma-4-31b-it-foo", "Qwen2.5-7B-Instruct-mytune", "Qwen/Qwen2.5-3B-Instuct", "Qwen2.5-4B-Instruct"])
def test_no_slip_of_the_pen(text: str) -> None:
    """A word more is another model, and so is another size; an owner's repository is that one."""
    found = resolve(text)
    assert found.repo_id.rpartition("/")[2] == text.rpartition("/")[2]
    assert found.exists is None


@pytest.mark.parametrize(
    ("text", "company"),
    [
        ("文心大模型", "baidu"), ("通义千问", "Qwen"), ("盘古", "openpangu"), ("gemma", "google"), ("qianwen", "Qwen"), ("hunyuan", "tencent"),
        ("phi", "microsoft"),        ("llama", "meta-llama"), ("deepseek", "deepseek-ai"),
    ],
)  # fmt: skip
def test_a_bare_family(text: str, company: str) -> None:
    """A family alone means none of its models: its newest repositories are what could be meant, and nothing is made up."""
    found = resolve(text)
    assert (found.confidence, found.exists) == ("guessed", True)
    listed = {entry.huggingface for entry in listing().entries}
    assert {found.repo_id, *found.alternatives} <= listed
    assert found.repo_id.partition("/")[0] == company
    with pytest.raises(CheckpointNotFound, match="name of a family"):
        plan(text)


@pytest.mark.parametrize("text", ["deepseek-chat", "deepseek/deepseek-reasoner", "mistral-large-latest", "mistral/mistral-small-latest"])
def test_names_that_move(text: str) -> None:
    """A name that means another model whenever there is a newer one says on which day it meant this one."""
    assert resolve(text).moving is not None


@pytest.mark.parametrize("text", ["DeepSeek-V3", "minimax-01", "mistral-large-2411", "qwen2.5:latest", "Qwen3-8B"])
def test_names_that_stay(text: str) -> None:
    """Others do not move."""
    assert resolve(text).moving is None


@pytest.mark.parametrize("text", ["Qwen3-4B-Instruct-07-25", "qwen3-4b-instruct-07-25", "Qwen3-4B-Instruct-25-07", "Qwen3-4B-Instruct-2507"])
def test_a_month_and_its_year(text: str) -> None:
    """Two numbers behind a name are a year's month where the family counts so; Google's are a month and a day."""
    assert resolve(text).repo_id == "Qwen/Qwen3-4B-Instruct-2507"
    released = parse("gemini-2.5-pro-preview-06-05").released
    assert released is not None
    assert (released.year, released.month, released.day) == (None, 6, 5)


@pytest.mark.parametrize(
    ("text", "revision"),
    [
        ("kaggle.com/models/google/gemma-2/transformers/gemma-2-2b-it/3", None), ("models:/Qwen3-8B/3", None),
        ("azureml://registries/azureml-meta/models/Llama-3.3-70B-Instruct/versions/4", None), ("vertex_ai/mistral-small-2503@001", None),
        ("publishers/meta/models/llama-3.3-70b-instruct@001", None), ("qwen3-8b@q4_k_m", None), ("qwen2.5-72b-instruct@bf16", None),
        ("Qwen/Qwen3-8B@main", "main"), ("Qwen/Qwen3-8B@refs/pr/3", "refs/pr/3"), ("hf://Qwen/Qwen3-8B@v1.0/config.json", "v1.0"),
    ],
)  # fmt: skip
def test_foreign_revisions(text: str, revision: str | None) -> None:
    """A version that Kaggle, MLflow, Azure or Vertex AI counts, and a word for packaging, are nothing to ask a hub for."""
    found = resolve(text)
    assert found.exists
    assert found.revision == revision


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("qwen3-8b@q4_k_m", "Qwen/Qwen3-8B-GGUF"), ("qwen3-8b@4bit", "Qwen/Qwen3-8B-AWQ"), ("qwen2.5-72b-instruct@bf16", "Qwen/Qwen2.5-72B-Instruct"),
        ("gemma3:4b-it-qat", "google/gemma-3-4b-it-qat-q4_0-gguf"), ("gemma-3-12b-it-qat", "google/gemma-3-12b-it-qat-q4_0-gguf"),
        ("gemma3:4b", "google/gemma-3-4b-it"),
    ],
)  # fmt: skip
def test_packaging_behind_the_name(text: str, repo_id: str) -> None:
    """Behind an at sign, as in LM Studio, packaging is packaging; weights that were trained for being quantized are asked for by their word."""
    assert resolve(text).repo_id == repo_id


@pytest.mark.parametrize("text", ["facebook/sam3-base", "gpt-oss-20b-base", "glm-4.7-base", "BAAI/bge-m3-base"])
def test_no_base_is_listed(text: str) -> None:
    """A finished model, and one whose family means a size by the word, are not the base of that name."""
    assert resolve(text).exists is None


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("qwen2.5-7b-base", "Qwen/Qwen2.5-7B"), ("llama-3.1-8b-base", "meta-llama/Llama-3.1-8B"), ("gemma-4-31b-base", "google/gemma-4-31B"),
        ("phi-2-base", "microsoft/phi-2"),
    ],
)  # fmt: skip
def test_the_base_has_the_plain_name(text: str, repo_id: str) -> None:
    """Beside an edition for instructions, and where nothing says that it is finished, the repository without a word is the base."""
    assert resolve(text).repo_id == repo_id


@pytest.mark.parametrize(
    ("text", "repo_id"),
    [
        ("qwen2.5-7b-chat", "Qwen/Qwen2.5-7B-Instruct"), ("qwen2.5:7b-chat", "Qwen/Qwen2.5-7B-Instruct"),
        ("llama-2-7b-instruct", "meta-llama/Llama-2-7b-chat-hf"), ("gemma-3-4b-chat", "google/gemma-3-4b-it"),
        ("starcoder2:15b-instruct", "bigcode/starcoder2-15b-instruct-v0.1"),
        ("Qwen3-8B-Instruct", "Qwen/Qwen3-8B"), ("gpt-oss-20b-instruct", "openai/gpt-oss-20b"),
    ],
)  # fmt: skip
def test_who_asks_for_chat_gets_what_was_tuned(text: str, repo_id: str) -> None:
    """Chat and instruct are two words for one edition, which has a word more, or none where the vendor gives the base one."""
    assert resolve(text).repo_id == repo_id


@pytest.mark.parametrize("text", ["starcoder2-7b-instruct", "Llama-2-34b-chat"])
def test_who_asks_for_chat_gets_no_base(text: str) -> None:
    """Where the line's finished editions have a word more, a repository without one was not tuned."""
    assert resolve(text).exists is None


def test_a_provider_s_number() -> None:
    """Bedrock's id of DeepSeek-V3.1 says V3, which is another model elsewhere."""
    assert {resolve(text).repo_id for text in ("deepseek.v3-v1:0", "bedrock/us.deepseek.v3-v1:0")} == {"deepseek-ai/DeepSeek-V3.1"}
    assert resolve("deepseek/deepseek-v3").repo_id == "deepseek-ai/DeepSeek-V3"
