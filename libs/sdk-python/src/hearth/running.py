"""Starts runs."""

from __future__ import annotations

import inspect
from typing import Any, Literal, Union

from .errors import HearthError
from .references import Reference
from .runs import LocalRun, Run
from .task import Task

_Runnable = Union[Task[Any, Any], Reference]


def with_runcontext(mode: Literal["local", "remote"] = "remote") -> RunContext:
    """How to run: ``with_runcontext(mode="local").run(task, ...)`` runs in this process, without any Hearth."""
    if mode not in ("local", "remote"):
        raise ValueError(f'mode is "local" or "remote", not {mode!r}')
    return RunContext(mode)


class RunContext:
    """Starts runs in one mode."""

    def __init__(self, mode: Literal["local", "remote"]) -> None:
        self.run = _StartRun(mode)


class _StartRun:
    """Deploys every environment that the program declares and starts a run of a task."""

    def __init__(self, mode: Literal["local", "remote"]) -> None:
        self._mode = mode

    def __call__(self, task: _Runnable, /, *args: Any, **kwargs: Any) -> Any:
        """A ``Run`` that was accepted. A ``Reference`` is run as it is deployed. ``deadline=`` is that of
        ``Task.override``, unless the task has a parameter of that name. Raises ``HearthError``."""
        if "deadline" in kwargs and not _has_parameter(task, "deadline"):
            task = task.override(deadline=kwargs.pop("deadline"))
        if self._mode == "local":
            return LocalRun(lambda: _call_here(task, args, kwargs))
        return start_run(task, args, kwargs)

    async def aio(self, task: _Runnable, /, *args: Any, **kwargs: Any) -> Any:
        """The same to be awaited."""
        import asyncio

        return await asyncio.to_thread(self, task, *args, **kwargs)


run = _StartRun("remote")


def _has_parameter(task: _Runnable, name: str) -> bool:
    return isinstance(task, Task) and name in inspect.signature(task.function).parameters


def start_run(task: _Runnable, args: Any, kwargs: Any) -> Run:
    """A run of a task on the installation that this program is connected to."""
    from .deploy import deploy_program
    from .execution_id import new_execution_id
    from .installation import connected
    from .stored_payloads import to_message
    from .trace_context import traced

    arguments = task.encode_arguments(args, kwargs)
    control_plane = connected()
    with traced(f"hearth.run {task.name}") as trace_fields:
        if isinstance(task, Task):
            deploy_program(control_plane)
        execution: dict[str, Any] = {
            "executionId": new_execution_id(),
            "environment": task.environment_name,
            "task": task.name,
            "arguments": to_message(control_plane, arguments),
            **task.options.request_fields(),
            **trace_fields,
        }
        repeated = {"execution": {**execution, "askedBefore": True}}
        answer = control_plane.unary("RunService", "CreateRun", {"execution": execution}, repeated)
    return Run(control_plane, answer["run"], task.decode_result)


def _call_here(task: _Runnable, args: Any, kwargs: Any) -> Any:
    if not isinstance(task, Task):
        raise HearthError("TASK_NOT_FOUND", f'The code of "{task.name}" is not in this program, so it cannot run here.')
    result = task.function(*args, **kwargs)
    if not inspect.isawaitable(result):
        return result
    import asyncio

    async def awaited() -> Any:
        return await result

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(awaited())
    return _in_a_thread(lambda: asyncio.run(awaited()))


def _in_a_thread(work: Any) -> Any:
    """The caller's thread has an event loop, which cannot run another one inside of it."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as executor:
        return executor.submit(work).result()
