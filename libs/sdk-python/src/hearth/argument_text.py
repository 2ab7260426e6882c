"""Arguments as they are typed in a command line."""

from __future__ import annotations

import inspect
import json
from typing import Any, Callable, Mapping, Sequence, get_args

from .annotations import bind_arguments, build, type_hints_of
from .errors import HearthError
from .payload import decode_value

_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_arguments(function: Callable[..., Any], words: Sequence[str]) -> dict[str, Any]:
    """``--name value`` and ``--name=value`` pairs, each text converted to what the parameter's annotation asks for.
    Raises ``INVALID_ARGUMENTS``."""
    texts = _pairs(words)
    parameters = inspect.signature(function).parameters
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    hints = type_hints_of(function)
    values: dict[str, Any] = {}
    for written, text in texts.items():
        name = written if written in parameters else written.replace("-", "_")
        if name not in parameters and not takes_any:
            known = ", ".join(f"--{parameter}" for parameter in parameters) or "none"
            raise HearthError("INVALID_ARGUMENTS", f"The task has no parameter --{written}. Its parameters: {known}.")
        values[name] = convert(text, hints.get(name, inspect.Parameter.empty), f"--{written}")
    bind_arguments(function, [], values)
    return values


def convert(text: str, annotation: Any, where: str) -> Any:
    """A text as ``str``, ``int``, ``float``, ``bool``, ``datetime`` or ``bytes`` (in UTF-8); ``Optional`` of these;
    anything else as JSON in Hearth's encoding. Without an annotation: as JSON where it is JSON, and as text otherwise."""
    if annotation in (inspect.Parameter.empty, Any):
        return _json_or_text(text)
    members = [member for member in get_args(annotation) if member is not type(None)]
    if type(None) in get_args(annotation) and len(members) == 1:
        return None if text in ("null", "None") else convert(text, members[0], where)
    plain = _plain.get(annotation) if isinstance(annotation, type) else None
    if plain is None:
        return build(_json(text, where), annotation, where)
    try:
        return plain(text)
    except (ValueError, KeyError):
        raise HearthError(
            "INVALID_ARGUMENTS", f'{where}: "{text}" cannot be read as {annotation.__name__}.'
        ) from None


def _pairs(words: Sequence[str]) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or not name:
            raise HearthError("INVALID_ARGUMENTS", f'"{word}" stands where --name was expected.')
        if not equals:
            if not rest:
                raise HearthError("INVALID_ARGUMENTS", f"--{name} has no value.")
            value = rest.pop(0)
        if name in texts:
            raise HearthError("INVALID_ARGUMENTS", f"--{name} is given twice.")
        texts[name] = value
    return texts


def _json(text: str, where: str) -> Any:
    try:
        return decode_value(text.encode("utf-8"))
    except HearthError as error:
        raise HearthError("INVALID_ARGUMENTS", f"{where}: {error.message}") from None


def _json_or_text(text: str) -> Any:
    try:
        json.loads(text)
    except ValueError:
        return text
    return _json(text, "the argument")


def _moment(text: str) -> Any:
    return decode_value(json.dumps({"$datetime": text}).encode())


def _truth(text: str) -> bool:
    return _TRUTH[text.lower()]


def _converters() -> dict[type, Callable[[str], Any]]:
    from datetime import datetime

    return {str: str, int: int, float: float, bool: _truth, bytes: str.encode, datetime: _moment}


_plain = _converters()
