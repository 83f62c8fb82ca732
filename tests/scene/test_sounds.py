"""What is heard: it follows from the scene, stands apart, and near ones come first."""

import dataclasses

import numpy as np

from seedscape.scene.sounds import APART_M, MOST, REACH_M, find_sounds, spread
from seedscape.scene.values import Mesh
from tests.export.synthetic import synthetic_scene


def test_emitters_stand_apart_near_ones_first() -> None:
    line = np.stack([np.linspace(-400.0, 400.0, 801), np.zeros(801), np.full(801, 20.0)], axis=1)
    chosen = np.array(spread(line))
    away = np.sqrt((chosen[:, [0, 2]] ** 2).sum(axis=1))
    assert len(chosen) == MOST and chosen[0].tolist() == [0.0, 0.0, 20.0]
    assert (np.diff(away) >= 0.0).all() and away.max() <= REACH_M
    gaps = np.abs(chosen[:, None, 0] - chosen[None, :, 0])[~np.eye(MOST, dtype=bool)]
    assert gaps.min() > APART_M
    assert spread(line + [10_000.0, 0.0, 0.0]) == []


def test_water_is_a_lake_at_its_level_the_sea_at_its_own_and_flows_elsewhere() -> None:
    scene = synthetic_scene(posts=5, picture=16, trees=1)
    places = [[30.0, 5.0, 0.0], [60.0, 2.5, 0.0], [-90.0, -1.0, 0.0]]
    water = Mesh(np.array(places, np.float32), np.array([[0, 1, 2]], np.uint32), "water")
    extras = {"lakes": [{"level_m": 5.0}], "sea_level_m": -1.0}
    wet = dataclasses.replace(scene, models=scene.models | {"water": (water,)}, extras=extras)
    assert {s.kind: s.position for s in find_sounds(wet)} == {
        "wind": None,
        "stream": (60.0, 2.5, 0.0),
        "lake": (30.0, 5.0, 0.0),
        "surf": (-90.0, -1.0, 0.0),
    }
    assert [s.kind for s in find_sounds(scene)] == ["wind"]


def test_birds_by_day_and_crickets_by_night() -> None:
    scene = synthetic_scene(posts=5, picture=16, trees=1)
    tree = tuple(dataclasses.replace(part, material="trees") for part in scene.models["tree"])
    node = dataclasses.replace(scene.nodes[1].children[0], name="near", translation=(10.0, 1.0, 0.0))
    wood = dataclasses.replace(
        scene, models=scene.models | {"tree": tree}, nodes=(*scene.nodes, node), extras={"plants": {"pine": 1}}
    )
    for hour, kind, height in ((12.0, "birds", 5.0), (23.0, "crickets", 1.2)):
        sound = find_sounds(dataclasses.replace(wood, spec={"time_of_day_h": hour}))[-1]
        assert (sound.kind, sound.position) == (kind, (10.0, height, 0.0))
