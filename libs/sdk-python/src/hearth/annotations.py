"""Builds plain decoded values to what a function's annotations ask for."""

from __future__ import annotations

import inspect
from functools import lru_cache
from typing import Any, Callable, Mapping, Sequence, get_args, get_origin

from .errors import HearthError


def bind_arguments(
    function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments, built to the parameters' annotations. Raises ``INVALID_ARGUMENTS``.

    A value that an annotation says nothing about, or that is what it asks for already, is left alone.
    """
    parameters = _parameters(function)
    if not kwargs and parameters.required <= len(args) <= len(parameters.positional):
        if not parameters.hints:
            return tuple(args), {}
        return tuple(map(_build_positional, args, parameters.positional)), {}
    signature, hints = parameters.signature, parameters.hints
    if signature is None:
        return tuple(args), dict(kwargs)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise HearthError("INVALID_ARGUMENTS", f"{function.__name__}{signature}: {error}.") from None
    if hints:
        for name, value in bound.arguments.items():
            if name in hints:
                bound.arguments[name] = _build_parameter(value, signature.parameters[name], hints[name])
    return bound.args, bound.kwargs


def build_result(function: Callable[..., Any], value: Any) -> Any:
    """The result, built to the function's return annotation. Raises ``INVALID_ARGUMENTS``."""
    hints = _parameters(function).hints
    return build(value, hints["return"], "result") if "return" in hints else value


def type_hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations of a function's parameters and, under ``return``, of its result; none when they cannot be read."""
    return _parameters(function).hints


def build(value: Any, annotation: Any, where: str) -> Any:
    """A plain value built to an annotation: dataclasses, ``tuple``, ``datetime``, ``list``, ``dict``, ``Optional``
    and other unions, and ``float``, nested as deep as they go. Raises ``INVALID_ARGUMENTS``, which names ``where``."""
    import types
    from dataclasses import is_dataclass
    from typing import Annotated, Union

    origin = get_origin(annotation)
    if origin is Annotated:
        return build(value, get_args(annotation)[0], where)
    if origin in (Union, types.UnionType):
        return _build_union(value, get_args(annotation), where)
    if annotation is float and type(value) is int:
        return float(value)
    if value is None:
        return value
    if isinstance(annotation, type) and origin is None and is_dataclass(annotation):
        return _build_dataclass(value, annotation, where)
    if annotation is tuple or origin is tuple:
        return _build_tuple(value, get_args(annotation), where)
    if origin is not None and isinstance(value, list) and _is_sequence(origin):
        (item,) = get_args(annotation) or (Any,)
        return [build(each, item, f"{where}[{at}]") for at, each in enumerate(value)]
    if origin is not None and isinstance(value, dict) and _is_mapping(origin):
        _, item = get_args(annotation) or (Any, Any)
        return {key: build(each, item, f"{where}.{key}") for key, each in value.items()}
    return _checked_moment(value, annotation, where)


_Hinted = tuple[inspect.Parameter, Any]


class _Parameters:
    """What is known of a function before it is called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.signature: inspect.Signature | None = None
        self.hints: dict[str, Any] = {}
        self.positional: list[_Hinted] = []
        """Those that a value without a name goes to, with their annotations. None when one of the others has to have a
        value."""
        self.required = 0
        try:
            self.signature = inspect.signature(function)
        except (TypeError, ValueError):
            return
        self.hints = _type_hints(function)
        self._find_positional(self.signature)

    def _find_positional(self, signature: inspect.Signature) -> None:
        for parameter in signature.parameters.values():
            has_default = parameter.default is not parameter.empty
            if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                self.positional.append((parameter, self.hints.get(parameter.name, Any)))
                self.required += not has_default
            elif parameter.kind is parameter.KEYWORD_ONLY and not has_default:
                self.positional, self.required = [], 1
                return


@lru_cache(maxsize=4096)
def _parameters(function: Callable[..., Any]) -> _Parameters:
    return _Parameters(function)


def _type_hints(function: Callable[..., Any]) -> dict[str, Any]:
    from typing import get_type_hints

    try:
        return get_type_hints(function, include_extras=True)
    except Exception:
        # A name that only a type checker can see. What an annotation does not say is left alone.
        return {}


def _build_positional(value: Any, hinted: _Hinted) -> Any:
    parameter, annotation = hinted
    return value if annotation is Any else _build_parameter(value, parameter, annotation)


def _build_parameter(value: Any, parameter: inspect.Parameter, annotation: Any) -> Any:
    where = f'argument "{parameter.name}"'
    if parameter.kind is parameter.VAR_POSITIONAL:
        return tuple(build(each, annotation, f"{where}, at [{at}]") for at, each in enumerate(value))
    if parameter.kind is parameter.VAR_KEYWORD:
        return {key: build(each, annotation, f'argument "{key}"') for key, each in value.items()}
    return build(value, annotation, where)


def _build_union(value: Any, members: tuple[Any, ...], where: str) -> Any:
    if value is None and type(None) in members:
        return None
    if any(isinstance(member, type) and get_origin(member) is None and type(value) is member for member in members):
        return value
    problem: HearthError | None = None
    for member in members:
        if member is type(None):
            continue
        try:
            return build(value, member, where)
        except HearthError as error:
            problem = problem or error
    if problem is not None:
        raise problem
    return value


def _build_dataclass(value: Any, annotation: Any, where: str) -> Any:
    from dataclasses import MISSING, fields
    from typing import get_type_hints

    if isinstance(value, annotation):
        return value
    if not isinstance(value, dict):
        raise _misfit(where, f"{annotation.__name__} is built from an object, not from {type(value).__name__}")
    known = {field.name: field for field in fields(annotation) if field.init}
    derived = {field.name for field in fields(annotation) if not field.init}
    unknown = [name for name in value if name not in known and name not in derived]
    missing = [
        name
        for name, field in known.items()
        if name not in value and field.default is MISSING and field.default_factory is MISSING
    ]
    if unknown or missing:
        said = [f"has no field {name!r}" for name in unknown] + [f"needs the field {name!r}" for name in missing]
        raise _misfit(where, f"{annotation.__name__} {', and '.join(said)}")
    try:
        hints = get_type_hints(annotation, include_extras=True)
    except Exception:
        hints = {}
    return annotation(
        **{
            name: build(item, hints.get(name, Any), f"{where}.{name}")
            for name, item in value.items()
            if name in known
        }
    )


def _build_tuple(value: Any, members: tuple[Any, ...], where: str) -> Any:
    if not isinstance(value, (list, tuple)):
        raise _misfit(where, f"a tuple is built from an array, not from {type(value).__name__}")
    if not members:
        return tuple(value)
    if len(members) == 2 and members[1] is Ellipsis:
        return tuple(build(each, members[0], f"{where}[{at}]") for at, each in enumerate(value))
    if members == ((),):
        members = ()
    if len(members) != len(value):
        raise _misfit(where, f"the tuple takes {len(members)} values, not {len(value)}")
    return tuple(build(each, member, f"{where}[{at}]") for at, (each, member) in enumerate(zip(value, members)))


def _checked_moment(value: Any, annotation: Any, where: str) -> Any:
    from datetime import datetime

    if annotation is datetime and not isinstance(value, datetime):
        raise _misfit(where, f"a datetime is needed, not {type(value).__name__}")
    return value


def _is_sequence(origin: Any) -> bool:
    from collections.abc import Sequence as AbstractSequence

    return isinstance(origin, type) and issubclass(list, origin) and issubclass(origin, AbstractSequence)


def _is_mapping(origin: Any) -> bool:
    from collections.abc import Mapping as AbstractMapping

    return isinstance(origin, type) and issubclass(dict, origin) and issubclass(origin, AbstractMapping)


def _misfit(where: str, problem: str) -> HearthError:
    return HearthError("INVALID_ARGUMENTS", f"{where}: {problem}.")
