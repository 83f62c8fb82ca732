"""Headset budgets: what an environment may cost, per profile, and the verdict on each line.

Limits from the published advice for standalone headsets (WebXR on Quest: under 100 draw calls and 750k triangles an eye)
with room left for the developer's own content. MB are 10^6 bytes, the stricter reading.
"""

import difflib
from dataclasses import dataclass

from seedscape.assets.errors import RequestError

MB = 1_000_000


@dataclass(frozen=True)
class Budget:
    """Upper limits of one profile. Draw calls as three.js makes them; GPU bytes as RGBA8 with all mip levels."""

    triangles: int = 300_000
    draw_calls: int = 80
    materials: int = 50
    gpu_texture_bytes: int = 128 * MB
    texture_px: int = 2048  # longer edge of the largest texture
    bytes: int = 25 * MB  # of the file


@dataclass(frozen=True)
class Verdict:
    """One line of a budget: `name` is the field of Budget."""

    name: str
    value: int
    limit: int

    @property
    def within(self) -> bool:
        return self.value <= self.limit


BUDGETS = {
    "universal": Budget(),
    "quest": Budget(bytes=10 * MB),
    "playcanvas": Budget(),
    "unity": Budget(),
    "godot": Budget(),
    "unreal": Budget(),
}


def find_budget(profile: str) -> Budget:
    """The budget of a profile; RequestError with the nearest known name otherwise."""
    if profile not in BUDGETS:
        nearest = difflib.get_close_matches(profile, BUDGETS, n=1, cutoff=0.0)[0]
        known = ", ".join(BUDGETS)
        raise RequestError(f"expected a profile of {known}; got {profile!r} (the nearest is {nearest!r})")
    return BUDGETS[profile]
