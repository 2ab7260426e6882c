"""``python -m hearth.launch [options] FILE TASK [--argument value ...]``: what ``hearth run`` does with a Python file.

Deploys what the file declares and starts a run of one of its tasks. With ``--json`` the last line of standard output is
the run as a JSON object: with ``--detach`` its name and url, otherwise its phase and result or failure as well.
Exit codes: 0 done, 1 refused or not successful, 2 not understood.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from typing import Sequence

from .errors import HearthError, TaskError


def main(arguments: Sequence[str]) -> int:
    """Runs one command line and gives its exit code."""
    parser = argparse.ArgumentParser(prog="python -m hearth.launch", allow_abbrev=False)
    parser.add_argument("--detach", action="store_true", help="do not wait for the run to end")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--priority", type=int, help="-10 to 10, higher gets a slot first; default 0")
    parser.add_argument("--affinity-key", help="run where executions with this key ran; 1 to 200 characters")
    parser.add_argument("--fresh-replica", action="store_true", help="run in a fresh replica, which ends with the run")
    parser.add_argument("--retries", type=int, help="attempts that may follow; default as the task declares")
    parser.add_argument("--timeout", type=float, help="seconds of one attempt; default as the task declares")
    parser.add_argument("--queue-timeout", type=float, help="seconds until its first slot; default as the task declares")
    parser.add_argument("--deadline", type=datetime.fromisoformat, help="when it ends at the latest, with its time zone")
    parser.add_argument("--idempotency-key", help="the same key asks for the same run; 1 to 200 characters")
    parser.add_argument("file", help="a Python program that declares environments")
    parser.add_argument("task", help="one of its tasks, by name")
    parser.add_argument("words", nargs=argparse.REMAINDER, metavar="--argument value", help="the task's arguments")
    options = parser.parse_args(arguments)
    try:
        return _launch(options)
    except TaskError as error:
        print(error, file=sys.stderr)
    except HearthError as error:
        print(f"{error.reason}: {error.message}", file=sys.stderr)
    return 1


def _launch(options: argparse.Namespace) -> int:
    from .argument_text import read_arguments
    from .call_options import AS_IT_IS
    from .program import find_task, import_program
    from .running import run

    task = find_task(import_program(options.file), options.task).override(
        reusable="off" if options.fresh_replica else AS_IT_IS,
        affinity_key=options.affinity_key,
        priority=options.priority,
        retries=options.retries,
        timeout=options.timeout,
        queue_timeout=options.queue_timeout,
        deadline=options.deadline,
        idempotency_key=options.idempotency_key,
    )
    started = run(task, **read_arguments(task.function, options.words))
    told = {"name": started.name, "url": started.url}
    if not options.json:
        print(f"run         {started.name}\nurl         {started.url}", flush=True)
    if options.detach:
        if options.json:
            print(json.dumps(told))
        return 0
    started.wait()
    if not options.json:
        print(started.outputs())
        return 0
    try:
        from .payload import encode_result

        result = json.loads(encode_result(started.outputs()))
        print(json.dumps({**told, "phase": started.phase, "result": result}))
        return 0
    except TaskError as error:
        failure = {
            "reason": error.reason,
            "message": error.message,
            "exceptionType": error.exception_type,
            "traceback": error.traceback,
        }
        print(json.dumps({**told, "phase": started.phase, "failure": failure}))
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
