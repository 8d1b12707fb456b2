"""Owns what a model does not take of images and recordings, and which checkpoint of its family does. Knows no engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelcatalog import catalog
from modelcatalog.engines.images import Image
from modelcatalog.engines.sounds import Audio
from modelcatalog.errors import ModelCatalogError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modelcatalog.engines.media import Medium

__all__ = ["refusal", "refuse_detail", "refuse_marks", "sibling", "unheard"]

_LONG = 25
"""Seconds of a recording that every model hears whole: windows of those that do not are thirty."""

_MARKS = ("image_token", "boi_token", "full_image_sequence", "audio_token", "boa_token", "full_audio_sequence")
"""What processors of transformers call the marks in a prompt that they put tokens in place of."""

_TAKING: dict[type[Medium], frozenset[str]] = {Image: frozenset({"vl", "vision", "omni", "multimodal"}), Audio: frozenset({"audio", "omni", "multimodal"})}
"""Types of models, as names have them."""


def refusal(kind: type[Medium], what: str, subject: str) -> Unsupported:
    """That a model takes no images, or no recordings, and what does.

    Args:
        kind: Which of the two.
        what: The class of the model, or what else reads for it.
        subject: The model's name.
    """
    other = sibling(subject, kind)
    if kind is Image:
        message = f"{subject} takes no images: {what} has no part that reads them"
        return Unsupported(message, subject=subject, hint=f"{other} takes them" if other else "load a model with vision, such as a VL or a vision variant")
    message = f"{subject} takes no recordings: {what} has no part that hears them"
    return Unsupported(message, subject=subject, hint=f"{other} takes them" if other else "load a model that hears, such as an audio or an omni variant")


def refuse_detail(shown: Iterable[Medium], subject: str) -> None:
    """How closely an image is to be looked at is for servers to say.

    Raises:
        Unsupported: an image says it.
    """
    for one in shown:
        if isinstance(one, Image) and one.detail not in {None, "auto"}:
            message = f"detail={one.detail!r} is for servers: {subject} has one way of looking at images"
            raise Unsupported(message, subject="detail", hint="leave it out, or make the image smaller")


def refuse_marks(processor: Any, said: str, subject: str) -> None:
    """The mark of an image in what was said would be taken for one of the images.

    Args:
        processor: transformers' processor of the model.
        said: The texts of the messages.
        subject: The model's name.

    Raises:
        Unsupported: they hold one.
    """
    marks = {mark for name in _MARKS if isinstance(mark := getattr(processor, name, None), str) and mark}
    if typed := sorted(mark for mark in marks if mark in said):
        message = f"a text of this prompt holds {typed[0]!r}, by which {subject} knows the place of an image or a recording"
        raise Unsupported(message, subject=typed[0], hint="write it in another way: images and recordings have parts of their own, in their order")


def unheard(processor: Any, ear: Any, seconds: float, subject: str) -> str | None:
    """That a recording is longer than what a processor hears of it, and cuts off without a word; None where it hears all.

    Args:
        processor: transformers' processor of the model.
        ear: Its part for sound.
        seconds: How long the recording is.
        subject: The model's name.
    """
    rate, mark = getattr(ear, "sampling_rate", None), getattr(processor, "audio_token", None)
    if seconds <= _LONG or not isinstance(rate, int) or not isinstance(mark, str):
        return None
    import numpy as np

    whole = int(seconds * rate)
    try:
        # Where a second less makes no fewer tokens, nobody hears that second; what is in it does not matter.
        made = [processor(text=[mark], audio=[np.zeros(many, np.float32)], return_tensors="pt") for many in (whole, whole - rate)]
    except Exception:  # noqa: BLE001  the prompt itself will say what is wrong
        return None
    if made[0]["input_ids"].shape != made[1]["input_ids"].shape:
        return None
    return f"{subject} does not hear the end of a recording of {seconds:.0f} seconds: its processor cuts off what is too long"


def sibling(subject: str, kind: type[Medium]) -> str | None:
    """The checkpoint of the same family that takes such: of the same version if there is one, then of the nearest size.

    >>> sibling("Qwen2-7B-Instruct", Audio)
    'Qwen/Qwen2-Audio-7B-Instruct'
    """
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
        if _TAKING[kind] & set(other.types) and other.quantization is None and "base" not in other.types:
            total = one.size.total if one.size and one.size.total else 0
            lacks = len(set(name.types) - set(other.types))
            found.append((other.version != name.version, lacks, abs(total - size) if size else 0, place, one.repo_id))
    return min(found)[-1] if found else None
