"""The bundle in the package is what the sources in viewer/ give, and is fit for the policy of the page."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.viewer.driver import ROOT

BUNDLE = ROOT / "seedscape" / "viewer"


def test_the_page_has_nothing_that_its_policy_forbids() -> None:
    page = (BUNDLE / "index.html").read_text()
    assert re.findall(r"\sstyle=|\son[a-z]+=|<style|javascript:", page) == []
    assert re.findall(r"<script(?![^>]*\ssrc=)", page) == []
    addresses = re.findall(r"(?:src|href)=\"([^\"]*)\"", page)
    assert addresses and all(address.startswith("/viewer/assets/") for address in addresses)
    for address in addresses:
        assert (BUNDLE / address.removeprefix("/viewer/")).is_file()


def test_no_script_writes_scripts() -> None:
    """'unsafe-eval' is not allowed: the transcoder of KTX2 pictures calls its functions without it."""
    (transcoder,) = BUNDLE.glob("assets/basis_transcoder-*.js")
    assert "newFunc(Function" not in transcoder.read_text()
    for script in BUNDLE.glob("assets/*.js"):
        assert re.findall(r"\bnew Function\(|[^.\w]eval\(", script.read_text()) == []


def test_every_file_name_has_a_hash() -> None:
    names = [path.name for path in (BUNDLE / "assets").iterdir()]
    assert len(names) == 6 and all(re.fullmatch(r"[\w.]+-[\w-]{8}\.(js|css|svg|wasm)", name) for name in names)


def test_every_file_is_in_the_package() -> None:
    data = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]["seedscape"]
    shipped = {path for pattern in data for path in (ROOT / "seedscape").glob(pattern) if BUNDLE in path.parents}
    assert shipped == {path for path in BUNDLE.rglob("*") if path.is_file()}


@pytest.mark.slow
@pytest.mark.browser
def test_a_build_gives_the_committed_bundle(tmp_path: Path) -> None:
    if not (ROOT / "viewer" / "node_modules" / "vite" / "package.json").is_file():
        pytest.skip("no node modules in viewer/ (npm ci --prefix viewer)")
    node = shutil.which("node")
    assert node is not None
    vite = ROOT / "viewer" / "node_modules" / "vite" / "bin" / "vite.js"
    command = [node, str(vite), "build", "--outDir", str(tmp_path / "built"), "--logLevel", "error"]
    subprocess.run(command, cwd=ROOT / "viewer", check=True, capture_output=True, timeout=300)

    def files(folder: Path) -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert files(tmp_path / "built") == files(BUNDLE), "npm run build --prefix viewer, and commit seedscape/viewer"
