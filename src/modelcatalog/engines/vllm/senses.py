"""Owns images and sound for vLLM: whether its model takes them, and what its processors are handed. Knows no engine of it and no template."""

from __future__ import annotations

import warnings
from functools import cached_property
from typing import TYPE_CHECKING, Any

from modelcatalog.engines import Audio, Image, taking
from modelcatalog.engines.failing import decoding, first_line
from modelcatalog.errors import MissingPackage, Unsupported

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelcatalog.engines import Options
    from modelcatalog.engines.media import Medium

__all__ = ["Senses", "refused"]

_CALLED: dict[type[Medium], str] = {Image: "image", Audio: "audio"}


class Senses:
    """What vLLM's model reads beside text.

    Args:
        config: vLLM's configuration of the model.
        subject: Its name, for messages.
        template: The template of its processor, where that has one of its own.
    """

    def __init__(self, config: Any, subject: str, template: str | None) -> None:
        self._config, self._subject, self._template = config, subject, template

    @cached_property
    def _info(self) -> Any | None:
        """What vLLM knows of the model's processor; None where it has none."""
        if not self._config.is_multimodal_model:
            return None
        from vllm.multimodal import MULTIMODAL_REGISTRY

        return MULTIMODAL_REGISTRY.create_processor(self._config).info

    @cached_property
    def _limits(self) -> Mapping[str, int]:
        """How many of each a prompt may have."""
        found: Mapping[str, int] = {} if self._info is None else self._info.allowed_mm_limits
        return found

    def check(self, shown: Sequence[Medium], said: str) -> None:
        """Refuse what this model does not take.

        Args:
            shown: The images and recordings of a prompt.
            said: Its texts.

        Raises:
            Unsupported: it takes none of a kind, or not so many, has one way of looking alone, or a text would be taken for an image.
        """
        for kind in dict.fromkeys(map(type, shown)):
            most, given = self._limits.get(_CALLED[kind], 0), sum(isinstance(one, kind) for one in shown)
            if _CALLED[kind] not in self._limits:
                raise taking.refusal(kind, str((self._config.architectures or ["vllm"])[0]), self._subject)
            if given > most:
                message = f"{given} of the kind {_CALLED[kind]} are in this prompt, and vllm takes {most} of it with {self._subject}"
                hint = f'give fewer, or load it with engine_options={{"limit_mm_per_prompt": {{"{_CALLED[kind]}": {given}}}}}'
                raise Unsupported(message, subject=self._subject, hint=hint)
        taking.refuse_detail(shown, self._subject)
        if self._info is not None:
            taking.refuse_marks(self._info.get_hf_processor(), said, self._subject)

    def options(self, options: Options) -> Options:
        """With the template of the processor, which knows images and sound."""
        return options if self._template is None or options.chat_template is not None else options.model_copy(update={"chat_template": self._template})

    def of(self, shown: Sequence[Medium]) -> dict[str, list[Any]]:
        """Images and recordings as vLLM's processors take them, in their order.

        Raises:
            MissingPackage: reading one needs a package.
            Unsupported: one cannot be read.
        """
        found: dict[str, list[Any]] = {}
        for one in shown:
            made = one.opened() if isinstance(one, Image) else self._heard(one)
            found.setdefault(_CALLED[type(one)], []).append(made)
            if isinstance(one, Audio) and self._info is not None:
                processor = self._info.get_hf_processor()
                ear = getattr(processor, "feature_extractor", None) or getattr(processor, "audio_processor", None)
                lost = taking.unheard(processor, ear, len(made[0]) / made[1], self._subject)
                if lost is not None:
                    warnings.warn(lost, stacklevel=2)
        return found

    def _heard(self, sound: Any) -> tuple[Any, int]:
        """The samples of a recording and their rate; vLLM makes of them as many a second as the model hears."""
        samples = sound.samples()
        if samples is not None:
            return samples.values, samples.rate
        from vllm.multimodal.media.audio import AudioMediaIO

        with decoding(sound, self._subject):
            values, rate = AudioMediaIO().load_bytes(sound.data)
        return values, int(rate)


def refused(error: Exception, subject: str) -> Unsupported | MissingPackage | None:
    """What vLLM's processor said of a prompt with images or recordings; None where it was something else that failed."""
    said = first_line(error)
    if isinstance(error, ImportError):
        message = f"vllm needs a package to read this prompt of {subject}: {said}"
        return MissingPackage(message, subject=subject, install="pip install librosa")
    if isinstance(error, ValueError):
        message = f"vllm cannot read the images or recordings here: {said}"
        return Unsupported(message, subject=subject, hint="give fewer or others, or pass chat_template= with one that has a place for each")
    return None
