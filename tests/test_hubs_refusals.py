"""Tests of what a hub's refusal becomes: the status decides, its sentence explains, a rejected token is named and never shown."""

from __future__ import annotations

import gzip
import logging
import re
import sys
import threading
import tomllib
import traceback
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loopback import faults
from loopback.hubs import COMMIT
from loopback.pair import NAME, Pair, after_plan, both, fetch, other
from loopback.socks import Socks
from modelcatalog.chat import load
from modelcatalog.errors import (
    CheckpointNotFound,
    GatedCheckpoint,
    HubUnreachable,
    MissingPackage,
    ModelCatalogError,
    UnsafeRepository,
    Unsupported,
)
from modelcatalog.hubs import HUBS, huggingface, refusals
from modelcatalog.hubs.wire import Answer
from modelcatalog.planning import lock, obtain, plan

if TYPE_CHECKING:
    from loopback.hubs import Fault, LoopbackHub
    from modelcatalog.records import RepositoryHub as Hub

SENTENCE = b"You are not in the list.\nAsk the owner for access."
LONG = b"x" * 3_000
PAGE = b"<html><body>Forbidden</body></html>"
RANGES = {"huggingface": "/resolve/", "modelscope": "FilePath="}
TOKENS = {"huggingface": "HF_TOKEN", "modelscope": "MODELSCOPE_API_TOKEN"}


def refused(hubs: Pair, kind: Hub, fault: Fault, error: type[ModelCatalogError], **options: Any) -> ModelCatalogError:
    """The error of a plan against this fault; it has a next step, and says the hub's sentence where there is one."""
    hubs[kind].faults.append(fault)
    with pytest.raises(error) as caught:
        plan(NAME, hub=kind, device="cpu", **options)
    assert type(caught.value) is error
    assert caught.value.hint
    assert "\n" not in caught.value.message
    return caught.value


# The status decides ---------------------------------------------------------------------------

STATUSES: list[tuple[int, str, type[ModelCatalogError]]] = [
    (401, "GatedRepo", GatedCheckpoint),
    (403, "GatedRepo", GatedCheckpoint),
    (401, "", GatedCheckpoint),
    (403, "", GatedCheckpoint),
    (404, "EntryNotFound", CheckpointNotFound),
    (410, "", CheckpointNotFound),
    (416, "", HubUnreachable),
    (429, "", HubUnreachable),
    (500, "", HubUnreachable),
    (503, "", HubUnreachable),
]


@both
@pytest.mark.parametrize("body", [b"", b"{}", SENTENCE, LONG, PAGE], ids=["empty", "json", "sentence", "long", "page"])
@pytest.mark.parametrize(("status", "code", "error"), STATUSES)
def test_status_of_a_range(hubs: Pair, kind: Hub, status: int, code: str, error: type[ModelCatalogError], body: bytes) -> None:  # noqa: PLR0917
    """A piece of a file that is refused is refused for what the status means, whatever comes with it."""
    headers = {"X_Error_Code": code} if code and kind == "huggingface" else {}
    said = refused(hubs, kind, faults.refuse(status, body, RANGES[kind], **headers), error)
    assert ("You are not in the list. Ask the owner for access" in said.message) == (body == SENTENCE)
    assert "<" not in said.message
    if error is GatedCheckpoint:
        assert f"{hubs[kind].endpoint}/" in str(said.hint)
        assert TOKENS[kind] in str(said.hint)
    if error is CheckpointNotFound:
        assert re.search(r"has no file '(model\.safetensors|config\.json)' in acme/tiny-instruct", said.message)


@both
def test_gate_behind_a_hanging_body(hubs: Pair, kind: Hub) -> None:
    """A refusal whose body never ends is told from its status."""

    def hangs(hub: Any, request: Any) -> bool:
        if RANGES[kind] not in request.path:
            return False
        request.send_response(403)
        request.send_header("Content-Length", "5000")
        request.end_headers()
        request.wfile.write(b"You are")
        request.wfile.flush()
        hub.closed.wait()
        return True

    refused(hubs, kind, hangs, GatedCheckpoint)


def test_gated_listing_without_a_code(hubs: Pair) -> None:
    """A mirror that sends no X-Error-Code: what the listing calls gated is gated."""
    hubs["huggingface"].gated = True
    said = refused(hubs, "huggingface", faults.refuse(401, b"{}", "/resolve/"), GatedCheckpoint)
    assert "is gated on Hugging Face" in said.message


def test_no_repository_without_a_code(hubs: Pair) -> None:
    """A public hub answers 401 for what is not there."""
    said = refused(hubs, "huggingface", faults.refuse(401, b"{}"), CheckpointNotFound)
    assert "has no repository acme/tiny-instruct" in said.message


def test_refusal_that_may_be_a_filter(hubs: Pair) -> None:
    """A listing that is refused by who knows whom is not called gated for certain, and the page that came is named."""
    said = refused(hubs, "huggingface", faults.refuse(403, PAGE, kind="text/html"), GatedCheckpoint)
    assert said.message == "Hugging Face refuses acme/tiny-instruct with status 403, as it does for gated and private ones"
    assert "a proxy may stand in between" in str(said.hint)


@pytest.mark.parametrize(("code", "error"), [(10010205001, CheckpointNotFound), (403, GatedCheckpoint), (429, HubUnreachable), (99, HubUnreachable)])
def test_refusal_in_a_good_answer(hubs: Pair, code: int, error: type[ModelCatalogError]) -> None:
    """ModelScope may answer with status 200 and say inside that it did not succeed."""

    def answers(hub: LoopbackHub, request: Any) -> bool:
        hub.send_json(request, {"Code": code, "Message": "没有这个模型", "Success": False})
        return True

    assert "没有这个模型" in refused(hubs, "modelscope", answers, error).message


def test_disabled(hubs: Pair) -> None:
    """A repository that was taken down is not one whose licence could be accepted."""
    said = refused(hubs, "huggingface", faults.status(403, X_Error_Message="Access to this resource is disabled."), CheckpointNotFound)
    assert "has disabled acme/tiny-instruct" in said.message


def test_storage_refuses(hubs: Pair) -> None:
    """What the storage refuses, to which the hub sends, is not a gate."""
    storage = hubs["modelscope"]
    storage.faults.append(faults.refuse(403, b"Request has expired"))
    said = refused(hubs, "huggingface", faults.redirect(f"{storage.endpoint}/x", "/resolve/"), HubUnreachable)
    assert "Request has expired" in said.message


@both
@pytest.mark.parametrize(
    ("status", "code", "error", "words"),
    [
        (401, "GatedRepo", GatedCheckpoint, "is gated on"),
        (403, "GatedRepo", GatedCheckpoint, "is gated on"),
        (403, "", GatedCheckpoint, "is gated on"),
        (404, "EntryNotFound", CheckpointNotFound, "no longer serves model.safetensors of acme/tiny-instruct"),
        (429, "", HubUnreachable, "answered with status 429"),
        (503, "", HubUnreachable, "failed with status 503"),
    ],
)
def test_status_in_the_download(hubs: Pair, kind: Hub, status: int, code: str, error: type[ModelCatalogError], words: str) -> None:  # noqa: PLR0917
    """What comes only in the client's own download is told in the same way."""
    made = plan(NAME, hub=kind, device="cpu")
    hubs[other(kind)].repositories = {}
    said = '{"error": "Slow down, or ask.", "Message": "Slow down, or ask."}'
    headers = {"X_Error_Code": code} if code and kind == "huggingface" else {}
    hubs[kind].faults.append(after_plan(faults.refuse(status, said.encode(), faults.WEIGHTS, "application/json", **headers)))
    with pytest.raises(error, match=words) as caught:
        obtain(made)
    assert type(caught.value) is error
    assert caught.value.hint
    if kind == "modelscope":
        assert "Slow down, or ask" in caught.value.message


@pytest.mark.parametrize("seconds", ["1", "600"])
def test_told_to_wait(hubs: Pair, seconds: str) -> None:
    """A download that is told to come back later says so, and does not wait for it."""
    made = plan(NAME, hub="huggingface", device="cpu")
    hubs["modelscope"].repositories = {}
    hubs["huggingface"].faults.append(after_plan(faults.refuse(429, b"Slow down.", faults.WEIGHTS, Retry_After=seconds)))
    with pytest.raises(HubUnreachable, match="answered with status 429") as caught:
        obtain(made)
    assert "wait a few minutes" in str(caught.value.hint)


def test_sentences() -> None:
    """One printable line that has an end; markup is none, nor is a secret."""
    assert refusals.sentence({"x-error-message": "请先登录".encode().decode("latin-1")}, b"") == "请先登录"
    assert refusals.sentence({}, b'{"error": {"message": "a\\u0007b"}}') == "a b"
    assert refusals.sentence({}, b'{"error": "<b>no</b>", "Message": "yes."}') == "yes"
    assert len(refusals.sentence({}, LONG)) < 300
    assert refusals.sentence({"Content-Type": "text/html"}, PAGE) == ""
    assert "hunter22" not in refusals.sentence({}, b"bad token hunter22", "hunter22")


# The token ------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("match", ["", "weights"])
@pytest.mark.parametrize("status", [401, 403])
def test_rejected_token_for_a_public_repository(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch, match: str, status: int) -> None:
    """The plan is made without the token and says why; the download too; the token is refused once a plan."""
    monkeypatch.setenv(TOKENS[kind], "hf_expired")
    hubs[kind].faults.append(faults.rejects_token(status, match=RANGES[kind] if match else ""))
    made = plan(NAME, hub=kind, device="cpu")
    (said,) = made.warnings
    assert said.startswith(f"{'Hugging Face' if kind == 'huggingface' else 'ModelScope'} does not accept the token in {TOKENS[kind]} (Invalid credentials")
    assert said.endswith("so acme/tiny-instruct is read without it")
    refusals_seen = [r for r in hubs[kind].requests if "Authorization" in r.headers and (match != "weights" or RANGES[kind] in r.path)]
    assert len(refusals_seen) == 1
    assert len(hubs[kind].requests) <= 7
    here = obtain(made)
    assert here.warnings == made.warnings
    assert Path(here.path or "", faults.WEIGHTS).is_file()


@both
def test_rejected_token_in_the_download_alone(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that expires between plan and download: the files come without it, and loading warns."""
    monkeypatch.setenv(TOKENS[kind], "hf_expired")
    hubs[kind].faults.append(after_plan(faults.rejects_token()))
    with pytest.warns(UserWarning, match=f"does not accept the token in {TOKENS[kind]}"), load(NAME, hub=kind, device="cpu") as model:
        assert any("does not accept the token" in text for text in model.plan.warnings)


@both
def test_rejected_token_for_what_is_not_public(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is shown without it either, the error is about the token, not about the repository."""
    monkeypatch.setenv(TOKENS[kind], "hf_expired")
    hubs[kind].repositories = {}
    said = refused(hubs, kind, faults.rejects_token(), GatedCheckpoint)
    assert f"does not accept the token in {TOKENS[kind]}, and shows no acme/tiny-instruct without it" in said.message
    assert f"renew the token in {TOKENS[kind]}" in str(said.hint)


def test_rejected_token_and_a_gate(hubs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """An expired token and a gated file: both are said."""
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    hubs["huggingface"].faults.append(faults.rejects_token())
    said = refused(hubs, "huggingface", faults.status(401, "/resolve/", X_Error_Code="GatedRepo"), GatedCheckpoint)
    assert "is gated on Hugging Face" in said.message
    assert "renew the token in HF_TOKEN, which is not accepted, and accept the licence" in str(said.hint)


def test_token_from_a_file(hubs: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The file that a token came from is named."""
    file = tmp_path / "token"
    file.write_text("hf_expired\n")
    monkeypatch.setenv("HF_TOKEN_PATH", str(file))
    hubs["huggingface"].faults.append(faults.rejects_token())
    assert f"does not accept the token in the file {file}" in plan(NAME, hub="huggingface", device="cpu").warnings[0]


def test_account_without_the_licence(hubs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token that is good and has no access is not told to be renewed."""
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    said = refused(hubs, "huggingface", faults.status(403, "/resolve/", X_Error_Code="GatedRepo"), GatedCheckpoint)
    assert "with the account of the token in HF_TOKEN" in str(said.hint)


# Secrets --------------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("around", ["{}\n", " {} ", "\r\n{}\r\n", "\t{}"])
def test_blanks_around_a_token(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch, around: str) -> None:
    """A line break or blanks around a token are not part of it, in the plan and in the download."""
    monkeypatch.setenv(TOKENS[kind], around.format("hf_secret"))
    fetch(kind)
    sent = {request.headers["Authorization"] for request in hubs[kind].requests if "Authorization" in request.headers}
    assert sent == {"Bearer hf_secret"}


@both
@pytest.mark.parametrize("inner", ["hf_sec\nret99", "hf_sec\x7fret99", "hf_sécret99", "令牌hunter22", "hf_sec ret99", "\u201chunter22\u201d"])
def test_token_that_cannot_be_sent(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch, inner: str, caplog: pytest.LogCaptureFixture) -> None:
    """It is refused by the variable's name before any request, without a word of it, in message, cause and log."""
    monkeypatch.setenv(TOKENS[kind], inner)
    with caplog.at_level(logging.DEBUG), pytest.raises(HubUnreachable, match=f"the value in {TOKENS[kind]} is not a token") as caught:
        plan(NAME, hub=kind)
    shown = "".join(traceback.format_exception(caught.value)) + caplog.text
    assert not any(part in shown for part in (inner, "ret99", "hunter22", "hf_sec", "令牌"))
    assert hubs[kind].requests == []
    assert plan(NAME, device="cpu").hub == other(kind)


def test_token_file_that_is_none(hubs: Pair, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that PowerShell wrote in UTF-16 is named, and no traceback shows it."""
    file = tmp_path / "token"
    file.write_bytes("hf_secret99".encode("utf-16"))
    monkeypatch.setenv("HF_TOKEN_PATH", str(file))
    with pytest.raises(HubUnreachable, match="is not a token") as caught:
        plan(NAME, hub="huggingface")
    assert str(file) in caught.value.message
    assert "secret99" not in "".join(traceback.format_exception(caught.value))
    assert hubs["huggingface"].requests == []


@both
def test_hub_that_repeats_the_token(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub's own sentence may hold the token; ours do not, in the plan and in the download."""
    monkeypatch.setenv(TOKENS[kind], "hf_secret99")
    made = plan(NAME, hub=kind, device="cpu")
    hubs[other(kind)].repositories = {}
    hubs[kind].faults.append(faults.status(503, "", X_Error_Message="hf_secret99 is too good for us"))
    for step in (partial(plan, NAME, hub=kind), partial(obtain, made)):
        with pytest.raises(HubUnreachable) as caught:
            step()
        assert "secret99" not in "".join(traceback.format_exception(caught.value))


@both
def test_password_in_the_endpoint(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror behind a password: it is sent as the clients send it, and neither plan nor errors show it."""
    inside = hubs[kind].endpoint.replace("://", "://me:hunter22@")
    monkeypatch.setenv("HF_ENDPOINT" if kind == "huggingface" else "MODELSCOPE_ENDPOINT", inside)
    made = plan(NAME, hub=kind, device="cpu")
    assert "hunter22" not in f"{made}{made.model_dump_json()}"
    assert Path(obtain(made).path or "", faults.WEIGHTS).is_file()
    assert {request.headers.get("Authorization") for request in hubs[kind].requests} == {"Basic bWU6aHVudGVyMjI="}
    hubs[kind].faults.append(faults.status(403))
    for one in (NAME, "acme/other-instruct"):
        with pytest.raises(ModelCatalogError) as caught:
            plan(one, hub=kind, revision=None if one != NAME else "v9")
        assert "hunter22" not in "".join(traceback.format_exception(caught.value))


@both
@pytest.mark.parametrize("address", ["http://me:hunter22@[bad", "ftp://me:hunter22@host", "me:hunter22@host", "http://me:hun:ter22@127.0.0.1:9"])
def test_endpoint_that_is_none(kind: Hub, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """An endpoint that is not an address is a typed error without the password."""
    monkeypatch.setenv("HF_ENDPOINT" if kind == "huggingface" else "MODELSCOPE_ENDPOINT", address)
    with pytest.raises(HubUnreachable) as caught:
        plan(NAME, hub=kind)
    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter22" not in shown
    assert "ter22" not in shown
    assert caught.value.hint


@both
def test_password_of_a_proxy(kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cannot be reached, or is not an address, is not printed with its password."""
    monkeypatch.setenv("HF_ENDPOINT" if kind == "huggingface" else "MODELSCOPE_ENDPOINT", "http://hub.example")
    for proxy in ("http://me:hunter22@127.0.0.1:9", "http://me:hun:ter22@127.0.0.1:x"):
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(HubUnreachable) as caught:
            plan(NAME, hub=kind)
        assert "ter22" not in "".join(traceback.format_exception(caught.value))


@both
def test_blanks_around_the_endpoint(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """As they stand in a file of settings: the client would read them as a part of the port."""
    monkeypatch.setenv(HUBS[kind].endpoint_variable, f"  {hubs[kind].endpoint}/ ")
    assert fetch(kind).path


def test_mirror_that_sends_on(hubs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it sends what is asked of it is said in the plan: the client does not follow for the files."""

    class Sends(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(308)
            self.send_header("Location", f"{hubs['huggingface'].endpoint}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Sends) as mirror:
        threading.Thread(target=mirror.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        here = f"http://127.0.0.1:{mirror.server_port}"
        monkeypatch.setenv("HF_ENDPOINT", here)
        (said,) = plan(NAME, hub="huggingface", device="cpu").warnings
        mirror.shutdown()
    assert said.startswith(f"{here} sends what is asked of it on to {hubs['huggingface'].endpoint}, where the download may not follow")
    assert plan(NAME, hub="modelscope", device="cpu").warnings == ()


def test_legal_reasons(hubs: Pair) -> None:
    """Status 451 is no misspelling."""
    said = refused(hubs, "huggingface", faults.refuse(451, b'{"error": "Not in your country"}'), CheckpointNotFound)
    assert said.message == "Hugging Face does not give acme/tiny-instruct for legal reasons: Not in your country"


@pytest.mark.usefixtures("hubs")
def test_commit_that_vanished(tmp_path: Path) -> None:
    """The commit of a lock that the hub no longer has is named, and not the branch that it once was."""
    file = tmp_path / "tiny.lock"
    lock(NAME, file, hub="huggingface")
    file.write_text(file.read_text(encoding="utf-8").replace(COMMIT, "e" * 40), encoding="utf-8")
    with pytest.raises(CheckpointNotFound, match=f"has no revision '{'e' * 40}'") as caught:
        load(NAME, lock=file, device="cpu")
    assert "leave the revision out" not in str(caught.value.hint)


# Proxies --------------------------------------------------------------------------------------


@both
def test_the_proxy_is_named(kind: Hub, hubs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What did not answer may be the proxy, and not the hub; where it is passed by, nothing is said of it."""
    monkeypatch.setenv("http_proxy", "http://me:hunter22@127.0.0.1:9")
    with pytest.raises(HubUnreachable, match=r"through the proxy http://127\.0\.0\.1:9 that the environment names"):
        plan(NAME, hub=kind)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert plan(NAME, hub=kind, device="cpu").hub == kind
    assert hubs[kind].requests


@both
@pytest.mark.usefixtures("hubs")
@pytest.mark.parametrize(("variable", "scheme"), [("ALL_PROXY", "socks5"), ("http_proxy", "socks5h")])
def test_socks_without_its_package(kind: Hub, monkeypatch: pytest.MonkeyPatch, variable: str, scheme: str) -> None:
    """A SOCKS proxy takes a package, which is named with the line that installs it, for the plan and for the download."""
    made = plan(NAME, hub=kind, device="cpu")
    for name in ("socks", "socksio"):
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv(variable, f"{scheme}://me:hunter22@127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    assert plan(NAME, hub=kind, device="cpu").hub == kind
    monkeypatch.setenv("NO_PROXY", "")
    for hub in (kind, None):
        with pytest.raises(MissingPackage) as caught:
            plan(NAME, hub=hub)
        assert caught.value.install.startswith("pip install PySocks")
        assert "hunter22" not in "".join(traceback.format_exception(caught.value))
    monkeypatch.delitem(sys.modules, "socks")
    monkeypatch.delitem(sys.modules, "socksio")
    if find_spec("socks") is None:
        with pytest.raises(MissingPackage):
            obtain(made)


@both
def test_client_that_is_not_installed(kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fetching needs is the hub's client alone, and not all that chatting needs; the versions are those of the extra."""
    client = HUBS[kind]
    monkeypatch.setitem(sys.modules, client.client, None)
    with pytest.raises(MissingPackage) as caught:
        client.prepare()
    assert caught.value.install == f"pip install '{client.needs}'"
    extras = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert client.needs in extras[client.extra]


@both
def test_through_socks(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the packages, plan and download go through the proxy, which looks the name up."""
    for package in ("socks", "socksio"):
        pytest.importorskip(package)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HF_ENDPOINT" if kind == "huggingface" else "MODELSCOPE_ENDPOINT", hubs[kind].endpoint.replace("127.0.0.1", "hub.example"))
    with Socks() as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5h://{proxy.address}")
        made = plan(NAME, hub=kind, device="cpu")
        planned = len(proxy.asked)
        assert Path(obtain(made).path or "", faults.WEIGHTS).is_file()
    assert set(proxy.asked) == {"hub.example"}
    assert len(proxy.asked) > planned >= 4


@both
def test_socks_beside_a_hub_that_needs_no_proxy(hubs: Pair, kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub in NO_PROXY is reached without the package, in the download too, whose client wants it whatever it is asked for."""
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    assert Path(fetch(kind).path or "", faults.WEIGHTS).is_file()
    assert hubs[kind].requests


@both
def test_socks_without_a_version(kind: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """``socks://``, which some desktops set, names no version: no client can use it."""
    monkeypatch.setenv("HF_ENDPOINT" if kind == "huggingface" else "MODELSCOPE_ENDPOINT", "http://hub.example")
    monkeypatch.setenv("all_proxy", "socks://127.0.0.1:1080/")
    with pytest.raises(Unsupported, match="socks://, which cannot be used") as caught:
        plan(NAME, hub=kind)
    assert "socks5://" in str(caught.value.hint)


def test_all_proxy_counts(hubs: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """``ALL_PROXY`` is used for the plan as the clients use it for the download."""
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.example")
    monkeypatch.setenv("ALL_PROXY", hubs["huggingface"].endpoint)
    assert plan(NAME, hub="huggingface", device="cpu").hub == "huggingface"
    assert all(request.path.startswith("http://hub.example/") for request in hubs["huggingface"].requests)


# Listings -------------------------------------------------------------------------------------


def long_listing(hubs: Pair, kind: Hub, count: int, folder: str = "extra/{}/x{}.txt") -> None:
    """A listing with so many more entries."""
    if kind == "huggingface":
        more = [{"type": "file", "path": folder.format(n // 1000, n), "size": 5, "oid": "0" * 40} for n in range(count)]
    else:
        more = [{"Path": folder.format(n // 1000, n), "Name": "x", "Type": "blob", "Size": 5, "Sha256": "0" * 64} for n in range(count)]
    hubs[kind].tamper = lambda entries: [*more, *entries]


@both
@pytest.mark.parametrize("count", [999, 2_600, 12_000])
def test_long_listing(hubs: Pair, kind: Hub, count: int) -> None:
    """A listing is read to its end: the files that matter stand on its last page."""
    long_listing(hubs, kind, count)
    made = plan(NAME, hub=kind, device="cpu")
    assert made.weights == ("model.safetensors",)
    further = sum("cursor=" in request.path or "Root=" in request.path or "Recursive=False" in request.path for request in hubs[kind].requests)
    assert len(hubs[kind].requests) - further <= 6


def test_a_folder_without_a_name(hubs: Pair) -> None:
    """An entry that says neither path nor name is none of the hub's own, whatever it is."""
    hubs["modelscope"].tamper = lambda entries: [*entries, {"Type": "tree"}]
    with pytest.raises(HubUnreachable, match=r"a file list for .* that cannot be read"):
        plan(NAME, hub="modelscope", device="cpu")


@both
def test_too_long_a_listing(hubs: Pair, kind: Hub) -> None:
    """More files than the documentation names are refused for that reason, with that number."""
    long_listing(hubs, kind, 21_500)
    with pytest.raises(UnsafeRepository, match="acme/tiny-instruct lists more than 20,000 files") as caught:
        plan(NAME, hub=kind)
    assert caught.value.hint


def test_small_pages_of_a_mirror(hubs: Pair) -> None:
    """Pages of a hundred, whose links name the hub that the mirror stands for: they are asked for at the mirror."""
    long_listing(hubs, "huggingface", 450)
    hubs["huggingface"].page = 100
    hubs["huggingface"].links = "https://huggingface.co"
    assert plan(NAME, hub="huggingface", device="cpu").weights == ("model.safetensors",)
    assert sum("cursor=" in request.path for request in hubs["huggingface"].requests) == 4


def test_flat_folder_that_modelscope_cuts_off(hubs: Pair) -> None:
    """A folder of more entries than ModelScope lists cannot be read to its end, and that is said."""
    long_listing(hubs, "modelscope", 3_500, folder="x{}-{}.txt")
    with pytest.raises(HubUnreachable, match="lists no more than 3,000 entries at a time, and the top folder of acme/tiny-instruct has more"):
        plan(NAME, hub="modelscope")


def test_next_page() -> None:
    """Only the same listing is a next page."""
    tree = "/api/models/a/b/tree/c"
    for link, want in [
        (f"<http://h{tree}?cursor=1&recursive=true>", f"{tree}?cursor=1&recursive=true"),
        ("<http://h/api/models/a/other/tree/c?cursor=1>", None),
        ("<http://h/x?cursor=1>", None),
    ]:
        assert huggingface._next(Answer(200, {"link": f'{link}; rel="next"'}, b"", "http://h"), tree) == want


# Which hub ------------------------------------------------------------------------------------


def test_both_hubs_are_named(hubs: Pair) -> None:
    """Where one hub has nothing and the other cannot be read, the error says both."""
    hubs["huggingface"].repositories = {}
    hubs["modelscope"].faults.append(faults.refuse(503, b"Under maintenance."))
    with pytest.raises(HubUnreachable) as caught:
        plan(NAME)
    assert "Hugging Face has no repository acme/tiny-instruct" in caught.value.message
    assert "ModelScope failed with status 503: Under maintenance" in caught.value.message
    assert caught.value.hint


def test_packed_on_the_way(hubs: Pair) -> None:
    """A mirror that packs small files, though nobody asked it to, is read all the same; a name may have been copied with blanks and a line end."""

    def packs(hub: LoopbackHub, request: Any) -> bool:
        name = request.path.partition("?")[0].rpartition("/")[2]
        if "/resolve/" not in request.path or name != "config.json":
            return False
        hub.send(request, 200, gzip.compress((hub.repositories[NAME] / name).read_bytes()), {"Content-Encoding": "gzip", "X-Repo-Commit": COMMIT})
        return True

    hubs["huggingface"].faults.append(packs)
    made = plan(f"  {NAME} \n", hub="huggingface", device="cpu")
    assert made.repo_id == NAME
    assert made.memory.kv
