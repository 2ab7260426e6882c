"""A task that fails twice and succeeds with its third attempt."""

from datetime import timedelta

import hearth

env = hearth.TaskEnvironment(name="flaky", reusable=hearth.ReusePolicy(replicas=1))


@env.task(
    retries=hearth.RetryPolicy(count=3, backoff=timedelta(milliseconds=200), on=[ConnectionError]),
    timeout=timedelta(seconds=30),
)
async def fetch(city: str) -> str:
    attempt = hearth.current().attempt
    if attempt < 3:
        raise ConnectionError(f"attempt {attempt} found nobody")
    return f"{city}, with attempt {attempt}"


if __name__ == "__main__":
    hearth.init_from_config()
    run = hearth.run(fetch, "Bergen", deadline=timedelta(minutes=5))
    print(run.name)
    print(run.url)
    print(run.outputs())
