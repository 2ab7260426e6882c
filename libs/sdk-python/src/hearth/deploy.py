"""Deploys what a program declares."""

from __future__ import annotations

import base64
import sys
from typing import Any, Sequence

from .bundle import Bundle, bundle_program, main_module_name
from .control_plane import Attempts, ControlPlane, Interrupted
from .environment import TaskEnvironment, declared_environments
from .errors import HearthError
from .task import Task

_BUILD_SILENCE_SECONDS_MAX = 3600.0

_bundles: dict[tuple[Any, ...], Bundle] = {}


def deploy_program(control_plane: ControlPlane) -> None:
    """Sends the program's code, unless it is there, and makes every declared environment current.
    What the building of images prints goes to standard error. Raises ``HearthError``."""
    environments = declared_environments()
    if not environments:
        return
    bundle = _bundle_once(environments)
    if not control_plane.unary("BundleService", "HasBundle", {"sha256": bundle.sha256}).get("found"):
        data = base64.b64encode(bundle.data).decode("ascii")
        control_plane.unary("BundleService", "UploadBundle", {"sha256": bundle.sha256, "data": data})
    for environment in environments:
        _deploy(control_plane, environment, bundle)


def environment_spec(environment: TaskEnvironment, bundle_sha256: str) -> dict[str, Any]:
    """``hearth.v1.EnvironmentSpec`` in its JSON form."""
    return {
        "name": environment.name,
        "language": "LANGUAGE_PYTHON",
        "bundleSha256": bundle_sha256,
        "tasks": [
            {"name": task.name, "entrypoint": entrypoint(task), **task.limits.to_json()}
            for task in environment.tasks.values()
        ],
        "image": environment.deployed_image().to_json(),
        "resources": environment.resources.to_json(),
    }


def entrypoint(task: Task[Any, Any]) -> str:
    """Where a replica finds the task: ``module:attribute``. Raises ``INVALID_ENVIRONMENT``."""
    module_name = task.function.__module__
    attribute = _attribute(task, sys.modules.get(module_name))
    return f"{main_module_name() if module_name == '__main__' else module_name}:{attribute}"


def _attribute(task: Task[Any, Any], module: Any) -> str:
    for name, value in vars(module).items() if module is not None else ():
        if value is task:
            return str(name)
    if "<" in task.function.__qualname__:
        raise HearthError(
            "INVALID_ENVIRONMENT",
            f'The task "{task.name}" is made inside of a function, where no replica can import it: '
            "move it to the top level of its module.",
        )
    return task.function.__qualname__


def _bundle_once(environments: Sequence[TaskEnvironment]) -> Bundle:
    """A module that is imported between two runs must not make another version, whose replicas start cold."""
    key = tuple((environment.name, *environment.tasks) for environment in environments)
    if key not in _bundles:
        _bundles[key] = bundle_program()
    return _bundles[key]


def _deploy(control_plane: ControlPlane, environment: TaskEnvironment, bundle: Bundle) -> None:
    request: dict[str, Any] = {"spec": environment_spec(environment, bundle.sha256)}
    if environment.reusable is not None:
        request["policy"] = environment.reusable.to_json()
    attempts = Attempts(control_plane)
    while True:
        events = control_plane.stream(
            "EnvironmentService", "DeployEnvironment", request, silence_seconds_max=_BUILD_SILENCE_SECONDS_MAX
        )
        try:
            for event in events:
                attempts.heard()
                if "logLine" in event:
                    print(f"{environment.name}: {event['logLine']}", file=sys.stderr)
            return
        except Interrupted as error:
            attempts.pause(error)
