"""How an environment's replicas are kept and reused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .policy_fields import duration, duration_json, invalid, truth, whole
from .recycling import Recycling

_REPLICAS_MAX = 10_000
_CONCURRENCY_MAX = 10_000
_SCOPES = {"global": "SCOPE_GLOBAL", "run": "SCOPE_RUN"}


class ReusePolicy:
    """How an environment's replicas are kept and reused.

    ``replicas``: one number, or ``(min, max)``: so many are kept while the environment is awake, and so many are never
    exceeded. 1 to 10,000; min may be 0. Default 2.
    ``concurrency``: slots of each replica, which is how many attempts run in it at once. 1 to 10,000. Default 1.
    ``scaledown_ttl``: how long one replica may be idle before it is drained, while more than min remain.
    ``idle_ttl``: how long the whole environment may be idle before every replica is drained.
    Both TTLs are seconds or a ``timedelta``, above 0 and at most 30 days. Default 30 s.
    ``scope``: ``"global"``, one pool for every run (default), or ``"run"``, a pool for each.
    ``buffer_replicas``: idle replicas kept beyond those in use, for as long as any is in use and up to max. 0 to 10,000.
    Default 0.
    ``recycling``: when a replica has served for long enough and is replaced. Default never.
    ``single_use``: every replica serves one execution and ends; ``concurrency`` is 1. Default ``False``.
    ``isolate_out_of_memory``: an execution that was alone in its replica when that ran out of memory gets one more
    attempt, in a fresh replica of its own. Default ``False``: it ends with ``OUT_OF_MEMORY``.

    Raises ``HearthError`` with ``INVALID_POLICY``.
    """

    __slots__ = (
        "min_replicas",
        "max_replicas",
        "concurrency",
        "scaledown_ttl",
        "idle_ttl",
        "scope",
        "buffer_replicas",
        "recycling",
        "single_use",
        "isolate_out_of_memory",
    )

    def __init__(
        self,
        replicas: int | tuple[int, int] = 2,
        concurrency: int = 1,
        scaledown_ttl: float | timedelta = 30,
        idle_ttl: float | timedelta = 30,
        scope: str = "global",
        *,
        buffer_replicas: int = 0,
        recycling: Recycling | None = None,
        single_use: bool = False,
        isolate_out_of_memory: bool = False,
    ) -> None:
        self.min_replicas, self.max_replicas = _replicas(replicas)
        self.concurrency = whole("concurrency", concurrency, 1, _CONCURRENCY_MAX)
        self.scaledown_ttl = duration("scaledown_ttl", scaledown_ttl)
        self.idle_ttl = duration("idle_ttl", idle_ttl)
        if scope not in _SCOPES:
            raise invalid(f'scope is "global" or "run", not {scope!r}')
        self.scope = scope
        self.buffer_replicas = whole("buffer_replicas", buffer_replicas, 0, _REPLICAS_MAX)
        if recycling is not None and not isinstance(recycling, Recycling):
            raise invalid(f"recycling is a Recycling(...) or None, not {recycling!r}")
        self.recycling = recycling or Recycling()
        self.single_use = truth("single_use", single_use)
        self.isolate_out_of_memory = truth("isolate_out_of_memory", isolate_out_of_memory)
        if self.single_use and self.concurrency > 1:
            raise invalid(
                f"a replica of single_use serves one execution, so its concurrency is 1, not {self.concurrency:,}; "
                "leave one of the two out"
            )

    def to_json(self) -> dict[str, Any]:
        """``hearth.v1.ReusePolicy`` in its JSON form."""
        fields: dict[str, Any] = {
            "minReplicas": self.min_replicas,
            "maxReplicas": self.max_replicas,
            "concurrency": self.concurrency,
            "idleTtl": duration_json(self.idle_ttl),
            "scaledownTtl": duration_json(self.scaledown_ttl),
            "scope": _SCOPES[self.scope],
        }
        # The others' defaults are those of the protocol, which leaves them out.
        optional = {
            "bufferReplicas": self.buffer_replicas,
            "recycling": self.recycling.to_json(),
            "singleUse": self.single_use,
            "isolateOutOfMemory": self.isolate_out_of_memory,
        }
        fields.update({name: value for name, value in optional.items() if value})
        return fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReusePolicy) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(repr(self.to_json()))

    def __repr__(self) -> str:
        return (
            f"ReusePolicy(replicas=({self.min_replicas}, {self.max_replicas}), concurrency={self.concurrency}, "
            f"scaledown_ttl={self.scaledown_ttl!r}, idle_ttl={self.idle_ttl!r}, scope={self.scope!r}, "
            f"buffer_replicas={self.buffer_replicas}, recycling={self.recycling!r}, single_use={self.single_use}, "
            f"isolate_out_of_memory={self.isolate_out_of_memory})"
        )


def _replicas(replicas: Any) -> tuple[int, int]:
    if isinstance(replicas, (tuple, list)):
        if len(replicas) != 2:
            raise invalid(f"replicas is one number or (min, max), not {replicas!r}")
        low = whole("the min of replicas", replicas[0], 0, _REPLICAS_MAX)
        high = whole("the max of replicas", replicas[1], 1, _REPLICAS_MAX)
        if low > high:
            raise invalid(f"the min of replicas, {low}, is above their max, {high}")
        return low, high
    number = whole("replicas", replicas, 1, _REPLICAS_MAX)
    return number, number
