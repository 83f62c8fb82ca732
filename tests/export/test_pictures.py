from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from seedscape.export.pictures import Usage, encode_picture
from seedscape.generation.rng import stream
from tests.export.synthetic import noise_picture, normal_picture


def psnr_db(a: np.ndarray, b: np.ndarray) -> float:
    return float(10 * np.log10(255.0**2 / np.mean((a.astype(float) - b) ** 2)))


@pytest.mark.parametrize(("usage", "least_db"), [("color", 34.0), ("data", 38.0)])
def test_pictures_come_back_nearly_as_they_went(usage: Usage, least_db: float) -> None:
    pixels = noise_picture(3, 512, 20, 230)
    data, mime_type = encode_picture(pixels, usage)
    assert mime_type == "image/jpeg"
    assert psnr_db(pixels, np.asarray(Image.open(BytesIO(data)))) > least_db
    assert len(data) < pixels.size / 6


def test_normals_come_back_within_two_degrees() -> None:
    pixels = normal_picture(noise_picture(3, 512, 20, 230))
    data, mime_type = encode_picture(pixels, "normal")
    assert mime_type == "image/jpeg"

    def unit(picture: np.ndarray) -> np.ndarray:
        v = picture.astype(float) / 127.5 - 1.0
        return np.asarray(v / np.sqrt((v * v).sum(axis=2, keepdims=True)))

    cosine = (unit(pixels) * unit(np.asarray(Image.open(BytesIO(data))))).sum(axis=2)
    assert np.degrees(np.arccos(np.clip(cosine, -1, 1))).mean() < 2.0


def test_alpha_is_kept_exactly() -> None:
    pixels = noise_picture(4, 64, 0, 255, 4)
    data, mime_type = encode_picture(pixels, "color")
    assert mime_type == "image/png"
    assert (np.asarray(Image.open(BytesIO(data))) == pixels).all()


def test_alpha_that_says_nothing_is_left_out() -> None:
    pixels = noise_picture(4, 512, 0, 255, 4)
    pixels[..., 3] = 255
    assert encode_picture(pixels, "color")[1] == "image/jpeg"


def test_a_flat_picture_is_a_small_exact_png() -> None:
    data, mime_type = encode_picture(np.full((64, 64, 3), (12, 200, 7), np.uint8), "color")
    assert mime_type == "image/png" and len(data) < 300
    assert np.asarray(Image.open(BytesIO(data)))[5, 5].tolist() == [12, 200, 7]


def test_the_same_picture_gives_the_same_bytes() -> None:
    pixels = noise_picture(5, 128, 0, 255)
    assert encode_picture(pixels, "data") == encode_picture(pixels.copy(), "data")


@pytest.mark.parametrize("usage", ["color", "normal", "data"])
@pytest.mark.parametrize("edge", [8, 256, 300])
def test_noise_takes_more_than_a_byte_a_pixel_and_is_written_all_the_same(usage: Usage, edge: int) -> None:
    noise = np.frombuffer(stream(1, "noise").bytes(3 * edge * edge), np.uint8).reshape(edge, edge, 3)
    data, _ = encode_picture(noise, usage, 98)
    with Image.open(BytesIO(data)) as picture:
        assert picture.size == (edge, edge)
