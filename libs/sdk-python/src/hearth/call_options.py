"""How calls of a task are to be run: what an override changes."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Callable, Literal, Union

from .errors import HearthError
from .policy import ReusePolicy
from .policy_fields import duration
from .retry_policy import RetryPolicy, milliseconds, retry_policy

_KEY_CHARACTERS_MAX = 200
_PRIORITY_MAX = 10

Reusable = Union[ReusePolicy, Literal["off"], None]
Deadline = Union[datetime, timedelta, float, None]

AS_IT_IS: Any = object()
"""An override leaves this one alone."""


@dataclass(frozen=True)
class CallOptions:
    """What the calls and runs of a task ask for beside the task itself."""

    policy: ReusePolicy | None = None
    """A pool of its own with this policy. ``None``: the environment's."""
    fresh_replica: bool = False
    """A fresh replica for each execution, which ends with it."""
    affinity_key: str | None = None
    priority: int | None = None
    retries: RetryPolicy | None = None
    timeout: timedelta | None = None
    queue_timeout: timedelta | None = None
    deadline: datetime | timedelta | None = None
    """A span counts from each call."""
    idempotency_key: str | None = None

    def changed(self, *, reusable: Reusable = AS_IT_IS, **others: Any) -> CallOptions:
        """These with what is not ``AS_IT_IS``. Raises ``INVALID_EXECUTION``, or ``INVALID_POLICY`` for ``retries``."""
        options = self if reusable is AS_IT_IS else self._reusable(reusable)
        given = {name: value for name, value in others.items() if value is not AS_IT_IS}
        return replace(
            options, **{name: None if value is None else _CHECKS[name](value) for name, value in given.items()}
        )

    def frame_fields(self) -> dict[str, Any]:
        """Those that are set, as a call frame has them."""
        fields: dict[str, Any] = {}
        if self.policy is not None:
            fields["policy"] = self.policy.to_json()
        if self.affinity_key is not None:
            fields["affinityKey"] = self.affinity_key
        if self.priority is not None:
            fields["priority"] = self.priority
        if self.fresh_replica:
            fields["freshReplica"] = True
        if self.retries is not None:
            fields["retryPolicy"] = self.retries.to_json()
        if self.timeout is not None:
            fields["attemptTimeoutMs"] = milliseconds(self.timeout)
        if self.queue_timeout is not None:
            fields["queueTimeoutMs"] = milliseconds(self.queue_timeout)
        if self.deadline is not None:
            fields["deadlineUnixMs"] = _deadline_unix_ms(self.deadline)
        if self.idempotency_key is not None:
            fields["idempotencyKey"] = self.idempotency_key
        return fields

    def request_fields(self) -> dict[str, Any]:
        """The same as ``hearth.v1.ExecutionRequest`` has them."""
        fields = self.frame_fields()
        if "policy" in fields:
            fields["policyOverride"] = fields.pop("policy")
        return fields

    def _reusable(self, reusable: Reusable) -> CallOptions:
        if reusable is None:
            return replace(self, policy=None, fresh_replica=False)
        if reusable == "off":
            if self.policy is not None:
                raise _invalid(
                    'reusable="off" runs each execution in a fresh replica of its own, but this task is overridden with '
                    "a ReusePolicy: override the task itself, or undo the policy with override(reusable=None) before"
                )
            return replace(self, fresh_replica=True)
        if not isinstance(reusable, ReusePolicy):
            raise _invalid(f'reusable is a ReusePolicy(...), "off" or None, not {reusable!r}')
        if self.fresh_replica:
            raise _invalid(
                'This task is overridden with reusable="off", whose replicas serve one execution each and have no policy: '
                "override the task itself, or undo it with override(reusable=None) before"
            )
        return replace(self, policy=reusable)


def _key(name: str, key: Any) -> str:
    if not isinstance(key, str) or not 1 <= len(key) <= _KEY_CHARACTERS_MAX:
        raise _invalid(f"{name} is a text of 1 to {_KEY_CHARACTERS_MAX} characters or None, not {key!r}")
    return key


def _priority(priority: Any) -> int:
    whole = isinstance(priority, int) and not isinstance(priority, bool)
    if not whole or not -_PRIORITY_MAX <= priority <= _PRIORITY_MAX:
        raise _invalid(
            f"priority is a whole number from {-_PRIORITY_MAX} to {_PRIORITY_MAX}, or None for that of the caller, "
            f"not {priority!r}"
        )
    return int(priority)


def _span(name: str, span: Any) -> timedelta:
    return duration(name, span, reason="INVALID_EXECUTION")


def _deadline(deadline: Any) -> datetime | timedelta:
    if not isinstance(deadline, datetime):
        return _span("deadline", deadline)
    if deadline.utcoffset() is None:
        raise _invalid(
            f"deadline, {deadline!r}, has no time zone: write datetime.now(timezone.utc) + ..., or how long from now, "
            "as a timedelta"
        )
    return deadline


def _deadline_unix_ms(deadline: datetime | timedelta) -> int:
    if isinstance(deadline, timedelta):
        return int(time.time() * 1000 + milliseconds(deadline))
    return int(deadline.timestamp() * 1000)


def _invalid(problem: str) -> HearthError:
    return HearthError("INVALID_EXECUTION", f"{problem}.")


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "affinity_key": partial(_key, "affinity_key"),
    "priority": _priority,
    "retries": retry_policy,
    "timeout": partial(_span, "timeout"),
    "queue_timeout": partial(_span, "queue_timeout"),
    "deadline": _deadline,
    "idempotency_key": partial(_key, "idempotency_key"),
}
