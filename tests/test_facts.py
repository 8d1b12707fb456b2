"""`facts`: a fact is said of what its source speaks of, and of nothing else; who says it; what is retired; what nobody says."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest

from modelcatalog import CatalogDataError, ClosedWeights, Facts, NameSyntaxError, catalog, facts, parse, plan, resolve, vocabulary
from modelcatalog.catalog.knowing import retirement
from modelcatalog.patterns import expand

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LABS = """
name = "Sparrow Labs"
api = "https://api.sparrow.example/v1"
[accounts]
huggingface = ["sparrow-labs"]
api = ["sparrow"]

[[family]]
name = "Sparrow"
weights = "mixed"

[[family.series]]
name = "Sparrow 2"
released = "2026-05-02"
licence = "apache-2.0"
weights = "open"
context_length = 32768
models = ["Sparrow2-{1B,7B}[-Instruct]", "Sparrow2-7B-Instruct-2608"]
source = "https://sparrow.example/2"
checked = 2026-11-20

[[family.series]]
name = "Sparrow 3"
released = "2026-09-01"
weights = "closed"
context_length = 400000
types = ["reasoning"]
api = ["sparrow-3", "sparrow-3-mini", "sparrow-3-2026-09-01", "sparrow-3-mini-2026-10-10", "sparrow-flash-latest"]

[[family.facts]]
series = ["Sparrow 3"]
tools = true
source = "https://sparrow.example/tools"
checked = 2026-11-21

[[family.facts]]
of = ["sparrow-3-mini"]
max_output_tokens = 8192
input = ["text", "image"]
knowledge_cutoff = "2026-03"
source = "https://sparrow.example/mini"
checked = 2026-11-22

[[family.facts]]
of = ["sparrow-3-mini-2026-10-10"]
max_output_tokens = 4096
tools = false

[[family.facts]]
of = ["Sparrow2-1B[-Instruct]"]
context_length = 8192

[[family.facts]]
of = ["sparrow-3"]
deprecated = "2026-10-01"
retired = "2026-11-01"
source = "https://sparrow.example/bye"
checked = 2026-11-23

[[family.facts]]
of = ["sparrow-3-mini"]
retired = "2999-01"

[[family.facts]]
of = ["sparrow-3"]
max_output_tokens = 32000
released = "2026-09-01"

[[family.series]]
name = "Sparrow Plus"
weights = "closed"
context_length = 1000000
api = ["sparrow-plus", "sparrow-plus-2026-03-03", "sparrow-plus-0404"]

[[family.facts]]
of = ["sparrow-plus"]
max_output_tokens = 65536
released = "2026-01-15"
snapshots = false

[[family.facts]]
of = ["sparrow-plus-2026-03-03"]
context_length = 131072

[[family.series]]
name = "Sparrow 4"
weights = "closed"
api = ["sparrow-4", "sparrow-4-0615", "sparrow-4-0912"]

[[family.facts]]
of = ["sparrow-4"]
tools = true
released = "2026-06-15"
retired = "2026-11-11"
snapshots = true

[[family]]
name = "Wrenlet"
weights = "open"

[[family.series]]
name = "Wrenlet"
released = "2026-04-04"
models = ["wrenlet-7b-v0.1[-chat]"]

[[family]]
name = "Finchlet"
weights = "open"

[[family.series]]
name = "Finchlet"
released = "2026-04-05"
models = ["finchlet-7b-v{0.1,0.2}"]
"""


@pytest.fixture(scope="class")
def _labs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    place = tmp_path_factory.mktemp("data") / "sparrow.toml"
    place.write_text(LABS, encoding="utf-8")
    catalog.extend(place)
    yield
    vocabulary.renew()


@pytest.mark.usefixtures("_labs")
class TestWhatIsSaidOfWhat:
    """Inheritance, on a company of which everything is known."""

    def test_the_series_own_model(self) -> None:
        """What the series' entry says is said of the model that bears its name."""
        found = facts("sparrow-3")
        assert (found.context_length, found.released, found.tools, found.reasoning, found.open_weights) == (400000, "2026-09-01", True, True, False)

    def test_a_tier_inherits_nothing_that_was_said_of_the_series(self) -> None:
        """Neither the context nor the day is said of ``mini``; that all of the series call tools is."""
        found = facts("sparrow-3-mini")
        assert (found.context_length, found.released) == (None, None)
        assert (found.tools, found.max_output_tokens, found.input_modalities) == (True, 8192, ("text", "image"))

    @pytest.mark.parametrize("name", ["Qwen/Qwen3-8B-Base", "zai-org/GLM-4.5-Air-Base", "deepseek-ai/DeepSeek-V3.1-Base", "stepfun-ai/Step3-Base"])
    def test_a_base_model_has_not_learnt_what_its_series_can(self, name: str) -> None:
        """What is said of a whole series speaks of those that were tuned."""
        base, tuned = facts(name), facts(name.removesuffix("-Base"))
        assert (base.tools, base.reasoning, base.structured_output) == (None, None, None)
        assert (tuned.tools, tuned.reasoning) == (True, True)
        assert base.context_length

    def test_a_tier_that_nobody_knows(self) -> None:
        """A name that no entry lists has no facts but those of its family, of which there are none here."""
        found = facts("sparrow-3-giant")
        assert {name for name, value in found if value not in (None, ())} == {"name"}

    def test_a_snapshot_has_its_model_s_facts(self) -> None:
        """Of a dated id holds what is said of the id without the date, but for what is said of itself, and its own day."""
        found = facts("sparrow-3-mini-2026-10-10")
        assert (found.max_output_tokens, found.tools, found.released, found.knowledge_cutoff) == (4096, False, "2026-10-10", "2026-03")

    def test_the_last_day_of_an_id_is_not_that_of_its_snapshots(self) -> None:
        """A snapshot may be served longer: its limits are those of its id, the days are not, unless the page says so of both."""
        found = facts("sparrow-3-2026-09-01")
        assert (found.max_output_tokens, found.deprecated, found.retired) == (32000, None, None)
        assert (facts("sparrow-4-0615").tools, facts("sparrow-4-0615").retired) == (True, "2026-11-11")

    def test_the_first_day_of_an_id_is_not_that_of_a_later_snapshot(self) -> None:
        """A date without a year is the id's own day only where the month agrees; of which year another one is, nobody says."""
        assert facts("sparrow-4-0615").released == "2026-06-15"
        assert facts("sparrow-4-0912").released is None

    def test_nothing_said_of_an_id_that_moves_holds_for_its_snapshots(self) -> None:
        """What it means today is another model than the snapshot of last spring; what is said of the snapshot itself holds."""
        moving = facts("sparrow-plus")
        assert (moving.context_length, moving.max_output_tokens, moving.released) == (1000000, 65536, "2026-01-15")
        dated, yearless = facts("sparrow-plus-2026-03-03"), facts("sparrow-plus-0404")
        assert (dated.context_length, dated.max_output_tokens, dated.released) == (131072, None, "2026-03-03")
        assert (yearless.context_length, yearless.max_output_tokens, yearless.released, yearless.open_weights) == (None, None, None, False)

    @pytest.mark.parametrize("spelling", ["sparrow/sparrow-3-mini", "Sparrow 3 mini", "openrouter/sparrow/sparrow-3-mini", "sparrow_3_mini"])
    def test_any_spelling(self, spelling: str) -> None:
        """Facts belong to the model, however its name is written."""
        assert facts(spelling).max_output_tokens == 8192

    def test_checkpoints(self) -> None:
        """An open series speaks of all checkpoints that it lists; what is said of one of them wins; a later edition has its own day."""
        assert facts("Sparrow2-7B-Instruct").context_length == 32768
        assert facts("sparrow-labs/Sparrow2-1B").context_length == 8192
        assert facts("Sparrow2-7B-Instruct").released == "2026-05-02"
        assert facts("sparrow-labs/Sparrow2-7B-Instruct-2608").released == "2026-08"
        assert facts("Sparrow2-7B").licence == "Apache-2.0"
        assert facts("Sparrow2-7B").open_weights is True

    def test_a_series_of_one_version_has_its_day(self) -> None:
        """The day of a series is that of its only version, though the series does not name it; of several, nobody says whose it is."""
        assert facts("sparrow-labs/wrenlet-7b-v0.1").released == "2026-04-04"
        assert facts("wrenlet-7b-v0.1-chat").released == "2026-04-04"
        assert facts("wrenlet-7b-v0.2").released is None
        assert facts("sparrow-labs/finchlet-7b-v0.1").released is None

    def test_packaging_is_no_other_model(self) -> None:
        """Somebody's quantization has the facts of the model."""
        assert facts("bartowski/Sparrow2-7B-Instruct-GGUF").context_length == 32768

    def test_an_id_that_moves_belongs_to_no_series(self) -> None:
        """``latest`` without a version is another model each time: nothing of the series that lists it holds."""
        found = facts("sparrow-flash-latest")
        assert (found.context_length, found.tools, found.released) == (None, None, None)

    def test_origins(self) -> None:
        """Each fact has its page, its day, and what the page speaks of; what nobody says has none."""
        found = facts("sparrow-3-mini-2026-10-10")
        mini = found.origin("knowledge_cutoff")
        assert mini is not None
        assert tuple(mini) == ("https://sparrow.example/mini", date(2026, 11, 22), "model")
        assert [getattr(found.origin(field), "of", None) for field in ("released", "tools", "reasoning", "context_length")] == ["name", "model", "series", None]
        assert getattr(found.origin("tools"), "source", None) == "unverified"
        with pytest.raises(AttributeError):
            found.origin("colour")

    def test_retired(self) -> None:
        """`resolve` says that a model is gone, and a plan warns; of a day to come the plan has a reason, and no warning."""
        assert facts("sparrow-3").retired == "2026-11-01"
        assert facts("sparrow-3").gone(date(2026, 11, 1))
        assert not facts("sparrow-3").gone(date(2026, 10, 31))
        with pytest.raises(ClosedWeights, match=re.escape("Sparrow Labs's API no longer serves it, since 2026-11-01 (says https://sparrow.example/bye)")):
            resolve("sparrow-3")
        with pytest.raises(ClosedWeights, match="has not published") as caught:
            resolve("sparrow-3-mini")
        assert "no longer" not in str(caught.value)
        gone, here = plan("sparrow-3", engine="openai"), plan("sparrow-3-mini", engine="openai")
        assert [text for text in gone.warnings if "2026-11-01" in text]
        assert not here.warnings
        assert [text for text in here.reasons if "serves it until 2999-01" in text]

    def test_another_server_may_serve_it_still(self) -> None:
        """What the vendor retired says nothing of a server that one runs oneself."""
        assert not plan("sparrow-3", engine="openai", base_url="http://127.0.0.1:9/v1").warnings


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("tools = true", "applies to no model"),
        ('of = ["a-1"]\nretired = "soon"', "is not a day, a month or a year"),
        ('series = ["Nothing 9"]\ntools = true', "there is no series 'Nothing 9'"),
        ('of = ["a-{1"]\ntools = true', "is not closed"),
        ('of = ["a-1"]\ncolour = "red"', "colour"),
    ],
)
def test_wrong_entries(entry: str, words: str, tmp_path: Path) -> None:
    """An entry that speaks of nothing, or says what no fact is, is refused with its place."""
    place = tmp_path / "wrong.toml"
    place.write_text(f'name = "Wrong Labs"\n[[family]]\nname = "Wrongling"\nweights = "closed"\n[[family.facts]]\n{entry}\n', encoding="utf-8")
    with pytest.raises(CatalogDataError, match=words):
        catalog.extend(place)


@pytest.mark.parametrize(
    ("tier", "model", "field"),
    [
        ("gpt-4-turbo", "gpt-4", "context_length"), ("gpt-4-32k", "gpt-4", "context_length"), ("gpt-5.4-mini", "gpt-5.4", "context_length"),
        ("google/gemma-4-E2B-it", "google/gemma-4-31B-it", "context_length"), ("google/gemma-3-1b-it", "google/gemma-3-27b-it", "context_length"),
        ("o3-mini", "o3", "released"), ("claude-haiku-4-5", "claude-opus-4-5", "released"), ("gpt-4o-2024-05-13", "gpt-4o", "max_output_tokens"),
        ("amazon.nova-micro-v1:0", "amazon.nova-pro-v1:0", "context_length"), ("Qwen/Qwen3-0.6B", "Qwen/Qwen3-32B", "context_length"),
    ],
)  # fmt: skip
def test_tiers_differ(tier: str, model: str, field: str) -> None:
    """Tiers that differ from their series in the world differ in the catalog, and both are known."""
    one, other = getattr(facts(tier), field), getattr(facts(model), field)
    assert None not in (one, other)
    assert one != other


def test_nobody_said() -> None:
    """What no entry says is None, and an empty tuple for modalities; a text that is no name is refused."""
    found = facts("nobody/has-heard-of-this-2b")
    assert found == Facts(name="nobody/has-heard-of-this-2b")
    with pytest.raises(NameSyntaxError):
        facts("")


@pytest.mark.parametrize(("name", "reasoning"), [("Qwen3-4B-Thinking-2507", True), ("Qwen3-4B-Instruct-2507", False), ("grok-4-fast-non-reasoning", False)])
def test_reasoning(name: str, reasoning: bool) -> None:  # noqa: FBT001  a case
    """A name that says that its model thinks is believed, and so is one that says that it does not."""
    assert facts(name).reasoning is reasoning


def test_modalities_follow_from_the_name() -> None:
    """A type word that tells what every such model reads says it of the model."""
    found = facts("someone/Llama-3-8B-VL")
    assert found.input_modalities == ("text", "image")
    assert getattr(found.origin("input_modalities"), "source", None) == "name"


def test_a_listed_checkpoint_of_the_day_comes_before_the_id_without_it() -> None:
    """What is said of Qwen3-235B-A22B is not said of its edition of July 2025, whose page speaks of that one alone."""
    one = facts("qwen/qwen3-235b-a22b-2507")
    assert (one.context_length, one.reasoning, one.released) == (262144, False, "2025-07-21")
    assert facts("qwen/qwen3-235b-a22b").context_length == 131072


def test_a_name_without_a_family_is_no_other_companys_model() -> None:
    """Amazon's reranker is not Cohere's, though both are called only that."""
    assert facts("amazon.rerank-v1:0").released is None
    assert facts("rerank-v3.5").released is not None


def test_every_entry_says_something_of_a_model_that_is_read() -> None:
    """No entry of the catalog names a model of another family, nor says nothing; and a page that was opened has its day."""
    for file in vocabulary.companies():
        owner = next(iter(file.accounts.api or file.accounts.huggingface), None)
        for family in file.family:
            for entry in family.facts:
                said = entry.model_dump(exclude={"of", "series", "source", "checked", "snapshots"}, exclude_defaults=True)
                assert said, entry
                assert (entry.source == "unverified") == (entry.checked is None), entry
                for name in (one for pattern in entry.of for one in expand(pattern)):
                    assert parse(f"{owner}/{name}").family == family.name, name


def test_an_open_model_of_a_served_line_is_not_refused() -> None:
    """Voyage publishes the smallest model of a line that only its API serves."""
    assert resolve("voyage-4-nano").repo_id == "voyageai/voyage-4-nano"
    assert (facts("voyageai/voyage-4-nano").open_weights, facts("voyage-4").open_weights) == (True, False)
    with pytest.raises(ClosedWeights):
        resolve("voyage-4-lite")


@pytest.mark.parametrize("name", ["qwen-audio-3.0-realtime-flash", "doubao-seed-2-0-mini-260428", "voyage-lite-01-instruct", "grok-4.20-beta-0309"])
def test_ids_that_are_written_as_a_pattern_are_listed(name: str) -> None:
    """What an API serves may be written as a pattern too; each id of it is known to be served only."""
    assert facts(name).open_weights is False
    with pytest.raises(ClosedWeights):
        resolve(name)


def test_retirement_is_said_with_its_page() -> None:
    """The sentence names the API, the day and the page; there is none where no day is known."""
    assert retirement("grok-3") == "xAI's API no longer serves it, since 2026-05-15 (says https://docs.x.ai/docs/migration/may-15-retirement)"
    assert retirement("Qwen3-8B") is None


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("01-ai/Yi-34B-200K", "context_length", 200_000), ("phi-3-mini-128k-instruct", "context_length", 131_072), ("gpt-4-32k", "context_length", 32_768),
        ("Qwen/Qwen3-Embedding-8B", "tools", False), ("BAAI/bge-reranker-v2-m3", "reasoning", False),
    ],
)  # fmt: skip
def test_what_the_name_says_is_a_fact(name: str, field: str, value: object) -> None:
    """A context in the name is the checkpoint's, whatever its series has; and a word for a kind of model tells what no such model does."""
    assert getattr(facts(name), field) == value


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        # As reported to projects that keep tables of models; each was wrong in one of them.
        ("codestral-2501", {"deprecated": "2025-11-06", "retired": "2025-11-30"}),
        ("pixtral-12b-2409", {"deprecated": "2025-12-02", "retired": "2025-12-31"}),
        ("devstral-medium-2507", {"retired": "2026-05-31"}),
        ("mistral-medium-3.5", {"context_length": 262_144, "open_weights": True, "released": "2026-04"}),
        ("gpt-5-chat-latest", {"context_length": 128_000, "max_output_tokens": 16_384}),
        ("gemini-3.1-flash-image-preview", {"released": "2026-02-26", "retired": "2026-06-25"}),
        ("qwen3.6-plus", {"context_length": 1_000_000}),
        ("MiniMax-M3", {"context_length": 1_000_000}),
        ("claude-3-opus-20240229", {"released": "2024-03-04", "retired": "2026-01-05"}),
        ("gpt-3.5-turbo-0301", {"retired": "2024-09-13"}),
        ("gpt-4.5-preview-2025-02-27", {"retired": "2025-07-14"}),
        ("o1-mini", {"retired": "2025-10-27"}),
        ("gpt-5.1", {"context_length": 400_000, "max_output_tokens": 128_000}),
        ("watsonx/ibm/granite-4-h-small", {"context_length": 131_072}),
        ("claude-2.0", {"retired": "2025-07-21"}),
        ("moonshot/kimi-k2-thinking", {"retired": "2026"}),
        ("qwen-vl-max", {"retired": "2026-10-10"}),
        ("qwen-tts", {"deprecated": "2026-06-05", "retired": "2026-10-10"}),
        ("Qwen3-30B-A3B-Thinking-2507", {"released": "2025-07-31", "context_length": 262144, "reasoning": True}),
        ("deepseek-flash", {"context_length": 1048576, "input_modalities": ("text", "image"), "open_weights": True}),
        ("deepseek-ai/DeepSeek-V3", {"licence": "deepseek", "context_length": 131_072}),
        ("deepseek-ai/DeepSeek-V3-0324", {"licence": "MIT"}),
        ("zai-org/GLM-5.3-Flash", {"input_modalities": ("text", "image", "video")}),
        ("moonshot-v1-8k-0430", {"retired": "2026", "context_length": 8_192}),
        ("moonshot-v1-8k", {"retired": None}),
        ("gpt-4o-mini-tts-2025-03-20", {"retired": "2026-07-23"}),
        ("gpt-4o-mini-tts-2025-12-15", {"retired": "2027-01-06"}),
        ("gpt-realtime-2", {"context_length": 128_000, "max_output_tokens": 32_000}),
        ("gpt-4o-audio-preview", {"retired": "2026-05-07"}),
        ("codex-mini-latest", {"retired": "2026-02-12"}),
        ("gemini-3.1-pro-preview-customtools", {"released": "2026-02-23"}),
        ("gemini-1.0-pro-002", {"released": "2024-04-09", "retired": "2025-04-21"}),
        ("solar-pro2", {"context_length": 65_536, "retired": "2026-10-30"}),
        ("gpt-5-2025-08-07", {"retired": "2026-12-11", "deprecated": "2026-06-11"}),
        ("qwen3-max-2026-01-23", {"retired": "2026-07-08"}),
        ("qwen3-max", {"retired": None}),
        ("vertex_ai/claude-haiku-4-5@20251001", {"context_length": 200_000, "max_output_tokens": 64_000}),
        ("openrouter/anthropic/claude-haiku-4.5", {"max_output_tokens": 64_000}),
        ("claude-opus-4-20250514", {"max_output_tokens": 32_000, "retired": "2026-06-15"}),
        ("claude-3-sonnet-latest", {"retired": "2025-07-21"}),
        ("sora-2", {"retired": "2026-09-24"}),
        ("kimi-latest", {"deprecated": "2026-01-28"}),
        ("kimi-latest-8k", {"retired": "2026", "context_length": 8_192}),
        ("sonar-reasoning", {"retired": "2025-12-15"}),
        ("bedrock/us.deepseek.v3-v1:0", {"released": "2025-08-21"}),
        ("glm-5.1", {"structured_output": True}),
        ("google/gemma-4-31B-it", {"structured_output": True}),
        ("sora-2-2025-12-08", {"retired": "2026-09-24"}),
    ],
)
def test_what_others_had_wrong(name: str, fields: dict[str, object]) -> None:
    """Limits and last days that other projects' tables had wrong."""
    found = facts(name)
    assert {field: getattr(found, field) for field in fields} == fields


def test_an_id_that_moves_has_what_its_vendor_s_page_says_of_it() -> None:
    """Its day is that on which it was first offered; its limits are what a page says of it on a day, and where the target is not known, nothing is."""
    found = facts("mistral-small-latest")
    source = found.origin("context_length")
    assert (found.released, found.open_weights, source and source.checked) == ("2024-02-26", True, date(2026, 11, 29))
    assert (facts("mistral-medium-latest").released, facts("mistral-medium-latest").context_length) == ("2024-02-26", None)


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("gemini-2.0-flash", "2025-02"), ("gemini-2.5-pro", "2025-06"), ("gemini-2.5-pro-exp-03-25", "2025-03"), ("gemini-3.1-flash-lite", "2026-05"),
        ("gpt-4-turbo", "2023-11"), ("gpt-5.2-codex", "2025-12"), ("o3-mini", "2025-01"), ("claude-3-5-haiku-20241022", "2024-11"),
        ("gpt-4-0613", "2023-06"), ("qwen-plus", "2024-01"), ("codestral-latest", "2024-05"), ("mistral-large-2512", "2025-12"),
    ],
)  # fmt: skip
def test_released_is_when_people_could_use_it(name: str, month: str) -> None:
    """The vendor's own table of days comes first; else previews of the same name and its product count, announcements and dates of snapshots do not.

    An id that moves keeps its first day.
    """
    assert (facts(name).released or "").startswith(month)


def test_a_tune_with_the_name_of_its_base_is_not_meant() -> None:
    """A name means its own company's checkpoint, also where another account lists one of the same name; that account's has its own facts."""
    assert (facts("meta-llama/llama-3-8b-instruct").context_length, facts("Llama-3-8B-Instruct").released) == (8192, "2024-04-18")
    assert (facts("AI-Sweden-Models/Llama-3-8B-instruct").released or "").startswith("2024-05")


def test_an_id_that_stands_for_a_repository_has_its_facts() -> None:
    """Of an API's id that its vendor says to be a repository holds what is said of that, unless it moves from model to model."""
    assert (facts("minimax-m1").licence, facts("voxtral-small-2507").licence) == ("Apache-2.0", "Apache-2.0")
    assert facts("labs-devstral-small-2512").open_weights is True
    assert (facts("deepseek-reasoner").context_length, facts("deepseek-ai/DeepSeek-R1").context_length) == (1_000_000, 131_072)


def test_a_tag_has_the_facts_of_the_edition_that_is_served() -> None:
    """Ollama and APIs serve the edition for instructions where nothing is said; a repository without the word is the base."""
    tag, route, base = facts("llama3.1:8b"), facts("groq/llama-3.1-8b-instant"), facts("meta-llama/Llama-3.1-8B")
    assert [(one.tools, one.knowledge_cutoff) for one in (tag, route, base)] == [(True, "2023-12"), (True, "2023-12"), (None, "2023-12")]


def test_a_short_name_has_the_facts_of_what_it_means() -> None:
    """Where an API's or Ollama's name says less than the repository, what both are called (`canonical`) tells; another model it never is."""
    scout = facts("meta-llama/llama-4-scout")
    assert (scout.context_length, scout.released, scout.input_modalities) == (10_485_760, "2025-04-05", ("text", "image"))
    assert (facts("mistral-small:24b").released, facts("kimi-k2:1t").released) == ("2025-01-30", "2025-07-11")
    assert facts("llama-4-scout-of-mine").context_length is None


def test_a_name_of_ollama_s_library_has_the_facts_of_what_the_library_means() -> None:
    """Its library has one size under a bare name, and `resolve` knows which; elsewhere the same word is a whole series."""
    gemma, latest, series = facts("ollama/gemma3"), facts("llama3.1:latest"), facts("gemma3")
    assert (gemma.context_length, gemma.released) == (131_072, "2025-03-12")
    assert latest == facts("meta-llama/Llama-3.1-8B-Instruct").model_copy(update={"name": "llama3.1:latest"})
    assert (series.context_length, series.released) == (None, None)


@pytest.mark.parametrize("name", ["text-embedding-3-small", "gpt-image-1", "tts-1-hd", "gemini-2.5-flash-preview-tts", "voyage-3-large"])
def test_what_writes_nothing_calls_nothing_and_fills_no_schema(name: str) -> None:
    """Vectors, pictures and speech are neither; who says what a model gives has said that too. What may also write is left alone."""
    said = facts(name)
    assert (said.tools, said.structured_output) == (False, False)
    assert said.origin("structured_output") == said.origin("output_modalities")
    assert facts("gpt-realtime").tools is True


def test_a_longer_variant_has_other_limits() -> None:
    """What a router serves as ``:extended`` is the same model with limits of its own; ``:free`` says nothing of limits."""
    longer = facts("openai/gpt-4o:extended")
    assert (longer.released, longer.context_length, longer.max_output_tokens, longer.origin("context_length")) == ("2024-05-13", None, None, None)
    assert facts("openai/gpt-4o:free").max_output_tokens == 16_384


def test_a_first_version_had_no_number() -> None:
    """The day of a series that is called 1 is that of its checkpoints without a number; of those with another number it is not."""
    assert (facts("google/gemma-7b").released, facts("allenai/OLMo-7B").released) == ("2024-02-21", "2024-02-01")
    assert facts("FreedomIntelligence/Apollo2-7B").released is None


def test_an_id_says_more_than_the_date_of_another() -> None:
    """``mistral-medium`` is served; that ``mistral-medium-2604`` has published weights says nothing of it."""
    assert (facts("mistral-medium").open_weights, facts("mistral-medium-2604").open_weights) == (False, True)


@pytest.mark.parametrize(
    ("name", "month"),
    [
        ("inclusionAI/Ling-1T", "2025-10"), ("Qwen/Qwen3-VL-30B-A3B-Instruct", "2025-10"), ("Qwen/Qwen3.5-9B", "2026-03"), ("LiquidAI/LFM2-8B-A1B", "2025-10"),
        ("baidu/ERNIE-4.5-21B-A3B-Thinking", "2025-09"), ("google/gemma-2-2b-it", "2024-07"), ("deepseek-ai/Janus-Pro-7B", "2025-01"),
        ("Qwen/Qwen2.5-Coder-7B-Instruct", "2024-09"), ("codellama/CodeLlama-70b-Instruct-hf", "2024-01"), ("Qwen/Qwen2-VL-72B-Instruct", "2024-09"),
    ],
)  # fmt: skip
def test_a_size_that_came_later_has_its_own_day(name: str, month: str) -> None:
    """The day of the series is not that of a checkpoint which joined it months after."""
    assert (facts(name).released or "").startswith(month)


POPULAR = """
gpt-4o gpt-4o-mini gpt-4.1 o3 o4-mini gpt-5 gpt-5-mini gpt-5.1 gpt-5.2 gpt-5.4 gpt-5.5 gpt-6-astra openai/gpt-oss-120b claude-3-haiku-20240307
claude-3-7-sonnet-20250219 claude-sonnet-4-5 claude-haiku-4-5 claude-opus-4-8 claude-fable-5 gemini-1.5-pro gemini-2.0-flash gemini-2.5-pro
gemini-3-pro-preview gemini-3.5-flash google/gemma-3-27b-it google/gemma-4-31B-it meta-llama/Llama-3.1-8B-Instruct meta-llama/Llama-3.3-70B-Instruct
meta-llama/Llama-4-Scout-17B-16E-Instruct mistralai/Mistral-7B-Instruct-v0.3 mistral-large-2512 mistral-small-2603 codestral-2508 devstral-2512
magistral-medium-2509 grok-3 grok-4 grok-4.3 grok-code-fast-1 deepseek-ai/DeepSeek-V3 deepseek-ai/DeepSeek-R1 deepseek-ai/DeepSeek-V3.2
deepseek-v4-pro qwen3-max qwen3.6-plus Qwen/Qwen2.5-72B-Instruct Qwen/Qwen3-32B Qwen/Qwen3-Coder-480B-A35B-Instruct Qwen/Qwen3.5-397B-A17B
moonshotai/Kimi-K2-Instruct moonshotai/Kimi-K2.6 zai-org/GLM-4.6 zai-org/GLM-5.1 MiniMaxAI/MiniMax-M2.5 tencent/Hy3 stepfun-ai/Step-3.5-Flash
command-a-03-2025 amazon.nova-pro-v1:0 microsoft/phi-4 ibm-granite/granite-4.0-h-small LGAI-EXAONE/EXAONE-4.0-32B solar-pro2 XiaomiMiMo/MiMo-V2-Flash
meituan-longcat/LongCat-Flash-Chat inclusionAI/Ling-1T sonar-pro HuggingFaceTB/SmolLM3-3B NousResearch/Hermes-4-405B ai21-jamba-1.5-large
"""


def test_models_that_people_use() -> None:
    """Of models that many people use it is known when they came, how long their context is, whether they are open, call tools, and think."""
    asked = ("released", "context_length", "open_weights", "tools", "reasoning")
    assert [(name, field) for name in POPULAR.split() for field in asked if getattr(facts(name), field) is None] == []


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("Qwen/Qwen2.5-72B-Instruct", "licence", "qwen"),
        ("Qwen/Qwen2.5-72B-Instruct-AWQ", "licence", "qwen"),
        ("Qwen/Qwen2.5-3B-Instruct", "licence", "qwen-research"),
        ("Qwen/Qwen2.5-7B-Instruct", "licence", "Apache-2.0"),
        ("Qwen/Qwen2-72B-Instruct", "licence", "tongyi-qianwen"),
        ("deepseek-ai/DeepSeek-V3", "licence", "deepseek"),
        ("deepseek-ai/DeepSeek-V3-0324", "licence", "MIT"),
        ("upstage/SOLAR-10.7B-v1.0", "licence", "Apache-2.0"),
        ("upstage/SOLAR-10.7B-Instruct-v1.0", "licence", "CC-BY-NC-4.0"),
        ("mosaicml/mpt-30b-chat", "context_length", 8192),
        ("mosaicml/mpt-7b-storywriter", "context_length", 65536),
        ("mosaicml/mpt-7b", "context_length", 2048),
        ("Qwen/Qwen2-57B-A14B-Instruct", "context_length", 65536),
        ("tiiuae/Falcon3-1B-Instruct", "context_length", 8192),
        ("tiiuae/Falcon-H1-0.5B-Instruct-GGUF", "context_length", 16384),
        ("ibm-granite/granite-4.0-h-350m", "context_length", 32768),
        ("llama-3.1-8b-instant", "tools", True),
        ("groq/llama3-70b-8192", "knowledge_cutoff", "2023-12"),
        ("mistral-saba-24b", "context_length", 32768),
        ("CohereLabs/c4ai-command-r-v01", "released", "2024-03-11"),
        ("tiiuae/falcon-11B", "released", "2024-05-13"),
        ("meta-llama/Llama-Guard-3-1B", "released", "2024-09-25"),
        ("Qwen/Qwen1.5-110B-Chat", "released", "2024-04-25"),
        ("facebook/opt-66b", "released", "2022-06-23"),
        ("openai/whisper-large-v2", "released", "2022-12-05"),
        ("deepseek-ai/DeepSeek-R1", "knowledge_cutoff", "2024-07"),
        ("deepseek-r1:1.5b", "knowledge_cutoff", None),
        ("qwen3-14b", "max_output_tokens", 8192),
        ("qwen3-32b", "max_output_tokens", 16384),
        ("meta-llama/Llama-3.2-1B-Instruct-SpinQuant_INT4_EO8", "context_length", 8192),
        ("BAAI/bge-base-en", "released", "2023-08-05"),
        ("gemini-2.0-flash-live-001", "context_length", 1048576),
        ("chat-bison-001", "context_length", 4096),
        ("HCX-DASH-002", "context_length", 32000),
    ],
)
def test_a_tier_that_is_unlike_its_series(name: str, field: str, value: object) -> None:
    """Licences, contexts and days that its vendor gives to one size or tune, and not to the rest of the series."""
    assert getattr(facts(name), field) == value
