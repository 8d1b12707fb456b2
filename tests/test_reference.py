"""Tests of reference.py: which stretch of a text is hub, owner, name, tag, revision and file."""

from __future__ import annotations

import pytest

from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.names.plain import stem
from modelcatalog.names.reference import take_apart
from modelcatalog.names.words import fold

FIELDS = ("hub", "owner", "name", "revision", "tag", "file")


def parts(text: str) -> dict[str, str]:
    """The parts that the text has; the regions, where there are any, cover it without gap or overlap."""
    found = take_apart(text, fold(text), current_dictionary())
    if not found.regions:
        assert text == (f"{found.owner}/{found.name}" if found.slash >= 0 else found.name)
        return {field: getattr(found, field) for field in FIELDS if getattr(found, field) is not None}
    at = 0
    for _, start, end in found.regions:
        assert start == at < end
        at = end
    assert at == len(text)
    return {field: getattr(found, field) for field in FIELDS if getattr(found, field) is not None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # plain names
        ("Qwen3-8B", {"name": "Qwen3-8B"}),
        ("Qwen/Qwen3-8B", {"owner": "Qwen", "name": "Qwen3-8B"}),
        ("Qwen/Qwen3-8B@main", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "main"}),
        ("qwen3:8b", {"name": "qwen3", "tag": "8b"}),
        ("qwen3:8b@v1", {"name": "qwen3", "tag": "8b", "revision": "v1"}),
        # revisions, which may hold slashes
        ("Qwen/Qwen3-8B@refs/pr/3", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "refs/pr/3"}),
        ("gpt2@refs/pr/3/a.json", {"name": "gpt2", "revision": "refs/pr/3", "file": "a.json"}),
        ("Qwen/Qwen3-8B@refs/convert/gguf-v1.2", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "refs/convert/gguf-v1.2"}),
        ("Qwen/Qwen3-8B@refs/pr/3x", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "refs", "file": "pr/3x"}),
        ("Qwen/Qwen3-8B@refs/heads/x", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "refs", "file": "heads/x"}),
        ("Qwen/Qwen3-8B@refs/pr/3:Q8_0", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "refs/pr/3", "tag": "Q8_0"}),
        ("Qwen/Qwen3-8B:Q8_0@refs/pr/3", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "refs/pr/3", "tag": "Q8_0"}),
        ("openrouter/qwen/qwen3-8b@refs/pr/3", {"owner": "qwen", "name": "qwen3-8b", "revision": "refs/pr/3"}),
        ("Qwen/Qwen3-8B@a%2Fb", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "a/b"}),
        ("Qwen/Qwen3-8B@a%2Fb/c.json", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "a/b", "file": "c.json"}),
        ("Qwen/Qwen3-8B@a%0Ab", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "a%0Ab"}),
        ("Qwen/Qwen3-8B@100%", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "100%"}),
        ("Qwen/Qwen3-8B@a@b", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "a@b"}),
        ("Qwen/Qwen3-8B@main/", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "main"}),
        ("hf:gpt2@main/a.json", {"hub": "huggingface", "name": "gpt2", "revision": "main", "file": "a.json"}),
        ("hf://models/Qwen/Qwen3-8B@main", {"hub": "huggingface", "owner": "Qwen", "name": "Qwen3-8B", "revision": "main"}),
        ("user@host/Qwen/Qwen3-8B@main", {"owner": "Qwen", "name": "Qwen3-8B", "revision": "main"}),
        ("accounts/me@corp/models/qwen3-8b", {"name": "qwen3-8b"}),
        ("cloudflare/@cf/qwen/qwen3-8b", {"owner": "qwen", "name": "qwen3-8b"}),
        ("Qwen/Qwen3-8B:", {"owner": "Qwen", "name": "Qwen3-8B:"}),
        (":8b", {"name": ":8b"}),
        ("@main", {"name": "@main"}),
        ("Qwen3-8B@", {"name": "Qwen3-8B@"}),
        # files
        ("Qwen3-8B-Q4_K_M.gguf", {"name": "Qwen3-8B-Q4_K_M", "file": "Qwen3-8B-Q4_K_M.gguf"}),
        (
            "Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf",
            {"owner": "Qwen", "name": "Qwen3-8B-GGUF", "file": "Qwen3-8B-Q4_K_M.gguf"},
        ),
        ("Qwen/Qwen3-8B/a/b.safetensors", {"owner": "Qwen", "name": "Qwen3-8B", "file": "a/b.safetensors"}),
        ("Qwen/Qwen3-8B.gguf", {"owner": "Qwen", "name": "Qwen3-8B", "file": "Qwen3-8B.gguf"}),
        # routes
        ("openrouter/qwen/qwen3-8b", {"owner": "qwen", "name": "qwen3-8b"}),
        ("fireworks/llama-v3-8b", {"name": "llama-v3-8b"}),
        ("accounts/fireworks/models/llama-v3p1-8b", {"name": "llama-v3p1-8b"}),
        ("a/b/fireworks/llama-3-8b", {"name": "llama-3-8b"}),
        ("a/b/c/d", {"owner": "c", "name": "d"}),
        ("a/b/c/", {"owner": "b", "name": "c"}),
        ("a/b/c//", {"owner": "b", "name": "c"}),
        ("Qwen/Qwen3-8B/", {"owner": "Qwen", "name": "Qwen3-8B"}),
        ("Qwen3-8B/", {"name": "Qwen3-8B"}),
        ("openrouter/", {"name": "openrouter"}),
        ("@cf/qwen/qwen1.5-14b", {"owner": "qwen", "name": "qwen1.5-14b"}),
        # schemes
        ("hf:Qwen/Qwen3-8B", {"hub": "huggingface", "owner": "Qwen", "name": "Qwen3-8B"}),
        ("ms://Qwen/Qwen3-8B", {"hub": "modelscope", "owner": "Qwen", "name": "Qwen3-8B"}),
        ("ollama:qwen3:8b", {"hub": "ollama", "name": "qwen3", "tag": "8b"}),
        ("hf:", {"name": "hf:"}),
        # Bedrock
        ("anthropic.claude-3-haiku-20240307-v1:0", {"name": "claude-3-haiku-20240307-v1", "tag": "0"}),
        ("us.anthropic.claude-3-haiku", {"name": "claude-3-haiku"}),
        ("us.zork.claude-3", {"name": "us.zork.claude-3"}),
        ("deepseek.r1-v1:0", {"name": "deepseek.r1-v1", "tag": "0"}),
        ("deepseek.gguf", {"name": "deepseek", "file": "deepseek.gguf"}),
        ("qwen.2", {"name": "qwen.2"}),
        # hubs
        ("https://huggingface.co/Qwen/Qwen3-8B", {"hub": "huggingface", "owner": "Qwen", "name": "Qwen3-8B"}),
        ("huggingface.co/gpt2", {"hub": "huggingface", "name": "gpt2"}),
        (
            "https://hf.co/Qwen/Qwen3-8B/blob/v2/a/config.json",
            {"hub": "huggingface", "owner": "Qwen", "name": "Qwen3-8B", "revision": "v2", "file": "a/config.json"},
        ),
        (
            "https://modelscope.cn/models/Qwen/Qwen3-8B/summary",
            {"hub": "modelscope", "owner": "Qwen", "name": "Qwen3-8B"},
        ),
        (
            "hf.co/Qwen/Qwen3-8B-GGUF:Q8_0",
            {"hub": "huggingface", "owner": "Qwen", "name": "Qwen3-8B-GGUF", "tag": "Q8_0"},
        ),
        ("hf.co/Qwen/Qwen3-8B@v1", {"hub": "huggingface", "owner": "Qwen", "name": "Qwen3-8B", "revision": "v1"}),
        *(
            (f"hf.co/Qwen/Qwen3-8B{view}", {"hub": "huggingface", "owner": "Qwen", "name": "Qwen3-8B", **found})
            for view, found in {
                "@refs/pr/3": {"revision": "refs/pr/3"},
                "@refs/pr/3/a/b.json": {"revision": "refs/pr/3", "file": "a/b.json"},
                "/tree/refs%2Fpr%2F3": {"revision": "refs/pr/3"},
                "/tree/refs/pr/3?x=y": {"revision": "refs/pr/3"},
                "/tree/refs/heads/x": {"revision": "refs", "file": "heads/x"},
                "/resolve/refs%2Fpr%2F3/a.json": {"revision": "refs/pr/3", "file": "a.json"},
                "/blob/refs/convert/parquet/a.json": {"revision": "refs/convert/parquet", "file": "a.json"},
                "/blob/main/my%20file.json": {"revision": "main", "file": "my file.json"},
                "/commit/a09a354": {"revision": "a09a354"},
            }.items()
        ),
        ("ollama.com/library/qwen3:8b", {"hub": "ollama", "name": "qwen3", "tag": "8b"}),
        # caches
        (
            "/c/models--Qwen--Qwen3-8B/snapshots/abc/config.json",
            {"hub": "huggingface", "owner": "Qwen", "name": "Qwen3-8B", "revision": "abc", "file": "config.json"},
        ),
        ("models--gpt2", {"hub": "huggingface", "name": "gpt2"}),
        (
            "~/.cache/modelscope/hub/models/Qwen/Qwen2___5-7B",
            {"hub": "modelscope", "owner": "Qwen", "name": "Qwen2.5-7B"},
        ),
        (
            "/r/modelscope/models/Qwen--Qwen3-8B/snapshots/master/a.json",
            {"hub": "modelscope", "owner": "Qwen", "name": "Qwen3-8B", "revision": "master", "file": "a.json"},
        ),
        # paths
        ("./Qwen3-8B", {"name": "Qwen3-8B"}),
        ("/m/Qwen3-8B/", {"name": "Qwen3-8B"}),
        ("./x/Qwen3-8B-Q4_0.gguf", {"name": "Qwen3-8B-Q4_0", "file": "./x/Qwen3-8B-Q4_0.gguf"}),
        ("/m/Qwen3-8B/model.safetensors", {"name": "Qwen3-8B", "file": "/m/Qwen3-8B/model.safetensors"}),
        (
            "/m/Qwen3-8B/model-00001-of-00002.safetensors",
            {"name": "Qwen3-8B", "file": "/m/Qwen3-8B/model-00001-of-00002.safetensors"},
        ),
        (r"D:\m\Qwen3-8B\config.json", {"name": "Qwen3-8B", "file": r"D:\m\Qwen3-8B\config.json"}),
        ("./model.safetensors", {"name": "model", "file": "./model.safetensors"}),
        (
            "https://example.org/x/Qwen3-8B-Q8_0.gguf?download=1",
            {"name": "Qwen3-8B-Q8_0", "file": "Qwen3-8B-Q8_0.gguf"},
        ),
        ("https://example.org/Qwen3-8B/model.safetensors", {"name": "model", "file": "model.safetensors"}),
        ("https://example.org/x/Qwen3-8B", {"name": "Qwen3-8B"}),
        ("https://example.org/", {}),
        ("https://example.org/x/Qwen3-8B/?a=b", {"name": "Qwen3-8B"}),
        ("C:\\m\\Qwen3-8B\\", {"name": "Qwen3-8B"}),
        ("./", {}),
        ("/", {}),
    ],
)
def test_parts(text: str, expected: dict[str, str]) -> None:
    """Every form of reference, its parts in the case in which they were written, and nothing lost between them."""
    assert parts(text) == expected


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("Qwen2.5-7B-Q4_K_M-00001-of-00002.gguf", "Qwen2.5-7B-Q4_K_M"),
        ("Qwen2.5-7B.Q4_K_M.GGUF", "Qwen2.5-7B.Q4_K_M"),
        ("model.safetensors.json", "model"),
        ("-00001-of-00002.gguf", "-00001-of-00002"),
        ("Qwen2.5-7B", "Qwen2.5-7B"),
    ],
)
def test_stem(file: str, name: str) -> None:
    """A file's name without its suffixes and its shard's number."""
    assert stem(file) == name
