"""Owns the line that installs an optional part of this package: from an index, or from the folder that it was installed from.

Imports nothing of the package: records, hubs and engines all print such lines.
"""

from __future__ import annotations

import json
import shlex
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["folder", "line"]


def line(*extras: str) -> str:
    """The command that adds these extras to this installation.

    What was installed from a folder is installed from there again: an index may not have it, or has another version.

    >>> line("chat").endswith("[chat]'")
    True
    """
    wanted = ",".join(extras)
    source = folder()
    if source is None:
        return f"pip install 'modelcatalog[{wanted}]'"
    place, editable = source
    return f"pip install {'-e ' if editable else ''}{_quoted(f'{place}[{wanted}]')}"


@cache
def folder() -> tuple[str, bool] | None:
    """The folder of sources that this package was installed from, and whether it is still read there; None for an index or a wheel."""
    from importlib import metadata  # they take longer than most of what asks for such a line
    from urllib.request import url2pathname

    try:
        written = metadata.distribution("modelcatalog").read_text("direct_url.json")
        origin = json.loads(written) if written else {}
        url, about = origin["url"], origin["dir_info"]
    except (metadata.PackageNotFoundError, OSError, ValueError, KeyError, TypeError):
        return None
    parts = urlsplit(url)
    place = url2pathname(parts.path)
    return (place, bool(about.get("editable"))) if parts.scheme == "file" and Path(place).is_dir() else None


def _quoted(text: str) -> str:
    """In quotes even where this shell would not need them: zsh reads brackets as a pattern."""
    quoted = shlex.quote(text)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
