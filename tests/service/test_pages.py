"""The viewer page: what lies in its folder of the package is served, with a policy, and nothing else is."""

from pathlib import Path

import pytest

from seedscape.service import pages
from tests.service.running import Service


def test_the_page_or_a_plain_answer_that_it_is_not_there(service: Service) -> None:
    answer = service.http.get("/?seed=7&biome=alpine")
    if "index.html" in pages.bundle():
        assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self' 'wasm-unsafe-eval'" in policy and "unsafe-inline" not in policy
        again = service.http.get("/", headers={"if-none-match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert service.http.get("/viewer/index.html").content == answer.content
    else:
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_every_file_of_the_bundle_is_served(service: Service) -> None:
    for name, page in pages.bundle().items():
        answer = service.http.get(f"/viewer/{name}")
        assert answer.status_code == 200 and answer.content == page.data, name
        assert ("immutable" in answer.headers["cache-control"]) == name.startswith("assets/"), name


def test_a_bundle_is_read_whole_with_its_kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "index.html": "text/html; charset=utf-8",
        "assets/a.js": "text/javascript; charset=utf-8",
        "assets/b.wasm": "application/wasm",
    }
    for name in files:
        path = tmp_path / "viewer" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    monkeypatch.setattr("seedscape.service.pages.resources.files", lambda package: tmp_path)
    pages.bundle.cache_clear()
    try:
        assert {name: page.kind for name, page in pages.bundle().items()} == files
    finally:
        pages.bundle.cache_clear()
