"""Tests of chat on a tiny Llama: what `ChatModel` promises beside the words, in the seconds that `make check` has."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

import zoo
from modelcatalog.chat import load
from modelcatalog.errors import EngineError, Unsupported

if TYPE_CHECKING:
    from pathlib import Path

    from modelcatalog.chat import ChatModel

ASKED = "abc def"


def test_reply(tiny: ChatModel) -> None:
    """A reply has its text, its end and its figures, and is the same again."""
    reply = tiny.chat(ASKED, max_new_tokens=8, temperature=0)
    assert reply.finish_reason in {"length", "stop"}
    assert 1 <= reply.usage.completion_tokens <= 8
    assert reply.usage.prompt_tokens > len(ASKED)
    assert reply.seconds_to_first_token is not None
    assert tiny.chat(ASKED, max_new_tokens=8, temperature=0).text == reply.text


def test_stream(tiny: ChatModel) -> None:
    """The pieces of a stream are the reply."""
    stream = tiny.stream(ASKED, max_new_tokens=12, temperature=0)
    assert "".join(stream) == stream.reply.text == tiny.chat(ASKED, max_new_tokens=12, temperature=0).text


def test_cancel(tiny: ChatModel) -> None:
    """A stream that is cancelled ends, and the model answers again."""
    stream = tiny.stream(ASKED, max_new_tokens=200, temperature=0)
    for _ in stream:
        stream.cancel()
    assert stream.reply.finish_reason in {"cancelled", "stop"}
    assert stream.reply.usage.completion_tokens < 200
    assert tiny.chat(ASKED, max_new_tokens=1).usage.completion_tokens == 1


def test_session(tiny: ChatModel) -> None:
    """A turn of a session is what the whole conversation would have got, and reads only what is new."""
    session = tiny.session(system="be brief")
    for asked in ("one", "two", "three"):
        reply = session.chat(asked, max_new_tokens=6, temperature=0)
        assert reply.text == tiny.chat(list(session.messages[:-1]), max_new_tokens=6, temperature=0).text
    assert [message.role for message in session.messages] == ["system", *["user", "assistant"] * 3]


def test_batch(tiny: ChatModel) -> None:
    """Replies of a batch come in order, as one by one, and a bad prompt fails alone."""
    prompts = ["a", "a longer one than the others", "\ud83d", "the last"]
    replies = list(tiny.batch(prompts, max_new_tokens=6, temperature=0))
    assert [reply.finish_reason == "error" for reply in replies] == [False, False, True, False]
    assert isinstance(replies[2].error, Unsupported)
    good = [place for place in range(4) if place != 2]
    assert [replies[place].text for place in good] == [tiny.chat(prompts[place], max_new_tokens=6, temperature=0).text for place in good]


def test_complete_and_seed(tiny: ChatModel) -> None:
    """A text is continued as it stands; a seed gives one sample again."""
    assert tiny.complete("abc", max_new_tokens=3, temperature=0).usage.prompt_tokens == 3
    one, two = (tiny.chat(ASKED, max_new_tokens=8, temperature=1.5, seed=7).text for _ in range(2))
    assert one == two


def test_refused(tiny: ChatModel) -> None:
    """What cannot be asked is refused before a token is made."""
    with pytest.raises(Unsupported, match="there is no generation option 'warmth'"):
        tiny.chat(ASKED, warmth=1)
    with pytest.raises(Unsupported, match="the model reads"):
        tiny.chat("x" * 9000)


def test_cut_by_the_context(tmp_path: Path) -> None:
    """A reply that ends because its context is full says so, where more tokens were allowed; one that ends at its own limit does not."""
    with load(zoo.write("llama", tmp_path / "x", few=True), context_length=24, engine="transformers", device="cpu") as model:
        said = r"cut after \d+ tokens, though max_new_tokens=512 allows more: the context is full with the 3 tokens of the prompt"
        with pytest.warns(UserWarning, match=said):
            reply = model.complete("abc", do_sample=False, stop="never")
        assert (reply.finish_reason, reply.context_full) == ("length", True)
        with pytest.warns(UserWarning, match="the context is full"):
            assert [one.context_full for one in model.batch(["a"])] == [True]
        with pytest.warns(UserWarning, match="the context is full"), pytest.raises(EngineError, match="begin a new session"):
            model.complete("abc", regex="x{99}")
        assert not model.complete("abc", max_new_tokens=2).context_full


def test_last_word_of_the_assistant(tiny: ChatModel) -> None:
    """Where some programs go on with the assistant's last message, a reply here is another turn, which is said."""
    told = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "The answer is"}]
    with pytest.warns(UserWarning, match="the reply is another turn behind it, and does not continue it; end with a message of the user"):
        tiny.chat(told, max_new_tokens=2)


def test_a_tokenizer_without_a_decoder(tiny: ChatModel, tmp_path: Path) -> None:
    """Its marks of blanks would stand in every reply, which is said; a whole one says nothing."""
    folder = shutil.copytree(str(tiny.plan.path), tmp_path / "tiny")
    file = folder / "tokenizer.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | {"decoder": None}), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"the tokenizer writes 'a b' as 'a Ġ b': its tokenizer\.json has no decoder"):
        load(folder, device="cpu").close()
