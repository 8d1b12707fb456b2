"""Owns the words of a ``config.json`` that mlx-lm reads: those of transformers 4, beside those that transformers 5 writes. Knows no file.

mlx-lm 0.32 takes its own default where a word is missing: a Llama with another ``rope_theta`` would answer, and wrongly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["read_by_mlx"]

_FULL, _SLIDING = "full_attention", "sliding_attention"


def read_by_mlx(config: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration with the older words for what newer ones say; what is stated already stays.

    >>> read_by_mlx({"rope_parameters": {"rope_theta": 500000.0, "rope_type": "default"}})["rope_theta"]
    500000.0
    >>> read_by_mlx({"layer_types": ["sliding_attention", "full_attention"] * 2})["sliding_window_pattern"]
    2
    """
    inner = config.get("text_config")
    more = {"text_config": read_by_mlx(inner)} if isinstance(inner, dict) else {}
    return {**_rope(config.get("rope_parameters")), **_pattern(config.get("layer_types")), **config, **more}


def _rope(stated: object) -> dict[str, Any]:
    """What layers turn by: one for all, or one for each kind of them."""
    if not isinstance(stated, dict):
        return {}
    whole = stated.get(_FULL, stated)
    near = stated.get(_SLIDING)
    if not isinstance(whole, dict):
        return {}
    found = {key: whole[key] for key in ("rope_theta", "partial_rotary_factor") if whole.get(key) is not None}
    if isinstance(near, dict) and near.get("rope_theta") is not None:
        found["rope_local_base_freq"] = near["rope_theta"]
    if whole.get("rope_type") not in (None, "default"):
        found["rope_scaling"] = {**{key: value for key, value in whole.items() if key != "rope_theta"}, "type": whole["rope_type"]}
    return found


def _pattern(kinds: object) -> dict[str, Any]:
    """Each how-manieth layer looks at all tokens, where that is regular."""
    if not isinstance(kinds, list) or _FULL not in kinds or _SLIDING not in kinds:
        return {}
    every = kinds.index(_FULL) + 1
    regular = all((kind == _FULL) == (at % every == 0) for at, kind in enumerate(kinds, 1))
    return {"sliding_window_pattern": every} if regular else {}
