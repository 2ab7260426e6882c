"""The same tasks as in limited.ts."""

import os
import sys

import hearth

limited = hearth.TaskEnvironment(
    "limited-py",
    resources=hearth.Resources(cpu=0.5, memory="192Mi"),
    reusable=hearth.ReusePolicy(replicas=1, concurrency=1, idle_ttl=300),
)

calls = 0


@limited.task
async def whoami():
    """Where it runs, and how often it was asked before."""
    global calls
    calls += 1
    return {"host": os.uname().nodename, "root": sorted(os.listdir("/opt")), "runtime": sys.executable, "calls": calls}


@limited.task
async def hold(mebibytes: int):
    """Holds so much memory, every page of it."""
    return len(bytearray(b"x") * (mebibytes * 2**20))
