import struct
from io import BytesIO

import pytest
from PIL import Image

from seedscape.export.image_headers import ImageHeader, read_image_header


def header_of(data: bytes) -> ImageHeader | None:
    return read_image_header(lambda at, n: data[at : at + n])


@pytest.mark.parametrize(
    ("kind", "options", "mime_type"),
    [
        ("PNG", {}, "image/png"),
        ("JPEG", {}, "image/jpeg"),
        ("JPEG", {"progressive": True}, "image/jpeg"),
        ("JPEG", {"exif": b"Exif\0\0" + bytes(60_000), "comment": "c" * 5000}, "image/jpeg"),
        ("WEBP", {}, "image/webp"),
        ("WEBP", {"lossless": True}, "image/webp"),
        ("WEBP", {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0"}, "image/webp"),
    ],
)
def test_sizes_are_read_without_decoding(kind: str, options: dict[str, object], mime_type: str) -> None:
    stream = BytesIO()
    Image.new("RGB", (300, 157), (9, 80, 30)).save(stream, kind, **options)
    data = stream.getvalue()
    assert header_of(data) == ImageHeader(mime_type, 300, 157)
    for length in range(min(len(data), 200)):  # cut short: unknown or right, never an exception
        assert header_of(data[:length]) in (None, ImageHeader(mime_type, 300, 157))


def test_a_ktx2_header_tells_its_levels() -> None:
    data = b"\xabKTX 20\xbb\r\n\x1a\n" + struct.pack("<9I", 0, 1, 512, 256, 0, 0, 1, 10, 1)
    assert header_of(data) == ImageHeader("image/ktx2", 512, 256, 10, True)


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff\xff\xff", b"GIF89a", b"\xff\xd8\0\0", bytes(50)]
)
def test_anything_else_is_unknown(data: bytes) -> None:
    assert header_of(data) is None
