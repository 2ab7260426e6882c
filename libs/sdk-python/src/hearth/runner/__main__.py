"""``python -m hearth.runner``: connects to the agent, loads its bundle and serves it until the socket closes."""

from __future__ import annotations

# Before anything else imports it.
from .late_ssl import import_asyncio

import_asyncio()

import asyncio
import os
import selectors
import signal
import socket
import sys
from typing import Any, NoReturn

from .connection import Connection
from .forks import contain_forks, leave_forked_child

_EXIT_FUNCTIONS_SECONDS_MAX = 5.0
_EXIT_USAGE = 64
_WAITED_IN_CHILD = RuntimeError("A process forked by a task cannot wait in the runner's event loop, and was ended.")


def main() -> NoReturn:
    socket_path = os.environ.get("HEARTH_RUNNER_SOCKET", "")
    if not socket_path:
        print("HEARTH_RUNNER_SOCKET is not set: a runner is started by its agent.", file=sys.stderr)
        sys.exit(_EXIT_USAGE)
    # An interrupt from the terminal is for who started Hearth; the agent decides when a runner leaves.
    signal.signal(signal.SIGINT, lambda *_: None)
    selector = selectors.DefaultSelector()
    loop = asyncio.SelectorEventLoop(selector)
    asyncio.set_event_loop(loop)
    runner = _Runner(loop)
    connection = Connection(loop, runner.load, runner.leave)
    # Connected already: asyncio would look into ssl whether it may connect it.
    agent = socket.socket(socket.AF_UNIX)
    agent.connect(socket_path)
    transport, _ = loop.run_until_complete(loop.create_unix_connection(lambda: connection, sock=agent))
    contain_forks(loop, selector, transport.get_extra_info("socket"))
    runner.serve(connection)
    _exit(1 if runner.broken else 0)


class _Runner:
    """Runs the loop, and user code's imports between two runs of it: they may use event loops of their own."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._load: dict[str, Any] | None = None
        self._left = False
        self.broken = False

    def load(self, header: dict[str, Any]) -> None:
        self._load = header
        self._loop.stop()

    def leave(self, error: Exception | None) -> None:
        if error is not None:
            print(f"The connection to the agent broke: {error!r}", file=sys.stderr)
        self._left = True
        self.broken = error is not None
        self._loop.stop()

    def serve(self, connection: Connection) -> None:
        while not self._left:
            # The load may have come before this loop began, while the connection was made.
            if self._load is None:
                try:
                    self._loop.run_forever()
                except (SystemExit, KeyboardInterrupt):
                    # asyncio lets these through from a task that user code created. They reach who awaits that task too.
                    continue
                finally:
                    leave_forked_child(_WAITED_IN_CHILD)
            if self._load is not None and not self._left:
                header, self._load = self._load, None
                _load(connection, header)
                leave_forked_child()
                asyncio.set_event_loop(self._loop)


def _load(connection: Connection, header: dict[str, Any]) -> None:
    from .load import LoadFailed, load_tasks
    from .output import attribute_output

    attribute_output()
    try:
        connection.loaded(load_tasks(header.get("bundle", ""), header.get("tasks", [])), header)
    except LoadFailed as error:
        connection.load_failed(error.failure)


def _exit(code: int) -> NoReturn:
    """Leaves although threads of user code may be blocked for ever. Exit functions get a bound of time."""
    import atexit
    import threading

    watchdog = threading.Timer(_EXIT_FUNCTIONS_SECONDS_MAX, os._exit, (code,))
    watchdog.daemon = True
    watchdog.start()
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code)


if __name__ == "__main__":
    main()
