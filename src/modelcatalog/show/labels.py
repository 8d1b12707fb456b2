"""Owns what facts, segments and origins are called, in English and Chinese, and their colours. Knows no record, no terminal and no HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.show.languages import Language, check_language

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHINESE", "COLOURS", "ENGLISH", "KIND_OF", "Colour", "Labels", "Language", "labels"]


class Colour(NamedTuple):
    """One colour in two places: chosen to be read on a light ground and on a dark one."""

    css: str
    """Red, green and blue, as CSS takes them."""
    terminal: str
    """A style of rich's, of the sixteen colours that every terminal has."""


_WHERE = Colour("100,116,139", "bright_black")
_WHO = Colour("13,148,136", "cyan")
_FAMILY = Colour("37,99,235", "bright_blue")
_VERSION = Colour("124,58,237", "magenta")
_SIZE = Colour("217,119,6", "yellow")
_TYPE = Colour("22,163,74", "green")
_PACKAGE = Colour("219,39,119", "bright_magenta")
_TOKENS = Colour("2,132,199", "bright_cyan")
_DATE = Colour("161,98,7", "bright_yellow")
_UNREAD = Colour("220,38,38", "red")

COLOURS: Mapping[str, Colour] = {
    "hub": _WHERE,
    "path": _WHERE,
    "route": _WHERE,
    "revision": _WHERE,
    "serving": _WHERE,
    "shard": _WHERE,
    "owner": _WHO,
    "company": _WHO,
    "family": _FAMILY,
    "base": _FAMILY,
    "version": _VERSION,
    "size": _SIZE,
    "tier": _SIZE,
    "type": _TYPE,
    "variant": _TYPE,
    "quantization": _PACKAGE,
    "format": _PACKAGE,
    "dtype": _PACKAGE,
    "context": _TOKENS,
    "training": _TOKENS,
    "released": _DATE,
    "unknown": _UNREAD,
    "nothing": _WHERE,
}
"""Kind of a segment -> its colour; separators have none."""

KIND_OF: Mapping[str, str] = {
    **{kind: kind for kind in COLOURS},
    "provider": "route",
    "part": "format",
    "series": "family",
    "types": "type",
    "context_length": "context",
}
"""Fact -> the kind of segment that shows it, whose colour it takes."""


class Labels(NamedTuple):
    """One language."""

    language: Language
    kinds: Mapping[str, str]
    """Kind of a segment -> what stands under it."""
    fields: Mapping[str, str]
    """Field of a record -> what a table calls it, where the field's own name would not do."""
    origins: Mapping[str, str]
    confidence: Mapping[str, str]
    """How sure a checkpoint is, where the record's own word would not do."""
    fact: str
    value: str
    origin: str
    parameters: str
    active: str
    experts: str
    tokens: str
    bits: str
    group: str
    yes: str
    no: str
    thinking: str
    """Over what a reasoning model wrote before its answer."""
    replied: tuple[str, str, str]
    """How long a reply is, ``{tokens}``; how fast it came, ``{speed}``; and when it began, ``{first}``."""
    closed: str
    """Where a repository would stand, of a model whose weights are not published."""
    said_by: str
    """Over who says a fact; then over the day on which the page was opened."""
    checked: str
    sources: Mapping[str, str]
    """Who says a fact, where it is not a page."""
    modalities: Mapping[str, str]
    comma: str
    """Between the words of a list."""

    def field(self, name: str) -> str:
        """What a table calls a field; a dotted one by its whole path, else by its last part."""
        return self.fields.get(name) or self.fields.get(name.rpartition(".")[2], name.rpartition(".")[2]).replace("_", " ")


ENGLISH = Labels(
    language="en",
    kinds={
        "hub": "hub",
        "path": "path",
        "route": "route",
        "owner": "owner",
        "company": "company",
        "family": "family",
        "base": "made from",
        "version": "version",
        "size": "size",
        "tier": "tier",
        "type": "type",
        "quantization": "quantization",
        "format": "format",
        "dtype": "dtype",
        "context": "context",
        "released": "released",
        "training": "training",
        "shard": "part",
        "variant": "variant",
        "serving": "serving",
        "revision": "revision",
        "unknown": "unknown",
        "nothing": "no fact",
    },
    fields={
        "asked": "asked for",
        "key": "model",
        "context_length": "context",
        "part": "kind of file",
        "input_modalities": "input",
        "max_output_tokens": "output limit",
        "output_modalities": "output",
        "purl": "package URL",
        "repo_id": "repository",
        "uri": "URI",
        "url": "address",
        "size.total": "parameters",
        "size.active": "active",
        "quantization.bits": "bits",
        "variant.card": "smallest card",
        "variant.longest_context": "longest context",
        "variant.tokens_per_second": "tokens/s",
    },
    origins={"name": "the name", "owner": "the owner", "catalog": "the catalog", "estimate": "an estimate"},
    confidence={},
    fact="fact",
    value="value",
    origin="from",
    parameters="{count} parameters",
    active="{count} active",
    experts="{count} experts",
    tokens="{count} tokens",
    bits="{count}-bit",
    group="groups of {count}",
    yes="yes",
    no="no",
    thinking="thinking",
    replied=("{tokens} tokens", "{speed:.1f} tokens/s", "the first after {first:.2f} s"),
    closed="not published",
    said_by="said by",
    checked="opened",
    sources={"name": "the name", "unverified": "unverified"},
    modalities={},
    comma=", ",
)

CHINESE = Labels(
    language="zh",
    kinds={
        "hub": "站点",
        "path": "路径",
        "route": "路由",
        "owner": "账号",
        "company": "公司",
        "family": "系列",
        "base": "源自",
        "version": "版本",
        "size": "规模",
        "tier": "档位",
        "type": "类型",
        "quantization": "量化",
        "format": "格式",
        "dtype": "数据类型",
        "context": "上下文",
        "released": "日期",
        "training": "训练",
        "shard": "分片",
        "variant": "变体",
        "serving": "服务",
        "revision": "分支",
        "unknown": "未识别",
        "nothing": "无信息",
    },
    fields={
        "active": "激活参数",
        "aliases": "别名",
        "alternatives": "其他可能",
        "asked": "查询",
        "key": "模型",
        "names": "名称",
        "providers": "提供者",
        "base": "基于",
        "bits": "位数",
        "canonical": "规范名",
        "checkpoint": "仓库",
        "company": "公司",
        "confidence": "可信度",
        "moving": "会移动",
        "page": "来源页",
        "context_length": "上下文长度",
        "country": "国家",
        "deprecated": "宣布弃用",
        "dtype": "数据类型",
        "exists": "是否存在",
        "experts": "专家数",
        "families": "系列",
        "family": "系列",
        "file": "文件",
        "format": "文件格式",
        "group_size": "分组大小",
        "hub": "站点",
        "input_modalities": "输入",
        "knowledge_cutoff": "知识截止",
        "label": "规模",
        "licence": "许可",
        "max_output_tokens": "输出上限",
        "method": "量化方法",
        "name": "名称",
        "open_weights": "权重公开",
        "output_modalities": "输出",
        "owner": "账号",
        "part": "文件种类",
        "provider": "服务商",
        "purl": "包 URL",
        "quantization": "量化",
        "reasoning": "推理",
        "released": "发布日期",
        "repo_id": "仓库",
        "retired": "停止服务",
        "revision": "版本分支",
        "scheme": "量化方案",
        "series": "代号",
        "size": "规模",
        "size.total": "参数量",
        "source": "原文",
        "structured_output": "结构化输出",
        "tag": "标签",
        "tools": "工具调用",
        "total": "参数量",
        "types": "类型",
        "unknown": "未识别",
        "uri": "URI",
        "url": "网址",
        "variant.card": "最小显卡",
        "variant.engine": "引擎",
        "variant.files": "文件大小",
        "variant.fits": "装得下",
        "variant.longest_context": "最长上下文",
        "variant.memory": "内存",
        "variant.tokens_per_second": "词元/秒",
        "version": "版本",
        "weights": "权重",
    },
    origins={"name": "名称", "owner": "账号", "catalog": "目录", "estimate": "估算"},
    confidence={"sourced": "有出处", "recorded": "已收录", "derived": "推得", "guessed": "猜测"},
    fact="字段",
    value="值",
    origin="来自",
    parameters="{count} 参数",
    active="激活 {count}",
    experts="{count} 个专家",
    tokens="{count} 词元",
    bits="{count} 位",
    group="每组 {count} 个",
    yes="是",
    no="否",
    thinking="思考过程",
    replied=("{tokens} 个词元", "每秒 {speed:.1f} 个", "首个用时 {first:.2f} 秒"),
    closed="权重未公开",
    said_by="出处",
    checked="查看日期",
    sources={"name": "名称", "unverified": "未核实"},
    modalities={"text": "文本", "image": "图像", "audio": "音频", "video": "视频", "file": "文件", "embedding": "向量"},
    comma="、",
)


def labels(language: Language) -> Labels:
    """A language's labels.

    >>> labels("zh").kinds["family"], labels("en").field("context_length"), labels("en").field("size.experts")
    ('系列', 'context', 'experts')
    """
    check_language(language)
    return CHINESE if language == "zh" else ENGLISH
