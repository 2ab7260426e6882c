"""Where a running Hearth is."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import HearthError

if TYPE_CHECKING:
    from .control_plane import ControlPlane

_url: str | None = None
_unreachable_after: float | None = None
_connected: ControlPlane | None = None


def init(url: str, *, unreachable_after: float | timedelta | None = None) -> None:
    """From now on this program talks to the control plane at this URL, such as ``http://localhost:8300``.

    ``unreachable_after``: how long one that does not answer is asked again before ``CONTROL_PLANE_UNREACHABLE`` is raised.
    Seconds or a ``timedelta``, above 0 and at most 30 days. Default: the milliseconds of ``HEARTH_UNREACHABLE_AFTER_MS``,
    or else 5 s until it has answered once, and 5 minutes afterwards.
    Raises ``HearthError`` with ``INVALID_REQUEST``."""
    global _url, _unreachable_after
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise HearthError("INVALID_REQUEST", f"The URL of a control plane is http://host:port or https://..., not {url!r}.")
    _url, _unreachable_after = url.rstrip("/"), _seconds(unreachable_after)


def init_from_config(
    path: str | os.PathLike[str] | None = None, *, unreachable_after: float | timedelta | None = None
) -> None:
    """The same with what the surroundings say: the JSON file at ``path`` when it is given; else ``HEARTH_URL``; else the
    file ``HEARTH_CONFIG``; else the nearest ``.hearth/config.json`` from the working folder upwards. A file has the URL
    under ``"url"``. Raises ``HearthError`` with ``INSTALLATION_NOT_FOUND``."""
    if path is None and os.environ.get("HEARTH_URL"):
        init(os.environ["HEARTH_URL"], unreachable_after=unreachable_after)
        return
    named = path or os.environ.get("HEARTH_CONFIG")
    init(_url_in(Path(named) if named else _nearest_file()), unreachable_after=unreachable_after)


def connected() -> ControlPlane:
    """The control plane that this program was told to use, or else the one that the surroundings name."""
    from .control_plane import ControlPlane

    global _connected
    if _url is None:
        init_from_config()
    assert _url is not None
    # The same one as before knows whether it was reached.
    known = _connected
    if known is None or (known.url, known.unreachable_after) != (_url, _unreachable_after):
        known = _connected = ControlPlane(_url, _unreachable_after)
    return known


def _seconds(unreachable_after: float | timedelta | None) -> float | None:
    from .policy_fields import duration

    if unreachable_after is not None:
        return duration("unreachable_after", unreachable_after, reason="INVALID_REQUEST").total_seconds()
    text = os.environ.get("HEARTH_UNREACHABLE_AFTER_MS")
    if not text:
        return None
    try:
        milliseconds = float(text)
    except ValueError:
        milliseconds = 0
    if not milliseconds > 0:
        raise HearthError("INVALID_REQUEST", f"HEARTH_UNREACHABLE_AFTER_MS is {text!r}; give milliseconds above 0.")
    return milliseconds / 1000


def _nearest_file() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        candidate = folder / ".hearth" / "config.json"
        if candidate.exists():
            return candidate
    raise HearthError(
        "INSTALLATION_NOT_FOUND",
        f"There is no .hearth/config.json in {here} or above. Run `hearth dev` there, or set HEARTH_URL or HEARTH_CONFIG.",
    )


def _url_in(path: Path) -> str:
    try:
        config = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise HearthError(
            "INSTALLATION_NOT_FOUND", f"{path} cannot be read: {error}. Is `hearth dev` running?"
        ) from None
    url = config.get("url") if isinstance(config, dict) else None
    if not isinstance(url, str):
        raise HearthError(
            "INSTALLATION_NOT_FOUND", f'{path} does not say where Hearth is: it needs "url": "http://host:port".'
        )
    return url
