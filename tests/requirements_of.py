"""Owns printing what a wheel requires, but for some names: ``python requirements_of.py WHEEL NAME…``."""

from __future__ import annotations

import email
import re
import sys
import zipfile


def main() -> None:
    """Print a requirement a line; those of extras are left out."""
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = email.message_from_bytes(wheel.read(name))
    for line in metadata.get_all("Requires-Dist", []):
        found = re.match(r"[\w.-]+", line)
        if found and found[0] not in sys.argv[2:] and "extra ==" not in line:
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
