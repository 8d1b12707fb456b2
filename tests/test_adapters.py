"""Tests of LoRA adapters: what they are, which base they find, what is refused, and that they compute what peft alone computes."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

import adapterzoo
import modelcatalog as mc
import zoo
from loopback.pair import NAME, both
from modelcatalog.errors import CheckpointNotFound, IntegrityError, ModelCatalogError, UnsafeRepository, Unsupported
from modelcatalog.planning import plan

if TYPE_CHECKING:
    from pathlib import Path

    from loopback.pair import Pair
    from modelcatalog.records import RepositoryHub

pytest.importorskip("torch")
IDS = [72, 101, 108, 108, 111]
Q_PROJ = "base_model.model.model.layers.0.self_attn.q_proj"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama of four layers and random weights."""
    return zoo.write("llama", tmp_path_factory.mktemp("base") / "Llama-tiny")


@pytest.fixture(scope="module")
def plain(base: Path) -> Any:
    """The scores of the base alone."""
    import transformers

    return scores(transformers.AutoModelForCausalLM.from_pretrained(base), IDS)


@pytest.fixture(scope="module")
def lora(base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter of it that peft saved."""
    pytest.importorskip("peft")
    return adapterzoo.random(base, tmp_path_factory.mktemp("lora") / "lora")


KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "rslora": {"use_rslora": True},
    "dora": {"use_dora": True},
    "all": {"target_modules": "all-linear"},
    "patterns": {"rank_pattern": {"layers.1.self_attn.q_proj": 8}, "alpha_pattern": {"v_proj": 32}},
    "head": {"modules_to_save": ["lm_head"]},
    "pattern of modules": {"target_modules": r".*layers\.[02]\..*(q|o)_proj"},
    "embedding": {"target_modules": ["embed_tokens", "q_proj"]},
    "parameters": {"target_modules": [], "target_parameters": ["self_attn.o_proj.weight"]},
    "modules and parameters": {"target_parameters": ["mlp.up_proj.weight"]},
    "bias": {"bias": "lora_only", "lora_bias": True},
}
"""What peft's LoraConfig takes for the kinds of adapters that are loaded."""


def scores(model: Any, ids: list[int]) -> Any:
    """The scores of the token after these."""
    import torch

    with torch.no_grad():
        return model(input_ids=torch.tensor([ids])).logits[0, -1]


def bare(base: Path, adapter: Path, ids: list[int], *, resize: int = 0) -> Any:
    """What transformers and peft alone compute."""
    import peft
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    if resize:
        model.resize_token_embeddings(resize, mean_resizing=False)
    return scores(peft.PeftModel.from_pretrained(model, adapter).eval(), ids)


class TestPlan:
    """What a plan says of an adapter, without peft and without a weight byte."""

    def test_its_own_name(self, base: Path, tmp_path: Path) -> None:
        """An adapter's folder means its base with the adapter on it; both are in the plan, and count."""
        folder = adapterzoo.write(tmp_path / "lora", str(base))
        made, alone = plan(folder, device="cpu"), plan(base, device="cpu")
        assert made.adapter is not None
        assert made.name.source == str(folder)
        assert made.path == str(base)
        assert (made.adapter.path, made.adapter.base, made.adapter.lora.rank, made.adapter.lora.modules) == (str(folder), str(base), 2, 1)
        assert made.memory.weights == (alone.memory.weights or 0) + 4 * 256
        assert "LoRA of rank 2" in str(made)
        assert any("not merged" in reason for reason in made.reasons)

    def test_named_beside(self, base: Path, tmp_path: Path) -> None:
        """``adapter=`` puts one onto a model; a folder of a model is not an adapter."""
        folder = adapterzoo.write(tmp_path / "lora", None)
        made = plan(base, adapter=folder, device="cpu")
        assert made.adapter is not None
        assert made.name.source == str(base)
        with pytest.raises(Unsupported, match="is a whole model, and not an adapter"):
            plan(base, adapter=base)
        with pytest.raises(Unsupported, match="is an adapter itself"):
            plan(folder, adapter=folder)

    @pytest.mark.parametrize(
        ("named", "said", "hint"),
        [
            (None, "does not name the model that it was trained on", "load(BASE, adapter="),
            ("/root/models/Qwen2.5-7B-Instruct", "a folder of another machine", "may be Qwen/Qwen2.5-7B-Instruct"),
            ("D:\\models\\mine", "a folder of another machine", "name the model that lay there"),
            ("./outputs/checkpoint-500", "a folder of another machine", "name the model that lay there"),
        ],
    )
    def test_no_base(self, named: str | None, said: str, hint: str, tmp_path: Path) -> None:
        """An adapter that names no base, or a folder of the machine that it was trained on, says how to name one; nothing is guessed."""
        with pytest.raises(CheckpointNotFound, match=said) as caught:
            plan(adapterzoo.write(tmp_path / "lora", named))
        assert hint in str(caught.value.hint)

    def test_base_in_a_cache(self, tmp_path: Path) -> None:
        """A folder of another machine's cache says which repository it is of."""
        cached = "/root/.cache/huggingface/hub/models--no-one--no-such-8B/snapshots/0123456789abcdef0123456789abcdef01234567"
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HF_HUB_OFFLINE", "1")
            patch.setenv("MODELCATALOG_HUB", "huggingface")
            with pytest.raises(ModelCatalogError, match="no-one/no-such-8B is not on this disk"):
                plan(adapterzoo.write(tmp_path / "lora", cached))

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ({"lora_alpha": float("inf")}, "gives the rank 2 and lora_alpha inf, which are not numbers"),
            ({"lora_alpha": float("nan")}, "lora_alpha nan, which are not numbers"),
            ({"lora_alpha": 10**400}, "which are not numbers"),
            ({"rank_pattern": -1}, "rank_pattern in adapter_config.json of .* is not a table of modules"),
            ({"alpha_pattern": ["q_proj"]}, "alpha_pattern in adapter_config.json of .* is not a table of modules"),
        ],
    )
    def test_nonsense(self, config: dict[str, Any], said: str, base: Path, tmp_path: Path) -> None:
        """A configuration of another form than PEFT writes is said to be none."""
        with pytest.raises(IntegrityError, match=said):
            plan(adapterzoo.write(tmp_path / "lora", str(base), **config))

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ({"peft_type": "IA3"}, "an adapter of the type IA3"),
            ({"peft_type": "PROMPT_TUNING"}, "an adapter of the type PROMPT_TUNING"),
            ({"peft_type": None}, "of no type that its configuration names"),
            ({"task_type": "SEQ_CLS"}, "for SEQ_CLS, and does not chat"),
            ({"alora_invocation_tokens": [1, 2]}, "works only behind certain tokens"),
            ({"layer_replication": [[0, 4], [2, 5]]}, "repeats layers of its base"),
            ({"init_lora_weights": "pissa_niter_16"}, "changed the weights of its base"),
            ({"alpha_pattern": {"((a|b)+)+x": 8}}, "a pattern that may run for ever"),
        ],
    )
    def test_kinds(self, config: dict[str, Any], said: str, base: Path, tmp_path: Path) -> None:
        """What is not plain LoRA or DoRA is said to be what it is."""
        with pytest.raises(Unsupported, match=said) as caught:
            plan(adapterzoo.write(tmp_path / "lora", str(base), **config))
        assert caught.value.hint

    @pytest.mark.parametrize(
        ("tensors", "said"),
        [
            ({f"{Q_PROJ}.lora_A.weight": (4, 64), f"{Q_PROJ}.lora_B.weight": (64, 4)}, "says rank 2, and its weights have 4"),
            ({f"{Q_PROJ}.lora_A.weight": (2, 64)}, "holds half a matrix"),
            ({"base_model.model.model.embed_tokens.weight": (300, 64)}, "holds no matrices of LoRA"),
        ],
    )
    def test_contradictions(self, tensors: dict[str, tuple[int, ...]], said: str, base: Path, tmp_path: Path) -> None:
        """Files that contradict each other are not loaded: how strongly the adapter works, nobody would know."""
        with pytest.raises(IntegrityError, match=said):
            plan(adapterzoo.write(tmp_path / "lora", str(base), tensors))

    @pytest.mark.parametrize(
        ("module", "sizes", "said"),
        [
            ("model.layers.0.self_attn.q_proj", (128, 128), "as a matrix of 128 by 128, which has 64 by 64 there"),
            ("model.layers.7.self_attn.q_proj", (64, 64), "it changes layer 7, and there are 4 layers"),
        ],
    )
    def test_of_another_model(self, module: str, sizes: tuple[int, int], said: str, base: Path, tmp_path: Path) -> None:
        """An adapter of a model of other sizes is refused before anything is loaded."""
        tensors = {f"base_model.model.{module}.lora_A.weight": (2, sizes[0]), f"base_model.model.{module}.lora_B.weight": (sizes[1], 2)}
        with pytest.raises(Unsupported, match=said) as caught:
            plan(base, adapter=adapterzoo.write(tmp_path / "lora", "meta-llama/Llama-3.1-8B", tensors))
        assert caught.value.hint == "it was trained on meta-llama/Llama-3.1-8B"

    def test_pickles_and_other_programs(self, base: Path, tmp_path: Path) -> None:
        """A pickle is refused, and MLX's own form is called that."""
        folder = adapterzoo.write(tmp_path / "lora", str(base))
        (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
        with pytest.raises(UnsafeRepository, match="only as a pickle"):
            plan(folder)
        (folder / "adapter_model.bin").rename(folder / "adapters.safetensors")
        with pytest.raises(Unsupported, match="in MLX's own form"):
            plan(folder)
        (folder / "adapters.safetensors").unlink()
        with pytest.raises(CheckpointNotFound, match=r"has an adapter_config.json and no adapter_model.safetensors"):
            plan(folder)

    def test_revision_that_is_a_path(self, base: Path) -> None:
        """What stands behind the @ is a branch, tag or commit, and never a way out of the cache."""
        with pytest.raises(CheckpointNotFound, match=r"'\.\./\.\./evil' is not a branch, tag or commit"):
            plan(base, adapter="https://huggingface.co/owner/name/tree/..%2f..%2fevil")

    def test_folders(self, base: Path, tmp_path: Path) -> None:
        """The only adapter in a subfolder is taken; of several, one is to be named; a file of one names it."""
        adapterzoo.write(tmp_path / "runs" / "checkpoint-5", str(base))
        made = plan(tmp_path / "runs")
        assert made.adapter is not None
        assert made.adapter.folder == "checkpoint-5/"
        adapterzoo.write(tmp_path / "runs" / "checkpoint-9", str(base))
        with pytest.raises(CheckpointNotFound, match="holds 2 adapters in folders"):
            plan(tmp_path / "runs")
        assert plan(tmp_path / "runs" / "checkpoint-9" / "adapter_model.safetensors").adapter is not None

    def test_other_engines(self, base: Path, tmp_path: Path) -> None:
        """Engines that cannot are named, with those that can; a server loads its own."""
        folder = adapterzoo.write(tmp_path / "lora", str(base), use_dora=True)
        with pytest.raises(Unsupported, match=r"vllm takes the matrices of an adapter alone, and .* is DoRA") as caught:
            plan(folder, engine="vllm")
        assert caught.value.hint == 'engine="transformers"'
        with pytest.raises(Unsupported, match="adapter= is about files"):
            plan("qwen3", base_url="http://127.0.0.1:9/v1", adapter=folder)

    def test_trained_on_another(self, base: Path, tmp_path: Path) -> None:
        """An adapter on a model of another name is loaded where it fits, and said."""
        folder = tmp_path / "Qwen2.5-7B-Instruct"
        shutil.copytree(base, folder)
        made = plan(folder, adapter=adapterzoo.write(tmp_path / "lora", "meta-llama/Llama-3.1-8B"))
        assert f"{tmp_path / 'lora'} was trained on meta-llama/Llama-3.1-8B" in made.mismatches

    def test_fields_of_another_peft(self, base: Path, tmp_path: Path) -> None:
        """What its configuration says and nobody knows here may be how it works, and is said; what is empty says nothing."""
        odd = adapterzoo.write(tmp_path / "odd", str(base), use_superlora=True, some_config=None, another=[])
        assert plan(odd).mismatches == (f"{odd} says use_superlora in adapter_config.json, which is not known here: it is left out",)

    def test_no_lock(self, base: Path, tmp_path: Path) -> None:
        """A lock file holds one checkpoint's files, and says so of an adapter."""
        folder = adapterzoo.write(tmp_path / "lora", str(base))
        with pytest.raises(Unsupported, match="a model and an adapter, and a lock file holds the files of one checkpoint"):
            mc.lock(folder, tmp_path / "lock.json")

    @both
    def test_on_a_hub(self, kind: RepositoryHub, hubs: Pair, tmp_path: Path) -> None:
        """An adapter's repository is planned from its header, fetched with its base, checked, and found again; so is one beside a model."""
        tensors = {f"{Q_PROJ}.lora_A.weight": (2, 128), f"{Q_PROJ}.lora_B.weight": (128, 2)}
        hubs[kind].repositories["someone/tiny-lora"] = adapterzoo.write(tmp_path / "made", NAME, tensors)
        made = plan("someone/tiny-lora", hub=kind)
        assert made.adapter is not None
        assert (made.repo_id, made.adapter.repo_id, made.adapter.disk) == (NAME, "someone/tiny-lora", made.adapter.bytes)
        assert made.memory.disk == made.bytes + made.adapter.bytes
        folder = mc.pull("someone/tiny-lora", hub=kind)
        assert (folder / "adapter_model.safetensors").is_file()
        hubs[kind].faults.append(lambda *_: pytest.fail("nothing is to be asked any more"))
        again = plan(NAME, adapter="someone/tiny-lora")
        assert again.adapter is not None
        assert (again.adapter.path, again.memory.disk) == (str(folder), 0)
        assert "someone/tiny-lora" in str(again)


class TestTransformers:
    """That the model computes what transformers and peft alone compute, and says what of it is lost."""

    @pytest.fixture(autouse=True)
    def own_peft(self) -> None:
        """These need peft itself."""
        pytest.importorskip("peft")

    @pytest.mark.parametrize("given", KINDS.values(), ids=KINDS)
    def test_same_as_peft(self, given: dict[str, Any], base: Path, plain: Any, tmp_path: Path) -> None:
        """The scores are peft's own, and those of the merged weights the same but for rounding."""
        import torch

        kind = adapterzoo.random(base, tmp_path / "lora", **given)
        ids = IDS
        wanted = bare(base, kind, ids)
        with pytest.warns(UserWarning, match="computed beside the weights"):
            model = mc.load(kind, device="cpu")
        with model:
            assert torch.equal(scores(model._engine._model, ids), wanted)  # type: ignore[attr-defined]
        if given.get("lora_bias"):
            with pytest.raises(Unsupported, match="cannot be merged into these weights"):
                mc.load(kind, device="cpu", engine_options={"merge_adapter": True})
            return
        with mc.load(kind, device="cpu", engine_options={"merge_adapter": True}) as merged:
            inside: Any = merged._engine
            assert torch.allclose(scores(inside._model, ids), wanted, atol=1e-4)
            assert not any("lora" in name for name, _ in inside._model.named_modules())
        assert not torch.allclose(plain, wanted, atol=1e-2)

    @pytest.mark.filterwarnings("ignore:.*computed beside the weights")
    def test_chat(self, lora: Path, base: Path) -> None:
        """It streams, batches and remembers as any model, with our own loop."""
        with mc.load(base, adapter=str(lora), device="cpu") as model:
            assert model.decoding.startswith("loop")
            assert any("computed beside the weights in 8 matrices" in text for text in model.plan.warnings)
            first = model.chat("hello", max_new_tokens=8, temperature=0)
            assert [reply.text for reply in model.batch(["hello"] * 2, max_new_tokens=8, temperature=0)] == [first.text] * 2
            session = model.session()
            session.chat("hello", max_new_tokens=8, temperature=0)
            again = session.chat("more", max_new_tokens=8, temperature=0)
            assert model.chat(session.messages[:-1], max_new_tokens=8, temperature=0).text == again.text

    @pytest.mark.filterwarnings("ignore:.*computed beside the weights")
    def test_new_tokens(self, base: Path, tmp_path: Path) -> None:
        """An adapter with tokens of its own brings a tokenizer and embeddings: both are used, and without the embeddings it is refused."""
        import torch
        import transformers

        tokenizer = transformers.AutoTokenizer.from_pretrained(base)
        tokenizer.add_special_tokens({"additional_special_tokens": ["<tool>", "</tool>"]})
        rows = transformers.AutoConfig.from_pretrained(base).vocab_size
        length = max(len(tokenizer), rows + 2)
        folder = adapterzoo.random(base, tmp_path / "lora", resize=length, modules_to_save=["embed_tokens", "lm_head"])
        tokenizer.save_pretrained(folder)
        ids = [72, 101, length - 1]
        with mc.load(folder, device="cpu") as model:
            inside: Any = model._engine
            assert torch.equal(scores(inside._model, ids), bare(base, folder, ids, resize=length))
            assert inside._tokenizer.convert_tokens_to_ids("<tool>") == tokenizer.convert_tokens_to_ids("<tool>")
        # Those that are read are there, and those that are written would be random.
        half = adapterzoo.random(base, tmp_path / "matrices", resize=length, target_modules=["embed_tokens", "q_proj"])
        with pytest.raises(IntegrityError, match="brings no lm_head for the rest"):
            mc.load(half, device="cpu")
        plain = adapterzoo.random(base, tmp_path / "without")
        tokenizer.add_tokens([f"<more{n}>" for n in range(rows)])
        tokenizer.save_pretrained(plain)
        with pytest.raises(IntegrityError, match="the adapter brings no embeddings for the rest"):
            mc.load(plain, device="cpu")

    def test_template_beside(self, base: Path, lora: Path, tmp_path: Path) -> None:
        """A chat template that was trained with the adapter comes before the base's."""
        folder = tmp_path / "lora"
        shutil.copytree(lora, folder)
        (folder / "chat_template.jinja").write_text("{% for m in messages %}[{{ m.content }}]{% endfor %}", encoding="utf-8")
        with pytest.warns(UserWarning, match="beside the weights"), mc.load(folder, device="cpu") as model:
            assert model.chat("hello", max_new_tokens=1).usage.prompt_tokens == len("[hello]")

    def test_half_of_it(self, base: Path, lora: Path, tmp_path: Path) -> None:
        """Tensors that have no place in the model are an error, and so are those that the files lack."""
        from safetensors.torch import load_file, save_file

        def without(what: str, **more: Any) -> Path:
            folder = tmp_path / what
            shutil.copytree(lora, folder)
            tensors = load_file(folder / "adapter_model.safetensors")
            save_file({**{name: one for name, one in tensors.items() if what not in name}, **more}, folder / "adapter_model.safetensors")
            return folder

        place = "base_model.model.model.layers.0.self_attn.x_proj"
        strange = {f"{place}.lora_A.weight": tensor(4, 64), f"{place}.lora_B.weight": tensor(64, 4)}
        with pytest.raises(Unsupported, match="tensors have no place there"):
            mc.load(without("nothing", **strange), device="cpu")
        config = json.loads((lora / "adapter_config.json").read_text(encoding="utf-8"))
        half = without("v_proj")
        (half / "adapter_config.json").write_text(json.dumps({**config, "modules_to_save": ["lm_head"]}), encoding="utf-8")
        with pytest.raises(IntegrityError, match=r"lack 1 of its tensors: .*lm_head"):
            mc.load(half, device="cpu")

    def test_experts(self, tmp_path: Path) -> None:
        """Two parameters of one module, as experts have them: the second's matrices stand inside the first's."""
        import torch

        mixture = zoo.write("mixtral", tmp_path / "base")
        kind = adapterzoo.random(mixture, tmp_path / "lora", target_modules=[], target_parameters=["experts.gate_up_proj", "experts.down_proj"])
        with pytest.warns(UserWarning, match="beside the weights"), mc.load(kind, device="cpu") as model:
            assert torch.equal(scores(model._engine._model, IDS), bare(mixture, kind, IDS))  # type: ignore[attr-defined]

    def test_no_strength(self, base: Path, plain: Any, tmp_path: Path) -> None:
        """A strength of 0 is one: peft's own default would stand for what is left out."""
        import torch

        kind = adapterzoo.random(base, tmp_path / "lora")
        config = json.loads((kind / "adapter_config.json").read_text(encoding="utf-8")) | {"lora_alpha": 0}
        (kind / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
        with pytest.warns(UserWarning, match="beside the weights"), mc.load(kind, device="cpu") as model:
            assert torch.allclose(scores(model._engine._model, IDS), plain)  # type: ignore[attr-defined]

    def test_layers_without_it(self, base: Path, lora: Path, tmp_path: Path) -> None:
        """Layers that it says it changes and has nothing for stay as they are, which is said; so it is where it names its layers."""
        from safetensors.torch import load_file, save_file

        folder = tmp_path / "some"
        shutil.copytree(lora, folder)
        tensors = load_file(folder / "adapter_model.safetensors")
        save_file({name: one for name, one in tensors.items() if ".layers.0." not in name}, folder / "adapter_model.safetensors")
        with pytest.warns(UserWarning, match=r"holds nothing for 2 of their matrices, such as model\.layers\.0\.self_attn\.q_proj"):
            mc.load(folder, device="cpu").close()
        config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8")) | {"layers_to_transform": [1, 2, 3]}
        (folder / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
        with pytest.warns(UserWarning, match="beside the weights") as said:
            mc.load(folder, device="cpu").close()
        assert not any("holds nothing" in str(one.message) for one in said)

    def test_beside_a_whole_model(self, base: Path, lora: Path, tmp_path: Path) -> None:
        """An adapter in the folder of a whole model changes nothing, since nobody asked for it; but it is said to be there."""
        import torch

        folder = tmp_path / "both"
        shutil.copytree(base, folder)
        for file in lora.iterdir():
            if file.name.startswith("adapter"):
                shutil.copy(file, folder)
        with pytest.warns(UserWarning, match="an adapter lies beside the model and is left out"):
            whole = mc.load(folder, device="cpu")
        with whole as model, mc.load(base, device="cpu") as alone:
            one, two = (scores(m._engine._model, [72, 101]) for m in (model, alone))  # type: ignore[attr-defined]
            assert torch.equal(one, two)

    def test_options(self, base: Path, lora: Path) -> None:
        """``merge_adapter`` is True or False."""
        with pytest.raises(Unsupported, match="merge_adapter='yes' is not True or False"):
            mc.load(base, adapter=lora, device="cpu", engine_options={"merge_adapter": "yes"})


def tensor(*shape: int) -> Any:
    """Zeros."""
    import torch

    return torch.zeros(shape)


def test_missing_package(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where peft is not installed, the plan says so, with the line that installs it."""
    from modelcatalog.planning import packages

    found = packages.installed
    monkeypatch.setattr(packages, "installed", lambda name: None if name == "peft" else found(name))
    made = plan(adapterzoo.write(tmp_path / "lora", str(base)), device="cpu")
    assert [one.install for one in made.missing] == ["pip install 'peft>=0.18'"]
