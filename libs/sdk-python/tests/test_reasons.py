from __future__ import annotations

import ast
import re
import unittest
from pathlib import Path
from typing import Iterator

from agent_double import SOURCES

LIST = Path(__file__).parents[3] / "docs" / "errors.md"
REASON = re.compile(r"[A-Z]+(_[A-Z]+)*")


def constants(node: ast.AST) -> Iterator[str]:
    """The reasons that are written as arguments of an error, or as a failure's `reason`."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("HearthError", "TaskError", "failure_of"):
        places: list[ast.expr] = list(node.args[:2])
    elif isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values)
        places = [value for key, value in pairs if isinstance(key, ast.Constant) and key.value == "reason"]
    else:
        places = []
    for place in places:
        if isinstance(place, ast.Constant) and isinstance(place.value, str) and REASON.fullmatch(place.value):
            yield place.value


class Reasons(unittest.TestCase):
    def test_every_reason_that_this_package_gives_is_registered(self) -> None:
        registered = set(re.findall(r"^\| `([A-Z_]+)` \|", LIST.read_text(encoding="utf-8"), re.MULTILINE))
        given = {
            reason
            for file in SOURCES.rglob("*.py")
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
            for reason in constants(node)
        }
        self.assertLessEqual({"BLOCKING_CALL", "CANCELLED", "INVALID_ENVIRONMENT", "CODE_IMPORT_FAILED"}, given)
        self.assertEqual(given - registered, set())
