"""Simplifying, thinning, joining, and budgets met by them in their order."""

import dataclasses

import numpy as np
import pytest

from seedscape.export import export_scene, inspect_glb
from seedscape.export.budget import MB, Budget
from seedscape.export.fit import fit, measure
from seedscape.export.passes.join import join, placed
from seedscape.export.passes.simplify import simplify_model
from seedscape.export.passes.thin import pieces, thin
from seedscape.export.passes.weld import weld_mesh
from seedscape.scene.values import Mesh, Node, Scene
from tests.export.synthetic import ground_mesh, synthetic_scene


def flat(posts: int) -> Mesh:
    mesh = ground_mesh(posts, 10.0)
    up = np.zeros_like(mesh.positions)
    up[:, 1] = 1.0
    return dataclasses.replace(
        mesh, positions=mesh.positions * np.array([1, 0, 1], np.float32), normals=up, colors=None
    )


def borders(mesh: Mesh) -> set[tuple[tuple[int, ...], ...]]:
    """Border edges, as the coordinates of their ends in centimetres."""
    pairs = np.concatenate([mesh.indices[:, [0, 1]], mesh.indices[:, [1, 2]], mesh.indices[:, [2, 0]]])
    keys, count = np.unique(np.sort(pairs, axis=1), axis=0, return_counts=True)
    ends = np.round(mesh.positions * 100).astype(int)
    return {tuple(sorted(tuple(end) for end in ends[key].tolist())) for key in keys[count == 1]}


def test_a_flat_surface_keeps_its_border_and_little_else() -> None:
    mesh = flat(17)
    (less,) = simplify_model([mesh], 0.15)
    assert 0.1 * len(mesh.indices) < len(less.indices) <= 0.2 * len(mesh.indices)
    assert borders(less) == borders(mesh)
    a, b, c = (less.positions[less.indices[:, k]] for k in range(3))
    areas = np.cross(b - a, c - a)[:, 1] / 2.0
    assert (areas > 0.0).all() and areas.sum() == pytest.approx(100.0, abs=1e-3)


def test_error_grows_as_triangles_go() -> None:
    mesh = ground_mesh(33, 200.0)
    inner = mesh.positions[np.abs(mesh.positions[:, [0, 2]]).max(axis=1) < 90.0]

    def error(share: float) -> float:
        (less,) = simplify_model([mesh], share)
        x, z = less.positions[:, 0], less.positions[:, 2]
        nearest = np.argmin((inner[:, None, 0] - x) ** 2 + (inner[:, None, 2] - z) ** 2, axis=1)
        return float(np.abs(inner[:, 1] - less.positions[nearest, 1]).mean())

    assert 0.0 == error(1.0) < error(0.6) < error(0.25)


def test_layers_of_the_ground_stay_on_it() -> None:
    mesh = ground_mesh(21, 50.0)
    over = weld_mesh(dataclasses.replace(mesh, indices=mesh.indices[: len(mesh.indices) // 2], material="snow"))
    base, layer = simplify_model([mesh, over], 0.4)
    assert len(base.indices) < 0.6 * len(mesh.indices) and len(layer.indices) < 0.75 * len(over.indices)
    triangles = {tuple(sorted(map(tuple, base.positions[corners].tolist()))) for corners in base.indices}
    assert all(tuple(sorted(map(tuple, layer.positions[corners].tolist()))) in triangles for corners in layer.indices)


def test_simplifying_twice_is_the_same() -> None:
    first, second = (simplify_model([ground_mesh(33, 80.0)], 0.3)[0] for _ in range(2))
    assert (first.indices == second.indices).all() and (first.positions == second.positions).all()


def tufts(count: int) -> Mesh:
    """Separate upright triangles in a row."""
    corner = np.array([[0, 0, 0], [0.5, 0, 0], [0, 1, 0]], np.float32)
    positions = np.concatenate([corner + np.array([k, 0, 0], np.float32) for k in range(count)])
    return Mesh(positions, np.arange(3 * count, dtype=np.uint32).reshape(-1, 3), "bark")


def test_pieces_are_found_and_thinned_evenly() -> None:
    assert pieces(tufts(12)).tolist() == list(range(12))
    scene = synthetic_scene(trees=20)
    scene = dataclasses.replace(
        scene, models=scene.models | {"tufts": (tufts(40),)}, nodes=(*scene.nodes, Node("tufts", "tufts"))
    )
    less = thin(scene, 0.5)
    assert len(less.models["tufts"][0].indices) == 21
    x = less.models["tufts"][0].positions[0::3, 0]
    assert np.diff(np.floor(x)).max() <= 2.0
    assert len(less.nodes[1].children) == 11
    assert len(less.models["ground"][0].indices) == len(scene.models["ground"][0].indices)


def test_joining_moves_nothing() -> None:
    scene = synthetic_scene(trees=3)
    turn = (0.0, 0.6, 0.0, 0.8)
    cone = scene.models["tree"][0]
    nodes = tuple(Node(f"cone_{k}", "cone", None, (3.0 * k, 1.0, 0.0), turn, (2.0, 1.0, 2.0)) for k in range(3))
    scene = dataclasses.replace(scene, models={"cone": (cone,)}, nodes=nodes)
    joined = join(scene)
    (node,) = joined.nodes
    mesh = joined.models[str(node.model)][0]
    assert (mesh.positions == np.concatenate([placed(cone, each).positions for each in nodes])).all()
    # a quarter turn and more about +Y: x' = 0.28 x + 0.96 z
    assert mesh.positions[0] == pytest.approx([0.28 * 0.3, 1.0, -0.96 * 0.3], abs=1e-6)
    assert mesh.normals is not None and np.abs((mesh.normals.astype(float) ** 2).sum(axis=1) - 1).max() < 1e-5


@pytest.fixture(scope="module")
def scene() -> Scene:
    return synthetic_scene(posts=65, picture=512, trees=60)


def test_a_load_is_what_inspect_counts(scene: Scene) -> None:
    report, load = export_scene(scene)[1], measure(fit(scene, Budget())[0])
    assert (report.triangles, report.draw_calls, report.gpu_texture_bytes) == dataclasses.astuple(load)


def test_budgets_are_met_in_their_order_and_told(scene: Scene) -> None:
    start = measure(scene)
    assert fit(scene, Budget(draw_calls=200)) == (scene, [])
    budget = Budget(start.triangles * 2 // 3, 200, 50, 2 * MB, 256)
    fitted, done = fit(scene, budget)
    load = measure(fitted)
    assert load.triangles <= budget.triangles and load.gpu_texture_bytes <= budget.gpu_texture_bytes
    assert [line.split()[0] for line in done] == ["picture"] * 4 + ["triangles"]
    assert "simplified" in done[-1]


def test_a_file_too_large_is_lowered_until_it_fits(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from seedscape.export.budget import BUDGETS

    roomy = Budget(draw_calls=200)
    monkeypatch.setitem(BUDGETS, "universal", roomy)
    data, report = export_scene(scene)
    assert report.lowered == ()
    monkeypatch.setitem(BUDGETS, "universal", dataclasses.replace(roomy, bytes=len(data) // 2))
    data, report = export_scene(scene)
    assert report.within_budget and len(report.lowered) > 0
    assert all(line.startswith(("picture", "triangles")) for line in report.lowered)
    assert dataclasses.replace(report, lowered=()) == inspect_glb(data)
