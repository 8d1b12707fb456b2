"""Tests of replies in an event loop, and of conversations that are saved: nothing waits for longer than it must, and nothing goes on."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
from modelcatalog.chat import saving
from modelcatalog.chat.awaiting import Awaited
from modelcatalog.errors import EngineError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUESTION = "What is the capital of France?"
GREEDY: dict[str, Any] = {"temperature": 0, "max_new_tokens": 12}
LONG: dict[str, Any] = {"temperature": 0, "max_new_tokens": 8000}


def threads() -> int:
    """How many threads make replies; waits for those that are ending."""
    end = time.monotonic() + 20
    while (count := sum(one.name == "modelcatalog-reply" for one in threading.enumerate())) and time.monotonic() < end:
        time.sleep(0.01)
    return count


class TestAsync:
    """`achat`, `astream` and `abatch` give what their namesakes give."""

    def test_chat(self, tiny: mc.ChatModel) -> None:
        """The same reply, also in a session, and the same errors."""

        async def all_of_them() -> None:
            expected = tiny.chat(QUESTION, **GREEDY)
            assert str(await tiny.achat(QUESTION, **GREEDY)) == str(expected)
            session = tiny.session("Be terse.", **GREEDY)
            reply = await session.achat(QUESTION)
            assert [one.content for one in session.messages] == ["Be terse.", QUESTION, reply.text]
            with pytest.raises(Unsupported, match="no generation option"):
                await tiny.achat(QUESTION, warmth=3)
            with pytest.raises(Unsupported, match="no message to answer"):
                await tiny.achat([])

        asyncio.run(all_of_them())

    def test_stream(self, tiny: mc.ChatModel) -> None:
        """Pieces as they come, then the reply; ending it early leaves what was made."""

        async def all_of_them() -> None:
            stream = tiny.astream(QUESTION, **GREEDY)
            assert stream.reply is None
            pieces = [piece async for piece in stream]
            assert stream.reply is not None
            assert "".join(pieces) == stream.reply.text
            long = tiny.astream("Tell me a long story.", **LONG)
            count = 0
            async for _ in long:
                count += 1
                if count == 3:
                    long.cancel()
            assert long.reply is not None
            assert long.reply.finish_reason == "cancelled"
            async with tiny.session().astream("Tell me a long story.", **LONG) as left:
                async for _ in left:
                    break

        asyncio.run(all_of_them())
        assert threads() == 0

    def test_cancelling_ends_the_generation(self, tiny: mc.ChatModel) -> None:
        """A task that is cancelled, or runs out of its time, ends the reply, and the next one need not wait for it."""

        async def all_of_them() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(tiny.achat("Tell me a long story.", **LONG), 0.2)

        asyncio.run(all_of_them())
        assert threads() == 0

    def test_eight_at_once(self, tiny: mc.ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
        """Replies that are made at once have one thread for each, and not for each token."""
        started: list[str] = []
        start = threading.Thread.start

        def noted(thread: threading.Thread) -> None:
            started.append(thread.name)
            start(thread)

        async def all_of_them() -> list[mc.Reply]:
            return await asyncio.gather(*(tiny.achat(f"Say {count}.", temperature=0, max_new_tokens=6) for count in range(8)))

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", noted)
            replies = asyncio.run(all_of_them())
        assert [str(reply) for reply in replies] == [str(tiny.chat(f"Say {count}.", temperature=0, max_new_tokens=6)) for count in range(8)]
        # Beside them are the clocks of the prompts' rendering, one each at most; how many threads live at a time is chance.
        assert started.count("modelcatalog-reply") == 8
        assert len(started) <= 8 + 8

    def test_the_loop_turns(self) -> None:
        """While an item is made, other tasks of the loop go on: here the item is made only when they have."""
        turned = threading.Event()

        def source() -> Iterator[bool]:
            yield turned.wait(20)

        async def all_of_them() -> list[bool]:
            items = Awaited(source(), lambda: None)
            first = asyncio.ensure_future(anext(items))
            await asyncio.sleep(0)
            turned.set()
            return [await first]

        assert asyncio.run(all_of_them()) == [True]

    def test_batch(self, tiny: mc.ChatModel) -> None:
        """Replies in order; leaving it ends all of them."""

        async def all_of_them() -> None:
            prompts = [f"Say {count}." for count in range(4)]
            found = [reply.text async for reply in tiny.abatch(prompts, temperature=0, max_new_tokens=5)]
            assert found == [reply.text for reply in tiny.batch(prompts, temperature=0, max_new_tokens=5)]
            async with tiny.abatch((f"Say {count}." for count in range(100_000)), max_new_tokens=5) as endless:
                async for _ in endless:
                    break
            with pytest.raises(Unsupported, match="takes many prompts"):
                tiny.abatch("one")

        asyncio.run(all_of_them())
        assert threads() == 0

    def test_error_of_the_source(self) -> None:
        """An error comes out where it is awaited, after what came before it, and once."""

        def source() -> Iterator[int]:
            yield 1
            message = "it broke"
            raise EngineError(message, subject="x")

        async def all_of_them() -> None:
            items = Awaited(source(), lambda: None)
            assert await anext(items) == 1
            with pytest.raises(EngineError, match="it broke"):
                await anext(items)
            with pytest.raises(StopAsyncIteration):
                await anext(items)

        asyncio.run(all_of_them())


class TestSaved:
    """`Session.save` and `Session.load`."""

    def test_round_trip(self, tiny: mc.ChatModel, tmp_path: Path) -> None:
        """Messages and settings come back, and the next turn is the one that would have come."""
        session = tiny.session("You are terse.", temperature=0, max_new_tokens=9)
        session.chat("\u4f60\u597d, hello")
        session.save(tmp_path / "talk.json")
        loaded = mc.Session.load(tmp_path / "talk.json", tiny)
        assert loaded.messages == session.messages
        assert loaded.settings == {"temperature": 0, "max_new_tokens": 9}
        assert str(loaded.chat("And?")) == str(session.chat("And?"))
        assert "\u4f60\u597d" in (tmp_path / "talk.json").read_text(encoding="utf-8")
        assert [file.name for file in tmp_path.iterdir()] == ["talk.json"]

    def test_other_model(self, tiny: mc.ChatModel, tmp_path: Path) -> None:
        """A conversation goes on with another model, and says so; another spelling of the same is the same."""
        tiny.session("x").save(tmp_path / "a.json")
        text = (tmp_path / "a.json").read_text(encoding="utf-8")
        (tmp_path / "b.json").write_text(text.replace(tiny.name.source, "Qwen3-8B"), encoding="utf-8")
        with pytest.warns(UserWarning, match="a conversation with Qwen3-8B"):
            mc.Session.load(tmp_path / "b.json", tiny)

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            (None, "cannot be read"),
            ("", "is not a saved session"),
            ("[]", "is not a saved session"),
            ('{"format": "x", "version": 1, "model": "a"}', "is 'x'"),
            ('{"format": "modelcatalog session", "version": 99, "model": "a"}', "has version 99"),
            ('{"format": "modelcatalog session", "version": 1, "model": "a", "messages": [{"role": "king", "content": "x"}]}', "messages.0.role"),
            ('{"format": "modelcatalog session", "version": 1, "model": "a", "settings": {"warmth": 1}}', "no generation option"),
        ],
    )
    def test_not_a_session(self, tiny: mc.ChatModel, tmp_path: Path, text: str | None, said: str) -> None:
        """Any other file is refused with its reason."""
        file = tmp_path / "talk.json"
        if text is not None:
            file.write_text(text, encoding="utf-8")
        with pytest.raises(Unsupported, match=said):
            mc.Session.load(file, tiny)

    def test_unsaveable(self, tiny: mc.ChatModel, tmp_path: Path) -> None:
        """A setting that is not JSON is named, and an old file stays as it was."""
        file = tmp_path / "talk.json"
        tiny.session().save(file)
        before = json.loads(file.read_text(encoding="utf-8"))
        with pytest.raises(Unsupported, match="cannot be saved"):
            tiny.session(response_format=dict[str, int]).save(file)
        with pytest.raises(Unsupported, match="cannot be saved"):
            saving.write(file, "tiny", {"chat_template": "\udc80"}, ())
        assert json.loads(file.read_text(encoding="utf-8")) == before
        assert [one.name for one in tmp_path.iterdir()] == [file.name]
        with pytest.raises(Unsupported, match="cannot be written"):
            tiny.session().save(tmp_path / "nowhere" / "talk.json")

    def test_settings_checked_at_once(self, tiny: mc.ChatModel) -> None:
        """A wrong setting is refused when the session begins."""
        with pytest.raises(Unsupported, match="no generation option"):
            tiny.session(warmth=3)
