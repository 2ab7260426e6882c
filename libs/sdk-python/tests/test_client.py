from __future__ import annotations

import asyncio
import base64
import os
import pickle
import socket
import tempfile
import unittest
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Iterator
from unittest import mock

import hearth
from hearth import installation
from hearth.control_plane import ControlPlane
from hearth.payload import decode_arguments, encode_result

from control_plane_double import Break, ControlPlaneDouble, Message, Refusal

SUCCEEDED = {"name": "r1", "phase": "EXECUTION_PHASE_SUCCEEDED"}


def succeeded(result: Any) -> Message:
    return {"run": {**SUCCEEDED, "result": {"inline": base64.b64encode(encode_result(result)).decode()}}}


class ClientTest(unittest.TestCase):
    def setUp(self) -> None:
        self.double = ControlPlaneDouble()
        self.addCleanup(self.double.close)
        for patch in (
            mock.patch.object(installation, "_url", None),
            mock.patch.object(installation, "_unreachable_after", None),
            mock.patch.dict(os.environ, {"HEARTH_URL": self.double.url}),
        ):
            patch.start()
            self.addCleanup(patch.stop)
        os.environ.pop("OTEL_EXPORTER_OTLP_ENDPOINT", None)
        self.double.answers["RunService/CreateRun"] = lambda request: {
            "run": {"name": request["execution"]["executionId"], "url": "http://page", "phase": "EXECUTION_PHASE_QUEUED"}
        }

    def run_greet(self, *args: Any, **kwargs: Any) -> hearth.Run:
        run: hearth.Run = hearth.run(hearth.reference("polite", "greet"), *args, **kwargs)
        return run


class Runs(ClientTest):
    def test_a_run_is_asked_for_with_an_id_of_the_callers_and_its_arguments(self) -> None:
        run = self.run_greet("you", times=2)
        (request,) = self.double.asked("RunService/CreateRun")
        execution = request["execution"]
        self.assertRegex(execution["executionId"], "^[0-7][0-9a-hjkmnp-tv-z]{25}$")
        self.assertEqual((run.name, run.url), (execution["executionId"], "http://page"))
        self.assertEqual((execution["environment"], execution["task"]), ("polite", "greet"))
        self.assertEqual(decode_arguments(base64.b64decode(execution["arguments"]["inline"])), (["you"], {"times": 2}))
        self.assertNotIn("traceparent", execution)
        self.assertEqual(self.double.headers[0]["Connect-Protocol-Version"], "1")

    def test_ids_are_unique_and_sort_by_time(self) -> None:
        from hearth.execution_id import new_execution_id

        with mock.patch("time.time_ns", side_effect=[n * 1_000_000_000 for n in range(1, 50)]):
            made = [new_execution_id() for _ in range(49)]
        self.assertEqual((made, len(set(made))), (sorted(made), 49))

    def test_outputs_waits_and_gives_the_result(self) -> None:
        self.double.answers["RunService/WatchRun"] = lambda _: [
            {"run": {"name": "r1", "phase": "EXECUTION_PHASE_RUNNING"}}, succeeded({"a": b"x"}),
        ]  # fmt: skip
        run = self.run_greet()
        self.assertEqual(run.outputs(), {"a": b"x"})
        self.assertEqual(run.phase, "succeeded")

    def test_a_failed_run_raises_a_task_error_with_the_traceback_of_where_it_ran(self) -> None:
        failure = {"reason": "TASK_FAILED", "message": "bad", "exceptionType": "ValueError", "traceback": "Traceback: over there"}
        self.double.answers["RunService/WatchRun"] = lambda _: [
            {"run": {"name": "r1", "phase": "EXECUTION_PHASE_FAILED", "failure": failure}}
        ]
        with self.assertRaises(hearth.TaskError) as raised:
            self.run_greet().outputs()
        error = raised.exception
        self.assertEqual((error.outcome, error.reason, error.exception_type), ("failed", "TASK_FAILED", "ValueError"))
        self.assertIn("Traceback: over there", str(error))

    def test_a_timeout_and_a_cancellation_are_task_errors_of_their_own_classes(self) -> None:
        for phase, reason, kind in (
            ("TIMED_OUT", "DEADLINE_EXCEEDED", hearth.TaskTimeoutError),
            ("CANCELLED", "CANCELLED", hearth.TaskCancelledError),
            ("FAILED", "RUNNER_CRASHED", hearth.TaskError),
        ):
            state = {"name": "r1", "phase": f"EXECUTION_PHASE_{phase}", "failure": {"reason": reason, "message": "m"}}
            self.double.answers["RunService/WatchRun"] = lambda _, state=state: [{"run": state}]
            with self.subTest(phase), self.assertRaises(hearth.TaskError) as raised:
                self.run_greet().outputs()
            self.assertIs(type(raised.exception), kind)
            self.assertIs(type(pickle.loads(pickle.dumps(raised.exception))), kind)
            self.assertEqual((raised.exception.outcome, raised.exception.reason), (phase.lower(), reason))

    def test_an_interrupted_watch_is_resumed(self) -> None:
        times = iter(["breaks", "ends early", "succeeds"])

        def watch(_: Message) -> Iterator[Message]:
            yield {"run": {"name": "r1", "phase": "EXECUTION_PHASE_RUNNING"}}
            now = next(times)
            if now == "breaks":
                raise Break
            if now == "succeeds":
                yield succeeded(1)

        self.double.answers["RunService/WatchRun"] = watch
        self.assertEqual(self.run_greet().outputs(), 1)
        self.assertEqual(len(self.double.asked("RunService/WatchRun")), 3)

    def test_a_refused_watch_is_not_asked_for_again(self) -> None:
        def watch(_: Message) -> Iterator[Message]:
            raise Refusal(404, "not_found", "No such run.", "RUN_NOT_FOUND")
            yield {}

        self.double.answers["RunService/WatchRun"] = watch
        with self.assertRaises(hearth.HearthError) as raised:
            self.run_greet().wait()
        self.assertEqual(raised.exception.reason, "RUN_NOT_FOUND")
        self.assertEqual(len(self.double.asked("RunService/WatchRun")), 1)

    def test_a_wait_with_a_timeout_leaves_the_run_alone(self) -> None:
        self.double.answers["RunService/WatchRun"] = lambda _: []
        with self.assertRaises(TimeoutError):
            self.run_greet().wait(timeout=0)
        self.assertEqual(self.double.asked("RunService/CancelRun"), [])

    def test_phase_asks_until_the_run_has_ended(self) -> None:
        states = iter(["EXECUTION_PHASE_RUNNING", "EXECUTION_PHASE_CANCELLED"])
        self.double.answers["RunService/GetRun"] = lambda _: {"run": {"name": "r1", "phase": next(states)}}
        run = self.run_greet()
        self.assertEqual([run.phase for _ in range(3)], ["running", "cancelled", "cancelled"])

    def test_cancel_and_logs_name_the_run(self) -> None:
        line = {"executionId": "e", "attempt": 1, "unixMs": 5, "stream": "stderr", "text": "oh"}
        self.double.answers["RunService/CancelRun"] = lambda _: {}
        self.double.answers["RunService/ReadLogs"] = lambda _: [{"lines": [line]}, {}, {"lines": [line]}]
        self.double.answers["RunService/GetRun"] = lambda request: {"run": {**SUCCEEDED, **request}}
        run = self.run_greet()
        run.cancel()
        self.assertEqual(self.double.asked("RunService/CancelRun"), [{"name": run.name}])
        self.assertEqual(list(run.logs(follow=True)), [hearth.LogLine("e", 1, 5.0, "stderr", "oh")] * 2)
        self.assertEqual(self.double.asked("RunService/ReadLogs"), [{"run": run.name, "follow": True}])

    def test_a_run_whose_answer_is_lost_is_asked_for_again_under_its_id_and_says_so(self) -> None:
        answer = self.double.answers["RunService/CreateRun"]
        times = iter([True, True, False])

        def create(request: Message) -> Any:
            if next(times):
                raise Break
            return answer(request)

        self.double.answers["RunService/CreateRun"] = create
        run = self.run_greet()
        asked = [request["execution"] for request in self.double.asked("RunService/CreateRun")]
        self.assertEqual({execution["executionId"] for execution in asked}, {run.name})
        self.assertEqual([execution.get("askedBefore", False) for execution in asked], [False, True, True])

    def test_followed_lines_come_once_however_often_the_stream_breaks(self) -> None:
        def line(text: str) -> Message:
            return {"executionId": "e", "attempt": 1, "unixMs": 5, "stream": "stdout", "text": text}

        times = iter(["breaks", "ends early", "ends"])
        phases = iter(["EXECUTION_PHASE_RUNNING", "EXECUTION_PHASE_SUCCEEDED"])

        def read(_: Message) -> Iterator[Message]:
            now = next(times)
            yield {"lines": [line("1"), line("2")]}
            if now == "breaks":
                raise Break
            yield {"lines": [line("3")]}
            if now == "ends":
                yield {"lines": [line("4")]}

        self.double.answers["RunService/ReadLogs"] = read
        self.double.answers["RunService/GetRun"] = lambda _: {"run": {"name": "r1", "phase": next(phases)}}
        self.assertEqual([each.text for each in self.run_greet().logs(follow=True)], ["1", "2", "3", "4"])

    def test_a_deadline_of_a_run_is_the_runs_unless_the_task_has_a_parameter_of_that_name(self) -> None:
        hearth.run(hearth.reference("polite", "greet"), deadline=datetime(2030, 1, 1, tzinfo=timezone.utc))
        (request,) = self.double.asked("RunService/CreateRun")
        self.assertEqual(request["execution"]["deadlineUnixMs"], 1_893_456_000_000)
        local = hearth.with_runcontext(mode="local")
        with mock.patch("hearth.environment._declared", []):
            environment = hearth.TaskEnvironment("deadlines")
            self.assertEqual(local.run(environment.task(name="own")(lambda deadline: deadline), deadline=5).outputs(), 5)
            self.assertEqual(local.run(environment.task(name="none")(lambda: 7), deadline=5).outputs(), 7)

    def test_an_override_travels_with_the_run(self) -> None:
        policy = hearth.ReusePolicy(replicas=1)
        hearth.run(hearth.reference("polite", "greet").override(reusable=policy))
        (request,) = self.double.asked("RunService/CreateRun")
        self.assertEqual(request["execution"]["policyOverride"], policy.to_json())

    def test_affinity_priority_and_fresh_replicas_travel_with_the_run(self) -> None:
        hearth.run(hearth.reference("polite", "greet").override(reusable="off", affinity_key="user-7", priority=0))
        (request,) = self.double.asked("RunService/CreateRun")
        execution = request["execution"]
        self.assertEqual(
            (execution["freshReplica"], execution["affinityKey"], execution["priority"]), (True, "user-7", 0)
        )
        self.assertNotIn("policyOverride", execution)

    def test_a_run_can_be_started_from_an_event_loop(self) -> None:
        run = asyncio.run(hearth.run.aio(hearth.reference("polite", "greet")))
        self.assertEqual(run.url, "http://page")

    def test_without_opentelemetry_a_run_begins_a_trace_when_an_exporter_is_configured(self) -> None:
        hidden = mock.patch.dict("sys.modules", {"opentelemetry": None})
        configured = mock.patch.dict(os.environ, {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector"})
        with hidden, configured:
            self.run_greet()
        (request,) = self.double.asked("RunService/CreateRun")
        self.assertRegex(request["execution"]["traceparent"], "^00-[0-9a-f]{32}-[0-9a-f]{16}-01$")

    def test_arguments_that_cannot_be_sent_are_refused_before_anything_is_asked(self) -> None:
        with self.assertRaisesRegex(hearth.HearthError, 'NOT_SERIALIZABLE: argument "who"'):
            self.run_greet(who={1})
        self.assertEqual(self.double.requests, [])


class Warming(ClientTest):
    def setUp(self) -> None:
        super().setUp()
        nothing_declared = mock.patch("hearth.deploy.declared_environments", lambda: [])
        nothing_declared.start()
        self.addCleanup(nothing_declared.stop)
        self.environment = hearth.TaskEnvironment("warmed")
        self.double.answers["EnvironmentService/WarmEnvironment"] = lambda request: {"replicas": request.get("replicas", 2)}
        self.double.answers["EnvironmentService/GetEnvironment"] = lambda _: {"environment": {"version": {"id": "v2"}}}

    def pools(self, *states: str, version: str = "v2", failure: str = "", name: str = "warmed") -> Message:
        replicas = [{"state": f"REPLICA_STATE_{state}", "version": version} for state in states]
        return {"pools": [{"name": name, "replicas": replicas, "lastStartFailure": failure}]}

    def test_warming_asks_for_replicas_and_does_not_wait(self) -> None:
        self.assertEqual((self.environment.warm(), self.environment.warm(5)), (2, 5))
        asked = self.double.asked("EnvironmentService/WarmEnvironment")
        self.assertEqual(asked, [{"name": "warmed"}, {"name": "warmed", "replicas": 5}])
        self.assertEqual(self.double.asked("EnvironmentService/WatchPool"), [])

    def test_waiting_ends_when_that_many_replicas_of_the_present_version_are_ready(self) -> None:
        states = iter(
            (
                self.pools("READY", "READY", version="v1"),
                self.pools("READY", "READY", name="warmed/of-a-run"),
                self.pools("READY", "STARTING"),
                self.pools("READY", "READY"),
            )
        )
        self.double.answers["EnvironmentService/WatchPool"] = lambda _: [next(states)]
        self.assertEqual(self.environment.warm(wait=True), 2)
        self.assertEqual(list(states), [])

    def test_a_broken_watch_is_opened_again(self) -> None:
        times = iter(["breaks", "succeeds"])

        def watch(_: Message) -> Iterator[Message]:
            yield self.pools("READY")
            if next(times) == "breaks":
                raise Break
            yield self.pools("READY", "READY")

        self.double.answers["EnvironmentService/WatchPool"] = watch
        self.environment.warm(wait=True)
        self.assertEqual(len(self.double.asked("EnvironmentService/WatchPool")), 2)

    def test_a_wait_that_takes_too_long_names_the_last_failed_start(self) -> None:
        self.double.answers["EnvironmentService/WatchPool"] = lambda _: [self.pools("READY", failure="No module named x")]
        with self.assertRaises(TimeoutError) as raised:
            self.environment.warm(wait=True, timeout=0)
        self.assertEqual(
            str(raised.exception),
            'Environment "warmed" has 1 of 2 replicas ready after 0 seconds. The last start failed: No module named x',
        )

    def test_a_number_of_replicas_out_of_bounds_is_refused_before_anything_is_asked(self) -> None:
        bad: list[Any] = [0, -1, 10_001, True, "2"]
        for replicas in bad:
            with self.subTest(replicas), self.assertRaisesRegex(hearth.HearthError, "INVALID_REQUEST: replicas is"):
                self.environment.warm(replicas)
        self.assertEqual(self.double.requests, [])


class Errors(ClientTest):
    def test_a_refusal_has_its_reason_its_message_and_its_figures(self) -> None:
        def refuse(_: Message) -> Message:
            raise Refusal(429, "resource_exhausted", "It is full.", "BACKLOG_FULL", retryAfterMs="250", hint="x" * 300)

        self.double.answers["RunService/CreateRun"] = refuse
        with self.assertRaises(hearth.HearthError) as raised:
            self.run_greet()
        error = raised.exception
        self.assertEqual((error.reason, error.message), ("BACKLOG_FULL", "It is full."))
        self.assertEqual(error.metadata, {"retryAfterMs": "250", "hint": "x" * 300})

    def test_a_control_plane_that_is_not_there_says_what_to_do(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with self.assertRaises(hearth.HearthError) as raised:
            ControlPlane(url, unreachable_after=0.1).unary("RunService", "GetRun", {})
        self.assertEqual(raised.exception.reason, "CONTROL_PLANE_UNREACHABLE")
        self.assertIn("hearth dev", raised.exception.message)
        self.assertIn(url, raised.exception.message)

    def test_what_is_no_control_plane_is_recognised(self) -> None:
        self.double.answers["RunService/CreateRun"] = lambda _: ["no object"]
        with self.assertRaisesRegex(hearth.HearthError, "INTERNAL: .* no JSON object"):
            self.run_greet()

    def test_a_connection_that_breaks_in_an_answer_is_told_apart(self) -> None:
        def cut(_: Message) -> Message:
            raise Break

        self.double.answers["RunService/CreateRun"] = cut
        hearth.init(self.double.url, unreachable_after=0.1)
        with self.assertRaisesRegex(hearth.HearthError, "CONTROL_PLANE_UNREACHABLE"):
            self.run_greet()


class Configuration(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp()).resolve()
        self.before = os.getcwd()
        (self.folder / "a" / "b").mkdir(parents=True)
        os.chdir(self.folder / "a" / "b")
        self.addCleanup(os.chdir, self.before)
        patches = [mock.patch.object(installation, "_url", None), mock.patch.dict(os.environ)]
        for patch in patches:
            patch.start()
            self.addCleanup(patch.stop)
        for name in ("HEARTH_URL", "HEARTH_CONFIG"):
            os.environ.pop(name, None)

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def url(self) -> str:
        return installation.connected().url

    def refuses(self, message: str) -> None:
        with self.assertRaisesRegex(hearth.HearthError, message):
            hearth.init_from_config()

    def test_the_nearest_file_upwards_counts(self) -> None:
        self.write(".hearth/config.json", '{"url": "http://far:1"}')
        self.assertEqual(self.url(), "http://far:1")

    def test_a_file_further_down_comes_first(self) -> None:
        self.write(".hearth/config.json", '{"url": "http://far:1"}')
        self.write("a/.hearth/config.json", '{"url": "http://near:1/"}')
        self.assertEqual(self.url(), "http://near:1")

    def test_variables_come_before_files_and_a_given_path_before_both(self) -> None:
        self.write("a/.hearth/config.json", '{"url": "http://near:1"}')
        os.environ["HEARTH_CONFIG"] = str(self.write("named.json", '{"url": "http://named:1"}'))
        self.assertEqual(self.url(), "http://named:1")
        os.environ["HEARTH_URL"] = "http://variable:1"
        hearth.init_from_config()
        self.assertEqual(self.url(), "http://variable:1")
        hearth.init_from_config(self.write("given.json", '{"url": "http://given:1"}'))
        self.assertEqual(self.url(), "http://given:1")

    def test_without_any_it_says_what_to_do(self) -> None:
        self.refuses("INSTALLATION_NOT_FOUND: There is no .hearth/config.json in .* Run `hearth dev`")

    def test_a_file_that_cannot_be_used_is_named(self) -> None:
        for text in ("{", "{}", '{"url": 1}', "[]"):
            path = self.write("a/.hearth/config.json", text)
            self.refuses(f"INSTALLATION_NOT_FOUND: {path}")

    def test_a_url_that_is_none_is_refused(self) -> None:
        for url in ("localhost:8300", "ftp://x", "http://"):
            with self.assertRaisesRegex(hearth.HearthError, "INVALID_REQUEST"):
                hearth.init(url)
