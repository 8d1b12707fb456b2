"""Owns what MkDocs is given: the hand-written pages and the generated ones, side by side in a folder of the build.

MkDocs calls `on_config` before each build. The generated pages come from the installed package, so they are never stale;
`docs/` itself holds only what is written by hand, and the grammar, whose freshness a test holds.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from contextlib import suppress
from html import escape, unescape
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

from mkdocs.plugins import event_priority

__all__ = ["on_config", "on_page_content", "on_post_build", "on_post_page", "runnable", "stage"]

HERE = Path(__file__).parent
DOCS = HERE.parent
_BROKEN = re.compile(r"(?<=[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef])\n *(?=[\u4e00-\u9fff\u201c\uff08`])")
"""A line break inside a Chinese sentence, which a browser would show as a space."""
_EXAMPLE = re.compile(r"^```python(?=\n>>>)", re.MULTILINE)
"""A block of examples with their output, which are coloured otherwise than a program."""
_INLINE = re.compile(r"<code>([^<\n]{1,80})</code>")
"""Code within a sentence or a cell of a table."""
_BREAK = re.compile(r"\s|(?<=\w/)(?=.)|(?<=\w)(?=\[)")
"""Where longer code may be broken: at spaces, after the slashes of a path, before the extras of a package."""
_GLUED = re.compile('(?<=[，。；：、])(?=<code class="whole">-)')
"""A browser breaks no line between a Chinese comma and the hyphen of an option."""
_WHOLE, _PIECE = 24, 28
"""As many letters of code as a line of a phone has room for beside words; as many as a column there."""
_CODE = re.compile(r'<div class="(?:language-\w+ )?highlight">(?=<pre[^>]*>(?P<code>.*?)</pre>)', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_DAY = re.compile(r"<td>(\d{4}-\d\d-\d\d)</td>")
_PROMPT = re.compile(r"(?:>>>|\.\.\.|\$)(?: |$)")
_COMMENTED = re.compile(r"\s{2,}# .*")
_ROOM, _MOST = 98, 128
"""Columns of code that the page has room for; as many as it has in letters that can still be read. Longer lines go on below."""
DECISIONS = "<!-- the way from a name to its files -->"
"""Where a page has this comment, the built page has the diagram."""
PEERS = "<!-- one model, many spellings -->"
"""Where a page has this comment, the built page has the figures beside its peers as bars."""
_BOOSTS = {"catalog/": 0.1, "benchmarks/": 0.1, "limits/": 0.3, "api/": 0.3, "grammar/": 0.3, "extending/": 0.5, "quickstart/": 2}
"""What a hit on these pages weighs in the search, against one in a guide: whoever looks for "chat" wants to know how."""


def stage(folder: Path) -> None:
    """Write all pages and pictures into a folder, which is emptied first."""
    sys.path.insert(0, str(HERE))
    try:
        import benchmarks_page  # beside this file, which MkDocs loads by its path
        import catalog_pages
        import grammar_page
        import names_page
        import newer
        import pictures

        from words import LANGUAGES
    finally:
        sys.path.remove(str(HERE))
    newer.unasked()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for source in DOCS.glob("*.md"):
        way = pictures.decisions("zh" if source.name.endswith(".zh.md") else "en")
        say = LANGUAGES[source.name.endswith(".zh.md")]
        text = source.read_text(encoding="utf-8").replace(DECISIONS, way)
        _write(folder / source.name, text.replace(PEERS, benchmarks_page.peers(say)) if PEERS in text else text)
    for part in ("diagrams", "pictures", "styles"):
        shutil.copytree(DOCS / part, folder / part)
    for say in LANGUAGES:
        for maker in (names_page, catalog_pages, benchmarks_page, grammar_page):
            for place, text in maker.pages(say):
                _write(folder / place, text)


def _write(place: Path, text: str) -> None:
    place.parent.mkdir(exist_ok=True)
    text = _EXAMPLE.sub("```pycon", text)
    if place.name.endswith(".zh.md"):
        prose = re.split(r"(^```.*?^```$)", text, flags=re.MULTILINE | re.DOTALL)
        text = "".join(part if part.startswith("```") else _BROKEN.sub("", part) for part in prose)
    place.write_text(text, encoding="utf-8")


def on_config(config: Any) -> Any:
    """Put the build's folder in the place of docs/; a second language is built from the same one."""
    folder = DOCS.parent / "build" / "docs"
    if Path(config["docs_dir"]).resolve() != folder.resolve():
        stage(folder)
        config["docs_dir"] = str(folder)
        if not (folder / "cli.md").exists():  # it comes with the commands that it describes
            start = config["nav"][0]["Start"]
            start[:] = [entry for entry in start if "Command line" not in entry]
    with suppress(ImportError):
        import jieba  # it parts Chinese words for the search, and tells how

        jieba.setLogLevel("WARNING")
    references = config["plugins"].get("autorefs")
    if references is not None:
        # What the first language's build left there would be a second place of every name.
        references._primary_url_map.clear()  # noqa: SLF001  it has no public way to begin anew
        references._secondary_url_map.clear()  # noqa: SLF001
    return config


def on_page_content(html: str, page: Any, config: Any, files: Any) -> str:  # noqa: ARG001  MkDocs names its arguments
    """Say where code may be broken: never in an option, but after the slashes of a path; and let lines of JSON go on below.

    The catalog's long repository names break anywhere, so that a phone shows both hubs.
    """
    html = html.replace('<span class="go">{"', '<span class="go json">{"')
    html = _DAY.sub(r'<td class="day">\1</td>', _CODE.sub(_copied, html))
    return html if page.file.src_uri.startswith("catalog/") else _GLUED.sub("<wbr>", _INLINE.sub(_breaks, html))


def _copied(found: re.Match[str]) -> str:
    """The block with what its button copies: of examples what was typed, without prompts and output."""
    shown = unescape(_TAG.sub("", found["code"]))
    said = runnable(shown)
    columns = max((_columns(line) for line in shown.splitlines() if not line.startswith("{")), default=0)
    copied = "" if said is None else f' data-copy="{escape(said)}"'
    wide = f' style="--columns: {columns}"' if _ROOM < columns <= _MOST else ""
    return f"{found[0][:-1]}{copied}{wide}>"


def _columns(line: str) -> int:
    return sum(1 + (east_asian_width(char) in "WF") for char in line)


def runnable(shown: str) -> str | None:
    r"""What can be run of a block that shows prompts; None where it shows none.

    >>> runnable(">>> for n in (1, 2):\n...     print(n)\n1\n2\n")
    'for n in (1, 2):\n    print(n)'
    >>> runnable("$ modelcatalog parse Qwen3-8B \\\n    --json   # one record\n{}\n")
    'modelcatalog parse Qwen3-8B \\\n    --json'
    """
    lines: list[str] = []
    prompted = False
    for line in shown.splitlines():
        goes_on = bool(lines) and prompted and lines[-1].endswith("\\")
        prompted = goes_on or bool(_PROMPT.match(line))
        if goes_on:
            lines.append(_COMMENTED.sub("", line))
        elif prompted:
            lines.append(_COMMENTED.sub("", line[2:]) if line.startswith("$") else line[4:])
    return "\n".join(lines) or None


def _breaks(found: re.Match[str]) -> str:
    code = found[1]
    shown = unescape(code)
    if len(shown) <= _WHOLE and "/" not in shown:
        return f'<code class="whole">{code}</code>'
    if max(map(len, _BREAK.split(shown))) > _PIECE:
        return found[0]
    return f'<code class="pieces">{_BREAK.sub(lambda place: place[0] or "<wbr>", code)}</code>'


def on_post_page(output: str, page: Any, config: Any) -> str:  # noqa: ARG001  MkDocs names its arguments
    """Let the pages of the second language look for its own search index, one folder up less.

    The first pages lead to each other by addresses that hold wherever the site lies, and not at a server's root alone.
    """
    second = page.url.startswith("zh/")
    for absolute, english, chinese in (("/", "./", "../"), ("/zh/", "zh/", "./")):
        output = output.replace(f'href="{absolute}" hreflang', f'href="{chinese if second else english}" hreflang')
    if not second:
        return output
    return re.sub(r'"base": ?"\.\.(?:/(\.\.[^"]*))?"', lambda found: f'"base": "{found[1] or "."}"', output, count=1)


@event_priority(-200)  # type: ignore[untyped-decorator]
def on_post_build(config: Any) -> None:
    """After the i18n plugin, which puts both languages into one search index: part them, or every search finds all twice."""
    site = Path(config["site_dir"])
    place = site / "search" / "search_index.json"
    if not place.exists():
        return
    index = json.loads(place.read_text(encoding="utf-8"))
    for doc in index["docs"]:
        place_in = doc["location"].removeprefix("zh/")
        if boost := next((weight for start, weight in _BOOSTS.items() if place_in.startswith(start)), None):
            doc["boost"] = boost
    own = [doc | {"location": doc["location"].removeprefix("zh/")} for doc in index["docs"] if doc["location"].startswith("zh/")]
    if not own:
        place.write_text(json.dumps(index, ensure_ascii=False), encoding="utf-8")
    else:
        (site / "zh" / "search").mkdir(exist_ok=True)
        (site / "zh" / "search" / "search_index.json").write_text(json.dumps(index | {"docs": own}, ensure_ascii=False), encoding="utf-8")
        others = [doc for doc in index["docs"] if not doc["location"].startswith("zh/")]
        place.write_text(json.dumps(index | {"docs": others}, ensure_ascii=False), encoding="utf-8")
