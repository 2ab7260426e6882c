"""What is told of an exception: ``hearth.v1.Failure`` in its JSON form."""

from __future__ import annotations

import importlib
import os
from typing import Any

from ..errors import HearthError, TaskError
from .frames import encode_header

_MESSAGE_BYTES_MAX = 8 * 1024
_TRACEBACK_BYTES_MAX = 64 * 1024
# A failure travels in a frame's header, which has room for 64 KiB.
_FAILURE_BYTES_MAX = 60 * 1024
_MACHINERY = (
    os.path.dirname(os.path.dirname(__file__)) + "/",
    importlib.__file__,
    "<frozen importlib",
    "<frozen runpy",
)

Failure = dict[str, Any]


def failure_of(reason: str, error: BaseException) -> Failure:
    """The failure of user code that raised, its traceback without Hearth's own frames."""
    message, traceback = _message_of(error), _traceback_of(error)
    share = 1.0
    while True:
        failure = {
            "reason": reason,
            "message": _shortened(message, int(_MESSAGE_BYTES_MAX * share), cut_at=1.0),
            "exceptionType": type(error).__qualname__[:200],
            "traceback": _shortened(traceback, int(_TRACEBACK_BYTES_MAX * share), cut_at=0.5),
        }
        # How much longer a text gets as JSON depends on what is in it.
        if len(encode_header(failure)) <= _FAILURE_BYTES_MAX:
            return failure
        share *= 0.8


def refusal(error: HearthError) -> Failure:
    """The failure of an attempt that Hearth itself refuses."""
    return {"reason": error.reason, "message": _shortened(error.message, _MESSAGE_BYTES_MAX, cut_at=1.0)}


def _message_of(error: BaseException) -> str:
    if isinstance(error, TaskError):
        return error.summary
    try:
        return str(error)
    except Exception as second:
        return f"(its message cannot be read: {type(second).__name__})"


def _traceback_of(error: BaseException) -> str:
    import traceback

    try:
        told = traceback.TracebackException.from_exception(error)
        _strip(told, set())
        return "".join(told.format())
    except Exception as second:
        return f"(the traceback cannot be read: {type(second).__name__})"


def _strip(told: Any, seen: set[int]) -> None:
    """Removes Hearth's and the import machinery's frames from it and all that it came from."""
    if told is None or id(told) in seen:
        return
    seen.add(id(told))
    told.stack[:] = [frame for frame in told.stack if not _is_machinery(frame.filename)]
    for other in (told.__cause__, told.__context__, *(getattr(told, "exceptions", None) or ())):
        _strip(other, seen)


def _is_machinery(filename: str) -> bool:
    return filename.startswith(_MACHINERY)


def _shortened(text: str, bytes_max: int, *, cut_at: float) -> str:
    """At most so many bytes; what is cut is cut at this share of them, and marked."""
    encoded = text.encode("utf-8", "backslashreplace")
    if len(encoded) <= bytes_max:
        return encoded.decode("utf-8")
    mark = f"\n... {len(encoded) - bytes_max} bytes or more left out ...\n"
    room = bytes_max - len(mark.encode())
    head = int(room * cut_at)
    tail = encoded[len(encoded) - (room - head) :]
    return encoded[:head].decode("utf-8", "ignore") + mark + tail.decode("utf-8", "ignore")
