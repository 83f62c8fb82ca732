import numpy as np
import pytest

from seedscape.generation.values import HeightField, Terrain
from seedscape.scene.biomes import make_biome
from seedscape.scene.site import Site
from seedscape.scene.site_survey import survey
from seedscape.scene.spec import SceneSpec
from seedscape.scene.triangulate import GroundMesh, Tolerance, measure, triangulate
from seedscape.scene.values import Mesh
from seedscape.scene.walkable import Blockers, best_heading, collision_mesh, spawn_points, walkable_mesh


def valley(wall_x_m: float, rise: float) -> Terrain:
    """A plain with a wall that runs north to south from x = wall_x_m on, 20 m wide, and a plateau behind it."""
    line = np.arange(-320.0, 321.0, 2.5)
    height = np.clip(line - wall_x_m, 0.0, 20.0) * rise
    return Terrain(
        (HeightField(np.tile(height, (len(line), 1)).astype(np.float32), 2.5, (-320.0, -320.0)),), 100.0, "plain"
    )


def build(terrain: Terrain) -> tuple[Site, GroundMesh]:
    site = survey(terrain, SceneSpec(seed=1, biome="meadow", size_m=400.0, water=1.0), make_biome("meadow"))
    return site, triangulate(terrain, measure(terrain, Tolerance()), 60_000)


def covers(mesh: Mesh, x: float, z: float) -> bool:
    corners = mesh.positions[mesh.indices].astype(np.float64)[:, :, [0, 2]]
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    sides = [
        (q[:, 0] - p[:, 0]) * (z - p[:, 1]) - (q[:, 1] - p[:, 1]) * (x - p[:, 0]) for p, q in ((a, b), (b, c), (c, a))
    ]
    return bool((np.stack(sides) <= 1e-9).all(axis=0).any())


def test_a_gentle_wall_is_walked_over_and_a_steep_one_is_not() -> None:
    for rise, beyond in ((0.5, True), (0.9, False)):
        walkable = walkable_mesh(*build(valley(80.0, rise)))
        assert covers(walkable, 0.0, 0.0)
        assert covers(walkable, -150.0, 100.0)
        assert covers(walkable, 90.0, 0.0) is beyond, "the wall itself"
        assert covers(walkable, 150.0, 0.0) is beyond, "the plateau: flat, but cut off by a steep wall"
        assert not covers(walkable, 199.0, 0.0), "the rim of the visited square"


def test_blockers_make_holes() -> None:
    site, mesh = build(valley(80.0, 0.5))
    open_ground = walkable_mesh(site, mesh)
    blocked = walkable_mesh(site, mesh, Blockers(np.array([20.0]), np.array([10.0]), np.array([6.0])))
    assert covers(open_ground, 20.0, 10.0) and not covers(blocked, 20.0, 10.0)
    assert covers(blocked, 40.0, 10.0)


def test_nobody_walks_in_a_lake() -> None:
    line = np.arange(-320.0, 321.0, 2.5)
    x, z = np.meshgrid(line, line)
    hollow = 8.0 * np.clip(1.0 - ((x - 90.0) ** 2 + z**2) / 50.0**2, 0.0, 1.0)
    terrain = Terrain((HeightField((-hollow).astype(np.float32), 2.5, (-320.0, -320.0)),), 100.0, "plain")
    site, mesh = build(terrain)
    assert len(site.lakes) == 1
    walkable = walkable_mesh(site, mesh)
    depth = site.sample(site.water_depth_m, walkable.positions[:, 0], walkable.positions[:, 2])
    assert depth.max() <= 0.3
    assert not covers(walkable, 90.0, 0.0) and covers(walkable, 160.0, 0.0)


def test_collision_has_the_steep_ground_too() -> None:
    collision = collision_mesh(*build(valley(80.0, 0.9)))
    assert covers(collision, 90.0, 0.0) and covers(collision, 150.0, 0.0)


def test_the_first_spawn_is_the_origin_and_the_others_are_walkable() -> None:
    site, mesh = build(valley(80.0, 0.9))
    walkable = walkable_mesh(site, mesh)
    spawns = spawn_points(site, walkable, 0.125)
    assert [spawn.name for spawn in spawns] == [f"spawn_{k}" for k in range(len(spawns))]
    assert len(spawns) >= 3
    assert spawns[0].position == (0.0, 0.0, 0.0)
    for spawn in spawns:
        assert covers(walkable, spawn.position[0], spawn.position[2])
        assert 0.0 <= spawn.yaw_rad < 6.2832


@pytest.mark.parametrize(
    ("east", "south", "yaw"), [(0.0, -1.0, 0.0), (-1.0, 0.0, 0.25), (0.0, 1.0, 0.5), (1.0, 0.0, 0.75)]
)
def test_the_view_goes_to_the_lake(east: float, south: float, yaw: float) -> None:
    """A flat plain with a single lake 80 m away: yaw 0 looks to -Z, a quarter turn to -X."""
    line = np.arange(-320.0, 321.0, 5.0)
    x, z = np.meshgrid(line, line)
    hollow = 8.0 * np.clip(1.0 - ((x - 80.0 * east) ** 2 + (z - 80.0 * south) ** 2) / 50.0**2, 0.0, 1.0)
    terrain = Terrain((HeightField((-hollow).astype(np.float32), 5.0, (-320.0, -320.0)),), 100.0, "plain")
    site = survey(terrain, SceneSpec(seed=1, biome="meadow", size_m=400.0, water=1.0), make_biome("meadow"))
    turn = best_heading(site, 0.0, 0.0) / 6.283185307179586
    assert abs((turn - yaw + 0.5) % 1.0 - 0.5) <= 1.5 / 24
