"""Owns every word of transformers that is private or that moves from one minor release to the next. Knows no prompt and no text.

Nothing here asks for a version: signatures and attributes are felt for, and what is not there is None. Whoever needs such a word
asks this module; when transformers renames it, this is the one place to change.
"""

from __future__ import annotations

import inspect
import json
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

__all__ = [
    "Forward", "ReplyState", "Turning", "asked_of_generate", "attention_of", "audio_part", "bare_indexes", "bars", "blind_to_videos", "cache_of",
    "captures", "causal_form", "decodes", "drop_empty", "dynamic_cache", "full_layer", "half_read", "hooks", "image_part", "lacks_adapter", "left_out",
    "load_audio", "looks_ahead", "of_generate", "owed", "own_cache", "own_form", "own_state", "own_way_of_preparing", "processor", "read_from", "said",
    "sampling_rate", "settings_of", "slides_alike", "sliding_layer", "static_cache", "takes_rate", "timed", "turning", "unfilled", "unknown_to_generate",
    "unpacker", "unturn", "ways_of_cutting", "whole_class", "whole_form", "without_adapters", "wrong_settings",
]  # fmt: skip

_CACHE_WORDS = ("cache", "past_key_values")
"""What a forward pass calls its cache: the first since 5.24, the second before."""


# Forward passes ------------------------------------------------------------------------------


def _cache_word(function: Callable[..., Any]) -> str | None:
    named = inspect.signature(function).parameters
    return next((word for word in _CACHE_WORDS if word in named), None)


class Forward:
    """A model's forward pass in its own words.

    Args:
        model: A causal language model.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.turning = turning(model)
        """Where the angles of positions are others in a longer text; None where they are not."""
        named = inspect.signature(type(model).forward).parameters
        self.cache_word = _cache_word(type(model).forward)
        """What it calls the cache; None where it takes none by name."""
        self.masked = "attention_mask" in named
        self.placed = "position_ids" in named
        # A model that makes the scores of all places would take memory for each token of a long prompt.
        self._extra = {"logits_to_keep": 1} if "logits_to_keep" in named else {}
        self.last_only = bool(self._extra)

    def __call__(self, ids: Any, cache: Any, mask: Any = None, places: Any = None) -> Any:
        """Scores of the token after the last one, of shape (rows, vocabulary).

        Args:
            ids: Tokens, of shape (rows, tokens).
            cache: What was computed before; it is added to.
            mask: Ones for tokens and zeros for padding, of shape (rows, places of the cache and tokens); None for no padding.
            places: Positions of the tokens, shaped like them; None counts on from the cache.
        """
        given = {str(self.cache_word): cache, "use_cache": True, **self._extra}
        if mask is not None:
            given["attention_mask"] = mask
        if places is not None and self.placed:
            given["position_ids"] = places
        return self.model(input_ids=ids, **given).logits[:, -1]


# What a model says of itself -----------------------------------------------------------------


def own_way_of_preparing(model: Any) -> bool:
    """Whether a model prepares its inputs in another way than all models do: it wants more than tokens, places and a cache."""
    from transformers import GenerationMixin

    return getattr(type(model), "prepare_inputs_for_generation", None) is not GenerationMixin.prepare_inputs_for_generation


def own_state(model: Any) -> bool:
    """Whether a model keeps a state that is not a list of keys and values."""
    return bool(getattr(type(model), "_is_stateful", False))


def own_cache(model: Any) -> bool:
    """Whether `generate` leaves the cache to the model, which makes one of a kind of its own."""
    takes_any = getattr(type(model), "_supports_default_dynamic_cache", None)
    return takes_any is not None and not takes_any()


def looks_ahead(model: Any) -> bool:
    """Whether a model reads in both directions, as BERT does: it fills gaps, and has nothing to continue a text with."""
    if getattr(model.config, "is_decoder", None) is not False:
        return False
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    # GPT-NeoX-Japanese has the word without a meaning.
    causal = {getattr(part, "is_causal", None) for part in model.modules()}
    return True not in causal and (False in causal or model.config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES)


class Turning(NamedTuple):
    """Positions that are turned by other angles in a longer text: keys that were kept are then those of another text."""

    limit: int
    """Tokens up to which the angles are those that a model began with."""
    grows: bool
    """Whether they are others at each length beyond it (``dynamic``), and not just two sets (``longrope``)."""

    def alike(self, begun: int, asked: int) -> bool:
        """Whether keys of a text that was begun with so many tokens are those that a prompt of so many tokens would have."""
        return begun <= self.limit if asked <= self.limit else begun > self.limit and not self.grows


def turning(model: Any) -> Turning | None:
    """Whether and where a model's positions depend on how long the text is."""
    found: list[Turning] = []
    for part in model.modules():
        kinds = getattr(part, "rope_type", None)
        for layer, kind in kinds.items() if isinstance(kinds, dict) else ((None, kinds),):
            if not isinstance(kind, str) or not (kind == "longrope" or "dynamic" in kind):
                continue
            limit = _original(part, layer) if kind == "longrope" else getattr(part, "original_max_seq_len", None)
            found.append(Turning(limit if isinstance(limit, int) else 0, "dynamic" in kind))
    return Turning(min(one.limit for one in found), any(one.grows for one in found)) if found else None


def _original(part: Any, layer: str | None) -> Any:
    """The length before stretching of a part that turns positions, which is written beside the factors or above them."""
    config = getattr(part, "config", None)
    stated = getattr(config, "rope_parameters", None) or {}
    stated = stated.get(layer, stated) if layer is not None else stated
    return stated.get("original_max_position_embeddings") or getattr(config, "original_max_position_embeddings", None)


def unturn(model: Any) -> None:
    """Take back what longer texts before this one left of their angles: a model keeps those of the longest until a short one comes."""
    for part in model.modules():
        kinds = getattr(part, "rope_type", None)
        for layer, kind in kinds.items() if isinstance(kinds, dict) else ((None, kinds),):
            if isinstance(kind, str) and "dynamic" in kind:
                prefix = "" if layer is None else f"{layer}_"
                first, name = getattr(part, f"{prefix}original_inv_freq", None), f"{prefix}inv_freq"
                if first is not None and hasattr(part, name):
                    part.register_buffer(name, first.to(getattr(part, name).device), persistent=False)
                    setattr(part, f"{prefix}max_seq_len_cached", part.original_max_seq_len)


_WINDOWS = ("create_sliding_window_causal_mask", "create_chunked_causal_mask", "create_masks_for_generate")


def slides_alike(model: Any, cache: Any) -> bool:
    """Whether a model looks at no more than what is left in a cache whose layers forget; some do, and a reply that goes on is another."""
    if not any(type(layer) is sliding_layer() for layer in cache.layers):
        return True
    homes = {kind.__module__ for part in {type(part) for part in model.modules()} for kind in part.__mro__ if ".models." in kind.__module__}
    return any(name in vars(import_module(home)) for home in homes for name in _WINDOWS)


def captures(model: Any) -> bool:
    """Whether a model's forward pass takes no decisions, so that a graph can repeat it."""
    return bool(getattr(model, "_can_compile_fullgraph", False))


def attention_of(model: Any) -> str:
    """The attention implementation that transformers took: ``sdpa``, ``flash_attention_2``, ``eager``, …."""
    return str(getattr(model.config, "_attn_implementation", None) or "unknown")


def said(config: Any, name: str) -> int | None:
    """A number of a configuration; None where it has none, or another for each layer."""
    try:
        value = getattr(config, name, None)
    except Exception:  # noqa: BLE001  each kind of configuration refuses in its own way
        return None
    return value if isinstance(value, int) else None


def asked_of_generate(model: Any) -> frozenset[str]:
    """What the checkpoint's ``generation_config.json`` asks of `generate`, as far as `generate` knows the words."""
    from transformers import GenerationConfig

    plain = GenerationConfig()
    return frozenset(key for key in model.generation_config.to_diff_dict() if hasattr(plain, key) and not key.startswith("_"))


def kept_on_a_hub(model: Any) -> list[str]:
    """What the checkpoint asks of `generate` that transformers itself no longer does: since its fifth release that is code on its hub."""
    return sorted(asked_of_generate(model) & _ON_A_HUB)


def left_out(model: Any) -> dict[str, Any]:
    """What of a checkpoint's words `generate` must not see, as its arguments: code on a hub, and what wants more than tokens."""
    asked = asked_of_generate(model)
    return dict.fromkeys((asked & _ON_A_HUB) - _OF_NO_LOOP | (asked & {_TIMED})) | dict.fromkeys(asked & _OF_PROMPTS, False)


def timed(model: Any) -> bool:
    """Whether a checkpoint wants its replies cut after some seconds, which no caller asked for."""
    return _TIMED in asked_of_generate(model)


def unknown_to_generate(model: Any) -> list[str]:
    """What a checkpoint's ``generation_config.json`` says of choosing tokens in other programs' words, which `generate` reads past."""
    stated = model.generation_config.to_diff_dict()
    return sorted(name for name in _OTHERS if stated.get(name) and not hasattr(type(model.generation_config)(), name))


_TIMED = "max_time"
_OF_NO_LOOP = frozenset({"dola_layers", "penalty_alpha"})
"""Ways of choosing that our own loops pass by."""
_ON_A_HUB = _OF_NO_LOOP | {"num_beam_groups", "diversity_penalty", "force_words_ids", "constraints"}
_OF_PROMPTS = frozenset({"token_healing", "is_assistant"})
"""What changes a prompt, or wants a second model."""
_OTHERS = (
    "presence_penalty", "frequency_penalty", "top_n_sigma", "xtc_probability", "mirostat", "mirostat_mode", "dry_multiplier", "typ_p", "smoothing_factor",
)  # fmt: skip


def decodes(model: Any) -> Callable[[], AbstractContextManager[Any]]:
    """What `generate` surrounds the tokens after the prompt with: on a GPU, experts that are computed in the way for few tokens."""
    ways = getattr(model, "get_experts_implementation", None)
    around = getattr(model, "_optimize_model_for_decode", None)
    if ways is None or around is None or model.device.type == "cpu":
        return nullcontext
    used = ways()
    return around if "grouped_mm" in (used.values() if isinstance(used, dict) else {used}) else nullcontext


def whole_form(model: Any) -> bool:
    """Whether a model was loaded as one of images, sound and text, and not as the language model inside it."""
    auto = whole_class(model.config)
    if auto is None or not _known_as(auto, model.config):
        return False
    kinds = auto._model_mapping[type(model.config)]  # noqa: SLF001  felt for by `_known_as`
    return type(model) in (kinds if isinstance(kinds, tuple) else (kinds,))


def lacks_adapter(model: Any) -> bool:
    """Whether a model hears by an adapter of its own, which was not put on."""
    return getattr(model.config, "has_lora_adapter", False) is True and not getattr(model, "_hf_peft_config_loaded", False)


def half_read(folder: str, *, sound: bool) -> bool:
    """Whether a checkpoint's files are of a model of images or sound, of which the language model alone can be loaded too."""
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError):
        return False
    return whole_class(config) is not None and (not sound or any(word in key for key in config.to_dict() for word in _OF_SOUND))


_OF_SOUND = ("audio", "sound", "speech")
"""What keys of a configuration have in them where the model hears."""


_STATE = "rope_deltas"
"""What models of Qwen's line keep of the prompt that they read last: how far its images moved the positions of what follows."""


class ReplyState:
    """What a model keeps of one reply in itself, beside the cache: put in while the reply is made, and taken out again.

    A context manager around each use of the model.

    Args:
        model: The model.
    """

    def __init__(self, model: Any) -> None:
        self._kept: list[tuple[Any, Any]] = [(part, None) for part in model.modules() if _STATE in vars(part)]

    def __enter__(self) -> None:
        for part, value in self._kept:
            setattr(part, _STATE, value)

    def __exit__(self, *_: object) -> None:
        self._kept = [(part, getattr(part, _STATE)) for part, _ in self._kept]


# Processors ----------------------------------------------------------------------------------


def processor(folder: str, config: Any, **given: Any) -> Any:
    """What makes a model's inputs of text, images and sound.

    Where torchvision is missing, those of many models are made without their part for videos, which alone needs it.

    Raises:
        ImportError: it needs a package that is not installed.
    """
    from transformers import AutoProcessor
    from transformers.models.auto.processing_auto import PROCESSOR_MAPPING

    try:
        return AutoProcessor.from_pretrained(folder, **given)
    except (ImportError, TypeError, OSError):  # the second is what 5.3 says without torchvision, the third where there is no file for that part
        kind: Any = PROCESSOR_MAPPING.get(type(config), None)
        parts: list[str] = getattr(kind, "get_attributes", list)()
        # They are given in order, so that only the last one can be left out.
        if parts[-1:] != ["video_processor"]:
            raise
        own = blind_to_videos(kind)
        return own.from_pretrained(folder, **given)


def blind_to_videos(kind: Any) -> Any:
    """A class of processors without its last part, which reads videos and alone needs torchvision."""
    from transformers import ProcessorMixin

    parts: list[str] = kind.get_attributes()[:-1]

    class Below(ProcessorMixin):  # type: ignore[misc]  # untyped
        """What a class hands its parts on to: in their order, or by name."""

        def __init__(self, *given: Any, video_processor: None = None, **more: Any) -> None:
            super().__init__(*given[: len(parts)], **more)

    class Above(kind):  # type: ignore[misc]  # untyped
        def __init__(self, *given: Any, **more: Any) -> None:
            named = "video_processor" in inspect.signature(kind.__init__).parameters and len(given) <= len(parts)
            super().__init__(*given, **({"video_processor": None} if named else {}), **more)

    return type(kind.__name__, (Above, Below), {"get_attributes": classmethod(lambda _: parts), "video_processor": None})


def image_part(made: Any) -> Any | None:
    """The part of a processor that reads images; None where it has none."""
    return vars(made).get("image_processor")


def audio_part(made: Any) -> Any | None:
    """The part of a processor that reads sound; None where it has none."""
    # Models that hear came under two names, of which the second was once that of images too.
    parts = (vars(made).get(name) for name in ("audio_processor", "feature_extractor"))
    return next((part for part in parts if part is not None and part is not image_part(made)), None)


def sampling_rate(made: Any) -> int:
    """How many samples a second a processor wants."""
    part = audio_part(made)
    stated = getattr(part, "sampling_rate", None) or (getattr(part, "melspec_kwargs", None) or {}).get("sample_rate")
    return stated if isinstance(stated, int) else 16_000


def takes_rate(made: Any) -> bool:
    """Whether it is told how many samples a second it gets."""
    return "sampling_rate" in inspect.signature(type(audio_part(made)).__call__).parameters


def load_audio(file: str, rate: int) -> Any:
    """The samples of a sound file, as many a second as wanted.

    Raises:
        ImportError: it needs a package that is not installed.
    """
    from transformers.audio_utils import load_audio as load

    return load(file, sampling_rate=rate)


# Caches --------------------------------------------------------------------------------------


def dynamic_cache(config: Any) -> Any:
    """An empty cache that grows, with the layers that a configuration asks for."""
    from transformers import DynamicCache

    return DynamicCache(config=config)


def full_layer() -> type[Any]:
    """The class of a cache's layer that keeps all keys and values."""
    from transformers.cache_utils import DynamicLayer

    return DynamicLayer  # type: ignore[no-any-return]


def sliding_layer() -> type[Any]:
    """The class of a cache's layer that keeps those of a window."""
    from transformers.cache_utils import DynamicSlidingWindowLayer

    return DynamicSlidingWindowLayer  # type: ignore[no-any-return]


def static_cache(config: Any, length: int) -> Any | None:
    """A cache of a fixed length whose layers' fill is a tensor; None where not all layers of this model can be such."""
    from transformers import StaticCache
    from transformers.cache_utils import StaticLayer

    try:
        made = StaticCache(config=config, max_cache_len=length)
        layers = made.layers
    except (KeyError, TypeError, ValueError, AttributeError, NotImplementedError):
        return None
    whole = bool(layers) and all(type(layer) is StaticLayer and hasattr(layer, "cumulative_length") for layer in layers)
    return made if whole else None


# `generate` by its own hooks -----------------------------------------------------------------


def of_generate(cache: Any) -> dict[str, Any]:
    """A cache as an argument of `generate`."""
    from transformers import GenerationMixin

    word = _cache_word(GenerationMixin.prepare_inputs_for_generation) or _CACHE_WORDS[-1]
    return {word: cache}


def cache_of(kept: Mapping[str, Any]) -> Any:
    """The cache among the arguments that `generate` carries from token to token."""
    return next((kept[word] for word in _CACHE_WORDS if kept.get(word) is not None), None)


_HOOKS: Mapping[str, Sequence[str]] = {
    "_prefill": ("input_ids", "generation_config", "model_kwargs"),
    "_update_model_kwargs_for_generation": ("outputs", "model_kwargs"),
    "prepare_inputs_for_generation": ("input_ids",),
}


def hooks(model: Any) -> str | None:
    """Why `generate` cannot be taken apart into its steps; None where it can.

    `generate` hands all that it prepared to a function of its caller's (``custom_generate``); these are the pieces of its own loop
    that such a function needs.
    """
    if (getattr(model.generation_config, "num_beams", None) or 1) > 1:
        return "generation_config.json asks for num_beams, which choose a reply at its end"
    if "custom_generate" not in inspect.signature(type(model).generate).parameters:
        return "generate takes no loop of its caller's"
    for name, words in _HOOKS.items():
        hook = getattr(type(model), name, None)
        if hook is None:
            return f"generate has no {name}"
        named = inspect.signature(hook).parameters
        if not set(words) <= named.keys():
            return f"{name} takes other arguments"
    return None


def owed(model: Any, given: Collection[str]) -> list[str]:
    """What `generate` of a model cannot do without, and is not given: pixels, where it answers about an image alone."""
    named = inspect.signature(type(model).generate).parameters.values()
    plain = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [one.name for one in named if one.default is inspect.Parameter.empty and one.kind in plain and one.name not in {"self", *given}]


# Loading -------------------------------------------------------------------------------------


def causal_form(config: Any) -> bool:
    """Whether transformers has a causal language model for this configuration; it also imports that model's module."""
    from transformers import AutoModelForCausalLM

    return _known_as(AutoModelForCausalLM, config)


def whole_class(config: Any) -> Any | None:
    """What loads the model of images, sound and text that transformers, or else a repository's code, has for this configuration; None where neither has one."""
    from transformers import AutoModelForImageTextToText, AutoModelForMultimodalLM

    each = (AutoModelForImageTextToText, AutoModelForMultimodalLM)
    return next((auto for auto in each if _known_as(auto, config)), None) or next((auto for auto in each if _coded_as(auto, config)), None)


def _coded_as(auto: Any, config: Any) -> bool:
    """Whether a repository's code has a model for one of transformers' automatic classes, and no causal language model, which would come first."""
    pointed = getattr(config, "auto_map", None)
    ours = type(config).__module__.startswith("transformers.")
    return not ours and isinstance(pointed, dict) and auto.__name__ in pointed and "AutoModelForCausalLM" not in pointed


def _known_as(auto: Any, config: Any) -> bool:
    """Whether one of transformers' automatic classes has a model for this configuration."""
    forms = getattr(auto, "_model_mapping", None)
    if forms is None or type(config) not in forms:
        return False
    forms[type(config)]
    return True


def read_from(config: Any, file: str | None) -> None:
    """Have `from_pretrained` read this file, weights or their index, in place of the names that it looks for."""
    config.transformers_weights = file


def _parts(config: Any) -> tuple[Any, ...]:
    """A configuration, and those in it: of the language model, of what sees or hears."""
    return (config, *(getattr(config, name, None) for name in getattr(config, "sub_configs", None) or ()))


def own_attention(config: Any) -> None:
    """Leave the kinds of attention and experts to us: a ``config.json`` may name a package that is not here, or code on a hub, which would be run."""
    for part in _parts(config):
        if getattr(part, "_attn_implementation", None) not in {None, "eager", "sdpa"}:
            part._attn_implementation = None  # noqa: SLF001  what `from_pretrained` reads, as the next
        if getattr(part, "_experts_implementation", None) not in {None, "eager", "batched_mm", "grouped_mm"}:
            part._experts_implementation = None  # noqa: SLF001


def ways_of_cutting() -> frozenset[str] | None:
    """The ways of cutting text in GGUF files that this release knows; None where it does not tell."""
    try:
        home = import_module("transformers.integrations.gguf.gguf_tokenizer_mapping")
    except ImportError:
        return None
    known = getattr(home, "GGUF_PRE_TOKENIZER_SPLITS", None)
    return frozenset(known) if isinstance(known, dict) else None


def unfilled() -> AbstractContextManager[Any]:
    """Within it, models are built without random numbers in their weights; where this release has no such switch, with them."""
    for home in ("transformers.initialization", "transformers.modeling_utils"):
        try:
            found = getattr(import_module(home), "no_init_weights", None)
        except ImportError:
            continue
        if found is not None:
            made: AbstractContextManager[Any] = found()
            return made
    return nullcontext()


@contextmanager
def _loading_by(name: str, made: Callable[[Callable[..., Any]], Callable[..., Any]]) -> Iterator[None]:
    """Have `from_pretrained` call another function in the place of its own, of which it is made; where this release has none of the name, nothing changes."""
    home: Any = import_module("transformers.modeling_utils")
    own = getattr(home, name, None)
    if own is None:
        yield
        return
    setattr(home, name, made(own))
    try:
        yield
    finally:
        setattr(home, name, own)


@contextmanager
def without_adapters() -> Iterator[None]:
    """Have `from_pretrained` read a model alone: with peft installed, it would put on an adapter whose configuration lies beside the weights."""

    def none(place: Any, *_: object, **given: object) -> tuple[None, Any, dict[str, object]]:
        return None, place, given

    with _loading_by("maybe_load_adapters", lambda _: none):
        yield


@contextmanager
def bare_indexes() -> Iterator[None]:
    """Have `from_pretrained` read an index of shards that holds the names of the tensors alone, without ``metadata``."""

    def completing(reads: Callable[..., Any]) -> Callable[..., Any]:
        def completed(place: Any, index: Any, *more: Any, **given: Any) -> Any:
            try:
                return reads(place, index, *more, **given)
            except KeyError as error:
                if error.args != ("metadata",):
                    raise
            stated = json.loads(Path(index).read_text(encoding="utf-8"))
            with TemporaryDirectory() as folder:
                file = Path(folder, Path(index).name)
                file.write_text(json.dumps(stated | {"metadata": {}}), encoding="utf-8")
                return reads(place, str(file), *more, **given)

        return completed

    with _loading_by("get_checkpoint_shard_files", completing):
        yield


def own_form(config: Any) -> None:
    """Leave to us what a model gives back, and drop a token for padding that it has no embedding of: nothing here is padded with it."""
    for part in _parts(config):
        if getattr(part, "return_dict", None) is False:
            part.return_dict = True
        pad, rows = said(part, "pad_token_id"), said(part, "vocab_size")
        if pad is not None and rows is not None and not -rows <= pad < rows:
            part.pad_token_id = None


def wrong_settings(folder: str) -> Exception | None:
    """What transformers refuses of a folder's ``generation_config.json``; None where that is right, or not there."""
    from transformers import GenerationConfig

    try:
        GenerationConfig.from_pretrained(folder, local_files_only=True).validate()
    except OSError:
        return None
    except Exception as error:  # noqa: BLE001  each setting is refused in its own way
        return error
    return None


def settings_of(folder: str) -> Any:
    """A folder's ``generation_config.json`` as transformers reads it while loading; None where there is none."""
    from transformers import GenerationConfig

    try:
        return GenerationConfig.from_pretrained(folder, local_files_only=True)
    except OSError:
        return None


_LISTS = ("bad_words_ids", "suppress_tokens", "begin_suppress_tokens", "sequence_bias")


def drop_empty(settings: Any) -> None:
    """Take out of a checkpoint's settings the lists that hold nothing, which `generate` refuses."""
    for name in _LISTS:
        value = getattr(settings, name, None)
        if value is not None and not value:
            setattr(settings, name, None)


def unpacker(method: str) -> Any | None:
    """What tells transformers to unpack weights in a method while loading; None where this release has no such switch."""
    import transformers

    names = {"gguf": "GgufConfig", "fp8": "FineGrainedFP8Config", "mxfp8": "FineGrainedFP8Config", "mxfp4": "Mxfp4Config"}
    kind = getattr(transformers, names.get(method, ""), None)
    return None if kind is None or "dequantize" not in inspect.signature(kind.__init__).parameters else kind(dequantize=True)


def bars() -> tuple[Any, Any | None]:
    """Where transformers keeps its switch for progress bars, and the module whose bar has none (or None)."""
    try:
        loader: Any = import_module("transformers.modeling_gguf_pytorch_utils")
    except ImportError:
        loader = None
    return import_module("transformers.utils.logging"), loader if hasattr(loader, "tqdm") else None
