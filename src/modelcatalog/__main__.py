"""Owns how the command line is started: `modelcatalog`, and `python -m modelcatalog`. Knows no command."""

import sys

__all__ = ["main"]

_INTERRUPTED = 130
"""As `modelcatalog.cli.ending` has it, which is not there yet."""


def main() -> None:
    """Run the command line; Ctrl-C while its modules are still being imported ends it as later ones do, without a traceback."""
    try:
        from modelcatalog.cli import main as run  # what takes the time
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    run()


if __name__ == "__main__":
    main()
