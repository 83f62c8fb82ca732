"""Likeness: near vectors are alike, whatever the scale of a feature."""

from pathlib import Path

import numpy as np
import pytest

from seedscape.assets.errors import RequestError
from seedscape.assets.likeness import LIKENESS, Likeness, encode_likeness, unit_vectors

# Three kinds of places; the second feature is a thousand times larger and tells the same.
PLACES = [[0.0, 0.0, 5.0], [0.1, 100.0, 5.0], [1.0, 1000.0, 5.0], [0.9, 900.0, 5.0], [0.5, 480.0, 5.0]]


def opened(folder: Path, features: list[list[float]], seeds: list[int] | None = None) -> Likeness:
    names = [f"{k}-place" for k in range(len(features))]
    data = encode_likeness(names, seeds or list(range(len(features))), unit_vectors(features))
    (folder / LIKENESS).write_bytes(data)
    return Likeness(folder)


def test_the_nearest_come_first_and_oneself_not_at_all(tmp_path: Path) -> None:
    likeness = opened(tmp_path, PLACES)
    assert [n.seed for n in likeness.nearest(likeness.find("0"), 4)] == [1, 4, 3, 2]
    assert [n.name for n in likeness.nearest(likeness.find("2-place"), 1)] == ["3-place"]
    scores = [n.likeness for n in likeness.nearest(0, 4)]
    assert scores == sorted(scores, reverse=True) and 0.9 < scores[0] <= 1.0 and scores[-1] < -0.9
    assert len(likeness.nearest(0, 100)) == 4


def test_vectors_are_of_length_one_and_constant_features_count_for_nothing() -> None:
    vectors = unit_vectors(PLACES)
    assert vectors.dtype == np.float32 and vectors.shape == (5, 3)
    np.testing.assert_allclose((vectors**2).sum(1), 1.0, atol=1e-6)
    assert (vectors[:, 2] == 0).all()
    assert (unit_vectors([[1.0, 2.0]]) == 0).all() and unit_vectors([]).shape == (0, 0)


def test_vectors_of_another_version_are_like_nothing(tmp_path: Path) -> None:
    likeness = opened(tmp_path, [*PLACES, [1.0], []])
    assert [n.likeness for n in likeness.nearest(5, 2)] == [0.0, 0.0]
    assert len(likeness.nearest(0, 3)) == 3


def test_one_environment_has_no_neighbours_and_none_no_rows(tmp_path: Path) -> None:
    assert opened(tmp_path, [[1.0, 2.0]]).nearest(0, 5) == []
    with pytest.raises(RequestError, match="got '0'"):
        opened(tmp_path, []).find("0")


def test_a_seed_with_several_environments_means_the_first_by_name(tmp_path: Path) -> None:
    likeness = opened(tmp_path, PLACES, seeds=[7, 8, 7, 8, 9])
    assert (likeness.find("7"), likeness.find("8"), likeness.find("2-place")) == (0, 1, 2)
    for wrong in ("10", "-1", "no", "9" * 30, ""):
        with pytest.raises(RequestError, match="seed or a name"):
            likeness.find(wrong)


@pytest.mark.parametrize("damage", [b"", b"\x93NUMPY", b"PK\x03\x04", b"x" * 1000])
def test_a_damaged_matrix_is_refused(tmp_path: Path, damage: bytes) -> None:
    with pytest.raises(RequestError, match="seedscape catalog makes it"):
        Likeness(tmp_path)
    (tmp_path / LIKENESS).write_bytes(damage)
    with pytest.raises(RequestError, match="seedscape catalog makes it"):
        Likeness(tmp_path)
    np.save(tmp_path / LIKENESS, np.zeros((3, 3)))
    with pytest.raises(RequestError, match="seedscape catalog makes it"):
        Likeness(tmp_path)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    opened(tmp_path, PLACES)
    whole = (tmp_path / LIKENESS).read_bytes()
    for size in range(0, len(whole), 7):
        (tmp_path / LIKENESS).write_bytes(whole[:size])
        with pytest.raises(RequestError):
            Likeness(tmp_path)
