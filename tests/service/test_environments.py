"""/v1/environments over HTTP: create, look, list, cancel, follow."""

import json
import threading
import time
from collections import Counter
from typing import Any

from tests.service.running import Service
from tests.service.stub import BROKEN, HELD, REFUSED


def events_of(text: str) -> list[tuple[str, int, Any]]:
    """(event, id, data) of a stream of server-sent events."""
    found = []
    for block in text.split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != ":")
        if "data" in lines:
            found.append((lines["event"], int(lines["id"]), json.loads(lines["data"])))
    return found


def test_an_environment_from_the_request_to_its_files(service: Service) -> None:
    answer = service.create(100, rocks=0.2, biome="alpine")
    assert answer.status_code == 202
    status = answer.json()
    assert answer.headers["location"] == status["links"]["self"] == f"/v1/environments/{status['id']}"
    assert status["status"] in ("queued", "running") and status["spec"]["biome"] == "alpine"
    status = service.wait(status["id"])
    assert (status["status"], status["progress"], status["error"]) == ("done", 1.0, None)
    assert list(status["assets"]) == ["glb", "preview", "manifest"]
    assert status["created"] <= status["started"] <= status["finished"]
    for label, asset in status["assets"].items():
        file = service.http.get(asset["url"])
        assert file.status_code == 200 and len(file.content) == asset["bytes"], label


def test_who_waits_gets_the_end_at_once(service: Service) -> None:
    answer = service.create(101, rocks=0.3, headers={"prefer": "respond-async, wait=20"})
    assert (answer.status_code, answer.json()["status"]) == (200, "done")
    assert answer.headers["preference-applied"] == "wait=20"


def test_who_waits_too_short_gets_the_state(service: Service) -> None:
    answer = service.create(102, water=HELD, headers={"prefer": "wait=1"})
    assert answer.status_code == 202 and answer.json()["status"] in ("queued", "running")
    service.let_go(102)
    assert service.wait(answer.json()["id"])["status"] == "done"


def test_a_finished_request_is_answered_at_once(service: Service) -> None:
    before = Counter(service.counted("began"))
    first = service.wait(service.accepted(103))
    again = service.create(103)
    assert again.status_code == 200 and again.json()["id"] != first["id"]
    assert again.json()["assets"] == first["assets"]
    assert (Counter(service.counted("began")) - before).total() == 1


def test_identical_requests_at_the_same_time_share_one_computation(service: Service) -> None:
    before = Counter(service.counted("began"))
    identities = [service.accepted(104, water=HELD) for _ in range(8)]
    service.let_go(104)
    assets = [service.wait(identity)["assets"]["glb"]["sha256"] for identity in identities]
    assert len(set(identities)) == 8 and len(set(assets)) == 1
    assert (Counter(service.counted("began")) - before).total() == 1


def test_the_same_spec_in_other_words_is_the_same_request(service: Service) -> None:
    plain = service.wait(service.accepted(105))
    body = '{"preview": true, "spec": {"rocks": 0.0, "biome": "auto", "seed": 105.0}, "textures": null}'
    other = service.http.post("/v1/environments", content=body, headers={"content-type": "application/json"})
    assert other.status_code == 200 and other.json()["assets"] == plain["assets"]


def test_an_idempotency_key_is_replayed_and_guarded(service: Service) -> None:
    headers = {"idempotency-key": "order 106"}
    first = service.create(106, headers=headers).json()["id"]
    assert service.create(106, headers=headers).json()["id"] == first
    refused = service.create(107, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "key_reused")
    assert service.create(106).json()["id"] != first


def test_idempotent_requests_that_race_are_one(service: Service) -> None:
    found: list[str] = []
    key = {"idempotency-key": "race 108"}
    threads = [
        threading.Thread(target=lambda: found.append(service.create(108, headers=key).json()["id"])) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len(set(found)) == 1


def test_cancelling_ends_what_runs_and_leaves_what_has_ended(service: Service) -> None:
    running = service.accepted(109, water=HELD)
    service.wait(running, "running")
    assert service.http.delete(f"/v1/environments/{running}").json()["status"] == "cancelled"
    assert service.status(running)["status"] == "cancelled"
    done = service.wait(service.accepted(110))
    assert service.http.delete(f"/v1/environments/{done['id']}").json() == done


def test_a_job_may_fail_with_a_reason(service: Service) -> None:
    refused = service.wait(service.accepted(111, water=REFUSED))
    assert refused["status"] == "failed" and refused["assets"] == {}
    assert refused["error"]["code"] == "job_refused"
    assert refused["error"]["detail"] == "seed: expected another one, got this"
    broken = service.wait(service.accepted(112, water=BROKEN))
    assert broken["error"]["code"] == "job_error" and "secret" not in json.dumps(broken)


def test_the_list_has_pages(service: Service) -> None:
    for seed in range(120, 125):
        service.accepted(seed)
    seeds: list[int] = []
    following: str | None = "/v1/environments?limit=2"
    for _ in range(3):
        assert following is not None
        page = service.http.get(following).json()
        assert len(page["environments"]) == 2
        seeds += [status["spec"]["seed"] for status in page["environments"]]
        following = page["next"]
    assert seeds[:5] == [124, 123, 122, 121, 120]


def test_the_list_refuses_what_it_does_not_know(service: Service) -> None:
    for query in ("limit=0", "limit=201", "limit=x", "before=-1", "bfore=3", "limit=9" * 30):
        answer = service.http.get(f"/v1/environments?{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter"), query


def test_events_tell_the_whole_story(service: Service) -> None:
    identity = service.accepted(130, rocks=0.6)
    answer = service.http.get(f"/v1/environments/{identity}/events")
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = events_of(answer.text)
    assert [number for _, number, _ in events] == list(range(1, len(events) + 1))
    assert [data["stage"] for kind, _, data in events[:-1]] == ["started", *(f"stage {k}" for k in range(10))]
    kind, _, last = events[-1]
    assert kind == "end" and last == service.status(identity)


def test_events_are_replayed_from_where_the_client_was(service: Service) -> None:
    identity = service.wait(service.accepted(131))["id"]
    path = f"/v1/environments/{identity}/events"
    whole = events_of(service.http.get(path).text)
    rest = events_of(service.http.get(path, headers={"last-event-id": "5"}).text)
    assert rest == whole[5:]
    end = service.http.get(path, headers={"last-event-id": str(whole[-1][1])})
    assert (end.status_code, end.content) == (204, b"")
    wrong = service.http.get(path, headers={"last-event-id": "x"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_header")


def test_a_silent_stream_says_that_it_lives(service: Service) -> None:
    blockers = [service.accepted(seed, water=HELD) for seed in (132, 133)]  # both workers, so it has to wait
    late, lines = service.accepted(134), []
    with service.http.stream("GET", f"/v1/environments/{late}/events") as stream:
        for line in stream.iter_lines():
            lines.append(line)
            if line == ": still here":
                service.let_go(132, 133)
    assert ": still here" in lines and events_of("\n".join([*lines, ""]))[-1][0] == "end"
    for blocker in blockers:
        service.wait(blocker)


def test_cancelling_ends_the_stream(service: Service) -> None:
    identity = service.accepted(136, water=HELD)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(service.http.get(f"/v1/environments/{identity}/events").text))
    reader.start()
    time.sleep(0.3)
    service.http.delete(f"/v1/environments/{identity}")
    reader.join()
    kind, _, data = events_of(found[0])[-1]
    assert (kind, data["status"]) == ("end", "cancelled")


def test_an_unknown_environment_is_not_found(service: Service) -> None:
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/events")):
        answer = service.http.request(method, f"/v1/environments/{'0' * 32}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
