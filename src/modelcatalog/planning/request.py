"""Owns `Request`: everything that a caller of `plan` and `load` may ask for beside the name, checked once. Knows no file.

A new option is a field of `Request`, the same word in `Options`, a line at `plan`, and a word in `cli/options.py`; tests hold the four
together. What needs the checkpoint's own facts is checked beside them (`claims`, `engine`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from inspect import Parameter, signature
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, TypedDict, TypeVar

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
    """The keywords of `plan` and `load`, for type checkers; `plan` says what each is."""

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
    """What is asked for beside the name; every field is a keyword of `plan` and `load`, with the same default. `plan` says what each is.

    >>> Request.of("Qwen3-8B", {"context_length": 4096, "device": None}).given()
    {'context_length': 4096}
    """

    hub: str | None = None
    adapter: str | Path | ModelName | Adapter | None = None
    engine: str | None = None
    revision: str | None = None
    dtype: str = "auto"
    device: str | None = None
    context_length: int | None = None
    quantization: str | None = None
    fit: bool = False
    offload: bool = False
    lock: str | Path | None = None
    trust_remote_code: bool = False
    base_url: str | None = None
    server: str | None = None
    engine_options: Mapping[str, JsonValue] | None = None
    on: str | None = None
    concurrency: int = 1
    kv_dtype: str | None = None

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
        given |= {key: _whole(given[key]) for key in ("context_length", "concurrency") if key in given}
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


def _whole(value: object) -> object:
    """A whole number of another library, a cell of a frame say, as Python's own; anything else as it is."""
    if not isinstance(value, SupportsIndex) or isinstance(value, int):
        return value
    try:
        return index(value)
    except TypeError:  # an array, or numpy's truth values
        return value
