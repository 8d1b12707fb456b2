"""Tests of the choice among variants (`fit=`, `quantization=`) and of lock files, against loopback hubs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from test_hubs import write_checkpoint, write_safetensors

from loopback.hubs import HuggingFaceHub
from loopback.pair import NAME, Pair, both, fetch
from modelcatalog.chat import load
from modelcatalog.errors import CheckpointNotFound, HubUnreachable, IntegrityError, UnsafeRepository, WontFit
from modelcatalog.planning import Lock, lock, machine, obtain, packages, plan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.records import RepositoryHub as Hub

MODEL = "Qwen2.5-7B-Instruct"


def variant(folder: Path, size: int, quantization: dict[str, object] | None = None) -> Path:
    """A repository whose weights have ``size`` bytes."""
    write_checkpoint(folder)
    write_safetensors(folder / "model.safetensors", {"w": ("BF16", [size // 2], size)})
    config = json.loads((folder / "config.json").read_text())
    config |= {"max_position_embeddings": 100} | ({"quantization_config": quantization} if quantization else {})
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def siblings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HuggingFaceHub]:
    """A hub with one model in three precisions: 4, 2 and 1 megabytes."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    folders = {
        f"Qwen/{MODEL}": variant(tmp_path / "whole", 4_000_000),
        f"Qwen/{MODEL}-GPTQ-Int8": variant(tmp_path / "eight", 2_000_000, {"quant_method": "gptq", "bits": 8}),
        f"Qwen/{MODEL}-AWQ": variant(tmp_path / "four", 1_000_000, {"quant_method": "awq", "bits": 4}),
    }
    with HuggingFaceHub(folders) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        # As if every package were installed: which are is not the question here.
        monkeypatch.setattr(packages, "absent", lambda _: ())
        yield hub


@pytest.mark.usefixtures("siblings")
class TestFit:
    """The most precise variant that fits."""

    @pytest.mark.parametrize(
        ("free", "repo", "passed"),
        [
            (5_000_000, MODEL, ""),
            (3_000_000, f"{MODEL}-GPTQ-Int8", f"; Qwen/{MODEL} takes 4"),
            (1_500_000, f"{MODEL}-AWQ", "GPTQ-Int8 takes 2"),
        ],
    )
    def test_by_memory(self, free: int, repo: str, passed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """The larger the memory, the more precise the variant; the plan says which, and what the others take."""
        monkeypatch.setattr(machine, "free_ram", lambda: free)
        made = plan(f"Qwen/{MODEL}", hub="huggingface", device="cpu", fit=True)
        assert made.repo_id == f"Qwen/{repo}"
        assert made.reasons[-1].startswith(f"fit: Qwen/{repo} is the most precise variant that fits, ")
        assert passed in made.reasons[-1]

    def test_none_fits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """When none fits the error says what each would take."""
        monkeypatch.setattr(machine, "free_ram", lambda: 500_000)
        with pytest.raises(WontFit, match=rf"no variant of Qwen/{re.escape(MODEL)} fits: .* takes 4.*AWQ takes 1"):
            load(f"Qwen/{MODEL}", hub="huggingface", device="cpu", fit=True)

    def test_missing_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A variant that would need a package which is not installed is passed over, and that is said."""
        monkeypatch.setattr(packages, "absent", lambda names: tuple(name for name in names if name.startswith("optimum")))
        monkeypatch.setattr(machine, "free_ram", lambda: 3_000_000)
        made = plan(f"Qwen/{MODEL}", hub="huggingface", device="cpu", fit=True)
        assert made.repo_id == f"Qwen/{MODEL}-AWQ"
        assert "GPTQ-Int8 needs optimum" in made.reasons[-1]

    def test_never_unasked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without fit= the model that was named is refused, and nothing is swapped."""
        monkeypatch.setattr(machine, "free_ram", lambda: 3_000_000)
        with pytest.raises(WontFit, match=rf"Qwen/{re.escape(MODEL)} needs 4"):
            load(f"Qwen/{MODEL}", hub="huggingface", device="cpu")

    @pytest.mark.parametrize(("asked", "repo"), [("int4", "AWQ"), ("int8", "GPTQ-Int8"), ("awq", "AWQ")])
    def test_quantization(self, asked: str, repo: str) -> None:
        """A number of bits or a method names the variant; the reason says that it was asked for."""
        made = plan(f"Qwen/{MODEL}", hub="huggingface", device="cpu", quantization=asked)
        assert made.repo_id == f"Qwen/{MODEL}-{repo}"
        assert made.reasons[-1] == f"Qwen/{MODEL}-{repo} is the variant of Qwen/{MODEL} in {asked}, as asked"

    def test_no_such_quantization(self) -> None:
        """One that does not exist is an error which names those that do."""
        with pytest.raises(CheckpointNotFound, match="has no variant in Q3_K_L that can be had") as caught:
            plan(f"Qwen/{MODEL}", hub="huggingface", quantization="Q3_K_L")
        assert "awq" in (caught.value.hint or "")


def test_format_before_bits(gguf_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The bare name of a GGUF file is fetched from the model's GGUF repository: not AWQ, not MLX, which have its bits too."""
    folder = tmp_path / "gguf"
    folder.mkdir()
    (folder / f"{MODEL.lower()}-q4_k_m.gguf").symlink_to(gguf_file)
    folders = {
        f"Qwen/{MODEL}": variant(tmp_path / "whole", 4_000_000),
        f"Qwen/{MODEL}-AWQ": variant(tmp_path / "awq", 1_000_000, {"quant_method": "awq", "bits": 4}),
        f"Qwen/{MODEL}-GGUF": folder,
    }
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    with HuggingFaceHub(folders) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        made = plan(f"{MODEL}-Q4_K_M.gguf", hub="huggingface", device="cpu")
        assert (made.repo_id, made.weights) == (f"Qwen/{MODEL}-GGUF", (f"{MODEL.lower()}-q4_k_m.gguf",))
        # Where nobody has packed it so, the weights that are there are not taken for it without a word.
        with pytest.raises(CheckpointNotFound, match="Q5_0"):
            plan(f"{MODEL}-Q5_0.gguf", hub="huggingface", device="cpu")
    with HuggingFaceHub({"google/gemma-2-9b-it": variant(tmp_path / "plain", 4_000_000)}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        with pytest.raises(CheckpointNotFound, match=r"gemma-2-9b-it has no file gemma-2-9b-it-Q4_K_M\.gguf"):
            plan("gemma-2-9b-it-Q4_K_M.gguf", hub="huggingface", device="cpu")


class TestLock:
    """The same bytes again, or an error."""

    @both
    def test_offline_again(self, hubs: Pair, kind: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A lock made from the hub's listing, before any download, loads the same files, later without the hub."""
        file = tmp_path / "model.lock"
        written = lock(NAME, file, hub=kind)
        assert (written.hub, written.repo_id, len(written.files)) == (kind, NAME, 6)
        assert not any("safetensors" in r.path and r.sent > 100_000 for r in hubs[kind].requests)
        first = obtain(plan(NAME, lock=file, device="cpu"))
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        before = len(hubs[kind].requests)
        with load(NAME, lock=file, device="cpu") as model:
            assert model.plan.locked
            assert model.plan.path == first.path
        assert len(hubs[kind].requests) == before

    @both
    def test_changed_on_the_hub(self, hubs: Pair, kind: Hub, tmp_path: Path, tiny_folder: Path) -> None:
        """When the hub has other bytes under the same name and size, a locked load fails and keeps nothing."""
        file = tmp_path / "model.lock"
        written = lock(NAME, file, hub=kind)
        changed = [f.model_copy(update={"sha256": "0" * 64}) if f.sha256 else f for f in written.files]
        file.write_text(written.model_copy(update={"files": tuple(changed)}).model_dump_json())
        with pytest.raises(IntegrityError, match="has other bytes than listed"):
            obtain(plan(NAME, lock=file, device="cpu"))
        assert not hubs.files()

    @both
    def test_changed_on_disk(self, hubs: Pair, kind: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A cached file that is no longer the locked one is found out, offline too."""
        file = tmp_path / "model.lock"
        folder = Path(fetch(kind).path or "")
        lock(NAME, file, hub=kind)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        data = bytearray((folder / "config.json").read_bytes())
        data[-2] ^= 1
        (folder / "config.json").write_bytes(data)
        with pytest.raises(IntegrityError, match=r"config\.json"):
            obtain(plan(NAME, lock=file, device="cpu"))
        assert hubs[kind].requests

    def test_local_folder(self, tiny_folder: Path, tmp_path: Path) -> None:
        """A folder on disk is locked by the SHA-256 of its files."""
        file = tmp_path / "model.lock"
        assert all(len(f.sha256 or "") == 64 for f in lock(tiny_folder, file).files)
        assert obtain(plan(tiny_folder, lock=file, device="cpu")).path == str(tiny_folder)
        wrong = Lock.model_validate_json(file.read_text())
        files = tuple(f.model_copy(update={"sha256": "1" * 64}) for f in wrong.files)
        file.write_text(wrong.model_copy(update={"files": files}).model_dump_json())
        with pytest.raises(IntegrityError, match="has other bytes than listed"):
            obtain(plan(tiny_folder, lock=file, device="cpu"))
        assert (tiny_folder / "config.json").is_file()

    @pytest.mark.usefixtures("hubs")
    def test_offline_and_absent(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Offline and not on this disk: an error that says so."""
        file = tmp_path / "model.lock"
        lock(NAME, file, hub="huggingface")
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(HubUnreachable, match="are not on this disk, and HF_HUB_OFFLINE forbids asking"):
            plan(NAME, lock=file)

    @pytest.mark.usefixtures("hubs")
    def test_wrong_lock(self, tmp_path: Path) -> None:
        """A lock of another model, a missing one, one that is none, and a hostile one."""
        file = tmp_path / "model.lock"
        written = lock(NAME, file, hub="huggingface")
        with pytest.raises(IntegrityError, match="the lock file is for acme/tiny-instruct, not for Qwen"):
            plan("Qwen2.5-7B-Instruct", lock=file)
        with pytest.raises(CheckpointNotFound, match="there is no lock file") as caught:
            plan(NAME, lock=tmp_path / "gone.lock")
        assert caught.value.hint == "make one with: modelcatalog lock NAME"
        with pytest.raises(CheckpointNotFound, match="cannot be read: "):
            plan(NAME, lock=tmp_path)
        hostile = [f.model_copy(update={"path": f"../../{f.path}"}) for f in written.files]
        file.write_text(written.model_copy(update={"files": tuple(hostile)}).model_dump_json())
        with pytest.raises(UnsafeRepository, match="lists a path outside itself"):
            plan(NAME, lock=file)
        file.write_text("{}")
        with pytest.raises(IntegrityError, match="is not a lock file"):
            plan(NAME, lock=file)
