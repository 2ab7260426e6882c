"""The same tasks as in limits.ts."""

import asyncio

import hearth

limits = hearth.TaskEnvironment("limits-py", reusable=hearth.ReusePolicy(replicas=1, concurrency=8, idle_ttl=300))
single = hearth.TaskEnvironment("single-py", reusable=hearth.ReusePolicy(replicas=1, concurrency=1, idle_ttl=300))

Backoff = hearth.RetryPolicy(count=3, backoff=0.05, factor=3, on=[ConnectionError])
asked = 0


@limits.task(retries=Backoff)
async def fetch(failures: int) -> int:
    """Fails so many times with what its policy names; the number of the attempt that does not."""
    attempt = hearth.current().attempt
    if attempt <= failures:
        raise ConnectionError(f"attempt {attempt} found nobody")
    return attempt


@limits.task(retries=Backoff)
async def give_up():
    """Fails with what its policy does not name."""
    raise ValueError("no such city")


@limits.task(retries=1, timeout=0.3)
async def dawdle(seconds: float):
    """The first attempt takes too long, and the second so many seconds."""
    await asyncio.sleep(600 if hearth.current().attempt == 1 else seconds)


@single.task
async def hold():
    """Has the only slot until it is cancelled."""
    await asyncio.sleep(600)


@single.task(queue_timeout=0.3)
async def impatient():
    pass


@limits.task
async def deadlines(levels: int) -> list:
    """When it has to end, in milliseconds since 1970, and so for every level of calls below it."""
    own = round(hearth.current().deadline.timestamp() * 1000)
    return [own] if levels == 0 else [own, *(await deadlines(levels - 1))]


@limits.task
async def sink(levels: int):
    """Waits for a call that waits for a call, and the last one does not end."""
    if levels > 0:
        await sink(levels - 1)
    await asyncio.sleep(600)


@limits.task
async def count() -> int:
    """How often it was run."""
    global asked
    asked += 1
    return asked


@limits.task
async def count_with_key(key: str) -> list:
    """Two calls with one key, and one with another."""
    calls = [count.override(idempotency_key=key) for key in (key, key, f"other {key}")]
    return [await call.aio() for call in calls]


@limits.task
async def await_cancellation(notes: str):
    """Notes that it began, and that it was told to end."""
    try:
        note(notes, "python began")
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        note(notes, "python cancelled")
        raise


@limits.task
async def call_other(notes: str):
    """Waits for a call to the other language."""
    await hearth.reference("limits-ts", "await_cancellation").aio(notes)


def note(notes: str, text: str) -> None:
    with open(notes, "a") as file:
        file.write(f"{text}\n")
