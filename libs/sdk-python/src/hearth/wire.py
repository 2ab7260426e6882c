"""Protobuf's binary form of a message whose one field, number 1, holds bytes or text
(https://protobuf.dev/programming-guides/encoding)."""

from __future__ import annotations

_FIELD_ONE_OF_BYTES = b"\x0a"


def of_only_field(content: bytes) -> bytes:
    """The message with this content."""
    return _FIELD_ONE_OF_BYTES + _varint(len(content)) + content


def only_field(message: bytes) -> bytes:
    """What the message holds: nothing when the field is not there. Raises ``ValueError`` when it is no such message."""
    if not message:
        return b""
    length = shift = 0
    at = 1
    while True:
        if message[:1] != _FIELD_ONE_OF_BYTES or at >= len(message):
            raise ValueError("a message of another kind")
        length |= (message[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not message[at - 1] & 0x80:
            break
    if at + length != len(message):
        raise ValueError("a message of another kind")
    return message[at:]


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes(encoded) + bytes([number])
