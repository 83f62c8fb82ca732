"""The service's end of the sampler process: one question at a time, with a time limit, restarted when it fails."""

import asyncio
import json
import logging
import os
import sys
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from seedscape.service.problems import Problem
from seedscape.service.settings import Settings

MAX_WAITING = 16  # questions; beyond: 503
KEPT_BYTES = 32 << 20  # answers that are remembered
MAX_ANSWER = 64 << 20

log = logging.getLogger("seedscape.sampling")


@dataclass(frozen=True)
class Sample:
    """An answer: bytes, content type, further headers."""

    data: bytes
    kind: str
    headers: dict[str, str]


class Sampling:
    """`await ask(wish)`; the process is started by the first question."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self._waiting = 0
        self._kept: OrderedDict[str, Sample] = OrderedDict()
        self._kept_bytes = 0

    async def ask(self, wish: dict[str, Any]) -> Sample:
        """The sample. Problem: sample_failed, or bad_parameter in the sampler's words."""
        question = json.dumps(wish, sort_keys=True)
        if question in self._kept:
            self._kept.move_to_end(question)
            return self._kept[question]
        if self._waiting >= MAX_WAITING:
            raise Problem(
                "sample_failed", f"expected at most {MAX_WAITING} waiting samples, got more", None, {"retry-after": "5"}
            )
        self._waiting += 1
        try:
            async with self._lock:
                sample = await self._ask(question)
        finally:
            self._waiting -= 1
        self._keep(question, sample)
        return sample

    def close(self) -> None:
        """End the process."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    async def _ask(self, question: str) -> Sample:
        done = False
        try:
            async with asyncio.timeout(self._settings.sample_seconds):
                process = await self._running()
                assert process.stdin is not None and process.stdout is not None
                process.stdin.write(question.encode() + b"\n")
                head = json.loads(await process.stdout.readline())
                data = await process.stdout.readexactly(min(int(head.get("bytes", 0)), MAX_ANSWER))
                done = True
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            log.warning("sampler failed", extra={"error": type(error).__name__})
            raise Problem(
                "sample_failed", "expected a sample within its time, got none", None, {"retry-after": "5"}
            ) from None
        finally:
            if not done:  # an answer that nobody took would be mistaken for the next one
                self.close()
                self._process = None
        if "error" in head:
            if head["error"]:
                raise Problem("bad_parameter", head["error"])
            raise Problem("sample_failed", "expected a sample, got an internal error", None, {"retry-after": "5"})
        return Sample(data, head["type"], head["headers"])

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-P", "-m", "seedscape.service.sampler",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            settings = {
                "parent": os.getpid(),
                "memory_mb": self._settings.job_memory_mb,
                "sampler": self._settings.sampler,
            }
            assert self._process.stdin is not None
            self._process.stdin.write(json.dumps(settings).encode() + b"\n")
        return self._process

    def _keep(self, question: str, sample: Sample) -> None:
        self._kept[question] = sample
        self._kept_bytes += len(sample.data)
        while self._kept_bytes > KEPT_BYTES:
            _, dropped = self._kept.popitem(last=False)
            self._kept_bytes -= len(dropped.data)
