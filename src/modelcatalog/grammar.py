"""Owns the rules by which names are read, and nothing else: three ordered tables, first match wins.

`REFERENCES` take a text apart into hub, owner, name, revision, tag and file; `PIECES` cut a name into
words and separators; `WORDS` say what a single word is. References and words match lower-case text. The same objects give
the regular expressions that run and the EBNF and diagrams of docs/grammar.md. What the vocabulary
lists (families, types, methods) is looked up before `WORDS`; what only the neighbours decide is in reading/.
"""

from __future__ import annotations

import re
from functools import cache

from modelcatalog import vocabulary
from modelcatalog.notation import Ahead, Alt, Behind, Cap, Chars, Fold, Lit, Node, Not, Opt, Rep, Rule, Words, node

__all__ = ["PIECES", "WORDS", "extract", "form", "pieces", "reference", "references", "refs", "word"]


def _opt(*parts: Node | str) -> Opt:
    return Opt(node(parts))


def _alt(*options: Node | str) -> Alt:
    return Alt(tuple(node(option) for option in options))


def _seq(*parts: Node | str) -> Node:
    return node(parts)


def _any(*words: str, called: str = "") -> Words:
    return Words(words, called or " or ".join(words))


_DIGIT = Chars("0-9", "digit")
_ALNUM = Chars(r"^\W_", "letter or digit")
_NUMBER = Rep(_DIGIT)
_POINT = Chars("._p", "point")
"""A decimal point as hubs and APIs spell it: 2.5, 2_5, v3p1."""
_DECIMAL = _seq(_NUMBER, _opt(_alt(_POINT, "___"), _NUMBER))
_DOTTED = _seq(_NUMBER, Rep(_seq(_alt(_POINT, "___"), _NUMBER), 0))
_END = Not(_ALNUM)
_NEW = Behind(_ALNUM, there=False)
_DASH = Chars("-_. ", "joint")
_YEAR = _seq("20", _DIGIT, _DIGIT)
_MONTH = _alt(_seq("0", Chars("1-9", "1-9")), _seq("1", Chars("0-2", "0-2")))
_DAY = _alt(_seq("0", Chars("1-9", "1-9")), _seq(Chars("12", "1-2"), _DIGIT), _seq("3", Chars("01", "0-1")))

# --- words: what one word is, when the vocabulary does not know it -------------------------------

_K_QUANT = _seq("q", Rep(Lit("_"), 0, 1), Chars("1-8", "1-8"), Rep(_DASH, 0, 1), "k", _opt(Rep(_DASH, 0, 1), _any("xxl", "xl", "xs", "s", "m", "l")))
_LEGACY_QUANT = _seq("q", Chars("2-8", "2-8"), "_", Chars("01", "0 or 1"), Rep(_seq("_", _DIGIT), 0, 2))
_I_QUANT = _seq(
    "iq", Chars("1-8", "1-8"), Rep(_DASH, 0, 1),
    _any("xxs", "xs", "s", "m", "l", "nl", "k", "ks", "kt", "kss", "kl", "bn", "xl"), _opt("_r", _DIGIT),
)  # fmt: skip
_TERNARY_QUANT = _seq("tq", Chars("12", "1 or 2"), "_0")
_SCHEME = _alt(_K_QUANT, _LEGACY_QUANT, _I_QUANT, _TERNARY_QUANT)
_BITS_UNIT = _any("bits", "bit")
_COUNT = Cap("n", _DECIMAL)

WORDS: tuple[Rule, ...] = (
    Rule("scheme", Cap("scheme_text", _SCHEME), "Q4_K_M", "A llama.cpp quantization: K-quant, I-quant, legacy or ternary."),
    Rule("plain_q", _seq("q", Cap("plain_q_bits", Chars("2-8", "2-8"))), "Q8", "A GGUF width without its variant."),
    Rule(
        "mlc_scheme",
        _seq("q", Cap("mlc_bits", Chars("0-8", "0-8")), _any("f16", "f32", "bf16"), _opt("_", _DIGIT)),
        "q4f16_1",
        "MLC: bits of the weights, type of the activations, layout.",
    ),
    Rule(
        "weight_activation",
        _seq("w", Cap("w_bits", _NUMBER), "a", _NUMBER, _opt(_any("kv", "c"), _NUMBER), _opt("g", Cap("w_group", _NUMBER)), _opt("fp")),
        "W4A16",
        "Bits of weights and activations.",
    ),
    Rule("int_bits", _seq(_any("int", "i", "uint", "wint", "w"), Cap("int_n", Chars("234568", "2-6 or 8"))), "INT8", "Integer weights."),
    Rule("mlx_bits", _seq(_any("oq", "dwq"), Cap("mlx_n", Chars("2-8", "2-8")), _opt("e")), "oQ4", "MLX dialects: a method glued to its width."),
    Rule("mixed_bits", _seq(_any("int", "fp", "bf"), _alt("16", Chars("234568", "2-6 or 8")), "mix"), "Int8Mix", "The width of some layers beside the main one."),
    Rule("bits", _seq(Cap("bits_n", _DECIMAL), _opt(_DASH), _BITS_UNIT, _opt("gs", Cap("bits_group", _NUMBER))), "4bit", "Bits a weight; 16 and 32 are dtypes, no quantization."),
    Rule(
        "bits_per_weight",
        _alt(_seq(Cap("bpw_n", _DECIMAL), "bpw"), _seq("bpw", Cap("bpw_m", _DECIMAL))),
        "4.0bpw",
        "Average bits a weight (EXL2, EXL3).",
    ),
    Rule("head_bits", _seq("h", _opt("b"), Chars("3-8", "3-8")), "h6", "Bits of the output layer (EXL2, EXL3)."),
    Rule(
        "group_size",
        _alt(_seq(Cap("group_n", _NUMBER), "g"), _seq(_any("gs", "g"), Cap("group_m", _NUMBER))),
        "128g",
        "Weights that share a scale.",
    ),
    Rule(
        "experts_of",
        _seq(Cap("mix_experts", _NUMBER), "x", Cap("mix_n", _DECIMAL), Cap("mix_unit", Chars("bm", "b or m"))),
        "8x7B",
        "So many experts of this size.",
    ),
    Rule(
        "size_times",
        _seq(Cap("times_n", _DECIMAL), Cap("times_unit", Chars("bm", "b or m")), "x", Cap("times_experts", _NUMBER)),
        "34Bx2",
        "The same, the other way round.",
    ),
    Rule("split_size", _seq(Cap("split_n", _DIGIT), "b", Cap("split_tenth", _DIGIT)), "7b1", "The unit as the point: 7.1B."),
    Rule("size", _seq(Cap("size_n", _DECIMAL), Cap("size_unit", _any("bn", "b", "m", "t", "mil"))), "7B", "Parameters."),
    Rule("lettered_size", _seq("r", Cap("rsize_n", _DECIMAL), "b"), "r7b", "A size glued to a line's letter (Command R7B)."),
    Rule("active_size", _seq("a", Cap("active_n", _DECIMAL), Cap("active_unit", Chars("bm", "b or m"))), "A3B", "Parameters used for one token."),
    Rule("effective_size", _seq("e", Cap("effective_n", _DECIMAL), "b"), "E4B", "Effective parameters (Gemma 3n)."),
    Rule("experts", _seq(Cap("experts_n", _NUMBER), "e"), "16E", "Number of experts, after a size."),
    Rule("context", _seq(Cap("context_n", _NUMBER), "k"), "128K", "Thousands of tokens; the neighbours tell steps from context."),
    Rule("version", _seq("v", _opt("er"), _opt("."), Cap("version_n", _DOTTED), Cap("version_tail", Rep(Chars("a-z", "letter"), 0, 1))), "v0.1", "A version with its mark."),
    Rule("number", Cap("number_n", _DOTTED), "2.5", "A bare number: version, date or nothing, as the neighbours tell."),
    Rule("lettered", _seq(Cap("lettered_l", Chars("a-z", "letter")), Cap("lettered_n", _DECIMAL)), "R1", "A version of a line: DeepSeek R1, Kimi K2."),
    Rule("suffixed", _seq(Cap("suffixed_n", _DECIMAL), Cap("suffixed_l", Chars("a-z", "letter"))), "4o", "A version with a letter: GPT-4o, Gemma 3n."),
    Rule("release_candidate", _seq(_any("rc", "r", "rev"), _NUMBER), "rc1", "A candidate's number."),
)

# --- pieces: how a name is cut --------------------------------------------------------------------

_DATE = _alt(
    _seq(_YEAR, "-", _MONTH, "-", _DAY),
    _seq(_YEAR, "_", _MONTH, "_", _DAY),
    _seq(_YEAR, ".", _MONTH, ".", _DAY),
    _seq(_MONTH, "-", _YEAR),
    _seq("20", Chars("12", "1 or 2"), _DIGIT, "-", _MONTH),
)
PIECES: tuple[Rule, ...] = (
    Rule("separator", Rep(Chars(r"\W_", "any other character")), "-", "What stands between words: it begins with neither letter nor digit, so its place in the table is free; first is fastest."),
    Rule("letters", _seq(Rep(Chars("A-Za-z", "letter"), 2), _END), "Instruct", "Letters alone, as most words are: no rule below begins with two letters and no digit, so its place is free too."),
    Rule("date", _seq(Ahead(Chars("012", "0-2")), _DATE, _END), "2024-08-06", "A full date, or month and year either way round."),
    Rule("scheme_piece", _seq(Ahead(Chars("iqtIQT", "i, q or t")), Fold(_SCHEME), _END), "Q4_K_M", "A GGUF scheme keeps its underscores."),
    Rule(
        "shard",
        _seq(Rep(_DIGIT, 5, 5), Fold(Lit("-of-")), Rep(_DIGIT, 5, 5), _END),
        "00001-of-00003",
        "One file of a split checkpoint.",
    ),
    Rule("bit_width", _seq(_alt("16", Chars("234568", "2-6 or 8")), "-", Fold(_BITS_UNIT), _END), "4-bit", "A width keeps its hyphen."),
    Rule(
        "word",
        _seq(
            Rep(_ALNUM),
            Rep(
                _seq(
                    Behind(_DIGIT),
                    _alt(
                        _seq(".", Rep(_DIGIT)),
                        _seq(Behind(_seq("_", _DIGIT), there=False), Behind(_seq(_DIGIT, _DIGIT, _DIGIT), there=False), Behind(_seq(".", _DIGIT), there=False), _alt("___", "_"), _DIGIT, Not(_DIGIT)),
                    ),
                    Rep(_ALNUM, 0),
                ),
                0,
            ),
        ),
        "qwen2.5",
        "Letters and digits, with points between digits; an underscore between digits is a point.",
    ),
)

# --- references: how a text is taken apart --------------------------------------------------------

_PART = Rep(Chars(r"^/\\:@?#\s", "part character"))
_SLASH = Chars(r"/\\", "slash")
_REST = Rep(Chars(r"^\n", "any character"), 0)
_REVISION_CHAR = Chars(r"^/\\?#\s", "revision character")
_REFS = _seq("refs/", _alt(_seq("pr/", _NUMBER), _seq("convert/", Rep(Chars(r"\w.\-", "name character")))))
"""The revisions whose slashes are their own: pull requests and conversions. Any other writes them as %2F."""
_REVISION = _alt(_seq(_REFS, Not(_REVISION_CHAR)), Rep(_REVISION_CHAR))
_QUERY = _opt(Chars("?#", "? or #"), _REST)


@cache
def references() -> tuple[Rule, ...]:
    """The forms of a reference, in order."""
    hubs = vocabulary.hubs()
    host = Cap("host", Words(tuple(hubs.hosts), "a hub's host"))
    view = _seq("/", _any("tree", "blob", "resolve", "raw", "blame", "commit", "commits", "file/view"), "/", Cap("revision", _REVISION), _opt("/", Cap("file", Rep(Chars(r"^?#", "path character")))))
    tail = _seq(_opt("/", _any("summary", "files", "tree", "discussions", "tags", "feedback", "quickstart")), Rep(Lit("/"), 0), _QUERY)
    return (
        Rule(
            "hub_url",
            _seq(
                _opt(_any("https", "http"), "://"), host, "/", _opt(_any("models", "library"), "/"),
                _opt(Cap("owner", _PART), "/"), Cap("name", _PART), _opt(":", Cap("tag", _PART)), _opt("@", Cap("revision_at", _REVISION), _opt("/", Cap("file_at", Rep(Chars(r"^?#", "path character"))))),
                _opt(view), tail,
            ),
            "https://huggingface.co/Qwen/Qwen2.5-7B-Instruct/tree/main",
            "A page of a hub; the scheme may be missing.",
        ),
        Rule(
            "huggingface_cache",
            _seq(
                Cap("path", Rep(Chars(r"^\n", "any character"), 0, lazy=True)), "models--", _opt(Cap("owner", Rep(Chars(r"^/\\", "part character"), lazy=True)), "--"),
                Cap("name", Rep(Chars(r"^/\\", "part character"))),
                _opt(_SLASH, "snapshots", _SLASH, Cap("revision", Rep(Chars(r"^/\\", "part character"))), _opt(_SLASH, Cap("file", Rep(Chars(r"^\n", "any character"))))),
                Rep(_SLASH, 0),
            ),
            "~/.cache/huggingface/hub/models--Qwen--Qwen2.5-7B/snapshots/abc123/config.json",
            "A folder of the Hugging Face cache.",
        ),
        Rule(
            "modelscope_cache",
            _seq(
                Cap("path", _seq(Rep(Chars(r"^\n", "any character"), 0, lazy=True), Chars(r"/\\.", "/ or ."), "modelscope", _SLASH, _opt("hub", _SLASH), _opt("models", _SLASH))),
                Cap("owner", Rep(Chars(r"^/\\", "part character"), lazy=True)), _alt("--", _SLASH), Cap("name", Rep(Chars(r"^/\\", "part character"))),
                _opt(_SLASH, "snapshots", _SLASH, Cap("revision", Rep(Chars(r"^/\\", "part character")))), _opt(_SLASH, Cap("file", Rep(Chars(r"^\n", "any character")))),
                Rep(_SLASH, 0),
            ),
            "~/.cache/modelscope/hub/models/Qwen/Qwen2___5-7B",
            "A folder of the ModelScope cache, old layout or new; three underscores stand for a point.",
        ),
        Rule(
            "other_url",
            _seq(_any("https", "http"), "://", Cap("path", _seq(Rep(Chars("^/", "host character")), "/", Rep(_seq(Rep(Chars("^/?#", "part character")), "/"), 0, lazy=True))), _opt(Cap("name", Rep(Chars("^/?#", "part character"))), Rep(Lit("/"), 0)), _QUERY),
            "https://example.org/files/Qwen2.5-7B-Q4_K_M.gguf",
            "A page of somebody else: only its last part is read.",
        ),
        Rule(
            "local_path",
            _seq(
                Cap(
                    "path",
                    _seq(
                        _alt(
                            _seq(Chars("a-z", "letter"), ":", _SLASH), _seq("~", Rep(Chars(r"^/\\", "user"), 0), _SLASH), _seq(Rep(Lit("."), 1, 2), _SLASH), _SLASH,
                            _seq(Rep(Chars(r"^/\\", "part character")), "\\"),
                        ),
                        Rep(_seq(Rep(Chars(r"^/\\", "part character"), 0), _SLASH), 0, lazy=True),
                    ),
                ),
                _opt(Cap("name", Rep(Chars(r"^/\\", "part character"))), Rep(_SLASH, 0)),
            ),
            "./models/SmolLM2-135M-Instruct.Q4_1.gguf",
            "A file or folder on disk, POSIX or Windows.",
        ),
    )  # fmt: skip


def refs(text: str, start: int) -> int:
    """Where a revision with slashes of its own ends that begins at ``start`` of a lower-case text; -1: none does.

    >>> refs("o/m@refs/pr/3/config.json", 4), refs("o/m@main/config.json", 4)
    (13, -1)
    """
    found = _refs_pattern().match(text, start)
    return -1 if found is None else found.end()


@cache
def _refs_pattern() -> re.Pattern[str]:
    return re.compile(_seq(_REFS, Not(Chars(r"^/:", "revision character"))).regex(), re.ASCII)


def _group(rules: tuple[Rule, ...]) -> str:
    return "|".join(f"(?P<{rule.name}>{rule.regex()})" for rule in rules)


@cache
def _reference_patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((rule.name, re.compile(rule.regex(), re.ASCII)) for rule in references())


def reference(text: str) -> re.Match[str] | None:
    """The first form of reference that the whole lower-case ``text`` has; None: a plain name."""
    for _, pattern in _reference_patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            return found
    return None


def form(found: re.Match[str]) -> str:
    """The name of the rule that `reference` matched."""
    return next(name for name, pattern in _reference_patterns() if pattern is found.re)


@cache
def _piece_pattern() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{rule.regex()})" for rule in PIECES))


@cache
def _word_pattern() -> re.Pattern[str]:
    return re.compile(_group(WORDS).replace("(?P<n>", "(?:"))


def pieces(text: str) -> list[str]:
    """A text cut by `PIECES`, its case kept; joined, they are the text again."""
    return _piece_pattern().findall(text)


def word(text: str) -> tuple[str, re.Match[str]] | None:
    """The first rule of `WORDS` that the whole word obeys, and its match."""
    found = _word_pattern().fullmatch(text)
    return None if found is None or found.lastgroup is None else (found.lastgroup, found)


def extract(found: re.Match[str], *names: str) -> str | None:
    """The first of the named parts that the match has."""
    return next((value for name in names if (value := found[name]) is not None), None)
