"""A Ray cluster of two nodes on this machine: one is killed in the middle, and all is there in the end."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seedscape.assets.batch import Batch
from seedscape.assets.errors import RequestError
from tests.assets.stub_jobs import MAKE, stubs
from tests.assets.test_batch import lines, run, tree

JOBS = 16
DRIVER = """
import json, sys
from ray.cluster_utils import Cluster
from seedscape.assets import Batch
from tests.assets.stub_jobs import MAKE, stub, stubs

def patiently(begin):
    for k in range(6):  # a node has 30 s to come up, which a busy machine may not give it
        try:
            return begin()
        except Exception:
            if k == 5:
                raise


if __name__ == "__main__":
    node = {"num_cpus": 1, "node_ip_address": "127.0.0.1"}
    head = {**node, "include_dashboard": False}
    cluster = patiently(lambda: Cluster(initialize_head=True, head_node_args=head))
    second = patiently(lambda: cluster.add_node(**node))
    seen = {"killed_after": None, "most": 0}

    def kill(status):
        seen["most"] = max(seen["most"], status.running)
        if seen["killed_after"] is None and status.done >= 3 and status.running == 2:
            seen["killed_after"] = status.done
            cluster.remove_node(second, allow_graceful=False)

    jobs = stubs(int(sys.argv[3]), seconds=0.3, log=sys.argv[2])
    summary = Batch(sys.argv[1], [*jobs, stub(99, do="raise")], make=MAKE, ray=cluster.address).run(kill)
    print(json.dumps({**seen, "done": summary.done, "made": summary.made, "failed": list(summary.failed.values())}))
    cluster.shutdown()
"""


def on_a_cluster(folder: Path) -> dict[str, Any]:
    (folder / "driver.py").write_text(DRIVER)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # loopback addresses stay what they are
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "0123456789abcdef" * 4,
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_raylet_start_wait_time_s": "120",  # on a busy machine
    }
    command = [sys.executable, "driver.py", str(folder / "b"), str(folder / "log"), str(JOBS)]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.returncode == 0, done.stderr[-3000:]
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


@pytest.mark.slow
def test_a_node_that_dies_takes_no_job_along(tmp_path: Path) -> None:
    seen = on_a_cluster(tmp_path)
    assert seen["most"] == 2 and seen["killed_after"] < JOBS  # both nodes worked
    assert (seen["done"], seen["made"], seen["failed"]) == (JOBS, JOBS, ["ValueError: seed 99 does not like this"])
    begun = [int(seed) for seed, *_ in lines(tmp_path / "log")]
    assert set(begun) == set(range(JOBS)) and len(begun) <= JOBS + 1  # the one in flight on that node
    alone = tmp_path / "alone"
    run(alone, stubs(JOBS, seconds=0.0, log=str(tmp_path / "log")))
    places = [f"environments/{job.name}/{job.values['spec']['seed']}.glb" for job in stubs(JOBS)]
    assert [tree(tmp_path / "b")[place] for place in places] == [tree(alone)[place] for place in places]


@pytest.mark.parametrize("address", ["203.0.113.5:6379", "cluster.example:6379", "[2001:db8::1]:6379"])
def test_beyond_loopback_a_token_is_required(tmp_path: Path, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    batch = Batch(tmp_path / "b", stubs(1), make=MAKE, ray=address)
    with pytest.raises(RequestError, match="token authentication"):
        batch.run()
    monkeypatch.setenv("RAY_AUTH_MODE", "token")  # and still no token
    with pytest.raises(RequestError, match="token authentication"):
        batch.run()


def test_where_nobody_listens_is_said_at_once(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and not listening
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(RequestError, match="got none: .*refused"):
            Batch(tmp_path / "b", stubs(1), make=MAKE, ray=address).run()


@pytest.mark.parametrize("address", ["", "nowhere", "host:port", "http://host:1", ":1"])
def test_addresses_are_checked(tmp_path: Path, address: str) -> None:
    with pytest.raises(RequestError, match="--ray: expected auto or HOST:PORT"):
        Batch(tmp_path / "b", stubs(1), make=MAKE, ray=address).run()
