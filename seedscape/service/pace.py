"""Large files beside small answers: how the event loop is kept free while hundreds of clients download.

Measured with 200 clients on two cores: reading through a thread pool, chunk by chunk, made /healthz wait for more than a second
(threads of one Python take turns of 5 ms); so a chunk that is in the page cache is read at once, and only a few a turn.
"""

import asyncio
import os
import time
from collections import deque

CHUNK = 64 << 10
CHUNKS_A_TURN = 8  # of the event loop, at most: about a millisecond where the processor is free
TURN_S = 0.002  # a turn that took longer is followed by a smaller one: a new request waits for several turns


class Pace:
    """`await turn()` before each chunk; those who wait go in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._scheduled = False
        self._chunks = CHUNKS_A_TURN
        self._turned = 0.0

    async def turn(self) -> None:
        """Wait for one's turn."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(future)
        if not self._scheduled:
            self._scheduled = True
            self._turned = time.perf_counter()
            loop.call_soon(self._release)
        await future

    def _release(self) -> None:
        now = time.perf_counter()
        self._chunks = self._next_size(self._chunks, now - self._turned)
        self._turned = now
        released = 0
        while self._waiting and released < self._chunks:
            future = self._waiting.popleft()
            if not future.done():  # its client may have gone
                future.set_result(None)
                released += 1
        self._scheduled = bool(self._waiting)
        if self._scheduled:
            asyncio.get_running_loop().call_soon(self._release)

    @staticmethod
    def _next_size(chunks: int, took_s: float) -> int:
        """Half after a long turn, one more after a short one."""
        return max(1, chunks // 2) if took_s > TURN_S else min(CHUNKS_A_TURN, chunks + 1)


async def read_chunk(descriptor: int, length: int, at: int) -> bytes:
    """Bytes of a file: at once where the page cache has them (Linux), else on a thread."""
    if hasattr(os, "RWF_NOWAIT"):
        buffer = bytearray(length)
        try:
            count = os.preadv(descriptor, [buffer], at, os.RWF_NOWAIT)
            if count:
                return bytes(memoryview(buffer)[:count])
        except OSError:  # not in the cache, or a file system that cannot say
            pass
    return await asyncio.to_thread(os.pread, descriptor, length, at)
