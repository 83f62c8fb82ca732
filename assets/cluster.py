"""Workers on a Ray cluster: the same jobs by the same function, in actors that keep their models loaded.

State lies in the files of the batch's folder, which all machines share; Ray only carries jobs. An actor is given one job at a
time. When its machine dies the job goes back to the queue, and the actor comes back on a machine that lives (max_restarts=-1)
and is used again once it answers.
"""

import ipaddress
import logging
import os
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.assets.job import Job, JobFunction, Outcome, do_job, load_function
from seedscape.assets.workers import limit_threads

ANSWER_S = 10.0  # for a connection to the cluster's head
_TOKEN_HELP = "set RAY_AUTH_MODE=token and give every machine the token (ray get-auth-token --generate)"


@dataclass
class _Slot:
    """An actor. waits: for its answer to "are you there", or for its job to end."""

    actor: Any
    waits: Any
    job: Job | None = None
    since: float = 0.0
    late: bool = False

    @property
    def idle(self) -> bool:
        return self.waits is None and self.job is None


class RayWorkers:
    """An `Executor` on a Ray cluster."""

    def __init__(
        self,
        function: JobFunction | str,
        folder: Path,
        address: str,
        workers: int | None,
        time_limit_s: float,
        threads: int = 1,
    ) -> None:
        """address: "auto", or HOST:PORT. workers: actors; None: as many as the cluster has cores.

        MissingPartError: Ray is not installed. RequestError: no cluster answers there, or it reaches beyond this machine
        without a token.
        """
        host = _host(address)
        if _is_loopback(host):  # else Ray would look for the cluster at this machine's outer address
            os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
        try:
            import ray
        except ImportError as error:
            raise MissingPartError(
                f"--ray needs Ray ({error}); install it with: pip install 'seedscape[cluster]'"
            ) from None
        self._ray: Any = ray  # partly untyped
        self._folder, self._time_limit_s, self._threads = str(folder.absolute()), time_limit_s, threads
        self._connect(address, host)
        cores = int(self._ray.cluster_resources().get("CPU", 0))
        self._wanted = workers if workers is not None else max(1, cores // threads)
        if workers is not None:
            self._threads = threads = max(1, cores // workers)
        # Tasks of an actor are not tried again by Ray: the batch does, after a look at what is done.
        options = {"num_cpus": threads, "max_restarts": -1, "max_task_retries": 0}
        self._kind = self._ray.remote(**options)(_Worker)
        self._function = function
        self._slots = [self._new_slot() for _ in range(self._wanted)]

    def free(self) -> int:
        return sum(slot.idle for slot in self._slots)

    def running(self) -> list[Job]:
        return [slot.job for slot in self._slots if slot.job is not None]

    def submit(self, job: Job) -> None:
        slot = next(slot for slot in self._slots if slot.idle)
        slot.job, slot.since, slot.late = job, time.monotonic(), False
        slot.waits = slot.actor.do.remote(self._folder, job, self._threads)

    def finished(self, timeout_s: float) -> list[tuple[Job, Outcome]]:
        waits = {slot.waits: slot for slot in self._slots if slot.waits is not None}
        if not waits:
            time.sleep(timeout_s)
            return []
        ready, _ = self._ray.wait(list(waits), num_returns=1, timeout=timeout_s)
        if ready:  # and whatever else is ready too
            ready, _ = self._ray.wait(list(waits), num_returns=len(waits), timeout=0)
        ended = []
        for slot in (waits[ref] for ref in ready):
            outcome, job, slot.job = self._receive(slot), slot.job, None
            if job is not None and outcome is not None:
                ended.append((job, outcome))
        for slot in self._slots:
            if slot.job is not None and not slot.late and time.monotonic() - slot.since > self._time_limit_s:
                slot.late = True
                self._ray.kill(slot.actor, no_restart=False)  # its wait ends with an error
        return ended

    def close(self) -> None:
        with suppress(Exception):
            for slot in self._slots:
                self._ray.kill(slot.actor)
        self._ray.shutdown()

    def _receive(self, slot: _Slot) -> Outcome | None:
        """How the job of an actor ended; None where there was none. An actor that died is asked whether it is back."""
        from ray.exceptions import RayActorError, RayError

        ref, slot.waits = slot.waits, None
        try:
            outcome: Outcome | None = self._ray.get(ref)
            return outcome
        except RayActorError as error:
            slot.waits = slot.actor.ready.remote()
            if slot.late:
                return Outcome("time", f"took longer than {self._time_limit_s:g} s")
            return Outcome("died", f"its worker died: {' '.join(str(error).split())[:200]}")
        except RayError as error:
            return Outcome("error", f"Ray: {' '.join(str(error).split())[:300]}")

    def _new_slot(self) -> _Slot:
        actor = self._kind.remote(self._function)
        return _Slot(actor, actor.ready.remote())

    def _connect(self, address: str, host: str) -> None:
        if host and not _is_loopback(host):
            _require_token(address)
        if host:  # Ray itself would try for many minutes
            try:
                socket.create_connection((host, int(address.rpartition(":")[2])), ANSWER_S).close()
            except (OSError, OverflowError) as error:
                raise RequestError(f"--ray: expected a Ray cluster at {address}, got none: {error}") from None
        try:
            self._ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, configure_logging=False)
        except Exception as error:  # noqa: BLE001  Ray raises a dozen kinds here
            said = " ".join(str(error).split())[:300]
            raise RequestError(f"--ray: expected a Ray cluster at {address}, got none: {said}") from None
        beyond = sorted(
            node["NodeManagerAddress"]
            for node in self._ray.nodes()
            if node["Alive"] and not _is_loopback(node["NodeManagerAddress"])
        )
        if beyond:
            try:
                _require_token(beyond[0])
            except RequestError:
                self._ray.shutdown()
                raise


class _Worker:
    """The actor."""

    def __init__(self, function: JobFunction | str) -> None:
        self._function = function

    def ready(self) -> None:
        """Answers when the actor lives; the function is loaded by then."""
        with suppress(Exception):  # the job itself will say what is wrong
            load_function(self._function)

    def do(self, folder: str, job: Job, threads: int) -> Outcome:
        limit_threads(threads)
        return do_job(self._function, folder, job, threads)


def _host(address: str) -> str:
    """Of HOST:PORT; "" of auto."""
    host, _, port = address.rpartition(":")
    if address != "auto" and not (host and port.isdecimal() and "/" not in host):
        raise RequestError(f"--ray: expected auto or HOST:PORT, got {address[:80]!r}")
    return host.strip("[]")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _require_token(place: str) -> None:
    """RequestError unless this process will show a token: a cluster without one runs anybody's code."""
    path = os.environ.get("RAY_AUTH_TOKEN_PATH") or Path.home() / ".ray" / "auth_token"
    has_token = bool(os.environ.get("RAY_AUTH_TOKEN")) or Path(path).is_file()
    if os.environ.get("RAY_AUTH_MODE") != "token" or not has_token:
        raise RequestError(f"--ray: expected token authentication for {place}, which is beyond loopback; {_TOKEN_HELP}")
