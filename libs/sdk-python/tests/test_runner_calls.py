from __future__ import annotations

import time
from typing import Any

from hearth.payload import decode_arguments, encode_result
from hearth.runner import frames

from agent_double import Agent, RunnerTest

CODE = """
    import asyncio, threading
    import hearth
    env = hearth.TaskEnvironment("here", reusable=hearth.ReusePolicy(1))
    other = hearth.TaskEnvironment("there")

    @other.task
    def child(x: int) -> float: ...

    @other.task
    async def achild(x): ...

    @env.task
    def one(x): return child(x)

    @env.task
    def two_after_each_other(x): return child(child(x))

    @env.task
    async def aone(x): return await achild(x)

    @env.task
    async def gather(n): return sum(await asyncio.gather(*(achild(i) for i in range(n))))

    @env.task
    async def first_of_two():
        done, rest = await asyncio.wait(
            [asyncio.create_task(achild(i)) for i in range(2)], return_when=asyncio.FIRST_COMPLETED)
        for task in rest: task.cancel()
        await asyncio.wait(rest)
        return [task.result() for task in done]

    @env.task
    async def blocks(): return child(1)

    @env.task
    async def blocks_in_thread(): return await asyncio.to_thread(child, 1)

    @env.task
    async def awaits_sync(): return await child.aio(1)

    @env.task
    def own_loop(): return asyncio.run(achild.aio(1))

    @env.task
    def in_thread():
        got = []
        thread = threading.Thread(target=lambda: got.append(child(1)))
        thread.start()
        thread.join()
        return got

    @env.task
    async def catches():
        try: await achild(1)
        except hearth.TaskError as error:
            return [error.outcome, error.reason, error.message, error.exception_type, error.traceback]

    @env.task
    def lets_through(): child(1)

    @env.task
    async def overridden():
        return await child.override(reusable=hearth.ReusePolicy(replicas=(0, 3), idle_ttl=1)).aio(1)

    @env.task
    async def prefers():
        chosen = achild.override(affinity_key="user-7").override(priority=-3)
        alone = hearth.reference("there", "child").override(reusable="off")
        return await chosen(1), await hearth.map.aio(chosen, [2]), await alone.aio(3)

    @env.task
    async def limits():
        return await child.override(retries=2, timeout=5, queue_timeout=6, deadline=7, idempotency_key="k").aio(1)

    @env.task
    def by_name(): return hearth.reference("node-code", "greet")("you", polite=True)

    @env.task
    def mapped(n, concurrency): return hearth.map(child, range(n), concurrency=concurrency)

    @env.task
    async def amapped(n): return await hearth.map.aio(child, range(n))

    @env.task
    async def amapped_badly(n): return hearth.map(child, range(n))

    @env.task
    def unsendable(): child(x={"a": {1}})

    @env.task
    async def forgets():
        asyncio.ensure_future(achild(1))
        await asyncio.sleep(0)

    @env.task
    def me(): return threading.get_ident()
"""


class Calls(RunnerTest):
    def agent_with(self, *tasks: str, concurrency: int = 8) -> Agent:
        return self.loaded(CODE, *tasks, concurrency=concurrency)

    def call(self, agent: Agent, **header: Any) -> dict[str, Any]:
        got, body = agent.take(frames.CALL, **header)
        return {**got, "arguments": decode_arguments(body)}

    def kinds(self, agent: Agent) -> list[int]:
        return [frame[0] for frame in agent.not_taken]

    def test_a_synchronous_call_sends_its_arguments_and_gives_the_result_built_to_its_annotation(self) -> None:
        agent = self.agent_with("one")
        attempt = agent.execute("one", 7)
        call = self.call(agent)
        self.assertEqual(
            {key: call[key] for key in call if key != "call"},
            {"attempt": attempt, "environment": "there", "task": "child", "arguments": ([7], {})},
        )
        agent.answer(call, b"49")
        self.assertIs(type(agent.result(attempt)), float)

    def test_a_synchronous_task_parks_when_it_blocks_in_a_call_and_again_in_the_next(self) -> None:
        agent = self.agent_with("two_after_each_other")
        attempt = agent.execute("two_after_each_other", 1)
        for answer in (b"2", b"3"):
            call = self.call(agent)
            agent.take(frames.PARK, attempt=attempt)
            agent.answer(call, answer)
        self.assertEqual(agent.result(attempt), 3)
        self.assertNotIn(frames.PARK, self.kinds(agent))

    def test_an_asynchronous_task_parks_once_with_its_first_awaited_call(self) -> None:
        agent = self.agent_with("gather")
        attempt = agent.execute("gather", 5)
        calls = [self.call(agent) for _ in range(5)]
        agent.take(frames.PARK, attempt=attempt)
        agent.socket.sendall(
            b"".join(
                frames.encode_frame(frames.CALL_ENDED, {"call": call["call"], "outcome": "succeeded"}, b"1")
                for call in calls
            )
        )
        self.assertEqual(agent.result(attempt), 5)
        self.assertNotIn(frames.PARK, self.kinds(agent))

    def test_it_parks_again_when_calls_are_still_outstanding_after_one_has_ended(self) -> None:
        agent = self.agent_with("gather")
        attempt = agent.execute("gather", 3)
        for call in [self.call(agent) for _ in range(3)]:
            agent.take(frames.PARK, attempt=attempt)
            agent.answer(call, b"1")
        self.assertEqual(agent.result(attempt), 3)
        self.assertNotIn(frames.PARK, self.kinds(agent))

    def test_blocked_synchronous_attempts_do_not_keep_others_from_running(self) -> None:
        agent = self.agent_with("one", "me", concurrency=1)
        attempts = [agent.execute("one", n) for n in range(20)]
        calls = [self.call(agent) for _ in attempts]
        agent.result(agent.execute("me"))
        for call in calls:
            agent.answer(call, encode_result(call["arguments"][0][0]))
        self.assertEqual([agent.result(attempt) for attempt in attempts], list(map(float, range(20))))

    def test_a_synchronous_task_called_on_the_event_loop_says_what_to_write_instead(self) -> None:
        agent = self.agent_with("blocks", "amapped_badly")
        failure = agent.failure(agent.execute("blocks"))
        self.assertEqual(failure["exceptionType"], "HearthError")
        self.assertIn("BLOCKING_CALL: ", failure["message"])
        self.assertIn("`await child.aio(...)`", failure["message"])
        self.assertIn("`await hearth.map.aio(...)`", agent.failure(agent.execute("amapped_badly", 2))["message"])
        self.assertNotIn(frames.CALL, self.kinds(agent))

    def test_calls_from_threads_and_from_event_loops_of_the_tasks_own_belong_to_the_attempt(self) -> None:
        tasks = {"blocks_in_thread": 1.0, "awaits_sync": 1.0, "own_loop": 1, "in_thread": [1.0]}
        agent = self.agent_with(*tasks)
        for task, wanted in tasks.items():
            with self.subTest(task):
                attempt = agent.execute(task)
                call = self.call(agent, attempt=attempt)
                agent.take(frames.PARK, attempt=attempt)
                agent.answer(call, b"1")
                self.assertEqual(agent.result(attempt), wanted)

    def test_a_failed_child_raises_a_task_error_with_what_is_known_of_it(self) -> None:
        agent = self.agent_with("catches")
        failure = {"reason": "TASK_FAILED", "message": "no", "exceptionType": "ValueError", "traceback": "Traceback: there"}
        attempt = agent.execute("catches")
        agent.send(frames.CALL_ENDED, {"call": self.call(agent)["call"], "outcome": "failed", "failure": failure})
        self.assertEqual(agent.result(attempt), ["failed", "TASK_FAILED", "no", "ValueError", "Traceback: there"])

    def test_a_failure_that_the_parent_lets_through_tells_of_the_child(self) -> None:
        agent = self.agent_with("lets_through")
        attempt = agent.execute("lets_through")
        failure = {"reason": "BACKLOG_FULL", "message": "The backlog of there is full."}
        agent.send(frames.CALL_ENDED, {"call": self.call(agent)["call"], "outcome": "failed", "failure": failure})
        got = agent.failure(attempt)
        self.assertEqual((got["reason"], got["exceptionType"]), ("TASK_FAILED", "TaskError"))
        self.assertEqual(got["message"], "BACKLOG_FULL: The backlog of there is full.")
        files = [line for line in got["traceback"].splitlines() if line.startswith("  File ")]
        self.assertEqual(len(files), 1, got["traceback"])

    def test_a_failure_that_went_through_several_tasks_is_told_once(self) -> None:
        agent = self.agent_with("lets_through")
        attempt = agent.execute("lets_through")
        failure = {"reason": "TASK_FAILED", "message": "ValueError: deep", "exceptionType": "TaskError", "traceback": "Traceback: there"}
        agent.send(frames.CALL_ENDED, {"call": self.call(agent)["call"], "outcome": "failed", "failure": failure})
        got = agent.failure(attempt)
        self.assertEqual(got["message"], "ValueError: deep")
        self.assertIn("Traceback: there", got["traceback"])

    def test_a_cancelled_await_cancels_the_call(self) -> None:
        agent = self.agent_with("first_of_two")
        attempt = agent.execute("first_of_two")
        first, second = self.call(agent), self.call(agent)
        agent.take(frames.PARK, attempt=attempt)
        agent.answer(first, b"1")
        agent.take(frames.CANCEL_CALL, call=second["call"])
        self.assertEqual(agent.result(attempt), [1])

    def test_cancelling_an_attempt_cancels_the_call_it_waits_for(self) -> None:
        agent = self.agent_with("one", "aone")
        for task in ("one", "aone"):
            with self.subTest(task):
                attempt = agent.execute(task, 1)
                call = self.call(agent, attempt=attempt)
                agent.send(frames.CANCEL, {"attempt": attempt})
                agent.take(frames.CANCEL_CALL, call=call["call"])
                self.assertEqual(agent.failure(attempt, "cancelled")["reason"], "CANCELLED")
                agent.answer(call)

    def test_calls_that_an_attempt_leaves_behind_are_cancelled(self) -> None:
        agent = self.agent_with("forgets")
        attempt = agent.execute("forgets")
        call = self.call(agent)
        agent.take(frames.CANCEL_CALL, call=call["call"])
        self.assertIsNone(agent.result(attempt))

    def test_an_override_travels_with_the_call(self) -> None:
        agent = self.agent_with("overridden")
        attempt = agent.execute("overridden")
        call = self.call(agent)
        self.assertEqual(
            call["policy"],
            {
                "minReplicas": 0, "maxReplicas": 3, "concurrency": 1, "idleTtl": "1s", "scaledownTtl": "30s",
                "scope": "SCOPE_GLOBAL",
            },
        )  # fmt: skip
        agent.answer(call, b"1")
        agent.result(attempt)

    def test_affinity_priority_and_fresh_replicas_travel_with_calls_and_maps(self) -> None:
        agent = self.agent_with("prefers")
        attempt = agent.execute("prefers")
        named = ("affinityKey", "priority", "freshReplica")
        for expected in ({"affinityKey": "user-7", "priority": -3},) * 2 + ({"freshReplica": True},):
            call = self.call(agent)
            self.assertEqual({key: call[key] for key in named if key in call}, expected)
            agent.answer(call, b"1")
        self.assertEqual(agent.result(attempt), [1, [1], 1])

    def test_limits_and_an_idempotency_key_travel_with_the_call(self) -> None:
        agent = self.agent_with("limits")
        attempt = agent.execute("limits")
        call = self.call(agent)
        self.assertEqual(
            [call[key] for key in ("retryPolicy", "attemptTimeoutMs", "queueTimeoutMs", "idempotencyKey")],
            [{"retries": 2}, 5000, 6000, "k"],
        )
        self.assertLessEqual(abs(call["deadlineUnixMs"] - 7000 - time.time() * 1000), 60_000)
        agent.answer(call, b"1")
        agent.result(attempt)

    def test_a_task_is_called_by_name_across_languages(self) -> None:
        agent = self.agent_with("by_name")
        attempt = agent.execute("by_name")
        call = self.call(agent, environment="node-code", task="greet")
        self.assertEqual(call["arguments"], (["you"], {"polite": True}))
        agent.answer(call, b'"hello"')
        self.assertEqual(agent.result(attempt), "hello")

    def test_a_map_keeps_the_order_of_its_items(self) -> None:
        agent = self.agent_with("mapped", "amapped")
        for attempt in (agent.execute("mapped", 4, None), agent.execute("amapped", 4)):
            for call in reversed([self.call(agent, attempt=attempt) for _ in range(4)]):
                agent.answer(call, encode_result(call["arguments"][0][0]))
            self.assertEqual(agent.result(attempt), [0, 1, 2, 3])

    def test_a_map_makes_no_more_calls_at_a_time_than_asked(self) -> None:
        agent = self.agent_with("mapped")
        attempt = agent.execute("mapped", 5, 2)
        open_calls = [self.call(agent), self.call(agent)]
        for _ in range(5):
            agent.take(frames.PARK, attempt=attempt)
            self.assertNotIn(frames.CALL, self.kinds(agent))
            call = open_calls.pop(0)
            agent.answer(call, encode_result(call["arguments"][0][0]))
            if call["arguments"][0][0] < 3:
                open_calls.append(self.call(agent))
        self.assertEqual(agent.result(attempt), [0, 1, 2, 3, 4])

    def test_the_first_failure_of_a_map_cancels_the_other_calls(self) -> None:
        agent = self.agent_with("mapped")
        attempt = agent.execute("mapped", 3, None)
        calls = [self.call(agent) for _ in range(3)]
        agent.send(frames.CALL_ENDED, {"call": calls[1]["call"], "outcome": "lost", "failure": {"reason": "REPLICA_LOST", "message": "gone"}})
        for at in (0, 2):
            agent.take(frames.CANCEL_CALL, call=calls[at]["call"])
        self.assertEqual(agent.failure(attempt)["message"], "REPLICA_LOST: gone")

    def test_arguments_that_cannot_be_sent_are_named_and_no_call_is_made(self) -> None:
        agent = self.agent_with("unsendable")
        failure = agent.failure(agent.execute("unsendable"))
        self.assertEqual(failure["message"], 'NOT_SERIALIZABLE: argument "x", at a: a value of type set cannot be sent')
        self.assertNotIn(frames.CALL, self.kinds(agent))
