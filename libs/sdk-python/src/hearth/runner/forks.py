"""Keeps a process that a task forks out of its runner: it has a copy of everything, the connection to the agent and the
event loop with all attempts included."""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
import sys
import threading
from typing import Any

_in_child = False
# A coroutine that nobody has any more is closed, which would run the neighbours' `finally` in the child.
_kept: list[Any] = []


def in_forked_child() -> bool:
    """Whether this is not the runner, but a copy of it."""
    return _in_child


def contain_forks(
    loop: asyncio.AbstractEventLoop, selector: selectors.BaseSelector, connection: socket.socket
) -> None:
    """From now on, children neither speak to the agent nor run anything of the loop. On the loop's thread."""
    loop_thread = threading.get_ident()

    def after_in_child() -> None:
        global _in_child
        _in_child = True
        null = os.open(os.devnull, os.O_RDWR)
        for descriptor in (connection.fileno(), selector.fileno()):  # type: ignore[attr-defined]
            os.dup2(null, descriptor, inheritable=False)
        os.close(null)
        if threading.get_ident() == loop_thread:
            # There is no public way to what is ready to run; the turn that is under way would run all of it.
            ready = getattr(loop, "_ready")
            _kept.extend(ready)
            ready.clear()
            loop.stop()

    os.register_at_fork(after_in_child=after_in_child)


def leave_forked_child(error: BaseException | None = None) -> None:
    """Ends a child whose code has come back to the runner; in the runner itself it does nothing."""
    if not _in_child:
        return
    try:
        if error is not None and not isinstance(error, SystemExit):
            import traceback

            traceback.print_exception(type(error), error, error.__traceback__)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(0 if error is None else 1)
