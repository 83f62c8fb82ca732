import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from seedscape.scene.joined import joined


def test_two_chains_stay_apart() -> None:
    assert joined(6, np.array([5, 0, 2]), np.array([4, 2, 1])).tolist() == [0, 0, 0, 3, 4, 4]


def test_nothing_joined() -> None:
    assert joined(3, np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == [0, 1, 2]


@given(st.integers(1, 40), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=60))
def test_labels_are_those_of_a_plain_search(count: int, pairs: list[tuple[int, int]]) -> None:
    pairs = [(a % count, b % count) for a, b in pairs]
    expected = list(range(count))
    for _ in range(count):
        for a, b in pairs:
            expected[a] = expected[b] = min(expected[a], expected[b])
    first, second = (np.array([pair[k] for pair in pairs], np.int64) for k in (0, 1))
    assert joined(count, first, second).tolist() == expected
