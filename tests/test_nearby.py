"""Tests of finding a server on this machine: real ones on free ports of the loopback address, and what may stand there in their place."""

from __future__ import annotations

import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
from loopback.servers import ChatServer
from modelcatalog.errors import EngineError, Unsupported
from modelcatalog.planning import nearby, servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QWEN = "Qwen/Qwen3-8B"


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ChatServer]]:
    """Starts a server with these models, as a kind; the others' ports are free."""
    for name in (*os.environ,):
        if name.startswith(("OPENAI_", "OLLAMA_HOST", "LLAMA_ARG")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MODELCATALOG_SERVER_TIMEOUT", "1.5")
    ports = {one.name: _free() for one in servers.entries()}
    real = servers.entries()
    monkeypatch.setattr(servers, "entries", lambda: tuple(one._replace(port=ports[one.name]) for one in real))
    with ExitStack() as stack:

        def start(kind: str, *models: str) -> ChatServer:
            made = stack.enter_context(ChatServer(*models))
            ports[kind] = int(made.url.rpartition(":")[2].partition("/")[0])
            return made

        yield start


def _free() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def why(name: str = QWEN, server: str = "auto") -> str:
    """What is said where none has it."""
    with pytest.raises(EngineError) as caught:
        mc.plan(name, server=server)
    return str(caught.value)


def test_ports_are_the_documented_ones() -> None:
    """Each kind stands in the data with its page; nothing else is asked."""
    assert {one.name: one.port for one in servers.entries()} == {"ollama": 11434, "lmstudio": 1234, "llama.cpp": 8080, "vllm": 8000, "sglang": 30000}
    assert all(one.source.startswith("https://") and one.checked for one in servers.entries())
    assert all(one.taken_from for one in servers.entries() if one.words or one.ignores or one.effort or one.shows)


@pytest.mark.parametrize(
    ("kind", "name", "model"),
    [
        ("ollama", QWEN, "qwen3:8b"),
        ("ollama", "meta-llama/Llama-3.2-3B-Instruct", "llama3.2:3b"),
        ("lmstudio", "qwen3:8b", "qwen/qwen3-8b"),
        ("llama.cpp", QWEN, "/models/Qwen3-8B-Q4_K_M.gguf"),
        ("vllm", "llama3.2:3b", "meta-llama/Llama-3.2-3B-Instruct"),
        ("vllm", "qwen3-8b-awq", "Qwen/Qwen3-8B-AWQ"),
        ("sglang", "deepseek-r1:7b", "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B"),
    ],
)
def test_found(running: Callable[..., ChatServer], kind: str, name: str, model: str) -> None:
    """The server that has the model under its own name for it; the plan says which it took."""
    server = running(kind, "gemma3:4b", model)
    made = mc.plan(name, server="auto")
    assert (made.engine, made.source, made.server, made.endpoint, made.repo_id) == ("openai", "server", kind, server.url, model)
    assert f"{server.url}, has {name}, which it calls {model}" in made.reasons[0]


@pytest.mark.parametrize("models", [(), ("qwen3:4b",), ("qwen3:latest",), ("Qwen3-8B-Base",), ("default",), ("llama3.2:3b",)])
def test_none_has_it(running: Callable[..., ChatServer], models: tuple[str, ...]) -> None:
    """Another model is never taken for this one; what each server has, and which do not answer, is said."""
    running("ollama", *models)
    said = why()
    assert "no server on this machine has Qwen/Qwen3-8B" in said
    assert (", ".join(models) or "has no model") in said
    assert "nothing answers on the port of LM Studio" in said


def test_base_is_another_model(running: Callable[..., ChatServer]) -> None:
    """Ollama's ``llama3.2:3b`` is the instruct model."""
    running("ollama", "llama3.2:3b")
    assert "llama3.2:3b" in why("meta-llama/Llama-3.2-3B")


def test_quantization(running: Callable[..., ChatServer]) -> None:
    """A quantization that the name asks for must be the server's."""
    running("vllm", QWEN)
    assert "has Qwen/Qwen3-8B" in why("Qwen3-8B-AWQ")


def test_which(running: Callable[..., ChatServer]) -> None:
    """The one with the very name, else the first; the others are named. A kind may be asked for."""
    one, two = running("ollama", "qwen3:8b"), running("vllm", QWEN)
    assert mc.plan(QWEN, server="auto").endpoint == two.url
    assert mc.plan("qwen3-8b", server="auto").endpoint == one.url
    assert f"vLLM ({two.url}) has it too" in mc.plan("qwen3-8b", server="auto").reasons[0]
    assert mc.plan(QWEN, engine="openai", server="ollama").endpoint == one.url
    assert "nothing answers on the port of SGLang" in why(server="sglang")


def test_chat(running: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is chatted with, past every proxy, and no key of the environment is sent; one that is given is."""
    server = running("lmstudio", "qwen3-8b")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-somebody-elses")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with mc.load(QWEN, server="auto") as model:
        assert str(model.chat("hi")) == "The capital of France is Paris."
    assert server.asked[0].headers["authorization"] == "Bearer none"
    with mc.load(QWEN, server="auto", api_key="mine") as model:
        model.chat("hi")
    assert server.asked[1].headers["authorization"] == "Bearer mine"


def _answers(status: int = 200, body: bytes = b"", **headers: str) -> Any:
    return lambda request, _: request.whole(body, status, headers)


@pytest.mark.parametrize(
    ("listing", "said"),
    [
        (_answers(body=b"<html>hello"), "is not such a server"),
        (_answers(body=b"[" * 100_000), "is not such a server"),
        (_answers(body=b'{"data": 3}'), "it has no list of models"),
        (_answers(body=b'{"data": [{"id": 3}, 4, {"id": "a\\u0007b"}]}'), "has no model"),
        (_answers(body=b" " * 3_000_000), "its list of models is too long"),
        (_answers(404, b"{}"), "status 404"),
        (_answers(401, b"{}"), "wants a key, which is not sent unasked"),
        (_answers(302, Location="http://10.0.0.1/v1/models"), "status 302"),
        (_answers(307, Location="https://example.com/"), "status 307"),
    ],
)
def test_something_else(running: Callable[..., ChatServer], listing: Any, said: str) -> None:
    """Another program on the port, a server with a key, one that sends us elsewhere: said, and nothing is followed."""
    running("vllm").listing = listing
    assert said in why()


def test_silence(running: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes the connection and says nothing does not hold up the others."""
    monkeypatch.setattr(nearby, "_PATIENCE", 0.3)
    server = running("vllm")

    def silent(*_: object) -> None:
        server.closed.wait(5)

    server.listing = silent
    running("sglang", QWEN)
    assert mc.plan(QWEN, server="auto").server == "sglang"
    assert "vLLM" in why("Qwen3-14B")


@pytest.mark.parametrize(
    ("variable", "value", "port"),
    [
        ("OLLAMA_HOST", "", 11434), ("OLLAMA_HOST", "127.0.0.1", 11434), ("OLLAMA_HOST", '"0.0.0.0:7000"', 7000), ("OLLAMA_HOST", "localhost:7000", 7000),
        ("OLLAMA_HOST", ":7000", 7000), ("OLLAMA_HOST", "[::1]:7000", 7000), ("OLLAMA_HOST", "::1", 11434), ("OLLAMA_HOST", "http://127.0.0.1:7000/", 7000),
        ("OLLAMA_HOST", "http://127.0.0.1", 80), ("OLLAMA_HOST", "10.0.0.1:11434", None), ("OLLAMA_HOST", "example.com", None),
        ("OLLAMA_HOST", "https://127.0.0.1:7000", None), ("OLLAMA_HOST", "http://user@evil:1/", None), ("OLLAMA_HOST", "127.0.0.1.evil.com:80", None),
        ("OLLAMA_HOST", "127.0.0.1:99999", None), ("OLLAMA_HOST", "0x7f.1:80", None), ("LLAMA_ARG_PORT", "7000", 7000), ("LLAMA_ARG_PORT", "no", 8080),
        ("LLAMA_ARG_HOST", "0.0.0.0", 8080), ("LLAMA_ARG_HOST", "192.168.1.2", None),  # noqa: S104  a value, and no binding
    ],
)  # fmt: skip
def test_its_own_environment(variable: str, value: str, port: int | None) -> None:
    """A server's own variable moves the port on this machine; one that names another machine is never followed, and said."""
    entry = next(one for one in servers.entries() if variable in {one.address, one.port_in})
    found, said = nearby._port(entry, {variable: value})
    assert found == port
    assert (variable in said) == (port is None)


def test_elsewhere_is_not_asked(running: Callable[..., ChatServer], monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection leaves the loopback address, whatever the environment says."""
    running("ollama", "qwen3:8b")
    asked: list[str] = []
    real = socket.create_connection

    def watched(address: Any, *rest: Any, **more: Any) -> socket.socket:
        asked.append(address[0])
        return real(address, *rest, **more)

    monkeypatch.setattr(socket, "create_connection", watched)
    monkeypatch.setenv("OLLAMA_HOST", "192.0.2.1:11434")
    assert "OLLAMA_HOST says that Ollama runs elsewhere, at 192.0.2.1:11434, which is not asked unless base_url= names it" in why()
    assert set(asked) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"server": "gpt4all"}, "there is no server 'gpt4all'"),
        ({"server": "auto", "base_url": "http://127.0.0.1:1/v1"}, "base_url= names one"),
        ({"server": "auto", "engine": "transformers"}, "server= is for servers, and transformers asks none"),
        ({"server": "auto", "dtype": "float16"}, "dtype= is about files"),
        ({"server": ""}, "server='' is not a name"),
    ],
)
def test_refused(asked: dict[str, Any], said: str) -> None:
    """What would be ignored, or is none of the kinds, is refused before anything is asked."""
    with pytest.raises(Unsupported, match=said):
        mc.plan(QWEN, **asked)
