"""A service whose jobs are those of `stub`: python -m tests.service.serve_stub '{"store": "DIR", ...}'."""

import json
import sys
from pathlib import Path
from typing import Any

from seedscape.assets.errors import SeedscapeError
from seedscape.service import Settings, serve

PATHS = ("store", "token_file", "tls_cert", "tls_key")
STUB: dict[str, Any] = {"job": "tests.service.stub:make", "sampler": "tests.service.stub:draw"}

if __name__ == "__main__":
    given = STUB | json.loads(sys.argv[1])
    try:
        options: dict[str, Any] = {key: Path(value) if key in PATHS else value for key, value in given.items()}
        serve(Settings(**options))
    except SeedscapeError as error:
        print(f"seedscape: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
