"""Owns what an engine is: the protocol between a checkpoint that is loaded and the chat that uses it. Knows no hub.

An engine is one module with an ``open(plan)``; it is handed local paths and never touches the network, but for
``openai``, which is handed a server's address. Prompts go in as messages or as text, events come out: `Started`, pieces
of text or of thought, calls of tools, `Finished`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from modelcatalog.engines import tools as toolbox
from modelcatalog.engines.constraints import GIVEN, Constraint, constraint
from modelcatalog.engines.images import Image
from modelcatalog.engines.sounds import Audio
from modelcatalog.engines.tools import Tool, ToolCall
from modelcatalog.errors import EngineError, MissingPackage, ModelCatalogError, Unsupported, shown
from modelcatalog.planning.runs import ENGINES

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Iterator

    from modelcatalog.planning import Plan

__all__ = [
    "Audio", "Called", "Constraint", "Engine", "Event", "Finish", "Finished", "Image", "Message", "Options", "Pieces", "Prompt", "Started", "Thought",
    "Together", "Tool", "ToolCall", "Written", "fewest", "files_of", "open_engine", "options", "refuse_missing", "well_formed",
]  # fmt: skip

_T = TypeVar("_T")
Finish = Literal["stop", "tool_calls", "length", "cancelled", "error"]
"""Why a reply ended: the model was done (or a stop string came), it wants tools to be called, ``max_new_tokens``, the caller, a failure."""
Role = Literal["system", "user", "assistant", "tool"]


class Message(BaseModel):
    """One turn of a conversation.

    >>> Message(role="user", content="hello").role
    'user'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    content: str
    """What it says; the texts of its parts."""
    parts: tuple[str | Image | Audio, ...] | None = Field(default=None, repr=False)
    """Its texts, images and recordings in their order, where it is more than a text."""
    tool_calls: tuple[ToolCall, ...] = ()
    """What an assistant called."""
    tool_call_id: str | None = None
    """The call that a tool's message answers."""
    name: str | None = None
    """The tool whose message it is."""

    def __repr_args__(self) -> Iterable[tuple[str | None, object]]:
        """What was said, and of the rest what is there."""
        shown = (name for name, field in type(self).model_fields.items() if field.repr)
        return ((name, getattr(self, name)) for name in shown if name == "content" or getattr(self, name))


Prompt = tuple[Message, ...] | str
"""Messages to answer, or a text to continue."""


def _number(value: object) -> object:
    if isinstance(value, bool):
        message = "expected a number, not True or False"
        raise ValueError(message)  # noqa: TRY004  pydantic wants this kind
    return value


_Count = Annotated[int, BeforeValidator(_number)]
_Share = Annotated[float, BeforeValidator(_number)]


class Options(BaseModel):
    """How to generate; None leaves it to the checkpoint's ``generation_config.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, arbitrary_types_allowed=True)

    max_new_tokens: _Count = Field(default=512, ge=1)
    temperature: _Share | None = Field(default=None, ge=0)
    """0 is greedy decoding."""
    top_p: _Share | None = Field(default=None, gt=0, le=1)
    top_k: _Count | None = Field(default=None, ge=0)
    min_p: _Share | None = Field(default=None, ge=0, le=1)
    repetition_penalty: _Share | None = Field(default=None, gt=0)
    do_sample: bool | None = None
    seed: _Count | None = Field(default=None, ge=-(2**63), lt=2**63)
    """64 bits, with a sign."""
    stop: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """The answer ends before the first of these strings; a special token's text is one too. The thinking before it does not count."""
    chat_template: str | None = None
    """A Jinja template to use in place of the checkpoint's, or the name of one that it brought."""
    enable_thinking: bool | None = None
    """For templates that know the switch, as ``enable_thinking`` or ``thinking``."""
    image_urls: bool | None = None
    """Whether images of messages may be fetched from their addresses; by itself, nothing is."""
    audio_urls: bool | None = None
    """The same for recordings."""
    constraint: Constraint | None = None
    """What the answer must match, as ``response_format=``, ``choices=`` or ``regex=`` say it."""
    tools: tuple[Tool, ...] = ()
    """What the model may call."""
    tool_choice: str | None = None
    """``auto``, ``none``, ``required`` or a tool's name; None is ``auto``."""


class Started(NamedTuple):
    """The prompt has been read."""

    prompt_tokens: int
    thinking: bool = False
    """The template itself opened the model's thinking, so the first piece of text is inside it."""


class Thought(NamedTuple):
    """A piece of thinking."""

    text: str


class Called(NamedTuple):
    """A call of a tool, complete."""

    id: str
    """Empty where nobody gave it one."""
    name: str
    arguments: dict[str, Any] | None
    """None where they could not be read."""
    text: str
    """The call as it was written."""
    wrong: str | None = None
    """Why it is not a call."""


class Pieces(NamedTuple):
    """Several pieces that came at once: the end of the thinking and the beginning of the answer."""

    pieces: tuple[str | Thought | Called, ...]


Written = str | Thought | Called | Pieces
"""Text of the answer, thinking, a call, or several of them."""


class Finished(NamedTuple):
    """The reply is complete."""

    reason: Finish
    completion_tokens: int
    prompt_tokens: int | None = None
    """Where the engine learns it only now."""


Event = Started | Written | Finished


class Engine(Protocol):
    """A loaded checkpoint. `run` may be called from as many threads at a time as ``parallel`` says."""

    name: str
    parallel: int

    @property
    def chat_template(self) -> bool:
        """Whether the checkpoint brought a chat template."""

    @property
    def decoding(self) -> str:
        """How tokens are made, and why: it begins with the way's name."""

    @property
    def costs(self) -> tuple[str, ...]:
        """What of this way costs speed, one sentence each; known once the checkpoint is loaded."""

    def run(self, prompt: Prompt, options: Options, *, cancel: threading.Event, memory: object | None = None) -> Iterator[Event]:
        """Generate. Setting ``cancel`` ends it after the current token, as does closing the iterator.

        Args:
            prompt: Messages or a text.
            options: How to generate.
            cancel: Set by another thread, or by the consumer, to stop.
            memory: What `new_memory` gave: the engine finds there what it computed for the turns before.

        Raises:
            NoChatTemplate: messages, and no template to write them in.
            Unsupported: an option that this engine does not have.
            EngineError: generation failed.
            WontFit: memory ran out.
        """

    def new_memory(self) -> object | None:
        """A place to keep what was computed for a conversation; None where the engine keeps it itself."""

    def close(self) -> None:
        """Free the memory."""


@runtime_checkable
class Together(Protocol):
    """An engine that also makes many replies in one batch."""

    def run_many(
        self, prompts: Iterator[Prompt | ModelCatalogError], options: Options, *, cancel: threading.Event
    ) -> Iterator[tuple[int, Event | ModelCatalogError]] | None:
        """Generate for many prompts together, in the caller's thread; None where `run` for each is the best way.

        Args:
            prompts: Taken as they are needed, some ahead; an error among them comes out again in its place.
            options: How to generate.
            cancel: As in `run`, for all of them.

        Yields:
            The place of a prompt, and an event of its reply. An error is its last.
        """


def open_engine(plan: Plan, *, api_key: str | None = None) -> Engine:
    """Load the checkpoint of a plan whose files are on this disk, on the engine it names.

    Args:
        plan: The plan, which must not hold the key: plans are printed.
        api_key: For engines that ask a server.
    """
    module = import_module(ENGINES[plan.engine].module)
    engine: Engine = module.open(plan) if api_key is None else module.open(plan, api_key)
    return engine


def check_settings(plan: Plan, folder: Path) -> None:
    """Refuse what the engine of a plan would not load, by the settings in a folder, before any weight is fetched.

    Raises:
        ModelCatalogError: what loading would raise.
    """
    check = getattr(import_module(ENGINES[plan.engine].module), "check", None)
    if check is not None:
        check(plan, folder)


def fewest(asked: int | None, reads: int | None) -> int | None:
    """How many tokens a conversation may have: what was asked for, or what the model reads where that is less; None where nobody says."""
    return reads if asked is None else asked if reads is None else min(asked, reads)


def files_of(plan: Plan) -> Path:
    """Where the files of a plan lie that an engine in this process is about to read.

    Raises:
        MissingPackage: a package that the engine needs is not installed.
        EngineError: the files are not on this disk.
    """
    refuse_missing(plan)
    if plan.path is None:
        message = "the files of this plan are not on this disk"
        raise EngineError(message, subject=plan.name.source)
    return Path(plan.path)


def refuse_missing(plan: Plan) -> None:
    """Raise `MissingPackage` for the first package that a plan's engine needs and this Python has not."""
    if plan.missing:
        first = plan.missing[0]
        message = f"loading {plan.name.source} needs {', '.join(first.packages)}"
        raise MissingPackage(message, subject=plan.name.source, install=first.install)


def options(max_new_tokens: int, generation: dict[str, object]) -> Options:
    """Check the generation options of a call.

    Raises:
        Unsupported: naming the option that does not exist or has a wrong value.

    >>> options(16, {"temperature": 0, "stop": "END"}).stop
    ('END',)
    """
    given = {key: value for key, value in generation.items() if value is not None}
    matched = constraint(**{key: given.pop(key, None) for key in GIVEN})
    if isinstance(given.get("stop"), str):
        given["stop"] = (given["stop"],)
    for stop in given["stop"] if isinstance(given.get("stop"), list | tuple) else ():  # type: ignore[attr-defined]
        well_formed(stop, "a stop string")
    well_formed(given.get("chat_template"), "chat_template=")
    if "tools" in given:
        given["tools"] = toolbox.offered(given["tools"])
    given["tool_choice"] = toolbox.choice(given.get("tool_choice"), given.get("tools", ()))  # type: ignore[arg-type]  # what `offered` made
    try:
        chosen = Options.model_validate({"max_new_tokens": max_new_tokens, **given, **({} if matched is None else {"constraint": matched})})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else "option"
        if first["type"] == "extra_forbidden":
            message = f"there is no generation option {name!r}"
            known = (*(field for field in Options.model_fields if field != "constraint"), *GIVEN)
            raise Unsupported(message, subject=name, hint=f"there are {', '.join(known)}") from error
        said = first["msg"].removeprefix("Value error, ")
        message = f"{name}={first['input']!r}: {said[:1].lower()}{said[1:]}"
        hint = "leave it out for the checkpoint's own, or see engines.Options for what it may be"
        raise Unsupported(message, subject=name, hint=hint) from error
    if chosen.do_sample is not None and chosen.temperature is not None and chosen.do_sample != (chosen.temperature > 0):
        message = f"do_sample={chosen.do_sample} and temperature={chosen.temperature:g} contradict each other: temperature 0 is greedy decoding"
        raise Unsupported(message, subject="do_sample", hint="leave one of them out")
    return chosen


def well_formed(text: _T, what: str) -> _T:
    """A text as it is, once it is sure that tokenizers can read it; what is not text is somebody else's to refuse.

    Raises:
        Unsupported: it holds half a character (a lone surrogate), which no encoding has.
    """
    if isinstance(text, str):
        try:
            text.encode()
        except UnicodeEncodeError as error:
            message = f"{what} holds half a character at place {error.start + 1}: {text[max(0, error.start - 8) : error.end]!r}"
            hint = "it was cut, or decoded with surrogateescape; text.encode('utf-8', 'replace').decode() turns it into a question mark"
            raise Unsupported(message, subject=shown(text), hint=hint) from error
    return text
