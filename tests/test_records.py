"""Tests of records.py: what crosses module borders is valid, frozen, comparable, and survives JSON."""

from __future__ import annotations

import json
import pickle

import pytest
from pydantic import ValidationError

from modelcatalog import Reply, parse
from modelcatalog.known import Checkpoint
from modelcatalog.records import ModelName, Quantization, Release, Segment, Size, Version


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (Size(label="30B-A3B", total=30 * 10**9), "30B-A3B"),
        (Size(total=671 * 10**9), "671B"),
        (Size(total=3_800_000_000), "3.8B"),
        (Size(active=10**9), "?"),
    ],
)
def test_size_text(size: Size, text: str) -> None:
    """A size is shown as written, else in billions."""
    assert str(size) == text


@pytest.mark.parametrize(
    ("quantization", "text"),
    [
        (Quantization(method="gguf", scheme="Q4_K_M", bits=4), "gguf Q4_K_M 4-bit"),
        (Quantization(method="bitnet", bits=1.58), "bitnet 1.58-bit"),
        (Quantization(method="awq"), "awq"),
        (Quantization(), ""),
    ],
)
def test_quantization_text(quantization: Quantization, text: str) -> None:
    """A quantization is shown by what is known of it."""
    assert str(quantization) == text


@pytest.mark.parametrize(
    ("release", "text"),
    [
        (Release(year=2025, month=7, text="2507"), "2025-07"),
        (Release(month=5, day=28, text="0528"), "????-05-28"),
        (Release(year=2024, text="2024"), "2024-??"),
    ],
)
def test_release_text(release: Release, text: str) -> None:
    """A date is shown with question marks for what the name leaves open."""
    assert str(release) == text


def test_records_are_valid_by_construction() -> None:
    """No record holds a negative size, a thirteenth month or a field that does not exist."""
    with pytest.raises(ValidationError):
        Size(total=-1)
    with pytest.raises(ValidationError):
        Size(experts=0)
    with pytest.raises(ValidationError):
        Release(month=13, text="1301")
    with pytest.raises(ValidationError):
        Quantization(bits=0)
    with pytest.raises(ValidationError):
        Size.model_validate({"label": "7B", "params": 7})


def test_records_are_frozen_and_hash() -> None:
    """A record can be a key, and nobody can change it under its holder."""
    size = Size(label="7B", total=7 * 10**9)
    assert len({size, Size(label="7B", total=7 * 10**9)}) == 1
    with pytest.raises(ValidationError):
        size.label = "8B"
    assert len({parse("Qwen3-8B"), parse("Qwen3-8B")}) == 1


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("2.5", "3"),
        ("4.2", "4.20"),
        ("3", "3.1"),
        ("4", "4o"),
        ("4.1", "4o"),
        ("R1", "R2"),
        ("V3", "V3.1"),
        ("K2", "K2.5"),
        ("9", "10"),
        ("3", "3n"),
        ("2.5", "10.1"),
    ],
)
def test_version_order(smaller: str, larger: str) -> None:
    """Versions compare by part as numbers, and a letter behind comes after the number alone."""
    assert Version(smaller) < Version(larger)
    assert Version(larger) > Version(smaller)
    assert Version(smaller) != Version(larger)


def test_versions_that_are_one() -> None:
    """Case and the line's letter make no difference, and equal versions are one key."""
    assert Version("v3") == Version("V3") == Version("3")
    assert len({Version("R1"), Version("r1")}) == 1
    assert Version("3") != "3"
    assert repr(Version("2.5")) == "Version('2.5')"
    assert Version("V").key == ((1, "v"),)


def test_names_sort_by_version() -> None:
    """Inside a family, names sort by version, then year."""
    names = [parse(text) for text in ("Qwen3-8B", "Qwen2.5-7B", "Qwen-7B", "Qwen2-7B")]
    assert [name.source for name in sorted(names)] == ["Qwen-7B", "Qwen2-7B", "Qwen2.5-7B", "Qwen3-8B"]
    assert parse("gpt-4o-2024-05-13") < parse("gpt-4o-2024-08-06")
    assert parse("qwen-plus-2025-01-25") < parse("qwen-max-2025-07-14")  # the date before the rest of the name
    assert parse("qwen-max-2025-01-25") < parse("qwen-turbo-2025-01-26") < parse("qwen-plus-2025-07-14")
    assert parse("claude-3-5-sonnet-20241022") < parse("claude-sonnet-4-20250514")


def test_all_comparisons() -> None:
    """Arrays and frames ask for ``<=`` where they look for the least; two spellings of one model are of one place."""
    old, new, again = map(parse, ("Qwen2-7B", "Qwen3-8B", "qwen/qwen3-8b"))
    assert old <= new
    assert new >= old
    assert new > old
    assert new <= again
    assert again <= new
    assert not new <= old
    with pytest.raises(TypeError, match="belong to different families"):
        assert old <= parse("phi-4")
    with pytest.raises(TypeError, match="'<=' not supported"):
        assert old <= "phi-4"  # type: ignore[operator]


@pytest.mark.parametrize(("left", "right"), [("Qwen3-8B", "Llama-3.1-8B"), ("8B", "8B")])
def test_names_of_two_families_do_not_compare(left: str, right: str) -> None:
    """No family is older than another, and names without a family have no order."""
    message = f"^'{left}' and '{right}' belong to different families, so neither is older: sort names of several by key=str$"
    with pytest.raises(TypeError, match=message):
        assert parse(left) < parse(right)


def test_names_of_several_families_are_sorted_by_their_text() -> None:
    """What the error says works."""
    assert [*map(str, sorted(map(parse, ["Qwen3-8B", "Llama-3.1-8B", "Phi-4"]), key=str))] == ["Llama-3.1-8B", "Phi-4", "Qwen3-8B"]


def test_records_are_formatted_as_their_text() -> None:
    """In an f-string with a width, a record is the text that it prints as."""
    name = parse("Qwen3-8B-AWQ")
    assert f"{name:<15}|{name.size:>6}|{name.quantization:^12}|" == "Qwen3-8B-AWQ   |    8B| awq 4-bit  |"
    assert f"{Reply(text='Paris.'):>8}" == "  Paris."


def test_same_model_takes_a_record() -> None:
    """A text that was not parsed is said to be one."""
    with pytest.raises(TypeError, match=r"^expected a ModelName, got 'azure/gpt-4o': parse it first$"):
        parse("gpt-4o").same_model("azure/gpt-4o")  # type: ignore[arg-type]


def test_names_compare_with_names_only() -> None:
    """A name and a text have no order."""
    with pytest.raises(TypeError, match="not supported between instances"):
        assert parse("Qwen3-8B") < "Qwen3-14B"  # type: ignore[operator]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct-q4_k_m.gguf", True),
        ("bartowski/Qwen2.5-7B-Instruct-GGUF", "mlx-community/Qwen2.5-7B-Instruct-4bit", True),
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06", False),
        ("claude-sonnet-4", "anthropic/claude-sonnet-4-20250514", True),
        ("DeepSeek-R1", "deepseek-ai/DeepSeek-R1-0528", True),  # a date of four digits
        ("Qwen3-4B-Instruct-2507", "Qwen3-4B-Instruct", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o-mini", "gpt-4o-2024-08-06", False),
        ("Qwen3-8B", "Qwen3-14B", False),
    ],
)
def test_same_model(one: str, other: str, same: bool) -> None:  # noqa: FBT001  a table's column
    """One model whatever its packaging; a date that only one of the two has is not a difference."""
    assert parse(one).same_model(parse(other)) is same
    assert parse(other).same_model(parse(one)) is same


def test_nothing_is_the_same_as_nothing() -> None:
    """Names that tell no model are not the same model."""
    assert not parse("Q4_K_M").same_model(parse("hf.co/"))
    assert parse("./").canonical == ""
    assert not parse("./").same_model(parse("../"))


@pytest.mark.parametrize(
    ("text", "path", "origin"),
    [
        ("DeepSeek-R1", "family", "name"),
        ("DeepSeek-R1", "company", "catalog"),
        ("DeepSeek-R1", "size.total", "catalog"),
        ("DeepSeek-R1", "dtype", None),
        ("DeepSeek-R1", "quantization.bits", None),
        ("mlx-community/Qwen3-8B-4bit", "quantization.method", "owner"),
        ("mlx-community/Qwen3-8B-4bit", "quantization.bits", "name"),
        ("mlx-community/Qwen3-8B-4bit", "format", "owner"),
        ("zork-8x3B", "size.total", "estimate"),
        ("zork-8x3B", "size.experts", "name"),
        ("Qwen3-8B", "types", None),
        ("phi-4", "size", "catalog"),
        ("Phi-3-mini", "size", "name"),
        ("zork-8x3B", "size", "name"),
        ("mlx-community/Qwen3-8B-4bit", "quantization", "name"),
        ("phi-4", "quantization", None),
    ],
)
def test_origin(text: str, path: str, origin: str | None) -> None:
    """Every fact knows whether the name, the owner, the catalog or arithmetic tells it."""
    assert parse(text).origin(path) == origin


def test_origin_of_no_field() -> None:
    """A misspelt field is an error, not a None."""
    with pytest.raises(AttributeError):
        parse("Qwen3-8B").origin("size.totl")


@pytest.mark.parametrize(
    "text",
    [
        "Qwen/Qwen2.5-Coder-3B-Instruct-AWQ",
        "deepseek-ai/DeepSeek-R1-Distill-Qwen-7B",
        "hf.co/bartowski/Llama-3.2-1B-Instruct-GGUF:Q4_K_M",
        "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
        "turboderp/Llama-3-8B-exl2@6.0bpw",
        "通义千问-7B",
    ],
)
def test_json_round_trip(text: str) -> None:
    """A record comes back from JSON as it was, segments and base included."""
    name = parse(text)
    written = name.model_dump_json()
    assert ModelName.model_validate_json(written) == name
    assert json.loads(written)["segments"][0].keys() == {"kind", "text", "start", "end"}
    assert ModelName.model_validate(name.model_dump()) == name


def test_json_schema() -> None:
    """The schema names every field, for validation and for serialization."""
    for schema in (ModelName.model_json_schema(), ModelName.model_json_schema(mode="serialization")):
        definition = schema["$defs"]["ModelName"]
        assert set(definition["properties"]) == set(ModelName.model_fields)
        assert {"Size", "Quantization", "Release"} <= set(schema["$defs"])
    assert Checkpoint.model_json_schema()["properties"]["hub"]["enum"] == ["huggingface", "modelscope", "ollama"]


def test_texts() -> None:
    """A name is its source, a checkpoint its repository, a segment its place."""
    assert str(parse(" Qwen3-8B")) == " Qwen3-8B"
    assert str(Checkpoint(hub="huggingface", repo_id="Qwen/Qwen3-8B")) == "Qwen/Qwen3-8B"
    assert Segment("family", "Qwen", 0, 4) == ("family", "Qwen", 0, 4)


def test_identity_is_what_canonical_is_the_text_of() -> None:
    """The parts of a name's identity are the record's own; nothing must be taken out of the text again."""
    for text in ("EleutherAI/gpt-neox-20b", "gpt-4o-2024-08-06", "DeepSeek-R1-0528", "zork-7b-chat", "Qwen2.5-7B-ft", "Hermes-2-Theta-Llama-3-8B", "fizz"):
        name = parse(text)
        assert str(name.identity) == name.canonical
        assert name.identity.family == ("" if name.family is None or name.family == "zork" else name.family.lower())
        assert name.identity.version == (name.version or "").lower()
    assert parse("Qwen2.5-7B-ft").identity.words == ("7b", "fine-tuned")
    assert parse("DeepSeek-R1-0528").identity.date == "-05-28"


def test_identity_says_more_and_less() -> None:
    """Words come and go in their order, and so does the date."""
    identity = parse("gpt-4o-2024-08-06").identity
    assert str(identity.too("audio").too("a")) == "gpt-4o-a-audio@2024-08-06"
    assert identity.too("audio").but("audio") == identity
    assert str(identity.undated()) == "gpt-4o"


def test_identity_survives_copies() -> None:
    """A name that was copied, pickled or made from its fields has its identity from the text, and equals the one that was read."""
    name = parse("EleutherAI/gpt-neox-20b")
    unpickled = pickle.loads(pickle.dumps(name))  # noqa: S301  its own
    for other in (name.model_copy(), unpickled, ModelName.model_validate(name.__dict__), ModelName.model_validate_json(name.model_dump_json())):
        assert other == name
        assert other.identity == name.identity
    assert ModelName(source="zork").identity == ("", "", (), "", ())
