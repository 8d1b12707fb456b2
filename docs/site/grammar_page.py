"""Owns the Chinese page of the grammar: its own words around the rules, diagrams and examples of docs/generate_grammar.py.

The English page lies in docs/, where a test holds it fresh; this one is made with each build from the same rules.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from modelcatalog import names
from modelcatalog.names import context
from modelcatalog.show.labels import CHINESE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modelcatalog.names.notation import Rule
    from words import Words

sys.path.insert(0, str(Path(__file__).parents[1]))
import generate_grammar

sys.path.pop(0)

__all__ = ["ABOUT", "pages"]

TEMPLATE = """\
# 名字是怎么读的

不超过 1,024 个字符、能打印的文字都是名字。每个字符都归入某一段，各段按顺序拼起来就是原文：没有规则认得的部分记作 `unknown`，
不猜，也不丢。

## 四步 { #four-steps }

1. **拆开引用。** 由第一条合适的[写法](#references)拆：网址、缓存目录、路径，或者
   `[scheme:][route/…][owner/]name[/file][:tag][@revision]`。名字外面的东西在这一步定下来。
2. **切开名字。** [切块](#pieces)得到词和分隔符。两个数字之间的小数点留在词里，当小数点用的下划线也是；
   日期、分片号和 llama.cpp 的量化方案保留自己的连字符和下划线。
3. **逐词查找。** 先查词表（系列、公司、类型、档位、方法、格式，也就是 `src/modelcatalog/data/` 里的文件），一个词，
   或连着后面的词（`llama guard`）；再查[词的规则](#words)。和数字粘在一起的词（`qwen2.5`、`pythia410m`、`3vl`）拆开读。
4. **看左右邻居。** 一个词自己定不了的，从左到右由邻居决定；下一章是各种情形。

以上就是 `modelcatalog.names.read` 做的全部事情。`modelcatalog.parse` 接着向目录打听名字没说的：`Phi-3-mini` 有 38 亿参数。
每张表里规则的先后就是全部的优先级。

## 由邻居决定的 { #what-neighbours-decide }

每个词从上到下问自己那一类的情形，第一个认得它的说了算；谁也不认得的记作 `unknown`。每种情形有一个由它决定的名字，其中粗体的就是那个词。
"""
CHAPTERS = {
    "Families": "系列",
    "Types": "类型",
    "Versions and dates": "版本和日期",
    "Sizes and contexts": "规模和上下文",
    "Packaging": "打包",
}
TABLES = {
    "References": ("引用", "引用的几种写法；第一条符合整段文字的算数。"),
    "Pieces": ("切块", "名字怎么切开。在每一处，第一条合适的规则拿走它的一块。"),
    "Words": ("词", "词表不认得的词是什么：第一条符合整个词的规则。"),
}
SHARED = """\
## 规则里的名称 { #names-in-the-rules }

EBNF 照 ISO 14977：`,` 是先后，`|` 是任选，`[ ]` 可有可无，`{ }` 任意多次，`5 *` 五次；`? ?` 说的是前后有什么，不占文字。
引用和词按小写来匹配；切块的规则里，引号中的字母不分大小写。几种读法都行时，取前面的选择和最长的重复；只有账号、路径、路由和普通名字尽早结束。
名字前面哪些是路由、已知的路由不当账号，都由数据决定。
"""
ABOUT = {
    "hub_url": "站点的网页，协议可以省略。",
    "huggingface_cache": "Hugging Face 缓存里的目录。",
    "modelscope_cache": "魔搭缓存里的目录，新旧两种布局；三个下划线当小数点。",
    "other_url": "别处的网页，只读最后一段。",
    "local_path": "磁盘上的文件或目录，POSIX 和 Windows 都行。",
    "file_in_repository": "文件，前面是它所在的仓库。",
    "name_and_refs": "拉取请求或转换，修订自己带斜杠。",
    "name_and_file": "修订后面的文件，照 huggingface_hub 的写法。",
    "name": "其余一切：路由、账号、名字、标签、修订，其中只有名字是必须的。",
    "separator": "词与词之间的部分：既不以字母也不以数字开头，所以放在表里哪个位置都行，放最前面最快。",
    "date": "完整的日期，或者月份加年份。",
    "scheme_piece": "GGUF 的量化方案保留下划线。",
    "shard": "分成几份的文件中的一份。",
    "bit_width": "位宽保留连字符。",
    "word": "字母和数字，数字之间可以有小数点；数字之间的下划线就是小数点。",
    "scheme": "llama.cpp 的量化：K 系、I 系、旧式或三值。",
    "plain_q": "没写变体的 GGUF 位宽。",
    "mlc_scheme": "MLC：权重位数、激活类型、布局。",
    "weight_activation": "权重和激活各多少位。",
    "int_bits": "整数权重。",
    "mlx_bits": "MLX 的写法：方法和位宽粘在一起。",
    "mixed_bits": "除了主要位宽，还有一部分层的位宽。",
    "bits": "每个权重的位数；16 和 32 是数据类型，不算量化。",
    "bits_per_weight": "每个权重的平均位数（EXL2、EXL3）。",
    "head_bits": "输出层的位数（EXL2、EXL3）。",
    "group_size": "共用一个缩放系数的权重数。",
    "experts_of": "若干个这么大的专家。",
    "size_times": "同上，次序相反。",
    "split_size": "用单位当小数点：7.1B。",
    "size": "参数个数。",
    "lettered_size": "粘在字母后面的规模（Command R7B）。",
    "active_size": "每个词元用到的参数。",
    "effective_size": "等效参数（Gemma 3n）。",
    "experts": "规模后面的专家数。",
    "context": "若干千词元；是步数还是上下文由邻居决定。",
    "version": "带记号的版本。",
    "number": "光秃秃的数：版本、日期或什么都不是，由邻居决定。",
    "lettered": "带字母的版本：DeepSeek R1、Kimi K2。",
    "suffixed": "后面带字母的版本：GPT-4o、Gemma 3n。",
    "release_candidate": "候选版的编号。",
}
"""Rule -> what it is; a new rule is told in English until it has its line here."""


def pages(say: Words) -> Iterator[tuple[str, str]]:
    """The one page, in Chinese alone: its place in docs/, and its text."""
    if say.language != "zh":
        return
    parts = [TEMPLATE]
    for chapter, roles in context.CHAPTERS.items():
        cases = [case for role in roles for case in context.CASES[role]]
        rows = [f"| {case.name} | {generate_grammar.shown(case)} | {_kind(case.gives)} | {case.zh} |" for case in cases]
        parts.append("\n".join((f"### {CHAPTERS.get(chapter, chapter)}\n", "| 情形 | 名字 | 是 | 为什么 |\n|---|---|---|---|", *rows, "")))
    for table, _, rules in generate_grammar.tables():
        heading, about = TABLES[table]
        parts.append(f"## {heading} {{ #{table.lower()} }}\n\n{about}\n")
        parts += [_section(table, rule) for rule in rules]
    parts.append(SHARED)
    parts += [f"```ebnf\n{generate_grammar.wrapped(name, part)}\n```\n" for name, part in generate_grammar.named().items()]
    parts.append("| 名称 | 其中一个字符 |\n|---|---|")
    parts += [f"| {called} | `[{klass}]` |" for called, klass in generate_grammar.characters().items()]
    yield f"grammar{say.suffix}.md", "\n".join(parts)


def _kind(kind: str) -> str:
    return CHINESE.kinds.get(kind) or kind


def _section(table: str, rule: Rule) -> str:
    example = generate_grammar.example_of(table, rule)
    segments = "，".join(f"`{s.text}` {_kind(s.kind)}" for s in names.read(example).segments if s.kind != "separator")
    ebnf = generate_grammar.wrapped(rule.name, rule.what)
    picture = f"![{rule.name}]({generate_grammar.diagram_of(table, rule)})"
    return f"### {rule.name}\n\n{ABOUT.get(rule.name, rule.about)}\n\n```ebnf\n{ebnf}\n```\n\n{picture}\n\n`{example}`：{segments}\n"
