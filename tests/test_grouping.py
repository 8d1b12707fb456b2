"""`model_key` and `group`: what is counted together, what stays apart, and a thousand ids at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

import modelcatalog as mc
from modelcatalog.catalog.listing import listing

TOGETHER = (
    ("gpt-4o", "openai/gpt-4o-2024-08-06", "azure/gpt-4o", "chatgpt/gpt-4o"),
    ("DeepSeek-R1", "deepseek-r1:671b", "DeepSeek-R1-0528", "together/deepseek-ai/DeepSeek-R1-tput", "deepseek-r1-671b"),
    ("meta-llama/Llama-3.3-70B-Instruct", "groq/llama-3.3-70b-versatile", "cerebras/llama-3.3-70b", "llama3.3:70b"),
    ("meta-llama/Llama-3.1-8B-Instruct", "cerebras/llama3.1-8b", "groq/llama-3.1-8b-instant", "llama3.1:8b"),
    ("MiniMax-M2.5", "minimax-m2.5-highspeed", "accounts/fireworks/models/minimax-m2p5"),
    ("claude-sonnet-4.5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5@20250929"),
    ("gemini-2.5-pro", "gemini-2.5-pro-preview-06-05", "vertex_ai/gemini-2.5-pro"),
    ("qwen-plus", "qwen-plus-latest", "qwen-plus-2025-07-28"),
)
"""Names of one key."""
APART = (
    "gpt-4o", "gpt-4o-mini", "gpt-4", "gpt-4-turbo", "grok-4", "grok-4-fast", "Qwen3-8B", "Qwen3-14B", "meta-llama/Llama-3.1-8B", "Llama-3.1-8B-Instruct",
    "DeepSeek-R1", "deepseek-r1:7b", "DeepSeek-R1-Zero", "mixtral-8x7b-instruct", "mixtral-8x22b-instruct", "claude-sonnet-4.5", "claude-opus-4.5",
    "Qwen3-VL-8B-Instruct", "Qwen3-Embedding-8B",
)  # fmt: skip
"""Names of as many keys."""


@pytest.mark.parametrize("names", TOGETHER, ids=[names[0] for names in TOGETHER])
def test_one_key(names: tuple[str, ...]) -> None:
    """Dates, words of serving, and the only size of a line are left out; what is served is the edition for instructions."""
    assert len({mc.model_key(name) for name in names}) == 1, [mc.model_key(name) for name in names]


def test_keys_apart() -> None:
    """Tiers, types, bases, and sizes of which there are several, are other models."""
    assert len({mc.model_key(name) for name in APART}) == len(APART)


def test_a_base_that_somebody_serves() -> None:
    """A listed repository is that one, whoever serves it."""
    assert mc.model_key("together:meta-llama/Llama-3.1-8B") == mc.model_key("meta-llama/Llama-3.1-8B")


def test_groups() -> None:
    """Each with its names in order and those who serve it; what nobody knows stands alone."""
    names = [name for group in TOGETHER for name in group]
    found = mc.group(names)
    assert [one.names for one in found] == list(TOGETHER)
    assert found[2].providers == ("groq", "cerebras")
    assert found[0].company == "OpenAI"
    assert len(mc.group(names, exact=True)) > len(found)
    assert [one.key for one in mc.group(["???", "zork-2-7b"])] == ["???", "2-7b-zork"]


def test_a_thousand_ids() -> None:
    """Every listed model's own spellings, a thousand ids, come out in groups that lose none."""
    ids = [entry.huggingface or entry.modelscope or "" for entry in listing().entries][::7][:1000]
    found = mc.group(ids)
    assert sum(len(one.names) for one in found) == len(ids) == 1000
    assert json.loads(found[0].model_dump_json())["names"]


def test_as_a_table() -> None:
    """Rows of records are plain for any table: texts, numbers, truths, and one level of those."""
    rows: list[dict[str, Any]] = [name.model_dump(exclude={"segments", "origins", "base"}) for name in mc.parse_many(TOGETHER[0])]
    assert all(not isinstance(value, dict) or all(not isinstance(inner, dict) for inner in value.values()) for row in rows for value in row.values())
