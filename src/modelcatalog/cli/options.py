"""Owns the arguments and options that several commands take, and their help in English. Knows no command."""

from __future__ import annotations

import json
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from modelcatalog.cli import completing
from modelcatalog.records import RepositoryHub

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

__all__ = ["File", "Hub", "Json", "Name", "Names", "takes_request"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="A name, a repository, a URL, or a path to a folder or GGUF file.", show_default=False)]
Names = Annotated[list[str] | None, typer.Argument(metavar="NAME...", help="Names; - reads them from standard input, one per line.", show_default=False)]
File = Annotated[Path | None, typer.Option("--file", "-f", metavar="FILE", help="Read names from this file too, one per line.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object per line.")]
Hub = Annotated[RepositoryHub | None, typer.Option(help="The hub to take it from.", show_default=False)]


_REQUEST: dict[str, Any] = {
    "hub": Hub,
    "adapter": Annotated[
        str | None, typer.Option(metavar="NAME", help="Put this LoRA adapter onto it: a repository, a folder, a GGUF file.", show_default=False)
    ],
    "revision": Annotated[str | None, typer.Option(metavar="REVISION", help="A branch, a tag or a commit.", show_default=False)],
    "lock": Annotated[Path | None, typer.Option(metavar="FILE", help="A lock file that the checkpoint must agree with.", show_default=False)],
    "engine": Annotated[str | None, typer.Option(metavar="ENGINE", help="The engine to run it on.", show_default=False, autocompletion=completing.engines)],
    "engine_options": Annotated[
        list[str] | None,
        typer.Option("--engine-option", metavar="KEY=VALUE", help="Hand this on to the engine, by its own name; may be repeated.", show_default=False),
    ],
    "base_url": Annotated[
        str | None, typer.Option("--base-url", metavar="URL", help="Use a server that runs the model: http://HOST:PORT/v1.", show_default=False)
    ],
    "server": Annotated[
        str | None,
        typer.Option(
            metavar="SERVER",
            help="Use a server on this machine that has the model: auto, ollama, lmstudio, …",
            show_default=False,
            autocompletion=completing.servers,
        ),
    ],
    "quantization": Annotated[str | None, typer.Option(metavar="VARIANT", help="The variant to take: Q4_K_M, int4, …", show_default=False)],
    "fit": Annotated[bool, typer.Option("--fit", help="Take the most precise variant that fits this machine.")],
    "dtype": Annotated[Literal["auto", "float32", "bfloat16", "float16"], typer.Option(help="The data type to compute in.")],
    "device": Annotated[str | None, typer.Option(metavar="DEVICE", help="Where it runs: cpu, cuda, cuda:1, …", show_default=False)],
    "context_length": Annotated[int | None, typer.Option(metavar="N", help="Reserve memory for a conversation of this many tokens.", show_default=False)],
    "on": Annotated[str | None, typer.Option(metavar="MACHINE", help="Plan for this machine: RTX 4090, 2x H100, M3 Max 64GB, 24GB.", show_default=False)],
    "concurrency": Annotated[int, typer.Option(min=1, metavar="N", help="Reserve memory for this many conversations at once.")],
    "kv_dtype": Annotated[
        str | None,
        typer.Option("--kv-dtype", metavar="TYPE", help="The type of keys and values: fp8, q8_0, …", show_default=False, autocompletion=completing.kv_types),
    ],
    "offload": Annotated[bool, typer.Option("--offload", help="Keep weights in RAM where the GPU is too small.")],
    "trust_remote_code": Annotated[bool, typer.Option("--trust-remote-code", help="Allow Python code from the repository to run: read it first.")],
}
"""The keywords of `modelcatalog.plan` as options of a command, in the order of its help."""
_USUAL: dict[str, object] = {"fit": False, "concurrency": 1, "dtype": "auto", "offload": False, "trust_remote_code": False}


def takes_request(*, without: tuple[str, ...] = ()) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command every keyword of `modelcatalog.plan` as an option; they reach it together, as ``asked``.

    Args:
        without: Keywords that mean nothing for this command.
    """
    options = {key: kind for key, kind in _REQUEST.items() if key not in without}

    def taking(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            asked = {key: given.pop(key) for key in options}
            if pairs := asked.get("engine_options"):
                asked["engine_options"] = _pairs(pairs)
            command(**given, asked=asked)

        # typer reads the signature.
        own = [one for one in signature(command, eval_str=True).parameters.values() if one.name != "asked"]
        first = [one for one in own if one.kind is not Parameter.KEYWORD_ONLY]
        named = [Parameter(key, Parameter.KEYWORD_ONLY, default=_USUAL.get(key), annotation=kind) for key, kind in options.items()]
        every = [*first, *named, *own[len(first) :]]
        run.__signature__ = signature(command).replace(parameters=every)  # type: ignore[attr-defined]  # Python's own name for it
        run.__annotations__ = {one.name: one.annotation for one in every}
        return run

    return taking


def _pairs(texts: list[str]) -> dict[str, JsonValue]:
    """``KEY=VALUE`` as a mapping; a value that is valid JSON is what it says, any other is a text."""
    found: dict[str, JsonValue] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            message = f"{text!r} has no name: write KEY=VALUE" if equals else f"{text!r} has no value: write KEY=VALUE"
            raise typer.BadParameter(message, param_hint="--engine-option")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found
