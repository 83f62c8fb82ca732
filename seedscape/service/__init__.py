"""The HTTP service: `seedscape serve`. A spec goes in, GLB files come out; see docs/service.md.

door ............ what a request body may be; the only way in
jobs, leases .... what was accepted and what became of it, in SQLite
supervisor ...... keeps the worker processes alive and within their limits
worker, sampler . the processes that compute
app ............. routes; guard and protocol stand before them
"""

__all__ = ["Settings", "serve"]

from seedscape.service.settings import Settings


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. RequestError: the settings cannot be served."""
    from seedscape.service.run import serve as run

    return run(settings)
