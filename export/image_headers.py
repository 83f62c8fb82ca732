"""Sizes of pictures from their first bytes, without decoding: PNG, JPEG, WebP and KTX2."""

import struct
from collections.abc import Callable
from typing import NamedTuple

KTX2_IDENTIFIER = b"\xabKTX 20\xbb\r\n\x1a\n"  # KTX 2.0, 3.1
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_JPEG_SEGMENTS = 10_000  # before the frame header; honest files have dozens

Read = Callable[[int, int], bytes]


class ImageHeader(NamedTuple):
    """width and height in pixels; levels: mip levels in the file (0: the viewer makes them); block_compressed: 4 x 4 KTX2."""

    mime_type: str
    width: int
    height: int
    levels: int = 0
    block_compressed: bool = False


def read_image_header(read: Read) -> ImageHeader | None:
    """The header of a picture, or None when it is of no known kind or cut short. read(offset, count): its bytes, fewer at the end."""
    try:
        head = read(0, 40)
        if head.startswith(PNG_SIGNATURE) and head[12:16] == b"IHDR":
            return ImageHeader("image/png", *struct.unpack_from(">II", head, 16))
        if head.startswith(b"\xff\xd8"):
            return _read_jpeg(read)
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _read_webp(head)
        if head.startswith(KTX2_IDENTIFIER):
            width, height, _depth, _layers, _faces, levels = struct.unpack("<6I", read(20, 24))
            return ImageHeader("image/ktx2", width, height, levels, block_compressed=True)
    except (struct.error, IndexError):
        pass
    return None


def _read_jpeg(read: Read) -> ImageHeader | None:
    """Walk the segments up to the frame header (ITU T.81, B.1.1.3 and B.2.2)."""
    offset = 2
    for _ in range(MAX_JPEG_SEGMENTS):
        head = read(offset, 9)
        if head[0] != 0xFF:
            return None
        marker = head[1]
        if marker == 0xFF:  # fill byte
            offset += 1
        elif 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", head, 5)
            return ImageHeader("image/jpeg", width, height)
        elif marker in (0xD9, 0xDA):  # end, or picture data without a frame header
            return None
        elif marker == 0x01 or 0xD0 <= marker <= 0xD7:  # markers without a length
            offset += 2
        else:
            offset += 2 + max(2, struct.unpack_from(">H", head, 2)[0])
    return None


def _read_webp(head: bytes) -> ImageHeader | None:
    """RFC 9649: VP8 (2.5), VP8L (3.4) or VP8X (2.7) chunk."""
    kind = head[12:16]
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack_from("<HH", head, 26)
        return ImageHeader("image/webp", width & 0x3FFF, height & 0x3FFF)
    if kind == b"VP8L" and head[20] == 0x2F:
        bits = struct.unpack_from("<I", head, 21)[0]
        return ImageHeader("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8X" and len(head) >= 30:
        width = int.from_bytes(head[24:27], "little") + 1
        return ImageHeader("image/webp", width, int.from_bytes(head[27:30], "little") + 1)
    return None
