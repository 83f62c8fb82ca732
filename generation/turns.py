"""Land turned and mirrored: eight kinds of land of one, so that a world need not show a piece twice.

Latents of turned land are not the turned array of latents: the networks favour directions. But they are nearly a linear function of the
latents around: those of 5 x 5 cells explain most of their variance (generation/train/turns.py fits it and says how much). Both are kept as
whole numbers, whose sums float32 holds exactly, so that turned land is the same on every machine.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

TURNS = 8
REACH = 2  # cells on either side
EXACT = 1 << 24  # whole numbers below it are float32's own

Float32 = NDArray[np.float32]
_Kind = TypeVar("_Kind", bound=np.generic)


def turned(field: NDArray[_Kind], turn: int) -> NDArray[_Kind]:
    """A view of (rows, cols, ...) after `turn` % 4 quarter turns anticlockwise, before them mirrored in its columns from turn 4 on."""
    return np.rot90(field[:, ::-1] if turn >= 4 else field, turn % 4)


@dataclass(frozen=True, eq=False)
class Turner:
    """What makes latents of turned land. weights (TURNS - 1, (2 REACH + 1)^2 Z, Z) float32 whole numbers, in `step`; latent_step: of latents."""

    weights: Float32
    step: float
    latent_step: float

    def latents(self, latents: Float32) -> list[Float32]:
        """(rows, cols, Z) latents, multiples of latent_step, to those of the land after each turn 1 .. TURNS - 1.

        Turned are the weights and then the sums: the cells around are looked up once.
        """
        rows, cols, depth = latents.shape
        sums = surroundings(np.round(latents / np.float32(self.latent_step))) @ self._upright
        sums *= np.float32(self.step * self.latent_step)
        parts = sums.reshape(rows, cols, TURNS - 1, depth)
        return [turned(parts[:, :, turn - 1], turn) for turn in range(1, TURNS)]

    @cached_property
    def _upright(self) -> Float32:
        """((2 REACH + 1)^2 Z, (TURNS - 1) Z) weights for cells around as they lie before the turn."""
        size, depth = 2 * REACH + 1, self.weights.shape[2]
        kernels = []
        for turn, weights in enumerate(self.weights, 1):
            kernel = np.rot90(weights.reshape(size, size, depth, depth), -(turn % 4))
            kernels.append((kernel[:, ::-1] if turn >= 4 else kernel).reshape(size * size * depth, depth))
        return np.ascontiguousarray(np.concatenate(kernels, axis=1))


def surroundings(latents: NDArray[Any]) -> NDArray[Any]:
    """(rows cols, (2 REACH + 1)^2 Z) of (rows, cols, Z): the cells around each, beyond the rim those on it."""
    rows, cols, depth = latents.shape
    wide = np.pad(latents, ((REACH, REACH), (REACH, REACH), (0, 0)), mode="edge")
    size = 2 * REACH + 1
    parts = [wide[r : r + rows, c : c + cols] for r in range(size) for c in range(size)]
    return np.ascontiguousarray(np.concatenate(parts, axis=2)).reshape(rows * cols, size * size * depth)
