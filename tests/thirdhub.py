"""Owns a hub that the package does not know: a server that lists a folder and gives its files, and the one object that speaks to it."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import quote, unquote, urlsplit

from loopback.hubs import LoopbackHub, sha256
from modelcatalog.hubs import Copy, Hub, Listing, RemoteFile, paths, proxies, refusals
from modelcatalog.hubs.refusals import Asked, House, Refusal
from modelcatalog.hubs.secrets import Token, token_from

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from http.server import BaseHTTPRequestHandler

    from modelcatalog.hubs.wire import Answer, Wire

__all__ = ["NAME", "Third", "ThirdServer"]

NAME = "third"


class ThirdServer(LoopbackHub):
    """``/list/<repository>`` lists, ``/get/<repository>/<path>`` gives."""

    def handle(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        _, route, owner, name, *path = unquote(urlsplit(request.path).path).split("/")
        repo_id = f"{owner}/{name}"
        if repo_id not in self.repositories or (self.gated and "Authorization" not in request.headers):
            status = 403 if self.gated else 404
            self.send_json(request, {"message": "not for you" if self.gated else "no such repository"}, status)
            return
        files = self.files(repo_id)
        if route == "list":
            self.send_json(request, [{"path": key, "size": file.stat().st_size, "sha256": sha256(file)} for key, file in files.items()])
        else:
            self.send_file(request, files["/".join(path)], {})


class Third(Hub):
    """Everything that is asked of a hub; the repositories have the ids of Hugging Face."""

    name, title = NAME, "The Third"
    ids, branch = "huggingface", "trunk"
    client, package, extra = "urllib.request", "pydantic", "chat"
    needs = "pydantic"
    proxy: ClassVar[proxies.Needs] = proxies.REQUESTS
    endpoint_variable, cache_variable = "THIRD_ENDPOINT", "THIRD_CACHE"

    def endpoint(self) -> str:
        return os.environ["THIRD_ENDPOINT"]

    def house(self) -> House:
        return House(self.title, f"{self.endpoint()}/{{}}", "THIRD_TOKEN")

    def credential(self) -> Token | None:
        return token_from("THIRD_TOKEN")

    def offline(self) -> str:
        return "THIRD_OFFLINE" if os.environ.get("THIRD_OFFLINE") else ""

    def cache_folder(self) -> Path:
        return Path(os.environ["THIRD_CACHE"])

    def repositories(self) -> Iterator[str]:
        yield from (f"{owner.name}/{folder.name}" for owner in paths.folders(self.cache_folder()) for folder in paths.folders(owner))

    def repository_root(self, repo_id: str) -> Path:
        return self.cache_folder() / repo_id

    def cached(self, repo_id: str, revision: str | None = None) -> Iterator[Copy]:
        folder = self.repository_root(repo_id)
        if folder.is_dir() and revision in {None, self.branch}:
            yield Copy(f"{self.name} cache", folder, paths.listed(folder), repo_id, self.name, repo_id)

    def snapshot_folder(self, listing: Listing) -> Path:
        return self.repository_root(listing.repo_id)

    def listing(self, wire: Wire, repo_id: str, revision: str | None) -> Listing:
        answer = self._checked(wire.get(f"/list/{quote(repo_id)}", listing=True), Asked(repo_id, revision or self.branch))
        files = tuple(RemoteFile.model_validate(entry) for entry in answer.json())
        paths.check((file.path for file in files), subject=repo_id)
        return Listing(hub=self.name, endpoint=wire.endpoint, repo_id=repo_id, revision=revision or self.branch, files=files)

    def read(self, wire: Wire, listing: Listing, path: str, *, start: int = 0, length: int | None = None) -> bytes:
        url = f"/get/{quote(listing.repo_id)}/{quote(path)}"
        return self._checked(wire.get(url, start=start, length=length), Asked(listing.repo_id, listing.revision, path)).body

    def _checked(self, answer: Answer, asked: Asked) -> Answer:
        if answer.refusal is not None:
            raise refusals.error(self.house(), answer.refusal, asked)
        return answer

    def fetch(self, listing: Listing, files: Sequence[RemoteFile], say: Callable[[str], None]) -> Path:
        folder, given = self.snapshot_folder(listing), self.credential()
        for file in files:
            request = urllib.request.Request(f"{self.address(listing)}/get/{listing.repo_id}/{file.path}")
            if given is not None:
                request.add_header("Authorization", f"Bearer {given.value}")
            (folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            try:
                with urllib.request.urlopen(request) as answer:
                    (folder / file.path).write_bytes(answer.read())
            except urllib.error.HTTPError as error:
                said = str(json.loads(error.read()).get("message", ""))
                raise refusals.error(self.house(), Refusal(error.code, said=said), Asked(listing.repo_id, fetching=True)) from error
        return folder
