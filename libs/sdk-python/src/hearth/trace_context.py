"""The trace that a run belongs to."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def traced(name: str) -> Iterator[dict[str, str]]:
    """A span around the block, and the fields ``traceparent`` and ``tracestate`` of a request in it.

    With OpenTelemetry installed it is a real span. Without, the request begins a trace of its own when
    ``OTEL_EXPORTER_OTLP_ENDPOINT`` is set, so that Hearth's services record theirs.
    """
    try:
        from opentelemetry import propagate, trace  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        yield _fresh()
        return
    with trace.get_tracer("hearth").start_as_current_span(name):
        carrier: dict[str, str] = {}
        propagate.inject(carrier)
        fields = {key: carrier[key] for key in ("traceparent", "tracestate") if carrier.get(key)}
        yield fields or _fresh()


def _fresh() -> dict[str, str]:
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return {}
    return {"traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"}
