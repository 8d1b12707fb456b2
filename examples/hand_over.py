"""Outgrow this machine: let vLLM serve the model, and change one argument here.

    python examples/hand_over.py NAME                          the line that starts the server
    python examples/hand_over.py NAME http://HOST:8000/v1      the same chat, on the server

Any OpenAI-compatible server will do: vLLM, SGLang, llama.cpp's, `transformers serve`.
"""

from __future__ import annotations

import sys

import modelcatalog as mc

QUESTIONS = ("What is the capital of France?", "What is the capital of Italy?")


def serve(name: str) -> str:
    """The command that serves the model, by the repository that the catalog knows."""
    found = mc.resolve(name)
    size = mc.parse(found.repo_id).size
    gpus = 1
    while size is not None and size.total is not None and size.total * 2 > gpus * 60e9:  # two bytes each, on cards of 80 GB
        gpus *= 2  # attention heads are parted evenly
    return f"vllm serve {found.repo_id} --tensor-parallel-size {gpus} --port 8000"


def main(name: str, base_url: str | None = None) -> None:
    """Print the command, or ask the server; a batch is sent several at a time and comes back in order."""
    if base_url is None:
        print(serve(name))
        return
    with mc.load(name, base_url=base_url) as model:
        for question, reply in zip(QUESTIONS, model.batch(QUESTIONS, max_new_tokens=32, temperature=0), strict=True):
            print(f"> {question}\n{reply if reply.error is None else reply.error}")


if __name__ == "__main__":
    main(*sys.argv[1:]) if sys.argv[1:] else sys.exit(__doc__)
