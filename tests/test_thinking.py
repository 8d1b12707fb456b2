"""Tests of engines/thinking: thinking apart from the answer, however a family marks it and however the stream is cut."""

from __future__ import annotations

import warnings
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelcatalog import vocabulary
from modelcatalog.engines.prompts.thinking import Parter, Piece, marks, opens

HARMONY = frozenset({"<|start|>", "<|channel|>", "<|constrain|>", "<|message|>", "<|end|>", "<|return|>", "<|call|>"})
FIRST = ("<|channel|>", "analysis", "<|message|>", "x", "<|end|>")
FINAL = ("<|start|>", "assistant", "<|channel|>", "final", "<|message|>", "y")
COMMAND = frozenset({"<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>", "<|END_RESPONSE|>"})


def cut(text: str, places: list[int]) -> list[str]:
    """The text in pieces."""
    ends = [0, *sorted(p % (len(text) + 1) for p in places), len(text)]
    return [text[a:b] for a, b in pairwise(ends)]


def parts(pieces: list[Piece]) -> tuple[str, str]:
    """The answer and the thinking."""
    return "".join(p.text for p in pieces if not p.thinking and p.shown), "".join(p.text for p in pieces if p.thinking).strip()


class TestText:
    """Marks as letters, wherever the stream is cut."""

    @pytest.mark.parametrize(
        ("text", "tail", "answer", "thinking"),
        [
            ("<think>\nhm\n</think>\n\nParis", "", "Paris", "hm"),
            ("hm</think>Paris", "<|im_start|>assistant\n<think>\n", "Paris", "hm"),
            ("Paris", "assistant\n<think>\n\n</think>\n\n", "Paris", ""),
            ("Paris", "", "Paris", ""),
            ("\n\n    code", "", "\n\n    code", ""),
            ("hm, not done", "<think>", "", "hm, not done"),
            ("a < b and <think> is a tag", "", "a < b and <think> is a tag", ""),
            ("<think>x</think>use <think> tags", "", "use <think> tags", "x"),
            ("<think>x</think>\n", "", "", "x"),
            ("[THINK]x[/THINK]y", "", "y", "x"),
            ("◁think▷x◁/think▷y", "", "y", "x"),
            ("\n<think>x</think>y", "", "y", "x"),
            ("<thought>\nx\n</thought>\ny", "", "y", "x"),
            ("<thinking>x</thinking>\n<reflection>z</reflection>\n<output>\ny\n</output>", "", "y", "xz"),
            ("<think>\n\n</think>\n<answer>\ny\n</answer>", "", "y", ""),
            ("<think>x</think>\n\n<response>\ny\n\nz\n</response>\n", "", "y\n\nz", "x"),
            ("<answer>y</answer>", "", "<answer>y</answer>", ""),
            ("used 5</seed:cot_budget_reflect>x</seed:think>y", "<seed:think><seed:cot_budget_reflect>", "y", "used 5</seed:cot_budget_reflect>x"),
            ("y", "<seed:think><seed:cot_budget_reflect>0</seed:cot_budget_reflect>\n</seed:think>", "y", ""),
            ("<|channel>thought\nx<channel|>y", "", "y", "x"),
            ("x<channel|>y", "<|turn>model\n<|channel>thought\n", "y", "x"),
            ("Here's my thought process: x Here is my response: y", "", "y", "x"),
            ("Here are my reasoning steps:\nx\n[BEGIN FINAL RESPONSE]\ny\n[END FINAL RESPONSE]\n", "", "y", "x"),
            ("<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>y<|return|>", "", "y", "x"),
            ("y\n</answer>", "<think>\n\n</think>\n<answer>\n", "y", ""),
            ("x\n[BEGIN FINAL RESPONSE]\ny", "<|begin_assistant|>\nHere are my reasoning steps:\n", "y", "x"),
            ("x", "<|begin_assistant|>\nHere are my reasoning steps:\n", "", "x"),
            ("x<|close|>think<|sep|><|open|>response<|sep|>y<|close|>response<|sep|><|close|>message<|sep|>", "<|open|>think<|sep|>", "y", "x"),
            ("y<|close|>response<|sep|><|close|>message<|sep|>", "<|open|>response<|sep|>", "y", ""),
            ("y", "<|turn>model\n<|channel>thought\n<channel|>", "y", ""),
            ("<|think|>x<|end|><|begin|>assistant<|content|>y<|flush|>", "<|begin|>assistant", "y", "x"),
            ("<unused94>thought\nx<unused95>y", "", "y", "x"),
            ("<", "", "<", ""),
            ("<think>\nx</think>\ny", "<think>\n", "y", "x"),
            ("<thin</think>y", "<think>\n", "y", "<thin"),
        ],
    )
    @given(places=st.lists(st.integers(0, 90), max_size=6))
    def test_any_cut(self, text: str, tail: str, answer: str, thinking: str, places: list[int]) -> None:
        """The same parts come out, wherever the text is cut into pieces."""
        parter = Parter(tail)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "the model ended its reply within its thinking")
            pieces = [piece for part in cut(text, places) for piece in parter.push(part)] + parter.rest(done=True)
        assert parts(pieces) == (answer, thinking)

    def test_ended_within(self) -> None:
        """A reply that ends by itself within its thinking has no answer, which is said; one that was cut says so by its reason."""
        parter = Parter("<|im_start|>assistant\n<think>\n")
        assert parts(parter.push("Paris.")) == ("", "Paris.")
        with pytest.warns(UserWarning, match="ended its reply within its thinking"):
            parter.rest(done=True)
        assert Parter("<think>\n").rest(done=False) == []

    def test_opened_twice(self) -> None:
        """A model may write the mark that its template wrote already, as a token too."""
        parter = Parter("<think>\n", tokens={"<think>", "</think>"})
        assert parts([*parter.mark("<think>"), *parter.push("\nx"), *parter.mark("</think>"), *parter.push("y")]) == ("y", "x")

    def test_a_sentence_is_no_mark_alone(self) -> None:
        """A reply that begins like Granite's thinking and never comes to its response was the answer; one that was cut is not."""
        text = "Here is my thought process: first, add."
        for done, expected in ((True, (text, "")), (False, ("", "first, add."))):
            parter = Parter()
            assert parts(parter.push(text) + parter.rest(done=done)) == expected

    def test_tags_that_were_asked_for(self) -> None:
        """Whoever asks for <answer> tags gets them."""
        parter = Parter(asked="Put the result into <answer> tags.")
        assert parts(parter.push("<think>x</think><answer>4</answer>") + parter.rest(done=True)) == ("<answer>4</answer>", "x")

    def test_parted_before(self) -> None:
        """Thinking that a server parted is followed by the answer, without its wrapper and line breaks."""
        parter = Parter()
        assert parts(parter.thought("x") + parter.push("\n\n<answer>y</answer>") + parter.rest(done=True)) == ("y", "x")


class TestTokens:
    """Marks as tokens, which decoding may lose."""

    def part(self, *reply: str, tokens: frozenset[str], tail: str = "") -> tuple[str, str, bool]:
        """Answer, thinking, and whether the marks ended the reply."""
        parter = Parter(tail, tokens=tokens)
        pieces = [piece for one in reply for piece in (parter.mark(one) if one in tokens else [p for c in one for p in parter.push(c)])]
        return *parts(pieces + parter.rest(done=True)), parter.over

    def test_letters_are_no_mark(self) -> None:
        """Where the closing mark is a token, its letters within the thinking are text about it."""
        tokens = frozenset({"<think>", "</think>"})
        assert self.part("<think>", "write </think>?", "</think>", "ok <think>", tokens=tokens) == ("ok <think>", "write </think>?", False)

    def test_a_mark_in_the_answer(self) -> None:
        """A tag in an answer is text about tags, also as a token."""
        assert self.part("use ", "<think>", " tags", tokens=frozenset({"<think>", "</think>"})) == ("use <think> tags", "", False)

    @pytest.mark.parametrize(
        ("reply", "tail", "expected"),
        [
            ((*FIRST, *FINAL, "<|return|>"), "", ("y", "x", True)),
            (("<|channel|>", "analysis", "<|message|>", "x"), "<|start|>assistant", ("", "x", False)),
            (("<|channel|>", "analy"), "<|start|>assistant", ("", "", False)),
            (("x", "<|end|>", *FINAL, "<|end|>"), "<|start|>assistant<|channel|>analysis<|message|>", ("y", "x", True)),
            ((*FIRST, "<|start|>", "assistant", "<|channel|>", "commentary", "<|message|>", "z", "<|end|>", *FINAL), "", ("y", "x\nz", False)),
            (("<|channel|>", "commentary to=functions.f ", "<|constrain|>", "json", "<|message|>", "{}", "<|call|>"), "", ("", "to=functions.f: {}", True)),
            (("y",), "<|start|>assistant<|channel|>final<|message|>", ("y", "", False)),
            (("y",), "<|start|>assistant", ("y", "", False)),
            (("y" * 100,), "<|start|>assistant", ("y" * 100, "", False)),
            (("<|message|>", "y"), "<|start|>assistant", ("y", "", False)),
        ],
    )  # fmt: skip
    def test_channels(self, reply: tuple[str, ...], tail: str, expected: tuple[str, str, bool]) -> None:
        """gpt-oss: the final channel is the answer, all others are thinking; the end of one message is not that of the reply."""
        assert self.part(*reply, tokens=HARMONY, tail=tail) == expected

    @pytest.mark.parametrize(
        ("reply", "expected"),
        [
            (("<|START_THINKING|>", "x", "<|END_THINKING|>", "\n", "<|START_RESPONSE|>", "y\n", "<|END_RESPONSE|>"), ("y", "x", False)),
            (("<|START_RESPONSE|>", "y", "<|END_RESPONSE|>"), ("y", "", False)),
            (("<|START_THINKING|>", "x", "<|START_RESPONSE|>", "y"), ("y", "x", False)),
        ],
    )
    def test_wrappers(self, reply: tuple[str, ...], expected: tuple[str, str, bool]) -> None:
        """A wrapper that is a token is one without thinking too."""
        assert self.part(*reply, tokens=COMMAND) == expected

    def test_thinking_again(self) -> None:
        """Gemma 4 and Apertus may think once more within an answer."""
        tokens = frozenset({"<|channel>", "<channel|>"})
        reply = ("<|channel>", "thought\nx", "<channel|>", "y", "<|channel>", "thought\nz", "<channel|>", "!")
        assert self.part(*reply, tokens=tokens) == ("y!", "xz", False)


MARKS = frozenset(marks(hash).values())


@given(st.lists(st.one_of(st.sampled_from(sorted(MARKS)), st.text("<a>\n thought", max_size=9)), max_size=8), st.booleans())
def test_never_breaks(reply: list[str], known: bool) -> None:  # noqa: FBT001
    """Whatever marks come in whatever order, nothing fails, and without marks nothing is lost."""
    tokens = MARKS if known else frozenset()
    parter = Parter(tokens=tokens)
    pieces = [piece for one in reply for piece in (parter.mark(one) if one in tokens else parter.push(one))] + parter.rest()
    if not any(mark in "".join(reply) for mark in MARKS):
        assert "".join(piece.text for piece in pieces) == "".join(reply)


def test_opened_by_the_template() -> None:
    """Each family's first mark at the end of a prompt opens the thinking, and its second closes it."""
    for mark in vocabulary.thinking().mark:
        for word in mark.open:
            tokens = mark.open if mark.tokens else ()
            assert opens(f"assistant\n{word}{mark.label}\n", tokens), word
            assert not opens(f"assistant\n{word}\n\n{mark.close[0]}\n\n"), word
