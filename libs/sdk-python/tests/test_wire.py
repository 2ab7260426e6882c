from __future__ import annotations

import unittest

from hearth import wire


class OnlyField(unittest.TestCase):
    def test_a_message_of_any_length_gives_back_what_it_was_made_of(self) -> None:
        for length in (0, 1, 127, 128, 16_383, 16_384, 5_000_000):
            content = b"x" * length
            self.assertEqual(wire.only_field(wire.of_only_field(content)), content)

    def test_it_is_what_protobuf_writes(self) -> None:
        self.assertEqual(wire.of_only_field(b"y" * 300), b"\x0a\xac\x02" + b"y" * 300)

    def test_an_absent_field_is_empty(self) -> None:
        self.assertEqual(wire.only_field(b""), b"")

    def test_a_message_of_another_kind_is_refused(self) -> None:
        for message in (b"\x12\x01x", b"\x0a", b"\x0a\x05abc", b"\x0a\x01xy", b"\x0a\x80"):
            with self.assertRaises(ValueError):
                wire.only_field(message)
