"""The sampler process: draws samples one after the other, asked over its standard input, answering on its standard output.

A question is one line of JSON; the answer is one line of JSON, {"bytes", "type", "headers"} or {"error"}, and then the bytes.
"""

import json
import logging
import os
import signal
import sys

from seedscape.assets.errors import SeedscapeError
from seedscape.service.logs import set_up_logs
from seedscape.service.process import end_with_parent, limit_memory, load, read_settings, yield_to_service


def main() -> None:
    """Answer until standard input closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what libraries print must not get between the answers
    settings = read_settings()
    end_with_parent(settings["parent"])
    yield_to_service()
    limit_memory(2 * settings["memory_mb"])
    set_up_logs()
    draw = load(settings["sampler"])
    for line in sys.stdin.buffer:
        data = b""
        try:
            data, kind, headers = draw(json.loads(line))
            head = {"bytes": len(data), "type": kind, "headers": headers}
        except SeedscapeError as error:
            head = {"error": str(error)}
        except Exception:
            logging.getLogger("seedscape.sampler").exception("sample error")
            head = {"error": ""}
        answers.write(json.dumps(head).encode() + b"\n" + data)
        answers.flush()


if __name__ == "__main__":
    main()
