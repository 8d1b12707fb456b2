"""Tests of notation.py and grammar.py: one object, a regular expression that runs and an EBNF that people read."""

from __future__ import annotations

import re

import pytest

from modelcatalog.names import grammar
from modelcatalog.names.notation import Ahead, Alt, Behind, Cap, Chars, Fold, Lit, Named, Node, Not, Opt, Rep, Rule, Seq, Words, node

DIGIT = Chars("0-9", "digit")
RULES = [
    *(("references", rule) for rule in grammar.references()),
    *(("pieces", rule) for rule in grammar.PIECES),
    *(("words", rule) for rule in grammar.WORDS),
]


@pytest.mark.parametrize(
    ("part", "regex", "ebnf"),
    [
        (Lit("-of-"), r"\-of\-", '"-of-"'),
        (Lit("a.b"), r"a\.b", '"a.b"'),
        (DIGIT, "[0-9]", "digit"),
        (Words(("b", "bn", "m")), "(?:bn|b|m)", '"b" | "bn" | "m"'),
        (Seq((Words(("b", "m")), DIGIT)), "(?:b|m)[0-9]", '( "b" | "m" ), digit'),
        (Seq((Fold(Alt((Lit("a"), DIGIT))), DIGIT)), "(?i:(?:a|[0-9]))[0-9]", '( "a" | digit ), digit'),
        (Rep(Seq((Lit("_"), DIGIT)), 2), r"(?:_[0-9]){2,}", '2 * ( "_", digit ), { "_", digit }'),
        (Rep(Seq((Lit("_"), DIGIT)), 0, 2), r"(?:_[0-9]){0,2}", '[ ( "_", digit ), [ "_", digit ] ]'),
        (Rep(Rep(DIGIT, 5, 5), 2, 2), "(?:[0-9]{5}){2}", "2 * ( 5 * digit )"),
        (Alt((Rep(DIGIT), Lit("x"))), "(?:[0-9]{1,}|x)", 'digit, { digit } | "x"'),
        (Named("number", Rep(DIGIT)), "[0-9]{1,}", "number"),
        (Seq((Lit("v"), DIGIT)), "v[0-9]", '"v", digit'),
        (Seq((Ahead(DIGIT), Lit("v"))), "(?=[0-9])v", '"v"'),
        (Seq((Alt((Lit("a"), Lit("b"))), DIGIT)), "(?:a|b)[0-9]", '( "a" | "b" ), digit'),
        (Alt((Lit("a"), DIGIT)), "(?:a|[0-9])", '"a" | digit'),
        (Opt(Lit("x")), "(?:x)?", '[ "x" ]'),
        (Rep(DIGIT), "[0-9]{1,}", "digit, { digit }"),
        (Rep(DIGIT, 0), "[0-9]{0,}", "{ digit }"),
        (Rep(DIGIT, 0, lazy=True), "[0-9]{0,}?", "{ digit }"),
        (Rep(DIGIT, 5, 5), "[0-9]{5}", "5 * digit"),
        (Rep(Lit("_"), 0, 1), "(?:_){0,1}", '[ "_" ]'),
        (Cap("n", DIGIT), "(?P<n>[0-9])", "digit"),
        (Cap("n", Alt((Lit("a"), DIGIT))), "(?P<n>(?:a|[0-9]))", '"a" | digit'),
        (Not(DIGIT), "(?![0-9])", "? not before digit ?"),
        (Behind(DIGIT), "(?<=[0-9])", "? after digit ?"),
        (Behind(DIGIT, there=False), "(?<![0-9])", "? not after digit ?"),
        (Fold(Lit("q")), "(?i:q)", '"q"'),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Node) else "",
)
def test_notation(part: Node, regex: str, ebnf: str) -> None:
    """Each combinator gives a regular expression that compiles and the same in EBNF."""
    assert part.regex() == regex
    assert part.ebnf() == ebnf
    re.compile(regex)


def test_a_bare_node_is_no_rule() -> None:
    """The base class says nothing."""
    with pytest.raises(NotImplementedError):
        Node().regex()
    with pytest.raises(NotImplementedError):
        Node().ebnf()


def test_node() -> None:
    """Text means itself, a list means one after the other, a node means itself."""
    assert node("v") == Lit("v")
    assert node(DIGIT) is DIGIT
    assert node(["v", DIGIT]) == Seq((Lit("v"), DIGIT))


def test_rule() -> None:
    """A rule's line of EBNF has its name."""
    rule = Rule("experts", Seq((Cap("n", Rep(DIGIT)), Lit("e"))), "16E", "Number of experts.")
    assert rule.ebnf() == 'experts = digit, { digit }, "e" ;'
    assert re.fullmatch(rule.regex(), "16e")


@pytest.mark.parametrize(("table", "rule"), RULES, ids=[f"{table}-{rule.name}" for table, rule in RULES])
def test_every_rule_matches_its_example(table: str, rule: Rule) -> None:
    """The example of a rule is taken by that very rule, through the function that the parser calls."""
    example = rule.example
    if table == "references":
        assert grammar.reference(example.lower())[0].name == rule.name
    elif table == "words":
        read = grammar.word(example.lower())
        assert read is not None
        assert read[0].name == rule.name
    else:
        assert re.fullmatch(rule.regex(), example)
        assert grammar.pieces(example) == [example]
        assert grammar.pieces(f"a{example}a" if rule.name == "separator" else f"-{example}-")[1] == example


def test_rule_names_and_captures_are_unique() -> None:
    """No two rules of a table share a name, and every rule says what it is about, in a sentence."""
    for rules in (grammar.references(), grammar.PIECES, grammar.WORDS):
        names = [rule.name for rule in rules]
        assert len(names) == len(set(names))
        assert all(rule.about.endswith(".") for rule in rules)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Qwen2.5-7B-Instruct", ["Qwen2.5", "-", "7B", "-", "Instruct"]),
        ("internlm2_5-7b", ["internlm2_5", "-", "7b"]),
        ("Llama-3_3-Nemotron", ["Llama", "-", "3_3", "-", "Nemotron"]),
        ("Qwen1___5-0___5B", ["Qwen1___5", "-", "0___5B"]),
        ("gpt-4o-2024-08-06", ["gpt", "-", "4o", "-", "2024-08-06"]),
        ("command-r-08-2024", ["command", "-", "r", "-", "08-2024"]),
        ("m-q4_k_m.gguf", ["m", "-", "q4_k_m", ".", "gguf"]),
        ("m-Q4-K-M", ["m", "-", "Q4-K-M"]),
        ("m-00001-OF-00003.gguf", ["m", "-", "00001-OF-00003", ".", "gguf"]),
        ("m-4-bit", ["m", "-", "4-bit"]),
        ("m.Q8_0", ["m", ".", "Q8_0"]),
        ("a__b _- c", ["a", "__", "b", " _- ", "c"]),
        ("v1.", ["v1", "."]),
        ("step_1000_2", ["step", "_", "1000", "_", "2"]),  # after three digits, an underscore is not a point
        ("通义千问2.5", ["通义千问2.5"]),
    ],
)
def test_pieces(text: str, pieces: list[str]) -> None:
    """A text is cut into words and separators; points between digits, dates, schemes and shards stay whole."""
    assert grammar.pieces(text) == pieces
    assert "".join(pieces) == text


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("q4_k_m", "scheme"),
        ("q6_k", "scheme"),
        ("q4_0_4_8", "scheme"),
        ("iq2_xxs", "scheme"),
        ("tq1_0", "scheme"),
        ("q3_k_xl", "scheme"),
        ("q9", "lettered"),
        ("q8", "plain_q"),
        ("q4f16", "mlc_scheme"),
        ("w4a16", "weight_activation"),
        ("w8a8kv8", "weight_activation"),
        ("int4", "int_bits"),
        ("int7", None),
        ("8bit", "bits"),
        ("4bits", "bits"),
        ("4bitgs64", "bits"),
        ("2.5bpw", "bits_per_weight"),
        ("bpw6", "bits_per_weight"),
        ("h8", "head_bits"),
        ("h9", "lettered"),
        ("g128", "group_size"),
        ("32g", "group_size"),
        ("8x22b", "experts_of"),
        ("7bx8", "size_times"),
        ("1b5", "split_size"),
        ("1.5b", "size"),
        ("410m", "size"),
        ("1t", "size"),
        ("0_5b", "size"),
        ("1___5b", "size"),
        ("a2.7b", "active_size"),
        ("a800m", "active_size"),
        ("e2b", "effective_size"),
        ("128e", "experts"),
        ("4k", "context"),
        ("v3p1", "version"),
        ("v1.5b", "version"),
        ("ver2", "version"),
        ("v.2", "version"),
        ("2_5", "number"),
        ("3n", "suffixed"),
        ("k2", "lettered"),
        ("r1", "lettered"),
        ("rev2", "release_candidate"),
        ("instruct", None),
        ("qwen3", None),
        ("", None),
    ],
)
def test_word(text: str, rule: str | None) -> None:
    """The first rule that takes the whole word has it; most words belong to none."""
    found = grammar.word(text)
    assert (None if found is None else found[0].name) == rule


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("https://huggingface.co/qwen/qwen3-8b", "hub_url"),
        ("hf.co/qwen/qwen3-8b:q4_k_m", "hub_url"),
        ("modelscope.cn/models/qwen/qwen3-8b/summary", "hub_url"),
        ("ollama.com/library/qwen3", "hub_url"),
        ("https://huggingface.co/gpt2?library=x#y", "hub_url"),
        ("https://huggingface.co/qwen/qwen3-8b@v1", "hub_url"),
        ("models--gpt2", "huggingface_cache"),
        ("/x/models--qwen--qwen3-8b/", "huggingface_cache"),
        (r"c:\hub\models--qwen--qwen3-8b", "huggingface_cache"),
        ("/root/.cache/modelscope/hub/models/qwen/qwen3-8b", "modelscope_cache"),
        ("modelscope/qwen/qwen3-8b", "folder_in_repository"),  # the words rule it out: see test_reference
        ("http://example.org/a/b.gguf?x=1", "other_url"),
        ("./qwen3-8b", "local_path"),
        ("~me/qwen3-8b/", "local_path"),
        (r"models\qwen3-8b", "local_path"),
        ("qwen/qwen3-8b", "name"),
        ("qwen3:8b", "name"),
        (":", "name"),
        ("@", "name"),
        ("o/m@refs/pr/3", "name_and_refs"),
        ("o/m@refs/pr/x", "name_and_file"),
        ("o/m/a.gguf", "file_in_repository"),
        ("o/m/a.txt", "folder_in_repository"),
        ("fireworks/m/a.gguf", "name"),
    ],
)
def test_reference(text: str, form: str | None) -> None:
    """The forms are told apart; the last takes every text."""
    assert grammar.reference(text)[0].name == form
