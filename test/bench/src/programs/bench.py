"""What is measured in a Python runner: the same as in bench.ts."""

import asyncio

import hearth

wide = hearth.TaskEnvironment(
    "bench-python", reusable=hearth.ReusePolicy(replicas=1, concurrency=512, idle_ttl=86_400)
)


@wide.task
async def noop(value=None):
    return value


gathering = hearth.TaskEnvironment(
    "bench-gather-python", reusable=hearth.ReusePolicy(replicas=2, concurrency=100, idle_ttl=86_400)
)


@gathering.task
async def child(x: int) -> int:
    return x


@gathering.task
async def gather(children: int = 1) -> int:
    return sum(await asyncio.gather(*(child(x) for x in range(children))))


cold = hearth.TaskEnvironment(
    "bench-cold-python",
    reusable=hearth.ReusePolicy(replicas=(0, 1), concurrency=1, idle_ttl=1, scaledown_ttl=1),
)


@cold.task
async def first():
    return None
