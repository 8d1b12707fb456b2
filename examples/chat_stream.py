"""A conversation that streams, remembers, and can be stopped; with what each turn cost.

    python examples/chat_stream.py [NAME]

A session keeps what the engine computed, so a later turn does not pay for the earlier ones again.
"""

from __future__ import annotations

import sys

import modelcatalog as mc

TURNS = ("What is the capital of France?", "And of Italy?", "Tell me a long story about a river.")
MOST = 24
"""Pieces after which a reply has been long enough."""


def main(name: str = "SmolLM2-135M-Instruct") -> None:
    """Ask three questions, and stop the reply that does not end."""
    with mc.load(name) as model:
        session = model.session(system="You are a helpful AI assistant.")
        for question in TURNS:
            print(f"> {question}")
            stream = session.stream(question, temperature=0)
            for count, piece in enumerate(stream):
                print(piece, end="", flush=True)
                if count == MOST:
                    stream.cancel()  # what was said so far stays in the conversation
            reply = stream.reply
            print(f"\n  {reply.finish_reason}, {reply.usage.completion_tokens} tokens, the first after {reply.seconds_to_first_token or 0:.2f} s")
        print(f"{len(session.messages)} messages remembered")


if __name__ == "__main__":
    main(*sys.argv[1:])
