import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedscape.generation.values import HeightField, Terrain
from seedscape.scene.triangulate import GroundMesh, Lattice, Tolerance, measure, surface_errors, triangulate
from tests.scene.worlds import make_terrain

LOOSE_EDGES = Tolerance(edge_m=1e6)  # errors alone decide


def terrain_of(heights: np.ndarray, spacing_m: float = 1.0) -> Terrain:
    """One square level centred on the origin."""
    start = -(len(heights) - 1) / 2.0 * spacing_m
    return Terrain((HeightField(heights.astype(np.float32), spacing_m, (start, start)),), 0.0, "plain")


def edge_uses(mesh: GroundMesh) -> tuple[np.ndarray, np.ndarray]:
    t = mesh.triangles
    edges = np.sort(np.concatenate([t[:, [0, 1]], t[:, [1, 2]], t[:, [2, 0]]]), axis=1)
    return np.unique(edges, axis=0, return_counts=True)


@pytest.fixture(scope="module")
def world() -> tuple[Terrain, Lattice]:
    terrain = make_terrain(seed=3)
    return terrain, measure(terrain, Tolerance())


def test_flat_ground_becomes_two_triangles() -> None:
    terrain = terrain_of(np.zeros((9, 9)))
    mesh = triangulate(terrain, measure(terrain, LOOSE_EDGES), 1000)
    assert len(mesh.triangles) == 2
    assert sorted(zip(mesh.x.tolist(), mesh.z.tolist(), strict=True)) == [(-4, -4), (-4, 4), (4, -4), (4, 4)]


def test_a_single_peak_stands_in_the_mesh() -> None:
    heights = np.zeros((9, 9))
    heights[2, 5] = 3.0  # post at x = 1, z = -2
    terrain = terrain_of(heights)
    mesh = triangulate(terrain, measure(terrain, LOOSE_EDGES), 1000)
    assert mesh.y[(mesh.x == 1) & (mesh.z == -2)].tolist() == [3.0]
    assert 2 < len(mesh.triangles) < 2 * 8 * 8
    assert surface_errors(mesh, (100.0,)) == [{"from_m": 0.0, "to_m": 100.0, "max_m": 0.0, "p99_m": 0.0}]


def test_every_post_may_be_asked_for() -> None:
    heights = np.random.Generator(np.random.Philox(key=1)).integers(0, 9, (9, 9))
    terrain = terrain_of(heights)
    mesh = triangulate(terrain, measure(terrain, Tolerance(near_m=1e-6, growth=0.0, edge_m=0.5)), 1000)
    assert len(mesh.triangles) == 2 * 8 * 8


def test_triangles_face_up_and_tile_the_square(world: tuple[Terrain, Lattice]) -> None:
    mesh = triangulate(*world, 20_000)
    a, b, c = (mesh.triangles[:, k] for k in range(3))
    up = (mesh.z[b] - mesh.z[a]) * (mesh.x[c] - mesh.x[a]) - (mesh.x[b] - mesh.x[a]) * (mesh.z[c] - mesh.z[a])
    assert (up > 0).all()
    assert up.sum() / 2 == pytest.approx((2 * mesh.lattice.half_m) ** 2, rel=1e-12)


def test_there_is_no_crack(world: tuple[Terrain, Lattice]) -> None:
    for budget in (50, 3_000, 60_000):
        mesh = triangulate(*world, budget)
        edges, uses = edge_uses(mesh)
        assert uses.max() == 2
        rim = edges[uses == 1]
        half = mesh.lattice.half_m
        at_rim = np.maximum(np.abs(mesh.x), np.abs(mesh.z))[rim]
        assert (at_rim == half).all(), "an edge with one side lies inside the land"


@given(budget=st.integers(2, 60_000))
def test_the_budget_is_kept_and_used(world: tuple[Terrain, Lattice], budget: int) -> None:
    mesh = triangulate(*world, budget)
    assert len(mesh.triangles) <= budget
    assert mesh.threshold == 1.0 or len(mesh.triangles) >= 0.98 * budget - 300  # the rim splits one triangle, not two


def test_more_triangles_less_error(world: tuple[Terrain, Lattice]) -> None:
    worst = [
        max(ring["max_m"] for ring in surface_errors(triangulate(*world, n), (240.0,))) for n in (3_000, 12_000, 60_000)
    ]
    assert worst[0] > worst[1] > worst[2]


def test_error_stays_near_the_tolerance_that_was_asked_for(world: tuple[Terrain, Lattice]) -> None:
    """The ratio is taken where edges split, so the surface between may be off by a little more: at most twice."""
    tolerance = Tolerance()
    mesh = triangulate(*world, 10**6)
    assert mesh.threshold == 1.0
    for ring in surface_errors(mesh, (30.0, 60.0, 120.0, 240.0, 500.0)):
        allowed = tolerance.near_m + tolerance.growth * max(ring["to_m"] - tolerance.near_distance_m, 0.0)
        assert ring["max_m"] <= 2.0 * allowed
        assert ring["p99_m"] <= allowed


def test_reported_errors_are_those_of_the_triangles(world: tuple[Terrain, Lattice]) -> None:
    """The fast report against the plain way: look the mesh up at every near post."""
    terrain, lattice = world
    mesh = triangulate(terrain, lattice, 20_000)
    line = np.arange(-40, 41) * lattice.unit_m
    x, z = (grid.ravel() for grid in np.meshgrid(line, line))
    near = np.sqrt(x * x + z * z) < 30.0
    off = np.abs(mesh.height(x[near], z[near]) - terrain.height(x[near], z[near]))
    assert surface_errors(mesh, (30.0,))[0]["max_m"] == pytest.approx(off.max(), abs=1e-4)


def test_mesh_height_is_exact_at_vertices(world: tuple[Terrain, Lattice]) -> None:
    mesh = triangulate(*world, 5_000)
    inside = np.maximum(np.abs(mesh.x), np.abs(mesh.z)) < mesh.lattice.half_m
    np.testing.assert_allclose(mesh.height(mesh.x[inside], mesh.z[inside]), mesh.y[inside], atol=1e-9)


def test_near_ground_is_dense_and_far_ground_coarse(world: tuple[Terrain, Lattice]) -> None:
    mesh = triangulate(*world, 60_000)
    corners = np.stack([mesh.x[mesh.triangles], mesh.z[mesh.triangles]], axis=-1)
    longest = np.sqrt(((corners - np.roll(corners, 1, axis=1)) ** 2).sum(axis=2)).max(axis=1)
    distance = np.sqrt((corners.mean(axis=1) ** 2).sum(axis=1))
    assert np.median(longest[distance < 30.0]) < 2.7
    assert np.median(longest[distance > 2000.0]) > 60.0


def test_importance_refines_where_it_is_raised() -> None:
    terrain = make_terrain(seed=3)
    factor = np.ones((101, 101), np.float32)
    factor[60:80, 60:80] = 4.0  # x and z from 50 m to 145 m
    importance = HeightField(factor, 5.0, (-250.0, -250.0))
    plain = triangulate(terrain, measure(terrain, Tolerance()), 10**6)
    raised = triangulate(terrain, measure(terrain, Tolerance(), importance), 10**6)

    def inside(mesh: GroundMesh) -> int:
        return int(((mesh.x > 55) & (mesh.x < 140) & (mesh.z > 55) & (mesh.z < 140)).sum())

    assert inside(raised) > 1.5 * inside(plain)
    assert edge_uses(raised)[1].max() == 2
