"""A hub on this machine: one repository for every name, or one that accepts and never answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from hashlib import sha1
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """Where a hub listens, and what it was asked."""

    def __init__(self, port: int) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.asked: list[str] = []


@contextmanager
def silent_hub() -> Iterator[Hub]:
    """Accepts connections, keeps them open and says nothing."""
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        hub = Hub(server.getsockname()[1])

        def accept() -> None:
            with suppress(OSError):  # the server is closed
                while True:
                    connection, _ = server.accept()
                    held.append(connection)
                    hub.asked.append("")

        Thread(target=accept, daemon=True).start()
        yield hub
    for connection in held:
        connection.close()


@contextmanager
def small_hub(files: Mapping[str, bytes]) -> Iterator[Hub]:
    """Every repository holds these files, and every branch is at `COMMIT`."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            hub.asked.append(f"{self.command} {self.path}")
            name = self.path.rpartition("/")[2]
            if self.path.startswith("/api/models/"):
                siblings = [{"rfilename": name} for name in files]
                content = json.dumps({"id": "x/y", "sha": COMMIT, "siblings": siblings}).encode()
            elif "/resolve/" in self.path and name in files:
                content = files[name]
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("X-Repo-Commit", COMMIT)
            self.send_header("ETag", f'"{sha1(content, usedforsecurity=False).hexdigest()}"')
            self.end_headers()
            if body:
                self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub = Hub(server.server_port)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
