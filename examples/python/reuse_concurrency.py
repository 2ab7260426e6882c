"""Five hundred executions at once in two replicas of a hundred slots each."""

import asyncio

import hearth

env = hearth.TaskEnvironment(
    name="reuse-concurrency",
    resources=hearth.Resources(cpu=1, memory="1Gi"),
    reusable=hearth.ReusePolicy(replicas=2, idle_ttl=60, concurrency=100, scaledown_ttl=60),
)


@env.task
async def noop(x: int) -> int:
    return x


@env.task
async def main(n: int = 50) -> int:
    return sum(await asyncio.gather(*(noop(i) for i in range(n))))


if __name__ == "__main__":
    hearth.init_from_config()
    run = hearth.run(main, n=500)
    print(run.name)
    print(run.url)
    run.wait()
    print(run.outputs())
