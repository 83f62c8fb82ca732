"""The catalogue: made from the files alone, the same every time, and no place for hostile text."""

import base64
import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from seedscape.assets.batch_folder import BatchFolder
from seedscape.assets.catalogue import DATA, PAGE, TABLE, write_catalogue
from seedscape.assets.errors import RequestError
from seedscape.assets.job import Outcome, do_job
from seedscape.assets.likeness import LIKENESS
from tests.assets.stub_jobs import make, stub

HOSTILE = "</script><script>alert(1)</script><!-- <img src=x onerror=alert(2)> & '\" \u2028"


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    made = BatchFolder(tmp_path / "b")
    made.create()
    for seed in range(5):
        do_job(make, str(made.path), stub(seed), 1)
    made.note_failure(stub(9), Outcome("error", HOSTILE))
    return made


def written(folder: BatchFolder) -> dict[str, bytes]:
    return {name: (folder.path / name).read_bytes() for name in (PAGE, DATA, LIKENESS)}


def page_data(folder: BatchFolder) -> dict[str, Any]:
    page = (folder.path / PAGE).read_text()
    found = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert len(found) == 1
    data: dict[str, Any] = json.loads(found[0])
    return data


def edit(folder: BatchFolder, seed: int, **changes: Any) -> None:
    path = folder.path / "environments" / stub(seed).name / "job.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_it_lists_what_is_there_in_order_of_names(folder: BatchFolder) -> None:
    catalogue = write_catalogue(folder)
    assert (catalogue.entries, catalogue.failed) == (5, 1)
    data = json.loads((folder.path / DATA).read_text())
    names = [entry["name"] for entry in data["environments"]]
    assert names == sorted(stub(seed).name for seed in range(5))
    first = data["environments"][0]
    assert (
        first["paths"]["glb"] == f"environments/{first['name']}/0.glb"
        and (folder.path / first["paths"]["glb"]).is_file()
    )
    assert data["failed"][0]["reason"] == HOSTILE
    shown = page_data(folder)
    assert len(shown["rows"]) == 5 and shown["rows"][1][shown["columns"].index("spec.seed")] == 1
    vectors = np.frombuffer(base64.b64decode(shown["vectors"]), np.int8).reshape(5, shown["width"]).astype(float)
    np.testing.assert_allclose((vectors**2).sum(1), 127.0**2, rtol=0.03)


def test_the_same_files_give_the_same_bytes_wherever_they_lie(folder: BatchFolder, tmp_path: Path) -> None:
    write_catalogue(folder)
    first = written(folder)
    write_catalogue(folder)
    assert written(folder) == first
    moved = BatchFolder(shutil.copytree(folder.path, tmp_path / "moved"))
    for name in first:
        (moved.path / name).unlink()
    write_catalogue(moved)
    assert written(moved) == first


def test_an_environment_that_is_gone_is_no_longer_shown(folder: BatchFolder) -> None:
    (folder.path / "environments" / stub(3).name / "3.glb").unlink()
    assert write_catalogue(folder).entries == 4


def test_hostile_text_stays_text(folder: BatchFolder) -> None:
    job = {"label": HOSTILE, "spec": {"seed": HOSTILE, "biome": HOSTILE}, "profile": HOSTILE}
    about = {
        "links": {"glb": "../../../etc/passwd", "picture": HOSTILE},
        "colors": {"sky": "red;}</style>"},
        "notes": [HOSTILE],
    }
    edit(folder, 2, job=job, entry=about, features=[float("nan"), 1e300, HOSTILE])
    write_catalogue(folder)
    page = (folder.path / PAGE).read_text()
    assert page.count("<script") == page.count("</script>") == 2 and "<!--" not in page and "onerror=" in page
    assert "<img" not in page.replace("<img src=x", "", 0).partition('id="data">')[2].partition("</script>")[0]
    shown = page_data(folder)
    row = dict(zip(shown["columns"], next(row for row in shown["rows"] if HOSTILE in row), strict=True))
    assert (row["label"], row["glb"], row["picture"], row["sky"]) == (HOSTILE, None, None, "#808080")
    entry = next(e for e in json.loads((folder.path / DATA).read_text())["environments"] if e["label"] == HOSTILE)
    assert entry["paths"] == {}


def test_only_the_pages_own_script_may_run(folder: BatchFolder) -> None:
    write_catalogue(folder)
    page = (folder.path / PAGE).read_text()
    (allowed,) = re.findall(r"script-src 'sha256-([^']+)'", page)
    script = page.partition("<script>")[2].partition("</script>")[0]
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() == allowed
    assert "default-src 'none'" in page and "innerHTML" not in script and "http" not in script


def test_an_empty_batch_has_an_empty_catalogue(tmp_path: Path) -> None:
    folder = BatchFolder(tmp_path / "b")
    folder.create()
    assert write_catalogue(folder).entries == 0 and page_data(folder)["rows"] == []
    with pytest.raises(RequestError, match="folder of a batch"):
        write_catalogue(BatchFolder(tmp_path))


def test_parquet_has_a_row_for_each(folder: BatchFolder) -> None:
    from pyarrow import parquet

    edit(folder, 2, job={"label": "two", "spec": {"seed": 2, "biome": 7, "size_m": 200}, "profile": "quest"})
    write_catalogue(folder, parquet=True)
    table = parquet.read_table(folder.path / TABLE)
    assert table.num_rows == 5
    assert table.column("spec.seed").to_pylist() == [0, 1, 2, 3, 4]
    assert table.column("spec.size_m").to_pylist() == [200.0] * 5
    assert table.column("spec.biome").to_pylist() == ["alpine", "alpine", "7", "alpine", "alpine"]
    assert table.column("figures.within_budget").to_pylist() == [False, True, True, True, True]
