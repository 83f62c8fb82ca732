"""A user's sketch of the land: a small grey picture, or lines of ridges and valleys and outlines of the sea.

Picture: white is high, black is low. JSON, in fractions of the window from its north-western corner, x east and y south:

    {"ridges": [[[x, y], ...], ...], "valleys": [...], "sea": [...]}

Ridges stand at 1, valleys at 0.25, the sea (closed outlines) at 0; the ground between is the smoothest that joins them (Laplace's
equation, as in Hnaidi et al. 2010, "Feature based terrain generation using diffusion equation").
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import RequestError
from seedscape.generation.guide import STRONG, Guide, Wish
from seedscape.generation.quilt import Lattice, Quilt

MAX_PICTURE_PX = 2048
DRAWN = 96  # resolution of drawn lines
MAX_LINES, MAX_POINTS = 200, 2000
VALLEY = 0.25
FOLLOW = 6  # cells over which the land is averaged before it is compared with the sketch
SWEEPS = 600

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Sketch:
    """grey: (h, w) float64 heights 0 .. 1, first row north. sea: (h, w) bool, or None where nothing is said of it."""

    grey: Float64
    sea: NDArray[np.bool_] | None = None

    def at(self, rows: Float64, cols: Float64) -> Float64:
        """Heights 0 .. 1 at fractions of the sketch's height and width (bilinear; beyond the rim as on it)."""
        return _look_up(self.grey, rows, cols)

    def sea_at(self, rows: Float64, cols: Float64) -> NDArray[np.bool_]:
        """Where the sea was drawn; the coast is the half-way line of the mask. Rows (n, 1) and columns (1, m) broadcast."""
        if self.sea is None:
            return np.zeros(np.broadcast_shapes(rows.shape, cols.shape), bool)
        inside = (rows >= 0) & (rows <= 1) & (cols >= 0) & (cols <= 1)
        return np.asarray(inside & (_look_up(self.sea.astype(np.float64), rows, cols) > 0.5))


def read_sketch(path: Path) -> Sketch:
    """A picture of any kind Pillow reads, or JSON. RequestError: neither, too large, or without contrast."""
    try:
        if path.suffix.lower() == ".json":
            return _drawn(json.loads(path.read_text()))
        from PIL import Image

        with Image.open(path) as picture:
            if max(picture.size) > MAX_PICTURE_PX:
                raise RequestError(f"expected a sketch of at most {MAX_PICTURE_PX} pixels a side, got {picture.size}")
            grey = np.asarray(picture.convert("F"), np.float64)
    except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
        if isinstance(error, RequestError):
            raise
        raise RequestError(f"expected a sketch (picture or JSON) in {path}, got {error}"[:300]) from error
    if min(grey.shape) < 2 or np.ptp(grey) <= 0.0 or not np.isfinite(grey).all():
        raise RequestError(f"expected a sketch with light and dark in {path}, got {grey.shape} of one grey")
    return Sketch((grey - grey.min()) / np.ptp(grey))


def _drawn(drawing: Any) -> Sketch:
    from PIL import Image, ImageDraw

    known = {"ridges": 255, "valleys": round(255 * VALLEY), "sea": 0}
    if not isinstance(drawing, dict) or not drawing or set(drawing) - set(known):
        raise RequestError(f"expected an object with some of {', '.join(known)}, got {str(drawing)[:60]}")
    value, fixed = Image.new("L", (DRAWN, DRAWN)), Image.new("1", (DRAWN, DRAWN))
    sea = Image.new("1", (DRAWN, DRAWN))
    for kind in ("sea", "valleys", "ridges"):
        lines = drawing.get(kind, [])
        if not isinstance(lines, list) or len(lines) > MAX_LINES:
            raise RequestError(f"expected at most {MAX_LINES} lines of {kind}, got {str(lines)[:60]}")
        for line in lines:
            points = _points(kind, line)
            if kind == "sea":
                for picture, ink in ((value, 0), (fixed, 1), (sea, 1)):
                    ImageDraw.Draw(picture).polygon(points, fill=ink)
            else:
                ImageDraw.Draw(value).line(points, fill=known[kind], width=1)
                ImageDraw.Draw(fixed).line(points, fill=1, width=1)
    known_at = np.asarray(fixed, bool)
    if not known_at.any() or np.ptp(np.asarray(value)[known_at]) == 0:
        raise RequestError("expected a sketch with high and low in it: two of ridges, valleys and sea")
    grey = _relaxed(np.asarray(value, np.float64) / 255.0, known_at)
    return Sketch(grey, np.asarray(sea, bool) if drawing.get("sea") else None)


def _points(kind: str, line: Any) -> list[tuple[float, float]]:
    fewest = 3 if kind == "sea" else 2
    good = isinstance(line, list) and fewest <= len(line) <= MAX_POINTS
    if not good or not all(isinstance(p, list) and len(p) == 2 and all(_in_range(x) for x in p) for p in line):
        raise RequestError(f"expected lines of {kind} as {fewest} or more [x, y] in -1 .. 2, got {str(line)[:60]}")
    return [(x * DRAWN - 0.5, y * DRAWN - 0.5) for x, y in line]


def _in_range(x: Any) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and -1.0 <= x <= 2.0


def _relaxed(value: Float64, fixed: NDArray[np.bool_]) -> Float64:
    """The harmonic surface through the fixed places, by red-black over-relaxation; open at the rim."""
    x = np.where(fixed, value, value[fixed].mean())
    red = (np.add.outer(np.arange(DRAWN), np.arange(DRAWN)) % 2) == 0
    for _ in range(SWEEPS):
        for colour in (red, ~red):
            wide = np.pad(x, 1, mode="edge")
            mean = (wide[1:-1, 2:] + wide[1:-1, :-2] + wide[2:, 1:-1] + wide[:-2, 1:-1]) / 4.0
            x = np.where(colour & ~fixed, x + 1.9 * (mean - x), x)
    return np.clip(x, 0.0, 1.0)


def _look_up(field: Float64, rows: Float64, cols: Float64) -> Float64:
    h, w = field.shape
    r, c = np.clip(rows * h - 0.5, 0.0, h - 1.0), np.clip(cols * w - 0.5, 0.0, w - 1.0)
    r0, c0 = np.minimum(r.astype(np.int64), h - 2), np.minimum(c.astype(np.int64), w - 2)
    fr, fc = r - r0, c - c0
    top = field[r0, c0] * (1.0 - fc) + field[r0, c0 + 1] * fc
    return np.asarray(top * (1.0 - fr) + (field[r0 + 1, c0] * (1.0 - fc) + field[r0 + 1, c0 + 1] * fc) * fr)


@dataclass(frozen=True)
class SketchGuide:
    """Altitude and tilt from a sketch that covers the cells 0 .. size of a world; roughness from `wild`.

    relief: posts from black to white.
    """

    sketch: Sketch
    size: float
    relief: float
    wild: Guide

    def altitude(self, rows: Float64, cols: Float64) -> Float64:
        """Posts at cell places."""
        return self.relief * self.sketch.at(rows / self.size, cols / self.size)

    def at(self, row: float, col: float) -> Wish:
        """The wish for one place; tilt over the width of a block's core."""
        half = 5.0
        places = np.array([[row, col], [row, col + half], [row, col - half], [row + half, col], [row - half, col]])
        here, east, west, south, north = self.altitude(places[:, 0], places[:, 1])
        grey = float(here) / max(self.relief, 1e-9)
        x, y = float(east - west) / (2 * half), float(south - north) / (2 * half)
        steep = max(
            x * x + y * y + (self.relief / self.size) ** 2, 1e-12
        )  # where hardly anything is drawn, ridges are free
        return Wish(
            float(here), x, y, self.wild.at(row, col).roughness, grey,
            STRONG * (x * x - y * y) / steep, STRONG * 2.0 * x * y / steep,
        )  # fmt: skip


class SketchedQuilt:
    """A quilt whose broad shape is the sketch's: what differs after averaging over FOLLOW cells is taken away."""

    def __init__(self, quilt: Quilt, guide: SketchGuide) -> None:
        self._quilt, self._guide = quilt, guide

    def window(self, row: int, col: int, rows: int, cols: int) -> Lattice:
        """The cells [row, row + rows) x [col, col + cols)."""
        wide = self._quilt.window(row - FOLLOW, col - FOLLOW, rows + 2 * FOLLOW, cols + 2 * FOLLOW)
        r = np.arange(row - FOLLOW, row + rows + FOLLOW) + 0.5
        c = np.arange(col - FOLLOW, col + cols + FOLLOW) + 0.5
        wanted = self._guide.altitude(*np.broadcast_arrays(r[:, None], c[None, :]))
        change = _tent(_tent(wanted - wide.low).T).T
        inner = (slice(FOLLOW, -FOLLOW), slice(FOLLOW, -FOLLOW))
        return Lattice(np.ascontiguousarray(wide.latents[:, inner[0], inner[1]]), wide.low[inner] + change)


def _tent(field: Float64) -> Float64:
    """(rows - 2 FOLLOW, cols) average along the columns, weights falling to nothing at FOLLOW."""
    rows = field.shape[0] - 2 * FOLLOW
    weights = FOLLOW - np.abs(np.arange(-FOLLOW, FOLLOW + 1))
    total = np.zeros((rows, field.shape[1]))
    for k, weight in enumerate(weights):
        total += (weight / FOLLOW**2) * field[k : k + rows]
    return total
