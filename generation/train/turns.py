"""The linear map from latents of land to latents of that land turned, by least squares over the training tiles."""

import numpy as np
import torch
from numpy.typing import NDArray

from seedscape.generation.models.terrain_vae import CELL, TerrainVAE
from seedscape.generation.train.elevation import Tile
from seedscape.generation.turns import EXACT, REACH, TURNS, surroundings, turned

RIDGE = 1e-3  # times the mean variance: keeps the weights of what hardly varies small
EDGE = REACH + 2  # cells: beyond, latents know of the tile's rim
MOST = 127  # of the whole numbers of latents


@torch.no_grad()
def encoded(vae: TerrainVAE, tile: Tile, turn: int) -> NDArray[np.float32]:
    """(rows, cols, Z) mean latents of a tile after a turn, see `turned`; heights less their mean."""
    rows, cols = (n // CELL * CELL for n in tile.heights_m.shape)
    posts = turned(tile.heights_m[:rows, :cols] / np.float32(tile.spacing_m), turn)
    heights = torch.from_numpy(np.ascontiguousarray(posts))[None, None]
    return vae.encode(heights - heights.mean())[0][0].permute(1, 2, 0).contiguous().numpy()


def fit_turns(vae: TerrainVAE, tiles: list[Tile], latent_step: float) -> tuple[NDArray[np.int16], float]:
    """((TURNS - 1, (2 REACH + 1)^2 Z, Z) whole weights, their step): see `Turner`. Weights are cut so that sums stay exact."""
    upright = [(tile, encoded(vae, tile, 0)) for tile in tiles]
    found = [_fit_turn(vae, upright, turn, latent_step) for turn in range(1, TURNS)]
    largest = max(float(np.abs(weights).sum(axis=0).max()) for weights in found)
    step = 2.0 ** np.ceil(np.log2(max(largest, 1e-6) * MOST / (EXACT / 2)))
    step = max(step, 2.0 ** np.ceil(np.log2(max(1e-6, *(float(np.abs(weights).max()) for weights in found)) / 32767)))
    return np.stack([np.round(weights / step).astype(np.int16) for weights in found]), float(step)


def _fit_turn(
    vae: TerrainVAE, upright: list[tuple[Tile, NDArray[np.float32]]], turn: int, latent_step: float
) -> NDArray[np.float64]:  # fmt: skip
    size = (2 * REACH + 1) ** 2 * vae.config.latent
    products, targets = np.zeros((size, size)), np.zeros((size, vae.config.latent))
    for tile, latents in upright:
        rows, cols = (len(latents), latents.shape[1]) if turn % 2 == 0 else (latents.shape[1], len(latents))
        if min(rows, cols) <= 2 * EDGE:
            continue
        known = np.clip(np.round(turned(latents, turn) / latent_step), -MOST, MOST) * latent_step
        inner = np.zeros((rows, cols), bool)
        inner[EDGE:-EDGE, EDGE:-EDGE] = True
        around = surroundings(known)[inner.ravel()].astype(np.float64)
        products += around.T @ around
        targets += around.T @ encoded(vae, tile, turn)[inner].astype(np.float64)
    ridge = RIDGE * max(float(np.trace(products)) / size, 1e-9)
    return np.asarray(np.linalg.solve(products + ridge * np.eye(size), targets), np.float64)
