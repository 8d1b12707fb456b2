"""Owns the set of data files that plans read, as they are kept in a wheel: ``python -m modelcatalog.planning.forms FOLDER``."""

from __future__ import annotations

import sys

from modelcatalog import shipped
from modelcatalog.planning import adapter, cards, metal, runs, servers
from modelcatalog.planning.layers import architectures

__all__ = ["ROOMS", "write"]

ROOMS = (adapter, architectures, cards, metal, runs, servers)
"""Where data files are read; who imports these has all of `shipped.FILES`."""


def write(folder: str) -> None:
    """Hold every data file against its form, and write it into a folder.

    Raises:
        OSError: it cannot be written.
        pydantic.ValidationError: a file is not of its form.
    """
    for file in shipped.FILES:
        file.write(folder)


if __name__ == "__main__":
    write(*sys.argv[1:])
