"""The store: names are hashes, damage is found, many may write, and what is collected was not in use."""

import hashlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from seedscape.assets import store as store_module
from seedscape.assets.errors import RequestError, SeedscapeError
from seedscape.assets.store import Collected, Store, json_sha256, request_key

KEY = "12" * 32
OTHER_KEY = "ab" * 32


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


def age(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


def files(store: Store) -> list[str]:
    return sorted(str(path.relative_to(store.folder)) for path in store.folder.rglob("*") if path.is_file())


def test_what_is_put_is_got_under_its_hash(store: Store) -> None:
    name = store.put(b"hello")
    assert name == hashlib.sha256(b"hello").hexdigest()
    assert store.get(name) == b"hello" and store.has(name) and store.path(name).read_bytes() == b"hello"
    assert store.put(b"hello") == name
    assert files(store) == [f"objects/{name[:2]}/{name}"]


def test_what_is_not_there_is_said(store: Store) -> None:
    assert not store.has(KEY) and store.lookup(KEY) is None
    for ask in (store.get, store.path):
        with pytest.raises(SeedscapeError, match="got none"):
            ask(KEY)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 33, KEY + "\n", "٣" * 64, None])
def test_names_that_are_no_hashes_never_become_paths(store: Store, name: str) -> None:
    for ask in (store.get, store.path, store.has, store.lookup):
        with pytest.raises(RequestError, match="64 hexadecimal digits"):
            ask(name)
    with pytest.raises(RequestError, match="64 hexadecimal digits"):
        store.record(name, {})
    with pytest.raises(RequestError, match="64 hexadecimal digits"):
        store.record(KEY, {"objects": {"glb": name}})


def test_a_damaged_object_is_refused_set_aside_and_can_be_put_again(store: Store) -> None:
    name = store.put(b"hello")
    store.path(name).write_bytes(b"hellp")
    with pytest.raises(SeedscapeError, match="damaged"):
        store.get(name)
    assert files(store) == [f"damaged/{name}"] and not store.has(name)
    store.put(b"hello")
    store.path(name).write_bytes(b"hellq")
    assert store.get(store.put(b"hello")) == b"hello"  # put alone repairs too


def test_a_record_is_found_again_while_its_objects_are_there(store: Store) -> None:
    glb = store.put(b"glb")
    value = {"objects": {"glb": glb, "manifest": store.put(b"{}")}, "seconds": 1.5, "name": "ä"}
    store.record(KEY, value)
    assert store.lookup(KEY) == value and store.lookup(OTHER_KEY) is None
    store.path(glb).unlink()
    assert store.lookup(KEY) is None


def test_a_record_needs_its_objects_and_json(store: Store) -> None:
    with pytest.raises(SeedscapeError, match="before its record"):
        store.record(KEY, {"objects": {"glb": OTHER_KEY}})
    with pytest.raises(RequestError, match="label -> SHA-256"):
        store.record(KEY, {"objects": [OTHER_KEY]})
    for value in (float("nan"), b"bytes", object()):
        with pytest.raises(RequestError, match="JSON"):
            store.record(KEY, {"value": value})
    assert files(store) == []


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b'{"key": 1}', b"\xff"])
def test_a_damaged_record_counts_as_none_and_is_set_aside(store: Store, damage: bytes) -> None:
    store.record(KEY, {"a": 1})
    path = store.folder / "records" / KEY[:2] / f"{KEY}.json"
    path.write_bytes(damage)
    assert store.lookup(KEY) is None
    assert files(store) == [f"damaged/{KEY}.json"]


def test_a_changed_value_or_a_swapped_record_is_damaged(store: Store) -> None:
    store.record(KEY, {"a": 1})
    path = store.folder / "records" / KEY[:2] / f"{KEY}.json"
    text = path.read_text()
    path.write_text(text.replace('"a": 1', '"a": 2'))
    assert store.lookup(KEY) is None
    store.record(OTHER_KEY, {"a": 1})
    path.write_text(text.replace(KEY, OTHER_KEY))
    assert store.lookup(KEY) is None and store.lookup(OTHER_KEY) == {"a": 1}


def test_the_key_depends_on_everything_that_decides_bytes_and_on_no_order() -> None:
    def key(**changes: object) -> str:
        given = {
            "spec": {"seed": 1, "biome": "alpine"}, "profile": "quest", "textures": None, "preview": True,
            "version": "1", "models_sha256": {"a": "b"},
        }  # fmt: skip
        return request_key(**(given | changes))  # type: ignore[arg-type]

    assert key() == key(spec={"biome": "alpine", "seed": 1})
    changes: list[dict[str, object]] = [
        {"spec": {"seed": 2, "biome": "alpine"}}, {"profile": "unity"}, {"textures": "webp"}, {"preview": False},
        {"version": "2"}, {"models_sha256": {"a": "c"}},
    ]  # fmt: skip
    assert len({key(), *(key(**change) for change in changes)}) == len(changes) + 1
    with pytest.raises(RequestError):
        json_sha256({"seed": float("inf")})


def test_gc_by_age_takes_what_was_not_used_and_its_records(store: Store) -> None:
    old, new, shared = store.put(b"old"), store.put(b"new"), store.put(b"shared")
    store.record(KEY, {"objects": {"glb": old, "json": shared}})
    store.record(OTHER_KEY, {"objects": {"glb": new, "json": shared}})
    for name in (old, new, shared):
        age(store.path(name), 1000)
    assert store.lookup(OTHER_KEY)  # use keeps
    assert store.gc(max_age_s=500) == Collected(1, 1, 3, 2, 9)
    assert store.lookup(KEY) is None and store.lookup(OTHER_KEY) is not None and not store.has(old)


def test_gc_by_size_takes_the_longest_unused_first_and_whole_records(store: Store) -> None:
    names = [store.put(bytes([65 + k]) * 100) for k in range(4)]
    store.record(KEY, {"objects": {"glb": names[0], "png": names[1]}})
    store.record(OTHER_KEY, {"objects": {"glb": names[2], "png": names[3]}})
    for k, name in enumerate(names):
        age(store.path(name), 100 - k)
    assert store.gc(max_bytes=400).objects == 0
    assert store.gc(max_bytes=300) == Collected(2, 1, 200, 2, 200)  # the picture goes with its environment
    assert store.lookup(OTHER_KEY) is not None
    assert store.gc(max_bytes=0).left_objects == 0 and files(store) == []


def test_gc_keeps_a_record_one_of_whose_objects_was_used_and_what_is_younger_than_was_asked_for(store: Store) -> None:
    glb, manifest = store.put(b"glb"), store.put(b"{}")
    store.record(KEY, {"objects": {"glb": glb, "manifest": manifest}})
    age(store.path(manifest), 1000)
    age(store.path(glb), 100)
    assert store.gc(max_age_s=500).objects == 0
    assert store.gc(max_bytes=0, min_age_s=200).objects == 0
    assert store.gc(max_bytes=0, min_age_s=50) == Collected(2, 1, 5, 0, 0)


def test_gc_leaves_young_objects_that_wait_for_their_record(store: Store) -> None:
    name = store.put(b"fresh")
    assert store.gc(max_bytes=0, max_age_s=0).objects == 0
    age(store.path(name), store_module.GRACE_S + 1)
    assert store.gc(max_bytes=0).objects == 1


def test_gc_puts_back_what_is_used_in_that_moment(store: Store) -> None:
    name = store.put(b"used")
    path = store.path(name)
    assert not store._discard(path, path.stat().st_mtime_ns - 1)
    assert store.get(name) == b"used"
    assert store._discard(path, path.stat().st_mtime_ns) and files(store) == []


def test_verify_reads_everything(store: Store) -> None:
    good, bad, gone = store.put(b"good"), store.put(b"bad"), store.put(b"gone")
    store.record(KEY, {"objects": {"glb": good}})
    store.record(OTHER_KEY, {"objects": {"glb": gone}})
    store.path(bad).write_bytes(b"worse")
    store.path(gone).unlink()
    report = store.verify()
    assert (report.objects, report.records, report.bytes) == (1, 1, 4)
    assert report.damaged == (bad,) and report.broken == (OTHER_KEY,)
    assert store.verify().damaged == store.verify().broken == ()


def test_a_store_that_cannot_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    for folder in (tmp_path / "file", tmp_path / "no" / "such", "a\0b"):
        with pytest.raises(RequestError, match="folder for the store"):
            Store(folder)


def test_threads_that_put_and_collect_at_once_lose_nothing_that_is_in_use(store: Store) -> None:
    data = [bytes([k]) * 1000 for k in range(8)]
    wrong: list[str] = []

    def write() -> None:
        for _ in range(15):
            for k, content in enumerate(data):
                name = store.put(content)
                key = f"{k:064x}"
                store.record(key, {"objects": {"x": name}})
                if store.get(name) != content:
                    wrong.append(name)

    def collect() -> None:
        while any(writer.is_alive() for writer in writers):
            store.gc(max_age_s=30)

    writers = [threading.Thread(target=write) for _ in range(2)]
    collector = threading.Thread(target=collect)
    for thread in (*writers, collector):
        thread.start()
    for thread in (*writers, collector):
        thread.join()
    assert wrong == [] and store.verify().objects == 8


WRITER = """
import sys
from seedscape.assets.store import Store
store = Store(sys.argv[1])
print("ready", flush=True)
for k in range(10**9):
    data = bytes([k % 7]) * 2_000_000
    store.record(f"{k % 7:064x}", {"objects": {"glb": store.put(data)}})
    store.path(store.put(data)).unlink(missing_ok=True)
"""


def test_kill_9_of_writers_leaves_whole_objects(store: Store) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    for round_ in range(4):
        command = [sys.executable, "-c", WRITER, str(store.folder)]
        child = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        time.sleep(0.02 + 0.013 * round_)
        child.kill()
        child.wait()
        child.stdout.close()
    report = store.verify()
    assert report.damaged == ()
    assert not [name for name in files(store) if "seedscape-tmp" in name]
