"""Frames between agent and runner (docs/runner-protocol.md, "Frames")."""

from __future__ import annotations

import json
import struct
from typing import Any, Iterator, Mapping

from ..json_reader import json_reader

LOAD, EXECUTE, CANCEL, CALL_ENDED, PING = 1, 2, 3, 4, 5
HELLO, LOADED, LOAD_FAILED = range(10, 13)
ENDED, LOG, CALL, CANCEL_CALL, PARK, PONG = range(14, 20)

FRAME_BYTES_MAX = 65 * 1024 * 1024
_PREFIX = struct.Struct(">IBH")
_LENGTH = struct.Struct(">I")
# Made once: json.dumps with options and json.loads of bytes make theirs for every call.
_to_json = json.JSONEncoder(ensure_ascii=False, check_circular=False, separators=(",", ":")).encode
_from_json = json_reader(json.JSONDecoder())

Frame = tuple[int, dict[str, Any], bytes]


class ProtocolError(Exception):
    """The other side does not speak the protocol; the connection cannot go on."""


def encode_frame(kind: int, header: Mapping[str, Any], body: bytes = b"") -> bytes:
    """The bytes of a frame. Raises ``ValueError`` over 65 MiB or with a header over 64 KiB."""
    encoded = encode_header(header)
    length = 3 + len(encoded) + len(body)
    if length > FRAME_BYTES_MAX or len(encoded) > 0xFFFF:
        raise ValueError(f"A frame of {length} bytes with a header of {len(encoded)} bytes is over the bound.")
    return _PREFIX.pack(length, kind, len(encoded)) + encoded + body


def encode_succeeded(attempt: int, started_unix_ms: int, unix_ms: int, result: bytes) -> bytes:
    """The end that most attempts have, made without the general encoder. ``result`` is within its own bound."""
    header = b'{"attempt":%d,"outcome":"succeeded","startedUnixMs":%d,"unixMs":%d}' % (
        attempt,
        started_unix_ms,
        unix_ms,
    )
    return _PREFIX.pack(3 + len(header) + len(result), ENDED, len(header)) + header + result


def encode_header(header: Mapping[str, Any]) -> bytes:
    """The bytes of a frame's header."""
    return _to_json(header).encode("utf-8", "backslashreplace")


class FrameDecoder:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def push(self, chunk: bytes | memoryview) -> Iterator[Frame]:
        """The frames that are complete with this chunk. Raises ``ProtocolError``."""
        rest = self._rest
        rest += chunk
        at = 0
        try:
            while len(rest) - at >= 4:
                (length,) = _LENGTH.unpack_from(rest, at)
                if not 3 <= length <= FRAME_BYTES_MAX:
                    raise ProtocolError(f"A frame of {length} bytes.")
                end = at + 4 + length
                if len(rest) < end:
                    break
                frame = _decode(rest, at, end)
                at = end
                yield frame
        finally:
            del rest[:at]


def _decode(data: bytearray, at: int, end: int) -> Frame:
    _, kind, header_length = _PREFIX.unpack_from(data, at)
    header_at = at + _PREFIX.size
    body_at = header_at + header_length
    if body_at > end:
        raise ProtocolError("A frame header longer than its frame.")
    try:
        header = _from_json(data[header_at:body_at].decode("utf-8"))
    except ValueError as error:
        raise ProtocolError(f"A frame header that is not JSON: {error}") from None
    if not isinstance(header, dict):
        raise ProtocolError("A frame header that is not an object.")
    return kind, header, bytes(data[body_at:end])
