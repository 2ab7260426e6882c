"""How an environment's replicas are kept and reused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .errors import HearthError

_REPLICAS_MAX = 10_000
_CONCURRENCY_MAX = 10_000
_TTL_MAX = timedelta(days=30)
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

    Raises ``HearthError`` with ``INVALID_POLICY``.
    """

    __slots__ = ("min_replicas", "max_replicas", "concurrency", "scaledown_ttl", "idle_ttl", "scope")

    def __init__(
        self,
        replicas: int | tuple[int, int] = 2,
        concurrency: int = 1,
        scaledown_ttl: float | timedelta = 30,
        idle_ttl: float | timedelta = 30,
        scope: str = "global",
    ) -> None:
        self.min_replicas, self.max_replicas = _replicas(replicas)
        self.concurrency = _whole("concurrency", concurrency, 1, _CONCURRENCY_MAX)
        self.scaledown_ttl = _ttl("scaledown_ttl", scaledown_ttl)
        self.idle_ttl = _ttl("idle_ttl", idle_ttl)
        if scope not in _SCOPES:
            raise _invalid(f'scope is "global" or "run", not {scope!r}')
        self.scope = scope

    def to_json(self) -> dict[str, Any]:
        """``hearth.v1.ReusePolicy`` in its JSON form."""
        return {
            "minReplicas": self.min_replicas,
            "maxReplicas": self.max_replicas,
            "concurrency": self.concurrency,
            "idleTtl": _duration(self.idle_ttl),
            "scaledownTtl": _duration(self.scaledown_ttl),
            "scope": _SCOPES[self.scope],
        }

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReusePolicy) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(tuple(self.to_json().items()))

    def __repr__(self) -> str:
        return (
            f"ReusePolicy(replicas=({self.min_replicas}, {self.max_replicas}), concurrency={self.concurrency}, "
            f"scaledown_ttl={self.scaledown_ttl!r}, idle_ttl={self.idle_ttl!r}, scope={self.scope!r})"
        )


def _replicas(replicas: Any) -> tuple[int, int]:
    if isinstance(replicas, (tuple, list)):
        if len(replicas) != 2:
            raise _invalid(f"replicas is one number or (min, max), not {replicas!r}")
        low = _whole("the min of replicas", replicas[0], 0, _REPLICAS_MAX)
        high = _whole("the max of replicas", replicas[1], 1, _REPLICAS_MAX)
        if low > high:
            raise _invalid(f"the min of replicas, {low}, is above their max, {high}")
        return low, high
    number = _whole("replicas", replicas, 1, _REPLICAS_MAX)
    return number, number


def _whole(name: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _invalid(f"{name} is a whole number, not {value!r}")
    if not low <= value <= high:
        raise _invalid(f"{name} is {low:,} to {high:,}, not {value:,}")
    return value


def _ttl(name: str, value: Any) -> timedelta:
    if isinstance(value, bool) or not isinstance(value, (int, float, timedelta)):
        raise _invalid(f"{name} is seconds or a timedelta, not {value!r}")
    try:
        ttl = value if isinstance(value, timedelta) else timedelta(seconds=value)
    except (OverflowError, ValueError):
        raise _invalid(f"{name} is above 0 and at most 30 days, not {value} seconds") from None
    if not timedelta(0) < ttl <= _TTL_MAX:
        raise _invalid(f"{name} is above 0 and at most 30 days, not {ttl.total_seconds():g} seconds")
    return ttl


def _duration(ttl: timedelta) -> str:
    seconds, fraction = divmod(ttl // timedelta(microseconds=1), 1_000_000)
    return f"{seconds}.{fraction:06d}s" if fraction else f"{seconds}s"


def _invalid(problem: str) -> HearthError:
    return HearthError("INVALID_POLICY", f"{problem}.")
