"""What a process holds, and that it gives back what it freed."""

import os
import subprocess
import sys

import pytest

from seedscape.assets.memory import available_bytes, resident_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")


def test_a_process_that_is_not_there_holds_nothing() -> None:
    assert resident_bytes(os.getpid()) > 10_000_000
    assert resident_bytes(2**22 + 1) == 0


def test_some_memory_can_be_had() -> None:
    available = available_bytes()
    assert available is not None and available > 10_000_000


def test_freed_memory_goes_back_to_the_system() -> None:
    """Small blocks with one kept at the end: the C library would hold on to all that lies below it."""
    code = (
        "import os; from seedscape.assets.memory import release_memory, resident_bytes\n"
        "blocks = [bytes(100_000) for _ in range(2000)]; kept = bytes(100_000)\n"
        "del blocks; before = resident_bytes(os.getpid()); release_memory(); print(before, resident_bytes(os.getpid()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert before > 150_000_000 and after < before - 100_000_000
