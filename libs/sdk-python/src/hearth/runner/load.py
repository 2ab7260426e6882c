"""Makes a bundle's tasks callable."""

from __future__ import annotations

import importlib
import inspect
import sys
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Sequence

from ..errors import HearthError
from .failures import Failure, failure_of, refusal


@dataclass(frozen=True)
class LoadedTask:
    """A task's code."""

    name: str
    function: Callable[..., Any]
    asynchronous: bool


class LoadFailed(Exception):
    """The code cannot be used; ``failure`` says why."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure["message"])
        self.failure = failure


def load_tasks(bundle: str, tasks: Sequence[Mapping[str, str]]) -> dict[str, LoadedTask]:
    """Imports what the tasks' entrypoints name from the bundle. Raises ``LoadFailed``."""
    if bundle:
        sys.path.insert(0, bundle)
    return {task["name"]: _load(task["name"], task["entrypoint"]) for task in tasks}


def _load(name: str, entrypoint: str) -> LoadedTask:
    module_name, _, attribute = entrypoint.partition(":")
    if not module_name or not attribute:
        raise _not_found(name, f'its entrypoint "{entrypoint}" is not of the form "module:attribute"')
    found = _import(name, module_name)
    for part in attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise _not_found(name, f'"{module_name}" has no "{attribute}" at its top level') from None
    # A decorated task has its function; an undecorated function may be named as well.
    function = getattr(found, "function", found)
    if not callable(function):
        raise _not_found(name, f'"{entrypoint}" is a {type(found).__name__}, which cannot be called')
    call = function if inspect.isroutine(function) else getattr(function, "__call__", function)
    return LoadedTask(name, function, inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(call))


def _import(name: str, module_name: str) -> Any:
    try:
        return importlib.import_module(module_name)
    except BaseException as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name
        if missing and (module_name == missing or module_name.startswith(f"{missing}.")):
            raise _not_found(name, f'the bundle has no module "{module_name}"') from None
        raise LoadFailed(failure_of("CODE_IMPORT_FAILED", error)) from None


def _not_found(name: str, problem: str) -> LoadFailed:
    return LoadFailed(refusal(HearthError("ENTRYPOINT_NOT_FOUND", f'The task "{name}" was not found: {problem}.')))
