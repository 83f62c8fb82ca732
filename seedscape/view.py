"""One GLB and the viewer on a port: what `seedscape view` serves. Standard library alone; the service has its own server."""

import ipaddress
import mimetypes
import os
import re
import ssl
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from socket import AF_INET6
from typing import Any
from urllib.parse import quote, urlsplit

from seedscape.assets.errors import MissingPartError, RequestError

FILE_URL = "/file.glb"
CHUNK = 1 << 18
PATIENCE_S = 30.0  # a client that says or takes nothing for so long is dropped
# As the page of the service has it. WebAssembly: the decoders of meshopt and KTX2; blob: what three.js makes itself.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:;"
    " font-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' blob:; manifest-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "permissions-policy": "xr-spatial-tracking=(self), camera=(), microphone=(), geolocation=()",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "x-frame-options": "DENY",
}
KINDS = {".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html; charset=utf-8"}


class ViewServer(ThreadingHTTPServer):
    """Serves one file and the viewer until `shutdown`. file: read anew for every request, so that a reload shows a newer one.

    names: what a Host header may say, beside addresses; else a page elsewhere could reach the file by its own name.
    """

    daemon_threads = True

    def __init__(self, file: Path, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self.file = file
        self.names = {"localhost", host.lower()}
        self.bundle = _bundle()
        self.scheme = "http" if tls is None else "https"
        if ":" in host:
            self.address_family = AF_INET6
        super().__init__((host, port), _Handler)
        if tls is not None:
            # the handshake waits for the thread of the connection, lest one silent client keeps all others out
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    @property
    def url(self) -> str:
        """Where the file is shown, from this machine."""
        host = str(self.server_address[0])
        name = "localhost" if ipaddress.ip_address(host).is_unspecified else f"[{host}]" if ":" in host else host
        return f"{self.scheme}://{name}:{self.server_address[1]}/?file={quote(self.file.name)}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, or spoke no TLS, is no news."""


def open_server(
    file: Path, host: str = "127.0.0.1", port: int = 0, cert: Path | None = None, key: Path | None = None
) -> ViewServer:
    """A server that listens already; port 0: any free one. RequestError: the address or the certificate cannot be used."""
    try:
        return ViewServer(file, host, port, _tls(cert, key))
    except OSError as error:
        raise RequestError(f"--host, --port: expected an address to listen at, got {host}:{port}: {error.strerror or error}") from None  # fmt: skip


def _tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None and key is None:
        return None
    if cert is None or key is None:
        raise RequestError("--tls-cert: expected --tls-cert and --tls-key together, got one of them")

    def no_password() -> str:  # else OpenSSL would ask on the terminal
        raise RequestError(f"--tls-key: expected a key without a password, got {str(key)!r}")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key, no_password)
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or error
        raise RequestError(f"--tls-cert: expected a certificate and its key in PEM, got {str(cert)!r}: {reason}") from None  # fmt: skip
    return context


@cache
def _bundle() -> dict[str, bytes]:
    """Path of a request -> a file of the viewer. MissingPartError where the package was made without it."""
    root = resources.files("seedscape").joinpath("viewer")
    if not isinstance(root, Path) or not (root / "index.html").is_file():
        raise MissingPartError("expected the viewer in the package, got none; npm ci --prefix viewer && npm run build --prefix viewer")  # fmt: skip
    files = {f"/viewer/{path.relative_to(root).as_posix()}": path for path in root.rglob("*") if path.is_file()}
    return {"/": (root / "index.html").read_bytes()} | {name: path.read_bytes() for name, path in files.items()}


class _Handler(BaseHTTPRequestHandler):
    server: ViewServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "seedscape", ""
    timeout = PATIENCE_S

    def do_GET(self) -> None:
        """The page, a file of its bundle, or the GLB."""
        address = urlsplit(self.path)
        if not self._is_host_known():
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        elif address.path == FILE_URL:
            self._send_file()
        elif address.path == "/" and "file=" not in address.query:
            self._head(HTTPStatus.FOUND, {"location": f"/?file={quote(self.server.file.name)}", "content-length": "0"})
        elif (data := self.server.bundle.get(address.path)) is not None:
            kind = self._kind("index.html" if address.path == "/" else address.path)
            keep = "public, max-age=31536000, immutable" if address.path.startswith("/viewer/assets/") else "no-cache"
            self._head(HTTPStatus.OK, {"content-type": kind, "cache-control": keep, "content-length": str(len(data))})
            if self.command != "HEAD":
                self.wfile.write(data)
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is for the person."""

    def _send_file(self) -> None:
        try:
            file = self.server.file.open("rb")
        except OSError:
            return self._refuse(HTTPStatus.NOT_FOUND)
        with file:
            facts = os.fstat(file.fileno())
            headers = {
                "content-type": "model/gltf-binary",
                "cache-control": "no-cache",
                "etag": f'"{facts.st_size:x}-{facts.st_mtime_ns:x}"',
                "accept-ranges": "bytes",
            }
            if self.headers.get("if-none-match") == headers["etag"]:
                return self._head(HTTPStatus.NOT_MODIFIED, headers)
            size = facts.st_size
            start, end = 0, size
            status = HTTPStatus.OK
            if (span := _span(self.headers.get("range"), size)) is not None:
                start, end = span
                status = HTTPStatus.PARTIAL_CONTENT if start < end else HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
                headers["content-range"] = f"bytes {start}-{end - 1}/{size}" if start < end else f"bytes */{size}"
            self._head(status, headers | {"content-length": str(end - start)})
            if self.command == "HEAD":
                return
            file.seek(start)
            while start < end and (data := file.read(min(CHUNK, end - start))):
                self.wfile.write(data)
                start += len(data)
            self.close_connection |= start < end  # it became shorter meanwhile

    def _is_host_known(self) -> bool:
        hosts = self.headers.get_all("host") or []
        try:
            name = (urlsplit(f"//{hosts[0]}").hostname or "") if len(hosts) == 1 else ""
        except ValueError:
            return False
        if name in self.server.names:
            return True
        try:
            ipaddress.ip_address(name)  # an address names this machine, whoever asks; a name may be lent
        except ValueError:
            return False
        return True

    def _refuse(self, status: HTTPStatus) -> None:
        text = f"{status.value} {status.phrase}\n".encode()
        self._head(status, {"content-type": "text/plain", "cache-control": "no-store", "content-length": str(len(text))})  # fmt: skip
        if self.command != "HEAD":
            self.wfile.write(text)

    def _head(self, status: HTTPStatus, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in (HEADERS | headers).items():
            self.send_header(name, value)
        self.end_headers()

    @staticmethod
    def _kind(path: str) -> str:
        suffix = Path(path).suffix
        return KINDS.get(suffix) or mimetypes.guess_type(path)[0] or "application/octet-stream"


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """(start, end) of a single byte range (RFC 9110, 14.1.2), empty where it lies outside; None: send everything."""
    match = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", header or "")
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        return max(0, size - int(match[2])), size
    start, end = int(match[1]), size if match[2] == "" else min(size, int(match[2]) + 1)
    if match[2] != "" and int(match[2]) < start:
        return None
    return (start, end) if start < size else (size, size)
