"""Owns how a plan reads: its rows, in English and in Chinese. Decides nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.catalog.index import chinese_names
from modelcatalog.errors import Unsupported
from modelcatalog.show.sentences import chinese
from modelcatalog.show.units import human

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modelcatalog.planning.planned import Planned
    from modelcatalog.show.labels import Language

__all__ = ["Telling", "rows", "short", "telling", "text"]

_ROOM = 56
"""Letters of a name that there is room for over a picture."""
_LABEL = 9
"""Columns of a terminal for what a row is called."""


class Telling(NamedTuple):
    """One language."""

    labels: Mapping[str, str]
    """What stands before each row."""
    sentence: Callable[[str], str]
    """A reason or a warning, which plans hold in English."""
    colon: str
    semicolon: str
    comma: str
    served: str
    """Of a server: ``{endpoint}``, ``{model}``; then its files."""
    no_files: str
    files: tuple[str, str]
    """``{count}`` files; one alone."""
    download: tuple[str, str]
    """``{size}`` to download; nothing."""
    own_dtype: str
    adapter: str
    """``{title}``, ``{size}``, its ``{kind}`` and ``{rank}``."""
    attention: str
    engine: str
    """``{engine}``, ``{dtype}``, ``{how}``, ``{device}``."""
    weights: str
    kv: str
    beside: tuple[str, str]
    """``{size}`` of activations and ``{engine}``; of activations alone."""
    memory: str
    """``{parts}`` of ``{free}`` at ``{place}``, and the ``{verdict}``."""
    verdicts: tuple[str, str, str]
    """It fits, does not, nobody can tell."""
    untold: str
    """What it keeps of a conversation is not known, because of ``{why}``; then the usual reason."""
    unread: str
    context: str
    each: str
    longest: str
    layers: str
    active: str
    """Of a mixture of experts: the ``{active}`` of ``{weights}`` that a token reads."""
    relations: Mapping[str, str]
    """How it was made of ``{base}``."""
    unknown: str
    system: str
    """What a Modelfile has as system prompt: ``{text}``; then how many ``{count}`` messages."""
    messages: str
    missing: str
    installed: str
    axis: str
    """Of the picture: what its bars are labelled by, and its other texts."""
    parts: tuple[str, str, str, str]
    """Weights, KV cache, the same where it is not known, activations and engine."""
    fits: tuple[str, str]
    title: str
    ended: str
    """One more sentence, ``{text}``, behind others."""
    limit: str
    bar: str
    said: str


_ENGLISH = Telling(
    labels={},
    sentence=lambda text: text,
    colon=": ",
    semicolon="; ",
    comma=", ",
    served="server: {endpoint}, model {model}",
    no_files="none, nothing to download",
    files=("{count} files", "1 file"),
    download=("{size} to download", "nothing to download"),
    own_dtype="dtype of the files",
    adapter="{title}, {size}, {kind} of rank {rank}",
    attention="{name} attention",
    engine="{how}, on {device}",
    weights="{size} weights",
    kv="{size} KV cache at {tokens} tokens",
    beside=("{size} activations and {engine}", "{size} activations"),
    memory="{parts} of {free} free {place}: {verdict}",
    verdicts=("fits", "does not fit", "cannot tell whether it fits"),
    untold="what it keeps of a conversation is unknown: {why}",
    unread="its configuration was not read",
    context="{tokens} tokens{each}{longest}",
    each=" in each of {count} conversations",
    longest=", at most {tokens} fit",
    layers="layers: {layers}",
    active="a token reads {active} of the {weights} weights",
    relations={
        "quantized": "quantized from {base}",
        "finetune": "tuned from {base}",
        "adapter": "an adapter for {base}",
        "merge": "merged from {base}",
        "": "based on {base}",
    },
    unknown="unknown",
    system="system {text}",
    messages="{count} messages before each conversation",
    missing="missing {packages}: {install}",
    installed="all installed",
    axis="tokens",
    parts=("weights", "KV cache", "KV cache (unknown)", "activations and engine"),
    fits=(", fits", ", too much"),
    title="Memory of {name}, {engine}",
    ended=" {text}.",
    limit="{size} free {place}",
    bar="{tokens} tokens: {said}",
    said="Weights take {weights}, activations and the engine {beside}. With the KV cache, by tokens{each}: {bars}.{limit}",
)
_CHINESE = Telling(
    labels={
        "from": "来源",
        "files": "文件",
        "engine": "引擎",
        "adapter": "适配器",
        "memory": "内存",
        "experts": "专家",
        "context": "上下文",
        "licence": "许可",
        "modelfile": "Modelfile",
        "packages": "软件包",
        "warning": "注意",
        "because": "原因",
    },
    sentence=chinese,
    colon="：",
    semicolon="；",
    comma="，",
    served="服务器：{endpoint}，模型 {model}",
    no_files="没有文件，无需下载",
    files=("{count} 个文件", "1 个文件"),
    download=("需下载 {size}", "无需下载"),
    own_dtype="文件自己的数据类型",
    adapter="{title}，{size}，{kind}，秩 {rank}",
    attention="{name} 注意力",
    engine="{how}，设备 {device}",
    weights="权重 {size}",
    kv="{tokens} 个词元的 KV 缓存 {size}",
    beside=("激活值与 {engine} {size}", "激活值 {size}"),
    memory="{parts}；可用 {free}（{place}）：{verdict}",
    verdicts=("装得下", "装不下", "无法判断是否装得下"),
    untold="不清楚一段对话要保存多少：{why}",
    unread="没有读它的配置",
    context="{each}{tokens} 个词元{longest}",
    each="{count} 个对话，每个 ",
    longest="，最多装得下 {tokens} 个",
    layers="各层：{layers}",
    active="每个词元读取 {weights} 权重中的 {active}",
    relations={
        "quantized": "由 {base} 量化而来",
        "finetune": "由 {base} 微调而来",
        "adapter": "{base} 的适配器",
        "merge": "由 {base} 合并而来",
        "": "基于 {base}",
    },
    unknown="未知",
    system="系统提示词 {text}",
    messages="每段对话之前有 {count} 条消息",
    missing="缺少 {packages}：{install}",
    installed="均已安装",
    axis="词元",
    parts=("权重", "KV 缓存", "KV 缓存（未知）", "激活值与引擎"),
    fits=("，装得下", "，装不下"),
    title="{name} 的内存，{engine}",
    ended="{text}。",
    limit="可用 {size}（{place}）",
    bar="{tokens} 个词元：{said}",
    said="权重占 {weights}，激活值与引擎占 {beside}。加上 KV 缓存，按{each}词元数：{bars}。{limit}",
)


def telling(language: Language) -> Telling:
    """A language's words.

    Raises:
        Unsupported: there is no such language here.
    """
    known = {"en": _ENGLISH, "zh": _CHINESE}
    if language not in known:
        message = f"plans are written in {' and '.join(known)}, not in {language!r}"
        raise Unsupported(message, subject=str(language), hint='leave it out for English, or pass "zh" for Chinese')
    return known[language]


def text(plan: Planned, language: Language) -> str:
    """A plan as a table: its name and what that says, then its rows."""
    name = plan.name
    company = chinese_names().get(name.company or "", name.company) if language == "zh" else name.company
    facts = [company, name.series or name.family, str(name.size) if name.size else None, *name.types]
    said = " · ".join(fact for fact in facts if fact)
    title = f"{name.source}  ({said})" if said else name.source
    return "\n".join([title, *(f"  {label}{' ' * (_LABEL - _columns(label))} {line}" for label, line in rows(plan, language))])


def _columns(label: str) -> int:
    """How wide a label is: Chinese characters take two columns."""
    return len(label) if label.isascii() else 2 * len(label)


def rows(plan: Planned, language: Language) -> list[tuple[str, str]]:
    """The rows of a plan: what each is called, and what it says."""
    say = telling(language)
    found = _served(plan, say) if plan.served else [*_where(plan, say), *_memory(plan, say), ("licence", _licence(plan, say)), *_defaults(plan, say)]
    found += [("packages", say.missing.format(packages=", ".join(one.packages), install=one.install)) for one in plan.missing]
    if not plan.missing:
        found.append(("packages", say.installed))
    found += [("warning", say.sentence(text)) for text in (*plan.mismatches, *plan.warnings)]
    found += [("because" if number == 0 else "", say.sentence(text)) for number, text in enumerate(plan.reasons)]
    return [(say.labels.get(label, label), text) for label, text in found]


def _served(plan: Planned, say: Telling) -> list[tuple[str, str]]:
    return [("from", say.served.format(endpoint=plan.endpoint, model=plan.repo_id)), ("files", say.no_files), ("engine", plan.engine)]


def _where(plan: Planned, say: Telling) -> list[tuple[str, str]]:
    """Where the files come from, which they are, and what runs them."""
    at = f"@{plan.commit[:12]}" if plan.commit else ""
    where = f"{plan.path}" if plan.path else f"{plan.repo_id}{at}"
    if plan.path and len(plan.files) == 1:
        where = str(Path(plan.path) / plan.files[0].path)
    many = say.files[len(plan.files) == 1].format(count=len(plan.files))
    to_do = say.download[not plan.memory.disk].format(size=human(plan.memory.disk))
    kind = f"{plan.format} {plan.quantization.scheme or plan.quantization}" if plan.quantization else plan.format
    how = [plan.engine, plan.dtype or say.own_dtype, *([say.attention.format(name=plan.attention)] if plan.attention else ())]
    given = "".join(f"{say.comma}{key}={value!r}" for key, value in plan.engine_options.items())
    added = plan.adapter
    put_on = [] if added is None else [say.adapter.format(title=added.title, size=human(added.bytes), kind=added.lora.kind, rank=added.lora.rank)]
    return [
        ("from", f"{say.sentence(plan.source)}{say.colon}{where}"),
        ("files", f"{say.comma.join((many, human(plan.bytes), kind))}{say.semicolon}{to_do}"),
        *(("adapter", text) for text in put_on),
        ("engine", say.engine.format(how=say.comma.join(how), device=plan.device) + given),
    ]


def _memory(plan: Planned, say: Telling) -> list[tuple[str, str]]:
    memory = plan.memory
    tokens = f"{plan.context_length or 0:,}"
    parts = [say.weights.format(size=human(memory.weights))]
    if memory.kv:
        parts.append(say.kv.format(size=human(memory.kv), tokens=tokens))
    if memory.overhead:
        parts.append(say.beside[not memory.framework].format(size=human(memory.overhead), engine=plan.engine))
    verdict = say.verdicts[{True: 0, False: 1, None: 2}[memory.fits]]
    whole = say.memory.format(parts=" + ".join(parts), free=human(memory.free), place=say.sentence(memory.place), verdict=verdict)
    read = [("experts", say.active.format(active=human(memory.active), weights=human(memory.weights)))] if memory.active else []
    return [("memory", whole), *read, ("context", _context(plan, say, tokens))]


def _context(plan: Planned, say: Telling, tokens: str) -> str:
    memory = plan.memory
    if memory.kv is None:
        return say.untold.format(why=say.sentence(memory.layers) if memory.layers else say.unread)
    each = say.each.format(count=memory.concurrency) if memory.concurrency > 1 else ""
    longest = "" if memory.longest_context is None else say.longest.format(tokens=f"{memory.longest_context:,}")
    kept = f"{say.semicolon}{say.layers.format(layers=say.sentence(memory.layers))}" if memory.layers else ""
    return say.context.format(tokens=tokens, each=each, longest=longest) + kept


def _licence(plan: Planned, say: Telling) -> str:
    base = f"{say.comma}{say.relations[plan.base_relation or ''].format(base=plan.base_model)}" if plan.base_model else ""
    return f"{plan.licence or say.unknown}{base}"


def _defaults(plan: Planned, say: Telling) -> list[tuple[str, str]]:
    """What a Modelfile says, where one does."""
    said = plan.modelfile
    if said is None:
        return []
    texts = [f"{key} {value if isinstance(value, int | float) else _quoted(value)}" for key, value in said.parameters.items()]
    texts += [] if said.system is None else [say.system.format(text=_quoted(short(said.system)))]
    texts += [say.messages.format(count=len(said.messages))] if said.messages else []
    return [("modelfile", say.comma.join(texts))] if texts else []


def _quoted(value: object) -> str:
    """A value as JSON, without a character that a terminal would obey."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in json.dumps(value, ensure_ascii=False))


def short(text: str) -> str:
    """The end of a text that has no room as a whole."""
    return text if len(text) <= _ROOM else f"…{text[-_ROOM:]}"
