"""The recipe for a frame of facts, as docs/recipes.md shows it: run where pandas or polars is, on a thousand ids."""

from __future__ import annotations

from typing import Any

import pytest

import modelcatalog as mc
from modelcatalog.catalog.listing import listing
from pages import DOCS, Block, blocks

RECIPES = ("recipes.md", "recipes.zh.md")


def _recipe(page: str) -> Block:
    return next(block for block in blocks(DOCS / page, "python") if "import pandas" in block.text)


def _rows(count: int) -> list[dict[str, Any]]:
    ids = [*(entry.huggingface or entry.modelscope or "" for entry in listing().entries), *(name for _, name in listing().served.values())]
    return [mc.facts(name).model_dump(exclude={"origins"}) for name in ids[:: len(ids) // count][:count]]


@pytest.mark.parametrize("page", RECIPES)
def test_the_recipe(page: str) -> None:
    """The block of the page makes a frame with the types that it promises, and what nobody says stays missing."""
    pandas = pytest.importorskip("pandas")
    names: dict[str, Any] = {"mc": mc}
    exec(compile(_recipe(page).text, page, "exec"), names)  # noqa: S102  the page is the project's own
    frame = names["frame"]
    assert (str(frame.context_length.dtype), str(frame.tools.dtype)) == ("Int64", "boolean")
    assert frame.loc["Qwen/Qwen3-8B", "canonical"] == "qwen-3-8b"
    assert frame.loc["nobody/knows-this-one", ["context_length", "tools", "retired"]].isna().all()
    assert frame.loc["openai/gpt-4o", "released"] == pandas.Timestamp("2024-05-13")
    assert "anthropic.claude-3-haiku-20240307-v1:0" not in names["recent"].index  # it was retired


@pytest.mark.parametrize("page", RECIPES)
def test_names(page: str) -> None:
    """The block about names makes a frame, and so do the names of a thousand ids."""
    pandas = pytest.importorskip("pandas")
    names: dict[str, Any] = {"mc": mc}
    block = next(block for block in blocks(DOCS / page, "python") if "json_normalize" in block.text)
    exec(compile(block.text, page, "exec"), names)  # noqa: S102  the page is the project's own
    frame = names["frame"]
    assert frame.loc["us.meta.llama3-3-70b-instruct-v1:0", "size.total"] == 70_000_000_000
    assert (frame.loc["openai/gpt-4o", "key"], frame.loc["bartowski/Qwen3-8B-GGUF:Q4_K_M", "quantization.scheme"]) == ("gpt-4o", "Q4_K_M")
    assert names["models"].loc["qwen-3-8b", "names"] == 1
    ids = [entry.huggingface or entry.modelscope or "" for entry in listing().entries][::7][:1000]
    whole = pandas.json_normalize([name.model_dump(exclude={"segments", "origins", "base"}) for name in mc.parse_many(ids)])
    assert len(whole) == 1000
    assert whole["canonical"].notna().all()


def test_a_thousand_ids() -> None:
    """A thousand rows make a frame in either package, one column for each fact; those of polars are typed by themselves."""
    rows = _rows(1000)
    assert len(rows) == 1000
    columns = [field for field in mc.Facts.model_fields if field != "origins"]
    pandas = pytest.importorskip("pandas")
    assert [*pandas.DataFrame(rows).columns] == columns
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(rows, infer_schema_length=None)
    assert frame.schema["context_length"] == polars.Int64
    assert frame.schema["input_modalities"] == polars.List(polars.String)
    assert frame.schema["tools"] == polars.Boolean


def test_an_empty_cell_and_a_column() -> None:
    """What pandas has for an empty cell is neither equal to itself nor not, and a column is neither true nor false: both are said as what they are."""
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    with pytest.raises(TypeError, match=r"got <NA>: leave out what is missing first \(of a frame, with dropna\)$"):
        mc.parse(pandas.NA)
    for column in (pandas.Series(["Qwen3-8B"]), pandas.Series(["Qwen3-8B"]).to_numpy(), polars.Series(["Qwen3-8B"])):
        with pytest.raises(TypeError, match=r"^expected a name as a text, got .*: call it for each of them$"):
            mc.parse(column)
        assert [name.series for name in mc.parse_many(column)] == ["Qwen3"]


def test_rows_are_plain() -> None:
    """Without either package: a row holds texts, numbers, truths and tuples of texts, which any table takes."""
    for row in _rows(200):
        assert all(value is None or isinstance(value, (str, int, bool, tuple)) for value in row.values())
