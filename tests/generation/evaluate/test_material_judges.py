"""The feature distance: a set to itself is what its halves differ by, another set is farther."""

import numpy as np
import torch

from seedscape.generation.evaluate.material_judges import (
    CROP,
    OPPOSITE,
    Judge,
    _half_features,
    feature_distances,
    halves_apart,
)
from seedscape.generation.rng import fractions, stream
from seedscape.generation.train.textures import PIXELS
from seedscape.generation.values import Float32


def _set(seed: int, blurs: int) -> Float32:
    x = fractions(stream(seed, "set"), 5, PIXELS, PIXELS)
    for _ in range(blurs):
        x = (x + np.roll(x, 1, 1) + np.roll(x, 1, 2) + np.roll(x, (1, 1), (1, 2))) / 4.0
    return np.asarray(x / x.std(), np.float32)


def test_another_texture_is_farther_than_the_floor_and_another_draw_is_not() -> None:
    torch.manual_seed(1)
    judge = Judge(2, (8, 12), 3).eval()
    real = [_set(1, 0), _set(2, 4)]
    floor = feature_distances(judge, real, real)
    again = feature_distances(judge, [_set(3, 0), _set(4, 4)], real)
    other = feature_distances(judge, real[::-1], real)
    assert all(b < 2.5 * a < 0.25 * c for a, b, c in zip(floor, again, other, strict=True))


def test_opposite_halves_share_nothing() -> None:
    assert [OPPOSITE[i] for i in OPPOSITE] == [0, 1, 2, 3]
    torch.manual_seed(1)
    judge = Judge(2, (8,), 3).eval()
    marked = _set(5, 2)
    marked[:, :, : PIXELS // 2] = _set(6, 9)[:, :, : PIXELS // 2]  # the left half is another texture
    with torch.no_grad():
        left, right, upper, lower = _half_features(judge, marked, stream(1, "halves"))
        plain = _half_features(judge, _set(5, 2), stream(1, "halves"))[1]
    near = float((upper - lower).abs().mean())
    assert float((left - right).abs().mean()) > 3.0 * near
    assert torch.allclose(right, plain) and CROP < PIXELS // 2


def test_halves_that_are_one_picture_are_no_floor() -> None:
    """A scan laid twice side by side: only its upper and lower half tell how far its own parts are from one another."""
    plain = _set(7, 2)
    plain[:, : PIXELS // 2] = _set(8, 5)[:, : PIXELS // 2]
    beside, below = plain.copy(), plain.copy()
    beside[:, :, PIXELS // 2 :] = beside[:, :, : PIXELS // 2]
    below[:, PIXELS // 2 :] = below[:, : PIXELS // 2]
    both = beside.copy()
    both[:, PIXELS // 2 :] = both[:, : PIXELS // 2]
    assert [halves_apart(x) for x in (plain, beside, below, both)] == [[0, 1, 2, 3], [2, 3], [0, 1], [0, 1, 2, 3]]
    torch.manual_seed(1)
    judge = Judge(2, (8, 12), 3).eval()
    floor, copied = feature_distances(judge, [plain, beside], [plain, beside])
    assert copied > 1.3 * floor
