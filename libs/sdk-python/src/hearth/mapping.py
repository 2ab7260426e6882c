"""One task over many items."""

from __future__ import annotations

from typing import Any, Iterable

from .attempt_scope import CURRENT


class _Map:
    """Calls a task once for each item, many at a time."""

    def __call__(self, task: Any, items: Iterable[Any], concurrency: int | None = None) -> list[Any]:
        """The results in the order of the items. ``concurrency``: calls at a time, default all of them.
        The first failure cancels the other calls and is raised."""
        _check(concurrency)
        scope = CURRENT.get()
        if scope is not None:
            scope.forbid_blocking("hearth.map")
            return scope.block_on(self.aio(task, items, concurrency))
        if task.is_async:
            import asyncio

            return asyncio.run(self.aio(task, items, concurrency))
        return [task(item) for item in items]

    async def aio(self, task: Any, items: Iterable[Any], concurrency: int | None = None) -> list[Any]:
        """The same to be awaited."""
        import asyncio

        _check(concurrency)
        results: dict[int, Any] = {}
        rest = enumerate(items)

        async def call_one_after_another() -> None:
            for at, item in rest:
                results[at] = await task.aio(item)

        if concurrency is None:
            calls = [asyncio.ensure_future(task.aio(item)) for _, item in rest]
            await _all_or_cancel(calls)
            return [call.result() for call in calls]
        await _all_or_cancel([asyncio.ensure_future(call_one_after_another()) for _ in range(concurrency)])
        return [results[at] for at in sorted(results)]


async def _all_or_cancel(futures: list[Any]) -> None:
    import asyncio

    try:
        await asyncio.gather(*futures)
    except BaseException:
        for future in futures:
            future.cancel()
        await asyncio.gather(*futures, return_exceptions=True)
        raise


def _check(concurrency: int | None) -> None:
    if concurrency is not None and concurrency < 1:
        raise ValueError(f"concurrency is 1 or more, or None for all at once, not {concurrency}")


map = _Map()
