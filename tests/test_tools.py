"""Tests of tools: what may be offered, every way in which models write calls, the loop that calls functions, and what cannot be."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from datetime import date
from io import BytesIO, TextIOWrapper
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import pytest
from scripted import CHATML, scripted, tokenizer

import modelcatalog as mc
from loopback import servers
from loopback.servers import ChatServer
from modelcatalog import engines
from modelcatalog.chat import asking
from modelcatalog.cli import main
from modelcatalog.cli.tools import functions
from modelcatalog.engines import Message, ToolCall
from modelcatalog.engines.prompts.rendering import Forms
from modelcatalog.engines.prompts.templates import Renderer
from modelcatalog.engines.tools import offered
from modelcatalog.errors import EngineError, MissingPackage, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from modelcatalog.chat.awaiting import AsyncRun

chat_parsing = pytest.importorskip("transformers.utils.chat_parsing", reason="transformers reads calls from 5.23 on")


def weather(city: str, days: int = 1, unit: Literal["C", "F"] = "C") -> str:
    """The weather of a city.

    Args:
        city: The city's name.
        days: How many days.
        unit: The unit of temperatures.
    """
    if city == "Atlantis":
        message = f"there is no {city}"
        raise LookupError(message)
    return f"{city}: 21 {unit} for {days}"


def now() -> str:
    """The time."""
    return "12:00"


WEATHER = {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}, "required": ["city"]}}
NOW = {"name": "now"}
USER = [{"role": "user", "content": "hi"}]
PARIS: dict[str, Any] = {"city": "Paris", "days": 3}
BODY = json.dumps(PARIS)
TOOLS = "{% if tools %}{% for t in tools %}{{ t | tojson }}{% endfor %}{% endif %}"
TURNS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content or '' }}"
    "{% for c in m.tool_calls or [] %}%s{% endfor %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
HERMES = TOOLS + TURNS.replace("%s", "<tool_call>\n{{ {'name': c.function.name, 'arguments': c.function.arguments} | tojson }}\n</tool_call>")
SILENT = CHATML + "{% if false %}{{ tools }}<tool_call></tool_call>{% endif %}"
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")


class Way(NamedTuple):
    """How a family writes calls."""

    template: str
    reply: str
    specials: tuple[str, ...] = ()
    end: str = "<|im_end|>"


def _written(marks: str) -> str:
    """A template that speaks of a way, and writes messages in ChatML."""
    return TOOLS + "{# " + marks + " #}" + TURNS.replace("%s", "{{ c.function | tojson }}")


CODER = "<function=weather>\n<parameter=city>\nParis\n</parameter>\n<parameter=days>\n3\n</parameter>\n</function>"
BAR = "\uff5c"
DEEPSEEK = (*(f"<{BAR}tool▁{word}{BAR}>" for word in ("calls▁begin", "call▁begin", "sep", "call▁end", "calls▁end")),)
KIMI = ("<|tool_calls_section_begin|>", "<|tool_call_begin|>", "<|tool_call_argument_begin|>", "<|tool_call_end|>", "<|tool_calls_section_end|>")
HARMONY = ("<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>")
ONE = '{"name": "weather", "arguments": ' + BODY + "}"
WAYS = {
    "hermes": Way(HERMES, f"<tool_call>\n{ONE}\n</tool_call>"),
    "hermes, marks as tokens": Way(HERMES, f"<tool_call>\n{ONE}\n</tool_call>", ("<tool_call>", "</tool_call>")),
    "hermes, not closed": Way(HERMES, f"<tool_call>\n{ONE}\n"),
    "coder": Way(_written("<function= <parameter="), f"<tool_call>\n{CODER}\n</tool_call>", ("<tool_call>", "</tool_call>")),
    "coder, first mark forgotten": Way(_written("<function= <parameter="), f"{CODER}\n</tool_call>"),
    "seed": Way(
        _written("<seed:tool_call> <function= <parameter="), f"<seed:tool_call>\n{CODER}\n</seed:tool_call>", ("<seed:tool_call>", "</seed:tool_call>")
    ),
    "glm": Way(
        _written("<tool_call> <arg_key> <arg_value>"),
        "<tool_call>weather\n<arg_key>city</arg_key>\n<arg_value>Paris</arg_value>\n<arg_key>days</arg_key>\n<arg_value>3</arg_value>\n</tool_call>",
        ("<tool_call>", "</tool_call>", "<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>"),
    ),
    "minimax": Way(
        _written("<minimax:tool_call> <invoke name="),
        '<minimax:tool_call>\n<invoke name="weather">\n'
        '<parameter name="city">Paris</parameter>\n<parameter name="days">3</parameter>\n</invoke>\n</minimax:tool_call>',
        ("<minimax:tool_call>", "</minimax:tool_call>"),
    ),
    "kimi": Way(TOOLS + TURNS.replace("%s", ""), f"{KIMI[0]}{KIMI[1]}functions.weather:0{KIMI[2]}{BODY}{KIMI[3]}{KIMI[4]}", KIMI),
    "deepseek v3": Way(
        _written(f"{DEEPSEEK[1]}function{DEEPSEEK[2]} ```json"),
        f"{DEEPSEEK[0]}{DEEPSEEK[1]}function{DEEPSEEK[2]}weather\n```json\n{BODY}\n```{DEEPSEEK[3]}{DEEPSEEK[4]}",
        DEEPSEEK,
    ),
    "deepseek v3.1": Way(
        _written(f"{DEEPSEEK[1]}name{DEEPSEEK[2]}"), f"{DEEPSEEK[0]}{DEEPSEEK[1]}weather{DEEPSEEK[2]}{BODY}{DEEPSEEK[3]}{DEEPSEEK[4]}", DEEPSEEK
    ),
    "mistral": Way(_written("[TOOL_CALLS]"), f"[TOOL_CALLS] [{ONE}]", ("[TOOL_CALLS]",)),
    "mistral, newer": Way(_written("[TOOL_CALLS] [ARGS]"), f"[TOOL_CALLS]weather[ARGS]{BODY}", ("[TOOL_CALLS]", "[ARGS]")),
    "command": Way(
        _written("<|START_ACTION|> <|END_ACTION|>"),
        '<|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "weather", "parameters": ' + BODY + "}\n]<|END_ACTION|>",
        ("<|START_ACTION|>", "<|END_ACTION|>"),
    ),
    "phi": Way(_written("<|tool_call|>"), f"<|tool_call|>[{ONE}]<|/tool_call|>", ("<|tool_call|>", "<|/tool_call|>")),
    "granite": Way(_written("<|tool_call|>"), f"<|tool_call|>[{ONE}]", ("<|tool_call|>",)),
    "gemma": Way(
        _written("<|tool_call>call: <tool_call|>"),
        '<|tool_call>call:weather{city:<|"|>Paris<|"|>,days:3}<tool_call|>',
        ("<|tool_call>", "<tool_call|>", '<|"|>'),
    ),
    "llama": Way(_written('{"name": x, "parameters": y} <|start_header_id|>'), '{"name": "weather", "parameters": ' + BODY + "}"),
    "llama, with its tag": Way(
        _written('{"name": x, "parameters": y} <|start_header_id|>'),
        '<|python_tag|>{"type": "function", "name": "weather", "parameters": ' + BODY + "}",
        ("<|python_tag|>",),
    ),
    "gpt-oss": Way(
        _written("<|channel|> <|message|> functions"),
        f"<|channel|>analysis<|message|>I look.<|end|><|start|>assistant<|channel|>commentary to=functions.weather <|constrain|>json<|message|>{BODY}<|call|>",
        HARMONY,
    ),
    "gpt-oss, named first": Way(
        _written("<|channel|> <|message|> functions"),
        f"<|channel|>analysis<|message|>I look.<|end|><|start|>assistant to=functions.weather<|channel|>commentary json<|message|>{BODY}<|call|>",
        HARMONY,
    ),
}


def load(folder: Path, way: Way, *, tools: Any = (WEATHER,), reply: str | None = None, more: Callable[[Any], object] | None = None) -> mc.ChatModel:
    """A checkpoint that writes a call, whatever is asked."""
    words = tokenizer((*SPECIALS, *way.specials), eos=way.end, template=way.template)
    told = [tool.schema for tool in offered(tools)]
    for one in told:
        one["function"]["parameters"].setdefault("required", [])
    asked = words.apply_chat_template(USER, tools=told or None, add_generation_prompt=True, return_dict=True)
    if more is not None:
        more(words)
    written = (way.reply if reply is None else reply) + ("" if (reply or way.reply).endswith("<|call|>") else way.end)
    scripted(folder, words, written, len(asked["input_ids"]), end="<|call|>" if "<|call|>" in way.specials else None, positions=640)
    return mc.load(str(folder), dtype="float32")


class TestWays:
    """Every way in which models write calls, on the transformers engine."""

    @pytest.mark.parametrize("name", list(WAYS))
    def test_read(self, tmp_path: Path, name: str) -> None:
        """The call is read, its arguments have their types, and nobody is shown its marks; a stream and a batch say the same."""
        with load(tmp_path / "m", WAYS[name]) as model:
            stream = model.stream("hi", tools=[WEATHER], max_new_tokens=400)
            pieces = list(stream)
            (batched,) = model.batch(["hi"], tools=[WEATHER], max_new_tokens=400)
        reply = stream.reply
        assert [(call.name, call.arguments) for call in reply.tool_calls] == [("weather", PARIS)]
        assert reply.finish_reason == "tool_calls"
        assert "".join(pieces).strip() == reply.text.strip() == ""
        assert reply.thinking == ("I look." if "gpt-oss" in name else None)
        assert reply.tool_calls[0].id == {"kimi": "functions.weather:0", "command": "0"}.get(name, "call00001")
        assert (batched.tool_calls, batched.text, batched.finish_reason) == (reply.tool_calls, reply.text, "tool_calls")

    @pytest.mark.parametrize(
        ("reply", "text", "names"),
        [
            (f"I look it up.\n\n<tool_call>\n{ONE}\n</tool_call>", "I look it up.", ["weather"]),
            (f"<tool_call>{ONE}</tool_call>\n<tool_call>" + '{"name": "now", "arguments": {}}</tool_call>\n', "", ["weather", "now"]),
            (f"<think>\nmaybe <tool_call> helps\n</think>\n\n<tool_call>{ONE}</tool_call>", "", ["weather"]),
            ('<tool_call>{"name": "now"}</tool_call>', "", ["now"]),
            ('<tool_call>{"name": "now", "arguments": "{}"}</tool_call>', "", ["now"]),
            ("It is < 5 and a<tool\n", "It is < 5 and a<tool\n", []),
            ("Write `<tool_call>` around it, and </tool_call> behind.", "Write `<tool_call>` around it, and </tool_call> behind.", []),
            (f"[coder]Write `<tool_call>` around it.\n{CODER}\n</tool_call>\n", "Write `<tool_call>` around it.", ["weather"]),
            ("[coder]The mark is <tool_call>", "The mark is <tool_call>", []),
            (f"[coder]<tool_call>\n{CODER}\n</tool_call>\n<tool_call>\n{CODER}\n</tool_call>", "", ["weather", "weather"]),
        ],
    )
    def test_beside_text(self, tmp_path: Path, reply: str, text: str, names: list[str]) -> None:
        """Text before a call is the answer, white space around it is nobody's, thinking is thinking, and talk about marks is talk."""
        way = "coder" if reply.startswith("[coder]") else "hermes"
        reply = reply.removeprefix("[coder]")
        with load(tmp_path / "m", WAYS[way], tools=(WEATHER, NOW), reply=reply) as model:
            said = model.chat("hi", tools=[WEATHER, NOW], max_new_tokens=300)
        assert said.text == text
        assert [call.name for call in said.tool_calls] == names
        assert len({call.id for call in said.tool_calls}) == len(names)
        assert said.finish_reason == ("tool_calls" if names else "stop")

    def test_an_answer_in_json(self, tmp_path: Path) -> None:
        """Where calls have no mark of their own, JSON that names no tool is the answer."""
        with load(tmp_path / "m", WAYS["llama"], reply='{"name": "Paris", "country": "France"}') as model:
            said = model.chat("hi", tools=[WEATHER], max_new_tokens=300)
        assert (said.text, said.tool_calls) == ('{"name": "Paris", "country": "France"}', ())

    def test_own_way(self, tmp_path: Path) -> None:
        """A checkpoint's own response template comes first where it is made of literals."""
        field = {"open": "<<call", "close": "call>>", "content": "json", "repeats": True, "transform": {"type": "function", "function": "{content}"}}
        stated = {"start_anchor": "<|im_start|>assistant\n", "fields": {"tool_calls": field, "content": {}}}
        with load(tmp_path / "m", WAYS["hermes"], reply=f"<<call{ONE}call>>", more=lambda words: setattr(words, "response_template", stated)) as model:
            said = model.chat("hi", tools=[WEATHER], max_new_tokens=300)
        assert [call.arguments for call in said.tool_calls] == [PARIS]

    def test_strange_patterns_stay_out(self, tmp_path: Path) -> None:
        """Its patterns are not run: one that takes for ever takes no time, and the way is known by the chat template."""
        field = {"open_pattern": "(a+)+$", "close": "x", "content": "json", "repeats": True}
        stated = {"start_anchor": "<|im_start|>assistant\n", "fields": {"tool_calls": field, "content": {}}}
        with load(tmp_path / "m", WAYS["hermes"], reply="a" * 40 + "b", more=lambda words: setattr(words, "response_template", stated)) as model:
            assert model.chat("hi", tools=[WEATHER], max_new_tokens=100).text == "a" * 40 + "b"


class TestWrongCalls:
    """Calls that cannot be made are errors, never dropped and never guessed."""

    @pytest.mark.parametrize(
        ("way", "reply", "said"),
        [
            ("hermes", '<tool_call>{"name": "weather", "arguments": {"city": </tool_call>', "it cannot be read"),
            ("hermes", '<tool_call>{"name": "storm", "arguments": {}}</tool_call>', "nobody offered it; the tools are weather"),
            ("hermes", '<tool_call>{"name": "weather", "arguments": {"city": 7}}</tool_call>', "city: 7 is not of type 'string'"),
            ("hermes", '<tool_call>{"name": "weather", "arguments": {}}</tool_call>', "'city' is a required property"),
            ("hermes", '<tool_call>{"arguments": {}}</tool_call>', "it names no tool"),
            ("hermes", '<tool_call>{"name": "weather", "arguments": "Paris"}</tool_call>', "its arguments are not JSON"),
            ("hermes", "<tool_call>[1]</tool_call>", "it names no tool"),
            ("coder", f"<tool_call>\n<function=weather>\n{BODY}\n</function>\n</tool_call>", "its arguments cannot be read"),
            ("coder", "<tool_call>\n<function=weather>\n<parameter=city>\nParis\n</parameter>\n", "ended in the middle"),
            ("coder", f"<tool_call>\n{CODER.replace('Paris', 'a</parameter>b')}\n</tool_call>", "its arguments cannot be read"),
            ("coder", f"<tool_call>\n{CODER.replace('Paris', 'a</function>b')}\n</tool_call>", "its arguments cannot be read"),
            ("gemma", "<|tool_call>call:weather{city='Paris'}<tool_call|>", "it cannot be read"),
            ("gpt-oss", f"<|channel|>commentary to=browser.open <|constrain|>json<|message|>{BODY}<|call|>", "called browser.open"),
        ],
    )
    def test_wrong(self, tmp_path: Path, way: str, reply: str, said: str) -> None:
        """The error says which call and what is wrong with it."""
        with load(tmp_path / "m", WAYS[way], reply=reply) as model, pytest.raises(EngineError, match="in a way that cannot be used") as caught:
            model.chat("hi", tools=[WEATHER], max_new_tokens=300)
        assert said in str(caught.value)
        assert "session.run" in (caught.value.hint or "")

    def test_cut(self, tmp_path: Path) -> None:
        """A call that the limit cut is none, though what came may be JSON; what was said before it is kept."""
        with load(tmp_path / "m", WAYS["hermes"], reply=f"Wait. <tool_call>{ONE}</tool_call>") as model:
            with pytest.raises(EngineError, match="ended in the middle") as caught:
                model.chat("hi", tools=[WEATHER], max_new_tokens=60)
            (batched,) = model.batch(["hi"], tools=[WEATHER], max_new_tokens=60)
        assert caught.value.partial.strip() == "Wait."
        assert "max_new_tokens" in (caught.value.hint or "")
        assert batched.finish_reason == "error"

    def test_none_offered(self, tmp_path: Path) -> None:
        """Without tools a reply that writes a call is text, as it always was."""
        with load(tmp_path / "m", WAYS["hermes"], tools=()) as model:
            said = model.chat("hi", max_new_tokens=300)
        assert said.text.startswith("<tool_call>")
        assert said.tool_calls == ()


class TestRefused:
    """What cannot be asked is refused before a token."""

    @pytest.fixture(scope="class")
    @staticmethod
    def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[mc.ChatModel]:
        """A model that writes calls."""
        with load(tmp_path_factory.mktemp("m") / "m", WAYS["hermes"]) as model:
            yield model

    @pytest.mark.parametrize(
        ("ask", "said"),
        [
            (lambda m: m.chat("hi", tools=[weather], chat_template=CHATML), "has no place for tools"),
            (lambda m: m.chat("hi", tools=[weather], chat_template=SILENT), "does not tell the model"),
            (lambda m: m.chat("hi", tools=[weather], chat_template="{{ tools }}" + CHATML), "in a way that is not known here"),
            (lambda m: m.chat("hi", tools=[weather], tool_choice="required"), "tool_choice='required' cannot be kept here"),
            (lambda m: m.chat("hi", tools=[weather], tool_choice="weather"), "tool_choice='weather' cannot be kept here"),
            (lambda m: m.chat("hi", tools=[weather], tool_choice="storm"), "nor a tool's name"),
            (lambda m: m.chat("hi", tool_choice="required"), "has nothing to choose"),
            (lambda m: m.chat("hi", tools=[weather], choices=["a"]), "either may call tools or must match"),
            (lambda m: m.complete("hi", tools=[weather]), "tools= needs messages"),
            (lambda m: m.chat("hi", tools=weather), "tools= is a list"),
            (lambda m: m.chat("hi", tools="weather"), "tools= is a list"),
            (lambda m: m.chat("hi", tools={"name": "x"}), "tools= is a list"),
            (lambda m: m.chat("hi", tools=[weather, weather]), "two tools have the name 'weather'"),
            (lambda m: m.chat("hi", tools=[lambda x: x]), "cannot be offered as a tool"),
            (lambda m: m.chat("hi", tools=[dict]), "a function or a JSON Schema"),
            (lambda m: m.chat("hi", tools=[{"type": "web_search"}]), "of type 'web_search'"),
            (lambda m: m.chat("hi", tools=[{"parameters": {}}]), "has no name"),
            (lambda m: m.chat("hi", tools=[{"name": "x", "parameters": {"type": "strange"}}]), "not a JSON Schema"),
            (lambda m: m.session().run("hi", tools=[{"name": "x"}]), "run calls functions"),
            (lambda m: m.session().run("hi", tools=[weather], limit=0), "limit=0"),
            (lambda m: m.chat([{"role": "assistant", "tool_calls": [{"function": {"name": "x", "arguments": "{"}}]}]), "call 1 in message 1 are not JSON"),
            (lambda m: m.chat([{"role": "assistant", "tool_calls": [{"id": "1"}]}]), "call 1 in message 1 is not a call"),
        ],
    )
    def test_refused(self, model: mc.ChatModel, ask: Callable[[mc.ChatModel], object], said: str) -> None:
        """Each says what cannot be, and what to do."""
        with pytest.raises(Unsupported, match=said) as caught:
            ask(model)
        assert caught.value.hint

    def test_choices_that_are_kept(self, tmp_path: Path, model: mc.ChatModel) -> None:
        """``auto`` is the default, and with ``none`` the model does not know of the tools."""
        assert model.chat("hi", tools=[WEATHER], tool_choice="auto", max_new_tokens=300).tool_calls
        with load(tmp_path / "m", WAYS["hermes"], tools=(), reply="Hello.") as other:
            assert other.chat("hi", tools=[weather], tool_choice="none", max_new_tokens=20).text == "Hello."

    def test_old_transformers(self, model: mc.ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
        """A version that reads no calls is named, with the one that does."""
        monkeypatch.setitem(sys.modules, "transformers.utils.chat_parsing", None)
        with pytest.raises(Unsupported, match="does not read calls of tools") as caught:
            model.chat("hi", tools=[weather])
        assert "transformers>=5.23" in (caught.value.hint or "")

    def test_no_transformers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A function needs transformers to be read; a schema does not."""
        monkeypatch.setitem(sys.modules, "transformers.utils", None)
        with pytest.raises(MissingPackage):
            offered([weather])
        assert offered([{"name": "x"}])[0].name == "x"


class TestOffered:
    """What may be offered."""

    def test_functions(self) -> None:
        """A function's signature and docstring are its schema."""
        (tool,) = offered([weather])
        stated = tool.schema["function"]
        assert stated["parameters"]["properties"]["unit"]["enum"] == ["C", "F"]
        assert stated["parameters"]["required"] == ["city"]
        assert tool.function is weather

    @pytest.mark.parametrize(
        "given",
        [
            {"type": "function", "function": {"name": "x", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}},
            {"type": "function", "name": "x", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}},
            {"name": "x", "input_schema": {"type": "object", "properties": {"a": {"type": "integer"}}}},
        ],
    )
    def test_schemas(self, given: dict[str, Any]) -> None:
        """The forms in which others write them are one."""
        (tool,) = offered([given])
        assert tool.schema == {"type": "function", "function": {"name": "x", "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}
        assert tool.wrong({"a": "b"}) == "a: 'b' is not of type 'integer'"
        assert tool.wrong({"a": 1}) is None

    def test_options(self) -> None:
        """Options hold what was offered, and compare by it."""
        assert engines.options(8, {"tools": [weather]}) == engines.options(8, {"tools": [weather]})
        assert engines.options(8, {"tools": [weather], "tool_choice": {"type": "function", "function": {"name": "weather"}}}).tool_choice == "weather"


CALL = ToolCall(id="call00001", name="weather", arguments={"city": "Paris"})
TURN = (
    Message(role="user", content="How warm is it?"),
    Message(role="assistant", content="", tool_calls=(CALL,)),
    Message(role="tool", content="21 degrees", tool_call_id="call00001", name="weather"),
)
FORMS = {
    "as a mapping": "{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.name }}{% for k, v in c.function.arguments | items %}{{ k ~ v }}"
    "{% endfor %}{% endfor %}{{ m.content }}\n{% endfor %}",
    "as JSON": "{% for m in messages %}{% if m.tool_calls %}{% for c in m.tool_calls %}{{ c.function.name + c.function.arguments }}{% endfor %}"
    "{% else %}{{ m.content }}{% endif %}\n{% endfor %}",
    "by a content that is none": "{% for m in messages %}{% if m.content is none %}{{ m.tool_calls[0].function.name + m.tool_calls[0].function.arguments }}"
    "{% else %}{{ m.content }}{% endif %}\n{% endfor %}",
    "by its id": "{% for m in messages %}{% for c in m.tool_calls or [] %}<{{ c.id }}>{{ c.function.arguments | tojson }}{% endfor %}"
    "{{ m.content }}{{ m.tool_call_id }}\n{% endfor %}",
    "with a short id": "{% for m in messages %}{% for c in m.tool_calls or [] %}{% if c.id | length != 9 %}{{ raise_exception('id') }}{% endif %}"
    "{{ c.function | tojson }}{% endfor %}{{ m.content }}{{ m.tool_call_id }}\n{% endfor %}",
    "with an id of nine": "{% for m in messages %}{% for c in m.tool_calls or [] %}{% if c.id | length != 9 %}{{ raise_exception('id') }}{% endif %}"
    "{{ c.function | tojson }}{% endfor %}{{ m.content }}\n{% endfor %}",
}


class TestTold:
    """Calls and what tools said stand in the prompt, in the form that each template takes."""

    @pytest.fixture(scope="class")
    @staticmethod
    def forms() -> Iterator[Forms]:
        """One process that renders."""
        renderer = Renderer("a model")
        yield Forms(renderer, "a model")
        renderer.close()

    @pytest.mark.parametrize("name", list(FORMS))
    def test_forms(self, forms: Forms, name: str) -> None:
        """The arguments go in as a mapping or as JSON, the content as an empty text or as none."""
        turn = TURN
        if name == "with a short id":
            other = {"id": "call_of_another"}
            called = TURN[1].model_copy(update={"tool_calls": (CALL.model_copy(update=other),)})
            turn = (TURN[0], called, TURN[2].model_copy(update={"tool_call_id": other["id"]}))
        text = forms.render(FORMS[name], turn, {}).text
        assert "call_of_another" not in text
        assert "weather" in text
        assert "Paris" in text
        assert "21 degrees" in text
        assert '\\"' not in text
        assert ("functions.weather:0" in text) == (name == "by its id")

    @pytest.mark.parametrize(
        "template",
        [
            CHATML.replace("m['content']", "(m['content'] or '')"),
            "{% for m in messages %}{% for c in (m.tool_calls or [])[1:] %}{{ c.function.name }}{% endfor %}{{ m.content }}\n{% endfor %}",
            "{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.name }}{% endfor %}{{ m.content }}\n{% endfor %}",
            "{% for m in messages if m.role != 'tool' %}{% for c in m.tool_calls or [] %}{{ c.function | tojson }}{% endfor %}{{ m.content }}\n{% endfor %}",
        ],
    )
    def test_left_out(self, forms: Forms, template: str) -> None:
        """A call, its arguments or an answer that a template leaves out is not dropped in silence."""
        with pytest.raises(Unsupported, match=r"leaves out what message [23]"):
            forms.render(template, TURN, {})

    def test_the_name_stands_elsewhere(self, forms: Forms) -> None:
        """A tool's name in the list of tools does not make up for one that the call lacks."""
        called = "{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}{% endfor %}"
        template = "weather {% for m in messages %}" + called + "{{ m.content }}\n{% endfor %}"
        with pytest.raises(Unsupported, match="leaves out what message 2"):
            forms.render(template, TURN, {})

    def test_asked_as_others_write_it(self) -> None:
        """OpenAI's messages and transformers' are the same; a tool's message learns the name and the id of its call."""
        openai = {"id": "call00001", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
        plain = {"function": {"name": "weather", "arguments": {"city": "Paris"}}}
        for call, answered in ((openai, {"tool_call_id": "call00001"}), (plain, {"name": "weather"}), (plain, {}), (CALL, {})):
            given: list[Any] = [
                {"role": "user", "content": "How warm is it?"},
                {"role": "assistant", "content": None, "tool_calls": [call], "refusal": None},
                {"role": "tool", "content": "21 degrees", **answered},
            ]
            assert asking.messages(given) == TURN


class Scripted:
    """An engine whose replies are given, for what is between the replies; the engines themselves are tested above."""

    name, parallel, chat_template, decoding, costs = "scripted", 1, True, "scripted", ()

    def __init__(self, *replies: tuple[engines.Event, ...]) -> None:
        self.replies = list(replies)
        self.asked: list[engines.Prompt] = []
        self.options: list[engines.Options] = []

    def run(self, prompt: engines.Prompt, options: engines.Options, **_: Any) -> Iterator[engines.Event]:
        """The next reply."""
        self.asked.append(prompt)
        self.options.append(options)
        yield engines.Started(1)
        yield from self.replies.pop(0)
        yield engines.Finished("stop", 3)

    def new_memory(self) -> None:
        """Nothing is kept."""

    def close(self) -> None:
        """Nothing is held."""


def calls(name: str, **arguments: Any) -> engines.Called:
    """A call as an engine reads it."""
    return engines.Called("", name, arguments, json.dumps(arguments))


def session(*replies: tuple[engines.Event, ...]) -> tuple[mc.Session, Scripted]:
    """A conversation with a scripted engine."""
    engine = Scripted(*replies)
    return mc.ChatModel(engine, SimpleNamespace(name=mc.parse("Qwen3-8B"), engine="transformers", modelfile=None)).session(), engine  # type: ignore[arg-type]  # all that it reads of a plan


async def until(run: AsyncRun) -> mc.Reply:
    """The answer of a run in an event loop."""
    return await run


class TestRun:
    """A session that calls functions until the answer stands."""

    def test_until_the_answer(self) -> None:
        """Each step is visible, the model is told what the functions said, and the history has all of it."""
        talk, engine = session((calls("weather", city="Paris"), calls("now")), ("It is warm.",))
        run = talk.run("How warm?", tools=[weather, now])
        (step,) = run
        assert [one.call and one.call.name for one in step.results] == ["weather", "now"]
        assert [(one.text, one.error) for one in step.results] == [("Paris: 21 C for 1", None), ("12:00", None)]
        assert run.reply.text == "It is warm."
        assert run.steps == (step,)
        assert [one.role for one in talk.messages] == ["user", "assistant", "tool", "tool", "assistant"]
        assert [one.tool_call_id for one in talk.messages[2:4]] == [one.id for one in talk.messages[1].tool_calls]
        assert engine.asked[1] == talk.messages[:-1]
        assert talk.undo() == "How warm?"
        assert talk.messages == ()

    @pytest.mark.parametrize(
        ("call", "said"),
        [
            (calls("weather", city="Atlantis"), "Error: LookupError: there is no Atlantis"),
            (calls("storm"), "Error: nobody offered it; the tools are weather"),
            (calls("weather", city=7), "Error: city: 7 is not of type 'string'"),
            (calls("weather", city="Paris", unit="K"), "Error: unit: 'K' is not one of ['C', 'F']"),
        ],
    )
    def test_told_to_the_model(self, call: engines.Called, said: str) -> None:
        """What cannot be called, and a function that raises, is the tool's message, and no error of the caller's."""
        talk, engine = session((call,), ("I am sorry.",))
        run = talk.run("How warm?", tools=[weather])
        assert run.reply.text == "I am sorry."
        assert run.steps[0].results[0].error
        told = engine.asked[1][-1]
        assert isinstance(told, Message)
        assert (told.role, told.content) == ("tool", said)

    def test_what_cannot_be_read(self) -> None:
        """Words that are no call are given back with what is wrong with them."""
        broken = engines.Called("", "", None, '{"name": ', "it cannot be read")
        talk, engine = session((broken,), (calls("now"), broken), ("Noon.",))
        assert talk.run("What time?", tools=[now]).reply.text == "Noon."
        assert not isinstance(engine.asked[1], str)
        first, second = engine.asked[1][-2:]
        assert (first.role, first.content, second.role) == ("assistant", '{"name": ', "user")
        assert "it cannot be read" in second.content
        last = engine.asked[2][-1]
        assert isinstance(last, Message)
        assert last.content.startswith("12:00\n")
        assert "it cannot be read" in last.content
        assert [one.role for one in talk.messages] == ["user", "assistant", "tool", "assistant"]

    def test_in_a_notebook(self) -> None:
        """A reply that calls shows what it calls."""
        talk, _ = session((calls("weather", city="Paris"),))
        assert "weather(city=&#x27;Paris&#x27;)" in talk.chat("How warm?", tools=[weather])._repr_html_()

    def test_async(self) -> None:
        """In an event loop functions may be async, `allow` too, and the answer is awaited; without one they are refused."""

        async def weather(city: str) -> str:
            """The weather.

            Args:
                city: The city.
            """
            await asyncio.sleep(0)
            return f"{city}: 21 C"

        async def allow(call: ToolCall) -> bool:
            await asyncio.sleep(0)
            return call.name != "now"

        async def all_of_them() -> None:
            replies = (calls("weather", city="Paris"), calls("now")), ("It is warm.",)
            talk, _ = session(*replies)
            assert (await talk.arun("How warm?", tools=[weather, now], allow=allow)).text == "It is warm."
            assert [one.content for one in talk.messages[2:4]] == ["Paris: 21 C", "Error: the user did not allow this call."]
            talk, _ = session(*replies)
            run = talk.arun("How warm?", tools=[weather, now])
            found = [[one.text for one in step.results] async for step in run]
            assert found == [["Paris: 21 C", "12:00"]]
            assert run.reply is not None
            assert run.reply.text == "It is warm."
            with pytest.raises(EngineError, match="called tools 1 times"):
                await session(*[(calls("now"),)] * 2)[0].arun("hi", tools=[now], limit=1)

        asyncio.run(all_of_them())
        with pytest.raises(Unsupported, match="run cannot wait for weather, which is async") as caught:
            session()[0].run("hi", tools=[weather])
        assert caught.value.hint == "use session.arun in an event loop, or a function that is not async"

        def wrapped(city: str) -> str:
            """The weather.

            Args:
                city: The city.
            """
            return weather(city)  # type: ignore[return-value]  # as decorators do that know nothing of async

        with pytest.raises(Unsupported, match="wrapped returned something to be awaited, and run waits for nothing"):
            _ = session((calls("wrapped", city="Rome"),))[0].run("hi", tools=[wrapped]).reply
        assert asyncio.run(until(session((calls("wrapped", city="Rome"),), ("Warm.",))[0].arun("hi", tools=[wrapped]))).text == "Warm."

    def test_async_cancelled(self) -> None:
        """Cancelling the task ends a function that is awaited, and what is made after it; the history stays as it was."""
        ended: list[str] = []

        async def slow() -> str:
            """Take long."""
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.append("slow")
                raise
            return ""

        async def all_of_them() -> None:
            talk, engine = session((calls("slow"),), ("Never.",))
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(talk.arun("hi", tools=[slow]), 0.2)
            await asyncio.sleep(0.1)
            assert (ended, talk.messages, len(engine.asked)) == (["slow"], (), 1)

        asyncio.run(all_of_them())

    def test_limit(self) -> None:
        """A model that never answers ends at the limit; the steps stay, and the history is as it was."""
        talk, _ = session(*[(calls("now"),)] * 4)
        run = talk.run("What time?", tools=[now], limit=3)
        with pytest.raises(EngineError, match="called tools 3 times") as caught:
            _ = run.reply
        assert "limit=" in (caught.value.hint or "")
        assert len(run.steps) == 3
        assert talk.messages == ()

    def test_allowed(self) -> None:
        """Who is asked before a call may refuse it, and the model is told."""
        talk, engine = session((calls("now"),), ("As you like.",))
        seen: list[ToolCall] = []

        def refuse(call: ToolCall) -> bool:
            seen.append(call)
            return False

        run = talk.run("What time?", tools=[now], allow=refuse)
        assert run.reply.text == "As you like."
        assert [one.name for one in seen] == ["now"]
        assert run.steps[0].results[0].error == "not allowed"
        told = engine.asked[1][-1]
        assert isinstance(told, Message)
        assert "did not allow" in told.content

    def test_interrupted(self) -> None:
        """Ctrl-C in a function is the user's, and not told to the model."""

        def wait() -> str:
            """Wait."""
            raise KeyboardInterrupt

        talk, _ = session((calls("wait"),))
        with pytest.raises(KeyboardInterrupt):
            _ = talk.run("Wait.", tools=[wait]).reply
        assert talk.messages == ()

    def test_results_as_json(self) -> None:
        """What is no text goes to the model as JSON, and half characters do not."""

        def rows() -> list[dict[str, Any]]:
            """Some rows."""
            return [{"city": "Zürich", "day": date(2026, 11, 29)}]

        def half() -> str:
            """Half a character."""
            return "a\ud83d"

        talk, engine = session((calls("rows"), calls("half")), ("Done.",))
        assert talk.run("Go.", tools=[rows, half]).reply.text == "Done."
        told = [one.content for one in engine.asked[1] if isinstance(one, Message) and one.role == "tool"]
        assert told == ['[{"city": "Zürich", "day": "2026-11-29"}]', "a?"]

    def test_by_hand(self, tmp_path: Path) -> None:
        """Without `run` the caller answers the calls; a saved conversation has them, and goes on."""
        talk, engine = session((calls("now"),), (calls("now"),), ("Noon.",))
        reply = talk.chat("What time?", tools=[now])
        assert reply.finish_reason == "tool_calls"
        again = talk.chat([{"role": "tool", "content": "12:00"}], tools=[now])
        assert again.tool_calls[0].id != reply.tool_calls[0].id
        assert talk.messages[2] == Message(role="tool", content="12:00", tool_call_id=reply.tool_calls[0].id, name="now")
        talk.save(tmp_path / "talk.json")
        other = mc.Session.load(tmp_path / "talk.json", talk._model)
        assert other.messages == talk.messages
        assert other.chat([{"role": "tool", "tool_call_id": again.tool_calls[0].id, "content": "12:01"}]).text == "Noon."
        assert isinstance(engine.asked[2], tuple)
        assert engine.asked[2][-1].name == "now"

    def test_on_a_checkpoint(self, tmp_path: Path) -> None:
        """The whole way on transformers: a call, the function, and the next prompt, which the template writes."""
        with load(tmp_path / "m", WAYS["hermes"], tools=(weather,)) as model:
            run = model.session().run("hi", tools=[weather], max_new_tokens=120)
            step = next(run)
        assert step.results[0].text == "Paris: 21 C for 3"


class TestCommandLine:
    """`modelcatalog chat --tools`."""

    FILE = """
import json as _json
from pathlib import Path

def weather(city: str, days: int = 1) -> str:
    \"\"\"The weather.

    Args:
        city: The city.
        days: How many days.
    \"\"\"
    Path("called").write_text(city)
    return "rain"

def helper(city):
    return city
"""

    @pytest.fixture
    def file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A file with one function that may be called."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "mine.py").write_text(self.FILE, encoding="utf-8")
        return tmp_path / "mine.py"

    @pytest.mark.parametrize(("typed", "said"), [("y\n", "rain"), ("n\n", "did not allow"), ("", "did not allow")])
    def test_asked(self, file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], typed: str, said: str) -> None:
        """The call is shown and asked for; only a yes calls the function, and the answer goes to standard output."""
        folder = file.parent / "m"
        load(folder, WAYS["hermes"], tools=functions(file)).close()
        monkeypatch.setattr(sys, "argv", ["modelcatalog", "chat", str(folder), "hi", "--tools", str(file), "--max-new-tokens", "120"])
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(typed.encode()), encoding="utf-8"))
        with suppress(SystemExit):
            main()
        out, err = capfd.readouterr()
        assert "call weather(city='Paris', days=3)? [y/N]" in err
        assert f"weather(city='Paris', days=3): {'' if said == 'rain' else 'Error: the user '}{said}" in err
        assert out == "." * 120 + "\n"
        assert (file.parent / "called").exists() == (said == "rain")

    @pytest.mark.parametrize("text", ["1/0", "x = 1", "def f(a: int):\n    return a", 'def f(a):\n    """F."""'])
    def test_wrong_file(self, tmp_path: Path, text: str) -> None:
        """What has no function to call is refused, before anything is loaded."""
        (tmp_path / "mine.py").write_text(text, encoding="utf-8")
        with pytest.raises(Unsupported):
            functions(tmp_path / "mine.py")


class TestServers:
    """The calls that servers read themselves."""

    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[ChatServer]:
        """A server with one model."""
        pytest.importorskip("openai")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        with ChatServer("Qwen/Qwen3-8B") as running:
            yield running

    @pytest.fixture
    def remote(self, server: ChatServer) -> Iterator[mc.ChatModel]:
        """The model on it."""
        with mc.load("Qwen/Qwen3-8B", engine="openai", base_url=server.url) as model:
            yield model

    def test_sent(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """Tools, the choice, calls and answers are sent in OpenAI's words."""
        remote.chat(list(TURN), tools=[WEATHER], tool_choice="auto")
        remote.chat("hi", tools=[WEATHER], tool_choice="none")
        sent, other = (one.body for one in server.asked)
        assert sent["tools"] == [{"type": "function", "function": WEATHER}]
        assert (sent["tool_choice"], other["tool_choice"]) == ("auto", "none")
        assert sent["messages"][1] == {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call00001", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}],
        }
        assert sent["messages"][2] == {"role": "tool", "content": "21 degrees", "tool_call_id": "call00001"}

    @pytest.mark.parametrize(
        "pieces",
        [
            [(0, "a", "weather", ""), (0, None, None, BODY[:9]), (0, None, None, BODY[9:])],
            [(0, "a", "weather", BODY[:9]), (0, None, "", BODY[9:])],
            [(0, "a", "weather", BODY[:9]), (0, "a", "weather", BODY[9:])],
            [(None, "a", "weather", BODY)],
            [(0, "a", "weather", PARIS)],
        ],
    )
    @pytest.mark.parametrize("reason", ["tool_calls", "stop"])
    def test_read(self, server: ChatServer, remote: mc.ChatModel, pieces: list[tuple[Any, ...]], reason: str) -> None:
        """However a server cuts a call into pieces, and whatever it says at the end."""
        server.answer = servers.raw(*[call(*one) for one in pieces], delta(finish=reason), "[DONE]")
        reply = remote.chat("hi", tools=[WEATHER])
        assert reply.tool_calls == (ToolCall(id="a", name="weather", arguments=PARIS),)
        assert reply.finish_reason == "tool_calls"

    @pytest.mark.parametrize("indices", [(0, 1), (0, 0), (None, None)])
    @pytest.mark.parametrize("ids", [("a", "b"), (None, None)])
    def test_two_calls(self, server: ChatServer, remote: mc.ChatModel, indices: tuple[int | None, ...], ids: tuple[str | None, ...]) -> None:
        """Two calls are two, though a server gives them one index, or no id."""
        server.answer = servers.raw(
            *[call(index, ident, "weather", BODY) for index, ident in zip(indices, ids, strict=True)],
            delta(finish="tool_calls"),
            "[DONE]",
        )
        reply = remote.chat("hi", tools=[WEATHER])
        assert [call.arguments for call in reply.tool_calls] == [PARIS, PARIS]
        assert len({call.id for call in reply.tool_calls}) == 2

    @pytest.mark.parametrize(
        ("arguments", "reason", "said"),
        [
            ('{"city": "Par', "tool_calls", "its arguments are not JSON"),
            ('{"city": "Par', "length", "its arguments are not JSON"),
            ('"Paris"', "tool_calls", "not a JSON object"),
            ("{}", "tool_calls", "'city' is a required property"),
            (BODY, None, "closed the connection before the reply was finished"),
        ],
    )
    def test_wrong(self, server: ChatServer, remote: mc.ChatModel, arguments: str, reason: str | None, said: str) -> None:
        """A call that was cut, or does not fit, is never made of what came."""
        server.answer = servers.raw(call(0, "a", "weather", arguments), *([delta(finish=reason)] if reason else []), "[DONE]")
        with pytest.raises(EngineError, match=said):
            remote.chat("hi", tools=[WEATHER])

    def test_a_choice_that_is_ignored(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """A server that was told to call a tool, and answers in words, has ignored it."""
        server.answer = servers.says("It is warm.")
        with pytest.raises(EngineError, match="did not call any tool"):
            remote.chat("hi", tools=[WEATHER], tool_choice="required")
        assert server.asked[-1].body["tool_choice"] == "required"
        server.answer = servers.raw(call(0, "a", "weather", BODY), delta(finish="tool_calls"), "[DONE]")
        with pytest.raises(EngineError, match="though tool_choice='none' asked for an answer"):
            remote.chat("hi", tools=[WEATHER], tool_choice="none")
        server.answer = servers.says("It is warm.")
        with pytest.raises(EngineError, match="did not call weather"):
            remote.chat("hi", tools=[WEATHER], tool_choice="weather")
        assert server.asked[-1].body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}

    def test_run(self, server: ChatServer, remote: mc.ChatModel) -> None:
        """The loop on a server."""
        answers = iter([servers.raw(call(0, "a", "now", ""), delta(finish="tool_calls")), servers.says("Noon.")])

        def answer(request: Any, body: dict[str, Any]) -> None:
            next(answers)(request, body)

        server.answer = answer
        run = remote.session().run("What time?", tools=[now])
        assert run.reply.text == "Noon."
        assert server.asked[1].body["messages"][-1] == {"role": "tool", "content": "12:00", "tool_call_id": "a"}


def delta(*, finish: str | None = None, **said: Any) -> dict[str, Any]:
    """An event of a server."""
    return {"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": said, "finish_reason": finish}]}


def call(index: int | None, ident: str | None, name: str | None, arguments: Any) -> dict[str, Any]:
    """An event with a piece of a call."""
    return delta(tool_calls=[{"index": index, "id": ident, "function": {"name": name, "arguments": arguments}}])
