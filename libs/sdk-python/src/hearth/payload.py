"""The encoding in which arguments and results travel (docs/payloads.md)."""

from __future__ import annotations

import json
import math
from typing import Any, Callable, Mapping, Sequence

from .errors import HearthError
from .json_reader import json_reader

INLINE_BYTES_MAX = 4 * 1024 * 1024
BYTES_MAX = 64 * 1024 * 1024
_SAFE_INTEGER_MAX = 2**53 - 1


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number")


# Made once: json.dumps and json.loads with options make theirs for every call.
_to_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode
_from_json = json_reader(json.JSONDecoder(parse_constant=_no_number))


def encode_result(value: Any) -> bytes:
    """The payload of a result. Raises ``NOT_SERIALIZABLE`` or ``PAYLOAD_TOO_LARGE``."""
    # The general encoder makes its tools anew for each value that is no text.
    if value is None:
        return b"null"
    if type(value) is int and -_SAFE_INTEGER_MAX <= value <= _SAFE_INTEGER_MAX:
        return b"%d" % value
    return _to_bytes(_encode_root(value, "result"), "A result")


def encode_arguments(
    args: Sequence[Any], kwargs: Mapping[str, Any], names: Sequence[str] = ()
) -> bytes:
    """The payload of a call's arguments. Raises ``NOT_SERIALIZABLE`` or ``PAYLOAD_TOO_LARGE``.

    ``names`` are the names of the positional parameters, for messages.
    """
    encoded: dict[str, Any] = {}
    if args:
        encoded["args"] = [
            _encode_root(value, f'argument "{names[at]}"' if at < len(names) else f"argument {at + 1}")
            for at, value in enumerate(args)
        ]
    if kwargs:
        encoded["kwargs"] = {
            name: _encode_root(value, f'argument "{name}"') for name, value in kwargs.items()
        }
    return _to_bytes(encoded, "Arguments")


def decode_value(payload: bytes) -> Any:
    """The plain value of a result. Raises ``INVALID_ARGUMENTS`` when it is not in the encoding."""
    return None if not payload else _decode(_parse(payload))


def decode_arguments(payload: bytes) -> tuple[list[Any], dict[str, Any]]:
    """Positional and keyword arguments. Raises ``INVALID_ARGUMENTS`` when they are not in the encoding."""
    if not payload:
        return [], {}
    encoded = _parse(payload)
    if not isinstance(encoded, dict) or not encoded.keys() <= {"args", "kwargs"}:
        raise _malformed('arguments are {"args": [...], "kwargs": {...}}')
    args, kwargs = encoded.get("args", []), encoded.get("kwargs", {})
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise _malformed('"args" is an array and "kwargs" an object')
    return [_decode(value) for value in args], {name: _decode(value) for name, value in kwargs.items()}


def _to_bytes(encoded: Any, what: str) -> bytes:
    try:
        payload = _to_json(encoded).encode("utf-8")
    except RecursionError:
        raise HearthError("NOT_SERIALIZABLE", f"{what}: nested too deeply") from None
    if len(payload) > BYTES_MAX:
        raise HearthError(
            "PAYLOAD_TOO_LARGE",
            f"{what} of {len(payload)} bytes: at most {BYTES_MAX} travel. Send a reference to where the data is.",
            {"payloadBytes": str(len(payload)), "payloadBytesMax": str(BYTES_MAX)},
        )
    return payload


def _encode_root(value: Any, root: str) -> Any:
    try:
        return _encode(value, root, ())
    except RecursionError:
        raise HearthError(
            "NOT_SERIALIZABLE", f"{root}: it contains itself or is nested too deeply"
        ) from None


_Path = tuple[str, ...]


def _encode(value: Any, root: str, path: _Path) -> Any:
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is str:
        return _encode_text(value, root, path)
    if kind is int:
        return _encode_integer(value)
    if kind is float:
        return _encode_float(value)
    if kind is list or kind is tuple:
        return [_encode(item, root, (*path, f"[{at}]")) for at, item in enumerate(value)]
    if kind is dict:
        return _encode_object(value, root, path)
    return _encode_other(value, root, path)


def _encode_other(value: Any, root: str, path: _Path) -> Any:
    """Subclasses of the plain types, and what has a tag."""
    from dataclasses import fields, is_dataclass
    from datetime import datetime

    if is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _encode(getattr(value, field.name), root, (*path, f".{field.name}"))
            for field in fields(value)
        }
    if isinstance(value, (bytes, bytearray, memoryview)):
        from base64 import b64encode

        return {"$bytes": b64encode(value).decode("ascii")}
    if isinstance(value, datetime):
        return {"$datetime": _encode_moment(value, root, path)}
    plain: Any
    for plain in (str, int, float, list, tuple, dict):
        if isinstance(value, plain):
            return _encode(plain(value), root, path)
    raise _refusal(root, path, f"a value of type {type(value).__name__} cannot be sent")


def _encode_text(value: str, root: str, path: _Path) -> str:
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise _refusal(root, path, "the text has a lone surrogate, which UTF-8 cannot hold") from None
    return value


def _encode_integer(value: int) -> Any:
    if -_SAFE_INTEGER_MAX <= value <= _SAFE_INTEGER_MAX:
        return value
    return {"$int": _digits(value)}


def _digits(value: int) -> str:
    """``str`` refuses integers of more than 4,300 digits; the bound of a payload is enough here."""
    import sys

    limit = getattr(sys, "get_int_max_str_digits", lambda: 0)()
    if limit == 0 or value.bit_length() < 3 * limit:
        return str(value)
    from decimal import Context, Decimal

    return format(Context(prec=value.bit_length(), Emax=10**9).create_decimal(Decimal(value)), "f")


def _encode_float(value: float) -> Any:
    if math.isfinite(value):
        return value
    return {"$float": "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"}


def _encode_object(value: dict[Any, Any], root: str, path: _Path) -> Any:
    encoded: dict[str, Any] = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise _refusal(
                root, path, f"a dict with a key of type {type(key).__name__} cannot be sent; keys are text"
            )
        _encode_text(key, root, path)
        encoded[str(key)] = _encode(item, root, (*path, f".{key}" if key.isidentifier() else f"[{key!r}]"))
    return {"$object": encoded} if _looks_tagged(encoded) else encoded


def _encode_moment(value: Any, root: str, path: _Path) -> str:
    from datetime import timezone

    if value.utcoffset() is None:
        raise _refusal(
            root, path, "a naive datetime does not say which moment it means; give it a tzinfo, such as timezone.utc"
        )
    utc = value.astimezone(timezone.utc).replace(tzinfo=None)
    return f"{utc.isoformat(timespec='microseconds' if utc.microsecond % 1000 else 'milliseconds')}Z"


def _refusal(root: str, path: _Path, problem: str) -> HearthError:
    at = "".join(path).removeprefix(".")
    return HearthError("NOT_SERIALIZABLE", f"{root}, at {at}: {problem}" if at else f"{root}: {problem}")


def _parse(payload: bytes) -> Any:
    try:
        return _from_json(payload.decode("utf-8"))
    except ValueError as error:
        raise _malformed(f"it is not JSON in UTF-8: {error}") from None


def _decode(encoded: Any) -> Any:
    kind = type(encoded)
    if kind is list:
        return [_decode(item) for item in encoded]
    if kind is dict:
        if _looks_tagged(encoded):
            return _decode_tagged(*next(iter(encoded.items())))
        return {key: _decode(item) for key, item in encoded.items()}
    return encoded


def _looks_tagged(encoded: Mapping[str, Any]) -> bool:
    return len(encoded) == 1 and next(iter(encoded)).startswith("$")


def _decode_tagged(tag: str, content: Any) -> Any:
    if tag == "$object" and isinstance(content, dict):
        return {key: _decode(item) for key, item in content.items()}
    decoder = _decoders.get(tag)
    if decoder is None or not isinstance(content, str):
        raise _malformed(f'{{"{tag}": ...}} is no tag of the encoding')
    try:
        return decoder(content)
    except ValueError as error:
        raise _malformed(f"{tag}: {error}") from None


def _decode_integer(text: str) -> int:
    from decimal import Decimal

    if not text.removeprefix("-").isdecimal():
        raise ValueError(f"{text[:40]!r} is no integer")
    return int(text) if len(text) < 600 else int(Decimal(text))


def _decode_float(text: str) -> float:
    if text not in ("nan", "inf", "-inf"):
        raise ValueError(f"{text[:40]!r} is none of nan, inf and -inf")
    return float(text)


def _decode_bytes(text: str) -> bytes:
    from base64 import b64decode

    return b64decode(text, validate=True)


def _decode_moment(text: str) -> Any:
    from datetime import datetime

    # Python 3.10 reads neither "Z" nor fractions other than of 3 or 6 digits.
    moment = datetime.fromisoformat(text.removesuffix("Z") + ("+00:00" if text.endswith("Z") else ""))
    if moment.utcoffset() is None:
        raise ValueError(f"{text!r} does not say which moment it means")
    return moment


_decoders: Mapping[str, Callable[[str], Any]] = {
    "$int": _decode_integer,
    "$float": _decode_float,
    "$bytes": _decode_bytes,
    "$datetime": _decode_moment,
}


def _malformed(problem: str) -> HearthError:
    return HearthError("INVALID_ARGUMENTS", f"The payload is not in Hearth's encoding: {problem}.")
