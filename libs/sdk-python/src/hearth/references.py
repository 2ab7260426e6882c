"""Tasks by name."""

from __future__ import annotations

from typing import Any

from .attempt_scope import CURRENT
from .call_options import AS_IT_IS, CallOptions, Reusable
from .errors import HearthError


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
    ) -> Reference:
        """As for a ``Task``."""
        return Reference(self.environment_name, self.name, self.options.changed(reusable, affinity_key, priority))

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
