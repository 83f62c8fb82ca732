"""What an operator may choose about the service, with the limits that keep it upright."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from seedscape.assets.errors import RequestError

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
MAX_BODY_BYTES = 64 << 10
MAX_HEADER_BYTES = 32 << 10
MAX_HEADERS = 100
MAX_TARGET_BYTES = 4 << 10  # path and query
MAX_WAIT_S = 60  # of Prefer: wait=N
MAX_KEY_CHARACTERS = 200  # of Idempotency-Key
MAX_PAGE = 200  # environments in one answer


def default_workers() -> int:
    """One worker for every two cores: each computes on its share of them."""
    return max(1, min(8, (os.cpu_count() or 1) // 2))


@dataclass(frozen=True)
class Settings:
    """host, port: where to listen; port 0 lets the system choose. store: folder of finished work and of the jobs.

    token_file: one token a line; without it everyone who reaches the port may ask, so it must be a loopback one.
    allow_hosts: names in the Host header beside the loopback ones and `host`.
    """

    host: str = "127.0.0.1"
    port: int = 8420
    store: Path = field(default_factory=lambda: Path("seedscape-store"))
    store_bytes: int | None = None  # files beyond are removed, the longest unused first; None: all are kept
    store_age_s: float | None = None  # files unused for so long are removed; None: all are kept
    store_young_s: float = 3600.0  # whatever was made or used within stays
    tidy_s: float = 300.0  # between two looks at the store
    token_file: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None
    self_signed: bool = False
    allow_hosts: tuple[str, ...] = ()
    workers: int = field(default_factory=default_workers)
    threads: int | None = None  # of one worker; None: cores / workers
    max_queued: int = 100  # jobs that wait; beyond: 503
    max_per_client: int = 20  # jobs of one client that wait or run; beyond: 429
    requests_per_minute: float = 600.0  # of one client, of those that cost something: creating and sampling
    job_seconds: float = 600.0
    job_memory_mb: int = 4096
    attempts: int = 3  # a job whose worker dies so often has failed
    recycle_after: int = 50  # jobs, then a worker is replaced by a fresh one
    lease_s: float = 15.0
    grace_s: float = 30.0  # after SIGTERM, for running jobs
    keep: int = 10_000  # finished environments that are remembered
    max_connections: int = 1000
    max_streams: int = 256  # clients that follow events or wait
    header_s: float = 10.0  # a request's headers must be there by then
    body_s: float = 10.0  # and its body by then
    write_s: float = 60.0  # a client that takes nothing for so long is dropped
    heartbeat_s: float = 15.0  # between comments in a silent event stream
    sample_seconds: float = 30.0
    job: str = "seedscape.service.work:make"  # module:function that computes; tests put in a quick one
    sampler: str = "seedscape.service.draw:draw"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def hosts(self) -> frozenset[str]:
        """The names that the Host header may have, in lower case, without ports."""
        return frozenset(name.lower().strip("[]") for name in (*LOOPBACK_NAMES, self.host, *self.allow_hosts))

    @property
    def worker_threads(self) -> int:
        """Threads that one worker may use."""
        return self.threads or max(1, (os.cpu_count() or 1) // self.workers)


def require_safe(settings: Settings) -> None:
    """RequestError where the service would let strangers in, or the certificate is half given."""
    if not settings.is_loopback and settings.token_file is None:
        raise RequestError(
            f"--host: expected --token-file as well for an address beyond loopback, got {settings.host} without it"
        )
    if (settings.tls_cert is None) != (settings.tls_key is None):
        raise RequestError("--tls-cert: expected --tls-cert and --tls-key together, got one of them")
    if settings.self_signed and settings.tls_cert is not None:
        raise RequestError("--tls: expected either self-signed or --tls-cert and --tls-key, got both")


def read_tokens(path: Path) -> tuple[str, ...]:
    """The tokens of a file, one a line; empty lines and those that start with # are left out.

    RequestError: the file cannot be read, holds none, or one that is too short to be safe.
    """
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not ASCII text"
        raise RequestError(f"--token-file: expected a file of tokens, got {str(path)!r}: {reason}") from None
    tokens = tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    if not tokens:
        raise RequestError(f"--token-file: expected at least one token in {str(path)!r}, got none")
    for token in tokens:
        if len(token) < 16 or not all("!" <= c <= "~" for c in token):
            raise RequestError(
                "--token-file: expected tokens of at least 16 printable characters without spaces, got another"
            )
    return tokens
