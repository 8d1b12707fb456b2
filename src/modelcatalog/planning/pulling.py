"""Owns `pull`: plan, then bring the files onto this disk, checked. Loads nothing."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Unpack

from modelcatalog.errors import Unsupported
from modelcatalog.planning.obtaining import check_disk, obtain
from modelcatalog.planning.planner import plan
from modelcatalog.planning.record import Plan
from modelcatalog.planning.request import Options, Request, takes_options
from modelcatalog.records import ModelName  # noqa: TC001  typing.get_type_hints reads it

__all__ = ["pull"]


@takes_options
def pull(name: str | Path | ModelName | Plan, **options: Unpack[Options]) -> Path:
    """Fetch the checkpoint that a name means, and check it, without loading it.

    What is on this disk already stays where it is and is checked; a download that broke off is taken up again.

    Args:
        name: A name, a path, a parsed name, or a plan (whose choices then stand).
        options: As in `plan`.

    Returns:
        The GGUF file (of several the first), or the folder of the checkpoint: what `load` takes as a path.

    Raises:
        ModelCatalogError: as `plan` raises them, and:
        WontFit: the disk is too small; raised before any download.
        IntegrityError: the files are other than listed.
        Unsupported: a server has the model, so that there is nothing to fetch.
    """
    if isinstance(name, Plan):
        Request.of(name.name.source, options).refuse_beside_plan(name.name.source)
        made = name
    else:
        made = plan(name, **options)
    if made.served:
        message = f"{made.name.source} is a server's, so there is nothing to fetch"
        raise Unsupported(message, subject=made.name.source, hint="leave out what names a server")
    check_disk(made)
    here = obtain(made)
    for text in (*made.mismatches, *here.warnings[len(made.warnings) :]):
        warnings.warn(f"{made.name.source}: {text}", stacklevel=3)
    if here.hub != made.hub:
        warnings.warn(f"{made.name.source}: {here.reasons[-1]}", stacklevel=3)
    if here.adapter is not None and here.adapter.name == made.name.source:
        # An adapter that was named by itself brings its base, and is found by its own folder.
        own = Path(str(here.adapter.path)) / here.adapter.folder
        return own / here.adapter.files[0].path if here.adapter.format == "gguf" else own
    folder = Path(str(here.path))
    return folder / here.weights[0] if here.format == "gguf" else folder
