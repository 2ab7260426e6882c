from __future__ import annotations

import asyncio
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest import mock

import hearth
from hearth import Image, Recycling, Resources, RetryPolicy, ReusePolicy, TaskEnvironment
from hearth.deploy import environment_spec


class Policy(unittest.TestCase):
    def test_the_defaults_are_two_replicas_of_one_slot_for_thirty_seconds(self) -> None:
        self.assertEqual(
            ReusePolicy().to_json(),
            {
                "minReplicas": 2, "maxReplicas": 2, "concurrency": 1, "idleTtl": "30s", "scaledownTtl": "30s",
                "scope": "SCOPE_GLOBAL",
            },
        )  # fmt: skip

    def test_every_field_travels_exactly(self) -> None:
        policy = ReusePolicy(
            replicas=(0, 5), concurrency=7, scaledown_ttl=timedelta(minutes=1), idle_ttl=0.25, scope="run"
        )
        self.assertEqual(
            policy.to_json(),
            {
                "minReplicas": 0, "maxReplicas": 5, "concurrency": 7, "idleTtl": "0.250000s", "scaledownTtl": "60s",
                "scope": "SCOPE_RUN",
            },
        )  # fmt: skip
        reusing = ReusePolicy(
            buffer_replicas=3,
            recycling=Recycling(after_executions=1_000_000_000, above_memory="1.5Gi", after_age=timedelta(hours=1)),
            single_use=True,
            isolate_out_of_memory=True,
        )
        self.assertEqual(
            {name: value for name, value in reusing.to_json().items() if name not in ReusePolicy().to_json()},
            {
                "bufferReplicas": 3, "singleUse": True, "isolateOutOfMemory": True,
                "recycling": {"afterExecutions": 1_000_000_000, "aboveMemory": "1.5Gi", "afterAge": "3600s"},
            },
        )  # fmt: skip

    def test_policies_that_say_the_same_are_equal(self) -> None:
        same = [ReusePolicy(recycling=Recycling(after_age=age)) for age in (60, timedelta(minutes=1))]
        self.assertEqual((same[0], len(set(same))), (same[1], 1))
        self.assertNotEqual(same[0], ReusePolicy())
        self.assertEqual(ReusePolicy(recycling=Recycling()), ReusePolicy())

    def test_what_is_out_of_bounds_is_refused_and_named(self) -> None:
        for arguments, named in [
            ({"replicas": 0}, "replicas is 1 to 10,000, not 0"),
            ({"replicas": 10_001}, "replicas is 1 to 10,000"),
            ({"replicas": (3, 2)}, "the min of replicas, 3, is above their max, 2"),
            ({"replicas": (0, 0)}, "the max of replicas is 1 to"),
            ({"replicas": (1, 2, 3)}, "one number or"),
            ({"replicas": "2"}, "whole number"),
            ({"concurrency": 0}, "concurrency is 1 to 10,000"),
            ({"concurrency": True}, "whole number"),
            ({"idle_ttl": 0}, "idle_ttl is above 0"),
            ({"idle_ttl": float("nan")}, "idle_ttl is above 0"),
            ({"scaledown_ttl": timedelta(days=31)}, "scaledown_ttl is above 0 and at most 30 days"),
            ({"scaledown_ttl": "30s"}, "seconds or a timedelta"),
            ({"scope": "all"}, "scope is"),
            ({"buffer_replicas": -1}, "buffer_replicas is 0 to 10,000, not -1"),
            ({"buffer_replicas": 10_001}, "buffer_replicas is 0 to 10,000"),
            ({"recycling": {"after_age": 1}}, "recycling is a Recycling"),
            ({"single_use": 1}, "single_use is True or False, not 1"),
            ({"isolate_out_of_memory": "yes"}, "isolate_out_of_memory is True or False"),
            ({"single_use": True, "concurrency": 2}, "its concurrency is 1, not 2"),
        ]:
            with self.subTest(arguments), self.assertRaises(hearth.HearthError) as raised:
                ReusePolicy(**arguments)  # type: ignore[arg-type]
            self.assertEqual(raised.exception.reason, "INVALID_POLICY")
            self.assertIn(named, raised.exception.message)

    def test_recycling_out_of_bounds_is_refused_and_named(self) -> None:
        for arguments, named in [
            ({"after_executions": 0}, "recycling.after_executions is 1 to 1,000,000,000, not 0"),
            ({"after_executions": 1_000_000_001}, "recycling.after_executions is 1 to"),
            ({"above_memory": "0Mi"}, "recycling.above_memory is a text with bytes above 0"),
            ({"above_memory": "800 MB"}, 'such as "800Mi"'),
            ({"above_memory": "500m"}, "recycling.above_memory"),
            ({"above_memory": 800}, "recycling.above_memory"),
            ({"after_age": 0}, "recycling.after_age is above 0"),
            ({"after_age": timedelta(days=31)}, "recycling.after_age is above 0 and at most 30 days"),
        ]:
            with self.subTest(arguments), self.assertRaises(hearth.HearthError) as raised:
                Recycling(**arguments)  # type: ignore[arg-type]
            self.assertEqual(raised.exception.reason, "INVALID_POLICY")
            self.assertIn(named, raised.exception.message)


class Overrides(unittest.TestCase):
    def setUp(self) -> None:
        self.tasks = [TaskEnvironment("overridden").task(name="t")(lambda: None), hearth.reference("a", "t")]

    def test_a_later_override_changes_only_what_it_names(self) -> None:
        for task in self.tasks:
            other = task.override(reusable="off", affinity_key="user-7").override(priority=5)
            self.assertEqual(
                other.options.request_fields(), {"freshReplica": True, "affinityKey": "user-7", "priority": 5}
            )
            self.assertEqual(other.override(affinity_key="user-8").options.affinity_key, "user-8")
            for reusable in ("off", ReusePolicy(1)):
                preferred = task.override(affinity_key="user-7", priority=5).override(reusable=reusable)
                self.assertEqual((preferred.options.affinity_key, preferred.options.priority), ("user-7", 5))
            self.assertEqual(task.options.request_fields(), {})

    def test_none_undoes_what_an_override_named(self) -> None:
        for task in self.tasks:
            other = task.override(reusable=ReusePolicy(1), affinity_key="user-7", priority=0)
            undone = other.override(reusable=None, affinity_key=None, priority=None)
            self.assertEqual((len(other.options.frame_fields()), undone.options.frame_fields()), (3, {}))

    def test_a_policy_and_fresh_replicas_exclude_each_other_until_one_is_undone(self) -> None:
        for task in self.tasks:
            for first, second in ((ReusePolicy(1), "off"), ("off", ReusePolicy(1))):
                with self.assertRaisesRegex(hearth.HearthError, r"INVALID_EXECUTION: .*override\(reusable=None\)"):
                    task.override(reusable=first).override(reusable=second)
            fresh = task.override(reusable=ReusePolicy(1)).override(reusable=None).override(reusable="off")
            self.assertEqual(fresh.options.frame_fields(), {"freshReplica": True})

    def test_what_is_out_of_bounds_is_refused_and_named(self) -> None:
        for arguments, named in [
            ({"reusable": "on"}, 'reusable is a ReusePolicy(...), "off" or None, not \'on\''),
            ({"affinity_key": ""}, "affinity_key is a text of 1 to 200 characters"),
            ({"affinity_key": "k" * 201}, "affinity_key is"),
            ({"affinity_key": 7}, "affinity_key is"),
            ({"priority": 11}, "priority is a whole number from -10 to 10"),
            ({"priority": -11}, "priority is"),
            ({"priority": 0.5}, "priority is"),
            ({"priority": True}, "priority is"),
            ({"timeout": 0}, "timeout is above 0 and at most 30 days, not 0 seconds"),
            ({"queue_timeout": "1s"}, "queue_timeout is seconds or a timedelta, not '1s'"),
            ({"deadline": timedelta(0)}, "deadline is above 0 and at most 30 days"),
            ({"deadline": datetime(2030, 1, 1)}, "has no time zone: write datetime.now(timezone.utc)"),
            ({"idempotency_key": ""}, "idempotency_key is a text of 1 to 200 characters"),
        ]:
            with self.subTest(arguments), self.assertRaises(hearth.HearthError) as raised:
                self.tasks[0].override(**arguments)
            self.assertEqual(raised.exception.reason, "INVALID_EXECUTION")
            self.assertIn(named, raised.exception.message)

    def test_limits_are_what_a_request_has_and_none_undoes_them(self) -> None:
        limits: dict[str, Any] = {"retries": 3, "timeout": timedelta(minutes=1), "queue_timeout": 0.5, "idempotency_key": "k"}
        for task in self.tasks:
            other = task.override(deadline=datetime(2030, 1, 1, tzinfo=timezone.utc), **limits)
            self.assertEqual(
                other.options.request_fields(),
                {
                    "retryPolicy": {"retries": 3},
                    "attemptTimeoutMs": 60_000,
                    "queueTimeoutMs": 500,
                    "deadlineUnixMs": 1_893_456_000_000,
                    "idempotencyKey": "k",
                },
            )
            undone = other.override(deadline=None, **dict.fromkeys(limits))
            self.assertEqual(undone.options.request_fields(), {})

    def test_no_retries_is_something_else_than_what_the_task_declares(self) -> None:
        for task in self.tasks:
            self.assertEqual(task.override(retries=0).options.request_fields()["retryPolicy"]["retries"], 0)

    def test_a_deadline_that_is_a_span_counts_from_each_call(self) -> None:
        for deadline in (5, timedelta(seconds=5)):
            options = self.tasks[0].override(deadline=deadline).options
            with mock.patch("time.time", side_effect=[100.0, 200.0]):
                self.assertEqual([options.frame_fields()["deadlineUnixMs"] for _ in range(2)], [105_000, 205_000])


class Retries(unittest.TestCase):
    def test_a_policy_has_its_defaults_from_the_protocol(self) -> None:
        self.assertEqual(RetryPolicy(3).to_json(), {"retries": 3})

    def test_a_policy_says_how_long_to_wait_between_attempts(self) -> None:
        policy = RetryPolicy(count=3, backoff=timedelta(seconds=1), factor=1.5, max_backoff=timedelta(minutes=1))
        self.assertEqual(
            policy.to_json(), {"retries": 3, "initialBackoffMs": 1000, "backoffFactor": 1.5, "maxBackoffMs": 60_000}
        )
        self.assertEqual(policy, RetryPolicy(3, 1, 1.5, 60))

    def test_a_text_is_one_name_and_a_class_has_its_subclasses_of_the_same_package(self) -> None:
        class Own(ConnectionError):
            pass

        on = RetryPolicy(1, on=["ATTEMPT_TIMED_OUT", "Own", ConnectionError, ConnectionError]).to_json()["retryOn"]
        named = ["BrokenPipeError", "ConnectionAbortedError", "ConnectionError", "ConnectionRefusedError", "ConnectionResetError"]
        self.assertEqual(on, ["ATTEMPT_TIMED_OUT", "Own", *named])
        self.assertEqual(RetryPolicy(1, on=[Own]).on, (Own.__qualname__,))

    def test_what_is_out_of_bounds_is_refused_and_named(self) -> None:
        for arguments, named in [
            ({"count": -1}, "retries is 0 to 1,000, not -1"),
            ({"count": 1_001}, "retries is 0 to 1,000"),
            ({"backoff": -1}, "backoff is above 0 and at most 24 hours"),
            ({"backoff": timedelta(hours=25)}, "backoff is above 0 and at most 24 hours"),
            ({"backoff": True}, "backoff is seconds or a timedelta"),
            ({"factor": 0.5}, "factor is a number from 1 to 100"),
            ({"max_backoff": 0}, "max_backoff is above 0"),
            ({"backoff": 5, "max_backoff": 1}, "max_backoff, 0:00:01, is below backoff, 0:00:05"),
            ({"on": "TASK_FAILED"}, "on is a list, such as on=['TASK_FAILED']"),
            ({"on": ConnectionError}, "on is a list, such as on="),
            ({"on": 7}, "on is a list of reasons, exception classes or their names"),
            ({"on": [""]}, "on has reasons, exception classes and their names"),
            ({"on": [int]}, "on has reasons, exception classes and their names"),
            ({"on": [f"E{n}" for n in range(101)]}, "on has 101 names with all subclasses, of at most 100"),
        ]:
            with self.subTest(arguments), self.assertRaises(hearth.HearthError) as raised:
                RetryPolicy(**{"count": 1, **arguments})
            self.assertEqual(raised.exception.reason, "INVALID_POLICY")
            self.assertIn(named, raised.exception.message)

    def test_a_task_is_deployed_with_the_limits_it_declares(self) -> None:
        environment = TaskEnvironment("limited")
        environment.task(retries=3, timeout=1.5, queue_timeout=timedelta(minutes=2))(limited)
        environment.task(name="unlimited")(limited)
        tasks = environment_spec(environment, "")["tasks"]
        self.assertEqual(
            [{**task, "entrypoint": ""} for task in tasks],
            [
                {
                    "name": "limited",
                    "entrypoint": "",
                    "retryPolicy": {"retries": 3},
                    "attemptTimeout": "1.500000s",
                    "queueTimeout": "120s",
                },
                {"name": "unlimited", "entrypoint": ""},
            ],
        )

    def test_a_declared_limit_out_of_bounds_is_refused_and_named(self) -> None:
        for arguments, said in [
            ({"retries": "3"}, "INVALID_POLICY: retries is a whole number, a RetryPolicy"),
            ({"retries": True}, "INVALID_POLICY: retries is a whole number, a RetryPolicy"),
            ({"timeout": 0}, "INVALID_ENVIRONMENT: timeout is above 0 and at most 30 days"),
            ({"queue_timeout": timedelta(days=31)}, "INVALID_ENVIRONMENT: queue_timeout is above 0 and at most 30 days"),
        ]:
            with self.subTest(arguments), self.assertRaisesRegex(hearth.HearthError, said.replace("(", r"\(")):
                TaskEnvironment("refused").task(**arguments)


def limited() -> None:
    pass


class Parts(unittest.TestCase):
    def test_resources_are_quantities(self) -> None:
        self.assertEqual(Resources().to_json(), {})
        self.assertEqual(Resources(cpu=1, memory="1Gi").to_json(), {"cpu": "1", "memory": "1Gi"})
        self.assertEqual(Resources(cpu=0.5).to_json(), {"cpu": "0.5"})
        self.assertEqual(Resources(cpu=10.0, memory=1000).to_json(), {"cpu": "10", "memory": "1000"})
        bad: list[dict[str, Any]] = [{"cpu": "fast"}, {"cpu": 0}, {"memory": "1 GB"}, {"memory": -1}]
        for fields in bad:
            with self.subTest(fields), self.assertRaisesRegex(hearth.HearthError, "INVALID_RESOURCES"):
                Resources(**fields)

    def test_an_image_is_a_base_and_its_steps_in_order(self) -> None:
        base = Image.from_debian_base("3.12")
        image = (
            base.with_apt_packages("git")
            .with_pip_packages("numpy>=2", "six", index_url="https://index", extra_args="--no-deps -q")
            .with_commands("true", ["a", "b"])
            .with_env_vars({"A": "1"})
        )
        self.assertEqual(base.to_json(), {"debian": {"pythonVersion": "3.12"}})
        pip = {"packages": ["numpy>=2", "six"], "indexUrl": "https://index", "extraArguments": ["--no-deps", "-q"]}
        self.assertEqual(
            image.to_json()["layers"],
            [
                {"aptPackages": {"packages": ["git"]}},
                {"pipPackages": pip},
                {"commands": {"commands": ["true", "a", "b"]}},
                {"processVariables": {"variables": {"A": "1"}}},
            ],
        )
        self.assertEqual(Image.from_base("python:3.12-slim").to_json(), {"reference": "python:3.12-slim"})

    def test_an_image_that_cannot_be_is_refused(self) -> None:
        for make in (
            lambda: Image.from_debian_base("2.7"),
            lambda: Image.from_base(" "),
            lambda: Image.from_debian_base().with_pip_packages(),
            lambda: Image.from_debian_base().with_env_vars({"1A": "x"}),
        ):
            with self.assertRaisesRegex(hearth.HearthError, "INVALID_ENVIRONMENT"):
                make()

    def test_names_are_checked_where_they_are_written(self) -> None:
        for name in ("", "Upper", "-a", "a-", "a" * 64, "_a", "a_", "a.b"):
            with self.subTest(name), self.assertRaisesRegex(hearth.HearthError, "INVALID_ENVIRONMENT"):
                TaskEnvironment(name)
        self.assertEqual(TaskEnvironment("a_b-" + "c" * 59).name[:4], "a_b-")
        environment = TaskEnvironment("names")
        with self.assertRaisesRegex(hearth.HearthError, "name of a task"):
            environment.task(name="a b")(lambda: None)
        environment.task(name="same")(lambda: 1)
        with self.assertRaisesRegex(hearth.HearthError, 'Two tasks are called "same"'):
            environment.task(name="same")(lambda: 2)

    def test_an_environments_process_variables_come_after_its_images_steps(self) -> None:
        image = Image.from_debian_base().with_commands("true")
        environment = TaskEnvironment("variables", image, env_vars={"A": "1"})
        self.assertEqual(
            environment_spec(environment, "")["image"]["layers"],
            [{"commands": {"commands": ["true"]}}, {"processVariables": {"variables": {"A": "1"}}}],
        )
        with self.assertRaisesRegex(hearth.HearthError, "INVALID_ENVIRONMENT: '1A'"):
            TaskEnvironment("bad-variables", env_vars={"1A": "x"})

    def test_a_clone_differs_only_in_what_is_given_and_has_no_tasks(self) -> None:
        base = TaskEnvironment("base", resources=Resources(cpu=1), reusable=ReusePolicy(3), env_vars={"A": "1"})
        base.task(name="only-here")(lambda: 1)
        clone = base.clone_with("clone", env_vars={"B": "2"}, depends_on=[base])
        self.assertEqual((clone.name, clone.tasks, clone.depends_on), ("clone", {}, (base,)))
        self.assertEqual((clone.resources, clone.reusable, clone.image), (base.resources, base.reusable, base.image))
        self.assertEqual((base.env_vars, clone.env_vars), ({"A": "1"}, {"B": "2"}))
        self.assertIsNone(base.clone_with("default-policy", reusable=None).reusable)

    def test_an_environment_depends_on_environments_only(self) -> None:
        with self.assertRaisesRegex(hearth.HearthError, "INVALID_ENVIRONMENT: .*depends_on has environments, not 'other'"):
            TaskEnvironment("dependant", depends_on=["other"])  # type: ignore[list-item]

    def test_what_hearth_does_not_do_is_refused_and_not_silently_left_out(self) -> None:
        environment = TaskEnvironment("refusing")
        with self.assertRaisesRegex(TypeError, "cache"):
            environment.task(cache=True)  # type: ignore[call-overload]
        with self.assertRaisesRegex(TypeError, "timeout"):
            TaskEnvironment("refusing-too", timeout=3)  # type: ignore[call-arg]


class Local(unittest.TestCase):
    def setUp(self) -> None:
        environment = TaskEnvironment("local")

        @environment.task
        def double(x: int) -> int:
            """Twice as much."""
            if x < 0:
                raise ValueError("negative")
            return 2 * x

        @environment.task
        async def adouble(x: int) -> int:
            return double(x)

        self.double, self.adouble = double, adouble

    def test_a_task_outside_of_a_replica_is_the_function_it_is(self) -> None:
        self.assertEqual(self.double(2), 4)
        self.assertEqual(asyncio.run(self.adouble(2)), 4)
        self.assertEqual((self.double.__name__, self.double.__doc__), ("double", "Twice as much."))
        self.assertIsNone(hearth.current())

    def test_aio_awaits_either_kind(self) -> None:
        self.assertEqual([asyncio.run(self.double.aio(2)), asyncio.run(self.adouble.aio(2))], [4, 4])

    def test_maps_keep_order_for_either_kind(self) -> None:
        self.assertEqual(hearth.map(self.double, [3, 1, 2]), [6, 2, 4])
        self.assertEqual(hearth.map(self.adouble, [3, 1, 2], concurrency=2), [6, 2, 4])
        self.assertEqual(asyncio.run(hearth.map.aio(self.double, iter([3, 1]), concurrency=1)), [6, 2])
        self.assertEqual(hearth.map(self.adouble, [3, 1], concurrency=0), [6, 2])
        with self.assertRaises(ValueError):
            hearth.map(self.double, [1], concurrency=-1)
        with self.assertRaises(TypeError):
            hearth.map(self.double)

    def test_an_override_makes_another_task_and_leaves_the_first(self) -> None:
        other = self.double.override(reusable=ReusePolicy(replicas=1))
        self.assertEqual((other(2), self.double.options.policy), (4, None))

    def test_a_local_run_has_ended_and_needs_no_hearth(self) -> None:
        local = hearth.with_runcontext(mode="local")
        run = local.run(self.adouble, 4)
        self.assertEqual((run.outputs(), run.phase, list(run.logs())), (8, "succeeded", []))

    def test_a_local_run_can_be_started_from_an_event_loop(self) -> None:
        async def main() -> Any:
            local = hearth.with_runcontext(mode="local")
            return local.run(self.adouble, 4).outputs(), (await local.run.aio(self.adouble, 5)).outputs()

        self.assertEqual(asyncio.run(main()), (8, 10))

    def test_a_failed_local_run_raises_a_task_error_with_its_cause(self) -> None:
        run = hearth.with_runcontext(mode="local").run(self.double, -1)
        with self.assertRaises(hearth.TaskError) as raised:
            run.outputs()
        self.assertEqual((run.phase, raised.exception.exception_type), ("failed", "ValueError"))
        self.assertIsInstance(raised.exception.__cause__, ValueError)

    def test_a_reference_cannot_be_called_where_its_code_is_not(self) -> None:
        with self.assertRaisesRegex(hearth.HearthError, "TASK_NOT_FOUND: .*hearth.run"):
            hearth.reference("a", "b")(1)
