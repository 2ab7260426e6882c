from __future__ import annotations

import unittest
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Optional, Sequence

from hearth.annotations import bind_arguments, build_result
from hearth.errors import HearthError
from hearth.payload import decode_value, encode_result


@dataclass
class Point:
    x: float
    y: float = 0.0


@dataclass
class Shape:
    name: str
    points: list[Point]
    corner: Optional[Point] = None
    marks: dict[str, tuple[int, Point]] = field(default_factory=dict)


def through(annotation: Any, value: Any) -> Any:
    """The value after it travelled to a parameter with this annotation."""

    def task(value: Any) -> None: ...

    task.__annotations__["value"] = annotation
    args, _ = bind_arguments(task, [decode_value(encode_result(value))], {})
    return args[0]


class Building(unittest.TestCase):
    def test_dataclasses_come_back_as_themselves_however_deep(self) -> None:
        shape = Shape("s", [Point(1, 2)], Point(3.0), {"m": (1, Point(0.5))})
        self.assertEqual(through(Shape, shape), shape)

    def test_a_float_annotation_turns_an_integer_into_a_float(self) -> None:
        self.assertIs(type(through(float, 2)), float)
        self.assertIs(type(through(Point, Point(1)).x), float)

    def test_an_integer_stays_one_where_a_union_names_it(self) -> None:
        self.assertIs(type(through(int | float, 2)), int)

    def test_optional_takes_null_and_the_value(self) -> None:
        self.assertIsNone(through(Optional[Point], None))
        self.assertEqual(through(Optional[Point], Point(1)), Point(1))

    def test_tuples_are_built_with_their_members(self) -> None:
        self.assertEqual(through(tuple, (1, 2)), (1, 2))
        self.assertEqual(through(tuple[Point, int], (Point(1), 2)), (Point(1), 2))
        self.assertEqual(through(tuple[Point, ...], (Point(1), Point(2))), (Point(1), Point(2)))

    def test_lists_dicts_and_sequences_build_their_members(self) -> None:
        self.assertEqual(through(list[Point], [Point(1)]), [Point(1)])
        self.assertEqual(through(Sequence[Point], [Point(1)]), [Point(1)])
        self.assertEqual(through(dict[str, Point], {"a": Point(1)}), {"a": Point(1)})

    def test_moments_are_moments_again(self) -> None:
        moment = datetime(2026, 1, 2, tzinfo=timezone.utc)
        self.assertEqual(through(datetime, moment), moment)

    def test_what_is_not_annotated_is_left_alone(self) -> None:
        self.assertEqual(through(Any, Point(1)), {"x": 1, "y": 0.0})

    def test_results_are_built_to_the_return_annotation(self) -> None:
        def task() -> list[Point]: ...

        self.assertEqual(build_result(task, [{"x": 1}]), [Point(1.0)])

    def test_rest_parameters_are_built_one_by_one(self) -> None:
        def task(*points: Point, **named: Point) -> None: ...

        args, kwargs = bind_arguments(task, [{"x": 1}], {"a": {"x": 2}})
        self.assertEqual((args, kwargs), ((Point(1),), {"a": Point(2)}))

    def test_values_without_names_are_built_and_what_has_a_default_may_be_left_out(self) -> None:
        def task(point: Point, plain, other: Optional[Point] = None) -> None: ...

        self.assertEqual(bind_arguments(task, [{"x": 1}, {"x": 2}], {}), ((Point(1), {"x": 2}), {}))
        self.assertEqual(
            bind_arguments(task, [{"x": 1}, 2, {"x": 3}], {}), ((Point(1), 2, Point(3)), {})
        )


class Misfits(unittest.TestCase):
    def refuses(self, annotation: Any, value: Any, message: str) -> None:
        with self.assertRaises(HearthError) as raised:
            through(annotation, value)
        self.assertEqual((raised.exception.reason, raised.exception.message), ("INVALID_ARGUMENTS", message))

    def test_a_misfit_names_the_argument_the_path_and_the_fields(self) -> None:
        value = {"name": "s", "points": [{"x": 1, "z": 1}]}
        self.refuses(Shape, value, "argument \"value\".points[0]: Point has no field 'z'.")
        self.refuses(Shape, {"name": "s"}, "argument \"value\": Shape needs the field 'points'.")

    def test_a_value_of_the_wrong_kind_is_refused(self) -> None:
        self.refuses(Point, 3, 'argument "value": Point is built from an object, not from int.')
        self.refuses(tuple[int, int], [1], 'argument "value": the tuple takes 2 values, not 1.')
        self.refuses(datetime, "now", 'argument "value": a datetime is needed, not str.')

    def test_arguments_that_do_not_fit_the_parameters_are_refused(self) -> None:
        def task(a: int) -> None: ...

        with self.assertRaisesRegex(HearthError, r"INVALID_ARGUMENTS: task.*missing a required argument: 'a'"):
            bind_arguments(task, [], {})
        with self.assertRaisesRegex(HearthError, "unexpected keyword argument 'b'"):
            bind_arguments(task, [1], {"b": 1})

    def test_values_without_names_that_are_too_few_or_too_many_are_refused(self) -> None:
        def one(a, b=1): ...

        def named(a=1, *, b): ...

        with self.assertRaisesRegex(HearthError, "too many positional arguments"):
            bind_arguments(one, [1, 2, 3], {})
        with self.assertRaisesRegex(HearthError, "missing a required argument: 'a'"):
            bind_arguments(one, [], {})
        with self.assertRaisesRegex(HearthError, "missing a required.* argument: 'b'"):
            bind_arguments(named, [1], {})
