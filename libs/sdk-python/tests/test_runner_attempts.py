from __future__ import annotations

import os
import platform
from hearth.payload import encode_arguments
from hearth.runner import frames

from agent_double import RunnerTest


class Start(RunnerTest):
    def test_it_says_hello_before_it_is_told_of_any_code(self) -> None:
        agent = self.agent()
        header, _ = agent.take(frames.HELLO)
        self.assertEqual(
            header,
            {"pid": agent.process.pid, "language": "python", "runtime": f"Python {platform.python_version()}"},
        )

    def test_it_starts_without_importing_what_only_clients_need(self) -> None:
        agent = self.loaded("import sys\ndef modules(): return list(sys.modules)", "modules")
        modules = agent.result(agent.execute("modules"))
        for module in ("http.client", "hearth.image", "hearth.environment", "argparse", "email"):
            self.assertNotIn(module, modules)

    def test_it_leaves_when_the_socket_closes_although_a_task_blocks_for_ever(self) -> None:
        agent = self.loaded(
            """
            import atexit, sys, threading
            atexit.register(lambda: print("exit function ran"))
            def block():
                sys.stdout.write("blocks")
                threading.Event().wait()
            """,
            "block",
        )
        agent.take(frames.LOG, attempt=agent.execute("block"))
        self.assertEqual(agent.left(), (0, "exit function ran\n", ""))

    def test_an_unknown_frame_kind_ends_the_connection(self) -> None:
        agent = self.agent()
        agent.take(frames.HELLO)
        agent.send(99, {})
        self.assertEqual(agent.process.wait(30), 1)

    def test_without_a_socket_it_says_so_and_exits_64(self) -> None:
        import subprocess, sys
        from agent_double import SOURCES

        ended = subprocess.run([sys.executable, "-m", "hearth.runner"], env={"PYTHONPATH": str(SOURCES)}, capture_output=True)
        self.assertEqual(ended.returncode, 64)
        self.assertIn(b"HEARTH_RUNNER_SOCKET is not set", ended.stderr)


class Loading(RunnerTest):
    def load_failure(self, modules: dict[str, str], task: str) -> dict[str, str]:
        agent = self.agent()
        agent.load(modules, task)
        failure: dict[str, str] = agent.take(frames.LOAD_FAILED)[0]["failure"]
        return failure

    def test_code_that_raises_is_reported_with_its_traceback_and_no_frame_of_hearth(self) -> None:
        failure = self.load_failure({"a.py": "import b", "b.py": "def f():\n    1 / 0\nf()"}, "a:task")
        self.assertEqual((failure["reason"], failure["exceptionType"]), ("CODE_IMPORT_FAILED", "ZeroDivisionError"))
        self.assertIn("b.py", failure["traceback"])
        self.assertIn("1 / 0", failure["traceback"])
        self.assertNotIn("/hearth/", failure["traceback"])
        self.assertNotIn("importlib", failure["traceback"])

    def test_code_that_exits_while_it_is_imported_is_reported_too(self) -> None:
        self.assertEqual(self.load_failure({"a.py": "raise SystemExit(3)"}, "a:task")["exceptionType"], "SystemExit")

    def test_an_import_of_something_that_is_not_installed_is_the_codes_failure(self) -> None:
        failure = self.load_failure({"a.py": "import not_there"}, "a:task")
        self.assertEqual(failure["reason"], "CODE_IMPORT_FAILED")
        self.assertIn("No module named 'not_there'", failure["message"])

    def test_a_missing_module_or_attribute_is_named(self) -> None:
        for task, named in [("a:task", '"a" has no "task"'), ("b:task", 'no module "b"'), ("a", "module:attribute"), ("a:x", "a int")]:
            with self.subTest(task):
                failure = self.load_failure({"a.py": "x = 1"}, task)
                self.assertEqual(failure["reason"], "ENTRYPOINT_NOT_FOUND")
                self.assertIn(named, failure["message"])

    def test_code_may_run_an_event_loop_while_it_is_imported(self) -> None:
        agent = self.loaded(
            "import asyncio\nx = asyncio.run(asyncio.sleep(0, 5))\nasync def five(): return x", "five"
        )
        self.assertEqual(agent.result(agent.execute("five")), 5)

    def test_decorated_tasks_are_found_under_their_attribute(self) -> None:
        source = """
            from hearth import TaskEnvironment
            env = TaskEnvironment("here")
            class Space:
                @staticmethod
                def inner(x): return x + 1
            @env.task(name="other-name")
            def double(x: int) -> int: return 2 * x
            """
        agent = self.loaded(source, "double", "Space.inner")
        self.assertEqual(agent.result(agent.execute("double", 4)), 8)
        self.assertEqual(agent.result(agent.execute("Space.inner", 4)), 5)


class Attempts(RunnerTest):
    def test_globals_live_on_between_attempts(self) -> None:
        agent = self.loaded("n = 0\ndef count():\n    global n\n    n += 1\n    return n", "count")
        self.assertEqual([agent.result(agent.execute("count")) for _ in range(3)], [1, 2, 3])

    def test_the_end_says_when_its_code_began(self) -> None:
        agent = self.loaded("def nothing(): pass", "nothing")
        attempt = agent.execute("nothing")
        header, body = agent.take(frames.ENDED, attempt=attempt)
        self.assertLessEqual(header["startedUnixMs"], header["unixMs"])
        self.assertEqual((header["outcome"], body), ("succeeded", b"null"))

    def test_asynchronous_attempts_share_the_loop_and_run_at_once(self) -> None:
        source = """
            import asyncio
            met = []
            async def meet():
                met.append(asyncio.get_running_loop())
                while len(met) < 3: await asyncio.sleep(0)
                return len(set(map(id, met)))
            """
        agent = self.loaded(source, "meet")
        attempts = [agent.execute("meet") for _ in range(3)]
        self.assertEqual([agent.result(attempt) for attempt in attempts], [1, 1, 1])

    def test_synchronous_attempts_run_at_once_in_threads_of_their_own(self) -> None:
        source = """
            import threading
            barrier = threading.Barrier(5)
            def meet():
                barrier.wait(30)
                return threading.get_ident()
            """
        agent = self.loaded(source, "meet", concurrency=5)
        attempts = [agent.execute("meet") for _ in range(5)]
        self.assertEqual(len({agent.result(attempt) for attempt in attempts}), 5)

    def test_threads_are_used_again(self) -> None:
        source = """
            import threading
            here = threading.local()
            def times():
                here.times = getattr(here, "times", 0) + 1
                return here.times
            """
        agent = self.loaded(source, "times")
        # A thread may still be on its way to being idle when the next attempt comes.
        self.assertIn(2, (agent.result(agent.execute("times")) for _ in range(100)))

    def test_arguments_are_built_to_annotations(self) -> None:
        source = """
            from dataclasses import dataclass
            @dataclass
            class Point:
                x: float
            def kind(p: Point, rest: tuple[Point, ...] = ()): return [type(p).__name__, type(p.x).__name__, type(rest).__name__]
            """
        agent = self.loaded(source, "kind")
        self.assertEqual(agent.result(agent.execute("kind", {"x": 1}, [{"x": 2}])), ["Point", "float", "tuple"])

    def test_keyword_arguments_and_no_arguments_arrive(self) -> None:
        agent = self.loaded("def pair(a=1, b=2): return [a, b]", "pair")
        self.assertEqual(agent.result(agent.execute("pair", payload=b"")), [1, 2])
        self.assertEqual(agent.result(agent.execute("pair", payload=encode_arguments([3], {"b": 4}))), [3, 4])

    def test_many_ends_leave_in_few_writes(self) -> None:
        agent = self.loaded("async def one(): return 1", "one")
        agent.socket.sendall(
            b"".join(
                frames.encode_frame(frames.EXECUTE, {"attempt": n, "execution": "e", "number": 1, "run": "r", "task": "one"})
                for n in range(200)
            )
        )
        agent.reads.clear()
        for number in range(200):
            agent.result(number)
        self.assertLess(len(agent.reads), 20)

    def test_an_attempt_that_waits_for_nothing_is_answered_with_one_write(self) -> None:
        agent = self.loaded("async def one(): return 1", "one")
        agent.result(agent.execute("one"))
        agent.reads.clear()
        agent.result(agent.execute("one"))
        self.assertEqual(agent.reads, [1])

    def test_code_knows_what_it_is_part_of(self) -> None:
        source = """
            import hearth
            from dataclasses import asdict
            def who(): return {**asdict(hearth.current()), "deadline": hearth.current().deadline.isoformat()}
            """
        agent = self.loaded(source, "who")
        attempt = agent.execute(
            "who", execution="the-execution", number=2, run="the-run", traceparent="00-1-2-01",
            deadlineUnixMs=1_800_000_000_000,
        )  # fmt: skip
        self.assertEqual(
            agent.result(attempt),
            {
                "execution_id": "the-execution", "run": "the-run", "attempt": 2, "replica_id": "replica-1",
                "environment": "here", "task": "who", "traceparent": "00-1-2-01",
                "deadline": "2027-01-15T08:00:00+00:00",
            },
        )  # fmt: skip

    def test_code_of_a_trace_that_is_not_sampled_has_ids_that_say_so_to_hand_on(self) -> None:
        source = "import hearth\ndef trace(): return [hearth.current().traceparent, hearth.current().traceparent]"
        agent = self.loaded(source, "trace")
        first, again = agent.result(agent.execute("trace", unsampled=True))
        self.assertRegex(first, "^00-[0-9a-f]{32}-[0-9a-f]{16}-00$")
        self.assertEqual(first, again)
        self.assertNotEqual(agent.result(agent.execute("trace", unsampled=True))[0], first)
        self.assertEqual(agent.result(agent.execute("trace")), ["", ""])

    def test_every_attempt_has_context_variables_of_its_own(self) -> None:
        source = """
            from contextvars import ContextVar
            seen = ContextVar("seen", default=0)
            def bump():
                seen.set(seen.get() + 1)
                return seen.get()
            async def abump(): return bump()
            """
        agent = self.loaded(source, "bump", "abump")
        self.assertEqual([agent.result(agent.execute(task)) for task in ["bump", "bump", "abump", "abump"]], [1] * 4)


class Failures(RunnerTest):
    def test_a_task_that_raises_fails_with_its_exception_and_no_frame_of_hearth(self) -> None:
        source = """
            def inner(): raise KeyError("gone")
            def sync_task():
                try: inner()
                except KeyError as e: raise ValueError("bad x") from e
            async def async_task(): sync_task()
            """
        agent = self.loaded(source, "sync_task", "async_task")
        for task in ("sync_task", "async_task"):
            with self.subTest(task):
                failure = agent.failure(agent.execute(task))
                self.assertEqual(
                    (failure["reason"], failure["exceptionType"], failure["message"]),
                    ("TASK_FAILED", "ValueError", "bad x"),
                )
                self.assertIn("KeyError: 'gone'", failure["traceback"])
                self.assertIn("code_under_test.py", failure["traceback"])
                self.assertNotIn("/hearth/", failure["traceback"])

    def test_exit_and_interrupt_fail_the_attempt_that_raised_them_and_nothing_else(self) -> None:
        source = """
            import sys, asyncio
            def leave(): sys.exit(3)
            async def aleave(): sys.exit(3)
            async def interrupt(): raise KeyboardInterrupt
            async def child_leaves(): await asyncio.create_task(aleave())
            def alive(): return True
            """
        agent = self.loaded(source, "leave", "aleave", "interrupt", "child_leaves", "alive")
        for task, kind in [("leave", "SystemExit"), ("aleave", "SystemExit"), ("interrupt", "KeyboardInterrupt"), ("child_leaves", "SystemExit")]:
            with self.subTest(task):
                self.assertEqual(agent.failure(agent.execute(task))["exceptionType"], kind)
                self.assertTrue(agent.result(agent.execute("alive")))

    def test_a_result_that_cannot_be_sent_fails_with_where_it_is(self) -> None:
        agent = self.loaded("def bad(): return {'a': [1, {2}]}\nasync def abad(): return bad()", "bad", "abad")
        for task in ("bad", "abad"):
            self.assertEqual(
                agent.failure(agent.execute(task)),
                {"reason": "NOT_SERIALIZABLE", "message": "result, at a[1]: a value of type set cannot be sent"},
            )

    def test_arguments_that_do_not_fit_are_refused(self) -> None:
        agent = self.loaded("def one(x: int): return x", "one")
        for payload in (encode_arguments([], {}), encode_arguments([1, 2], {}), encode_arguments([], {"y": 1}), b"{"):
            self.assertEqual(agent.failure(agent.execute("one", payload=payload))["reason"], "INVALID_ARGUMENTS")

    def test_an_unknown_task_is_refused(self) -> None:
        agent = self.loaded("def one(): pass", "one")
        self.assertEqual(agent.failure(agent.execute("two"))["reason"], "TASK_NOT_FOUND")

    def test_long_messages_and_tracebacks_are_cut_to_what_a_frame_holds(self) -> None:
        source = r"""
            def long(): raise ValueError("\n\x01é" * 1_000_000)
            """
        agent = self.loaded(source, "long")
        failure = agent.failure(agent.execute("long"))
        self.assertLessEqual(len(failure["message"].encode()), 8 * 1024)
        self.assertLessEqual(len(failure["traceback"].encode()), 64 * 1024)
        self.assertIn("left out", failure["message"])
        self.assertIn("code_under_test.py", failure["traceback"])


class Cancelling(RunnerTest):
    def test_an_asynchronous_task_is_cancelled_where_it_waits(self) -> None:
        source = """
            import asyncio
            async def wait():
                try: await asyncio.Event().wait()
                finally: print("cleaned up")
            """
        agent = self.loaded(source, "wait")
        attempt = agent.execute("wait")
        agent.send(frames.CANCEL, {"attempt": attempt})
        self.assertEqual(agent.failure(attempt, "cancelled")["reason"], "CANCELLED")
        agent.text(attempt, "cleaned up\n")

    def test_a_task_that_returns_all_the_same_has_succeeded(self) -> None:
        source = """
            import asyncio
            async def stubborn():
                try: await asyncio.Event().wait()
                except asyncio.CancelledError: return "done"
            """
        agent = self.loaded(source, "stubborn")
        attempt = agent.execute("stubborn")
        agent.send(frames.CANCEL, {"attempt": attempt})
        self.assertEqual(agent.result(attempt), "done")

    def test_a_synchronous_task_is_answered_as_cancelled_once_it_returns(self) -> None:
        source = """
            import os
            def read(path):
                with open(path) as pipe: return pipe.read()
            async def alive(): return True
            """
        agent = self.loaded(source, "read", "alive")
        path = f"{agent.folder}/pipe"
        os.mkfifo(path)
        attempt = agent.execute("read", path)
        agent.send(frames.CANCEL, {"attempt": attempt})
        self.assertTrue(agent.result(agent.execute("alive")))
        self.assertNotIn(frames.ENDED, [frame[0] for frame in agent.not_taken])
        with open(path, "w") as pipe:
            pipe.write("x")
        self.assertEqual(agent.failure(attempt, "cancelled")["reason"], "CANCELLED")

    def test_a_cancelled_error_that_nobody_asked_for_is_the_tasks_failure(self) -> None:
        agent = self.loaded("import asyncio\nasync def odd(): raise asyncio.CancelledError", "odd")
        self.assertEqual(agent.failure(agent.execute("odd"))["exceptionType"], "CancelledError")

    def test_a_cancel_for_an_attempt_that_has_ended_is_ignored(self) -> None:
        agent = self.loaded("def one(): return 1", "one")
        attempt = agent.execute("one")
        agent.result(attempt)
        agent.send(frames.CANCEL, {"attempt": attempt})
        self.assertEqual(agent.result(agent.execute("one")), 1)
        self.assertNotIn(frames.ENDED, [frame[0] for frame in agent.not_taken])
