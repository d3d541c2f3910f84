"""A stand-in for the hub on 127.0.0.1 that speaks its protocol: model listing, resolve with redirects, ranges, errors.

Large files are redirected to another path as the real hub redirects to its storage; a test may ask for a connection
that is cut half-way, bytes that do not fit their digest, a gated or a missing model.
Source   what huggingface_hub 2.4 asks for and reads: hf_api.model_info, file_download.get_hf_file_metadata, http_get
"""

import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE = (".ckpt", ".safetensors", ".bin", ".pth")


@dataclass
class HubServer:
    """Serves `models`: name -> {file name: bytes}."""

    models: dict[str, dict[str, bytes]]
    gated: set[str] = field(default_factory=set)
    token: str | None = None  # that opens the gated ones
    cut: set[str] = field(default_factory=set)  # files whose next download breaks off half-way
    damaged: set[str] = field(default_factory=set)  # files of which a byte is wrong
    failing: bool = False  # answers everything with 500
    saying: bytes | None = None  # answers everything with this
    silent: bool = False  # takes connections and never answers
    etags: dict[str, str] = field(default_factory=dict)  # of small files, instead of their digest
    closed: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)  # method, path, Range
    tokens: set[str | None] = field(default_factory=set)

    def __enter__(self) -> "HubServer":
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    @property
    def address(self) -> str:
        """What HF_ENDPOINT must be."""
        return f"http://127.0.0.1:{self.server.server_port}"

    @property
    def storage(self) -> str:
        """Where large files lie: another host, as with the real hub."""
        return f"http://localhost:{self.server.server_port}"

    def count(self, method: str, part: str) -> int:
        """Requests of a method whose path holds `part`."""
        return sum(m == method and part in path for m, path, _ in self.requests)


def _sibling(name: str, content: bytes) -> dict[str, Any]:
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    entry: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": blob}
    if name.endswith(LARGE):
        digest = hashlib.sha256(content).hexdigest()
        entry["lfs"] = {"sha256": digest, "size": len(content), "pointerSize": 130}
    return entry


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Silent."""

        def do_HEAD(self) -> None:
            self.answer(False)

        def do_GET(self) -> None:
            self.answer(True)

        def reply(self, code: int, body: bytes = b"", with_body: bool = True, **headers: str) -> None:
            self.send_response(code)
            headers.setdefault("Content_Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            if with_body:
                self.wfile.write(body)

        def refuse(self, code: int, kind: str) -> None:
            message = f"{kind} said by the stand-in"
            self.reply(code, b"" if self.command == "HEAD" else message.encode(), X_Error_Code=kind)

        def answer(self, with_body: bool) -> None:
            hub.requests.append((self.command, self.path, self.headers.get("Range")))
            hub.tokens.add(self.headers.get("Authorization"))
            if hub.silent:
                return hub.closed.wait() and None
            if hub.saying is not None:
                return self.reply(200, hub.saying, with_body)
            if hub.failing:
                return self.refuse(500, "Broken")
            if listing := re.fullmatch(r"/api/models/([^/]+/[^/?]+)(/revision/[^?]*)?(\?.*)?", self.path):
                return self.list_files(listing[1])
            if wanted := re.fullmatch(r"/(resolve-storage/)?([^/]+/[^/]+)/resolve/[^/]+/(.+)", self.path):
                return self.send_file(wanted[2], wanted[3], bool(wanted[1]), with_body)
            return self.refuse(404, "EntryNotFound")

        def list_files(self, name: str) -> None:
            if name not in hub.models:
                return self.refuse(401, "RepoNotFound")
            siblings = [_sibling(file, content) for file, content in hub.models[name].items()]
            body = {"id": name, "_id": "1", "sha": COMMIT, "private": False, "gated": "manual", "tags": [],
                    "downloads": 0, "likes": 0, "siblings": siblings}  # fmt: skip
            return self.reply(200, json.dumps(body).encode(), Content_Type="application/json")

        def send_file(self, name: str, file: str, is_storage: bool, with_body: bool) -> None:
            if name not in hub.models:
                return self.refuse(401, "RepoNotFound")
            if name in hub.gated and not is_storage and self.headers.get("Authorization") != f"Bearer {hub.token}":
                return self.refuse(403, "GatedRepo")
            if file not in hub.models[name]:
                return self.refuse(404, "EntryNotFound")
            content = hub.models[name][file]
            sibling = _sibling(file, content)
            if "lfs" not in sibling:
                etag = hub.etags.get(file, sibling["blobId"])
                return self.send_content(content, file, with_body, ETag=f'"{etag}"', X_Repo_Commit=COMMIT)
            if not is_storage:
                return self.reply(
                    302, Location=f"{hub.storage}/resolve-storage/{name}/resolve/main/{file}", X_Repo_Commit=COMMIT,
                    X_Linked_Size=str(len(content)), X_Linked_Etag=f'"{sibling["lfs"]["sha256"]}"', ETag='"storage"',
                )  # fmt: skip
            return self.send_content(content, file, with_body, ETag='"storage"')

        def send_content(self, content: bytes, file: str, with_body: bool, **headers: str) -> None:
            if file in hub.damaged:
                content = bytes([content[0] ^ 1]) + content[1:]
            start = int((self.headers.get("Range") or "bytes=0-").removeprefix("bytes=").split("-")[0])
            part = content[start:]
            if start:
                headers["Content_Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            headers |= {"Content_Length": str(len(part)), "Accept_Ranges": "bytes"}
            if with_body and file in hub.cut:
                hub.cut.discard(file)
                self.reply(200, b"", **headers)
                self.wfile.write(part[: len(part) // 2])
                self.wfile.flush()
                self.close_connection = True
                return self.connection.shutdown(1)
            return self.reply(206 if start else 200, part, with_body, **headers)

    return Handler
