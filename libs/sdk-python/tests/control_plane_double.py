"""A control plane over real HTTP whose answers a test decides."""

from __future__ import annotations

import base64
import json
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable, Iterable

Message = dict[str, Any]


class Refusal(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, code: str, message: str, reason: str, **metadata: str) -> None:
        super().__init__(message)
        self.status = status
        info = _field(1, reason.encode()) + _field(2, b"hearth")
        for key, value in metadata.items():
            info += _field(3, _field(1, key.encode()) + _field(2, value.encode()))
        detail = {"type": "google.rpc.ErrorInfo", "value": base64.b64encode(info).decode().rstrip("=")}
        self.body = {"code": code, "message": message, "details": [detail]}


class Break(Exception):
    """The connection breaks here."""


class ControlPlaneDouble:
    """Answers by method: a function from the request to one message, or for a stream to many. `requests` has what was
    asked, in order."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, Message]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: dict[str, Callable[[Message], Any]] = {}
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                double._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def asked(self, method: str) -> list[Message]:
        return [message for asked, message in self.requests if asked == method]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        method = handler.path.removeprefix("/hearth.v1.")
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        streaming = handler.headers["Content-Type"] == "application/connect+json"
        message = json.loads(body[5:] if streaming else body)
        self.requests.append((method, message))
        self.headers.append(dict(handler.headers.items()))
        (self._stream if streaming else self._unary)(handler, self.answers[method], message)

    def _unary(self, handler: BaseHTTPRequestHandler, answer: Callable[[Message], Message], message: Message) -> None:
        try:
            status, body = 200, answer(message)
        except Refusal as refusal:
            status, body = refusal.status, refusal.body
        except Break:
            return
        content = json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _stream(
        self, handler: BaseHTTPRequestHandler, answer: Callable[[Message], Iterable[Message]], message: Message
    ) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/connect+json")
        handler.end_headers()
        end: Message = {}
        try:
            for each in answer(message):
                handler.wfile.write(_envelope(0, each))
        except Refusal as refusal:
            end = {"error": refusal.body}
        except Break:
            # In the middle of an envelope.
            handler.wfile.write(b"\0\0")
            return
        handler.wfile.write(_envelope(2, end))


def _envelope(flags: int, message: Message) -> bytes:
    body = json.dumps(message).encode()
    return struct.pack(">BI", flags, len(body)) + body


def _field(number: int, value: bytes) -> bytes:
    length, size = b"", len(value)
    while size > 0x7F:
        length += bytes([size & 0x7F | 0x80])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + value
