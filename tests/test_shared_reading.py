"""Tests of reading many prompts at once: what they share is read once, and nothing comes out differently."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog.engines.sampling import Settings
from modelcatalog.engines.transformers.loop import Row, Rows

if TYPE_CHECKING:
    from modelcatalog.chat import ChatModel

torch = pytest.importorskip("torch")


class TestShared:
    """Prompts that begin alike have their beginning read once."""

    def test_replies(self, tiny: ChatModel) -> None:
        """The replies are the same as one by one, with prompts of different lengths behind what they share."""
        asks = [f"Tell me a story about a {word}." for word in ("sailor", "frog", "tree with many branches", "poet")]
        together = [reply.text for reply in tiny.batch(asks, max_new_tokens=5, temperature=0)]
        assert together == [tiny.chat(ask, max_new_tokens=5, temperature=0).text for ask in asks]

    def test_cache(self, tiny: ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
        """Fewer tokens are read, and the scores and keys are those of a padded batch."""
        engine: Any = tiny._engine
        prompts = [[*range(50, 62), 7], [*range(50, 62), 8, 9, 10]]
        read: list[int] = []
        real = Rows._pass

        def counted(rows: Rows, ids: list[list[int]], *rest: Any) -> Any:
            read.append(sum(map(len, ids)))
            return real(rows, ids, *rest)

        monkeypatch.setattr(Rows, "_pass", counted)
        made: list[Rows] = []
        for least in (8, 99):
            monkeypatch.setattr("modelcatalog.engines.transformers.loop._SHARED", least)
            made.append(Rows(engine._forward, Settings(), threading.Lock()))
            made[-1].add([Row(ids, 4) for ids in prompts])
        assert read == [12, 6, 30]
        assert [row.ids for row in made[0].rows] == [row.ids for row in made[1].rows]
        for one, other in zip(made[0].cache.layers, made[1].cache.layers, strict=True):
            for row, empty in enumerate((2, 0)):
                torch.testing.assert_close(one.keys[row, :, empty:], other.keys[row, :, empty:], rtol=1e-3, atol=1e-3)
                torch.testing.assert_close(one.values[row, :, empty:], other.values[row, :, empty:], rtol=1e-3, atol=1e-3)


class TestDropped:
    """Rows that are done leave those that go on as they were."""

    @pytest.mark.parametrize("gone", [0, 1, 2])
    def test_the_others_go_on(self, tiny: ChatModel, gone: int) -> None:
        """With their own padding, whichever row leaves, as each of them goes on alone."""
        engine: Any = tiny._engine
        prompts = [[*range(50, 53)], [*range(60, 70)], [*range(80, 86)]]
        together, made = Rows(engine._forward, Settings(), threading.Lock()), [Row(ids, 8) for ids in prompts]
        together.add(made)
        together.drop([made[gone]])
        alone: list[list[int]] = []
        for at, ids in enumerate(prompts):
            if at != gone:
                rows, row = Rows(engine._forward, Settings(), threading.Lock()), Row(ids, 8)
                list(rows.read(row))
                for _ in range(4):
                    rows.step()
                alone.append(row.ids)
        for _ in range(4):
            together.step()
        assert [row.ids for row in together.rows] == alone


class TestParts:
    """A long prompt is read in parts, into one piece of memory."""

    def test_a_prompt_in_parts(self, tiny: ChatModel, monkeypatch: pytest.MonkeyPatch) -> None:
        """The same next tokens, and one storage for the keys and values of all layers."""
        engine: Any = tiny._engine
        ids, made = [*range(40, 71)], []
        for most in (99, 10):
            monkeypatch.setattr("modelcatalog.engines.transformers.loop._CPU_CHUNK", most)
            rows, row = Rows(engine._forward, Settings(), threading.Lock()), Row(ids, 4)
            waits = len(list(rows.read(row)))
            rows.step()
            made.append((waits, row.ids))
            layers = rows.cache.layers
            assert len({part.untyped_storage().data_ptr() for layer in layers for part in (layer.keys, layer.values)}) == 1
        assert made[0] == (0, made[0][1])
        assert made[1] == (3, made[0][1])  # 10 + 10 + 10 + 1 tokens

    def test_more_than_was_expected(self, tiny: ChatModel) -> None:
        """A reply that outgrows the room has it made anew, a layer at a time, and nothing of it is lost."""
        engine: Any = tiny._engine
        texts = []
        for limit in (70, 80):  # the first room has 64 tokens beyond the prompt
            rows, row = Rows(engine._forward, Settings(), threading.Lock()), Row([*range(40, 48)], limit)
            list(rows.read(row))
            for _ in range(limit - 1):
                rows.step()
            texts.append(row.ids[:78])
            assert rows.cache.layers[-1].keys.shape[-2] == 8 + limit - 1
        assert texts[0] == texts[1]
