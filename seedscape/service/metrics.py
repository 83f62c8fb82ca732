"""Figures for Prometheus."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """One service's figures, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "seedscape_requests", "Requests answered.", ("method", "route", "status"), registry=self._registry
        )
        self._seconds = Histogram(
            "seedscape_request_seconds", "Time to the first byte of the answer.", ("route",), buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self._jobs = Gauge("seedscape_jobs", "Jobs in the database.", ("status",), registry=self._registry)
        self._workers = Gauge("seedscape_workers", "Worker processes that run.", registry=self._registry)
        self._restarts = Gauge("seedscape_worker_restarts", "Workers started anew.", registry=self._registry)
        self._streams = Gauge("seedscape_streams", "Clients that follow events or wait.", registry=self._registry)
        self._connections = Gauge("seedscape_connections", "Open connections.", registry=self._registry)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer. route: the pattern, never the path, so that the number of series is bounded."""
        known = method if method in ("GET", "HEAD", "POST", "DELETE") else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, jobs: Mapping[str, int], workers: int, restarts: int, streams: int, connections: int) -> bytes:
        """Everything in Prometheus' text format."""
        for status, count in jobs.items():
            self._jobs.labels(status).set(count)
        self._workers.set(workers)
        self._restarts.set(restarts)
        self._streams.set(streams)
        self._connections.set(connections)
        return generate_latest(self._registry)
