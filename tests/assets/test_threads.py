"""Work beside other work: on a second thread where there may be one, else in its place; errors and results come back."""

import threading

import pytest

from seedscape.assets.threads import Beside, usable_cores
from tests.patience import PATIENCE_S


@pytest.mark.parametrize(("threads", "elsewhere"), [(1, False), (2, True), (None, usable_cores() > 1)])
def test_a_second_thread_is_used_where_there_may_be_one(threads: int | None, elsewhere: bool) -> None:
    begun = threading.Event()

    def work() -> threading.Thread:
        begun.set()
        return threading.current_thread()

    with Beside(threads) as beside:
        made_in = beside.start(work)
        assert begun.wait(PATIENCE_S)
        assert beside.alone != elsewhere
        assert (made_in() is not threading.current_thread()) == elsewhere


def test_the_work_goes_on_while_the_caller_does_and_keeps_its_order() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), threading.Event()
    done: list[str] = []

    def work(name: str) -> str:
        begun.set()
        assert may_end.wait(PATIENCE_S)
        done.append(name)
        if name == "second":
            ended.set()
        return name

    with Beside(threads=2) as beside:
        first, second = beside.start(work, "first"), beside.start(work, name="second")
        assert begun.wait(PATIENCE_S)
        assert done == []
        may_end.set()
        assert ended.wait(PATIENCE_S)
        assert second() == "second"
        assert first() == first() == "first"
    assert done == ["first", "second"]


def test_who_waits_does_what_nobody_has_begun() -> None:
    begun, may_end = threading.Event(), threading.Event()
    done_by: dict[str, threading.Thread] = {}

    def slow() -> str:
        begun.set()
        assert may_end.wait(PATIENCE_S)
        return "slow"

    def quick(name: str) -> None:
        done_by[name] = threading.current_thread()
        if name == "next":
            may_end.set()

    with Beside(threads=2) as beside:
        first = beside.start(slow)
        assert begun.wait(PATIENCE_S)
        beside.start(quick, "next")
        wanted = beside.start(quick, "wanted")
        wanted()
        assert list(done_by) == ["wanted"]
        assert first() == "slow"  # which ends only because the caller did what came next
    assert done_by == dict.fromkeys(("wanted", "next"), threading.current_thread())


def test_many_results_come_back_to_whom_they_belong() -> None:
    with Beside(threads=4) as beside:
        made = [beside.start(pow, k, 2) for k in range(300)]
        assert [wait() for wait in reversed(made)] == [k * k for k in reversed(range(300))]


@pytest.mark.parametrize("threads", [1, 2])
def test_an_error_is_raised_where_the_result_is_asked_for(threads: int) -> None:
    with Beside(threads) as beside, pytest.raises(ZeroDivisionError):
        beside.start(lambda: 1 / 0)()


def test_what_has_not_begun_is_dropped_when_the_caller_fails() -> None:
    begun, may_end = threading.Event(), threading.Event()
    done: list[int] = []

    def work() -> None:
        begun.set()
        may_end.wait(PATIENCE_S)

    with pytest.raises(KeyError), Beside(threads=2) as beside:
        beside.start(work)
        beside.start(done.append, 1)
        assert begun.wait(PATIENCE_S)
        threading.Timer(1.0, may_end.set).start()  # by then what waits was dropped
        raise KeyError
    assert done == []
