"""Structures, paths and anchors of every purpose on a made-up country."""

from functools import cache

import numpy as np
import pytest

from seedscape.scene.biomes import make_biome
from seedscape.scene.earthworks import dig
from seedscape.scene.palette import grade_materials
from seedscape.scene.parts import FOOT_M, PLAIN, STONE, TIMBER
from seedscape.scene.plan import Plan, lay_out
from seedscape.scene.settle import settle
from seedscape.scene.site import Site
from seedscape.scene.site_survey import survey
from seedscape.scene.spec import PURPOSES, SceneSpec
from tests.scene.worlds import make_materials, make_terrain

WANTED = {
    "explore": {"rest", "view", "landmark"},
    "game": {"flag", "team_spawn", "cover", "objective", "landmark"},
    "education": {"board", "exhibit", "teacher", "seat", "sign"},
    "commerce": {"entrance", "sign", "exhibit", "board", "counter"},
}


@cache
def built(purpose: str) -> tuple[Site, Site, Plan]:
    """The ground before, the ground after, and what was built between."""
    spec, biome = SceneSpec(seed=5, biome="meadow", purpose=purpose, size_m=400.0), make_biome("meadow")
    terrain = make_terrain(seed=5, relief_m=70.0)
    before = survey(terrain, spec, biome)
    plan = lay_out(before, spec)
    after = dig(terrain, (), plan.pads, plan.trails)
    return before, survey(after, spec, biome, (), plan), plan


@pytest.mark.parametrize("purpose", PURPOSES)
def test_floors_are_level_dry_and_clear_of_each_other(purpose: str) -> None:
    _, site, plan = built(purpose)
    assert len(plan.standing) >= 2
    for number, one in enumerate(plan.standing):
        half_x, half_z = one.structure.half_x, one.structure.half_z
        u, v = np.meshgrid(np.linspace(-half_x, half_x, 15), np.linspace(-half_z, half_z, 15))
        world = one.placed.points(np.stack([u.ravel(), np.zeros(u.size), v.ravel()], axis=1))
        floor = site.terrain.height(world[:, 0], world[:, 2])
        assert np.abs(floor - one.placed.y).max() < 0.10, one.structure.name
        assert site.sample(site.water_depth_m, world[:, 0], world[:, 2]).max() == 0.0
        assert np.hypot(world[:, 0], world[:, 2]).min() > 3.0
        for other in plan.standing[number + 1 :]:
            assert (other.pad.outside(world[:, 0], world[:, 2]) > 1.0).all()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_paths_join_the_spawn_point_to_each_structure_and_can_be_walked(purpose: str) -> None:
    _, site, plan = built(purpose)
    assert len(plan.trails) == len(plan.standing)
    for trail, one in zip(plan.trails, plan.standing, strict=True):
        assert np.hypot(*trail.points[0, [0, 2]]) < 0.1
        door = one.placed.point(0.0, 0.0, one.structure.half_z)
        assert np.abs(trail.points[-1] - np.array(door)).max() < 0.05
        run = np.hypot(np.diff(trail.points[:, 0]), np.diff(trail.points[:, 2]))
        assert run.max() < 0.8
        ground = site.terrain.height(trail.points[:, 0], trail.points[:, 2])
        assert np.quantile(np.abs(ground - trail.points[:, 1]), 0.9) < 0.25  # where paths cross, one gives way
        rise = np.abs(ground[8:] - ground[:-8]) / 4.0
        assert np.quantile(rise, 0.95) < 0.7  # tan 35 degrees
        worn = site.worn(trail.points[:, 0], trail.points[:, 2])
        assert np.quantile(worn, 0.1) > 0.5
        assert not site.free(trail.points[:, 0], trail.points[:, 2]).any()


@pytest.mark.parametrize("purpose", PURPOSES)
def test_structures_are_whole_and_stand_on_their_floor(purpose: str) -> None:
    _, _, plan = built(purpose)
    settled = settle(plan, grade_materials(make_materials(("rock", "bark")), make_biome("meadow")))
    kinds = {node.extras["kind"] for node in settled.nodes if node.extras.get("role") == "anchor"}
    assert WANTED[purpose] <= kinds
    names = [node.name for node in settled.nodes]
    assert len(set(names)) == len(names)
    assert set(settled.models) <= {STONE, TIMBER, PLAIN} and set(settled.materials) == set(settled.models)
    lowest = min(one.placed.y for one in plan.standing) - FOOT_M
    for (mesh,) in settled.models.values():
        p = mesh.positions.astype(np.float64)
        assert mesh.normals is not None and mesh.colors is not None and mesh.uvs is not None
        a, b, c = (p[mesh.indices[:, k]] for k in range(3))
        normal = np.cross(b - a, c - a)
        area = np.sqrt((normal**2).sum(axis=1))
        assert (area > 1e-6).all(), "no degenerate triangles"
        shown = mesh.normals[mesh.indices[:, 0]].astype(np.float64)
        assert ((normal / area[:, None] * shown).sum(axis=1) > 0.9).all(), "wound to their normals"
        assert p[:, 1].min() >= lowest - 1e-3
        assert 0.0 <= mesh.colors.min() and mesh.colors.max() <= 1.0
    assert sum(len(mesh.indices) for (mesh,) in settled.models.values()) < 12_000
    assert all(f.half_x > 0.0 and f.half_z > 0.0 for one in plan.standing for f in one.structure.build.solid)
    assert len(settled.rectangles) == sum(f.top_m > 0.3 for one in plan.standing for f in one.structure.build.solid)
    for start in settled.starts:
        inside = [
            one.pad.outside(np.array([start.position[0]]), np.array([start.position[2]]))[0] for one in plan.standing
        ]
        assert min(inside) == 0.0
        for x, z, half_x, half_z, _ in settled.rectangles.tolist():
            assert np.hypot(x - start.position[0], z - start.position[2]) > 0.5 + min(half_x, half_z)


def test_the_same_seed_plans_the_same_and_the_hour_moves_nothing() -> None:
    site, _, plan = built("game")
    spec = SceneSpec(seed=5, biome="meadow", purpose="game", size_m=400.0, time_of_day_h=21.0)
    again = lay_out(site, spec)
    assert [s.placed for s in again.standing] == [s.placed for s in plan.standing]
    assert all(np.array_equal(a.points, b.points) for a, b in zip(again.trails, plan.trails, strict=True))
