"""Owns the arguments and options that several commands take, and their help in English. Knows no command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from modelcatalog.cli import completing

__all__ = [
    "Code", "Concurrency", "Context", "Device", "Dtype", "Engine", "File", "Fit", "Hub", "Json", "KvDtype", "Name", "Names", "Offload", "On", "Quantization", "Revision", "Server",
]  # fmt: skip

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, a repository, a URL, or a path to a folder or GGUF file.", show_default=False)]
Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names; - reads them from standard input, one a line.", show_default=False)]
File = Annotated[Path | None, typer.Option("--file", "-f", metavar="FILE", help="Read names from this file too, one a line.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line.")]
Hub = Annotated[Literal["huggingface", "modelscope"] | None, typer.Option(help="Take it from this hub.", show_default=False)]
Engine = Annotated[str | None, typer.Option(metavar="ENGINE", help="Run it on this engine.", show_default=False, autocompletion=completing.engines)]
Offload = Annotated[bool, typer.Option("--offload", help="Let weights stay in RAM when the GPU is too small.")]
Quantization = Annotated[str | None, typer.Option(metavar="VARIANT", help="The variant to take: Q4_K_M, int4, …", show_default=False)]
Revision = Annotated[str | None, typer.Option(metavar="REVISION", help="A branch, a tag or a commit.", show_default=False)]
Device = Annotated[str | None, typer.Option(metavar="DEVICE", help="Where it runs: cpu, cuda, cuda:1, …", show_default=False)]
Dtype = Annotated[Literal["auto", "float32", "bfloat16", "float16"], typer.Option(help="The type that it computes in.")]
Context = Annotated[int | None, typer.Option(metavar="N", help="Tokens of a conversation to keep memory for.", show_default=False)]
On = Annotated[str | None, typer.Option(metavar="MACHINE", help="Plan for this machine: RTX 4090, 2x H100, M3 Max 64GB, 24GB.", show_default=False)]
Concurrency = Annotated[int, typer.Option(min=1, metavar="N", help="Conversations at once to keep memory for.")]
KvDtype = Annotated[str | None, typer.Option("--kv-dtype", metavar="TYPE", help="The type of keys and values: fp8, q8_0, …", show_default=False)]
Fit = Annotated[bool, typer.Option("--fit", help="Take the most precise variant that fits this machine.")]
Code = Annotated[bool, typer.Option("--trust-remote-code", help="Let Python code from the repository run: read it first.")]
Server = Annotated[str | None, typer.Option("--base-url", metavar="URL", help="Ask a server that has the model: http://HOST:PORT/v1.", show_default=False)]
