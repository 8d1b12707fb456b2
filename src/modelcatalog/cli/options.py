"""Owns the arguments and options that several commands take, and their help in English. Knows no command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from modelcatalog.cli import completing

__all__ = ["Engine", "File", "Hub", "Json", "Name", "Names", "Offload"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, a repository, a URL, or a path to a folder or GGUF file.", show_default=False)]
Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names; - reads them from standard input, one a line.", show_default=False)]
File = Annotated[Path | None, typer.Option("--file", "-f", metavar="FILE", help="Read names from this file too, one a line.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Hub = Annotated[Literal["huggingface", "modelscope"] | None, typer.Option(help="Take it from this hub.", show_default=False)]
Engine = Annotated[str | None, typer.Option(metavar="ENGINE", help="Run it on this engine.", show_default=False, autocompletion=completing.engines)]
Offload = Annotated[bool, typer.Option("--offload", help="Let weights stay in RAM when the GPU is too small.")]
