"""Properties that hold for any text, and for any name put together from the vocabulary."""

from __future__ import annotations

import json
import string
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, example, given, settings
from hypothesis import strategies as st

import corpus
from modelcatalog import NameSyntaxError, names, parse, parse_many
from modelcatalog.catalog.meaning import meanings
from modelcatalog.names import grammar
from modelcatalog.records import ModelName

REAL = [entry["text"] for _, entry in corpus.tables("name")]
PIECES = sorted({piece for text in REAL for piece in grammar.pieces(text)})
RULES = [rule.example for rule in (*grammar.references(), *grammar.PIECES, *grammar.WORDS)]
ODD = [
    "models--",
    "--",
    "-of-",
    "00001-of-00002",
    "://",
    "https://",
    "hf.co/",
    "modelscope/",
    "snapshots/",
    "\\",
    "~/",
    "./",
    "@",
    ":",
    "#",
    "?",
    "(",
    ".gguf",
    "___",
    "q4_k_m",
    "0x7b",
    "0e",
    "0b",
    "v2_7b",
    "2024-",
    "2024-13-45",
    "٣",
    "²",
    "İ",
    "ﬁ",
    "\u200b",
    "😀",
    "模型",
    "9" * 30,
    "1e9",
]
quick = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

texts = st.text(max_size=80) | st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=80)
shuffled = st.lists(st.sampled_from([*PIECES, *ODD]), min_size=1, max_size=9).map("".join)


def refused(text: str) -> bool:
    """Whether the text is not a name, by the documented rule."""
    return not text.strip() or len(text) > 1024 or any(ord(c) < 32 or 127 <= ord(c) < 160 or 0xD800 <= ord(c) < 0xE000 for c in text)


def check(text: str) -> None:
    """What holds for every text: it is refused with a caret, or read without loss into a record that survives JSON."""
    try:
        name = parse(text)
    except NameSyntaxError as error:
        assert refused(text)
        assert "^" in str(error)  # noqa: PT017  the message is looked at, not the raising
        assert 0 <= error.start <= error.end <= max(1, len(text))  # noqa: PT017
        return
    assert not refused(text)
    assert str(name) == text
    at = 0
    for segment in name.segments:
        assert segment.start == at < segment.end
        assert segment.text == text[at : segment.end]
        at = segment.end
    assert at == len(text)
    assert set(name.unknown) <= {segment.text for segment in name.segments if segment.kind == "unknown"}
    assert ModelName.model_validate_json(name.model_dump_json()) == name
    for path, _ in name.origins:
        assert name.origin(path)


@given(text=texts)
@example(text="")
@example(text="\u200b")
@example(text="q" * 1024)
@example(text="q" * 1025)
@settings(quick, max_examples=300)
def test_any_text(text: str) -> None:
    """Any text is read losslessly, or refused with the one error and a caret."""
    check(text)


@given(text=shuffled)
@example(text="Qwen-7B@h6")
@example(text="Qwen-7B-0x7B")
@example(text="1.1٣4.0")
@settings(quick, max_examples=700)
def test_shuffled_pieces(text: str) -> None:
    """So is any text made of the pieces of real names, which reach the rules where letters at random do not."""
    check(text[:1024])


@given(text=shuffled)
@settings(quick, max_examples=150)
def test_strict_refuses_exactly_the_unknown(text: str) -> None:
    """Under strict, a text is refused at its first unknown word, an unknown family's too, and accepted where it has none."""
    assume(not refused(text))
    name = parse(text)
    unknown = [(segment.start, segment.end) for segment in name.segments if segment.kind == "unknown"]
    strangers = [(segment.start, segment.end) for segment in name.segments if segment.kind == "family" and name.company is None]
    try:
        strict = parse(text, strict=True)
    except NameSyntaxError as error:
        place = (error.start, error.end)
        event("refused")
        assert place in strangers or place == unknown[0]
    else:
        event("accepted")
        assert strict == name
        assert not unknown


# --- names built from the vocabulary ------------------------------------------------------------

JOINTS = {"Qwen": "", "InternLM": "", "SmolLM": "", "Falcon": ""}
"""What people say between a family and its version, where it is not a hyphen."""
FAMILIES = {
    "Qwen": ("Alibaba", ("1.5", "2", "2.5", "3")),
    "Llama": ("Meta", ("2", "3", "3.1", "3.2", "4")),
    "Gemma": ("Google", ("2", "3")),
    "Phi": ("Microsoft", ("2", "3", "3.5", "4")),
    "InternLM": ("Shanghai AI Laboratory", ("2", "2.5", "3")),
    "GLM": ("Z.ai", ("4", "4.5")),
    "Falcon": ("TII", ("3",)),
    "SmolLM": ("Hugging Face", ("2", "3")),
    "Yi": ("01.AI", ("1.5",)),
    "OLMo": ("Ai2", ("2",)),
}
"""Family -> its company and versions."""
SIZES = {
    "135M": 135 * 10**6,
    "0.5B": 5 * 10**8,
    "1.7B": 17 * 10**8,
    "7B": 7 * 10**9,
    "14B": 14 * 10**9,
    "72B": 72 * 10**9,
    "405B": 405 * 10**9,
}
TYPES = ("Instruct", "Chat", "Coder", "Math", "Base", "Thinking", "VL")
QUANTIZATIONS: dict[str, tuple[str | None, str | None, int | None, str | None]] = {
    "": (None, None, None, None),
    "AWQ": ("awq", None, None, "safetensors"),
    "GPTQ-Int8": ("gptq", None, 8, "safetensors"),
    "FP8": ("fp8", None, 8, None),
    "Q4_K_M": ("gguf", "Q4_K_M", 4, "gguf"),
    "IQ2_XXS": ("gguf", "IQ2_XXS", 2, "gguf"),
    "Q8_0": ("gguf", "Q8_0", 8, "gguf"),
    "MLX-4bit": ("mlx", None, 4, "mlx"),
}
"""As written -> method, scheme, bits (None: not looked at) and format."""
FORMS = {
    "{name}": None,
    "{owner}/{name}": None,
    "hf.co/{owner}/{name}": "huggingface",
    "https://huggingface.co/{owner}/{name}/tree/main": "huggingface",
    "https://modelscope.cn/models/{owner}/{name}": "modelscope",
    "models--{owner}--{name}": "huggingface",
    "/root/.cache/modelscope/hub/models/{owner}/{name}": "modelscope",
    "{owner}/{name}@v1.0": None,
    "./{name}": None,
    "openrouter/{owner}/{name}": None,
}
"""Each form of reference, and the hub that it names."""


@st.composite
def built(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    """A name, the form of reference, and the facts of which both were made."""
    family = draw(st.sampled_from(sorted(FAMILIES)))
    company, versions = FAMILIES[family]
    version = draw(st.sampled_from(versions))
    size = draw(st.sampled_from(sorted(SIZES)))
    types = draw(st.lists(st.sampled_from(TYPES), unique=True, max_size=2))
    quantization = draw(st.sampled_from(sorted(QUANTIZATIONS)))
    joint = draw(st.sampled_from(("-", "")))
    name = "-".join(part for part in (f"{family}{joint}{version}", size, *types, quantization) if part)
    facts = {
        "company": company,
        "family": family,
        "version": version,
        "series": f"{family}{JOINTS.get(family, '-')}{version}",
        "types": {kind.lower() for kind in types},
        "total": SIZES[size],
        "label": size,
        "quantization": QUANTIZATIONS[quantization],
    }
    return name, draw(st.sampled_from(sorted(FORMS))), facts


def facts_of(name: ModelName) -> dict[str, Any]:
    """The same facts, as they were read."""
    quantization = name.quantization
    return {
        "company": name.company,
        "family": name.family,
        "version": name.version,
        "series": name.series,
        "types": set(name.types),
        "total": name.size and name.size.total,
        "label": name.size and name.size.label,
        "quantization": (
            quantization and quantization.method,
            quantization and quantization.scheme,
            quantization and quantization.bits,
            name.format,
        ),
    }


@given(made=built())
@settings(quick, max_examples=400)
def test_built_names_come_back(made: tuple[str, str, dict[str, Any]]) -> None:
    """A name made of known facts is read as these facts, in every form of reference, with no word left over."""
    text, form, facts = made
    name = parse(form.format(owner="someone", name=text))
    found = facts_of(name)
    wanted = facts["quantization"]
    if wanted[0] is not None and wanted[2] is None:
        found["quantization"] = (*found["quantization"][:2], None, found["quantization"][3])
    if wanted[0] == "fp8":
        found["quantization"] = (*found["quantization"][:3], None)
    assert found == facts
    assert name.unknown == ()
    assert (name.owner, name.name) == ("someone" if "{owner}" in form else None, text)
    assert name.hub == FORMS[form]
    assert parse(form.format(owner="someone", name=text), strict=True) == name


@given(
    made=built(),
    cased=st.sampled_from((str, str.lower, str.upper)),
    separator=st.sampled_from(("-", "_", " ")),
    owner=st.sampled_from(("", "bartowski/", "openrouter/", "someone/", "hf.co/someone/")),
    packaging=st.sampled_from(("", "-GGUF", "-AWQ", "-4bit", "-bf16", ".Q4_K_M.gguf", "-GPTQ-Int4")),
)
@settings(quick, max_examples=400)
def test_canonical_is_one_spelling(made: tuple[str, str, dict[str, Any]], cased: Any, separator: str, owner: str, packaging: str) -> None:
    """Case, separators, owner, quantization and format make no other model; the canonical name reads as itself."""
    text = made[0]
    plain = parse(text)
    other = parse(owner + cased(text.replace("-", separator)) + packaging)
    assert other.canonical == plain.canonical
    assert other.same_model(plain)
    assert parse(plain.canonical).canonical == plain.canonical


@given(one=built(), other=built())
@settings(quick, max_examples=300)
def test_different_facts_are_different_models(one: tuple[str, str, dict[str, Any]], other: tuple[str, str, dict[str, Any]]) -> None:
    """Two names have one canonical name exactly if they agree in everything but the packaging; or if one is short for the one model of that name."""
    left, right = ({key: value for key, value in facts.items() if key != "quantization"} for _, _, facts in (one, other))
    first, second = (names.read(text).canonical for text, _, _ in (one, other))
    assert (first == second) is (left == right)
    if first not in meanings() and second not in meanings():
        assert (parse(one[0]).canonical == parse(other[0]).canonical) is (left == right)


def test_short_for_the_one_model() -> None:
    """What the test above leaves out: there is one Falcon3-7B that was tuned, and its name without the word means it."""
    assert parse("Falcon-3-7B").canonical == parse("Falcon-3-7B-Instruct").canonical != names.read("Falcon-3-7B").canonical


@given(made=built())
@settings(quick, max_examples=50)
def test_json_schema_describes_the_json(made: tuple[str, str, dict[str, Any]]) -> None:
    """What is written has exactly the fields of the schema."""
    written = json.loads(parse(made[0]).model_dump_json())
    schema = ModelName.model_json_schema(mode="serialization")
    definition = schema["$defs"]["ModelName"]
    assert written.keys() == definition["properties"].keys()
    assert all(segment.keys() == {"kind", "text", "start", "end"} for segment in written["segments"])


def test_parse_many_is_parse_one_at_a_time() -> None:
    """Many names are read in order, and none before it is asked for."""
    asked = []

    def names() -> Any:
        for text in REAL[:20]:
            asked.append(text)
            yield text

    found = parse_many(names())
    assert asked == []
    assert next(found) == parse(REAL[0])
    assert asked == REAL[:1]
    assert [name.source for name in found] == REAL[1:20]


# --- cost ---------------------------------------------------------------------------------------

REPEATS = [
    "1_",
    "1.",
    "1___",
    "_",
    "-",
    ".",
    "/",
    "\\",
    ":",
    "@",
    "://",
    "(",
    "a",
    "0",
    "a.b.",
    "a/",
    "a--",
    "models--",
    "models--a--",
    "x/modelscope/",
    ".modelscope/",
    "-of-",
    "00001-of-",
    "q4_k",
    "q4_k-",
    "iq4_",
    "2_",
    "2024-",
    "2024-0",
    "20",
    "8x7b",
    "7bx",
    "w4a16",
    "4bit",
    "4-",
    "v1.",
    "v1_",
    "https://",
    "hf.co/",
    "snapshots/",
    "~/",
    "./",
    "C:\\",
    ".gguf",
    "qwen",
    "qwen2",
    "qwen-",
    "llama ",
    "llama guard-",
    "通义千问",
    "千问2",
    "İ",
    "٣",
    "databricks-",
    "us.",
    "openrouter/",
    "a__",
]


def _seconds(unit: str, length: int) -> float:
    """The least of several times of reading one text that was not read before."""
    best = 1.0
    for turn in range(4):
        text = f"{string.ascii_lowercase[turn]}{unit * (length // len(unit) + 1)}"[:length]
        start = time.perf_counter()
        parse(text)
        best = min(best, time.perf_counter() - start)
    return best


@pytest.mark.parametrize("unit", [*REPEATS, *dict.fromkeys([*RULES, *(f"{example}-" for example in RULES)])])
def test_cost_is_linear(unit: str) -> None:
    """Four times the length costs about four times as much, whatever is repeated: no input makes a rule backtrack."""
    for _ in range(5):  # a busy machine must not fail this: quadratic cost fails every time
        short, long = _seconds(unit, 250), _seconds(unit, 1000)
        if long < 7 * short + 0.0002:
            return
    pytest.fail(f"{unit!r}: 250 characters {short * 1e6:.0f} us, 1000 characters {long * 1e6:.0f} us")
