"""Tests of engines/: text out of tokens, options, and the transformers engine on a real model."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcatalog import engines
from modelcatalog.engines import Finished, Message, Options, Pieces, Started, Thought
from modelcatalog.engines.prompts.thinking import Parter
from modelcatalog.engines.text import Decoder, StopStrings, Writer
from modelcatalog.engines.transformers import Transformers
from modelcatalog.engines.vllm import loading
from modelcatalog.errors import EngineError, Unsupported
from modelcatalog.planning import plan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelcatalog.chat import ChatModel
    from modelcatalog.engines import Engine


def cut(text: str, places: list[int]) -> list[str]:
    """The text in pieces."""
    marks = [0, *sorted(p % (len(text) + 1) for p in places), len(text)]
    return [text[a:b] for a, b in pairwise(marks)]


class TestStopStrings:
    """A stop string ends the text just before it."""

    @given(text=st.text("abE ND", max_size=20), places=st.lists(st.integers(0, 20), max_size=5))
    def test_any_cut(self, text: str, places: list[int]) -> None:
        """What comes out is the text before the first stop string, wherever it is cut."""
        stops = StopStrings(("END", "b b"))
        out = "".join(stops.push(part) for part in cut(text, places)) + stops.rest()
        ends = [at for stop in ("END", "b b") if (at := text.find(stop)) >= 0]
        assert out == (text[: min(ends)] if ends else text)


class TestDecoder:
    """Characters of several tokens come whole."""

    @given(st.text(max_size=30))
    def test_bytes_as_tokens(self, text: str) -> None:
        """With one token a byte, no piece ever holds half a character, and nothing is lost."""
        decoder = Decoder(lambda ids: bytes(ids).decode("utf-8", "replace"))
        pieces = [decoder.push(byte) for byte in text.encode()]
        assert "".join(pieces) + decoder.rest() == text


class Bytes:
    """A tokenizer of one token a byte, and special tokens from 256 on."""

    specials = ("<eos>", "[THINK]", "[/THINK]", "<|x|>")

    def encode(self, text: str, add_special: bool) -> list[int]:  # noqa: FBT001  the shape of Tokens
        """The bytes."""
        return [*text.encode()]

    def decode(self, ids: Sequence[int]) -> str:
        """The bytes' text."""
        return bytes(token for token in ids if token < 256).decode("utf-8", "replace")

    def token(self, text: str) -> int | None:
        """The special token of this text."""
        return 256 + self.specials.index(text) if text in self.specials else None

    def added(self, token: int) -> str | None:
        """The text of a special token."""
        return self.specials[token - 256] if token >= 256 else None


class TestWriter:
    """Tokens of a reply as text."""

    def write(self, *tokens: int, stops: tuple[str, ...] = ()) -> tuple[str, str, bool]:
        """Answer, thinking, and whether the reply is done."""
        marks = {257: "[THINK]", 258: "[/THINK]"}
        writer = Writer(Bytes(), stops, {256}, marks=marks, parter=Parter(tokens=frozenset(marks.values())))
        written = [*map(writer.push, tokens), writer.rest()]
        pieces = [piece for one in written for piece in (one.pieces if isinstance(one, Pieces) else (one,))]
        return "".join(p for p in pieces if isinstance(p, str)), "".join(p.text for p in pieces if isinstance(p, Thought)), writer.done

    def test_marks(self) -> None:
        """A thinking mark that the tokenizer calls special is seen, and the token that ends the reply is not text."""
        assert self.write(257, *"é".encode(), 258, *b"ok", 256) == ("ok", "é", True)

    def test_stop_string_in_the_thinking(self) -> None:
        """A stop string counts in the answer, not in the thinking before it."""
        assert self.write(257, *b"a.b", 258, *b"c.d", stops=(".",)) == ("c", "a.b", True)

    def test_special_token_as_stop_string(self) -> None:
        """A special token's text ends the reply, alone and among others, though it is not shown."""
        assert self.write(*b"one", 259, *b"two", stops=("<|x|>",)) == ("one", "", True)
        assert self.write(*b"one", 259, *b"two", stops=("e<|x|>t",)) == ("on", "", True)
        assert self.write(*b"one", 259, *b"two", stops=("nothing",)) == ("onetwo", "", False)


class TestOptions:
    """Generation options under their usual names."""

    def test_unknown(self) -> None:
        """A misspelt option is named, with those that exist."""
        with pytest.raises(Unsupported, match="'temprature'") as caught:
            engines.options(8, {"temprature": 1})
        assert "temperature" in (caught.value.hint or "")

    @pytest.mark.parametrize("given", [{"temperature": -1}, {"top_p": 2}, {"seed": "x"}])
    def test_wrong_value(self, given: dict[str, object]) -> None:
        """A value out of range is an error before anything is generated."""
        with pytest.raises(Unsupported, match=next(iter(given))):
            engines.options(8, given)


@pytest.fixture(scope="module")
def engine(model: ChatModel) -> Engine:
    """The engine under the chat model."""
    return model._engine


@pytest.fixture(scope="module")
def quick(small: ChatModel) -> Engine:
    """The same under a small one: it does not matter which tokens it makes."""
    return small._engine


ASK = (Message(role="user", content="What is the capital of France?"),)


class TestTransformers:
    """The engine itself; chat is tested in test_chat.py."""

    def test_events(self, engine: Engine) -> None:
        """A run starts with the size of the prompt, gives pieces of text, and says why it ended."""
        events = list(engine.run(ASK, Options(max_new_tokens=20), cancel=threading.Event()))
        assert events[0] == Started(37, thinking=False)
        assert "".join(e for e in events if isinstance(e, str)) == "The capital of France is Paris."
        assert events[-1] == Finished("stop", 8)

    def test_length(self, engine: Engine) -> None:
        """Too few tokens end it with ``length``."""
        *_, last = engine.run(ASK, Options(max_new_tokens=3), cancel=threading.Event())
        assert last == Finished("length", 3)

    def test_cancel(self, engine: Engine) -> None:
        """Cancelling from another thread ends it after the current token."""
        cancel, count = threading.Event(), 0
        for event in engine.run("Once upon a time", Options(max_new_tokens=400), cancel=cancel):
            count += isinstance(event, str)
            if count == 3:
                cancel.set()
            last = event
        assert isinstance(last, Finished)
        assert last.reason == "cancelled"
        assert last.completion_tokens < 12

    def test_seed(self, quick: Engine) -> None:
        """A seed makes sampling repeatable, and leaves the caller's random numbers alone."""
        import torch

        def sample(seed: int) -> str:
            options = Options(max_new_tokens=12, temperature=1.5, seed=seed)
            return "".join(e for e in quick.run(ASK, options, cancel=threading.Event()) if isinstance(e, str))

        torch.manual_seed(0)
        expected = torch.rand(1)
        torch.manual_seed(0)
        first = sample(1)
        assert torch.rand(1) == expected
        assert sample(1) == first
        assert sample(2) != first

    def test_prompt_too_long(self, engine: Engine) -> None:
        """A prompt longer than the model reads is refused before it is computed."""
        with pytest.raises(Unsupported, match="the model reads 8,192"):
            list(engine.run("word " * 9000, Options(), cancel=threading.Event()))

    def test_template_error(self, engine: Engine) -> None:
        """A template that raises is named as the one who refused."""
        with pytest.raises(Unsupported, match="refused these messages"):
            list(engine.run(ASK, Options(chat_template="{{ raise_exception('no') }}"), cancel=threading.Event()))

    def test_attention(self, engine: Engine) -> None:
        """The attention implementation is named."""
        assert isinstance(engine, Transformers)
        assert engine.attention == "sdpa"

    @pytest.mark.parametrize("penalty", [None, 1.3])
    def test_as_generate(self, quick: Any, penalty: float | None) -> None:
        """Our loop makes the tokens that `generate` makes, and so does the engine where it leaves the work to it."""
        import torch

        settings = {} if penalty is None else {"repetition_penalty": penalty}
        options = Options(max_new_tokens=12, temperature=0, repetition_penalty=penalty)
        ids = torch.tensor([quick._ask(ASK, options).row.ids])
        with torch.inference_mode():
            made = quick._model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False, **settings)
        expected = quick._tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)
        assert quick.decoding.startswith("loop")
        assert _text(quick, options) == expected
        left = Transformers(quick._model, quick._tokenizer, "x")
        left._against = "for the test"
        assert _text(left, options) == expected
        memory = left.new_memory()
        assert _text(left, options, memory) == _text(left, options, memory) == expected
        assert memory.ids
        left._prompter.close()

    def test_what_generate_is_for(self, engine: Any) -> None:
        """A checkpoint that asks for more than our loop does is left to `generate`."""
        config = engine._model.generation_config
        config.no_repeat_ngram_size = 3
        try:
            other = Transformers(engine._model, engine._tokenizer, "x")
            assert other.decoding == "generate: generation_config.json asks for no_repeat_ngram_size"
            assert "one by one" in other.costs[0]
            assert other.run_many(iter([ASK]), Options(), cancel=threading.Event()) is None
        finally:
            config.no_repeat_ngram_size = None
        assert Transformers(engine._model, engine._tokenizer, "x").decoding.startswith("loop")

    def test_beams(self, quick: Any) -> None:
        """A checkpoint that asks for beams answers as `generate` does, in one piece, and says so; it gives one reply, however many are asked for."""
        import torch

        config, options = quick._model.generation_config, Options(max_new_tokens=8, temperature=0)
        ids = torch.tensor([quick._ask(ASK, options).row.ids])
        config.num_beams, config.num_return_sequences = 3, 2
        try:
            with torch.inference_mode():
                made = quick._model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, do_sample=False)
            other = Transformers(quick._model, quick._tokenizer, "x")
            assert _text(other, options) == quick._tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)
            assert any("in one piece" in cost for cost in other.costs)
            other._prompter.close()
        finally:
            config.num_beams = config.num_return_sequences = None

    def test_only_on_a_hub(self, quick: Any) -> None:
        """What transformers would need code from its hub for is left out, with a word."""
        quick._model.generation_config.penalty_alpha = 0.6
        try:
            other = Transformers(quick._model, quick._tokenizer, "x")
            assert any("penalty_alpha" in cost and "without it" in cost for cost in other.costs)
            other._prompter.close()
        finally:
            quick._model.generation_config.penalty_alpha = None

    def test_stop_strings(self, quick: Any) -> None:
        """The strings at which a checkpoint ends its replies end them, in our loop; the caller's own come before them."""
        whole = _text(quick, Options(max_new_tokens=12, temperature=0))
        quick._model.generation_config.stop_strings = [whole[3:5]]
        try:
            other = Transformers(quick._model, quick._tokenizer, "x")
            assert other.decoding.startswith("loop")
            assert _text(other, Options(max_new_tokens=12, temperature=0)) == whole[: whole.index(whole[3:5])]
            assert _text(other, Options(max_new_tokens=12, temperature=0, stop=("none",))) == whole
            other._prompter.close()
        finally:
            quick._model.generation_config.stop_strings = None


def _text(engine: Engine, options: Options, memory: object | None = None) -> str:
    return "".join(e for e in engine.run(ASK, options, cancel=threading.Event(), memory=memory) if isinstance(e, str))


@dataclass
class _EngineArgs:
    """The arguments of a vLLM that is not installed."""

    model: str
    dtype: str
    max_model_len: int
    trust_remote_code: bool
    seed: int
    disable_log_stats: bool
    enforce_eager: bool


def test_vllm_ends_what_it_started(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where loading fails behind vLLM's start, its processes end."""
    pytest.importorskip("transformers")
    core = SimpleNamespace(ended=0)
    core.shutdown = lambda: setattr(core, "ended", core.ended + 1)
    started = SimpleNamespace(engine_core=core)  # it has no configuration, on which loading fails
    fakes: dict[str, dict[str, object]] = {
        "vllm": {}, "vllm.engine": {}, "vllm.engine.arg_utils": {"EngineArgs": _EngineArgs}, "vllm.v1": {}, "vllm.v1.engine": {},
        "vllm.v1.engine.llm_engine": {"LLMEngine": SimpleNamespace(from_engine_args=lambda _: started)},
    }  # fmt: skip
    for name, members in fakes.items():
        module = ModuleType(name)
        module.__dict__.update(members)
        monkeypatch.setitem(sys.modules, name, module)
    for name in ("VLLM_NO_USAGE_STATS", "VLLM_LOGGING_LEVEL", "VLLM_CPU_KVCACHE_SPACE", "VLLM_CPU_OMP_THREADS_BIND"):
        monkeypatch.setenv(name, "")
    with pytest.raises(EngineError, match="vllm does not start"):
        loading.read(plan(tiny_folder, engine="transformers", device="cpu"))
    assert core.ended == 1
