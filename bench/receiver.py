"""A receiver that is quicker than any client here: it reads a request, and says that AiSensy took it.

`GET /count` tells how many posts came, `GET /times` when each of the last ones came.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import deque
from typing import ClassVar

TAKEN = b'{"success":"true","submitted_message_id":"f01937cb"}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
SAID = ANSWER % (len(TAKEN), TAKEN)


class Count:
    """What came."""

    posts = 0
    times: ClassVar[deque[float]] = deque(maxlen=10_000)


class Receiver(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is whole."""
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            head = self._read[:end]
            length = 0
            if (at := head.lower().find(b"content-length:")) >= 0:
                length = int(head[at + 15 :].split(b"\r\n", 1)[0])
            if len(self._read) < end + 4 + length:
                return
            self._read = self._read[end + 4 + length :]
            self._answer(head)

    def _answer(self, head: bytes) -> None:
        if head.startswith(b"POST"):
            Count.posts += 1
            Count.times.append(time.time())
            said = SAID
        else:
            known = {"count": Count.posts} | ({"times": list(Count.times)} if b"/times" in head[:20] else {})
            told = json.dumps(known).encode()
            said = ANSWER % (len(told), told)
        self._transport.write(said)  # type: ignore[attr-defined] # a TCP transport


async def main(port: int) -> None:
    """Serve until the process ends."""
    server = await asyncio.get_running_loop().create_server(Receiver, "127.0.0.1", port, backlog=512)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
