"""Owns the few words of the generated pages that are not in a template, in both languages."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["CHINESE", "ENGLISH", "LANGUAGES", "Words"]


class Words(NamedTuple):
    """One language."""

    language: Literal["en", "zh"]
    suffix: str
    """Between a page's name and ``.md``."""
    catalog: str
    catalog_about: str
    company: str
    families: str
    checkpoints: str
    model: str
    size: str
    active: str
    same: str
    """In the column of one hub, where it uses the name of the other."""
    country: str
    site: str
    api: str
    accounts: str
    released: str
    licence: str
    context: str
    tokens: str
    kinds: str
    weights: str
    open: str
    closed: str
    mixed: str
    served: str
    source: str
    unverified: str
    checked: str
    none_listed: str
    more: str
    """Over the rows of a long table that are folded."""
    said_by: str
    """Over who says what stands in a row."""
    nothing_known: str
    """Before ids of which nobody says anything."""
    newer: str
    """Over what an update has found."""
    newer_about: str
    names: str
    names_about: str
    names_terminal: str
    """Said where the installed package has that command."""
    facts: str
    benchmarks: str
    benchmarks_about: str
    no_results: str
    machine: str
    processor_time: str
    versions: str
    measured: str
    value: str
    owed: str
    colon: str
    """Between a label and its value."""


ENGLISH = Words(
    language="en",
    suffix="",
    catalog="The catalog",
    catalog_about=(
        "{companies} companies, {families} families, {checkpoints:,} checkpoints, as the installed package lists them. Each company has "
        "a page with its families, their series, and every repository on both hubs; the search above finds all of them. "
        "In a program the same is `modelcatalog.catalog` ([recipes](../recipes.md#what-is-there)). "
        "What the page of a series calls *unverified* was written down from memory."
    ),
    company="company",
    families="families",
    checkpoints="checkpoints",
    model="Hugging Face",
    size="size",
    active="{count} active",
    same="same name",
    country="country",
    site="site",
    api="API",
    accounts="accounts",
    released="released {value}",
    licence="licence {value}",
    context="{value} tokens of context",
    tokens="tokens",
    kinds="kinds: {value}",
    weights="weights",
    open="open weights",
    closed="closed weights",
    mixed="some weights open, some closed",
    served="Served under these names:",
    source="source",
    unverified="unverified",
    checked="checked {value}",
    none_listed="No repository is listed.",
    more="{count} more",
    said_by="said by",
    nothing_known="No facts of",
    newer="Newer than this catalog",
    newer_about="What `modelcatalog update` has found since. Nobody has looked at it yet.",
    names="Names, explained",
    names_about=(
        "Forty names that between them show the whole grammar, coloured by the parser that this page was built with: what each part "
        "is stands under it. Open *every fact* for the record, and where each fact came from. "
        "The rules are in [the grammar](grammar.md)."
    ),
    names_terminal="In a terminal the same is `modelcatalog explain NAME`.",
    facts="every fact",
    benchmarks="Benchmarks",
    benchmarks_about=(
        "Every figure here was written by a script in `benchmarks/` into a file under `docs/benchmarks/results/`, and this page "
        "is made from these files. A ratio compares two things in one run, on one machine; a bare time says little about "
        "another one. *Owed* is the bound that the project sets itself."
    ),
    no_results="No result file is there yet. `python benchmarks/parse.py`, `benchmarks/memory.py` and `benchmarks/import_time.py` print theirs.",
    machine="Machine",
    processor_time="Seconds are of the processor, not of the clock: other programs ran beside it.",
    versions="Versions",
    measured="measured",
    value="value",
    owed="owed",
    colon=": ",
)

CHINESE = Words(
    language="zh",
    suffix=".zh",
    catalog="目录",
    catalog_about=(
        "{companies} 家公司，{families} 个系列，{checkpoints:,} 个模型仓库，内容与安装的软件包一致。每家公司一页，列出系列、代号，"
        "以及两个站点上的全部仓库；用上方的搜索可以直接找到。在程序里用 `modelcatalog.catalog`（见[常用做法](../recipes.md)）。"
        "标着“未核实”的条目是凭记忆写下的。"
    ),
    company="公司",
    families="系列",
    checkpoints="仓库数",
    model="Hugging Face",
    size="规模",
    active="激活 {count}",
    same="同名",
    country="国家",
    site="网站",
    api="接口",
    accounts="账号",
    released="{value} 发布",
    licence="许可 {value}",
    context="上下文 {value} 个词元",
    tokens="词元",
    kinds="类型：{value}",
    weights="权重",
    open="权重开放",
    closed="权重不公开",
    mixed="部分权重开放",
    served="以这些名字提供服务：",
    source="出处",
    unverified="未核实",
    checked="{value} 核对",
    none_listed="没有列出仓库。",
    more="另外 {count} 个",
    said_by="出处",
    nothing_known="没有信息的",
    newer="比本目录更新",
    newer_about="`modelcatalog update` 此后取到的内容，还没有人核对过。",
    names="名字详解",
    names_about=(
        "四十个名字，合起来就是整套语法；颜色和标注由构建本页时运行的解析器生成。每一部分是什么，就写在它下面；"
        "展开“全部信息”可以看到完整的记录和每一项的来源。"
        "规则见[语法](grammar.md)。"
    ),
    names_terminal="终端里用 `modelcatalog explain 名称` 看到的是同样的内容。",
    facts="全部信息",
    benchmarks="评测",
    benchmarks_about=(
        "这里的每个数字都由 `benchmarks/` 里的脚本写进 `docs/benchmarks/results/` 下的文件，本页由这些文件生成。"
        "比值是在同一台机器、同一次运行里比较两样东西；单独的时间换台机器就说明不了什么。“要求”是项目给自己定的界限。"
    ),
    no_results="还没有结果文件。`python benchmarks/parse.py`、`benchmarks/memory.py` 和 `benchmarks/import_time.py` 会打印各自的结果。",
    machine="机器",
    processor_time="秒数是处理器时间，不是钟表时间：同时还有别的程序在跑。",
    versions="版本",
    measured="测了什么",
    value="结果",
    owed="要求",
    colon="：",
)

LANGUAGES = (ENGLISH, CHINESE)
