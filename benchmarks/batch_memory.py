"""Memory of a worker job after job: does it grow?

    python benchmarks/batch_memory.py [--jobs 100]

Small environments of all biomes, one after another in one process as a worker makes them; prints resident megabytes after each and
appends one row to batch_memory.csv: after the 10th and after the last, and the most that was held in between.
"""

import argparse
import os
import resource

from table import append_row

from seedscape import __version__
from seedscape.assets.memory import release_memory, resident_bytes
from seedscape.assets.workers import limit_threads

SMALL = {"size_m": 200, "texture_px": 256, "preview": False}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=100)
    arguments = parser.parse_args()
    limit_threads(1)
    from seedscape.jobs import make_job, plan_jobs

    held = []
    for job in plan_jobs([{"seeds": f"1-{arguments.jobs}", **SMALL}]):
        make_job(job.values, 1)
        release_memory()  # as workers do
        held.append(resident_bytes(os.getpid()) / 1e6)
        print(f"{len(held):4}  {held[-1]:7.1f} MB  {job.name}", flush=True)
    at_10, last = held[min(9, len(held) - 1)], held[-1]
    row = {
        "version": __version__, "jobs": arguments.jobs, "mb_after_10": round(at_10, 1), "mb_after_last": round(last, 1),
        "ratio": round(last / at_10, 3), "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3, 1),
    }  # fmt: skip
    append_row(__file__, row)


if __name__ == "__main__":
    main()
