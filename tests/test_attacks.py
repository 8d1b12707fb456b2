"""Tests of a hostile hub against the real clients: every attack is a typed error, and nothing leaves its place."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loopback import faults
from loopback.hubs import COMMIT, HuggingFaceHub, LoopbackHub, ModelScopeHub
from loopback.pair import KINDS, NAME, Pair, after_plan, both, fetch, other, timed
from modelcatalog.errors import (
    CheckpointNotFound,
    HubUnreachable,
    IntegrityError,
    ModelCatalogError,
    NeedsRemoteCode,
    UnsafeRepository,
)
from modelcatalog.planning import plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelcatalog.records import RepositoryHub as Hub

TOKEN = "hf_this-must-not-leave"  # noqa: S105  a token of no account
OUT = "PWNED"


@pytest.fixture(autouse=True)
def nothing_leaves(hubs: Pair, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After each attack: no file of the attacker anywhere, nothing new beside the caches."""
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", TOKEN)
    beside = hubs.home.parent
    before = set(beside.iterdir())
    yield
    assert not list(hubs.home.rglob(f"*{OUT}*"))
    assert set(beside.iterdir()) == before
    assert not Path(f"/{OUT}").exists()
    allowed = {"hf", "ms", "ms-home", "evil"}
    assert {path.name for path in hubs.home.iterdir()} <= allowed


@pytest.fixture
def evil(tiny_folder: Path, hubs: Pair) -> Path:
    """The repository as both hubs serve it, to be changed by the attacker."""
    folder = hubs.home / "evil"
    shutil.copytree(tiny_folder, folder)
    for kind in KINDS:
        hubs[kind].repositories = {NAME: folder}
    return folder


def alone(hubs: Pair, kind: Hub) -> None:
    """The other hub has nothing, so that it cannot help out."""
    hubs[other(kind)].repositories = {}


def added(kind: Hub, path: str, **more: Any) -> Callable[[list[dict[str, Any]]], list[dict[str, Any]]]:
    """A listing with one more entry."""
    if kind == "huggingface":
        extra = {"type": "file", "path": path, "size": 5, "oid": "0" * 40}
    else:
        extra = {"Path": path, "Name": path, "Type": "blob", "Size": 5, "Sha256": "0" * 64}
    return lambda entries: [*entries, extra | more]


# Paths ----------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize(
    "path",
    [
        f"../{OUT}.json",
        f"../../../../../{OUT}.json",
        f"onnx/../../{OUT}.json",
        f"/{OUT}.json",
        f"..\\..\\{OUT}.json",
        f"C:\\{OUT}.json",
        f"~/{OUT}.json",
        f"a\x00{OUT}.json",
        "",
        f"./{OUT}.json",
    ],
)
def test_path_traversal(hubs: Pair, kind: Hub, path: str) -> None:
    """A listing that names a path outside the repository is refused before any client sees it."""
    hubs[kind].tamper = added(kind, path)
    with timed(), pytest.raises(UnsafeRepository, match=r"lists a path (outside itself|that is not a file name)"):
        fetch(kind)


@both
def test_listing_changes_after_the_check(hubs: Pair, kind: Hub) -> None:
    """A listing that is clean for the plan and hostile for the client brings nothing but the planned files."""
    made = plan(NAME, hub=kind, device="cpu")
    hubs[kind].tamper = added(kind, f"../../../../{OUT}.json")
    from modelcatalog.planning import obtain

    folder = Path(obtain(made).path or "")
    assert {p.name for p in folder.iterdir()} == {file.path for file in made.files}


@both
def test_symbolic_link(hubs: Pair, kind: Hub) -> None:
    """An entry that is a link is neither followed nor made."""
    hubs[kind].tamper = added(kind, "link.json", **{"type" if kind == "huggingface" else "Type": "symlink"})
    with timed(), pytest.raises(UnsafeRepository, match="neither file nor folder: 'symlink'"):
        fetch(kind)


@pytest.mark.parametrize("header", ["ETag", "X-Linked-Etag"])
@pytest.mark.parametrize("value", [f"../../../../../{OUT}", f"/var/{OUT}", f"..%2f{OUT}"])
def test_etag_traversal(hubs: Pair, header: str, value: str) -> None:
    """huggingface_hub names files by the ETag: one that is a path ends the download."""
    hubs["huggingface"].headers = {header: f'"{value}"'}
    with timed(), pytest.raises(UnsafeRepository, match="sends an ETag that is not a hash"):
        fetch("huggingface")


@pytest.mark.parametrize("commit", [f"../../../../{OUT}", "f" * 40])
def test_commit_header(hubs: Pair, commit: str) -> None:
    """The client names a folder by the commit that an answer claims: only the one asked for will do."""
    hubs["huggingface"].headers = {"X-Repo-Commit": commit}
    with timed(), pytest.raises(UnsafeRepository, match="answers for another commit"):
        fetch("huggingface")


GUARDED = f"""
import os, sys
from pathlib import Path
from modelcatalog.hubs.guard import Guard
from modelscope.hub.snapshot_download import snapshot_download
def fail(error):
    print(type(error).__name__, error.message)
    sys.stdout.flush()
    os._exit(1)
guard = Guard(endpoint=os.environ["MODELSCOPE_ENDPOINT"], token=None, subject="{NAME}", fail=fail,
              roots=[Path(os.environ["MODELSCOPE_CACHE"]), Path(os.environ["MODELSCOPE_HOME"])])
guard.install()
snapshot_download("{NAME}", cache_dir=os.environ["MODELSCOPE_CACHE"])
"""


def test_guard_stops_a_client(hubs: Pair, evil: Path) -> None:
    """Without the check of the listing, modelscope would write outside its cache; the guard ends it first."""
    hub = hubs["modelscope"]
    outside = f"../../../../../{OUT}.txt"
    size = (evil / "config.json").stat().st_size
    hub.tamper = added("modelscope", outside, Size=size, Sha256=hub.entry("config.json", evil / "config.json")["Sha256"])  # type: ignore[attr-defined]
    inner = hub.files
    hub.files = lambda repo_id: inner(repo_id) | {outside: evil / "config.json"}  # type: ignore[method-assign]
    done = subprocess.run([sys.executable, "-c", GUARDED], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"UnsafeRepository {NAME} made the client write outside its cache" in done.stdout


# Bytes ----------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json"])
def test_wrong_hash(hubs: Pair, kind: Hub, file: str) -> None:
    """Other bytes of the right size, in the weights (SHA-256) and in a small file (git blob id): refused, removed."""
    hubs[kind].faults.append(after_plan(faults.corrupt(file)))
    with pytest.raises(IntegrityError, match=r"other bytes"):
        fetch(kind)
    assert not any(path.name == file for path in hubs.home.rglob("*"))


@both
@pytest.mark.parametrize("change", [-1000, 1000])
def test_wrong_size(hubs: Pair, kind: Hub, evil: Path, change: int) -> None:
    """A file that is shorter or longer than listed is refused, though the hub's own headers agree with it."""
    made = plan(NAME, hub=kind, device="cpu")
    alone(hubs, kind)
    hub = hubs[kind]
    entries = {name: hub.entry(name, path) for name, path in hub.files(NAME).items()}  # type: ignore[attr-defined]
    weights = evil / "model.safetensors"
    data = weights.read_bytes()
    replaced = hubs.home / "evil" / "other.safetensors"
    replaced.write_bytes(data[:change] if change < 0 else data + bytes(change))
    inner = hub.files
    hub.files = lambda repo_id: inner(repo_id) | {"model.safetensors": replaced}  # type: ignore[method-assign]
    hub.entry = lambda name, _: entries.get(name, {})  # type: ignore[attr-defined]
    hub.tamper = lambda found: [entry for entry in found if entry]
    from modelcatalog.planning import obtain

    with timed(), pytest.raises((IntegrityError, HubUnreachable), match=r"bytes|size|broke off|silent"):
        obtain(made)
    assert plan(NAME, hub=kind, device="cpu").source == kind


@both
def test_hash_that_is_none(hubs: Pair, kind: Hub) -> None:
    """A listing whose hash is a joke matches no file."""
    key = "lfs" if kind == "huggingface" else "Sha256"
    value: Any = {"oid": "00", "size": None} if kind == "huggingface" else "00"

    def tampered(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [entry | {key: value} if key in entry else entry for entry in entries]

    hubs[kind].tamper = tampered
    with pytest.raises(IntegrityError):
        fetch(kind)


# Code -----------------------------------------------------------------------------------------


@both
def test_remote_code(hubs: Pair, kind: Hub, evil: Path) -> None:
    """An architecture that only code in the repository knows is refused by name; nothing is downloaded."""
    config = json.loads((evil / "config.json").read_text()) | {"auto_map": {"AutoModelForCausalLM": "evil.Model"}}
    (evil / "config.json").write_text(json.dumps(config | {"architectures": ["EvilForCausalLM"]}))
    (evil / "evil.py").write_text(f"open('{OUT}', 'w')")
    with timed(), pytest.raises(NeedsRemoteCode, match="runs only with Python code from its repository"):
        fetch(kind)
    assert hubs.files() <= {p.name for p in evil.iterdir()}


@both
def test_remote_code_beside_a_known_model(hubs: Pair, kind: Hub, evil: Path) -> None:
    """``auto_map`` on an architecture that transformers knows is ignored: the code is not even fetched."""
    from modelcatalog.chat import load

    config = json.loads((evil / "config.json").read_text()) | {"auto_map": {"AutoModelForCausalLM": "evil.Model"}}
    (evil / "config.json").write_text(json.dumps(config))
    settings = json.loads((evil / "tokenizer_config.json").read_text())
    settings["auto_map"] = {"AutoTokenizer": ["evil.Tokenizer", "evil.Tokenizer"]}
    (evil / "tokenizer_config.json").write_text(json.dumps(settings))
    (evil / "evil.py").write_text(f"open({str(hubs.home / OUT)!r}, 'w')")
    with load(NAME, hub=kind, device="cpu") as model:
        assert not any(file.path.endswith(".py") for file in model.plan.files)


@both
def test_only_pickles(kind: Hub, evil: Path) -> None:
    """A repository whose weights are only pickles is refused."""
    (evil / "model.safetensors").rename(evil / "pytorch_model.bin")
    with timed(), pytest.raises(UnsafeRepository, match="only as pickles"):
        fetch(kind)


class _Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return (open, (OUT, "w"))


@both
def test_pickle_in_disguise(kind: Hub, evil: Path) -> None:
    """A pickle that calls itself safetensors is found out by its first bytes."""
    (evil / "model.safetensors").write_bytes(pickle.dumps(_Evil()) + bytes(2_000_000))
    with timed(), pytest.raises(IntegrityError, match="is not a safetensors file"):
        fetch(kind)


# Size -----------------------------------------------------------------------------------------


@both
def test_a_million_files(hubs: Pair, kind: Hub) -> None:
    """A listing of a million files is cut off after its first megabyte."""
    extra = added(kind, "x.json")([])[0]
    key = "path" if kind == "huggingface" else "Path"
    hubs[kind].tamper = lambda entries: entries + [extra | {key: f"{n}.json"} for n in range(1_000_000)]
    with timed(), pytest.raises((UnsafeRepository, HubUnreachable), match=r"more than|no answer within|timed out"):
        plan(NAME, hub=kind)


def test_endless_pages(hubs: Pair) -> None:
    """A listing whose pages never end is given up after two."""
    hub = hubs["huggingface"]
    answer = hub.send_json

    def paged(request: Any, value: Any, status: int = 200, **headers: str) -> None:
        more = {"Link": f'<{hub.endpoint}{request.path}>; rel="next"'} if isinstance(value, list) else {}
        answer(request, value, status, **headers, **more)

    hub.send_json = paged  # type: ignore[method-assign]
    with timed(), pytest.raises(UnsafeRepository, match="lists more than"):
        plan(NAME, hub="huggingface")
    assert len(hub.requests) <= 6


@both
def test_endless_answer(hubs: Pair, kind: Hub) -> None:
    """An answer that never ends is cut off."""

    def endless(hub: LoopbackHub, request: Any) -> bool:
        request.send_response(200)
        request.end_headers()
        while not hub.closed.is_set():
            request.wfile.write(b" " * 65536)
        return True

    hubs[kind].faults.append(endless)
    with timed(), pytest.raises((UnsafeRepository, HubUnreachable)):
        plan(NAME, hub=kind)


@both
def test_nested_json(hubs: Pair, kind: Hub) -> None:
    """JSON that is nested to break the reader is an answer that cannot be read."""

    def nested(hub: LoopbackHub, request: Any) -> bool:
        hub.send(request, 200, b"[" * 200_000, {"Content-Type": "application/json"})
        return True

    hubs[kind].faults.append(nested)
    with timed(), pytest.raises(HubUnreachable, match="answered with no JSON"):
        plan(NAME, hub=kind)


@both
@pytest.mark.parametrize("value", [[1, 2], ["x"], {"a": 1}, "text", None, 7, [{"path": None}], [{"size": -1, "path": "a"}]])
def test_listing_of_nonsense(hubs: Pair, kind: Hub, value: Any) -> None:
    """JSON of any other shape is a typed error."""

    def nonsense(hub: LoopbackHub, request: Any) -> bool:
        if "/tree/" in request.path:
            hub.send_json(request, value)
        elif "/repo/files" in request.path:
            hub.send_json(request, {"Code": 200, "Success": True, "Data": {"Files": value}})
        else:
            return False
        return True

    hubs[kind].faults.append(nonsense)
    with timed(), pytest.raises(ModelCatalogError):
        plan(NAME, hub=kind)


@both
@pytest.mark.parametrize("length", [99_000_000, 1 << 60])
def test_header_bomb(kind: Hub, evil: Path, length: int) -> None:
    """A header that announces gigabytes is not read."""
    weights = evil / "model.safetensors"
    weights.write_bytes(struct.pack("<Q", length) + weights.read_bytes()[8:])
    with timed(), pytest.raises(IntegrityError, match=r"announces a header|cut off|cannot be read"):
        fetch(kind)


@both
def test_huge_config(kind: Hub, evil: Path) -> None:
    """A config.json of many megabytes is refused."""
    (evil / "config.json").write_text(json.dumps({"a": "x" * 5_000_000}))
    with timed(), pytest.raises(UnsafeRepository, match="more than 1,000,000 bytes of metadata"):
        fetch(kind)


def test_gguf_bomb(evil: Path) -> None:
    """A GGUF file that announces more than there can be is refused."""
    (evil / "model.safetensors").unlink()
    (evil / "m.Q4_0.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 1 << 60, 1 << 60) + bytes(2_000_000))
    with timed(), pytest.raises(IntegrityError, match="GGUF header that cannot be right"):
        fetch("huggingface")


# The token ------------------------------------------------------------------------------------


@pytest.fixture
def thief(tiny_folder: Path) -> Iterator[LoopbackHub]:
    """Another host, which would like to see the token."""
    with LoopbackHub({NAME: tiny_folder}) as server:
        server.handle = lambda request: server.send_json(request, {"error": "none"}, 404)  # type: ignore[method-assign]
        server.endpoint = server.endpoint.replace("127.0.0.1", "localhost")
        yield server


def seen(server: LoopbackHub) -> str:
    """Everything that a server was told."""
    return " ".join(f"{request.path} {request.headers}" for request in server.requests)


@both
@pytest.mark.parametrize("code", [301, 302, 307, 308])
def test_redirected_metadata(hubs: Pair, kind: Hub, thief: LoopbackHub, code: int) -> None:
    """A hub that redirects to another host does not make us send the token there."""
    hubs[kind].faults.append(faults.redirect(f"{thief.endpoint}{{path}}", code=code))
    with timed(), pytest.raises(ModelCatalogError):
        plan(NAME, hub=kind)
    assert TOKEN in seen(hubs[kind])
    assert thief.requests
    assert TOKEN not in seen(thief)


@both
def test_redirected_download(hubs: Pair, kind: Hub, thief: LoopbackHub) -> None:
    """Nor does it make the client send it: weights from a foreign host come without the token, or not at all."""
    alone(hubs, kind)
    hubs[kind].faults.append(after_plan(faults.redirect(f"{thief.endpoint}{{path}}", faults.WEIGHTS)))
    with timed(), pytest.raises(ModelCatalogError):
        fetch(kind)
    assert TOKEN in seen(hubs[kind])
    assert TOKEN not in seen(thief)


@both
def test_redirected_to_storage(hubs: Pair, kind: Hub, tiny_folder: Path) -> None:
    """Large files that lie on a storage host are fetched from there, without the token."""
    other = HuggingFaceHub if kind == "huggingface" else ModelScopeHub
    with other({NAME: tiny_folder}) as storage:
        to = storage.endpoint.replace("127.0.0.1", "localhost")
        hubs[kind].faults.append(after_plan(_redirect_get(to)))
        assert fetch(kind).path
        assert storage.requests
        assert TOKEN not in seen(storage)


def _redirect_get(to: str) -> Any:
    inner = faults.redirect(f"{to}{{path}}", faults.WEIGHTS)

    def fault(hub: LoopbackHub, request: Any) -> bool:
        return request.command == "GET" and inner(hub, request)

    return fault


@both
@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://localhost/x", "//", "http://[::bad"])
def test_redirected_nowhere(hubs: Pair, kind: Hub, to: str) -> None:
    """A redirect to a file, to another protocol or to nothing is not followed."""
    hubs[kind].faults.append(faults.redirect(to))
    with timed(), pytest.raises((UnsafeRepository, HubUnreachable, CheckpointNotFound)):
        plan(NAME, hub=kind)


def test_next_page_elsewhere(hubs: Pair, thief: LoopbackHub) -> None:
    """A next page on another host is not asked for."""
    hub = hubs["huggingface"]
    answer = hub.send_json

    def paged(request: Any, value: Any, status: int = 200, **headers: str) -> None:
        more = {"Link": f'<{thief.endpoint}/next>; rel="next"'} if isinstance(value, list) else {}
        answer(request, value, status, **headers, **more)

    hub.send_json = paged  # type: ignore[method-assign]
    assert plan(NAME, hub="huggingface", device="cpu").commit == COMMIT
    assert thief.requests == []


@pytest.mark.parametrize("suffix", ["@evil.example", ".evil.example", ":80@evil.example"])
def test_next_page_that_looks_like_home(suffix: str) -> None:
    """A next page whose address only begins like the endpoint leads nowhere else."""
    from modelcatalog.hubs.huggingface import _next
    from modelcatalog.hubs.wire import Answer

    base = "http://127.0.0.1"
    answer = Answer(200, {"link": f'<{base}{suffix}/x>; rel="next"'}, b"", base)
    assert _next(answer, base) is None
