"""Twenty megabytes go to a task, on to another one, and back."""

import hearth

env = hearth.TaskEnvironment(
    name="large-payloads",
    reusable=hearth.ReusePolicy(replicas=1, concurrency=2, idle_ttl=60),
)


@env.task
async def shout(text: str) -> str:
    return text.upper()


@env.task
async def main(text: str) -> str:
    return await shout(text)


if __name__ == "__main__":
    hearth.init_from_config()
    run = hearth.run(main, "warm " * 4_000_000)
    print(run.name)
    result = run.outputs()
    print(len(result), result[:4])
