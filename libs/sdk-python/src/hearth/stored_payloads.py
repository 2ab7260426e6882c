"""Payloads in messages of the control plane: inline, or in the object store when they are too large for that."""

from __future__ import annotations

import base64
from typing import Any, Mapping

from .control_plane import ControlPlane
from .payload import INLINE_BYTES_MAX


def to_message(control_plane: ControlPlane, payload: bytes) -> Mapping[str, Any]:
    """A ``Payload`` of encoded bytes, stored when there are many."""
    if len(payload) <= INLINE_BYTES_MAX:
        return {"inline": base64.b64encode(payload).decode("ascii")}
    import hashlib

    control_plane.exchange("PayloadService", "StorePayload", payload)
    return {"stored": {"sha256": hashlib.sha256(payload).hexdigest(), "sizeBytes": len(payload)}}


def from_message(control_plane: ControlPlane, message: Mapping[str, Any]) -> bytes:
    """The encoded bytes of a ``Payload``."""
    stored = message.get("stored")
    if stored is None:
        return base64.b64decode(message.get("inline", ""))
    return control_plane.exchange("PayloadService", "ReadPayload", stored["sha256"].encode())
