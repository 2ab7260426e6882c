"""Calls a Celery task through Redis, with a worker in a process of its own."""

import os
import subprocess
import sys

import celery

from celery_app import noop
from driver import serve

worker = subprocess.Popen(
    [sys.executable, "-m", "celery", "-A", "celery_app", "worker", "--pool", "prefork", "--concurrency", "2"]
    + ["--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"],
    cwd=os.path.dirname(os.path.abspath(__file__)),
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
noop.delay().get(timeout=60)


def many(count: int) -> None:
    for result in [noop.delay() for _ in range(count)]:
        result.get(timeout=60)


def stop() -> None:
    worker.terminate()
    worker.wait()


serve(celery.__version__, one=lambda: noop.delay().get(timeout=60), many=many, stop=stop)
