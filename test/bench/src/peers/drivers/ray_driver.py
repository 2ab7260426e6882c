"""Calls an asyncio actor of Ray's."""

import ray

from driver import serve

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=200 * 1024 * 1024)


@ray.remote
class Noop:
    async def noop(self, value=None):
        return value


actor = Noop.options(max_concurrency=1000).remote()
ray.get(actor.noop.remote())

serve(
    ray.__version__,
    one=lambda: ray.get(actor.noop.remote()),
    many=lambda count: ray.get([actor.noop.remote() for _ in range(count)]),
    stop=ray.shutdown,
)
