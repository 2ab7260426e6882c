"""Hearth keeps containers warm and sends work to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .attempt_scope import Current, current
    from .environment import TaskEnvironment
    from .errors import HearthError, TaskCancelledError, TaskError, TaskTimeoutError
    from .image import Image
    from .installation import init, init_from_config
    from .mapping import map
    from .policy import ReusePolicy
    from .recycling import Recycling
    from .references import Reference, reference
    from .resources import Resources
    from .retry_policy import RetryPolicy
    from .running import run, with_runcontext
    from .runs import LogLine, Run
    from .task import Task

__version__ = "0.1.0"

# Imported when first used, so that a runner starts without what only a client needs.
_homes = {
    "Current": "attempt_scope",
    "current": "attempt_scope",
    "TaskEnvironment": "environment",
    "HearthError": "errors",
    "TaskCancelledError": "errors",
    "TaskError": "errors",
    "TaskTimeoutError": "errors",
    "Image": "image",
    "init": "installation",
    "init_from_config": "installation",
    "map": "mapping",
    "ReusePolicy": "policy",
    "Recycling": "recycling",
    "Reference": "references",
    "reference": "references",
    "Resources": "resources",
    "RetryPolicy": "retry_policy",
    "run": "running",
    "with_runcontext": "running",
    "LogLine": "runs",
    "Run": "runs",
    "Task": "task",
}

__all__ = [
    "Current",
    "HearthError",
    "Image",
    "LogLine",
    "Recycling",
    "Reference",
    "Resources",
    "RetryPolicy",
    "ReusePolicy",
    "Run",
    "Task",
    "TaskCancelledError",
    "TaskEnvironment",
    "TaskError",
    "TaskTimeoutError",
    "current",
    "init",
    "init_from_config",
    "map",
    "reference",
    "run",
    "with_runcontext",
]


def __getattr__(name: str) -> Any:
    home = _homes.get(name)
    if home is None:
        raise AttributeError(f"module 'hearth' has no attribute {name!r}")
    from importlib import import_module

    # No module may have the name of what it holds: importing it would bind that name to the module.
    found = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = found
    return found
