"""The control plane over HTTP: Connect's JSON mapping."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
from itertools import chain, repeat
from typing import Any, Iterator, Mapping
from urllib.parse import urlsplit

from . import wire
from .errors import HearthError
from .error_info import to_error

_UNARY_SECONDS_MAX = 120.0
_ENVELOPE = struct.Struct(">BI")
_COMPRESSED, _END_OF_STREAM = 1, 2
_MESSAGE_BYTES_MAX = 96 * 1024 * 1024

_PAUSE_SECONDS = (0.05, 2.0)
_FIRST_CONTACT_SECONDS = 5.0
_AFTERWARDS_SECONDS = 300.0

_Json = Mapping[str, Any]


class Interrupted(HearthError):
    """The connection ended before the answer did. Asking again may help."""


class Attempts:
    """The attempts to get one answer, or one stream to its end."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._control_plane = control_plane
        self._silent_since = time.monotonic()
        self._pause = _PAUSE_SECONDS[0]

    def heard(self) -> None:
        """Something was answered."""
        self._control_plane.reached = True
        self._silent_since = time.monotonic()
        self._pause = _PAUSE_SECONDS[0]

    def pause(self, error: Interrupted | None, deadline: float | None = None) -> None:
        """Waits a little before the next one, not beyond ``deadline``. Raises ``error`` when it took too long."""
        if error is not None and time.monotonic() - self._silent_since >= self._control_plane.give_up_after():
            raise error
        left = self._pause if deadline is None else deadline - time.monotonic()
        time.sleep(max(0.0, min(self._pause, left)))
        self._pause = min(2 * self._pause, _PAUSE_SECONDS[1])


class ControlPlane:
    """Calls methods of ``hearth.v1`` services, messages in their JSON form.

    ``unreachable_after``: seconds for which one that does not answer is asked again; ``None``: five until it has answered
    once, and five minutes afterwards.
    What Hearth refuses is raised as ``HearthError``; a connection that does not come about or breaks as ``Interrupted``.
    """

    def __init__(self, url: str, unreachable_after: float | None = None) -> None:
        self.url = url
        self.reached = False
        self.unreachable_after = unreachable_after

    def give_up_after(self) -> float:
        """Seconds of silence."""
        if self.unreachable_after is not None:
            return self.unreachable_after
        return _AFTERWARDS_SECONDS if self.reached else _FIRST_CONTACT_SECONDS

    def unary(self, service: str, method: str, message: _Json, repeated: _Json | None = None) -> dict[str, Any]:
        """One message for one; asked again while nobody answers, with ``repeated`` where that is given."""
        bodies = chain([json.dumps(message).encode()], repeat(json.dumps(repeated or message).encode()))
        return _object(self._ask(service, method, bodies, "application/json"))

    def exchange(self, service: str, method: str, content: bytes) -> bytes:
        """The same for messages of one field of bytes or text, in protobuf's binary form: many bytes are slow as JSON."""
        return wire.only_field(self._ask(service, method, repeat(wire.of_only_field(content)), "application/proto"))

    def _ask(self, service: str, method: str, bodies: Iterator[bytes], content_type: str) -> bytes:
        attempts = Attempts(self)
        while True:
            try:
                answer = self._unary(service, method, next(bodies), content_type)
                attempts.heard()
                return answer
            except Interrupted as error:
                attempts.pause(error)

    def _unary(self, service: str, method: str, body: bytes, content_type: str) -> bytes:
        connection = self._connect(_UNARY_SECONDS_MAX)
        try:
            response = self._post(connection, service, method, body, content_type)
            content = self._read(response, None)
            if response.status != 200:
                raise to_error(_parsed(content), f"HTTP {response.status} of {service}/{method} at {self.url}")
            return content
        finally:
            connection.close()

    def stream(
        self, service: str, method: str, message: _Json, silence_seconds_max: float | None
    ) -> Iterator[dict[str, Any]]:
        """Many messages for one. ``silence_seconds_max``: how long none may come before the stream counts as broken."""
        body = json.dumps(message).encode()
        connection = self._connect(silence_seconds_max)
        try:
            envelope = _ENVELOPE.pack(0, len(body)) + body
            response = self._post(connection, service, method, envelope, "application/connect+json")
            if response.status != 200:
                said = f"HTTP {response.status} of {service}/{method} at {self.url}"
                raise to_error(_parsed(self._read(response, None)), said)
            yield from self._messages(response, f"{service}/{method}")
        finally:
            connection.close()

    def _messages(self, response: http.client.HTTPResponse, what: str) -> Iterator[dict[str, Any]]:
        while True:
            flags, length = _ENVELOPE.unpack(self._read(response, _ENVELOPE.size))
            if length > _MESSAGE_BYTES_MAX or flags & _COMPRESSED:
                raise _interrupted(self.url, "what answers there does not speak Connect")
            message = _object(self._read(response, length))
            if not flags & _END_OF_STREAM:
                yield message
                continue
            if message.get("error"):
                raise to_error(message["error"], what)
            return

    def _connect(self, timeout: float | None) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(parts.hostname or "", parts.port, timeout=timeout)

    def _post(
        self, connection: http.client.HTTPConnection, service: str, method: str, body: bytes, content_type: str
    ) -> http.client.HTTPResponse:
        path = f"{urlsplit(self.url).path}/hearth.v1.{service}/{method}"
        headers = {"Content-Type": content_type, "Connect-Protocol-Version": "1"}
        try:
            connection.connect()
            # A stream of which nothing more comes may be one whose other end is gone.
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection.request("POST", path, body, headers)
            return connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            raise _interrupted(self.url, error) from None

    def _read(self, response: http.client.HTTPResponse, length: int | None) -> bytes:
        """So many bytes, or all."""
        try:
            content = response.read() if length is None else response.read(length)
        except (OSError, http.client.HTTPException) as error:
            raise _interrupted(self.url, error) from None
        if length is not None and len(content) < length:
            raise _interrupted(self.url, "the stream ended early")
        return content


def _interrupted(url: str, problem: object) -> Interrupted:
    said = str(problem) or type(problem).__name__
    return Interrupted(
        "CONTROL_PLANE_UNREACHABLE",
        f"The control plane at {url} does not answer ({said}). Run `hearth dev`, or correct HEARTH_URL or HEARTH_CONFIG.",
    )


def _parsed(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None


def _object(content: bytes) -> dict[str, Any]:
    parsed = _parsed(content)
    if not isinstance(parsed, dict):
        raise HearthError("INTERNAL", f"The control plane answered with what is no JSON object: {content[:200]!r}.")
    return parsed
