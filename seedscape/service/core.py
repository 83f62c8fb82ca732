"""What one running service consists of; every route gets it from `request.app.state.core`."""

import asyncio
import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.requests import Request

from seedscape import __version__
from seedscape.assets.errors import SeedscapeError
from seedscape.assets.store import Store, request_key
from seedscape.assets.weights import model_hashes
from seedscape.scene.spec import spec_to_dict
from seedscape.service import jobs, leases
from seedscape.service.database import FILE_NAME, Database
from seedscape.service.door import Wish
from seedscape.service.guard import Buckets
from seedscape.service.metrics import Metrics
from seedscape.service.offload import Changes, Offload
from seedscape.service.pace import Pace
from seedscape.service.problems import Problem
from seedscape.service.sampling import Sampling
from seedscape.service.settings import Settings
from seedscape.service.supervisor import Supervisor
from seedscape.service.work import finished

log = logging.getLogger("seedscape.service")


class Core:
    """The parts, and what they do together. Made before the event loop runs; `start` within it."""

    def __init__(self, settings: Settings) -> None:
        """RequestError: the store or the job database cannot be used. MissingPartError: a model file is missing."""
        self.settings = settings
        self.store = Store(settings.store)
        path = settings.store / FILE_NAME
        self.offload = Offload(path)
        self.changes = Changes(path)
        self.metrics = Metrics()
        self.supervisor = Supervisor(settings, self.offload)
        self.sampling = Sampling(settings)
        self.buckets = Buckets(settings.requests_per_minute)
        self.limits = jobs.Limits(settings.max_queued, settings.max_per_client, settings.keep)
        self.pace = Pace()
        self.draining = False
        self.streams = 0
        self.connections: set[Any] = set()  # the server's own; see run.py
        self._models = model_hashes()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Put back what an earlier service left running, and start the workers."""
        count = await self.offload.run(leases.give_up_all, self.settings.attempts)
        log.info("service started", extra={"jobs_put_back": count, "version": __version__})
        self._tasks.append(asyncio.create_task(self.changes.follow()))
        if self.settings.store_bytes is not None or self.settings.store_age_s is not None:
            self._tasks.append(asyncio.create_task(self._tidy()))
        self.supervisor.start()

    async def drain(self) -> None:
        """Accept nothing more and let the running jobs end; answers about them are still given."""
        if not self.draining:
            self.draining = True
            log.info("draining")
            await self.supervisor.drain(self.settings.grace_s)
            await self.changes.wake()

    async def stop(self) -> None:
        """End everything; `drain` comes first."""
        await self.drain()
        self.sampling.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.offload.close()
        self.changes.close()
        log.info("service stopped")

    async def _tidy(self) -> None:
        """Remove what the store need not keep, for ever; a file that is being sent is sent to its end all the same."""
        settings = self.settings
        while True:
            try:
                gone = await asyncio.to_thread(
                    self.store.gc, max_age_s=settings.store_age_s, max_bytes=settings.store_bytes, min_age_s=settings.store_young_s
                )  # fmt: skip
                if gone.objects or gone.records:
                    extra = {"objects": gone.objects, "bytes": gone.bytes, "left_bytes": gone.left_bytes}
                    log.info("store tidied", extra=extra)
            except (SeedscapeError, OSError):
                log.exception("the store could not be tidied")
            await asyncio.sleep(settings.tidy_s)

    async def submit(self, client: str, wish: Wish, idempotency_key: str | None) -> dict[str, Any]:
        """Accept a wish; the status of its environment. Problem: no room, or the key was used for another."""
        if self.draining:
            raise Problem(
                "draining",
                "expected a service that goes on, got one that is shutting down",
                None,
                {"retry-after": "30"},
            )
        spec = spec_to_dict(wish.spec)
        key = request_key(
            spec, profile=wish.profile, textures=wish.textures, preview=wish.preview, version=__version__,
            models_sha256=self._models,
        )  # fmt: skip
        identity = await self.offload.run(self._submit, client, key, wish, spec, idempotency_key)
        self.supervisor.wake()
        status = await self.offload.run(jobs.find, identity, client)
        assert status is not None, identity
        return status

    def _submit(
        self, database: Database, client: str, key: str, wish: Wish, spec: dict[str, Any], idempotency_key: str | None
    ) -> str:
        assets = finished(self.store, key)
        wanted = jobs.Submission(
            client, key, spec, wish.profile, wish.textures, wish.preview,
            None if idempotency_key is None else hashlib.sha256(idempotency_key.encode()).hexdigest(), key, assets,
        )  # fmt: skip
        return jobs.submit(database, wanted, self.limits)

    @contextmanager
    def streaming(self) -> Iterator[None]:
        """Count a client that stays. Problem: there are too many."""
        if self.streams >= self.settings.max_streams:
            raise Problem(
                "too_many_connections", "expected fewer clients that wait, got one more", None, {"retry-after": "5"}
            )
        self.streams += 1
        try:
            yield
        finally:
            self.streams -= 1


def core_of(request: Request) -> Core:
    """The service that a request came to."""
    core: Core = request.app.state.core
    return core


def client_of(request: Request) -> str:
    """The name of who asks, as the guard found it."""
    name: str = request.scope["client_name"]
    return name
