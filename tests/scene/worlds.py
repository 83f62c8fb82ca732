"""Small made-up countries for tests: sums of value noise with hills, a valley, a bowl that holds water, a flat at the origin."""

import numpy as np

from seedscape.generation.rng import fractions, stream
from seedscape.generation.values import HeightField, MaterialMaps, Terrain
from seedscape.scene.noise import land_noise
from seedscape.scene.numeric import smoothstep

COLOURS = {
    "grass": (78, 102, 42), "dry_grass": (150, 132, 82), "soil": (104, 78, 56), "forest_floor": (86, 66, 44),
    "rock": (124, 120, 114), "mossy_rock": (92, 100, 72), "sand": (196, 172, 128), "sand_ripple": (204, 178, 132),
    "gravel": (128, 122, 114), "snow": (238, 242, 248), "mud": (76, 62, 48), "lava": (46, 42, 42), "bark": (84, 64, 48),
}  # fmt: skip


def ground(seed: int, x: np.ndarray, z: np.ndarray, relief_m: float) -> np.ndarray:
    """Heights of the made-up country; x (cols,) and z (rows, 1) broadcast."""
    hills = (land_noise(seed, "hills", x, z, 900.0, 6) - 0.5) * relief_m
    valley = smoothstep(0.0, 260.0, np.abs(x - 0.35 * z - 180.0)) * relief_m * 0.35
    bowl = -smoothstep(150.0, 0.0, np.sqrt((x + 210.0) ** 2 + (z + 160.0) ** 2)) * relief_m * 0.18
    bumps = (land_noise(seed, "bumps", x, z, 24.0, 4) - 0.5) * relief_m * 0.02
    far = np.sqrt(x * x + z * z)
    return (hills + valley + bowl + bumps) * (0.35 + 0.65 * smoothstep(0.0, 220.0, far))


def make_terrain(seed: int = 1, relief_m: float = 160.0, posts: int = 256, spacing_m: float = 30.0) -> Terrain:
    """Four nested levels that meet, as the contract of Terrain asks, with y = 0 at the origin."""
    offset = 0.0
    levels: list[HeightField] = []
    for number, (size, spacing) in enumerate(
        ((posts, spacing_m), (321, spacing_m / 8), (257, spacing_m / 16), (257, spacing_m / 32))
    ):
        start = -(size - 1) // 2 * spacing
        line = start + np.arange(size) * spacing
        height = ground(seed, line[None, :], line[:, None], relief_m)
        if number:  # blend into the coarser level so that the rim meets it
            rim = np.minimum(np.arange(size), np.arange(size)[::-1])
            inside = smoothstep(0.0, 12.0, np.minimum(rim[:, None], rim[None, :]))
            coarse = levels[-1].sample(
                np.broadcast_to(line[None, :], height.shape), np.broadcast_to(line[:, None], height.shape)
            )
            height = coarse + (height - coarse) * inside
        levels.append(HeightField(height.astype(np.float32), spacing, (start, start)))
    offset = float(levels[-1].sample(np.zeros(1), np.zeros(1))[0])
    moved = tuple(
        HeightField((lv.heights_m - np.float32(offset)).astype(np.float32), lv.spacing_m, lv.origin_m) for lv in levels
    )
    terrain = Terrain(moved, altitude_m=420.0, landform="alpine")
    return terrain


def make_materials(names: tuple[str, ...], size: int = 64) -> dict[str, MaterialMaps]:
    """Small tileable sets: a colour with value noise that wraps, flat-ish normals, rough."""
    result = {}
    for name in names:
        rng = stream(7, "material", name)
        coarse = fractions(rng, 16, 16)
        grain = (
            np.repeat(np.repeat(coarse, size // 16, 0), size // 16, 1) * 0.25 + fractions(rng, size, size) * 0.2 + 0.8
        )
        color = np.clip(np.array(COLOURS[name])[None, None] * grain[..., None], 0, 255).astype(np.uint8)
        normal = np.full((size, size, 3), (128, 128, 255), np.uint8)
        orm = np.dstack([np.full((size, size), 240), np.full((size, size), 220), np.zeros((size, size))]).astype(
            np.uint8
        )
        height = (fractions(rng, size, size) * 65535).astype(np.uint16)
        result[name] = MaterialMaps(name, color, normal, orm, height, 2.0, 0.05)
    return result
