"""Calls of calls, each of which notes that it ran."""

import asyncio

import hearth

tree = hearth.TaskEnvironment("tree-py", reusable=hearth.ReusePolicy(replicas=2, concurrency=1, idle_ttl=60))


@tree.task
async def leaf(number: int, notes: str) -> int:
    """Its number, after a while."""
    with open(notes, "a") as file:
        file.write(f"{number}\n")
    await asyncio.sleep(0.2)
    return number


@tree.task
async def branch(number: int, notes: str) -> int:
    """The sum of ten leaves."""
    return sum(await asyncio.gather(*(leaf(10 * number + one, notes) for one in range(10))))


@tree.task
async def trunk(notes: str) -> int:
    """The sum of four branches, 780."""
    return sum(await asyncio.gather(*(branch(number, notes) for number in range(4))))
