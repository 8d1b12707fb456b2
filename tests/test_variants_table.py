"""Tests of `Plan.variants` and of the picture of a plan: against loopback hubs, in figures that were worked out by hand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from test_variants import MODEL, variant

import modelcatalog as mc
from loopback.hubs import HuggingFaceHub, LoopbackHub, ModelScopeHub
from modelcatalog.errors import Unsupported
from modelcatalog.planning import Growth, Plan, Variant, plan
from modelcatalog.planning.growth import measured

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CARD = "RTX 4090"
BANDWIDTH = 1008e9


def sparse(path: Path, size: int) -> Path:
    """A file of so many bytes that takes none of the disk."""
    with path.open("wb") as file:
        file.truncate(size)
    return path


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    """One model in every form that the catalog lists: whole, AWQ, GPTQ twice, and GGUF files of three kinds, one in two parts."""
    ggufs = tmp_path / "ggufs"
    ggufs.mkdir()
    for name, size in (("q8_0", 2_100_000), ("q2_k", 700_000)):
        sparse(ggufs / f"{MODEL.lower()}-{name}.gguf", size)
    for part in (1, 2):
        sparse(ggufs / f"{MODEL.lower()}-q4_k_m-0000{part}-of-00002.gguf", 600_000)
    return {
        f"Qwen/{MODEL}": variant(tmp_path / "whole", 4_000_000),
        f"Qwen/{MODEL}-GPTQ-Int8": variant(tmp_path / "eight", 2_000_000, {"quant_method": "gptq", "bits": 8}),
        f"Qwen/{MODEL}-GPTQ-Int4": variant(tmp_path / "gptq4", 1_100_000, {"quant_method": "gptq", "bits": 4}),
        f"Qwen/{MODEL}-AWQ": variant(tmp_path / "four", 1_000_000, {"quant_method": "awq", "bits": 4}),
        f"Qwen/{MODEL}-GGUF": ggufs,
    }


@pytest.fixture(params=["huggingface", "modelscope"])
def hub(request: pytest.FixtureRequest, folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackHub]:
    """A hub that has them."""
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("MODELSCOPE_CACHE", str(tmp_path / "ms"))
    kind, variable = {"huggingface": (HuggingFaceHub, "HF_ENDPOINT"), "modelscope": (ModelScopeHub, "MODELSCOPE_ENDPOINT")}[request.param]
    with kind(folders) as made:
        made.kind = request.param  # type: ignore[attr-defined]  # for the tests alone
        monkeypatch.setenv(variable, made.endpoint)
        yield made


def planned(hub: Any, name: str = f"Qwen/{MODEL}", **options: Any) -> Plan:
    """A plan for a card that is not here."""
    return plan(name, hub=hub.kind, **{"on": CARD, **options})


def row(rows: tuple[Variant, ...], text: str) -> Variant:
    """The one row of a repository or a file."""
    (found,) = (one for one in rows if f"{one.repo_id}/{one.file or ''}".lower().rstrip("/").endswith(text.lower()))
    return found


class TestVariants:
    """The table of a model's quantizations."""

    def test_bytes(self, hub: LoopbackHub, folders: dict[str, Path]) -> None:
        """Each repository and each GGUF file is a row with the bytes that the hub lists, the most precise first, the plan's own marked."""
        rows = planned(hub).variants()
        stored = {repo.rpartition("/")[2]: (folder / "model.safetensors").stat().st_size for repo, folder in folders.items() if not repo.endswith("GGUF")}
        assert {one.repo_id.rpartition("/")[2]: one.bytes for one in rows if one.format == "safetensors"} == stored
        assert [(one.quantization.scheme, one.bytes) for one in rows if one.format == "gguf" and one.quantization] == [
            ("Q8_0", 2_100_000),
            ("Q4_K_M", 1_200_000),
            ("Q2_K", 700_000),
        ]
        assert [one.repo_id for one in rows if one.planned] == [f"Qwen/{MODEL}"]
        bits = [one.bits for one in rows]
        assert bits == sorted(bits, reverse=True)  # type: ignore[type-var]  # every file tells its own
        assert {one.origin for one in rows} == {"files"}

    def test_requests(self, hub: LoopbackHub) -> None:
        """It asks for listings alone, one a repository, six at most, and for no byte of a file."""
        made = planned(hub)
        before = len(hub.requests)
        made.variants()
        asked = hub.requests[before:]
        assert len(asked) == 4
        assert sum(one.sent for one in asked) < 1_000_000
        assert not any("resolve" in one.path or "FilePath" in one.path for one in asked)

    def test_figures(self, hub: LoopbackHub) -> None:
        """Memory is weights, cache and what the plan has beside them; speed is bandwidth by bytes a token; both are the plan's for its own row."""
        made = planned(hub, context_length=64)
        memory, rows = made.memory, made.variants()
        own, awq = row(rows, MODEL), row(rows, "AWQ")
        assert (own.weights, own.needed, own.longest_context) == (memory.weights, memory.needed, memory.longest_context)
        assert memory.kv is not None
        assert awq.needed == (awq.bytes or 0) + memory.kv + (memory.overhead or 0)
        for one in (own, awq):
            assert one.tokens_per_second == pytest.approx(BANDWIDTH / ((one.weights or 0) + memory.kv), rel=1e-3)
            assert (one.fits, one.place, one.card, one.engine) == (True, f"on {CARD}", 3, "transformers")
        assert row(rows, "q8_0.gguf").engine == "llama.cpp"

    def test_does_not_fit(self, hub: LoopbackHub) -> None:
        """What is larger than the card says so, which card would do, and has neither a context nor a speed."""
        hub.tamper = lambda entries: [_as_large(one) for one in entries]
        one = row(planned(hub).variants(), "q8_0.gguf")
        assert (one.fits, one.card, one.longest_context, one.tokens_per_second) == (False, 40, 0, None)

    def test_gguf_repository(self, hub: LoopbackHub, folders: dict[str, Path], gguf_file: Path) -> None:
        """A plan for one of several GGUF files has the others of its repository too, and its own file once."""
        folder = folders[f"Qwen/{MODEL}-GGUF"]
        shutil.copy(gguf_file, folder / f"{MODEL.lower()}-q5_k_m.gguf")
        made = planned(hub, f"Qwen/{MODEL}-GGUF", quantization="Q5_K_M")
        rows = [one for one in made.variants() if one.format == "gguf"]
        assert [one.file for one in rows if one.planned] == list(made.weights)
        assert len(rows) == 4

    def test_unreachable(self, hub: LoopbackHub, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, folders: dict[str, Path]) -> None:
        """Without a network the bytes are parameters times bits, marked, with the reason; of a repository of several files nobody knows."""
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", "http://127.0.0.1:9")
        local = tmp_path / MODEL
        shutil.copytree(folders[f"Qwen/{MODEL}"], local)
        made = plan(local, on=CARD)
        rows = made.variants()
        awq, ggufs = row(rows, "AWQ"), row(rows, "GGUF")
        assert (awq.origin, awq.bytes, awq.note) == ("estimate", (made.parameters or 0) // 2, "HF_HUB_OFFLINE forbids requests to Hugging Face")
        assert (ggufs.bytes, ggufs.bits, ggufs.fits) == (None, None, None)
        assert row(rows, str(local)).origin == "files"

    def test_absent(self, hub: LoopbackHub) -> None:
        """A repository that the hub does not have is a row that says so; the others are not affected."""
        del hub.repositories[f"Qwen/{MODEL}-AWQ"]
        rows = planned(hub).variants()
        assert row(rows, "AWQ").origin == "estimate"
        assert f"{MODEL}-AWQ" in (row(rows, "AWQ").note or "")
        assert row(rows, "GPTQ-Int4").origin == "files"

    def test_unknown_name(self, tmp_path: Path) -> None:
        """A checkpoint that the catalog does not list is a table of one row, without a request."""
        made = plan(variant(tmp_path / "zorblax", 1_000), on="24GB")
        assert [(one.repo_id, one.planned, one.tokens_per_second) for one in made.variants()] == [(str(tmp_path / "zorblax"), True, None)]

    def test_mixture(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of a mixture of experts a token reads the active share: a tenth of Qwen3-30B-A3B, nearly."""
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        made = plan(variant(tmp_path / "Qwen3-30B-A3B", 4_000_000), on=CARD, context_length=1)
        own = next(one for one in made.variants() if one.planned)
        size = made.name.size
        assert size is not None
        assert size.total is not None
        assert size.active is not None
        assert own.tokens_per_second == pytest.approx(BANDWIDTH / (4_000_000 * size.active / size.total + (made.memory.kv or 0)), rel=1e-3)

    def test_json(self, hub: LoopbackHub) -> None:
        """Records are frozen, and come back from JSON as they were."""
        for one in planned(hub).variants():
            assert Variant.model_validate_json(one.model_dump_json()) == one
        with pytest.raises(ValueError, match="frozen"):
            one.bytes = 1  # that is the point


def _as_large(entry: dict[str, Any]) -> dict[str, Any]:
    """The entry of the Q8_0 file as if it had 40 GB."""
    if "q8_0" not in str(entry.get("path") or entry.get("Path")):
        return entry
    size = 40_000_000_000
    return entry | {"size": size, "Size": size} | ({"lfs": entry["lfs"] | {"size": size}} if "lfs" in entry else {})


class TestGrowth:
    """What is kept at other lengths."""

    def test_between_points(self) -> None:
        """A window that is a power of two is exact at every length, and the longest context is the last that fits."""
        window, each = 4096, 1000
        growth = measured("x", lambda tokens: min(tokens, window) * each + tokens, limit=40_000)
        assert growth is not None
        for tokens in (1, 300, 4096, 5000, 33_000, 40_000):
            assert growth.at(tokens) == min(tokens, window) * each + tokens
        assert growth.longest(growth.at(5000)) == 5000
        assert growth.longest(10**12) == 40_000
        assert growth.longest(0) == 0

    def test_unknown(self) -> None:
        """Where nobody can tell what is kept there is no growth."""
        assert measured("x", lambda _: None, limit=None) is None

    def test_same_as_the_plan(self, gguf_file: Path) -> None:
        """The plan's own figures and those of its growth agree."""
        made = plan(gguf_file, context_length=3000, on=CARD)
        own = made.memory.growth[0]
        assert own.engine == made.engine
        assert own.at(3000) == made.memory.kv
        assert own.longest(10**12) == made.memory.longest_context
        assert Growth.model_validate_json(own.model_dump_json()) == own


class TestPicture:
    """The plan as SVG."""

    @pytest.fixture
    def made(self, gguf_file: Path) -> Plan:
        """A plan of a real file on a small card."""
        return plan(gguf_file, on="1GB", context_length=2048)

    def test_well_formed(self, made: Plan) -> None:
        """The file is XML with a title and a description that has the figures, and a bar for every context up to the model's limit."""
        root = ET.fromstring(made.svg())  # noqa: S314  it was made here
        space = {"s": "http://www.w3.org/2000/svg"}
        title, said = root.find("s:title", space), root.find("s:desc", space)
        assert title is not None
        assert said is not None
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"{title.get('id')} {said.get('id')}"
        assert mc.planning.human(made.memory.weights) in (said.text or "")
        shown = [text.text for text in root.findall("s:text", space)]
        assert {"2,048", "8,192", "weights", "KV cache", "tokens"} <= set(shown)
        assert any("free on a card of 1 GiB" in str(text) for text in shown)

    def test_chinese(self, made: Plan) -> None:
        """In Chinese its texts are, and so are their marks."""
        for told in (made.svg, made.text):
            with pytest.raises(Unsupported, match="there is no language 'fr'"):
                told("fr")  # type: ignore[arg-type]  # what a type checker would refuse
        root = ET.fromstring(made.svg("zh"))  # noqa: S314  it was made here
        said = root.findtext("{http://www.w3.org/2000/svg}desc") or ""
        assert said.startswith("权重占 ")
        assert said.endswith("（1 GiB 的显卡）。")
        assert not re.search(r"[\u4e00-\u9fff。，；）] ?[.,;]|。 ", said)

    def test_both_grounds(self, made: Plan) -> None:
        """Texts take the colour of the page; the file has one for light and one for dark, and the fragment of a notebook has none."""
        assert 'fill="currentColor"' in made.svg()
        assert "prefers-color-scheme:dark" in made.svg()
        shown = made._repr_html_()
        assert "<svg" in shown
        assert "<style" not in shown
        assert "http" not in shown

    def test_ids(self, made: Plan, gguf_file: Path) -> None:
        """The same plan is the same text; two plans on one page have ids of their own."""
        assert made.svg() == made.svg()
        ids = [set(re.findall(r' id="([^"]*)"', one._repr_html_())) for one in (made, plan(gguf_file, on="2GB"))]
        assert len(ids[0] | ids[1]) == 4

    def test_widths(self, made: Plan) -> None:
        """The parts of a bar are as wide as their bytes, by one scale."""
        root = ET.fromstring(made.svg())  # noqa: S314  it was made here
        bars: dict[str, list[tuple[float, str]]] = {}
        for rect in root.findall("{http://www.w3.org/2000/svg}rect"):
            label = rect.find("{http://www.w3.org/2000/svg}title")
            if label is not None:
                bars.setdefault(rect.get("y") or "", []).append((float(rect.get("width") or 0), label.text or ""))
        assert len(bars) == 3
        scales = {round(float(width) / _bytes(text), 12) for parts in bars.values() for width, text in parts if width > 20}
        assert max(scales) == pytest.approx(min(scales), rel=0.02)

    def test_hostile_name(self, tmp_path: Path) -> None:
        """A name with markup in it, or with what XML cannot hold, is text."""
        made = plan(variant(tmp_path / "a<script>&\ufffe", 1_000), on=CARD)
        assert "<script>" not in made.svg()
        ET.fromstring(made.svg())  # noqa: S314  it was made here

    def test_server(self) -> None:
        """A model on a server has no memory to draw, which is said; in a notebook its rows alone are shown."""
        made = plan("some-model", base_url="http://127.0.0.1:9/v1")
        with pytest.raises(Unsupported, match="a server has the model"):
            made.svg()
        assert "<svg" not in made._repr_html_()


def _bytes(text: str) -> float:
    number, unit = text.rpartition(": ")[2].split()
    return float(number) * 1000.0 ** ("B", "kB", "MB", "GB").index(unit)


class TestCommand:
    """`modelcatalog plan --variants` and `--plot`."""

    @staticmethod
    def run(*arguments: str, **environment: str) -> str:
        """What the command prints."""
        given = {**os.environ, "HF_HUB_OFFLINE": "1", "COLUMNS": "200", **environment}
        done = subprocess.run([sys.executable, "-m", "modelcatalog", "plan", *arguments], capture_output=True, text=True, env=given, check=True)
        return done.stdout

    def test_table(self, tmp_path: Path) -> None:
        """A row each, estimates marked, what is unknown with its reason below; in Chinese as well."""
        folder = str(variant(tmp_path / MODEL, 4_000_000))
        shown = self.run(folder, "--on", CARD, "--variants")
        assert f"* {folder}" in shown
        assert re.search(rf"Qwen/{re.escape(MODEL)}-AWQ +awq 4-bit +~1 MB", shown)
        assert "≤ is an estimate" in shown
        assert "HF_HUB_OFFLINE forbids requests" in shown
        assert "最长上下文" in self.run(folder, "--on", CARD, "--variants", LANG="zh_CN.UTF-8", LC_ALL="zh_CN.UTF-8")

    def test_json(self, tmp_path: Path) -> None:
        """One record per line."""
        lines = self.run(str(variant(tmp_path / MODEL, 4_000_000)), "--on", CARD, "--variants", "--json").splitlines()
        rows = [Variant.model_validate_json(line) for line in lines]
        assert sum(one.planned for one in rows) == 1
        assert len(rows) == 6

    def test_plot(self, tmp_path: Path) -> None:
        """The picture is in the file, and the plan is printed as ever."""
        file = tmp_path / "plan.svg"
        shown = self.run(str(variant(tmp_path / MODEL, 4_000_000)), "--on", CARD, "--plot", str(file))
        assert "weights + " in shown
        assert ET.parse(file).getroot().tag == "{http://www.w3.org/2000/svg}svg"  # noqa: S314  it was made here
