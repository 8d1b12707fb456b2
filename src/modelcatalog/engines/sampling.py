"""Owns choosing the next token from a model's scores: greedy or sampled, one row or many. Knows no model and no text."""

from __future__ import annotations

from math import inf
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog.errors import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Protocol

    from modelcatalog.engines import Options

    class Guide(Protocol):
        """Keeps one reply within its constraint."""

        def allowed(self, size: int) -> Any:
            """Which of so many tokens may come next; None for all."""

        def take(self, token: int) -> None:
            """Note the token that was chosen."""


__all__ = ["NoChoiceError", "Sampler", "Settings", "Trace", "check", "check_choice", "guided", "of_gguf", "settings"]

_RANGES: dict[str, tuple[float, float]] = {
    "temperature": (0, inf), "top_k": (-1, inf), "top_p": (0, inf), "min_p": (0, 1), "repetition_penalty": (1e-6, inf),
}  # fmt: skip
"""What settings that choose tokens may be; -1 is what some programs write for no limit."""
_GGUF = {"temp": "temperature", "top_k": "top_k", "top_p": "top_p", "min_p": "min_p", "penalty_repeat": "repetition_penalty"}
"""What a GGUF file's own settings are called there, behind ``general.sampling.``."""


_SHOWN = 80


def _tokens(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, int) and not isinstance(one, bool) for one in value)


def _weighed(value: object) -> bool:
    """Sequences of tokens, each with its weight; a mapping is what transformers makes of the list in the file."""
    pairs = value.items() if isinstance(value, dict) else value if isinstance(value, list) else [None]
    return all(isinstance(one, list | tuple) and len(one) == 2 and _tokens(one[0]) and isinstance(one[1], int | float) for one in pairs)  # noqa: PLR2004  a pair


_SHAPES: dict[str, Callable[[object], bool]] = {
    "suppress_tokens": _tokens,
    "begin_suppress_tokens": _tokens,
    "bad_words_ids": lambda value: isinstance(value, list) and all(one and _tokens(one) for one in value),
    "sequence_bias": _weighed,
    "exponential_decay_length_penalty": lambda value: isinstance(value, list | tuple) and [*map(type, value)] in ([int, int], [int, float]),
}
"""What settings of several numbers must be made of; transformers refuses others with the first reply, and names no file."""


class NoChoiceError(ArithmeticError):
    """A model's scores tell no token from another: they are not numbers, or all alike."""


class Settings(NamedTuple):
    """How tokens are chosen, with nothing left open; the defaults are those of transformers."""

    sample: bool = False
    temperature: float = 1.0
    top_k: int = 50
    top_p: float = 1.0
    min_p: float | None = None
    repetition_penalty: float = 1.0


def settings(options: Options, defaults: Any) -> Settings:
    """What was asked for, filled up from a checkpoint's ``generation_config.json``.

    >>> from types import SimpleNamespace
    >>> from modelcatalog.engines import Options
    >>> settings(Options(temperature=0.5), SimpleNamespace(top_k=20, do_sample=False))
    Settings(sample=True, temperature=0.5, top_k=20, top_p=1.0, min_p=None, repetition_penalty=1.0)
    """
    names = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
    asked = {name: value for name in names if (value := getattr(options, name)) is not None}
    sample = options.do_sample
    if sample is None and options.temperature is not None:
        sample = options.temperature > 0
    if sample is None and asked.keys() & {"top_p", "top_k", "min_p"}:
        sample = True
    if sample is None:
        sample = bool(getattr(defaults, "do_sample", None))
    known = {name: value for name in names if (value := getattr(defaults, name, None)) is not None}
    if known.get("top_k", 0) < 0:
        known["top_k"] = 0
    return Settings(sample=sample, **(known | asked))


def check(defaults: Any, subject: str, where: str = "generation_config.json") -> None:
    """Refuse settings of a checkpoint that mean nothing: a reply would be noise, or an error that names no file.

    Raises:
        IntegrityError: it names the setting.

    >>> from types import SimpleNamespace
    >>> check(SimpleNamespace(repetition_penalty=0.0), "model")
    Traceback (most recent call last):
    modelcatalog.errors.IntegrityError: generation_config.json of model cannot be right: repetition_penalty is 0.0
      correct it, or fetch it again
    """
    for name in ("do_sample", *_RANGES):
        value = getattr(defaults, name, None)
        if name == "do_sample":
            right = value is None or isinstance(value, bool)
        else:
            low, high = _RANGES[name]
            right = value is None or (isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high and value != inf)
        if not right:
            message = f"{where} of {subject} cannot be right: {name} is {value!r}"
            raise IntegrityError(message, subject=subject, hint="correct it, or fetch it again")
    for name, fits in _SHAPES.items():
        value = getattr(defaults, name, None)
        if value and not fits(value):
            message = f"{where} of {subject} cannot be right: {name} is {str(value)[:_SHOWN]}"
            raise IntegrityError(message, subject=subject, hint="correct it, or fetch it again")


def of_gguf(metadata: Mapping[str, object], subject: str) -> SimpleNamespace:
    """How a GGUF file itself says to choose tokens, as ``generation_config.json`` would say it.

    Raises:
        IntegrityError: one of its settings means nothing.

    >>> of_gguf({"general.sampling.temp": 0.6, "general.sampling.top_k": 20}, "model")
    namespace(temperature=0.6, top_k=20, do_sample=True)
    """
    stated = {name: value for key, name in _GGUF.items() if (value := metadata.get(f"general.sampling.{key}")) is not None}
    found = SimpleNamespace(**stated)
    check(found, subject, "general.sampling")
    if stated.keys() - {"repetition_penalty"}:
        found.do_sample = stated.get("temperature") != 0
    return found


class Trace:
    """What choosing remembers of one reply: its own random numbers, which tokens it has seen, and what it must match.

    Args:
        ids: The prompt.
        seed: Makes the choices repeatable, whatever else runs; None takes torch's own random numbers.
    """

    def __init__(self, ids: Sequence[int], seed: int | None = None) -> None:
        self.seed = seed
        self.begun = False
        """Whether a token was chosen yet."""
        self.guide: Guide | None = None
        """What keeps the reply within its constraint."""
        self.generator: Any = None
        self.seen: Any = None
        self._ids = ids

    def ready(self, scores: Any, *, penalty: bool) -> None:
        """Make what is missing, on the device of the scores."""
        import torch

        if self.generator is None and self.seed is not None:
            self.generator = torch.Generator(scores.device).manual_seed(self.seed)
        if penalty and self.seen is None:
            self.seen = torch.zeros(scores.shape[-1], dtype=torch.bool, device=scores.device)
            self.seen[torch.tensor(list(self._ids), device=scores.device)] = True


def guided(scores: Any, traces: Sequence[Trace]) -> Any:
    """Scores of shape (rows, vocabulary), without the tokens that would break a row's constraint."""
    if all(trace.guide is None for trace in traces):
        return scores
    import torch

    scores = scores.clone()
    for row, trace in zip(scores, traces, strict=True):
        allowed = None if trace.guide is None else trace.guide.allowed(len(row))
        if allowed is not None:
            row.masked_fill_(~torch.from_numpy(allowed).to(row.device), float("-inf"))
    return scores


def check_choice(scores: Any) -> None:
    """Refuse scores that choose nothing: broken weights, or a type too narrow for them, else answer with the first token for ever.

    Args:
        scores: Logits as a model gave them, of shape (rows, vocabulary).

    Raises:
        NoChoiceError: with what is wrong.
    """
    top, low = scores.amax(-1), scores.amin(-1)
    if bool(top.isnan().any()):
        message = "the scores of the next token are not numbers (NaN)"
        raise NoChoiceError(message)
    if scores.shape[-1] > 1 and bool((top == low).any()):
        message = "the scores of all tokens are the same"
        raise NoChoiceError(message)


class Sampler:
    """Chooses tokens; the same for a row alone and for the same row among others."""

    def __init__(self, how: Settings) -> None:
        self._how = how
        self._greedy = not how.sample or how.temperature == 0
        self._warpers: list[Any] | None = None

    def pick(self, scores: Any, traces: Sequence[Trace]) -> list[int]:
        """The next token of each row.

        Args:
            scores: Logits, of shape (rows, vocabulary).
            traces: One for each row; what was chosen is added to them.

        Raises:
            NoChoiceError: the scores choose nothing.
        """
        if not self._greedy and not all(trace.begun for trace in traces):
            check_choice(scores)
        tokens = self._chosen(guided(scores, traces), traces)
        if self._greedy and not all(tokens):
            check_choice(scores)  # the largest of what is not a number, and of what is all alike, is the first
        for trace, token in zip(traces, tokens, strict=True):
            trace.begun = True
            if trace.guide is not None:
                trace.guide.take(token)
        return tokens

    def _chosen(self, scores: Any, traces: Sequence[Trace]) -> list[int]:
        import torch

        penalty = self._how.repetition_penalty
        if self._greedy and penalty == 1:
            tokens: list[int] = scores.argmax(-1).tolist()
            return tokens
        scores = scores.float()
        for trace in traces:
            trace.ready(scores, penalty=penalty != 1)
        if penalty != 1:
            seen = torch.stack([trace.seen for trace in traces])
            scores = torch.where(seen, torch.where(scores < 0, scores * penalty, scores / penalty), scores)
        if self._greedy:
            chosen = scores.argmax(-1)
        else:
            for warp in self._warpers or self._make():
                scores = warp(None, scores)
            odds = scores.softmax(-1)
            drawn = [torch.multinomial(row, 1, generator=trace.generator) for row, trace in zip(odds, traces, strict=True)]
            chosen = torch.cat(drawn)
        tokens = chosen.tolist()
        if penalty != 1:
            for trace, token in zip(traces, tokens, strict=True):
                trace.seen[token] = True
        return tokens

    def _make(self) -> list[Any]:
        """The warpers of transformers, in its order."""
        from transformers import (
            MinPLogitsWarper,
            TemperatureLogitsWarper,
            TopKLogitsWarper,
            TopPLogitsWarper,
        )

        how = self._how
        self._warpers = [TemperatureLogitsWarper(how.temperature)]
        if how.top_k > 0:
            self._warpers.append(TopKLogitsWarper(how.top_k))
        if how.top_p < 1:
            self._warpers.append(TopPLogitsWarper(how.top_p))
        if how.min_p:
            self._warpers.append(MinPLogitsWarper(how.min_p))
        return self._warpers
