"""Tests of a whole reply on checkpoints that say what is wanted: what is thinking, where it ends, what the prompt holds."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING, Any

import pytest

import modelcatalog as mc
from modelcatalog.cli import main
from modelcatalog.errors import EngineError, IntegrityError, ModelCatalogError, Unsupported

pytest.importorskip("torch")
pytest.importorskip("transformers")

from scripted import CHATML, PLAIN, gguf_file, metaspace, scripted, tokenizer

if TYPE_CHECKING:
    from pathlib import Path

HARMONY = ("<|return|>", "<|start|>", "<|end|>", "<|message|>", "<|channel|>", "<|call|>", "<|constrain|>")
HARMONY_TEMPLATE = (
    "{% for m in messages %}{% if m['role'] == 'assistant' %}{{ '<|start|>assistant<|channel|>final<|message|>' + m['content'] + '<|end|>' }}"
    "{% else %}{{ '<|start|>' + m['role'] + '<|message|>' + m['content'] + '<|end|>' }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start|>assistant' }}{% endif %}"
)
GEMMA_TEMPLATE = (
    "{% for m in messages %}{{ '<|turn>' + ('model' if m['role'] == 'assistant' else m['role']) + '\n' + m['content'] + '<turn|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|turn>model\n' }}{% endif %}"
)
KIMI_END = "<|close|>response<|sep|><|close|>message<|sep|><|end_of_msg|>"
OPENED = CHATML.replace("<|im_start|>assistant\n'", "<|im_start|>assistant\n<think>\n'")


def ask(model: mc.ChatModel, prompt: Any = "hi", **generation: Any) -> mc.Reply:
    """A greedy reply, whose stream gives the same text in pieces, and so does a batch."""
    options = {"max_new_tokens": 120, "do_sample": False, **generation}
    reply = model.chat(prompt, **options)
    stream = model.stream(prompt, **options)
    assert "".join(stream) == stream.reply.text == reply.text
    (other,) = model.batch([prompt], **options)
    assert (other.text, other.thinking, other.finish_reason) == (reply.text, reply.thinking, reply.finish_reason)
    return reply


def prompt_ids(model: mc.ChatModel, messages: Any, **generation: Any) -> list[int]:
    """The tokens of a prompt."""
    from modelcatalog import engines
    from modelcatalog.chat import asking

    return list(model._engine._ask(asking.messages(messages), engines.options(8, generation)).row.ids)  # type: ignore[attr-defined]


class TestThinking:
    """Thinking is split off in chat, stream, batch and session, in the marks of every family."""

    @pytest.mark.parametrize(
        ("specials", "template", "reply"),
        [
            (HARMONY, PLAIN, "<|channel|>analysis<|message|>A greeting.<|end|><|start|>assistant<|channel|>final<|message|>Hello!<|return|>"),
            (HARMONY, HARMONY_TEMPLATE, "<|channel|>analysis<|message|>A greeting.<|end|><|start|>assistant<|channel|>final<|message|>Hello!<|return|>"),
            (("<turn|>", "<|turn>", "<|channel>", "<channel|>"), GEMMA_TEMPLATE, "<|channel>thought\nA greeting.<channel|>Hello!<turn|>"),
            (("<|eos|>", "[THINK]", "[/THINK]"), PLAIN, "[THINK]A greeting.[/THINK]Hello!<|eos|>"),
            (("<|eos|>", "<think>", "</think>"), PLAIN, "<think>\nA greeting.\n</think>\n\nHello!<|eos|>"),
            (("<|im_end|>", "<|im_start|>", "<think>", "</think>"), OPENED, "A greeting.\n</think>\n\nHello!<|im_end|>"),
            (("<|eos|>", "<|inner_prefix|>", "<|inner_suffix|>"), PLAIN, "<|inner_prefix|>A greeting.<|inner_suffix|>Hello!<|eos|>"),
            (
                ("<|END_OF_TURN_TOKEN|>", "<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>", "<|END_RESPONSE|>"), PLAIN,
                "<|START_THINKING|>A greeting.<|END_THINKING|><|START_RESPONSE|>Hello!<|END_RESPONSE|><|END_OF_TURN_TOKEN|>",
            ),
            (
                ("<|end_of_msg|>", "<|open|>", "<|close|>", "<|sep|>"), PLAIN,
                f"<|open|>think<|sep|>A greeting.<|close|>think<|sep|><|open|>response<|sep|>Hello!{KIMI_END}",
            ),
            (("<|eos|>", "<|idea_think_start|>", "<|idea_think_end|>"), PLAIN, "<|idea_think_start|>A greeting.<|idea_think_end|>Hello!<|eos|>"),
            (("<|eos|>",), PLAIN, "<seed:think>A greeting.</seed:think>Hello!<|eos|>"),
            (("<|eos|>",), PLAIN, "<reasoning>\nA greeting.\n</reasoning>\n<answer>\nHello!\n</answer><|eos|>"),
            (("<|eos|>",), PLAIN, "Here is my thought process: A greeting. Here is my response: Hello!<|eos|>"),
        ],
    )  # fmt: skip
    def test_marks(self, tmp_path: Path, specials: tuple[str, ...], template: str, reply: str) -> None:
        """The answer and the thinking, as marks that decoding drops, as letters, and opened by the template."""
        words = tokenizer(specials, specials[0], template)
        with mc.load(scripted(tmp_path, words, reply)) as model:
            got = ask(model)
            assert (got.text, got.thinking, got.finish_reason) == ("Hello!", "A greeting.", "stop")
            session = model.session()
            assert session.chat("hi", max_new_tokens=120, do_sample=False).text == "Hello!"
            told = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "Hello!"}, {"role": "user", "content": "bye"}]
            assert prompt_ids(model, [*session.messages, {"role": "user", "content": "bye"}]) == bare(words, told)

    @pytest.mark.parametrize(("begin", "end"), [("<musing>", "</musing>"), ("<|muse|>aloud\n", ["<|muse_end|>", "<|x|>"])])
    def test_by_the_checkpoint_itself(self, tmp_path: Path, begin: str, end: Any) -> None:
        """Marks that no data file has are taken from the tokenizer's response_template, where transformers keeps one."""
        words = tokenizer(("<|eos|>", "<|muse|>", "<|muse_end|>"), "<|eos|>", PLAIN)
        closes = end if isinstance(end, str) else end[0]
        folder = scripted(tmp_path, words, f"{begin}A greeting.{closes}Hello!<|eos|>")
        file = folder / "tokenizer_config.json"
        fields = {"reasoning_content": {"open": begin, "close": end}, "content": {"close_pattern": "(a+)+$"}}
        stated = json.loads(file.read_text(encoding="utf-8")) | {"response_template": {"start_anchor": "assistant", "fields": fields}}
        file.write_text(json.dumps(stated), encoding="utf-8")
        with mc.load(folder) as model:
            assert (ask(model).text, ask(model).thinking) == ("Hello!", "A greeting.")

    def test_cut(self, tmp_path: Path) -> None:
        """A reply that is cut within its thinking has no answer, and one within a header shows none of it."""
        words = tokenizer(HARMONY, "<|return|>", HARMONY_TEMPLATE)
        with mc.load(scripted(tmp_path, words, "<|channel|>analysis<|message|>A greeting, so I greet.<|end|>")) as model:
            assert (ask(model, max_new_tokens=5).text, ask(model, max_new_tokens=5).thinking) == ("", None)
            got = ask(model, max_new_tokens=20)
            assert (got.text, got.thinking, got.finish_reason) == ("", "A greeting", "length")

    def test_switched_off_by_the_template(self, tmp_path: Path) -> None:
        """Where the template closes the thinking at once, the reply is the answer, as it stands."""
        words = tokenizer(template=CHATML.replace("<|im_start|>assistant\n'", "<|im_start|>assistant\n<think>\n\n</think>\n\n'"))
        with mc.load(scripted(tmp_path, words, "Hello! <think> is a tag.<|im_end|>")) as model:
            assert (ask(model).text, ask(model).thinking) == ("Hello! <think> is a tag.", None)

    def test_short_words_in_the_template(self, tmp_path: Path) -> None:
        """A word of the user that stands in the template's opening mark hides it not."""
        for word in ("think", "in", "<"):
            words = tokenizer(template=CHATML.replace("<|im_start|>assistant\n'", "' + ('<|im_start|>assistant\n<think>\n' if messages else '')"))
            with mc.load(scripted(tmp_path / str(len(word)), words, "x</think>y<|im_end|>", word)) as model:
                assert (ask(model, word).text, ask(model, word).thinking) == ("y", "x")

    def test_user_speaks_of_tags(self, tmp_path: Path) -> None:
        """A user's own words open no thinking, and the wrapper that they ask for is theirs."""
        with mc.load(scripted(tmp_path, tokenizer(template=PLAIN), "Hello!<|im_end|>", "Explain <think>")) as model:
            assert (ask(model, "Explain <think>").text, ask(model, "Explain <think>").thinking) == ("Hello!", None)
        wants = "Use <answer> tags."
        with mc.load(scripted(tmp_path / "2", tokenizer(), "<think>x</think><answer>y</answer><|im_end|>", wants)) as model:
            assert ask(model, wants).text == "<answer>y</answer>"

    def test_nothing_but_an_answer(self, tmp_path: Path) -> None:
        """A reply's own line breaks are kept, and spaces."""
        with mc.load(scripted(tmp_path, tokenizer(), "\n\n    code\n<|im_end|>")) as model:
            assert ask(model).text == "\n\n    code\n"


def bare(words: Any, messages: Any) -> list[int]:
    """The prompt of bare transformers."""
    return list(words.apply_chat_template(messages, add_generation_prompt=True, return_dict=True)["input_ids"])


class TestEnds:
    """A reply ends where its turn ends."""

    @pytest.mark.parametrize(
        "template",
        [
            CHATML,
            CHATML.replace("{% if add_generation_prompt %}", "{% if true %}"),
            "{% for m in messages %}{{ 'USER: ' + m['content'] + ' ' if m['role'] == 'user' else m['content'] + '<|im_end|>' }}{% endfor %}",
            "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] }}{% if not loop.last %}{{ '\n<|im_end|>\n' }}{% endif %}{% endfor %}",
            "{% for m in messages %}{{ '<|im_start|>' }}{% for p in m['content'] %}{{ p['text'] }}{% endfor %}{{ '</answer><|im_end|>' }}{% endfor %}",
        ],
    )
    def test_by_the_template(self, tmp_path: Path, template: str) -> None:
        """The token that closes an assistant's turn in the template ends a reply, though no file names it."""
        words = tokenizer(eos="<|endoftext|>", template=template)
        messages = [{"role": "user", "content": [{"type": "text", "text": "hi"}] if "p['text']" in template else "hi"}]
        with mc.load(scripted(tmp_path, words, "Paris.<|im_end|>\n<|im_start|>user\nMore?", len(bare(words, messages)))) as model:
            got = ask(model)
            assert (got.text, got.finish_reason) == ("Paris.", "stop")

    def test_a_channel_s_mark_without_channels(self, tmp_path: Path) -> None:
        """Phi closes its turns with the mark that closes a channel elsewhere."""
        template = "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] + '<|end|>\n' }}{% endfor %}<|assistant|>\n"
        words = tokenizer(("<|endoftext|>", "<|user|>", "<|assistant|>", "<|end|>"), "<|endoftext|>", template)
        with mc.load(scripted(tmp_path, words, "Paris.<|end|>\n<|user|>")) as model:
            assert (ask(model).text, ask(model).finish_reason) == ("Paris.", "stop")

    @pytest.mark.parametrize(
        "template",
        [
            "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '<|im_end|>' + m['content'] }}{% endfor %}",
            "{% for m in messages %}{{ m['content'] }}{% if not loop.last %}{{ '<|im_end|>' }}{% endif %}{% endfor %}",
            "{% for m in messages %}{{ '<|im_start|>' + m['content'] + '<|im_end|>response<|im_end|>' }}{% endfor %}",
        ],
    )
    def test_not_by_what_only_parts(self, tmp_path: Path, template: str) -> None:
        """A token that begins the next turn, parts two, or is a part of a longer mark is not an end."""
        words = tokenizer(eos="<|endoftext|>", template=template)
        with mc.load(scripted(tmp_path, words, "Paris.<|im_end|>Rome.<|endoftext|>")) as model:
            assert ask(model).text == "Paris.Rome."

    def test_by_the_token_of_the_user(self, tmp_path: Path) -> None:
        """Where turns are closed by what opens the next one, as GLM's are, the user's token ends a reply, and the assistant's does not."""
        template = "{% for m in messages %}{{ '<|' + m['role'] + '|>\n' + m['content'] }}{% endfor %}<|assistant|>\n"
        words = tokenizer(("<|endoftext|>", "<|user|>", "<|assistant|>"), "<|endoftext|>", template)
        with mc.load(scripted(tmp_path, words, "Par<|assistant|>is.<|user|>\nMore?")) as model:
            assert (ask(model).text, ask(model).finish_reason) == ("Paris.", "stop")

    @pytest.mark.parametrize("where", ["config.json", "generation_config.json"])
    def test_by_the_files(self, tmp_path: Path, where: str) -> None:
        """The lists in config.json and in generation_config.json count together."""
        words = tokenizer(eos="<|endoftext|>", template=PLAIN)
        folder = scripted(tmp_path, words, "Paris.<|im_end|>Rome.")
        ends = words.convert_tokens_to_ids(["<|endoftext|>", "<|im_end|>"])
        file = folder / where
        stated = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps(stated | {"eos_token_id": ends}), encoding="utf-8")
        with mc.load(folder) as model:
            assert (ask(model).text, ask(model).finish_reason) == ("Paris.", "stop")

    @pytest.mark.parametrize(
        ("file", "stated"),
        [
            ("tokenizer_config.json", {"eos_token_ids": [256, 258]}), ("config.json", {"eos_token_ids": [258]}),
            ("generation_config.json", {"eos_token_ids": 258}), ("tokenizer_config.json", {"eot_token": "<|im_end|>"}),
        ],
    )  # fmt: skip
    def test_by_other_names(self, tmp_path: Path, file: str, stated: dict[str, Any]) -> None:
        """What mlx-lm and others write into the same files."""
        words = tokenizer(eos="<|endoftext|>", template=PLAIN)
        assert words.convert_tokens_to_ids(["<|endoftext|>", "<|im_end|>"]) == [256, 258]
        folder = scripted(tmp_path, words, "Paris.<|im_end|>More")
        said = json.loads((folder / file).read_text(encoding="utf-8"))
        (folder / file).write_text(json.dumps(said | stated), encoding="utf-8")
        with mc.load(folder) as model:
            assert (ask(model).text, ask(model).finish_reason) == ("Paris.", "stop")

    @pytest.mark.parametrize("file", [True, False])
    def test_a_word_is_no_end(self, tmp_path: Path, file: bool) -> None:  # noqa: FBT001
        """A number in config.json that is an ordinary word ends no reply: transformers fills such numbers in."""
        words = tokenizer()
        folder = scripted(tmp_path, words, "Paris.<|im_end|>")
        config = folder / "config.json"
        stated = json.loads(config.read_text(encoding="utf-8"))
        config.write_text(json.dumps(stated | {"eos_token_id": words.convert_tokens_to_ids("r")}), encoding="utf-8")
        if not file:
            (folder / "generation_config.json").unlink()
        with mc.load(folder) as model:
            assert ask(model).text == "Paris."

    def test_end_of_a_channel(self, tmp_path: Path) -> None:
        """Where messages have channels, the end of one is not that of the reply, whatever the files and the template say."""
        words = tokenizer(HARMONY, "<|return|>", HARMONY_TEMPLATE)
        reply = "<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>y<|return|>"
        with mc.load(scripted(tmp_path, words, reply, end="<|end|>")) as model:
            assert (ask(model).text, ask(model).thinking, ask(model).finish_reason) == ("y", "x", "stop")

    def test_session_keeps_its_cache(self, tmp_path: Path) -> None:
        """After a turn that the template's own token ended, the next one reads only what is new."""
        words = tokenizer(eos="<|endoftext|>")
        with mc.load(scripted(tmp_path, words, "Paris.<|im_end|>")) as model:
            session = model.session()
            session.chat("hi", max_new_tokens=20, do_sample=False)
            before = bare(words, [{"role": "user", "content": "hi"}])
            kept: Any = session._memory
            assert kept.ids[: len(before)] == before
            assert len(kept.ids) >= len(before) + len("Paris.")


class TestStop:
    """Stop strings are about the answer."""

    def test_inside_the_thinking(self, tmp_path: Path) -> None:
        """One inside the thinking does not count, the next one does."""
        with mc.load(scripted(tmp_path, tokenizer(), "<think>One.\n\nTwo.</think>Hello!\n\nBye.<|im_end|>")) as model:
            got = ask(model, stop="\n\n")
            assert (got.text, got.thinking, got.finish_reason) == ("Hello!", "One.\n\nTwo.", "stop")

    @pytest.mark.parametrize("specials", [("<|im_end|>", "<|im_start|>"), ("<|im_end|>", "<|im_start|>", "<think>", "</think>")])
    def test_end_of_the_thinking(self, tmp_path: Path, specials: tuple[str, ...]) -> None:
        """The mark itself may be asked for, and only thinking comes; parts of a mark or of a special token are not stop strings."""
        with mc.load(scripted(tmp_path, tokenizer(specials), "<think>One.</think>Hello > you|<|im_end|>")) as model:
            got = ask(model, stop="</think>")
            assert (got.text, got.thinking, got.finish_reason) == ("", "One.", "stop")
            assert ask(model, stop=">").text == "Hello "
            assert ask(model, stop="|").text == "Hello > you"

    @pytest.mark.parametrize(("stop", "text"), [("<|x|>", "one"), ("e<|x|>t", "on"), ("two<|im_end|>", "one"), (["two", "<|x|>"], "one"), ("wo", "onet")])
    def test_special_tokens(self, tmp_path: Path, stop: Any, text: str) -> None:
        """A special token's text ends the reply, as in transformers' stop_strings, in chat and in complete."""
        words = tokenizer(("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|x|>"))
        with mc.load(scripted(tmp_path, words, "one<|x|>two<|im_end|>")) as model:
            assert (ask(model, stop=stop).text, ask(model, stop=stop).finish_reason) == (text, "stop")
        with mc.load(scripted(tmp_path / "2", words, "one<|x|>two<|im_end|>", 2)) as model:
            assert model.complete("hi", stop=stop, max_new_tokens=20, do_sample=False).text == text


class TestComplete:
    """Text and reply together are what the model wrote."""

    def test_space_of_the_first_word(self, tmp_path: Path) -> None:
        """A tokenizer that hides the space before a first word hides none here."""
        words = metaspace()
        reply = words.convert_tokens_to_ids(["▁Paris", "▁and", "s", "</s>"])
        with mc.load(scripted(tmp_path, words, reply, 3)) as model:
            assert model.complete("The capital is", max_new_tokens=9, do_sample=False).text == " Paris ands"
        with mc.load(scripted(tmp_path / "2", words, words.convert_tokens_to_ids(["s", "▁Paris", "</s>"]), 3)) as model:
            assert model.complete("The capital is", max_new_tokens=9, do_sample=False).text == "s Paris"

    def test_no_end_behind_the_text(self, tmp_path: Path) -> None:
        """A tokenizer that ends every text does not end the one that goes on, unless its own last words are that end."""
        from tokenizers.processors import TemplateProcessing

        words = tokenizer()
        ids = [(word, words.convert_tokens_to_ids(word)) for word in ("<|endoftext|>", "<|im_end|>")]
        words.backend_tokenizer.post_processor = TemplateProcessing(single="<|endoftext|> $A <|im_end|>", special_tokens=ids)
        with mc.load(scripted(tmp_path, words, "x", 2)) as model:
            asked = {text: model.complete(text, max_new_tokens=1).usage.prompt_tokens for text in ("abc", "abc<|im_end|>")}
        assert asked == {"abc": 4, "abc<|im_end|>": 5}

    def test_switches_of_templates(self, tmp_path: Path) -> None:
        """What is about templates is refused where none is used."""
        with mc.load(scripted(tmp_path, tokenizer(), "x", 2)) as model:
            for option in ({"enable_thinking": False}, {"chat_template": CHATML}):
                with pytest.raises(Unsupported, match="is about chat templates"):
                    model.complete("hi", max_new_tokens=2, **option)


def test_thousands_of_choices(tmp_path: Path) -> None:
    """A label of several thousand, some of which begin another."""
    pytest.importorskip("llguidance")
    labels = [f"label {number}" for number in range(3_000)]
    with mc.load(scripted(tmp_path, tokenizer(), "x")) as model:
        assert model.chat("hi", choices=labels, max_new_tokens=30, do_sample=False).parsed in labels


def test_context_that_was_asked_for(tmp_path: Path) -> None:
    """``context_length=`` bounds conversations, also where the model reads more; what a plan counts with by itself does not."""
    folder = scripted(tmp_path, tokenizer(), "one two three four five six<|im_end|>")
    with mc.load(folder) as model:
        prompt = ask(model).usage.prompt_tokens
    with mc.load(folder, context_length=prompt + 3) as model:
        with pytest.warns(UserWarning, match="the context is full"):
            reply = ask(model)
        assert (reply.text, reply.finish_reason) == ("one", "length")
        with pytest.raises(Unsupported, match=f"the model reads {prompt + 3}") as caught:
            model.chat("hello", max_new_tokens=2)
        assert "context_length=" in str(caught.value.hint)


def test_tokens_without_embeddings(tmp_path: Path) -> None:
    """A tokenizer with more tokens than the model: those that it has no embedding of are refused by name, in a batch that reply alone."""
    words = tokenizer()
    folder = scripted(tmp_path, words, "Paris.<|im_end|>")
    rows = len(words)
    words.add_tokens(["<late>"])
    words.save_pretrained(folder)
    with mc.load(folder) as model:
        assert ask(model).text == "Paris."
        for wrong in (model.chat, model.complete):
            with pytest.raises(Unsupported, match=f"has the token <late>, number {rows}, and .* has {rows} embeddings") as caught:
                wrong("a <late> b")
            assert caught.value.hint
        assert [reply.finish_reason for reply in model.batch(["hi", "<late>"], max_new_tokens=9)] == ["stop", "error"]


LLAVA = (
    "{% for message in messages %}{% if message['role'] != 'system' %}{{ message['role'].upper() + ': ' }}{% endif %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' ' }}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
)
IDEFICS = (
    "{% for m in messages %}{{ m['role'] | capitalize }}{% if m['content'][0]['type'] == 'image' %}{{ ':' }}{% else %}{{ ': ' }}{% endif %}"
    "{% for line in m['content'] %}{% if line['type'] == 'text' %}{{ line['text'] }}{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}"
    "<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
MIXED = (
    "{% if messages[0]['role'] == 'system' %}{{ messages[0]['content'] + '\n' }}{% set messages = messages[1:] %}{% endif %}"
    "{% for m in messages %}{{ m['role'] }}: {% for p in m['content'] %}{{ p['text'] }}{% endfor %}\n{% endfor %}"
)
BOTH = (
    "{% for m in messages %}{{ m['role'] }}: {% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for p in m['content'] %}{{ p['text'] }}{% endfor %}{% endif %}\n{% endfor %}"
)
MERGED = (
    "{% if messages[0]['role'] == 'system' %}{% set first = messages[0]['content'] %}{% set messages = messages[1:] %}{% endif %}"
    "{% for m in messages %}{% if m['role'] == 'user' %}[INST] {% if loop.last and first is defined %}{{ first + '\n\n' }}{% endif %}"
    "{{ m['content'] | trim }} [/INST]{% else %} {{ m['content'] | trim | e }}</s>{% endif %}{% endfor %}"
)
TALK = [
    {"role": "system", "content": 'Be "brief" & kind.'},
    {"role": "user", "content": "  What is <b>x</b>?\n\nTell\tme.  "},
    {"role": "assistant", "content": "<think>hm</think>It's 'y'."},
    {"role": "user", "content": "Why, 为什么?"},
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A checkpoint that reads any template."""
    with mc.load(scripted(tmp_path_factory.mktemp("any"), tokenizer(), "Hello!<|im_end|>", positions=512)) as loaded:
        yield loaded


class TestPrompt:
    """What was said stands in the prompt."""

    @pytest.mark.parametrize("template", [LLAVA, IDEFICS])
    def test_parts(self, model: mc.ChatModel, template: str) -> None:
        """Templates of vision models get the words as parts, and write what bare transformers writes of them."""
        words = model._engine._tokenizer  # type: ignore[attr-defined]
        talk = [one for one in TALK if template is not IDEFICS or one["role"] != "system"]
        parts: Any = [{**one, "content": [{"type": "text", "text": one["content"]}]} for one in talk]
        expected = words.apply_chat_template(parts, chat_template=template, add_generation_prompt=True, return_dict=True)["input_ids"]
        assert prompt_ids(model, talk, chat_template=template) == expected

    @pytest.mark.parametrize("template", [CHATML, BOTH, MIXED, MERGED, "{{ messages | tojson }}", CHATML.replace("m['content']", "(m['content'] | upper)")])
    def test_strings(self, model: mc.ChatModel, template: str) -> None:
        """Templates that trim, escape, merge or write capitals are taken as they are; those that take both get a text."""
        ids = prompt_ids(model, TALK, chat_template=template)
        text = model._engine._tokenizer.decode(ids).casefold()  # type: ignore[attr-defined]
        assert "'type'" not in text
        assert all(word in text for word in ("brief", "tell", "it", "为什么" if "tojson" not in template else "why"))

    @pytest.mark.parametrize(
        ("template", "said"),
        [
            ("{% for m in messages %}{% if m['role'] != 'system' %}{{ m['content'] }}{% endif %}{% endfor %}", r"message 1 \(system\) says: 'Be "),
            ("{{ messages[-1]['content'] }}", r"message 1 \(system\)"),
            ("{% for m in messages[:-1] %}{{ m['content'] }}{% endfor %}", r"message 4 \(user\) says: 'Why, 为什么\?'"),
            ("{% for m in messages %}{{ m['content'][:16] }}{% endfor %}", r"message 1 \(system\) says: 'kind\.'"),
            ("{% for m in messages %}{% if m['role'] != 'assistant' %}{{ m['content'] }}{% endif %}{% endfor %}", r"message 3 \(assistant\)"),
            ("constant", r"message 1 \(system\)"),
        ],
    )
    def test_left_out(self, model: mc.ChatModel, template: str, said: str) -> None:
        """A template that drops or cuts a message is an error that says which, with a next step."""
        with pytest.raises(Unsupported, match=said) as caught:
            model.chat(TALK, chat_template=template, max_new_tokens=2)
        assert "chat_template=" in (caught.value.hint or "")

    @pytest.mark.parametrize("word", ["a", "hi", "user", "1", "."])
    def test_short_words_stand_nowhere_by_chance(self, model: mc.ChatModel, word: str) -> None:
        """A template that drops the user is found out whatever he says, and one that does not is not."""
        dropping = "user: 1. hi\nassistant: a"
        if any(c.isalnum() for c in word):
            with pytest.raises(Unsupported, match="leaves out"):
                model.chat(word, chat_template=dropping, max_new_tokens=2)
        assert model.chat(word, max_new_tokens=2).usage.prompt_tokens

    def test_commands_that_templates_take(self, model: mc.ChatModel) -> None:
        """Words that a template acts on and cuts out are not missed."""
        template = CHATML.replace("m['content']", "(m['content'] | replace('/no_think', ''))")
        assert model.chat("Hello there /no_think", chat_template=template, max_new_tokens=2).usage.prompt_tokens

    def test_long_conversations_are_quick(self, model: mc.ChatModel) -> None:
        """Each order of roles is tried once."""
        template = CHATML + " "
        prompt_ids(model, "one", chat_template=template)
        forms = model._engine._prompter._forms  # type: ignore[attr-defined]
        known = len(forms._known)
        prompt_ids(model, "two", chat_template=template)
        assert len(forms._known) == known


class TestTemplates:
    """Templates wherever a checkpoint keeps them."""

    @pytest.mark.parametrize(
        "file", ["chat_template.json", "processor_config.json", "preprocessor_config.json", "chat_template.jinja", "tokenizer_config.json"]
    )
    def test_where(self, tmp_path: Path, file: str) -> None:
        """In any of its files, alone."""
        folder = scripted(tmp_path, tokenizer(), "Hello!<|im_end|>")
        (folder / "chat_template.jinja").unlink()
        place = folder / file
        stated = json.loads(place.read_text(encoding="utf-8")) if place.exists() else {}
        place.write_text(CHATML if file.endswith("jinja") else json.dumps(stated | {"chat_template": CHATML}), encoding="utf-8")
        with mc.load(folder) as model:
            assert model.has_chat_template
            assert model.plan.chat_template
            assert ask(model).text == "Hello!"

    @pytest.mark.parametrize(("file", "text"), [("chat_template.jinja", ""), ("tokenizer_config.json", '{"chat_template": 5}')])
    def test_none_at_all(self, tmp_path: Path, file: str, text: str) -> None:
        """An empty one, and what is not a text, are none, in the plan as in the model."""
        folder = scripted(tmp_path, tokenizer(), "Hello!<|im_end|>")
        (folder / "chat_template.jinja").unlink()
        stated = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
        (folder / file).write_text(json.dumps(stated | json.loads(text)) if text else "", encoding="utf-8")
        with mc.load(folder) as model:
            assert (model.has_chat_template, model.plan.chat_template) == (False, False)

    def test_byte_order_mark(self, tmp_path: Path) -> None:
        """What an editor puts before a file does not go to the model."""
        folder = scripted(tmp_path, tokenizer(), "Hello!<|im_end|>")
        file = folder / "chat_template.jinja"
        text = file.read_text(encoding="utf-8")
        with mc.load(folder) as model:
            expected = prompt_ids(model, "hi")
        file.write_text(text, encoding="utf-8-sig")
        with mc.load(folder) as model:
            assert prompt_ids(model, "hi") == expected

    def test_named(self, tmp_path: Path) -> None:
        """Several by name: the default one, another by its name, and without a default an error that lists them."""
        words = tokenizer(template={"default": CHATML, "loud": CHATML.replace("m['content']", "m['content'] + '!!'")})
        with mc.load(scripted(tmp_path, words, "Hello!<|im_end|>", 26)) as model:
            one, other = prompt_ids(model, "hi"), prompt_ids(model, "hi", chat_template="loud")
            assert len(other) == len(one) + 2
        words = tokenizer(template={"rag": CHATML, "tool_use": CHATML})
        with mc.load(scripted(tmp_path / "2", words, "Hello!<|im_end|>", 26)) as model, pytest.raises(Unsupported, match="rag, tool_use") as caught:
            model.chat("hi")
        assert "chat_template='rag'" in (caught.value.hint or "")

    def test_broken_json(self, tmp_path: Path) -> None:
        """A file that is not valid JSON is called that, by its name."""
        folder = scripted(tmp_path, tokenizer(), "Hello!<|im_end|>")
        (folder / "chat_template.jinja").unlink()
        (folder / "chat_template.json").write_text("{", encoding="utf-8")
        with pytest.raises(mc.IntegrityError, match=r"chat_template\.json is not valid JSON") as caught:
            mc.load(folder)
        assert caught.value.hint


class TestSwitches:
    """The switch for thinking is one that the template knows, or an error."""

    @pytest.mark.parametrize(
        "template",
        [
            "{% if enable_thinking is defined and not enable_thinking %}off{% endif %}",
            "{% set enable_thinking = enable_thinking | default(true) %}{% if not enable_thinking %}off{% endif %}",
            "{% if thinking is defined and not thinking %}off{% endif %}",
            "{% set ns = namespace(t=reasoning) %}{% if ns.t is false %}off{% endif %}",
            "{% macro m() %}{% if enable_thinking is false %}off{% endif %}{% endmacro %}{{ m() }}",
        ],
    )
    def test_known(self, model: mc.ChatModel, template: str) -> None:
        """By its usual name and by others, also behind macros and namespaces."""
        text = model._engine._tokenizer.decode(prompt_ids(model, "hi", chat_template=CHATML + template, enable_thinking=False))  # type: ignore[attr-defined]
        assert text.endswith("off")

    @pytest.mark.parametrize("value", [True, False])
    @pytest.mark.parametrize("template", ["", "{% set enable_thinking = false %}", "{# enable_thinking #}", "{{ reasoning_effort }}"])
    def test_unknown(self, model: mc.ChatModel, template: str, value: bool) -> None:  # noqa: FBT001
        """A template that does not read it, or sets it itself, would ignore it."""
        with pytest.raises(Unsupported, match="no switch for thinking") as caught:
            model.chat("hi", chat_template=CHATML + template, enable_thinking=value, max_new_tokens=2)
        assert "leave enable_thinking= out" in (caught.value.hint or "")
        if "effort" in template:
            assert "reasoning_effort" in (caught.value.hint or "")


class TestWrongInput:
    """What cannot be asked is a typed error with a next step; in a batch only that prompt fails."""

    @pytest.mark.parametrize(
        ("call", "said"),
        [
            (lambda m: m.chat("cut \ud83d"), "half a character"),
            (lambda m: m.chat([{"role": "user", "content": "\udcff"}]), "half a character"),
            (lambda m: m.chat([{"role": "user", "content": [{"type": "text", "text": "\ud83d"}]}]), "half a character"),
            (lambda m: m.chat("a", system="\ud83d"), "system= holds half a character"),
            (lambda m: m.session("\ud83d"), "half a character"),
            (lambda m: m.session().chat("\ud83d"), "half a character"),
            (lambda m: m.complete("\ud83d"), "half a character"),
            (lambda m: m.chat("a", stop="\ud83d"), "half a character"),
            (lambda m: m.chat("a", chat_template="\ud83d"), "half a character"),
            (lambda m: m.chat("a", chat_template=CHATML + "{{ '\\ud83d' }}"), "half a character"),
            (lambda m: m.chat(None), "not None"),
            (lambda m: m.chat(7), "not of type int"),
            (lambda m: m.chat(b"hi"), "not of type bytes"),
            (lambda m: m.chat({"role": "user", "content": "hi"}), "not of type dict"),
            (lambda m: m.chat(["hi"]), "message 1 is of type str"),
            (lambda m: m.chat([{"role": "user"}]), "message 1 has no content"),
            (lambda m: m.chat([{"content": "x"}]), "message 1 has no role"),
            (lambda m: m.chat([{"role": "user", "content": None}]), "the content of message 1 is None"),
            (lambda m: m.chat([{"role": "user", "content": 7}]), "the content of message 1 is of type int"),
            (lambda m: m.chat([{"role": "user", "content": [{"type": "image", "url": "x"}]}]), "the url of the image in message 1 is 'x'"),
            (lambda m: m.chat([{"role": "user", "content": [{"type": "text"}]}]), "has no text"),
            (lambda m: m.chat([{"role": "function", "content": "x"}]), "the role 'function'; there are system, user, assistant, tool"),
            (lambda m: m.chat([{"role": "developer", "content": "x"}]), "give instructions of a developer the role 'system'"),
            (lambda m: m.chat([{"role": ["user"], "content": "x"}]), "has the role"),
            (lambda m: m.chat([{"role": "user", "content": "x", "tool_calls": [1]}]), "tool_calls, which no engine here reads"),
            (lambda m: m.session().chat(None), "the content of the prompt is None"),
            (lambda m: m.session().chat([{"role": "user", "content": "x"}]), "a session keeps the conversation"),
            (lambda m: m.chat(mc.Reply(text="x")), "a prompt is a text or a list of messages, not of type Reply"),
            (lambda m: m.complete(["a"]), "complete continues a text, not of type list"),
            (lambda m: m.complete(None), "complete continues a text"),
            (lambda m: m.complete(b"a"), "complete continues a text"),
            (lambda m: m.batch("hello"), "batch takes many prompts"),
            (lambda m: m.batch(None), "batch takes many prompts"),
            (lambda m: m.chat("a", seed=2**70), "seed=1180591620717411303424: input should be less than"),
            (lambda m: m.chat("a", seed=True), "seed=True"),
            (lambda m: m.chat("a", seed=1.5), "seed=1.5"),
            (lambda m: m.chat("a", max_new_tokens=0), "max_new_tokens=0"),
            (lambda m: m.chat("a", max_new_tokens=True), "max_new_tokens=True"),
            (lambda m: m.chat("a", max_new_tokens=None), "max_new_tokens=None"),
            (lambda m: m.chat("a", temperature=float("nan")), "temperature=nan"),
            (lambda m: m.chat("a", temperature=float("inf")), "temperature=inf"),
            (lambda m: m.chat("a", repetition_penalty=float("inf")), "repetition_penalty=inf"),
            (lambda m: m.chat("a", temperature=True), "temperature=True"),
            (lambda m: m.chat("a", top_k=-1), "top_k=-1"),
            (lambda m: m.chat("a", do_sample=False, temperature=0.7), "contradict each other"),
            (lambda m: m.chat("a", do_sample=True, temperature=0), "contradict each other"),
            (lambda m: m.chat("a", stop=7), "stop=7"),
            (lambda m: m.chat("a", stop=[7]), "stop=7|stop=\\[7\\]"),
            (lambda m: m.chat("a", stop=""), "stop="),
            (lambda m: m.chat("a", stop=b"x"), "stop="),
        ],
    )
    def test_refused(self, model: mc.ChatModel, call: Any, said: str) -> None:
        """Each says what was expected and what to do."""
        with pytest.raises(Unsupported, match=said) as caught:
            call(model)
        assert caught.value.hint or "role 'system'" in str(caught.value)

    def test_in_a_batch(self, model: mc.ChatModel) -> None:
        """The others are answered, in their order."""
        prompts: Any = ["hi", "cut \ud83d", None, [{"role": "function", "content": "x"}], "hi"]
        replies = list(model.batch(prompts, max_new_tokens=9, do_sample=False))
        assert [reply.finish_reason for reply in replies] == ["stop", "error", "error", "error", "stop"]
        assert all(isinstance(reply.error, ModelCatalogError) for reply in replies[1:4])
        for reply in replies:
            again = mc.Reply.model_validate_json(reply.model_dump_json())
            assert (str(again), again.finish_reason, str(again.error)) == (str(reply), reply.finish_reason, str(reply.error))
        assert mc.Reply.model_json_schema(mode="serialization")["properties"]["error"]["anyOf"][0] == {"type": "string"}

    @pytest.mark.parametrize("seed", [0, -1, 2**32, 2**63 - 1, -(2**63)])
    def test_seeds(self, model: mc.ChatModel, seed: int) -> None:
        """Every number of 64 bits is a seed."""
        assert model.chat("hi", temperature=1.0, seed=seed, max_new_tokens=2).usage.completion_tokens

    def test_parts_of_text(self, model: mc.ChatModel) -> None:
        """Text in parts is put together, as a content, as a prompt, as a system prompt, in a session."""
        parts = [{"type": "text", "text": "What is "}, {"type": "text", "text": "x?"}]
        expected = prompt_ids(model, "What is x?")
        assert prompt_ids(model, parts) == prompt_ids(model, [{"role": "user", "content": parts}]) == expected
        session = model.session()
        session.chat(parts, max_new_tokens=2)
        assert session.messages[0].content == "What is x?"

    def test_bytes_on_the_command_line(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        """Arguments that are not UTF-8 are answered, with replacement characters in their place, as lines of standard input are."""
        folder = scripted(tmp_path, tokenizer(), "Hello!<|im_end|>", 40)
        given = [b"\xff\xfe", b"--system", b"\xff", b"--max-new-tokens", b"2", b"--json"]
        # As Python takes them from the system, which is what this is about.
        monkeypatch.setattr(sys, "argv", ["modelcatalog", "chat", str(folder), *(one.decode("utf-8", "surrogateescape") for one in given)])
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(), encoding="utf-8"))
        with suppress(SystemExit):
            main()
        out, err = capfd.readouterr()
        assert json.loads(out)["error"] is None
        assert "Traceback" not in err

    def test_an_error_leaves_no_trace(self, model: mc.ChatModel) -> None:
        """A prompt that is refused is not in the history."""
        session = model.session()
        with pytest.raises(Unsupported):
            session.chat("\ud83d")
        assert session.messages == ()
        assert isinstance(EngineError("x").partial, str)


WORDS = ["▁hi", "▁Paris", "▁and", "s", "▁", ".", "h", "i", "[A]", "<eot>", "<think>", "</think>"]
TURNS = "{% for m in messages %}{{ m['content'] }}{% if m['role'] == 'user' %}{{ '[A]' }}{% else %}{{ '</s>' }}{% endif %}{% endfor %}"


@pytest.mark.parametrize("engine", ["transformers", "llama.cpp"])
class TestGguf:
    """A GGUF file says the same on both engines that read it."""

    @pytest.mark.parametrize(
        ("chain", "text", "thinking"),
        [
            ({"[A]": "▁Paris", "▁Paris": "▁and", "▁and": "</s>"}, "Paris and", None),
            ({"[A]": "▁Paris", "▁Paris": "<eot>"}, "Paris", None),
            ({"[A]": "<think>", "<think>": "▁and", "▁and": "</think>", "</think>": "▁Paris", "▁Paris": "s", "s": "<eot>"}, "Pariss", "and"),
        ],
    )
    def test_chat(self, tmp_path: Path, engine: str, chain: dict[str, str], text: str, thinking: str | None) -> None:
        """Ends that the file names, marks that are control tokens, no space before the first word."""
        pytest.importorskip("gguf" if engine == "transformers" else "llama_cpp", exc_type=ImportError)
        file = gguf_file(tmp_path, chain, WORDS, TURNS, special=("[A]", "<eot>", "<think>", "</think>"), eot="<eot>")
        with mc.load(file, engine=engine, device="cpu") as model:
            reply = model.chat("hi", max_new_tokens=9, do_sample=False)
            assert (reply.text, reply.thinking, reply.finish_reason) == (text, thinking, "stop")
            with pytest.raises(Unsupported, match="no switch for thinking"):
                model.chat("hi", enable_thinking=False)
            assert model.chat("hi", max_new_tokens=9, do_sample=False, stop="</think>" if thinking else "nothing").finish_reason == "stop"

    def test_complete(self, tmp_path: Path, engine: str) -> None:
        """Text and reply together are what the model wrote."""
        pytest.importorskip("gguf" if engine == "transformers" else "llama_cpp", exc_type=ImportError)
        file = gguf_file(tmp_path, {"i": "▁Paris", "▁hi": "▁Paris", "▁Paris": "▁and", "▁and": "s", "s": "</s>"}, WORDS, special=("[A]", "<eot>"))
        with mc.load(file, engine=engine, device="cpu") as model:
            assert model.complete("hi", max_new_tokens=9, do_sample=False).text == " Paris ands"


class TestNoChoice:
    """Scores that tell no token from another are an error, and no reply of first tokens."""

    @pytest.mark.parametrize("way", ["loop", "generate"])
    @pytest.mark.parametrize(("value", "said"), [(float("nan"), "not numbers"), (0.0, "the scores of all tokens are the same")], ids=["nan", "same"])
    def test_an_error(self, tmp_path: Path, value: float, said: str, way: str) -> None:
        """In a chat, a session and a batch, greedily and by chance, whoever makes the tokens."""
        from safetensors.torch import load_file, save_file

        folder = scripted(tmp_path, tokenizer(), "Paris.<|im_end|>")
        weights = load_file(folder / "model.safetensors")
        weights["lm_head.weight"].fill_(value)
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        if way == "generate":
            stated = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
            (folder / "generation_config.json").write_text(json.dumps(stated | {"no_repeat_ngram_size": 9}), encoding="utf-8")
        with mc.load(folder) as model:
            assert model.decoding.startswith(way)
            for sampled in (False, True):
                for talk in (model, model.session()):
                    with pytest.raises(EngineError, match=said) as caught:
                        talk.chat("hi", max_new_tokens=2, do_sample=sampled)
                    assert caught.value.hint is not None
                    assert 'dtype="bfloat16"' in caught.value.hint
                failed = [reply.error for reply in model.batch(["hi", "ho"], max_new_tokens=2, do_sample=sampled)]
                assert [type(error) for error in failed] == [EngineError, EngineError]

    def test_the_first_token_by_right(self, tmp_path: Path) -> None:
        """The first of the vocabulary is as good a token as any other."""
        words = tokenizer()
        first = words.decode([0])
        with mc.load(scripted(tmp_path, words, f"{first}{first}a<|im_end|>")) as model:
            assert ask(model).text == f"{first}{first}a"

    def test_of_another_shape(self, tmp_path: Path) -> None:
        """A tensor that does not fit its place is named, with both shapes."""
        from safetensors.torch import load_file, save_file

        folder = scripted(tmp_path, tokenizer(), "Paris.<|im_end|>")
        weights = load_file(folder / "model.safetensors")
        weights["transformer.h.0.mlp.c_fc.bias"] = weights["transformer.h.0.mlp.c_fc.bias"][:7].clone()
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        with pytest.raises(IntegrityError, match=r"hold 1 of the model's tensors in another shape .*: transformer\.h\.0\.mlp\.c_fc\.bias is 7, not \d+"):
            mc.load(folder)
