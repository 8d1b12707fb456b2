"""Tests of tools/refresh.py: what the data files lack becomes a report and a patch, from hubs whose listings have changed."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loopback import faults
from loopback.hubs import HuggingFaceHub, ModelScopeHub
from loopback.publishing import ModelsDev, hf_repository, told
from modelcatalog import catalog, datafiles
from modelcatalog.hubs import HUBS
from modelcatalog.patterns import expand
from modelcatalog.updating import accounts

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
DAY = datetime.now(UTC).date().isoformat()


@pytest.fixture(scope="module")
def tool() -> Any:
    """The program as a module."""
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "tools" / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["refresh"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HuggingFaceHub]:
    """Hugging Face, where the account Qwen has lost one repository and got others; models.dev, which contradicts the catalog once."""
    said = {"openai": {"models": {"gpt-5.4": told("gpt-5.4", limit={"context": 77, "output": 128_000}), "gpt-9": told("gpt-9")}}}
    with HuggingFaceHub({}) as server, ModelScopeHub({}) as other, ModelsDev(said) as models:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        monkeypatch.setenv("MODELSCOPE_ENDPOINT", other.endpoint)
        monkeypatch.setenv("MODELCATALOG_MODELS_DEV", models.address)
        monkeypatch.setattr(accounts, "of_hub", lambda hub, _: ("Qwen",) if hub.name == "huggingface" else ())
        server.published = {
            "Qwen": [
                *(hf_repository(f"Qwen/Qwen3-{size}-Word{end}", "license:apache-2.0") for size in ("8B", "14B") for end in ("", "-AWQ")),
                hf_repository("Qwen/Qwen3-8B", "license:mit"),
                *(hf_repository(f"Qwen/Qwen9-{size}-Instruct", "license:apache-2.0") for size in ("8B", "14B")),
                hf_repository("Qwen/some-tool"),
            ]
        }
        yield server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The file of one company."""
    folder = tmp_path / "data" / "companies"
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "src" / "modelcatalog" / "data" / "companies" / "alibaba.toml", folder)
    return folder.parent


@pytest.mark.usefixtures("hub")
def test_report_and_patch(tool: Any, data: Path, tmp_path: Path) -> None:
    """New repositories are pattern lines where they belong, a new version is a new series, what is contradicted or gone is told; no file changes."""
    before = (data / "companies" / "alibaba.toml").read_bytes()
    assert tool.main([str(tmp_path / "out"), "--data", str(data)]) == 0
    assert (data / "companies" / "alibaba.toml").read_bytes() == before
    text = (tmp_path / "out" / "refresh.md").read_text(encoding="utf-8")
    assert "## New repositories: 6" in text
    assert "- alibaba.toml › Qwen › Qwen3: `Qwen3-{14B,8B}-Word[-AWQ]` (http://127.0.0.1" in text
    assert "- alibaba.toml › Qwen › Qwen9 (a new series): `Qwen9-{14B,8B}-Instruct` (" in text
    assert "- `gpt-5.4` context_length: the catalog says 1050000, models.dev says 77" in text
    assert "- `Qwen/Qwen3-8B` licence: the catalog says Apache-2.0, " in text
    assert "- `gpt-9` (OpenAI; models.dev)" in text
    assert "- `Qwen/Qwen3-32B` (alibaba.toml › Qwen › Qwen3: `" in text
    assert "some-tool" not in text
    subprocess.run(["git", "apply", "--unsafe-paths", "-p1", f"--directory={data}", str(tmp_path / "out" / "refresh.patch")], check=True, cwd="/")  # noqa: S607
    (entry,) = datafiles.read_companies(data / "companies" / "alibaba.toml")
    lines = {line.name: line for family in entry.family if family.name == "Qwen" for line in family.series}
    named = {name for pattern in lines["Qwen3"].models for name in expand(pattern)}
    assert {"Qwen3-8B-Word", "Qwen3-14B-Word-AWQ"} <= named
    new = lines["Qwen9"]
    assert (new.models, new.licence, str(new.checked)) == (("Qwen9-{14B,8B}-Instruct",), "apache-2.0", DAY)
    assert new.source.startswith("http://127.0.0.1")


def test_every_company_has_its_night(tool: Any) -> None:
    """Those with many models are asked about each night, every other one once in four weeks; no night is too much for a hub."""
    nights = [tool.tonight(date(2026, 11, 29) + timedelta(days=number)) for number in range(28)]
    every = {company.name for company in catalog.companies}
    assert set().union(*nights) == every
    assert sum(map(len, nights)) == len(every) + 27 * len(accounts.with_many())
    assert max(len(accounts.of_hub(HUBS["huggingface"], night)) for night in nights) < 500


def test_a_source_that_fails(tool: Any, hub: HuggingFaceHub, data: Path, tmp_path: Path) -> None:
    """What the others say is written all the same, and the program ends with 1."""
    hub.faults.append(faults.refuse(503, b"down"))
    assert tool.main([str(tmp_path / "out"), "--data", str(data)]) == 1
    text = (tmp_path / "out" / "refresh.md").read_text(encoding="utf-8")
    assert "| huggingface | failed |" in text
    assert "Hugging Face failed with status 503" in text
    assert "- `gpt-9` (OpenAI; models.dev)" in text
    assert not (tmp_path / "out" / "refresh.patch").read_text(encoding="utf-8")


FILE = """name = "Acme"
[accounts]
huggingface = ["acme"]

[[family]]
name = "Zork"
weights = "open"

[[family.series]]
name = "Zork1"
models = ["Zork1-7B"]

[[family.series]]
name = "Zork2"
models = [
    "Zork2-7B",
]
released = "2026"

[[family.series]]
name = "Zork3"
api = ["zork-3"]

[[family.facts]]
of = ["zork-3"]
tools = true

[[family]]
name = "Grue"
weights = "open"
"""


@pytest.mark.parametrize(
    ("series", "known", "part"),
    [
        ("Zork1", True, 'name = "Zork1"\nmodels = ["Zork1-7B", "New-{1,2}"]\n'),
        ("Zork2", True, '    "Zork2-7B",\n    "New-{1,2}",\n]\nreleased'),
        ("Zork3", True, 'name = "Zork3"\nmodels = ["New-{1,2}"]\napi'),
        ("Zork 4", False, 'tools = true\n\n[[family.series]]\nname = "Zork 4"\nmodels = [\n    "New-{1,2}",\n]\nlicence = "mit"\nsource = "https://x/acme"\n'),
    ],
)
@pytest.mark.parametrize("several", [False, True], ids=["one company", "several companies"])
def test_where_it_is_written(tool: Any, series: str, known: bool, part: str, several: bool) -> None:  # noqa: FBT001  parameters of the test
    """A line goes into the list of its series, however that is written; a new series stands at the end of its family."""
    file = FILE
    if several:
        file = "[[company]]\n" + FILE.replace("[family", "[company.family").replace("[accounts", "[company.accounts") + '\n[[company]]\nname = "Frotz"\n'
        part = part.replace("[family", "[company.family")
    proposal = tool.Proposal("acme.toml", "Zork", series, known, ("New-1", "New-2"), ("New-{1,2}",), "https://x/acme", "mit")
    text = tool.patched(file, proposal, DAY)
    assert part in text
    assert tool._says(text, proposal)
    assert text.index(part) < text.index("Grue")


def test_what_it_cannot_write(tool: Any) -> None:
    """A family that the file has not, and a list in a form of its own, are left to a person."""
    proposal = tool.Proposal("acme.toml", "Frotz", "Frotz1", known=True, names=("New-1",), patterns=("New-1",), source="https://x/acme", licence=None)
    assert tool.patched(FILE, proposal, DAY) is None
    odd = FILE.replace('models = [\n    "Zork2-7B",\n]', 'models = [\n    "Zork2-7B" ]')
    assert tool.patched(odd, proposal._replace(family="Zork", series="Zork2"), DAY) is None
