"""Prints the oldest version of each dependency that pyproject.toml allows, one requirement a line: what `make test-oldest` installs.

Torch is left out: which build there is, the machine decides. So are engines that have an environment of their own.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

EXTRAS = ("chat", "adapters", "modelscope", "openai", "prices", "bom")
LEFT_OUT = frozenset({"torch"})


def oldest(requirement: str) -> str | None:
    """The requirement of the oldest version that another one allows.

    >>> oldest("huggingface-hub>=1.3,<3"), oldest("torch>=2.6")
    ('huggingface-hub==1.3', None)
    """
    found = re.fullmatch(r"([a-z0-9-]+)>=([0-9.]+)(?:,.*)?", requirement)
    return None if found is None or found[1] in LEFT_OUT else f"{found[1]}=={found[2]}"


if __name__ == "__main__":
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    every = (*project["dependencies"], *(one for extra in EXTRAS for one in project["optional-dependencies"][extra]))
    print("\n".join(sorted({text for one in every if (text := oldest(one)) is not None})))
