"""The one task of the Celery measurement."""

import os

import celery

url = f"redis://127.0.0.1:{os.environ['REDIS_PORT']}/0"
app = celery.Celery("bench", broker=url, backend=url)
app.conf.worker_disable_rate_limits = True
app.conf.worker_prefetch_multiplier = 128
app.conf.result_expires = 60
# Connections and processes that stood still for a while are as good as before.
app.conf.broker_transport_options = {"health_check_interval": 0}
app.conf.worker_proc_alive_timeout = 3600


@app.task(name="noop")
def noop(value=None):
    return value
