"""Owns what is said of a model beside its files: licence, base model, parameters. From a hub's answer, a card or a GGUF header.

Knows no hub and asks nothing. All of it is what somebody wrote: a wrong type is an absent fact.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  read when a listing is held against its form
from typing import Literal, NamedTuple, cast, get_args

from modelcatalog import later

__all__ = ["Card", "Relation", "of_answer", "of_header", "of_text"]

Relation = Literal["finetune", "quantized", "adapter", "merge"]
"""How a model came from its base, by Hugging Face's words."""
_RELATIONS = get_args(Relation)
_LONGEST = 200
_MOST = 20
_MOST_PARAMETERS = 1 << 50
_LINE = later.pattern(r"(?P<key>[\w-]+):[ \t]*(?P<value>.*)|[ \t]*-[ \t]+(?P<item>.+)")
"""Of a line without blanks at its end, which a pattern that looks for them would look for again and again."""
_HOST = later.pattern(r"^https?://[^/]+/(?:models/)?")


class Card(NamedTuple):
    """What is said of a model; None and empty where nobody said it."""

    licence: str | None = None
    """The id that the hub has for it: ``apache-2.0``, ``llama3.1``; for ``other`` the name beside it."""
    base_models: tuple[str, ...] = ()
    relation: Relation | None = None
    parameters: Mapping[str, int] = {}
    """Type -> numbers in all safetensors files, as the file spells the type."""
    gguf_parameters: int | None = None
    context_length: int | None = None
    """Of the GGUF files."""

    @property
    def base_model(self) -> str | None:
        """The first base model."""
        return self.base_models[0] if self.base_models else None


def of_answer(answer: Mapping[str, object]) -> Card:
    """The card in Hugging Face's answer about a repository.

    >>> of_answer({"tags": ["license:mit", "base_model:quantized:a/b"], "gguf": {"total": 7}}).relation
    'quantized'
    """
    data = answer.get("cardData")
    data = data if isinstance(data, dict) else {}
    listed = answer.get("tags")
    tags = [tag for tag in listed if isinstance(tag, str)] if isinstance(listed, list) else []
    licence = _licence(data) or next((_text(tag.removeprefix("license:")) for tag in tags if tag.startswith("license:")), None)
    relation, bases = _words(data.get("base_model_relation")), _words(data.get("base_model"))
    for tag in tags:
        kind, _, name = tag.removeprefix("base_model:").partition(":")
        if tag.startswith("base_model:") and kind in _RELATIONS and name:
            relation, bases = relation or (kind,), bases or (name,)
    counted, files = answer.get("safetensors"), answer.get("gguf")
    parameters = counted.get("parameters") if isinstance(counted, dict) else None
    packed = files if isinstance(files, dict) else {}
    return Card(
        licence=licence,
        base_models=bases,
        relation=_relation(relation),
        parameters={str(kind): count for kind, one in parameters.items() if (count := _count(one))} if isinstance(parameters, dict) else {},
        gguf_parameters=_count(packed.get("total")),
        context_length=_count(packed.get("context_length")),
    )


def of_text(text: str) -> Card:
    r"""The card that stands before the text of a README.md, between two lines of dashes; empty where there is none.

    >>> of_text("---\nlicense: mit\nbase_model:\n- a/b\n---\n# A model").base_model
    'a/b'
    """
    if not text.startswith("---"):
        return Card()
    found: dict[str, list[str]] = {}
    key = ""
    for line in text.splitlines()[1:]:
        if line.startswith("---"):
            break
        match = _LINE.match(line.rstrip(" \t"))
        if match is None:
            continue
        if match["key"]:
            key = match["key"]
            found[key] = [match["value"]] if match["value"] else []
        elif key:
            found[key].append(match["item"])
    data: dict[str, object] = {name: [value.strip("'\"") for value in values] for name, values in found.items()}
    relation = _words(data.get("base_model_relation"))
    return Card(
        licence=_licence({name: value[0] if isinstance(value, list) and value else None for name, value in data.items()}),
        base_models=_words(data.get("base_model")),
        relation=_relation(relation),
    )


def of_header(metadata: Mapping[str, object]) -> Card:
    """The card in the header of a GGUF file."""
    places = [_text(metadata.get(f"general.base_model.{at}.{key}")) for at in range(_MOST) for key in ("repo_url", "name")]
    urls = [place for place in places[::2] if place]
    names = urls or [place for place in places[1::2] if place]
    return Card(
        licence=_licence({"license": metadata.get("general.license"), "license_name": metadata.get("general.license.name")}),
        base_models=tuple(_HOST.sub("", name) for name in names),
    )


def _licence(data: Mapping[str, object]) -> str | None:
    """A licence by its id; ``other`` is none, but for the name beside it."""
    stated = data.get("license")
    licence = _text(stated[0] if isinstance(stated, list) and stated else stated)
    return (_text(data.get("license_name")) or licence) if licence == "other" else licence


def _relation(words: tuple[str, ...]) -> Relation | None:
    return cast("Relation", words[0]) if words and words[0] in _RELATIONS else None


def _text(value: object) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() and len(value) <= _LONGEST and value.isprintable() else None


def _words(value: object) -> tuple[str, ...]:
    every = value if isinstance(value, list) else [value]
    return tuple(text for one in every[:_MOST] if (text := _text(one)))


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST_PARAMETERS else None
