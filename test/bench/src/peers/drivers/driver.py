"""What the Python drivers share: one line of JSON in, one out, for each measurement."""

import json
import signal
import sys
import time
from typing import Any, Callable


def serve(version: str, one: Callable[[], Any], many: Callable[[int], Any], stop: Callable[[], Any]) -> None:
    """Answers measurements until it is asked to end. ``one`` makes a call and waits for it; ``many`` makes so many at once
    and waits for all."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        _say({"version": version})
        for line in sys.stdin:
            asked = json.loads(line)
            _say(_measure(asked["inFlight"], asked["warmUpMs"] / 1000, asked["measureMs"] / 1000, one, many))
    finally:
        stop()


def _measure(in_flight: int, warm_up: float, measure: float, one, many) -> dict[str, Any]:
    until = time.perf_counter() + warm_up
    while time.perf_counter() < until:
        one() if in_flight == 1 else many(in_flight)
    latencies: list[float] = []
    calls = 0
    begun = now = time.perf_counter()
    while now < begun + measure:
        one() if in_flight == 1 else many(in_flight)
        calls += in_flight
        ended = time.perf_counter()
        if in_flight == 1:
            latencies.append((ended - now) * 1000)
        now = ended
    return {"latenciesMs": latencies, "perSecond": calls / (now - begun)}


def _say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)
