"""Tests of names/ and of what neighbours decide: each rule with a name for which it matters."""

from __future__ import annotations

from typing import Any

import pytest

from modelcatalog import NameSyntaxError, names
from modelcatalog.records import ModelName


def read(text: str) -> ModelName:
    """The record, checked for losing nothing."""
    name = names.read(text)
    assert "".join(segment.text for segment in name.segments) == text
    return name


def get(name: ModelName, path: str) -> Any:
    """A field, dotted for records inside."""
    value: Any = name
    for part in path.split("."):
        value = getattr(value, part)
    return value


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        # versions
        ("claude-3-5-sonnet", {"version": "3.5", "size.label": "sonnet"}),
        ("claude-3-5-tokens", {"version": "3"}),
        ("claude-3.5-7", {"version": "3.5", "unknown": ("7",)}),
        ("Qwen-v2_7b", {"version": "2", "size.total": 7 * 10**9}),
        ("LLAMA-3_8B", {"version": "3", "size.total": 8 * 10**9, "size.label": "8B", "canonical": "llama-3-8b"}),
        ("llama-guard-3-8B", {"family": "Llama", "version": "3", "types": ("guard",)}),
        ("kimi-k2-instruct", {"family": "Kimi", "version": "K2"}),
        ("minimax-m6", {"family": "MiniMax", "version": "M6"}),  # M6 alone is Alibaba's
        ("m6-base", {"family": "M6", "company": "Alibaba"}),
        ("phi3.5-mini", {"version": "3.5", "size.label": "mini"}),
        ("gpt-35-turbo", {"version": "3.5"}),
        ("internlm2_5-7b-chat", {"version": "2.5"}),
        ("zork-7b-v0.1", {"family": "zork", "version": "0.1"}),
        ("Mistral-7B-v0.1-v0.2", {"version": "0.1"}),
        ("anthropic.claude-v2:1", {"version": "2.1"}),
        ("anthropic.claude:0", {"version": None}),
        ("claude-v1:0", {"family": "Claude", "version": None}),
        ("amazon.titan-embed-text-v2:0", {"family": "Titan", "version": "2"}),
        # bases
        (
            "Hermes-2-Theta-Llama-3-8B",
            {"family": "Hermes", "version": "2", "base.family": "Llama", "base.version": "3"},
        ),
        ("hermes-gemma-3n", {"family": "Hermes", "base.family": "Gemma", "base.version": "3n"}),
        (
            "DeepSeek-R1-Distill-Qwen-7B",
            {"family": "DeepSeek", "version": "R1", "base.family": "Qwen", "size.total": 7 * 10**9},
        ),
        # dates
        ("gemini-2.5-pro-preview-06-17", {"released.month": 6, "released.day": 17, "released.text": "06-17"}),
        ("gemini-2.5-pro-preview-13-17", {"released": None, "unknown": ("13", "17")}),
        ("gemini-2.5-pro-preview-06", {"released": None}),
        ("Qwen-2024-08-06-2024-09-01", {"released.text": "2024-08-06"}),
        ("command-r-08-2024", {"released.year": 2024, "released.month": 8, "released.day": None}),
        # sizes
        (
            "OLMoE-1B-7B-0924",
            {"size.active": 10**9, "size.total": 7 * 10**9, "released.month": 9, "released.year": 2024},
        ),
        ("Llama-4-Scout-17B-16E", {"size.active": 17 * 10**9, "size.total": None, "size.experts": 16}),
        ("Qwen-7B-16E-8E", {"size.experts": 16, "unknown": ("8E",)}),
        ("Qwen-7b-E4B", {"size.label": "7b", "unknown": ("E4B",)}),
        ("gemma-3n-E4B-it", {"size.label": "E4B", "size.active": 4 * 10**9, "size.total": None}),
        ("Qwen-A3B-30B", {"size.active": 3 * 10**9, "size.total": 30 * 10**9}),
        ("Mixtral-8x7B-8x22B", {"size.label": "8x7B", "size.experts": 8}),
        ("zork-8x7B", {"size.total": 56 * 10**9, "size.experts": 8}),
        ("zork-8x7B-47B", {"size.total": 47 * 10**9}),
        ("Qwen-7B-7B", {"size.total": 7 * 10**9}),
        ("Qwen-7B-A1B-A2B", {"size.active": 10**9}),
        ("TinyLlama-1.1B-intermediate-step-1431k-3T", {"size.total": 11 * 10**8, "context_length": None}),
        ("Infinity-Instruct-3M-0613-Mistral-7B", {"size.total": 7 * 10**9}),
        ("Qwen-0x7B", {"size": None, "unknown": ("0x7B",)}),
        # context
        ("internlm2_5-7b-chat-1m", {"context_length": 10**6, "size.total": 7 * 10**9}),
        ("qwen-instruct-1m", {"context_length": 10**6, "size": None}),
        ("Phi-3-mini-4k-instruct", {"context_length": 4096}),
        ("Yi-6B-200K", {"context_length": 200_000}),
        ("stories-llama2-50k", {"context_length": None, "unknown": ("stories", "50k")}),
        ("zork-7b-8k-4k", {"context_length": 8192, "unknown": ("4k",)}),
        # quantization
        ("Qwen-7B-Q8", {"quantization.scheme": "Q8", "quantization.bits": 8, "format": "gguf"}),
        ("Qwen-7B-Q8-Q4", {"quantization.scheme": "Q8", "quantization.bits": 8}),
        ("Qwen-7B-MLX-q4", {"quantization.method": "mlx", "quantization.bits": 4, "quantization.scheme": None}),
        ("Qwen-7B-MLX-4bit-q8", {"quantization.bits": 4}),
        ("mlx-community/Qwen-7B-q4", {"quantization.method": "mlx", "quantization.bits": 4}),
        ("Qwen-7B-h6", {"quantization": None, "unknown": ("h6",)}),
        ("Qwen-7B-exl2-6.0bpw-h6", {"quantization.method": "exl2", "quantization.bits": 6, "unknown": ()}),
        ("Qwen-7B-GPTQ-4bit-128g", {"quantization.group_size": 128}),
        ("Qwen-7B-128g", {"quantization": None, "unknown": ("128g",)}),
        ("Qwen-7B-GPTQ-100g", {"quantization.group_size": None, "unknown": ("100g",)}),
        ("Qwen-7B-GPTQ-AWQ", {"quantization.method": "gptq", "format": "safetensors"}),
        (
            "Qwen-7B-W4A16",
            {"quantization.method": "compressed-tensors", "quantization.scheme": "W4A16", "format": "safetensors"},
        ),
        ("Qwen-7B-q4f16_1-MLC", {"quantization.method": "mlc", "quantization.bits": 4}),
        ("Qwen-7B-AutoRound-AWQ", {"quantization.method": "awq"}),
        ("Qwen-7B-bf16-fp16", {"dtype": "bfloat16", "quantization": None}),
        # revisions that say something
        ("x/Qwen-7B-GPTQ@gptq-4bit-32g-actorder_True", {"quantization.bits": 4, "quantization.group_size": 32}),
        (
            "x/Qwen-7B-GPTQ@gptq-4bit-32g",
            {"quantization.method": "gptq", "quantization.bits": 4, "quantization.group_size": 32},
        ),
        ("turboderp/Llama-3-8B-exl2@6.0bpw", {"quantization.method": "exl2", "quantization.bits": 6}),
        ("x/Qwen-7B@4bit-imatrix", {"quantization.bits": 4}),
        ("x/Qwen-7B@h6", {"quantization": None, "unknown": ()}),
        ("x/Qwen-7B@main", {"quantization": None, "revision": "main"}),
        ("gemini-2.0-flash@001", {"canonical": "gemini-2.0-flash"}),
        ("gemini-2.0-flash@7", {"canonical": "gemini-2.0-flash"}),
        ("claude-sonnet-4@20250514", {"released.year": 2025, "released.day": 14}),
        ("claude-sonnet-4-20250514@20250515", {"released.text": "20250514"}),
        ("claude-sonnet-4@99999999", {"released": None}),
        # tags
        ("qwen2.5:7b-text", {"types": ("base",), "size.total": 7 * 10**9}),
        ("qwen2.5-7b-text", {"types": (), "unknown": ("text",)}),
        ("deepseek-v3:thinking", {"types": ("thinking",), "canonical": "deepseek-v3"}),
        ("qwen3-thinking:thinking", {"types": ("thinking",)}),
        ("qwen3:free", {"types": (), "tag": "free"}),
        # what an unknown family is
        ("zork-mini-7b-chat", {"family": "zork-mini", "size.total": 7 * 10**9, "types": ("chat",)}),
        ("foo-bar-7B", {"family": "foo-bar", "unknown": ()}),
        ("foo-bar", {"family": None, "unknown": ("foo", "bar")}),
        ("zork:zonk-7b", {"family": "zork", "unknown": ("zonk",)}),
        ("foo/bar/zzz.gguf", {"family": "bar", "unknown": ("zzz",), "format": "gguf"}),
        ("foo/Qwen3-8B-GGUF/zzz.gguf", {"family": "Qwen", "unknown": ()}),
        ("zork-2-7b", {"family": "zork", "version": "2"}),
        ("zork-2507-7b", {"released": None, "family": "zork-2507"}),
        # companies, routes, common words
        ("google-7b", {"company": "Google", "family": None}),
        ("google/zork-7b", {"company": "Google", "family": "zork"}),
        ("bartowski/zork-7b", {"company": None}),
        ("venice-gpt-5", {"family": "GPT", "version": "5", "canonical": "gpt-5"}),
        ("qwen-venice", {"unknown": ("venice",)}),
        ("zork-google-7b", {"company": None, "family": "zork-google"}),
        ("command-r7b", {"family": "Command", "size.total": 7 * 10**9}),
        ("google-bert-base", {"family": "BERT", "company": "Google"}),
        ("google-bert", {"family": "BERT", "company": "Google"}),
        ("llama--guard-3", {"family": "Llama", "types": ("guard",), "version": "3"}),
        ("my-nova-7b", {"company": None, "family": "my-nova"}),
        ("amazon.nova-pro-v1:0", {"company": "Amazon", "family": "Nova", "version": None}),
        # the account that the model was taken from
        ("DavidAU__Qwen3-8B-GGUF", {"owner": "DavidAU", "family": "Qwen", "unknown": ()}),
        ("google_-_gemma-2-9b-it", {"owner": "google", "family": "Gemma"}),
        ("foo/DavidAU__Qwen3-8B", {"owner": "foo", "family": "Qwen", "unknown": ()}),
        ("__Qwen3-8B", {"owner": None, "family": "Qwen"}),
        ("a-b-c-d-e__Qwen3-8B", {"owner": None, "unknown": ("a", "b", "c", "d", "e")}),
        ("bartowski/Qwen_QwQ-32B", {"family": "QwQ", "base": None, "company": "Alibaba"}),
        ("bartowski/THUDM_GLM-4-9B", {"company": "Z.ai", "family": "GLM"}),
        # family words
        ("ERNIE-4.5-21B-A3B-PT", {"types": (), "size.active": 3 * 10**9}),
        ("gemma-3-4b-pt", {"types": ("base",)}),
    ],
)
def test_facts(text: str, facts: dict[str, Any]) -> None:
    """Neighbours decide what a number is, and what a word means."""
    name = read(text)
    assert {path: get(name, path) for path in facts} == facts


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Qwen/Qwen3-8B-AWQ", "owner separator family version separator size separator quantization"),
        (
            "hf.co/Qwen/Qwen3-8B:Q4_K_M",
            "hub separator owner separator family version separator size separator quantization",
        ),
        (
            "models--Qwen--Qwen3-8B/snapshots/abc/x",
            "path owner path family version separator size path revision separator unknown",
        ),
        ("./Qwen3-8B-Q4_0.gguf", "path family version separator size separator quantization separator format"),
        ("Qwen3-8B-00001-of-00002.gguf", "family version separator size separator shard separator format"),
        ("OLMo-7B-step1000-tokens4B", "family separator size separator unknown training separator unknown"),
        ("venice-gpt-5", "route separator family separator version"),
        (
            "anthropic.claude-3-haiku-20240307-v1:0",
            "company separator family separator version separator tier separator released separator serving separator serving",
        ),
        (
            "Hermes-2-Theta-Llama-3-8B",
            "family separator version separator unknown separator base separator base separator size",
        ),
        ("DeepSeek-R1-Distill-Qwen-7B", "family separator version separator type separator base separator size"),
    ],
)
def test_kinds(text: str, kinds: str) -> None:
    """Every piece of the text has its kind."""
    assert " ".join(segment.kind for segment in read(text).segments) == kinds


@pytest.mark.parametrize("word", ["Q4_K_M", "4bit", "NF4", "W4A16", "q4f16_1", "Q4", "GPTQ-Int4", "GPTQ-4b-128g"])
def test_whole_bits_stay_whole(word: str) -> None:
    """Four bits are 4 and not 4.0, whatever runs: a compiled float is never whole."""
    assert '"bits":4,' in read(f"Qwen3-8B-{word}").model_dump_json()


def message(text: str, *, strict: bool = False) -> str:
    """What the parser says to a text that it refuses."""
    with pytest.raises(NameSyntaxError) as caught:
        names.read(text, strict=strict)
    assert caught.value.subject == text
    return str(caught.value)


@pytest.mark.parametrize("text", ["", " ", "   "])
def test_empty(text: str) -> None:
    """Nothing, or nothing but spaces, is not a name; the answer shows what one looks like."""
    assert message(text) == f"empty name\n  {text}\n  ^\n  expected a model name such as 'Qwen2.5-7B-Instruct'"


def test_too_long() -> None:
    """1,024 characters are a name, one more is not."""
    assert read("q" * 1024).unknown == ("q" * 1024,)
    assert message("q" * 1025) == "\n".join(
        ("name of 1025 characters", "  …" + "q" * 37, "  " + " " * 37 + "^", "  expected at most 1024 characters"),
    )


def test_control_characters() -> None:
    """Control characters and halves of surrogate pairs are refused where they stand; other odd ones are unknown."""
    assert message("gpt\t4") == "control character '\\t'\n  gpt\\t4\n     ^^\n  expected printable characters"
    assert message("gpt\ud8004") == "lone surrogate '\\ud800'\n  gpt\\ud8004\n     ^^^^^^\n  expected printable characters"
    assert read("Qwen3\u200b-8B").family == "Qwen"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Qwen3-8B-fizz",
            "unknown word 'fizz'\n  Qwen3-8B-fizz\n           ^^^^\n  expected a type, a quantization or a format",
        ),
        (
            "Qwen-fizz",
            "unknown word 'fizz'\n  Qwen-fizz\n       ^^^^\n  expected a version, a size, a type, a quantization or a format",
        ),
        (
            "fizz",
            "unknown word 'fizz'\n  fizz\n  ^^^^\n  expected a family, a version, a size, a type, a quantization or a format",
        ),
        (
            "Qwen3-8B-fizz-Q4_K_M.gguf",
            "unknown word 'fizz'\n  Qwen3-8B-fizz-Q4_K_M.gguf\n           ^^^^\n  expected a type",
        ),
        (
            "Mistral-fizz-7B-v2",  # that word's version, as long as it stands there
            "unknown word 'fizz'\n  Mistral-fizz-7B-v2\n          ^^^^\n  expected a version, a type, a quantization or a format",
        ),
        (
            "通义千问-嘟嘟",
            "unknown word '嘟嘟'\n  通义千问-嘟嘟\n           ^^^^\n  expected a version, a size, a type, a quantization or a format",
        ),
    ],
)
def test_strict(text: str, expected: str) -> None:
    """The first unknown word is refused, and what the cases would have taken in its place is named."""
    assert message(text, strict=True) == expected


def test_strict_accepts_what_it_knows() -> None:
    """A name that is known through and through is the same record, strict or not."""
    text = "Qwen/Qwen2.5-7B-Instruct-AWQ"
    assert names.read(text, strict=True) == names.read(text)


def test_changed() -> None:
    """A changed name is another record; the old one stays."""
    name = names.read("Qwen3-8B")
    other = names.changed(name, company="Acme")
    assert (name.company, other.company, other.family) == ("Alibaba", "Acme", "Qwen")
    assert other == ModelName.model_validate({**name.__dict__, "company": "Acme"})
