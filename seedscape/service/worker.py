"""A worker process: takes works from the job database one after the other. Started by the supervisor, see there.

Standard input brings one line of settings, then a line for every new work; when it closes, the process ends.
SIGTERM: finish the work at hand, then end.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from seedscape.api import Progress
from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.assets.memory import release_memory, resident_bytes
from seedscape.assets.store import Store
from seedscape.service import leases
from seedscape.service.database import Database
from seedscape.service.leases import LeaseLost, Work
from seedscape.service.logs import set_up_logs
from seedscape.service.problems import job_problem
from seedscape.service.process import (
    end_with_parent,
    limit_memory,
    load,
    read_settings,
    watch,
    yield_to_service,
)
from seedscape.service.work import finished

POLL_S = 2.0  # new works are announced; this is for announcements that were missed

log = logging.getLogger("seedscape.worker")


def main() -> None:
    """Work until told to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the service decides
    settings = read_settings()
    end_with_parent(settings["parent"])
    yield_to_service()
    limit_memory(2 * settings["memory_mb"])
    set_up_logs()
    Worker(settings).run()


class Worker:
    """One process's loop; `owner` is the name under which it holds works."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.owner: str = settings["owner"]
        self.lease_s: float = settings["lease_s"]
        self.attempts: int = settings["attempts"]
        self.left: int = settings["recycle_after"]
        self.memory_mb: int = settings["memory_mb"]
        self.threads: int = settings["threads"]
        self.path = Path(settings["database"])
        self.store = Store(settings["store"])
        self.database = Database(self.path)
        self.make: Callable[..., dict[str, Any]] = load(settings["job"])
        self.current: Work | None = None
        self.stopping = False
        self.wake = threading.Event()

    def run(self) -> None:
        """Take and do works until told to end, or until it is time for a fresh process."""
        signal.signal(signal.SIGTERM, self._stop)
        watch(self.wake.set)
        threading.Thread(target=self._hold, daemon=True, name="lease").start()
        while not self.stopping and self.left > 0:
            self.wake.clear()
            work = leases.take(self.database, self.owner, self.lease_s)
            if work is None:
                self.wake.wait(POLL_S)
                continue
            self.left -= 1
            self.current = work
            try:
                self._do(work)
            except LeaseLost:
                leases.give_up(self.database, self.owner, self.attempts)
                log.info("job given up", extra={"job": work.id})
            finally:
                self.current = None
            release_memory()
            if (
                resident_bytes(os.getpid()) > (self.memory_mb << 20) / 2
            ):  # what is left must not count for the next work
                log.info("worker is large")
                break

    def _do(self, work: Work) -> None:
        began = time.perf_counter()
        log.info("job started", extra={"job": work.id, "attempt": work.attempt})
        try:
            assets = finished(self.store, work.key)  # an earlier attempt may have got as far as this
            if assets is None:
                assets = self.make(
                    work, self.store, self.threads, self._teller(work),
                )  # fmt: skip
        except LeaseLost:
            raise
        except MemoryError:
            self._fail(work, "memory_limit", "expected the job to fit into its memory, got an allocation that did not")
        except RequestError as error:
            self._fail(work, "job_refused", str(error))
        except MissingPartError as error:
            self._fail(work, "part_missing", str(error))
        except Exception as error:
            log.exception("job error", extra={"job": work.id})
            # its words may hold paths of this machine; they are in the log
            self._fail(work, "job_error", f"internal error, {type(error).__name__}")
        else:
            leases.finish(self.database, work.id, self.owner, assets)
            seconds = round(time.perf_counter() - began, 3)
            log.info("job done", extra={"job": work.id, "seconds": seconds})

    def _teller(self, work: Work) -> Progress:
        """A progress that is written down, and that never goes back."""
        most = 0.0

        def tell(stage: str, share: float) -> None:
            nonlocal most
            most = max(most, min(1.0, share))
            leases.tell(self.database, work.id, self.owner, stage, most)

        return tell

    def _fail(self, work: Work, code: str, detail: str) -> None:
        log.warning("job failed", extra={"job": work.id, "code": code, "detail": detail})
        leases.fail(self.database, work.id, self.owner, job_problem(code, detail))

    def _hold(self) -> None:
        """Renew the lease of the work at hand; when it is lost, the process ends."""
        database = Database(self.path)
        while True:
            time.sleep(self.lease_s / 3)
            work = self.current
            if work is not None:
                try:
                    leases.renew(database, work.id, self.owner, self.lease_s)
                except LeaseLost:
                    if self.current is work:
                        log.warning("lease lost", extra={"job": work.id})
                        os._exit(4)

    def _stop(self, number: int, frame: object) -> None:
        self.stopping = True
        self.wake.set()


if __name__ == "__main__":
    main()
