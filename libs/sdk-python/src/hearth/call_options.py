"""How calls of a task are to be run: what an override changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, Union

from .errors import HearthError
from .policy import ReusePolicy

_AFFINITY_KEY_CHARACTERS_MAX = 200
_PRIORITY_MAX = 10

Reusable = Union[ReusePolicy, Literal["off"], None]

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

    def changed(self, reusable: Reusable, affinity_key: str | None, priority: int | None) -> CallOptions:
        """These with what is not ``AS_IT_IS``. Raises ``INVALID_EXECUTION``."""
        options = self
        if reusable is not AS_IT_IS:
            options = options._reusable(reusable)
        if affinity_key is not AS_IT_IS:
            options = replace(options, affinity_key=_affinity_key(affinity_key))
        if priority is not AS_IT_IS:
            options = replace(options, priority=_priority(priority))
        return options

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


def _affinity_key(key: Any) -> str | None:
    if key is None:
        return None
    if not isinstance(key, str) or not 1 <= len(key) <= _AFFINITY_KEY_CHARACTERS_MAX:
        raise _invalid(f"affinity_key is a text of 1 to {_AFFINITY_KEY_CHARACTERS_MAX} characters or None, not {key!r}")
    return key


def _priority(priority: Any) -> int | None:
    if priority is None:
        return None
    whole = isinstance(priority, int) and not isinstance(priority, bool)
    if not whole or not -_PRIORITY_MAX <= priority <= _PRIORITY_MAX:
        raise _invalid(
            f"priority is a whole number from {-_PRIORITY_MAX} to {_PRIORITY_MAX}, or None for that of the caller, "
            f"not {priority!r}"
        )
    return int(priority)


def _invalid(problem: str) -> HearthError:
    return HearthError("INVALID_EXECUTION", f"{problem}.")
