"""Parts that structures are built from: boxes, posts and gabled roofs, with true texture scale and shade in their colours.

Local frame of a structure: x to the right, y up from its floor, z towards who arrives. Angles are in whole turns,
counter-clockwise seen from above.
"""

from dataclasses import dataclass, field

import numpy as np

from seedscape.scene.numeric import Float64, cos_sin, smoothstep, unit
from seedscape.scene.values import Mesh

STONE, TIMBER, PLAIN = "built_stone", "built_timber", "built_plain"
FOOT_M = 0.6  # walls and posts go that far under the floor, so that no gap shows where the ground falls away
SOIL_REACH_M, SOIL_SHADE = 0.7, 0.62  # the lowest part of a wall is darker: splashed earth and less sky
UNDERSIDE = 0.5  # light on faces that look down

Colour = tuple[float, float, float]
WHITE: Colour = (1.0, 1.0, 1.0)

# Colours of plain parts, linear RGB.
SLATE: Colour = (0.035, 0.045, 0.042)
CANVAS_RED: Colour = (0.42, 0.075, 0.045)
CANVAS_BLUE: Colour = (0.05, 0.13, 0.34)
PAPER: Colour = (0.72, 0.68, 0.58)
IRON: Colour = (0.06, 0.06, 0.065)


@dataclass(frozen=True)
class Footprint:
    """A rectangle nobody can walk through, in the structure's frame: middle, half sizes (metres) and turn; top above the floor."""

    x: float
    z: float
    half_x: float
    half_z: float
    turn: float
    top_m: float


@dataclass
class Build:
    """A structure while it grows: faces by material, and what is solid. Nothing is checked against overlaps."""

    faces: dict[str, list[Float64]] = field(default_factory=dict)
    solid: list[Footprint] = field(default_factory=list)

    def box(
        self, material: str, x: float, y: float, z: float, size: tuple[float, float, float], turn: float = 0.0,
        tint: Colour = WHITE, solid: bool = False,
    ) -> None:  # fmt: skip
        """A box whose lower face has its middle at (x, y, z); size along x, y, z before it is turned."""
        half = np.array([size[0] / 2.0, size[1], size[2] / 2.0])
        c, s = (float(v) for v in cos_sin(turn))
        for normal, a, b in _BOX_FACES:
            corners = np.stack([_corner(normal, a, b, p, q) for p, q in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
            corners[:, 1] = (corners[:, 1] + 1.0) * 0.5  # y runs from 0 to 1
            self._face(material, corners * half, np.array(normal, np.float64), (c, s), (x, y, z), tint)
        if solid:
            self.solid.append(Footprint(x, z, size[0] / 2.0, size[2] / 2.0, turn, y + size[1]))

    def post(
        self, material: str, x: float, y: float, z: float, radius: float, height: float, tint: Colour = WHITE,
        solid: bool = False,
    ) -> None:  # fmt: skip
        """An upright eight-sided post with a flat top."""
        c, s = cos_sin(np.arange(8) / 8.0)
        for k in range(8):
            j = (k + 1) % 8
            low_a, low_b = (
                np.array([c[k] * radius, 0.0, -s[k] * radius]),
                np.array([c[j] * radius, 0.0, -s[j] * radius]),
            )
            up = np.array([0.0, height, 0.0])
            corners = np.stack([low_a, low_b, low_b + up, low_a + up])
            self._face(material, corners, unit(low_a + low_b), (1.0, 0.0), (x, y, z), tint)
        top = np.stack([np.array([c[k] * radius, height, -s[k] * radius]) for k in range(8)])
        self._face(material, top[:4], np.array([0.0, 1.0, 0.0]), (1.0, 0.0), (x, y, z), tint)
        self._face(material, top[[0, 3, 4, 7]], np.array([0.0, 1.0, 0.0]), (1.0, 0.0), (x, y, z), tint)
        self._face(material, top[4:], np.array([0.0, 1.0, 0.0]), (1.0, 0.0), (x, y, z), tint)
        if solid:
            self.solid.append(Footprint(x, z, radius, radius, 0.0, y + height))

    def roof(
        self, material: str, x: float, y: float, z: float, size: tuple[float, float, float], turn: float = 0.0,
        thickness: float = 0.14, tint: Colour = WHITE,
    ) -> None:  # fmt: skip
        """A gabled roof over size[0] x size[2], its ridge along x and size[1] above the eaves; slabs of some thickness."""
        hx, rise, hz = size[0] / 2.0, size[1], size[2] / 2.0
        c, s = (float(v) for v in cos_sin(turn))
        for side in (1.0, -1.0):
            out = unit(np.array([0.0, hz, side * rise]))
            eaves = np.array([[-hx, 0.0, side * hz], [hx, 0.0, side * hz]])
            ridge = np.array([[hx, rise, 0.0], [-hx, rise, 0.0]])
            top = np.concatenate([eaves, ridge])
            under = top - np.array([0.0, thickness, 0.0])
            self._face(material, top, out, (c, s), (x, y, z), tint)
            self._face(material, under, -out, (c, s), (x, y, z), tint)
            edge = np.stack([under[0], under[1], top[1], top[0]])
            self._face(material, edge, np.array([0.0, 0.0, side]), (c, s), (x, y, z), tint)
            for end, k, m in ((-1.0, 0, 3), (1.0, 1, 2)):
                gable = np.stack([under[k], under[m], top[m], top[k]])
                self._face(material, gable, np.array([end, 0.0, 0.0]), (c, s), (x, y, z), tint)

    def _face(
        self, material: str, corners: Float64, normal: Float64, turn: tuple[float, float],
        at: tuple[float, float, float], tint: Colour,
    ) -> None:  # fmt: skip
        """A flat quad (4, 3): wound to its normal, turned, moved; the grain of timber (V) runs along the longer edge."""
        a, b = corners[1] - corners[0], corners[3] - corners[0]
        if float((np.cross(a, b) * normal).sum()) < 0.0:
            corners = corners[::-1]
            a, b = corners[1] - corners[0], corners[3] - corners[0]
        length_a, length_b = float(np.sqrt((a * a).sum())), float(np.sqrt((b * b).sum()))
        u = np.array([0.0, length_a, length_a, 0.0]) + 0.37 * (at[0] + 2.0 * at[2])
        v = np.array([length_b, length_b, 0.0, 0.0]) + 0.53 * (at[1] + at[2])
        grain = material != STONE and length_a > length_b
        uvs = np.stack([v, u] if grain else [u, v], axis=1)
        c, s = turn

        def turned(p: Float64) -> Float64:
            return np.asarray(
                np.stack([p[..., 0] * c + p[..., 2] * s, p[..., 1], p[..., 2] * c - p[..., 0] * s], axis=-1)
            )

        points = turned(corners) + np.array(at)
        shade = SOIL_SHADE + (1.0 - SOIL_SHADE) * smoothstep(-0.1, SOIL_REACH_M, points[:, 1])
        shade = shade * (UNDERSIDE if float(normal[1]) < -0.3 else 1.0)
        colors = np.ones((4, 4))
        colors[:, :3] = shade[:, None] * np.array(tint)
        row = np.concatenate([points, np.broadcast_to(turned(normal), (4, 3)), uvs, colors], axis=1)
        self.faces.setdefault(material, []).append(row)


_BOX_FACES = (
    ((0, 1, 0), 0, 2), ((0, -1, 0), 0, 2), ((1, 0, 0), 1, 2), ((-1, 0, 0), 1, 2), ((0, 0, 1), 0, 1), ((0, 0, -1), 0, 1),
)  # fmt: skip


def _corner(normal: tuple[int, int, int], a: int, b: int, p: int, q: int) -> Float64:
    corner = np.array(normal, np.float64)
    corner[a], corner[b] = p, q
    return corner


def meshes(build: Build, texture_size_m: dict[str, float], place: "Placed") -> dict[str, Mesh]:
    """One mesh for each material of a structure, in the world."""
    result = {}
    for material, faces in build.faces.items():
        rows = np.stack(faces)  # (faces, 4, 12)
        n = len(rows)
        flat = rows.reshape(-1, 12)
        indices = np.arange(n)[:, None, None] * 4 + np.array([[0, 1, 2], [0, 2, 3]])
        result[material] = Mesh(
            positions=place.points(flat[:, :3]).astype(np.float32),
            indices=indices.reshape(-1, 3).astype(np.uint32),
            material=material,
            normals=place.directions(flat[:, 3:6]).astype(np.float32),
            uvs=(flat[:, 6:8] / texture_size_m.get(material, 1.0)).astype(np.float32),
            colors=np.clip(flat[:, 8:], 0.0, 1.0).astype(np.float32),
        )
    return result


@dataclass(frozen=True)
class Placed:
    """Where a structure stands: world position of its floor's middle, and its turn (0: who arrives looks along -Z)."""

    x: float
    y: float
    z: float
    turn: float

    def points(self, local: Float64) -> Float64:
        """World points of local ones (n, 3)."""
        return np.asarray(self.directions(local) + np.array([self.x, self.y, self.z]))

    def directions(self, local: Float64) -> Float64:
        """World directions of local ones (n, 3)."""
        c, s = (float(v) for v in cos_sin(self.turn))
        x, y, z = local[..., 0], local[..., 1], local[..., 2]
        return np.asarray(np.stack([x * c + z * s, y, z * c - x * s], axis=-1))

    def point(self, x: float, y: float, z: float) -> tuple[float, float, float]:
        """One world point of a local one."""
        px, py, pz = self.points(np.array([[x, y, z]]))[0].tolist()
        return px, py, pz
