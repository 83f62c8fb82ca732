"""/healthz, /readyz, /metrics."""

import shutil

from starlette.requests import Request
from starlette.responses import Response

from seedscape import __version__
from seedscape.service import jobs
from seedscape.service.core import core_of
from seedscape.service.metrics import CONTENT_TYPE
from seedscape.service.problems import Problem, encode

LEAST_FREE_BYTES = 256 << 20


async def healthz(request: Request) -> Response:
    """Alive: the event loop turns. Looks at nothing else, so a restart is never caused by a full disk."""
    return Response(b'{"status":"ok"}', 200, None, "application/json")


async def readyz(request: Request) -> Response:
    """Ready for work: workers run, the database answers, the disk has room, nobody asked it to stop."""
    core = core_of(request)
    if core.draining:
        raise Problem("draining", "expected a service that goes on, got one that is shutting down")
    if not core.supervisor.alive:
        raise Problem("not_ready", "expected at least one worker, got none")
    counts = await core.offload.run(jobs.counts)
    if shutil.disk_usage(core.store.folder).free < LEAST_FREE_BYTES:
        raise Problem("not_ready", f"expected {LEAST_FREE_BYTES >> 20} MB free in the store, got less")
    body = {"status": "ready", "version": __version__, "workers": core.supervisor.alive, "queued": counts["queued"]}
    return Response(encode(body), 200, None, "application/json")


async def metrics(request: Request) -> Response:
    """Figures in Prometheus' text format."""
    core = core_of(request)
    counts = await core.offload.run(jobs.counts)
    text = core.metrics.text(
        counts, core.supervisor.alive, core.supervisor.restarts, core.streams, len(core.connections)
    )
    return Response(text, 200, {"content-type": CONTENT_TYPE})
