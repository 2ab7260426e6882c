"""What leaves the runner: all frames of one tick in one write."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, Mapping

from .frames import LOG, encode_frame

_LOG_CHARACTERS_MAX = 256 * 1024


class _Log:
    """Text of one attempt and stream that still grows."""

    __slots__ = ("attempt", "stream", "parts", "size")

    def __init__(self, attempt: int, stream: str) -> None:
        self.attempt, self.stream = attempt, stream
        self.parts: list[str] = []
        self.size = 0

    def encode(self) -> bytes:
        body = "".join(self.parts).encode("utf-8", "backslashreplace")
        return encode_frame(LOG, {"attempt": self.attempt, "stream": self.stream}, body)


class Outbox:
    """Takes frames from any thread and keeps their order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.WriteTransport) -> None:
        self._loop = loop
        self._transport = transport
        self._loop_thread = threading.get_ident()
        self._lock = threading.Lock()
        self._waiting: list[bytes | _Log] = []
        self._writable = threading.Event()
        self._writable.set()

    def send(self, kind: int, header: Mapping[str, Any], body: bytes = b"") -> None:
        self.send_encoded(encode_frame(kind, header, body))

    def send_encoded(self, frame: bytes) -> None:
        with self._lock:
            self._waiting.append(frame)
            first = len(self._waiting) == 1
        if first:
            self._schedule()

    def log(self, attempt: int, stream: str, text: str) -> None:
        """Text that an attempt printed. A thread that prints more than the agent reads waits for it here."""
        if threading.get_ident() != self._loop_thread:
            self._writable.wait()
        for at in range(0, len(text), _LOG_CHARACTERS_MAX):
            self._log_part(attempt, stream, text[at : at + _LOG_CHARACTERS_MAX])

    def pause(self, paused: bool) -> None:
        """The agent reads too slowly, or fast enough again."""
        self._writable.clear() if paused else self._writable.set()

    def flush(self) -> None:
        """Writes all that waits. Only on the loop's thread."""
        with self._lock:
            waiting, self._waiting = self._waiting, []
        if waiting and not self._transport.is_closing():
            self._transport.write(b"".join(part if isinstance(part, bytes) else part.encode() for part in waiting))

    def _log_part(self, attempt: int, stream: str, text: str) -> None:
        with self._lock:
            first = not self._waiting
            log = None if first else self._waiting[-1]
            if (
                not isinstance(log, _Log)
                or (log.attempt, log.stream) != (attempt, stream)
                or log.size + len(text) > _LOG_CHARACTERS_MAX
            ):
                log = _Log(attempt, stream)
                self._waiting.append(log)
            log.parts.append(text)
            log.size += len(text)
        if first:
            self._schedule()

    def _schedule(self) -> None:
        if threading.get_ident() == self._loop_thread:
            # After what is ready to run now: the end of an attempt that waits for nothing leaves with its start.
            self._loop.call_soon(self._loop.call_soon, self.flush)
            return
        try:
            self._loop.call_soon_threadsafe(self.flush)
        except RuntimeError:
            # The loop is closed: the runner is leaving and nobody listens.
            pass
