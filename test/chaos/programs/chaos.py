"""The same task as in chaos.ts: what it gives follows from its arguments alone."""

import asyncio
import json
import os
import time

import hearth


def declare(name: str, replicas: int, concurrency: int) -> hearth.TaskEnvironment:
    policy = hearth.ReusePolicy(replicas=(1, replicas), concurrency=concurrency, scaledown_ttl=10, idle_ttl=600)
    return hearth.TaskEnvironment(name, reusable=policy)


narrow = declare("chaos-py-1", 4, 1)
wide = declare("chaos-py-10", 2, 10)


async def do(file, work, padding):
    mark(file, "start", work)
    await asyncio.sleep(work["sleepMs"] / 1000)
    calls = await asyncio.gather(*(call(file, one) for one in work["calls"]))
    mark(file, "end", work)
    if work["fails"] or hearth.current().attempt <= work["failsFirst"]:
        raise ValueError(work["name"])
    part = work["name"] + "."
    letters = (part * (work["resultLetters"] // len(part) + 1))[: work["resultLetters"]]
    return {"name": work["name"], "received": len(padding), "letters": letters, "calls": calls}


async def call(file, work):
    try:
        task = hearth.reference(work["environment"], "work")
        result = await task.aio(file, work, "p" * work["argumentLetters"])
    except hearth.HearthError as error:
        return {"name": work["name"], "failed": error.reason}
    return {"name": work["name"], "letters": len(result["letters"])}


def mark(file, what, work):
    """One write of less than a page at the file's end is not mixed with another's."""
    now = hearth.current()
    line = {
        "mark": what,
        "atMs": time.time() * 1000,
        "executionId": now.execution_id,
        "attempt": now.attempt,
        "name": work["name"],
        "environment": now.environment,
        "pid": os.getpid(),
    }
    out = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(out, (json.dumps(line) + "\n").encode())
    os.close(out)


@narrow.task(name="work")
async def work_alone(file: str, work: dict, padding: str):
    return await do(file, work, padding)


@wide.task(name="work")
async def work_together(file: str, work: dict, padding: str):
    return await do(file, work, padding)


@narrow.task
async def whoami():
    return os.getpid()
