"""Who is let in: tokens, hosts, origins, TLS; and what every answer carries."""

import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from seedscape.assets.errors import RequestError
from seedscape.cli.run import run
from seedscape.service.settings import Settings, read_tokens, require_safe
from tests.service.running import Service
from tests.service.stub import HELD

TOKEN, OTHER = "correct-horse-battery-staple", "another-token-of-another-client"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("guarded")
    tokens = folder / "tokens"
    tokens.write_text(f"# two clients\n{TOKEN}\n{OTHER}\n")
    with Service(
        folder, token_file=str(tokens), self_signed=True, allow_hosts=["worlds.example"], workers=1
    ) as running:
        yield running


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


WRONG = [
    {}, bearer("wrong"), bearer(TOKEN[:-1]), bearer(TOKEN + "x"), bearer(TOKEN.upper()),
    {"authorization": TOKEN}, {"authorization": f"Basic {TOKEN}"}, {"authorization": "Bearer"},
]  # fmt: skip


@pytest.mark.parametrize("headers", WRONG, ids=range(len(WRONG)))
def test_without_the_right_token_nothing_is_told(guarded: Service, headers: dict[str, str]) -> None:
    paths = ("/v1/environments", "/v1/spec", "/v1/assets/" + "0" * 64, "/v1/samples/terrain?seed=1", "/metrics", "/v1/")
    for path in paths:
        answer = guarded.http.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized"), path
        assert answer.headers["www-authenticate"].startswith("Bearer")
    assert guarded.create(1, headers=headers).status_code == 401


def test_two_tokens_in_one_request_are_refused(guarded: Service) -> None:
    answer = guarded.http.get("/v1/spec", headers=[("authorization", f"Bearer {TOKEN}")] * 2)
    assert answer.status_code == 401


def test_health_and_the_document_need_no_token(guarded: Service) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json"):
        assert guarded.http.get(path).status_code == 200, path


def test_each_token_sees_its_own(guarded: Service) -> None:
    identity = guarded.create(1, headers=bearer(TOKEN)).json()["id"]
    path = f"/v1/environments/{identity}"
    assert guarded.http.get(path, headers=bearer(TOKEN)).status_code == 200
    for method, where in (("GET", path), ("DELETE", path), ("GET", f"{path}/events")):
        assert guarded.http.request(method, where, headers=bearer(OTHER)).status_code == 404
    assert guarded.http.get("/v1/environments", headers=bearer(OTHER)).json()["environments"] == []


def test_no_token_stands_in_the_log(guarded: Service) -> None:
    guarded.create(2, headers=bearer(TOKEN))
    log = guarded.log.read_text()
    assert TOKEN not in log and "token-" in log


def test_the_self_signed_pair_is_trusted_by_who_has_it_and_its_key_is_private(guarded: Service) -> None:
    assert guarded.url.startswith("https://")
    cert, key = guarded.store / "self-signed.crt", guarded.store / "self-signed.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    context = ssl.create_default_context(cafile=cert)
    assert httpx.get(f"{guarded.url}/healthz", verify=context).status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{guarded.url}/healthz")


def test_plain_http_to_an_https_port_is_no_way_in(guarded: Service) -> None:
    assert not guarded.raw(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").startswith(b"HTTP/1.1 200")


HOSTS = {
    "localhost": 200, "LOCALHOST:9999": 200, "127.0.0.1": 200, "[::1]:8420": 200, "localhost.": 200,
    "evil.example": 421, "localhost.evil.example": 421, "127.0.0.1.evil.example": 421, "evil@localhost": 421,
    "localhost/x": 421, "localhost:x": 421, "[::1": 421, "169.254.169.254": 421,
}  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_only_known_hosts_are_served(service: Service, host: str) -> None:
    for path in ("/healthz", "/openapi.json"):
        answer = service.http.get(path, headers={"host": host})
        assert answer.status_code == HOSTS[host], path
        assert answer.status_code == 200 or answer.json()["code"] == "host_refused"


def test_a_host_may_be_added(guarded: Service) -> None:
    assert guarded.http.get("/healthz", headers={"host": "worlds.example"}).status_code == 200


ORIGINS = {
    "http://localhost:8420": 200, "https://localhost:8420": 200, "http://evil.example": 403, "null": 403,
    "http://localhost:8421": 403, "http://localhost": 403, "": 403, "file://": 403,
}  # fmt: skip


@pytest.mark.parametrize("origin", ORIGINS)
def test_pages_of_other_origins_may_not_make_work(service: Service, origin: str) -> None:
    headers = {"host": "localhost:8420", "origin": origin}
    answers = [
        service.create(150, headers=headers | {"prefer": "wait=20"}),
        service.http.get("/v1/samples/terrain?seed=1", headers=headers),
    ]
    for answer in answers:
        assert answer.status_code == ORIGINS[origin]
        assert answer.status_code == 200 or answer.json()["code"] == "origin_refused"
    identity = service.accepted(151, water=HELD)
    assert service.http.delete(f"/v1/environments/{identity}", headers=headers).status_code == ORIGINS[origin]


def test_browsers_say_when_a_request_comes_from_elsewhere(service: Service) -> None:
    for site, status in (("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)):
        answer = service.http.get("/v1/samples/terrain?seed=1", headers={"sec-fetch-site": site})
        assert answer.status_code == status, site


def test_every_answer_is_guarded(service: Service) -> None:
    for path in ("/healthz", "/v1/spec", "/nothing", "/v1/assets/x", "/openapi.json", "/metrics"):
        headers = service.http.get(path, headers={"origin": "http://evil.example"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["content-security-policy"].startswith("default-src 'none'")
        assert headers["x-frame-options"] == "DENY"
        assert not [name for name in headers if name.startswith("access-control-")], path
        assert "server" not in headers


def test_beyond_loopback_a_token_is_needed() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.7", "example.com"):
        with pytest.raises(RequestError, match="--host: expected --token-file"):
            require_safe(Settings(host=host))
        require_safe(Settings(host=host, token_file=Path("t")))
    for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"):
        require_safe(Settings(host=host))


FILES = {
    "": "got none",
    "# only this\n": "got none",
    "short\n": "at least 16",
    "has a space in it, so what\n": "without spaces",
}


@pytest.mark.parametrize("text", FILES)
def test_a_file_of_weak_tokens_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(text)
    with pytest.raises(RequestError, match=FILES[text]):
        read_tokens(path)
    with pytest.raises(RequestError, match="--token-file: expected a file"):
        read_tokens(tmp_path / "none")


COMMANDS = {
    "--host 0.0.0.0": "--host: expected --token-file",
    "--port 70000": "--port: expected a whole number 0 to 65535",
    "--tls maybe": "--tls: expected self-signed",
    "--tls-cert x": "--tls-cert: expected --tls-cert and --tls-key together",
    "--tls-cert @cert --tls-key @cert": "--tls-cert: expected a certificate and its key in PEM",
    "--tls self-signed --tls-cert x --tls-key x": "--tls: expected either",
    "--token-file /none": "--token-file: expected a file of tokens",
    "--store /none/at/all": "--store: expected a folder to write to",
    "--host not.a.name.invalid --token-file @cert": "--token-file: expected tokens",
    "--workers 0": "--workers: expected a whole number",
}


@pytest.mark.parametrize("options", COMMANDS)
def test_the_command_refuses_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], options: str) -> None:
    store = [] if "--store" in options else ["--store", str(tmp_path / "store")]
    (tmp_path / "text").write_text("No certificate, no token: a line of text.\n")
    options_ = options.replace("@cert", str(tmp_path / "text"))
    assert run(["serve", "--port", "0", *store, *options_.split()]) == 2
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1
    assert said.err.startswith(f"seedscape: {COMMANDS[options]}")


def test_two_services_do_not_share_a_store(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--port", "0", "--store", str(service.store)]) == 2
    assert "expected a store that no other service uses" in capsys.readouterr().err


def test_a_port_that_is_taken_is_said_to_be_so(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "--port", str(service.port), "--store", str(tmp_path / "store")]) == 2
    assert f"expected an address to listen at, got 127.0.0.1:{service.port}" in capsys.readouterr().err
