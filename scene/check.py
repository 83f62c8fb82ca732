"""Independent look at a finished scene: rays are shot at its triangles, nothing is taken from how they were made."""

import ctypes
import importlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seedscape.assets.errors import MissingPartError
from seedscape.scene.values import Mesh, Scene

Float = NDArray[np.float64]

STEP_M = 0.05  # what a visitor's foot may be off the ground
STEP_GROWTH = 0.004  # and how that grows with the distance from spawn_0, where both meshes are coarser
FLOAT_M = 0.10
SUNK_M = 1.0
RAY_FROM_M = 3000.0
PROPS = ("tree_", "boulder_")


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong. code: stable name; where: the part of the scene; sentence: for people."""

    code: str
    severity: Literal["error", "warning"]
    where: str
    sentence: str


def check_scene(scene: Scene) -> list[Issue]:
    """Everything found wrong with the land and what stands on it; an empty list is good.

    SPAWN_OFF_GROUND, SPAWN_IN_WATER, WALK_OFF_GROUND, PROP_FLOATS, PROP_SUNK, PROP_IN_WATER, GROUND_CRACK, OVERLAY_OFF_BASE.
    MissingPartError without Open3D, which shoots the rays.
    """
    base = [parts[0] for name, parts in scene.models.items() if name.startswith(("ground_", "horizon_"))]
    ground = _Rays(base)
    water = _Rays(list(scene.models.get("water", ())))
    return [
        *_check_spawns(scene, ground, water),
        *_check_walkable(scene, ground),
        *_check_props(scene, ground, water),
        *check_cracks(base),
        *_check_overlays(scene),
    ]


def _check_spawns(scene: Scene, ground: "_Rays", water: "_Rays") -> list[Issue]:
    issues = []
    for spawn in scene.spawn_points:
        x, y, z = (np.array([v]) for v in spawn.position)
        away = float(np.hypot(x, z)[0])
        off = float(abs(ground.height(x, z) - y)[0])
        if not off <= STEP_M + STEP_GROWTH * away:
            sentence = f"expected the ground within {STEP_M} m, got {off:.3f} m"
            issues.append(Issue("SPAWN_OFF_GROUND", "error", spawn.name, sentence))
        over = float((water.height(x, z) - y)[0])
        if over > 0.0:
            issues.append(
                Issue("SPAWN_IN_WATER", "error", spawn.name, f"expected dry ground, got {over:.2f} m of water")
            )
    return issues


def _check_walkable(scene: Scene, ground: "_Rays") -> list[Issue]:
    positions = scene.walkable.positions.astype(np.float64)
    points = np.concatenate([positions, positions[scene.walkable.indices].mean(axis=1)])
    off = np.abs(ground.height(points[:, 0], points[:, 2]) - points[:, 1])
    bad = ~(off <= STEP_M + STEP_GROWTH * np.hypot(points[:, 0], points[:, 2]))
    if not bad.any():
        return []
    worst = points[int(np.argmax(np.where(bad, np.nan_to_num(off, nan=np.inf), -1.0)))]
    sentence = (
        f"{int(bad.sum())} of {len(points)} points leave the ground, the worst at x {worst[0]:.1f}, z {worst[2]:.1f}"
    )
    return [Issue("WALK_OFF_GROUND", "error", "walkable", sentence)]


def _check_props(scene: Scene, ground: "_Rays", water: "_Rays") -> list[Issue]:
    props = [node for node in scene.nodes if node.name.startswith(PROPS)]
    if not props:
        return []
    x, y, z = (np.array([node.translation[axis] for node in props]) for axis in range(3))
    floor, surface = ground.height(x, z), water.height(x, z)
    issues = []
    for node, feet, land, lake in zip(props, y.tolist(), floor.tolist(), surface.tolist(), strict=True):
        if not feet - land <= FLOAT_M:
            issues.append(Issue("PROP_FLOATS", "error", node.name, f"its foot is {feet - land:.2f} m above the ground"))
        elif land - feet > SUNK_M:
            issues.append(Issue("PROP_SUNK", "warning", node.name, f"its foot is {land - feet:.2f} m under the ground"))
        if lake > land:
            issues.append(Issue("PROP_IN_WATER", "error", node.name, f"it stands in {lake - land:.2f} m of water"))
    return issues


def check_cracks(base: list[Mesh]) -> list[Issue]:
    """An edge that only one triangle has is a rim; rims belong at the end of the land alone."""
    corners = np.concatenate([mesh.positions[mesh.indices] for mesh in base])  # (m, 3, 3)
    points, index = np.unique(corners.reshape(-1, 3), axis=0, return_inverse=True)
    triangles = index.reshape(-1, 3)
    edges = np.sort(np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]]), axis=1)
    pairs, counts = np.unique(edges, axis=0, return_counts=True)
    reach = np.sqrt(points[:, 0].astype(np.float64) ** 2 + points[:, 2].astype(np.float64) ** 2)
    half = np.abs(points[:, [0, 2]]).max()  # of the square; its corners are cut off, see ground.ground_models
    inland = (counts != 2) & (reach[pairs].min(axis=1) < 0.85 * half)
    if not inland.any():
        return []
    x, _, z = points[pairs[inland][0, 0]]
    sentence = f"{int(inland.sum())} edges have one side only, the first near x {x:.1f}, z {z:.1f}"
    return [Issue("GROUND_CRACK", "error", "ground", sentence)]


def _check_overlays(scene: Scene) -> list[Issue]:
    """Overlays repeat triangles of their base bit by bit, or they would flicker."""
    issues = []
    for name, parts in scene.models.items():
        if not name.startswith("ground_"):
            continue
        known = {corner.tobytes() for corner in parts[0].positions[parts[0].indices]}
        for part in parts[1:]:
            strange = sum(corner.tobytes() not in known for corner in part.positions[part.indices])
            if strange:
                where = f"{name}/{part.material}"
                issues.append(
                    Issue("OVERLAY_OFF_BASE", "error", where, f"{strange} triangles are not of the base layer")
                )
    return issues


def heights_under(meshes: list[Mesh], x: Float, z: Float) -> Float:
    """(n,) heights of the highest triangle of meshes at world points, NaN where there is none. MissingPartError without Open3D."""
    return _Rays(meshes).height(x, z)


class _Rays:
    """Heights of meshes under world points, by rays from far above."""

    def __init__(self, meshes: list[Mesh]) -> None:
        self._scene: Any = None
        if meshes:
            o3d = _open3d()
            self._scene = o3d.t.geometry.RaycastingScene(nthreads=1)
            for mesh in meshes:
                self._scene.add_triangles(np.ascontiguousarray(mesh.positions), np.ascontiguousarray(mesh.indices))

    def height(self, x: Float, z: Float) -> Float:
        """(n,) heights of the highest triangle; NaN where there is none."""
        if self._scene is None:
            return np.full(len(x), np.nan)
        down = np.zeros((len(x), 6), np.float32)
        down[:, 0], down[:, 1], down[:, 2], down[:, 4] = x, RAY_FROM_M, z, -1.0
        away = self._scene.cast_rays(down, nthreads=1)["t_hit"].numpy().astype(np.float64)
        return np.where(np.isfinite(away), RAY_FROM_M - away, np.nan)


def _open3d() -> Any:
    """Open3D, with the libusb its Linux wheel needs taken from a wheel where the system has none."""
    try:
        return importlib.import_module("open3d")
    except ImportError as error:
        if "libusb" in str(error):
            try:
                library = importlib.import_module("libusb_package").get_library_path()
                ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
                return importlib.import_module("open3d")
            except (ImportError, OSError):
                pass
        raise MissingPartError(
            f"checking a scene: expected Open3D (pip install open3d libusb-package), got: {str(error).splitlines()[0]}"
        ) from None
