"""When another attempt follows one that did not succeed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Iterator, Sequence, Union

from .policy_fields import duration, invalid, whole

_COUNT_MAX = 1_000
_FACTOR_MAX = 100
_BACKOFF_MAX = timedelta(hours=24)
_ON_MAX = 100
_NAME_CHARACTERS_MAX = 200


class RetryPolicy:
    """When another attempt follows one that failed, timed out or ended its process. Attempts that were lost with their
    replica are made again in any case and do not count.

    ``count``: attempts that may follow the first. 0 to 1,000.
    ``backoff``: how long to wait before the first of them. Seconds or a ``timedelta``, 0 to 24 hours. Default 0.
    ``factor``: what the wait is multiplied with from one to the next. 1 to 100. Default 2.
    ``max_backoff``: the longest wait. Above 0, at most 24 hours, and not below ``backoff``. Default one minute, or
    ``backoff`` when that is longer.
    ``on``: which failures; at most 100 names. A text is a registered reason such as ``"ATTEMPT_TIMED_OUT"`` or the name
    of an exception class such as ``"ConnectionError"``, and stands for just that. A class stands for itself and for those
    of its subclasses that are in the same package and imported by now. Default: any failure.

    Raises ``HearthError`` with ``INVALID_POLICY``.
    """

    __slots__ = ("count", "backoff", "factor", "max_backoff", "on")

    def __init__(
        self,
        count: int,
        backoff: float | timedelta = 0,
        factor: float = 2,
        max_backoff: float | timedelta | None = None,
        on: Sequence[str | type[BaseException]] = (),
    ) -> None:
        self.count = whole("retries", count, 0, _COUNT_MAX)
        self.backoff = timedelta(0) if _is_zero(backoff) else duration("backoff", backoff, _BACKOFF_MAX)
        if isinstance(factor, bool) or not isinstance(factor, (int, float)) or not 1 <= factor <= _FACTOR_MAX:
            raise invalid(f"factor is a number from 1 to {_FACTOR_MAX}, not {factor!r}")
        self.factor = factor
        self.max_backoff = None if max_backoff is None else duration("max_backoff", max_backoff, _BACKOFF_MAX)
        if self.max_backoff is not None and self.max_backoff < self.backoff:
            raise invalid(f"max_backoff, {self.max_backoff}, is below backoff, {self.backoff}")
        self.on = _names(on)

    def to_json(self) -> dict[str, Any]:
        """``hearth.v1.RetryPolicy`` in its JSON form."""
        fields: dict[str, Any] = {"retries": self.count}
        if self.backoff:
            fields["initialBackoffMs"] = milliseconds(self.backoff)
        if self.factor != 2:
            fields["backoffFactor"] = self.factor
        if self.max_backoff is not None:
            fields["maxBackoffMs"] = milliseconds(self.max_backoff)
        if self.on:
            fields["retryOn"] = list(self.on)
        return fields

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RetryPolicy) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(repr(self.to_json()))

    def __repr__(self) -> str:
        return (
            f"RetryPolicy({self.count}, backoff={self.backoff!r}, factor={self.factor}, "
            f"max_backoff={self.max_backoff!r}, on={list(self.on)!r})"
        )


Retries = Union[int, RetryPolicy, None]


def retry_policy(retries: Any) -> RetryPolicy | None:
    """What ``retries`` stands for. Raises ``HearthError`` with ``INVALID_POLICY``."""
    if retries is None or isinstance(retries, RetryPolicy):
        return retries
    if isinstance(retries, bool) or not isinstance(retries, int):
        raise invalid(f"retries is a whole number, a RetryPolicy(...) or None, not {retries!r}")
    return RetryPolicy(retries)


def milliseconds(span: timedelta) -> float:
    """With a fraction only where there is one."""
    whole_ones, rest = divmod(span, timedelta(milliseconds=1))
    return whole_ones if not rest else span / timedelta(milliseconds=1)


def _is_zero(backoff: Any) -> bool:
    return not isinstance(backoff, bool) and backoff in (0, timedelta(0))


def _names(on: Any) -> tuple[str, ...]:
    if isinstance(on, (str, type)):
        raise invalid(f"on is a list, such as on=[{on if isinstance(on, type) else repr(on)}]")
    try:
        named = dict.fromkeys(name for each in on for name in _names_of(each))
    except TypeError:
        raise invalid(f"on is a list of reasons, exception classes or their names, not {on!r}") from None
    if len(named) > _ON_MAX:
        raise invalid(f"on has {len(named)} names with all subclasses, of at most {_ON_MAX}; leave it out for any failure")
    return tuple(named)


def _names_of(each: Any) -> Iterator[str]:
    if isinstance(each, str) and 1 <= len(each) <= _NAME_CHARACTERS_MAX:
        yield each
    elif isinstance(each, type) and issubclass(each, BaseException):
        yield from sorted({kind.__qualname__ for kind in _family(each)})
    else:
        raise invalid(
            f"on has reasons, exception classes and their names, of 1 to {_NAME_CHARACTERS_MAX} characters, not {each!r}"
        )


def _family(kind: type[BaseException]) -> Iterator[type[BaseException]]:
    """What else was imported must not make another deployment, so only the class's own package counts."""
    yield kind
    for other in kind.__subclasses__():
        if _package(other) == _package(kind):
            yield from _family(other)


def _package(kind: type) -> str:
    return kind.__module__.partition(".")[0]
