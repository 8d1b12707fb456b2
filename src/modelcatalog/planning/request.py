"""Owns `Request`: everything that a caller of `plan` and `load` may ask for beside the name, checked once. Knows no file.

A new option is a field of `Request`, the same word in `Options`, and one in `cli/options.py`; a test holds the three
together. What needs the checkpoint's own facts is checked beside them (`claims`, `engine`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from modelcatalog import hubs, vocabulary
from modelcatalog.errors import Unsupported
from modelcatalog.planning import devices, machine
from modelcatalog.planning.adapter import Adapter
from modelcatalog.planning.layers.architectures import architectures
from modelcatalog.planning.memory import DTYPE_BYTES
from modelcatalog.planning.runs import ENGINES, server, use
from modelcatalog.records import ModelName

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic import JsonValue

    from modelcatalog.records import RepositoryHub

__all__ = ["Options", "Request", "takes_options"]

_F = TypeVar("_F", bound="Callable[..., Any]")
_MOST_TOKENS = 1 << 30
_MOST_CONVERSATIONS = 1 << 20
_SPELLINGS = {"float": "float32"}
"""What torch calls a dtype beside its name, and the names of models do not."""
_SWITCHES = ("fit", "offload", "trust_remote_code")
_TEXTS = ("revision", "quantization", "engine", "base_url", "server")


class Options(TypedDict, total=False):
    """The keywords of `plan` and `load`, for type checkers; `Request` says what each is."""

    hub: RepositoryHub | None
    adapter: str | Path | ModelName | Adapter | None
    engine: str | None
    revision: str | None
    dtype: str
    device: str | None
    context_length: int | None
    quantization: str | None
    fit: bool
    offload: bool
    lock: str | Path | None
    trust_remote_code: bool
    base_url: str | None
    server: str | None
    engine_options: Mapping[str, JsonValue] | None
    on: str | None
    concurrency: int
    kv_dtype: str | None


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is asked for beside the name; every field is a keyword of `plan` and `load`, with the same default.

    >>> Request.of("Qwen3-8B", {"context_length": 4096, "device": None}).given()
    {'context_length': 4096}
    """

    hub: str | None = None
    """``"huggingface"`` or ``"modelscope"``; else local copies come first, then the hub that answers first."""
    adapter: str | Path | ModelName | Adapter | None = None
    """A LoRA adapter that is put onto the model: a repository, a folder, a GGUF file for llama.cpp. An adapter's own name, in place
    of a model's, means its base with the adapter on it."""
    engine: str | None = None
    """``"transformers"``, ``"llama.cpp"``, ``"vllm"``, or ``"openai"`` for a server that has the model; by default
    transformers, but llama.cpp for GGUF files where it is installed."""
    revision: str | None = None
    """Branch, tag or commit."""
    dtype: str = "auto"
    """``"auto"``, ``"float32"``, ``"bfloat16"`` or ``"float16"``; torch's own are taken too."""
    device: str | None = None
    """``"cpu"``, ``"cuda"``, ``"cuda:1"``, …; by default all visible GPUs, else the CPU."""
    context_length: int | None = None
    """Tokens to plan the KV cache for, and to keep room for."""
    quantization: str | None = None
    """``"Q4_K_M"``, ``"int4"``, …: the variant to take."""
    fit: bool = False
    """Take the most precise variant that fits."""
    offload: bool = False
    """Allow weights to stay in RAM when the GPU is too small."""
    lock: str | Path | None = None
    """A lock file that the checkpoint must agree with."""
    trust_remote_code: bool = False
    """Allow Python code from the repository to run."""
    base_url: str | None = None
    """The address of an OpenAI-compatible server, which means the openai engine; else ``OPENAI_BASE_URL``, else the
    API of the company whose model it is."""
    server: str | None = None
    """``"auto"``: the server on this machine that has the model, or the kind of one: ``"ollama"``, ``"lmstudio"``, …; it means the openai engine."""
    engine_options: Mapping[str, JsonValue] | None = None
    """Handed on to llama.cpp (``n_threads``, …) or vllm (``tensor_parallel_size``, …) by their own names."""
    on: str | None = None
    """A machine that one does not have: ``"RTX 4090"``, ``"2x H100"``, ``"M3 Max 64GB"``, ``"24GB"``, ``"64GB RAM"``; for a plan alone."""
    concurrency: int = 1
    """Conversations at once that a plan keeps memory for."""
    kv_dtype: str | None = None
    """The type of keys and values that a plan counts with: ``"fp8"``, ``"q8_0"``, …; by default that of computing."""

    @classmethod
    def of(cls, subject: str, options: Mapping[str, object]) -> Request:
        """The request that these keywords make.

        Args:
            subject: The name, for messages.
            options: Keywords of `plan`; one with its default is as good as none.

        Raises:
            TypeError: there is no such keyword.
            Unsupported: a value means nothing; it names the keyword, the value and what it may be.
        """
        for key in options:
            if key not in cls.__dataclass_fields__:
                message = f"there is no option {key!r}; there are {', '.join(cls.__dataclass_fields__)}"
                raise TypeError(message)
        given = dict(options)
        given["engine_options"] = given.get("engine_options") or None
        if given.get("engine") == "auto":
            given["engine"] = None
        if given.get("dtype", "") is None:
            given["dtype"] = "auto"
        elif "dtype" in given:
            word = str(given["dtype"]).lower().removeprefix("torch.")  # torch's own too, as transformers takes them
            given["dtype"] = word if word in {"auto", *DTYPE_BYTES} else _SPELLINGS.get(word) or vocabulary.dtypes().get(word, given["dtype"])
        if (device := given.get("device")) is not None:
            numbered = isinstance(device, int) and not isinstance(device, bool) and device >= 0  # as torch counts GPUs
            given["device"] = f"cuda:{device}" if numbered else device.lower() if isinstance(device, str) else device
        made = cls(**given)  # type: ignore[arg-type]  # what is wrong with the values is said below
        try:
            made._check(subject)
        except Unsupported as error:
            error.meaningless = True
            raise
        if made.device is not None and made.on is None:
            devices.checked(made.device, machine.gpus(), subject=subject)
        return made

    def given(self) -> dict[str, object]:
        """What differs from the defaults, by the names of the keywords."""
        return {one.name: value for one in fields(self) if (value := getattr(self, one.name)) != one.default}

    @property
    def served(self) -> bool:
        """Whether a server has the model."""
        return bool(self.base_url or self.server) if self.engine is None else ENGINES[self.engine].server is not None

    def _check(self, subject: str) -> None:
        if self.hub is not None:
            hubs.get(self.hub)
        self._check_kinds(subject)
        tokens = self.context_length
        if tokens is not None and (isinstance(tokens, bool) or not isinstance(tokens, int) or not 1 <= tokens <= _MOST_TOKENS):
            message = f"context_length={tokens!r} is not a number of tokens"
            raise Unsupported(message, subject=subject, hint=f"pass a whole number from 1 to {_MOST_TOKENS:,}, or leave it out for the usual 8,192")
        if self.dtype != "auto" and self.dtype not in DTYPE_BYTES:
            message = f"there is no dtype {self.dtype!r}"
            raise Unsupported(message, subject=str(self.dtype), hint=f'pass "auto", {", ".join(map(repr, DTYPE_BYTES))}')
        self._check_machine(subject)
        if self.engine is not None and self.engine not in ENGINES:
            message = f"there is no engine {self.engine!r}"
            raise Unsupported(message, subject=self.engine, hint=f"there are {', '.join(ENGINES)}")
        self._check_server(subject)
        if self.fit and self.quantization is not None:
            message = f"fit=True chooses among the variants, and quantization={self.quantization!r} names one"
            raise Unsupported(message, subject=subject, hint="leave one of them out")

    def _check_server(self, subject: str) -> None:
        for key in ("base_url", "server"):
            if getattr(self, key) is not None and not self.served:
                message = f"{key}= is for servers, and {self.engine} asks none"
                raise Unsupported(message, subject=str(self.engine), hint=f"leave it out, or use {use(server())}")
        if self.server is None:
            return
        from modelcatalog.planning import servers  # most plans ask none

        if self.server not in servers.names():
            message = f"there is no server {self.server!r}"
            raise Unsupported(message, subject=self.server, hint=f"pass {', '.join(map(repr, servers.names()))}, or base_url= with its address")
        if self.base_url is not None:
            message = f"server={self.server!r} looks for a server, and base_url= names one"
            raise Unsupported(message, subject=subject, hint="leave one of them out")

    def _check_machine(self, subject: str) -> None:
        many, kept = self.concurrency, self.kv_dtype
        if isinstance(many, bool) or not isinstance(many, int) or not 1 <= many <= _MOST_CONVERSATIONS:
            message = f"concurrency={many!r} is not a number of conversations"
            raise Unsupported(message, subject=subject, hint=f"pass a whole number from 1 to {_MOST_CONVERSATIONS:,}")
        if kept is not None and kept not in architectures().cache_bytes:
            message = f"there is no kv_dtype {kept!r}"
            raise Unsupported(message, subject=subject, hint=f"pass {', '.join(map(repr, architectures().cache_bytes))}")
        if self.on is None:
            return
        from modelcatalog.planning import cards  # a plan for this machine needs no other

        cards.read(self.on)
        if self.device is not None:
            message = f"device={self.device!r} is a device of this machine, and the plan is for {self.on}"
            raise Unsupported(message, subject=subject, hint="leave device= out, or on=")

    def _check_kinds(self, subject: str) -> None:
        one = self.adapter
        if isinstance(one, list | tuple):
            message = f"one adapter is put onto a model, and adapter= has {len(one)}"
            raise Unsupported(message, subject=subject, hint="pass one of them; merge the others into the base with peft")
        if one is not None and (not isinstance(one, str | Path | ModelName | Adapter) or not str(one).strip()):
            message = f"adapter={one!r} is not a name"
            raise Unsupported(message, subject=subject, hint="pass a repository (owner/name), or the path of a folder or a GGUF file")
        if self.engine_options is not None and not isinstance(self.engine_options, Mapping):
            message = f"engine_options={self.engine_options!r} are not options by their names"
            raise Unsupported(message, subject=subject, hint='pass them as {"name": value}')
        for key in _SWITCHES:
            if not isinstance(getattr(self, key), bool):
                message = f"{key}={getattr(self, key)!r} is neither True nor False"
                raise Unsupported(message, subject=subject, hint=f"pass {key}=True or {key}=False")
        for key in _TEXTS:
            value = getattr(self, key)
            if value is not None and (not isinstance(value, str) or not value.strip()):
                message = f"{key}={value!r} is not a name"
                raise Unsupported(message, subject=subject, hint=f"pass {key}= as a text, or leave it out")

    def refuse_beside_plan(self, subject: str) -> None:
        """Refuse everything that was asked for: a plan was given in place of a name.

        Raises:
            Unsupported: naming what would be ignored.
        """
        if ignored := [f"{key}=" for key in self.given()]:
            message = f"{', '.join(ignored)} would be ignored: a plan's own choices stand"
            raise Unsupported(message, subject=subject, hint="pass it to plan(), or load the name instead of the plan")

    def check_path(self, subject: str) -> None:
        """Refuse what says where to look, for a path.

        Raises:
            Unsupported: naming the argument.
        """
        reasons = {
            "hub": "the files lie at this path, and no hub is asked",
            "revision": "a path has no revisions",
            "fit": "a path is one variant, so there is none to choose",
        }
        for key, why in reasons.items():
            if value := getattr(self, key):
                message = f"{key}={value!r} is not for {subject}: {why}"
                instead = "choose a GGUF file by quantization=" if key == "fit" else "give the name (owner/name) instead of the path"
                raise Unsupported(message, subject=subject, hint=f"leave {key}= out, or {instead}")

    def check_lock(self, locked: Mapping[str, tuple[str | None, ...]], subject: str) -> None:
        """Refuse what a lock file says otherwise.

        Args:
            locked: What the lock has for each keyword.
            subject: The name, for messages.

        Raises:
            Unsupported: naming the argument.
        """
        if self.fit:
            message = "fit=True is not for a lock file, which names the variant"
            raise Unsupported(message, subject=subject, hint="leave out fit=, or leave out lock= to choose again")
        for key, have in locked.items():
            asked = getattr(self, key)
            if asked is not None and asked not in have:
                said = next((one for one in have if one), None) or "no hub: files on this disk"
                message = f"{key}={asked!r} is not what the lock file of {subject} says: {said}"
                raise Unsupported(message, subject=subject, hint=f"leave {key}= out, or make a new one with: modelcatalog lock NAME")


def takes_options(call: _F) -> _F:
    """Show the keywords of `Request` one by one in the signature of a function that takes ``**options``, for `help` and editors."""
    shown = signature(call)
    own = [one for one in shown.parameters.values() if one.kind is not Parameter.VAR_KEYWORD]
    named = [Parameter(one.name, Parameter.KEYWORD_ONLY, default=one.default, annotation=one.type) for one in fields(Request)]
    call.__signature__ = shown.replace(parameters=[*own, *named])  # type: ignore[attr-defined]  # Python's own name for it
    return call
