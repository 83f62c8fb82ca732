"""Real environments through the service: the bytes are those of the command line."""

import hashlib
import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import seedscape as ss
from seedscape.cli.run import run
from seedscape.client import Client
from tests.service.running import Service

REAL: dict[str, Any] = {"job": "seedscape.service.work:make", "sampler": "seedscape.service.draw:draw"}
SMALL: dict[str, Any] = {"size_m": 200, "texture_px": 256}


@pytest.mark.slow
def test_service_command_line_and_batch_give_the_same_bytes(tmp_path: Path) -> None:
    with Service(tmp_path / "service", workers=1, threads=1, **REAL) as service, Client(service.url) as client:
        told: list[str] = []
        made = client.generate(
            seed=42, preview=False, progress=lambda stage, share: told.append(stage), timeout_s=900, **SMALL
        )
        heights = client._http.get("/v1/samples/terrain?seed=7&size=64&spacing_m=30")
        picture = client._http.get("/v1/samples/material?seed=7&material=grass&size=64&map=normal")
        high = client._http.get("/v1/samples/terrain?seed=7&size=64&spacing_m=30&format=png")
        assert (
            client._http.get(
                "/v1/samples/terrain?seed=7&size=64", headers={"if-none-match": heights.headers["etag"]}
            ).status_code
            == 304
        )
    output = tmp_path / "42.glb"
    arguments = ["--size-m", "200", "--set", "texture_px=256", "--no-preview", "--threads", "1", "-o", str(output)]
    assert run(["generate", "42", *arguments]) == 0
    assert made.sha256 == hashlib.sha256(output.read_bytes()).hexdigest()
    jobs = tmp_path / "jobs.toml"
    jobs.write_text("seeds = [42]\nsize_m = 200\ntexture_px = 256\npreview = false\n[[jobs]]\n")
    assert run(["batch", str(jobs), "-o", str(tmp_path / "batch"), "--workers", "1"]) == 0
    (batched,) = (tmp_path / "batch").glob("environments/*/42.glb")
    assert made.sha256 == hashlib.sha256(batched.read_bytes()).hexdigest()
    manifest = json.loads((tmp_path / "42.json").read_text())
    for key in manifest.keys() - {"seconds"}:
        assert made.manifest[key] == manifest[key], key
    assert made.preview is None and {"terrain", "materials", "export"} <= set(told)
    assert (
        run(
            [
                "sample",
                "terrain",
                "--seed",
                "7",
                "--count",
                "1",
                "--size",
                "64",
                "--spacing-m",
                "30",
                "-o",
                str(tmp_path / "t"),
            ]
        )
        == 0
    )
    expected = np.load(tmp_path / "t" / "terrain_0000.npy")
    assert heights.content == expected.astype("<f4").tobytes()
    assert picture.content.startswith(b"\x89PNG") and high.content.startswith(b"\x89PNG")
    assert float(high.headers["x-highest-m"]) == pytest.approx(float(expected.max()))


def test_the_public_client_is_this_one() -> None:
    assert ss.Client is Client and issubclass(httpx.ConnectError, Exception)
