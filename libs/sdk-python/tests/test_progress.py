from __future__ import annotations

import io
import unittest
from unittest import mock

from hearth.progress import Progress
from hearth.runs import Run

from test_client import ClientTest


class Stream(io.StringIO):
    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


class Waiting(ClientTest):
    def shown(self, terminal: bool) -> str:
        phases = ("QUEUED", "RUNNING", "RUNNING", "SUCCEEDED")
        counts = [{"queued": 1}, {"running": 2, "succeeded": 1}, {"running": 2, "succeeded": 1}, {"succeeded": 2, "failed": 1}]
        self.double.answers["RunService/WatchRun"] = lambda _: [
            {"run": {"name": "r1", "phase": f"EXECUTION_PHASE_{phase}", "executions": executions}}
            for phase, executions in zip(phases, counts)
        ]
        run: Run = self.run_greet()
        self.name = run.name
        with mock.patch("sys.stderr", Stream(terminal)) as stream:
            run.wait()
            run.wait()
        return stream.getvalue()

    def test_a_terminal_shows_one_line_that_is_rewritten_when_it_changes(self) -> None:
        told = self.shown(terminal=True)
        *lines, end = told.split("\r\x1b[K")[1:]
        self.assertEqual(lines, [f"{self.name}  queued  0/1 executions", f"{self.name}  running  1/3 executions"])
        self.assertEqual(end, f"{self.name}  succeeded  3/3 executions\n")

    def test_what_is_no_terminal_is_left_alone(self) -> None:
        self.assertEqual(self.shown(terminal=False), "")


class Terminal(unittest.TestCase):
    def test_a_terminal_that_goes_away_does_not_end_the_waiting(self) -> None:
        stream = Stream(terminal=True)
        with mock.patch("sys.stderr", stream):
            progress = Progress("r1")
        stream.close()
        progress.show("running", {"running": 1})
        progress.end()
