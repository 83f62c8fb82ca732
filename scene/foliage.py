"""One picture for all trees of a biome: two strips of bark and cells of twigs with needles or leaves, drawn as vectors.

A tree that shows bark and foliage from one texture is one draw call. Bark strips run the full height of the picture, so
they repeat along the trunk by texture wrapping; they are padded sideways with their own wrapped columns for the mip maps.
Cells are drawn at four times their size and reduced by exact means. Their background is the mean leaf colour before any
leaf is drawn, so transparent texels never bleed a dark rim into the leaves.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from seedscape.generation.rng import fractions
from seedscape.generation.values import MaterialMaps, UInt8
from seedscape.scene.numeric import Float64, cos_sin
from seedscape.scene.values import Texture

SIZE = 1024
BARK_V_PER_M = 0.5  # the strips are two metres high in the world: two bark tiles of one metre
_STRIPS = {"bark": (0, 160), "pale_bark": (160, 256)}  # columns
_PAD = 8
_BARK_TONE = np.array([0.86, 0.79, 0.72])  # bark samples are cut in full light; standing trees are darker and warmer
_SUPERSAMPLE = 4

Colour = tuple[int, int, int]
Rect = tuple[float, float, float, float]  # u0, v0 (upper left), u1, v1 (lower right)

# Mean albedos of foliage in sRGB; each leaf varies around one of its season's.
_LEAVES: dict[str, dict[str, tuple[Colour, ...]]] = {
    "broadleaf": {
        "spring": ((104, 138, 52), (122, 152, 62), (92, 126, 48)),
        "summer": ((78, 106, 42), (92, 120, 50), (66, 94, 38), (106, 130, 56)),
        "autumn": ((176, 124, 58), (158, 92, 50), (182, 146, 74), (118, 112, 58), (136, 70, 46), (104, 110, 56)),
        "winter": (),
    },
    "birch": {
        "spring": ((126, 156, 66), (140, 166, 78)),
        "summer": ((88, 118, 48), (104, 134, 58), (78, 106, 44)),
        "autumn": ((196, 164, 74), (180, 142, 62), (206, 180, 98), (148, 146, 72)),
        "winter": (),
    },
    "shrub": {
        "spring": ((98, 128, 58), (114, 142, 66)),
        "summer": ((78, 98, 46), (92, 110, 54), (66, 86, 40), (108, 120, 66)),
        "autumn": ((150, 96, 46), (128, 108, 54), (112, 62, 40), (100, 98, 50)),
        "winter": ((92, 84, 58), (78, 74, 52)),
    },
    "fern": {
        "spring": ((104, 140, 58), (118, 152, 66)),
        "summer": ((82, 116, 46), (96, 130, 54), (72, 104, 42)),
        "autumn": ((146, 116, 58), (128, 98, 52), (116, 122, 60)),
        "winter": ((112, 86, 54), (98, 76, 48)),
    },
    "dry_shrub": {"any": ((128, 122, 86), (142, 132, 92), (112, 110, 76), (150, 136, 98))},
    "palm": {"any": ((98, 124, 56), (114, 138, 64), (84, 110, 50), (138, 140, 74))},
    "spruce": {"any": ((62, 78, 54), (72, 90, 60), (54, 70, 50), (84, 100, 66))},
    "pine": {"any": ((78, 94, 58), (92, 108, 68), (68, 84, 52))},
}

_SNOW: Colour = (206, 213, 222)


@dataclass(frozen=True)
class Atlas:
    """The picture and where things are in it. cells: name -> rectangles, one for each drawing; bark: name -> (u0, u1)."""

    texture: Texture
    cells: dict[str, tuple[Rect, ...]]
    bark: dict[str, tuple[float, float]]


def leaf_colours(species: str, season: str) -> tuple[Colour, ...]:
    """sRGB colours of a species' leaves in a season; empty when it stands bare."""
    table = _LEAVES.get(species, {})
    return table.get(season, table.get("any", ()))


def paint_atlas(
    rng: np.random.Generator, species: tuple[str, ...], season: str, bark: MaterialMaps | None, snow: float
) -> Atlas:
    """The atlas for some species. bark None (country without trees): a plain grey-brown one. snow: 0..1, on evergreen twigs."""
    wanted = [(name, *_SHAPES[name]) for name in species if name in _SHAPES and leaf_colours(name, season)]
    unit_px, spots = _allot(wanted)
    pixels: UInt8 = np.zeros((SIZE, SIZE, 4), np.uint8)
    pixels[..., :3] = 96
    pale = "cactus" if "cactus" in species else "driftwood" if "driftwood" in species else "birch"
    strips = _paint_bark(rng, bark, pixels, pale)
    cells: dict[str, tuple[Rect, ...]] = {}
    for (name, tall, count), places in zip(wanted, spots, strict=True):
        rects = []
        for x, y in places:
            w, h = unit_px, unit_px * tall
            pixels[y : y + h, x : x + w] = _DRAW[name](rng, w, h, leaf_colours(name, season), snow)
            edge = 1.0  # half texels at the border belong to the neighbour when filtered
            rects.append(((x + edge) / SIZE, (y + edge) / SIZE, (x + w - edge) / SIZE, (y + h - edge) / SIZE))
        assert len(rects) == count
        cells[name] = tuple(rects)
    return Atlas(Texture(pixels, "color"), cells, strips)


_SHAPES = {
    "spruce": (2, 1), "pine": (1, 2), "broadleaf": (1, 2), "birch": (1, 2), "shrub": (1, 1), "palm": (2, 1),
    "fern": (1, 1), "dry_shrub": (1, 1),
}  # fmt: skip  # tall, count


def _allot(wanted: list[tuple[str, int, int]]) -> tuple[int, list[list[tuple[int, int]]]]:
    """The largest cell size that holds all drawings, and the upper left pixel of each."""
    left = max(end for _, end in _STRIPS.values())
    for unit_px in (384, 256, 192, 128):
        columns, rows = (SIZE - left) // unit_px, SIZE // unit_px
        free = np.ones((rows, columns), bool)
        spots: list[list[tuple[int, int]]] = []
        for _, tall, count in wanted:
            places: list[tuple[int, int]] = []
            for c in range(columns):
                for r in range(rows - tall + 1):
                    if len(places) < count and free[r : r + tall, c].all():
                        free[r : r + tall, c] = False
                        places.append((left + c * unit_px, r * unit_px))
            spots.append(places)
        if all(len(places) == count for places, (_, _, count) in zip(spots, wanted, strict=True)):
            return unit_px, spots
    raise AssertionError("the atlas has room for every species there is")


def _paint_bark(
    rng: np.random.Generator, bark: MaterialMaps | None, pixels: UInt8, pale: str
) -> dict[str, tuple[float, float]]:
    """Fill the strips: the material's own bark (bleached in cactus country), and by `pale` one with dark bands (birch), bleached wood (driftwood) or a ribbed
    green skin (cactus)."""
    strips = {}
    for name, (start, end) in _STRIPS.items():
        inner = end - start - 2 * _PAD
        if bark is None:
            streaks = fractions(rng, 1, inner, 1) + 0.5 * fractions(rng, SIZE // 8, inner, 1).repeat(4, axis=0)
            colour, shade, relief = np.array([104.0, 92.0, 78.0]) * (0.7 + 0.4 * streaks), np.ones(1), np.full(1, 0.6)
        else:
            colour = _shrink(bark.base_color.astype(np.float64), SIZE // 2, inner)
            shade = _shrink(bark.orm[..., :1].astype(np.float64), SIZE // 2, inner) / 255.0
            relief = _shrink(bark.height[..., None].astype(np.float64), SIZE // 2, inner) / 65535.0
        # The strip has no normal map, so crevices are darkened in its colour instead.
        colour = np.tile(colour * (0.45 + 0.55 * shade) * (0.9 + 0.4 * relief) * _BARK_TONE, (2, 1, 1))
        if name == "pale_bark" or pale == "cactus":
            grey = colour.mean(axis=2, keepdims=True)
            grey = grey / max(float(grey.mean()), 1.0)
            if pale == "driftwood" or name == "bark":  # what dies in the desert bleaches, too
                colour = np.array([178.0, 166.0, 148.0]) * np.clip(0.62 + 0.4 * grey, 0.5, 1.25)
            elif pale == "cactus":
                colour = np.array([124.0, 138.0, 98.0]) * np.clip(0.8 + 0.2 * grey, 0.7, 1.2)
                for rib in range(10):  # areoles with pale spines along the crest of each rib
                    col = (rib * inner) // 10
                    colour[(np.arange(0, SIZE, 16) + rib % 2 * 8) % SIZE, col] = (196.0, 188.0, 150.0)
                    colour[(np.arange(1, SIZE, 16) + rib % 2 * 8) % SIZE, col] = (196.0, 188.0, 150.0)
                    colour[:, (col + inner // 20) % inner] *= 0.72
            else:
                colour = np.array([206.0, 200.0, 188.0]) * np.clip(0.72 + 0.3 * grey, 0.55, 1.2)
                for _ in range(260):  # lenticels and scars, which lie across a birch's trunk
                    row, col = int(rng.integers(SIZE)), int(rng.integers(inner))
                    wide, high = int(rng.integers(4, 26)), int(rng.integers(1, 5))
                    mark = np.ix_(np.arange(row, row + high) % SIZE, np.arange(col, col + wide) % inner)
                    colour[mark] *= 0.3 + 0.3 * int(rng.integers(100)) / 100.0
        columns = np.arange(-_PAD, inner + _PAD) % inner
        pixels[:, start:end, :3] = np.clip(colour[:, columns] + 0.5, 0, 255).astype(np.uint8)
        pixels[:, start:end, 3] = 255
        strips[name] = ((start + _PAD) / SIZE, (end - _PAD) / SIZE)
    return strips


def _shrink(picture: Float64, rows: int, cols: int) -> Float64:
    """(rows, cols, channels) means of a wrapping picture, by summed areas; enlarges by nearest where it must."""
    for axis, count in ((0, rows), (1, cols)):
        n = picture.shape[axis]
        edges = np.arange(count + 1) * n // count
        sums = np.concatenate([np.zeros_like(np.take(picture, [0], axis)), np.cumsum(picture, axis)], axis)
        low, high = edges[:-1], np.maximum(edges[1:], edges[:-1] + 1)
        shape = [1, 1, 1]
        shape[axis] = count
        picture = (np.take(sums, high, axis) - np.take(sums, low, axis)) / (high - low).reshape(shape)
    return picture


class Canvas:
    """A drawing in cell units: x 0..1 to the right, y from 0 at the twig's root upwards to h / w."""

    def __init__(self, w: int, h: int, ground: Colour):
        self.w, self.h, self.scale = w, h, w * _SUPERSAMPLE
        size = (w * _SUPERSAMPLE, h * _SUPERSAMPLE)
        self.colour, self.mask = Image.new("RGB", size, ground), Image.new("L", size, 0)
        self._inks = (ImageDraw.Draw(self.colour), ImageDraw.Draw(self.mask))

    def _pixels(self, points: Float64) -> list[tuple[float, float]]:
        height = self.h * _SUPERSAMPLE
        return [(float(x) * self.scale, height - float(y) * self.scale) for x, y in points]

    def line(self, points: Float64, width: float, colour: Colour) -> None:
        at, px = self._pixels(points), max(1, round(width * self.scale))
        self._inks[0].line(at, fill=colour, width=px)
        self._inks[1].line(at, fill=255, width=px)

    def strokes(self, starts: Float64, ends: Float64, width: float, colours: list[Colour]) -> None:
        """Many short lines, their colours in turn."""
        px, height = max(1, round(width * self.scale)), self.h * _SUPERSAMPLE
        at = np.concatenate([starts, ends], axis=1) * self.scale
        at[:, 1::2] = height - at[:, 1::2]
        for i, line in enumerate(at.tolist()):
            self._inks[0].line(line, fill=colours[i % len(colours)], width=px)
            self._inks[1].line(line, fill=255, width=px)

    def polygon(self, points: Float64, colour: Colour) -> None:
        at = self._pixels(points)
        self._inks[0].polygon(at, fill=colour)
        self._inks[1].polygon(at, fill=255)

    def finish(self) -> UInt8:
        """(h, w, 4) uint8: box means of the big drawing."""
        colour, mask = self.colour.reduce(_SUPERSAMPLE), self.mask.reduce(_SUPERSAMPLE)
        return np.concatenate([np.asarray(colour), np.asarray(mask)[..., None]], axis=2)


def vary(rng: np.random.Generator, colours: tuple[Colour, ...], light: float = 1.0, spread: int = 14) -> Colour:
    base = colours[int(rng.integers(len(colours)))]
    gain = light * (1.0 + int(rng.integers(-spread, spread + 1)) / 100.0)
    warm = int(rng.integers(-5, 6))
    r, g, b = (min(255, max(0, round(c * gain + w))) for c, w in zip(base, (warm, 0, -warm // 2), strict=True))
    return r, g, b


def _dusted(colours: tuple[Colour, ...], snow: float) -> tuple[Colour, ...]:
    """The colours with white among them, as often as there is snow."""
    return colours * 3 + (_SNOW,) * round(len(colours) * 6 * snow)


def _mean(colours: tuple[Colour, ...]) -> Colour:
    r, g, b = (round(sum(c[i] for c in colours) / len(colours) * 0.9) for i in range(3))
    return r, g, b


def ray(start: Float64, turn: float, length: float, bend: float = 0.0, joints: int = 5) -> Float64:
    """(joints, 2) points of a curved line; turn 0 points up, positive to the right; bend turns over its length."""
    f = np.arange(joints) / (joints - 1)
    c, s = cos_sin(turn + bend * f)
    steps = np.stack([s, c], axis=1)[:-1] * (length / (joints - 1))
    return np.asarray(start + np.concatenate([np.zeros((1, 2)), np.cumsum(steps, axis=0)]))


def _draw_spruce(rng: np.random.Generator, w: int, h: int, colours: tuple[Colour, ...], snow: float) -> UInt8:
    """A bough seen from above: a spine, side twigs that point forward, each a bottle brush of short needles."""
    canvas = Canvas(w, h, _mean(colours))
    top = h / w
    spine = ray(np.array([0.5, 0.0]), 0.0, top * 0.93, 0.0, 9)
    twigs: list[tuple[Float64, float]] = []
    count = 24
    for i in range(count):
        y = (0.03 + 0.88 * i / count) * top
        reach = 0.5 * float(np.interp(y / top, (0.0, 0.25, 0.6, 1.0), (0.55, 0.98, 0.62, 0.08)))
        side = 1.0 if i % 2 else -1.0
        turn = side * (0.155 + int(rng.integers(-12, 13)) / 1000.0)
        length = min(reach / 0.83, 0.58) * (0.85 + int(rng.integers(30)) / 100.0)
        twig = ray(np.array([0.5, y]), turn, length, -side * 0.045)
        twigs.append((twig, 1.0))
        for j in (1, 2, 3):
            for way in (-1.0, 1.0):
                twigs.append((ray(twig[j], turn + way * 0.11, length * (0.42 - 0.09 * j), 0.0, 3), 0.85))
    twigs.append((spine, 1.0))
    order = rng.permutation(len(twigs))
    for layer, light in ((0, 0.58), (1, 1.22)):  # dark needles below, light ones (and snow) above
        if layer:
            colours = _dusted(colours, snow)
        for index in order:
            twig, size = twigs[int(index)]
            canvas.line(twig, 0.020 * size, vary(rng, colours, 0.62))
            _needles(rng, canvas, twig, 0.046 * size, 0.0085, colours, light, spacing=0.013 if layer else 0.016)
    canvas.line(spine, 0.014, (74, 58, 42))
    return canvas.finish()


def _needles(
    rng: np.random.Generator, canvas: Canvas, twig: Float64, length: float, width: float,
    colours: tuple[Colour, ...], light: float, spacing: float, spread: float = 0.13,
) -> None:  # fmt: skip
    """Needles on both sides of a twig, pointing forward by `spread` turns."""
    step = twig[1:] - twig[:-1]
    lengths = np.sqrt(step[:, 0] ** 2 + step[:, 1] ** 2)
    counts = np.maximum(1, np.rint(lengths / spacing).astype(np.int64))
    part = np.repeat(np.arange(len(step)), counts * 2)
    at = np.concatenate([np.repeat(np.arange(n), 2) for n in counts]) / counts[part]
    jitter = fractions(rng, len(part), 2)
    way = np.where(np.arange(len(part)) % 2 == 0, -1.0, 1.0)
    c, s = cos_sin(way * (spread + 0.05 * (jitter[:, 0] - 0.5)))
    forward = (step / np.maximum(lengths, 1e-9)[:, None])[part]
    direction = np.stack([forward[:, 0] * c + forward[:, 1] * s, forward[:, 1] * c - forward[:, 0] * s], axis=1)
    roots = twig[part] + step[part] * (at + jitter[:, 1] / counts[part])[:, None]
    tips = roots + direction * (length * (0.75 + 0.5 * jitter[:, 0]))[:, None]
    canvas.strokes(roots, tips, width, [vary(rng, colours, light) for _ in range(8)])


def _draw_pine(rng: np.random.Generator, w: int, h: int, colours: tuple[Colour, ...], snow: float) -> UInt8:
    """Tufts of long needles at the ends of a few twigs."""
    canvas = Canvas(w, h, _mean(colours))
    twigs = [ray(np.array([0.5, 0.0]), 0.0, 0.70, 0.01)]
    for i in range(10):
        side = 1.0 if i % 2 else -1.0
        turn = side * (0.10 + int(rng.integers(80)) / 1000.0)
        twigs.append(ray(np.array([0.5, 0.06 + 0.06 * i]), turn, 0.44 - 0.024 * i, -side * 0.07))
    for light in (0.62, 0.95, 1.2):
        if light == 1.2:
            colours = _dusted(colours, snow)
        for twig in twigs:
            canvas.line(twig, 0.012, (92, 68, 48))
            _needles(rng, canvas, twig[1:], 0.085, 0.0075, colours, light, spacing=0.022, spread=0.11)
            turns = _heading(twig) + rng.integers(-170, 171, size=13) / 1000.0
            c, s = cos_sin(turns)  # the candle at the end spreads all round
            tips = twig[-1] + np.stack([s, c], axis=1) * (0.085 + 0.03 * fractions(rng, 13, 1))
            canvas.strokes(
                np.repeat(twig[-1:], 13, axis=0), tips, 0.0075, [vary(rng, colours, light) for _ in range(6)]
            )
    return canvas.finish()


def _heading(twig: Float64) -> float:
    """Side lean of a twig's end in turns, by a straight-line estimate that is good for leans below 60 degrees."""
    dx, dy = (float(v) for v in twig[-1] - twig[-2])
    return 0.16 * dx / max(dy, 1e-6) if dy > abs(dx) * 0.3 else (0.2 if dx > 0 else -0.2)


# Half widths of a leaf along its length, as shares of its length.
_OVAL = ((0.0, 0.0), (0.12, 0.16), (0.35, 0.27), (0.6, 0.24), (0.82, 0.13), (1.0, 0.0))
_RHOMB = ((0.0, 0.0), (0.1, 0.14), (0.32, 0.34), (0.6, 0.22), (0.82, 0.1), (1.0, 0.0))
_SMALL = ((0.0, 0.0), (0.2, 0.2), (0.5, 0.26), (0.8, 0.2), (1.0, 0.0))


def _leaf(
    canvas: Canvas, root: Float64, turn: float, length: float, outline: tuple[tuple[float, float], ...], colour: Colour
) -> None:
    """One leaf: two halves that catch the light differently, and a pale midrib."""
    c, s = (float(v) for v in cos_sin(turn))
    forward, side = np.array([s, c]), np.array([c, -s])
    shape = np.array(outline) * length
    spine = root + shape[:, :1] * forward
    for way, gain in ((-1.0, 0.88), (1.0, 1.08)):
        edge = spine + way * shape[:, 1:] * side
        r, g, b = (min(255, round(v * gain)) for v in colour)
        canvas.polygon(np.concatenate([spine[[0, -1]], edge[::-1][1:-1]]), (r, g, b))
    r, g, b = (min(255, round(v * 1.16 + 8)) for v in colour)
    canvas.line(spine[[0, -2]], 0.004, (r, g, b))


def _sprig(
    rng: np.random.Generator, canvas: Canvas, colours: tuple[Colour, ...], outline: tuple[tuple[float, float], ...],
    leaf: float, twigs: int, leaves: int, wood: Colour,
) -> UInt8:  # fmt: skip
    """A twig from the middle of the lower edge, side twigs alternating, leaves along all of them; back to front."""
    stems = [ray(np.array([0.5, 0.0]), 0.0, 0.72, int(rng.integers(-20, 21)) / 1000.0, 8)]
    for i in range(twigs):
        side = 1.0 if i % 2 else -1.0
        y = 0.1 + 0.56 * i / twigs
        turn = side * (0.125 + int(rng.integers(70)) / 1000.0)
        reach = float(np.interp(y, (0.1, 0.3, 0.7), (0.34, 0.42, 0.24))) * (0.8 + int(rng.integers(40)) / 100.0)
        stems.append(ray(np.array([0.5, y]), turn, reach, -side * 0.05, 5))
    for light in (0.6, 0.85, 1.08):
        for stem in stems:
            canvas.line(stem, 0.011, wood)
        for index in rng.permutation(len(stems) * leaves):
            stem = stems[int(index) % len(stems)]
            at = (int(index) // len(stems) + int(rng.integers(100)) / 100.0) / leaves * (len(stem) - 1.001)
            i = int(at)
            root = stem[i] + (stem[i + 1] - stem[i]) * (at - i)
            way = 1.0 if int(rng.integers(2)) else -1.0
            turn = _heading(stem[: i + 2]) + way * int(rng.integers(20, 210)) / 1000.0
            size = leaf * (0.7 + int(rng.integers(60)) / 100.0)
            _leaf(canvas, _inside(root, size), turn, size, outline, vary(rng, colours, light))
        for stem in stems:
            tip = _inside(stem[-1], leaf)
            _leaf(canvas, tip, _heading(stem), leaf, outline, vary(rng, colours, light))
    return canvas.finish()


def _inside(root: Float64, reach: float) -> Float64:
    """The root moved in far enough for a leaf of that reach to end within the cell: cut leaves show as straight edges."""
    return np.clip(root, reach * np.array([1.0, 0.7]), 1.0 - reach)


def _draw_broadleaf(rng: np.random.Generator, w: int, h: int, colours: tuple[Colour, ...], snow: float) -> UInt8:
    return _sprig(rng, Canvas(w, h, _mean(colours)), colours, _OVAL, 0.118, 9, 8, (70, 56, 42))


def _draw_birch(rng: np.random.Generator, w: int, h: int, colours: tuple[Colour, ...], snow: float) -> UInt8:
    return _sprig(rng, Canvas(w, h, _mean(colours)), colours, _RHOMB, 0.095, 9, 8, (66, 50, 44))


def _frond(
    rng: np.random.Generator, canvas: Canvas, colours: tuple[Colour, ...], pairs: int, lean: float, width: float, stalk: Colour,
) -> UInt8:  # fmt: skip
    """A leaf of many narrow leaflets on both sides of a rib, widest in its lower half; seen from above, root below."""
    top = canvas.h / canvas.w
    for light in (0.66, 1.02):
        for i in range(pairs):
            y = (0.06 + 0.90 * (i + int(rng.integers(50)) / 100.0) / pairs) * top
            reach = 0.47 * float(np.interp(y / top, (0.0, 0.12, 0.35, 0.75, 1.0), (0.25, 0.80, 1.0, 0.66, 0.10)))
            for way in (-1.0, 1.0):
                turn = way * (lean + int(rng.integers(-14, 15)) / 1000.0)
                spine = ray(np.array([0.5, y]), turn, reach * (0.9 + int(rng.integers(20)) / 100.0), way * 0.03, 4)
                half = width * np.array([0.5, 1.0, 0.8, 0.0])[:, None] * np.array([[0.35, 1.0]])
                canvas.polygon(np.concatenate([spine - half, (spine + half)[::-1]]), vary(rng, colours, light))
    canvas.line(np.array([[0.5, 0.0], [0.5, 0.96 * top]]), 0.016, stalk)
    return canvas.finish()


def _draw_palm(rng: np.random.Generator, w: int, h: int, colours: tuple[Colour, ...], snow: float) -> UInt8:
    return _frond(rng, Canvas(w, h, _mean(colours)), colours, 46, 0.17, 0.020, (150, 146, 84))


def _draw_fern(rng: np.random.Generator, w: int, h: int, colours: tuple[Colour, ...], snow: float) -> UInt8:
    return _frond(rng, Canvas(w, h, _mean(colours)), colours, 20, 0.20, 0.020, (92, 96, 50))


def _draw_dry_shrub(rng: np.random.Generator, w: int, h: int, colours: tuple[Colour, ...], snow: float) -> UInt8:
    return _sprig(rng, Canvas(w, h, _mean(colours)), colours, _SMALL, 0.050, 13, 4, (112, 98, 78))


def _draw_shrub(rng: np.random.Generator, w: int, h: int, colours: tuple[Colour, ...], snow: float) -> UInt8:
    return _sprig(rng, Canvas(w, h, _mean(colours)), colours, _SMALL, 0.085, 10, 9, (82, 66, 50))


_DRAW = {
    "spruce": _draw_spruce,
    "pine": _draw_pine,
    "broadleaf": _draw_broadleaf,
    "birch": _draw_birch,
    "shrub": _draw_shrub,
    "palm": _draw_palm,
    "fern": _draw_fern,
    "dry_shrub": _draw_dry_shrub,
}
