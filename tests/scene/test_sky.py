"""The sky of an hour: where the sun is, what colour the light has, and that the picture agrees."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedscape.scene.biomes import make_biome
from seedscape.scene.sky import HEIGHT, WIDTH, Sky, _Air, build_sky, rotation_to_shine_from, sun_direction
from seedscape.scene.spec import SceneSpec
from tests.scene.solids import assert_sound, face_normals

SPEC = SceneSpec(seed=11)
BIOME = make_biome("meadow")


@pytest.fixture(scope="module")
def skies() -> dict[str, Sky]:
    hours = {"noon": 12.0, "evening": 18.8, "night": 0.0}
    made = {name: build_sky(replace(SPEC, time_of_day_h=hour), BIOME, 3000.0) for name, hour in hours.items()}
    return made | {"overcast": build_sky(replace(SPEC, weather="overcast", time_of_day_h=12.0), BIOME, 3000.0)}


@given(st.floats(0.0, 24.0), st.floats(-66.0, 66.0), st.sampled_from(["spring", "summer", "autumn", "winter"]))
def test_sun_direction_is_a_unit_vector_on_its_path(hour: float, latitude: float, season: str) -> None:
    x, y, z = sun_direction(hour, latitude, season)
    assert math.hypot(x, y, z) == pytest.approx(1.0)
    assert (x > 0.0) == (hour < 12.0) or abs(x) < 1e-9  # east in the morning
    assert y <= sun_direction(12.0, latitude, season)[1] + 1e-12  # highest at noon


def test_noon_sun_stands_in_the_south_and_higher_in_summer() -> None:
    summer, winter = sun_direction(12.0, 45.0, "summer"), sun_direction(12.0, 45.0, "winter")
    assert summer[2] > 0.0 and winter[2] > 0.0 and summer[1] > winter[1] > 0.3
    assert math.degrees(math.asin(summer[1])) == pytest.approx(90.0 - 45.0 + 21.0)


@given(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(-1.0, 1.0))
def test_rotation_turns_minus_z_away_from_the_light(x: float, y: float, z: float) -> None:
    length = math.hypot(x, y, z)
    if length < 1e-3:
        return
    towards = (x / length, y / length, z / length)
    a, b, c, w = rotation_to_shine_from(towards)
    assert math.hypot(a, b, c, w) == pytest.approx(1.0)
    # The image of (0, 0, -1) under the quaternion: minus the third column of its matrix.
    shines = (-2.0 * (a * c + w * b), -2.0 * (b * c - w * a), -(1.0 - 2.0 * (a * a + b * b)))
    assert shines == pytest.approx(tuple(-v for v in towards), abs=1e-4)


def test_air_is_blue_above_and_reddens_low_light() -> None:
    air = _Air(1.0)
    red, green, blue = air.sky(0.8, np.array([0.2]), np.array([0.25]))[0, 0]
    assert blue > 1.8 * red > 0.0 and blue > green > red
    high, low = air.sunlight(0.9), air.sunlight(0.05)
    assert 0.75 < float(high[0]) < 1.0
    assert float(low[0] / low[2]) > 3.0 * float(high[0] / high[2])
    assert float(air.sunlight(-0.2).max()) == 0.0


def test_more_dust_brightens_the_horizon_and_dims_the_sun() -> None:
    clear, hazy = _Air(1.0), _Air(6.0)
    assert float(hazy.sunlight(0.3)[1]) < float(clear.sunlight(0.3)[1])
    side = [float(air.sky(0.5, np.array([0.02]), np.array([0.05])).mean()) for air in (clear, hazy)]
    assert side[1] > side[0]


def texel_of(towards: tuple[float, float, float]) -> tuple[int, int]:
    """Row and column of the brightest texel's expected place, from the dome itself."""
    dome = build_sky(SPEC, BIOME, 1.0).dome
    assert dome.uvs is not None
    best = int((dome.positions @ np.array(towards, np.float32)).argmax())
    u, v = dome.uvs[best]
    return int(v * (HEIGHT - 1)), int(u * (WIDTH - 1))


@pytest.mark.parametrize("hour", ["noon", "evening"])
def test_sun_disc_stands_where_the_light_comes_from(skies: dict[str, Sky], hour: str) -> None:
    sky = skies[hour]
    bright = sky.texture.pixels.astype(int).sum(axis=-1)
    row, col = np.unravel_index(int(bright.argmax()), bright.shape)
    expected_row, expected_col = texel_of(sky.towards_light)
    assert abs(int(row) - expected_row) <= 45  # rings and columns of the dome stand some degrees apart
    assert min(abs(int(col) - expected_col), WIDTH - abs(int(col) - expected_col)) <= 60
    assert bright.max() >= 640


def test_light_is_white_at_noon_golden_in_the_evening_and_dim_at_night(skies: dict[str, Sky]) -> None:
    noon, evening, night = (skies[name].light for name in ("noon", "evening", "night"))
    assert 3.0 < noon.intensity < 3.6 and noon.illuminance_lux > 90_000
    assert noon.color[2] > 0.75 > evening.color[2]
    assert night.illuminance_lux < evening.illuminance_lux < noon.illuminance_lux
    assert night.intensity < 0.5 < evening.intensity < 2.1 * noon.intensity  # the eye opens for a low sun
    assert night.illuminance_lux < 1.0 and night.color[2] == 1.0
    assert skies["overcast"].light.intensity < 0.6 * noon.intensity


def test_lights_come_from_above(skies: dict[str, Sky]) -> None:
    for sky in skies.values():
        assert sky.towards_light[1] > 0.03
        assert math.hypot(*sky.towards_light) == pytest.approx(1.0)


def test_brightness_falls_from_day_to_night(skies: dict[str, Sky]) -> None:
    means = {name: float(sky.texture.pixels[: HEIGHT // 2].mean()) for name, sky in skies.items()}
    assert means["noon"] > means["evening"] > means["night"] > 2.0
    blue = np.percentile(skies["noon"].texture.pixels[:300].reshape(-1, 3), 10, axis=0)  # between the clouds
    assert blue[2] > 1.5 * blue[0]
    grey = skies["overcast"].texture.pixels[: HEIGHT // 2].reshape(-1, 3).mean(axis=0)
    assert float(grey.max() - grey.min()) < 25.0


def test_dome_is_seen_from_inside_and_closes_below_the_horizon(skies: dict[str, Sky]) -> None:
    sky = skies["noon"]
    assert sky.dome.colors is not None
    assert sky.material.unlit and sky.texture.pixels.shape == (HEIGHT, WIDTH, 3)
    assert_sound(sky.dome)
    faces, centres = face_normals(sky.dome), sky.dome.positions.astype(np.float64)[sky.dome.indices].mean(axis=1)
    wide = (faces**2).sum(axis=1) > 1.0  # the ring at the zenith has triangles without area
    assert ((faces * centres).sum(axis=1)[wide] < 0.0).all()
    lit = sky.dome.colors[:, 0] == 1.0  # the rest is the dim floor that closes it from below
    rings = sky.dome.positions[lit].astype(np.float64)
    np.testing.assert_allclose(np.sqrt((rings**2).sum(axis=1)), 3000.0, rtol=1e-5)
    assert math.degrees(math.asin(float(rings[:, 1].min()) / 3000.0)) == pytest.approx(-10.0, abs=0.01)
    np.testing.assert_allclose(sky.dome.colors[~lit], [[0.42, 0.42, 0.42, 1.0]] * int((~lit).sum()), rtol=1e-6)
    assert float(sky.dome.positions[~lit, 1].max()) < rings[:, 1].min() + 1.0
    assert float(sky.dome.positions[:, 1].max()) == pytest.approx(3000.0, rel=1e-5)


def test_the_picture_wraps_around(skies: dict[str, Sky]) -> None:
    for sky in skies.values():
        pixels = sky.texture.pixels.astype(int)
        seam = np.abs(pixels[:, 0] - pixels[:, -1]).mean()
        assert seam < 3.0 * np.abs(np.diff(pixels, axis=1)).mean() + 0.5


def test_clouds_keep_their_places_when_the_hour_changes() -> None:
    """Bright spots of two hours stand over the same texels: the sky's shapes follow the seed, its colours the hour."""
    rows = slice(100, 400)
    fine = []
    for hour in (11.0, 13.0):
        grey = build_sky(replace(SPEC, time_of_day_h=hour), BIOME).texture.pixels[rows].astype(float).mean(axis=-1)
        fine.append(grey - (np.roll(grey, 24, axis=1) + np.roll(grey, -24, axis=1)) / 2.0)
    assert np.corrcoef(fine[0].ravel(), fine[1].ravel())[0, 1] > 0.6


def test_same_spec_same_bytes() -> None:
    first, again = (build_sky(SPEC, BIOME) for _ in range(2))
    assert first.texture.pixels.tobytes() == again.texture.pixels.tobytes()
    assert (first.light, first.rotation) == (again.light, again.rotation)
