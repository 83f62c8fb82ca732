"""`seedscape.Client` and `AsyncClient` against a running service, and against answers that go wrong."""

import asyncio
import hashlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import seedscape as ss
from seedscape.client import Made, ServiceError
from tests.patience import PATIENCE_S
from tests.service.running import Service
from tests.service.stub import HELD, REFUSED

Handler = Callable[[httpx.Request], httpx.Response]


def scripted(monkeypatch: pytest.MonkeyPatch, handler: Handler) -> ss.Client:
    """A client whose requests a function answers, and which never sleeps."""
    monkeypatch.setattr("time.sleep", lambda seconds: pauses.append(seconds))
    pauses.clear()
    client = ss.Client("http://service", retries=3)
    client._http.close()
    client._http = httpx.Client(base_url="http://service", transport=httpx.MockTransport(handler))
    return client


pauses: list[float] = []


def test_an_environment_is_made_and_saved(service: Service, tmp_path: Path) -> None:
    told: list[tuple[str, float]] = []
    with ss.Client(service.url) as client:
        made = client.generate(
            seed=400, rocks=0.4, biome="alpine", progress=lambda stage, share: told.append((stage, share))
        )
    assert isinstance(made, Made) and made.spec["biome"] == "alpine"
    assert hashlib.sha256(made.glb).hexdigest() == made.sha256
    assert [stage for stage, _ in told] == ["started", *(f"stage {k}" for k in range(10))]
    assert [share for _, share in told] == sorted(share for _, share in told)
    assert made.save(tmp_path / "400.glb").read_bytes() == made.glb
    assert (tmp_path / "400.png").read_bytes() == made.preview
    assert json.loads((tmp_path / "400.json").read_text()) == made.manifest


def test_the_asynchronous_client_makes_many_at_once(service: Service) -> None:
    async def make() -> list[Made]:
        async with ss.AsyncClient(service.url) as client:
            return await asyncio.gather(*(client.generate(seed=seed, rocks=0.1) for seed in range(410, 418)))

    assert len({made.sha256 for made in asyncio.run(make())}) == 8


def test_a_wrong_field_is_a_request_error(service: Service) -> None:
    with ss.Client(service.url) as client:
        with pytest.raises(ss.RequestError, match="did you mean alpine"):
            client.generate(seed=1, biome="alpne")
        with pytest.raises(ss.RequestError, match="expected the id of an environment"):
            client.status("../x")


def test_a_failed_job_is_a_service_error(service: Service) -> None:
    with ss.Client(service.url) as client, pytest.raises(ServiceError, match="expected another one") as caught:
        client.generate(seed=420, water=REFUSED)
    assert caught.value.code == "job_refused"


def test_what_takes_too_long_is_cancelled(service: Service) -> None:
    with ss.Client(service.url) as client:
        with pytest.raises(ServiceError, match="expected an environment within 0.5 s"):
            client.generate(seed=421, water=HELD, timeout_s=0.5)
        newest = service.http.get("/v1/environments?limit=1").json()["environments"][0]
        assert (newest["spec"]["seed"], newest["status"]) == (421, "cancelled")

    async def wait() -> None:
        async with ss.AsyncClient(service.url) as client:
            await client.generate(seed=422, water=HELD, timeout_s=0.3)

    with pytest.raises(ServiceError, match="it was cancelled"):
        asyncio.run(wait())


def test_a_wrong_token_is_said_plainly(service: Service, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text("a-token-of-the-right-length\n")
    with Service(tmp_path, token_file=str(tmp_path / "tokens"), workers=1) as guarded:
        with ss.Client(guarded.url, token="wrong") as client, pytest.raises(ServiceError, match="401 unauthorized"):
            client.submit(seed=1)
        with ss.Client(guarded.url, token="a-token-of-the-right-length") as client:
            assert client.generate(seed=1, rocks=0).glb.startswith(b"glTF")


def test_a_restart_in_the_middle_is_not_noticed(tmp_path: Path) -> None:
    made: list[Made] = []
    with Service(tmp_path, workers=1) as service:
        port = service.port

        def generate() -> None:
            with ss.Client(service.url) as client:
                made.append(client.generate(seed=1, water=HELD))

        asking = threading.Thread(target=generate)
        asking.start()
        until = time.monotonic() + PATIENCE_S
        while not service.counted("began") and time.monotonic() < until:
            time.sleep(0.05)
        service.kill()
    with Service(tmp_path, workers=1, port=port):  # the end of the first one let all jobs go
        asking.join(PATIENCE_S)
    assert len(made) == 1 and made[0].glb.startswith(b"glTF")


def busy_then(answers: list[httpx.Response]) -> Handler:
    return lambda request: answers.pop(0)


def test_a_busy_service_is_asked_again_when_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = httpx.Response(503, headers={"retry-after": "7"}, json={"code": "queue_full", "detail": "full"})
    away = httpx.Response(429, headers={"retry-after": "9999"}, json={"code": "too_many_jobs", "detail": "many"})
    client = scripted(monkeypatch, busy_then([busy, away, httpx.Response(202, json={"id": "x"})]))
    with client:
        assert client.submit(seed=1) == {"id": "x"}
    assert pauses == [7.0, 30.0]


def test_a_service_that_stays_away_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    keys: list[str] = []

    def refuse(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        raise httpx.ConnectError("refused")

    with scripted(monkeypatch, refuse) as client, pytest.raises(ServiceError, match="expected the service to answer"):
        client.submit(seed=1)
    assert len(keys) == 4 and len(set(keys)) == 1, "a request that is sent again is the same request"
    assert pauses == sorted(pauses)


def test_a_damaged_download_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answer: Handler = lambda request: httpx.Response(200, content=b"other")
    with scripted(monkeypatch, answer) as client, pytest.raises(ServiceError, match="expected an asset with SHA-256"):
        client.download("a" * 64)


def test_nonsense_from_the_service_is_said_to_be_so(monkeypatch: pytest.MonkeyPatch) -> None:
    for content in (b"<html>", b"[]", b"\xff"):
        answer: Handler = lambda request, content=content: httpx.Response(200, content=content)  # type: ignore[misc]
        with scripted(monkeypatch, answer) as client, pytest.raises(ServiceError, match="expected a JSON object"):
            client.status("0" * 32)


def test_a_broken_stream_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    first = 'event: progress\nid: 1\ndata: {"stage": "a", "progress": 0}\n\nevent: progress\nid: 2\nda'
    second = 'event: progress\nid: 2\ndata: {"stage": "b", "progress": 0.5}\n\nevent: end\nid: 3\ndata: {"status": "done"}\n\n'

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.headers.get("last-event-id"))
        return httpx.Response(200, content=first if len(asked) == 1 else second)

    with scripted(monkeypatch, answer) as client:
        events = list(client.follow("0" * 32))
    assert [event.data.get("stage") for event in events] == ["a", "b", None]
    assert asked == [None, "1"]


def test_a_url_of_another_kind_is_refused() -> None:
    with pytest.raises(ss.RequestError, match="expected a URL"):
        ss.Client("ftp://x")
    with pytest.raises(ss.RequestError, match="expected a certificate"):
        ss.Client("https://localhost", verify="/none.crt")
