"""Tests of `prices`: names of any spelling are joined with the entries of the real genai-prices; no price stands in this package."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from modelcatalog import MissingPackage, Unsupported, prices

genai: Any = pytest.importorskip("genai_prices")
NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_every_id_finds_its_own_price() -> None:
    """Each provider's each id, as genai-prices writes it, is answered with its own entry; one in seven of them is asked here."""
    from genai_prices.data_snapshot import get_snapshot

    every = [(provider.id, info.id) for provider in get_snapshot().providers for info in provider.models]
    assert len(every) > 1000
    lost = [(provider, model) for provider, model in every[::7] if model not in [one.model for one in prices(model, provider=provider, when=NOON)]]
    assert lost == []


@pytest.mark.parametrize(
    ("name", "provider", "model"),
    [
        ("gpt-4o", "openai", "gpt-4o"), ("GPT-4o", "openai", "gpt-4o"), ("gpt-4o-2024-08-06", "openai", "gpt-4o"),
        ("gpt-4o-2024-05-13", "openai", "gpt-4o-2024-05-13"), ("gpt-4-turbo", "openai", "gpt-4-turbo"),
        ("anthropic/claude-sonnet-4.5", "anthropic", "claude-sonnet-4-5"), ("claude-3-5-sonnet-20241022", "anthropic", "claude-3-5-sonnet"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", None, "regional.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("global.anthropic.claude-sonnet-4-5-20250929-v1:0", "aws", "global.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        ("bedrock/us-east-2/us.anthropic.claude-3-haiku-20240307-v1:0", None, "regional.anthropic.claude-3-haiku-20240307-v1:0"),
        ("openrouter/deepseek/deepseek-r1", None, "deepseek/deepseek-r1"), ("deepseek/deepseek-r1:free", "openrouter", "deepseek/deepseek-r1:free"),
        ("zai-org/GLM-4.6", "zai", "GLM-4.6"), ("grok-4", "xai", "grok-4-0709"), ("grok-4", "x-ai", "grok-4-0709"),
    ],
)  # fmt: skip
def test_joined(name: str, provider: str | None, model: str) -> None:
    """A model is found whatever either side calls it, and costs what genai-prices says that it costs."""
    (found,) = prices(name, provider=provider, when=NOON)
    assert found.model == model
    assert found.source == f"genai-prices {genai.__version__}"
    if found.input is not None and not found.tiered:
        told = found.info.get_prices(NOON)
        assert getattr(told.input_mtok, "base", told.input_mtok) == found.input
        assert getattr(told.output_mtok, "base", told.output_mtok) == found.output


def test_other_models_cost_otherwise() -> None:
    """A tier and a snapshot of another price are never answered with the model's, and what is not known costs nothing known."""
    one, other = (prices(name, provider="openai", when=NOON)[0].input for name in ("gpt-4o", "gpt-4o-mini"))
    assert one is not None
    assert other is not None
    assert one > other
    assert prices("gpt-4o", provider="openai")[0].input != prices("gpt-4o-2024-05-13", provider="openai")[0].input
    assert prices("nothing-9000") == ()
    assert prices("gpt-4o", provider="groq") == ()


def test_every_provider() -> None:
    """Without a provider all that serve the model are told, by the ids that they have here."""
    found = {one.provider for one in prices("gpt-4o")}
    assert {"openai", "openrouter"} <= found


def test_a_newer_snapshot() -> None:
    """Prices that a program has set since are the ones that count."""
    from genai_prices import data_snapshot, types

    info = types.ModelInfo(id="gpt-4o", match=types.ClauseEquals("gpt-4o"), prices=types.ModelPrice(input_mtok=Decimal(7), output_mtok=Decimal(8)))
    provider = types.Provider(id="openai", name="OpenAI", api_pattern="x", models=[info])
    before = prices("gpt-4o", provider="openai")
    try:
        data_snapshot.set_custom_snapshot(data_snapshot.DataSnapshot(providers=[provider], from_auto_update=True))
        (found,) = prices("openai/gpt-4o")
        assert (found.input, found.output, found.cached_input) == (Decimal(7), Decimal(8), None)
    finally:
        data_snapshot.set_custom_snapshot(None)
    assert prices("gpt-4o", provider="openai") == before


def test_no_such_provider() -> None:
    """A provider that genai-prices has not is refused, and those that it has are named."""
    with pytest.raises(Unsupported, match="genai-prices has no provider 'nowhere'") as caught:
        prices("gpt-4o", provider="nowhere")
    assert "openai" in (caught.value.hint or "")
    with pytest.raises(Unsupported, match="genai-prices has no provider ''"):
        prices("gpt-4o", provider="")


def test_a_time_without_a_zone() -> None:
    """It would mean another hour to everyone: prices that change within a day have zones."""
    with pytest.raises(Unsupported, match=r"has no zone\n  pass a datetime with its zone, or leave it out$"):
        prices("deepseek-chat", when=NOON.replace(tzinfo=None))


def test_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package, the line that installs it."""
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)
    with pytest.raises(MissingPackage, match=r"pip install 'modelcatalog\[prices\]'"):
        prices("gpt-4o")
