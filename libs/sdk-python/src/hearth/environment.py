"""Declares environments and their tasks."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Callable, Mapping, ParamSpec, Sequence, TypeVar, overload

from .errors import HearthError
from .image import Image
from .limits import TaskLimits, task_limits
from .policy import ReusePolicy
from .resources import Resources
from .retry_policy import Retries
from .task import Task

P = ParamSpec("P")
R = TypeVar("R")

_ENVIRONMENT_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?")
_TASK_NAME = re.compile(r"[A-Za-z0-9_.-]{1,200}")
_TASKS_MAX = 1_000
_AS_IT_IS: Any = object()

_declared: list[TaskEnvironment] = []


def declared_environments() -> list[TaskEnvironment]:
    """The environments that this program has declared tasks in, in the order of their declaration.
    Raises ``INVALID_ENVIRONMENT`` when two of them have the same name."""
    with_tasks = [environment for environment in _declared if environment.tasks]
    names = [environment.name for environment in with_tasks]
    for name in names:
        if names.count(name) > 1:
            raise HearthError("INVALID_ENVIRONMENT", f'The environment "{name}" is declared twice; rename one.')
    return with_tasks


class TaskEnvironment:
    """The unit of reuse: image, code, resources and policy, shared by executions.

    ``name``: unique in the installation; 1 to 63 of a-z, 0-9, ``-`` and ``_``, first and last a letter or digit.
    ``image``: default ``Image.from_debian_base()``. ``resources``: default no limits.
    ``reusable``: default the deployed environment's present policy, or ``ReusePolicy()`` for a new one.
    ``depends_on``: the environments whose tasks this one's call; a run deploys them, and before this one.
    ``env_vars``: process variables, set after the image's own steps; at most 500.
    Raises ``HearthError`` with ``INVALID_ENVIRONMENT``.
    """

    def __init__(
        self,
        name: str,
        image: Image | None = None,
        resources: Resources | None = None,
        reusable: ReusePolicy | None = None,
        *,
        depends_on: Sequence[TaskEnvironment] = (),
        env_vars: Mapping[str, str] | None = None,
    ) -> None:
        if not _ENVIRONMENT_NAME.fullmatch(name):
            raise HearthError(
                "INVALID_ENVIRONMENT",
                f"The name of an environment is 1 to 63 of a-z, 0-9, - and _, first and last a letter or digit: "
                f"{name!r} is not.",
            )
        self.name = name
        self.image = image or Image.from_debian_base()
        self.resources = resources or Resources()
        self.reusable = reusable
        self.depends_on = tuple(depends_on)
        self.env_vars = dict(env_vars or {})
        for other in self.depends_on:
            if not isinstance(other, TaskEnvironment):
                raise self._invalid(f"depends_on has environments, not {other!r}")
        # Refused here, where they are written.
        self.deployed_image()
        self.tasks: dict[str, Task[Any, Any]] = {}
        _declared.append(self)

    def clone_with(
        self,
        name: str,
        *,
        image: Image | None = _AS_IT_IS,
        resources: Resources | None = _AS_IT_IS,
        reusable: ReusePolicy | None = _AS_IT_IS,
        depends_on: Sequence[TaskEnvironment] = _AS_IT_IS,
        env_vars: Mapping[str, str] | None = _AS_IT_IS,
    ) -> TaskEnvironment:
        """Another environment without any tasks yet. What is not given is as in this one; ``None`` is the default."""

        def chosen(given: Any, own: Any) -> Any:
            return own if given is _AS_IT_IS else given

        return TaskEnvironment(
            name,
            chosen(image, self.image),
            chosen(resources, self.resources),
            chosen(reusable, self.reusable),
            depends_on=chosen(depends_on, self.depends_on),
            env_vars=chosen(env_vars, self.env_vars),
        )

    def warm(self, replicas: int | None = None, *, wait: bool = False, timeout: float = 120) -> int:
        """Deploys what the program declares, as ``hearth.run`` does, and starts replicas of this environment before
        anybody asks for an execution. Gives how many it is going to have. They stay for as long as the policy's TTLs say.

        ``replicas``: how many to have at least; more than the policy's max count as that. 1 to 10,000. Default the
        policy's min, or 1 when that is 0.
        ``wait``: returns once that many are ready. Default ``False``: returns at once.
        ``timeout``: seconds to wait for that, after which ``TimeoutError`` names the last failed start. Default 120.
        Raises ``HearthError``. Blocks: from an event loop, ``await asyncio.to_thread(env.warm)``."""
        from .warming import warm_environment

        return warm_environment(self.name, replicas, wait, timeout)

    def deployed_image(self) -> Image:
        """The image with the environment's own process variables."""
        return self.image.with_env_vars(self.env_vars) if self.env_vars else self.image

    @overload
    def task(self, function: Callable[P, R], /) -> Task[P, R]: ...

    @overload
    def task(
        self,
        /,
        *,
        name: str | None = None,
        retries: Retries = None,
        timeout: float | timedelta | None = None,
        queue_timeout: float | timedelta | None = None,
    ) -> Callable[[Callable[P, R]], Task[P, R]]: ...

    def task(
        self,
        function: Callable[..., Any] | None = None,
        /,
        *,
        name: str | None = None,
        retries: Retries = None,
        timeout: float | timedelta | None = None,
        queue_timeout: float | timedelta | None = None,
    ) -> Any:
        """Makes a function of a module's top level a task: ``@env.task`` or ``@env.task(retries=3, timeout=60)``.

        ``name``: default the function's; 1 to 200 of A-Z, a-z, 0-9, ``_``, ``-`` and ``.``, unique in the environment.
        ``retries``: attempts that may follow one that did not succeed, 0 to 1,000, or a ``RetryPolicy``. Default none.
        ``timeout``: how long one attempt may take; then it ends as timed out, which ``retries`` may answer with another.
        ``queue_timeout``: how long an execution may wait for its first slot; then it ends as timed out.
        Both are seconds or a ``timedelta``, above 0 and at most 30 days. Default any time.
        Raises ``HearthError`` with ``INVALID_ENVIRONMENT``, or ``INVALID_POLICY`` for ``retries``."""
        limits = task_limits(retries, timeout, queue_timeout)
        if function is None:
            return lambda decorated: self._add(decorated, name, limits)
        return self._add(function, name, limits)

    def _add(self, function: Callable[P, R], name: str | None, limits: TaskLimits) -> Task[P, R]:
        name = name or function.__name__
        if not _TASK_NAME.fullmatch(name):
            raise self._invalid(f"The name of a task is 1 to 200 of A-Z, a-z, 0-9, _, - and dot: {name!r} is not")
        other = self.tasks.get(name)
        if other is not None and other.function is not function:
            raise self._invalid(f'Two tasks are called "{name}"; give one another name with @env.task(name=...)')
        if len(self.tasks) == _TASKS_MAX:
            raise self._invalid(f"More than {_TASKS_MAX:,} tasks do not fit in an environment")
        task = Task(self, function, name, limits=limits)
        self.tasks[name] = task
        return task

    def _invalid(self, problem: str) -> HearthError:
        return HearthError("INVALID_ENVIRONMENT", f'Environment "{self.name}": {problem}.')

    def __repr__(self) -> str:
        return f"<environment {self.name}>"
