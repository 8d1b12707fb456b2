"""Tests of what a plan refuses, and of what it must not: each kind by headers and small files, before a weight is read."""

from __future__ import annotations

import json
import shutil
import struct
import sys
from typing import TYPE_CHECKING, Any

import pytest
from test_hubs import write_safetensors

from loopback.hubs import HuggingFaceHub, ModelScopeHub
from modelcatalog import parse, vocabulary
from modelcatalog.chat import load
from modelcatalog.errors import (
    CheckpointNotFound,
    IntegrityError,
    MissingPackage,
    NeedsRemoteCode,
    UnsafeRepository,
    Unsupported,
)
from modelcatalog.planning import devices, installed, lock, machine, plan, refusing, silent, tensors, tokenizer
from modelcatalog.planning.facts import Facts, context_limit, from_config
from modelcatalog.planning.machine import Gpu

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

transformers = pytest.importorskip("transformers")

POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "a" * 64 + "\nsize 1234567\n"
PLAIN = ("BF16", [2, 2], 8)
LAYER = ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "input_layernorm")
NAMES = ["model.embed_tokens.weight", "model.norm.weight", "lm_head.weight", *(f"model.layers.{n}.{part}.weight" for n in (0, 1) for part in LAYER)]
CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 2, "num_attention_heads": 2, "hidden_size": 8,
    "vocab_size": 2, "max_position_embeddings": 512, "torch_dtype": "bfloat16",
}  # fmt: skip


def checkpoint(folder: Path, *, weights: dict[str, tuple[str, list[int], int]] | None = None, **config: object) -> Path:
    """A Llama by its small files and headers; its weights are a few zeros."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps({key: value for key, value in (CONFIG | config).items() if value is not None}))
    (folder / "tokenizer.json").write_text('{"model": {}}')
    (folder / "tokenizer_config.json").write_text('{"chat_template": "{{ messages }}"}')
    write_safetensors(folder / "model.safetensors", weights if weights is not None else dict.fromkeys(NAMES, PLAIN))
    return folder


def packed(*endings: str, kind: str) -> dict[str, tuple[str, list[int], int]]:
    """The weights with each projection in one packed form."""
    size = {"I32": 4, "F8_E4M3": 1, "I8": 1, "U8": 1, "U32": 4}[kind]
    found = {name: PLAIN for name in NAMES if "proj" not in name}
    for name in NAMES:
        if "proj" in name:
            stem = name.removesuffix("weight").rstrip(".")
            found |= {f"{stem}{end}": (kind, [2, 2], 4 * size) for end in endings}
    return found


class TestSilent:
    """The class that config.json names decides whether a checkpoint talks."""

    @pytest.mark.parametrize(
        ("name", "word"), [("Qwen3-Reranker-0.6B", "reranker"), ("e5-mistral-7b-instruct", "embedding"), ("Skywork-Reward-Llama-3.1-8B", "reward")]
    )
    def test_a_name_that_stands_for_numbers(self, name: str, word: str, tmp_path: Path) -> None:
        """A re-ranker that is a language model by its class loads, and the plan says what it is; a guard writes its verdict."""
        (said,) = plan(checkpoint(tmp_path / name)).warnings
        assert said.startswith(f"the name says {word}: such a model was made to give numbers for a text")
        assert "for chatting, take " in said
        assert plan(checkpoint(tmp_path / "Llama-Guard-3-8B")).warnings == ()

    @pytest.mark.parametrize(
        ("architecture", "kind", "is_"),
        [
            ("LlamaForSequenceClassification", "llama", "a classifier, a re-ranker or a reward model"),
            ("Qwen2ForTokenClassification", "qwen2", "a token classifier or a process reward model"),
            ("Qwen2ForProcessRewardModel", "qwen2", "a token classifier or a process reward model"),
            ("LlamaForRewardModelWithGating", "llama", "a reward model"),
            ("InternLM2ForRewardModel", "internlm2", "a reward model"),
            ("LlamaModel", "llama", "an embedder, or a part of another model"),
            ("BertModel", "bert", "an embedder"),
            ("LlamaBidirectionalModel", "llama", "an embedder"),
            ("BertForMaskedLM", "bert", "a masked language model"),
            ("ModernBertForSequenceClassification", "modernbert", "a classifier, a re-ranker or a reward model"),
            ("BertForQuestionAnswering", "bert", "a model that finds or chooses answers"),
            ("T5ForConditionalGeneration", "t5", "an encoder-decoder model"),
            ("BartForConditionalGeneration", "bart", "an encoder-decoder model"),
            ("T5EncoderModel", "t5", "an embedder"),
            ("WhisperForConditionalGeneration", "whisper", "a speech model"),
            ("Wav2Vec2ForCTC", "wav2vec2", "a speech model"),
            ("VoxtralForConditionalGeneration", "voxtral", "a model for speech and sound"),
            ("Qwen2_5OmniModel", "qwen2_5_omni", "a model for speech and sound"),
            ("MusicgenForConditionalGeneration", "musicgen", "a model that makes sound"),
            ("ViTForImageClassification", "vit", "a vision model"),
            ("Pix2StructForConditionalGeneration", "pix2struct", "a model that answers to an image alone"),
            ("VisionEncoderDecoderModel", "vision-encoder-decoder", "a model that answers to an image alone"),
            ("UdopForConditionalGeneration", "udop", "a model that answers to an image alone"),
            ("CLIPModel", "clip", "a vision model"),
            ("LlamaForCausalLMEagle3", "llama", "a draft model for speculative decoding"),
        ],
    )
    def test_what_it_is(self, architecture: str, kind: str, is_: str, tmp_path: Path) -> None:
        """It is refused, with what it is, its class, what runs it and where to find a model that talks."""
        weights = {name: PLAIN for name in NAMES if name != "lm_head.weight"}
        folder = checkpoint(tmp_path / "x", architectures=[architecture], model_type=kind, weights=weights)
        with pytest.raises(Unsupported) as caught:
            plan(folder)
        assert f"is {is_}: {architecture} " in caught.value.message
        assert caught.value.hint is not None
        assert caught.value.hint.startswith("use ")
        assert "for chatting, take" in caught.value.hint

    def test_near(self) -> None:
        """The model near it is of its family and version, and near in size."""
        for name, near in (("Qwen/Qwen2.5-Math-PRM-7B", "Qwen/Qwen2.5-"), ("Qwen/Qwen3-Embedding-0.6B", "for chatting, take")):
            assert near in silent.near(parse(name))
        assert silent.near(parse("/models/rm"), "Qwen/Qwen2.5-7B-Instruct").endswith("take Qwen/Qwen2.5-7B-Instruct, which it was made from")
        assert "list" in silent.near(parse("/models/rm"), "/data/out")

    @pytest.mark.parametrize("table", ["MODEL_FOR_CAUSAL_LM_MAPPING_NAMES", "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES"])
    def test_whole_table(self, table: str) -> None:
        """No type that the engine loads is refused, whatever its configuration is like."""
        from transformers.models.auto import modeling_auto
        from transformers.models.auto.configuration_auto import CONFIG_MAPPING

        seen = 0
        for kind, names in getattr(modeling_auto, table).items():
            if kind in vocabulary.types_apart():
                continue
            for name in [names] if isinstance(names, str) else names:
                try:
                    stated = CONFIG_MAPPING[kind]().to_dict()
                except Exception:  # noqa: BLE001  some have no default, or need packages
                    stated = {"model_type": kind}
                if stated["model_type"] not in CONFIG_MAPPING:
                    stated["model_type"] = kind  # 5.3 has one that its own files could not be loaded by
                facts = from_config(stated | {"architectures": [name]})
                silent.check(facts, parse("x/y"))
                refusing.check_code(facts, trusted=False, subject="x")
                refusing.check_type(facts, trusted=False, subject="x")
                seen += 1
        assert seen > 50

    def test_head_witness(self, tmp_path: Path) -> None:
        """A bare class above weights that have an output layer talks: its name was written down wrongly."""
        assert plan(checkpoint(tmp_path / "x", architectures=["LlamaModel"])).weights

    @pytest.mark.parametrize("architecture", ["LLaMAForCausalLM", "MyLlamaForCausalLM", "AutoModelForCausalLMWithValueHead"])
    def test_unknown_class(self, architecture: str, tmp_path: Path) -> None:
        """A class that says it continues texts, and that nobody knows, is loaded by its type as before."""
        assert plan(checkpoint(tmp_path / "x", architectures=[architecture])).weights

    @pytest.mark.parametrize(("kind", "fits"), [("llama", True), ("bert", False), ("bart", False), ("t5", False), ("whisper", False)])
    def test_no_class(self, kind: str, *, fits: bool) -> None:
        """Without a class, the type's causal form counts, if its first one is causal."""
        facts = from_config({"model_type": kind})
        if fits:
            silent.check(facts, parse("x/y"))
        else:
            with pytest.raises(Unsupported, match=r"config.json names no class"):
                silent.check(facts, parse("x/y"))
        silent.check(from_config({"model_type": "bert", "is_decoder": True}), parse("x/y"))

    @pytest.mark.parametrize("file", ["modules.json", "config_sentence_transformers.json"])
    def test_sentence_transformers(self, file: str, tmp_path: Path) -> None:
        """Files of sentence-transformers make it an embedder, also where the class is a causal one (Qwen3-Embedding)."""
        folder = checkpoint(tmp_path / "x")
        (folder / file).write_text("{}")
        with pytest.raises(Unsupported, match="made for sentence-transformers"):
            plan(folder)

    @pytest.mark.parametrize("arch", ["bert", "nomic-bert", "clip", "t5encoder", "t5"])
    def test_gguf(self, arch: str, tmp_path: Path) -> None:
        """So does the architecture of a GGUF file, for every engine."""
        with pytest.raises(Unsupported, match="does not talk"):
            plan(gguf_file(tmp_path / "m.gguf", arch, ["token_embd.weight"]))

    def test_pooled_gguf(self, tmp_path: Path) -> None:
        """And a file that says how the vectors of a text become one, whatever its architecture; 0 is no way."""
        names = ["token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight"]
        with pytest.raises(Unsupported, match=r"an embedder or a re-ranker: .*qwen3\.pooling_type"):
            plan(gguf_file(tmp_path / "m.gguf", "qwen3", names, more={"qwen3.pooling_type": 3}))
        assert plan(gguf_file(tmp_path / "n.gguf", "qwen3", names, more={"qwen3.pooling_type": 0})).weights

    def test_both_directions(self, tmp_path: Path) -> None:
        """A causal class whose configuration takes its mask away is an embedder; what code of a repository makes of it, nobody knows."""
        with pytest.raises(Unsupported, match="its tokens see those behind them"):
            plan(checkpoint(tmp_path / "x", is_causal=False))
        assert plan(checkpoint(tmp_path / "y", is_causal=True)).weights


def gguf_file(path: Path, arch: str, names: list[str], blocks: int = 1, *, words: bool = True, more: dict[str, int] | None = None) -> Path:
    """A GGUF file with float tensors of one number, and a few metadata."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    head = text("general.architecture") + struct.pack("<I", 8) + text(arch)
    numbers = {f"{arch}.block_count": blocks} | (more or {})
    head += b"".join(text(name) + struct.pack("<II", 4, number) for name, number in numbers.items())
    if words:
        head += text("tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, 1) + text("a")
    table = b"".join(text(name) + struct.pack("<IQIQ", 1, 1, 0, 32 * i) for i, name in enumerate(names))
    data = b"GGUF" + struct.pack("<IQQ", 3, len(names), 1 + len(numbers) + words) + head + table
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data + bytes(-len(data) % 32) + bytes(32 * len(names)))
    return path


class TestInstalled:
    """What the installed transformers says of itself, read as text."""

    def test_tables(self) -> None:
        """The text says what the imported tables say."""
        from transformers.models.auto import modeling_auto
        from transformers.models.auto.configuration_auto import CONFIG_MAPPING_NAMES
        from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

        tables = installed.tables()
        assert tables is not None
        assert tables.types == set(CONFIG_MAPPING_NAMES)
        apart = set(vocabulary.types_apart())
        wanted = {*modeling_auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, *modeling_auto.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES} - apart
        assert apart & tables.types < set(modeling_auto.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES)
        assert set(tables.chatting) == wanted
        assert tables.tasks["BertForMaskedLM"] == ("MODEL_FOR_MASKED_LM",)
        assert installed.tokenizers() == frozenset(map(str, TOKENIZER_MAPPING_NAMES))
        assert installed.tied("llama") is False

    def test_gguf(self) -> None:
        """So do the architectures of GGUF files."""
        from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

        known = installed.gguf_architectures()
        assert known is not None
        assert set(GGUF_SUPPORTED_ARCHITECTURES) - {"general", "tokenizer"} - set(installed._UNREAD) <= known

    def test_gguf_that_is_listed_and_not_read(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A release that lists gpt-oss and looks for its experts under names that no file has does not read it; one that reads them does."""
        listed = 'GGUF_CONFIG_MAPPING = {\n    "general": {\n    "llama": {\n    "gpt_oss": {\n}\n'
        for loader, there in ((r"ffn_(?P<proj>down|gate|up)_projs\.weight$", False), (r"ffn_(?P<proj>down|gate|up)_exps\.weight$", True)):
            texts = {"ggml.py": listed, "modeling_gguf_pytorch_utils.py": loader}
            monkeypatch.setattr(installed, "_text", lambda place, texts=texts: texts.get(place.name, ""))
            assert ("gpt_oss" in (installed.gguf_architectures() or ())) is there

    def test_elsewhere(self, tmp_path: Path) -> None:
        """A transformers with its tables in another form tells nothing, and nothing is concluded."""
        (tmp_path / "models" / "auto").mkdir(parents=True)
        (tmp_path / "models" / "auto" / "modeling_auto.py").write_text("TABLES = load('tables.json')\n")
        assert installed.read(tmp_path) is None


class TestCannotRun:
    """What the installed transformers cannot run is refused with a next step."""

    def test_unknown_type(self, tmp_path: Path) -> None:
        """A type that it does not know, with its version."""
        with pytest.raises(Unsupported, match=f"transformers {transformers.__version__} does not know the model type frob") as caught:
            plan(checkpoint(tmp_path / "x", model_type="frob", architectures=["FrobForCausalLM"]))
        assert "pip install -U transformers" in str(caught.value.hint)

    def test_code(self, tmp_path: Path) -> None:
        """A known class under an unknown type with code of its own (Kimi): that code, or none."""
        folder = checkpoint(tmp_path / "x", model_type="kimi_k9", auto_map={"AutoConfig": "c.C", "AutoModelForCausalLM": "m.M"})
        with pytest.raises(NeedsRemoteCode, match="runs only with Python code"):
            plan(folder)
        assert plan(folder, trust_remote_code=True).trust_remote_code

    def test_no_causal_form(self, tmp_path: Path) -> None:
        """A type that has classes, and none that holds conversations."""
        with pytest.raises(Unsupported, match="is a vision model: VitForCausalLM"):
            plan(checkpoint(tmp_path / "x", model_type="vit", architectures=["VitForCausalLM"]))
        for known in ("yarn", "su"):  # the second is Phi-3's own word
            assert plan(checkpoint(tmp_path / known, rope_scaling={"type": known, "factor": 2.0})).weights
        with pytest.raises(Unsupported, match="does not know the rope_type frob"):
            plan(checkpoint(tmp_path / "frob", rope_scaling={"rope_type": "frob", "factor": 2.0}))
        with pytest.raises(Unsupported, match="no class of the type vit that holds conversations"):
            refusing.check_type(Facts(model_type="vit"), trusted=False, subject="x")

    def test_no_encoder(self, tmp_path: Path) -> None:
        """An encoder that config.json announces and the class has not; the decoder of one that has is asked as others are."""
        with pytest.raises(IntegrityError, match="says is_encoder_decoder, and LlamaForCausalLM has no encoder") as caught:
            plan(checkpoint(tmp_path / "x", is_encoder_decoder=True))
        assert caught.value.hint
        assert plan(checkpoint(tmp_path / "y", is_encoder_decoder=True, model_type="bart", architectures=["BartForCausalLM"])).weights

    @pytest.mark.parametrize("size", ["num_hidden_layers", "hidden_size", "vocab_size"])
    def test_sizes_that_are_none(self, size: str, tmp_path: Path) -> None:
        """A size below one."""
        with pytest.raises(IntegrityError, match=f"cannot be right: it says {size} -1"):
            plan(checkpoint(tmp_path / "x", weights=None, **{size: -1}))

    def test_gguf(self, tmp_path: Path) -> None:
        """GGUF in parts, and an architecture that the loader lacks."""
        names = ["token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight"]
        for n in (1, 2):
            gguf_file(tmp_path / "a" / f"m-Q8_0-0000{n}-of-00002.gguf", "llama", names)
        with pytest.raises(Unsupported, match="in several parts"):
            plan(tmp_path / "a", engine="transformers")
        with pytest.raises(Unsupported, match="architecture frobarch"):
            plan(gguf_file(tmp_path / "m.gguf", "frobarch", names), engine="transformers")

    def test_shards_without_index(self, tmp_path: Path) -> None:
        """No weights are found in shards without an index."""
        folder = checkpoint(tmp_path / "x")
        for n in (1, 2):
            shutil.copy(folder / "model.safetensors", folder / f"model-0000{n}-of-00002.safetensors")
        (folder / "model.safetensors").unlink()
        with pytest.raises(IntegrityError, match=r"no model\.safetensors\.index\.json"):
            plan(folder)


class TestHeader:
    """The header is a witness against config.json."""

    @pytest.mark.parametrize(
        ("endings", "kind", "method"),
        [
            ((".qweight", ".qzeros", ".scales", ".g_idx"), "I32", "gptq"),
            ((".qweight", ".qzeros", ".scales"), "I32", "awq or gptq"),
            ((".weight", ".weight_scale_inv"), "F8_E4M3", "fp8"),
            ((".weight", ".weight_scale"), "F8_E4M3", "fp8"),
            ((".weight", ".weight_scale"), "I8", "int8"),
            ((".weight", ".weight.absmax", ".weight.quant_state.bitsandbytes__nf4"), "U8", "bitsandbytes"),
            ((".weight", ".SCB"), "I8", "bitsandbytes"),
            ((".weight_packed", ".weight_scale", ".weight_shape"), "I32", "compressed-tensors"),
            (("_blocks", "_scales"), "U8", "mxfp4"),
            ((".W_q", ".meta"), "U8", "hqq"),
            ((".weight", ".scales", ".biases"), "U32", "mlx"),
            ((".indices", ".centroids.weight"), "I32", "vptq"),
            ((".weight", ".weight_scales"), "I8", "eetq"),
            ((".weight._data", ".weight._scale"), "I8", "quanto"),
        ],
    )
    def test_unnamed(self, endings: tuple[str, ...], kind: str, method: str, tmp_path: Path) -> None:
        """Packed weights whose config.json names no method would be read as plain ones."""
        folder = checkpoint(tmp_path / "x", weights=packed(*endings, kind=kind))
        with pytest.raises(Unsupported, match=f"packed in {method}, and config.json names no quantization") as caught:
            plan(folder)
        assert "take a repository of it whose config.json says so" in str(caught.value.hint)

    @pytest.mark.parametrize(
        ("file", "content", "method"),
        [
            ("hf_quant_config.json", {"producer": {"name": "modelopt"}, "quantization": {"quant_algo": "FP8"}}, "fp8, as hf_quant_config.json says"),
            ("quantize_config.json", {"bits": 4, "group_size": 128}, "gptq, as quantize_config.json says"),
            ("quant_config.json", {"w_bit": 4, "q_group_size": 128}, "awq, as quant_config.json says"),
        ],
    )
    def test_others_files(self, file: str, content: dict[str, object], method: str, tmp_path: Path) -> None:
        """What other libraries wrote down is read, and the method named; beside plain weights it was left behind."""
        folder = checkpoint(tmp_path / "x", weights=packed(".qweight", ".qzeros", ".scales", kind="I32"))
        (folder / file).write_text(json.dumps(content))
        with pytest.raises(Unsupported, match=method):
            plan(folder)
        plain = checkpoint(tmp_path / "y")
        (plain / file).write_text(json.dumps(content))
        assert plan(plain).weights

    def test_other_way_round(self, tmp_path: Path) -> None:
        """config.json says gptq, the weights are plain."""
        with pytest.raises(Unsupported, match=r"config.json of .* says gptq, and its weights are plain ones"):
            plan(checkpoint(tmp_path / "x", quantization_config={"quant_method": "gptq", "bits": 4}))

    @pytest.mark.parametrize("method", ["bitsandbytes", "hqq", "quanto", "torchao", "auto-round", "aqlm", "fbgemm_fp8"])
    def test_left_behind(self, method: str, tmp_path: Path) -> None:
        """Settings of a quantization that was taken back are said, and not the packages that it would need."""
        with pytest.raises(Unsupported, match=f"says {method}, and its weights are plain ones") as caught:
            plan(checkpoint(tmp_path / "x", quantization_config={"quant_method": method}))
        assert "take quantization_config out of config.json" in str(caught.value.hint)

    def test_plain_in_name(self, tmp_path: Path) -> None:
        """Methods that transformers unpacks take plain weights as they are; where layers alone are packed for the cache, all weights are plain."""
        for method in ("fp8", "mxfp4"):
            made = plan(checkpoint(tmp_path / method, quantization_config={"quant_method": method}))
            assert (made.unpacks, made.missing) == (True, ())
        groups = {"group_0": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float"}}}
        stated = {"quant_method": "compressed-tensors", "format": "float-quantized", "config_groups": groups}
        with pytest.raises(Unsupported, match="says compressed-tensors, and its weights are plain ones"):
            plan(checkpoint(tmp_path / "x", quantization_config=stated))
        cache = stated | {"config_groups": {}, "kv_cache_scheme": {"num_bits": 8}}
        assert plan(checkpoint(tmp_path / "y", quantization_config=cache)).weights

    @pytest.mark.parametrize("stated", ["fp8", "bitsandbytes", "hqq"])
    def test_of_two_checkpoints(self, stated: str, tmp_path: Path) -> None:
        """config.json says one method, the names of the tensors are another's, which it does not read."""
        weights = packed(".qweight", ".qzeros", ".scales", kind="I32")
        with pytest.raises(Unsupported, match=f"says {stated}, and its weights are packed in awq or gptq: they are of two checkpoints") as caught:
            plan(checkpoint(tmp_path / "x", weights=weights, quantization_config={"quant_method": stated}))
        assert caught.value.hint

    def test_integers(self, tmp_path: Path) -> None:
        """A matrix of integers is no plain weight, though nobody knows who packed it; a mask is none at all."""
        with pytest.raises(Unsupported, match=r"q_proj\.weight of .* is made of integers \(I8\), and config\.json names no quantization"):
            plan(checkpoint(tmp_path / "x", weights=packed(".weight", kind="I8")))
        masks = {f"model.layers.{n}.self_attn.bias": ("U8", [2, 2], 4) for n in (0, 1)}
        assert plan(checkpoint(tmp_path / "y", weights=dict.fromkeys(NAMES, PLAIN) | masks)).weights

    def test_named(self, tmp_path: Path) -> None:
        """What config.json names is planned as before."""
        weights = packed(".qweight", ".qzeros", ".scales", kind="I32")
        folder = checkpoint(tmp_path / "x", weights=weights, quantization_config={"quant_method": "awq", "bits": 4})
        assert plan(folder).missing[-1].packages[0].startswith("gptqmodel")

    def test_on_a_hub(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """From a hub, by the header of the first shard and the names in the index; no weight byte moves."""
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        weights = packed(".weight", ".weight_scale", kind="F8_E4M3")
        folder = sharded(checkpoint(tmp_path / "x", weights=weights), ["model-00001-of-00002", "model-00002-of-00002"])
        with HuggingFaceHub({"acme/x-7B": folder}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
            with pytest.raises(Unsupported, match="packed in fp8"):
                plan("acme/x-7B", hub="huggingface")
            assert len(hub.requests) <= 6


def sharded(folder: Path, names: list[str], *, index: bool = True) -> Path:
    """The weights of a folder in several files, with their index."""
    file = folder / "model.safetensors"
    length = struct.unpack("<Q", file.read_bytes()[:8])[0]
    header = json.loads(file.read_bytes()[8 : 8 + length])
    file.unlink()
    keys = sorted(header)
    each = -(-len(keys) // len(names))
    where: dict[str, str] = {}
    for i, name in enumerate(names):
        part = keys[i * each : (i + 1) * each]
        shapes = {key: (header[key]["dtype"], header[key]["shape"], header[key]["data_offsets"][1] - header[key]["data_offsets"][0]) for key in part}
        write_safetensors(folder / f"{name}.safetensors", shapes)
        where |= dict.fromkeys(part, f"{name}.safetensors")
    if index:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": where}))
    return folder


class TestMissing:
    """Tensors that are not there are counted and named, where it is certain."""

    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda name: None if name == "lm_head.weight" else name, "lacks 1 of 11 tensors: lm_head.weight"),
            (lambda name: name.replace("lm_head", "lm_head.0"), "lm_head.weight, the output layer"),
            (lambda name: None if ".layers.1." in name else name, "lacks 1 of 2 layers that config.json announces: layer 1"),
            (lambda name: None if ".layers.0." in name else name, "lacks 1 of 2 layers that config.json announces: layer 0"),
            (lambda name: f"base_model.model.{name}", r"all 11 tensors of .* begin with base_model\.model\."),
            (lambda name: f"module.{name}", r"all 11 tensors of .* begin with module\."),
            # https://github.com/huggingface/transformers/issues/29659
            (lambda name: name.replace("self_attn", "_orig_module.self_attn"), "4 of 11 tensors of .* have _orig_module in their names"),
            (lambda name: name.replace("q_proj", "q_proj.base_layer"), "2 of 11 tensors of .* have base_layer in their names"),
            (lambda name: f"_orig_mod.{name}", r"all 11 tensors of .* begin with _orig_mod\."),
        ],
    )
    def test_safetensors(self, change: Callable[[str], str | None], said: str, tmp_path: Path) -> None:
        """A folder with such weights."""
        weights = {new: PLAIN for name in NAMES if (new := change(name)) is not None}
        with pytest.raises(IntegrityError, match=said) as caught:
            plan(checkpoint(tmp_path / "x", weights=weights))
        assert caught.value.hint

    def test_more_than_said(self, tmp_path: Path) -> None:
        """Layers and rows that the configuration leaves out are said: the model would be another one. Those that guess tokens are its own."""
        folder = checkpoint(tmp_path / "x", num_hidden_layers=1)
        assert plan(folder).mismatches == ("the files hold 2 layers, and config.json says 1: the others are left out",)
        assert plan(checkpoint(tmp_path / "y", num_hidden_layers=1, num_nextn_predict_layers=1)).mismatches == ()
        rows = plan(checkpoint(tmp_path / "z", vocab_size=77)).mismatches
        assert len(rows) == 1
        assert rows[0].endswith("rows, and config.json says vocab_size 77")
        narrow = dict.fromkeys(NAMES, PLAIN) | {"model.norm.weight": ("BF16", [2], 4)}
        wide = plan(checkpoint(tmp_path / "wide", weights=narrow, hidden_size=16)).mismatches
        assert wide == ("the embeddings and the last norm are 2 wide, and config.json says hidden_size 16",)

    def test_other_matrices(self, tmp_path: Path) -> None:
        """So are heads and inner sizes of another model; a tower's own matrices are none of the language model's."""

        def said(folder: str, keys: tuple[int, ...] = (8, 8), gate: int = 16, **config: object) -> tuple[str, ...]:
            more = {f"model.layers.{n}.self_attn.k_proj.weight": rows for n, rows in enumerate(keys)}
            more |= {f"model.layers.{n}.mlp.gate_proj.weight": gate for n in (0, 1)}
            weights = dict.fromkeys(NAMES, PLAIN) | {name: ("BF16", [rows, 2], 4 * rows) for name, rows in more.items()}
            return plan(checkpoint(tmp_path / folder, weights=weights, intermediate_size=16, **config)).mismatches

        assert said("same") == ()
        rows = "model.layers.0.self_attn.k_proj.weight has 8 rows"
        assert said("heads", num_key_value_heads=1) == (f"{rows}, and config.json says 1 key-value heads of 4 numbers",)
        assert said("some", keys=(4, 8)) == ()  # layers differ in ways that not every configuration tells
        assert said("inner", gate=12) == ("the layers are 12 wide inside, and config.json says intermediate_size 16",)

    def test_code_of_its_own(self, tmp_path: Path) -> None:
        """What a class from the repository needs, nobody knows: its layers may have no tensor."""
        weights = {name: PLAIN for name in NAMES if ".layers.1." not in name}
        folder = checkpoint(tmp_path / "x", weights=weights, model_type="nemotron-nas", auto_map={"AutoModelForCausalLM": "m.M"})
        assert plan(folder, trust_remote_code=True).weights
        adapted = {name.replace("q_proj.", "q_proj.base_layer."): PLAIN for name in NAMES}
        folder = checkpoint(tmp_path / "y", weights=adapted, model_type="phi4mm", auto_map={"AutoModelForCausalLM": "m.M"})
        assert plan(folder, trust_remote_code=True).weights

    def test_by_the_index(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """From a hub, the names in the index are all there are."""
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        weights = {name: PLAIN for name in NAMES if ".layers.1." not in name}
        folder = sharded(checkpoint(tmp_path / "x", weights=weights), ["model-00001-of-00002", "model-00002-of-00002"])
        with HuggingFaceHub({"acme/x-7B": folder}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
            with pytest.raises(IntegrityError, match="layer 1"):
                plan("acme/x-7B", hub="huggingface")

    @pytest.mark.parametrize("config", [{"tie_word_embeddings": True}, {"model_type": "gemma", "architectures": ["GemmaForCausalLM"]}])
    def test_tied(self, config: dict[str, Any], tmp_path: Path) -> None:
        """An output layer that is the embeddings is not missing, whether config.json says so or the class does."""
        weights = {name: PLAIN for name in NAMES if name != "lm_head.weight"}
        assert plan(checkpoint(tmp_path / "x", weights=weights, **config)).weights

    @pytest.mark.parametrize(
        ("names", "lost"),
        [
            (["output_norm.weight", "blk.0.attn_q.weight"], "token_embd.weight"),
            (["token_embd.weight", "blk.0.attn_q.weight"], "output_norm.weight"),
            (["token_embd.weight", "output_norm.weight"], "blk.0"),
        ],
    )
    def test_gguf(self, names: list[str], lost: str, tmp_path: Path) -> None:
        """A GGUF file without its embeddings, its norm, or a block."""
        with pytest.raises(IntegrityError, match=f"lacks 1 of what a llama model has: {lost}"):
            plan(gguf_file(tmp_path / "m.gguf", "llama", names))

    def test_gguf_alone(self, tmp_path: Path) -> None:
        """One part under another name, a file without a vocabulary, and one for other machines."""
        names = ["token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight"]
        with pytest.raises(IntegrityError, match="is one of 2 parts, as it says itself") as caught:
            plan(gguf_file(tmp_path / "part.gguf", "llama", names, more={"split.count": 2}))
        assert "-00001-of-00002.gguf" in str(caught.value.hint)
        with pytest.raises(Unsupported, match="holds no vocabulary"):
            plan(gguf_file(tmp_path / "mute.gguf", "llama", names, words=False))
        swapped = gguf_file(tmp_path / "big.gguf", "llama", names)
        swapped.write_bytes(b"GGUF" + struct.pack(">I", 3) + swapped.read_bytes()[8:])
        with pytest.raises(IntegrityError, match="written for big-endian machines") as caught:
            plan(swapped)
        assert caught.value.hint

    def test_ggufs_of_several_models(self, tmp_path: Path) -> None:
        """Of a folder with several models none is taken unless its name says which; of one model's the usual one is."""
        names = ["token_embd.weight", "output_norm.weight", "blk.0.attn_q.weight"]

        def many(folder: str, *files: str) -> Path:
            for file in files:
                gguf_file(tmp_path / folder / file, "llama", names)
            return tmp_path / folder

        with pytest.raises(CheckpointNotFound, match=r"several models: Qwen2\.5-0\.5B-Instruct-Q8_0\.gguf, Qwen2\.5-7B-Instruct-Q4_K_M\.gguf") as caught:
            plan(many("models", "Qwen2.5-7B-Instruct-Q4_K_M.gguf", "Qwen2.5-0.5B-Instruct-Q8_0.gguf"))
        assert caught.value.hint
        with pytest.raises(CheckpointNotFound, match="several models"):
            plan(many("mixed", "Qwen2.5-7B-Instruct-Q4_K_M.gguf", "Llama-2-7B-Q4_K_M.gguf"))
        meant = plan(many("Qwen2.5-7B-Instruct-GGUF", "Qwen2.5-7B-Instruct-Q4_K_M.gguf", "Qwen2.5-0.5B-Instruct-Q8_0.gguf"))
        assert meant.weights == ("Qwen2.5-7B-Instruct-Q4_K_M.gguf",)
        one = plan(many("one", "Qwen2.5-7B-Instruct-Q4_K_M.gguf", "Qwen2.5-7B-Instruct-f16.gguf", "ggml-model-q8_0.gguf"))
        assert one.weights == ("Qwen2.5-7B-Instruct-Q4_K_M.gguf",)
        assert "the first of 2 GGUF files, whose names do not tell how they differ" in plan(many("untold", "a.gguf", "b.gguf")).reasons[1]

    def test_real_gguf(self, gguf_file: Path) -> None:
        """A real one has them all."""
        assert plan(gguf_file).weights

    def test_holes(self, tmp_path: Path) -> None:
        """A file that was made at its whole length and never filled is as long as it should be; layers that add nothing are no holes."""
        names = [f"model.layers.{n}.{part}.weight" for n in range(4) for part in ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")]
        size = 1 << 19
        places = {name: {"dtype": "BF16", "shape": [512, 512], "data_offsets": [size * at, size * (at + 1)]} for at, name in enumerate(names)}
        head = json.dumps(places).encode()

        def holding(folder: str, empty: set[str]) -> Path:
            made = checkpoint(tmp_path / folder, num_hidden_layers=4, hidden_size=512, tie_word_embeddings=True)
            body = b"".join(bytes(size) if name in empty else b"\x3c\x00" * (size // 2) for name in names)
            (made / "model.safetensors").write_bytes(struct.pack("<Q", len(head)) + head + body)
            return made

        with pytest.raises(
            IntegrityError, match=r"model\.safetensors has holes: 4 of 8 matrices .* such as model\.layers\.2\.self_attn\.q_proj\.weight"
        ) as caught:
            plan(holding("x", set(names[8:])))
        assert "a download that makes the file at its full length" in str(caught.value.hint)
        assert plan(holding("y", {name for name in names if "o_proj" in name or "down_proj" in name})).weights


class TestIndex:
    """The index decides which files belong together."""

    @pytest.mark.parametrize(
        ("names", "left"),
        [
            (["model_0", "model_1", "model_mtp"], []),
            (["model-00001-of-00002", "model-00002-of-00002", "model-extra"], []),
            (["model-00001-of-00003", "model-00002-of-00003", "model-00003-of-00003"], ["model-00001-of-00002", "model-00002-of-00002"]),
            (["consolidated-00001-of-00002", "consolidated-00002-of-00002"], []),
            (["shard_a"], ["shard_b"]),
        ],
    )
    def test_names(self, names: list[str], left: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever they are called: of a folder, of both hubs, and where a lock wrote them down."""
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
        folder = sharded(checkpoint(tmp_path / "x"), names)
        for name in left:
            write_safetensors(folder / f"{name}.safetensors", {"x": PLAIN})
        wanted = {f"{name}.safetensors" for name in names}
        assert set(plan(folder).weights) == wanted
        with HuggingFaceHub({"acme/x-7B": folder}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
            made = plan("acme/x-7B", hub="huggingface")
            assert set(made.weights) == wanted
            assert made.dtype == "bfloat16"
            assert made.chat_template
            assert len(hub.requests) <= 6
        with ModelScopeHub({"acme/x-7B": folder}) as other:
            monkeypatch.setenv("MODELSCOPE_ENDPOINT", other.endpoint)
            assert set(plan("acme/x-7B", hub="modelscope").weights) == wanted
            assert len(other.requests) <= 6
        lock(folder, tmp_path / "x.lock")
        assert set(plan(folder, lock=tmp_path / "x.lock").weights) == wanted

    def test_too_large(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of an index of megabytes the end is read: the set that it is of, and every file without a number."""
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        names = [*(f"model-{n:05d}-of-00003" for n in (1, 2, 3)), "model-extra"]
        folder = sharded(checkpoint(tmp_path / "x"), names)
        for n in (1, 2):
            write_safetensors(folder / f"model-0000{n}-of-00002.safetensors", {"x": PLAIN})
        index = folder / "model.safetensors.index.json"
        index.write_text(json.dumps({"metadata": {"note": "x" * 2_000_000}, "weight_map": json.loads(index.read_text())["weight_map"]}))
        with HuggingFaceHub({"acme/x-7B": folder}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
            assert set(plan("acme/x-7B", hub="huggingface").weights) == {f"{name}.safetensors" for name in names}
            assert sum(request.sent for request in hub.requests) < 1_000_000
            assert len(hub.requests) <= 6

    def test_beside_a_whole_one(self, tmp_path: Path) -> None:
        """A model.safetensors beside shards is not what the index names; beside an index that was left behind, it is the model."""
        folder = sharded(checkpoint(tmp_path / "x"), ["model-00001-of-00002", "model-00002-of-00002"])
        write_safetensors(folder / "model.safetensors", {"w": ("U32", [2], 8)})
        assert len(plan(folder).weights) == 2
        (folder / "model-00002-of-00002.safetensors").unlink()
        checkpoint(folder)
        assert plan(folder).weights == ("model.safetensors",)

    def test_lost(self, tmp_path: Path) -> None:
        """A file that the index names and that is not there; an index that is none."""
        folder = sharded(checkpoint(tmp_path / "x"), ["model-00001-of-00002", "model-00002-of-00002"])
        (folder / "model-00002-of-00002.safetensors").unlink()
        with pytest.raises(IntegrityError, match=r"model-00002-of-00002\.safetensors of 2 weight files is missing"):
            plan(folder)
        (folder / "model.safetensors.index.json").write_text("[]")
        with pytest.raises(IntegrityError, match=r"model\.safetensors\.index\.json holds no JSON object"):
            plan(folder)

    def test_nobody_can_tell(self, tmp_path: Path) -> None:
        """Several files without numbers and without an index: none is guessed."""
        folder = checkpoint(tmp_path / "x")
        (folder / "model.safetensors").rename(folder / "b.safetensors")
        write_safetensors(folder / "a.safetensors", {"x": PLAIN})
        with pytest.raises(CheckpointNotFound, match=r"no weights that are loaded here, only a\.safetensors, b\.safetensors"):
            plan(folder)
        assert plan(folder / "b.safetensors").weights == ("b.safetensors",)

    def test_left_behind(self, tmp_path: Path) -> None:
        """An index of another set than the whole one that lies there."""
        folder = sharded(checkpoint(tmp_path / "x"), ["model-00001-of-00002", "model-00002-of-00002"])
        index = folder / "model.safetensors.index.json"
        index.write_text(index.read_text().replace("-of-00002", "-of-00030"))
        with pytest.raises(IntegrityError, match="is missing") as caught:
            plan(folder)
        assert "the index was left behind by another set: 2 files" in str(caught.value.hint)

    def test_incomplete_set(self, tmp_path: Path) -> None:
        """Without an index, numbers promise sisters."""
        folder = sharded(checkpoint(tmp_path / "x"), ["model-00001-of-00003", "model-00003-of-00003"], index=False)
        with pytest.raises(IntegrityError, match=r"2 of 3 weight files; model-00002-of-00003\.safetensors is missing"):
            plan(folder)

    @pytest.mark.parametrize("name", ["model.fp16.safetensors", "weights.safetensors", "model-00001-of-00001.safetensors", "consolidated.fp16.safetensors"])
    def test_other_name(self, name: str, tiny_folder: Path, tmp_path: Path) -> None:
        """A lone weight file is loaded by the name it has; what transformers looks for is not there."""
        folder = tmp_path / "x"
        shutil.copytree(tiny_folder, folder)
        (folder / "model.safetensors").rename(folder / name)
        if name.startswith("consolidated"):
            with pytest.raises(CheckpointNotFound, match="no weights that are loaded here"):
                plan(folder)
            return
        with load(tiny_folder) as right, load(folder) as other:
            assert other.chat("w3 w4", max_new_tokens=4).text == right.chat("w3 w4", max_new_tokens=4).text

    def test_variant_shards(self, tiny_folder: Path, tmp_path: Path) -> None:
        """So are shards of a variant, by the variant's own index."""
        from transformers import LlamaForCausalLM

        folder = tmp_path / "x"
        shutil.copytree(tiny_folder, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        LlamaForCausalLM.from_pretrained(tiny_folder).save_pretrained(folder, variant="fp16", max_shard_size="1MB")
        with load(tiny_folder) as right, load(folder) as other:
            assert len(other.plan.weights) > 1
            assert other.chat("w3 w4", max_new_tokens=4).text == right.chat("w3 w4", max_new_tokens=4).text


class TestTokenizer:
    """What reads the tokenizer is in the plan."""

    @pytest.mark.parametrize(
        ("files", "needs"),
        [
            ({"tokenizer.model": b"\n\x0b\n\x05<unk>"}, ("sentencepiece", "protobuf")),
            ({"spiece.model": b"\n\x0b\n\x05<unk>"}, ("sentencepiece", "protobuf")),
            ({"sentencepiece.bpe.model": b"\n\x0b"}, ("sentencepiece", "protobuf")),
            ({"tokenizer.model": b"IQ== 0\nIg== 1\n"}, ("tiktoken",)),
            ({"tiktoken.model": b"IQ== 0\n"}, ("tiktoken",)),
            ({"tekken.json": b"{}"}, ("mistral-common",)),
            ({"tokenizer.json": b"{}", "tokenizer.model": b"\n\x0b"}, ()),
            ({"vocab.json": b"{}", "merges.txt": b""}, ()),
        ],
    )
    def test_packages(self, files: dict[str, bytes], needs: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The packages that its files take, with one line, and no other."""
        from modelcatalog.planning import packages

        real = packages.installed
        monkeypatch.setattr(packages, "installed", lambda name: None if name in {"sentencepiece", "protobuf", "tiktoken", "mistral-common"} else real(name))
        folder = checkpoint(tmp_path / "x")
        (folder / "tokenizer.json").unlink()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        made = plan(folder)
        assert tuple(name for one in made.missing for name in one.packages) == needs
        if needs:
            with pytest.raises(MissingPackage) as caught:
                load(made)
            assert caught.value.install == f"pip install {' '.join(needs)}"

    def test_type(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Packages that a type of model takes are in the plan too."""
        from modelcatalog.planning import packages

        real = packages.installed
        monkeypatch.setattr(packages, "installed", lambda name: None if name in {"timm", "pillow"} else real(name))
        made = plan(checkpoint(tmp_path / "x", model_type="gemma3n", architectures=["Gemma3nForConditionalGeneration"]))
        assert made.missing[-1].install == "pip install timm pillow"

    def test_code(self, tmp_path: Path) -> None:
        """A tokenizer that is code of the repository needs that code, unless transformers has the class and a tokenizer.json is there."""
        folder = checkpoint(tmp_path / "x")
        for kind, readable, fits in (("LlamaTokenizer", True, True), ("T", True, False), ("LlamaTokenizer", False, False)):
            (folder / "tokenizer_config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": ["t.T", None]}, "tokenizer_class": kind}))
            if not readable:
                (folder / "tokenizer.json").rename(folder / "t.tiktoken")
            if fits:
                assert plan(folder).weights
                continue
            with pytest.raises(NeedsRemoteCode, match="the tokenizer of"):
                plan(folder)

    def test_none(self, tmp_path: Path) -> None:
        """A checkpoint without a tokenizer would be given an empty one by transformers, without a word."""
        folder = checkpoint(tmp_path / "x")
        (folder / "tokenizer.json").unlink()
        with pytest.raises(CheckpointNotFound, match="has no tokenizer"):
            plan(folder)
        tokenizer.check(Facts(model_type="llama"), {"tokenizer_class": "ByT5Tokenizer"}, ["config.json"], trusted=False, subject="x")


class TestDevices:
    """A device that is not there is refused by the plan, with what there is."""

    CARD = Gpu("NVIDIA H100", 80_000_000_000, 80_000_000_000, (9, 0))

    @pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:7", "npu", "mps", "gpu", "cuda:", "cpu:3", "frobnicator", "", "meta", 0])
    def test_absent(self, device: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a GPU."""
        monkeypatch.setattr(machine, "gpus", tuple)
        monkeypatch.setattr(devices, "_NODES", ())
        if device == "mps" and sys.platform == "darwin":
            pytest.skip("a Mac has one")
        with pytest.raises(Unsupported, match="device") as caught:
            plan(checkpoint(tmp_path / "x"), device=device)
        assert 'there is "cpu" here' in str(caught.value.hint)

    def test_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """GPUs are counted from 0, and the hint names them."""
        assert devices.checked("cuda:1", (self.CARD, self.CARD), subject="x") == "cuda:1"
        with pytest.raises(Unsupported, match="2 GPUs are visible, counted from cuda:0") as caught:
            devices.checked("cuda:2", (self.CARD, self.CARD), subject="x")
        assert '"cuda:1" (NVIDIA H100)' in str(caught.value.hint)
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
        with pytest.raises(Unsupported, match="CUDA_VISIBLE_DEVICES='' hides every GPU"):
            devices.checked("cuda", (), subject="x")

    def test_first_alone(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of several GPUs vllm takes the first that it sees: another one by its number would be passed over without a word."""
        monkeypatch.setattr(machine, "gpus", lambda: (self.CARD, self.CARD))
        folder = checkpoint(tmp_path / "x")
        with pytest.raises(Unsupported, match="device='cuda:1' is one of several, and vllm takes the first that it sees") as caught:
            plan(folder, engine="vllm", device="cuda:1")
        assert "CUDA_VISIBLE_DEVICES=1" in str(caught.value.hint)
        assert plan(folder, engine="transformers", device="cuda:1").device == "cuda:1"

    @pytest.mark.parametrize("built", [{"cuda": False, "hip": True}, {"cuda": True}, {}])
    def test_not_known(self, built: dict[str, bool], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where a driver without NVML is there (AMD, Jetson), and torch was built for it, nobody can tell: it is not refused."""
        monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
        monkeypatch.setattr(installed, "torch_built", lambda: built)
        monkeypatch.setattr(devices, "_NODES", (str(tmp_path),))
        assert devices.checked("cuda:0", (), subject="x") == "cuda:0"

    def test_plain(self, tmp_path: Path) -> None:
        """The CPU is always there, also as torch writes it."""
        torch = pytest.importorskip("torch")
        assert plan(checkpoint(tmp_path / "x"), device="cpu").device == "cpu"
        assert plan(tmp_path / "x", device=torch.device("cpu")).device == "cpu"


class TestOptions:
    """No option is ignored without a word."""

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"quantization": "int4"}, "quantization='int4' is not what .* is: not quantized"),
            ({"quantization": "Q4_K_M"}, "quantization='Q4_K_M' is not what"),
            ({"quantization": ""}, "quantization='' is not a name"),
            ({"revision": "v9"}, "a path has no revisions"),
            ({"hub": "modelscope"}, "no hub is asked"),
            ({"fit": True}, "a path is one variant"),
            ({"context_length": -5}, "context_length=-5 is not a number of tokens"),
            ({"context_length": 0}, "context_length=0 is not a number"),
            ({"context_length": True}, "context_length=True is not a number"),
            ({"context_length": "8192"}, "context_length='8192' is not a number"),
            ({"context_length": 10**15}, "is not a number of tokens"),
            ({"context_length": 513}, "context_length=513 is more than .* reads: 512 tokens"),
            ({"trust_remote_code": "False"}, "trust_remote_code='False' is neither True nor False"),
            ({"offload": 1}, "offload=1 is neither"),
            ({"dtype": "int8"}, "there is no dtype 'int8'"),
            ({"adapter": ["o/one", "o/two"]}, "one adapter is put onto a model, and adapter= has 2"),
        ],
    )
    def test_path(self, options: dict[str, Any], said: str, tmp_path: Path) -> None:
        """For a folder, in plan and in load; each with a next step."""
        folder = checkpoint(tmp_path / "x")
        for call in (plan, load):
            with pytest.raises(Unsupported, match=said) as caught:
                call(folder, **options)
            assert caught.value.hint

    @pytest.mark.parametrize("options", [{"fit": True}, {"revision": "v9"}, {"hub": "modelscope"}, {"quantization": "int4"}])
    def test_beside_a_lock(self, options: dict[str, Any], tmp_path: Path) -> None:
        """What a lock file says otherwise."""
        folder = checkpoint(tmp_path / "x")
        lock(folder, tmp_path / "x.lock")
        with pytest.raises(Unsupported, match=f"{next(iter(options))}="):
            plan(folder, lock=tmp_path / "x.lock", **options)

    def test_spellings(self, tmp_path: Path) -> None:
        """A dtype and a device as other programs spell them; None is what is taken where nothing is said."""
        folder = checkpoint(tmp_path / "x")
        for word, dtype in {"bf16": "bfloat16", "FP16": "float16", "half": "float16", "float": "float32", "torch.float32": "float32"}.items():
            assert plan(folder, dtype=word).dtype == dtype
        assert plan(folder, dtype=None, device="CPU").device == "cpu"  # type: ignore[arg-type]  # what callers hand on
        for number in (0, 1):
            with pytest.raises(Unsupported, match=f"no device cuda:{number}"):
                plan(folder, device=number)  # type: ignore[arg-type]  # as above

    def test_before_the_hub(self) -> None:
        """What means nothing is refused before anything is asked of a hub."""
        with pytest.raises(Unsupported, match="'gpu' is not a device"):
            plan("acme/nothing-7B", hub="huggingface", device="gpu")

    def test_quantization_that_it_is(self, gguf_file: Path) -> None:
        """What a path is in may be said."""
        assert plan(gguf_file, quantization="Q4_1").weights
        with pytest.raises(Unsupported, match=r"quantization='Q8_0' is not what .* is: Q4_1"):
            plan(gguf_file, quantization="Q8_0")

    def test_offload(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """On a CPU, offload=True says that it changes nothing."""
        monkeypatch.setattr(machine, "gpus", tuple)
        assert "offload=True changes nothing on a CPU" in plan(checkpoint(tmp_path / "x"), offload=True).warnings[-1]

    def test_beside_a_plan(self, tmp_path: Path) -> None:
        """A plan's own choices stand, so others beside it are refused."""
        made = plan(checkpoint(tmp_path / "x"))
        with pytest.raises(Unsupported, match=r"dtype=, revision= would be ignored|revision=, dtype= would be ignored"):
            load(made, dtype="float32", revision="main")


class TestContext:
    """The limit that a configuration means."""

    @pytest.mark.parametrize(
        ("config", "limit"),
        [
            ({"max_position_embeddings": 32768}, 32768),
            ({"max_seq_len": 2048}, 2048),
            ({"seq_length": 8192}, 8192),
            ({"n_ctx": 1024}, 1024),
            ({"n_positions": 1024, "n_ctx": 512}, 1024),
            ({"max_sequence_length": 4096}, 4096),
            # Qwen2.5's card, and Qwen3's, whose limit is not the length before stretching.
            ({"max_position_embeddings": 32768, "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}, 131072),
            ({"max_position_embeddings": 40960, "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}, 131072),
            # DeepSeek-V3 and gpt-oss have the factor in their limit already.
            ({"max_position_embeddings": 163840, "rope_scaling": {"type": "yarn", "factor": 40, "original_max_position_embeddings": 4096}}, 163840),
            ({"max_position_embeddings": 131072, "rope_parameters": {"rope_type": "llama3", "factor": 32.0, "original_max_position_embeddings": 8192}}, 131072),
            ({"max_position_embeddings": 131072, "rope_scaling": {"type": "longrope", "original_max_position_embeddings": 4096}}, 131072),
            ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 4.0}}, 16384),
            ({"max_position_embeddings": 2048, "rope_scaling": {"type": "dynamic", "factor": 2.0}}, 4096),
            # https://github.com/vllm-project/vllm/pull/53634 and 55116: stretched once, and not at all.
            ({"n_ctx": 1 << 20, "rope_scaling": {"type": "deepseek_yarn", "factor": 32, "original_max_position_embeddings": 1 << 15}}, 1 << 20),
            ({"max_position_embeddings": 32768, "rope_scaling": {"type": "telechat3-yarn", "factor": 4, "original_max_position_embeddings": 8192}}, 32768),
            ({"model_type": "gemma3_text", "max_position_embeddings": 131072, "rope_scaling": {"rope_type": "linear", "factor": 8.0}}, 131072),
            ({"max_position_embeddings": 100, "rope_scaling": {"type": "yarn", "factor": "4"}}, 100),
            ({"max_position_embeddings": 100, "rope_scaling": {"type": "yarn", "factor": True}}, 100),
            ({"max_position_embeddings": 100, "rope_scaling": [1]}, 100),
            # transformers 5 takes what a user adds by its old name before what it wrote itself.
            ({"max_position_embeddings": 100, "rope_parameters": {"rope_type": "default"}, "rope_scaling": {"type": "yarn", "factor": 4.0}}, 400),
            ({"max_position_embeddings": 100, "rope_scaling": {"type": "yarn", "factor": float("nan")}}, 100),
            ({}, None),
        ],
    )
    def test_limit(self, config: dict[str, Any], limit: int | None) -> None:
        """By any name, stretched once."""
        assert context_limit(config) == limit
        assert from_config(config).context_length == limit

    def test_tokenizer_is_a_witness(self, tmp_path: Path) -> None:
        """Where config.json has no limit, the tokenizer's counts; its huge number is none."""
        folder = checkpoint(tmp_path / "x", max_position_embeddings=None)
        (folder / "tokenizer_config.json").write_text('{"model_max_length": 4096}')
        assert plan(folder).context_length == 4096
        (folder / "tokenizer_config.json").write_text('{"model_max_length": 1000000000000000019884624838656}')
        assert plan(folder).context_length == 8192

    def test_in_the_engine(self, tiny_folder: Path, tmp_path: Path) -> None:
        """The engine reads as far as the plan says."""
        folder = tmp_path / "x"
        shutil.copytree(tiny_folder, folder)
        config = json.loads((folder / "config.json").read_text())
        stretched = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64, "rope_theta": 1e4}
        config |= {"max_position_embeddings": 64, "rope_parameters": stretched}
        (folder / "config.json").write_text(json.dumps(config))
        with load(folder) as model:
            assert model.plan.context_length == 256
            assert model.complete("w3 " * 200, max_new_tokens=2).usage.prompt_tokens >= 200
            with pytest.raises(Unsupported, match="the model reads 256"):
                model.complete("w3 " * 300, max_new_tokens=2)


class TestStretching:
    """What a user adds to a configuration that transformers 5 wrote."""

    def test_a_base_that_is_lost(self, tmp_path: Path) -> None:
        """``rope_scaling`` beside ``rope_parameters`` takes their place, and with it the base of the positions; transformers itself says so."""
        both: dict[str, Any] = {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}, "rope_scaling": {"type": "yarn", "factor": 4.0}}
        (said,) = plan(checkpoint(tmp_path / "x", **both)).mismatches
        assert "its default for the rope_theta 1,000,000" in said
        read = transformers.AutoConfig.from_pretrained(tmp_path / "x").rope_parameters
        both["rope_scaling"]["rope_theta"] = 1e6
        assert plan(checkpoint(tmp_path / "y", **both)).mismatches == ()
        if read["rope_type"] == "yarn":  # as from 5.3 on
            assert read["rope_theta"] != 1e6


class TestSmallFiles:
    """A small file that is cut off or a pointer is named, and a pointer is called one."""

    @pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "model.safetensors", "tokenizer_config.json", "tokenizer.model"])
    def test_pointer(self, name: str, tmp_path: Path) -> None:
        """What a clone without git-lfs has in place of a file."""
        folder = checkpoint(tmp_path / "x")
        (folder / name).write_text(POINTER)
        with pytest.raises(IntegrityError, match=f"{name} is a git-lfs pointer") as caught:
            plan(folder)
        assert "git lfs pull" in str(caught.value.hint)

    @pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "chat_template.jinja"])
    def test_link_to_nothing(self, name: str, tmp_path: Path) -> None:
        """What a cleaned cache leaves in place of a file."""
        folder = checkpoint(tmp_path / "x")
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("../../blobs/gone")
        with pytest.raises(IntegrityError, match=f"{name} in .* is a link to a file that is gone") as caught:
            plan(folder)
        assert caught.value.hint

    def test_bytes_behind(self, tmp_path: Path) -> None:
        """Weights that go on behind their last tensor, which safetensors does not read."""
        file = checkpoint(tmp_path / "x") / "model.safetensors"
        file.write_bytes(file.read_bytes() + b"no")
        with pytest.raises(IntegrityError, match="has 2 bytes behind its last tensor"):
            plan(tmp_path / "x")

    def test_gguf_pointer(self, tmp_path: Path) -> None:
        """A GGUF file that is one."""
        (tmp_path / "m.gguf").write_text(POINTER)
        with pytest.raises(IntegrityError, match=r"m.gguf is a git-lfs pointer"):
            plan(tmp_path / "m.gguf")

    @pytest.mark.parametrize("name", ["tokenizer.json", "config.json", "tokenizer_config.json", "special_tokens_map.json"])
    @pytest.mark.parametrize(("text", "why"), [('{"a": {"b": ', "ends in the middle"), ("", "is empty"), ("<html>", "breaks at character 0")])
    def test_cut(self, name: str, text: str, why: str, tmp_path: Path) -> None:
        """JSON that is cut off, empty, or a page."""
        folder = checkpoint(tmp_path / "x")
        (folder / name).write_text(text)
        with pytest.raises(IntegrityError, match=f"{name} is not valid JSON: it has {len(text)} bytes and {why}"):
            plan(folder)

    @pytest.mark.parametrize("name", ["config.json", "generation_config.json", "special_tokens_map.json"])
    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
    def test_encoding(self, name: str, encoding: str, tmp_path: Path) -> None:
        """JSON as some editors and PowerShell save it, which transformers does not read."""
        folder = checkpoint(tmp_path / "x")
        file = folder / name
        stated = file.read_text() if file.exists() else "{}"
        file.write_bytes(stated.replace("}", ', "a": "\xe9"}' if len(stated) > 2 else '"a": "\xe9"}').encode(encoding))
        with pytest.raises(IntegrityError, match=f"{name} is not valid JSON: .*{'is not UTF-8 at byte' if encoding == 'latin-1' else 'byte order mark'}"):
            plan(folder)

    def test_long(self, tmp_path: Path) -> None:
        """A long one that is cut off is found by its end."""
        folder = checkpoint(tmp_path / "x")
        text = json.dumps({"model": {"vocab": {f"w{n}": n for n in range(60_000)}}})
        (folder / "tokenizer.json").write_text(text)
        assert plan(folder).weights
        (folder / "tokenizer.json").write_text(text[:-9])
        with pytest.raises(IntegrityError, match=r"tokenizer.json is not valid JSON"):
            plan(folder)

    def test_while_loading(self, tiny_folder: Path, tmp_path: Path) -> None:
        """One that is broken in its middle is found by whoever reads it, and named."""
        folder = tmp_path / "x"
        shutil.copytree(tiny_folder, folder)
        text = (folder / "tokenizer.json").read_text()
        (folder / "tokenizer.json").write_text(text[:500] + " " * 400_000 + "}")
        with pytest.raises(IntegrityError, match=r"tokenizer.json is not valid JSON"):
            load(folder)
        (folder / "tokenizer.json").write_text(text)
        (folder / "chat_template.jinja").write_bytes("é".encode("utf-16"))
        with pytest.raises(IntegrityError, match=r"chat_template\.jinja is not UTF-8"):
            load(folder)


class TestElsewhere:
    """Weights that lie elsewhere are found, or said what they are."""

    def test_one_subfolder(self, tiny_folder: Path, tmp_path: Path) -> None:
        """The one checkpoint in a subfolder is loaded; of several, they are named."""
        shutil.copytree(tiny_folder, tmp_path / "x" / "inner")
        with load(tmp_path / "x") as model:
            assert model.plan.weights == ("inner/model.safetensors",)
            assert model.chat("w3", max_new_tokens=2).text
        checkpoint(tmp_path / "x" / "other")
        with pytest.raises(CheckpointNotFound, match="2 checkpoints in folders: inner, other"):
            plan(tmp_path / "x")

    def test_ggml(self, tmp_path: Path) -> None:
        """A file of llama.cpp's from before GGUF, by its bytes and in a folder by its name."""
        file = tmp_path / "old" / "llama-2-7b-chat.ggmlv3.q8_0.bin"
        file.parent.mkdir()
        file.write_bytes(b"tjgg" + bytes(60))
        for place in (file, file.parent):
            with pytest.raises(Unsupported, match=r"llama-2-7b-chat\.ggmlv3\.q8_0\.bin is a GGML file"):
                plan(place)

    def test_what_may_not_be_looked_at(self, tmp_path: Path) -> None:
        """An entry whose state cannot be read is passed over, and is no raw error."""
        folder = checkpoint(tmp_path / "x")
        (folder / "link").symlink_to("x" * 300)
        assert plan(folder).weights

    def test_cache_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A repository's folder in Hugging Face's cache is its snapshot."""
        root = tmp_path / "models--acme--x"
        checkpoint(root / "snapshots" / ("a" * 40))
        checkpoint(root / "snapshots" / ("b" * 40))
        (root / "refs").mkdir()
        (root / "refs" / "main").write_text("a" * 40)
        assert str(plan(root).path).endswith("a" * 40)
        monkeypatch.chdir(tmp_path)
        assert str(plan("models--acme--x").path).endswith("a" * 40)

    @pytest.mark.parametrize(
        ("files", "error", "said"),
        [
            ({"model_index.json": "{}", "unet/config.json": "{}", "unet/x.safetensors": ""}, Unsupported, "a diffusion pipeline"),
            ({"params.json": "{}", "consolidated.safetensors": ""}, Unsupported, "in their authors' own format"),
            ({"params.json": "{}", "consolidated.00.pth": ""}, Unsupported, "in their authors' own format"),
            ({"model.pth": ""}, UnsafeRepository, "only as pickles"),
            ({"mmproj-f16.gguf": ""}, CheckpointNotFound, "holds mmproj-f16.gguf alone, the eyes or ears"),
            ({"config.json": "{}", "onnx/model.onnx": ""}, Unsupported, "only for ONNX"),
            ({"mlc-chat-config.json": "{}", "params_shard_0.bin": ""}, Unsupported, "only for MLC"),
            ({"config.json": "{}", "openvino_model.xml": "", "openvino_model.bin": ""}, Unsupported, "only for OpenVINO"),
            ({"config.json": "{}", "model.weights.h5": ""}, Unsupported, "only for Keras"),
            ({"zero_to_fp32.py": "", "global_step9/mp_rank_00_model_states.pt": ""}, Unsupported, r"the parts of a training run \(DeepSpeed\)"),
            ({".metadata": "", "__0_0.distcp": ""}, Unsupported, r"the parts of a training run \(torch\.distributed\.checkpoint\)"),
        ],
    )
    def test_said(self, files: dict[str, str], error: type[Exception], said: str, tmp_path: Path) -> None:
        """What the files are, instead of "no safetensors" above a list of them."""
        for name, text in files.items():
            file = tmp_path / "x" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        with pytest.raises(error, match=said) as caught:
            plan(tmp_path / "x")
        assert caught.value.hint  # type: ignore[attr-defined]

    @pytest.mark.parametrize("name", ["X.Q4_1.GGUF", "X.Q4_1.Gguf", "sha256-" + "a" * 64, "ggml-model-q4_1.bin"])
    def test_gguf_by_its_bytes(self, name: str, gguf_file: Path, tmp_path: Path) -> None:
        """Four bytes tell a GGUF file, whatever its name."""
        (tmp_path / name).symlink_to(gguf_file)
        assert plan(tmp_path / name).format == "gguf"


def test_read_once(gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The plan of a local file reads its header once."""
    from modelcatalog.weights import gguf

    calls: list[Path] = []
    real = gguf.read_file

    def counted(path: Path) -> gguf.GgufHeader:
        calls.append(path)
        return real(path)

    monkeypatch.setattr(gguf, "read_file", counted)
    plan(gguf_file, device="cpu")
    assert len(calls) == 1


def test_unknown_headers_tell_nothing() -> None:
    """Where no header was read, nothing is missing and nothing contradicts."""
    tensors.check_missing(Facts(layers=2, architecture="LlamaForCausalLM"), tensors.Tensors(), subject="x")
    tensors.check_method(Facts(), tensors.Tensors(), {}, subject="x")


@pytest.mark.parametrize("named", ["flash_attention_2", "someone/kernel"])
def test_attention_of_a_stranger(tiny_folder: Path, tmp_path: Path, named: str) -> None:
    """A package or code on a hub that ``config.json`` names for its attention is not asked for: the plan's is taken."""
    shutil.copytree(tiny_folder, tmp_path / "x")
    file = tmp_path / "x" / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"_attn_implementation": named, "attn_implementation": named}))
    with load(tmp_path / "x", engine="transformers") as model:
        assert model._engine.attention == model.plan.attention == "sdpa"  # type: ignore[attr-defined]  # of this engine
