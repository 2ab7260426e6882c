"""The same tasks as in probe.ts."""

import asyncio
import os
import socket
import sys
import time

import hearth

probe = hearth.TaskEnvironment("probe-py", reusable=hearth.ReusePolicy(replicas=1, concurrency=2, idle_ttl=300))

calls = 0


@probe.task
async def whoami():
    """Which process answers, and how often it was asked before."""
    global calls
    calls += 1
    return {"pid": os.getpid(), "calls": calls}


@probe.task
async def echo(value):
    return value


@probe.task
async def fail(text: str):
    raise ValueError(text)


@probe.task
async def say(text: str):
    print(f"{text} one")
    await asyncio.sleep(0.02)
    print(f"{text} two", file=sys.stderr)


@probe.task
async def stubborn():
    """Goes on though it is asked to end."""
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


@probe.task
async def hang():
    """Goes on until it is asked to end."""
    await asyncio.sleep(600)


@probe.task
async def spin(ms: int):
    """Lets nothing else run in its process."""
    until = time.monotonic() + ms / 1000
    while time.monotonic() < until:
        pass
    return os.getpid()


@probe.task
async def unsendable():
    return {"rows": [{"handle": socket.socket()}]}


@probe.task
async def ask(environment: str, task: str, value):
    """Calls any task by its names."""
    return {"asked": await hearth.reference(environment, task).aio(value), "by": "python"}


narrow = hearth.TaskEnvironment("narrow-py", reusable=hearth.ReusePolicy(replicas=1, concurrency=1))


@narrow.task
async def descend(levels: int) -> int:
    """How deep it went. Every level waits for the next one, with one slot for all."""
    return 0 if levels == 0 else 1 + await descend(levels - 1)
