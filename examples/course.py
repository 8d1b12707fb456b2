"""A first chat, as courses teach it: a system prompt, and a loop that ends at 退出; from either hub.

    python examples/course.py [NAME] [--hub modelscope]

The script that this replaces names a hub's own class, a dtype, a device and a template, and computes the whole history
again at every turn. Here the plan settles the first four, and the session remembers.
"""

from __future__ import annotations

import argparse

import modelcatalog as mc


def main() -> None:
    """Chat until the user has enough."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("name", nargs="?", default="Qwen/Qwen2.5-0.5B-Instruct")
    arguments.add_argument("--hub", choices=("huggingface", "modelscope"))
    arguments.add_argument("--system", default="你是一个乐于助人的助手。")
    given = arguments.parse_args()
    with mc.load(given.name, hub=given.hub) as model:
        session = model.session(system=given.system)
        while (question := input("你：").strip()) != "退出":
            print("模型：", end="")
            for piece in session.stream(question):
                print(piece, end="", flush=True)
            print()


if __name__ == "__main__":
    main()
