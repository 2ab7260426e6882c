"""What is left of a Python runner when it runs nothing: every "execute" is answered with an "ended" of the same body."""

import asyncio
import os
import time

from hearth.runner import frames


class Echo(asyncio.Protocol):
    def __init__(self, lost: asyncio.Future[None]) -> None:
        self._decoder = frames.FrameDecoder()
        self._lost = lost

    def connection_made(self, transport) -> None:
        self._transport = transport
        hello = {"pid": os.getpid(), "language": "python", "runtime": "echo"}
        transport.write(frames.encode_frame(frames.HELLO, hello))

    def data_received(self, data: bytes) -> None:
        answers = []
        for kind, header, body in self._decoder.push(data):
            if kind == frames.EXECUTE:
                ended = {"attempt": header["attempt"], "outcome": "succeeded", "unixMs": time.time() * 1000}
                answers.append(frames.encode_frame(frames.ENDED, ended, body))
        self._transport.write(b"".join(answers))

    def connection_lost(self, error) -> None:
        self._lost.set_result(None)


async def main() -> None:
    loop = asyncio.get_running_loop()
    lost = loop.create_future()
    await loop.create_unix_connection(lambda: Echo(lost), os.environ["HEARTH_RUNNER_SOCKET"])
    await lost


asyncio.run(main())
