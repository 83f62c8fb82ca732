"""A client of the HTTP service: `Client` for plain code, `AsyncClient` for asyncio.

import seedscape as ss

with ss.Client("http://127.0.0.1:8420", token=token) as client:
    made = client.generate(seed=42, biome="alpine", progress=print)
    made.save("42.glb")

Both keep asking while the service is busy or being restarted, and check the SHA-256 of everything they download.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any, Self

from seedscape.api import Progress, silent
from seedscape.assets.errors import MissingPartError

try:
    import httpx
except ImportError as _error:
    raise MissingPartError("expected the package httpx, got none; pip install 'seedscape[serve]'") from _error

from seedscape.client_flow import (
    DEFAULT_URL,
    ENDED,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    SILENCE_S,
    Answer,
    BaseClient,
    Event,
    EventReader,
    Flow,
    Made,
    Pause,
    ServiceError,
    assets_of,
    checked,
    content_of,
    identity_of,
    made_of,
    object_of,
    sha256_of,
)

__all__ = ["AsyncClient", "Client", "Event", "Made", "ServiceError"]


class Client(BaseClient):
    """A client for plain code; close it, or use it in `with`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def __init__(self, base_url: str = DEFAULT_URL, token: str | None = None, **options: Any) -> None:
        super().__init__(base_url, token, **options)
        self._http = httpx.Client(**self._options)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def generate(
        self,
        *,
        profile: str = "universal",
        textures: str | None = None,
        preview: bool = True,
        progress: Progress = silent,
        timeout_s: float | None = None,
        **fields: Any,
    ) -> Made:
        """The environment that the fields of `SceneSpec` describe, made by the service.

        progress: told the stage and the share that is done, as of `seedscape.generate`. timeout_s: until the end; the job is
        cancelled then. RequestError: a field is wrong. ServiceError: the service is away, busy for too long, or the job fails.
        """
        until = math.inf if timeout_s is None else time.monotonic() + timeout_s
        status = self.submit(profile=profile, textures=textures, preview=preview, **fields)
        if status["status"] not in ENDED:
            try:
                for event in self.follow(status["id"], until):
                    if event.kind == "end":
                        status = event.data
                    else:
                        progress(str(event.data["stage"]), float(event.data["progress"]))
            except TimeoutError:
                self.cancel(status["id"])
                raise ServiceError(
                    f"expected an environment within {timeout_s:g} s, got none; it was cancelled"
                ) from None
        assets = assets_of(status)
        return made_of(status, {label: self.download(asset["sha256"]) for label, asset in assets.items()})

    def submit(
        self, *, profile: str = "universal", textures: str | None = None, preview: bool = True, **fields: Any
    ) -> dict[str, Any]:
        """Ask for an environment and return its status at once."""
        return object_of(self._run(self._submit(fields, profile, textures, preview)))

    def status(self, identity: str) -> dict[str, Any]:
        """How an environment stands."""
        return object_of(self._run(self._request("GET", f"/v1/environments/{identity_of(identity)}")))

    def cancel(self, identity: str) -> dict[str, Any]:
        """Cancel an environment that is not finished; its status then."""
        return object_of(self._run(self._request("DELETE", f"/v1/environments/{identity_of(identity)}")))

    def follow(self, identity: str, until: float = math.inf) -> Iterator[Event]:
        """The events of an environment to its end, over as many connections as it takes.

        until: of time.monotonic(); TimeoutError then.
        """
        reader, failures = EventReader(identity), 0
        while not reader.ended:
            patience = min(SILENCE_S, until - time.monotonic())
            if patience <= 0:
                raise TimeoutError
            try:
                with self._http.stream("GET", reader.path, headers=reader.headers, timeout=patience) as response:
                    if response.status_code >= 400:
                        response.read()
                    if reader.accepts(response, failures >= self._retries):
                        for line in response.iter_lines():
                            if time.monotonic() > until:
                                raise TimeoutError
                            event = reader.read(line)
                            if event is not None:
                                failures = 0
                                yield event
            except httpx.TransportError as error:
                if failures >= self._retries:
                    raise ServiceError(
                        f"expected the service to answer, got {type(error).__name__}: {error}"
                    ) from error
            if not reader.ended:
                time.sleep(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**failures))
                failures += 1

    def download(self, sha256: str) -> bytes:
        """The bytes of an asset. ServiceError: what came has another hash."""
        return checked(self._run(self._request("GET", f"/v1/assets/{sha256_of(sha256)}")).content, sha256)

    def _run(self, flow: Flow) -> httpx.Response:
        answer: Answer | None = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as stop:
                response: httpx.Response = stop.value
                return response
            answer = None
            if isinstance(step, Pause):
                time.sleep(step.seconds)
                continue
            try:
                answer = self._http.request(step.method, step.path, headers=step.headers, **content_of(step))
            except httpx.TransportError as error:
                answer = error


class AsyncClient(BaseClient):
    """A client for asyncio; close it, or use it in `async with`. Its methods are those of `Client`."""

    def __init__(self, base_url: str = DEFAULT_URL, token: str | None = None, **options: Any) -> None:
        super().__init__(base_url, token, **options)
        self._http = httpx.AsyncClient(**self._options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def generate(
        self,
        *,
        profile: str = "universal",
        textures: str | None = None,
        preview: bool = True,
        progress: Progress = silent,
        timeout_s: float | None = None,
        **fields: Any,
    ) -> Made:
        """As `Client.generate`."""
        status = await self.submit(profile=profile, textures=textures, preview=preview, **fields)
        try:
            async with asyncio.timeout(timeout_s):
                if status["status"] not in ENDED:
                    async for event in self.follow(status["id"]):
                        if event.kind == "end":
                            status = event.data
                        else:
                            progress(str(event.data["stage"]), float(event.data["progress"]))
        except TimeoutError:
            await self.cancel(status["id"])
            raise ServiceError(f"expected an environment within {timeout_s:g} s, got none; it was cancelled") from None
        assets = assets_of(status)
        return made_of(status, {label: await self.download(asset["sha256"]) for label, asset in assets.items()})

    async def submit(
        self, *, profile: str = "universal", textures: str | None = None, preview: bool = True, **fields: Any
    ) -> dict[str, Any]:
        """As `Client.submit`."""
        return object_of(await self._run(self._submit(fields, profile, textures, preview)))

    async def status(self, identity: str) -> dict[str, Any]:
        """As `Client.status`."""
        return object_of(await self._run(self._request("GET", f"/v1/environments/{identity_of(identity)}")))

    async def cancel(self, identity: str) -> dict[str, Any]:
        """As `Client.cancel`."""
        return object_of(await self._run(self._request("DELETE", f"/v1/environments/{identity_of(identity)}")))

    async def follow(self, identity: str) -> AsyncIterator[Event]:
        """As `Client.follow`."""
        reader, failures = EventReader(identity), 0
        while not reader.ended:
            try:
                async with self._http.stream("GET", reader.path, headers=reader.headers, timeout=SILENCE_S) as response:
                    if response.status_code >= 400:
                        await response.aread()
                    if reader.accepts(response, failures >= self._retries):
                        async for line in response.aiter_lines():
                            event = reader.read(line)
                            if event is not None:
                                failures = 0
                                yield event
            except httpx.TransportError as error:
                if failures >= self._retries:
                    raise ServiceError(
                        f"expected the service to answer, got {type(error).__name__}: {error}"
                    ) from error
            if not reader.ended:
                await asyncio.sleep(min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**failures))
                failures += 1

    async def download(self, sha256: str) -> bytes:
        """As `Client.download`."""
        return checked((await self._run(self._request("GET", f"/v1/assets/{sha256_of(sha256)}"))).content, sha256)

    async def _run(self, flow: Flow) -> httpx.Response:
        answer: Answer | None = None
        while True:
            try:
                step = flow.send(answer)
            except StopIteration as stop:
                response: httpx.Response = stop.value
                return response
            answer = None
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
                continue
            try:
                answer = await self._http.request(step.method, step.path, headers=step.headers, **content_of(step))
            except httpx.TransportError as error:
                answer = error
