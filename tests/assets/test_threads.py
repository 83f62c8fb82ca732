"""Work beside other work: on a second thread where there may be one, else in its place; errors and results come back."""

import threading

import pytest

from seedscape.assets.threads import Beside, usable_cores


@pytest.mark.parametrize(("threads", "elsewhere"), [(1, False), (2, True), (None, usable_cores() > 1)])
def test_a_second_thread_is_used_where_there_may_be_one(threads: int | None, elsewhere: bool) -> None:
    with Beside(threads) as beside:
        made_in = beside.start(threading.current_thread)()
    assert (made_in is not threading.current_thread()) == elsewhere


def test_the_work_goes_on_while_the_caller_does_and_keeps_its_order() -> None:
    begun, may_end = threading.Event(), threading.Event()
    done: list[str] = []

    def work(name: str) -> str:
        begun.set()
        assert may_end.wait(10)
        done.append(name)
        return name

    with Beside(threads=2) as beside:
        first, second = beside.start(work, "first"), beside.start(work, name="second")
        assert begun.wait(10)
        assert done == []
        may_end.set()
        assert second() == "second"
        assert first() == first() == "first"
    assert done == ["first", "second"]


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    with Beside(threads=2) as beside, pytest.raises(ZeroDivisionError):
        beside.start(lambda: 1 / 0)()


def test_what_has_not_begun_is_dropped_when_the_caller_fails() -> None:
    may_end = threading.Event()
    done: list[int] = []
    with pytest.raises(KeyError), Beside(threads=2) as beside:
        beside.start(may_end.wait, 10)
        beside.start(done.append, 1)
        threading.Timer(0.05, may_end.set).start()
        raise KeyError
    assert done == []
