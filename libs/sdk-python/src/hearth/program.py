"""Programs as the command line gets them: a file."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

from .environment import declared_environments
from .errors import HearthError
from .task import Task


def import_program(file: str) -> ModuleType:
    """Imports a file under the name that it has for the program's other modules. What the file raises is let through;
    raises ``FILE_NOT_RUNNABLE`` when it is not there."""
    path = Path(file).resolve()
    if not path.is_file() or path.suffix != ".py":
        raise HearthError("FILE_NOT_RUNNABLE", f"{file} is no Python file.")
    root, names = path.parent, [path.stem]
    while (root / "__init__.py").exists():
        names.insert(0, root.name)
        root = root.parent
    sys.path.insert(0, str(root))
    return importlib.import_module(".".join(names))


def find_task(module: ModuleType, name: str) -> Task[..., object]:
    """A task by its name, or by ``environment/task`` where the name alone is not enough. Tasks of the file itself come
    before those of modules that it imports. Raises ``TASK_NOT_FOUND``."""
    tasks = [task for environment in declared_environments() for task in environment.tasks.values()]
    found = [task for task in tasks if name in (task.name, f"{task.environment.name}/{task.name}")]
    if len(found) > 1:
        found = [task for task in found if task.function.__module__ == module.__name__] or found
    if len(found) == 1:
        return found[0]
    known = ", ".join(f"{task.environment.name}/{task.name}" for task in tasks) or "none"
    problem = "has no task" if not found else "has several tasks"
    raise HearthError("TASK_NOT_FOUND", f'{module.__name__} {problem} "{name}". Its tasks: {known}.')
