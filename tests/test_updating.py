"""Tests of `update`: what comes from models.dev and the hubs, how it is used, and what of it is refused; on servers of the loopback interface."""

from __future__ import annotations

import ast
import importlib
import io
import json
import os
import re
import sys
import threading
import warnings
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loopback import faults
from loopback.hubs import HuggingFaceHub, ModelScopeHub
from loopback.publishing import ModelsDev, hf_repository, ms_repository, told
from modelcatalog import CatalogDataError, Unsupported, catalog, cli, facts, parse, resolve, update, userdata, userfolder, vocabulary
from modelcatalog.catalog import fetched
from modelcatalog.catalog.fetched import FetchedDataWarning
from modelcatalog.entries import CompanyFile
from modelcatalog.hubs import HUBS, wire
from modelcatalog.updating import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = datetime.now(UTC).date()
SAID: dict[str, Any] = {
    "openai": {
        "id": "openai",
        "models": {
            "gpt-7": told(
                "gpt-7", reasoning=True, structured_output=True, knowledge="2026-05", modalities={"input": ["text", "image", "pdf"], "output": ["text"]}
            ),
            "gpt-7-mini": told("gpt-7-mini", limit={"context": 128_000, "output": 0}, tool_call={"supported": False}),
            "gpt-5.4": told("gpt-5.4", limit={"context": 1, "output": 77}, release_date="2026-01-01"),
        },
    },
    "anthropic": {"id": "anthropic", "models": {"claude-opus-9": told("claude-opus-9", limit={"context": 300_000, "output": 64_000})}},
    "router": {
        "id": "router",
        "models": {
            "openai/gpt-7": told("openai/gpt-7", limit={"context": 5, "output": 5}),
            "qwen/qwen9-8b": told("qwen/qwen9-8b", limit={"context": 5, "output": 5}, open_weights=True, release_date="2026-11-20"),
        },
    },
    "reseller": {"id": "reseller", "models": {"Qwen/Qwen9-8B": told("Qwen/Qwen9-8B", open_weights=True, release_date="2026-11-20", reasoning=True)}},
}


class World:
    """The servers, and the folder."""

    def __init__(self, hf: HuggingFaceHub, ms: ModelScopeHub, models: ModelsDev, home: Path) -> None:
        self.hf, self.ms, self.models, self.home = hf, ms, models, home

    @property
    def file(self) -> Path:
        """What an update writes."""
        return self.home / userfolder.FILE

    def asked(self) -> int:
        """How many requests there were since the last call."""
        every = (self.hf, self.ms, self.models)
        count = sum(len(one.requests) for one in every)
        for one in every:
            one.requests.clear()
        return count


@pytest.fixture
def world(few: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:  # noqa: ARG001  it is there meanwhile
    """models.dev, and both hubs with two accounts, one of which has something new; few companies are known."""
    home = tmp_path / "data"
    with HuggingFaceHub({}) as hf, ModelScopeHub({}) as ms, ModelsDev(SAID) as models:
        hf.published = {
            "Qwen": [
                hf_repository("Qwen/Qwen3-8B", "license:apache-2.0"),
                hf_repository("Qwen/Qwen9-8B-Instruct", "license:apache-2.0", "base_model:Qwen/Qwen9-8B", "base_model:finetune:Qwen/Qwen9-8B"),
                hf_repository("Qwen/Qwen9-8B", "license:other", gated="manual"),
                hf_repository("Qwen/some-tool"),
            ],
            "zai-org": [hf_repository("zai-org/GLM-9-Air")],
        }
        ms.published = {"Qwen": [ms_repository("Qwen/Qwen9-8B-Instruct", "Apache License 2.0")]}
        monkeypatch.setenv("HF_ENDPOINT", hf.endpoint)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", ms.endpoint)
        monkeypatch.setenv("MODELCATALOG_MODELS_DEV", models.address)
        monkeypatch.setenv("MODELCATALOG_UPDATES", str(home))
        monkeypatch.setattr(accounts, "of_hub", lambda hub, _: ("Qwen", "zai-org") if hub.name == "huggingface" else ("Qwen",))
        vocabulary.again()
        yield World(hf, ms, models, home)
    monkeypatch.undo()
    vocabulary.again()


# --- what it is used for ------------------------------------------------------------------------------


@pytest.mark.usefixtures("world")
def test_the_site_shows_what_is_newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A company's page ends with what an update has found of it, each with who says it and the day; without an update nothing does."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "docs" / "site"))
    pages, newer = importlib.import_module("catalog_pages"), importlib.import_module("newer")
    assert newer.found() == {}
    update()
    rows = newer.found()
    assert {"Qwen/Qwen9-8B", "Qwen/Qwen9-8B-Instruct"} == {row.name for row in rows["Alibaba"] if row.hub == "huggingface"}
    told = pages.newest(rows["Alibaba"], importlib.import_module("words").ENGLISH)
    assert re.search(r"\| \[Qwen/Qwen9-8B\]\(https://huggingface\.co/Qwen/Qwen9-8B\) \| other \| \S+ \(\d{4}-\d\d-\d\d\) \|", told)
    monkeypatch.delenv("MODELCATALOG_UPDATES")
    newer.unasked()
    assert os.environ["MODELCATALOG_UPDATES"] == "off"  # who builds the site without naming a folder builds what everyone builds
    assert newer.found() == {}


@pytest.mark.usefixtures("world")
def test_facts_of_models_dev() -> None:
    """What a vendor's own API is said to serve is known from then on, with the source and its day; what the package says itself stays."""
    assert facts("gpt-7").context_length is None
    made = update()
    assert [(one.source, one.state, one.count) for one in made.sources] == [("models.dev", "new", 7), ("huggingface", "new", 5), ("modelscope", "new", 1)]
    known = facts("gpt-7")
    assert (known.context_length, known.max_output_tokens, known.tools, known.structured_output, known.reasoning) == (200_000, 32_000, True, True, True)
    assert (known.input_modalities, known.knowledge_cutoff, known.released) == (("text", "image", "file"), "2026-05", "2026-10-01")
    assert str(known.origin("context_length")) == f"models.dev ({TODAY})"
    assert facts("gpt-7-mini").max_output_tokens is None
    assert facts("gpt-7-mini").tools is False
    assert facts("us.anthropic.claude-opus-9-v1:0").context_length == 300_000
    assert facts("gpt-5.4").context_length == 1_050_000
    assert facts("gpt-5.4").origin("context_length").source != "models.dev"  # type: ignore[union-attr]


def test_what_cannot_be_true_beside_the_rest_is_not_taken(world: World) -> None:
    """No answer is longer than the context, whoever says either, and no knowledge is younger than the model."""
    odd = told("gpt-7-odd", limit={"context": 4_096, "output": 8_192}, release_date="2026-10-01", knowledge="2026-11")
    beside = told("gpt-5.4-pro", limit={"context": 9, "output": 9}, knowledge="2027-01")
    world.models.said = {"openai": {"id": "openai", "models": {"gpt-7-odd": odd, "gpt-5.4-pro": beside}}}
    update(sources=["models.dev"])
    known = facts("gpt-7-odd")
    assert (known.context_length, known.released, known.max_output_tokens, known.knowledge_cutoff) == (4_096, "2026-10-01", None, None)
    assert (facts("gpt-5.4-pro").context_length, facts("gpt-5.4-pro").knowledge_cutoff) == (1_050_000, "2025-08")


@pytest.mark.usefixtures("world")
def test_what_providers_agree_on() -> None:
    """Of a model that its vendor does not serve is told what others agree on, and nothing that each of them sets for itself."""
    update()
    known = facts("Qwen/Qwen9-8B")
    assert (known.released, known.open_weights, known.input_modalities) == ("2026-11-20", True, ("text",))
    assert (known.context_length, known.tools, known.reasoning) == (None, None, None)


@pytest.mark.usefixtures("world")
def test_new_repositories(world: World) -> None:
    """What a hub lists is there, with the page of its account and the day; by its bare name too, and on both hubs as one checkpoint."""
    assert resolve("Qwen/Qwen9-8B-Instruct").exists is None
    made = update()
    found = resolve("qwen9-8b-instruct")
    assert (found.repo_id, found.exists, found.confidence, found.checked, found.gated) == ("Qwen/Qwen9-8B-Instruct", True, "sourced", TODAY, False)
    assert found.source == f"{os.environ['HF_ENDPOINT']}/Qwen"
    assert found.base_models == ("Qwen/Qwen9-8B",)
    assert resolve("qwen9-8b-instruct", hub="modelscope").source == f"{os.environ['MODELSCOPE_ENDPOINT']}/Qwen"
    assert resolve("Qwen/Qwen9-8B").gated is True
    assert resolve("Qwen/some-tool").exists is True
    assert facts("qwen9-8b-instruct").licence == "Apache-2.0"
    assert {one.repo_id for one in catalog.search("Qwen9")} == {"Qwen/Qwen9-8B", "Qwen/Qwen9-8B-Instruct"}
    assert {one.subject for one in made.news if one.kind == "checkpoint"} == {"Qwen/Qwen9-8B-Instruct", "Qwen/Qwen9-8B", "zai-org/GLM-9-Air"}
    known = resolve("Qwen/Qwen3-8B")
    assert (known.exists, known.checked) == (True, TODAY)
    kept = userdata.read(world.file)
    assert {one.created for hub in kept.hubs.values() for account in hub.accounts.values() for one in account.repositories} == {date(2026, 11, 20)}


@pytest.mark.usefixtures("world")
def test_no_longer_listed() -> None:
    """A repository that its account does not list may have been renamed: whether it is there is not known, and the news name it."""
    made = update(sources=["huggingface"])
    gone = resolve("Qwen/Qwen3-32B")
    assert (gone.exists, gone.checked) == (None, TODAY)
    assert "Qwen/Qwen3-32B" in {one.subject for one in made.news if one.kind == "gone"}
    assert resolve("meta-llama/Llama-3.1-8B-Instruct").exists is True
    again = update(sources=["huggingface"])
    assert not again.news


@pytest.mark.usefixtures("world")
def test_names_are_read_as_before() -> None:
    """What a name says depends on nothing that was fetched."""
    names = ("Qwen9-8B-Instruct", "gpt-7", "GLM-9-Air", "qwen9", "mistral-large-2411", "qwen9:8b", "qwen3:8b", "ollama/glm9:air")
    before = [parse(name) for name in names]
    update()
    assert [parse(name) for name in names] == before


def test_kept_tables_do_not_know_it() -> None:
    """No table that is kept for all processes, and nothing that reads names, is made from the listing that has what was fetched."""
    files = sorted(Path(fetched.__file__).parent.glob("*.py"))
    reading = {"completing.py", "filling.py", "meaning.py", "sizes.py"}
    assert reading <= {file.name for file in files}
    looked_at = 0
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            kept = any("vocabulary.kept" in ast.unparse(one) for one in node.decorator_list)
            if kept or file.name in reading:
                looked_at += kept
                calls = {ast.unparse(one.func) for one in ast.walk(node) if isinstance(one, ast.Call)}
                assert calls.isdisjoint({"listing", "listing.listing", "fetched", "listing.fetched"}), f"{file.name}: {node.name}"
    assert looked_at > 3


@pytest.mark.usefixtures("world")
def test_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment switches it off, for reading and for fetching."""
    update()
    monkeypatch.setenv("MODELCATALOG_UPDATES", "off")
    vocabulary.again()
    assert facts("gpt-7").context_length is None
    with pytest.raises(Unsupported, match="MODELCATALOG_UPDATES switches off"):
        update()


@pytest.mark.usefixtures("world")
def test_days() -> None:
    """Each source has the day of its data."""
    update()
    days = catalog.days()
    assert {name: day for name, day in days.items() if name != "catalog"} == {"models.dev": TODAY, "huggingface": TODAY, "modelscope": TODAY}


class Run:
    """Runs the command line in this process."""

    def __init__(self, patch: pytest.MonkeyPatch, captured: pytest.CaptureFixture[str]) -> None:
        self._patch, self._captured = patch, captured

    def __call__(self, *arguments: str, language: str = "C") -> tuple[object, str, str]:
        """The exit code, and what was printed where."""
        with self._patch.context() as patch:
            patch.setenv("LC_ALL", language)
            patch.setattr(sys, "argv", ["modelcatalog", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
            patch.setattr(warnings, "showwarning", warnings.showwarning)
            with pytest.raises(SystemExit) as ended:
                cli.main()
        out, err = self._captured.readouterr()
        assert "Traceback" not in err
        return ended.value.code, out, err


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """The command line."""
    return Run(monkeypatch, capfd)


def test_command(world: World, run: Run) -> None:
    """The command shows each source with its state and day, what is new, and where it lies; a failed source is an error, and exit code 1."""
    code, out, _ = run("update")
    assert code == 0
    assert [line.split() for line in out.splitlines() if "models.dev" in line] == [["models.dev", "new", str(TODAY), "7"]]
    assert "New repositories: 3\n  Qwen/Qwen9-8B\n  Qwen/Qwen9-8B-Instruct\n  zai-org/GLM-9-Air\n" in out
    assert "New models: 3\n" in out
    assert out.endswith(f"\nin {world.home}\n")
    version = run("--version", language="zh_CN.UTF-8")[1].splitlines()
    assert version[2:] == [f"models.dev：{TODAY}", f"Hugging Face：{TODAY}", f"ModelScope：{TODAY}"]
    world.ms.faults.append(faults.refuse(503, b"down"))
    code, out, err = run("update", "--check", "--json", "--source", "modelscope")
    assert (code, json.loads(out)["sources"][0]["state"]) == (1, "failed")
    assert "error: ModelScope failed with status 503" in err
    assert run("update", "--source", "litellm")[0] == 2


@pytest.mark.filterwarnings("always::modelcatalog.catalog.fetched.FetchedDataWarning")
def test_a_bad_file_at_the_command_line(world: World, run: Run) -> None:
    """A file that is not good is one note, and the command goes on."""
    world.home.mkdir()
    world.file.write_text('{"format": 99}', encoding="utf-8")
    vocabulary.again()
    code, out, err = run("resolve", "--json", "Qwen3-8B")
    assert (code, json.loads(out)["repo_id"]) == (0, "Qwen/Qwen3-8B")
    assert err.startswith(f"warning: {world.file}: it was written by a newer version of modelcatalog; it is not used\n")
    assert len(err.splitlines()) == 2


# --- asking ---------------------------------------------------------------------------------------------


def test_conditional(world: World) -> None:
    """Asked again, nobody sends what is here already, and the day is today's all the same."""
    update()
    world.asked()
    old = json.loads(world.file.read_text(encoding="utf-8"))
    old["models"]["day"] = "2026-11-01"
    for listings in old["hubs"].values():
        for account in listings["accounts"].values():
            account["at"] = "2026-11-01T00:00:00Z"
    world.file.write_text(json.dumps(old), encoding="utf-8")
    made = update()
    assert [(one.state, one.day) for one in made.sources] == [("unchanged", TODAY)] * 3
    assert not made.news
    sent = [request.sent for one in (world.hf, world.ms, world.models) for request in one.requests]
    assert sent == [0, 0, 0, 0]
    assert facts("gpt-7").origin("released").checked == TODAY  # type: ignore[union-attr]


def test_check(world: World) -> None:
    """``check`` says what is new and writes nothing; what changes between two updates is named with both values."""
    made = update(check=True)
    assert made.check
    assert {one.subject for one in made.news if one.kind == "model"} == {"gpt-7", "gpt-7-mini", "claude-opus-9"}
    assert not world.home.exists()
    update()
    world.models.said = {**SAID, "openai": {"models": {"gpt-7": told("gpt-7", limit={"context": 400_000, "output": 32_000}, reasoning=True)}}}
    written = world.file.read_bytes()
    changed = {(one.subject, one.field, one.before, one.after) for one in update(check=True).news if one.kind == "changed"}
    assert ("gpt-7", "context_length", "200000", "400000") in changed
    assert world.file.read_bytes() == written


def test_pages(world: World) -> None:
    """Accounts with more repositories than fit on a page are read to the end, at our endpoint whatever the links name."""
    world.hf.page, world.hf.links = 2, "https://huggingface.co"
    world.ms.published["Qwen"] = [ms_repository(f"Qwen/Qwen9-{number}B") for number in range(1, 121)]
    update()
    assert len(world.hf.requests) == 3
    assert len(world.ms.requests) == 3
    assert resolve("Qwen/Qwen9-120B", hub="modelscope").exists is True
    assert resolve("Qwen/some-tool").exists is True


def test_real_clients_read_the_same(world: World) -> None:
    """The hubs' own clients list what `update` lists on these servers, page after page."""
    hub = pytest.importorskip("huggingface_hub")
    world.hf.page = 3
    fields = ["cardData", "createdAt", "disabled", "gated", "private", "tags"]
    listed = [*hub.HfApi(endpoint=world.hf.endpoint).list_models(author="Qwen", expand=fields, token=False)]
    assert [one.id for one in listed] == [one["id"] for one in world.hf.published["Qwen"]]
    assert [one.gated for one in listed] == [False, False, "manual", False]
    client = pytest.importorskip("modelscope_hub")
    page = client.HubApi(endpoint=world.ms.endpoint, token="none").list_repos("model", owner="Qwen", page_number=1, page_size=50)  # noqa: S106  no password
    assert [one.id for one in page.items] == ["Qwen/Qwen9-8B-Instruct"]
    assert page.total_count == 1


def test_goes_on_where_it_stopped(world: World) -> None:
    """An update that broke off keeps what came; the next one asks for the rest, and not again for what it has just got."""
    stop = faults.refuse(429, b'{"error": "too many requests"}', kind="application/json")
    world.hf.faults.append(lambda hub, request: "zai-org" in request.path and stop(hub, request))
    made = update(sources=["huggingface"])
    (outcome,) = made.sources
    assert (outcome.state, outcome.count, outcome.left) == ("partial", 4, 1)
    assert "429" in outcome.problems[0]
    assert not made.whole
    assert resolve("Qwen/Qwen9-8B").exists is True
    world.hf.faults.clear()
    world.asked()
    assert update(sources=["huggingface"]).sources[0].left == 0
    assert world.asked() == 1
    assert resolve("zai-org/GLM-9-Air").exists is True


def test_one_source_fails(world: World) -> None:
    """What came from a source before stays where it fails, and the others are fetched."""
    update()
    world.models.faults.append(faults.refuse(503, b"down"))
    world.hf.published["zai-org"].append(hf_repository("zai-org/GLM-9"))
    made = update()
    assert [one.state for one in made.sources] == ["failed", "new", "unchanged"]
    assert made.sources[0].problems[0].startswith(f"{world.models.endpoint.removeprefix('http://')} answered with status 503")
    assert facts("gpt-7").context_length == 200_000
    assert resolve("zai-org/GLM-9").exists is True


def test_offline(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where requests are forbidden, none is made, and what was fetched before is used."""
    update()
    world.asked()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    made = update(sources=["models.dev", "huggingface"])
    assert [one.state for one in made.sources] == ["failed", "failed"]
    assert all("HF_HUB_OFFLINE forbids" in one.problems[0] for one in made.sources)
    assert world.asked() == 0
    assert facts("gpt-7").context_length == 200_000


def test_nothing_came(world: World) -> None:
    """Where every source fails, nothing is written."""
    for one in (world.hf, world.ms, world.models):
        one.faults.append(faults.refuse(503, b"down"))
    assert [one.state for one in update().sources] == ["failed"] * 3
    assert not world.file.exists()


# --- what is refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ([], "gave no list of models"), ({}, "gave no list of models"), ({"openai": {"models": {"x": "y"}}}, "gave no list of models"),
        ({"openai": {"models": {"a\x1b[2J": told("a\x1b[2J")}}}, "gave no list of models"),
        ({"openai": {"models": {"gpt-7": told("gpt-7", limit={"context": 10**30})}}}, "gave no list of models"),
        ({"openai": {"models": {"gpt-7": told("gpt-7", release_date="soon")}}}, "gave no list of models"),
        ({"openai": {"models": {"gpt-7": told("gpt-7")}}}, "tells of 1 models, where it told of 7"),
    ],
    ids=["a list", "nothing", "no models", "controls", "a huge number", "no day", "shrunk"],
)  # fmt: skip
def test_other_answers_of_models_dev(world: World, said: Any, words: str) -> None:
    """An answer that is not its own changes nothing."""
    update(sources=["models.dev"])
    written = world.file.read_bytes()
    world.models.said = said
    (outcome,) = update(sources=["models.dev"]).sources
    assert outcome.state == "failed"
    assert words in outcome.problems[0]
    assert world.file.read_bytes() == written


def test_single_strange_entries_are_left_out(world: World, run: Run) -> None:
    """One entry that cannot be understood is counted, which the command says, and the others are taken."""
    world.models.said = {**SAID, "new": {"models": {"x": told("x", limit={"context": "big"})}}}
    assert f"{TODAY}   7 (1 not understood)\n" in run("update", "--source", "models.dev")[1]
    odd: dict[str, dict[str, Any]] = {
        "yes": {"limit": {"context": True}},
        "text": {"limit": {"context": "1000"}},
        "word": {"reasoning": "yes"},
        "day": {"release_date": "2026-02-30"},
    }
    world.models.said = {**SAID, "new": {"models": {name: told(name, **entry) for name, entry in odd.items()}}}
    (outcome,) = update(sources=["models.dev"]).sources
    assert (outcome.count, outcome.skipped) == (7, 4)
    scant: dict[str, dict[str, Any]] = {"nothing": {"limit": None, "modalities": None}, "half": {"limit": {}, "modalities": {}}}
    world.models.said = {**SAID, "new": {"models": {name: told(name, **entry) for name, entry in scant.items()}}}
    (outcome,) = update(sources=["models.dev"]).sources
    assert (outcome.count, outcome.skipped) == (9, 0)


@pytest.mark.parametrize(
    "fault",
    [faults.refuse(200, b"<html>log in</html>", kind="text/html"), faults.refuse(200, b'{"openai": '), faults.cut("", after=10)],
    ids=["page", "no JSON", "cut"],
)
def test_broken_answers(world: World, fault: Any) -> None:
    """A proxy's page, half a JSON and a connection that ends are one error, and nothing is written."""
    world.models.faults.append(fault)
    assert update(sources=["models.dev"]).sources[0].state == "failed"
    assert not world.file.exists()


@pytest.mark.parametrize("repo_id", ["../../etc/passwd", "Other/Model", "Qwen/a b", "Qwen/\x1b[2J", "Qwen/" + "x" * 300, "Qwen", 7, None])
@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_ids_that_are_none(world: World, hub: str, repo_id: Any) -> None:
    """A listing with another account's repositories, or with what is no id, is not used; nor are the others of its account."""
    server, make = (world.hf, hf_repository) if hub == "huggingface" else (world.ms, ms_repository)
    server.published["Qwen"].append(make(repo_id) | ({"modelId": None, "owner": "x"} if not isinstance(repo_id, str) else {}))
    (outcome,) = update(sources=[hub]).sources
    assert outcome.state in {"partial", "failed"}
    assert "lists among the repositories of Qwen" in outcome.problems[0]
    assert resolve("Qwen/Qwen9-8B-Instruct", hub=hub).exists is None  # type: ignore[arg-type]


def test_private_ones_are_left_out(world: World) -> None:
    """What only the owner of the token sees, and what the hub has disabled, is not written down."""
    world.hf.published["Qwen"] += [hf_repository("Qwen/Qwen9-secret") | {"private": True}, hf_repository("Qwen/Qwen9-off") | {"disabled": True}]
    update(sources=["huggingface"])
    assert "secret" not in world.file.read_text(encoding="utf-8")
    assert resolve("Qwen/Qwen9-off").exists is None


def test_endless(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer of more bytes than there can be is not read to its end."""
    monkeypatch.setattr(wire, "_LISTING", 100_000)
    world.hf.published["Qwen"] *= 500
    world.hf.page = 10**6
    (outcome,) = update(sources=["huggingface"]).sources
    assert outcome.state == "partial"
    assert outcome.problems == ("Hugging Face sends more than 100,000 bytes of metadata",)


def test_no_price_is_kept(world: World) -> None:
    """Prices are not written down."""
    update()
    assert "10" not in set(world.file.read_text(encoding="utf-8").replace(":", ",").split(","))
    assert "cost" not in world.file.read_text(encoding="utf-8")


def test_a_filter_in_between(world: World) -> None:
    """A filter that refuses is named with its status and its word, and nothing about licences or tokens, which are not the matter."""
    world.models.faults.append(faults.refuse(403, b'{"error": "blocked by policy"}', kind="application/json"))
    (outcome,) = update(sources=["models.dev"]).sources
    assert "answered with status 403: blocked by policy" in outcome.problems[0]
    assert "licence" not in outcome.problems[0]


@pytest.mark.parametrize("address", ["http://[::1", "http://[zz]/", "models.dev/api.json", "file:///etc/passwd"])
def test_no_address(world: World, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """What is not an address is said, and nothing is asked; half an IPv6 address is none."""
    monkeypatch.setenv("MODELCATALOG_MODELS_DEV", address)
    (outcome,) = update(sources=["models.dev"], check=True).sources
    assert outcome.problems[0].startswith("the endpoint of models.dev is not an http(s) address; write it in full")
    del world


def test_another_address_may_say_less(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of one's own with a few models is no mistake of models.dev."""
    update(sources=["models.dev"])
    with ModelsDev({"openai": {"models": {"gpt-8": told("gpt-8")}}}) as own:
        monkeypatch.setenv("MODELCATALOG_MODELS_DEV", own.address)
        (outcome,) = update(sources=["models.dev"]).sources
    assert (outcome.state, outcome.count) == ("new", 1)
    assert facts("gpt-8").context_length == 200_000
    assert facts("gpt-7").context_length is None
    del world


# --- the file ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"format": 1, "models": ', "Expecting value"), ('{"format": 2, "world": {}}', "newer version of modelcatalog"), ("", "Expecting value"),
        ('{"format": 1, "models": {"address": "x", "day": "soon"}}', "models.day"), ("[]", "valid dictionary"),
        ('{"hubs": {"huggingface": 7}}', "hubs.huggingface"), ("\x00" * 9, "Expecting value"),
        ('{"format": 1, "hubs": {"x": {"address": "y", "accounts": {"../a": {"at": "2026-11-01T00:00:00Z"}}}}}', "accounts"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_good(world: World, text: str, words: str) -> None:
    """A file that is cut short, not valid or of a newer version is said once and ignored; the next update writes a good one."""
    world.home.mkdir()
    world.file.write_text(text, encoding="utf-8")
    vocabulary.again()
    with pytest.warns(FetchedDataWarning, match=words) as caught:
        known = facts("gpt-5.4"), resolve("Qwen/Qwen3-8B")
    assert (known[0].context_length, known[1].exists, len(caught)) == (1_050_000, True, 1)
    update()
    assert facts("gpt-7").context_length == 200_000


def test_a_folder_that_cannot_be_written(world: World) -> None:
    """It is said before anything is asked for, with the variable that names another; what lies there is read."""
    world.home.parent.joinpath("data").write_text("a file in its place", encoding="utf-8")
    with pytest.raises(CatalogDataError, match="cannot be written") as caught:
        update()
    assert "MODELCATALOG_UPDATES" in (caught.value.hint or "")
    assert world.asked() == 0


def test_a_read_only_folder_is_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where its table cannot be kept, it is made again; a table of other sources, or one that is cut short, is not used."""
    update()
    table = world.home / "updates.table.json"
    whole = table.read_bytes()
    for broken in (whole[:-9], b"", b"{}\n{}", whole.replace(b'"of":"', b'"of":"x')):
        table.write_bytes(broken)
        vocabulary.again()
        assert facts("gpt-7").context_length == 200_000
        assert table.read_bytes() == whole
    table.unlink()
    monkeypatch.setattr("pathlib.Path.write_bytes", lambda *_: (_ for _ in ()).throw(PermissionError("read-only")))
    vocabulary.again()
    assert facts("gpt-7").context_length == 200_000
    assert not table.exists()


@pytest.mark.usefixtures("world")
def test_the_table_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next program reads the table, and neither the file's forms nor a name."""
    update()
    monkeypatch.setattr(userdata, "read", lambda _: pytest.fail("the file was read"))
    vocabulary.again()
    assert facts("gpt-7").context_length == 200_000
    assert resolve("qwen9-8b-instruct").exists is True


def test_a_lock_of_a_killed_program(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was killed while it wrote holds up nobody for long."""
    monkeypatch.setattr(userdata, "_HELD", 0.1)
    world.home.mkdir()
    (world.home / ".updates.lock").touch()
    update(sources=["models.dev"])
    assert facts("gpt-7").context_length == 200_000
    assert not (world.home / ".updates.lock").exists()


def test_killed_while_it_wrote(world: World) -> None:
    """What a killed program left half written is never read, and goes when it is old."""
    update()
    old, new = (world.home / f".updates.json.{number}.1" for number in (1, 2))
    for draft in (old, new):
        draft.write_text('{"format": 1, "mod', encoding="utf-8")
    os.utime(old, (1, 1))
    vocabulary.again()
    assert facts("gpt-7").context_length == 200_000
    update()
    assert (old.exists(), new.exists()) == (False, True)


def test_a_program_that_runs_for_long(world: World) -> None:
    """What another program has fetched meanwhile is seen after `catalog.refresh`."""
    update()
    data = world.file.read_bytes()
    world.file.unlink()
    catalog.refresh()
    assert facts("gpt-7").context_length is None
    world.file.write_bytes(data)
    assert facts("gpt-7").context_length is None
    catalog.refresh()
    assert facts("gpt-7").context_length == 200_000


def test_two_at_once(world: World) -> None:
    """Two updates at once leave one whole file with what either brought."""
    threads = [threading.Thread(target=update, kwargs={"sources": [source]}) for source in ("models.dev", "huggingface", "modelscope", "huggingface")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    data = userdata.read(world.file)
    assert set(data.hubs) == {"huggingface", "modelscope"}
    assert data.models is not None
    assert set(data.hubs["huggingface"].accounts) == {"Qwen", "zai-org"}
    assert sorted(path.name for path in world.home.iterdir()) == ["updates.json", "updates.table.json"]


@pytest.mark.usefixtures("world")
def test_own_data_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With files of the user's own the table is of these too; with files that a program added none is kept."""
    update()
    found = userfolder.find()
    assert found is not None
    without = fetched._made_from(found)
    own = tmp_path / "own.toml"
    own.write_text("name = 'Acme'\n", encoding="utf-8")
    monkeypatch.setenv("MODELCATALOG_DATA", str(own))
    one = fetched._made_from(found)
    own.write_text("name = 'Acme Labs'\n", encoding="utf-8")
    assert len({without, one, fetched._made_from(found)}) == 3
    monkeypatch.delenv("MODELCATALOG_DATA")
    vocabulary.renew((CompanyFile(name="Acme"),))
    assert fetched._made_from(found) is None
    vocabulary.renew()


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder is the one that platformdirs has for a user's data, on this system."""
    platformdirs = pytest.importorskip("platformdirs")
    monkeypatch.delenv("MODELCATALOG_UPDATES")
    for value in ("", "/somewhere/else", "relative"):
        monkeypatch.setenv("XDG_DATA_HOME", value)
        assert str(userfolder.folder()) == platformdirs.user_data_dir("modelcatalog", appauthor=False)


def test_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who never ran an update pays one look at one file, and only where facts or repositories are asked for."""
    monkeypatch.setenv("MODELCATALOG_UPDATES", "/nonexistent/modelcatalog")
    looks: list[str] = []
    stat = os.stat

    def seen(path: Any, **more: Any) -> os.stat_result:
        looks.append(str(path))
        return stat(path, **more)

    monkeypatch.setattr(os, "stat", seen)
    vocabulary.again()
    parse("Qwen3-8B")
    assert not [path for path in looks if "nonexistent" in path]
    for name in ("Qwen3-8B", "gpt-5.4"):
        facts(name)
        catalog.find(name)
    assert [path for path in looks if "nonexistent" in path] == ["/nonexistent/modelcatalog/updates.json"]
    vocabulary.again()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sources": ["litellm"]}, "there is no source 'litellm'"),
        ({"companies": ["Nobody"]}, "no company 'Nobody'"),
        ({"sources": ["models.dev"], "companies": ["Qwen"]}, "companies are asked about at the hubs, and no hub is among the sources"),
    ],
)
@pytest.mark.usefixtures("world")
def test_what_there_is_not(given: Any, words: str) -> None:
    """A source or a company that there is not is refused, and what there is named; so are companies that no source would be asked about."""
    with pytest.raises(Unsupported, match=words):
        update(**given)


def test_accounts_of_a_company() -> None:
    """All accounts of the companies are asked about, and of nobody who publishes the models of others; one company's if so asked."""
    hub = HUBS["huggingface"]
    every = accounts.of_hub(hub)
    assert {"Qwen", "meta-llama", "deepseek-ai"} <= set(every)
    assert "TheBloke" not in every
    assert set(accounts.of_hub(hub, ["Alibaba"])) < set(every)
    assert "Qwen" in accounts.of_hub(hub, ["Alibaba"])


def test_makers_of_few_models_are_asked_about_by_name() -> None:
    """All others together are fewer requests than a hub answers at once to who has no token."""
    hub = HUBS["huggingface"]
    every = accounts.of_hub(hub)
    assert len(every) < 500
    assert "LorenzoDeMattei" not in every
    assert accounts.of_hub(hub, ["Lorenzo De Mattei"]) == ("LorenzoDeMattei",)
