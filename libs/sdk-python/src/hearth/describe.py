"""``python -m hearth.describe FILE``: what a program declares, as one JSON document on the last line of standard output.

``{"environments": [{"spec", "policy", "parameters"}]}``: ``spec`` and ``policy`` are ``hearth.v1.EnvironmentSpec`` and
``hearth.v1.ReusePolicy`` in their JSON form, the spec without a bundle and the policy absent when none is declared;
``parameters`` has for each task a list of ``{name, required, annotation, default}``, the annotation and the
default as Python writes them, the default absent where there is none.
"""

from __future__ import annotations

import inspect
import json
import sys
from typing import Any, Sequence

from .environment import TaskEnvironment, declared_environments
from .errors import HearthError
from .program import import_program
from .task import Task


def main(arguments: Sequence[str]) -> int:
    """Runs one command line and gives its exit code: 0 done, 1 refused, 2 not understood."""
    if len(arguments) != 1:
        print("usage: python -m hearth.describe FILE", file=sys.stderr)
        return 2
    try:
        import_program(arguments[0])
        print(json.dumps({"environments": [_described(each) for each in declared_environments()]}))
        return 0
    except HearthError as error:
        print(f"{error.reason}: {error.message}", file=sys.stderr)
        return 1


def _described(environment: TaskEnvironment) -> dict[str, Any]:
    from .deploy import environment_spec

    spec = environment_spec(environment, "")
    del spec["bundleSha256"]
    described: dict[str, Any] = {
        "spec": spec,
        "parameters": {task.name: _parameters(task) for task in environment.tasks.values()},
    }
    if environment.reusable is not None:
        described["policy"] = environment.reusable.to_json()
    return described


def _parameters(task: Task[..., Any]) -> list[dict[str, Any]]:
    return [_parameter(each) for each in inspect.signature(task.function).parameters.values()]


def _parameter(parameter: inspect.Parameter) -> dict[str, Any]:
    has_default = parameter.default is not parameter.empty
    variable = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    described: dict[str, Any] = {
        "name": parameter.name,
        "required": not has_default and not variable,
        "annotation": _annotation(parameter.annotation),
    }
    if has_default:
        described["default"] = repr(parameter.default)
    return described


def _annotation(annotation: Any) -> str:
    """A module that postpones its annotations has them as text already."""
    if annotation is inspect.Parameter.empty:
        return ""
    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
