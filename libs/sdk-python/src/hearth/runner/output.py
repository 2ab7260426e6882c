"""Attributes what is printed to the attempt whose code prints it."""

from __future__ import annotations

import codecs
import io
import os
import sys
import threading
from contextvars import copy_context
from typing import Any, Iterable, TextIO

from ..attempt_scope import CURRENT


def attribute_output() -> None:
    """Replaces ``sys.stdout`` and ``sys.stderr``, and lets the threads that an attempt starts belong to it."""
    sys.stdout = _Attributed("stdout", sys.stdout)
    sys.stderr = _Attributed("stderr", sys.stderr)
    _let_threads_inherit()


class _Attributed(io.TextIOBase):
    """Text of an attempt goes to the attempt's log; other text to the file descriptor as before."""

    def __init__(self, name: str, real: TextIO) -> None:
        self._name = name
        self._real = real
        self._buffer = _AttributedBytes(name, real)
        reconfigure = getattr(real, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(line_buffering=True, errors="backslashreplace")

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        scope: Any = _scope()
        if scope is None or not scope.log(self._name, text):
            self._real.write(text)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self._real.flush()

    def fileno(self) -> int:
        return self._real.fileno()

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Closing it would silence every later attempt, so it only flushes."""
        self.flush()

    def reconfigure(self, **_: Any) -> None:
        """Text is always UTF-8 and never waits for a full buffer."""

    @property
    def name(self) -> str:
        return f"<{self._name}>"

    @property
    def mode(self) -> str:
        return "w"

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return "backslashreplace"

    @property
    def line_buffering(self) -> bool:
        return True

    @property
    def buffer(self) -> _AttributedBytes:
        return self._buffer


class _AttributedBytes(io.RawIOBase):
    """The binary side: ``sys.stdout.buffer``."""

    def __init__(self, name: str, real: TextIO) -> None:
        self._name = name
        self._real = real
        self._decoders: Any = None

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        scope: Any = _scope()
        octets = bytes(data)
        if scope is None or not scope.log(self._name, self._decoded(scope, octets)):
            self._real.buffer.write(octets)
            self._real.flush()
        return len(octets)

    def fileno(self) -> int:
        return self._real.fileno()

    def close(self) -> None:
        """See the text side."""

    def _decoded(self, scope: Any, octets: bytes) -> str:
        """A character may be cut in two by two writes of one attempt."""
        from weakref import WeakKeyDictionary

        if self._decoders is None:
            self._decoders = WeakKeyDictionary()
        decoder = self._decoders.get(scope)
        if decoder is None:
            decoder = self._decoders[scope] = codecs.getincrementaldecoder("utf-8")("backslashreplace")
        return str(decoder.decode(octets))


_runner_pid = os.getpid()


def _scope() -> Any:
    """A process that a task forks has no connection to the agent: what it prints goes to the file descriptors."""
    return CURRENT.get() if os.getpid() == _runner_pid else None


def _let_threads_inherit() -> None:
    """A new thread, and work given to a thread pool, belong to the attempt that they come from."""
    from concurrent.futures import ThreadPoolExecutor

    start = threading.Thread.start
    submit = ThreadPoolExecutor.submit

    def start_in_context(thread: threading.Thread) -> None:
        if CURRENT.get() is not None:
            context, run = copy_context(), thread.run
            thread.run = lambda: context.run(run)  # type: ignore[method-assign]
        start(thread)

    def submit_in_context(executor: Any, function: Any, /, *args: Any, **kwargs: Any) -> Any:
        if CURRENT.get() is None:
            return submit(executor, function, *args, **kwargs)
        return submit(executor, copy_context().run, function, *args, **kwargs)

    threading.Thread.start = start_in_context  # type: ignore[method-assign, assignment]
    ThreadPoolExecutor.submit = submit_in_context  # type: ignore[method-assign]
