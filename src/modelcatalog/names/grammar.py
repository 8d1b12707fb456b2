"""Owns the rules by which names are read, and nothing else: three ordered tables, first match wins.

`REFERENCES` take a text apart into hub, owner, name, revision, tag and file; `PIECES` cut a name into
words and separators; `WORDS` say what a single word is. References and words match lower-case text. The same objects give
the regular expressions that run and the EBNF and diagrams of docs/grammar.md. What the vocabulary
lists (families, types, methods) is looked up before `WORDS`; what the neighbours decide is in context.py. Beside its pattern, a rule has what it means.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from modelcatalog import vocabulary
from modelcatalog.names.calendar import calendar
from modelcatalog.names.notation import Ahead, Alt, Behind, Cap, Chars, Fold, Lit, Named, Node, Not, Opt, Rep, Rule, Words, node
from modelcatalog.names.roles import Day, Mixture, Numbered, Parameters, Scheme, Width, Word, point, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.names.roles import Role

__all__ = ["PIECES", "WORDS", "PieceRule", "WordRule", "form", "known_piece", "pieces", "reference", "references", "word"]


def _opt(*parts: Node | str) -> Opt:
    return Opt(node(parts))


def _alt(*options: Node | str) -> Alt:
    return Alt(tuple(node(option) for option in options))


def _unnamed(rule: Rule) -> str:
    """A rule's regular expression without the names of its parts, to stand beside others."""
    return re.sub(r"\(\?P<\w+>", "(?:", rule.regex())


def _seq(*parts: Node | str) -> Node:
    return node(parts)


def _any(*words: str) -> Words:
    return Words(words)


_DIGIT = Chars("0-9", "digit")
_LETTER = Chars("A-Za-z", "letter")
_ALNUM = Chars(r"^\W_", "letter or digit")
_1_TO_8 = Chars("1-8", "digit 1 to 8")
_2_TO_8 = Chars("2-8", "digit 2 to 8")
_WIDTH = Chars("234568", "digit 2 to 6 or 8")
_NUMBER = Named("number of digits", Rep(_DIGIT))
_POINT = Named("point", _alt(Chars("._p", "sign of a point"), "___"))
"""A decimal point as hubs and APIs spell it: 2.5, 2_5, v3p1."""
_DECIMAL = Named("decimal", _seq(_NUMBER, _opt(_POINT, _NUMBER)))
_DOTTED = Named("dotted", _seq(_NUMBER, Rep(_seq(_POINT, _NUMBER), 0)))
_END = Not(_ALNUM)
_DASH = Chars("-_. ", "joint")
_YEAR = Named("year", _seq("20", _DIGIT, _DIGIT))
_MONTH = Named("month", _alt(_seq("0", Chars("1-9", "digit 1 to 9")), _seq("1", Chars("0-2", "digit 0 to 2"))))
_DAY = Named("day", _alt(_seq("0", Chars("1-9", "digit 1 to 9")), _seq(Chars("12", "digit 1 or 2"), _DIGIT), _seq("3", Chars("01", "digit 0 or 1"))))

# --- words: what one word is, when the vocabulary does not know it -------------------------------

_K_QUANT = _seq("q", _opt("_"), _1_TO_8, _opt(_DASH), "k", _opt(_opt(_DASH), _any("xxl", "xl", "xs", "s", "m", "l")))
_LEGACY_QUANT = _seq("q", _2_TO_8, "_", Chars("01", "digit 0 or 1"), Rep(_seq("_", _DIGIT), 0, 2))
_I_QUANT = _seq(
    "iq", _1_TO_8, _opt(_DASH),
    _any("xxs", "xs", "s", "m", "l", "nl", "k", "ks", "kt", "kss", "kl", "bn", "xl"), _opt("_r", _DIGIT),
)  # fmt: skip
_TERNARY_QUANT = _seq("tq", Chars("12", "digit 1 or 2"), "_0")
_SCHEME = Named("llama scheme", _alt(_K_QUANT, _LEGACY_QUANT, _I_QUANT, _TERNARY_QUANT))
_BITS_UNIT = Named("unit of bits", _any("bits", "bit"))

_UNIT = {"b": 10**9, "bn": 10**9, "m": 10**6, "mil": 10**6, "t": 10**12}
_LARGEST = 20 * 10**12
"""No model has more parameters; a larger number is a hash."""
_LARGEST_B = 2 * 10**12
"""Nor does a name count them in billions beyond this: it says 2.4T, and Qwen3006B has lost a point."""
_WIDEST = 8
"""Bits of a quantized weight; what is wider is a dtype."""


def _group(digits: str | None) -> int | None:
    """Weights that share a scale; none do in a group of 0."""
    return int(digits) or None if digits else None


def _count(number: str, unit: str) -> int:
    return round(float(point(number)) * _UNIT[unit])


def _whole(number: float) -> int | float:
    return int(number) if number == int(number) else number


def _scheme(text: str) -> Scheme:
    """``q4-k-m`` and ``q4km`` as llama.cpp writes it: ``Q4_K_M``."""
    bare = "".join(char for char in text.upper() if char.isalnum())
    at = 3 if bare[:2] in ("IQ", "TQ") else 2
    head, rest = bare[:at], bare[at:]
    if rest[:1] == "K" and at == 2 and rest != "K":  # noqa: PLR2004
        name = f"{head}_K_{rest[1:]}"
    elif rest.isdecimal():
        name = "_".join((head, *rest)) if len(rest) == 1 else text.upper()
    else:
        name = f"{head}_{rest}" if "R" not in rest else text.upper().replace("-", "_")
    return Scheme(name, next(int(char) for char in name if char.isdigit()))


def _weight_activation(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    bits = int(found["bits"])
    known = 0 < bits <= 2 * _WIDEST
    return (Word("weight_activation", text, Scheme(text.upper(), bits, None, _group(found["group"]))) if known else unknown(text),)


def _bits(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    bits = float(point(found["bits"]))
    return (Word("bits", text, Width(_whole(bits), _group(found["group"]))) if 0 < bits <= _WIDEST else unknown(text),)


def _parameters(role: Role, text: str, count: int, unit: str) -> tuple[Word, ...]:
    return (Word(role, text, Parameters(count, unit), point(text)) if 0 < count <= _LARGEST else unknown(text),)


def _mixture(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    each, experts = _count(found["n"], found["unit"]), int(found["experts"])
    return (Word("mixture", text, Mixture(each, experts), point(text)) if 0 < each <= _LARGEST and experts else unknown(text),)


def _size(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    number, unit = found["n"], found["unit"]
    if (unit == "t" and "." not in point(number) and len(number) > 1) or len(number) > 6:  # noqa: PLR2004
        return (unknown(text),)
    if unit == "b" and len(number) == 2 and number[0] == "0" and number[1] != "0":  # noqa: PLR2004  qwen3-06b
        return (Word("size", text, Parameters(_count(f"0.{number[1]}", unit), unit), f"0.{number[1]}b"),)
    count = _count(number, unit)
    if count < 10**6 or (unit in ("b", "bn") and count > _LARGEST_B):
        return (unknown(text),)
    return _parameters("size", text, count, unit)


def _version(text: str, found: re.Match[str]) -> tuple[Word, ...]:
    digits, tail = found["n"], found["tail"]
    head, joint, unit = digits.rpartition("_")
    if tail == "b" and joint:  # v2_7b: version 2 with 7B parameters
        size = word(f"{unit}b")
        if size is not None:
            mark = text[: text.index(digits)]
            return (Word("version", mark + head, Numbered(point(head), "")), Word("separator", "_"), *size[0].means(f"{unit}b", size[1]))
    return (Word("version", text, Numbered(point(digits), tail)),)


class WordRule(Rule):
    """A rule for one word: what it matches, and beside it what that says."""

    __slots__ = ("means", "role")

    def __init__(  # noqa: PLR0917  a row of a table
        self, name: str, what: Node, example: str, about: str, worked: str = "", role: Role = "unknown",
        means: Callable[[str, re.Match[str]], tuple[Word, ...]] = lambda text, _: (unknown(text),),
    ) -> None:  # fmt: skip
        super().__init__(name, what, example, about, worked)
        self.role = role
        """The role of the word; what its neighbours make of it is in `context.CASES`."""
        self.means = means
        """The word itself, or unknown where no model has such a number; a version may have a size glued to it."""


WORDS: tuple[WordRule, ...] = (
    WordRule(
        "scheme", _SCHEME, "Q4_K_M", "A llama.cpp quantization: K-quant, I-quant, legacy or ternary.", "Qwen2.5-7B-Instruct-Q4_K_M.gguf",
        "scheme", lambda text, _: (Word("scheme", text, _scheme(text)),),
    ),
    WordRule(
        "plain_q", _seq("q", Cap("bits", _2_TO_8)), "Q8", "A GGUF width without its variant.", "Llama-3.2-1B-Instruct-Q8.gguf",
        "plain_q", lambda text, found: (Word("plain_q", text, int(found["bits"])),),
    ),
    WordRule(
        "mlc_scheme", _seq("q", Cap("bits", Chars("0-8", "digit 0 to 8")), _any("f16", "f32", "bf16"), _opt("_", _DIGIT)), "q4f16_1",
        "MLC: bits of the weights, type of the activations, layout.", "Llama-3.2-1B-Instruct-q4f16_1-MLC",
        "mlc_scheme", lambda text, found: (Word("mlc_scheme", text, Scheme(text, int(found["bits"]) or 16)),),
    ),
    WordRule(
        "weight_activation", _seq("w", Cap("bits", _NUMBER), "a", _NUMBER, _opt(_any("kv", "c"), _NUMBER), _opt("g", Cap("group", _NUMBER)), _opt("fp")), "W4A16",
        "Bits of weights and activations.", "Meta-Llama-3.1-8B-Instruct-W4A16", "weight_activation", _weight_activation,
    ),
    WordRule(
        "int_bits", _seq(_any("int", "i", "uint", "wint", "w"), Cap("bits", _WIDTH)), "INT8", "Integer weights.", "Qwen2.5-7B-Instruct-GPTQ-Int8",
        "bits", lambda text, found: (Word("bits", text, Width(int(found["bits"]), None)),),
    ),
    WordRule(
        "mlx_bits", _seq(_any("oq", "dwq"), Cap("bits", _2_TO_8), _opt("e")), "oQ4", "MLX dialects: a method glued to its width.", "mlx-community/Qwen3-8B-oQ4",
        "bits", lambda text, found: (Word("bits", text, Width(int(found["bits"]), None)),),
    ),
    WordRule(
        "mixed_bits", _seq(_any("int", "fp", "bf"), _alt("16", _WIDTH), "mix"), "Int8Mix", "The width of some layers beside the main one.", "Qwen3-235B-A22B-Int4-Int8Mix",
        "ignored", lambda text, _: (Word("ignored", text),),
    ),
    WordRule(
        "bits", _seq(Cap("bits", _DECIMAL), _opt(_DASH), _BITS_UNIT, _opt("gs", Cap("group", _NUMBER))), "4bit", "Bits a weight; 16 and 32 are dtypes, no quantization.", "mlx-community/Qwen3-8B-4bit",
        "bits", _bits,
    ),
    WordRule(
        "bits_per_weight", _alt(_seq(Cap("bits", _DECIMAL), "bpw"), _seq("bpw", Cap("behind", _DECIMAL))), "4.0bpw", "Average bits a weight (EXL2, EXL3).", "Llama-3-8B-Instruct-exl2-4.0bpw",
        "bits", lambda text, found: (Word("bits", text, Width(_whole(float(point(found["bits"] or found["behind"]))) or None, None)),),
    ),
    WordRule(
        "head_bits", _seq("h", _opt("b"), Chars("3-8", "digit 3 to 8")), "h6", "Bits of the output layer (EXL2, EXL3).", "Llama-3-8B-Instruct-exl2-6.0bpw-h6",
        "head_bits", lambda text, _: (Word("head_bits", text, None, text),),
    ),
    WordRule(
        "group_size", _alt(_seq(Cap("group", _NUMBER), "g"), _seq(_any("gs", "g"), Cap("behind", _NUMBER))), "128g", "Weights that share a scale.", "Mistral-7B-Instruct-v0.2-GPTQ-4bit-128g",
        "group", lambda text, found: (Word("group", text, int(found["group"] or found["behind"]), text),),
    ),
    WordRule(
        "experts_of", _seq(Cap("experts", _NUMBER), "x", Cap("n", _DECIMAL), Cap("unit", _any("b", "m"))), "8x7B", "So many experts of this size.", "Mixtral-8x7B-Instruct-v0.1",
        "mixture", _mixture,
    ),
    WordRule(
        "size_times", _seq(Cap("n", _DECIMAL), Cap("unit", _any("b", "m")), "x", Cap("experts", _NUMBER)), "34Bx2", "The same, the other way round.", "Yi-34Bx2-MoE-60B",
        "mixture", _mixture,
    ),
    WordRule(
        "split_size", _seq(Cap("n", _DIGIT), "b", Cap("tenth", _DIGIT)), "7b1", "The unit as the point: 7.1B.", "bloomz-7b1",
        "size", lambda text, found: _parameters("size", text, _count(f"{found['n']}.{found['tenth']}", "b"), "b"),
    ),
    WordRule("size", _seq(Cap("n", _DECIMAL), Cap("unit", _any("bn", "b", "m", "t", "mil"))), "7B", "Parameters.", "Qwen2.5-7B", "size", _size),
    WordRule(
        "lettered_size", _seq("r", Cap("n", _DECIMAL), "b"), "r7b", "A size glued to a line's letter (Command R7B).", "c4ai-command-r7b-12-2024",
        "size", lambda text, found: (Word("size", text, Parameters(_count(found["n"], "b"), "b"), text),),
    ),
    WordRule(
        "active_size", _seq("a", Cap("n", _DECIMAL), Cap("unit", _any("b", "m"))), "A3B", "Parameters used for one token.", "Qwen3-30B-A3B",
        "active", lambda text, found: _parameters("active", text, _count(found["n"], found["unit"]), found["unit"]),
    ),
    WordRule(
        "effective_size", _seq("e", Cap("n", _DECIMAL), "b"), "E4B", "Effective parameters (Gemma 3n).", "gemma-3n-E4B-it",
        "effective", lambda text, found: _parameters("effective", text, _count(found["n"], "b"), "b"),
    ),
    WordRule(
        "experts", _seq(Cap("n", _NUMBER), "e"), "16E", "Number of experts, after a size.", "Llama-4-Scout-17B-16E",
        "experts", lambda text, found: (Word("experts", text, int(found["n"]), text) if int(found["n"]) else unknown(text),),
    ),
    WordRule(
        "context", _seq(Cap("n", _NUMBER), "k"), "128K", "Thousands of tokens; the neighbours tell steps from context.", "Phi-3-mini-128k-instruct",
        "context", lambda text, found: (Word("context", text, int(found["n"]), text),),
    ),
    WordRule("version", _seq("v", _opt("er"), _opt("."), Cap("n", _DOTTED), Cap("tail", _opt(_LETTER))), "v0.1", "A version with its mark.", "Mistral-7B-v0.1", "version", _version),
    WordRule(
        "number", _DOTTED, "2.5", "A bare number: version, date or nothing, as the neighbours tell.", "Llama-3.1-8B",
        "number", lambda text, _: (Word("number", text, text, point(text)),),
    ),
    WordRule(
        "lettered", _seq(Cap("letter", _LETTER), Cap("n", _DECIMAL)), "R1", "A version of a line: DeepSeek R1, Kimi K2.", "DeepSeek-R1",
        "lettered", lambda text, found: (Word("lettered", text, Numbered(point(found["n"]), found["letter"]), point(text)),),
    ),
    WordRule(
        "suffixed", _seq(Cap("n", _DECIMAL), Cap("letter", _LETTER)), "4o", "A version with a letter: GPT-4o, Gemma 3n.", "gpt-4o-mini",
        "suffixed", lambda text, found: (Word("suffixed", text, Numbered(point(found["n"]), found["letter"]), text),),
    ),
    WordRule("release_candidate", _seq(_any("rc", "r", "rev"), _NUMBER), "rc1", "A candidate's number.", "Orca-2-13b-rc1"),
)  # fmt: skip


# --- pieces: how a name is cut --------------------------------------------------------------------


def _day(way: int, *parts: Node | str) -> Node:
    """A date written one way: year, month and day keep their names, numbered since a pattern may have each but once."""
    return _seq(*(Cap(f"{part.name.partition(' ')[0]}_{way}", part) if isinstance(part, Named) else part for part in parts))


_DATE = _alt(
    _day(1, _YEAR, "-", _MONTH, "-", _DAY),
    _day(2, _YEAR, "_", _MONTH, "_", _DAY),
    _day(3, _YEAR, ".", _MONTH, ".", _DAY),
    _day(4, _MONTH, "-", _YEAR),
    _day(5, Named("year from 2010 on", _seq("20", Chars("12", "digit 1 or 2"), _DIGIT)), "-", _MONTH),
)


class PieceRule(Rule):
    """A rule by which a name is cut; some pieces are known for what they are by having been cut so."""

    __slots__ = ("means",)

    def __init__(  # noqa: PLR0917  a row of a table
        self, name: str, what: Node, example: str, about: str, worked: str = "", means: Callable[[str, re.Match[str]], Word | None] = lambda _, __: None,
    ) -> None:  # fmt: skip
        super().__init__(name, what, example, about, worked)
        self.means = means
        """The word, or None where the piece must be looked up."""


def _date(text: str, found: re.Match[str]) -> Word | None:
    parts = {name.partition("_")[0]: int(digits) for name, digits in found.groupdict().items() if digits is not None}
    day = Day(parts["year"], parts["month"], parts.get("day"))
    if "-" not in text and calendar(f"{day.year}{day.month:02}{day.day:02}") is None:
        return None  # 2040.01.01 is but a number
    return Word("date", text, day)


PIECES: tuple[PieceRule, ...] = (
    PieceRule(
        "separator", Rep(Chars(r"\W_", "other character")), "-",
        "What stands between words: it begins with neither letter nor digit, so its place in the table is free; first is fastest.", "Qwen3-8B",
        lambda text, _: Word("separator", text),
    ),
    PieceRule(
        "letters", _seq(Rep(_LETTER, 2), _END), "Instruct",
        "Letters alone, as most words are: no rule below begins with two letters and no digit, so its place is free too.", "Qwen3-8B-Instruct",
    ),
    PieceRule("date", _seq(Ahead(Chars("0-2", "digit 0 to 2")), _DATE, _END), "2024-08-06", "A full date, or month and year either way round.", "gpt-4o-2024-08-06", _date),
    PieceRule("scheme_piece", _seq(Ahead(_any("i", "q", "t", "I", "Q", "T")), Fold(_SCHEME), _END), "Q4_K_M", "A GGUF scheme keeps its underscores.", "Llama-3.2-3B-Instruct-IQ4_XS.gguf"),
    PieceRule(
        "shard", _seq(Rep(_DIGIT, 5, 5), Fold(Lit("-of-")), Rep(_DIGIT, 5, 5), _END), "00001-of-00003", "One file of a split checkpoint.",
        "Qwen2.5-72B-Instruct-Q4_K_M-00001-of-00012.gguf", lambda text, _: Word("shard", text),
    ),
    PieceRule("bit_width", _seq(_alt("16", _WIDTH), "-", Fold(_BITS_UNIT), _END), "4-bit", "A width keeps its hyphen.", "Qwen2.5-7B-Instruct-4-bit"),
    PieceRule(
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
        "qwen2.5", "Letters and digits, with points between digits; an underscore between digits is a point.", "internlm2_5-7b-chat",
    ),
)  # fmt: skip

# --- references: how a text is taken apart --------------------------------------------------------

_CHAR = Chars(r"^\n", "character")
_PART = Named("part", Rep(Chars(r"^/\\:@?# ", "part character")))
_STEP_CHAR = Chars("^/", "step character")
_STEP = Named("step", Rep(_STEP_CHAR))
_PLAIN_STEP = Named("plain step", Rep(Chars("^/@", "plain step character")))
_ADDRESS = Named("address", Rep(Chars("^/?#", "address character")))
_SLASH = Chars(r"/\\", "slash")
_FOLDER_CHAR = Chars(r"^/\\", "folder character")
_FOLDER = Named("folder", Rep(_FOLDER_CHAR))
_REST = Rep(_CHAR, 0)
_REVISION_CHAR = Chars(r"^/\\?# ", "revision character")
_REFS = Named("refs", _seq("refs/", _alt(_seq("pr/", _NUMBER), _seq("convert/", Rep(Chars(r"A-Za-z0-9_.\-", "name character"))))))
"""The revisions whose slashes are their own: pull requests and conversions. Any other writes them as %2F."""
_REVISION = Named("revision", _alt(_seq(_REFS, Not(_REVISION_CHAR)), Rep(_REVISION_CHAR)))
_FILE = Named("file", Rep(Chars("^?#", "path character")))
_QUERY = Named("query", _opt(_any("?", "#"), _REST))


@vocabulary.derived
def references() -> tuple[Rule, ...]:
    """The forms of a reference, in order; the last one takes every text."""
    hubs = vocabulary.hubs()
    address = _seq(_any("https", "http"), "://")
    view = _seq("/", _any("tree", "blob", "resolve", "raw", "blame", "commit", "commits", "file/view"), "/", Cap("revision", _REVISION), _opt("/", Cap("file", _FILE)))
    tail = _seq(_opt("/", _any("summary", "files", "tree", "discussions", "tags", "feedback", "quickstart")), Rep(Lit("/"), 0), _QUERY)
    scheme = _seq(Cap("scheme", Named("hub scheme", Words(tuple(hubs.schemes)))), ":", Rep(Lit("/"), 0), Ahead(Chars("^/", "step character")))
    route = Named("route", Words(tuple(hubs.routes)))
    no_route = Not(_seq(route, "/"))
    name = Cap("name", Rep(_STEP_CHAR, lazy=True))
    path = _seq(Cap("routes", Rep(_seq(Rep(_STEP_CHAR, 0), "/"), 0, lazy=True)), _opt(Cap("owner", _STEP), "/"), name)
    tag = _opt(":", Cap("tag", Rep(Chars("^/:", "tag character"), lazy=True)))
    at = _seq(Behind(Lit("/"), there=False), "@")
    return (
        Rule(
            "hub_url",
            _seq(
                _opt(address), Cap("host", Named("host of a hub", Words(tuple(hubs.hosts)))), "/", _opt(_any("models", "library"), "/"),
                _opt(Cap("owner", _PART), "/"), Cap("name", _PART), _opt(":", Cap("tag", _PART)), _opt("@", Cap("revision_at", _REVISION), _opt("/", Cap("file_at", _FILE))),
                _opt(view), tail,
            ),
            "https://huggingface.co/Qwen/Qwen2.5-7B-Instruct/tree/main",
            "A page of a hub; the scheme may be missing.",
        ),
        Rule(
            "huggingface_cache",
            _seq(
                Cap("path", Rep(_CHAR, 0, lazy=True)), "models--", _opt(Cap("owner", Rep(_FOLDER_CHAR, lazy=True)), "--"), Cap("name", _FOLDER),
                _opt(_SLASH, "snapshots", _SLASH, Cap("revision", _FOLDER), _opt(_SLASH, Cap("file", Rep(_CHAR)))), Rep(_SLASH, 0),
            ),
            "~/.cache/huggingface/hub/models--Qwen--Qwen2.5-7B/snapshots/abc123/config.json",
            "A folder of the Hugging Face cache.",
        ),
        Rule(
            "modelscope_cache",
            _seq(
                Cap("path", _seq(Rep(_CHAR, 0, lazy=True), _alt(_SLASH, "."), "modelscope", _SLASH, _opt("hub", _SLASH), _opt("models", _SLASH))),
                Cap("owner", Rep(_FOLDER_CHAR, lazy=True)), _alt("--", _SLASH), Cap("name", _FOLDER),
                _opt(_SLASH, "snapshots", _SLASH, Cap("revision", _FOLDER)), _opt(_SLASH, Cap("file", Rep(_CHAR))), Rep(_SLASH, 0),
            ),
            "~/.cache/modelscope/hub/models/Qwen/Qwen2___5-7B",
            "A folder of the ModelScope cache, old layout or new; three underscores stand for a point.",
        ),
        Rule(
            "other_url",
            _seq(address, Cap("path", _seq(_STEP, "/", Rep(_seq(_ADDRESS, "/"), 0, lazy=True))), _opt(Cap("name", _ADDRESS), Rep(Lit("/"), 0)), _QUERY),
            "https://example.org/files/Qwen2.5-7B-Q4_K_M.gguf",
            "A page of somebody else: only its last part is read.",
        ),
        Rule(
            "local_path",
            _seq(
                Cap(
                    "path",
                    _seq(
                        _alt(_seq(_LETTER, ":", _SLASH), _seq("~", Rep(_FOLDER_CHAR, 0), _SLASH), _seq(Rep(Lit("."), 1, 2), _SLASH), _SLASH, _seq(_FOLDER, "\\")),
                        Rep(_seq(Rep(_FOLDER_CHAR, 0), _SLASH), 0, lazy=True),
                    ),
                ),
                _opt(Cap("name", _FOLDER), Rep(_SLASH, 0)),
            ),
            "./models/SmolLM2-135M-Instruct.Q4_1.gguf",
            "A file or folder on disk, POSIX or Windows.",
        ),
        Rule(
            "file_in_repository",
            _seq(_opt(scheme), Cap("routes", Rep(_seq(_opt(route), "/"), 0)), no_route, Cap("owner", _PLAIN_STEP), "/", Cap("name", _PLAIN_STEP), "/",
                 Cap("file", _seq(Rep(_CHAR, lazy=True), Named("suffix of a file", Words(hubs.files)))), tag, _opt(at, Cap("revision", _alt(_REFS, _STEP)))),
            "Qwen/Qwen2.5-7B-Instruct-GGUF/qwen2.5-7b-instruct-q4_k_m.gguf",
            "A file, with the repository that it lies in before it.",
        ),
        Rule(
            "name_and_refs",
            _seq(_opt(scheme), path, tag, at, Cap("revision", _REFS), _opt(_alt(_seq("/", Cap("file", _REST)), _seq(":", Cap("tag_at", Rep(_CHAR)))))),
            "Qwen/Qwen2.5-7B-Instruct@refs/pr/3",
            "A pull request or a conversion, whose slashes are the revision's own.",
        ),
        Rule(
            "name_and_file",
            _seq(
                _alt(
                    _seq(scheme, Cap("routes", _opt("models/")), _opt(Cap("owner", _STEP), "/"), name),
                    _seq(Cap("routes_at", _opt("models/")), no_route, Cap("owner_at", _STEP), "/", Cap("name_at", Rep(_STEP_CHAR, lazy=True))),
                ),
                tag, at, Cap("revision", _STEP), "/", Cap("file", _REST),
            ),
            "Qwen/Qwen2.5-7B-Instruct@main/config.json",
            "A file behind a revision, as huggingface_hub writes it.",
        ),
        Rule(
            "name",
            _seq(_opt(scheme), path, Rep(Lit("/"), 0), tag, _opt(at, Cap("revision", _STEP))),
            "openrouter/qwen/qwen3-8b:free",
            "Everything else: routes, an owner, the name, a tag and a revision, of which only the name must be there.",
        ),
    )  # fmt: skip


@vocabulary.kept("references")
def _reference_texts() -> tuple[tuple[str, str], ...]:
    return tuple((rule.name, rule.regex()) for rule in references())


@vocabulary.derived
def _reference_patterns() -> dict[str, re.Pattern[str]]:
    """Those that were asked for so far: compiling all of them takes as long as reading a hundred names."""
    return {}


def reference(text: str) -> re.Match[str]:
    """The first form of reference that the whole lower-case ``text`` has, which holds one printable character at least."""
    patterns = _reference_patterns()
    for name, regex in _reference_texts():
        pattern = patterns.get(name)
        if pattern is None:
            pattern = patterns[name] = re.compile(regex, re.ASCII)
        found = pattern.fullmatch(text)
        if found is not None:
            return found
    raise AssertionError(text)  # the last form takes every text


def form(found: re.Match[str]) -> str:
    """The name of the rule that `reference` matched."""
    return next(name for name, pattern in _reference_patterns().items() if pattern is found.re)


@cache
def _known_pieces() -> tuple[tuple[PieceRule, re.Pattern[str]], ...]:
    return tuple((rule, re.compile(rule.regex())) for rule in PIECES if rule.name in ("date", "shard"))


@cache
def _word_pattern() -> re.Pattern[str]:
    """Any of the rules; which one, the empty group behind it tells: before it, it would hide how the rule begins, and each would be tried."""
    return re.compile("|".join(f"{_unnamed(rule)}(?P<{rule.name}>)" for rule in WORDS))


@cache
def _word_rule(name: str) -> tuple[WordRule, re.Pattern[str]]:
    """A rule and its own pattern, whose parts have their names; most are never needed."""
    return next((rule, re.compile(rule.regex())) for rule in WORDS if rule.name == name)


pieces: Callable[[str], list[str]] = re.compile("|".join(f"(?:{_unnamed(rule)})" for rule in PIECES)).findall
"""A text cut by `PIECES`, its case kept; joined, they are the text again."""


def known_piece(text: str) -> Word | None:
    """The word that a lower-case piece is for having been cut as it was: a date, a shard, a separator."""
    if text.isalnum():
        return None  # as most pieces are: the others are known by what parts them
    if not text[0].isalnum():
        return Word("separator", text)
    found = ((rule, pattern.fullmatch(text)) for rule, pattern in _known_pieces())
    return next((rule.means(text, match) for rule, match in found if match is not None), None)


def word(text: str) -> tuple[WordRule, re.Match[str]] | None:
    """The first rule of `WORDS` that the whole lower-case word obeys, and its match."""
    if text.isalpha():
        return None  # every rule wants a digit
    found = _word_pattern().fullmatch(text)
    if found is None or found.lastgroup is None:
        return None
    rule, pattern = _word_rule(found.lastgroup)
    match = pattern.fullmatch(text)
    return None if match is None else (rule, match)
