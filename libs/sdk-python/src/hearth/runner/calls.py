"""Calls of tasks by task code, and the parking of attempts that wait for them."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING, Any, Mapping

from ..errors import HearthError, TaskCancelledError, TaskError
from .frames import CALL, CANCEL_CALL, PARK
from .outbox import Outbox

if TYPE_CHECKING:
    from .attempt import Attempt


class CallingLedger:
    """The calls that one attempt waits for. Touched on the loop's thread only."""

    __slots__ = ("outstanding", "parked", "ended", "cancelled", "deliveries")

    def __init__(self) -> None:
        self.outstanding: set[Call] = set()
        self.parked = False
        self.ended = False
        self.cancelled = False
        self.deliveries = 0


class Call:
    """One call from its frame to its end."""

    def __init__(self, attempt: Attempt, number: int, future: asyncio.Future[bytes]) -> None:
        self.attempt = attempt
        self.number = number
        self.future = future

    def settle(self, result: bytes | HearthError) -> None:
        if self.future.done():
            return
        if isinstance(result, HearthError):
            self.future.set_exception(result)
        else:
            self.future.set_result(result)


class Calls:
    """All calls of this runner."""

    def __init__(self, loop: asyncio.AbstractEventLoop, outbox: Outbox) -> None:
        self._loop = loop
        self._outbox = outbox
        self._numbers = itertools.count(1)
        self._open: dict[int, Call] = {}

    async def call(
        self, attempt: Attempt, environment: str, task: str, arguments: bytes, options: Mapping[str, Any]
    ) -> bytes:
        """Gives the result. On the runner's loop. Cancelling this cancels the execution. ``options``: further fields of
        the frame."""
        if attempt.ledger.cancelled:
            raise _cancelled()
        if attempt.ledger.ended:
            raise _ended_before()
        number = next(self._numbers)
        header = {"call": number, "attempt": attempt.id, "environment": environment, "task": task, **options}
        call = Call(attempt, number, self._loop.create_future())
        self._open[number] = call
        attempt.ledger.outstanding.add(call)
        self._outbox.send(CALL, header, arguments)
        self._park(attempt)
        try:
            return await call.future
        except asyncio.CancelledError:
            self._abandon(call)
            raise

    def ended(self, header: Mapping[str, Any], body: bytes) -> None:
        """The agent says how a call ended, and that its attempt has a slot."""
        call = self._open.pop(header["call"], None)
        if call is None:
            return
        ledger = call.attempt.ledger
        ledger.parked = False
        ledger.deliveries += 1
        ledger.outstanding.discard(call)
        outcome = header.get("outcome")
        if outcome == "succeeded":
            call.settle(body)
        else:
            call.settle(TaskError.from_failure(str(outcome), header.get("failure") or {}))
        if ledger.outstanding:
            self._park_again_later(call.attempt)

    def attempt_cancelled(self, attempt: Attempt) -> None:
        """Nobody wants the attempt any more: a thread that is blocked in a call goes on with an error."""
        attempt.ledger.cancelled = True
        for call in list(attempt.ledger.outstanding):
            self._abandon(call)
            call.settle(_cancelled())

    def attempt_ended(self, attempt: Attempt) -> None:
        """What it still waits for, nobody waits for."""
        attempt.ledger.ended = True
        for call in list(attempt.ledger.outstanding):
            self._abandon(call)
            call.settle(_ended_before())

    def _abandon(self, call: Call) -> None:
        """The agent still answers it, which may end the parking."""
        if call in call.attempt.ledger.outstanding:
            call.attempt.ledger.outstanding.discard(call)
            self._outbox.send(CANCEL_CALL, {"call": call.number})

    def _park(self, attempt: Attempt) -> None:
        if not attempt.ledger.parked:
            attempt.ledger.parked = True
            self._outbox.send(PARK, {"attempt": attempt.id})

    def _park_again_later(self, attempt: Attempt) -> None:
        """Two turns of the loop give the code that got a result the time to end or to make further calls."""
        ledger = attempt.ledger
        delivery = ledger.deliveries

        def second_turn() -> None:
            if ledger.deliveries == delivery and ledger.outstanding and not ledger.ended:
                self._park(attempt)

        self._loop.call_soon(self._loop.call_soon, second_turn)


def _cancelled() -> TaskError:
    return TaskCancelledError("cancelled", "CANCELLED", "The attempt that made this call was cancelled.")


def _ended_before() -> HearthError:
    return HearthError("CANCELLED", "The attempt that made this call has ended; await calls before the task returns.")
