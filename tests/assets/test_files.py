import errno
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seedscape.assets import files
from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.assets.files import require_writable, sweep_orphans, write_atomically, write_group
from seedscape.assets.processes import started


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


@contextmanager
def largest_file(num_bytes: int) -> Iterator[None]:
    """A full disk as every user meets it: writes past this size fail (Python ignores the signal that goes with it)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_appears_with_its_bytes_and_nothing_beside_it(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.glb", b"first")
    write_atomically(tmp_path / "a.glb", b"second")
    assert (tmp_path / "a.glb").read_bytes() == b"second"
    assert names(tmp_path) == ["a.glb"]


def test_a_group_appears_together(tmp_path: Path) -> None:
    write_group({tmp_path / "a.glb": b"g" * 100_000, tmp_path / "a.png": b"p", tmp_path / "a.json": b""})
    assert names(tmp_path) == ["a.glb", "a.json", "a.png"]
    assert (tmp_path / "a.glb").read_bytes() == b"g" * 100_000
    assert (tmp_path / "a.json").read_bytes() == b""


def test_the_users_umask_counts(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a", b"")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640


def test_a_missing_folder_is_made_but_not_its_missing_parent(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new" / "a", b"x")
    assert (tmp_path / "new" / "a").read_bytes() == b"x"
    with pytest.raises(RequestError, match="existing folder"):
        write_atomically(tmp_path / "no" / "such" / "a", b"x")
    assert names(tmp_path) == ["new"]


def test_a_folder_that_another_makes_meanwhile_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "new"
    asked: list[str] = []

    def not_yet(path: str) -> bool:
        if not asked and path == str(folder):
            asked.append(path)
            folder.mkdir()
            return False
        return os.path.exists(path) and not os.path.isfile(path)

    monkeypatch.setattr(os.path, "isdir", not_yet)
    write_atomically(folder / "a", b"1")
    assert asked and (folder / "a").read_bytes() == b"1"


def test_links_are_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_atomically(tmp_path / "link", b"x")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "real").read_bytes() == b"x"


def test_places_that_take_no_file_are_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path in (
        str(tmp_path),
        f"{tmp_path}/new/",
        "",
        "a\0b",
        "/dev/null",
        "/dev/full",
        str(tmp_path / "file" / "a"),
        str(tmp_path / ("n" * 300)),
        str(tmp_path / "loop"),
    ):
        for write in (require_writable, lambda p: write_atomically(p, b"x")):
            with pytest.raises(RequestError) as caught:
                write(path)
            assert caught.value.exit_code == 2 and "\n" not in str(caught.value)
    assert Path("/dev/null").is_char_device()
    assert names(tmp_path) == ["file", "loop"] and (tmp_path / "file").read_bytes() == b"old"


def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o555)
    if os.geteuid() == 0:  # root may write anywhere: let the system call say what it says to others

        def refuse(path: str, *arguments: int) -> int:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

        monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(RequestError, match="Permission denied"):
        write_atomically(folder / "a", b"x")
    with pytest.raises(RequestError, match="Permission denied"):
        require_writable(folder / "a")
    assert names(folder) == []


def test_a_full_disk_leaves_the_old_file_and_no_part_of_the_group(tmp_path: Path) -> None:
    (tmp_path / "a.glb").write_bytes(b"old")
    with largest_file(4096), pytest.raises(SeedscapeError, match="disk is full") as caught:
        write_group({tmp_path / "a.json": b"fits", tmp_path / "a.glb": b"x" * 10_000})
    assert caught.value.exit_code == 1
    assert names(tmp_path) == ["a.glb"] and (tmp_path / "a.glb").read_bytes() == b"old"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_space_and_no_quota_are_called_a_full_disk(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:  # some file systems find out only here
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(SeedscapeError, match="disk is full"):
        write_atomically(tmp_path / "a", b"x")
    assert names(tmp_path) == []


def test_ctrl_c_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(source: str, target: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_group({tmp_path / "a": b"x", tmp_path / "b": b"y"})
    assert names(tmp_path) == []


def test_two_paths_to_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="twice"):
        write_group({tmp_path / "a": b"x", str(tmp_path / "." / "a"): b"y"})
    assert names(tmp_path) == []


def test_a_writable_place_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    require_writable(tmp_path / "a")
    require_writable(tmp_path / "b")
    assert names(tmp_path) == ["a"] and (tmp_path / "a").read_bytes() == b"old"


def test_orphans_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = started(child.pid)
    assert child.stdin is not None
    child.stdin.close()
    if sys.platform != "linux":
        child.wait()
    else:  # it has ended, but is still listed: nobody has waited for it
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    host = files._host()
    orphan = tmp_path / f".a.glb.seedscape-tmp-{host}-{child.pid}-{began}-0"
    of_an_earlier_life = tmp_path / f".a.glb.seedscape-tmp-{host}-{os.getpid()}-{started(os.getpid())}-999999"
    number_again = tmp_path / f".a.glb.seedscape-tmp-{host}-{os.getppid()}-1-0"  # another process has its number now
    alive = tmp_path / f".a.glb.seedscape-tmp-{host}-{os.getppid()}-{started(os.getppid())}-0"
    other_host = tmp_path / ".a.glb.seedscape-tmp-00000000-1-5-0"
    other_host_old = tmp_path / ".b.glb.seedscape-tmp-00000000-1-5-0"
    not_ours = tmp_path / ".a.glb.tmp"
    for path in (orphan, of_an_earlier_life, number_again, alive, other_host, other_host_old, not_ours):
        path.write_bytes(b"half")
    long_ago = time.time() - 2 * files.FOREIGN_ORPHAN_AGE_S
    os.utime(other_host_old, (long_ago, long_ago))
    assert sweep_orphans(tmp_path) == 4
    assert names(tmp_path) == sorted(path.name for path in (alive, other_host, not_ours))
    child.wait()


WRITER = """
import sys
from pathlib import Path
from seedscape.assets.files import write_group
folder = Path(sys.argv[1])
for k in range(10**9):
    data = bytes([65 + k % 26]) * 3_000_000
    write_group({folder / "a.glb": data, folder / "a.json": data[:1000]})
    if k == 0:
        print("first", flush=True)
"""


def test_kill_9_at_any_moment_leaves_whole_files(tmp_path: Path) -> None:
    for round_ in range(10):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
        child = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, env=environment)
        assert child.stdout is not None and child.stdout.readline() == b"first\n"
        time.sleep(0.003 + 0.0071 * round_)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        for name, size in (("a.glb", 3_000_000), ("a.json", 1000)):
            data = (tmp_path / name).read_bytes()
            assert len(data) == size and data == data[:1] * size
    write_atomically(tmp_path / "b", b"")  # sweeps what the killed ones left
    assert names(tmp_path) == ["a.glb", "a.json", "b"]
