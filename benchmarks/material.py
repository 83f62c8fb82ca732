"""What a material costs: processor seconds on one core, and memory above that of the process with the model open.

    python benchmarks/material.py [PIXELS ...]

Every size runs in a process of its own; the figures are of the second set made (the first pays for what is loaded once).
"""

import resource
import subprocess
import sys
import time

NAMES = ("grass", "rock", "gravel", "brick")


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(size_px: int) -> None:
    """One line for a size."""
    from seedscape.generation.material import generate_material, open_material_model

    open_material_model()
    generate_material(0, NAMES[0], 64)
    base = peak_mb()
    generate_material(0, NAMES[0], size_px)
    seconds = []
    for name in NAMES:
        start = time.process_time()
        generate_material(1, name, size_px)
        seconds.append(time.process_time() - start)
    mean = sum(seconds) / len(seconds)
    print(
        f"{size_px} px: {mean:.2f} CPU-s a set (worst {max(seconds):.2f}), {peak_mb() - base:.0f} MB above the {base:.0f} MB of the process"
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]))
    else:
        for size in sys.argv[1:] or ["512", "1024", "2048"]:
            subprocess.run([sys.executable, __file__, "--one", size], check=True)
