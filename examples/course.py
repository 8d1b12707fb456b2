"""A first chat, as courses teach it: a system prompt, and a loop that ends at 退出; from either hub.

    python examples/course.py [NAME] [--hub modelscope]

The script that this replaces names a hub's own class, a dtype, a device and a template, and computes the whole history
again at every turn. Here the plan settles the first four, and the session remembers.
"""

from __future__ import annotations

import argparse
import sys
from typing import Literal

import modelcatalog as mc


def main() -> None:
    """Read what to load, and chat."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("name", nargs="?", default="Qwen/Qwen2.5-0.5B-Instruct")
    arguments.add_argument("--hub", choices=("huggingface", "modelscope"))
    arguments.add_argument("--system", default="你是一个乐于助人的助手。")
    given = arguments.parse_args()
    try:
        chat(given.name, given.hub, given.system)
    except mc.ModelCatalogError as error:  # says what happened, and what to do
        sys.exit(str(error))


def chat(name: str, hub: Literal["huggingface", "modelscope"] | None, system: str) -> None:
    """Load the model, and answer until the user has had enough."""
    with mc.load(name, hub=hub) as model:
        session = model.session(system=system)
        while (question := input("你：").strip()) != "退出":
            print("模型：", end="")
            for piece in session.stream(question):
                print(piece, end="", flush=True)
            print()


if __name__ == "__main__":
    main()
