"""The user's functions as tasks."""

from __future__ import annotations

import functools
import inspect
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Callable, Coroutine, Generic, ParamSpec, TypeVar, cast

from .attempt_scope import CURRENT
from .call_options import AS_IT_IS, CallOptions, Deadline, Reusable
from .limits import TaskLimits
from .retry_policy import Retries

if TYPE_CHECKING:
    from .attempt_scope import AttemptScope
    from .environment import TaskEnvironment

P = ParamSpec("P")
R = TypeVar("R")


class Task(Generic[P, R]):
    """A function that runs in an environment. Called from a task it runs in a slot of that environment; called
    anywhere else it runs right here, as the function it is. A failed call raises ``TaskError``."""

    def __init__(
        self,
        environment: TaskEnvironment,
        function: Callable[P, R],
        name: str,
        options: CallOptions = CallOptions(),
        limits: TaskLimits = TaskLimits(),
    ) -> None:
        self.environment = environment
        self.function = function
        self.name = name
        self.options = options
        self.limits = limits
        functools.update_wrapper(self, function)

    @property
    def environment_name(self) -> str:
        """Name of the environment."""
        return self.environment.name

    @property
    def is_async(self) -> bool:
        """Whether the function is a coroutine function."""
        return inspect.iscoroutinefunction(self.function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        scope = CURRENT.get()
        if scope is None:
            return self.function(*args, **kwargs)
        if self.is_async:
            return cast(R, self._call(scope, args, kwargs))
        scope.forbid_blocking(self.name)
        return cast(R, scope.block_on(self._call(scope, args, kwargs)))

    async def aio(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """The same to be awaited, for asynchronous and synchronous tasks alike."""
        scope = CURRENT.get()
        if scope is not None:
            return await self._call(scope, args, kwargs)
        if self.is_async:
            return await cast(Any, self.function(*args, **kwargs))
        import asyncio

        return await asyncio.to_thread(self.function, *args, **kwargs)

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
    ) -> Task[P, R]:
        """The same task with other options for its calls, maps and runs. What is not given stays as it is.

        ``reusable``: a ``ReusePolicy`` for a pool of its own instead of the environment's; ``"off"`` for a fresh replica
        for each execution, which ends with it; ``None`` for the environment's own pool, the default. A policy and
        ``"off"`` exclude each other.
        ``affinity_key``: executions with the same key prefer the same replica, for what that holds in memory. 1 to 200
        characters; ``None``, the default: any replica.
        ``priority``: executions of a higher one get a slot first. -10 to 10; ``None``, the default: that of the execution
        that calls, 0 for a run.
        ``retries``: as for ``TaskEnvironment.task``; ``None``, the default: as the task declares; 0: none.
        ``timeout``, ``queue_timeout``: as for ``TaskEnvironment.task``; ``None``, the default: as the task declares.
        ``deadline``: when the execution, and all that it calls, ends at the latest: an aware ``datetime``, or how long
        from each call, in seconds or as a ``timedelta``, at most 30 days. ``None``, the default: that of the execution
        that calls, which counts in any case when it is sooner.
        ``idempotency_key``: the same key asks for the same execution for as long as Hearth remembers it, and gets its
        result. 1 to 200 characters; ``None``, the default: every call is one of its own.
        Raises ``HearthError`` with ``INVALID_EXECUTION``, or ``INVALID_POLICY`` for ``retries``."""
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
        return Task(self.environment, self.function, self.name, options, self.limits)

    def encode_arguments(self, args: Any, kwargs: Any) -> bytes:
        """The payload of a call's arguments. Raises ``NOT_SERIALIZABLE`` or ``PAYLOAD_TOO_LARGE``."""
        from .payload import encode_arguments

        code = getattr(self.function, "__code__", None)
        return encode_arguments(args, kwargs, code.co_varnames[: code.co_argcount] if code else ())

    def decode_result(self, payload: bytes) -> Any:
        """The result, built to the function's return annotation."""
        from .annotations import build_result
        from .payload import decode_value

        return build_result(self.function, decode_value(payload))

    def _call(self, scope: AttemptScope, args: Any, kwargs: Any) -> Coroutine[Any, Any, Any]:
        arguments = self.encode_arguments(args, kwargs)
        options = self.options.frame_fields()

        async def call() -> Any:
            return self.decode_result(await scope.call(self.environment.name, self.name, arguments, options))

        return call()

    def __repr__(self) -> str:
        return f"<task {self.name} of environment {self.environment.name}>"
