"""Threads for synchronous tasks."""

from __future__ import annotations

import threading
from queue import SimpleQueue
from typing import Callable

_start_thread = threading.Thread.start


class GrowingThreads:
    """Runs every piece of work at once: in an idle thread, or else in a new one. So attempts that block never keep
    others from starting; how many there are is bounded by the agent's slots and the attempts that lent theirs."""

    def __init__(self, idle_max: int) -> None:
        self._idle_max = idle_max
        self._idle = 0
        self._lock = threading.Lock()
        self._work: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def run(self, work: Callable[[], None]) -> None:
        with self._lock:
            start = self._idle == 0
            if not start:
                self._idle -= 1
        if start:
            thread = threading.Thread(target=self._serve, args=(work,), name="hearth-task", daemon=True)
            _start_thread(thread)
        else:
            self._work.put(work)

    def _serve(self, work: Callable[[], None]) -> None:
        while True:
            work()
            del work
            with self._lock:
                if self._idle >= self._idle_max:
                    return
                self._idle += 1
            work = self._work.get()
