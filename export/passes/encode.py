"""Pictures as file bytes: JPEG and PNG everywhere, WebP (normals as JPEG) for browsers, KTX2 (Basis Universal) that stays compressed on the GPU.

KTX2: ETC1S for colours and data, UASTC without rate-distortion search for normals, mip levels inside. Measured on 1024 px
sets of grass and its normals, one thread (CPU seconds, bytes with mip levels, PSNR):

    ETC1S  q75 effort 0   2.6 s   235 kB  25.4 dB      effort 1   5.4 s   240 kB  25.7 dB
    UASTC  q100 effort 0  0.9 s  1160 kB  30.7 dB      q75 (RDO) 15.4 s  1020 kB  28.3 dB
    normal UASTC q100     0.8 s  1184 kB  33.0 dB      ETC1S q75  1.9 s   204 kB  29.4 dB
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from io import BytesIO
from typing import Literal

import numpy as np

from seedscape.assets.errors import MissingPartError
from seedscape.assets.threads import usable_cores
from seedscape.export.packed import EncodedTexture
from seedscape.export.pictures import encode_picture
from seedscape.scene.values import Scene, Texture

Kind = Literal["jpeg", "webp", "ktx2"]
KINDS: tuple[Kind, ...] = ("jpeg", "webp", "ktx2")

# Lossy WebP halves the resolution of chroma, where half of a normal's direction lies: over five sets of 1024 px it gave
# 23.0 dB in 1.58 MB at q72 and 23.3 dB in 2.19 MB at q84, JPEG 4:4:4 24.3 dB in 1.60 MB at q55. So normals are JPEG.
WEBP_QUALITY = {"color": 66, "data": 66}
WEBP_NORMAL_JPEG_QUALITY = 56
# Of opaque pictures: all colours of a scene take 1.30 MB and 1.8 CPU seconds, by method 4 1.36 MB and 0.6, 0.2 dB apart. Alpha by method
# 6 takes longer than all of that.
WEBP_METHOD, WEBP_ALPHA_METHOD = 6, 4
ETC1S_QUALITY, ETC1S_EFFORT = 75, 0
UASTC_QUALITY, UASTC_EFFORT = 100, 0
ZSTD_LEVEL = 12
MOST_THREADS = 4  # a scene has few pictures that take long, and each is held in memory
GPU_BLOCK_PX = 4  # KHR_texture_basisu: width and height are multiples of it


def require_encoder(kind: Kind) -> None:
    """MissingPartError, with what to install, unless pictures of the kind can be made here."""
    if kind != "ktx2":
        return
    if find_spec("alktx2") is None:
        raise MissingPartError(
            "KTX2 pictures need an encoder: pip install 'seedscape[ktx2]', or ask for --textures webp"
        )


def encode_textures(scene: Scene, kind: Kind, threads: int | None = None) -> Scene:
    """EncodedTexture for every picture that is not one yet; side by side, since encoders let go of Python's lock.

    threads: how many at once (None: one a core), at most MOST_THREADS, which change no byte.
    """
    require_encoder(kind)
    # those with alpha become PNG, which takes longest: they start first, or one thread would end alone with them
    slowest = sorted(
        scene.textures, key=lambda key: (scene.textures[key].pixels.shape[2] < 4, -scene.textures[key].pixels.size)
    )
    with ThreadPoolExecutor(min(MOST_THREADS, threads or usable_cores())) as pool:
        encoded = dict(
            zip(slowest, pool.map(lambda key: encode_texture(scene.textures[key], kind), slowest), strict=True)
        )
    return replace(scene, textures={key: encoded[key] for key in scene.textures})


def encode_texture(texture: Texture, kind: Kind) -> EncodedTexture:
    """The picture with its bytes. A picture whose edges are no multiples of 4 stays JPEG or PNG."""
    if isinstance(texture, EncodedTexture):
        return texture
    if kind == "ktx2" and all(edge % GPU_BLOCK_PX == 0 for edge in texture.pixels.shape[:2]):
        data, mime_type = _ktx2(texture), "image/ktx2"
    elif kind == "webp" and texture.usage == "normal":
        data, mime_type = encode_picture(texture.pixels, "normal", WEBP_NORMAL_JPEG_QUALITY, progressive=True)
    elif kind == "webp":
        data, mime_type = _webp(texture), "image/webp"
    else:
        data, mime_type = encode_picture(texture.pixels, texture.usage)
    return EncodedTexture(texture.pixels, texture.usage, texture.wrap, data, mime_type)


def _webp(texture: Texture) -> bytes:
    """Lossy, or lossless where that is smaller (flat colours, ramps)."""
    from PIL import Image

    image = Image.fromarray(np.ascontiguousarray(_without_full_alpha(texture.pixels)))
    quality = WEBP_QUALITY[texture.usage]
    method = WEBP_ALPHA_METHOD if image.mode == "RGBA" else WEBP_METHOD
    lossy, lossless = BytesIO(), BytesIO()
    # exact: keep colours where alpha is 0, or mip levels get a dark rim
    image.save(lossy, "WEBP", quality=quality, method=method, exact=True)
    if texture.pixels.shape[0] * texture.pixels.shape[1] <= 256 * 256:
        image.save(lossless, "WEBP", lossless=True, method=method, exact=True)
        if len(lossless.getvalue()) <= len(lossy.getvalue()):
            return lossless.getvalue()
    return lossy.getvalue()


def _ktx2(texture: Texture) -> bytes:
    import alktx2

    pixels = _without_full_alpha(texture.pixels)
    has_alpha = pixels.shape[2] == 4
    opaque = np.full((*pixels.shape[:2], 1), 255, np.uint8)
    rgba = pixels if has_alpha else np.concatenate([pixels, opaque], axis=2)
    fine = texture.usage == "normal"
    data: bytes = alktx2.encode_raw_rgba_to_ktx2(
        np.ascontiguousarray(rgba).tobytes(),
        pixels.shape[1],
        pixels.shape[0],
        has_alpha,
        codec="uastc" if fine else "etc1s",
        quality=UASTC_QUALITY if fine else ETC1S_QUALITY,
        effort=UASTC_EFFORT if fine else ETC1S_EFFORT,
        srgb=texture.usage == "color",
        linear=texture.usage != "color",
        mipmaps=True,
        mip_wrap=texture.wrap == "repeat",
        renormalize=fine,
        threads=1,  # UASTC bytes vary with the number of threads
        zstd_supercompression_level=ZSTD_LEVEL,
    )
    return data


def _without_full_alpha(pixels: np.ndarray) -> np.ndarray:
    return pixels[:, :, :3] if pixels.shape[2] == 4 and bool((pixels[:, :, 3] == 255).all()) else pixels
