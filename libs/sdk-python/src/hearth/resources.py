"""What one replica may use."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import HearthError

_QUANTITY = re.compile(r"(\d+(\.\d*)?|\.\d+)(m|[kMGTPE]|[KMGTPE]i|[eE][+-]?\d+)?")


@dataclass(frozen=True)
class Resources:
    """What one replica may use, in Kubernetes quantity notation.

    ``cpu``: cores, such as ``1``, ``0.5`` or ``"500m"``. ``memory``: bytes, such as ``"1Gi"`` or ``"512Mi"``.
    Left out: no limit. Raises ``HearthError`` with ``INVALID_RESOURCES``.
    """

    cpu: float | str | None = None
    memory: int | str | None = None

    def __post_init__(self) -> None:
        for name, value, example in (("cpu", self.cpu, '"500m"'), ("memory", self.memory, '"512Mi"')):
            text = _quantity(value)
            if text and not (_QUANTITY.fullmatch(text) and re.search("[1-9]", re.split("[a-zA-Z]", text)[0])):
                raise HearthError(
                    "INVALID_RESOURCES", f"{name} is a quantity above 0, such as {example}, not {value!r}."
                )

    def to_json(self) -> dict[str, str]:
        """``hearth.v1.Resources`` in its JSON form."""
        return {
            name: text
            for name, text in (("cpu", _quantity(self.cpu)), ("memory", _quantity(self.memory)))
            if text
        }


def _quantity(value: float | str | None) -> str:
    return "" if value is None else f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
