"""Owns the set of tables: everything that is derived from the data and kept between processes, made from one vocabulary.

Each is made in the room that looks things up in it; here they are written together, for a wheel:
``python -m modelcatalog.catalog.tables FOLDER``.
"""

from __future__ import annotations

import sys

from modelcatalog import keeping, vocabulary
from modelcatalog.catalog import resolving, searching

__all__ = ["ROOMS", "write"]

ROOMS = (resolving, searching)
"""Who imports these imports every table there is, since all of reading, completing and looking up lies below them."""


def write(folder: str) -> None:
    """Make every table from the package's own data as it is now, and write them into a folder.

    Raises:
        CatalogDataError: a data file is wrong.
        OSError: the package does not lie in a folder.
    """
    sources = keeping.Sources.here()
    vocabulary.renew(fresh=True)
    for name, packed in vocabulary.KEPT.items():
        keeping.write(name, packed(), sources, folder)


if __name__ == "__main__":
    write(*sys.argv[1:])
