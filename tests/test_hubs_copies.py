"""Tests of what lies in the hubs' caches: copies that another program left whole or in part, old layouts, wrong blobs."""

from __future__ import annotations

import json
import os
import shutil
import socket
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loopback import faults
from loopback.pair import NAME, Pair, both, fetch, other
from modelcatalog import catalog
from modelcatalog.chat import load
from modelcatalog.errors import CheckpointNotFound, HubUnreachable, IntegrityError, ModelCatalogError, NameSyntaxError, Unsupported, WontFit
from modelcatalog.hubs import HUBS, Listing, local, receipts
from modelcatalog.planning import lock, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.records import RepositoryHub as Hub

HUGGINGFACE, MODELSCOPE = HUBS.values()
WEIGHTS = faults.WEIGHTS
NEEDED = ["config.json", "tokenizer.json"]
USUAL = ["tokenizer_config.json", "generation_config.json", "chat_template.jinja"]


@pytest.fixture
def repository(hubs: Pair, tiny_folder: Path) -> Path:
    """The repository as both hubs serve it, to be changed."""
    folder = hubs.home / "repository"
    shutil.copytree(tiny_folder, folder)
    for hub in hubs.by_name.values():
        hub.repositories = {NAME: folder}
    return folder


def another_program(hubs: Pair, kind: Hub, names: list[str], *, one_by_one: bool = True) -> Path:
    """Fetch these files with the hub's own client, as another program would; the folder they lie in."""
    endpoint = hubs[kind].endpoint
    if kind == "modelscope":
        client = import_module("modelscope.hub.snapshot_download")
        return Path(client.snapshot_download(NAME, cache_dir=os.environ["MODELSCOPE_CACHE"], allow_patterns=names, endpoint=endpoint))
    import huggingface_hub

    cache = HUGGINGFACE.cache_folder()
    if not one_by_one:
        return Path(huggingface_hub.snapshot_download(NAME, cache_dir=cache, allow_patterns=names, endpoint=endpoint))
    found = [Path(huggingface_hub.hf_hub_download(NAME, name, cache_dir=cache, endpoint=endpoint)) for name in names]
    return found[0].parent


def sent(hubs: Pair, name: str) -> int:
    """How often the hubs sent a file whole."""
    requests = [request for kind in hubs.by_name for request in hubs[kind].requests]
    return sum(name in r.path and r.method == "GET" and r.sent > 0 and not r.headers.get("Range", "").endswith(tuple("0123456789")) for r in requests)


def clear(hubs: Pair) -> None:
    """Forget the requests."""
    for hub in hubs.by_name.values():
        hub.requests.clear()


# In part --------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("lost", [[name] for name in (*NEEDED, *USUAL)] + [[*NEEDED, *USUAL]], ids="+".join)
def test_part_is_completed(hubs: Pair, kind: Hub, repository: Path, lost: list[str]) -> None:
    """What another program left out is fetched from the copy's own hub, and nothing that is there; then the copy is complete."""
    assert set(lost) < {p.name for p in repository.iterdir()}
    folder = another_program(hubs, kind, [p.name for p in repository.iterdir() if p.name not in lost])
    clear(hubs)
    made = plan(NAME, device="cpu")
    assert made.hub == kind
    assert made.memory.disk == sum((repository / name).stat().st_size for name in lost)
    assert lost[0] in made.reasons[0]
    with load(NAME, device="cpu") as model:
        assert model.chat("w5 w6", max_new_tokens=2).usage.completion_tokens > 0
        assert Path(model.plan.path or "") == folder
    assert sent(hubs, WEIGHTS) == 0
    assert {name for name in lost if (folder / name).is_file()} == set(lost)
    clear(hubs)
    assert plan(NAME, device="cpu").source == f"{kind} cache"
    assert not hubs[kind].requests


@pytest.mark.parametrize("lost", ["tokenizer.json", "generation_config.json"])
def test_part_by_the_written_listing(hubs: Pair, repository: Path, lost: str) -> None:
    """huggingface_hub 2 writes the listing down: a part is known as one without asking, and offline it is used if it can be."""
    hub = pytest.importorskip("huggingface_hub")
    if int(hub.__version__.partition(".")[0]) < 2:
        pytest.skip("this huggingface_hub keeps no listing")
    folder = another_program(hubs, "huggingface", [p.name for p in repository.iterdir() if p.name != lost], one_by_one=False)
    if not HUGGINGFACE.written_listing(folder):
        pytest.skip("this huggingface_hub keeps no listing")
    made = plan(NAME, device="cpu")
    assert lost in made.reasons[0]
    assert made.memory.disk == (repository / lost).stat().st_size


@both
@pytest.mark.parametrize("lost", NEEDED)
def test_part_without_a_hub(hubs: Pair, kind: Hub, repository: Path, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """Offline, or with the hubs gone, the error names the file that is missing."""
    another_program(hubs, kind, [p.name for p in repository.iterdir() if p.name != lost])
    for one in hubs.by_name:
        hubs[one].faults.append(faults.status(503))
    with pytest.raises(HubUnreachable, match=f"acme/tiny-instruct in the {kind} cache is not whole: it has no {lost}") as caught:
        plan(NAME)
    assert "failed with status 503" in caught.value.message
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HubUnreachable, match=f"not on this disk as a whole .*it has no {lost}.*HF_HUB_OFFLINE"):
        plan(NAME)


@both
def test_part_that_loads_without_a_hub(hubs: Pair, kind: Hub, repository: Path) -> None:
    """A copy that lacks only what loading can do without is used where its hub cannot be asked, and the plan says so."""
    another_program(hubs, kind, [p.name for p in repository.iterdir() if p.name != "generation_config.json"])
    for one in hubs.by_name:
        hubs[one].faults.append(faults.status(503))
    with load(NAME, device="cpu") as model:
        assert model.plan.source == f"{kind} cache"
        assert any("has no generation_config.json" in text and "could not be asked" in text for text in model.plan.reasons)


def test_part_in_an_old_layout(hubs: Pair, repository: Path) -> None:
    """What an older ModelScope client left in part is completed where it lies."""
    folder = MODELSCOPE.cache_folder() / "hub" / "acme" / "tiny-instruct"
    shutil.copytree(repository, folder)
    (folder / "tokenizer.json").unlink()
    with load(NAME, device="cpu") as model:
        assert Path(model.plan.path or "") == folder
    assert sent(hubs, WEIGHTS) == 0


def test_whole_copy_beside_a_part(hubs: Pair, repository: Path) -> None:
    """A complete copy in the other hub's cache comes before one that may be part of a repository."""
    another_program(hubs, "huggingface", [p.name for p in repository.iterdir() if p.name != "generation_config.json"])
    another_program(hubs, "modelscope", [p.name for p in repository.iterdir()])
    clear(hubs)
    assert plan(NAME, device="cpu").source == "modelscope cache"
    assert not hubs["huggingface"].requests
    assert plan(NAME, hub="huggingface", device="cpu").hub == "huggingface"


def test_parts_of_a_gguf_file(hubs: Pair, gguf_file: Path, tmp_path: Path) -> None:
    """A GGUF file in two parts of which one is here is completed by the other."""
    client = pytest.importorskip("huggingface_hub")
    folder = tmp_path / "parts"
    folder.mkdir()
    names = [f"tiny-Q4_1-0000{n}-of-00002.gguf" for n in (1, 2)]
    for name in names:
        (folder / name).symlink_to(gguf_file)
    hub = hubs["huggingface"]
    hub.repositories = {"acme/tiny-GGUF": folder}
    client.hf_hub_download("acme/tiny-GGUF", names[0], cache_dir=HUGGINGFACE.cache_folder(), endpoint=hub.endpoint)
    clear(hubs)
    made = plan("acme/tiny-GGUF", engine="llama.cpp", device="cpu")
    assert made.weights == tuple(names)
    assert made.memory.disk in {0, gguf_file.stat().st_size}
    assert made.hub == "huggingface"
    assert "has 1 of 2 weight files" in made.reasons[0]


@both
def test_repository_that_has_no_more(hubs: Pair, kind: Hub, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository without a generation_config.json: its hub is asked once, and from then on nobody."""
    (repository / "generation_config.json").unlink()
    another_program(hubs, kind, [p.name for p in repository.iterdir()])
    made = plan(NAME, device="cpu")
    assert made.source == f"{kind} cache"
    assert any("nor has its hub" in text for text in made.reasons)
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("a request was made"))
    assert plan(NAME, device="cpu").source == f"{kind} cache"


@both
def test_whole_copy_of_another_program(hubs: Pair, kind: Hub, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A complete copy is served without a request, whoever fetched it."""
    another_program(hubs, kind, [p.name for p in repository.iterdir()])
    monkeypatch.setattr(socket, "socket", lambda *_, **__: pytest.fail("a request was made"))
    assert plan(NAME, device="cpu").reasons[0] == f"acme/tiny-instruct in the {kind} cache is complete, so nothing is asked of a hub"


@both
def test_copy_without_the_licence(hubs: Pair, kind: Hub, repository: Path) -> None:
    """A copy that lacks what no loader reads is complete: nothing is asked, also where the client wrote the listing down."""
    for name in ("LICENSE.txt", "notes.json"):
        (repository / name).write_text("{}")
    another_program(hubs, kind, [p.name for p in repository.iterdir() if p.name not in {"LICENSE.txt", "notes.json"}], one_by_one=False)
    clear(hubs)
    assert plan(NAME, device="cpu").source == f"{kind} cache"
    assert not hubs[kind].requests


@both
@pytest.mark.parametrize("lost", ["model-00002-of-00003.safetensors", "model.safetensors.index.json"])
def test_shards(hubs: Pair, kind: Hub, repository: Path, lost: str) -> None:
    """Of shards, and of their index, only what is missing is fetched, from the hub that the others came from."""
    transformers = pytest.importorskip("transformers")
    transformers.AutoModelForCausalLM.from_pretrained(repository).save_pretrained(repository, max_shard_size="2MB")
    (repository / WEIGHTS).unlink(missing_ok=True)
    assert (repository / lost).is_file()
    another_program(hubs, kind, [p.name for p in repository.iterdir() if p.name != lost])
    clear(hubs)
    with load(NAME, device="cpu") as model:
        assert model.plan.hub == kind
        assert len(model.plan.weights) == 3
    assert sent(hubs, "model-00001-of-00003") == 0
    # The plan reads an index, since it says which files belong together.
    assert sent(hubs, lost) == (2 if lost.endswith(".json") else 1)
    assert not [request for request in hubs[other(kind)].requests if "tiny" in request.path]


@both
def test_copy_whose_repository_went_on(hubs: Pair, kind: Hub, repository: Path) -> None:
    """A copy that loads is not fetched anew because its repository has other weights by now."""
    another_program(hubs, kind, [p.name for p in repository.iterdir() if p.name != "generation_config.json"])
    data = (repository / WEIGHTS).read_bytes()
    replaced = hubs.home / "other.safetensors"
    replaced.write_bytes(data + bytes(1000))
    inner = hubs[kind].files
    hubs[kind].files = lambda repo_id: inner(repo_id) | {WEIGHTS: replaced}  # type: ignore[method-assign]
    made = plan(NAME, device="cpu")
    assert made.source == f"{kind} cache"
    assert any("its hub has other weights by now" in text for text in made.reasons)


# Wrong bytes ----------------------------------------------------------------------------------


def spoil(path: Path) -> None:
    """Change one byte, behind whatever links lead there."""
    real = path.resolve()
    real.chmod(0o644)
    data = bytearray(real.read_bytes())
    data[-1] ^= 1
    real.write_bytes(data)


def loads_again(repository: Path, kind: Hub = "huggingface") -> None:
    """The wrong file is found out and removed, and what is fetched then is right."""
    with pytest.raises(IntegrityError, match=r"model\.safetensors of acme/tiny-instruct has other bytes") as caught:
        fetch(kind)
    assert caught.value.hint == "it was removed; load again to fetch a new copy"
    again = Path(fetch(kind).path or "", WEIGHTS)
    assert again.read_bytes() == (repository / WEIGHTS).read_bytes()


@pytest.mark.usefixtures("hubs")
@pytest.mark.parametrize("absolute", [False, True])
def test_shared_store(repository: Path, absolute: bool) -> None:  # noqa: FBT001
    """Wrong bytes in the store that repositories share: they are removed, and do not come back."""
    shared = pytest.importorskip("huggingface_hub.utils._shared_blobs")
    folder = Path(fetch("huggingface").path or "")
    cache, blob = HUGGINGFACE.cache_folder(), Path(os.path.realpath((folder / WEIGHTS).parent), (folder / WEIGHTS).readlink())
    blob = Path(os.path.normpath(blob))
    name = "ab" * 32
    assert shared.publish_blob_to_shared_store(blob_path=str(blob), xet_hash=name, cache_dir=cache, expected_size=blob.stat().st_size)
    store = cache / "blobs" / "ab" / name
    assert (folder / WEIGHTS).resolve() == store.resolve()
    if absolute:
        blob.unlink()
        blob.symlink_to(store)
    twin = cache / "models--acme--twin" / "blobs" / blob.name
    twin.parent.mkdir(parents=True)
    twin.symlink_to(store)
    spoil(store)
    with pytest.raises(IntegrityError):
        fetch("huggingface")
    assert not store.exists()
    assert not os.path.lexists(blob)
    assert Path(fetch("huggingface").path or "", WEIGHTS).read_bytes() == (repository / WEIGHTS).read_bytes()


@pytest.mark.usefixtures("hubs")
@pytest.mark.parametrize("links", [True, False])
def test_blob(repository: Path, links: bool) -> None:  # noqa: FBT001
    """A wrong blob, and, where there are no links, a wrong copy of it: neither comes back."""
    folder = Path(fetch("huggingface").path or "")
    spoil(folder / WEIGHTS)
    if not links:
        blob = (folder / WEIGHTS).resolve()
        (folder / WEIGHTS).unlink()
        shutil.copy(blob, folder / WEIGHTS)
    loads_again(repository)


@pytest.mark.usefixtures("hubs")
def test_cache_on_another_disk(repository: Path, tmp_path: Path) -> None:
    """A repository's folder that is itself a link, to a larger disk, is part of the cache."""
    fetch("huggingface")
    folder = HUGGINGFACE.repository_root(NAME)
    shutil.move(folder, tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    spoil(next((folder / "snapshots").iterdir()) / WEIGHTS)
    loads_again(repository)


@pytest.mark.usefixtures("hubs")
def test_link_out_of_the_cache(repository: Path, tmp_path: Path) -> None:
    """A link that someone laid to a file of their own is removed; the file is not."""
    folder = Path(fetch("huggingface").path or "")
    own = tmp_path / "own.safetensors"
    shutil.copy(folder / WEIGHTS, own)
    spoil(own)
    (folder / WEIGHTS).unlink()
    (folder / WEIGHTS).symlink_to(own)
    loads_again(repository)
    assert own.is_file()


@both
@pytest.mark.usefixtures("repository", "hubs")
def test_what_cannot_be_removed(kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it cannot be removed, the hint does not say that it was."""
    folder = Path(fetch(kind).path or "")
    spoil(folder / WEIGHTS)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(IntegrityError) as caught:
        receipts.check(folder, plan(NAME, hub=kind, device="cpu").files, subject=NAME)
    assert "could not be removed: remove it, then load again" in str(caught.value.hint)


# Layouts --------------------------------------------------------------------------------------

LAYOUTS = [
    "models/acme--tiny-v1.5-instruct/snapshots/master",
    "models/acme/tiny-v1___5-instruct",
    "models/acme/tiny-v1.5-instruct",
    "hub/models/acme/tiny-v1___5-instruct",
    "acme/tiny-v1.5-instruct",
    "acme/tiny-v1___5-instruct",
    "hub/acme/tiny-v1.5-instruct",
    "hub/acme/tiny-v1___5-instruct",
]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("name", ["acme/tiny-v1.5-instruct", "acme/tiny-v1___5-instruct"])
def test_layouts_of_modelscope(hubs: Pair, tiny_folder: Path, layout: str, name: str) -> None:
    """What each client of the past left is found by either spelling, and nothing is asked."""
    cache = MODELSCOPE.cache_folder()
    shutil.copytree(tiny_folder, cache / layout)
    assert plan(name, device="cpu").path == str(cache / layout)
    assert ("modelscope", "acme/tiny-v1.5-instruct") in list(local.caches("modelscope"))
    assert not hubs["modelscope"].requests


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("second", ["", "hub/models/acme/tiny-v1___5-instruct", "models/acme--tiny-v1.5-instruct/snapshots/master"])
def test_the_client_goes_on_in_the_same_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str, second: str) -> None:
    """Where a download will lie is foretold as modelscope decides it, also with two layouts in one cache."""
    utils = pytest.importorskip("modelscope.hub.utils.utils")
    download = pytest.importorskip("modelscope_hub._download")
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path))
    for one in filter(None, (layout, second)):
        (tmp_path / one).mkdir(parents=True, exist_ok=True)
        (tmp_path / one / "config.json").write_text("{}")
    repo_id = "acme/tiny-v1.5-instruct"
    listing = Listing(hub="modelscope", endpoint="http://x", repo_id=repo_id, revision="master")
    inner: Any = download.DownloadManager._find_legacy_repo_dir
    config = type("Config", (), {"cache_dir": tmp_path})
    found = utils.find_reusable_legacy_repo_dir(repo_id, "model", str(tmp_path)) or inner(type("Self", (), {"_config": config}), repo_id, "model", tmp_path)
    want = Path(found) if found else tmp_path / "models" / "acme--tiny-v1.5-instruct" / "snapshots" / "master"
    assert MODELSCOPE.snapshot_folder(listing) == want


def test_home_of_huggingface(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` and variables in the cache's variables mean what they mean to huggingface_hub; so do the old names that it reads."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("SOMEWHERE", str(tmp_path / "x"))
    for variable, given, want in [
        ("HF_HUB_CACHE", "~/c", tmp_path / "c"),
        ("HF_HUB_CACHE", "$SOMEWHERE/c", tmp_path / "x" / "c"),
        ("HUGGINGFACE_HUB_CACHE", "~/d", tmp_path / "d"),
        ("HF_HOME", "$SOMEWHERE", tmp_path / "x" / "hub"),
    ]:
        monkeypatch.setenv(variable, given)
        assert HUGGINGFACE.cache_folder() == want
        monkeypatch.delenv(variable)


def test_folder_of_local_dir(hubs: Pair, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download into a folder of its own, with the client's notes inside, is a path and a folder to search like any other."""
    client = pytest.importorskip("huggingface_hub")
    folder = tmp_path / "mine" / "tiny-instruct"
    client.snapshot_download(NAME, local_dir=folder, endpoint=hubs["huggingface"].endpoint)
    assert (folder / ".cache" / "huggingface").is_dir()
    clear(hubs)
    made = plan(folder, device="cpu")
    assert {file.path for file in made.files} <= {p.name for p in repository.iterdir()}
    monkeypatch.setenv("MODELCATALOG_PATH", str(folder.parent))
    assert plan(NAME, device="cpu").source == "MODELCATALOG_PATH"
    assert not hubs["huggingface"].requests


# Neither a hub nor a revision ------------------------------------------------------------------


@pytest.mark.parametrize("hub", ["github", "ollama", "HuggingFace", "", 7])
def test_unknown_hub(hub: Any, tmp_path: Path) -> None:
    """Wherever a hub is taken, one that is none is refused with those that there are; `resolve` has but one error for what it is given."""
    calls: list[tuple[Callable[[], object], type[ModelCatalogError]]] = [
        (lambda: plan(NAME, hub=hub), Unsupported), (lambda: load(NAME, hub=hub), Unsupported),
        (lambda: lock(NAME, tmp_path / "x", hub=hub), Unsupported), (lambda: catalog.resolve(NAME, hub=hub), NameSyntaxError),
    ]  # fmt: skip
    for call, error in calls:
        with pytest.raises(error) as caught:
            call()
        assert repr(hub) in caught.value.message
        assert caught.value.hint == 'pass hub="huggingface" or hub="modelscope"'


@both
@pytest.mark.parametrize("revision", ["../../etc", "/etc/passwd", "a\0b", "a b", "x" * 5000, "a:b", "v9"])
def test_unknown_revision(hubs: Pair, kind: Hub, revision: Any) -> None:
    """What cannot be a revision is refused before it becomes a path or an address; what could be one, by the hub."""
    with pytest.raises(CheckpointNotFound) as caught:
        plan(NAME, hub=kind, revision=revision)
    assert caught.value.hint
    assert bool(hubs[kind].requests) == (revision == "v9")


@both
def test_the_usual_branch_of_another_hub(hubs: Pair, kind: Hub) -> None:
    """What one hub calls its usual branch the other does not have, and its error says what it is called there."""
    here, there = ("main", "master") if kind == "huggingface" else ("master", "main")
    with pytest.raises(CheckpointNotFound, match=f"has no revision '{there}'") as caught:
        plan(f"{NAME}@{there}", hub=kind)
    assert f"its usual branch is called {here}: leave the revision out" in (caught.value.hint or "")
    assert plan(f"{NAME}@{here}", hub=kind, device="cpu").revision == here
    assert hubs[kind].requests


def test_a_cache_that_cannot_be_written(hubs: Pair) -> None:
    """Where a file lies in the way of the cache, no space would help."""
    (hubs.home / "hf").write_text("x")
    with pytest.raises(WontFit, match="cannot be written") as caught:
        fetch("huggingface")
    assert caught.value.hint == "set HF_HOME to a folder that can be written"


def test_written_listing_of_nonsense(tmp_path: Path) -> None:
    """A listing beside a snapshot that cannot be read is none."""
    folder = tmp_path / "models--a--b" / "snapshots" / "c"
    file = tmp_path / "models--a--b" / "trees" / "c.json"
    file.parent.mkdir(parents=True)
    for text in ("", "[]", '{"files": []}', '{"files": {"a": 1}}', json.dumps({"files": {"a": {"size": -1}}})):
        file.write_text(text)
        assert HUGGINGFACE.written_listing(folder) == ()
