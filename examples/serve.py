"""A chat server in thirty lines: replies as text that streams, and ends when the reader leaves.

    python examples/serve.py [NAME]         then: curl -N "http://127.0.0.1:8000/chat?prompt=Hello"

Eight replies are made at a time, the others wait; one model serves all of them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import uvicorn
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

import modelcatalog as mc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def application(model: mc.ChatModel) -> FastAPI:
    """The application: ``/chat`` streams an answer, ``/ask`` gives it whole, with its figures."""
    app = FastAPI()

    @app.get("/chat")
    async def chat(prompt: str, max_new_tokens: int = 256) -> StreamingResponse:
        async def pieces() -> AsyncIterator[str]:
            async with model.astream(prompt, max_new_tokens=max_new_tokens) as stream:
                async for piece in stream:
                    yield piece

        return StreamingResponse(pieces(), media_type="text/plain; charset=utf-8")

    @app.get("/ask")
    async def ask(prompt: str, max_new_tokens: int = 256) -> mc.Reply:
        return await model.achat(prompt, max_new_tokens=max_new_tokens)

    return app


def main(name: str = "SmolLM2-135M-Instruct") -> None:
    """Load the model, and serve it on this machine."""
    with mc.load(name) as model:
        uvicorn.run(application(model), host="127.0.0.1", port=8000)


if __name__ == "__main__":
    main(*sys.argv[1:])
