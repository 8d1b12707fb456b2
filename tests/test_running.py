"""Tests of what a machine makes of a checkpoint's format: packages, unpacking, attention, and the warnings about them.

The machines are made up (their GPUs are values of the plan's own record); the packages, files and models are real.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from test_hubs import write_checkpoint, write_safetensors

from loopback.hubs import HuggingFaceHub
from modelcatalog import vocabulary
from modelcatalog.chat import load
from modelcatalog.errors import MissingPackage, Unsupported
from modelcatalog.planning import Plan, attention, machine, packages, plan
from modelcatalog.planning.facts import Facts, from_config
from modelcatalog.planning.machine import Gpu

if TYPE_CHECKING:
    from collections.abc import Callable

BIG = 80_000_000_000
H100 = Gpu("NVIDIA H100", BIG, BIG, (9, 0))
A100 = Gpu("NVIDIA A100", BIG, BIG, (8, 0))
T4 = Gpu("Tesla T4", BIG, BIG, (7, 5))
V100 = Gpu("Tesla V100", BIG, BIG, (7, 0))

Tensors = dict[str, tuple[str, list[int], int]]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes up the machine: its GPUs, and distributions with their versions beside those that are installed."""
    real = packages.installed

    def put(*cards: Gpu, **versions: str) -> None:
        known = {name.replace("_", "-"): version for name, version in versions.items()}
        monkeypatch.setattr(machine, "gpus", lambda: cards)
        monkeypatch.setattr(packages, "installed", lambda name: known.get(name) or real(name))

    put()
    return put


def quantized(folder: Path, settings: dict[str, object], tensors: Tensors | None = None, **more: object) -> Path:
    """A small checkpoint whose ``quantization_config`` says this."""
    write_checkpoint(folder)
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "llama", "quantization_config": settings} | more
    (folder / "config.json").write_text(json.dumps(config))
    write_safetensors(folder / "model.safetensors", tensors or {"w": ("I32", [1000, 1000], 4_000_000)})
    return folder


class TestPackages:
    """A package that is missing is named, with its line, before anything is downloaded."""

    @pytest.mark.parametrize(
        ("settings", "line"),
        [
            ({"quant_method": "awq", "bits": 4}, "pip install gptqmodel"),
            ({"quant_method": "gptq", "bits": 4}, "pip install 'gptqmodel>=1.4.3' 'optimum>=1.24.0'"),
            ({"quant_method": "compressed-tensors"}, "pip install 'compressed-tensors>=0.15.0'"),
            ({"quant_method": "bitsandbytes", "load_in_4bit": True}, "pip install 'bitsandbytes>=0.46.1'"),
            ({"load_in_8bit": True}, "pip install 'bitsandbytes>=0.46.1'"),
            ({"quant_method": "hqq"}, "pip install 'hqq>=0.2.1'"),
            ({"quant_method": "torchao"}, "pip install 'torchao>=0.15.0'"),
            ({"quant_method": "quanto"}, "pip install optimum-quanto"),
            ({"quant_method": "auto-round"}, "pip install 'auto-round>=0.5.0'"),
            ({"quant_method": "fp8"}, "pip install 'kernels>=0.18.2,<0.19.0'"),
            ({"quant_method": "mxfp4"}, "pip install 'kernels>=0.18.2,<0.19.0' 'triton>=3.4.0'"),
        ],
    )
    def test_line(self, settings: dict[str, object], line: str, tmp_path: Path, here: Callable[..., None]) -> None:
        """What config.json asks for is what is installed with one line, and loading stops there."""
        here(H100)
        made = plan(quantized(tmp_path / "x", settings))
        assert made.missing[-1].install == line
        assert f": {line}" in str(made)
        with pytest.raises(MissingPackage) as caught:
            load(made)
        assert caught.value.install == line

    def test_no_download(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """From a hub: the error comes before a byte of the weights."""
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        folder = quantized(tmp_path / "x", {"quant_method": "awq", "bits": 4})
        with HuggingFaceHub({"acme/x-AWQ": folder}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
            with pytest.raises(MissingPackage, match="needs gptqmodel"):
                load("acme/x-AWQ", hub="huggingface", device="cpu")
            assert sum(r.sent for r in hub.requests) < 100_000

    @pytest.mark.parametrize(("version", "met"), [("0.46.1", "met"), ("0.46.0", ""), ("0.47.0.dev0", "met"), ("1.0+cu130", "met")])
    def test_too_old(self, version: str, met: str, *, tmp_path: Path, here: Callable[..., None]) -> None:
        """A version below the least is as good as none."""
        here(bitsandbytes=version)
        made = plan(quantized(tmp_path / "x", {"load_in_4bit": True}), device="cpu")
        assert [m.packages for m in made.missing] == ([] if met else [("bitsandbytes>=0.46.1",)])

    def test_nothing_forgotten(self) -> None:
        """There is an entry for each method that the installed transformers knows, or it is known to be unusable."""
        auto = pytest.importorskip("transformers.quantizers.auto")
        known = {name.removesuffix("_4bit").removesuffix("_8bit") for name in auto.AUTO_QUANTIZER_MAPPING}
        # Apple's and Google's own, and two that load nothing that was quantized before.
        assert known - vocabulary.running().keys() == {"metal", "gemma", "nvfp4", "fouroversix"}
        assert vocabulary.running().keys() <= known


class TestRefused:
    """What transformers could not run is refused by the plan."""

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"quant_method": "exl3"}, "does not run weights in exl3"),
            ({"quant_method": "modelopt"}, "does not run weights in modelopt"),
            ({"quant_method": "eetq"}, "in eetq on a GPU only"),
            ({"quant_method": "fbgemm_fp8"}, r"in fbgemm_fp8 on a GPU of compute capability 9\.0 only"),
        ],
    )
    @pytest.mark.usefixtures("here")
    def test_method(self, settings: dict[str, object], said: str, tmp_path: Path) -> None:
        """A method that it does not know, or runs on a GPU only."""
        with pytest.raises(Unsupported, match=said) as caught:
            plan(quantized(tmp_path / "x", settings))
        assert caught.value.hint

    def test_small_gpu(self, tmp_path: Path, here: Callable[..., None]) -> None:
        """A GPU that is too old is not a GPU."""
        folder = quantized(tmp_path / "x", {"quant_method": "fbgemm_fp8"})
        here(A100)
        with pytest.raises(Unsupported, match=r"compute capability 9\.0"):
            plan(folder)
        here(H100)
        assert plan(folder).missing[-1].packages == ("fbgemm-gpu",)


FP8: Tensors = {"w": ("F8_E4M3", [1000, 1000], 1_000_000), "w_scale_inv": ("F32", [8, 8], 256)}
MXFP4: Tensors = {"w_blocks": ("U8", [4, 1000, 10, 16], 640_000), "w_scales": ("U8", [4, 1000, 10], 40_000)}
INT4: Tensors = {"w_packed": ("I32", [1000, 125], 500_000), "w_scale": ("BF16", [1000, 8], 16_000)}
NEEDS = "computing with them needs a GPU of compute capability"
GROUPS = {"group_0": {"weights": {"num_bits": 4, "type": "int"}}}


class TestUnpacking:
    """Where a format is unpacked, the plan says so, with the bytes that it takes, and counts them."""

    @pytest.mark.parametrize(
        ("form", "card", "weights", "said"),
        [
            (("fp8", FP8), None, 2_000_128, f"2 MB in bfloat16 instead of 1 MB on disk: {NEEDS} 8.9, there is none here"),
            (("fp8", FP8), A100, 2_000_128, f"2 MB in bfloat16 instead of 1 MB on disk: {NEEDS} 8.9, NVIDIA A100 has 8.0"),
            # 1,280,000 numbers in four bits.
            (("mxfp4", MXFP4), V100, 2_560_000, f"2.56 MB in bfloat16 instead of 680 kB on disk: {NEEDS} 7.5, Tesla V100 has 7.0"),
            # 1,000,000 numbers in four bits, and 8,000 scales.
            (("compressed-tensors", INT4), H100, 2_016_000,
             "2.02 MB in bfloat16 instead of 516 kB on disk: transformers decompresses them at the first forward pass"),
        ],
    )  # fmt: skip
    def test_figures(self, form: tuple[str, Tensors], card: Gpu | None, weights: int, said: str, *, tmp_path: Path, here: Callable[..., None]) -> None:
        """Bytes in memory instead of bytes on disk, and why."""
        method, tensors = form
        here(*([card] if card else []))
        made = plan(quantized(tmp_path / "x", {"quant_method": method, "config_groups": GROUPS}, tensors))
        assert made.unpacks
        assert made.memory.weights == weights
        assert made.warnings == (f"{method} weights are unpacked to {said}",)
        assert f"  warning   {made.warnings[0]}" in str(made).splitlines()

    def test_gguf(self, gguf_file: Path) -> None:
        """A GGUF file, which transformers unpacks everywhere."""
        made = plan(gguf_file, device="cpu")
        assert made.unpacks
        assert made.warnings[0].startswith("GGUF weights are unpacked to 538 MB in float32 instead of 98.4 MB on disk: transformers computes")

    def test_packed_fp8(self, tmp_path: Path, here: Callable[..., None]) -> None:
        """FP8 where it is computed with: its own size, and a word about its speed, with the source of the figure."""
        here(H100, kernels="0.18.3")
        folder = quantized(tmp_path / "x", {"quant_method": "fp8"}, FP8)
        made = plan(folder)
        assert (made.unpacks, made.memory.weights, made.missing) == (False, (folder / "model.safetensors").stat().st_size, ())
        assert made.warnings == ("fp8 in transformers can be slower than bfloat16: 15.5 against 45.3 tokens/s for Qwen3-8B on an H20, in Qwen's own table",)

    def test_way_out(self, tmp_path: Path, here: Callable[..., None]) -> None:
        """Where kernels are missing, an explicit dtype unpacks; the plan names the price, and then needs no package."""
        here(T4, triton="3.4.0")
        folder = quantized(tmp_path / "x", {"quant_method": "mxfp4"}, MXFP4)
        made = plan(folder)
        assert made.missing[-1].packages == ("kernels>=0.18.2,<0.19.0",)
        assert 'dtype="bfloat16" unpacks the mxfp4 weights to 2.56 MB' in made.warnings[0]
        asked = plan(folder, dtype="bfloat16")
        assert (asked.unpacks, asked.missing) == (True, ())
        assert "bfloat16 was asked for" in asked.warnings[0]

    def test_two_cards(self, tmp_path: Path, here: Callable[..., None]) -> None:
        """Of several GPUs the least decides."""
        here(H100, A100)
        assert plan(quantized(tmp_path / "x", {"quant_method": "fp8"}, FP8)).unpacks
        assert not plan(tmp_path / "x", device="cuda:0").unpacks

    def test_remote_gguf(self, gguf_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a file on a hub only the start is read, and the estimate still counts unpacked weights."""
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        folder = tmp_path / "x"
        folder.mkdir()
        (folder / gguf_file.name).symlink_to(gguf_file)
        with HuggingFaceHub({"acme/SmolLM2-135M-Instruct-GGUF": folder}) as hub:
            monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
            made = plan("acme/SmolLM2-135M-Instruct-GGUF", hub="huggingface", device="cpu")
        assert made.memory.weights == pytest.approx(538_060_032, rel=0.1)
        assert made.parameters is None

    def test_plain(self, tmp_path: Path, here: Callable[..., None]) -> None:
        """Plain weights: nothing to say."""
        here(H100)
        made = plan(write_checkpoint(tmp_path / "x"))
        assert (made.unpacks, made.warnings) == (False, ())


ARCHITECTURES = ["LlamaForCausalLM", "Qwen2ForCausalLM", "Qwen3MoeForCausalLM", "Gemma2ForCausalLM", "GptOssForCausalLM", "Phi3ForCausalLM"]


class TestAttention:
    """The attention that is named is the one that runs."""

    @pytest.mark.parametrize("architecture", ARCHITECTURES)
    def test_as_transformers(self, architecture: str, tmp_path: Path) -> None:
        """The plan names what the real class takes by itself."""
        torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
        kind = getattr(transformers, architecture)
        config = kind.config_class()
        with torch.device("meta"):
            takes = kind(type(config)(num_hidden_layers=1)).config._attn_implementation
        folder = write_checkpoint(tmp_path / "x")
        said = {"architectures": [architecture], "model_type": config.model_type}
        (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | said))
        made = plan(folder, device="cpu")
        assert made.attention == takes
        assert any(f"{takes} attention" in reason for reason in made.reasons)

    @pytest.mark.parametrize(
        ("card", "dtype", "installed", "expected"),
        [
            (H100, "bfloat16", {"flash_attn": "2.8.3"}, ("flash_attention_2", "flash-attn is installed, for bfloat16 on NVIDIA H100")),
            (H100, "bfloat16", {"flash_attn": "2.8.3", "flash_attn_3": "3.0.0"}, ("flash_attention_3", "flash-attn-3 is installed")),
            (A100, "bfloat16", {"flash_attn_3": "3.0.0"}, ("sdpa", "flash_attention_3 needs compute capability 9.0")),
            (A100, "float16", {"flash_attn": "2.8.3"}, ("flash_attention_2", "flash-attn is installed, for float16")),
            (A100, "float32", {"flash_attn": "2.8.3"}, ("sdpa", "computes in 16 bits, not in float32")),
            (A100, "bfloat16", {"flash_attn": "2.2.0"}, ("sdpa", "flash-attn is not installed")),
            (T4, "float16", {"flash_attn": "2.8.3"}, ("sdpa", "flash_attention_2 needs compute capability 8.0")),
        ],
    )
    def test_flash(self, card: Gpu, dtype: str, installed: dict[str, str], expected: tuple[str, str], *, tmp_path: Path, here: Callable[..., None]) -> None:
        """flash-attn is taken where package, card and type allow; else the reason says what does not."""
        name, why = expected
        here(card, **installed)
        folder = write_checkpoint(tmp_path / "x")
        said = {"model_type": "llama"}
        (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | said))
        made = plan(folder, dtype=dtype)
        assert made.attention == name
        assert why in made.reasons[-1]
        assert f"{name} attention, on cuda" in str(made)

    def test_sinks(self, tmp_path: Path, here: Callable[..., None]) -> None:
        """A model whose attention only its own code computes stays with that."""
        here(H100, flash_attn="2.8.3")
        made = plan(quantized(tmp_path / "x", {"quant_method": "mxfp4"}, MXFP4, architectures=["GptOssForCausalLM"], model_type="gpt_oss"))
        assert made.attention == "eager"
        assert "eager attention: transformers has no other for GptOssForCausalLM" in made.reasons

    @pytest.mark.parametrize("value", ["../../../etc/passwd", "a b", "", "x" * 99, 3])
    def test_hostile(self, value: object, tmp_path: Path) -> None:
        """A model type that is not a name is one that transformers does not know, and no file is looked for by it."""
        folder = quantized(tmp_path / "x", {"quant_method": "mxfp4"}, MXFP4, model_type=value, architectures=["OtherForCausalLM"])
        with pytest.raises(Unsupported, match=r"model type|no model_type"):
            plan(folder, device="cpu")
        assert attention.choose(Facts(model_type=str(value)), (), dtype=None, unquantized=True).name is None

    def test_gguf(self, gguf_file: Path) -> None:
        """A GGUF file names its architecture in another way, and it is found."""
        assert plan(gguf_file, device="cpu").attention == "sdpa"


class TestLoaded:
    """What is loaded is what was planned."""

    def test_fp8(self, tiny_folder: Path, tmp_path: Path) -> None:
        """A real FP8 checkpoint on a CPU: unpacked to bfloat16, and as large as the plan says."""
        torch = pytest.importorskip("torch")
        from safetensors.torch import load_file, save_file

        folder = tmp_path / "tiny-FP8"
        folder.mkdir()
        for file in tiny_folder.iterdir():
            if file.name not in {"model.safetensors", "config.json"}:
                (folder / file.name).symlink_to(file)
        settings = {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": [128, 128]}
        config = json.loads((tiny_folder / "config.json").read_text()) | {"dtype": "bfloat16", "quantization_config": settings}
        (folder / "config.json").write_text(json.dumps(config))
        weights: dict[str, Any] = {}
        for name, tensor in load_file(tiny_folder / "model.safetensors").items():
            if "proj" in name:
                weights[name] = tensor.to(torch.float8_e4m3fn)
                weights[f"{name}_scale_inv"] = torch.ones([-(-size // 128) for size in tensor.shape])
            else:
                weights[name] = tensor.to(torch.bfloat16)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        made = plan(folder, device="cpu")
        assert (made.unpacks, made.dtype) == (True, "bfloat16")
        # So small a model is hardly larger unpacked; a larger one's plan has this to say.
        with pytest.warns(UserWarning, match="fp8 weights are unpacked") as caught:
            model = load(made.model_copy(update={"warnings": ("fp8 weights are unpacked",)}))
        assert len(caught) == 1
        with model:
            inner: Any = model._engine._model  # type: ignore[attr-defined]
            assert {p.dtype for p in inner.parameters()} == {torch.bfloat16}
            held = sum(p.numel() * p.element_size() for p in inner.parameters())
            assert made.memory.weights == pytest.approx(held, rel=0.1)
            assert inner.config._attn_implementation == made.attention
            assert model.complete("w5 w6", max_new_tokens=4).usage.completion_tokens > 0

    @pytest.mark.parametrize("kind", ["gguf_file", "safetensors_folder"])
    def test_peak_and_silence(self, kind: str, request: pytest.FixtureRequest) -> None:
        """In a fresh process: the peak while loading is at most 1.1 times weights and KV cache, and nothing is printed.

        Of a GGUF file transformers wants the header three times; the package that parses it is asked once, and restored.
        """
        pytest.importorskip("gguf")
        code = (
            "import sys, warnings; import gguf, torch, transformers, modelcatalog\n"
            "from modelcatalog import planning\n"
            "from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM\n"
            "def status(key): return next(int(line.split()[1]) * 1024 for line in open('/proc/self/status') if line.startswith(key))\n"
            "parsed, real = [], gguf.GGUFReader.__init__\n"
            "def counted(self, path, *rest): parsed.append(str(path)); real(self, path, *rest)\n"
            "gguf.GGUFReader.__init__ = counted\n"
            "restored = gguf.GGUFReader, gguf.get_tensor_name_map\n"
            "made = planning.plan(sys.argv[1], device='cpu')\n"
            "before = status('VmRSS')\n"
            "model = modelcatalog.load(made)\n"
            "peak = status('VmHWM') - before\n"
            "assert parsed == [path for path in sys.argv[1:] if path.endswith('.gguf')], parsed\n"
            "assert (gguf.GGUFReader, gguf.get_tensor_name_map) == restored\n"
            "reply = model.chat('What is the capital of France?', max_new_tokens=8)\n"
            "assert 'Paris' in reply.text, reply\n"
            "print(peak, made.memory.needed)\n"
        )
        if not Path("/proc/self/status").exists():
            pytest.skip("reads Linux's account of a process")
        path = str(request.getfixturevalue(kind))
        done = subprocess.run([sys.executable, "-W", "ignore::UserWarning:__main__", "-c", code, path], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        peak, needed = map(int, done.stdout.split())
        assert peak <= 1.1 * needed


def test_mlx_and_groups() -> None:
    """The method and the bits where ``quant_method`` does not tell them."""
    facts = from_config({"quantization_config": {"group_size": 64, "bits": 4}})
    assert (facts.quantization, facts.bits) == ("mlx", 4)
    facts = from_config({"quantization_config": {"quant_method": "compressed-tensors", "config_groups": GROUPS}})
    assert (facts.quantization, facts.bits) == ("compressed-tensors", 4)


def test_plan_round_trip(tmp_path: Path) -> None:
    """The new fields go to JSON and back."""
    made = plan(quantized(tmp_path / "x", {"quant_method": "fp8"}, FP8), device="cpu")
    assert Plan.model_validate_json(made.model_dump_json()) == made
