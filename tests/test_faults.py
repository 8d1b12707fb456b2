"""Tests of a bad network: both hubs' real clients against hubs that fail, each answered in ten seconds."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loopback import faults
from loopback.pair import KINDS, NAME, Pair, after_plan, both, fetch, other, timed
from modelcatalog.chat import load
from modelcatalog.engines.prompts import templates
from modelcatalog.errors import (
    CheckpointNotFound,
    GatedCheckpoint,
    HubUnreachable,
    IntegrityError,
    ModelCatalogError,
    Unsupported,
    WontFit,
)
from modelcatalog.hubs import guard, opening, receipts
from modelcatalog.hubs.download import fetching
from modelcatalog.planning import obtain, plan

if TYPE_CHECKING:
    from loopback.hubs import Fault
    from modelcatalog.records import RepositoryHub as Hub


def refused_port() -> str:
    """An address where nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


@both
@pytest.mark.parametrize(
    "case",
    [
        ({"hidden_size": "128"}, ModelCatalogError, "config.json of .* cannot be right|cannot load"),  # the second is 5.3's
        ({"hidden_act": "frobnicate"}, Unsupported, "cannot load .*: it knows nothing of the name 'frobnicate'"),
        ({"head_dim": 0}, Unsupported, "transformers cannot load acme/tiny-instruct"),
        ({"max_new_tokens": "many"}, IntegrityError, "generation_config.json of .* cannot be right"),
    ],
)
def test_settings_before_the_weights(
    hubs: Pair, kind: Hub, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory, case: tuple[dict[str, Any], type[ModelCatalogError], str]
) -> None:
    """What transformers refuses of the settings is said before the weights are fetched."""
    stated, error, said = case
    folder = shutil.copytree(tiny_folder, tmp_path_factory.mktemp("changed") / "tiny")
    file = folder / ("generation_config.json" if "max_new_tokens" in stated else "config.json")
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | stated), encoding="utf-8")
    hubs[kind].repositories = {NAME: folder}
    with pytest.raises(error, match=said) as caught:
        load(NAME, hub=kind, device="cpu")
    assert caught.value.hint
    assert hubs.files() == set()


def test_settings_that_are_put_right(hubs: Pair, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What loading leaves out is no reason to refuse: a token for padding that has no embedding, a kind of attention that is not here."""
    folder = shutil.copytree(tiny_folder, tmp_path_factory.mktemp("changed") / "tiny")
    stated = {"pad_token_id": 99_999, "return_dict": False, "_attn_implementation": "flash_attention_2"}
    (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text(encoding="utf-8")) | stated), encoding="utf-8")
    hubs["huggingface"].repositories = {NAME: folder}
    load(NAME, hub="huggingface", device="cpu").close()


# While planning -------------------------------------------------------------------------------

PLANNING: list[tuple[str, Fault, type[ModelCatalogError], str]] = [
    ("silent", faults.silent(), HubUnreachable, r"gave no answer: (no answer within 3 s|timed out)"),
    ("error 500", faults.status(500), HubUnreachable, r"failed with status 500"),
    ("error 503", faults.status(503), HubUnreachable, r"failed with status 503"),
    ("proxy page", faults.page(), HubUnreachable, r"answered with a web page; a proxy or a login page may stand"),
    ("proxy page 404", faults.page(code=404), HubUnreachable, r"answered with a web page"),
    ("proxy 407", faults.status(407), HubUnreachable, r"answered with status 407"),
    ("gated", faults.status(403, X_Error_Code="GatedRepo"), GatedCheckpoint, r"is gated on|only to accounts with access"),
    ("rate limit", faults.status(429), HubUnreachable, r"answered with status 429"),
    ("redirect loop", faults.redirect("{path}"), HubUnreachable, r"answered with status 302"),
]


@both
@pytest.mark.parametrize(("fault", "error", "said"), [p[1:] for p in PLANNING], ids=[p[0] for p in PLANNING])
def test_asked_hub_fails(hubs: Pair, kind: Hub, fault: Fault, error: type[ModelCatalogError], said: str) -> None:
    """With hub= given the typed error comes in time, carries the input, and names the next step."""
    hubs[kind].faults.append(fault)
    with timed(), pytest.raises(error, match=said) as caught:
        plan(NAME, hub=kind)
    assert caught.value.subject
    if error is HubUnreachable:
        assert f'pass hub="{other(kind)}"' in (caught.value.hint or "")


@both
@pytest.mark.parametrize("fault", [p[1] for p in PLANNING], ids=[p[0] for p in PLANNING])
def test_other_hub_serves(hubs: Pair, kind: Hub, fault: Fault) -> None:
    """Without hub= the other hub serves and is named; the plan does not wait for the broken one."""
    hubs[kind].faults.append(fault)
    with timed():
        made = plan(NAME, device="cpu")
    assert made.hub == other(kind)
    assert made.reasons[0].startswith(f"{made.hub} was the first hub to list the files")


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (socket.gaierror(-2, "Name or service not known"), "the host name is not found"),
        (ConnectionRefusedError(111, "Connection refused"), "the connection was refused"),
        (ConnectionResetError(104, "Connection reset by peer"), "the connection was broken off"),
        (TimeoutError(110, "Connection timed out"), "the connection timed out"),
        (TimeoutError("no answer within 3 s"), "no answer within 3 s"),
        (OSError(101, "Network is unreachable"), "[Errno 101] Network is unreachable"),
    ],
    ids=["name", "refused", "reset", "late", "own", "other"],
)
def test_why_no_answer_came(failure: OSError, said: str) -> None:
    """What stops a request is said in words for a person, which have their Chinese; what no rule knows, in the system's own."""
    assert opening.why(failure) == said


@pytest.mark.usefixtures("hubs")
@both
def test_refused(kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub where nothing listens: the error with hub=, the other hub without."""
    monkeypatch.setenv("HF_ENDPOINT" if kind == "huggingface" else "MODELSCOPE_ENDPOINT", refused_port())
    with timed(), pytest.raises(HubUnreachable, match="gave no answer: the connection was refused"):
        plan(NAME, hub=kind)
    with timed():
        assert plan(NAME, device="cpu").hub != kind


@pytest.mark.usefixtures("hubs")
@both
def test_missing(kind: Hub) -> None:
    """A repository that is on neither hub, and a revision that does not exist."""
    with timed(), pytest.raises(CheckpointNotFound, match="has no repository acme/other-instruct"):
        plan("acme/other-instruct", hub=kind)
    with timed(), pytest.raises(CheckpointNotFound, match="no revision 'v9'"):
        plan(NAME, hub=kind, revision="v9")
    with timed(), pytest.raises(CheckpointNotFound, match=r"Hugging Face has no .*; ModelScope has no |.*; Hugging"):
        plan("acme/other-instruct")


def test_neither_hub(hubs: Pair) -> None:
    """Both hubs silent: one error within the limit, naming both."""
    for kind in KINDS:
        hubs[kind].faults.append(faults.silent())
    with timed(), pytest.raises(HubUnreachable, match=r"Hugging Face at .*ModelScope at |ModelScope at .*Hugging Face"):
        plan(NAME)


def test_preferred(hubs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """MODELCATALOG_HUB decides, and the other hub is not asked at all; a word in it that names no hub is wrong, and no hub's failure."""
    monkeypatch.setenv("MODELCATALOG_HUB", "hf")
    with pytest.raises(Unsupported, match=r"^MODELCATALOG_HUB=hf names no hub\n  set it to huggingface or modelscope$"):
        plan(NAME, device="cpu")
    monkeypatch.setenv("MODELCATALOG_HUB", "modelscope")
    assert plan(NAME, device="cpu").reasons[0] == "modelscope because MODELCATALOG_HUB says so"
    assert hubs["huggingface"].requests == []


@both
def test_token_is_sent(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both hubs get their own token, in metadata and in the download, and not the other's."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("MODELSCOPE_API_TOKEN", "ms-secret")
    fetch(kind)
    seen = [str(request.headers) for request in hubs[kind].requests]
    own, foreign = ("hf_secret", "ms-secret") if kind == "huggingface" else ("ms-secret", "hf_secret")
    assert sum(own in headers for headers in seen) > 6
    assert not any(foreign in headers for headers in seen)


# While downloading ----------------------------------------------------------------------------

FETCHING: list[tuple[str, Fault, type[ModelCatalogError], str]] = [
    ("silent", faults.silent(faults.WEIGHTS), HubUnreachable, r"went silent while sending acme/tiny-instruct: no byte"),
    ("stall", faults.stall(), HubUnreachable, r"went silent while sending"),
    ("cut always", faults.cut(times=99), HubUnreachable, r"broke off|went silent"),
    ("error 500", faults.status(500, faults.WEIGHTS), HubUnreachable, r"failed with status 500|broke off|went silent"),
    ("gated", faults.status(403, faults.WEIGHTS, X_Error_Code="GatedRepo"), ModelCatalogError, r"gated|broke off"),
    ("gone", faults.status(404, faults.WEIGHTS, X_Error_Code="EntryNotFound"), ModelCatalogError, r"no longer|broke off"),
    ("proxy page", faults.page(faults.WEIGHTS), ModelCatalogError, r"size|bytes|broke off|no hash"),
]


@both
@pytest.mark.parametrize(("fault", "error", "said"), [p[1:] for p in FETCHING], ids=[p[0] for p in FETCHING])
def test_download_fails(hubs: Pair, kind: Hub, fault: Fault, error: type[ModelCatalogError], said: str) -> None:
    """The typed error in time; what is left does not look complete, and the next load is whole."""
    made = plan(NAME, hub=kind, device="cpu")
    hubs[other(kind)].repositories = {}
    hubs[kind].faults.append(after_plan(fault))
    with timed(), pytest.raises(error, match=said) as caught:
        obtain(made)
    assert caught.value.subject
    assert not any(name.endswith((".incomplete", "model.safetensors")) for name in hubs.files())
    hubs[kind].faults.clear()
    assert plan(NAME, hub=kind, device="cpu").source == kind
    if "silent" in said:
        again = fetch(kind)
        assert (Path(again.path or "") / faults.WEIGHTS).stat().st_size == made.files[0].size


@both
def test_cut_once(hubs: Pair, kind: Hub) -> None:
    """A connection that is cut in mid-file once or twice is taken up again."""
    hubs[kind].faults.append(faults.cut(times=2))
    assert fetch(kind).path


@both
def test_other_hub_takes_over(hubs: Pair, kind: Hub) -> None:
    """A download that breaks off goes on at the other hub when its listing has the same hashes, and says so."""
    hubs[kind].faults.append(after_plan(faults.stall()))
    made = fetch(kind)
    assert made.hub != kind
    assert made.reasons[-1].endswith(f"{made.hub} lists the same files, so they came from there")


@both
def test_other_hub_differs(hubs: Pair, kind: Hub, tiny_folder: Path, tmp_path: Path) -> None:
    """The other hub has another file of the same size under that name: nothing is swapped."""
    shutil.copytree(tiny_folder, tmp_path / "other")
    weights = tmp_path / "other" / faults.WEIGHTS
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    second = hubs[other(kind)]
    second.repositories = {NAME: tmp_path / "other"}
    hubs[kind].faults.append(after_plan(faults.stall()))
    with pytest.raises(HubUnreachable):
        fetch(kind)
    assert not any(request.method == "GET" and request.sent > 1_000_000 for request in second.requests)


CHILD = """
import sys
from modelcatalog.planning import obtain, plan
print(obtain(plan(sys.argv[1], hub=sys.argv[2], device="cpu")).path)
"""


def child(kind: Hub, code: str = CHILD, **options: Any) -> subprocess.Popen[str]:
    """Another process that fetches the same name."""
    return subprocess.Popen([sys.executable, "-c", code, NAME, kind], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)


@both
def test_two_processes(hubs: Pair, kind: Hub) -> None:
    """Two processes that fetch the same name at once both succeed, also where one waits long for the other."""
    hubs[kind].faults.append(after_plan(faults.drip(seconds=guard.PATIENCE + 2)))
    pair = [child(kind), child(kind)]
    outcomes = [process.communicate(timeout=60) for process in pair]
    assert [process.returncode for process in pair] == [0, 0], outcomes
    assert outcomes[0][0].splitlines()[-1] == outcomes[1][0].splitlines()[-1]


ONCE = """
import multiprocessing.context, sys, tempfile

class Probing:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "filelock":
            with tempfile.TemporaryDirectory():
                pass

given = multiprocessing.context.DefaultContext.get_context

def get_context(self, method=None):
    with tempfile.NamedTemporaryFile():
        return given(self, method)

multiprocessing.context.DefaultContext.get_context = get_context
sys.meta_path.insert(0, Probing)
"""
"""What newer versions do once in each process: filelock when it is imported, Python 3.14 for the first lock between processes."""


@both
def test_what_is_done_once(hubs: Pair, kind: Hub, tmp_path: Path) -> None:
    """What Python and the client's packages write into the temporary folder by themselves is not laid at the repository's door."""
    served = hubs[kind].requests
    (tmp_path / "sitecustomize.py").write_text(ONCE)
    process = child(kind, env={**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), *sys.path))})
    said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert any(one.sent > 1_000_000 for one in served)


@both
def test_killed(hubs: Pair, kind: Hub) -> None:
    """A process killed in mid-download leaves nothing that looks complete, no process and no debris."""
    hubs[kind].faults.append(faults.stall())
    process = child(kind)
    sent = hubs[kind].requests
    until = time.monotonic() + 15
    while not any("model.safetensors" in r.path and "Range" not in r.headers for r in sent):
        assert time.monotonic() < until, sent
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
        if any(p.name.endswith(".incomplete") or "._____temp" in str(p) for p in hubs.home.rglob("model*")):
            break
        if any(p.name.endswith(".incomplete") for p in hubs.home.rglob("*.incomplete")):
            break
    process.send_signal(signal.SIGKILL)
    process.communicate()
    time.sleep(1)
    assert not list(hubs.home.rglob("*.incomplete"))
    hubs[kind].faults.clear()
    assert plan(NAME, hub=kind, device="cpu").source == kind
    assert fetch(kind).path


@both
def test_full_disk(hubs: Pair, kind: Hub) -> None:
    """A disk that fills up in mid-file is WontFit, and the unfinished file is gone."""
    code = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n{CHILD}"
    process = child(kind, code)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "WontFit: the disk of" in said, said
    assert hubs.files() == set()


@pytest.mark.usefixtures("hubs")
@both
def test_full_file_system(kind: Hub, tmp_path: Path) -> None:
    """The same on a real file system of two megabytes."""
    script = f"""
mount -t tmpfs -o size=2m tmpfs {tmp_path}/small || exit 77
export HF_HOME={tmp_path}/small/hf MODELSCOPE_CACHE={tmp_path}/small/ms
"$0" -c "$1" {NAME} {kind}
echo left $(find {tmp_path}/small -type f -size +50k | wc -l)
"""
    (tmp_path / "small").mkdir()
    # With room for nothing the plan itself refuses; the disk must shrink after it.
    code = CHILD
    done = (
        subprocess.run([shutil.which("unshare") or "unshare", "-rm", "sh", "-c", script, sys.executable, code], capture_output=True, text=True, check=False)
        if shutil.which("unshare")
        else None
    )
    if done is None or done.returncode == 77 or "unshare" in done.stderr[:20]:
        pytest.skip("this system lets nobody mount a small file system")
    assert "WontFit: the disk of" in done.stderr, done.stderr
    assert "left 0" in done.stdout


def test_too_small_disk(hubs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is too small already is refused before the download."""
    from modelcatalog.planning import machine

    monkeypatch.setattr(machine, "free_disk", lambda _folder: 1_000_000)
    with pytest.raises(WontFit, match=re.escape("acme/tiny-instruct needs 3.41 MB of disk, 1 MB are free")):
        load(NAME, hub="huggingface", device="cpu")
    assert not any(request.method == "GET" and request.sent > 60_000 for request in hubs["huggingface"].requests)


@pytest.mark.usefixtures("hubs")
def test_client_dies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A download process that ends without a word is an error that says so."""
    made = plan(NAME, hub="huggingface", device="cpu")
    (tmp_path / "dead").mkdir()
    fake = tmp_path / "dead" / "huggingface_hub.py"
    fake.write_text("import os; os._exit(7)")
    monkeypatch.syspath_prepend(str(fake.parent))
    with pytest.raises(HubUnreachable, match="ended with code 7"):
        fetching.fetch(made.listing(), made.files)


# What is there already ------------------------------------------------------------------------


@both
def test_complete_cache_needs_no_socket(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a complete cache nothing is asked of anybody: sockets and downloads are forbidden, and it chats."""
    fetch(kind)
    before = len(hubs[kind].requests)

    def forbidden(*_: object, **__: object) -> None:
        pytest.fail("a request was made")

    monkeypatch.setattr(templates, "subprocess", subprocess)  # the one that users have: a warm one is reached by a socket
    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(socket, "create_connection", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    monkeypatch.setattr(fetching, "_run", forbidden)
    with load(NAME, hub=kind, device="cpu") as model:
        assert model.plan.source == f"{kind} cache"
        assert model.chat("w5 w6", max_new_tokens=2).usage.completion_tokens > 0
    assert len(hubs[kind].requests) == before


@pytest.mark.usefixtures("hubs")
@both
def test_second_load_hashes_nothing(kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was right once and is unchanged is not hashed again; what was touched is."""
    folder = Path(fetch(kind).path or "")

    def forbidden(*_: object, **__: object) -> str:
        raise AssertionError

    monkeypatch.setattr(receipts, "digest", forbidden)
    again = fetch(kind)
    assert again.source == f"{kind} cache"
    os.utime(folder / faults.WEIGHTS)
    with pytest.raises(AssertionError):
        fetch(kind)


@pytest.mark.usefixtures("hubs")
@both
def test_changed_cache(kind: Hub) -> None:
    """A byte that changed in the cache is found out before the file is used, and the next load is whole again."""
    weights = Path(fetch(kind).path or "") / faults.WEIGHTS
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    weights.write_bytes(data)
    with pytest.raises(IntegrityError, match=r"model\.safetensors of acme/tiny-instruct has other bytes than listed"):
        fetch(kind)
    assert fetch(kind).source == kind


@both
def test_lost_file(hubs: Pair, kind: Hub) -> None:
    """A cache from which a small file is gone is not complete; only that file is fetched again."""
    folder = Path(fetch(kind).path or "")
    (folder / "chat_template.jinja").unlink()
    hubs[kind].requests.clear()
    made = fetch(kind)
    assert made.source == kind
    assert (folder / "chat_template.jinja").is_file()
    assert not any(request.method == "GET" and request.sent > 1_000_000 for request in hubs[kind].requests)


def test_offline(hubs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """HF_HUB_OFFLINE: what is cached loads, what is not is an error that says so, and nothing is asked."""
    fetch("huggingface")
    hubs["huggingface"].requests.clear()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    assert fetch("huggingface").source == "huggingface cache"
    with pytest.raises(HubUnreachable, match="HF_HUB_OFFLINE forbids asking"):
        plan("acme/other-instruct", hub="huggingface")
    assert hubs["huggingface"].requests == []
