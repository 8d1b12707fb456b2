"""Tests of the openai engine: the real client, against a server of every fault and against `transformers serve`."""

from __future__ import annotations

import _thread
import json
import os
import re
import socket
import threading
import time
import traceback
import warnings
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
from loopback import servers, serving
from loopback.servers import ChatServer, says
from modelcatalog.engines import Message, options
from modelcatalog.engines.openai.events import events
from modelcatalog.engines.openai.request import Dialect, body
from modelcatalog.errors import ClosedWeights, EngineError, MissingPackage, ModelCatalogError, NoChatTemplate, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytest.importorskip("openai")

FRANCE = "What is the capital of France?"
QWEN = "Qwen/Qwen3-8B"
REPLY = "The capital of France is Paris."


def piece(content: Any, finish: str | None = None, **more: Any) -> dict[str, Any]:
    """An event with a piece of a reply."""
    return {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": content, **more}, "finish_reason": finish}]}


def end(reason: str = "stop") -> dict[str, Any]:
    """The event that ends a reply."""
    return {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]}


def again(delta: Any, text: str, **more: Any) -> dict[str, Any]:
    """The event that ends a reply, with all of it once more."""
    message = {"role": "assistant", "content": text, **more}
    return {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "message": message, "finish_reason": "stop"}]}


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the keys and servers of the person who runs it; patience is short."""
    for name in (*os.environ,):
        if name.startswith("OPENAI_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MODELCATALOG_SERVER_TIMEOUT", "1.5")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[ChatServer]:
    """A server with one model."""
    with ChatServer(QWEN) as running:
        yield running


@pytest.fixture
def remote(server: ChatServer) -> Iterator[mc.ChatModel]:
    """That model."""
    with mc.load("qwen3-8b", base_url=server.url) as loaded:
        yield loaded


class TestPlan:
    """What loading would do: which server, which id, whose key; nothing is asked and nothing is fetched."""

    def test_vendor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A closed family goes to the company's own API, under the id that it knows."""
        plan = mc.plan("openai/gpt-6-sol", engine="openai")
        assert (plan.endpoint, plan.repo_id, plan.files, plan.bytes) == ("https://api.openai.com/v1", "gpt-6-sol", (), 0)
        assert plan.reasons == ("OpenAI's own API serves it", "OPENAI_API_KEY is not set")
        assert "server: https://api.openai.com/v1, model gpt-6-sol" in str(plan)
        assert "nothing to download" in str(plan)
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
        assert "sk-secret" not in mc.plan("gpt-6-sol", engine="openai").model_dump_json()

    @pytest.mark.parametrize(
        ("name", "model"),
        [
            ("claude-opus-4.5", "claude-opus-4-5"),
            ("us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-20250514"),
            ("google/gemini-2.5-pro", "gemini-2.5-pro"),
            ("grok-4@default", "grok-4"),
        ],
    )
    def test_vendor_s_id(self, name: str, model: str) -> None:
        """Routes, owners and other spellings are not sent; the vendor's id is."""
        assert mc.plan(name, engine="openai").repo_id == model

    @pytest.mark.parametrize("text", ["豆包", "Claude", "Grok", "Gemini"])
    def test_a_family_is_not_a_model_of_its_api(self, text: str) -> None:
        """Where only the family is named, the hint names one of its models that is served now, and nothing else is sent to the vendor."""
        with pytest.raises(ClosedWeights) as closed:
            mc.resolve(text)
        found = re.search(r"load\('([^']+)', engine=\"openai\"\)", closed.value.hint or "")
        assert found is not None
        made = mc.plan(found[1], engine="openai")
        assert (made.repo_id, made.name.family) == (found[1], mc.parse(text).family)
        assert not mc.facts(found[1]).gone()
        with pytest.raises(Unsupported, match="is the name of a family, not of one model") as refused:
            mc.plan(text, engine="openai")
        assert found[1] in (refused.value.hint or "")
        assert mc.plan(text, engine="openai", base_url="http://127.0.0.1:9/v1").repo_id == text  # another server may call it so

    def test_the_hint_of_closed_weights_works(self) -> None:
        """The line that `ClosedWeights` names is one that plans."""
        with pytest.raises(ClosedWeights, match='engine="openai"') as caught:
            mc.resolve("gpt-6-sol")
        assert "load('gpt-6-sol', engine=\"openai\")" in (caught.value.hint or "")
        assert mc.plan("gpt-6-sol", engine="openai").endpoint == "https://api.openai.com/v1"

    def test_never_served(self) -> None:
        """Where no API is known, the error says so."""
        with pytest.raises(ClosedWeights, match="no API of Alibaba is known"):
            mc.plan("M6", engine="openai")

    def test_open_weights_need_a_server(self) -> None:
        """Open weights have no server of their own: the ways out are named."""
        with pytest.raises(Unsupported, match="no server was named") as caught:
            mc.plan(QWEN, engine="openai")
        assert "base_url=" in (caught.value.hint or "")
        assert "OPENAI_BASE_URL" in (caught.value.hint or "")

    def test_which_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The argument, else the environment; an address without a path gets the usual one."""
        monkeypatch.setenv("OPENAI_BASE_URL", "http://10.0.0.1:8000/v1/")
        assert mc.plan(QWEN, engine="openai").endpoint == "http://10.0.0.1:8000/v1"
        assert mc.plan("gpt-4o", engine="openai").endpoint == "http://10.0.0.1:8000/v1"
        plan = mc.plan(QWEN, base_url="http://127.0.0.1:9000")
        assert (plan.engine, plan.endpoint, plan.repo_id) == ("openai", "http://127.0.0.1:9000/v1", QWEN)

    @pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x/v1", "http://", "http://[", "http://x:99999/v1", "http://me:secret@x/v1"])
    def test_no_address(self, url: str) -> None:
        """What is not an address is refused before anything is sent; a password in one is not repeated."""
        with pytest.raises(Unsupported, match="base_url") as caught:
            mc.plan(QWEN, base_url=url)
        assert "secret" not in f"{caught.value}{caught.value.subject}"

    @pytest.mark.parametrize(
        "argument", [{"hub": "modelscope"}, {"dtype": "float16"}, {"fit": True}, {"quantization": "Q4_K_M"}, {"device": "cpu"}, {"offload": True}]
    )
    def test_arguments_about_files(self, argument: dict[str, Any]) -> None:
        """What a server cannot be told is refused, not ignored."""
        with pytest.raises(Unsupported, match=f"^{next(iter(argument))}= is about files"):
            mc.plan(QWEN, base_url="http://127.0.0.1:1/v1", **argument)

    def test_models_that_write_nothing(self) -> None:
        """A vendor's embedder is refused before it is asked; a server may have another model by its name, so there it is a warning."""
        for name, given in (("text-embedding-3-small", "embedding"), ("gpt-image-1", "image"), ("tts-1", "audio")):
            with pytest.raises(Unsupported, match=f"{name} writes no text: it gives {given}") as caught:
                mc.plan(name, engine="openai")
            assert caught.value.hint
        assert mc.plan("text-embedding-3-small", base_url="http://127.0.0.1:1/v1").warnings == ("text-embedding-3-small writes no text: it gives embedding",)
        assert not any("writes no text" in said for said in mc.plan("gpt-4o-audio-preview", engine="openai").warnings)

    def test_other_engines_ask_no_server(self, gguf_file: Path) -> None:
        """A server's arguments are refused where no server is asked."""
        with pytest.raises(Unsupported, match="base_url= is for servers"):
            mc.plan(gguf_file, engine="transformers", base_url="http://127.0.0.1:1/v1")
        with pytest.raises(Unsupported, match="api_key= is for servers"):
            mc.load(gguf_file, api_key="x")

    def test_missing_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the client, the error is its install line."""
        monkeypatch.setattr("modelcatalog.planning.packages.installed", lambda _: None)
        with pytest.raises(MissingPackage) as caught:
            mc.load("gpt-4o", engine="openai", api_key="x")
        assert caught.value.install == "pip install 'modelcatalog[openai]'"


class TestLoad:
    """Which of the server's models is asked, and whose key is sent."""

    @pytest.mark.parametrize(
        ("listed", "asked", "sent"),
        [
            ((QWEN,), "qwen3-8b", QWEN),
            (("other", "Qwen/Qwen3-8B-AWQ", QWEN), QWEN, QWEN),
            (("qwen/qwen3-8b",), QWEN, "qwen/qwen3-8b"),
            (("Qwen/Qwen3-8B-AWQ", "Qwen/Qwen3-8B-FP8"), "Qwen3-8B-FP8", "Qwen/Qwen3-8B-FP8"),
            (("/models/Qwen3-8B",), QWEN, "/models/Qwen3-8B"),
            (("default",), QWEN, "default"),
            (("a", "b"), QWEN, QWEN),
            ((), QWEN, QWEN),
        ],
    )
    def test_which_model(self, server: ChatServer, listed: tuple[str, ...], asked: str, sent: str) -> None:
        """The id that the server lists for the model; else what the server has; else the name as given."""
        server.models = [(model, "vllm") for model in listed]
        with mc.load(asked, base_url=server.url) as model:
            assert str(model.chat(FRANCE)) == REPLY
        assert server.asked[0].body["model"] == sent

    def test_another_model(self, server: ChatServer) -> None:
        """A server that has another model is not asked: some would answer with that one."""
        with pytest.raises(EngineError, match="serves Qwen/Qwen3-8B, which is not SmolLM2-135M") as caught:
            mc.load("SmolLM2-135M", base_url=server.url)
        assert caught.value.subject == "SmolLM2-135M"

    def test_a_cache_is_no_menu(self, server: ChatServer) -> None:
        """`transformers serve` lists what lies in a cache, and loads what it is asked for."""
        server.models = [(QWEN, "Qwen")]
        with mc.load("SmolLM2-135M", base_url=server.url) as model:
            model.chat(FRANCE)
        assert server.asked[0].body["model"] == "SmolLM2-135M"

    @pytest.mark.parametrize("status", [404, 500])
    def test_no_list(self, server: ChatServer, status: int) -> None:
        """A server without a list of models is asked by the name as given."""
        server.listing = servers.refuses(status, "no list")
        with mc.load(QWEN, base_url=server.url) as model:
            assert str(model.chat(FRANCE)) == REPLY

    def test_key(self, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """The key is the argument, else the environment's; a wrong one is rejected while loading."""
        server.key = "good"
        with pytest.raises(EngineError, match="rejected the key: Incorrect API key provided") as caught:
            mc.load(QWEN, base_url=server.url, api_key="bad")
        assert caught.value.hint == "set OPENAI_API_KEY to a key of that server, or pass api_key="
        assert type(caught.value.__cause__).__name__ == "AuthenticationError"
        monkeypatch.setenv("OPENAI_API_KEY", "good")
        with mc.load(QWEN, base_url=server.url) as model:
            model.chat(FRANCE)
        assert server.asked[0].headers["authorization"] == "Bearer good"

    @pytest.mark.parametrize("key", ["“sk-hunter22”", "sk-hunter22\nX-Evil: 1", "my key sk-hunter22"])
    def test_key_that_cannot_be_sent(self, server: ChatServer, monkeypatch: pytest.MonkeyPatch, key: str) -> None:
        """It is named by its place, and no message shows any of it; line breaks around a key are not part of it."""
        for given, source in ((key, "api_key="), (None, "OPENAI_API_KEY")):
            monkeypatch.setenv("OPENAI_API_KEY", key)
            with pytest.raises(EngineError, match=f"the value in {source} is not a key") as caught:
                mc.load(QWEN, base_url=server.url, api_key=given)
            assert "hunter22" not in "".join(traceback.format_exception(caught.value))
        server.key = "good"
        monkeypatch.setenv("OPENAI_API_KEY", " good\n")
        mc.load(QWEN, base_url=server.url).close()

    @pytest.mark.parametrize("end", ["/chat/completions", "/chat/completions/", "/completions", "/models"])
    def test_address_of_an_endpoint(self, server: ChatServer, end: str) -> None:
        """What people copy from a page about an API is its endpoint; the address is what stands before it."""
        with mc.load(QWEN, base_url=f"{server.url}{end}") as model:
            assert (model.plan.endpoint, str(model.chat(FRANCE))) == (server.url, REPLY)

    def test_proxy_before_the_server(self, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """A proxy that the environment names is named where the connection fails, and how it is passed by."""
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("HTTP_PROXY", "http://me:hunter22@127.0.0.1:9")
        with pytest.raises(EngineError, match=r"was refused, through the proxy http://127\.0\.0\.1:9 that the environment names") as caught:
            mc.load(QWEN, base_url=server.url)
        assert caught.value.hint == "check that the server runs, or have it asked directly: NO_PROXY=127.0.0.1"
        assert "hunter22" not in str(caught.value)

    def test_no_tls(self, server: ChatServer) -> None:
        """An address with https of a server without TLS."""
        with pytest.raises(EngineError, match="it does not speak TLS there: its address may begin with http://"):
            mc.load(QWEN, base_url=server.url.replace("http://", "https://"))

    def test_no_model_yet(self, server: ChatServer) -> None:
        """Ollama without a model says that its list is nothing at all."""
        server.listing = lambda handler, _: handler.json({"object": "list", "data": None})
        with mc.load(QWEN, base_url=server.url) as model:
            assert str(model.chat(FRANCE)) == REPLY

    def test_no_key_for_a_vendor(self) -> None:
        """A vendor's API is not asked without its key, whose variable is named."""
        with pytest.raises(EngineError, match="Anthropic's API wants a key") as caught:
            mc.load("claude-opus-4.5", engine="openai")
        assert "ANTHROPIC_API_KEY" in (caught.value.hint or "")

    def test_refused(self) -> None:
        """A port where nobody listens fails while loading."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
        with pytest.raises(EngineError, match=r"connection to .* failed: the connection was refused") as caught:
            mc.load(QWEN, base_url=url)
        assert caught.value.subject == url
        assert caught.value.__cause__ is not None

    @pytest.mark.parametrize(("listing", "said"), [(servers.silent, "sent nothing for 1.5 s"), (servers.page, "cannot be read: no list of models")])
    def test_no_api(self, server: ChatServer, listing: servers.Answer, said: str) -> None:
        """What does not answer, or is not an API, is found out while loading, in bounded time."""
        server.listing = listing
        start = time.monotonic()
        with pytest.raises(EngineError, match=said):
            mc.load(QWEN, base_url=server.url)
        assert time.monotonic() - start < 6

    def test_bad_patience(self, server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
        """A setting that is not a number is named."""
        monkeypatch.setenv("MODELCATALOG_SERVER_TIMEOUT", "soon")
        with pytest.raises(EngineError, match="MODELCATALOG_SERVER_TIMEOUT=soon"):
            mc.load(QWEN, base_url=server.url)


class TestChat:
    """The contract of `ChatModel`."""

    def test_reply(self, remote: mc.ChatModel) -> None:
        """Text and figures."""
        reply = remote.chat(FRANCE)
        assert (str(reply), reply.thinking, reply.finish_reason) == (REPLY, None, "stop")
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (21, 9)
        assert reply.seconds_to_first_token is not None
        assert reply.tokens_per_second is not None

    def test_options(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """Options go out under the names that servers know."""
        messages = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]
        remote.chat(
            messages, system="s", max_new_tokens=5, temperature=0.5, top_p=0.9, seed=7, stop="END", top_k=3, min_p=0.1, repetition_penalty=1.1,
            enable_thinking=False,
        )  # fmt: skip
        assert server.asked[0].path == "/v1/chat/completions"
        assert server.asked[0].body == {
            "model": QWEN, "messages": [{"role": "system", "content": "s"}, *messages], "stream": True, "stream_options": {"include_usage": True},
            "max_tokens": 5, "temperature": 0.5, "top_p": 0.9, "seed": 7, "stop": ["END"], "top_k": 3, "min_p": 0.1, "repetition_penalty": 1.1,
            "chat_template_kwargs": {"enable_thinking": False},
        }  # fmt: skip

    def test_greedy(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """No sampling is temperature 0; what is not said is left to the server."""
        remote.chat(FRANCE, do_sample=False)
        remote.chat(FRANCE)
        assert server.asked[0].body["temperature"] == 0
        assert "temperature" not in server.asked[1].body

    @pytest.mark.parametrize("owner", ["llamacpp", "organization_owner"])
    def test_words_of_llama_cpp(self, server: ChatServer, owner: str) -> None:
        """A server that its list tells is asked in its own words: it would drop the others without a word."""
        server.models = [(QWEN, owner)]
        with mc.load("qwen3-8b", base_url=server.url) as remote:
            remote.chat(FRANCE, repetition_penalty=1.1, top_k=3, enable_thinking=False)
        sent = server.asked[0].body
        assert (sent["repeat_penalty"], sent["top_k"], sent["chat_template_kwargs"]) == (1.1, 3, {"enable_thinking": False})
        assert "repetition_penalty" not in sent

    def test_words_of_ollama(self, server: ChatServer) -> None:
        """Ollama has no word for some options, another one for thinking, and takes a model's own temperature only where it is sent."""
        server.models = [("qwen3:8b", "library"), ("other", "library")]

        def show(request: servers._Handler, body: dict[str, Any]) -> None:
            if request.path.endswith("/api/show"):
                told = {"parameters": 'stop    "<|im_end|>"\ntemperature    0.6\ntop_k    20\ntop_p    0.95'} if body == {"model": "qwen3:8b"} else {}
                request.json(told)
            else:
                says("Paris.")(request, body)

        server.answer = show
        with mc.load("qwen3:8b", base_url=server.url) as remote:
            for name in ("top_k", "min_p", "repetition_penalty"):
                with pytest.raises(Unsupported, match=f"Ollama drops {name}= without a word"):
                    remote.chat(FRANCE, **{name: 1})  # type: ignore[arg-type]  # one of the options
            server.asked.clear()
            remote.chat(FRANCE)
            remote.chat(FRANCE, temperature=0.2, enable_thinking=False)
            remote.chat(FRANCE, do_sample=False, enable_thinking=True)
        own, asked, greedy = (one.body for one in server.asked)
        assert (own["temperature"], own["top_p"]) == (0.6, 0.95)
        assert (asked["temperature"], asked["reasoning_effort"]) == (0.2, "none")
        assert (greedy["temperature"], greedy["reasoning_effort"]) == (0, "medium")
        assert all("chat_template_kwargs" not in one for one in (own, asked, greedy))
        assert all("top_p" not in one for one in (asked, greedy))

    def test_ollama_that_tells_nothing(self, server: ChatServer) -> None:
        """What it says of a model is a courtesy: without it, nothing is sent."""
        server.models = [("qwen3:8b", "library")]
        server.answer = servers.refuses(404, "nothing here", times=1, then=says("Paris."))
        with mc.load("qwen3:8b", base_url=server.url) as remote:
            assert remote.chat(FRANCE).text == "Paris."
        assert "temperature" not in server.asked[-1].body

    def test_a_switch_that_is_not_taken(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """Thinking that was switched off and comes all the same is said; an empty thought is none."""
        server.answer = says("Paris", thinking=("hm",))
        with pytest.warns(UserWarning, match="thinks though enable_thinking=False"):
            assert remote.chat(FRANCE, enable_thinking=False).thinking == "hm"
        server.answer = says("<think>\n\n</think>\n\nParis")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert remote.chat(FRANCE, enable_thinking=False).text == "Paris"

    @pytest.mark.parametrize("option", [{"chat_template": "x"}, {"do_sample": True}])
    def test_unsupported(self, server: ChatServer, remote: mc.ChatModel, option: dict[str, Any]) -> None:
        """What cannot be sent is refused, and nothing is sent."""
        with pytest.raises(Unsupported, match=next(iter(option))):
            remote.chat(FRANCE, **option)
        assert server.asked == []

    @pytest.mark.parametrize("field", ["reasoning_content", "reasoning"])
    def test_thinking_parted_by_the_server(self, server: ChatServer, remote: mc.ChatModel, field: str) -> None:
        """Thinking that the server parts is the reply's thinking."""
        server.answer = says("\n\nParis", thinking=("Let me ", "think."), field=field)
        stream = remote.stream(FRANCE)
        assert list(stream) == ["Paris"]
        assert (stream.reply.text, stream.reply.thinking) == ("Paris", "Let me think.")

    def test_thinking_in_tags(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """Thinking that the server leaves in the text is parted here."""
        server.answer = says("<thi", "nk>hm</th", "ink>\n\nParis")
        reply = remote.chat(FRANCE)
        assert (reply.text, reply.thinking) == ("Paris", "hm")

    def test_only_thinking(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A reply that the server took for thinking to its end has no answer, and that is said."""
        server.answer = says(thinking=("Paris.",))
        with pytest.warns(UserWarning, match="there is no answer"):
            assert remote.chat(FRANCE).thinking == "Paris."

    def test_thinking_half_open(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A closing tag alone cannot be parted in a stream, and is said."""
        server.answer = says("so it is Par", "is</think>Paris")
        with pytest.warns(UserWarning, match="</think> and nothing that opens it.*reasoning parser"):
            assert remote.chat(FRANCE).text == "so it is Paris</think>Paris"

    def test_prompt_that_was_cut(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A server that counts far fewer tokens than the prompt has words left some of it out, which is said; else nothing is."""
        figures = {"choices": [], "usage": {"prompt_tokens": 2050, "completion_tokens": 1}}
        server.answer = servers.raw(piece("Paris", "stop"), figures)
        with pytest.warns(UserWarning, match="counts 2,050 tokens in a prompt of 9,000 words: it may have left part of it out"):
            remote.chat("one two three " * 3_000)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            remote.chat("one two three " * 1_000)
            remote.chat("一二三四五六七八九十" * 1_000)

    @pytest.mark.parametrize("answered", ["gpt-4o-mini", "Qwen/Qwen3-0.6B"])
    def test_another_model_answers(self, server: ChatServer, remote: mc.ChatModel, answered: str) -> None:
        """A gateway that hands a request on to another model says so itself; its own word for the same model is none."""
        server.answer = servers.raw(piece("Paris", "stop") | {"model": answered})
        with pytest.warns(UserWarning, match=f"was asked for {QWEN}, and says that {answered} has answered"):
            remote.chat(FRANCE)
        for same in ("qwen3-8b-q4_k_m.gguf", "default", "prod-7", "qwen-plus"):
            server.answer = servers.raw(piece("Paris", "stop") | {"model": same})
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                remote.chat(FRANCE)

    def test_length(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A reply that was cut says so; without figures of the server, pieces are counted."""
        server.answer = says("a", "b", "c", finish="length", usage=False)
        reply = remote.chat(FRANCE)
        assert (reply.finish_reason, reply.usage.completion_tokens) == ("length", 3)

    def test_stop_string(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A stop string ends the reply also where the server repeats it, or goes on."""
        server.answer = says("one E", "ND", " two")
        assert remote.chat(FRANCE, stop="END").text == "one "
        server.answer = servers.trickles("word END ")
        reply = remote.chat(FRANCE, stop="END")
        assert (reply.text, reply.finish_reason) == ("word ", "stop")
        assert server.left.wait(5)

    def test_session(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A conversation sends all of its turns; one that failed leaves no trace."""
        session = remote.session(system="s")
        session.chat("one")
        server.answer = servers.refuses(400, "no")
        with pytest.raises(Unsupported):
            session.chat("two")
        server.answer = says("fine")
        session.chat("three")
        assert [m["content"] for m in server.asked[-1].body["messages"]] == ["s", "one", REPLY, "three"]

    def test_complete(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A text is continued as it stands, tags and all."""
        server.answer = says(" <think>", " Paris")
        reply = remote.complete("The capital of France is", max_new_tokens=2)
        assert (reply.text, reply.thinking) == (" <think> Paris", None)
        assert server.asked[0].path == "/v1/completions"
        assert server.asked[0].body["prompt"] == "The capital of France is"

    @pytest.mark.parametrize(
        ("status", "said"), [(404, "Not Found"), (405, "no"), (404, "This is a chat model and not supported in the v1/completions endpoint.")]
    )
    def test_no_completions(self, server: ChatServer, remote: mc.ChatModel, status: int, said: str) -> None:
        """A server that only chats is said to."""
        server.answer = servers.refuses(status, said)
        with pytest.raises(Unsupported, match="does not continue texts"):
            remote.complete("x")

    def test_batch(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """Replies come in order, several prompts are asked at a time, and an error keeps its place."""
        barrier = threading.Barrier(4, timeout=5)

        def answer(request: Any, body: dict[str, Any]) -> None:
            text = body["messages"][-1]["content"]
            barrier.wait()
            if text == "2":
                servers.refuses(400, "not this one")(request, body)
            else:
                says(f"re {text}")(request, body)

        server.answer = answer
        replies = list(remote.batch([str(n) for n in range(8)]))
        assert [r.text for r in replies] == ["re 0", "re 1", "", *(f"re {n}" for n in range(3, 8))]
        assert isinstance(replies[2].error, Unsupported)

    def test_batch_is_lazy(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """Prompts are taken as they are needed, and leaving the batch hangs up."""
        taken = []

        def prompts() -> Iterator[str]:
            for n in range(1000):
                taken.append(n)
                yield str(n)

        first = servers.trickles("x ")
        server.answer = lambda request, body: (says("ok") if body["messages"][-1]["content"] == "0" else first)(request, body)
        batch = remote.batch(prompts())
        assert next(batch).text == "ok"
        assert len(taken) < 20
        batch.close()  # type: ignore[attr-defined]
        assert server.left.wait(5)

    def test_threads(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """Eight threads at once each get their own reply."""
        server.answer = lambda request, body: says(body["messages"][-1]["content"])(request, body)
        found: dict[str, str] = {}
        threads = [threading.Thread(target=lambda n=n: found.update({str(n): str(remote.chat(str(n)))})) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == {str(n): str(n) for n in range(8)}


class TestStop:
    """A reply can always be ended, also one that the server does not go on with."""

    def test_cancel(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """`cancel` keeps what was made, and the server is hung up on."""
        server.answer = servers.trickles("word ")
        stream = remote.stream(FRANCE)
        next(stream)
        stream.cancel()
        assert stream.reply.finish_reason == "cancelled"
        assert stream.reply.text.startswith("word ")
        assert server.left.wait(5)
        server.answer = says("again")
        assert str(remote.chat(FRANCE)) == "again"

    @pytest.mark.parametrize("answer", [servers.stalls("one"), servers.silent, servers.comments])
    def test_cancel_in_silence(self, server: ChatServer, answer: servers.Answer, monkeypatch: pytest.MonkeyPatch) -> None:
        """`cancel` from another thread does not wait for a server that says nothing."""
        monkeypatch.setenv("MODELCATALOG_SERVER_TIMEOUT", "60")
        server.answer = answer
        with mc.load("qwen3-8b", base_url=server.url) as remote:
            stream = remote.stream(FRANCE)
            threading.Timer(0.3, stream.cancel).start()
            start = time.monotonic()
            assert stream.reply.finish_reason == "cancelled"
            assert time.monotonic() - start < 20

    def test_leaving_the_loop(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """Closing the stream hangs up on a server that has gone silent."""
        server.answer = servers.stalls("one")
        stream = remote.stream(FRANCE)
        next(stream)
        stream.close()
        assert stream.reply.finish_reason == "cancelled"
        assert server.left.wait(5)

    def test_ctrl_c(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """Ctrl-C ends the wait for a silent server."""
        server.answer = servers.stalls("one")
        threading.Timer(0.3, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            remote.chat(FRANCE)
        assert server.left.wait(5)
        server.answer = says("again")
        assert str(remote.chat(FRANCE)) == "again"

    def test_closed(self, remote: mc.ChatModel) -> None:
        """A closed model says that it is."""
        remote.close()
        with pytest.raises(EngineError, match="was closed"):
            remote.chat(FRANCE)


class TestShapes:
    """Nothing that a server sent is dropped, in whatever shape it comes."""

    @pytest.mark.parametrize(
        ("events", "text", "thinking"),
        [
            ([piece([{"type": "text", "text": "Pa"}, {"type": "text", "text": "ris"}]), end()], "Paris", None),
            ([piece([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]), piece([{"type": "text", "text": "Paris"}]), end()], "Paris", "hm"),
            ([piece([{"type": "reasoning", "text": "hm"}, {"type": "output_text", "text": "Paris"}]), end()], "Paris", "hm"),
            ([piece([{"type": "thinking", "thinking": "hm"}, "Paris"]), end()], "Paris", "hm"),
            ([piece({"type": "text", "text": "Paris"}), end()], "Paris", None),
            ([piece(None, reasoning_content=[{"type": "text", "text": "hm"}]), piece("Paris"), end()], "Paris", "hm"),
            ([piece(None, thinking="hm"), piece("Paris"), end()], "Paris", "hm"),
            ([piece(None, reasoning={"content": "hm"}), piece("Paris"), end()], "Paris", "hm"),
            ([piece("", reasoning_details=[{"type": "reasoning.text", "text": "hm"}]), piece("Paris"), end()], "Paris", "hm"),
            ([piece("", reasoning="hm", reasoning_details=[{"type": "reasoning.text", "text": "hm"}]), piece("Paris"), end()], "Paris", "hm"),
            ([piece(None, refusal="I will not."), end()], "I will not.", None),
            ([{"choices": [{"index": 0, "message": {"role": "assistant", "content": "Paris"}, "finish_reason": "stop"}]}], "Paris", None),
            ([piece("Pa"), {**end(), "choices": [{"index": 0, "delta": {"content": "ris"}, "finish_reason": "stop"}]}], "Paris", None),
            ([piece("Pa"), end(), piece("ris"), {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}], "Paris", None),
            ([piece("Paris", finish="null"), end()], "Paris", None),
            ([piece("<think>hm</think>\n<answer>\nParis\n</answer>"), end()], "Paris", "hm"),
            ([piece("Paris"), end("eos_token")], "Paris", None),
            ([piece("", thinking_blocks=[{"type": "thinking", "thinking": "hm", "signature": "x"}]), piece("Paris"), end()], "Paris", "hm"),
            ([{"choices": [{"index": 0, "delta": "Paris", "finish_reason": "stop"}]}], "Paris", None),
            ([piece("Paris"), end("STOP")], "Paris", None),
            ([piece(None, reasoning_text="hm"), piece("Paris"), end()], "Paris", "hm"),
            ([{"choices": [{"index": 0, "delta": {"text": "Paris"}, "finish_reason": "stop"}]}], "Paris", None),
            ([{"choices": {"index": 0, "delta": {"content": "Paris"}, "finish_reason": "stop"}}], "Paris", None),
            ([{"choices": [{"index": 1, "delta": {"content": "Paris"}, "finish_reason": "stop"}]}], "Paris", None),
            ([piece("Pa"), piece("ris"), again({}, "Paris")], "Paris", None),
            ([piece("Pa"), piece("ris"), again(None, "Paris")], "Paris", None),
            ([piece(None, reasoning_content="hm"), again({}, "Paris")], "Paris", "hm"),
            ([piece("The capital "), piece("is Paris."), piece("The capital is Paris.", finish="stop")], "The capital is Paris.", None),
            ([piece("no "), piece("no "), piece("no no "), end()], "no no no no ", None),
        ],
    )  # fmt: skip
    def test_stream(self, server: ChatServer, remote: mc.ChatModel, events: list[Any], text: str, thinking: str | None) -> None:
        """Contents in parts, whole messages, four names of thinking, text behind the end."""
        server.answer = servers.raw(*events, "[DONE]")
        stream = remote.stream(FRANCE)
        assert "".join(stream) == stream.reply.text == text
        assert (stream.reply.thinking, stream.reply.finish_reason) == (thinking, "stop")

    @pytest.mark.parametrize(
        "sent",
        [
            "\ufeffdata: {0}\n\ndata: {1}\n\ndata: [DONE]\n\n",
            "data: {0}\ndata: {1}\ndata: [DONE]\n",
            "data:\n\ndata: {0}\r\n\r\n: ping\r\n\r\nid: 7\r\nevent: message\r\nretry: 9\r\ndata:{1}\r\n\r\ndata:[DONE]\r\n\r\n",
            "data: {0}\r\rdata: {1}\r\rdata: [DONE]\r\r",
            "data: {0}\n\ndata: {1}",
            "{0}\n{1}\n",
        ],
        ids=["byte order", "no empty lines", "all fields", "carriage returns", "no end", "no data"],
    )
    def test_lines(self, server: ChatServer, remote: mc.ChatModel, sent: str) -> None:
        """Events as servers write them, cut by the network anywhere."""

        def answer(request: Any, _body: dict[str, Any]) -> None:
            request.begin()
            for byte in sent.replace("{0}", json.dumps(piece("né 😀"), ensure_ascii=False)).replace("{1}", json.dumps(end())).encode():
                request.wfile.write(bytes([byte]))

        server.answer = answer
        assert remote.chat(FRANCE).text == "né 😀"

    def test_chunks_a_line(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A server that sends its chunks as lines of JSON, with a length."""
        lines = f"{json.dumps(piece('Paris'))}\n{json.dumps(end())}\n".encode()
        server.answer = lambda request, _body: request.whole(lines, 200, {"Content_Type": "application/x-ndjson"})
        assert remote.chat(FRANCE).text == "Paris"

    def test_calls(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A call that is not in a list, or stands beside its function, is one; one that a server left in the text is warned of."""
        add = {"name": "add", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}}
        call = {"index": 0, "id": "x", "name": "add", "arguments": '{"a": 1}'}
        whole = piece(None, tool_calls=[{"index": 0, "id": "x", "function": {"name": "add", "arguments": '{"a": 1}'}}])
        begun = [piece(None, tool_calls=[{"index": 0, "id": "x", "function": {"name": "add", "arguments": text}}]) for text in ("{}", '{"a"')]
        rest = piece(None, tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}])
        for sent in ([whole, whole], [begun[0], whole], [begun[1], rest, again({}, "", tool_calls=whole["choices"][0]["delta"]["tool_calls"])]):
            server.answer = servers.raw(*sent, end("tool_calls"))
            assert [made.arguments for made in remote.chat(FRANCE, tools=[add]).tool_calls] == [{"a": 1}], sent
        for shape in (call, [call], {"id": "x", "function": call}):
            server.answer = servers.raw(piece(None, tool_calls=shape), end("tool_calls"))
            (made,) = remote.chat(FRANCE, tools=[add]).tool_calls
            assert (made.name, made.arguments) == ("add", {"a": 1})
        server.answer = says('<tool_call>\n{"name": "add", "arguments": {"a": 1}}\n</tool_call>')
        with pytest.warns(UserWarning, match="the server sent no call of a tool.*with its tool parser"):
            assert remote.chat(FRANCE, tools=[add]).text

    @pytest.mark.parametrize(
        "more",
        [
            {"usage": {"input_tokens": 3, "output_tokens": 7}}, {"usage": {"prompt_tokens": 3.0, "completion_tokens": 7.0}},
            {"x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 7}}},
        ],
        ids=["other names", "floats", "in a field of its own"],
    )  # fmt: skip
    def test_figures(self, server: ChatServer, remote: mc.ChatModel, more: dict[str, Any]) -> None:
        """Figures are read wherever they stand."""
        server.answer = servers.raw(piece("Paris"), {**end(), **more}, "[DONE]")
        usage = remote.chat(FRANCE).usage
        assert (usage.prompt_tokens, usage.completion_tokens) == (3, 7)

    def test_words_that_nobody_knows(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A reply whose words stand in a field of which nobody heard is no empty reply."""
        server.answer = servers.raw(piece("", words="Paris"), end())
        with pytest.raises(EngineError, match="as 'words', which cannot be read here"):
            remote.chat(FRANCE)
        server.answer = servers.raw(piece("", role="assistant"), end())
        with pytest.warns(UserWarning, match="without a word"):
            assert remote.chat(FRANCE).text == ""

    def test_half_characters(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A character that a server cut into its two halves is whole again; a lone half is replaced, and the text can be printed."""
        server.answer = servers.raw(piece("a\ud83d"), piece("\ude00b"), end())
        assert remote.chat(FRANCE).text == "a😀b"
        server.answer = servers.raw(piece("a\ud83d"), end())
        assert remote.chat(FRANCE).text == "a\ufffd"

    @pytest.mark.parametrize("content", ["Paris", [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Paris"}]])
    def test_a_server_that_does_not_stream(self, server: ChatServer, remote: mc.ChatModel, content: Any) -> None:
        """One JSON body in place of a stream is the reply, with its figures."""
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "length"}
        server.answer = servers.body({"object": "chat.completion", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 5}})
        with pytest.warns(UserWarning, match="allows more: the server allows no more, or the context is full with the 3 tokens"):
            reply = remote.chat(FRANCE)
        assert (reply.text, reply.finish_reason, reply.usage.completion_tokens, reply.context_full) == ("Paris", "length", 5, False)
        server.answer = servers.body({"choices": [choice]}, kind="text/plain; charset=utf-8")
        assert remote.chat(FRANCE).text == "Paris"
        server.answer = servers.body({"object": "text_completion", "choices": [{"index": 0, "text": " Paris", "finish_reason": "stop"}]})
        assert remote.complete("The capital is").text == " Paris"

    def test_stop_string_is_about_the_answer(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A server would stop within the thinking: it is not told, unless there is none."""
        server.answer = says("<think>One.\n\nTwo.</think>Hello!\n\nBye.")
        assert remote.chat(FRANCE, stop="\n\n").text == "Hello!"
        server.answer = says("Hello!\n\nBye.", thinking=("One.\n\nTwo.",))
        reply = remote.chat(FRANCE, stop="\n\n")
        assert (reply.text, reply.thinking, reply.finish_reason) == ("Hello!", "One.\n\nTwo.", "stop")
        server.answer = says("Hello!\n\nBye.")
        remote.chat(FRANCE, stop="\n\n", enable_thinking=False)
        server.answer = says(" Paris. END")
        assert remote.complete("The capital is", stop=" END").text == " Paris."
        assert ["stop" in asked.body for asked in server.asked] == [False, False, True, True]


def test_long_lines_and_deep_ones() -> None:
    """A line that comes in many pieces is joined once; JSON that is nested without end is what cannot be read."""
    begun = time.perf_counter()
    assert list(events([b'data: "', *[b"x" * 5000] * 4000, b'"\n\n'])) == ["x" * 20_000_000]
    assert time.perf_counter() - begun < 10  # to look through all of it again with each piece takes minutes
    with pytest.raises(ValueError, match=r"\[\["):
        list(events([b"data: " + b"[" * 200_000 + b"\n\n"]))
    with pytest.raises(ValueError, match="data: xx"):
        list(events(b"data: " + b"x" * 1_000_000 for _ in count()))


class TestFaults:
    """Each failure of a server is a typed error with a next step, within bounded time."""

    @pytest.mark.parametrize(
        ("answer", "kind", "said"),
        [
            (servers.refuses(401, "bad key"), EngineError, "rejected the key: bad key"),
            (servers.refuses(403, "not yours"), EngineError, "does not allow this key"),
            (servers.refuses(404, "The model `x` does not exist."), EngineError, "does not know the model"),
            (servers.refuses(400, "Server is pinned to 'y'; requested 'x'."), EngineError, "does not know the model"),
            (servers.refuses(404, "Not Found"), EngineError, "cannot be read: 404"),
            (servers.refuses(400, "The response was filtered", code="content_filter"), EngineError, "the content filter of .* refused the prompt"),
            (servers.refuses(400, "Content Exists Risk"), EngineError, "the content filter of .* refused the prompt"),
            (servers.refuses(403, "m requires moderation. Your input was flagged for x"), EngineError, "the content filter of .* refused the prompt"),
            (servers.raw({"error": {"message": "The response was blocked", "code": "content_filter"}}), EngineError, "the content filter of"),
            (servers.refuses(400, "maximum context length is 8192 tokens"), Unsupported, "prompt is too long"),
            (servers.refuses(400, "you must provide a chat template"), NoChatTemplate, "has no chat template"),
            (servers.refuses(422, "Unexpected fields: {'top_k'}"), Unsupported, "refused the request: Unexpected fields"),
            (servers.refuses(429, "quota", Retry_After="0"), EngineError, "takes no more requests for now: quota"),
            (servers.refuses(500, "boom", Retry_After="0"), EngineError, "failed with status 500: boom"),
            (servers.dies("The"), EngineError, "cannot be read|before the reply was finished"),
            (servers.dies(), EngineError, "cannot be read|before the reply was finished"),
            (servers.stalls("The"), EngineError, "sent nothing for 1.5 s"),
            (servers.silent, EngineError, "sent nothing for 1.5 s"),
            (servers.comments, EngineError, "sent nothing for 1.5 s"),
            (servers.page, EngineError, "cannot be read: <html>"),
            (servers.body("busy", kind="text/plain"), EngineError, "cannot be read"),
            (servers.raw({"error": {"message": "CUDA out of memory"}}), EngineError, "broke off the reply: CUDA out of memory"),
            (servers.raw("{not json"), EngineError, "cannot be read"),
            (servers.raw("[DONE]"), EngineError, "before the reply was finished"),
            (servers.raw({"choices": 7}), EngineError, "cannot be read"),
            (servers.raw(piece("", audio={"data": "AAAA"}), end()), EngineError, "a part of type 'audio', which cannot be read"),
            (servers.raw('1\n\nerror: {"code":500,"message":"boom"}'), EngineError, "broke off the reply: boom"),
            (servers.raw("\n\n<html>Log in</html>"), EngineError, "cannot be read: <html>Log in</html>"),
            (says("x", finish="SAFETY"), EngineError, "content filter"),
            (servers.refuses(402, "no credits"), EngineError, "takes no more requests for now: no credits"),
            (servers.refuses(402, "no \x1b[31mcredits\x07"), EngineError, "takes no more requests for now: no .31mcredits"),
            (servers.refuses(413, "too big"), Unsupported, "refused the request as too large"),
            (servers.refuses(429, "daily limit", Retry_After="3600"), EngineError, "takes no more requests for now: daily limit\n  wait 3600 s"),
            (servers.refuses(529, "Overloaded", Retry_After="0"), EngineError, "failed with status 529: Overloaded"),
            (servers.refuses(400, "the request exceeds the available context size"), Unsupported, "prompt is too long"),
            (servers.refuses(422, "`inputs` tokens + `max_new_tokens` must be <= 4096"), Unsupported, "prompt is too long"),
            (servers.raw({"choices": [{"delta": {"content": 7}}]}), EngineError, "a content that is int, which cannot be read"),
            (servers.raw(piece([{"type": "image_url", "image_url": {"url": "x"}}])), EngineError, "a part of type 'image_url', which cannot be read"),
            (servers.raw({"code": 503, "message": "overloaded"}), EngineError, "failed with status 503: overloaded"),
            (servers.raw({"object": "error", "message": "out of slots", "code": 40303}), EngineError, "broke off the reply: out of slots"),
            (servers.body({"error": {"message": "CUDA out of memory", "type": "server_error"}}), EngineError, "broke off the reply: CUDA out of memory"),
            (servers.body({"code": 400, "message": "maximum context length is 8 tokens"}), Unsupported, "prompt is too long"),
            (servers.body({"detail": "no worker"}), EngineError, "no worker"),
            (servers.body({"error_code": 336003, "error_msg": "messages is empty"}), EngineError, "broke off the reply: messages is empty"),
            (servers.raw({"error_code": 336003, "error_msg": "messages is empty"}), EngineError, "broke off the reply: messages is empty"),
            (servers.body({"success": False, "errors": [{"code": 7000, "message": "No route"}]}), EngineError, "broke off the reply: No route"),
            (servers.raw({"choices": [], "base_resp": {"status_code": 1008, "status_msg": "no balance"}}), EngineError, "broke off the reply: no balance"),
            (servers.raw({"base_resp": {"status_code": 2013, "status_msg": "context window exceeds limit"}}), Unsupported, "prompt is too long"),
            (servers.body([1]), EngineError, "cannot be read"),
            (lambda request, _: request.json([{"error": {"message": "models/x is not found"}}], 404), EngineError, "does not know the model"),
            (says("x", finish="abort"), EngineError, "ended the reply with finish_reason 'abort'"),
            (says("x", finish="error"), EngineError, "ended the reply with finish_reason 'error'"),
            (says("x", finish="insufficient_system_resource"), EngineError, "'insufficient_system_resource'"),
            (says("x", finish="tool_calls"), EngineError, "to call a tool, and sent no call"),
            (servers.raw(piece(None, tool_calls=[{"function": {"name": "weather", "arguments": "{}"}}]), end()), EngineError, "nobody offered: weather"),
            (says("x", finish="content_filter"), EngineError, "content filter"),
        ],
    )
    def test_typed(self, server: ChatServer, remote: mc.ChatModel, answer: servers.Answer, kind: type[ModelCatalogError], said: str) -> None:
        """The error says what happened, about what, and what to do."""
        server.answer = answer
        start = time.monotonic()
        with pytest.raises(kind, match=said) as caught:
            remote.chat(FRANCE)
        assert time.monotonic() - start < 5
        assert caught.value.subject in {server.url, QWEN}
        assert caught.value.hint

    @pytest.mark.parametrize(
        "said",
        [
            "Cannot truncate prompt with n_keep (15028) >= n_ctx (7424)", "Input is too long for requested model.", "Prompt exceeds max length",
            "Invalid request: Your request exceeded model token limit: 8192", "Range of input length should be [1, 30720]",
            "Prompt length (9000) exceeds maximum input length (8192)", "input token length is longer than session_len",
            "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
            "The sum of prompt length (9000.0), query length (0) should not exceed max_num_tokens (8192)",
            "Total tokens of image and text exceed max message tokens.",
        ],
    )  # fmt: skip
    def test_a_prompt_that_is_too_long(self, server: ChatServer, remote: mc.ChatModel, said: str) -> None:
        """However a server says it, the hint is about the prompt; what is too large of an option is still that."""
        server.answer = servers.refuses(400, said)
        with pytest.raises(Unsupported, match="prompt is too long") as caught:
            remote.chat(FRANCE)
        assert "begin a new session" in (caught.value.hint or "")
        server.answer = servers.refuses(400, "max_tokens is too large: 999999. This model supports at most 16384 completion tokens")
        with pytest.raises(Unsupported, match="refused the request"):
            remote.chat(FRANCE)

    def test_without_a_word(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A reply that ends before its first word is one, and is said; so is a last line without its brackets the end."""
        server.answer = servers.raw(piece(""), end(), "[DONE]")
        with pytest.warns(UserWarning, match="ended the reply of .* without a word"):
            assert remote.chat(FRANCE).text == ""
        server.answer = servers.raw(piece("Paris"), end(), "DONE")
        assert remote.chat(FRANCE).text == "Paris"

    @pytest.mark.parametrize(
        "answer",
        [
            says("The capital", finish="abort"), says("The capital", finish="error"), says("The capital", finish="content_filter"),
            servers.raw(piece("The capital"), "[DONE]"), servers.raw(piece("The capital")), servers.dies("The capital"),
            servers.raw({"choices": [{"index": 0, "delta": {"content": "The capital"}, "finish_reason": "error", "error": {"message": "boom"}}]}),
            servers.raw(piece("The capital"), {"choices": [{"index": 1, "delta": {"content": "other"}}]}),
            servers.raw(piece("The capital"), {"error": {"message": "boom"}}), servers.raw(piece("The capital"), {"code": 500, "message": "boom"}),
            servers.raw(piece("The capital"), piece(None, tool_calls=[{"function": {"name": "f"}}]), end("tool_calls")),
        ],
    )  # fmt: skip
    def test_a_failed_end_keeps_the_text(self, server: ChatServer, remote: mc.ChatModel, answer: servers.Answer) -> None:
        """However a reply fails, what had come is in the stream's reply, in the batch's, and with the error."""
        server.answer = answer
        with pytest.raises(EngineError) as caught:
            remote.chat(FRANCE)
        assert caught.value.partial == "The capital"
        (reply,) = remote.batch([FRANCE])
        assert (reply.text, reply.finish_reason) == ("The capital", "error")
        assert isinstance(reply.error, EngineError)

    def test_what_was_said_before(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """After a failure in mid-stream, what had come is in the reply, with the error."""
        server.answer = servers.stalls("The capital")
        stream = remote.stream(FRANCE)
        with pytest.raises(EngineError) as caught:
            list(stream)
        assert (stream.reply.text, stream.reply.finish_reason, stream.reply.error) == ("The capital", "error", caught.value)

    @pytest.mark.parametrize(
        ("status", "said"),
        [
            (404, "This is not a chat model and thus not supported in the v1/chat/completions endpoint."),
            (400, '"nomic-embed-text" does not support chat'),
            (400, "The model does not support Chat Completions API"),
        ],
    )
    def test_a_model_that_does_not_chat(self, server: ChatServer, remote: mc.ChatModel, status: int, said: str) -> None:
        """In the words of OpenAI, Ollama and vLLM."""
        server.answer = servers.refuses(status, said)
        with pytest.raises(Unsupported, match="does not chat: ") as caught:
            remote.chat(FRANCE)
        assert caught.value.hint == "ask it for a model that was made to chat"

    def test_unknown_model_lists_the_known(self, server: ChatServer) -> None:
        """The models that the server has are named."""
        server.models = [("a", "x"), ("b", "x")]
        server.answer = servers.refuses(404, "no such thing", code="model_not_found")
        with mc.load(QWEN, base_url=server.url) as model, pytest.raises(EngineError) as caught:
            model.chat(FRANCE)
        assert caught.value.hint == "it serves a, b"
        assert type(caught.value.__cause__).__name__ == "NotFoundError"

    def test_busy_for_a_moment(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A server that is busy is asked again."""
        server.answer = servers.refuses(503, "loading", times=2, then=says("ready"), Retry_After="0.1")
        assert str(remote.chat(FRANCE)) == "ready"
        assert len(server.asked) == 3

    @pytest.mark.parametrize(
        ("said", "gone", "there"),
        [
            ("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens", "max_completion_tokens"),
            ("Unrecognized request argument: stream_options", "stream_options", "max_tokens"),
            ("Unsupported parameter: 'stop' is not supported with this model.", "stop", "max_tokens"),
        ],
    )
    def test_dialects(self, server: ChatServer, remote: mc.ChatModel, said: str, gone: str, there: str) -> None:
        """A server that refuses the usual words is asked in its own, and the next time at once."""
        server.answer = servers.refuses(400, said, times=1, then=says("one END two"))
        assert remote.chat(FRANCE, stop="END", enable_thinking=False).text == "one "
        assert remote.chat(FRANCE, stop="END", enable_thinking=False).text == "one "
        assert len(server.asked) == 3
        assert gone in server.asked[0].body
        assert all(gone not in asked.body and there in asked.body for asked in server.asked[1:])


# A real server --------------------------------------------------------------------------------


class TestConstraints:
    """What a reply must match is sent in the words of servers, and checked when it comes."""

    def test_sent(self, remote: mc.ChatModel, server: ChatServer) -> None:
        """JSON by OpenAI's words, choices and patterns by those of vLLM and SGLang."""
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
        server.answer = says('{"n": 3}')
        assert remote.chat("hi", response_format=schema).parsed == {"n": 3}
        assert server.asked[-1].body["response_format"] == {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema, "strict": True}}
        assert remote.chat("hi", response_format={"type": "json_object"}).parsed == {"n": 3}
        assert server.asked[-1].body["response_format"] == {"type": "json_object"}
        loose = {"type": "object", "properties": {"n": {"type": "integer"}}}
        assert remote.chat("hi", response_format=loose).parsed == {"n": 3}
        assert server.asked[-1].body["response_format"]["json_schema"]["strict"] is False
        server.answer = says("a|b")
        assert remote.chat("hi", choices=["a|b", "c"]).parsed == "a|b"
        assert server.asked[-1].body["structured_outputs"] == {"choice": ["a|b", "c"]}
        assert server.asked[-1].body["regex"] == r"a\|b|c"
        assert remote.chat("hi", regex="[a|b]+").parsed == "a|b"
        assert server.asked[-1].body["structured_outputs"] == {"regex": "[a|b]+"}

    def test_ignored(self, remote: mc.ChatModel, server: ChatServer) -> None:
        """A server that answers in words is an error that has them."""
        server.answer = says("Sure! Here is your JSON: {}")
        with pytest.raises(EngineError, match="does not match") as caught:
            remote.chat("hi", response_format={"type": "object", "required": ["n"]})
        assert caught.value.partial == "Sure! Here is your JSON: {}"
        (reply,) = remote.batch(["hi"], choices=["yes"])
        assert reply.finish_reason == "error"

    def test_vendor(self) -> None:
        """A company's own API keeps to JSON only, and says so before it is asked."""
        dialect = Dialect(newest=True, vendor=True)
        prompt = (Message(role="user", content="hi"),)
        with pytest.raises(Unsupported, match="keeps chats to JSON"):
            body(prompt, options(8, {"regex": "a"}), "gpt-4o", dialect)
        assert body(prompt, options(8, {"response_format": dict[str, int]}), "gpt-4o", dialect)["response_format"]["type"] == "json_schema"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.3)
    return False


@pytest.fixture(scope="module")
def transformers_serve(safetensors_folder: Path) -> Iterator[str]:
    """`transformers serve` with the real SmolLM2, in a process of its own."""
    with serving.transformers_serve(str(safetensors_folder)) as url:
        yield url


@pytest.fixture
def served(transformers_serve: str, safetensors_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[mc.ChatModel]:
    """The model of that server, which knows it by its path."""
    monkeypatch.setenv("MODELCATALOG_SERVER_TIMEOUT", "60")
    with mc.load(str(safetensors_folder), engine="openai", base_url=transformers_serve) as model:
        yield model


class TestTransformersServe:
    """The contract on a real server with a real model."""

    def test_reply(self, served: mc.ChatModel) -> None:
        """The model's words and the server's figures."""
        reply = served.chat(FRANCE, temperature=0, max_new_tokens=20)
        assert (reply.text, reply.finish_reason) == (REPLY, "stop")
        assert reply.usage.prompt_tokens == 37
        assert reply.usage.completion_tokens in {7, 8}
        assert reply.seconds_to_first_token is not None

    def test_length_and_stop(self, served: mc.ChatModel) -> None:
        """Too few tokens, and a stop string."""
        assert served.chat(FRANCE, temperature=0, max_new_tokens=3).finish_reason == "length"
        reply = served.chat(FRANCE, temperature=0, stop=" is", max_new_tokens=20)
        assert (reply.text, reply.finish_reason) == ("The capital of France", "stop")

    def test_complete(self, served: mc.ChatModel) -> None:
        """A text is continued."""
        assert served.complete("The capital of France is", max_new_tokens=2, temperature=0).text.startswith(" Paris")

    def test_stream_session_cancel(self, served: mc.ChatModel) -> None:
        """Pieces come one by one, a conversation goes on, and a cancelled reply stays as far as it came."""
        session = served.session()
        stream = session.stream(FRANCE, temperature=0, max_new_tokens=20)
        assert len(list(stream)) > 3
        long = session.stream("Tell me a long story.", max_new_tokens=300)
        next(long)
        long.cancel()
        assert long.reply.finish_reason == "cancelled"
        assert session.chat("And of Italy?", max_new_tokens=8).text
        assert [m.role for m in session.messages] == ["user", "assistant"] * 3

    def test_refusals(self, served: mc.ChatModel, transformers_serve: str) -> None:
        """An option that it lacks, and a model that it lacks."""
        with pytest.raises(Unsupported, match="top_k"):
            served.chat(FRANCE, top_k=5)
        # Since 5.24 its list names the one model that it was started with, so that this is known without asking.
        with (
            pytest.raises(EngineError, match=r"does not know the model|which is not Qwen3-8B"),
            mc.load("Qwen3-8B", base_url=transformers_serve) as other,
        ):
            other.chat(FRANCE)
