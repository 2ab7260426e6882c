"""The user's functions as tasks."""

from __future__ import annotations

import functools
import inspect
from typing import TYPE_CHECKING, Any, Callable, Coroutine, Generic, ParamSpec, TypeVar, cast

from .attempt_scope import CURRENT

if TYPE_CHECKING:
    from .attempt_scope import AttemptScope
    from .environment import TaskEnvironment
    from .policy import ReusePolicy

P = ParamSpec("P")
R = TypeVar("R")


class Task(Generic[P, R]):
    """A function that runs in an environment. Called from a task it runs in a slot of that environment; called
    anywhere else it runs right here, as the function it is. A failed call raises ``TaskError``."""

    def __init__(
        self, environment: TaskEnvironment, function: Callable[P, R], name: str, policy: ReusePolicy | None = None
    ) -> None:
        self.environment = environment
        self.function = function
        self.name = name
        self.policy = policy
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

    def override(self, *, reusable: ReusePolicy) -> Task[P, R]:
        """The same task in a pool of its own with this policy instead of the environment's."""
        return Task(self.environment, self.function, self.name, reusable)

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
        policy = None if self.policy is None else self.policy.to_json()

        async def call() -> Any:
            return self.decode_result(await scope.call(self.environment.name, self.name, arguments, policy))

        return call()

    def __repr__(self) -> str:
        return f"<task {self.name} of environment {self.environment.name}>"
