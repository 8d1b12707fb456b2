"""Owns what a ``config.json`` says of each layer: from its keys to `Layers`. Reads no file, imports no engine.

A type's own rule stands in data/architectures.toml; a key that is left out has the default of its class, which is read as text
from the transformers that is installed, if one is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, NoReturn

from modelcatalog.planning import installed
from modelcatalog.planning.layers import HEAVY_RATE, SPARSE_RATE, Layer, Layers, kinds, states
from modelcatalog.planning.layers.architectures import architectures, types
from modelcatalog.planning.layers.settings import Settings, whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelcatalog.planning.layers import Kept
    from modelcatalog.planning.layers.architectures import LayerKind

__all__ = ["layers"]

_MOST = 10_000
_LISTS = ("layer_types", "layers_block_type", "hybrid_override_pattern")
"""Keys whose length is how many layers there are, where no key says it."""
_MIXED = {"hybrid": "full", "hybrid_sliding": "sliding"}
"""Kinds of layers that keep a state beside what the attention keeps."""


class _Heads(NamedTuple):
    """The keys and values of one layer."""

    many: int
    key: int
    value: int


def layers(config: Mapping[str, object], *, defaults: Callable[[str], Mapping[str, object]] = installed.defaults) -> Layers:
    """What each layer of the model keeps.

    Args:
        config: A parsed ``config.json``, also of a composite model.
        defaults: What the class of a model type has for keys that are left out.

    >>> str(layers({"num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3, "hidden_size": 576}))
    '30 full'
    """
    try:
        return _layers(Settings(config, defaults))
    except kinds.UntoldError as error:
        return Layers(why=str(error))


def _layers(settings: Settings) -> Layers:
    whole_type = types().get(str(settings.outer.get("model_type")))
    for entry in (settings.entry, whole_type):  # a part that can be told is not all of it
        if entry is not None and entry.unknown is not None:
            return Layers(why=entry.unknown)
    count = _count(settings)
    if settings.entry.keeps == "nothing":
        return Layers((Layer("none"),) * count)
    if settings.entry.keeps == "hidden":
        hidden = settings.size("hidden") or _lacks("hidden_size")
        return Layers((Layer("full", heads=1, key=hidden),) * count)
    window = _window(settings)
    found = kinds.of(settings, count, windowed=window is not None)
    blocks = settings.stated("block_configs")
    made = [
        _layer(settings, at, kind, window=window, block=blocks[at] if isinstance(blocks, list) and at < len(blocks) else None) for at, kind in enumerate(found)
    ]
    if shared := settings.number("num_kv_shared_layers"):
        made[count - min(shared, count) :] = [Layer("shared")] * min(shared, count)
    made = [*_sourced(settings, made), *_again(settings, made)]
    more = settings.number(settings.entry.more_tokens) if settings.entry.more_tokens else None
    return Layers(tuple(made), more_tokens=more or 0)


def _sourced(settings: Settings, made: list[Layer]) -> list[Layer]:
    """The layers where a list says which of them make keys and values, or an index, that the others read."""
    kept, indexed = (_numbers(settings.stated(key)) for key in architectures().sources)
    if indexed is not None:
        made = [layer if at in indexed else layer._replace(indexed=0, positions=0) for at, layer in enumerate(made)]
    if kept is not None:
        none = Layer("shared")
        made = [layer if at in kept else none._replace(indexed=layer.indexed, index_float32=layer.index_float32) for at, layer in enumerate(made)]
    return made


def _numbers(value: object) -> frozenset[int | None] | None:
    """The numbers of layers in a list; None where it is none."""
    return frozenset(whole(one, zero=True) for one in value) if isinstance(value, list) else None


def _again(settings: Settings, made: list[Layer]) -> list[Layer]:
    """What layers keep that are gone through more than once, for each time after the first."""
    rule = settings.entry.looped
    if rule is None or any(settings.get(key) == value for key, value in rule.unless.items()):
        return []
    inner = settings.stated(rule.inside) if rule.inside else None
    own = inner if isinstance(inner, dict) else {}

    def number(keys: tuple[str, ...]) -> int | None:
        said = next((found for key in keys if (found := whole(own.get(key), zero=True)) is not None), None)
        return settings.first(*keys, zero=True) if said is None else said

    first, end, many, times = number(rule.first), number(rule.end), number(rule.many), number(rule.times)
    if end is None and first is not None and many is not None:
        end = first + many
    if first is None or end is None or times is None or times * len(made) > _MOST:
        message = "its configuration does not tell which layers it goes through again"
        raise kinds.UntoldError(message)
    return made[first:end] * max(times - 1, 0)


def _lacks(key: str) -> NoReturn:
    message = f"its configuration has no {key}"
    raise kinds.UntoldError(message)


def _count(settings: Settings) -> int:
    count = settings.size("layers")
    if count is None:
        listed = next((found for key in _LISTS if isinstance(found := settings.stated(key), list | str) and found), None)
        count = len(listed) if listed is not None else _lacks("num_hidden_layers")
    times = settings.entry.layers_times
    if times is not None and settings.stated(times.unless) is None:
        count *= times.by
        for key in times.of:
            count *= settings.number(key) or 1
        for key in times.plus_one:
            count *= (settings.number(key) or 0) + 1
    if count > _MOST:
        message = f"{count:,} layers cannot be right"
        raise kinds.UntoldError(message)
    return count


def _window(settings: Settings) -> int | None:
    """The tokens of a window that is in force."""
    if settings.get("use_sliding_window") is False:
        return None
    source = settings.entry.window_from
    if source is not None and settings.stated("sliding_window") is None and (number := settings.number(source.key)):
        return number // source.divided_by or None
    return settings.size("window")


def _layer(settings: Settings, at: int, kind: LayerKind, *, window: int | None, block: object) -> Layer:
    """One layer, by its kind."""
    if kind == "none" or _skipped(block):
        return Layer("none")
    if kind == "conv":
        state = states.conv(settings) or _untold(kind)
        return Layer("conv", state=state[0], state_float32=state[1])
    attention = _MIXED.get(kind, kind)
    bound = None
    if attention == "sliding":
        # Between two tokens a cache keeps one less than its window.
        bound = max(window - 1, 1) if window else None
        attention = "sliding" if window else "full"
    elif attention == "chunked":
        chunk = settings.size("chunk")
        bound = max(chunk - 1, 1) if chunk else None
        attention = "chunked" if chunk else "full"
    if attention == "linear":
        heads = _heads(settings, at, sliding=False, block=block, needed=False)
        state = states.of(settings, heads=heads.many, head=heads.key) or _untold(kind)
        return Layer("linear" if state != (0, 0) else "recurrent", state=state[0], state_float32=state[1])
    if attention.endswith("_compressed"):
        return _compressed(settings, attention, window=window)
    own = _own(settings, at)
    if (latent := _latent(settings, own, sliding=attention == "sliding")) is not None:
        made = latent._replace(window=bound)
    else:
        heads = _heads(settings, at, sliding=bound is not None and attention == "sliding", block=block)
        name: Kept = "sliding" if attention == "sliding" else "chunked" if attention == "chunked" else "full"
        made = Layer(name, heads.many, heads.key, heads.value, bound)
    if attention == "indexed":
        made = _indexed(settings, made, at)
    if kind in _MIXED:
        state = states.of(settings, heads=made.heads, head=made.key) or _untold(kind)
        made = made._replace(state=state[0], state_float32=state[1])
    return made


def _untold(kind: str) -> NoReturn:
    message = f"its configuration does not tell the state of a {kind} layer"
    raise kinds.UntoldError(message)


def _skipped(block: object) -> bool:
    """Whether a block of DeciLM has no attention."""
    attention = block.get("attention") if isinstance(block, dict) else None
    return isinstance(attention, dict) and bool(attention.get("no_op") or attention.get("replace_with_linear"))


def _own(settings: Settings, at: int) -> Mapping[str, object]:
    """What is different in one layer."""
    every = settings.stated("per_layer_config")
    if isinstance(every, dict):
        # transformers writes the numbers with zeros before them, so that they sort: "05".
        found = next((every[key] for key in (str(at), at, f"{at:02}", f"{at:03}") if key in every), None)
    else:
        found = every[at] if isinstance(every, list) and at < len(every) else None
    return found if isinstance(found, dict) else {}


def _latent(settings: Settings, own: Mapping[str, object], *, sliding: bool) -> Layer | None:
    """One latent for all heads, where the attention is of that kind."""

    def number(key: str) -> int | None:
        apart = settings.number(f"swa_{key}") if sliding and settings.stated("per_layer_config") is None else None
        return whole(own.get(key)) or apart or settings.number(key)

    rank, rope = number("kv_lora_rank"), number("qk_rope_head_dim")
    if settings.stated("use_mla") is False or not (rank and rope):
        return None
    heads = number("num_attention_heads") or settings.size("heads") or 0
    value = number("v_head_dim") or 0
    return Layer("latent", heads=1, key=rank, value=rope, apart=heads * ((number("qk_nope_head_dim") or 0) + rope + value))


def _indexed(settings: Settings, layer: Layer, at: int) -> Layer:
    """The same layer with the keys of its indexer."""
    own = settings.stated("indexer_types")
    rule = settings.entry.shared_index_unless
    by_rule = rule is not None and at > 0 and (at - rule.start) % rule.every != 0
    reads = own[at] == "shared" if isinstance(own, list) and at < len(own) else by_rule
    sparse = settings.stated("sparse_attention_config")
    size = settings.first("index_head_dim", "indexer_head_dim")
    size = size or (whole(sparse.get("sparse_index_dim")) if isinstance(sparse, dict) else None)
    if reads or size is None:
        return layer
    return layer._replace(indexed=size, index_float32=settings.entry.index_float32, positions=settings.entry.positions)


def _heads(settings: Settings, at: int, *, sliding: bool, block: object, needed: bool = True) -> _Heads:
    """The heads of keys and values in one layer, and their sizes."""
    own = _own(settings, at)
    many, hidden = settings.size("heads"), settings.size("hidden")
    if isinstance(listed := settings.named("heads"), list):
        many = whole(listed[at]) if at < len(listed) else None
    size = whole(own.get("head_dim")) or _size(settings, at, many, hidden, sliding=sliding)
    count = whole(own.get("num_key_value_heads")) or _kv_heads(settings, at, many, sliding=sliding, block=block)
    if not (size and count):
        if needed:
            _lacks("num_attention_heads" if not many else "head_dim")
        return _Heads(count or 0, size or 0, size or 0)
    value = (settings.number("swa_v_head_dim") if sliding else None) or settings.number("v_head_dim")
    return _Heads(count, size, value or size)


def _size(settings: Settings, at: int, many: int | None, hidden: int | None, *, sliding: bool) -> int | None:
    stated = settings.number("swa_head_dim") if sliding else settings.number("global_head_dim") if settings.stated("per_layer_config") is None else None
    named = settings.named("head_size")
    if isinstance(named, list):
        named = named[at] if at < len(named) else None
    derived = hidden * settings.entry.head_of_hidden // many if hidden and many else None
    return stated or whole(named) or derived


def _kv_heads(settings: Settings, at: int, many: int | None, *, sliding: bool, block: object) -> int | None:
    attention = block.get("attention") if isinstance(block, dict) else None
    if isinstance(attention, dict) and many and (group := whole(attention.get("n_heads_in_group"))):
        return many // group
    if sliding and (stated := settings.number("swa_num_key_value_heads")):
        return stated
    if not sliding and settings.stated("attention_k_eq_v") is not False and (stated := settings.number("num_global_key_value_heads")):
        return stated
    # The first of these names means one head of keys for all, whatever the others say: falcon-7b says 71.
    if settings.get("multi_query") is True and settings.get("new_decoder_architecture") is not True:
        return 1
    inside = settings.stated("attn_config")
    named = (inside.get("kv_n_heads") if isinstance(inside, dict) else None) or settings.named("kv_heads")
    if isinstance(named, list):
        named = named[at] if at < len(named) else None
    count = whole(named) or many
    return count * settings.entry.sliding_heads_times if sliding and count else count


def _compressed(settings: Settings, kind: str, *, window: int | None) -> Layer:
    """A window of keys that serve as values too, and one entry for every so many tokens before it."""
    head, index = settings.size("head_size"), settings.number("index_head_dim")
    rates = settings.stated("compress_rates")
    rates = rates if isinstance(rates, dict) else {}
    if not (head and window):
        _lacks("head_dim" if not head else "sliding_window")
    base = Layer("compressed", heads=1, key=head, window=max(window - 1, 1))
    if kind == "heavily_compressed":
        ratio = whole(rates.get("heavily_compressed_attention")) or settings.number("compress_rate_hca") or HEAVY_RATE
        return base._replace(ratio=ratio, entry=head, open=2 * head)
    ratio = whole(rates.get("compressed_sparse_attention")) or settings.number("compress_rate_csa") or SPARSE_RATE
    both = head + (index or 0)
    # Entries overlap: what the last whole one was made of is kept, with its gates.
    return base._replace(ratio=ratio, entry=both, open=4 * both, state=2 * ratio * both)
