"""Hostile requests: each is refused, by its code, and the service goes on."""

import socket
import time

import pytest

from tests.patience import PATIENCE_S
from tests.service.running import Service, problem_of, read_all


@pytest.fixture(autouse=True)
def lives_on(service: Service) -> object:
    """After every test the service answers, and has not been started anew."""
    yield
    assert service.http.get("/healthz").json() == {"status": "ok"}
    assert service.process.poll() is None and service.logged("internal error") == []


def post(body: bytes, *headers: str, host: str = "localhost") -> bytes:
    lines = "".join(f"{line}\r\n" for line in (f"Host: {host}", "Content-Type: application/json", *headers))
    return f"POST /v1/environments HTTP/1.1\r\n{lines}".encode() + b"\r\n" + body


def sized(body: bytes, *headers: str, host: str = "localhost") -> bytes:
    return post(body, f"Content-Length: {len(body)}", "Connection: close", *headers, host=host)


BODIES = {
    b'{"spec": {"seed": NaN}}': (400, "not_a_number"),
    b'{"spec": {"seed": 1e999}}': (400, "not_a_number"),
    b'{"spec": {"biome": "\\ud800"}}': (400, "lone_surrogate"),
    b'{"spec": {"biome": "\xed\xa0\x80"}}': (400, "bad_utf8"),
    b'{"spec": {"biome": "\xff"}}': (400, "bad_utf8"),
    b"[" * 60_000: (400, "too_deep"),
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000: (400, "too_deep"),
    b'{"spec": {}, "spec": {}}': (400, "duplicate_key"),
    b"": (400, "bad_json"),
    b"\x00" * 100: (400, "bad_json"),
    b"9" * 60_000: (422, "invalid_field"),
    b'{"spec": {"seed": ' + b"9" * 60_000 + b"}}": (422, "invalid_field"),
    b'{"spec": {"biome": "../../etc/passwd"}}': (422, "invalid_field"),
    b'{"spec": {"biome": "http://example.com/x.toml"}}': (422, "invalid_field"),
    b'{"spec": {"__class__": "x"}}': (422, "unknown_field"),
    b'{"url": "file:///etc/passwd"}': (422, "unknown_field"),
    b" " * (64 * 1024 + 1): (413, "body_too_large"),
}


@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:24]))
def test_a_hostile_body_is_refused(service: Service, body: bytes) -> None:
    status, problem = problem_of(service.raw(sized(body)))
    assert (status, problem["code"]) == BODIES[body]
    assert problem["status"] == status and "expected" in problem["detail"] and len(problem["detail"]) < 700


def test_a_body_of_a_gigabyte_is_refused_before_it_is_sent(service: Service) -> None:
    status, problem = problem_of(service.raw(post(b"{", f"Content-Length: {1 << 30}")))
    assert (status, problem["code"]) == (413, "body_too_large")


def test_a_gigabyte_in_chunks_is_cut_off(service: Service) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    sent = 0
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE_S) as connection:
        connection.sendall(post(b"", "Transfer-Encoding: chunked"))
        try:
            while sent < 1 << 30:
                connection.sendall(chunk)
                sent += len(chunk)
        except OSError:
            pass
    assert sent < 1 << 26


def test_a_length_that_is_none_is_refused(service: Service) -> None:
    for length in ("-1", "1e3", "99999999999999999999999", "1, 2"):
        status, _ = problem_of(service.raw(post(b"", f"Content-Length: {length}", "Connection: close")))
        assert status in (400, 413), length


def test_two_framings_at_once_are_refused_or_read_one_way(service: Service) -> None:
    """Request smuggling: whatever follows the chunked body must not be taken for another request."""
    smuggled = b"0\r\n\r\nDELETE /v1/environments/x HTTP/1.1\r\nHost: localhost\r\n\r\n"
    answer = service.raw(post(smuggled, "Content-Length: 4", "Transfer-Encoding: chunked", "Connection: close"))
    assert answer.count(b"HTTP/1.1 ") == 1 and answer.startswith(b"HTTP/1.1 400")


KINDS = [
    "",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/json; charset=utf-16",
    "multipart/form-data",
]


@pytest.mark.parametrize("kind", KINDS)
def test_a_body_of_another_kind_is_refused(service: Service, kind: str) -> None:
    answer = service.http.post("/v1/environments", content=b"{}", headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_a_packed_body_is_refused(service: Service) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    answer = service.http.post("/v1/environments", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


def test_headers_that_trickle_in_are_not_waited_for(service: Service) -> None:
    """Slow-loris: a byte now and then keeps no connection open."""
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE_S) as connection:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"y" * 200:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                break
            time.sleep(0.05)
        else:
            raise AssertionError("ten seconds of trickling were accepted")


def test_a_client_that_says_nothing_is_told_so(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE_S) as connection:
        status, problem = problem_of(read_all(connection))
    assert (status, problem["code"]) == (408, "request_timeout")


def test_half_a_header_after_an_answer_is_not_waited_for(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), PATIENCE_S) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HT")
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200") and b"HTTP/1.1 408" in answer


def test_a_body_that_does_not_come_is_not_waited_for(service: Service) -> None:
    status, problem = problem_of(service.raw(post(b'{"spec"', "Content-Length: 100")))
    assert (status, problem["code"]) == (408, "request_timeout")


def test_large_headers_are_refused(service: Service) -> None:
    start = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    for rest in (
        b"X-Large: " + b"y" * 40_000 + b"\r\n\r\n",
        b"X: y\r\n" * 101 + b"\r\n",
        b"X-Large: " + b"y" * 400_000,
    ):
        answer = service.raw(start + rest)
        assert answer == b"" or problem_of(answer)[1]["code"] == "headers_too_large", rest[:20]
    long = service.http.get("/healthz?" + "x" * 5000)
    assert (long.status_code, long.json()["code"]) == (414, "target_too_long")


GARBAGE = [
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS greeting
    b"GET\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",  # no Host
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nA\x00B: c\r\n\r\n",
    b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n",
]


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_what_is_no_http_is_refused(service: Service, data: bytes) -> None:
    status, problem = problem_of(service.raw(data))
    assert (status, problem["code"]) in ((400, "bad_request"), (408, "request_timeout"))


def test_an_upgrade_is_not_made(service: Service) -> None:
    lines = "Host: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    answer = service.raw(f"GET /healthz HTTP/1.1\r\n{lines}Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 200")


def test_methods_that_mean_nothing_are_refused(service: Service) -> None:
    for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "BREW"):
        answer = service.http.request(method, "/v1/environments")
        assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed"), method
        assert set(answer.headers["allow"].replace(" ", "").split(",")) == {"GET", "HEAD", "POST"}


PATHS = [
    "/v1",
    "/v1/",
    "/v2/environments",
    "/%00",
    "/viewer/../pyproject.toml",
    "/viewer/%2e%2e/%2e%2e/pyproject.toml",
    "//",
]


@pytest.mark.parametrize("path", PATHS)
def test_other_paths_lead_nowhere(service: Service, path: str) -> None:
    answer = service.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert problem_of(answer)[1]["code"] == "not_found" and answer.startswith(b"HTTP/1.1 404")


def test_parameters_of_samples_are_bounded(service: Service) -> None:
    wrong = [
        "terrain", "terrain?seed=-1", "terrain?seed=1&size=513", "terrain?seed=1&size=15", "terrain?seed=1&spacing_m=nan",
        "terrain?seed=1&spacing_m=1e9", "terrain?seed=1&format=npy", "terrain?seed=1&at=0,0", "terrain?seed=1&size=1&size=9",
        "material?seed=1", "material?seed=1&material=grass&size=65", "material?seed=1&material=..%2F..&size=64",
        "material?seed=1&material=grass&map=secret", "material?seed=9007199254740992&material=grass",
    ]  # fmt: skip
    for query in wrong:
        answer = service.http.get(f"/v1/samples/{query}")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_parameter"), query


def test_a_sampler_that_dies_or_hangs_is_replaced(tmp_path: object, service: Service) -> None:
    died = service.http.get("/v1/samples/terrain?seed=13")
    assert (died.status_code, died.json()["code"]) == (503, "sample_failed") and died.headers["retry-after"]
    well = service.http.get("/v1/samples/terrain?seed=15")
    assert well.status_code == 200 and well.headers["x-kind"] == "terrain"


def test_other_headers_are_checked(service: Service) -> None:
    for key in ("", "x" * 201, "\u00e9"):
        headers = [(b"idempotency-key", key.encode("latin-1")), (b"content-type", b"application/json")]
        answer = service.http.post("/v1/environments", content=b"{}", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_header"), key
    assert service.create(140, headers={"prefer": "wait=-3, wait=x, nonsense"}).status_code in (200, 202)
