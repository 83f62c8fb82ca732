"""What is heard in a scene: wind everywhere, water where it is near, birds or crickets among the trees."""

import numpy as np

from seedscape.scene.values import Scene, Sound, Vec3

REACH_M = 250.0  # of the visitor's walk: what lies farther has no emitter of its own
APART_M = 45.0  # between emitters of a kind
MOST = 4  # of a kind
CANOPY_M = 4.0  # birds sing above the ground
DAY_H = (5.0, 20.5)
WIND = {"clear": 0.4, "hazy": 0.25, "overcast": 0.6}  # weather -> gain
CALM = 0.4  # where no weather is said
WATER = {"stream": (0.8, 60.0), "lake": (0.5, 50.0), "surf": (1.0, 200.0)}  # gain, metres to where it is not heard
LEVEL_M = 0.02  # levels are stated in centimetres


def find_sounds(scene: Scene) -> tuple[Sound, ...]:
    """The emitters of a finished scene, near ones first. They follow from it alone, and change nothing that is drawn."""
    sounds = [Sound("wind", WIND.get(str(scene.spec.get("weather")), CALM))]
    for kind, points in _water(scene).items():
        gain, far = WATER[kind]
        sounds += [Sound(kind, gain, at, 3.0, far) for at in spread(points)]
    if scene.extras.get("plants"):
        by_day = DAY_H[0] <= float(scene.spec.get("time_of_day_h", 12.0)) <= DAY_H[1]
        trees = [node.translation for node in scene.nodes if _is_tree(scene, node.model) and any(node.translation)]
        crowns = np.array(trees, np.float64).reshape(-1, 3) + [0.0, CANOPY_M if by_day else 0.2, 0.0]
        sounds += [Sound("birds" if by_day else "crickets", 0.5, at, 4.0, 50.0) for at in spread(crowns)]
    return tuple(sounds)


def _water(scene: Scene) -> dict[str, np.ndarray]:
    """Kind -> points (n, 3) of the water of that kind; what lies at no lake's level flows."""
    if "water" not in scene.models:
        return {}
    points = np.concatenate([part.positions for part in scene.models["water"]])
    still = np.zeros(len(points), bool)
    for lake in scene.extras.get("lakes", ()):
        still |= np.abs(points[:, 1] - lake["level_m"]) < LEVEL_M
    sea = np.zeros(len(points), bool)
    if (level := scene.extras.get("sea_level_m")) is not None:
        sea = ~still & (np.abs(points[:, 1] - level) < LEVEL_M)
    return {"stream": points[~still & ~sea], "lake": points[still], "surf": points[sea]}


def _is_tree(scene: Scene, model: str | None) -> bool:
    return model is not None and any(part.material == "trees" for part in scene.models[model])


def spread(points: np.ndarray) -> list[Vec3]:
    """At most MOST of the points (n, 3), the nearest to the spawn first, then always the nearest that is APART_M from all."""
    points = points.astype(np.float64)
    away = np.sqrt(points[:, 0] ** 2 + points[:, 2] ** 2)
    near = np.argsort(away, kind="stable")
    near = near[away[near] <= REACH_M]
    chosen: list[Vec3] = []
    while len(near) and len(chosen) < MOST:
        at = points[near[0]]
        chosen.append((float(at[0]), float(at[1]), float(at[2])))
        gap = points[near] - at
        near = near[(gap * gap).sum(axis=1) > APART_M**2]
    return chosen
