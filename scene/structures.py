"""Structures for each purpose, built from parts on a floor of their own: what stands, where a developer hangs content on, where
visitors start.

`game` is an arena with cover, two platforms with stairs and railings, and towers that can be seen from afar. `education` is an
open-air classroom: benches in arcs that face a board under a roof, a model plinth, a lectern. `commerce` is a showroom: a
pavilion, plinths along an aisle, a gate with a sign. `explore` has small places to walk to: a shelter, a bench with a view, a
cairn. Everything is in the structure's own frame (see `parts`): who arrives comes from +z.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from seedscape.generation.rng import fractions
from seedscape.scene.numeric import cos_sin
from seedscape.scene.parts import (
    CANVAS_BLUE,
    CANVAS_RED,
    FOOT_M,
    IRON,
    PAPER,
    PLAIN,
    SLATE,
    STONE,
    TIMBER,
    Build,
    Footprint,
)


@dataclass(frozen=True)
class Mark:
    """A named place in a structure's frame. kind: what belongs there; turn: which way it looks (0: along -z); size_m: room for it."""

    name: str
    kind: str
    x: float
    y: float
    z: float
    turn: float = 0.0
    size_m: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Structure:
    """A finished structure. half_x, half_z: of its level floor in metres; starts: further spawn points (x, z, turn)."""

    name: str
    half_x: float
    half_z: float
    build: Build
    marks: tuple[Mark, ...]
    starts: tuple[tuple[float, float, float], ...] = field(default=())


Maker = Callable[[np.random.Generator, float], Structure]
"""Draws a structure; the second argument is its size, a factor about 1."""


def stairs(build: Build, x: float, z: float, width: float, rise: float, turn: float) -> None:
    """Solid steps that climb `rise` along the direction of `turn` (0: towards -z), the lowest first, from (x, z)."""
    steps = max(1, round(rise / 0.17))
    c, s = (float(v) for v in cos_sin(turn))
    for k in range(steps):
        along = (k + 0.5) * 0.3
        height = FOOT_M + (k + 1) * rise / steps
        build.box(STONE, x - s * along, -FOOT_M, z - c * along, (width, height, 0.3), turn)


def railing(build: Build, x0: float, z0: float, x1: float, z1: float, y: float) -> None:
    """Posts every two metres or less and two rails from one point to another, standing on height y."""
    length = float(np.sqrt((x1 - x0) ** 2 + (z1 - z0) ** 2))
    bays = max(1, int(np.ceil(length / 2.0)))
    for k in range(bays + 1):
        t = k / bays
        build.box(TIMBER, x0 + (x1 - x0) * t, y, z0 + (z1 - z0) * t, (0.09, 1.05, 0.09))
    along_x = abs(x1 - x0) > abs(z1 - z0)
    for height in (0.5, 0.96):
        size = (length, 0.07, 0.06) if along_x else (0.06, 0.07, length)
        build.box(TIMBER, (x0 + x1) / 2.0, y + height, (z0 + z1) / 2.0, size)


def bench(build: Build, x: float, z: float, width: float, turn: float, back: bool = False) -> None:
    """A plank seat on two stone feet; who sits looks along the direction of `turn`."""
    c, s = (float(v) for v in cos_sin(turn))
    for side in (-0.36, 0.36):
        build.box(STONE, x + c * side * width, -FOOT_M, z - s * side * width, (0.22, FOOT_M + 0.40, 0.36), turn)
    for k in (-0.12, 0.12):
        build.box(TIMBER, x + s * k, 0.40, z + c * k, (width, 0.06, 0.21), turn)
    if back:
        for height in (0.58, 0.78):
            build.box(TIMBER, x + s * 0.24, height, z + c * 0.24, (width, 0.14, 0.05), turn)
        for side in (-0.42, 0.42):
            build.box(
                TIMBER, x + c * side * width + s * 0.25, 0.0, z - s * side * width + c * 0.25, (0.07, 0.95, 0.06), turn
            )
    build.solid.append(Footprint(x, z, width / 2.0, 0.24, turn, 0.46))


def plinth(build: Build, x: float, z: float, edge: float, height: float) -> None:
    """A stone block with a wider base and a cap."""
    build.box(STONE, x, -FOOT_M, z, (edge + 0.16, FOOT_M + 0.12, edge + 0.16))
    build.box(STONE, x, 0.12, z, (edge, height - 0.2, edge), tint=(0.92, 0.92, 0.92))
    build.box(STONE, x, height - 0.08, z, (edge + 0.08, 0.08, edge + 0.08), solid=True)


def board(build: Build, x: float, z: float, width: float, height: float, low: float, turn: float = 0.0) -> None:
    """A dark panel in a timber frame on two posts; its face looks to +z before it is turned."""
    c, s = (float(v) for v in cos_sin(turn))
    for side in (-0.5, 0.5):
        build.box(
            TIMBER, x + c * side * width, -FOOT_M, z - s * side * width, (0.16, FOOT_M + low + height + 0.1, 0.16), turn
        )
    build.box(PLAIN, x, low, z, (width - 0.16, height, 0.06), turn, SLATE)
    for y in (low - 0.06, low + height - 0.02):
        build.box(TIMBER, x, y, z, (width, 0.10, 0.12), turn)
    build.solid.append(Footprint(x, z, width / 2.0 + 0.08, 0.10, turn, low + height))


def wall(build: Build, x: float, z: float, length: float, height: float, turn: float, thick: float = 0.5) -> None:
    """A stone wall with a coping, along x before it is turned."""
    build.box(STONE, x, -FOOT_M, z, (length, FOOT_M + height, thick), turn, solid=True)
    build.box(STONE, x, height, z, (length + 0.08, 0.09, thick + 0.12), turn, tint=(0.82, 0.82, 0.82))


def roofed(
    build: Build, x: float, z: float, width: float, depth: float, height: float, columns: int, stone: bool
) -> None:
    """Posts on two sides, beams and a gabled roof of planks above."""
    radius = 0.20 if stone else 0.12
    for k in range(columns):
        px = x + (k / (columns - 1) - 0.5) * (width - 0.6)
        for pz in (z - depth / 2.0 + 0.3, z + depth / 2.0 - 0.3):
            if stone:
                build.box(STONE, px, -FOOT_M, pz, (0.62, FOOT_M + 0.22, 0.62))
            build.post(STONE if stone else TIMBER, px, -FOOT_M, pz, radius, FOOT_M + height, solid=True)
    for pz in (z - depth / 2.0 + 0.3, z + depth / 2.0 - 0.3):
        build.box(TIMBER, x, height - 0.02, pz, (width, 0.24, 0.18))
    for k in range(columns):
        px = x + (k / (columns - 1) - 0.5) * (width - 0.6)
        build.box(TIMBER, px, height + 0.16, z, (0.14, 0.18, depth))
    build.roof(TIMBER, x, height + 0.30, z, (width + 0.8, depth * 0.26, depth + 1.0), tint=(0.62, 0.58, 0.56))


def arena(rng: np.random.Generator, size: float) -> Structure:
    """`game`: 36 x 30 m of cover, two platforms, two towers, four ways in."""
    b = Build()
    hx, hz = 18.0 * size, 15.0 * size
    for sx in (-1.0, 1.0):
        for sz in (-1.0, 1.0):  # low walls with a gap in the middle of each side
            wall(b, sx * hx * 0.58, sz * (hz - 0.4), hx * 0.72, 0.95, 0.0)
            wall(b, sx * (hx - 0.4), sz * hz * 0.58, hz * 0.70, 0.95, 0.25)
    marks = []
    for k, (sx, team) in enumerate(((-1.0, "a"), (1.0, "b"))):
        x = sx * hx * 0.62
        b.box(STONE, x, -FOOT_M, 0.0, (5.0, FOOT_M + 1.36, 5.0), solid=True)
        stairs(b, x, 2.5 + 2.4, 2.0, 1.36, 0.0)
        railing(b, x - 2.4, -2.4, x + 2.4, -2.4, 1.36)
        railing(b, x + sx * 2.4, -2.4, x + sx * 2.4, 2.4, 1.36)
        b.post(PLAIN, x, 1.36, -1.6, 0.06, 4.2, IRON)
        b.box(PLAIN, x + 0.62, 4.5, -1.6, (1.2, 0.8, 0.03), tint=CANVAS_RED if k == 0 else CANVAS_BLUE)
        marks.append(Mark(f"flag_{team}", "flag", x, 1.36, -1.0, size_m=(2.0, 3.0, 2.0)))
        tower(b, sx * (hx - 2.6), -(hz - 2.6))
        marks.append(Mark(f"team_{team}", "team_spawn", sx * (hx - 4.5), 0.0, hz * 0.35, -sx * 0.25, (4.0, 2.0, 4.0)))
        marks.append(Mark(f"landmark_{team}", "landmark", sx * (hx - 2.6), 6.2, -(hz - 2.6)))
    draws = fractions(rng, len(_COVER), 3)
    for count, ((cx, cz), (a, c, d)) in enumerate(zip(_COVER, draws, strict=True)):
        x, z = cx * hx + (a - 0.5) * 1.2, cz * hz + (c - 0.5) * 1.2
        if d < 0.45:
            wall(b, x, z, 2.6 + 1.2 * a, 1.25, 0.25 if c < 0.5 else 0.0, 0.45)
        else:
            for step, (dx, y) in enumerate(((-0.55, 0.0), (0.55, 0.0), (0.0, 1.0))[: 2 + (a < 0.5)]):
                turn = (a + 0.21 * step) * 0.04
                b.box(TIMBER, x + dx, y, z, (1.0, 1.0, 1.0), turn, (0.86, 0.80, 0.74), solid=True)
                for rim in (0.0, 0.9):
                    b.box(TIMBER, x + dx, y + rim, z, (1.05, 0.1, 1.05), turn, (0.6, 0.55, 0.5))
        marks.append(Mark(f"cover_{count}", "cover", x, 0.0, z, size_m=(3.0, 1.3, 1.5)))
    marks.append(Mark("centre", "objective", 0.0, 0.0, 0.0, size_m=(3.0, 3.0, 3.0)))
    b.box(STONE, 0.0, -FOOT_M, 0.0, (3.0, FOOT_M + 0.14, 3.0))
    starts = ((-(hx - 4.5), hz * 0.35, -0.25), (hx - 4.5, hz * 0.35, 0.25))
    return Structure("arena", hx, hz, b, tuple(marks), starts)


_COVER = (
    (-0.22, -0.45), (0.24, -0.42), (-0.24, 0.42), (0.22, 0.46), (0.0, -0.72), (0.0, 0.70), (-0.30, 0.0), (0.30, 0.0),
)  # fmt: skip


def tower(b: Build, x: float, z: float) -> None:
    """Four posts, a deck on top and a small roof: a landmark."""
    for sx in (-0.9, 0.9):
        for sz in (-0.9, 0.9):
            b.post(TIMBER, x + sx, -FOOT_M, z + sz, 0.13, FOOT_M + 8.2, solid=True)
    for y in (2.6, 5.0):
        for side in (-0.9, 0.9):
            b.box(TIMBER, x, y, z + side, (1.9, 0.14, 0.10))
            b.box(TIMBER, x + side, y, z, (0.10, 0.14, 1.9))
    b.box(TIMBER, x, 6.0, z, (2.5, 0.14, 2.5))
    for side in (-1.15, 1.15):
        railing(b, x - 1.15, z + side, x + 1.15, z + side, 6.14)
        railing(b, x + side, z - 1.15, x + side, z + 1.15, 6.14)
    b.roof(TIMBER, x, 8.1, z, (3.0, 1.0, 3.0), tint=(0.6, 0.56, 0.54))


def classroom(rng: np.random.Generator, size: float) -> Structure:
    """`education`: three arcs of benches before a board under a roof, a plinth for models, a lectern, a notice board."""
    b = Build()
    hx, hz = 11.0 * size, 10.5 * size
    front = -hz + 2.4
    board(b, 0.0, front, 5.2, 2.1, 0.9)
    roofed(b, 0.0, front + 0.9, 8.6, 4.6, 3.5, 3, stone=True)
    plinth(b, 3.6, front + 3.4, 1.0, 0.95)
    b.box(TIMBER, -2.9, -FOOT_M, front + 2.2, (0.5, FOOT_M + 1.05, 0.4), 0.06, solid=True)
    b.box(TIMBER, -2.9, 1.05, front + 2.2, (0.72, 0.06, 0.56), 0.06)
    marks = [
        Mark("board", "board", 0.0, 1.95, front + 0.08, 0.5, (5.0, 2.1, 0.05)),
        Mark("plinth", "exhibit", 3.6, 0.95, front + 3.4, 0.5, (1.0, 1.5, 1.0)),
        Mark("lectern", "teacher", -2.9, 0.0, front + 1.5, 0.5),
    ]
    seat = 0
    for row, radius in enumerate((6.2, 8.3, 10.4)):
        places = 3 + row
        for k in range(places):
            turn = (k - (places - 1) / 2.0) * (2.55 / (6.283185307179586 * radius))
            c, s = (float(v) for v in cos_sin(turn))
            x, z = s * radius, front + c * radius
            bench(b, x, z, 2.0, turn)
            for side in (-0.5, 0.5):
                marks.append(Mark(f"seat_{seat}", "seat", x + c * side, 0.46, z - s * side, turn, (0.6, 0.9, 0.5)))
                seat += 1
    for side in (-1.0, 1.0):
        railing(b, side * (hx - 0.3), -hz + 1.0, side * (hx - 0.3), hz * 0.35, 0.0)
    board(b, hx - 2.2, hz - 1.6, 1.6, 1.1, 0.9, 0.12)
    marks.append(Mark("notice", "sign", hx - 2.2, 1.45, hz - 1.5, 0.62, (1.4, 1.1, 0.05)))
    del rng  # a classroom has nothing to draw: lessons are planned on where things stand
    return Structure("classroom", hx, hz, b, tuple(marks), ((0.0, hz - 3.0, 0.0),))


def showroom(rng: np.random.Generator, size: float) -> Structure:
    """`commerce`: a gate with a sign, plinths along an aisle, a pavilion with a counter at its end."""
    b = Build()
    hx, hz = 10.0 * size, 14.0 * size
    for side in (-1.6, 1.6):
        b.box(STONE, side, -FOOT_M, hz - 1.0, (0.5, FOOT_M + 3.0, 0.5), solid=True)
    b.box(TIMBER, 0.0, 3.0, hz - 1.0, (4.4, 0.22, 0.34))
    b.box(PLAIN, 0.0, 2.35, hz - 1.0, (2.4, 0.6, 0.05), tint=PAPER)
    marks = [
        Mark("entrance", "entrance", 0.0, 0.0, hz - 1.0, 0.0, (2.7, 2.3, 0.5)),
        Mark("sign", "sign", 0.0, 2.65, hz - 0.95, 0.5, (2.4, 0.6, 0.05)),
    ]
    rows, tall = 4, fractions(rng, 8)
    for k in range(rows):
        z = hz - 5.2 - k * 4.0
        for column, side in ((0, -1.0), (1, 1.0)):
            height = 0.75 + 0.1 * int(tall[2 * k + column] * 5)
            plinth(b, side * 3.7, z, 1.1, height)
            marks.append(
                Mark(f"plinth_{2 * k + column}", "exhibit", side * 3.7, height, z, -side * 0.25, (1.1, 1.6, 1.1))
            )
    back = -hz + 4.2
    roofed(b, 0.0, back, 15.0, 6.4, 3.4, 4, stone=True)
    wall(b, 0.0, back - 3.2, 14.6, 2.9, 0.0, 0.35)
    for place in (-4.6, 4.6):
        b.box(PLAIN, place, 0.9, back - 2.98, (3.6, 1.6, 0.05), tint=PAPER)
        marks.append(Mark(f"display_{int(place > 0)}", "board", place, 1.7, back - 2.9, 0.5, (3.6, 1.6, 0.05)))
    b.box(TIMBER, 0.0, -FOOT_M, back - 1.2, (3.6, FOOT_M + 0.95, 0.7), solid=True)
    b.box(STONE, 0.0, 0.95, back - 1.2, (3.9, 0.07, 0.9))
    marks.append(Mark("counter", "counter", 0.0, 1.02, back - 1.2, 0.5, (3.6, 0.6, 0.7)))
    for side in (-1.0, 1.0):
        bench(b, side * (hx - 1.6), hz - 6.0, 2.2, side * 0.25, back=True)
        wall(b, side * (hx - 0.5), hz - 3.4, 5.2, 0.7, 0.25)
        railing(b, side * (hx - 0.4), -9.0, side * (hx - 0.4), 1.2, 0.0)
    return Structure("showroom", hx, hz, b, tuple(marks), ((0.0, hz - 3.2, 0.0),))


def shelter(rng: np.random.Generator, size: float) -> Structure:
    """`explore`: a roof on four posts with a bench."""
    b = Build()
    roofed(b, 0.0, 0.0, 4.6, 3.6, 2.5, 2, stone=False)
    bench(b, 0.0, -1.1, 2.8, 0.5, back=True)
    b.box(STONE, 1.2, -FOOT_M, 0.9, (0.9, FOOT_M + 0.5, 0.9), float(fractions(rng, 1)[0]) * 0.1, solid=True)
    return Structure(
        "shelter", 3.4 * size, 3.0 * size, b, (Mark("shelter", "rest", 0.0, 0.0, 0.0, 0.5, (3.0, 2.4, 2.0)),)
    )


def outlook(rng: np.random.Generator, size: float) -> Structure:
    """`explore`: a bench that looks on, a railing and a board that tells of the view."""
    b = Build()
    bench(b, 0.0, 0.6, 2.2, 0.0, back=True)
    railing(b, -2.6, -2.3, 2.6, -2.3, 0.0)
    board(b, 1.9, -1.5, 1.1, 0.55, 0.75, -0.02 * float(fractions(rng, 1)[0]))
    marks = (
        Mark("outlook", "view", 0.0, 0.0, -1.0, 0.0),
        Mark("outlook_board", "sign", 1.9, 1.0, -1.44, 0.5, (1.0, 0.5, 0.05)),
    )
    return Structure("outlook", 3.2 * size, 2.9 * size, b, marks)


def cairn(rng: np.random.Generator, size: float) -> Structure:
    """`explore`: standing stones, a landmark to walk to."""
    b = Build()
    draws = fractions(rng, 7, 3)
    for k in range(6):
        c, s = cos_sin(k / 6.0 + 0.03 * (draws[k, 0] - 0.5))
        tall = 1.4 + 1.3 * float(draws[k, 1])
        size_m = (0.55 + 0.2 * float(draws[k, 2]), FOOT_M + tall, 0.4)
        b.box(STONE, 2.3 * float(s), -FOOT_M, 2.3 * float(c), size_m, k / 6.0, (0.84, 0.86, 0.82), solid=True)
    b.box(STONE, 0.0, -FOOT_M, 0.0, (1.5, FOOT_M + 0.45, 0.9), float(draws[6, 0]), solid=True)
    return Structure("cairn", 3.6 * size, 3.6 * size, b, (Mark("cairn", "landmark", 0.0, 0.45, 0.0),))


MAIN: dict[str, Maker | None] = {"explore": None, "game": arena, "education": classroom, "commerce": showroom}
PLACES: tuple[Maker, ...] = (shelter, outlook, cairn)
