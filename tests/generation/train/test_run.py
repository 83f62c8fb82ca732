"""What every training run shares: its table of losses, and steps that cannot run away."""

import csv
from pathlib import Path

import torch
from torch import Tensor, nn

from seedscape.generation.train.run import Run, take_step


def test_losses_keep_their_columns_though_they_come_in_changing_order(tmp_path: Path) -> None:
    run = Run(tmp_path, {}, 1.0, {}, {})
    for losses in ({"error": 1.0, "critic": 2.0}, {"critic": 4.0, "weave": 5.0, "error": 3.0}):
        run.note({name: torch.tensor(value) for name, value in losses.items()})
        run.report()
    with (tmp_path / "losses.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["error"], row["critic"], row["weave"]) for row in rows] == [("1", "2", ""), ("3", "4", "5")]


def moved(gradients: list[float]) -> list[float]:
    """How far Adam moves a weight at each step, gradients as given."""
    weight = nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([weight], 0.1, (0.0, 0.98))
    steps: list[float] = []
    for gradient in gradients:
        before: Tensor = weight.detach().clone()
        weight.grad = torch.full((3,), gradient)
        take_step(optimizer)
        assert weight.grad is None
        steps.append(float((weight.detach() - before).abs().max()))
    return steps


def test_a_gradient_that_bursts_does_not_move_the_weights_far() -> None:
    steps = moved([1.0] * 60 + [1000.0])
    # Adam alone would go .1 * 1000 / sqrt(v), v = .02 * 1000^2 + ...: seven times as far as usual, when bias has worn off.
    assert max(abs(step - 0.1) for step in steps[:-1]) < 1e-4
    assert 0.15 < steps[-1] < 0.21


def test_gradients_as_usual_move_the_weights_as_adam_does() -> None:
    gradients = [1.0, -0.5, 1.5, 0.0, 1.2]
    weight = nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.Adam([weight], 0.1, (0.0, 0.98))
    plain: list[float] = []
    for gradient in gradients:
        before = weight.detach().clone()
        weight.grad = torch.full((3,), gradient)
        optimizer.step()
        plain.append(float((weight.detach() - before).abs().max()))
    assert moved(gradients) == plain


def test_a_weight_without_any_gradient_yet_stays_where_it_is() -> None:
    assert moved([0.0, 0.0]) == [0.0, 0.0]
