"""Claims: one holder at a time, and none for ever."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from seedscape.assets.claims import Claims, _machine, _tokens
from seedscape.assets.processes import started
from tests.patience import PATIENCE_S


@pytest.fixture
def claims(tmp_path: Path) -> Iterator[Claims]:
    made = Claims(tmp_path)
    made.start()
    yield made
    made.close()


def put(path: Path, **changes: object) -> None:
    holder = {"machine": _machine(), "pid": os.getpid(), "started": started(os.getpid()), "token": "another"}
    path.write_text(json.dumps(holder | changes))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_claim_has_one_holder_until_it_is_released(claims: Claims, tmp_path: Path) -> None:
    other = Claims(tmp_path)
    other.start()
    assert claims.take("a") and not other.take("a") and other.take("b")
    assert names(tmp_path) == ["a", "b"]
    other.release("a")  # not its own
    assert not other.take("a")
    claims.release("a")
    assert other.take("a")
    other.close()
    assert names(tmp_path) == []


def test_claims_of_the_dead_are_taken_over_at_once(claims: Claims, tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    put(tmp_path / "gone", pid=child.pid, started="123")
    put(tmp_path / "number_again", pid=os.getppid(), started="1")  # another process has its number now
    put(tmp_path / "earlier_life")  # ours, but of no claim that lives
    put(tmp_path / "alive", pid=os.getppid(), started=started(os.getppid()))
    taken = {name: claims.take(name) for name in ("gone", "number_again", "earlier_life", "alive")}
    assert taken == {"gone": True, "number_again": True, "earlier_life": True, "alive": False}


def test_claims_of_other_machines_live_as_long_as_they_are_touched(tmp_path: Path) -> None:
    claims = Claims(tmp_path, lease_s=30.0)
    put(tmp_path / "touched", machine="elsewhere")
    put(tmp_path / "silent", machine="elsewhere")
    (tmp_path / "half").write_text("{")
    long_ago = time.time() - 31.0
    os.utime(tmp_path / "silent", (long_ago, long_ago))
    assert [claims.take(name) for name in ("touched", "silent", "half")] == [False, True, False]
    os.utime(tmp_path / "half", (long_ago, long_ago))
    assert claims.take("half")
    claims.close()


def test_what_is_held_is_touched(tmp_path: Path) -> None:
    claims = Claims(tmp_path, lease_s=0.06)
    claims.start()
    assert claims.take("a")
    os.utime(tmp_path / "a", (1.0, 1.0))
    deadline = time.monotonic() + PATIENCE_S
    while (tmp_path / "a").stat().st_mtime < 2.0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (tmp_path / "a").stat().st_mtime > 2.0
    claims.close()


KILLED = """
import sys, time
from pathlib import Path
from seedscape.assets.claims import Claims
claims = Claims(Path(sys.argv[1]))
for name in ("a", "now"):
    claims._temporary(name).touch()
print("writing", flush=True)
time.sleep(600)
"""


def test_the_start_sweeps_what_the_dead_left(tmp_path: Path) -> None:
    put(tmp_path / "a.0123456789abcdef", pid=2**22 + 1, started="5")
    put(tmp_path / "b", pid=2**22 + 1, started="5")
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE)
    assert child.stdout is not None and child.stdout.readline() == b"writing\n"
    living = Claims(tmp_path)
    living.start()
    assert len(names(tmp_path)) == 2  # its files, empty as yet
    child.kill()
    child.stdout.close()
    if sys.platform != "linux":
        child.wait()
    else:  # dead, and nobody has waited for it: a zombie
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    living.close()
    claims = Claims(tmp_path)
    claims.start()
    claims.close()
    assert names(tmp_path) == []
    child.wait()


def test_of_many_who_take_a_stale_claim_one_gets_it(tmp_path: Path) -> None:
    for round_ in range(20):
        name = f"claim-{round_}"
        put(tmp_path / name, pid=2**22 + 1, started="5")
        rivals = [Claims(tmp_path) for _ in range(4)]
        _tokens.update(rival._token for rival in rivals)  # as `start` does, which would sweep
        with ThreadPoolExecutor(4) as pool:
            taken = list(pool.map(lambda rival: rival.take(name), rivals))  # noqa: B023  ends within the round
        assert sum(taken) == 1
        for rival in rivals:
            rival.close()


def test_a_file_system_without_links_will_do(claims: Claims, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert claims.take("a") and not Claims(tmp_path).take("a")
    assert names(tmp_path) == ["a"]
