"""Starts replicas before anybody asks for an execution."""

from __future__ import annotations

import time
from typing import Any, Iterator

from .control_plane import ControlPlane, Interrupted
from .errors import HearthError

_REPLICAS_MAX = 10_000
_RETRY_SECONDS = 0.1


def warm_environment(name: str, replicas: int | None, wait: bool, timeout: float) -> int:
    """Deploys what the program declares, asks for replicas of one of its environments, and gives how many it is going to
    have. See ``TaskEnvironment.warm``."""
    from .deploy import deploy_program
    from .installation import connected

    request: dict[str, Any] = {"name": name}
    if replicas is not None:
        request["replicas"] = _whole(replicas)
    control_plane = connected()
    deploy_program(control_plane)
    wanted = int(control_plane.unary("EnvironmentService", "WarmEnvironment", request).get("replicas", 0))
    if wait:
        _wait_until_ready(control_plane, name, wanted, timeout)
    return wanted


def _wait_until_ready(control_plane: ControlPlane, name: str, wanted: int, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    environment = control_plane.unary("EnvironmentService", "GetEnvironment", {"name": name})["environment"]
    # Replicas of an earlier version take no new attempts.
    version = environment["version"]["id"]
    ready, last_start_failure = 0, ""
    while True:
        try:
            for pool in _watch(control_plane, name, deadline):
                replicas = pool.get("replicas", ())
                ready = sum(
                    each.get("state") == "REPLICA_STATE_READY" and each.get("version") == version for each in replicas
                )
                last_start_failure = pool.get("lastStartFailure", "")
                if ready >= wanted:
                    return
                if time.monotonic() >= deadline:
                    break
        except Interrupted:
            # A control plane that restarts, or nothing new before the deadline.
            pass
        if time.monotonic() >= deadline:
            raise TimeoutError(_too_late(name, f"{ready} of {wanted}", timeout, last_start_failure))
        time.sleep(_RETRY_SECONDS)


def _watch(control_plane: ControlPlane, name: str, deadline: float) -> Iterator[dict[str, Any]]:
    """The environment's own pool, now and after each change."""
    silence = max(0.001, deadline - time.monotonic())
    for message in control_plane.stream("EnvironmentService", "WatchPool", {"name": name}, silence_seconds_max=silence):
        yield from (pool for pool in message.get("pools", ()) if pool.get("name") == name)


def _too_late(name: str, ready: str, timeout: float, last_start_failure: str) -> str:
    why = (
        f"The last start failed: {last_start_failure}"
        if last_start_failure
        else f"They go on starting: `hearth env watch {name}` shows them."
    )
    return f'Environment "{name}" has {ready} replicas ready after {timeout:g} seconds. {why}'


def _whole(replicas: Any) -> int:
    if isinstance(replicas, bool) or not isinstance(replicas, int) or not 1 <= replicas <= _REPLICAS_MAX:
        raise HearthError(
            "INVALID_REQUEST", f"replicas is a whole number from 1 to {_REPLICAS_MAX:,}, or None, not {replicas!r}."
        )
    return replicas
