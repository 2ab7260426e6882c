"""One task over many items."""

from __future__ import annotations

from typing import Any, Iterable, Iterator

from .attempt_scope import CURRENT
from .errors import HearthError


class _Map:
    """Calls a task once for each item, many at a time."""

    def __call__(
        self,
        task: Any,
        *iterables: Iterable[Any],
        concurrency: int | None = None,
        return_exceptions: bool = False,
        group_name: str | None = None,
    ) -> list[Any]:
        """The results in the order of the items; several iterables give a call one argument each, until the shortest
        ends. ``concurrency``: calls at a time; default, and 0: all of them. ``return_exceptions``: a failure takes its
        result's place; otherwise the first one cancels the other calls and is raised. ``group_name``: for readers of
        the program only."""
        calls = self.aio(task, *iterables, concurrency=concurrency, return_exceptions=return_exceptions)
        scope = CURRENT.get()
        if scope is not None:
            scope.forbid_blocking("hearth.map")
            return scope.block_on(calls.all())
        if not task.is_async:
            return [_call_here(task, arguments, return_exceptions) for arguments in zip(*iterables)]
        import asyncio

        _forbid_running_loop()
        return asyncio.run(calls.all())

    def aio(
        self,
        task: Any,
        *iterables: Iterable[Any],
        concurrency: int | None = None,
        return_exceptions: bool = False,
        group_name: str | None = None,
    ) -> Any:
        """The same to be awaited, or for ``async for``, which gets each result once it and all before it are there."""
        from .mapped_calls import MappedCalls

        if not iterables:
            raise TypeError("hearth.map needs at least one iterable after the task")
        if concurrency is not None and concurrency < 0:
            raise ValueError(f"concurrency is 1 or more, or 0 or None for all at once, not {concurrency}")
        return MappedCalls(task, _arguments(iterables), concurrency or None, return_exceptions)


def _arguments(iterables: tuple[Iterable[Any], ...]) -> Iterator[tuple[Any, ...]]:
    """Not read before the calls begin."""
    yield from zip(*iterables)


def _call_here(task: Any, arguments: tuple[Any, ...], return_exceptions: bool) -> Any:
    try:
        return task(*arguments)
    except Exception as error:
        if not return_exceptions:
            raise
        return error


def _forbid_running_loop() -> None:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise HearthError(
        "BLOCKING_CALL",
        "Calling hearth.map here would block the event loop that the asynchronous task needs: "
        "write `await hearth.map.aio(...)`.",
    )


map = _Map()
