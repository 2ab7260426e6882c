from __future__ import annotations

import asyncio
import unittest
from typing import Any

import hearth

env = hearth.TaskEnvironment("mapping")


@env.task
def add(x: int, y: int = 0) -> int:
    if x < 0:
        raise ValueError("negative")
    return x + y


@env.task
async def aadd(x: int, y: int = 0) -> int:
    return add.function(x, y)


class Maps(unittest.TestCase):
    def test_several_iterables_give_an_argument_each_until_the_shortest_ends(self) -> None:
        for task in (add, aadd):
            with self.subTest(task):
                self.assertEqual(hearth.map(task, [1, 2, 3], (n for n in (10, 20)), group_name="sums"), [11, 22])

    def test_failures_take_their_results_place_when_they_are_to_be_returned(self) -> None:
        for task in (add, aadd):
            for concurrency in (0, 1):
                with self.subTest(task, concurrency=concurrency):
                    got = hearth.map(task, [1, -1, 2], concurrency=concurrency, return_exceptions=True)
                    self.assertEqual((got[0], got[2]), (1, 2))
                    self.assertIsInstance(got[1], ValueError)

    def test_without_that_the_first_failure_is_raised(self) -> None:
        for task in (add, aadd):
            with self.subTest(task), self.assertRaisesRegex(ValueError, "negative"):
                hearth.map(task, [1, -1, 2])

    def test_an_async_for_gets_the_results_in_order_while_later_calls_go_on(self) -> None:
        async def main() -> list[int]:
            last = asyncio.Event()

            class Waiting:
                async def aio(self, n: int) -> int:
                    if n == 2:
                        await last.wait()
                    return n

            got = []
            async for result in hearth.map.aio(Waiting(), range(3), concurrency=2):
                got.append(result)
                if result == 1:
                    last.set()
            return got

        self.assertEqual(asyncio.run(main()), [0, 1, 2])

    def test_the_first_failure_cancels_the_other_calls_although_earlier_ones_are_not_over(self) -> None:
        cancelled: list[int] = []

        class Failing:
            async def aio(self, n: int) -> int:
                if n == 1:
                    raise ValueError("no")
                try:
                    return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]
                except asyncio.CancelledError:
                    cancelled.append(n)
                    raise

        for concurrency in (0, 3):
            cancelled.clear()
            with self.subTest(concurrency), self.assertRaisesRegex(ValueError, "no"):
                asyncio.run(hearth.map.aio(Failing(), range(3), concurrency=concurrency))
            self.assertEqual(cancelled, [0, 2])

    def test_no_more_calls_go_on_at_a_time_than_wanted(self) -> None:
        going: list[int] = []
        most = [0]

        class Counting:
            async def aio(self, n: int) -> None:
                going.append(n)
                most[0] = max(most[0], len(going))
                await asyncio.sleep(0)
                going.remove(n)

        asyncio.run(hearth.map.aio(Counting(), range(20), concurrency=3))
        self.assertEqual(most, [3])
        asyncio.run(hearth.map.aio(Counting(), range(20), concurrency=0))
        self.assertEqual(most, [20])

    def test_an_iterable_that_raises_ends_the_map_with_its_error(self) -> None:
        def items() -> Any:
            yield 1
            raise KeyError("source")

        for concurrency in (0, 2):
            with self.subTest(concurrency), self.assertRaises(KeyError):
                hearth.map(aadd, items(), concurrency=concurrency)

    def test_a_map_can_be_a_task_of_asyncio(self) -> None:
        async def main() -> Any:
            return await asyncio.create_task(hearth.map.aio(aadd, [1, 2]))

        self.assertEqual(asyncio.run(main()), [1, 2])

    def test_a_blocking_map_of_an_asynchronous_task_in_an_event_loop_says_what_to_write_instead(self) -> None:
        async def main() -> Any:
            return hearth.map(aadd, [1])

        with self.assertRaisesRegex(hearth.HearthError, r"BLOCKING_CALL: .*`await hearth.map.aio\(\.\.\.\)`"):
            asyncio.run(main())
