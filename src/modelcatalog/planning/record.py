"""Owns `Plan`, what loading a name would do, and how it prints. Decides nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from modelcatalog.errors import Unsupported
from modelcatalog.hubs import Listing, RemoteFile
from modelcatalog.hubs.card import Relation
from modelcatalog.planning import picture
from modelcatalog.planning.adapter import Adapter
from modelcatalog.planning.figures import Missing, Record
from modelcatalog.planning.growth import Growth
from modelcatalog.planning.runs import ENGINES, default
from modelcatalog.records import Dtype, ModelName, Quantization
from modelcatalog.show import bars
from modelcatalog.show.units import human
from modelcatalog.stores.modelfile import Modelfile

if TYPE_CHECKING:
    from modelcatalog.planning.table import Variant

__all__ = ["Memory", "Missing", "Plan", "human"]

_ROOM = 56
"""Letters of a name that there is room for over a picture."""


class Memory(Record):
    """What loading takes and what is there, in bytes; None is unknown."""

    weights: int | None = None
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


class Plan(Record):
    """What `modelcatalog.load` would do with a name. ``str(plan)`` is a table."""

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

    @property
    def weight_files(self) -> tuple[Path, ...]:
        """Where the weight files lie; empty before a download."""
        return tuple(Path(self.path) / path for path in self.weights) if self.path else ()

    def listing(self) -> Listing:
        """What the hub listed, as far as this plan needs it; for a plan with a hub."""
        if self.hub is None or self.repo_id is None:
            message = "a plan for files on this disk has no listing"
            raise ValueError(message)
        return Listing(
            hub=self.hub,
            endpoint=self.endpoint or "",
            repo_id=self.repo_id,
            revision=self.revision or self.commit or "",
            commit=self.commit,
            files=self.files,
        )

    def variants(self) -> tuple[Variant, ...]:
        """The model's official and listed quantizations on this plan's hub, the most precise first, for the machine of this plan.

        The hub is asked for at most six listings, no more; bytes of what it was not asked about, or did not answer about, are
        parameters times bits, and ``origin`` is ``"estimate"``. ``tokens_per_second`` is an estimate always.
        """
        from modelcatalog.planning import table

        memory = self.memory
        chosen = {one.path: one for one in self.files}
        return table.variants(
            table.Subject(
                name=self.name,
                hub=self.hub,
                repo_id=self.repo_id,
                title=self.repo_id or self.path or self.name.source,
                format=self.format,
                files=tuple(chosen[path] for path in self.weights),
                quantization=self.quantization,
                parameters=self.parameters,
                engine=self.engine,
                weights=memory.weights,
                kv=memory.kv,
                beside=memory.overhead or 0,
                free=memory.free,
                place=memory.place,
                tokens=self.context_length or 0,
                concurrency=memory.concurrency,
                growth=memory.growth,
                on=self.on,
                device=self.device,
            )
        )

    def __str__(self) -> str:
        return "\n".join([_title(self.name), *(f"  {label:<9} {text}" for label, text in self._rows())])

    def svg(self) -> str:
        """A picture as the text of an SVG file: memory at several contexts as stacked bars against what is free, light or dark as the reader has it.

        Raises:
            Unsupported: the plan counts no memory, because a server has the model.
        """
        drawn = self._picture()
        if drawn is None:
            message = f"there is no memory to draw for {self.name.source}: a server has the model"
            raise Unsupported(message, subject=self.name.source, hint="plan it for an engine on this machine, or for one that on= names")
        return bars.page(drawn, picture.written)

    def _picture(self) -> bars.Picture | None:
        memory = self.memory
        if self.served or memory.weights is None:
            return None
        return picture.picture(
            picture.Shown(
                title=f"Memory of {_short(self.name.name or self.name.source)}, {self.engine}",
                weights=memory.weights,
                kv=memory.kv,
                beside=memory.overhead or 0,
                free=memory.free,
                place=memory.place,
                tokens=self.context_length or 0,
                longest=memory.longest_context,
                concurrency=memory.concurrency,
                growth=next((one for one in memory.growth if one.engine == self.engine), None),
            )
        )

    def _repr_html_(self) -> str:
        """The plan in a notebook: its rows, then its picture."""
        from modelcatalog.show import html

        drawn = self._picture()
        return html.plan(self.name, self._rows(), figure="" if drawn is None else bars.fragment(drawn, picture.written))

    def _rows(self) -> list[tuple[str, str]]:
        if self.served:
            return [("from", f"server: {self.endpoint}, model {self.repo_id}"), ("files", "none, nothing to download"), ("engine", self.engine), *self._notes()]
        at = f"@{self.commit[:12]}" if self.commit else ""
        where = f"{self.path}" if self.path else f"{self.repo_id}{at}"
        if self.path and len(self.files) == 1:
            where = str(Path(self.path) / self.files[0].path)
        many = f"{len(self.files)} files" if len(self.files) != 1 else "1 file"
        to_do = f"{human(self.memory.disk)} to download" if self.memory.disk else "nothing to download"
        kind = f"{self.format} {self.quantization.scheme or self.quantization}" if self.quantization else self.format
        rows = [("from", f"{self.source}: {where}"), ("files", f"{many}, {human(self.bytes)}, {kind}; {to_do}")]
        how = f", {self.attention} attention" if self.attention else ""
        given = "".join(f", {key}={value!r}" for key, value in self.engine_options.items())
        if self.adapter is not None:
            rows.append(("adapter", f"{self.adapter.title}, {human(self.adapter.bytes)}, {self.adapter.lora.kind} of rank {self.adapter.lora.rank}"))
        rows.append(("engine", f"{self.engine}, {self.dtype or 'dtype of the files'}{how}, on {self.device}{given}"))
        return [*rows, ("memory", self._memory()), ("context", self._context()), ("licence", self._licence()), *self._defaults(), *self._notes()]

    def _defaults(self) -> list[tuple[str, str]]:
        """What a Modelfile says, where one does."""
        said = self.modelfile
        if said is None:
            return []
        texts = [f"{key} {value if isinstance(value, int | float) else _quoted(value)}" for key, value in said.parameters.items()]
        texts += [] if said.system is None else [f"system {_quoted(_short(said.system))}"]
        texts += [f"{len(said.messages)} messages before each conversation"] if said.messages else []
        return [("modelfile", ", ".join(texts))] if texts else []

    def _context(self) -> str:
        memory = self.memory
        if memory.kv is None:
            return f"what it keeps of a conversation is unknown: {memory.layers or 'its configuration was not read'}"
        each = f" in each of {memory.concurrency} conversations" if memory.concurrency > 1 else ""
        longest = "" if memory.longest_context is None else f", at most {memory.longest_context:,} fit"
        kept = f"; layers: {memory.layers}" if memory.layers else ""
        return f"{self.context_length or 0:,} tokens{each}{longest}{kept}"

    def _licence(self) -> str:
        words = {"quantized": "quantized from", "finetune": "tuned from", "adapter": "an adapter for", "merge": "merged from"}
        base = f", {words.get(self.base_relation or '', 'based on')} {self.base_model}" if self.base_model else ""
        return f"{self.licence or 'unknown'}{base}"

    def _notes(self) -> list[tuple[str, str]]:
        rows = [("packages", f"missing {', '.join(m.packages)}: {m.install}") for m in self.missing]
        if not self.missing:
            rows.append(("packages", "all installed"))
        rows += [("warning", text) for text in (*self.mismatches, *self.warnings)]
        rows += [("because" if i == 0 else "", text) for i, text in enumerate(self.reasons)]
        return rows

    def _memory(self) -> str:
        memory = self.memory
        kv = f" + {human(memory.kv)} KV cache at {self.context_length or 0:,} tokens" if memory.kv else ""
        what = f"activations and {self.engine}" if memory.framework else "activations"
        beside = f" + {human(memory.overhead)} {what}" if memory.overhead else ""
        verdict = {True: "fits", False: "does not fit", None: "cannot tell whether it fits"}[memory.fits]
        return f"{human(memory.weights)} weights{kv}{beside} of {human(memory.free)} free {memory.place}: {verdict}"


def _short(text: str) -> str:
    """The end of a text that has no room as a whole."""
    return text if len(text) <= _ROOM else f"…{text[-_ROOM:]}"


def _quoted(value: object) -> str:
    """A value as JSON, without a character that a terminal would obey."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in json.dumps(value, ensure_ascii=False))


def _title(name: ModelName) -> str:
    facts = [name.company, name.series or name.family, str(name.size) if name.size else None, *name.types]
    said = " · ".join(fact for fact in facts if fact)
    return f"{name.source}  ({said})" if said else name.source
