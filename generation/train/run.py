"""A run folder: what a training run keeps on disk, and how it goes on after being stopped or killed.

    RUN/config.json          what was asked for
    RUN/losses.csv           one line per report
    RUN/sheets/*.png         samples over time
    RUN/checkpoint.safetensors   every network, averaged weights, optimiser moments, step, seconds

Checkpoints are safetensors (no pickle) and are replaced whole, so a kill at any moment leaves the last good one.
"""

import csv
import io
import json
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from seedscape.assets.errors import RequestError
from seedscape.assets.files import write_atomically

Network = TypeVar("Network", bound=nn.Module)
CHECKPOINT_SECONDS = 60.0
REPORT_SECONDS = 10.0


@dataclass
class Run:
    """One training run. `networks` and `optimizers` are saved and restored by name."""

    folder: Path
    config: dict[str, Any]
    minutes: float
    networks: Mapping[str, nn.Module]
    optimizers: Mapping[str, torch.optim.Optimizer]
    step: int = 0
    seconds: float = 0.0
    _started: float = field(default_factory=time.monotonic)
    _sums: dict[str, float] = field(default_factory=dict)
    _count: int = 0
    _last_report: float = field(default_factory=time.monotonic)
    _last_save: float = field(default_factory=time.monotonic)

    @property
    def elapsed_s(self) -> float:
        """Training seconds, those before a resume included."""
        return self.seconds + time.monotonic() - self._started

    @property
    def progress(self) -> float:
        """0 .. 1 of the time that was asked for."""
        return min(1.0, self.elapsed_s / (60.0 * self.minutes))

    def open(self, resume: bool) -> None:
        """Make the folder or take up what is in it. A folder with another run in it is refused unless `resume`."""
        checkpoint = self.folder / "checkpoint.safetensors"
        if checkpoint.exists():
            if not resume:
                raise RequestError(
                    f"expected an empty run folder or --resume, got {self.folder} with a checkpoint in it"
                )
            self._restore(checkpoint)
        (self.folder / "sheets").mkdir(parents=True, exist_ok=True)
        write_atomically(self.folder / "config.json", json.dumps(self.config, indent=1).encode())
        self._started = self._last_report = self._last_save = time.monotonic()  # whatever the preparation took

    def note(self, losses: Mapping[str, Tensor]) -> None:
        """Add a step's losses; report every few seconds and save every minute."""
        self.step += 1
        for name, value in losses.items():
            number = float(value.detach())
            if not math.isfinite(number):
                raise RequestError(f"expected a finite loss, got {name} = {number} at step {self.step}")
            self._sums[name] = self._sums.get(name, 0.0) + number
        self._count += 1
        now = time.monotonic()
        if now - self._last_report >= REPORT_SECONDS:
            self.report()
        if now - self._last_save >= CHECKPOINT_SECONDS:
            self.save()

    def report(self) -> None:
        """One line of mean losses on stderr and in losses.csv."""
        if not self._count:
            return
        means = {name: total / self._count for name, total in self._sums.items()}
        self._add_row({name: f"{value:.5g}" for name, value in means.items()})
        text = " ".join(f"{name} {value:.4f}" for name, value in means.items())
        line = f"{100 * self.progress:3.0f}% step {self.step} {text}"
        if sys.stderr.isatty():  # one line that is drawn again; the last one stays
            done = int(20 * self.progress)
            end = "\n" if self.progress >= 1.0 else ""
            print(f"\r\x1b[K[{'#' * done}{'.' * (20 - done)}] {line}", end=end, file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)
        self._sums, self._count, self._last_report = {}, 0, time.monotonic()

    def _add_row(self, means: dict[str, str]) -> None:
        """Add a row to losses.csv; losses come in any order, and some begin later than others."""
        path = self.folder / "losses.csv"
        rows: list[dict[str, str]] = []
        if path.exists():
            with path.open(newline="") as file:
                rows = list(csv.DictReader(file))
        rows.append({"step": str(self.step), "seconds": f"{self.elapsed_s:.1f}"} | means)
        names = dict.fromkeys(name for row in rows for name in row)
        text = io.StringIO()
        writer = csv.DictWriter(text, list(names), restval="")
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(path, text.getvalue().encode())

    def save(self) -> None:
        """Write the checkpoint, whole or not at all."""
        tensors: dict[str, Tensor] = {}
        for name, network in self.networks.items():
            tensors |= {f"{name}/{key}": value.contiguous() for key, value in network.state_dict().items()}
        for name, optimizer in self.optimizers.items():
            for index, state in optimizer.state_dict()["state"].items():
                tensors |= {
                    f"{name}/{index}/{key}": torch.as_tensor(value).contiguous() for key, value in state.items()
                }
        metadata = {"step": str(self.step), "seconds": f"{self.elapsed_s:.1f}"}
        write_atomically(self.folder / "checkpoint.safetensors", save(tensors, metadata))
        self._last_save = time.monotonic()

    def _restore(self, path: Path) -> None:
        try:
            with safe_open(str(path), "pt") as file:
                metadata = file.metadata() or {}
                tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
            self.step, self.seconds = int(metadata["step"]), float(metadata["seconds"])
            for name, network in self.networks.items():
                prefix = f"{name}/"
                network.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
            for name, optimizer in self.optimizers.items():
                restored = optimizer.state_dict()
                for key, value in tensors.items():
                    if key.startswith(f"{name}/"):
                        _, index, field_name = key.split("/")
                        restored["state"].setdefault(int(index), {})[field_name] = value
                optimizer.load_state_dict(restored)
        except (KeyError, ValueError, RuntimeError, OSError, SafetensorError) as error:
            raise RequestError(f"expected a checkpoint of this kind of run in {path}, got {error!r}"[:400]) from error


def on_device(network: Network, device: str) -> Network:
    """The network moved, its weights channels-last: convolutions on a CPU run several times faster."""
    network.to(device)
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network


@torch.no_grad()
def take_step(optimizer: torch.optim.Optimizer, most: float = 2.0) -> None:
    """One step of Adam, no tensor moved more than `most` times as far as usual; gradients are used up.

    Adam divides by the gradients' own history, so a gradient that grows suddenly, as in an adversarial game it does, makes a step
    seven times too long at beta2 = .98, and the game may not come back. Its update is clipped by the root mean square of gradient
    over history (StableAdamW; Wortsman et al. 2023, "Stable and low-precision training for large-scale vision-language models").
    """
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            state = optimizer.state.get(parameter)
            if parameter.grad is None or not state:
                continue
            usual = state["exp_avg_sq"].mean() / (1.0 - group["betas"][1] ** float(state["step"]))
            longer = (parameter.grad.square().mean() / (usual + 1e-16)).sqrt()
            parameter.grad.mul_((most / longer).clamp(max=1.0))  # 0 over 0 is no limit
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


def average_into(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Exponential moving average of the weights, buffers copied."""
    with torch.no_grad():
        for kept, new in zip(average.parameters(), network.parameters(), strict=True):
            kept.lerp_(new.detach(), 1.0 - decay)
        for kept_buffer, new_buffer in zip(average.buffers(), network.buffers(), strict=True):
            kept_buffer.copy_(new_buffer)
