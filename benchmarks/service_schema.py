"""schemathesis with all its checks but one against a running service with a token: how many cases, how many faults?

python benchmarks/service_schema.py [--examples 100] [--seed 1]

Left out is `use_after_free`: DELETE cancels an environment and keeps its record, which that check takes for a fault.
Prints schemathesis' own report; the figures go to benchmarks/service_schema.csv.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from table import append_row

from tests.service.running import Service
from tests.service.test_openapi import OPTIONS, SCHEMATHESIS

TOKEN = "a-token-for-schemathesis"
ROOM: dict[str, Any] = {"max_queued": 100_000, "max_per_client": 100_000, "requests_per_minute": 1_000_000}
FIELDS = ("seed", "examples", "cases", "failures", "errors_in_log")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "tokens").write_text(TOKEN + "\n")
        with Service(folder, token_file=str(folder / "tokens"), **ROOM) as service:
            command = [sys.executable, "-c", SCHEMATHESIS, "run", f"{service.url}/openapi.json", *OPTIONS]
            command += ["--max-examples", str(arguments.examples), "--seed", str(arguments.seed)]
            command += ["-H", f"Authorization: Bearer {TOKEN}"]
            done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
            errors = len(service.logged("internal error"))
    print(done.stdout)
    cases = re.search(r"([0-9,]+) generated", done.stdout)
    failures = re.search(r"([0-9]+) unique failure", done.stdout)
    count = cases[1].replace(",", "") if cases else "0"
    row = (arguments.seed, arguments.examples, count, failures[1] if failures else 0, errors)
    append_row(__file__, dict(zip(FIELDS, row, strict=True)))
    sys.exit(done.returncode)


if __name__ == "__main__":
    main()
