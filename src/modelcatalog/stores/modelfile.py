"""Owns `Modelfile`: what Ollama keeps beside a model's weights, for whoever runs it: system prompt, parameters, template.

https://github.com/ollama/ollama/blob/main/docs/modelfile.md says what each is. All of it is read from small files that
are named by their SHA-256: what has other bytes is not used, and said.

Annotations are not postponed here: pydantic would compile each of them when its class is made.
"""

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from modelcatalog import later
from modelcatalog.stores.disk import File
from modelcatalog.stores.store import Found

__all__ = ["Modelfile", "modelfile"]

_LARGEST = 1_000_000
_LINE = 100
_GENERATION = {
    "temperature": "temperature", "top_k": "top_k", "top_p": "top_p", "min_p": "min_p", "repeat_penalty": "repetition_penalty", "seed": "seed",
    "stop": "stop",
}  # fmt: skip
"""Ollama's word for a parameter -> the option of a chat that it is here."""
_KEY = later.pattern(r"[a-z][a-z0-9_]{0,39}")
_WHOLE = {"top_k", "seed", "num_ctx"}
_CONTEXT = "num_ctx"
_ROLES = ("system", "user", "assistant")


class Modelfile(BaseModel):
    """What Ollama keeps of a Modelfile. It stands where the caller says nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    title: str
    """Ollama's name of the model."""
    system: str | None = None
    messages: tuple[tuple[str, str], ...] = ()
    """Turns that stand before every conversation: role and content."""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)
    """By Ollama's own words: ``temperature``, ``stop``, ``num_ctx``, …."""
    template: str | None = None
    """In the notation of Go's text/template, which is Ollama's."""
    renderer: str | None = None
    """What of Ollama's own code writes prompts, where that is not a template."""
    licence: str | None = None
    """The first line of its licence."""
    adapter: bool = False
    """It lays an adapter over the weights."""
    projector: bool = False
    """It has a projector of images beside them."""

    def alone(self) -> "Modelfile":
        """What of it belongs to the weights, and not to the name under which Ollama runs them."""
        return self.model_copy(update={"system": None, "messages": (), "parameters": {}})

    @property
    def jinja(self) -> str | None:
        """The template in Jinja; None where it cannot be said in it, or where Ollama's own code writes prompts."""
        if self.template is None or self.renderer is not None:
            return None
        from modelcatalog.stores import gotemplate  # few have one

        try:
            return gotemplate.jinja(self.template)
        except gotemplate.Untranslatable:
            return None

    @property
    def generation(self) -> dict[str, Any]:
        """The parameters that are options of a chat here, by the words of those."""
        return {_GENERATION[key]: value for key, value in self.parameters.items() if key in _GENERATION}

    @property
    def context_length(self) -> int | None:
        """``num_ctx``, in tokens."""
        value = self.parameters.get(_CONTEXT)
        return value if isinstance(value, int) else None

    @property
    def unused(self) -> tuple[str, ...]:
        """The parameters that mean nothing here."""
        return tuple(key for key in self.parameters if key not in _GENERATION and key != _CONTEXT)


def modelfile(found: Found, notes: list[str]) -> Modelfile | None:
    """What a store keeps beside the weights; None where it keeps nothing that says how to run them.

    Args:
        found: The model.
        notes: Takes what cannot be used, a sentence each.
    """
    texts: dict[str, str] = {}
    for kind, one in found.layers:
        if kind in {"template", "system", "params", "messages", "license", "config"} and kind not in texts:
            text = _text(one, kind, notes)
            if text is not None:
                texts[kind] = text
    kinds = {kind for kind, _ in found.layers}
    config = _json(texts.get("config", ""), "config", [])
    renderer = config.get("renderer") if isinstance(config, dict) else None
    made = Modelfile(
        title=found.title,
        system=texts["system"] if texts.get("system", "").strip() else None,
        messages=_messages(texts.get("messages", ""), notes),
        parameters=_parameters(texts.get("params", ""), notes),
        template=texts.get("template") or None,
        renderer=renderer[:40] if isinstance(renderer, str) and renderer and renderer.isprintable() else None,
        licence=_first(texts.get("license", "")),
        adapter="adapter" in kinds,
        projector="projector" in kinds,
    )
    return None if made == Modelfile(title=found.title) else made


def _text(one: File, kind: str, notes: list[str]) -> str | None:
    """A small file's text, if it is the one that its name says."""
    try:
        with open(one.path, "rb") as stream:  # noqa: PTH123  as `disk` opens files
            data = stream.read(_LARGEST + 1)
    except OSError as error:
        notes.append(f"its {kind} cannot be read: {error.strerror or error}")
        return None
    if len(data) > _LARGEST:
        notes.append(f"its {kind} is larger than {_LARGEST:,} bytes, and was not read")
        return None
    if one.sha256 is not None and hashlib.sha256(data).hexdigest() != one.sha256:
        notes.append(f"its {kind} has other bytes than its hash says, and is not used")
        return None
    return data.decode("utf-8", "replace")


def _json(text: str, kind: str, notes: list[str]) -> object:
    if not text.strip():
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        notes.append(f"its {kind} is not JSON, and is not used")
        return None


def _parameters(text: str, notes: list[str]) -> dict[str, JsonValue]:
    """Those whose values can be what they should be."""
    said = _json(text, "params", notes)
    if said is not None and not isinstance(said, dict):
        notes.append("its params are not a JSON object, and are not used")
    made: dict[str, JsonValue] = {}
    for key, value in said.items() if isinstance(said, dict) else ():
        fit = _fitting(key, value) if _KEY.fullmatch(key) else None
        if fit is None:
            notes.append(f"its parameter {key[:40]!r}: {str(value)[:40]!r} means nothing, and is not used")
        else:
            made[key] = fit
    return made


def _fitting(key: str, value: Any) -> JsonValue:
    """The value as its parameter takes it; None where it cannot be one."""
    if key == "stop":
        words = [value] if isinstance(value, str) else value
        fits = isinstance(words, list) and all(isinstance(one, str) and one for one in words)
        return list(words) if fits and words else None
    if key not in _GENERATION and key != _CONTEXT:
        return value if isinstance(value, str | bool | int | float) else str(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2**63) <= value < 2**63:
        return None
    least = {"repeat_penalty": 1e-6, _CONTEXT: 1, "top_p": 1e-6, "seed": -(2**63)}.get(key, 0)
    most = {"top_p": 1, "min_p": 1, _CONTEXT: 1 << 30}.get(key, 2**63)
    if not least <= value <= most or (key in _WHOLE and value != int(value)):
        return None
    return int(value) if key in _WHOLE else value


def _messages(text: str, notes: list[str]) -> tuple[tuple[str, str], ...]:
    said = _json(text, "messages", notes)
    if said is None:
        return ()
    pairs = [(one.get("role"), one.get("content")) for one in said if isinstance(one, dict)] if isinstance(said, list) else []
    if not pairs or any(role not in _ROLES or not isinstance(content, str) for role, content in pairs):
        notes.append("its messages are not a conversation, and are not used")
        return ()
    return tuple((str(role), str(content)) for role, content in pairs)


def _first(text: str) -> str | None:
    """The first line that says something."""
    line = next((" ".join(one.split()) for one in text.splitlines() if one.strip()), "")
    return "".join(char for char in line if char.isprintable())[:_LINE] or None
