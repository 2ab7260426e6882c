"""What must not end a runner, which its neighbouring attempts share."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hearth.runner import frames

from agent_double import SOURCES, RunnerTest

TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class EarlyLoad(RunnerTest):
    def test_a_load_that_comes_while_the_connection_is_made_is_loaded(self) -> None:
        # The runner's connection is ready, but its event loop goes on only once the load is sent.
        with tempfile.TemporaryDirectory() as folder:
            gate = os.path.join(folder, "gate")
            os.mkfifo(gate)
            Path(folder, "sitecustomize.py").write_text(
                "import asyncio, os\n"
                "loop = asyncio.SelectorEventLoop\n"
                "connect = loop.create_unix_connection\n"
                "async def connect_and_wait(*args, **options):\n"
                "    connected = await connect(*args, **options)\n"
                "    open(os.environ['GATE']).close()\n"
                "    return connected\n"
                "loop.create_unix_connection = connect_and_wait\n"
            )
            agent = self.agent(PYTHONPATH=f"{folder}:{SOURCES}", GATE=gate)
            agent.load({"code_under_test.py": "def one(): return 1"}, "code_under_test:one")
            os.close(os.open(gate, os.O_WRONLY))
            agent.take(frames.LOADED)


class Threads(RunnerTest):
    def test_a_thread_that_cannot_be_started_fails_one_attempt_and_no_other(self) -> None:
        source = """
            import threading
            async def exhaust(): threading.stack_size(1 << 47)
            async def recover(): threading.stack_size(0)
            def work(): return 1
            """
        agent = self.loaded(source, "exhaust", "recover", "work")
        agent.result(agent.execute("exhaust"))
        failure = agent.failure(agent.execute("work"))
        self.assertEqual((failure["reason"], failure["exceptionType"]), ("TASK_FAILED", "RuntimeError"))
        agent.result(agent.execute("recover"))
        self.assertEqual(agent.result(agent.execute("work")), 1)


class Tracing(RunnerTest):
    def traced(self, modules: dict[str, str], **trace: object) -> object:
        agent = self.agent()
        agent.load({"tasks_under_test.py": modules.pop("source"), **modules}, "tasks_under_test:task")
        agent.take(frames.LOADED)
        return agent.result(agent.execute("task", **(trace or {"traceparent": TRACEPARENT})))

    def test_a_broken_opentelemetry_does_not_keep_an_attempt_from_running(self) -> None:
        source = "import opentelemetry\ndef task(): return 1"
        self.assertEqual(self.traced({"source": source, "opentelemetry/__init__.py": ""}), 1)
        raising = {"opentelemetry/__init__.py": "raise ValueError('broken')"}
        self.assertEqual(self.traced({"source": "def task(): return 1", **raising}), 1)

    def test_a_task_that_imports_opentelemetry_late_joins_the_trace_the_first_time_sampled_or_not(self) -> None:
        modules = {
            "source": "def task():\n    from opentelemetry import context\n    return context.attached",
            "opentelemetry/__init__.py": "",
            "opentelemetry/context.py": "attached = []\nattach = attached.append",
            "opentelemetry/propagate.py": "def extract(carrier): return carrier['traceparent']",
        }
        self.assertEqual(self.traced(dict(modules)), [TRACEPARENT])
        [unsampled] = self.traced(dict(modules), unsampled=True)
        self.assertRegex(unsampled, "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$")


class Children(RunnerTest):
    def test_what_a_forked_child_prints_goes_to_the_file_descriptors(self) -> None:
        source = """
            import multiprocessing, sys
            def say():
                print("from the child")
                sys.stdout.buffer.write(b"its bytes\\n")
            def fork():
                child = multiprocessing.get_context("fork").Process(target=say)
                child.start()
                child.join()
                return child.exitcode
            """
        agent = self.loaded(source, "fork")
        self.assertEqual(agent.result(agent.execute("fork")), 0)
        self.assertEqual(agent.left()[1], "from the child\nits bytes\n")
