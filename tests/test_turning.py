"""Tests of models whose positions depend on how long the text is (``dynamic`` and ``longrope``).

What is kept, cut or made together is what bare `generate` gives.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import pytest

import zoo
from modelcatalog.chat import load
from modelcatalog.engines.transformers import loop, seam

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

LIMIT, MADE = 128, 8
LONG = {
    "rope_type": "longrope", "short_factor": [1.0] * 8, "long_factor": [3.0 + at for at in range(8)], "original_max_position_embeddings": LIMIT, "factor": 4.0,
}  # fmt: skip
GROWING = {"rope_type": "dynamic", "factor": 4.0}
KINDS = [("llama", LONG), ("llama", GROWING), ("internlm3", GROWING)]
TURNS = ("first question " * 4, "second one " * 6, "third", "fourth")
LONGER = "abc def ghi " * 16


def written(folder: Path, kind: str, rope: dict[str, Any]) -> Path:
    """A small checkpoint with these positions."""
    if not zoo.known(kind):
        pytest.skip(f"the installed transformers does not know {kind}")
    words = zoo.tokenizer()
    torch.manual_seed(0)
    made = transformers.AutoConfig.for_model(
        kind, vocab_size=len(words), hidden_size=64, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
        max_position_embeddings=LIMIT if rope is GROWING else 1024, rope_parameters={**rope, "rope_theta": 10000.0}, bos_token_id=None, pad_token_id=None,
        eos_token_id=words.eos_token_id,
    )  # fmt: skip
    model = transformers.AutoModelForCausalLM.from_config(made)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(5)
    model.save_pretrained(folder)
    words.save_pretrained(folder)
    return folder


def bare(folder: Path, messages: list[dict[str, str]]) -> str:
    """What a model that was just loaded answers; one that answered before may have kept the angles of a longer text."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
        words: Any = transformers.AutoTokenizer.from_pretrained(folder)
    ids = words(words.apply_chat_template(messages, add_generation_prompt=True, tokenize=False), return_tensors="pt")["input_ids"]
    made = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=MADE, do_sample=False, pad_token_id=0)
    return str(words.decode(made[0, ids.shape[1] :], skip_special_tokens=True, clean_up_tokenization_spaces=False))


@pytest.mark.parametrize(("kind", "rope"), KINDS, ids=lambda one: one if isinstance(one, str) else one["rope_type"])
def test_as_generate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, rope: dict[str, Any]) -> None:
    """A long prompt, a conversation that grows beyond the first angles, a batch of short and long, and a short text after all of that."""
    folder = written(tmp_path, kind, rope)
    monkeypatch.setattr(loop, "_CPU_CHUNK", 64)
    with load(folder) as model:
        assert model.decoding.startswith("loop")
        session = model.session()
        for asked in TURNS:
            reply = session.chat(asked, max_new_tokens=MADE, temperature=0)
            said = [{"role": message.role, "content": message.content} for message in session.messages[:-1]]
            assert reply.text == bare(folder, said), reply.usage
        assert reply.usage.prompt_tokens > LIMIT
        prompts = ["a", LONGER, "the middle one", "another"]
        for asked, reply in zip(prompts, model.batch(prompts, max_new_tokens=MADE, temperature=0), strict=True):
            assert reply.text == bare(folder, [{"role": "user", "content": asked}]), asked
        assert model.chat(LONGER, max_new_tokens=MADE, temperature=0).text == bare(folder, [{"role": "user", "content": LONGER}])
        assert model.chat("a", max_new_tokens=MADE, temperature=0).text == bare(folder, [{"role": "user", "content": "a"}])


def test_which(tmp_path: Path) -> None:
    """Where the angles change is read off the model, by layers too; most have none."""
    turns = seam.Turning(LIMIT, grows=False)
    assert seam.turning(transformers.AutoModelForCausalLM.from_pretrained(written(tmp_path / "long", "llama", LONG))) == turns
    assert [turns.alike(100, 120), turns.alike(100, 140), turns.alike(140, 150), turns.alike(140, 120)] == [True, False, True, False]
    assert not seam.Turning(LIMIT, grows=True).alike(140, 150)
    assert seam.turning(transformers.AutoModelForCausalLM.from_pretrained(zoo.write("qwen3", tmp_path / "none", few=True))) is None
