"""Tests of what every hub must do, run on both hubs and on a third one that is one object and one line in `HUBS`."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from thirdhub import NAME as THIRD
from thirdhub import Third, ThirdServer

import modelcatalog
from loopback import faults
from loopback.hubs import HuggingFaceHub, LoopbackHub, ModelScopeHub
from modelcatalog import hubs, planning
from modelcatalog.errors import CheckpointNotFound, GatedCheckpoint, HubUnreachable, IntegrityError, UnsafeRepository, Unsupported
from modelcatalog.hubs import HUBS, local
from modelcatalog.planning import remote

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "acme/tiny-instruct"
SERVERS = {"huggingface": HuggingFaceHub, "modelscope": ModelScopeHub, THIRD: ThirdServer}
EVERY = pytest.mark.parametrize("hub", SERVERS)
SOURCES = Path(modelcatalog.__file__).parent


@pytest.fixture
def three(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, LoopbackHub]]:
    """Three hubs that serve the tiny model, each with an empty cache."""
    monkeypatch.setitem(HUBS, THIRD, Third())
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
    monkeypatch.setenv("MODELSCOPE_HOME", str(tmp_path / "ms-home"))
    monkeypatch.setenv("THIRD_CACHE", str(tmp_path / "third"))
    (tmp_path / "third").mkdir()
    servers = {name: server({NAME: tiny_folder}) for name, server in SERVERS.items()}
    for name, server in servers.items():
        server.__enter__()
        monkeypatch.setenv(HUBS[name].endpoint_variable, server.endpoint)
    yield servers
    for server in servers.values():
        server.__exit__(None, None, None)


def only(three: dict[str, LoopbackHub], hub: str) -> LoopbackHub:
    """Let one hub alone have the model."""
    for name, server in three.items():
        if name != hub:
            server.repositories = {}
    return three[hub]


@EVERY
def test_plan_says_the_hub(three: dict[str, LoopbackHub], hub: Any) -> None:
    """A plan names the hub that was asked for, what it fetches from there, and asks no other."""
    made = planning.plan(NAME, hub=hub, device="cpu")
    assert (made.hub, made.source, made.repo_id, made.endpoint) == (hub, hub, NAME, three[hub].endpoint)
    assert made.memory.disk == made.bytes > 0
    assert made.reasons[0] == f"{hub} because the caller asked for it"
    assert [name for name, server in three.items() if server.requests] == [hub]
    assert planning.Plan.model_validate_json(made.model_dump_json()) == made


def test_renamed(three: dict[str, LoopbackHub]) -> None:
    """A repository that the hub sends on from an old name is planned, and its name by now is said; other letters are the same name."""
    server = only(three, "huggingface")
    server.renamed[NAME] = NAME.upper()
    assert not [why for why in planning.plan(NAME, hub="huggingface", device="cpu").reasons if "by now" in why]
    server.renamed[NAME] = "acme-labs/tiny-instruct-hf"
    assert f"Hugging Face calls {NAME} acme-labs/tiny-instruct-hf by now" in planning.plan(NAME, hub="huggingface", device="cpu").reasons
    server.renamed[NAME] = "\x1b[31m/../x"
    assert not [why for why in planning.plan(NAME, hub="huggingface", device="cpu").reasons if "by now" in why]


@EVERY
def test_download_and_the_copy_afterwards(three: dict[str, LoopbackHub], hub: Any, tiny_folder: Path) -> None:
    """The files come through a process of their own; a plan without a hub then finds the copy, and asks nobody."""
    here = planning.obtain(planning.plan(NAME, hub=hub, device="cpu"))
    assert here.path is not None
    assert (Path(here.path) / faults.WEIGHTS).read_bytes() == (tiny_folder / faults.WEIGHTS).read_bytes()
    assert list(local.caches()) == [(hub, NAME)]
    for server in three.values():
        server.requests.clear()
    again = planning.plan(NAME, device="cpu")
    assert (again.source, again.path, again.hub) == (f"{hub} cache", here.path, hub)
    assert not any(server.requests for server in three.values())


@EVERY
def test_first_of_all(three: dict[str, LoopbackHub], hub: str) -> None:
    """Where nobody names a hub all are asked, and the one that has the repository serves, whatever the others say."""
    only(three, hub)
    made = planning.plan(NAME, device="cpu")
    assert made.hub == hub
    assert made.reasons[0].startswith(f"{hub} was the first hub to list the files")


@EVERY
def test_first_that_can_be_fetched_from(three: dict[str, LoopbackHub], hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever answers first, a hub without its client serves only where the one with its client has not the repository."""
    client = HUBS[hub].package
    monkeypatch.setattr(remote, "absent", lambda packages: tuple(one for one in packages if one != client))
    made = planning.plan(NAME, device="cpu")
    assert made.hub == hub
    assert made.reasons[0].startswith((f"{hub} was the first hub to list the files", f"{hub} lists the files, and its client is installed; that of "))
    other = next(one for one in three if one != hub)
    only(three, other)
    made = planning.plan(NAME, device="cpu")
    assert (made.hub, made.reasons[0].startswith(f"{other} was the first hub to list the files")) == (other, True)
    monkeypatch.setattr(remote, "absent", tuple)
    assert planning.plan(NAME, device="cpu").hub == other


@pytest.mark.usefixtures("three")
@EVERY
def test_environment_names_it(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """``MODELCATALOG_HUB`` chooses any hub."""
    monkeypatch.setenv("MODELCATALOG_HUB", hub)
    assert planning.plan(NAME, device="cpu").reasons[0] == f"{hub} because MODELCATALOG_HUB says so"


@pytest.mark.usefixtures("three")
@EVERY
def test_lock(hub: Any, tmp_path: Path) -> None:
    """A lock of any hub is written, read again and fetched from."""
    planning.lock(NAME, tmp_path / "lock.json", hub=hub)
    made = planning.plan(NAME, lock=tmp_path / "lock.json", device="cpu")
    assert (made.hub, made.reasons[1]) == (hub, f"they come from {hub}")
    assert planning.obtain(made).path


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("key", ["commit", "revision", "repo_id"])
@EVERY
def test_lock_that_leaves_the_cache(hub: Any, key: str, tmp_path: Path) -> None:
    """What a lock file says of its repository becomes folders of a cache: a way out of it is refused."""
    file = tmp_path / "lock.json"
    planning.lock(NAME, file, hub=hub)
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: "../../../../evil"}))
    with pytest.raises(UnsafeRepository, match="lists a path outside itself"):
        planning.plan(NAME, lock=file, device="cpu")


@EVERY
def test_no_such_repository(three: dict[str, LoopbackHub], hub: Any) -> None:
    """A hub that lacks the repository is named by its title, and the others are named as what to try."""
    three[hub].repositories = {}
    with pytest.raises(CheckpointNotFound) as caught:
        planning.plan(NAME, hub=hub)
    assert caught.value.message.startswith(f"{HUBS[hub].title} has no repository {NAME}")
    assert all(f'hub="{other.name}"' in (caught.value.hint or "") for other in hubs.others(hub))


@EVERY
def test_silent(three: dict[str, LoopbackHub], hub: Any) -> None:
    """A hub that gives no answer is named with the variable that names another address of it."""
    three[hub].faults.append(faults.silent())
    with pytest.raises(HubUnreachable) as caught:
        planning.plan(NAME, hub=hub)
    assert HUBS[hub].title in caught.value.message
    assert HUBS[hub].endpoint_variable in (caught.value.hint or "")


@EVERY
def test_another_takes_over(three: dict[str, LoopbackHub], hub: Any) -> None:
    """A hub that fails in the middle of the download is stood in for by another that lists the same files."""
    made = planning.plan(NAME, hub=hub, device="cpu")

    def broken(server: LoopbackHub, request: Any) -> bool:
        server.send_json(request, {"error": "broken"}, 500)
        return True

    three[hub].faults.append(broken)
    here = planning.obtain(made)
    assert here.hub != hub
    assert "lists the same files, so they came from there" in here.reasons[-1]


@pytest.mark.usefixtures("three")
@EVERY
def test_token_is_not_shown(hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The token of any hub is hidden in every message."""
    from modelcatalog.hubs.secrets import clean

    variable = HUBS[hub].house().variable
    monkeypatch.setenv(variable, "very-secret-token")
    assert "very-secret-token" not in clean("refused very-secret-token")


@EVERY
def test_refusal(three: dict[str, LoopbackHub], hub: Any) -> None:
    """A gate is an error that names the page of the repository and the variable of the token."""
    three[hub].faults.append(faults.refuse(403, json.dumps({"message": "not for you"}).encode(), kind="application/json"))
    with pytest.raises(GatedCheckpoint) as caught:
        planning.plan(NAME, hub=hub)
    house = HUBS[hub].house()
    assert house.title in caught.value.message
    assert house.page.format(NAME) in (caught.value.hint or "")
    assert house.variable in (caught.value.hint or "")


@pytest.mark.usefixtures("three")
def test_offline_forbids_the_third_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own variable forbids requests to it, and is named."""
    monkeypatch.setenv("THIRD_OFFLINE", "1")
    with pytest.raises(HubUnreachable, match="THIRD_OFFLINE forbids asking for it"):
        planning.plan(NAME, hub=THIRD)  # type: ignore[arg-type]
    assert planning.plan(NAME, hub="modelscope", device="cpu").hub == "modelscope"


def test_other_bytes(three: dict[str, LoopbackHub]) -> None:
    """What the third hub sends is held against its own listing."""
    three[THIRD].faults.append(faults.corrupt())
    with pytest.raises(IntegrityError, match="the hash is wrong"):
        planning.obtain(planning.plan(NAME, hub=THIRD, device="cpu"))  # type: ignore[arg-type]


@pytest.mark.usefixtures("three")
def test_unknown_hub_names_all() -> None:
    """A hub that is not there is refused with the names of all that are."""
    with pytest.raises(Unsupported) as caught:
        planning.plan(NAME, hub="fourth")  # type: ignore[arg-type]
    assert caught.value.hint == 'pass hub="huggingface" or hub="modelscope" or hub="third"'


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_its_name_stands_in_its_module(hub: str) -> None:
    """A hub's name is written in its own module and in four others at most: records and the catalog have ids of both, the grammar has their folders."""
    found = set()
    for file in SOURCES.rglob("*.py"):
        text = file.read_text(encoding="utf-8")
        if hub not in text:
            continue
        tree = ast.parse(text)
        prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        if any(isinstance(node, ast.Constant) and node.value == hub and id(node) not in prose for node in ast.walk(tree)):
            found.add(file.relative_to(SOURCES).as_posix())
    assert f"hubs/{hub}.py" in found
    assert found <= {f"hubs/{hub}.py", "records.py", "known.py", "catalog/listing.py", "names/grammar.py"}


def test_hubs_know_no_catalog() -> None:
    """A hub can be used without the catalog of names."""
    code = "import sys, modelcatalog.hubs; print([m for m in sys.modules if m.startswith(('modelcatalog.catalog', 'modelcatalog.names'))])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


class TestGate:
    """A hub that lists a repository and keeps its files behind a gate."""

    @staticmethod
    def gate(server: LoopbackHub, request: Any) -> bool:
        """Refuse every file, as Hugging Face does without an accepted licence."""
        if "/resolve/" in request.path:
            server.send_json(request, {"error": "Access to model acme/tiny-instruct is restricted"}, 403, X_Error_Code="GatedRepo")
            return True
        return False

    def test_another_hub_serves(self, three: dict[str, LoopbackHub]) -> None:
        """Where nobody named a hub, another one that has the files serves, and the plan says why."""
        three["huggingface"].faults.append(self.gate)

        def late(_server: LoopbackHub, _request: Any) -> bool:
            time.sleep(0.5)
            return False

        for name in ("modelscope", THIRD):
            three[name].faults.append(late)
        made = planning.plan(NAME, device="cpu")
        assert made.hub == "modelscope"
        assert made.reasons[0].startswith(f"modelscope because {NAME} is gated on Hugging Face")
        assert planning.obtain(made).path

    def test_none_has_it(self, three: dict[str, LoopbackHub]) -> None:
        """Where no other hub has it, the gate is what is said, and what the others said stands behind it."""
        only(three, "huggingface").faults.append(self.gate)
        with pytest.raises(GatedCheckpoint) as caught:
            planning.plan(NAME, device="cpu")
        assert f"modelscope: ModelScope has no repository {NAME}" in str(caught.value)
        assert "accept its licence at" in (caught.value.hint or "")

    def test_named_hub(self, three: dict[str, LoopbackHub]) -> None:
        """A hub that was named is not left for another."""
        three["huggingface"].faults.append(self.gate)
        with pytest.raises(GatedCheckpoint):
            planning.plan(NAME, hub="huggingface", device="cpu")


def test_mirror_that_sends_on(three: dict[str, LoopbackHub], monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror that answers with the way to the hub itself: the plan follows, and where the client does not, the hint is the mirror."""

    class Mirror(LoopbackHub):
        def handle(self, request: Any) -> None:
            self.send(request, 308, headers={"Location": three["huggingface"].endpoint + request.path})

    with Mirror({}) as mirror:
        monkeypatch.setenv("HF_ENDPOINT", mirror.endpoint)
        for name in ("modelscope", THIRD):
            three[name].repositories = {}
        made = planning.plan(NAME, hub="huggingface", device="cpu")
        hint: str | None = "check HF_ENDPOINT"
        try:
            planning.obtain(made)
        except HubUnreachable as error:
            hint = error.hint
    assert "check HF_ENDPOINT" in (hint or "")
