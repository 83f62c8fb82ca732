"""Streams are named, repeatable and independent."""

import numpy as np

from seedscape.generation.rng import fractions, stream


def test_same_path_gives_the_same_stream() -> None:
    assert np.array_equal(stream(42, "a", 1).integers(0, 1 << 62, 8), stream(42, "a", 1).integers(0, 1 << 62, 8))


def test_another_part_index_or_seed_gives_another_stream() -> None:
    draws = [stream(*path).integers(0, 1 << 62) for path in ((42, "a", 1), (42, "a", 2), (42, "b", 1), (43, "a", 1))]
    assert len(set(draws)) == 4


def test_a_stream_is_pinned_for_ever() -> None:
    """Old worlds stay: these integers may not change between versions."""
    assert stream(42, "terrain").integers(0, 1000, 5).tolist() == PINNED


def test_fractions_are_multiples_of_two_to_the_minus_32_below_one() -> None:
    values = fractions(stream(1, "x"), 1000)
    assert values.min() >= 0.0 and values.max() < 1.0
    assert np.array_equal(values * 2**32, np.round(values * 2**32))


PINNED = [501, 405, 797, 610, 657]
