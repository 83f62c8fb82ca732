"""The viewer page: the files of its built bundle, which lies in the package, and nothing else."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from seedscape.service.problems import Problem

# WebAssembly: the decoders of meshopt and KTX2. blob: and data:, pictures and workers that three.js makes itself.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:;"
    " font-src 'self'; media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self' blob:; manifest-src 'self';"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
KINDS = {".js": "text/javascript", ".wasm": "application/wasm", ".glb": "model/gltf-binary", ".ktx2": "image/ktx2"}
INDEX = "index.html"


@dataclass(frozen=True)
class Page:
    """A file of the bundle. hashed: its name has a hash of what is in it, so it never changes."""

    data: bytes
    kind: str
    tag: str
    hashed: bool


@cache
def bundle() -> dict[str, Page]:
    """Path within the bundle -> file; empty where the package was made without the viewer."""
    root = resources.files("seedscape").joinpath("viewer")
    if not isinstance(root, Path) or not root.is_dir():
        return {}
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_file() and path.suffix != ".py":
            data = path.read_bytes()
            kind = KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            kind += "; charset=utf-8" if kind.startswith("text/") else ""
            name = path.relative_to(root).as_posix()
            tag = f'"{hashlib.sha256(data).hexdigest()}"'
            found[name] = Page(data, kind, tag, name.startswith("assets/"))
    return found


async def index(request: Request) -> Response:
    """GET /: the page itself. What a share link says after the question mark is read by the page."""
    return _answer(request, INDEX)


async def file(request: Request) -> Response:
    """GET /viewer/...: a file of the bundle."""
    return _answer(request, request.path_params["name"] or INDEX)


def _answer(request: Request, name: str) -> Response:
    page = bundle().get(name)  # a table of known names: no path of a request ever reaches the file system
    if page is None:
        raise Problem("not_found", "expected a file of the viewer, got another")
    headers = {
        "etag": page.tag,
        "cache-control": "public, max-age=31536000, immutable" if page.hashed else "no-cache",
        "content-security-policy": POLICY,
        "permissions-policy": "xr-spatial-tracking=(self), camera=(), microphone=(), geolocation=()",
    }
    if request.headers.get("if-none-match") == page.tag:
        return Response(status_code=304, headers=headers)
    return Response(page.data, 200, {**headers, "content-type": page.kind})
