"""Tests of engines/templates: the same text as transformers, and templates that mean harm."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from modelcatalog.engines.prompts import templates
from modelcatalog.engines.prompts.templates import Renderer
from modelcatalog.errors import UnsafeRepository, Unsupported

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = [
    {"role": "system", "content": "Be “brief”."},
    {"role": "user", "content": '你好 <b>&amp; "x"'},
    {"role": "assistant", "content": "Hello\n"},
    {"role": "user", "content": "{{ 7 * 7 }} bye"},
]


@pytest.fixture
def renderer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Renderer]:
    """A renderer, closed after the test; in the process that users have."""
    monkeypatch.setattr(templates, "subprocess", subprocess)
    made = Renderer("acme/tiny-instruct")
    yield made
    made.close()


@pytest.mark.parametrize(
    "template",
    [
        "{% for m in messages %}<|{{ m['role'] }}|>\n{{ m['content'] | trim }}{{ eos_token }}\n{% endfor %}{{ bos_token }}",
        "{%- for m in messages -%}\n  {%- if m.role == 'system' -%}{%- continue -%}{%- endif -%}\n{{- m | tojson }}\n{%- endfor -%}",
        "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}{{ messages|tojson(indent=2) }}",
        "{% set ns = namespace(n=0) %}{% for m in messages %}{% set ns.n = ns.n + 1 %}{% endfor %}{{ ns.n }}{{ tools is none }}",
        "{% if add_generation_prompt %}{{ strftime_now('%Y') }}{% endif %}{{ messages[-1].content.split(' ')[0] }}",
        "{{ enable_thinking is defined and not enable_thinking }}{{ 'a' if documents is none }}",
    ],
)
def test_as_transformers(renderer: Renderer, tiny_folder: Path, template: str) -> None:
    """What is rendered here is what transformers renders, character by character."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(tiny_folder)
    expected = tokenizer.apply_chat_template(MESSAGES, chat_template=template, add_generation_prompt=True, tokenize=False, enable_thinking=False)
    values = {**tokenizer.special_tokens_map, "enable_thinking": False}
    assert renderer.render(template, MESSAGES, **values) == expected


@pytest.mark.parametrize(
    "template",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{{ 'a' * 10 ** 11 }}",
        "{{ 10 ** (10 ** 9) }}",
        "{{ '%9999999999d' % 1 }}",
        "{{ 'a' | center(99999999999) }}",
        "{% for i in range(10 ** 9) %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    ],
)
def test_does_not_end(renderer: Renderer, template: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template that loops, or takes all memory, is ended in time; the next prompt is rendered."""
    monkeypatch.setattr(templates, "SECONDS", 1.5)
    start = time.monotonic()
    with pytest.raises((UnsafeRepository, Unsupported), match=r"does what it may not|refused these") as caught:
        renderer.render(template, MESSAGES)
    assert time.monotonic() - start < 10
    assert caught.value.subject == "acme/tiny-instruct"
    assert renderer.render("{{ messages[0].role }}", MESSAGES) == "system"


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ self.__init__.__globals__ }}",
        "{{ cycler.__init__.__globals__.os.popen('touch PWNED').read() }}",
        "{{ lipsum.__globals__['os'].system('touch PWNED') }}",
        "{{ raise_exception.__globals__ }}",
        "{{ ''|attr('__class__') }}{{ (''|attr('__class__')).__mro__ }}",
        "{% set x = messages.append({}) %}",
        "{{ '{0.__class__.__mro__}'.format(1) }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}",
    ],
)
def test_runs_no_code(renderer: Renderer, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A template that reaches for Python gets an error or nothing, never a module, a file or a class."""
    monkeypatch.chdir(tmp_path)
    try:
        text = renderer.render(template, MESSAGES)
    except (UnsafeRepository, Unsupported):
        text = ""
    assert "class" not in text
    assert "root:" not in text
    assert list(tmp_path.iterdir()) == []


def test_sees_no_token(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process that renders is started without the tokens of its parent."""
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    renderer.render("x", MESSAGES)
    process = renderer._process
    assert process is not None
    environment = Path(f"/proc/{process.pid}/environ")
    if not environment.is_file():
        pytest.skip("this system does not show a process's environment")
    assert b"hf_secret" not in environment.read_bytes()


def test_in_a_zip_file(renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package in a zip file has no script that Python could be given by its path."""
    monkeypatch.setattr(templates, "__file__", str(tmp_path / "modelcatalog.zip" / "templates.py"))
    assert renderer.render("{{ messages[0].content }}", MESSAGES) == "Be “brief”."


def test_refusal(renderer: Renderer) -> None:
    """A template's own refusal is told in its words."""
    with pytest.raises(Unsupported, match="the chat template refused these messages: No system role") as caught:
        renderer.render("{{ raise_exception('No system role') }}", MESSAGES)
    assert caught.value.hint == "change the messages, or pass chat_template="


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{% include 'header.jinja' %}{{ messages[0].content }}", "from another file, header.jinja, and a template stands alone"),
        ("{% from 'macros.jinja' import turn %}{{ turn(messages) }}", "from another file, macros.jinja"),
        ("{% for one in messages %}{{ one.content }}", r"unexpected|Unexpected"),
        ("{{ messages | shout }}", "No filter named 'shout'"),
    ],
)
def test_a_template_that_is_none(renderer: Renderer, template: str, said: str) -> None:
    """What no messages could change is the template's: a part that lies elsewhere, an end that is missing."""
    with pytest.raises(Unsupported, match=f"the chat template of .* cannot be used: .*({said})") as caught:
        renderer.render(template, MESSAGES)
    assert caught.value.hint == "pass chat_template= with another one, such as that of its base model"


def test_is_quick(renderer: Renderer) -> None:
    """Once the process runs, a prompt costs a millisecond or two."""
    renderer.render("{{ messages[0].content }}", MESSAGES)
    rounds = []
    for _ in range(5):  # a busy machine must not fail this
        start = time.perf_counter()
        for _ in range(20):
            renderer.render("{{ messages[0].content }}", MESSAGES)
        rounds.append(time.perf_counter() - start)
    assert min(rounds) / 20 < 0.02
