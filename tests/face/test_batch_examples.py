"""The examples of docs/batch are what the program takes."""

import re
import shlex
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

from seedscape.cli.batch import batch
from seedscape.jobfile import read_job_file

DOCS = Path(__file__).parents[2] / "docs"


def test_the_job_file_asks_for_what_its_comments_say() -> None:
    wishes = read_job_file(DOCS / "batch" / "jobs.toml")
    counts = [int(count) for count in re.findall(r"\[\[jobs\]\] +# (\d+):", (DOCS / "batch" / "jobs.toml").read_text())]
    assert counts == [40, 20, 2] and len(wishes) == sum(counts)
    assert [wish.profile for wish in wishes[-2:]] == ["universal", "quest"]


def parses(line: str) -> None:
    words = [re.sub(r"\$\w+", "1", word) for word in shlex.split(line)]
    assert words[:2] == ["seedscape", "batch"]
    batch.make_context("batch", words[2:])


def test_the_slurm_script_is_sound() -> None:
    script = DOCS / "batch" / "slurm.sh"
    subprocess.run(["bash", "-n", str(script)], check=True)
    (line,) = re.findall(r"^exec (seedscape .+)$", script.read_text(), re.MULTILINE)
    parses(line)


def test_the_kubernetes_job_is_sound() -> None:
    yaml: Any = import_module("yaml")
    claim, job = yaml.safe_load_all((DOCS / "batch" / "kubernetes.yaml").read_text())
    (container,) = job["spec"]["template"]["spec"]["containers"]
    (line,) = container["args"]
    parses(line.removeprefix("exec "))
    assert f'"$JOB_COMPLETION_INDEX/{job["spec"]["completions"]}"' in line
    volumes = job["spec"]["template"]["spec"]["volumes"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in volumes}
    assert volumes[0]["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


def test_every_command_of_the_page_parses() -> None:
    lines = re.findall(r"^(seedscape batch .+?)\s*(?:#.*)?$", (DOCS / "batches.md").read_text(), re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        parses(line)
