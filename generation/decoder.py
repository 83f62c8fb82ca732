"""The material decoder at run time: weights scaled for a style, and the two graphs that use them.

StyleGAN2's modulation (Karras et al. 2020) multiplies a convolution's weights by what the style says of each input channel and
brings them back to one norm. That is done here, once a style, so that the graphs hold plain convolutions.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import MissingPartError
from seedscape.generation.runtime import Network
from seedscape.generation.values import Float32

CELL = 8
OUTPUTS = 5
REACH, TEXELS_REACH = 3, 4  # cells that the first graph sees beyond its own, and the second
CELLS, TEXELS, MASTER = "material-cells.onnx", "material-texels.onnx", "material.safetensors"
MODULATED = ("eighth.0", "eighth.1", "quarter.0", "quarter.1", "halved.0", "halved.1", "full.0", "full.1")
IN_CELLS = MODULATED[:3]

EQUALISER = 11  # pixels a side of the kernel
SPLINE = 2  # cells to either side that a pixel's broad part takes from

Decode = Callable[[Float32, dict[int, Float32]], Float32]


@dataclass(frozen=True)
class Tuning:
    """What a set is told of its own pictures when it is released (see generation/train/calibrate.py).

    equaliser (OUTPUTS, OUTPUTS, EQUALISER, EQUALISER) float32: kernels that bring the channels' spectra, and what they have in common,
    to those of the set. evening: shares of rows and columns by which lines are evened, see `evened`. Of the height: ungrid,
    whether a comb along rows and along columns is taken out, see `maps.ungridded`; coring, threshold and gain, see `maps.cored`.
    """

    equaliser: Float32
    evening: tuple[float, float] = (0.0, 0.0)
    coring: tuple[float, float] = (0.0, 1.0)
    ungrid: tuple[bool, bool] = (True, True)


def plain_equaliser() -> Float32:
    """The one that changes nothing."""
    kernel = np.zeros((OUTPUTS, OUTPUTS, EQUALISER, EQUALISER), np.float32)
    kernel[:, :, EQUALISER // 2, EQUALISER // 2] = np.eye(OUTPUTS)
    return kernel


@dataclass(frozen=True)
class MaterialDecoder:
    """cells, texels: the graphs' bytes. master: weights as they were trained, float16 or float32 by their name in the model."""

    cells: bytes
    texels: bytes
    master: Mapping[str, NDArray[Any]]

    def require_complete(self) -> None:
        """MissingPartError unless every weight is there."""
        parts = ("weight", "bias", "gain", "affine.weight", "affine.bias")
        names = {f"{name}.{part}" for name in MODULATED for part in parts} | {f"noise.{k}" for k in range(3)}
        names |= {"leave.weight", "leave.bias", "pca.weight", "pca.bias"}
        if missing := sorted(names - self.master.keys()):
            raise MissingPartError(
                f"expected the weight {missing[0]} in {MASTER}, got none; reinstall seedscape to repair it"
            )

    def styled(self, style: Float32, rows: int, columns: int, tuning: Tuning | None = None) -> Decode:
        """The decoder for one style (S,), one size of piece, and what its set is told of its pictures (None: nothing).

        What it returns takes latents (L + 5, rows + 14, columns + 14) and noise {4, 2, 1 -> (1, ., .)} for rows + 8 and columns + 8
        cells, and gives (5, 8 rows, 8 columns) standardised channels of the inner cells. The last five latents are the broad part of
        the channels that the networks leave over, see `enlarged`. MissingPartError: damaged files.
        """
        tuning = tuning or Tuning(plain_equaliser())
        weights = scaled_weights(self.master, style) | {"equaliser.weight": tuning.equaliser}
        first = {key: value for key, value in weights.items() if key.rpartition(".")[0] in IN_CELLS}
        rest = {key: value for key, value in weights.items() if key not in first}
        sizes = {"rows": rows + 2 * (REACH + TEXELS_REACH), "columns": columns + 2 * (REACH + TEXELS_REACH)}
        cells = Network(self.cells, CELLS, first, sizes)
        inner = {"rows": rows + 2 * TEXELS_REACH, "columns": columns + 2 * TEXELS_REACH}
        pixels = {f"{axis}{s}": count * CELL // s for axis, count in inner.items() for s in (4, 2, 1)}
        texels = Network(self.texels, TEXELS, rest, inner | pixels)
        within, edge = slice(REACH, -REACH), TEXELS_REACH * CELL - 1
        around = slice(REACH + TEXELS_REACH - SPLINE, SPLINE - REACH - TEXELS_REACH)

        def decode(latents: Float32, noise: dict[int, Float32]) -> Float32:
            own = latents[:-OUTPUTS]
            x = np.ascontiguousarray(cells(latents=own[None])[:, :, within, within])
            z = np.ascontiguousarray(own[None, :, within, within])
            made = texels(latents=z, cells=x, **{f"noise{s}": grain[None] for s, grain in noise.items()})
            picture = evened(made[0, :, edge:-edge, edge:-edge], tuning.evening)
            picture += enlarged(latents[-OUTPUTS:, around, around])
            return picture

        return decode


def enlarged(broad: Float32) -> Float32:
    """(C, rows + 4, columns + 4) cells -> (C, 8 rows, 8 columns) pixels, by cubic B-splines of which each cell has one.

    Sums are taken tap by tap, so a window is that of the whole to the bit.
    """
    taps = spline_taps()
    for axis in (1, 2):
        count = broad.shape[axis] - 2 * SPLINE
        shape = [1, 1, 1, 1]
        shape[axis + 1] = CELL
        parts = [
            np.expand_dims(np.take(broad, range(t, t + count), axis), axis + 1) * taps[:, t].reshape(shape)
            for t in range(2 * SPLINE + 1)
        ]
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        broad = total.reshape(*broad.shape[:axis], count * CELL, *broad.shape[axis + 1 :])
    return broad


def spline_taps() -> Float32:
    """(8, 5): share in each pixel of a cell, from its first line to its last, of the cells from two before to two after."""
    away = np.abs(np.arange(-SPLINE, SPLINE + 1) - ((np.arange(CELL) + 0.5) / CELL - 0.5)[:, None])
    inner, outer = 2 / 3 - away**2 + away**3 / 2, np.maximum(2 - away, 0) ** 3 / 6
    return np.where(away < 1, inner, outer).astype(np.float32)


def evened(made: Float32, shares: Sequence[float]) -> Float32:
    """(C, rows + 2, columns + 2), from odd lines before the picture to even ones after it -> (C, rows, columns), steps evened out.

    Layers that enlarge leave the steps from even to odd lines stronger than those from odd to even ones, or weaker: a weave of two
    pixels. Of the stronger kind each line of a pair takes a share of the other. shares: of rows and of columns, 0 .. 0.5; above 0
    where even to odd is the stronger kind, below 0 where odd to even is. Works in place.
    """
    for axis, share in enumerate(shares, 1):
        lines = np.moveaxis(made, axis, 0)
        first, second = (lines[1:-1:2], lines[2:-1:2]) if share > 0.0 else (lines[0::2], lines[1::2])
        step = (second - first) * np.float32(abs(share))
        first += step
        second -= step
    return made[:, 1:-1, 1:-1]


def scaled_weights(master: Mapping[str, NDArray[Any]], style: Float32) -> dict[str, Float32]:
    """What the graphs are to be given for a style (S,), by the names they have there."""
    weights: dict[str, NDArray[Any]] = {}
    for name in MODULATED:
        weight, bias, matrix, offset = (
            master[f"{name}.{part}"].astype(np.float64) for part in ("weight", "bias", "affine.weight", "affine.bias")
        )
        weight = weight * ((matrix * style).sum(1) + offset)[None, :, None, None]
        weight *= master[f"{name}.gain"] / np.sqrt((weight**2).sum((1, 2, 3), keepdims=True) + 1e-8)
        weights |= {f"{name}.weight": weight, f"{name}.bias": bias}
    weights |= {f"noise.{k}": master[f"noise.{k}"].reshape(-1, 1, 1, 1) for k in range(3)}
    weights["leave.weight"] = master["leave.weight"]
    weights["leave.bias"] = master["leave.bias"].astype(np.float64) + master["pca.bias"]
    weights["pca.weight"] = _blocks(master["pca.weight"])
    return {name: np.ascontiguousarray(value, np.float32) for name, value in weights.items()}


def _blocks(weight: NDArray[Any]) -> NDArray[Any]:
    """(L, 5, 16, 16) of a transposed convolution with stride 8 -> (320, L, 2, 2): 2 x 2 cells to one block of 8 x 8 pixels.

    A block lies between four cells; of the upper and left ones it takes the second half of the window, of the others the first.
    """
    latent = weight.shape[0]
    halves = weight.reshape(latent, OUTPUTS, 2, CELL, 2, CELL)[:, :, ::-1, :, ::-1, :]
    return halves.transpose(1, 3, 5, 0, 2, 4).reshape(OUTPUTS * CELL * CELL, latent, 2, 2)
