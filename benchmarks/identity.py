"""How often the spellings of one model are told to be one, and those of two to be two: beside a plain normaliser and other packages.

    python benchmarks/identity.py ROWS [--json RESULT] [--unseen SHARE DAY]

ROWS has one JSON object per line, {"name": TEXT, "group": MODEL}: all names of one group are spellings of one model. A name is
right where its key is the one that most of its group have, and no other group has that key. A package that does not know a
name has no key for it, which counts as wrong too, and is counted beside it.

Whoever compares says which names a package was developed against: the figures on those flatter it. ``--unseen`` is what modelcatalog
had on the day when nothing of it had been developed against the rows; the result then shows that share, and says what it has now.
"""

from __future__ import annotations

import argparse
import json
import re
from collections import Counter, defaultdict
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from modelcatalog import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Key = Callable[[str], str | None]

TITLE = {
    "en": "One key for each model, however it is spelt: the share of names that have the right one",
    "zh": "一个模型不论怎么写都是同一个键：键正确的名字所占的比例",
}
PLAIN = "lower case, one separator"
SERVING = re.compile(r":(?:free|beta|thinking|extended|nitro|floor|online|exacto)$")


def plain(name: str) -> str:
    """What one writes in a minute: the last part in lower case, with one separator and without a serving suffix."""
    return re.sub(r"[-_. ]+", "-", SERVING.sub("", name.lower().rpartition("/")[2]))


def ours(name: str) -> str | None:
    """The text of the record's identity."""
    return parse(name).canonical or None


def genai_prices(name: str) -> str | None:
    """The model that genai-prices finds for an id, with its provider's name in front or without."""
    from genai_prices import data_snapshot

    snapshot = data_snapshot.get_snapshot()
    for text in (name, name.rpartition("/")[2]):
        try:
            return str(snapshot.find_provider_model(text, None, None, None)[1].id)
        except LookupError:
            continue
    return None


def litellm(name: str) -> str | None:
    """What litellm leaves of an id when it has taken the provider off, in lower case."""
    import litellm as package

    package.suppress_debug_info = True
    try:
        return str(package.get_llm_provider(name)[0]).lower()
    except Exception:  # noqa: BLE001  it raises errors of an HTTP client for what it does not know
        return None


def peers() -> Iterator[tuple[str, Key]]:
    """Those that are installed."""
    yield "modelcatalog", ours
    yield PLAIN, plain
    for package, key in (("genai-prices", genai_prices), ("litellm", litellm)):
        if find_spec(package.replace("-", "_")) is not None:
            yield package, key


def judged(rows: Iterable[tuple[str, str]], key: Key) -> dict[str, float]:
    """Shares of the names that are right, and of those that have no key."""
    groups: dict[str, list[str | None]] = defaultdict(list)
    for name, group in rows:
        groups[group].append(key(name))
    usual = {group: Counter(keys).most_common(1)[0][0] for group, keys in groups.items()}
    owners = Counter(usual.values())
    right = sum(one is not None and one == usual[group] and owners[one] == 1 for group, keys in groups.items() for one in keys)
    count = sum(len(keys) for keys in groups.values())
    none = sum(one is None for keys in groups.values() for one in keys)
    return {"right": round(right / count, 3), "no key": round(none / count, 3)}


def _what(package: str) -> dict[str, str]:
    return {"en": f"{package}: spellings with the right key", "zh": f"{package.replace(PLAIN, '小写，统一分隔符')}: 键正确的写法"}


def _about(rows: int, models: int, now: float, day: date | None) -> dict[str, str]:
    en = f"{rows} spellings of {models} models by many providers, grouped elsewhere."
    zh = f"{models} 个模型在各家服务商的 {rows} 种写法，分组来自别处。"
    if day is not None:
        en += (
            f" The figure of modelcatalog is that of {day.day} {day:%B %Y}, when nothing of it had been developed against them. They have been looked at since;"
            f" when this was written, it was {now:.3f}."
        )
        zh += f"modelcatalog 的数字是 {day.year} 年 {day.month} 月 {day.day} 日的，当时没有拿它们开发过；之后看过，写下本文件时是 {now:.3f}。"
    return {"en": en, "zh": zh}


def main() -> None:
    """Print one line a package."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--unseen", nargs=2, metavar=("SHARE", "DAY"))
    args = parser.parse_args()
    lines = (json.loads(line) for line in args.rows.read_text(encoding="utf-8").splitlines() if line.strip())
    rows = [(line["name"], line["group"]) for line in lines]
    models = len({group for _, group in rows})
    print(f"{len(rows)} spellings of {models} models")
    result = {}
    for package, key in peers():
        result[package] = judged(rows, key)
        print(f"{package:26}" + "".join(f"  {what} {share:.3f}" for what, share in result[package].items()))
    if args.json:
        unseen = (float(args.unseen[0]), date.fromisoformat(args.unseen[1])) if args.unseen else None
        shares = {package: each["right"] for package, each in result.items()} | ({"modelcatalog": unseen[0]} if unseen else {})
        results = [{"what": _what(package), "value": share, "unit": "", "owed": None} for package, share in shares.items()]
        versions = {package: version(package) for package in result if package in {"genai-prices", "litellm"}}
        about = _about(len(rows), models, result["modelcatalog"]["right"], unseen[1] if unseen else None)
        written = {"title": TITLE, "about": about, "versions": versions, "results": results}
        args.json.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
