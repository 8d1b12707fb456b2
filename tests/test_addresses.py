"""Tests of a checkpoint's addresses: page, URI and package URL, each of which reads back to what it was made from."""

from __future__ import annotations

import random
from itertools import product

import pytest

from modelcatalog import Checkpoint, ModelName, parse, resolve
from modelcatalog.catalog.listing import listing

REVISIONS = (None, "main", "v1.0.0", "a09a35458c702b33eeacc393d103063234e8bc28", "refs/pr/3", "refs/convert/parquet", "feature/new", "4.0bpw", "a b#c?d")
FILES = (None, "config.json", "original/params.json", "my notes #1.txt", "UD-Q4_K_XL/Qwen3-8B-UD-Q4_K_XL-00001-of-00002.gguf")


def read_back(text: str) -> tuple[str | None, str, str | None, str | None]:
    """What an address says: hub, repository, revision, file."""
    name = parse(text)
    return name.hub, "/".join(part for part in (name.owner, name.name) if part), name.revision, name.file


def addresses(found: Checkpoint) -> list[tuple[str, str]]:
    """Those that a checkpoint has."""
    return [(kind, text) for kind in ("url", "uri", "purl") if (text := getattr(found, kind)) is not None]


def test_every_listed_repository_reads_back() -> None:
    """The page, the URI and the package URL of each repository that the catalog lists name it again."""
    wrong = []
    for hub in ("huggingface", "modelscope"):
        repositories = {repo_id for entry in listing().entries if (repo_id := getattr(entry, hub))}
        assert len(repositories) > 1000
        for repo_id in sorted(repositories):
            found = Checkpoint(hub=hub, repo_id=repo_id)
            wrong += [(kind, text) for kind, text in addresses(found) if read_back(text) != (hub, repo_id, None, None)]
    assert wrong == []


@pytest.mark.parametrize("repo_id", ["owner/two words", "owner/a#b", "owner/a?b=c", "owner/模型", "owner/a&b", "owner/a+b"])
def test_odd_names_read_back(repo_id: str) -> None:
    """A page is an address whatever somebody calls a repository."""
    for hub, file in product(("huggingface", "modelscope"), (None, "config.json")):
        found = Checkpoint(hub=hub, repo_id=repo_id, revision="main", file=file)  # type: ignore[arg-type]
        assert found.url.isascii()
        assert read_back(found.url) == (hub, repo_id, "main", file)


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
@pytest.mark.parametrize("revision", REVISIONS)
@pytest.mark.parametrize("file", FILES)
def test_revisions_and_files_read_back(hub: str, revision: str | None, file: str | None) -> None:
    """Whatever a revision and a file are called; where a page must name a branch and none is known, it names the hub's own."""
    found = Checkpoint(hub=hub, repo_id="Qwen/Qwen3-8B-GGUF", revision=revision, file=file)  # type: ignore[arg-type]
    own = "main" if hub == "huggingface" else "master"
    for kind, text in addresses(found):
        shown = revision or (own if kind == "url" and file is not None else None)
        assert read_back(text) == (hub, "Qwen/Qwen3-8B-GGUF", shown, file), text


def test_the_client_reads_our_uris() -> None:
    """huggingface_hub's own parser reads the URI and the page, where it has one, and gives what they were made from."""
    hub = pytest.importorskip("huggingface_hub")
    if not hasattr(hub, "parse_hf_uri"):
        pytest.skip("this huggingface_hub has no parse_hf_uri")
    for revision in REVISIONS:
        for file in FILES:
            found = Checkpoint(hub="huggingface", repo_id="Qwen/Qwen3-8B", revision=revision, file=file)
            said = hub.parse_hf_uri(found.uri)
            assert (said.type, said.id, said.revision, said.path_in_repo) == ("model", "Qwen/Qwen3-8B", revision, file or ""), found.uri
            said = hub.parse_hf_uri(found.url)
            assert (said.id, said.revision, said.path_in_repo) == ("Qwen/Qwen3-8B", revision or ("main" if file else None), file or ""), found.url


def test_we_read_the_clients_uris() -> None:
    """What huggingface_hub's parser reads, ours reads alike: repository, revision and path."""
    hub = pytest.importorskip("huggingface_hub")
    if not hasattr(hub, "parse_hf_uri"):
        pytest.skip("this huggingface_hub has no parse_hf_uri")
    chance = random.Random(14)
    for _ in range(300):
        revision = chance.choice(("", "@main", "@v1.0", "@refs/pr/3", "@refs/convert/parquet", "@a%2Fb", "@1-2.3"))
        path = chance.choice(("", "/config.json", "/a/b/c.bin", "/x@y.txt", "/sub dir/f.json", "/"))
        text = f"hf://{chance.choice(('', 'models/'))}{chance.choice(('Qwen/Qwen3-8B', 'a-b/c.d_e', 'meta-llama/Llama-3.1-8B'))}{revision}{path}"
        said = hub.parse_hf_uri(text)
        assert read_back(text) == ("huggingface", said.id, said.revision, said.path_in_repo or None), text


def test_purls() -> None:
    """As the specification's type huggingface has them: a commit in lower case, another host as a qualifier, the file as subpath."""
    commit = "A09A35458C702B33EEACC393D103063234E8BC28"
    assert Checkpoint(hub="huggingface", repo_id="Qwen/Qwen3-8B", revision=commit).purl == f"pkg:huggingface/Qwen/Qwen3-8B@{commit.lower()}"
    assert Checkpoint(hub="huggingface", repo_id="gpt2", revision="refs/pr/3").purl == "pkg:huggingface/gpt2@refs%2Fpr%2F3"
    found = Checkpoint(hub="modelscope", repo_id="Qwen/Qwen3-8B", revision="Release", file="a b/c.bin")
    assert found.purl == "pkg:huggingface/Qwen/Qwen3-8B@Release?repository_url=https://modelscope.cn#a%20b/c.bin"
    assert Checkpoint(hub="ollama", repo_id="library/qwen3").purl is None


def test_addresses_are_in_the_record() -> None:
    """They stand in JSON, and a record that is read from it has them from its other fields, whatever the text says."""
    found = resolve("Qwen/Qwen3-8B@main")
    assert found.url == "https://huggingface.co/Qwen/Qwen3-8B/tree/main"
    dumped = found.model_dump()
    assert {dumped["url"], dumped["uri"], dumped["purl"]} == {found.url, found.uri, found.purl}
    assert Checkpoint.model_validate_json(found.model_dump_json()) == found
    assert Checkpoint.model_validate(dumped | {"url": "https://example.org"}).url == found.url
    assert found.uri == "hf://Qwen/Qwen3-8B@main"


@pytest.mark.parametrize(
    ("text", "provider"),
    [
        ("databricks-dbrx-instruct", None),
        ("databricks/dbrx-instruct", None),
        ("databricks-gpt-5", "databricks"),
        ("Groq/Llama-3-Groq-8B-Tool-Use", None),
        ("openai/gpt-5", None),
        ("anthropic/claude-opus-4-8", None),
        ("mistral:7b", None),
        ("cohere.command-r-plus-08-2024", None),
        ("cohere.command-r-plus-v1:0", "bedrock"),
        ("Qwen3-8B", None),
    ],
)
def test_a_provider_is_named_where_the_text_names_one(text: str, provider: str | None) -> None:
    """A maker's account, a model's own word and a point that two providers write tell no provider."""
    assert parse(text).provider == provider


def test_a_name_knows_where_the_provider_came_from() -> None:
    """It is the name's own, shown like every other fact, and in JSON."""
    name = parse("groq:llama-3.3-70b-versatile")
    assert name.origin("provider") == "name"
    assert name.origin("part") is None
    assert ModelName.model_validate_json(name.model_dump_json()) == name
