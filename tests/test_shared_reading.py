"""Tests of reading many prompts at once: what they share is read once, and nothing comes out differently."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog.engines.decoding import Row, Rows
from modelcatalog.engines.sampling import Settings

if TYPE_CHECKING:
    from modelcatalog.chat import ChatModel

torch = pytest.importorskip("torch")


class TestShared:
    """Prompts that begin alike have their beginning read once."""

    def test_replies(self, model: ChatModel) -> None:
        """The replies are the same as one by one, with prompts of different lengths behind what they share."""
        asks = [f"Tell me a story about a {word}." for word in ("sailor", "frog", "tree with many branches", "poet")]
        together = [reply.text for reply in model.batch(asks, max_new_tokens=5, temperature=0)]
        assert together == [model.chat(ask, max_new_tokens=5, temperature=0).text for ask in asks]

    def test_cache(self, model: ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
        """Fewer tokens are read, and the scores and keys are those of a padded batch."""
        engine: Any = model._engine
        prompts = [[*range(50, 62), 7], [*range(50, 62), 8, 9, 10]]
        read: list[int] = []
        real = Rows._forward

        def counted(rows: Rows, ids: list[list[int]], *rest: Any) -> Any:
            read.append(sum(map(len, ids)))
            return real(rows, ids, *rest)

        monkeypatch.setattr(Rows, "_forward", counted)
        made: list[Rows] = []
        for least in (8, 99):
            monkeypatch.setattr("modelcatalog.engines.decoding._SHARED", least)
            made.append(Rows(engine._model, Settings(), threading.Lock()))
            made[-1].add([Row(ids, 4) for ids in prompts])
        assert read == [12, 6, 30]
        assert [row.ids for row in made[0].rows] == [row.ids for row in made[1].rows]
        for one, other in zip(made[0].cache.layers, made[1].cache.layers, strict=True):
            for row, empty in enumerate((2, 0)):
                torch.testing.assert_close(one.keys[row, :, empty:], other.keys[row, :, empty:], rtol=1e-3, atol=1e-3)
                torch.testing.assert_close(one.values[row, :, empty:], other.values[row, :, empty:], rtol=1e-3, atol=1e-3)
