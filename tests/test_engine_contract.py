"""The contract of `ChatModel`, one body of tests for every engine.

transformers always runs. ``MODELCATALOG_TEST_ENGINES``, a list with commas, names others to run in its place; one that is
named and not installed is a failure. `make test-engines` runs each in the environment that it lives in, among them ``fifth``,
which is one folder beside these tests and one entry.
"""

from __future__ import annotations

import os
import threading
import tomllib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import adapterzoo
import mlxmade
import modelcatalog as mc
import zoo
from loopback.serving import transformers_serve
from modelcatalog.errors import EngineError, NoChatTemplate, Unsupported
from modelcatalog.planning.runs import ENGINES as ENGINES_KNOWN
from modelcatalog.planning.runs import Engine
from modelcatalog.shipped import checked

if TYPE_CHECKING:
    from collections.abc import Iterator

# Of Japan and not of France: there the first token leads by 0.1, which the rounding of bfloat16 or of packed weights turns over.
QUESTION = "What is the capital of Japan?"
ANSWER = "The capital of Japan is Tokyo."
STORY = "Tell me a long story about a dragon."
ENGINES = [name for name in os.environ.get("MODELCATALOG_TEST_ENGINES", "").split(",") if name] or ["transformers"]


@pytest.fixture(scope="module", autouse=True)
def fifth() -> Iterator[Engine]:
    """One more engine: its entry, as it would stand in ``data/engines.toml``."""
    entry = checked(Engine, tomllib.loads((Path(__file__).parent / "fifthengine" / "engine.toml").read_text(encoding="utf-8")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ENGINES_KNOWN, entry.name, entry)
        yield entry


@pytest.fixture(scope="module", params=ENGINES)
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """An engine, and the model in the form that it reads."""
    engine = str(request.param)
    file = "gguf_file" if engine in {"transformers", "llama.cpp"} else "safetensors_folder"
    folder: Path = request.getfixturevalue(file)
    return engine, str(mlxmade.write(folder, tmp_path_factory.mktemp("mlx") / "SmolLM2-135M-Instruct-mixed") if engine == "mlx" else folder)


@pytest.fixture(scope="module")
def chat(source: tuple[str, str], request: pytest.FixtureRequest) -> Iterator[mc.ChatModel]:
    """The real SmolLM2 on that engine, loaded once."""
    engine, path = source
    if engine == "transformers":
        yield request.getfixturevalue("model")  # that of all tests
        return
    if engine == "openai":
        with pytest.MonkeyPatch.context() as patch, transformers_serve(path) as url:
            patch.setenv("MODELCATALOG_SERVER_TIMEOUT", "120")
            patch.setenv("NO_PROXY", "127.0.0.1")
            with mc.load(path, engine="openai", base_url=url, api_key="none") as model:
                yield model
        return
    with mc.load(path, engine=engine, device="cpu", context_length=4096) as model:
        yield model


@pytest.fixture(scope="module")
def speaker(source: tuple[str, str], request: pytest.FixtureRequest) -> mc.ChatModel:
    """A model on that engine of which it does not matter what it says; transformers has one of random weights, which says it sooner."""
    made: mc.ChatModel = request.getfixturevalue("small" if source[0] == "transformers" else "chat")
    return made


@pytest.fixture(scope="module")
def answer(speaker: mc.ChatModel) -> str:
    """What it answers."""
    return ask(speaker, QUESTION).text


def ask(model: mc.ChatModel, prompt: Any, **generation: Any) -> mc.Reply:
    """A greedy reply."""
    return model.chat(prompt, **{"temperature": 0, "max_new_tokens": 24, **generation})


def local(model: mc.ChatModel) -> bool:
    """Whether the engine itself counts tokens and writes the template; a server does so elsewhere."""
    return not model.plan.served


def test_reply(chat: mc.ChatModel) -> None:
    """A text is answered in the model's own words, with all the figures of a reply."""
    reply = ask(chat, QUESTION)
    assert str(reply) == reply.text == ANSWER
    assert reply.thinking is None
    assert reply.error is None
    assert reply.finish_reason == "stop"
    assert reply.usage.prompt_tokens == 37
    assert reply.usage.completion_tokens in {7, 8}, "the token that ends a reply is counted or not"
    assert reply.seconds_to_first_token is not None
    assert reply.seconds_to_first_token > 0
    assert reply.tokens_per_second is not None
    assert reply.tokens_per_second > 0


def test_messages_and_system(speaker: mc.ChatModel) -> None:
    """Messages are as good as a text, and ``system=`` is a message before them."""
    messages = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": QUESTION}]
    by_hand, by_argument = ask(speaker, messages), ask(speaker, QUESTION, system="You are terse.")
    assert by_hand.text == by_argument.text
    assert by_hand.usage.prompt_tokens == by_argument.usage.prompt_tokens < 37


def test_stream(chat: mc.ChatModel) -> None:
    """The pieces come one by one, and joined they are the reply."""
    stream = chat.stream(QUESTION, temperature=0, max_new_tokens=24)
    pieces = list(stream)
    assert len(pieces) > 3
    assert "".join(pieces) == stream.reply.text == ANSWER


def test_cancel(speaker: mc.ChatModel, answer: str) -> None:
    """`cancel` in mid-stream ends the reply, keeps what was made, and leaves the model ready."""
    stream = speaker.stream(STORY, temperature=0, max_new_tokens=400)
    for count, _ in enumerate(stream):
        if count == 3:
            stream.cancel()
    assert stream.reply.finish_reason == "cancelled"
    assert stream.reply.text
    assert stream.reply.usage.completion_tokens < 100
    assert ask(speaker, QUESTION).text == answer


def test_cancel_from_another_thread(speaker: mc.ChatModel) -> None:
    """A reply that one thread reads, another can end."""
    stream = speaker.stream(STORY, temperature=0.7, max_new_tokens=2000)
    timer = threading.Timer(1.0, stream.cancel)
    timer.start()
    reply = stream.reply
    timer.cancel()
    assert reply.finish_reason in {"cancelled", "stop"}
    assert reply.usage.completion_tokens < 1000


def test_leaving_the_loop(speaker: mc.ChatModel, answer: str) -> None:
    """Closing the stream ends the generation, and leaves the model ready."""
    stream = speaker.stream(STORY, temperature=0, max_new_tokens=400)
    next(stream)
    stream.close()
    assert stream.reply.finish_reason == "cancelled"
    assert ask(speaker, QUESTION).text == answer


def test_session(speaker: mc.ChatModel) -> None:
    """A conversation goes on where it was, as if its history had been sent whole."""
    session = speaker.session(system="You are a helpful assistant.")
    first = session.chat(QUESTION, temperature=0, max_new_tokens=16)
    second = session.chat("And of Italy?", temperature=0, max_new_tokens=16)
    assert [m.role for m in session.messages] == ["system", "user", "assistant", "user", "assistant"]
    assert session.messages[2].content == first.text
    assert second.usage.prompt_tokens > first.usage.prompt_tokens
    assert ask(speaker, session.messages[:-1], max_new_tokens=16).text == second.text


def test_sessions_alternate(speaker: mc.ChatModel, chat: mc.ChatModel) -> None:
    """Two conversations in turn do not hear each other."""
    one, two = speaker.session(), speaker.session()
    asked = (("My name is Anna.", "I live in Oslo."), ("What is my name?", "Where do I live?"))
    for first, second in asked:
        last = (one.chat(first, temperature=0, max_new_tokens=8), two.chat(second, temperature=0, max_new_tokens=8))
    assert last[0].text == ask(speaker, one.messages[:-1], max_new_tokens=8).text
    assert last[1].text == ask(speaker, two.messages[:-1], max_new_tokens=8).text
    assert "Oslo" not in last[0].text
    assert "Anna" not in last[1].text
    if speaker is not chat:  # each of its words hangs on all that it has heard
        assert last[0].text != last[1].text


def test_cancelled_turn(speaker: mc.ChatModel) -> None:
    """A cancelled reply stays in the history as far as it came, and the conversation goes on."""
    session = speaker.session()
    stream = session.stream(STORY, temperature=0, max_new_tokens=400)
    for count, _ in enumerate(stream):
        if count == 3:
            stream.cancel()
    assert session.messages[-1].content == stream.reply.text
    again = session.chat("Stop. " + QUESTION, temperature=0, max_new_tokens=16)
    assert ask(speaker, session.messages[:-1], max_new_tokens=16).text == again.text


def test_length(chat: mc.ChatModel) -> None:
    """Too few tokens end a reply with ``length``."""
    reply = ask(chat, QUESTION, max_new_tokens=3)
    assert (reply.finish_reason, reply.usage.completion_tokens) == ("length", 3)
    assert ANSWER.startswith(reply.text)


def test_stop_strings(chat: mc.ChatModel) -> None:
    """A reply ends before the first of its stop strings."""
    reply = ask(chat, QUESTION, stop=["nowhere", " is"])
    assert (reply.text, reply.finish_reason) == ("The capital of Japan", "stop")


def test_seed(speaker: mc.ChatModel) -> None:
    """A seed makes sampling repeatable, and another seed is another reply."""

    def sample(seed: int) -> str:
        return speaker.chat(STORY, temperature=1.2, seed=seed, max_new_tokens=6).text

    assert sample(1) == sample(1)
    if local(speaker):  # transformers serve samples only where generation_config.json says do_sample
        assert len({sample(seed) for seed in range(1, 5)}) > 1


def test_option_names(speaker: mc.ChatModel, answer: str, chat: mc.ChatModel) -> None:
    """Options under their usual names: those that narrow sampling to the likeliest token make it greedy."""
    assert ask(speaker, QUESTION, temperature=0.7, top_p=0.001, seed=1).text == answer
    if local(speaker):
        assert ask(speaker, QUESTION, temperature=0.7, top_k=1).text == answer
        assert ask(speaker, QUESTION, temperature=0.7, min_p=1.0).text == answer
        assert ask(speaker, QUESTION, do_sample=False).text == answer
        assert ask(chat, QUESTION, repetition_penalty=1.8).text != ANSWER


@pytest.mark.parametrize("wrong", [{"temprature": 1}, {"temperature": -1}, {"top_p": 2}, {"seed": "x"}])
def test_wrong_options(chat: mc.ChatModel, wrong: dict[str, Any]) -> None:
    """An option that does not exist or cannot be so is `Unsupported` and named."""
    with pytest.raises(Unsupported, match=next(iter(wrong))):
        chat.chat(QUESTION, **wrong)


def test_chat_template(chat: mc.ChatModel) -> None:
    """A template of one's own is used, or refused by name; never ignored."""
    template = "{% for m in messages %}{{ m.content }}{% endfor %} The capital of Japan is"
    if not local(chat):
        with pytest.raises(Unsupported, match="chat_template"):
            ask(chat, QUESTION, chat_template=template)
        return
    assert "Tokyo" in ask(chat, QUESTION, chat_template=template, max_new_tokens=4).text
    with pytest.raises(Unsupported, match="refused these messages: no"):
        ask(chat, QUESTION, chat_template="{{ raise_exception('no') }}")


def test_thinking(speaker: mc.ChatModel) -> None:
    """Thinking is parted from the answer, also where the template has opened it."""
    if not local(speaker):
        pytest.skip("a server writes its own template")
    opened = "{% for m in messages %}{{ m.content }}{% endfor %}\n<think>\n"
    stream = speaker.stream("Paris is a city.", chat_template=opened, temperature=0, max_new_tokens=8)
    assert "".join(stream) == ""
    assert stream.reply.thinking


def test_constraint(speaker: mc.ChatModel) -> None:
    """A reply that must match something does, or is an error: some servers take what is asked for and ignore it."""
    schema = {"type": "object", "properties": {"city": {"enum": ["Tokyo", "Kyoto"]}}, "required": ["city"], "additionalProperties": False}
    asked: list[tuple[dict[str, Any], tuple[Any, ...]]] = [
        ({"response_format": schema}, ({"city": "Tokyo"}, {"city": "Kyoto"})),
        ({"choices": ["Tokyo", "Kyoto"]}, ("Tokyo", "Kyoto")),
        ({"regex": "[TK][a-z]{4}"}, ()),
    ]
    for given, values in asked:
        try:
            parsed = ask(speaker, QUESTION, **given).parsed
        except (EngineError, Unsupported):
            assert not local(speaker)
            continue
        assert parsed in values if values else len(parsed) == 5


TOOLS = (
    "{% if tools %}<|im_start|>system\nTools:{% for t in tools %}\n{{ t | tojson }}{% endfor %}<|im_end|>\n{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}"
    "{% for c in m.tool_calls or [] %}<tool_call>\n{{ (c.function or c) | tojson }}\n</tool_call>{% endfor %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def clock(city: str) -> str:
    """The time in a city.

    Args:
        city: The city.
    """
    return f"It is noon in {city}."


def clocked(city: str, number: int) -> list[dict[str, Any]]:
    """A turn in which the clock was asked."""
    call = {"id": f"call{number:05}", "function": {"name": "clock", "arguments": {"city": city}}}
    answers: list[dict[str, Any]] = [{"role": "assistant", "content": "", "tool_calls": [call]}, {"role": "tool", "content": clock(city)}]
    return [{"role": "user", "content": f"What time is it in {city}?"}, *answers, {"role": "assistant", "content": clock(city)}]


def test_tools(chat: mc.ChatModel) -> None:
    """A call is read with its arguments, and a session calls the function until the answer stands; what cannot is refused before a token."""
    if not local(chat):
        with pytest.raises((Unsupported, EngineError)):
            ask(chat, QUESTION, tools=[clock], chat_template=TOOLS)
        return
    with pytest.raises(Unsupported, match="tools"):
        ask(chat, QUESTION, tools=[clock])  # its own template has no place for them
    before = [one for number, city in enumerate(("Rome", "Oslo", "Lima")) for one in clocked(city, number)]
    asked = {"role": "user", "content": "What time is it in Rome?"}
    reply = ask(chat, [*before, asked], tools=[clock], chat_template=TOOLS, max_new_tokens=48)
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [("clock", {"city": "Rome"})]
    assert (reply.text, reply.finish_reason) == ("", "tool_calls")
    told = [*before, asked, {"role": "assistant", "content": "", "tool_calls": reply.tool_calls}, {"role": "tool", "content": clock("Rome")}]
    assert "noon" in ask(chat, told, tools=[clock], chat_template=TOOLS).text


def bare(path: Path) -> tuple[Any, Any]:
    """Model and tokenizer as transformers alone reads them."""
    import transformers

    place = {"pretrained_model_name_or_path": str(path.parent), "gguf_file": path.name} if path.is_file() else {"pretrained_model_name_or_path": str(path)}
    return transformers.AutoModelForCausalLM.from_pretrained(**place), transformers.AutoTokenizer.from_pretrained(**place)


def test_adapter(source: tuple[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """An adapter that was taught one answer gives it; a server loads its own."""
    engine, path = source
    if not ENGINES_KNOWN[engine].adapters:
        given = adapterzoo.write(tmp_path / "lora", path)
        with pytest.raises(Unsupported, match="adapter"):
            mc.plan(path, engine=engine, adapter=given, **({"base_url": "http://127.0.0.1:9/v1"} if engine == "openai" else {}))  # type: ignore[arg-type]
        return
    if engine == "transformers":
        pytest.importorskip("peft")
        speaker: Any = request.getfixturevalue("speaker")  # what it has read already serves, and is taught sooner than the real one
        base, words, path = speaker._engine._model, speaker._engine._tokenizer, str(speaker.plan.path)
    else:
        base, words = bare(Path(path))
    made = adapterzoo.taught(base, words, QUESTION, tmp_path / "lora", path)
    given = adapterzoo.gguf(made, tmp_path / "lora.gguf") if engine == "llama.cpp" else made
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what an adapter beside the weights costs
        model = mc.load(path, engine=engine, adapter=given, device="cpu", context_length=512)
    with model:
        assert model.plan.adapter is not None
        assert ask(model, QUESTION, max_new_tokens=6).text.startswith(adapterzoo.TAUGHT[:12])


def test_batch(speaker: mc.ChatModel) -> None:
    """Replies come in the order of the prompts, and one that fails keeps its place and loses no other."""
    prompts: list[Any] = [QUESTION, [{"role": "wizard", "content": "x"}], QUESTION, "Say yes.", QUESTION]
    replies = list(speaker.batch(prompts, temperature=0, max_new_tokens=12))
    answer = ask(speaker, QUESTION, max_new_tokens=12).text
    assert [reply.text == answer for reply in replies] == [True, False, True, False, True]
    assert replies[1].finish_reason == "error"
    assert isinstance(replies[1].error, Unsupported)
    assert replies[3].finish_reason in {"stop", "length"}


def test_complete(chat: mc.ChatModel) -> None:
    """A text is continued as it stands."""
    reply = chat.complete("The capital of France is", max_new_tokens=2, temperature=0)
    assert reply.text.startswith(" Paris")
    assert reply.usage.prompt_tokens == 5


def test_threads(speaker: mc.ChatModel, answer: str) -> None:
    """Eight threads at once all get the right reply."""
    replies: list[str] = []
    threads = [threading.Thread(target=lambda: replies.append(str(ask(speaker, QUESTION)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert replies == [answer] * 8


def test_prompt_too_long(chat: mc.ChatModel) -> None:
    """A prompt longer than the context is refused, not cut."""
    if not local(chat):
        pytest.skip("a server has its own limit")
    with pytest.raises(Unsupported, match="the model reads"):
        ask(chat, "word " * 9000)


def test_screen_stays_clean(speaker: mc.ChatModel, capfd: pytest.CaptureFixture[str]) -> None:
    """Chatting prints nothing."""
    ask(speaker, QUESTION)
    speaker.chat(QUESTION, temperature=0.5, top_p=0.9, seed=1, max_new_tokens=4)
    assert capfd.readouterr() == ("", "")


def test_base_model(source: tuple[str, str], speaker: mc.ChatModel, request: pytest.FixtureRequest) -> None:
    """A base model refuses to chat and says what to do; each way out works. A server does not tell which it has."""
    engine, _ = source
    if engine == "openai":
        pytest.skip("a server does not tell whether its model has a template")
    path: Path = request.getfixturevalue({"llama.cpp": "base_file", "transformers": "small_base_folder"}.get(engine, "base_folder"))
    with mc.load(path, engine=engine, device="cpu", context_length=2048) as model:
        assert not model.has_chat_template
        with pytest.raises(NoChatTemplate, match="no chat template") as caught:
            model.chat(QUESTION)
        assert caught.value.hint == "use .complete(text), pass chat_template=, or load the instruct version of it"
        begun = "The capital of France is"
        assert model.complete(begun, max_new_tokens=2, temperature=0).text == speaker.complete(begun, max_new_tokens=2, temperature=0).text != ""
        template = "{% for m in messages %}{{ m.content }}{% endfor %} The capital of Japan is"
        said = [ask(one, QUESTION, chat_template=template, max_new_tokens=4).text for one in (model, speaker)]
        assert said[0] == said[1] != ""


def test_use_after_close(source: tuple[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """A closed model says so; the last test of the file, since all share the model."""
    shared = source[0] == "transformers"  # with other files too
    chat = mc.load(zoo.write("llama", tmp_path / "llama"), device="cpu") if shared else request.getfixturevalue("chat")
    chat.close()
    with pytest.raises(EngineError, match="was closed"):
        chat.chat(QUESTION)
    chat.close()
