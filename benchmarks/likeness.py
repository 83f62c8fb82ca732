"""Likeness among 50,000 environments: seconds of one question, from the opened file and with its opening.

    python benchmarks/likeness.py [--entries 50000] [--features 84]

Prints the best and the median of many questions, and appends a row to likeness.csv.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

from table import append_row

from seedscape import __version__
from seedscape.assets.likeness import LIKENESS, Likeness, encode_likeness, unit_vectors
from seedscape.generation.rng import fractions, stream


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=50_000)
    parser.add_argument("--features", type=int, default=84)
    arguments = parser.parse_args()
    features = fractions(stream(0, "benchmarks", "likeness"), arguments.entries, arguments.features).tolist()
    since = time.perf_counter()
    vectors = unit_vectors(features)
    names = [f"{seed}-alpine-{seed:010x}" for seed in range(arguments.entries)]
    data = encode_likeness(names, list(range(arguments.entries)), vectors)
    build_s = time.perf_counter() - since
    opened, asked = [], []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, LIKENESS).write_bytes(data)
        for seed in range(0, arguments.entries, max(1, arguments.entries // 30)):
            since = time.perf_counter()
            likeness = Likeness(folder)
            row = likeness.find(str(seed))
            middle = time.perf_counter()
            assert len(likeness.nearest(row, 5)) == 5
            asked.append(time.perf_counter() - middle)
            opened.append(time.perf_counter() - since)
    row_ = {
        "version": __version__, "entries": arguments.entries, "features": arguments.features, "file_mb": round(len(data) / 1e6, 1),
        "build_s": round(build_s, 2), "ask_best_s": round(min(asked), 4), "ask_median_s": round(statistics.median(asked), 4),
        "open_and_ask_best_s": round(min(opened), 4), "open_and_ask_median_s": round(statistics.median(opened), 4),
    }  # fmt: skip
    append_row(__file__, row_)


if __name__ == "__main__":
    main()
