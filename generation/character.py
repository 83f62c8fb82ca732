"""What sets one world apart from the next: how uneven its relief is, at what altitudes it lies in benches, how full its basins are.

Lands quilted from one bank came out more alike than regions are (the spread of the shape of their slopes was six tenths of the real
one, and a nearest-neighbour judge saw it). So a world may draw numbers of its own. On worlds of one landform in blocks of 18 cells, the
judge's accuracy: none of this 0.78; basins alone 0.76; all three 0.74, but the patches' distance went from a tenth to 0.36 of the way
to noise. So worlds draw their basins alone unless asked. On worlds of two landforms benches and contrast of half the size make no
difference (0.694 with and without, four seeds). Of no use, or harm: sharper land, softer, smaller latents, basins that fill with a steeper slope, and, by
docs/evaluation/terrain, a finest octave that is weaker, stronger, or goes with the roughness around it, and other shares of the
landforms. Outlets cut down instead of basins filled: 0.73 to 0.77 where it was 0.714 (four seeds), in land that drains better than real land does.

Of real windows a fifth has level ground and most of the others none. So one world in five is filled to the brim; the others keep shallow basins
and a part of deep ones, and three quarters of these lose their hollows of a single post, or there would be as many pits as in real land and
more. With half of them losing these it was 0.707, where a share of the depth drawn for all basins alike had 0.717 (eight seeds, held-out land drawn
twelve times).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seedscape.generation.rng import fractions, stream

CONTRAST = 0.4  # largest exponent: relief goes with (relief / relief around) ** (1 + contrast)
MOST_GAIN = 1.0  # of the logarithm of a place's relief
BENCHES = 0.5  # largest share by which slopes change between one altitude and another
BENCH_SPAN = 6.0  # times the deviation of heights within a block: from bench to bench
LEVEL_SHARE = 0.22  # of all worlds is filled to the brim
BASINS = 0.3  # share of the depth of deep basins that stays in the others
LONE_PITS = 0.25  # share of worlds that keep hollows of a single post: with half, pits were as many as in real land and not fewer
NEAR, AROUND = 2, 12  # cells: half widths of the averages of what counts as relief of a place and as relief around it
BASE = 7  # cells: half width of the average below which relief is measured

Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class Character:
    """Of one world. contrast: below 0 evens relief out, above 0 sharpens the difference of plain and mountain.

    benches: 0 .. 1, share by which slopes grow and shrink with altitude; bench_phase: 0 .. 1, at what altitude; basins: share of the
    depth of deep closed basins that stays, and lone_pits whether hollows of a single post do: see drain.py.
    """

    contrast: float = 0.0
    benches: float = 0.0
    bench_phase: float = 0.0
    basins: float = 1.0
    lone_pits: bool = True


PLAIN = Character()  # environments: their basins hold the lakes


def usual_character(seed: int) -> Character:
    """Of the world of a seed where no more is asked: its basins alone."""
    return replace(draw_character(seed), contrast=0.0, benches=0.0, bench_phase=0.0)


def draw_character(seed: int) -> Character:
    """The character of the world of a seed."""
    contrast, benches, phase, basins, pits = (float(x) for x in fractions(stream(seed, "character"), 5))
    kept = 0.0 if basins < LEVEL_SHARE else BASINS
    return Character((2.0 * contrast - 1.0) * CONTRAST, benches * BENCHES, phase, kept, pits < LONE_PITS)


def benched(heights: Float64, wave: float, character: Character) -> Float64:
    """Heights whose slopes are multiplied by 1 - benches .. 1 + benches, by altitude, the same again after `wave` posts.

    The sea level stays, every slope keeps its direction, so pits and divides stay where they are.
    """
    if not character.benches:
        return heights
    gain = character.benches * wave / 8.0
    here, at_sea = (_parabolic_sine(h / wave + character.bench_phase) for h in (heights, np.zeros(1)))
    return np.asarray(heights + gain * (here - at_sea))


def _parabolic_sine(turns: Float64) -> Float64:
    """Like sin(2 pi turns), of parabolas: its slope is a triangular wave between -8 and 8."""
    u = 2.0 * (turns - np.floor(turns)) - 1.0
    return np.asarray(4.0 * u * (1.0 - np.abs(u)))


def relief_contrast(low: Float64, log_relief: Float64, contrast: float, keep_altitude: bool) -> Float64:
    """(rows - 2 AROUND, cols - 2 AROUND) what is to be added to heights `low` (rows, cols) for the contrast of relief.

    The height above an average of the land is multiplied by a smooth gain; where altitudes are kept, the height above the sea.
    """
    cut = AROUND - NEAR
    near, around = tent(log_relief, NEAR)[cut:-cut, cut:-cut], tent(log_relief, AROUND)
    x = np.clip(contrast * (near - around), -MOST_GAIN, MOST_GAIN)
    gain = (12.0 + x * (6.0 + x)) / (12.0 - x * (6.0 - x))  # exp(x), by + * / alone
    inner = low[AROUND:-AROUND, AROUND:-AROUND]
    side = AROUND - BASE
    above = inner if keep_altitude else inner - tent(low, BASE)[side:-side, side:-side]
    return np.asarray((gain - 1.0) * above)


def tent(field: Float64, half: int) -> Float64:
    """(rows - 2 half, cols - 2 half) average with weights that fall to nothing at `half`; every sum in one order."""
    for _ in range(2):
        rows = field.shape[0] - 2 * half
        total = np.zeros((rows, field.shape[1]))
        for k in range(-half + 1, half):
            total += ((half - abs(k)) / half**2) * field[half + k : half + k + rows]
        field = total.T
    return field
