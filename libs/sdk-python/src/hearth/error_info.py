"""Refusals as Connect writes them, with ``google.rpc.ErrorInfo`` among their details."""

from __future__ import annotations

import base64
from typing import Any, Iterator

from .errors import HearthError


def to_error(error: Any, what: str) -> HearthError:
    """The refusal in ``{code, message, details}``; ``what`` is said of anything else."""
    if not isinstance(error, dict) or "code" not in error:
        return HearthError("INTERNAL", f"{what}: it is no answer of a control plane.")
    message = str(error.get("message") or error["code"])
    for detail in error.get("details") or ():
        if detail.get("type") == "google.rpc.ErrorInfo":
            reason, metadata = _read_error_info(_from_base64(str(detail.get("value", ""))))
            return HearthError(reason, message, metadata)
    return HearthError(str(error["code"]).upper(), message)


def _read_error_info(data: bytes) -> tuple[str, dict[str, str]]:
    """Field 1 is the reason, 2 the domain, 3 the entries of the metadata."""
    reason, metadata = "", {}
    for number, value in _fields(data):
        if number == 1:
            reason = value.decode("utf-8")
        elif number == 3:
            entry = dict(_fields(value))
            metadata[entry.get(1, b"").decode("utf-8")] = entry.get(2, b"").decode("utf-8")
    return reason or "INTERNAL", metadata


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields of a protobuf message; this one has no others."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        if key & 7 != 2:
            return
        length, at = _varint(data, at)
        yield key >> 3, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data):
        value |= (data[at] & 0x7F) << shift
        at += 1
        if data[at - 1] < 0x80:
            break
        shift += 7
    return value, at


def _from_base64(text: str) -> bytes:
    """Connect leaves the padding out."""
    return base64.b64decode(text + "=" * (-len(text) % 4))
