"""The calls of a map."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, AsyncIterator, Generator, Iterator


class MappedCalls(Coroutine[Any, Any, "list[Any]"]):
    """Gives all results when it is awaited, and each in its turn to ``async for``. Begins with either."""

    def __init__(
        self, task: Any, arguments: Iterator[tuple[Any, ...]], concurrency: int | None, return_exceptions: bool
    ) -> None:
        """``concurrency``: calls at a time; ``None``: all of them."""
        self._task = task
        self._arguments = enumerate(arguments)
        self._concurrency = concurrency
        self._return_exceptions = return_exceptions
        self._awaited: Coroutine[Any, Any, list[Any]] | None = None
        self._results: dict[int, Any] = {}
        # In the order of their items, in which they are cancelled too.
        self._going: dict[asyncio.Future[None], None] = {}
        self._failed: asyncio.Future[None] | None = None

    async def all(self) -> list[Any]:
        """The results in the order of the items."""
        return [result async for result in self]

    async def __aiter__(self) -> AsyncIterator[Any]:
        self._changed = asyncio.Event()
        given = 0
        try:
            self._begin()
            while True:
                while given in self._results:
                    yield self._results.pop(given)
                    given += 1
                if self._failed is not None:
                    self._failed.result()
                if not self._going:
                    return
                self._changed.clear()
                await self._changed.wait()
        finally:
            rest = list(self._going)
            for each in rest:
                each.cancel()
            await asyncio.gather(*rest, return_exceptions=True)

    def __await__(self) -> Generator[Any, Any, list[Any]]:
        return self.all().__await__()

    def send(self, value: Any) -> Any:
        """For asyncio, which makes a task only of what is a coroutine."""
        return self._coroutine().send(value)

    def throw(self, *error: Any) -> Any:
        """See ``send``."""
        return self._coroutine().throw(*error)

    def close(self) -> None:
        """See ``send``."""
        if self._awaited is not None:
            self._awaited.close()

    def _coroutine(self) -> Coroutine[Any, Any, list[Any]]:
        if self._awaited is None:
            self._awaited = self.all()
        return self._awaited

    def _begin(self) -> None:
        if self._concurrency is None:
            for at, arguments in self._arguments:
                self._go(self._call(at, arguments))
        else:
            for _ in range(self._concurrency):
                self._go(self._call_one_after_another())

    def _go(self, calls: Coroutine[Any, Any, None]) -> None:
        going = asyncio.ensure_future(calls)
        self._going[going] = None
        going.add_done_callback(self._over)

    def _over(self, going: asyncio.Future[None]) -> None:
        self._going.pop(going, None)
        if self._failed is None and (going.cancelled() or going.exception() is not None):
            self._failed = going
        self._changed.set()

    async def _call_one_after_another(self) -> None:
        for at, arguments in self._arguments:
            await self._call(at, arguments)

    async def _call(self, at: int, arguments: tuple[Any, ...]) -> None:
        try:
            self._results[at] = await self._task.aio(*arguments)
        except Exception as error:
            if not self._return_exceptions:
                raise
            self._results[at] = error
        self._changed.set()
