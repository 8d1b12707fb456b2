"""Owns every sentence that the command line says itself, in English and Chinese. Knows no command and no terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from modelcatalog.show.labels import labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.show.labels import Labels

__all__ = ["CHINESE", "ENGLISH", "Words", "words"]


class VariantWords(NamedTuple):
    """What stands in and below the table of variants."""

    plain: str
    """Weights that are not quantized."""
    fits: str
    """What the table is for; ``{place}``."""
    speed: str
    estimate: str


class BriefWords(NamedTuple):
    """The one line of a plan before a conversation."""

    plan: str
    """``{name}``, ``{kind}``, ``{size}``, ``{engine}``, ``{device}``, and what follows, each empty where there is none."""
    served: str
    """Of a server's: ``{name}``, ``{engine}``, ``{model}``, ``{address}``."""
    to_fetch: str
    """``{size}`` from ``{source}`` is still to be downloaded."""
    here: str
    """``{size}`` lies at ``{source}``."""
    adapter: str
    """``{kind}`` and ``{name}`` of an adapter."""
    memory: str
    """``{needed}`` and ``{free}``."""


class Words(NamedTuple):
    """One language."""

    error: str
    """Before an error's text."""
    labels: Labels
    """What facts, segments and origins are called."""
    help_usage: str
    """Before a command's form, in its help; then the headings of the help's parts."""
    help_arguments: str
    help_options: str
    help_commands: str
    help_default: str
    """Before what an option is where it is left out."""
    warning: str
    """Before a plan's warning."""
    usage_hint: str
    """After what is wrong with the arguments; ``{command}`` shows the help."""
    twice: str
    """``{option}``."""
    no_names: str
    no_file: str
    """``{file}`` cannot be read; the reason follows."""
    standard_input: str
    at_line: str
    """Before an error about a line: ``{source}`` and ``{number}``."""
    not_utf8: str
    to_utf8: str
    """What to do about it."""
    comments: str
    nothing_in: str
    empty_path: str
    """How many lines of ``{source}`` had a comment: ``{count}``."""
    one_form: str
    why_no_html: str
    why: tuple[str, str, str, str]
    """Over the words of a name, what they are, the case that decided each, and its reason."""
    meanings: tuple[str, str]
    """Over the words that are explained, and what each means."""
    colon: str
    """Between a label and its value."""
    aside: str
    """Around ``{text}``, where a fact comes from."""
    moving: str
    """Of a name that means another model later: when it meant this one, ``{day}``."""
    none: str
    """Where one of two names does not have a fact."""
    one_model: str
    two_models: str
    orders: Mapping[str, str]
    """Why one of two names is the newer, ``{name}``, or why neither is; of the versions ``{a}`` and ``{b}``."""
    nothing_found: str
    unstated: str
    """``{count}`` models are left out for want of facts."""
    nothing_known: str
    """Nobody states a fact of ``{name}``."""
    looking: str
    """While the checkpoint is looked for."""
    loading: str
    fetching: str
    """Before a download; ``{size}`` and ``{source}``."""
    pulling: str
    """The same without loading."""
    nothing_here: str
    none_of_them: str
    """There are models on this disk, and none meets the conditions."""
    local_columns: tuple[str, ...]
    whole: str
    """The state of a copy; then what else it may be: ``{stores}``, ``{count}``."""
    same_bytes: str
    same_size: str
    ages: tuple[str, str, str, str, str]
    """Years, months, days, hours and minutes, after their number."""
    just_now: str
    local_total: str
    """``{copies}``, ``{models}`` and ``{size}``; then ``{size}`` of what could go."""
    local_twice: str
    local_broken: str
    updating: str
    """While the sources are asked."""
    update_columns: tuple[str, str, str, str]
    update_states: Mapping[str, str]
    update_left: str
    """``{count}`` accounts were not come to."""
    update_skipped: str
    """``{count}`` entries could not be understood."""
    update_news: Mapping[str, str]
    """Kind of news -> its heading, with ``{count}``."""
    update_more: str
    update_written: str
    """Where it lies: ``{folder}``."""
    update_checked: str
    data_days: str
    """``{day}`` of the package's own data; then, one line for each, ``{source}`` and ``{day}`` of what was fetched."""
    data_fetched: str
    greeting: str
    user: str
    more: str
    """Before a further line of what the user says."""
    commands: str
    """What can be written after a slash."""
    no_command: str
    """``{word}`` is not among them."""
    begun: str
    """The conversation begins anew."""
    nothing_said: str
    saved: str
    """The conversation is in ``{file}``."""
    stats: str
    """Of a conversation: ``{replies}``, ``{tokens}``, ``{speed}`` and ``{prompt}``."""
    model: str
    how_to_end: str
    thinking: str
    may_call: str
    """Before a tool is called: ``{call}``."""
    called: str
    """What a tool said: ``{call}`` and ``{text}``."""
    stopped: str
    cut: str
    """After a reply that hit its limit; ``{count}``."""
    speed: str
    """After a reply; ``{tokens}``, ``{speed}`` and ``{first}``."""
    brief: BriefWords
    variants: VariantWords


ENGLISH = Words(
    error="error: ",
    labels=labels("en"),
    help_usage="Usage: ",
    help_arguments="Arguments",
    help_options="Options",
    help_commands="Commands",
    help_default="default: ",
    warning="warning: ",
    usage_hint="{command} lists the options",
    twice="{option} stands here more than once; the last one counts",
    no_names="no name given: type one or more, - for standard input, or --file FILE",
    no_file="cannot read {file}",
    standard_input="standard input",
    at_line="{source}, line {number}: ",
    not_utf8="not UTF-8",
    to_utf8="convert it first: iconv -f GBK -t UTF-8 FILE",
    comments="{source}: comments skipped: {count}",
    nothing_in="{source}: there is no name in it",
    empty_path="the path is empty",
    one_form="--html and --json are two forms of one output: choose one",
    why_no_html="--html has no place for --why: leave out one of them",
    why=("word", "is", "case", "why"),
    meanings=("word", "meaning"),
    colon=": ",
    aside=" ({text})",
    moving="moves; as of {day}",
    none="none",
    one_model="The same model.",
    two_models="Different models.",
    orders={
        "version": "{name} is newer, by its version.",
        "date": "{name} is newer, by its date: both have the same version.",
        "one_model": "Neither is newer: they are the same model.",
        "one_version": "Neither is newer: both have the same version.",
        "no_family": "Neither is newer: a name without a known family cannot be ordered.",
        "two_families": "Neither is newer: they belong to different families.",
        "two_lines": "Neither is newer: {a} and {b} are different lines of versions.",
    },
    nothing_found="nothing in the catalog meets all of these conditions",
    unstated="{count} more may meet them: the catalog does not have what you ask of them",
    nothing_known="the catalog has no facts of {name}",
    looking="Looking for {name} …",
    loading="Loading {name} on {device} …",
    fetching="Fetching {size} from {source}, then loading …",
    pulling="Fetching {size} from {source} …",
    nothing_here="there is no model on this disk",
    none_of_them="no model on this disk meets all of these conditions",
    local_columns=("model", "store", "copy", "format", "size", "state", "last used", "to remove it"),
    whole="complete",
    same_bytes="the same bytes as in {stores}",
    same_size="of the same size as {count} more (--hash compares)",
    ages=("y ago", "mo ago", "d ago", "h ago", "min ago"),
    just_now="now",
    local_total="Copies: {copies}. Models: {models}. On this disk: {size}.",
    local_twice="{size} of it is there more than once: --duplicates shows how to remove it.",
    local_broken="{size} of it is not whole: --incomplete shows how to remove it.",
    updating="Asking models.dev and the hubs …",
    update_columns=("source", "state", "day", "entries"),
    update_states={"new": "new", "unchanged": "unchanged", "partial": "a part of it", "failed": "failed"},
    update_left="{count} accounts left: run it again",
    update_skipped="{count} not understood",
    update_news={
        "checkpoint": "New repositories: {count}",
        "gone": "No longer listed: {count}",
        "model": "New models: {count}",
        "changed": "Facts that have changed: {count}",
        "disagrees": "Facts that the catalog has otherwise: {count}",
    },
    update_more="and {count} more: --json lists all",
    update_written="in {folder}",
    update_checked="nothing was written; without --check it goes into {folder}",
    data_days="catalog: {day}",
    data_fetched="{source}: {day}",
    greeting="Write a message. Ctrl-C stops a reply; exit, quit, 退出 or Ctrl-D ends; /help lists what else there is.",
    user="you> ",
    more="...> ",
    commands=(
        "/system [TEXT]   show the system prompt, or begin anew with this one\n"
        "/reset           forget the conversation\n"
        "/regenerate      answer the last message again\n"
        "/stats           what the replies have cost so far\n"
        "/save FILE       write the conversation to a file, for --resume\n"
        "//...            a message that begins with a slash\n"
        '"""              begins and ends a message of several lines'
    ),
    no_command="{word} is not a command, and was not sent to the model",
    begun="(the conversation begins anew)",
    nothing_said="nothing has been asked yet",
    saved="saved to {file}; go on with: --resume {file}",
    stats="{replies} replies, {tokens} tokens, {speed:.1f} tokens/s on average; the last prompt had {prompt} tokens",
    model="model> ",
    how_to_end="exit, quit, 退出 or Ctrl-D ends",
    thinking="thinking …",
    may_call="call {call}? [y/N] ",
    called="{call}: {text}",
    stopped="(stopped)",
    cut="(cut at {count} tokens; --max-new-tokens allows more)",
    speed="{tokens} tokens, {speed:.1f} tokens/s, the first after {first:.2f} s",
    brief=BriefWords(
        plan="{name}: {kind}, {size}; {engine} on {device}{adapter}{memory} (--verbose shows the whole plan)",
        served="{name}: {engine}, {model} at {address} (--verbose shows the whole plan)",
        to_fetch="{size} to download from {source}",
        here="{size}, {source}",
        adapter="; {kind} adapter {name}",
        memory="; needs {needed} of {free} free",
    ),
    variants=VariantWords(
        plain="none",
        fits="* is the one that was planned. Fits and context are for {place}; the card is the smallest single one that would do.",
        speed="≤ is an estimate: bandwidth by the bytes that one token reads. Engines reach a part of it.",
        estimate="~ is parameters times bits: the hub was not asked about those files, or did not answer.",
    ),
)

CHINESE = Words(
    error="错误：",
    labels=labels("zh"),
    help_usage="用法：",
    help_arguments="参数",
    help_options="选项",
    help_commands="命令",
    help_default="默认：",
    warning="注意：",
    usage_hint="用法见 {command}",
    twice="{option} 写了不止一次；以最后一个为准",
    no_names="没有给出名称：请直接写出，或用 - 从标准输入读，或用 --file 文件",
    no_file="无法读取 {file}",
    standard_input="标准输入",
    at_line="{source} 第 {number} 行：",
    not_utf8="不是 UTF-8 编码",
    to_utf8="请先转换编码：iconv -f GBK -t UTF-8 文件",
    comments="{source}：跳过注释 {count} 处",
    nothing_in="{source}：其中没有名称",
    empty_path="路径为空",
    one_form="--html 与 --json 只能选一个",
    why_no_html="--html 里放不下 --why：请去掉其中一个",
    why=("词", "是", "情形", "为什么"),
    meanings=("词", "含义"),
    colon="：",
    aside="（{text}）",
    moving="会移动；{day} 时如此",
    none="无",
    one_model="是同一个模型。",
    two_models="是两个模型。",
    orders={
        "version": "{name} 较新（按版本）。",
        "date": "{name} 较新（版本相同，按日期）。",
        "one_model": "分不出新旧：它们是同一个模型。",
        "one_version": "分不出新旧：版本相同。",
        "no_family": "分不出新旧：有一个名称的系列未知。",
        "two_families": "分不出新旧：属于两个系列。",
        "two_lines": "分不出新旧：{a} 和 {b} 是两条版本线。",
    },
    nothing_found="目录里没有符合全部条件的模型",
    unstated="另有 {count} 个可能符合：目录里没有它们的这项信息",
    nothing_known="目录里没有 {name} 的信息",
    looking="正在查找 {name} …",
    loading="正在把 {name} 载入 {device} …",
    fetching="正在从 {source} 下载 {size}，随后载入 …",
    pulling="正在从 {source} 下载 {size} …",
    nothing_here="这块磁盘上没有模型",
    none_of_them="这块磁盘上没有符合全部条件的模型",
    local_columns=("模型", "存放处", "副本", "格式", "大小", "状态", "上次使用", "删除方法"),
    whole="完整",
    same_bytes="与 {stores} 中的字节相同",
    same_size="与另外 {count} 份大小相同（--hash 可比较）",
    ages=("年前", "个月前", "天前", "小时前", "分钟前"),
    just_now="刚才",
    local_total="副本 {copies} 份，模型 {models} 个，共占 {size}。",
    local_twice="其中 {size} 是重复的：--duplicates 列出删除方法。",
    local_broken="其中 {size} 不完整：--incomplete 列出删除方法。",
    updating="正在询问 models.dev 和各模型站点 …",
    update_columns=("来源", "状态", "日期", "条数"),
    update_states={"new": "有更新", "unchanged": "没有变化", "partial": "只取到一部分", "failed": "失败"},
    update_left="还有 {count} 个账号，请再运行一次",
    update_skipped="{count} 条读不懂",
    update_news={
        "checkpoint": "新仓库：{count} 个",
        "gone": "不再列出：{count} 个",
        "model": "新模型：{count} 个",
        "changed": "有变化的事实：{count} 条",
        "disagrees": "与目录不一致的事实：{count} 条",
    },
    update_more="另有 {count} 条，用 --json 列出全部",
    update_written="数据在 {folder}",
    update_checked="没有写入任何内容；不带 --check 时会写到 {folder}",
    data_days="目录：{day}",
    data_fetched="{source}：{day}",
    greeting="请输入内容。Ctrl-C 中断回复；输入 退出、exit、quit 或按 Ctrl-D 结束；/help 列出其他命令。",
    user="你：",
    more="…：",
    commands=(
        "/system [文字]   显示系统提示词，或用这一句重新开始\n"
        "/reset           忘掉这段对话\n"
        "/regenerate      重新回答上一句\n"
        "/stats           到现在为止的回复花了多少\n"
        "/save 文件       把对话写入文件，供 --resume 使用\n"
        "//...            以斜杠开头的内容\n"
        '"""              多行内容的开头和结尾'
    ),
    no_command="没有 {word} 这个命令，也没有发给模型",
    begun="（对话重新开始）",
    nothing_said="还没有问过什么",
    saved="已保存到 {file}；接着谈请用：--resume {file}",
    stats="{replies} 次回复，{tokens} 个词元，平均每秒 {speed:.1f} 个；上一次提示有 {prompt} 个词元",
    model="模型：",
    how_to_end="输入 退出、exit、quit 或按 Ctrl-D 结束",
    thinking="思考中 …",
    may_call="调用 {call} 吗？[y/N] ",
    called="{call}：{text}",
    stopped="（已中断）",
    cut="（到 {count} 个词元为止；可用 --max-new-tokens 放宽）",
    speed="{tokens} 个词元，每秒 {speed:.1f} 个，首个用时 {first:.2f} 秒",
    brief=BriefWords(
        plan="{name}：{kind}，{size}；{engine}，{device}{adapter}{memory}（--verbose 显示完整计划）",
        served="{name}：{engine}，{model}，{address}（--verbose 显示完整计划）",
        to_fetch="从 {source} 下载 {size}",
        here="{size}，{source}",
        adapter="；{kind} 适配器 {name}",
        memory="；需要 {needed}，空闲 {free}",
    ),
    variants=VariantWords(
        plain="未量化",
        fits="* 为本次计划所用。是否装得下和最长上下文按 {place} 计算；显卡一列是单卡能装下的最小显存。",
        speed="≤ 为估算：显存带宽除以每个词元读取的字节数。实际速度只能达到其中一部分。",
        estimate="~ 按参数量乘以位数估算：没有向站点询问这些文件，或站点没有回答。",
    ),
)


def words(environment: Mapping[str, str]) -> Words:
    """The user's language, by the rules of the locale: the first of three variables that is set decides.

    >>> words({"LANG": "zh_CN.UTF-8"}).user, words({"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}).user
    ('你：', 'you> ')
    """
    locale = next((value for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (value := environment.get(name))), "")
    return CHINESE if locale.lower().startswith("zh") else ENGLISH
