"""How far a run is, for who waits for it at a terminal."""

from __future__ import annotations

import sys
from typing import Any, Mapping, TextIO

_ERASE_LINE = "\r\x1b[K"


class Progress:
    """One line on standard error that is rewritten when what it says changes; nothing where that is no terminal."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._shown = ""
        self._terminal: TextIO | None = sys.stderr if sys.stderr is not None and sys.stderr.isatty() else None

    def show(self, phase: str, executions: Mapping[str, Any]) -> None:
        """``executions``: ``hearth.v1.ExecutionCounts`` in its JSON form."""
        if self._terminal is None:
            return
        done = int(executions.get("succeeded", 0)) + int(executions.get("failed", 0))
        total = done + int(executions.get("queued", 0)) + int(executions.get("running", 0))
        line = f"{self._name}  {phase}" + (f"  {done}/{total} executions" if total else "")
        if line != self._shown:
            self._shown = line
            self._write(_ERASE_LINE + line)

    def end(self) -> None:
        """Leaves the last line behind."""
        if self._shown:
            self._shown = ""
            self._write("\n")

    def _write(self, text: str) -> None:
        if self._terminal is None:
            return
        try:
            self._terminal.write(text)
            self._terminal.flush()
        except (OSError, ValueError):
            # The terminal is gone; the run is not.
            self._terminal = None
