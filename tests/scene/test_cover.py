import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seedscape.scene.biomes import BIOMES, Layer, ground_layers, make_biome
from seedscape.scene.cover import LandPoints, ground_shade, layer_weights, over_alphas


def points(n: int, **values: float) -> LandPoints:
    """n points in a row, 3 m apart, alike in everything that is not named."""
    fields = {
        "altitude": 0.3,
        "slope": 0.1,
        "moisture": 0.3,
        "curvature": 0.0,
        "shore_m": 99.0,
        "openness": 1.0,
    } | values
    return LandPoints(
        np.arange(n, dtype=np.float64) * np.float64(3.0),
        np.zeros(n),
        **{name: np.full(n, value) for name, value in fields.items()},
    )


def shown(layers: tuple[Layer, ...], at: LandPoints) -> dict[str, float]:
    weights = layer_weights(layers, at, seed=1).mean(axis=1)
    return {layer.material: float(weight) for layer, weight in zip(layers, weights, strict=True)}


@given(st.sampled_from(BIOMES), st.sampled_from(("summer", "winter")), st.integers(0, 1000))
def test_weights_add_up_to_one(name: str, season: str, key: int) -> None:
    rng = np.random.Generator(np.random.Philox(key=key))
    x, z, altitude, slope, moisture, curvature, shore, sky = rng.random((8, 64))
    at = LandPoints(x * 900, z * 900, altitude, slope * 2, moisture, curvature * 0.02 - 0.01, shore * 20, sky)
    weights = layer_weights(ground_layers(make_biome(name), season), at, seed=key)
    np.testing.assert_allclose(weights.sum(axis=0), 1.0, atol=1e-12)
    assert weights.min() >= 0.0


@given(st.integers(0, 10**6))
def test_alphas_drawn_in_order_give_the_weights(key: int) -> None:
    weights = np.random.Generator(np.random.Philox(key=key)).random((5, 20))
    weights /= weights.sum(axis=0)
    seen = np.zeros((5, 20))
    for number, alpha in enumerate(over_alphas(weights)):
        seen *= 1.0 - alpha
        seen[number] += alpha
    np.testing.assert_allclose(seen, weights, atol=1e-9)


def test_cliffs_are_rock_in_every_biome() -> None:
    for name in BIOMES:
        cover = shown(ground_layers(make_biome(name), "summer"), points(200, slope=1.4))
        assert cover.get("rock", 0.0) + cover.get("mossy_rock", 0.0) > 0.9, name


def test_snow_lies_high_and_grass_low_in_the_alps() -> None:
    layers = ground_layers(make_biome("alpine"), "summer")
    assert shown(layers, points(200, altitude=0.95))["snow"] > 0.9
    assert shown(layers, points(200, altitude=0.10))["snow"] == 0.0
    assert shown(layers, points(200, altitude=0.10))["grass"] > 0.4


def test_beaches_are_sand() -> None:
    layers = ground_layers(make_biome("coast"), "summer")
    assert shown(layers, points(200, shore_m=1.0, slope=0.05))["sand"] > 0.9
    assert shown(layers, points(200, shore_m=30.0, slope=0.05))["sand"] == 0.0


def test_borders_do_not_follow_contours() -> None:
    """On a plane of one altitude at the middle of a rule, noise makes some ground covered and some not."""
    layers = (Layer("grass"), Layer("snow", altitude=(0.4, 0.5), ragged=0.8))
    snow = layer_weights(layers, points(400, altitude=0.45), seed=1)[1]
    assert snow.min() < 0.2 and snow.max() > 0.8


def test_shores_are_darker_and_hollows_dimmer() -> None:
    plain = ground_shade(points(50), 1).mean()
    assert ground_shade(points(50, shore_m=0.1), 1).mean() < 0.75 * plain
    assert ground_shade(points(50, openness=0.4), 1).mean() < 0.9 * plain
    assert 0.0 < ground_shade(points(50), 1).min() and ground_shade(points(50), 1).max() <= 1.0


def test_a_beach_lies_along_the_water_whatever_else_is_asked() -> None:
    layers = (Layer("grass"), Layer("gravel", slope=(0.9, 1.2), beach=(0.36, 0.12)))
    assert shown(layers, points(200, shore_m=0.02, slope=0.05))["gravel"] > 0.9
    assert shown(layers, points(200, shore_m=1.0, slope=0.05))["gravel"] == 0.0
