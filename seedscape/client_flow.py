"""What both clients of the service have in common: flows of requests without the waiting, and readers of answers."""

import hashlib
import json
import random
import secrets
from collections.abc import Generator
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import httpx

from seedscape.assets.errors import RequestError, SeedscapeError

DEFAULT_URL = "http://127.0.0.1:8420"
ENDED = ("done", "failed", "cancelled")
BUSY = (408, 425, 429, 502, 503, 504)
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 30.0
SILENCE_S = 60.0  # the service says something in an event stream at least every 15 s


class ServiceError(SeedscapeError):
    """The service cannot be reached or refuses. code: its own word, e.g. "queue_full"; status: of HTTP, 0 without one."""

    def __init__(self, message: str, code: str = "", status: int = 0) -> None:
        super().__init__(message)
        self.code, self.status = code, status


@dataclass(frozen=True)
class Made:
    """A finished environment. spec: resolved; preview: PNG, None where there is none; manifest: as `generate` writes it."""

    id: str
    spec: dict[str, Any]
    glb: bytes
    preview: bytes | None
    manifest: dict[str, Any]
    sha256: str

    def save(self, path: str | PathLike[str]) -> Path:
        """Write FILE.glb, and FILE.png and FILE.json beside it, as `seedscape generate` does. RequestError: no such place."""
        from seedscape.assets.files import write_group
        from seedscape.manifest import encode_manifest

        glb = Path(path)
        if glb.suffix.lower() != ".glb":
            raise RequestError(f"expected a name that ends in .glb, got {str(path)!r}")
        files: dict[str | PathLike[str], bytes] = {glb.with_suffix(".json"): encode_manifest(self.manifest)}
        if self.preview is not None:
            files[glb.with_suffix(".png")] = self.preview
        files[glb] = self.glb
        write_group(files)
        return glb


@dataclass(frozen=True)
class Ask:
    """A request that the flow wants made; the answer, or the error of the transport, is sent back into it."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any = None


@dataclass(frozen=True)
class Pause:
    seconds: float


Answer = httpx.Response | httpx.TransportError
Flow = Generator[Ask | Pause, Answer | None, httpx.Response]


class BaseClient:
    """What both clients have in common: the flows, without the waiting."""

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        token: str | None = None,
        *,
        retries: int = 6,
        timeout_s: float = 30.0,
        verify: str | bool = True,
    ) -> None:
        """verify: False or the path of a certificate, for a service with a self-signed one; see httpx."""
        if not base_url.startswith(("http://", "https://")):
            raise RequestError(f"expected a URL that starts with http:// or https://, got {base_url[:80]!r}")
        self._retries = retries
        self._options: dict[str, Any] = {
            "base_url": base_url.rstrip("/"),
            "headers": {"accept": "application/json"} | ({} if token is None else {"authorization": f"Bearer {token}"}),
            "timeout": timeout_s,
            "verify": _trusted(verify),
            "follow_redirects": False,  # the token is for this service alone
        }

    def _request(self, method: str, path: str, headers: dict[str, str] | None = None, body: Any = None) -> Flow:
        """A request, again while the service is busy or away. ServiceError, RequestError: as it refuses."""
        for attempt in range(self._retries + 1):
            answer = yield Ask(method, path, headers or {}, body)
            last = attempt == self._retries
            if isinstance(answer, httpx.Response):
                if answer.status_code < 400:
                    return answer
                if answer.status_code not in BUSY or last:
                    raise refusal(answer)
                asked = answer.headers.get("retry-after", "")
                pause = float(asked) if asked.isdecimal() else 0.0
            else:
                if last:
                    raise ServiceError(
                        f"expected the service to answer, got {type(answer).__name__}: {answer}"
                    ) from answer
                pause = 0.0
            grown = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**attempt)
            # clients that were turned away together must not come back together
            yield Pause(min(LONGEST_PAUSE_S, max(pause, grown * random.uniform(0.5, 1.0))))
        raise AssertionError("unreachable")

    def _submit(self, spec: dict[str, Any], profile: str, textures: str | None, preview: bool) -> Flow:
        body = {"spec": spec, "profile": profile, "textures": textures, "preview": preview}
        # a POST that is sent again because its answer was lost must not count twice
        return self._request("POST", "/v1/environments", {"idempotency-key": secrets.token_hex(16)}, body)


@dataclass(frozen=True)
class Event:
    """kind: "progress" (data: stage, progress, time) or "end" (data: the last status)."""

    kind: str
    data: dict[str, Any]


class EventReader:
    """Reads a stream of server-sent events line by line, and knows where to go on after a break."""

    def __init__(self, identity: str) -> None:
        self.path = f"/v1/environments/{identity_of(identity)}/events"
        self.ended = False
        self._last = self._pending = ""
        self._kind, self._data = "", ""

    @property
    def headers(self) -> dict[str, str]:
        self._kind, self._data = "", ""  # half an event of a broken connection comes again
        return {"accept": "text/event-stream"} | ({"last-event-id": self._last} if self._last else {})

    def accepts(self, response: httpx.Response, last: bool) -> bool:
        """Whether the stream is there to be read. ServiceError: it never will be."""
        if response.status_code >= 400 and (response.status_code not in BUSY or last):
            raise refusal(response)
        return response.status_code == 200

    def read(self, line: str) -> Event | None:
        """Take one line; an event where one is complete."""
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            self._pending = value
        elif name == "event":
            self._kind = value
        elif name == "data":
            self._data += value
        elif line == "" and self._data:
            kind, data = self._kind, self._data
            self._kind, self._data = "", ""
            self.ended = kind == "end"
            self._last = self._pending  # not before: an event that was cut off comes again
            return Event(kind, _parsed(data))
        return None


def content_of(ask: Ask) -> dict[str, Any]:
    return {} if ask.body is None else {"json": ask.body}


def assets_of(status: dict[str, Any]) -> dict[str, Any]:
    if status["status"] == "failed":
        error = status["error"]
        raise ServiceError(f"expected an environment, got a failed job: {error['detail']}", str(error["code"]))
    if status["status"] != "done":
        raise ServiceError(f"expected an environment, got a job that is {status['status']}", str(status["status"]))
    assets: dict[str, Any] = status["assets"]
    return assets


def made_of(status: dict[str, Any], files: dict[str, bytes]) -> Made:
    manifest = _parsed(files["manifest"])
    sha256 = str(status["assets"]["glb"]["sha256"])
    return Made(status["id"], status["spec"], files["glb"], files.get("preview"), manifest, sha256)


def checked(data: bytes, sha256: str) -> bytes:
    digest = hashlib.sha256(data).hexdigest()
    if digest != sha256:
        raise ServiceError(f"expected an asset with SHA-256 {sha256[:12]}, got {digest[:12]}", "damaged")
    return data


def refusal(response: httpx.Response) -> SeedscapeError:
    try:
        problem = response.json()
        detail, code = str(problem["detail"]), str(problem["code"])
    except (ValueError, KeyError, TypeError):
        detail, code = f"an answer with status {response.status_code}", ""
    if response.status_code in (400, 413, 422):
        return RequestError(detail)
    return ServiceError(f"{detail} ({response.status_code} {code})".rstrip(), code, response.status_code)


def object_of(response: httpx.Response) -> dict[str, Any]:
    return _parsed(response.content)


def _parsed(text: str | bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise ServiceError("expected a JSON object from the service, got something else")
    return value


def identity_of(text: str) -> str:
    if not (len(text) == 32 and text.isascii() and text.isalnum()):
        raise RequestError(f"expected the id of an environment, got {text[:80]!r}")
    return text


def sha256_of(text: str) -> str:
    if not (len(text) == 64 and text.isascii() and text.isalnum()):
        raise RequestError(f"expected a SHA-256, got {text[:80]!r}")
    return text


def _trusted(verify: str | bool) -> Any:
    """What httpx takes: True, False, or a context that trusts the certificate in a file as well."""
    if isinstance(verify, bool):
        return verify
    import ssl

    try:
        return ssl.create_default_context(cafile=verify)
    except OSError as error:
        raise RequestError(f"expected a certificate in {verify!r}, got {error.strerror or error}") from None
