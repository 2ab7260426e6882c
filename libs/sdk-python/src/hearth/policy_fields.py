"""Checks of a policy's fields."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from .errors import HearthError

DURATION_MAX = timedelta(days=30)
_MEMORY = re.compile(r"(\d+(?:\.\d+)?)([kMGTP]|[KMGTP]i)?")


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid(f"{name} is a whole number, not {value!r}")
    if not low <= value <= high:
        raise invalid(f"{name} is {low:,} to {high:,}, not {value:,}")
    return value


def truth(name: str, value: Any) -> bool:
    """``True`` or ``False``."""
    if not isinstance(value, bool):
        raise invalid(f"{name} is True or False, not {value!r}")
    return value


def duration(
    name: str, value: Any, longest: timedelta = DURATION_MAX, *, reason: str = "INVALID_POLICY"
) -> timedelta:
    """Seconds or a ``timedelta``, above 0 and at most ``longest``, which is 30 days by default."""
    if isinstance(value, bool) or not isinstance(value, (int, float, timedelta)):
        raise invalid(f"{name} is seconds or a timedelta, not {value!r}", reason)
    bounds = f"{name} is above 0 and at most " + (f"{longest.days} days" if longest.days > 1 else "24 hours")
    try:
        span = value if isinstance(value, timedelta) else timedelta(seconds=value)
    except (OverflowError, ValueError):
        raise invalid(f"{bounds}, not {value} seconds", reason) from None
    if not timedelta(0) < span <= longest:
        raise invalid(f"{bounds}, not {span.total_seconds():g} seconds", reason)
    return span


def memory(name: str, value: Any) -> str:
    """Bytes above 0 in Kubernetes quantity notation."""
    matched = _MEMORY.fullmatch(value) if isinstance(value, str) else None
    if matched is None or float(matched[1]) == 0:
        raise invalid(f'{name} is a text with bytes above 0, such as "800Mi" or "1.5Gi", not {value!r}')
    return str(value)


def duration_json(span: timedelta) -> str:
    """``google.protobuf.Duration`` in its JSON form."""
    seconds, fraction = divmod(span // timedelta(microseconds=1), 1_000_000)
    return f"{seconds}.{fraction:06d}s" if fraction else f"{seconds}s"


def invalid(problem: str, reason: str = "INVALID_POLICY") -> HearthError:
    """What every check raises."""
    return HearthError(reason, f"{problem}.")
