"""Calls a function on the workers of a local Dask cluster."""

import distributed

from driver import serve


def noop(value=None):
    return value


if __name__ == "__main__":
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    client = distributed.Client(cluster)
    client.submit(noop, pure=False).result()

    def stop() -> None:
        client.close()
        cluster.close()

    serve(
        distributed.__version__,
        one=lambda: client.submit(noop, pure=False).result(),
        many=lambda count: client.gather(client.map(noop, range(count), pure=False)),
        stop=stop,
    )
