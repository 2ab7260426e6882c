"""What code that runs as an attempt knows of itself, and through what it calls other tasks."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Coroutine, Mapping, Protocol, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

T = TypeVar("T")


@dataclass(frozen=True)
class Current:
    """The attempt that the calling code is part of."""

    execution_id: str
    """Id of the execution."""
    run: str
    """Name of the run that the execution belongs to."""
    attempt: int
    """Number of the attempt, from 1."""
    replica_id: str
    """Id of the replica whose slot it has."""
    environment: str
    """Name of the environment."""
    task: str
    """Name of the task."""
    traceparent: str
    """W3C trace context. Empty: not traced."""
    deadline: datetime | None = None
    """When the execution, and all that it calls, ends at the latest, in UTC. ``None``: no such time."""


class AttemptScope(Protocol):
    """An attempt as the code in it sees it."""

    info: Current

    async def call(self, environment: str, task: str, arguments: bytes, options: Mapping[str, Any]) -> bytes:
        """Runs a task elsewhere and gives its result. Cancelling this cancels the execution. ``options``: further fields
        of its call frame."""

    def block_on(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Blocks this thread until the coroutine, which makes calls, has ended."""

    def forbid_blocking(self, what: str) -> None:
        """Raises when this thread must not block."""


CURRENT: ContextVar[AttemptScope | None] = ContextVar("hearth_current_attempt", default=None)


def current() -> Current | None:
    """The attempt that the calling code is part of; ``None`` outside of a replica."""
    scope = CURRENT.get()
    return None if scope is None else scope.info
