"""Samples of land and material, as the networks make them: what the sampler process computes."""

from typing import Any

from seedscape.assets.errors import RequestError


def draw(wish: dict[str, Any]) -> tuple[bytes, str, dict[str, str]]:
    """(bytes, content type, headers) of a sample; wish: as the route has checked it, with "kind" terrain or material."""
    return _terrain(wish) if wish["kind"] == "terrain" else _material(wish)


def _terrain(wish: dict[str, Any]) -> tuple[bytes, str, dict[str, str]]:
    import numpy as np

    from seedscape.cli.arrays import encode_png
    from seedscape.generation.terrain import sample_heights

    heights = sample_heights(wish["seed"], 0, wish["size"], wish["spacing_m"]).heights_m
    low, high = float(heights.min()), float(heights.max())
    headers = {
        "x-rows": str(heights.shape[0]),
        "x-columns": str(heights.shape[1]),
        "x-lowest-m": f"{low:.9g}",
        "x-highest-m": f"{high:.9g}",
    }
    if wish["format"] == "png":
        grey = np.round((heights.astype(np.float64) - low) * (65535.0 / max(high - low, 1e-6))).astype(np.uint16)
        return encode_png(grey), "image/png", headers
    return heights.astype("<f4").tobytes(), "application/octet-stream", headers


def _material(wish: dict[str, Any]) -> tuple[bytes, str, dict[str, str]]:
    from seedscape.cli.arrays import encode_png
    from seedscape.generation.material import generate_material, open_material_model

    known = open_material_model().materials
    if wish["material"] not in known:
        raise RequestError(f"expected a material among {', '.join(known)}, got {wish['material']!r}")
    maps = generate_material(wish["seed"], wish["material"], wish["size"])
    if wish["map"] == "height":
        picture = encode_png(maps.height)
    else:
        picture = encode_png({"basecolor": maps.base_color, "normal": maps.normal, "orm": maps.orm}[wish["map"]])
    return picture, "image/png", {"x-size-m": f"{maps.size_m:.9g}"}
