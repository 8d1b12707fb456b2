"""Tests of code from a repository: what it computes when it is built, and no file holds, is what it computed, and not what lay in memory."""

from __future__ import annotations

import importlib.util
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
import zoo

if TYPE_CHECKING:
    from pathlib import Path

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

CODE = """
import torch
from torch import nn
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutputWithPast

BUILT = []

class RemadeConfig(PretrainedConfig):
    model_type = "remade"

    def __init__(self, vocab_size=259, hidden_size=32, **more):
        self.vocab_size, self.hidden_size, self.num_hidden_layers = vocab_size, hidden_size, 1
        super().__init__(**more)

class Turned(nn.Module):
    def __init__(self, size):
        super().__init__()
        BUILT.append(size)
        if {twice} and len(BUILT) % 2 == 0:
            raise RuntimeError("only once")
        self.register_buffer("angles", 1.0 / (100.0 ** (torch.arange(0, size, 2).float() / size)), persistent=False)
        self.scale = 1.0 + torch.arange(size).float() / size

class RemadeForCausalLM(PreTrainedModel, GenerationMixin):
    config_class = RemadeConfig

    def __init__(self, config):
        super().__init__(config)
        self.embed = nn.Embedding(config.vocab_size, config.hidden_size)
        self.turned = Turned(config.hidden_size)
        self.mix = nn.Linear(config.hidden_size, config.hidden_size)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def _init_weights(self, module):
        pass

    def get_input_embeddings(self):
        return self.embed

    def prepare_inputs_for_generation(self, input_ids, attention_mask=None, **more):
        return {{"input_ids": input_ids, "attention_mask": attention_mask}}

    def forward(self, input_ids=None, attention_mask=None, **more):
        found = self.embed(input_ids)
        places = torch.arange(found.shape[1]).float()[:, None] * self.turned.angles[None]
        found = found * torch.cat([places.cos(), places.sin()], -1) * self.turned.scale
        return CausalLMOutputWithPast(logits=self.lm_head(torch.cumsum(self.mix(found).tanh(), 1)))
"""


@pytest.fixture(autouse=True)
def code_in_a_folder_of_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Transformers copies code into a cache before it runs it."""
    monkeypatch.setattr("transformers.dynamic_module_utils.HF_MODULES_CACHE", str(tmp_path / "modules"))


def written(folder: Path, *, twice: bool = False, auto: str = "AutoModelForCausalLM") -> tuple[Path, Any]:
    """A checkpoint with code of its own, and the model as it was built; the code of one that is built once only fails the second time."""
    from safetensors.torch import save_file

    folder.mkdir()
    words = zoo.tokenizer()
    words.save_pretrained(folder)
    (folder / "modeling_remade.py").write_text(CODE.format(twice=twice), encoding="utf-8")
    spec = importlib.util.spec_from_file_location("modeling_remade_here", folder / "modeling_remade.py")
    assert spec is not None
    assert spec.loader is not None
    code: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(code)
    sys.modules[spec.name] = code  # older releases of transformers look for a class's module there
    torch.manual_seed(0)
    model = code.RemadeForCausalLM(code.RemadeConfig(vocab_size=len(words)))
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(3)
    save_file({name: value.contiguous() for name, value in model.state_dict().items()}, folder / "model.safetensors", metadata={"format": "pt"})
    classes = {"AutoConfig": "modeling_remade.RemadeConfig", auto: "modeling_remade.RemadeForCausalLM"}
    stated = {"model_type": "remade", "architectures": ["RemadeForCausalLM"], "auto_map": classes, "vocab_size": len(words), "dtype": "float32"}
    (folder / "config.json").write_text(json.dumps({**stated, "eos_token_id": words.eos_token_id, "num_hidden_layers": 1}), encoding="utf-8")
    return folder, model.eval()


def test_as_it_was_built(tmp_path: Path) -> None:
    """The reply is that of the model itself."""
    folder, built = written(tmp_path / "built")
    with mc.load(folder, trust_remote_code=True, device="cpu") as model:
        engine: Any = model._engine
        loaded, words = engine._model, engine._tokenizer
        assert torch.equal(loaded.turned.angles, built.turned.angles)
        assert torch.equal(loaded.turned.scale, built.turned.scale)
        assert not any(weight.is_meta for weight in loaded.parameters())
        ids = words("hello there", return_tensors="pt")["input_ids"]
        said = built.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, do_sample=False, use_cache=False, pad_token_id=0)
        assert model.complete("hello there", max_new_tokens=8, temperature=0).text == words.decode(said[0, ids.shape[1] :], skip_special_tokens=True)


def test_a_class_of_images_alone(tmp_path: Path) -> None:
    """Code that has its model under the class of images and text answers as it was built, and is asked for whole in the same way."""
    folder, built = written(tmp_path / "images", auto="AutoModelForImageTextToText")
    with pytest.raises(mc.NeedsRemoteCode):
        mc.plan(folder, device="cpu")
    plain: dict[str, Any] = {}
    for options in (plain, {"images": True}):
        with mc.load(folder, trust_remote_code=True, device="cpu", engine_options=options) as model:
            engine: Any = model._engine
            ids = engine._tokenizer("hello there", return_tensors="pt")["input_ids"]
            said = built.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=8, do_sample=False, use_cache=False, pad_token_id=0)
            expected = engine._tokenizer.decode(said[0, ids.shape[1] :], skip_special_tokens=True)
            assert model.complete("hello there", max_new_tokens=8, temperature=0).text == expected


def test_code_that_cannot_be_asked(tmp_path: Path) -> None:
    """Code that has a model for other things alone is refused in the plan, whether it is trusted or not: trust would not help."""
    folder, _ = written(tmp_path / "alone", auto="AutoModel")
    for trusted in (False, True):
        with pytest.raises(mc.Unsupported, match="has no class that can be asked as others are: AutoModel alone"):
            mc.plan(folder, device="cpu", trust_remote_code=trusted)


def test_code_of_another_repository(tmp_path: Path) -> None:
    """Nothing is fetched from a repository that nobody asked for: the plan says where the code lies."""
    folder, _ = written(tmp_path / "elsewhere")
    stated = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    there = {key: f"other/repo--{value}" for key, value in stated["auto_map"].items()}
    (folder / "config.json").write_text(json.dumps(stated | {"auto_map": there}), encoding="utf-8")
    with pytest.raises(mc.Unsupported, match="lies in another repository, other/repo") as caught:
        mc.plan(folder, device="cpu", trust_remote_code=True)
    assert caught.value.hint == "load a version of it that brings its code"
    plain = zoo.write("llama", tmp_path / "llama", few=True)
    stated = json.loads((plain / "config.json").read_text(encoding="utf-8"))
    (plain / "config.json").write_text(json.dumps(stated | {"auto_map": there}), encoding="utf-8")
    with pytest.raises(mc.Unsupported, match="lies in another repository") as caught:
        mc.plan(plain, device="cpu", trust_remote_code=True)
    assert "leave trust_remote_code out" in (caught.value.hint or "")
    assert mc.plan(plain, device="cpu").weights


def test_what_cannot_be_built_again(tmp_path: Path) -> None:
    """Where that fails, it is said: the reply may be noise."""
    folder, _ = written(tmp_path / "once", twice=True)
    with pytest.warns(UserWarning, match=r"cannot be built again for them \(only once\): replies may be noise"):
        mc.load(folder, trust_remote_code=True, device="cpu").close()
