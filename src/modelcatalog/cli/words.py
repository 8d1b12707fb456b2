"""Owns every sentence that the command line says itself, in English and Chinese. Knows no command and no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CHINESE", "ENGLISH", "Words", "words"]


class Words(NamedTuple):
    """One language."""

    error: str
    """Before an error's text."""
    kinds: Mapping[str, str]
    """Error class -> what it means, where the class's own name says it less well."""
    fields: Mapping[str, str]
    """Field of a record -> what a table calls it."""
    fact: str
    value: str
    origin: str
    origins: Mapping[str, str]
    parameters: str
    active: str
    experts: str
    yes: str
    no: str
    nothing_found: str
    looking: str
    """While the checkpoint is looked for."""
    loading: str
    fetching: str
    """Before a download; ``{size}`` and ``{source}``."""
    greeting: str
    user: str
    model: str
    how_to_end: str
    thinking: str
    stopped: str
    cut: str
    """After a reply that hit its limit; ``{count}``."""
    speed: str
    """After a reply; ``{tokens}``, ``{speed}`` and ``{first}``."""


ENGLISH = Words(
    error="error: ",
    kinds={},
    fields={
        "canonical": "canonical",
        "company": "company",
        "context_length": "context",
        "quantization": "quantization",
        "repo_id": "repository",
    },
    fact="fact",
    value="value",
    origin="from",
    origins={"name": "the name", "owner": "the owner", "catalog": "the catalog", "estimate": "an estimate"},
    parameters="{count} parameters",
    active="{count} active",
    experts="{count} experts",
    yes="yes",
    no="no",
    nothing_found="nothing in the catalog meets all of these conditions",
    looking="Looking for {name} …",
    loading="Loading {name} on {device} …",
    fetching="Fetching {size} from {source}, then loading …",
    greeting="Write a message. Ctrl-C stops a reply; exit, quit, 退出 or Ctrl-D ends.",
    user="you> ",
    model="model> ",
    how_to_end="exit, quit, 退出 or Ctrl-D ends",
    thinking="thinking …",
    stopped="(stopped)",
    cut="(cut at {count} tokens; --max-new-tokens allows more)",
    speed="{tokens} tokens, {speed:.1f} tokens/s, the first after {first:.2f} s",
)

CHINESE = Words(
    error="错误：",
    kinds={
        "CatalogDataError": "目录数据文件有误",
        "CheckpointNotFound": "找不到这个模型、版本或文件",
        "ClosedWeights": "该模型的权重没有公开",
        "EngineError": "推理引擎出错",
        "GatedCheckpoint": "需要先在模型站点上同意许可或提供令牌",
        "HubUnreachable": "连不上模型站点",
        "IntegrityError": "文件不完整或校验不符",
        "MissingPackage": "缺少软件包",
        "NameSyntaxError": "这不是一个模型名称",
        "NeedsRemoteCode": "该模型需要运行仓库里的代码",
        "NoChatTemplate": "这是基座模型，没有对话模板",
        "UnknownFamily": "不认识的模型系列",
        "UnsafeRepository": "这个仓库不安全",
        "Unsupported": "不支持这样使用",
        "WontFit": "显存、内存或磁盘不够",
    },
    fields={
        "active": "激活参数",
        "alternatives": "其他可能",
        "base": "基于",
        "canonical": "规范名",
        "company": "公司",
        "confidence": "可信度",
        "context_length": "上下文长度",
        "dtype": "数据类型",
        "exists": "是否存在",
        "families": "系列",
        "family": "系列",
        "file": "文件",
        "format": "文件格式",
        "hub": "站点",
        "name": "名称",
        "owner": "账号",
        "quantization": "量化",
        "released": "发布日期",
        "repo_id": "仓库",
        "revision": "版本分支",
        "series": "代次",
        "size": "规模",
        "source": "原文",
        "tag": "标签",
        "types": "类型",
        "unknown": "未识别",
        "version": "版本",
    },
    fact="字段",
    value="值",
    origin="来自",
    origins={"name": "名称", "owner": "账号", "catalog": "目录", "estimate": "估算"},
    parameters="参数 {count}",
    active="激活 {count}",
    experts="{count} 个专家",
    yes="是",
    no="否",
    nothing_found="目录里没有符合全部条件的模型",
    looking="正在查找 {name} …",
    loading="正在把 {name} 载入 {device} …",
    fetching="正在从 {source} 下载 {size}，随后载入 …",
    greeting="请输入内容。Ctrl-C 中断回复；输入 退出、exit、quit 或按 Ctrl-D 结束。",
    user="你：",
    model="模型：",
    how_to_end="输入 退出、exit、quit 或按 Ctrl-D 结束",
    thinking="思考中 …",
    stopped="（已中断）",
    cut="（到 {count} 个词元为止；可用 --max-new-tokens 放宽）",
    speed="{tokens} 个词元，每秒 {speed:.1f} 个，首个用时 {first:.2f} 秒",
)


def words(environment: Mapping[str, str]) -> Words:
    """The user's language, by the rules of the locale: the first of three variables that is set decides.

    >>> words({"LANG": "zh_CN.UTF-8"}).user, words({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}).user
    ('你：', 'you> ')
    """
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return CHINESE if locale.lower().startswith("zh") else ENGLISH
