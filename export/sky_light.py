"""Ambient light of a sky as Filament wants it: a small KTX 1 cube map with spherical harmonics beside it.

Filament can filter a panorama itself, but on a software renderer that takes 12 s where this takes milliseconds.
"""

import struct

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

FACE_PX = 16
# Directions of a cube face at (s, t) in -1..1, t downwards (OpenGL 4.6, table 8.19): +X, -X, +Y, -Y, +Z, -Z.
_FACES = (
    lambda s, t: (1 + 0 * s, -t, -s),
    lambda s, t: (-1 + 0 * s, -t, s),
    lambda s, t: (s, 1 + 0 * s, t),
    lambda s, t: (s, -1 + 0 * s, -t),
    lambda s, t: (s, -t, 1 + 0 * s),
    lambda s, t: (-s, -t, -1 + 0 * s),
)


def encode_sky_light(directions: Float64, colors: Float64, ground: Float64) -> bytes:
    """A KTX 1 file (Khronos "KTX File Format Specification", version 1) of RGBA16F cube faces with all mip levels.

    directions (n, 3) unit and colors (n, 3) linear: samples of the sky. ground (3,): what shines from below the horizon.
    The metadata "sh" holds 9 RGB coefficients of the diffuse light, in the order and scale of Filament's shader
    (surface_light_indirect.fs: constant, y, z, x, xy, yz, 3z^2-1, zx, x^2-y^2, cosine lobe applied, divided by pi).
    """
    levels = []
    size = FACE_PX
    while size >= 1:
        levels.append([_shine(_face_directions(k, size), directions, colors, ground) for k in range(6)])
        size //= 2
    coefficients = _diffuse_coefficients(directions, colors, ground)
    text = " ".join(f"{value:.6f}" for value in coefficients.reshape(-1)).encode() + b"\0"
    entry = b"sh\0" + text
    metadata = struct.pack("<I", len(entry)) + entry + b"\0" * (-len(entry) % 4)
    header = b"\xabKTX 11\xbb\r\n\x1a\n" + struct.pack(
        "<13I",
        *(0x04030201, 0x140B, 2, 0x1908, 0x881A, 0x1908),  # byte order, HALF_FLOAT, RGBA, RGBA16F, RGBA
        *(FACE_PX, FACE_PX, 0, 0, 6, len(levels), len(metadata)),
    )
    body = b""
    for faces in levels:
        face_bytes = [np.concatenate([f, np.ones_like(f[..., :1])], axis=-1).astype("<f2").tobytes() for f in faces]
        body += struct.pack("<I", len(face_bytes[0])) + b"".join(face_bytes)
    return header + metadata + body


def _face_directions(face: int, size: int) -> Float64:
    """(size, size, 3) unit vectors through the pixel centres of a cube face."""
    centre = (np.arange(size) + 0.5) / size * 2.0 - 1.0
    s, t = np.meshgrid(centre, centre)
    v = np.stack(_FACES[face](s, t), axis=-1)
    return np.asarray(v / np.sqrt((v * v).sum(axis=-1, keepdims=True)))


def _shine(at: Float64, directions: Float64, colors: Float64, ground: Float64) -> Float64:
    """What comes from directions (..., 3): the nearest sky samples, blurred; the ground below the horizon."""
    nearness = at.reshape(-1, 3) @ directions.T
    weight = np.maximum(nearness, 0.0) ** 64 + 1e-9
    sky = (weight @ colors) / weight.sum(axis=1, keepdims=True)
    above = np.clip(at[..., 1:2].reshape(-1, 1) * 5.0 + 0.5, 0.0, 1.0)
    return np.asarray((sky * above + ground * (1.0 - above)).reshape(at.shape))


def _diffuse_coefficients(directions: Float64, colors: Float64, ground: Float64) -> Float64:
    """(9, 3): project onto real harmonics up to band 2 and apply the cosine lobe (Ramamoorthi and Hanrahan 2001)."""
    size = 16
    at = np.stack([_face_directions(k, size) for k in range(6)])
    centre = (np.arange(size) + 0.5) / size * 2.0 - 1.0
    s, t = np.meshgrid(centre, centre)
    solid_angle = np.broadcast_to((2.0 / size) ** 2 / (1.0 + s * s + t * t) ** 1.5, (6, size, size)).reshape(-1, 1)
    radiance = _shine(at, directions, colors, ground).reshape(-1, 3)
    x, y, z = at.reshape(-1, 3).T
    basis = np.stack(
        [np.ones_like(x), y, z, x, x * y, y * z, 3 * z * z - 1, z * x, x * x - y * y]  # without constants
    )
    squared_norm = (basis * basis * solid_angle.T).sum(axis=1, keepdims=True)
    lobe = np.array([1.0] + [2.0 / 3.0] * 3 + [1.0 / 4.0] * 5)[:, None]  # A_l / pi
    return np.asarray((basis @ (radiance * solid_angle)) / squared_norm * lobe)
