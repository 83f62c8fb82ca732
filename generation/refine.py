"""Finer levels of a height field by the refiner, down to half-metre posts, with gullies where water runs."""

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.hydrology import accumulate, flood, receivers
from seedscape.generation.rng import fractions
from seedscape.generation.runtime import Network, grain
from seedscape.generation.values import HeightField

NOISE_CHANNELS = 4
FADE = 6  # posts over which a finer level grows out of the coarser
MEAN_AREA_LOG2 = 3.0  # of the flow accumulation in posts at which roughness stays as it is
LEAST_ROUGH, MOST_ROUGH = 0.6, 1.5  # factors of the detail on divides and along water
WANDER = 4.0  # noise on the ground that water is led over, as a share of its fall from post to post
GULLY_SHARE = 0.008  # of the relief: deepest gully; box means stay within 1 % of the relief of the coarser posts
GULLY_SLOPE = 0.5  # posts of depth for each post of fall: level ground has no gullies
GULLY_POSTS = 0.45  # deepest gully in posts, on whatever slope: a gully is three posts wide, so its banks can be walked
GULLY_LOG2 = (6.0, 12.0)  # of the flow accumulation: where gullies begin, and where they are at their deepest

Float64 = NDArray[np.float64]


def refine(
    field: HeightField, half_m: float, rng: np.random.Generator, refiner: Network, gullies: bool = False
) -> HeightField:  # fmt: skip
    """The square of +-half_m around the origin at half the post spacing, meeting `field` along its edge.

    gullies: detail follows the water; see `with_gullies`.
    """
    s = field.spacing_m
    rows, cols = field.heights_m.shape
    c0 = max(0, int((-half_m - field.origin_m[0]) // s) - 8)
    r0 = max(0, int((-half_m - field.origin_m[1]) // s) - 8)
    c1 = min(cols, int((half_m - field.origin_m[0]) // s) + 10)
    r1 = min(rows, int((half_m - field.origin_m[1]) // s) + 10)
    window = field.heights_m[r0:r1, c0:c1].astype(np.float64)
    centre = float(window.mean())
    x = ((window - centre) / s).astype(np.float32)[None, None]
    y = refiner(x=x, noise=grain(rng, 1, NOISE_CHANNELS, *x.shape[2:]))[0, 0]
    heights = y.astype(np.float64) * s + centre
    # Fine posts stand a quarter of a coarse one to either side of it: the refiner splits cells, it does not insert posts.
    cut = 8
    heights = heights[cut:-cut, cut:-cut]
    if gullies:
        heights = with_gullies(heights, s / 2, rng)
    origin = (field.origin_m[0] + c0 * s - s / 4 + cut * s / 2, field.origin_m[1] + r0 * s - s / 4 + cut * s / 2)
    n_rows, n_cols = heights.shape
    xs = origin[0] + np.arange(n_cols) * (s / 2)
    zs = origin[1] + np.arange(n_rows) * (s / 2)
    base = field.sample(xs[None, :], zs[:, None])
    inward = (
        np.minimum(np.arange(n_rows), np.arange(n_rows)[::-1])[:, None],
        np.minimum(np.arange(n_cols), np.arange(n_cols)[::-1]),
    )
    weight = np.clip(np.minimum(*inward) / FADE, 0.0, 1.0)
    heights = base + weight * (heights - base)
    return HeightField(heights.astype(np.float32), s / 2, origin)


def with_gullies(heights: Float64, spacing_m: float, rng: np.random.Generator) -> Float64:
    """(rows, cols) fine heights whose detail is stronger along water and weaker on divides, and into which running water has cut
    gullies: at most GULLY_SHARE of the relief deep, and only where the ground falls.

    Water on an even slope would run down it in parallel lines, as the eight directions of the grid have it; so it is led over
    ground with a noise that goes with the fall, and finds together in branches.
    (Detail was once the deviation from means of 2 x 2 posts. Those hold the slope itself, which then came out in steps.)
    """
    soft = _smoothed(_smoothed(heights))
    dy, dx = np.gradient(soft, spacing_m)
    fall = np.sqrt(dx * dx + dy * dy)
    rough_way = heights + WANDER * spacing_m * fall * (_smoothed(fractions(rng, *heights.shape)) - 0.5) * 2.0
    filled, parents, order = flood(rough_way)
    area = accumulate(receivers(filled, parents, spacing_m), order, shape=heights.shape)
    fraction, exponent = np.frexp(area)  # a logarithm of straight lines, the same on every machine
    wet = exponent - 2.0 + 2.0 * fraction
    rough = np.clip(1.0 + 0.15 * (_smoothed(wet) - MEAN_AREA_LOG2), LEAST_ROUGH, MOST_ROUGH)
    first, last = GULLY_LOG2
    share = np.clip((wet - first) / (last - first), 0.0, 1.0)
    share = np.minimum(2.0 * _smoothed(_smoothed(share)), 1.0)  # banks of two posts
    deepest = np.minimum(GULLY_SHARE * np.ptp(heights), spacing_m * np.minimum(2.0 * GULLY_SLOPE * fall, GULLY_POSTS))
    return np.asarray(soft + rough * (heights - soft) - share * deepest)


def _smoothed(field: Float64) -> Float64:
    """Means with weights 1 2 1 along both axes: a line one post wide gets banks."""
    wide = np.pad(field, 1, mode="edge")
    wide = (wide[:-2] + 2.0 * wide[1:-1] + wide[2:]) / 4.0
    return np.asarray((wide[:, :-2] + 2.0 * wide[:, 1:-1] + wide[:, 2:]) / 4.0)
