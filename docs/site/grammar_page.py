"""Owns the Chinese page of the grammar: its own words around the rules, diagrams and examples of docs/generate_grammar.py.

The English page lies in docs/, where a test holds it fresh; this one is made with each build from the same rules.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from modelcatalog import names
from modelcatalog.labels import CHINESE
from modelcatalog.names import context

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
CASES = {
    "uncertain_type": "常用词同时也是类型的，只有挨着公司才指系列。",
    "uncertain_family": "常用词只有挨着公司，或者在自己的某个版本前面，才指系列。",
    "teacher": "规模后面、从未公开权重的系列，说的是拿谁教出来的。",
    "mark_next_to_family": "系列后面自有版本时，系列前面的版本只是版次。",
    "first_family": "第一个系列是模型自己的。",
    "line_of_family": "系列有这种字母时，字母加数字是版本，不管哪个系列也叫这个名字。",
    "family_again": "系列再写一遍，不多说什么。",
    "account_in_name": "转制者把原来的账号写在名字前面，用下划线连着；有的账号和系列同名。",
    "data_or_method": "在规模或成品后面，或者已有底子时，系列说的是数据或方法。",
    "tuned_from": "总由别的模型而来的系列是模型自己的，前一个系列是底子。",
    "base": "两个系列里，后一个是底子。",
    "company": "系列前面的公司词说的是谁做的。",
    "reseller": "名字前面的转售者词说的是谁在提供。",
    "served_for": "转售者用来分类的开头词不是类型。",
    "type": "类型词放在哪里都是类型。",
    "tier": "档位代表规模。",
    "variant": "变体把这个模型和别的区分开，别的什么也不说。",
    "other_type": "有些词只在某个系列或标签里指类型。",
    "packaging_in_family": "有些词只在某个系列里指打包方式。",
    "counts_training": "挨着 step、epoch 一类词的数字说的是训练。",
    "date": "四位、六位、八位数字，日历和系列的习惯都允许时就是日期。",
    "month_and_day": "版本后面两个两位数是月和日。",
    "hyperparameter": "跟在本身没有意义的字母后面的数字属于那个字母。",
    "base_version": "挨着底子的数字是底子的版本。",
    "too_long": "版本没有三位数；离开系列时，小数点前也没有两位数。",
    "of_another_family": "挨着只作普通词的系列的数字，是那个系列的版本。",
    "second_part": "连字符可以代替版本里的小数点。",
    "one_version": "一个模型只有一个版本。",
    "beside_family": "挨着系列的数字是它的版本。",
    "known_version": "目录里有的版本，放在哪里都是版本。",
    "single_digit": "认得的词后面的一位数是模型的编号，除非它数的是调优的次数。",
    "version_before_size": "没人认得的名字和它的规模、类型、档位之间的数字是版本。",
    "decimal": "带小数点的数放在哪里都是版本。",
    "full_date": "写全的日期就是日期；有两个时第一个算数。",
    "packaging_word": "有些带 v 的词只在某个系列里指打包方式。",
    "base_marked": "挨着底子的版本是底子的。",
    "of_quantization": "量化后面的整数版本，数的是量化的版次。",
    "of_service": "Bedrock 末尾的 v1 不说模型。",
    "marked": "系列旁边没有版本时，带记号的版本才算数。",
    "edition": "第二个版本区分版次。",
    "base_line": "底子有这种字母时，挨着它的字母加数字是它的版本。",
    "line": "系列有这种字母时，字母属于版本。",
    "base_suffixed": "挨着底子、后面带字母的数字是它的版本。",
    "suffixed_part": "后面带字母的数字，可以是目录认得的版本的后一半。",
    "suffixed": "后面带字母的数字挨着系列，或者目录里有，就是版本。",
    "training_count": "挨着 tokens、samples 一类词的数字说的是训练。",
    "bits_behind_method": "方法后面的 4b 是位宽。",
    "lettered_version": "目录里有这样的版本时，t 不是单位。",
    "tokens_of_family": "有些系列用万亿数训练的词元。",
    "million_tokens_of_type": "类型后面的 1m 是上下文长度。",
    "version_and_size": "系列有这样的版本时，下划线把版本和规模分开。",
    "first_size": "第一个参数量就是规模。",
    "samples_before_size": "十亿前面的百万数的是样本，万亿数的是词元。",
    "million_tokens": "规模已知之后，这么多百万是上下文长度。",
    "total_behind_parts": "专家或激活参数后面的数是总量。",
    "same_again": "规模再写一遍，不多说什么。",
    "active_before_total": "混合专家模型的两个规模里，小的是每个词元用到的。",
    "second_size": "两个规模里，第二个是训练的又一个数字。",
    "mixture": "若干个同样大小的专家就是规模。",
    "active": "规模前面的 a 表示每个词元用到的参数。",
    "effective": "规模前面的 e 表示等效参数，除非规模已知。",
    "experts": "规模后面的这种数是专家数，前面的规模是每个词元用到的。",
    "tuned_on": "挨着调优的千数，数的是调优用的数据。",
    "context": "上下文窗口会有的千数就是它的长度；二的幂按 1,024 算。",
    "method": "方法放在哪里都是方法；第一个算数，除非它只说了怎么做。",
    "scheme": "llama.cpp 的方案说明方法、布局和位宽。",
    "named_scheme": "没有写别的方法时，布局的名字说明方法。",
    "gguf_width": "q 加一位数是 GGUF 的位宽，除非写了别的方法或格式。",
    "other_width": "在别的方法或格式下面，它是那一种的位宽。",
    "onnx_scheme": "ONNX 有自己的 q4f16。",
    "mlc_scheme": "其余的是 MLC 的布局。",
    "activations": "权重和激活各多少位，是 compressed-tensors 的布局。",
    "bits": "每个权重的位数就是位宽；方法也许由账号来说。",
    "group": "挨着位数或方法，分组大小才算数。",
    "head_bits": "输出层的位数跟在别的位数旁边。",
    "short_format": "两个字母的词跟在位宽后面才是格式。",
    "format": "格式放在哪里都是格式；第一个算数。",
    "dtype": "16 位或 32 位的数据类型不是量化。",
    "shard": "几份文件里的编号不说模型。",
    "suffix": "末尾的词可以说明接口怎么提供模型。",
    "ignored": "有些打包用的词不是模型的事实。",
}
"""Case -> why; a new case is told in English until it has its line here."""
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
        rows = [f"| {case.name} | {generate_grammar.shown(case)} | {_kind(case.gives)} | {CASES.get(case.name, case.about)} |" for case in cases]
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
