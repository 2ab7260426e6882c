"""Environments whose pools the tests watch."""

import asyncio
import os

import hearth

# Up to three replicas, one of them kept while the environment is awake; both TTLs are short and not round.
brief = hearth.TaskEnvironment(
    "brief", reusable=hearth.ReusePolicy(replicas=(1, 3), concurrency=1, scaledown_ttl=1.3, idle_ttl=3.7)
)

# Replicas that are replaced after five executions.
recycled = hearth.TaskEnvironment(
    "recycled",
    reusable=hearth.ReusePolicy(replicas=1, concurrency=2, recycling=hearth.Recycling(after_executions=5), idle_ttl=60),
)

# Two replicas that stay.
pair = hearth.TaskEnvironment("pair", reusable=hearth.ReusePolicy(replicas=2, concurrency=4, idle_ttl=60))

# Little memory.
small = hearth.TaskEnvironment(
    "small",
    resources=hearth.Resources(memory="200Mi"),
    reusable=hearth.ReusePolicy(replicas=1, concurrency=4, idle_ttl=60),
)


@brief.task
async def nap(seconds: float):
    await asyncio.sleep(seconds)
    return os.getpid()


@recycled.task
async def whoami():
    """Which process answers."""
    return os.getpid()


@pair.task
async def who_serves():
    return os.getpid()


@small.task
async def rest(seconds: float):
    await asyncio.sleep(seconds)
    return os.getpid()


@small.task
async def hoard(mebibytes: int):
    """Holds that much memory."""
    held = bytearray(mebibytes << 20)
    held[::4096] = b"x" * len(held[::4096])
    await asyncio.sleep(60)
    return len(held)
