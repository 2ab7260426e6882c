"""Ten executions, one after another, in two warm replicas."""

from datetime import timedelta

import hearth

env = hearth.TaskEnvironment(
    name="reusable-env",
    resources=hearth.Resources(memory="1Gi", cpu="500m"),
    reusable=hearth.ReusePolicy(
        replicas=2,
        concurrency=1,
        scaledown_ttl=timedelta(minutes=10),
        idle_ttl=timedelta(hours=1),
    ),
    image=hearth.Image.from_debian_base().with_pip_packages("unionai-reuse>=0.1.10"),
)


@env.task
async def compute_task(x: int) -> int:
    return x * x


@env.task
async def main() -> list[int]:
    results = []
    for i in range(10):
        results.append(await compute_task(i))
    return results


if __name__ == "__main__":
    hearth.init_from_config()
    run = hearth.run(main)
    print(run.name)
    print(run.url)
    run.wait()
    print(run.outputs())
