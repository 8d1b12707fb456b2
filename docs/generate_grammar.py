"""Owns docs/grammar.md and docs/diagrams/: written from the grammar that runs, and from names that the parser reads.

    python docs/generate_grammar.py            write both
    python docs/generate_grammar.py --check    exit 1 if either is stale

The chapters are in the template below; rules, diagrams and worked examples come from the running code.
The diagrams need the package railroad-diagrams; the page does not.
"""

from __future__ import annotations

import io
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelcatalog import names
from modelcatalog.names import grammar
from modelcatalog.names.context import CASES, CHAPTERS
from modelcatalog.names.notation import Ahead, Alt, Behind, Cap, Chars, Fold, Lit, Named, Node, Not, Opt, Rep, Rule, Seq, Words, inside

if TYPE_CHECKING:
    from modelcatalog.names.reading import Case

FOLDER = Path(__file__).parent
PAGE = "grammar.md"

TEMPLATE = """\
<!-- Written by docs/generate_grammar.py from the grammar that runs; edit that file, not this one. -->
# How a name is read

Any printable text of up to 1,024 characters is a name. Every character of it ends in one segment, and the segments in
order are the text again: what no rule takes is kept as `unknown`, never guessed, never dropped.

## Four steps

1. **The reference is taken apart** by the first of its [forms](#references): an address, a cache folder, a path, or
   `[scheme:][route/…][owner/]name[/file][:tag][@revision]`. What stands around the name is settled here.
2. **The name is cut.** [Pieces](#pieces) are words and separators. A point between digits stays inside its word, and so
   does an underscore that stands for one; dates, shards and llama.cpp's schemes keep their hyphens and underscores.
3. **Each word is looked up.** First in the vocabulary (families, companies, types, tiers, methods, formats: the files of
   `src/modelcatalog/data/`), alone or with the words behind it (`llama guard`), then in the table of
   [words](#words). A word with digits glued to it (`qwen2.5`, `pythia410m`, `3vl`) is read as its parts.
4. **The neighbours decide** what one word cannot tell, from left to right; the next chapter has the cases.

That is all that `modelcatalog.names.read` does. `modelcatalog.parse` then asks the catalog for what the name does not
say: 3.8 billion parameters for `Phi-3-mini`. The order of the rules in each table is their whole precedence.

## What neighbours decide

Each word asks the cases of its kind, from the top; the first that takes it decides. What none takes is kept as `unknown`. Every case has
a name in which it decides: there it is the word in bold.
"""

SHARED = """\
## Names in the rules

EBNF as ISO 14977 has it: `,` is one after the other, `|` a choice, `[ ]` there or not, `{ }` any number of times, `5 *` five
times; `? ?` says what stands before or behind and takes no text. References and words are matched in lower case; in pieces,
letters in quotes stand for both cases. Where several ways fit,
the first choice and the longest repetition win, except that an owner, a path, routes and a plain name end as early as they can.
Which steps before a name are routes, and that a known route is not an owner, is data.
"""


def tables() -> tuple[tuple[str, str, tuple[Rule, ...]], ...]:
    """The three tables of the grammar: heading, what it is, its rules."""
    return (
        (
            "References",
            "The forms of a reference; the first that fits the whole text has it.",
            grammar.references(),
        ),
        ("Pieces", "How a name is cut. At each place the first rule that fits takes its piece.", grammar.PIECES),
        (
            "Words",
            "What one word is, when the vocabulary does not know it: the first rule that fits the whole word.",
            grammar.WORDS,
        ),
    )


def diagram_of(table: str, rule: Rule) -> str:
    """The place of a rule's diagram, from docs/."""
    return f"diagrams/{table.lower()}-{rule.name}.svg"


def example_of(table: str, rule: Rule) -> str:
    """A name in which the rule is at work."""
    return rule.worked or (rule.example if table == "References" else f"Qwen3-8B-{rule.example}")


# --- the page -------------------------------------------------------------------------------------


def page() -> str:
    """The text of docs/grammar.md."""
    parts = [TEMPLATE]
    for chapter, roles in CHAPTERS.items():
        rows = [f"| {case.name} | {shown(case)} | {case.gives} | {case.about} |" for role in roles for case in CASES[role]]
        parts.append("\n".join((f"### {chapter}\n", "| case | name | is | why |\n|---|---|---|---|", *rows, "")))
    for table, about, rules in tables():
        parts.append(f"## {table}\n\n{about}\n")
        parts += [_section(table, rule) for rule in rules]
    parts.append(SHARED)
    parts += [f"```ebnf\n{wrapped(name, part)}\n```\n" for name, part in named().items()]
    parts.append("| name | one character of |\n|---|---|")
    parts += [f"| {called} | `[{klass}]` |" for called, klass in characters().items()]
    return "\n".join(parts) + "\n"


def named() -> dict[str, Node]:
    """The parts of rules that have names of their own, as they are first met."""
    return {node.name: node.part for _, _, rules in tables() for rule in rules for node in inside(rule.what) if isinstance(node, Named)}


def characters() -> dict[str, str]:
    """The kinds of characters in the rules: name -> class, as regular expressions write it."""
    return {node.called: node.klass for _, _, rules in tables() for rule in rules for node in inside(rule.what) if isinstance(node, Chars)}


def wrapped(name: str, part: Node) -> str:
    """A rule in lines that fit the page."""
    return "\n".join(textwrap.wrap(f"{name} = {part.ebnf()} ;", 110, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False))


def shown(case: Case) -> str:
    """The case's name of the example, with what it decides there in bold."""
    decided = names.decided(case.example)
    at = next(i for i, (_, other) in enumerate(decided) if other is case)
    before, behind = ("".join(segment.text for segment, _ in part) for part in (decided[:at], decided[at + 1 :]))
    return "".join(f"`{text}`" for text in (before,) if text) + f"**`{decided[at][0].text}`**" + "".join(f"`{text}`" for text in (behind,) if text)


def _section(table: str, rule: Rule) -> str:
    example = example_of(table, rule)
    segments = ", ".join(f"`{s.text}` {s.kind}" for s in names.read(example).segments if s.kind != "separator")
    picture = f"![{rule.name}]({diagram_of(table, rule)})"
    return f"### {rule.name}\n\n{rule.about}\n\n```ebnf\n{wrapped(rule.name, rule.what)}\n```\n\n{picture}\n\n`{example}`: {segments}\n"


# --- the diagrams ---------------------------------------------------------------------------------

STYLE = """\
svg.railroad-diagram { background: none; }
svg.railroad-diagram path { stroke-width: 2; stroke: #7a8699; fill: none; }
svg.railroad-diagram text { font: 13px monospace; text-anchor: middle; white-space: pre; fill: #10233f; }
svg.railroad-diagram text.comment { font: italic 12px monospace; fill: #7a8699; }
svg.railroad-diagram rect { stroke-width: 1.5; stroke: #4a6fa5; fill: #dce8f8; }
svg.railroad-diagram rect.group-box { stroke: #9aa5b5; stroke-dasharray: 6 4; fill: none; }
"""


def drawn(node: Node) -> Any:  # noqa: C901, PLR0911  one case a kind of node
    """A node of the grammar as an item of the package railroad-diagrams; None: nothing to draw."""
    import railroad  # type: ignore[import-untyped]  # the page needs no diagrams

    match node:
        case Lit(text):
            return railroad.Terminal(text)
        case Chars(_, called):
            return railroad.NonTerminal(called)
        case Words(words):
            return railroad.Choice(0, *map(railroad.Terminal, words)) if len(words) > 1 else railroad.Terminal(words[0])
        case Seq(parts):
            return railroad.Sequence(*(item for part in parts if (item := drawn(part)) is not None))
        case Alt(options):
            return railroad.Choice(0, *map(drawn, options))
        case Opt(part):
            return railroad.Optional(drawn(part))
        case Rep(part, least, most):
            return _repeated(drawn(part), least, most)
        case Cap(name, part):
            return railroad.Group(drawn(part), name)
        case Fold(part):
            return drawn(part)
        case Named(name):
            return railroad.NonTerminal(name)
        case Not() | Behind():
            return railroad.Comment(node.ebnf().strip("? "))
        case Ahead():
            return None
    message = f"{node!r} has no drawing; add a case"
    raise TypeError(message)


def _repeated(item: Any, least: int, most: int | None) -> Any:
    import railroad

    if most is None:
        return railroad.OneOrMore(item) if least else railroad.ZeroOrMore(item)
    if most == 1:
        return railroad.Optional(item)
    again = railroad.OneOrMore(item, railroad.Comment(f"{least} times" if least == most else f"at most {most} times"))
    return again if least else railroad.Optional(again)


def diagrams() -> dict[str, str]:
    """Place from docs/ -> SVG, for every rule."""
    import railroad

    found = {}
    for table, _, rules in tables():
        for rule in rules:
            out = io.StringIO()
            railroad.Diagram(drawn(rule.what)).writeStandalone(out.write, css=STYLE)
            found[diagram_of(table, rule)] = out.getvalue().rstrip() + "\n"
    return found


def stale(folder: Path = FOLDER) -> list[str]:
    """Files that are not what the grammar would give now, those that no rule has any more included."""
    wanted = {PAGE: page(), **diagrams()}
    files = [place for place in (folder / PAGE, *(folder / "diagrams").glob("*.svg")) if place.exists()]
    there = {place.relative_to(folder).as_posix(): place.read_text(encoding="utf-8") for place in files}
    return sorted(place for place in {*wanted, *there} if wanted.get(place) != there.get(place))


def main(*arguments: str) -> int:
    """Write the files, or check them."""
    if "--check" in arguments:
        wrong = stale()
        sys.stdout.writelines(f"docs/{place} is stale; run python docs/generate_grammar.py\n" for place in wrong)
        return int(bool(wrong))
    (FOLDER / "diagrams").mkdir(exist_ok=True)
    files = {PAGE: page(), **diagrams()}
    for place in stale():
        if place in files:
            (FOLDER / place).write_text(files[place], encoding="utf-8")
        else:
            (FOLDER / place).unlink()
        sys.stdout.write(f"docs/{place}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
