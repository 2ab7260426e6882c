from __future__ import annotations

from hearth.runner import frames

from agent_double import RunnerTest


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

    def test_more_text_than_fits_in_a_frame_arrives_whole(self) -> None:
        agent = self.loaded("def say(): print('é' * 9_000_000, end='')", "say")
        attempt = agent.execute("say")
        agent.text(attempt, "é" * 9_000_000)
        agent.result(attempt)
