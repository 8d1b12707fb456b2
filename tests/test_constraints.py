"""Tests of replies that must match something: a type, a JSON Schema, choices, a pattern. They do, or the reply is an error."""

from __future__ import annotations

import dataclasses
import json
import re
from typing import TYPE_CHECKING, Any, Literal

import pytest
from pydantic import BaseModel, Field, field_validator
from scripted import CHATML, scripted, tokenizer
from typing_extensions import TypedDict

import modelcatalog as mc
import zoo
from modelcatalog import engines
from modelcatalog.engines.constraints import constraint
from modelcatalog.errors import EngineError, Unsupported

if TYPE_CHECKING:
    from pathlib import Path


class City(BaseModel):
    """What a reply may be."""

    name: str = Field(max_length=12)
    country: str = Field(max_length=12)
    population: int = Field(ge=1000, le=99_999_999)
    capital: bool
    continent: Literal["Europe", "Asia", "Africa", "America"]


class Point(TypedDict):
    """A dictionary with two numbers."""

    x: int
    y: int


@dataclasses.dataclass
class Pair:
    """Two texts."""

    left: str
    right: str = ""


SCHEMA = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 3, "maximum": 5}}, "required": ["n"], "additionalProperties": False}


class TestWhatIsAskedFor:
    """What may be asked for, and how a reply is read."""

    @pytest.mark.parametrize(
        ("given", "text", "value"),
        [
            ({"choices": ["yes", "no"]}, "no", "no"),
            ({"regex": r"\d{4}"}, "2026", "2026"),
            ({"regex": re.compile("a+")}, "aaa", "aaa"),
            ({"response_format": SCHEMA}, '{"n": 4}', {"n": 4}),
            ({"response_format": {"type": "json_object"}}, '{"a": [1, null]}', {"a": [1, None]}),
            ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": SCHEMA}}}, '{"n": 3}', {"n": 3}),
            ({"response_format": Point}, '{"x": 1, "y": 2}', {"x": 1, "y": 2}),
            ({"response_format": Pair}, '{"left": "a"}', Pair("a")),
            ({"response_format": list[int]}, "[1, 2]", [1, 2]),
            ({"response_format": Literal["a", "b"]}, '"a"', "a"),
            ({"response_format": City}, City(name="Rome", country="Italy", population=2800000, capital=True, continent="Europe").model_dump_json(), "Rome"),
        ],
    )
    def test_read(self, given: dict[str, Any], text: str, value: object) -> None:
        """Every form gives the value that the text says."""
        found = engines.options(8, given).constraint
        assert found is not None
        read = found.read(text)
        assert (read.name if isinstance(read, City) else read) == value

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({"choices": ["yes", "no"]}, "maybe"),
            ({"regex": r"\d{4}"}, "20261"),
            ({"response_format": SCHEMA}, '{"n": 9}'),
            ({"response_format": SCHEMA}, '{"n": NaN}'),
            ({"response_format": SCHEMA}, '{"n": 4'),
            ({"response_format": City}, "{}"),
            ({"response_format": Point}, "no JSON"),
        ],
    )
    def test_not_read(self, given: dict[str, Any], text: str) -> None:
        """A text that does not match is a ValueError, whatever the kind."""
        found = constraint(**given)
        assert found is not None
        with pytest.raises(ValueError, match=r"."):
            found.read(text)

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"choices": "yes"}, "choices= is a list of texts"),
            ({"choices": []}, "choices= is a list of texts"),
            ({"choices": ["a", 3]}, "choices= is a list of texts"),
            ({"choices": ["a"], "regex": "a"}, "these are 2: choices, regex"),
            ({"regex": "("}, "not a regular expression"),
            ({"regex": 3}, "regex= is a pattern"),
            ({"regex": re.compile("a", re.IGNORECASE)}, "has flags"),
            ({"response_format": {"type": "objekt"}}, "not a JSON Schema"),
            ({"response_format": {"type": "json_schema"}}, "holds no JSON Schema"),
            ({"response_format": {"const": {1, 2}}}, "is not JSON"),
            ({"response_format": 3}, "a pydantic model or a JSON Schema"),
            ({"response_format": "json"}, "a pydantic model or a JSON Schema"),
        ],
    )
    def test_refused(self, given: dict[str, Any], said: str) -> None:
        """What cannot be used is refused before a model is asked."""
        with pytest.raises(Unsupported, match=re.escape(said)):
            engines.options(8, given)

    def test_none(self) -> None:
        """A plain text is asked for in two ways."""
        assert engines.options(8, {}).constraint is None
        assert engines.options(8, {"response_format": {"type": "text"}}).constraint is None


class TestTransformers:
    """A real tokenizer's words under a constraint; which of them a reply has is left to random weights, where it is not looked at."""

    def test_model(self, small: mc.ChatModel) -> None:
        """A pydantic model: the reply is JSON of it, and `parsed` an instance; in chat, stream and session alike."""
        reply = small.chat("Describe Paris.", response_format=City, temperature=0)
        assert isinstance(reply.parsed, City)
        assert json.loads(reply.text) == reply.parsed.model_dump()
        assert reply.finish_reason == "stop"
        stream = small.stream("Describe Paris.", response_format=City, temperature=0)
        assert "".join(stream) == reply.text
        assert stream.reply.parsed == reply.parsed
        session = small.session(response_format=City, temperature=0)
        assert session.chat("Describe Paris.").parsed == reply.parsed
        assert session.chat("Is it in France?", choices=["yes", "no"]).parsed in {"yes", "no"}

    @pytest.mark.parametrize(
        ("given", "value"),
        [
            ({"choices": ["Lyon", "Paris"]}, r"Paris|Lyon"),
            ({"choices": ['say "hi"', "a|b", "\u5df4\u9ece"]}, r'say "hi"|a\|b|\u5df4\u9ece'),
            ({"regex": r"\d{4}-\d{2}"}, r"[0-9]{4}-[0-9]{2}"),
            ({"regex": r"[\d.]{3}"}, r"[0-9.]{3}"),
            ({"response_format": SCHEMA}, r"\{'n': [345]\}"),
            ({"response_format": {"enum": ["x", 3, None]}}, r"x|3|None"),
        ],
    )
    def test_rest(self, small: mc.ChatModel, given: dict[str, Any], value: str) -> None:
        """Choices, patterns and schemas; digits are those of ASCII."""
        assert re.fullmatch(value, str(small.chat("What is the capital of France?", temperature=0, **given).parsed))

    def test_sampled_batch(self, small: mc.ChatModel) -> None:
        """Each row of a batch keeps to it, sampled and penalized; the same reply alone and among others."""
        asked: dict[str, Any] = {"response_format": City, "temperature": 1.0, "seed": 5, "repetition_penalty": 1.1}
        prompts = [f"Describe {city}." for city in ("Rome", "Lima")]
        replies = list(small.batch(prompts, **asked))
        assert all(isinstance(reply.parsed, City) for reply in replies)
        assert small.chat(prompts[1], **asked).text == replies[1].text

    def test_cut(self, model: mc.ChatModel) -> None:
        """A reply that is cut before it matches is an error that has its text, never half a JSON that looks like one."""
        with pytest.raises(EngineError, match="cut after 5 tokens") as caught:
            model.chat("Describe Paris.", response_format=City, max_new_tokens=5, temperature=0)
        assert caught.value.partial.startswith('{"name"')
        (reply,) = model.batch(["Describe Paris."], response_format=City, max_new_tokens=5, temperature=0)
        assert reply.finish_reason == "error"
        assert isinstance(reply.error, EngineError)
        assert reply.parsed is None

    def test_own_validator(self, small: mc.ChatModel) -> None:
        """What a schema cannot say is checked all the same."""

        class Odd(BaseModel):
            n: Literal[2, 4]

            @field_validator("n")
            @classmethod
            def odd(cls, value: int) -> int:
                assert value % 2, "it is even"
                return value

        with pytest.raises(EngineError, match="it is even"):
            small.chat("A number?", response_format=Odd, temperature=0)

    @pytest.mark.parametrize("given", [{"regex": r"a\b"}, {"regex": "a(?=b)"}])
    def test_unknown_to_the_library(self, small: mc.ChatModel, given: dict[str, Any]) -> None:
        """What cannot be kept to while decoding is refused, before a token."""
        with pytest.raises(Unsupported, match="cannot be kept to"):
            small.chat("x", **given)

    def test_complete(self, model: mc.ChatModel) -> None:
        """A text is continued within a constraint too."""
        assert model.complete("The capital of France is", choices=[" Paris", " Rome"], temperature=0).parsed == " Paris"

    def test_cancelled(self, small: mc.ChatModel) -> None:
        """What the caller ended is no error."""
        stream = small.stream("Describe Paris.", response_format=City, temperature=0)
        next(stream)
        stream.cancel()
        assert stream.reply.finish_reason == "cancelled"
        assert stream.reply.parsed is None


def test_behind_thinking(tmp_path: Path) -> None:
    """Where the template opens the thinking, that is free, and the answer behind it matches."""
    opened = CHATML.replace("assistant\n' }}{% endif", "assistant\n<think>\n' }}{% endif")
    folder = scripted(tmp_path / "thinks", tokenizer(template=opened), "so it is</think>\n\nwhat nobody asked for")
    with mc.load(folder) as thinker:
        reply = thinker.chat("hi", choices=["yes", "no"], temperature=0)
    assert reply.parsed in {"yes", "no"}
    assert reply.thinking == "so it is"


@pytest.mark.parametrize("model_type", ["llama", "recurrent_gemma", "bloom", "mamba"])
def test_other_ways(model_type: str, tmp_path: Path) -> None:
    """A random model keeps to it as well, by the loop and by `generate`."""
    if not zoo.known(model_type):
        pytest.skip(f"this transformers has no {model_type}")
    with mc.load(zoo.write(model_type, tmp_path / model_type)) as made:
        assert made.chat("hi", response_format=SCHEMA, max_new_tokens=40).parsed["n"] in {3, 4, 5}
        assert made.chat("hi", choices=["\u662f", "\u5426"], max_new_tokens=20, temperature=1.0, seed=1).parsed in {"\u662f", "\u5426"}
