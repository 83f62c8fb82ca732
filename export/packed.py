"""What the passes add to a Scene on its way to a file: attribute streams, encoded pictures, instances.

Each is its scene value with something more, so a packed scene is still a Scene, and every pass is `Scene -> Scene`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from seedscape.scene.values import Float32, Mesh, Node, Texture, Vec3

Filter = Literal["NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL"]


@dataclass(frozen=True)
class Stream:
    """One vertex attribute, or the indices, as it stands in memory on the GPU.

    values (n, columns) of the stored type, rows padded to 4 bytes; width: the columns that mean something.
    encoded: by EXT_meshopt_compression with `filter`, or None: `total` rows of several streams, in which `before` rows stand
    before these.
    """

    values: NDArray[Any]
    width: int
    normalized: bool = False
    filter: Filter = "NONE"
    encoded: bytes | None = None
    before: int = 0
    total: int = 0

    @property
    def stride(self) -> int:
        return int(self.values.shape[1] * self.values.itemsize)


@dataclass(frozen=True)
class PackedMesh(Mesh):
    """streams: by attribute name, "indices" among them. A vertex stands at origin_m + step_m * stored position."""

    streams: Mapping[str, Stream] = field(default_factory=dict)
    origin_m: Vec3 = (0.0, 0.0, 0.0)
    step_m: float = 1.0


@dataclass(frozen=True)
class EncodedTexture(Texture):
    """The picture as file bytes too."""

    data: bytes = b""
    mime_type: str = ""


@dataclass(frozen=True)
class InstancedNode(Node):
    """One model at many places, relative to this node: translations (n, 3), rotations (n, 4), scales (n, 3) float32."""

    translations: Float32 = field(default_factory=lambda: np.zeros((0, 3), np.float32))
    rotations: Float32 = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    scales: Float32 = field(default_factory=lambda: np.zeros((0, 3), np.float32))
