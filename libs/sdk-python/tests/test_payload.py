from __future__ import annotations

import json
import math
import socket
import unittest
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hearth.errors import HearthError
from hearth.payload import BYTES_MAX, decode_arguments, decode_value, encode_arguments, encode_result

VECTORS = Path(__file__).parents[3] / "test" / "vectors" / "payloads.json"


def described(value: dict[str, Any]) -> Any:
    """The Python value that a vector describes."""
    kind = value["kind"]
    if kind == "list":
        return [described(item) for item in value["items"]]
    if kind == "object":
        return {key: described(item) for key, item in value["fields"].items()}
    if kind == "datetime":
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(milliseconds=value["unixMs"])
    plain = {
        "null": lambda: None,
        "boolean": lambda: value["value"],
        "text": lambda: value["text"],
        "integer": lambda: int(value["digits"]),
        "float": lambda: float(value["text"]),
        "bytes": lambda: bytes.fromhex(value["hex"]),
    }
    return plain[kind]()


class Vectors(unittest.TestCase):
    def test_every_shared_vector_decodes_to_its_value_with_its_type(self) -> None:
        for vector in json.loads(VECTORS.read_text("utf-8")):
            with self.subTest(vector["name"]):
                wanted, got = described(vector["value"]), decode_value(vector["encoded"].encode())
                self.assertIs(type(got), type(wanted))
                if isinstance(wanted, float) and math.isnan(wanted):
                    self.assertTrue(math.isnan(got))
                else:
                    self.assertEqual(got, wanted)

    def test_every_shared_vector_is_encoded_byte_for_byte(self) -> None:
        for vector in json.loads(VECTORS.read_text("utf-8")):
            with self.subTest(vector["name"]):
                self.assertEqual(encode_result(described(vector["value"])).decode(), vector["encoded"])


@dataclass
class Row:
    model: Any


class Encoding(unittest.TestCase):
    def refuses(self, reason: str, message: str, *args: Any, **kwargs: Any) -> None:
        with self.assertRaises(HearthError) as raised:
            encode_arguments(args, kwargs, ["rows"])
        self.assertEqual((raised.exception.reason, raised.exception.message), (reason, message))

    def test_a_refusal_names_the_argument_and_the_path_in_it(self) -> None:
        with socket.socket() as unsendable:
            rows = [Row(1), Row(2), Row(3), Row(unsendable)]
            said = "at [3].model: a value of type socket cannot be sent"
            self.refuses("NOT_SERIALIZABLE", f'argument "rows", {said}', rows)
            self.refuses("NOT_SERIALIZABLE", f'argument "more", {said}', 1, more=rows)
            self.refuses("NOT_SERIALIZABLE", f"argument 2, {said}", 1, rows)

    def test_a_refused_result_is_called_the_result(self) -> None:
        with self.assertRaisesRegex(HearthError, "result: a value of type set cannot be sent"):
            encode_result({1})

    def test_a_naive_datetime_is_refused(self) -> None:
        with self.assertRaisesRegex(HearthError, "NOT_SERIALIZABLE: result, at when: a naive datetime"):
            encode_result({"when": datetime(2026, 1, 1)})

    def test_a_moment_of_another_zone_travels_in_utc_and_keeps_its_microseconds(self) -> None:
        moment = datetime(2026, 1, 1, 2, 0, 0, 123456, timezone(timedelta(hours=2)))
        self.assertEqual(encode_result(moment), b'{"$datetime":"2026-01-01T00:00:00.123456Z"}')
        self.assertEqual(decode_value(encode_result(moment)), moment)

    def test_a_dict_with_keys_that_are_not_text_is_refused(self) -> None:
        self.refuses("NOT_SERIALIZABLE", 'argument "rows": a dict with a key of type int cannot be sent; keys are text', {1: 2})

    def test_a_value_that_contains_itself_is_refused(self) -> None:
        loop: list[Any] = []
        loop.append(loop)
        self.refuses("NOT_SERIALIZABLE", 'argument "rows": it contains itself or is nested too deeply', loop)

    def test_a_lone_surrogate_is_refused(self) -> None:
        self.refuses("NOT_SERIALIZABLE", 'argument "rows", at [0]: the text has a lone surrogate, which UTF-8 cannot hold', ["\ud800"])

    def test_more_than_the_bound_is_refused_with_figures(self) -> None:
        with self.assertRaises(HearthError) as raised:
            encode_result("x" * BYTES_MAX)
        self.assertEqual(raised.exception.reason, "PAYLOAD_TOO_LARGE")
        self.assertEqual(raised.exception.metadata["payloadBytesMax"], str(BYTES_MAX))
        self.assertEqual(len(encode_result("x" * (BYTES_MAX - 2))), BYTES_MAX)

    def test_bytearray_memoryview_tuple_and_subclasses_travel_as_their_plain_kind(self) -> None:
        class Name(str):
            pass

        value = [bytearray(b"\1"), memoryview(b"\1"), (1, 2), Name("n")]
        self.assertEqual(decode_value(encode_result(value)), [b"\1", b"\1", [1, 2], "n"])

    def test_integers_longer_than_python_prints_by_itself_travel(self) -> None:
        self.assertEqual(decode_value(encode_result(10**9000 + 7)), 10**9000 + 7)
        self.assertEqual(decode_value(encode_result(-(10**9000))), -(10**9000))


class Decoding(unittest.TestCase):
    def test_arguments_and_keyword_arguments_may_be_absent(self) -> None:
        self.assertEqual(decode_arguments(b""), ([], {}))
        self.assertEqual(decode_arguments(b"{}"), ([], {}))
        self.assertEqual(decode_arguments(encode_arguments([1], {"b": 2})), ([1], {"b": 2}))

    def test_space_around_a_value_is_nothing_and_anything_else_is_refused(self) -> None:
        self.assertEqual(decode_value(b' [1, "a"]\n'), [1, "a"])
        for payload in (b"1 2", b"null,", b"  ", b"{"):
            with self.subTest(payload), self.assertRaisesRegex(HearthError, "not JSON"):
                decode_value(payload)

    def test_what_is_not_in_the_encoding_is_refused(self) -> None:
        for payload in [b"{", b"\xff", b"NaN", b'{"$bytes":"*"}', b'{"$foo":1}', b'{"$int":"x"}', b'{"$float":"1"}', b'{"$datetime":"2026-01-01T00:00:00"}']:
            with self.subTest(payload), self.assertRaises(HearthError) as raised:
                decode_value(payload)
            self.assertEqual(raised.exception.reason, "INVALID_ARGUMENTS")
        for payload in [b"[]", b'{"args":{}}', b'{"other":1}']:
            with self.subTest(payload), self.assertRaises(HearthError):
                decode_arguments(payload)
