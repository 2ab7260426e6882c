"""The file system a replica's process starts in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any, Mapping, Sequence

from .errors import HearthError

_PYTHON_VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
_ENTRIES_MAX = 500
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Image:
    """A description; nothing is built before a deployment. Every ``with_`` gives a new one with one more step.

    Raises ``HearthError`` with ``INVALID_ENVIRONMENT``.
    """

    base: Mapping[str, Any]
    layers: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def from_debian_base(cls, python_version: str | tuple[int, int] | None = None) -> Image:
        """A Debian system with Python and Node. ``python_version``: ``"3.10"`` to ``"3.14"``; default: whatever Python
        3.10 or later is there."""
        if python_version is None:
            return cls({"debian": {}})
        version = ".".join(str(part) for part in python_version) if isinstance(python_version, tuple) else python_version
        if version not in _PYTHON_VERSIONS:
            raise _invalid(f"python_version is one of {', '.join(_PYTHON_VERSIONS)}, not {python_version!r}")
        return cls({"debian": {"pythonVersion": version}})

    @classmethod
    def from_base(cls, reference: str) -> Image:
        """Any image by reference, such as ``"python:3.12-slim"``."""
        if not reference.strip():
            raise _invalid("the reference of a base image is empty")
        return cls({"reference": reference})

    def with_pip_packages(
        self, *packages: str, index_url: str | None = None, extra_args: str | Sequence[str] = ()
    ) -> Image:
        """Python packages, as requirement specifiers such as ``"numpy>=2"``; at most 500. ``index_url``: a package index
        instead of pip's own default. ``extra_args``: further arguments for ``pip install``."""
        layer: dict[str, Any] = {"packages": _texts("pip package", packages)}
        if index_url:
            layer["indexUrl"] = index_url
        if extra_args:
            import shlex

            layer["extraArguments"] = shlex.split(extra_args) if isinstance(extra_args, str) else list(extra_args)
        return self._with("pipPackages", layer)

    def with_apt_packages(self, *packages: str) -> Image:
        """Debian packages; at most 500."""
        return self._with("aptPackages", {"packages": _texts("apt package", packages)})

    def with_commands(self, *commands: str | Sequence[str]) -> Image:
        """Shell commands, each given to ``sh -c`` as root."""
        flat = [c for each in commands for c in ([each] if isinstance(each, str) else each)]
        return self._with("commands", {"commands": _texts("command", flat)})

    def with_env_vars(self, variables: Mapping[str, str]) -> Image:
        """Process variables for every later step and for the runner; at most 500."""
        for name in variables:
            if not _VARIABLE.fullmatch(name):
                raise _invalid(f"{name!r} cannot be the name of a process variable")
        if not 1 <= len(variables) <= _ENTRIES_MAX:
            raise _invalid(f"1 to {_ENTRIES_MAX} process variables fit in a step, not {len(variables)}")
        return self._with("processVariables", {"variables": {name: str(value) for name, value in variables.items()}})

    def to_json(self) -> dict[str, Any]:
        """``hearth.v1.Image`` in its JSON form."""
        return {**self.base, "layers": list(self.layers)} if self.layers else dict(self.base)

    def _with(self, kind: str, layer: Mapping[str, Any]) -> Image:
        return replace(self, layers=(*self.layers, {kind: layer}))


def _texts(what: str, texts: Sequence[str]) -> list[str]:
    if not 1 <= len(texts) <= _ENTRIES_MAX:
        raise _invalid(f"1 to {_ENTRIES_MAX} entries of the kind {what} fit in a step, not {len(texts)}")
    for text in texts:
        if not isinstance(text, str) or not text.strip():
            raise _invalid(f"a {what} is a text that is not empty, not {text!r}")
    return list(texts)


def _invalid(problem: str) -> HearthError:
    return HearthError("INVALID_ENVIRONMENT", f"{problem}.")
