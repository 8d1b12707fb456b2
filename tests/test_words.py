"""Tests of dictionary.py and words.py: what a word means without its neighbours."""

from __future__ import annotations

import re

import pytest

from modelcatalog import vocabulary
from modelcatalog.names import grammar, words
from modelcatalog.names.dictionary import current_dictionary
from modelcatalog.names.roles import point
from modelcatalog.names.words import alone, fold, readings


def roles(piece: str) -> list[tuple[str, str]]:
    """The words of a piece: role and text as written."""
    found: list[tuple[str, str]] = []
    at = 0
    for word in alone(readings()[piece]):
        found.append((word.role, piece[at : at + len(word.text)]))
        at += len(word.text)
    return found


def test_a_rule_says_its_role() -> None:
    """The word that a rule makes of its example, or the first of several, has the role that stands beside its pattern."""
    for rule in grammar.WORDS:
        found = grammar.word(rule.example.lower())
        assert found is not None
        assert rule.means(rule.example.lower(), found[1])[0].role == rule.role


@pytest.mark.parametrize("text", ["0", "7", "42", "007", "2048", "20250514"])
def test_digits_alone(text: str) -> None:
    """Digits alone are a number, which `grammar.word` takes for granted: no other rule has them."""
    assert [rule.name for rule in grammar.WORDS if re.fullmatch(rule.regex(), text)] == ["number"]
    found = grammar.word(text)
    assert found is not None
    assert found[0].name == "number"


@pytest.mark.parametrize(
    ("piece", "words"),
    [
        ("-", [("separator", "-")]),
        ("Qwen", [("family", "Qwen")]),
        ("Qwen2.5", [("family", "Qwen"), ("number", "2.5")]),
        ("qwen3_8b", [("family", "qwen"), ("number", "3"), ("separator", "_"), ("size", "8b")]),
        ("Pythia410m", [("family", "Pythia"), ("size", "410m")]),
        ("Llama3chat", [("family", "Llama"), ("number", "3"), ("type", "chat")]),
        ("qwen3zzz", [("family", "qwen"), ("unknown", "3zzz")]),
        ("3vl", [("number", "3"), ("type", "vl")]),
        ("2.5Coder", [("number", "2.5"), ("type", "Coder")]),
        ("vision2zz", [("unknown", "vision2zz")]),
        ("chat2", [("type", "chat"), ("number", "2")]),
        ("zzz3", [("unknown", "zzz3")]),
        ("x10", [("lettered", "x10")]),
        ("通义千问2.5", [("family", "通义千问"), ("number", "2.5")]),
        ("通义千问", [("family", "通义千问")]),
        ("千问Chat", [("family", "千问"), ("type", "Chat")]),
        ("千问zzz", [("family", "千问"), ("unknown", "zzz")]),
        ("千问²vl", [("family", "千问"), ("unknown", "²vl")]),
        ("嘟嘟", [("unknown", "嘟嘟")]),
        ("Q4_K_M", [("scheme", "Q4_K_M")]),
        ("2024-08-06", [("date", "2024-08-06")]),
        ("12-2024", [("date", "12-2024")]),
        ("00001-OF-00003", [("shard", "00001-OF-00003")]),
        ("٣", [("unknown", "٣")]),
        ("1.1٣4.0", [("unknown", "1.1٣4.0")]),
        ("v2_7B", [("version", "v2"), ("separator", "_"), ("size", "7B")]),
        ("v2_1.2.3b", [("version", "v2_1.2.3b")]),
        ("Int8Mix", [("ignored", "Int8Mix")]),
        ("rc1", [("unknown", "rc1")]),
    ],
)
def test_words_of_a_piece(piece: str, words: list[tuple[str, str]]) -> None:
    """Known words, words with digits glued to them, and words that only the grammar knows, in their own case."""
    assert roles(piece) == words
    assert "".join(text for _, text in words) == piece


@pytest.mark.parametrize(
    "piece",
    [
        "0b",
        "0m",
        "999t",
        "25T",
        "12345b",
        "1234567m",
        "0x7b",
        "8x0b",
        "7bx0",
        "a0b",
        "e0b",
        "0e",
        "64bit",
        "0bit",
        "w0a16",
        "w99a16",
    ],
)
def test_numbers_that_no_model_has(piece: str) -> None:
    """No parameters, no experts, more than any model has, or no quantization's width: no fact."""
    assert roles(piece) == [("unknown", piece)]


def _said(value: object) -> object:
    """A word's value, part by part."""
    parts = getattr(value, "__match_args__", None)
    return value if parts is None else tuple(_said(getattr(value, part)) for part in parts)


@pytest.mark.parametrize(
    ("piece", "value"),
    [
        ("7b", (7 * 10**9, "b")),
        ("1t", (10**12, "t")),
        ("1.5t", (15 * 10**11, "t")),
        ("0_5b", (5 * 10**8, "b")),
        ("2bn", (2 * 10**9, "bn")),
        ("110mil", (110 * 10**6, "mil")),
        ("7b1", (71 * 10**8, "b")),
        ("r7b", (7 * 10**9, "b")),
        ("8x7b", (7 * 10**9, 8)),
        ("34bx2", (34 * 10**9, 2)),
        ("a2.7b", (27 * 10**8, "b")),
        ("e4b", (4 * 10**9, "b")),
        ("16e", 16),
        ("128k", 128),
        ("4bit", (4, None)),
        ("4bitgs64", (4, 64)),
        ("4.25bpw", (4.25, None)),
        ("6bpw", (6, None)),
        ("0bpw", (None, None)),
        ("bpw5", (5, None)),
        ("128g", 128),
        ("gs32", 32),
        ("int8", (8, None)),
        ("w4a16", ("W4A16", 4, None, None, None)),
        ("w4a16g128", ("W4A16G128", 4, None, 128, None)),
        ("q4f16_1", ("q4f16_1", 4, None, None, None)),
        ("q0f16", "float16"),
        ("q0bf16", "bfloat16"),
        ("q1_0", ("Q1_0", 1, None, None, None)),
        ("iq4_nl_xl", ("IQ4_NL_XL", 4, None, None, None)),
        ("55iq2_xxs", (55, ("IQ2_XXS", 2, None, None, None))),
        ("07q8_0", (7, ("Q8_0", 8, None, None, None))),
        ("45bpw", (4.5, None)),
        ("465bpw", (4.65, None)),
        ("16bpw", (16, None)),
        ("2d5", "2.5"),
        ("v2d5", ("2.5", "")),
        ("q8", 8),
        ("v0.1", ("0.1", "")),
        ("v2b", ("2", "b")),
        ("2_5", "2_5"),
        ("r9", ("9", "r")),
        ("4o", ("4", "o")),
        ("2024_08_06", None),
        ("2024-08-06", (2024, 8, 6)),
        ("08-2024", (2024, 8, None)),
    ],
)
def test_values(piece: str, value: object) -> None:
    """What each kind of word states."""
    if value is not None:
        assert _said(alone(readings()[piece])[0].value) == value


@pytest.mark.parametrize(
    ("piece", "scheme", "bits"),
    [
        ("q4_k_m", "Q4_K_M", 4),
        ("Q4-K-M", "Q4_K_M", 4),
        ("q4km", "Q4_K_M", 4),
        ("q6_k", "Q6_K", 6),
        ("q6k", "Q6_K", 6),
        ("q8_0", "Q8_0", 8),
        ("iq2_xxs", "IQ2_XXS", 2),
        ("iq4nl", "IQ4_NL", 4),
        ("iq4_k", "IQ4_K", 4),
        ("tq1_0", "TQ1_0", 1),
        ("q4_0_4_8", "Q4_0_4_8", 4),
        ("iq4_ks_r4", "IQ4_KS_R4", 4),
    ],
)
def test_schemes(piece: str, scheme: str, bits: int) -> None:
    """Every spelling of a llama.cpp layout is the one that llama.cpp writes."""
    assert _said(readings()[piece].value) == (scheme, bits, None, None, None)


def test_point() -> None:
    """Hubs and APIs spell the decimal point four ways."""
    assert [point(text) for text in ("2.5", "2_5", "2p5", "2___5")] == ["2.5"] * 4


def test_fold_keeps_length() -> None:
    """Lower case, but never longer or shorter than the text: positions stay."""
    assert fold("Qwen") == "qwen"
    assert len(fold("İQwen")) == len("İQwen")
    assert fold("İQwen").endswith("qwen")


def test_case_is_one_reading() -> None:
    """A word in another case means the same, and one reading serves both."""
    assert roles("INSTRUCT") == [("type", "INSTRUCT")]
    assert readings()["LLAMA"] is readings()["llama"]
    assert readings()["LLAMA"].role == "several"  # "llama guard" begins with it


def test_long_words_mean_nothing_and_are_not_kept() -> None:
    """A word of a hundred letters is not a model's, and takes no memory."""
    assert roles("q" * 100) == [("unknown", "q" * 100)]
    assert roles("-" * 100) == [("separator", "-" * 100)]
    assert "q" * 100 not in readings().kept


def test_letters_that_mean_nothing_are_not_kept() -> None:
    """New words are mostly letters alone; each name has one of its own, and none of them takes memory."""
    before = len(readings().kept), len(readings().open)
    assert roles("zorkify") == [("unknown", "zorkify")]
    assert readings()["Zorkify"].key == "zorkify"
    assert (len(readings().kept), len(readings().open)) == before
    assert roles("zorkify7x")
    assert roles("zorkify7")
    assert (len(readings().kept), len(readings().open)) == (before[0] + 1, before[1] + 1)  # with a digit, rules were asked


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit, the readings are forgotten and made anew."""
    monkeypatch.setattr(words, "_REMEMBERED", 100)
    vocabulary.forget(readings)
    for number in range(500):
        assert roles(f"word{number}")
    assert len(readings().kept) + len(readings().open) <= 102
    assert [word.role for word in words.cut("word1-word2_word3", readings())[0]] == ["unknown", "separator", "unknown", "separator", "unknown"]


def test_names_family() -> None:
    """Whether a piece begins with a family, alone or in a phrase."""
    assert words.names_family("qwen3")
    assert words.names_family("llama")
    assert not words.names_family("instruct")


def test_accounts() -> None:
    """An owner's company or, for who repackages, the format of what it publishes."""
    words = current_dictionary()
    assert words.accounts["qwen"].company == "Alibaba"
    assert words.accounts["mlx-community"].format == "mlx"
    assert words.accounts["bartowski"].repackager
