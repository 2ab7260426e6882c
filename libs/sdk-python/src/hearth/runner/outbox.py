"""What leaves the runner: all frames of one tick in one write."""

from __future__ import annotations

import asyncio
import io
import threading
from typing import Any, Collection, Mapping

from .frames import LOG, encode_frame

_LOG_CHARACTERS_MAX = 256 * 1024
# What an attempt may print; the agent takes no more of it.
_ATTEMPT_CHARACTERS_MAX = 1024 * 1024
# What all attempts have printed and the agent has not read yet.
_WAITING_CHARACTERS_MAX = 8 * 1024 * 1024


class Printed:
    """How much an attempt has printed. Changed by the outbox only."""

    __slots__ = ("attempt", "characters", "dropped", "dropped_told")

    def __init__(self, attempt: int) -> None:
        self.attempt = attempt
        self.characters = 0
        self.dropped = 0
        self.dropped_told = 0


class _Log:
    """Text of one attempt and stream that still grows."""

    __slots__ = ("attempt", "stream", "text", "size")

    def __init__(self, attempt: int, stream: str) -> None:
        self.attempt, self.stream = attempt, stream
        self.text = io.StringIO()
        self.size = 0

    def encode(self) -> bytes:
        body = self.text.getvalue().encode("utf-8", "backslashreplace")
        return encode_frame(LOG, {"attempt": self.attempt, "stream": self.stream}, body)


class Outbox:
    """Takes frames from any thread and keeps their order."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.WriteTransport) -> None:
        self._loop = loop
        self._transport = transport
        self._loop_thread = threading.get_ident()
        # There is no public way to what is ready to run.
        self._ready: Collection[Any] = getattr(loop, "_ready")
        # The garbage collector may run a finalizer that prints while this thread has it.
        self._lock = threading.RLock()
        self._waiting: list[bytes | _Log] = []
        self._log_characters = 0
        self._paused = False

    def send(self, kind: int, header: Mapping[str, Any], body: bytes = b"") -> None:
        self.send_encoded(encode_frame(kind, header, body))

    def send_encoded(self, frame: bytes) -> None:
        with self._lock:
            first = not self._waiting
            self._waiting.append(frame)
        if first:
            self._schedule()

    def send_last(self, frame: bytes) -> None:
        """Takes the last frame of its sender, on the loop's thread. When nothing else is ready to run or to leave it leaves at
        once, a turn of the loop earlier."""
        if self._ready or self._waiting or self._paused or self._transport.is_closing():
            self.send_encoded(frame)
        else:
            self._transport.write(frame)

    def log(self, printed: Printed, stream: str, text: str) -> None:
        """Takes text that an attempt printed, as far as there is room for it."""
        with self._lock:
            first = not self._waiting
            room = min(
                _ATTEMPT_CHARACTERS_MAX - printed.characters,
                _WAITING_CHARACTERS_MAX - self._log_characters,
            )
            kept = min(len(text), max(0, room))
            printed.characters += len(text)
            for at in range(0, kept, _LOG_CHARACTERS_MAX):
                self._log_part(printed.attempt, stream, text[at : min(at + _LOG_CHARACTERS_MAX, kept)])
            printed.dropped += len(text) - kept
            # It may go on for ever, or end at any time: the agent always knows at least half of it.
            if printed.dropped > 0 and printed.dropped >= 2 * printed.dropped_told:
                self._waiting.append(_dropped(printed))
            first = first and bool(self._waiting)
        if first:
            self._schedule()

    def tell_dropped(self, printed: Printed) -> None:
        """Says what is not said yet of what an attempt printed in vain."""
        if printed.dropped > printed.dropped_told:
            self.send_encoded(_dropped(printed))

    def pause(self, paused: bool) -> None:
        """The agent reads too slowly, or fast enough again. Only on the loop's thread."""
        self._paused = paused
        self.flush()

    def flush(self) -> None:
        """Writes all that waits, if the agent has read what came before. Only on the loop's thread."""
        if self._paused:
            return
        with self._lock:
            waiting, self._waiting = self._waiting, []
            self._log_characters = 0
        if waiting and not self._transport.is_closing():
            self._transport.write(b"".join(part if isinstance(part, bytes) else part.encode() for part in waiting))

    def _log_part(self, attempt: int, stream: str, text: str) -> None:
        log = self._waiting[-1] if self._waiting else None
        if (
            not isinstance(log, _Log)
            or (log.attempt, log.stream) != (attempt, stream)
            or log.size + len(text) > _LOG_CHARACTERS_MAX
        ):
            log = _Log(attempt, stream)
            self._waiting.append(log)
        log.text.write(text)
        log.size += len(text)
        self._log_characters += len(text)

    def _schedule(self) -> None:
        if threading.get_ident() == self._loop_thread:
            # After what is ready to run now: ends that come together leave together.
            self._loop.call_soon(self.flush)
            return
        try:
            self._loop.call_soon_threadsafe(self.flush)
        except RuntimeError:
            # The loop is closed: the runner is leaving and nobody listens.
            pass


def _dropped(printed: Printed) -> bytes:
    printed.dropped_told = printed.dropped
    return encode_frame(LOG, {"attempt": printed.attempt, "stream": "stdout", "dropped": printed.dropped})
