"""Its code loads anywhere but in a replica."""

import os

import hearth

broken = hearth.TaskEnvironment("broken-py", reusable=hearth.ReusePolicy(replicas=1))

if "HEARTH_REPLICA_ID" in os.environ:
    raise RuntimeError("no model in this replica")


@broken.task
async def never():
    return 1
