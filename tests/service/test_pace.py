"""Downloads take turns: in order, all of them, and fewer at once where turns take long."""

import asyncio
import time

from seedscape.service.pace import CHUNKS_A_TURN, TURN_S, Pace


def run(count: int, chunk_s: float) -> list[list[int]]:
    """Which of `count` clients had their turn in which round of the event loop, where a chunk takes so long."""
    rounds: list[list[int]] = []

    async def client(number: int, turns: Pace) -> None:
        await turns.turn()
        rounds[-1].append(number)
        until = time.perf_counter() + chunk_s
        while time.perf_counter() < until:
            pass

    async def main() -> None:
        turns = Pace()
        clients = [asyncio.create_task(client(number, turns)) for number in range(count)]
        while not all(one.done() for one in clients):
            rounds.append([])
            await asyncio.sleep(0)

    asyncio.run(main())
    return [found for found in rounds if found]


def test_everyone_has_a_turn_in_the_order_of_coming() -> None:
    rounds = run(50, 0.0)
    assert [number for found in rounds for number in found] == list(range(50))
    assert max(map(len, rounds)) <= CHUNKS_A_TURN


def test_turns_that_take_long_become_small() -> None:
    rounds = run(40, TURN_S)
    assert [number for found in rounds for number in found] == list(range(40))
    assert len(rounds[0]) > 1 and [len(found) for found in rounds[-5:]] == [1] * 5


def test_a_client_that_went_away_holds_nobody_up() -> None:
    async def main() -> None:
        turns = Pace()
        waiting = [asyncio.create_task(turns.turn()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        await asyncio.gather(*waiting[1:])

    asyncio.run(main())
