"""What an environment is like, as numbers: environments with near vectors look alike."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from seedscape.scene.biomes import BIOMES, make_biome
from seedscape.scene.spec import PURPOSES

if TYPE_CHECKING:
    from seedscape.scene.values import Mesh, Scene

Floats = NDArray[np.float64]

HEIGHTS = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)  # shares of the ground that lie below
SLOPES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.98)
ASPECTS = 8  # points of the compass
HECTARE_M2 = 10_000.0


def scene_features(scene: "Scene") -> tuple[float, ...]:
    """Terrain (heights, slopes, aspects, of the visited square and of the land around), water, shares and looks of the
    ground's materials, colours of sky and light, counts of plants, rocks and structures, purpose. The same length for
    every environment of a version; each is compared with its like after standardising over a folder."""
    area_m2 = float(np.prod([scene.bounds[1][axis] - scene.bounds[0][axis] for axis in (0, 2)]))
    ground, around = _triangles(scene, "ground", "OPAQUE"), _triangles(scene, "horizon", "OPAQUE")
    values = [*_land(ground), *_aspects(ground), *_land(around), _water_share(scene, area_m2)]
    shares = ground_shares(scene)
    values += [shares.get(name, 0.0) for name in _material_names()]
    values += [*_looks(scene, shares), *_sky(scene)]
    plants, hectares = scene.extras.get("plants", {}), area_m2 / HECTARE_M2
    counts = [plants.get(name, 0) for name in _species_names()]
    counts += [scene.extras.get("rocks", 0), scene.extras.get("grass_tufts", 0)]
    values += [float(np.log1p(count / hectares)) for count in counts]
    values += [float(np.log1p(len(scene.extras.get("structures", ())))), float(np.log(area_m2))]
    values += [float(scene.spec.get("purpose") == purpose) for purpose in PURPOSES]
    return tuple(round(float(value), 5) for value in np.nan_to_num(np.array(values, np.float64)))


def scene_colors(scene: "Scene") -> dict[str, str]:
    """{"sky", "ground"}: #rrggbb, the mean colours to show where there is no picture."""
    sky = _mean_color(scene, "sky")
    ground = _mixed_color(scene, ground_shares(scene))
    return {"sky": _hex(sky), "ground": _hex(ground)}


def ground_shares(scene: "Scene") -> dict[str, float]:
    """Material class -> the share of the visited ground that shows it; layers cover each other in the order of drawing."""
    weights: dict[str, float] = {}
    for _, parts in _models(scene, "ground"):
        for mesh in parts:
            if not mesh.material.startswith("ground_"):
                continue
            name = mesh.material.removeprefix("ground_").removesuffix("_over")
            corners = mesh.positions[mesh.indices].astype(np.float64)
            area = np.abs(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])[:, 1]) / 2
            over = mesh.material.endswith("_over") and mesh.colors is not None
            alpha = mesh.colors[:, 3][mesh.indices].mean(1) if over and mesh.colors is not None else np.ones(len(area))
            weights[name] = weights.get(name, 0.0) + float((area * alpha).sum())
    total = sum(weights.values()) or 1.0
    return {name: weight / total for name, weight in weights.items()}


def _land(corners: Floats) -> list[float]:
    """Relief in metres (log), quantiles of height within it and of slope; corners (n, 3, 3)."""
    if not len(corners):
        return [0.0] * (1 + len(HEIGHTS) + len(SLOPES))
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    weights = np.abs(normals[:, 1])
    heights = corners[:, :, 1].mean(1)
    low, high = float(heights.min()), float(heights.max())
    slopes = np.hypot(normals[:, 0], normals[:, 2]) / np.maximum(weights, 1e-9)
    relative = (heights - low) / max(high - low, 1e-6)
    found = [*_quantiles(relative, weights, HEIGHTS), *_quantiles(np.minimum(slopes, 10.0), weights, SLOPES)]
    return [float(np.log1p(high - low)), *found]


def _aspects(corners: Floats) -> list[float]:
    """How much of the ground falls towards each point of the compass, weighted by slope."""
    if not len(corners):
        return [0.0] * ASPECTS
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    towards = np.arctan2(normals[:, 0], -normals[:, 2])
    bins = np.floor((towards / (2 * np.pi) + 0.5) * ASPECTS).astype(int) % ASPECTS
    counts = np.bincount(bins, np.hypot(normals[:, 0], normals[:, 2]), ASPECTS)
    return list(counts / max(float(counts.sum()), 1e-9))


def _quantiles(values: Floats, weights: Floats, shares: tuple[float, ...]) -> list[float]:
    order = np.argsort(values, kind="stable")
    below = np.cumsum(weights[order])
    places = np.searchsorted(below, np.array(shares) * below[-1]).clip(max=len(values) - 1)
    return list(values[order][places])


def _water_share(scene: "Scene", area_m2: float) -> float:
    """Of the visited square."""
    share = 0.0
    half = (scene.bounds[1][0] - scene.bounds[0][0]) / 2
    for _, parts in _models(scene, "water"):
        for mesh in parts:
            corners = mesh.positions[mesh.indices].astype(np.float64)
            inside = np.abs(corners[:, :, [0, 2]].mean(1)).max(1) <= half
            normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
            share += float(np.abs(normals[inside, 1]).sum() / 2) / area_m2
    return min(share, 1.0)


def _looks(scene: "Scene", shares: dict[str, float]) -> list[float]:
    """Of the ground as it is mixed: colour, its spread, roughness, bumpiness."""
    spread, rough, bumpy = np.zeros(3), 0.0, 0.0
    for name, share in shares.items():
        if f"{name}_color" in scene.textures:
            spread += share * scene.textures[f"{name}_color"].pixels[..., :3].std((0, 1)) / 255.0
        if f"{name}_orm" in scene.textures:
            rough += share * float(scene.textures[f"{name}_orm"].pixels[..., 1].mean()) / 255.0
        if f"{name}_normal" in scene.textures:
            bumpy += share * float(scene.textures[f"{name}_normal"].pixels[..., :2].std()) / 255.0
    return [*_mixed_color(scene, shares), *spread, rough, bumpy]


def _sky(scene: "Scene") -> list[float]:
    colors = np.zeros((2, 3))
    if "sky" in scene.textures:
        rows = scene.textures["sky"].pixels[..., :3].mean(1) / 255.0
        colors = np.stack([rows[: len(rows) // 4].mean(0), rows[len(rows) // 3 : len(rows) // 2].mean(0)])
    light = next(iter(scene.lights.values()), None)
    sun = [0.0, 0.0, 0.0] if light is None else [channel * light.intensity for channel in light.color]
    return [*colors.reshape(-1), *sun, scene.extras.get("sun_elevation_deg", 0.0) / 90.0]


def _mixed_color(scene: "Scene", shares: dict[str, float]) -> Floats:
    mixed = np.zeros(3)
    for name, share in shares.items():
        mixed += share * _mean_color(scene, f"{name}_color")
    return mixed


def _mean_color(scene: "Scene", name: str) -> Floats:
    texture = scene.textures.get(name)
    return np.full(3, 0.5) if texture is None else np.asarray(texture.pixels[..., :3].mean((0, 1)) / 255.0)


def _triangles(scene: "Scene", prefix: str, alpha_mode: str) -> Floats:
    """(n, 3, 3) corners of the parts of models of that name whose material is drawn so."""
    found = [
        mesh.positions[mesh.indices].astype(np.float64)
        for _, parts in _models(scene, prefix)
        for mesh in parts
        if scene.materials[mesh.material].alpha_mode == alpha_mode
    ]
    return np.concatenate(found) if found else np.zeros((0, 3, 3))


def _models(scene: "Scene", prefix: str) -> "Iterator[tuple[str, tuple[Mesh, ...]]]":
    return ((name, parts) for name, parts in scene.models.items() if name.split("_")[0] == prefix)


def _material_names() -> list[str]:
    biomes = [make_biome(name) for name in BIOMES]
    return sorted({layer.material for biome in biomes for layer in (biome.base, *biome.overlays)})


def _species_names() -> list[str]:
    return sorted({species.name for name in BIOMES for species in make_biome(name).species})


def _hex(color: Floats) -> str:
    return "#" + "".join(f"{round(float(channel) * 255):02x}" for channel in np.clip(color, 0, 1))
