"""Tests of the step on static buffers: the same tokens as `generate`, with everything but the GPU's own recording real.

A CUDA graph repeats the operations it recorded on the tensors it recorded, with every number of Python's frozen. `Tape`
does just that on a CPU, so a step that would go wrong in a graph goes wrong on the tape.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog.engines.transformers.graphs import StaticDecoder, reason_against

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.chat import ChatModel

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from torch.utils import _pytree as pytree  # noqa: E402  after the skip
from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402


class Tape(TorchDispatchMode):  # type: ignore[misc]  # torch's is not typed
    """Records operations, refuses those that ask a tensor for its value, and repeats them."""

    def __init__(self) -> None:
        super().__init__()
        self.ops: list[tuple[Any, Any, Any, Any]] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if "_local_scalar_dense" in str(func):
            message = "operation not permitted when stream is capturing"
            raise RuntimeError(message)
        out = func(*args, **(kwargs or {}))
        self.ops.append((func, args, kwargs or {}, out))
        return out

    def replay(self) -> None:
        """The operations again: on the results of this round where they took results, else on the same tensors."""
        made: dict[int, Any] = {}

        def now(value: Any) -> Any:
            return made.get(id(value), value)

        for func, args, kwargs, out in self.ops:
            again = func(*pytree.tree_map(now, args), **pytree.tree_map(now, kwargs))
            flat = zip(pytree.tree_leaves(out), pytree.tree_leaves(again), strict=True)
            # What an operation changed in place is itself, not a result.
            made.update({id(old): new for old, new in flat if isinstance(old, torch.Tensor)})
        self.made = made

    def result(self, value: Any) -> Any:
        """This round's value of a recorded result."""
        return self.made.get(id(value), value)


def tape(run: Callable[[], Any], _device: Any) -> Callable[[], Any]:
    """Records as `graphs` does: after a round of warming up."""
    run()
    recorder = Tape()
    with recorder:
        scores = run()

    def replay() -> Any:
        recorder.replay()
        return recorder.result(scores)

    return replay


def direct(run: Callable[[], Any], _device: Any) -> Callable[[], Any]:
    """No recording: the step itself."""
    run()
    return run


@pytest.fixture(scope="module")
def inner(small: ChatModel) -> Any:
    """A model in float32: what matters is that its tokens are those of `generate`, whatever they say."""
    return small._engine._model  # type: ignore[attr-defined]


def ids(model: ChatModel, text: str) -> list[int]:
    """Tokens of a text."""
    return list(model._engine._tokenizer(text)["input_ids"])  # type: ignore[attr-defined]


def expected(inner: Any, prompt: list[int], count: int) -> list[int]:
    """What `generate` makes greedily."""
    tokens = torch.tensor([prompt])
    made = inner.generate(tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=count, min_new_tokens=count, do_sample=False, pad_token_id=2)
    return list(made[0, len(prompt) :].tolist())


def read(inner: Any, prompt: list[int], cache: Any) -> int:
    """Read a prompt as ever, what the cache holds already left out; the first token."""
    rest = torch.tensor([prompt[cache.get_seq_length() :]])
    with torch.inference_mode():
        return int(inner(input_ids=rest, past_key_values=cache, logits_to_keep=1).logits[0, -1].argmax())


def greedy(inner: Any, decoder: StaticDecoder, prompt: list[int], count: int, cache: Any) -> list[int]:
    """What an engine does: read, then step; the ordinary way where there is no step."""
    made = [read(inner, prompt, cache)]
    while len(made) < count:
        scores = decoder.step(cache, made[-1], room=len(prompt) + count)
        if scores is None:
            decoder.settle()
            with torch.inference_mode():
                scores = inner(input_ids=torch.tensor([[made[-1]]]), past_key_values=cache, logits_to_keep=1).logits[:, -1]
        made.append(int(scores.argmax()))
    decoder.settle()
    return made


def fresh(inner: Any) -> Any:
    """An empty cache."""
    return transformers.DynamicCache(config=inner.config)


FRANCE = "The capital of France is"
STORY = "Once upon a time, in a small village by the sea, there lived"


class TestSame:
    """The same tokens as `generate` makes, greedily, in float32."""

    @pytest.mark.parametrize("capture", [direct, tape])
    def test_conversation(self, capture: Any, small: ChatModel, inner: Any) -> None:
        """A reply, the next turn on the same cache after cutting it back, and another conversation between."""
        decoder = StaticDecoder(inner, capture=capture)
        one, two = ids(small, FRANCE), ids(small, STORY)
        cache, other = fresh(inner), fresh(inner)
        first = greedy(inner, decoder, one, 9, cache)
        assert first == expected(inner, one, 9)
        # The last token was never fed back.
        assert cache.get_seq_length() == len(one) + 8
        assert greedy(inner, decoder, two, 5, other) == expected(inner, two, 5)
        cache.crop(-3)
        turn = [*one, *first[:5], *ids(small, " And the capital of Italy is")]
        assert greedy(inner, decoder, turn, 6, cache) == expected(inner, turn, 6)
        assert decoder.path == "cuda graph"

    def test_interleaved(self, small: ChatModel, inner: Any) -> None:
        """Two conversations by turns, a token each: slower, and right."""
        decoder = StaticDecoder(inner, capture=tape)
        prompts = [ids(small, FRANCE), ids(small, STORY)]
        caches = [fresh(inner), fresh(inner)]
        made = [[read(inner, prompt, cache)] for prompt, cache in zip(prompts, caches, strict=True)]
        for _ in range(4):
            for reply, cache in zip(made, caches, strict=True):
                reply.append(int(decoder.step(cache, reply[-1], room=64).argmax()))
        assert made == [expected(inner, prompt, 5) for prompt in prompts]

    def test_growth(self, small: ChatModel, inner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """A reply that outgrows the buffers, because less room was asked for: they are made anew, and it goes on."""
        monkeypatch.setattr("modelcatalog.engines.transformers.graphs._STEP", 8)
        made: list[int] = []

        def counted(run: Any, device: Any) -> Any:
            made.append(1)
            return tape(run, device)

        decoder = StaticDecoder(inner, capture=counted)
        prompt, cache = ids(small, FRANCE), fresh(inner)
        reply = [read(inner, prompt, cache)]
        while len(reply) < 14:
            reply.append(int(decoder.step(cache, reply[-1], room=0).argmax()))
        assert reply == expected(inner, prompt, 14)
        assert len(made) == 3


class TestFallback:
    """The ordinary path, with the same tokens, where the step cannot be."""

    def test_capture_fails(self, small: ChatModel, inner: Any) -> None:
        """A driver that refuses: the reply is made all the same, once and for all without the step."""
        tries: list[int] = []

        def fails(_run: Any, _device: Any) -> Any:
            tries.append(1)
            message = "CUDA error: operation not permitted when stream is capturing\nmore"
            raise RuntimeError(message)

        decoder = StaticDecoder(inner, capture=fails)
        prompt = ids(small, FRANCE)
        for _ in range(2):
            assert greedy(inner, decoder, prompt, 6, fresh(inner)) == expected(inner, prompt, 6)
        assert tries == [1]
        assert decoder.path == "ordinary: its step could not be captured (CUDA error: operation not permitted when stream is capturing)"

    def test_memory(self, small: ChatModel, inner: Any) -> None:
        """No memory for the buffers is not a failure of the reply."""

        def fails(_run: Any, _device: Any) -> Any:
            raise torch.OutOfMemoryError

        decoder = StaticDecoder(inner, capture=fails)
        prompt = ids(small, FRANCE)
        assert greedy(inner, decoder, prompt, 4, fresh(inner)) == expected(inner, prompt, 4)
        assert "OutOfMemoryError" in decoder.path

    def test_wrong_scores(self, small: ChatModel, inner: Any) -> None:
        """A graph that repeats something else is found out by its first step, whose token is still right."""

        def frozen(run: Any, _device: Any) -> Any:
            scores = run().clone()
            return lambda: scores

        decoder = StaticDecoder(inner, capture=frozen)
        prompt = ids(small, FRANCE)
        assert greedy(inner, decoder, prompt, 6, fresh(inner)) == expected(inner, prompt, 6)
        assert decoder.path.startswith("ordinary: its captured step gave other scores (")

    def test_cpu(self, small: ChatModel, inner: Any) -> None:
        """Off by default without a GPU."""
        decoder = StaticDecoder(inner)
        assert decoder.path == "ordinary: the model is not on a CUDA GPU"
        prompt = ids(small, FRANCE)
        assert greedy(inner, decoder, prompt, 4, fresh(inner)) == expected(inner, prompt, 4)

    @pytest.mark.parametrize(
        ("architecture", "settings", "why"),
        [
            ("LlamaForCausalLM", {}, None),
            ("Qwen3ForCausalLM", {}, None),
            ("Gemma2ForCausalLM", {}, "transformers has no static cache for all its layers"),
            ("MistralForCausalLM", {"sliding_window": 16}, "transformers has no static cache for all its layers"),
            ("MistralForCausalLM", {"sliding_window": None}, None),
            ("Mamba2ForCausalLM", {}, "Mamba2ForCausalLM"),
            ("T5ForConditionalGeneration", {}, "T5ForConditionalGeneration"),
        ],
    )
    def test_which(self, architecture: str, settings: dict[str, object], why: str | None) -> None:
        """Models with sliding windows, states or decoders of their own are left to the ordinary path."""
        kind = getattr(transformers, architecture)
        with torch.device("meta"):
            said = reason_against(kind(kind.config_class(num_hidden_layers=2, **settings)))
        assert (said or "").startswith(why or "")
        assert bool(said) == bool(why)

    def test_spread(self, inner: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        """So are models over several devices, and weights whose kernels cannot be recorded."""
        monkeypatch.setattr(inner, "hf_device_map", {"a": 0, "b": 1}, raising=False)
        assert reason_against(inner) == "the model is spread over several devices"
        monkeypatch.setattr(inner, "hf_device_map", {"": 0}, raising=False)
        monkeypatch.setattr(inner, "hf_quantizer", object(), raising=False)
        assert reason_against(inner) == "its quantized weights run in kernels that cannot be captured"

    def test_tape_refuses(self) -> None:
        """The tape is no better than a GPU: a step that reads a tensor's value fails on it."""
        with pytest.raises(RuntimeError, match="not permitted"):
            tape(lambda: torch.ones(1) * torch.ones(1).item(), None)


def test_close(small: ChatModel, inner: Any) -> None:
    """Closing gives back what the steps added, and ends the steps."""
    decoder = StaticDecoder(inner, capture=direct)
    prompt, cache = ids(small, FRANCE), fresh(inner)
    first = read(inner, prompt, cache)
    decoder.step(cache, first, room=32)
    second = int(decoder.step(cache, first, room=32).argmax())
    decoder.close()
    assert cache.get_seq_length() == len(prompt) + 2
    assert decoder.step(cache, second, room=32) is None
    assert decoder.path == "ordinary: the model was closed"


class TestEngine:
    """The step inside the engine, as it would be on a GPU; the tape stands for the graph."""

    def test_sessions(self, small: ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
        """A session of two turns, one of them cancelled, and a second session: the same replies as the ordinary path."""
        engine: Any = small._engine
        assert engine.decoding == "loop: the model is not on a CUDA GPU"

        def talk() -> list[str]:
            one, two = small.session(), small.session()
            said = [one.chat("What is the capital of France?", max_new_tokens=8).text]
            stream = one.stream("And of Italy?", max_new_tokens=40)
            said.append(next(stream))
            stream.close()
            said.append(two.chat("Name a colour.", max_new_tokens=6).text)
            said.append(one.chat("And of Spain?", max_new_tokens=8).text)
            return said

        ordinary = talk()
        fast = StaticDecoder(engine._model, capture=tape)
        monkeypatch.setattr(engine, "_fast", fast)
        steps: list[int] = []
        real = fast.step

        def counted(*given: Any, **named: Any) -> Any:
            steps.append(1)
            return real(*given, **named)

        monkeypatch.setattr(fast, "step", counted)
        assert talk() == ordinary
        assert len(steps) > 12
        assert engine.decoding == "cuda graph"

    def test_at_once(self, small: ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of two replies at once one takes the step and the other the ordinary path; both are right."""
        engine: Any = small._engine
        ordinary = [small.chat(ask, max_new_tokens=6).text for ask in (FRANCE, STORY)]
        monkeypatch.setattr(engine, "_fast", StaticDecoder(engine._model, capture=direct))
        one, two = (small.stream(ask, max_new_tokens=6) for ask in (FRANCE, STORY))
        pieces = [[next(one)], [next(two)]]
        pieces[0] += one
        pieces[1] += two
        assert ["".join(made) for made in pieces] == ordinary
        assert not engine._fast_turn.locked()


def test_attention_is_put_back(inner: Any, small: ChatModel) -> None:
    """While a step is recorded the attention is one that takes a mask; afterwards it is the model's own again."""
    from transformers.integrations.sdpa_attention import sdpa_attention_forward
    from transformers.masking_utils import sdpa_mask

    transformers.AttentionInterface.register("own_attention", sdpa_attention_forward)
    transformers.AttentionMaskInterface.register("own_attention", sdpa_mask)
    seen: list[str] = []

    def watching(run: Any, device: Any) -> Any:
        seen.append(inner.config._attn_implementation)
        return direct(run, device)

    prompt = ids(small, FRANCE)
    inner.set_attn_implementation("own_attention")
    try:
        made = greedy(inner, StaticDecoder(inner, capture=watching), prompt, 3, fresh(inner))
        after = inner.config._attn_implementation
    finally:
        inner.set_attn_implementation("sdpa")
    assert (seen, after) == (["sdpa"], "own_attention")
    assert made == expected(inner, prompt, 3)
