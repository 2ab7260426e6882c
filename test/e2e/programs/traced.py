"""The same tasks as in traced.ts."""

import hearth

traced = hearth.TaskEnvironment("traced-py", reusable=hearth.ReusePolicy(replicas=1, concurrency=2))


@traced.task
async def own():
    return hearth.current().traceparent


@traced.task
async def family():
    """The trace context of an attempt, and of what it calls."""
    return [hearth.current().traceparent, await own()]
