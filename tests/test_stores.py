"""Tests of what is on this disk: every program's store as that program leaves it, the same bytes twice, and hostile ones.

The hubs' caches are made by their own clients on loopback servers, also by llama-cpp-python's where it is installed. Ollama, LM
Studio and llama.cpp's programs do not install here: their stores are made by their documented layouts (Ollama's
manifest/paths.go, LM Studio's settings, llama.cpp's common/download.cpp).
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import subprocess
import sys
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import scripted
from test_cli import Cli
from test_hubs_copies import another_program

import modelcatalog
from loopback.pair import NAME
from modelcatalog import LocalCopy, stores
from modelcatalog.errors import HubUnreachable

if TYPE_CHECKING:
    from loopback.pair import Pair

GGUF = b"GGUF" + struct.pack("<IQQ8x", 3, 0, 0)
KINDS = {"model": GGUF + b"q" * 900, "template": b"{{ .Prompt }}", "system": b"Be brief.", "params": b'{"temperature": 0.2}', "license": b"MIT"}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A disk without any store."""
    for name in ("HF_HUB_CACHE", "LLAMA_CACHE", "OLLAMA_MODELS", "XDG_CACHE_HOME", "APPDATA", "LOCALAPPDATA", "MODELCATALOG_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(stores.ollama, "_SERVICE", str(tmp_path / "service"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
    return tmp_path


def whole(name: str, content: bytes) -> bytes:
    """The same many bytes with a header of their format at their beginning, where they are long enough for one."""
    size = len(content)
    if name.endswith(".gguf") and size >= len(GGUF):
        return GGUF + content[len(GGUF) :]
    return struct.pack("<Q", size - 8) + b"{}".ljust(size - 8) if name.endswith(".safetensors") and size >= 10 else content


def written(path: Path, content: bytes) -> Path:
    """A file, with the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(whole(path.name, content))
    return path


def ollama(root: Path, name: str = "qwen3/8b", layers: dict[str, bytes] = KINDS, config: dict[str, Any] | None = None) -> dict[str, Path]:
    """A model as Ollama stores it; its blobs by their kind."""
    blobs, held = {}, []
    texts = {**layers, "config": json.dumps(config or {"model_format": "gguf", "file_type": "Q4_K_M"}).encode()}
    for kind, content in texts.items():
        digest = hashlib.sha256(content).hexdigest()
        blobs[kind] = written(root / "blobs" / f"sha256-{digest}", content)
        media = "application/vnd.docker.container.image.v1+json" if kind == "config" else f"application/vnd.ollama.image.{kind}"
        held.append({"mediaType": media, "digest": f"sha256:{digest}", "size": len(content)})
    manifest = {"schemaVersion": 2, "config": held.pop(), "layers": held}
    written(root / "manifests/registry.ollama.ai/library" / name, json.dumps(manifest).encode())
    return blobs


def snapshot(home: Path, repo_id: str, files: dict[str, bytes], commit: str = "a" * 40) -> Path:
    """A repository as huggingface_hub caches it."""
    base = home / "hf/hub" / f"models--{repo_id.replace('/', '--')}"
    folder = base / "snapshots" / commit
    written(base / "refs/main", commit.encode())
    for name, content in ((name, whole(name, content)) for name, content in files.items()):
        blob = written(base / "blobs" / hashlib.sha256(content).hexdigest(), content)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(os.path.relpath(blob, (folder / name).parent))
    return folder


def found(**options: bool) -> dict[str, LocalCopy]:
    """What is there, by the store's own names; without a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return {copy.name.source: copy for copy in modelcatalog.local(**options)}


def warned() -> tuple[dict[str, LocalCopy], str]:
    """What is there, and what was said of it."""
    with pytest.warns(UserWarning, match=r"cannot be read|was not read|no model names|is no folder") as heard:
        copies = {copy.name.source: copy for copy in modelcatalog.local()}
    assert {one.filename for one in heard} == {__file__}  # of who asked
    return copies, "\n".join(str(one.message) for one in heard)


def test_nothing(home: Path) -> None:
    """A disk without stores has no models, and no folder is made."""
    assert found() == {}
    assert list(home.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_hubs_own_clients(hubs: Pair, tiny_folder: Path, hub: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hubs' own clients fetched is found: whole with all files, not whole without the configuration."""
    for one in hubs.by_name.values():
        one.repositories = {NAME: tiny_folder}
    monkeypatch.setenv("HOME", str(hubs.home))  # LM Studio's is there
    folder = another_program(hubs, hub, ["model.safetensors", "tokenizer.json"])
    copy = found()[NAME]
    assert (copy.store, copy.path, copy.format, copy.complete, copy.lacks) == (hub, folder, "safetensors", False, "config.json is missing")
    another_program(hubs, hub, [file.name for file in tiny_folder.iterdir()])
    copy = found()[NAME]
    assert (copy.complete, copy.lacks, copy.path) == (True, "", folder)
    assert copy.bytes == sum(file.stat().st_size for file in folder.iterdir() if file.is_file() and not file.name.startswith("."))
    assert copy.remove.endswith(NAME)


@pytest.mark.slow
def test_llama_cpp_python(hubs: Pair, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What llama-cpp-python fetched, into the hub's cache or a folder of the user's, is found and planned without a request."""
    pytest.importorskip("llama_cpp")
    name = "Qwen/Qwen3-8B-GGUF"
    words = ["[U]", "[A]", "▁hi", "▁Paris", "."]
    file = scripted.gguf_file(tmp_path / "repository", {"[A]": "▁Paris"}, words, special=("[U]", "[A]"))
    file.rename(file.with_name("Qwen3-8B-Q4_K_M.gguf"))
    hubs.by_name["huggingface"].repositories = {name: tmp_path / "repository"}
    monkeypatch.setenv("HOME", str(hubs.home))  # LM Studio's is there
    own = tmp_path / "own"
    fetch = "import sys, llama_cpp; llama_cpp.Llama.from_pretrained(sys.argv[1], '*Q4_K_M.gguf', verbose=False, local_dir=sys.argv[2] or None).close()"
    for folder in ("", str(own)):
        # Its client reads the environment when it is imported.
        subprocess.run([sys.executable, "-c", fetch, name, folder], check=True, capture_output=True)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    copy = found()[f"{name}/Qwen3-8B-Q4_K_M.gguf"]
    assert (copy.store, copy.complete, copy.quantization) == ("huggingface", True, "Q4_K_M")
    assert modelcatalog.plan("qwen3:8b").source == "huggingface cache"
    monkeypatch.setenv("MODELCATALOG_PATH", str(own))
    assert found()["Qwen3-8B-Q4_K_M.gguf"].complete
    assert modelcatalog.plan("qwen3:8b").source == "MODELCATALOG_PATH"


@pytest.mark.slow
def test_removal_is_the_clients_own(home: Path) -> None:
    """The command that is printed for Hugging Face's cache removes the copy, and it is huggingface_hub's."""
    snapshot(home, "a/Qwen3-8B-GGUF", {"Qwen3-8B-Q4_K_M.gguf": GGUF})
    (copy,) = found().values()
    command = copy.remove.split()
    assert command[:3] == ["hf", "cache", "rm"]
    subprocess.run([str(Path(sys.executable).with_name("hf")), *command[1:], "--yes"], check=True, capture_output=True)
    assert found() == {}


def test_one_repository_of_many_files(home: Path) -> None:
    """Each GGUF file of a repository is a copy of its own, with its shards and the projector of images; formats stand apart."""
    folder = snapshot(home, "unsloth/Qwen3-VL-8B-GGUF", {
        "Qwen3-VL-8B-Q4_K_M.gguf": b"4" * 50, "Qwen3-VL-8B-Q8_0.gguf": b"8" * 90, "mmproj-F16.gguf": b"m" * 7,
        "BF16/Qwen3-VL-8B-BF16-00001-of-00002.gguf": b"b" * 60, "BF16/Qwen3-VL-8B-BF16-00002-of-00002.gguf": b"c" * 60,
    })  # fmt: skip
    copies = found()
    assert {copy.quantization: (copy.bytes, copy.complete) for copy in copies.values()} == {"Q4_K_M": (57, True), "Q8_0": (97, True), "bfloat16": (127, True)}
    assert {copy.name.canonical for copy in copies.values()} == {modelcatalog.parse("unsloth/Qwen3-VL-8B-GGUF").canonical}
    assert sum(copy.bytes - copy.shared for copy in copies.values()) == 50 + 90 + 7 + 120
    (folder / "BF16/Qwen3-VL-8B-BF16-00002-of-00002.gguf").unlink()
    lost = next(copy for copy in found().values() if copy.quantization == "bfloat16")
    assert (lost.complete, lost.lacks) == (False, "1 of 2 weight files of Qwen3-VL-8B-BF16 are there")


def test_huggingface_what_broke_off(home: Path) -> None:
    """A link without its blob, an index that names more, and the blobs of a broken download are said; nothing is left out of the total."""
    folder = snapshot(home, "a/Qwen3-8B", {"config.json": b"{}", "one.safetensors": b"1" * 30})
    written(folder.parent.parent / "blobs/0123.incomplete", b"x" * 500)
    index = {"weight_map": {"a": "one.safetensors", "b": "two.safetensors"}}
    written(folder / "model.safetensors.index.json", json.dumps(index).encode())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        copies = modelcatalog.local()
    assert [(copy.complete, copy.lacks) for copy in copies] == [
        (False, "two.safetensors is missing, which model.safetensors.index.json names"),
        (False, "a download that did not end left 1 file"),
    ]
    assert copies[1].bytes == 500
    (folder / "one.safetensors").resolve().unlink()
    assert modelcatalog.local()[0].lacks == "one.safetensors is a link that leads nowhere"


def test_ollama(home: Path) -> None:
    """A manifest's model is found by Ollama's name, with its quantization from Ollama's own word; a shared blob counts once."""
    blobs = ollama(home / ".ollama/models")
    ollama(home / ".ollama/models", "brief/latest", {**KINDS, "system": b"In one word."})
    copies = found()
    copy = copies["qwen3:8b"]
    assert (copy.store, copy.path, copy.format, copy.quantization, copy.complete) == ("ollama", blobs["model"], "gguf", "Q4_K_M", True)
    assert (copy.name.canonical, copy.remove) == ("qwen-3-8b", "ollama rm qwen3:8b")
    assert (copies["brief:latest"].path, copies["brief:latest"].same_as) == (copy.path, (copy.path,))
    total = sum(file.stat().st_size for file in (home / ".ollama/models/blobs").iterdir())
    assert sum(one.bytes - one.shared for one in copies.values()) + len(blobs["config"].read_bytes()) == total


def test_ollama_models_elsewhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``OLLAMA_MODELS`` names the folder, in quotes too, as Ollama reads it; other registries keep their name."""
    monkeypatch.setenv("OLLAMA_MODELS", f'"{home / "big disk"}"')
    ollama(home / "big disk", "../../hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF/Q4_K_M")
    assert set(found()) == {"hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M"}


@pytest.mark.parametrize(
    ("spoil", "lacks"),
    [
        ({"digest": "sha256:../../../../etc/passwd"}, "its manifest names a file by 'sha256:../../../../etc/passwd', which is not a SHA-256"),
        ({"digest": "sha256:" + "0" * 64}, "blobs/sha256-000000000000… is missing"),
        ({"size": 5_000_000_000}, "has 932 bytes of 5,000,000,000"),
        ({"mediaType": 7, "digest": ["x"]}, "its manifest names a file by \"['x']\", which is not a SHA-256"),
    ],
)
def test_ollama_manifest_that_lies(home: Path, spoil: dict[str, Any], lacks: str) -> None:
    """What a manifest says is never a path; a blob that is missing or cut off is said."""
    ollama(home / ".ollama/models")
    file = home / ".ollama/models/manifests/registry.ollama.ai/library/qwen3/8b"
    manifest = json.loads(file.read_bytes())
    manifest["layers"][0] |= spoil
    file.write_text(json.dumps(manifest), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the blob that no manifest names now
        (copy,) = modelcatalog.local()
    assert not copy.complete
    assert lacks in copy.lacks


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"{", b'{"layers": 3}', b"[" * 100_000, b"\xff\xfe"])
def test_ollama_manifest_that_is_none(home: Path, content: bytes) -> None:
    """A manifest that is no manifest is said, or shown as one without weights; the others are found."""
    ollama(home / ".ollama/models")
    written(home / ".ollama/models/manifests/registry.ollama.ai/library/phi4/latest", content)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        copies = {copy.name.source: copy for copy in modelcatalog.local()}
    assert copies["qwen3:8b"].complete
    assert any("phi4" in str(one.message) for one in heard) or copies["phi4:latest"].lacks == "its manifest names no weights"


def test_ollama_manifest_of_a_gigabyte(home: Path) -> None:
    """A manifest of 1 GB is not read."""
    file = written(home / ".ollama/models/manifests/registry.ollama.ai/library/phi4/latest", b"")
    os.truncate(file, 1 << 30)
    began = time.monotonic()
    copies, said = warned()
    assert not copies
    assert "larger than 4,000,000 bytes" in said
    assert time.monotonic() - began < 20


def test_ollama_leftovers(home: Path) -> None:
    """Blobs that no model names, as a broken pull leaves them, are said with their size."""
    ollama(home / ".ollama/models")
    written(home / ".ollama/models/blobs" / f"sha256-{'1' * 64}-partial", b"x" * 1234)
    copies, said = warned()
    assert copies["qwen3:8b"].complete
    assert "1 file (1,234 bytes) that no model names" in said


def test_lm_studio(home: Path) -> None:
    """LM Studio's folder is that of its settings, else ``models`` in the home that its pointer names, else in its usual one."""
    title = "lmstudio-community/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf"
    usual = written(home / ".lmstudio/models" / title, GGUF)
    assert found()[title].path == usual
    pointed = written(home / "pointed/models" / title, GGUF)
    written(home / ".lmstudio-home-pointer", f"{home / 'pointed'}\n".encode())
    assert found()[title].path == pointed
    chosen = written(home / "disk/llm" / title, GGUF)
    written(home / "pointed/settings.json", json.dumps({"downloadsFolder": str(home / "disk/llm")}).encode())
    copy = found()[title]
    assert (copy.path, copy.store, copy.quantization, copy.name.canonical) == (chosen, "lmstudio", "Q4_K_M", "qwen-3-8b")


def test_llama_cpp_both_layouts(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flat cache, whose manifests tell the repository from the file, and the newer one in Hugging Face's layout."""
    cache = home / "cache"
    monkeypatch.setenv("LLAMA_CACHE", str(cache))
    written(cache / "ggml-org_gemma-3-1b-it-GGUF_gemma-3-1b-it-Q4_K_M.gguf", GGUF)
    written(cache / "ggml-org_gemma-3-1b-it-GGUF_gemma-3-1b-it-Q4_K_M.gguf.etag", b"x")
    written(cache / "manifest=ggml-org=gemma-3-1b-it-GGUF=latest.json", b"{}")
    written(cache / "ggml-org_gemma-3-1b-it-GGUF_gemma-3-1b-it-Q8_0.gguf.downloadInProgress", b"half")
    newer = cache / "models--unsloth--Qwen3-8B-GGUF/snapshots" / ("b" * 40)
    written(newer / "Qwen3-8B-Q8_0.gguf", GGUF + b"8")
    copies = found()
    one = copies["ggml-org/gemma-3-1b-it-GGUF/gemma-3-1b-it-Q4_K_M.gguf"]
    assert (one.store, one.name.canonical, one.quantization, one.complete) == ("llama.cpp", "gemma-3-1b-instruct", "Q4_K_M", True)
    half = copies["ggml-org/gemma-3-1b-it-GGUF/gemma-3-1b-it-Q8_0.gguf.downloadInProgress"]
    assert (half.complete, half.bytes) == (False, 4)
    assert copies["unsloth/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf"].quantization == "Q8_0"
    assert f"--cache-dir {cache}" in copies["unsloth/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf"].remove


def test_same_bytes(home: Path) -> None:
    """The same weights in three stores: equal hashes and links are the same, equal sizes alone are not until they were read."""
    weights = KINDS["model"]
    blobs = ollama(home / ".ollama/models")
    snapshot(home, "Qwen/Qwen3-8B-GGUF", {"Qwen3-8B-Q4_K_M.gguf": weights})
    folder = home / ".lmstudio/models/lmstudio-community/Qwen3-8B-GGUF"
    copied = written(folder / "Qwen3-8B-Q4_K_M.gguf", weights)
    written(folder / "Qwen3-8B-Instruct-Q4_K_M.gguf", weights[:-1] + b"x")
    (folder / "Qwen3-8B-link-Q4_K_M.gguf").symlink_to(blobs["model"])
    copies = found()
    assert {one.name.canonical for one in copies.values()} >= {"qwen-3-8b"}
    link = copies["lmstudio-community/Qwen3-8B-GGUF/Qwen3-8B-link-Q4_K_M.gguf"]
    assert set(link.same_as) == {copies["qwen3:8b"].path, copies["Qwen/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf"].path}
    assert link.shared == link.bytes
    assert (link.same_size, copies["qwen3:8b"].same_size) == (2, 2)
    read = found(hashes=True)
    assert copied in read["qwen3:8b"].same_as
    assert len(read["qwen3:8b"].same_as) == 3
    other = read["lmstudio-community/Qwen3-8B-GGUF/Qwen3-8B-Instruct-Q4_K_M.gguf"]
    assert (other.same_as, other.same_size) == ((), 0)


def test_bytes_that_are_not_their_hash(home: Path) -> None:
    """A blob with other bytes than its name says is found out when it is read."""
    blobs = ollama(home / ".ollama/models")
    snapshot(home, "Qwen/Qwen3-8B-GGUF", {"Qwen3-8B-Q4_K_M.gguf": KINDS["model"]})
    blobs["model"].write_bytes(KINDS["model"][:-1] + b"x")
    assert found()["qwen3:8b"].complete
    spoilt = found(hashes=True)["qwen3:8b"]
    assert (spoilt.complete, spoilt.same_as) == (False, ())
    assert "other bytes than its hash says" in spoilt.lacks


def test_links_that_lead_round(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders that contain themselves are looked at once; what is no file, or cannot be opened, is no model."""
    root = home / "models"
    monkeypatch.setenv("MODELCATALOG_PATH", str(root))
    written(root / "a/Qwen3-8B-Q4_K_M.gguf", GGUF)
    (root / "a/again").symlink_to(root)
    (root / "b").symlink_to(root / "a")
    (root / "self.gguf").symlink_to(root / "self.gguf")
    (root / "null.gguf").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe.gguf")
    copies, said = warned()
    assert sorted(copies) == ["a/Qwen3-8B-Q4_K_M.gguf", "b/Qwen3-8B-Q4_K_M.gguf"]
    assert copies["b/Qwen3-8B-Q4_K_M.gguf"].shared == len(GGUF)
    assert "self.gguf cannot be read" in said


def test_links_that_lead_nowhere(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drive that is not there: each file on it is said by its name, a folder on it is no model, and the others are listed."""
    root = home / ".lmstudio/models"
    written(root / "a/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf", GGUF)
    (root / "a/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf").symlink_to("/gone/Qwen3-8B-Q4_K_M.gguf")
    (root / "b").mkdir()
    (root / "b/phi-4-Q4_K_M.gguf").symlink_to("/gone/phi-4-Q4_K_M.gguf")
    (root / "dead").symlink_to("/gone")
    assert {title: (copy.complete, copy.lacks) for title, copy in found().items()} == {
        "a/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf": (True, ""),
        "a/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf": (False, "Qwen3-8B-Q4_K_M.gguf is a link that leads nowhere"),
        "b/phi-4-Q4_K_M.gguf": (False, "phi-4-Q4_K_M.gguf is a link that leads nowhere"),
    }
    (home / "own").mkdir()
    (home / "own" / "phi-4.gguf").symlink_to("/gone/phi-4.gguf")
    monkeypatch.setenv("MODELCATALOG_PATH", str(home / "own"))
    assert found()["phi-4.gguf"].remove == f"rm {home / 'own' / 'phi-4.gguf'}"
    monkeypatch.delenv("MODELCATALOG_PATH")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(HubUnreachable, match="not on this disk") as caught:
        modelcatalog.plan("phi-4")
    assert "b/phi-4-Q4_K_M.gguf in the lmstudio store cannot be loaded: phi-4-Q4_K_M.gguf is a link that leads nowhere" in str(caught.value)
    monkeypatch.setenv("OLLAMA_MODELS", str(root / "a/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf"))
    assert "cannot be read: it is not a folder" in warned()[1]


def test_a_store_that_may_not_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store whose folder gives an error is said; the others are listed."""
    (home / ".ollama").mkdir()
    (home / ".ollama/models").symlink_to(home / ".ollama/models")
    monkeypatch.setenv("MODELCATALOG_PATH", str(home / "gone"))
    written(home / ".lmstudio/models/a/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf", GGUF)
    copies, said = warned()
    assert len(copies) == 1
    assert f"{home / '.ollama/models/manifests'} cannot be read" in said
    assert f"MODELCATALOG_PATH names {home / 'gone'}, which is not a folder" in said


class TestCommand:
    """`modelcatalog local`."""

    @pytest.fixture
    def disk(self, home: Path) -> Path:
        """One model in three stores, another that is not whole, and one alone."""
        ollama(home / ".ollama/models")
        snapshot(home, "Qwen/Qwen3-8B-GGUF", {"Qwen3-8B-Q4_K_M.gguf": KINDS["model"]})
        written(home / ".lmstudio/models/lmstudio-community/phi-4-GGUF/phi-4-Q4_K_M.gguf.part", b"half")
        written(home / ".lmstudio/models/lmstudio-community/phi-4-GGUF/phi-4-Q8_0.gguf", GGUF)
        return home

    @pytest.fixture
    def cli(self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
        """The command line."""
        return Cli(monkeypatch, capfd)

    def test_table(self, disk: Path, cli: Cli) -> None:
        """A row a copy, by model; a total, what is there twice, what is not whole."""
        ran = cli("local")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.count("qwen-3-8b ") == ran.out.count("the same bytes as in") == 2
        assert "Copies: 4. Models: 2. On this disk: " in ran.out
        assert "932 B of it is there more than once" in ran.out
        assert "\n4 B of it is not whole" in ran.out

    @pytest.mark.parametrize(
        ("options", "shown"),
        [
            (("--model", "Qwen3-8B"), {"ollama", "huggingface"}),
            (("--model", "phi"), {"lmstudio"}),
            (("--store", "ollama"), {"ollama"}),
            (("--duplicates",), {"ollama", "huggingface"}),
            (("--incomplete",), {"lmstudio"}),
            (("--incomplete", "--store", "ollama"), set()),
        ],
    )
    def test_filters(self, disk: Path, cli: Cli, options: tuple[str, ...], shown: set[str]) -> None:
        """Conditions hold together; where nothing meets them, it is said."""
        ran = cli("local", *options, "--json")
        assert {json.loads(line)["store"] for line in ran.out.splitlines()} == shown
        assert shown or "no model on this disk meets all of these conditions" in cli("local", *options).err

    def test_how_to_remove(self, disk: Path, cli: Cli) -> None:
        """What could go is shown with its own store's command, and is still there."""
        before = sorted(disk.rglob("*"))
        said = cli("local", "--duplicates").out
        assert "ollama rm qwen3:8b" in said
        assert "hf cache rm model/Qwen/Qwen3-8B-GGUF" in said
        assert sorted(disk.rglob("*")) == before

    def test_json(self, disk: Path, cli: Cli) -> None:
        """A line is a record of the API, and reads back."""
        lines = cli("local", "--json").out.splitlines()
        assert tuple(map(LocalCopy.model_validate_json, lines)) == modelcatalog.local()

    def test_wrong_store(self, disk: Path, cli: Cli) -> None:
        """A store that there is not is an error of usage, which names those that there are."""
        ran = cli("local", "--store", "gpt4all")
        assert ran.code == 2
        assert "huggingface, modelscope, ollama, lmstudio, llama.cpp, path" in ran.err

    def test_what_cannot_be_read(self, disk: Path, cli: Cli) -> None:
        """What could not be read goes to standard error, the rest is listed."""
        written(disk / ".ollama/models/manifests/registry.ollama.ai/library/x/latest", b"{")
        ran = cli("local", LANG="zh_CN.UTF-8")
        assert "注意：" in ran.err
        assert "副本 4 份，模型 2 个" in ran.out

    def test_empty(self, home: Path, cli: Cli) -> None:
        """A disk without models is no failure."""
        ran = cli("local")
        assert (ran.code, ran.out, ran.err) == (0, "", "there is no model on this disk\n")


def test_nothing_is_written(home: Path) -> None:
    """Looking leaves every file and folder as it was."""
    ollama(home / ".ollama/models")
    snapshot(home, "Qwen/Qwen3-8B-GGUF", {"Qwen3-8B-Q4_K_M.gguf": GGUF})
    before = {path: path.lstat().st_mtime_ns for path in home.rglob("*")}
    found(hashes=True)
    assert {path: path.lstat().st_mtime_ns for path in home.rglob("*")} == before


def test_every_store_has_its_object() -> None:
    """Names are what callers write; each is told apart."""
    names = [store.name for store in stores.stores()]
    assert names == ["huggingface", "modelscope", "ollama", "lmstudio", "llama.cpp", "path"]
    assert len({store.title for store in stores.stores()}) == len(names)


def test_links_are_counted_once(home: Path) -> None:
    """Repositories that share a blob by a hard link, a blob that was replaced by a link, and blobs with a colon as old versions wrote them."""
    one = snapshot(home, "a/Qwen3-8B", {"config.json": b"{}", "model.safetensors": b"w" * 400})
    two = snapshot(home, "b/Qwen3-8B", {"config.json": b"{ }"})
    os.link((one / "model.safetensors").resolve(), two / "model.safetensors")
    copies = found()
    assert (copies["a/Qwen3-8B"].shared, copies["b/Qwen3-8B"].shared) == (0, 400)
    assert copies["b/Qwen3-8B"].same_as == (one,)
    blobs = ollama(home / ".ollama/models")
    kept = written(home / ".lmstudio/models/x/Qwen3-8B-GGUF/Qwen3-8B-Q4_K_M.gguf", KINDS["model"])
    blobs["model"].unlink()
    blobs["model"].symlink_to(kept)
    assert found()["qwen3:8b"].same_as == (kept,)
    for blob in blobs.values():
        blob.rename(blob.with_name(blob.name.replace("-", ":", 1)))
    assert (found()["qwen3:8b"].complete, found()["qwen3:8b"].bytes) == (True, sum(map(len, KINDS.values())))


def test_shorter_than_it_says(home: Path) -> None:
    """A file that ends before its own header says so is not whole, as loading it would say; and looking at it is not using it."""
    file = written(home / ".lmstudio/models/a/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf", GGUF[:9])
    folder = home / ".lmstudio/models/a/Qwen3-8B"
    written(folder / "config.json", b"{}")
    written(folder / "model.safetensors", b"x" * 64).write_bytes(struct.pack("<Q", 2_000) + b"{}")
    os.utime(file, (1_000_000_000, 1_000_000_000))
    copies = found()
    one, other = copies["a/Qwen3-8B-GGUF/Qwen3-8B-Q8_0.gguf"], copies["a/Qwen3-8B"]
    assert (one.complete, one.lacks) == (False, "Qwen3-8B-Q8_0.gguf is cut off: it has 9 bytes of a longer header and the weights")
    assert (other.complete, other.lacks) == (False, "model.safetensors is cut off: it has 10 bytes of a longer header and the weights")
    if hasattr(os, "O_NOATIME"):
        assert file.stat().st_atime == 1_000_000_000


def test_llama_cpp_shards(home: Path) -> None:
    """A model in two files in the flat cache, whose manifest names but one, is one copy; with one of them it is not whole."""
    cache = home / ".cache/llama.cpp"
    files = [written(cache / f"angt_test-split-model_stories260K-f32-0000{n}-of-00002.gguf", GGUF + bytes([n])) for n in (1, 2)]
    written(cache / "manifest=angt=test-split-model=latest.json", b"{}")
    (copy,) = found().values()
    assert (copy.path, copy.complete, len(copy.files), copy.name.owner) == (files[0], True, 2, "angt")
    files[1].unlink()
    (copy,) = found().values()
    assert copy.lacks == "1 of 2 weight files of angt_test-split-model_stories260K-f32 are there"


def test_ollama_as_a_service(home: Path) -> None:
    """What the service on Linux keeps is found beside the user's own."""
    ollama(home / ".ollama/models")
    ollama(home / "service", "phi4/latest")
    assert set(found()) == ({"qwen3:8b", "phi4:latest"} if os.name == "posix" else {"qwen3:8b"})
