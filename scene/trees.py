"""Trees as shared meshes: one material for bark and foliage, three levels of detail each (and a picture: see `billboard`).

Foliage cards carry normals bent outwards from the crown, so that light falls softly over the whole tree. glTF flips the
normal of a double-sided back face, which would turn bent normals into the crown and blacken half of the cards; so the
material is single-sided and each card is indexed twice, once each way round, on the same four vertices.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seedscape.scene import species, undergrowth
from seedscape.scene.branching import Surface
from seedscape.scene.foliage import Atlas
from seedscape.scene.numeric import unit
from seedscape.scene.plant_parts import Grown
from seedscape.scene.values import Material, Mesh

MATERIAL = "trees"
TEXTURE = "trees"


@dataclass(frozen=True)
class TreeModel:
    """One tree, foot at the origin. near: 1,200 - 2,500 triangles; middle: 300 - 600; coarse: 80 - 200; low plants less.

    All levels are equally tall and wide, so that none jumps in size where the next takes its place (see `levels`).
    height_m, crown_radius_m: the outer measure of all. trunk_radius_m: at breast height, 0 where a visitor can push through.
    """

    species: str
    near: Mesh
    middle: Mesh
    coarse: Mesh
    height_m: float
    crown_radius_m: float
    trunk_radius_m: float


def tree_material() -> Material:
    """What all trees of a scene share."""
    return Material(base_color=TEXTURE, roughness=1.0, specular=0.0, alpha_mode="MASK", alpha_cutoff=0.4)


def grow_tree(species: str, rng: np.random.Generator, atlas: Atlas) -> TreeModel:
    """One tree of a species (a name of `SPECIES`); without cells in the atlas for it, it stands bare."""
    near, middle, coarse, trunk_radius_m = _GROW[species](rng, atlas)
    height_m, radius_m = _measure(near)
    middle, coarse = (_fit(level, height_m, radius_m) for level in (middle, coarse))
    return TreeModel(species, _mesh(near), _mesh(middle), _mesh(coarse), height_m, radius_m, trunk_radius_m)


def _measure(surface: Surface) -> tuple[float, float]:
    """Height and radius in metres."""
    x, y, z = surface.positions.T
    return float(y.max()), float(np.sqrt(x * x + z * z).max())


def _fit(level: Surface, height_m: float, radius_m: float) -> Surface:
    """The level stretched by a few percent to the measure of the near one; what is under the ground stays."""
    tall, wide = _measure(level)
    points = level.positions * np.array([radius_m / wide, 1.0, radius_m / wide])
    points[:, 1] = np.where(points[:, 1] > 0.0, points[:, 1] * (height_m / tall), points[:, 1])
    return Surface(points, level.normals, level.uvs, level.shade, level.indices)


def _mesh(surface: Surface) -> Mesh:
    shade = np.clip(surface.shade, 0.0, 1.0)
    colors = np.stack([shade, shade, shade, np.ones_like(shade)], axis=1)
    return Mesh(
        positions=surface.positions.astype(np.float32),
        indices=surface.indices.astype(np.uint32),
        material=MATERIAL,
        normals=unit(surface.normals).astype(np.float32),
        uvs=surface.uvs.astype(np.float32),
        colors=colors.astype(np.float32),
    )


_GROW: dict[str, Callable[[np.random.Generator, Atlas], Grown]] = {
    "spruce": species.grow_spruce,
    "pine": species.grow_pine,
    "broadleaf": species.grow_broadleaf,
    "birch": species.grow_birch,
    "dead_tree": species.grow_dead_tree,
    "shrub": undergrowth.grow_shrub,
    "cactus": undergrowth.grow_cactus,
    "palm": species.grow_palm,
    "fern": undergrowth.grow_fern,
    "dry_shrub": undergrowth.grow_dry_shrub,
    "log": undergrowth.grow_log,
    "driftwood": undergrowth.grow_driftwood,
    "stump": undergrowth.grow_stump,
}
SPECIES = tuple(_GROW)
