"""Runs that were started."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import islice
from typing import Any, Callable, Iterator, Mapping

from .control_plane import Attempts, ControlPlane, Interrupted
from .errors import TaskError
from .progress import Progress
from .stored_payloads import from_message

_ENDED = ("succeeded", "failed", "timed_out", "cancelled")
_WATCH_SILENCE_SECONDS_MAX = 60.0


@dataclass(frozen=True)
class LogLine:
    """A line that a task of a run printed."""

    execution_id: str
    attempt: int
    unix_ms: float
    stream: str
    """``stdout`` or ``stderr``."""
    text: str


class Run:
    """A root execution and everything it called."""

    def __init__(
        self, control_plane: ControlPlane, state: Mapping[str, Any], decode_result: Callable[[bytes], Any]
    ) -> None:
        self._control_plane = control_plane
        self._state = state
        self._decode_result = decode_result

    @property
    def name(self) -> str:
        """Its name: the id of its root execution."""
        return str(self._state["name"])

    @property
    def url(self) -> str:
        """A page that shows it."""
        return str(self._state.get("url", ""))

    @property
    def phase(self) -> str:
        """``queued``, ``running``, ``succeeded``, ``failed``, ``timed_out`` or ``cancelled``, asked for now unless it
        has ended."""
        if not self._has_ended():
            self._state = self._control_plane.unary("RunService", "GetRun", {"name": self.name})["run"]
        return _phase(self._state)

    def wait(self, timeout: float | None = None) -> None:
        """Returns when it has ended, however it did. A control plane that is away is waited for (``hearth.init``).
        Raises ``TimeoutError`` after ``timeout`` seconds, in which the run goes on. Standard error shows how far the
        run is when it is a terminal."""
        if self._has_ended():
            return
        progress = Progress(self.name)
        try:
            self._wait(timeout, progress)
        finally:
            progress.end()

    def _wait(self, timeout: float | None, progress: Progress) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        attempts = Attempts(self._control_plane)
        while not self._has_ended():
            try:
                for message in self._watch(deadline):
                    self._state = message.get("run", self._state)
                    progress.show(_phase(self._state), self._state.get("executions", {}))
                    attempts.heard()
                    if self._has_ended():
                        return
                absence = None
            except Interrupted as error:
                absence = error
            if deadline is not None and time.monotonic() >= deadline:
                raise TimeoutError(f"Run {self.name} has not ended after {timeout} seconds.")
            attempts.pause(absence, deadline)

    def outputs(self) -> Any:
        """Waits for it and gives its result. Raises ``TaskError`` with the traceback of where it failed."""
        self.wait()
        if _phase(self._state) == "succeeded":
            if "result" not in self._state:
                self._state = self._control_plane.unary("RunService", "GetRun", {"name": self.name})["run"]
            return self._decode_result(from_message(self._control_plane, self._state.get("result", {})))
        raise TaskError.from_failure(_phase(self._state), self._state.get("failure", {}))

    def cancel(self) -> None:
        """Asks it to end, and returns at once."""
        self._control_plane.unary("RunService", "CancelRun", {"name": self.name})

    def logs(self, follow: bool = False) -> Iterator[LogLine]:
        """What its tasks printed, oldest first; with ``follow`` also what they print from now on, until it has ended.
        A control plane that is away meanwhile is waited for (``hearth.init``)."""
        attempts = Attempts(self._control_plane)
        given = 0
        while True:
            absence = None
            try:
                # A stream begins with the first line, and their order is always the same.
                for line in islice(self._read_logs(follow, attempts), given, None):
                    given += 1
                    yield line
                if not follow or self.phase in _ENDED:
                    return
            except Interrupted as error:
                absence = error
            attempts.pause(absence)

    def _read_logs(self, follow: bool, attempts: Attempts) -> Iterator[LogLine]:
        request = {"run": self.name, "follow": follow}
        for message in self._control_plane.stream("RunService", "ReadLogs", request, silence_seconds_max=None):
            attempts.heard()
            for line in message.get("lines", ()):
                yield LogLine(
                    line.get("executionId", ""),
                    line.get("attempt", 0),
                    float(line.get("unixMs", 0)),
                    line.get("stream", ""),
                    line.get("text", ""),
                )

    def _watch(self, deadline: float | None) -> Iterator[dict[str, Any]]:
        silence = _WATCH_SILENCE_SECONDS_MAX
        if deadline is not None:
            silence = max(0.001, min(silence, deadline - time.monotonic()))
        return self._control_plane.stream("RunService", "WatchRun", {"name": self.name}, silence_seconds_max=silence)

    def _has_ended(self) -> bool:
        return _phase(self._state) in _ENDED

    def __repr__(self) -> str:
        return f"<run {self.name}, {_phase(self._state)}>"


class LocalRun:
    """A run in this process, which has ended when it is returned."""

    name = "local"
    url = ""

    def __init__(self, run: Callable[[], Any]) -> None:
        self._result: Any = None
        self._error: Exception | None = None
        try:
            self._result = run()
        except Exception as error:
            self._error = error

    @property
    def phase(self) -> str:
        """``succeeded`` or ``failed``."""
        return "succeeded" if self._error is None else "failed"

    def wait(self, timeout: float | None = None) -> None:
        """Returns at once."""

    def outputs(self) -> Any:
        """Its result. Raises ``TaskError``, whose cause is what the task raised."""
        if self._error is None:
            return self._result
        import traceback

        told = "".join(traceback.format_exception(self._error))
        message, kind = str(self._error), type(self._error).__qualname__
        raise TaskError("failed", "TASK_FAILED", message, kind, told) from self._error

    def cancel(self) -> None:
        """Changes nothing: it has ended."""

    def logs(self, follow: bool = False) -> Iterator[LogLine]:
        """Nothing: what it printed went to this process's own output."""
        return iter(())


def _phase(state: Mapping[str, Any]) -> str:
    phase = str(state.get("phase", "")).removeprefix("EXECUTION_PHASE_").lower()
    return phase if phase in ("running", *_ENDED) else "queued"
