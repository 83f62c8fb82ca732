"""`inspect` on mutated GLBs: no crash, no hang over 2 s, memory below 500 MB.

python benchmarks/inspect_fuzz.py [--count 10000] [FILE.glb ...]      default: small files of every kind, made here
Adds a row to benchmarks/inspect_fuzz.csv; exit 1 when a bar is missed.
"""

import argparse
import json
import resource
import struct
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from table import append_row

import seedscape
from seedscape.assets.errors import RequestError
from seedscape.export import export_scene, inspect_glb, to_json, to_text
from seedscape.export.gltf import pack_glb
from seedscape.export.issues import GlbError
from tests.export.synthetic import synthetic_scene

MAX_SECONDS, MAX_MB = 2.0, 500
NUMBERS = (-1, 0, 1, 2**31, 2**32 - 1, 2**62, 10**30, 0.5, None, "x", [], {}, True, [[]] * 50, {"a": {}})


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """One change of many kinds: bytes, cuts, doubled pieces, or a value somewhere in the JSON."""
    kind = int(rng.integers(5))
    changed = bytearray(data)
    length = struct.unpack_from("<I", data, 12)[0]
    if kind == 0:
        for _ in range(int(rng.integers(1, 20))):
            changed[int(rng.integers(len(changed)))] = int(rng.integers(256))
    elif kind == 1:
        del changed[int(rng.integers(len(changed))) :]
        if rng.integers(2) and len(changed) >= 12:
            struct.pack_into("<I", changed, 8, len(changed))
    elif kind == 2:
        a, b = sorted(int(value) for value in rng.integers(0, len(changed), 2))
        changed[a:a] = changed[a:b][:4096]
        struct.pack_into("<I", changed, 8, len(changed))
    else:
        document = json.loads(data[20 : 20 + length])
        for _ in range(int(rng.integers(1, 4))):
            place = document
            while True:
                keys = list(place) if isinstance(place, dict) else list(range(len(place)))
                if not keys:
                    break
                key = keys[int(rng.integers(len(keys)))]
                if not isinstance(place[key], dict | list) or rng.integers(5) == 0:
                    place[key] = NUMBERS[int(rng.integers(len(NUMBERS)))]
                    break
                place = place[key]
        return pack_glb(document, data[28 + length :])
    return bytes(changed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("files", type=Path, nargs="*")
    arguments = parser.parse_args()
    scene = synthetic_scene(posts=9, picture=32, trees=10)
    kinds = (("universal", None), ("quest", "webp"), ("quest", None), ("godot", None))
    seeds = [path.read_bytes() for path in arguments.files] or [export_scene(scene, None, *kind)[0] for kind in kinds]
    slowest, crashes = 0.0, 0
    codes: Counter[str] = Counter()
    for k in range(arguments.count):
        rng = np.random.Generator(np.random.Philox(k))
        data = mutate(seeds[k % len(seeds)], rng)
        start = time.process_time()
        try:
            report = inspect_glb(data)
            json.dumps(to_json(report), allow_nan=False)
            to_text(report).encode()
            codes["counted"] += 1
        except GlbError as error:
            codes[error.issues[0].code] += 1
        except RequestError as error:
            codes[f"uncoded: {error}"] += 1
        except Exception as error:  # noqa: BLE001  the very thing that is looked for
            crashes += 1
            print(f"mutation {k}: {type(error).__name__}: {error}")
        slowest = max(slowest, time.process_time() - start)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    append_row(__file__, {
        "version": seedscape.__version__, "mutations": arguments.count, "files": len(seeds), "crashes": crashes,
        "slowest_cpu_s": round(slowest, 3), "peak_mb": megabytes, "outcomes": json.dumps(dict(codes.most_common())),
    })  # fmt: skip
    return int(
        crashes > 0 or slowest > MAX_SECONDS or megabytes > MAX_MB or any(c.startswith("uncoded") for c in codes)
    )


if __name__ == "__main__":
    sys.exit(main())
