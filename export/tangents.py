"""Per-vertex tangents for normal mapping, from positions, normals and texture coordinates.

After Lengyel, "Computing Tangent Space Basis Vectors for an Arbitrary Mesh" (2001), with two departures: a triangle
counts by its area in the world times its area in the picture (no division by a small determinant), and the bitangent
points to *smaller* V, since glTF's V grows downwards while green of a normal map points up (glTF 2.0, 3.7.2.1 and 3.9.3:
bitangent = cross(normal, tangent.xyz) * tangent.w).

Planar projections (u = x / size, v = z / size) give the tangent +X laid into the surface. A vertex shared by mirrored
charts takes the handedness of the larger side; split such vertices beforehand where that shows (triplanar seams).
"""

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


def vertex_tangents(positions: Float32, normals: Float32, uvs: Float32, indices: NDArray[np.uint32]) -> Float32:
    """(n, 4) float32: unit tangents along growing U, orthogonal to the unit normals (n, 3); w is +1 or -1.

    positions (n, 3), uvs (n, 2), indices (m, 3). Vertices whose triangles have no extent in the picture take any
    direction in their surface.
    """
    p, uv = positions.astype(np.float64), uvs.astype(np.float64)
    a, b, c = indices[:, 0], indices[:, 1], indices[:, 2]
    edge1, edge2 = p[b] - p[a], p[c] - p[a]
    duv1, duv2 = uv[b] - uv[a], uv[c] - uv[a]
    determinant = duv1[:, 0] * duv2[:, 1] - duv2[:, 0] * duv1[:, 1]
    side = np.sign(determinant)[:, None]
    along_u = (edge1 * duv2[:, 1:] - edge2 * duv1[:, 1:]) * side
    along_v = (edge2 * duv1[:, :1] - edge1 * duv2[:, :1]) * side

    n = normals.astype(np.float64)
    tangent = _reject(_sum_to_vertices(along_u, indices, len(p)), n)
    length = np.sqrt(_dot(tangent, tangent))
    # Below this the sum is rounding noise: the smallest honest weight is a 0.1 mm triangle over 1e-4 of a picture.
    usable = length > 1e-14
    tangent = np.where(usable[:, None], tangent, _any_orthogonal(n))
    tangent /= np.sqrt(_dot(tangent, tangent))[:, None]
    bitangent = _cross(n, tangent)
    handedness = np.where(_dot(bitangent, _sum_to_vertices(along_v, indices, len(p))) > 0.0, -1.0, 1.0)
    return np.concatenate([tangent, handedness[:, None]], axis=1).astype(np.float32)


def _sum_to_vertices(per_triangle: Float64, indices: NDArray[np.uint32], num_vertices: int) -> Float64:
    """Sum of each vertex's triangle vectors; bincount adds in index order, so the result is the same everywhere."""
    corners = indices.reshape(-1)
    columns = [np.bincount(corners, np.repeat(per_triangle[:, k], 3), num_vertices) for k in range(3)]
    return np.stack(columns, axis=1)


def _any_orthogonal(n: Float64) -> Float64:
    """For each normal a vector across it: its cross product with the axis it leans to least."""
    axis = np.zeros_like(n)
    axis[np.arange(len(n)), np.argmin(np.abs(n), axis=1)] = 1.0
    return _cross(axis, n)


def _reject(v: Float64, n: Float64) -> Float64:
    return v - n * _dot(v, n)[:, None]


def _dot(a: Float64, b: Float64) -> Float64:
    return np.asarray(a[:, 0] * b[:, 0] + a[:, 1] * b[:, 1] + a[:, 2] * b[:, 2])


def _cross(a: Float64, b: Float64) -> Float64:
    return np.stack(
        [
            a[:, 1] * b[:, 2] - a[:, 2] * b[:, 1],
            a[:, 2] * b[:, 0] - a[:, 0] * b[:, 2],
            a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0],
        ],
        axis=1,
    )
