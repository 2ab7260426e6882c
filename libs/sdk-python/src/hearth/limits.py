"""What a task declares of how often and for how long it is tried."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from .policy_fields import duration, duration_json
from .retry_policy import Retries, RetryPolicy, retry_policy


@dataclass(frozen=True)
class TaskLimits:
    """For executions that are not asked for with others. ``None``: without that limit."""

    retries: RetryPolicy | None = None
    timeout: timedelta | None = None
    queue_timeout: timedelta | None = None

    def to_json(self) -> dict[str, Any]:
        """Those that are set, as ``hearth.v1.Task`` has them."""
        fields: dict[str, Any] = {}
        if self.retries is not None:
            fields["retryPolicy"] = self.retries.to_json()
        if self.timeout is not None:
            fields["attemptTimeout"] = duration_json(self.timeout)
        if self.queue_timeout is not None:
            fields["queueTimeout"] = duration_json(self.queue_timeout)
        return fields


def task_limits(
    retries: Retries, timeout: float | timedelta | None, queue_timeout: float | timedelta | None
) -> TaskLimits:
    """Raises ``HearthError`` with ``INVALID_POLICY`` for ``retries``, with ``INVALID_ENVIRONMENT`` for the others."""

    def span(name: str, value: float | timedelta | None) -> timedelta | None:
        return None if value is None else duration(name, value, reason="INVALID_ENVIRONMENT")

    return TaskLimits(retry_policy(retries), span("timeout", timeout), span("queue_timeout", queue_timeout))
