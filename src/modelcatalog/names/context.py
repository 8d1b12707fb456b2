"""Owns what neighbours decide, as one table: for each role of a word, its cases in the order in which they are tried.

The first case that takes the word decides it; a word that none takes is kept, and says nothing. The chapter on neighbours in
docs/grammar.md, the reasons that `decided` gives and what a strict reading expects all follow from this table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelcatalog.names.cases import families, numbers, packaging, sizes
from modelcatalog.names.reading import Case

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modelcatalog.names.roles import Role

__all__ = ["CASES", "CHAPTERS"]

FAMILY = (
    Case("uncertain_type", families.uncertain_type, "type", "gemini-2.5-flash-tts", "A common word that is also a type means the family beside its company alone.", "常用词同时也是类型的，只有挨着公司才指系列。", families.is_type_too),
    Case("other_maker", families.other_maker, "family", "twelvelabs.pegasus-1-2-v1:0", "A word that two companies use is the family of the one that is named.", "两家公司都用的词，指的是写出来的那一家的系列。", families.is_homonym),
    Case("line_elsewhere", families.line_elsewhere, "unknown", "LLaMA-O1-Base-1127", "A letter and a number are a model of their own at the start or behind their company alone.", "字母加数字自成一个模型，只在开头或公司后面。", families.is_letter_of_line),
    Case("draft_of_next", families.draft_of_next, "variant", "EAGLE-Vicuna-7B-v1.3", "A word for drafts right before a family says what these weights do for its model.", "紧挨在系列前面的草稿方法词，说的是这些权重替那个模型做什么。", families.is_draft),
    Case("uncertain_family", families.uncertain_family, "unknown", "my-nova-7b", "A common word means the family beside its company, or before one of its versions.", "常用词只有挨着公司，或者在自己的某个版本前面，才指系列。", families.is_common),
    Case("anothers_word", families.anothers_word, "unknown", "facebook/SONAR", "Under another company's account, the word of a family without published weights says nothing where none of its versions or tiers follows.", "在别家公司的账号下，从未公开权重的系列的词，后面没有它的版本或档位时，不说明什么。", families.is_closed),
    Case("end_of_name", families.end_of_name, "unknown", "Marblewood-GPT-7B", "Behind a word that nobody knows, GPT without a version ends that other name.", "跟在没人认得的词后面、又没有版本的 GPT，是那个名字的结尾。", families.is_ending),
    Case("teacher", families.teacher, "unknown", "Qwable-9B-Claude-Fable-5", "Behind a size, a family whose weights were never published is who taught the model.", "规模后面、从未公开权重的系列，说的是拿谁教出来的。", families.is_closed),
    Case("part_of_model", families.part_of_model, "unknown", "Mantis-8B-siglip-llama3", "Behind a size, an encoder is a part that was built in.", "规模后面的编码器是装在里面的部件。", families.is_encoder),
    Case("same_words_elsewhere", families.same_words_elsewhere, "family", "LinkSoul/Chinese-Llama-2-7b", "Under another's account, some words of one company mean what everybody calls so.", "在别人的账号下，某公司的有些词指的是大家都这么叫的系列。", families.is_elsewhere_another),
    Case("mark_next_to_family", families.mark_next_to_family, "family", "fast-apply-v0.10-Llama3.2-3B", "A version before the family is the tuning's where a name stands before it, and an edition where the family has one of its own behind it.", "系列前面的版本，再前面有名字时是调优的，系列后面自有版本时只是版次。"),
    Case("language_model", families.language_model, "base", "Idefics3-8B-Llama3", "Behind the size of a model that reads pictures or sound, a family is the language model inside.", "能看图听音的模型，规模后面的系列是里面的语言模型。", families.may_be_inside),
    Case("first_family", families.first_family, "family", "Qwen2.5-7B", "The first family is the model's own.", "第一个系列是模型自己的。"),
    Case("line_of_family", families.line_of_family, "version", "minimax-m6", "A letter and a number are a version where the family has such a line, whatever family is called so too.", "系列有这种字母时，字母加数字是版本，不管哪个系列也叫这个名字。", families.is_letter_and_number),
    Case("family_again", families.family_again, "family", "llama-2-7b-llama", "The family again adds nothing.", "系列再写一遍，不多说什么。"),
    Case("account_in_name", families.account_in_name, "family", "qwen-qwq-32b", "Of two families of one company, the first may be the word of its account, where the account is called so.", "同一家公司的两个系列，前一个可以只是账号的名字，账号正好这么叫。"),
    Case("kind_before", families.kind_before, "family", "text-embedding-bge-m3", "Some programs put a word for the kind of a model before its name.", "有些程序在名字前面写上模型的种类。", families.is_open),
    Case("taught_by", families.taught_by, "family", "claude-opus-4-reasoning-qwen3-4b", "Before a family whose weights are open, one without published weights is who taught the model.", "权重公开的系列前面、没有公开权重的系列，说的是拿谁教出来的。", families.is_open),
    Case("data_or_method", families.data_or_method, "family", "mpt-1b-redpajama-200b-dolly", "Behind a size or a finished model, or beside a base, a family names the data or the method, but where its maker writes its models so.", "在规模或成品后面，或者已有基座模型时，系列说的是数据或方法；它的开发者自己就这样写时除外。"),
    Case("tuned_from", families.tuned_from, "family", "Llama-3_3-Nemotron-Super-49B-v1", "A family that is only ever tuned from others is the model's own, and the one before it the base.", "总由别的模型而来的系列是模型自己的，前一个系列是基座模型。", families.is_derived),
    Case("base", families.base, "base", "DeepSeek-R1-Distill-Qwen-7B", "Of two families, the second is what the model was made from.", "两个系列里，后一个是基座模型。"),
)
BASE_WORD = (Case("base_word", families.base_word, "base", "L3.1-70B-Foo", "What tuners write for a base means it where a size of its stands in the name.", "调优者写基座模型用的词，名字里有基座模型的规模时才算。"),)
COMPANY = (Case("company", families.company, "company", "google-bert-base", "A company's word before the family says who made it.", "系列前面的公司词说的是谁做的。"),)
RESELLER = (Case("reseller", families.reseller, "route", "venice-gpt-5", "A reseller's word before the name says who serves it.", "名字前面的转售者词说的是谁在提供。"),)
TYPE = (
    Case("served_for", families.served_for, "route", "coding-glm-4.7", "A first word that a reseller serves models for is not a type.", "转售者用来分类的开头词不是类型。", families.is_reseller),
    Case("language", families.language, "unknown", "opus-mt-it-en", "Beside the code of a language, a type that is such a code too is a language.", "挨着语言代码，本身也是语言代码的类型就是语言。", families.is_language),
    Case("negated", families.negated, "unknown", "superhot-30b-8k-no-rlhf-test", "A type behind no, not or without is what the model is not.", "no、not、without 后面的类型，说的是它不是什么。"),
    Case("type", families.type_word, "type", "Qwen2.5-7B-Instruct", "A type is a type wherever it stands.", "类型词放在哪里都是类型。"),
)
TIER = (
    Case("tier_of_family", families.tier_of_family, "tier", "Opus 4.6", "Some tiers mean their family before one of its versions.", "有些档位后面跟着版本时，就指它所属的系列。", families.is_tier_of_family),
    Case("served_turbo", families.served_faster, "serving", "Llama-3.3-70B-Instruct-Turbo", "At the end of a name whose family has no such model, a tier of speed says how an API serves it.", "系列没有这种模型时，末尾表示速度的档位说的是接口怎么提供。", families.is_fast),
    Case("tier", families.tier, "tier", "claude-3-5-sonnet", "A tier stands for a size.", "档位代表规模。"),
)
VARIANT = (
    Case("packed_so", families.packed_so, "format", "Qwen3.6-27B-MTP-GGUF", "Before a format, some words say how its files were made, and not of which model.", "格式前面的有些词说的是文件怎么做的，不说是哪个模型。", families.is_packed),
    Case("alias_in_family", families.packaging_in_family, "serving", "claude-3-5-haiku-latest", "Some words are an alias in one family alone: its maker says that they name the same model.", "有些词只在某个系列里是别名，厂商说它们指同一个模型。"),
    Case("only_alias", families.only_alias, "serving", "gpt-5.2-chat-latest", "Where the maker serves a model by its newest edition alone, the word for it says nothing.", "厂商只用“最新”这个编号提供的模型，这个词不多说什么。", families.is_latest),
    Case("served_faster", families.served_faster, "serving", "Kimi-K2.6-Fast", "So does a variant of speed.", "表示速度的变体也是。", families.is_fast),
    Case("draft", families.draft, "variant", "Qwen3-8B-EAGLE3", "Some words say that these weights only guess tokens ahead for the model of that name.", "有些词说明：这些权重只替同名的模型预先猜词。", families.is_draft),
    Case("variant", families.variant, "variant", "gemini-2.5-pro-preview", "A variant tells this model from another, and says nothing more.", "变体把这个模型和别的区分开，别的什么也不说。"),
)
UNKNOWN = (
    Case("other_type", families.other_type, "type", "gemma-3-4b-pt", "Some words mean a type in one family alone, or in a tag.", "有些词只在某个系列或标签里指类型。"),
    Case("packaging_in_family", families.packaging_in_family, "format", "ERNIE-4.5-21B-A3B-PT", "Some words mean packaging in one family alone.", "有些词只在某个系列里指打包方式。"),
)
NUMBER = (
    Case("counts_training", numbers.counts_training, "training", "pythia-70m-step-3000", "Beside step, epoch and their like, a number counts training.", "挨着 step、epoch 一类词的数字说的是训练。"),
    Case("window_in_full", numbers.window_in_full, "context", "mixtral-8x7b-32768", "A power of two from 2,048 on is a length of context.", "2,048 起的二的幂是上下文长度。", numbers.may_be_window),
    Case("date", numbers.date, "released", "Qwen3-4B-Instruct-2507", "Four, six or eight digits are a date where the calendar and the family's habit allow it.", "四位、六位、八位数字，日历和系列的习惯都允许时就是日期。", numbers.may_be_date),
    Case("month_and_day", numbers.month_and_day, "released", "gemini-2.5-pro-preview-06-17", "Two numbers of two digits behind a version are a month and a day.", "版本后面两个两位数是月和日。", numbers.has_two_digits),
    Case("hyperparameter", numbers.hyperparameter, "unknown", "Qwen-H-2", "Behind a letter that means nothing by itself, a number belongs to that letter.", "跟在本身没有意义的字母后面的数字属于那个字母。", numbers.is_whole),
    Case("base_version", numbers.base_decimal, "base", "Hermes-2-Theta-Llama-3-8B", "The number beside the base is the base's version.", "挨着基座模型的数字是基座模型的版本。"),
    Case("base_second_part", numbers.base_second_part, "base", "tess-3-llama-3-1-70b", "A hyphen may stand for the point of the base's version.", "连字符可以代替基座模型版本里的小数点。", numbers.is_whole),
    Case("too_long", numbers.too_long, "unknown", "aya-101", "No version has three digits, or two before a point away from its family.", "版本没有三位数；离开系列时，小数点前也没有两位数。", numbers.has_two_digits_before_point),
    Case("of_another_family", numbers.of_another_family, "unknown", "gpt-oss-20b-claude-4.6", "A number beside a family that is only a word here is that one's version.", "挨着只作普通词的系列的数字，是那个系列的版本。"),
    Case("second_part", numbers.second_part, "version", "claude-3-5-sonnet", "A hyphen may stand for the point of a version.", "连字符可以代替版本里的小数点。", numbers.is_whole),
    Case("one_version", numbers.one_version, "unknown", "gpt2-xl-ft-1", "A model has one version.", "一个模型只有一个版本。"),
    Case("beside_family", numbers.beside_family, "version", "llama33-70b", "The number beside the family is its version.", "挨着系列的数字是它的版本。", numbers.is_whole),
    Case("of_software", numbers.of_software, "unknown", "llama-7b-hf-transformers-4.29", "Behind the name of a program, a number is the program's.", "程序名后面的数字是程序的版本。", numbers.is_decimal),
    Case("of_edit", numbers.of_edit, "unknown", "Qwen-7B-heretic-2", "Beside a word for what was done to a finished model, a number counts editions of that.", "挨着“对成品做了什么”一类词的数字，数的是那件事的版次。"),
    Case("known_version", numbers.known_version, "version", "sqlcoder-7b-2", "A number is a version wherever the catalog knows it as one.", "目录里有的版本，放在哪里都是版本。", numbers.is_whole),
    Case("single_digit", numbers.single_digit, "version", "mistral-large-3", "Behind words that are known, a single digit numbers the model, unless it counts runs of a tuning.", "认得的词后面的一位数是模型的编号，除非它数的是调优的次数。", numbers.is_digit),
    Case("version_before_size", numbers.version_before_size, "version", "zork-2-7b", "A number between an unknown name and its size, type or tier is a version.", "没人认得的名字和它的规模、类型、档位之间的数字是版本。", numbers.is_whole),
    Case("of_word", numbers.of_word, "unknown", "Qwen-14B-Mandrake-2.6", "Beside a word that no rule took, a number that is not a version of the family belongs to that word.", "挨着没人认得的词、又不是系列版本的数字，属于那个词。"),
    Case("decimal", numbers.decimal, "version", "Mistral-7B-0.1", "A number with a point is a version wherever it stands.", "带小数点的数放在哪里都是版本。", numbers.is_decimal),
)
DATE = (Case("full_date", numbers.full_date, "released", "gpt-4o-2024-08-06", "A date in full is a date; of two, the first counts.", "写全的日期就是日期；有两个时第一个算数。"),)
VERSION = (
    Case("packaging_word", numbers.packaging_word, "serving", "amazon/nova-pro-v1", "Some words with a v mean packaging in one family.", "有些带 v 的词只在某个系列里指打包方式。"),
    Case("base_marked", numbers.base_marked, "base", "OpenHermes-Mistral-v0.1-7B", "The version beside the base is the base's.", "挨着基座模型的版本是基座模型的。"),
    Case("of_quantization", numbers.of_quantization, "format", "Qwen3-8B-NVFP4-v2", "Behind a quantization, a whole version counts its editions.", "量化后面的整数版本，数的是量化的版次。", numbers.is_edition),
    Case("of_service", numbers.of_service, "serving", "meta.llama3-8b-instruct-v1", "Bedrock's v1 at the end says nothing of the model.", "Bedrock 末尾的 v1 不说模型。", numbers.is_v1),
    Case("of_tuning", numbers.of_tuning, "version", "Qwen-7B-Mandrake-v2", "Beside an unknown word or a tuning, a version is that one's; in a name with such words, one that the family does not have is too.", "挨着不认得的词或调优的版本属于它们；名字里有这样的词时，系列没有的版本也是。"),
    Case("edition_of_size", numbers.edition_of_size, "version", "gpt-oss-20b-instruct-v2", "Behind a size that the family has, and never with this version, it counts editions.", "规模后面的版本，系列的这个规模从来没有过，数的是版次。"),
    Case("marked", numbers.marked, "version", "Mistral-7B-Instruct-v0.3", "A version with its mark counts where none stands beside the family.", "系列旁边没有版本时，带记号的版本才算数。"),
    Case("edition", numbers.edition, "version", "Qwen3-8B-v2", "A second version tells editions apart.", "第二个版本区分版次。"),
)
LETTERED = (
    Case("base_line", numbers.base_lettered, "base", "Hermes-DeepSeek-R1-7B", "A letter and a number beside the base are its version where it has such a line.", "基座模型有这种字母时，挨着它的字母加数字是它的版本。"),
    Case("line", numbers.line, "version", "DeepSeek-R1", "A letter belongs to the version where the family has such a line.", "系列有这种字母时，字母属于版本。"),
)
SUFFIXED = (
    Case("base_suffixed", numbers.base_suffixed, "base", "hermes-gemma-3n", "A number with a letter beside the base is its version.", "挨着基座模型、后面带字母的数字是它的版本。"),
    Case("suffixed_part", numbers.suffixed_part, "version", "glm-4-5v", "A number with a letter may be the second part of a version that the catalog knows.", "后面带字母的数字，可以是目录认得的版本的后一半。"),
    Case("suffixed", numbers.suffixed, "version", "gpt-4o", "A number with a letter is a version beside the family, or where the catalog knows it.", "后面带字母的数字挨着系列，或者目录里有，就是版本。"),
)
SIZE = (
    Case("training_count", sizes.training_count, "training", "TinyLlama-1.1B-intermediate-step-1195k-token-2.5T", "Beside tokens, samples and their like a number counts training.", "挨着 tokens、samples 一类词的数字说的是训练。"),
    Case("bits_behind_method", sizes.bits_behind_method, "quantization", "Llama-2-7B-GPTQ-4b-128g", "Behind a method, 4b is a width.", "方法后面的 4b 是位宽。", sizes.may_be_bits),
    Case("dashed", sizes.dashed, "size", "pythia-2-8b", "A dash may stand for the point of a size: where the family has that size and not the version, the version stands already, or it begins with 0.", "连字符可以代替规模里的小数点：系列有这个规模而没有这个版本，或版本已经有了，或以 0 开头。", sizes.may_be_fraction),
    Case("million_tokens_served", sizes.million_tokens_served, "context", "claude-sonnet-4.6[1m]", "In brackets, or behind a version or a tier, 1m is a length of context where the family has no such size.", "方括号里，或版本、档位后面，系列又没有这个规模时，1m 是上下文长度。", sizes.may_be_context),
    Case("lettered_version", sizes.lettered_version, "version", "abab6.5t", "Where the catalog knows such a version, a t is not a unit.", "目录里有这样的版本时，t 不是单位。", sizes.is_trillions),
    Case("taught_by_closed", sizes.taught_by_closed, "size", "gpt-4-tuned-7b", "A family without published weights does not own a name that states parameters; it is who taught the model.", "没有公开权重的系列不会写参数量，它说的是拿谁教出来的。"),
    Case("tokens_of_family", sizes.tokens_of_family, "unknown", "TinyLlama-3T", "Some families count the tokens of their training in trillions.", "有些系列用万亿数训练的词元。", sizes.is_trillions),
    Case("million_tokens_of_type", sizes.million_tokens_of_type, "context", "qwen-instruct-1m", "Behind a type, 1m is a length of context.", "类型后面的 1m 是上下文长度。", sizes.is_one_million),
    Case("version_and_size", sizes.version_and_size, "size", "LLAMA-3_8B", "An underscore parts a version that the family has, or another number, from a size that it has, where it has none of both together.", "系列有这样的版本，或有后面的规模而没有合在一起的规模时，下划线把数字和规模分开。", sizes.is_two_parts),
    Case("first_size", sizes.first_size, "size", "Qwen2.5-7B", "The first number of parameters is the size.", "第一个参数量就是规模。"),
    Case("samples_before_size", sizes.samples_before_size, "size", "Infinity-Instruct-3M-0613-Mistral-7B", "Millions before billions count samples, trillions before them tokens.", "十亿前面的百万数的是样本，万亿数的是词元。", sizes.is_billions),
    Case("million_tokens", sizes.million_tokens, "context", "internlm2_5-7b-chat-1m", "Once the size is known, so many millions are a length of context.", "规模已知之后，这么多百万是上下文长度。", sizes.may_be_context),
    Case("total_behind_parts", sizes.total_behind_parts, "size", "Qwen-A3B-30B", "Behind experts or active parameters, a number is the total.", "专家或激活参数后面的数是总量。"),
    Case("same_again", sizes.same_again, "size", "Qwen-7B-7B", "The size again adds nothing.", "规模再写一遍，不多说什么。"),
    Case("active_before_total", sizes.active_before_total, "size", "OLMoE-1B-7B-0924", "Of two sizes of a mixture of experts, the smaller one is what works for each token.", "混合专家模型的两个规模里，小的是每个词元用到的。"),
    Case("size_of_student", sizes.size_of_student, "size", "gpt-oss-120b-distill-qwen3-4b", "Behind a distillation and what was taught, a size is the student's.", "蒸馏和学生的系列后面的规模，是学生的。"),
    Case("size_left", sizes.size_left, "size", "gpt-oss-120b-REAP-58B", "Behind a word for leaving out weights or experts, a smaller size is what is left.", "表示剪掉权重或专家的词后面，较小的规模是剩下的。"),
    Case("second_size", sizes.second_size, "training", "llama-161M-100B", "Of two sizes, the second is one more number of the training.", "两个规模里，第二个是训练的又一个数字。"),
)
MIXTURE = (Case("mixture", sizes.mixture, "size", "Mixtral-8x7B-v0.1", "So many experts of one size are the size.", "若干个同样大小的专家就是规模。"),)
ACTIVE = (Case("active", sizes.active, "size", "Qwen3-30B-A3B", "An a before a size means what works for each token.", "规模前面的 a 表示每个词元用到的参数。"),)
EFFECTIVE = (Case("effective", sizes.effective, "size", "gemma-3n-E4B-it", "An e before a size means effective parameters, unless the size is known.", "规模前面的 e 表示等效参数，除非规模已知。"),)
EXPERTS = (Case("experts", sizes.experts, "size", "Llama-4-Scout-17B-16E", "Behind a size, such a number counts experts, and the size is what works for each token.", "规模后面的这种数是专家数，前面的规模是每个词元用到的。"),)
CONTEXT = (
    Case("tuned_on", sizes.tuned_on, "unknown", "mistral-7b-sft-200k", "Beside a tuning, thousands count what the model was tuned on.", "挨着调优的千数，数的是调优用的数据。"),
    Case("thinking_budget", sizes.thinking_budget, "variant", "MiniMax-M1-40k", "Beside some versions, or behind a type of thinking, thousands count tokens of thought.", "有些版本旁边，或思考类型后面的千数，数的是思考用的词元。"),
    Case("context", sizes.context, "context", "Phi-3-mini-4k-instruct", "Thousands that a context window has are its length; powers of two count 1,024.", "上下文窗口会有的千数就是它的长度；二的幂按 1,024 算。"),
)
METHOD = (Case("method", packaging.method, "quantization", "Qwen2.5-7B-Instruct-AWQ", "A method is a method wherever it stands; the first counts, unless it says how and not what.", "方法放在哪里都是方法；第一个算数，除非它只说了怎么做。"),)
SCHEME = (Case("scheme", packaging.scheme, "quantization", "Qwen2.5-7B-Instruct-Q8_0.gguf", "A layout of llama.cpp tells method, layout and width.", "llama.cpp 的方案说明方法、布局和位宽。"),)
MIXED_SCHEME = (Case("mixed_scheme", packaging.mixed_scheme, "quantization", "Zork-7B-30Q8_0-70IQ2_XXS.gguf", "Of several layouts with their shares, the largest share counts.", "几种布局各占多少时，份额最大的算数。"),)
NAMED_SCHEME = (Case("named_scheme", packaging.named_scheme, "quantization", "Qwen2.5-7B-NF4", "The name of a layout tells its method, where no other is named.", "没有写别的方法时，布局的名字说明方法。"),)
PLAIN_Q = (
    Case("base_in_front", families.base_in_front, "base", "Q3-8B-Foo", "As the first word of a name, a q and a digit may be what tuners write for a base, where a size of its stands in the name.", "名字开头的 q 加一位数，可以是调优者写基座模型用的词，名字里有基座模型的规模时才算。", families.is_in_front),
    Case("quarter", packaging.quarter, "unknown", "sales-forecast-2025-q3", "Beside a year, a q and a digit up to 4 are a quarter of it, unless the file is GGUF.", "挨着年份、q 加不大于 4 的数字是季度，文件是 GGUF 时除外。", packaging.is_quarter),
    Case("gguf_width", packaging.gguf_width, "quantization", "Llama-3.2-1B-Instruct-Q8", "A q and a digit are a width of GGUF, unless another method or format is named.", "q 加一位数是 GGUF 的位宽，除非写了别的方法或格式。"),
    Case("other_width", packaging.other_width, "quantization", "mlx-community/Qwen-7B-q4", "Under another method or format, they are a width of that one.", "在别的方法或格式下面，它是那一种的位宽。"),
)
MLC_SCHEME = (
    Case("onnx_scheme", packaging.onnx_scheme, "quantization", "onnx-community/Qwen3-0.6B-ONNX-q4f16", "ONNX has a q4f16 of its own.", "ONNX 有自己的 q4f16。"),
    Case("mlc_scheme", packaging.mlc_scheme, "quantization", "Llama-3.2-1B-Instruct-q4f16_1", "Otherwise it is a layout of MLC.", "其余的是 MLC 的布局。"),
)
WEIGHT_ACTIVATION = (Case("activations", packaging.activations, "quantization", "Qwen3-8B-W4A16", "Bits of weights and activations are a layout of compressed-tensors.", "权重和激活各多少位，是 compressed-tensors 的布局。"),)
BITS = (Case("bits", packaging.bits, "quantization", "mlx-community/Qwen3-8B-4bit", "Bits a weight are the width; the method may be the owner's.", "每个权重的位数就是位宽；方法也许由账号来说。"),)
GROUP = (Case("group", packaging.group, "quantization", "Mistral-7B-Instruct-v0.2-GPTQ-4bit-128g", "A group size counts beside bits or a method.", "挨着位数或方法，分组大小才算数。"),)
HEAD_BITS = (Case("head_bits", packaging.head_bits, "quantization", "Llama-3-8B-exl2-6.0bpw-h6", "Bits of the output layer stand beside the others.", "输出层的位数跟在别的位数旁边。"),)
FORMAT = (
    Case("short_format", packaging.short_format, "unknown", "llava-onevision-7b-ov", "A word of two letters is a format only behind a width.", "两个字母的词跟在位宽后面才是格式。", packaging.is_short),
    Case("format", packaging.format_word, "format", "Qwen3-8B-GGUF", "A format is a format wherever it stands; the first counts.", "格式放在哪里都是格式；第一个算数。"),
)
DTYPE = (Case("dtype", packaging.dtype, "dtype", "Qwen3-8B-bf16", "A dtype of 16 or 32 bits is not a quantization.", "16 位或 32 位的数据类型不是量化。"),)
SHARD = (Case("shard", packaging.taken, "shard", "Qwen3-8B-00001-of-00002.gguf", "The number of a file of several says nothing of the model.", "几份文件里的编号不说模型。"),)
SUFFIX = (Case("suffix", packaging.serving, "serving", "deepseek-v3-free", "A word at the end may say how an API serves the model.", "末尾的词可以说明接口怎么提供模型。"),)
IGNORED = (Case("ignored", packaging.taken, "format", "Qwen3-8B-hf", "Some words about packaging are not facts about the model.", "有些打包用的词不是模型的事实。"),)

CASES: dict[Role, tuple[Case, ...]] = {
    "family": FAMILY, "base_word": BASE_WORD, "company": COMPANY, "reseller": RESELLER, "type": TYPE, "tier": TIER, "variant": VARIANT, "unknown": UNKNOWN,
    "number": NUMBER, "date": DATE, "version": VERSION, "lettered": LETTERED, "suffixed": SUFFIXED,
    "size": SIZE, "mixture": MIXTURE, "active": ACTIVE, "effective": EFFECTIVE, "experts": EXPERTS, "context": CONTEXT,
    "method": METHOD, "scheme": SCHEME, "mixed_scheme": MIXED_SCHEME, "named_scheme": NAMED_SCHEME, "plain_q": PLAIN_Q, "mlc_scheme": MLC_SCHEME,
    "weight_activation": WEIGHT_ACTIVATION, "bits": BITS, "group": GROUP, "head_bits": HEAD_BITS, "format": FORMAT, "dtype": DTYPE,
    "shard": SHARD, "suffix": SUFFIX, "ignored": IGNORED,
}  # fmt: skip
"""Role -> its cases; separators and the parts around a name have none."""
CHAPTERS: Mapping[str, tuple[Role, ...]] = {
    "Families": ("family", "base_word", "company", "reseller"),
    "Types": ("type", "tier", "variant", "unknown"),
    "Versions and dates": ("number", "date", "version", "lettered", "suffixed"),
    "Sizes and contexts": ("size", "mixture", "active", "effective", "experts", "context"),
    "Packaging": (
        "method", "scheme", "mixed_scheme", "named_scheme", "plain_q", "mlc_scheme", "weight_activation", "bits", "group", "head_bits", "format", "dtype", "shard",
        "suffix", "ignored",
    ),
}  # fmt: skip
"""The chapters in which people read them."""
