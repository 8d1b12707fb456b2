"""Owns making tokens by the steps of transformers' own `generate`, in the caller's thread: for models that our loop does not drive.

`generate` prepares everything (the cache, the model's own inputs, what its configuration asks for) and hands it to a generator
function of ours in place of its loop, so that a caller can stop between two tokens. A thread of its own would do that too, but on a
CPU a second thread that computes has OpenMP let both wait in the kernel: .6 of the tokens a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelcatalog.engines.sampling import NoChoiceError, check_choice, guided
from modelcatalog.engines.transformers import seam
from modelcatalog.engines.transformers.quiet import quiet
from modelcatalog.errors import Unsupported

if TYPE_CHECKING:
    import threading
    from collections.abc import Generator, Sequence

    from modelcatalog.engines.sampling import Settings
    from modelcatalog.engines.transformers.loop import Row

__all__ = ["Steps"]


class Steps:
    """The tokens of one reply, as they come; closing the iterator ends the generation.

    Where this release's `generate` cannot be taken apart (see `seam.hooks`), they come all at once when it is done.

    Args:
        model: Any model with `generate`.
        row: The prompt; it is left as it is.
        how: How tokens are chosen.
        ends: Tokens that end the reply.
        lock: Held while the model computes: some models keep state in it.
        cancel: Ends the generation after the token that is being made.
        cache: What an earlier reply's `cache` came to hold of the beginning of this prompt.
        grows: Whether longer texts left other angles of positions in the model.
    """

    def __init__(
        self, model: Any, row: Row, how: Settings, ends: Sequence[int], *, lock: threading.Lock, cancel: threading.Event, cache: Any = None,
        grows: bool = False,
    ) -> None:  # fmt: skip
        self._grows = grows
        self._model, self._row, self._lock, self._cancel = model, row, lock, cancel
        self._given = seam.left_out(model) | _words(how)
        if ends:
            self._given |= {"eos_token_id": list(ends), "pad_token_id": ends[0]}
        if cache is not None:
            self._given |= seam.of_generate(cache)
        self.cache = cache
        """The cache that `generate` works with: it chooses its kind itself, and for some models none."""

    def tokens(self) -> Generator[int]:
        """Make them."""
        import torch

        prompt = torch.tensor([self._row.ids], device=self._model.device)
        given = self._given | self._row.inputs | {"input_ids": prompt, "attention_mask": torch.ones_like(prompt), "max_new_tokens": self._row.limit}
        if owed := seam.owed(self._model, given):
            message = f"{type(self._model).__name__} answers no text alone: its generate wants {', '.join(owed)}"
            raise Unsupported(message, subject=type(self._model).__name__, hint="give it an image or a recording with the prompt")
        if (lacking := seam.hooks(self._model)) is not None:
            if self._row.trace.guide is not None:
                message = f"a reply cannot be kept within a constraint here: {lacking}"
                raise Unsupported(message, subject=type(self._model).__name__, hint="ask for the form in words, and check the reply")
            with self._lock:
                yield from self._whole(given)
            return
        state = seam.ReplyState(self._model)
        with self._lock, quiet(), state:
            if self._grows:
                seam.unturn(self._model)
            steps = self._model.generate(**given, custom_generate=self._steps)
        try:
            while not self._cancel.is_set():
                with self._lock, quiet(), torch.inference_mode(), state:
                    token = next(steps, None)
                if token is None:
                    return
                yield token
        finally:
            steps.close()

    def _steps(self, model: Any, input_ids: Any, **prepared: Any) -> Generator[int]:
        """The loop of `generate`, with its own pieces and in its own order."""
        import torch

        ids, trace = input_ids, self._row.trace
        process, enough, config = (prepared.pop(word) for word in ("logits_processor", "stopping_criteria", "generation_config"))
        around, pair = seam.decodes(model), self._pair
        self.cache = seam.cache_of(prepared)
        done = model._prefill(ids, config, prepared)  # noqa: SLF001  felt for by `seam.hooks`
        while True:
            prepared = model._update_model_kwargs_for_generation(done, prepared, is_encoder_decoder=pair)  # noqa: SLF001  as above
            # A copy, so that the scores of a whole prompt are given back.
            given = done.logits[:, -1].to(copy=True, dtype=torch.float32, device=ids.device)
            scores = process(ids, guided(given, [trace]))
            done = None
            if config.do_sample:
                if not trace.begun:
                    self._check(given)
                trace.ready(scores, penalty=False)
                token = torch.multinomial(scores.softmax(-1), 1, generator=trace.generator)[:, 0]
            else:
                token = scores.argmax(-1)
                if not int(token):
                    self._check(given)
            trace.begun = True
            ids = torch.cat([ids, token[:, None]], dim=-1)
            if trace.guide is not None:
                trace.guide.take(int(token))
            yield int(token)
            if bool(enough(ids, None).all()):
                return
            inputs = model.prepare_inputs_for_generation(ids, next_sequence_length=1 if prepared.get("use_cache") else None, **prepared)
            with around():
                done = model(**inputs, return_dict=True)

    @property
    def _pair(self) -> bool:
        """Whether an encoder reads the prompt, and a decoder beside it writes."""
        return bool(getattr(self._model.config, "is_encoder_decoder", False))

    def _check(self, scores: Any) -> None:
        try:
            check_choice(scores)
        except NoChoiceError:
            self.cache = None  # what is not a number in it would spoil the next reply too
            raise

    def _whole(self, given: dict[str, Any]) -> list[int]:
        """All tokens at once, by `generate` as it is."""
        import torch

        def stopped(input_ids: Any, _scores: Any, **_: object) -> Any:
            return torch.full((input_ids.shape[0],), self._cancel.is_set(), dtype=torch.bool, device=input_ids.device)

        seed, prompt = self._row.trace.seed, len(self._row.ids)
        with quiet(), torch.inference_mode(), torch.random.fork_rng(enabled=seed is not None):
            if seed is not None:
                torch.manual_seed(seed)
            made: list[int] = self._model.generate(**given, stopping_criteria=[stopped])[0].tolist()
        # A decoder beside an encoder begins with a token of its own, and the prompt is the encoder's.
        return made[1 if self._pair else prompt :]


def _words(how: Settings) -> dict[str, Any]:
    """Our settings in the words of `generate`, with nothing left for it to warn about."""
    # One reply, whose tokens are read off and whose stop strings the writer knows, whatever a checkpoint says.
    one = {"num_return_sequences": 1, "return_dict_in_generate": False, "stop_strings": None}
    given: dict[str, Any] = {"repetition_penalty": how.repetition_penalty, **one}
    if how.sample and how.temperature > 0:
        return given | {"do_sample": True, "temperature": how.temperature, "top_k": how.top_k, "top_p": how.top_p, "min_p": how.min_p}
    # Greedy decoding ignores what a checkpoint says of sampling, and says so each time.
    return given | {"do_sample": False, "temperature": 1.0, "top_k": 50, "top_p": 1.0, "min_p": None}
