"""The workflows: what they run cannot be moved by others, and they leave no token where a later step could take it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

WORKFLOWS = sorted((Path(__file__).parents[1] / ".github" / "workflows").glob("*.yml"))
_USES = re.compile(r"uses: (\S+)(?: # (\S+))?$", re.MULTILINE)


@pytest.mark.skipif(not WORKFLOWS, reason="the source archive has no workflows")
@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_actions_are_pinned(file: Path) -> None:
    """Each action is a commit, with its version beside it; a checkout keeps no credentials; rights are read-only but where one is named."""
    text = file.read_text(encoding="utf-8")
    used = _USES.findall(text)
    assert used
    assert [one for one in used if not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", one[0]) or not re.fullmatch(r"v\d+\.\d+\.\d+", one[1])] == []
    assert text.count("actions/checkout@") == text.count("persist-credentials: false")
    assert "\npermissions:\n  contents: read\n" in text
