"""Owns the fixed state that a layer of another kind than attention keeps: how many numbers, by the form that its type has.

Each form is one function of the configuration, (numbers in the model's type, numbers in float32), and None where it lacks a size.
What they come to is held against the states that tiny models of every type really keep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.planning.layers.architectures import architectures

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelcatalog.planning.layers.settings import Settings

__all__ = ["conv", "of"]

State = tuple[int, int] | None
_ROUNDED = 64
"""xLSTM rounds its widths up to a multiple of it."""


def of(settings: Settings, *, heads: int, head: int) -> State:
    """The state of a linear or hybrid layer; None where the configuration does not tell its form or a size.

    Args:
        settings: The configuration.
        heads: Heads of keys and values of this layer.
        head: The size of one.
    """
    form = settings.entry.state or next((one.form for one in architectures().state if settings.get(one.key) is not None), None)
    return _FORMS[form](settings, heads, head) if form else None


def conv(settings: Settings) -> State:
    """The state of a short convolution."""
    kernel = settings.first("conv_L_cache", "conv_kernel_size", "conv_kernel")
    hidden = settings.size("hidden")
    return (hidden * kernel, 0) if hidden and kernel else None


def _mamba(settings: Settings, _heads: int, _head: int) -> State:
    hidden, expand = settings.size("hidden"), settings.first("mamba_expand", "expand")
    kernel, state = settings.first("mamba_d_conv", "conv_kernel"), settings.first("mamba_d_state", "state_size")
    # Beside an MLP, intermediate_size is the MLP's.
    own = settings.number("intermediate_size") if settings.get("mamba_d_state") is None else None
    inner = own or (hidden * expand if hidden and expand else None)
    return (inner * kernel, inner * state) if inner and kernel and state else None


def _mamba2(settings: Settings, _heads: int, _head: int) -> State:
    hidden, expand = settings.size("hidden"), settings.first("mamba_expand", "expand")
    heads = settings.first("mamba_n_heads", "mamba_num_heads", "n_mamba_heads", "num_heads")
    head = settings.first("mamba_d_head", "mamba_head_dim", "mamba_headdim")
    inner = settings.number("mamba_d_ssm")
    if inner is None and settings.stated("mamba_num_heads") is not None and heads and head:
        inner = heads * head
    inner = inner or (hidden * expand if hidden and expand else None)
    groups = settings.first("mamba_n_groups", "mamba_ngroups", "n_groups")
    state = settings.first("mamba_d_state", "ssm_state_size", "state_size")
    kernel = settings.first("mamba_d_conv", "conv_kernel")
    if not (inner and heads and groups and state and kernel):
        return None
    return (inner + 2 * groups * state) * kernel, inner * state


def _delta(settings: Settings, _heads: int, _head: int) -> State:
    keys = (settings.number("linear_num_key_heads") or 0) * (settings.number("linear_key_head_dim") or 0)
    values = (settings.number("linear_num_value_heads") or 0) * (settings.number("linear_value_head_dim") or 0)
    kernel = settings.number("linear_conv_kernel_dim")
    if not (keys and values and kernel):
        return None
    return (2 * keys + values) * kernel, values * (settings.number("linear_key_head_dim") or 0)


def _kda(settings: Settings, _heads: int, _head: int) -> State:
    inside = settings.stated("linear_attn_config")
    own = inside if isinstance(inside, dict) else {}
    numbers = (
        own.get("num_heads") or settings.first("linear_num_heads") or settings.size("heads"),
        own.get("head_dim") or settings.first("linear_head_dim", "head_dim"),
        own.get("short_conv_kernel_size") or settings.first("linear_conv_kernel_dim", "short_conv_kernel_size"),
    )
    heads, head, kernel = (number if isinstance(number, int) and number > 0 else 0 for number in numbers)
    return (3 * heads * head * kernel, heads * head * head) if heads and head and kernel else None


def _lightning(settings: Settings, _heads: int, head: int) -> State:
    heads = settings.size("heads")
    return (heads * head * head, 0) if heads and head else None


def _rwkv(settings: Settings, _heads: int, _head: int) -> State:
    hidden = settings.size("hidden")
    return (2 * hidden, 3 * hidden) if hidden else None


def _xlstm(settings: Settings, _heads: int, _head: int) -> State:
    hidden, heads = settings.size("hidden"), settings.size("heads")
    widths = [factor for key in ("qk_dim_factor", "v_dim_factor") if isinstance(factor := settings.get(key), int | float) and 0 < factor < _ROUNDED]
    if not (hidden and heads) or len(widths) != len(("qk", "v")):
        return None
    key, value = (-(-round(hidden * width) // _ROUNDED) * _ROUNDED // heads for width in widths)
    return heads * (key * value + key + 1), 0


def _sconv(settings: Settings, heads: int, head: int) -> State:
    kernel, hidden = settings.first("conv_kernel_size", "sconv_kernel_size"), settings.size("hidden")
    # Convolutions over keys and values, and two over the hidden states.
    return (0, 2 * (heads * head + hidden) * kernel) if kernel and hidden and heads and head else None


def _cca(settings: Settings, heads: int, head: int) -> State:
    asking = settings.size("heads")
    taps = [settings.number(key) for key in ("cca_time0", "cca_time1")]
    if not (asking and heads and head and all(taps)):
        return None
    kernel = sum(tap - 1 for tap in taps if tap)
    # The last queries and keys, and half of each head's value.
    return (asking + heads) * head * kernel + heads * head // 2, 0


def _outside(_settings: Settings, _heads: int, _head: int) -> State:
    return 0, 0


_FORMS: dict[str, Callable[[Settings, int, int], State]] = {
    "mamba": _mamba,
    "mamba2": _mamba2,
    "delta": _delta,
    "kda": _kda,
    "lightning": _lightning,
    "rwkv": _rwkv,
    "xlstm": _xlstm,
    "sconv": _sconv,
    "cca": _cca,
    "outside": _outside,
}
