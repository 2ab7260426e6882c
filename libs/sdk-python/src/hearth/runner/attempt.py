"""One attempt in this runner."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextvars import copy_context
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Callable, Coroutine, Mapping, TypeVar

from ..annotations import bind_arguments
from ..attempt_scope import CURRENT, Current
from ..errors import HearthError
from ..payload import decode_arguments, encode_result
from .calls import CallingLedger, Calls
from .failures import Failure, failure_of, refusal
from .forks import in_forked_child, leave_forked_child
from .frames import ENDED, encode_frame, encode_succeeded
from .load import LoadedTask
from .outbox import Outbox, Printed

if TYPE_CHECKING:
    from datetime import datetime

T = TypeVar("T")


class Attempt:
    """Runs a task once and sends how it ended. Implements ``AttemptScope`` for the code in it."""

    __slots__ = (
        *("id", "ledger", "_header", "_environment", "_info", "_task", "_outbox", "_calls", "_loop", "_loop_thread"),
        *("_forget", "_cancel_asked", "_over", "_printed", "_asyncio_task", "_started_unix_ms", "__weakref__"),
    )

    def __init__(
        self,
        header: Mapping[str, Any],
        environment: str,
        task: LoadedTask,
        outbox: Outbox,
        calls: Calls,
        loop: asyncio.AbstractEventLoop,
        forget: Callable[[Attempt], None],
    ) -> None:
        """On the loop's thread. ``header``: of the execute frame."""
        self.id: int = header["attempt"]
        self.ledger = CallingLedger()
        self._header = header
        self._environment = environment
        self._info: Current | None = None
        self._task = task
        self._outbox = outbox
        self._calls = calls
        self._loop = loop
        self._loop_thread = threading.get_ident()
        self._forget = forget
        self._cancel_asked = False
        self._over = False
        self._printed: Printed | None = None
        self._asyncio_task: asyncio.Task[None] | None = None
        self._started_unix_ms = 0

    @property
    def info(self) -> Current:
        """What its code may know of it. Most code never asks."""
        if self._info is None:
            self._info = _info(self._header, self._environment)
        return self._info

    def start(self, arguments: bytes, run_in_thread: Callable[[Callable[[], None]], None]) -> None:
        """Begins, in a context of its own."""
        self._started_unix_ms = now_ms()
        if self._task.asynchronous:
            self._create_task(arguments)
            return
        context = copy_context()
        context.run(self._enter)
        try:
            run_in_thread(lambda: context.run(self._run_blocking, arguments))
        except RuntimeError as error:
            # The operating system gives no more threads. That is this attempt's failure, not its neighbours'.
            self._fail(error)

    def cancel(self) -> None:
        """Asks it to end. A synchronous one is cancelled once it returns."""
        self._cancel_asked = True
        if self._asyncio_task is not None:
            # After the task's first step, which a cancellation must not forestall.
            self._loop.call_soon(self._asyncio_task.cancel)
        else:
            self._calls.attempt_cancelled(self)

    def log(self, stream: str, text: str) -> bool:
        """Takes text that its code printed; refuses once it has ended."""
        if self._over:
            return False
        if self._printed is None:
            self._printed = Printed(self.id)
        self._outbox.log(self._printed, stream, text)
        return True

    async def call(self, environment: str, task: str, arguments: bytes, options: Mapping[str, Any]) -> bytes:
        _forbid_in_child()
        if asyncio.get_running_loop() is self._loop:
            return await self._calls.call(self, environment, task, arguments, options)
        # A synchronous task may run an event loop of its own.
        elsewhere = self._calls.call(self, environment, task, arguments, options)
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(elsewhere, self._loop))

    def block_on(self, coroutine: Coroutine[Any, Any, T]) -> T:
        if in_forked_child():
            coroutine.close()
            _forbid_in_child()
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        error = future.exception()
        if error is not None:
            # Raised here, so that a traceback has no frames of how the result came to this thread.
            raise error
        return future.result()

    def forbid_blocking(self, what: str) -> None:
        if threading.get_ident() == self._loop_thread:
            raise HearthError(
                "BLOCKING_CALL",
                f"Calling {what} here would block the event loop of every attempt in this replica: "
                f"write `await {what}.aio(...)`.",
            )

    def _create_task(self, arguments: bytes) -> None:
        """The task copies the context that it is created in, which here is the loop's own: only what can be undone may
        be set in that one."""
        if self._attaching() is not None:
            context = copy_context()
            context.run(self._enter)
            self._asyncio_task = context.run(self._loop.create_task, self._run(arguments))
            return
        token = CURRENT.set(self)
        try:
            self._asyncio_task = self._loop.create_task(self._run(arguments))
        finally:
            CURRENT.reset(token)

    def _enter(self) -> None:
        CURRENT.set(self)
        attach = self._attaching()
        if attach is not None:
            attach(self.info.traceparent, self._header.get("tracestate", ""))

    def _attaching(self) -> Callable[[str, str], None] | None:
        is_traced = self._header.get("traceparent") or self._header.get("unsampled")
        return _find_attaching() if is_traced else None

    async def _run(self, arguments: bytes) -> None:
        try:
            args, kwargs = self._arguments(arguments)
            value = await self._task.function(*args, **kwargs)
            result = _encoded(value)
        except BaseException as error:
            # Also SystemExit and KeyboardInterrupt: they are this attempt's, not the runner's.
            leave_forked_child(error)
            self._fail(error)
        else:
            leave_forked_child()
            self._succeed(result)

    def _run_blocking(self, arguments: bytes) -> None:
        try:
            args, kwargs = self._arguments(arguments)
            value = self._task.function(*args, **kwargs)
            result = _encoded(value)
        except BaseException as error:
            leave_forked_child(error)
            self._on_loop(partial(self._fail, error))
        else:
            leave_forked_child()
            self._on_loop(partial(self._succeed, result))

    def _on_loop(self, end: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(end)
        except RuntimeError:
            # The loop is closed: the runner is leaving and nobody listens.
            pass

    def _arguments(self, arguments: bytes) -> tuple[tuple[Any, ...], dict[str, Any]]:
        try:
            return bind_arguments(self._task.function, *decode_arguments(arguments))
        except HearthError as error:
            raise _Refused(error) from None
        except Exception as error:
            raise _Refused(HearthError("INVALID_ARGUMENTS", f"{type(error).__name__}: {error}")) from None

    def _fail(self, error: BaseException) -> None:
        if self._cancel_asked and (isinstance(error, asyncio.CancelledError) or not self._task.asynchronous):
            self._end("cancelled", _cancellation)
        elif isinstance(error, _Refused):
            self._end("failed", refusal(error.error))
        else:
            self._end("failed", failure_of("TASK_FAILED", error))

    def _succeed(self, result: bytes) -> None:
        if self._cancel_asked and not self._task.asynchronous:
            self._end("cancelled", _cancellation)
        else:
            self._leave(encode_succeeded(self.id, self._started_unix_ms, now_ms(), result))

    def _end(self, outcome: str, failure: Failure) -> None:
        times = {"startedUnixMs": self._started_unix_ms, "unixMs": now_ms()}
        header = {"attempt": self.id, "outcome": outcome, "failure": failure, **times}
        self._leave(encode_frame(ENDED, header))

    def _leave(self, frame: bytes) -> None:
        """Says how it ended, on the loop's thread."""
        self._over = True
        self._calls.attempt_ended(self)
        if self._printed is not None:
            self._outbox.tell_dropped(self._printed)
        self._outbox.send_last(frame)
        # Its context has the attempt, which would have it: nothing but the garbage collector could free the two.
        self._asyncio_task = None
        self._forget(self)


_cancellation: Failure = {"reason": "CANCELLED", "message": "Somebody asked for the execution to end."}


class _Refused(Exception):
    """Hearth's own refusal, as opposed to one that the user's code let through."""

    def __init__(self, error: HearthError) -> None:
        super().__init__(str(error))
        self.error = error


def _forbid_in_child() -> None:
    if in_forked_child():
        raise RuntimeError("A process forked by a task cannot call tasks: it has no connection to Hearth.")


def _encoded(value: Any) -> bytes:
    try:
        return encode_result(value)
    except HearthError as error:
        raise _Refused(error) from None


def _traceparent(header: Mapping[str, Any]) -> str:
    """Of a trace that is not sampled nobody drew the ids: here its code may hand them on, so that nobody samples what it
    causes elsewhere."""
    if header.get("unsampled") and not header.get("traceparent"):
        return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-00"
    return str(header.get("traceparent", ""))


@cache
def _find_attaching() -> Callable[[str, str], None] | None:
    """What makes the spans of the task's code children of the attempt's, where OpenTelemetry is installed. Looked for once: a
    search for a package that is not there would cost every attempt."""
    try:
        from opentelemetry import context, propagate  # type: ignore[import-not-found, unused-ignore]

        attach, extract = context.attach, propagate.extract
    except Exception:
        return None

    def attach_trace(traceparent: str, tracestate: str) -> None:
        try:
            attach(extract({"traceparent": traceparent, "tracestate": tracestate}))
        except Exception:
            # It is the user's package, and the attempt goes on without it.
            return

    return attach_trace


def _info(header: Mapping[str, Any], environment: str) -> Current:
    return Current(
        execution_id=header["execution"],
        run=header["run"],
        attempt=header["number"],
        replica_id=os.environ.get("HEARTH_REPLICA_ID", ""),
        environment=environment,
        task=header["task"],
        traceparent=_traceparent(header),
        deadline=_moment(header.get("deadlineUnixMs")),
    )


def _moment(unix_ms: float | None) -> datetime | None:
    from datetime import datetime, timezone

    return None if unix_ms is None else datetime.fromtimestamp(unix_ms / 1000, timezone.utc)


def now_ms() -> int:
    """The time for frames."""
    return time.time_ns() // 1_000_000
