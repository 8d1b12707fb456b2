"""Tests of the bill of materials: valid by the schema that the package brings, and everything that a plan knows in its own place."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from test_cli import Cli
from test_programs import layers, plain, talking
from test_stores import home, ollama

import modelcatalog as mc
from modelcatalog.errors import MissingPackage, Unsupported
from modelcatalog.hubs import RemoteFile
from modelcatalog.planning import Plan

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["home", "plain", "talking"]

SHA = "0123456789abcdef" * 4
COMMIT = "b968826d9c46dd6066d109eabc6255188de91218"


def planned(name: str = "Qwen/Qwen3-8B-AWQ", **more: Any) -> Plan:
    """A plan as a hub's answer makes it."""
    files = (
        RemoteFile(path="model.safetensors", size=6_000_000_000, sha256=SHA.upper()),
        RemoteFile(path="sub/config.json", size=700, git_oid="a" * 40),
    )
    parts: dict[str, Any] = {
        "source": "huggingface", "hub": "huggingface", "endpoint": "https://huggingface.co", "repo_id": "Qwen/Qwen3-8B-AWQ", "revision": "main",
        "commit": COMMIT, "format": "safetensors", "files": files, "weights": ("model.safetensors",), "parameters": 8_190_735_360, "device": "cpu",
        "licence": "apache-2.0", "base_model": "Qwen/Qwen3-8B", "base_relation": "quantized",
    }  # fmt: skip
    return Plan(name=mc.parse(name), **parts | more)


def written(plan: Plan, folder: Path) -> dict[str, Any]:
    """The bill of materials of a plan, once the package's own check has passed it, formats of its texts included."""
    validation = pytest.importorskip("cyclonedx.validation.json")
    from cyclonedx.schema import SchemaVersion

    mc.lock(plan, folder / "bom.json", format="cyclonedx")
    text = (folder / "bom.json").read_text(encoding="utf-8")
    assert validation.JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    made: dict[str, Any] = json.loads(text)
    return made


def test_of_a_repository(tmp_path: Path) -> None:
    """The model by its package URL at its commit, hashes, licence, files, what it was made of, and a model card."""
    made = written(planned(), tmp_path)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    (model,) = made["components"]
    purl = f"pkg:huggingface/Qwen/Qwen3-8B-AWQ@{COMMIT}"
    assert (model["type"], model["group"], model["name"], model["version"]) == ("machine-learning-model", "Qwen", "Qwen3-8B-AWQ", COMMIT)
    assert (model["purl"], model["bom-ref"]) == (purl, purl)
    assert model["hashes"] == [{"alg": "SHA-256", "content": SHA}]
    assert model["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert model["manufacturer"] == {"name": "Alibaba"}
    assert [one["name"] for one in model["components"]] == ["model.safetensors", "sub/config.json"]
    assert {one["type"] for one in model["externalReferences"]} == {"distribution", "model-card"}
    (base,) = model["pedigree"]["ancestors"]
    assert (base["type"], base["purl"], model["pedigree"]["notes"]) == ("machine-learning-model", "pkg:huggingface/Qwen/Qwen3-8B", "quantized")
    card = model["modelCard"]["modelParameters"]
    assert (card["task"], card["modelArchitecture"], card["inputs"]) == ("text-generation", "Qwen3", [{"format": "text"}])
    assert {"name": "modelcatalog:parameters", "value": "8190735360"} in model["modelCard"]["properties"]


@pytest.mark.parametrize(
    ("more", "where", "expected"),
    [
        ({"licence": "llama3.1"}, "licenses", [{"license": {"name": "llama3.1"}}]),
        ({"licence": "gpl-3.0"}, "licenses", [{"license": {"id": "GPL-3.0"}}]),
        ({"licence": "openrail"}, "licenses", [{"license": {"name": "openrail"}}]),
        ({"licence": None}, "licenses", None),
        ({"base_model": None, "base_relation": None}, "pedigree", None),
        ({"base_model": 'a model & its "friends"'}, "pedigree", 'a model & its "friends"'),
        ({"hub": "modelscope", "commit": None, "revision": "master"}, "purl", "pkg:huggingface/Qwen/Qwen3-8B-AWQ?repository_url=https://modelscope.cn"),
        ({"hub": None, "repo_id": None, "endpoint": None}, "purl", None),
    ],
)
def test_less(tmp_path: Path, more: dict[str, Any], where: str, expected: Any) -> None:
    """What is not known is left out, and what has no id of its own stands by its name."""
    model = written(planned(**more), tmp_path)["components"][0]
    found = model.get(where)
    assert (found["ancestors"][0]["name"] if where == "pedigree" and found else found) == expected


def test_shards(tmp_path: Path) -> None:
    """The hash of one weight file of several is not the model's; a file whose hub lists a git blob has that as a property."""
    files = tuple(RemoteFile(path=f"model-0000{n}-of-00002.safetensors", size=5, sha256=f"{n}" * 64) for n in (1, 2))
    git = RemoteFile(path="config.json", size=5, git_oid="a" * 40)
    model = written(planned(files=(*files, git), weights=tuple(one.path for one in files)), tmp_path)["components"][0]
    assert "hashes" not in model
    kept = {one["name"]: (one.get("hashes"), one["properties"]) for one in model["components"]}
    assert kept["model-00002-of-00002.safetensors"][0] == [{"alg": "SHA-256", "content": "2" * 64}]
    assert kept["config.json"] == (None, [{"name": "modelcatalog:bytes", "value": "5"}, {"name": "modelcatalog:git-blob", "value": "a" * 40}])


def test_same_files_same_number(tmp_path: Path) -> None:
    """A bill of the same files has the same number, one of others another."""
    first, again = written(planned(), tmp_path), written(planned(), tmp_path)
    assert first["serialNumber"] == again["serialNumber"] != written(planned(commit="1" * 40), tmp_path)["serialNumber"]
    assert first["components"] == again["components"]


def test_of_a_program_s_copy(home: Path, talking: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """The command line writes one of what lies here, without a path of this disk."""
    pytest.importorskip("cyclonedx")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    ollama(home / ".ollama/models", layers=layers(talking, license="Apache License 2.0"))
    ran = Cli(monkeypatch, capfd)("lock", "qwen3:8b", "--format", "cyclonedx", "-o", str(tmp_path / "bom.json"))
    assert (ran.code, ran.out.strip()) == (0, str(tmp_path / "bom.json"))
    text = (tmp_path / "bom.json").read_text(encoding="utf-8")
    model = json.loads(text)["components"][0]
    assert (model["name"], "purl" in model, len(model["hashes"])) == ("qwen3:8b", False, 1)
    assert str(home) not in text


def test_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A format that there is not, a model that a server has, and a package that is not here."""
    with pytest.raises(Unsupported, match="there is no format 'spdx'"):
        mc.lock(planned(), tmp_path / "x", format="spdx")  # type: ignore[arg-type]  # on purpose
    with pytest.raises(Unsupported, match="is on a server"):
        mc.lock("Qwen3-8B", tmp_path / "x", format="cyclonedx", base_url="http://127.0.0.1:1/v1")
    monkeypatch.setitem(sys.modules, "cyclonedx.model.bom", None)
    with pytest.raises(MissingPackage, match="cyclonedx-python-lib") as caught:
        mc.lock(planned(), tmp_path / "x", format="cyclonedx")
    assert caught.value.install == "pip install 'modelcatalog[bom]'"
    assert not (tmp_path / "x").exists()
