"""Triangles that cover nothing: what float32 makes of the smallest faces far from the origin."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from seedscape.scene.values import Mesh

BLOCK = 1 << 14  # triangles looked at together: what they need stays in the processor's cache, twice as fast


def zero_area(mesh: Mesh) -> NDArray[np.bool_]:
    """(m,) True where a triangle's corners are on one line. Exact: products of float32 differences fit a float64."""
    x, y, z = (mesh.positions[:, axis].astype(np.float64) for axis in range(3))
    flat = np.empty(len(mesh.indices), bool)
    for start in range(0, len(flat), BLOCK):
        a, b, c = mesh.indices[start : start + BLOCK].T.astype(np.intp)
        ex, ey, ez = (values.take(b) - values.take(a) for values in (x, y, z))
        fx, fy, fz = (values.take(c) - values.take(a) for values in (x, y, z))
        flat[start : start + BLOCK] = (ey * fz == ez * fy) & (ez * fx == ex * fz) & (ex * fy == ey * fx)
    return flat


def without_slivers(mesh: Mesh) -> Mesh:
    """The mesh without triangles of no area; itself where it has none. A stone's narrowest face, a tenth of a millimetre wide, has
    all three corners on one line where float32 counts in hundredths of one."""
    flat = zero_area(mesh)
    return replace(mesh, indices=mesh.indices[~flat]) if flat.any() else mesh
