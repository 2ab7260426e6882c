"""Programs as users write them: real files, run by real processes, against a control plane over real HTTP."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import unittest
import zipfile
from pathlib import Path
from unittest import mock

from hearth import bundle
from hearth.errors import HearthError
from hearth.payload import decode_arguments
from hearth.runner import frames

from agent_double import SOURCES, Agent
from control_plane_double import ControlPlaneDouble, Message

MAIN = """
    import json
    from datetime import datetime
    from typing import Optional
    import hearth
    from shop import prices
    import tools.text

    env = hearth.TaskEnvironment("shop", reusable=hearth.ReusePolicy(3), resources=hearth.Resources(cpu="500m"))

    @env.task
    async def total(n: int, factor: float = 1, name: str = "x", when: Optional[datetime] = None, parts: list[float] = []):
        return prices.price(n) * factor

    @env.task(name="shout")
    def loud(text): return tools.text.upper(text)

    empty = hearth.TaskEnvironment("empty")

    if __name__ == "__main__":
        hearth.init_from_config()
        run = hearth.run(total, 3)
        print(json.dumps({"name": run.name}))
        hearth.run(loud, "a")
    """


class ProgramTest(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(tempfile.mkdtemp()).resolve()
        self.addCleanup(shutil.rmtree, self.folder)
        self.write("main.py", MAIN)
        self.write("shop/__init__.py", "")
        self.write("shop/prices.py", "import hearth\nother = hearth.TaskEnvironment('prices')\n@other.task\ndef price(n): return 2 * n")
        self.write("shop/unused.py", "raise SystemExit('nobody imports this')")
        self.write("tools/text.py", "def upper(text): return text.upper()")
        self.double = ControlPlaneDouble()
        self.addCleanup(self.double.close)
        self.uploaded: dict[str, bytes] = {}
        self.double.answers = {
            "BundleService/HasBundle": lambda request: {"found": request["sha256"] in self.uploaded},
            "BundleService/UploadBundle": self.upload,
            "EnvironmentService/DeployEnvironment": lambda request: [{"logLine": "Installing things"}, {"environment": {}}],
            "RunService/CreateRun": lambda request: {
                "run": {"name": request["execution"]["executionId"], "url": "http://page"}
            },
        }

    def write(self, path: str, source: str) -> None:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(textwrap.dedent(source))

    def upload(self, request: Message) -> Message:
        self.uploaded[request["sha256"]] = base64.b64decode(request["data"])
        return {}

    def python(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCES), "HEARTH_URL": self.double.url, **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )

    def runs(self, *arguments: str, **variables: str) -> str:
        ended = self.python(*arguments, **variables)
        self.assertEqual(ended.returncode, 0, ended.stderr)
        return ended.stdout

    def deployed(self) -> dict[str, Message]:
        asked = self.double.asked("EnvironmentService/DeployEnvironment")
        return {request["spec"]["name"]: request for request in asked}


class Deploying(ProgramTest):
    def test_every_declared_environment_with_tasks_is_deployed_before_the_run_is_asked_for(self) -> None:
        name = json.loads(self.runs("main.py"))["name"]
        methods = [method for method, _ in self.double.requests]
        self.assertEqual(
            methods[:5],
            [
                "BundleService/HasBundle", "BundleService/UploadBundle", "EnvironmentService/DeployEnvironment",
                "EnvironmentService/DeployEnvironment", "RunService/CreateRun",
            ],
        )  # fmt: skip
        shop = self.deployed()["shop"]
        (sha256,) = self.uploaded
        self.assertEqual(
            shop["spec"],
            {
                "name": "shop", "language": "LANGUAGE_PYTHON", "bundleSha256": sha256, "image": {"debian": {}},
                "resources": {"cpu": "500m"},
                "tasks": [{"name": "total", "entrypoint": "main:total"}, {"name": "shout", "entrypoint": "main:loud"}],
            },
        )  # fmt: skip
        self.assertEqual(shop["policy"]["maxReplicas"], 3)
        self.assertEqual(set(self.deployed()), {"shop", "prices"})
        self.assertNotIn("policy", self.deployed()["prices"])
        self.assertEqual(self.double.asked("RunService/CreateRun")[0]["execution"]["executionId"], name)

    def test_warming_deploys_the_program_first(self) -> None:
        self.double.answers["EnvironmentService/WarmEnvironment"] = lambda _: {"replicas": 1}
        self.write("warms.py", MAIN.partition("    if __name__")[0] + "    env.warm(1)\n")
        self.runs("warms.py")
        methods = [method for method, _ in self.double.requests]
        self.assertEqual(methods[-2:], ["EnvironmentService/DeployEnvironment", "EnvironmentService/WarmEnvironment"])
        self.assertIn("shop", self.deployed())

    def test_lines_of_an_images_build_go_to_standard_error(self) -> None:
        self.assertIn("shop: Installing things\n", self.python("main.py").stderr)

    def test_what_an_environment_depends_on_is_deployed_before_it(self) -> None:
        self.write(
            "dependant.py",
            """
            import hearth
            from shop.prices import other
            env = hearth.TaskEnvironment("dependant", depends_on=[other])
            @env.task
            def t(): ...
            if __name__ == "__main__":
                hearth.run(t)
            """,
        )
        self.runs("dependant.py")
        self.assertEqual(list(self.deployed()), ["prices", "dependant"])

    def test_a_bundle_that_is_there_is_not_sent_again(self) -> None:
        self.runs("main.py")
        self.runs("main.py")
        self.assertEqual(len(self.double.asked("BundleService/UploadBundle")), 1)
        self.assertGreater(len(self.double.asked("BundleService/HasBundle")), 1)

    def test_a_task_that_replicas_could_not_import_is_refused(self) -> None:
        self.write(
            "inner.py",
            """
            import hearth
            env = hearth.TaskEnvironment("inner")
            def make():
                @env.task
                def task(): ...
                return [task]
            tasks = make()
            """,
        )
        ended = self.python("-m", "hearth.launch", "--detach", "inner.py", "task")
        self.assertEqual(ended.returncode, 1)
        self.assertIn('INVALID_ENVIRONMENT: The task "task" is made inside of a function', ended.stderr)

    def test_two_environments_of_one_name_are_refused(self) -> None:
        self.write(
            "twice.py",
            """
            import hearth
            for n in range(2):
                hearth.TaskEnvironment("twice").task(name="t")(lambda: 1)
            """,
        )
        self.assertIn('"twice" is declared twice', self.python("-m", "hearth.describe", "twice.py").stderr)


class Bundles(ProgramTest):
    def names(self) -> list[str]:
        (data,) = self.uploaded.values()
        return zipfile.ZipFile(io.BytesIO(data)).namelist()

    def test_a_bundle_has_the_programs_own_loaded_modules_and_nothing_else(self) -> None:
        self.runs("main.py")
        self.assertEqual(
            self.names(), ["main.py", "shop/__init__.py", "shop/prices.py", "tools/__init__.py", "tools/text.py"]
        )

    def test_modules_of_a_virtual_environment_stay_out_wherever_it_is(self) -> None:
        site = self.folder / "venv" / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", self.folder / "venv"], check=True)
        (site / "installed.py").write_text("")
        self.write("main.py", textwrap.dedent(MAIN).replace("import json\n", "import json\nimport installed\n", 1))
        ended = subprocess.run(
            [self.folder / "venv" / "bin" / "python", "main.py"],
            cwd=self.folder,
            env={"PYTHONPATH": str(SOURCES), "HEARTH_URL": self.double.url},
            capture_output=True,
        )
        self.assertEqual(ended.returncode, 0, ended.stderr)
        self.assertNotIn("installed.py", "".join(self.names()))

    def test_modules_of_an_environment_that_is_on_the_path_but_not_active_stay_out(self) -> None:
        for kind in ("site-packages", "dist-packages"):
            self.write(f"elsewhere/{kind}/installed_in_{kind[:4]}/__init__.py", "")
        imports = "import json\nimport installed_in_site, installed_in_dist\n"
        self.write("main.py", textwrap.dedent(MAIN).replace("import json\n", imports, 1))
        packages = [str(self.folder / "elsewhere" / kind) for kind in ("site-packages", "dist-packages")]
        self.runs("main.py", PYTHONPATH=os.pathsep.join([str(SOURCES), *packages]))
        self.assertNotIn("installed_in", "".join(self.names()))

    def test_the_same_code_gives_the_same_bytes_at_any_time_and_however_it_is_started(self) -> None:
        self.runs("main.py")
        for file in self.folder.rglob("*.py"):
            os.utime(file, (1_000_000_000, 1_000_000_000))
        self.runs("-m", "main", PYTHONHASHSEED="7")
        self.runs("-m", "hearth.launch", "--detach", "main.py", "shout", "--text", "x")
        self.assertEqual(len(self.uploaded), 1)

    def test_a_bundle_is_named_by_its_content(self) -> None:
        self.runs("main.py")
        ((sha256, data),) = self.uploaded.items()
        self.assertEqual(hashlib.sha256(data).hexdigest(), sha256)

    def test_a_module_that_is_imported_between_two_runs_does_not_make_another_version(self) -> None:
        self.write("late.py", "")
        self.write("main.py", textwrap.dedent(MAIN).replace('    hearth.run(loud', '    import late\n    hearth.run(loud'))
        self.runs("main.py")
        self.assertEqual(len(self.double.asked("RunService/CreateRun")), 2)
        self.assertEqual(len(self.uploaded), 1)

    def test_more_than_the_bound_is_refused_with_the_largest_files(self) -> None:
        with mock.patch.object(bundle, "BYTES_MAX", 1000), self.assertRaises(HearthError) as raised:
            bundle.bundle_files({"small.py": b"1", "large.py": os.urandom(5000)})
        self.assertEqual(raised.exception.reason, "BUNDLE_TOO_LARGE")
        self.assertIn("Its largest files: large.py (5000 bytes), small.py (1 bytes)", raised.exception.message)

    def test_a_runner_runs_what_was_bundled(self) -> None:
        self.runs("main.py")
        ((_, data),) = self.uploaded.items()
        path = self.folder / "bundle.zip"
        path.write_bytes(data)
        tasks = [task for request in self.deployed().values() for task in request["spec"]["tasks"]]
        agent = Agent()
        self.addCleanup(agent.close)
        agent.send(frames.LOAD, {"bundle": str(path), "tasks": tasks, "environment": "shop", "version": "v", "concurrency": 1})
        agent.take(frames.LOADED)
        self.assertEqual(agent.result(agent.execute("shout", "hello")), "HELLO")


class CommandLine(ProgramTest):
    def launch(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "hearth.launch", "--detach", "--json", "main.py", *words)

    def arguments(self) -> Message:
        (request,) = self.double.asked("RunService/CreateRun")
        args, kwargs = decode_arguments(base64.b64decode(request["execution"]["arguments"]["inline"]))
        self.assertEqual(args, [])
        return kwargs

    def test_the_last_line_is_the_accepted_run(self) -> None:
        ended = self.launch("total", "--n", "3")
        told = json.loads(ended.stdout.splitlines()[-1])
        (request,) = self.double.asked("RunService/CreateRun")
        self.assertEqual(told, {"name": request["execution"]["executionId"], "url": "http://page"})

    def test_text_is_converted_to_the_parameters_annotation(self) -> None:
        self.launch("total", "--n=3", "--factor", "2", "--name", "12", "--parts", "[1, 2]", "--when", "2026-01-01T00:00:00Z")
        kwargs = self.arguments()
        self.assertEqual({key: repr(kwargs[key]) for key in ("n", "factor", "name", "parts")}, {"n": "3", "factor": "2.0", "name": "'12'", "parts": "[1.0, 2.0]"})
        self.assertEqual(kwargs["when"].isoformat(), "2026-01-01T00:00:00+00:00")

    def test_without_an_annotation_text_is_json_where_it_is_json(self) -> None:
        self.launch("shout", "--text", '{"a": [1]}')
        self.assertEqual(self.arguments(), {"text": {"a": [1]}})

    def test_without_an_annotation_other_text_is_text(self) -> None:
        self.launch("shop/shout", "--text", "-1 of them")
        self.assertEqual(self.arguments(), {"text": "-1 of them"})

    def test_what_does_not_fit_is_refused_before_anything_is_asked(self) -> None:
        for words, said in [
            (["total", "--n", "three"], 'INVALID_ARGUMENTS: --n: "three" cannot be read as int.'),
            (["total", "--m", "3"], "INVALID_ARGUMENTS: The task has no parameter --m. Its parameters: --n, --factor"),
            (["total"], "missing a required argument: 'n'"),
            (["total", "--n"], "INVALID_ARGUMENTS: --n has no value."),
            (["total", "--n", "1", "--n", "2"], "--n is given twice"),
            (["nothing"], 'TASK_NOT_FOUND: main has no task "nothing". Its tasks: '),
        ]:
            with self.subTest(words):
                ended = self.launch(*words)
                self.assertEqual((ended.returncode, ended.stdout), (1, ""))
                self.assertIn(said, ended.stderr)
        self.assertEqual(self.double.requests, [])

    def test_priority_affinity_and_a_fresh_replica_are_asked_for(self) -> None:
        options = ("--priority", "-5", "--affinity-key", "user-7", "--fresh-replica")
        self.runs("-m", "hearth.launch", "--detach", *options, "main.py", "total", "--n", "1")
        (request,) = self.double.asked("RunService/CreateRun")
        execution = request["execution"]
        self.assertEqual((execution["priority"], execution["affinityKey"], execution["freshReplica"]), (-5, "user-7", True))
        ended = self.python("-m", "hearth.launch", "--detach", "--priority", "11", "main.py", "total", "--n", "1")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("INVALID_EXECUTION: priority is a whole number from -10 to 10", ended.stderr)

    def test_a_file_that_is_not_there_is_refused(self) -> None:
        ended = self.python("-m", "hearth.launch", "none.py", "x")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("FILE_NOT_RUNNABLE: none.py", ended.stderr)

    def test_without_detach_it_waits_and_prints_the_result(self) -> None:
        self.double.answers["RunService/WatchRun"] = lambda request: [
            {"run": {"name": request["name"], "phase": "EXECUTION_PHASE_SUCCEEDED", "result": {"inline": "WzFd"}}}
        ]
        self.assertEqual(self.runs("-m", "hearth.launch", "main.py", "total", "--n", "1").splitlines()[-1], "[1]")

    def test_a_run_that_fails_exits_1_with_the_remote_traceback(self) -> None:
        failure = {"reason": "TASK_FAILED", "message": "no", "exceptionType": "ValueError", "traceback": "Traceback: there"}
        self.double.answers["RunService/WatchRun"] = lambda request: [
            {"run": {"name": request["name"], "phase": "EXECUTION_PHASE_FAILED", "failure": failure}}
        ]
        ended = self.python("-m", "hearth.launch", "main.py", "total", "--n", "1")
        self.assertEqual(ended.returncode, 1)
        self.assertIn("Traceback: there", ended.stderr)

    def test_a_file_in_a_package_keeps_its_name_in_it(self) -> None:
        described = json.loads(self.runs("-m", "hearth.describe", "shop/prices.py"))
        (environment,) = described["environments"]
        self.assertEqual(environment["spec"]["tasks"], [{"name": "price", "entrypoint": "shop.prices:price"}])
        self.assertEqual(environment["parameters"], {"price": [{"name": "n", "required": True, "annotation": ""}]})

    def test_a_description_has_the_default_values_of_parameters_that_have_one(self) -> None:
        described = json.loads(self.runs("-m", "hearth.describe", "main.py"))
        parameters = {name: each for env in described["environments"] for name, each in env["parameters"].items()}
        self.assertEqual(
            {each["name"]: each.get("default") for each in parameters["total"]},
            {"n": None, "factor": "1", "name": "'x'", "when": "None", "parts": "[]"},
        )
        self.assertNotIn("default", parameters["total"][0])

    def test_postponed_annotations_are_described_as_they_are_written(self) -> None:
        self.write(
            "late.py",
            """
            from __future__ import annotations
            import hearth
            env = hearth.TaskEnvironment("late")
            @env.task
            def t(n: int): ...
            """,
        )
        (environment,) = json.loads(self.runs("-m", "hearth.describe", "late.py"))["environments"]
        self.assertEqual(environment["parameters"]["t"][0]["annotation"], "int")
