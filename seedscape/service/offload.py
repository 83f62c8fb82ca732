"""The service's own connection to the job database, on a thread of its own so that no write holds up the event loop."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from seedscape.service.database import Database

P = ParamSpec("P")
T = TypeVar("T")
LOOK_S = 0.05  # between two looks whether anything was written

log = logging.getLogger("seedscape.database")


class Offload:
    """`await run(function, ...)` calls function(database, ...) on the thread."""

    def __init__(self, path: Path) -> None:
        self.database = Database(path)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="database")

    async def run(
        self, function: Callable[Concatenate[Database, P], T], /, *arguments: P.args, **options: P.kwargs
    ) -> T:
        """The result of the call."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: function(self.database, *arguments, **options))

    def close(self) -> None:
        """Finish what waits and close the connection."""
        self._pool.shutdown()
        self.database.close()


class Changes:
    """Tells those who wait when something was written to the job database, by whichever process."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        self._condition = asyncio.Condition()
        self._waiting = 0

    async def follow(self) -> None:
        """Look for changes for ever; a task of the service."""
        seen = self._database.data_version()
        while True:
            await asyncio.sleep(LOOK_S)
            if not self._waiting:
                continue
            try:
                version = self._database.data_version()
            except Exception:
                log.exception("the database could not be looked at")
                continue
            if version != seen:
                seen = version
                await self.wake()

    async def wake(self) -> None:
        """Let everyone who waits look again."""
        async with self._condition:
            self._condition.notify_all()

    async def wait(self, timeout_s: float) -> None:
        """Until something changes, at most so long. Look again afterwards in either case."""
        self._waiting += 1
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                async with self._condition:
                    await self._condition.wait()
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Close the connection."""
        self._database.close()
