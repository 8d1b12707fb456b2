"""Tests of replies in an event loop, and of conversations that are saved: nothing waits for longer than it must, and nothing goes on."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
from modelcatalog.chat.awaiting import Awaited
from modelcatalog.errors import EngineError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

QUESTION = "What is the capital of France?"
GREEDY: dict[str, Any] = {"temperature": 0, "max_new_tokens": 12}


def threads() -> int:
    """How many threads make replies; waits for those that are ending."""
    end = time.monotonic() + 20
    while (count := sum(one.name == "modelcatalog-reply" for one in threading.enumerate())) and time.monotonic() < end:
        time.sleep(0.01)
    return count


class TestAsync:
    """`achat`, `astream` and `abatch` give what their namesakes give."""

    def test_chat(self, model: mc.ChatModel) -> None:
        """The same reply, also in a session, and the same errors."""

        async def all_of_them() -> None:
            expected = model.chat(QUESTION, **GREEDY)
            assert str(await model.achat(QUESTION, **GREEDY)) == str(expected)
            session = model.session("Be terse.", **GREEDY)
            reply = await session.achat(QUESTION)
            assert [one.content for one in session.messages] == ["Be terse.", QUESTION, reply.text]
            with pytest.raises(Unsupported, match="no generation option"):
                await model.achat(QUESTION, warmth=3)
            with pytest.raises(Unsupported, match="no message to answer"):
                await model.achat([])

        asyncio.run(all_of_them())

    def test_stream(self, model: mc.ChatModel) -> None:
        """Pieces as they come, then the reply; ending it early leaves what was made."""

        async def all_of_them() -> None:
            stream = model.astream(QUESTION, **GREEDY)
            assert stream.reply is None
            pieces = [piece async for piece in stream]
            assert stream.reply is not None
            assert "".join(pieces) == stream.reply.text
            long = model.astream("Tell me a long story.", max_new_tokens=400)
            count = 0
            async for _ in long:
                count += 1
                if count == 3:
                    long.cancel()
            assert long.reply is not None
            assert long.reply.finish_reason == "cancelled"
            async with model.session().astream("Tell me a long story.", max_new_tokens=400) as left:
                async for _ in left:
                    break

        asyncio.run(all_of_them())
        assert threads() == 0

    def test_cancelling_ends_the_generation(self, model: mc.ChatModel) -> None:
        """A task that is cancelled, or runs out of its time, ends the reply, and the next one need not wait for it."""

        async def all_of_them() -> None:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(model.achat("Tell me a long story.", max_new_tokens=2000), 1)

        asyncio.run(all_of_them())
        assert threads() == 0

    def test_eight_at_once(self, model: mc.ChatModel) -> None:
        """The loop turns while replies are made, with one thread for each and not for each token."""

        async def all_of_them() -> tuple[list[mc.Reply], int, int]:
            turns = most = 0
            done = asyncio.Event()

            async def tick() -> None:
                nonlocal turns, most
                while not done.is_set():
                    turns += 1
                    most = max(most, threading.active_count())
                    await asyncio.sleep(0.01)

            ticking = asyncio.create_task(tick())
            replies = await asyncio.gather(*(model.achat(f"Say {count}.", temperature=0, max_new_tokens=6) for count in range(8)))
            done.set()
            await ticking
            return replies, turns, most

        before = threading.active_count()
        replies, turns, most = asyncio.run(all_of_them())
        assert [str(reply) for reply in replies] == [str(model.chat(f"Say {count}.", temperature=0, max_new_tokens=6)) for count in range(8)]
        assert turns > 5
        assert most <= before + 8 + 1

    def test_batch(self, model: mc.ChatModel) -> None:
        """Replies in order; leaving it ends all of them."""

        async def all_of_them() -> None:
            prompts = [f"Say {count}." for count in range(4)]
            found = [reply.text async for reply in model.abatch(prompts, temperature=0, max_new_tokens=5)]
            assert found == [reply.text for reply in model.batch(prompts, temperature=0, max_new_tokens=5)]
            async with model.abatch((f"Say {count}." for count in range(100_000)), max_new_tokens=5) as endless:
                async for _ in endless:
                    break
            with pytest.raises(Unsupported, match="takes many prompts"):
                model.abatch("one")

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

    def test_round_trip(self, model: mc.ChatModel, tmp_path: Path) -> None:
        """Messages and settings come back, and the next turn is the one that would have come."""
        session = model.session("You are terse.", temperature=0, max_new_tokens=9)
        session.chat("\u4f60\u597d, hello")
        session.save(tmp_path / "talk.json")
        loaded = mc.Session.load(tmp_path / "talk.json", model)
        assert loaded.messages == session.messages
        assert loaded.settings == {"temperature": 0, "max_new_tokens": 9}
        assert str(loaded.chat("And?")) == str(session.chat("And?"))
        assert "\u4f60\u597d" in (tmp_path / "talk.json").read_text(encoding="utf-8")
        assert [file.name for file in tmp_path.iterdir()] == ["talk.json"]

    def test_other_model(self, model: mc.ChatModel, tmp_path: Path) -> None:
        """A conversation goes on with another model, and says so; another spelling of the same is the same."""
        model.session("x").save(tmp_path / "a.json")
        text = (tmp_path / "a.json").read_text(encoding="utf-8")
        (tmp_path / "b.json").write_text(text.replace(model.name.source, "Qwen3-8B"), encoding="utf-8")
        with pytest.warns(UserWarning, match="a conversation with Qwen3-8B"):
            mc.Session.load(tmp_path / "b.json", model)

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
    def test_not_a_session(self, model: mc.ChatModel, tmp_path: Path, text: str | None, said: str) -> None:
        """Any other file is refused with its reason."""
        file = tmp_path / "talk.json"
        if text is not None:
            file.write_text(text, encoding="utf-8")
        with pytest.raises(Unsupported, match=said):
            mc.Session.load(file, model)

    def test_unsaveable(self, model: mc.ChatModel, tmp_path: Path) -> None:
        """A setting that is not JSON is named, and an old file stays as it was."""
        file = tmp_path / "talk.json"
        model.session().save(file)
        before = json.loads(file.read_text(encoding="utf-8"))
        with pytest.raises(Unsupported, match="cannot be saved"):
            model.session(response_format=dict[str, int]).save(file)
        assert json.loads(file.read_text(encoding="utf-8")) == before
        with pytest.raises(Unsupported, match="cannot be written"):
            model.session().save(tmp_path / "nowhere" / "talk.json")

    def test_settings_checked_at_once(self, model: mc.ChatModel) -> None:
        """A wrong setting is refused when the session begins."""
        with pytest.raises(Unsupported, match="no generation option"):
            model.session(warmth=3)
