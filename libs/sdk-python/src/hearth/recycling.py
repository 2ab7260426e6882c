"""When a replica has served for long enough."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .policy_fields import duration, duration_json, memory, whole

_EXECUTIONS_MAX = 1_000_000_000


class Recycling:
    """When a replica is replaced: as soon as one of these holds. Its replacement is started first, one at a time, and the
    replica goes on serving until that is ready.

    ``after_executions``: executions it has taken. 1 to 1,000,000,000.
    ``above_memory``: memory its runner holds after an execution, in bytes as a Kubernetes quantity such as ``"800Mi"``.
    ``after_age``: time since it was ready. Seconds or a ``timedelta``, above 0 and at most 30 days.
    Each is ``None``, never a cause, by default.

    Raises ``HearthError`` with ``INVALID_POLICY``.
    """

    __slots__ = ("after_executions", "above_memory", "after_age")

    def __init__(
        self,
        after_executions: int | None = None,
        above_memory: str | None = None,
        after_age: float | timedelta | None = None,
    ) -> None:
        self.after_executions = (
            None
            if after_executions is None
            else whole("recycling.after_executions", after_executions, 1, _EXECUTIONS_MAX)
        )
        self.above_memory = None if above_memory is None else memory("recycling.above_memory", above_memory)
        self.after_age = None if after_age is None else duration("recycling.after_age", after_age)

    def to_json(self) -> dict[str, Any]:
        """``hearth.v1.Recycling`` in its JSON form."""
        fields: dict[str, Any] = {}
        if self.after_executions is not None:
            fields["afterExecutions"] = self.after_executions
        if self.above_memory is not None:
            fields["aboveMemory"] = self.above_memory
        if self.after_age is not None:
            fields["afterAge"] = duration_json(self.after_age)
        return fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Recycling) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(tuple(self.to_json().items()))

    def __repr__(self) -> str:
        return (
            f"Recycling(after_executions={self.after_executions!r}, above_memory={self.above_memory!r}, "
            f"after_age={self.after_age!r})"
        )
