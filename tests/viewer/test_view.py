"""`seedscape view` over HTTP, without a browser: what it serves, to whom, and what it refuses."""

import http.client
import ssl
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from seedscape.assets.errors import RequestError
from seedscape.cli.view import view
from seedscape.service import pages
from seedscape.service.settings import Settings
from seedscape.service.tls import certificate
from seedscape.view import HEADERS, POLICY, ViewServer, open_server
from tests.patience import PATIENCE_S
from tests.viewer.driver import viewing

GLB = b"glTF" + bytes(range(256))


@pytest.fixture
def glb(tmp_path: Path) -> Path:
    path = tmp_path / "a b.glb"
    path.write_bytes(GLB)
    return path


def ask(
    server: ViewServer, path: str, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1], timeout=PATIENCE_S)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def test_the_page_its_bundle_and_the_file(glb: Path) -> None:
    with viewing(glb) as server:
        assert urlsplit(server.url).query == "file=a%20b.glb"
        status, headers, body = ask(server, "/?file=a%20b.glb")
        assert status == 200 and headers["content-type"].startswith("text/html") and b"<canvas" in body
        assert ask(server, "/")[0] == 302 and ask(server, "/")[1]["location"] == "/?file=a%20b.glb"
        script = next(name for name in server.bundle if name.endswith(".js") and "index" in name)
        status, headers, body = ask(server, script)
        assert (status, headers["content-type"], body) == (200, "text/javascript", server.bundle[script])
        assert "immutable" in headers["cache-control"]
        status, headers, body = ask(server, "/file.glb")
        assert (status, headers["content-type"], body) == (200, "model/gltf-binary", GLB)
        assert (
            ask(server, "/file.glb", "HEAD")[2] == b""
            and ask(server, "/file.glb", "HEAD")[1]["content-length"] == "260"
        )
        assert ask(server, "/file.glb", **{"If-None-Match": headers["etag"]})[0] == 304
        glb.write_bytes(b"glTF2")
        assert ask(server, "/file.glb", **{"If-None-Match": headers["etag"]})[2] == b"glTF2"  # a newer one is shown
        for name, value in HEADERS.items():
            assert headers[name] == value


@pytest.mark.parametrize(
    ("header", "status", "body", "span"),
    [
        ("bytes=0-3", 206, b"glTF", "bytes 0-3/260"),
        ("bytes=258-", 206, GLB[258:], "bytes 258-259/260"),
        ("bytes=-2", 206, GLB[-2:], "bytes 258-259/260"),
        ("bytes=250-9999", 206, GLB[250:], "bytes 250-259/260"),
        ("bytes=260-", 416, b"", "bytes */260"),
        ("bytes=5-2", 200, GLB, None),
        ("bytes=0-1,4-5", 200, GLB, None),
        ("lines=1-2", 200, GLB, None),
    ],
)
def test_ranges(glb: Path, header: str, status: int, body: bytes, span: str | None) -> None:
    with viewing(glb) as server:
        found, headers, data = ask(server, "/file.glb", Range=header)
    assert (found, data, headers["content-range"]) == (status, body, span)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:8421", 200),
        ("192.168.1.9:8421", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("", 421),
        ("[", 421),
    ],
)
def test_other_names_are_refused(glb: Path, host: str, status: int) -> None:
    with viewing(glb) as server:
        assert ask(server, "/file.glb", Host=host)[0] == status


def test_nothing_else_is_served(glb: Path) -> None:
    with viewing(glb) as server:
        for path in (
            "/../a b.glb",
            "/viewer/../view.py",
            "/viewer/%2e%2e/view.py",
            "//etc/passwd",
            "/v1/spec",
            "/viewer/",
        ):
            assert ask(server, path.replace(" ", "%20"))[0] == 404
        assert ask(server, "/file.glb", "POST")[0] == 501
        glb.unlink()
        assert ask(server, "/file.glb")[0] == 404


def test_https_with_a_certificate(glb: Path, tmp_path: Path) -> None:
    pair = certificate(Settings(store=tmp_path, self_signed=True))
    assert pair is not None
    with viewing(glb, cert=pair[0], key=pair[1]) as server:
        assert server.url.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(pair[0]))
        connection = http.client.HTTPSConnection(
            "localhost", server.server_address[1], timeout=PATIENCE_S, context=context
        )
        connection.request("GET", "/file.glb")
        assert connection.getresponse().read() == GLB
        connection.close()
    with pytest.raises(RequestError, match="together"):
        open_server(glb, cert=pair[0])
    with pytest.raises(RequestError, match="in PEM"):
        open_server(glb, cert=glb, key=glb)


def test_the_page_lives_under_one_policy() -> None:
    assert POLICY == pages.POLICY


def test_a_taken_port_is_said(glb: Path) -> None:
    with viewing(glb) as server, pytest.raises(RequestError, match="expected an address to listen at"):
        open_server(glb, port=server.server_address[1])


def test_the_command_refuses_what_is_no_glb(tmp_path: Path) -> None:
    (tmp_path / "x.glb").write_bytes(b"PK\x03\x04")
    for arguments, words in (
        ([str(tmp_path / "none.glb")], "No such file"),
        ([str(tmp_path / "x.glb")], "expected binary glTF"),
        ([str(tmp_path / "x.glb"), "--port", "70000"], "--port"),
        ([str(tmp_path)], "expected a file that can be read"),
    ):
        result = CliRunner().invoke(view, [*arguments, "--no-open"])
        assert isinstance(result.exception, RequestError) and words in str(result.exception)
