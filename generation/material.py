"""Materials from a seed: a set's latents re-arranged, decoded, and completed to PBR maps."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import MissingPartError, RequestError
from seedscape.assets.threads import Beside, usable_cores
from seedscape.assets.weights import read_tensors, read_weights, require_arrays
from seedscape.generation.arrange import arrange
from seedscape.generation.controls import MAX_ALBEDO, MIN_ALBEDO, Controls, blended, share_map, tinted, wetted
from seedscape.generation.decoder import CELL, CELLS, MASTER, REACH, TEXELS, TEXELS_REACH, MaterialDecoder, Tuning
from seedscape.generation.maps import cored, normal_from_height, occlusion_from_height, ungridded
from seedscape.generation.rng import stream
from seedscape.generation.runtime import grain
from seedscape.generation.values import Float32, MaterialMaps

PIECE = 64  # cells decoded at a time
MAX_WORKERS = 3  # each adds about 160 MB at 1024 pixels
MARGIN = REACH + TEXELS_REACH  # cells the decoder reaches beyond its own: wrapped around that far, results tile exactly
PIXELS_OF_SET = 512

# Edge length in the world of one training set's 512 pixels: the scans state none, so judged from the objects in them
# (blades, leaves, pebbles, cracks, courses).
SET_SIZE_M = {
    "grass": 2.0, "dry_grass": 1.2, "soil": 1.6, "mud": 2.4, "forest_floor": 1.6, "rock": 3.0, "mossy_rock": 4.0,
    "sand": 1.6, "sand_ripple": 2.4, "gravel": 1.6, "snow": 3.0, "bark": 1.0, "lava": 3.0, "ice": 3.0, "brick": 1.0,
    "stone_wall": 2.0, "concrete": 2.0, "plaster": 2.0, "wood_planks": 1.6, "roof_tiles": 3.0, "pavement": 2.0,
    "asphalt": 2.0, "metal": 1.0, "marble": 1.5,
}  # fmt: skip
DEFAULT_SIZE_M = 2.0
MAX_RELIEF = 0.035  # of height over edge length: stronger ones are scanners' exaggerated normal maps

Bands = Iterator[tuple[slice, Float32]]
"""Rows of a picture, and their channels (5, rows, columns)."""


@dataclass(frozen=True)
class MaterialModel:
    """The decoder and what it knows of each set.

    torus (K, L + 5, n, n): latents, and what the networks leave over of the channels' broad part; importance (L + 5,): share of each
    in the picture (of the five: nothing, the latents alone decide what fits); styles (K, S); means, deviations (K, 5); equalisers
    (K, 5, 5, EQUALISER, EQUALISER), see `Tuning`.
    """

    decoder: MaterialDecoder
    torus: NDArray[np.float32]
    importance: NDArray[np.float32]
    styles: NDArray[np.float32]
    means: NDArray[np.float32]
    deviations: NDArray[np.float32]
    equalisers: NDArray[np.float32]
    sets: tuple[dict[str, Any], ...]

    @property
    def materials(self) -> tuple[str, ...]:
        """The material classes, sorted."""
        return tuple(sorted({str(entry["material"]) for entry in self.sets}))

    def tuning(self, index: int) -> Tuning:
        """What a set was told of its pictures when it was released; nothing where it was not."""
        entry = self.sets[index]
        rows, columns = entry.get("evening", (0.0, 0.0))
        threshold, gain = entry.get("coring", (0.0, 1.0))
        across, down = entry.get("ungrid", (True, True))
        return Tuning(
            self.equalisers[index],
            (float(rows), float(columns)),
            (float(threshold), float(gain)),
            (bool(across), bool(down)),
        )


@lru_cache(maxsize=2)
def open_material_model(folder: Path | None = None) -> MaterialModel:
    """The shipped model, or the one a training run left in `folder`/release. MissingPartError: absent or damaged."""
    bank_name = "material-bank.safetensors"
    names = (CELLS, TEXELS, MASTER, bank_name)
    try:
        data = {
            name: read_weights(name) if folder is None else (folder / "release" / name).read_bytes() for name in names
        }
    except OSError as error:
        raise MissingPartError(f"expected a finished material run in {folder}, got {error}") from error
    decoder = MaterialDecoder(data[CELLS], data[TEXELS], read_tensors(MASTER, data[MASTER])[0])
    decoder.require_complete()
    tensors, metadata = read_tensors(bank_name, data[bank_name])
    whole = {"torus": 4, "broad": 4}
    axes = {"steps": 1, "broad_steps": 2, "styles": 2, "importance": 1, "means": 2, "deviations": 2, "equalisers": 5}
    require_arrays(
        bank_name, tensors, {n: (np.int8, k) for n, k in whole.items()} | {n: (np.float32, k) for n, k in axes.items()}
    )
    latents = tensors["torus"].astype(np.float32) * tensors["steps"][:, None, None, None]
    broad = tensors["broad"].astype(np.float32) * tensors["broad_steps"][:, :, None, None]
    return MaterialModel(
        decoder=decoder, torus=np.concatenate([latents, broad], axis=1),
        importance=np.pad(tensors["importance"], (0, broad.shape[1])), styles=tensors["styles"], means=tensors["means"],
        deviations=tensors["deviations"], equalisers=tensors["equalisers"], sets=tuple(metadata["sets"]),
    )  # fmt: skip


def generate_material(
    seed: int, name: str, size_px: int, model: MaterialModel | None = None, controls: Controls | None = None
) -> MaterialMaps:
    """A tileable set of the class `name` ("grass"), or of one exemplar ("rock/rock_06"), `size_px` pixels a side.

    The seed picks among the exemplars of a class and re-arranges the one it took. size_px must be a multiple of 8.
    RequestError: no such material, or a size out of range.
    """
    model, controls = model or open_material_model(), controls or Controls()
    if size_px % CELL or not 64 <= size_px <= 4096:
        raise RequestError(f"expected a material size of 64 to 4096 pixels, a multiple of {CELL}, got {size_px}")
    rng = stream(seed, "material", name)
    own = _pick(model, name, rng)
    if controls.toward:
        other = _pick(model, controls.toward, stream(seed, "material", "toward", controls.toward))
        channels, relief = decode_between(model, own, other, size_px // CELL, rng, controls)
        return complete_maps(name.partition("/")[0], channels, relief, controls)
    bands, relief = _decoded_bands(model, own, size_px // CELL, rng), float(model.sets[own]["relief"])
    return _completed(name.partition("/")[0], size_px, bands, model.tuning(own), relief, controls)


def _pick(model: MaterialModel, name: str, rng: np.random.Generator) -> int:
    """Index of the named set, or of one of the class that the stream takes."""
    kind, _, exemplar = name.partition("/")
    fitting = [k for k, s in enumerate(model.sets) if s["material"] == kind and exemplar in ("", s["name"])]
    if not fitting:
        raise RequestError(f"expected a material among {', '.join(model.materials)}, got {name!r}")
    return fitting[int(rng.integers(len(fitting)))]


def generate_materials(
    seed: int, names: Sequence[str], size_px: int, threads: int | None = None
) -> dict[str, MaterialMaps]:
    """`generate_material` for each name, in their order, shared out among `threads` (None: one a core, at most MAX_WORKERS)."""
    with Beside(min(threads or usable_cores(), MAX_WORKERS)) as beside:
        return start_materials(beside, seed, names, size_px)()


def start_materials(
    beside: Beside,
    seed: int,
    names: Sequence[str],
    size_px: int,
    begun: Callable[[int], None] = lambda k: None,
    other_sizes: Mapping[str, int] = MappingProxyType({}),
) -> Callable[[], dict[str, MaterialMaps]]:
    """Begin `generate_material` for each name; the function that comes back waits for all.

    begun(k): called when the k-th is handed over. other_sizes: pixels of those that are not to have `size_px`.
    """
    model = open_material_model()
    made = []
    for k, name in enumerate(names):
        begun(k)
        made.append(beside.start(generate_material, seed, name, other_sizes.get(name, size_px), model))
    return lambda: {name: wait() for name, wait in zip(names, made, strict=True)}


def decode_set(model: MaterialModel, index: int, cells: int, rng: np.random.Generator) -> Float32:
    """(5, 8 cells, 8 cells) Y, Co, Cg, height, roughness of a new arrangement of exemplar `index`; wraps around."""
    made = _whole(_decoded_bands(model, index, cells, rng), cells)
    made[3] = _finished(made[3], model.tuning(index))
    return made


def decode_exemplar(model: MaterialModel, index: int, rng: np.random.Generator) -> Float32:
    """(5, 8 n, 8 n) standardised channels of exemplar `index` as it is, not arranged and not cored."""
    torus = model.torus[index]
    cells = torus.shape[1]
    return _whole(_decode(model, torus, model.styles[index], _grains(cells, rng), model.tuning(index)), cells)


def _finished(height: Float32, tuning: Tuning) -> Float32:
    """A whole height (n, n) as the decoder leaves it, without its comb, and its finest grain as in the set."""
    return cored(ungridded(height, CELL, tuning.ungrid), *tuning.coring)


def _decoded_bands(model: MaterialModel, index: int, cells: int, rng: np.random.Generator) -> Bands:
    """The channels of `decode_set` from the top down, their height as the decoder leaves it."""
    latents = arrange(model.torus[index], cells, rng, model.importance)
    for rows, band in _decode(model, latents, model.styles[index], _grains(cells, rng), model.tuning(index)):
        yield rows, _rescale(band, model.means[index], model.deviations[index])


def decode_between(
    model: MaterialModel, own: int, other: int, cells: int, rng: np.random.Generator, controls: Controls
) -> tuple[Float32, float]:
    """Such channels of two exemplars mixed as `controls` says, and the relief of the mixture.

    Pieces of both lie on one torus; it is decoded in the style of each, and the two pictures are joined along their heights.
    """
    latents = arrange(model.torus[own], cells, rng, model.importance)
    others = stream(int(rng.integers(1 << 32)), "other")
    share = share_map(controls, cells, others)
    grains = _grains(cells, rng)
    s, reliefs = np.float32(controls.style), [float(model.sets[k]["relief"]) for k in (own, other)]

    def moved(x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(x[own] + s * (x[other] - x[own]), np.float32)

    if not share.any():
        mixed = latents
    else:
        theirs = arrange(model.torus[other], cells, others, model.importance)
        mixed = ((1 - share) * latents + share * theirs) / np.sqrt((1 - share) ** 2 + share**2)
    first = _whole(_decode(model, mixed, moved(model.styles), grains, model.tuning(own)), cells)
    first = _rescale(first, moved(model.means), moved(model.deviations))
    first[3] = _finished(first[3], model.tuning(own))
    if not share.any():
        return first, reliefs[0]
    second = _whole(_decode(model, mixed, model.styles[other], grains, model.tuning(other)), cells)
    second = _rescale(second, model.means[other], model.deviations[other])
    second[3] = _finished(second[3], model.tuning(other))
    part = float(share.mean())
    return blended(first, second, share), reliefs[0] * (1 - part) + reliefs[1] * part


def _grains(cells: int, rng: np.random.Generator) -> dict[int, Float32]:
    """Noise at 1/4, 1/2 and full resolution, wrapped around as far as the decoder needs it."""
    return {s: _wrap(grain(rng, 1, cells * CELL // s, cells * CELL // s), TEXELS_REACH * CELL // s) for s in (4, 2, 1)}


def _decode(model: MaterialModel, latents: Float32, style: Float32, noise: dict[int, Float32], tuning: Tuning) -> Bands:
    """(5, ., 8 cells) standardised channels of bands of rows, wrapping around.

    Decoded piece by piece, each with all the surroundings the decoder can see: memory stays that of one band. Pieces are of one
    size, so where they do not fit evenly the last ones begin earlier, and the last band repeats rows of the one before.
    """
    cells = latents.shape[1]
    size = min(PIECE, cells)
    decode = model.decoder.styled(style, size, size, tuning)
    wrapped = _wrap(latents.astype(np.float32), MARGIN)
    starts = [min(start, cells - size) for start in range(0, cells, size)]
    for row in starts:
        band = np.empty((5, size * CELL, cells * CELL), np.float32)
        for col in starts:
            grains = {
                s: _cut(noise[s], row * CELL // s, col * CELL // s, (size + 2 * TEXELS_REACH) * CELL // s)
                for s in noise
            }
            piece = decode(_cut(wrapped, row, col, size + 2 * MARGIN), grains)
            band[:, :, col * CELL : (col + size) * CELL] = piece
        yield slice(row * CELL, (row + size) * CELL), band


def _whole(bands: Bands, cells: int) -> Float32:
    made = np.empty((5, cells * CELL, cells * CELL), np.float32)
    for rows, band in bands:
        made[:, rows] = band
    return made


def _rescale(made: Float32, means: Float32, deviations: Float32) -> Float32:
    made *= deviations[:, None, None]
    made += means[:, None, None]
    return made


def _cut(x: Float32, row: int, col: int, size: int) -> Float32:
    """(C, size, size) of a (C, ., .) map."""
    return np.ascontiguousarray(x[:, row : row + size, col : col + size])


def _wrap(x: NDArray[np.float32], margin: int) -> NDArray[np.float32]:
    return np.pad(x, [(0, 0), (margin, margin), (margin, margin)], mode="wrap")


def complete_maps(kind: str, channels: Float32, relief: float, controls: Controls) -> MaterialMaps:
    """PBR maps from the five channels."""
    n = channels.shape[1]
    bands = ((slice(row, min(row + PIECE, n)), channels[:, row : row + PIECE]) for row in range(0, n, PIECE))
    return _completed(kind, n, bands, None, relief, controls)


def _completed(
    kind: str, size_px: int, bands: Bands, tuning: Tuning | None, relief: float, controls: Controls
) -> MaterialMaps:
    """PBR maps from the five channels, which may come band by band; tuning: what their height still wants, None: it is finished."""
    color = np.empty((size_px, size_px, 3), np.uint8)
    height = np.empty((size_px, size_px), np.float32)
    orm = np.zeros((size_px, size_px, 3), np.uint8)
    roughness = orm[..., 1]
    for rows, (y, co, cg, own_height, rough) in bands:
        for channel, light in enumerate((y + co - cg, y + cg, y - co - cg)):
            color[rows, :, channel] = np.clip(np.round(light * 255.0), MIN_ALBEDO, MAX_ALBEDO)
        height[rows] = own_height
        roughness[rows] = np.clip(np.round(rough * 255.0), 20, 255)
        if kind == "metal":
            orm[rows, :, 2] = np.clip(np.round((1.0 - np.clip(co - 0.03, 0.0, 0.1) * 10.0) * 255.0), 0, 255)
    height = np.clip(height if tuning is None else _finished(height, tuning), -0.2, 1.2)
    if controls.tint != (1.0, 1.0, 1.0):
        color = tinted(color, controls.tint)
    if controls.wetness > 0:
        color, orm[..., 1], height, water = wetted(color, roughness, height, controls.wetness)
        orm[water, 2] = 0
    usual_m = SET_SIZE_M.get(kind, DEFAULT_SIZE_M) * size_px / PIXELS_OF_SET
    size_m = controls.size_m or usual_m
    height_m = min(relief, MAX_RELIEF) * (size_m * PIXELS_OF_SET / size_px) * height
    texel_m = size_m / size_px
    low = float(height_m.min())
    reach = max(float(height_m.max()) - low, 1e-4)
    orm[..., 0] = occlusion_from_height(height_m, texel_m)
    normal = normal_from_height(height_m, texel_m)
    height_m -= np.float32(low)
    height_m *= 65535.0 / reach
    return MaterialMaps(
        name=kind, base_color=color, normal=normal, orm=orm, height=np.round(height_m, out=height_m).astype(np.uint16),
        size_m=size_m, height_m=reach,
    )  # fmt: skip
