"""Reading JSON that came from a program."""

from __future__ import annotations

from json import JSONDecoder
from typing import Any, Callable


def json_reader(decoder: JSONDecoder) -> Callable[[str], Any]:
    """``decoder.decode``, but for text with nothing around the value, as programs write it, without two searches for space."""
    read_value, read_any = decoder.raw_decode, decoder.decode

    def read(text: str) -> Any:
        try:
            value, end = read_value(text)
        except ValueError:
            return read_any(text)
        return value if end == len(text) else read_any(text)

    return read
