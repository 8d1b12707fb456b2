"""Owns what a plan consists of: its fields, and what they come to. Shows nothing and decides nothing.

Annotations are not postponed here: pydantic would compile each of them when its class is made.
"""

from pydantic import Field, JsonValue

from modelcatalog.hubs import RemoteFile
from modelcatalog.hubs.card import Relation
from modelcatalog.planning.adapter import Adapter
from modelcatalog.planning.figures import Missing, Record
from modelcatalog.planning.growth import Growth
from modelcatalog.planning.runs import ENGINES, default
from modelcatalog.records import Dtype, ModelName, Quantization
from modelcatalog.stores.modelfile import Modelfile

__all__ = ["Memory", "Planned"]


class Memory(Record):
    """What loading takes and what is there, in bytes; None is unknown."""

    weights: int | None = None
    """What the engine loads of the weights: layers that it does not run stay in their files."""
    active: int | None = None
    """Of a mixture of experts, the weights that one token reads; None where it reads all, or where nobody can tell."""
    kv: int | None = None
    """What the layers keep of ``concurrency`` conversations at the plan's ``context_length``: keys, values, states."""
    activations: int | None = None
    """What computing takes for the tokens that the engine reads at once."""
    framework: int | None = None
    """What the engine and the driver take before a model is there."""
    concurrency: int = 1
    layers: str | None = None
    """How many layers of each kind there are, or why nobody can tell what they keep."""
    longest_context: int | None = None
    """The most tokens of each of ``concurrency`` conversations that fit, up to the model's own limit; 0: none."""
    growth: tuple[Growth, ...] = ()
    """What each engine that could run the model would keep at other lengths; the plan's own comes first."""
    free: int | None = None
    """Free memory of the place that the weights go to: all visible GPUs, or RAM."""
    place: str = "RAM"
    disk: int = 0
    """What is still to be downloaded."""
    disk_free: int | None = None

    @property
    def needed(self) -> int | None:
        """Weights, KV cache, activations and the framework together."""
        return None if self.weights is None else self.weights + (self.kv or 0) + (self.overhead or 0)

    @property
    def overhead(self) -> int | None:
        """Activations and the framework together."""
        known = [part for part in (self.activations, self.framework) if part is not None]
        return sum(known) if known else None

    @property
    def fits(self) -> bool | None:
        """Whether it all fits; None where that cannot be known."""
        if self.disk_free is not None and self.disk > self.disk_free:
            return False
        return None if self.needed is None or self.free is None else self.needed <= self.free


class Planned(Record):
    """What `modelcatalog.load` would do with a name."""

    def __hash__(self) -> int:
        return hash((self.name, self.source, self.repo_id, self.path, self.weights, self.engine, self.dtype))  # options of an engine have no hash

    name: ModelName
    source: str
    """``local path``, ``MODELCATALOG_PATH``, ``huggingface cache``, ``modelscope cache``, ``ollama store`` (``lmstudio``, ``llama.cpp``), a
    hub's name, or ``server``."""
    hub: str | None = None
    endpoint: str | None = None
    repo_id: str | None = None
    revision: str | None = None
    commit: str | None = None
    path: str | None = None
    """The folder the files lie in, when they are on this disk already."""
    format: str
    files: tuple[RemoteFile, ...]
    """The weights first; paths are relative to ``path`` or to the repository."""
    weights: tuple[str, ...]
    """The paths of the weight files."""
    quantization: Quantization | None = None
    parameters: int | None = None
    engine: str = Field(default_factory=lambda: default().name)
    dtype: Dtype | None = None
    device: str
    """``cpu``, ``cuda``, what the caller gave, or ``server``."""
    server: str | None = None
    """The kind of server that was found at ``endpoint`` on this machine; None where the caller named one. It is sent no key of the environment."""
    engine_options: dict[str, JsonValue] = Field(default_factory=dict)
    """What the caller handed on to the engine, by the engine's own names."""
    attention: str | None = None
    """The attention implementation, by transformers' name for it; None leaves it to the engine."""
    unpacks: bool = False
    """Quantized weights become ``dtype`` while loading."""
    context_length: int | None = None
    bounded: bool = False
    """``context_length`` was asked for: conversations become no longer than that, whatever the model reads."""
    kv_dtype: str | None = None
    """The type of keys and values that the caller had counted; None: that of computing."""
    chat_template: bool | None = None
    modelfile: Modelfile | None = None
    """What Ollama keeps beside the weights for whoever runs them; it stands where the caller says nothing."""
    licence: str | None = None
    """As its hub, its card or its file says, else the catalog; None is unknown."""
    base_model: str | None = None
    """The model that it was made of, as its hub, its card or its file says."""
    base_relation: Relation | None = None
    """How it was made of it."""
    adapter: Adapter | None = None
    """The adapter that is put onto the model."""
    trust_remote_code: bool = False
    offload: bool = False
    on: str | None = None
    """The machine that it was made for, where that is not this one; then it cannot be loaded."""
    locked: bool = False
    """A lock file gave the hashes of ``files``, so they are checked wherever the files lie."""
    memory: Memory = Field(default_factory=Memory)
    missing: tuple[Missing, ...] = ()
    mismatches: tuple[str, ...] = ()
    """Where the name claims one thing and the files say another."""
    warnings: tuple[str, ...] = ()
    """What this machine makes of the format: more memory than its size on disk, less speed."""
    reasons: tuple[str, ...] = ()
    """Why each choice was made, one sentence each; the first is why the checkpoint comes from where it does."""

    @property
    def served(self) -> bool:
        """Whether a server has the model, at ``endpoint``, by the id ``repo_id``; then there are no files."""
        return self.engine in ENGINES and ENGINES[self.engine].server is not None

    @property
    def bytes(self) -> int:
        """The size of all files."""
        return sum(file.size for file in self.files)
