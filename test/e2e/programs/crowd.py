"""Many short executions."""

import asyncio

import hearth

crowd = hearth.TaskEnvironment("crowd", reusable=hearth.ReusePolicy(replicas=4, concurrency=8, idle_ttl=60))

taken = 0


@crowd.task
async def mirror(value: int = 0):
    """Its argument, and how many executions were in this process with it."""
    global taken
    taken += 1
    try:
        seen = taken
        await asyncio.sleep(0.002)
        return {"value": value, "taken": seen}
    finally:
        taken -= 1
