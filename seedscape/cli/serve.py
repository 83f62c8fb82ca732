"""`seedscape serve`: the HTTP service."""

import os
from pathlib import Path

import click

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.cli.request import real_number, whole_number
from seedscape.scene.spec import shown


@click.command()
@click.option("--host", default="127.0.0.1", metavar="H", help="Address to listen at.  [127.0.0.1]")
@click.option("--port", default="8420", metavar="P", help="0: any free one.  [8420]")
@click.option("--store", default="seedscape-store", metavar="DIR", help="Finished work and jobs.  [seedscape-store]")
@click.option("--store-size", metavar="SIZE", help="Remove the longest unused files beyond so much: 50G, 800M.")
@click.option("--store-age", metavar="AGE", help="Remove files that nobody used for so long: 30d, 12h.")
@click.option("--token-file", metavar="F", help="Tokens that may ask, one a line; needed beyond loopback.")
@click.option(
    "--allow-host", multiple=True, metavar="NAME", help="A name in the Host header to answer to; as often as needed."
)
@click.option("--tls", metavar="KIND", help="self-signed: HTTPS with a certificate made here.")
@click.option("--tls-cert", metavar="F", help="HTTPS with this certificate (PEM).")
@click.option("--tls-key", metavar="F", help="The key of the certificate (PEM).")
@click.option("--workers", metavar="N", help="Jobs at a time.  [half the cores]")
@click.option(
    "--queue", default="100", metavar="N", help="Jobs that may wait; beyond, clients are told to come back.  [100]"
)
@click.option("--per-client", default="20", metavar="N", help="Unfinished jobs of one token.  [20]")
@click.option("--requests-per-minute", default="600", metavar="N", help="New jobs and samples of one token.  [600]")
@click.option("--job-seconds", default="600", metavar="S", help="Time limit of a job.  [600]")
@click.option("--job-memory-mb", default="4096", metavar="MB", help="Memory limit of a job (Linux).  [4096]")
@click.option("--grace", default="30", metavar="S", help="After SIGTERM, for running jobs.  [30]")
def serve(
    host: str, port: str, store: str, store_size: str | None, store_age: str | None, token_file: str | None, allow_host: tuple[str, ...], tls: str | None,
    tls_cert: str | None, tls_key: str | None, workers: str | None, queue: str, per_client: str,
    requests_per_minute: str, job_seconds: str, job_memory_mb: str, grace: str,
) -> None:  # fmt: skip
    """Offer environments over HTTP, with the viewer at / and the API under /v1 (/openapi.json).

    SIGTERM finishes the running jobs first. What was accepted is not lost, however the service ends.
    """
    from seedscape.cli.store import seconds, size_bytes
    from seedscape.service.settings import Settings, default_workers

    if os.name != "posix":
        raise MissingPartError("expected Linux or macOS for the service, got another system; a container has one")
    if tls not in (None, "self-signed"):
        raise RequestError(f"--tls: expected self-signed, got {shown(tls or '')}")
    if not host or not host.isascii() or "\0" in host:
        raise RequestError(f"--host: expected a name or an address, got {shown(host)}")
    settings = Settings(
        host=host,
        port=whole_number("--port", port, 0, 65535),
        store=_path("--store", store),
        store_bytes=None if store_size is None else size_bytes("--store-size", store_size),
        store_age_s=None if store_age is None else seconds("--store-age", store_age),
        token_file=None if token_file is None else _path("--token-file", token_file),
        tls_cert=None if tls_cert is None else _path("--tls-cert", tls_cert),
        tls_key=None if tls_key is None else _path("--tls-key", tls_key),
        self_signed=tls is not None,
        allow_hosts=allow_host,
        workers=default_workers() if workers is None else whole_number("--workers", workers, 1, 64),
        max_queued=whole_number("--queue", queue, 1, 100_000),
        max_per_client=whole_number("--per-client", per_client, 1, 100_000),
        requests_per_minute=real_number("--requests-per-minute", requests_per_minute, 1, 1e6),
        job_seconds=real_number("--job-seconds", job_seconds, 1, 86400),
        job_memory_mb=whole_number("--job-memory-mb", job_memory_mb, 256, 1 << 20),
        grace_s=real_number("--grace", grace, 0, 3600),
    )
    try:
        from seedscape.service.run import serve as run
    except ImportError as error:
        raise MissingPartError(f"expected the package {error.name}, got none; pip install 'seedscape[serve]'") from None
    run(settings)


def _path(flag: str, text: str) -> Path:
    if not text or "\0" in text:
        raise RequestError(f"{flag}: expected a path, got {shown(text)}")
    return Path(text)
