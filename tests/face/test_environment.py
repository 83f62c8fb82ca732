"""The stopwatch of an environment's stages."""

from seedscape.environment import Stopwatch


def test_a_stage_that_comes_back_adds_up_and_everything_is_passed_on() -> None:
    told: list[tuple[str, float]] = []
    with Stopwatch(lambda stage, share: told.append((stage, share))) as watch:
        for stage, share in (("a", 0.0), ("b", 0.5), ("a", 0.9)):
            watch(stage, share)
    assert told == [("a", 0.0), ("b", 0.5), ("a", 0.9)]
    assert list(watch.seconds) == ["a", "b"]
    assert all(seconds >= 0.0 for seconds in watch.seconds.values())
