"""The agent's side of a runner's socket: starts a real runner process and exchanges real frames with it."""

from __future__ import annotations

import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import zipfile
from pathlib import Path
from typing import Any, Callable, Mapping

from hearth.payload import decode_value, encode_arguments
from hearth.runner import frames
from hearth.runner.frames import Frame, FrameDecoder, encode_frame

SOURCES = Path(__file__).parents[1] / "src"
PATIENCE_SECONDS = 30.0


def write_bundle(folder: str, modules: Mapping[str, str]) -> str:
    """A bundle of modules, by file name."""
    path = os.path.join(folder, "bundle.zip")
    with zipfile.ZipFile(path, "w") as bundle:
        for name, source in modules.items():
            bundle.writestr(name, textwrap.dedent(source))
    return path


class Agent:
    """One runner and the frames it has sent and nobody has taken yet."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self.folder = tempfile.mkdtemp(prefix="hearth-")
        path = os.path.join(self.folder, "runner.sock")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(1)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hearth.runner"],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(SOURCES),
                "HEARTH_RUNNER_SOCKET": path,
                "HEARTH_REPLICA_ID": "replica-1",
                **(variables or {}),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        listener.settimeout(PATIENCE_SECONDS)
        self.socket, _ = listener.accept()
        listener.close()
        self._decoder = FrameDecoder()
        self._frames: list[Frame] = []
        self.reads: list[int] = []
        self._attempts = 0

    def send(self, kind: int, header: Mapping[str, Any], body: bytes = b"") -> None:
        self.socket.sendall(encode_frame(kind, header, body))

    def load(self, modules: Mapping[str, str], *tasks: str, concurrency: int = 8) -> None:
        self.send(
            frames.LOAD,
            {
                "bundle": write_bundle(self.folder, modules),
                "tasks": [{"name": task.partition(":")[2] or task, "entrypoint": task} for task in tasks],
                "environment": "here",
                "version": "v1",
                "concurrency": concurrency,
            },
        )

    def execute(self, task: str, *args: Any, payload: bytes | None = None, **header: Any) -> int:
        """Sends an attempt and gives its number."""
        self._attempts += 1
        body = encode_arguments(args, {}) if payload is None else payload
        fields = {"attempt": self._attempts, "execution": f"e{self._attempts}", "number": 1, "run": "r", "task": task}
        self.send(frames.EXECUTE, {**fields, **header}, body)
        return self._attempts

    def take(self, kind: int, **header: Any) -> tuple[dict[str, Any], bytes]:
        """The first frame of this kind whose header has these fields, waited for."""
        return self.wait_for(lambda frame: frame[0] == kind and header.items() <= frame[1].items())[1:]

    def wait_for(self, wanted: Callable[[Frame], bool]) -> Frame:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            for at, frame in enumerate(self._frames):
                if wanted(frame):
                    return self._frames.pop(at)
            self.read_more(deadline)

    def read_more(self, deadline: float) -> None:
        ready, _, _ = select.select([self.socket], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            raise AssertionError(f"The runner did not send it in time. Not taken: {self._frames}")
        chunk = self.socket.recv(1 << 20)
        if not chunk:
            raise AssertionError(f"The runner closed the connection. Not taken: {self._frames}. {self.left()}")
        arrived = list(self._decoder.push(chunk))
        self.reads.append(len(arrived))
        self._frames += arrived

    @property
    def not_taken(self) -> list[Frame]:
        return self._frames

    def result(self, attempt: int) -> Any:
        """The result of an attempt that succeeds."""
        header, body = self.take(frames.ENDED, attempt=attempt)
        assert header["outcome"] == "succeeded", header
        return decode_value(body)

    def failure(self, attempt: int, outcome: str = "failed") -> dict[str, Any]:
        """The failure of an attempt that does not."""
        header, _ = self.take(frames.ENDED, attempt=attempt)
        assert header["outcome"] == outcome, header
        failure: dict[str, Any] = header["failure"]
        return failure

    def answer(self, call: Mapping[str, Any], result: bytes = b"null") -> None:
        self.send(frames.CALL_ENDED, {"call": call["call"], "outcome": "succeeded"}, result)

    def text(self, attempt: int, wanted: str) -> None:
        """Waits until the attempt's logs are this text, in order."""
        got = ""
        while got != wanted:
            header, body = self.take(frames.LOG, attempt=attempt)
            got += body.decode()
            assert wanted.startswith(got), got

    def left(self) -> tuple[int, str, str]:
        """Closes the socket; the exit code, and what the runner wrote to its file descriptors."""
        self.socket.close()
        stdout, stderr = self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode, stdout.decode(), stderr.decode()

    def close(self) -> None:
        self.socket.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        shutil.rmtree(self.folder)


class RunnerTest(unittest.TestCase):
    def agent(self, **variables: str) -> Agent:
        agent = Agent(variables)
        self.addCleanup(agent.close)
        return agent

    def loaded(self, source: str, *tasks: str, concurrency: int = 8) -> Agent:
        """A runner with the tasks of one module, `code`."""
        agent = self.agent()
        agent.load({"code_under_test.py": source}, *(f"code_under_test:{task}" for task in tasks), concurrency=concurrency)
        agent.take(frames.LOADED)
        return agent
