"""What a name means that says less than the one model of that name; and what is left as it is, because it could mean several."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modelcatalog import catalog, parse, resolve, vocabulary

if TYPE_CHECKING:
    from pathlib import Path

KINDS = {
    # The only edition: the word for its being finished.
    "llama-3.3-70b": "meta-llama/Llama-3.3-70B-Instruct",
    "granite-4.0-h-small": "ibm-granite/granite-4.0-h-small",
    "Kimi-K2": "moonshotai/Kimi-K2-Instruct",
    # What its maker never served without the word for its not being final.
    "gemini-3.1-pro": "gemini-3.1-pro-preview",
    "gpt-4.5": "gpt-4.5-preview",
    # The day tells which one, whatever else is said.
    "mistral-small-2506": "mistralai/Mistral-Small-3.2-24B-Instruct-2506",
    "ministral-8b-2512": "mistralai/Ministral-3-8B-Instruct-2512",
    "grok-4.20-beta-0309-reasoning": "grok-4.20-0309-reasoning",
    "deepseek-v3-250324": "deepseek-ai/DeepSeek-V3-0324",
    "deepseek-v3-1-250821": "deepseek-ai/DeepSeek-V3.1",
    # Published weights that have one date have no other.
    "mistral-nemo": "mistralai/Mistral-Nemo-Instruct-2407",
    "command-a": "CohereLabs/c4ai-command-a-03-2025",
    "olmo-2-32b-instruct": "allenai/OLMo-2-0325-32B-Instruct",
    # What the tier, the size or the series tells.
    "databricks-llama-4-maverick": "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
    "mixtral-8x7b-instruct": "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "deepseek-r1-671b": "deepseek-ai/DeepSeek-R1",
    "us.meta.llama3-2-90b-instruct-v1:0": "meta-llama/Llama-3.2-90B-Vision-Instruct",
    "nemotron-3-nano-omni": "nvidia/Nemotron-3-Nano-Omni-30B-A3B-Reasoning-BF16",
    "granite-4-h-small": "ibm-granite/granite-4.0-h-small",
    # The size tells the tier, or which base was tuned; the context is the model's own.
    "nemotron-3-120b": "nvidia/NVIDIA-Nemotron-3-Super-120B-A12B",
    "mistral-3.2-24b": "mistralai/Mistral-Small-3.2-24B-Instruct-2506",
    "hermes-3-405b": "NousResearch/Hermes-3-Llama-3.1-405B",
    "phi-3.5-mini-128k-instruct": "microsoft/Phi-3.5-mini-instruct",
    # The day alone, of published weights.
    "devstral-2512": "mistralai/Devstral-2-123B-Instruct-2512",
}
"""A name -> the model that it means."""
LEFT = (
    "llama-3.1-8b", "gemma4-31b", "groq/llama-3.1-8b-instant", "mixtral-8x7b", "mistral-7b", "qwen3-8b-instruct", "granite-4.0-3b", "llama-4-17b-instruct",
    "phi-3-mini-instruct", "gpt-0613", "mamba-2.8b", "starcoder-7b", "deepseek-r1-8b",  # the base, or several
    "mistral-small", "mistral-large", "devstral-small", "command-r", "claude-sonnet-4", "gpt-4o", "gemini-2.5-pro-preview-06-05",  # another day, another model
    "mistral-small-latest", "llama3.1", "llama3.1:latest", "Qwen/Qwen2.5-7B:together", "Qwen", "my-llama-3.3-70b-of-mine",
)  # fmt: skip


@pytest.mark.parametrize("text", KINDS)
def test_the_one_model(text: str) -> None:
    """A name that says less than a model's own means it, where there is but one of that name."""
    name = parse(text)
    assert name.canonical == parse(KINDS[text]).canonical
    assert name.canonical == str(name.identity)
    assert name.same_model(parse(KINDS[text]))


@pytest.mark.parametrize("text", LEFT)
def test_no_model_is_made_of_several(text: str) -> None:
    """Where a base, an edition of another day or a moving alias could be meant as well, a name means what it says."""
    assert parse(text).canonical == catalog.meaning.as_said(parse(text)).canonical


@pytest.mark.parametrize(
    "text",
    [
        "qwen2.5:7b", "gemma3:27b", "mistral:7b", "deepseek-r1:7b", "deepseek-r1:671b", "llama3.1:8b-q4_K_M", "hermes3:8b", "phi3:mini", "zephyr:7b",
        "gemma:2b-text", "ollama/qwen2.5:7b", "ollama:gemma3:27b", "ai/llama3.2:3B-Q4_K_M", "library/mistral-nemo:12b",
    ],
)  # fmt: skip
def test_tags_are_one_model_with_what_resolve_finds(text: str) -> None:
    """Ollama's tag of a size and the repository that serves it have one canonical name, packed or not, behind a route or not."""
    found = resolve(text)
    assert found.exists
    assert parse(text).canonical == parse(found.repo_id).canonical


def test_resolve_still_says_what_is_derived() -> None:
    """What a name means is no surer for being one model's: `confidence` speaks of the text."""
    assert resolve("llama-3.3-70b").confidence == "derived"
    assert resolve("Llama-3.3-70B-Instruct").confidence in {"sourced", "recorded"}


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("qianwen-7b", "Qwen-7B"), ("Tongyi-Qianwen-2.5-7B", "Qwen2.5-7B"), ("wenxin-4.0", "ERNIE-4.0"), ("dou-bao-1.5-pro-32k", "doubao-1.5-pro-32k"),
        ("pan-gu", "盘古"), ("hun-yuan-turbos", "hunyuan-turbos"), ("zhipu-qingyan", "GLM"), ("xing-huo-13b", "iFlytekSpark-13B"), ("puyu-7b", "internlm-7b"),
    ],
)  # fmt: skip
def test_chinese_names_in_latin_letters(text: str, plain: str) -> None:
    """The way a Chinese name is written in Latin letters is one more spelling of it."""
    name = parse(text)
    assert name.family == parse(plain).family
    assert name.canonical.removesuffix("-chat") == parse(plain).canonical.removesuffix("-chat").replace("-iflytekspark", "")


@pytest.mark.usefixtures("_restored")
def test_a_users_alias_says_nothing_more(tmp_path: Path) -> None:
    """Aliases in a user's own data are spellings of a family: they never enter `canonical`."""
    place = tmp_path / "mine.toml"
    place.write_text(
        'name = "Acme"\n[[family]]\nname = "Roadrunner"\naliases = ["rr", "beep beep"]\nweights = "open"\n'
        '[[family.series]]\nname = "Roadrunner2"\nmodels = ["Roadrunner2-7B-Chat"]\n'
        '[[family.series]]\nname = "RR3"\nmodels = ["RR3-9B"]\n',
        encoding="utf-8",
    )
    catalog.extend(place)
    assert {parse(text).canonical for text in ("Roadrunner2-7B-Chat", "rr2-7b-chat", "beep-beep-2-7b-chat")} == {"roadrunner-2-7b-chat"}
    assert parse("rr3-9b").canonical == parse("roadrunner-3-9b").canonical == "roadrunner-3-9b"


@pytest.fixture
def _restored() -> object:
    yield
    vocabulary.renew()
