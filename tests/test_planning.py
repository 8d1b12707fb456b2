"""Tests of planning/: what is chosen, estimated and said before anything is loaded."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from test_hubs import write_checkpoint, write_safetensors

from modelcatalog import parse
from modelcatalog.errors import (
    CheckpointNotFound,
    ClosedWeights,
    IntegrityError,
    NeedsRemoteCode,
    UnknownFamily,
    UnsafeRepository,
    Unsupported,
)
from modelcatalog.hubs import HUBS, RemoteFile
from modelcatalog.planning import Plan, claims, lock, machine, packages, plan
from modelcatalog.planning.choose import Choice, choose
from modelcatalog.planning.facts import Facts, from_config
from modelcatalog.planning.layers import config as config_layers
from modelcatalog.weights.gguf import GgufHeader, Tensor


def files(*names: str) -> tuple[RemoteFile, ...]:
    """A listing of files of 1,000 bytes."""
    return tuple(RemoteFile(path=name, size=1000) for name in names)


class TestChoose:
    """One weight format, all its shards, nothing twice."""

    def test_one_format(self) -> None:
        """Safetensors come before everything, and what stands beside them comes along."""
        listing = files(
            "config.json", "tokenizer.json", "README.md", "chat_template.jinja", "model.safetensors", "model.gguf",
            "pytorch_model.bin", "pytorch_model.bin.index.json", "original/consolidated.00.pth",
            "consolidated.safetensors", "onnx/model.onnx", "onnx/config.json", "adapter_model.safetensors", "x.py",
        )  # fmt: skip
        choice = choose(listing, subject="a/b")
        assert [f.path for f in choice.weights] == ["model.safetensors"]
        assert {f.path for f in choice.companions} == {"config.json", "tokenizer.json", "chat_template.jinja"}

    def test_shards(self) -> None:
        """All shards and their index, in order; no variant beside them."""
        shards = [f"model-0000{n}-of-00003.safetensors" for n in (3, 1, 2)]
        listing = files(*shards, "model.fp16-00001-of-00001.safetensors", "model.safetensors.index.json", "config.json")
        choice = choose(listing, subject="a/b")
        assert [f.path for f in choice.weights] == sorted(shards)
        assert {f.path for f in choice.companions} == {"model.safetensors.index.json", "config.json"}

    def test_usual_gguf(self) -> None:
        """Of many quantizations the usual one, and the reason says that there are others."""
        listing = files("m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-Q2_K.gguf", "mmproj-f16.gguf", "m.imatrix.gguf")
        choice = choose(listing, subject="a/b")
        assert [f.path for f in choice.weights] == ["m-Q4_K_M.gguf"]
        assert choice.reason == "Q4_K_M, the usual one of 3 GGUF quantizations; pass quantization= for another"

    @pytest.mark.parametrize(("scheme", "path"), [("Q8_0", "m-Q8_0.gguf"), ("q2_k", "m-Q2_K.gguf"), ("int8", "m-Q8_0.gguf")])
    def test_asked_gguf(self, scheme: str, path: str) -> None:
        """The quantization that was asked for, by its name or by its bits."""
        choice = choose(files("m-Q8_0.gguf", "m-Q4_K_M.gguf", "m-Q2_K.gguf"), subject="a/b", scheme=scheme)
        assert [f.path for f in choice.weights] == [path]

    def test_absent_gguf(self) -> None:
        """A quantization that is not there is an error that says which are."""
        with pytest.raises(CheckpointNotFound, match="no GGUF file in Q5_0") as caught:
            choose(files("m-Q8_0.gguf", "m-Q2_K.gguf"), subject="a/b", scheme="Q5_0")
        assert caught.value.hint == "it has Q2_K, Q8_0"

    def test_gguf_parts(self) -> None:
        """All parts of the one that was named."""
        parts = [f"q/m-Q4_K_M-0000{n}-of-00002.gguf" for n in (1, 2)]
        choice = choose(files(*parts, "q/m-Q8_0.gguf"), subject="a/b", file=parts[1])
        assert [f.path for f in choice.weights] == parts

    @pytest.mark.parametrize(
        ("names", "error"),
        [
            (("pytorch_model.bin", "config.json"), UnsafeRepository),
            (("config.json",), CheckpointNotFound),
            ((), CheckpointNotFound),
        ],
    )
    def test_no_weights(self, names: tuple[str, ...], error: type[Exception]) -> None:
        """Pickles alone are refused, and so is a repository without weights."""
        with pytest.raises(error):
            choose(files(*names), subject="a/b")

    @pytest.mark.parametrize(
        ("file", "error"),
        [("pytorch_model.bin", UnsafeRepository), ("gone.gguf", CheckpointNotFound), ("README.md", Unsupported)],
    )
    def test_named_file(self, file: str, error: type[Exception]) -> None:
        """A file that was named and cannot be loaded is an error of its own kind."""
        with pytest.raises(error):
            choose(files("pytorch_model.bin", "README.md", "m.gguf"), subject="a/b", file=file)


class TestMemory:
    """The estimate against numbers that are known."""

    @pytest.mark.parametrize(
        ("config", "tokens", "expected"),
        [
            # Llama 3.1 8B: 131,072 bytes a token in bfloat16.
            (
                {"num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8, "hidden_size": 4096},
                1000,
                131_072_000,
            ),
            # DeepSeek V3 keeps one latent of 512 + 64 numbers for each layer.
            (
                {"num_hidden_layers": 61, "kv_lora_rank": 512, "qk_rope_head_dim": 64, "num_attention_heads": 128},
                1000,
                70_272_000,
            ),
            # Two layers of three see a window of 512 tokens only.
            (
                {"num_hidden_layers": 3, "num_attention_heads": 1, "head_dim": 1, "sliding_window": 512,
                 "layer_types": ["sliding_attention", "sliding_attention", "full_attention"]},
                1000,
                4 * (1000 + 2 * 511),
            ),
        ],
    )  # fmt: skip
    def test_kv(self, config: dict[str, object], tokens: int, expected: int) -> None:
        """Keys and values: grouped heads, latent attention and sliding windows are counted right."""
        assert config_layers.layers(config).bytes(tokens, 2) == expected

    @pytest.mark.parametrize("value", [None, "many", -3, True, [], {}, 10**30])
    def test_hostile_config(self, value: object) -> None:
        """A config of nonsense gives absent facts and no exception."""
        keys = ("num_hidden_layers", "hidden_size", "num_attention_heads", "architectures", "quantization_config",
                "auto_map", "layer_types", "sliding_window", "torch_dtype", "text_config", "kv_lora_rank")  # fmt: skip
        assert from_config(dict.fromkeys(keys, value)).hidden is None
        assert config_layers.layers(dict.fromkeys(keys, value)).bytes(10, 2) is None

    def test_machine(self) -> None:
        """Free memory and disk are plausible here."""
        free = machine.free_ram()
        assert free is None or free > 100_000_000
        assert (machine.free_disk(Path("/nowhere/at/all")) or 0) > 0


class TestPlan:
    """The whole of it."""

    def test_by_name(self, gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A name finds the file whose name means the same model, and the plan says which and why."""
        monkeypatch.setenv("MODELCATALOG_PATH", str(gguf_file.parent))
        made = plan("SmolLM2-135M-Instruct", device="cpu")
        assert made.source == "MODELCATALOG_PATH"
        assert made.weight_files == (gguf_file,)
        assert made.quantization is not None
        assert made.quantization.scheme == "Q4_1"
        assert made.reasons[:2] == (
            f"{gguf_file.name} under MODELCATALOG_PATH is the same model by its name",
            "the name asks for no quantization; this copy is Q4_1",
        )
        assert (made.engine, made.dtype, made.device, made.chat_template) == ("transformers", "float32", "cpu", True)
        assert made.memory.weights == 538_060_032
        assert made.memory.disk == 0

    @pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
    @pytest.mark.parametrize("odd", [b"na\nme.gguf", b"x\xff.gguf"])
    def test_beside_names_that_are_none(self, gguf_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: bytes) -> None:
        """A file whose name cannot be read is passed over, in a folder that is searched and in one that is given."""
        for place in (tmp_path / gguf_file.name, Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + odd))):
            try:
                place.symlink_to(gguf_file)
            except OSError:
                pytest.skip("the disk has no such names")
        monkeypatch.setenv("MODELCATALOG_PATH", str(tmp_path))
        assert plan("SmolLM2-135M-Instruct", device="cpu").weight_files == (tmp_path / gguf_file.name,)
        assert plan(tmp_path, quantization="Q4_1", device="cpu").weight_files == (tmp_path / gguf_file.name,)

    @pytest.mark.parametrize("kind", ["lock", "cyclonedx"])
    def test_a_lock_that_cannot_be_written(self, gguf_file: Path, tmp_path: Path, kind: Any) -> None:
        """It is an error like any other, with its place and its next step."""
        if kind == "cyclonedx":
            pytest.importorskip("cyclonedx")
        with pytest.raises(Unsupported, match=r"a\.lock cannot be written: .*\n  save it somewhere else$") as caught:
            lock(gguf_file, tmp_path / "none" / "a.lock", format=kind)
        assert isinstance(caught.value.__cause__, OSError)

    def test_a_lock_beside_another_copy(self, gguf_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A copy that is not the one that was locked does not stand before the one that is; where it is all there is, that is said."""
        lock(gguf_file, tmp_path / "a.lock")
        for folder in ("first", "second"):
            (tmp_path / folder).mkdir()
        (tmp_path / "first" / "SmolLM2-135M-Instruct.Q2_K.gguf").symlink_to(gguf_file)
        monkeypatch.setenv("MODELCATALOG_PATH", os.pathsep.join(str(tmp_path / folder) for folder in ("first", "second")))
        with pytest.raises(IntegrityError, match="first is not the file that was locked"):
            plan("SmolLM2-135M-Instruct", lock=tmp_path / "a.lock", device="cpu")
        (tmp_path / "second" / gguf_file.name).symlink_to(gguf_file)
        made = plan("SmolLM2-135M-Instruct", lock=tmp_path / "a.lock", device="cpu")
        assert made.weight_files == (tmp_path / "second" / gguf_file.name,)

    def test_a_folder_that_is_none(self, gguf_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """What MODELCATALOG_PATH names and is not there is said, and the others are searched."""
        monkeypatch.setenv("MODELCATALOG_PATH", os.pathsep.join([str(tmp_path / "gone"), str(gguf_file.parent)]))
        with pytest.warns(UserWarning, match=r"^MODELCATALOG_PATH names .*gone, which is not a folder$"):
            assert plan("SmolLM2-135M-Instruct", device="cpu").weight_files == (gguf_file,)

    @pytest.mark.parametrize("name", ["SmolLM2-135M-Instruct@q4_1", "models:/SmolLM2-135M-Instruct/3"])
    def test_no_revision(self, name: str, gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Packaging behind an at sign and a registry's version are no revision: the local copy serves."""
        monkeypatch.setenv("MODELCATALOG_PATH", str(gguf_file.parent))
        made = plan(name, device="cpu")
        assert (made.revision, made.weight_files) == (None, (gguf_file,))

    def test_table(self, gguf_file: Path) -> None:
        """It prints as a table: where from, what files, which engine, how much memory, and why."""
        lines = str(plan(gguf_file, device="cpu", context_length=2048)).splitlines()
        assert [line[:11].strip() for line in lines[1:8]] == ["from", "files", "engine", "memory", "context", "licence", "packages"]
        assert lines[1].endswith(str(gguf_file))
        assert lines[2] == "  files     1 file, 98.4 MB, gguf Q4_1; nothing to download"
        assert lines[4].startswith("  memory    538 MB weights + 94.4 MB KV cache at 2,048 tokens + 44.4 MB activations of ")
        assert lines[5] == "  context   2,048 tokens, at most 8,192 fit; layers: 30 full"
        assert lines[6] == "  licence   apache-2.0"

    def test_json(self, gguf_file: Path) -> None:
        """It goes to JSON and back, and hashes as other records do, whatever it hands on to an engine."""
        made = plan(gguf_file)
        again = Plan.model_validate_json(made.model_dump_json())
        assert again == made
        assert len({made, again, made.model_copy(update={"engine_options": {"images": {"size": 1}}})}) == 2

    @pytest.mark.parametrize("asked", [{}, {"on": "2x H100"}, {"kv_dtype": "fp8"}, {"engine": "vllm", "engine_options": {"seed": 1}}], ids=str)
    def test_is_valid(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any]) -> None:
        """A plan is put together without being validated; it is what validation would let through as it is."""
        monkeypatch.setattr(packages, "installed", lambda _name: None)
        made = plan(write_checkpoint(tmp_path / "tiny"), **asked)
        assert made.missing
        assert made.memory.growth
        assert Plan.model_validate({**made.model_dump(), "name": made.name}, strict=True) == made
        assert made.model_fields_set <= Plan.model_fields.keys()

    def test_is_light(self, gguf_file: Path) -> None:
        """A plan of a local file imports no heavy package, nothing that asks hubs or looks into stores, and parses no TOML."""
        code = (
            "import modelcatalog, sys; modelcatalog.parse('x'); before = set(sys.modules);"
            "modelcatalog.plan(sys.argv[1]).text(); print(*{*sys.modules} - before)"
        )
        first = [sys.executable, "-c", code, str(gguf_file)]
        subprocess.run(first, capture_output=True, check=True)  # which may have to keep what the files of data say
        loaded = set(subprocess.run(first, capture_output=True, text=True, check=True).stdout.split())
        rooms = ("hubs.wire", "hubs.huggingface", "stores.ollama", "planning.remote", "planning.serving", "planning.cards", "planning.lockfile")
        packages = {"torch", "transformers", "huggingface_hub", "modelscope", "numpy", "rich", "typer"}
        assert loaded & {*packages, *(f"modelcatalog.{room}" for room in rooms), "tomllib", "importlib.metadata", "email", "http.client"} == set()

    def test_other_quantization(self, gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A copy in another quantization than the name's is not taken for it."""
        monkeypatch.setenv("MODELCATALOG_PATH", str(gguf_file.parent))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert plan("SmolLM2-135M-Instruct-Q4_1").source == "MODELCATALOG_PATH"
        with pytest.raises(Exception, match="not on this disk"):
            plan("SmolLM2-135M-Instruct-Q8_0")

    def test_cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A complete snapshot in the hub's cache is taken, an incomplete one is not."""
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        snapshot = HUBS["huggingface"].repository_root("Qwen/Qwen2.5-7B-Instruct") / "snapshots" / ("c" * 40)
        write_checkpoint(snapshot)
        made = plan("Qwen2.5-7B-Instruct", device="cpu")
        assert (made.source, made.commit, made.path) == ("huggingface cache", "c" * 40, str(snapshot))
        assert made.mismatches[0] == "the name says 7B parameters, the weights have 6"
        (snapshot / "model.safetensors").write_bytes(b"short")
        with pytest.raises(Exception, match="not on this disk"):
            plan("Qwen2.5-7B-Instruct")

    @pytest.mark.parametrize(
        ("name", "error", "said"),
        [
            ("gpt-4o", ClosedWeights, "OpenAI"),
            ("frobnicate-zorch", UnknownFamily, "frobnicate-zorch"),
            ("./gone/model.gguf", CheckpointNotFound, "no file or folder"),
        ],
    )
    def test_bad_input(self, name: str, error: type[Exception], said: str) -> None:
        """Closed weights, an unknown family, a missing file: each its own error, with the input and the next step."""
        with pytest.raises(error, match=said) as caught:
            plan(name)
        assert getattr(caught.value, "subject") == name  # noqa: B009  the type is a parameter
        assert getattr(caught.value, "hint")  # noqa: B009

    def test_cut_file(self, gguf_file: Path, tmp_path: Path) -> None:
        """A truncated file is found out by the plan already."""
        cut = tmp_path / gguf_file.name
        with gguf_file.open("rb") as source:
            cut.write_bytes(source.read(3_000_000))
        with pytest.raises(IntegrityError, match="cut off"):
            plan(cut)

    def test_remote_code(self, tmp_path: Path) -> None:
        """A model that needs code from its repository is refused; one that transformers knows itself is not."""
        folder = write_checkpoint(tmp_path / "x")
        config = json.loads((folder / "config.json").read_text()) | {"auto_map": {"AutoModelForCausalLM": "m.M"}}
        (folder / "config.json").write_text(json.dumps(config))
        assert not plan(folder).trust_remote_code
        (folder / "config.json").write_text(json.dumps(config | {"architectures": ["OwnForCausalLM"]}))
        with pytest.raises(NeedsRemoteCode, match="only with Python code"):
            plan(folder)
        assert plan(folder, trust_remote_code=True).trust_remote_code

    def test_claims(self, tmp_path: Path) -> None:
        """What the name claims and the files deny is said."""
        folder = write_checkpoint(tmp_path / "Qwen2.5-7B-Instruct-AWQ")
        write_safetensors(folder / "model.safetensors", {"w": ("BF16", [500, 1000], 1_000_000)})
        assert plan(folder).mismatches == (
            "the name says 7B parameters, the weights have 500k",
            "the name says awq, config.json names no quantization",
            "the name says instruct, but there is no chat template",
        )

    def test_claimed_widths(self, gguf_file: Path, tmp_path: Path) -> None:
        """The width that a name claims is held against the configuration's, and against the weights of a GGUF file; what is near is rounding."""
        folder = write_checkpoint(tmp_path / "Qwen2.5-7B-GPTQ-Int4")
        config = json.loads((folder / "config.json").read_text()) | {"quantization_config": {"quant_method": "gptq", "bits": 8}}
        (folder / "config.json").write_text(json.dumps(config))
        write_safetensors(folder / "model.safetensors", {"model.layers.0.self_attn.q_proj.qweight": ("I32", [2, 2], 16)})
        assert "the name says 4 bits, config.json says 8" in plan(folder).mismatches
        for label, said in {"Q2_K": (), "Q5_K_M": (), "Q6_K": (), "Q8_0": ()}.items():  # it is in Q4_1, and nothing here is four bits away
            (tmp_path / f"SmolLM2-135M-Instruct.{label}.gguf").symlink_to(gguf_file)
            assert plan(tmp_path / f"SmolLM2-135M-Instruct.{label}.gguf").mismatches == said
        wide = GgufHeader({}, (Tensor("blk.0.attn_q.weight", (64, 64), 8, 0), Tensor("output.weight", (64, 640), 2, 0)), 0, complete=True)
        four = Choice("gguf", (), (), "", parse("m-Q4_K_M.gguf").quantization)
        assert claims.mismatches(parse("m"), Facts(), four, [wide]) == ("the file's name says Q4_K_M, most of its weights are Q8_0",)

    def test_missing_packages(self, gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Packages that are not installed are in the plan, with the line that installs them."""
        absent, real = {"torch", "gguf"}, packages.installed
        monkeypatch.setattr(packages, "installed", lambda name: None if name in absent else real(name))
        (missing,) = plan(gguf_file).missing
        assert missing.packages == ("torch", "gguf")
        assert missing.install == "pip install 'modelcatalog[chat]'"

    @pytest.mark.parametrize("asked", [{"engine": "abacus"}, {"dtype": "int3"}])
    def test_unsupported(self, gguf_file: Path, asked: dict[str, str]) -> None:
        """An engine or a type that does not exist is named."""
        with pytest.raises(Unsupported, match=next(iter(asked.values()))):
            plan(gguf_file, **asked)  # type: ignore[arg-type]

    def test_parsed_name(self, gguf_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A parsed name plans as its text does."""
        monkeypatch.setenv("MODELCATALOG_PATH", str(gguf_file.parent))
        assert plan(parse("SmolLM2-135M-Instruct")).weights == (gguf_file.name,)


class TestEstimate:
    """The estimate against what a loaded model holds."""

    @pytest.mark.slow
    @pytest.mark.parametrize("kind", ["gguf_file", "safetensors_folder", "tiny_folder"])
    def test_within_a_tenth(self, kind: str, request: pytest.FixtureRequest) -> None:
        """Weights and KV cache, as planned, are within a tenth of the bytes that the loaded model holds."""
        torch = pytest.importorskip("torch")
        transformers = pytest.importorskip("transformers")
        from modelcatalog.chat import load

        tokens = 300
        path = request.getfixturevalue(kind)
        made = plan(path, device="cpu", context_length=tokens)
        # The real GGUF file is loaded once for all tests; its weights are the same.
        loaded: Any = request.getfixturevalue("model") if kind == "gguf_file" else load(made)
        inner = loaded._engine._model
        held = {t.data_ptr(): t.numel() * t.element_size() for t in (*inner.parameters(), *inner.buffers())}
        with torch.inference_mode():
            cache = transformers.DynamicCache(config=inner.config)
            inner(torch.zeros((1, tokens), dtype=torch.long), past_key_values=cache, logits_to_keep=1)
        kv = sum(t.numel() * t.element_size() for layer in cache.layers for t in (layer.keys, layer.values))
        assert made.memory.weights == pytest.approx(sum(held.values()), rel=0.1)
        assert made.memory.kv == pytest.approx(kv, rel=0.1)
        if kind != "gguf_file":
            loaded.close()
