"""/v1/assets: by hash, in parts, once and for ever."""

import hashlib

import pytest

from tests.service.running import Service


@pytest.fixture(scope="module")
def glb(service: Service) -> tuple[str, bytes]:
    """URL and bytes of a file."""
    asset = service.create(200, headers={"prefer": "wait=30"}).json()["assets"]["glb"]
    return asset["url"], service.http.get(asset["url"]).content


def test_the_name_is_the_hash(service: Service, glb: tuple[str, bytes]) -> None:
    url, data = glb
    digest = hashlib.sha256(data).hexdigest()
    assert url == f"/v1/assets/{digest}.glb"
    answer = service.http.get(url.removesuffix(".glb"))
    assert answer.content == data
    assert answer.headers["etag"] == f'"{digest}"'
    assert answer.headers["content-type"] == "model/gltf-binary"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_kinds_are_told_apart(service: Service) -> None:
    assets = service.create(200, headers={"prefer": "wait=30"}).json()["assets"]
    kinds = {label: service.http.head(asset["url"]).headers["content-type"] for label, asset in assets.items()}
    assert kinds == {"glb": "model/gltf-binary", "preview": "image/png", "manifest": "application/json"}
    wrong = service.http.get(assets["glb"]["url"].replace(".glb", ".png"))
    assert (wrong.status_code, wrong.json()["code"]) == (404, "not_found")


def test_head_says_what_get_would(service: Service, glb: tuple[str, bytes]) -> None:
    url, data = glb
    answer = service.http.head(url)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", str(len(data)))


def test_who_has_it_need_not_have_it_again(service: Service, glb: tuple[str, bytes]) -> None:
    url, _ = glb
    tag = service.http.head(url).headers["etag"]
    for header in (tag, f'"x", {tag}', f"W/{tag}", "*"):
        answer = service.http.get(url, headers={"if-none-match": header})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag), header
    assert service.http.get(url, headers={"if-none-match": '"other"'}).status_code == 200


PARTS = {"bytes=0-3": (0, 4), "bytes=100-": (100, 4100), "bytes=-10": (4090, 4100), "bytes=4000-9999": (4000, 4100)}


@pytest.mark.parametrize("header", PARTS)
def test_parts(service: Service, glb: tuple[str, bytes], header: str) -> None:
    url, data = glb
    assert len(data) == 4100
    start, end = PARTS[header]
    answer = service.http.get(url, headers={"range": header})
    assert (answer.status_code, answer.content) == (206, data[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/4100"


@pytest.mark.parametrize("header", ["bytes=4100-", "bytes=99999-100000", "bytes=-0"])
def test_parts_that_lie_outside(service: Service, glb: tuple[str, bytes], header: str) -> None:
    answer = service.http.get(glb[0], headers={"range": header})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_not_satisfiable")
    assert answer.headers["content-range"] == "bytes */4100"


@pytest.mark.parametrize("header", ["bytes=0-1,5-6", "bytes=9-3", "lines=1-2", "bytes=", "bytes=-", "bytes=a-b"])
def test_other_ranges_are_ignored(service: Service, glb: tuple[str, bytes], header: str) -> None:
    answer = service.http.get(glb[0], headers={"range": header})
    assert (answer.status_code, answer.content) == (200, glb[1])


def test_a_part_of_what_has_changed_is_the_whole(service: Service, glb: tuple[str, bytes]) -> None:
    url, data = glb
    tag = service.http.head(url).headers["etag"]
    assert service.http.get(url, headers={"range": "bytes=0-3", "if-range": tag}).status_code == 206
    other = service.http.get(url, headers={"range": "bytes=0-3", "if-range": '"other"'})
    assert (other.status_code, other.content) == (200, data)


TRICKS = [
    "0" * 64, "0" * 63, "G" * 64, "..%2f..%2fetc%2fpasswd", "../jobs.sqlite3", "..%2Fservice.lock", "%00", "a" * 3000,
    "%2e%2e/%2e%2e/jobs.sqlite3", "..%5c..%5cjobs.sqlite3", "//etc/passwd", "http://example.com/",
]  # fmt: skip


@pytest.mark.parametrize("name", TRICKS, ids=range(len(TRICKS)))
def test_no_path_leads_anywhere_else(service: Service, name: str) -> None:
    answer = service.raw(f"GET /v1/assets/{name} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 404") and b'"code":"not_found"' in answer
