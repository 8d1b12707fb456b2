"""Every checkpoint that the installed transformers gives as an example of an architecture is of a family and a company that the catalog knows."""

from __future__ import annotations

import re
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

from modelcatalog import catalog, parse, resolve, vocabulary
from modelcatalog.patterns import expand

_WRITTEN = re.compile(r'(?:\bcheckpoint|_CHECKPOINT_FOR_DOC)\s*=\s*"([^"\s]+)"')
NAMELESS = {
    "PaddlePaddle/Not_yet_released",  # a place held free
    "blab-jhu/test-32m-dec",
    "funnel-transformer/small",  # only the account says what it is
    "resnet50",
    "microsoft/resnet-50",  # an architecture's word, which anyone's weights bear
}
"""Those whose names say no family."""


def defaults() -> dict[str, str]:
    """Checkpoint -> the architecture whose configuration gives it as its example."""
    spec = find_spec("transformers")
    if spec is None or spec.origin is None:
        pytest.skip("transformers is not installed")
    found: dict[str, str] = {}
    for file in sorted(Path(spec.origin).parent.glob("models/*/configuration_*.py")):
        for checkpoint in _WRITTEN.findall(file.read_text(encoding="utf-8")):
            found.setdefault(checkpoint, file.parent.name)
    return found


def test_default_checkpoints_are_known() -> None:
    """Family and company of each are in the catalog; where there are new ones, the message lists them."""
    found = defaults()
    families = {family.name for family in catalog.families}
    strangers = []
    for checkpoint, architecture in found.items():
        name = parse(checkpoint)
        if checkpoint not in NAMELESS and (name.family not in families or name.company is None):
            strangers.append(f"{checkpoint} ({architecture}): {name.company}, {name.family}")
    assert len(found) > 200
    assert strangers == []


MOVED = {"THUDM": "zai-org", "CohereForAI": "CohereLabs"}
"""Accounts that the hub forwards: what transformers still writes, and what they are called now."""
MISPLACED = {"google/distilbert-base-uncased"}
"""Those that transformers itself puts under an account that never had them."""


def test_default_checkpoints_lie_where_transformers_says() -> None:
    """Where the catalog lists one of them, it lists it under that account, and not under the first account of its company."""
    elsewhere = []
    for checkpoint in defaults().keys() - MISPLACED:
        owner, slash, rest = checkpoint.partition("/")
        found = resolve(checkpoint, hub="huggingface")
        named = found.repo_id.lower()
        if slash and found.exists and named.partition("/")[2] == rest.lower() and named != f"{MOVED.get(owner, owner)}/{rest}".lower():
            elsewhere.append((checkpoint, found.repo_id))
    assert elsewhere == []


def test_families_as_people_write_them() -> None:
    """Family and company of names that people use: under their makers' accounts, under those of repackagers, glued and with bases."""
    expected = tomllib.loads((Path(__file__).parent / "families.toml").read_text(encoding="utf-8"))
    wanted = {text: (company, family) for company, families in expected.items() for family, texts in families.items() for text in texts}
    assert len(wanted) > 700
    assert {text: (parse(text).company, parse(text).family) for text in wanted} == wanted


def test_common_words_are_not_companies() -> None:
    """A name of a company that is a word like any other means it to who asks for a company, and nothing in a model's name."""
    for file in vocabulary.companies():
        for word in file.common:
            assert parse(f"someone/{word}-llama-3-8b").company == "Meta", word
            assert catalog.browse(company=word) is not None


def test_research_names_expand() -> None:
    """Each pattern of the files that list one repository after another stands for at least one, and none of them is empty."""
    for file in vocabulary.companies():
        for family in file.family:
            for line in family.series:
                assert all(name for pattern in line.models for name in expand(pattern)), (file.name, line.name)
