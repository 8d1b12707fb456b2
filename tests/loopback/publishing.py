"""Owns what hubs and models.dev publish in tests: accounts with repositories, and models.dev's JSON on a server of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from loopback.hubs import LoopbackHub

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

__all__ = ["ModelsDev", "hf_repository", "ms_repository", "told"]


class ModelsDev(LoopbackHub):
    """A server that publishes what models.dev does; use it in a ``with`` statement."""

    def __init__(self, said: Any) -> None:
        super().__init__({})
        self.said = said

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        if urlsplit(request.path).path == "/api.json":
            self.send_known(request, self.said)
        else:
            self.send_json(request, {"error": "no such route"}, 404)

    @property
    def address(self) -> str:
        """Where its JSON is."""
        return f"{self.endpoint}/api.json"


def told(model: str, **fields: Any) -> dict[str, Any]:
    """A model as models.dev has it: what its schema wants of each, and these fields."""
    return {
        "id": model,
        "name": model,
        "attachment": False,
        "reasoning": False,
        "tool_call": True,
        "temperature": True,
        "release_date": "2026-10-01",
        "last_updated": "2026-10-01",
        "modalities": {"input": ["text"], "output": ["text"]},
        "open_weights": False,
        "cost": {"input": 1.25, "output": 10},
        "limit": {"context": 200_000, "output": 32_000},
        **fields,
    }


def hf_repository(repo_id: str, *tags: str, gated: Any = False) -> dict[str, Any]:
    """A repository as Hugging Face lists it among those of its account."""
    return {"_id": "0", "id": repo_id, "modelId": repo_id, "createdAt": "2026-11-20T08:00:00.000Z", "gated": gated, "private": False, "tags": list(tags)}


def ms_repository(repo_id: str, licence: str = "", *, gated: bool = False) -> dict[str, Any]:
    """A repository as ModelScope lists it among those of its account."""
    return {"id": repo_id, "created_at": "2026-11-20T08:00:00Z", "license": licence, "gated": gated, "private": False, "tags": [], "downloads": 1}
