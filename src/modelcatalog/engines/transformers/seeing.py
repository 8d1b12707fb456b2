"""Owns what a model of images reads: its processor, and a prompt with images as tokens and tensors. Knows no message and no loop."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from modelcatalog import catalog
from modelcatalog.engines.failing import first_line
from modelcatalog.engines.transformers import seam
from modelcatalog.engines.transformers.quiet import quiet
from modelcatalog.errors import EngineError, MissingPackage, ModelCatalogError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from modelcatalog.engines import Image
    from modelcatalog.planning import Plan

__all__ = ["Eyes", "blind", "open_eyes"]

_MARKS = ("image_token", "boi_token", "full_image_sequence")
_SEES = frozenset({"vl", "vision", "omni", "multimodal"})


class Eyes:
    """The processor of a checkpoint, read with the first image.

    Args:
        folder: Where its files lie.
        model: The model, loaded whole.
        tokenizer: Its tokenizer.
        subject: The model's name, for messages.
        trust: Whether code of the repository may run.
    """

    def __init__(self, folder: Path, model: Any, tokenizer: Any, subject: str, *, trust: bool = False) -> None:
        self._folder, self._model, self._tokenizer, self._subject, self._trust = folder, model, tokenizer, subject, trust
        self._read: Any = None
        self._lock = Lock()

    @property
    def template(self) -> str | None:
        """The processor's own chat template, which knows images; None where it has none."""
        stated = getattr(self._processor(), "chat_template", None)
        stated = stated.get("default") if isinstance(stated, dict) else stated
        return stated if isinstance(stated, str) and stated else None

    def read(self, text: str, images: Sequence[Image], said: str) -> tuple[list[int], dict[str, Any]]:
        """A prompt's tokens, among them those that stand for images, and what goes to the model beside them.

        Args:
            text: What the template made of the messages.
            images: Their images.
            said: What the messages say.

        Raises:
            MissingPackage: the processor, or reading the images, needs a package.
            Unsupported: an image cannot be read, or there is no processor.
        """
        processor = self._processor()
        self._refuse_marks(processor, said)
        for image in images:
            if image.detail not in {None, "auto"}:
                message = f"detail={image.detail!r} is for servers: {self._subject} has one way of looking at images"
                raise Unsupported(message, subject="detail", hint="leave it out, or make the image smaller")
        pixels = [image.opened() for image in images]
        begins = self._tokenizer.bos_token
        given = {"add_special_tokens": False} if begins and text.startswith(begins) else {}
        try:
            with quiet():
                made = processor(text=[text], images=[pixels], return_tensors="pt", **given)
        except Exception as error:
            message = f"the processor of {self._subject} cannot read {len(pixels)} image{'s' if len(pixels) > 1 else ''} here: {first_line(error)}"
            hint = "give fewer or other images, or pass chat_template= with one that has a place for each"
            raise Unsupported(message, subject=self._subject, hint=hint) from error
        made = made.to(self._model.device, dtype=self._model.dtype)
        rest = {key: value for key, value in made.items() if key not in {"input_ids", "attention_mask"} and value is not None}
        return made["input_ids"][0].tolist(), rest

    def _refuse_marks(self, processor: Any, said: str) -> None:
        """The mark of an image in what was said would be taken for one of the images."""
        marks = {mark for name in _MARKS if isinstance(mark := getattr(processor, name, None), str) and mark}
        if typed := sorted(mark for mark in marks if mark in said):
            message = f"a text of this prompt holds {typed[0]!r}, by which {self._subject} knows the place of an image"
            raise Unsupported(message, subject=typed[0], hint="write it in another way: images have parts of their own, in their order")

    def _processor(self) -> Any:
        with self._lock:
            if self._read is None:
                self._read = self._loaded()
            return self._read

    def _loaded(self) -> Any:
        try:
            with quiet():
                found = seam.processor(str(self._folder), self._model.config, local_files_only=True, trust_remote_code=self._trust)
        except ImportError as error:
            package = next((name for name in ("torchvision", "pillow") if name in str(error).lower().replace("pil ", "pillow ")), None)
            message = f"images need {package or 'a package'} with {self._subject}: {first_line(error)}"
            raise MissingPackage(message, subject=self._subject, install=f"pip install {package or 'pillow torchvision'}") from error
        except ModelCatalogError:
            raise
        except Exception as error:
            message = f"{self._subject} can read images, and its processor cannot be loaded: {first_line(error)}"
            hint = "the folder must hold preprocessor_config.json or processor_config.json: fetch the checkpoint again, or from whoever made it"
            raise EngineError(message, subject=self._subject, hint=hint) from error
        if getattr(found, "image_processor", None) is None:
            message = f"the files of {self._subject} hold no processor for images"
            raise Unsupported(message, subject=self._subject, hint="fetch preprocessor_config.json or processor_config.json from whoever made it")
        return found


def open_eyes(plan: Plan, folder: Path, model: Any, tokenizer: Any) -> Eyes | None:
    """What reads images for a model that was just loaded; None where it takes none."""
    if plan.format == "gguf" or not seam.whole_form(model):
        return None
    return Eyes(folder, model, tokenizer, plan.name.source, trust=plan.trust_remote_code)


def blind(model: Any, subject: str, folder: Path | None) -> Unsupported:
    """That a model takes no images, and what does."""
    if folder is not None and seam.half_read(str(folder)):
        message = f"{subject} was loaded as its language model alone ({type(model).__name__}), which takes no images"
        return Unsupported(message, subject=subject, hint='load it with engine_options={"images": True}')
    message = f"{subject} takes no images: {type(model).__name__} is a language model alone"
    other = _sibling(subject)
    return Unsupported(message, subject=subject, hint=f"{other} takes them" if other else "load a model with vision, such as a VL or a vision variant")


def _sibling(subject: str) -> str | None:
    """The checkpoint of the same family that takes images: of the same version if there is one, then of the nearest size."""
    try:
        name = catalog.parse(subject)
    except ModelCatalogError:
        return None
    if name.family not in {one.name for one in catalog.families}:
        return None
    size = name.size.total if name.size and name.size.total else 0
    found: list[tuple[bool, int, float, int, str]] = []
    for place, one in enumerate(catalog.search(family=name.family, hub=name.hub if name.hub in catalog.HUBS else catalog.HUBS[0])):
        other = catalog.parse(one.repo_id)
        if _SEES & set(other.types) and other.quantization is None and "base" not in other.types:
            total = one.size.total if one.size and one.size.total else 0
            lacks = len(set(name.types) - set(other.types))
            found.append((other.version != name.version, lacks, abs(total - size) if size else 0, place, one.repo_id))
    return min(found)[-1] if found else None
