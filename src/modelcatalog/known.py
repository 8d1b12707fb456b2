"""Owns the records of what the catalog knows: companies and their models, facts, checkpoints, and what it found. Knows nothing of how.

They are apart from those of names since a process that only reads names needs none of them, and pydantic takes a while to make a class.
"""

from datetime import date
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from pydantic import computed_field, model_validator

from modelcatalog import later
from modelcatalog.records import Hub, Modality, Record, Size, Weights

__all__ = ["Checkpoint", "Company", "Confidence", "Facts", "Family", "Group", "Match", "Series", "Source"]

Confidence = Literal["sourced", "recorded", "derived", "guessed"]
"""How far a repository id can be trusted: seen at a source the catalog names; in the catalog from memory;
carried over by an account's renaming rule; put together from the name."""


class Company(Record):
    """A company that trains models, or repackages those of others.

    >>> import modelcatalog
    >>> modelcatalog.catalog.find("阿里巴巴").company.name
    'Alibaba'
    """

    name: str
    aliases: tuple[str, ...] = ()
    zh: str | None = None
    """The Chinese name."""
    country: str | None = None
    site: str | None = None
    repackager: bool = False
    """Publishes the models of others, converted or quantized."""
    api: str | None = None
    """Base URL of its OpenAI-compatible API."""
    api_key: str | None = None
    """The environment variable in which clients of that API look for the key."""
    api_docs: str | None = None
    huggingface: tuple[str, ...] = ()
    """Its accounts there, the main one first."""
    modelscope: tuple[str, ...] = ()
    source: str
    """The page that was opened, or ``unverified``."""
    checked: date | None = None


class Family(Record):
    """Models that share a code name."""

    name: str
    company: str
    aliases: tuple[str, ...] = ()
    zh: str | None = None
    weights: Weights
    about: str | None = None
    source: str
    checked: date | None = None


class Series(Record):
    """The models of a family that share a version."""

    name: str
    family: str
    company: str
    version: str | None = None
    weights: Weights
    released: str | None = None
    """ISO date, year-month or year."""
    licence: str | None = None
    context_length: int | None = None
    types: tuple[str, ...] = ()
    source: str
    checked: date | None = None


class Source(NamedTuple):
    """Who says a fact: the page that was opened and the day, and what the page speaks of.

    >>> str(Source("https://example.com/models", date(2026, 11, 29), "series"))
    'https://example.com/models (2026-11-29)'
    """

    source: str
    """The page; ``unverified`` for what comes from memory, ``name`` for what the model's own name says."""
    checked: date | None
    """The day it was opened."""
    of: Literal["name", "model", "series", "family"]
    """What it speaks of; a fact of the series is said of all its models."""

    def __str__(self) -> str:
        return self.source if self.checked is None else f"{self.source} ({self.checked})"


_ISO = later.pattern(r"\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?")


def is_day(text: str) -> bool:
    """Whether it is an ISO day, month or year, and there is such a day.

    >>> [is_day(text) for text in ("2025-08-07", "2025-08", "2025", "2025-02-30", "2025-8", "0000")]
    [True, True, True, False, False, False]
    """
    if _ISO.fullmatch(text) is None:
        return False
    year, month, day = (*text.split("-"), "01", "01")[:3]
    try:
        date(int(year), int(month), int(day))
    except ValueError:
        return False
    return True


class Facts(Record):
    """What is known of a model, each fact with who says it; None, or an empty tuple, where nobody does.

    >>> import modelcatalog
    >>> facts = modelcatalog.facts("gpt-4-turbo")
    >>> facts.context_length, facts.retired, facts.licence
    (128000, '2026-10-23', None)
    """

    name: str
    """The name as given."""
    context_length: int | None = None
    """Tokens of the prompt and the answer together, or of the prompt where the vendor counts them apart."""
    max_output_tokens: int | None = None
    input_modalities: tuple[Modality, ...] = ()
    output_modalities: tuple[Modality, ...] = ()
    tools: bool | None = None
    """Whether it calls functions that the request describes."""
    structured_output: bool | None = None
    """Whether its API holds it to a JSON Schema."""
    reasoning: bool | None = None
    """Whether it thinks, or can be told to think, before it answers."""
    open_weights: bool | None = None
    licence: str | None = None
    """The SPDX id where the licence has one, else the word that its hub uses."""
    released: str | None = None
    """The first day on which people could use it, in a public preview too: an ISO date, year-month or year, like those below. Of an id that
    moves from model to model, the day on which the id was first offered."""
    knowledge_cutoff: str | None = None
    """Up to when its vendor says that its knowledge can be relied on."""
    deprecated: str | None = None
    """The day on which its vendor said that it will be retired."""
    retired: str | None = None
    """The day from which its vendor no longer serves it; it may be yet to come."""
    origins: tuple[tuple[str, Source], ...] = ()

    def origin(self, field: str) -> Source | None:
        """Who says a fact; None where nobody does.

        Raises:
            AttributeError: if there is no such field.

        >>> import modelcatalog
        >>> modelcatalog.facts("Qwen3-8B").origin("licence").of
        'series'
        """
        if field not in type(self).model_fields:
            message = f"{type(self).__name__} has no field {field!r}"
            raise AttributeError(message)
        return None if getattr(self, field) in (None, ()) else dict(self.origins).get(field)

    def gone(self, day: date | None = None) -> bool:
        """Whether its vendor no longer serves it, today or on that day."""
        return self.retired is not None and self.retired <= (day or date.today()).isoformat()  # noqa: DTZ011  a day where the user is


class Checkpoint(Record):
    """A repository, or a file in one, that should have the weights.

    >>> import modelcatalog
    >>> modelcatalog.resolve("meta-llama/Llama-3.1-8B-Instruct", hub="modelscope").repo_id
    'LLM-Research/Meta-Llama-3.1-8B-Instruct'
    """

    asked: str | None = None
    """The name that was asked for; None: none was."""
    hub: Hub
    repo_id: str
    revision: str | None = None
    file: str | None = None
    exists: bool | None = None
    """Whether the repository is there; None where the catalog cannot know."""
    confidence: Confidence = "guessed"
    alternatives: tuple[str, ...] = ()
    """Other repositories on the same hub that could be meant, likelier first."""
    moving: date | None = None
    """Where the name means another model whenever there is a newer one (``deepseek-chat``, ``mistral-large-latest``): the day on which it meant this."""
    series: str | None = None
    size: Size | None = None
    page: str = "unverified"
    """The page that was opened, or ``unverified``."""
    checked: date | None = None
    gated: bool | None = None
    """Whether its hub serves it only to accounts with access; None where no listing was fetched."""
    base_models: tuple[str, ...] = ()
    """What its card says that it was made from, where a listing was fetched."""

    def __str__(self) -> str:
        return self.repo_id

    @property
    def source(self) -> str:
        """What ``page`` was called before; in JSON, ``source`` is a text that was given."""
        return self.page

    @computed_field  # type: ignore[prop-decorator]
    @property
    def url(self) -> str:
        """The page of the repository, of its revision, or of the file, on its hub.

        >>> Checkpoint(hub="huggingface", repo_id="Qwen/Qwen3-8B", revision="refs/pr/3", file="config.json").url
        'https://huggingface.co/Qwen/Qwen3-8B/blob/refs%2Fpr%2F3/config.json'
        """
        house = _HOUSES[self.hub]
        page = f"{house.page}{quote(self.repo_id, safe='/')}"
        revision = None if self.revision is None else quote(self.revision, safe="")
        if self.file is not None and house.file:
            return f"{page}{house.file}{revision or house.branch}/{quote(self.file, safe='/')}"
        return page if revision is None or not house.tree else f"{page}{house.tree}{revision}"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def uri(self) -> str:
        """``hf://owner/name@revision/file``, as huggingface_hub reads it; other hubs have their own scheme.

        >>> Checkpoint(hub="huggingface", repo_id="Qwen/Qwen3-8B", revision="main", file="config.json").uri
        'hf://Qwen/Qwen3-8B@main/config.json'
        """
        revision = "" if self.revision is None else "@" + (self.revision if _is_ref(self.revision) else quote(self.revision, safe="!$&'()*+,;=~"))
        return f"{_HOUSES[self.hub].scheme}://{self.repo_id}{revision}" + ("" if self.file is None else f"/{self.file}")

    @computed_field  # type: ignore[prop-decorator]
    @property
    def purl(self) -> str | None:
        """The package URL; None where its specification has no type for the hub.

        The type is ``huggingface``, and ``repository_url`` names any other host. The revision is the version, a commit in
        lower case as the type wants it; the file is the subpath.

        >>> Checkpoint(hub="modelscope", repo_id="Qwen/Qwen3-8B", revision="v1.0").purl
        'pkg:huggingface/Qwen/Qwen3-8B@v1.0?repository_url=https://modelscope.cn'
        """
        if self.hub == "ollama":
            return None
        version = self.revision
        if version is not None and len(version) == _COMMIT and set(version.lower()) <= set("0123456789abcdef"):
            version = version.lower()
        where = "" if self.hub == "huggingface" else f"?repository_url={_HOUSES[self.hub].host}"
        return (
            f"pkg:huggingface/{quote(self.repo_id, safe='/')}"
            + ("" if version is None else f"@{quote(version, safe=':')}")
            + where
            + ("" if self.file is None else f"#{quote(self.file, safe='/:')}")
        )

    @model_validator(mode="before")
    @classmethod
    def _without_addresses(cls, given: Any) -> Any:
        """The addresses follow from the other fields: what a dump has of them is not read."""
        return {key: value for key, value in given.items() if key not in ("url", "uri", "purl")} if isinstance(given, dict) else given


class _House(NamedTuple):
    """How a hub's addresses are written."""

    host: str
    page: str
    tree: str
    """Between a repository and a revision."""
    file: str
    """Between a repository and a file's revision."""
    branch: str
    """The revision of a file of which none is said."""
    scheme: str


_HOUSES: dict[Hub, _House] = {
    "huggingface": _House("https://huggingface.co", "https://huggingface.co/", "/tree/", "/blob/", "main", "hf"),
    "modelscope": _House("https://modelscope.cn", "https://modelscope.cn/models/", "/tree/", "/file/view/", "master", "modelscope"),
    "ollama": _House("https://ollama.com", "https://ollama.com/", "", "", "", "ollama"),
}
_COMMIT = 40


def _is_ref(revision: str) -> bool:
    """Whether the slashes of a revision are its own: pull requests and conversions."""
    kind, _, rest = revision.removeprefix("refs/").partition("/")
    if not revision.startswith("refs/") or not rest.isascii():
        return False
    return rest.isdecimal() if kind == "pr" else kind == "convert" and all(char.isalnum() or char in "_.-" for char in rest)


class Group(Record):
    """Names that mean one model, as `modelcatalog.group` puts them together.

    >>> import modelcatalog
    >>> modelcatalog.group(["Qwen3-8B", "qwen3:8b"])[0].names
    ('Qwen3-8B', 'qwen3:8b')
    """

    key: str
    """What they have in common."""
    company: str | None = None
    series: str | None = None
    canonical: tuple[str, ...] = ()
    """Their canonical names: several where only the key puts them together."""
    providers: tuple[str, ...] = ()
    """Who serves them, where a name says so."""
    names: tuple[str, ...] = ()
    """As they were given, in order."""


class Match(Record):
    """What `modelcatalog.catalog.find` found; the parts that the text does not reach are None."""

    company: Company | None = None
    family: Family | None = None
    series: Series | None = None
    checkpoint: Checkpoint | None = None
