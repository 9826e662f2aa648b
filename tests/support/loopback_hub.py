"""A Hub of one's own on 127.0.0.1: the routes that `huggingface_hub` uses to resolve, list and fetch repositories."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

Kind = Literal["model", "dataset"]

_API = re.compile(r"/api/(models|datasets)/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+))?/?")
_FILE = re.compile(r"/(datasets/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)")


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, code: str = "", message: str = "") -> None:
        self.status, self.code, self.message = status, code, message
        super().__init__(code)


@dataclass
class Repository:
    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    """Commit -> path -> content."""
    refs: dict[str, str] = field(default_factory=dict)
    """Branch or tag -> commit."""
    gated: bool = False

    def commit(self, revision: str) -> str:
        commit = self.refs.get(revision, revision)
        if commit not in self.commits:
            raise Refused(404, "RevisionNotFound")
        return commit


@dataclass
class LoopbackHub:
    url: str = ""
    repositories: dict[tuple[Kind, str], Repository] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """Method and path of every request that was answered."""

    def publish(
        self, kind: Kind, name: str, files: Mapping[str, bytes] | Path, *, revision: str = "main", gated: bool = False
    ) -> str:
        """Put these files into a new commit, where `revision` then points; a folder stands for its files.

        Returns:
            The commit.
        """
        if isinstance(files, Path):
            files = {p.relative_to(files).as_posix(): p.read_bytes() for p in sorted(files.rglob("*")) if p.is_file()}
        content = dict(files)
        commit = hashlib.sha1(repr(sorted((p, _oid(b)) for p, b in content.items())).encode()).hexdigest()
        found = self.repositories.setdefault((kind, name), Repository())
        found.commits[commit], found.refs[revision], found.gated = content, commit, gated
        return commit

    def find(self, kind: Kind, name: str) -> Repository:
        if (kind, name) not in self.repositories:
            raise Refused(401, "RepoNotFound", "Repository not found")
        return self.repositories[kind, name]

    def environment(self, home: Path, *, offline: bool = False) -> dict[str, str]:
        """Environment variables under which a process asks this Hub and keeps its cache in `home`."""
        dropped = ("HF_", "HUGGING", "TRANSFORMERS_OFFLINE")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        return {
            **kept,
            "HF_ENDPOINT": self.url,
            "HF_HOME": str(home),
            "HF_HUB_OFFLINE": "1" if offline else "0",
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
            "NO_PROXY": "127.0.0.1",
        }


@contextmanager
def serving() -> Iterator[LoopbackHub]:
    """A Hub without repositories, for as long as the context lasts."""
    hub = LoopbackHub()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def point_here(monkeypatch: Any, hub: LoopbackHub, home: Path, *, offline: bool = False) -> None:
    """Make this process ask that Hub and keep its cache in `home`; undone with the monkeypatch."""
    import huggingface_hub
    from huggingface_hub import constants

    for key in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setattr(constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(home / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", offline)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_IMPLICIT_TOKEN", True)
    huggingface_hub.close_session()


def _oid(content: bytes) -> str:
    """The id that git gives this content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def _handler(hub: LoopbackHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the name that the base gives it
            pass

        def _answer(self, *, body: bool) -> None:
            path = urlsplit(self.path).path
            hub.requests.append(f"{self.command} {path}")
            try:
                status, headers, content = 200, *_found(hub, path)
            except Refused as error:
                status, content = error.status, json.dumps({"error": error.message or error.code}).encode()
                headers = {"X-Error-Code": error.code, "X-Error-Message": error.message or error.code}
            self.send_response(status)
            for key, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(key, value)
            self.end_headers()
            if body:
                self.wfile.write(content)

    return Handler


def _found(hub: LoopbackHub, path: str) -> tuple[dict[str, str], bytes]:
    if asked := _API.fullmatch(path):
        kind: Kind = "model" if asked[1] == "models" else "dataset"
        repository = hub.find(kind, asked[2])
        commit = repository.commit(unquote(asked[4] or "main"))
        files = repository.commits[commit]
        if asked[3] == "tree":
            listed: Any = [{"type": "file", "path": p, "size": len(b), "oid": _oid(b)} for p, b in files.items()]
        else:
            listed = {"id": asked[2], "sha": commit, "private": False, "tags": [], "downloads": 0, "likes": 0}
            listed["siblings"] = [{"rfilename": p} for p in files]
        return {"Content-Type": "application/json"}, json.dumps(listed).encode()
    if asked := _FILE.fullmatch(path):
        repository = hub.find("dataset" if asked[1] else "model", asked[2])
        if repository.gated:
            raise Refused(403, "GatedRepo", "Access to this repository is restricted.")
        commit = repository.commit(unquote(asked[3]))
        content = repository.commits[commit].get(unquote(asked[4]))
        if content is None:
            raise Refused(404, "EntryNotFound")
        return {"ETag": f'"{_oid(content)}"', "X-Repo-Commit": commit}, content
    raise Refused(404, "RepoNotFound")
