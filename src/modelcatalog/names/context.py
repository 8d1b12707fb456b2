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
    Case("uncertain_type", families.uncertain_type, "type", "gemini-2.5-flash-tts", "A common word that is also a type means the family beside its company alone."),
    Case("uncertain_family", families.uncertain_family, "unknown", "my-nova-7b", "A common word means the family beside its company, or before one of its versions."),
    Case("teacher", families.teacher, "unknown", "Qwythos-9B-Claude-Mythos", "Behind a size, a family whose weights were never published is who taught the model."),
    Case("mark_next_to_family", families.mark_next_to_family, "family", "fast-apply-v0.10-Llama3.2-3B", "A version before the family counts editions where the family has one of its own behind it."),
    Case("first_family", families.first_family, "family", "Qwen2.5-7B", "The first family is the model's own."),
    Case("line_of_family", families.line_of_family, "version", "minimax-m6", "A letter and a number are a version where the family has such a line, whatever family is called so too."),
    Case("family_again", families.family_again, "family", "llama-2-7b-llama", "The family again adds nothing."),
    Case("account_in_name", families.account_in_name, "family", "bartowski/Qwen_QwQ-32B", "A repackager writes the account before the name, with an underscore, and some accounts are called like a family."),
    Case("data_or_method", families.data_or_method, "family", "mpt-1b-redpajama-200b-dolly", "Behind a size or a finished model, or beside a base, a family names the data or the method."),
    Case("tuned_from", families.tuned_from, "family", "Llama-3_3-Nemotron-Super-49B-v1", "A family that is only ever tuned from others is the model's own, and the one before it the base."),
    Case("base", families.base, "base", "DeepSeek-R1-Distill-Qwen-7B", "Of two families, the second is what the model was made from."),
)
COMPANY = (Case("company", families.company, "company", "google-bert-base", "A company's word before the family says who made it."),)
RESELLER = (Case("reseller", families.reseller, "route", "venice-gpt-5", "A reseller's word before the name says who serves it."),)
TYPE = (
    Case("served_for", families.served_for, "route", "coding-glm-4.7", "A first word that a reseller serves models for is no type."),
    Case("type", families.type_word, "type", "Qwen2.5-7B-Instruct", "A type is a type wherever it stands."),
)
TIER = (Case("tier", families.tier, "tier", "claude-3-5-sonnet", "A tier stands for a size."),)
VARIANT = (Case("variant", families.variant, "variant", "gemini-2.5-pro-preview", "A variant tells this model from another, and says nothing more."),)
UNKNOWN = (
    Case("other_type", families.other_type, "type", "gemma-3-4b-pt", "Some words mean a type in one family alone, or in a tag."),
    Case("packaging_in_family", families.packaging_in_family, "format", "ERNIE-4.5-21B-A3B-PT", "Some words mean packaging in one family alone."),
)
NUMBER = (
    Case("counts_training", numbers.counts_training, "training", "pythia-70m-step-3000", "Beside step, epoch and their like, a number counts training."),
    Case("date", numbers.date, "released", "Qwen3-4B-Instruct-2507", "Four, six or eight digits are a date where the calendar and the family's habit allow it."),
    Case("month_and_day", numbers.month_and_day, "released", "gemini-2.5-pro-preview-06-17", "Two numbers of two digits behind a version are a month and a day."),
    Case("hyperparameter", numbers.hyperparameter, "unknown", "Qwen-H-2", "Behind a letter that means nothing by itself, a number belongs to that letter."),
    Case("base_version", numbers.base_decimal, "base", "Hermes-2-Theta-Llama-3-8B", "The number beside the base is the base's version."),
    Case("too_long", numbers.too_long, "unknown", "aya-101", "No version has three digits, or two before a point away from its family."),
    Case("of_another_family", numbers.of_another_family, "unknown", "gpt-oss-20b-claude-4.6", "A number beside a family that is only a word here is that one's version."),
    Case("second_part", numbers.second_part, "version", "claude-3-5-sonnet", "A hyphen may stand for the point of a version."),
    Case("one_version", numbers.one_version, "unknown", "gpt2-xl-ft-1", "A model has one version."),
    Case("beside_family", numbers.beside_family, "version", "llama33-70b", "The number beside the family is its version."),
    Case("known_version", numbers.known_version, "version", "sqlcoder-7b-2", "A number is a version wherever the catalog knows it as one."),
    Case("single_digit", numbers.single_digit, "version", "mistral-large-3", "Behind words that are known, a single digit numbers the model, unless it counts runs of a tuning."),
    Case("version_before_size", numbers.version_before_size, "version", "zork-2-7b", "A number between an unknown name and its size, type or tier is a version."),
    Case("decimal", numbers.decimal, "version", "Mistral-7B-0.1", "A number with a point is a version wherever it stands."),
)
DATE = (Case("full_date", numbers.full_date, "released", "gpt-4o-2024-08-06", "A date in full is a date; of two, the first counts."),)
VERSION = (
    Case("packaging_word", numbers.packaging_word, "serving", "amazon/nova-pro-v1", "Some words with a v mean packaging in one family."),
    Case("base_marked", numbers.base_marked, "base", "OpenHermes-Mistral-v0.1-7B", "The version beside the base is the base's."),
    Case("of_quantization", numbers.of_quantization, "format", "Qwen3-8B-NVFP4-v2", "Behind a quantization, a whole version counts its editions."),
    Case("of_service", numbers.of_service, "serving", "meta.llama3-8b-instruct-v1", "Bedrock's v1 at the end says nothing of the model."),
    Case("marked", numbers.marked, "version", "Mistral-7B-Instruct-v0.3", "A version with its mark counts where none stands beside the family."),
    Case("edition", numbers.edition, "version", "Qwen3-8B-v2", "A second version tells editions apart."),
)
LETTERED = (
    Case("base_line", numbers.base_lettered, "base", "Hermes-DeepSeek-R1-7B", "A letter and a number beside the base are its version where it has such a line."),
    Case("line", numbers.line, "version", "DeepSeek-R1", "A letter belongs to the version where the family has such a line."),
)
SUFFIXED = (
    Case("base_suffixed", numbers.base_suffixed, "base", "hermes-gemma-3n", "A number with a letter beside the base is its version."),
    Case("suffixed_part", numbers.suffixed_part, "version", "glm-4-5v", "A number with a letter may be the second part of a version that the catalog knows."),
    Case("suffixed", numbers.suffixed, "version", "gpt-4o", "A number with a letter is a version beside the family, or where the catalog knows it."),
)
SIZE = (
    Case("training_count", sizes.training_count, "training", "TinyLlama-1.1B-intermediate-step-1195k-token-2.5T", "Beside tokens, samples and their like a number counts training."),
    Case("bits_behind_method", sizes.bits_behind_method, "quantization", "Llama-2-7B-GPTQ-4b-128g", "Behind a method, 4b is a width."),
    Case("lettered_version", sizes.lettered_version, "version", "abab6.5t", "Where the catalog knows such a version, a t is no unit."),
    Case("tokens_of_family", sizes.tokens_of_family, "unknown", "TinyLlama-3T", "Some families count the tokens of their training in trillions."),
    Case("million_tokens_of_type", sizes.million_tokens_of_type, "context", "qwen-instruct-1m", "Behind a type, 1m is a length of context."),
    Case("version_and_size", sizes.version_and_size, "size", "LLAMA-3_8B", "Beside a family that has such a version, an underscore parts version and size."),
    Case("first_size", sizes.first_size, "size", "Qwen2.5-7B", "The first number of parameters is the size."),
    Case("samples_before_size", sizes.samples_before_size, "size", "Infinity-Instruct-3M-0613-Mistral-7B", "Millions before billions count samples, trillions before them tokens."),
    Case("million_tokens", sizes.million_tokens, "context", "internlm2_5-7b-chat-1m", "Once the size is known, so many millions are a length of context."),
    Case("total_behind_parts", sizes.total_behind_parts, "size", "Qwen-A3B-30B", "Behind experts or active parameters, a number is the total."),
    Case("same_again", sizes.same_again, "size", "Qwen-7B-7B", "The size again adds nothing."),
    Case("active_before_total", sizes.active_before_total, "size", "OLMoE-1B-7B-0924", "Of two sizes of a mixture of experts, the smaller one is what works for each token."),
    Case("second_size", sizes.second_size, "training", "llama-161M-100B", "Of two sizes, the second is one more number of the training."),
)
MIXTURE = (Case("mixture", sizes.mixture, "size", "Mixtral-8x7B-v0.1", "So many experts of one size are the size."),)
ACTIVE = (Case("active", sizes.active, "size", "Qwen3-30B-A3B", "An a before a size means what works for each token."),)
EFFECTIVE = (Case("effective", sizes.effective, "size", "gemma-3n-E4B-it", "An e before a size means effective parameters, unless the size is known."),)
EXPERTS = (Case("experts", sizes.experts, "size", "Llama-4-Scout-17B-16E", "Behind a size, such a number counts experts, and the size is what works for each token."),)
CONTEXT = (
    Case("tuned_on", sizes.tuned_on, "unknown", "mistral-7b-sft-200k", "Beside a tuning, thousands count what the model was tuned on."),
    Case("context", sizes.context, "context", "Phi-3-mini-4k-instruct", "Thousands that a context window has are its length; powers of two count 1,024."),
)
METHOD = (Case("method", packaging.method, "quantization", "Qwen2.5-7B-Instruct-AWQ", "A method is a method wherever it stands; the first counts, unless it says how and not what."),)
SCHEME = (Case("scheme", packaging.scheme, "quantization", "Qwen2.5-7B-Instruct-Q8_0.gguf", "A layout of llama.cpp tells method, layout and width."),)
NAMED_SCHEME = (Case("named_scheme", packaging.named_scheme, "quantization", "Qwen2.5-7B-NF4", "The name of a layout tells its method, where no other is named."),)
PLAIN_Q = (
    Case("gguf_width", packaging.gguf_width, "quantization", "Llama-3.2-1B-Instruct-Q8", "A q and a digit are a width of GGUF, unless another method or format is named."),
    Case("other_width", packaging.other_width, "quantization", "mlx-community/Qwen-7B-q4", "Under another method or format, they are a width of that one."),
)
MLC_SCHEME = (
    Case("onnx_scheme", packaging.onnx_scheme, "quantization", "onnx-community/Qwen3-0.6B-ONNX-q4f16", "ONNX has a q4f16 of its own."),
    Case("mlc_scheme", packaging.mlc_scheme, "quantization", "Llama-3.2-1B-Instruct-q4f16_1", "Otherwise it is a layout of MLC."),
)
WEIGHT_ACTIVATION = (Case("activations", packaging.activations, "quantization", "Qwen3-8B-W4A16", "Bits of weights and activations are a layout of compressed-tensors."),)
BITS = (Case("bits", packaging.bits, "quantization", "mlx-community/Qwen3-8B-4bit", "Bits a weight are the width; the method may be the owner's."),)
GROUP = (Case("group", packaging.group, "quantization", "Mistral-7B-Instruct-v0.2-GPTQ-4bit-128g", "A group size counts beside bits or a method."),)
HEAD_BITS = (Case("head_bits", packaging.head_bits, "quantization", "Llama-3-8B-exl2-6.0bpw-h6", "Bits of the output layer stand beside the others."),)
FORMAT = (
    Case("short_format", packaging.short_format, "unknown", "llava-onevision-7b-ov", "A word of two letters is a format only behind a width."),
    Case("format", packaging.format_word, "format", "Qwen3-8B-GGUF", "A format is a format wherever it stands; the first counts."),
)
DTYPE = (Case("dtype", packaging.dtype, "dtype", "Qwen3-8B-bf16", "A dtype of 16 or 32 bits is no quantization."),)
SHARD = (Case("shard", packaging.taken, "shard", "Qwen3-8B-00001-of-00002.gguf", "The number of a file of several says nothing of the model."),)
SUFFIX = (Case("suffix", packaging.taken, "serving", "deepseek-v3-free", "A word at the end may say how an API serves the model."),)
IGNORED = (Case("ignored", packaging.taken, "format", "Qwen3-8B-hf", "Some words about packaging are no fact of the model."),)

CASES: dict[Role, tuple[Case, ...]] = {
    "family": FAMILY, "company": COMPANY, "reseller": RESELLER, "type": TYPE, "tier": TIER, "variant": VARIANT, "unknown": UNKNOWN,
    "number": NUMBER, "date": DATE, "version": VERSION, "lettered": LETTERED, "suffixed": SUFFIXED,
    "size": SIZE, "mixture": MIXTURE, "active": ACTIVE, "effective": EFFECTIVE, "experts": EXPERTS, "context": CONTEXT,
    "method": METHOD, "scheme": SCHEME, "named_scheme": NAMED_SCHEME, "plain_q": PLAIN_Q, "mlc_scheme": MLC_SCHEME,
    "weight_activation": WEIGHT_ACTIVATION, "bits": BITS, "group": GROUP, "head_bits": HEAD_BITS, "format": FORMAT, "dtype": DTYPE,
    "shard": SHARD, "suffix": SUFFIX, "ignored": IGNORED,
}  # fmt: skip
"""Role -> its cases; separators and the parts around a name have none."""
CHAPTERS: Mapping[str, tuple[Role, ...]] = {
    "Families": ("family", "company", "reseller"),
    "Types": ("type", "tier", "variant", "unknown"),
    "Versions and dates": ("number", "date", "version", "lettered", "suffixed"),
    "Sizes and contexts": ("size", "mixture", "active", "effective", "experts", "context"),
    "Packaging": (
        "method", "scheme", "named_scheme", "plain_q", "mlc_scheme", "weight_activation", "bits", "group", "head_bits", "format", "dtype", "shard",
        "suffix", "ignored",
    ),
}  # fmt: skip
"""The chapters in which people read them."""
