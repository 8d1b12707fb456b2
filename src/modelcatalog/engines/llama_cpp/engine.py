"""Owns running a GGUF file with llama.cpp in this process: the plan's settings, replies, and the cache of each conversation.

Knows no hub. The weights stay packed as they are in the file; templates are rendered by our own sandboxed process.
"""

from __future__ import annotations

import os
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

from modelcatalog.engines import Finish, Finished, Image, Started, files_of, media
from modelcatalog.engines.failing import closed
from modelcatalog.engines.guide import Guides
from modelcatalog.engines.llama_cpp.native import Native, Shape
from modelcatalog.engines.llama_cpp.senses import Senses
from modelcatalog.engines.prompts import modelfiles
from modelcatalog.engines.prompts.prompting import Prompter
from modelcatalog.engines.sampling import of_gguf, settings
from modelcatalog.engines.text import begun
from modelcatalog.errors import Unsupported
from modelcatalog.weights import gguf

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    from modelcatalog.engines import Event, Options, Prompt
    from modelcatalog.engines.llama_cpp.senses import Sensed
    from modelcatalog.engines.prompts.prompting import Prompted
    from modelcatalog.planning import Plan

__all__ = ["LlamaCpp", "open"]

_CONTEXT = 8192
_ALL_LAYERS = 9999


class _Memory:
    """A conversation's cache while another one is in the context: its tokens, and the bytes."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.state = b""


class LlamaCpp:
    """A model of llama.cpp. It has one context, so one reply is made at a time."""

    name = "llama.cpp"
    parallel = 1
    decoding = "llama.cpp: one context, with the weights packed as they are in the file"
    costs: tuple[str, ...] = ()

    def __init__(self, native: Native, templates: Mapping[str, str], subject: str, defaults: SimpleNamespace | None = None) -> None:
        self._defaults = defaults or SimpleNamespace()
        self._native: Native | None = native
        self._subject = subject
        self._prompter = Prompter(subject, native, templates, native.specials(), native.ends(), limit=native.context, longer=True)
        self._guides = Guides(native.guided, subject)
        self._senses = Senses(native.shape.projector, native, subject) if native.shape.projector is not None else None
        self._ids: list[int] = []
        self._owner: weakref.ref[_Memory] | None = None

    @property
    def chat_template(self) -> bool:
        """Whether the file brought a chat template."""
        return bool(self._prompter.templates)

    def new_memory(self) -> _Memory:
        """A place for one conversation's cache; it is filled when another conversation needs the context."""
        return _Memory()

    def close(self) -> None:
        """Free the model."""
        native, self._native = self._native, None
        self._prompter.close()
        senses, self._senses = self._senses, None
        if senses is not None:
            senses.close()
        if native is not None:
            native.close()

    def run(self, prompt: Prompt, options: Options, *, cancel: threading.Event, memory: object | None = None) -> Iterator[Event]:
        """Generate, in the caller's thread: a token for each event that is asked for."""
        native = self._open()
        sensed: list[Sensed] = []
        ids, writer, thinking = self._asked(prompt, options, sensed)
        guide = self._guides.guide(options.constraint, writer)
        yield Started(len(ids), thinking)
        chooser = native.chooser(settings(options, self._defaults), options.seed, ids)
        most, made, stopped = min(options.max_new_tokens, native.context - len(ids)), 0, cancel.is_set()
        try:
            if sensed:
                self._recall([], None)  # tokens alone do not tell which image or recording a cache was made of
                self._open_senses().compute(sensed[0])
                ids = []
            rest = [] if sensed else ids[self._recall(ids, memory if isinstance(memory, _Memory) else None) :]
            while not stopped:
                at = 0
                for count in native.read(rest):
                    self._ids += rest[at : at + count]
                    at += count
                    if cancel.is_set():
                        break
                if at < len(rest):
                    stopped = True
                    break
                token = chooser.pick(guide)
                made += 1
                if text := writer.push(token):
                    yield text
                stopped = cancel.is_set() and not writer.done
                if writer.done or made == most:
                    break
                native = self._open()
                rest = [token]
        finally:
            chooser.close()
            for one in sensed:
                one.close()
                self._ids = []
        if text := writer.rest():
            yield text
        reason: Finish = "stop" if writer.done else "cancelled" if stopped else "length"
        yield Finished(reason, made)

    def _asked(self, prompt: Prompt, options: Options, sensed: list[Sensed]) -> Prompted:
        """What a prompt asks; with images or recordings, ``sensed`` gets what the library made of them."""
        shown = () if isinstance(prompt, str) else media.of(prompt)
        if not shown or isinstance(prompt, str):
            return self._prompter.ask(prompt, options)
        if self._senses is None:
            message = f"{self._subject} was loaded without its projector for images and sound"
            key = "images" if isinstance(shown[0], Image) else "audio"
            hint = f'load it with engine_options={{"{key}": True}}, from where an mmproj file lies beside it'
            raise Unsupported(message, subject=self._subject, hint=hint)
        senses = self._senses

        def see(text: str) -> list[int]:
            sensed.append(senses.read(text, shown))
            return sensed[0].tokens

        try:
            return self._prompter.ask(senses.written(prompt), options, see)
        except BaseException:
            for one in sensed:
                one.close()
            raise

    def _open_senses(self) -> Senses:
        if self._senses is None:
            raise closed(self._subject)
        return self._senses

    def _open(self) -> Native:
        if self._native is None:
            raise closed(self._subject)
        return self._native

    def _recall(self, ids: list[int], memory: _Memory | None) -> int:
        """Bring the conversation's cache into the context; how many tokens of the prompt it holds."""
        native = self._open()
        owner = self._owner() if self._owner is not None else None
        if owner is not memory:
            if owner is not None and self._ids:
                native.cut(len(self._ids))
                owner.ids, owner.state = self._ids, native.save()
            if memory is not None and memory.state:
                # What is in the context now may be as good a beginning, but a conversation's own is the longer one.
                self._ids = memory.ids if native.restore(memory.state) else []
                memory.state = b""
            self._owner = weakref.ref(memory) if memory is not None else None
        common = begun(self._ids, ids)
        common = common if native.cut(common) else 0
        self._ids = ids[:common]
        return common


def open(plan: Plan) -> LlamaCpp:  # noqa: A001  engines.llama_cpp.open(plan)
    """Load a GGUF file; of several parts, llama.cpp finds the others beside the first.

    Raises:
        MissingPackage: llama-cpp-python is not installed.
        Unsupported: an engine option is not a whole number.
        EngineError: llama.cpp cannot load the file.
    """
    subject = plan.name.source
    place = files_of(plan)
    file = place / plan.weights[0]
    native = Native(str(file), _shape(plan))
    try:
        metadata = gguf.read_file(file).metadata
        templates = modelfiles.with_ollamas(modelfiles.templates(metadata), plan.modelfile, metadata, native.specials().get("bos_token"))
        return LlamaCpp(native, templates, subject, of_gguf(metadata, subject))
    except BaseException:
        native.close()
        raise


def _shape(plan: Plan) -> Shape:
    given = plan.engine_options
    for key, value in given.items():
        if key in {"images", "audio"}:
            continue  # the plan looked for what they need
        least = 0 if key == "n_gpu_layers" else 1
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            message = f"{key}={value!r} is not a whole number from {least}"
            raise Unsupported(message, subject=key, hint=f"pass {key}= as a whole number from {least}, or leave it out")
    on_gpu = plan.device.startswith("cuda")
    _, _, index = plan.device.partition(":")
    layers = given.get("n_gpu_layers", _layers(plan) if on_gpu else 0)
    threads = given.get("n_threads", len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
    return Shape(
        context=plan.context_length or _CONTEXT,
        threads=int(str(threads)),
        batch=int(str(given.get("n_batch", 512))),
        gpu_layers=int(str(layers)),
        gpu=int(index) if index.isdecimal() else None,
        projector=_projector(plan),
        adapter=str(Path(plan.adapter.path or ".") / plan.adapter.files[0].path) if plan.adapter is not None else None,
    )


def _projector(plan: Plan) -> str | None:
    """The projector that the plan found beside the model."""
    found = [file.path for file in plan.files if file.path not in plan.weights and file.path.endswith(".gguf")]
    return str(Path(plan.path or ".") / found[0]) if found else None


def _layers(plan: Plan) -> int:
    """How many layers go to the GPU: all, or with ``offload`` as many as its share of the memory lets."""
    memory = plan.memory
    if not plan.offload or memory.fits is not False or not memory.needed or memory.free is None or not plan.path:
        return _ALL_LAYERS
    header = gguf.read_file(Path(plan.path) / plan.weights[0])
    blocks = header.metadata.get(f"{header.architecture}.block_count")
    return int(blocks * memory.free * 0.9 / memory.needed) if isinstance(blocks, int) else 0
