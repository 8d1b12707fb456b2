"""Owns what a model of images or sound reads: its processor, and a prompt with them as tokens and tensors. Knows no message's words and no loop."""

from __future__ import annotations

import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any

from modelcatalog.engines import Audio, Image, media, taking
from modelcatalog.engines.failing import decoding, first_line
from modelcatalog.engines.transformers import seam
from modelcatalog.engines.transformers.quiet import quiet
from modelcatalog.errors import EngineError, MissingPackage, ModelCatalogError, Unsupported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelcatalog.engines import Message
    from modelcatalog.engines.media import Medium
    from modelcatalog.planning import Plan

__all__ = ["Senses", "open_senses", "without"]

_MARK: dict[type[Medium], str] = {Image: "image_token", Audio: "audio_token"}
_PACKAGES = ("torchvision", "pillow", "timm", "librosa", "torchaudio", "mistral-common")


class Senses:
    """The processor of a checkpoint, read with the first image or recording.

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
        """The processor's own chat template, which knows images and sound; None where it has none."""
        stated = getattr(self._processor(), "chat_template", None)
        stated = stated.get("default") if isinstance(stated, dict) else stated
        return stated if isinstance(stated, str) and stated else None

    def check(self, shown: Sequence[Medium]) -> None:
        """Refuse what this model does not take.

        Raises:
            Unsupported: it has no eyes for an image, or no ears for a recording, or one way of looking alone.
        """
        processor = self._processor()
        for kind in dict.fromkeys(map(type, shown)):
            if (seam.image_part(processor) if kind is Image else seam.audio_part(processor)) is None:
                raise taking.refusal(kind, type(self._model).__name__, self._subject)
        if any(isinstance(one, Audio) for one in shown) and seam.lacks_adapter(self._model):
            message = f"{self._subject} hears by an adapter that lies beside its weights, which is not put on here"
            raise Unsupported(message, subject=self._subject, hint="merge the adapter into the weights with peft, and load the folder that this makes")
        taking.refuse_detail(shown, self._subject)

    def written(self, messages: Sequence[Message]) -> tuple[Message, ...] | None:
        """Messages with the processor's own marks in their texts, for a template that takes texts alone; None where it has none."""
        marks = {kind: getattr(self._processor(), name, None) for kind, name in _MARK.items()}
        if not all(isinstance(marks[type(one)], str) and marks[type(one)] for one in media.of(messages)):
            return None

        def text(message: Message) -> str:
            return "".join(part if isinstance(part, str) else str(marks[type(part)]) for part in message.parts or ())

        return tuple(one if one.parts is None else one.model_copy(update={"parts": None, "content": text(one)}) for one in messages)

    def read(self, text: str, shown: Sequence[Medium], said: str) -> tuple[list[int], dict[str, Any]]:
        """A prompt's tokens, among them those that stand for images and recordings, and what goes to the model beside them.

        Args:
            text: What the template made of the messages.
            shown: Their images and recordings.
            said: What the messages say.

        Raises:
            MissingPackage: the processor, or reading a file, needs a package.
            Unsupported: a file cannot be read, or there is no processor.
        """
        processor = self._processor()
        taking.refuse_marks(processor, said, self._subject)
        images, sounds = [one for one in shown if isinstance(one, Image)], [one for one in shown if isinstance(one, Audio)]
        given: dict[str, Any] = {}
        if images:
            given["images"] = [[image.opened() for image in images]]
        if sounds:
            rate = seam.sampling_rate(processor)
            given["audio"] = [self._heard(sound, rate) for sound in sounds]
            if seam.takes_rate(processor):
                given["sampling_rate"] = rate
        begins = self._tokenizer.bos_token
        if begins and text.startswith(begins):
            given["add_special_tokens"] = False
        try:
            with quiet():
                made = processor(text=[text], return_tensors="pt", **given)
        except Exception as error:
            many = [f"{len(some)} {word}{'s' if len(some) > 1 else ''}" for some, word in ((images, "image"), (sounds, "recording")) if some]
            message = f"the processor of {self._subject} cannot read {' and '.join(many)} here: {first_line(error)}"
            hint = "give fewer or others, or pass chat_template= with one that has a place for each"
            raise Unsupported(message, subject=self._subject, hint=hint) from error
        for one in given.get("audio", ()):
            with quiet():
                lost = taking.unheard(processor, seam.audio_part(processor), len(one) / seam.sampling_rate(processor), self._subject)
            if lost is not None:
                warnings.warn(lost, stacklevel=2)
        made = made.to(self._model.device, dtype=self._model.dtype)
        rest = {key: value for key, value in made.items() if key not in {"input_ids", "attention_mask"} and value is not None}
        return made["input_ids"][0].tolist(), rest

    def _heard(self, sound: Audio, rate: int) -> Any:
        """The samples of a recording, as many a second as the model hears."""
        samples = sound.samples()
        if samples is not None and samples.rate == rate:
            return samples.values
        what = "" if samples is None else f"a recording of {samples.rate:,} samples a second, of which {self._subject} hears {rate:,},"
        with decoding(sound, self._subject, what), quiet(), TemporaryDirectory() as folder:
            file = Path(folder) / f"recording.{sound.format}"
            file.write_bytes(sound.data)
            return seam.load_audio(str(file), rate)

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
            said = str(error).lower().replace("pil ", "pillow ")
            package = next((name for name in _PACKAGES if name in said), None)
            message = f"the processor of {self._subject} needs {package or 'a package'}: {first_line(error)}"
            raise MissingPackage(message, subject=self._subject, install=f"pip install {package or 'pillow torchvision'}") from error
        except ModelCatalogError:
            raise
        except Exception as error:
            message = f"{self._subject} can read more than text, and its processor cannot be loaded: {first_line(error)}"
            hint = "the folder must hold preprocessor_config.json or processor_config.json: fetch the checkpoint again, or from whoever made it"
            raise EngineError(message, subject=self._subject, hint=hint) from error
        if seam.image_part(found) is None and seam.audio_part(found) is None:
            message = f"the files of {self._subject} hold no processor for images or sound"
            raise Unsupported(message, subject=self._subject, hint="fetch preprocessor_config.json or processor_config.json from whoever made it")
        return found


def open_senses(plan: Plan, folder: Path, model: Any, tokenizer: Any) -> Senses | None:
    """What reads images and recordings for a model that was just loaded; None where it takes none."""
    if plan.format == "gguf" or not seam.whole_form(model):
        return None
    return Senses(folder, model, tokenizer, plan.name.source, trust=plan.trust_remote_code)


def without(shown: Sequence[Medium], model: Any, subject: str, folder: Path | None) -> Unsupported:
    """That a model takes no images or recordings, and what does."""
    kind = type(shown[0])
    if folder is not None and seam.half_read(str(folder), sound=kind is Audio):
        lacks = "takes no images" if kind is Image else "takes no recordings"
        message = f"{subject} was loaded as its language model alone ({type(model).__name__}), which {lacks}"
        key = "images" if kind is Image else "audio"
        return Unsupported(message, subject=subject, hint=f'load it with engine_options={{"{key}": True}}')
    return taking.refusal(kind, type(model).__name__, subject)
