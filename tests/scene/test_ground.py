import numpy as np
import pytest

from seedscape.generation.values import HeightField, Terrain
from seedscape.scene.biomes import ground_layers, make_biome, materials_needed
from seedscape.scene.contact import contact_shade
from seedscape.scene.ground import ground_models, hollow_shade, shaded
from seedscape.scene.horizon import HORIZON_BLEND, HORIZON_MATERIAL, horizon_uvs, paint_horizon
from seedscape.scene.site import Site
from seedscape.scene.site_survey import survey
from seedscape.scene.spec import SceneSpec
from seedscape.scene.triangulate import GroundMesh, Tolerance, measure, triangulate
from seedscape.scene.values import Mesh
from tests.scene.worlds import make_materials, make_terrain

SPEC = SceneSpec(seed=11, biome="alpine", size_m=600.0)
BIOME = make_biome("alpine")
MATERIALS = make_materials(materials_needed(BIOME))


@pytest.fixture(scope="module")
def land() -> tuple[Site, GroundMesh]:
    terrain = make_terrain(seed=11, relief_m=420.0)
    return survey(terrain, SPEC, BIOME), triangulate(terrain, measure(terrain, Tolerance()), 30_000)


@pytest.fixture(scope="module")
def models(land: tuple[Site, GroundMesh]) -> dict[str, tuple[Mesh, ...]]:
    return ground_models(*land, BIOME, SPEC, MATERIALS)


def test_chunks_share_their_border_vertices_and_normals(models: dict[str, tuple[Mesh, ...]]) -> None:
    normals: dict[bytes, bytes] = {}
    shared = 0
    for parts in models.values():
        mesh = parts[0]
        assert mesh.normals is not None
        for position, normal in zip(mesh.positions, mesh.normals, strict=True):
            key = position.tobytes()
            shared += key in normals
            assert normals.setdefault(key, normal.tobytes()) == normal.tobytes()
    assert shared > 200


def test_base_layers_tile_the_disc_once(models: dict[str, tuple[Mesh, ...]], land: tuple[Site, GroundMesh]) -> None:
    corners = np.concatenate([parts[0].positions[parts[0].indices] for parts in models.values()]).astype(np.float64)
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    area = ((b[:, 2] - a[:, 2]) * (c[:, 0] - a[:, 0]) - (b[:, 0] - a[:, 0]) * (c[:, 2] - a[:, 2])).sum() / 2
    disc = 3.141592653589793 * land[1].lattice.half_m ** 2
    assert disc < area < 1.15 * disc  # coarse triangles reach beyond its rim


def test_draw_calls_and_triangles_stay_in_the_budget(models: dict[str, tuple[Mesh, ...]]) -> None:
    assert sum(len(parts) for parts in models.values()) <= 36
    assert sum(len(part.indices) for parts in models.values() for part in parts) <= 150_000


def test_overlays_repeat_triangles_of_their_base_bit_by_bit(models: dict[str, tuple[Mesh, ...]]) -> None:
    for name, parts in models.items():
        base = {corner.tobytes() for corner in parts[0].positions[parts[0].indices]}
        for part in parts[1:]:
            assert {corner.tobytes() for corner in part.positions[part.indices]} <= base, name
            assert part.colors is not None
            assert (part.colors[:, 3][part.indices].max(axis=1) > 0.0).all(), "a triangle nobody sees"


def test_parts_come_bottom_first_and_the_horizon_last(models: dict[str, tuple[Mesh, ...]]) -> None:
    order = [
        f"ground_{layer.material}" + ("_over" if k else "") for k, layer in enumerate(ground_layers(BIOME, "summer"))
    ]
    order += [HORIZON_BLEND]
    for name, parts in models.items():
        if name.startswith("horizon"):
            assert [part.material for part in parts] == [HORIZON_MATERIAL]
        else:
            ranks = [order.index(part.material) for part in parts]
            assert ranks == sorted(set(ranks)) and ranks[0] == 0


def test_values_are_sound(models: dict[str, tuple[Mesh, ...]]) -> None:
    for parts in models.values():
        for part in parts:
            assert part.normals is not None and part.uvs is not None
            np.testing.assert_allclose((part.normals.astype(np.float64) ** 2).sum(axis=1), 1.0, atol=1e-5)
            assert part.indices.max() == len(part.positions) - 1
            assert np.abs(part.uvs).max() < 4000
            if part.colors is not None:
                assert 0.0 <= part.colors.min() and part.colors.max() <= 1.0


def test_texture_keeps_its_size_on_flat_and_on_steep_ground(models: dict[str, tuple[Mesh, ...]]) -> None:
    """Metres of ground per texture width, over rock triangles that are mainly seen: no worse than 1 to 2."""
    stretched = total = 0
    for parts in models.values():
        for part in parts:
            if part.material != "ground_rock_over":
                continue
            assert part.uvs is not None and part.colors is not None
            seen = part.indices[part.colors[:, 3][part.indices].min(axis=1) > 0.5]
            p, uv = (
                part.positions[seen].astype(np.float64),
                part.uvs[seen].astype(np.float64) * MATERIALS["rock"].size_m,
            )
            ground = np.sqrt((np.cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0]) ** 2).sum(axis=1))
            d1, d2 = uv[:, 1] - uv[:, 0], uv[:, 2] - uv[:, 0]
            picture = np.abs(d1[:, 0] * d2[:, 1] - d1[:, 1] * d2[:, 0])
            stretched += int((ground > 2.0 * picture).sum())
            total += len(seen)
    assert total > 50, "the made-up country has cliffs"
    assert stretched <= 0.02 * total


def test_ground_under_a_crown_is_darker(land: tuple[Site, GroundMesh]) -> None:
    shade = contact_shade(np.array([[10.0, -20.0, 12.0, 0.6]]), SPEC.size_m)
    models = ground_models(*land, BIOME, SPEC, MATERIALS)
    dark, light = shaded(models, shade)["ground_near"][0], models["ground_near"][0]
    assert dark.colors is not None and light.colors is not None
    under = np.hypot(dark.positions[:, 0] - 10.0, dark.positions[:, 2] + 20.0) < 3.0
    away = np.hypot(dark.positions[:, 0] - 10.0, dark.positions[:, 2] + 20.0) > 15.0
    assert (dark.colors[under, 0] < 0.6 * light.colors[under, 0]).all() and under.any()
    assert np.array_equal(dark.colors[away], light.colors[away])
    assert np.array_equal(dark.colors[:, 3:], light.colors[:, 3:])


def test_shade_of_a_disc_fades_to_its_rim() -> None:
    shade: HeightField = contact_shade(np.array([[0.0, 0.0, 10.0, 0.5]]), 100.0)
    x = np.array([0.0, 5.0, 10.0, 20.0])
    values = shade.sample(x, np.zeros(4))
    assert values[0] == pytest.approx(0.5) and values[2] == pytest.approx(1.0, abs=0.01) and values[3] == 1.0
    assert (np.diff(values) >= 0).all()


def test_texels_of_the_horizon_are_denser_near_the_visited_square() -> None:
    uv = horizon_uvs(np.array([500.0, 510.0, 3600.0, 3610.0]), np.zeros(4), 3800.0)[:, 0] * 1024
    assert uv[1] - uv[0] > 2.5
    assert uv[3] - uv[2] < 1.0
    assert horizon_uvs(np.array([-3800.0, 3800.0]), np.array([3800.0, -3800.0]), 3800.0).tolist() == [[0, 1], [1, 0]]


def test_high_horizon_is_white_and_low_is_green(land: tuple[Site, GroundMesh]) -> None:
    site, mesh = land
    picture = paint_horizon(site, BIOME, SPEC, MATERIALS, mesh.lattice.half_m).pixels.astype(int)
    uv = horizon_uvs(mesh.x, mesh.z, mesh.lattice.half_m)
    at = np.clip((uv * len(picture)).astype(int), 0, len(picture) - 1)
    color = picture[at[:, 1], at[:, 0]]
    low, high = np.quantile(mesh.y, [0.1, 0.95])
    assert color[mesh.y > high].mean() > color[mesh.y < low].mean() + 40


def test_hollows_are_dim_and_slopes_are_not() -> None:
    line = np.arange(-20.0, 20.0, 0.5)
    trench = 0.4 * line[None, :] - 0.5 * np.maximum(1.0 - np.abs(line[:, None]), 0.0)  # a slope with a gully down it
    level = HeightField(trench.astype(np.float32), 0.5, (-20.0, -20.0))
    terrain = Terrain((level,), 0.0, "alpine")
    x, z = np.zeros(3), np.array([0.0, 6.0, 1.2])
    light = hollow_shade(terrain, x, z, terrain.height(x, z))
    assert light[0] < 0.75 and light[1] == pytest.approx(1.0, abs=0.03) and light[2] > 0.9
