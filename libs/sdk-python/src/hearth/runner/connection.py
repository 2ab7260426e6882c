"""The runner's side of the connection with its agent."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any, Callable, Mapping

from ..errors import HearthError
from . import frames
from .attempt import Attempt, now_ms
from .calls import Calls
from .failures import refusal
from .frames import FrameDecoder, ProtocolError
from .load import LoadedTask
from .outbox import Outbox
from .threads import GrowingThreads


# Read into one buffer that stays: a plain protocol is given a new one of this size for each read, which the system has to map,
# clear and take back every time.
_READ_BYTES_MAX = 256 * 1024


class Connection(asyncio.BufferedProtocol):
    """Says hello, takes a load and then executes. ``on_load`` gets the load's header; ``on_lost`` what ended the
    connection, ``None`` when the agent closed it."""

    outbox: Outbox

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_load: Callable[[dict[str, Any]], None],
        on_lost: Callable[[Exception | None], None],
    ) -> None:
        self._loop = loop
        self._on_load = on_load
        self._on_lost = on_lost
        self._buffer = memoryview(bytearray(_READ_BYTES_MAX))
        self._decoder = FrameDecoder()
        self._attempts: dict[int, Attempt] = {}
        self._tasks: Mapping[str, LoadedTask] = {}
        self._environment = ""
        self._broken: Exception | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.outbox = Outbox(self._loop, transport)
        self._calls = Calls(self._loop, self.outbox)
        self.outbox.send(frames.HELLO, {"pid": os.getpid(), "language": "python", "runtime": _runtime()})
        self.outbox.flush()

    def loaded(self, tasks: Mapping[str, LoadedTask], header: Mapping[str, Any]) -> None:
        """The code is there."""
        self._tasks = tasks
        self._environment = header.get("environment", "")
        self._threads = GrowingThreads(idle_max=max(1, int(header.get("concurrency", 1))))
        self.outbox.send(frames.LOADED, {})

    def load_failed(self, failure: Mapping[str, Any]) -> None:
        """The code cannot be used."""
        self.outbox.send(frames.LOAD_FAILED, {"failure": failure})

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        try:
            for kind, header, body in self._decoder.push(self._buffer[:nbytes]):
                self._receive(kind, header, body)
        except (ProtocolError, KeyError, TypeError) as error:
            self._broken = error
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._on_lost(self._broken or error)

    def pause_writing(self) -> None:
        self.outbox.pause(True)

    def resume_writing(self) -> None:
        self.outbox.pause(False)

    def _receive(self, kind: int, header: dict[str, Any], body: bytes) -> None:
        if kind == frames.EXECUTE:
            self._execute(header, body)
        elif kind == frames.CALL_ENDED:
            self._calls.ended(header, body)
        elif kind == frames.CANCEL:
            attempt = self._attempts.get(header["attempt"])
            if attempt is not None:
                attempt.cancel()
        elif kind == frames.PING:
            self.outbox.send(frames.PONG, {})
        elif kind == frames.LOAD:
            self._on_load(header)
        else:
            raise ProtocolError(f"An unknown frame kind {kind}.")

    def _execute(self, header: dict[str, Any], arguments: bytes) -> None:
        number = header["attempt"]
        task = self._tasks.get(header["task"])
        if task is None:
            failure = refusal(HearthError("TASK_NOT_FOUND", f'This bundle has no task "{header["task"]}".'))
            self.outbox.send(
                frames.ENDED, {"attempt": number, "outcome": "failed", "unixMs": now_ms(), "failure": failure}
            )
            return
        attempt = Attempt(header, self._environment, task, self.outbox, self._calls, self._loop, self._forget)
        self._attempts[number] = attempt
        attempt.start(arguments, self._threads.run)

    def _forget(self, attempt: Attempt) -> None:
        self._attempts.pop(attempt.id, None)


def _runtime() -> str:
    name = sys.implementation.name
    return f"{'Python' if name == 'cpython' else name} {sys.version.split()[0]}"
