"""Owns the arguments and options that several commands take, and their help in English. Knows no command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from modelcatalog.cli import completing

__all__ = [
    "Code", "Context", "Device", "Dtype", "Engine", "File", "Fit", "Hub", "Json", "Name", "Names", "Offload", "Quantization", "Revision", "Server",
]  # fmt: skip

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, a repository, a URL, or a path to a folder or GGUF file.", show_default=False)]
Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names; - reads them from standard input, one per line.", show_default=False)]
File = Annotated[Path | None, typer.Option("--file", "-f", metavar="FILE", help="Read names from this file too, one per line.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
Hub = Annotated[Literal["huggingface", "modelscope"] | None, typer.Option(help="The hub to take it from.", show_default=False)]
Engine = Annotated[str | None, typer.Option(metavar="ENGINE", help="The engine to run it on.", show_default=False, autocompletion=completing.engines)]
Offload = Annotated[bool, typer.Option("--offload", help="Keep weights in RAM where the GPU is too small.")]
Quantization = Annotated[str | None, typer.Option(metavar="VARIANT", help="The variant to take: Q4_K_M, int4, …", show_default=False)]
Revision = Annotated[str | None, typer.Option(metavar="REVISION", help="A branch, a tag or a commit.", show_default=False)]
Device = Annotated[str | None, typer.Option(metavar="DEVICE", help="Where it runs: cpu, cuda, cuda:1, …", show_default=False)]
Dtype = Annotated[Literal["auto", "float32", "bfloat16", "float16"], typer.Option(help="The data type to compute in.")]
Context = Annotated[int | None, typer.Option(metavar="N", help="Reserve memory for a conversation of this many tokens.", show_default=False)]
Fit = Annotated[bool, typer.Option("--fit", help="Take the most precise variant that fits this machine.")]
Code = Annotated[bool, typer.Option("--trust-remote-code", help="Allow Python code from the repository to run: read it first.")]
Server = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Use a server that runs the model: http://HOST:PORT/v1.", show_default=False)]
