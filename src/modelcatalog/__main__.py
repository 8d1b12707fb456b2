"""Owns `python -m modelcatalog`, the command line by another door."""

from modelcatalog.cli import main

if __name__ == "__main__":
    main()
