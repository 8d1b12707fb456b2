"""Owns the calls into MLX and mlx-lm: load, compute, choose, keep and cut the cache of a conversation, batches. Knows no chat.

All of it happens in one thread. mlx-lm's own `load` is not used: it fetches what is not there, and finds its own files.
"""

from __future__ import annotations

import json
import secrets
import sys
import tempfile
from contextlib import contextmanager
from math import inf, log
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from modelcatalog.engines.mlx.configuration import read_by_mlx
from modelcatalog.errors import ModelCatalogError, NeedsRemoteCode

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from modelcatalog.engines.guide import Guide
    from modelcatalog.engines.sampling import Settings
    from modelcatalog.engines.text import Writer

__all__ = ["Chooser", "Held", "Native", "Row", "Rows", "leave"]

_CPU_STEP, _GPU_STEP = 512, 2048
"""Tokens of a prompt that are read at once; cancelling waits for one such step."""
_EVERY = 256
"""Tokens after which buffers that nobody uses are given back."""
_READ_TOGETHER = 8
"""Prompts of a batch that are read at once."""
_KEYS = 1 << 64
_METHOD = "hf_quant_config.json"
"""Where NVIDIA's exports say how they were packed."""


class Held(NamedTuple):
    """How keys and values of a conversation are held."""

    bits: int | None = None
    """Bits of a number; None leaves them as they were computed."""
    group: int = 64
    """Numbers that share a scale."""


class Chooser:
    """Chooses tokens by MLX's own operations, in the order of transformers' warpers. Replies without a seed may share one.

    Args:
        mx: ``mlx.core``.
        how: The settings.
        seed: Makes the choices repeatable; None takes the system's random numbers.
    """

    def __init__(self, mx: Any, how: Settings, seed: int | None) -> None:
        self._mx, self._how = mx, how
        self._greedy = not how.sample or how.temperature == 0
        self._key = mx.random.key(secrets.randbits(63) if seed is None else seed % _KEYS)

    def __call__(self, scores: Any) -> Any:
        """A token for each row of scores of shape (rows, vocabulary); logarithms of probabilities are as good."""
        mx, how = self._mx, self._how
        if self._greedy:
            return mx.argmax(scores, axis=-1)
        scores, places = scores.astype(mx.float32) * (1 / how.temperature), None
        if 0 < how.top_k < scores.shape[-1]:
            places = mx.argpartition(-scores, kth=how.top_k - 1, axis=-1)[..., : how.top_k]
            scores = mx.take_along_axis(scores, places, axis=-1)
        if how.top_p < 1:
            order = mx.argsort(-scores, axis=-1)
            places = order if places is None else mx.take_along_axis(places, order, axis=-1)
            scores = mx.take_along_axis(scores, order, axis=-1)
            odds = mx.softmax(scores, axis=-1)
            scores = mx.where(mx.cumsum(odds, axis=-1) - odds < how.top_p, scores, -inf)
        if how.min_p:
            scores = mx.where(scores < mx.max(scores, axis=-1, keepdims=True) + log(how.min_p), -inf, scores)
        self._key, key = mx.random.split(self._key)
        chosen = mx.random.categorical(scores, key=key)
        return chosen if places is None else mx.take_along_axis(places, chosen[:, None], axis=-1)[:, 0]


class Row:
    """One reply: its tokens, what chooses them, and how many there may be.

    Args:
        ids: The prompt.
        limit: Most tokens of the reply.
        writer: What writes it: a guide follows the text, so a token is written before the next one is chosen.
        chooser: What chooses its tokens.
        penalty: By how much a token that was seen is less likely; 1 is not at all.
        guide: What keeps it within its constraint.
    """

    def __init__(self, ids: list[int], limit: int, writer: Writer, chooser: Chooser, *, penalty: float = 1.0, guide: Guide | None = None) -> None:
        self.prompt = len(ids)
        self.ids = list(ids)
        self.limit = limit
        self.writer = writer
        self.chooser = chooser
        self.guide = guide
        self.fed = 0
        """How many of its tokens the cache holds."""
        self._penalty = penalty
        self._seen: Any = None

    @property
    def made(self) -> int:
        """Tokens of the reply."""
        return len(self.ids) - self.prompt

    @property
    def free(self) -> bool:
        """Whether its scores are taken as they are."""
        return self.guide is None and self._penalty == 1

    def weighed(self, mx: Any, scores: Any, token: Any = None) -> Any:
        """Scores of shape (1, vocabulary), without what the guide forbids, and with the penalty.

        Args:
            mx: ``mlx.core``.
            scores: As the model has them.
            token: The one before, of shape (1,), where it belongs to the reply.
        """
        if self.guide is not None and (allowed := self.guide.allowed(scores.shape[-1])) is not None:
            scores = mx.where(mx.array(allowed), scores, -inf)
        if self._penalty == 1:
            return scores
        places = mx.arange(scores.shape[-1])
        if self._seen is None:
            self._seen = mx.zeros(places.shape, dtype=mx.bool_)
            self._seen[mx.array(self.ids[: self.prompt])] = True
        if token is not None:
            self._seen = mx.logical_or(self._seen, places == token)
        return mx.where(self._seen, mx.where(scores < 0, scores * self._penalty, scores / self._penalty), scores)


class Native:
    """A model of mlx-lm.

    Args:
        folder: Where its files are.
        weights: The weight files among them.
        dtype: What is computed in; None leaves weights and scales as they are.
        cpu: Whether the CPU computes, also where there is a GPU.
        held: How the caches of conversations are held.

    Raises:
        NeedsRemoteCode: the checkpoint names a Python file that would make the model.
        ValueError: mlx-lm has no class for it, or its weights are not those of the class.
        NotImplementedError: its keys and values cannot be held so.
    """

    def __init__(self, folder: Path, weights: Sequence[str], *, dtype: str | None, cpu: bool, held: Held) -> None:
        stated = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if stated.get("model_file") is not None:
            message = f"config.json names a Python file that makes the model, {stated['model_file']!r}, and mlx runs no code from checkpoints"
            raise NeedsRemoteCode(message, subject=folder.name, hint="take a checkpoint of this model without one")
        with _own_limits():
            import mlx.core as mx

            # The default is the process's, and another model may have set it.
            wanted = mx.cpu if cpu or not mx.is_available(mx.gpu) else mx.gpu
            if mx.default_device() != wanted:
                mx.set_default_device(wanted)
            from mlx_lm import utils
            from mlx_lm.models import cache
        self.mx, self._caches, self.held = mx, cache, held
        self.step = _CPU_STEP if mx.default_device() == mx.cpu else _GPU_STEP
        self._wired = self._wire()
        with _view(folder, weights, read_by_mlx(stated)) as seen:
            self.model, self.config = utils.load_model(seen, trust_remote_code=False)
        if dtype is not None:
            self._cast(getattr(mx, dtype))
        probe = self.new_cache()
        if held.bits is not None:  # whether they can be, only keys and values tell
            self.model(mx.array([[0]]), cache=probe)
            mx.eval([one.state for one in probe])
            probe = self.new_cache()
        self.kinds = tuple(sorted({type(one).__name__ for one in probe}))
        self.trims = all(one.is_trimmable() for one in probe)
        """Whether a cache can be cut back, at least until its window is full."""
        self.joins = held.bits is None and all(hasattr(one, "merge") for one in probe)
        """Whether replies can be made together."""

    @property
    def gpu(self) -> bool:
        """Whether a GPU computes."""
        return bool(self.step == _GPU_STEP)

    @property
    def packed(self) -> bool:
        """Whether weights are quantized."""
        return bool(self.config.get("quantization") or self.config.get("quantization_config"))

    def close(self) -> None:
        """Free the memory."""
        self.model = None
        if self._wired is not None:
            self.mx.set_wired_limit(self._wired)
        self.mx.clear_cache()

    def _wire(self) -> int | None:
        """Have the weights stay in memory that the GPU reaches, as mlx-lm does while it generates; what the limit was before."""
        most = self.mx.device_info().get("max_recommended_working_set_size") if self.gpu else None
        return None if most is None else int(self.mx.set_wired_limit(most))

    def _cast(self, dtype: Any) -> None:
        from mlx.utils import tree_map_with_path

        # Some models keep a few weights in float32 whatever the others are.
        may, mx = getattr(self.model, "cast_predicate", lambda _: True), self.mx

        def cast(path: str, value: Any) -> Any:
            return value.astype(dtype) if may(path) and mx.issubdtype(value.dtype, mx.floating) else value

        self.model.update(tree_map_with_path(cast, self.model.parameters()))
        mx.eval(self.model.parameters())

    # Caches --------------------------------------------------------------------------------------

    def new_cache(self) -> list[Any]:
        """An empty cache."""
        made = list(self._caches.make_prompt_cache(self.model))
        if self.held.bits is None:
            return made
        if not any(hasattr(one, "to_quantized") for one in made):
            message = "its layers keep neither keys nor values"
            raise NotImplementedError(message)
        packed = {"group_size": self.held.group, "bits": self.held.bits}
        return [one.to_quantized(**packed) if hasattr(one, "to_quantized") else one for one in made]

    def cut(self, cache: list[Any], by: int) -> bool:
        """Drop the last tokens of a cache; False where that cannot be done."""
        return by == 0 or (self._caches.can_trim_prompt_cache(cache) and all(one.trim(by) == by for one in cache))

    # Replies -------------------------------------------------------------------------------------

    def tokens(self, row: Row, cache: list[Any]) -> Iterator[int | None]:
        """The tokens of a reply; None for each piece of the prompt that was read. While one is taken, the next is computed.

        Args:
            row: The reply; what is made is added to its tokens.
            cache: Holds as many of them as the row says.
        """
        mx = self.mx
        while row.prompt - row.fed > 1:
            piece = row.ids[row.fed : min(row.fed + self.step, row.prompt - 1)]
            self.model(mx.array([piece]), cache=cache)
            mx.eval([one.state for one in cache])
            mx.clear_cache()
            row.fed += len(piece)
            yield None
        token, coming = self._next(row, mx.array(row.ids[row.fed :]), cache, begun=False), None
        while True:
            if row.guide is None and row.made + 1 < row.limit:
                coming = self._next(row, token, cache, begun=True)
            row.ids.append(int(token.item()))
            if row.guide is not None:
                row.guide.take(row.ids[-1])
            if row.made % _EVERY == 0:
                mx.clear_cache()
            yield row.ids[-1]
            if row.made == row.limit:
                return
            token = coming if coming is not None else self._next(row, token, cache, begun=True)

    def _next(self, row: Row, token: Any, cache: list[Any], *, begun: bool) -> Any:
        """The token after one, of shape (1,), on its way."""
        scores = self.model(token[None], cache=cache)[:, -1, :]
        row.fed += 1
        chosen = row.chooser(scores if row.free else row.weighed(self.mx, scores, token if begun else None))
        self.mx.async_eval(chosen)
        return chosen

    def rows(self, width: int) -> Rows:
        """An empty batch of so many replies at most."""
        return Rows(self, width)


class Rows:
    """Replies that are made together, by mlx-lm's own batching.

    Args:
        native: The model.
        width: Most of them.
    """

    def __init__(self, native: Native, width: int) -> None:
        from mlx_lm.generate import BatchGenerator

        mx = self._mx = native.mx
        self._rows: dict[int, Row] = {}
        self.failed: dict[Row, ModelCatalogError] = {}
        """Replies whose constraint failed."""
        self.written: dict[Row, list[Any]] = {}
        """What of the replies that are kept within constraints was written, since each token is written before the next one is chosen."""
        self._batch = BatchGenerator(
            native.model,
            completion_batch_size=width,
            prefill_batch_size=min(_READ_TOGETHER, width),
            prefill_step_size=native.step,
            # A stream of this thread.
            stream=mx.default_stream(mx.default_device()),
        )

    def add(self, row: Row) -> None:
        """Take a reply in; its prompt is read in one of the next steps."""
        weigh = [] if row.free else [lambda context, scores: self._weighed(row, context, scores)]
        (name,) = self._batch.insert([row.ids[: row.prompt]], [row.limit], samplers=[row.chooser], logits_processors=[weigh])
        self._rows[name] = row

    def step(self) -> list[Row]:
        """Make a token for each row that has been read, and read of the others; the rows that have one more."""
        _, made = self._batch.next()
        found = []
        for one in made:
            row = self._rows[one.uid]
            if row.guide is None:
                row.ids.append(int(one.token))
            found.append(row)
            if one.finish_reason is not None:
                del self._rows[one.uid]
        return found

    def drop(self, rows: Sequence[Row]) -> None:
        """Let replies go."""
        names = [name for name, row in self._rows.items() if row in rows]
        for name in names:
            del self._rows[name]
        self._batch.remove(names)

    def close(self) -> None:
        """Let all go."""
        self._batch.close()

    def _weighed(self, row: Row, context: Any, scores: Any) -> Any:
        """What the next token is chosen by; the one before, which is known only now, is written first."""
        token = context[-1:] if len(context) > row.prompt else None
        if row.guide is None:
            return row.weighed(self._mx, scores, token)
        if row in self.failed:
            return scores
        pieces = self.written.setdefault(row, [])
        try:
            if token is not None:
                row.ids.append(int(token.item()))
                row.guide.take(row.ids[-1])
                pieces.append(row.writer.push(row.ids[-1]))
            return scores if row.writer.done else row.weighed(self._mx, scores, token)
        except ModelCatalogError as error:
            self.failed[row] = error
            return scores


def leave() -> None:
    """What a thread that computed does last: streams that outlive it end the process with an abort."""
    if (mx := sys.modules.get("mlx.core")) is not None:
        mx.clear_streams()


@contextmanager
def _view(folder: Path, weights: Sequence[str], config: dict[str, Any]) -> Generator[Path]:
    """A folder with the configuration, and links to the weights that were chosen, under the names by which mlx-lm finds them.

    What else lies beside them (weights in another precision, Python files) is not there.
    """
    with tempfile.TemporaryDirectory(prefix="modelcatalog-mlx-") as made:
        place = Path(made)
        (place / "config.json").write_text(json.dumps(config), encoding="utf-8")
        if (folder / _METHOD).is_file():
            (place / _METHOD).symlink_to((folder / _METHOD).resolve())
        for count, name in enumerate(weights, 1):
            (place / f"model-{count:05}.safetensors").symlink_to((folder / name).resolve())
        yield place


@contextmanager
def _own_limits() -> Generator[None]:
    """While mlx-lm is imported, it sets the limit of this process's open files to 4,096 for good; here it may only raise it."""
    import resource

    real = resource.setrlimit

    def raised(what: int, limits: tuple[int, int]) -> None:
        soft, hard = resource.getrlimit(what)
        most = limits[0] if hard == resource.RLIM_INFINITY else min(limits[0], hard)
        if soft != resource.RLIM_INFINITY and most > soft:
            real(what, (most, hard))

    resource.setrlimit = raised
    try:
        yield
    finally:
        resource.setrlimit = real
