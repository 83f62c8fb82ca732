"""Lava as it lies: flows a metre thick along winding lines, their skin broken to clinker here and folded to ropes there."""

import numpy as np
from numpy.typing import NDArray

from seedscape.scene.biomes import Flows
from seedscape.scene.noise import land_noise, vein_noise
from seedscape.scene.numeric import smoothstep

Float = NDArray[np.float64]

FLOW_POSTS_M = 8.0  # posts farther apart would show a flow as a row of teeth
CLINKER_POSTS_M = 0.5
CLEAR_M = (3.0, 9.0)  # the visitor's place: within the first no lava, beyond the second all of it
ROUGH_M = (20.0, 46.0)  # clinker and ropes are made up to here, and fade; farther off they would only cost triangles


def lava_flows(seed: int, flows: Flows, x: Float, z: Float, spacing_m: float) -> Float:
    """Metres of lava on the land at a row x (1, cols) and a column z (rows, 1) of posts spacing_m apart."""
    if spacing_m > FLOW_POSTS_M:
        return np.zeros(np.broadcast_shapes(x.shape, z.shape))
    line = vein_noise(seed, flows.material, x, z, flows.patch_m)
    away = np.sqrt(x * x + z * z)
    body = smoothstep(*flows.veins, line) * smoothstep(*CLEAR_M, away)
    height = flows.thick_m * (0.6 + 0.8 * land_noise(seed, "flow", x, z, 9.0, 2)) * body
    if spacing_m > CLINKER_POSTS_M:
        return np.asarray(height)
    broken = smoothstep(0.36, 0.56, land_noise(seed, "clinker", x, z, 12.0, 2))
    rough = body * smoothstep(*ROUGH_M[::-1], away)
    return np.asarray(
        height + rough * (broken * _blocks(seed, flows, x, z) + (1.0 - broken) * _ropes(seed, flows, x, z))
    )


def _blocks(seed: int, flows: Flows, x: Float, z: Float) -> Float:
    """Lumps with creases between them: the absolute value of a noise about its mean, of two sizes."""
    lumps = np.abs(2.0 * land_noise(seed, "blocks", x, z, flows.block_m, 1) - 1.0)
    small = np.abs(2.0 * land_noise(seed, "small blocks", x, z, 0.48 * flows.block_m, 1) - 1.0)
    return np.asarray(flows.block_height_m * (lumps + 0.4 * small - 0.3))


def _ropes(seed: int, flows: Flows, x: Float, z: Float) -> Float:
    """Folds across the way the lava went, bent into festoons: round on top, creased between."""
    bend = 3.2 * land_noise(seed, "festoons", x, z, 4.5 * flows.rope_m, 2)
    t = (x + 0.6 * z) / (1.17 * flows.rope_m) + bend
    fold = 2.0 * np.abs(t - np.floor(t) - 0.5)
    return np.asarray(flows.rope_height_m * (1.0 - fold * fold))
