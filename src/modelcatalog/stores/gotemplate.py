"""Owns the translation of Ollama's chat templates, which are Go's text/template, into Jinja. Runs neither.

https://pkg.go.dev/text/template has the notation, https://github.com/ollama/ollama/blob/main/docs/template.md what stands
in it, and template/template.go there how it is filled: messages of one role that follow each other are one, and a
template that knows no messages is filled once for each exchange. Tools are none in the translation: how Go writes
them as JSON is not what Jinja does. What has no exact counterpart is `Untranslatable`, never nearly right.
"""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Untranslatable", "jinja"]

_LARGEST = 100_000
_LONGEST = 1_000_000
"""Characters of all values that are written; one that stands twice in the next, and so on, doubles with each."""
_DEEPEST = 60
_STOP = re.compile(r"""["`]|/\*|\}\}""")
"""What an action is looked through for: a text, a note, its end."""
_CLOSE = re.compile(r'(?:[^"\\]|\\.)*+"', re.DOTALL)
_SPACE = " \t\r\n"
_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:\\.|[^"\\])*"|`[^`]*`)|(?<=\))(?P<field>(?:\.\w+)+)|(?P<number>-?\d+)(?![\w.])
    |(?P<name>\$\w*(?:\.\w+)*|[a-zA-Z_]\w*|(?:\.\w+)+|\.)(?![\w.$])|(?P<sign>[()|]))""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_OPERATORS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_THINKS = "(enable_thinking is defined and enable_thinking)"
_NONE = "[]"
_ROOT = {
    "System": "go.system", "Messages": "go.messages", "Prompt": "''", "Response": "''", "Suffix": "''", "Tools": _NONE,
    "Think": _THINKS, "ThinkLevel": "''", "IsThinkSet": "(enable_thinking is defined)",
}  # fmt: skip
_EXCHANGE = _ROOT | {"System": "system", "Prompt": "prompt", "Response": "response", "Messages": _NONE}
_MESSAGE = {"Role": "role", "Content": "content"}
_NEVER = {"ToolCalls", "Thinking", "Images", "ToolName", "ToolCallID"}
"""What of a message is not handed on."""


class Untranslatable(Exception):
    """The template is not one, or does what has no counterpart in Jinja."""


class _Node(NamedTuple):
    kind: str
    """``text``, ``print``, ``set``, ``if``, ``range``, ``with``, ``break``, ``continue``."""
    body: str = ""
    inner: tuple[_Node, ...] = ()
    other: tuple[_Node, ...] = ()
    """What stands behind ``else``."""


def jinja(template: str) -> str:
    """The template in Jinja, to be filled as chat templates are.

    Raises:
        Untranslatable: saying what has no counterpart.

    >>> jinja("{{ range .Messages }}{{ .Role }}: {{ .Content }}{{ end }}").partition("{% endfor %}")[2]
    "{% for x1 in go.messages %}{{ x1.role }}{{ ': ' }}{{ x1.content }}{% endfor %}"
    """
    _check_length(len(template), _LARGEST)
    try:
        return _written(_Parser(template).nodes())
    except RecursionError as error:
        message = "it is nested too deep"
        raise Untranslatable(message) from error


def _check_length(length: int, most: int = _LONGEST) -> None:
    if length > most:
        message = "it is too long"
        raise Untranslatable(message)


def _written(nodes: tuple[_Node, ...]) -> str:
    actions = " ".join(_bodies(nodes))
    if re.search(r"\.Messages\b", actions):
        return _MESSAGES + _Writer(_ROOT).write(nodes)
    if not re.search(r"\.Response\b", actions):
        nodes = (*nodes, _Node("print", ".Response"))
    whole, last = _Writer(_EXCHANGE).write(nodes), _Writer(_EXCHANGE).write(_until_response(nodes)[0])
    macros = f"{{% macro whole(system, prompt, response) %}}{whole}{{% endmacro %}}{{% macro last(system, prompt, response) %}}{last}{{% endmacro %}}"
    return f"{_EMPTY}{macros}{_EXCHANGES}"


_MESSAGES = (
    "{% set go = namespace(system='', messages=[]) %}"
    "{% for m in messages %}"
    "{% if m.role == 'system' %}{% set go.system = go.system ~ ('\\n\\n' if go.system else '') ~ m.content %}{% endif %}"
    "{% if go.messages and go.messages[-1].role == m.role and m.role != 'tool' %}"
    "{% set go.messages = go.messages[:-1] + [{'role': m.role, 'content': go.messages[-1].content ~ '\\n\\n' ~ m.content}] %}"
    "{% else %}{% set go.messages = go.messages + [{'role': m.role, 'content': m.content}] %}{% endif %}"
    "{% endfor %}"
)
_CLEAR = "{% set go.system = '' %}{% set go.prompt = '' %}{% set go.response = '' %}"
_FILL = "{{ whole(go.system, go.prompt, go.response) }}" + _CLEAR
_EMPTY = "{% set go = namespace(system='', prompt='', response='', role='') %}"
_EXCHANGES = (
    "{% for m in messages %}"
    "{% if m.role == 'system' %}"
    "{% if m.role == go.role %}{% set go.system = go.system ~ '\\n\\n' ~ m.content %}"
    "{% else %}{% if go.prompt or go.response %}" + _FILL + "{% endif %}{% set go.system = m.content %}{% endif %}"
    "{% elif m.role == 'user' %}"
    "{% if m.role == go.role %}{% set go.prompt = go.prompt ~ '\\n\\n' ~ m.content %}"
    "{% else %}{% if go.response %}" + _FILL + "{% endif %}{% set go.prompt = m.content %}{% endif %}"
    "{% elif m.role == 'assistant' %}"
    "{% set go.response = (go.response ~ '\\n\\n' if m.role == go.role else '') ~ m.content %}"
    "{% endif %}{% set go.role = m.role %}"
    "{% endfor %}"
    "{{ last(go.system, go.prompt, go.response) }}"
)


def _bodies(nodes: tuple[_Node, ...]) -> list[str]:
    return [text for node in nodes if node.kind != "text" for text in (node.body, *_bodies(node.inner), *_bodies(node.other))]


def _until_response(nodes: tuple[_Node, ...]) -> tuple[tuple[_Node, ...], bool]:
    """The nodes up to the reply, where the model goes on, and whether it was among them."""
    kept = []
    for node in nodes:
        inner, cut = _until_response(node.inner)
        other, cut_too = ((), True) if cut else _until_response(node.other)
        kept.append(node._replace(inner=inner, other=other))
        if cut or (node.other and cut_too) or (node.kind == "print" and re.search(r"\.Response\b", node.body)):
            return tuple(kept), True
    return tuple(kept), False


def _end(text: str, at: int) -> int:
    """Where the action ends that begins here; what looks like its end in a text or a note is none."""
    while (found := _STOP.search(text, at)) is not None:
        kind, at = found[0], found.end()
        if kind == "}}":
            return at
        if kind == '"':
            closed = _CLOSE.match(text, at)
            at = closed.end() if closed else -1
        else:
            mark = "*/" if kind == "/*" else "`"
            at = text.find(mark, at)
            at = at + len(mark) if at >= 0 else -1
        if at < 0:
            break
    message = "a {{ does not end"
    raise Untranslatable(message)


class _Parser:
    """A template's nodes."""

    def __init__(self, text: str) -> None:
        self._pieces: list[tuple[str, str]] = []
        at, trim = 0, False
        while (start := text.find("{{", at)) >= 0:
            end = _end(text, start + 2)
            body = text[start + 2 : end - 2]
            left, right = body[:1] == "-" and body[1:2] in _SPACE, body[-1:] == "-" and body[-2:-1] in _SPACE
            self._text(text[at:start], before=trim, behind=left)
            body = body[1 if left else 0 : -1 if right else None].strip(_SPACE)
            if not body:
                message = "an action is empty"
                raise Untranslatable(message)
            self._pieces += [] if body.startswith("/*") else [("action", body)]
            at, trim = end, right
        self._text(text[at:], before=trim, behind=False)
        self._at = 0

    def _text(self, text: str, *, before: bool, behind: bool) -> None:
        text = text.lstrip(_SPACE) if before else text
        text = text.rstrip(_SPACE) if behind else text
        self._pieces += [("text", text)] if text else []

    def nodes(self) -> tuple[_Node, ...]:
        made, ended = self._until(0)
        if ended:
            message = f"a {ended} stands alone"
            raise Untranslatable(message)
        return made

    def _until(self, depth: int) -> tuple[tuple[_Node, ...], str]:
        """The nodes up to ``end`` or ``else``, and which of them it was with what stands behind."""
        if depth > _DEEPEST:
            message = "it is nested too deep"
            raise Untranslatable(message)
        made: list[_Node] = []
        while self._at < len(self._pieces):
            kind, body = self._pieces[self._at]
            self._at += 1
            word, _, rest = body.partition(" ")
            if kind == "text":
                made.append(_Node("text", body))
            elif word in {"end", "else"}:
                return tuple(made), body
            elif word in {"if", "range", "with"}:
                made.append(self._branch(word, rest.strip(), depth))
            elif word in {"break", "continue"} and not rest:
                made.append(_Node(word))
            elif word in {"define", "template", "block"}:
                message = f"it has {word}"
                raise Untranslatable(message)
            else:
                made.append(_Node("set" if re.match(r"\$\w+\s*:?=", body) else "print", body))
        if depth:
            message = "an end is missing"
            raise Untranslatable(message)
        return tuple(made), ""

    def _branch(self, kind: str, body: str, depth: int) -> _Node:
        inner, ended = self._until(depth + 1)
        if ended == "end":
            return _Node(kind, body, inner)
        after = ended.removeprefix("else").strip()
        if not after:
            other, ended = self._until(depth + 1)
            if ended != "end":
                message = "an else stands behind an else"
                raise Untranslatable(message)
            return _Node(kind, body, inner, other)
        word, _, rest = after.partition(" ")
        if word not in {"if", "with"} or word != kind:
            message = f"it has else {word} behind {kind}"
            raise Untranslatable(message)
        return _Node(kind, body, inner, (self._branch(word, rest.strip(), depth + 1),))


class _Writer:
    """Writes nodes as Jinja, all of it in tags: the whitespace around tags has rules of its own there.

    Args:
        root: What the fields of the template's own dot are.
    """

    def __init__(self, root: dict[str, str]) -> None:
        self._root = root
        self._count = 0
        self._written = 0
        self._names: list[dict[str, str]] = [{}]

    def write(self, nodes: tuple[_Node, ...], dot: str = "") -> str:
        self._names.append({})
        made = "".join(self._node(node, dot) for node in nodes)
        self._names.pop()
        return made

    def _node(self, node: _Node, dot: str) -> str:  # noqa: PLR0911  a table of kinds
        if node.kind == "text":
            return f"{{{{ {_quoted(node.body)} }}}}"
        if node.kind in {"break", "continue"}:
            return f"{{% {node.kind} %}}"
        if node.kind == "set":
            return self._set(node.body, dot)
        if node.kind == "print":
            return self._print(node.body, dot)
        if node.kind == "range":
            return self._range(node, dot)
        if ":=" in node.body:
            message = f"it names what {node.kind} tests"
            raise Untranslatable(message)
        value = self._value(node.body, dot)
        if value == _NONE:
            return self.write(node.other, dot)
        inner = self.write(node.inner, value if node.kind == "with" else dot)
        return f"{{% if {value} %}}{inner}{self._else(node, dot)}{{% endif %}}"

    def _else(self, node: _Node, dot: str) -> str:
        return f"{{% else %}}{self.write(node.other, dot)}" if node.other else ""

    def _print(self, body: str, dot: str) -> str:
        value = self._value(body, dot)
        if re.fullmatch(r"x\d+|go\.messages|.*\]|true|false|none|\(enable_thinking.*", value) and value != _NONE:
            message = f"it writes {body[:40]!r} as it is, which Go does in a way of its own"
            raise Untranslatable(message)
        return "" if value in {_NONE, "''"} else f"{{{{ {value} }}}}"

    def _set(self, body: str, dot: str) -> str:
        name, sign, value = re.split(r"\s*(:?=)\s*", body, maxsplit=1)
        written = self._value(value, dot)
        if sign == ":=":
            self._count += 1
            self._names[-1][name] = f"go.v{self._count}"
        return f"{{% set {self._variable(name)} = {written} %}}"

    def _range(self, node: _Node, dot: str) -> str:
        names, _, body = node.body.rpartition(":=")
        called = [one.strip() for one in names.split(",")] if names else []
        if len(called) > 2 or any(not re.fullmatch(r"\$\w+", one) for one in called):  # noqa: PLR2004  a place and a value
            message = "it has a range of another kind"
            raise Untranslatable(message)
        over = self._value(body.strip(), dot)
        if over == _NONE:
            return self.write(node.other, dot)
        self._count += 1
        one = f"x{self._count}"
        self._names.append({})
        kept = ""
        for place, name in enumerate(called):
            self._count += 1
            self._names[-1][name] = f"go.v{self._count}"
            value = "loop.index0" if place == 0 and len(called) > 1 else one
            kept += f"{{% set go.v{self._count} = {value} %}}"
        inner = self.write(node.inner, one)
        self._names.pop()
        return f"{{% for {one} in {over} %}}{kept}{inner}{self._else(node, dot)}{{% endfor %}}"

    def _variable(self, name: str) -> str:
        for names in reversed(self._names):
            if name in names:
                return names[name]
        message = f"it reads {name}, which nothing sets"
        raise Untranslatable(message)

    # Expressions ------------------------------------------------------------------------------

    def _value(self, body: str, dot: str) -> str:
        tokens = _tokens(body)
        value = self._pipeline(tokens, dot)
        if tokens:
            message = f"it has {body[:60]!r}"
            raise Untranslatable(message)
        self._written += len(value)
        _check_length(self._written)
        return value

    def _pipeline(self, tokens: list[tuple[str, str]], dot: str) -> str:
        value = self._command(tokens, dot)
        while tokens and tokens[0] == ("sign", "|"):
            tokens.pop(0)
            value = self._command(tokens, dot, value)
        return value

    def _command(self, tokens: list[tuple[str, str]], dot: str, last: str | None = None) -> str:
        """A function with its arguments, or a value alone."""
        if not tokens:
            message = "a value is missing"
            raise Untranslatable(message)
        kind, word = tokens[0]
        if kind == "name" and re.fullmatch(r"[a-zA-Z]\w*", word) and word not in {"true", "false", "nil"}:
            tokens.pop(0)
            given = []
            while tokens and tokens[0] not in {("sign", ")"), ("sign", "|")}:
                given.append(self._operand(tokens, dot))
            return _called(word, given if last is None else [*given, last])
        value = self._operand(tokens, dot)
        if last is not None or (tokens and tokens[0] not in {("sign", ")"), ("sign", "|")}):
            message = f"it hands something to {word}"
            raise Untranslatable(message)
        return value

    def _operand(self, tokens: list[tuple[str, str]], dot: str) -> str:
        kind, word = tokens.pop(0)
        if kind == "text":
            return _quoted(_unquoted(word))
        if kind == "number":
            return word
        if (kind, word) == ("sign", "("):
            value = self._pipeline(tokens, dot)
            if not tokens or tokens.pop(0) != ("sign", ")"):
                message = "a ) is missing"
                raise Untranslatable(message)
            if tokens and tokens[0][0] == "field":
                return self._fields(value, tokens.pop(0)[1].lstrip(".").split("."))
            return value
        if kind != "name":
            message = f"it has {word!r} in a place of its own"
            raise Untranslatable(message)
        return self._named(word, dot)

    def _named(self, word: str, dot: str) -> str:
        constants = {"true": "true", "false": "false", "nil": "none"}
        if word in constants:
            return constants[word]
        first, *fields = word.split(".")
        fields = [one for one in fields if one]
        if first == "$":
            return self._fields("", fields)
        if first.startswith("$"):
            return self._fields(self._variable(first), fields)
        if first:
            message = f"it calls {word}"
            raise Untranslatable(message)
        return self._fields(dot, fields)

    def _fields(self, value: str, fields: list[str]) -> str:
        """A field of a value, or of its fields; an empty value is the template's own dot."""
        for field in fields:
            if not value:
                if field not in self._root:
                    message = f"it reads .{field}"
                    raise Untranslatable(message)
                value = self._root[field]
            elif field in _MESSAGE:
                value = f"{value}.{_MESSAGE[field]}"
            elif field in _NEVER:
                value = _NONE
            elif value != _NONE:
                message = f"it reads .{field}"
                raise Untranslatable(message)
        if not value:
            message = "it reads the whole of what it is filled with"
            raise Untranslatable(message)
        return value


def _tokens(body: str) -> list[tuple[str, str]]:
    made, at = [], 0
    body = body.strip()
    while at < len(body):
        found = _TOKEN.match(body, at)
        if found is None or found.end() == at or not found.lastgroup or not found[found.lastgroup]:
            message = f"it has {body[at : at + 40]!r}"
            raise Untranslatable(message)
        made.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return made


def _called(function: str, given: list[str]) -> str:  # noqa: C901, PLR0911  a table of functions
    least = {"not": 1, "len": 1, "json": 1, "slice": 1, "index": 2, "and": 1, "or": 1, **dict.fromkeys(_OPERATORS, 2)}.get(function)
    if least is None or len(given) < least or (function in {"not", "len", "json"} and len(given) != 1):
        message = f"it calls {function}"
        raise Untranslatable(message)
    _check_length(sum(map(len, given)) + len(given[0]) * (len(given) - 1))  # eq writes its first for each of the others
    if function in {"and", "or"}:
        return f"({f' {function} '.join(given)})"
    if function == "not":
        return f"(not {given[0]})"
    if function == "len":
        return f"({given[0]}|length)"
    if function == "slice":
        return f"{given[0]}[{':'.join(given[1:]) if len(given) > 2 else ''.join(given[1:]) + ':'}]"  # noqa: PLR2004  from and to
    if function == "index":
        return given[0] + "".join(f"[{one}]" for one in given[1:])
    if function == "json":
        if given[0] == _NONE:
            return _NONE  # a tool, of which there is none
        message = "it writes what was said as JSON, which Go does in a way of its own"
        raise Untranslatable(message)
    first, *others = given
    if function == "eq":
        return f"({' or '.join(f'{first} == {one}' for one in others)})"
    if len(others) > 1:
        message = f"it calls {function} with {len(given)} values"
        raise Untranslatable(message)
    return f"({first} {_OPERATORS[function]} {others[0]})"


def _unquoted(word: str) -> str:
    if word.startswith("`"):
        return word[1:-1]

    def plain(found: re.Match[str]) -> str:
        code = found[1] or found[2] or found[3]
        if code:
            return chr(int(code, 16))
        if found[4] not in _PLAIN:
            message = f"it has a text with \\{found[4]}"
            raise Untranslatable(message)
        return _PLAIN[found[4]]

    try:
        return _ESCAPE.sub(plain, word[1:-1])
    except (ValueError, OverflowError) as error:
        message = "it has a text with a letter that there is not"
        raise Untranslatable(message) from error


def _quoted(text: str) -> str:
    """A text as Jinja writes it."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f"'{escaped}'"
