from __future__ import annotations

import os
from pathlib import Path

from hearth.runner import frames

from agent_double import Agent, RunnerTest


class Output(RunnerTest):
    def prints(self, source: str, task: str, wanted: str, stream: str = "stdout") -> None:
        agent = self.loaded(source, task)
        attempt = agent.execute(task)
        agent.result(attempt)
        got = "".join(
            body.decode()
            for kind, header, body in agent.not_taken
            if kind == frames.LOG and header == {"attempt": attempt, "stream": stream}
        )
        self.assertEqual(got, wanted)
        self.assertEqual(agent.left()[1:], ("", ""))

    def test_what_a_task_prints_is_its_log_and_arrives_before_its_end(self) -> None:
        self.prints("def say(): print('one'); print('two', end='')", "say", "one\ntwo")
        self.prints("async def say(): print('one')", "say", "one\n")

    def test_standard_error_is_a_stream_of_its_own(self) -> None:
        self.prints("import sys\ndef say(): print('oh', file=sys.stderr)", "say", "oh\n", "stderr")

    def test_text_is_attributed_in_asyncio_tasks_threads_and_thread_pools(self) -> None:
        source = """
            import asyncio, threading
            from concurrent.futures import ThreadPoolExecutor
            pool = ThreadPoolExecutor(1)
            async def say():
                async def child(): print("create_task")
                await asyncio.create_task(child())
                await asyncio.to_thread(print, "to_thread")
                await asyncio.get_running_loop().run_in_executor(pool, print, "run_in_executor")
                thread = threading.Thread(target=print, args=("thread",))
                thread.start()
                thread.join()
            """
        self.prints(source, "say", "create_task\nto_thread\nrun_in_executor\nthread\n")

    def test_a_pool_that_outlives_an_attempt_prints_for_whoever_gives_it_work(self) -> None:
        source = """
            from concurrent.futures import ThreadPoolExecutor
            pool = ThreadPoolExecutor(1)
            def say(text): pool.submit(print, text).result()
            """
        agent = self.loaded(source, "say")
        for text in ("first", "second"):
            attempt = agent.execute("say", text)
            agent.result(attempt)
            agent.text(attempt, f"{text}\n")

    def test_attempts_that_run_at_once_do_not_mix(self) -> None:
        source = """
            import asyncio
            at = {}
            async def say(name):
                event = at.setdefault("event", asyncio.Event())
                at[name] = True
                for _ in range(50):
                    print(name)
                    await asyncio.sleep(0)
            """
        agent = self.loaded(source, "say")
        attempts = {name: agent.execute("say", name) for name in ("a", "b")}
        for name, attempt in attempts.items():
            agent.text(attempt, f"{name}\n" * 50)

    def test_loggers_made_at_import_write_to_the_attempt(self) -> None:
        source = """
            import logging
            logging.basicConfig(level="INFO", format="%(message)s")
            def say(): logging.info("logged")
            """
        self.prints(source, "say", "logged\n", "stderr")

    def test_bytes_are_decoded_although_a_character_comes_in_two_writes(self) -> None:
        source = """
            import sys
            def say():
                sys.stdout.buffer.write(b"caf\\xc3")
                sys.stdout.buffer.write(b"\\xa9\\xff\\n")
            """
        self.prints(source, "say", "café\\xff\n")

    def test_text_outside_any_attempt_goes_to_the_file_descriptors(self) -> None:
        source = """
            import sys, asyncio, os
            print("imported")
            print("warned", file=sys.stderr)
            late = []
            async def go_on(event):
                await event.wait()
                print("after the end")
            async def start():
                event = asyncio.Event()
                late.append((event, asyncio.create_task(go_on(event))))
            async def finish():
                late[0][0].set()
                await late[0][1]
                os.write(1, b"straight\\n")
            """
        agent = self.loaded(source, "start", "finish")
        agent.result(agent.execute("start"))
        agent.result(agent.execute("finish"))
        self.assertNotIn(frames.LOG, [frame[0] for frame in agent.not_taken])
        self.assertEqual(agent.left(), (0, "imported\nafter the end\nstraight\n", "warned\n"))

    def test_a_task_that_closes_its_output_does_not_silence_later_ones(self) -> None:
        self.prints("import sys\ndef say():\n    sys.stdout.close()\n    print('still')", "say", "still\n")

    def test_text_of_a_mebibyte_arrives_whole(self) -> None:
        agent = self.loaded("def say(): print('é' * (1 << 20), end='')", "say")
        attempt = agent.execute("say")
        agent.text(attempt, "é" * (1 << 20))
        agent.result(attempt)


class Floods(RunnerTest):
    def dropped(self, agent: Agent, attempt: int) -> list[int]:
        """What was said to be dropped, all of it before the attempt's end."""
        agent.take(frames.ENDED, attempt=attempt)
        logs = [header for kind, header, _ in agent.not_taken if kind == frames.LOG and header["attempt"] == attempt]
        return [header["dropped"] for header in logs if "dropped" in header]

    def printed(self, agent: Agent, attempt: int) -> str:
        logs = [frame for frame in agent.not_taken if frame[0] == frames.LOG and frame[1]["attempt"] == attempt]
        return "".join(body.decode() for _, _, body in logs)

    def test_a_flood_is_the_first_mebibyte_and_a_count_of_the_rest(self) -> None:
        for keyword in ("def", "async def"):
            agent = self.loaded(f"{keyword} flood():\n    for _ in range(100_000): print('x' * 99)", "flood")
            attempt = agent.execute("flood")
            dropped = self.dropped(agent, attempt)
            self.assertEqual(dropped[-1], 10_000_000 - (1 << 20))
            self.assertLess(len(dropped), 25)
            self.assertEqual(self.printed(agent, attempt), (("x" * 99 + "\n") * 100_000)[: 1 << 20])

    def test_a_line_that_never_ends_is_bounded_too(self) -> None:
        agent = self.loaded("async def flood(): print('x' * 50_000_000, end='')", "flood")
        attempt = agent.execute("flood")
        self.assertEqual(self.dropped(agent, attempt), [50_000_000 - (1 << 20)])
        self.assertEqual(self.printed(agent, attempt), "x" * (1 << 20))

    def test_what_many_attempts_print_at_once_waits_in_a_bounded_room(self) -> None:
        source = """
            import asyncio
            start = asyncio.Event()
            ready = []
            async def flood():
                ready.append(1)
                await start.wait()
                print("x" * (1 << 20), end="")
            async def let_go():
                while len(ready) < 20:
                    await asyncio.sleep(0.001)
                start.set()
            """
        agent = self.loaded(source, "flood", "let_go", concurrency=30)
        attempts = [agent.execute("flood") for _ in range(20)]
        agent.result(agent.execute("let_go"))
        dropped = [self.dropped(agent, attempt) for attempt in attempts]
        self.assertEqual(dropped, [[]] * 8 + [[1 << 20]] * 12)

    def test_a_task_that_prints_without_end_is_heard_and_holds_no_memory(self) -> None:
        source = """
            import asyncio
            async def endless():
                while True:
                    print("x" * 1000)
                    await asyncio.sleep(0)
            def endless_thread():
                while True:
                    print("y" * 1000)
            async def echo(value): return value
            """
        agent = self.loaded(source, "endless", "endless_thread", "echo")
        floods = [agent.execute("endless"), agent.execute("endless_thread")]
        for flood in floods:
            agent.wait_for(lambda frame: frame[0] == frames.LOG and frame[1].get("dropped", 0) > 50 << 20 and frame[1]["attempt"] == flood)
        self.assertEqual(agent.result(agent.execute("echo", 7)), 7)
        held = int(Path(f"/proc/{agent.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        self.assertLess(held, 100 << 20)

    def test_a_finalizer_that_prints_while_text_is_taken_does_not_stop_the_runner(self) -> None:
        source = """
            import asyncio, gc
            class Garbage:
                def __del__(self): print("collected")
            async def say():
                for turn in range(2_000):
                    garbage = Garbage()
                    garbage.itself = garbage
                    del garbage
                    gc.set_threshold(turn % 20 + 1)
                    print("said")
                    gc.set_threshold(700)
                    for _ in range(3): await asyncio.sleep(0)
                return 1
            """
        agent = self.loaded(source, "say")
        self.assertEqual(agent.result(agent.execute("say")), 1)
