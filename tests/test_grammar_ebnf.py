"""The EBNF that people read and the regular expressions that run are one grammar, in both directions.

The page's own text is read by a recogniser that knows nothing of the rules' objects (tests/ebnf.py): what it gives is
held against the regular expressions, and what these take is held against it.
"""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import corpus
from ebnf import Grammar, printed
from modelcatalog.names import grammar, words
from modelcatalog.names.words import readings

if TYPE_CHECKING:
    from modelcatalog.names.grammar import PieceRule
    from modelcatalog.names.notation import Rule
    from modelcatalog.names.roles import Word

CHAPTERS, NAMED, CHARACTERS = printed((Path(__file__).parents[1] / "docs" / "grammar.md").read_text(encoding="utf-8"))
EBNF = Grammar(NAMED, CHARACTERS)
TABLES = {"References": grammar.references(), "Pieces": grammar.PIECES, "Words": grammar.WORDS}
RULES = [(table, rule) for table, rules in TABLES.items() for rule in rules]
ASCII = {"References": re.ASCII, "Pieces": re.NOFLAG, "Words": re.NOFLAG}
SAMPLES = 60
FOUND = 24
"""Texts that are searched for in a pattern, which takes three milliseconds each; the truth files give hundreds more."""
LONGEST = 60
"""Characters of a text: the recogniser looks at every place of it."""
EDITS = "aAqvbmkx0158._-/\\:@?# ~é"
"""What a sample is spoilt with: characters that rules tell apart."""


def names() -> list[str]:
    """All texts of the truth files."""
    return [entry["text"] for _, entry in corpus.tables("name")] + [name for _, entry in corpus.tables("same") for name in entry["names"]]


NAMES = names()
PIECES = sorted({piece for name in NAMES for piece in grammar.pieces(name)})


@cache
def whole(table: str, rule: Rule) -> re.Pattern[str]:
    """The regular expression of a rule."""
    return re.compile(rule.regex(), ASCII[table])


def runs(table: str, rule: Rule, text: str) -> bool:
    """Whether the regular expression takes the text: in lower case, but for pieces."""
    return whole(table, rule).fullmatch(text if table == "Pieces" else text.lower()) is not None


def says(table: str, rule: Rule, text: str) -> bool:
    """Whether the printed rule gives the text, likewise."""
    return EBNF.accepts(CHAPTERS[table][rule.name], text if table == "Pieces" else text.lower())


def told(found: tuple[list[Word], list[str]]) -> list[tuple[str, str, str]]:
    """What a stretch of text was cut into."""
    return [(text, word.role, word.text) for word, text in zip(*found, strict=True)]


def test_every_rule_is_printed() -> None:
    """The page has each rule of each table, and no other; every name in a rule is told once."""
    assert {table: list(rules) for table, rules in CHAPTERS.items() if rules} == {table: [rule.name for rule in rules] for table, rules in TABLES.items()}
    assert not set(NAMED) & set(CHARACTERS)


@pytest.mark.parametrize(("table", "rule"), RULES, ids=[f"{table}-{rule.name}" for table, rule in RULES])
def test_what_the_grammar_says_is_read(table: str, rule: Rule) -> None:
    """Words written from the printed rule are taken by the regular expression; spoilt ones by both or by neither."""
    chance = random.Random(rule.name)
    taken = 0
    for text in EBNF.samples(CHAPTERS[table][rule.name], chance, SAMPLES):
        assert runs(table, rule, text), text
        for _ in range(4):
            at = chance.randrange(len(text) + 1)
            spoilt = text[:at] + chance.choice(EDITS) * chance.randint(0, 2) + text[at + chance.randint(0, 2) :]
            said = says(table, rule, spoilt)
            assert runs(table, rule, spoilt) == said, spoilt
            taken += said
    if table != "References":
        assert taken < 4 * SAMPLES, "nothing that was spoilt is refused"


@pytest.mark.parametrize(("table", "rule"), RULES, ids=[f"{table}-{rule.name}" for table, rule in RULES])
def test_what_is_read_the_grammar_says(table: str, rule: Rule) -> None:
    """Of all texts, or pieces of texts, in the truth files, the regular expression takes those that the printed rule gives."""
    texts = NAMES if table == "References" else PIECES
    chance = random.Random(rule.name)
    texts = chance.sample(texts, 250) + [rule.example, *(text for text in texts if runs(table, rule, text))][:250]
    assert [text for text in texts if runs(table, rule, text) != says(table, rule, text)] == []


@pytest.mark.parametrize(("table", "rule"), RULES, ids=[f"{table}-{rule.name}" for table, rule in RULES])
def test_whatever_is_read_the_grammar_says(table: str, rule: Rule) -> None:
    """Texts made from the regular expression alone are given by the printed rule."""
    blind = re.sub(r"\(\?=(?:\[[^]]*\]|\(\?:[a-zA-Z|]*\))\)", "", rule.regex())  # made without its looks ahead, and held against them after
    read = whole(table, rule)
    texts = st.from_regex(re.compile(blind, ASCII[table]), fullmatch=True).filter(lambda text: len(text) < LONGEST and read.fullmatch(text))

    @settings(max_examples=FOUND, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(texts)
    def holds(text: str) -> None:
        assert EBNF.accepts(CHAPTERS[table][rule.name], text if table == "Pieces" else text.lower()), text

    holds()


def test_pieces_are_cut_as_printed() -> None:
    """At each place of a name, the first printed rule that gives the piece there, with what stands around it, has it."""
    rules = CHAPTERS["Pieces"]
    for name in random.Random(0).sample(NAMES, 150):
        at = 0
        for piece in grammar.pieces(name):
            before, behind = name[:at], name[at + len(piece) :]
            assert any(EBNF.accepts(rule, piece, before, behind) for rule in rules.values()), (name, piece)
            at += len(piece)


@pytest.mark.parametrize("rule", grammar.PIECES, ids=[rule.name for rule in grammar.PIECES])
def test_cut_at_signs_as_by_the_rules(rule: PieceRule) -> None:
    """Hyphens and underscores part a text as the rules do: one within a piece, or beside another sign, parts nothing."""
    chance, known = random.Random(rule.name), readings()
    for sample in EBNF.samples(CHAPTERS["Pieces"][rule.name], chance, SAMPLES):
        for text in (sample, f"q-{sample}_7", f"2_{sample}-bit", f"zork-{sample}.-8b", f"{sample}-{chance.choice(NAMES)}"):
            spoilt = text.replace(chance.choice(text), chance.choice("-_.q7k"))
            for written in (text, spoilt):
                fresh, ruled = told(words.cut(written, known)), told(words.by_rules(written, known, [], []))
                assert fresh == ruled == told(words.cut(written, known)), written  # again: its pieces are remembered


def test_the_recogniser_refuses() -> None:
    """It is not a test of anything if it takes everything: brackets, counts and looks around are as they stand."""
    assert EBNF.accepts('( "a" | "b" ), "c"', "bC")
    assert not EBNF.accepts('"a" | "b", "c"', "ac")
    assert not EBNF.accepts('2 * ( "a", "b" )', "ab")
    assert EBNF.accepts('? not after "x" ?, "a", ? not before "y" ?', "a", "z", "z")
    assert not EBNF.accepts('? not after "x" ?, "a"', "a", "x")
    assert not EBNF.accepts('"a", ? not before digit ?', "a", "", "1")
    assert not EBNF.accepts('"a", ? after digit ?', "a")


@pytest.mark.parametrize("rule", grammar.COMMON)
def test_rules_that_are_tried_first_take_no_word_of_those_before_them(rule: str) -> None:
    """Then it makes no difference that their pattern is asked before that of all."""
    every = grammar._word_pattern()
    for text in EBNF.samples(CHAPTERS["Words"][rule], random.Random(rule), SAMPLES):
        found = every.fullmatch(text.lower())
        assert found is None or found.lastgroup == rule, text


@pytest.mark.parametrize("rule", grammar.WORDS, ids=[rule.name for rule in grammar.WORDS])
def test_every_word_of_a_rule_is_a_word_of_some_rule(rule: Rule) -> None:
    """What is looked at before the patterns, the letters that it begins with, rules out none."""
    chance = random.Random(rule.name)
    for text in EBNF.samples(CHAPTERS["Words"][rule.name], chance, SAMPLES):
        assert grammar.word(text.lower()) is not None, text


@pytest.mark.parametrize("form", grammar.references(), ids=[form.name for form in grammar.references()])
def test_a_quick_look_rules_out_no_reference_of_its_form(form: grammar.Form) -> None:
    """Every text that the printed form gives has what is looked for before the pattern is tried."""
    chance = random.Random(form.name)
    one_of = grammar._one_of(form)
    for text in EBNF.samples(CHAPTERS["References"][form.name], chance, SAMPLES):
        assert form.needs in text.lower(), text
        assert not one_of or any(one in text.lower() for one in one_of), text
