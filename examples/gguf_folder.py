"""Say what each GGUF file of a folder is: read from its name, then checked against the file's own header.

python examples/gguf_folder.py FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import modelcatalog as mc


def main(folder: str) -> None:
    """Print a line for each file, and under it where its header disagrees with its name."""
    for file in sorted(Path(folder).glob("*.gguf")):
        try:
            name = mc.parse(file.name)
        except mc.NameSyntaxError as error:
            print(f"{error.subject!r}\n  cannot be read {error.message}")
            continue
        scheme = name.quantization.scheme if name.quantization else None
        print(f"{file.name}\n  by its name    {name.series or name.family or '?'} {name.size or ''} {scheme or ''}".rstrip())
        try:
            plan = mc.plan(file)  # reads the header, no weights
        except mc.ModelCatalogError as error:
            print(f"  cannot be used {error.message}")
            continue
        found = plan.quantization.scheme if plan.quantization else plan.format
        print(f"  by its header  {(plan.parameters or 0) / 1e6:,.0f}M parameters, {found}, {plan.bytes / 1e6:,.0f} MB")
        for text in plan.mismatches:
            print(f"  but            {text}")


if __name__ == "__main__":
    main(sys.argv[1]) if sys.argv[1:] else sys.exit(__doc__)
