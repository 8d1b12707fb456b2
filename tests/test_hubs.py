"""Tests of hubs/: what is on this disk, headers, paths, settings. The hubs over HTTP are in test_hubs_loopback.py."""

from __future__ import annotations

import json
import os
import shutil
import struct
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcatalog.errors import CheckpointNotFound, IntegrityError, UnsafeRepository, Unsupported
from modelcatalog.hubs import HUBS, get, local, paths
from modelcatalog.hubs.wire import Wire
from modelcatalog.weights import gguf, safetensors

if TYPE_CHECKING:
    from pathlib import Path

HUGGINGFACE, MODELSCOPE = HUBS.values()


def token() -> str | None:
    """The token that would be sent to Hugging Face."""
    found = HUGGINGFACE.credential()
    return found.value if found else None


def write_safetensors(path: Path, tensors: dict[str, tuple[str, list[int], int]]) -> None:
    """A valid safetensors file of zeros: name -> (type, shape, bytes)."""
    header, at = {}, 0
    for name, (kind, shape, size) in tensors.items():
        header[name] = {"dtype": kind, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(at))


def write_checkpoint(folder: Path) -> Path:
    """A small folder that looks like a checkpoint in every way but its size."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_hidden_layers": 1, "num_attention_heads": 1}
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 8, "torch_dtype": "bfloat16"}))
    (folder / "tokenizer.json").write_text("{}")
    write_safetensors(folder / "model.safetensors", {"w": ("BF16", [2, 3], 12)})
    return folder


class TestGguf:
    """The header reader against a real file and against broken ones."""

    def test_real_file(self, gguf_file: Path) -> None:
        """The header of a real file gives its architecture, its parameters, and exactly its size."""
        header = gguf.read_file(gguf_file)
        assert header.architecture == "llama"
        assert header.parameters == 134_515_008
        assert header.end == gguf_file.stat().st_size
        assert {t.type_name for t in header.tensors} == {"F32", "Q4_1", "Q8_0"}
        assert "<|im_start|>" in str(header.metadata["tokenizer.chat_template"])

    def test_first_bytes(self, gguf_file: Path) -> None:
        """The first bytes alone give the architecture, and say that they are not all."""
        with gguf_file.open("rb") as file:
            header = gguf.read(file.read(8192), subject="x")
        assert not header.complete
        assert header.metadata["llama.block_count"] == 30

    @pytest.mark.parametrize("size", [2, 20, 5_000, 1_500_000, 98_362_431])
    def test_cut_off(self, gguf_file: Path, tmp_path: Path, size: int) -> None:
        """A file that lost its end, wherever, is found out without reading the weights."""
        cut = tmp_path / "cut.gguf"
        with gguf_file.open("rb") as source, cut.open("wb") as target:
            target.write(source.read(min(size, 2_000_000)))
            target.truncate(size)
        with pytest.raises(IntegrityError, match="cut off") as caught:
            gguf.read_file(cut)
        assert caught.value.subject == str(cut)
        assert "again" in (caught.value.hint or "")

    def test_error_page(self, tmp_path: Path) -> None:
        """An error page that was saved under the name of the model is named as what it is."""
        page = tmp_path / "model.gguf"
        page.write_text("<html>blocked</html>")
        with pytest.raises(IntegrityError, match="is not a GGUF file"):
            gguf.read_file(page)

    def test_a_tensor_of_too_many_dimensions(self) -> None:
        """A shape with more dimensions than any tensor has is no shape, and what stands behind it cannot be read."""
        tensor = struct.pack("<Q1sI", 1, b"w", 9) + struct.pack("<9QIQ", *[1] * 9, 0, 0)
        with pytest.raises(IntegrityError, match="a GGUF header that cannot be read"):
            gguf.read(b"GGUF" + struct.pack("<IQQ", 3, 1, 0) + tensor, subject="x")

    @given(st.binary(max_size=300))
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes after the magic give a header or an IntegrityError, nothing else."""
        try:
            header = gguf.read(b"GGUF" + data, subject="x")
        except IntegrityError:
            return
        assert header.data_start >= 0


class TestSafetensors:
    """The other header reader."""

    def test_reads_counts_and_end(self, tmp_path: Path) -> None:
        """Parameters are counted by type, and the end is the file's size."""
        file = tmp_path / "x.safetensors"
        write_safetensors(file, {"a": ("BF16", [4, 4], 32), "b": ("F32", [2], 8)})
        header = safetensors.read_file(file)
        assert header.parameters == {"BF16": 16, "F32": 2}
        assert header.dtype == "bfloat16"
        assert header.end == file.stat().st_size

    @pytest.mark.parametrize("size", [0, 4, 30, 130])
    def test_cut_off(self, tmp_path: Path, size: int) -> None:
        """A shorter file is an IntegrityError."""
        file = tmp_path / "x.safetensors"
        write_safetensors(file, {"a": ("BF16", [4, 4], 32), "b": ("F32", [2], 8)})
        file.write_bytes(file.read_bytes()[:size])
        with pytest.raises(IntegrityError):
            safetensors.read_file(file)

    @given(st.binary(max_size=200))
    def test_any_bytes(self, data: bytes) -> None:
        """Any bytes give a header or an IntegrityError, nothing else."""
        try:
            safetensors.read(data, subject="x")
        except IntegrityError:
            return

    @pytest.mark.parametrize("size", ["1e999", "-5", "NaN", "1.5", '"4"', "9" * 5000, "[1]"])
    @pytest.mark.parametrize("entry", ['"shape":[{size},3],"data_offsets":[0,6]', '"shape":[3],"data_offsets":[0,{size}]'])
    def test_sizes_that_are_none(self, entry: str, size: str) -> None:
        """A size is a whole number that a file may have; read from its first bytes, an entry with another is passed over."""
        text = f'{{"w":{{"dtype":"BF16",{entry.format(size=size)}}}}}'.encode()
        with pytest.raises(IntegrityError, match="cannot be read"):
            safetensors.read(text, subject="x")
        assert safetensors.read_part(struct.pack("<Q", len(text)) + text, subject="x") is None

    def test_types_that_are_none(self) -> None:
        """A type is a word, of which its width is read."""
        text = b'{"w":{"dtype":"F%s","shape":[3],"data_offsets":[0,6]}}' % (b"9" * 5000)
        assert len(safetensors.read(text, subject="x").dtypes["w"]) < 50


class TestPaths:
    """Which paths a listing may hold."""

    @pytest.mark.parametrize(
        "path",
        ["../x", "a/../../x", "/etc/x", "~/x", "..\\x", "a\\b", "C:/x", "C:x", "a//b", "./a", "", "a\n", "x" * 600],
    )
    def test_refused(self, path: str) -> None:
        """Every way out of the folder, and every path that is none, is refused."""
        with pytest.raises(UnsafeRepository):
            paths.check(["config.json", path], subject="a/b")

    @pytest.mark.parametrize("path", ["config.json", "onnx/model.onnx", ".gitattributes", "a..b/c", "模型.gguf", "a b"])
    def test_accepted(self, path: str) -> None:
        """Ordinary names are not, strange as some are."""
        paths.check([path], subject="a/b")

    def test_a_million_files(self) -> None:
        """An endless listing is cut, not read."""
        with pytest.raises(UnsafeRepository, match="more than"):
            paths.check((str(n) for n in iter(int, 1)), subject="a/b")


class TestSettings:
    """What the environment says is read when it is asked for."""

    def test_huggingface(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """HF_HOME, HF_HUB_CACHE and the token file work as in huggingface_hub."""
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        assert HUGGINGFACE.repository_root("a/b") == tmp_path / "hub" / "models--a--b"
        (tmp_path / "token").write_text("secret\n")
        assert token() == "secret"
        monkeypatch.setenv("HF_TOKEN", "other")
        assert token() == "other"
        monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "c"))
        assert HUGGINGFACE.cache_folder() == tmp_path / "c"
        monkeypatch.setenv("HF_ENDPOINT", "https://hf-mirror.com/")
        assert HUGGINGFACE.endpoint() == "https://hf-mirror.com"
        monkeypatch.setenv("HF_HUB_OFFLINE", "yes")
        assert HUGGINGFACE.offline() == "HF_HUB_OFFLINE"
        monkeypatch.setenv("TRANSFORMERS_OFFLINE", "1")
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        assert HUGGINGFACE.offline() == ""
        monkeypatch.delenv("HF_HUB_OFFLINE")
        assert HUGGINGFACE.offline() == "TRANSFORMERS_OFFLINE", "it names the variable that is to be unset"

    def test_modelscope(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """MODELSCOPE_CACHE and MODELSCOPE_DOMAIN work as in modelscope."""
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path))
        assert MODELSCOPE.cache_folder() == tmp_path
        monkeypatch.setenv("MODELSCOPE_DOMAIN", "modelscope.ai")
        assert MODELSCOPE.endpoint() == "https://modelscope.ai"

    def test_no_such_hub(self) -> None:
        """Ollama's files are not fetched, and the error says what to pass."""
        with pytest.raises(Unsupported, match="ollama"):
            get("ollama")


class TestLocal:
    """Paths, folders to search, and both hubs' caches."""

    def test_path_that_is_missing(self, tmp_path: Path) -> None:
        """A text that can only be a path and leads nowhere says what is there instead."""
        (tmp_path / "there.gguf").touch()
        with pytest.raises(CheckpointNotFound, match="no file or folder") as caught:
            local.as_path(str(tmp_path / "gone.gguf"))
        assert "there.gguf" in (caught.value.hint or "")

    @pytest.mark.parametrize("text", ["Qwen/Qwen2.5-7B-Instruct", "gpt-4o", "qwen2.5:7b", "通义千问", "src"])
    def test_name_is_no_path(self, text: str) -> None:
        """Names stay names, also when a folder of that name has no checkpoint in it."""
        assert local.as_path(text) is None

    def test_search_folders(self, gguf_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """MODELCATALOG_PATH is searched a few folders deep, for GGUF files and for checkpoint folders; one that is not there is said."""
        deep = tmp_path / "models" / "hugging"
        deep.mkdir(parents=True)
        (deep / gguf_file.name).symlink_to(gguf_file)
        write_checkpoint(tmp_path / "Qwen2.5-7B-Instruct")
        monkeypatch.setenv("MODELCATALOG_PATH", os.pathsep.join([str(tmp_path), str(tmp_path / "nowhere")]))
        with pytest.warns(UserWarning, match="nowhere, which is not a folder"):
            found = {copy.title: copy for copy in local.searched()}
        assert set(found) == {gguf_file.name, "Qwen2.5-7B-Instruct"}
        assert found[gguf_file.name].files[0].size == gguf_file.stat().st_size

    def test_broken_link(self, gguf_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A link whose file has gone is no copy, alone and as a shard: the whole one beside it is found."""
        (tmp_path / "SmolLM2-135M-Instruct-Q8_0.gguf").symlink_to(tmp_path / "gone.gguf")
        (tmp_path / "Big-00001-of-00002.gguf").symlink_to(tmp_path / "gone.gguf")
        (tmp_path / gguf_file.name).symlink_to(gguf_file)
        monkeypatch.setenv("MODELCATALOG_PATH", str(tmp_path))
        assert [copy.title for copy in local.searched()] == [gguf_file.name]

    def test_folder_that_may_not_be_looked_at(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """One entry of a cache that the system refuses to look at hides none of the others."""
        for name in ("a", "b"):
            (tmp_path / name).mkdir()

        stat = os.stat

        def refused(path: Any, *given: Any, **named: Any) -> os.stat_result:
            if path == tmp_path / "a":
                raise PermissionError
            return stat(path, *given, **named)

        monkeypatch.setattr(os, "stat", refused)
        assert [folder.name for folder in paths.folders(tmp_path)] == ["b"]

    @pytest.mark.parametrize("said", ["", "\n", ".", "..", "../..", "/etc"])
    def test_reference_that_is_none(self, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A branch whose commit was cut off while it was written stands for no folder: the newest snapshot is meant."""
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        base = HUGGINGFACE.repository_root("Qwen/Qwen2.5-7B-Instruct")
        write_checkpoint(base / "snapshots" / ("a" * 40))
        (base / "refs").mkdir()
        (base / "refs" / "main").write_text(said)
        assert [copy.root.name for copy in HUGGINGFACE.cached("Qwen/Qwen2.5-7B-Instruct")] == ["a" * 40]

    def test_reference_that_is_no_text(self, tmp_path: Path) -> None:
        """What a branch stands for may be cut off or garbled: then the newest snapshot is meant."""
        base = tmp_path / "models--Qwen--Qwen2.5-7B-Instruct"
        write_checkpoint(base / "snapshots" / ("a" * 40))
        (base / "refs").mkdir()
        (base / "refs" / "main").write_bytes(b"\xff\xfe\x00")
        assert local.at(base).root == base / "snapshots" / ("a" * 40)

    def test_huggingface_cache(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The snapshot that the branch points at comes first; without a branch, the newest."""
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        base = HUGGINGFACE.repository_root("Qwen/Qwen2.5-7B-Instruct")
        write_checkpoint(base / "snapshots" / ("a" * 40))
        write_checkpoint(base / "snapshots" / ("b" * 40))
        assert list(local.caches()) == [("huggingface", "Qwen/Qwen2.5-7B-Instruct")]
        (base / "refs").mkdir()
        (base / "refs" / "main").write_text("a" * 40)
        copies = list(HUGGINGFACE.cached("Qwen/Qwen2.5-7B-Instruct"))
        assert [copy.commit for copy in copies] == ["a" * 40, "b" * 40]
        pinned = list(HUGGINGFACE.cached("Qwen/Qwen2.5-7B-Instruct", "b" * 40))
        assert [copy.commit for copy in pinned] == ["b" * 40]

    @pytest.mark.parametrize(
        "place",
        [
            "models/Qwen--Qwen1.5-0.5B/snapshots/master",
            "models/Qwen/Qwen1___5-0___5B",
            "hub/models/Qwen/Qwen1___5-0___5B",
            "hub/Qwen/Qwen1___5-0___5B",
        ],
    )
    def test_modelscope_caches(self, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every layout that a ModelScope client has used is read."""
        monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path))
        write_checkpoint(tmp_path / place)
        assert list(local.caches("modelscope")) == [("modelscope", "Qwen/Qwen1.5-0.5B")]
        (copy,) = MODELSCOPE.cached("Qwen/Qwen1.5-0.5B")
        assert copy.root == tmp_path / place
        assert {f.path for f in copy.files} == {"config.json", "model.safetensors", "tokenizer.json"}

    def test_missing_shard(self, tmp_path: Path) -> None:
        """A folder whose index names a shard that is not there is not whole."""
        folder = write_checkpoint(tmp_path / "x")
        shutil.move(folder / "model.safetensors", folder / "model-00001-of-00002.safetensors")
        shards = ["model-00001-of-00002.safetensors"]
        index = {"weight_map": {"w": shards[0], "v": "model-00002-of-00002.safetensors"}}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
        with pytest.raises(IntegrityError, match=r"model-00002-of-00002\.safetensors is missing"):
            local.check_weights(folder, shards)

    def test_missing_gguf_part(self, tmp_path: Path) -> None:
        """A GGUF file in three parts of which two are there is not whole."""
        for part in (1, 3):
            (tmp_path / f"m-0000{part}-of-00003.gguf").write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, 0) + bytes(32))
        copy = local.at(tmp_path / "m-00001-of-00003.gguf")
        with pytest.raises(IntegrityError, match="2 of 3"):
            local.check_weights(copy.root, [f.path for f in copy.files])


class _NoRanges(BaseHTTPRequestHandler):
    """Sends the whole file, whatever part of it was asked for, as some mirrors do."""

    data = bytes(range(256)) * 1000

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.data)))
        self.end_headers()
        with suppress(OSError):  # who has what it wanted hangs up
            self.wfile.write(self.data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_server_without_ranges() -> None:
    """The part that was asked for is cut out of the file, which is not read further; a part that is too far behind is an error."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _NoRanges)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        wire = Wire("Mirror", f"http://127.0.0.1:{server.server_port}", limit=5000)
        assert wire.get("/model.gguf", start=1000, length=50).body == _NoRanges.data[1000:1050]
        assert 5000 - 1000 - 52 < wire.limit <= 5000 - 1000 - 50
        with pytest.raises(UnsafeRepository, match=r"^Mirror sends more than 5,000 bytes of metadata"):
            wire.get("/model.gguf", start=4000, length=50)
    finally:
        server.shutdown()
        server.server_close()
