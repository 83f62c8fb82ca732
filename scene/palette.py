"""The colours of a country: material maps graded towards what its ground looks like.

A network learns textures from photographs of many places; the light and the stone of one place are art direction. Grading
moves the mean of a picture and keeps its detail, so that the seed still decides what the ground is like.
"""

from dataclasses import replace

import numpy as np

from seedscape.generation.values import MaterialMaps
from seedscape.scene.biomes import Biome, Colour
from seedscape.scene.textures import mean_color, to_linear, to_srgb

GRADE = 0.75  # how far the mean goes; the rest is the seed's
GAIN = (0.4, 2.6)  # a channel is never multiplied by less or more

# Linear RGB means of common ground in daylight; a biome may say otherwise.
COMMON: dict[str, Colour] = {
    "grass": (0.120, 0.150, 0.048),
    "dry_grass": (0.270, 0.225, 0.110),
    "forest_floor": (0.110, 0.084, 0.046),
    "soil": (0.125, 0.090, 0.060),
    "rock": (0.215, 0.197, 0.162),
    "mossy_rock": (0.120, 0.122, 0.066),
    "mud": (0.085, 0.072, 0.052),
    "lava": (0.050, 0.043, 0.042),
    "bark": (0.130, 0.105, 0.080),
}


def grade_materials(materials: dict[str, MaterialMaps], biome: Biome) -> dict[str, MaterialMaps]:
    """The same sets with their base colours graded for a biome; classes without a colour to go to stay as they are."""
    palette = COMMON | biome.palette
    return {name: grade(maps, palette[name]) if name in palette else maps for name, maps in materials.items()}


def grade(maps: MaterialMaps, target: Colour) -> MaterialMaps:
    """One set with the mean of its base colour moved by GRADE towards `target` (linear RGB)."""
    color = np.empty_like(maps.base_color)
    for channel, (mean, wanted) in enumerate(zip(mean_color(maps.base_color), target, strict=True)):
        gain = min(max(1.0 + GRADE * (wanted - mean) / max(mean, 1e-3), GAIN[0]), GAIN[1])
        table = to_srgb(to_linear(np.arange(256)) * gain)
        color[..., channel] = table[maps.base_color[..., channel]]
    return replace(maps, base_color=color)
