"""Environments that get bursts of executions, which a simulation foretells."""

import asyncio

import hearth

# Room to grow: a burst of eight needs four replicas.
growing = hearth.TaskEnvironment(
    "growing", reusable=hearth.ReusePolicy(replicas=(1, 6), concurrency=2, scaledown_ttl=3, idle_ttl=6)
)

# No room to grow: executions wait for each other.
bounded = hearth.TaskEnvironment(
    "bounded", reusable=hearth.ReusePolicy(replicas=(0, 2), concurrency=1, scaledown_ttl=3, idle_ttl=60)
)

# Only there to deploy the others.
aside = hearth.TaskEnvironment("aside", reusable=hearth.ReusePolicy(replicas=1, idle_ttl=60))


@growing.task
async def nap(seconds: float):
    await asyncio.sleep(seconds)


@bounded.task
async def doze(seconds: float, cargo: str = ""):
    await asyncio.sleep(seconds)


@aside.task
async def nothing():
    pass
