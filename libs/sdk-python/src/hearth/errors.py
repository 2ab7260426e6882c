"""What Hearth raises."""

from __future__ import annotations

from typing import Any, Mapping


class HearthError(Exception):
    """Hearth did not do what was asked.

    ``reason`` is a registered reason in UPPER_SNAKE_CASE (docs/errors.md): branch on it, not on the message.
    ``metadata`` has the figures behind it, under keys that spell their unit.
    """

    def __init__(self, reason: str, message: str, metadata: Mapping[str, str] | None = None) -> None:
        super().__init__(f"{reason}: {message}")
        self.reason = reason
        self.message = message
        self.metadata: dict[str, str] = dict(metadata or {})

    def __reduce__(self) -> Any:
        return type(self), (self.reason, self.message, self.metadata)


class TaskError(HearthError):
    """An execution ended without a result.

    ``outcome`` is ``failed``, ``timed_out``, ``cancelled`` or ``lost``; the second and third have classes of their own,
    ``TaskTimeoutError`` and ``TaskCancelledError``. ``exception_type`` and ``traceback`` are those of the exception that
    the task raised where it ran; both are empty when no exception is behind it.
    """

    def __init__(
        self, outcome: str, reason: str, message: str, exception_type: str = "", traceback: str = ""
    ) -> None:
        super().__init__(reason, message)
        self.outcome = outcome
        self.exception_type = exception_type
        self.traceback = traceback

    @property
    def summary(self) -> str:
        """What happened, in one line or as many as the message has. A failure that calls let through from task to task
        is told once."""
        named = self.exception_type not in ("", "TaskError", "TaskTimeoutError", "TaskCancelledError")
        what = f"{self.exception_type}: {self.message}" if named else self.message
        return what if self.reason == "TASK_FAILED" else f"{self.reason}: {what}"

    def __str__(self) -> str:
        if not self.traceback:
            return self.summary
        return f"{self.summary}\n\nWhere the task ran:\n{self.traceback.rstrip()}"

    def __reduce__(self) -> Any:
        return type(self), (self.outcome, self.reason, self.message, self.exception_type, self.traceback)

    @classmethod
    def from_failure(cls, outcome: str, failure: Mapping[str, Any]) -> TaskError:
        """From ``hearth.v1.Failure`` in its JSON form; of the class that the outcome has."""
        return _CLASSES.get(outcome, cls)(
            outcome,
            str(failure.get("reason") or "TASK_FAILED"),
            str(failure.get("message", "")),
            str(failure.get("exceptionType", "")),
            str(failure.get("traceback", "")),
        )


class TaskTimeoutError(TaskError):
    """A timeout or deadline ended the execution: ``reason`` is ``ATTEMPT_TIMED_OUT``, ``QUEUE_TIMED_OUT`` or
    ``DEADLINE_EXCEEDED``."""


class TaskCancelledError(TaskError):
    """Somebody asked for the execution to end."""


_CLASSES = {"timed_out": TaskTimeoutError, "cancelled": TaskCancelledError}
