"""What the service says when it refuses: problem+json (RFC 9457) with a stable code.

`code` never changes its meaning; `pointer` is the JSON pointer (RFC 6901) of the offending field in the request body.
"""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.responses import Response

from seedscape.scene.spec import shown

CONTENT_TYPE = "application/problem+json"

# code -> (status, title). The whole catalogue: docs/service.md and the OpenAPI document are made from it.
CODES: dict[str, tuple[int, str]] = {
    "bad_request": (400, "The request is not understood"),
    "bad_utf8": (400, "The body is not UTF-8"),
    "bad_json": (400, "The body is not JSON"),
    "not_a_number": (400, "JSON has no NaN and no Infinity"),
    "duplicate_key": (400, "A key stands twice in an object"),
    "lone_surrogate": (400, "A text is not valid Unicode"),
    "too_deep": (400, "The body is nested too deeply"),
    "bad_parameter": (400, "A parameter is wrong"),
    "bad_header": (400, "A header is wrong"),
    "unauthorized": (401, "A token is needed"),
    "origin_refused": (403, "Pages of other sites may not ask"),
    "not_found": (404, "There is nothing here"),
    "method_not_allowed": (405, "This cannot be done here"),
    "request_timeout": (408, "The body came too slowly"),
    "key_reused": (409, "The idempotency key was used with another body"),
    "body_too_large": (413, "The body is too large"),
    "target_too_long": (414, "The path and query are too long"),
    "unsupported_media_type": (415, "The body is of another kind"),
    "range_not_satisfiable": (416, "The range lies outside"),
    "host_refused": (421, "The host is not served here"),
    "invalid_field": (422, "A field is wrong"),
    "unknown_field": (422, "A field is not known"),
    "too_many_jobs": (429, "Too many jobs of this client"),
    "too_many_requests": (429, "Too many requests of this client"),
    "headers_too_large": (431, "The headers are too large"),
    "internal_error": (500, "Something went wrong here"),
    "queue_full": (503, "The queue is full"),
    "draining": (503, "The service is shutting down"),
    "too_many_connections": (503, "Too many connections"),
    "not_ready": (503, "Not ready"),
    "sample_failed": (503, "The sample could not be drawn"),
}
# How a job may fail; these stand in the status of an environment, which itself is answered with 200.
JOB_CODES: dict[str, str] = {
    "job_refused": "The environment cannot be made as asked",
    "part_missing": "A part that is needed is missing on the server",
    "job_error": "The job failed",
    "memory_limit": "The job took too much memory",
    "time_limit": "The job took too long",
    "worker_died": "The job's process died too often",
}


class Problem(Exception):
    """A refusal. detail: one line with what was expected and what came. errors: further ones of the same request."""

    def __init__(
        self,
        code: str,
        detail: str,
        pointer: str | None = None,
        headers: Mapping[str, str] | None = None,
        errors: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.pointer = code, detail, pointer
        self.status, self.title = CODES[code]
        self.headers = dict(headers or {})
        self.errors = errors or []

    def body(self) -> dict[str, Any]:
        """The JSON of the refusal."""
        body: dict[str, Any] = {
            "type": f"urn:seedscape:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": shown(self.detail, 600),
        }
        if self.pointer is not None:
            body["pointer"] = shown(self.pointer, 200)
        if self.errors:
            body["errors"] = self.errors
        return body

    def response(self) -> Response:
        """The answer. Refusals are never cached."""
        headers = {"cache-control": "no-store", **self.headers}
        return Response(encode(self.body()), self.status, headers, CONTENT_TYPE)


def encode(value: Any) -> bytes:
    """JSON as the service sends it: compact, ASCII, without NaN."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).encode()


def job_problem(code: str, detail: str) -> dict[str, str]:
    """Why a job failed, as it stands in its status."""
    return {"code": code, "title": JOB_CODES[code], "detail": shown(" ".join(detail.split()), 600)}


def problem_of_status(status: int, headers: Mapping[str, str] | None = None) -> Problem:
    """The refusal that the router itself would have answered in its own words."""
    code = {404: "not_found", 405: "method_not_allowed"}.get(status, "bad_request")
    phrase = HTTPStatus(status).phrase
    expected = {404: "expected a path of the API (see /openapi.json), got another"}
    return Problem(code, expected.get(status, f"expected another request, got one that is: {phrase}"), headers=headers)
