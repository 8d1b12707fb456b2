"""Tests that chat is bare transformers on every kind of architecture: a tiny random checkpoint of each, and which way makes its tokens.

Whatever way it takes, a reply, a conversation of three turns, a batch, a continued text and a long prompt are what greedy
`generate` gives for the same tokens.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

import visionzoo
import zoo
from modelcatalog.chat import load
from modelcatalog.engines.transformers import loop
from modelcatalog.errors import ModelCatalogError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

LOOP = {
    "dense": "apertus arcee bitnet codegen cohere doge exaone4 falcon flint gemma glm glm4 gpt2 gpt_bigcode gpt_neox gpt_neox_japanese gptj granite helium "
    "hunyuan_v1_dense jais2 llama nanochat nemotron olmo olmo2 opt persimmon phi qwen2 qwen3 seed_oss smollm3 stablelm starcoder2",
    "mixture": "afmoe ernie4_5_moe flex_olmo glm4_moe granitemoe hunyuan_v1_moe jetmoe minimax_m2 mixtral olmoe qwen2_moe qwen3_moe",
    "latent": "deepseek_v3 glm4_moe_lite minicpm3",
    "sliding": "cohere2 cwm gemma2 gemma3_text gemma4_text gpt_neo gpt_oss ministral mistral olmo3 vaultgemma",
    "chunked": "llama4_text",
}
GENERATE = {
    "hybrid": "bamba falcon_h1 granitemoehybrid jamba lfm2_moe minimax nemotron_h olmo_hybrid",
    "linear": "qwen3_5_text qwen3_next",
    "recurrent": "falcon_mamba mamba mamba2 recurrent_gemma rwkv",
    "indexed": "deepseek_v32",
    "shared": "gemma3n_text",
    "inputs of its own": "bloom mpt openai-gpt phi3 phimoe",
}
WAYS = {(kind, model_type): way for way, kinds in (("loop", LOOP), ("generate", GENERATE)) for kind, types in kinds.items() for model_type in types.split()}
"""What is tested, and the way that makes its tokens on a CPU."""
RELEASE = tuple(int(part) for part in transformers.__version__.split(".")[:2])
TABLED = (5, 23)
"""The release from which on the ways are those of the table: earlier ones have other caches for a few types."""
FAULTY = {
    "doge": "computes other scores with a cache than without",
    "recurrent_gemma": "loads one checkpoint as two models",
}
"""What old releases do wrong with a type, bare."""
LONG = "abc def ghi " * 16
PART = 64
"""Tokens that the loop reads at a time here: so that a prompt of three parts is no long one. What is left to `generate` is not cut into parts."""
TURNS = ("first question", "and the second one, longer", "third")
PROMPTS = ("a", "a somewhat longer prompt than others", "the middle one")


def test_enough() -> None:
    """Seventy types at least, of all kinds."""
    assert len(WAYS) >= 70


class Bare:
    """The same checkpoint with nothing but transformers."""

    def __init__(self, folder: Path) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._model: Any = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
            self._words: Any = transformers.AutoTokenizer.from_pretrained(folder)
        stated = self._model.generation_config.eos_token_id
        self._ends = [*(stated if isinstance(stated, list) else [stated] if stated is not None else []), self._words.eos_token_id]

    def answer(self, messages: list[dict[str, str]], most: int) -> str:
        """What greedy `generate` answers."""
        return self.go_on(self._words.apply_chat_template(messages, add_generation_prompt=True, tokenize=False), most, special=False)

    def go_on(self, text: str, most: int, *, special: bool = True) -> str:
        """What greedy `generate` continues a text with."""
        given = torch.tensor([self._words(text, add_special_tokens=special)["input_ids"]])
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            made = self._model.generate(
                given, attention_mask=torch.ones_like(given), max_new_tokens=most, do_sample=False, eos_token_id=self._ends, pad_token_id=0
            )
        return str(self._words.decode(made[0, given.shape[1] :].tolist(), skip_special_tokens=True, clean_up_tokenization_spaces=False))


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """For models this small a second thread only waits for the first."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("kind", "model_type"), WAYS, ids=[f"{kind}-{model_type}" for kind, model_type in WAYS])
def test_as_generate(kind: str, model_type: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way to use a model gives what bare `generate` gives, by the way that its architecture takes."""
    if not zoo.known(model_type):
        pytest.skip(f"transformers {transformers.__version__} has no {model_type}")
    if RELEASE < TABLED and model_type in FAULTY:
        pytest.skip(f"transformers {transformers.__version__} {FAULTY[model_type]}")
    monkeypatch.setattr(loop, "_CPU_CHUNK", PART)
    folder = zoo.write(model_type, tmp_path / "x", few=True)
    bare = Bare(folder)
    greedy: dict[str, Any] = {"temperature": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = load(folder, engine="transformers", device="cpu")
    with model:
        way = model.decoding.partition(":")[0]
        assert way == WAYS[kind, model_type] or RELEASE < TABLED
        assert bool(model.plan.warnings) == (way == "generate")
        ask = [{"role": "user", "content": "hello there"}]
        assert _said(lambda: model.chat(ask, max_new_tokens=6, **greedy).text) == bare.answer(ask, 6)
        session, history = model.session(), list[dict[str, str]]()
        for turn in TURNS:
            expected = bare.answer([*history, {"role": "user", "content": turn}], 4)
            assert _said(lambda turn=turn: session.chat(turn, max_new_tokens=4, **greedy).text) == expected  # type: ignore[misc]
            history = [{"role": message.role, "content": message.content} for message in session.messages]
        replies = list(model.batch(PROMPTS, max_new_tokens=5, **greedy))
        assert [reply.error or reply.text for reply in replies] == [bare.answer([{"role": "user", "content": prompt}], 5) for prompt in PROMPTS]
        assert _said(lambda: model.complete("once upon", max_new_tokens=4, **greedy).text) == bare.go_on("once upon", 4)
        long = [{"role": "user", "content": LONG}]
        assert _said(lambda: model.chat(long, max_new_tokens=4, **greedy).text) == bare.answer(long, 4)


def _said(ask: Callable[[], str]) -> str:
    """A reply, or the error in its place, so that a failure shows both."""
    try:
        return ask()
    except ModelCatalogError as error:
        return f"{type(error).__name__}: {error}"


def test_in_both_directions(tmp_path: Path) -> None:
    """A model that fills gaps and continues nothing is refused."""
    with pytest.raises(ModelCatalogError, match="reads in both directions"):
        load(zoo.write("bert", tmp_path / "x"), engine="transformers", device="cpu")


@pytest.mark.skipif(not hasattr(transformers, "T5Gemma2Config"), reason="this transformers does not know it")
def test_an_encoder_with_a_decoder(tmp_path: Path) -> None:
    """What reads in an encoder and answers in a decoder gives what bare `generate` gives behind the token that it begins with."""
    words, folder = zoo.tokenizer(), tmp_path / "x"
    ends = {"pad_token_id": 0, "bos_token_id": 0, "eos_token_id": words.eos_token_id}
    text = {**visionzoo.TEXT, **ends, "vocab_size": len(words), "sliding_window": 64, "layer_types": ["sliding_attention", "full_attention"]}
    eye = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "patch_size": 14, "image_size": 56}
    encoder = {"text_config": text, "vision_config": eye, "mm_tokens_per_image": 4}
    config = transformers.T5Gemma2Config(encoder=encoder, decoder=text, decoder_start_token_id=1, **ends)
    torch.manual_seed(0)
    bare = transformers.AutoModelForImageTextToText.from_config(config).eval()
    zoo._spread(bare)
    bare.save_pretrained(folder)
    words.save_pretrained(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = load(folder, engine="transformers", device="cpu")
    with model:
        for said in ("hello there", "another question"):
            prompt = words.apply_chat_template([{"role": "user", "content": said}], add_generation_prompt=True, tokenize=False)
            ids = torch.tensor([words(prompt, add_special_tokens=False)["input_ids"]])
            made = bare.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=6, do_sample=False, **ends)
            assert model.chat(said, max_new_tokens=6, temperature=0).text == words.decode(made[0, 1:], skip_special_tokens=True)


@pytest.mark.skipif(not zoo.known("dory"), reason="this transformers does not know it")
def test_blocks_that_are_counted_apart(tmp_path: Path) -> None:
    """What attends and what does not are two of the layers that its configuration counts, and one of the weights'."""
    with load(zoo.write("dory", tmp_path / "x"), engine="transformers", device="cpu") as model:
        assert model.plan.mismatches == ()
        assert model.chat("w5 w6", max_new_tokens=2).usage.completion_tokens > 0


def test_forgetful(tmp_path: Path) -> None:
    """A model that looks at more than its cache keeps is left to `generate`, and its conversations are read anew each turn."""
    with pytest.warns(UserWarning, match="reads the whole conversation again: MoshiForCausalLM looks at more than its cache keeps"):
        model = load(zoo.write("moshi", tmp_path / "x"), engine="transformers", device="cpu")
    with model:
        assert model.decoding == "generate: MoshiForCausalLM looks at more than its cache keeps"
        assert model.plan.mismatches == ()  # a row for the token that begins is not one too many
