"""Sheets of real and generated materials, to be told apart by eye: shuffled at two scales, and relit from two sides."""

from dataclasses import replace
from typing import Any

import numpy as np

from seedscape.generation.controls import Controls
from seedscape.generation.evaluate.material_measures import relit, rgb8
from seedscape.generation.evaluate.plots import jpeg
from seedscape.generation.material import complete_maps
from seedscape.generation.pictures import contact_sheet
from seedscape.generation.rng import stream
from seedscape.generation.train.textures import TextureSet
from seedscape.generation.values import Float32

LIGHTS = ((-1.0, 0.0), (1.0, 0.0))  # from the left and from the right
COLUMNS = 8


def sheets(sets: list[TextureSet], ours: list[Float32], seed: int) -> tuple[dict[str, bytes], dict[str, Any]]:
    """JPEG files by name, and what stands where: [set, "real" or "ours"] of every picture, row by row.

    shuffled-256.jpg: crops of 256 pixels of every set, real and ours, in an order drawn by the seed. shuffled-512.jpg: the
    first set of every class, whole. relit.jpg: of every such set 256 pixels, real left, real right, ours left, ours right.
    """
    order = [(k, made) for k in range(len(sets)) for made in (False, True)]
    order = [order[int(i)] for i in stream(seed, "shuffled").permutation(len(order))]
    firsts = [k for k, item in enumerate(sets) if item.material not in {other.material for other in sets[:k]}]

    def picture(k: int, made: bool, size: int) -> Any:
        return rgb8(ours[k] if made else sets[k].channels)[:size, :size]

    whole = [(k, made) for k, made in order if k in firsts]
    lit = []
    for k in firsts:
        for channels in (sets[k].channels, ours[k]):
            item = replace(sets[k], channels=channels)
            maps = complete_maps(item.material, np.ascontiguousarray(item.channels), item.relief, Controls())
            for light in LIGHTS:
                lit.append(relit(maps.base_color, maps.normal, maps.orm, light)[:256, :256])
    files = {
        "shuffled-256.jpg": jpeg(contact_sheet([picture(k, made, 256) for k, made in order], COLUMNS), 70),
        "shuffled-512.jpg": jpeg(contact_sheet([picture(k, made, 512) for k, made in whole], COLUMNS), 55),
        "relit.jpg": jpeg(contact_sheet(lit, COLUMNS), 70),
    }
    places = [[[sets[k].name, "ours" if made else "real"] for k, made in which] for which in (order, whole)]
    return files, {"columns": COLUMNS, "shuffled-256": places[0], "shuffled-512": places[1],
                   "relit": [sets[k].name for k in firsts]}  # fmt: skip
