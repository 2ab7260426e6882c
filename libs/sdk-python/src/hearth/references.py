"""Tasks by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from .attempt_scope import CURRENT
from .call_options import AS_IT_IS, CallOptions, Deadline, Reusable
from .errors import HearthError
from .retry_policy import Retries


def reference(environment: str, task: str) -> Reference:
    """A deployed task by name, whatever language it is written in. Nothing is looked up before it is called."""
    return Reference(environment, task)


class Reference:
    """A task that is deployed elsewhere. It can be called from a task, and given to ``hearth.run`` and ``hearth.map``."""

    is_async = False

    def __init__(self, environment: str, task: str, options: CallOptions = CallOptions()) -> None:
        self.environment_name = environment
        self.name = task
        self.options = options

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        scope = CURRENT.get()
        if scope is None:
            raise self._not_here()
        scope.forbid_blocking(self.name)
        return scope.block_on(self.aio(*args, **kwargs))

    async def aio(self, *args: Any, **kwargs: Any) -> Any:
        """The same to be awaited."""
        scope = CURRENT.get()
        if scope is None:
            raise self._not_here()
        options = self.options.frame_fields()
        arguments = self.encode_arguments(args, kwargs)
        return self.decode_result(await scope.call(self.environment_name, self.name, arguments, options))

    def override(
        self,
        *,
        reusable: Reusable = AS_IT_IS,
        affinity_key: str | None = AS_IT_IS,
        priority: int | None = AS_IT_IS,
        retries: Retries = AS_IT_IS,
        timeout: float | timedelta | None = AS_IT_IS,
        queue_timeout: float | timedelta | None = AS_IT_IS,
        deadline: Deadline = AS_IT_IS,
        idempotency_key: str | None = AS_IT_IS,
    ) -> Reference:
        """As for a ``Task``."""
        options = self.options.changed(
            reusable=reusable,
            affinity_key=affinity_key,
            priority=priority,
            retries=retries,
            timeout=timeout,
            queue_timeout=queue_timeout,
            deadline=deadline,
            idempotency_key=idempotency_key,
        )
        return Reference(self.environment_name, self.name, options)

    def encode_arguments(self, args: Any, kwargs: Any) -> bytes:
        """The payload of a call's arguments."""
        from .payload import encode_arguments

        return encode_arguments(args, kwargs)

    def decode_result(self, payload: bytes) -> Any:
        """The plain value of a result."""
        from .payload import decode_value

        return decode_value(payload)

    def _not_here(self) -> HearthError:
        return HearthError(
            "TASK_NOT_FOUND",
            f'The code of "{self.name}" is not in this program, so it cannot run here: use hearth.run(...), '
            "or call it from a task.",
        )

    def __repr__(self) -> str:
        return f"<reference to task {self.name} of environment {self.environment_name}>"
